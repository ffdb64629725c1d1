"""From pictures to a LoRA: parameters, Train, pause, a change, save now, stop; a short training to its end, results, export;
the same bytes as by lorikeet-cli; and after a kill the training is offered and goes on.

A training that is met while it runs is so long that no machine comes to its end, and is stopped."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from driver import Atspi, Events, Journey, query, text_of
from hands import drop, key
from waiting import SLOW, wait_for

program, model, pictures, cli = sys.argv[1:5]
j = Journey()
home = Path(os.environ["HOME"])
store = Path(os.environ["XDG_DATA_HOME"]) / "lorikeet" / "lorikeet.db"
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


ENDLESS = 90000  # epochs: hours on any machine


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
    app.pick("Resolution", "256")
    app.pick("Schedule", "Constant")
    set_number("Epochs", ENDLESS)
    set_number("Save Every n Epochs", ENDLESS // 2)
    set_number("Rank (network_dim)", 4)
    app.sees(re.compile("Ready to train"))


j.step("a folder becomes a project", project)
j.step("the pictures are counted", lambda: app.sees("4"))
j.step("parameters are set, and the page is ready to train", parameters)
j.shot("parameters")
j.audit(app, "the parameters")
j.step("Ctrl+Enter begins a training and shows it", lambda: (key("ctrl+Return"), app.sees(re.compile("Running, Task 1"), SLOW)))


def temperature():
    app.sees("61 °C")
    (heat / "temp1_input").write_text("93000\n")
    app.sees("93 °C")
    heat.rename(heat.with_name("gone"))
    (heat.with_name("gone") / "name").write_text("none\n")
    app.gone(None, "93 °C")


j.step("the processor's temperature is shown while it is known", temperature)
j.step("the computer is kept awake", lambda: wait_for("inhibit", lambda: j.desktop.calls("Inhibit")))
j.step("the sidebar tells of it", lambda: app.find("button", re.compile("Epoch .* of ")))
j.audit(app, "the training page")
j.step("Ctrl+P pauses: the device is free", lambda: (key("ctrl+p"), app.sees(re.compile("Paused, Task 1"), SLOW), app.sees(re.compile("^0 bytes of"))))
j.shot("paused")
j.step("a paused training lets the computer sleep", lambda: wait_for("uninhibit", lambda: j.desktop.calls("Uninhibit")))
j.step("Resume goes on", lambda: (app.press("button", "Resume"), app.sees(re.compile("Running, Task 1"), SLOW)))


def rates():
    """The learning rate of each step so far, as the store has them."""
    return [rate for rate, in query(store, "SELECT lr FROM metric ORDER BY step")]


def change():
    """The schedule is constant, so that the rate that is set is the rate from there on."""
    wait_for("steps without it", rates, SLOW)
    app.press("button", "Change While Training")
    app.set_text(app.find("text", "Learning Rate"), "0.0005")
    app.press("button", "Apply")
    app.sees("Changed from the next step on")
    app.sees("0.0005", SLOW)
    wait_for("steps with it", lambda: rates()[-1] == 0.0005, SLOW)
    told = rates()
    at = told.index(0.0005)
    return 0 < at and 0.0005 not in told[:at] and set(told[at:]) == {0.0005}


runs = home / "projects" / "mascot" / "task-1"


def stop(app, number):
    app.press("button", "Stop…")
    app.press("button", "Stop and Save")
    app.sees(re.compile(f"Stopped, Task {number}"), SLOW)


j.step("the learning rate is changed while it runs", change)
j.step("Ctrl+S saves a checkpoint now", lambda: (key("ctrl+s"), wait_for("a step's file", lambda: list(runs.glob("*-step*.safetensors")), SLOW)))


def change_more():
    """From the dialog on it saves after every second step, and Sample Now draws the new prompt."""
    before = set(runs.glob("*.safetensors"))
    app.press("button", "Change While Training")
    app.set_text(app.find("text", "Save Every n Steps"), "2")
    app.set_text(app.find("text", "Sample prompts"), "lorimascot in the rain --w 64 --h 64 --s 2")
    app.press("button", "Apply")
    wait_for("two further files", lambda: len(set(runs.glob("*.safetensors")) - before) >= 2, SLOW)
    key("ctrl+shift+s")
    wait_for("a sample", lambda: list(runs.glob("sample/*.png")), SLOW)
    app.sees(re.compile("lorimascot in the rain"), SLOW)


j.step("so are prompts and the interval of saving; Ctrl+Shift+S draws a sample now", change_more)
j.shot("changed")


def train(epochs):
    key("alt+2")
    set_number("Epochs", epochs)
    set_number("Save Every n Epochs", epochs // 2)
    app.sees(re.compile("Ready to train"))
    key("ctrl+Return")


def named():
    """A task that waits for the first to end gets a name, by which everything calls it from then on."""
    train(8)
    app.find("button", "1 task waits", seconds=SLOW)
    key("alt+6")
    app.choose("Task Menu", 1)  # of the first, which waits
    dialog = app.find("alert", "Rename Task")
    app.set_text(app.find("text", "Name", within=dialog), "Evening")
    app.press("button", "Rename", dialog)
    app.find("list item", "Evening")


def stop_first():
    key("alt+3")
    app.sees("Running, Task 1")
    app.press("button", "Stop…")
    app.press("button", "Stop and Save")
    wait_for("it to be stopped", lambda: query(store, "SELECT state FROM task WHERE number = 1") == [("stopped",)], SLOW)


j.step("another task waits meanwhile, and gets a name", named)
j.step("Stop and Save ends the first", stop_first)


def device():
    return query(store, "SELECT DISTINCT device FROM task") == [("auto@90%",)]


j.step("it was told to leave a tenth of the memory", device)
j.step("its files are in a folder of their own", lambda: {"job.toml", "dataset.toml"} <= {p.name for p in runs.iterdir()})


j.step("the other comes to its end", lambda: app.sees("Finished, Evening", SLOW))


def announced():
    """How far it was is told as long as that takes longer than to tell it."""
    (seconds,), = query(store, "SELECT seconds FROM task WHERE number = 2")
    words = ["^Task 1: Running", "^Task 1: Paused", "^Evening: Finished after"] + [r"^Evening: (25|50|75) %, "] * (seconds > 4)
    return all(said.heard(text) for text in words)


j.step("a screen reader was told that it ran, paused, how far it was and that it has finished", announced)
j.shot("finished")
j.step("a notification says so", lambda: wait_for("notify", lambda: any(
    "Evening: Finished after" in " ".join(call[2:]) for call in j.desktop.calls("Notify"))))


def results():
    app.press("button", "Show Results")
    app.sees("Epoch 8")
    app.sees("Epoch 4")


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


def same_bytes():
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
    train(ENDLESS)
    app.sees(re.compile("Running, Task 3"), SLOW)
    key("ctrl+p")
    app.sees(re.compile("Paused, Task 3"), SLOW)
    app.press("button", "Resume")
    app.sees(re.compile("Running, Task 3"), SLOW)
    app.kill()


j.step("a third training is torn down by a kill", third)
again = j.start(program)
j.step("the next start offers to go on", lambda: again.sees("A Training Was Interrupted"))
j.shot("interrupted")
j.step("Resume goes on", lambda: (again.press("button", "Resume"), again.sees(re.compile("Running, Task 3"), SLOW)))
j.step("it is stopped and saved", lambda: stop(again, 3))
j.done()
