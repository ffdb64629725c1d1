"""The pictures and captions that the demo's base model is made from.

Sixty everyday things from the font Noto Color Emoji, each centred at one size on a coloured background, with captions
from the Unicode CLDR's English names. On Debian both are packages: fonts-noto-color-emoji and unicode-cldr-core.
"""

import re
import xml.etree.ElementTree as ElementTree
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

FONT = "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"
NAMES = "/usr/share/unicode/cldr/common/annotations/en.xml"
SIZE = 128  # of a picture
GLYPH = 106  # the longer side of what is drawn on it

# What the U-Net learns: the glyph, and a short word where the CLDR's name is a longer one.
SUBJECTS = [
    ("🍎", "apple"), ("🍌", ""), ("🍓", ""), ("🍉", ""), ("🍕", ""), ("🍔", ""), ("🍒", ""), ("🥕", ""), ("🍦", "ice cream"),
    ("🍩", "donut"), ("🍄", ""), ("🍋", ""), ("🧀", "cheese"), ("🍍", ""), ("🎂", "cake"), ("☕", "coffee"),
    ("🐱", "cat"), ("🐶", "dog"), ("🦊", ""), ("🐼", ""), ("🐸", ""), ("🐷", "pig"), ("🐰", "rabbit"), ("🐻", ""), ("🦁", ""),
    ("🐧", ""), ("🦉", ""), ("🐠", "fish"), ("🐙", ""), ("🦋", ""), ("🐢", ""), ("🐞", "ladybug"), ("🐳", "whale"), ("🦀", ""),
    ("😀", "happy face"), ("😎", "cool face"), ("😢", "sad face"), ("🤖", ""), ("👻", ""), ("👽", ""), ("🎃", "pumpkin"),
    ("⛄", "snowman"), ("🚗", "car"), ("🚌", ""), ("🚀", ""), ("⛵", ""), ("🚂", "train"),
    ("❤", "heart"), ("⭐", ""), ("🌞", "sun"), ("🏠", ""), ("🎄", ""), ("🌵", ""), ("🌻", ""), ("🎈", ""), ("🎁", "gift"),
    ("👑", ""), ("🎸", ""), ("⚽", "ball"), ("🧸", ""),
]  # fmt: skip

COLOURS = {
    "white": (245, 245, 245), "red": (214, 40, 40), "orange": (250, 140, 30), "yellow": (250, 215, 60),
    "green": (70, 165, 70), "blue": (40, 90, 210), "light blue": (150, 210, 245), "purple": (130, 60, 180),
    "pink": (250, 165, 200), "brown": (125, 80, 45), "gray": (140, 140, 140), "black": (20, 20, 24),
}  # fmt: skip


@cache
def names():
    """CLDR's English name of every emoji that it knows."""
    root = ElementTree.parse(NAMES).getroot()
    return {a.get("cp"): a.text for a in root.iter("annotation") if a.get("type") == "tts"}


@cache
def glyph(character):
    """The glyph, cut to what is drawn and scaled so that its longer side is GLYPH; None where the font has none."""
    font = ImageFont.truetype(FONT, 109)  # the one size that the font has
    sheet = Image.new("RGBA", (200, 200))
    ImageDraw.Draw(sheet).text((20, 20), character, font=font, embedded_color=True)
    box = sheet.getbbox()
    if not box or max(box[2] - box[0], box[3] - box[1]) < 40:
        return None
    cut = sheet.crop(box)
    scale = GLYPH / max(cut.size)
    return cut.resize([max(1, round(side * scale)) for side in cut.size], Image.Resampling.LANCZOS)


def picture(character, colour, scale=1.0, shift=(0, 0), flip=False):
    """The glyph on a plain background, uint8 [SIZE, SIZE, 3]; centred at full size if nothing else is asked for."""
    drawn = glyph(character)
    if scale != 1.0:
        drawn = drawn.resize([max(1, round(side * scale)) for side in drawn.size], Image.Resampling.LANCZOS)
    if flip:
        drawn = drawn.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    page = Image.new("RGBA", (SIZE, SIZE), (*(int(c) for c in colour), 255))
    page.alpha_composite(drawn, tuple(max(0, (SIZE - side) // 2 + s) for side, s in zip(drawn.size, shift)))
    return np.asarray(page.convert("RGB"))


def every_glyph():
    """All that the VAE learns to draw: single pictographs of the font, without flags, buttons, arrows and parrots."""
    unwanted = re.compile(r"flag|button|arrow|parrot|skin tone|regional")
    known = [c for c, name in names().items() if len(c) == 1 and ord(c) >= 0x2600 and not unwanted.search(name)]
    return [c for c in sorted(known) if glyph(c)]


def is_held_out(subject, colour):
    """One pair in twelve is never trained, so that what comes out of it was put together from two words."""
    return (5 * subject + 3) % len(COLOURS) == colour


def article(name):
    return "an" if name[0] in "aeio" else "a"


def captions(subject, colour):
    """All captions of a pair, as (text, weight)."""
    character, short = SUBJECTS[subject]
    out = []
    full = names()[character]
    for name, share in ((full, 0.5), (short, 0.5)) if short else ((full, 1.0),):
        out += [
            (f"{article(name)} {name} on a {colour} background", 0.45 * share),
            (f"{name} on a {colour} background", 0.3 * share),
            (f"{name}, {colour} background", 0.15 * share),
            (name, 0.1 * share),
        ]
    return out
