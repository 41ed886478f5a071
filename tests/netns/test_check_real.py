# SPDX-License-Identifier: GPL-2.0-or-later
"""Every checker against real servers, good and bad. All servers and one daemon run for the whole file:
each case is a virtual server of it, judged by `status`."""
import gzip
import hashlib
import os
import re
import signal
import socket

import pytest

from netlab.daemons import HOLDFAST
from netlab.certificates import Authority
from netlab.lab import Lab
from netlab.services import Services
from netlab.wait import wait_until

pytestmark = [pytest.mark.holdfast_only, pytest.mark.xdist_group("check_real")]

SERVER = "192.0.2.2"
PAGE = b"All is well.\n" * 50
MD5 = hashlib.md5(PAGE).hexdigest()

NGINX = """
server {{ listen 80; root {root};
  location = /gone {{ return 404; }}
  location = /moved {{ return 302 /; }}
  location = /host {{ return 200 $host; }}
  location = /agent {{ return 200 $http_user_agent; }}
  location = /packed {{ proxy_set_header Accept-Encoding gzip; proxy_pass http://127.0.0.1:81/page; }}
  location = /chunked {{ ssi on; ssi_types *; try_files /page =404; }} }}
server {{ listen 81; root {root}; gzip on; gzip_types *; gzip_min_length 0; gzip_proxied any; gzip_http_version 1.0; }}
server {{ listen 443 ssl; root {root}; ssl_certificate {good[0]}; ssl_certificate_key {good[1]};
  location = /sni {{ return 200 "name:$ssl_server_name."; }} }}
server {{ listen 444 ssl; root {root}; ssl_certificate {other[0]}; ssl_certificate_key {other[1]}; }}
server {{ listen 445 ssl; root {root}; ssl_certificate {expired[0]}; ssl_certificate_key {expired[1]}; }}
server {{ listen 446 ssl; root {root}; ssl_certificate {self_signed[0]}; ssl_certificate_key {self_signed[1]}; }}
server {{ listen 447 ssl; root {root}; ssl_certificate {good[0]}; ssl_certificate_key {good[1]};
  ssl_client_certificate {ca}; ssl_verify_client on; }}
server {{ listen 448 ssl; root {root}; ssl_certificate {soon[0]}; ssl_certificate_key {soon[1]}; ssl_protocols TLSv1.2; }}
"""


def http(path, more="", before=""):
    return f"HTTP_GET {{\n {before}\n url {{\n  path {path}\n  {more}\n }}\n}}"


def ssl(path="/page", more="", before=""):
    return f"SSL_GET {{\n {before}\n url {{\n  path {path}\n  {more}\n }}\n}}"


NAMED = "enable_sni\nvirtualhost www.example.net\ntls_verify"
UP, DOWN = "UP", "DOWN"

