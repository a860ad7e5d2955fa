#!/usr/bin/python3
"""Can docs/contracts/wire.md be implemented by somebody who does not know our code? TAP.

    interop_test.py --capnp CAPNP --root CHECKOUT [--shared DIR]
    interop_test.py --capnp CAPNP --root CHECKOUT --daemon DSOFTBUSD --nx NX

Without a daemon, peer.py shows that it is what the page describes: the page's golden session, the
vectors, and every row below with a node in Python on the other side (node.py), which also has to fail
a row once it forgets what the row is about.

With a daemon the same rows judge it, each with one of its own: it is started with a fresh state
folder, `--discovery off` and the ids that the row allows as v1, found by `nx status --json`, and made
to dial by `nx bus connect --v1`.

Every connection comes from an address of its own in 127.0.0.0/8, so that a row does not pay for what
another one did to the daemon's patience with its source."""

import concurrent.futures
import contextlib
import json
import os
import re
import socket
import struct
import sys
import time

sys.dont_write_bytecode = True  # the tree stays as it is
import bench as b
from bench import (
    MESSAGES, MISSING, PATIENCE_S, SERVED_BY_NOBODY, SIZES, TO_NODE, Bench, Daemon, Skip, StandIn,
    content, ends, flipped, fresh, is_open, new_source, not_admitted, options, refused, send_all,
)

if MISSING is None:
    import cpace
    import peer
    from peer import Identity, Wrong

self_rows = []
node_rows = []
self_row = b.row_of(self_rows)
row = b.row_of(node_rows)


# ---- rows: peer.py is what the page describes ----------------------------------------------------


def page():
    """The text of wire.md without white space, in which its golden values are whole again."""
    with open(f"{options.root}/docs/contracts/wire.md", encoding="utf-8") as file:
        return re.sub(r"\s", "", file.read())


def on_page(name, value, text=None):
    value = value.hex() if isinstance(value, bytes) else value
    assert value in (text or page()), f"{name} is not on the page: {value}"


def vectors(name):
    path = f"{options.shared}/vectors/{name}" if options.shared else ""
    if not os.path.exists(path):
        raise Skip(f"no {path or 'folder of shared vectors'}")
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def golden():
    """The session of wire.md 1.4, as a dict with the names of vectors/nexus/session_v1.json."""
    ephemerals = (
        "501578d47e62daa73ee4b892fb4f410a40b738d40150745a09335ba7201f666e",
        "50c539cf68ce13cecfd3bd78d872403c1593e2c17533843b86a62a401cf36e5f",
    )
    i, r = Identity(bytes(range(32))), Identity(bytes(range(32, 64)))
    ephemeral_i, ephemeral_r = map(bytes.fromhex, ephemerals)
    initiator = peer.Handshake(i, True, peer_static=r.static, ephemeral=ephemeral_i)
    responder = peer.Handshake(r, False, ephemeral=ephemeral_r)
    messages = []
    for sender, receiver, payload in (
        (initiator, responder, b""),
        (responder, initiator, r.proof(peer.SERVER)),
        (initiator, responder, i.proof(peer.CLIENT)),
    ):
        messages.append(sender.write(payload))
        assert receiver.read(messages[-1]) == payload
    assert initiator.h == responder.h and initiator.keys == responder.keys
    request, response = MESSAGES.request_v1(i.id.hex()), MESSAGES.response_v1(True)
    session = dict(zip(("message1", "message2", "message3"), messages))
    return (i, r), {
        **session,
        "ephemeral_initiator": ephemeral_i,
        "ephemeral_responder": ephemeral_r,
        "handshake_hash": initiator.h,
        "key_initiator_to_responder": initiator.keys[0],
        "key_responder_to_initiator": initiator.keys[1],
        "connect_request": request,
        "record0_initiator": peer.Direction(initiator.keys[0]).seal(request),
        "connect_response_ok": response,
        "record0_responder": peer.Direction(initiator.keys[1]).seal(response),
    }


def identity_values(one):
    values = {
        "ed25519_public": one.key, "device_id": one.id,
        "noise_secret": one.static_secret, "noise_public": one.static,
    }
    for role in (peer.SERVER, peer.CLIENT):
        text = one.proof(role)
        values[f"proof_{role}"] = {
            "signed": peer.proof_digest(role, one.static),
            "signature": bytes(json.loads(text)["signature"]),
            "json": text.decode(),
        }
    return values


@self_row("keys, proofs, messages and records of the golden session are those on the page")
def _():
    text = page()
    devices, session = golden()
    for device in devices:
        for name, value in identity_values(device).items():
            if name.startswith("proof"):
                on_page(name, value["signed"], text)
            else:
                on_page(name, value, text)
    on_page("proof of message 2", devices[1].proof(peer.SERVER).decode(), text)
    on_page("proof of message 3", devices[0].proof(peer.CLIENT).decode(), text)
    for name, value in session.items():
        on_page(name, value, text)


@self_row("the golden session is that of the vectors")
def _():
    wanted = vectors("nexus/session_v1.json")
    devices, session = golden()
    for name, value in session.items():
        assert value.hex() == wanted[name], name
    for role, device in zip(("initiator", "responder"), devices):
        for name, value in identity_values(device).items():
            want = wanted["identities"][role][name]
            if name.startswith("proof"):
                value = {k: v.hex() if isinstance(v, bytes) else v for k, v in value.items()}
            else:
                value = value.hex()
            assert value == want, (role, name)


