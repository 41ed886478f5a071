# SPDX-License-Identifier: GPL-2.0-or-later
"""The binary under the name keepalived: its flags, pid files, signals and exit codes."""
import os
import re
import signal
import socket
import subprocess

import pytest

from common import VIP, better, config, instance, settle
from netlab import HOLDFAST_AS_KEEPALIVED, KEEPALIVED, daemon_kind, wait_until

KIND = "keepalived" if daemon_kind() == "keepalived" else "holdfast-as-keepalived"
BINARY = KEEPALIVED if KIND == "keepalived" else HOLDFAST_AS_KEEPALIVED


@pytest.fixture
def daemon(lab):
    started = lab.a.run(config(), KIND)
    lab.wire.wait_advert("a")
    return started


def keepalived(lab, *words):
    return subprocess.run(lab.a.command(BINARY, *words), capture_output=True, text=True, check=False,
                          timeout=20, cwd=lab.directory)


def test_pid_files_are_written_and_removed(daemon):
    for name, pid in (("keepalived.pid", daemon.pid), ("vrrp.pid", None)):
        text = open(daemon.path(name), encoding="ascii").read()
        assert text.endswith("\n") and os.path.exists(f"/proc/{int(text)}")
        assert pid in (None, int(text))
        assert os.stat(daemon.path(name)).st_mode & 0o777 == 0o644
    assert daemon.stop() == 0
    assert not os.path.exists(daemon.path("keepalived.pid")) and not os.path.exists(daemon.path("vrrp.pid"))


def test_second_daemon_with_the_same_pid_file_does_not_start(lab, daemon):
    done = keepalived(lab, *daemon.command()[1:])
    assert done.returncode == 0
    settle(0.2)
    assert daemon.running() and lab.a.has(VIP)


def test_sighup_reloads(lab, daemon):
    daemon.reload(config(instance(priority=140)))
    lab.wire.wait_advert("a", priority=140)


def test_detail_log_has_the_phrases(daemon):
    for phrase in (r"\(VI_1\) Entering BACKUP STATE \(init\)", r"\(VI_1\) Receive advertisement timeout",
                   r"\(VI_1\) Entering MASTER STATE", r"\(VI_1\) setting VIPs\."):
        daemon.wait_log(phrase)


def test_statistics_file_on_usr2(lab, daemon):
    lab.wire.wait_advert("a", count=3)
    settle(0.3)
    daemon.signal(signal.SIGUSR2)
    path = daemon.path("keepalived.stats")
    wait_until(lambda: os.path.exists(path) and "Priority Zero" in open(path).read(), what="the statistics")
    text = open(path).read()
    assert re.match(r"VRRP Instance: VI_1\n  Advertisements:\n    Received: 0\n    Sent: \d+\n  Became master: 1\n", text)


def test_state_dump_on_usr1(daemon):
    daemon.signal(signal.SIGUSR1)
    path = daemon.path("keepalived.data")
    wait_until(lambda: os.path.exists(path) and "VI_1" in open(path).read(), what="the dump")


