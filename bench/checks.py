# SPDX-License-Identifier: GPL-2.0-or-later
"""What the benchmarks of health checks share: real servers on thousands of loopback addresses, a
daemon that checks them, and what that costs and finds.

Servers and daemon are in one namespace: the fewest hops. The kernel does the servers' half of a
connection in the very system calls of the daemon, so their processor time contains it, for every
daemon alike. The tables of the virtual servers are in another namespace, so that what NAT costs
each packet is not counted as checking. On a kernel without IPVS keepalived gets a stand-in for it
that takes everything and does nothing (programs/no_ipvs.c); holdfast really programs nftables there.
"""
import ipaddress
import os
import random
import re
import subprocess
import tempfile
import threading
import time

from harness import OURS, THEIRS, TREE, cpu_seconds, daemon_pids, percentile, pss_megabytes
from netlab import Lab, daemons, wait_until
from netlab.configs import config, real_server, virtual_server

FIRST = ipaddress.IPv4Address("10.64.0.1")
PORT = 80
PER_SERVICE = 100
CHECKS = {"tcp": "TCP_CHECK {\n    connect_timeout 3\n    retry 0\n}",
          "http": "HTTP_GET {\n    url {\n        path /\n        status_code 200\n    }\n"
                  "    connect_timeout 3\n    retry 0\n    delay_before_retry 1\n}"}
WEIGHTED = re.compile(rb"[Ww]eight")
REMOVED = re.compile(r"Removing service \[([0-9.]+)\]")


def has_ipvs():
    return os.path.exists("/proc/net/ip_vs")


def program(name, *libraries, shared=False):
    """A program of bench/programs, compiled; its path."""
    path = os.path.join(_programs().name, name)
    if not os.path.exists(path):
        how = ["-shared", "-fPIC"] if shared else []
        subprocess.run(["cc", "-O2", *how, "-o", path, os.path.join(TREE, "bench", "programs", f"{name}.c"), *libraries], check=True)
    return path


def _programs(kept=[]):
    if not kept:
        kept.append(tempfile.TemporaryDirectory(prefix="hf-bench-"))
        os.chmod(kept[0].name, 0o755)
    return kept[0]


def configuration(count, kind, delay=1, weight=1, tables=None):
    """`weight`: of the first server; `tables`: the namespace of the virtual servers."""
    servers = [real_server(str(FIRST + n), PORT, weight=1 if n else weight, check=CHECKS[kind]) for n in range(count)]
    blocks = [virtual_server(f"10.65.{n // 250}.{n % 250 + 1} 80", servers[at:at + PER_SERVICE], delay=delay)
              for n, at in enumerate(range(0, count, PER_SERVICE))]
    return (f"net_namespace_ipvs {tables}\n" if tables else "") + config(*blocks)


class Servers:
    """programs/servers.c in a node's namespace."""

    def __init__(self, node, count, delay=1):
        node.ip("route", "add", "local", "10.64.0.0/16", "dev", "lo")
        node.sysctl("net.ipv4.tcp_max_tw_buckets", 16384)
        argv = node.command(program("servers"), str(FIRST), str(count), str(PORT), str(int(delay * 1e6)))
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"

    def ask(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return [int(word) for word in self.process.stdout.readline().split()]

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.process.kill()
        self.process.wait()


class Removals:
    """When a daemon said that it takes a server out: its log is a pipe, each line is given the time
    at which it came."""

    def __init__(self, path):
        os.mkfifo(path)
        self.times = {}
        self.weighted = 0.0  # when a weight was last changed
        self.lines = 0
        self._fd = os.open(path, os.O_RDWR)  # never at its end
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        with os.fdopen(self._fd, "rb", buffering=0) as pipe:
            rest = b""
            while data := pipe.read(65536):
                now = time.monotonic()
                *lines, rest = (rest + data).split(b"\n")
                self.lines += len(lines)
                for line in lines:
                    if found := REMOVED.search(line.decode("utf-8", "replace")):
                        self.times.setdefault(found[1], now)
                    elif WEIGHTED.search(line):
                        self.weighted = now


class Checked:
    """A daemon that checks `count` servers, each asked at least twice by now."""

    def __init__(self, daemon, count, kind, delay=1):
        self.count, self.kind, self.delay = count, kind, delay
        self.lab = Lab("at", sniff=False)
        try:
            self.servers = Servers(self.lab.a, count, delay)
            env = {}
            if daemon == THEIRS and not has_ipvs():
                env["LD_PRELOAD"] = program("no_ipvs", shared=True)
            self.daemon = daemons.daemon_class(daemon)(self.lab.a, self.text(), env=env)
            self.removals = Removals(self.daemon.log_file)
            self.lab.a.daemons.append(self.daemon)
            self.daemon.start()
            wait_until(lambda: self.servers.ask("asked 2")[0] == count, 60 + 10 * delay, "all servers checked", 0.2)
            time.sleep(1)
        except BaseException:
            self.close()
            raise

    def text(self, weight=1):
        return configuration(self.count, self.kind, self.delay, weight, self.lab.t.namespace)

    def close(self):
        self.lab.close()
        self.servers.process.kill()
        self.servers.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def pids(self):
        return daemon_pids(self.daemon)

    def begin(self):
        self.servers.ask("begin")
        return time.monotonic(), cpu_seconds(self.pids())

    def end(self, before):
        """Since begin(): {ms of processor per 1,000 checks, checks per second, how late they were (ms)}."""
        begin, cpu = before
        cpu = cpu_seconds(self.pids()) - cpu
        checks, median, late, largest = self.servers.ask("end")
        return {"cpu": cpu * 1e6 / checks, "rate": checks / (time.monotonic() - begin), "median": median / 1000,
                "late": late / 1000, "largest": largest / 1000}

    def cost(self, seconds):
        before = self.begin()
        time.sleep(seconds)
        return self.end(before)

    def memory(self):
        return pss_megabytes(self.pids())

    def deaths(self, count, seconds):
        """Kill `count` servers within `seconds`; how much later (ms) than at its next check by the
        configuration each was said to be taken out."""
        victims = random.Random(7).sample(range(self.count), count)
        asked = {}
        for victim in victims:
            asked[str(FIRST + victim)] = self.servers.ask(f"kill {victim}")[0] / 1e6
            time.sleep(seconds / count)
        wait_until(lambda: asked.keys() <= self.removals.times.keys(), 20 + 5 * self.delay, "all deaths found", 0.1)
        beyond = [(self.removals.times[address] - last - self.delay) * 1000 for address, last in asked.items()]
        return {"median": percentile(beyond, 0.5), "99": percentile(beyond, 0.99)}


__all__ = ["Checked", "Servers", "configuration", "has_ipvs", "program", "OURS", "THEIRS"]
