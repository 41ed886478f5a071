# SPDX-License-Identifier: GPL-2.0-or-later
"""A lab: nodes, each a namespace with eth0 (eth1, ...) on bridge 0 (1, ...) of a switch namespace.

Node number N (a is 1) has on link L: MAC 02:00:00:00:0L:0N, 192.0.2.N/24 (link 1: 198.51.100.N/24, ...),
2001:db8:L::N/64 (link 0: 2001:db8::N) and the link-local address fe80::ff:fe00:L0N made from the MAC (fe80::ff:fe00:N on
link 0).
"""
import contextlib
import fcntl
import os
import shutil
import socket
import struct
import tempfile
import threading
import time

from . import daemons, netlink, ns, packets
from .sniffer import Sniffer
from .wait import PATIENCE, wait_until

SIOCGIFFLAGS, IFF_RUNNING = 0x8913, 0x40
NETWORKS = ("192.0.2", "198.51.100", "203.0.113", *(f"10.200.{link}" for link in range(3, 256)))


class Node:
    def __init__(self, lab, name, number):
        self.lab = lab
        self.name = name
        self.number = number
        self.namespace = f"{lab.prefix}-{name}"
        self.daemons = []
        self._injectors = {}
        self._watches = []
        self._routers = []

    # -- identity -------------------------------------------------------------------------------

    def mac(self, link=0):
        return f"02:00:00:00:{link:02x}:{self.number:02x}"

    def address(self, link=0):
        return f"{NETWORKS[link]}.{self.number}"

    def address6(self, link=0):
        return f"2001:db8:{link}::{self.number}" if link else f"2001:db8::{self.number}"

    def link_local(self, link=0):
        return f"fe80::ff:fe00:{link << 8 | self.number:x}"

    # -- set-up ---------------------------------------------------------------------------------

    def ip(self, *words, check=True):
        """Run `ip` here, with the words given or with one string of them."""
        argv = words[0].split() if len(words) == 1 else list(words)
        return ns.run("ip", "-n", self.namespace, *argv, check=check)

    def sysctl(self, name, value):
        def write():
            with open("/proc/sys/" + name.replace(".", "/"), "w", encoding="ascii") as handle:
                handle.write(str(value))
        ns.inside(self.namespace, write)

    def command(self, *argv):
        return ns.command(self.namespace, list(argv))

    def execute(self, *argv, check=True):
        return ns.run("ip", "netns", "exec", self.namespace, *argv, check=check)

    # -- kernel state -----------------------------------------------------------------------------

    def addresses(self, interface=None):
        """netlink.Address of every address here except the node's own and loopback's."""
        own = set()
        for link in range(self.lab.links):
            own |= {self.address(link), self.address6(link), self.link_local(link)}
        return [a for a in netlink.addresses(self.namespace)
                if a.address not in own and a.interface != "lo" and interface in (None, a.interface)]

    def has(self, address):
        """Is the address (no prefix length) on an interface?"""
        return any(a.address == address for a in netlink.addresses(self.namespace))

    def wait_has(self, address, timeout=PATIENCE):
        wait_until(lambda: self.has(address), what=f"{address} on {self.name}", timeout=timeout)

    def wait_has_not(self, address, timeout=PATIENCE):
        wait_until(lambda: not self.has(address), what=f"{address} gone from {self.name}", timeout=timeout)

    def watch(self):
        """An AddressWatch, closed with the lab."""
        watch = netlink.AddressWatch(self.namespace)
        self._watches.append(watch)
        return watch

    # -- the link -----------------------------------------------------------------------------------

    def carrier(self, up, link=0):
        """Plug the cable in or out."""
        ns.run("ip", "-n", self.lab.switch, "link", "set", f"{self.name}{link}", "up" if up else "down")

    def crash(self):
        """What a power cut looks like from outside: nothing runs, nothing comes out of the port."""
        for link in range(self.lab.links):
            self.carrier(False, link)
        for daemon in self.daemons:
            daemon.kill()

    # -- sending ----------------------------------------------------------------------------------

    def send(self, frame, link=0):
        """Put a frame on the wire, as it is."""
        if link not in self._injectors:
            def open_socket():
                sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
                sock.bind((f"eth{link}", 0))
                return sock
            self._injectors[link] = ns.inside(self.namespace, open_socket)
        self._injectors[link].send(frame)

    def advert_frame(self, *, vrid, priority, addresses=("192.0.2.100",), version=3, source=None,
                     destination=None, link=0, ttl=255, ident=1, payload=None, extra=b"",
                     destination_mac=None, **pdu):
        family6 = ":" in (source or addresses[0])
        source = source or (self.link_local(link) if family6 else self.address(link))
        destination = destination or (packets.GROUP6 if family6 else packets.GROUP4)
        if payload is None:
            payload = packets.build_pdu(source, destination, vrid=vrid, priority=priority,
                                        addresses=addresses, version=version, **pdu)
        packet = packets.build_ip(source, destination, payload + extra, ttl=ttl, ident=ident)
        return packets.build_frame(self.mac(link), destination, packet, destination_mac)

    def send_advert(self, link=0, **fields):
        """Send one forged advert (see advert_frame)."""
        self.send(self.advert_frame(link=link, **fields), link)

    def advert_on_wire(self, link=0, **fields):
        """The same; the time at which it was on the wire."""
        began = time.time()
        self.send_advert(link, **fields)
        return self.lab.wire.wait_advert(self.name, since=began, link=link).time

    def router(self, **fields):
        """A forged VRRP master that sends an advert every `interval` seconds until stopped."""
        router = ForgedMaster(self, **fields)
        self._routers.append(router)
        return router

    # -- daemons ------------------------------------------------------------------------------------

    def run(self, config, kind=None, **options):
        """Start a daemon here, of the kind under test unless told otherwise."""
        daemon = daemons.daemon_class(kind)(self, config, **options)
        self.daemons.append(daemon)
        daemon.start()
        return daemon

    def close(self):
        for router in self._routers:
            router.halt()
        for daemon in self.daemons:
            daemon.kill()
        for watch in self._watches:
            watch.close()
        for sock in self._injectors.values():
            sock.close()


