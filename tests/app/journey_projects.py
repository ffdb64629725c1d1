"""First start, a project by the three steps, its pages, rename, duplicate, delete and undo, and a second start."""

import os
import re
import sys
from pathlib import Path

from driver import Journey
from hands import drop, key

program, model, pictures = sys.argv[1:4]
j = Journey()
settings = Path(os.environ["XDG_CONFIG_HOME"]) / "glib-2.0" / "settings"
settings.mkdir(parents=True, exist_ok=True)
(settings / "keyfile").write_text(f"[io/github/lorikeet_lora/Lorikeet]\nmodels=['{model}']\n")

app = j.start(program)
j.step("the first page says what the program is for", lambda: app.sees("Teach Stable Diffusion Something New"))
j.step("it says what will train", lambda: app.find("button", re.compile("core|GB|System Check")))
j.shot("first")
j.audit(app, "the first page")


def new_project():
    app.press("button", "New Project…")
    name = app.find("text", "Name")
    app.set_text(name, "Rainbow Lorikeet")
    app.set_text(app.find("text", "Trigger word"), "rlk_bird")
    app.find("radio button", "Style")


j.step("New Project asks for name, trigger word and goal", new_project)
j.shot("new-1")
j.audit(app, "step 1")
j.step("Next leads to the base models", lambda: (app.press("button", "Next"), app.sees("Step 2 of 3")))
j.step("the known model is listed with its family", lambda: app.sees("SD 1.5"))
j.shot("new-2")
j.step("Next leads to the pictures", lambda: (app.press("button", "Next"), app.sees("Step 3 of 3")))
j.shot("new-3")
j.step("Create opens the project at its dataset", lambda: (app.press("button", "Create"), app.find("list item", "Dataset")))
j.step("the sidebar shows family and trigger word", lambda: app.sees("SD 1.5 · rlk_bird"))
for number, page in enumerate(("Dataset", "Parameters", "Training", "Test", "Results"), 1):
    j.step(f"Alt+{number} shows {page}", lambda number=number, page=page: (key(f"alt+{number}"), app.page_shown(page)))
    j.shot(page.lower())
    j.audit(app, page)
j.step("Home shows the project as a card", lambda: (app.action("home"), app.find("button", "Project Menu")))
j.shot("projects")
j.step("System Check says what is there", lambda: (app.action("system-check"), app.sees(re.compile("Ready to Train"))))
j.shot("system")
j.step("Escape goes back", lambda: (key("Escape"), app.find("button", "Project Menu")))


def delete():
    app.choose("Project Menu", 4)
    app.sees(re.compile("“Rainbow Lorikeet” deleted"))
    app.sees("Teach Stable Diffusion Something New")


j.step("Delete takes it away and says so", delete)
j.step("Undo brings it back", lambda: (app.press("button", "Undo"), app.find("button", "Project Menu")))
j.step("the program quits", lambda: app.quit() == 0)

again = j.start(program)
j.step("a second start shows the project", lambda: again.find("button", "Project Menu"))


def drop_folder():
    target = Path(os.environ["HOME"]) / "parrots"
    target.mkdir()
    for picture in sorted(Path(pictures).glob("*.png"))[:3]:
        (target / picture.name).write_bytes(picture.read_bytes())
    drop([target], 640, 600)
    again.sees("Step 1 of 3")
    again.find("text", "Name")


j.step("a folder dropped on the window begins a new project", drop_folder)
j.done()
