"""From "Open Example" to a LoRA and a picture drawn with it: once by keyboard alone, once by mouse alone."""

import os
import re
import sys
from pathlib import Path

from driver import Journey, text_of
from hands import key, type_text
from waiting import SLOW, wait_for

program = sys.argv[1]
j = Journey()
home = Path(os.environ["HOME"])
settings = Path(os.environ["XDG_CONFIG_HOME"]) / "glib-2.0" / "settings"
settings.mkdir(parents=True, exist_ok=True)
(settings / "keyfile").write_text(f"[io/github/lorikeet_lora/Lorikeet]\nprojects-folder='{home}/projects'\n")
project = home / "projects" / "Lorikeet_Mascot"


def long_training(app):
    """By keyboard: so many epochs that no machine comes to their end while the journey looks."""
    app.tab_to(None, "Epochs", 60)
    key("Tab", "ctrl+a")  # from the row to its number
    type_text("90000")
    key("Return")
    wait_for("the number", lambda: text_of(app.find("spin button", "Epochs")) == "90000")
    app.sees(re.compile("Ready to train"), SLOW)
    app.sensitive("button", "Train")


def trained(app, least):
    """True once the training page tells of at least so many steps."""
    return (app.number(re.compile(r"^Step [\d,]+ of")) or 0) >= least


def files(folder, pattern):
    return sorted((project / folder).glob(pattern))


app = j.start(program)
j.step("the first page is there", lambda: app.find("button", "Open Example"))
j.step("Tab and Return open the example", lambda: (
    app.tab_to("button", "Open Example"), key("Return"), app.sees("Lorikeet Mascot")))
j.step("its pictures are there", lambda: app.sees("20 pictures", SLOW))
j.shot("dataset")
j.step("Alt+2 shows the parameters", lambda: (key("alt+2"), app.sees(re.compile("Ready to train"), SLOW)))
j.step("Tab leads to the number of epochs", lambda: long_training(app))
j.shot("parameters")
j.step("Ctrl+Return trains", lambda: (key("ctrl+Return"), app.sees(re.compile("Running, Task 1"), SLOW)))
j.step("steps are counted", lambda: wait_for("12 steps", lambda: trained(app, 12), SLOW))
j.shot("training")
j.step("Ctrl+S saves a LoRA", lambda: (key("ctrl+s"), wait_for("a LoRA", lambda: files("task-1", "*-step*.safetensors"), SLOW)))
j.step("Ctrl+P pauses", lambda: (key("ctrl+p"), app.sees(re.compile("Paused, Task 1"), SLOW)))
j.step("Alt+4 shows the test page", lambda: (key("alt+4"), app.sensitive("button", "Generate")))
j.step("Ctrl+Return draws a picture", lambda: (key("ctrl+Return"), wait_for("a picture", lambda: files("test", "*.png"), SLOW)))
j.shot("test")
j.step("the program quits", lambda: app.quit() == 0)

again = j.start(program)


def later():
    again.sees("A Training Was Interrupted")
    wait_for("the dialog to go", lambda: not again.all("alert") or again.click(again.find("button", "Later")))


j.step("a later start offers what was paused", later)
j.step("a click on the card opens the project", lambda: (again.open_project("Lorikeet Mascot"), again.sees("20 pictures", SLOW)))
j.step("a click on Continue shows the parameters", lambda: (again.click(again.find("button", "Continue")), again.sees(re.compile("Ready to train"), SLOW), again.sensitive("button", "Train")))
j.step("a click on Train trains", lambda: (again.click(again.find("button", "Train")), again.sees(re.compile("Running, Task 2"), SLOW)))
j.step("steps are counted", lambda: wait_for("12 steps", lambda: trained(again, 12), SLOW))


def stop():
    again.click(again.find("button", "Stop…"))
    again.click(again.find("button", "Stop and Save"))
    again.sees(re.compile("Stopped, Task 2"), SLOW)
    return wait_for("a LoRA", lambda: files("task-2", "*.safetensors"))


j.step("clicks on Stop… and Stop and Save leave a LoRA", stop)
before = len(files("test", "*.png"))
j.step("a click on Test shows the test page", lambda: (again.click(again.find("list item", "Test")), again.sensitive("button", "Generate")))
j.step("a click on Generate draws a picture",
       lambda: (again.click(again.find("button", "Generate")), wait_for("a picture", lambda: len(files("test", "*.png")) > before, SLOW)))
j.done()
