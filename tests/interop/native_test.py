#!/usr/bin/python3
"""Do native sessions and pairing keep what docs/contracts/wire.md, streams.md and pairing.md say? TAP.

    native_test.py --capnp CAPNP --root CHECKOUT --daemon DSOFTBUSD --nx NX

The peer of peer.py pairs with dsoftbusd by six digits (cpace.py), or is in its registry before it starts,
and then has sessions with it: streams both ways, and everything that a peer may not do, each of which ends
that session for a reason that both sides are told, and no other."""

import concurrent.futures
import contextlib
import hashlib
import json
import os
import signal
import struct
import subprocess
import sys
import time

sys.dont_write_bytecode = True  # the tree stays as it is
import bench as b
from bench import MESSAGES, MISSING, PATIENCE_S, Daemon, Skip, ends, flipped, fresh, refused

if MISSING is None:
    import cpace
    import peer
    from peer import Identity, frame, goaway_frame, open_frame, window_frame

RST_REFUSED, RST_LIMIT = 2, 3
BYE, DUPLICATE, REPLACED, UNPAIRED, PROTOCOL, LIMIT = range(6)
SHUTDOWN = 7
PLAIN_MAX, PAYLOAD_MAX, CREDIT = 65519, 32768, 65536
ENDS_MESSAGE = 1

rows = []
row = b.row_of(rows)


def cost(payload):
    return max(len(payload), 64)


def until(holds, within=PATIENCE_S):
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, f"it did not come to be within {within} s"
        time.sleep(0.02)


# ---- admission -----------------------------------------------------------------------------------


@row("who is in its registry is admitted, both say paired, and a PING is answered")
def _(bench):
    me = fresh()
    node = bench.node(paired=[me])
    bench.native(me).answers()
    assert node.peer(me)["session"] == "up"


def asks(bench, me, reason, **changed):
    session = bench.dial(me)
    session.send(MESSAGES.request(session, **changed))
    refused_by_a_friend(session, reason)


def refused_by_a_friend(session, reason):
    """As refused(), of who has this device in its registry."""
    response = MESSAGES.read_response(session.recv())
    assert (response["ok"], response["reason"], response["paired"]) == (False, reason, True), response
    assert session.attestation_holds(response, peer.SESSION), "its attestation does not hold"
    ends(session.link)


@row("who is in its registry and does not say so is told that this is one-sided")
def _(bench):
    me = fresh()
    bench.node(paired=[me])
    asks(bench, me, "one-sided")


@row("who is in its registry with another static key is another device")
def _(bench):
    seed = os.urandom(32)
    me, thief = Identity(seed), Identity(seed, static_seed=os.urandom(32))
    bench.node(paired=[me])
    session = bench.dial(thief)
    session.send(MESSAGES.request(session, paired=True))
    refused(session, "identity")
    bench.native(me).answers()


@row("who is in its registry is no v1 device, listed or not")
def _(bench):
    me = fresh()
    bench.node(me, paired=[me])
    session = bench.dial(me)
    session.send(MESSAGES.request_v1(me.id.hex()))
    refused(session, "v1", is_attested=False)


@row("of two sessions that it was dialled for the newer one stays, and the older is told so")
def _(bench):
    me = fresh()
    bench.node(paired=[me])
    older, newer = bench.native(me), bench.native(me)
    assert older.ended()[1:2] == (REPLACED,)
    newer.answers()


# ---- streams -------------------------------------------------------------------------------------


def messages_of(output):
    events = [json.loads(line) for line in output.splitlines()]
    return [event["text"] for event in events if event["event"] == "message"]


@contextlib.contextmanager
def listening(node, *words):
    """nx with what goes on, once it listens, and what it says in the end."""
    with node.nx_running("bus", *words) as process:
        yield process


@row("a stream that it is opened carries messages, and both finish")
def _(bench):
    me = fresh()
    node = bench.node(paired=[me])
    mux = bench.native(me)
    with listening(node, "msg", "recv", "talk") as receiver:
        mux.send(
            open_frame(1, b"msg/talk"),
            frame(peer.DATA, 1, b"he"), frame(peer.DATA, 1, b"llo", ENDS_MESSAGE),
            frame(peer.DATA, 1, b"", ENDS_MESSAGE), frame(peer.DATA, 1, b"bye", ENDS_MESSAGE),
            frame(peer.CLOSE, 1),
        )
        kind, stream, window, _ = mux.next_of(peer.OPEN_ACK)
        assert (stream, window) == (1, struct.pack("<I", CREDIT))
        assert mux.next_of(peer.CLOSE)[1] == 1
        output = receiver.communicate(timeout=PATIENCE_S)[0]
        assert (receiver.returncode, output) == (0, b"hello\n\nbye\n"), output
    mux.answers()


