#!/usr/bin/env python3
"""Pictures of every page and dialog, wide and narrow, in several styles, with a page that shows them all.

    session.sh screenshots.py OUT BUILD [STYLE...]

A style is a name of STYLES. Every style is one tour through a new home and one through a home with a project in the middle
of its life (tour.py); the window is made narrow and wide again at every stop.
"""

import ctypes
import html
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import gi

gi.require_version("GdkPixbuf", "2.0")
import driver  # noqa: E402
import tour  # noqa: E402
from driver import GLib  # noqa: E402
from hands import xdotool  # noqa: E402
from gi.repository import GdkPixbuf  # noqa: E402

# Name: language, dark, high contrast, size of text.
STYLES = {
    "en-light": ("en", False, False, 1),
    "en-dark": ("en", True, False, 1),
    "zh-light": ("zh_CN", False, False, 1),
    "zh-dark": ("zh_CN", True, False, 1),
    "zh-large": ("zh_CN", False, False, 1.5),
    "tw-light": ("zh_TW", False, False, 1),
    "en-large": ("en", False, False, 1.5),
    "en-contrast": ("en", False, True, 1),
    "en-contrast-dark": ("en", True, True, 1),
}
# Without a window manager a frame of five pixels, transparent elsewhere, belongs to the window.
WIDTHS = {"wide": (1280, 800), "narrow": (370, 730)}


class Screen:
    """What is on the screen, read by Xlib in this process: hundreds of pictures are taken."""

    def __init__(self):
        self.x = ctypes.CDLL("libX11.so.6")
        for name, result, arguments in (("XOpenDisplay", "P", "s"), ("XDefaultRootWindow", "L", "P"), ("XDestroyImage", "i", "P"),
                                        ("XGetImage", "P", "PLiiIILi"), ("XFlush", "i", "P"),
                                        ("XGetWindowAttributes", "i", "PLP"),
                                        ("XChangeProperty", "i", "PLLLiisi")):
            types = {"P": ctypes.c_void_p, "s": ctypes.c_char_p, "L": ctypes.c_ulong, "i": ctypes.c_int, "I": ctypes.c_uint}
            function = getattr(self.x, name)
            function.restype, function.argtypes = types[result], [types[one] for one in arguments]
        self.ignore = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(lambda display, error: 0)
        self.x.XSetErrorHandler(self.ignore)  # a window that has gone is none; else Xlib ends the program
        self.display = self.x.XOpenDisplay(None)
        self.root = self.x.XDefaultRootWindow(self.display)

    def set_text_size(self, scale):
        """As a desktop tells it to X programs: by the resource Xft.dpi, which is a property of the root window."""
        resource_manager, string, replace = 23, 31, 0
        text = f"Xft.dpi:\t{int(96 * scale)}\n".encode()
        self.x.XChangeProperty(self.display, self.root, resource_manager, string, 8, replace, text, len(text))
        self.x.XFlush(self.display)

    def is_popup(self, window):
        """Whether it is one that no window manager would touch; a window that has gone counts as one."""
        attributes, override_redirect = ctypes.create_string_buffer(256), 120
        there = self.x.XGetWindowAttributes(self.display, window, attributes)
        return not there or ctypes.c_int.from_buffer(attributes, override_redirect).value != 0

    def read(self, width, height):
        """Rows of blue, green, red and nothing, a byte each."""
        image = self.x.XGetImage(self.display, self.root, 0, 0, width, height, ~0 & 0xFFFFFFFF, 2)
        data = ctypes.cast(image + 16, ctypes.POINTER(ctypes.c_void_p))[0]
        pixels = ctypes.string_at(data, 4 * width * height)
        self.x.XDestroyImage(image)
        return pixels

    def at_rest(self, app, width, height):
        """The picture once nothing changes any more; after two seconds as it is (something may be running)."""
        deadline, before, same = time.monotonic() + 2, None, 0
        while same < 2 and time.monotonic() < deadline:
            for window in driver.children(app.node):
                window.get_state_set()  # answered once the window has done what was asked of it before
            now = self.read(width, height)
            same = same + 1 if now == before else 0
            before = now
            time.sleep(0.04)
        return before

    def save(self, pixels, width, height, path):
        rgb = bytearray(3 * width * height)
        for channel in range(3):
            rgb[channel::3] = pixels[2 - channel::4]
        picture = GdkPixbuf.Pixbuf.new_from_bytes(GLib.Bytes(rgb), GdkPixbuf.Colorspace.RGB, False, 8, width, height, 3 * width)
        picture.savev(str(path), "png", [], [])


