# SPDX-License-Identifier: GPL-2.0-or-later
"""Keywords of virtual servers and their checks, on a running daemon."""
import os
import re
import signal

import pytest

from common import VIP, holdfast_only
from netlab import wait_until
from netlab.backend import HTTP, Backend
from netlab.configs import globals_, real_server, virtual_server

pytestmark = [holdfast_only]

TCP = "TCP_CHECK {\n    connect_timeout 1\n    retry 0\n}"


@pytest.fixture
def pair(lab):
    """The daemon runs on a; b has a server."""
    lab.server = Backend(lab.b).start()
    yield lab
    lab.server.kill()


def balanced(lab, check=TCP, extra="", server="", ports=(HTTP,), name=f"{VIP} 80"):
    return virtual_server(name, [real_server(lab.b.address(), port, check=check, extra=server) for port in ports],
                          extra=extra)


def processes(daemon):
    document = daemon.status()
    return {p["name"]: p["pid"] for p in document["processes"]} if document else {}


def service(daemon):
    found = (daemon.status() or {}).get("virtual_servers")
    return found[0] if found else None


def states(daemon):
    found = service(daemon)
    return [server["state"] for server in found["real_servers"]] if found else None


def misc(script, more=""):
    return f'MISC_CHECK {{\n    misc_path "{script}"\n    {more}\n}}'


def test_scheduling_is_that_of_both_processes(pair):
    keywords = "checker_priority -3\nchecker_rt_priority 7\nchecker_cpu_affinity 0\nchecker_process_name hf_checks"
    daemon = pair.a.run(globals_(keywords) + balanced(pair))
    wait_until(lambda: states(daemon) == ["UP"], what="the server")
    pids = processes(daemon)
    for name in ("lvs", "check0"):
        pid = pids[name]
        wait_until(lambda pid=pid: os.sched_getscheduler(pid) & 0xFF == os.SCHED_RR, what=f"SCHED_RR of {name}")
        assert os.sched_getparam(pid).sched_priority == 7
        assert os.getpriority(os.PRIO_PROCESS, pid) == -3
        assert os.sched_getaffinity(pid) == {0}
        with open(f"/proc/{pid}/comm", encoding="ascii") as handle:
            assert handle.read() == "hf_checks\n"
    assert os.sched_getscheduler(pids["runner"]) & 0xFF == os.SCHED_OTHER


def judged_by_the_others(pair, daemon):
    """The server is what its TCP_CHECK says, also after a crash of the lvs process while it was down."""
    wait_until(lambda: states(daemon) == ["UP"], what="a server that is up")
    pair.server.kill()
    wait_until(lambda: states(daemon) == ["DOWN"], what="a server that is down")
    os.kill(processes(daemon)["lvs"], signal.SIGKILL)
    wait_until(lambda: states(daemon) == ["DOWN"], what="the same after the crash")
    pair.server.start()
    wait_until(lambda: states(daemon) == ["UP"], what="the server that is back")


def test_a_command_that_can_not_be_run_is_no_check(pair):
    """Its server is judged by the other checks alone, also after a crash of the lvs process while it was down."""
    daemon = pair.a.run(globals_() + balanced(pair, misc("/nonexistent/check", "alpha") + "\n" + TCP))
    judged_by_the_others(pair, daemon)


def test_a_session_that_nobody_runs_holds_no_server_back(pair):
    daemon = pair.a.run(globals_() + "bfd_instance b {\n    neighbor_ip 192.0.2.2\n    source_ip 192.0.2.1\n}\n"
                        + balanced(pair, "BFD_CHECK {\n    name b\n}\n" + TCP, extra="alpha"))
    judged_by_the_others(pair, daemon)


def test_what_a_command_leaves_behind_is_killed(pair):
    """It takes too long and obeys TERM; its child does not."""
    pids = pair.path("pids")
    child = pair.script("child", f"trap '' TERM; echo $$ >>{pids}; exec sleep 321")
    script = pair.script("slow", f"{child} &\nsleep 321")
    daemon = pair.a.run(globals_() + balanced(pair, misc(script, "misc_timeout 1")))
    wait_until(lambda: states(daemon) == ["DOWN"], what="a command that takes too long")

    def began():
        with open(pids, encoding="ascii") as handle:
            return [int(pid) for pid in handle.read().split()]

    def alive():
        return [pid for pid in began() if os.path.exists(f"/proc/{pid}")]
    assert began()
    wait_until(lambda: len(alive()) <= 1, what="only the child of the run under way")
    daemon.stop()
    wait_until(lambda: not alive(), what="no child after the stop")


