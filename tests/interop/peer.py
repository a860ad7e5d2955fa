"""A node of docs/contracts/wire.md built from parts that nobody here wrote: Noise is that of
python3-dissononce, curves and signatures are OpenSSL's through python3-cryptography, messages go
through the capnp tool, proofs through Python's json. No line of our C runs in it.

    me = Identity(seed)
    session = dial(socket, me, static_of_the_other)      the handshake, as initiator
    session = accept(socket, me)                         the handshake, as responder
    session.send(plaintext); session.recv()              records
    Messages(capnp, schemas)                             ConnectRequest, ConnectResponse, Frame
    frame(...), frames(plaintext), Mux(session)          the mux's frames

What comes in is checked as the page says; what is wrong raises Wrong with the page's word for it
(malformed, limit, identity, crypto). What goes out can be wrong in every way: the parts that a forger
wants to choose are arguments. A check named in `forget` is left out, which is how the rows of
interop_test.py show that they would notice."""

import collections
import hashlib
import json
import socket
import struct
import subprocess
import time

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from dissononce.cipher.chachapoly import ChaChaPolyCipher
from dissononce.dh.x25519.x25519 import KeyPair, PrivateKey, PublicKey, X25519DH
from dissononce.exceptions.decrypt import DecryptFailedException
from dissononce.extras.dh.dangerous.dh_nogen import NoGenDH
from dissononce.hash.blake2s import Blake2sHash
from dissononce.processing.handshakepatterns.interactive.XK import XKHandshakePattern
from dissononce.processing.impl.cipherstate import CipherState
from dissononce.processing.impl.handshakestate import HandshakeState
from dissononce.processing.impl.symmetricstate import SymmetricState

INITIATOR, RESPONDER = 1, 2  # as in an attestation
CLIENT, SERVER = "client", "server"  # as in a proof
SESSION, PAIR = 0, 1  # purposes
REASONS = {"unknown", "one-sided", "identity", "denied", "busy", "limit", "v1"}

MESSAGE_1_LEN = 48
MESSAGE_MAX = 2048
PROOF_MAX = 2000
RECORD_MIN, RECORD_MAX = 17, 65535
PLAIN_MAX = 65519
REKEY_EVERY = 65536
ED25519_L = 2**252 + 27742317777372353535851937790883648493
FIELD_P = 2**255 - 19


class Wrong(Exception):
    """What came in is not what the page allows."""

    def __init__(self, status, why):
        super().__init__(f"{status}: {why}")
        self.status = status


class Ended(Exception):
    """The other side closed the connection."""


# ---- keys (1.1) ----------------------------------------------------------------------------------


def raw(public_key):
    return public_key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def clamped(secret):
    return bytes([secret[0] & 248]) + secret[1:31] + bytes([secret[31] & 127 | 64])


class Identity:
    """A device. With `static_seed` its Noise static key comes from elsewhere: a second installation
    of the same device, or a thief of its Ed25519 key."""

    def __init__(self, seed, static_seed=None):
        self.signing_key = Ed25519PrivateKey.from_private_bytes(seed)
        self.key = raw(self.signing_key.public_key())
        self.id = hashlib.sha256(self.key).digest()
        self.static_secret = clamped(hashlib.sha256(static_seed or seed).digest())
        self.static = raw(X25519PrivateKey.from_private_bytes(self.static_secret).public_key())

    def sign_static(self, role, static):
        return self.signing_key.sign(proof_digest(role, static))

    def proof(self, role, static=None):
        static = static or self.static
        return proof_text(self.id.hex(), self.key, self.sign_static(role, static))


class Device:
    """What others know of one."""

    def __init__(self, device_id, key, static):
        self.id, self.key, self.static = device_id, key, static


def static_is_canonical(static):
    """Bit 255 clear and below p."""
    return int.from_bytes(static, "little") < FIELD_P


def beacon(one, port):
    """NXSB version 1 (discovery.md 2.1), without services: where sessions with it may be tried."""
    device_id = one.id.hex().encode()
    return (b"NXSB" + bytes([1, len(device_id)]) + device_id + struct.pack(">H", port) + one.static
            + bytes(1))


# ---- the proof (1.3) -----------------------------------------------------------------------------


def proof_digest(role, static):
    return hashlib.sha256(f"{role}-static".encode() + static).digest()


