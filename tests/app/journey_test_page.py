"""The Test page: a picture, cancelling, comparing, a grid, another program's PNG, errors in words, a second start, and a
training that is paused for a test."""

import os
import re
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi  # noqa: E402

from driver import Journey, text_of, unnamed_at_last  # noqa: E402
from hands import drop, key, xdotool  # noqa: E402
from waiting import SLOW, wait_for  # noqa: E402

program, model, pictures, seed_store, lora = map(os.path.realpath, sys.argv[1:6])
home = tempfile.TemporaryDirectory(prefix="lorikeet-test-page-")
project = Path(home.name) / "project"
made = project / "test"
NAME = "Rainbow-Lorikeet"


def chunks(path):
    """The chunks of a PNG file: pairs of type and data."""
    data, at = Path(path).read_bytes(), 8
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + length]
        assert struct.unpack(">I", data[at + 8 + length:at + 12 + length])[0] == zlib.crc32(kind + body)
        yield kind, body
        at += 12 + length


def parameters(path):
    """WebUI's text of a PNG."""
    for kind, body in chunks(path):
        key_name, _, rest = body.partition(b"\0")
        if kind == b"tEXt" and key_name == b"parameters":
            return rest.decode("latin-1")
        if kind == b"iTXt" and key_name == b"parameters":
            return rest.split(b"\0", 4)[-1].decode("utf-8")
    return None


def size(path):
    return struct.unpack(">II", dict(chunks(path))[b"IHDR"][:8])


def write_png(path, text):
    """A grey picture of 8 × 8 with WebUI's settings, as Pillow writes them."""
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = b"".join(b"\0" + b"\x80" * 24 for _ in range(8))
    extra = chunk(b"tEXt", b"parameters\0" + text.encode("latin-1")) if text else b""
    Path(path).write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)) + extra +
                           chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def files(pattern="*.png"):
    return sorted(made.glob(pattern)) if made.exists() else []


def wait_files(count, pattern="*.png", seconds=SLOW):
    return wait_for(f"{count} files {pattern}", lambda: len(files(pattern)) == count and files(pattern), seconds)


def prompt(app):
    return app.find("text", "Prompt")


def open_page(app):
    app.open_project("Rainbow Lorikeet")
    key("alt+4")
    app.find("radio button", "Compare")


def set_value(app, role, name, value):
    """A value of a slider or spin button, as assistive technology sets it."""
    node = app.find(role, name)
    Atspi.Value.set_current_value(node.get_value_iface(), value)
    return node


def seed(training):
    store = Path(os.environ["XDG_DATA_HOME"]) / "lorikeet" / "lorikeet.db"
    subprocess.run([seed_store, store, project, model, lora] + ([pictures] if training else []), check=True)


j = Journey()
seed(training=True)
app = j.start(program)
j.step("the project opens at its Test page", lambda: open_page(app))
j.step("the prompt begins with trigger word and last checkpoint",
       lambda: wait_for("the prompt", lambda: text_of(prompt(app)) == f"rlk_bird <lora:{NAME}:0.7>"))
j.step("the size is the project's", lambda: app.find(None, "64 × 64"))
j.audit(app, "the Test page")
j.shot("begin")


def slider():
    set_value(app, "slider", "LoRA Strength", 0.5)
    wait_for("the prompt to follow", lambda: text_of(prompt(app)) == f"rlk_bird <lora:{NAME}:0.5>")
    app.set_text(prompt(app), f"rlk_bird <lora:{NAME}:0.8>")
    node = app.find("slider", "LoRA Strength")
    wait_for("the slider to follow", lambda: abs(Atspi.Value.get_current_value(node.get_value_iface()) - 0.8) < 1e-6)


j.step("the slider writes into the prompt, and the prompt moves the slider", slider)


def generate():
    set_value(app, "spin button", "Steps", 6)
    app.set_text(app.find("text", "Seed"), "1234")
    app.click(prompt(app))
    key("ctrl+Return")
    (path,) = wait_files(1)
    assert path.name == "00001-1234.png", path
    assert size(path) == (64, 64)
    text = parameters(path)
    assert text.startswith(f"rlk_bird <lora:{NAME}:0.8>\nSteps: 6, Sampler: Euler a, Schedule type: "), text
    for part in ("CFG scale: 7", "Seed: 1234", "Size: 64x64", "Model: model", "Model hash: "):
        assert part in text, (part, text)
    app.sees("Epoch 3, task 2, strength 0.8")
    app.sees(re.compile(r"^Seed 1234 · 6 steps · Euler a · CFG 7 · 64 × 64 · [\d.]+ s$"))


