# SPDX-License-Identifier: GPL-2.0-or-later
"""Configurations as they are written down, those that ship and those of a widely read guide, do what
they promise. Addresses are those of the farm, and times are shorter."""
import hashlib
import os
import re
import socket
import subprocess
import sys

import pytest

from netlab import ns, wait_until
from netlab.certificates import Authority
from netlab.client import ask
from netlab.configs import globals_
from netlab.daemons import TREE
from netlab.farm import GATEWAY, VIP, VIPS
from netlab.post import MailServer

TLS_SERVER = """
import http.server, ssl, sys
server = http.server.ThreadingHTTPServer(("0.0.0.0", 443), http.server.SimpleHTTPRequestHandler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(*sys.argv[1:])
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"""


def text_of(path, changes):
    with open(os.path.join(TREE, path), encoding="utf-8") as handle:
        text = handle.read()
    for old, new in changes.items():
        text = re.sub(rf"(?<![\w.]){re.escape(old)}(?![\w.])", new, text)
    return text


def wait_serves(farm, name, address=VIP, port=80):
    """Until this server, and no other, gives pages."""
    def page():
        try:
            return set(farm.ask(address, port, 3, timeout=2)) == {name}
        except OSError:
            return False
    wait_until(page, what=f"pages of {name}", interval=0.1)


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


def test_nat_example(make_farm):
    farm = make_farm(servers=4, static=False)
    changes = {f"10.1.0.1{number}": farm.real(f"s{number}") for number in (1, 2, 3)}
    changes.update({"10.1.0.9": farm.real("s4"), "10.1.0.254": GATEWAY, "delay_loop 5": "delay_loop 1", "retry 2": "retry 1"})
    daemon = farm.d1.run(globals_() + text_of("examples/services-nat.conf", changes))
    service = f"tcp {VIP}:80"
    farm.d1.wait_has(VIP)
    farm.wait_pool(service, {"s1": 2, "s2": 2, "s3": 1})
    farm.wait_tally({"s1": 4, "s2": 4, "s3": 2})
    for name in ("s1", "s2", "s3"):
        farm.backends[name].status = 404
    wait_serves(farm, "s4")
    farm.backends["s2"].status = 200
    farm.wait_pool(service, {"s2": 2})
    daemon.stop()
    assert farm.is_empty()


def test_dr_example(farm):
    for node in farm.servers:
        node.ip("addr add 192.0.2.25/32 dev lo")
    changes = {"192.0.2.31": farm.real("s1"), "192.0.2.32": farm.real("s2"), "delay_loop 10": "delay_loop 1"}
    service = "tcp 192.0.2.25:25"

    def greeting():
        def connect():
            with socket.create_connection(("192.0.2.25", 25), 2) as sock:
                return sock.recv(3)
        return ns.inside(farm.client.namespace, connect)

    with MailServer(farm.s1, farm.directory, "0.0.0.0", name="m1") as one, \
            MailServer(farm.s2, farm.directory, "0.0.0.0", name="m2"):
        farm.d1.run(globals_() + text_of("examples/services-dr.conf", changes))
        farm.d1.wait_has("192.0.2.25")
        farm.wait_pool(service, {"s1": 1, "s2": 1})
        assert greeting() == b"220"
        one.close()
        farm.wait_pool(service, {"s2": 1})
        assert greeting() == b"220"


@pytest.fixture
def tls_server(farm, tmp_path):
    """Two pages of s1 by HTTPS."""
    certificate = Authority(str(tmp_path)).issue("web", "web")
    pages = tmp_path / "pages"
    (pages / "mrtg").mkdir(parents=True)
    (pages / "index.html").write_text("first page")
    (pages / "mrtg" / "index.html").write_text("second page")
    process = subprocess.Popen(farm.s1.command(sys.executable, "-c", TLS_SERVER, *certificate), cwd=pages,
                               stderr=subprocess.DEVNULL)
    wait_until(lambda: farm.s1.execute("ss", "-Hltn", "sport = :443"), what="the TLS server", interval=0.1)
    yield process
    process.kill()
    process.wait()


def guide(farm):
    """The guide's copy of the file that distributions install."""
    changes = {"192.168.200.100": VIPS[2], "10.10.10.2": VIPS[0], "10.10.10.3": VIPS[1], "192.168.201.100": farm.real("s1"),
               "192.168.200.200 1358": f"{farm.real('s3')} 80", "192.168.200.2 1358": f"{farm.real('s1')} 80",
               "192.168.200.3 1358": f"{farm.real('s2')} 80", "192.168.200.4 1358": f"{farm.real('s1')} 80",
               "192.168.200.5 1358": f"{farm.real('s2')} 80", "ff20ad2481f97b1754ef3e12ecd3a9cc": md5("first page"),
               "9b3a0c85a887a256d6939da88aabd8cd": md5("second page"), "delay_loop 6": "delay_loop 1",
               "delay_loop 3": "delay_loop 1", "nb_get_retry 3": "nb_get_retry 1", "delay_before_retry 3": "delay_before_retry 1",
               "persistence_timeout 50": "persistence_timeout 2", "192.168.200.1": farm.client.address()}
    text = text_of("tests/golden/check/guide-08-default-file.conf", changes)
    for name in ("s1", "s2"):
        block = re.compile(rf"(real_server {re.escape(farm.real(name))} 80 .*?)(?=real_server|virtual_server|\Z)", re.S)
        text = block.sub(lambda found, name=name: re.sub(r"digest \w+", f"digest {md5(name)}", found.group(1)), text)
    return text.replace("global_defs {", f"global_defs {{\nlvs_engine {farm.engine}", 1)


def test_guide(farm, tls_server):
    daemon = farm.d1.run(guide(farm))
    first, second, tls = f"tcp {VIPS[0]}:1358", f"tcp {VIPS[1]}:1358", f"tcp {VIPS[2]}:443"
    for service, wanted in ((first, {"s1": 1, "s2": 1}), (second, {"s1": 1, "s2": 1}), (tls, {"s1": 1})):
        farm.wait_pool(service, wanted)
    wait_until(lambda: farm.backends["s1"].hits > 6 and farm.backends["s2"].hits > 6, what="checks of every page")
    assert farm.pool(first) == farm.pool(second) == {"s1": 1, "s2": 1} and farm.pool(tls) == {"s1": 1}
    assert len(set(ask(farm.client, VIPS[0], 1358, 4))) == 1  # persistence
    farm.kill("s1")
    farm.wait_pool(first, {"s2": 1})
    farm.wait_pool(second, {"s2": 1})
    farm.kill("s2")
    farm.wait_pool(second, {})
    wait_serves(farm, "s3", VIPS[0], 1358)  # the sorry server
    tls_server.kill()
    farm.wait_pool(tls, {})
    farm.revive("s1")
    farm.wait_pool(first, {"s1": 1})
    assert "SSL_CHECK" in daemon.log() or "Remote Web server" in daemon.log()
