# SPDX-License-Identifier: GPL-2.0-or-later
"""Every configuration that ships passes `holdfast check --strict` without a machine to ask."""
import os
import subprocess

import pytest

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HOLDFAST = os.environ.get("HOLDFAST") or os.path.join(TREE, "build", "holdfast")
EXAMPLES = sorted(os.path.join("examples", name) for name in os.listdir(os.path.join(TREE, "examples")))


def check(path):
    return subprocess.run([HOLDFAST, "check", "--strict", "--offline", path], cwd=TREE, capture_output=True, text=True,
                          timeout=30, check=False)


@pytest.mark.parametrize("path", EXAMPLES + ["packaging/holdfast.conf.example"])
def test_example_is_good(path):
    result = check(path)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("path", EXAMPLES)
def test_example_is_canonical_when_printed(path, tmp_path):
    """What `print` makes of it is as good, and prints as itself."""
    def printed(source):
        return subprocess.run([HOLDFAST, "print", source], cwd=TREE, capture_output=True, text=True, timeout=30,
                              check=True).stdout
    first = printed(path)
    again = tmp_path / "again.conf"
    again.write_text(first, encoding="utf-8")
    assert first.strip() and printed(str(again)) == first


def test_a_bad_word_is_seen(tmp_path):
    bad = tmp_path / "bad.conf"
    with open(os.path.join(TREE, "examples", "simplest-pair.conf"), encoding="utf-8") as handle:
        bad.write_text(handle.read().replace("auth_pass", "autp_pass"), encoding="utf-8")
    result = check(str(bad))
    assert result.returncode == 2 and "auth_pass" in result.stdout + result.stderr
