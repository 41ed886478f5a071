# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel's IPVS state of a node, as text says it: `ipvsadm -Sn` for everything, /proc for what
is asked often.

Services are named as in "tcp 192.0.2.100:80", "udp [2001:db8::100]:53", "fwm 5", "fwm6 5".
"""
import ipaddress
import shlex
import time
from dataclasses import dataclass, field

from . import ns
from .wait import PATIENCE, Timeout

METHODS = {"-m": "nat", "-g": "dr", "-i": "tun"}
PROC_METHODS = {"Masq": "nat", "Route": "dr", "Tunnel": "tun", "Local": "local"}
PROTOCOLS = {"-t": "tcp", "-u": "udp", "--sctp-service": "sctp"}


@dataclass
class Server:
    address: str
    port: int
    method: str
    weight: int
    tunnel: dict = field(default_factory=dict)  # options of tun: type, port, csum, ...
    active: int = 0
    inactive: int = 0


@dataclass
class Service:
    name: str
    scheduler: str
    persistence: int = 0    # seconds; 0 is none
    netmask: str = ""
    ops: bool = False
    flags: tuple = ()
    engine: str = ""
    servers: dict = field(default_factory=dict)  # (address, port) -> Server

    def weights(self):
        """{server address: weight}"""
        return {server.address: server.weight for server in self.servers.values()}


def split(text):
    """("192.0.2.1", 80) of "192.0.2.1:80", and likewise with brackets."""
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def parse_save(text):
    """{name: Service} from the output of `ipvsadm -Sn`."""
    services = {}
    for line in text.splitlines():
        words = shlex.split(line)
        if not words:
            continue
        options = _options(words[1:])
        name = _service_name(options)
        if words[0] == "-A":
            services[name] = Service(name, options["-s"], int(options.get("-p", 0)), options.get("-M", ""),
                                     "-o" in options, tuple(filter(None, options.get("-b", "").split(","))),
                                     options.get("--pe", ""))
        elif words[0] == "-a":
            address, port = split(options["-r"])
            method = next(METHODS[word] for word in METHODS if word in options)
            tunnel = {word[6:]: value for word, value in options.items() if word.startswith("--tun-")}
            services[name].servers[address, port] = Server(address, port, method, int(options["-w"]), tunnel)
    return services


def _options(words):
    """{option: its argument or ""}"""
    options, last = {}, None
    for word in words:
        if word.startswith("-"):
            options[word] = ""
            last = word
        elif last:
            options[last] = word
    return options


def _service_name(options):
    if "-f" in options:
        return f"fwm{'6' if '-6' in options else ''} {options['-f']}"
    return next(f"{PROTOCOLS[word]} {options[word]}" for word in PROTOCOLS if word in options)


def services(node):
    """{name: Service} of everything in the node's tables."""
    return parse_save(node.execute("ipvsadm", "-Sn"))


def parse_proc(text):
    """{name: Service} from /proc/net/ip_vs; without persistence and tunnel options, with
    connection counts. Marks of IPv6 look like those of IPv4 there."""
    found, service = {}, None
    for line in text.splitlines()[3:]:
        words = line.split()
        if not words:
            continue
        if words[0] == "->":
            address, port = _hexadecimal(words[1])
            service.servers[address, port] = Server(address, port, PROC_METHODS.get(words[2], words[2]), int(words[3]),
                                                    {}, int(words[4]), int(words[5]))
            continue
        if words[0] == "FWM":
            name = f"fwm {int(words[1], 16)}"
        else:
            address, port = _hexadecimal(words[1])
            name = f"{words[0].lower()} {f'[{address}]' if ':' in address else address}:{port}"
        service = Service(name, words[2], ops="ops" in words)
        found[name] = service
    return found


def _hexadecimal(text):
    host, _, port = text.rpartition(":")
    if host.startswith("["):
        return str(ipaddress.ip_address(host.strip("[]"))), int(port, 16)
    return str(ipaddress.ip_address(int(host, 16))), int(port, 16)


def table(node):
    """{name: Service} from /proc: no process is started, so it may be asked often."""
    def read():
        with open("/proc/thread-self/net/ip_vs", encoding="ascii") as handle:
            return handle.read()
    return parse_proc(ns.inside(node.namespace, read))


def weights(node, name):
    """{server address: weight} of one service; None when there is no such service."""
    service = table(node).get(name)
    return service.weights() if service else None


def wait_weights(node, name, wanted, timeout=PATIENCE):
    """Until the service's {server address: weight} is as wanted."""
    deadline = time.monotonic() + timeout
    while (seen := weights(node, name)) != wanted:
        if time.monotonic() > deadline:
            raise Timeout(f"not within {timeout:g} s: {name} on {node.name} with {wanted}; it has {seen}")
        time.sleep(0.05)


def sync_daemons(node):
    """{"master": words, "backup": words} of the sync daemons that run."""
    found = {}
    for line in node.execute("ipvsadm", "-l", "--daemon").splitlines():
        role, _, rest = line.partition(" sync daemon ")
        if rest:
            found[role] = rest.strip().strip("()")
    return found


def connections(node):
    """Lines of the connection table."""
    def read():
        with open("/proc/thread-self/net/ip_vs_conn", encoding="ascii") as handle:
            return handle.read().splitlines()[1:]
    return ns.inside(node.namespace, read)