@row("a stream that it opens carries a message, and is done when that is confirmed")
def _(bench):
    me = fresh()
    node = bench.node(paired=[me])
    mux = bench.native(me)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        sent = pool.submit(node.nx, "bus", "msg", "send", me.id.hex(), "talk", "hello")
        _, stream, payload, _ = mux.next_of(peer.OPEN)
        assert stream == 2 and payload == struct.pack("<I", CREDIT) + b"msg/talk", payload
        mux.send(window_frame(peer.OPEN_ACK, stream, CREDIT))
        assert mux.next_of(peer.DATA) == (peer.DATA, stream, b"hello", ENDS_MESSAGE)
        assert mux.next_of(peer.CLOSE)[1] == stream
        mux.send(frame(peer.CLOSE, stream))
        time.sleep(0.1)
        assert not sent.done(), "it is done before it is confirmed"
        mux.send(window_frame(peer.WINDOW_UPDATE, stream, 64))
        assert sent.result().returncode == 0, sent.result().stderr


LARGE = hashlib.shake_256(b"interop").digest(1_000_000)


@row("1 MB to a byte stream arrives as it was, sent as credit allows")
def _(bench):
    me = fresh()
    node = bench.node(paired=[me])
    mux = bench.native(me)
    path = f"{bench.folder}/copy"
    with listening(node, "byte", "recv", "blob", path) as receiver:
        mux.send(open_frame(1, b"byte/blob"))
        mux.next_of(peer.OPEN_ACK)
        credit, at = CREDIT, 0
        while at < len(LARGE):
            part = LARGE[at:at + min(PAYLOAD_MAX, credit)]
            if credit < 64:
                _, stream, payload, _ = mux.next_of(peer.WINDOW_UPDATE)
                assert stream == 1
                credit += struct.unpack("<I", payload)[0]
                continue
            mux.send(frame(peer.DATA, 1, part))
            credit -= cost(part)
            at += len(part)
        mux.send(frame(peer.CLOSE, 1))
        mux.next_of(peer.CLOSE)
        assert receiver.wait(PATIENCE_S) == 0
    with open(path, "rb") as file:
        assert file.read() == LARGE


@row("1 MB of a byte stream comes as it was, and never beyond the credit that was given")
def _(bench):
    me = fresh()
    node = bench.node(paired=[me])
    mux = bench.native(me)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        sent = pool.submit(node.nx, "bus", "byte", "send", me.id.hex(), "blob", data=LARGE)
        _, stream, _, _ = mux.next_of(peer.OPEN)
        mux.send(window_frame(peer.OPEN_ACK, stream, CREDIT))
        came, credit = bytearray(), CREDIT
        while True:
            kind, _, payload, flags = mux.next_of(peer.DATA, peer.CLOSE)
            if kind == peer.CLOSE:
                break
            came += payload
            credit -= cost(payload)
            assert credit >= 0 and flags == 0
            if credit < CREDIT // 2:
                mux.send(window_frame(peer.WINDOW_UPDATE, stream, CREDIT - credit))
                credit = CREDIT
        if credit < CREDIT:  # an increment of nothing is no frame
            mux.send(window_frame(peer.WINDOW_UPDATE, stream, CREDIT - credit))
        mux.send(frame(peer.CLOSE, stream))
        assert sent.result().returncode == 0, sent.result().stderr
    assert came == LARGE


@row("a stream that nobody listens for is refused, and so is one whose name is no text")
def _(bench):
    me = fresh()
    bench.node(paired=[me])
    mux = bench.native(me)
    for stream, name, code in ((1, b"msg/talk", 2), (3, b"msg/\xff", 5), (5, b"tune/a", 2)):
        mux.send(open_frame(stream, name))
        _, refused_stream, payload, _ = mux.next_of(peer.RST)
        assert (refused_stream, *struct.unpack_from("<H", payload)) == (stream, code), payload
    mux.answers()


@row("what is late for a stream that is gone is no breach")
def _(bench):
    me = fresh()
    bench.node(paired=[me])
    mux = bench.native(me)
    mux.send(open_frame(1, b"msg/talk"))
    mux.next_of(peer.RST)
    mux.send(
        frame(peer.DATA, 1, b"late", ENDS_MESSAGE), window_frame(peer.WINDOW_UPDATE, 1, 64),
        frame(peer.CLOSE, 1), frame(peer.RST, 1, struct.pack("<H", 1)), frame(peer.PONG, 0, b"unasked."),
    )
    mux.answers()


