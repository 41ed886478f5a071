# SPDX-License-Identifier: GPL-2.0-or-later
"""Configurations of virtual servers, and lives led with them, made at random from a seed.

What both programs take without a complaint, unless a test asks for more. A configuration is blocks of
lines, so that a reload can change a little of it.
"""
import copy
import random
from dataclasses import dataclass, field

from .twins import DOOR, NUMBERS, Step

SCHEDULERS = ["rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "mh", "sed", "nq", "fo", "ovf"]
TUNNELS = ["TUN", "TUN type ipip", "TUN type gue port 6080", "TUN type gue port 6080 csum", "TUN type gue port 6081 remcsum",
           "TUN type gue port 6080 nocsum", "TUN type gre", "TUN type gre csum"]
WEIGHTS = [0, 1, 1, 2, 3, 5, 10, 100, 65535]


@dataclass
class Server:
    address: str
    port: object
    lines: dict = field(default_factory=dict)
    checks: list = field(default_factory=list)
    scripts: bool = False

    def text(self, name):
        lines = [f"{key} {value}".rstrip() for key, value in self.lines.items()]
        if self.scripts:
            lines += [f'notify_up "@DIR@/note {name} {self.address} {self.port} up"',
                      f'notify_down "@DIR@/note {name} {self.address} {self.port} down"']
        lines += [line for check in self.checks for line in check.splitlines()]
        return [f"real_server {self.address} {self.port or ''} {{", *("    " + line for line in lines), "}"]


@dataclass
class Service:
    name: str
    family: int
    port: int
    protocol: str
    lines: dict = field(default_factory=dict)
    sorry: list = field(default_factory=list)
    servers: list = field(default_factory=list)
    scripts: bool = False

    def text(self):
        lines = [f"protocol {self.protocol}"] if self.protocol else []
        lines += [f"{key} {value}".rstrip() for key, value in self.lines.items()]
        lines += self.sorry
        if self.scripts:
            name = self.name.replace(" ", "_")
            lines += [f'quorum_up "@DIR@/note {name} gained"', f'quorum_down "@DIR@/note {name} lost"']
        for server in self.servers:
            lines += server.text(self.name.replace(" ", "_"))
        return [f"virtual_server {self.name} {{", *("    " + line for line in lines), "}"]


@dataclass
class Conf:
    groups: dict = field(default_factory=dict)      # name -> lines
    services: list = field(default_factory=list)
    settings: list = field(default_factory=list)    # of global_defs

    def text(self):
        out = ["global_defs {", "    script_user root", "    enable_script_security", "    lvs_notify_fifo @DIR@/fifo root",
               *("    " + line for line in self.settings), "}"]
        for number in NUMBERS:
            if not any(f"file{number}" in check for one in self.services for server in one.servers for check in server.checks):
                continue
            out += [f"track_file file{number} {{", f"    file @DIR@/number.{number}", "    weight 1", "}"]
        for name, lines in self.groups.items():
            out += [f"virtual_server_group {name} {{", *("    " + line for line in lines), "}"]
        for service in self.services:
            out += service.text()
        return "\n".join(out) + "\n"


class Maker:
    def __init__(self, seed, checks=True):
        self.rng = random.Random(seed)
        self.with_checks = checks
        self.mark = 10

    def chance(self, probability):
        return self.rng.random() < probability

    def pick(self, *values):
        return self.rng.choice(values)

    # -- servers ----------------------------------------------------------------------------------

    def address(self, family):
        return f"10.8.0.{self.rng.randint(1, 6)}" if family == 4 else f"fd08::{self.rng.randint(1, 6)}"

    def method(self):
        return self.rng.choice(TUNNELS) if self.chance(0.3) else self.pick("NAT", "DR")

    def check(self):
        number = self.rng.choice(NUMBERS)
        lines = [f"retry {self.pick(0, 0, 1)}", "delay_before_retry 0.1"] if self.chance(0.7) else []
        lines += [f"alpha {self.pick('', 'on', 'off')}".rstrip()] if self.chance(0.1) else []
        kind = self.pick("TCP", "TCP", "TCP", "HTTP", "MISC", "DYNAMIC", "FILE")
        if kind in ("TCP", "HTTP"):
            lines += ["connect_ip 127.0.0.1", f"connect_port {DOOR + number}", "connect_timeout 4"]
            lines += ["url {", "    path /", "}"] if kind == "HTTP" else []
            name = "TCP_CHECK" if kind == "TCP" else "HTTP_GET"
        elif kind == "FILE":
            lines = [f"track_file file{number}"]
            lines += [f"weight {self.pick('-1', '0', '1', '2', '2 reverse')}"] if self.chance(0.7) else []
            name = "FILE_CHECK"
        else:
            lines += [f'misc_path "@DIR@/misc {number}"', "misc_timeout 9"]
            lines += ["misc_dynamic"] if kind == "DYNAMIC" else []
            name = "MISC_CHECK"
        return "\n".join([f"{name} {{", *("    " + line for line in lines), "}"])

    def server_lines(self, family):
        lines = {}
        if self.chance(0.7):
            lines["weight"] = self.rng.choice(WEIGHTS)
        if self.chance(0.25):
            lines["lvs_method"] = self.method()
        if self.chance(0.2):
            lines["inhibit_on_failure"] = self.pick("", "on", "off")
        if self.chance(0.15):
            lines["alpha"] = self.pick("", "on", "off")
        if self.chance(0.1):
            lines["retry"] = 1
        if self.chance(0.1):
            lines["virtualhost"] = "a.example"
        return lines

    def server(self, service):
        family = service.family
        port = self.pick(service.port, service.port, 8080, 0)
        server = Server(self.address(family), port, self.server_lines(family), scripts=self.chance(0.3))
        self.limits(server)
        if self.with_checks and self.chance(0.75):
            server.checks = [self.check() for _ in range(self.pick(1, 1, 2))]
        return server

    @staticmethod
    def limits(server):
        """Always the same of the same server: keepalived does not tell the kernel when they change."""
        number = int(server.address[-1])
        if number > 4:
            server.lines["uthreshold"] = 10 * number
        if number == 6:
            server.lines["lthreshold"] = 5

    def sorry(self, service):
        lines = [f"sorry_server {self.address(service.family)} {self.pick(service.port or 80, 9090, '')}".rstrip()]
        lines += ["sorry_server_inhibit"] if self.chance(0.4) else []
        lines += [f"sorry_server_lvs_method {self.method()}"] if self.chance(0.3) else []
        return lines

    # -- services -----------------------------------------------------------------------------------

    def service_lines(self, service):
        lines = {"lvs_sched": self.rng.choice(SCHEDULERS), "lvs_method": self.method(), "delay_loop": 0.3, "warmup": 0}
        if self.chance(0.3):
            lines["lb_algo"] = lines.pop("lvs_sched")
        if self.chance(0.3):
            lines["lb_kind"] = lines.pop("lvs_method")
        scheduler = lines.get("lvs_sched") or lines.get("lb_algo")
        if scheduler in ("sh", "mh"):
            lines |= {f"{scheduler}-{flag}": "" for flag in ("port", "fallback") if self.chance(0.5)}
        elif self.chance(0.2):
            lines[f"flag-{self.pick(1, 2, 3)}"] = ""
        if service.protocol in ("UDP", "") and self.chance(0.3):
            lines["ops"] = ""
        if not service.port or self.chance(0.3):
            lines["persistence_timeout"] = self.pick("", 60, 1800)
            if not service.name.startswith("group") and self.chance(0.4):
                lines["persistence_granularity"] = "255.255.255.0" if service.family == 4 else "64"
        if self.chance(0.4):
            lines["quorum"] = self.pick(1, 2, 3, 5, 50)
            if self.chance(0.5):
                lines["hysteresis"] = self.pick(0, 1, 2, 4)
        for name, probability in (("inhibit_on_failure", 0.2), ("alpha", 0.15), ("omega", 0.3)):
            if self.chance(probability):
                lines[name] = ""
        if self.chance(0.15):
            lines["weight"] = self.pick(1, 2, 7)
        if self.chance(0.2):
            lines["retry"] = 1
        if self.chance(0.3):
            lines["delay_before_retry"] = 0.1
        return lines

    def place(self, conf):
        """(name, family, port, protocol) of a new service."""
        family = self.pick(4, 4, 6)
        port = self.pick(80, 80, 443, 0)
        protocol = self.pick("TCP", "TCP", "UDP", "SCTP")
        kind = self.pick("address", "address", "address", "mark", "group", "group")
        if kind == "mark":
            return f"fwmark {self.rng.randint(1, 4)}", family, 0, ""
        if kind == "group":
            name = f"G{self.rng.randint(1, 3)}"
            if name not in conf.groups:
                conf.groups[name] = self.group(family, port)
            lines = conf.groups[name]
            family = 6 if any("fd09" in line for line in lines) else 4
            ports = [int(line.split()[1]) for line in lines if len(line.split()) > 1 and "fwmark" not in line]
            port = ports[0] if ports else 0
            return f"group {name}", family, port, protocol
        address = f"10.9.0.{self.rng.randint(1, 3)}" if family == 4 else f"fd09::{self.rng.randint(1, 3)}"
        return f"{address} {port or ''}".rstrip(), family, port, protocol

    def entry(self, family, port):
        port = port or ""
        start = self.rng.randint(16, 200)
        if self.chance(0.25):
            self.mark += 1
            return f"fwmark {self.mark}"
        if family == 4:
            net = f"10.9.{self.rng.randint(1, 5)}"
            return self.pick(f"{net}.{start} {port}", f"{net}.{start}-{start + self.rng.randint(1, 3)} {port}").rstrip()
        net = f"fd09:{self.rng.randint(1, 5)}"
        return self.pick(f"{net}::{start:x} {port}", f"{net}::{start:x}-{start + self.rng.randint(1, 3):x} {port}").rstrip()

    def group(self, family, port):
        lines = [self.entry(family, port) for _ in range(self.rng.randint(1, 3))]
        if all("fwmark" in line for line in lines):
            lines.append(f"10.9.7.{self.mark} {port or ''}".rstrip() if family == 4 else f"fd09:7::{self.mark} {port or ''}".rstrip())
        return list(dict.fromkeys(lines))

    def service(self, conf):
        service = Service(*self.place(conf))
        service.lines = self.service_lines(service)
        if service.name.startswith("fwmark") and service.family == 6:
            service.lines["ip_family"] = "inet6"
        if self.chance(0.35):
            service.sorry = self.sorry(service)
        service.scripts = self.chance(0.3)
        self.servers_fit(service, [self.server(service) for _ in range(self.rng.randint(1, 4))])
        return service

    @staticmethod
    def servers_fit(service, servers):
        """Each once, by address: those that cannot have a port of their own would become alike."""
        service.servers = list({server.address: server for server in servers}.values())

    def conf(self):
        conf = Conf()
        if self.chance(0.2):
            conf.settings.append(f"lvs_timeouts tcp {self.pick(600, 700)} udp 77")
        for _ in range(self.rng.randint(1, 3)):
            self.add(conf)
        return conf

    def add(self, conf):
        """One more service, of a place that is free: two of one group would meet at its marks."""
        service = self.service(conf)
        taken = {(one.name, "group" in one.name or one.protocol) for one in conf.services}
        if (service.name, "group" in service.name or service.protocol) not in taken:
            conf.services.append(service)

    # -- changes ------------------------------------------------------------------------------------

    def change(self, conf):
        """A configuration that differs a little."""
        conf = copy.deepcopy(conf)
        for _ in range(self.rng.randint(1, 4)):
            getattr(self, self.pick("_add", "_drop", "_head", "_head", "_server", "_server", "_servers", "_servers",
                                    "_checks", "_sorry", "_group"))(conf)
        return conf

    def _add(self, conf):
        self.add(conf)

    def _drop(self, conf):
        if len(conf.services) > 1:
            conf.services.remove(self.rng.choice(conf.services))

    def _head(self, conf):
        service = self.rng.choice(conf.services)
        family = {key: value for key, value in service.lines.items() if key == "ip_family"}
        fresh = self.service_lines(service)
        if self.chance(0.5):    # one thing only
            keys = sorted(set(fresh) ^ set(service.lines) - {"ip_family"})
            if keys:
                key = self.rng.choice(keys)
                mixed = dict(service.lines)
                if key in fresh and "-" not in key and not key.startswith("l"):
                    mixed[key] = fresh[key]
                fresh = mixed
        service.lines = {**fresh, **family}

    def _server(self, conf):
        service = self.rng.choice(conf.services)
        server = self.rng.choice(service.servers)
        if self.chance(0.5):
            server.lines["weight"] = self.rng.choice(WEIGHTS)
        else:
            server.lines = self.server_lines(service.family)
            self.limits(server)

    def _servers(self, conf):
        service = self.rng.choice(conf.services)
        servers = list(service.servers)
        if self.chance(0.5) and len(servers) > 1:
            servers.remove(self.rng.choice(servers))
        else:
            servers.append(self.server(service))
        if self.chance(0.2):
            self.rng.shuffle(servers)
        self.servers_fit(service, servers)

    def _checks(self, conf):
        server = self.rng.choice(self.rng.choice(conf.services).servers)
        if self.with_checks:
            server.checks = [self.check() for _ in range(self.rng.randint(0, 2))]

    def _sorry(self, conf):
        service = self.rng.choice(conf.services)
        service.sorry = self.sorry(service) if not service.sorry or self.chance(0.5) else []

    def _group(self, conf):
        for name, lines in conf.groups.items():
            users = [one for one in conf.services if one.name == f"group {name}"]
            if not users:
                continue
            if self.chance(0.5) and len(lines) > 1:
                lines.remove(self.rng.choice(lines))
            else:
                lines.append(self.entry(users[0].family, users[0].port))
            if all("fwmark" in line for line in lines):
                lines.append(f"10.9.7.{self.mark}" if users[0].family == 4 else f"fd09:7::{self.mark}")
            conf.groups[name] = list(dict.fromkeys(lines))

    # -- a life ---------------------------------------------------------------------------------------

    def world(self):
        """Something that the checks see."""
        kind = self.pick("doors", "doors", "doors", "status", "number")
        if kind == "doors":
            return Step("doors", (tuple(n for n in NUMBERS if self.chance(0.5)),), 0.9)
        if kind == "status":
            return Step("status", (self.rng.choice(NUMBERS), self.pick(0, 1, 2, 5, 12, 255)), 0.9)
        return Step("number", (self.rng.choice(NUMBERS), self.pick(-3, 0, 1, 4)), 0.5)

    def life(self, length=6):
        conf = self.conf()
        steps = [Step("doors", (tuple(n for n in NUMBERS if self.chance(0.7)),), 0)]
        steps.append(Step("conf", (conf.text(),), 2.0 if self.with_checks else 0.2))
        for _ in range(length):
            if self.with_checks and self.chance(0.6):
                steps.append(self.world())
            else:
                conf = self.change(conf)
                steps.append(Step("conf", (conf.text(),), 2.0 if self.with_checks else 0.2))
        return [*steps, Step("stop", (), 0)]
