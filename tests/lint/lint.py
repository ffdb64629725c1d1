#!/usr/bin/env python3
"""The house's rules that a machine can check; prints TAP. Usage: lint.py [TOP]"""

import functools
import re
import shutil
import subprocess
import sys
from pathlib import Path

TOP = Path(sys.argv[1] if len(sys.argv) > 1 else __file__).resolve()
TOP = TOP if TOP.is_dir() else TOP.parents[2]

# A folder may include its own files and folders with a lower number (ARCHITECTURE.md).
LAYERS = {
    "base": 0,
    "kernels": 1, "tensor": 1,
    "backend": 2, "group": 2, "format": 2, "text": 2,
    "model": 3, "adapter": 3,
    "dataset": 4, "sampling": 4, "project": 4, "system": 4,
    "training": 5,
    "worker": 6, "cli": 6,
    "app": 7,
}  # fmt: skip
EXCEPTIONS = {("text", "format/gerror.h")}  # the error domain of everything above libc
LIBC_ONLY = {"base", "kernels", "tensor", "backend", "group"}
GTK_ONLY_IN = {"app"}

# What to call instead is the second column.
BANNED = {
    "strcpy": "memcpy or snprintf", "strcat": "snprintf", "sprintf": "snprintf", "vsprintf": "vsnprintf",
    "gets": "fgets", "strtok": "strtok_r", "atoi": "strtol", "atol": "strtol", "atof": "strtod",
}  # fmt: skip
ENDS_THE_PROGRAM = ("abort", "exit", "_exit", "quick_exit", "g_error", "g_abort")

LINES_FAIL, LINES_WARN = 800, 600
# Data may be long, and the oracle stands alone so that it can be read beside PyTorch.
LONG_FOR_A_REASON = re.compile(r"_(tables?|rows)\.[ch]$|^tests/oracle/make_case\.py$")

CODE = {".c", ".h", ".cu", ".cuh", ".inc"}
TEXT = CODE | {".py", ".sh", ".md", ".build", ".options", ".toml", ".txt", ".blp", ".xml", ".json", ".css", ".yml", ".yaml"}
PASS_BY = re.compile(r"^(build[^/]*|_build[^/]*|\.git|\.cache|subprojects|tests/parity/cases)$|(^|/)(__pycache__|node_modules)$")
MACHINE_PATHS = re.compile(r"(?<![\w.$}])/(work|root|home/(?!\w*[$<{]))[/\w]")


def walk(folder=TOP):
    """All files of the checkout but build folders and data."""
    for entry in sorted(folder.iterdir()):
        if PASS_BY.search(entry.relative_to(TOP).as_posix()) or entry.is_symlink():
            continue
        if entry.is_dir():
            yield from walk(entry)
        elif entry.suffix in TEXT or entry.name in ("dev", "run"):
            yield entry.relative_to(TOP)


@functools.cache
def read(path):
    return (TOP / path).read_text(encoding="utf-8", errors="replace")


def bare(source):
    """Code with comments and strings blanked; line numbers stay."""
    pattern = r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
    return re.sub(pattern, lambda m: re.sub(r"[^\n]", " ", m[0]), source, flags=re.DOTALL)


def folder_of(path):
    """The folder of the layer table that a file belongs to, or None."""
    parts = path.parts
    return "kernels" if parts[0] == "kernels" else parts[1] if parts[0] == "src" and len(parts) > 2 else None


def layers(files):
    for path in files:
        own = folder_of(path)
        if path.suffix not in CODE or own is None:
            continue
        if own not in LAYERS:
            yield f"{path}: the folder '{own}' is not in the table of layers."
            continue
        for number, line in enumerate(read(path).splitlines(), 1):
            system = re.match(r"\s*#\s*include\s+<((?:glib|gio|gobject|gmodule|gtk|gdk|gsk|adwaita)[^>]*)>", line)
            if system and own in LIBC_ONLY:
                yield f"{path}:{number}: '{own}' uses libc only, not <{system[1]}>."
            elif system and re.match("gtk|gdk/|gsk|adwaita", system[1]) and own not in GTK_ONLY_IN:
                yield f"{path}:{number}: <{system[1]}> belongs to 'app' alone."
            include = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            if not include or include[1].startswith("config."):
                continue
            there = include[1].split("/")[0] if "/" in include[1] else None
            if there is None or there.startswith("."):
                yield f'{path}:{number}: write #include "folder/file.h", not "{include[1]}".'
            elif (own, include[1]) in EXCEPTIONS:
                continue
            elif there != own and LAYERS.get(there, 99) >= LAYERS[own]:
                yield f"{path}:{number}: '{own}' ({LAYERS[own]}) must not include '{include[1]}' ({LAYERS.get(there, '?')})."