@row("its own PING is answered, and told as a time")
def _(bench):
    me = fresh()
    node = bench.node(paired=[me])
    mux = bench.native(me)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        asked = pool.submit(node.nx, "bus", "ping", me.id.hex())
        mux.send(frame(peer.PONG, 0, mux.next_of(peer.OPEN, peer.PING)[2]))
        assert asked.result().returncode == 0, asked.result().stderr


@row("a reset by either side is told to the other, with code and reason")
def _(bench):
    me = fresh()
    node = bench.node(paired=[me])
    mux = bench.native(me)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        sent = pool.submit(node.nx, "bus", "msg", "send", me.id.hex(), "talk", "hello")
        _, stream, _, _ = mux.next_of(peer.OPEN)
        mux.send(frame(peer.RST, stream, struct.pack("<H", 300) + b"not today"))
        assert sent.result().returncode == 9
        assert b"not today" in sent.result().stderr, sent.result().stderr
    with listening(node, "msg", "recv", "talk") as receiver:
        mux.send(open_frame(1, b"msg/talk"))
        mux.next_of(peer.OPEN_ACK)
        receiver.send_signal(signal.SIGTERM)
        assert mux.next_of(peer.RST)[1:3] == (1, struct.pack("<H", 1) + STOPPED)
    mux.answers()


STOPPED = b"stopped by the person at the other end"


@row("from record 65,536 on either direction has the key that Noise makes of the first one")
def _(bench):
    me = fresh()
    bench.node(paired=[me])
    mux = bench.native(me)
    directions = (mux.session.sending, mux.session.receiving)
    keys = [one.key for one in directions]
    while min(one.count for one in directions) < peer.REKEY_EVERY + 2:
        mux.answers(struct.pack("<Q", directions[0].count))
    assert all(one.key != key for one, key in zip(directions, keys))


# ---- the end -------------------------------------------------------------------------------------


@row("GOAWAY ends a session for the reason it says")
def _(bench):
    me = fresh()
    node = bench.node(paired=[me])
    mux = bench.native(me)
    mux.send(goaway_frame(0, BYE, b"so long"))
    until(lambda: node.peer(me)["session"] == "none")
    end = node.peer(me)["last_end"]
    assert (end["status"], end["by_peer"], end["code"], end["why"]) == ("end", True, BYE, "so long"), end


@row("a cut is not an end")
def _(bench):
    me = fresh()
    node = bench.node(paired=[me])
    bench.native(me).session.link.close()
    until(lambda: node.peer(me)["session"] == "none")
    assert node.peer(me)["last_end"]["status"] == "closed", node.peer(me)["last_end"]


@row("a daemon that is stopped says GOAWAY shutdown")
def _(bench):
    me = fresh()
    node = bench.node(paired=[me])
    mux = bench.native(me)
    node.process.send_signal(signal.SIGTERM)
    assert mux.ended()[1] == SHUTDOWN
    mux.session.link.close()
    assert node.process.wait(10) == 0
    node.start()


@row("unpair ends the session, says why, and a new one is one-sided")
def _(bench):
    me = fresh()
    node = bench.node(paired=[me])
    mux = bench.native(me)
    assert node.nx("bus", "unpair", me.id.hex()).returncode == 0
    assert mux.ended()[1] == UNPAIRED
    session = bench.dial(me)
    session.send(MESSAGES.request(session, paired=True))
    refused(session, "one-sided")


# ---- what a peer may not do ----------------------------------------------------------------------

ODD, PAIRED_NAME = 1, b"msg/talk"
STATE = "mux.reject.invalid_stream_state_transition"
WINDOW = "mux.reject.window_credit_overflow_or_underflow"
FORMAT = "a frame breaks its format"
HALF = "a record that ends inside a frame"
CLOSED = "a record that does not open"


def plain(*parts):
    return lambda s: s.record(b"".join(parts))


def with_length(body):
    return struct.pack(">I", len(body)) + body


def worth(credit):
    """A stream that is opened and DATA that costs so much, in one record, so that nobody pulls meanwhile."""
    rest = credit - PAYLOAD_MAX - 400 * 64
    return (open_frame(1, PAIRED_NAME), frame(peer.DATA, 1, bytes(PAYLOAD_MAX)),
            frame(peer.DATA, 1) * 400, frame(peer.DATA, 1, bytes(rest)))


@row("DATA for all the credit of a stream is no breach")
def _(bench):
    me = fresh()
    bench.node(paired=[me])
    mux = bench.native(me)
    mux.send(*worth(CREDIT))
    assert mux.next_of(peer.RST)[1] == 1
    mux.answers()


