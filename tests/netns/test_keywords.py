# SPDX-License-Identifier: GPL-2.0-or-later
"""Keywords that no other file is about: each has the effect its row promises."""
import glob
import os
import signal
import subprocess
import time

import pytest

from common import VIP, better, config, holdfast_only, instance, near, settle, stall, skew, v2
from netlab import daemon_kind, wait_until
from test_notify import Fifo, lines, recorder, wait_lines


def sysctl(node, name):
    return node.execute("cat", "/proc/sys/" + name.replace(".", "/")).strip()


# -- static addresses ---------------------------------------------------------------------------


def test_static_address_is_there_from_start_to_stop(lab):
    daemon = lab.a.run(config() + "static_ipaddress {\n10.9.0.1/24 dev eth0\n10.9.0.2 label eth0:s\n"
                                  "2001:db8:9::1/64 dev eth0\n}\n")
    for address in ("10.9.0.1", "10.9.0.2", "2001:db8:9::1"):
        lab.a.wait_has(address)
    assert [a.label for a in lab.a.addresses() if a.address == "10.9.0.2"] == ["eth0:s"]
    assert daemon.stop() == 0
    assert not lab.a.addresses()


def test_static_address_is_restored(lab):
    lab.a.run(config() + "static_ipaddress {\n10.9.0.1/24 dev eth0\n}\n")
    lab.a.wait_has("10.9.0.1")
    settle(0.2)
    lab.a.ip("addr del 10.9.0.1/24 dev eth0")
    lab.a.wait_has("10.9.0.1")


@holdfast_only
def test_static_addresses_follow_a_reload(lab):
    daemon = lab.a.run(config() + "static_ipaddress {\n10.9.0.1/24 dev eth0\n10.9.0.2/24 dev eth0\n}\n")
    lab.a.wait_has("10.9.0.2")
    watch = lab.a.watch()
    daemon.configure(config() + "static_ipaddress {\n10.9.0.1/24 dev eth0\n10.9.0.3/24 dev eth0\n}\n")
    assert daemon.ctl("reload").returncode == 0
    lab.a.wait_has("10.9.0.3")
    lab.a.wait_has_not("10.9.0.2")
    assert not watch.removed("10.9.0.1")


def test_default_interface_is_that_of_static_addresses_without_dev(make_lab):
    lab = make_lab("a", links=2)
    lab.a.run(config(extra="default_interface eth1") + "static_ipaddress {\n10.9.0.1/24\n}\n")
    lab.a.wait_has("10.9.0.1")
    assert [a.interface for a in lab.a.addresses() if a.address == "10.9.0.1"] == ["eth1"]


# -- address options ------------------------------------------------------------------------------


@pytest.mark.parametrize("option,shown", [
    ("noprefixroute", "noprefixroute"), ("home", "home"), ("mngtmpaddr", "mngtmpaddr"),
    ("preferred_lft 0", "deprecated"), ("-nodad", "")])
def test_options_of_an_ipv6_address(lab, option, shown):
    lab.a.run(config(instance(vips=["fe80::100/64"],
                              extra=f"virtual_ipaddress_excluded {{\n2001:db8::150/64 {option}\n}}")))
    lab.a.wait_has("2001:db8::150")
    line = next(line for line in lab.a.ip("-6 addr show dev eth0").splitlines() if "2001:db8::150" in line)
    assert shown in line and ("nodad" in line) == (option != "-nodad")


def test_options_of_an_ipv4_address(lab):
    lab.a.run(config(instance(vips=["192.0.2.100/24 brd +", "10.9.0.1 peer 10.9.0.2", "10.9.1.1/24 brd 10.9.1.99",
                                    "10.9.2.1/24 noprefixroute"])))
    lab.a.wait_has("10.9.2.1")
    shown = lab.a.ip("-4 addr show dev eth0")
    assert "192.0.2.100/24 brd 192.0.2.255" in shown and "10.9.0.1 peer 10.9.0.2/32" in shown
    assert "10.9.1.1/24 brd 10.9.1.99" in shown and "noprefixroute" in shown
    assert "10.9.2.0/24" not in lab.a.ip("route")