def windows(app, screen):
    """The program's windows that are on the screen and may be resized: no popovers, which choose their size."""
    found = subprocess.run(["xdotool", "search", "--onlyvisible", "--pid", str(app.process.pid), "--name", "."],
                           capture_output=True, text=True, check=False).stdout.split()
    return [window for window in found if not screen.is_popup(int(window))]


class Camera:
    def __init__(self, out, style):
        self.out, self.style, self.taken = Path(out), style, []
        self.app, self.screen = None, Screen()

    def resize(self, label):
        """As wide as its text is large, or as narrow as can be; returns the size."""
        scale = STYLES[self.style][3] if label == "wide" else 1
        width, height = (int(scale * size) for size in WIDTHS[label])
        for window in windows(self.app, self.screen):
            xdotool("windowsize", window, width, height)
        return width, height

    def visit(self, name):
        xdotool("mousemove", *tour.ASIDE)
        for label in WIDTHS:
            width, height = self.resize(label)
            pixels = self.screen.at_rest(self.app, width, height)
            self.screen.save(pixels, width, height, self.out / f"{name}-{self.style}-{label}.png")
        self.screen.at_rest(self.app, *self.resize("wide"))
        if name not in self.taken:
            self.taken.append(name)


def take(out, build, style, lora):
    language, dark, contrast, scale = STYLES[style]
    program, seed = Path(build) / "src/app/lorikeet", Path(build) / "tests/app/seed-story"
    locale = "C.UTF-8" if language == "en" else "zh_CN.UTF-8"
    env = {"LANG": locale, "LC_ALL": locale, "LANGUAGE": language, "G_DEBUG": ""}
    if contrast:
        env["ADW_DEBUG_HIGH_CONTRAST"] = "1"
    camera, problems = Camera(out, style), []
    camera.screen.set_text_size(scale)
    for story in (False, True):
        with tempfile.TemporaryDirectory(prefix="lorikeet-tour-") as home:
            camera.app = app = tour.start(home, program, dark=dark, models=[tour.DEMO / "base.safetensors"], env=env,
                                          story=(seed, lora) if story else None)
            camera.resize("wide")
            go = tour.Tour(app, tour.translation(build, language), camera.visit)
            (go.story if story else go.fresh)()
            problems += go.problems
            app.kill()
            told = {re.sub(r"^.*?: [\d:.]+: |0x\w+ ", "", line) for line in app.stderr().splitlines()}
            problems += sorted(line for line in told if re.search("WARNING|CRITICAL", line) or "needs at least" in line or "exceeds" in line)
    return camera.taken, problems


INDEX = """<!doctype html><meta charset="utf-8"><title>Lorikeet</title>
<style>body{font-family:sans-serif;margin:24px}img{border:1px solid #888;margin:4px;vertical-align:top}.wide{width:640px}
.narrow{height:400px}</style>
"""


def write_index(out, names, styles):
    with open(Path(out) / "index.html", "w", encoding="utf-8") as page:
        page.write(INDEX)
        for name in names:
            page.write(f"<h2>{html.escape(name)}</h2>\n")
            for style in styles:
                for label in WIDTHS:
                    file = f"{name}-{style}-{label}.png"
                    if (Path(out) / file).exists():
                        page.write(f'<a href="{file}"><img class="{label}" src="{file}" title="{style}" loading="lazy"></a>\n')


def main():
    out, build, styles = Path(sys.argv[1]), Path(sys.argv[2]).resolve(), sys.argv[3:] or list(STYLES)
    out.mkdir(parents=True, exist_ok=True)
    lora = tour.ROOT / "tests/parity/cases/plain/lora.safetensors"
    names, failed = [], False
    for style in styles:
        begun = time.monotonic()
        taken, problems = take(out, build, style, lora)
        names += [name for name in taken if name not in names]
        print(f"{style}: {len(taken)} places, {time.monotonic() - begun:.0f} s", flush=True)
        for problem in problems:
            print("  " + problem, flush=True)
        failed = failed or bool(problems)
    write_index(out, names, STYLES)
    print(f"{out / 'index.html'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