BREACHES = [] if MISSING else [
    ("a record that ends inside a frame", plain(frame(peer.PING, 0, b"12345678")[:-1]), PROTOCOL, HALF),
    ("a record that ends inside a head, behind a whole frame",
     plain(frame(peer.PING, 0, b"12345678"), b"\6"), PROTOCOL, HALF),
    ("a kind that is none", plain(frame(10, 1)), PROTOCOL, FORMAT),
    ("kind 0", plain(bytes(12)), PROTOCOL, FORMAT),
    ("a flag that is none", plain(frame(peer.PING, 0, b"12345678", flags=1)), PROTOCOL, FORMAT),
    ("a zero that is none", plain(b"\6\0\1\0" + bytes(4) + b"\10\0\0\0" + bytes(8)), PROTOCOL, FORMAT),
    ("PING of a stream", plain(frame(peer.PING, 1, b"12345678")), PROTOCOL, FORMAT),
    ("PING of 9 bytes", plain(frame(peer.PING, 0, b"123456789")), PROTOCOL, FORMAT),
    ("OPEN of stream 0", plain(open_frame(0, PAIRED_NAME)), PROTOCOL, FORMAT),
    ("OPEN with no name", plain(open_frame(1, b"")), PROTOCOL, FORMAT),
    ("OPEN with a name of 65 bytes", plain(open_frame(1, b"x" * 65)), PROTOCOL, FORMAT),
    ("WINDOW_UPDATE of nothing", plain(window_frame(peer.WINDOW_UPDATE, 1, 0)), PROTOCOL, FORMAT),
    ("a reason that is no text", plain(goaway_frame(0, BYE, b"\xff")), PROTOCOL, FORMAT),
    ("32,769 bytes in a frame", plain(frame(peer.DATA, 1, bytes(PAYLOAD_MAX + 1))), PROTOCOL,
     "mux.reject.frame_oversize"),
    ("OPEN of the other side's parity", plain(open_frame(2, PAIRED_NAME)), PROTOCOL, STATE),
    ("OPEN of a smaller id", plain(open_frame(5, b"msg/a"), open_frame(3, b"msg/b")), PROTOCOL, STATE),
    ("OPEN of one id twice", plain(open_frame(1, b"msg/a"), open_frame(1, b"msg/b")), PROTOCOL, STATE),
    ("OPEN with a window of 65,535", plain(open_frame(1, PAIRED_NAME, window=CREDIT - 1)), PROTOCOL,
     WINDOW),
    ("OPEN_ACK of its own stream", plain(open_frame(1, b"msg/a"), window_frame(peer.OPEN_ACK, 1, CREDIT)),
     PROTOCOL, STATE),
    ("DATA of a stream that never was", plain(frame(peer.DATA, 1, b"x")), PROTOCOL,
     "mux.reject.unknown_stream_frame"),
    ("CLOSE of a stream of ours that never was", plain(frame(peer.CLOSE, 2)), PROTOCOL,
     "mux.reject.unknown_stream_frame"),
    ("DATA behind CLOSE", plain(open_frame(1, b"msg/a"), frame(peer.CLOSE, 1), frame(peer.DATA, 1, b"x")),
     PROTOCOL, STATE),
    ("CLOSE twice", plain(open_frame(1, b"msg/a"), frame(peer.CLOSE, 1), frame(peer.CLOSE, 1)), PROTOCOL,
     STATE),
    ("credit returned that is not out",
     plain(open_frame(1, b"msg/a"), window_frame(peer.WINDOW_UPDATE, 1, 64)), PROTOCOL, WINDOW),
    ("PAIR in a session that is paired", plain(frame(peer.PAIR_FRAME, 0, b"\5\1")), PROTOCOL, STATE),
    ("DATA for a byte more than its credit", lambda s: s.record(b"".join(worth(CREDIT + 1))), PROTOCOL, WINDOW),
    ("1,025 empty DATA, which cost 64 each",
     plain(open_frame(1, b"msg/a"), frame(peer.DATA, 1) * 1025), PROTOCOL, WINDOW),
    ("a tag that does not hold", lambda s: flipped(s.record(frame(peer.PING, 0, bytes(8)))), PROTOCOL,
     CLOSED),
    ("a record twice", lambda s: s.record(frame(peer.PING, 0, bytes(8))) * 2, PROTOCOL, CLOSED),
    ("a record left out",
     lambda s: (s.record(frame(peer.PING, 0, bytes(8))), s.record(frame(peer.PING, 0, bytes(8))))[1],
     PROTOCOL, CLOSED),
    ("a record of the other direction",
     lambda s: with_length(peer.Direction(s.receiving.key).seal(frame(peer.PING, 0, bytes(8)))), PROTOCOL,
     CLOSED),
    ("a length of 16", lambda s: struct.pack(">I", 16), PROTOCOL, CLOSED),
    ("a length of 65,536", lambda s: struct.pack(">I", 65_536), PROTOCOL, CLOSED),
]

