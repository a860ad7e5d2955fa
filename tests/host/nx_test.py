#!/usr/bin/env python3
"""What nx promises a person and a script, as rows. TAP; the program is the first argument.

Most rows put a script in the place of the daemon (nx_daemon.py). The last ones take two real
dsoftbusd, from NX_DSOFTBUSD or beside nx in the build folder."""

import contextlib
import hashlib
import json
import os
import re
import resource
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True  # the tree stays as it is
import nx_daemon as d

PROGRAM = sys.argv[1]
DAEMON = os.environ.get("NX_DSOFTBUSD") or os.path.join(
    os.path.dirname(PROGRAM), "../daemons/dsoftbusd/dsoftbusd")
OWN, OTHER, KEY = "a1" * 32, "b2" * 32, "c3" * 32
OPENED = f'(id = "{OTHER}", name = "laptop")'
ENVIRONMENT = {key: value for key, value in os.environ.items() if key != "NEXUS_STATE"}

# What nx exits with; `nx help exit-codes` and docs/nx.md say the same, and a row below compares.
(DONE, FAILED, USAGE, NO_DAEMON, NOT_FOUND, DENIED, TIMEOUT, BUSY, EXISTS, ENDED, VERSION,
 STOPPED) = range(12)

rows = []


class Skip(Exception):
    pass


def row(name):
    def keep(function):
        rows.append((name, function))
        return function

    return keep


def run(*args, data=None, env=None, **options):
    if data is None:
        options.setdefault("stdin", subprocess.DEVNULL)
    result = subprocess.run([PROGRAM, *args], input=data, capture_output="stdout" not in options,
                            timeout=60, check=False, env={**ENVIRONMENT, **(env or {})}, **options)
    result.text = (result.stdout or b"").decode(errors="replace")
    result.errors = (result.stderr or b"").decode(errors="replace")
    return result


def ask(folder, script, *args, **options):
    """Runs nx beside a daemon that does what the script says."""
    with tempfile.TemporaryDirectory(dir=folder) as state, d.Daemon(state, script):
        return run("--state", state, *args, **options)


def begin(state, *args, **options):
    return subprocess.Popen([PROGRAM, "--state", state, *args], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT,
                            bufsize=0, **options)


def finish(process):
    output, errors = process.communicate(timeout=30)
    return process.returncode, output.decode(errors="replace"), errors.decode()


def line_of(stream, seconds=20):
    assert select.select([stream], [], [], seconds)[0], "nothing was said in time"
    return stream.readline().decode().rstrip("\n")


def one_line(errors, *words):
    lines = errors.splitlines()
    assert len(lines) == 1, f"{len(lines)} lines on standard error: {errors!r}"
    for word in words:
        assert word in lines[0], f"{word!r} is not in {lines[0]!r}"


def write(path, content):
    with open(path, "wb") as file:
        file.write(content)
    return path


def read(path):
    with open(path, "rb") as file:
        return file.read()


def same(got, wanted):
    assert got == wanted, f"{repr(got)[:500]} instead of {repr(wanted)[:500]}"


def events(text):
    return [json.loads(line) for line in text.splitlines()]


def failure(result, code, *words):
    """With --json a failure is the last value on standard output, and nothing is on standard error."""
    same((result.returncode, result.errors), (code, ""))
    last = events(result.text)[-1]
    same((last["schema"], last["event"], last["exit"]), ("nx/1", "failed", code))
    for word in words:
        assert word in last["why"], f"{word!r} is not in {last['why']!r}"
    return last


# ---- what is typed --------------------------------------------------------------------------------

COMMANDS = ["status", "bus discover", "bus peers", "bus paired", "bus pair offer", "bus pair accept",
            "bus unpair", "bus connect", "bus ping", "bus call", "bus msg send", "bus msg recv",
            "bus byte send", "bus byte recv", "bus frame send", "bus frame recv", "bus watch", "limits",
            "doctor", "bugreport", "completion", "help"]


@row("--help lists every command, the exit codes and how a PEER is named")
def _(_folder):
    result = run("--help")
    same((result.returncode, result.errors), (0, ""))
    for command in COMMANDS:
        assert f"\n  {command} " in result.text or f"\n  {command}\n" in result.text, command
    assert not re.search(r" \n|  \S+  \n", result.text), "a blank too many"
    for word in ("Exit status: 0 done, 2 wrong usage, 3 no daemon; nx help exit-codes", "beginning of its id"):
        assert word in result.text, word


@row("--help of a group lists its commands and no others")
def _(_folder):
    text = run("bus", "pair", "--help").text
    assert "bus pair offer" in text and "bus pair accept" in text and "bus msg" not in text, text


for command in COMMANDS:

    @row(f"--help of a command says how to call it: {command}")
    def _(_folder, command=command):
        result = run(*command.split(), "--help")
        same((result.returncode, result.errors), (0, ""))
        assert result.text.startswith(f"usage: nx [--state DIR] {command}"), result.text
        assert "Exit status" in result.text


LONG = "x" * 60
V1 = ["bus", "connect", "--v1", "127.0.0.1:1", "--device-id", OWN, "--noise-static", KEY]
WRONG = [
    ("nothing at all", [], "say what to do"),
    ("a group alone", ["bus", "pair"], "nx bus pair --help"),
    ("a command that there is not", ["bus", "dance"], "'dance'"),
    ("a word that is no command", ["stat"], "'stat'"),
    ("a word behind a command without arguments", ["status", "now"], "no arguments"),
    ("an option that there is not", ["status", "--jason"], "--jason"),
    ("a letter that is no option", ["status", "-xy"], "'-x'"),
    ("an option without its value", ["status", "--state"], "--state"),
    ("an empty state folder", ["--state", "", "status"], "--state"),
    ("an option of another command", ["status", "--lines"], "--lines is not for 'status'"),
    ("no peer", ["bus", "unpair"], "takes PEER"),
    ("two peers", ["bus", "ping", "a", "b"], "takes PEER"),
    ("an empty peer", ["bus", "ping", ""], "PEER"),
    ("a call of nothing", ["bus", "call", "p"], "takes PEER SERVICE METHOD"),
    ("a service that nx does not know", ["bus", "call", "p", "clock", "now"], "the service node"),
    ("a method that node does not have", ["bus", "call", "p", "node", "dance"], "echo and info"),
    ("info of something", ["bus", "call", "p", "node", "info", "more"], "info takes nothing"),
    ("an echo of more than a body has", ["bus", "call", "p", "node", "echo", "x" * 61417], "61416 bytes"),
    ("a call of an empty peer", ["bus", "call", "", "node", "info"], "PEER"),
    ("a peer of 65 bytes", ["bus", "ping", "x" * 65], "64 bytes"),
    ("an empty channel", ["bus", "msg", "send", "p", ""], "CHANNEL"),
    ("a channel of 60 bytes", ["bus", "byte", "recv", LONG, "f"], "59 bytes"),
    ("no channel", ["bus", "msg", "send", "p"], "takes PEER CHANNEL"),
    ("a count of 0", ["bus", "ping", "p", "--count", "0"], "from 1 to"),
    ("a count with a sign", ["bus", "ping", "p", "--count", "-1"], "from 1 to"),
    ("a count with something behind it", ["bus", "ping", "p", "--count", "2x"], "'2x'"),
    ("--lines with a text", ["bus", "msg", "send", "p", "c", "--lines", "text"], "--lines"),
    ("--raw with --json", ["bus", "msg", "recv", "c", "--raw", "--json"], "--raw"),
    ("--json where standard output has the bytes", ["bus", "byte", "recv", "c", "--json"], "FILE"),
    ("a channel of frames that is no number", ["bus", "frame", "send", "p", "talk"], "'talk'"),
    ("a channel of frames with a sign", ["bus", "frame", "recv", "p", "-1"], "'-1'"),
    ("a channel of frames of 2^32", ["bus", "frame", "recv", "p", "4294967296"], "4294967295"),
    ("a channel of frames of eleven digits", ["bus", "frame", "recv", "p", "00000000001"], "a number"),
    ("--raw with --output", ["bus", "frame", "recv", "p", "1", "--raw", "-o", "f"], "one of them"),
    ("-o without its value", ["bus", "frame", "recv", "p", "1", "-o"], "-o"),
    ("neither PEER nor --v1", ["bus", "connect"], "--v1"),
    ("PEER and --v1", [*V1, "peer"], "not both"),
    ("--v1 without a port", [*V1[:3], "127.0.0.1", *V1[4:]], "port"),
    ("--v1 at no address", [*V1[:3], "here:1", *V1[4:]], "ADDR:PORT"),
    ("--v1 without a device id", V1[:4] + V1[6:], "--device-id"),
    ("--v1 without a Noise static", V1[:6], "--noise-static"),
    ("a device id of 63 digits", [*V1[:5], OWN[1:], *V1[6:]], "--device-id"),
    ("a device id in upper case", [*V1[:5], OWN.upper(), *V1[6:]], "--device-id"),
    ("keys of a peer", ["bus", "connect", "peer", "--device-id", OWN], "--v1"),
    ("no state folder", ["status"], "NEXUS_STATE"),
]

for what, arguments, word in WRONG:

    @row(f"wrong usage is one line and exit 2: {what}")
    def _(folder, what=what, arguments=arguments, word=word):
        if what != "no state folder":
            arguments = ["--state", folder, *arguments]
        result = run(*arguments)
        same((result.returncode, result.text or result.errors), (2, result.errors or result.text))
        if "--json" in arguments:
            failure(result, USAGE, word)
        else:
            one_line(result.errors, "nx: ", word)
        same(os.listdir(folder), [])


@row("a code as an argument is wrong usage, and is not repeated")
def _(folder):
    result = run("--state", folder, "bus", "pair", "accept", "laptop", "314159")
    same((result.returncode, result.text), (2, ""))
    assert "314159" not in result.errors, result.errors


@row("without a daemon it is one line and exit 3, with what to start")
def _(folder):
    for arguments in (["status"], ["bus", "pair", "accept", "p"], ["bus", "msg", "recv", "c"]):
        result = run("--state", folder, *arguments)
        same((result.returncode, result.text), (3, ""))
        one_line(result.errors, folder, "start it with dsoftbusd --state")


