# SPDX-License-Identifier: GPL-2.0-or-later
"""Daemons under test, each with its own configuration, run directory, pid files and log.

Which one `Node.run` starts is said by the environment: HF_DAEMON=holdfast (default), keepalived
(the distribution's) or holdfast-as-keepalived. HOLDFAST names the binary to test, else
build/holdfast of this tree.
"""
import json
import os
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time
from datetime import datetime

from .wait import PATIENCE, Timeout, wait_until

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HOLDFAST = os.environ.get("HOLDFAST") or os.path.join(TREE, "build", "holdfast")
HOLDFAST_AS_KEEPALIVED = os.path.join(os.path.dirname(HOLDFAST), "keepalived")
KEEPALIVED = "/usr/sbin/keepalived"


def children(pid):
    """The processes whose parent is pid."""
    found = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", encoding="ascii") as handle:
                found += [int(word) for word in handle.read().split()]
    except OSError:
        pass
    return found


def descendants(pid):
    found = []
    for child in children(pid):
        found += [child, *descendants(child)]
    return found


class Daemon:
    kind = "?"

    def __init__(self, node, config, name="daemon", env=None, options=()):
        self.node = node
        self.directory = tempfile.mkdtemp(prefix=f"{node.name}-{name}-", dir=node.lab.directory)
        os.chmod(self.directory, 0o755)
        self.config_file = self.path("config.conf")
        self.log_file = self.path("log")
        self.options = list(options)
        self.env = {**os.environ, "TMPDIR": self.directory, **(env or {})}
        self.process = None
        self.started, self._log_began = 0.0, 0
        self._known = set()
        self.configure(config)

    def path(self, name):
        return os.path.join(self.directory, name)

    def configure(self, config):
        """Write the configuration; a running daemon sees it at the next reload."""
        temporary = self.config_file + ".new"
        with open(temporary, "w", encoding="utf-8") as handle:
            handle.write(config)
        os.rename(temporary, self.config_file)

    # -- life -----------------------------------------------------------------------------------

    def command(self):
        raise NotImplementedError

    def start(self):
        with open(self.log_file, "ab") as log:
            self.started, self._log_began = time.time(), self.log_mark()
            self.process = subprocess.Popen(self.node.command(*self.command()), stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, env=self.env, cwd=self.directory,
                                            start_new_session=True)
        return self

    @property
    def pid(self):
        return self.process.pid

    @property
    def began(self):
        """When its elections began: by its own word, or else when it was started."""
        return self.started

    def running(self):
        return self.process is not None and self.process.poll() is None

    def pids(self):
        """The main process and all below it."""
        if not self.running():
            return []
        found = [self.pid, *descendants(self.pid)]
        self._known.update(found)
        return found

    def worker(self, timeout=PATIENCE):
        """The pid of the process that runs the elections."""
        raise NotImplementedError

    def signal(self, number):
        os.kill(self.pid, number)

    def wait_exit(self, timeout=PATIENCE):
        """The exit status (negative: the signal that ended it), as soon as it is there: the wait() of
        subprocess looks only every 50 ms."""
        if self.running():
            exited = os.pidfd_open(self.pid)
            try:
                if not select.select([exited], [], [], timeout)[0]:
                    raise Timeout(f"{self.kind} on {self.node.name} did not exit within {timeout:g} s")
            finally:
                os.close(exited)
        return self.process.wait()

    def stop(self, timeout=PATIENCE):
        """SIGTERM and wait; the exit status."""
        self.signal(signal.SIGTERM)
        return self.wait_exit(timeout)

    def kill(self):
        """SIGKILL to every process at once."""
        if self.process is None:
            return
        if self.process.poll() is None:
            for pid in self.pids():  # first halt them, so that none acts on the death of another
                self._kill(pid, signal.SIGSTOP)
            # the parent last: its end would make the kernel continue the orphaned others
            for pid in reversed(self.pids()):
                self._kill(pid, signal.SIGKILL)
            self.process.wait()

    @staticmethod
    def _kill(pid, number):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass

    def reload(self, config=None):
        if config is not None:
            self.configure(config)
        self.signal(signal.SIGHUP)

    def listening(self, timeout=PATIENCE):
        """Until it is BACKUP for the first time: from then on it hears who is master. Itself."""
        self.wait_log(r"Entering BACKUP STATE \(init\)", timeout, self._log_began)
        return self

    # -- log ------------------------------------------------------------------------------------

    def log(self, since=0):
        """The log from byte `since` on."""
        with open(self.log_file, "rb") as handle:
            handle.seek(since)
            return handle.read().decode("utf-8", "replace")

    def log_mark(self):
        return os.path.getsize(self.log_file)

    def logged(self, pattern, since=0):
        """The matches of a regular expression in the log."""
        return list(re.finditer(pattern, self.log(since), re.M))

    def told(self, pattern, since, otherwise):
        """The time of a log line, where lines have one that is precise enough."""
        line = self.wait_log(rf"^.*{pattern}", since=since)[0]
        try:
            return datetime.fromisoformat(line.split("Z ")[0] + "+00:00").timestamp()
        except ValueError:
            return otherwise

    def wait_log(self, pattern, timeout=PATIENCE, since=0, count=1):
        def enough():
            found = self.logged(pattern, since)
            return found[count - 1] if len(found) >= count else None
        try:
            return wait_until(enough, what=f"log line /{pattern}/ of {self.node.name}", timeout=timeout)
        except Timeout as error:
            raise Timeout(f"{error}\n--- log:\n{self.log(since)}") from None


