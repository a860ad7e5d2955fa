#!/usr/bin/env python3
"""What nx-localsim promises a person, as rows. TAP; the program is the one argument."""

import contextlib
import glob
import hashlib
import json
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time

PROGRAM = sys.argv[1]
MARKERS = [
    r"dsoftbusd: ready",
    r"dsoftbus: discovered n=2",
    r"dsoftbus: pair offer peer=peer-sim-01 code=\d{6}",
    r"dsoftbus: paired peer=peer-sim-01",
    r"dsoftbus: msg open peer=peer-sim-01 ch=talk",
    r"dsoftbus: rpc open peer=peer-sim-01 ch=node",
    r"dsoftbus: rpc open peer=peer-sim-01 ch=node",
    r"dsoftbus: byte open peer=peer-sim-01 ch=file",
]

rows = []


def row(name):
    def keep(function):
        rows.append((name, function))
        return function

    return keep


class Skip(Exception):
    pass


def run(*args, **options):
    """Runs the program with its temporary folders below the row's own."""
    return subprocess.run(
        [PROGRAM, *args], capture_output=True, text=True, timeout=100, check=False, **options
    )


def write(path, content):
    with open(path, "wb") as file:
        file.write(content)
    return path


def read(path):
    with open(path, "rb") as file:
        return file.read()


def markers(output):
    return [line for line in output.splitlines() if line.startswith("dsoftbus")]


def one_line(result, *words):
    """Exactly one line on standard error, and it has these words."""
    lines = result.stderr.splitlines()
    assert len(lines) == 1, f"{len(lines)} lines on standard error: {result.stderr!r}"
    for word in words:
        assert word in lines[0], f"{word!r} is not in {lines[0]!r}"


@row("all of it happens: exit 0, each marker once and in order, the file byte for byte")
def _(folder):
    content = os.urandom(300_000)
    source = write(f"{folder}/blob", content)
    result = run("--into", f"{folder}/into", source)
    assert result.returncode == 0, result.stderr
    lines = markers(result.stdout)
    assert len(lines) == len(MARKERS), lines
    for line, pattern in zip(lines, MARKERS):
        assert re.fullmatch(pattern, line), line
    assert read(f"{folder}/into/blob") == content
    assert hashlib.sha256(content).hexdigest() in result.stdout


@row("the same seed and file print the same markers, another seed another code")
def _(folder):
    source = write(f"{folder}/blob", b"x" * 1000)
    first, again, other = (
        markers(run("--seed", seed, "--into", folder + "/into", source).stdout)
        for seed in ("7", "7", "8")
    )
    assert first == again
    assert first[2] != other[2]
    assert first[:2] + first[3:] == other[:2] + other[3:]


@row("the largest seed is a seed")
def _(folder):
    result = run("--seed", str(2**64 - 1), "--into", folder + "/into", write(folder + "/f", b"x"))
    assert result.returncode == 0, result.stderr


@row("an empty file arrives as an empty file")
def _(folder):
    result = run("--into", f"{folder}/into", write(f"{folder}/empty", b""))
    assert result.returncode == 0, result.stderr
    assert read(f"{folder}/into/empty") == b""


@row("memory does not grow with the file")
def _(folder):
    def peak(size):
        path = f"{folder}/sparse{size}"
        with open(path, "wb") as file:
            file.truncate(size)
        result = subprocess.run(
            [sys.executable, "-c", PEAK, PROGRAM, "--into", f"{folder}/into", path],
            capture_output=True, text=True, timeout=100, check=True,
        )
        return int(result.stdout)

    small, large = peak(1 << 20), peak(48 << 20)
    assert large < small + 4096, f"{small} KiB for 1 MiB, {large} KiB for 48"


PEAK = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


@row("--json is one JSON value and nothing else; the markers go to standard error")
def _(folder):
    content = b"json" * 1000
    result = run("--json", "--into", f"{folder}/into", write(f"{folder}/f", content))
    assert result.returncode == 0, result.stderr
    value = json.loads(result.stdout)
    assert value["schema"] == 1
    assert value["file_bytes"] == len(content)
    assert value["sha256"] == hashlib.sha256(content).hexdigest()
    for water in value["high_water"].values():
        assert 0 <= water["used"] <= water["limit"]


@row("--help goes to standard output and says how to call it")
def _(_folder):
    result = run("--help")
    assert result.returncode == 0 and "usage:" in result.stdout and result.stderr == ""


WRONG = [
    ("no file", [], "FILE"),
    ("two files", ["a", "b"], "'b'"),
    ("an option that there is not", ["--sead", "1", "a"], "--sead"),
    ("an option without its value", ["--seed"], "--seed"),
    ("a seed that is a word", ["--seed", "x", "a"], "'x'"),
    ("a seed with a sign", ["--seed", "-1", "a"], "'-1'"),
    ("a seed with something behind it", ["--seed", "1x", "a"], "'1x'"),
    ("an empty seed", ["--seed", "", "a"], "whole number"),
    ("a seed over 64 bits", ["--seed", str(2**64), "a"], str(2**64)),
    ("no name of a folder to receive into", ["--into", "", "a"], "--into"),
    ("no name of a folder for the registry", ["--state", "", "a"], "--state"),
    ("an empty name of a file", [""], "FILE"),
    ("an option with a line feed in it", ["--a\nb"], "--ab"),
]

