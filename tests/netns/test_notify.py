# SPDX-License-Identifier: GPL-2.0-or-later
"""Notify scripts and FIFOs: who is told what, in which order, as whom."""
import os
import signal
import stat
import subprocess

import pytest

from common import VIP, better, config, holdfast_only, instance, settle, stall
from netlab import wait_until


def lines(lab, name="lines"):
    try:
        with open(lab.path(name), encoding="utf-8") as handle:
            return handle.read().splitlines()
    except FileNotFoundError:
        return []


def recorder(lab, name="record", tag="", before=""):
    """A script that appends its arguments, each in brackets, to the file `lines`."""
    return lab.script(name, before + f'\nout="{tag}"; for word; do out="$out[$word]"; done\n'
                                     f'echo "$out" >> {lab.path("lines")}')


def wait_lines(lab, count):
    return wait_until(lambda: len(lines(lab)) >= count and lines(lab), what=f"{count} notifications")


class Fifo:
    """Reads a FIFO from before the daemon opens it."""

    def __init__(self, path):
        os.mkfifo(path)
        self._fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    def wait(self, count):
        """The next so many lines, and what else is there then."""
        got = []
        return wait_until(lambda: got.extend(self.lines()) or (len(got) >= count and got), what=f"{count} lines of the FIFO")

    def lines(self):
        text = b""
        while True:
            try:
                data = os.read(self._fd, 65536)
            except BlockingIOError:
                break
            if not data:
                break
            text += data
        return text.decode().splitlines()


def test_notify_arguments(lab):
    script = recorder(lab)
    lab.a.run(config(instance(extra=f'notify_master "{script} master extra"\n'
                                    f'notify "{script} \'arg with space\'"')))
    lab.wire.wait_advert("a")
    got = wait_lines(lab, 3)
    assert "[master][extra]" in got
    assert "[arg with space][INSTANCE][VI_1][BACKUP][100]" in got
    assert "[arg with space][INSTANCE][VI_1][MASTER][100]" in got
    assert len(got) == 3


def test_every_state_has_its_script(lab):
    names = ("master", "backup", "fault", "stop")
    extra = "".join(f"notify_{name} {recorder(lab, name, name)}\n" for name in names)
    daemon = lab.a.run(config(instance(extra=extra)))
    lab.wire.wait_advert("a")
    wait_lines(lab, 2)  # of two states that wait for a script only the newer one is told
    lab.a.carrier(False)
    wait_lines(lab, 3)
    lab.a.carrier(True)
    lab.wire.wait_advert("a", since=lab.now())
    wait_lines(lab, 5)
    assert daemon.stop() == 0
    settle(0.3)
    assert lines(lab) == ["backup", "master", "fault", "backup", "master", "stop"]


@better("scripts of one transition run concurrently")
def test_scripts_of_an_instance_run_one_after_the_other(lab):
    slow = recorder(lab, "slow", "master", before="sleep 0.4")
    generic = recorder(lab, "generic", "generic")
    lab.a.run(config(instance(extra=f"notify_master {slow}\nnotify {generic}")))
    lab.wire.wait_advert("a")
    assert wait_lines(lab, 3) == ["generic[INSTANCE][VI_1][BACKUP][100]", "master",
                                  "generic[INSTANCE][VI_1][MASTER][100]"]


@better("scripts of two transitions run concurrently, so the later one may win")
def test_slow_script_of_an_old_state_does_not_end_after_the_new_ones(lab):
    backup = recorder(lab, "backup", "backup", before="sleep 1")
    master = recorder(lab, "master", "master")
    lab.a.run(config(instance(extra=f"notify_backup {backup}\nnotify_master {master}")))
    lab.wire.wait_advert("a")
    wait_until(lambda: "master" in lines(lab), what="the script of MASTER")
    settle(1.2)
    assert lines(lab)[-1] == "master"


def test_slow_script_of_one_instance_does_not_hold_up_another(lab):
    slow = lab.script("slow", "sleep 20")
    lab.a.run(config(instance(extra=f"notify {slow}"),
                     instance("VI_2", 52, vips=["192.0.2.102/24"], extra=f"notify {recorder(lab)}")))
    lab.a.wait_has(VIP)
    assert "[INSTANCE][VI_2][MASTER][100]" in wait_lines(lab, 2)


