#!/usr/bin/env python3
"""Each rule of lint.py finds a fault that was put in, and is silent about a clean tree."""

import subprocess
import sys
import tempfile
from pathlib import Path

LINT = Path(__file__).with_name("lint.py")
CLEAN = {
    ".clang-format": "BasedOnStyle: LLVM\n",
    "src/base/a.c": '#include "base/a.h"\nint lk_a(void) { return 1; } // exit() and "gets(" are only words here\n',
    "src/base/a.h": "int lk_a(void);\n",
    "src/base/meson.build": "l = static_library('lk-base', files('a.c'))\n",
    "src/tensor/meson.build": "t = static_library('lk-tensor', files('t.c'))\n",
    "src/tensor/t.c": '#include "base/a.h"\n',
}
# (what, number of the check that must fail, file, its text)
FAULTS = [
    ("a higher layer", 1, "src/base/a.c", '#include "tensor/t.h"\n'),
    ("a neighbour of the same layer", 1, "src/tensor/t.c", '#include "kernels/k.h"\n'),
    ("GLib in a libc-only folder", 1, "src/tensor/t.c", "#include <glib.h>\n"),
    ("an include without a folder", 1, "src/base/a.c", '#include "a.h"\n'),
    ("a banned call", 2, "src/base/a.c", "void lk_f(char *p) { strcpy(p, p); }\n"),
    ("exit in a library", 2, "src/base/a.c", "void lk_f(void) { exit(1); }\n"),
    ("a long file", 3, "src/base/a.c", "\n" * 900),
    ("a space at the end", 3, "src/base/meson.build", "l = files('a.c') \n"),
    ("a file that is not built", 5, "src/base/b.c", "int lk_b;\n"),
    ("a machine's path", 6, "README.md", "Look into /" + "root/x.\n"),
]


def failing(files):
    """The numbers of the checks that fail on a tree of these files."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        out = subprocess.run([sys.executable, LINT, folder], capture_output=True, text=True).stdout
    return [int(line.split()[2]) for line in out.splitlines() if line.startswith("not ok")]


bad = 0
cases = [("a clean tree", [], CLEAN)] + [(f"finds {what}", [n], {**CLEAN, name: text}) for what, n, name, text in FAULTS]
for number, (title, want, files) in enumerate(cases, 1):
    got = failing(files)
    # Formatting (4) has its own fault in some of these texts; only the rule in question counts.
    right = set(want) <= set(got) and not set(got) - set(want) - {4}
    bad += not right
    print(f"{'ok' if right else 'not ok'} {number} - {title}" + ("" if right else f" (failing checks: {got})"))
print(f"1..{len(cases)}")
sys.exit(1 if bad else 0)
