# SPDX-License-Identifier: GPL-2.0-or-later
"""VRRP, ARP, neighbour advertisement and IGMP: frames to objects, and adverts to frames.

Written against RFC 3768, 5798, 9568, 826 and 4861, independently of the daemon's own codec.
"""
import ipaddress
import socket
import struct
from dataclasses import dataclass, field

ETH_IP, ETH_ARP, ETH_IPV6 = 0x0800, 0x0806, 0x86DD
VRRP = 112
GROUP4, GROUP6 = "224.0.0.18", "ff02::12"


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def pseudo_header(source, destination, length):
    src, dst = ipaddress.ip_address(source).packed, ipaddress.ip_address(destination).packed
    if len(src) == 4:
        return src + dst + struct.pack("!BBH", 0, VRRP, length)
    return src + dst + struct.pack("!IHBB", length, 0, 0, VRRP)


def mac(data):
    return data.hex(":")


@dataclass
class Frame:
    time: float  # kernel time stamp, seconds since 1970
    node: str    # the node that sent it
    link: int    # the number of the link (bridge) it was seen on
    source_mac: str
    destination_mac: str
    raw: bytes = field(repr=False)


@dataclass
class Advert(Frame):
    family: int = 4
    source: str = ""
    destination: str = ""
    ttl: int = 255
    tos: int = 0
    ident: int = 0
    version: int = 2
    type: int = 1
    vrid: int = 0
    priority: int = 0
    interval: float = 0.0  # seconds
    auth_type: int = 0
    auth: bytes = b""
    addresses: tuple = ()
    checksum: str = ""  # "plain", "pseudo" or "wrong"
    pdu: bytes = field(default=b"", repr=False)


@dataclass
class Arp(Frame):
    operation: int = 0
    sender_mac: str = ""
    sender: str = ""
    target_mac: str = ""
    target: str = ""

    @property
    def gratuitous(self):
        return self.sender == self.target


@dataclass
class NeighbourAdvert(Frame):
    source: str = ""
    destination: str = ""
    hop_limit: int = 0
    flags: int = 0  # router 0x80, solicited 0x40, override 0x20
    target: str = ""
    target_mac: str = ""


@dataclass
class Igmp(Frame):
    type: int = 0
    group: str = ""
    record: int = 0  # IGMPv3: 3 change to include (leave), 4 change to exclude (join)


def decode(raw, time=0.0, node="", link=0):
    """The frame as an object, or None if it is of no interest."""
    if len(raw) < 14:
        return None
    common = {"time": time, "node": node, "link": link, "destination_mac": mac(raw[0:6]),
              "source_mac": mac(raw[6:12]), "raw": raw}
    kind = struct.unpack_from("!H", raw, 12)[0]
    body = raw[14:]
    if kind == ETH_ARP and len(body) >= 28:
        return Arp(operation=struct.unpack_from("!H", body, 6)[0], sender_mac=mac(body[8:14]),
                   sender=socket.inet_ntoa(body[14:18]), target_mac=mac(body[18:24]),
                   target=socket.inet_ntoa(body[24:28]), **common)
    if kind == ETH_IP and len(body) >= 20:
        return _decode_ipv4(body, common)
    if kind == ETH_IPV6 and len(body) >= 40:
        return _decode_ipv6(body, common)
    return None


def _decode_ipv4(body, common):
    header = (body[0] & 15) * 4
    total, ident = struct.unpack_from("!HH", body, 2)
    source, destination = socket.inet_ntoa(body[12:16]), socket.inet_ntoa(body[16:20])
    payload = body[header:total]
    if body[9] == VRRP and len(payload) >= 8:
        return Advert(family=4, source=source, destination=destination, ttl=body[8], tos=body[1],
                      ident=ident, **_decode_pdu(payload, source, destination), **common)
    if body[9] == socket.IPPROTO_IGMP and len(payload) >= 8:
        if payload[0] == 0x22 and len(payload) >= 16:
            return Igmp(type=0x22, record=payload[8], group=socket.inet_ntoa(payload[12:16]), **common)
        return Igmp(type=payload[0], group=socket.inet_ntoa(payload[4:8]), **common)
    return None


