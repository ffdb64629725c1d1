#!/usr/bin/env python3
"""Writes metadata_keys.h: the ss_ keys that kohya sd-scripts' train_network.py puts into a LoRA, and Python's repr() of
some numbers.

    make_metadata_keys.py FOLDER_OF_SD_SCRIPTS > metadata_keys.h
"""
import ast
import sys
from pathlib import Path

tree = ast.parse((Path(sys.argv[1]) / "train_network.py").read_text(encoding="utf-8"))
always, single, several = set(), set(), set()


def collect(node, into):
    for n in ast.walk(node):
        keys = n.keys if isinstance(n, ast.Dict) else [n.slice] if isinstance(n, ast.Subscript) else []
        into.update(k.value for k in keys if isinstance(k, ast.Constant) and str(k.value).startswith("ss_"))


collect(tree, always)
for node in ast.walk(tree):  # the keys of one dataset, and of a dataset file
    if isinstance(node, ast.If) and ast.unparse(node.test) == "use_user_config" and "ss_datasets" in ast.unparse(node):
        for part, into in ((node.body, several), (node.orelse, single)):
            for n in part:
                collect(n, into)
both = single & several
print("/* Made by make_metadata_keys.py from kohya sd-scripts 0.10.1. */\n/* clang-format off */")
for name, keys in (("always", always - single - several | both), ("single", single - both), ("several", several - both)):
    print(f"static const char *const metadata_{name}[] = {{")
    print("".join(f'    "{k}",\n' for k in sorted(keys)) + "};")
print("static const struct {\n    double value;\n    const char *text;\n} python_floats[] = {")
for v in (0.0, 1.0, -1.0, 0.1, 0.0001, 1e-05, 5e-05, 2e-06, 0.00015, 123456.0, 1e15, 1e16, 1.5e22, 3.1, 1 / 3, 7.5, 0.3, 8.0, 1e-300, 1e-4 / 3):
    print('    {%s, "%s"},' % (repr(v), repr(v)))
print("};")
