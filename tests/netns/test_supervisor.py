# SPDX-License-Identifier: GPL-2.0-or-later
"""What the supervisor does when a worker can't be kept alive, and when the control socket is abused."""
import json
import os
import signal
import socket
import time
from datetime import datetime, timedelta

import pytest

from common import VIP, config, holdfast_only, instance, settle, stall
from netlab import wait_until


def kill_worker(daemon):
    def kill():
        pid = daemon.worker()
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:  # the status may name one that has just died
            return None
        return pid
    pid = wait_until(kill, what="a worker to kill")
    wait_until(lambda: not os.path.exists(f"/proc/{pid}"), what="the worker's death")


def master_without_worker(lab):
    """A daemon that was MASTER; its vrrp worker has died twice, so that the next start is a second away."""
    daemon = lab.a.run(config(instance(interval=1)))
    lab.a.wait_has(VIP)
    kill_worker(daemon)
    kill_worker(daemon)
    daemon.wait_log("next start in 1 s")
    return daemon


@holdfast_only
def test_worker_that_dies_again_and_again_loses_its_addresses(lab):
    daemon = lab.a.run(config(instance(interval=1)))
    lab.a.wait_has(VIP)
    watch = lab.a.watch()
    kill_worker(daemon)  # started again at once
    kill_worker(daemon)  # a second later, in time for adverts every second
    settle(0.3)
    assert lab.a.has(VIP) and not watch.removed(VIP)
    kill_worker(daemon)
    daemon.wait_log("two owners")  # by the supervisor: before the next start
    wait_until(lambda: watch.removed(VIP), what="the address gone")
    lab.a.wait_has(VIP)  # an ordinary election after the restart
    assert daemon.stop() == 0


@holdfast_only
def test_what_an_instance_is_keeps_its_cause_over_a_death(lab):
    """That of a master and that of a backup; nobody is notified again of what has not changed."""
    told = lab.path("told")
    notify = lab.script("notify", f'echo "$3" >> {told}')
    a = lab.a.run(config(instance(priority=150, interval=1, extra=f"notify {notify}")))
    lab.a.wait_has(VIP)
    b = lab.b.run(config(instance(priority=100, interval=1)))
    b.listening()
    for daemon, role in ((a, "MASTER"), (b, "BACKUP")):
        before = wait_until(lambda daemon=daemon: daemon.instance("VI_1"), what="the instance")
        assert before["state"] == role and not before["adopted"]
        kill_worker(daemon)
        wait_until(lambda daemon=daemon: (daemon.instance("VI_1") or {}).get("adopted"), what="the successor")
        after = wait_until(lambda daemon=daemon: daemon.instance("VI_1"), what="the instance")
        assert [after[k] for k in ("state", "cause", "cause_kind")] == [before[k] for k in ("state", "cause", "cause_kind")]
        assert abs(datetime.fromisoformat(after["since"]) - datetime.fromisoformat(before["since"])) < timedelta(seconds=1)
        assert f"  because    {before['cause']} (adopted after a restart of vrrp)\n" in daemon.ctl("status").stdout
        daemon.wait_log(rf"\(VI_1\) Still {role}: role adopted from the process before")
        assert f"  VI_1: still {role}: role adopted from the process before\n" in daemon.ctl("status").stdout
    assert open(told).read().split() == ["BACKUP", "MASTER"]


@holdfast_only
def test_stop_while_a_dead_worker_waits_for_its_start_leaves_no_address(lab):
    daemon = master_without_worker(lab)
    assert lab.a.has(VIP)
    assert daemon.stop() == 0
    assert not lab.a.has(VIP)


@holdfast_only
def test_short_intervals_lose_their_addresses_before_a_late_restart(lab):
    daemon = lab.a.run(config())  # 0.1 s: a peer takes over long before the second restart
    lab.a.wait_has(VIP)
    watch = lab.a.watch()
    kill_worker(daemon)
    settle(0.2)
    kill_worker(daemon)
    daemon.wait_log("two owners")  # by the supervisor: before the next start
    wait_until(lambda: watch.removed(VIP), what="the address gone")


@holdfast_only
def test_frozen_worker_leaves_no_second_owner(lab):
    a = lab.a.run(config(instance(priority=150, extra="nopreempt")))
    lab.a.wait_has(VIP)
    b = lab.b.run(config(instance(priority=100, extra="nopreempt")))
    b.wait_ready()
    settle(0.5)
    frozen = a.worker()
    os.kill(frozen, signal.SIGSTOP)
    lab.b.wait_has(VIP)
    assert lab.a.has(VIP)  # a stopped process can't help it
    lab.a.wait_has_not(VIP)
    line = a.wait_log(r"vrrp worker has not run for (\d+) ms: killed")
    assert 3000 < int(line.group(1)) < 6000 + 1000 * stall()
    settle(1.0)
    assert a.worker() != frozen and a.instance("VI_1")["state"] == "BACKUP"
    assert not lab.a.has(VIP) and lab.b.has(VIP)
    assert [vip["present"] for vip in a.instance("VI_1")["vips"]] == [False]  # not what its predecessor had
    assert ", present" not in a.ctl("status").stdout
    assert not b.logged("Entering BACKUP STATE: ")  # it was never asked to give way


@holdfast_only
def test_frozen_worker_without_a_peer_is_elected_again(lab):
    a = lab.a.run(config(instance()))
    lab.a.wait_has(VIP)
    frozen = a.worker()
    os.kill(frozen, signal.SIGSTOP)
    a.wait_log("worker is ready again")
    lab.a.wait_has(VIP)
    wait_until(lambda: a.instance("VI_1")["state"] == "MASTER", what="MASTER again")
    assert not a.instance("VI_1")["adopted"] and a.worker() != frozen
    assert len(a.logged("has not run for")) == 1


