#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the binary seeds of corpus/: run it again after a layout has changed."""
import gzip
import os
import struct
import sys
import zlib

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


CONFIGS = {
    "language": b"""# comment
! comment
$VRID=51
$LINE=virtual_router_id $VRID \\
 priority 100
@node $PRIO=90
@^node $PRIO=80
global_defs{ router_id "a # b" # c
}
~SEQ(N, 1, 3) $IF$N=eth$N
vrrp_instance "VI_1" {
 interface eth0
 $LINE
 state BACKUP virtual_ipaddress { 10.0.0.$VRID }
}
""",
    "repeat": b"""~SEQ(VAR, 1, 2, 9) vrrp_script s$VAR { script "/bin/true" interval $VAR }
~LST(A, eth0, eth1) ~SEQx(B, 0x10, 0x1f) vrrp_instance V_${A}_$B { interface $A }
""",
    "include": b"include more.conf\nglobal_defs { include /etc/*more* }\n\0vrrp_script x {\n script /bin/true\n",
    "include-itself": b"include more.conf\n\0include more.conf\n",
    "macro-loop": b"$A=$B\n$B=$A x\n$A\n",
    "macro-lines": b"$M=\\\nvrrp_instance V {\\\n  interface eth0 virtual_router_id 3\\\n}\n\n$M\n",
    "predefined": b"$X=${_PWD} ${_INSTANCE} ${_RANDOM 1-9} ${_ENV HOME} ${_HASH}\nglobal_defs {\n router_id $X\n}\n",
    "braces": b"vrrp_instance a { interface eth0 {{ } }\n} x } global_defs {",
    "typos": b"vrrp_instance V {\n authentication {\n  auth_type PASS\n  autp_pass 1\n }\n preemtp_delay 5\n}\n",
    "unknown-block": b"no_such_block a b {\n x {\n  y\n }\n}\nglobal_defs {\n router_id r\n}\n",
    "quote": b'vrrp_script s {\n script "/bin/sh -c \\"a\n}\n',
    "track": b"""vrrp_track_file f { file /tmp/f weight 3 reverse init_file 5 overwrite }
vrrp_track_process p { process nginx quorum 2 delay 1 }
vrrp_instance V { interface eth0 virtual_router_id 9
 track_interface { eth0 weight 10
 eth1 weight -5 reverse }
 track_file { f weight 1 }
 track_script { s weight -10 }
 track_process { p }
 unicast_peer { 10.0.0.2 min_ttl 5 max_ttl 64 }
 virtual_ipaddress { 10.1.1.1/24 brd + dev eth0 scope global label eth0:1
  2001:db8::1/64 home preferred_lft 0 }
 notify_master "/bin/sh -c 'a && b'" nobody nogroup
 notify /bin/x
}
""",
    "routes": b"""static_ipaddress { 192.168.1.1/24 brd + dev eth0 scope global }
static_routes { src 10.0.0.1 to 10.2.0.0/16 via 10.0.0.254 dev eth0 table main metric 5
 10.3.0.0/16 nexthop via 10.0.0.1 weight 1 nexthop via 10.0.0.2 }
static_rules { from 10.0.0.0/8 table 7 priority 100
 not fwmark 1/0xff iif eth0 to 10.9.0.0/16 suppress_prefixlength 1 }
""",
    "virtual-server": b"""virtual_server 10.10.10.2 1358 {
 delay_loop 6
 lb_algo rr
 lb_kind NAT
 persistence_timeout 50
 protocol TCP
 sorry_server 192.168.200.200 1358
 real_server 192.168.200.2 1358 {
  weight 1
  HTTP_GET {
   url {
    path /t.jsp
    digest 640205b7b0fc66c1ea91c463fac6334d
   }
   connect_timeout 3
  }
 }
 real_server 192.168.200.3 1358 { MISC_CHECK { misc_path "/bin/true" misc_dynamic } }
}
virtual_server_group G { 10.0.0.1-20 80
 fwmark 5 }
""",
}

SCRIPTS = {
    "plain": b"script /bin/true",
    "guide": b"""script "/bin/bash -c '[[ -e /etc/keepalived/xxx ]]' && exit 1 || exit 0\"""",
    "escapes": b"""startup_script "myscript 'two words' \\\\x41 \\x42 \\"q\\"" root""",
    "user": b"notify_master \"/x a\" nobody : nogroup",
    "open": b"script \"a 'b",
    "control": b"script '\\cA\\101\\x4'",
}