@row("NEXUS_STATE stands in for --state, which goes first")
def _(folder):
    result = run("status", env={"NEXUS_STATE": f"{folder}/one"})
    one_line(result.errors, f"{folder}/one")
    result = run("status", "--state", f"{folder}/two", env={"NEXUS_STATE": f"{folder}/one"})
    one_line(result.errors, f"{folder}/two")


@row("a state folder whose socket's name would be too long is wrong usage, and told as that")
def _(folder):
    result = run("--state", f"{folder}/{'x' * 100}", "status")
    same(result.returncode, USAGE)
    one_line(result.errors, "100")


@row("a state folder cannot break a line of what is shown")
def _(folder):
    result = run("--state", f"{folder}/a\nb\x1b[31m", "status")
    same(result.returncode, 3)
    one_line(result.errors, "ab[31m")


# ---- calls ----------------------------------------------------------------------------------------

STATUS = (f'(version = "0.1.0", deviceId = "{OWN}", noiseStatic = "{KEY}", name = "kitchen", '
          'listen = ["127.0.0.1:4242", "[::1]:4242"], peerCount = 2, sessionCount = 1, '
          'discovery = loopback, registry = ready, uptimeMs = 200000, '
          'counts = [(name = "gate.limited", value = 3), (name = "gate.late", value = 0)])')
PEERS = [
    f'(id = "{OTHER}", name = "lap\\x1b[31m\\ntop", noiseStatic = "{KEY}", isPaired = true, '
    'isPresent = true, addresses = ["192.0.2.7:1"], session = up, sessionAddress = "192.0.2.7:1", '
    'sessionMs = 60000, protocol = 1)',
    f'(id = "{KEY}", name = "old", session = none, lastEnd = (status = -6, byPeer = true, '
    'code = 300, why = "enough\\x07", agoMs = 5000, unconfirmedMessages = 2, unconfirmedBytes = 9))',
]


def status_script(talk):
    same(talk.hear()[1], d.STATUS)
    talk.reply("Status", STATUS)
    same(talk.hear()[1], d.PEERS)
    for peer in PEERS:
        talk.news("Peer", peer)
    talk.reply()


@row("status --json has the names that scripts rely on")
def _(folder):
    result = ask(folder, status_script, "status", "--json")
    same((result.returncode, result.errors), (0, ""))
    page = json.loads(result.text)
    same((page["device_id"], page["noise_static"], page["version"]), (OWN, KEY, "0.1.0"))
    same(page["listen"], ["127.0.0.1:4242", "[::1]:4242"])
    same([peer["id"] for peer in page["peers"]], [OTHER, KEY])
    same([(s["id"], s["address"]) for s in page["sessions"]], [(OTHER, "192.0.2.7:1")])
    assert abs(page["sessions"][0]["since"] - (time.time() - 60)) < 5, page["sessions"]
    same(page["counts"], {"gate.limited": 3, "gate.late": 0})
    same(page["peers"][1]["last_end"]["unconfirmed_bytes"], 9)


@row("status for a person has no control characters of others, and says what remained unconfirmed")
def _(folder):
    result = ask(folder, status_script, "status")
    same(result.returncode, 0)
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", result.text), result.text
    assert "lap[31mtop" in result.text and "2 messages and 9 bytes unconfirmed" in result.text
    assert "gate.limited 3" in result.text and "gate.late" not in result.text


def peers_script(talk):
    talk.hear()
    for peer in PEERS:
        talk.news("Peer", peer)
    talk.reply()


@row("paired leaves out who only has a session")
def _(folder):
    peers = json.loads(ask(folder, peers_script, "bus", "peers", "--json").text)["peers"]
    paired = json.loads(ask(folder, peers_script, "bus", "paired", "--json").text)["peers"]
    same([[peer["id"] for peer in page] for page in (peers, paired)], [[OTHER, KEY], [OTHER]])


def answer(status, text=None):
    def script(talk):
        talk.hear()
        talk.fail(status, text)

    return script


FAILURES = [
    ("its own sentence", -7, NOT_FOUND, '(why = "no such \\x1bthing: look\\nthere")', ["no such thing: lookthere"]),
    ("candidates of a name", -7, NOT_FOUND, f'(why = "lap fits 2", candidates = [(id = "{OTHER}", name = "laptop"), '
     f'(id = "{KEY}", name = "lap\\x1bdog")])', ["lap fits 2", "laptop", OTHER, "lapdog", KEY, "beginning"]),
    ("no sentence", -7, NOT_FOUND, None, ["no such thing", "nx bus discover"]),
    ("a status of a later version", -99, VERSION, None, ["nx: "]),
    ("spent digits", -10, DENIED, '(why = "wrong digits, and they are used up", codeSpent = true)',
     ["nx: wrong digits, and they are used up\n"]),
    ("spent digits of a daemon that says nothing else", -10, DENIED, "(codeSpent = true)", ["used up"]),
]

for what, status, code, text, words in FAILURES:

    @row(f"what the daemon refuses is an exit code and a sentence: {what}")
    def _(folder, status=status, code=code, text=text, words=words):
        result = ask(folder, answer(status, text), "bus", "unpair", "lap")
        same(result.returncode, code)
        for word in words:
            assert word in result.errors, result.errors
        assert not re.search(r"[\x00-\x09\x0b-\x1f]", result.errors), result.errors


@row("a daemon that ends the connection and goes on is of another version, and told as that")
def _(folder):
    result = ask(folder, lambda talk: talk.hear(), "status")
    same(result.returncode, NO_DAEMON)
    one_line(result.errors, "ended the connection", "another version")


@row("a daemon that is stopped in the middle is told as stopped")
def _(folder):
    def script(talk):
        talk.hear()
        os.unlink(f"{folder}/run/dsoftbusd.sock")

    with d.Daemon(folder, script):
        result = run("--state", folder, "status")
    same(result.returncode, NO_DAEMON)
    one_line(result.errors, "it was stopped")


SERVE = """
import os, socket, sys
listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
listener.bind(sys.argv[1])
listener.listen(1)
print("there", flush=True)
sys.stdin.read()
"""


@row("a daemon that is restarted in the middle is told as restarted")
def _(folder):
    path, others = f"{folder}/run/dsoftbusd.sock", []

    def script(talk):
        talk.hear()
        os.unlink(path)
        others.append(subprocess.Popen([sys.executable, "-c", SERVE, path], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE))
        others[0].stdout.readline()

    with d.Daemon(folder, script):
        result = run("--state", folder, "status")
    others[0].communicate(timeout=20)
    same(result.returncode, NO_DAEMON)
    one_line(result.errors, "restarted meanwhile", "try again")


@row("a daemon whose queue is full is told as that, after two seconds")
def _(folder):
    os.mkdir(f"{folder}/run", 0o700)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener, contextlib.ExitStack() as open_:
        listener.bind(f"{folder}/run/dsoftbusd.sock")
        listener.listen(0)
        for _ in range(2):
            waiting = open_.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET))
            waiting.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                waiting.connect(f"{folder}/run/dsoftbusd.sock")
        result = run("--state", folder, "status")
    same(result.returncode, BUSY)
    one_line(result.errors, "as many programs as it can", "later")


@row("a daemon that has no such operation is told as older, and what to do")
def _(folder):
    result = ask(folder, answer(-14), "limits")
    same(result.returncode, VERSION)
    one_line(result.errors, "older than this nx", "restart it")


@row("a daemon whose messages are of another version is told as that")
def _(folder):
    result = ask(folder, lambda talk: (talk.hear(), talk.connection.send(b"\x02" + bytes(23)), talk.hear()),
                 "status")
    same(result.returncode, VERSION)
    one_line(result.errors, "another version")


@row("a body that is none is told, and asks for one version")
def _(folder):
    def script(talk):
        talk.hear()
        talk.say(d.REPLY, b"\x00" * 7)

    result = ask(folder, script, "status")
    same(result.returncode, VERSION)
    one_line(result.errors, "one version")


@row("a daemon that does not answer is given up, and told so")
def _(folder):
    heard = []

    def script(talk):
        heard.append(talk.hear())
        heard.append(talk.hear())
        talk.hear()

    begun = time.monotonic()
    result = ask(folder, script, "status")
    same(result.returncode, TIMEOUT)
    one_line(result.errors, "did not answer in time")
    assert 4 < time.monotonic() - begun < 20
    same(heard[1][:2], (d.CANCEL, d.STATUS))


@row("standard output that takes nothing is exit 1")
def _(folder):
    with open("/dev/full", "wb") as full:
        result = ask(folder, status_script, "status", stdout=full, stderr=subprocess.PIPE)
    same(result.returncode, 1)
    one_line(result.errors, "standard output")


@row("connect says who, where and by which protocol; --v1 hands over address and keys")
def _(folder):
    asked = []

    def script(talk):
        _, operation, _, body = talk.hear()
        asked.append(d.decode("ConnectV1" if operation == d.CONNECT_V1 else "PeerName", body))
        talk.reply("Connected", f'(id = "{OTHER}", name = "laptop", address = "192.0.2.7:1", '
                   f'protocol = {int(operation == d.CONNECT)})')

    result = ask(folder, script, "bus", "connect", "lap")
    same((result.returncode, result.text), (0, f"connected: laptop {OTHER} at 192.0.2.7:1 (native)\n"))
    result = ask(folder, script, *V1, "--json")
    same((result.returncode, json.loads(result.text)["protocol"]), (0, "v1"))
    same(asked, ['(peer = "lap")',
                 f'(address = "127.0.0.1:1", deviceId = "{OWN}", noiseStatic = "{KEY}")'])


@row("ping asks as often as it was told")
def _(folder):
    def script(talk):
        while talk.hear() is not None:
            talk.reply("Pong", "(roundTripNs = 1234567)")

    result = ask(folder, script, "bus", "ping", "lap", "--count", "3", "--interval", "1")
    same((result.returncode, result.text), (0, "1: 1.234 ms\n2: 1.234 ms\n3: 1.234 ms\n"))
    result = ask(folder, script, "bus", "ping", "lap", "--json")
    same(events(result.text),
         [{"schema": "nx/1", "event": "pong", "number": 1, "round_trip_ns": 1234567}])


