# SPDX-License-Identifier: GPL-2.0-or-later
"""Twins: keepalived and holdfast, each alone in a namespace like the other's, given the same
configuration and the same events; what they made of it, side by side.

What their checks ask is ours to answer: doors (TCP ports of loopback, open or closed, that also speak
enough HTTP), exit statuses of MISC_CHECK, numbers of track files. In a configuration text @DIR@ is
the twin's own directory.
"""
import collections
import os
import select
import shlex
import socket
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass, field

from . import ns
from .lab import Lab
from .wait import PATIENCE, wait_until

DOOR = 7000         # the port of door 0
NUMBERS = range(1, 9)
REPLY = b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Doors:
    """Every open door of every twin, served by one thread."""

    def __init__(self):
        self._listeners = {}    # (namespace, number) -> socket
        self._guests = {}       # descriptor -> socket
        self._poll = select.epoll()
        self._lock = threading.Lock()
        threading.Thread(target=self._serve, daemon=True).start()

    def set(self, namespace, wanted):
        """Exactly these doors are open from now on."""
        for number in NUMBERS:
            key = (namespace, number)
            with self._lock:
                if number in wanted and key not in self._listeners:
                    self._listeners[key] = sock = ns.inside(namespace, self._open, number)
                    self._poll.register(sock.fileno(), select.EPOLLIN)
                elif number not in wanted and key in self._listeners:
                    self._listeners.pop(key).close()

    @staticmethod
    def _open(number):
        sock = socket.socket(socket.AF_INET)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", DOOR + number))
        sock.listen(256)
        sock.setblocking(False)
        return sock

    def _serve(self):
        while True:
            for descriptor, _ in self._poll.poll():
                with self._lock:
                    self._ready(descriptor)

    def _ready(self, descriptor):
        guest = self._guests.pop(descriptor, None)
        try:
            if guest is not None:
                with guest:
                    if guest.recv(4096):
                        guest.sendall(REPLY)
                return
            listener = next((s for s in self._listeners.values() if s.fileno() == descriptor), None)
            if listener is not None:
                guest = listener.accept()[0]
                guest.setblocking(False)
                self._guests[guest.fileno()] = guest
                self._poll.register(guest.fileno(), select.EPOLLIN)
        except OSError:
            pass


DOORS = Doors()

DONE = r"(Startup|Reload) complete|nothing was changed"
NOTE = '#!/bin/sh\necho "$*" >>"${0%/*}/notes"\n'
MISC = '#!/bin/sh\nread status <"${0%/*}/exit.$1"\nexit $status\n'