for what, arguments, word in WRONG:

    @row(f"wrong usage is one line and exit 2: {what}")
    def _(_folder, arguments=arguments, word=word):
        result = run(*arguments)
        assert result.returncode == 2, result.returncode
        assert result.stdout == ""
        one_line(result, word)


@row("a file that is not there is one line and exit 2, before anything begins")
def _(folder):
    result = run("--into", f"{folder}/into", f"{folder}/nothing")
    assert result.returncode == 2
    assert result.stdout == "" and not os.path.exists(f"{folder}/into")
    one_line(result, "nothing", "No such file")


@row("a folder is no file")
def _(folder):
    result = run("--into", f"{folder}/into", folder)
    assert result.returncode == 2 and result.stdout == ""
    one_line(result, "directory")


@row("a folder to receive into that cannot be made is one line and exit 1, before anything begins")
def _(folder):
    result = run("--into", f"{folder}/no/such", write(f"{folder}/f", b"x"))
    assert result.returncode == 1 and result.stdout == ""
    one_line(result, "no/such", "No such file")


@row("a folder that has the name of the file is found before the file is sent")
def _(folder):
    os.makedirs(f"{folder}/into/f")
    result = run("--into", f"{folder}/into", write(f"{folder}/f", b"x"))
    assert result.returncode == 1 and result.stdout == ""
    one_line(result, "into/f", "directory")
    assert os.listdir(f"{folder}/into") == ["f"]


@row("the file that is sent is not replaced by its copy, not through a link either")
def _(folder):
    source = write(f"{folder}/f", b"mine")
    before = os.stat(source)
    os.symlink("f", f"{folder}/link")
    for path in (source, f"{folder}/link"):
        result = run("--into", folder, path)
        assert result.returncode == 1 and result.stdout == ""
        one_line(result, "the very file")
    assert os.stat(source).st_ino == before.st_ino and os.path.islink(f"{folder}/link")
    assert sorted(os.listdir(folder)) == ["f", "link"]


@row("the longest name that a file can have arrives")
def _(folder):
    name = "n" * 255
    result = run("--into", f"{folder}/into", write(f"{folder}/{name}", b"x"))
    assert result.returncode == 0, result.stderr
    assert os.listdir(f"{folder}/into") == [name]


@row("a name cannot break a line of what is shown")
def _(folder):
    result = run("--into", f"{folder}/into", write(f"{folder}/a\nb\x1b[31m", b"x"))
    assert result.returncode == 0, result.stderr
    assert f"{folder}/into/ab[31m\n" in result.stdout
    result = run("--into", f"{folder}/into", f"{folder}/c\nd")
    assert result.returncode == 2
    one_line(result, "cd")


@row("stopped while it waits for the writer of a pipe it says so, and leaves nothing behind")
def _(folder):
    os.mkfifo(f"{folder}/pipe")
    os.mkdir(f"{folder}/tmp")
    process = subprocess.Popen(
        [PROGRAM, "--into", f"{folder}/into", f"{folder}/pipe"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "TMPDIR": f"{folder}/tmp"},
    )
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=30)
    assert process.returncode == 1 and output == ""
    assert "signal" in errors and len(errors.splitlines()) == 1, errors
    assert os.listdir(f"{folder}/tmp") == []


@row("progress of what has no size names none")
def _(folder):
    master, terminal = os.openpty()
    process = subprocess.Popen(
        [PROGRAM, "--into", f"{folder}/into", "/dev/zero"],
        stdout=subprocess.DEVNULL, stderr=terminal,
    )
    os.close(terminal)
    time.sleep(2.2)
    process.send_signal(signal.SIGINT)
    process.wait(timeout=30)
    shown = os.read(master, 65536).decode()
    os.close(master)
    assert "MB/s" in shown and " of " not in shown and "to go" not in shown, shown
    assert "\x1b[Knx-localsim: stopped" in shown, shown


@contextlib.contextmanager
def small_disk(folder):
    disk = f"{folder}/disk"
    os.mkdir(disk)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        raise Skip("mounting a small disk is not permitted here")
    try:
        yield disk
    finally:
        subprocess.run(["umount", disk], check=True)


@row("a full disk is one line and exit 1, and leaves no part of the file")
def _(folder):
    with small_disk(folder) as disk:
        result = run("--into", disk, write(f"{folder}/large", b"x" * 1_000_000))
        assert result.returncode == 1
        one_line(result, "No space left")
        assert os.listdir(disk) == []