# ---- typed calls ----------------------------------------------------------------------------------

NODE = os.path.join(os.path.dirname(__file__), "../../schemas/node.capnp")


def of_node(verb, kind, given):
    options = ["--short"] if verb == "decode" else []
    return subprocess.run(["capnp", verb, *options, NODE, kind], input=given, stdout=subprocess.PIPE,
                          check=True).stdout


def answer_of(body, name="laptop"):
    escaped = "".join(f"\\x{byte:02x}" for byte in body)
    return f'(id = "{OTHER}", name = "{name}", body = "{escaped}")'


def node_script(asked, body):
    def script(talk):
        _, operation, _, asked_body = talk.hear()
        same(operation, d.BUS_CALL)
        asked.append(d.decode("Call", asked_body))
        talk.reply("Answer", answer_of(body))
    return script


@row("call: an echo is what was typed, with the words one behind the other")
def _(folder):
    asked, wanted = [], of_node("encode", "Echo", b'(data = "hello  there")')
    result = ask(folder, node_script(asked, wanted), "bus", "call", "lap", "node", "echo", "hello ", "there")
    same((result.returncode, result.text, result.errors), (0, "hello  there\n", ""))
    for word in ('peer = "lap"', 'service = "node"', "method = 0", "replyMax = 61440", "hello  there"):
        assert word in asked[0], asked[0]


@row("call: an echo of other bytes is a failure")
def _(folder):
    result = ask(folder, node_script([], of_node("encode", "Echo", b'(data = "hullo")')),
                 "bus", "call", "lap", "node", "echo", "hello")
    same((result.returncode, result.text), (1, ""))
    one_line(result.errors, "not what was sent")


@row("call: info as lines, and as one object")
def _(folder):
    asked = []
    body = of_node("encode", "Info", f'(name = "laptop", deviceId = "{OTHER}", version = "1.2", protocol = 1, '
                   'uptimeMs = 7000, sessionCount = 2, streamCount = 3, callCount = 4, '
                   'limits = [(name = "rpc_calls_max", value = 64)])'.encode())
    result = ask(folder, node_script(asked, body), "bus", "call", "lap", "node", "info")
    same(result.returncode, 0)
    for line in ("name          laptop", f"device id     {OTHER}", "version       1.2, protocol 1",
                 "up for        7 s", "limit         rpc_calls_max 64"):
        assert line in result.text.splitlines(), result.text
    result = ask(folder, node_script(asked, body), "bus", "call", "lap", "node", "info", "--json")
    page = json.loads(result.text)
    assert page.pop("round_trip_ns") > 0
    same(page, {"schema": "nx/1", "id": OTHER, "name": "laptop", "service": "node", "method": "info",
                "device_id": OTHER, "device_name": "laptop", "version": "1.2", "protocol": 1,
                "uptime_ms": 7000, "sessions": 2, "streams": 3, "calls": 4,
                "limits": {"rpc_calls_max": 64}})


@row("call: what the other device answers is shown without what a terminal obeys")
def _(folder):
    body = of_node("encode", "Info", b'(name = "red\\x1b[31m", version = "1\\n2")')
    result = ask(folder, node_script([], body), "bus", "call", "lap", "node", "info")
    same(result.returncode, 0)
    assert "\x1b" not in result.text and "red[31m" in result.text, result.text


@row("call: an answer that is none is a failure, and prints nothing")
def _(folder):
    result = ask(folder, node_script([], b"nonsense"), "bus", "call", "lap", "node", "info")
    same((result.returncode, result.text), (VERSION, ""))
    one_line(result.errors, "does not understand")
    result = ask(folder, node_script([], b"nonsense"), "bus", "call", "lap", "node", "info", "--json")
    same(len(events(result.text)), 1)
    failure(result, VERSION, "does not understand")


@row("call: a failure says why")
def _(folder):
    def script(talk):
        talk.hear()
        talk.fail(-14, '(why = "that device has no such service")')

    result = ask(folder, script, "bus", "call", "lap", "node", "info")
    same((result.returncode, result.text), (VERSION, ""))
    one_line(result.errors, "that device has no such service")
    failure(ask(folder, script, "bus", "call", "lap", "node", "info", "--json"), VERSION, "no such service")


@row("call: a body of the longest that there may be goes out")
def _(folder):
    asked, text = [], "x" * (61440 - 24)
    body = of_node("encode", "Echo", f'(data = "{text}")'.encode())
    result = ask(folder, node_script(asked, body), "bus", "call", "lap", "node", "echo", text)
    same((result.returncode, result.text, result.errors), (0, text + "\n", ""))
    assert text in asked[0]
    result = run("--state", folder, "bus", "call", "lap", "node", "echo", text + "x")
    same((result.returncode, result.text), (USAGE, ""))
    one_line(result.errors, "at most 61416 bytes")


# ---- the doctor -----------------------------------------------------------------------------------
# Its causes are those of tests/machines/doctor; here is what it makes of an answer.

RUNGS = {1: "interface", 2: "multicast", 3: "beacon", 4: "address", 5: "tcp", 6: "handshake", 7: "identity",
         8: "version", 9: "paired", 11: "service"}


def diagnosis(failed):
    """The answer of a daemon where that rung fails; None: none does."""
    state = {True: "ok", False: "notReached"}
    rungs = ", ".join(
        f'(rung = {rung}, word = "{word}", state = {"failed" if rung == failed else state[failed is None or rung < failed]}, '
        f'evidence = "saw {word}")' for rung, word in RUNGS.items())
    cause = "" if failed is None else ', cause = "some-cause", remedy = "mend it"'
    return f'(id = "{OTHER}", name = "laptop", rungs = [{rungs}]{cause})'


def examined(failed):
    def script(talk):
        same(talk.hear()[1], d.STATUS)
        talk.reply()
        same(talk.hear()[1], d.DOCTOR)
        talk.reply("Diagnosis", diagnosis(failed))
    return script


@row("doctor: where nothing is wrong each rung is a line, or one value")
def _(folder):
    result = ask(folder, examined(None), "doctor", "lap")
    same((result.returncode, result.errors), (DONE, ""))
    same([line.split()[:2] for line in result.text.splitlines()[:-2]],
         [["daemon", "ok"], *[[word, "ok"] for word in RUNGS.values()]])
    same(result.text.splitlines()[-1], "nothing is wrong")
    result = ask(folder, examined(None), "doctor", "lap", "--json")
    same((result.returncode, result.errors, len(events(result.text))), (DONE, "", 1))
    page = events(result.text)[0]
    same((page["schema"], page["ok"], page["rung"], page["cause"], page["remedy"], page["id"], page["name"]),
         ("nx/1", True, None, None, None, OTHER, "laptop"))
    assert "event" not in page


@row("doctor: the first rung that fails is the exit code, with its cause, and as JSON a failure")
def _(folder):
    for rung, word in RUNGS.items():
        result = ask(folder, examined(rung), "doctor", "lap")
        same((result.returncode, result.errors), (20 + rung, ""))
        same(result.text.splitlines()[-2:], [f"{word}: some-cause", "mend it"])
        result = ask(folder, examined(rung), "doctor", "lap", "--json")
        same(len(events(result.text)), 1)
        page = failure(result, 20 + rung, f"saw {word}")
        same((page["error"], page["ok"], page["rung"], page["cause"], page["remedy"]),
             (f"rung-{word}", False, word, "some-cause", "mend it"))
        same([finding["state"] for finding in page["rungs"]][:2], ["ok", "failed" if rung == 1 else "ok"])


@row("doctor: a daemon that is not there, says nothing that is understood or refuses is its first rung")
def _(folder):
    result = run("--state", folder, "doctor")
    same((result.returncode, result.errors), (NO_DAEMON, ""))
    assert "daemon: daemon-down" in result.text
    result = ask(folder, answer(-14), "doctor", "--json")
    same(failure(result, NO_DAEMON)["cause"], "daemon-version")
    one_line(ask(folder, lambda talk: (talk.hear(), talk.reply(), talk.hear(), talk.fail(-9)), "doctor").errors)


# ---- discovery ------------------------------------------------------------------------------------

def device(what, name="laptop", more=""):
    return f'(what = {what}, device = (id = "{OTHER}", name = "{name}"{more}))'


@row("discover --json is one object; a changed key is told")
def _(folder):
    def script(talk):
        same(d.decode("Discover", talk.hear()[3]), "(watch = false)")
        talk.news("Discovered", device("here", more=', addresses = ["192.0.2.7:1"], hasKeyConflict = true'))
        talk.reply()

    page = json.loads(ask(folder, script, "bus", "discover", "--json").text)
    same((page["devices"][0]["id"], page["devices"][0]["key_conflict"]), (OTHER, True))
    assert "ITS KEY IS NOT" in ask(folder, script, "bus", "discover").text


@row("discover --watch tells each event as it comes, and a signal ends it well")
def _(folder):
    heard = []

    def script(talk):
        heard.append(d.decode("Discover", talk.hear()[3]))
        for what in ("here", "listed", "seen", "keyConflict", "gone"):
            talk.news("Discovered", device(what))
        heard.append(talk.hear()[:2])
        talk.fail(-6)

    with d.Daemon(folder, script):
        process = begin(folder, "bus", "discover", "--watch", "--json")
        told = [json.loads(line_of(process.stdout))["event"] for _ in range(5)]
        process.send_signal(signal.SIGINT)
        same(finish(process), (0, "", ""))
    same(told, ["here", "listed", "seen", "key-conflict", "gone"])
    same(heard, ["(watch = true)", (d.CANCEL, d.DISCOVER)])


@row("discover --watch that missed something asks again")
def _(folder):
    heard = []

    def script(talk):
        talk.hear()
        talk.news("Discovered", "(what = missed)")
        heard.append(talk.hear()[0])
        heard.append(talk.hear()[0])
        talk.news("Discovered", device("here", "again"))
        talk.hear()
        talk.fail(-6)

    with d.Daemon(folder, script):
        process = begin(folder, "bus", "discover", "--watch")
        line_of(process.stdout)
        assert "again" in line_of(process.stdout)
        process.send_signal(signal.SIGTERM)
        same(finish(process)[0], 0)
    same(heard, [d.CANCEL, d.CALL])


