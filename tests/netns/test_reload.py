# SPDX-License-Identifier: GPL-2.0-or-later
"""Reload: what did not change goes on as if nothing had happened."""
import os
import re
import signal

import pytest

from common import VIP, VRID, better, config, holdfast_only, instance, near, settle, stall, v2
from netlab import HOLDFAST, wait_until


def gaps(adverts):
    times = [a.time for a in adverts]
    return [after - before for before, after in zip(times, times[1:])]


def test_unchanged_instance_misses_no_advert_and_notifies_nobody(lab):
    notify = lab.script("notify", 'echo "$3" >> ' + lab.path("states"))
    daemon = lab.a.run(config(instance(extra=f"notify {notify}")))
    lab.wire.wait_advert("a", count=3)
    settle(0.2)
    watch, start = lab.a.watch(), lab.now()
    for _ in range(3):
        daemon.reload()
        settle(0.4)
    assert max(gaps(lab.wire.adverts("a", since=start - 0.2))) < 0.14 + stall()
    assert not watch.events and not lab.wire.garps("a", since=start)
    assert open(lab.path("states")).read().split() == ["BACKUP", "MASTER"]


@better("two extra adverts at each reload (O11)")
def test_unchanged_instance_keeps_its_rhythm(lab):
    daemon = lab.a.run(config(instance(interval=0.5)))
    lab.wire.wait_advert("a", count=2)
    start = lab.wire.adverts("a")[0].time
    settle(0.2)
    daemon.reload()
    settle(1.5)
    between = gaps(lab.wire.adverts("a", since=start))
    assert all(near(gap, 0.5, 0.03, 0.05) for gap in between), between


def test_unchanged_backup_stays_backup(lab):
    router = lab.b.router(vrid=VRID, priority=200)
    daemon = lab.a.run(config()).listening()
    settle(0.6)
    daemon.reload()
    settle(0.6)
    assert not lab.wire.adverts("a")
    last = router.stop()
    assert lab.wire.wait_advert("a").time - last < 0.45 + stall()


def test_priority_is_applied_live(lab):
    daemon = lab.a.run(config())
    lab.wire.wait_advert("a", count=2)
    watch = lab.a.watch()
    daemon.reload(config(instance(priority=140)))
    lab.wire.wait_advert("a", priority=140)
    settle(0.3)
    adverts = lab.wire.adverts("a")
    assert {a.priority for a in adverts} == {100, 140} and max(gaps(adverts)) < 0.15 + stall()
    assert not watch.events


@holdfast_only
def test_version_is_applied_live(lab):
    daemon = lab.a.run(config(v2(priority=100)))
    lab.wire.wait_advert("a", count=2)
    watch = lab.a.watch()
    daemon.reload(config(instance(interval=1)))
    daemon.wait_log(r"version 2 -> 3 \(applied live\)")
    lab.wire.wait_advert("a", version=3)
    assert not watch.events


def test_lowered_priority_gives_the_role_to_the_peer(lab):
    daemon = lab.a.run(config(instance(priority=150)))
    lab.b.run(config(instance(priority=120)))
    lab.a.wait_has(VIP)
    settle(0.4)
    daemon.reload(config(instance(priority=90)))
    lab.b.wait_has(VIP)
    lab.a.wait_has_not(VIP)


def test_added_vip_is_added_and_announced(lab):
    daemon = lab.a.run(config())
    lab.wire.wait_advert("a", count=2)
    settle(0.3)
    start = lab.now()
    daemon.reload(config(instance(vips=["192.0.2.100/24", "192.0.2.101/24"])))
    lab.a.wait_has("192.0.2.101")
    settle(0.3)
    assert len(lab.wire.garps("a", since=start, sender="192.0.2.101")) == 5
    assert lab.wire.adverts("a")[-1].addresses == ("192.0.2.100", "192.0.2.101")


def test_removed_vip_leaves_and_the_other_stays(lab):
    daemon = lab.a.run(config(instance(vips=["192.0.2.100/24", "192.0.2.101/24"])))
    lab.a.wait_has("192.0.2.101")
    watch = lab.a.watch()
    daemon.reload(config())
    lab.a.wait_has_not("192.0.2.101")
    settle(0.2)
    assert lab.a.has(VIP) and not watch.removed(VIP)


