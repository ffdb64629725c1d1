#!/usr/bin/env python3
"""The man page and the program tell of the same commands and options, and the page is free of faults of form; prints TAP.
Usage: man_page.py PAGE PROGRAM"""

import os
import re
import shutil
import subprocess
import sys

page, program = sys.argv[1:]
text = open(page, encoding="utf-8").read().replace("\\-", "-")
environment = dict(os.environ, LC_ALL="C.UTF-8", LANGUAGE="en")


def help_of(*command):
    return subprocess.run([program, *command, "--help"], capture_output=True, text=True, check=True, env=environment).stdout


def options(words):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", words))


commands = re.findall(r"^  ([a-z]+) {3,}", help_of(), re.MULTILINE)
said = {command: help_of(command) for command in commands}
told = set(re.findall(r"^\.SS ([a-z]+)$", text, re.MULTILINE))
wrong = []
for command in sorted(set(commands) ^ told):
    wrong.append(f"the command {command} is in one of both only")
known = set().union(options(help_of()), *map(options, said.values()))
for option in sorted(known ^ options(text)):
    wrong.append(f"the option {option} is in one of both only")
for command in commands:
    part = text[text.index(f".SS {command}\n"):].split("\n.S")[0] + "\n.S"
    for option in sorted(options(said[command].split("Options:")[1]) - options(part) - {"--help"}):
        wrong.append(f"{command}: {option} is missing")
print("not ok" if wrong else "ok", "1 - the same commands and options")
for line in wrong:
    print("#", line)
faults = ""
if shutil.which("groff"):
    faults = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z", page], capture_output=True, text=True, check=False).stderr
elif shutil.which("mandoc"):
    faults = subprocess.run(["mandoc", "-Tlint", "-Wwarning", page], capture_output=True, text=True, check=False).stdout
else:
    print("# neither groff nor mandoc is installed")
print("not ok" if faults else "ok", "2 - no faults of form")
for line in faults.splitlines():
    print("#", line)
print("1..2")
sys.exit(1 if wrong or faults else 0)
