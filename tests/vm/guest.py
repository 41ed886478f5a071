# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest: Debian's kernel in QEMU, on this machine's root file system, for one command.

    prepared = guest.prepare("build/vm")
    status = guest.Guest(prepared, ["ipvsadm", "-Ln"]).run()

Emulated by software only: a /dev/kvm may be there and be of no use for a stock kernel. What the
guest writes lands in a RAM disk over the read-only root and is gone with it, except in `output`.
"""
import contextlib
import ctypes
import fcntl
import hashlib
import os
import secrets
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

import cpio
import kernel

HERE = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.dirname(os.path.dirname(HERE))
CONSOLE_LINES = 150  # the trace of a panic, and what led to it
PR_SET_PDEATHSIG = 1
MEMORY = 1536  # MiB

MACHINE = ["-M", "q35,usb=off,smbus=off,sata=off", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
           "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", str(MEMORY)]
# norandmaps: translated code is kept by address. nowatchdog: a busy host is no fault of the guest.
# hpet: a reading costs twice that of the time stamp counter, but that one is calibrated in a few
# milliseconds at boot, and on a busy host the guest's clock has then run four times too fast.
ARGUMENTS = ("console=ttyS0 quiet panic=-1 mitigations=off nokaslr norandmaps lsm= audit=0 nowatchdog no_timer_check "
             "clocksource=hpet random.trust_cpu=on rcupdate.rcu_expedited=1 printk.devkmsg=on")


class Died(Exception):
    """The guest ended without the command's exit status."""


@dataclass
class Prepared:
    release: str
    modules: str    # directory of the module tree
    image: str      # ELF kernel
    initramfs: str


