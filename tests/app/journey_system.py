"""The system check and the preferences: what this computer is, what to do where a card is not recognised, the report,
and the device and memory that may be used."""

import os
import re
import sys
from pathlib import Path

from driver import Atspi, Events, GLib, Journey, text_of
from hands import key
from waiting import wait_for

program = sys.argv[1]
settings = Path(os.environ["XDG_CONFIG_HOME"]) / "glib-2.0" / "settings"
settings.mkdir(parents=True, exist_ok=True)
(settings / "keyfile").write_text("[io/github/lorikeet_lora/Lorikeet]\ndevice='cuda:7'\n")
j = Journey()
said = Events("object:announcement")
# A build with a card module that is not there: the same on every machine.
app = j.start(program, env={"LORIKEET_CUDA_MODULE": "/nowhere/lorikeet-cuda.so"})


def stored(name):
    found = re.search(rf"^{name}=(.*)$", (settings / "keyfile").read_text(), re.MULTILINE)
    return found and found[1]


def check():
    app.action("system-check")
    app.sees(re.compile("^Ready to Train|^Graphics Card Found, but"))
    for part in ("Graphics Card", "Processor", "Memory", "Disk Space"):
        app.find("list item", part)


j.step("the system check tells of every part", check)


def steps():
    app.sees("If Your Graphics Card Is Not Recognised")
    for step in ("1. Install the NVIDIA Driver", "2. Install CUDA and cuDNN", "3. Restart the Computer",
                 "4. Choose the Card in the Preferences"):
        app.find("list item", step)


j.step("four steps say what to do where a card is not recognised", steps)
j.audit(app, "the system check")
j.shot("check")


def report():
    app.press("button", "Copy Report")
    said.heard("Report copied")
    app.action("new-project")
    name = app.find("text", "Name")
    app.click(name)
    key("ctrl+v")
    text = wait_for("the report", lambda: text_of(name))
    assert text.startswith("Lorikeet ") and "GTK 4." in text, text
    for part in ("Graphics Card (", "Memory (", "Disk Space (", "Training uses: "):
        assert part in text, (part, text)
    key("Escape")
    app.gone(None, "New Project")


j.step("the report is copied whole", report)


def shown(node):
    try:
        return node.get_state_set().contains(Atspi.StateType.SHOWING)
    except GLib.Error:
        return False  # it is gone


def again():
    """What is shown before and after looks the same: the rows from before must go first."""
    old = [app.find("list item", "Disk Space"), app.find("button", "Preferences")]
    app.press("button", "Check Again")
    wait_for("the old rows to go", lambda: not any(map(shown, old)))
    app.find("list item", "Disk Space")


j.step("Check Again looks anew", again)


def preferences():
    app.press("button", "Preferences")
    app.sees("Computing")
    app.sees("cuda:7 (not there)")


j.step("the last step leads to the preferences, which name a card that is gone", preferences)
j.audit(app, "the preferences")
j.shot("preferences")


def opened(choice):
    """The list of a row, with a choice that is in it."""
    app.find("list item", choice)


def choose():
    app.click(app.find(None, "cuda:7 (not there)"))
    opened("cuda:7 (not there)")
    key("Home", "Down", "Return")
    wait_for("the processor to be stored", lambda: stored("device") == "'cpu'")
    node = app.find("spin button", None, app.find("list item", "Memory to Use"))
    Atspi.Value.set_current_value(node.get_value_iface(), 60)
    wait_for("the share to be stored", lambda: stored("memory-share") == "60")
    key("Escape")


j.step("device and memory are chosen and remembered", choose)


def choose_language(window, now, label, *moves):
    window.action("preferences", window=False)
    window.click(window.find(None, now, window.find("combo box", re.compile(f"^({label}|Language)$"))))
    window.find("list item", "English")  # the list is open
    key(*moves, "Return")


def language():
    app.action("preferences", window=False)
    app.sees("Changes when Lorikeet is started again")
    app.click(app.find(None, "Follow System", app.find("combo box", "Language")))
    opened("繁體中文")
    key("End", "Return")
    wait_for("the language to be stored", lambda: stored("language") == "'zh_TW'")
    key("Escape")
    assert app.quit() == 0
    again = j.start(program)
    again.sees("教 Stable Diffusion 學點新東西")
    again.action("help", GLib.Variant("s", "page-system"), window=False)
    again.sees(re.compile("用來訓練和生圖的裝置"))
    key("Escape")
    again.gone(None, re.compile("用來訓練和生圖的裝置"))
    choose_language(again, "繁體中文", "語言", "Home", "Down", "Down")
    wait_for("the other language to be stored", lambda: stored("language") == "'zh_CN'")
    key("Escape")
    assert again.quit() == 0
    again = j.start(program)
    again.sees("教 Stable Diffusion 学点新东西")
    choose_language(again, "简体中文", "语言", "Home")
    wait_for("the system's language", lambda: stored("language") in (None, "''"))
    key("Escape")


j.step("the language is chosen, and is that of the next start", language)
j.done()
