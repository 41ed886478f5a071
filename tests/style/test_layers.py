# SPDX-License-Identifier: GPL-2.0-or-later
"""The arrows of docs/design.md: who may include whom."""
import os
import re

from conftest import files, text

FOUNDATION = {"base", "model"}
LAYERS = {
    "base": {"base"},
    "model": FOUNDATION,
    "conf": FOUNDATION | {"conf"},
    "core": FOUNDATION | {"core"},
    "ipc": FOUNDATION | {"ipc"},
    "io": FOUNDATION | {"io"},
    # The simulator reads scenarios in the configuration language and runs the core; no system calls.
    "sim": FOUNDATION | {"conf", "core", "sim"},
    "proc": FOUNDATION | {"conf", "core", "ipc", "io", "proc"},
    "ctl": FOUNDATION | {"conf", "core", "ipc", "io", "proc", "ctl"},
    "main.c": FOUNDATION | {"conf", "core", "ipc", "io", "proc", "ctl"},
}
# Libraries of core/check that work on memory alone; test_purity.py says what each is for.
PURE_LIBRARIES = {"http_parser.h", "zlib.h", "pcre2.h", "md5.h", "nghttp2/nghttp2.h"}
# (file, header): reason. Empty is best.
EXCEPTIONS = {}

# System headers with nothing but types, macros and functions of memory and text.
PURE_HEADERS = {
    "assert.h", "ctype.h", "errno.h", "inttypes.h", "limits.h", "stdalign.h", "stdarg.h", "stdbool.h", "stddef.h", "stdint.h",
    "stdio.h", "stdlib.h", "string.h", "strings.h", "arpa/inet.h", "netinet/in.h",
}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.M)


def includes(path):
    return INCLUDE.findall(text(path))


def sources():
    return files(".c", ".h", under="src/")


def test_arrows_point_left():
    wrong = []
    for path in sources():
        layer = path.split("/")[1]
        assert layer in LAYERS, f"{path}: {layer} is not a layer"
        for kind, header in includes(path):
            if kind == '"' and header.split("/")[0] not in LAYERS[layer] and (path, header) not in EXCEPTIONS:
                wrong.append(f"{path} includes {header}")
    assert not wrong, "\n".join(wrong)


def test_includes_name_their_layer():
    for path in sources():
        for kind, header in includes(path):
            if kind == '"':
                assert "/" in header and ".." not in header, f'{path}: write "layer/file.h", not "{header}"'
                assert os.path.join("src", header) in files(".h"), f"{path}: no src/{header}"


def test_pure_layers_include_no_system():
    wrong = [f"{path} includes <{header}>"
             for path in sources() if path.split("/")[1] in ("base", "model", "conf", "core")
             for kind, header in includes(path) if kind == "<" and header not in PURE_HEADERS
             and not (path.startswith("src/core/check/") and header in PURE_LIBRARIES)]
    assert not wrong, "\n".join(wrong)


def test_main_is_tiny():
    if "src/main.c" in files(".c"):
        assert len(text("src/main.c").splitlines()) <= 60


def test_the_parser_of_includes_sees_them():
    assert ('"', "base/arena.h") in includes("src/base/arena.c")
