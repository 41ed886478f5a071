# SPDX-License-Identifier: GPL-2.0-or-later
"""What happens between the start and the first role."""
import os
import subprocess

import pytest

from common import VIP, better, config, holdfast_only, instance, master_down, near, settle, stall, v2
from netlab import HOLDFAST, wait_until


def test_v3_start_takes_the_master_down_interval(lab):
    daemon = lab.a.run(config(instance(priority=200)))
    first = lab.wire.wait_advert("a")
    assert near(first.time - daemon.began, master_down(200), late=0.35)
    daemon.wait_log(r"\(VI_1\) Entering BACKUP STATE \(init\)")
    daemon.wait_log(r"\(VI_1\) Entering MASTER STATE")


def test_v2_start_takes_three_intervals_and_skew(lab):
    daemon = lab.a.run(config(v2()))
    assert near(lab.wire.wait_advert("a").time - daemon.began, 3.609, late=0.35)


def test_routers_started_together_become_master_in_the_order_of_the_formula(lab):
    watch = lab.a.watch()
    lab.a.run(config(instance("VI_1", 61, priority=150, interval=0.2, vips=["192.0.2.61/24"]),
                     instance("VI_2", 62, priority=200, interval=0.4, vips=["192.0.2.62/24"]),
                     instance("VI_3", 63, priority=150, interval=0.4, vips=["192.0.2.63/24"])))
    first = {vrid: lab.wire.wait_advert("a", vrid=vrid).time for vrid in (61, 62, 63)}
    assert near(first[62] - first[61], master_down(200, 0.4) - master_down(150, 0.2), 0.03, 0.03)
    # The kernel may let it wait with the second one's address, when others have to do with its interfaces.
    waited = wait_until(lambda: watch.added("192.0.2.62"), what="the second address")[0].time - first[62]
    assert near(first[63] - first[62], master_down(150, 0.4) - master_down(200, 0.4), 0.03, 0.03 + waited)


def test_state_master_below_255_gives_no_faster_start(lab):
    daemon = lab.a.run(config(instance(state="MASTER", interval=0.3)))
    assert lab.wire.wait_advert("a").time - daemon.began >= master_down(100, 0.3) - 0.01


def test_owner_is_master_at_once_without_a_backup_notification(lab):
    notify = lab.script("notify", 'echo "$3" >> ' + lab.path("states"))
    daemon = lab.a.run(config(instance(priority=255, state="MASTER", interval=1, extra=f"notify {notify}")))
    assert lab.wire.wait_advert("a").time - daemon.began < 0.7 + stall()
    lab.a.wait_has(VIP)
    wait_until(lambda: os.path.exists(lab.path("states")), what="the notification")
    settle(0.3)
    assert open(lab.path("states")).read().split() == ["MASTER"]


def test_down_timer_adverts_is_the_number_of_missed_adverts(lab):
    daemon = lab.a.run(config(instance(interval=0.2, extra="down_timer_adverts 1")))
    assert near(lab.wire.wait_advert("a").time - daemon.began, master_down(100, 0.2, adverts=1), late=0.3)


def test_vip_left_over_from_a_crash_is_not_kept_by_a_backup(lab):
    lab.a.ip("addr add 192.0.2.100/24 dev eth0")
    lab.b.router(vrid=51, priority=200)
    daemon = lab.a.run(config())
    daemon.wait_log("Entering BACKUP STATE")
    lab.a.wait_has_not(VIP)
    settle(0.5)
    assert not lab.a.has(VIP) and not lab.wire.adverts("a")


def test_vip_left_over_from_a_crash_is_served_by_a_master(lab):
    lab.a.ip("addr add 192.0.2.100/24 dev eth0")
    lab.a.run(config())
    lab.wire.wait_advert("a", count=2)
    assert lab.a.has(VIP)
    assert [str(a) for a in lab.a.addresses()] == ["192.0.2.100/24"]


def test_left_over_vip_is_not_taken_for_the_source_address(lab):
    lab.a.sysctl("net.ipv4.conf.all.promote_secondaries", 1)
    lab.a.ip("addr del 192.0.2.1/24 dev eth0")
    lab.a.ip("addr add 192.0.2.100/24 dev eth0")
    lab.a.ip("addr add 192.0.2.1/24 dev eth0")
    lab.a.run(config())
    assert lab.wire.wait_advert("a").source == "192.0.2.1"


def test_no_carrier_at_start_is_fault_until_it_comes(lab):
    lab.a.carrier(False)
    daemon = lab.a.run(config())
    daemon.wait_log(r"(?i)\(VI_1\) entering FAULT state")
    settle(0.5)
    assert not lab.wire.adverts("a") and not lab.a.has(VIP)
    lab.a.carrier(True)
    lab.wire.wait_advert("a")
    lab.a.wait_has(VIP)


def test_no_source_address_at_start_is_waiting(lab):
    lab.a.ip("addr del 192.0.2.1/24 dev eth0")
    daemon = lab.a.run(config())
    daemon.wait_log(r"(?i)entering FAULT state.*no IPv4 address for interface")
    settle(0.5)
    assert not lab.wire.adverts("a")
    lab.a.ip("addr add 192.0.2.1/24 dev eth0")
    assert lab.wire.wait_advert("a").source == "192.0.2.1"


