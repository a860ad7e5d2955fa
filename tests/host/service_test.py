#!/usr/bin/env python3
"""dsoftbusd under a service manager: what it tells one, which sockets it takes from one, and what it does
where there is little to be had. A manager is played by the row. TAP; the arguments: dsoftbusd, nx, and its
unit files."""

import contextlib
import json
import os
import re
import resource
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

PROGRAM, NX, SERVICE, SOCKET = map(os.path.abspath, sys.argv[1:5])
PATIENCE_S = 20

rows = []


def row(name):
    def keep(function):
        rows.append((name, function))
        return function

    return keep


class Skip(Exception):
    """This machine cannot show it."""


# ---- running one -----------------------------------------------------------------------------------


class Manager:
    """Listens as a service manager does."""

    def __init__(self, where):
        self.where = where
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + where[1:] if where[0] == "@" else where)

    def hear(self, within=PATIENCE_S):
        """The next words; None: nothing within so long."""
        if not select.select([self.socket], [], [], within)[0]:
            return None
        return self.socket.recv(4096).decode()


@contextlib.contextmanager
def daemon(state, *options, fds=(), env=None, whose=None, **how):
    """One that begins with these descriptors from 3 on, and these words in its environment."""
    words = dict(os.environ, **(env or {}))

    def begin():
        if fds:
            kept = [os.dup(fd) for fd in fds]  # none of them stands where another one goes
            for number, fd in enumerate(kept):
                os.dup2(fd, 3 + number)
        if "preexec" in how:
            how["preexec"]()

    # The number of the process is known inside it alone: a shell sets it, and becomes the daemon.
    script = 'export LISTEN_PID="${LISTEN_WHOSE:-$$}"; exec "$@"' if fds else 'exec "$@"'
    if fds:
        words.update(LISTEN_FDS=str(len(fds)), **({} if whose is None else {"LISTEN_WHOSE": whose}))
    process = subprocess.Popen(
        ["sh", "-c", script, "sh", PROGRAM, "--state", state, "--discovery", "off", *options],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=words, close_fds=False,
        preexec_fn=begin,
    )
    try:
        yield process
        if process.poll() is None:
            process.terminate()
            output = process.communicate(timeout=PATIENCE_S)
            assert process.returncode == 0, (process.returncode, output)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def nx(state, *words):
    return subprocess.run([NX, "--state", state, *words], capture_output=True, text=True,
                          timeout=PATIENCE_S, check=False)


def status(state, process=None):
    until = time.monotonic() + PATIENCE_S
    while True:
        result = nx(state, "status", "--json")
        if result.returncode == 0:
            return json.loads(result.stdout)
        assert process is None or process.poll() is None, process.communicate()[1]
        assert time.monotonic() < until, result.stderr
        time.sleep(0.05)


def made(folder):
    state = f"{folder}/s"
    os.mkdir(state, 0o700)
    os.mkdir(f"{state}/run", 0o700)
    return state


def clients_at(path, kind=socket.SOCK_SEQPACKET):
    listener = socket.socket(socket.AF_UNIX, kind)
    listener.bind(path)
    os.chmod(path, 0o600)
    listener.listen(16)
    return listener


def refused(state, *words, **how):
    """It ends with 1, and its last line has these words."""
    with daemon(state, "--listen", "127.0.0.1:0", **how) as process:
        error = process.communicate(timeout=PATIENCE_S)[1]
    assert process.returncode == 1, (process.returncode, error)
    for word in words:
        assert word in error.splitlines()[-1], error


# ---- what it tells -----------------------------------------------------------------------------------


@row("it says READY once clients are served, and STOPPING when it is asked to end")
def _(folder):
    for number, where in enumerate((f"{folder}/notify", f"@nexus-{os.getpid()}")):
        manager = Manager(where)
        state = f"{folder}/{number}"
        with daemon(state, "--listen", "127.0.0.1:0", env={"NOTIFY_SOCKET": where}) as process:
            assert manager.hear() == "READY=1"
            assert nx(state, "status").returncode == 0
            process.terminate()
            assert manager.hear() == "STOPPING=1"
            assert process.wait(PATIENCE_S) == 0


@row("with nobody there, or nowhere, it serves all the same")
def _(folder):
    for number, where in enumerate((f"{folder}/nobody", "relative", "", "/" + 200 * "x", "@")):
        state = f"{folder}/{number}"
        with daemon(state, "--listen", "127.0.0.1:0", env={"NOTIFY_SOCKET": where}):
            status(state)


