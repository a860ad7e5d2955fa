#!/usr/bin/env python3
"""What 2,000 hostile connections a second cost a transfer between two paired nodes on loopback.

    bench/flood.py BUILD [--rate N] [--rounds N] [--seconds N] [--bound RATIO]

BUILD is a release build's folder. A stream of zeros runs from one dsoftbusd to the other all the while. In
each round three windows follow one another: quiet; the flood against the receiving daemon; and the same
flood against a program that accepts and drops, for what the attacker and the system cost the machine by
themselves, with whom the nodes share its cores. Printed are medians over the rounds, as
RESULT<tab>flood<tab>workload<tab>metric<tab>value, and the memory of the daemon before and after.
--bound makes a ratio below it a failure."""

import argparse
import contextlib
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time


def result(workload, metric, value):
    print(f"RESULT\tflood\t{workload}\t{metric}\t{value}", flush=True)


class Node:
    def __init__(self, build, folder, name, stack):
        self.nx_program, self.state = f"{build}/cli/nx", f"{folder}/{name}"
        self.log = stack.enter_context(open(f"{folder}/{name}.log", "w", encoding="utf-8"))
        self.process = subprocess.Popen(
            [f"{build}/daemons/dsoftbusd/dsoftbusd", "--state", self.state, "--name", name,
             "--listen", "127.0.0.1:0", "--discovery", "loopback"],
            stdout=self.log, stderr=self.log)
        stack.callback(self.stop)
        until = time.monotonic() + 20
        while True:
            shown = self.nx("status", "--json")
            if shown.returncode == 0:
                break
            assert self.process.poll() is None and time.monotonic() < until, "it does not start"
            time.sleep(0.05)
        value = json.loads(shown.stdout)
        self.id, self.static, self.address = (
            value["device_id"], value["noise_static"], value["listen"][0])

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def nx(self, *words):
        return subprocess.run([self.nx_program, "--state", self.state, *words],
                              capture_output=True, text=True, timeout=60, check=False)

    def popen(self, *words, **how):
        return subprocess.Popen([self.nx_program, "--state", self.state, *words], **how)

    def counts(self):
        return json.loads(self.nx("status", "--json").stdout)["counts"]

    def cpu_s(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="utf-8") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_kib(self):
        with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as file:
            return int(re.search(r"RssAnon:\s+(\d+)", file.read())[1])


def paired(first, second):
    until = time.monotonic() + 30
    for node, other in ((first, second), (second, first)):
        while other.id not in node.nx("bus", "discover", "--json").stdout:
            assert time.monotonic() < until, "they do not find each other"
            time.sleep(0.2)
    offer = first.popen("bus", "pair", "offer", second.id, stdout=subprocess.PIPE,
                        stderr=subprocess.DEVNULL, text=True)
    code = next(line.split()[1] for line in offer.stdout if line.startswith("code: "))
    accept = subprocess.run(
        [second.nx_program, "--state", second.state, "bus", "pair", "accept", first.id],
        input=code + "\n", capture_output=True, text=True, timeout=60, check=False)
    offer.communicate(timeout=60)
    assert accept.returncode == 0 and offer.returncode == 0, accept.stderr
    while first.nx("bus", "ping", second.id).returncode != 0:
        assert time.monotonic() < until + 30, "there is no session"
        time.sleep(0.2)


class Meter(threading.Thread):
    """Bytes received so far, at moments ten times a second."""

    def __init__(self, lines):
        super().__init__(daemon=True)
        self.lines, self.seen = lines, [(0.0, 0)]

    def run(self):
        for line in self.lines:
            at_ms, total = map(int, line.split())
            self.seen.append((at_ms / 1000, total))

    def rate(self, begin, end):
        inside = [one for one in self.seen if begin <= one[0] <= end]
        assert len(inside) >= 2, "nothing arrived"
        (t0, b0), (t1, b1) = inside[0], inside[-1]
        return (b1 - b0) / (t1 - t0) / 1e6


def measure(build, arguments):
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        sender, receiver = (Node(build, folder, name, stack) for name in ("sender", "receiver"))
        paired(receiver, sender)
        flood = f"{build}/bench/flood"

        sink = stack.enter_context(
            subprocess.Popen([flood, "sink"], stdout=subprocess.PIPE, text=True))
        stack.callback(sink.kill)
        sink_at = f"127.0.0.1:{sink.stdout.readline().strip()}"
        taker = receiver.popen("bus", "byte", "recv", "zeros", "-", stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL)
        stack.callback(taker.wait)
        stack.callback(taker.kill)
        counter = subprocess.Popen([flood, "meter"], stdin=taker.stdout, stdout=subprocess.PIPE,
                                   text=True)
        stack.callback(counter.wait)
        stack.callback(counter.kill)
        time.sleep(0.5)
        zeros = stack.enter_context(open("/dev/zero", "rb"))
        giver = sender.popen("bus", "byte", "send", receiver.id, "zeros", "-", stdin=zeros,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        stack.callback(giver.wait)
        stack.callback(giver.kill)
        meter = Meter(counter.stdout)
        meter.start()
        time.sleep(2)

        rates = {"quiet": [], "flood": [], "elsewhere": []}
        cpu = {"quiet": [], "flood": []}
        memory_kib = [receiver.memory_kib()]
        before = receiver.counts()
        for _ in range(arguments.rounds):
            for window in rates:
                attack = None
                if window != "quiet":
                    attack = subprocess.Popen(
                        [flood, "attack", receiver.address if window == "flood" else sink_at,
                         receiver.static, str(arguments.rate), str(arguments.seconds + 1)],
                        stdout=subprocess.PIPE, text=True)
                    time.sleep(0.5)
                begin, cpu_begin = time.monotonic(), receiver.cpu_s()
                time.sleep(arguments.seconds)
                end = time.monotonic()
                rates[window].append(meter.rate(begin, end))
                if window in cpu:
                    cpu[window].append((receiver.cpu_s() - cpu_begin) / (end - begin))
                if attack is not None:
                    said = attack.communicate(timeout=60)[0]
                    assert attack.returncode == 0
                    if window == "flood":
                        print(f"# {said.strip()}")
                time.sleep(1)
            memory_kib.append(receiver.memory_kib())
        after = receiver.counts()

    middle = {window: statistics.median(values) for window, values in rates.items()}
    for window, value in middle.items():
        result(window, "MB_per_s", f"{value:.0f}")
    for window, values in cpu.items():
        result(window, "receiver_cpu", f"{statistics.median(values):.2f}")
    ratio = statistics.median(f / q for f, q in zip(rates["flood"], rates["quiet"]))
    result("flood", "ratio_to_quiet", f"{ratio:.2f}")
    result("flood", "ratio_to_elsewhere",
           f"{statistics.median(f / e for f, e in zip(rates['flood'], rates['elsewhere'])):.2f}")
    result("flood", "attempts_per_s", arguments.rate)
    result("flood", "RssAnon_KiB_before", memory_kib[0])
    result("flood", "RssAnon_KiB_after_first_round", memory_kib[1])
    result("flood", "RssAnon_KiB_after_last_round", memory_kib[-1])
    for name in sorted(after):
        if name.startswith("gate."):
            result("flood", name, after[name] - before[name])
    return ratio


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("--rate", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--bound", type=float)
    arguments = parser.parse_args()
    ratio = measure(os.path.abspath(arguments.build), arguments)
    if arguments.bound is not None and ratio < arguments.bound:
        print(f"flood: {ratio:.2f} of the throughput is left, and {arguments.bound} was wanted")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