def xk(vector, payloads, prologue=b""):
    """The messages of a run between two keys that are no identities, h, and both keys."""
    sides = []
    for role, is_initiator in (("init", True), ("resp", False)):
        static = peer.X25519DH().generate_keypair(
            peer.PrivateKey(bytes.fromhex(vector[f"{role}_static"]))
        )
        sides.append((is_initiator, static, bytes.fromhex(vector[f"{role}_ephemeral"])))
    peer_static = sides[1][1].public.data
    initiator, responder = (
        peer.Handshake(None, first, peer_static=peer_static if first else None, static=static,
                       ephemeral=ephemeral, prologue=prologue)
        for first, static, ephemeral in sides
    )
    messages = []
    for number, payload in enumerate(payloads):
        sender, receiver = (responder, initiator) if number % 2 else (initiator, responder)
        messages.append(sender.write(payload))
        assert receiver.read(messages[-1]) == payload
    return messages, initiator.h, initiator.keys


@self_row("XK without payloads is that of the vectors")
def _():
    wanted = vectors("nexus/xk_empty_payloads.json")
    messages, h, keys = xk(wanted, [b""] * 3)
    assert [m.hex() for m in messages] == [wanted[f"message{n}"] for n in (1, 2, 3)]
    assert h.hex() == wanted["handshake_hash"]
    assert [k.hex() for k in keys] == [wanted["k_init_to_resp"], wanted["k_resp_to_init"]]


@self_row("XK is that of the published vectors, and so are the records behind it")
def _():
    (wanted,) = (
        v for v in vectors("noise/xk_25519.json")["vectors"]
        if v["name"] == "Noise_XK_25519_ChaChaPoly_BLAKE2s"
    )
    payloads = [bytes.fromhex(m["payload"]) for m in wanted["messages"]]
    ciphertexts = [m["ciphertext"] for m in wanted["messages"]]
    messages, _h, keys = xk(wanted, payloads[:3], bytes.fromhex(wanted["init_prologue"]))
    directions = [peer.Direction(key) for key in keys]
    for number, payload in enumerate(payloads[3:], 3):
        messages.append(directions[number % 2].seal(payload))
    assert [m.hex() for m in messages] == ciphertexts


@self_row("frames of the mux are the golden frames of the page, and are read as what they are")
def _():
    u16, u32 = (lambda n: struct.pack("<H", n)), (lambda n: struct.pack("<I", n))
    rows = [
        (peer.OPEN, 3, u32(65536) + b"msg/a1", 7 << 5),
        (peer.OPEN_ACK, 3, u32(1048576), 0),
        (peer.DATA, 1, b"hi", 0),
        (peer.DATA, 1, b"", 1),
        (peer.WINDOW_UPDATE, 2, u32(64), 0),
        (peer.WINDOW_UPDATE, 2, u32(65536), 1),
        (peer.RST, 5, u16(2) + b"nop", 0),
        (peer.RST, 5, u16(256), 0),
        (peer.PING, 0, b"12345678", 0),
        (peer.PONG, 0, b"12345678", 0),
        (peer.CLOSE, 9, b"", 0),
        (peer.GOAWAY, 0, u32(7) + u16(7) + b"bye", 0),
        (peer.PAIR_FRAME, 0, b"\x05\x01", 0),
    ]
    with open(f"{options.root}/docs/contracts/wire.md", encoding="utf-8") as file:
        section = file.read().split("### 3.4")[1].split("### 3.5")[0]
    on_it = [bytes.fromhex(h) for h in re.findall(r"\| `([0-9a-f ]{24,})` \|", section)]
    assert [peer.frame(*one) for one in rows] == on_it
    assert peer.frames(b"".join(on_it)) == rows


@self_row("a v1 frame has one segment up to 8,168 bytes and two from there, as the page shows")
def _():
    text = page()
    pong = MESSAGES.frame(1, b"pong")
    on_page("frame 'pong'", pong, text)
    for size, segments in ((0, 1), (8168, 1), (8169, 2), (10_000, 2), (65_464, 2)):
        data = MESSAGES.frame(3, content(size))
        assert struct.unpack_from("<I", data)[0] == segments - 1, size
        assert len(data) <= peer.PLAIN_MAX
        assert MESSAGES.read_frame(data) == (3, content(size))
    assert len(MESSAGES.frame(3, content(65_465))) > peer.PLAIN_MAX
    on_page("frame of 10,000", MESSAGES.frame(2, b"A" * 10_000)[:48], text)


@self_row("CPace is that of the draft's vectors")
def _():
    if cpace.sodium is None:
        raise Skip("libsodium is missing")
    wanted = vectors("cpace/ristretto255_sha512.json")["G_Coffee25519"]
    v = {name: bytes.fromhex(value) for name, value in wanted.items()}
    generator = cpace.generator(v["PRS"], v["CI"], v["sid"])
    assert generator == v["g"]
    assert cpace.multiply(v["ya"], generator) == v["Ya"]
    k = cpace.multiply(v["ya"], v["Yb"])
    assert k == cpace.multiply(v["yb"], v["Ya"]) == v["K"]
    said = cpace.lv(v["Ya"], v["ADa"]) + cpace.lv(v["Yb"], v["ADb"])
    assert cpace.isk(v["sid"], k, said) == v["ISK_IR"]


