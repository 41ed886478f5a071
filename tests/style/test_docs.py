# SPDX-License-Identifier: GPL-2.0-or-later
"""What the documents show is so: links lead somewhere, commands exist, configurations are good."""
import json
import os
import re
import subprocess

import pytest

from conftest import BUILD, HOLDFAST, TREE, files, text

PAGES = [page for page in files(".md") if not page.startswith("tests/")]


def run(*words):
    return subprocess.run([HOLDFAST, *words], cwd=TREE, capture_output=True, text=True, timeout=30, check=False)


def test_links_lead_somewhere():
    wrong = []
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)\)", text(page)):
            if not os.path.exists(os.path.join(TREE, os.path.dirname(page), target)):
                wrong.append(f"{page}: {target}")
    assert not wrong, "\n".join(wrong)


def test_commands_exist():
    known = set(re.findall(r"^  ([a-z-]+) ", run("help").stdout, re.M))
    wrong = []
    for page in PAGES:
        for command in re.findall(r"(?:`|^    (?:sudo )?|ExecStart=)holdfast ([a-z][a-z-]*)", text(page), re.M):
            if command not in known:
                wrong.append(f"{page}: holdfast {command}")
    assert known and not wrong, "\n".join(wrong)


def test_messages_of_options_name_the_command():
    for command in re.findall(r"^  ([a-z-]+) ", run("help").stdout, re.M):
        if command in ("version", "help", "genhash"):  # genhash has a status and a usage of its own
            continue
        done = run(command, "--no-such-option")
        assert done.stderr.startswith(f"holdfast {command}: unrecognized option") and done.returncode == 2, command


def test_a_command_explains_itself():
    for command in re.findall(r"^  ([a-z-]+) ", run("help").stdout, re.M):
        for flag in ("-h", "--help"):
            done = run(command, flag)
            assert done.returncode == 0, command
            assert command == "genhash" or done.stdout == run("help", command).stdout, command


def test_check_without_a_file_judges_the_daemons():
    places = re.findall(r'"(/etc/[^"]+)"', text("src/proc/supervisor/places.c"))
    done = run("check", "--offline")
    assert done.stdout.splitlines()[0][:-1] in places and not done.stderr


def test_explained_contexts_have_a_heading():
    contexts = {context for context, _, _ in rows()}
    assert contexts
    for context in contexts:
        assert not run("explain", context).stdout.splitlines()[0].endswith((" ", ":")), context


def test_make_targets_exist():
    targets = set(re.findall(r"^([a-z-]+):", text("Makefile"), re.M))
    for page in PAGES:
        for target in re.findall(r"(?:`|^    )(?:sudo )?make ([a-z-]+)", text(page), re.M):
            assert target in targets, f"{page}: make {target}"


def test_documents_are_installed_as_they_lie_in_the_tree():
    """Their links lead somewhere on a machine that has no clone, too."""
    out = subprocess.run(["meson", "introspect", "--installed", BUILD], capture_output=True, text=True, check=True).stdout
    installed = {os.path.relpath(source, TREE): target for source, target in json.loads(out).items()}
    home = os.path.dirname(installed["README.md"])
    assert home.endswith("/share/doc/holdfast")
    for name in ("README.zh-CN.md", "COPYING", "docs", "examples"):
        assert installed[name] == os.path.join(home, name)


def test_unit_does_not_restart_what_no_start_can_mend():
    """The exit statuses that operations.md calls unusable configuration, missing permission, no configuration."""
    row = next(line for line in text("docs/operations.md").splitlines() if line.startswith("| `holdfast run`"))
    wanted = re.findall(r"(\d) (?:unusable configuration|missing permission|no configuration)", row)
    unit = text("packaging/holdfast.service.in")
    assert len(wanted) == 3 and f"\nRestartPreventExitStatus={' '.join(wanted)}\n" in unit


def test_unit_takes_options_from_a_file_that_need_not_be_there():
    unit = text("packaging/holdfast.service.in")
    assert "\nEnvironmentFile=-/etc/default/holdfast\n" in unit
    assert "\nExecStart=@SBINDIR@/holdfast run $DAEMON_ARGS\n" in unit and "\nEnvironment=DAEMON_ARGS=\n" in unit


SHOWN = [(page, number, block) for page in PAGES
         for number, block in enumerate(re.findall(r"^```conf\n(.*?)^```$", text(page), re.M | re.S))]


@pytest.mark.parametrize("page,number,block", SHOWN, ids=[f"{page}-{number}" for page, number, _ in SHOWN])
def test_configurations_are_good(page, number, block, tmp_path):
    shown = tmp_path / "shown.conf"
    shown.write_text(block, encoding="utf-8")
    result = run("check", "--strict", "--offline", str(shown))
    assert result.returncode == 0, result.stdout