j.step("Ctrl+Enter makes a picture that is saved with its settings", generate)
j.step("the same settings make the same picture", lambda: (
    app.press("button", "Generate"),
    wait_files(2),
    files()[0].read_bytes() == files()[1].read_bytes())[-1])
j.shot("picture")


def set_size(before, now):
    app.click(app.find("label", f"{before} × {before}"))
    for name in ("Width", "Height"):
        set_value(app, "spin button", name, now)
    key("Escape")
    app.find("label", f"{now} × {now}")


def cancel():
    """Of a picture that takes minutes."""
    set_value(app, "spin button", "Steps", 150)
    set_size(64, 640)
    app.press("button", "Generate")
    app.press("button", "Cancel")
    app.find("button", "Generate", seconds=SLOW)
    set_value(app, "spin button", "Steps", 4)
    set_size(640, 64)
    return len(files()) == 2


j.step("Cancel ends a picture that is being drawn, and nothing is saved", cancel)


def large():
    app.click(app.find("list item", "00001-1234.png"))
    key("Return")
    app.find("button", "Next Picture")
    assert unnamed_at_last(app) == [], unnamed_at_last(app)
    j.shot("large")
    key("Escape")
    app.gone("button", "Next Picture")


j.step("Enter opens a picture large, Escape closes it", large)


def compare():
    app.press("radio button", "Compare")
    app.press("button", "Generate")
    both = wait_files(4)
    without = [path for path in both if path.name.endswith("-without.png")]
    assert len(without) == 1 and "<lora" not in parameters(without[0]), both
    pair = without[0].with_name(without[0].name.replace("-without", ""))
    assert "Seed: 1234" in parameters(pair) and "Seed: 1234" in parameters(without[0])
    node = app.find("slider", "Comparison of two pictures")
    wait_for("both sides", lambda: node.get_description() == "Without LoRA on the left, Strength 0.8 on the right")
    app.click(node)
    key("Left")


j.step("Compare makes the same picture with and without LoRA", compare)
j.audit(app, "Compare")
j.shot("compare")


def grid():
    app.press("radio button", "X/Y Grid")
    app.sees("Checkpoint × Strength")
    app.set_text(app.find("text", re.compile("^Strengths")), "0, 0.5")
    app.sees("Same seed everywhere; 0 of 6 pictures done")
    j.shot("grid-planned")
    app.press("button", "Generate")
    app.sees("Same seed everywhere; 6 of 6 pictures done", seconds=SLOW)
    cells = wait_files(6, "grid-0001/*.png")
    assert "<lora:%s-000001:0>" % NAME in parameters(cells[0]), parameters(cells[0])
    assert "<lora:%s:0.5>" % NAME in parameters(cells[5]), parameters(cells[5])
    assert len(files()) == 4, "cells are no part of the history"
    # Strength 0 is as if there were no LoRA, whatever the checkpoint.
    assert dict(chunks(cells[0]))[b"IDAT"] == dict(chunks(cells[2]))[b"IDAT"]
    assert dict(chunks(cells[0]))[b"IDAT"] != dict(chunks(cells[1]))[b"IDAT"]


j.step("a grid fills in its order, every cell a file", grid)
j.audit(app, "X/Y Grid")
j.shot("grid")


def grid_keys():
    app.click(app.find("table cell", re.compile("^Epoch 1.*0.0: done")))
    app.sees("Epoch 1, task 2, strength 0.0")
    key("Right", "Down")
    app.sees("Epoch 2, task 2, strength 0.5")
    key("Return")
    app.find("button", "Next Picture")
    key("Left")
    key("Escape")
    app.sees("Epoch 2, task 2, strength 0.0")


j.step("arrows move in the grid, Enter opens large", grid_keys)


def grid_more():
    app.set_text(app.find("text", re.compile("^Strengths")), "0, 0.5, 1")
    app.sees("Same seed everywhere; 6 of 9 pictures done")
    app.press("button", "Generate")
    app.sees("Same seed everywhere; 9 of 9 pictures done", seconds=SLOW)
    wait_files(3, "grid-0002/*.png")


j.step("another column is drawn beside those that are there", grid_more)


