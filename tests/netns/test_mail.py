# SPDX-License-Identifier: GPL-2.0-or-later
"""Mails and webhooks about VRRP: who gets what, with which login, and what a refusal does."""
import os
import re
import signal
import socket
import subprocess
import time

import pytest

from common import VIP, become_master, config, holdfast_only, instance, settle
from netlab import ns, wait_until
from netlab.post import PASSWORD, USER, Hook, MailServer

FROM = "HA pair <pair@example.com>"


def settings(lab, extra=""):
    return (f"notification_email {{\n ops@example.com\n \"Night Shift <night@example.com>\"\n}}\n"
            f"notification_email_from \"{FROM}\"\nsmtp_server {lab.b.address()} 2525\n"
            f"smtp_helo_name lab.example.com\nsmtp_connect_timeout 5\n{extra}")


def mail_server(lab, **more):
    return MailServer(lab.b, lab.path(""), lab.b.address(), 2525, **more)


def alerting(**fields):
    return instance(extra="smtp_alert", **fields)


@pytest.fixture
def certificate(lab):
    """A self-signed certificate and its key."""
    paths = lab.path("cert.pem"), lab.path("key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=mail",
                    "-keyout", paths[1], "-out", paths[0]], check=True, capture_output=True)
    return paths


def test_mail_on_state_change(lab):
    with mail_server(lab) as server:
        lab.a.run(config(alerting(), extra=settings(lab)))
        become_master(lab)
        envelope, message = server.wait("Entering MASTER state")
        assert message["Subject"] == "[lab] VRRP Instance VI_1 - Entering MASTER state"
        assert message["From"] == FROM and message["X-Mailer"] == "Keepalived" and message["Date"]
        assert "ops@example.com" in message["To"] and "Night Shift <night@example.com>" in message["To"]
        assert message.get_payload().strip().startswith("=> ") and message.get_payload().strip().endswith(" <=")
        assert envelope["from"] == "pair@example.com"
        assert envelope["to"] == ["ops@example.com", "night@example.com"]
        assert envelope["helo"] == "lab.example.com"


def test_no_mail_without_smtp_alert(lab):
    with mail_server(lab) as server:
        lab.a.run(config(instance(), alerting(name="VI_2", vrid=52, vips=("192.0.2.101/24",)), extra=settings(lab)))
        server.wait("VI_2 - Entering MASTER state")
        assert not [message for _, message in server.mails() if "VI_1" in message["Subject"]]


def test_smtp_alert_vrrp_is_the_default_of_instances(lab):
    with mail_server(lab) as server:
        lab.a.run(config(instance(), extra=settings(lab, "smtp_alert_vrrp")))
        server.wait("VI_1 - Entering MASTER state")


@holdfast_only
def test_a_silent_server_costs_smtp_connect_timeout(lab):
    """It takes the connection and says nothing."""
    with ns.inside(lab.b.namespace, socket.create_server, (lab.b.address(), 2525)):
        began = time.monotonic()
        daemon = lab.a.run(config(alerting(), extra=settings(lab).replace("smtp_connect_timeout 5",
                                                                          "smtp_connect_timeout 1")))
        daemon.wait_log(r"mail .*: tried again")
        assert 0.9 < time.monotonic() - began < 4.5


def test_no_email_faults(lab):
    with mail_server(lab) as server:
        lab.a.run(config(alerting(), extra=settings(lab, "no_email_faults")))
        become_master(lab)
        lab.a.carrier(False, 0)
        lab.a.wait_has_not(VIP)
        lab.a.carrier(True, 0)
        server.wait("Entering MASTER state")
        lab.a.wait_has(VIP)
        assert not [message for _, message in server.mails() if "FAULT" in message["Subject"]]


@holdfast_only
def test_starttls_and_login(lab, certificate):
    with mail_server(lab, tls=certificate, login=True) as server:
        lab.a.run(config(alerting(), extra=settings(lab, "smtp_tls starttls\nsmtp_tls_verify off\n"
                                                         f"smtp_user {USER}\nsmtp_password \"{PASSWORD}\"")))
        envelope, _ = server.wait("Entering MASTER state")
        assert envelope["tls"] and envelope["login"]


@holdfast_only
def test_unknown_certificate_is_refused(lab, certificate):
    with mail_server(lab, tls=certificate) as server:
        daemon = lab.a.run(config(alerting(), extra=settings(lab, "smtp_tls starttls")))
        daemon.wait_log(r"mail .*state.*certificate.*: tried again")
        assert not server.mails()


@holdfast_only
def test_mail_is_tried_again(lab):
    with mail_server(lab, reject=1) as server:
        daemon = lab.a.run(config(alerting(), extra=settings(lab)))
        server.wait("Entering MASTER state")
        daemon.wait_log(r"mail .*451.*tried again")


