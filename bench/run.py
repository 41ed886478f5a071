#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Benchmarks against the distribution's keepalived: alternating runs, medians, ratios, bars.

    bench/run.py                    all of them
    bench/run.py takeover stop      some
    bench/run.py --list             their names
    bench/run.py --guest checks-tcp on a kernel with IPVS, in the emulated guest of tests/vm
"""
import argparse
import importlib
import json
import os
import platform
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import harness  # noqa: E402

MODULES = ("takeover", "stop", "addresses", "adverts", "start", "reload", "parse", "scripts", "load", "memory",
           "checks")


def benchmarks():
    found = []
    for module in MODULES:
        found += importlib.import_module(f"cases.{module}").BENCHMARKS
    return found


def show(value, digits):
    return "-" if value is None else f"{value:.{digits}f}"


def table(outcomes):
    lines = ["| benchmark | what | holdfast | keepalived | unit | ratio | bar | |",
             "|---|---|--:|--:|---|--:|---|---|"]
    for outcome in outcomes:
        row = outcome.row
        lines.append(f"| {outcome.benchmark} | {row.name} | {show(outcome.median(harness.OURS), row.digits)} "
                     f"| {show(outcome.median(harness.THEIRS), row.digits)} | {row.unit} "
                     f"| {show(outcome.ratio, 3)} | {outcome.bar} | {outcome.verdict} |")
    return "\n".join(lines)


def machine():
    version = subprocess.run(["keepalived", "--version"], capture_output=True, text=True, check=False).stderr
    return (f"{len(os.sched_getaffinity(0))} CPUs, Linux {platform.release()}, "
            f"{version.splitlines()[0] if version else 'no keepalived'}")


def in_guest(arguments):
    command = [sys.executable, os.path.abspath(__file__), *(word for word in arguments if word != "--guest")]
    return subprocess.run([sys.executable, os.path.join(harness.TREE, "tests", "vm", "run_guest.py"), "--", *command],
                          check=False).returncode


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="benchmarks (or beginnings of their names)")
    parser.add_argument("--list", action="store_true", help="list them")
    parser.add_argument("--repeat", type=int, help="runs of each kind")
    parser.add_argument("--only", choices=(harness.OURS, harness.THEIRS), help="measure one daemon only")
    parser.add_argument("--guest", action="store_true", help="in the guest, where keepalived has its IPVS")
    parser.add_argument("--json", metavar="FILE", help="write all values too")
    options = parser.parse_args()
    chosen = [b for b in benchmarks() if not options.names or any(b.name.startswith(n) for n in options.names)]
    if options.list:
        for benchmark in chosen:
            print(f"{benchmark.name:16} {benchmark.about}")
        return 0
    if os.geteuid():
        sys.exit("bench: needs root (network namespaces)")
    if not chosen:
        sys.exit(f"bench: nothing is called {' or '.join(options.names)}")
    if options.guest:
        return in_guest(sys.argv[1:])
    outcomes, failed = [], []
    for benchmark in chosen:
        try:
            outcomes += harness.run(benchmark, options.repeat, options.only,
                                    lambda text: print(text, file=sys.stderr, flush=True))
        except Exception as error:  # the others are still worth having
            failed.append(f"{benchmark.name}: {type(error).__name__}: {str(error)[:2000]}")
            print(failed[-1], file=sys.stderr)
    print(f"{time.strftime('%Y-%m-%d')}, {machine()}; medians\n")
    print(table(outcomes))
    for text in failed:
        print(f"\nnot measured: {text.splitlines()[0]}")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as handle:
            json.dump({"machine": machine(), "rows": [
                {"benchmark": o.benchmark, "row": o.row.name, "unit": o.row.unit, "bar": o.bar, "ratio": o.ratio,
                 "verdict": o.verdict, "values": o.values} for o in outcomes]}, handle, indent=1)
    return 1 if failed or any(o.verdict == "FAIL" for o in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
