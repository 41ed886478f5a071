# SPDX-License-Identifier: GPL-2.0-or-later
"""Golden files of the nftables engine: nft/N.conf, nft/N.old.conf + N.new.conf give N.*.ok.

GOLDEN_UPDATE=1 writes them anew. That the kernel takes the text is tested in tests/netns.
"""
import os
import subprocess

import pytest

from test_golden import BUILD, HERE

DUMP = BUILD / "tests" / "golden" / "nft_dump"
STARTS = sorted(p.relative_to(HERE) for p in HERE.glob("nft/*.conf") if "." not in p.stem)
MARKS = "nft/marks/old.conf", "nft/marks/new.conf"
MOVES = sorted(p.relative_to(HERE) for p in HERE.glob("nft/*.old.conf"))


def dump(*words):
    return subprocess.run([DUMP, *map(str, words)], cwd=HERE, capture_output=True, text=True, timeout=60,
                          check=True).stdout


def compare(golden, text):
    if os.environ.get("GOLDEN_UPDATE"):
        golden.write_text(text)
    assert text == golden.read_text()


@pytest.mark.parametrize("path", STARTS, ids=str)
def test_start(path):
    compare(HERE / path.with_suffix(".ok"), dump("start", path))


@pytest.mark.parametrize("verb", ["change", "restart"])
@pytest.mark.parametrize("path", MOVES, ids=str)
def test_move(path, verb):
    new = str(path).replace(".old.conf", ".new.conf")
    compare(HERE / str(path).replace(".old.conf", f".{verb}.ok"), dump(verb, path, new))


@pytest.mark.parametrize("path", MOVES, ids=str)
def test_only_what_changed_is_mentioned(path):
    new = str(path).replace(".old.conf", ".new.conf")
    assert dump("change", path, path) == ""
    assert "192.0.2.6" not in dump("change", path, new)


def test_stop():
    assert dump("stop", "nft/dr.conf").splitlines() == [
        f"{verb} table {family} holdfast_lvs" for family in ("inet", "netdev") for verb in ("add", "delete")]
    assert "netdev" not in dump("stop", "nft/nat.conf")


def test_marks():
    compare(HERE / "nft/marks/start.ok", dump("marks", MARKS[0]))
    compare(HERE / "nft/marks/change.ok", dump("marks", *MARKS))


def test_marks_that_stay_are_not_touched():
    assert dump("marks", MARKS[0], MARKS[0]) == ""


def test_marks_end_with_the_mode():
    assert dump("marks", MARKS[0], "nft/nat.conf").splitlines() == [
        f"{verb} table {family} keepalived_ipvs" for family in ("ip", "ip6") for verb in ("add", "delete")]
