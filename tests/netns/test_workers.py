# SPDX-License-Identifier: GPL-2.0-or-later
"""The processes behind virtual servers: which there are, what their death costs, what reloads do to them."""
import contextlib
import json
import os
import re
import signal
import subprocess
from datetime import datetime

import pytest

from common import VIP, config, holdfast_only, instance, settle
from netlab import HOLDFAST, wait_until
from netlab.backend import HTTP, Backend
from netlab.configs import real_server, virtual_server
from netlab.daemons import Holdfast

pytestmark = [holdfast_only]

SERVICE = f"tcp {VIP}:80"
TCP = "TCP_CHECK {\n    connect_timeout 1\n    retry 0\n}"


@pytest.fixture
def pair(lab):
    """The daemon runs on a; b has a server at HTTP and nothing at 81."""
    lab.server = Backend(lab.b).start()
    yield lab
    lab.server.kill()


def balanced(lab, ports=(HTTP,), check=TCP, extra=""):
    return virtual_server(f"{VIP} 80", [real_server(lab.b.address(), port, check=check) for port in ports],
                          extra=extra)


def processes(daemon):
    """{name: pid} of the status."""
    document = daemon.status()
    return {p["name"]: p["pid"] for p in document["processes"]} if document else {}


def servers(daemon):
    """[(state, weight)] of the first virtual server."""
    found = (daemon.status() or {}).get("virtual_servers")
    return [(server["state"], server["weight"]) for server in found[0]["real_servers"]] if found else None


def history(daemon):
    """Since when and why the first virtual server and its servers are as they are."""
    service = daemon.status()["virtual_servers"][0]
    return [(datetime.fromisoformat(x["since"]).timestamp(), x.get("reason"))
            for x in (service, *service["real_servers"])]


def same_history(one, other):
    return all(abs(x - y) < 0.1 and a == b for (x, a), (y, b) in zip(one, other, strict=True))


def settled(daemon, wanted):
    wait_until(lambda: servers(daemon) == wanted, what=f"servers {wanted}, now {servers(daemon)}")


def told(daemon, name, event):
    """What the list of events says of a process."""
    events = (daemon.status() or {"events": []})["events"]
    return [e["cause"] for e in events if (e["kind"], e["name"], e.get("event")) == ("process", name, event)]


def healthy(daemon):
    return daemon.ctl("status").returncode == 0


def kill(daemon, name):
    """SIGKILL to a worker; waits for its successor."""
    pid = processes(daemon)[name]
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: processes(daemon).get(name) not in (None, 0, pid), what=f"another {name}")
    wait_until(lambda: healthy(daemon), what=f"all well after the death of {name}")


def ruleset(node):
    return node.execute("nft", "list", "ruleset")


def test_workers_killed_in_turn(pair):
    a = pair.a.run(config(instance(), balanced(pair, (HTTP, 81))))
    pair.a.wait_has(VIP)
    settled(a, [("UP", 1), ("DOWN", 0)])
    vrrp, watch, before = a.worker(), pair.a.watch(), history(a)
    for name in ("lvs", "check0", "runner", "check0", "lvs"):
        settle(0.3)
        kill(a, name)
        assert servers(a) == [("UP", 1), ("DOWN", 0)]
    wait_until(lambda: same_history(history(a), before), what=f"since and reasons as before: {before}")
    assert a.worker() == vrrp and pair.a.has(VIP) and not watch.removed(VIP)
    assert not a.logged("Entering (BACKUP|FAULT) STATE(?! \\(init)")
    assert len(a.logged("Removing service")) == 1  # when it was found dead
    assert a.stop() == 0
    assert "holdfast" not in ruleset(pair.a)


def test_deaths_are_events(pair):
    """Of every worker, with what they cost; a reload does not forget them."""
    text = config(instance(), balanced(pair))
    a = pair.a.run(text)
    pair.a.wait_has(VIP)
    settled(a, [("UP", 1)])
    costs = {"vrrp": "its addresses stay", "lvs": "the kernel goes on with the virtual servers as they are",
             "check0": "its servers count as what they were", "runner": "scripts, notifications and alerts wait"}
    for name in costs:
        kill(a, name)
        wait_until(lambda name=name: told(a, name, "ready"), what=f"{name} among the events")
    a.configure(text + "# again\n")
    assert a.ctl("reload").returncode == 0
    for name, cost in costs.items():
        assert told(a, name, "died") == [f"{name} worker died from signal 9, started again: {cost}"]
        assert re.fullmatch(rf"{name} worker is ready again after \d+ ms", told(a, name, "ready")[0])
    assert f"vrrp worker died from signal 9, started again: {costs['vrrp']}\n" in a.ctl("status", "--events").stdout
    times = [e["at"] for e in wait_until(a.status, what="the status")["events"]]
    assert times == sorted(times)