def test_autojoin_joins_the_group(lab):
    lab.a.run(config(instance(extra="virtual_ipaddress_excluded {\n239.1.1.1/32 autojoin\n}")))
    lab.a.wait_has("239.1.1.1")
    assert "239.1.1.1" in lab.a.ip("maddr show dev eth0")


def test_no_track_leaves_a_removed_address_alone(lab):
    lab.a.run(config(instance(vips=["192.0.2.100/24", "10.9.0.1/32 no_track"])))
    lab.a.wait_has("10.9.0.1")
    settle(0.2)
    start = lab.now()
    lab.a.ip("addr del 10.9.0.1/32 dev eth0")
    settle(0.5)
    assert not lab.a.has("10.9.0.1") and lab.a.has(VIP) and not lab.wire.adverts("a", since=start, priority=0)


# -- announcements --------------------------------------------------------------------------------


@holdfast_only
@pytest.mark.parametrize("where", ["global", "instance"])
def test_garp_extra_if_all(make_lab, where):
    lab = make_lab("ab", links=2)
    line = {"global": "vrrp_garp_extra_if all 1", "instance": ""}[where]
    own = {"global": "", "instance": "garp_extra_if all 1"}[where]
    lab.a.run(config(instance(vips=["192.0.2.100/24", "192.0.2.101/24", "198.51.100.100/24 dev eth1"],
                              extra=f"garp_master_delay 0\ngarp_master_repeat 1\n{own}"), extra=line))
    lab.a.wait_has("198.51.100.100")
    settle(2.5)
    extra = lab.wire.garps("a", since=lab.wire.adverts("a")[0].time + 0.5)
    assert sorted((a.link, a.target) for a in extra) == [(0, VIP), (0, VIP)] + [(1, "198.51.100.100")] * 2
    assert near(extra[-1].time - extra[0].time, 1)


def test_min_garp(lab):
    lab.a.run(config(extra="vrrp_min_garp"))
    lab.wire.wait_advert("a")
    settle(5.5)
    assert len(lab.wire.garps("a")) == 1


@better("2.2.7 sends one round only")
@pytest.mark.parametrize("kind,unit", [("garp_interval", "garp"), ("gna_interval", "na")])
def test_garp_group_paces_its_interfaces(make_lab, kind, unit):
    lab = make_lab("a", links=2)
    first, second = ((["192.0.2.100/24"], ["198.51.100.100/24"]) if unit == "garp"
                     else (["fe80::100/64"], ["fe80::101/64"]))
    lab.a.run(config(instance("VI_1", 51, vips=first, extra="garp_master_delay 0\ngarp_master_repeat 3"),
                     instance("VI_2", 52, interface="eth1", vips=second,
                              extra="garp_master_delay 0\ngarp_master_repeat 3"))
              + f"garp_group {{\n{kind} 0.2\ninterfaces {{\neth0\neth1\n}}\n}}\n")
    lab.wire.wait_advert("a", vrid=52)
    settle(1.5)
    said = lab.wire.garps("a") if unit == "garp" else lab.wire.nas("a")
    said = sorted((f for f in said if unit == "garp" or f.target.startswith("fe80::10")), key=lambda f: f.time)
    assert len(said) == 6 and {f.link for f in said} == {0, 1}
    assert all(near(b.time - a.time, 0.2, 0.03, 0.1) for a, b in zip(said, said[1:]))


@better("2.2.7 starts a period earlier")
def test_global_garp_defaults_apply(lab):
    lab.a.run(config(extra="vrrp_garp_master_repeat 2\nvrrp_garp_master_delay 1\nvrrp_garp_master_refresh 1\n"
                           "vrrp_garp_master_refresh_repeat 3"))
    start = lab.wire.wait_advert("a").time
    settle(2.6)
    times = [f.time - start for f in lab.wire.garps("a")]
    # the refresh comes delay + refresh after the start: at 2 s
    blocks = [sum(near(t, at, 0.05, 0.2) for t in times) for at in (0, 1, 2)]
    assert blocks == [2, 2, 3]