def proof_text(device_id, key, signature):
    value = {"device_id": device_id, "verifying_key": list(key), "signature": list(signature)}
    return json.dumps(value, separators=(",", ":")).encode()


def object_without_doubles(pairs):
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a member twice")
    return value


def byte_array(value):
    if not isinstance(value, list) or any(type(n) is not int or not 0 <= n < 256 for n in value):
        raise Wrong("malformed", "no array of bytes")
    return bytes(value)


def ed25519_holds(key, signature, message):
    """With what OpenSSL does not look for: keys of small order, and those not below p."""
    y = int.from_bytes(key, "little") & (2**255 - 1)
    order_8 = int.from_bytes(
        bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"
    )
    if y >= FIELD_P or y in (0, 1, FIELD_P - 1, order_8, FIELD_P - order_8):
        return False
    if int.from_bytes(signature[32:], "little") >= ED25519_L:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def verify_proof(text, role, static, forget=()):
    """(id, key) of who proves to own `static` in this role."""
    if len(text) > PROOF_MAX:
        raise Wrong("limit", "a proof over 2,000 bytes")
    try:
        value = json.loads(text.decode(), object_pairs_hook=object_without_doubles)
    except (ValueError, RecursionError) as error:
        raise Wrong("malformed", f"no JSON: {error}") from error
    if not isinstance(value, dict) or not isinstance(value.get("device_id"), str):
        raise Wrong("malformed", "no device_id")
    key = byte_array(value.get("verifying_key"))
    if len(key) != 32:
        raise Wrong("malformed", "a key of another length")
    device_id = hashlib.sha256(key).digest()
    if value["device_id"] != device_id.hex() and "id" not in forget:
        raise Wrong("identity", "an id that is not the hash of the key")
    signature = byte_array(value.get("signature"))
    if len(signature) != 64:
        raise Wrong("malformed", "a signature of another length")
    if not ed25519_holds(key, signature, proof_digest(role, static)) and "signature" not in forget:
        raise Wrong("crypto", "a signature that does not hold")
    return device_id, key


# ---- the three messages (1.2) --------------------------------------------------------------------


class Handshake:
    """dissononce's XK. `ephemeral` is a secret for golden sessions; `static` and `dh` are for forgers."""

    def __init__(self, me, initiator, peer_static=None, ephemeral=None, static=None, dh=None,
                 prologue=b""):
        dh = dh or X25519DH()
        if ephemeral is not None:
            dh = NoGenDH(dh, PrivateKey(ephemeral))
        symmetric = SymmetricState(CipherState(ChaChaPolyCipher()), Blake2sHash())
        self.state = HandshakeState(symmetric, dh)
        self.state.initialize(
            XKHandshakePattern(),
            initiator,
            prologue,
            s=static or KeyPair(PublicKey(me.static), PrivateKey(me.static_secret)),
            rs=PublicKey(peer_static) if initiator else None,
        )
        self.keys = None

    def write(self, payload=b""):
        message = bytearray()
        self.done(self.state.write_message(payload, message))
        return bytes(message)

    def read(self, message):
        payload = bytearray()
        try:
            self.done(self.state.read_message(bytes(message), payload))
        except (DecryptFailedException, ValueError, AssertionError) as error:
            raise Wrong("crypto", f"a message that does not open: {error}") from error
        return bytes(payload)

    def done(self, split):
        if split:
            self.keys = [cipher_state._key for cipher_state in split]

    @property
    def h(self):
        return self.state.symmetricstate.get_handshake_hash()

    @property
    def peer_static(self):
        return self.state.rs.data


class Link:
    """A socket of blocks: a u32 big-endian length, and what it says. After `until`, a time of the
    monotonic clock, it waits no longer: TimeoutError."""

    def __init__(self, sock, until=None):
        self.sock = sock
        self.until = until
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data):
        try:
            self.sock.sendall(data)
        except (BrokenPipeError, ConnectionError) as error:
            raise Ended(str(error)) from error

    def send_block(self, block):
        self.send(struct.pack(">I", len(block)) + block)

    def recv(self, count):
        data = bytearray()
        while len(data) < count:
            if self.until is not None:
                self.sock.settimeout(max(self.until - time.monotonic(), 0.001))
            try:
                part = self.sock.recv(count - len(data))
            except ConnectionError as error:
                raise Ended(str(error)) from error
            if not part:
                raise Ended(f"after {len(data)} of {count} bytes")
            data += part
        return bytes(data)

    def recv_block(self, least, most):
        (length,) = struct.unpack(">I", self.recv(4))
        if length < least:
            raise Wrong("malformed", f"a length of {length}")
        if length > most:
            raise Wrong("limit", f"a length of {length}")
        return self.recv(length)

    def close(self):
        self.sock.close()


