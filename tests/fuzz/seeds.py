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


numbers()
packets()
boards()
messages()
texts()
