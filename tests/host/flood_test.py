#!/usr/bin/env python3
"""What strangers who connect 2,000 times a second leave alone: counts and bytes, no times (bench/flood.py
has those). TAP; the argument: the folder of a build."""

import contextlib
import hashlib
import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # the tree stays as it is
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../bench"))
import flood

BUILD = os.path.abspath(sys.argv[1])
RATE, SECONDS = 2000, 3
# docs/contracts/limits.md: first messages looked at, at once and a second; and what may wait for a turn.
TURNS_BURST, TURNS_PER_SECOND, DELAY_S, PLACES = 8, 8, 2, 64
FILE_LEN = 24 << 20

rows = []


def row(name):
    def keep(function):
        rows.append((name, function))
        return function

    return keep


def attack(node, seconds=SECONDS):
    return subprocess.Popen(
        [f"{BUILD}/bench/flood", "attack", node.address, node.static, str(RATE), str(seconds)],
        stdout=subprocess.PIPE, text=True)


def told(process):
    """What became of its connections."""
    said = process.communicate(timeout=60)[0]
    assert process.returncode == 0
    return {name: int(value) for name, value in re.findall(r"([a-z-]+) (\d+)", said)}


@contextlib.contextmanager
def nodes(*names):
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        yield [flood.Node(BUILD, folder, name, stack) for name in names]


@row("of their first messages as many are looked at as there are turns, and no more")
def _():
    with nodes("node") as (node,):
        became = told(attack(node))
        most = TURNS_BURST + TURNS_PER_SECOND * (SECONDS + DELAY_S)
        assert became["connected"] > RATE, became  # a slow machine brings fewer than it wants
        assert became["answered"] <= most, (became, most)
        counts = node.counts()
        assert counts["gate.completed"] == 0 and counts["gate.refused-node"] > 0, counts


@row("memory and descriptors are after the second flood what they were after the first")
def _():
    with nodes("node") as (node,):
        told(attack(node))
        before = node.memory_kib()
        told(attack(node))
        after = node.memory_kib()
        assert after - before <= 512, (before, after)
        descriptors = len(os.listdir(f"/proc/{node.process.pid}/fd"))
        assert descriptors <= PLACES + 48, descriptors


@row("an established session and its stream go on all the while, and every byte arrives")
def _():
    with nodes("sender", "receiver") as (sender, receiver), tempfile.TemporaryDirectory() as folder:
        flood.paired(receiver, sender)
        data = os.urandom(FILE_LEN)
        with open(f"{folder}/sent", "wb") as file:
            file.write(data)
        taker = receiver.popen("bus", "byte", "recv", "file", f"{folder}/got",
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        assert "listening" in taker.stderr.readline()
        strangers = attack(receiver)
        sent = sender.nx("bus", "byte", "send", receiver.id, "file", f"{folder}/sent")
        assert sent.returncode == 0, sent.stderr
        assert taker.wait(60) == 0
        taker.stderr.close()
        assert told(strangers)["connected"] > 0
        with open(f"{folder}/got", "rb") as file:
            assert hashlib.sha256(file.read()).digest() == hashlib.sha256(data).digest()
        assert receiver.counts()["gate.completed"] <= 1, "its session was not the one that it had"


def main():
    print(f"1..{len(rows)}")
    failed = 0
    for number, (name, function) in enumerate(rows, 1):
        try:
            function()
            print(f"ok {number} - host/flood: {name}", flush=True)
        except Exception as error:  # pylint: disable=broad-except
            failed += 1
            print("# " + "\n# ".join(f"{type(error).__name__}: {error}".splitlines()))
            print(f"not ok {number} - host/flood: {name}", flush=True)
    return 1 if failed else 0


sys.exit(main())