@self_row("a native direction changes its key just before record 65,536, and counts on")
def _():
    sending, receiving, v1 = (peer.Direction(bytes(range(32))) for _ in range(3))
    for one in (sending, receiving):
        one.is_native = True
    for one in (sending, receiving, v1):
        one.count = 65_535
    assert sending.seal(b"last") == v1.seal(b"last")
    receiving.count += 1
    body = sending.seal(b"first")
    assert receiving.open(body) == b"first" and sending.count == receiving.count == 65_537
    assert body != v1.seal(b"first")
    assert sending.key == v1.cipher.encrypt(v1.key, 2**64 - 1, b"", bytes(32))[:32]


@self_row("attestations and changed keys of the golden session are those on the page")
def _():
    text = page()
    (i, r), session = golden()
    h = session["handshake_hash"]
    for signer, said in (
        (i, (peer.INITIATOR, h, i.id, r.id, 1, 0, peer.SESSION, False)),
        (r, (peer.RESPONDER, h, r.id, i.id, 1, 0, peer.SESSION, False)),
        (i, (peer.INITIATOR, h, i.id, r.id, 0x0102, 0x0304050607080910, peer.PAIR, True)),
    ):
        on_page("attestation", signer.signing_key.sign(peer.attested(*said)), text)
    for name in ("key_initiator_to_responder", "key_responder_to_initiator"):
        direction = peer.Direction(session[name])
        direction.is_native, direction.count = True, peer.REKEY_EVERY
        body = direction.seal(peer.frame(peer.PING, 0, b"12345678"))
        on_page(name, direction.key, text)
        if name.startswith("key_initiator"):
            on_page("record 65,536", body, text)


FORGETFUL = [
    ("id", "an initiator is refused: its id is not the hash of its key"),
    ("signature", "an initiator is refused: its proof is over another static key"),
    ("signature", "an initiator is refused: one bit of its signature is another"),
    ("signature", "an initiator is refused: its proof is somebody else's, seen before"),
    ("signature", "an initiator is refused: its proof is a responder's"),
    ("canonical", "a static key with bit 255 set is refused"),
    ("request", "a request is refused: it names another id"),
    ("attestation", "a request is refused: its attestation is that of another session"),
    ("attestation", "a request is refused: its attestation is that of a responder"),
    ("attestation", "a request is refused: one bit of its attestation is another"),
    ("second", "a second record before the answer to the first ends it"),
    ("list", "a v1 device that is not on the list is refused"),
    ("pin", "a v1 device keeps the static key that it came with first, also over a restart"),
    ("native", "a device that has been native is never served as v1 again, also over a restart"),
    ("peer", "who is dialled is refused: it is somebody else"),
    ("signature", "who is dialled is refused: its proof is over another static key"),
    ("half-open", "of 200 connections of one source that say nothing four stay, and none keeps it out"
                  " for a second"),
    ("native", "a device that has been native is not dialled as v1, either"),
]

for what, name in FORGETFUL:

    @self_row(f"a node that forgets {what!r} fails the row '{name}'")
    def _(what=what, name=name):
        (function,) = (f for n, f in node_rows if n == name)
        try:
            with Bench(StandIn, {what}) as bench:
                function(bench)
        except (AssertionError, Wrong, peer.Ended, OSError):
            return
        raise AssertionError("the row holds all the same")


# ---- rows: what is right goes through ------------------------------------------------------------


@row("a v1 device is admitted, and frames of 1, 10,000 and 65,464 bytes go both ways")
def _(bench):
    me = fresh()
    bench.node(me)
    bench.exchange(bench.v1(me), SIZES)


@row("it dials a v1 device, is admitted, and frames go both ways")
def _(bench):
    me = fresh()
    node = bench.node()
    link, exit_code = bench.dialled(me)
    session = peer.accept(link, me)
    assert session.peer_id == node.id and session.peer_static == node.static
    request = MESSAGES.read_request(session.recv())
    peer.judge_request(session, request)
    assert request["purpose"] == peer.SESSION and not request["paired"]
    session.send(MESSAGES.response_v1(True))
    session.admitted(0)
    assert exit_code(10) == 0
    bench.exchange(session, SIZES)


@row("a frame on a channel that nobody has open is dropped and counted, and the session goes on")
def _(bench):
    me = fresh()
    bench.node(me)
    session = bench.v1(me)
    for size in (0, 1, 65_464):
        session.send(MESSAGES.frame(SERVED_BY_NOBODY, content(size)))
    bench.exchange(session)
    assert bench.subject.frames_dropped() == 3


@row("a native device that it does not know is refused, and the refusal is attested")
def _(bench):
    bench.node()
    bench.serves_others()


@row("features and protocols that it does not know come down to what both have")
def _(bench):
    bench.node()
    session = bench.dial(fresh())
    session.send(MESSAGES.request(session, protocol=7, features=2**63 + 5))
    refused(session, "unknown")


@row("who says 'paired' and is not in its registry is told that this is one-sided")
def _(bench):
    bench.node()
    session = bench.dial(fresh())
    session.send(MESSAGES.request(session, paired=True))
    refused(session, "one-sided")


@row("who comes to pair while nothing is offered is denied, attested for that purpose")
def _(bench):
    bench.node()
    session = bench.dial(fresh())
    session.send(MESSAGES.request(session, purpose=peer.PAIR))
    refused(session, "denied", purpose=peer.PAIR)


@row("how bytes are cut on their way does not matter: one at a time, or all at once")
def _(bench):
    bench.node()
    for step in (1, 10_000):
        half = bench.halfway(fresh())
        data = half.message_3()
        session = half.session()
        data += session.record(MESSAGES.request(session))
        for index in range(0, len(data), step):
            half.link.send(data[index:index + step])
        refused(session, "unknown")


