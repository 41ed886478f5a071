# SPDX-License-Identifier: GPL-2.0-or-later
"""What `status` says of servers: why one is down and what its check does, what drains and for how long
yet, what a slow start has reached, what is wrong at all; and only what was asked for."""
import os
import re

import pytest

from netlab import backend, configs
from netlab.client import Connection
from netlab.farm import VIP, VIPS
from netlab.wait import wait_until

pytestmark = pytest.mark.holdfast_only

HTTP_GET = "HTTP_GET {\n    url {\n        path /\n        status_code 200\n    }\n    connect_timeout 2\n    retry 0\n}"
SERVICE = f"tcp {VIP}:7"
DRAINS = "drain_timeout 20"


def server(farm, name, port=backend.ECHO, **more):
    return configs.real_server(farm.real(name), port, **more)


def service(farm, *servers, vip=VIP, port=backend.ECHO, **more):
    return configs.virtual_server(f"{vip} {port}", servers, **more)


def lines(daemon, *words):
    """The lines of `status`, stripped and with single spaces."""
    return [re.sub(" +", " ", line.strip()) for line in daemon.ctl("status", *words).stdout.splitlines()]


def wait_line(daemon, pattern, *words):
    """Until `status` has a line that matches as a whole; the match."""
    def find():
        return next((m for m in map(re.compile(pattern).fullmatch, lines(daemon, *words)) if m), None)
    return wait_until(find, what=f"a line {pattern!r} in\n" + "\n".join(lines(daemon, *words)), interval=0.1)


def test_a_removed_server_is_seen_while_it_drains(farm):
    """With its time left and its connections, and the events of its beginning and end."""
    drains = [server(farm, name, extra=DRAINS) for name in ("s1", "s2")]
    daemon = farm.d1.run(configs.config(service(farm, *drains, server(farm, "s3"))))
    farm.wait_pool(SERVICE, {"s1": 1, "s2": 1, "s3": 1})
    connections = [Connection(farm.client, VIP) for _ in range(3)]
    assert sorted(one.server for one in connections) == ["s1", "s2", "s3"]
    kept = server(farm, "s2", weight=0, extra=DRAINS)
    daemon.reload(configs.config(service(farm, kept, server(farm, "s3"))))
    gone = wait_line(daemon, rf"{farm.real('s1')}:7 DRAIN removed, leaves in ([0-9.]+) s, 1 connection")
    assert 10 < float(gone[1]) < 20
    zero = wait_line(daemon, rf"{farm.real('s2')}:7 DRAIN [0-9.]+ s weight 0 \(as configured\), leaves in ([0-9.]+) s, 1 connection")
    assert 10 < float(zero[1]) < 20
    found = daemon.status()["virtual_servers"][0]
    assert [one["name"] for one in found["removed_servers"]] == [f"[{farm.real('s1')}]:tcp:7"]
    assert found["removed_servers"][0]["connections"] == 1 and found["servers"] == 2
    assert [(one["draining"], one["connections"]) for one in found["real_servers"]] == [(True, 1), (False, None)]
    for one in connections:
        assert one.ask() == one.server
        one.close()
    wait_line(daemon, rf"{farm.real('s1')}:7 DRAIN removed, leaves in [0-9.]+ s, 0 connections")

    def is_over():
        now = daemon.status()["virtual_servers"][0]
        return not now["removed_servers"] and not now["real_servers"][0]["draining"]
    wait_until(is_over, what="the end of draining")
    for name in ("s1", "s2"):
        told = [event["event"] for event in daemon.status()["events"] if event["name"] == f"[{farm.real(name)}]:tcp:7"]
        assert told[-2:] == ["draining", "drained"], told
    text = "\n".join(lines(daemon, "--events"))
    assert f"Draining service [{farm.real('s1')}]:tcp:7 of VS [{VIP}]:tcp:7: no new connections, leaves in 20 s" in text
    assert "DRAIN" not in text
    # and then it is up, but not one of those that serve
    assert re.search(rf"{farm.real('s2')}:7 IDLE [0-9.]+ s weight 0 \(as configured\), not in the table", text)
    assert re.search(rf"{VIP}:7 tcp UP [0-9.]+ s 1 of 2 servers, weight 1,", text)
    found = daemon.status()["virtual_servers"][0]
    assert (found["servers_up"], found["servers_idle"]) == (2, 1)
    assert [one["idle"] for one in found["real_servers"]] == ["as configured", None]


