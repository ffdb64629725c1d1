"""A training that stops for want of memory says what would help, the smallest change first, and does it."""

import os
import re
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

from driver import Events, GLib, Journey, text_of
from hands import drop, key
from waiting import SLOW, at_rest, wait_for

program, model, pictures, seed_store, lora = map(os.path.realpath, sys.argv[1:6])
home = tempfile.TemporaryDirectory(prefix="lorikeet-memory-")
project = Path(home.name) / "project"
settings = Path(os.environ["XDG_CONFIG_HOME"]) / "glib-2.0" / "settings"
settings.mkdir(parents=True, exist_ok=True)
# A hundredth of the memory, and a batch that is too large for that on any machine.
(settings / "keyfile").write_text("[io/github/lorikeet_lora/Lorikeet]\ndevice='cpu@1%'\n")
store = Path(os.environ["XDG_DATA_HOME"]) / "lorikeet" / "lorikeet.db"
subprocess.run([seed_store, store, project, model, lora, pictures], check=True)
BATCH = 256
with sqlite3.connect(store) as base:
    base.execute("UPDATE task SET device = 'cpu@1%', job = replace(replace(job, '64,64', '512,512'), 'network_dim', ?) "
                 "WHERE state = 'queued'", (f"train_batch_size = {BATCH}\nnetwork_dim",))

j = Journey()
said = Events("object:announcement")
app = j.start(program)


def fails():
    app.open_project("Rainbow Lorikeet")
    drop([pictures], 640, 500)
    app.sees("20 pictures", SLOW)
    key("alt+3")
    app.press("button", "Start")
    app.sees(re.compile("^Failed, Task 3"), SLOW)
    app.sees("What Happened")
    app.sees(re.compile(r"needs .* of memory"))


def offered():
    return app.names("list item", None, app.find("list", "What Would Help"))


def remedies():
    def in_order():
        names = iter(offered())
        return all(any(name.startswith(first) for name in names) for first in (
            "Use gradient checkpointing", f"Batch size {BATCH // 2} instead of {BATCH}", "Resolution 448 instead of 512",
            "All savings"))
    wait_for("the remedies", in_order)


def restarted():
    """A press on the notification starts the program anew; the store knows why the task failed, so that the remedies are
    there again."""
    global app
    before = at_rest("the remedies", offered)
    if app.quit() != 0:
        return False
    app = j.start(program)
    app.action("show-task", GLib.Variant("x", 3), window=False)
    app.sees(re.compile("^Failed, Task 3"), SLOW)
    wait_for("the same remedies", lambda: offered() == before)
    return len(before) >= 4


j.step("a training that needs too much memory fails, and says so", fails)
j.step("a screen reader is told of it, with the reason", lambda: said.heard(r"^Task 3: .*needs .* of memory"))
j.step("what would help is there to press, the smallest change first", remedies)
j.audit(app, "the failed training")
j.shot("failed-training")
j.step("after a restart its notification leads to it, and the remedies are there again", restarted)


def one():
    """Not enough: the page of parameters has it, as a step that can be undone, and says what else would help."""
    app.press("button", "Train With This", app.find("list item", f"Batch size {BATCH // 2} instead of {BATCH}"))
    wait_for("the batch size", lambda: text_of(app.find("spin button", "Batch Size")) == str(BATCH // 2))
    app.sees(re.compile("^Does not fit"), SLOW)
    j.shot("not-enough")
    return not list(project.glob("task-4"))


def enough():
    key("alt+3")
    app.sees(re.compile("^Failed, Task 3"))
    app.press("button", "Train With This", app.find("list item", re.compile("^All savings: ")))
    app.sees(re.compile("^Running, Task 4"), SLOW)
    job = (project / "task-4" / "job.toml").read_text()
    app.kill()  # a step of hundreds of pictures would have to end first
    return "train_batch_size = 1\n" in job and f"gradient_accumulation_steps = {BATCH}" in job and "gradient_checkpointing = true" in job


j.step("a change that is not enough is not trained: the parameters say what else would help", one)
j.step("one that is enough trains at once", enough)
j.done()
