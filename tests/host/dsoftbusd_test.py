#!/usr/bin/env python3
"""What dsoftbusd promises whoever starts it, and what nobody can make it do, as rows. TAP; the
arguments: dsoftbusd, nx."""

import contextlib
import json
import os
import re
import resource
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True  # the tree stays as it is
from nx_daemon import ACCEPT, CALL, CANCEL, NEWS, OFFER, REPLY, encode

PROGRAM, NX = map(os.path.abspath, sys.argv[1:3])
PATIENCE_S = 20
NOBODY = 65533
ABORTED, NOT_FOUND = -6, -7  # docs/contracts/errors.md
IDENTITY = '{"signing_key":"%s"}' % ("00" * 32)

rows = []


def row(name):
    def keep(function):
        rows.append((name, function))
        return function

    return keep


# ---- running one -----------------------------------------------------------------------------------


def ended(*options, program=PROGRAM, **how):
    """One that has to end by itself."""
    return subprocess.run(
        [program, *options], capture_output=True, text=True, timeout=PATIENCE_S, check=False, **how
    )


def refused(result, code, *words):
    """It ended with that code, nothing on standard output, and one line with these words last."""
    lines = result.stderr.splitlines()
    assert result.returncode == code, (result.returncode, result.stderr)
    assert result.stdout == "", result.stdout
    assert all(line.startswith("dsoftbusd: ") for line in lines), result.stderr
    for word in words:
        assert word in lines[-1], f"{word!r} is not in {lines[-1]!r}"
    return lines


@contextlib.contextmanager
def daemon(state, *options, program=PROGRAM, discovery="off", **how):
    """One that serves; it has to end well when it is asked to, unless the row ended it."""
    process = subprocess.Popen(
        [program, "--state", state, "--listen", "127.0.0.1:0", "--discovery", discovery, *options],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **how,
    )
    try:
        until = time.monotonic() + PATIENCE_S
        while not os.path.exists(f"{state}/run/dsoftbusd.sock"):
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < until, "it does not start"
            time.sleep(0.02)
        yield process
        if process.poll() is None:
            process.terminate()
            output = process.communicate(timeout=PATIENCE_S)
            assert process.returncode == 0, (process.returncode, output)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def status(state):
    result = subprocess.run(
        [NX, "--state", state, "status", "--json"],
        capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def port_of(state):
    return int(status(state)["listen"][0].rpartition(":")[2])


def memory_kib(process):
    with open(f"/proc/{process.pid}/status", encoding="utf-8") as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read())[1])


def mode_of(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def write(path, text, mode=0o600):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)


def made(folder):
    state = f"{folder}/state"
    os.mkdir(state, 0o700)
    return state


def as_somebody(folder):
    """A state folder, and how to run the daemon as its owner, who is not root."""
    state = made(folder)
    if os.geteuid() != 0:
        return state, {}
    os.chmod(folder, 0o755)
    os.chown(state, NOBODY, NOBODY)
    program = shutil.copy(PROGRAM, folder)  # where that one may get at it
    return state, {"program": program, "user": NOBODY, "group": NOBODY, "extra_groups": []}


# ---- options ---------------------------------------------------------------------------------------


@row("--help and --version go to standard output, and are no failure")
def _(_folder):
    shown = ended("--help")
    assert shown.returncode == 0 and shown.stderr == "" and "--allow-v1" in shown.stdout
    assert re.fullmatch(r"dsoftbusd \d+\.\d+\.\d+\n", ended("--version").stdout)


USAGE = [
    ("without --state", [], "--state"),
    ("a --state that names no folder", ["--state", ""], "folder"),
    ("an option that does not exist", ["--no-such"], "--no-such"),
    ("an argument that belongs to no option", ["--state", "s", "word"], "word"),
    ("an option without its value", ["--state"], "needs a value"),
    ("a --listen that is no address", ["--listen", "here"], "here"),
    ("a --listen with a port beyond the last", ["--listen", "127.0.0.1:65536"], "65536"),
    ("a --listen at a group", ["--listen", "239.42.0.1:1"], "group"),
    ("five --listen", ["--listen", "127.0.0.1:0"] * 5, "4 times"),
    ("a --discovery that does not exist", ["--discovery", "loud"], "loud"),
    ("a --peer that is no address", ["--peer", "there"], "there"),
    ("a --peer that is a group", ["--peer", "[ff02::1]"], "group"),
    ("a --peer at port 0", ["--peer", "127.0.0.1:0"], "port 0"),
    ("seventeen --peer", ["--peer", "127.0.0.1"] * 17, "16 times"),
    ("an --iface that no interface can have as its name", ["--iface", "i" * 16], "iiii"),
    ("an --allow-v1 of 63 digits", ["--allow-v1", "a" * 63], "64"),
    ("an --allow-v1 in upper case", ["--allow-v1", "A" * 64], "64"),
    ("seventeen --allow-v1", ["--allow-v1", "a" * 64] * 17, "16 times"),
    ("a --state too long for its socket", ["--state", "s" * 90], "limit 100"),
    ("a --name of 33 bytes", ["--name", "n" * 33], "32"),
]