def dial(link, me, peer_static, proof=None, peer_id=None, forget=(), **forged):
    """The handshake as initiator; `peer_id` is whom it means to reach."""
    handshake = Handshake(me, True, peer_static=peer_static, **forged)
    link.send_block(handshake.write())
    payload = handshake.read(link.recv_block(MESSAGE_1_LEN, MESSAGE_MAX))
    found = verify_proof(payload, SERVER, peer_static, forget)
    if peer_id is not None and found[0] != peer_id and "peer" not in forget:
        raise Wrong("identity", "somebody else")
    link.send_block(handshake.write(me.proof(CLIENT) if proof is None else proof))
    return Session(link, me, INITIATOR, handshake, *found)


def accept(link, me, proof=None, forget=(), **forged):
    """The handshake as responder."""
    handshake = Handshake(me, False, **forged)
    handshake.read(link.recv_block(MESSAGE_1_LEN, MESSAGE_1_LEN))
    link.send_block(handshake.write(me.proof(SERVER) if proof is None else proof))
    payload = handshake.read(link.recv_block(64, MESSAGE_MAX))
    if not static_is_canonical(handshake.peer_static) and "canonical" not in forget:
        raise Wrong("crypto", "a static key in another spelling")
    found = verify_proof(payload, CLIENT, handshake.peer_static, forget)
    return Session(link, me, RESPONDER, handshake, *found)


# ---- records (3.5) -------------------------------------------------------------------------------


class Direction:
    """The records of one direction. dissononce gives the cipher, and REKEY but for cutting the new key
    to 32 bytes; its CipherState would begin to count anew, which is not what Noise says."""

    def __init__(self, key):
        self.cipher = ChaChaPolyCipher()
        self.key = key
        self.count = 0
        self.is_native = False

    def before_next(self):
        if self.is_native and self.count > 0 and self.count % REKEY_EVERY == 0:
            self.key = self.cipher.rekey(self.key)[:32]

    def seal(self, plaintext):
        self.before_next()
        body = self.cipher.encrypt(self.key, self.count, b"", plaintext)
        self.count += 1
        return body

    def open(self, body):
        self.before_next()
        try:
            plaintext = self.cipher.decrypt(self.key, self.count, b"", body)
        except DecryptFailedException as error:
            raise Wrong("crypto", "a record that does not open") from error
        self.count += 1
        return plaintext


class Session:
    def __init__(self, link, me, role, handshake, peer_id, peer_key):
        self.link = link
        self.me = me
        self.role = role
        self.h = handshake.h
        self.peer_static = handshake.peer_static
        self.peer_id = peer_id
        self.peer_key = peer_key
        ours, theirs = handshake.keys if role == INITIATOR else reversed(handshake.keys)
        self.sending = Direction(ours)
        self.receiving = Direction(theirs)

    def admitted(self, protocol):
        self.sending.is_native = self.receiving.is_native = protocol != 0

    def record(self, plaintext):
        body = self.sending.seal(plaintext)
        return struct.pack(">I", len(body)) + body

    def send(self, plaintext):
        self.link.send(self.record(plaintext))

    def recv(self):
        return self.receiving.open(self.link.recv_block(RECORD_MIN, RECORD_MAX))

    def attest(self, **changed):
        """The attestation of a message that this side sends; `changed` is for forgers."""
        said = {
            "role": self.role, "h": self.h, "own_id": self.me.id, "peer_id": self.peer_id,
            "protocol": 1, "features": 0, "purpose": SESSION, "paired": False, **changed,
        }
        return self.me.signing_key.sign(attested(**said))

    def attestation_holds(self, message, purpose):
        """Of a message that the other side sent."""
        said = attested(
            3 - self.role, self.h, self.peer_id, self.me.id,
            message["protocol"], message["features"], purpose, message["paired"],
        )
        signature = message["attestation"]
        return len(signature) == 64 and ed25519_holds(self.peer_key, signature, said)


