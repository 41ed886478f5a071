# SPDX-License-Identifier: GPL-2.0-or-later
"""Signals, deaths, stalls: what the processes do when something happens to one of them."""
import json
import os
import shutil
import signal
import socket
import subprocess
import time

import pytest

from common import VIP, better, config, holdfast_only, instance, near, settle, stall, v2
from netlab import HOLDFAST, daemons, wait_until
from netlab.prober import Prober

PASS = "authentication {\nauth_type PASS\nauth_pass s3cret\n}"


def pair(lab, first, second):
    """A pair where a is master; both daemons."""
    a = lab.a.run(config(first))
    lab.wire.wait_advert("a", count=2)
    b = lab.b.run(config(second)).listening()
    lab.a.wait_has(VIP)
    settle(0.8)
    assert not lab.wire.adverts("b")
    return a, b


def test_sigterm_hands_over_and_exits_with_0(lab):
    a, _ = pair(lab, instance(priority=150), instance(priority=100))
    start = lab.now()
    assert a.stop() == 0
    zeros = lab.wire.adverts("a", since=start, priority=0)
    assert len(zeros) == 1 and zeros[0].time - start < 0.1 + stall()
    assert not lab.a.has(VIP)
    lab.b.wait_has(VIP)


@better("takes a second")
def test_stop_is_quick(lab):
    daemon = lab.a.run(config())
    lab.wire.wait_advert("a", count=2)
    start, mark = lab.now(), daemon.log_mark()
    assert daemon.stop() == 0
    end = lab.now()
    # the leaving master may answer for a skew time (100 ms at most) while a successor arrives; then it is for
    # the kernel to take the processes' sockets away, which is slow where it has much to do
    assert daemon.told("Leaving, STOP", mark, end) - daemon.told("Stopping", mark, start) < 0.2 + stall()
    assert end - start < 0.9


@better("keepalived removes the addresses at once: 80 probes of a millisecond are lost")
@pytest.mark.parametrize("version", [2, 3])
def test_graceful_stop_loses_no_probe_at_1_khz(make_lab, version):
    lab = make_lab("abc")
    make = v2 if version == 2 else instance
    extra = PASS if version == 2 else ""
    a = lab.a.run(config(make(priority=150, extra=extra)))
    lab.a.wait_has(VIP)
    lab.b.run(config(make(priority=100, extra=extra))).listening()
    settle(1.2 if version == 2 else 0.6)
    with Prober(lab.c, [lab.a, lab.b], VIP) as prober:
        settle(0.4)
        a.signal(signal.SIGTERM)
        lab.b.wait_has(VIP)
        assert a.wait_exit() == 0
        settle(0.4)
        result = prober.stop()
    assert result["owners"] == ["a", "b"] and result["sent"] > 500
    # a goes on for 30 ms after b's first advert: a kernel that takes longer to give b the address loses the rest.
    first = lab.wire.adverts("b")[0].time
    late = max(0, lab.wire.garps("b", since=first)[0].time - first - 0.03)
    assert result["lost"] <= 1000 * late, (result, late)


def test_sigint_is_a_graceful_stop_too(lab):
    a, _ = pair(lab, instance(priority=150), instance(priority=100))
    a.signal(signal.SIGINT)
    assert a.wait_exit() == 0
    assert lab.wire.adverts("a", priority=0)


@better("the restarted child removes the addresses and starts as BACKUP")
def test_killed_worker_is_master_again_and_no_vip_leaves(lab):
    a, _ = pair(lab, v2(priority=255, state="MASTER"), v2(priority=100))
    watch, worker, start = lab.a.watch(), a.worker(), lab.now()
    os.kill(worker, signal.SIGKILL)
    settle(4.5)
    assert a.worker() != worker
    assert not watch.events, watch.events
    assert not lab.wire.adverts("b", since=start), "the peer took over"
    between = lab.wire.adverts("a", since=start - 1.2)
    assert max(b.time - c.time for c, b in zip(between, between[1:])) < 2.5 + stall()
    assert lab.a.has(VIP)