@row("a proof may have blanks, another order and members that nobody knows")
def _(bench):
    bench.node()
    me = fresh()
    proof = json.loads(me.proof(peer.CLIENT))
    proof = {"later": [{"a": None}], **dict(reversed(proof.items()))}
    half = bench.halfway(me)
    half.link.send(half.message_3(json.dumps(proof, indent=1).encode()))
    session = half.session()
    session.send(MESSAGES.request(session))
    refused(session, "unknown")


# ---- rows: messages 1 and 3 that are none --------------------------------------------------------


@row("a length that message 1 cannot have closes before a byte of it is read")
def _(bench):
    bench.node()
    for length in (0, 47, 49, 2048, 2049, 65_536, 2**31, 2**32 - 1):
        link = bench.link()
        link.send(struct.pack(">I", length))
        ends(link)
    bench.serves_others()


@row("a length that message 3 cannot have closes before a byte of it is read")
def _(bench):
    bench.node()
    for length in (0, 47, 48, 49, 63, 2049, 65_536, 2**32 - 1):
        half = bench.halfway(fresh())
        half.link.send(struct.pack(">I", length))
        ends(half.link)
    bench.serves_others()


@row("a length that a record cannot have closes before a byte of it is read")
def _(bench):
    bench.node()
    for length in (0, 1, 16, 65_536, 2**32 - 1):
        session = bench.dial(fresh())
        session.link.send(struct.pack(">I", length))
        not_admitted(session)
    bench.serves_others()


@row("message 1 that ends at any border is an end, and nobody else notices")
def _(bench):
    bench.node()
    for cut in (0, 1, 3, 4, 5, 35, 36, 37, 51):
        handshake = peer.Handshake(fresh(), True, peer_static=bench.subject.static)
        link = bench.link()
        link.send((struct.pack(">I", 48) + handshake.write())[:cut])
        link.sock.shutdown(socket.SHUT_WR)
        ends(link)
    bench.serves_others()


@row("message 3 and a request that end at any border are an end, and nobody else notices")
def _(bench):
    bench.node()
    for cut in (0, 1, 3, 4, 5, 35, 36, 51, 52, 53, -17, -16, -1):
        half = bench.halfway(fresh())
        message = half.message_3()
        send_all(half.link, message[:cut] if cut else b"")
        half.link.sock.shutdown(socket.SHUT_WR)
        ends(half.link)
    for cut in (0, 1, 3, 4, 5, -17, -16, -1):
        session = bench.dial(fresh())
        record = session.record(MESSAGES.request(session))
        send_all(session.link, record[:cut] if cut else b"")
        session.link.sock.shutdown(socket.SHUT_WR)
        ends(session.link)
    bench.serves_others()


@row("a shorter message 3 with a length to match does not open")
def _(bench):
    bench.node()
    for cut in (-1, -16, -17, -200, 4 + 64):
        half = bench.halfway(fresh())
        message = half.message_3()[4:][:cut]
        half.link.send_block(message)
        ends(half.link)
    bench.serves_others()


@row("a changed byte of message 1 does not open, wherever it is")
def _(bench):
    bench.node()
    for index in (0, 31, 32, 47):
        handshake = peer.Handshake(fresh(), True, peer_static=bench.subject.static)
        link = bench.link()
        link.send_block(flipped(handshake.write(), index))
        ends(link)


@row("a changed byte of message 3 does not open, wherever it is")
def _(bench):
    bench.node()
    for index in (0, 31, 32, 47, 48, 200, -17, -16, -1):
        half = bench.halfway(fresh())
        half.link.send_block(flipped(half.message_3()[4:], index))
        ends(half.link)


@row("who was told another static key does not get past message 1")
def _(bench):
    bench.node()
    handshake = peer.Handshake(fresh(), True, peer_static=fresh().static)
    link = bench.link()
    link.send_block(handshake.write())
    ends(link)


@row("an ephemeral key that makes a shared value of zero is refused")
def _(bench):
    bench.node()
    handshake = peer.Handshake(
        fresh(), True, peer_static=bench.subject.static, dh=shared_value_of_zero()
    )
    link = bench.link()
    link.send_block(handshake.write())
    ends(link)


def shared_value_of_zero():
    class Zero(peer.X25519DH):
        def generate_keypair(self, privatekey=None):
            return peer.KeyPair(peer.PublicKey(bytes(32)), peer.PrivateKey(bytes(32)))

        def dh(self, keypair, publickey):
            return bytes(32)

    return Zero()


@row("a static key with bit 255 set is refused")
def _(bench):
    bench.node()
    me = fresh()
    spelled = me.static[:31] + bytes([me.static[31] | 128])
    static = peer.KeyPair(peer.PublicKey(spelled), peer.PrivateKey(me.static_secret))
    half = bench.halfway(me, static=static)
    half.link.send(half.message_3(me.proof(peer.CLIENT, spelled)))
    asked_in_vain(half)


@row("a static key whose secret the sender has not is refused")
def _(bench):
    bench.node()
    me, victim = fresh(), fresh()
    static = peer.KeyPair(peer.PublicKey(victim.static), peer.PrivateKey(me.static_secret))
    half = bench.halfway(me, static=static)
    half.link.send(half.message_3(victim.proof(peer.CLIENT)))
    asked_in_vain(half)


def asked_in_vain(half):
    """Behind a message 3 that has to end it: whoever overlooked that gives itself away."""
    session = half.session()
    with contextlib.suppress(peer.Ended):
        session.send(MESSAGES.request(session))
    ends(half.link)