for what, data_of, code, why in BREACHES:

    @row(f"a breach ends its session for a reason that both are told, and no other session: {what}")
    def _(bench, data_of=data_of, code=code, why=why):
        me, other = fresh(), fresh()
        node = bench.node(paired=[me, other])
        bystander, mux = bench.native(other), bench.native(me)
        b.send_all(mux.session.link, data_of(mux.session))
        told = mux.ended()
        assert told[1:] == (code, why), told
        mux.session.link.close()
        until(lambda: node.peer(me)["session"] == "none")
        end = node.peer(me)["last_end"]
        assert not end["by_peer"] and end["why"].startswith(why), end
        bystander.answers()


@row("DATA beyond the credit ends the session, while the program beside the daemon reads nothing")
def _(bench):
    me, other = fresh(), fresh()
    node = bench.node(paired=[me, other])
    bystander, mux = bench.native(other), bench.native(me)
    with listening(node, "byte", "recv", "blob", f"{bench.folder}/copy") as receiver:
        mux.send(open_frame(1, b"byte/blob"))
        mux.next_of(peer.OPEN_ACK)
        receiver.send_signal(signal.SIGSTOP)
        try:
            for _ in range(128):
                mux.send(frame(peer.DATA, 1, bytes(PAYLOAD_MAX)))
        except peer.Ended:
            pass
        told = mux.ended()
        assert told[1:] == (PROTOCOL, WINDOW), told
        bystander.answers()


@row("a flood of OPEN in one record ends the session, for refusals that wait")
def _(bench):
    me = fresh()
    bench.node(paired=[me])
    mux = bench.native(me)
    mux.send(*(open_frame(2 * n + 1, b"msg/%d" % n) for n in range(200)))
    told = mux.ended()
    assert told[1:] == (LIMIT, "refusals waiting: limit 16, asked 17"), told


@row("streams opened one after the other, beyond 256 and 128 a second, end the session")
def _(bench):
    me = fresh()
    bench.node(paired=[me])
    mux = bench.native(me)
    opened, begun = 0, time.monotonic()
    while opened < 2000:
        mux.send(*(open_frame(2 * (opened + n) + 1, b"msg/x%d" % n) for n in range(8)))
        opened += 8
        for _ in range(8):
            kind, _, payload, _ = mux.next_of(peer.RST, peer.GOAWAY)
            if kind == peer.GOAWAY:
                assert struct.unpack_from("<IH", payload)[1] == LIMIT
                assert payload[6:] == b"streams opened at once, beyond 128 a second: limit 256, asked 257"
                assert opened >= 257
                return
    raise AssertionError(f"{opened} in {time.monotonic() - begun:.1f} s")


@row("a peer that never reads costs only itself, and what it was sent is told as unconfirmed")
def _(bench):
    me, other = fresh(), fresh()
    node = bench.node(paired=[me, other])
    mux, bystander = bench.native(me), bench.native(other)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        stuck = pool.submit(node.nx, "bus", "byte", "send", me.id.hex(), "blob", data=LARGE * 16)
        _, stream, _, _ = mux.next_of(peer.OPEN)
        mux.send(window_frame(peer.OPEN_ACK, stream, 2**30))  # and not a byte is read from here on
        time.sleep(0.5)
        for _ in range(3):
            mux.send(frame(peer.PING, 0, bytes(8)))
            begun = time.monotonic()
            bystander.answers()
            sent = pool.submit(node.nx, "bus", "msg", "send", other.id.hex(), "talk", "hello")
            _, stream, _, _ = bystander.next_of(peer.OPEN)
            bystander.send(window_frame(peer.OPEN_ACK, stream, CREDIT))
            bystander.next_of(peer.CLOSE, peer.DATA)
            bystander.next_of(peer.CLOSE)
            bystander.send(window_frame(peer.WINDOW_UPDATE, stream, 64), frame(peer.CLOSE, stream))
            assert sent.result().returncode == 0
            assert time.monotonic() - begun < 2, "it took its time"
        assert not stuck.done()
        mux.session.link.close()
        assert stuck.result().returncode == 9
        assert b"unconfirmed" in stuck.result().stderr, stuck.result().stderr


@row("half a record and then nothing ends a session after 10 s")
def _(bench):
    me = fresh()
    bench.node(paired=[me])
    mux = bench.native(me)
    mux.session.link.send(mux.session.record(frame(peer.PING, 0, bytes(8)))[:-1])
    begun = time.monotonic()
    mux.session.link.sock.settimeout(13)
    told = mux.ended()
    assert 9.5 <= time.monotonic() - begun < 12
    assert told[1:] == (PROTOCOL, "a record that never became whole"), told