def test_global_lower_prio_defaults_apply(lab):
    lab.a.run(config(extra="vrrp_garp_lower_prio_repeat 2\nvrrp_garp_lower_prio_delay 1\n"
                           "vrrp_garp_master_delay 0\nvrrp_lower_prio_no_advert"))
    lab.wire.wait_advert("a")
    settle(0.3)
    start = lab.b.advert_on_wire(vrid=51, priority=50, interval=0.1)
    settle(1.4)
    times = [f.time - start for f in lab.wire.garps("a", since=start)]
    # at once and after the delay; what comes at 1 s may also be the announcements after an overlap
    assert sum(t < 0.1 for t in times) == 2 and sum(near(t, 1) for t in times) >= 2


# -- defaults of instances ------------------------------------------------------------------------


def test_vrrp_version_is_the_default_of_instances(lab):
    text = config(instance().replace("    version 3\n", ""), extra="vrrp_version 3")
    lab.a.run(text)
    assert lab.wire.wait_advert("a").version == 3


def test_multicast_groups_of_global_defs(lab):
    lab.a.run(config(instance(), instance("VI_2", 52, vips=["fe80::100/64"]),
                     extra="vrrp_mcast_group4 224.0.0.99\nvrrp_mcast_group6 ff02::99"))
    assert lab.wire.wait_advert("a", vrid=51).destination == "224.0.0.99"
    assert lab.wire.wait_advert("a", vrid=52).destination == "ff02::99"


def test_vrrp_down_timer_adverts_is_the_default(lab):
    daemon = lab.a.run(config(extra="vrrp_down_timer_adverts 8"))
    assert near(lab.wire.wait_advert("a").time - daemon.began, 0.8 + skew(100), 0.02, 0.4)


def test_vrrp_strict_is_the_default(lab):
    daemon = lab.a.run(config(v2(extra="authentication {\nauth_type PASS\nauth_pass x\n}"), extra="vrrp_strict"))
    assert lab.wire.wait_advert("a").auth_type == 0
    assert daemon.running()


def test_vrrp_higher_prio_send_advert_is_the_default(lab):
    lab.a.run(config(extra="vrrp_higher_prio_send_advert"))
    lab.wire.wait_advert("a", count=2)
    said = lab.b.advert_on_wire(vrid=51, priority=200, interval=0.1)
    assert lab.wire.wait_advert("a", since=said).time - said < 0.04 + stall()


@better("2.2.7 does not have it")
def test_vrrp_owner_ignore_adverts_is_the_default(lab):
    lab.a.run(config(instance(priority=255, state="MASTER"), extra="vrrp_owner_ignore_adverts"))
    lab.wire.wait_advert("a")
    start = lab.now()
    lab.b.router(vrid=51, priority=255, source="192.0.2.99")
    settle(0.6)
    assert lab.a.has(VIP) and len(lab.wire.adverts("a", since=start)) in range(4, 9)


def test_vrrp_notify_priority_changes_is_the_default(lab):
    fifo = Fifo(lab.path("fifo"))
    value = lab.write("value", "10\n")
    lab.a.run(config(f"track_file tf {{\nfile {value}\nweight 1\n}}\n", instance(extra="track_file {\ntf\n}"),
                     extra=f"vrrp_notify_fifo {lab.path('fifo')}\nvrrp_notify_priority_changes"))
    lab.wire.wait_advert("a", priority=110)
    seen = []
    wait_until(lambda: seen.extend(fifo.lines()) or any(line.endswith("_PRIORITY 110") for line in seen),
               what="the line in the FIFO")


def test_vrrp_check_unicast_src_is_the_default(make_lab):
    lab = make_lab("abc")
    text = instance(extra="unicast_src_ip 192.0.2.1\nunicast_peer {\n192.0.2.2\n}")
    lab.a.run(config(text, extra="vrrp_check_unicast_src"))
    lab.wire.wait_advert("a")
    lab.c.router(vrid=51, priority=200, destination="192.0.2.1", destination_mac=lab.a.mac())
    settle(0.5)
    assert lab.a.has(VIP)