@holdfast_only
def test_killed_worker_of_an_elected_master_keeps_the_role(lab):
    a, _ = pair(lab, instance(priority=150, interval=1), instance(priority=100, interval=1))
    watch, worker, start = lab.a.watch(), a.worker(), lab.now()
    os.kill(worker, signal.SIGKILL)
    settle(3.9)
    assert a.worker() != worker and not watch.events
    assert not lab.wire.adverts("b", since=start)
    assert a.instance("VI_1")["state"] == "MASTER"


@holdfast_only
def test_killed_worker_of_a_backup_stays_backup(lab):
    _, b = pair(lab, instance(priority=150), instance(priority=100))
    start = lab.now()
    os.kill(b.worker(), signal.SIGKILL)
    settle(1.5)
    assert not lab.wire.adverts("b", since=start) and not lab.b.has(VIP)


@holdfast_only
def test_killed_runner_is_restarted_and_disturbs_nothing(lab):
    lab.write("good", "")
    script = lab.script("chk.sh", f"test -e {lab.path('good')}")
    a = lab.a.run(config(f"vrrp_script chk {{\nscript {script}\ninterval 1\nfall 1\nweight -20\n}}\n",
                         instance(extra="track_script {\nchk\n}")))
    lab.wire.wait_advert("a", count=2)
    watch, start = lab.a.watch(), lab.now()
    runner = next(p["pid"] for p in a.status()["processes"] if p["name"] == "runner")
    os.kill(runner, signal.SIGKILL)
    settle(1.5)
    adverts = lab.wire.adverts("a", since=start - 0.2)
    assert max(y.time - x.time for x, y in zip(adverts, adverts[1:])) < 0.15 + stall() and not watch.events
    os.unlink(lab.path("good"))
    lab.wire.wait_advert("a", priority=80)


@holdfast_only
def test_worker_that_dies_again_and_again_leaves_no_address_without_an_owner(lab):
    a, _ = pair(lab, instance(priority=150, interval=0.3), instance(priority=100, interval=0.3))
    end = time.monotonic() + 6
    while time.monotonic() < end and not lab.wire.adverts("b"):
        document = a.status()
        pid = document and next((p["pid"] for p in document["processes"] if p["name"] == "vrrp"), 0)
        if pid:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        settle(0.02)
    lab.b.wait_has(VIP)
    wait_until(lambda: not (lab.a.has(VIP) and lab.b.has(VIP)), what="one owner")


@holdfast_only
def test_status_tells_of_the_elections_while_the_runner_is_down(lab):
    a = lab.a.run(config())
    lab.wire.wait_advert("a", count=2)
    for then in ("runner worker is ready again", "runner worker died from signal 9, next start"):
        os.kill(next(p["pid"] for p in a.status()["processes"] if p["name"] == "runner"), signal.SIGKILL)
        a.wait_log(then)
    done = a.ctl("status")
    assert done.returncode == 1 and "MASTER" in done.stdout
    assert "the runner worker does not run" in done.stdout


@holdfast_only
def test_status_of_a_misspelt_name_says_which_there_is(lab):
    a = lab.a.run(config())
    a.wait_ready()
    done = a.ctl("status", "VI_l")
    assert done.returncode == 1 and done.stderr == "holdfast: nothing is called VI_l, did you mean `VI_1`?\n"
    assert a.ctl("status", "frobnicate").stderr == "holdfast: nothing is called frobnicate\n"


@holdfast_only
def test_status_tells_the_rest_while_vrrp_is_down(lab):
    a = lab.a.run(config())
    lab.wire.wait_advert("a", count=2)
    for then in ("vrrp worker is ready again", "vrrp worker .* next start in 1 s", "vrrp worker .* next start in 2 s"):
        os.kill(a.worker(), signal.SIGKILL)
        a.wait_log(then)
    text, document, one = a.ctl("status"), a.ctl("status", "--json"), a.ctl("status", "VI_1")
    assert [text.returncode, document.returncode, one.returncode] == [1, 1, 1]
    told = "the vrrp worker does not run, started again in "
    assert "NOT WELL  " + told in text.stdout and "Last events" in text.stdout
    assert "MISSING" not in text.stdout and "MASTER without" not in text.stdout  # of that nothing is known
    assert told in one.stdout and "nothing is called" not in one.stderr
    found = json.loads(document.stdout)
    assert len(found["problems"]) == 1 and found["problems"][0].startswith(told)
    assert found["instances"] == [] and found["events"]
    lab.a.wait_has(VIP)
    assert a.ctl("status").returncode == 0