def _decode_ipv6(body, common):
    first, length, following, hops = struct.unpack_from("!IHBB", body)
    source = str(ipaddress.IPv6Address(body[8:24]))
    destination = str(ipaddress.IPv6Address(body[24:40]))
    payload = body[40:40 + length]
    if following == VRRP and len(payload) >= 8:
        return Advert(family=6, source=source, destination=destination, ttl=hops,
                      tos=first >> 20 & 0xFF, **_decode_pdu(payload, source, destination), **common)
    if following == socket.IPPROTO_ICMPV6 and len(payload) >= 24 and payload[0] == 136:
        return NeighbourAdvert(source=source, destination=destination, hop_limit=hops, flags=payload[4],
                               target=str(ipaddress.IPv6Address(payload[8:24])),
                               target_mac=mac(payload[26:32]) if len(payload) >= 32 else "", **common)
    return None


def _decode_pdu(pdu, source, destination):
    version, kind = pdu[0] >> 4, pdu[0] & 15
    size = 16 if ":" in source else 4
    end = 8 + pdu[3] * size
    addresses = tuple(str(ipaddress.ip_address(pdu[at:at + size])) for at in range(8, min(end, len(pdu)), size)
                      if at + size <= len(pdu))
    if checksum(pdu) == 0:
        form = "plain"
    elif checksum(pseudo_header(source, destination, len(pdu)) + pdu) == 0:
        form = "pseudo"
    else:
        form = "wrong"
    if version == 2:
        interval, auth_type = float(pdu[5]), pdu[4]
    else:
        interval, auth_type = (struct.unpack_from("!H", pdu, 4)[0] & 0xFFF) / 100, 0
    return {"version": version, "type": kind, "vrid": pdu[1], "priority": pdu[2], "interval": interval,
            "auth_type": auth_type, "auth": pdu[end:], "addresses": addresses, "checksum": form, "pdu": pdu}


def build_pdu(source, destination, *, vrid, priority, addresses, version=3, interval=1.0, auth_type=0,
              password=None, type=1, count=None, form=None, spoil=False):
    """An advert's PDU. `form` is the checksum's: "plain" or "pseudo"; the usual one if None."""
    family6 = ":" in source
    listed = b"".join(ipaddress.ip_address(a).packed for a in addresses)
    if password is not None:
        auth_type = 1
    if version == 2:
        middle = struct.pack("!BB", auth_type, int(interval))
    else:
        middle = struct.pack("!H", round(interval * 100))
    head = struct.pack("!BBBB", version << 4 | type, vrid, priority, len(addresses) if count is None else count)
    tail = b"" if version == 3 or family6 else (password or "").encode()[:8].ljust(8, b"\0")
    pdu = head + middle + b"\0\0" + listed + tail
    form = form or ("plain" if version == 2 and not family6 else "pseudo")
    covered = pdu if form == "plain" else pseudo_header(source, destination, len(pdu)) + pdu
    value = checksum(covered) ^ (0x5555 if spoil else 0)
    return pdu[:6] + struct.pack("!H", value) + pdu[8:]


def build_ip(source, destination, payload, *, ttl=255, tos=0xC0, ident=1, protocol=VRRP):
    src, dst = ipaddress.ip_address(source).packed, ipaddress.ip_address(destination).packed
    if len(src) == 16:
        return struct.pack("!IHBB", 6 << 28 | tos << 20, len(payload), protocol, ttl) + src + dst + payload
    head = struct.pack("!BBHHHBBH", 0x45, tos, 20 + len(payload), ident, 0, ttl, protocol, 0) + src + dst
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def build_frame(source_mac, destination, packet, destination_mac=None):
    """An Ethernet frame around an IP packet; the multicast MAC is worked out."""
    address = ipaddress.ip_address(destination)
    if destination_mac:
        target = bytes.fromhex(destination_mac.replace(":", ""))
    elif address.version == 4:
        low = int(address) & 0x7FFFFF
        target = bytes([1, 0, 0x5E, low >> 16, low >> 8 & 0xFF, low & 0xFF])
    else:
        target = b"\x33\x33" + address.packed[-4:]
    kind = ETH_IP if address.version == 4 else ETH_IPV6
    return target + bytes.fromhex(source_mac.replace(":", "")) + struct.pack("!H", kind) + packet