def test_skip_check_adv_addr_counts_a_master_once(lab):
    daemon = lab.a.run(config(extra="vrrp_skip_check_adv_addr"))
    daemon.wait_ready()
    lab.b.router(vrid=51, priority=200, addresses=("192.0.2.77",))
    settle(1)
    assert len(daemon.logged("not present in advert|not in advert|VIP.*192.0.2.100")) <= 1


def test_log_unknown_vrids(lab):
    daemon = lab.a.run(config(extra="log_unknown_vrids"))
    lab.wire.wait_advert("a")
    lab.b.send_advert(vrid=77, priority=100, interval=0.1)
    daemon.wait_log(r"Unknown VRID\(77\) received on interface\(eth0\)")


@holdfast_only
def test_delay_after_boot_counts_from_the_boot(lab):
    up = time.clock_gettime(time.CLOCK_MONOTONIC)
    if up > 4290:
        pytest.skip("this machine has been up for longer than the keyword can say")
    daemon = lab.a.run(config(extra=f"vrrp_delay_after_boot {int(up) + 3}"))
    first = lab.wire.wait_advert("a").time
    assert 2 < first - daemon.started and first - daemon.began < 4 + stall()
    assert daemon.stop() == 0
    again = lab.a.run(config(extra="vrrp_delay_after_boot 1"))
    assert lab.wire.wait_advert("a", since=again.started).time - again.began < 1 + stall()


# -- interfaces -----------------------------------------------------------------------------------


@better("keepalived cuts it to what a peer waits")
def test_up_delay_holds_the_return_back(lab):
    lab.a.run(config() + "interface_up_down_delays {\neth0 0 1\n}\n")
    lab.a.wait_has(VIP)
    lab.a.carrier(False)
    lab.a.wait_has_not(VIP)
    settle(0.2)
    start = lab.now()
    lab.a.carrier(True)
    assert lab.wire.wait_advert("a", since=start + 0.2).time - start > 1.3


@holdfast_only
def test_promote_secondaries_is_set_and_taken_back(lab):
    lab.a.sysctl("net.ipv4.conf.eth0.promote_secondaries", 0)
    daemon = lab.a.run(config(instance(extra="promote_secondaries")))
    lab.a.wait_has(VIP)
    assert sysctl(lab.a, "net.ipv4.conf.eth0.promote_secondaries") == "1"
    daemon.configure(config())
    assert daemon.ctl("reload").returncode == 0
    assert sysctl(lab.a, "net.ipv4.conf.eth0.promote_secondaries") == "0"
    daemon.configure(config(instance(extra="promote_secondaries")))
    assert daemon.ctl("reload").returncode == 0
    assert sysctl(lab.a, "net.ipv4.conf.eth0.promote_secondaries") == "1"
    assert daemon.stop() == 0
    assert sysctl(lab.a, "net.ipv4.conf.eth0.promote_secondaries") == "0"


@holdfast_only
def test_disable_local_igmp_is_for_the_life_of_the_daemon(lab):
    name = "net.ipv4.igmp_link_local_mcast_reports"
    before = sysctl(lab.a, name)
    daemon = lab.a.run(config(extra="disable_local_igmp"))
    lab.a.wait_has(VIP)
    assert before == "1" and sysctl(lab.a, name) == "0"
    assert daemon.stop() == 0
    assert sysctl(lab.a, name) == "1"


@holdfast_only
def test_track_src_ip_waits_for_the_configured_source(lab):
    daemon = lab.a.run(config(instance(extra="mcast_src_ip 192.0.2.55\ntrack_src_ip")))
    daemon.wait_log("(?i)entering FAULT STATE")
    lab.a.ip("addr add 192.0.2.55/24 dev eth0")
    assert lab.wire.wait_advert("a").source == "192.0.2.55"
    lab.a.ip("addr del 192.0.2.55/24 dev eth0")
    lab.a.wait_has_not(VIP)