# ---- pairing --------------------------------------------------------------------------------------

BEGUN = (f'(id = "{OTHER}", name = "laptop", noiseStatic = "{KEY}", lifeMs = 120000, '
         'addresses = ["192.0.2.7:1"]')


def offer_script(end):
    def script(talk):
        talk.hear()
        talk.reply("Status", STATUS)
        same(d.decode("Offer", talk.hear()[3]), '(peer = "lap")')
        talk.news("PairingBegun", BEGUN + ', code = "012345")')
        end(talk)

    return script


@row("offer prints what to type there, and the code on its own line, before it waits")
def _(folder):
    go = threading.Event()

    def end(talk):
        assert go.wait(20)
        talk.reply("Paired", OPENED)

    with d.Daemon(folder, offer_script(end)):
        process = begin(folder, "bus", "pair", "offer", "lap")
        lines = [line_of(process.stdout), line_of(process.stdout)]
        go.set()
        code, output, errors = finish(process)
    same(lines, [f"on the other device: nx bus pair accept {OWN[:16]}", "code: 012345"])
    same((code, output), (0, f"paired: laptop {OTHER}\n"))
    assert KEY in errors and "012345" not in errors, errors


@row("offer --json is an event on each line")
def _(folder):
    result = ask(folder, offer_script(lambda talk: talk.reply("Paired", OPENED)),
                 "bus", "pair", "offer", "lap", "--json")
    same([event["event"] for event in events(result.text)], ["offered", "paired"])
    same([events(result.text)[0][key] for key in ("code", "own_id")], ["012345", OWN])


@row("offer --json that fails says so as the last event, and nothing on standard error")
def _(folder):
    result = ask(folder, offer_script(lambda talk: talk.fail(-15, '(why = "nobody came")')),
                 "bus", "pair", "offer", "lap", "--json")
    failure(result, TIMEOUT, "nobody came")


@row("a signal takes the offer back, and says so")
def _(folder):
    heard = []

    def end(talk):
        heard.append(talk.hear()[:2])
        talk.fail(-6)

    with d.Daemon(folder, offer_script(end)):
        process = begin(folder, "bus", "pair", "offer", "lap")
        line_of(process.stdout)
        process.send_signal(signal.SIGINT)
        code, _, errors = finish(process)
    same(code, STOPPED)
    assert "stopped by a signal (Interrupt)" in errors, errors
    same(heard, [(d.CANCEL, d.OFFER)])


@row("a pairing that crosses the signal is a pairing")
def _(folder):
    def end(talk):
        talk.hear()
        talk.reply("Paired", OPENED)

    with d.Daemon(folder, offer_script(end)):
        process = begin(folder, "bus", "pair", "offer", "lap")
        line_of(process.stdout), line_of(process.stdout)
        process.send_signal(signal.SIGINT)
        same(finish(process)[:2], (0, f"paired: laptop {OTHER}\n"))


def accept_script(asked):
    def script(talk):
        asked.append(talk.hear())
        if asked[0] is not None:
            talk.news("PairingBegun", BEGUN + ")")
            talk.reply("Paired", OPENED)

    return script


for what, typed in [("a line", b"012345\n"), ("a line of DOS", b"012345\r\n"), ("no line feed", b"012345"),
                    ("blanks and a hyphen", b" 012-345 \n"), ("more lines", b"012345\n999999\n")]:

    @row(f"accept takes the code from standard input: {what}")
    def _(folder, typed=typed):
        asked = []
        result = ask(folder, accept_script(asked), "bus", "pair", "accept", "lap", data=typed)
        same((result.returncode, result.text), (0, f"paired: laptop {OTHER}\n"))
        same(d.decode("Accept", asked[0][3]), '(peer = "lap", code = "012345")')
        assert KEY in result.errors and "345" not in result.errors, result.errors


for what, typed in [("nothing", b""), ("five digits", b"01234\n"), ("seven digits", b"0123456\n"),
                    ("letters", b"O12345\n"), ("a hundred blanks before it", b" " * 100 + b"012345\n")]:

    @row(f"what is no code is wrong usage, and the daemon is not asked: {what}")
    def _(folder, typed=typed):
        asked = []
        result = ask(folder, accept_script(asked), "bus", "pair", "accept", "lap", data=typed)
        same((result.returncode, result.text, asked), (USAGE, "", [None]))
        one_line(result.errors, "six digits", "nothing was begun")
        assert "still good" not in result.errors


@row("accept asks for the code on a terminal")
def _(folder):
    asked = []
    ours, terminal = os.openpty()
    with d.Daemon(folder, accept_script(asked)):
        process = subprocess.Popen([PROGRAM, "--state", folder, "bus", "pair", "accept", "lap"],
                                   stdin=terminal, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env=ENVIRONMENT)
        shown = b""
        while b"code: " not in shown:
            assert select.select([process.stderr], [], [], 20)[0], shown
            shown += os.read(process.stderr.fileno(), 4096)
        os.write(ours, b"012345\n")
        same(finish(process)[0], 0)
    os.close(ours)
    os.close(terminal)
    same(d.decode("Accept", asked[0][3]), '(peer = "lap", code = "012345")')


@row("a signal at the prompt ends it before anything began")
def _(folder):
    asked = []
    with d.Daemon(folder, accept_script(asked)):
        process = subprocess.Popen([PROGRAM, "--state", folder, "bus", "pair", "accept", "lap"],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, env=ENVIRONMENT)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        process.wait(20)
        code, _, errors = finish(process)
    same((code, asked), (STOPPED, [None]))
    one_line(errors, "nothing was begun")


# ---- sending --------------------------------------------------------------------------------------

def taker(pieces, ended="(status = 2)", asked=None):
    """Takes a stream to its end: a list of (bytes, ends message)."""
    def script(talk):
        body = talk.hear()[3]
        if asked is not None:
            asked.append(d.decode("Open", body))
        talk.reply("Opened", OPENED)
        while True:
            message = talk.hear()
            if message is None or message[1] in (d.FINISH, d.ABORT):
                pieces.append(message and message[1:])
                break
            pieces.append((message[3], message[2] == d.ENDS_MESSAGE))
        if message is not None:
            talk.ended(ended)
            talk.hear()

    return script


def messages(pieces):
    """The messages that pieces are, with their end seen to."""
    same(pieces[-1], (d.FINISH, 0, b""))
    whole, open_ = [], b""
    for piece, ends in pieces[:-1]:
        assert len(piece) <= 65536
        open_ += piece
        if ends:
            whole.append(open_)
            open_ = b""
    same(open_, b"")
    return whole


LARGE = bytes(range(256)) * 800


def of(count, what):
    return f"{count} {what}{'s' * (count != 1)}"


SENDS = [
    ("words", ["hello", "there"], None, [b"hello there"]),
    ("an empty word", [""], None, [b""]),
    ("a word like an option, behind --", ["--", "--json"], None, [b"--json"]),
    ("200 KB as an argument", ["--", "x" * 100_000, "y" * 100_000],
     None, [b"x" * 100_000 + b" " + b"y" * 100_000]),
    ("standard input", [], b"all\nof it\n", [b"all\nof it\n"]),
    ("standard input by its name", ["-"], b"\x00\xff", [b"\x00\xff"]),
    ("empty standard input", [], b"", [b""]),
    ("large standard input", [], LARGE, [LARGE]),
    ("lines", ["--lines"], b"one\n\nthree", [b"one", b"", b"three"]),
    ("lines with a last line feed", ["--lines"], b"one\ntwo\n", [b"one", b"two"]),
    ("no lines", ["--lines"], b"", []),
    ("lines around the size of a piece", ["--lines"],
     b"".join(b"a" * n + b"\n" for n in (65535, 65536, 65537)), [b"a" * n for n in (65535, 65536, 65537)]),
]

for what, arguments, data, wanted in SENDS:

    @row(f"msg send: {what}")
    def _(folder, arguments=arguments, data=data, wanted=wanted):
        pieces = []
        result = ask(folder, taker(pieces), "bus", "msg", "send", "lap", "talk", *arguments, data=data)
        same((result.returncode, result.errors), (0, ""))
        assert messages(pieces) == wanted, [len(message) for message in messages(pieces)]
        same(result.text,
             f"sent: {of(len(wanted), 'message')}, {of(sum(map(len, wanted)), 'byte')} to laptop\n")


@row("open names peer, kind and channel")
def _(folder):
    asked = []
    ask(folder, taker([], asked=asked), "bus", "byte", "send", "lap", "file", data=b"x")
    same(asked, ['(peer = "lap", kind = byte, channel = "file", priority = 255)'])


ENDS = [
    ("unconfirmed", "(status = -5, unconfirmedMessages = 3, unconfirmedBytes = 70)",
     ["3 messages and 70 bytes remained unconfirmed", "closed"]),
    ("the other side's reason", '(status = -6, byPeer = true, code = 300, why = "full\\x1b\\n")',
     ["the other side ended the stream: full (code 300)"]),
    ("an end with something unconfirmed", "(status = 2, unconfirmedBytes = 1)", ["0 messages and 1 byte remained"]),
    ("a status of a later version", "(status = -99)", ["the stream ended"]),
]

for what, ended, words in ENDS:

    @row(f"what did not arrive is exit 9 and a sentence: {what}")
    def _(folder, ended=ended, words=words):
        result = ask(folder, taker([], ended), "bus", "msg", "send", "lap", "talk", "hello")
        same((result.returncode, result.text), (ENDED, ""))
        one_line(result.errors, *words)


@row("a daemon that goes before the last word is told as gone")
def _(folder):
    def script(talk):
        talk.hear()
        talk.reply("Opened", OPENED)
        talk.hear()

    result = ask(folder, script, "bus", "msg", "send", "lap", "talk", "hello")
    same((result.returncode, result.text), (NO_DAEMON, ""))
    one_line(result.errors, "ended the connection")