def test_keywords_are_current():
    """`make docs` writes them anew."""
    result = subprocess.run(["/usr/bin/python3", "docs/generate.py", "--check"], cwd=TREE, check=False,
                            env={**os.environ, "HOLDFAST": HOLDFAST})
    assert result.returncode == 0, "docs/configuration.md is out of date: make docs"


def rows():
    return [line.split("\t") for which in ("--list", "--ours") for line in run("explain", which).stdout.splitlines()]


def test_every_row_has_help():
    """A row of the schema without a sentence is not finished."""
    bare, seen = [], 0
    pages = {}
    for context, keyword, _ in rows():
        if context in ("root", "top") or "/" in context:
            continue
        if context not in pages:
            pages[context] = run("explain", context).stdout
        match = re.search(rf"^  {re.escape(keyword)}(?:\s+(.*))?$", pages[context], re.M)
        seen += bool(match)
        if match and not (match.group(1) or "").strip():
            bare.append(f"{context}.{keyword}")
    assert seen > 300 and not bare, "\n".join(bare)


def test_manual_pages_are_whole():
    for words in (["help", "--man"], ["explain", "--man"]):
        page = run(*words).stdout
        assert page.startswith(".Dd ") and ".Sh SEE ALSO" in page
        depth = 0
        for line in page.splitlines():
            depth += line.startswith(".Bl ") - line.startswith(".El")
            assert depth in (0, 1), line
        assert depth == 0
    for keyword in ("advert_int", "nopreempt", "real_server", "track_script"):
        assert f"\\&{keyword}\n" in page or f"\\&{keyword} " in page, keyword


@pytest.mark.parametrize("name,least", [("troubleshooting.md", 30), ("troubleshooting.zh-CN.md", 12)])
def test_log_lines_are_those_of_the_program(name, least):
    """Every quoted sentence of the page is in the source, but for the values in it."""
    strings = re.sub(r'"\s*"', "", "".join(text(path) for path in files(".c", under="src/")))
    page = text(f"docs/{name}")
    quoted = re.findall(r"`([^`]+)`", page) + re.findall(r"^    (\(.*|two masters.*)$", page, re.M)
    checked, wrong = 0, []
    for sentence in quoted:
        # What stands for a value: a word with a digit, a name in the examples, dots.
        for piece in re.split(r"\S*\d\S*|\.\.\.|\b(?:chk|G|NAME|CAUSE|X|Y|MASTER|BACKUP|vrrp|worker)\b|\s\w\s|[():]", sentence):
            piece = (piece or "").strip(" ,!+")
            if piece.count(" ") >= 2 and not piece.startswith(("-", "holdfast", "tcpdump")):
                checked += 1
                if piece not in strings:
                    wrong.append(f"{sentence}: {piece}")
    assert checked > least and not wrong, "\n".join(wrong)


def complete(*words):
    """What bash offers for the last word of `holdfast WORDS`."""
    script = ('source packaging/completion/holdfast.bash; compopt() { :; }; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
              '_holdfast; printf "%s\\n" "${COMPREPLY[@]}"')
    out = subprocess.run(["bash", "-c", script, "bash", HOLDFAST, *words], cwd=TREE, capture_output=True, text=True,
                         timeout=30, check=True)
    assert out.stderr == ""
    return out.stdout.split()


def test_bash_completes_commands_options_and_keywords():
    assert complete("st") == ["status"]
    assert "--dry-run" in complete("reload", "--")
    assert complete("run", "--log-format", "j") == ["json"]
    assert "vrrp_instance.advert_int" in complete("explain", "vrrp_instance.adv")
    assert "README.md" in complete("check", "READ")


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_the_readme_shows_what_check_says(page, tmp_path):
    """The quick start's pair with the two typing errors of the guide."""
    config = text("examples/simplest-pair.conf").split("\n\n", 1)[1]
    config = config.replace("auth_pass", "autp_pass").replace("\tnopreempt\n", "\tpreemtp_delay 300\n")
    (tmp_path / "keepalived.conf").write_text(config, encoding="utf-8")
    said = subprocess.run([HOLDFAST, "check", "--offline", "keepalived.conf"], cwd=tmp_path, capture_output=True,
                          text=True, timeout=30, check=False).stdout
    shown = re.search(r"^    \$ holdfast check keepalived\.conf\n((?:    .*\n)+)", text(page), re.M).group(1)
    assert [line.strip() for line in shown.splitlines()] == [line.strip() for line in said.expandtabs(4).splitlines()]
