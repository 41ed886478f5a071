# SPDX-License-Identifier: GPL-2.0-or-later
"""Everything the nodes put on the wire, with kernel time stamps.

One packet socket in the switch's namespace sees each frame once, as it comes out of the port of
the node that sent it, so the sender is known whatever addresses the frame claims. Probe traffic
(UDP) is dropped by a filter in the kernel.
"""
import ctypes
import select
import socket
import struct
import threading
import time

from . import ns, packets
from .wait import PATIENCE, Timeout

ETH_P_ALL = 3
PACKET_OUTGOING = 4
SO_TIMESTAMPNS = 35
SO_ATTACH_FILTER = 26
SO_RCVBUFFORCE = 33

# ldh [12]; IPv4 -> proto at 23, IPv6 -> next header at 20; drop UDP
_FILTER = [(0x28, 0, 0, 12), (0x15, 0, 2, 0x0800), (0x30, 0, 0, 23), (0x15, 3, 4, 17),
           (0x15, 0, 3, 0x86DD), (0x30, 0, 0, 20), (0x15, 0, 1, 17), (0x06, 0, 0, 0),
           (0x06, 0, 0, 0x40000)]


class Sniffer:
    def __init__(self, namespace, ports):
        """`ports` maps an interface's name to (node name, link number)."""
        self.frames = []
        self._ports = ports
        self._news = threading.Condition()
        self._socket = ns.inside(namespace, self._open)
        self._stop_r, self._stop_w = socket.socketpair()
        self._thread = threading.Thread(target=self._loop, daemon=True)
        self._thread.start()

    @staticmethod
    def _open():
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 32 << 20)
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        code = b"".join(struct.pack("HBBI", *line) for line in _FILTER)
        buffer = ctypes.create_string_buffer(code)
        sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER,
                        struct.pack("HL", len(_FILTER), ctypes.addressof(buffer)))
        return sock

    def _loop(self):
        while True:
            readable, _, _ = select.select([self._socket, self._stop_r], [], [])
            if self._stop_r in readable:
                return
            raw, ancillary, _, address = self._socket.recvmsg(65535, 128)
            port = self._ports.get(address[0])
            if port is None or address[2] == PACKET_OUTGOING:
                continue
            stamp = time.time()
            for level, kind, data in ancillary:
                if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
                    seconds, nanoseconds = struct.unpack("ll", data[:16])
                    stamp = seconds + nanoseconds / 1e9
            frame = packets.decode(raw, stamp, *port)
            if frame is not None:
                with self._news:
                    self.frames.append(frame)
                    self._news.notify_all()

    def close(self):
        self._stop_w.send(b"x")
        self._thread.join()
        for sock in (self._socket, self._stop_r, self._stop_w):
            sock.close()

    # -- asking ---------------------------------------------------------------------------------

    def select(self, kind, since=0.0, until=None, where=None, **fields):
        """The frames of class `kind` seen in [since, until] whose fields have the given values."""
        with self._news:
            frames = list(self.frames)
        return [f for f in frames if isinstance(f, kind) and f.time >= since
                and (until is None or f.time <= until)
                and all(getattr(f, name) == value for name, value in fields.items())
                and (where is None or where(f))]

    def wait(self, kind, timeout=PATIENCE, since=0.0, count=1, where=None, **fields):
        """The `count`th matching frame since `since`, waited for."""
        deadline = time.monotonic() + timeout
        while True:
            with self._news:
                seen = len(self.frames)
            found = self.select(kind, since, where=where, **fields)
            if len(found) >= count:
                return found[count - 1]
            left = deadline - time.monotonic()
            if left <= 0:
                raise Timeout(f"no {kind.__name__} with {fields} within {timeout:g} s "
                              f"({len(found)} of {count})")
            with self._news:
                if len(self.frames) == seen:
                    self._news.wait(left)

    def adverts(self, node=None, since=0.0, **fields):
        if node is not None:
            fields["node"] = node
        return self.select(packets.Advert, since, **fields)

    def wait_advert(self, node=None, timeout=PATIENCE, since=0.0, count=1, **fields):
        if node is not None:
            fields["node"] = node
        return self.wait(packets.Advert, timeout, since, count, **fields)

    def garps(self, node=None, since=0.0, **fields):
        if node is not None:
            fields["node"] = node
        return self.select(packets.Arp, since, gratuitous=True, **fields)

    def nas(self, node=None, since=0.0, **fields):
        """Unsolicited neighbour advertisements."""
        if node is not None:
            fields["node"] = node
        return self.select(packets.NeighbourAdvert, since, destination="ff02::1", **fields)