@row("byte send says bytes and SHA-256, and sends a file as it is")
def _(folder):
    path = write(f"{folder}/blob", LARGE)
    for arguments in ([], ["--json"]):
        pieces = []
        result = ask(folder, taker(pieces), "bus", "byte", "send", "lap", "file", path, *arguments)
        same(result.returncode, 0)
        assert b"".join(piece for piece, _ in pieces[:-1]) == LARGE
        assert not any(ends for _, ends in pieces[:-1])
        assert hashlib.sha256(LARGE).hexdigest() in result.text
        if arguments:
            same((json.loads(result.text)["event"], json.loads(result.text)["bytes"]),
                 ("sent", len(LARGE)))


@row("a file that is not there, and a folder, are exit 1 before the daemon is asked")
def _(folder):
    for path, word in ((f"{folder}/nothing", "No such file"), (folder, "directory")):
        result = run("--state", folder, "bus", "byte", "send", "lap", "file", path)
        same(result.returncode, 1)
        one_line(result.errors, word)


@row("a daemon that takes nothing is waited for without working, and then gets all of it")
def _(folder):
    path = write(f"{folder}/blob", LARGE * 20)
    pieces = []

    def script(talk):
        hear = talk.hear
        talk.hear = lambda: (time.sleep(1.5 if len(pieces) == 1 else 0), hear())[1]
        taker(pieces)(talk)

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = ask(folder, script, "bus", "byte", "send", "lap", "file", path)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    same(result.returncode, 0)
    assert b"".join(piece for piece, _ in pieces[:-1]) == LARGE * 20
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert used < 1.2, f"{used} s of work"


@row("a stream that ends while it is being sent over ends the sending")
def _(folder):
    def script(talk):
        talk.hear()
        talk.reply("Opened", OPENED)
        talk.hear()
        talk.ended('(status = -6, byPeer = true, code = 256, why = "no room", unconfirmedBytes = 5)')
        while talk.hear() is not None:
            pass

    result = ask(folder, script, "bus", "byte", "send", "lap", "file", "/dev/zero")
    same(result.returncode, ENDED)
    one_line(result.errors, "no room", "5 bytes")


@row("a signal aborts the stream, and the last word is waited for")
def _(folder):
    pieces, ours = [], os.pipe()
    with d.Daemon(folder, taker(pieces, "(status = -6, code = 1, unconfirmedBytes = 4)")):
        process = subprocess.Popen(
            [PROGRAM, "--state", folder, "bus", "byte", "send", "lap", "file"],
            stdin=ours[0], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT)
        os.write(ours[1], b"some")
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        code, _, errors = finish(process)
    os.close(ours[0])
    os.close(ours[1])
    same(code, STOPPED)
    one_line(errors, "stopped by a signal (Interrupt)", "4 bytes remained unconfirmed")
    same(pieces[0], (b"some", False))
    same((pieces[1][0], d.decode("Abort", pieces[1][2])[:9]), (d.ABORT, "(code = 1"))


# ---- receiving ------------------------------------------------------------------------------------

def giver(pieces, heard, ended="(status = 2)", finishes=True):
    """Gives a stream: pieces are (bytes, flags)."""
    def script(talk):
        heard.append(d.decode("Listen", talk.hear()[3]))
        talk.news()
        talk.reply("Opened", OPENED)
        for piece, flags in pieces:
            talk.stream(d.DATA, piece, flags)
        if finishes:
            talk.stream(d.FINISH)
        message = talk.hear()
        heard.append(message and message[1:])
        if message is not None:
            talk.ended(ended)
            talk.hear()

    return script


TALK = [(b"he", 0), (b"llo", 1), (b"", 1), (b"a\tb\n\x1b[31m\xff", 1)]


@row("msg recv: a line for each, without control characters")
def _(folder):
    heard = []
    result = ask(folder, giver(TALK, heard), "bus", "msg", "recv", "talk", "--peer", "lap")
    same((result.returncode, result.text), (0, "hello\n\nab[31m\n"))
    same(heard, ['(kind = msg, channel = "talk", peer = "lap")', (d.FINISH, 0, b"")])
    assert "listening on talk" in result.errors and OTHER in result.errors


@row("msg recv --raw: the bytes and nothing between")
def _(folder):
    result = ask(folder, giver(TALK, []), "bus", "msg", "recv", "talk", "--raw")
    same((result.returncode, result.stdout), (0, b"helloa\tb\n\x1b[31m\xff"))


@row("msg recv --json: an event for each, hex where it is no text")
def _(folder):
    result = ask(folder, giver(TALK + [(b"x\x00\n", 1)], []), "bus", "msg", "recv", "talk", "--json")
    same([event["event"] for event in events(result.text)],
         ["listening", "opened", "message", "message", "message", "message"])
    same([event.get("text", event.get("hex")) for event in events(result.text)[2:]],
         ["hello", "", b"a\tb\n\x1b[31m\xff".hex(), "x\x00\n"])


@row("msg recv --count ends after so many, whether or not the sender goes on")
def _(folder):
    for pieces in (TALK[:2], TALK):
        result = ask(folder, giver(pieces, [], finishes=len(pieces) == 2),
                     "bus", "msg", "recv", "talk", "--count", "1")
        same((result.returncode, result.text), (0, "hello\n"))


@row("msg recv --count of which fewer came is exit 9")
def _(folder):
    result = ask(folder, giver(TALK, []), "bus", "msg", "recv", "talk", "--count", "4")
    same(result.returncode, ENDED)
    assert "3 of 4" in result.errors, result.errors


for what, size, code in (("1 MiB is shown", 1 << 20, 0), ("a byte more is given up", (1 << 20) + 1, 1)):

    @row(f"msg recv: a message of {what}")
    def _(folder, size=size, code=code):
        heard = []
        pieces = [(b"x" * min(65536, size - at), int(at + 65536 >= size))
                  for at in range(0, size, 65536)]
        result = ask(folder, giver(pieces, heard), "bus", "msg", "recv", "talk")
        same((result.returncode, len(result.text)), (code, size + 1 if code == 0 else 0))
        if code != 0:
            assert "--raw" in result.errors, result.errors
            same(heard[1][0], d.ABORT)


# ---- frames of v1 nodes ---------------------------------------------------------------------------


FRAMES = [("no bytes", b""), ("a byte", b"\x00"), ("65,464 bytes", LARGE[:65464])]

for what, content in FRAMES:

    @row(f"frame send: {what}, from standard input and from a file")
    def _(folder, content=content):
        for arguments, data in (([], content), (["-"], content),
                                ([write(f"{folder}/frame", content)], None)):
            pieces, asked = [], []
            result = ask(folder, taker(pieces, asked=asked), "bus", "frame", "send", "lap", "7",
                         *arguments, data=data)
            same((result.returncode, result.errors), (0, ""))
            same(asked, ['(peer = "lap", kind = frame, channel = "7", priority = 255)'])
            same(pieces, [(content, True), (d.FINISH, 0, b"")])
            same(result.text, f"sent: a frame of {of(len(content), 'byte')} to laptop\n")


@row("frame send: a byte more than a frame holds is exit 1 before the daemon is asked")
def _(folder):
    result = run("--state", f"{folder}/none", "bus", "frame", "send", "lap", "7", data=LARGE[:65465])
    same((result.returncode, result.text), (1, ""))
    one_line(result.errors, "65464 bytes")


@row("frame send: a session that ends first is exit 9")
def _(folder):
    result = ask(folder, taker([], '(status = -5, why = "gone")'), "bus", "frame", "send", "lap", "7",
                 data=b"x")
    same((result.returncode, result.text), (ENDED, ""))
    one_line(result.errors, "gone")


def framer(frames, heard, ended=None):
    """Gives frames, and then waits for what nx does."""
    def script(talk):
        heard.append(d.decode("Open", talk.hear()[3]))
        talk.reply("Opened", OPENED)
        for frame in frames:
            talk.stream(d.DATA, frame, d.ENDS_MESSAGE)
        if ended is not None:
            talk.ended(ended)
        heard.append(talk.hear())

    return script


GIVEN = [b"hello", b"", b"a\n\x1b[31m\xff"]


@row("frame recv: a line for each; it leaves the channel without a word, which would end the session")
def _(folder):
    heard = []
    result = ask(folder, framer(GIVEN, heard), "bus", "frame", "recv", "lap", "7", "--count", "3")
    same((result.returncode, result.text), (0, "hello\n\na[31m\n"))
    same(heard, ['(peer = "lap", kind = frame, channel = "7", priority = 255)', None])
    one_line(result.errors, "nx: listening on 7", OTHER)


@row("frame recv --json: an event for each, hex where it is no text; --raw: the bytes")
def _(folder):
    arguments = ["bus", "frame", "recv", "lap", "7", "--count", "3"]
    result = ask(folder, framer(GIVEN, []), *arguments, "--json")
    same([event["event"] for event in events(result.text)], ["listening", "frame", "frame", "frame"])
    same([event.get("text", event.get("hex")) for event in events(result.text)[1:]],
         ["hello", "", GIVEN[2].hex()])
    result = ask(folder, framer(GIVEN, []), *arguments, "--raw")
    same((result.returncode, result.stdout), (0, b"".join(GIVEN)))


@row("frame recv -o: one frame in a file that is there when it is whole, and stays if it was there")
def _(folder):
    path = f"{folder}/kept"
    arguments = ["bus", "frame", "recv", "lap", "7", "-o", path]
    result = ask(folder, framer([LARGE[:65464], b"more"], []), *arguments)
    same((result.returncode, result.text, read(path)), (0, "", LARGE[:65464]))
    result = run("--state", f"{folder}/none", *arguments)
    same(result.returncode, EXISTS)
    one_line(result.errors, "--force")
    result = ask(folder, framer([b"x", b"y"], []), *arguments, "--force", "--count", "2")
    same((result.returncode, read(path)), (0, b"xy"))


@row("frame recv: the end of the session is exit 9, and leaves no file")
def _(folder):
    path = f"{folder}/kept"
    result = ask(folder, framer([b"x"], [], '(status = -5, why = "cut")'),
                 "bus", "frame", "recv", "lap", "7", "-o", path, "--count", "2")
    same((result.returncode, os.path.exists(path)), (ENDED, False))
    assert "cut" in result.errors, result.errors