@holdfast_only
def test_unicast_fault_no_peer(lab):
    daemon = lab.a.run(config(instance(extra="unicast_src_ip 192.0.2.1\nunicast_fault_no_peer")))
    daemon.wait_log("(?i)entering FAULT STATE")
    settle(0.6)
    assert not lab.wire.adverts("a")


@better("2.2.7 does not have it")
def test_no_virtual_ipaddress(lab):
    lab.a.run(config(instance(vips=[], extra="no_virtual_ipaddress")))
    assert lab.wire.wait_advert("a").addresses == ()


# -- trackers and groups --------------------------------------------------------------------------


def group(extra="", first="", second=""):
    return config(f"vrrp_sync_group G1 {{\ngroup {{\nVI_1\nVI_2\n}}\n{extra}\n}}\n",
                  instance("VI_1", 51, extra=first),
                  instance("VI_2", 52, vips=["192.0.2.102/24"], extra=second))


def test_group_track_file_counts_for_every_member(lab):
    value = lab.write("value", "20\n")
    lab.a.run(f"track_file tf {{\nfile {value}\nweight 1\n}}\n" + group("track_file {\ntf\n}"))
    lab.wire.wait_advert("a", vrid=51, priority=120)
    lab.wire.wait_advert("a", vrid=52, priority=120)


def test_sync_group_tracking_weight_lets_members_have_weights(lab):
    value = lab.write("value", "1\n")
    text = f"track_file tf {{\nfile {value}\nweight 1\n}}\n"
    lab.a.run(text + group("sync_group_tracking_weight", "track_file {\ntf weight 20\n}"))
    lab.wire.wait_advert("a", vrid=51, priority=120)
    lab.wire.wait_advert("a", vrid=52, priority=100)


def test_group_track_interface_faults_the_group(make_lab):
    lab = make_lab("ab", links=2)
    lab.a.run(group("track_interface {\neth1\n}"))
    lab.a.wait_has("192.0.2.102")
    lab.a.carrier(False, link=1)
    lab.a.wait_has_not(VIP)
    lab.a.wait_has_not("192.0.2.102")


@holdfast_only
def test_group_notify_priority_changes_is_about_its_members(lab):
    fifo = Fifo(lab.path("fifo"))
    value = lab.write("value", "10\n")
    lab.a.run(f"track_file tf {{\nfile {value}\nweight 1\n}}\n"
              + group("notify_priority_changes\ntrack_file {\ntf\n}").replace(
                  "script_user root", f"script_user root\nnotify_fifo {lab.path('fifo')}"))
    lab.wire.wait_advert("a", vrid=52, priority=110)
    lab.write("value", "20\n")
    lab.wire.wait_advert("a", vrid=52, priority=120)
    seen = []
    wait_until(lambda: seen.extend(fifo.lines()) or {'INSTANCE "VI_1" MASTER_PRIORITY 120',
                                                     'INSTANCE "VI_2" MASTER_PRIORITY 120'} <= set(seen), what="both lines")


def test_group_notify_scripts(make_lab):
    lab = make_lab("ab", links=2)
    names = ("master", "backup", "fault", "stop")
    daemon = lab.a.run(group("track_interface {\neth1\n}\n"
                             + "".join(f"notify_{name} {recorder(lab, name, name)}\n" for name in names)))
    lab.a.wait_has("192.0.2.102")
    wait_lines(lab, 2)
    lab.a.carrier(False, link=1)
    wait_lines(lab, 3)
    assert daemon.stop() == 0
    assert wait_lines(lab, 4) == ["backup", "master", "fault", "stop"]


def test_fifo_order_of_a_group_at_start_and_stop(lab):
    fifo = Fifo(lab.path("fifo"))
    daemon = lab.a.run(group().replace("script_user root", f"script_user root\nnotify_fifo {lab.path('fifo')}"))
    lab.a.wait_has("192.0.2.102")
    got = fifo.wait(6)
    assert daemon.stop() == 0
    got += fifo.lines()
    assert got[0] == 'GROUP "G1" BACKUP 0' and set(got[1:3]) == {'INSTANCE "VI_1" BACKUP 100', 'INSTANCE "VI_2" BACKUP 100'}
    assert got[5] == 'GROUP "G1" MASTER 0' and got[-1] == 'GROUP "G1" STOP 0' and len(got) == 9