@row("what cannot be meant is told in one line before anything is touched, with exit code 2")
def _(folder):
    for name, options, word in USAGE:
        given = options if "--state" in options or not options else ["--state", folder + "/s", *options]
        env = {key: value for key, value in os.environ.items() if key != "NEXUS_STATE"}
        lines = refused(ended(*given, env=env, cwd=folder), 2, word)
        assert len(lines) == 1, (name, lines)
        assert os.listdir(folder) == [], name


@row("what was typed is shown as one line, whatever is in it")
def _(folder):
    lines = refused(ended("--state", f"{folder}/s", "--discovery", "a\nb\x1b[31m" + "x" * 5000), 2)
    assert len(lines) == 1 and "\x1b" not in lines[0] and lines[0].endswith("--help"), lines


@row("NEXUS_STATE stands for --state")
def _(folder):
    env = {**os.environ, "NEXUS_STATE": f"{folder}/missing/state"}
    refused(ended("--listen", "127.0.0.1:0", env=env), 1, f"{folder}/missing/state", "make that one")


# ---- what is in the way ----------------------------------------------------------------------------


@row("a port that is taken is named, and what to do")
def _(folder):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = "127.0.0.1:%d" % taken.getsockname()[1]
        refused(ended("--state", f"{folder}/s", "--listen", address), 1, address, "another port")
    assert not os.path.exists(f"{folder}/s/run")


@row("an --iface that is not there is told with those that are")
def _(folder):
    lines = refused(ended("--state", f"{folder}/s", "--iface", "nosuch9", "--iface", "lo",
                          "--listen", "192.0.2.1:0"), 1)
    assert len([line for line in lines if "--iface" in line]) == 1, lines
    assert re.search(r"nosuch9: there is no such .*there are: .*\blo\b", lines[0]), lines


@row("an address that is not this machine's is named")
def _(folder):
    refused(ended("--state", f"{folder}/s", "--listen", "192.0.2.1:0"), 1, "192.0.2.1", "addresses")


@row("a second one on the same state is told who is in the way, and the first one goes on")
def _(folder):
    with daemon(f"{folder}/s"):
        first = status(f"{folder}/s")
        refused(ended("--state", f"{folder}/s", "--listen", "127.0.0.1:0"), 1, "in use")
        assert status(f"{folder}/s")["device_id"] == first["device_id"]


@row("a state folder of another user, or that others can get into, is not touched")
def _(folder):
    state = made(folder)
    os.chmod(state, 0o755)
    refused(ended("--state", state, "--listen", "127.0.0.1:0"), 1, "chmod 700")
    os.chmod(state, 0o700)
    if os.geteuid() == 0:
        os.chown(state, NOBODY, NOBODY)
        refused(ended("--state", state, "--listen", "127.0.0.1:0"), 1, "another user")
    assert os.listdir(state) == []


@row("an identity that others can read, or that is none, is a failure, and stays as it is")
def _(folder):
    state = made(folder)
    write(f"{state}/identity.json", IDENTITY, 0o644)
    refused(ended("--state", state, "--listen", "127.0.0.1:0"), 1, "identity.json", "chmod 600")
    for text in ("", "{}", IDENTITY[:-3] + '"}', "\0" * 100):
        write(f"{state}/identity.json", text)
        refused(ended("--state", state, "--listen", "127.0.0.1:0"), 1, "copy")
        with open(f"{state}/identity.json", encoding="utf-8") as file:
            assert file.read() == text


@row("where no memory can be locked it does not start, and says so")
def _(folder):
    def no_locks():
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0))

    state, user = as_somebody(folder)  # root may lock what it likes
    refused(ended("--state", state, preexec_fn=no_locks, **user), 1, "ulimit -l")


@row("a damaged registry is set aside, and said; it serves without sessions")
def _(folder):
    state = made(folder)
    write(f"{state}/registry.json", "{")
    with daemon(state) as process:
        assert status(state)["registry"] != "ready"
        process.terminate()
        said = process.communicate(timeout=PATIENCE_S)[1]
    assert "registry.json" in said and "no sessions" in said, said
    assert os.path.exists(f"{state}/registry.json.bad")


@row("a start that cannot be counted is said, and is no failure")
def _(folder):
    state = made(folder)
    write(f"{state}/boot.json", "{")
    with daemon(state) as process:
        status(state)
        process.terminate()
        assert "boot" in process.communicate(timeout=PATIENCE_S)[1]


