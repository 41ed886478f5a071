# SPDX-License-Identifier: GPL-2.0-or-later
"""The vrrp process allocates nothing once it runs: not per advert, takeover, fault or repair."""
import os
import struct
import subprocess

import pytest

from common import VIP, config, holdfast_only, instance, settle

SOURCE = os.path.join(os.path.dirname(__file__), "..", "netlab", "preload", "count_allocations.c")


@pytest.fixture
def counted(lab):
    """Starts a daemon whose allocations are counted; gives it and a function that reads the count."""
    library, counts = lab.path("count.so"), lab.path("count")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, SOURCE], check=True)

    def start(text):
        daemon = lab.a.run(text, env={"LD_PRELOAD": library, "COUNT_ALLOCATIONS": counts})

        def allocations():
            with open(f"{counts}.{daemon.worker()}", "rb") as handle:
                return struct.unpack("Q", handle.read(8))[0]
        return daemon, allocations
    return start


@holdfast_only
def test_nothing_is_allocated_after_the_start(lab, counted):
    script = lab.script("check", "exit 0")
    daemon, allocations = counted(
        f"vrrp_script chk {{\n script {script}\n interval 1\n weight 5\n}}\n" +
        config(instance(interval=0.1, extra="track_script {\nchk\n}\ngarp_master_refresh 1\n")))
    lab.a.wait_has(VIP)
    settle(0.5)
    before = allocations()
    assert before > 20  # it does count
    lab.b.send_advert(vrid=51, priority=50, interval=0.1)   # a rival, repelled
    lab.b.send_advert(vrid=51, priority=50, interval=0.1, ttl=9)   # an invalid one
    lab.a.ip("addr del 192.0.2.100/24 dev eth0")            # removed by hand, put back
    settle(0.3)
    lab.a.wait_has(VIP)
    lab.b.send_advert(vrid=51, priority=200, interval=0.1)  # a better master: yield, then retake
    lab.a.wait_has_not(VIP)
    lab.a.wait_has(VIP)
    settle(1.2)                                             # a refresh, some script runs
    assert allocations() == before


@holdfast_only
def test_a_reload_may_allocate_and_then_nothing_again(lab, counted):
    daemon, allocations = counted(config(instance(interval=0.1)))
    lab.a.wait_has(VIP)
    settle(0.3)
    before = allocations()
    assert daemon.ctl("reload").returncode == 0
    settle(0.3)
    after = allocations()
    assert after > before
    settle(1)
    assert allocations() == after