def test_track_file_init_value_is_written(lab):
    path = lab.path("made")
    lab.a.run(config(f"track_file tf {{\nfile {path}\nweight 1\ninit_file 15\n}}\n",
                     instance(extra="track_file {\ntf\n}")))
    lab.wire.wait_advert("a", priority=115)
    assert open(path, encoding="ascii").read().strip() == "15"


@better("2.2.7 does not have it")
@pytest.mark.parametrize("kind", ["track_script", "track_file"])
def test_noreverse_takes_back_the_reverse_of_the_tracker(lab, kind):
    value = lab.write("value", "20\n")
    good = lab.script("good", "exit 0")
    text = config(f"track_file t {{\nfile {value}\nweight 1 reverse\n}}\n"
                  f"vrrp_script t {{\nscript {good}\ninterval 1\nweight 20 reverse\n}}\n",
                  instance(extra=f"{kind} {{\nt noreverse\n}}"))
    lab.a.run(text)
    lab.wire.wait_advert("a", priority=120)


# -- processes --------------------------------------------------------------------------------------


def name_of(pid):
    with open(f"/proc/{pid}/comm", encoding="ascii") as handle:
        comm = handle.read().strip()
    with open(f"/proc/{pid}/cmdline", "rb") as handle:
        return comm, handle.read().split(b"\0")[0].decode()


@holdfast_only
def test_process_names(lab):
    daemon = lab.a.run(config(extra="process_name boss\nvrrp_process_name elect"))
    worker = daemon.worker()
    lab.a.wait_has(VIP)
    assert name_of(daemon.pid)[0] == "boss" and "elect" in name_of(worker)
    assert daemon.stop() == 0
    daemon = lab.a.run(config(extra="process_names"))
    assert "keepalived_vrrp" in name_of(daemon.worker())


@holdfast_only
def test_scheduling_keywords(lab):
    daemon = lab.a.run(config(extra="vrrp_rt_priority 7\nvrrp_cpu_affinity 0\nvrrp_rlimit_rttime 500000\n"
                                    "vrrp_no_swap\nvrrp_priority -5"))
    lab.a.wait_has(VIP)
    worker = daemon.worker()
    assert os.sched_getscheduler(worker) & 0xFF == os.SCHED_RR
    assert os.sched_getparam(worker).sched_priority == 7 and os.sched_getaffinity(worker) == {0}
    limits = open(f"/proc/{worker}/limits", encoding="ascii").read()
    line = next(line for line in limits.splitlines() if line.startswith("Max realtime timeout"))
    assert line.split()[3] == "500000"


@holdfast_only
def test_real_time_can_be_turned_off(lab):
    daemon = lab.a.run(config(extra="vrrp_rt_priority 0\nvrrp_priority -5"))
    lab.a.wait_has(VIP)
    worker = daemon.worker()
    assert os.sched_getscheduler(worker) & 0xFF == os.SCHED_OTHER
    assert os.getpriority(os.PRIO_PROCESS, worker) == -5


@pytest.mark.parametrize("mask,mode", [("0022", 0o644), ("0077", 0o600), ("IRWXG|IRWXO", 0o600),
                                       ("IWGRP|IWOTH", 0o644)])
def test_umask_is_that_of_files_it_makes(lab, mask, mode):
    lab.a.run(config(extra=f"umask {mask}\nnotify_fifo {lab.path('fifo')}"))
    wait_until(lambda: os.path.exists(lab.path("fifo")), what="the FIFO")
    settle(0.1)
    assert os.stat(lab.path("fifo")).st_mode & 0o777 == mode


def test_startup_and_shutdown_scripts(lab):
    begin = recorder(lab, "begin", "startup", before="sleep 0.3")
    end = recorder(lab, "end", "shutdown")
    daemon = lab.a.run(config(instance(extra=f"notify {recorder(lab)}"),
                              extra=f"startup_script {begin}\nshutdown_script {end}"))
    lab.a.wait_has(VIP)
    wait_lines(lab, 3)
    assert daemon.stop() == 0
    got = lines(lab)
    assert got[0] == "startup" and got[-1] == "shutdown" and len(got) == 5