def test_json_dump_on_its_signal(daemon):
    done = subprocess.run([BINARY, "--signum=JSON"], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("built without JSON")
    daemon.signal(int(done.stdout))
    path = daemon.path("keepalived.json")
    wait_until(lambda: os.path.exists(path) and os.path.getsize(path), what="the JSON file")
    import json
    document = json.load(open(path))
    assert document[0]["data"]["iname"] == "VI_1" and document[0]["data"]["state"] == 2
    assert document[0]["stats"]["become_master"] == 1


@pytest.mark.parametrize("name,number", [("STOP", 15), ("RELOAD", 1), ("DATA", 10), ("STATS", 12)])
def test_signum(name, number):
    done = subprocess.run([BINARY, f"--signum={name}"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, str(number))


def test_signum_of_an_unknown_name():
    assert subprocess.run([BINARY, "--signum=NONSENSE"], capture_output=True, check=False).returncode == 1


def test_unknown_option_is_status_1():
    assert subprocess.run([BINARY, "--no-such-option"], capture_output=True, check=False).returncode == 1


def test_version_is_on_stderr():
    done = subprocess.run([BINARY, "--version"], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "Keepalived" in done.stderr


@pytest.mark.parametrize("text,status", [
    (config(), 0),
    (config(instance(extra="no_such_keyword 5")), 5),
    (config(instance(extra="garp_master_delay")), 2),
    (config() + instance("VI_2"), 4),
])
def test_config_test_statuses(lab, text, status):
    path = lab.write("test.conf", text)
    done = keepalived(lab, "-t", "-f", path)
    if KIND == "keepalived" and status in (2, 4):
        assert done.returncode in (2, 4, 5, 1)
    else:
        assert done.returncode == status, done.stderr


def test_config_test_writes_its_findings_to_a_file(lab):
    path = lab.write("test.conf", config(instance(extra="no_such_keyword 5")))
    keepalived(lab, f"--config-test={lab.path('findings')}", "-f", path)
    assert "no_such_keyword" in open(lab.path("findings")).read()


def test_config_id_selects_lines(lab):
    text = config(instance()).replace("priority 100", "@one priority 111\n@two priority 122\n@^one priority 133")
    text = text.replace("@^one priority 133", "")
    lab.a.run(text, KIND, options=["-i", "two"])
    assert lab.wire.wait_advert("a").priority == 122


def test_dont_release_vrrp_leaves_the_addresses(lab):
    daemon = lab.a.run(config(), KIND, options=["-V"])
    lab.a.wait_has(VIP)
    assert daemon.stop() == 0
    assert lab.a.has(VIP)


def test_daemonises_without_n(lab):
    daemon = lab.a.run("", KIND)
    daemon.kill()
    words = [word for word in daemon.command()[1:] if word not in ("-n", "-l")]
    daemon.configure(config())
    done = subprocess.run(lab.a.command(BINARY, *words), env=daemon.env, check=False, timeout=30)
    assert done.returncode == 0
    lab.wire.wait_advert("a")
    pid = int(open(daemon.path("keepalived.pid")).read())
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not os.path.exists(daemon.path("keepalived.pid")), what="the daemon's end")


@better("2.2.7 ends with success")
def test_dont_respawn_ends_with_the_child(lab):
    daemon = lab.a.run(config(), KIND, options=["-R"])
    lab.a.wait_has(VIP)
    os.kill(daemon.worker(), signal.SIGKILL)
    assert daemon.wait_exit() != 0
    lab.a.wait_has_not(VIP)


def test_umask_of_the_command_line_wins(lab):
    lab.a.run(config(extra=f"umask 0022\nnotify_fifo {lab.path('fifo')}"), KIND, options=["-u", "077"])
    wait_until(lambda: os.path.exists(lab.path("fifo")), what="the FIFO")
    assert os.stat(lab.path("fifo")).st_mode & 0o777 == 0o600


def test_dump_conf_logs_the_configuration(lab):
    daemon = lab.a.run(config(), KIND, options=["-d"])
    daemon.wait_log("VI_1")
    daemon.wait_log(r"192\.0\.2\.100/24")


def test_address_monitoring_logs_every_address(make_lab):
    lab = make_lab("a", links=2)
    daemon = lab.a.run(config(), KIND, options=["-a"])
    lab.a.wait_has(VIP)
    lab.a.ip("addr add 198.51.100.77/24 dev eth1")
    daemon.wait_log(r"Netlink reflector reports IP 198\.51\.100\.77 added to eth1")
    lab.a.ip("addr del 198.51.100.77/24 dev eth1")
    daemon.wait_log(r"Netlink reflector reports IP 198\.51\.100\.77 removed from eth1")


def test_detail_log_names_announcements_and_faults(lab):
    daemon = lab.a.run(config(instance(vips=["192.0.2.100/24", "fe80::1:1/64"][:1],
                                       extra="virtual_ipaddress_excluded {\n2001:db8::150/64\n}")), KIND)
    lab.a.wait_has("2001:db8::150")
    for phrase in (r"\(VI_1\) Sending/queueing gratuitous ARPs on eth0 for 192\.0\.2\.100",
                   r"Sending gratuitous ARP on eth0 for 192\.0\.2\.100",
                   r"\(VI_1\) Sending/queueing Unsolicited Neighbour Adverts on eth0 for 2001:db8::150",
                   r"[Ss]ending unsolicited Neighbour Advert on eth0 for 2001:db8::150",
                   r"\(VI_1\) setting E-VIPs\."):
        daemon.wait_log(phrase)
    lab.a.carrier(False)
    daemon.wait_log(r"Netlink reports eth0 down")
    daemon.wait_log(r"\(VI_1\) Entering FAULT STATE")
    daemon.wait_log(r"\(VI_1\) removing VIPs\.")


@pytest.mark.skipif(KIND == "keepalived", reason="ours")
def test_fault_is_logged_in_the_old_words_too(lab):
    bad = lab.script("bad", "exit 1")
    daemon = lab.a.run(config(f"vrrp_script chk {{\nscript {bad}\ninterval 1\nfall 1\n}}\n",
                              instance(extra="track_script {\nchk\n}")), KIND)
    daemon.wait_log(r"\(VI_1\): entering FAULT state due to script chk")
    daemon.wait_log(r"VRRP_Script\(chk\) failed \(exited with status 1\)")


@better("2.2.7 does not log all of it")
def test_detail_log_tells_of_learned_intervals(lab):
    daemon = lab.a.run(config(instance(interval=0.3)), KIND)
    daemon.wait_ready()
    router = lab.b.router(vrid=51, priority=200, interval=0.1)
    daemon.wait_log(r"\(VI_1\) advertisement interval updated from 300ms to 100ms by master")
    daemon.wait_log(r"\(VI_1\) master set to 192\.0\.2\.2")
    router.stop(priority_zero=True)
    daemon.wait_log(r"\(VI_1\) Backup received priority 0 advertisement")
    daemon.wait_log(r"\(VI_1\) changing advert interval from 100ms to locally configured 300ms")


@pytest.mark.parametrize("options,facility", [([], 3), (["-S", "5"], 21)])
def test_every_process_logs_to_syslog_with_the_facility(lab, options, facility):
    daemon = lab.a.run("", KIND)
    daemon.kill()
    daemon.configure(config())
    words = [word for word in daemon.command() if word not in ("-l", "-G")] + options
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(lab.path("syslog"))
        log.settimeout(5)
        # a /dev of its own, as `ip netns exec` gives each command its own mounts
        prepare = (f"mount --rbind /dev /mnt && mount -t tmpfs none /dev && mkdir /dev/shm && "
                   f"mount --bind /mnt/shm /dev/shm && touch /dev/null && mount --bind /mnt/null /dev/null && "
                   f"ln -s {lab.path('syslog')} /dev/log && exec \"$@\"")
        daemon.process = subprocess.Popen(lab.a.command("sh", "-c", prepare, "sh", *words), env=daemon.env)
        said = []
        while not any("Entering MASTER STATE" in line for line in said):
            said.append(log.recv(8192).decode())
    assert daemon.stop() == 0
    for line in said:
        assert int(line[1:line.index(">")]) >> 3 == facility, line
    assert any("Keepalived_vrrp[" in line for line in said)