@row("message 3 of an earlier session does not open in a later one, nor does the whole session")
def _(bench):
    bench.node()
    me = fresh()
    half = bench.halfway(me)
    message_3 = half.message_3()
    session = half.session()
    request = session.record(MESSAGES.request(session))
    half.link.send(message_3 + request)
    refused(session, "unknown")

    later = bench.halfway(me)
    send_all(later.link, message_3 + request)
    ends(later.link)

    secret = os.urandom(32)
    link = bench.link()
    first = peer.Handshake(me, True, peer_static=bench.subject.static, ephemeral=secret)
    message_1 = first.write()
    link.send_block(message_1)
    first.read(link.recv_block(48, 2048))
    message_3 = first.write(me.proof(peer.CLIENT))
    link.send_block(message_3)
    link = bench.link()
    link.send_block(message_1)
    link.recv_block(48, 2048)
    link.send_block(message_3)
    ends(link)
    bench.serves_others()


def proof_of(one, static=None, **changed):
    value = {**json.loads(one.proof(peer.CLIENT, static)), **changed}
    return json.dumps({k: v for k, v in value.items() if v is not None}).encode()


def signed(one):
    return json.loads(one.proof(peer.CLIENT))["signature"]


def of_small_order(_me, _other):
    key = bytes([1]) + bytes(31)  # under it R = the neutral point and s = 0 sign anything
    return peer.proof_text(peer.hashlib.sha256(key).hexdigest(), key, key + bytes(32))


def malleable(me, _other):
    signature = bytes(signed(me))
    s = int.from_bytes(signature[32:], "little") + peer.ED25519_L
    return proof_of(me, signature=list(signature[:32] + s.to_bytes(32, "little")))


PROOFS = [
    ("its proof is over another static key",
     lambda me, other: me.proof(peer.CLIENT, other.static)),
    ("its proof is somebody else's, seen before", lambda me, other: other.proof(peer.CLIENT)),
    ("its proof is a responder's", lambda me, other: me.proof(peer.SERVER)),
    ("its id is not the hash of its key", lambda me, other: proof_of(me, device_id=other.id.hex())),
    ("its key is somebody else's", lambda me, other: proof_of(
        me, device_id=other.id.hex(), verifying_key=list(other.key))),
    ("its id is in capitals", lambda me, other: proof_of(me, device_id=me.id.hex().upper())),
    ("one bit of its signature is another",
     lambda me, other: proof_of(me, signature=list(flipped(bytes(signed(me)), 5)))),
    ("its signature has an s of L or more", malleable),
    ("its key is of small order", of_small_order),
    ("its key has 31 bytes", lambda me, other: proof_of(me, verifying_key=list(me.key[:31]))),
    ("its key has 33 bytes", lambda me, other: proof_of(me, verifying_key=list(me.key) + [0])),
    ("its signature has 63 bytes", lambda me, other: proof_of(me, signature=signed(me)[:63])),
    ("its signature has 65 bytes", lambda me, other: proof_of(me, signature=signed(me) + [0])),
    ("a byte of its key is 256 more than it is",
     lambda me, other: proof_of(me, verifying_key=[me.key[0] + 256, *me.key[1:]])),
    ("a byte of its key is written as a fraction",
     lambda me, other: proof_of(me, verifying_key=[me.key[0] + 0.5, *me.key[1:]])),
    ("its proof has no id", lambda me, other: proof_of(me, device_id=None)),
    ("its proof has no signature", lambda me, other: proof_of(me, signature=None)),
    ("its proof has a member twice",
     lambda me, other: b'{"device_id":"' + me.id.hex().encode() + b'",' + me.proof(peer.CLIENT)[1:]),
    ("its proof is not whole", lambda me, other: me.proof(peer.CLIENT)[:-1]),
    ("its proof has something behind it", lambda me, other: me.proof(peer.CLIENT) + b"{}"),
    ("its proof is an array", lambda me, other: b"[" + me.proof(peer.CLIENT) + b"]"),
    ("its proof is empty", lambda me, other: b""),
    ("its proof is a thousand brackets", lambda me, other: b"[" * 1000),
    ("its proof is no UTF-8", lambda me, other: me.proof(peer.CLIENT)[:-1] + b',"\xff":0}'),
]

for what, forge in PROOFS:

    @row(f"an initiator is refused: {what}")
    def _(bench, forge=forge):
        me, other = fresh(), fresh()
        bench.node(me, other)
        half = bench.halfway(me)
        half.link.send(half.message_3(forge(me, other)))
        asked_in_vain(half)
        bench.serves_others()


# ---- rows: requests that are none ----------------------------------------------------------------

