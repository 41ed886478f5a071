# SPDX-License-Identifier: GPL-2.0-or-later
"""Scripts and files that move the priority or fault an instance."""
import os
import time

import pytest

from common import VIP, VRID, better, config, holdfast_only, instance, near, settle, stall
from netlab import wait_until


def script(lab, extra="", body=None, name="chk", interval=1):
    """A vrrp_script that succeeds while the file `good` exists; made, so it starts good."""
    lab.write("good", "")
    path = lab.script(f"{name}.sh", body or f"test -e {lab.path('good')}")
    return f"vrrp_script {name} {{\nscript {path}\ninterval {interval}\n{extra}\n}}\n"


TRACK = "track_script {\nchk\n}"


def test_failed_script_without_weight_is_fault_and_back(lab):
    daemon = lab.a.run(config(script(lab, "fall 1\nrise 1"), instance(extra=TRACK)))
    lab.wire.wait_advert("a", count=2)
    os.unlink(lab.path("good"))
    daemon.wait_log(r"VRRP_Script\(chk\) failed \(exited with status 1\)")
    lab.wire.wait_advert("a", priority=0)
    lab.a.wait_has_not(VIP)
    lab.write("good", "")
    mark = daemon.log_mark()
    lab.a.wait_has(VIP)
    assert daemon.logged(r"VRRP_Script\(chk\) succeeded") and daemon.logged("Entering BACKUP STATE", mark)


def test_fall_counts_failures_in_a_row(lab):
    log = lab.path("runs")
    text = script(lab, "fall 3", f"echo run >> {log}; test -e {lab.path('good')}")
    lab.a.run(config(text, instance(extra=TRACK)))
    lab.wire.wait_advert("a", count=2)
    before = len(open(log).read().split())
    os.unlink(lab.path("good"))
    lab.a.wait_has_not(VIP)
    assert 3 <= len(open(log).read().split()) - before <= 4


@pytest.mark.parametrize("weight,good,bad", [(-20, 100, 80), (30, 130, 100)])
def test_weighted_script_changes_the_priority(lab, weight, good, bad):
    daemon = lab.a.run(config(script(lab, f"weight {weight}\nfall 1\nrise 1"), instance(extra=TRACK)))
    lab.wire.wait_advert("a", priority=good)
    os.unlink(lab.path("good"))
    lab.wire.wait_advert("a", priority=bad)
    daemon.wait_log(rf"Changing effective priority from {good} to {bad}")
    lab.write("good", "")
    lab.wire.wait_advert("a", priority=good, since=lab.now())


def test_reverse_weight_turns_the_meaning(lab):
    text = script(lab, "weight 20 reverse\nfall 1\nrise 1")
    lab.a.run(config(text, instance(extra=TRACK)))
    lab.wire.wait_advert("a", priority=80)
    os.unlink(lab.path("good"))
    lab.wire.wait_advert("a", priority=100)


def test_weight_of_the_instance_wins_over_the_scripts(lab):
    lab.a.run(config(script(lab, "weight 5"), instance(extra="track_script {\nchk weight 40\n}")))
    lab.wire.wait_advert("a", priority=140)


def test_effective_priority_stays_within_1_to_254(lab):
    lab.a.run(config(script(lab, "weight 200"), instance(priority=200, extra=TRACK)))
    lab.wire.wait_advert("a", priority=254)


def test_owners_priority_does_not_change(lab):
    lab.a.run(config(script(lab, "weight -20\nfall 1"), instance(priority=255, state="MASTER", extra=TRACK)))
    lab.wire.wait_advert("a")
    os.unlink(lab.path("good"))
    settle(1.5)
    assert {a.priority for a in lab.wire.adverts("a")} == {255}


def test_priority_fall_gives_the_role_to_the_peer(lab):
    lab.a.run(config(script(lab, "weight -20\nfall 1"), instance(priority=110, extra=TRACK)))
    lab.b.run(config(instance(priority=100)))
    lab.a.wait_has(VIP)
    os.unlink(lab.path("good"))
    lab.b.wait_has(VIP)
    lab.a.wait_has_not(VIP)


@holdfast_only
def test_status_tells_of_a_script_that_cannot_be_run(lab):
    path = lab.script("chk.sh", "exit 1", mode=0o644)
    a = lab.a.run(config(f"vrrp_script chk {{\nscript {path}\n}}\n", instance(extra=TRACK)))
    lab.wire.wait_advert("a")
    wait_until(lambda: a.status()["scripts"][0]["state"] == "unusable", what="the script in status")
    done = a.ctl("status")
    assert done.returncode == 1 and "NOT RUN, nobody follows it" in done.stdout