def texts():
    for name, data in CONFIGS.items():
        write("config", name, data)
    for name, data in SCRIPTS.items():
        write("script", name, data)


NUMBERS = {
    "empty": b"", "five": b"5\n", "minus": b"-10", "hex": b"0x1f\n", "octal": b"017", "large": b"99999999999",
    "small": b"-99999999999999999999999", "words": b"up\n", "blank": b"  42 rest", "long": b"1" * 200,
}


def numbers():
    for name, data in NUMBERS.items():
        write("number", name, data)


KINDS = ("http", "smtp", "dns", "udp", "grpc", "pgsql", "mysql", "redis", "agent")
A, B, C, CLOSE, SILENCE, NO_MATCH, OFFSETS = 1, 2, 4, 8, 16, 32, 192


def frame(kind, flags, stream, body):
    return struct.pack("!I", len(body))[1:] + struct.pack("!BBI", kind, flags, stream) + body


def dialogues():
    def seed(name, options, data, piece=0):
        write("dialogue", name, bytes([KINDS.index(name.split("-")[0]), options, piece]) + data)

    page = b"HTTP/1.1 200 OK\r\nServer: x\r\n"
    seed("http-plain", 0, page + b"\r\n")
    seed("http-status", 0, b"HTTP/1.0 503 No\r\n\r\n", 3)
    seed("http-digest", A, page + b"Content-Length: 5\r\n\r\nhello")
    seed("http-chunked", A | CLOSE, page + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 7)
    seed("http-gzip", A | CLOSE, page + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"hello" * 50, mtime=0))
    seed("http-deflate", A | CLOSE, page + b"Content-Encoding: deflate\r\n\r\n" + zlib.compress(b"hello" * 50))
    seed("http-regex", B | CLOSE, page + b"\r\nabc<def\n <p>END", 4)
    seed("http-behind", C | CLOSE | NO_MATCH, page + b"\r\nxy xabz abcz", 1)
    seed("http-utf", B | C | CLOSE, page + b"\r\n\n \xc3\xbc\xe2\x82\xac\n\xff\xc3", 1)
    seed("http-offsets", B | OFFSETS | CLOSE, page + b"\r\n" + b"abc<d " * 60, 50)
    seed("http-interim", 0, b"HTTP/1.1 100 Continue\r\n\r\n" + page + b"\r\n")
    seed("smtp-good", 0, b"220-a\r\n220 b\r\n", 5)
    seed("smtp-turns", CLOSE, b"220 b\r\n250 ok\r\n", 7)
    seed("dns-good", 0, b"\x12\x34\x81\x80" + b"\0" * 8)
    seed("dns-servfail", SILENCE, b"\x12\x34\x81\x82" + b"\0" * 8)
    seed("udp-reply", A | B | C, b"\1\2\3\4")
    seed("udp-silence", A | SILENCE, b"")
    settings, end_stream, end_headers = 4, 1, 4
    seed("grpc-serving", A, frame(settings, 0, 0, b"") + frame(1, end_headers, 1, b"\x88") +
         frame(0, 0, 1, b"\0\0\0\0\2\x08\1") +
         frame(1, end_headers | end_stream, 1, b"\0\x0bgrpc-status\x010"))
    seed("grpc-unimplemented", 0, frame(settings, 0, 0, b"") + frame(1, end_headers | end_stream, 1,
         b"\x88\0\x0bgrpc-status\x0212"), 9)
    seed("grpc-goaway", CLOSE, frame(settings, 0, 0, b"") + frame(7, 0, 0, b"\0" * 8))
    seed("pgsql-auth", 0, b"R\0\0\0\x08\0\0\0\5", 2)
    seed("pgsql-error", 0, b"N\0\0\0\5\0E\0\0\0\x1bSFATAL\0C57P03\0Mstarting\0\0")
    greeting = b"\x0a\0\0\0\x0a8.0.1-x\0x"
    seed("mysql-greeting", 0, greeting)
    seed("mysql-switch", A, greeting + b"\x08\0\0\2\xfeplugin\0", 14)
    seed("mysql-denied", A, greeting + b"\x09\0\0\2\xff\x15\x04#28000", 14)
    seed("redis-pong", 0, b"+PONG\r\n")
    seed("redis-role", B, b"+PONG\r\n*3\r\n$6\r\nmaster\r\n", 7)
    seed("agent-percent", CLOSE, b"up 75% drain maxconn:3 # text")
    seed("agent-down", A, b"fail#disk full\n", 4)


dialogues()
numbers()
packets()
boards()
messages()
texts()