def test_rx_lower_pri(lab):
    lab.a.run(config(instance(extra=f"notify_master_rx_lower_pri {recorder(lab)}")))
    lab.wire.wait_advert("a")
    lab.b.send_advert(vrid=51, priority=50, interval=0.1)
    assert len(wait_lines(lab, 1)) == 1


def test_fifo_lines(lab):
    fifo = Fifo(lab.path("fifo"))
    daemon = lab.a.run(config(extra=f"notify_fifo {lab.path('fifo')}"))
    lab.wire.wait_advert("a", count=2)
    lab.b.send_advert(vrid=51, priority=50, interval=0.1)
    got = fifo.wait(3)
    assert daemon.stop() == 0
    assert got + fifo.lines() == ['INSTANCE "VI_1" BACKUP 100', 'INSTANCE "VI_1" MASTER 100',
                                  'INSTANCE "VI_1" MASTER_RX_LOWER_PRI 100', 'INSTANCE "VI_1" STOP 100']


def test_fifo_priority_changes(lab):
    fifo = Fifo(lab.path("fifo"))
    value = lab.write("value", "10\n")
    lab.a.run(config(f"track_file tf {{\nfile {value}\nweight 1\n}}\n",
                     instance(extra="track_file {\ntf\n}\nnotify_priority_changes"),
                     extra=f"vrrp_notify_fifo {lab.path('fifo')}"))
    lab.wire.wait_advert("a", priority=110)
    lab.write("value", "20\n")
    lab.wire.wait_advert("a", priority=120)
    seen = []
    wait_until(lambda: seen.extend(fifo.lines()) or 'INSTANCE "VI_1" MASTER_PRIORITY 120' in seen, what="the line in the FIFO")


@better("2.2.7 leaves it")
def test_fifo_is_made_and_removed_by_the_daemon(lab):
    path = lab.path("made")
    daemon = lab.a.run(config(extra=f"notify_fifo {path}"))
    wait_until(lambda: os.path.exists(path), what="the FIFO")
    assert stat.S_ISFIFO(os.stat(path).st_mode)
    assert daemon.stop() == 0
    assert not os.path.exists(path)


def test_fifo_that_nobody_reads_blocks_nothing(lab):
    lab.a.run(config(instance(interval=0.01), extra=f"notify_fifo {lab.path('fifo')}"))
    lab.wire.wait_advert("a", count=20)
    for _ in range(300):
        lab.b.send_advert(vrid=51, priority=50, interval=0.01)
    start = lab.now()
    lab.wire.wait_advert("a", since=start, count=20)


def test_fifo_script_gets_the_fifo(lab):
    reader = lab.script("reader", f'while read line; do echo "$line" >> {lab.path("lines")}; done < "$1"')
    lab.a.run(config(extra=f"notify_fifo {lab.path('fifo')}\nnotify_fifo_script {reader}"))
    lab.wire.wait_advert("a")
    assert 'INSTANCE "VI_1" MASTER 100' in wait_lines(lab, 2)


def test_script_user(lab):
    os.chmod(lab.directory, 0o755)
    lab.write("lines", "", 0o666)
    who = lab.script("who", f"id -un >> {lab.path('lines')}")
    lab.a.run(config(instance(extra=f'notify_master "{who}" nobody')))
    lab.wire.wait_advert("a")
    assert wait_lines(lab, 1) == ["nobody"]


def test_global_script_user(lab):
    os.chmod(lab.directory, 0o755)
    lab.write("lines", "", 0o666)
    who = lab.script("who", f"id -un >> {lab.path('lines')}; id -gn >> {lab.path('lines')}")
    text = config(instance(extra=f"notify_master {who}")).replace("script_user root", "script_user nobody nogroup")
    lab.a.run(text)
    lab.wire.wait_advert("a")
    assert wait_lines(lab, 2) == ["nobody", "nogroup"]


