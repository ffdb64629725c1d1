"""A way through every page and dialog of the window, in any language: for pictures of them (screenshots.py) and for checks
of what is on them (journey_chinese.py, journey_keyboard.py).

`Tour.fresh()` goes through a new home, `Tour.story()` through one that seed_story.c has filled. `visit(name)` is called at
every stop.
"""

import contextlib
import gettext
import os
import re
import subprocess
from pathlib import Path

from driver import APP_ID, APP_PATH, App, Gio, GLib
from hands import key, xdotool
from waiting import PATIENCE, SLOW, Missing, wait_for

# Over no control of any page, wide or narrow: without a window manager the keyboard is where the pointer is.
ASIDE = (120, 7)
ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "data" / "demo"
IMPORTS = ROOT / "tests" / "training" / "imports"


def translation(build, language):
    """The function from a text of the sources to what the window shows, without the marks of keys: “Open(O)…”."""
    catalogue = gettext.translation("lorikeet", Path(build) / "po", [language], fallback=language == "en")

    def of(text, context=None):
        found = catalogue.pgettext(context, text) if context else catalogue.gettext(text)
        return re.sub(r"_(?=\w)", "", found)
    return of


def start(home, program, *, dark=False, models=(), env=None, story=None, width=1280, height=800):
    """The program in a home of its own below `home`; `story`: (seed-story, LoRA) to fill it with."""
    home = Path(home)
    settings, data = home / "config" / "glib-2.0" / "settings", home / "data"
    if not settings.exists():
        settings.mkdir(parents=True)
        (data / "lorikeet").mkdir(parents=True)
        for program_folder in ("ComfyUI/models/loras", "webui/models/Lora"):
            (home / program_folder).mkdir(parents=True)
        folders = [str(home / "webui/models/Lora"), str(home / "ComfyUI/models/loras")]
        (settings / "keyfile").write_text(
            f"[io/github/lorikeet_lora/Lorikeet]\nappearance='{'dark' if dark else 'light'}'\nmodels={list(map(str, models))}\n"
            f"projects-folder='{home}/projects'\nexport-folders={folders}\nwindow-width={width}\nwindow-height={height}\n"
            .replace("models=[]", "models=@as []"))
        gtk = home / "config" / "gtk-4.0"
        gtk.mkdir()
        (gtk / "settings.ini").write_text((Path(os.environ["XDG_CONFIG_HOME"]) / "gtk-4.0" / "settings.ini").read_text())
        if story:
            seed, lora = story
            subprocess.run([seed, data / "lorikeet" / "lorikeet.db", home / "project", DEMO, lora], check=True,
                           env=dict(os.environ, **(env or {})))
    own = {"XDG_CONFIG_HOME": str(home / "config"), "XDG_DATA_HOME": str(data), "XDG_CACHE_HOME": str(home / "cache")}
    return App(program, env={**own, **(env or {})})


