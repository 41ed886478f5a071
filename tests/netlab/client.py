# SPDX-License-Identifier: GPL-2.0-or-later
"""What a client sees of a service: single requests, connections that last, and a steady load of
requests of which every failed one is recorded with its time."""
import collections
import mmap
import select
import signal
import socket
import struct
import time
from dataclasses import dataclass, field

from . import ns
from .backend import ECHO, HTTP
from .forked import Forked
from .wait import PATIENCE, wait_until


def connect(address, port, timeout=PATIENCE, source=None):
    """A TCP connection; made where the calling thread is."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(timeout)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if source:
            sock.bind((source, 0))
        sock.connect((address, port))
    except BaseException:
        sock.close()
        raise
    return sock


def _receive_reply(sock):
    """(status, body) of one HTTP reply with a Content-Length."""
    data = b""
    while True:
        head, found, body = data.partition(b"\r\n\r\n")
        if found:
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            if len(body) >= length:
                return int(head.split()[1]), body[:length].decode()
        more = sock.recv(4096)
        if not more:
            raise ConnectionError("closed before the end of the reply")
        data += more


def get(sock, address, keep=False):
    """The body of one HTTP request. OSError for whatever went wrong, also another status than 200."""
    host = f"[{address}]" if ":" in address else address
    how = "keep-alive" if keep else "close"
    sock.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: {how}\r\n\r\n".encode())
    status, body = _receive_reply(sock)
    if status != 200:
        raise OSError(f"status {status} from {body}")
    return body


def ask(node, address, port=HTTP, count=1, timeout=PATIENCE, source=None):
    """Who answered: `count` requests from the node, one after another, each on a connection of its own."""
    def body():
        names = []
        for _ in range(count):
            with connect(address, port, timeout, source) as sock:
                names.append(get(sock, address))
        return names
    return ns.inside(node.namespace, body)


def tally(node, address, port=HTTP, count=1, **more):
    """The same as {server: number of answers}."""
    return dict(collections.Counter(ask(node, address, port, count, **more)))


def ask_udp(node, address, port=ECHO, count=1, timeout=2.0):
    """Who answered `count` datagrams, each from a fresh source port; None where nobody did."""
    def body():
        names = []
        for number in range(count):
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            with socket.socket(family, socket.SOCK_DGRAM) as sock:
                sock.settimeout(timeout)
                sock.connect((address, port))  # only an answer from the address asked is one
                try:
                    sock.send(b"%d" % number)
                    names.append(sock.recv(2048).decode().split()[0])
                except OSError:
                    names.append(None)
        return names
    return ns.inside(node.namespace, body)


class Connection:
    """A connection that stays open: to the echo service, or (not greeted) to any other."""

    def __init__(self, node, address, port=ECHO, timeout=PATIENCE, source=None, greet=True):
        self._socket = ns.inside(node.namespace, connect, address, port, timeout, source)
        self._number = 0
        self.server = self.ask() if greet else None

    def send(self, data):
        self._socket.sendall(data)

    def read(self, end):
        """What arrives, up to and beyond `end`; OSError when the connection is gone."""
        data = b""
        while end not in data:
            more = self._socket.recv(4096)
            if not more:
                raise ConnectionError("closed by the server")
            data += more
        return data

    def ask(self, timeout=PATIENCE):
        """The name of the server at the other end; OSError when the connection is gone."""
        self._number += 1
        self._socket.settimeout(timeout)
        self.send(b"%d\n" % self._number)
        name, number = self.read(b"\n").decode().split()
        assert int(number) == self._number
        return name

    def close(self):
        self._socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()


@dataclass
class Outcome:
    requests: int
    answers: dict                                  # server -> number
    failures: list = field(default_factory=list)   # (time, what)
    slowest: float = 0.0                           # seconds, of those answered

    def failed(self, since=0.0, until=float("inf")):
        return [(when, what) for when, what in self.failures if since <= when <= until]


class Load:
    """Requests at a steady rate from a node until `stop()`, which gives the Outcome. `keepalive`: on how many
    connections that stay."""

    def __init__(self, node, address, port=HTTP, *, rate=50, keepalive=False, timeout=3.0):
        self._shared = mmap.mmap(-1, 4096)
        self._process = Forked(node.namespace, _load, self._shared, address, port, rate, keepalive, timeout)

    @property
    def requests(self):
        return struct.unpack_from("I", self._shared)[0]

    def wait(self, count, timeout=PATIENCE):
        """Until `count` more requests are done."""
        wanted = self.requests + count
        wait_until(lambda: self.requests >= wanted, what=f"{count} requests of the load", timeout=timeout, interval=0.05)

    def stop(self):
        self._process.signal(signal.SIGTERM)
        result = self._process.receive(30)
        self.close()
        return Outcome(result["requests"], result["answers"], [tuple(one) for one in result["failures"]],
                       result["slowest"])

    def close(self):
        self._process.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()


def _load(report, shared, address, port, rate, keepalive, timeout):
    running = [True]
    signal.signal(signal.SIGTERM, lambda *_: running.clear())
    answers, failures = collections.Counter(), []
    slowest, count, kept = 0.0, 0, collections.deque()
    following = time.monotonic()
    report("ready")
    while running:
        began = time.monotonic()
        try:
            sock = kept.popleft() if len(kept) >= max(keepalive, 1) else connect(address, port, timeout)
            try:
                answers[get(sock, address, keepalive)] += 1
            except OSError:
                sock.close()
                raise
            kept.append(sock) if keepalive else sock.close()
            slowest = max(slowest, time.monotonic() - began)
        except OSError as error:
            failures.append((time.time(), f"{type(error).__name__}: {error}"))
        count += 1
        struct.pack_into("I", shared, 0, count)
        following = max(following + 1 / rate, time.monotonic() - 0.2)  # no burst after a hang
        wait = following - time.monotonic()
        if wait > 0 and running:
            select.select([], [], [], wait)
    report({"requests": count, "answers": answers, "failures": failures, "slowest": slowest})


class Datagrams:
    """Flows of datagrams, as many as go: each asks until it is answered, then comes the next. `stop()` gives
    (how many were answered, how many never are, though they ask on for a while)."""

    def __init__(self, node, address, port=ECHO):
        self._process = Forked(node.namespace, _datagrams, address, port)

    def stop(self):
        self._process.signal(signal.SIGTERM)
        return self._process.receive(60)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._process.close()


def _is_answered(sock, tries, timeout):
    sock.settimeout(timeout)
    for _ in range(tries):
        try:
            sock.send(b"x")
            sock.recv(100)
            return True
        except TimeoutError:
            pass
        except OSError:
            time.sleep(timeout)
    return False


def _datagrams(report, address, port):
    running, served, waiting = [True], 0, []
    signal.signal(signal.SIGTERM, lambda *_: running.clear())
    report("ready")
    while running:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.connect((address, port))
        if _is_answered(sock, 20, 0.003):
            served += 1
            sock.close()
        else:
            waiting.append(sock)
    report([served, sum(not _is_answered(sock, 30, 0.05) for sock in waiting)])