REQUESTS = [
    ("it names another id", "identity",
     lambda s, other: MESSAGES.request(s, deviceId=other.id.hex())),
    ("it names another id and is signed for that",  "identity", lambda s, other: MESSAGES.request(
        s, deviceId=other.id.hex(), attestation=s.attest(own_id=other.id))),
    ("one bit of its attestation is another", "identity",
     lambda s, other: MESSAGES.request(s, attestation=flipped(s.attest(), 7))),
    ("its attestation is that of a responder", "identity",
     lambda s, other: MESSAGES.request(s, attestation=s.attest(role=peer.RESPONDER))),
    ("its attestation is that of another session", "identity",
     lambda s, other: MESSAGES.request(s, attestation=s.attest(h=os.urandom(32)))),
    ("its attestation is for somebody else", "identity",
     lambda s, other: MESSAGES.request(s, attestation=s.attest(peer_id=other.id))),
    ("its attestation is by somebody else", "identity", lambda s, other: MESSAGES.request(
        s, attestation=other.signing_key.sign(peer.attested(
            1, s.h, s.me.id, s.peer_id, 1, 0, 0, False)))),
    ("its attestation is of another protocol", "identity",
     lambda s, other: MESSAGES.request(s, attestation=s.attest(protocol=2))),
    ("its attestation is of other features", "identity",
     lambda s, other: MESSAGES.request(s, attestation=s.attest(features=1))),
    ("its attestation is of another purpose", "identity",
     lambda s, other: MESSAGES.request(s, attestation=s.attest(purpose=peer.PAIR))),
    ("its attestation says paired and it does not", "identity",
     lambda s, other: MESSAGES.request(s, attestation=s.attest(paired=True))),
    ("it is native without an attestation", "denied",
     lambda s, other: MESSAGES.request(s, attestation=b"")),
    ("it is v1 with an attestation", "denied",
     lambda s, other: MESSAGES.request(s, protocol=0, attestation=s.attest(protocol=0))),
    ("its attestation has 63 bytes", "denied",
     lambda s, other: MESSAGES.request(s, attestation=s.attest()[:63])),
    ("its attestation has 65 bytes", "denied",
     lambda s, other: MESSAGES.request(s, attestation=s.attest() + b"\0")),
    ("its id is in capitals", "denied",
     lambda s, other: MESSAGES.request(s, deviceId=s.me.id.hex().upper())),
    ("its id has 63 digits", "denied",
     lambda s, other: MESSAGES.request(s, deviceId=s.me.id.hex()[:63])),
    ("it has no id", "denied", lambda s, other: MESSAGES.request(s, deviceId="")),
    ("its purpose is none", "denied", lambda s, other: MESSAGES.request(
        s, purpose=2, attestation=s.attest(purpose=2))),
    ("its v1 kind names another id", "identity",
     lambda s, other: MESSAGES.request_v1(other.id.hex())),
    ("it is not whole", "denied", lambda s, other: MESSAGES.request(s)[:-8]),
    ("it has something behind it", "denied", lambda s, other: MESSAGES.request(s) + bytes(8)),
    ("it comes twice in one record", "denied", lambda s, other: MESSAGES.request(s) * 2),
    ("it is text", "denied", lambda s, other: b"hello"),
    ("it is a frame of the mux", "denied", lambda s, other: peer.frame(peer.PING, 0, b"12345678")),
]

for what, reason, forge in REQUESTS:

    @row(f"a request is refused: {what}")
    def _(bench, reason=reason, forge=forge):
        me, other = fresh(), fresh()
        bench.node(me, other)
        session = bench.dial(me)
        session.send(forge(session, other))
        refused(session, reason, is_attested=False)
        bench.serves_others()


@row("a first record whose tag does not hold ends it without an answer")
def _(bench):
    me = fresh()
    bench.node(me)
    session = bench.dial(me)
    session.link.send(flipped(session.record(MESSAGES.request_v1(me.id.hex()))))
    not_admitted(session)
    bench.serves_others()


@row("a second record before the answer to the first ends it")
def _(bench):
    me = fresh()
    bench.node(me)
    session = bench.dial(me)
    request = session.record(MESSAGES.request_v1(me.id.hex()))
    session.link.send(request + session.record(MESSAGES.frame(TO_NODE, b"x")))
    refused(session, "denied", is_attested=False)
    bench.serves_others()


# ---- rows: v1 devices ----------------------------------------------------------------------------


def asks_as_v1(bench, me, reason):
    session = bench.dial(me)
    session.send(MESSAGES.request_v1(me.id.hex()))
    refused(session, reason, is_attested=False)


@row("a v1 device that is not on the list is refused")
def _(bench):
    listed = fresh()
    bench.node(listed)
    asks_as_v1(bench, fresh(), "v1")
    bench.v1(listed)


@row("a v1 device keeps the static key that it came with first, also over a restart")
def _(bench):
    seed = os.urandom(32)
    first, second = Identity(seed), Identity(seed, static_seed=os.urandom(32))
    bench.node(first)
    bench.v1(first)
    asks_as_v1(bench, second, "identity")
    bench.v1(first)
    bench.restart()
    asks_as_v1(bench, second, "identity")
    bench.v1(first)


@row("a device that has been native is never served as v1 again, also over a restart")
def _(bench):
    me = fresh()
    bench.node(me)
    session = bench.dial(me)
    session.send(MESSAGES.request(session))
    refused(session, "unknown")
    asks_as_v1(bench, me, "v1")
    bench.restart()
    asks_as_v1(bench, me, "v1")


def after_admission(bench, data_of):
    """What ends one session is nothing to the next one."""
    me, bystander = fresh(), fresh()
    bench.node(me, bystander)
    other = bench.v1(bystander)
    session = bench.v1(me)
    send_all(session.link, data_of(session))
    ends(session.link)
    bench.exchange(other)


AFTER = [
    ("its tag does not hold", lambda s: flipped(s.record(MESSAGES.frame(1, b"x")))),
    ("it is the one before it again", lambda s: s.record(MESSAGES.frame(99, b"x")) * 2),
    ("it is empty", lambda s: s.record(b"")),
    ("its length is 0", lambda s: bytes(4)),
    ("its length is 16", lambda s: struct.pack(">I", 16)),
    ("its length is 65,536", lambda s: struct.pack(">I", 65_536)),
    ("its length is 2^32 - 1", lambda s: b"\xff" * 4),
    ("it is of the other direction", lambda s: with_length(s.receiving.seal(b"x"))),
    ("it is no message", lambda s: s.record(b"\xff" * 40)),
]


