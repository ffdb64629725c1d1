#!/usr/bin/env python3
"""Compares clip_ids (built with the tests) with the reference on many strings: compare_clip.py CLIP_IDS [COUNT] [SEED] [FILE…].

Strings are every single character in four surroundings, random ones of a dozen kinds, and the lines of the given files.
"""

import random
import struct
import subprocess
import sys
from pathlib import Path

import reference

SPACES = [" ", "  ", "\t", "\n", "\r\n", "\u00a0", "\u3000", "\u2003", "\u0085", "\u200b", "\ufeff", "\u180e", "\x1c", "\v"]
PIECES = ["'s", "'S", "'t", "'re", "'VE", "'m", "'ll", "'LL", "'d", "'", "''", "<|endoftext|>", "<|startoftext|>", "<|ENDOFTEXT|>", "<|EndOfText|>",
          "<|StartOfText|>", "<|endoftext", "|>", "</w>", "&amp;", "(best quality:1.2)", "1girl", "masterpiece, ", "\u0130", "\u03a3\u0391\u03a3", "\u00df", "\u1e9e",
          "\ufb03", "\u212b", "\u2126", "\u1100\u1161\u11a8", "\uac00\u11a8", "\u0958", "\u0344", "e\u0301", "a\u0323\u0307", "\U0001f468\u200d\U0001f469\u200d\U0001f467",
          "\U0001f1e8\U0001f1f3", "\u2764\ufe0f", "\u00bd", "\u2167", "\u0664", "\U0001d7d8", "\u9f8d\u732b", "\u0e01\u0e33", "\u05e9\u05c1", "\u0915\u094d\u0937", "\x00", "\x7f", "\u2028"]
BLOCKS = [(0, 0x7F), (0x80, 0x24F), (0x250, 0x36F), (0x370, 0x52F), (0x530, 0x8FF), (0x900, 0xDFF), (0xE00, 0x1247), (0x1DC0, 0x1FFF), (0x2000, 0x2BFF), (0x3000, 0x33FF),
          (0x4E00, 0x9FFF), (0xA480, 0xABFF), (0xAC00, 0xD7FF), (0xE000, 0xFAFF), (0xFB00, 0xFFFF), (0x10000, 0x10FFF), (0x11000, 0x11FFF), (0x16000, 0x16FFF),
          (0x1D000, 0x1DFFF), (0x1E000, 0x1EFFF), (0x1F000, 0x1FAFF), (0x20000, 0x323AF), (0xE0000, 0xE01EF), (0x100000, 0x10FFFF)]
MARKS = [chr(c) for c in [*range(0x300, 0x370), *range(0x591, 0x5C8), *range(0x610, 0x61B), *range(0x64B, 0x660), 0x93C, 0x94D, 0x9BE, 0xF71, 0xF72, 0xF74, 0x1DFA, 0x3099, 0x309A, 0x302A, 0x16FF0]]


def character(r, block=None):
    while True:
        c = r.randint(*(block or r.choice(BLOCKS)))
        if not 0xD800 <= c < 0xE000:
            return chr(c)


