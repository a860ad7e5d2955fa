"""A whole node in Python, with the manners of dsoftbusd that the rows of interop_test.py ask for. It
is what they are judged by: each has to hold against it, and to fail once it forgets the check that
the row is about. It also shows how little it takes to be a node of the v1 kind."""

import select
import socket
import threading
import time

import peer
from peer import Ended, Link, Wrong

HANDSHAKE_S = 5
RECORD_REST_S = 10
HALF_OPEN_PER_SOURCE_MAX = 4
HALF_OPEN_MAX = 64
SLOW_S = 1
ECHO_CHANNEL = 1


class Node:
    """`memory` outlives it, as a state folder does a process."""

    def __init__(self, me, messages, allow=(), forget=(), memory=None):
        self.me = me
        self.messages = messages
        self.allow = set(allow)
        self.forget = set(forget)
        self.memory = {"native": set(), "pins": {}} if memory is None else memory
        self.lock = threading.Lock()
        self.half_open = []  # (source, socket, since), oldest first
        self.open = set()
        self.frames_dropped = 0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.address = self.listener.getsockname()
        threading.Thread(target=self.listen, daemon=True).start()

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        with self.lock:
            for sock in self.open:
                shut(sock)

    # ---- accepting -------------------------------------------------------------------------------

    def listen(self):
        while True:
            try:
                sock, (source, _) = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.open.add(sock)
                self.half_open.append((source, sock, time.monotonic()))
                if "half-open" not in self.forget:
                    self.close_one_of(source)
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def close_one_of(self, source):
        """Where there is one too many: of its source the newest, or the oldest, if that had a second; of all
        the oldest."""
        same = [entry for entry in self.half_open if entry[0] == source]
        gone = None
        if len(same) > HALF_OPEN_PER_SOURCE_MAX:
            gone = same[0] if time.monotonic() >= same[0][2] + SLOW_S else same[-1]
        elif len(self.half_open) > HALF_OPEN_MAX:
            gone = self.half_open[0]
        if gone is not None:
            shut(gone[1])
            self.half_open.remove(gone)

    def leave_half_open(self, sock):
        self.half_open = [entry for entry in self.half_open if entry[1] is not sock]

    def serve(self, sock):
        until = None if "deadline" in self.forget else time.monotonic() + HANDSHAKE_S
        link = Link(sock, until=until)
        try:
            session = peer.accept(link, self.me, forget=self.forget)
            answer, is_admitted = self.answer(session, session.recv())
            with self.lock:
                self.leave_half_open(sock)
            session.send(answer)
            if is_admitted:
                self.serve_v1(session)
        except (Wrong, Ended, OSError):
            pass
        finally:
            self.drop(sock)

    def drop(self, sock):
        with self.lock:
            self.open.discard(sock)
            self.leave_half_open(sock)
        shut(sock)
        sock.close()

    # ---- admission -------------------------------------------------------------------------------

    def answer(self, session, plaintext):
        """(what to say, whether there is a session)"""
        try:
            if select.select([session.link.sock], [], [], 0)[0] and "second" not in self.forget:
                raise Wrong("malformed", "a second record before admission")
            request = self.messages.read_request(plaintext)
            peer.judge_request(session, request, self.forget)
        except Wrong as wrong:
            if wrong.status == "malformed":
                return self.messages.response(ok=False, reason="denied"), False
            return self.messages.response(ok=False, reason="identity"), False
        if request["protocol"] == 0:
            reason = self.refusal_v1(session.peer_id, session.peer_static)
            if reason:
                return self.messages.response(ok=False, reason=reason), False
            return self.messages.response_v1(True), True

        with self.lock:
            self.memory["native"].add(session.peer_id)
        reason = "denied" if request["purpose"] == peer.PAIR else "unknown"
        if request["paired"] and request["purpose"] == peer.SESSION:
            reason = "one-sided"
        attestation = session.attest(purpose=request["purpose"])
        return self.messages.response(
            ok=False, protocol=1, reason=reason, attestation=attestation
        ), False

    def refusal_v1(self, peer_id, static):
        """Why it is not served as v1; None: it is."""
        with self.lock:
            if peer_id in self.memory["native"] and "native" not in self.forget:
                return "v1"
            if peer_id not in self.allow and "list" not in self.forget:
                return "v1"
            pinned = self.memory["pins"].setdefault(peer_id, static)
            return "identity" if pinned != static and "pin" not in self.forget else None

    # ---- a v1 session ----------------------------------------------------------------------------

    def serve_v1(self, session):
        session.admitted(0)
        session.link.until = None
        while True:
            session.link.sock.settimeout(None)
            if not session.link.sock.recv(1, socket.MSG_PEEK):
                raise Ended("no more records")
            session.link.until = time.monotonic() + RECORD_REST_S
            channel, content = self.messages.read_frame(session.recv())
            if channel == ECHO_CHANNEL:
                session.send(self.messages.frame(channel, content))
            else:
                self.frames_dropped += 1

    # ---- dialling --------------------------------------------------------------------------------

    def dial_v1(self, address, device_id, static):
        """`nx bus connect --v1`: 0 as soon as the session is admitted, else 1."""
        if not peer.static_is_canonical(static):
            return 1
        if device_id in self.memory["native"] and "native" not in self.forget:
            return 1
        sock = socket.create_connection(address, timeout=HANDSHAKE_S)
        link = Link(sock, until=time.monotonic() + HANDSHAKE_S)
        with self.lock:
            self.open.add(sock)
        try:
            session = peer.dial(link, self.me, static, peer_id=device_id, forget=self.forget)
            session.send(self.messages.request_v1(self.me.id.hex()))
            response = self.messages.read_response(session.recv())
            is_admitted = peer.judge_response(session, response, protocol=0)
        except (Wrong, Ended, OSError):
            is_admitted = False
        if not is_admitted:
            self.drop(sock)
            return 1

        def run():
            try:
                self.serve_v1(session)
            except (Wrong, Ended, OSError):
                pass
            finally:
                self.drop(sock)

        threading.Thread(target=run, daemon=True).start()
        return 0


def shut(sock):
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
