#!/usr/bin/env python3
"""What a machine can check for people who see little or are troubled by motion; prints TAP.

    comfort.py TOP

The window has no animation of its own: those of GTK and libadwaita end where the desktop asks for less motion. Colours that
are fixed (on pictures, in the chart) have the contrast that WCAG 2.2 asks for: 4.5 for text, 3 for lines."""

import re
import sys
from pathlib import Path

TOP = Path(sys.argv[1]).resolve()
APP = TOP / "src/app"
STYLES = {path.name: re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL) for path in sorted(APP.glob("*.css"))}
MOTION = re.compile(r"adw_(?:timed|spring)_animation_new\w*|gtk_widget_add_tick_callback")
COLOUR = re.compile(r"#[0-9a-f]{6}|rgb\(0 0 0 / \d+%\)|\b(?:white|black)\b")
# Of libadwaita's window and view, light and dark.
LIGHT, DARK = ("#fafafb", "#ffffff"), ("#222226", "#1d1d20")


def rgba(text):
    if text.startswith("#"):
        return tuple(int(text[i:i + 2], 16) / 255 for i in (1, 3, 5)) + (1,)
    if text.startswith("rgb"):
        return 0, 0, 0, int(re.search(r"(\d+)%", text)[1]) / 100
    return {"white": (1, 1, 1, 1), "black": (0, 0, 0, 1)}[text]


def over(above, below):
    return tuple(a * above[3] + b * (1 - above[3]) for a, b in zip(above[:3], below[:3])) + (1,)


def luminance(colour):
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(text, ground, below):
    """Of a colour on a ground over what is below it."""
    ground = over(rgba(ground), rgba(below))
    one, other = sorted((luminance(over(rgba(text), ground)), luminance(ground)))
    return (other + 0.05) / (one + 0.05)


def motion():
    for name, style in STYLES.items():
        for found in re.findall(r"\b(?:transition|animation)[\w-]*\s*:[^;]*|@keyframes\s+\w+", style):
            yield f"{name}: {found}"
    for path in sorted(APP.rglob("*.c")):
        for found in MOTION.findall(path.read_text(encoding="utf-8")):
            yield f"{path.relative_to(TOP)}: {found}"


def texts():
    """Rules that fix both the colour of a text and its ground: over the lightest and the darkest picture."""
    found = 0
    for name, style in STYLES.items():
        for selector, body in re.findall(r"([^{}]+)\{([^{}]*)\}", style):
            values = dict(re.findall(r"(?:^|;|\n)\s*([\w-]+)\s*:\s*([^;]+)", body))
            text, ground = values.get("color", ""), values.get("background-color", "")
            if not COLOUR.fullmatch(text) or not COLOUR.fullmatch(ground):
                continue
            found += 1
            for below in ("#ffffff", "#000000"):
                if contrast(text, ground, below) < 4.5:
                    yield f"{name}: {selector.strip()} has {contrast(text, ground, below):.1f} over {below}"
    if found < 3:
        yield "hardly any rule was found"


def lines():
    """The chart's own colours on the grounds that they are drawn on."""
    code = (APP / "training/loss_chart_draw.c").read_text(encoding="utf-8")
    found = re.findall(r'gdk_rgba_parse\(&canvas\.\w+, (?:dark \? "(#\w+)" : )?"(#\w+)"\)', code)
    if len(found) < 2:
        yield "the chart's colours were not found"
    for dark, light in found:
        for line, grounds in ((light, LIGHT), (dark or light, DARK)):
            for ground in grounds:
                if contrast(line, ground, ground) < 3:
                    yield f"{line} has {contrast(line, ground, ground):.1f} on {ground}"


failed = 0
CHECKS = [("the window moves nothing by itself", motion), ("texts with fixed colours can be read", texts),
          ("lines of the chart can be told from its ground", lines)]
assert round(contrast("black", "white", "white")) == 21 and contrast("#777777", "white", "white") < 4.5 < contrast("#767676", "white", "white")
for number, (title, check) in enumerate(CHECKS, 1):
    wrong = list(check())
    failed += bool(wrong)
    print(f"{'not ok' if wrong else 'ok'} {number} - {title}")
    for line in wrong:
        print("#", line)
print(f"1..{len(CHECKS)}")
sys.exit(1 if failed else 0)