# name: (port, checker, state, what the reason has)
CASES = {
    "tcp": (80, "TCP_CHECK { }", UP, ""),
    "tcp_refused": (79, "TCP_CHECK { }", DOWN, "connection refused"),
    "ping": (80, "PING_CHECK { }", UP, ""),
    "http": (80, http("/page"), UP, ""),
    "http_1_1": (80, http("/page", f"digest {MD5}", "http_protocol 1.1"), UP, ""),
    "http_digest": (80, http("/page", f"digest {MD5}"), UP, ""),
    "http_wrong_digest": (80, http("/page", f"digest {'0' * 32}"), DOWN, f"digest {MD5} instead of 0000"),
    "http_packed": (80, http("/packed", f"digest {MD5}"), UP, ""),
    "http_chunked": (80, http("/chunked", f"digest {MD5}", "http_protocol 1.1"), UP, ""),
    "http_404": (80, http("/gone"), DOWN, "HTTP status 404 instead of 200-299"),
    "http_404_wanted": (80, http("/gone", "status_code 404"), UP, ""),
    "http_302": (80, http("/moved"), DOWN, "HTTP status 302"),
    "http_range": (80, http("/moved", "status_code 200 300-310"), UP, ""),
    "http_regex": (80, http("/page", "regex \"all is WELL\"\nregex_options caseless"), UP, ""),
    "http_regex_missing": (80, http("/page", "regex \"all is lost\""), DOWN, "does not match the regex"),
    "http_regex_no_match": (80, http("/page", "regex \"All is\"\nregex_no_match"), DOWN, "must not match"),
    "http_virtualhost": (80, http("/host", "virtualhost www.example.net\nregex \"www.example.net\""), UP, ""),
    "http_user_agent": (80, http("/agent", "regex KeepAliveClient"), UP, ""),
    "http_on_tls": (443, http("/page"), DOWN, "HTTP status 400"),
    "ssl": (443, ssl(), UP, ""),
    "ssl_digest": (443, ssl("/page", f"digest {MD5}"), UP, ""),
    "ssl_sni": (443, ssl("/sni", "regex \"name:www.example.net[.]\"", "enable_sni\nvirtualhost www.example.net"), UP, ""),
    "ssl_no_sni": (443, ssl("/sni", "regex \"name:[.]\"", "virtualhost www.example.net"), UP, ""),
    "ssl_verified": (443, ssl(before=NAMED), UP, ""),
    "ssl_verified_by_address": (443, ssl(before="tls_verify"), UP, ""),
    "ssl_wrong_name": (444, ssl(before=NAMED), DOWN, "certificate: hostname mismatch"),
    "ssl_wrong_name_unverified": (444, ssl(), UP, ""),
    "ssl_wrong_address": (444, ssl(before="tls_verify"), DOWN, "certificate: IP address mismatch"),
    "ssl_expired": (445, ssl(before=NAMED), DOWN, "certificate: certificate has expired"),
    "ssl_expired_unverified": (445, ssl(), UP, ""),
    "ssl_self_signed": (446, ssl(before=NAMED), DOWN, "certificate: self.signed certificate"),
    "ssl_client_certificate": (447, ssl(), UP, ""),
    "ssl_tls_1_2": (448, ssl(before=NAMED + "\ntls_expiry_days 30"), UP, ""),
    "ssl_compliant": (443, ssl("/page", "tls_compliant"), UP, ""),
    "ssl_on_http": (80, ssl(), DOWN, "TLS handshake: wrong version number"),
    "smtp": (25, "SMTP_CHECK { helo_name lb.example.net }", UP, ""),
    "smtp_refused": (26, "SMTP_CHECK { retry 0 }", DOWN, "550"),
    "dns": (53, "DNS_CHECK { type A\n name www.example.net }", UP, ""),
    "dns_mx": (53, "DNS_CHECK { type MX\n name example.net }", UP, ""),
    "dns_unknown": (53, "DNS_CHECK { type A\n name nowhere.example.net\n retry 0 }", DOWN, "NXDOMAIN"),
    "dns_closed": (54, "DNS_CHECK { type A\n name www.example.net\n retry 0 }", DOWN, "connection refused"),
    "udp": (53, "UDP_CHECK { }", UP, ""),
    "udp_closed": (54, "UDP_CHECK { }", DOWN, "connection refused"),
    "pgsql": (5432, "PGSQL_CHECK { user postgres }", UP, ""),
    "pgsql_on_http": (80, "PGSQL_CHECK { user postgres }", DOWN, ""),
    "mysql": (3306, "MYSQL_CHECK { }", UP, ""),
    "mysql_login": (3306, "MYSQL_CHECK { user health }", UP, ""),
    "mysql_login_refused": (3306, "MYSQL_CHECK { user nobody }", UP, ""),
    "mysql_on_smtp": (25, "MYSQL_CHECK { }", DOWN, ""),
    "redis": (6379, "REDIS_CHECK { }", UP, ""),
    "redis_master": (6379, "REDIS_CHECK { role_master }", UP, ""),
    "redis_password": (6380, "REDIS_CHECK { password secret }", UP, ""),
    "redis_wrong_password": (6380, "REDIS_CHECK { password wrong }", DOWN, "WRONGPASS"),
    "redis_replica": (6381, "REDIS_CHECK { role_master }", DOWN, "slave|replica"),
    "grpc": (50051, "GRPC_CHECK { }", UP, ""),
    "grpc_good": (50051, "GRPC_CHECK { service good }", UP, ""),
    "grpc_not_serving": (50051, "GRPC_CHECK { service bad }", DOWN, "NOT_SERVING"),
    "grpc_unknown": (50051, "GRPC_CHECK { service other }", DOWN, "gRPC status 5 .NOT_FOUND.: unknown service"),
    "grpc_tls": (50052, "GRPC_CHECK { tls\n service good\n authority www.example.net:443\n tls_verify }", UP, ""),
    "grpc_tls_wrong_name": (50052, "GRPC_CHECK { tls\n authority www.example.com\n tls_verify }", DOWN,
                            "certificate: hostname mismatch"),
    "grpc_on_http": (80, "GRPC_CHECK { }", DOWN, ""),
    "agent_up": (9001, "AGENT_CHECK { }", UP, ""),
    "agent_percent": (9002, "AGENT_CHECK { }", UP, ""),
    "agent_drain": (9003, "AGENT_CHECK { }", UP, ""),
    "agent_down": (9004, "AGENT_CHECK { }", DOWN, "at lunch"),
    "agent_maint": (9005, "AGENT_CHECK { }", DOWN, "maint"),
}
AGENTS = {9001: "up 100%", 9002: "75%", 9003: "drain", 9004: "down # at lunch", 9005: "maint"}
NUMBERS = {name: number for number, name in enumerate(CASES, 1)}