# ---- pairing -------------------------------------------------------------------------------------


class Offer:
    """`nx bus pair offer`, and the typist's side of what is said then."""

    def __init__(self, bench, me, whom=None):
        if cpace.sodium is None:
            raise Skip("libsodium is missing")
        self.bench, self.me = bench, me
        self.node = bench.subject
        self.process = bench.stack.enter_context(self.node.popen(
            "bus", "pair", "offer", (whom or me).id.hex(), "--json"))
        bench.stack.callback(self.process.kill)
        offered = json.loads(self.process.stdout.readline())
        assert offered["event"] == "offered", offered
        self.code = offered["code"]

    def dial(self, me=None):
        """A session for pairing."""
        session = self.bench.dial(me or self.me)
        session.send(MESSAGES.request(session, purpose=peer.PAIR))
        response = MESSAGES.read_response(session.recv())
        assert response["ok"], f"refused: {response['reason']}"
        assert session.attestation_holds(response, peer.PAIR)
        session.admitted(1)
        return peer.Mux(session)

    def half(self, mux, code=None):
        owner = peer.Device(self.node.id, mux.session.peer_key, self.node.static)
        return cpace.Half(code or self.code, mux.session.h, True, self.me, owner)

    def start(self, mux, half):
        """The owner's share."""
        mux.send(pair(cpace.START, bytes([cpace.MODE_ENTER]) + half.share))
        said = said_of(mux)
        assert said[0] == cpace.SHARE and len(said) == 33, said
        return said[1:]

    def result(self):
        event = json.loads(self.process.stdout.readline())
        self.process.wait(PATIENCE_S)
        return event["event"], self.process.returncode


def pair(kind, body):
    return frame(peer.PAIR_FRAME, 0, bytes([kind]) + body)


def said_of(mux):
    return mux.next_of(peer.PAIR_FRAME)[2]


def no(reason):
    return bytes([cpace.NO, reason])


def paired(bench, me):
    offer = Offer(bench, me)
    mux = offer.dial()
    half = offer.half(mux)
    of_typist, of_owner = half.confirmations(offer.start(mux, half))
    mux.send(pair(cpace.CONFIRM_TYPIST, of_typist))
    assert said_of(mux) == bytes([cpace.CONFIRM_OWNER]) + of_owner
    assert offer.result() == ("paired", 0)
    assert mux.ended()[1] == BYE


@row("six digits that it shows are typed in Python: both are paired, and have a session, also over a restart")
def _(bench):
    me = fresh()
    node = bench.node()
    paired(bench, me)
    bench.native(me).answers()
    bench.restart()
    mux = bench.native(me)
    with listening(node, "msg", "recv", "talk") as receiver:
        mux.send(open_frame(1, b"msg/talk"), frame(peer.DATA, 1, b"paired", ENDS_MESSAGE),
                 frame(peer.CLOSE, 1))
        assert receiver.communicate(timeout=PATIENCE_S)[0] == b"paired\n"


@row("wrong digits are told as that, once; then the code is spent and nothing is open")
def _(bench):
    me = fresh()
    bench.node()
    offer = Offer(bench, me)
    mux = offer.dial()
    half = offer.half(mux, f"{(int(offer.code) + 1) % 1_000_000:06}")
    mux.send(pair(cpace.CONFIRM_TYPIST, half.confirmations(offer.start(mux, half))[0]))
    assert said_of(mux) == no(cpace.WRONG_CODE)
    assert mux.ended()[1] == BYE
    assert offer.result() == ("failed", 5)
    session = bench.dial(me)
    session.send(MESSAGES.request(session, purpose=peer.PAIR))
    refused(session, "denied", purpose=peer.PAIR)


@row("another device than the one that is offered to is denied")
def _(bench):
    me, other = fresh(), fresh()
    bench.node()
    Offer(bench, me)
    session = bench.dial(other)
    session.send(MESSAGES.request(session, purpose=peer.PAIR))
    refused(session, "denied", purpose=peer.PAIR)


@row("its own confirmation sent back is a wrong one")
def _(bench):
    me = fresh()
    bench.node()
    offer = Offer(bench, me)
    mux = offer.dial()
    half = offer.half(mux)
    mux.send(pair(cpace.CONFIRM_TYPIST, half.confirmations(offer.start(mux, half))[1]))
    assert said_of(mux) == no(cpace.WRONG_CODE)


