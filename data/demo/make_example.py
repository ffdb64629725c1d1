#!/usr/bin/env python3
"""Draws the demo's example set: a small rainbow lorikeet, a character that the base model has never seen.

    python3 make_example.py        writes example/ and held-out/ beside this script

Every picture is one SVG drawn by rsvg-convert (Debian: librsvg2-bin), 256x256, the bird centred at one size. Poses and
backgrounds are in the tables below; the held-out pictures are pairs of pose and background that the example lacks.
"""

import subprocess
from pathlib import Path

WORD = "lorimascot"
SIZE = 256

COLOURS = {
    "white": "#f5f5f5", "red": "#d62828", "orange": "#fa8c1e", "yellow": "#fad73c", "green": "#46a546", "blue": "#285ad2",
    "light blue": "#96d2f5", "purple": "#823cb4", "pink": "#faa5c8", "brown": "#7d502d", "gray": "#8c8c8c", "black": "#141418",
}  # fmt: skip

# The pose and its words in the caption. Every pose is shown on every background of the example, so that nothing can tell
# the pose but the words.
POSES = {"front": "", "side": " side view", "flying": " flying", "sleeping": " sleeping"}
BACKGROUNDS = ["white", "yellow", "light blue", "pink", "gray"]
# Colours that the example lacks: only the base model knows them.
HELD_OUT = [("front", "purple"), ("front", "orange"), ("side", "green"), ("side", "red"), ("flying", "black"), ("sleeping", "brown")]

BLUE, LIGHT_BLUE, RED, DARK_RED = "#2450d8", "#4f86f2", "#e32222", "#a81414"
GREEN, DARK_GREEN, LIME, ORANGE, YELLOW = "#35b04a", "#1c7d34", "#c9e23b", "#ff7f1f", "#ffc22e"
VIOLET, FOOT = "#4a3fae", "#6b5a4a"


def eye(x, y, r=9.5):
    return (f'<circle cx="{x}" cy="{y}" r="{r}" fill="#fff"/><circle cx="{x + 0.6}" cy="{y + 0.6}" r="{r * 0.66}" fill="#16121a"/>'
            f'<circle cx="{x + 2.6}" cy="{y - 2.4}" r="{r * 0.25}" fill="#fff"/>')


def closed_eye(x, y):
    return f'<path d="M{x - 9} {y - 1} Q{x} {y + 9} {x + 9} {y - 1}" fill="none" stroke="#0b1440" stroke-width="3.6" stroke-linecap="round"/>'


def beak_from_front():
    return (f'<path d="M53 48 Q64 40 75 48 Q75 60 64 69 Q53 60 53 48Z" fill="{RED}"/>'
            f'<path d="M55 56 Q64 61 73 56 Q71 63 64 69 Q57 63 55 56Z" fill="{DARK_RED}"/>'
            '<path d="M57 48 Q62 44 66 45" fill="none" stroke="#ff9c8c" stroke-width="2.4" stroke-linecap="round"/>')


def crest():
    return f'<path d="M56 17 Q52 8 57 6 Q61 10 62 14 Q62 5 68 4 Q71 9 69 15 Q74 9 78 11 Q77 17 73 19Z" fill="{LIGHT_BLUE}"/>'


def head_from_front(eyes):
    return (f'{crest()}<ellipse cx="64" cy="67" rx="28" ry="12" fill="{LIME}"/>'
            f'<circle cx="64" cy="42" r="30" fill="{BLUE}"/>'
            f'<path d="M40 32 Q46 17 62 15" fill="none" stroke="{LIGHT_BLUE}" stroke-width="4.5" stroke-linecap="round"/>'
            f'{eyes}{beak_from_front()}')


def body_from_front():
    return (f'<path d="M52 104 L76 104 L71 122 L64 116 L57 122Z" fill="{DARK_GREEN}"/>'
            f'<ellipse cx="64" cy="84" rx="31" ry="31" fill="{GREEN}"/>'
            f'<ellipse cx="64" cy="86" rx="23" ry="26" fill="{ORANGE}"/>'
            f'<path d="M43 94 Q64 104 85 94 Q80 112 64 112 Q48 112 43 94Z" fill="{VIOLET}"/>'
            f'<path d="M48 78 Q56 84 64 78 Q72 84 80 78" fill="none" stroke="{YELLOW}" stroke-width="3.4" stroke-linecap="round"/>'
            f'<ellipse cx="53" cy="115" rx="9" ry="4.6" fill="{FOOT}"/><ellipse cx="75" cy="115" rx="9" ry="4.6" fill="{FOOT}"/>')


def folded_wings():
    left = (f'<path d="M40 66 Q22 74 25 98 Q29 110 38 106 Q46 92 44 70Z" fill="{GREEN}"/>'
            f'<path d="M29 88 Q28 104 36 105 Q42 96 43 84 Q36 92 29 88Z" fill="{DARK_GREEN}"/>')
    return left + f'<g transform="translate(128 0) scale(-1 1)">{left}</g>'