# ---- admission (2) -------------------------------------------------------------------------------


def attested(role, h, own_id, peer_id, protocol, features, purpose, paired):
    said = b"nexus-dsoftbus-attest-v2\0" + struct.pack(
        "<B32s32s32sHQHB", role, h, own_id, peer_id, protocol, features, purpose, paired
    )
    assert len(said) == 135
    return said


def is_one_message(data):
    """A segment table, the segments it tells of, and nothing behind them. The capnp tool believes the
    table and takes seconds for one that is not true."""
    if len(data) < 8:
        return False
    (last,) = struct.unpack_from("<I", data)
    head = (last + 3) // 2 * 8
    if last > 511 or head > len(data):
        return False
    words = sum(struct.unpack_from(f"<{last + 1}I", data, 4))
    return head + 8 * words == len(data)


class Messages:
    """Cap'n Proto by the capnp tool, with our schema and with that of a v1 node."""

    def __init__(self, capnp, schemas):
        self.capnp = capnp
        self.native = f"{schemas}/dsoftbus.capnp"
        self.v1 = f"{schemas}/test/dsoftbus_v1.capnp"

    def convert(self, what, schema, struct_name, data, *options):
        result = subprocess.run(
            [self.capnp, "convert", "--short", *options, what, schema, struct_name],
            input=data, capture_output=True, check=False, timeout=30,
        )
        if result.returncode != 0:
            raise Wrong("malformed", f"no {struct_name}: {result.stderr.decode()[:200]}")
        return result.stdout

    def encode(self, schema, struct_name, value, *options):
        return self.convert("json:binary", schema, struct_name, json.dumps(value).encode(), *options)

    def decode(self, schema, struct_name, data):
        if not is_one_message(data):
            raise Wrong("malformed", f"not one {struct_name}")
        return json.loads(self.convert("binary:json", schema, struct_name, data))

    def request_v1(self, device_id):
        return self.encode(self.v1, "ConnectRequest", {"deviceId": device_id})

    def response_v1(self, ok):
        return self.encode(self.v1, "ConnectResponse", {"ok": ok})

    def request(self, session, **changed):
        """A native request, attested for what it says; any of it can be forged."""
        value = {
            "deviceId": session.me.id.hex(), "protocol": 1, "features": 0, "purpose": SESSION,
            "paired": False, **changed,
        }
        if "attestation" not in changed:
            said = ("protocol", "features", "purpose", "paired")
            value["attestation"] = session.attest(**{name: value[name] for name in said})
        return self.encode(self.native, "ConnectRequest", jsonable(value))

    def response(self, **value):
        return self.encode(self.native, "ConnectResponse", jsonable(value))

    def read_request(self, data):
        value = self.decode(self.native, "ConnectRequest", data)
        return {
            **value,
            "deviceId": value.get("deviceId", ""),
            "features": int(value["features"]),
            "attestation": bytes(value.get("attestation", [])),
        }

    def read_response(self, data):
        value = self.decode(self.native, "ConnectResponse", data)
        return {
            **value,
            "features": int(value["features"]),
            "reason": value.get("reason", ""),
            "attestation": bytes(value.get("attestation", [])),
        }

    # The encoder of a Rust node begins a second segment where 8 KiB are full.
    def frame(self, channel, content):
        value = {"chan": channel, "bytes": list(content)}
        return self.encode(self.native, "Frame", value, "--segment-size=1024")

    def read_frame(self, data):
        value = self.decode(self.native, "Frame", data)
        return value["chan"], bytes(value.get("bytes", []))


def jsonable(value):
    """As the capnp tool wants it: Data is an array, a UInt64 a string."""
    value = {name: list(v) if isinstance(v, bytes) else v for name, v in value.items() if v != b""}
    return {**value, "features": str(value.get("features", 0))}