def test_a_server_that_dies_while_the_checks_are_dead(pair):
    a = pair.a.run(config(instance(), balanced(pair)))
    settled(a, [("UP", 1)])
    for _ in range(3):  # the third start waits
        pid = wait_until(lambda: processes(a)["check0"], what="check0")
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not os.path.exists(f"/proc/{pid}"), what="its death")
    settle(0.1)
    status = a.ctl("status")
    assert status.returncode == 1 and "check0 worker does not run" in status.stdout
    assert servers(a) == [("UP", 1)]  # what is not known to be dead is served
    wait_until(lambda: healthy(a), what="all well again")
    assert servers(a) == [("UP", 1)]


@pytest.mark.parametrize("name,limit", [("check0", 12), ("lvs", 16)])
def test_frozen_worker_is_started_again(pair, name, limit):
    a = pair.a.run(config(instance(), balanced(pair)))
    pair.a.wait_has(VIP)
    settled(a, [("UP", 1)])
    pid, watch = processes(a)[name], pair.a.watch()
    os.kill(pid, signal.SIGSTOP)
    a.wait_log(f"{name} worker has not run for", timeout=limit)
    wait_until(lambda: healthy(a), what="all well again")
    assert processes(a)[name] != pid and servers(a) == [("UP", 1)]
    assert not watch.removed(VIP)
    wait_until(lambda: told(a, name, "ready"), what="the new start among the events")
    assert re.match(rf"{name} worker was killed as it had not run for \d+ ms, started again: ", told(a, name, "died")[0])


def test_reloads_bring_and_take_the_first_virtual_server(pair):
    a = pair.a.run(config(instance()))
    pair.a.wait_has(VIP)
    assert set(processes(a)) == {"vrrp", "runner"}
    vrrp, watch = a.worker(), pair.a.watch()
    for _ in range(3):
        a.configure(config(instance(), balanced(pair)))
        assert a.ctl("reload").returncode == 0
        assert set(processes(a)) == {"vrrp", "runner", "lvs", "check0"}
        settled(a, [("UP", 1)])
        assert "holdfast" in ruleset(pair.a) and healthy(a)
        gone = [processes(a)[name] for name in ("lvs", "check0")]
        a.configure(config(instance()))
        assert a.ctl("reload").returncode == 0
        assert set(processes(a)) == {"vrrp", "runner"} and healthy(a)
        assert not any(os.path.exists(f"/proc/{pid}") for pid in gone)
        assert "holdfast" not in ruleset(pair.a)
        assert sorted(name for name in os.listdir(a.run_dir) if ".board" in name) == ["runner.board", "vrrp.board"]
    assert a.worker() == vrrp and not watch.removed(VIP) and not a.logged("worker (died|exited)")


def test_balancing_alone_needs_no_election(pair):
    a = pair.a.run(config(balanced(pair)))
    a.wait_ready()
    settled(a, [("UP", 1)])
    assert set(processes(a)) == {"runner", "lvs", "check0"}
    lvs = processes(a)["lvs"]
    a.configure(config(instance(), balanced(pair)))
    assert a.ctl("reload").returncode == 0
    pair.a.wait_has(VIP)
    a.configure(config(balanced(pair)))
    assert a.ctl("reload").returncode == 0
    pair.a.wait_has_not(VIP)
    assert set(processes(a)) == {"runner", "lvs", "check0"} and processes(a)["lvs"] == lvs
    assert servers(a) == [("UP", 1)] and healthy(a)
    assert a.stop() == 0


