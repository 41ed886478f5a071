# SPDX-License-Identifier: GPL-2.0-or-later
"""Keywords of virtual servers and their checks, on a running daemon."""
import os
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
    wait_until(lambda: states(daemon) == ["UP"], 10, "the server")
    pids = processes(daemon)
    for name in ("lvs", "check0"):
        pid = pids[name]
        wait_until(lambda pid=pid: os.sched_getscheduler(pid) & 0xFF == os.SCHED_RR, 2, f"SCHED_RR of {name}")
        assert os.sched_getparam(pid).sched_priority == 7
        assert os.getpriority(os.PRIO_PROCESS, pid) == -3
        assert os.sched_getaffinity(pid) == {0}
        with open(f"/proc/{pid}/comm", encoding="ascii") as handle:
            assert handle.read() == "hf_checks\n"
    assert os.sched_getscheduler(pids["runner"]) & 0xFF == os.SCHED_OTHER


def test_a_command_that_can_not_be_run_is_no_check(pair):
    """Its server is judged by the other checks alone, also after a crash of the lvs process while it was down."""
    daemon = pair.a.run(globals_() + balanced(pair, misc("/nonexistent/check", "alpha") + "\n" + TCP))
    wait_until(lambda: states(daemon) == ["UP"], 10, "a server that is up")
    pair.server.kill()
    wait_until(lambda: states(daemon) == ["DOWN"], 10, "a server that is down")
    os.kill(processes(daemon)["lvs"], signal.SIGKILL)
    wait_until(lambda: states(daemon) == ["DOWN"], 10, "the same after the crash")
    pair.server.start()
    wait_until(lambda: states(daemon) == ["UP"], 10, "the server that is back")


def test_a_session_that_nobody_runs_holds_no_server_back(pair):
    daemon = pair.a.run(globals_() + "bfd_instance b {\n    neighbor_ip 192.0.2.2\n    source_ip 192.0.2.1\n}\n"
                        + balanced(pair, "BFD_CHECK {\n    name b\n}\n" + TCP, extra="alpha"))
    wait_until(lambda: states(daemon) == ["UP"], 10, "a server that is up")
    pair.server.kill()
    wait_until(lambda: states(daemon) == ["DOWN"], 10, "a server that is down")
    os.kill(processes(daemon)["lvs"], signal.SIGKILL)
    wait_until(lambda: states(daemon) == ["DOWN"], 10, "the same after the crash")
    pair.server.start()
    wait_until(lambda: states(daemon) == ["UP"], 10, "the server that is back")


def test_what_a_command_leaves_behind_is_killed(pair):
    """It takes too long and obeys TERM; its child does not."""
    pids = pair.path("pids")
    child = pair.script("child", f"trap '' TERM; echo $$ >>{pids}; exec sleep 321")
    script = pair.script("slow", f"{child} &\nsleep 321")
    daemon = pair.a.run(globals_() + balanced(pair, misc(script, "misc_timeout 1")))
    wait_until(lambda: states(daemon) == ["DOWN"], 10, "a command that takes too long")

    def alive():
        with open(pids, encoding="ascii") as handle:
            return [pid for pid in map(int, handle.read().split()) if os.path.exists(f"/proc/{pid}")]
    assert alive()
    wait_until(lambda: len(alive()) <= 1, 3, "only the child of the run under way")
    daemon.stop()
    wait_until(lambda: not alive(), 3, "no child after the stop")
