# SPDX-License-Identifier: GPL-2.0-or-later
"""Sync groups: several instances that are MASTER together or not at all. Two links, one instance on
each, as in a pair of routers."""
import os

import pytest

from common import better, config, holdfast_only, instance, master_down, near, settle, skew, stall
from netlab import Advert, wait_until

FIRST, SECOND = "192.0.2.100", "198.51.100.100"


def pair(priority=100, interval=0.1, group="", first="", second=""):
    """Two instances in group G1."""
    return config(
        f"vrrp_sync_group G1 {{\ngroup {{\nVI_1\nVI_2\n}}\n{group}\n}}\n",
        instance("VI_1", 51, priority, "eth0", interval=interval, extra=first),
        instance("VI_2", 52, priority, "eth1", interval=interval, vips=[f"{SECOND}/24"], extra=second))


@pytest.fixture
def links(make_lab):
    return make_lab("ab", links=2)


def held_by(daemon, name):
    found = (daemon.instance(name) or {}).get("held_by")
    return found and (found["member"], found["reason"])


def is_a_problem(daemon, text):
    return text in (daemon.status() or {"problems": []})["problems"]


def master(lab, node, since=0.0):
    lab.wire.wait_advert(node.name, link=0, since=since)
    lab.wire.wait_advert(node.name, link=1, since=since)
    node.wait_has(FIRST)
    node.wait_has(SECOND)


def test_members_become_master_together(links):
    daemon = links.a.run(config(
        "vrrp_sync_group G1 {\ngroup {\nVI_1\nVI_2\n}\n}\n",
        instance("VI_1", 51, 250, "eth0"),
        instance("VI_2", 52, 50, "eth1", vips=[f"{SECOND}/24"], interval=0.2)))
    slower = links.wire.wait_advert("a", link=1).time
    faster = links.wire.wait_advert("a", link=0).time
    # the first waits for the second, whose timer is longer
    assert abs(faster - slower) < 0.05 and near(slower - daemon.began, master_down(50, 0.2), late=0.4)
    daemon.wait_log(r"VRRP_Group\(G1\) Syncing instances to MASTER state")


def test_fault_of_one_is_fault_of_all(links):
    daemon = links.a.run(pair())
    master(links, links.a)
    watch = links.a.watch()
    cut = links.now()
    links.a.carrier(False, link=1)
    done = links.now()
    assert wait_until(lambda: watch.removed(FIRST))[0].time - done < 0.15 + stall()
    settle(0.2)
    zeros = links.wire.adverts("a", since=cut, link=0, priority=0)
    assert len(zeros) == 1
    daemon.wait_log(r"VRRP_Group\(G1\) Syncing instances to FAULT state")


def test_peer_takes_all_when_one_link_of_the_master_fails(links):
    links.a.run(pair(150))
    master(links, links.a)
    links.b.run(pair(100)).listening()
    settle(0.6)
    cut = links.now()
    links.a.carrier(False, link=1)
    master(links, links.b)
    assert not links.a.has(FIRST) and not links.a.has(SECOND)
    takeover = links.wire.adverts("b", since=cut, link=0)[0].time
    # priority 0 shortens the first timer; the group waits for the second one
    assert near(takeover - cut, master_down(100), 0.1, 0.2)


@better("the group waits without priority 0, so that nobody takes over")
def test_reload_that_restarts_a_member_does_not_split_the_group(links):
    """Another VRID is another virtual router, which has to be elected: until then the peer has both."""
    told = links.path("told")
    notify = links.script("notify", f'echo "$1 $2 $3" >> {told}')
    extra = f"notify {notify}"
    daemon = links.a.run(pair(150, group=extra, first=extra, second=extra))
    master(links, links.a)
    links.b.run(pair(100)).listening()
    settle(0.6)
    watch, start = links.a.watch(), links.now()
    daemon.reload(pair(150, group=extra, first=extra, second=extra).replace("virtual_router_id 52", "virtual_router_id 77"))
    left = [links.wire.wait_advert("a", since=start, link=link, priority=0).time for link in (0, 1)]
    assert abs(left[0] - left[1]) < 0.05 + stall()
    gone = [wait_until(lambda vip=vip: watch.removed(vip))[0].time for vip in (FIRST, SECOND)]
    assert abs(gone[0] - gone[1]) < 0.05 + stall()
    taken = [links.wire.wait_advert("b", since=start, link=link).time for link in (0, 1)]
    assert all(after - before < skew(100) + 0.1 + stall() for before, after in zip(left, taken))
    links.wire.wait_advert("a", since=start, link=1, vrid=77, priority=150)
    master(links, links.a, since=links.wire.adverts("a", since=start, link=1, vrid=77, priority=150)[0].time)
    back = [wait_until(lambda vip=vip: watch.added(vip))[0].time for vip in (FIRST, SECOND)]
    assert abs(back[0] - back[1]) < 0.05 + stall()
    both = ["INSTANCE VI_1", "INSTANCE VI_2", "GROUP G1"]
    want = sorted(f"{who} {role}" for who in both for role in ("BACKUP", "MASTER") for _ in range(2))
    assert sorted(wait_until(lambda: (lambda got: len(got) >= len(want) and got)(open(told).read().splitlines()),
                             what="all notifications")) == want
    daemon.wait_log(r"VRRP_Group\(G1\) Syncing instances to BACKUP state: configuration changed")
    daemon.wait_log(r"\(VI_1\) Entering BACKUP STATE: sync group G1 follows VI_2: configuration changed")