@row("frame recv: a signal ends it, and no word of it ends the session")
def _(folder):
    heard = []
    with tempfile.TemporaryDirectory(dir=folder) as state, d.Daemon(state, framer([], heard)):
        process = begin(state, "bus", "frame", "recv", "lap", "7")
        assert "listening" in line_of(process.stderr)
        process.send_signal(signal.SIGTERM)
        code, _output, errors = finish(process)
        same(code, STOPPED)
        assert "signal" in errors, errors
        until(lambda: len(heard) == 2)
    same(heard[1], None)


# ---- files ----------------------------------------------------------------------------------------

PIECES = [(LARGE[at:at + 65536], 0) for at in range(0, len(LARGE), 65536)]


@row("byte recv: the file is there when it is whole, and then the sender is told")
def _(folder):
    heard, path = [], f"{folder}/blob"
    result = ask(folder, giver(PIECES, heard), "bus", "byte", "recv", "file", path)
    same(result.returncode, 0)
    assert read(path) == LARGE
    assert hashlib.sha256(LARGE).hexdigest() in result.text and path in result.text
    same(heard, ['(kind = byte, channel = "file")', (d.FINISH, 0, b"")])
    same(os.listdir(folder), ["blob"])


@row("byte recv: standard output has the bytes and nothing else")
def _(folder):
    result = ask(folder, giver(PIECES, []), "bus", "byte", "recv", "file")
    same((result.returncode, result.stdout == LARGE), (0, True))
    assert "sha256: " in result.errors, result.errors


@row("byte recv: a file that is there stays, before the daemon is asked; --force replaces it")
def _(folder):
    path = write(f"{folder}/blob", b"mine")
    result = run("--state", folder, "bus", "byte", "recv", "file", path)
    same((result.returncode, read(path)), (EXISTS, b"mine"))
    one_line(result.errors, "--force")
    result = ask(folder, giver(PIECES, []), "bus", "byte", "recv", "file", path, "--force")
    same((result.returncode, read(path) == LARGE), (0, True))


@row("byte recv: a file that came to be meanwhile stays, and the sender is told")
def _(folder):
    path, heard = f"{folder}/blob", []
    give = giver([(b"theirs", 0)], heard)

    def script(talk):
        stream = talk.stream
        talk.stream = lambda *what: (write(path, b"mine"), stream(*what))
        give(talk)

    result = ask(folder, script, "bus", "byte", "recv", "file", path)
    same((result.returncode, read(path), os.listdir(folder)), (1, b"mine", ["blob"]))
    assert "File exists" in result.errors, result.errors
    same((heard[1][0], d.decode("Abort", heard[1][2])[:11]), (d.ABORT, "(code = 256"))


NO_FILES = [("a folder", "", "no file"), ("a path that ends in /", "new/", "directory"),
            ("a folder that is not there", "no/such", "No such file"), ("a device", "/dev/null", "no file")]

for what, path, word in NO_FILES:

    @row(f"byte recv: a FILE that cannot be one is exit 1: {what}")
    def _(folder, path=path, word=word):
        result = ask(folder, lambda talk: talk.hear(), "bus", "byte", "recv", "file",
                     os.path.join(folder, path), "--force")
        same(result.returncode, 1)
        one_line(result.errors, word)


@row("byte recv: a stream that ends early leaves no file")
def _(folder):
    def script(talk):
        talk.hear()
        talk.reply("Opened", OPENED)
        talk.stream(d.DATA, b"part")
        talk.ended('(status = -6, byPeer = true, code = 1, why = "gone")')
        talk.hear()

    result = ask(folder, script, "bus", "byte", "recv", "file", f"{folder}/blob")
    same((result.returncode, os.listdir(folder)), (ENDED, []))
    assert "gone" in result.errors, result.errors


@row("byte recv: a signal leaves no file")
def _(folder):
    heard = []
    os.mkdir(f"{folder}/into")
    with d.Daemon(folder, giver([(b"part", 0)], heard, "(status = -6, code = 1)", finishes=False)):
        process = begin(folder, "bus", "byte", "recv", "file", f"{folder}/into/blob")
        line_of(process.stderr)
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        same(finish(process)[0], STOPPED)
    same((os.listdir(f"{folder}/into"), heard[1][0]), ([], d.ABORT))


@row("byte recv: after a signal nothing further is written, however much has come")
def _(folder):
    full, heard = threading.Event(), []

    def script(talk):
        talk.hear()
        talk.news()
        talk.reply("Opened", OPENED)
        talk.stream(d.DATA, b"first")
        assert full.wait(20)
        for _ in range(3):
            talk.stream(d.DATA, b"x" * 10_000)
        full.clear()
        heard.append(talk.hear()[1])
        talk.ended("(status = -6, code = 1)")

    with d.Daemon(folder, script):
        process = begin(folder, "bus", "byte", "recv", "file")
        same(process.stdout.read(5), b"first")
        process.send_signal(signal.SIGSTOP)
        os.waitpid(process.pid, os.WUNTRACED)
        full.set()
        until(lambda: not full.is_set())
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGCONT)
        code, output, errors = finish(process)
    same((code, output, heard), (STOPPED, "", [d.ABORT]))
    assert "stopped by a signal (Terminated)" in errors, errors


for what, arguments in (("bytes", ["byte", "recv", "c"]), ("messages", ["msg", "recv", "c", "--raw"])):

    @row(f"a signal is told as one also while standard output is full: {what}")
    def _(folder, arguments=arguments):
        heard = []
        with d.Daemon(folder, giver([(LARGE[:65536], 1)] * 4, heard, "(status = -6, code = 1)",
                                    finishes=False)):
            process = begin(folder, "bus", *arguments)
            time.sleep(1)
            process.send_signal(signal.SIGINT)
            process.wait(20)
            code, _, errors = finish(process)
        same((code, heard[1][0], d.decode("Abort", heard[1][2])[:9]), (STOPPED, d.ABORT, "(code = 1"))
        assert "stopped by a signal (Interrupt)" in errors and "output" not in errors, errors


@row("byte recv: a full disk is exit 1, the sender is told, and nothing is left")
def _(folder):
    disk, heard = f"{folder}/disk", []
    os.mkdir(disk)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk],
                             capture_output=True, check=False)
    if mounted.returncode != 0:
        raise Skip("mounting a small disk is not permitted here")
    try:
        result = ask(folder, giver(PIECES, heard, "(status = -6, code = 256)"),
                     "bus", "byte", "recv", "file", f"{disk}/blob")
        same((result.returncode, os.listdir(disk), heard[1][0]), (1, [], d.ABORT))
        assert "No space left" in result.errors, result.errors
    finally:
        subprocess.run(["umount", disk], check=True)


# ---- exit codes ------------------------------------------------------------------------------------

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
REFUSED = ["bus", "unpair", "lap"]


def with_state(folder, script, *args, **options):
    os.makedirs(folder, exist_ok=True)
    return ask(folder, script, *args, **options)


def stopped(folder):
    with d.Daemon(folder, lambda talk: (talk.hear(), talk.news(), talk.hear(), talk.fail(-6))):
        process = begin(folder, "bus", "msg", "recv", "talk", "--json")
        line_of(process.stdout)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=30)
    return subprocess.CompletedProcess([], process.returncode, output, errors)


# Something that ends with each of them.
PROVOKED = {
    DONE: lambda folder: run("help"),
    FAILED: lambda folder: run("--state", folder, "bus", "byte", "send", "lap", "file", "/nothing/there"),
    USAGE: lambda folder: run("--state", folder, "bus", "ping"),
    NO_DAEMON: lambda folder: run("--state", folder, "status"),
    NOT_FOUND: lambda folder: ask(folder, answer(-7), *REFUSED),
    DENIED: lambda folder: ask(folder, answer(-10), *REFUSED),
    TIMEOUT: lambda folder: ask(folder, answer(-15), *REFUSED),
    BUSY: lambda folder: ask(folder, answer(-9), *REFUSED),
    EXISTS: lambda folder: ask(folder, answer(-8), *REFUSED),
    ENDED: lambda folder: ask(folder, taker([], "(status = -5)"), "bus", "msg", "send", "p", "c", "x"),
    VERSION: lambda folder: ask(folder, answer(-14), *REFUSED),
    STOPPED: stopped,
    **{20 + rung: lambda folder, rung=rung: ask(folder, examined(rung), "doctor", "lap") for rung in RUNGS},
}

for code, provoke in PROVOKED.items():

    @row(f"exit code {code} can be provoked")
    def _(folder, code=code, provoke=provoke):
        same(provoke(folder).returncode, code)


@row("help exit-codes, its JSON and docs/nx.md are one table, and each code has a row that provokes it")
def _(_folder):
    table = json.loads(run("help", "exit-codes", "--json").text)["exit_codes"]
    same([line["exit"] for line in table], sorted(PROVOKED))
    shown = run("help", "exit-codes").text
    with open(f"{ROOT}/docs/nx.md", encoding="utf-8") as file:
        page = dict(re.findall(r"^\| (\d+) \| `([a-z-]+)` \|", file.read(), flags=re.MULTILINE))
    same(page, {str(line["exit"]): line["error"] for line in table})
    for line in table:
        assert re.search(rf"^ +{line['exit']}  {line['error']} +{re.escape(line['meaning'])}$", shown,
                         flags=re.MULTILINE), line


# ---- JSON ------------------------------------------------------------------------------------------

def commands():
    return json.loads(run("help", "--json").text)["commands"]


# Whoever reads the table of commands sees every one of them, with what it takes.
ARGUMENTS = {"completion": ["bash"], "bus connect": ["lap"], "bus call": ["lap", "node", "echo", "hello"],
             "doctor": ["lap"], "bus msg send": ["lap", "talk", "hello"],
             "bus frame recv": ["lap", "7"], "bus frame send": ["lap", "7", "/dev/null"]}


def arguments_of(command):
    words = {"PEER": "lap", "CHANNEL": "talk"}
    given = ARGUMENTS.get(command["words"])
    if given is None:
        given = [words[word] for word in command["arguments"].split() if word in words]
    return command["words"].split() + given