def test_a_slow_start_shows_where_it_is(farm):
    daemon = farm.d1.run(configs.config(service(
        farm, server(farm, "s1", weight=100, extra="slow_start 10"), server(farm, "s2", weight=5), scheduler="wrr")))
    farm.wait_pool(SERVICE, {"s1": 100, "s2": 5})
    farm.kill("s1")
    farm.wait_pool(SERVICE, {"s2": 5})
    farm.revive("s1")
    began = wait_line(daemon, rf"{farm.real('s1')}:7 UP [0-9.]+ s weight (\d+) of 100, slow start ends in ([0-9.]+) s")
    assert int(began[1]) < 70 and 3 < float(began[2]) <= 10
    found = daemon.status()["virtual_servers"][0]["real_servers"][0]
    assert found["ramping"] and found["target_weight"] == 100 and 0 < found["ends_in_s"] <= 10
    wait_line(daemon, rf"{farm.real('s1')}:7 UP [0-9.]+ s weight 100")


def test_why_a_server_is_down(farm):
    """The reason, when the check ran, how long it took, when it runs again; and all that is wrong in the
    first lines, with the exit status for it."""
    daemon = farm.d1.run(configs.config(
        service(farm, server(farm, "s1", 80, check=HTTP_GET), port=80, extra=f"sorry_server {farm.real('s3')} 80",
                delay=3),
        service(farm, server(farm, "s1"), server(farm, "s2"), vip=VIPS[1], extra="panic_threshold 40")))
    wait_until(lambda: daemon.ctl("status").returncode == 0, what="a good status")
    assert "NOT WELL" not in "\n".join(lines(daemon)) and daemon.status()["problems"] == []
    farm.backends["s1"].status = 503
    farm.backends["s2"].kill()
    down = wait_line(daemon, rf"{farm.real('s1')}:80 DOWN [0-9.]+ s HTTP_GET: HTTP status 503 instead of 200; "
                             r"last ([0-9.]+) s ago, took [0-9.]+ ms, next in ([0-9.]+) s")
    assert 2.5 < float(down[1]) + float(down[2]) < 3.5
    wait_line(daemon, rf"{VIP}:80 tcp DOWN [0-9.]+ s 0 of 1 servers, weight 0, quorum 1, rr NAT, SORRY SERVER serves")
    wait_line(daemon, rf"{re.escape(VIPS[1])}:7 tcp UP .* PANIC: all servers serve")
    wrong = [f"{VIP}:80 tcp is below its quorum: weight 0 of 1, 0 of 1 servers are up; the sorry server serves",
             f"{VIPS[1]}:7 tcp is in panic, 1 of 2 servers are up; all of them serve"]
    assert daemon.status()["problems"] == wrong
    assert lines(daemon)[1:3] == [f"NOT WELL {wrong[0]}", wrong[1]]
    assert daemon.ctl("status").returncode == 1


def misc(path):
    return f'MISC_CHECK {{\n    misc_path "{path}"\n}}'


def test_a_check_that_cannot_be_run_is_said(farm):
    """Its server counts as up without it, which is not what anybody meant."""
    script, missing = farm.script("check", "exit 0"), farm.path("missing")
    os.chmod(script, 0o777)
    text = configs.config(service(farm, server(farm, "s1", check=misc(missing)), server(farm, "s2"),
                                  server(farm, "s3", check=configs.TCP_CHECK + "\n" + misc(script))))
    daemon = farm.d1.run(text)
    wait_line(daemon, rf"{farm.real('s1')}:7 UP [0-9.]+ s weight 1, NOT CHECKED: MISC_CHECK can't be run: "
                      rf"{re.escape(missing)} does not exist")
    wait_line(daemon, rf"{farm.real('s3')}:7 UP [0-9.]+ s weight 1, NOT CHECKED: 1 of 2 checks can't be run, "
                      rf"MISC_CHECK: {re.escape(script)} is writable .*")
    wrong = f"{VIP}:7 tcp: checks of 2 of 3 servers can't be run"
    problems = daemon.status()["problems"]
    assert problems[0] == wrong and f"NOT WELL {wrong}" in lines(daemon)
    assert len(problems) == 2 and problems[1].startswith("the configuration that runs is without what has 3 errors")
    assert daemon.ctl("status").returncode == 1
    found = daemon.status()["virtual_servers"][0]["real_servers"]
    assert [one["checks_absent"] for one in found] == [1, 0, 1] and found[0]["reason"] == f"{missing} does not exist"
    farm.kill("s3")  # what can be run still judges
    wait_line(daemon, rf"{farm.real('s3')}:7 DOWN [0-9.]+ s 1 of 2 checks failed, TCP_CHECK: .*")
    farm.revive("s3")
    os.chmod(script, 0o755)
    daemon.reload(text.replace(missing, script))
    wait_until(lambda: daemon.ctl("status").returncode == 0, what="a good status")
    wait_until(lambda: "NOT CHECKED" not in "\n".join(lines(daemon)), what="the end of NOT CHECKED")