@holdfast_only
def test_worker_killed_after_a_long_stop_is_not_adopted(lab):
    a = lab.a.run(config(instance(interval=2)))  # its master down interval would still allow it
    lab.a.wait_has(VIP)
    frozen = a.worker()
    a.signal(signal.SIGSTOP)  # or it might be the first to kill it
    os.kill(frozen, signal.SIGSTOP)
    settle(3.6)
    os.kill(frozen, signal.SIGKILL)
    a.signal(signal.SIGCONT)
    lab.a.wait_has_not(VIP)


@holdfast_only
def test_pause_of_the_whole_machine_kills_no_worker(lab):
    a = lab.a.run(config(instance()))
    lab.a.wait_has(VIP)
    everybody = a.pids()
    settle(1.2)
    for _ in range(2):
        for pid in everybody:
            os.kill(pid, signal.SIGSTOP)
        settle(5)
        for pid in everybody:  # the supervisor first
            os.kill(pid, signal.SIGCONT)
        settle(2.5)
    assert a.pids() == everybody and not a.logged("has not run for")
    lab.a.wait_has(VIP)


@holdfast_only
def test_frozen_runner_is_started_again(lab):
    mark = lab.path("mark")
    script = f"vrrp_script up {{\nscript {lab.script('up', f'echo >> {mark}')}\ninterval 0.2\n}}"
    a = lab.a.run(config(script + "\n", instance(extra="track_script {\nup\n}")))
    lab.a.wait_has(VIP)
    worker = a.worker()
    runner = next(pid for pid in a.pids() if b"runner" in open(f"/proc/{pid}/cmdline", "rb").read())
    os.kill(runner, signal.SIGSTOP)
    a.wait_log("runner worker has not run for")
    size = os.path.getsize(mark)
    wait_until(lambda: os.path.getsize(mark) > size, what="runs of the script")
    assert a.worker() == worker and lab.a.has(VIP)


@holdfast_only
def test_priority_that_was_given_back_is_noticed(lab):
    """The guard took it (SIGXCPU); the supervisor gives it back after a minute, here we do."""
    a = lab.a.run(config(instance()))
    lab.a.wait_has(VIP)
    worker = a.worker()
    os.kill(worker, signal.SIGXCPU)
    a.wait_log("without real-time priority")
    assert os.sched_getscheduler(worker) & 0xFF == os.SCHED_OTHER
    os.sched_setscheduler(worker, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(1))
    a.wait_log("real-time priority again")
    os.kill(worker, signal.SIGXCPU)  # and the guard still works
    wait_until(lambda: len(a.logged("without real-time priority")) == 2, what="second demotion")
    assert lab.a.has(VIP) and a.worker() == worker


@holdfast_only
def test_control_socket_survives_nonsense(lab):
    daemon = lab.a.run(config())
    daemon.wait_ready()
    path = os.path.join(daemon.run_dir, "control.sock")
    assert os.stat(path).st_mode & 0o777 == 0o600
    for request in (b"\n", b"{}\n", b"[1,2]\n", b'{"command":"dance"}\n', b"\xff\xfe\n", b"x" * 4095):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(2)
            sock.connect(path)
            sock.sendall(request)
            answer = b"".join(iter(lambda s=sock: s.recv(4096), b""))
        assert json.loads(answer.splitlines()[-1])["status"] != 0, request
    idle = []
    for _ in range(40):  # more than it takes: the rest is hung up on
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(path)
        idle.append(sock)
    settle(0.1)
    for sock in idle:
        sock.close()
    settle(0.1)
    assert daemon.ctl("reload").returncode == 0


@holdfast_only
def test_two_reloads_at_once_are_both_answered(lab):
    daemon = lab.a.run(config(*[instance(f"VI_{i}", vrid=i, vips=[f"192.0.2.{i}/24"]) for i in range(100, 150)]))
    daemon.wait_ready()
    path = os.path.join(daemon.run_dir, "control.sock")
    clients = [socket.socket(socket.AF_UNIX) for _ in range(3)]
    for sock in clients:
        sock.settimeout(3)
        sock.connect(path)
    for sock in clients:
        sock.sendall(b'{"command":"reload"}\n')
    for sock in clients:
        answer = b"".join(iter(lambda s=sock: s.recv(65536), b""))
        assert json.loads(answer.splitlines()[-1]) == {"status": 0}
        sock.close()
    wait_until(lambda: daemon.status()["generation"] >= 3, what="the reload that was remembered")


@holdfast_only
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals_before_everything_is_ready_do_no_harm(lab, number):
    daemon = lab.a.run(config())
    for _ in range(20):
        time.sleep(0.002)
        if daemon.running():
            daemon.signal(number)
    if number == signal.SIGTERM:
        # before the handlers are there the signal itself ends it
        assert daemon.wait_exit() in (0, -signal.SIGTERM)
    else:
        settle(0.5)
        assert daemon.running() or daemon.wait_exit() == -signal.SIGHUP


@holdfast_only
def test_reload_by_a_signal_waits_for_a_dead_vrrp_worker(lab):
    """Whoever sends a signal does not hear that there was nobody to take the file."""
    daemon = master_without_worker(lab)
    mark = daemon.log_mark()
    daemon.reload(config(instance(interval=1, priority=77)))
    daemon.wait_log("the vrrp worker is not running: nothing was changed, tried again when it is back", since=mark)
    daemon.wait_log("Reload complete, generation 2 is in force", since=mark)
    wait_until(lambda: (found := daemon.instance("VI_1")) and found["priority"]["base"] == 77, what="priority 77")
    assert daemon.status()["reload_failed_at"] is None
