# SPDX-License-Identifier: GPL-2.0-or-later
"""Who is told of servers that come and go: mails, FIFOs, scripts of what is gone, webhooks."""
import os

import pytest

from netlab import wait_until
from netlab.configs import globals_, real_server, virtual_server
from netlab.farm import VIP
from netlab.post import Hook, MailServer

SERVICE = f"tcp {VIP}:80"
VS = f"[{VIP}]:tcp:80"

pytestmark = pytest.mark.holdfast_only  # keepalived mails without MIME headers, and has no webhook


def configuration(farm, names=("s1", "s2"), settings="", service="", server="", check=None):
    more = {"check": check} if check else {}
    return globals_(settings) + virtual_server(
        f"{VIP} 80", [real_server(farm.real(name), extra=server, **more) for name in names], extra=service)


def rs(farm, name):
    return f"[{farm.real(name)}]:tcp:80"


def mails(farm, extra=""):
    return ("notification_email {\n ops@example.com\n}\nnotification_email_from pair@example.com\n"
            f"smtp_server {farm.client.address()} 2525\n{extra}")


@pytest.fixture
def mail_server(farm):
    with MailServer(farm.client, farm.directory, farm.client.address(), 2525) as server:
        yield server


def subjects(server):
    return [message["Subject"] for _, message in server.mails()]


def test_mails_of_a_server_and_a_quorum(farm, mail_server):
    farm.d1.run(configuration(farm, ["s1"], mails(farm), service="smtp_alert"))
    farm.wait_pool(SERVICE, {"s1": 1})
    farm.kill("s1")
    _, down = mail_server.wait(f"Realserver {rs(farm, 's1')} of virtual server {VS} - DOWN", 15)
    assert down["Subject"].startswith("[lab] ")
    assert down.get_payload().strip().startswith("=> TCP check failed: connection refused")
    mail_server.wait(f"Virtualserver {VS} - DOWN")
    farm.revive("s1")
    mail_server.wait(f"Realserver {rs(farm, 's1')} of virtual server {VS} - UP", 15)
    _, up = mail_server.wait(f"Virtualserver {VS} - UP")
    assert "quorum" in up.get_payload()
    assert len([one for one in subjects(mail_server) if "Realserver" in one]) == 2


def test_no_mail_of_a_server_without_smtp_alert(farm, mail_server):
    farm.d1.run(configuration(farm, ["s1"], mails(farm), service="smtp_alert", server="smtp_alert off"))
    farm.wait_pool(SERVICE, {"s1": 1})
    farm.kill("s1")
    mail_server.wait(f"Virtualserver {VS} - DOWN", 15)
    assert not [one for one in subjects(mail_server) if "Realserver" in one]



def test_no_checker_emails(farm, mail_server):
    """Two checks fail one after the other: one mail, of the change of the server."""
    flag = farm.path("flag")
    check = ("TCP_CHECK {\n retry 0\n}\n"
             f"MISC_CHECK {{\n misc_path \"{farm.script('check', f'test ! -e {flag}')}\"\n}}")
    daemon = farm.d1.run(configuration(farm, ["s1"], mails(farm, "no_checker_emails"), check=check))
    farm.wait_pool(SERVICE, {"s1": 1})
    farm.write("flag", "")
    mail_server.wait("DOWN", 15)
    farm.kill("s1")
    daemon.wait_log(r"TCP connection to .* failed")
    farm.revive("s1")
    daemon.wait_log(r"TCP connection to .* success")
    os.unlink(flag)
    mail_server.wait("UP", 15)
    assert [one.rsplit(" ", 1)[1] for one in subjects(mail_server)] == ["DOWN", "UP"]


class Fifo:
    def __init__(self, path):
        os.mkfifo(path)
        self._fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self._text = b""

    def lines(self):
        try:
            self._text += os.read(self._fd, 65536)
        except BlockingIOError:
            pass
        return self._text.decode().splitlines()


