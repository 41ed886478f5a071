# SPDX-License-Identifier: GPL-2.0-or-later
"""A real server: HTTP, and an echo over TCP and UDP, that answer with the server's own name.

One process, one loop. Listens on every address, IPv4 and IPv6; answers to UDP go out from the
address that was asked, as the clients of a virtual address expect.
"""
import mmap
import selectors
import signal
import socket
import struct

from .forked import Forked

HTTP, HTTP_ALT, ECHO = 80, 8080, 7
IP_PKTINFO, IPV6_PKTINFO = 8, 50


class Backend:
    """The server process of a node. `status` is the HTTP status that it answers with, and may be
    set while it runs."""

    def __init__(self, node, name=None, ports=(HTTP, HTTP_ALT)):
        self.node, self.name, self.ports = node, name or node.name, ports
        self._shared = mmap.mmap(-1, 4096)
        self._process = None
        self.status = 200

    @property
    def status(self):
        return struct.unpack_from("H", self._shared)[0]

    @status.setter
    def status(self, value):
        struct.pack_into("H", self._shared, 0, value)

    @property
    def hits(self):
        """HTTP requests answered so far."""
        return struct.unpack_from("I", self._shared, 4)[0]

    def start(self):
        self._process = Forked(self.node.namespace, _serve, self.name, self.ports, self._shared)
        return self

    def kill(self):
        """Connections are reset, new ones refused."""
        if self._process is not None:
            self._process.close()
            self._process = None

    def freeze(self):
        """Connections are still accepted by the kernel, nothing is answered."""
        self._process.signal(signal.SIGSTOP)

    def thaw(self):
        self._process.signal(signal.SIGCONT)


def _serve(report, name, ports, shared):
    server = _Server(name, shared)
    for port in ports:
        server.listen(port, server.http)
    server.listen(ECHO, server.echo)
    server.bind_udp(ECHO)
    report("ready")
    server.run()


class _Server:
    def __init__(self, name, shared):
        self.name, self.shared = name.encode(), shared
        self.selector = selectors.DefaultSelector()
        self.hits = 0

    def listen(self, port, answer):
        sock = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.bind(("::", port))
        sock.listen(1024)
        sock.setblocking(False)
        self.selector.register(sock, selectors.EVENT_READ, (self.accept, answer))

    def bind_udp(self, port):
        for family, level, option, address in ((socket.AF_INET, socket.IPPROTO_IP, IP_PKTINFO, "0.0.0.0"),
                                               (socket.AF_INET6, socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, "::")):
            sock = socket.socket(family, socket.SOCK_DGRAM)
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.setsockopt(level, option, 1)
            sock.bind((address, port))
            self.selector.register(sock, selectors.EVENT_READ, (self.datagram, level))

    def run(self):
        while True:
            for key, _ in self.selector.select():
                function, argument = key.data
                try:
                    function(key.fileobj, argument)
                except (ConnectionError, BlockingIOError):
                    pass

    def accept(self, sock, answer):
        connection, _ = sock.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.selector.register(connection, selectors.EVENT_READ, (self.stream, [answer, b""]))

    def stream(self, sock, state):
        try:
            data = sock.recv(65536)
        except ConnectionError:
            data = b""
        if not data:
            self.close(sock)
            return
        state[1] += data
        state[0](sock, state)

    def close(self, sock):
        self.selector.unregister(sock)
        sock.close()

    def http(self, sock, state):
        while b"\r\n\r\n" in state[1]:
            head, _, state[1] = state[1].partition(b"\r\n\r\n")
            self.hits += 1
            struct.pack_into("I", self.shared, 4, self.hits)
            status = struct.unpack_from("H", self.shared)[0]
            head = head.lower()
            last = b"connection: close" in head or (b"http/1.0" in head and b"keep-alive" not in head)
            sock.sendall(b"HTTP/1.1 %d Status\r\nContent-Length: %d\r\nConnection: %s\r\n\r\n%s"
                         % (status, len(self.name), b"close" if last else b"keep-alive", self.name))
            if last:
                self.close(sock)
                return

    def echo(self, sock, state):
        while b"\n" in state[1]:
            line, _, state[1] = state[1].partition(b"\n")
            sock.sendall(self.name + b" " + line + b"\n")

    def datagram(self, sock, level):
        data, ancillary, _, peer = sock.recvmsg(2048, 256)
        control = []
        for kind, name, value in ancillary:
            if kind == level == socket.IPPROTO_IP and name == IP_PKTINFO:
                asked = value[8:12]  # the destination of the packet; interface: the kernel's choice
                control = [(level, IP_PKTINFO, struct.pack("=i", 0) + asked + asked)]
            elif kind == level and name == IPV6_PKTINFO:
                control = [(level, IPV6_PKTINFO, value[:16] + struct.pack("=i", 0))]
        sock.sendmsg([self.name + b" " + data], control, 0, peer)