def configuration(cases, authority, client):
    text = f"""global_defs {{
  router_id test
  lvs_engine nftables
}}
SSL {{
  ca {authority.ca}
  {f"certificate {client[0]}" if client else ""}
  {f"key {client[1]}" if client else ""}
}}
"""
    for name in cases:
        port, checker = CASES[name][:2]
        text += f"""virtual_server 10.9.0.1 {NUMBERS[name]} {{
  delay_loop 1
  warmup 0
  connect_timeout 3
  retry 1
  delay_before_retry 0.2
  protocol {"UDP" if port in (53, 54) else "TCP"}
  lb_algo wrr
  lb_kind NAT
  real_server {SERVER} {port} {{
    weight 100
    {checker}
  }}
}}
"""
    return text


class World:
    def __init__(self):
        self.lab = Lab("abc", sniff=False)
        self.services = Services(self.lab.b, self.lab.directory)
        self.authority = Authority(self.lab.directory)
        self.client = self.authority.issue("client", "lb.example.net")
        self._start_servers()
        self.daemon = self.run(self.lab.a, CASES, self.client)

    def _start_servers(self):
        issue, services = self.authority.issue, self.services
        root = services.path("www")
        os.mkdir(root)
        for name, content in (("page", PAGE), ("page.gz", gzip.compress(PAGE))):
            with open(os.path.join(root, name), "wb") as handle:
                handle.write(content)
        good = issue("good", "www.example.net", addresses=[SERVER])
        services.nginx(NGINX.format(root=root, ca=self.authority.ca, good=good,
                                    other=issue("other", "www.example.com", addresses=["192.0.2.99"]),
                                    expired=issue("expired", "www.example.net", days=-1),
                                    self_signed=issue("self", "www.example.net", self_signed=True),
                                    soon=issue("soon", "www.example.net", days=10)),
                       ports=[80, *range(443, 449)])
        services.dnsmasq(53, "--host-record=www.example.net,192.0.2.80", "--mx-host=example.net,mail.example.net",
                         "--local=/example.net/")
        services.redis(6379)
        services.redis(6380, "--requirepass", "secret", name="redis-locked")
        services.redis(6381, "--replicaof", "127.0.0.1", "6379", name="redis-replica")
        services.smtp(25, 26)
        services.agents(AGENTS)
        services.grpc(50051, 50052, *good)
        services.mariadb(3306)
        services.postgresql(5432)
        services.wait()

    @staticmethod
    def look(daemon, name):
        """(real server, check) of a case, from the status."""
        document = daemon.status()
        if not document:
            return None
        service = next(s for s in document["virtual_servers"] if s["name"].endswith(f":{NUMBERS[name]}"))
        check = next(c for c in document["checks"] if c["server"] == service["real_servers"][0]["name"]
                     and c["checker"] == daemon.cases.index(name))
        return service["real_servers"][0], check

    def judged(self, daemon, name, state):
        """The same, once the check has run and the server is what it should be."""
        def right():
            found = self.look(daemon, name)
            return found if found and found[1]["runs"] > 0 and found[0]["state"] == state else None
        try:
            return wait_until(right, what=f"{name} is {state}", interval=0.1)
        except AssertionError as error:
            raise AssertionError(f"{error}; it is {self.look(daemon, name)}") from None

    def run(self, node, cases, client):
        daemon = node.run(configuration(cases, self.authority, client), name=f"cases{len(cases)}")
        daemon.cases = list(cases)
        return daemon

    def close(self):
        self.services.close()
        self.lab.close()


@pytest.fixture(scope="module")
def world():
    world = World()
    yield world
    world.close()


@pytest.mark.parametrize("name", CASES)
def test_verdict(world, name):
    state, reason = CASES[name][2:]
    server, check = world.judged(world.daemon, name, state)
    assert re.search(reason, server["reason"]), server["reason"]
    if state == UP:
        assert check["failed_runs"] == 0, check


@pytest.mark.parametrize("name, weight, draining", [("agent_up", 100, False), ("agent_percent", 75, False),
                                                    ("agent_drain", 0, True)])
