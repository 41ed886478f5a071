#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a client sees of a virtual address: numbered UDP probes at a steady rate, and their echoes.

Echo servers run on the nodes that may own the address; the client counts probes without an answer
and the longest time between two answered ones. Both are processes of their own, so that neither
the test's other threads nor Python's lock disturb the rate; where that is permitted they are
real-time, so that what is lost was not lost by an echo server that was not run.
"""
import contextlib
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import time

PORT = 7007
IP_FREEBIND, IPV6_FREEBIND = 15, 78
SO_RCVBUFFORCE = 33


def _socket(address):
    """One that loses nothing while its process is not run for a few seconds."""
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
    return sock


def _listen(address):
    """A socket for an address that need not be here yet."""
    sock = _socket(address)
    if ":" in address:
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)
    else:
        sock.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
    sock.bind((address, PORT))
    return sock


def serve(address, name):
    """Echo what arrives for the address, with the name appended."""
    sock = _listen(address)
    print("ready", flush=True)
    while True:
        data, peer = sock.recvfrom(2048)
        try:
            sock.sendto(data + name.encode(), peer)
        except OSError:
            pass  # the address has just left


def relay(address, name, upstream):
    """Pass what arrives for the address on to the upstream, and its answers back."""
    front, back = _listen(address), _socket(upstream)
    back.connect((upstream, PORT))
    peer = None
    print("ready", flush=True)
    while True:
        for sock in select.select([front, back], [], [])[0]:
            try:
                if sock is front:
                    data, peer = front.recvfrom(2048)
                    back.send(data + name.encode())
                elif peer is not None:
                    front.sendto(back.recv(2048), peer)
            except OSError:
                pass  # an address has just left


def probe(address, rate):
    """Probe until SIGTERM, then print the result."""
    sock = _socket(address)
    sock.setblocking(False)
    running = [True]
    signal.signal(signal.SIGTERM, lambda *_: running.clear())
    sent, answered = [], {}
    print("ready", flush=True)
    due = time.monotonic()

    def receive(timeout):
        if not select.select([sock], [], [], timeout)[0]:
            return False
        while True:
            try:
                data = sock.recv(2048)
            except OSError:
                return True
            answered.setdefault(struct.unpack_from("!I", data)[0], data[4:].decode())

    while running:
        wait = due - time.monotonic()
        if wait > 0:
            receive(wait)
            continue
        try:
            sock.sendto(struct.pack("!I", len(sent)), (address, PORT))
        except OSError:
            pass  # no neighbour: counted as lost
        sent.append(time.time())
        due = max(due + 1 / rate, time.monotonic() - 0.02)  # no burst after a hang
    end = time.monotonic() + 0.3
    while time.monotonic() < end and len(answered) < len(sent):
        receive(end - time.monotonic())
    print(json.dumps(_result(sent, answered)), flush=True)


def _result(sent, answered):
    """Counts, and the longest run of lost probes as (from, to) of the answered ones around it. Those
    before the first and after the last answer don't count: nobody was asked yet, or any more."""
    got = sorted(answered)
    gaps = [(sent[after] - sent[before], sent[before], after - before - 1)
            for before, after in zip(got, got[1:]) if after > before + 1]
    longest = max(gaps, default=(0.0, 0.0, 0))
    owners = []
    for number in got:
        if not owners or owners[-1] != answered[number]:
            owners.append(answered[number])
    return {"sent": len(sent), "answered": len(got), "lost": sum(gap[2] for gap in gaps),
            "gap": longest[0], "gap_at": longest[1], "owners": owners}


class Prober:
    """An echo server on each of `servers` and a client on `client`; `stop()` gives the result.

    With `upstream`, a pair (node, address), the servers pass the probes on to it instead."""

    def __init__(self, client, servers, address, rate=1000, upstream=None):
        if upstream is None:
            self._servers = [self._spawn(node, "serve", address, node.name) for node in servers]
        else:
            self._servers = [self._spawn(upstream[0], "serve", upstream[1], "")]
            self._servers += [self._spawn(node, "relay", address, node.name, upstream[1]) for node in servers]
        self._client = self._spawn(client, "probe", address, str(rate))

    @staticmethod
    def _spawn(node, *words):
        process = subprocess.Popen(node.command(sys.executable, os.path.abspath(__file__), *words),
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        process.stdout.readline()
        return process

    def stop(self):
        self._client.terminate()
        result = json.loads(self._client.communicate(timeout=10)[0])
        self.close()
        return result

    def close(self):
        for process in [self._client, *self._servers]:
            if process.poll() is None:
                process.kill()
            process.wait()
            process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's affair
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    if sys.argv[1] == "serve":
        serve(*sys.argv[2:])
    elif sys.argv[1] == "relay":
        relay(*sys.argv[2:])
    else:
        probe(sys.argv[2], float(sys.argv[3]))
