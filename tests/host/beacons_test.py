#!/usr/bin/env python3
"""Beacons between two machines, as rows. TAP; the arguments: beacon_probe, tests/machines/netns.

Each row has two machines of its own, n1 and n2 on one cable; with --row N this program is what runs
beside them. Where no such machines can be had, the rows are skipped."""

import concurrent.futures
import select
import socket
import subprocess
import sys
import time

AT_ONCE = 4  # rows; most of each is waiting
PROBE, NETNS = sys.argv[1:3]
rows = []


def row(name, *machine):
    def keep(function):
        rows.append((name, machine, function))
        return function

    return keep


# ---- two machines --------------------------------------------------------------------------------


class Probe:
    """A node on one of the machines; its seed is also its number."""

    def __init__(self, machine, seed, mode, *options):
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", machine, PROBE, str(seed), mode, *options],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        first = self.process.stdout.readline()
        assert first == "ready\n", first

    def end(self):
        """(exit code, addresses found by id, the other lines)"""
        output = self.process.communicate(timeout=60)[0].splitlines()
        found = [line.split()[1:] for line in output if line.startswith("found ")]
        rest = [line for line in output if not line.startswith("found ")]
        return self.process.returncode, {line[0]: line[1:] for line in found}, rest


CABLE = ["--iface", "cable"]
WANT = ["--want", "1"]


def both(first, second):
    """Ends both, who had to find each other; the addresses of each by the other."""
    ends = [first.end(), second.end()]
    for code, found, rest in ends:
        assert code == 0 and len(found) == 1, (code, found, rest)
    assert ends[0][1].keys() != ends[1][1].keys(), ends
    return [sorted(*found.values()) for _, found, _ in ends]


def alone(probe):
    """Ends one that must run well and find nobody; its other lines."""
    code, found, rest = probe.end()
    assert code == 0 and found == {}, (code, found, rest)
    return rest


def cable(machine, *change):
    subprocess.run(["ip", "-n", machine, "link", "set", "cable", *change], check=True)


def scope(machine):
    """The number of its cable."""
    show = ["ip", "-n", machine, "-o", "link", "show", "cable"]
    return subprocess.run(show, capture_output=True, text=True, check=True).stdout.split(":")[0]


class Ear:
    """Everything at the port of beacons that comes out of the cable at a machine, as it is."""

    def __init__(self, machine):
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", machine, sys.executable, __file__, PROBE, NETNS, "--ear"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        assert self.process.stdout.readline() == "listening\n"

    def heard(self):
        """(hop limit, destination) of each, once each"""
        lines = self.process.communicate("stop\n", timeout=60)[0].splitlines()
        return sorted({tuple(line.split()) for line in lines})


def be_an_ear():
    ear = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
    ear.bind(("cable", 3))
    print("listening", flush=True)
    while sys.stdin not in select.select([ear, sys.stdin], [], [])[0]:
        packet, (_, protocol, kind, *_) = ear.recvfrom(65536)
        if kind == socket.PACKET_OUTGOING:
            continue
        if protocol == 0x0800 and packet[9] == 17 and packet[22:24] == b"\x90\x9c":
            print(packet[8], socket.inet_ntop(socket.AF_INET, packet[16:20]))
        if protocol == 0x86DD and packet[6] == 17 and packet[42:44] == b"\x90\x9c":
            print(packet[7], socket.inet_ntop(socket.AF_INET6, packet[24:40]))


# ---- rows ----------------------------------------------------------------------------------------


@row("two machines on a cable find each other by multicast, over both families")
def _():
    first, second = (Probe(f"n{i}", i, "multicast", *CABLE, *WANT) for i in (1, 2))
    at_first, at_second = both(first, second)
    assert at_first == ["10.77.0.2:34567", f"[fe80::2%{scope('n1')}]:34567"], at_first
    assert at_second == ["10.77.0.1:34567", f"[fe80::1%{scope('n2')}]:34567"], at_second


@row("over IPv4 alone", "--ipv4")
def _():
    first, second = (Probe(f"n{i}", i, "multicast", *CABLE, *WANT) for i in (1, 2))
    assert both(first, second) == [["10.77.0.2:34567"], ["10.77.0.1:34567"]]


@row("over IPv6 alone", "--ipv6")
def _():
    first, second = (Probe(f"n{i}", i, "multicast", *CABLE, *WANT) for i in (1, 2))
    at_first, at_second = both(first, second)
    assert at_first == [f"[fe80::2%{scope('n1')}]:34567"], at_first
    assert at_second == [f"[fe80::1%{scope('n2')}]:34567"], at_second


@row("a device that has no interface chosen sends to no group, and joins none")
def _():
    ear = Ear("n2")
    first, second = Probe("n1", 1, "multicast"), Probe("n2", 2, "multicast", *CABLE)
    assert alone(first)[0] == "sent 0 unsent 0 received 0"
    alone(second)
    assert ear.heard() == []


@row("where groups are lost nobody is found", "--no-multicast")
def _():
    first, second = (Probe(f"n{i}", i, "multicast", *CABLE) for i in (1, 2))
    alone(first)
    alone(second)