def test_removed_instance_says_goodbye(lab):
    both = config(instance(), instance("VI_2", 52, vips=["192.0.2.102/24"]))
    daemon = lab.a.run(both)
    lab.wire.wait_advert("a", vrid=52)
    lab.a.wait_has("192.0.2.102")
    daemon.reload(config())
    lab.wire.wait_advert("a", vrid=52, priority=0)
    lab.a.wait_has_not("192.0.2.102")
    settle(0.2)
    assert lab.a.has(VIP) and max(gaps(lab.wire.adverts("a", vrid=VRID))) < 0.15 + stall()


def test_added_instance_starts_as_backup(lab):
    daemon = lab.a.run(config())
    lab.wire.wait_advert("a", count=2)
    start = lab.now()
    daemon.reload(config(instance(), instance("VI_2", 52, vips=["192.0.2.102/24"])))
    first = lab.wire.wait_advert("a", vrid=52)
    assert first.time - start > 0.35
    assert max(gaps(lab.wire.adverts("a", vrid=VRID))) < 0.15 + stall()


def test_changed_vrid_is_remove_and_add(lab):
    daemon = lab.a.run(config())
    lab.wire.wait_advert("a", count=2)
    daemon.reload(config(instance(vrid=77)))
    lab.wire.wait_advert("a", vrid=VRID, priority=0)
    lab.wire.wait_advert("a", vrid=77)
    lab.a.wait_has(VIP)


def test_renamed_instance_goes_on(lab):
    daemon = lab.a.run(config())
    lab.wire.wait_advert("a", count=2)
    watch = lab.a.watch()
    daemon.reload(config(instance("OTHER")))
    settle(0.7)
    assert not watch.events and max(gaps(lab.wire.adverts("a"))) < 0.15 + stall()


@better("a moved address is deleted and added")
def test_vip_moved_between_instances_never_leaves_the_kernel(lab):
    def text(first, second):
        return config(instance("VI_1", 51, vips=first), instance("VI_2", 52, vips=second))
    one, two, moving = "192.0.2.101/24", "192.0.2.102/24", "192.0.2.100/24"
    daemon = lab.a.run(text([one, moving], [two]))
    for address in (one, two, moving):
        lab.a.wait_has(address.split("/")[0])
    settle(0.2)
    watch = lab.a.watch()
    daemon.reload(text([one], [two, moving]))
    lab.wire.wait_advert("a", vrid=52, addresses=("192.0.2.102", VIP))
    settle(0.3)
    assert not watch.events, watch.events
    assert lab.a.has(VIP)


@better("swapped VRIDs are two removals and two additions")
def test_swapped_vrids_leave_the_addresses_in_the_kernel(lab):
    def text(first, second):
        return config(instance("VI_1", first, vips=["192.0.2.101/24"]),
                      instance("VI_2", second, vips=["192.0.2.102/24"]))
    daemon = lab.a.run(text(51, 52))
    lab.a.wait_has("192.0.2.101")
    lab.a.wait_has("192.0.2.102")
    settle(0.2)
    watch = lab.a.watch()
    daemon.reload(text(52, 51))
    lab.wire.wait_advert("a", vrid=51, addresses=("192.0.2.102",))
    lab.wire.wait_advert("a", vrid=52, addresses=("192.0.2.101",))
    settle(0.3)
    assert not watch.events, watch.events


@better("a fatal configuration ends the daemon on SIGHUP")
def test_file_with_an_error_changes_nothing(lab):
    daemon = lab.a.run(config())
    lab.wire.wait_advert("a", count=2)
    watch, start = lab.a.watch(), lab.now()
    for broken in ("vrrp_instance VI_1 {\n interface eth0\n virtual_ipaddress {\n 192.0.2.100/24\n}\n}\n",
                   config() + instance("VI_9"), "vrrp_instance VI_1 {\n"):
        daemon.reload(broken)
        settle(0.5)
        assert daemon.running()
    assert max(gaps(lab.wire.adverts("a", since=start - 0.2))) < 0.15 + stall()
    assert not watch.events
    daemon.reload(config(instance(priority=120)))  # and a good one is taken again
    lab.wire.wait_advert("a", priority=120)