class Holdfast(Daemon):
    kind = "holdfast"

    def __init__(self, node, config, name="holdfast", **more):
        super().__init__(node, config, name, **more)
        self.run_dir = self.path("run")

    def command(self):
        return [HOLDFAST, "run", "-f", self.config_file, "--run-dir", self.run_dir, "--log", "stderr",
                *self.options]

    def ctl(self, *words, check=False, timeout=PATIENCE):
        """Run `holdfast WORDS --run-dir ...`; the completed process. A reload is refused before the
        start is complete."""
        if words[0] == "reload":
            self.wait_log("Startup complete", timeout, self._log_began)
        return subprocess.run([HOLDFAST, *words, "--run-dir", self.run_dir], capture_output=True, text=True,
                              check=check, timeout=timeout)

    def status(self):
        """The document of `status --json`, or None while there is none, or vrrp does not run."""
        done = self.ctl("status", "--json")
        document = json.loads(done.stdout) if done.returncode in (0, 1) and done.stdout else None
        if document and any(p["name"] == "vrrp" and p["lost"] for p in document["processes"]):
            return None
        return document

    def instance(self, name):
        document = self.status()
        return next((i for i in document["instances"] if i["name"] == name), None) if document else None

    def weights(self, service):
        """{server address: weight} of what a virtual server ("tcp 192.0.2.100:80") has in the kernel, by
        the daemon's own word; None when there is no such service."""
        protocol, _, rest = service.partition(" ")
        host, _, port = rest.rpartition(":")
        name = f"[{host.strip('[]')}]:{protocol}:{port}"
        document = self.status() or {"virtual_servers": []}
        for found in document["virtual_servers"]:
            if found["name"] == name:
                return {server["name"].partition("]")[0].strip("["): server["weight"]
                        for server in found["real_servers"] if server["in_table"]}
        return None

    @property
    def began(self):
        first = self.wait_log(r"^(\S+)Z \S+_vrrp\[", since=self._log_began)
        return datetime.fromisoformat(first[1] + "+00:00").timestamp()

    def wait_ready(self, timeout=PATIENCE):
        return wait_until(self.status, what="holdfast answers status", timeout=timeout)

    def worker(self, timeout=PATIENCE):
        def find():
            document = self.status()
            return document and next((p["pid"] for p in document["processes"]
                                      if p["name"] == "vrrp" and p["pid"]), None)
        return wait_until(find, what="pid of the vrrp worker", timeout=timeout)


