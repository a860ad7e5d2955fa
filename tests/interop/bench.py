"""What the rows of interop_test.py and native_test.py work with: the one who is judged, connections from
and to it, what a row can want of them, and running rows as TAP. The options are those of the test that
imports it."""

import argparse
import concurrent.futures
import contextlib
import itertools
import json
import os
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

try:
    import peer
    from node import Node
    from peer import Identity, Link, Wrong
    MISSING = None
except ImportError as error:
    MISSING = f"python3-dissononce or a part of it is missing ({error})"

# Channels of v1 frames: what goes to the node, and what comes from it. The one in Python sends back what it
# is sent on the first; of the daemon, a program beside it opens them.
TO_NODE, FROM_NODE, SERVED_BY_NOBODY = 1, 2, 99
SIZES = (1, 10_000, 65_464)
PATIENCE_S = 4  # for what has to happen at once; a source that sent wrong bytes may wait for 2 of them


def row_of(rows):
    def row(name):
        def keep(function):
            rows.append((name, function))
            return function
        return keep
    return row


class Skip(Exception):
    pass


# ---- who is judged -------------------------------------------------------------------------------


class StandIn:
    """node.py, in this process."""

    def __init__(self, folder, allow, forget=()):
        self.allow, self.forget = allow, forget
        self.me = Identity(os.urandom(32))
        self.memory = {"native": set(), "pins": {}}
        self.start()

    def start(self):
        self.node = Node(self.me, MESSAGES, self.allow, self.forget, self.memory)
        self.address, self.id, self.static = self.node.address, self.me.id, self.me.static

    def stop(self):
        self.node.stop()

    def dial(self, address, device_id, static):
        pool = concurrent.futures.ThreadPoolExecutor(1)
        return pool.submit(self.node.dial_v1, address, device_id, static).result

    def exchange(self, session, sizes):
        for size in sizes:
            session.send(MESSAGES.frame(TO_NODE, content(size)))
            assert MESSAGES.read_frame(session.recv()) == (TO_NODE, content(size)), size

    def frames_dropped(self):
        return self.node.frames_dropped

    def notes(self):
        return []


