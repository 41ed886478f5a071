# SPDX-License-Identifier: GPL-2.0-or-later
"""Second act: the services behind the address.

               front                     back
    client ----+---- director d1 ----+---- nginx on s1
               +---- director d2 ----+---- nginx on s2

The owner of the virtual address balances it over two nginx servers (NAT; by IPVS where the kernel
has it, else by nftables). The client asks steadily while a server is killed and brought back, a
weight is changed by a reload, the health checking processes are killed, and the master is stopped.
"""
import os
import shutil
import signal
import subprocess
import tempfile
import time

from netlab import wait_until
from netlab.client import Load
from netlab.farm import GATEWAY, VIP, Farm

PORT = 8000
RATE = 100


def configuration(weights):
    servers = "".join(f"""
    real_server {address} {PORT} {{
        weight {weight}
        HTTP_GET {{
            url {{
                path /
                status_code 200
            }}
            connect_timeout 1
            retry 1
            delay_before_retry 0.1
        }}
    }}
""" for address, weight in weights.items())
    return f"""\
vrrp_instance web {{
    state BACKUP
    interface eth0
    virtual_router_id 51
    priority 100
    advert_int 0.3
    version 3
    nopreempt
    virtual_ipaddress {{
        {VIP}/24 dev eth0
        {GATEWAY}/24 dev eth1
    }}
}}

virtual_server {VIP} {PORT} {{
    delay_loop 0.2
    lb_algo wrr
    lb_kind NAT
    protocol TCP
{servers}}}
"""


class Nginx:
    """One nginx in the namespace of a node; its page is the node's name."""

    def __init__(self, node):
        self.node = node
        self.directory = tempfile.mkdtemp(prefix="hf-demo-nginx-")
        self.process = None
        path = os.path.join(self.directory, "nginx.conf")
        with open(path, "w", encoding="ascii") as handle:
            handle.write(f"""
daemon off; worker_processes 1; pid {self.directory}/pid; error_log {self.directory}/error.log;
events {{ worker_connections 256; }}
http {{ access_log off; server {{ listen {node.address(1)}:{PORT}; location / {{ return 200 "{node.name}"; }} }} }}
""")
        self.arguments = ("nginx", "-p", self.directory, "-c", path)

    def start(self):
        self.process = subprocess.Popen(self.node.command(*self.arguments), stderr=subprocess.DEVNULL)

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(10)
            self.process = None

    def close(self):
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)