def test_number_of_check_processes(pair):
    def text(n):
        reals = [real_server(pair.b.address(), port, check=TCP) for port in (HTTP, *range(1000, 1040))]
        return config(virtual_server(f"{VIP} 80", reals), extra=f"check_processes {n}\n")
    a = pair.a.run(text(3))
    wanted = [("UP", 1)] + 40 * [("DOWN", 0)]
    settled(a, wanted)
    assert set(processes(a)) == {"runner", "lvs", "check0", "check1", "check2"}
    checks = a.status()["checks"]
    assert {c["process"] for c in checks} == {"check0", "check1", "check2"} and len(checks) == 41
    for n in (1, 4):
        a.configure(text(n))
        done = a.ctl("reload")
        assert done.returncode == 0 and f" -> {n} (applied live)" in done.stdout
        assert set(processes(a)) == {"runner", "lvs", *(f"check{i}" for i in range(n))}
        assert servers(a) == wanted  # the verdicts stay
        wait_until(lambda: all(c["runs"] for c in a.status()["checks"]), what="all checks running")
        assert len(a.status()["checks"]) == 41 and servers(a) == wanted and healthy(a)


def test_a_dead_check_process_that_a_reload_takes_away_is_not_started_again(pair):
    """Not even when the reload takes longer than its pause: it has no board any more."""
    def text(n):
        reals = [real_server(pair.b.address(), port, check=TCP) for port in (HTTP, *range(1000, 1003))]
        return config(virtual_server(f"{VIP} 80", reals), extra=f"check_processes {n}\n")
    a = pair.a.run(text(2))
    wait_until(lambda: processes(a).get("check1"), 10, "check1")
    for _ in range(2):  # the second start waits
        pid = wait_until(lambda: processes(a).get("check1"), 5, "check1")
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda gone=pid: not os.path.exists(f"/proc/{gone}"), 2, "its death")
    a.wait_log("check1 worker died from signal 9, next start in 1 s")
    lvs = processes(a)["lvs"]
    os.kill(lvs, signal.SIGSTOP)
    a.reload(text(1))
    settle(1.5)
    os.kill(lvs, signal.SIGCONT)
    a.wait_log("Reload complete, generation 2 is in force", timeout=10)
    assert a.running() and set(processes(a)) == {"runner", "lvs", "check0"} and processes(a)["lvs"] == lvs


def test_what_is_known_of_a_probe_moves_with_it(pair):
    """Its failures in a row, how often it has run, and when it is due, when it goes to another process."""
    patient = "TCP_CHECK {\n    connect_timeout 1\n    retry 1000\n    delay_before_retry 0.3\n}"

    def text(n):
        reals = [real_server(pair.b.address(), port, check=patient) for port in (HTTP, *range(1000, 1039))]
        return config(virtual_server(f"{VIP} 80", reals), extra=f"check_processes {n}\n")

    def probes():
        return {c["server"]: c for c in (a.status() or {"checks": []})["checks"]}
    a = pair.a.run(text(3))
    alive = f"[{pair.b.address()}]:tcp:{HTTP}"
    wait_until(lambda: len(probes()) == 40 and all(c["runs"] > 3 for c in probes().values()), what="runs of all")
    pair.server.kill()
    wait_until(lambda: probes()[alive]["failures"] > 5, what="failures of one that was up")
    for n in (1, 4):
        a.configure(text(n))
        before = probes()
        assert a.ctl("reload").returncode == 0
        after = probes()
        assert set(after) == set(before) and {c["process"] for c in after.values()} == {f"check{i}" for i in range(n)}
        for name, was in before.items():
            now = after[name]
            assert [now[k] >= was[k] for k in ("failures", "runs", "failed_runs")] == [True] * 3, (was, now)
            assert now["next_run_ms"] is None or now["next_run_ms"] <= 1000
        assert servers(a) == [("UP", 1)] + 39 * [("DOWN", 0)]


def test_many_reloads(pair):
    a = pair.a.run(config(instance(), balanced(pair)))
    pair.a.wait_has(VIP)
    settled(a, [("UP", 1)])
    before, watch = processes(a), pair.a.watch()

    def open_files(pid):
        return len(os.listdir(f"/proc/{pid}/fd"))
    files = {pid: open_files(pid) for pid in a.pids()}
    for number in range(20):
        a.configure(config(instance(), balanced(pair, (HTTP, 81) if number % 2 else (HTTP,))))
        assert a.ctl("reload").returncode == 0
    assert processes(a) == before and not watch.removed(VIP)
    assert {pid: open_files(pid) for pid in files} == files
    assert servers(a)[0] == ("UP", 1) and a.status()["generation"] == 21


