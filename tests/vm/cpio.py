# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes cpio archives (newc) as the kernel reads them for its initramfs: no cpio, no root needed."""
import itertools
import stat


class Archive:
    def __init__(self):
        self._parts = []
        self._inode = itertools.count(1)

    def _add(self, name, mode, data=b"", device=(0, 0)):
        raw = name.encode() + b"\0"
        fields = (next(self._inode), mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(raw), 0)
        self._parts += [self._padded(b"070701" + b"".join(b"%08x" % field for field in fields) + raw, 4),
                        self._padded(data, 4)]
        return self

    @staticmethod
    def _padded(data, unit):
        return data + b"\0" * (-len(data) % unit)

    def directory(self, name):
        return self._add(name, stat.S_IFDIR | 0o755)

    def file(self, name, data, mode=0o755):
        return self._add(name, stat.S_IFREG | mode, data)

    def device(self, name, major, minor):
        return self._add(name, stat.S_IFCHR | 0o600, device=(major, minor))

    def finish(self):
        """The archive. Several may follow one another in one file."""
        self._add("TRAILER!!!", 0)
        return self._padded(b"".join(self._parts), 512)