@pytest.mark.parametrize("keyword", ["notify_fifo", "lvs_notify_fifo"])
def test_fifo(farm, keyword):
    path = farm.path("fifo")
    fifo = Fifo(path)
    farm.d1.run(configuration(farm, ["s1"], f"{keyword} {path}"))
    farm.wait_pool(SERVICE, {"s1": 1})
    farm.kill("s1")
    wait_until(lambda: f"VS {VS} DOWN" in fifo.lines(), what="the line of the lost quorum")
    assert fifo.lines() == [f"VS {VS} UP", f"RS {rs(farm, 's1')} {VS} DOWN", f"VS {VS} DOWN"]


def test_vrrp_fifo_hears_nothing_of_servers(farm):
    path, other = farm.path("fifo"), farm.path("other")
    fifo, lvs = Fifo(path), Fifo(other)
    farm.d1.run(configuration(farm, ["s1"], f"vrrp_notify_fifo {path}\nlvs_notify_fifo {other}"))
    wait_until(lambda: f"VS {VS} UP" in lvs.lines(), what="the gained quorum")
    assert fifo.lines() == []


def test_removed_server_is_told_to_its_script(farm):
    """A reload takes the server away: its notify_down stands in the configuration that was."""
    told = farm.path("told")
    script = farm.script("down", f"echo $HOLDFAST_REAL_SERVER >>{told}")
    daemon = farm.d1.run(configuration(farm, server=f'notify_down "{script}"'))
    farm.wait_pool(SERVICE, {"s1": 1, "s2": 1})
    daemon.reload(configuration(farm, ["s2"]))
    farm.wait_pool(SERVICE, {"s2": 1})

    def text():
        try:
            with open(told, encoding="utf-8") as handle:
                return handle.read()
        except FileNotFoundError:
            return ""
    wait_until(lambda: text() == rs(farm, "s1") + "\n", what="the script of the removed server")


def test_omega_tells_the_stop(farm, mail_server):
    path = farm.path("fifo")
    fifo = Fifo(path)
    daemon = farm.d1.run(configuration(farm, ["s1"], mails(farm, f"lvs_notify_fifo {path}"), service="omega\nsmtp_alert"))
    farm.wait_pool(SERVICE, {"s1": 1})
    daemon.stop()
    assert fifo.lines()[-2:] == [f"RS {rs(farm, 's1')} {VS} DOWN", f"VS {VS} DOWN"]
    mail_server.wait(f"Realserver {rs(farm, 's1')} of virtual server {VS} - DOWN")
    _, last = mail_server.wait(f"Virtualserver {VS} - DOWN")
    assert "stopping" in last.get_payload()


def test_webhook(farm):
    with Hook(farm.client, farm.directory, farm.client.address()) as hook:
        farm.d1.run(configuration(farm, ["s1"], f"webhook http://{farm.client.address()}:8080/"))
        farm.wait_pool(SERVICE, {"s1": 1})
        hook.wait(event="quorum_gained", virtual_server=VS)
        farm.kill("s1")
        _, event = hook.wait(15, event="real_server_down")
        assert event["real_server"] == rs(farm, "s1") and event["reason"] == "connection refused"
        hook.wait(event="quorum_lost")


def test_webhook_of_draining(farm):
    """A reload takes a server away that is to leave without haste: its beginning and its end are told."""
    with Hook(farm.client, farm.directory, farm.client.address()) as hook:
        settings = f"webhook http://{farm.client.address()}:8080/"
        daemon = farm.d1.run(configuration(farm, settings=settings, server="drain_timeout 1"))
        farm.wait_pool(SERVICE, {"s1": 1, "s2": 1})
        daemon.reload(configuration(farm, ["s2"], settings, server="drain_timeout 1"))
        for event in ("real_server_draining", "real_server_drained"):
            hook.wait(10, event=event, virtual_server=VS, real_server=rs(farm, "s1"))