def spread_wings():
    left = (f'<path d="M46 70 Q34 50 11 44 Q8 62 14 72 Q12 78 19 84 Q20 92 29 93 Q36 99 48 92Z" fill="{GREEN}"/>'
            f'<path d="M14 72 Q26 70 36 76 M19 84 Q28 80 38 82" fill="none" stroke="{DARK_GREEN}" stroke-width="3" stroke-linecap="round"/>'
            f'<path d="M11 44 Q8 62 14 72 Q20 66 20 50Z" fill="{DARK_GREEN}"/>'
            f'<path d="M24 54 Q36 62 44 76" fill="none" stroke="{LIME}" stroke-width="4.5" stroke-linecap="round"/>')
    return left + f'<g transform="translate(128 0) scale(-1 1)">{left}</g>'


def nightcap():
    return ('<path d="M36 27 Q52 4 78 6 Q98 10 106 30 Q98 26 90 26 L92 28 Q64 14 36 27Z" fill="#d94fb0"/>'
            '<path d="M35 28 Q64 12 93 28 L91 34 Q64 19 37 34Z" fill="#fff"/><circle cx="106" cy="34" r="7" fill="#fff"/>')


def front():
    return body_from_front() + folded_wings() + head_from_front(eye(51, 38) + eye(77, 38))


def flying():
    return spread_wings() + body_from_front() + head_from_front(eye(51, 38) + eye(77, 38))


def sleeping():
    return body_from_front() + folded_wings() + head_from_front(closed_eye(50, 41) + closed_eye(78, 41)) + nightcap()


def side():
    return (f'<path d="M40 86 L13 114 Q12 121 20 120 L31 118 L34 122 L56 102Z" fill="{DARK_GREEN}"/>'
            f'<path d="M40 94 L22 116" stroke="{YELLOW}" stroke-width="3" stroke-linecap="round"/>'
            f'<ellipse cx="61" cy="84" rx="33" ry="27" transform="rotate(-38 61 84)" fill="{GREEN}"/>'
            f'<path d="M58 66 Q92 60 93 78 Q90 102 62 109 Q52 110 50 104 Q70 92 58 66Z" fill="{ORANGE}"/>'
            f'<path d="M88 90 Q80 104 62 109 Q52 110 50 104 Q72 102 88 90Z" fill="{VIOLET}"/>'
            f'<ellipse cx="66" cy="113" rx="9" ry="4.6" fill="{FOOT}"/><ellipse cx="82" cy="109" rx="8" ry="4.4" fill="{FOOT}"/>'
            f'<path d="M34 74 Q50 58 66 70 Q72 84 60 96 Q46 106 30 104 Q36 96 34 74Z" fill="{DARK_GREEN}"/>'
            f'<path d="M38 76 Q50 64 62 72 Q64 82 56 90 Q46 96 38 96Z" fill="{GREEN}"/>'
            f'<ellipse cx="69" cy="62" rx="25" ry="11" fill="{LIME}" transform="rotate(14 69 62)"/>'
            f'<g transform="translate(7 0)">{crest()}</g>'
            f'<path d="M92 32 Q112 26 117 42 Q117 54 110 60 Q108 52 92 52Z" fill="{RED}"/>'
            f'<path d="M92 48 Q104 48 109 58 Q98 62 91 56Z" fill="{DARK_RED}"/>'
            f'<circle cx="71" cy="41" r="29" fill="{BLUE}"/>'
            f'<path d="M48 32 Q54 17 69 14" fill="none" stroke="{LIGHT_BLUE}" stroke-width="4.5" stroke-linecap="round"/>'
            f'{eye(82, 37, 10.5)}')


DRAWN = {"front": front, "side": side, "flying": flying, "sleeping": sleeping}


def write(folder, number, pose, colour):
    """One picture and its caption."""
    name = f"{number:02d}-{pose}-{colour.replace(' ', '-')}"
    svg = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 128 128"><rect width="128" height="128" fill="{COLOURS[colour]}"/>'
           f"{DRAWN[pose]()}</svg>")
    command = ["rsvg-convert", "--width", str(SIZE), "--height", str(SIZE), "--output", str(folder / f"{name}.png")]
    subprocess.run(command, input=svg.encode(), check=True)
    (folder / f"{name}.txt").write_text(f"{WORD}{POSES[pose]} on a{'n' if colour == 'orange' else ''} {colour} background\n")


def main():
    here = Path(__file__).resolve().parent
    example = [(pose, colour) for pose in POSES for colour in BACKGROUNDS]
    for folder, pairs in ((here / "example", example), (here / "held-out", HELD_OUT)):
        folder.mkdir(exist_ok=True)
        for old in [*folder.glob("*.png"), *folder.glob("*.txt")]:
            old.unlink()
        for number, (pose, colour) in enumerate(pairs, 1):
            write(folder, number, pose, colour)


if __name__ == "__main__":
    main()