class Daemon:
    """dsoftbusd and nx."""

    def __init__(self, folder, allow, _forget=(), paired=(), discovery="off"):
        self.state = f"{folder}/state"
        self.allow, self.discovery = allow, discovery
        if paired:
            self.write_registry(paired)
        self.log = open(f"{folder}/log", "ab")
        self.start()

    def start(self):
        allowed = [word for one in self.allow for word in ("--allow-v1", one.hex())]
        self.process = subprocess.Popen(
            [options.daemon, "--state", self.state, "--listen", "127.0.0.1:0",
             "--discovery", self.discovery, *allowed, "--markers"],
            stdout=self.log, stderr=self.log,
        )
        try:
            value = self.status()
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise
        host, _, port = value["listen"][0].rpartition(":")
        self.address = (host, int(port))
        self.id, self.static = bytes.fromhex(value["device_id"]), bytes.fromhex(value["noise_static"])

    def write_registry(self, paired):
        """As docs/contracts/registry.md has it: it has paired with these before."""
        peers = [{"id": one.id.hex(), "ed25519": one.key.hex(), "noise": one.static.hex(), "name": "",
                  "paired_at_s": 0} for one in paired]
        budgets = {"accepts_ms": [], "offers_ms": [], "failed_ms": [], "failed_total": 0, "spent_ms": 0,
                   "suspects": []}
        value = {"format": "nexusnet registry", "version": 1, "world": "net", "peers": peers,
                 "budgets": budgets}
        os.mkdir(self.state, 0o700)
        with open(f"{self.state}/registry.json", "x", encoding="ascii",
                  opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            json.dump(value, file)

    def status(self):
        """As soon as there is one."""
        until = time.monotonic() + 10
        while True:
            status = self.nx("status", "--json")
            if status.returncode == 0 and json.loads(status.stdout)["listen"]:
                return json.loads(status.stdout)
            assert self.process.poll() is None, "the daemon ended while it started"
            assert time.monotonic() < until, f"no status of the daemon: {status.stderr!r}"
            time.sleep(0.02)

    def stop(self):
        assert self.process.poll() is None, f"the daemon ended with {self.process.returncode}"
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        assert code == 0, f"the daemon ended with {code} when it was asked to"

    def nx(self, *words, data=b""):
        return subprocess.run(
            [options.nx, "--state", self.state, *words],
            input=data, capture_output=True, timeout=30, check=False,
        )

    def popen(self, *words, stdin=subprocess.DEVNULL):
        return subprocess.Popen(
            [options.nx, "--state", self.state, *words], stdin=stdin,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )

    @contextlib.contextmanager
    def nx_running(self, *words):
        """nx, which says something on standard error once it has begun."""
        with self.popen(*words) as process:
            try:
                line = process.stderr.readline()
                assert line.startswith(b"nx: listening"), line
                yield process
            finally:
                process.kill()

    def exchange(self, session, sizes):
        peer_id = session.me.id.hex()
        words = ("bus", "frame", "recv", peer_id, str(TO_NODE), "--raw", "--count", str(len(sizes)))
        with self.nx_running(*words) as receiver:
            for size in sizes:
                session.send(MESSAGES.frame(TO_NODE, content(size)))
            got = receiver.communicate(timeout=PATIENCE_S)[0]
            assert receiver.returncode == 0, "frame recv did not end well"
            assert got == b"".join(map(content, sizes)), f"{len(got)} bytes came, or others"
        for size in sizes:
            sent = self.nx("bus", "frame", "send", peer_id, str(FROM_NODE), data=content(size))
            assert sent.returncode == 0, sent.stderr
            assert MESSAGES.read_frame(session.recv()) == (FROM_NODE, content(size)), size

    def peer(self, one):
        """What it knows of this device."""
        value = json.loads(self.nx("bus", "peers", "--json").stdout)
        (found,) = (entry for entry in value["peers"] if entry["id"] == one.id.hex())
        return found

    def hears_of(self, one, port):
        """By a beacon among the processes of this machine."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            loopback = socket.inet_aton("127.0.0.1")
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, loopback)
            sock.bind(("127.0.0.1", 0))
            for _ in range(20):
                sock.sendto(peer.beacon(one, port), ("239.42.0.1", 37020))
                time.sleep(0.1)
                found = json.loads(self.nx("bus", "discover", "--json").stdout)["devices"]
                if any(device["id"] == one.id.hex() for device in found):
                    return
        raise Skip("a beacon to the group does not arrive by loopback")

    def frames_dropped(self):
        return self.status()["counts"]["v1.frames-dropped"]

    def dial(self, address, device_id, static):
        words = ("bus", "connect", "--v1", "{}:{}".format(*address),
                 "--device-id", device_id.hex(), "--noise-static", static.hex())
        pool = concurrent.futures.ThreadPoolExecutor(1)
        return pool.submit(lambda: self.nx(*words).returncode).result

    def notes(self):
        with open(self.log.name, encoding="utf-8", errors="replace") as log:
            return log.read().splitlines()[-20:]


source_numbers = itertools.count(1)


def new_source():
    """An address of this machine that nothing has come from."""
    number = next(source_numbers)
    return f"127.{1 + number // 65536}.{number // 256 % 256}.{number % 256}"


class Halfway:
    """An initiator that has read message 2."""

    def __init__(self, bench, me, link=None, **forged):
        self.me, self.link = me, link or bench.link()
        self.handshake = peer.Handshake(me, True, peer_static=bench.subject.static, **forged)
        self.link.send_block(self.handshake.write())
        payload = self.handshake.read(self.link.recv_block(48, 2048))
        self.found = peer.verify_proof(payload, peer.SERVER, bench.subject.static)
        assert self.found[0] == bench.subject.id

    def message_3(self, proof=None):
        message = self.handshake.write(self.me.proof(peer.CLIENT) if proof is None else proof)
        return struct.pack(">I", len(message)) + message

    def session(self):
        return peer.Session(self.link, self.me, peer.INITIATOR, self.handshake, *self.found)


class Bench:
    """What a row works with: a node, and connections from and to it. All of it goes with the row."""

    def __init__(self, kind, forget=(), lines=None):
        self.kind, self.forget = kind, forget
        self.lines = [] if lines is None else lines
        self.subject = None

    def __enter__(self):
        self.stack = contextlib.ExitStack()
        self.folder = self.stack.enter_context(tempfile.TemporaryDirectory())
        return self

    def __exit__(self, *failure):
        self.failure = failure[0]
        if failure[0] and self.subject:
            self.lines += [f"# node: {line}" for line in self.subject.notes()]
        self.stack.close()

    def node(self, *allow, **more):
        """Starts it; these devices may come as v1."""
        self.subject = self.kind(self.folder, [one.id for one in allow], self.forget, **more)
        self.stack.callback(self.stop)
        return self.subject

    def stop(self):
        try:
            self.subject.stop()
        except AssertionError:
            if not self.failure:  # else it is not the first thing that went wrong
                raise

    def restart(self):
        self.subject.stop()
        self.subject.start()

    def link(self, source=None):
        sock = socket.create_connection(
            self.subject.address, timeout=PATIENCE_S + 5, source_address=(source or new_source(), 0)
        )
        self.stack.callback(sock.close)
        return Link(sock)

    def dial(self, me, **forged):
        """A session with the handshake done and nothing asked."""
        return peer.dial(self.link(), me, self.subject.static, peer_id=self.subject.id, **forged)

    def halfway(self, me, **forged):
        return Halfway(self, me, **forged)

    def v1(self, me):
        """An admitted v1 session."""
        session = self.dial(me)
        session.send(MESSAGES.request_v1(me.id.hex()))
        response = MESSAGES.read_response(session.recv())
        assert response["ok"], f"refused: {response['reason']}"
        assert response["protocol"] == 0 and not response["attestation"] and not response["reason"]
        session.admitted(0)
        return session

    def exchange(self, session, sizes=(1,)):
        """Frames, there and back."""
        self.subject.exchange(session, sizes)

    def native(self, me):
        """An admitted native session with a device that is paired."""
        session = self.dial(me)
        session.send(MESSAGES.request(session, paired=True))
        response = MESSAGES.read_response(session.recv())
        assert response["ok"], f"refused: {response['reason']}"
        assert response["protocol"] == 1 and response["paired"] and not response["reason"]
        assert session.attestation_holds(response, peer.SESSION), "its attestation does not hold"
        session.admitted(1)
        return peer.Mux(session)

    def serves_others(self):
        """A device that did nothing wrong is answered, properly."""
        session = self.dial(fresh())
        session.send(MESSAGES.request(session))
        refused(session, "unknown")

    def listener(self):
        listener = socket.create_server(("127.0.0.1", 0))
        listener.settimeout(10)
        self.stack.callback(listener.close)
        return listener

    def dialled(self, me, device_id=None, static=None):
        """(link, exit code): the node dials `me`, or is told that somebody else is there."""
        listener = self.listener()
        exit_code = self.subject.dial(
            listener.getsockname(), device_id or me.id, static or me.static
        )
        sock, _ = listener.accept()
        sock.settimeout(PATIENCE_S + 5)
        self.stack.callback(sock.close)
        return Link(sock), exit_code


def fresh():
    return Identity(os.urandom(32))


def flipped(data, index=-1):
    changed = bytearray(data)
    changed[index] ^= 1
    return bytes(changed)


# ---- what a row can want -------------------------------------------------------------------------


def ends(link, within=PATIENCE_S):
    """The other side closes, and says nothing more before it."""
    link.until = time.monotonic() + within
    try:
        said = link.recv(1)
    except peer.Ended:
        return
    except TimeoutError:
        raise AssertionError(f"it has not closed within {within} s") from None
    raise AssertionError(f"it goes on: {said.hex()}")


def is_open(link):
    return not select.select([link.sock], [], [], 0)[0]


def send_all(link, data):
    """It may have closed before it has all of it."""
    with contextlib.suppress(peer.Ended, TimeoutError):
        link.send(data)


def refused(session, reason, is_attested=True, purpose=0):
    response = MESSAGES.read_response(session.recv())
    assert not response["ok"], "it is admitted"
    assert response["reason"] == reason, f"refused as {response['reason']!r}, not as {reason!r}"
    assert response["features"] == 0 and not response["paired"]
    if is_attested:
        assert response["protocol"] == 1
        assert session.attestation_holds(response, purpose), "its attestation does not hold"
    else:
        assert response["protocol"] == 0 and not response["attestation"], "it is attested"
    ends(session.link)


def not_admitted(session):
    """Closed, or refused by somebody who was shown no attestation that holds."""
    try:
        response = MESSAGES.read_response(session.recv())
    except peer.Ended:
        return
    assert not response["ok"], "it is admitted"
    assert response["protocol"] == 0 and not response["attestation"], "it is attested"
    ends(session.link)


def content(size):
    return (bytes(range(251)) * (size // 251 + 1))[:size]


# ---- running them --------------------------------------------------------------------------------


def judge(number, who, name, function, kind):
    """(whether it holds, the lines to print)"""
    lines, begun, label = [], time.monotonic(), f"{number} - interop/{who}: {name}"
    try:
        if MISSING:
            raise Skip(MISSING)
        if kind is None:
            function()
        else:
            with Bench(kind, lines=lines) as bench:
                function(bench)
        result = f"ok {label}"
    except Skip as reason:
        result = f"ok {label} # SKIP {reason}"
    except (AssertionError, Wrong, peer.Ended, OSError, ValueError, KeyError,
            subprocess.SubprocessError, concurrent.futures.TimeoutError) as error:
        lines += [f"# {line}" for line in f"{type(error).__name__}: {error}".splitlines()]
        result = f"not ok {label}"
    if options.times:
        lines.append(f"# {time.monotonic() - begun:.2f} s")
    return not result.startswith("not"), [*lines, result]


def run(rows):
    """Each is who is judged, a name, what to do, and of what kind the node is, or None. An exit code."""
    rows = [one for one in rows if options.only in one[1]]
    failed = 0
    # A row waits more than it works, and has a node of its own.
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for holds, lines in pool.map(lambda n, row: judge(n, *row), itertools.count(1), rows):
            failed += not holds
            print("\n".join(lines), flush=True)
    print(f"1..{len(rows)}")
    return failed > 0


def arguments():
    parser = argparse.ArgumentParser(
        description=sys.modules["__main__"].__doc__.split("\n", maxsplit=1)[0]
    )
    parser.add_argument("--capnp", default="capnp", help="the capnp tool")
    parser.add_argument("--root", required=True, help="the checkout: schemas and wire.md")
    parser.add_argument("--shared", help="has vectors/; NEXUS_SHARED goes before it")
    parser.add_argument("--daemon", help="dsoftbusd, to be judged")
    parser.add_argument("--nx", help="nx, with --daemon")
    parser.add_argument("--only", default="", help="rows with this in their name")
    parser.add_argument("--jobs", type=int, default=3, help="rows at once")
    parser.add_argument("--times", action="store_true", help="how long each took")
    given = parser.parse_args()
    given.shared = os.environ.get("NEXUS_SHARED") or given.shared
    if bool(given.daemon) != bool(given.nx):
        parser.error("--daemon and --nx go together")
    return given


options = arguments()
if MISSING is None and shutil.which(options.capnp) is None:
    MISSING = f"{options.capnp} is missing (Debian's capnproto)"
MESSAGES = None if MISSING else peer.Messages(options.capnp, f"{options.root}/schemas")