@row("the watchdog is patted twice as often as the manager asks, while it turns")
def _(folder):
    manager = Manager(f"{folder}/notify")
    words = {"NOTIFY_SOCKET": manager.where, "WATCHDOG_USEC": "400000"}
    with daemon(f"{folder}/s", "--listen", "127.0.0.1:0", env=words) as process:
        assert manager.hear() == "READY=1"
        begun = time.monotonic()
        for _ in range(10):
            assert manager.hear(5) == "WATCHDOG=1"
        # Ten pats are nine pauses of 0.2 s; a machine under load may be late, never early.
        assert time.monotonic() - begun > 1.5
        process.send_signal(signal.SIGSTOP)
        while manager.hear(0.5) is not None:
            pass  # what was said before
        assert manager.hear(1) is None, "who stands still is patted"
        process.send_signal(signal.SIGCONT)
        assert manager.hear(5) == "WATCHDOG=1"


@row("a watchdog for another process, or of no number, is none")
def _(folder):
    for number, words in enumerate((
            {"WATCHDOG_USEC": "100000", "WATCHDOG_PID": "1"}, {"WATCHDOG_USEC": "soon"},
            {"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "-1"},
            {"WATCHDOG_USEC": "99999999999999999999999"})):
        manager = Manager(f"{folder}/notify{number}")
        with daemon(f"{folder}/{number}", "--listen", "127.0.0.1:0",
                    env={"NOTIFY_SOCKET": manager.where, **words}) as process:
            assert manager.hear() == "READY=1"
            assert manager.hear(0.5) is None
            process.terminate()
            process.wait(PATIENCE_S)


# ---- what it is given ----------------------------------------------------------------------------------


@row("it serves clients and sessions at the sockets that were opened for it, and leaves them there")
def _(folder):
    state = made(folder)
    clients = clients_at(f"{state}/run/dsoftbusd.sock")
    sessions = socket.create_server(("127.0.0.1", 0))
    given = (clients.fileno(), sessions.fileno())
    for _ in range(2):  # and once more, as after a restart
        with daemon(state, fds=given) as process:
            assert status(state, process)["listen"] == ["{}:{}".format(*sessions.getsockname())]
            with socket.create_connection(sessions.getsockname(), PATIENCE_S) as stranger:
                stranger.sendall(b"\xff\xff\xff\xff")
                assert stranger.recv(1) == b""
            process.terminate()
            process.communicate(timeout=PATIENCE_S)
            assert process.returncode == 0
        assert os.path.exists(f"{state}/run/dsoftbusd.sock")


@row("who connected before it began is served")
def _(folder):
    state = made(folder)
    clients = clients_at(f"{state}/run/dsoftbusd.sock")
    with subprocess.Popen([NX, "--state", state, "status"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as early:
        time.sleep(0.3)
        with daemon(state, "--listen", "127.0.0.1:0", fds=(clients.fileno(),)):
            assert early.wait(PATIENCE_S) == 0, early.stderr.read()


@row("--listen beside sockets that were given takes both")
def _(folder):
    sessions = socket.create_server(("127.0.0.1", 0))
    with daemon(f"{folder}/s", "--listen", "127.0.0.1:0", fds=(sessions.fileno(),)):
        assert len(status(f"{folder}/s")["listen"]) == 2


@row("a socket for clients that nx would not find is said")
def _(folder):
    clients = clients_at(f"{folder}/elsewhere.sock")
    with daemon(f"{folder}/s", "--listen", "127.0.0.1:0", fds=(clients.fileno(),)) as process:
        lines = process.stderr
        assert any("elsewhere.sock" in lines.readline() for _ in range(2))
        time.sleep(0.2)


@row("sockets that are for another process are not touched")
def _(folder):
    sessions = socket.create_server(("127.0.0.1", 0))
    with daemon(f"{folder}/s", "--listen", "127.0.0.1:0", fds=(sessions.fileno(),), whose="1"):
        assert len(status(f"{folder}/s")["listen"]) == 1


@row("what it cannot serve is a failure that names the descriptor")
def _(folder):
    stream = clients_at(f"{folder}/stream.sock", socket.SOCK_STREAM)
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    quiet = socket.socket()
    quiet.bind(("127.0.0.1", 0))
    first, second = clients_at(f"{folder}/1.sock"), clients_at(f"{folder}/2.sock")
    many = [socket.create_server(("127.0.0.1", 0)) for _ in range(5)]
    with open(os.devnull, "rb") as file:
        for number, (given, words) in enumerate((
                ([stream], ["descriptor 3", "ListenSequentialPacket="]),
                ([datagrams], ["descriptor 3", "does not listen"]),
                ([quiet], ["descriptor 3", "does not listen"]),
                ([first, file], ["descriptor 4", "no socket"]),
                ([first, second], ["descriptor 4", "second"]),
                (many, ["descriptor 7", "4"]),
                (many[:4], ["together", "4"]))):
            refused(f"{folder}/{number}", *words, fds=[one.fileno() for one in given])


def tool(name):
    found = shutil.which(name)
    if found is None:
        raise Skip(f"there is no {name}")
    return found


@row("systemd's own tool hands it the sockets, and it serves there")
def _(folder):
    state = made(folder)
    process = subprocess.Popen(
        [tool("systemd-socket-activate"), "--seqpacket", "-l", f"{state}/run/dsoftbusd.sock",
         PROGRAM, "--state", state, "--discovery", "off", "--listen", "127.0.0.1:0"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        while not os.path.exists(f"{state}/run/dsoftbusd.sock"):
            assert process.poll() is None, process.communicate()[1]
            time.sleep(0.02)
        assert len(status(state, process)["listen"]) == 1
    finally:
        process.terminate()  # it is the daemon by now
        process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0


@row("systemd finds no fault with the unit files, and little that an intruder could do")
def _(folder):
    analyze = tool("systemd-analyze")
    with open(SERVICE, encoding="utf-8") as file:
        text = re.sub(r"(?m)^ExecStart=\S+", f"ExecStart={PROGRAM}", file.read())
    text = re.sub(r"(?m)^Documentation=.*\n", "", text)  # the pages need not be installed here
    with open(f"{folder}/dsoftbusd.service", "w", encoding="utf-8") as file:
        file.write(text)
    with open(SOCKET, encoding="utf-8") as file:
        text = re.sub(r"(?m)^Documentation=.*\n", "", file.read())
    with open(f"{folder}/dsoftbusd.socket", "w", encoding="utf-8") as file:
        file.write(text)
    said = subprocess.run([analyze, "verify", f"{folder}/dsoftbusd.service", f"{folder}/dsoftbusd.socket"],
                          capture_output=True, text=True, timeout=60, check=False)
    assert said.returncode == 0 and "dsoftbusd" not in said.stderr, said.stderr
    shown = subprocess.run([analyze, "security", "--offline=yes", f"{folder}/dsoftbusd.service"],
                           capture_output=True, text=True, timeout=60, check=False)
    if "Overall" not in shown.stdout:
        raise Skip("systemd-analyze weighs no file here")
    level = float(re.search(r"Overall exposure level.*?: ([0-9.]+)", shown.stdout)[1])
    assert level <= 2.0, shown.stdout


# ---- where there is little ----------------------------------------------------------------------------


@row("with few descriptors strangers that hold connections lock no program of this machine out")
def _(folder):
    state = f"{folder}/s"

    def few():
        resource.setrlimit(resource.RLIMIT_NOFILE, (44, 44))

    def hold(number, port, is_over):
        """One that connects again as soon as it is thrown out."""
        while not is_over.is_set():
            with socket.socket() as stranger, contextlib.suppress(OSError):
                stranger.settimeout(20)
                stranger.bind((f"127.0.1.{number}", 0))
                stranger.connect(("127.0.0.1", port))
                stranger.recv(1)

    with daemon(state, "--listen", "127.0.0.1:0", preexec=few) as process:
        port = int(status(state)["listen"][0].rpartition(":")[2])
        is_over = threading.Event()
        strangers = [threading.Thread(target=hold, args=(number, port, is_over), daemon=True)
                     for number in range(1, 101)]
        for stranger in strangers:
            stranger.start()
        time.sleep(1)
        for _ in range(20):
            asked = nx(state, "status")
            assert asked.returncode == 0, asked.stderr
        is_over.set()
        process.terminate()
        assert process.wait(PATIENCE_S) == 0
        for stranger in strangers:
            stranger.join(PATIENCE_S)


@row("with fewer than it works with it does not start, and says how many it needs")
def _(folder):
    def fewer():
        resource.setrlimit(resource.RLIMIT_NOFILE, (30, 30))

    refused(f"{folder}/s", "too few", "ulimit -n 40", preexec=fewer)


@row("from its start on it has a filter of system calls, and gains no privileges")
def _(folder):
    manager = Manager(f"{folder}/notify")
    with daemon(f"{folder}/s", "--listen", "127.0.0.1:0",
                env={"NOTIFY_SOCKET": manager.where}) as process:
        assert manager.hear() == "READY=1"
        with open(f"/proc/{process.pid}/status", encoding="utf-8") as file:
            shown = dict(re.findall(r"(\w+):\t(\d+)\n", file.read()))
        assert shown["NoNewPrivs"] == "1" and shown["Seccomp"] == "2", shown


def main():
    print(f"1..{len(rows)}")
    failed = 0
    for number, (name, function) in enumerate(rows, 1):
        try:
            with tempfile.TemporaryDirectory() as folder:
                function(folder)
            print(f"ok {number} - host/service: {name}", flush=True)
        except Skip as reason:
            print(f"ok {number} - host/service: {name} # SKIP {reason}", flush=True)
        except Exception as error:  # pylint: disable=broad-except
            failed += 1
            print("# " + "\n# ".join(f"{type(error).__name__}: {error}".splitlines()))
            print(f"not ok {number} - host/service: {name}", flush=True)
    return 1 if failed else 0


sys.exit(main())
