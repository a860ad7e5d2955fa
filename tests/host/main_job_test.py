#!/usr/bin/env python3
"""The main job over real sockets, and what it leaves behind, as rows. TAP; the arguments:
tools/main-job, dsoftbusd, nx."""

import contextlib
import glob
import hashlib
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

JOB, PROGRAM, NX = map(os.path.abspath, sys.argv[1:4])
PATIENCE_S = 100
MARKERS = [
    r"dsoftbusd: ready",
    r"dsoftbus: discovered n=\d+",
    r"dsoftbus: pair offer peer=<id> code=hidden",
    r"dsoftbus: paired peer=<id>",
    r"dsoftbus: msg open peer=<id> ch=greetings",
    r"dsoftbus: msg open peer=<id> ch=greetings",
    r"dsoftbus: rpc open peer=<id> ch=node",
    r"dsoftbus: rpc open peer=<id> ch=node",
    r"dsoftbus: byte open peer=<id> ch=file",
]
MESSAGES = [b"the first node greets the second", b"and the second one greets the first"]

rows = []


def row(name):
    def keep(function):
        rows.append((name, function))
        return function

    return keep


class Skip(Exception):
    pass


# ---- running it ------------------------------------------------------------------------------------


def begin(folder, *args, program=PROGRAM, nx=NX):
    """The job with its temporary folders below the row's own."""
    os.makedirs(f"{folder}/tmp", exist_ok=True)
    return subprocess.Popen(
        [JOB, program, nx, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, cwd=folder, env={**os.environ, "TMPDIR": f"{folder}/tmp"},
    )


def result_of(process):
    output, said = process.communicate(timeout=PATIENCE_S)
    return subprocess.CompletedProcess(process.args, process.returncode, output, said)


def run(folder, *args, **how):
    result = result_of(begin(folder, *args, **how))
    nothing_is_left(folder)
    return result


def processes_of(folder):
    """The command lines that name it."""
    found = []
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        with contextlib.suppress(OSError), open(path, "rb") as file:
            line = file.read().replace(b"\0", b" ").decode(errors="replace")
            if f"{folder}/tmp/" in line:
                found.append(line)
    return found


def nothing_is_left(folder):
    assert os.listdir(f"{folder}/tmp") == [], os.listdir(f"{folder}/tmp")
    assert processes_of(folder) == [], processes_of(folder)


def write(path, content, mode=0o600):
    with open(path, "wb") as file:
        file.write(content)
    os.chmod(path, mode)
    return path


def shim(folder, *lines):
    """An nx that does something besides; "$@" is what it was called with."""
    text = ["#!/bin/sh", f"nx='{NX}'", f"folder='{folder}'", *lines]
    return write(f"{folder}/nx", ("\n".join(text) + "\n").encode(), 0o700)


def check_markers(output):
    lines = output.split("\n\n")[0].splitlines()
    shown = [re.sub(r"peer=[0-9a-f]{64}( |$)", r"peer=<id>\1", line) for line in lines]
    # Other devices may come and go on this machine.
    seen = [i for i, line in enumerate(shown) if line.startswith("dsoftbus: discovered")]
    shown = [line for i, line in enumerate(shown) if i not in seen[1:]]
    assert len(shown) == len(MARKERS), lines
    for line, pattern in zip(shown, MARKERS):
        assert re.fullmatch(pattern, line), line


# ---- what goes over the wire -----------------------------------------------------------------------


class Ear:
    """Everything that goes over the loopback interface, as it is."""

    def __init__(self):
        try:
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
        except PermissionError as error:
            raise Skip("to listen on an interface takes root") from error
        force = getattr(socket, "SO_RCVBUFFORCE", 33)
        with contextlib.suppress(PermissionError):
            self.socket.setsockopt(socket.SOL_SOCKET, force, 256 << 20)
        self.socket.bind(("lo", 3))
        self.socket.settimeout(0.2)
        self.packets = []
        self.is_over = False
        self.thread = threading.Thread(target=self.listen)
        self.thread.start()

    def listen(self):
        while True:
            try:
                packet, (_, _, kind, *_) = self.socket.recvfrom(1 << 17)
            except TimeoutError:
                if self.is_over:
                    return
                continue
            if kind != socket.PACKET_OUTGOING:
                self.packets.append(packet)

    def heard(self):
        self.is_over = True
        self.thread.join()
        self.socket.close()
        return self.packets


# ---- rows ------------------------------------------------------------------------------------------


@row("all of it happens: exit 0, the markers in order, one summary, and nothing is left behind")
def _(folder):
    content = os.urandom(1_000_003)
    result = run(folder, write(f"{folder}/blob", content))
    assert result.returncode == 0, result.stderr
    check_markers(result.stdout)
    assert hashlib.sha256(content).hexdigest() in result.stdout
    assert result.stderr == "", result.stderr


@row("--json is one value and nothing else, the markers go to standard error; --into keeps the copy, in place of an older one")
def _(folder):
    content = os.urandom(100)
    os.mkdir(f"{folder}/into")
    write(f"{folder}/into/a blob", b"older")
    result = run(folder, "--json", "--into", f"{folder}/into", write(f"{folder}/a blob", content))
    assert result.returncode == 0, result.stderr
    check_markers(result.stderr)
    summary = json.loads(result.stdout)
    assert summary["schema"] == 1 and summary["file_bytes"] == 100, summary
    assert summary["calls"] == 2 and summary["doctor"] == "ok", summary
    assert summary["mb_per_s"] > 0 and 0 < summary["round_trip_ms"] < 1000, summary
    assert summary["sha256"] == hashlib.sha256(content).hexdigest()
    with open(f"{folder}/into/a blob", "rb") as file:
        assert file.read() == content
    assert os.listdir(f"{folder}/into") == ["a blob"]


@row("an empty file is a file")
def _(folder):
    result = run(folder, "--json", write(f"{folder}/empty", b""))
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["file_bytes"] == 0


@row("a capture of it holds nothing of the file, the messages or the code")
def _(folder):
    token = os.urandom(16).hex().encode()
    source = write(f"{folder}/blob", token * 40000)
    nx = shim(folder, 'case "$*" in', '*"pair offer"*) "$nx" "$@" | tee "$folder/offer" ;;',
              '*) exec "$nx" "$@" ;;', "esac")
    ear = Ear()
    try:
        result = run(folder, source, nx=nx)
    finally:
        packets = ear.heard()
    assert result.returncode == 0, result.stderr
    with open(f"{folder}/offer", encoding="utf-8") as file:
        code = re.search(r"^code: (\d{6})$", file.read(), re.M)[1]
    peer = re.search(r"peer=([0-9a-f]{64})", result.stdout)[1]

    # That it heard at all: beacons say who they are from, and the file is about as long as it is.
    assert any(b"NXSB" in packet and peer.encode() in packet for packet in packets)
    assert sum(map(len, packets)) > len(token) * 40000
    for secret in (token, code.encode(), *MESSAGES, b"greetings"):
        assert not any(secret in packet for packet in packets), secret
    assert code not in re.sub(r"[0-9a-f]{64}", "", result.stdout), "the code is in the markers"


@row("a copy with one byte changed is noticed")
def _(folder):
    nx = shim(folder, '"$nx" "$@" || exit', 'case "$*" in *"byte recv"*)',
              'printf X | dd of="$7" bs=1 seek=9 conv=notrunc 2>/dev/null ;;', "esac")
    result = run(folder, write(f"{folder}/blob", b"." * 100), nx=nx)
    assert result.returncode == 1 and "is not what was sent" in result.stderr, result.stderr


@row("a session that is not refused after unpairing is noticed")
def _(folder):
    nx = shim(folder, 'case "$*" in *"unpair"*) exit 0 ;; esac', 'exec "$nx" "$@"')
    result = run(folder, write(f"{folder}/blob", b"x"), nx=nx)
    assert result.returncode == 1 and "still has a session" in result.stderr, result.stderr


@row("a wrong code pairs nobody, and says so within its patience")
def _(folder):
    nx = shim(folder, 'case "$*" in *"pair accept"*)', "read -r code",
              'if [ "$code" = 000000 ]; then code=000001; else code=000000; fi',
              'echo "$code" | "$nx" "$@" ;;', '*) exec "$nx" "$@" ;;', "esac")
    result = run(folder, write(f"{folder}/blob", b"x"), nx=nx)
    assert result.returncode == 1 and "they do not pair" in result.stderr, result.stderr


@row("a daemon that ends is noticed, with what it said")
def _(folder):
    program = write(f"{folder}/dsoftbusd", b"#!/bin/sh\necho over and out >&2\nexit 1\n", 0o700)
    result = run(folder, write(f"{folder}/blob", b"x"), program=program)
    assert result.returncode == 1 and "over and out" in result.stderr, result.stderr


@row("what cannot be meant is one line, exit code 2, before anything begins")
def _(folder):
    blob = write(f"{folder}/blob", b"x")
    for args in (["--loud"], [blob, blob], [f"{folder}/none"], [folder], ["--into"], ["--into", ""]):
        result = run(folder, *args)
        assert result.returncode == 2 and result.stdout == "", (args, result)
        assert len(result.stderr.splitlines()) == 1, (args, result.stderr)


@row("a signal at any moment ends it, with nothing left behind")
def _(folder):
    blob = write(f"{folder}/blob", os.urandom(20_000_000))
    chance = random.Random(4)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
        process = begin(folder, blob)
        time.sleep(chance.uniform(0.1, 2.5))
        process.send_signal(number)
        result = result_of(process)
        assert result.returncode in (128 + number, 0), (number, result)
        nothing_is_left(folder)


def main():
    failed = 0
    for number, (name, function) in enumerate(rows, 1):
        with tempfile.TemporaryDirectory() as folder:
            try:
                function(folder)
                print(f"ok {number} - host/main-job: {name}")
            except Skip as reason:
                print(f"ok {number} - host/main-job: {name} # SKIP {reason}")
            except (AssertionError, OSError, subprocess.SubprocessError, ValueError) as error:
                failed += 1
                for line in (str(error) or repr(error)).splitlines():
                    print(f"# {line}")
                print(f"not ok {number} - host/main-job: {name}")
        sys.stdout.flush()
    print(f"1..{len(rows)}")
    return failed > 0


sys.exit(main())
