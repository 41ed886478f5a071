# SPDX-License-Identifier: GPL-2.0-or-later
"""Servers that mean harm: each is found out, nobody else's check is late, memory stays what it was."""
import os
import re
import time

import pytest

from netlab.hostile import WAYS, port_of
from netlab.lab import Lab
from netlab.services import PYTHON, Services
from netlab.wait import wait_until

pytestmark = [pytest.mark.holdfast_only, pytest.mark.xdist_group("check_hostile")]

SERVER, FIRST = "192.0.2.2", 7000
HTTP = "HTTP_GET { url { path /\n %s } }"
DIGEST = HTTP % f"digest {'0' * 32}"
REGEX = HTTP % "regex \"(a+)+b\""

# (way, checker, what the reason has)
CASES = [
    ("drip", "SMTP_CHECK { }", ""),
    ("half_close", HTTP % "", "closed the connection inside the HTTP headers"),
    ("endless_headers", HTTP % "", "HTTP headers of more than|too many header bytes"),
    ("endless_line", HTTP % "", ""),
    ("endless_line", "SMTP_CHECK { }", ""),
    ("endless_line", "REDIS_CHECK { }", ""),
    ("endless_line", "AGENT_CHECK { }", ""),
    ("endless_continue", HTTP % "", ""),
    ("garbage", HTTP % "", "not a valid HTTP reply"),
    ("garbage", "GRPC_CHECK { }", ""),
    ("garbage", "MYSQL_CHECK { }", ""),
    ("garbage", "PGSQL_CHECK { user x }", ""),
    ("zeros", HTTP % "", "not a valid HTTP reply"),
    ("zeros", "MYSQL_CHECK { }", ""),
    ("zeros", "PGSQL_CHECK { user x }", ""),
    ("zeros", "SMTP_CHECK { }", ""),
    ("zeros", "AGENT_CHECK { }", ""),
    ("reset", HTTP % "", "connection reset by peer"),
    ("silent", HTTP % "", "no answer within 2 s"),
    ("silent", "SSL_GET { url { path / } }", "no TLS handshake within 2 s"),
    ("silent", "PGSQL_CHECK { user x }", "no answer within 2 s"),
    ("close", HTTP % "", "closed the connection without a reply|connection reset"),
    ("close", "SSL_GET { url { path / } }", "TLS handshake"),
    ("endless_body", DIGEST, "more than 64 MB"),
    ("endless_body", HTTP % "regex needle", "more than 64 MB"),
    ("huge_length", DIGEST, ""),
    ("huge_chunk", DIGEST, ""),
    ("endless_chunks", DIGEST, "more than 64 MB"),
    ("gzip_bomb", DIGEST, ""),
    ("bombs_in_a_row", DIGEST, ""),
    ("evil_regex", REGEX, ""),
    ("tls_garbage", "SSL_GET { url { path / } }", "TLS handshake"),
    ("tls_stall", "SSL_GET { url { path / } }", "no TLS handshake within 2 s"),
    ("frames", "GRPC_CHECK { }", ""),
    ("long_frame", "PGSQL_CHECK { user x }", ""),
    ("long_frame", "MYSQL_CHECK { }", ""),
    ("bulk", "REDIS_CHECK { }", ""),
    ("drip", HTTP % "", "no end of the answer within 30 s"),
]


def service(number, port, checker):
    return f"""virtual_server 10.9.0.1 {number} {{
  delay_loop 1
  warmup 0
  connect_timeout 2
  alpha
  protocol TCP
  lb_algo rr
  lb_kind NAT
  real_server {SERVER} {port} {{
    {checker}
  }}
}}
"""


def configuration():
    text = "global_defs {\n  router_id test\n  lvs_engine nftables\n  check_processes 1\n}\n"
    for number, (way, checker, _) in enumerate(CASES, 1):
        text += service(number, port_of(way, FIRST), checker)
    for number in range(20):  # the others
        text += service(1000 + number, 80, f"TCP_CHECK {{\n connect_ip 127.0.0.{number + 1}\n connect_port 80\n }}")
    return text


def memory_of(pid):
    """Peak and present resident memory, in kB."""
    with open(f"/proc/{pid}/status", encoding="ascii") as handle:
        found = dict(re.findall(r"^(VmHWM|VmRSS):\s+(\d+) kB$", handle.read(), re.M))
    return int(found["VmHWM"]), int(found["VmRSS"])


class World:
    def __init__(self):
        self.lab = Lab("ab", sniff=False)
        self.services = Services(self.lab.b, self.lab.directory)
        here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        # nice: what is late then is our own doing
        self.services.start("hostile", "nice", "-n", "19", "env", f"PYTHONPATH={here}", PYTHON, "-m", "netlab.hostile", SERVER, str(FIRST),
                            ports=[FIRST + i for i in range(len(WAYS))])
        self.good = Services(self.lab.a, self.lab.directory)
        self.good.start("good", PYTHON, "-c", "import socket\ns = socket.create_server(('', 80), backlog=512)\n"
                        "while True: s.accept()[0].close()", ports=[80])
        self.services.wait()
        self.good.wait()
        self.daemon = self.lab.a.run(configuration())

    def close(self):
        self.services.close()
        self.good.close()
        self.lab.close()


@pytest.fixture(scope="module")
def world():
    world = World()
    yield world
    world.close()


def check_of(document, number):
    found = next(s for s in document["virtual_servers"] if s["name"].endswith(f":tcp:{number}"))
    server = found["real_servers"][0]
    index = number - 1 if number < 1000 else len(CASES) + number - 1000
    return server, next(c for c in document["checks"] if c["checker"] == index)


@pytest.mark.parametrize("number", range(1, len(CASES) + 1),
                         ids=[f"{number}-{way}-{checker.split()[0]}" for number, (way, checker, _) in enumerate(CASES, 1)])
def test_found_out(world, number):
    def judged():
        document = world.daemon.status()
        return document and (check_of(document, number)[1]["failed_runs"] > 0 and check_of(document, number))
    server, check = wait_until(judged, what="the check has failed", timeout=45, interval=0.2)
    assert server["state"] == "DOWN"
    assert check["reason"] and re.search(CASES[number - 1][2], check["reason"]), check["reason"]


def test_the_others_are_on_time(world):
    """For a while under all of it. A busy machine may be slow, too: two seconds are not
    ours alone, but a piece of a page that takes its time, or a flood that is read to its end, is seen."""
    document = wait_until(world.daemon.status, what="status")
    before = {number: check_of(document, number)[1]["runs"] for number in range(1000, 1020)}
    time.sleep(5)
    document = world.daemon.status()
    for number, runs in before.items():
        server, check = check_of(document, number)
        assert server["state"] == "UP", server
        assert check["failed_runs"] == 0
        assert check["runs"] >= runs + 4, check
        assert check["worst_lateness_ms"] < 2000, check


@pytest.mark.skipif("HF_SANITIZED" in os.environ, reason="sanitizers keep what was freed")
def test_memory_is_bounded(world):
    document = world.daemon.status()
    process = next(p for p in document["processes"] if p["name"] == "check0")
    assert process["restarts"] == 0
    peak, now = memory_of(process["pid"])
    assert peak < 48 * 1024 and now < 48 * 1024, (peak, now)
