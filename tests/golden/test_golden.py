# SPDX-License-Identifier: GPL-2.0-or-later
"""Golden files: check/N.conf, print/N.conf, plan/N.old.conf + N.new.conf and lvs/N.in give N.ok.

GOLDEN_UPDATE=1 writes the N.ok anew; read the difference before you commit it.
"""
import os
import pathlib
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(os.environ.get("HOLDFAST", HERE.parents[1] / "build" / "holdfast")).resolve().parent
DUMP = BUILD / "tests" / "golden" / "conf_dump"
LVS_TABLE = BUILD / "tests" / "golden" / "lvs_table"
CHECKS = sorted(p.relative_to(HERE) for p in HERE.glob("check/*.conf"))
PRINTS = sorted(p.relative_to(HERE) for p in HERE.glob("print/*.conf"))
TABLES = sorted(p.relative_to(HERE) for p in HERE.glob("lvs/*.in"))
PLANS = sorted(p.relative_to(HERE) for p in HERE.glob("plan/*.old.conf"))
ALL = CHECKS + PRINTS + sorted(p.relative_to(HERE) for p in HERE.glob("plan/*.conf"))


def dump(*words, program=DUMP):
    r = subprocess.run([program, *map(str, words)], cwd=HERE, capture_output=True, encoding="utf-8",
                       errors="backslashreplace", timeout=60)
    assert r.returncode in (0, 1, 2), r.stdout + r.stderr
    assert r.stderr == ""
    return r


def compare(golden, result):
    text = f"{result.stdout}exit {result.returncode}\n"
    if os.environ.get("GOLDEN_UPDATE"):
        golden.write_text(text)
    assert text == golden.read_text()


@pytest.mark.parametrize("path", CHECKS, ids=str)
def test_check(path):
    compare(HERE / path.with_suffix(".ok"), dump("check", path))


@pytest.mark.parametrize("path", PRINTS, ids=str)
def test_print(path):
    compare(HERE / path.with_suffix(".ok"), dump("print", path))


@pytest.mark.parametrize("path", PLANS, ids=str)
def test_plan(path):
    new = str(path).replace(".old.conf", ".new.conf")
    compare(HERE / str(path).replace(".old.conf", ".ok"), dump("plan", path, new))


@pytest.mark.parametrize("path", TABLES, ids=str)
def test_quorum_and_weights(path):
    compare(HERE / path.with_suffix(".ok"), dump(path, program=LVS_TABLE))


@pytest.mark.parametrize("path", ALL, ids=str)
def test_printed_text_reads_back_alike(path):
    r = dump("seal", path)
    assert r.stdout == ""


@pytest.mark.parametrize("path", ALL, ids=str)
def test_a_configuration_has_no_plan_to_itself(path):
    lines = dump("plan", path, path).stdout.splitlines()
    assert len(lines) == 1 and lines[0].startswith("nothing changes"), lines


def test_explain_lists_every_keyword_of_the_reference():
    wanted = {line for line in (HERE / "keywords.txt").read_text().splitlines() if not line.startswith("# ")}
    listed = [line.rsplit("\t", 1) for line in dump("list", "-").stdout.splitlines()]
    names = [pair for pair, _ in listed]
    assert len(names) == len(set(names))
    assert set(names) == wanted
    assert {effect for _, effect in listed} <= {"works", "accepted", "no-op"}


def test_what_is_ours_is_listed_apart():
    listed = [line.rsplit("\t", 1)[0] for line in dump("ours", "-").stdout.splitlines()]
    known = (HERE / "keywords.txt").read_text().splitlines()
    assert len(listed) == len(set(listed))
    assert not set(listed) & set(known)
    assert {"global_defs\tlvs_engine", "virtual_server\tpanic_threshold", "real_server\tAGENT_CHECK",
            "GRPC_CHECK\tservice", "SSL_GET\ttls_verify"} <= set(listed)


# Words that leave their trace in another row, or none: what was meant is printed in other words.
TRACELESS = {"HTTP_GET.nb_get_retry", "SSL_GET.nb_get_retry", "nexthop.as", "static_routes.as", "static_routes.or",
             "static_routes.to", "static_rules.type", "virtual_routes.as", "virtual_routes.or", "virtual_routes.to",
             "virtual_rules.type"}


def test_every_row_is_in_a_golden_file():
    """A row that no file sets is neither parsed nor printed by any test."""
    assert set(dump("unused", *ALL).stdout.split()) == TRACELESS
