# SPDX-License-Identifier: GPL-2.0-or-later
"""Pure layers call nothing but memory and text functions, and keep no state: read from the archives."""
import os
import re
import subprocess

import pytest

from conftest import BUILD, TREE

# What a pure archive may leave undefined. No clock, no descriptor, no log, no environment.
ALLOWED = set("""
memcpy memmove memset memcmp memchr memrchr memmem mempcpy
strlen strnlen strcmp strncmp strcasecmp strncasecmp strchr strrchr strchrnul strstr strspn strcspn strpbrk
strcpy strncpy strcat stpcpy strtok_r strsep
strtol strtoll strtoul strtoull strerror snprintf vsnprintf
malloc calloc realloc free qsort qsort_r bsearch
abort __assert_fail __stack_chk_fail __errno_location __ctype_b_loc __ctype_tolower_loc __ctype_toupper_loc
tolower toupper
inet_pton inet_ntop
_GLOBAL_OFFSET_TABLE_
""".split())
# Libraries that read bytes in memory and nothing else: they open no file, ask no clock, wait for nobody. By layer.
LIBRARIES = {
    "core": {
        "http_parser_": "framing of HTTP/1 replies",
        "http_errno_": "its errors as text",
        "inflate": "zlib: pages sent compressed",
        "pcre2_": "regular expressions of HTTP_GET",
        "MD5": "libmd: the digest of a page",
        "nghttp2_": "framing of HTTP/2 for gRPC",
    },
}
# Fortified and versioned forms that compilers make of the above.
FORMS = re.compile(r"^(?:__)?(?:isoc(?:23|99)_)?([a-z]+)(?:_chk)?$")

PURE = {"base": [], "conf": ["base"], "core": ["base"]}
# Archives without mutable globals: (archive, symbol): reason.
STATELESS = ["base", "conf", "core", "ipc", "io", "ctl", "sim"]
STATE_ALLOWED = {
    ("io", "the_log"): "where a process logs to: one sink per process, as log_write() has no context",
    ("io", "guard_told"): "what a signal handler tells, which gets no context",
    ("io", "lock_needs_capability"): "a fact of the process: how its memory was locked",
}


def archive(layer):
    path = os.path.join(BUILD, "src", layer, f"lib{layer}.a")
    if not os.path.exists(path):
        pytest.fail(f"{os.path.relpath(path, TREE)} is not built; `make` first")
    return path


def nm(layer, *options):
    out = subprocess.run(["nm", "-P", *options, archive(layer)], capture_output=True, text=True, check=True).stdout
    return {line.split()[0] for line in out.splitlines() if len(line.split()) >= 2}


def allowed(symbol, layer=None):
    form = FORMS.match(symbol)
    return (symbol in ALLOWED or bool(form and form.group(1) in ALLOWED)
            or symbol.startswith(tuple(LIBRARIES.get(layer, ()))))


@pytest.mark.parametrize("layer", PURE)
def test_calls_nothing_of_the_system(layer):
    known = nm(layer, "--defined-only").union(*(nm(other, "--defined-only") for other in PURE[layer]))
    foreign = sorted(symbol for symbol in nm(layer, "-u") - known if not allowed(symbol, layer))
    assert not foreign, f"{layer}/ calls {', '.join(foreign)}"


def mutable(layer):
    """Symbols of archives in sections that stay writable (tables of constants with pointers are not)."""
    found = []
    out = subprocess.run(["objdump", "-t", archive(layer)], capture_output=True, text=True, check=True).stdout
    for line in out.splitlines():
        match = re.match(r"^[0-9a-f]+ (.{7}) (\S+)\t[0-9a-f]+ (?:\.hidden )?(\S+)$", line)
        if not match or "d" in match.group(1):
            continue
        section, name = match.group(2), match.group(3)
        writable = section == "*COM*" or re.match(r"^\.(t?bss|t?data)(\.|$)", section)
        if writable and not section.startswith(".data.rel.ro"):
            found.append(name)
    return found


@pytest.mark.parametrize("layer", STATELESS)
def test_keeps_no_state(layer):
    state = [name for name in mutable(layer) if (layer, name.split(".")[0]) not in STATE_ALLOWED]
    assert not state, f"mutable globals in {layer}/: {', '.join(state)}"


def test_the_tables_readers_find_something():
    assert "arena_alloc" in nm("base", "--defined-only")
    assert "malloc" in nm("base", "-u") or "calloc" in nm("base", "-u")
    assert not allowed("clock_gettime") and not allowed("open") and not allowed("__printf_chk")
    assert allowed("inflate", "core") and not allowed("inflate", "conf") and not allowed("inflate")
