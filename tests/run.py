#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the suites of `make check` and adds them up.

A suite is a name: the Meson tests of that suite, and the pytest files under tests/NAME. A few are
more than that and have a function here. Each counts what it ran; one that ran nothing has failed.
The last line is `N passed, N failed, N skipped`.

A test that failed beside others (several run at a time, on real kernels and in real time) runs once
more, alone. Where that is good it counts as passed, and is named as UNSTEADY with what it said first:
a machine that stood still, or a race, of the test or of the product, that is to be found. When more
than a few fail it is no race, and nothing runs again.
"""
import argparse
import dataclasses
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor

TREE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SUITE_LIMIT = 30 * 60  # seconds; a suite that hangs is ended and has failed
VM_LIMIT = 20 * 60     # the same for what runs in the emulated guest
AGAIN_MAX = 6          # failures of one run of pytest that are looked at a second time


@dataclasses.dataclass
class Failure:
    name: str
    why: str = ""   # in one line
    node: str = ""  # by what pytest knows the test, to run it again

    def __str__(self):
        return f"{self.name}: {self.why}" if self.why else self.name


@dataclasses.dataclass
class Count:
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    failures: list = dataclasses.field(default_factory=list)
    unsteady: list = dataclasses.field(default_factory=list)  # failed once, and passed alone

    def __iadd__(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.failures += other.failures
        self.unsteady += other.unsteady
        return self

    def fail(self, name, why="", node=""):
        self.failed += 1
        self.failures.append(Failure(name, why, node))
        return self

    @property
    def ran(self):
        return self.passed + self.failed + self.skipped


class Runner:
    def __init__(self, options):
        self.options = options
        self.build = os.path.abspath(options.build)
        self.env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1",
                    "HOLDFAST": os.path.join(self.build, "holdfast")}
        self.env.pop("MAKEFLAGS", None)

    def run(self, command, limit=SUITE_LIMIT, env=None, **more):
        """Exit status; output goes through. A whole process group is ended at the limit."""
        with subprocess.Popen(command, cwd=TREE, stdin=subprocess.DEVNULL, start_new_session=True,
                              env={**self.env, **(env or {})}, **more) as process:
            try:
                return process.wait(limit)
            except (subprocess.TimeoutExpired, KeyboardInterrupt) as end:
                os.killpg(process.pid, signal.SIGTERM)
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
                if isinstance(end, KeyboardInterrupt):
                    raise
                print(f"** ended after {limit} s: {' '.join(command)}", flush=True)
                return -1

    # -- the two kinds of tests -----------------------------------------------------------------

    def meson_names(self, suite, build):
        out = subprocess.run(["meson", "introspect", "--tests", build], capture_output=True, text=True, check=True)
        return [test["name"] for test in json.loads(out.stdout)
                if any(name.split(":")[-1] == suite for name in test["suite"])]

    def meson(self, suite, build=None, env=None):
        build = build or self.build
        count = Count()
        if not self.meson_names(suite, build):
            return count
        log = os.path.join(build, "meson-logs", f"testlog-{suite}.json")
        if os.path.exists(log):
            os.remove(log)
        self.run(["meson", "test", "-C", build, "--no-rebuild", "--suite", suite, "--logbase", f"testlog-{suite}",
                  "--print-errorlogs", "--num-processes", str(os.cpu_count() or 2)], env=env)
        if not os.path.exists(log):
            return count.fail(f"{suite}: meson test wrote no log")
        with open(log, encoding="utf-8") as handle:
            for line in handle:
                count += meson_result(json.loads(line))
        return count

    def pytest(self, folder, workers=0, env=None):
        count = Count()
        path = os.path.join(TREE, "tests", folder)
        if not os.path.isdir(path) or not any(re.fullmatch(r"test_\w+\.py", name) for name in os.listdir(path)):
            return count
        if not workers:
            return self.pytest_once(folder, [path], env)
        # loadgroup: a file that starts its servers once stays with one of them
        count = self.pytest_once(folder, [path, "-n", str(workers), "--dist", "loadgroup"], env)
        return again(count, lambda nodes: self.pytest_once(folder, nodes, env))

    def pytest_once(self, name, arguments, env):
        with tempfile.TemporaryDirectory() as place:
            report = os.path.join(place, "report.xml")
            status = self.run([*pytest_command(arguments, report), "-rs"], env=env)
            return pytest_count(name, [report], status)

    # -- suites ---------------------------------------------------------------------------------

    def plain(self, name):
        count = self.meson(name)
        count += self.pytest(name)
        return count

    def netns(self):
        count = self.pytest("netns", workers=4)
        count += self.pytest("lvs", workers=4, env={"HF_ENGINE": "nftables"})
        return count

    def interop(self):
        return self.pytest("interop", workers=3)

    def vm(self):
        """The harness itself, then the tests of tests/lvs, all in one boot of the emulated guest."""
        count = self.pytest("vm", env={"HF_VM_CACHE": os.path.join(self.build, "vm")})
        lvs = self.in_guest(["tests/lvs", "-m", "not alone", "-n", "4", "--dist", "loadfile"], ["tests/lvs", "-m", "alone"])
        count += again(lvs, self.in_guest)
        return count

    def in_guest(self, *runs):
        """Runs of pytest, one after the other in one boot; each is its arguments."""
        with tempfile.TemporaryDirectory() as place:
            reports = [os.path.join(place, f"{number}.xml") for number in range(len(runs))]
            commands = [shlex.join([*pytest_command(arguments, report), "-v", "-rs"])
                        for arguments, report in zip(runs, reports)]
            script = "status=0; " + "".join(f"{command} || status=$?; " for command in commands) + "exit $status"
            status = self.run(["/usr/bin/python3", "tests/vm/run_guest.py", "--cache", os.path.join(self.build, "vm"),
                               "--output", place, "--timeout", str(VM_LIMIT), "--", "sh", "-c", script])
            return pytest_count("vm", reports, status)

    def compile(self, build, setup, targets=(), env=None):
        """True when a second build is there; it is made again only where something changed."""
        if not os.path.exists(os.path.join(build, "build.ninja")):
            if self.run(["meson", "setup", build, *setup], env=env, stdout=subprocess.DEVNULL):
                return False
        return self.run(["ninja", "-C", build, "--quiet", *targets], env=env) == 0

    def asan(self):
        """Unit, golden and simulation again, built with the address and undefined-behaviour sanitizers."""
        build = self.build + "-asan"
        env = {"HOLDFAST": os.path.join(build, "holdfast"), "HF_SANITIZED": "1",
               "ASAN_OPTIONS": "abort_on_error=1:detect_stack_use_after_return=1",
               "UBSAN_OPTIONS": "halt_on_error=1:abort_on_error=1:print_stacktrace=1"}
        if not self.compile(build, ["-Db_sanitize=address,undefined", "-Dbuildtype=debugoptimized"]):
            return Count().fail("asan: the build failed")
        count = Count()
        for suite in ("unit", "golden", "sim"):
            part = self.meson(suite, build, env)
            part += self.pytest(suite, env=env)
            for failure in part.failures:
                failure.name = f"sanitized {failure.name}"
            count += part
        return count

    def fuzz(self):
        """Every libFuzzer target for a while, two at a time. The corpora alone run in `unit`."""
        build = self.build + "-fuzz"
        if not self.compile(build, ["-Dfuzz=true", "-Db_sanitize=address,undefined", "-Db_lundef=false",
                                    "-Dc_args=-fsanitize=fuzzer-no-link", "-Dbuildtype=debugoptimized"],
                            ["fuzzers"], env={"CC": "clang"}):
            return Count().fail("fuzz: the build failed")
        place = os.path.join(build, "tests", "fuzz")
        targets = sorted(name for name in os.listdir(place) if re.fullmatch(r"fuzz_\w+", name))
        count = Count()
        with ThreadPoolExecutor(max_workers=2) as pool:
            for part in pool.map(lambda name: self.fuzz_one(place, name), targets):
                count += part
        return count

    def fuzz_one(self, place, target):
        seconds = self.options.fuzz_seconds
        work = os.path.join(place, "found", target)
        crashes = os.path.join(place, "crashes", target)
        os.makedirs(work, exist_ok=True)
        os.makedirs(crashes, exist_ok=True)
        log = os.path.join(place, target + ".log")
        seeds = os.path.join(TREE, "tests", "fuzz", "corpus", target.removeprefix("fuzz_"))
        more = [os.path.join(TREE, "examples")] if target == "fuzz_config" else []
        command = [os.path.join(place, target), f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048",
                   "-max_len=4096", f"-artifact_prefix={crashes}/", "-print_final_stats=1", work, seeds, *more]
        if more:
            command.insert(1, f"-dict={self.keywords(place)}")
        print(f"{target}: {seconds} s ...", flush=True)
        with open(log, "wb") as out:
            status = self.run(command, limit=seconds + 120, stdout=out, stderr=out)
        with open(log, encoding="utf-8", errors="replace") as handle:
            text = handle.read()
        runs = re.search(r"number_of_executed_units: (\d+)", text)
        if status or not runs:
            print(f"{target}: FAILED, exit {status}; inputs in {crashes}\n" + "\n".join(text.splitlines()[-40:]), flush=True)
            return Count().fail(target)
        print(f"{target}: {runs.group(1)} inputs, nothing found", flush=True)
        return Count(passed=1)

    def keywords(self, place):
        """A libFuzzer dictionary of every keyword of the schema."""
        path = os.path.join(place, "keywords.dict")
        lines = [line for which in ("--list", "--ours")
                 for line in subprocess.run([self.env["HOLDFAST"], "explain", which], capture_output=True, text=True,
                                            check=True).stdout.splitlines()]
        words = {line.split("\t")[1] for line in lines if line.count("\t") == 2}
        with open(path, "w", encoding="ascii") as handle:
            handle.writelines(f'"{word}"\n' for word in sorted(words) if re.fullmatch(r"[\w-]+", word))
        return path

    def demo(self):
        status = self.run(["/usr/bin/python3", "demo/demo.py"], limit=180)
        return Count(passed=1) if status == 0 else Count().fail(f"demo: exit {status}")


def meson_result(entry):
    """A cmocka program counts its own tests; another program is one test."""
    name, out = entry["name"], (entry.get("stdout") or "") + (entry.get("stderr") or "")
    if entry["result"] == "SKIP":
        return Count(skipped=1)
    good = sum(int(n) for n in re.findall(r"^\[  PASSED  \] (\d+) test", out, re.M))
    skipped = sum(int(n) for n in re.findall(r"^\[  SKIPPED \] (\d+) test", out, re.M))
    bad = sorted(set(re.findall(r"^\[  FAILED  \] (?!\d+ test)(?:\S+: )?(\w+)", out, re.M)))
    if entry["result"] in ("OK", "EXPECTEDFAIL"):
        return Count(passed=max(good, 1), skipped=skipped)
    return Count(passed=good, failed=max(len(bad), 1), skipped=skipped,
                 failures=[Failure(f"{name}: {one}") for one in bad] or [Failure(name)])


def pytest_command(arguments, report):
    return ["/usr/bin/python3", "-m", "pytest", *arguments, "-p", "no:cacheprovider", "--junit-xml", report,
            "-o", "junit_family=xunit2", "--durations", "5"]


def pytest_count(name, reports, status):
    """What runs of pytest that ended with a status have written into their reports."""
    count = Count()
    for report in reports:
        if not os.path.exists(report):
            return count.fail(f"{name}: pytest ended with {status}")
        for case in ElementTree.parse(report).getroot().iter("testcase"):
            count += pytest_result(case)
    if status not in (0, 1, 5) or (status == 1 and not count.failed):
        count.fail(f"{name}: pytest ended with {status}")
    return count


def pytest_result(case):
    bad = next((child for child in case if child.tag in ("failure", "error")), None)
    if bad is not None:
        why = " ".join((bad.get("message") or "").split("\n", 1)[0].split())[:160]
        still = case.find("properties/property[@name='stood still']")
        if still is not None:
            why += f" (the machine stood still for {still.get('value')})"
        # a test's group follows its name
        node = f"{case.get('classname').replace('.', '/')}.py::{re.sub(r'@[a-z_]+$', '', case.get('name'))}"
        return Count().fail(f"{case.get('classname')}::{case.get('name')}", why, node)
    return Count(skipped=1) if "skipped" in {child.tag for child in case} else Count(passed=1)


def again(first, run):
    """What failed runs once more, alone: run(nodes) is the count of that."""
    nodes = [failure.node for failure in first.failures]
    if not nodes or not all(nodes) or len(nodes) > AGAIN_MAX:
        return first
    print("\n** again, alone:", *first.failures, sep="\n** ", flush=True)
    second = run(nodes)
    still = {failure.node for failure in second.failures}
    if second.ran != len(nodes) or not still <= set(nodes):
        return first
    return Count(first.passed + second.passed, second.failed, first.skipped + second.skipped, second.failures,
                 [failure for failure in first.failures if failure.node not in still])


PLAIN = ("unit", "golden", "sim", "style", "examples")
ORDER = ("unit", "golden", "style", "examples", "sim", "asan", "netns", "interop", "vm", "demo", "fuzz")


def ready(runner):
    """Configure again where the test libraries came after the first configuration (`make demo`, then
    `make check` on a new machine): without them there is no folder of the unit tests."""
    if not os.path.isdir(os.path.join(runner.build, "tests", "unit")):
        runner.run(["meson", "setup", "--reconfigure", runner.build], stdout=subprocess.DEVNULL)
        runner.run(["ninja", "-C", runner.build])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=" ".join(ORDER))
    parser.add_argument("--build", default="build")
    parser.add_argument("--fuzz-seconds", type=int, default=30 if os.environ.get("CI") else 15)
    options = parser.parse_args()
    unknown = set(options.suites) - set(ORDER)
    if unknown:
        parser.error(f"no suite {', '.join(sorted(unknown))}; there are {' '.join(ORDER)}")

    runner = Runner(options)
    ready(runner)
    total, rows = Count(), []
    for name in options.suites or ORDER:
        print(f"\n== {name}", flush=True)
        began = time.monotonic()
        try:
            count = runner.plain(name) if name in PLAIN else getattr(runner, name)()
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            count = Count().fail(f"{name}: {error}")
        if not count.ran:
            count.fail(f"{name}: no test ran")
        rows.append((name, count, time.monotonic() - began))
        total += count

    print(f"\n{'suite':10} {'passed':>7} {'failed':>7} {'skipped':>8} {'seconds':>8}")
    for name, count, took in rows:
        print(f"{name:10} {count.passed:7} {count.failed:7} {count.skipped:8} {took:8.1f}")
    for failure in total.unsteady:
        print(f"UNSTEADY {failure}")
    for failure in total.failures:
        print(f"FAILED {failure}")
    print(f"\n{total.passed} passed, {total.failed} failed, {total.skipped} skipped", flush=True)
    return 1 if total.failed or not total.passed else 0


if __name__ == "__main__":
    sys.exit(main())
