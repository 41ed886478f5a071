# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel's addresses: a list of them, and a record of every one that comes or goes."""
import contextlib
import ipaddress
import os
import select
import socket
import struct
import threading
import time
from dataclasses import dataclass

from . import ns

NETLINK_ROUTE = 0
RTM_NEWADDR, RTM_DELADDR, RTM_GETADDR = 20, 21, 22
NLM_F_REQUEST, NLM_F_DUMP = 1, 0x300
NLMSG_ERROR, NLMSG_DONE = 2, 3
GROUPS = 1 << 4 | 1 << 8  # RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR
IFA_ADDRESS, IFA_LOCAL, IFA_LABEL, IFA_FLAGS, IFA_PROTO = 1, 2, 3, 8, 11
SO_RCVBUFFORCE = 33


@dataclass(frozen=True)
class Address:
    address: str
    prefix: int
    interface: str
    label: str = ""
    scope: int = 0
    flags: int = 0
    protocol: int = 0

    def __str__(self):
        return f"{self.address}/{self.prefix}"


@dataclass(frozen=True)
class Event:
    time: float
    added: bool
    address: str
    prefix: int
    interface: str


def _parse(data, names):
    """(message type, Address) of each message."""
    at = 0
    while at + 16 <= len(data):
        length, kind = struct.unpack_from("=IH", data, at)
        if kind in (NLMSG_DONE, NLMSG_ERROR):
            yield kind, None
        elif kind in (RTM_NEWADDR, RTM_DELADDR):
            yield kind, _parse_address(data[at + 16:at + length], names)
        at += (length + 3) & ~3


def _parse_address(data, names):
    _, prefix, flags, scope, index = struct.unpack_from("=BBBBI", data)
    attributes, at = {}, 8
    while at + 4 <= len(data):
        length, kind = struct.unpack_from("=HH", data, at)
        attributes[kind] = data[at + 4:at + length]
        at += max((length + 3) & ~3, 4)
    raw = attributes.get(IFA_LOCAL) or attributes.get(IFA_ADDRESS)
    if IFA_FLAGS in attributes:
        flags = struct.unpack("=I", attributes[IFA_FLAGS])[0]
    return Address(str(ipaddress.ip_address(raw)), prefix, names.get(index, str(index)),
                   attributes.get(IFA_LABEL, b"").rstrip(b"\0").decode(), scope, flags,
                   attributes.get(IFA_PROTO, b"\0")[0])


def _names():
    return dict(socket.if_nameindex())


def _dump():
    names = _names()
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_ROUTE) as sock:
        sock.send(struct.pack("=IHHIIBBBBI", 24, RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, 1, 0, 0, 0, 0, 0, 0))
        found = []
        while True:
            for kind, address in _parse(sock.recv(1 << 18), names):
                if address is None:
                    return found
                if kind == RTM_NEWADDR:
                    found.append(address)


def addresses(namespace):
    return ns.inside(namespace, _dump)


class AddressWatch:
    """Records every address that the kernel adds or removes in a namespace, until closed."""

    def __init__(self, namespace):
        self.events = []
        self._names = ns.inside(namespace, _names)
        self._socket = ns.inside(namespace, self._open)
        self._stop_r, self._stop_w = socket.socketpair()
        self._thread = threading.Thread(target=self._loop, daemon=True)
        self._thread.start()

    @staticmethod
    def _open():
        sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_ROUTE)
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
        sock.bind((0, GROUPS))
        return sock

    def _loop(self):
        with contextlib.suppress(OSError):  # real-time, where permitted: the time of an event is when it is read
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
        while True:
            readable, _, _ = select.select([self._socket, self._stop_r], [], [])
            if self._socket in readable:
                stamp = time.time()
                for kind, item in _parse(self._socket.recv(1 << 18), self._names):
                    if item is not None:
                        self.events.append(Event(stamp, kind == RTM_NEWADDR, item.address, item.prefix,
                                                 item.interface))
            elif self._stop_r in readable:
                return

    def removed(self, address, since=0.0):
        return [e for e in list(self.events) if e.address == address and not e.added and e.time >= since]

    def added(self, address, since=0.0):
        return [e for e in list(self.events) if e.address == address and e.added and e.time >= since]

    def close(self):
        self._stop_w.send(b"x")
        self._thread.join()
        for sock in (self._socket, self._stop_r, self._stop_w):
            sock.close()
