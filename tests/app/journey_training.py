"""From pictures to a LoRA: parameters, Train, pause, a change, save now, the end, results, export; the same bytes as by
lorikeet-cli; and after a kill the training is offered and goes on."""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from driver import Atspi, Events, Journey, drop, key, text_of, wait_for

program, model, pictures, cli = sys.argv[1:5]
j = Journey()
home = Path(os.environ["HOME"])
settings = Path(os.environ["XDG_CONFIG_HOME"]) / "glib-2.0" / "settings"
settings.mkdir(parents=True, exist_ok=True)
(settings / "keyfile").write_text(
    f"[io/github/lorikeet_lora/Lorikeet]\nmodels=['{model}']\nexport-folders=['{home}']\nprojects-folder='{home}/projects'\nmemory-share=90\n")
folder = home / "mascot"
folder.mkdir()
for source in sorted(Path(pictures).glob("0[1-4]-*")):
    shutil.copy(source, folder)

heat = home / "hwmon" / "hwmon0"
heat.mkdir(parents=True)
for name, text in (("name", "k10temp"), ("temp1_label", "Tdie"), ("temp1_input", "61250")):
    (heat / name).write_text(text + "\n")
app = j.start(program, env={"LORIKEET_HWMON": str(heat.parent)})
said = Events("object:announcement")


def project():
    app.sees("Teach Stable Diffusion Something New")
    drop([folder], 640, 600)
    app.set_text(app.find("text", "Trigger word"), "lorimascot")
    app.press("button", "Next")
    app.sees("SD 1.5")
    app.press("button", "Next")
    app.sees("Step 3 of 3")
    app.press("button", "Create")
    app.find("list item", "Dataset")


def set_number(name, value):
    """The number of a spin button, as a screen reader sets it."""
    node = app.find("spin button", name)
    Atspi.Value.set_current_value(node.get_value_iface(), value)
    wait_for(f"{name} to be {value}", lambda: text_of(node) == str(value))


def parameters():
    key("alt+2")
    app.click(app.find("toggle button", "Resolution"))
    key("Home", "Down", "Down", "Return")
    app.find("label", "256")
    set_number("Epochs", 60)
    set_number("Save Every n Epochs", 30)
    set_number("Rank (network_dim)", 4)
    app.sees(re.compile("Ready to train"))


j.step("a folder becomes a project", project)
j.step("the pictures are counted", lambda: app.sees("4"))
j.step("parameters are set, and the page is ready to train", parameters)
j.shot("parameters")
j.audit(app, "the parameters")
j.step("Ctrl+Enter begins a training and shows it", lambda: (key("ctrl+Return"), app.sees(re.compile("Running, Task 1"), 60)))
def temperature():
    app.sees("61 °C")
    (heat / "temp1_input").write_text("93000\n")
    app.sees("93 °C")
    heat.rename(heat.with_name("gone"))
    (heat.with_name("gone") / "name").write_text("none\n")
    app.gone(None, "93 °C")


j.step("the processor's temperature is shown while it is known", temperature)
j.step("the computer is kept awake", lambda: wait_for("inhibit", lambda: j.desktop.calls("Inhibit")))
j.step("the sidebar tells of it", lambda: app.find("button", re.compile("Epoch .* of 60")))
j.audit(app, "the training page")
j.step("Ctrl+P pauses: the device is free", lambda: (key("ctrl+p"), app.sees(re.compile("Paused, Task 1"), 60), app.sees(re.compile("^0 bytes of"))))
j.shot("paused")
j.step("a paused training lets the computer sleep", lambda: wait_for("uninhibit", lambda: j.desktop.calls("Uninhibit")))
j.step("Resume goes on", lambda: (app.press("button", "Resume"), app.sees(re.compile("Running, Task 1"), 60)))


def change():
    app.press("button", "Change While Training")
    app.set_text(app.find("text", "Learning Rate"), "0.0005")
    app.press("button", "Apply")
    app.sees("Changed from the next step on")
    app.sees(re.compile(r"^0\.000[45]"), 60)


j.step("the learning rate is changed while it runs", change)
runs = home / "projects" / "mascot" / "task-1"
j.step("Ctrl+S saves a checkpoint now", lambda: (key("ctrl+s"), wait_for("a step's file", lambda: list(runs.glob("*-step*.safetensors")), 60)))
j.step("the training ends", lambda: app.sees(re.compile("Finished, Task 1"), 400))
j.step("a screen reader was told that it ran, paused, how far it was and that it has finished", lambda: all(
    said.heard(words) for words in ("^Task 1: Running", "^Task 1: Paused", r"^Task 1: (25|50|75) %, ", "^Task 1: Finished after")))
j.shot("finished")
j.step("a notification says so", lambda: wait_for("notify", lambda: j.desktop.calls("Notify")))


def device():
    store = Path(os.environ["XDG_DATA_HOME"]) / "lorikeet" / "lorikeet.db"
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as base:
        return [row for row, in base.execute("SELECT device FROM task")] == ["auto@90%"]


j.step("it was told to leave a tenth of the memory", device)
j.step("its files are in a folder of their own", lambda: {"job.toml", "dataset.toml"} <= {p.name for p in runs.iterdir()})


def results():
    app.press("button", "Show Results")
    app.sees("Epoch 60")
    app.sees("Epoch 30")


j.step("the results list the checkpoints", results)
j.shot("results")
j.audit(app, "the results")


def export():
    app.press("button", "Export…")
    app.sees(re.compile("Rank 4"))
    app.set_text(app.find("text", "File name"), "my_mascot")
    app.press("button", "Export")
    app.sees("“my_mascot.safetensors” exported")
    return (home / "my_mascot.safetensors").stat().st_size > 1000


j.step("a checkpoint is exported", export)


def second(value):
    """Another training with the same settings, and the bytes of its LoRA."""
    key("alt+2")
    app.sees(re.compile("Ready to train"))
    set_number("Epochs", value)
    app.sees(re.compile("Ready to train"))
    key("ctrl+Return")
    app.sees(re.compile("Finished, Task 2"), 400)


def same_bytes():
    second(4)
    made = home / "projects" / "mascot" / "task-2"
    lora = next(p for p in made.glob("*.safetensors") if not re.search(r"-\d+\.safetensors$", p.name))
    before = lora.read_bytes()
    away = home / "away"
    job = made / "job.toml"
    subprocess.run([cli, "train", str(job), "--set", f"output_dir={away}", "--progress", "none"], check=True,
                   stdout=subprocess.DEVNULL)
    return (away / lora.name).read_bytes() == before


j.step("lorikeet-cli makes the same bytes of the task's job", same_bytes)


def third():
    key("alt+2")
    set_number("Epochs", 200)
    app.sees(re.compile("Ready to train"))
    key("ctrl+Return")
    app.sees(re.compile("Running, Task 3"), 60)
    key("ctrl+p")
    app.sees(re.compile("Paused, Task 3"), 60)
    app.press("button", "Resume")
    app.sees(re.compile("Running, Task 3"), 60)
    app.kill()


j.step("a third training is torn down by a kill", third)
again = j.start(program)
j.step("the next start offers to go on", lambda: again.sees("A Training Was Interrupted"))
j.shot("interrupted")
j.step("Resume goes on", lambda: (again.press("button", "Resume"), again.sees(re.compile("Running, Task 3"), 60)))


def stop():
    again.press("button", "Stop…")
    again.press("button", "Stop and Save")
    again.sees(re.compile("Stopped, Task 3"), 60)


j.step("it is stopped and saved", stop)
j.done()