class Services:
    def __init__(self, screen):
        self.screen = screen
        self.farm = None
        self.nginx = {}
        self.directors = {}
        self.load = None
        self.rows = []

    # -- the network --------------------------------------------------------------------------

    def build(self):
        self.screen.head("A virtual server: two directors, a client, and nginx on two servers")
        self.farm = Farm(directors=2, servers=2, static=False)
        for node in self.farm.servers:
            self.nginx[node.name] = Nginx(node)
            self.nginx[node.name].start()
        for line in self.configuration(1, 1).splitlines():
            self.screen.say(self.screen.paint("    " + line, "cyan"))

    def configuration(self, first, second):
        return configuration({self.farm.real("s1"): first, self.farm.real("s2"): second})

    def start_directors(self):
        for node in self.farm.directors:
            self.directors[node.name] = node.run(self.configuration(1, 1), "holdfast")
            self.directors[node.name].wait_ready()
        self.wait_master("d1", "d2")

    def wait_master(self, *names):
        def role(name):
            instance = self.directors[name].running() and self.directors[name].instance("web")
            return instance and instance["state"] == "MASTER"
        wait_until(lambda: any(role(name) for name in names), what=f"one of {', '.join(names)} is master", interval=0.05)
        return next(name for name in names if role(name))

    def servers(self, director):
        """{server: whether it is up}, as the director's status has it."""
        service = self.directors[director].status()["virtual_servers"][0]
        return {self.farm.name_of(one["name"][1:].partition("]")[0]): one["state"] == "UP"
                for one in service["real_servers"]}

    def wait_server(self, name, up):
        wait_until(lambda: all(self.servers(director)[name] == up for director in self.directors),
                   what=f"{name} is {'up' if up else 'down'} on both directors", interval=0.02)

    def show(self, director):
        status = self.directors[director].ctl("status", check=True).stdout
        for line in status.partition("Virtual servers\n")[2].partition("\n\n")[0].splitlines():
            self.screen.say(self.screen.paint(f"{director}: {line.strip()}", "cyan"))

    # -- the client ---------------------------------------------------------------------------

    def begin(self):
        self.load = Load(self.farm.client, VIP, PORT, rate=RATE)
        self.load.wait(RATE // 2)

    def end(self, event, expected_loss=False):
        self.load.wait(RATE // 2)
        outcome, self.load = self.load.stop(), None
        answers = ", ".join(f"{name} {count}" for name, count in sorted(outcome.answers.items()))
        failed = len(outcome.failures)
        span = outcome.failures[-1][0] - outcome.failures[0][0] if failed else 0.0
        self.rows.append((event, answers, outcome.requests, failed, span, expected_loss))
        self.screen.say(self.screen.paint(
            f"client: {outcome.requests} requests, answered by {answers}; {failed} without an answer"
            + (f", all within {span:.3f} s" if failed else ""), "yellow" if failed else "green", "bold"))

    # -- the play -----------------------------------------------------------------------------

    def play(self):
        self.build()
        self.screen.head("Both directors are started")
        self.start_directors()
        master = self.wait_master("d1", "d2")
        other = "d2" if master == "d1" else "d1"
        self.wait_server("s1", True)
        self.show(master)

        self.screen.head(f"The client asks {RATE} times a second")
        self.begin()
        self.end("steady")

        self.screen.head("nginx on s1 is killed: it leaves the pool when two checks have failed")
        self.begin()
        self.nginx["s1"].stop()
        self.wait_server("s1", False)
        self.show(master)
        self.end("s1 killed", expected_loss=True)

        self.screen.head("nginx on s1 is back: it returns after the next check")
        self.begin()
        self.nginx["s1"].start()
        self.wait_server("s1", True)
        self.end("s1 back")

        self.screen.head("Reload: s2 gets three times the work")
        self.begin()
        for daemon in self.directors.values():
            daemon.configure(self.configuration(1, 3))
            self.screen.say(daemon.ctl("reload", check=True).stdout.strip().splitlines()[-1])
        self.end("reload")

        self.screen.head("The checking and balancing processes of the master are killed: they adopt")
        self.begin()
        self.kill_workers(master)
        time.sleep(1)
        self.end("workers killed")

        self.screen.head(f"The master {master} is stopped in good order")
        self.begin()
        self.directors[master].signal(signal.SIGTERM)
        self.wait_master(other)
        self.screen.say(f"{master} exited with status {self.directors[master].wait_exit()}")
        self.end("stop of master", expected_loss=True)

    def kill_workers(self, director):
        for pid in self.directors[director].pids():
            with open(f"/proc/{pid}/cmdline", "rb") as handle:
                words = handle.read().split(b"\0")
            if words[1:3] in ([b"--worker", b"lvs"], [b"--worker", b"check"]):
                os.kill(pid, signal.SIGKILL)

    def summary(self):
        self.screen.head("Summary")
        self.screen.say(f"{'event':16} {'answered by':24} {'requests':>9} {'lost':>6} {'within':>9}")
        for event, answers, requests, failed, span, _ in self.rows:
            self.screen.say(f"{event:16} {answers:24} {requests:9} {failed:6} {f'{span:.3f} s' if failed else '-':>9}")
        good = all(expected or failed == 0 for *_, failed, _, expected in self.rows)
        self.screen.say("")
        self.screen.say(self.screen.paint(
            "only a server that dies under the request costs one" if good
            else "requests were lost where none should be", "green" if good else "red", "bold"))
        return good

    def close(self):
        if self.load is not None:
            self.load.close()
        for server in self.nginx.values():
            server.close()
        if self.farm is not None:
            self.farm.close()