STARTS = [] if MISSING else [
    ("a neutral share", pair(cpace.START, b"\1" + bytes(32)), cpace.MALFORMED),
    ("a share that is no point", pair(cpace.START, b"\1" + b"\xff" * 32), cpace.MALFORMED),
    ("a share of 31 bytes", pair(cpace.START, b"\1" + bytes(31)), cpace.MALFORMED),
    ("a mode of a later version", pair(cpace.START, b"\2" + bytes(9)), cpace.UNSUPPORTED),
    ("a share, which is the owner's to say", pair(cpace.SHARE, bytes(32)), cpace.MALFORMED),
    ("a confirmation before the start", pair(cpace.CONFIRM_TYPIST, bytes(32)), cpace.MALFORMED),
    ("a message of no kind", pair(9, b""), cpace.MALFORMED),
    ("a message of no bytes", frame(peer.PAIR_FRAME, 0, b""), cpace.MALFORMED),
]

for what, said, reason in STARTS:

    @row(f"pairing that does not begin as it should is told so, and the offer stays: {what}")
    def _(bench, said=said, reason=reason):
        me = fresh()
        bench.node()
        offer = Offer(bench, me)
        mux = offer.dial()
        mux.send(said)
        assert said_of(mux) == no(reason)
        mux.ended()
        mux.session.link.close()
        mux = offer.dial()
        half = offer.half(mux)
        mux.send(pair(cpace.CONFIRM_TYPIST, half.confirmations(offer.start(mux, half))[0]))
        assert said_of(mux)[0] == cpace.CONFIRM_OWNER
        assert offer.result() == ("paired", 0)


@row("a session for pairing has no streams")
def _(bench):
    me = fresh()
    bench.node()
    mux = Offer(bench, me).dial()
    mux.send(open_frame(1, b"msg/talk"))
    while mux.next()[0] == peer.PAIR_FRAME:
        pass
    ends(mux.session.link)


# ---- it dials ------------------------------------------------------------------------------------


class Dialled:
    """The node is told of `me` by a beacon, dials, and has asked: `session`, and `request` of it."""

    def __init__(self, bench, me, *words, purpose=peer.SESSION if MISSING is None else 0):
        node = bench.subject
        listener = bench.listener()
        node.hears_of(me, listener.getsockname()[1])
        self.process = bench.stack.enter_context(node.popen("bus", *words, stdin=subprocess.PIPE))
        bench.stack.callback(self.process.kill)
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(CODE.encode() + b"\n")
            self.process.stdin.close()
        sock, _ = listener.accept()
        bench.stack.callback(sock.close)
        sock.settimeout(PATIENCE_S + 5)
        self.session = peer.accept(peer.Link(sock), me)
        assert self.session.peer_id == node.id
        self.request = MESSAGES.read_request(self.session.recv())
        peer.judge_request(self.session, self.request)
        assert (self.request["protocol"], self.request["purpose"]) == (1, purpose), self.request

    def mux(self, **said):
        """Answered so, and in session."""
        said = {"protocol": 1, "features": 0, "purpose": self.request["purpose"],
                "paired": self.request["paired"], **said}
        attestation = self.session.attest(**said)
        del said["purpose"]
        self.session.send(MESSAGES.response(ok=True, attestation=attestation, **said))
        self.session.admitted(1)
        return peer.Mux(self.session)


def dialled(bench):
    me = fresh()
    bench.node(paired=[me], discovery="loopback")
    return me, Dialled(bench, me, "connect", me.id.hex())


@row("it dials who is paired and was heard of; streams go both ways in that role, too")
def _(bench):
    me, dial = dialled(bench)
    assert dial.request["paired"]
    mux = dial.mux()
    assert dial.process.wait(PATIENCE_S) == 0
    mux.answers()
    with listening(bench.subject, "msg", "recv", "talk") as receiver:
        mux.send(open_frame(2, b"msg/talk"), frame(peer.DATA, 2, b"even", ENDS_MESSAGE),
                 frame(peer.CLOSE, 2))
        assert receiver.communicate(timeout=PATIENCE_S)[0] == b"even\n"
    mux.next_of(peer.OPEN_ACK)
    mux.next_of(peer.CLOSE)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        sent = pool.submit(bench.subject.nx, "bus", "msg", "send", me.id.hex(), "talk", "odd")
        assert mux.next_of(peer.OPEN)[1] == 1
        mux.send(window_frame(peer.OPEN_ACK, 1, CREDIT))
        assert mux.next_of(peer.DATA)[2] == b"odd"
        mux.next_of(peer.CLOSE)
        mux.send(window_frame(peer.WINDOW_UPDATE, 1, 64), frame(peer.CLOSE, 1))
        assert sent.result().returncode == 0
    mux.send(open_frame(5, PAIRED_NAME))
    assert mux.ended()[1:] == (PROTOCOL, STATE)