# ---- what it is while it runs ----------------------------------------------------------------------


@row("identity, registry and socket are its owner's alone; each start is counted")
def _(folder):
    state = f"{folder}/s"
    ids = set()
    for start in (1, 2):
        with daemon(state, umask=0):
            ids.add(status(state)["device_id"])
            assert mode_of(state) == 0o700 and mode_of(f"{state}/run") == 0o700
            assert mode_of(f"{state}/identity.json") == 0o600
            assert mode_of(f"{state}/run/dsoftbusd.sock") == 0o600
            with open(f"{state}/boot.json", encoding="utf-8") as file:
                assert json.load(file) == {"version": 1, "boots": start}
    assert len(ids) == 1


@row("--listen with port 0 takes a free one, which nx status shows, for each of them")
def _(folder):
    with daemon(f"{folder}/s", "--listen", "[::1]:0", "--listen", "127.0.0.1:0"):
        shown = status(f"{folder}/s")["listen"]
        assert len(set(shown)) == 3 and not any(address.endswith(":0") for address in shown), shown
        for address in shown:
            host, _, port = address.rpartition(":")
            socket.create_connection((host.strip("[]"), int(port)), PATIENCE_S).close()


@row("it keeps no core, and no other process of its user looks inside")
def _(folder):
    state, user = as_somebody(folder)
    with daemon(state, **user) as process:
        with open(f"/proc/{process.pid}/limits", encoding="utf-8") as file:
            limits = dict(re.findall(r"(Max .*?)\s{2,}(\S+)", file.read()))
        assert limits["Max core file size"] == "0", limits
        assert int(limits["Max open files"]) >= 600, limits
        # What may not be dumped belongs to root, whoever runs it.
        assert os.stat(f"/proc/{process.pid}/environ").st_uid == 0


@row("markers are lines on standard output, with nothing else there; without --markers it is silent")
def _(folder):
    for options, wanted in ((["--markers"], "dsoftbusd: ready\n"), ([], "")):
        with daemon(f"{folder}/s", *options) as process:
            status(f"{folder}/s")
            process.terminate()
            output = process.communicate(timeout=PATIENCE_S)
            assert process.returncode == 0 and output[0] == wanted, output


@row("nobody has to read what it says: with both outputs closed, or full, it serves all the same")
def _(folder):
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writer, b"x" * 4096)
    os.set_blocking(writer, True)
    for number, end in enumerate((lambda: None, lambda: os.close(reader))):
        end()
        process = subprocess.Popen(
            [PROGRAM, "--state", f"{folder}/{number}", "--listen", "127.0.0.1:0", "--markers",
             "--discovery", "off"], stdout=writer, stderr=writer,
        )
        try:
            until = time.monotonic() + PATIENCE_S
            while not os.path.exists(f"{folder}/{number}/run/dsoftbusd.sock"):
                assert process.poll() is None and time.monotonic() < until
                time.sleep(0.02)
            status(f"{folder}/{number}")
        finally:
            process.terminate()
            assert process.wait(PATIENCE_S) == 0
    os.close(writer)


# ---- its end ---------------------------------------------------------------------------------------


@row("SIGTERM and SIGINT end it with exit code 0; socket and temporary files are gone")
def _(folder):
    for number in (signal.SIGTERM, signal.SIGINT):
        with daemon(f"{folder}/s") as process:
            process.send_signal(number)
            process.communicate(timeout=PATIENCE_S)
            assert process.returncode == 0, process.returncode
        assert os.listdir(f"{folder}/s/run") == ["dsoftbusd.lock"]
        assert sorted(os.listdir(f"{folder}/s")) == ["boot.json", "identity.json", "run"]


@row("after kill -9 the next one takes the same folder, and is the same device")
def _(folder):
    with daemon(f"{folder}/s") as process:
        first = status(f"{folder}/s")["device_id"]
        process.kill()
        process.communicate()
    os.unlink(f"{folder}/s/run/dsoftbusd.sock")  # only so that the row can wait for the next one
    with daemon(f"{folder}/s"):
        assert status(f"{folder}/s")["device_id"] == first


@row("SIGHUP is no end")
def _(folder):
    with daemon(f"{folder}/s", discovery="loopback") as process:
        for _ in range(5):
            process.send_signal(signal.SIGHUP)
            status(f"{folder}/s")
        assert process.poll() is None


# ---- strangers -------------------------------------------------------------------------------------


def knock(port, number):
    """A connection of garbage; some of them are left open by whoever opened them."""
    garbage = [
        b"", b"\0", b"\0\0\0\xff\xff\xff\xff", b"GET / HTTP/1.1\r\n\r\n", os.urandom(37),
        b"\0\0\0\x20" + os.urandom(32), os.urandom(4000), b"\xff" * 70000,
    ][number % 8]
    connection = socket.socket()
    with contextlib.suppress(OSError):
        connection.settimeout(1)
        connection.connect(("127.0.0.1", port))
        connection.sendall(garbage)
    return connection