def test_agent_sets_the_weight(world, name, weight, draining):
    def right():
        found = world.look(world.daemon, name)
        return found and (found[0]["weight"], found[0]["draining"]) == (weight, draining)
    wait_until(right, what=f"{name} has weight {weight}")
    assert world.look(world.daemon, name)[0]["idle"] == ("its agent drains it" if draining else None)


def haproxy_state(path):
    """{server: (state, weight)} of HAProxy's only backend."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(path)
        sock.sendall(b"show stat\n")
        rows = b"".join(iter(lambda: sock.recv(65536), b"")).decode().splitlines()
    names = rows[0].lstrip("# ").split(",")
    found = [dict(zip(names, row.split(","))) for row in rows[1:] if row.startswith("b,s")]
    return {row["svname"]: (row["status"].split()[0], int(row["weight"])) for row in found}


def test_agents_say_the_same_to_haproxy(world):
    """What HAProxy makes of the same agents; it calls a server down for maintenance MAINT."""
    path = world.services.path("haproxy.sock")
    lines = "".join(f"  server s{port} {SERVER}:80 weight 100 check agent-check agent-port {port} agent-inter 200ms\n"
                    for port in AGENTS)
    world.services.haproxy(f"global\n stats socket {path} level admin\ndefaults\n mode tcp\n timeout connect 1s\n"
                           f" timeout client 1s\n timeout server 1s\nbackend b\n{lines}", path)
    expected = {"s9001": ("UP", 100), "s9002": ("UP", 75), "s9003": ("DRAIN", 100), "s9004": ("DOWN", 100),
                "s9005": ("MAINT", 100)}
    try:
        wait_until(lambda: haproxy_state(path) == expected, what="HAProxy has asked the agents", interval=0.1)
    except AssertionError as error:
        raise AssertionError(f"{error}: {haproxy_state(path)}") from None


def test_certificates_that_end_soon_are_said(world):
    world.daemon.wait_log(r"TLS certificate of \[192\.0\.2\.2\]:tcp:448 ends in 9 days, on \d{4}-")
    assert len(world.daemon.logged("TLS certificate of .* ends in")) == 1
    check = world.judged(world.daemon, "ssl_tls_1_2", UP)[1]
    assert check["certificate_ends"]


def test_no_client_certificate(world):
    daemon = world.run(world.lab.c, ["ssl_client_certificate", "ssl"], None)
    world.judged(daemon, "ssl", UP)
    server, _ = world.judged(daemon, "ssl_client_certificate", DOWN)
    assert "HTTP status 400" in server["reason"]
    assert daemon.stop() == 0


def test_genhash_prints_the_digest_that_the_checker_wants(world):
    for options in (["-p", "80"], ["-p", "80", "-P", "1.1"], ["-p", "443", "-S"]):
        assert world.lab.a.execute(HOLDFAST, "genhash", "-s", SERVER, "-u", "/page", *options) == MD5 + "\n"
    shown = world.lab.a.execute(HOLDFAST, "genhash", "-v", "-s", SERVER, "-u", "/page", "-p", "80")
    assert "HTTP/1.1 200 OK" in shown and MD5 in shown and "Global response time for [/page]" in shown
    packed = world.lab.a.execute(HOLDFAST, "genhash", "-s", SERVER, "-u", "/packed", "-p", "80")
    assert packed == MD5 + "\n"


def test_genhash_warns_of_an_error_page_and_fails_without_one(world):
    def genhash(*options):
        return world.lab.a.execute("sh", "-c", '"$@" 2>&1; echo status $?', "sh", HOLDFAST, "genhash", *options)

    assert "warning: the page has status 404\n" in genhash("-s", SERVER, "-p", "80", "-u", "/no-such-page")
    assert "warning" not in genhash("-s", SERVER, "-p", "80", "-u", "/page")
    assert genhash("-s", SERVER, "-p", "9", "-u", "/page") == "no digest: connection refused\nstatus 1\n"


def test_a_server_that_hangs(world):
    """It still accepts connections: the kernel does that for it."""
    redis = world.services.process("redis-locked")
    os.kill(redis, signal.SIGSTOP)
    try:
        server, _ = world.judged(world.daemon, "redis_password", DOWN)
        assert server["reason"] == "no answer within 3 s"
    finally:
        os.kill(redis, signal.SIGCONT)
    world.judged(world.daemon, "redis_password", UP)


def test_quiet_probes(world):
    """No server complains of a check that succeeds."""
    assert "error" not in world.services.log("smtp").lower()
    for line in open(world.services.path("nginx", "error.log"), encoding="utf-8"):
        assert "peer closed connection" not in line, line