def with_length(body):
    return struct.pack(">I", len(body)) + body


for what, data_of in AFTER:

    @row(f"a record ends a v1 session and no other: {what}")
    def _(bench, data_of=data_of):
        after_admission(bench, data_of)


# ---- rows: pace and number -----------------------------------------------------------------------


@row("one byte a second, or half a message for ever, is closed 5 s after it came; half a record 10 s")
def _(bench):
    me, slow, other = fresh(), fresh(), fresh()
    bench.node(me, slow, other)
    busy = bench.v1(other)

    def closes(link, begun, least, most):
        link.until = begun + most
        try:
            link.recv(1)
            raise AssertionError("it answers")
        except peer.Ended:
            took = time.monotonic() - begun
            assert took >= least, f"closed after {took:.1f} s"
        except TimeoutError:
            raise AssertionError(f"still open after {most} s") from None

    def nothing():
        begun = time.monotonic()
        closes(bench.link(), begun, 4.5, 7)

    def drop_by_drop():
        begun, link = time.monotonic(), bench.link()
        message = struct.pack(">I", 48) + peer.Handshake(me, True, bench.subject.static).write()
        for index in range(8):
            send_all(link, message[index:index + 1])
            if time.monotonic() - begun > 4:
                break
            time.sleep(1)
        closes(link, begun, 4.5, 7)

    def half_of_message_1():
        begun, link = time.monotonic(), bench.link()
        link.send((struct.pack(">I", 48) + peer.Handshake(me, True, bench.subject.static).write())[:30])
        closes(link, begun, 4.5, 7)

    def half_of_message_3():
        begun, half = time.monotonic(), bench.halfway(me)
        half.link.send(half.message_3()[:300])
        closes(half.link, begun, 4.5, 7)

    def no_request():
        begun, session = time.monotonic(), bench.dial(me)
        closes(session.link, begun, 4.5, 7)

    def half_a_request():
        begun, session = time.monotonic(), bench.dial(me)
        session.link.send(session.record(MESSAGES.request(session))[:50])
        closes(session.link, begun, 4.5, 7)

    def half_a_record():
        session = bench.v1(slow)
        begun = time.monotonic()
        session.link.send(session.record(MESSAGES.frame(TO_NODE, b"x"))[:-1])
        closes(session.link, begun, 9.5, 12)

    cases = (nothing, drop_by_drop, half_of_message_1, half_of_message_3, no_request,
             half_a_request, half_a_record)
    failed = []
    with concurrent.futures.ThreadPoolExecutor(len(cases)) as pool:
        running = [(case.__name__, pool.submit(case)) for case in cases]
        bench.exchange(busy)
        for name, future in running:
            try:
                future.result()
            except (AssertionError, Wrong, peer.Ended, OSError) as error:
                failed.append(f"{name}: {error}")
    assert not failed, "; ".join(failed)
    bench.exchange(busy)


def crowd(bench, source_of):
    me = fresh()
    bench.node(me)
    session = bench.v1(me)
    links = []
    for _ in range(200):
        with contextlib.suppress(ConnectionResetError):  # closed before it was there
            links.append(bench.link(source_of()))
    begun = time.monotonic()
    bench.serves_others()
    bench.exchange(session)
    assert time.monotonic() - begun < PATIENCE_S, "it took its time"
    return links


@row("200 connections of as many sources that say nothing do not keep others out")
def _(bench):
    crowd(bench, new_source)


@row("of 200 connections of one source that say nothing four stay, and none keeps it out for a second")
def _(bench):
    source = new_source()
    links = crowd(bench, lambda: source)
    until = time.monotonic() + PATIENCE_S
    while sum(is_open(link) for link in links) > 4:  # which four depends on how long they took to come
        assert time.monotonic() < until, "more than four stay"
        time.sleep(0.05)
    time.sleep(1)
    session = peer.dial(bench.link(source), fresh(), bench.subject.static)
    session.send(MESSAGES.request(session))
    refused(session, "unknown")
    assert sum(is_open(link) for link in links) <= 3, "nobody made room for it"


# ---- rows: it dials ------------------------------------------------------------------------------


def fails(exit_code):
    code = exit_code(30)
    assert code != 0, "the session is admitted"


FORGED_RESPONDERS = [
    ("it is somebody else", lambda me, other: (None, other.id)),
    ("its proof is over another static key",
     lambda me, other: (me.proof(peer.SERVER, other.static), None)),
    ("its proof is an initiator's", lambda me, other: (me.proof(peer.CLIENT), None)),
    ("its proof is somebody else's, seen before",
     lambda me, other: (other.proof(peer.SERVER), other.id)),
    ("its id is not the hash of its key", lambda me, other: (
        peer.proof_text(other.id.hex(), me.key, me.sign_static(peer.SERVER, me.static)), None)),
    ("one bit of its signature is another", lambda me, other: (
        peer.proof_text(me.id.hex(), me.key, flipped(me.sign_static(peer.SERVER, me.static))), None)),
    ("its proof is empty", lambda me, other: (b"", None)),
]

for what, forge in FORGED_RESPONDERS:

    @row(f"who is dialled is refused: {what}")
    def _(bench, forge=forge):
        me, other = fresh(), fresh()
        bench.node()
        proof, named = forge(me, other)
        link, exit_code = bench.dialled(me, device_id=named)
        handshake = peer.Handshake(me, False)
        handshake.read(link.recv_block(48, 48))
        link.send_block(handshake.write(me.proof(peer.SERVER) if proof is None else proof))
        ends(link)
        fails(exit_code)


