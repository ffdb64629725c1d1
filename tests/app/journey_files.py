"""Files that are opened with the program, as from a file manager: a LoRA, a base model, something broken, a job, a folder
of pictures, a project's folder; and projects in the search of GNOME's overview."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from gi.repository import Gio, GLib

from driver import APP_ID, APP_PATH, Journey, text_of
from hands import drop, key
from waiting import PATIENCE, wait_for

program, model, pictures, _, lora = sys.argv[1:6]
outside = tempfile.TemporaryDirectory(prefix="lorikeet-files.")
folder = Path(outside.name)


def with_metadata(source, target, metadata):
    """A copy of a safetensors file that says more of itself."""
    data = Path(source).read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + size])
    header.setdefault("__metadata__", {}).update(metadata)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    target.write_bytes(len(text).to_bytes(8, "little") + text + data[8 + size:])


parrot = folder / "parrot.safetensors"
with_metadata(lora, parrot, {"modelspec.trigger_phrase": "rlk_bird", "ss_learning_rate": "0.0001", "ss_seed": "42"})
broken = folder / "broken.safetensors"
broken.write_bytes(b"\xff" * 64)
job = folder / "job.toml"
job.write_text('network_dim = 24\nlearning_rate = 0.0007\nmax_train_steps = 123\n')
birds = folder / "birds"
birds.mkdir()
for picture in sorted(Path(pictures).glob("*.png"))[:3]:
    shutil.copy(picture, birds)

j = Journey()
settings = Path(os.environ["XDG_CONFIG_HOME"]) / "glib-2.0" / "settings"
settings.mkdir(parents=True, exist_ok=True)
(settings / "keyfile").write_text(f"[io/github/lorikeet_lora/Lorikeet]\nmodels=['{model}']\n")
app = j.start(program, str(parrot))


def open_file(path):
    """A second start hands the file to the program that runs."""
    subprocess.run([program, str(path)], check=True, timeout=PATIENCE)


j.step("a LoRA shows what it is", lambda: (app.sees("parrot.safetensors"), app.sees("a LoRA"), app.sees("sd1")))
j.step("and its trigger words, to be copied", lambda: (app.sees("rlk_bird"), app.find("button", "Copy")))
j.step("and how it was trained", lambda: (app.sees("learning_rate"), app.sees("0.0001")))
j.shot("lora")
j.audit(app, "what is in a LoRA")
j.step("Escape closes it", lambda: (key("Escape"), app.gone(None, "a LoRA")))
j.step("a base model likewise, with a button for a project", lambda: (
    open_file(model), app.sees("a base model"), app.find("button", "New Project…", within=app.find("dialog"))))
j.shot("model")
j.step("which begins one", lambda: (
    app.press("button", "New Project…", within=app.find("dialog")), app.sees("Step 1 of 3")))
j.step("Escape leaves it", lambda: (key("Escape"), app.gone(None, "Step 1 of 3")))
j.step("a broken file says so", lambda: (open_file(broken), app.sees("The File Could Not Be Read")))
j.shot("broken")
j.step("and is closed", lambda: (key("Escape"), app.gone(None, "The File Could Not Be Read")))


def job_makes_project():
    open_file(job)
    app.sees("Step 1 of 3")
    app.set_text(app.find("text", "Name"), "Evening Bird")
    app.set_text(app.find("text", "Trigger word"), "rlk_bird")
    app.press("button", "Next")
    app.sees("Step 2 of 3")
    app.press("button", "Next")
    app.sees("Step 3 of 3")
    app.press("button", "Create")
    app.sees("job.toml")


j.step("a job begins a new project, and shows what of it is taken", job_makes_project)
j.shot("job")
j.step("Take takes it", lambda: (app.press("button", "Take"), app.gone(None, "job.toml"), app.find("button", "Back to 16")))


def foreign():
    """Settings of another trainer, dropped alone."""
    drop([Path(__file__).resolve().parents[1] / "training" / "imports" / "kohya_ss.json"], 640, 500)
    app.sees("kohya_ss.json")
    for kind in ("Changed", "Taken", "Not Needed"):
        app.find("list item", kind)
    app.find("list item", re.compile(r"^\w+ = "), app.find("dialog"))


j.step("settings of another trainer that are dropped say what is taken and changed", foreign)
j.shot("foreign")
j.step("Cancel leaves everything as it is", lambda: (app.press("button", "Cancel"), app.gone(None, "kohya_ss.json"),
                                                     app.find("button", "Back to 16")))
j.step("a folder comes into the open project", lambda: (open_file(birds), app.find("list item", "Dataset"), app.sees("01-front-white.png")))
j.step("home", lambda: (app.action("home"), app.find("button", "Project Menu")))
j.step("a folder of pictures begins a project, called like it", lambda: (
    open_file(birds), app.sees("Step 1 of 3"), wait_for("its name", lambda: text_of(app.find("text", "Name")) == "birds")))
j.step("Escape leaves that", lambda: (key("Escape"), app.gone(None, "Step 1 of 3")))

bus = Gio.bus_get_sync(Gio.BusType.SESSION)


def search(method, signature, *values, reply=None):
    answer = bus.call_sync(APP_ID, APP_PATH + "/SearchProvider", "org.gnome.Shell.SearchProvider2", method,
                           GLib.Variant(signature, values), GLib.VariantType(reply) if reply else None,
                           Gio.DBusCallFlags.NONE, int(1000 * PATIENCE), None)
    return answer.unpack()


def found(*words):
    return search("GetInitialResultSet", "(as)", list(words), reply="(as)")[0]


j.step("the overview's search finds it by parts of its name, whatever the case", lambda: wait_for("it", lambda: len(found("bird", "EVEN")) == 1))
j.step("by its trigger word", lambda: wait_for("it", lambda: len(found("rlk")) == 1))
j.step("nothing by other words", lambda: found("bird", "morning") == [])
j.step("further words narrow it down", lambda: search("GetSubsearchResultSet", "(asas)", found("bird"), ["bird", "x"], reply="(as)")[0] == [])


def described():
    [meta] = search("GetResultMetas", "(as)", found("evening"), reply="(aa{sv})")[0]
    return meta["name"] == "Evening Bird" and "rlk_bird" in meta["description"] and meta["icon"]


j.step("with name, description and icon", lambda: bool(described()))
j.step("an id that is none is passed over", lambda: search("GetResultMetas", "(as)", ["77"], reply="(aa{sv})")[0] == [])
j.step("a chosen result opens the project", lambda: (
    search("ActivateResult", "(sasu)", found("evening")[0], ["evening"], 0), app.find("list item", "Dataset")))
j.step("home again", lambda: (app.action("home"), app.find("button", "Project Menu")))
own = Path(os.environ["HOME"]) / "Lorikeet" / "Evening_Bird"
j.step("a project's own folder opens the project", lambda: (own.mkdir(parents=True, exist_ok=True), open_file(own), app.find("list item", "Dataset")))
j.step("the program quits", lambda: app.quit() == 0)


def served_without_window():
    """As the overview does it: the service is started to answer, without a window."""
    service = subprocess.Popen([program, "--gapplication-service"])
    try:
        ids = wait_for("the service", lambda: found("evening"))
        return len(ids) == 1
    finally:
        service.terminate()
        service.wait(PATIENCE)


j.step("without a window the search is served, too", served_without_window)
j.done()