def banned_calls(files):
    pattern = re.compile(r"(?<![\w.>])(" + "|".join([*BANNED, *ENDS_THE_PROGRAM]) + r")\s*\(")
    for path in files:
        if path.suffix not in CODE:
            continue
        for number, line in enumerate(bare(read(path)).splitlines(), 1):
            for call in pattern.findall(line):
                if call in BANNED:
                    yield f"{path}:{number}: {call}; use {BANNED[call]}."
                elif path.parts[0] != "tests" and path.name != "main.c":
                    yield f"{path}:{number}: {call}; only a main.c ends the program, others return an error."


def sizes_and_space(files):
    for path in files:
        lines = read(path).split("\n")
        if path.suffix in CODE | {".py", ".sh", ".blp"} and len(lines) > LINES_WARN and not LONG_FOR_A_REASON.search(str(path)):
            text = f"{path}: {len(lines)} lines; is there a second idea in it that wants its own file?"
            if len(lines) > LINES_FAIL:
                yield text
            else:
                print(f"# warning: {text}")
        for number, line in enumerate(lines, 1):
            if "\t" in line and path.suffix != ".txt":
                yield f"{path}:{number}: a tab."
            if line.endswith((" ", "\r")):
                yield f"{path}:{number}: space at the end."


def clang_format(files):
    if not shutil.which("clang-format"):
        print("# clang-format is not installed")
        return
    code = [str(f) for f in files if f.suffix in CODE and f.parts[0] in ("src", "kernels", "tests")]
    out = subprocess.run(["clang-format", "--dry-run", "--Werror", *code], cwd=TOP, capture_output=True, text=True) if code else None
    found = re.findall(r"^(\S+?):(\d+):\d+: error", out.stderr if out else "", re.MULTILINE)
    first = {}
    for path, number in found:
        first.setdefault(path, number)
    for path, number in first.items():
        yield f"{path}:{number}: not as clang-format writes it (clang-format -i {path})."
    if out and out.returncode and not found:
        yield f"clang-format failed: {out.stderr[:300]}"


def in_meson(files):
    for path in files:
        if path.suffix not in (".c", ".cu") or path.parts[0] not in ("src", "kernels", "tests"):
            continue
        above = [p for p in path.parents if (TOP / p / "meson.build").is_file()]
        words = {w for p in above[:2] for w in re.split(r"[^\w.-]+|\.(?=cu?\b)", read(p / "meson.build"))}
        if not words & {path.stem, path.stem.removeprefix("test_")}:  # a loop may add "test_" to its names
            yield f"{path}: no meson.build names it, so nothing compiles it."


def machine_paths(files):
    for path in files:
        for number, line in enumerate(read(path).splitlines(), 1):
            if found := MACHINE_PATHS.search(line):
                yield f"{path}:{number}: '{found[0]}' is a path of one machine."


CHECKS = [
    ("a folder includes only lower layers, and GLib only where it may", layers),
    ("no banned call, and no end of the program outside main.c", banned_calls),
    (f"no file over {LINES_FAIL} lines, no tab, no space at a line's end", sizes_and_space),
    ("code is formatted", clang_format),
    ("every source file is built", in_meson),
    ("no path of a machine", machine_paths),
]


def main():
    files, failed = list(walk()), 0
    for path in files:  # now, lest an editor's temporary file is gone later
        read(path)
    for number, (title, check) in enumerate(CHECKS, 1):
        wrong = list(check(files))
        failed += bool(wrong)
        print(f"{'not ok' if wrong else 'ok'} {number} - {title}")
        for line in wrong[:40]:
            print(f"# {line}")
        if len(wrong) > 40:
            print(f"# ... and {len(wrong) - 40} more")
    print(f"1..{len(CHECKS)}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
