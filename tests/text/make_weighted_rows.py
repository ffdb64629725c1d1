#!/usr/bin/env python3
"""Writes weighted_rows.tsv: what sd-scripts itself makes of captions with weights, for test_weighted.c.

    make_weighted_rows.py FOLDER_OF_SD_SCRIPTS > weighted_rows.tsv

A row: text, chunks, padding id, ids of all chunks, weights of the chunks' tokens without BOS and EOS (n equal ones in a
row as X*n). Texts have \\\\xNN for every byte that is not printable ASCII.
"""
import itertools
import random
import sys
from unittest.mock import MagicMock

import reference

sys.path.insert(0, sys.argv[1])
for absent in ("library.train_util", "library.utils", "imagesize", "library.device_utils"):
    sys.modules[absent] = MagicMock()
from library.strategy_base import TokenizeStrategy  # noqa: E402

TEXTS = [
    "", "normal text", "an (important) word", "(unbalanced", "[unbalanced", "unbalanced)", "unbalanced]", r"\(literal\]",
    "(unnecessary)(parens)", "a (((house:1.3)) [on] a (hill:0.5), sun, (((sky))).", "(a)", "[a]", "((a))", "[[a]]", "[(a)]",
    "([a])", "(a:1.5)", "(a:.5)", "(a:2.)", "(a:+1.25)", "(a:-1)", "(a:0)", "(a: 1.5)", "(a:1.5 )", "a:1.5)", "[a:1.5]", "(a:b:1.5)",
    "a: b", ":", "::", "(:1.3)", "(a:)", "(a:1.2.3", "()", "[]", "(])[", "(a]b)", "[a)b]", "(a[b)c]", r"\\(a\\)", r"\\", "\\",
    r"a\b", r"\[a\]", r"(a\):1.5)", r"(\(a\):0.7)", "a\\", "(red hair:1.2), (blue eyes:0.8), [smile], standing",
    "1girl, (masterpiece:1.2), [blurry], (best quality, highly detailed:1.331)", "x (y:1.0) z", "x (y) (z) w", "un(believ)able",
    "(水彩画:1.3)，[一只猫]", "(a:１.５)", "(a (b (c (d:2) e) f:0.5) g)", "[a [b [c] d] e]", "(a:1.1)b", "a\nb (c\nd:1.2)",
    "(don't:1.2) it's (3:1.5)3", "(<|endoftext|>:1.5) a", "score_9, (score_8_up:0.9)", "a (b:99999) c", "(a:0.1)(b:0.1)",
    "{a|(b:1.5)}", "(a:1.3) " * 30, ", ".join(f"(thing {i}:{i / 10})" for i in range(60)), "(" + "word " * 80 + ":1.4) [end]",
    "x " * 74 + "(y:2) (z:3) w", "x " * 149 + "(y:2) (z:3) w",
]


def runs(values):
    out = [(v, len(list(same))) for v, same in itertools.groupby(values)]
    return " ".join(f"{v}*{n}" if n > 1 else str(v) for v, n in out)


def random_text(chance):
    parts = ["(", ")", "[", "]", ":", "\\", "1.5", ":1.2)", ":0.5)", "a", "red", " ", ", ", "hair", "(", "["]
    return "".join(chance.choice(parts) for _ in range(chance.randrange(1, 24)))


def main():
    tok = reference.tokenizer()
    strategy = TokenizeStrategy()
    chance = random.Random(5)
    texts = [(t, c, p) for t in TEXTS for c, p in ((1, 49407), (2, 49407), (1, 0), (3, 0)) if c == 1 or len(t) > 150]
    texts += [(random_text(chance), 1, 49407) for _ in range(300)]
    for text, chunks, pad_id in texts:
        tok.pad_token = tok.convert_ids_to_tokens(pad_id)
        try:
            ids, weights = strategy._get_input_ids(tok, text, 75 * chunks + 2, weighted=True)
        except ValueError:  # 1.2.3 is no number: nothing to compare with
            continue
        print(reference.escape(text.encode()), chunks, pad_id, runs(ids.reshape(-1).tolist()),
              runs(f"{w:.9g}" for w in weights[:, 1:-1].reshape(-1).tolist()), sep="\t")


if __name__ == "__main__":
    main()