def test_slow_script_times_out_as_a_failure(lab):
    text = script(lab, "timeout 1\nfall 1", f"test -e {lab.path('good')} || sleep 30")
    daemon = lab.a.run(config(text, instance(extra=TRACK)))
    lab.wire.wait_advert("a", count=2)
    os.unlink(lab.path("good"))
    daemon.wait_log(r"VRRP_Script\(chk\) timed_out")
    lab.a.wait_has_not(VIP)


def test_script_killed_by_a_signal_is_a_failure(lab):
    text = script(lab, "fall 1", f"test -e {lab.path('good')} || kill -9 $$")
    daemon = lab.a.run(config(text, instance(extra=TRACK)))
    lab.wire.wait_advert("a", count=2)
    os.unlink(lab.path("good"))
    lab.a.wait_has_not(VIP)
    daemon.wait_log(r"VRRP_Script\(chk\) failed \(due to signal 9\)")


@better("2.2.7 starts one while another runs")
def test_running_script_is_not_started_again(lab):
    log = lab.path("runs")
    text = script(lab, "timeout 10", f"echo start >> {log}; test $(wc -l < {log}) -eq 1 || sleep 1.5; echo end >> {log}")
    daemon = lab.a.run(config(text, instance(extra=TRACK)))
    daemon.wait_log("Track script chk is already running, expect idle - skipping run")
    settle(1.2)
    runs = open(log).read().split()
    assert len(runs) >= 4 and runs == (["start", "end"] * len(runs))[:len(runs)]


def test_hanging_script_does_not_disturb_the_adverts(lab):
    text = script(lab, "timeout 2", "sleep 30")
    lab.a.run(config(text, instance("VI_1"), instance("VI_2", 52, vips=["192.0.2.102/24"], extra=TRACK)))
    lab.wire.wait_advert("a", count=20, vrid=VRID)
    times = [a.time for a in lab.wire.adverts("a", vrid=VRID)]
    assert max(b - a for a, b in zip(times, times[1:])) < 0.15 + stall()


def track_file(lab, value, weight=None):
    path = lab.write("value", f"{value}\n")
    block = f"track_file tf {{\nfile {path}\n" + (f"weight {weight}\n" if weight is not None else "") + "}\n"
    return block


TRACK_FILE = "track_file {\ntf\n}"


@pytest.mark.parametrize("weight,value,priority", [(1, 10, 110), (1, -40, 60), (2, 10, 120), (-1, 10, 90)])
def test_track_file_adds_value_times_weight(lab, weight, value, priority):
    lab.a.run(config(track_file(lab, value, weight), instance(extra=TRACK_FILE)))
    lab.wire.wait_advert("a", priority=priority)


def test_track_file_is_followed(lab):
    lab.a.run(config(track_file(lab, 10, 1), instance(extra=TRACK_FILE)))
    lab.wire.wait_advert("a", priority=110)
    lab.write("value", "25\n")
    lab.wire.wait_advert("a", priority=125)
    lab.write("value.new", "-5\n")
    os.rename(lab.path("value.new"), lab.path("value"))
    lab.wire.wait_advert("a", priority=95)
    os.unlink(lab.path("value"))
    lab.wire.wait_advert("a", priority=100, since=lab.now())


def test_track_file_minus_254_is_fault(lab):
    lab.a.run(config(track_file(lab, 0, 1), instance(extra=TRACK_FILE)))
    lab.wire.wait_advert("a", count=2)
    lab.write("value", "-254\n")
    lab.a.wait_has_not(VIP)
    lab.write("value", "5\n")
    lab.wire.wait_advert("a", priority=105)


def test_track_file_without_weight_is_fault_unless_zero(lab):
    lab.a.run(config(track_file(lab, 0, 0), instance(extra=TRACK_FILE)))
    lab.wire.wait_advert("a", count=2)
    lab.write("value", "1\n")
    lab.a.wait_has_not(VIP)
    lab.write("value", "0\n")
    lab.a.wait_has(VIP)


def test_several_trackers_add_up(lab):
    lab.a.run(config(script(lab, "weight 20"), track_file(lab, 7, 1),
                     instance(extra=TRACK + "\n" + TRACK_FILE)))
    lab.wire.wait_advert("a", priority=127)


def test_unsafe_script_is_not_run(lab):
    os.chmod(lab.directory, 0o777)  # writable by all, not sticky
    log = lab.path("runs")
    text = script(lab, "weight -20", f"echo run >> {log}")
    lab.a.run(config(text, instance(extra=TRACK)))
    lab.wire.wait_advert("a", count=12)
    assert not os.path.exists(log)