def say_to_stderr(text):
    print(f"vm: {text}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def _locked(cache):
    os.makedirs(cache, exist_ok=True)
    with open(os.path.join(cache, "lock"), "wb") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _write(path, data):
    with open(path + ".new", "wb") as handle:
        handle.write(data)
    os.rename(path + ".new", path)


def prepare(cache, say=say_to_stderr):
    """Everything that a boot needs, made in the directory `cache` where it is not there yet."""
    cache = os.path.abspath(cache)
    with _locked(cache):
        tree = kernel.unpack(cache, say)
        release = os.listdir(os.path.join(tree, "lib", "modules"))[0]
        image = os.path.join(cache, f"vmlinux-{release}")
        if not os.path.exists(image):
            say("taking the ELF image out of the kernel")
            _write(image, kernel.elf_image(tree, release))
        initramfs = os.path.join(cache, f"initramfs-{release}-{_recipe()}")
        if not os.path.exists(initramfs):
            say("making the initramfs")
            _write(initramfs, _initramfs(kernel.Modules(tree, release)))
        return Prepared(release, os.path.join(tree, "lib", "modules", release), image, initramfs)


def _recipe():
    """A name for what the initramfs is made of."""
    digest = hashlib.sha256()
    for name in ("cpio.py", "init.sh", "kernel.py", "guest.py"):
        with open(os.path.join(HERE, name), "rb") as handle:
            digest.update(handle.read())
    return digest.hexdigest()[:12]


def _initramfs(modules):
    archive = cpio.Archive()
    for name in ("bin", "dev", "proc", "sys", "lower", "upper", "root", "modules", "job"):
        archive.directory(name)
    archive.device("dev/console", 5, 1)
    with open("/bin/busybox", "rb") as handle:
        archive.file("bin/busybox", handle.read())
    with open(os.path.join(HERE, "init.sh"), "rb") as handle:
        archive.file("init", handle.read())
    root = modules.order(kernel.ROOT.split())
    network = [name for name in modules.order(kernel.NETWORK.split()) if name not in root]
    for name in root + network:
        archive.file(f"modules/{name}.ko", modules.read(name), 0o644)
    archive.file("modules/order.root", "\n".join(root).encode(), 0o644)
    archive.file("modules/order.network", "\n".join(network).encode(), 0o644)
    return archive.finish()


class Guest:
    def __init__(self, prepared, command, *, directory=TREE, env=None, output=None, timeout=600.0, console=None):
        """`command` (a list) is run in `directory` with `env` added to its environment. What it writes
        to the directory `output` stays. `console`: a file for the kernel's messages."""
        self.prepared = prepared
        self.command = list(command)
        self.directory = os.path.abspath(directory)
        self.env = dict(env or {})
        self.output = os.path.abspath(output) if output else ""
        self.timeout = timeout
        self.console = console
        self._mark = f"==status-{secrets.token_hex(8)}"

    def _job(self):
        """The small archive that goes behind the cached one: settings and the command."""
        settings = {"RELEASE": self.prepared.release, "MODULES": self.prepared.modules, "MARK": self._mark,
                    "OUTPUT": self.output}
        text = "".join(f"{name}={shlex.quote(value)}\n" for name, value in settings.items())
        job = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in self.env.items())
        job += f"cd {shlex.quote(self.directory)} || exit 126\nexec {shlex.join(self.command)}\n"
        archive = cpio.Archive().file("job/settings", text.encode(), 0o644).file("job/job", job.encode())
        return archive.finish()

    def _qemu(self, initramfs, console, descriptor):
        words = ["qemu-system-x86_64", *MACHINE, "-kernel", self.prepared.image, "-initrd", initramfs,
                 "-append", ARGUMENTS, "-serial", f"file:{console}",
                 "-device", "virtio-serial-pci", "-chardev", f"socket,id=out,fd={descriptor}",
                 "-device", "virtserialport,nr=1,chardev=out",
                 "-virtfs", "local,path=/,mount_tag=root,security_model=none,multidevs=remap,readonly=on"]
        if self.output:
            words += ["-virtfs", f"local,path={self.output},mount_tag=output,security_model=none,multidevs=remap"]
        return words

    def run(self, sink=None):
        """Boot, run the command, end the guest; the command's exit status. Its output (both streams)
        is given to `sink` (default: standard output) as bytes. Raises Died."""
        sink = sink or _to_stdout
        with tempfile.TemporaryDirectory(prefix="hf-guest-") as place:
            console = self.console or os.path.join(place, "console")
            initramfs = os.path.join(place, "initramfs")
            shutil.copyfile(self.prepared.initramfs, initramfs)
            with open(initramfs, "ab") as handle:
                handle.write(self._job())
            ours, theirs = socket.socketpair()
            with ours, theirs:
                argv = self._qemu(initramfs, console, theirs.fileno())
                process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()],
                                           preexec_fn=_die_with_parent)
                theirs.close()
                try:
                    return self._follow(ours, sink)
                except Died as error:
                    process.poll()
                    raise Died(f"{error}; the end of its console:\n{_tail(console)}") from None
                finally:
                    process.kill()
                    process.wait()

    def _follow(self, stream, sink):
        """Hand on what comes until the mark comes."""
        mark = f"{self._mark} ".encode()
        held = b""
        deadline = time.monotonic() + self.timeout
        while True:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([stream], [], [], left)[0]:
                raise Died(f"the guest was ended after {self.timeout:g} s")
            data = stream.recv(65536)
            if not data:
                raise Died("the guest died")
            ready, held = _before(held + data, mark)
            if ready:
                sink(ready)
            if held.startswith(mark) and held.endswith(b"\n"):
                return int(held[len(mark):])


def _before(data, mark):
    """What comes before the mark, or before what may be its beginning; and the rest."""
    at = data.find(mark)
    while at < 0:
        mark = mark[:-1]
        at = len(data) - len(mark) if data.endswith(mark) else -1
    return data[:at], data[at:]


def _die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _to_stdout(data):
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _tail(path):
    try:
        with open(path, "rb") as handle:
            return "\n".join(handle.read().decode("utf-8", "replace").splitlines()[-CONSOLE_LINES:]) or "(empty)"
    except OSError as error:
        return str(error)
