#!/usr/bin/env python3
"""Writes caption_rows.tsv: what sd-scripts' own process_caption makes of captions: make_caption_rows.py TRAIN_UTIL.PY

TRAIN_UTIL.PY is library/train_util.py of kohya-ss/sd-scripts (48d368fa). Its method runs as it is, but with a module
`random` that draws Lorikeet's numbers: Philox4x32-10, at the places that src/text/caption.c gives to each purpose.
"""

import ast
import math
import random
import re
import sys
import types
from pathlib import Path

import reference

LK_RANDOM_CAPTION = 6
DROP, LINE, WILDCARD, SHUFFLE, TAG = range(5)
MASK = 0xFFFFFFFF


def philox(counter, key):
    c, k = list(counter), list(key)
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [b >> 32 ^ c[1] ^ k[0], b & MASK, a >> 32 ^ c[3] ^ k[1], a & MASK]
        k = [k[0] + 0x9E3779B9 & MASK, k[1] + 0xBB67AE85 & MASK]
    return c


class Draws:
    """Stands for the module `random` during one call."""

    def __init__(self, row, several_lines):
        self.row, self.several_lines, self.counts = row, several_lines, dict.fromkeys(range(5), 0)
        self.drops = row["dropout_rate"] > 0

    def word(self, what, number):
        index = (self.row["sample"] << 32 | what << 28 | number) & (1 << 64) - 1
        block = index // 4
        seed = self.row["seed"]
        return philox((block & MASK, block >> 32, LK_RANDOM_CAPTION, self.row["step"]), (seed & MASK, seed >> 32))[index % 4]

    def next(self, what):
        self.counts[what] += 1
        return self.word(what, self.counts[what] - 1)

    def random(self):
        what = DROP if self.drops else TAG
        self.drops = False
        return self.next(what) / 2**32

    def choice(self, items):
        what = LINE if self.several_lines else WILDCARD
        self.several_lines = False
        return items[self.next(what) * len(items) >> 32]

    def shuffle(self, items):
        for i in range(len(items) - 1, 0, -1):
            j = self.word(SHUFFLE, i) * (i + 1) >> 32
            items[i], items[j] = items[j], items[i]


def load(path):
    tree = ast.parse(Path(path).read_text(encoding="utf-8"))
    function = next(n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name == "process_caption")
    function.args.args[1].annotation = None
    module = ast.fix_missing_locations(ast.Module([function], []))
    names = {"math": math, "re": re}
    exec(compile(module, str(path), "exec"), names)
    return names


def process(names, row):
    subset = types.SimpleNamespace(
        caption_prefix=row["prefix"], caption_suffix=row["suffix"], caption_dropout_rate=row["dropout_rate"], caption_dropout_every_n_epochs=row["every"],
        enable_wildcard=row["wildcard"], shuffle_caption=row["shuffle"], token_warmup_step=row["warmup_step"], token_warmup_min=row["warmup_min"],
        caption_tag_dropout_rate=row["tag_dropout_rate"], keep_tokens_separator=row["keep_separator"], caption_separator=row["separator"] or ",",
        keep_tokens=row["keep_tokens"], secondary_separator=row["secondary"])
    owner = types.SimpleNamespace(current_epoch=row["epoch"], current_step=row["step"], max_train_steps=row["max_steps"], replacements={})
    several = row["wildcard"] and "\n" in " ".join([row["prefix"], row["caption"], row["suffix"]])
    names["random"] = Draws(row, several)
    return names["process_caption"](owner, subset, row["caption"])


TAGS = ["1girl", "solo", " long hair ", "blue eyes", "", " ", "red;;;blue dress", "{cat|dog|bird}", "{{literal}}", "{a {nested|b} c}", "{}", "{one}", "猫", "\u3000全角\u3000", "\x1ctrim\x85",
        "a photo of a dog on the beach", "masterpiece", "best quality", "||", "keep ||| me", "x", "y", "z", "{", "}", "a\nb", "line\n", "⦅odd⦆", "{|empty}", "tab\tin", "\r"]
FIELDS = ["caption", "separator", "keep_separator", "secondary", "prefix", "suffix", "shuffle", "wildcard", "keep_tokens", "every", "warmup_min", "warmup_step", "dropout_rate",
          "tag_dropout_rate", "seed", "sample", "epoch", "step", "max_steps"]


def main():
    names = load(sys.argv[1])
    r = random.Random(99)
    rows = []
    for i in range(500):
        separator = r.choice(["", "", "", ",", ";", "|", " "])
        row = {
            "caption": r.choice([",", ", ", (separator or ",") + " "]).join(r.choices(TAGS, k=r.choice([0, 1, 3, 6, 12]))) + r.choice(["", "", "|||tail, end", "|||mid|||end, of it"]),
            "separator": separator, "keep_separator": r.choice(["", "", "|||"]), "secondary": r.choice(["", "", ";;;"]), "prefix": r.choice(["", "", "masterpiece,", "pre\nfix"]),
            "suffix": r.choice(["", "", ", by {x|y}"]), "shuffle": r.choice([0, 1, 1]), "wildcard": r.choice([0, 1]), "keep_tokens": r.choice([0, 0, 1, 2, 5, 30, -1]),
            "every": r.choice([0, 0, 0, 0, 0, 0, 0, 2, 3]), "warmup_min": r.choice([0, 1, 2, 20]), "warmup_step": r.choice([0, 0, 0, 0.25, 0.3, 7, 100, 12.5]), "dropout_rate": r.choice([0, 0, 0, 0, 0.1, 0.3]),
            "tag_dropout_rate": r.choice([0, 0, 0.2, 0.5, 1]), "seed": r.choice([r.randrange(100), r.randrange(2**64)]), "sample": r.choice([0, 1, r.randrange(2**16)]), "epoch": r.randint(1, 6),
            "step": r.randrange(20), "max_steps": r.choice([10, 40, 1600]),
        }
        result = process(names, row)
        cells = [reference.escape(str(row[f]).encode()) for f in FIELDS]
        rows.append("\t".join([*cells, reference.escape(result.encode())]))
    (Path(__file__).parent / "caption_rows.tsv").write_text("\n".join(["#" + "\t".join(FIELDS) + "\tresult", *rows]) + "\n", encoding="ascii")
    print(len(rows), "rows")


if __name__ == "__main__":
    main()
