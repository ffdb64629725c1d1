"""Six pictures of a bird, most of them with captions, in a project of their own: what journeys through captions begin with."""

import os
import re
from pathlib import Path

from driver import Atspi, text_of
from hands import drop
from waiting import wait_for

CAPTIONS = {
    "01": "rlk_bird, front, white background",
    "02": "rlk_bird, front, green background, soft light",
    "03": "rlk_bird, side view, yellow background",
    "04": "rlk_bird, side view, branch",
}


class Birds:
    """The folder of pictures, and the program that shows it."""

    def __init__(self, journey, program, model, pictures, captions, env=None):
        self.journey = journey
        self.program = program
        self.env = env  # of the program alone
        settings = Path(os.environ["XDG_CONFIG_HOME"]) / "glib-2.0" / "settings"
        settings.mkdir(parents=True, exist_ok=True)
        (settings / "keyfile").write_text(f"[io/github/lorikeet_lora/Lorikeet]\nmodels=['{model}']\n")
        self.folder = Path(os.environ["HOME"]) / "birds"
        self.folder.mkdir()
        for picture in sorted(Path(pictures).glob("*.png"))[:6]:
            number = picture.name[:2]
            (self.folder / f"{number}.png").write_bytes(picture.read_bytes())
            if number in captions:
                (self.folder / f"{number}.txt").write_text(captions[number] + "\n")
        self.start()

    def start(self):
        self.app = self.journey.start(self.program, env=self.env)
        return self.app

    # ---- into the project ----------------------------------------------------------------------------

    def new_project(self):
        app = self.app
        app.press("button", "New Project…")
        app.set_text(app.find("text", "Name"), "Birds")
        app.set_text(app.find("text", "Trigger word"), "rlk_bird")
        for page in ("Step 2 of 3", "Step 3 of 3"):
            app.press("button", "Next")
            app.sees(page)
        app.press("button", "Create")
        app.sees("Add Your Pictures")

    def dropped(self):
        drop([self.folder], 640, 500)
        wait_for("six pictures", lambda: len(self.cells()) == 6)
        self.app.sees("6 pictures")

    def again(self):
        """The program ends as it should, and is started again at its project."""
        if self.app.quit() != 0:
            raise RuntimeError("the program ended otherwise")
        self.start()
        self.app.click(self.app.find("table cell", "Birds"), count=2)
        wait_for("the pictures", self.cells)

    # ---- the files -----------------------------------------------------------------------------------

    def on_disk(self, number):
        try:
            return (self.folder / f"{number}.txt").read_text(encoding="utf-8").rstrip("\n")
        except FileNotFoundError:
            return None

    def written(self, number, text):
        try:
            wait_for("the file", lambda: self.on_disk(number) == text)
        except Exception as error:
            raise AssertionError(f"{number}.txt should be {text!r} and is {self.on_disk(number)!r}") from error

    # ---- the grid ------------------------------------------------------------------------------------

    def cells(self):
        return sorted(self.app.all("table cell"), key=lambda cell: cell.get_name())

    def cell(self, number):
        return self.app.find("table cell", re.compile(rf"^{number}\.png"))

    def shows(self, *numbers):
        try:
            wait_for("the pictures", lambda: [c.get_name()[:2] for c in self.cells()] == list(numbers))
        except Exception as error:
            raise AssertionError(f"the pictures should be {numbers} and are {self.cells()}") from error

    def select(self, number):
        self.app.click(self.cell(number))
        self.app.find("label", f"{number}.png")

    # ---- the pane ------------------------------------------------------------------------------------

    def caption(self):
        return self.app.find("text", "Caption")

    def shown(self, text):
        wait_for(f"the caption to be shown as {text!r}", lambda: text_of(self.caption()) == text)

    def chips(self):
        box = self.app.find("list", "Tags")
        return [chip.get_name() for chip in self.app.all("list item", within=box)]

    def has_chips(self, *names):
        try:
            wait_for("the chips", lambda: self.chips() == list(names))
        except Exception as error:
            raise AssertionError(f"the chips should be {names} and are {self.chips()}") from error

    def chip(self, name):
        return self.app.find("list item", name)

    def filter_text(self):
        return text_of(self.app.find("entry", "Filter Pictures"))

    def filtered(self, text):
        try:
            wait_for("the filter", lambda: self.filter_text() == text)
        except Exception as error:
            raise AssertionError(f"the filter should be {text!r} and is {self.filter_text()!r}") from error


def at_work(node):
    """Waits until a control that was just opened has the keyboard."""
    def focused():
        node.clear_cache_single()
        return node.get_state_set().contains(Atspi.StateType.FOCUSED) and node
    return wait_for(f"{node.get_name()!r} to have the keyboard", focused)
