#!/usr/bin/env python3
"""The translations: complete, nothing guessed, with the conversions of the original, and made from every source.

    translations.py ROOT

Prints TAP. What it finds is mended by `./dev po`, and by translating what that adds to po/LANGUAGE.po.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

MARKED = re.compile(r"\b(_|N_|C_|NC_|NP_|ngettext|g_dngettext|lk_fail|lk_text)\(")


def lines(path):
    """Lines of a list, without comments."""
    return [line for line in path.read_text(encoding="utf-8").split("\n") if line.strip() and not line.startswith("#")]


def unlisted(root):
    """Sources with words for people that po/POTFILES.in does not name."""
    listed = set(lines(root / "po" / "POTFILES.in"))
    sources = (path for path in sorted((root / "src").rglob("*")) if path.suffix in (".c", ".h", ".blp"))
    named = ((path.relative_to(root).as_posix(), path) for path in sources)
    return [name for name, path in named if name not in listed and MARKED.search(path.read_text(encoding="utf-8"))]


def gone(root):
    """Files that po/POTFILES.in names and that are not there."""
    return [name for name in lines(root / "po" / "POTFILES.in") if not (root / name).is_file()]


def faults_of_format(catalogue):
    """What msgfmt says about conversions, plural forms and the header."""
    run = subprocess.run(["msgfmt", "--check", "-o", "/dev/null", str(catalogue)], capture_output=True, text=True)
    return run.stderr.strip().split("\n") if run.returncode else []


def unfinished(catalogue):
    """Entries without a translation, and those that a tool guessed."""
    found = []
    for option in ("--untranslated", "--only-fuzzy"):
        run = subprocess.run(["msgattrib", option, "--no-obsolete", "--no-wrap", str(catalogue)],
                             capture_output=True, text=True, check=True)
        found += [line for line in run.stdout.split("\n") if line.startswith("msgid ") and line != 'msgid ""']
    return found


BROKEN = '''msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\\n"

#, c-format
msgid "%d steps"
msgstr "%s 步"

msgid "Without"
msgstr ""

#, fuzzy
msgid "Guessed"
msgstr "猜测"
'''


def finds_faults():
    """The checks are worth something: they find what is wrong on purpose."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "po").mkdir()
        (root / "src").mkdir()
        (root / "po" / "POTFILES.in").write_text("# list\nsrc/gone.c\n", encoding="utf-8")
        (root / "src" / "new.c").write_text('puts(_("Hello"));\n', encoding="utf-8")
        (root / "src" / "mute.c").write_text("int call_(void);\n", encoding="utf-8")
        catalogue = root / "po" / "broken.po"
        catalogue.write_text(BROKEN, encoding="utf-8")
        yield unlisted(root) == ["src/new.c"], "a source that is not listed is found"
        yield gone(root) == ["src/gone.c"], "a listed source that is gone is found"
        yield bool(faults_of_format(catalogue)), "a conversion that differs is found"
        yield unfinished(catalogue) == ['msgid "Without"', 'msgid "Guessed"'], "missing and guessed translations are found"


def main():
    root, count, failed = Path(sys.argv[1]), 0, 0

    def check(good, title, details=()):
        nonlocal count, failed
        count, failed = count + 1, failed + (not good)
        for detail in details:
            print("#", detail)
        print(f"{'ok' if good else 'not ok'} {count} - {title}")

    missing, absent = unlisted(root), gone(root)
    check(not missing, "po/POTFILES.in names every source with words for people", missing)
    check(not absent, "po/POTFILES.in names nothing that is gone", absent)
    for language in lines(root / "po" / "LINGUAS"):
        catalogue = root / "po" / f"{language}.po"
        faults, open_entries = faults_of_format(catalogue), unfinished(catalogue)
        check(not faults, f"{language}: conversions and plural forms are those of the original", faults)
        check(not open_entries, f"{language}: everything is translated, nothing is guessed", open_entries)
    for good, title in finds_faults():
        check(good, title)
    print(f"1..{count}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
