# SPDX-License-Identifier: GPL-2.0-or-later
"""tcpdump on the switch's ports, read afterwards: for what comes too fast for a sniffer in Python,
and to leave the processor to the daemon that is measured."""
import os
import struct
import subprocess
import time

from . import ns, packets
from .wait import wait_until


class Recorder:
    """Records what `node` sends on `link` until `stop()`, which returns the decoded frames."""

    def __init__(self, lab, node, link=0, expression="arp or proto 112 or ip6"):
        self._about = (node.name, link)
        self.path = lab.path(f"{node.name}{link}-{time.monotonic_ns()}.pcap")
        words = ["tcpdump", "-i", f"{node.name}{link}", "-Q", "in", "-B", "65536", "-s", "1600", "-U", "-Z", "root",
                 "--time-stamp-precision", "nano", "-w", self.path, expression]
        self._process = subprocess.Popen(ns.command(lab.switch, words), stdin=subprocess.DEVNULL,
                                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                         start_new_session=True)
        wait_until(lambda: os.path.exists(self.path) and os.path.getsize(self.path) >= 24, what="tcpdump")

    def stop(self):
        time.sleep(0.3)  # the kernel's buffer is handed over in batches
        self._process.terminate()
        self._process.wait(10)
        return list(self._frames())

    def _frames(self):
        with open(self.path, "rb") as handle:
            data = handle.read()
        at = 24
        while at + 16 <= len(data):
            seconds, nanoseconds, length, _ = struct.unpack_from("=IIII", data, at)
            frame = packets.decode(data[at + 16:at + 16 + length], seconds + nanoseconds / 1e9, *self._about)
            if frame is not None:
                yield frame
            at += 16 + length
