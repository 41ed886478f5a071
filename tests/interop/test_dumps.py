# SPDX-License-Identifier: GPL-2.0-or-later
"""The files that keepalived's signals write: the same words and numbers from both daemons."""
import json
import os
import re
import signal

import pytest

from netlab import wait_until
from netlab.configs import config, v2
from netlab.daemons import KEEPALIVED

pytestmark = pytest.mark.skipif(not os.path.exists(KEEPALIVED), reason="no keepalived installed")

CONFIG = config(
    'vrrp_script chk {\nscript "/usr/bin/test 1 -eq 1"\ninterval 1\nweight 5\n}\n',
    v2(vips=["192.0.2.100/24", "192.0.2.101 dev eth0 label eth0:1", "10.9.0.1/24 brd 10.9.0.255 scope link"],
       extra="virtual_ipaddress_excluded {\n2001:db8::77/64\n192.0.2.150/32\n}\n"
             "authentication {\nauth_type PASS\nauth_pass s3cret\n}\ntrack_script {\nchk\n}\n"
             "notify \"/usr/bin/test a 'b c'\"\nnotify_master /usr/bin/true\ngarp_master_delay 2\npreempt_delay 3"))


@pytest.fixture
def dumps(lab, ours):
    """Both daemons' (JSON document, statistics, data) as MASTER."""
    def take(node, kind):
        daemon = node.run(CONFIG, kind)
        lab.wire.wait_advert(node.name)
        node.wait_has("192.0.2.150")
        got = []
        for number, name in ((signal.SIGRTMIN + 2, "json"), (signal.SIGUSR2, "stats"), (signal.SIGUSR1, "data")):
            path = daemon.path(f"keepalived.{name}")
            daemon.signal(number)
            wait_until(lambda: os.path.exists(path) and os.path.getsize(path) and  # noqa: B023
                       open(path, encoding="ascii").read().endswith("\n"), what=path)
            assert os.stat(path).st_mode & 0o777 == 0o600
            got.append(open(path, encoding="ascii").read())
        assert daemon.stop() == 0
        return got
    theirs = take(lab.a, "keepalived")
    return theirs, take(lab.b, ours if "keepalived" in ours else "holdfast-as-keepalived")


def test_dumps_are_alike(dumps):
    theirs, mine = dumps
    their, my = json.loads(theirs[0])[0], json.loads(mine[0])[0]
    for document in (their, my):
        # when, by whose order; the password (ours is masked, as 2.4.3's is)
        assert document["data"].pop("last_transition") > 1.7e9
        document["data"].pop("master_priority")
        document["data"].pop("auth_data")
        document["stats"].pop("advert_sent")
    # 2.2.7 knows no trailers yet
    assert {key: my["stats"].pop(key) for key in list(my["stats"]) if key.startswith("auth_ext_")}
    assert my == their
    assert list(my["data"]) == list(their["data"]) and list(my["stats"]) == list(their["stats"])

    def counters(text):
        text = re.sub(r"  Authentication Extension Errors:\n(    .*\n)+", "", text)
        return re.sub(r"Sent: [12]\n  B", "Sent: N\n  B", text).rstrip()
    assert counters(mine[1]) == counters(theirs[1])


def test_data_has_what_exporters_read(dumps):
    for text in (dumps[0][2], dumps[1][2]):
        topology = text[text.index("------< VRRP Topology >------"):]
        for line in (" VRRP Instance = VI_1", "   State = MASTER", "   Wantstate = MASTER", "   Interface = eth0",
                     "   Gratuitous ARP delay = 2", "   Virtual Router ID = 51", "   Virtual IP (3):",
                     "     192.0.2.101 dev eth0 scope global label eth0:1 set", " VRRP Script = chk",
                     "   Status = GOOD", "   State = idle"):
            assert line + "\n" in topology
        assert re.search(r"^   Last transition = \d+\.\d{6} \(\w{3} \w{3} [ \d]\d [\d:]{8}\.\d{6} \d{4}\)$", topology, re.M)