@holdfast_only
def test_timeouts_of_startup_and_shutdown_scripts(lab):
    hang = lab.script("hang", "sleep 30")
    daemon = lab.a.run(config(extra=f"startup_script {hang}\nstartup_script_timeout 1\n"
                                    f"shutdown_script {hang}\nshutdown_script_timeout 1"))
    assert 1 < lab.wire.wait_advert("a").time - daemon.started < 2.5
    start = time.monotonic()
    assert daemon.stop() == 0
    assert 1 < time.monotonic() - start < 2.5


@better("2.2.7 does not have it")
def test_supplementary_groups(lab):
    import grp
    import pwd
    user = next((name for group in grp.getgrall() for name in group.gr_mem
                 if name in {p.pw_name for p in pwd.getpwall()} and name != "root"), None)
    if user is None:
        pytest.skip("no user with supplementary groups here")
    os.chmod(lab.directory, 0o755)
    lab.write("lines", "", 0o666)
    who = lab.script("who", f"id -G | wc -w >> {lab.path('lines')}")
    lab.a.run(config(instance(extra=f"notify_master {who}"), extra="set_supplementary_groups")
              .replace("script_user root", f"script_user {user}"))
    lab.wire.wait_advert("a")
    assert int(wait_lines(lab, 1)[0]) > 1


@holdfast_only
def test_states_are_written_to_the_fifo_after_a_reload(lab):
    fifo = Fifo(lab.path("fifo"))
    text = config(instance(), instance("VI_2", 52, vips=["192.0.2.102/24"]),
                  extra=f"notify_fifo {lab.path('fifo')}\nfifo_write_vrrp_states_on_reload")
    daemon = lab.a.run(text)
    lab.b.router(vrid=52, priority=200)
    lab.a.wait_has(VIP)
    fifo.wait(3)
    assert daemon.ctl("reload").returncode == 0
    got = fifo.wait(2)
    settle(0.3)
    assert got + fifo.lines() == ['INSTANCE "VI_1" MASTER 100', 'INSTANCE "VI_2" BACKUP 100']


@holdfast_only
def test_numbers_of_notifications_go_on_over_a_new_worker_and_a_reload(lab):
    script = lab.script("seq", f'echo "$HOLDFAST_SEQUENCE $HOLDFAST_STATE" >> {lab.path("lines")}')
    text = config(instance(extra=f"notify {script}"))
    daemon = lab.a.run(text)
    lab.a.wait_has(VIP)
    assert wait_lines(lab, 2) == ["1 BACKUP", "2 MASTER"]
    os.kill(daemon.worker(), signal.SIGKILL)
    daemon.wait_log("worker is ready again")
    lab.b.send_advert(vrid=51, priority=200, interval=0.1)
    assert wait_lines(lab, 3)[2] == "3 BACKUP"
    assert daemon.ctl("reload").returncode == 0
    os.kill(daemon.worker(), signal.SIGKILL)
    daemon.wait_log("worker is ready again", count=2)
    assert daemon.stop() == 0
    assert int(lines(lab)[-1].split()[0]) > 3


@holdfast_only
def test_router_id_is_in_the_status(lab):
    daemon = lab.a.run(config())
    daemon.wait_ready()
    assert daemon.status()["router_id"] == "lab"
    assert daemon.ctl("status").stdout.startswith("holdfast ") and " on lab," in daemon.ctl("status").stdout


# -- dumps ----------------------------------------------------------------------------------------