@holdfast_only
def test_who_follows_keeps_its_cause_when_a_reload_restarts_the_other(links):
    daemon = links.a.run(pair())
    master(links, links.a)
    for vrid in (52, 77):
        links.b.router(vrid=vrid, priority=200, link=1)
    because = "  because    sync group G1 follows VI_2: Master received advert from 198.51.100.2 with higher priority 200, ours 100\n"
    wait_until(lambda: because in daemon.ctl("status").stdout, what="VI_1 follows")
    daemon.reload(pair().replace("virtual_router_id 52", "virtual_router_id 77"))
    wait_until(lambda: daemon.instance("VI_2")["cause"] == "started, listening for a master", what="VI_2 anew")
    assert because in daemon.ctl("status").stdout


def test_new_member_of_a_group_of_masters_interrupts_nobody(links):
    told = links.path("told")
    extra = "notify " + links.script("notify", f'echo "$1 $2 $3" >> {told}')
    one = config(f"vrrp_sync_group G1 {{\ngroup {{\nVI_1\n}}\n{extra}\n}}\n",
                 instance("VI_1", 51, 100, "eth0", extra=extra))
    daemon = links.a.run(one)
    links.wire.wait_advert("a", link=0, count=2)
    links.a.wait_has(FIRST)
    watch = links.a.watch()
    daemon.reload(pair(group=extra, first=extra))
    master(links, links.a, since=links.now())
    assert not watch.removed(FIRST)
    assert not links.wire.adverts("a", link=0, priority=0)
    settle(0.3)
    assert open(told).read().splitlines().count("GROUP G1 BACKUP") == 1


def test_higher_advert_for_one_takes_all_to_backup(links):
    daemon = links.a.run(pair())
    master(links, links.a)
    start = links.now()
    links.b.router(vrid=51, priority=200)
    links.a.wait_has_not(FIRST)
    links.a.wait_has_not(SECOND)
    settle(0.2)
    assert 0 not in [a.priority for a in links.wire.adverts("a", since=start)]
    daemon.wait_log(r"VRRP_Group\(G1\) Syncing instances to BACKUP state")


def test_group_stays_backup_while_one_member_hears_a_better_router(links):
    links.b.router(vrid=51, priority=200)
    links.a.run(pair()).listening()
    settle(1.2)
    assert not links.wire.adverts("a")


def test_all_return_after_the_last_fault(links):
    daemon = links.a.run(pair())
    master(links, links.a)
    links.a.carrier(False, link=1)
    links.a.wait_has_not(FIRST)
    links.a.wait_has_not(SECOND)
    back, mark = links.now(), daemon.log_mark()
    links.a.carrier(True, link=1)
    master(links, links.a, since=back)
    first = links.wire.adverts("a", since=back)[0].time
    assert near(first - daemon.told("Netlink reports eth1 up", mark, back), master_down(100), 0.03, 0.25)


def test_graceful_stop_hands_both_over(links):
    first = links.a.run(pair(150))
    master(links, links.a)
    links.b.run(pair(100)).listening()
    settle(0.6)
    assert first.stop() == 0
    master(links, links.b)
    zeros = links.wire.select(Advert, node="a", priority=0)
    assert {z.link for z in zeros} == {0, 1} and len(zeros) == 2
    takeover = links.wire.adverts("b")[0].time
    assert near(takeover - zeros[-1].time, skew(100), 0.02, 0.1)


def test_preemption_of_a_group(links):
    links.b.run(pair(100))
    master(links, links.b)
    links.a.run(pair(150))
    master(links, links.a)
    links.b.wait_has_not(FIRST)
    links.b.wait_has_not(SECOND)


