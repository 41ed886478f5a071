#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the binary seeds of corpus/: run it again after a layout has changed."""
import os
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))

from netlab.packets import checksum, pseudo_header  # noqa: E402


def write(target, name, data):
    folder = os.path.join(HERE, "corpus", target)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as handle:
        handle.write(data)


def ipv4(pdu, ttl=255, to=b"\xe0\x00\x00\x12"):
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0xC0, 20 + len(pdu), 1, 0, ttl, 112, 0, b"\x0a\0\0\2", to) + pdu


def v2(priority=100, auth=b"", vips=(b"\x0a\0\0\x64",)):
    body = b"".join(vips)
    head = struct.pack("!BBBBBB", 0x21, 51, priority, len(vips), 1 if auth else 0, 1)
    total = checksum(head + b"\0\0" + body)
    tail = auth.ljust(8, b"\0")
    return head + struct.pack("!H", total) + body + tail


def v3(priority=100, vips=(b"\x0a\0\0\x64",), pseudo=b"", interval=100):
    body = b"".join(vips)
    head = struct.pack("!BBBBH", 0x31, 51, priority, len(vips), interval)
    return head + struct.pack("!H", checksum(pseudo + head + b"\0\0" + body)) + body


V6, V3, PASS, UNICAST, OWNER, ADDRESSES, MEND, STRICT = (1 << bit for bit in range(8))


def packets():
    def seed(name, choice, packet, hops=255):
        write("packet", name, bytes([choice, hops]) + packet)

    vip6 = b"\xfe\x80" + b"\0" * 13 + b"\x64"
    seed("v2", ADDRESSES, ipv4(v2()))
    seed("v2-pass", ADDRESSES | PASS, ipv4(v2(auth=b"1111")))
    seed("v2-wrong-pass", PASS, ipv4(v2(auth=b"2222")))
    seed("v2-priority-0", 0, ipv4(v2(priority=0)))
    seed("v2-owner", OWNER, ipv4(v2(priority=255)))
    seed("v2-ttl", 0, ipv4(v2(), ttl=64))
    seed("v2-short", 0, ipv4(v2())[:24])
    seed("v2-no-addresses", STRICT, ipv4(v2(vips=())))
    seed("v2-unicast", UNICAST, ipv4(v2(), to=b"\x0a\0\0\1"))
    seed("v3-rfc9568", V3 | ADDRESSES, ipv4(v3()))
    seed("v3-pseudo", V3, ipv4(v3(pseudo=pseudo_header("10.0.0.2", "224.0.0.18", 12))))
    seed("v3-10ms", V3, ipv4(v3(interval=1)))
    seed("v3-bad-sum", V3, ipv4(v3()[:6] + b"\xff\xff\x0a\0\0\x64"))
    seed("v3-ipv6", V6 | V3 | ADDRESSES,
         v3(vips=(vip6,), pseudo=pseudo_header("fe80::2", "ff02::12", 24)))
    seed("v3-ipv6-count", V6 | V3 | MEND, v3(vips=(vip6,)).replace(b"\x64\x01", b"\x64\xff"))
    seed("options", MEND, b"\x4f" + ipv4(v2())[1:20] + b"\1" * 40 + v2())


def boards():
    write("board", "empty-records", b"\x7f" + b"\0" * 8)
    write("board", "writer-died", b"\x01\x01")
    write("board", "ones", b"\x7f" + b"\xff" * 64)
    write("board", "short-file", b"\x80" + struct.pack("<II", 0x48464254, 1))
    write("board", "not-a-board", b"\x80" + b"#!/bin/sh\n" * 100)


def messages():
    for kind in range(15):
        write("message", f"kind-{kind:02}", bytes([kind % 6]) + struct.pack("<HBB", kind, 0, 1) + b"\0" * 24)
    write("message", "empty-body", b"\0" + struct.pack("<HBB", 0, 0, 1))
    write("message", "stop", b"\0" + struct.pack("<HBBI", 4, 0, 1, 0))
    write("message", "unknown-kind", b"\1" + struct.pack("<HBB", 999, 1, 0) + b"\0" * 16)


packets()
boards()
messages()