@row("with --json every command that asks a daemon tells its absence as one value and nothing else")
def _(folder):
    for command in commands():
        if command["words"] in ("completion", "help"):
            continue
        # A FILE: standard output would have the bytes.
        file = [f"{folder}/f"] if command["words"] == "bus byte recv" else []
        result = run("--state", folder, *arguments_of(command), *file, "--json", data=b"012345\n")
        same(len(events(result.text)), 1)
        failure(result, NO_DAEMON, "start it with dsoftbusd --state")
        same(os.listdir(folder), [])


@row("with --json every wrong argument of every command is one value, exit 2, and nothing changes")
def _(folder):
    for command in commands():
        words = command["words"].split()
        wrong = [[*arguments_of(command), "--no-such"], [*arguments_of(command), "--state"]]
        if command["words"] != "help" and not command["arguments"].endswith("]"):
            wrong.append([*arguments_of(command), "more", "and", "more"])
        if "PEER" in command["arguments"] or "CHANNEL" in command["arguments"]:
            if not command["arguments"].startswith("["):
                wrong.append(words)
            wrong.append([*words, *["" for _ in arguments_of(command)[len(words):]]])
            wrong.append([*words, *["x" * 65 for _ in arguments_of(command)[len(words):]]])
        for option in command["options"]:
            if option["name"] in ("count", "interval"):
                wrong += [[*arguments_of(command), f"--{option['name']}", value]
                          for value in ("", "-1", "many", "9999999999")]
        foreign = {o["name"] for c in commands() for o in c["options"]} - {o["name"] for o in command["options"]}
        takes = {o["name"] for c in commands() for o in c["options"] if o.get("value")}
        wrong += [[*arguments_of(command), f"--{name}", *(["1"] if name in takes else [])]
                  for name in sorted(foreign)]
        for arguments in wrong:
            # In front: an option may lack its value at the end.
            result = run("--json", "--state", folder, *arguments, data=b"")
            assert result.returncode == USAGE, (arguments, result)
            same(len(events(result.text)), 1)
            failure(result, USAGE)
            plain = run("--state", folder, *arguments, data=b"")
            if command["words"] != "completion":
                same(plain.returncode, USAGE)
                one_line(plain.errors, "nx: ")
            same(os.listdir(folder), [])


@row("candidates of a name are in the JSON of the failure")
def _(folder):
    text = f'(why = "two", candidates = [(id = "{OTHER}", name = "lap"), (id = "{KEY}", name = "lap")])'
    result = ask(folder, answer(-7, text), "bus", "unpair", "lap", "--json")
    same([one["id"] for one in failure(result, NOT_FOUND, "two")["candidates"]], [OTHER, KEY])


# ---- help, completion, man pages ---------------------------------------------------------------------

@row("--version, help and help of a command are what one types first")
def _(_folder):
    for arguments in (["--version"], ["status", "--version"]):
        assert re.fullmatch(r"nx \d+\.\d+\.\d+\n", run(*arguments).text)
    same(json.loads(run("--version", "--json").text)["version"], run("--version").text.split()[1])
    same(run("help").text, run("--help").text)
    for command in COMMANDS:
        same(run("help", *command.split()).text, run(*command.split(), "--help").text)
    same(run("help", "bus", "pair").text, run("bus", "pair", "--help").text)
    result = run("help", "dance")
    same(result.returncode, USAGE)
    one_line(result.errors, "'dance'")


@row("each command's help has an example that is one of its own")
def _(_folder):
    for command in COMMANDS:
        examples = run(*command.split(), "--help").text.split("Examples:\n")[1]
        assert f"nx {command}" in examples, command


def completed(*words):
    """What bash offers behind these words."""
    script = run("completion", "bash").text + (
        '\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _nx; printf "%s\\n" "${COMPREPLY[@]}"\n')
    result = subprocess.run(["bash", "-c", script, "bash", *words], capture_output=True, text=True,
                            timeout=20, check=True, cwd="/")
    same(result.stderr, "")
    return set(result.stdout.split())


@row("completion bash offers every word of every command, and each command's options and no others")
def _(folder):
    for command in commands():
        words = command["words"].split()
        for count in range(len(words)):
            assert words[count] in completed("nx", *words[:count], ""), (words, count)
        offered = completed("nx", *words, "--")
        same(offered, {f"--{option['name']}" for option in command["options"]})
    same(completed("nx", "bus", "pair", "o"), {"offer"})
    same(completed("nx", "--state", folder, "bus", "pa"), {"pair", "paired"})


@row("completion zsh and fish are scripts that their shell can read, where there is one")
def _(folder):
    missing = []
    for shell in ("zsh", "fish"):
        script = write(f"{folder}/{shell}", run("completion", shell).stdout)
        try:
            result = subprocess.run([shell, "--no-execute", script], capture_output=True, text=True,
                                    timeout=20, check=False)
        except FileNotFoundError:
            missing.append(shell)
            continue
        same((result.returncode, result.stderr), (0, ""))
    if missing:
        raise Skip(f"there is no {' and no '.join(missing)}")


@row("man pages tell of every command and every option, and of none that there is not")
def _(_folder):
    with open(f"{ROOT}/docs/man/nx.1", encoding="utf-8") as file:
        page = file.read()
    told = set(re.findall(r"^\.It Cm ([a-z ]+?)(?: Ar| Op|$)", page, flags=re.MULTILINE))
    same(told, {command["words"] for command in commands()})
    options = set(re.findall(r"^\.It Fl Fl ([a-z0-9-]+)", page, flags=re.MULTILINE))
    same(options, {option["name"] for command in commands() for option in command["options"]})
    codes = re.findall(r"^\.It (\d+)$", page, flags=re.MULTILINE)
    same([int(code) for code in codes], sorted(PROVOKED))
    with open(f"{ROOT}/docs/man/dsoftbusd.8", encoding="utf-8") as file:
        told = set(re.findall(r"^\.It Fl Fl ([a-z0-9-]+)", file.read(), flags=re.MULTILINE))
    shown = subprocess.run([DAEMON, "--help"], capture_output=True, text=True, check=True, timeout=20)
    same(told, set(re.findall(r"--([a-z][a-z0-9-]*)", shown.stdout.split("Exit status")[0])))


@row("man pages have no mistake that their formatter finds")
def _(_folder):
    pages = [f"{ROOT}/docs/man/{name}" for name in ("nx.1", "dsoftbusd.8", "nexusnet-protocol.7")]
    for check in (["mandoc", "-T", "lint", "-W", "warning"], ["groff", "-mdoc", "-T", "utf8", "-ww", "-z"]):
        try:
            result = subprocess.run([*check, *pages], capture_output=True, text=True, timeout=60, check=False)
        except FileNotFoundError:
            continue
        same((result.returncode, result.stdout + result.stderr), (0, ""))
        return
    raise Skip("there is neither mandoc nor groff")


# ---- a terminal --------------------------------------------------------------------------------------

def on_terminal(folder, script, *args, env=None):
    """(exit code, all that was written to the terminal), which is standard output and error."""
    ours, terminal = os.openpty()
    with tempfile.TemporaryDirectory(dir=folder) as state, d.Daemon(state, script):
        process = subprocess.Popen([PROGRAM, "--state", state, *args], stdin=subprocess.DEVNULL,
                                   stdout=terminal, stderr=terminal,
                                   env={**ENVIRONMENT, "TERM": "xterm", **(env or {})})
        os.close(terminal)
        shown = b""
        with contextlib.suppress(OSError):  # EIO: nobody has the other end any more
            while piece := os.read(ours, 65536):
                shown += piece
        code = process.wait(30)
    os.close(ours)
    return code, shown.decode()


@row("colours are for a terminal alone, and NO_COLOR and TERM=dumb turn them off")
def _(folder):
    code, shown = on_terminal(folder, answer(-7), *REFUSED)
    same(code, NOT_FOUND)
    assert "\x1b[31mnx:\x1b[0m" in shown, shown
    for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        assert "\x1b" not in on_terminal(folder, answer(-7), *REFUSED, env=env)[1]
    assert "\x1b[31m" in on_terminal(folder, answer(-7), *REFUSED, env={"NO_COLOR": ""})[1]
    assert "\x1b" not in ask(folder, answer(-7), *REFUSED).errors
    code, shown = on_terminal(folder, answer(-7), *REFUSED, "--json")
    assert "\x1b" not in shown, shown


@row("what takes longer than a second shows how far it is, at which rate, and how long it takes yet")
def _(folder):
    path = write(f"{folder}/blob", LARGE * 20)

    def slow():
        pieces = []

        def script(talk):
            hear = talk.hear
            talk.hear = lambda: (time.sleep(0.06), hear())[1]
            taker(pieces)(talk)

        return script

    code, shown = on_terminal(folder, slow(), "bus", "byte", "send", "lap", "file", path)
    same(code, 0)
    assert re.search(r"\d\.\d of 4\.1 MB, \d+ [kM]B/s, \d+ s to go", shown), shown
    assert shown.rindex("\x1b[K") < shown.index("sent: "), "the line stands there still"
    code, shown = on_terminal(folder, slow(), "bus", "byte", "send", "lap", "file", path, "--json")
    same((code, len(events(shown))), (0, 1))


# ---- limits, watch, bugreport ------------------------------------------------------------------------

LIMITS = ('(limits = [(scope = "programs", name = "programs at once", limit = 32, used = 2, highWater = 3, '
          'hasHighWater = true), (scope = "sessions", name = "addresses listened at", limit = 4, used = 4, '
          'option = "--listen")])')


def limits_script(talk):
    same(talk.hear()[1], d.LIMITS)
    talk.reply("Limits", LIMITS)


@row("limits are a table of scope, limit, used, high-water and option")
def _(folder):
    lines = ask(folder, limits_script, "limits").text.splitlines()
    same([line.split() for line in lines[1:]],
         ["programs programs at once 32 2 3 built in".split(),
          "sessions addresses listened at 4 4 - --listen".split()])
    limits = json.loads(ask(folder, limits_script, "limits", "--json").text)["limits"]
    same([(one["limit"], one["used"], one["high_water"], one["option"]) for one in limits],
         [(32, 2, 3, ""), (4, 4, None, "--listen")])


