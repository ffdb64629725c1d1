#!/usr/bin/env python3
"""Writes src/text/unicode_tables.c: what the reference tokenizer knows of Unicode, asked of it character by character.

The tokenizers library takes its character classes, its lower case and its NFC from three different versions of Unicode
(16, 17 and 9 as of tokenizers 0.23), so no single Unicode library agrees with it, and GLib's answers change with
its version. Trained LoRAs must not. The canonical decompositions and combining classes come from Python's unicodedata
and are checked against the reference; where it knows less, its ignorance is kept.
"""

import unicodedata
from pathlib import Path

from tokenizers import Regex, normalizers

nfc, nfd, lower = normalizers.NFC().normalize_str, normalizers.NFD().normalize_str, normalizers.Lowercase().normalize_str
characters = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
HANGUL = range(0xAC00, 0xAC00 + 11172)


def class_ranges():
    tests = [(name, normalizers.Replace(Regex(pattern), "").normalize_str)
             for name, pattern in (("LETTER", r"\p{L}"), ("NUMBER", r"\p{N}"), ("SPACE", r"\s"))]
    ranges = []
    for c in characters:
        found = [name for name, remove in tests if remove(chr(c)) == ""]
        assert len(found) <= 1
        if not found:
            continue
        if ranges and ranges[-1][1] == c - 1 and ranges[-1][2] == found[0]:
            ranges[-1][1] = c
        else:
            ranges.append([c, c, found[0]])
    return [f"{{0x{a:X}, 0x{b:X}, LK_CHAR_{name}}}" for a, b, name in ranges]


def lower_ranges():
    """Runs of characters at equal steps (1 or 2) that move by the same distance."""
    ranges = []
    for c in characters:
        to = lower(chr(c))
        if to == chr(c):
            continue
        if len(to) > 1:
            assert (c, to) == (0x130, "i\u0307"), hex(c)  # the only one; written out in unicode.c
            continue
        delta = ord(to) - c
        if ranges and ranges[-1][3] == delta:
            first, last, step, _ = ranges[-1]
            if (step == 0 and c - last in (1, 2)) or c - last == step:
                ranges[-1][1:3] = [c, c - last]
                continue
        ranges.append([c, c, 0, delta])
    return [f"{{0x{a:X}, 0x{b:X}, {step or 1}, {delta}}}" for a, b, step, delta in ranges]


def decompositions():
    """{character, first, second or 0}, one step each, of all but Hangul; and the pairs that NFC joins again."""
    steps, order = [], []
    for c in characters:
        full = nfd(chr(c))
        if full == chr(c) or c in HANGUL:
            continue
        step = [int(x, 16) for x in unicodedata.decomposition(chr(c)).split()]
        assert 1 <= len(step) <= 2 and nfd("".join(map(chr, step))) == full, hex(c)
        assert len(step) == 1 or nfd(chr(step[1])) == chr(step[1]), hex(c)  # unicode.c counts on it
        steps.append((c, step[0], step[1] if len(step) == 2 else 0))
    for c in HANGUL:
        assert nfd(chr(c)) == unicodedata.normalize("NFD", chr(c)) and nfc(nfd(chr(c))) == chr(c)
    for i, (c, a, b) in enumerate(steps):
        if b and nfc(chr(a) + chr(b)) == chr(c):
            order.append((a, b, i))
    order.sort()
    return [f"{{0x{c:X}, 0x{a:X}, 0x{b:X}}}" for c, a, b in steps], [str(i) for _, _, i in order]


def combining_ranges():
    """Combining classes as the reference shows them: a mark moves before one of a higher class, and no other."""
    marks = {}  # one of each class, of those that the reference takes for a mark
    for s in map(chr, characters):
        if unicodedata.combining(s) and (nfd("\u0345" + s) != "\u0345" + s or nfd(s + "\u0334") != s + "\u0334"):
            marks.setdefault(unicodedata.combining(s), s)
    lowest, highest = marks[min(marks)], max(marks)

    def combining(s):
        moves = {k for k, mark in marks.items() if mark != s and nfd(mark + s) == s + mark}
        if moves:
            number = max(set(marks) - moves)
            assert moves == {k for k in marks if k > number}, hex(ord(s))
            return number
        return highest if s != lowest and nfd(s + lowest) == lowest + s else 0

    ranges, unknown = [], []
    for c in characters:
        if nfd(chr(c)) != chr(c):
            continue
        number = combining(chr(c))
        if number != unicodedata.combining(chr(c)):
            unknown.append(f"{c:X}")
        assert number in (0, unicodedata.combining(chr(c))) or not unicodedata.name(chr(c), ""), hex(c)
        if not number:
            continue
        if ranges and ranges[-1][1] == c - 1 and ranges[-1][2] == number:
            ranges[-1][1] = c
        else:
            ranges.append([c, c, number])
    print(f"Combining class differs from Unicode {unicodedata.unidata_version}:", *unknown)
    return [f"{{0x{a:X}, 0x{b:X}, {k}}}" for a, b, k in ranges]


def table(comment, declaration, items):
    name, lines, line = declaration.split()[-1], [], "   "
    for item in items:
        if len(line) + len(item) + 2 > 118:
            lines.append(line)
            line = "   "
        line += f" {item},"
    lines.append(line)
    return f"/* {comment} */\nconst {declaration}[] = {{\n" + "\n".join(lines) + "\n};\n" + \
        f"const size_t {name}_count = sizeof {name} / sizeof *{name};\n"


steps, order = decompositions()
out = Path(__file__).parents[2] / "src/text/unicode_tables.c"
out.write_text("""/* Made by tests/text/make_unicode_tables.py: change that, not this. */
#include "text/unicode_tables.h"

/* clang-format off */
""" + "\n".join([
    table(r"Letters (\p{L}), numbers (\p{N}) and spaces (\s); all else is LK_CHAR_OTHER.", "LkClassRange lk_class_ranges", class_ranges()),
    table("{first, last, step, distance to the lower-case letter}.", "LkLowerRange lk_lower_ranges", lower_ranges()),
    table("{character, first, second or 0}: canonical decompositions, one step, without Hangul.", "LkDecomposition lk_decompositions", steps),
    table("Rows of the table above that NFC joins again, sorted by (first, second).", "uint16_t lk_compositions", order),
    table("{first, last, canonical combining class}.", "LkCombiningRange lk_combining_ranges", combining_ranges()),
]) + "/* clang-format on */\n", encoding="ascii")
print(out, out.stat().st_size)
