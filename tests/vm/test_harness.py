# SPDX-License-Identifier: GPL-2.0-or-later
"""The harness itself: what a command in the guest sees, leaves behind and ends with."""
import os
import struct
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import guest  # noqa: E402
import kernel  # noqa: E402

CACHE = os.environ.get("HF_VM_CACHE") or os.path.join(guest.TREE, "build", "vm")


def run(*command, options=()):
    return subprocess.run([sys.executable, os.path.join(HERE, "run_guest.py"), "--cache", CACHE, "--timeout", "60",
                           *options, "--", *command], capture_output=True, text=True, timeout=300, check=False)


def test_status_output_and_files(tmp_path):
    """The checkout is there, is not written to; the output directory is."""
    spoiled = os.path.join(HERE, "spoiled")
    script = f"echo 'to a = b'; ls README.md; touch {spoiled} && test -e {spoiled}; echo x >{tmp_path}/kept; exit 7"
    done = run("sh", "-c", script, options=["--output", str(tmp_path)])
    assert done.returncode == 7, done.stderr
    assert done.stdout == "to a = b\nREADME.md\n"
    assert (tmp_path / "kept").read_text(encoding="ascii") == "x\n"
    assert not os.path.exists(spoiled)


def test_the_kernel_has_what_the_tests_need():
    wanted = "ip_vs ip_vs_wrr ip_vs_mh nf_tables nft_numgen nft_fwd_netdev veth bridge ipip fou ip_gre sch_netem"
    done = run("sh", "-c", f"for m in {wanted}; do test -d /sys/module/$m || echo no $m; done; modprobe wireguard; "
               "test -d /sys/module/wireguard || echo no modprobe; ipvsadm -Ln | head -1")
    assert done.stdout.startswith("IP Virtual Server version"), done.stdout + done.stderr


def test_the_clock_is_right():
    seen = []
    machine = guest.Guest(guest.prepare(CACHE), ["sh", "-c", "date +%s.%N; sleep 3; date +%s.%N"], timeout=60)
    assert machine.run(lambda data: seen.append((time.time(), float(data)))) == 0
    (first, first_guest), (last, last_guest) = seen
    assert abs((last_guest - first_guest) - (last - first)) < 0.5, seen
    assert abs(last_guest - last) < 2, seen


def test_a_guest_that_dies_shows_its_console():
    done = run("sh", "-c", "echo before; echo c >/proc/sysrq-trigger; sleep 10")
    assert done.returncode == 125
    assert "the guest died" in done.stderr and "sysrq: Trigger a crash" in done.stderr


def test_a_guest_that_hangs_is_ended():
    done = run("sleep", "100", options=["--timeout", "8"])
    assert done.returncode == 125 and "ended after 8 s" in done.stderr


def test_output_before_the_mark_is_whole():
    for data in (b"", b"plain", b"=", b"==st", b"==status-1x"):
        assert guest._before(data + b"==status-12 0\n", b"==status-12 ") == (data, b"==status-12 0\n")
    assert guest._before(b"text ==stat", b"==status-12 ") == (b"text ", b"==stat")
    assert guest._before(b"text", b"==status-12 ") == (b"text", b"")


def test_signatures_are_cut_off():
    signature = b"s" * 300
    data = b"\x7fELF module" + signature + b"\0" * 8 + struct.pack(">I", len(signature)) + kernel.SIGNATURE
    assert kernel.stripped(data) == b"\x7fELF module"
    assert kernel.stripped(b"\x7fELF module") == b"\x7fELF module"


def test_modules_come_after_what_they_need():
    prepared = guest.prepare(CACHE)
    modules = kernel.Modules(prepared.modules[:prepared.modules.index("/lib/modules")], prepared.release)
    order = modules.order(["ip_vs_*", "ip_vs"])
    assert order.index("libcrc32c") < order.index("nf_conntrack") < order.index("ip_vs") < order.index("ip_vs_ftp")
    assert order.index("crc32c_generic") < order.index("libcrc32c"), "a soft dependency by an alias"
    assert len(order) == len(set(order))