@holdfast_only
def test_log_that_nobody_reads_any_more_does_not_end_the_daemon(lab):
    a = lab.a.run(config())
    lab.wire.wait_advert("a", count=2)
    a.stop()
    mine, its = os.pipe()
    os.close(mine)
    again = subprocess.Popen(lab.a.command(*a.command()), stdin=subprocess.DEVNULL, stdout=its, stderr=its)
    os.close(its)
    try:
        lab.wire.wait_advert("a", count=2, since=lab.now())
        again.send_signal(signal.SIGTERM)
        assert again.wait(5) == 0
    finally:
        again.kill()


@holdfast_only
def test_without_the_right_to_change_addresses_it_does_not_start(lab):
    a = daemons.Holdfast(lab.a, config())
    done = subprocess.run(["setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-net_admin", *a.command()],
                          capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 4 and "no permission to change addresses" in done.stderr


@holdfast_only
def test_without_the_right_to_change_virtual_servers_it_does_not_start(lab):
    text = ("global_defs {\n    lvs_engine nftables\n}\nvirtual_server 192.0.2.100 80 {\n    lvs_sched rr\n"
            "    lvs_method NAT\n    protocol TCP\n    real_server 192.0.2.5 80 {\n        weight 1\n    }\n}\n")
    a = daemons.Holdfast(lab.a, text)
    done = subprocess.run(["setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-net_admin", *a.command()],
                          capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 4 and "no permission to change virtual servers" in done.stderr


@holdfast_only
def test_status_shows_names_that_the_board_has_to_cut(lab):
    a = lab.a.run(config(instance(name="a" + "高可用" * 20)))
    a.wait_log("Startup complete")
    (shown,) = a.status()["instances"]
    assert shown["name"] == "a" + "高可用" * 6 + "高可"
    assert {event["name"] for event in a.status()["events"]} == {shown["name"]}


@holdfast_only
def test_silent_control_clients_do_not_lock_the_others_out(lab):
    a = lab.a.run(config())
    a.wait_log("Startup complete")
    silent = []
    for _ in range(40):
        silent.append(socket.socket(socket.AF_UNIX))
        silent[-1].connect(a.run_dir + "/control.sock")
    assert a.ctl("reload").returncode == 0
    for client in silent:
        client.close()


@holdfast_only
def test_control_client_that_closes_its_half_gets_the_whole_answer(lab):
    a = lab.a.run(config())
    a.wait_log("Startup complete")
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(5)
        client.connect(a.run_dir + "/control.sock")
        client.sendall(b'{"command": "reload"}\n')
        client.shutdown(socket.SHUT_WR)
        answer = client.makefile().read()
    assert json.loads(answer.splitlines()[-1]) == {"status": 0}


@holdfast_only
def test_worker_killed_twice_after_a_reload_leaves_no_second_owner(lab):
    a, _ = pair(lab, instance(priority=150), instance(priority=100))
    a.reload()
    a.wait_log("Reload complete")
    for _ in range(2):
        os.kill(a.worker(), signal.SIGKILL)
        settle(0.1)
        if not a.logged("next start in"):
            a.wait_log("worker is ready again")
    a.wait_log("next start in")
    lab.b.wait_has(VIP)
    assert not lab.a.has(VIP)


def test_killed_supervisor_takes_the_vips_along(lab):
    a, _ = pair(lab, instance(priority=150), instance(priority=100))
    a.signal(signal.SIGKILL)
    a.wait_exit()
    lab.b.wait_has(VIP)
    lab.a.wait_has_not(VIP)
    settle(0.3)
    assert lab.b.has(VIP)


def test_killed_supervisor_leaves_no_process(lab):
    a, _ = pair(lab, instance(priority=150), instance(priority=100))
    everybody = a.pids()
    a.signal(signal.SIGKILL)
    a.wait_exit()

    def alive():
        def running(pid):
            try:
                with open(f"/proc/{pid}/stat", encoding="ascii") as handle:
                    return handle.read().rsplit(")", 1)[1].split()[0] != "Z"
            except OSError:
                return False
        return [pid for pid in everybody if running(pid)]
    wait_until(lambda: not alive(), what="the workers' end")


def test_stopped_backup_reads_what_arrived_before_it_takes_over(lab):
    _, b = pair(lab, instance(priority=150), instance(priority=100))
    worker = b.worker()
    for _ in range(3):
        os.kill(worker, signal.SIGSTOP)
        settle(0.7)
        os.kill(worker, signal.SIGCONT)
        settle(0.4)
    assert not lab.wire.adverts("b"), "needless takeover"
    assert not lab.b.has(VIP)


def test_stopped_master_yields_when_it_continues(lab):
    a, _ = pair(lab, instance(priority=150, extra="nopreempt"), instance(priority=100, extra="nopreempt"))
    worker = a.worker()
    os.kill(worker, signal.SIGSTOP)
    lab.b.wait_has(VIP)
    os.kill(worker, signal.SIGCONT)
    settle(1.0)
    assert lab.a.has(VIP) != lab.b.has(VIP), "two owners, or none"


@holdfast_only
@pytest.mark.parametrize("extra,yields", [("nopreempt\ntimer_expired_backup", True), ("nopreempt", False)])
def test_timer_expired_backup_yields_after_a_long_stop(lab, extra, yields):
    daemon = lab.a.run(config(instance(extra=extra)))
    lab.wire.wait_advert("a", count=2)
    worker, watch = daemon.worker(), lab.a.watch()
    os.kill(worker, signal.SIGSTOP)
    settle(0.7)
    os.kill(worker, signal.SIGCONT)
    lab.wire.wait_advert("a", since=lab.now(), count=5)  # still, or again
    assert bool(daemon.logged(r"Entering BACKUP STATE: this process was not run for \d+ ms")) == yields
    assert bool(watch.removed(VIP)) == yields
    lab.a.wait_has(VIP)


@holdfast_only
def test_status_names_role_cause_master_and_vips(lab):
    a, b = pair(lab, instance(priority=150), instance(priority=100))
    settle(0.5)
    mine, other = a.instance("VI_1"), b.instance("VI_1")
    assert (mine["state"], other["state"]) == ("MASTER", "BACKUP")
    assert mine["cause"] and mine["interface"] == "eth0" and mine["vrid"] == 51 and mine["version"] == 3
    assert mine["family"] == "IPv4" and mine["priority"]["effective"] == 150
    assert other["master"]["address"] == "192.0.2.1" and other["master"]["priority"] == 150
    assert other["master"]["last_advert_ms"] < 1000
    assert [(v["address"], v["present"]) for v in mine["vips"]] == [("192.0.2.100/24", True)]
    assert [(v["address"], v["present"]) for v in other["vips"]] == [("192.0.2.100/24", False)]
    assert mine["counters"]["advert_sent"] > 5 and other["counters"]["advert_rcvd"] > 5
    text = a.ctl("status")
    assert text.returncode == 0 and "MASTER" in text.stdout and VIP in text.stdout


@holdfast_only
def test_status_tells_in_its_first_lines_why_an_instance_is_in_fault(lab):
    daemon = lab.a.run(config())
    lab.a.wait_has(VIP)
    lab.a.carrier(False)
    daemon.wait_log("Entering FAULT STATE")
    done = daemon.ctl("status")
    assert done.returncode == 1 and "NOT WELL  VI_1 is in FAULT: interface eth0 down\n" in done.stdout


@holdfast_only
def test_status_of_a_dead_daemon_is_an_error(lab):
    daemon = lab.a.run(config())
    daemon.wait_ready()
    daemon.kill()
    done = daemon.ctl("status", "--json")
    assert done.returncode == 2 and (done.stdout or done.stderr)


@holdfast_only
def test_log_tells_the_cause_of_a_takeover(lab):
    _, b = pair(lab, instance(priority=150, interval=0.2), instance(priority=100, interval=0.2))
    lab.nodes[0].daemons[0].kill()
    b.wait_log(r"\(VI_1\) Entering MASTER STATE.*no advert from 192\.0\.2\.1 for 0\.7\d")


@holdfast_only
def test_worker_is_real_time_and_locked(lab):
    daemon = lab.a.run(config())
    worker = daemon.worker()
    wait_until(lambda: os.sched_getscheduler(worker) & 0xFF == os.SCHED_RR, what="SCHED_RR")
    assert os.sched_getparam(worker).sched_priority == 1
    with open(f"/proc/{worker}/status", encoding="ascii") as handle:
        locked = next(line for line in handle if line.startswith("VmLck"))
    assert int(locked.split()[1]) > 0


@holdfast_only
def test_worker_has_only_the_capabilities_it_needs(lab):
    daemon = lab.a.run(config())
    with open(f"/proc/{daemon.worker()}/status", encoding="ascii") as handle:
        fields = dict(line.split(":", 1) for line in handle)
    permitted = int(fields["CapPrm"], 16)
    net_admin, net_raw = 1 << 12, 1 << 13
    assert permitted & net_admin and permitted & net_raw
    sys_admin, dac_override, setuid = 1 << 21, 1 << 1, 1 << 7
    assert not permitted & (sys_admin | dac_override | setuid)


def test_two_daemons_side_by_side_on_one_node(lab):
    first = lab.a.run(config())
    second = lab.a.run(config(instance("VI_2", 52, vips=["192.0.2.102/24"])))
    lab.a.wait_has(VIP)
    lab.a.wait_has("192.0.2.102")
    assert first.stop() == 0
    assert not lab.a.has(VIP) and lab.a.has("192.0.2.102") and second.running()


def test_nothing_is_left_in_the_kernel_after_an_orderly_run(make_lab):
    lab = make_lab("a", links=2)

    def state():
        return (lab.a.ip("addr", "show"), lab.a.ip("route", "show", "table", "all"), lab.a.ip("rule"),
                lab.a.execute("nft", "list", "ruleset"))
    before = state()
    daemon = lab.a.run(config(instance(extra="no_accept\nvirtual_ipaddress_excluded {\n2001:db8::150/64\n}"),
                              instance("VI_2", 52, interface="eth1", vips=["fe80::100/64"])))
    lab.a.wait_has(VIP)
    lab.a.wait_has("fe80::100")
    assert daemon.stop() == 0
    assert state() == before


def test_200_instances_start_at_once(lab):
    text = config(*(instance(f"VI_{n}", n, priority=255, state="MASTER", vips=[f"10.9.0.{n}/32"],
                             extra="garp_master_repeat 1") for n in range(1, 201)))
    daemon = lab.a.run(text)
    wait_until(lambda: len({a.vrid for a in lab.wire.adverts("a")}) == 200, what="200 masters", interval=0.05)
    firsts = {}
    for advert in lab.wire.adverts("a"):
        firsts.setdefault(advert.vrid, advert.time)
    assert max(firsts.values()) - daemon.began < 1.0 + stall()
    assert near(max(firsts.values()) - min(firsts.values()), 0, 1, 0.5)


@holdfast_only
def test_log_as_json_lines(lab):
    daemon = lab.a.run(config(), options=["--log-format", "json"])
    lab.a.wait_has(VIP)
    settle(0.2)
    lines = [json.loads(line) for line in daemon.log().splitlines() if line.strip()]
    assert any("Entering MASTER STATE" in json.dumps(line) for line in lines)


@holdfast_only
def test_run_directory_of_the_environment(lab):
    daemon = lab.a.run(config())
    daemon.wait_ready()
    done = subprocess.run([HOLDFAST, "status", "--json"], capture_output=True, text=True, check=False,
                          env={**os.environ, "HOLDFAST_RUN_DIR": daemon.run_dir})
    assert done.returncode == 0 and json.loads(done.stdout)["instances"][0]["name"] == "VI_1"


@holdfast_only
def test_second_daemon_in_the_same_run_directory_does_not_start(lab):
    first = lab.a.run(config())
    lab.a.wait_has(VIP)
    done = subprocess.run(lab.a.command(*first.command()), capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode != 0 and done.stderr
    settle(0.2)
    assert first.running() and lab.a.has(VIP)


@holdfast_only
@pytest.mark.parametrize("what", ["all of it", "what is in it"])
def test_run_directory_that_was_removed_is_made_again_by_a_reload(lab, what):
    daemon = lab.a.run(config(instance()))
    lab.a.wait_has(VIP, 5)
    watch = lab.a.watch()
    shutil.rmtree(daemon.run_dir)
    if what != "all of it":
        os.mkdir(daemon.run_dir)
    assert daemon.ctl("status").returncode == 2
    daemon.reload(config(instance(priority=77)))
    daemon.wait_log("removed by somebody else, made again")
    daemon.wait_log("Reload complete, generation 2 is in force")
    assert daemon.instance("VI_1")["priority"]["base"] == 77
    assert daemon.ctl("reload").returncode == 0  # by the socket
    second = lab.a.run(config(instance(vrid=52, vips=("192.0.2.101/24",))), options=("--run-dir", daemon.run_dir))
    assert second.wait_exit() == 1 and second.logged("already running")
    assert not watch.removed(VIP) and daemon.stop() == 0
    assert os.listdir(daemon.run_dir) == []


def with_the_file_of(daemon, name, *more):
    return [HOLDFAST, "run", "-f", daemon.config_file, "--run-dir", daemon.path(name), "--log", "stderr", *more]


@holdfast_only
def test_second_daemon_with_the_same_file_touches_no_address(lab):
    first = lab.a.run(config())
    lab.a.wait_has(VIP)
    mark = first.log_mark()
    done = subprocess.run(lab.a.command(*with_the_file_of(first, "other")), capture_output=True, text=True,
                          check=False, timeout=30)
    assert done.returncode == 1
    assert f"another holdfast runs here with {first.config_file} (its virtual routers" in done.stderr
    settle(0.5)
    assert not lab.wire.adverts("a", priority=0)
    assert first.running() and lab.a.has(VIP) and not first.logged("FAULT|BACKUP", since=mark)
    assert first.instance("VI_1")["state"] == "MASTER"


@holdfast_only
@pytest.mark.parametrize("node,more", [("a", ["--config-id", "another"]), ("b", [])])
def test_one_file_serves_another_id_and_another_namespace(lab, node, more):
    first = lab.a.run(config())
    lab.a.wait_has(VIP)
    with open(first.path("second.log"), "wb") as log, \
            subprocess.Popen(getattr(lab, node).command(*with_the_file_of(first, "other", *more)), stderr=log) as second:
        try:
            wait_until(lambda: "Startup complete" in open(first.path("second.log")).read(), what="the second daemon")
        finally:
            second.terminate()


@holdfast_only
def test_file_is_free_again_when_the_supervisor_is_killed(lab):
    """Whatever has become of its workers."""
    first = lab.a.run(config())
    lab.a.wait_has(VIP)
    os.kill(first.pid, signal.SIGKILL)
    done = subprocess.run(lab.a.command("timeout", "3", *with_the_file_of(first, "other")), capture_output=True,
                          text=True, check=False, timeout=30)
    assert "Startup complete" in done.stderr and "another holdfast" not in done.stderr


@holdfast_only
def test_status_is_of_use_to_anybody_while_the_worker_is_stopped(lab):
    daemon = lab.a.run(config())
    lab.a.wait_has(VIP)
    settle(0.3)
    worker = daemon.worker()
    os.kill(worker, signal.SIGSTOP)
    try:
        start = time.monotonic()
        assert daemon.instance("VI_1")["state"] == "MASTER" and time.monotonic() - start < 1
    finally:
        os.kill(worker, signal.SIGCONT)
