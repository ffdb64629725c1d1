#!/usr/bin/env python3
"""Run meson tests of one or more build folders and count every single check.

    run.py [--match NAME] [--failed TEXT]... BUILD[:-SUITE,...]...

A build may leave out suites or tests ("build-asan:-parity,-resume"). The points of a TAP
program count one by one, any other test as one; a program that crashes, times out
or stops early counts as one failure more. `--failed TEXT` counts a failure that
happened before (a build folder that does not compile). The last line is
"N passed, N failed"; the exit status is 1 if anything failed or nothing ran.
"""

import argparse
import json
import os
import re
import subprocess
import sys

POINT = re.compile(r"^(not )?ok\b\s*\d*(.*)$", re.MULTILINE)
DIRECTIVE = re.compile(r"#\s*(skip|todo)", re.IGNORECASE)
# Exit by a signal, a timeout or a broken plan; meson calls a bad exit code after good points an error too.
BAD = ("FAIL", "ERROR", "TIMEOUT", "INTERRUPT", "UNEXPECTEDPASS")


def chosen(build, match, without):
    """Names of the tests to run, as meson wants them, or [] if nothing fits."""
    out = subprocess.run(["meson", "introspect", "--tests", build], capture_output=True, text=True, check=True).stdout
    names = []
    for test in json.loads(out):
        suites = [s.split(":", 1)[-1] for s in test["suite"]]
        if {*suites, test["name"]} & set(without):
            continue
        if match in test["name"] or any(match in s for s in suites):
            names.append(test["name"])
    return names


def excerpt(test):
    """What a failed test said: the points that failed with the notes after them, its last lines, its errors."""
    lines, shown, keep = (test.get("stdout") or "").splitlines(), [], False
    if not POINT.search(test.get("stdout") or ""):
        shown, lines = lines[-60:], []
    for i, line in enumerate(lines):
        keep = line.startswith("not ok") or (keep and line.startswith("#"))
        if keep or i >= len(lines) - 3:
            shown.append(line)
    errors = (test.get("stderr") or "").splitlines()
    return "\n".join(shown[:80] + errors[:100])


def count(log):
    """(passed, failed, names of failed tests) of meson's JSON log; prints what the failed ones said."""
    passed, failed, bad = 0, 0, []
    with open(log, encoding="utf-8", errors="replace") as lines:
        for test in map(json.loads, lines):
            points = [(bool(m[1]), m[2]) for m in POINT.finditer(test.get("stdout") or "")]
            good = sum(not no and not DIRECTIVE.search(text) for no, text in points)
            wrong = sum(no and not DIRECTIVE.search(text) for no, text in points)
            broken = test["result"] in BAD
            if not points and not broken and test["result"] != "SKIP":
                good = 1
            if broken and not wrong:
                wrong = 1
            passed, failed = passed + good, failed + wrong
            if broken or wrong:
                print(f"\n---- {os.path.basename(os.path.dirname(os.path.dirname(log)))}: {test['name']}\n{excerpt(test)}\n")
                bad.append(f"{test['name']} ({test['result'].lower()}, exit status {test.get('returncode')})")
    return passed, failed, bad


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--match", default="")
    parser.add_argument("--failed", action="append", default=[])
    parser.add_argument("builds", nargs="*")
    args = parser.parse_args()
    passed, failed, bad = 0, len(args.failed), list(args.failed)
    for spec in args.builds:
        build, _, without = spec.partition(":")
        names = chosen(build, args.match, [s.lstrip("-") for s in without.split(",")])
        if not names:
            continue
        print(f"-- {os.path.basename(build)}: {len(names)} test programs", flush=True)
        log = os.path.join(build, "meson-logs", "testlog.json")
        if os.path.exists(log):
            os.unlink(log)
        status = subprocess.run(["meson", "test", "-C", build, "-t", "3", *names]).returncode
        if not os.path.exists(log):
            failed += 1
            bad.append(f"{os.path.basename(build)}: its tests could not be built or run")
            continue
        result = count(log)
        if status and not result[1]:  # meson saw something that the log does not show
            result = (result[0], 1, result[2] + [f"meson test ended with status {status}"])
        passed, failed, bad = passed + result[0], failed + result[1], bad + [f"{os.path.basename(build)}: {b}" for b in result[2]]
    if passed + failed == 0:
        print(f"No test has '{args.match}' in its name." if args.match else "There are no tests.")
    for line in bad:
        print(f"FAILED {line}")
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