class Keepalived(Daemon):
    kind = "keepalived"
    binary = KEEPALIVED

    def __init__(self, node, config, name="keepalived", **more):
        super().__init__(node, config, name, **more)
        self.env["HOLDFAST_RUN_DIR"] = self.path("run")

    def command(self):
        return [self.binary, "-n", "-l", "-D", "-G", "-f", self.config_file, "-p", self.path("keepalived.pid"),
                "-r", self.path("vrrp.pid"), "-c", self.path("checkers.pid"), "-b", self.path("bfd.pid"),
                *self.options]

    def kill(self):
        """Also its pid files go, as /run does in a power cut: the numbers in them may live on as
        zombies that nobody reaps, which keepalived takes for itself still running."""
        super().kill()
        for name in ("keepalived.pid", "vrrp.pid", "checkers.pid", "bfd.pid"):
            if os.path.exists(self.path(name)):
                os.unlink(self.path(name))

    def wait_ready(self, timeout=PATIENCE):
        return self.worker(timeout)

    def worker(self, timeout=PATIENCE):
        def find():
            try:
                with open(self.path("vrrp.pid"), encoding="ascii") as handle:
                    return int(handle.read() or 0)
            except OSError:
                return None
        return wait_until(find, what="pid file of the vrrp process", timeout=timeout)


class HoldfastAsKeepalived(Keepalived):
    kind = "holdfast-as-keepalived"
    binary = HOLDFAST_AS_KEEPALIVED


class Frr(Daemon):
    """FRR's zebra and vrrpd. `config` is vrrpd's: the `interface` lines with `vrrp` statements; the
    macvlan devices FRR wants are made by the caller (see `macvlan`)."""
    kind = "frr"
    directory_of_daemons = "/usr/lib/frr"
    user = "frr"

    def __init__(self, node, config, name="frr", **more):
        super().__init__(node, config, name, **more)
        self.zebra = None
        os.chmod(node.lab.directory, 0o755)
        shutil.chown(self.directory, self.user, self.user)

    @staticmethod
    def macvlan(node, vrid, address, interface="eth0", family=4):
        """The device that gives a virtual router of FRR its MAC and its address."""
        name = f"vrrp{family}-{vrid}"
        number = 1 if family == 4 else 2
        node.ip(f"link add {name} link {interface} type macvlan mode bridge")
        node.ip(f"link set dev {name} address 00:00:5e:00:{number:02x}:{vrid:02x} addrgenmode random")
        node.ip("addr", "add", address, "dev", name, *(["nodad"] if family == 6 else []))
        node.ip(f"link set dev {name} up")
        return name

    def _daemon(self, name, *more):
        return ["chrt", "--rr", "1", f"{self.directory_of_daemons}/{name}", "-u", self.user, "-g", self.user, "-z", self.path("zserv"),
                "-i", self.path(f"{name}.pid"), "--vty_socket", self.directory, "-P", "0", "-A", "127.0.0.1",
                "--log", "stdout", *more]

    def command(self):
        return self._daemon("vrrpd", "-f", self.config_file)

    def start(self):
        empty = self.path("zebra.conf")
        with open(empty, "w", encoding="ascii"):
            pass
        with open(self.log_file, "ab") as log:
            self.zebra = subprocess.Popen(self.node.command(*self._daemon("zebra", "-f", empty)),
                                          stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                          start_new_session=True)
        wait_until(lambda: os.path.exists(self.path("zserv")), what="zebra's socket")
        return super().start()

    def kill(self):
        super().kill()
        if self.zebra is not None and self.zebra.poll() is None:
            self.zebra.kill()
            self.zebra.wait()

    def stop(self, timeout=PATIENCE):
        status = super().stop(timeout)
        self.zebra.terminate()
        self.zebra.wait(timeout)
        return status


_CLASSES = {cls.kind: cls for cls in (Holdfast, Keepalived, HoldfastAsKeepalived, Frr)}


def daemon_kind():
    return os.environ.get("HF_DAEMON", "holdfast")


def daemon_class(kind=None):
    return _CLASSES[kind or daemon_kind()]
