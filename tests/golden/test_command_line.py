# SPDX-License-Identifier: GPL-2.0-or-later
"""What is said to somebody who types a command wrong, or at the wrong moment."""
import os
import pathlib
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent
HOLDFAST = os.environ.get("HOLDFAST") or str(HERE.parents[1] / "build" / "holdfast")


def run(*words, run_dir="/nonexistent"):
    done = subprocess.run([HOLDFAST, *words], capture_output=True, text=True, timeout=20, check=False,
                          env=dict(os.environ, HOLDFAST_RUN_DIR=str(run_dir)))
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("typed,meant", [("sttus", "status"), ("relaod", "reload"), ("events", "status --events"),
                                         ("start", "run"), ("test", "check")])
def test_a_command_that_there_is_not(typed, meant):
    wanted = f"holdfast: no command `{typed}`, did you mean `holdfast {meant}`?\n"
    assert run(typed) == (2, "", wanted) == run("help", typed)


def test_a_command_like_none():
    status, out, err = run("frobnicate")
    assert status == 2 and not out and err.startswith("holdfast: no command `frobnicate`\nusage: ")


@pytest.mark.parametrize("words,hint", [(("run", "a.conf"), "a configuration is named with -f"),
                                        (("reload", "a.conf"), "it is the file that the daemon was started with")])
def test_a_word_too_many(words, hint):
    status, _, err = run(*words)
    assert status == 2 and err.startswith(f"holdfast {words[0]}: `a.conf` has no meaning here: {hint}\nusage: ")


def test_no_daemon(tmp_path):
    assert run("status", run_dir=tmp_path) == (2, "", f"holdfast: no daemon runs in {tmp_path}\n")
    assert run("reload", run_dir=tmp_path) == (3, "", f"holdfast: no daemon runs in {tmp_path}\n")


def test_help_fits_a_terminal():
    for command in ("status", "check", "run"):
        _, out, _ = run("help", command)
        assert max(len(line) for line in out.split("\n\n", 1)[1].splitlines()) <= 78
        assert "\nExit status:\n0 " in out


def test_an_option_before_the_command():
    status, out, err = run("--run-dir", "/nowhere", "status")
    assert (status, out) == (2, "") and "options come after the command" in err and "--run-dir" in err


VI = "vrrp_instance VI_1 {{\n interface lo\n virtual_router_id 51\n virtual_ipaddress {{\n  192.0.2.100/32\n  {}\n }}\n}}\n"


@pytest.mark.parametrize("address,last", [
    ("192.0.2.101/32", "0 errors, 0 warnings, 0 notes"),
    ("192.0.2.300/32", "A start goes on without what can't be used, a reload refuses new errors."),
    ("fd00::1/64", "A start and a reload take this all the same, as the messages say."),
])
def test_check_ends_with_what_start_and_reload_do(address, last, tmp_path):
    path = tmp_path / "a.conf"
    path.write_text(VI.format(address), encoding="ascii")
    _, out, _ = run("check", "--offline", str(path))
    assert out.splitlines()[-1].replace("1 warning", "0 warnings") == last