def misspelt(priority, *more):
    return config(instance(priority=priority, extra="\n".join(("lvs_sync_daemon_inteface eth0",) + more)))


def test_error_that_was_there_at_the_start_forbids_no_reload(lab):
    """A file that has run for years can be edited, whatever it holds."""
    daemon = lab.a.run(misspelt(100))
    lab.wire.wait_advert("a", priority=100)
    daemon.reload("# a line more\n" + misspelt(110))
    lab.wire.wait_advert("a", priority=110)


def test_option_that_an_address_cannot_have_forbids_no_reload(lab):
    """Neutron writes `scope link` behind IPv6 addresses, and reloads with every address it adds."""
    daemon = lab.a.run(config())
    lab.wire.wait_advert("a", count=2)
    daemon.reload(config(instance(extra="virtual_ipaddress_excluded {\nfe80::1234/64 scope link\n}")))
    lab.a.wait_has("fe80::1234")


@better("an error in the file stops no reload")
def test_new_error_beside_an_old_one_changes_nothing(lab):
    daemon = lab.a.run(misspelt(100))
    lab.wire.wait_advert("a", count=2)
    start = lab.now()
    for _ in range(2):  # what was refused is in force nowhere
        daemon.reload(misspelt(110, "garp_master_delay soon"))
        settle(0.5)
    assert {a.priority for a in lab.wire.adverts("a", since=start)} == {100}
    daemon.reload(misspelt(120))
    lab.wire.wait_advert("a", priority=120)


@holdfast_only
def test_reload_command_prints_the_errors_and_fails(lab):
    daemon = lab.a.run(config())
    daemon.wait_ready()
    lab.wire.wait_advert("a", count=2)
    daemon.configure(config(instance()).replace("virtual_router_id 51", "virtual_router_id 999"))
    done = daemon.ctl("reload")
    assert done.returncode != 0
    assert "999" in done.stdout + done.stderr and "config.conf" in done.stdout + done.stderr
    assert daemon.status()["reload_failed_at"] and " ago failed: generation 1 stays" in daemon.ctl("status").stdout
    daemon.configure(config(instance(priority=101)))
    assert daemon.ctl("reload").returncode == 0 and daemon.status()["reload_failed_at"] is None
    settle(0.3)
    assert lab.a.has(VIP) and daemon.running()


@holdfast_only
def test_reload_command_succeeds_and_has_taken_effect(lab):
    daemon = lab.a.run(config())
    daemon.wait_ready()
    lab.wire.wait_advert("a", count=2)
    daemon.configure(config(instance(priority=133)))
    assert daemon.ctl("reload").returncode == 0
    lab.wire.wait_advert("a", priority=133)


@holdfast_only
def test_dry_run_prints_the_plan_and_changes_nothing(lab):
    daemon = lab.a.run(config())
    daemon.wait_ready()
    lab.wire.wait_advert("a", count=2)
    daemon.configure(config(instance(priority=133, vips=["192.0.2.101/24"])))
    done = daemon.ctl("reload", "--dry-run")
    assert done.returncode == 0
    for word in ("VI_1", "133", "192.0.2.100", "192.0.2.101"):
        assert word in done.stdout
    assert done.stdout.endswith("\nnothing was changed: a dry run\n")
    settle(0.4)
    assert lab.a.has(VIP) and not lab.wire.adverts("a", priority=133)


def test_script_keeps_its_result_over_a_reload(lab):
    script = lab.script("chk.sh", "exit 0")
    text = f"vrrp_script chk {{\nscript {script}\ninterval 30\nweight 20\n}}\n"
    daemon = lab.a.run(config(text, instance(extra="track_script {\nchk\n}")))
    lab.wire.wait_advert("a", priority=120)
    start = lab.now()
    daemon.reload()
    settle(0.8)
    assert {a.priority for a in lab.wire.adverts("a", since=start)} == {120}