@holdfast_only
def test_dump_files_go_where_the_keywords_say(lab):
    os.mkdir(lab.path("dumps"))
    daemon = lab.a.run("instance one\n" + config(
        extra=f"state_dump_file {lab.path('dumps')}\nstats_dump_file {lab.path('dumps/numbers.txt')}\n"
              f"json_dump_file {lab.path('dumps')}/\njson_version 2\ndata_use_instance"))
    lab.a.wait_has(VIP)
    daemon.wait_log("Startup complete")
    for count, number in enumerate((signal.SIGUSR1, signal.SIGUSR2, signal.SIGRTMIN + 2), 1):
        daemon.signal(number)
        daemon.wait_log("wrote .*/dumps/", count=count)
    names = {os.path.basename(name) for name in glob.glob(lab.path("dumps/*"))}
    assert names == {"keepalived.one.data", "numbers.one.txt", "keepalived.one.json"}
    import json
    document = json.load(open(lab.path("dumps/keepalived.one.json"), encoding="ascii"))
    assert document["vrrp"][0]["data"]["iname"] == "VI_1"


@holdfast_only
def test_stats_clear_writes_and_zeroes(lab):
    daemon = lab.a.run(config(instance(interval=40, priority=255, state="MASTER")))
    lab.wire.wait_advert("a")
    daemon.wait_log("Startup complete")
    settle(0.1)

    def sent(number):
        mark = daemon.log_mark()
        daemon.signal(number)
        daemon.wait_log(r"wrote .*keepalived\.stats", since=mark)
        text = open(daemon.path("keepalived.stats"), encoding="ascii").read()
        return int(text.split("Sent: ")[1].split()[0]), "Became master: 1" in text
    assert sent(signal.SIGRTMAX - 1) == (1, True)
    assert sent(signal.SIGUSR2) == (0, False)


@holdfast_only
def test_reload_file_is_there_while_the_configuration_is_read(lab):
    mark = lab.path("reading")
    daemon = lab.a.run(config(extra=f"reload_file {mark}"))
    lab.a.wait_has(VIP)
    directory = os.open(lab.directory, os.O_RDONLY)
    try:
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        watch = libc.inotify_init1(os.O_NONBLOCK)
        libc.inotify_add_watch(watch, lab.directory.encode(), 0x100 | 0x200)  # IN_CREATE, IN_DELETE
        assert daemon.ctl("reload").returncode == 0
        events = os.read(watch, 65536)
        os.close(watch)
    finally:
        os.close(directory)
    assert events.count(b"reading") == 2 and not os.path.exists(mark)


# -- the end --------------------------------------------------------------------------------------


@holdfast_only
def test_child_wait_time_limits_the_stop(lab):
    daemon = lab.a.run("child_wait_time 1\n" + config())
    lab.a.wait_has(VIP)
    os.kill(daemon.worker(), signal.SIGSTOP)
    start = time.monotonic()
    assert daemon.stop() == 0
    assert 0.9 < time.monotonic() - start < 2
    assert not lab.a.has(VIP)


@pytest.mark.parametrize("words,names", [
    ("use_pid_dir", ("keepalived/keepalived.pid", "keepalived/vrrp.pid")),
    ("instance one", ("keepalived/keepalived_one.pid", "keepalived/vrrp_one.pid"))])
def test_private_pid_directory(lab, words, names):
    """Under the name keepalived; with a /run of its own, as pid files go there."""
    kind = "keepalived" if daemon_kind() == "keepalived" else "holdfast-as-keepalived"
    daemon = lab.a.run("", kind)
    daemon.kill()
    daemon.configure(words + "\n" + config())
    run = lab.path("run")
    os.mkdir(run)
    argv = daemon.command()
    for flag in ("-p", "-r", "-c", "-b"):
        del argv[argv.index(flag):argv.index(flag) + 2]
    daemon.env.pop("HOLDFAST_RUN_DIR")
    daemon.process = subprocess.Popen(lab.a.command("sh", "-c", f'mount --bind {run} /run && exec "$@"', "sh", *argv),
                                      env=daemon.env)
    lab.a.wait_has(VIP)
    for name in names:
        assert os.path.exists(f"/proc/{open(os.path.join(run, name), encoding='ascii').read().strip()}")
    assert daemon.stop() == 0
    assert not os.path.exists(os.path.join(run, names[0])) and not os.path.exists(os.path.join(run, names[1]))