class Twin:
    """One of the two; `kind` as in daemons."""

    def __init__(self, node, kind):
        self.node = node
        self.kind = kind
        self.dir = tempfile.mkdtemp(prefix=f"{node.name}-", dir=node.lab.directory)
        os.chmod(self.dir, 0o755)
        os.chmod(node.lab.directory, 0o755)
        for name, text in (("note", NOTE), ("misc", MISC)):
            self._write(name, text, 0o755)
        for number in NUMBERS:
            self.status(number, 0)
            self.number(number, 0)
        self._write("notes", "")
        os.mkfifo(self._path("fifo"), 0o600)
        self.fifo = os.open(self._path("fifo"), os.O_RDWR | os.O_NONBLOCK)
        self.told = b""
        self.daemon = None
        self.exit = None

    def _path(self, name):
        return os.path.join(self.dir, name)

    def _write(self, name, text, mode=0o644):
        """At once: a check may be reading it."""
        with open(self._path(".new"), "w", encoding="ascii") as handle:
            handle.write(text)
        os.chmod(self._path(".new"), mode)
        os.rename(self._path(".new"), self._path(name))

    def close(self):
        DOORS.set(self.node.namespace, ())
        os.close(self.fifo)

    # -- what happens to it ---------------------------------------------------------------------

    def conf(self, text):
        """Start, or reload, with this configuration."""
        text = text.replace("@DIR@", self.dir)
        if self.daemon is None:
            self.daemon = self.node.run(text, self.kind)
        else:
            self.daemon.reload(text)

    def ready(self, loads, timeout=PATIENCE):
        """Until it has said that its start and its reloads are done."""
        wait_until(lambda: not self.running() or len(self.daemon.logged(DONE)) >= loads, what="the configuration", timeout=timeout)

    def doors(self, wanted):
        DOORS.set(self.node.namespace, wanted)

    def status(self, number, value):
        self._write(f"exit.{number}", f"{value}\n")

    def number(self, number, value):
        self._write(f"number.{number}", f"{value}\n")

    def write(self, name, text):
        self._write(name, text)

    def ipvs(self, *words):
        self.node.execute("ipvsadm", *words)

    def address(self, verb, address):
        self.node.ip(f"addr {verb} {address} dev lo", check=False)

    def stop(self):
        self.exit = self.daemon.stop() if self.running() else self.daemon.process.wait()

    def running(self):
        return self.daemon is not None and self.daemon.running()

    # -- what came of it --------------------------------------------------------------------------

    def table(self):
        """The kernel's services: {service: [its options, each server with its options]}."""
        def read():
            return [subprocess.run(["ipvsadm", *words], capture_output=True, text=True, check=False).stdout
                    for words in (["-Sn"], ["-Ln", "--thresholds"])]
        saved, thresholds = ns.inside(self.node.namespace, read)
        table = parse(saved)
        for service, server, limits in parse_thresholds(thresholds):
            table[service][1][server] += f" thresholds {limits}"
        return table

    def lines(self):
        """All FIFO lines so far."""
        try:
            while data := os.read(self.fifo, 65536):
                self.told += data
        except BlockingIOError:
            pass
        return self.told.replace(b"\0", b"").decode().splitlines()

    def notes(self):
        with open(self._path("notes"), encoding="ascii") as handle:
            return handle.read().splitlines()


# -- the kernel's tables as text ------------------------------------------------------------------

def parse(text):
    """{service: [options, {server: options}]} of `ipvsadm -Sn`."""
    table = {}
    for line in text.splitlines():
        words = shlex.split(line)
        if words and words[0] == "-A":
            service, rest = _service(words[1:])
            table[service] = [rest, {}]
        elif words:
            service, rest = _service(words[1:])
            at = rest.index("-r")
            table[service][1][rest[at + 1]] = " ".join(rest[:at] + rest[at + 2:])
    return {service: [" ".join(head), servers] for service, (head, servers) in table.items()}


def _service(words):
    """The words that name the service, joined; the others."""
    if words[0] == "-f" and "-6" in words:
        return f"-6 -f {words[1]}", [word for word in words[2:] if word != "-6"]
    return " ".join(words[:2]), words[2:]


def parse_thresholds(text):
    kinds = {"TCP": "-t", "UDP": "-u", "SCTP": "--sctp-service"}
    service = None
    for line in text.splitlines()[3:]:
        words = line.split()
        if words[0] in kinds:
            service = f"{kinds[words[0]]} {words[1]}"
        elif words[0] == "FWM":
            service = f"-6 -f {words[1]}" if "IPv6" in words else f"-f {words[1]}"
        elif words[0] == "->" and words[2:4] != ["0", "0"]:
            yield service, words[1], " ".join(words[2:4])


# -- a life -----------------------------------------------------------------------------------------

@dataclass
class Step:
    """`what` is a method of Twin; `least` seconds pass before the twins are compared."""
    what: str
    args: tuple = ()
    least: float = 0.8

    def __str__(self):
        words = [str(word) for word in self.args if "\n" not in str(word)]
        return " ".join([self.what, *words])


@dataclass
class Difference:
    step: int
    words: str
    where: str      # table, lines, notes, exit, life
    keepalived: object
    holdfast: object

    def __str__(self):
        return (f"step {self.step} ({self.words}), {self.where}:\n  keepalived {self.keepalived}\n"
                f"  holdfast   {self.holdfast}")


@dataclass
class Life:
    """What was seen of both."""
    steps: int = 0
    faults: int = 0     # tables of keepalived that are not those of its own start
    differences: list = field(default_factory=list)
    logs: dict = field(default_factory=dict)


def per_object(lines):
    """{the object: its events in order} of FIFO lines: `VS [..]:tcp:80 UP`."""
    found = collections.defaultdict(list)
    for line in lines:
        name, _, event = line.rpartition(" ")
        found[name].append(event)
    return dict(found)