HAPPENINGS = ["(what = watching)", f'(what = seen, id = "{OTHER}", name = "lap\\x1btop")',
              f'(what = sessionEnded, id = "{OTHER}", name = "laptop", status = -15, why = "silent")',
              "(what = missed)"]


@row("watch tells each thing as it happens, and a signal ends it well")
def _(folder):
    for arguments in ([], ["--json"]):
        heard = []

        def script(talk, heard=heard):
            heard.append(talk.hear()[:2])
            for happening in HAPPENINGS:
                talk.news("Happening", happening)
            heard.append(talk.hear()[:2])
            talk.fail(-6)

        with tempfile.TemporaryDirectory(dir=folder) as state, d.Daemon(state, script):
            process = begin(state, "bus", "watch", *arguments)
            lines = [line_of(process.stdout) for _ in HAPPENINGS]
            process.send_signal(signal.SIGINT)
            same(finish(process), (0, "", ""))
        same(heard, [(d.CALL, d.WATCH), (d.CANCEL, d.WATCH)])
        if arguments:
            told = [json.loads(line) for line in lines]
            same([one["event"] for one in told], ["watching", "seen", "session-ended", "missed"])
            same((told[2]["status"], told[2]["why"], told[1]["id"]), ("timeout", "silent", OTHER))
        else:
            assert "\x1b" not in "".join(lines) and "laptop" in lines[1] and "silent" in lines[2], lines


def report_script(talk):
    while (message := talk.hear()) is not None:
        if message[1] == d.STATUS:
            talk.reply("Status", STATUS)
        elif message[1] == d.LIMITS:
            talk.reply("Limits", LIMITS)
        else:
            for peer in PEERS:
                talk.news("Peer", peer)
            talk.reply()


@row("bugreport has no names, no keys, four digits of ids, and addresses only when asked")
def _(folder):
    for arguments in ([], ["--addresses"], ["--json"]):
        result = ask(folder, report_script, "bugreport", *arguments)
        same(result.returncode, 0)
        report = json.loads(result.text)
        for secret in (OWN[:5], OTHER[:5], KEY[:5], "kitchen", "laptop", "top", "old", "enough",
                       os.uname().nodename if len(os.uname().nodename) > 3 else "kitchen"):
            assert secret not in result.text, (secret, result.text)
        assert ("192.0.2.7:1" in result.text) == ("--addresses" in arguments), result.text
        same((report["daemon"]["id"], report["peers"][0]["id"]), (OWN[:4] + "...", OTHER[:4] + "..."))
        same((report["schema"], len(report["limits"])), ("nx/1", 2))


@row("bugreport is printed first, and written with --write alone, where nothing is yet")
def _(folder):
    path = f"{folder}/report.json"
    result = ask(folder, report_script, "bugreport")
    assert "nothing was written" in result.errors and os.listdir(folder) == [], result.errors
    result = ask(folder, report_script, "bugreport", "--write", path)
    same((result.returncode, json.loads(result.text)), (0, json.loads(read(path))))
    same(os.stat(path).st_mode & 0o777, 0o600)
    result = ask(folder, report_script, "bugreport", "--write", path, "--json")
    failure(result, EXISTS, path)


# ---- two real daemons ------------------------------------------------------------------------------

class Pair:
    """Two dsoftbusd on this machine's loopback, each with its own state. Their names are of this row alone:
    whoever else runs on this machine is heard, too."""

    def __init__(self, folder):
        if not os.access(DAEMON, os.X_OK):
            raise Skip("there is no dsoftbusd: name one with NX_DSOFTBUSD")
        row_name = os.path.basename(folder)
        self.kitchen, self.laptop = f"kitchen-{row_name}", f"laptop-{row_name}"
        self.states = [f"{folder}/{name}" for name in (self.kitchen, self.laptop)]
        self.daemons = []

    def __enter__(self):
        for state in self.states:
            os.mkdir(state, 0o700)
            self.daemons.append(subprocess.Popen(
                [DAEMON, "--state", state, "--listen", "127.0.0.1:0", "--discovery", "loopback",
                 "--name", os.path.basename(state)], stdout=subprocess.DEVNULL, env=ENVIRONMENT))
        for state in self.states:
            until(lambda state=state: run("--state", state, "status").returncode == 0)
        return self

    def __exit__(self, *_):
        for process in self.daemons:
            process.send_signal(signal.SIGTERM)
        for process in self.daemons:
            process.wait(30)

    def nx(self, side, *args, **options):
        return run("--state", self.states[side], *args, **options)

    def json(self, side, *args):
        return json.loads(self.nx(side, *args, "--json").text)

    def pair(self):
        for side, name in ((0, self.laptop), (1, self.kitchen)):
            until(lambda side=side, name=name: any(
                found["name"] == name for found in self.json(side, "bus", "discover")["devices"]))
        offer = begin(self.states[0], "bus", "pair", "offer", self.laptop)
        command = line_of(offer.stdout).removeprefix("on the other device: nx ").split()
        code = line_of(offer.stdout).removeprefix("code: ")
        accepted = self.nx(1, *command, data=code.encode())
        same((accepted.returncode, finish(offer)[0]), (0, 0))
        assert code not in accepted.text + accepted.errors


def until(holds, seconds=30):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come to be"
        time.sleep(0.1)


@row("two daemons: status has ids of 64 digits, and the port that was found")
def _(folder):
    with Pair(folder) as pair:
        page = pair.json(0, "status")
        for key in ("device_id", "noise_static"):
            assert re.fullmatch("[0-9a-f]{64}", page[key]), page
        assert re.fullmatch(r"127\.0\.0\.1:[1-9]\d*", page["listen"][0]), page
        same((page["peers"], page["sessions"]), ([], []))


@row("two daemons: offer's output is all that the other side needs; then they connect and ping")
def _(folder):
    with Pair(folder) as pair:
        pair.pair()
        for side in (0, 1):
            same(len(pair.json(side, "bus", "paired")["peers"]), 1)
        same(pair.nx(0, "bus", "connect", pair.laptop).returncode, 0)
        assert pair.json(0, "bus", "ping", pair.laptop)["round_trip_ns"] > 0
        same(len(pair.json(0, "status")["sessions"]), 1)


@row("two daemons: each calls the other's service node")
def _(folder):
    with Pair(folder) as pair:
        pair.pair()
        names = ((0, pair.laptop), (1, pair.kitchen))
        for side, name in names:  # where both dialled, one session is left after this
            same(pair.nx(side, "bus", "ping", name).returncode, 0)
        for side, name in names:
            echo = pair.nx(side, "bus", "call", name, "node", "echo", "hello")
            same((echo.returncode, echo.text, echo.stderr), (0, "hello\n", b""))
            page = pair.json(side, "bus", "call", name, "node", "info")
            same((page["name"], page["device_name"], page["sessions"]), (name, name, 1))
            same(page["device_id"], pair.json(1 - side, "status")["device_id"])


@row("two daemons: messages and a file arrive as they were, and both ends exit 0")
def _(folder):
    with Pair(folder) as pair:
        pair.pair()
        process = begin(pair.states[1], "bus", "msg", "recv", "talk", "--json")
        same(json.loads(line_of(process.stdout))["event"], "listening")
        same(pair.nx(0, "bus", "msg", "send", pair.laptop, "talk", "--lines", data=b"one\n\nthree").returncode, 0)
        code, output, _ = finish(process)
        same((code, [event.get("text") for event in events(output)[1:]]), (0, ["one", "", "three"]))

        source = write(f"{folder}/blob", LARGE * 20)
        process = begin(pair.states[1], "bus", "byte", "recv", "file", f"{folder}/copy")
        line_of(process.stderr)
        sent = pair.nx(0, "bus", "byte", "send", pair.laptop, "file", source)
        same((sent.returncode, finish(process)[0]), (0, 0))
        assert read(f"{folder}/copy") == LARGE * 20


@row("two daemons: limits have real figures, and watch tells of a session and its end")
def _(folder):
    with Pair(folder) as pair:
        watch = begin(pair.states[0], "bus", "watch", "--json")
        same(json.loads(line_of(watch.stdout))["event"], "watching")
        pair.pair()
        same(pair.nx(0, "bus", "connect", pair.laptop).returncode, 0)
        rows_of = {one["name"]: one for one in pair.json(0, "limits")["limits"]}
        same([rows_of[name]["used"] for name in ("paired devices", "sessions", "offers in an hour")],
             [1, 1, 1])
        same(rows_of["paired devices"]["high_water"], 1)
        assert rows_of["programs at once"]["high_water"] >= 2, rows_of
        peer = pair.json(0, "bus", "paired")["peers"][0]
        assert abs(peer["paired_at"] - time.time()) < 60, peer
        same(pair.nx(0, "bus", "unpair", pair.laptop).returncode, 0)
        told, wanted = [], {"paired", "session-up", "session-ended", "unpaired"}
        while not wanted <= set(told):
            told.append(json.loads(line_of(watch.stdout))["event"])
        assert told.index("paired") < told.index("session-up") < told.index("session-ended"), told
        watch.send_signal(signal.SIGINT)
        same(finish(watch)[0], 0)


@row("two daemons: after unpair there is no session any more")
def _(folder):
    with Pair(folder) as pair:
        pair.pair()
        same(pair.nx(0, "bus", "unpair", pair.laptop).returncode, 0)
        same(pair.json(0, "bus", "paired")["peers"], [])
        same(pair.nx(0, "bus", "connect", pair.laptop).returncode, DENIED)


def main():
    failed = 0
    for number, (name, function) in enumerate(rows, 1):
        with tempfile.TemporaryDirectory() as folder:
            try:
                function(folder)
                print(f"ok {number} - host/nx: {name}")
            except Skip as reason:
                print(f"ok {number} - host/nx: {name} # SKIP {reason}")
            except (AssertionError, OSError, subprocess.SubprocessError, ValueError) as error:
                failed += 1
                for line in str(error).splitlines():
                    print(f"# {line}")
                print(f"not ok {number} - host/nx: {name}")
        sys.stdout.flush()
    print(f"1..{len(rows)}")
    return failed > 0


sys.exit(main())