def test_workers_killed_during_reloads(pair):
    a = pair.a.run(config(instance(), balanced(pair)))
    pair.a.wait_has(VIP)
    settled(a, [("UP", 1)])
    watch = pair.a.watch()
    for number, name in enumerate(("lvs", "check0", "runner")):
        a.configure(config(instance(), balanced(pair, (HTTP, 81) if number % 2 == 0 else (HTTP,))))
        pid = processes(a)[name]
        a.reload()
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda n=number: healthy(a) and a.status()["generation"] == n + 2, what="the reload")
        assert servers(a)[0] == ("UP", 1)
    assert not watch.removed(VIP)


@pytest.mark.parametrize("bad", ["missing", "directory", "fifo"])
def test_tls_files_that_can_not_be_read(pair, bad):
    path = pair.path(bad)
    if bad == "directory":
        os.mkdir(path)
    elif bad == "fifo":
        os.mkfifo(path)
    text = f"SSL {{\n    ca {path}\n}}\n" + balanced(pair, check="SSL_GET {\nurl {\npath /\nstatus_code 200\n}\n}")
    a = pair.a.run(config(text))
    assert a.wait_exit() != 0 and path in a.log()
    b = pair.a.run(config(balanced(pair)))
    b.wait_ready()
    settled(b, [("UP", 1)])
    b.configure(config(text))
    done = b.ctl("reload")
    assert done.returncode != 0 and path in done.stdout + done.stderr
    assert b.status()["generation"] == 1 and servers(b) == [("UP", 1)]


def test_pings_come_from_a_process_without_rights(pair):
    ping = "PING_CHECK {\n    connect_timeout 1\n    retry 0\n}"
    a = pair.a.run(config(virtual_server(f"{VIP} 80", [real_server(pair.b.address(), HTTP, check=ping),
                                                       real_server("192.0.2.77", HTTP, check=ping)])))
    settled(a, [("UP", 1), ("DOWN", 0)])
    with open(f"/proc/{processes(a)['check0']}/status", encoding="ascii") as handle:
        status = dict(line.split(":\t", 1) for line in handle.read().splitlines() if ":\t" in line)
    assert status["CapEff"] == status["CapPrm"] == status["CapAmb"] == 16 * "0" and status["NoNewPrivs"] == "1"
    assert status["Uid"].split() == 4 * ["65534"]
    kill(a, "check0")  # and the next one gets sockets of its own
    wait_until(lambda: all(c["runs"] > 1 for c in a.status()["checks"]), what="further pings")
    assert servers(a) == [("UP", 1), ("DOWN", 0)]


def test_stop_while_a_dead_lvs_waits_for_its_start_leaves_nothing(pair):
    a = pair.a.run(config(balanced(pair)))
    settled(a, [("UP", 1)])
    kill(a, "lvs")
    os.kill(processes(a)["lvs"], signal.SIGKILL)
    a.wait_log("lvs worker died from signal 9, next start in")
    assert "holdfast" in ruleset(pair.a)
    assert a.stop() == 0
    assert "holdfast" not in ruleset(pair.a)


def test_events_of_both_halves_in_one_row(pair):
    a = pair.a.run(config(instance(), balanced(pair, (HTTP, 81))))
    pair.a.wait_has(VIP)
    settled(a, [("UP", 1), ("DOWN", 0)])
    events = a.status()["events"]
    assert [e["at"] for e in events] == sorted(e["at"] for e in events)
    kinds = {(e["kind"], e.get("event") or e["to"]) for e in events}
    assert {("instance", "MASTER"), ("virtual_server", "quorum-up"), ("real_server", "server-down")} <= kinds
    assert re.search(rf"\n  {VIP}:80 tcp +UP ", a.ctl("status").stdout)


def test_a_lost_quorum_is_degraded(pair):
    a = pair.a.run(config(balanced(pair, (81,))))
    settled(a, [("DOWN", 0)])
    status = a.ctl("status")
    assert status.returncode == 1 and re.search(rf"\n  {VIP}:80 tcp +DOWN ", status.stdout)