@row("a full disk under the registry is one line that names the file, and exit 1")
def _(folder):
    with small_disk(folder) as disk:
        write(f"{disk}/full", b"x" * 65536)
        source = write(f"{folder}/f", b"x")
        result = run("--state", f"{disk}/state", "--into", f"{folder}/into", source)
        assert result.returncode == 1
        one_line(result, f"{disk}/state/registry.json: No space left")
        assert os.listdir(f"{disk}/state") == []


@row("the registry stays in --state, for its owner alone")
def _(folder):
    state = f"{folder}/state"
    result = run("--state", state, "--into", f"{folder}/into", write(f"{folder}/f", b"x"))
    assert result.returncode == 0, result.stderr
    assert os.stat(state).st_mode & 0o777 == 0o700
    assert os.stat(f"{state}/registry.json").st_mode & 0o777 == 0o600
    assert json.loads(read(f"{state}/registry.json"))["peers"][0]["id"] == "peer-sim-01"

    again = run("--state", state, "--into", f"{folder}/into", f"{folder}/f")
    assert again.returncode == 1
    one_line(again, state, "--state")


@row("a damaged registry is never no registry: one line, exit 1, and it is kept as .bad")
def _(folder):
    state = f"{folder}/state"
    os.mkdir(state, 0o700)
    os.chmod(write(f"{state}/registry.json", b'{"format":'), 0o600)
    for _ in range(2):
        result = run("--state", state, write(f"{folder}/f", b"x"))
        assert result.returncode == 1 and result.stdout == ""
        one_line(result, f"{state}/registry.json", "kept as", ".bad")
    assert read(f"{state}/registry.json.bad") == b'{"format":'


@row("a state folder that others may read is refused with a sentence")
def _(folder):
    state = f"{folder}/state"
    os.mkdir(state)
    os.chmod(state, 0o755)
    result = run("--state", state, write(f"{folder}/f", b"x"))
    assert result.returncode == 1 and result.stdout == ""
    one_line(result, state, "chmod 700")
    assert result.stderr.count(state) == 1, result.stderr


@row("a long path does not hide what is wrong with it")
def _(folder):
    state = f"{folder}/{'a' * 200}/{'b' * 200}"
    os.makedirs(state)
    result = run("--state", state, write(f"{folder}/f", b"x"))
    assert result.returncode == 1
    one_line(result, state, "chmod 700")


@row("standard output that cannot be written is one line and exit 1")
def _(folder):
    with open("/dev/full", "w", encoding="utf-8") as full:
        result = subprocess.run(
            [PROGRAM, "--into", f"{folder}/into", write(f"{folder}/f", b"x")],
            stdout=full, stderr=subprocess.PIPE, text=True, timeout=100, check=False,
        )
    assert result.returncode == 1
    one_line(result, "standard output")


@row("stopped halfway it leaves nothing behind")
def _(folder):
    path = f"{folder}/huge"
    with open(path, "wb") as file:
        file.truncate(1 << 40)
    os.mkdir(f"{folder}/tmp")
    process = subprocess.Popen(
        [PROGRAM, "--into", f"{folder}/into", path],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "TMPDIR": f"{folder}/tmp"},
    )
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if os.path.isdir(f"{folder}/into") and any(
            os.stat(f"{folder}/into/{name}").st_size > 0 for name in os.listdir(f"{folder}/into")
        ):
            break
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 1, process.returncode
    assert "signal" in errors, errors
    assert os.listdir(f"{folder}/into") == []
    assert os.listdir(f"{folder}/tmp") == []


@row("stopped halfway it takes the folder along that it made for the file in TMPDIR")
def _(folder):
    path = f"{folder}/huge"
    with open(path, "wb") as file:
        file.truncate(1 << 40)
    os.mkdir(f"{folder}/tmp")
    process = subprocess.Popen(
        [PROGRAM, path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "TMPDIR": f"{folder}/tmp"},
    )
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not glob.glob(f"{folder}/tmp/*/.*.part"):
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 1, process.returncode
    assert os.listdir(f"{folder}/tmp") == []


@row("what it makes for itself in TMPDIR is gone in the end")
def _(folder):
    os.mkdir(f"{folder}/tmp")
    result = run(
        "--into", f"{folder}/into", write(f"{folder}/f", b"x"),
        env={**os.environ, "TMPDIR": f"{folder}/tmp"},
    )
    assert result.returncode == 0, result.stderr
    assert os.listdir(f"{folder}/tmp") == []


def main():
    failed = 0
    for number, (name, function) in enumerate(rows, 1):
        with tempfile.TemporaryDirectory() as folder:
            try:
                function(folder)
                print(f"ok {number} - host/nx-localsim: {name}")
            except Skip as reason:
                print(f"ok {number} - host/nx-localsim: {name} # SKIP {reason}")
            except (AssertionError, OSError, subprocess.SubprocessError, ValueError) as error:
                failed += 1
                for line in str(error).splitlines():
                    print(f"# {line}")
                print(f"not ok {number} - host/nx-localsim: {name}")
        sys.stdout.flush()
    print(f"1..{len(rows)}")
    return failed > 0


sys.exit(main())