@row("who is dialled with another static key than its own cannot read message 1")
def _(bench):
    me = fresh()
    bench.node()
    link, exit_code = bench.dialled(me, static=fresh().static)
    handshake = peer.Handshake(me, False)
    try:
        handshake.read(link.recv_block(48, 48))
        raise AssertionError("it opens")
    except Wrong:
        link.close()
    fails(exit_code)


def is_not_dialled(bench, device_id, static):
    listener = bench.listener()
    listener.settimeout(0.3)
    fails(bench.subject.dial(listener.getsockname(), device_id, static))
    try:
        listener.accept()
        raise AssertionError("it dials")
    except TimeoutError:
        pass


@row("a static key in another spelling is not dialled")
def _(bench):
    me = fresh()
    bench.node()
    is_not_dialled(bench, me.id, me.static[:31] + bytes([me.static[31] | 128]))


@row("message 2 that is too short, too long, cut, changed or of another session ends a dial")
def _(bench):
    me = fresh()
    bench.node()

    def spoiled(spoil):
        link, exit_code = bench.dialled(me)
        handshake = peer.Handshake(me, False)
        handshake.read(link.recv_block(48, 48))
        message = handshake.write(me.proof(peer.SERVER))
        spoil(link, message)
        ends(link)
        fails(exit_code)
        return message

    def cut(link, message):
        link.send((struct.pack(">I", len(message)) + message)[:200])
        link.sock.shutdown(socket.SHUT_WR)

    spoiled(lambda link, message: link.send(struct.pack(">I", 0)))
    spoiled(lambda link, message: link.send(struct.pack(">I", 47)))
    spoiled(lambda link, message: link.send(struct.pack(">I", 2049)))
    spoiled(lambda link, message: link.send(b"\xff" * 4))
    spoiled(cut)
    for index in (0, 31, 32, -17, -16):
        spoiled(lambda link, message, index=index: link.send_block(flipped(message, index)))
    earlier = spoiled(lambda link, message: link.send_block(message[:-1]))
    spoiled(lambda link, message: link.send_block(earlier))


@row("half of message 2 and then nothing ends a dial in its own time")
def _(bench):
    me = fresh()
    bench.node()
    begun = time.monotonic()
    link, exit_code = bench.dialled(me)
    handshake = peer.Handshake(me, False)
    handshake.read(link.recv_block(48, 48))
    message = handshake.write(me.proof(peer.SERVER))
    link.send((struct.pack(">I", len(message)) + message)[:300])
    ends(link, within=12)
    assert time.monotonic() - begun > 4, "it did not wait"
    fails(exit_code)


RESPONSES = [
    ("no, as a v1 node says it", lambda s: MESSAGES.response_v1(False)),
    ("no, with a reason", lambda s: MESSAGES.response(ok=False, reason="v1")),
    ("yes with a reason", lambda s: MESSAGES.response(ok=True, reason="busy")),
    ("native without an attestation", lambda s: MESSAGES.response(ok=True, protocol=1)),
    ("native, attested for the other role", lambda s: MESSAGES.response(
        ok=True, protocol=1, paired=True,
        attestation=s.attest(role=peer.INITIATOR, paired=True))),
    ("native, attested for another session", lambda s: MESSAGES.response(
        ok=True, protocol=1, paired=True, attestation=s.attest(h=bytes(32), paired=True))),
    ("native and well attested, of a device that is not paired", lambda s: MESSAGES.response(
        ok=True, protocol=1, paired=True, attestation=s.attest(paired=True))),
    ("a later protocol than was offered", lambda s: MESSAGES.response(
        ok=True, protocol=2, attestation=s.attest(protocol=2))),
    ("features that were not offered", lambda s: MESSAGES.response(
        ok=True, protocol=1, features=1, attestation=s.attest(features=1))),
    ("v1 with an attestation", lambda s: MESSAGES.response(
        ok=True, protocol=0, attestation=s.attest(protocol=0))),
    ("yes and a second message", lambda s: MESSAGES.response_v1(True) * 2),
    ("no message", lambda s: b"hello"),
    ("a frame", lambda s: MESSAGES.frame(TO_NODE, b"x")),
]

for what, answer in RESPONSES:

    @row(f"the answer to a dial as v1 is no session: {what}")
    def _(bench, answer=answer):
        me = fresh()
        bench.node()
        link, exit_code = bench.dialled(me)
        session = peer.accept(link, me)
        peer.judge_request(session, MESSAGES.read_request(session.recv()))
        session.send(answer(session))
        fails(exit_code)
        ends(link)


@row("an answer whose tag does not hold is no session")
def _(bench):
    me = fresh()
    bench.node()
    link, exit_code = bench.dialled(me)
    session = peer.accept(link, me)
    session.recv()
    link.send(flipped(session.record(MESSAGES.response_v1(True))))
    fails(exit_code)
    ends(link)


@row("a device that has been native is not dialled as v1, either")
def _(bench):
    me = fresh()
    bench.node(me)
    session = bench.dial(me)
    session.send(MESSAGES.request(session))
    refused(session, "unknown")
    is_not_dialled(bench, me.id, me.static)


if __name__ == "__main__":
    sys.exit(b.run([("daemon", name, f, Daemon) for name, f in node_rows] if options.daemon else [
        *(("self", name, f, None) for name, f in self_rows),
        *(("python", name, f, StandIn) for name, f in node_rows),
    ]))
