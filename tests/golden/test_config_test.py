# SPDX-License-Identifier: GPL-2.0-or-later
"""The statuses of `keepalived -t`: for each mistake the one that keepalived 2.4.3 gives, or ours and why
it is another one."""
import os
import pathlib
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent
HOLDFAST = os.environ.get("HOLDFAST") or str(HERE.parents[1] / "build" / "holdfast")

SECURE = "global_defs {\n script_user root\n enable_script_security\n}\n"
VI = ("vrrp_instance VI_1 {{\n interface lo\n version 3\n virtual_router_id 51\n priority 100\n {}\n"
      " virtual_ipaddress {{\n  192.0.2.100/32\n }}\n}}\n")
GOOD = VI.format("")
STATIC = "static_ipaddress {{\n 10.9.0.1/32 {}\n}}\n"

# text, status
SAME = {
    "empty file": ("", 0),
    "good file": (SECURE + GOOD, 0),
    "unknown top keyword": (GOOD + "no_such_keyword\n", 5),
    "unknown top keyword with a block": (GOOD + "no_such {\n inner 5\n}\n", 5),
    "unknown keyword in a block": (VI.format("no_such_keyword 5"), 5),
    "unknown keyword with a block inside a block": (VI.format("no_such {\n inner\n }"), 5),
    "keyword in wrong case": (VI.format("Garp_Master_Delay 5"), 5),
    "closing brace missing at the end": (GOOD.rstrip()[:-1], 5),
    "closing brace missing before the next top keyword": (GOOD.rstrip()[:-1] + "\nglobal_defs {\n}\n", 5),
    "surplus closing brace": (GOOD + "}\n", 5),
    "opening brace missing after a keyword block": ("global_defs\n router_id X\n}\n", 5),
    "opening brace missing after a value block": (VI.format("track_interface\n  lo\n }"), 5),
    "second opening brace": ("global_defs {\n {\n router_id X\n}\n", 5),
    "opening brace inside a value block": (VI.format("track_interface {\n {\n  lo\n }"), 5),
    "unclosed quote": (VI.format('notify "/bin/true'), 5),
    "required word missing": (VI.format("garp_master_delay"), 2),
    "vrrp_instance without a name": ("vrrp_instance {\n interface lo\n}\n", 5),
    "vrrp_sync_group without a name": (GOOD + "vrrp_sync_group {\n group {\n  VI_1\n }\n}\n", 5),
    "track_group without a name": (GOOD + "track_group {\n group {\n  VI_1\n }\n}\n", 5),
    "track_file without a name": (GOOD + "track_file {\n file /nowhere\n}\n", 2),
    "vrrp_track_process without a name": (GOOD + "vrrp_track_process {\n process x\n}\n", 2),
    "vrrp_script without a name": (GOOD + "vrrp_script {\n script /bin/true\n}\n", 2),
    "number with letters": (VI.format("garp_master_delay 5s"), 5),
    "hexadecimal number": (VI.format("garp_master_repeat 0x5"), 5),
    "sign where none may be": (VI.format("garp_master_repeat -5"), 5),
    "number out of range": (VI.format("down_timer_adverts 101"), 5),
    "realtime priority out of range": ("global_defs {\n vrrp_rt_priority 100\n}\n" + GOOD, 5),
    "repeat of 0": (VI.format("garp_master_repeat 0"), 5),
    "no boolean": (VI.format("lower_prio_no_advert maybe"), 5),
    "surplus words": (VI.format("garp_master_delay 5 6 7"), 0),
    "the same keyword twice in global_defs": ("global_defs {\n router_id X\n router_id Y\n}\n" + GOOD, 0),
    "global_defs twice": ("global_defs {\n router_id X\n}\nglobal_defs {\n vrrp_strict\n}\n", 0),
    "static block twice": (STATIC.format("dev lo") + STATIC.format("dev lo"), 0),
    "vrrp_instance twice": (GOOD + GOOD, 5),
    "vrrp_sync_group twice": (GOOD + 2 * "vrrp_sync_group G {\n group {\n  VI_1\n }\n}\n", 5),
    "bfd_instance twice": (2 * "bfd_instance B {\n neighbor_ip 192.0.2.9\n}\n", 5),
    "track_file twice": (GOOD + 2 * "track_file t {\n file /nowhere\n}\n", 0),
    "vrrp_script twice": (SECURE + 2 * "vrrp_script s {\n script /bin/true\n}\n" + VI.format("track_script {\n  s\n }"), 0),
    "instance keyword twice": ("instance a\ninstance b\n" + GOOD, 5),
    "undefined track_group": (STATIC.format("dev lo track_group none"), 5),
    "static address of a missing interface": (STATIC.format("dev nowhere0"), 5),
    "missing interface with dynamic_interfaces": ("global_defs {\n dynamic_interfaces\n}\n" + STATIC.format("dev nowhere0"), 0),
    "rule without an action": ("static_rules {\n from 10.9.0.0/24 preference 100\n}\n", 5),
    "rule without a preference": ("static_rules {\n from 10.9.0.0/24 table 100\n}\n", 5),
    "old names that keepalived knows": ("global_defs {\n vrrp_rlimit_rtime 10000\n checker_rlimit_rtime 10000\n"
                                        " lvs_process_name x\n}\nvrrp_track_file t {\n file /dev/null\n}\n", 0),
    "old words that keepalived knows": (VI.format("native_ipv6\n unicast_src_ip ::1\n unicast_peer {\n ::2\n }")
                                        .replace("192.0.2.100/32", "fe80::1"), 0),
    "an old name that it complains of": (VI.format("vmac_garp_intvl 5"), 5),
    "route with an unknown word": ("static_routes {\n 10.9.0.0/24 via 192.0.2.1 nonsense\n}\n", 5),
    "address with an unknown option": (STATIC.format("dev lo nonsense"), 5),
    "address with a bad prefix length": ("static_ipaddress {\n 10.9.0.1/33 dev lo\n}\n", 5),
    "deprecated vmac_garp_intvl": (VI.format("vmac_garp_intvl 5"), 5),
    "IPv6 group that is not link-local": ("global_defs {\n vrrp_mcast_group6 ff05::12\n}\n" + GOOD, 5),
    "include of a missing file": (GOOD + "include /nowhere/at/all.conf\n", 0),
    "include alone": (GOOD + "include\n", 5),
    "unknown include_check": ("global_defs {\n include_check readable\n}\n" + GOOD, 5),
    "definition with blanks": ("$X = 1\n" + GOOD, 5),
    "undefined definition": (VI.format("garp_master_delay ${X}"), 5),
    "bad ~SEQ": (VI.format("~SEQ(a) garp_master_delay 5"), 5),
    "unknown ~": (GOOD + "~OTHER(1, 2) x\n", 5),
    "NUL in a line": (GOOD + "router\0x\n", 5),
    "startup script without script security": ("global_defs {\n script_user root\n startup_script /bin/true\n}\n" + GOOD, 6),
    "script without script security": (VI.format("notify_master /bin/true"), 6),
    "user of scripts that does not exist": ("global_defs {\n script_user nobody_here\n}\n"
                                            + VI.format("notify_master /bin/true"), 5),
    "user of scripts that does not exist, with security": (SECURE.replace("root", "nobody_here")
                                                           + VI.format("notify_master /bin/true"), 5),
    "user of a script that does not exist": (SECURE + "vrrp_script s {\n script /bin/true\n user nobody_here\n}\n"
                                             + VI.format("track_script {\n  s\n }"), 5),
    "duplicate VRID": (GOOD + GOOD.replace("VI_1", "VI_2"), 4),
}

