# SPDX-License-Identifier: GPL-2.0-or-later
"""First act: a pair of directors that fails over.

    client ---- front bridge ----+---- director a ----+---- back bridge ---- upstream
                                 +---- director b ----+

Both directors run the "simplest HA pair" configuration of the guide, one file for both: unchanged
except for the names of the instance's interface and address. The client sends a thousand
requests a second to the virtual address, whose owner passes them on to the upstream, while the master
is crashed, comes back, and at last is stopped in good order.
"""
import signal
import time

from netlab import Lab, wait_until
from netlab.prober import Prober

VIP = "192.0.2.139"

CONFIGURATION = f"""\
vrrp_sync_group VI_GOP_NC1_HA {{
group {{
VI_GOP_NC1_HA_PRI
}}
}}

vrrp_instance VI_GOP_NC1_HA_PRI {{
state BACKUP
interface eth0
virtual_router_id 139
priority 100
advert_int 1
nopreempt
authentication {{
auth_type PASS
auth_pass 1111
}}
virtual_ipaddress {{
{VIP}/24 dev eth0
}}
}}
"""
INSTANCE = "VI_GOP_NC1_HA_PRI"

class Pair:
    def __init__(self, screen):
        self.screen = screen
        self.lab = None
        self.prober = None
        self.directors = {}
        self.rows = []
        self.kernel_late = 0.0

    # -- the network ----------------------------------------------------------------------------

    def build(self):
        self.screen.head("Two directors, a client and an upstream, each in a network namespace")
        self.lab = Lab(("a", "b", "client", "upstream"), links=2)
        self.screen.say(f"virtual address {VIP} on the front network; the configuration, the same on both:")
        for line in CONFIGURATION.splitlines():
            self.screen.say(self.screen.paint("    " + line, "cyan"))

    def start_director(self, name):
        node = getattr(self.lab, name)
        if name in self.directors:
            self.directors[name].start()
        else:
            self.directors[name] = node.run(CONFIGURATION, "holdfast")
        self.directors[name].wait_ready()

    def role(self, name):
        instance = self.directors[name].running() and self.directors[name].instance(INSTANCE)
        return instance["state"] if instance else "down"

    def show(self):
        """The state of both nodes, as `holdfast status` tells it."""
        for name, daemon in self.directors.items():
            instance = daemon.instance(INSTANCE) if daemon.running() else None
            if instance is None:
                self.screen.say(f"{name}: {self.screen.paint('down', 'red')}")
                continue
            state = instance["state"]
            colour = {"MASTER": "green", "FAULT": "red"}.get(state, "yellow")
            vip = "has" if any(v["present"] for v in instance["vips"]) else "does not have"
            self.screen.say(f"{name}: {self.screen.paint(f'{state:6}', colour, 'bold')} for {instance['since_s']:.1f} s, "
                            f"{vip} {VIP}; {instance['cause']}")

    def wait_role(self, name, state, timeout=10):
        wait_until(lambda: self.role(name) == state, what=f"director {name} is {state}", timeout=timeout, interval=0.05)

    # -- the client ---------------------------------------------------------------------------------

    def probe(self):
        self.prober = Prober(self.lab.client, [self.lab.a, self.lab.b], VIP,
                             upstream=(self.lab.upstream, self.lab.upstream.address(1)))

    def result(self, event):
        """End the client's present series and note it in the summary."""
        time.sleep(0.5)
        result = self.prober.stop()
        self.prober = None
        gap = result["gap"]
        self.rows.append((event, " -> ".join(result["owners"]) or "-", result["sent"], result["lost"], gap))
        colour = "green" if not result["lost"] else "yellow"
        self.screen.say(self.screen.paint(
            f"client: {result['sent']} requests, {result['lost']} without an answer"
            + (f", longest gap {gap:.3f} s" if result["lost"] else ""), colour, "bold"))
        return result

    # -- the play -------------------------------------------------------------------------------------

    def play(self):
        self.build()
        self.screen.head("Director a is started, then b")
        self.start_director("a")
        self.wait_role("a", "MASTER")
        self.start_director("b")
        self.wait_role("b", "BACKUP")
        self.show()

        self.screen.head("The client asks 1,000 times a second: nothing happens")
        self.probe()
        time.sleep(1.5)
        self.result("steady")

        self.screen.head("Director a crashes: every process killed, cables out")
        self.probe()
        time.sleep(1)
        last = self.lab.wire.adverts("a", link=0)[-1].time
        self.lab.a.crash()
        self.wait_role("b", "MASTER")
        takeover = self.lab.wire.wait_advert("b", link=0).time
        self.screen.say(f"b took over {takeover - last:.3f} s after a's last advert "
                        f"(the RFC's 3 x 1 s + skew 0.609 s)")
        self.show()
        self.result("crash of a")

        self.screen.head("Director a comes back: nopreempt, so b keeps the role")
        self.probe()
        for link in range(2):
            self.lab.a.carrier(True, link)
        self.start_director("a")
        self.wait_role("a", "BACKUP")
        time.sleep(4.2)
        self.show()
        self.result("return of a")

        self.screen.head("Director b is stopped in good order (SIGTERM)")
        self.probe()
        time.sleep(1)
        stopped = self.lab.now()
        self.directors["b"].signal(signal.SIGTERM)
        self.wait_role("a", "MASTER")
        status = self.directors["b"].wait_exit()
        self.screen.say(f"b exited with status {status}")
        self.show()
        self.result("stop of b")
        first = self.lab.wire.adverts("a", since=stopped)[0].time
        self.kernel_late = max(0.0, self.lab.wire.garps("a", since=first)[0].time - first - 0.03)

    def summary(self):
        self.screen.head("Summary")
        self.screen.say(f"{'event':14} {'answered by':12} {'requests':>9} {'lost':>6} {'longest gap':>12}")
        for event, owners, sent, lost, gap in self.rows:
            self.screen.say(f"{event:14} {owners:12} {sent:9} {lost:6} {f'{gap:.3f} s' if lost else '-':>12}")
        lost = {row[0]: row[3] for row in self.rows}
        # b goes on for 30 ms after a's first advert: a kernel that takes longer to give a the address loses the rest.
        good = (lost.get("stop of b", 1) <= 1000 * self.kernel_late and lost.get("return of a") == 0
                and lost.get("steady") == 0)
        self.screen.say("")
        self.screen.say(self.screen.paint("a crash costs the master down interval, a planned stop nothing", "green", "bold")
                        if good else self.screen.paint("requests were lost where none should be", "red", "bold"))
        return good

    def close(self):
        if self.prober is not None:
            self.prober.close()
        if self.lab is not None:
            self.lab.close()
