# SPDX-License-Identifier: GPL-2.0-or-later
"""Sizes, licence lines, opening comments: the rules of docs/hacking.md that a program can see."""
import os
import re

from conftest import c_functions, files, text

LINES_OF_FILE = 900
LINES_OF_FUNCTION = 100
SPDX = "SPDX-License-Identifier: GPL-2.0-or-later"
SOURCES = (".c", ".h", ".py", ".sh", "meson.build", "Makefile")


def listed(wrong):
    assert not wrong, "\n" + "\n".join(wrong)


def test_first_lines_have_the_licence():
    listed([path for path in files(*SOURCES) if SPDX not in "\n".join(text(path).split("\n")[:2])])


def test_files_are_one_thing():
    listed([f"{path}: {n} lines" for path in files(".c", ".h", ".py") if (n := text(path).count("\n")) > LINES_OF_FILE])


def test_functions_fit_the_head():
    """A flat switch or table may be longer when a comment within says `long because ...`."""
    wrong = []
    for path in files(".c"):
        lines = text(path).split("\n")
        for name, first, length in c_functions(path):
            if length > LINES_OF_FUNCTION and not any("long because " in line for line in lines[first - 4:first + length]):
                wrong.append(f"{path}:{first}: {name}() has {length} lines")
    listed(wrong)


def test_c_files_open_with_their_design():
    """After the licence line: a comment that says what the file owns."""
    wrong = []
    for path in files(".c", under="src/"):
        head = text(path).split("\n", 1)[1].lstrip()
        if not head.startswith("/*") or len(head[:head.find("*/")]) < 40:
            wrong.append(path)
    listed(wrong)


def test_headers_have_guards():
    listed([path for path in files(".h", under="src/") if not re.search(r"^#ifndef HF_\w+_H$", text(path), re.M)])


CONDITION = re.compile(r"^[ \t]*#[ \t]*(?:if|ifdef|ifndef|elif)\b.*", re.M)


def test_no_conditionals():
    """A feature is a file. Conditions belong in io/compat.h."""
    wrong = []
    for path in files(".c", ".h", under="src/"):
        if path.startswith("src/io/compat."):
            continue
        wrong += [f"{path}: {line.strip()}" for line in CONDITION.findall(text(path))
                  if not (path.endswith(".h") and re.fullmatch(r"#ifndef HF_\w+_H", line.strip()))]
    listed(wrong)


# Written apart, so that this file does not find itself.
OPEN_ENDS = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b.*")


def test_open_ends_name_an_issue():
    listed([f"{path}: {line}" for path in files(".c", ".h", ".py", ".sh")
            for line in OPEN_ENDS.findall(text(path)) if not re.search(r"issue \d+|#\d+", line)])


MACHINE = re.compile(r"/work" + r"/\w+|/far" + r"m/|/tmp/" + r"hf/")


def test_no_paths_of_a_workplace():
    wrong = []
    for path in files(""):
        if os.path.getsize(os.path.join(os.path.dirname(__file__), "..", "..", path)) > 2_000_000:
            continue
        try:
            wrong += [f"{path}: {found}" for found in MACHINE.findall(text(path))]
        except UnicodeDecodeError:
            pass
    listed(wrong)


def test_lines_fit():
    """Hard limit; .clang-format aims at 100. Tabs count 8."""
    wrong = []
    for path in files(".c", ".h", under="src/"):
        wrong += [f"{path}:{number}" for number, line in enumerate(text(path).split("\n"), 1)
                  if len(line.expandtabs(8)) > 120]
    listed(wrong)


def test_the_function_finder_finds():
    names = [name for name, _, _ in c_functions("src/base/arena.c")]
    assert "arena_new" in names and "arena_free" in names and "?" not in names, names