@better("2.2.7 needs dynamic_interfaces for this")
def test_missing_interface_at_start_is_waiting(lab):
    daemon = lab.a.run(config(instance(interface="late0")))
    settle(0.8)
    assert daemon.running()
    lab.a.ip("link add late0 type veth peer name late1")
    lab.a.ip("addr add 198.51.100.1/24 dev late0")
    lab.a.ip("link set late1 up")
    lab.a.ip("link set late0 up")
    lab.a.wait_has(VIP)


@better("2.2.7 needs dynamic_interfaces for this")
def test_missing_interface_does_not_hold_up_other_instances(lab):
    lab.a.run(config(instance(), instance("VI_2", 52, interface="late0", vips=["192.0.2.102/24"])))
    lab.wire.wait_advert("a", vrid=51)
    lab.a.wait_has(VIP)


def test_unweighted_script_without_result_holds_the_instance_back(lab):
    script = lab.script("slow", "sleep 0.7; exit 0")
    tracker = f"vrrp_script chk {{\nscript {script}\ninterval 1\n}}\n"
    daemon = lab.a.run(config(tracker, instance(extra="track_script {\nchk\n}")))
    first = lab.wire.wait_advert("a")
    assert first.time - daemon.began > 0.7 + master_down(100) - 0.05
    assert not daemon.logged("FAULT")


def test_first_bad_result_of_an_unweighted_script_is_fault(lab):
    notify = lab.script("notify", 'echo "$3" >> ' + lab.path("states"))
    tracker = f"vrrp_script chk {{\nscript {lab.script('bad', 'exit 1')}\ninterval 1\n}}\n"
    lab.a.run(config(tracker, instance(extra=f"track_script {{\nchk\n}}\nnotify {notify}")))
    settle(1.0)
    assert not lab.wire.adverts("a")
    assert open(lab.path("states")).read().split() == ["FAULT"]


@better("2.2.7 takes two seconds more")
def test_startup_delay_discards_what_is_heard_before_its_end(lab):
    router = lab.b.router(vrid=51, priority=50)
    daemon = lab.a.run(config(instance(priority=100), extra="vrrp_startup_delay 1")).listening()
    settle(0.2)
    router.stop()
    first = lab.wire.wait_advert("a")
    assert near(first.time - daemon.began, 1 + master_down(100), late=0.4)


@holdfast_only
def test_status_says_what_an_instance_waits_for(lab):
    lab.a.carrier(False)
    daemon = lab.a.run(config())
    daemon.wait_ready()
    daemon.wait_log("(?i)entering FAULT state")
    assert daemon.instance("VI_1")["state"] == "FAULT"
    assert "eth0" in daemon.instance("VI_1")["cause"]


@pytest.mark.parametrize("priority", [1, 254])
def test_extreme_priorities(lab, priority):
    daemon = lab.a.run(config(instance(priority=priority)))
    first = lab.wire.wait_advert("a")
    assert first.priority == priority
    assert near(first.time - daemon.began, master_down(priority), late=0.35)


@better("it becomes MASTER without an address, and nobody has it")
def test_instance_whose_only_address_is_mistyped_takes_it_from_nobody(lab):
    lab.b.run(config(instance(priority=100, interval=0.2)))
    lab.b.wait_has(VIP)
    lab.a.run(config(instance(priority=200, interval=0.2, vips=["192.0.2.300/24"]),
                     instance("VI_2", 62, interval=0.1, vips=["192.0.2.62/24"])))
    lab.wire.wait_advert("a", vrid=62)
    settle(1)
    assert not [advert for advert in lab.wire.adverts("a") if advert.vrid != 62]
    assert lab.b.has(VIP)


@holdfast_only
def test_what_is_wrong_with_the_file_is_logged_with_place_and_severity(lab):
    daemon = lab.a.run(config(instance(extra="preemtp_delay 3\nuse_vmac\nvmac_xmit_base")))
    daemon.wait_log(r"config\.conf:[0-9]+:[0-9]+: error\[unknown-keyword\]: .*`preemtp_delay`.*; "
                    "hint: did you mean `preempt_delay`[?]")
    daemon.wait_log(r"config\.conf:[0-9]+:[0-9]+: warning\[no-effect-yet\]: `use_vmac`")
    daemon.wait_log(r"config\.conf:[0-9]+:[0-9]+: note\[")


def check_owner(lab, **options):
    path = lab.path("owner.conf")
    with open(path, "w", encoding="utf-8") as handle:
        handle.write(config(instance(**(options or {"priority": 255, "state": "MASTER"}))))
    return subprocess.run(lab.a.command(HOLDFAST, "check", path), text=True, check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout


@holdfast_only
def test_owner_without_another_address_goes_to_fault_and_check_warns_of_it(lab):
    lab.a.ip(f"address add {VIP}/24 dev eth0")
    assert "owner-address" not in check_owner(lab)
    lab.a.ip(f"address del {lab.a.address()}/24 dev eth0")
    if not lab.a.has(VIP):  # a secondary one goes with it
        lab.a.ip(f"address add {VIP}/24 dev eth0")
    assert "warning[owner-address]" in check_owner(lab)
    assert "warning[owner-address]" in check_owner(lab, priority=100)
    daemon = lab.a.run(config(instance(priority=255, state="MASTER")))
    daemon.wait_log(r"warning\[owner-address\]")
    daemon.wait_log(r"\(VI_1\) Entering FAULT STATE")
    daemon.wait_ready()
    assert daemon.instance("VI_1")["state"] == "FAULT" and not lab.a.has(VIP)
