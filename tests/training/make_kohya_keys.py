#!/usr/bin/env python3
"""Writes kohya_keys.h: every option of kohya sd-scripts' network training and its default.

    make_kohya_keys.py FOLDER_OF_SD_SCRIPTS > kohya_keys.h

The parsers are read as syntax, not run, so nothing of sd-scripts needs to be installed.
"""
import ast
import sys
from pathlib import Path

FILES = ["train_network.py", "sdxl_train_network.py", "flux_train_network.py", "sd3_train_network.py",
         "lumina_train_network.py", "anima_train_network.py", "hunyuan_image_train_network.py",
         *[f"library/{f}.py" for f in ("train_util", "config_util", "custom_train_functions", "deepspeed_utils",
                                       "flux_train_utils", "lumina_train_util", "anima_train_utils", "sai_model_spec",
                                       "sd3_train_utils", "sdxl_train_util", "utils")]]
# Options that differ between families: the ones of the first file named win; families have their own tests later.
seen = {}
for file in FILES:
    tree = ast.parse((Path(sys.argv[1]) / file).read_text(encoding="utf-8"))
    functions = [f for f in ast.walk(tree) if isinstance(f, ast.FunctionDef)]  # not a file's own command line
    for call in (c for f in functions for c in ast.walk(f)):
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "add_argument"):
            continue
        name = ast.literal_eval(call.args[0]).removeprefix("--")
        words = {k.arg: k.value for k in call.keywords}
        flag = "action" in words
        default = ast.literal_eval(words["default"]) if "default" in words else (False if flag else None)
        seen.setdefault(name, default)


def text(value):
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return '"true"' if value else '"false"'
    return '"%s"' % (repr(value) if isinstance(value, (int, float)) else value)


print("/* Made by make_kohya_keys.py from kohya sd-scripts 0.10.1: option and default (NULL is None). */\n/* clang-format off */")
print("static const struct {\n    const char *key;\n    const char *fallback;\n} kohya_keys[] = {")
for name in sorted(seen):
    print('    {"%s", %s},' % (name, text(seen[name])))
print("};")