def test_tracker_added_live(lab):
    daemon = lab.a.run(config())
    lab.wire.wait_advert("a", count=2)
    watch = lab.a.watch()
    value = lab.write("value", "12\n")
    daemon.reload(config(f"track_file tf {{\nfile {value}\nweight 1\n}}\n",
                         instance(extra="track_file {\ntf\n}")))
    lab.wire.wait_advert("a", priority=112)
    assert not watch.events


def test_many_reloads_in_a_row(lab):
    daemon = lab.a.run(config())
    lab.wire.wait_advert("a", count=2)
    watch, start = lab.a.watch(), lab.now()
    for number in range(20):
        daemon.reload(config(instance(priority=100 + number)))
        settle(0.02)
    lab.wire.wait_advert("a", priority=119)
    assert not watch.events and daemon.running()
    assert max(gaps(lab.wire.adverts("a", since=start - 0.2))) < 0.15 + stall()


def test_sighup_during_start_is_harmless(lab):
    daemon = lab.a.run(config())
    daemon.wait_log("Starting ")  # before, it is still another program
    daemon.signal(signal.SIGHUP)
    lab.wire.wait_advert("a", count=2)
    wait_until(daemon.running)


@holdfast_only
def test_reload_during_the_startup_script_is_done_after_it(lab):
    began = lab.path("began")
    slow = lab.script("slow", f"touch {began}; sleep 1")
    text = config(extra=f"script_user root\nstartup_script {slow}")
    daemon = lab.a.run(text)
    wait_until(lambda: os.path.exists(began), what="the startup script")
    daemon.reload(text.replace("priority 100", "priority 123"))
    lab.wire.wait_advert("a", priority=123)
    assert daemon.running()


@holdfast_only
def test_file_that_is_no_configuration_does_not_flood_the_log(lab):
    daemon = lab.a.run(config())
    lab.wire.wait_advert("a", count=2)
    mark = daemon.log_mark()
    daemon.reload("nonsense\n" * 20000)
    daemon.wait_log("has errors: nothing was changed", since=mark)
    assert len(daemon.log(mark).splitlines()) < 150
    assert daemon.logged("[0-9]+ more messages", mark)


@holdfast_only
def test_a_start_tolerates_what_a_reload_refuses_and_check_says_so(lab):
    def check(text):
        return lab.a.execute(HOLDFAST, "check", lab.write("judged.conf", text), check=False).splitlines()[-1]
    good, flawed = config(), config(instance(extra="preemtp_delay 3"))
    assert check(good).startswith("0 errors")
    assert check(flawed) == "A start goes on without what can't be used, a reload refuses new errors."
    assert check(good.replace("interface eth0", "")) == "No daemon starts with this."
    daemon = lab.a.run(good)
    lab.wire.wait_advert("a", count=2)
    daemon.configure(flawed)
    assert daemon.ctl("reload").returncode == 2
    daemon.stop()
    daemon = lab.a.run(flawed)
    daemon.wait_ready()
    assert daemon.ctl("reload").returncode == 0


@holdfast_only
@pytest.mark.parametrize("flawed, errors, first", [
    (config(instance(extra="preemtp_delay 3")), 1, "unknown keyword `preemtp_delay` in vrrp_instance"),
    (config(instance(vips=[f"{VIP}/24", "192.0.2.101/40"], extra="notify /nowhere")), 2, "/nowhere can't be run"),
    (config().replace("vrrp_instance", "vrrp_instnace"), 1, "unknown keyword `vrrp_instnace` at the top level"),
], ids=["keyword", "address-and-script", "block"])
def test_status_is_not_well_where_the_configuration_has_errors(lab, flawed, errors, first):
    """The log of the start has said it, and whoever looks later finds all well."""
    daemon = lab.a.run(flawed)
    daemon.wait_ready()
    wait_until(lambda: daemon.ctl("status").returncode in (0, 1), what="an answer")
    done = daemon.ctl("status")
    said = "NOT WELL  the configuration that runs is without what has " + ("an error: " if errors == 1 else f"{errors} errors ")
    line = next((x for x in done.stdout.splitlines() if x.startswith(said)), "")
    assert done.returncode == 1 and first in line and "config.conf:" in line
    status = daemon.wait_ready()
    assert status["config_errors"] == errors and first in status["problems"][0]
    assert daemon.ctl("reload").returncode == 0
    assert daemon.wait_ready()["config_errors"] == errors
    daemon.reload(config(instance(extra="preempt_delay 3\nvirtual_routes {\n}")))
    wait_until(lambda: daemon.wait_ready()["config_errors"] == 0 and daemon.ctl("status").returncode == 0, what="all is well")