def save_grid():
    target = Path(home.name) / "whole.png"
    app.press("button", "Save the Whole Grid…")
    entry = wait_for("the file chooser", lambda: next(
        (node for node in app.all("text") if text_of(node).endswith("-grid.png")), None))
    app.set_text(entry, str(target))
    app.press("button", "Save")
    wait_for("the sheet", target.exists)  # under its name once it is whole
    width, height = size(target)
    assert width > 3 * 64 and height > 3 * 64, (width, height)
    assert "Steps: 4" in parameters(target)


j.step("the whole grid is saved as one PNG", save_grid)


def use_settings():
    app.press("button", "Use These Settings")
    wait_for("the cell's prompt", lambda: text_of(prompt(app)) == f"rlk_bird <lora:{NAME}-000002:0>")
    app.find("button", "Save Picture…")


j.step("Use These Settings takes a cell's over", use_settings)


def drop_png():
    picture = Path(home.name) / "forest.png"
    write_png(picture, "rlk_bird in a forest, (soft light:1.2) <lora:nowhere:0.6>\nNegative prompt: blurry, text,\nugly\n"
                       "Steps: 5, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 6.5, Seed: 77, Size: 120x128, "
                       'Model hash: 6ce0161689, Model: v1-5-pruned, Lora hashes: "nowhere: 0123456789ab", '
                       "Version: v1.10.1")
    drop([picture], 400, 300)
    app.sees(re.compile("The settings of forest.png are in place.*128 × 128 is near.*This LoRA is not here: nowhere.*"
                        "made with the base model v1-5-pruned"))
    for name, text in (("Prompt", "rlk_bird in a forest, (soft light:1.2) <lora:nowhere:0.6>"),
                       ("Negative Prompt", "blurry, text,\nugly"), ("Seed", "77")):
        wait_for(f"{name} to be {text}", lambda name=name, text=text: text_of(app.find("text", name)) == text)
    app.find(None, "128 × 128")


j.step("a PNG of WebUI that is dropped brings its settings", drop_png)
j.shot("dropped")


def errors():
    before = len(files())
    app.press("button", "Generate")
    app.sees(re.compile("The prompt names the LoRA .nowhere., but there is no"))
    j.shot("missing")
    empty = Path(home.name) / "empty.png"
    write_png(empty, None)
    drop([empty], 400, 300)
    app.sees(re.compile("empty.png has no settings inside"))
    app.set_text(prompt(app), "no adapter here")
    app.press("radio button", "Compare")
    app.press("button", "Generate")
    app.sees(re.compile("names no LoRA to compare"))
    app.press("button", "Close the Message")
    app.gone(None, re.compile("names no LoRA to compare"))
    app.press("radio button", "Picture")
    return len(files()) == before


j.step("what cannot be done is said on the page", errors)


def insert():
    app.set_text(prompt(app), "rlk_bird")
    app.press("toggle button", "Insert a LoRA")
    app.press("button", "Insert Epoch 2, task 2")
    wait_for("the tag", lambda: text_of(prompt(app)) == f"rlk_bird <lora:{NAME}-000002:0.7>")


j.step("a checkpoint is inserted into the prompt", insert)


def quit_at_once():
    """While the picture may not be in its file yet."""
    before = len(files())
    app.press("button", "Generate")
    app.sees(re.compile("^Seed 77 · "), SLOW)
    assert app.quit() == 0
    return len(files()) == before + 1


j.step("what was drawn is kept when the program is quit at once", quit_at_once)

if j.failed:
    j.done()
again = j.start(program)
j.step("a second start opens the page", lambda: open_page(again))
j.step("settings are remembered", lambda: wait_for("the prompt", lambda: (
    text_of(prompt(again)) == f"rlk_bird <lora:{NAME}-000002:0.7>" and text_of(again.find("text", "Seed")) == "77")))
j.step("pictures that were made are there", lambda: (
    again.click(again.find("list item", "00001-1234.png")), again.sees(re.compile("^Seed 1234 · 6 steps"))))


def resize(width):
    for window in subprocess.check_output(["xdotool", "search", "--onlyvisible", "--pid", str(again.process.pid), "--name", "."],
                                          text=True).split():
        xdotool("windowsize", window, width, 800)


def narrow():
    """The settings fold away, and Generate moves to where it can be seen."""
    for _ in range(3):
        resize(370)
        again.gone("text", "Seed")
        again.find("button", "Generate")
        resize(1280)
        again.find("text", "Seed")
        again.find("button", "Generate")


j.step("in a narrow window Generate is still there", narrow)
j.done()