@row("a thousand connections of garbage: it answers all the while, and needs no more memory than before")
def _(folder):
    state = f"{folder}/s"
    with daemon(state) as process:
        port = port_of(state)
        for number in range(100):
            knock(port, number).close()
        before = memory_kib(process)
        kept = []
        for number in range(1000):
            kept.append(knock(port, number))
            if len(kept) > 100:
                kept.pop(0).close()
            if number % 100 == 0:
                begun = time.monotonic()
                status(state)
                assert time.monotonic() - begun < 5, "it does not answer"
        after = memory_kib(process)
        # A hundred that are open at once have their places; nothing grows with their number.
        assert after - before < 32768, (before, after)
        for connection in kept:
            connection.close()
        descriptors = len(os.listdir(f"/proc/{process.pid}/fd"))
        assert descriptors < 600, descriptors
    assert sorted(os.listdir(state)) == ["boot.json", "identity.json", "run"]


@row("garbage on its local socket costs only the client that sent it")
def _(folder):
    state = f"{folder}/s"
    with daemon(state):
        for number in range(100):
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as client:
                client.connect(f"{state}/run/dsoftbusd.sock")
                with contextlib.suppress(OSError):
                    client.send(os.urandom((number * 37) % 3000 + 1))
        status(state)


class Client:
    """One connection of a program, and the calls on it by their numbers."""

    def __init__(self, state):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(PATIENCE_S)
        self.socket.connect(f"{state}/run/dsoftbusd.sock")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def say(self, kind, operation, call_id, body=b""):
        head = struct.pack("<BBHIIiIB3x", 1, kind, operation, call_id, 0, 0, len(body), 0)
        self.socket.send(head + body)

    def hear(self):
        """(kind, call_id, status)"""
        _, kind, _, call_id, _, code = struct.unpack("<BBHIIi", self.socket.recv(70000)[:16])
        return kind, call_id, code


@row("the end of an offer that was cancelled is not that of the next one for the same device")
def _(folder):
    state = f"{folder}/s"
    body = encode("Offer", f'(peer = "{"ab" * 32}")')
    with daemon(state):
        with Client(state) as client:
            client.say(CALL, OFFER, 1, body)
            assert client.hear() == (NEWS, 1, 0)
            client.say(CANCEL, OFFER, 1)
            client.say(CALL, OFFER, 2, body)
            heard = {client.hear(), client.hear()}
            assert heard == {(REPLY, 1, ABORTED), (NEWS, 2, 0)}, heard
            assert status(state)["offer"] == "open"
            client.say(CANCEL, OFFER, 2)
            assert client.hear() == (REPLY, 2, ABORTED)  # and not a moment earlier
        assert status(state)["offer"] == "closed"


def memory_holds(process, text):
    """Only root may look, and the sanitizers' own regions are no memory of the daemon."""
    with open(f"/proc/{process.pid}/maps", encoding="utf-8") as maps:
        spans = re.findall(r"(?m)^([0-9a-f]+)-([0-9a-f]+) rw", maps.read())
    with open(f"/proc/{process.pid}/mem", "rb", 0) as memory:
        for first, end in ((int(first, 16), int(end, 16)) for first, end in spans):
            if end - first > 64 << 20:
                continue
            with contextlib.suppress(OSError):
                memory.seek(first)
                if text in memory.read(end - first):
                    return True
    return False


@row("digits that were typed are nowhere in its memory once the call is answered (as root)")
def _(folder):
    state = f"{folder}/s"
    if os.geteuid() != 0:
        return
    with daemon(state) as process, Client(state) as client:
        client.say(CALL, ACCEPT, 1, encode("Accept", '(peer = "nobody-here", code = "837462")'))
        assert client.hear() == (REPLY, 1, NOT_FOUND)
        assert memory_holds(process, b"dsoftbusd"), "it was not looked at"
        assert not memory_holds(process, b"837462")


def main():
    failed = 0
    for number, (name, function) in enumerate(rows, 1):
        with tempfile.TemporaryDirectory() as folder:
            try:
                function(folder)
                print(f"ok {number} - host/dsoftbusd: {name}")
            except (AssertionError, OSError, subprocess.SubprocessError, ValueError) as error:
                failed += 1
                for line in (str(error) or repr(error)).splitlines():
                    print(f"# {line}")
                print(f"not ok {number} - host/dsoftbusd: {name}")
        sys.stdout.flush()
    print(f"1..{len(rows)}")
    return failed > 0


sys.exit(main())