def compare(seen):
    """[(where, keepalived's, holdfast's)] of two views."""
    found = []
    for where in ("table", "lines", "notes", "life"):
        one, other = (view[where] for view in seen)
        if one == other:
            continue
        if isinstance(one, dict):
            keys = sorted(set(one) | set(other))
            found += [(f"{where} {key}", one.get(key), other.get(key)) for key in keys if one.get(key) != other.get(key)]
        else:
            found.append((where, one, other))
    return found


class Pair:
    """Both twins in a lab of their own. `adjust(view)` may change what is compared."""

    def __init__(self, ours="holdfast-as-keepalived", adjust=None):
        self.lab = Lab("kht", links=0, sniff=False)
        self.twins = [Twin(self.lab.k, "keepalived"), Twin(self.lab.h, ours)]
        self.adjust = adjust
        self.marks = {twin: (0, 0) for twin in self.twins}

    def close(self):
        for twin in self.twins:
            twin.close()
        self.lab.close()

    def _views(self):
        """What each has, and told since the last step."""
        return [self._view_of(twin) for twin in self.twins]

    def _view_of(self, twin):
        lines, notes = self.marks.get(twin, (0, 0))
        view = {"table": twin.table(), "lines": per_object(twin.lines()[lines:]),
                "notes": sorted(twin.notes()[notes:]), "life": twin.running()}
        if self.adjust:
            self.adjust(view, twin.kind)
        return view

    def _afresh(self, world, most=4.0):
        """The table of a keepalived that starts in the world as it is: what a reload should have come to.
        Waits until it is like holdfast's, or for a while."""
        twin = Twin(self.lab.t, "keepalived")
        try:
            for step in world.values():
                getattr(twin, step.what)(*step.args)
            twin.ready(1)
            deadline = time.monotonic() + most
            while True:
                table = self._view_of(twin)["table"]
                if table == self._view_of(self.twins[1])["table"] or time.monotonic() > deadline:
                    return table
                time.sleep(0.2)
        finally:
            twin.stop()
            self.lab.t.daemons.clear()
            twin.close()

    def _sift(self, found, world):
        """Of the differences of tables, those in which holdfast differs from a keepalived that has just
        started as well. The others are faults of keepalived's reload."""
        if not any(where.startswith("table") for where, *_ in found):
            return found, 0
        truth = self._afresh(world) if world else {}
        kept = []
        for where, one, other in found:
            kind, _, key = where.partition(" ")
            if kind != "table":
                kept.append((where, one, other))
            elif truth.get(key) != other:
                kept.append((where, truth.get(key), other))
        return kept, len(found) - len(kept)

    def _settle(self, least, most):
        """Views that are alike, or the last that were not."""
        time.sleep(least)
        deadline = time.monotonic() + most
        while compare(views := self._views()) and time.monotonic() < deadline:
            time.sleep(0.2)
        return views

    def live(self, steps, most=5.0):
        life = Life()
        loads, world = 0, {}
        for number, step in enumerate(steps):
            for twin in self.twins:
                getattr(twin, step.what)(*step.args)
            if step.what == "conf":
                loads += 1
                for twin in self.twins:
                    twin.ready(loads)
            world[step.what, *(step.args[:1] if step.what in ("status", "number") else ())] = step
            found = compare(self._settle(step.least, most))
            if loads > 1:
                found, faults = self._sift(found, {} if step.what == "stop" else world)
                life.faults += faults
            if step.what == "stop":
                ends = [twin.exit for twin in self.twins]
                found += [("exit", *ends)] if ends[0] != ends[1] else []
            life.differences += [Difference(number, str(step), *words) for words in found]
            life.steps += 1
            if any(where == "life" for where, *_ in found):
                break
            self.marks = {twin: (len(twin.lines()), len(twin.notes())) for twin in self.twins}
        life.logs = {twin.kind: twin.daemon.log() for twin in self.twins}
        return life


def live(steps, **more):
    """One life of a pair."""
    pair = Pair(**more)
    try:
        return pair.live(steps)
    finally:
        pair.close()