def random_text(r, vocabulary, words):
    kind = r.randrange(12)
    n = r.randint(1, 40)
    if kind == 0:
        return "".join(character(r) for _ in range(n))
    if kind == 1:
        block = r.choice(BLOCKS)
        return "".join(character(r, block) for _ in range(n))
    if kind == 2:
        return "".join(r.choice(PIECES) if r.random() < 0.6 else character(r) for _ in range(n))
    if kind == 3:
        return "".join(chr(r.randrange(128)) for _ in range(n))
    if kind == 4:
        return "".join(character(r) + "".join(r.choices(MARKS, k=r.randrange(5))) for _ in range(n))
    if kind == 5:
        return "".join(r.choice(words) + r.choice(SPACES) for _ in range(n))
    if kind == 6:  # tokens glued together
        return "".join(r.choice(vocabulary) for _ in range(n))
    if kind == 7:
        return ", ".join(" ".join(r.choices(words, k=r.randint(1, 3))) for _ in range(n))
    if kind == 8:  # a very long word
        return r.choice(["a", "ab", "the", "\u732b", "x1", "!", "\U0001f99c", r.choice(words)]) * r.randint(20, 600)
    if kind == 9:
        return "".join(r.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(r.randint(30, 400)))
    if kind == 10:
        return "".join(r.choice(words).title() + r.choice(["'", "'s", "-", "_", "1", "\u2019s", ".", "!!", " "]) for _ in range(n))
    text = "".join(r.choice([r.choice(words), r.choice(SPACES), character(r), r.choice(PIECES), r.choice(MARKS)]) for _ in range(n * 8))
    return text


def strings(count, seed, files):
    for c in range(0x110000):
        if not 0xD800 <= c < 0xE000:
            s = chr(c)
            yield s
            if c < 0x20000 or c % 61 == 0:
                yield f"a{s}1 {s}{s}B e{s}\u0301{s}'s"
    for path in files:
        yield from Path(path).read_text(encoding="utf-8", errors="replace").split("\n")
    r = random.Random(seed)
    names = [*range(33, 127), *range(161, 173), *range(174, 256)]
    names += [b for b in range(256) if b not in names]
    byte_of = dict(zip(reference.byte_characters(), names))
    vocabulary = [bytes(byte_of[c] for c in w.removesuffix("</w>")).decode("utf-8", "replace") for w in list(reference.vocabulary())[:-2]]
    words = [w for w in vocabulary if w.isalpha() and len(w) > 2]
    for _ in range(count):
        yield random_text(r, vocabulary, words)


def broken(count, seed):
    """Bytes that are not UTF-8, and what they are to become."""
    r = random.Random(seed)
    for _ in range(count):
        n = r.randint(1, 60)
        if r.random() < 0.5:
            data = bytearray(r.choices([0x20, 0x41, 0x61, 0x80, 0xBF, 0xC0, 0xC2, 0xE0, 0xE4, 0xED, 0xA0, 0x9F, 0xEF, 0xF0, 0x90, 0xF4, 0x8F, 0xF5, 0xFF, 0], k=n))
        else:
            data = bytearray("".join(character(r) for _ in range(n)).encode())
            for _ in range(r.randint(1, 6)):
                i = r.randrange(len(data))
                data[i : i + 1] = bytes([r.randrange(256)]) * r.randrange(3)
                data = data or bytearray(b"x")
        yield bytes(data), bytes(data).decode("utf-8", "replace")


def main():
    program, count, seed, files = sys.argv[1], int((sys.argv[2:] or [100000])[0]), int((sys.argv[3:] or [1])[0]), sys.argv[4:]
    tokenizer = reference.tokenizer()
    cases = [(s.encode(), s) for s in strings(count, seed, files)] + list(broken(count // 4, seed))
    done, different, tokens = 0, [], 0
    for start in range(0, len(cases), 20000):
        part = cases[start : start + 20000]
        sent = b"".join(struct.pack("<I", len(b)) + b for b, _ in part)
        got = subprocess.run([program], input=sent, stdout=subprocess.PIPE, check=True).stdout
        expected = tokenizer([s for _, s in part], add_special_tokens=False)["input_ids"]
        at = 0
        for (data, _), want in zip(part, expected):
            (n,) = struct.unpack_from("<i", got, at)
            have = list(struct.unpack_from(f"<{n}i", got, at + 4))
            at += 4 + 4 * n
            done += 1
            tokens += n
            if have != want:
                different.append((data, want, have))
        assert at == len(got)
    print(f"{done} strings, {tokens} tokens, {len(different)} differ")
    for data, want, have in different[:10]:
        print(" ", reference.escape(data), want[:20], have[:20])
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
