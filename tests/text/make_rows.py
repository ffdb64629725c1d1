#!/usr/bin/env python3
"""Writes what the reference tokenizer says of a few hundred texts, for test_clip.c:

clip_rows.tsv    text, ids (n equal ones in a row as ID*n), the text that the ids decode to
clip_chunks.tsv  text, chunks, padding id, ids of all chunks

Texts have \\xNN for every byte that is not printable ASCII. Bytes that are not UTF-8 are decoded with errors="replace".
"""

import itertools
import random
from pathlib import Path

import compare_clip
import reference

TEXTS = r"""
a photo of sks dog
1girl, solo, long hair, looking at viewer, smile, blue eyes, masterpiece, best quality, (highly detailed:1.2), absurdres
A photograph of an astronaut riding a horse on Mars, trending on ArtStation, 8k, f/1.8, by Greg Rutkowski
score_9, score_8_up, score_7_up, source_anime, rating_safe
it's, they're, I'VE, we'll, he'd, I'm, don't, 'tis, rock'n'roll, O'Brien's, 's's, x'y
100,000.50 €, 3½, H₂O, x², №5, Ⅷ, ٣٤٥, 一二三, 🔢
水彩画，一只猫坐在窗台上，傍晚的光线，杰作，最高质量
水彩画 watercolour of a castle at dusk — 4k, naïve café 🦜!!
日本語のキャプション、女の子が微笑んでいる。ガンダム　全角スペース
한국어 캡션: 고양이가 창가에 앉아 있다
Приветствую! Фотография кота на подоконнике, ЁЖИК
Ελληνικά: ΟΔΥΣΣΕΥΣ, ὈΔΥΣΣΕΎΣ, ς σ Σ
İstanbul'da IŞIK, ıslak ışık, DİYARBAKIR
التعليق العربي مُشَكَّل، قِطَّة ١٢٣
כיתוב בעברית עם ניקוד שָׁלוֹם
ภาพวาดสีน้ำของแมว กำลังนั่ง
हिन्दी में एक बिल्ली की तस्वीर क़लम
👨‍👩‍👧‍👦 👩🏽‍🚀 🏳️‍🌈 ❤️ 🇨🇳🇩🇪 1️⃣ 🫠 ☺︎
e\u0301 é a\u0323\u0307 a\u0307\u0323 Å Å \u212b \u1e9b\u0323 ﬁ ﬃ ß ẞ ǅ
Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘!͖̬̰̙̗̿̋ͥͥ̂ͣ̐́́͜͞
<|startoftext|>a cat<|endoftext|> and <|ENDOFTEXT|>, <|StartOfText|>, <|endoftext, |>, <||>
&amp;lt;b&gt; <b>HTML</b> &#39;quoted&#39; “curly” ‘quotes’ ＦＵＬＬ ｗｉｄｔｈ ｱｲｳ
((masterpiece)), [[blurry]], {detailed}, <lora:foo_v1:0.8>, embedding:bad-hands-5, BREAK, AND
https://example.org/a_b?c=d&e=%20#f  C:\\dir\\file.png  user@host  --n bad --w 512
-_-;  ^_^  (╯°□°)╯︵ ┻━┻  ¯\\_(ツ)_/¯  >:3  <3
line one\nline two\r\n\tthree\u00a0four\u3000five\u2003six\u0085seven\u200beight\ufeffnine\u180eten\x1celeven
\u0000\u0001\u0002 nul and \u007f\u0080\u009f controls \u2028 \u2029 \ufffd \ufffe \U0010ffff \ue000 \U000f0000
\u1100\u1161\u11a8 \u1100\u1161 \uac00\u11a8 \uac01 \ud7a3 \u1112\u1175\u11c2
\u0958 \u0915\u093c \u0344 \u0308\u0301 \u09c7\u09be \u0cc6\u0cc2\u0cd5 \u3099か か\u3099 \U0001d15e \u2adc \ufb1d \u0374 \u037e \u2126
\u1c89 \ua7cb \ua7da \ua7dc \U00016ea0 \U00010d50 \U00010400 \U0001e900 \u2c2f \U000118a0
\U00011935\U00011930 \U000113c2\U000113c2 \U00016d67\U00016d67 \U000105d2\u0307 \u1dfa\u0301\u0323 \u0301\U00016ff0
"""


def runs(ids):
    """Ids in decimal, n equal ones in a row as ID*n."""
    out = [(i, len(list(same))) for i, same in itertools.groupby(ids)]
    return " ".join(f"{i}*{n}" if n > 1 else str(i) for i, n in out)


def main():
    folder = Path(__file__).parent
    tok = reference.tokenizer()
    r = random.Random(2024)
    vocabulary = list(reference.vocabulary())
    texts = ["", " ", "\n\t", "a", "!", "'", "'s"] + [t.encode("ascii", "backslashreplace").decode("unicode_escape") for t in TEXTS.strip().split("\n")]
    texts += [w * n for w, n in (("a", 700), ("ab", 300), ("lorikeet", 90), ("猫", 200), ("!", 500), ("\U0001f99c", 60), ("e\u0301", 150), ("a ", 1500), ("word, ", 900), ("0", 90))]
    names = [w.removesuffix("</w>") for w in vocabulary if w.removesuffix("</w>").isascii() and w.isalnum()]
    texts += [compare_clip.random_text(r, names, names)[:150] for _ in range(260)]
    cases = [(t.encode(), t) for t in texts if len(t) < 6000] + list(compare_clip.broken(60, 2024))
    rows = []
    for data, text in cases:
        ids = tok(text, add_special_tokens=False)["input_ids"]
        decoded = tok.decode(ids, clean_up_tokenization_spaces=False) if ids else ""
        rows.append("\t".join([reference.escape(data), runs(ids), reference.escape(decoded.encode())]))
    (folder / "clip_rows.tsv").write_text("\n".join(rows) + "\n", encoding="ascii")

    long = ["", "a cat", "! !!", "word " * 74, "word " * 75, "word " * 76, "word " * 149, "word " * 150, "word " * 151, "word " * 224 + "!", "word " * 225, "word " * 226,
            "word " * 74 + "!", "word " * 75 + "!", "! " * 75, "! " * 300, "x " * 150 + "<|endoftext|> y z", "x " * 74 + "<|endoftext|> y z",
            ", ".join(f"thing number {i} on the table" for i in range(60)), "a very long caption: " + ", ".join(f"thing number {i} on the table" for i in range(1, 26))]
    rows = []
    for text in long:
        for chunks in (1, 2, 3):
            for pad in (reference.EOS, 0):
                ids = [i for piece in reference.token_ids(tok, text, chunks, pad) for i in piece]
                rows.append(f"{reference.escape(text.encode())}\t{chunks}\t{pad}\t{runs(ids)}")
    (folder / "clip_chunks.tsv").write_text("\n".join(rows) + "\n", encoding="ascii")
    print(len(cases), "texts,", len(rows), "chunked")


if __name__ == "__main__":
    main()