def proc_field(pid, file, name):
    """The rest of the line of /proc/PID/FILE that begins with the name."""
    with open(f"/proc/{pid}/{file}", encoding="ascii") as handle:
        return next(line[len(name):].split() for line in handle if line.startswith(name))


def test_memory_and_processor_time_are_those_of_both_processes(pair):
    daemon = pair.a.run(globals_("checker_no_swap\nchecker_rt_priority 5\nchecker_rlimit_rttime 123456") + balanced(pair))
    wait_until(lambda: states(daemon) == ["UP"], what="the server")
    pids = processes(daemon)
    for name in ("lvs", "check0"):
        wait_until(lambda pid=pids[name]: int(proc_field(pid, "status", "VmLck:")[0]) > 0, what=f"locked memory of {name}")
        assert proc_field(pids[name], "limits", "Max realtime timeout")[0] == "123456"
    assert int(proc_field(pids["runner"], "status", "VmLck:")[0]) == 0


def test_receive_buffer_of_the_address_monitor(pair):
    """Of ha_suspend; the kernel doubles what is asked for."""
    def buffers(keywords):
        daemon = pair.a.run(globals_(keywords) + balanced(pair, extra="ha_suspend"))
        wait_until(lambda: states(daemon), what="a status")
        shown = pair.a.execute("ss", "--family", "netlink", "--processes", "--memory")
        daemon.stop()
        return {int(size) for size in re.findall(r"rtnl:.*?rb(\d+)", shown)}
    assert 2 * 54321 not in buffers("")
    assert 2 * 54321 in buffers("lvs_netlink_monitor_rcv_bufs 54321")
    assert 2 * 87654321 in buffers("lvs_netlink_monitor_rcv_bufs 87654321\nlvs_netlink_monitor_rcv_bufs_force")


def read_fifo(pair, name):
    """The lines of a FIFO of ours, from before the daemon opens it."""
    path = pair.path(name)
    os.mkfifo(path)
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    def lines(text=b""):
        try:
            while data := os.read(descriptor, 65536):
                text += data
        except BlockingIOError:
            pass
        return text.decode().splitlines()
    return path, lines


@pytest.mark.parametrize("told", [False, True])
def test_rs_init_notifies(pair, told):
    """A server that starts in the pool is told of only if wanted."""
    path, lines = read_fifo(pair, "fifo")
    daemon = pair.a.run(globals_(f"lvs_notify_fifo {path}\n" + ("rs_init_notifies" if told else "")) + balanced(pair))
    wait_until(lambda: states(daemon) == ["UP"], what="the server")
    seen = []
    wait_until(lambda: seen.extend(lines()) or any(line.startswith("VS ") for line in seen), what="the line of the quorum")
    assert any(line.startswith("RS ") and line.endswith(" UP") for line in seen) == told


def test_lvs_notify_fifo_script(pair):
    """Started once, with the FIFO's path as its last argument; what it reads are the events."""
    got, path = pair.path("got"), pair.path("fifo")
    script = pair.script("reader", f'echo "$@" >{got}; exec cat "$2" >>{got}')
    pair.a.run(globals_(f'lvs_notify_fifo {path}\nlvs_notify_fifo_script "{script} extra"') + balanced(pair))

    def lines():
        with open(got, encoding="utf-8") as handle:
            return handle.read().splitlines()
    wait_until(lambda: os.path.exists(got) and len(lines()) >= 2, what="the line of the quorum")
    assert lines()[0] == f"extra {path}" and lines()[1].startswith("VS ") and lines()[1].endswith(" UP")


@pytest.mark.parametrize("check", ["tcp", "misc"])
@pytest.mark.parametrize("all_of_them", [False, True])
def test_checker_log_all_failures(pair, check, all_of_them):
    """Of three failures that count as one, one is logged, or all of them."""
    timing = "retry 2\n    delay_before_retry 0.1\n    delay_loop 0.2\n    warmup 0"
    flag = pair.path("flag")
    text = {"tcp": f"TCP_CHECK {{\n    {timing}\n}}",
            "misc": misc(pair.script("check", f"test ! -e {flag}"), timing)}[check]
    daemon = pair.a.run(globals_("checker_log_all_failures" if all_of_them else "") + balanced(pair, text))
    wait_until(lambda: states(daemon) == ["UP"], what="the server")
    document = wait_until(lambda: [one for one in daemon.status()["checks"] if one["runs"] > 0], what="a good check")
    assert document
    pair.server.kill()
    pair.write("flag", "")
    wait_until(lambda: states(daemon) == ["DOWN"], what="the server is down")
    failures = len(daemon.logged(r"TCP connection to .* failed|Misc check for .* failed"))
    assert failures >= 3 if all_of_them else failures == 1