def _all_run(names):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        return all(struct.unpack_from("H", fcntl.ioctl(sock, SIOCGIFFLAGS, struct.pack("16s16x", name.encode())), 16)[0]
                   & IFF_RUNNING for name in names)


class ForgedMaster:
    def __init__(self, node, interval=0.1, link=0, **fields):
        self.node, self.interval, self.link = node, interval, link
        self.fields = fields
        self._began = 0.0  # to send the last one
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, daemon=True)
        self._thread.start()

    def _loop(self):
        with contextlib.suppress(OSError):  # real-time, where permitted: who is late is taken for dead
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
        following = time.monotonic()
        while not self._stop.is_set():
            self._send(self.fields)
            following += self.interval
            self._stop.wait(max(0, following - time.monotonic()))

    def _send(self, fields):
        self._began = time.time()
        self.node.send_advert(link=self.link, interval=self.interval, **fields)

    def halt(self):
        self._stop.set()
        self._thread.join()

    def stop(self, priority_zero=False):
        """The time at which the last advert was on the wire: this thread may not be run for a while
        between sending it and looking at a clock."""
        if not self._stop.is_set():
            self.halt()
            if priority_zero:
                self._send({**self.fields, "priority": 0})
        return self.node.lab.wire.wait_advert(self.node.name, since=self._began, link=self.link).time


def _in_memory():
    """Where /run would be on a real machine: a disk that is slow for a while would be judged as a
    daemon that is. None where there is none that scripts can be run from."""
    try:
        shm = os.statvfs("/dev/shm")
    except OSError:
        return None
    return None if shm.f_flag & os.ST_NOEXEC or shm.f_bavail * shm.f_frsize < 1 << 30 else "/dev/shm"


class Lab:
    def __init__(self, nodes="ab", links=1, sniff=True):
        ns.sweep()
        self.prefix = ns.unique_prefix()
        self.links = links
        self.directory = tempfile.mkdtemp(prefix=f"{self.prefix}.", dir=_in_memory())
        self.switch = f"{self.prefix}-switch"
        self.nodes = [Node(self, name, number) for number, name in enumerate(nodes, 1)]
        self.wire = None
        for node in self.nodes:
            setattr(self, node.name, node)
        try:
            self._build()
            if sniff:
                self.wire = Sniffer(self.switch, {f"{node.name}{link}": (node.name, link)
                                                  for node in self.nodes for link in range(links)})
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def close(self):
        for node in self.nodes:
            node.close()
        if self.wire is not None:
            self.wire.close()
        ns.remove([self.switch] + [node.namespace for node in self.nodes])
        shutil.rmtree(self.directory, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, text, mode=0o644):
        """A file in the lab's directory; its path."""
        path = self.path(name)
        with open(path, "w", encoding="utf-8") as handle:
            handle.write(text)
        os.chmod(path, mode)
        return path

    def script(self, name, body, mode=0o755):
        """An executable shell script; its path."""
        return self.write(name, "#!/bin/sh\n" + body + "\n", mode)

    @staticmethod
    def now():
        """Now, on the clock of the wire's time stamps."""
        return time.time()

    # -- building -----------------------------------------------------------------------------------

    def _build(self):
        ns.create([self.switch] + [node.namespace for node in self.nodes])
        ns.inside(self.switch, self._quiet_ipv6)
        lines = []
        for link in range(self.links):
            lines += [f"link add br{link} type bridge mcast_snooping 0 forward_delay 0",
                      f"link set br{link} up"]
        for node in self.nodes:
            ns.inside(node.namespace, self._no_dad)
            for link in range(self.links):
                lines += [f"link add {node.name}{link} type veth peer name eth{link} "
                          f"address {node.mac(link)} netns {node.namespace}",
                          f"link set {node.name}{link} master br{link} up"]
        ns.run("ip", "-n", self.switch, "-batch", "-", text="\n".join(lines) + "\n")
        for node in self.nodes:
            self._address(node)
        wait_until(self._links_run, what="every link runs")

    def _links_run(self):
        """The kernel tells of a carrier later, the more so when it is busy: without it a daemon is in FAULT."""
        ports = [f"{node.name}{link}" for node in self.nodes for link in range(self.links)]
        ends = [f"eth{link}" for link in range(self.links)]
        return ns.inside(self.switch, _all_run, ports) and all(ns.inside(node.namespace, _all_run, ends) for node in self.nodes)

    def _address(self, node):
        lines = ["link set lo up"]
        for link in range(self.links):
            lines += [f"addr add {node.address(link)}/24 dev eth{link}",
                      f"addr add {node.address6(link)}/64 dev eth{link} nodad",
                      f"link set eth{link} up"]
        ns.run("ip", "-n", node.namespace, "-batch", "-", text="\n".join(lines) + "\n")

    @staticmethod
    def _quiet_ipv6():
        for where in ("all", "default"):
            with open(f"/proc/sys/net/ipv6/conf/{where}/disable_ipv6", "w", encoding="ascii") as handle:
                handle.write("1")

    @staticmethod
    def _no_dad():
        for where in ("all", "default"):
            with open(f"/proc/sys/net/ipv6/conf/{where}/accept_dad", "w", encoding="ascii") as handle:
                handle.write("0")