def test_include_that_never_held_a_file_forbids_no_reload(lab):
    text = f"include {lab.write('there', '')}.d/*.conf\n"
    daemon = lab.a.run(text + config())
    lab.wire.wait_advert("a", count=2)
    daemon.reload(text + config(instance(priority=110)))
    lab.wire.wait_advert("a", priority=110)


def test_reload_without_an_included_file_changes_nothing(lab):
    included = lab.write("vips.conf", instance(interval=0.1))
    daemon = lab.a.run(f"include {included}\n")
    lab.a.wait_has(VIP)
    os.unlink(included)
    done = daemon.ctl("reload")
    assert done.returncode == 2 and "does not exist" in done.stdout + done.stderr
    settle(0.3)
    assert lab.a.has(VIP)


@holdfast_only
def test_reload_onto_an_interface_that_is_not_there_changes_nothing(lab):
    good, mistyped = config(), config(instance(interface="eth7"))
    daemon = lab.a.run(good)
    lab.wire.wait_advert("a", count=2)
    lab.a.wait_has(VIP)
    last = lab.a.execute(HOLDFAST, "check", lab.write("judged.conf", mistyped), check=False).splitlines()[-2:]
    assert last == ["0 errors, 1 warning, 0 notes", "A start goes on with this, a reload refuses it when it is new."]
    daemon.configure(mistyped)
    done = daemon.ctl("reload")
    assert done.returncode == 2
    assert re.search(r"refused because of \S+:\d+:\d+: .*there is no interface eth7", done.stdout + done.stderr)
    settle(0.5)
    assert lab.a.has(VIP) and not daemon.logged("(?i)entering FAULT")
    daemon.configure(config(instance(interface="eth7"), extra="dynamic_interfaces"))
    assert daemon.ctl("reload", "--dry-run").returncode == 0


@holdfast_only
def test_interface_that_is_missing_already_forbids_no_reload(lab):
    late = instance("VI_2", 52, interface="late0", vips=["192.0.2.102/24"])
    daemon = lab.a.run(config(instance(), late))
    lab.wire.wait_advert("a", count=2)
    daemon.configure(config(instance(priority=110), late))
    assert daemon.ctl("reload").returncode == 0
    lab.wire.wait_advert("a", priority=110)


@holdfast_only
def test_interface_that_has_gone_since_forbids_no_reload(lab):
    lab.a.ip("link add late0 type veth peer name late1")
    late = instance("VI_2", 52, interface="late0", vips=["192.0.2.102/24"])
    daemon = lab.a.run(config(instance(), late))
    lab.wire.wait_advert("a", count=2)
    lab.a.ip("link del late0")
    daemon.configure(config(instance(priority=110), late))
    assert daemon.ctl("reload").returncode == 0
    lab.wire.wait_advert("a", priority=110)


def service(method):
    return (f"virtual_server 192.0.2.100 80 {{\nlvs_sched rr\nlvs_method {method}\nprotocol TCP\n"
            "real_server 192.0.2.5 80 {\nweight 1\n}\n}\n")


@holdfast_only
def test_reload_that_leaves_a_service_without_a_server_changes_nothing(lab):
    if "nftables carries" not in lab.a.execute(HOLDFAST, "check", lab.write("nat.conf", service("NAT")), check=False):
        pytest.skip("only where IPVS does not carry the virtual servers")
    daemon = lab.a.run(service("NAT"))
    daemon.wait_log("Startup complete")
    daemon.configure(service("TUN"))
    done = daemon.ctl("reload")
    assert done.returncode == 2
    assert re.search(r"refused because of \S+:1:1: .*no TUN; no server gets anything", done.stdout + done.stderr)
    assert daemon.status()["generation"] == 1
    daemon.stop()
    daemon = lab.a.run(service("TUN"))
    daemon.wait_ready()
    assert daemon.ctl("reload").returncode == 0
