"""The parameters page as a person uses it: values, mistakes, undo, help, search, presets, import, comparison, training."""

import os
import re
import sys
import tempfile
from pathlib import Path

from driver import Events, Journey, text_of
from hands import key, type_text
from waiting import SLOW, wait_for

program, model, pictures = sys.argv[1:4]
j = Journey()
settings = Path(os.environ["XDG_CONFIG_HOME"]) / "glib-2.0" / "settings"
settings.mkdir(parents=True, exist_ok=True)
projects = tempfile.mkdtemp(prefix="lorikeet-projects.")
(settings / "keyfile").write_text(
    f"[io/github/lorikeet_lora/Lorikeet]\nmodels=['{model}']\nprojects-folder='{projects}'\n")
app = j.start(program, pictures)
said = Events("object:announcement")


def new_project():
    app.set_text(app.find("text", "Trigger word"), "rlk_bird")
    app.press("button", "Next")
    app.sees("Step 2 of 3")
    app.sees("SD 1.5")
    app.press("button", "Next")
    app.sees("Step 3 of 3")
    app.press("button", "Create")
    app.find("list item", "Dataset")
    key("alt+2")


def replace(name, text, role="text"):
    app.click(app.find(role, name))
    key("ctrl+a")
    type_text(text)


j.step("a new project shows its parameters", lambda: (new_project(), app.sees("Preset")))
j.step("memory and length are worked out", lambda: app.sees("Ready to train") and app.sees(re.compile("20 pictures × .* epochs")))
j.step("the purpose's preset is what it began with", lambda: app.sees("Character"))
j.audit(app, "the parameters")
j.shot("ready")

j.step("a rate beyond its limit is a mistake in words",
       lambda: (replace("Learning Rate", "50"), app.sees("1 value needs attention"),
                app.sees(re.compile("must be a number from 0 to 10"))))
j.step("a screen reader is told of it at once", lambda: said.heard("must be|number|0 to 10"))
j.step("training cannot begin with it", lambda: app.sensitive("button", "Train", False))
j.shot("mistake")
j.step("Ctrl+Z takes it back", lambda: (key("ctrl+z"), app.sees("Ready to train"), wait_for(
    "the old rate", lambda: text_of(app.find("text", "Learning Rate")) == "0.0001")))
j.step("Ctrl+Shift+Z does it again", lambda: (key("ctrl+shift+z"), app.sees("1 value needs attention")))
j.step("and back", lambda: (key("ctrl+z"), app.sees("Ready to train")))

j.step("F1 explains the parameter with the focus",
       lambda: (key("F1"), app.sees("learning_rate"), app.sees("Usual range"), app.sees("Try higher when…")))
j.step("and says what it costs", lambda: (app.sees("Memory: no change"), app.sees("Time: no change")))
j.shot("help")
j.step("Escape closes it", lambda: (key("Escape"), app.gone(None, "Usual range")))
j.step("the batch size costs memory", lambda: (app.press("button", "About Batch Size"), app.sees(re.compile(r"Memory: \+"))))
j.step("Escape closes that too", lambda: (key("Escape"), app.gone(None, "Usual range")))

j.step("Ctrl+F finds a parameter by its key",
       lambda: (key("ctrl+f"), app.set_text(app.find("entry"), "min_snr"), app.sees("Min-SNR Gamma"), app.gone(None, "Learning Rate")))
j.shot("search")
j.step("no hit is said", lambda: (key("ctrl+a"), type_text("zzz"), app.sees("No Parameter Found")))
j.step("Escape ends the search", lambda: (key("Escape"), app.sees("Learning Rate")))

def compare():
    app.choose("More", 5)
    app.sees("Compare Parameters")


j.step("two sets of parameters can be compared", compare)
j.shot("compare")
j.step("Escape closes the comparison", lambda: (key("Escape"), app.gone(None, "Compare Parameters")))
j.step("a smaller size needs no more memory",
       lambda: (replace("Batch Size", "4", "spin button"), key("Return"), app.sees(re.compile("÷ batch 4"))))
j.step("the change is counted", lambda: app.sees(re.compile("· 1 change")))
j.step("its row can take it back", lambda: (app.press("button", "Back to 2"), app.sees(re.compile("÷ batch 2"))))


def short():
    replace("Epochs", "1", "spin button")
    key("Return")
    app.sees(re.compile("1 epoch "))


j.step("a short run is set", short)
j.step("too few steps are said, with a remedy", lambda: app.sees(re.compile("Few steps")) and app.sees(re.compile("^Train .* epochs instead of 1")))
j.shot("few-steps")


def train():
    """One that no machine comes to the end of before it is stopped."""
    replace("Epochs", "90000", "spin button")
    key("Return")
    app.sees(re.compile("90000 epochs "))
    app.sees("Ready to train")
    app.sensitive("button", "Train")
    key("ctrl+Return")
    wait_for("a task's files", lambda: list(Path(projects).glob("*/task-1/job.toml")))


j.step("Ctrl+Enter begins a task", train)


def job_says():
    text = next(Path(projects).glob("*/task-1/job.toml")).read_text()
    return 'trigger_words = "rlk_bird"' in text and "max_train_epochs = 90000" in text and "dataset.toml" in text


j.step("its job has what the page showed", job_says)
j.step("the training page shows it", lambda: app.find(None, re.compile("Task 1|Training")))


def leave():
    app.action("quit", window=False)
    app.press("button", "Stop and Quit")
    return app.process.wait(SLOW) == 0


j.step("leaving stops the training when asked to", leave)
j.done()