class Tour:
    def __init__(self, app, translate, visit):
        self.app, self.t, self.visit = app, translate, visit
        self.problems = []

    # ---- steps ---------------------------------------------------------------------------------------

    def stop(self, name, open_it=None, close_it=None):
        """One stop: what fails is told and the tour goes on."""
        try:
            xdotool("mousemove", *ASIDE)
            if open_it:
                open_it()
            self.visit(name)
        except (Missing, GLib.Error, IndexError, subprocess.CalledProcessError) as problem:
            self.problems.append(f"{name}: {problem}")
        try:
            xdotool("mousemove", *ASIDE)
            if close_it:
                close_it()
        except (Missing, GLib.Error, IndexError, subprocess.CalledProcessError) as problem:
            self.problems.append(f"after {name}: {problem}")

    def press(self, role, text, within=None):
        return self.app.press(role, self.t(text), within)

    def press_described(self, text):
        """A menu button that shows a value: what it is for is its description."""
        wait_for(f"the button {text!r}", lambda: next(
            (node for node in self.app.all("toggle button") if self.t(text) in (node.get_name(), node.get_description())),
            None)).do_action(0)

    def sees(self, text, seconds=PATIENCE):
        """A text of the sources; what it has to fill in is passed over."""
        parts = re.split(r"%['.\d]*(?:[a-z]+|%)", self.t(text))
        return self.app.sees(re.compile(".*".join(map(re.escape, parts))), seconds)

    def open_file(self, path):
        """As a file manager hands it to the program that runs."""
        bus = Gio.bus_get_sync(Gio.BusType.SESSION)
        bus.call_sync(APP_ID, APP_PATH, "org.freedesktop.Application", "Open",
                      GLib.Variant("(asa{sv})", ([path.as_uri()], {})), None, Gio.DBusCallFlags.NONE, int(1000 * PATIENCE))

    def page(self, name):
        self.app.action("show-page", GLib.Variant("s", name))

    def escape(self, text=None):
        """Closes what lies above; `text` is gone then."""
        key("Escape")
        if text:
            self.app.gone(None, self.t(text))

    def dialogs_gone(self):
        wait_for("dialogs to close", lambda: not self.app.all("dialog") and not self.app.all("alert"))

    def close(self):
        """Escape closes the dialog, wherever the focus is."""
        key("Escape")
        try:
            wait_for("the dialog to close", lambda: not self.close_buttons(), 3)
        except Missing:  # a dialog that was made narrow and wide again may have lost the focus
            for button in self.close_buttons()[-1:]:
                with contextlib.suppress(GLib.Error):  # it was only slow, and is gone now
                    button.do_action(0)
            wait_for("the dialog to close", lambda: not self.close_buttons())

    def close_buttons(self):
        """Those of dialogs: the window's own lies first."""
        return self.app.all("button", re.compile("^(Close|Cancel|关闭|取消.*)$"))[1:] + self.app.all("alert")

    # ---- a new home ----------------------------------------------------------------------------------

    def fresh(self):
        self.stop("first-run", lambda: self.sees("Teach Stable Diffusion Something New"))
        self.new_project()
        self.empty_project()
        self.stop("preferences", lambda: (self.app.action("preferences", window=False), self.sees("Computing")), self.close)
        self.stop("shortcuts", lambda: (self.app.action("shortcuts", window=False), self.app.find("dialog")), self.close)
        self.stop("about", lambda: (self.app.action("about", window=False), self.app.find("dialog")), self.close)
        self.stop("help", lambda: (self.app.action("help", GLib.Variant("s", ""), window=False), self.app.find("frame", self.t("Help"))),
                  lambda: (key("Escape"), self.app.gone("frame", self.t("Help"))))
        self.app.action("home")
        self.stop("system-check", lambda: (self.app.action("system-check"), self.app.find("list item", self.t("Disk Space"))),
                  lambda: key("Escape"))

    def new_project(self):
        self.stop("new-project-1", lambda: (self.app.action("new-project"), self.sees("Step 1 of 3")))
        self.app.set_text(self.app.find("text", self.t("Name")), "My Bird")
        self.app.set_text(self.app.find("text", self.t("Trigger word")), "rlk_bird")
        self.stop("new-project-2", lambda: (self.press("button", "_Next"), self.sees("Step 2 of 3"), self.app.sees("SD 1.5")))
        self.stop("new-project-3", lambda: (self.press("button", "_Next"), self.sees("Step 3 of 3")))
        self.press("button", "C_reate")

    def empty_project(self):
        self.stop("empty-dataset", lambda: self.sees("Add Your Pictures"))
        for name, text in (("parameters", "Preset"), ("training", "Nothing Is Training"), ("test", "Prompt"),
                           ("results", "No Results Yet"), ("tasks", "No Task Yet")):
            self.stop("empty-" + name, lambda name=name, text=text: (self.page(name), self.sees(text)))

    # ---- a project in the middle of its life ---------------------------------------------------------

    def story(self, training=True):
        self.stop("interrupted", lambda: self.sees("A Training Was Interrupted"),
                  lambda: (self.press("button", "_Later"), self.dialogs_gone()))
        self.open_project()
        self.stop("projects", lambda: (self.app.action("home"), self.app.find("label", self.t("Lorikeet Mascot"))))
        self.open_project()
        self.dataset()
        self.parameters()
        self.results()
        self.test()
        self.tasks()
        self.training(training)

    def open_project(self):
        self.app.click(self.app.find("label", self.t("Lorikeet Mascot")))
        wait_for("the pictures", lambda: len(self.cells()) > 10)

    def cells(self):
        return self.app.all("table cell", re.compile(r"^\d\d-.*png"))

    def first(self):
        return self.app.find("table cell", re.compile(r"^01-.*png"))

    def dataset(self):
        app = self.app
        self.stop("dataset", lambda: (app.click(self.first()), self.sees("Bucket")))
        self.stop("dataset-selection", lambda: (app.click(self.first()), key("ctrl+a"), app.find("button", self.t("Add Tag…"))))
        self.stop("dataset-add-tag", lambda: (self.press("button", "Add Tag…"), self.sees("After Trigger")), lambda: key("Escape"))
        self.stop("dataset-replace", lambda: (self.press("button", "Replace…"), self.sees("Upper and lower case are one")), lambda: key("Escape"))
        key("Escape")
        self.stop("dataset-tags", lambda: (self.press("radio button", "Tags"), app.find("list item", re.compile("^lorimascot"))),
                  lambda: self.press("radio button", "Picture"))
        self.stop("dataset-filter-help", lambda: (self.press("toggle button", "What Can Be Filtered"),
                                                  app.find("list item", re.compile("no:caption"))), lambda: key("Escape"))
        self.stop("dataset-check", lambda: (app.choose(self.t("Add Pictures…"), 4), app.find("list", self.t("Buckets"))), self.close)
        self.stop("dataset-folders", lambda: (app.choose(self.t("Add Pictures…"), 5), app.find("list", self.t("Folders"))), self.close)
        self.stop("dataset-viewer", lambda: (app.click(self.first(), count=2), app.find("button", self.t("Next Picture"))),
                  lambda: (app.press("button", re.compile("^(Back|后退|返回)$")), wait_for("the grid", self.cells)))

    def parameters(self):
        app = self.app
        self.stop("parameters", lambda: (self.page("parameters"), self.sees("Ready to train", SLOW)))
        self.stop("parameters-help", lambda: (app.press("button", re.compile(self.about("Learning Rate"))), self.sees("Usual range")),
                  lambda: key("Escape"))
        self.stop("parameters-search", lambda: (key("ctrl+f"), app.set_text(app.find("entry", None), "memory"),
                                             app.gone(None, self.t("Trigger Word"))),
                  lambda: (key("Escape"), self.sees("Trigger Word")))
        self.stop("parameters-prompts", lambda: (self.press("toggle button", "Find a Parameter"),
                                                 app.set_text(app.find("entry", None), "sample_prompts"),
                                                 self.press("button", "Sample Prompts"), app.find("button", self.t("From _File…"))),
                  lambda: (self.close(), self.press("toggle button", "Find a Parameter"), self.sees("Trigger Word")))
        self.stop("parameters-compare", lambda: (app.choose(self.t("More"), 5), self.sees("Compare Parameters")), self.close)
        self.stop("parameters-import", lambda: (self.open_file(IMPORTS / "kohya_ss.json"), app.sees("kohya_ss.json")), self.close)
        self.stop("parameters-save-preset", lambda: (self.press("button", "Save as Preset…"), self.sees("What it is for")), self.close)
        self.stop("parameters-presets", lambda: (self.press_described("Take a Preset"), app.find("menu item")),
                  lambda: key("Escape"))

    def about(self, title):
        return re.escape(self.t("About %s").replace("%s", "\0")).replace("\0", re.escape(self.t(title)))

    def results(self):
        app = self.app
        self.stop("results", lambda: (self.page("results"), app.find("button", self.t("_Export…"))))
        self.stop("results-export", lambda: (self.press("button", "_Export…"), app.find("text", self.t("File name"))))
        self.stop("results-metadata", lambda: (self.press("list item", "Metadata"), app.find("text", self.t("Author"))), self.close)

    def test(self):
        app = self.app
        self.stop("test", lambda: (self.page("test"), app.find("list item", re.compile("^0000"))))
        self.stop("test-loras", lambda: (self.press("toggle button", "Insert a LoRA"), app.find("button", re.compile("lorimascot|50"))),
                  lambda: key("Escape"))
        self.stop("test-compare", lambda: self.press("radio button", "Compare"))
        self.stop("test-grid", lambda: (self.press("radio button", "X/Y Grid"), app.find("text", self.t("Strengths, With Commas Between Them"))),
                  lambda: self.press("radio button", "Picture"))
        self.stop("test-large", lambda: (app.click(app.find("list item", re.compile("^00006"))), key("Return"),
                                         app.find("button", self.t("Next Picture"))), self.close)

    def tasks(self):
        app = self.app
        first = self.t("Task %u") % 1
        self.stop("tasks", lambda: (self.page("tasks"), app.find("list item", first)))
        self.stop("task", lambda: (app.press("list item", first), app.sees("network_dim")))
        self.stop("task-rename", lambda: (app.choose(self.t("More"), 1), self.sees("Rename Task")), self.close)
        self.stop("queue", lambda: (app.action("show-queue"), self.sees("Hold the Queue")), self.close)

    def show_task(self, number):
        self.app.action("show-task", GLib.Variant("x", number), window=False)

    def training(self, running):
        app = self.app
        self.stop("training-failed", lambda: (self.show_task(2), self.sees("What Happened")))
        self.stop("training-interrupted", lambda: (self.show_task(3), self.sees(
            "This training was interrupted when the program or the computer went down. Nothing but the last minutes is lost.")))
        self.stop("training-verdict", lambda: (self.press("button", "levelled off"), self.sees("What the Loss Says")), self.close)
        self.stop("training-table", lambda: (app.choose(self.t("Chart Options"), 2), app.find("dialog")), self.close)
        self.stop("training-log", lambda: (self.press("button", "Show Log"), app.find("dialog")), self.close)
        if not running:
            return
        self.stop("training-running", lambda: (self.show_task(4), self.press("button", "Start"), self.sees("Speed", SLOW),
                                               wait_for("a step", self.has_steps, SLOW)))
        self.stop("training-change", lambda: (self.press("button", "Change While Training"), self.sees("Apply")), self.close)
        self.stop("training-stop", lambda: (self.press("button", "Stop…"), app.find("button", self.t("_Stop and Save"))), self.close)
        self.stop("training-paused", lambda: (key("ctrl+p"), app.find("button", self.t("Resume"), seconds=SLOW)))

    def has_steps(self):
        """“Step 3 of 800”, in any language."""
        return self.app.all("label", re.compile(r"^\D*[1-9]\d*\D+800\D*$"))