def judge_request(session, request, forget=()):
    """The checks of a responder that do not ask who it is. A Wrong of them is "malformed" where the
    message is none, and "identity" where it is not true."""
    device_id, attestation = request["deviceId"], request["attestation"]
    if len(device_id) != 64 or any(c not in "0123456789abcdef" for c in device_id):
        raise Wrong("malformed", "no id")
    if len(attestation) not in (0, 64) or (len(attestation) == 0) != (request["protocol"] == 0):
        raise Wrong("malformed", "an attestation where none belongs, or none where one does")
    if request["purpose"] > PAIR:
        raise Wrong("malformed", "a purpose that is none")
    if device_id != session.peer_id.hex() and "request" not in forget:
        raise Wrong("identity", "it names somebody else")
    if request["protocol"] == 0 or "attestation" in forget:
        return
    if not session.attestation_holds(request, request["purpose"]):
        raise Wrong("identity", "an attestation that does not hold")


def judge_response(session, response, protocol=1, features=0, purpose=SESSION):
    """The checks of an initiator that offered this. True: admitted; False: refused."""
    if response["protocol"] > protocol or response["features"] & ~features:
        raise Wrong("malformed", "more than was offered")
    if response["ok"] and response["reason"] or response["reason"] not in REASONS | {""}:
        raise Wrong("malformed", "a reason that is none")
    if response["protocol"] == 0:
        if response["attestation"]:
            raise Wrong("malformed", "a v1 node does not attest")
    elif not session.attestation_holds(response, purpose):
        raise Wrong("identity", "an attestation that does not hold")
    return response["ok"]


# ---- frames of the mux (3.1 to 3.3) --------------------------------------------------------------

OPEN, OPEN_ACK, DATA, WINDOW_UPDATE, RST, PING, PONG, CLOSE, GOAWAY = range(1, 10)
PAIR_FRAME = 16
HEAD = struct.Struct("<BBHII")
FRAME_PAYLOAD_MAX = 32768


def frame(kind, stream=0, payload=b"", flags=0):
    return HEAD.pack(kind, flags, 0, stream, len(payload)) + payload


def frames(plaintext):
    """(kind, stream, payload, flags) of each frame of a record: whole ones, at least one."""
    found, offset = [], 0
    while offset < len(plaintext) or not found:
        if len(plaintext) - offset < HEAD.size:
            raise Wrong("malformed", "half a frame")
        kind, flags, zero, stream, length = HEAD.unpack_from(plaintext, offset)
        offset += HEAD.size
        if kind not in range(OPEN, GOAWAY + 1) and kind != PAIR_FRAME or zero != 0:
            raise Wrong("malformed", "no frame")
        if (stream == 0) != (kind in (PING, PONG, GOAWAY, PAIR_FRAME)):
            raise Wrong("malformed", "a stream where none belongs, or none where one does")
        if length > FRAME_PAYLOAD_MAX:
            raise Wrong("limit", "a frame over 32,768 bytes")
        if length > len(plaintext) - offset:
            raise Wrong("malformed", "half a frame")
        found.append((kind, stream, plaintext[offset:offset + length], flags))
        offset += length
    return found


class Mux:
    """Frames of an admitted native session, one by one."""

    def __init__(self, session):
        self.session = session
        self.came = collections.deque()

    def send(self, *some):
        """In one record."""
        self.session.send(b"".join(some))

    def next(self):
        if not self.came:
            self.came.extend(frames(self.session.recv()))
        return self.came.popleft()

    def next_of(self, *kinds):
        """The next one that is of these kinds, and no other is passed over but what says how it is:
        (kind, stream, payload, flags). A PING is answered."""
        while True:
            one = self.next()
            if one[0] in kinds:
                return one
            if one[0] == PING:
                self.send(frame(PONG, 0, one[2]))
            elif one[0] not in (WINDOW_UPDATE, PONG):
                raise Wrong("state", f"a frame of kind {one[0]} and not {kinds}: {one[2][:80]}")

    def answers(self, word=b"12345678"):
        """It is there, and at it."""
        self.send(frame(PING, 0, word))
        assert self.next_of(PONG)[2] == word

    def ended(self):
        """(last stream, code, reason) of its GOAWAY; whatever comes before it does not matter."""
        while True:
            kind, _, payload, _ = self.next()
            if kind == GOAWAY:
                return (*struct.unpack_from("<IH", payload), payload[6:].decode())


def open_frame(stream, name, window=65536, priority=2):
    return frame(OPEN, stream, struct.pack("<I", window) + name, priority << 5)


def window_frame(kind, stream, window):
    return frame(kind, stream, struct.pack("<I", window))


def goaway_frame(last, code, reason=b""):
    return frame(GOAWAY, 0, struct.pack("<IH", last, code) + reason)
