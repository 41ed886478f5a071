# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel's lock on interfaces and addresses (rtnl), held for as long as a test wants.

The kernel copies the names of an interface's statistics to memory while it holds the lock; that memory is a page
which does not come until we let it (userfaultfd). The lock is one for all namespaces: whoever else works on
interfaces waits too.
"""
import contextlib
import ctypes
import fcntl
import os
import socket
import struct
import threading

from . import ns
from .wait import wait_until

PAGE = 4096
SYS_USERFAULTFD = 323  # x86-64
UFFDIO_API, UFFDIO_REGISTER, UFFDIO_ZEROPAGE = 0xc018aa3f, 0xc020aa00, 0xc020aa04
UFFD_API, REGISTER_MISSING, EVENT_PAGEFAULT = 0xaa, 1, 0x12
SIOCETHTOOL, ETHTOOL_GSTRINGS, ETH_SS_STATS = 0x8946, 0x1b, 1
PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS = 3, 0x22

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mmap.restype = ctypes.c_void_p
_libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]


def _late_page():
    """(address of a page that does not come, the descriptor that hears of it)."""
    fault = _libc.syscall(SYS_USERFAULTFD, os.O_CLOEXEC | os.O_NONBLOCK)
    if fault < 0:
        raise OSError(ctypes.get_errno(), "userfaultfd")
    fcntl.ioctl(fault, UFFDIO_API, struct.pack("QQQ", UFFD_API, 0, 0))
    page = _libc.mmap(None, 2 * PAGE, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0) + PAGE
    fcntl.ioctl(fault, UFFDIO_REGISTER, struct.pack("QQQQ", page, PAGE, REGISTER_MISSING, 0))
    return page, fault


def _is_touched(fault):
    try:
        return os.read(fault, 32)[0] == EVENT_PAGEFAULT
    except BlockingIOError:
        return False


@contextlib.contextmanager
def held(namespace, interface):
    """Held within; `interface` is a veth of the namespace."""
    page, fault = _late_page()
    sock = ns.inside(namespace, socket.socket, socket.AF_INET, socket.SOCK_DGRAM)
    request = struct.pack("III", ETHTOOL_GSTRINGS, ETH_SS_STATS, 0)
    ctypes.memmove(page - len(request), request, len(request))
    wish = ctypes.create_string_buffer(struct.pack("16sQ16x", interface.encode(), page - len(request)))
    holder = threading.Thread(target=_libc.ioctl, args=(sock.fileno(), SIOCETHTOOL, wish))
    holder.start()
    try:
        wait_until(lambda: _is_touched(fault), 10, "the lock")
        yield
    finally:
        fcntl.ioctl(fault, UFFDIO_ZEROPAGE, struct.pack("QQQq", page, PAGE, 0, 0))
        holder.join()
        sock.close()
        os.close(fault)
