#!/usr/bin/env python3
"""The documents for people: what they name is there, and those in two languages say the same; prints TAP.

    documents.py TOP

What is looked at: links and pictures, paths and names of code in `backticks`, commands of ./dev with the tests that they
name, variables; of twins the headings, tables, examples and numbers.
"""

import functools
import re
import sys
from pathlib import Path

TOP = Path(sys.argv[1]).resolve()
PASS_BY = re.compile(r"^(build[^/]*|\.[^/]*|subprojects|shared)$")
TWINS = [("README.md", "README.zh_CN.md"), ("docs/guide.md", "docs/guide.zh_CN.md")]
SOURCES = {".c", ".h", ".inc", ".py", ".sh", ".build", ".blp", ".json", ""}
PATH = re.compile(r"[\w.*-]+(/[\w.*-]*)+|[\w-]+\.(c|h|inc|py|sh|tsv|sql|blp|json)")
# Words of examples: pages, folders of other programs, names that stand for others.
EXAMPLES = re.compile(r"\b(foo|NAME|NVCC|models/[Ll]oras?|dataset\.toml|build)\b")


def walk(folder=TOP):
    for entry in sorted(folder.iterdir()):
        if folder == TOP and PASS_BY.match(entry.name) or entry.name == "__pycache__":
            continue
        if entry.is_dir():
            yield from walk(entry)
        elif entry.is_file():
            yield entry


files = list(walk())
names = {path.relative_to(TOP).as_posix() for path in files}
documents = {path.relative_to(TOP).as_posix(): path.read_text(encoding="utf-8") for path in files if path.suffix == ".md"}


@functools.cache
def sources():
    return "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in files if path.suffix in SOURCES and "corpus" not in path.parts)


def bare(text):
    """Without examples between fences."""
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def quoted(text):
    return [words.strip() for words in re.findall(r"`([^`\n]+)`", bare(text))]


def links_lead_somewhere():
    for name, text in documents.items():
        for link in re.findall(r"\]\(([^)#]+)", bare(text)) + re.findall(r'(?:src|srcset)="([^"]+)"', text):
            if "://" not in link and not (TOP / name).parent.joinpath(link).exists():
                yield f"{name}: {link} is not there"


def is_there(document, path):
    """A path from the top, from the document's folder, from src/ or src/app/, with or without its ending; or a file's name."""
    path = path.rstrip("/")
    for folder in (TOP, (TOP / document).parent, TOP / "src", TOP / "src/app"):
        if next(folder.glob(path), None) or next(folder.glob(path + ".*"), None):
            return True
    return any(name.endswith("/" + path) for name in names)


def paths_are_there():
    for name, text in documents.items():
        for words in quoted(text):
            if PATH.fullmatch(words) and not EXAMPLES.search(words) and not words.startswith((".", "-")) and not is_there(name, words):
                yield f"{name}: {words} is not there"


def names_are_known():
    for name, text in documents.items():
        for words in quoted(text):
            for found in re.findall(r"\b(?:lk_\w+|Lk[A-Z]\w+|LK_\w+|LORIKEET_\w+)", words):
                if "_x_" not in found and found.rstrip("_") not in sources():
                    yield f"{name}: there is no {found}"


def tests_by_name():
    """What ./dev test NAME is matched with: names of tests and suites, as far as meson.build says them outright, and folders."""
    builds = "\n".join(path.read_text(encoding="utf-8") for path in files if path.name == "meson.build")
    return "\n".join(re.findall(r"'([^'\n]+)'", builds)) + "\n" + "\n".join(n.split("/")[1] for n in names if n.startswith("tests/"))


def commands_are_known():
    script, tests = (TOP / "dev").read_text(encoding="utf-8"), tests_by_name()
    known = set(re.findall(r"^  ([a-z-]+)", script[script.index("usage() {"):script.index("TXT\n}")], re.MULTILINE))
    for name, text in documents.items():
        for words in re.findall(r"\./dev ([^`\n#]+)", text):
            command, *rest = words.split()
            if command.rstrip(".,;:") not in known and command != "COMMAND":
                yield f"{name}: there is no ./dev {command}"
            wanted = [word for word in rest if not word.startswith(("-", "["))] if command == "test" else []
            if wanted and wanted[0] != "NAME" and not any(word in tests for word in (wanted[0], wanted[0].replace("-", "_"), wanted[0].split("-")[-1])):
                yield f"{name}: no test has {wanted[0]} in its name"


def shape(text):
    """Headings, tables (cells of each row), examples, pictures and numbers of a document."""
    plain = bare(text)
    numbers = re.findall(r"(?<![\w.,])\d[\d,.]*\d|(?<![\w.,])\d", re.sub(r"\]\([^)]*\)|`[^`]*`", " ", plain))
    return {
        "headings": re.findall(r"^#+", plain, re.MULTILINE),
        "tables": [line.count("|") for line in plain.splitlines() if line.startswith("|")],
        "commands": re.findall(r"^    (\S.*)$", plain, re.MULTILINE),
        "examples": re.findall(r"^```.*?^```", text, re.MULTILINE | re.DOTALL),
        "pictures": re.findall(r'src(?:set)?="([^"]+)"|!\[[^\]]*\]\(([^)]+)', plain),
        "numbers": sorted(numbers),
        "words in backticks": sorted(set(quoted(text))),
    }


def twins_agree():
    for one, other in TWINS:
        first, second = shape(documents[one]), shape(documents[other])
        for what, value in first.items():
            if value == second[what]:
                continue
            missing = [v for v in value if v not in second[what]] if value and isinstance(value[0], str) else value
            more = [v for v in second[what] if v not in value] if value and isinstance(value[0], str) else second[what]
            yield f"{one} and {other}: {what} differ: {missing} and {more}"


CHECKS = [
    ("every link and picture is there", links_lead_somewhere),
    ("every path is there", paths_are_there),
    ("every name of code is known", names_are_known),
    ("every command of ./dev and every test that it names is there", commands_are_known),
    ("documents in two languages say the same", twins_agree),
]

failed = 0
for number, (title, check) in enumerate(CHECKS, 1):
    wrong = list(dict.fromkeys(check()))
    failed += bool(wrong)
    print(f"{'not ok' if wrong else 'ok'} {number} - {title}")
    for line in wrong:
        print("#", line)
print(f"1..{len(CHECKS)}")
sys.exit(1 if failed else 0)
