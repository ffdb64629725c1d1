#!/usr/bin/env python3
"""The pages of the help: the same in every language, links, and what leads to them from code; prints TAP.
Usage: help_pages.py TOP"""

import functools
import itertools
import re
import sys
from pathlib import Path

TOP = Path(sys.argv[1]).resolve()
HELP = TOP / "data/help"
CHINESE = ("zh_CN", "zh_TW")
LANGUAGES = ("en", *CHINESE)
pages = {language: {p.stem: p.read_text(encoding="utf-8") for p in (HELP / language).glob("*.md") if p.stem != "README"}
         for language in LANGUAGES}
code = {p: p.read_text(encoding="utf-8") for p in (TOP / "src/app").rglob("*") if p.suffix in (".c", ".blp")}


def bare(text):
    """Without code between fences."""
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def links(text):
    return re.findall(r"\]\(([^)]+)\)", bare(text))


def twins():
    for language in CHINESE:
        for page in sorted(set(pages["en"]) ^ set(pages[language])):
            yield f"{page} is there in one of English and {language} only"


def same_shape():
    for page in sorted(set.intersection(*map(set, pages.values()))):
        shapes = []
        for language in LANGUAGES:
            text = bare(pages[language][page])
            shapes.append((re.findall(r"^#+", text, re.MULTILINE), sorted(links(text)),
                           len(re.findall(r"^(?:- |\d+\. )", text, re.MULTILINE)),
                           re.findall(r"^```.*?^```", pages[language][page], re.MULTILINE | re.DOTALL)))
        for language, shape in zip(CHINESE, shapes[1:]):
            for what, one, other in zip(("headings", "links", "items of lists", "examples"), shapes[0], shape):
                if one != other:
                    yield f"{page}: {what} differ in {language}: {one} and {other}"


def links_lead_somewhere():
    for language in LANGUAGES:
        for page, text in pages[language].items():
            for link in links(text):
                if "://" not in link and not (HELP / language / link.split("#")[0]).is_file():
                    yield f"{language}/{page}.md: {link} is not there"


def index_has_all():
    for language in LANGUAGES:
        index = (HELP / language / "README.md").read_text(encoding="utf-8")
        found = [link.removesuffix(".md") for link in links(index)]
        for page in sorted(set(pages[language]) ^ {f for f in found if not f.startswith("..")}):
            yield f"{language}/README.md: {page} is missing, or too much"


def code_knows_them():
    for path, text in code.items():
        name = path.relative_to(TOP)
        found = re.findall(r'"app\.help",\s*"s",\s*"([^"]+)"', text)
        found += re.findall(r"""action-name: "app\.help";\s*action-target: "'([^']+)'";""", text)
        found += re.findall(r"app\.help\('([^']+)'\)", text)
        for topic in found:
            if topic not in pages["en"]:
                yield f"{name}: there is no page {topic}"
    library = next(text for path, text in code.items() if path.name == "library.c")
    listed = re.findall(r'"([a-z-]+)"', library[library.index("sections[] = {"):library.index("struct LkHelpLibrary")])
    build = (TOP / "data/meson.build").read_text(encoding="utf-8")
    built = re.findall(r"'([a-z-]+)'", build[build.index("help_topics = ["):].split("]")[0])
    for page in sorted(set(listed) ^ set(pages["en"])):
        yield f"src/app/help/library.c: {page} is missing, or too much"
    for page in sorted(set(built) ^ set(pages["en"])):
        yield f"data/meson.build: {page} is missing, or too much"


def classes_exist():
    context = next(text for path, text in code.items() if path.name == "context.c" and path.parent.name == "help")
    headers = "".join(p.read_text(encoding="utf-8") for p in (TOP / "src/app").rglob("*.h")) + "".join(code.values())
    for name in re.findall(r'\{"(Lk\w+)"', context):
        if not re.search(rf"G_DEFINE_(FINAL_)?TYPE[A-Z_]*\({name},", headers):
            yield f"src/app/help/context.c: there is no class {name}"


def marks_are_known():
    """Only what the window can show: no tables, pictures, single asterisks or nested lists."""
    for language in LANGUAGES:
        for page, text in pages[language].items():
            plain = re.sub(r"`[^`]*`|\*\*[^*]+\*\*", "", bare(text))
            for line in plain.splitlines():
                if "*" in line or line.startswith("|") or "![" in line or re.match(r"\s+(- |\d+\. )", line):
                    yield f"{language}/{page}.md: {line.strip()}"


@functools.cache
def catalogue(language):
    """What the window says in a language for an English text, both without marks of keys and dots."""
    said, entry = {}, {}
    for line in [*(TOP / f"po/{language}.po").read_text(encoding="utf-8").splitlines(), ""]:
        if found := re.match(r'(msgctxt|msgid_plural|msgid|msgstr(?:\[0\])?) "(.*)"$', line):
            last = found[1].removesuffix("[0]")
            entry[last] = found[2]
        elif line.startswith('"') and entry:
            entry[last] += line[1:-1]
        elif not line and entry:
            said.setdefault(plain(entry["msgid"]), set()).add(plain(entry.get("msgstr", "")))
            entry = {}
    return said


def plain(text):
    return re.sub(r"\(_.\)|_", "", text).rstrip("….。:：")


# In bold, but no control: a key, and an advice.
NO_CONTROL = {"Delete", "Half the rank, or the rank itself", "Restart the computer", "0"}


def words_of_the_window():
    """What is bold in English and a text of the window is called in Chinese what the window calls it there."""
    for language, page in itertools.product(CHINESE, sorted(set.intersection(*map(set, pages.values())))):
        said = catalogue(language)
        english, chinese = ([plain(words) for words in re.findall(r"\*\*(.+?)\*\*", re.sub(r"\s+", " ", pages[one][page]))]
                            for one in ("en", language))
        for words in sorted(set(english) - NO_CONTROL):
            expected = said.get(words, ())
            if expected and not any(one.startswith(other) for one in expected for other in chinese):
                yield f"{language}/{page}: “{words}” is {' or '.join(sorted(expected))} in the window, but the page has {', '.join(chinese)}"


CHECKS = [
    ("every page is there in all languages", twins),
    ("all have the same headings, links, lists and examples", same_shape),
    ("every link leads to a page", links_lead_somewhere),
    ("the lists of pages are whole", index_has_all),
    ("window and build know the same pages", code_knows_them),
    ("the classes that have a page exist", classes_exist),
    ("controls are called what the window calls them", words_of_the_window),
    ("pages use only marks that the window shows", marks_are_known),
]

failed = 0
for number, (title, check) in enumerate(CHECKS, 1):
    wrong = list(check())
    failed += bool(wrong)
    print(f"{'not ok' if wrong else 'ok'} {number} - {title}")
    for line in wrong:
        print("#", line)
print(f"1..{len(CHECKS)}")
sys.exit(1 if failed else 0)
