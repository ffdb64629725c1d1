"""More of the Test page: a training is paused for a test, a picture is saved with its settings, LoRAs of other folders
come in, those of another family are refused, and a picture is seen as it is drawn."""

import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

from driver import Atspi, Journey, text_of
from hands import drop, key
from waiting import SLOW, at_rest, wait_for

program, model, pictures, seed_store, lora = map(os.path.realpath, sys.argv[1:6])
xl = Path(lora).parents[1] / "sdxl" / "lora.safetensors"
home = tempfile.TemporaryDirectory(prefix="lorikeet-test-more-")
project, others = Path(home.name) / "project", Path(home.name) / "others"
made = project / "test"
NAME = "Rainbow-Lorikeet"
others.mkdir()
shutil.copy(lora, others / "mine.safetensors")
shutil.copy(xl, others / "large.safetensors")
settings = Path(os.environ["XDG_CONFIG_HOME"]) / "glib-2.0" / "settings"
settings.mkdir(parents=True, exist_ok=True)
(settings / "keyfile").write_text("[io/github/lorikeet_lora/Lorikeet]\ndevice='cpu@1%'\n")  # little memory suffices
store = Path(os.environ["XDG_DATA_HOME"]) / "lorikeet" / "lorikeet.db"
subprocess.run([seed_store, store, project, model, lora, pictures], check=True)


def parameters(path):
    """WebUI's text of a PNG file."""
    data, at = Path(path).read_bytes(), 8
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + length]
        assert struct.unpack(">I", data[at + 8 + length:at + 12 + length])[0] == zlib.crc32(kind + body)
        if kind == b"tEXt" and body.startswith(b"parameters\0"):
            return body.partition(b"\0")[2].decode("latin-1")
        if kind == b"iTXt" and body.startswith(b"parameters\0"):
            return body.partition(b"\0")[2].split(b"\0", 4)[-1].decode("utf-8")
        at += 12 + length
    return None


def files():
    return sorted(made.glob("*.png")) if made.exists() else []


def wait_files(count, seconds=SLOW):
    return wait_for(f"{count} pictures", lambda: len(files()) == count and files(), seconds)


def prompt():
    return app.find("text", "Prompt")


def set_value(role, name, value):
    Atspi.Value.set_current_value(app.find(role, name).get_value_iface(), value)


j = Journey()
app = j.start(program)


def begin():
    app.open_project("Rainbow Lorikeet")
    key("alt+3")
    app.press("button", "Start")
    app.sees(re.compile("^Running, Task 3"), SLOW)
    key("alt+4")
    app.sees("Training is running and uses the device")
    set_value("spin button", "Steps", 4)
    app.set_text(app.find("text", "Seed"), "99")
    app.set_text(prompt(), f"只鸟 rlk_bird <lora:{NAME}:0.7>")
    app.sensitive("button", "Generate", False)


j.step("while a training runs, Generate waits", begin)
j.shot("training")


def pause_and_test():
    app.press("button", "Pause and Test")
    app.sees("Training is paused", SLOW)
    wait_files(1)


j.step("Pause and Test pauses it and draws", pause_and_test)


def resume():
    app.press("button", "Resume Training")
    app.sees("Training is running and uses the device", SLOW)
    key("alt+3")
    app.sees(re.compile("^Running, Task 3"), SLOW)
    app.press("button", "Stop…")
    app.press("button", "Stop and Save")
    app.sees(re.compile("^Stopped, Task 3"), SLOW)
    key("alt+4")
    app.sensitive("button", "Generate")


j.step("Resume Training goes on with it", resume)


def save():
    target = Path(home.name) / "saved.png"
    app.press("button", "Save Picture…")
    entry = wait_for("the file chooser", lambda: next(
        (node for node in app.all("text") if text_of(node) == "00001-99.png"), None))
    app.set_text(entry, str(target))
    app.press("button", "Save")
    wait_for("the file", lambda: target.exists() and target.read_bytes() == files()[0].read_bytes())
    text = parameters(target)
    assert text.startswith(f"只鸟 rlk_bird <lora:{NAME}:0.7>\nSteps: 4, Sampler: Euler a"), text
    app.set_text(prompt(), "something else")
    drop([target], 400, 300)
    app.sees(re.compile("The settings of saved.png are in place"))
    wait_for("the prompt", lambda: text_of(prompt()) == f"只鸟 rlk_bird <lora:{NAME}:0.7>")
    wait_for("the seed", lambda: text_of(app.find("text", "Seed")) == "99")


j.step("a picture is saved with WebUI's text, and read back", save)


def add_folder():
    app.press("toggle button", "Insert a LoRA")
    app.press("button", "Add Folder…")
    app.find("button", "Select")
    key("ctrl+l")
    entry = wait_for("the place to type", lambda: next(
        (node for node in app.all("text") if node.get_state_set().contains(Atspi.StateType.FOCUSED)), None))
    app.type_path(entry, others)
    wait_for("the folder in the settings", lambda: str(others) in (settings / "keyfile").read_text())


j.step("a folder of LoRAs is added", add_folder)


def insert(name):
    app.set_text(prompt(), "rlk_bird")
    app.press("toggle button", "Insert a LoRA")
    app.press("button", f"Insert {name}")
    wait_for("the tag", lambda: text_of(prompt()) == f"rlk_bird <lora:{name}:0.7>")


def foreign_folder():
    insert("mine")
    app.press("button", "Generate")
    wait_files(2)
    return "<lora:mine:0.7>" in parameters(files()[1])


j.step("a LoRA of that folder draws", foreign_folder)


def other_family():
    insert("large")
    app.press("button", "Generate")
    app.sees(re.compile("The LoRA .large. (is made for .*, the base model is|has no module that fits)"), SLOW)
    j.shot("other-family")
    app.press("button", "Close the Message")
    return len(files()) == 2


j.step("a LoRA of another family is refused in words", other_family)


def seen():
    """The pixels in the middle of the picture."""
    return subprocess.run(["import", "-window", "root", "-crop", "200x200+480+250", "+repage", "rgb:-"], check=True,
                          capture_output=True).stdout


def preview():
    app.set_text(prompt(), "rlk_bird")
    set_value("spin button", "Steps", 150)
    app.click(app.find("label", "64 × 64"))
    for name in ("Width", "Height"):
        set_value("spin button", name, 640)  # minutes
    key("Escape")
    before = at_rest("the picture", seen)
    app.press("button", "Generate")
    app.sees(re.compile(r"^Drawing: step \d+ of 150$"), SLOW)
    first = wait_for("the picture as far as it is", lambda: (now := seen()) != before and now, SLOW)
    wait_for("the picture to go on", lambda: seen() != first, SLOW)
    app.sees(re.compile(r"^Drawing: step \d+ of 150$"))
    app.press("button", "Cancel")
    app.find("button", "Generate", seconds=SLOW)
    app.click(app.find("label", "640 × 640"))
    for name in ("Width", "Height"):
        set_value("spin button", name, 64)
    key("Escape")
    return len(files()) == 2


j.step("a picture is seen as it is drawn, and Cancel ends it", preview)
j.done()
