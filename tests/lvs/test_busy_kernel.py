# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel's lock on interfaces is held by somebody else for seconds: elections go on, on the real lock.

Here and not in tests/netns, and only on the kernel that is ours alone (hence the marks): everybody on this kernel
waits meanwhile.
"""
import pytest

from netlab import Arp, rtnl, wait_until
from netlab.configs import config, instance

pytestmark = [pytest.mark.alone, pytest.mark.ipvs, pytest.mark.holdfast_only]

INTERVAL = 0.5
VIP, OTHER = "192.0.2.100", "192.0.2.101"


def longest_gap(lab, since, **fields):
    times = [since, *(advert.time for advert in lab.wire.adverts("a", since=since, **fields)), lab.now()]
    return max(later - sooner for sooner, later in zip(times, times[1:]))


def obeys(lab, daemon):
    about = daemon.instance("VI_2")
    return about and about["state"] == "BACKUP" and (about["master"] or {}).get("address") == lab.b.address()


def test_adverts_go_on_while_an_address_waits(lab):
    master = lab.b.router(vrid=52, priority=200, addresses=(OTHER,), interval=2)
    daemon = lab.a.run(config(instance("VI_1", 51, interval=INTERVAL),
                              instance("VI_2", 52, interval=INTERVAL, vips=(f"{OTHER}/24",))))
    lab.a.wait_has(VIP, timeout=20)
    lab.b.run(config(instance("VI_1", 51, priority=50, interval=INTERVAL)))
    lab.wire.wait_advert("a", since=lab.now(), vrid=51, count=6, timeout=20)
    wait_until(lambda: obeys(lab, daemon), 20, "a is backup of 52")
    lab.a.wait_has_not(OTHER, timeout=20)
    began = lab.now()
    with rtnl.held(lab.switch, "a0"):
        taken = lab.wire.wait_advert("a", since=master.stop(priority_zero=True), vrid=52, timeout=20).time
        lab.wire.wait_advert("a", since=taken, vrid=52, count=9, timeout=20)
        assert longest_gap(lab, began, vrid=51) < 3 * INTERVAL
        assert longest_gap(lab, taken, vrid=52) < 3 * INTERVAL
        assert not lab.wire.garps("a", since=taken, sender=OTHER)
    lab.a.wait_has(OTHER, timeout=20)
    lab.wire.wait(Arp, since=taken, sender=OTHER, timeout=20)
    assert not lab.wire.adverts("b", since=began, vrid=51), "a needless takeover"
