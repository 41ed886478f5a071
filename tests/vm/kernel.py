# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's kernel, made ready to boot quickly under emulation.

The package is fetched and unpacked, never installed. From it come an ELF image (the decompression
in a bzImage costs seconds under emulation) and the modules that a guest loads before its command
starts, in loading order and without their signatures, which cost as much again to check.
"""
import fnmatch
import glob
import lzma
import os
import re
import shutil
import struct
import subprocess

METAPACKAGE = "linux-image-amd64"

# What the guest loads at boot, in this order; dependencies come by themselves.
ROOT = "virtio_pci virtio_console 9pnet_virtio 9p overlay"
NETWORK = ("ip_vs ip_vs_* nf_conntrack nf_tables nft_ct nft_nat nft_masq nft_chain_nat nft_reject_inet nft_fib_inet "
           "veth bridge dummy macvlan ipip sit ip6_tunnel ip_gre ip6_gre fou fou6 vrf 8021q bonding tun "
           "nft_numgen nft_hash nft_fwd_netdev nft_dup_netdev nf_dup_netdev ip_tables ip6_tables iptable_mangle "
           "ip6table_mangle xt_mark sch_netem sch_ingress softdog")

SIGNATURE = b"~Module signature appended~\n"


class Error(Exception):
    """The kernel can't be had or is not of the expected form; the message says why."""


def _output(*argv):
    try:
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise Error(f"{' '.join(argv)}: {getattr(error, 'stderr', '') or error}".strip()) from None


def candidate():
    """The package of the kernel that the metapackage's candidate depends on."""
    text = _output("apt-cache", "show", "--no-all-versions", METAPACKAGE)
    match = re.search(r"^Depends:.*?\b(linux-image-\d[\w.+-]*-amd64)\b", text, re.M)
    if not match:
        raise Error(f"{METAPACKAGE} names no kernel package")
    return match.group(1)


def unpack(cache, say):
    """The unpacked package in the cache, fetched when none is there; its directory."""
    ready = sorted(glob.glob(os.path.join(cache, "linux-image-*", "boot", "vmlinuz-*")))
    if ready:
        return os.path.dirname(os.path.dirname(ready[-1]))
    package = candidate()
    say(f"fetching {package}")
    place = os.path.join(cache, "fetch")
    shutil.rmtree(place, ignore_errors=True)
    os.makedirs(place)
    try:
        subprocess.run(["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", package], cwd=place, check=True)
    except subprocess.CalledProcessError:
        subprocess.run(["apt-get", "-qq", "update"], check=True)
        subprocess.run(["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", package], cwd=place, check=True)
    archive = glob.glob(os.path.join(place, "*.deb"))
    if not archive:
        raise Error(f"apt-get download {package} brought nothing")
    say("unpacking")
    tree = os.path.join(place, "tree")
    subprocess.run(["dpkg-deb", "-x", archive[0], tree], check=True)
    release = os.listdir(os.path.join(tree, "lib", "modules"))[0]
    _output("/sbin/depmod", "-b", tree, release)
    final = os.path.join(cache, package)
    os.rename(tree, final)
    shutil.rmtree(place)
    return final


def elf_image(tree, release):
    """The kernel's ELF file, taken out of the bzImage."""
    with open(os.path.join(tree, "boot", f"vmlinuz-{release}"), "rb") as handle:
        image = handle.read()
    if image[0x202:0x206] != b"HdrS":
        start = image.find(b"HdrS")
        if start != 0x202:
            raise Error("no bzImage")
    offset, length = struct.unpack_from("<II", image, 0x248)
    begin = (image[0x1F1] + 1) * 512 + offset
    payload = image[begin:begin + length]
    if payload.startswith(b"\xfd7zXZ\0"):
        elf = lzma.LZMADecompressor().decompress(payload)
    elif payload.startswith(b"\x28\xb5\x2f\xfd"):
        elf = subprocess.run(["zstd", "-dc"], input=payload[:-4], capture_output=True, check=True).stdout
    else:
        raise Error(f"kernel packed in an unknown way: {payload[:6].hex()}")
    if not elf.startswith(b"\x7fELF"):
        raise Error("the kernel's payload is no ELF file")
    return elf


def stripped(data):
    """A module without the signature appended to it."""
    if not data.endswith(SIGNATURE):
        return data
    info = len(data) - len(SIGNATURE) - 12
    return data[:info - struct.unpack_from(">I", data, info + 8)[0]]


class Modules:
    """The module tree of an unpacked kernel: dependencies, hard and soft."""

    def __init__(self, tree, release):
        self.directory = os.path.join(tree, "lib", "modules", release)
        self.path, self.needs, self.soft, self.alias = {}, {}, {}, []
        for line in self._lines("modules.dep"):
            path, _, rest = line.partition(":")
            name = self.name(path)
            self.path[name] = path
            self.needs[name] = [self.name(word) for word in reversed(rest.split())]
        for line in self._lines("modules.softdep"):
            words = line.split()
            if words[:1] == ["softdep"] and "pre:" in words:
                first = words[words.index("pre:") + 1:]
                self.soft[words[1]] = first[:first.index("post:")] if "post:" in first else first
        for line in self._lines("modules.alias"):
            words = line.split()
            if words[:1] == ["alias"]:
                self.alias.append((words[1], words[2]))
        self.builtin = {self.name(line) for line in self._lines("modules.builtin")}

    def _lines(self, name):
        with open(os.path.join(self.directory, name), encoding="utf-8") as handle:
            return [line.strip() for line in handle if line.strip()]

    @staticmethod
    def name(path):
        return os.path.basename(path).split(".ko")[0].replace("-", "_")

    def find(self, word):
        """The modules that a name, a pattern or an alias stands for."""
        found = sorted(fnmatch.filter(self.path, word)) if "*" in word else [word] if word in self.path else []
        if found or word in self.builtin:
            return found
        # of several implementations one is enough: the generic one works on every processor
        named = sorted({module for alias, module in self.alias if alias == word})
        return [module for module in named if module.endswith("generic")] or named[:1]

    def order(self, words):
        """Every module needed for the words, each after what it needs."""
        done = []

        def add(name):
            if name in done or name not in self.path:
                return
            for word in self.soft.get(name, []):
                for module in self.find(word):
                    add(module)
            for module in self.needs[name]:
                add(module)
            done.append(name)

        for word in words:
            for module in self.find(word):
                add(module)
        return done

    def read(self, name):
        with open(os.path.join(self.directory, self.path[name]), "rb") as handle:
            data = handle.read()
        if self.path[name].endswith(".xz"):
            data = lzma.decompress(data)
        return stripped(data)