def test_checks_are_a_table_in_the_order_of_the_file(farm):
    daemon = farm.d1.run(configs.config(
        service(farm, *(server(farm, name) for name in ("s3", "s1", "s2"))),
        service(farm, server(farm, "s1", 80, check=HTTP_GET), port=80)))
    wanted = [f"{farm.real(name)}:7 tcp TCP_CHECK" for name in ("s3", "s1", "s2")] + [f"{farm.real('s1')}:80 tcp HTTP_GET"]
    daemon.wait_ready()
    wait_until(lambda: all(one["runs"] > 1 for one in daemon.status()["checks"]), what="checks that ran")
    table = [line for line in lines(daemon, "--checks") if "_CHECK" in line or "HTTP_GET" in line]
    assert [" ".join(line.split()[:3]) for line in table] == wanted
    for line in table:
        assert re.fullmatch(r"\S+ tcp \S+ up [0-9.]+ s ago [0-9.]+ ms (in [0-9.]+ s|now) \d+ 0", line), line
    # A delay_loop after the last one has ended; sooner only after one that this machine let begin late.
    def pauses():
        return [one["last_run_ms"] + one["next_run_ms"] - one["last_duration_ms"] for one in daemon.status()["checks"]]
    assert all(pause < 1010 for pause in pauses())
    wait_until(lambda: all(800 < pause < 1010 for pause in pauses()), timeout=90, what="checks that began in time")


def test_only_what_was_asked_for(farm):
    daemon = farm.d1.run(configs.config(
        configs.instance(vips=("192.0.2.200/24",)), service(farm, server(farm, "s1"), server(farm, "s2")),
        service(farm, server(farm, "s1"), server(farm, "s3"), vip=VIPS[1])))
    s1, s2, s3 = (f"{farm.real(name)}:7" for name in ("s1", "s2", "s3"))
    wait_until(lambda: daemon.ctl("status").returncode == 0, what="a good status")

    def shown(*words):
        text = daemon.ctl("status", *words).stdout
        found = [line.split()[0] for line in text.splitlines() if re.match(r" +\S+:7 .*(UP|DOWN) ", line)]
        return found + [name for name in ("VI_1", "Processes") if f"\n{name}" in text]
    first, second = f"{VIP}:7", f"{VIPS[1]}:7"
    assert shown() == [first, s1, s2, second, s1, s3, "VI_1", "Processes"]
    for word in (VIP, first, f"{first} tcp", f"[{VIP}]:tcp:7"):
        assert shown(word) == [first, s1, s2], word
    assert shown(farm.real("s1")) == [first, s1, second, s1]
    assert shown(s3, "VI_1") == [second, s3, "VI_1"]
    assert shown("192.0.2.200") == ["VI_1"]
    done = daemon.ctl("status", "--json", s3)
    assert done.returncode == 0 and '"VI_1"' not in done.stdout and f"[{VIP}]" not in done.stdout
    done = daemon.ctl("status", "10.9.9.9")
    assert done.returncode == 1 and done.stderr == "holdfast: nothing is called 10.9.9.9\n"


@pytest.mark.ipvs
def test_the_sync_daemon_is_shown(farm):
    daemon = farm.d1.run(configs.config(service(farm, server(farm, "s1")), configs.instance(),
                                        extra="lvs_sync_daemon eth1 VI_1 id 5"))
    wait_line(daemon, "1 of 1 up, 1 of 1 real servers up, by ipvs, sync daemon master on eth1, id 5")
    assert daemon.status()["sync_daemon"] == {"interface": "eth1", "id": 5, "master": True, "backup": False,
                                              "failed": False}
