#!/usr/bin/env python3
"""The pictures of the README and of software centres, light and dark, from a true training of the example.

    session.sh readme_pictures.py OUT BUILD

Takes a few minutes: most of the example's 800 steps are trained. Nothing in the pictures is made up.
"""

import re
import sys
import tempfile
import time
from pathlib import Path

import tour
from driver import GLib
from hands import key, xdotool
from waiting import wait_for
from screenshots import Screen

WIDTH, HEIGHT, ENOUGH = 1280, 800, 610


class Photographer:
    def __init__(self, out, home, app):
        self.out, self.app, self.screen = Path(out), app, Screen()
        self.settings = Path(home) / "config" / "glib-2.0" / "settings" / "keyfile"

    def dark(self, dark):
        """The program sees that its settings have changed."""
        text = self.settings.read_text()
        self.settings.write_text(re.sub(r"appearance='\w+'", f"appearance='{'dark' if dark else 'light'}'", text))
        time.sleep(1)

    def take(self, name):
        xdotool("mousemove", *tour.ASIDE)
        for dark in (False, True):
            self.dark(dark)
            pixels = self.screen.at_rest(self.app, WIDTH, HEIGHT)
            self.screen.save(pixels, WIDTH, HEIGHT, self.out / f"{name}{'-dark' if dark else ''}.png")
        self.dark(False)


def steps(app):
    return app.number(re.compile(r"^Step [\d,]+ of")) or 0


def main():
    out, build = sys.argv[1], Path(sys.argv[2]).resolve()
    Path(out).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="lorikeet-readme-") as home:
        app = tour.start(home, build / "src/app/lorikeet", env={"LC_ALL": "C.UTF-8"})
        camera = Photographer(out, home, app)
        app.press("button", "Open Example")
        app.sees("20 pictures", 60)
        app.click(wait_for("the pictures", lambda: app.all("table cell", re.compile("^06-side"))[0]))
        wait_for("its caption", lambda: app.sees(re.compile("side view")))
        camera.take("dataset")
        key("alt+2")
        app.sees(re.compile("Ready to train"), 60)
        camera.take("parameters")
        app.click(app.find("button", "Train"))
        app.sees(re.compile("Running, Task 1"), 120)
        wait_for(f"{ENOUGH} steps", lambda: time.sleep(5) or steps(app) >= ENOUGH, 3600)
        camera.take("training")
        app.action("show-page", GLib.Variant("s", "results"))
        app.sees("Epoch 150")
        camera.take("results")
        app.kill()


if __name__ == "__main__":
    main()