def test_script_behind_a_symbolic_link_is_run(lab):
    os.mkdir(lab.path("usr-bin"))
    lab.script("usr-bin/ok", "exit 0")
    os.symlink(lab.path("usr-bin"), lab.path("bin"))
    text = f"vrrp_script chk {{\nscript {lab.path('bin')}/ok\ninterval 1\nweight 10\n}}\n"
    lab.a.run(config(text, instance(extra=TRACK)))
    lab.wire.wait_advert("a", priority=110)


@better("2.4.3 passes the operators on as arguments")
def test_shell_operators_in_a_script_line_work(lab):
    """The guide's own maintenance script: [[ -f /etc/keepalived/down ]] && exit 1 || exit 0."""
    down = lab.path("down")
    text = (f'vrrp_script chk {{\nscript "[[ -f {down} ]] && exit 1 || exit 0"\n'
            "interval 1\nweight -20\nfall 1\nrise 1\n}\n")
    lab.a.run(config(text, instance(extra=TRACK)))
    lab.wire.wait_advert("a", count=12)
    assert {a.priority for a in lab.wire.adverts("a")} == {100}
    lab.write("down", "")
    lab.wire.wait_advert("a", priority=80)


@holdfast_only
def test_status_shows_the_parts_of_the_priority(lab):
    daemon = lab.a.run(config(script(lab, "weight -20\nfall 1"), instance(extra=TRACK)))
    lab.a.wait_has(VIP)
    os.unlink(lab.path("good"))
    lab.wire.wait_advert("a", priority=80)

    def shown():
        priority = daemon.instance("VI_1")["priority"]
        return (priority["base"], priority["effective"],
                [(p["kind"], p["name"], p["value"]) for p in priority["parts"]]) == \
            (100, 80, [("script", "chk", -20)])
    wait_until(shown, what="the parts of the priority in status")


def test_script_is_run_at_its_interval(lab):
    """By the kernel's word of when its process began: when it does something depends on the others here."""
    log = lab.write("runs", "")
    daemon = lab.a.run(config(script(lab, "", f"cut -d ' ' -f 22 /proc/$$/stat >> {log}"), instance(extra=TRACK)))
    ticks = wait_until(lambda: (words := open(log).read().split())[3:] and words, what="four runs")
    boot = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    times = [boot + int(word) / os.sysconf("SC_CLK_TCK") for word in ticks]
    assert times[0] - daemon.began < 0.5
    assert all(near(b - a, 1.0, 0.1, 0.2) for a, b in zip(times, times[1:]))


def test_rise_counts_successes_in_a_row(lab):
    log = lab.path("runs")
    text = script(lab, "rise 3\nfall 1\nweight 10", f"echo run >> {log}; test -e {lab.path('good')}")
    lab.a.run(config(text, instance(extra=TRACK)))
    lab.wire.wait_advert("a", priority=110)
    os.unlink(lab.path("good"))
    lab.wire.wait_advert("a", priority=100)
    before = len(open(log).read().split())
    lab.write("good", "")
    lab.wire.wait_advert("a", priority=110, since=lab.now())
    assert 3 <= len(open(log).read().split()) - before <= 4


def test_one_success_between_failures_starts_the_count_anew(lab):
    """fall 2: bad good bad good ... never falls."""
    flip = lab.path("flip")
    body = f"if test -e {flip}; then rm {flip}; exit 1; else touch {flip}; exit 0; fi"
    lab.a.run(config(script(lab, "fall 2\nrise 1\nweight -20", body), instance(extra=TRACK)))
    lab.wire.wait_advert("a")
    settle(4)
    assert {a.priority for a in lab.wire.adverts("a")} == {100}


def test_one_script_may_be_tracked_by_many(lab):
    text = script(lab, "weight -20\nfall 1")
    lab.a.run(config(text, instance(extra=TRACK),
                     instance("VI_2", 52, vips=["192.0.2.102/24"], priority=90, extra=TRACK)))
    lab.wire.wait_advert("a", vrid=52)
    os.unlink(lab.path("good"))
    lab.wire.wait_advert("a", vrid=51, priority=80)
    lab.wire.wait_advert("a", vrid=52, priority=70)


def test_deleted_track_file_counts_as_zero(lab):
    value = lab.write("value", "1\n")
    lab.a.run(config(f"track_file tf {{\nfile {value}\nweight 0\n}}\n", instance(extra="track_file {\ntf\n}")))
    settle(0.6)
    assert not lab.wire.adverts("a")
    os.unlink(value)
    lab.wire.wait_advert("a")