def test_group_notifications_follow_the_members_and_carry_priority_0(links):
    notify = links.script("notify", 'echo "$1 $2 $3 $4" >> ' + links.path("lines"))
    daemon = links.a.run(pair(group=f"notify {notify}", first=f"notify {notify}", second=f"notify {notify}"))
    master(links, links.a)
    told = {"GROUP G1 MASTER 0", "GROUP G1 BACKUP 0", "INSTANCE VI_1 MASTER 100", "INSTANCE VI_2 MASTER 100"}

    def lines():
        return set(open(links.path("lines")).read().splitlines()) if os.path.exists(links.path("lines")) else set()
    wait_until(lambda: told <= lines(), what="the notifications")
    daemon.stop()
    wait_until(lambda: "GROUP G1 STOP 0" in lines(), what="the notification of the stop")


def test_group_script_faults_the_group(links):
    links.write("good", "")
    script = links.script("chk.sh", f"test -e {links.path('good')}")
    text = f"vrrp_script chk {{\nscript {script}\ninterval 1\nfall 1\n}}\n"
    links.a.run(text + pair(group="track_script {\nchk\n}"))
    master(links, links.a)
    os.unlink(links.path("good"))
    links.a.wait_has_not(FIRST)
    links.a.wait_has_not(SECOND)


def test_two_pairs_with_groups_never_split_the_role(links):
    """Whatever happens, no moment leaves one address on a and the other on b for long."""
    links.a.run(pair(150))
    links.b.run(pair(100))
    master(links, links.a)
    for _ in range(2):
        links.a.carrier(False, link=0)
        master(links, links.b, since=links.now())
        assert not links.a.has(SECOND)
        links.a.carrier(True, link=0)
        master(links, links.a, since=links.now())
        settle(0.3)
        assert not links.b.has(FIRST) and not links.b.has(SECOND)


def test_weighted_trackers_of_a_member_are_neutralised(links):
    bad = links.script("bad", "exit 1")
    text = f"vrrp_script chk {{\nscript {bad}\ninterval 1\nfall 1\nweight -20\n}}\n"
    links.a.run(text + pair(first="track_script {\nchk\n}"))
    master(links, links.a)
    settle(1.2)
    assert {a.priority for a in links.wire.adverts("a", link=0)} == {100}


@pytest.mark.holdfast_only
def test_status_and_log_say_which_member_holds_the_group_in_fault(links):
    daemon = links.a.run(pair())
    master(links, links.a)
    links.a.carrier(False, link=1)
    daemon.wait_log(r"\(VI_1\) Entering FAULT STATE: sync group G1 follows VI_2: interface eth1 down")
    wait_until(lambda: held_by(daemon, "VI_1") == ("VI_2", "interface eth1 down"), what="the member in FAULT")
    assert held_by(daemon, "VI_2") is None
    wait_until(lambda: is_a_problem(daemon, "VI_1 is in FAULT: sync group G1 follows VI_2: interface eth1 down"),
               what="the problem")
    links.a.carrier(False, link=0)
    daemon.wait_log(r"\(VI_1\) Still in FAULT: interface eth0 down")
    links.a.carrier(True, link=1)
    daemon.wait_log(r"\(VI_2\) Still in FAULT: sync group G1 follows VI_1")
    wait_until(lambda: held_by(daemon, "VI_2") == ("VI_1", "interface eth0 down"), what="the other member")


@pytest.mark.holdfast_only
def test_status_and_log_say_what_keeps_a_member_from_master(links):
    """An advert that is late on a busy machine makes it MASTER for a moment, and it begins again."""
    links.b.router(vrid=52, priority=200, link=1, interval=0.3, addresses=[SECOND])
    daemon = links.a.run(pair(interval=0.3))
    reason = f"hears {links.b.address(1)} with priority 200, its own is 100"
    daemon.wait_log(rf"\(VI_1\) wants MASTER, sync group G1 waits for VI_2, which {reason}")
    wait_until(lambda: held_by(daemon, "VI_1") == ("VI_2", reason), what="the member that is waited for")
    problem = f"VI_1 has no master and must not become it: its sync group waits for VI_2, which {reason}"
    wait_until(lambda: is_a_problem(daemon, problem), what="the problem")
    line = f"  held       wants MASTER, its sync group waits for VI_2, which {reason}\n"
    wait_until(lambda: line in daemon.ctl("status").stdout, what="the line")
