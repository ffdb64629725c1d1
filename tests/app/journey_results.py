"""Results: the best is marked, a checkpoint is exported with its metadata, folders of other programs are remembered and
forgotten, a file is copied as it is."""

import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from driver import Atspi, Journey, is_in_state, query
from hands import key
from waiting import SLOW, wait_for

program, model, pictures, seed_store, lora = map(os.path.realpath, sys.argv[1:6])
home = tempfile.TemporaryDirectory(prefix="lorikeet-results-")
comfy, webui = (Path(home.name) / place for place in ("ComfyUI/models/loras", "webui/models/Lora"))
plain, gone = Path(home.name) / "plain_folder", Path(home.name) / "gone"
for folder in (comfy, webui, plain):
    folder.mkdir(parents=True)
settings = Path(os.environ["XDG_CONFIG_HOME"]) / "glib-2.0" / "settings"
settings.mkdir(parents=True, exist_ok=True)
(settings / "keyfile").write_text(
    f"[io/github/lorikeet_lora/Lorikeet]\nexport-folders=['{plain}', '{gone}', '{comfy}', '{webui}']\n")
store = Path(os.environ["XDG_DATA_HOME"]) / "lorikeet" / "lorikeet.db"
subprocess.run([seed_store, store, Path(home.name) / "project", model, lora], check=True)
NAME = "Rainbow-Lorikeet"


def metadata(path):
    with open(path, "rb") as file:
        return json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))["__metadata__"]


def remembered():
    """The folders in the settings, as the next start will find them."""
    found = re.search(r"^export-folders=\[(.*)\]$", (settings / "keyfile").read_text(), re.MULTILINE)
    return re.findall(r"'([^']*)'", found[1]) if found else []


j = Journey()
app = j.start(program)


def open_page():
    app.open_project("Rainbow Lorikeet")
    key("alt+5")
    app.sees("3 checkpoints")


def places():
    """The folders that are offered, by their names, top to bottom."""
    return app.names("list item", re.compile("^(Folder|ComfyUI|Stable Diffusion WebUI)$"))


def chosen():
    """The name of the row whose round button is on."""
    for row in app.all("list item", re.compile("^(Folder|ComfyUI|Stable Diffusion WebUI)$")):
        for node in app.all("radio button", within=row):
            if is_in_state(node, Atspi.StateType.CHECKED):
                return row.get_name()
    return None


j.step("the project opens at its results", open_page)


def best():
    app.choose("Checkpoint Menu", len(app_menu()) - 1)
    app.sees("Epoch 3 looks best")
    app.sees("You marked it.")


def app_menu():
    """The items of the newest checkpoint's menu; it is closed again."""
    app.press("toggle button", "Checkpoint Menu")
    items = wait_for("the menu", lambda: (found := app.all("menu item")) and len(found) >= 3 and found)
    key("Escape")
    app.gone("menu item")
    return items


j.step("the best is marked by its menu", best)
j.shot("best")


def dialog():
    app.press("button", "Export…")
    app.sees(re.compile("Rank 4|Rank \\d+"))
    wait_for("folders that are there, the last first", lambda: places() == ["Folder", "ComfyUI", "Stable Diffusion WebUI"])
    wait_for("the first to be chosen", lambda: chosen() == "Folder")


j.step("Export offers the folders of before; one that is gone is not among them", dialog)
j.audit(app, "Export")
j.shot("export")


def export():
    app.press("radio button", None, app.find("list item", "ComfyUI"))
    app.set_text(app.find("text", "File name"), "my_bird")
    app.press("list item", "Metadata")
    app.set_text(app.find("text", "Author"), "A. Person")
    app.set_text(app.find("text", "Licence"), "CC-BY-4.0")
    app.set_text(app.find("text", "Description"), "一只鹦鹉 “Rainbow”")
    j.shot("metadata")
    app.press("button", "Export")
    wait_for("the file", (comfy / "my_bird.safetensors").exists)
    app.gone(None, "Export LoRA")
    told = metadata(comfy / "my_bird.safetensors")
    assert told["modelspec.author"] == "A. Person" and told["modelspec.license"] == "CC-BY-4.0", told
    assert told["modelspec.description"] == "一只鹦鹉 “Rainbow”", told
    wait_for("it to be remembered", lambda: remembered() == [str(p) for p in (comfy, plain, gone, webui)])