@row("where groups are lost a configured address is found, over IPv4", "--no-multicast")
def _():
    first = Probe("n1", 1, "multicast", *CABLE, "--peer", "10.77.0.2", *WANT)
    second = Probe("n2", 2, "multicast", *CABLE, "--peer", "10.77.0.1:37020", *WANT)
    assert both(first, second) == [["10.77.0.2:34567"], ["10.77.0.1:34567"]]


@row("where groups are lost a configured address is found, over IPv6", "--no-multicast")
def _():
    peer = f"[fe80::2%{scope('n1')}]"
    first = Probe("n1", 1, "multicast", *CABLE, "--peer", peer, *WANT)
    second = Probe("n2", 2, "multicast", "--peer", "[fd77::1]:37020", *WANT)
    at_first, at_second = both(first, second)
    assert at_first == ["[fd77::2]:34567"], at_first
    assert at_second == [f"[fe80::1%{scope('n2')}]:34567"], at_second


@row("nobody answers a beacon: who is not addressed and hears no groups stays unknown",
     "--no-multicast")
def _():
    first = Probe("n1", 1, "multicast", "--peer", "10.77.0.2")
    second = Probe("n2", 2, "multicast", *WANT)
    alone(first)
    code, found, _ = second.end()
    assert code == 0 and list(found.values()) == [["10.77.0.1:34567"]], found


@row("what goes to a group has hop limit 1, and nothing else leaves for the port of beacons")
def _():
    ear = Ear("n2")
    alone(Probe("n1", 1, "multicast", *CABLE))
    heard = ear.heard()
    assert heard == [("1", "239.42.0.1"), ("1", "ff12::4e58:5342")], heard


@row("loopback sends nothing through the cable, and finds who is on the same machine")
def _():
    ear = Ear("n2")
    options = [*CABLE, "--peer", "10.77.0.2", *WANT]
    first, second = (Probe("n1", i, "loopback", *options) for i in (1, 3))
    assert both(first, second) == [["127.0.0.1:34567"]] * 2
    assert ear.heard() == []


@row("loopback hears nothing that comes through the cable")
def _():
    first = Probe("n1", 1, "loopback", *CABLE)
    second = Probe("n2", 2, "multicast", *CABLE, "--peer", "10.77.0.1", "--peer", "[fd77::1]")
    alone(first)
    alone(second)


@row("quiet finds others, and sends nothing")
def _():
    ear = Ear("n2")
    first = Probe("n1", 1, "quiet", *CABLE, *WANT)
    second = Probe("n2", 2, "multicast", *CABLE)
    code, found, _ = first.end()
    assert code == 0 and len(found) == 1, found
    alone(second)
    assert ear.heard() == []


@row("off finds nobody, and sends nothing")
def _():
    ear = Ear("n2")
    first = Probe("n1", 1, "off", *CABLE, "--peer", "10.77.0.2")
    second = Probe("n2", 2, "multicast", *CABLE, "--peer", "10.77.0.1")
    alone(first)
    alone(second)
    assert ear.heard() == []


@row("several nodes of one machine have the port, and each hears the groups")
def _():
    probes = [Probe("n1", 1, "multicast", *CABLE, "--want", "2"),
              Probe("n1", 3, "multicast", *CABLE, "--want", "2"),
              Probe("n2", 2, "multicast", *CABLE, "--want", "2")]
    ends = [probe.end() for probe in probes]
    assert [(code, len(found)) for code, found, _ in ends] == [(0, 2)] * 3, ends


@row("a cable that is plugged in later is noticed within five seconds")
def _():
    cable("n1", "down")
    first, second = (Probe(f"n{i}", i, "multicast", *CABLE, *WANT) for i in (1, 2))
    time.sleep(1)
    cable("n1", "up")
    both(first, second)


@row("a machine without IPv6 announces over IPv4 as ever", "--ipv4")
def _():
    ear = Ear("n2")
    rest = alone(Probe("n1", 1, "multicast", *CABLE))
    assert "IPv4: " in rest, rest
    assert ear.heard() == [("1", "239.42.0.1")]


# ---- running them --------------------------------------------------------------------------------


def run_row(number):
    """What is to be printed of it; they run beside each other, each on machines of its own."""
    name, machine, _ = rows[number]
    result = subprocess.run(
        [NETNS, *machine, sys.executable, __file__, PROBE, NETNS, "--row", str(number)],
        capture_output=True, text=True, timeout=100, check=False,
    )
    words = (result.stdout + result.stderr).splitlines()
    if result.returncode == 77:
        return [f"ok {number + 1} - beacons: {name} # SKIP {words[-1]}"]
    if result.returncode == 0:
        return [f"ok {number + 1} - beacons: {name}"]
    return [*(f"# {line}" for line in words), f"not ok {number + 1} - beacons: {name}"]


def main():
    if sys.argv[3:] == ["--ear"]:
        be_an_ear()
        return 0
    if len(sys.argv) == 5:
        rows[int(sys.argv[4])][2]()
        return 0
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        results = list(pool.map(run_row, range(len(rows))))
    for lines in results:
        print("\n".join(lines))
    print(f"1..{len(rows)}")
    return 1 if any(lines[-1].startswith("not") for lines in results) else 0


if __name__ == "__main__":
    sys.exit(main())
