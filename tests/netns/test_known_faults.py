# SPDX-License-Identifier: GPL-2.0-or-later
"""Defects of keepalived that must not be here (those that no other file tests by the way)."""
import os

from common import VIP, better, config, instance, settle, stall, v2

TRACK = "track_script {\nchk\n}"


@better("init_fail has no effect once tracked")
def test_init_fail_counts_until_the_first_result(lab):
    script = lab.script("slow", "sleep 2")
    lab.a.run(config(f"vrrp_script chk {{\nscript {script}\ninterval 5\ntimeout 4\nweight -20\ninit_fail\n}}\n",
                     instance(extra=TRACK)))
    assert lab.wire.wait_advert("a").priority == 80
    lab.wire.wait_advert("a", priority=100)


@better("unicast_ttl stops the adverts of a multicast instance")
def test_unicast_ttl_without_peers_does_not_silence_the_instance(lab):
    lab.a.run(config(instance(extra="unicast_ttl 64")))
    assert lab.wire.wait_advert("a").ttl == 255


def test_bin_true_works_where_bin_is_a_link(lab):
    assert os.path.islink("/bin")
    lab.a.run(config("vrrp_script chk {\nscript /bin/true\ninterval 1\nweight 10\n}\n", instance(extra=TRACK)))
    lab.wire.wait_advert("a", priority=110)


def test_backup_whose_timer_is_long_survives_a_flood_of_garbage(lab):
    router = lab.b.router(vrid=51, priority=200)
    lab.a.run(config()).listening()
    settle(0.5)
    frame = lab.b.advert_frame(vrid=51, priority=200, spoil=True)
    start = lab.now()
    while lab.now() - start < 0.7:
        for _ in range(50):
            lab.b.send(frame)
        settle(0.002)
    assert not lab.wire.adverts("a")
    router.stop()
    lab.a.wait_has(VIP)


def test_flood_of_valid_lower_adverts_does_not_delay_the_masters_own(lab):
    lab.a.run(config(instance(extra="lower_prio_no_advert\ngarp_lower_prio_repeat 0")))
    lab.wire.wait_advert("a", count=2)
    frame = lab.b.advert_frame(vrid=51, priority=50, interval=0.1)
    start = lab.now()
    while lab.now() - start < 1:
        for _ in range(20):
            lab.b.send(frame)
        settle(0.005)
    times = [a.time for a in lab.wire.adverts("a", since=start)]
    assert len(times) >= 8 and max(y - x for x, y in zip(times, times[1:])) < 0.15 + stall()


@better("notify_deleted in a sync group is refused")
def test_notify_deleted_in_a_sync_group_is_taken(lab):
    daemon = lab.a.run(config("vrrp_sync_group G1 {\ngroup {\nVI_1\n}\nnotify_deleted\n}\n", instance()))
    lab.a.wait_has(VIP)
    assert not daemon.logged("(?i)unknown keyword.*notify_deleted")


def test_owner_ignore_adverts_off_is_off(lab):
    lab.a.run(config(instance(priority=255, state="MASTER", extra="owner_ignore_adverts off")))
    lab.a.wait_has(VIP)
    settle(0.2)
    lab.b.router(vrid=51, priority=255, source="192.0.2.200")
    lab.a.wait_has_not(VIP)


def test_strict_mode_drops_the_password_and_does_not_accept(lab):
    lab.a.run(config(v2(extra="authentication {\nauth_type PASS\nauth_pass s3cret\n}\nstrict_mode on")))
    advert = lab.wire.wait_advert("a")
    assert advert.auth_type == 0 and advert.auth == bytes(8)
    settle(0.2)
    assert "0 received" in lab.b.execute("ping", "-c", "1", "-W", "1", VIP, check=False)


def test_strict_mode_keeps_silent_at_lower_adverts(lab):
    lab.a.run(config(instance(interval=1, extra="strict_mode on")))
    first = lab.wire.wait_advert("a")
    settle(0.3)
    lab.b.send_advert(vrid=51, priority=50, interval=1)
    settle(0.3)
    assert not lab.wire.adverts("a", since=first.time + 0.001)
    assert not [g for g in lab.wire.garps("a") if g.time > first.time + 0.25]


def test_wrong_configuration_at_start_is_an_exit_not_a_hang(lab):
    daemon = lab.a.run("vrrp_instance VI_1 {\ninterface eth0\nvirtual_ipaddress {\n192.0.2.100/24\n}\n}\n")
    assert daemon.wait_exit() != 0


def test_missing_configuration_file_is_an_exit(lab):
    daemon = lab.a.run(config())
    daemon.kill()
    os.unlink(daemon.config_file)
    daemon.start()
    assert daemon.wait_exit() != 0