j.step("a checkpoint goes to ComfyUI with words of its own, which is first from then on", export)


def again():
    app.press("button", "Export…")
    wait_for("ComfyUI first", lambda: places() == ["ComfyUI", "Folder", "Stable Diffusion WebUI"])
    wait_for("the first to be chosen", lambda: chosen() == "ComfyUI")
    app.set_text(app.find("text", "File name"), "my_bird")
    app.press("button", "Export")
    app.sees("Replace File?")
    app.press("button", "Cancel", app.find("alert", "Replace File?"))
    app.gone(None, "Replace File?")
    app.press("button", "Forget This Folder", app.find("list item", "ComfyUI"))
    wait_for("two folders", lambda: places() == ["Folder", "Stable Diffusion WebUI"])
    wait_for("the first to be chosen", lambda: chosen() == "Folder")
    key("Escape")
    wait_for("it to be forgotten", lambda: remembered() == [str(p) for p in (plain, gone, webui)])
    return (comfy / "my_bird.safetensors").exists()


j.step("a file is not replaced unasked; a folder is forgotten, its files stay", again)


def copy():
    app.gone(None, "Export LoRA")
    app.choose("Checkpoint Menu", 2)
    copied = webui / f"{NAME}.safetensors"
    wait_for("the file", lambda: copied.exists() and copied.read_bytes() == Path(lora).read_bytes())
    wait_for("it to be remembered", lambda: remembered()[:1] == [str(webui)])
    app.choose("Checkpoint Menu", 1)
    app.sees("Replace File?")
    (webui / f"{NAME}.safetensors").write_bytes(b"old")
    app.press("button", "Replace")
    wait_for("the file anew", lambda: (webui / f"{NAME}.safetensors").read_bytes() == Path(lora).read_bytes())


j.step("a checkpoint is copied to WebUI by its menu", copy)


def pickle():
    app.press("button", "Export…")
    row = app.find("combo box", "Format")
    app.click(row)
    app.click(app.find(None, re.compile("^pt"), row))
    app.set_text(app.find("text", "File name"), "old_bird")
    app.press("button", "Export")
    wait_for("the file", (webui / "old_bird.pt").exists)
    app.gone(None, "Export LoRA")
    return zipfile.is_zipfile(webui / "old_bird.pt")


j.step("a checkpoint is exported as .pt", pickle)


def held_out():
    """The losses of the checkpoints, as the store has them."""
    return [loss for loss, in query(
        store, "SELECT held_out_loss FROM checkpoint JOIN task ON task.id = checkpoint.task WHERE task.number = 2")]


def measure():
    """All three files are one LoRA, so that the same noise gives the same loss."""
    unseen = Path(home.name) / "unseen"
    unseen.mkdir()
    for picture in sorted(Path(pictures).glob("*.png"))[:2]:
        shutil.copy(picture, unseen)
    app.press("button", "Compare on Held-out Pictures…")
    app.find("button", "Select")
    key("ctrl+l")
    entry = wait_for("the place to type", lambda: next(
        (node for node in app.all("text") if node.get_state_set().contains(Atspi.StateType.FOCUSED)), None))
    app.type_path(entry, unseen)
    wait_for("three losses", lambda: None not in held_out(), SLOW)
    return len(held_out()) == 3 and len(set(held_out())) == 1 and 0 < held_out()[0] < 10


j.step("the checkpoints are compared on pictures that no training has seen", measure)
j.shot("measured")


def quit_at_once():
    app.press("button", "Export…")
    app.set_text(app.find("text", "File name"), "last_bird")
    app.press("button", "Export")
    wait_for("it to begin", lambda: not any(is_in_state(node, Atspi.StateType.SENSITIVE) for node in app.each("button", "Export")))
    assert app.quit() == 0
    return bool(metadata(webui / "last_bird.safetensors"))


j.step("what is exported is whole when the program is quit at once", quit_at_once)
j.done()