ANSWERS = [
    ("its attestation is that of an initiator", lambda s: MESSAGES.response(
        ok=True, protocol=1, paired=True, attestation=s.attest(role=peer.INITIATOR, paired=True))),
    ("its attestation is of another session", lambda s: MESSAGES.response(
        ok=True, protocol=1, paired=True, attestation=s.attest(h=bytes(32), paired=True))),
    ("its attestation is by another device", lambda s: MESSAGES.response(
        ok=True, protocol=1, paired=True, attestation=flipped(s.attest(paired=True), 3))),
    ("its attestation is for pairing", lambda s: MESSAGES.response(
        ok=True, protocol=1, paired=True, attestation=s.attest(paired=True, purpose=peer.PAIR))),
    ("it says paired and attested otherwise", lambda s: MESSAGES.response(
        ok=True, protocol=1, paired=True, attestation=s.attest(paired=False))),
    ("it says yes and is not paired", lambda s: MESSAGES.response(
        ok=True, protocol=1, paired=False, attestation=s.attest(paired=False))),
    ("it is native without an attestation", lambda s: MESSAGES.response(
        ok=True, protocol=1, paired=True)),
    ("it has a feature that was not asked for", lambda s: MESSAGES.response(
        ok=True, protocol=1, features=1, paired=True, attestation=s.attest(features=1, paired=True))),
    ("it is a v1 node's yes", lambda s: MESSAGES.response_v1(True)),
    ("it is a v1 node's no", lambda s: MESSAGES.response_v1(False)),
    ("it says no, one-sided", lambda s: MESSAGES.response(
        ok=False, protocol=1, reason="one-sided", attestation=s.attest())),
    ("it has a reason that is none", lambda s: MESSAGES.response(
        ok=False, protocol=1, reason="mood", attestation=s.attest())),
    ("it is none", lambda s: b"hello"),
]

for what, answer in ANSWERS:

    @row(f"the answer to a native dial is no session: {what}")
    def _(bench, answer=answer):
        me, dial = dialled(bench)
        dial.session.send(answer(dial.session))
        ends(dial.session.link)
        assert bench.subject.peer(me)["session"] != "up"


CODE = "081547"


@row("six digits that are shown in Python are typed to it: it confirms first, and both are paired")
def _(bench):
    if cpace.sodium is None:
        raise Skip("libsodium is missing")
    me = fresh()
    node = bench.node(discovery="loopback")
    dial = Dialled(bench, me, "pair", "accept", me.id.hex(), purpose=peer.PAIR)
    mux = dial.mux()
    said = said_of(mux)
    assert said[:2] == bytes([cpace.START, cpace.MODE_ENTER]) and len(said) == 34, said
    typist = peer.Device(node.id, mux.session.peer_key, node.static)
    half = cpace.Half(CODE, mux.session.h, False, typist, me)
    of_typist, of_owner = half.confirmations(said[2:])
    mux.send(pair(cpace.SHARE, half.share))
    assert said_of(mux) == bytes([cpace.CONFIRM_TYPIST]) + of_typist
    mux.send(pair(cpace.CONFIRM_OWNER, of_owner))
    assert dial.process.wait(PATIENCE_S) == 0
    bench.native(me).answers()


@row("who does not know the digits that it was typed is not paired, and gets no second guess")
def _(bench):
    if cpace.sodium is None:
        raise Skip("libsodium is missing")
    me = fresh()
    node = bench.node(discovery="loopback")
    dial = Dialled(bench, me, "pair", "accept", me.id.hex(), purpose=peer.PAIR)
    mux = dial.mux()
    said = said_of(mux)
    typist = peer.Device(node.id, mux.session.peer_key, node.static)
    half = cpace.Half("000000", mux.session.h, False, typist, me)
    of_owner = half.confirmations(said[2:])[1]
    mux.send(pair(cpace.SHARE, half.share))
    assert said_of(mux)[0] == cpace.CONFIRM_TYPIST
    mux.send(pair(cpace.CONFIRM_OWNER, of_owner))
    assert dial.process.wait(PATIENCE_S) == 5
    refused_again = node.nx("bus", "pair", "accept", me.id.hex(), data=CODE.encode())
    assert refused_again.returncode == 5, "spent digits are taken again"
    session = bench.dial(me)
    session.send(MESSAGES.request(session, paired=True))
    refused(session, "one-sided")


if __name__ == "__main__":
    sys.exit(b.run([("native", name, function, Daemon) for name, function in rows]))