def test_state_dump_has_the_virtual_servers(pair):
    a = pair.a.run(config(balanced(pair, (HTTP, 81))))
    settled(a, [("UP", 1), ("DOWN", 0)])
    a.signal(signal.SIGUSR1)
    a.wait_log(r"wrote .*keepalived_check\.data")
    path = a.path("keepalived_check.data")
    with open(path, encoding="utf-8") as handle:
        text = handle.read()
    assert f"VIP = {VIP}, VPORT = 80" in text and "Alive = yes" in text and "Alive = no" in text
    assert os.stat(path).st_mode & 0o777 == 0o600
    assert not os.path.exists(a.path("keepalived.data"))  # there are no elections


@pytest.mark.parametrize("flag,wanted", [("-C", {"runner", "lvs", "check0"}), ("-P", {"vrrp", "runner"})])
def test_halves_left_out_under_the_name_of_keepalived(pair, flag, wanted):
    a = pair.a.run(config(instance(), balanced(pair)), "holdfast-as-keepalived", options=[flag])
    pid_file = a.path("checkers.pid" if flag == "-C" else "vrrp.pid")
    wait_until(lambda: os.path.exists(pid_file), what="pid file")

    def names():
        found = subprocess.run([HOLDFAST, "status", "--json", "--run-dir", a.path("run")], capture_output=True,
                               text=True, check=False).stdout
        return {p["name"]: p["pid"] for p in json.loads(found or "{}").get("processes", [])}
    wait_until(lambda: set(names()) == wanted, what=f"the processes {wanted}")
    with open(pid_file, encoding="ascii") as handle:
        assert int(handle.read()) == names()["lvs" if flag == "-C" else "vrrp"]
    if flag == "-P":
        pair.a.wait_has(VIP)
    assert a.stop() == 0 and not os.path.exists(pid_file)
    assert not pair.a.has(VIP) and "holdfast" not in ruleset(pair.a)


def test_halves_of_one_file_run_side_by_side(pair):
    a = pair.a.run(config(instance(), balanced(pair)), "holdfast-as-keepalived", options=["-P"])
    pair.a.wait_has(VIP)
    b = pair.a.run("", "holdfast-as-keepalived", options=["-C", "-f", a.config_file])
    b.wait_log("Startup complete")
    assert a.running() and b.running()


@pytest.fixture
def small_run(pair):
    """A daemon, not started yet, whose run directory has room for little."""
    daemon = Holdfast(pair.a, config(instance(), balanced(pair)))
    pair.a.daemons.append(daemon)
    os.mkdir(daemon.run_dir)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "hf-test", daemon.run_dir], check=True)
    yield daemon
    daemon.kill()
    subprocess.run(["umount", daemon.run_dir], check=True)


def fill(path):
    """Leaves room to begin a file, not to end one."""
    with open(path, "wb", buffering=0) as handle:
        with contextlib.suppress(OSError):
            while True:
                handle.write(bytes(4096))
        handle.truncate(handle.tell() - 32768)


def test_full_run_directory_kills_nobody(pair, small_run):
    a = small_run.start()
    settled(a, [("UP", 1)])
    before = processes(a)
    fill(os.path.join(a.run_dir, "filler"))
    mark = a.log_mark()
    many = balanced(pair, range(81, 281))
    a.reload(config(instance(), many))
    a.wait_log("No space left on device", since=mark)
    assert VIP in ruleset(pair.a) and servers(a) == [("UP", 1)]
    pair.b.ip("link set eth0 down")
    wait_until(lambda: servers(a)[0][0] == "DOWN", what="boards are written on")
    assert processes(a) == before
    os.unlink(os.path.join(a.run_dir, "filler"))
    a.reload(config(instance(), many))
    wait_until(lambda: len(servers(a) or []) == 200, what="the new servers")
    assert processes(a) == before


def test_stop_during_a_reload(pair):
    """Who asked for it hears that it failed; nothing of it is left."""
    a = pair.a.run(config(instance(), balanced(pair)))
    settled(a, [("UP", 1)])
    os.kill(processes(a)["vrrp"], signal.SIGSTOP)
    a.configure(config(instance(), balanced(pair, (HTTP, 81))))
    mark = a.log_mark()
    with subprocess.Popen([HOLDFAST, "reload", "--run-dir", a.run_dir], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as client:
        a.wait_log("Reloading", since=mark)
        assert a.stop() == 0
        assert client.wait(5) == 1
    assert not [name for name in os.listdir(a.run_dir) if "next" in name]