@better("2.2.7 leaves LD_LIBRARY_PATH in")
def test_environment_of_a_script(lab):
    look = lab.script("look", f"""
stdout=$(readlink /proc/$$/fd/1)
{{ ls /proc/self/fd | wc -l; readlink /proc/$$/fd/0; echo $stdout
  test "$(ps -o pgid= -p $$ | tr -d ' ')" = $$ && echo own-group
  env | grep -c -e LD_PRELOAD -e LD_LIBRARY_PATH -e VRRP
}} > {lab.path("lines.new")}; mv {lab.path("lines.new")} {lab.path("lines")}""")
    lab.a.run(config(instance(extra=f"notify_master {look}")), env={"LD_LIBRARY_PATH": "/nowhere"})
    lab.wire.wait_advert("a")
    got = wait_lines(lab, 5)
    assert int(got[0]) <= 5 and got[1:3] == ["/dev/null", "/dev/null"]
    assert got[3] == "own-group" and got[4] == "0"


def test_stop_script_runs_before_the_end(lab):
    daemon = lab.a.run(config(instance(extra=f"notify_stop {recorder(lab, before='sleep 0.2', tag='stop')}")))
    lab.wire.wait_advert("a")
    assert daemon.stop() == 0
    wait_lines(lab, 1)


def test_hanging_stop_script_does_not_hold_up_the_end(lab):
    daemon = lab.a.run(config(instance(extra=f"notify_stop {lab.script('hang', 'sleep 30')}")))
    lab.wire.wait_advert("a")
    start, mark = lab.now(), daemon.log_mark()
    assert daemon.stop() == 0
    # the rest is the end of the processes, for which the kernel may need a while
    assert daemon.told("stop scripts take too long", mark, lab.now()) - daemon.told("Stopping", mark, start) < 2 + stall()


def test_deleted_is_told_only_to_those_who_ask(lab):
    fifo = Fifo(lab.path("fifo"))
    extra = f"notify_fifo {lab.path('fifo')}"
    both = (instance(extra=f"notify_deleted {recorder(lab, 'deleted', 'deleted')}\nnotify {recorder(lab)}"),
            instance("VI_2", 52, vips=["192.0.2.102/24"]))
    daemon = lab.a.run(config(*both, instance("VI_3", 53, vips=["192.0.2.103/24"]), extra=extra))
    for vrid in (51, 52, 53):
        lab.wire.wait_advert("a", vrid=vrid)
    wait_lines(lab, 2)
    fifo.wait(6)  # BACKUP and MASTER of each
    daemon.reload(config(instance("VI_3", 53, vips=["192.0.2.103/24"]), extra=extra))
    lab.a.wait_has_not(VIP)
    lab.a.wait_has_not("192.0.2.102")
    assert wait_lines(lab, 4)[2:] == ["deleted", "[INSTANCE][VI_1][DELETED][100]"]
    got = fifo.wait(2)
    settle(0.2)
    assert sorted(got + fifo.lines()) == ['INSTANCE "VI_1" DELETED 100', 'INSTANCE "VI_2" FAULT 100']


@better("FAULT, or DELETED with notify_deleted, comes first, or last: its scripts run at the same time")
def test_reload_that_restarts_a_master_is_no_fault(lab):
    extra = f"notify {recorder(lab)}\nnotify_fault {recorder(lab, 'fault', 'fault')}"
    daemon = lab.a.run(config(instance(extra=extra)))
    lab.wire.wait_advert("a", count=2)
    daemon.reload(config(instance(vrid=77, extra=extra)))
    lab.wire.wait_advert("a", vrid=77)
    assert wait_lines(lab, 4) == [f"[INSTANCE][VI_1][{role}][100]" for role in ("BACKUP", "MASTER") * 2]
    settle(0.2)
    assert len(lines(lab)) == 4
    daemon.wait_log(r"\(VI_1\) Entering BACKUP STATE: configuration changed")