@holdfast_only
def test_a_mail_that_is_put_off_lets_others_pass(lab):
    with mail_server(lab, postpone="VI_1") as server:
        daemon = lab.a.run(config(alerting(), alerting(name="VI_2", vrid=52, vips=("192.0.2.101/24",)),
                                  extra=settings(lab)))
        daemon.wait_log(r"mail .*VI_1 - Entering BACKUP.*451.*tried again in [248] s")
        server.wait("VI_2 - Entering BACKUP state")
        server.wait("VI_2 - Entering MASTER state")
        daemon.wait_log(r"mail .*VI_1 - Entering BACKUP.*451.*tried again in [248] s")


@holdfast_only
def test_what_waits_goes_where_a_reload_says(lab):
    """A mistake in the name of the mail server, found out in the night: nobody has to lose the alerts."""
    def text(port):
        return config(alerting(), extra=settings(lab).replace(" 2525", f" {port}")
                      + f'webhook "http://{lab.b.address()}:{port}/"\n')
    daemon = lab.a.run(text(2526))
    daemon.wait_log(r"mail .*tried again")
    daemon.wait_log(r"webhook .*tried again in [248] s")
    waiting = wait_until(lambda: (lambda u: len(u) == 2 and u)(daemon.status()["undelivered"]), what="both in the status")
    assert [one["by"] for one in waiting] == ["mail", "webhook"]
    assert all(one["alerts"] > 0 and one["error"] for one in waiting)
    done = daemon.ctl("status")
    assert re.search(r"^mail: \d+ alerts? can't be delivered, the oldest for [0-9.]+ .*: .", done.stdout, re.M)
    assert done.returncode == 0
    with mail_server(lab) as server:
        daemon.reload(text(2525))
        server.wait("Entering MASTER state")
        wait_until(lambda: "mail" not in [one["by"] for one in daemon.status()["undelivered"]], what="the end of it")


@holdfast_only
def test_webhook_removed_by_a_reload_drops_what_waits(lab):
    daemon = lab.a.run(config(extra=f'webhook "http://{lab.b.address()}:2526/"'))
    daemon.wait_log(r"webhook .*tried again")
    daemon.reload(config())
    daemon.wait_log(r"webhook .*nobody gets it any more")
    wait_until(lambda: daemon.status()["undelivered"] == [], what="nothing that waits")
    daemon.stop()


@holdfast_only
def test_mail_of_the_stop(lab):
    with mail_server(lab) as server:
        daemon = lab.a.run(config(alerting(), extra=settings(lab)))
        server.wait("Entering MASTER state")
        daemon.stop()
        server.wait("VRRP Instance VI_1 - Stopping")


@holdfast_only
def test_webhook(lab):
    with Hook(lab.b, lab.path(""), lab.b.address(), reject=1) as hook:
        lab.a.run(config(instance(), extra=f"webhook http://{lab.b.address()}:8080/alert\n"
                                           "webhook_header \"Authorization: Bearer 42\""))
        headers, event = hook.wait(event="instance_state", state="MASTER")
        assert headers["Authorization"] == "Bearer 42" and headers["Content-Type"] == "application/json"
        assert event["instance"] == "VI_1" and event["router_id"] == "lab" and event["priority"] == 100
        assert event["previous"] == "BACKUP" and event["cause"] and event["time"].endswith("Z")


@holdfast_only
def test_the_death_of_a_worker_is_told(lab):
    """To those who are told of what it does; a webhook hears also when it is over."""
    hook_line = f"webhook http://{lab.b.address()}:8080/alert\n"
    with mail_server(lab) as server, Hook(lab.b, lab.path(""), lab.b.address()) as hook:
        daemon = lab.a.run(config(alerting(), extra=settings(lab, hook_line)))
        server.wait("Entering MASTER state")
        os.kill(daemon.worker(), signal.SIGKILL)
        _, message = server.wait("Process vrrp - died")
        assert "vrrp worker died from signal 9, started again: its addresses stay" in message.get_payload()
        _, event = hook.wait(event="worker_died")
        assert event["worker"] == "vrrp" and event["cause"] in message.get_payload()
        hook.wait(event="worker_ready", worker="vrrp")


@holdfast_only
def test_no_mail_of_a_worker_without_smtp_alert(lab):
    with mail_server(lab) as server:
        daemon = lab.a.run(config(instance(), extra=settings(lab)))
        become_master(lab)
        os.kill(daemon.worker(), signal.SIGKILL)
        daemon.wait_log("vrrp worker is ready again")
        settle(1)
        assert not server.mails()


@holdfast_only
def test_webhook_redirected_is_not_sent(lab):
    """An answer 3xx has taken nothing: it is said, and the next event does not wait behind it."""
    with Hook(lab.b, lab.path(""), lab.b.address(), reject=1, status=301) as hook:
        daemon = lab.a.run(config(instance(), extra=f"webhook http://{lab.b.address()}:8080/alert"))
        daemon.wait_log(r"redirections are not followed \(answered 301\): given up")
        hook.wait(event="instance_state", state="MASTER")