# text, theirs, ours: and why
OTHER = {
    # 2.4.3 crashes
    "bfd_instance without a name": ("bfd_instance {\n neighbor_ip 192.0.2.9\n}\n", 139, 5),
    "${_ENV} without a name": ("global_defs {\n router_id ${_ENV}\n}\n" + GOOD, 139, 5),
    # 2.4.3 never ends
    "definitions that contain each other": ("$A=$B\n$B=$A\n" + VI.format("garp_master_delay $A"), None, 5),
    # it is not done yet, and traffic would go elsewhere
    "an old name of a route": ("static_routes {\n default6 via fe80::1 dev lo\n}\n", 0, 5),
    "a virtual MAC": (VI.format("use_vmac"), 0, 5),
    "AH": (VI.format("authentication {\n auth_type AH\n auth_pass 1\n }").replace("version 3", "version 2"), 0, 5),
}


def status(text, tmp_path, *more):
    path = tmp_path / "test.conf"
    path.write_text(text, encoding="utf-8")
    done = subprocess.run(["keepalived", "-t", "-f", str(path), *more], executable=HOLDFAST, capture_output=True,
                          text=True, timeout=20, check=False)
    return done.returncode, done.stderr


@pytest.mark.parametrize("name", SAME)
def test_status_is_that_of_keepalived(name, tmp_path):
    text, wanted = SAME[name]
    got, said = status(text, tmp_path)
    assert got == wanted, said
    assert said or not wanted, "no finding is told"


@pytest.mark.parametrize("name", OTHER)
def test_status_is_another_for_a_reason(name, tmp_path):
    text, theirs, ours = OTHER[name]
    got, said = status(text, tmp_path)
    assert got == ours and got != theirs, said


def test_word_after_inet6(tmp_path):
    """keepalived 2.4.3 swallows it."""
    _, said = status(GOOD + "static_routes {\n inet6 default via fe80::1 dev lo\n}\n", tmp_path)
    assert [line for line in said.splitlines() if "no effect yet" not in line and "loopback" not in line] == []


def test_files_that_are_none(tmp_path):
    run = lambda *words: subprocess.run(["keepalived", "-t", *words], executable=HOLDFAST, capture_output=True,  # noqa: E731
                                        timeout=20, check=False).returncode
    # 2.4.3 says 0 to what is not there, and the daemon then ends with 6
    for nothing in ("nowhere", "none*", "."):
        assert run("-f", str(tmp_path / nothing)) == 4
        assert run("-e", "-f", str(tmp_path / nothing)) == 4
    for name in ("a.conf", "b.conf"):
        (tmp_path / name).write_text("", encoding="ascii")
    assert run("-f", str(tmp_path / "*.conf")) == 5
    (tmp_path / "run.conf").write_text("", encoding="ascii")
    (tmp_path / "run.conf").chmod(0o755)
    assert run("-f", str(tmp_path / "run.conf")) == 5


def test_missing_includes_are_errors_where_that_is_asked_for(tmp_path):
    assert status(GOOD + "includea /nowhere/at/all.conf\n", tmp_path)[0] == 6
    assert status(GOOD + "include /nowhere/at/all.conf\n", tmp_path, "-e")[0] != 0


def test_line_that_is_too_long_is_a_finding(tmp_path):
    assert status(GOOD + "# fine\nrouter_id " + "x" * 70000 + "\n", tmp_path)[0] == 5