@holdfast_only
def test_environment_tells_what_happened(lab):
    script = lab.script("env", f'env | grep ^HOLDFAST_ | sort | tr "\\n" "|" >> {lab.path("lines")}; '
                               f'echo >> {lab.path("lines")}')
    lab.a.run(config(instance(extra=f"notify {script}")))
    lab.wire.wait_advert("a")
    first, second = wait_lines(lab, 2)
    assert "HOLDFAST_INSTANCE=VI_1|" in first and "HOLDFAST_STATE=BACKUP|" in first
    assert "HOLDFAST_PREVIOUS=BACKUP|" in second and "HOLDFAST_STATE=MASTER|" in second
    assert "HOLDFAST_CAUSE=no advert heard for" in second


def test_unsafe_notify_script_is_not_run(lab):
    os.mkdir(lab.path("open"))
    os.chmod(lab.path("open"), 0o777)
    script = lab.script("open/notify", f"echo ran >> {lab.path('lines')}")
    lab.a.run(config(instance(extra=f"notify_master {script}")))
    lab.wire.wait_advert("a", count=5)
    assert lines(lab) == []


def test_scripts_die_with_the_daemon(lab):
    mark = lab.path("unique-sleep")
    os.symlink("/usr/bin/sleep", mark)
    daemon = lab.a.run(config(instance(extra=f"notify_backup {lab.script('hang', f'exec {mark} 60')}")))
    lab.wire.wait_advert("a")

    def running():
        return subprocess.run(["pgrep", "-f", mark], capture_output=True, check=False).stdout.split()
    wait_until(running, what="the hanging script")
    assert daemon.stop() == 0
    wait_until(lambda: not running(), what="end of the hanging script")


@holdfast_only
@pytest.mark.parametrize("kind", ["notify", "stop", "fifo", "track", "child"])
def test_script_that_ignores_term_does_not_survive_the_daemon(lab, kind):
    mark = lab.path("unique-sleep")
    os.symlink("/usr/bin/sleep", mark)
    stubborn = lab.script("stubborn", f"trap '' TERM; {mark} 60; {mark} 61")
    # the leader of the group ends, its child does not
    child = lab.script("child", f"({stubborn}) & sleep 60")
    extra = {"notify": f"notify_master {stubborn}", "stop": f"notify_stop {stubborn}",
             "child": f"notify_master {child}", "fifo": "", "track": "track_script {\nstubborn\n}"}[kind]
    words = f"notify_fifo {lab.path('fifo')}\nnotify_fifo_script {stubborn}" if kind == "fifo" else ""
    script = f"vrrp_script stubborn {{\nscript {stubborn}\ninterval 1\ntimeout 30\ninit_fail\n}}\n"
    daemon = lab.a.run(config(script, instance(extra=extra), extra=words))
    if kind != "track":
        lab.wire.wait_advert("a")

    def running():
        return subprocess.run(["pgrep", "-f", mark], capture_output=True, check=False).stdout.split()
    if kind != "stop":
        wait_until(running, what="the script")
        settle(0.1)
    start, since = lab.now(), daemon.log_mark()
    assert daemon.stop() == 0
    killed = daemon.told("scripts did not end when told to: killed", since, lab.now())
    assert killed - daemon.told("Stopping", since, start) < 2.5 + stall()
    wait_until(lambda: not running(), what="the end of what was killed")


@holdfast_only
def test_runner_that_was_held_up_ends_its_scripts_all_the_same(lab):
    """As on a machine that stands still for a while: it is not killed before it could do so."""
    mark = lab.path("unique-sleep")
    os.symlink("/usr/bin/sleep", mark)
    stubborn = lab.script("stubborn", f"trap '' TERM; {mark} 60; {mark} 61")
    daemon = lab.a.run(config(instance(extra=f"notify_master {stubborn}")))

    def running():
        return subprocess.run(["pgrep", "-f", mark], capture_output=True, check=False).stdout.split()
    wait_until(running, what="the script")
    runner = next(process["pid"] for process in daemon.status()["processes"] if process["name"] == "runner")
    os.kill(runner, signal.SIGSTOP)
    since = daemon.log_mark()
    daemon.signal(signal.SIGTERM)
    daemon.wait_log("Leaving, STOP", since=since)
    settle(1.7)
    os.kill(runner, signal.SIGCONT)
    assert daemon.wait_exit() == 0
    wait_until(lambda: not running(), what="the end of what was killed")
