"""What a dsoftbusd says to nx, as a script of a row: a socket of sequenced packets that answers with
what the row handed in. Bodies are made by the capnp tool, so that nothing of ours reads its own
writing (docs/contracts/ipc.md, schemas/dsoftbusd.capnp)."""

import functools
import os
import select
import socket
import struct
import subprocess
import threading

SCHEMA = os.path.join(os.path.dirname(__file__), "../../schemas/dsoftbusd.capnp")
CALL, REPLY, NEWS, CANCEL, STREAM = range(1, 6)
(STATUS, DISCOVER, PEERS, OFFER, ACCEPT, UNPAIR, CONNECT, CONNECT_V1, PING, OPEN, LISTEN, DATA,
 FINISH, ABORT, ENDED, BUS_CALL, DOCTOR, LIMITS, WATCH) = range(1, 20)
ENDS_MESSAGE = 1


@functools.cache
def encode(kind, text):
    """A body from the capnp tool's notation of a struct."""
    return subprocess.run(["capnp", "encode", SCHEMA, kind], input=text.encode(),
                          stdout=subprocess.PIPE, check=True).stdout


@functools.cache
def decode(kind, body):
    return subprocess.run(["capnp", "decode", "--short", SCHEMA, kind], input=body,
                          stdout=subprocess.PIPE, check=True).stdout.decode().strip()


class Talk:
    """One connection, as the script of a row sees it."""

    def __init__(self, connection):
        self.connection = connection
        self.call_id = 0
        self.operation = 0

    def hear(self):
        """(kind, operation, flags, body) of the next message; None: nx closed the connection."""
        try:
            datagram = self.connection.recv(70000)
        except ConnectionResetError:
            datagram = b""  # nx closed it and left something unread
        if not datagram:
            return None
        version, kind, operation, call_id, _, _, length, flags = struct.unpack(
            "<BBHIIiIB", datagram[:21])
        assert version == 1 and len(datagram) == 24 + length, datagram[:24]
        if kind == CALL:
            self.call_id, self.operation = call_id, operation
        assert call_id == self.call_id
        return kind, operation, flags, datagram[24:]

    def say(self, kind, body=b"", status=0, operation=None, flags=0):
        operation = self.operation if operation is None else operation
        self.connection.send(struct.pack("<BBHIIiIB3x", 1, kind, operation, self.call_id, 0, status,
                                         len(body), flags) + body)

    def reply(self, kind=None, text="()"):
        self.say(REPLY, b"" if kind is None else encode(kind, text))

    def news(self, kind=None, text="()"):
        self.say(NEWS, b"" if kind is None else encode(kind, text))

    def fail(self, status, text=None):
        self.say(REPLY, b"" if text is None else encode("Failure", text), status=status)

    def stream(self, operation, body=b"", flags=0):
        self.say(STREAM, body, operation=operation, flags=flags)

    def ended(self, text="(status = 2)"):
        self.stream(ENDED, encode("Ended", text))

    def silent(self, seconds=0.2):
        """Nothing is said by nx for so long."""
        return not select.select([self.connection], [], [], seconds)[0]


class Daemon:
    """Serves DIR until it is left. `script(talk)` is run for each connection."""

    def __init__(self, folder, script):
        os.mkdir(f"{folder}/run", 0o700)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(f"{folder}/run/dsoftbusd.sock")
        self.listener.listen(16)
        self.script = script
        self.failure = None
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def serve(self):
        was_asked = False
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                # nx may look who serves here once the first one has ended, and says nothing then.
                if was_asked and not connection.recv(1, socket.MSG_PEEK):
                    continue
                was_asked = True
                try:
                    self.script(Talk(connection))
                except Exception as error:  # the row tells it
                    self.failure = self.failure or error

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(10)
        if self.failure is not None:
            raise AssertionError(f"the script of the daemon: {self.failure!r}") from self.failure
