"""The dataset page: pictures dropped and added, the grid by keys and mouse, leaving out and undo, filter, the viewer."""

import os
import re
import sys
import tempfile
from pathlib import Path

import gi

gi.require_version("GdkPixbuf", "2.0")
from driver import Journey  # noqa: E402
from hands import drop, key, type_text  # noqa: E402
from waiting import wait_for  # noqa: E402
from gi.repository import Atspi, GdkPixbuf, GLib  # noqa: E402

program, model, pictures = sys.argv[1:4]
outside = tempfile.TemporaryDirectory(prefix="lorikeet-dataset.")
folder = Path(outside.name)
(folder / "set").mkdir()
for number, picture in enumerate(sorted(Path(pictures).glob("*.png"))[:12], 1):
    large = GdkPixbuf.Pixbuf.new_from_file(str(picture)).scale_simple(640, 640, GdkPixbuf.InterpType.NEAREST)
    large.savev(str(folder / "set" / f"p{number}.png"), "png", [], [])
    if number not in (3, 7):
        (folder / "set" / f"p{number}.txt").write_text(f"lorimascot, number {number}\n")
(folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")

j = Journey()
settings = Path(os.environ["XDG_CONFIG_HOME"]) / "glib-2.0" / "settings"
settings.mkdir(parents=True, exist_ok=True)
(settings / "keyfile").write_text(f"[io/github/lorikeet_lora/Lorikeet]\nmodels=['{model}']\n")
app = j.start(program)


def new_project():
    app.action("new-project")
    app.set_text(app.find("text", "Name"), "Birds")
    app.press("button", "Next")
    app.sees("Step 2 of 3")
    app.sees("SD 1.5")
    app.press("button", "Next")
    app.sees("Step 3 of 3")
    app.press("button", "Create")


def cells():
    return [node for node in app.all("table cell") + app.all("list item") if re.match(r"(p\d+|broken)\.png", node.get_name() or "")]


def selected():
    return [c.get_name().split(",")[0] for c in cells() if c.get_state_set().contains(Atspi.StateType.SELECTED)]


def title(text):
    return app.sees(text)


j.step("a new project without pictures asks for some", lambda: (new_project(), app.sees("Add Your Pictures")))
j.shot("empty")
j.audit(app, "the page")
j.step("a folder dropped on the page is added", lambda: (drop([folder / "set"], 800, 500), title("12 pictures")))
j.step("what was added is said", lambda: app.sees(re.compile("12 pictures added")))
j.step("what needs attention is said", lambda: app.sees(re.compile("2 without caption")))
j.shot("grid")
j.step("names are sorted as a person would", lambda: wait_for(
    "that order", lambda: [c.get_name().split(",")[0] for c in cells()][:4] == ["p1.png", "p2.png", "p3.png", "p4.png"]))
j.step("a cell says what is wrong in words", lambda: wait_for("such a cell", lambda: any("No caption" in c.get_name() for c in cells())))
j.audit(app, "the page")


def click_first():
    app.click(app.find("table cell", re.compile(r"^p1\.png")))
    wait_for("the first to be selected", lambda: selected() == ["p1.png"])


j.step("a click selects", click_first)
j.step("an arrow key goes on", lambda: (key("Right"), wait_for("the second", lambda: selected() == ["p2.png"])))
j.step("Shift extends", lambda: (key("shift+Right"), wait_for("two", lambda: selected() == ["p2.png", "p3.png"])))
j.step("Space takes one out", lambda: (key("space"), wait_for("one", lambda: selected() == ["p2.png"])))
left_out = re.compile(r"p2\.png.*Left out")
j.step("Delete leaves out", lambda: (key("Delete"), app.sees(left_out)))
j.shot("left-out")
j.step("Delete again takes it in", lambda: (key("Delete"), app.gone(None, left_out)))
j.step("Ctrl+Z undoes that", lambda: (key("ctrl+z"), app.sees(left_out)))
j.step("and once more", lambda: (key("ctrl+z"), app.gone(None, left_out)))
j.step("Ctrl+Shift+Z does it again", lambda: (key("ctrl+shift+z"), app.sees(left_out), key("ctrl+z"), app.gone(None, left_out)))
j.step("the message about it has Undo", lambda: (key("Delete"), app.sees(left_out), app.press("button", "Undo"), app.gone(None, left_out)))
j.step("Ctrl+J goes to one without a caption", lambda: (key("ctrl+j"), wait_for("p3", lambda: selected() == ["p3.png"])))
j.step("and to the next", lambda: (key("ctrl+j"), wait_for("p7", lambda: selected() == ["p7.png"])))
j.step("Ctrl+A selects all", lambda: (key("ctrl+a"), wait_for("all", lambda: len(selected()) == 12)))
j.step("Escape selects none", lambda: (key("Escape"), wait_for("none", lambda: selected() == [])))
j.step("Ctrl and minus shows more of them", lambda: (key("ctrl+minus"), key("ctrl+minus"), j.shot("small"), key("ctrl+plus"), key("ctrl+plus")))
j.step("Review says what was found", lambda: (app.press("button", "Review"), app.sees("2 pictures have no caption.")))
j.step("and shows those pictures", lambda: (app.press("button", "Show 2 Pictures"), title(re.compile("^2 of 12 pictures"))))
j.step("Ctrl+L and other words show others", lambda: (key("ctrl+l"), key("ctrl+a"), type_text("number 5"), title("1 of 12 pictures")))
j.step("a filter that fits nothing says so", lambda: (key("ctrl+a"), type_text("zebra"), app.sees("No Picture Fits the Filter")))
j.shot("none")
j.step("Clear Filter shows all", lambda: (app.press("button", "Clear Filter"), title("12 pictures")))
j.step("Enter opens the picture", lambda: (click_first(), key("Return"), app.sees("1 of 12")))
j.shot("viewer")
j.audit(app, "the viewer")
j.step("Right shows the next one", lambda: (key("Right"), app.sees("p2.png"), app.sees("2 of 12")))
j.step("and so does the button", lambda: (app.press("button", "Next Picture"), app.sees("3 of 12")))
j.step("Left goes back", lambda: (key("Left"), app.sees("2 of 12")))


def zoomed():
    def zoom():
        return app.names("label", re.compile(r"^\d+ %$"))
    fitting = wait_for("the zoom", zoom)  # all pictures are of one size
    key("plus")
    wait_for("another zoom", lambda: (now := zoom()) and now != fitting)
    j.shot("zoomed")
    key("0")
    wait_for("the old zoom", lambda: zoom() == fitting)


j.step("plus and 0 zoom", zoomed)
j.step("Escape goes back to the grid, at that picture", lambda: (key("Escape"), wait_for("p2", lambda: selected() == ["p2.png"])))
j.step("a file that is no picture is listed with its reason", lambda: (drop([folder / "broken.png"], 500, 400), app.sees(re.compile("cannot be read")), title("13 pictures")))
j.step("and says so in its cell", lambda: (key("End"), app.sees(re.compile(r"broken\.png, "))))
j.shot("broken")
j.step("F9 hides the pane, Continue stays", lambda: (key("F9"), app.find("button", "Continue"), j.shot("no-pane"), key("F9")))
j.step("Continue leads to the parameters", lambda: (app.press("button", "Continue"), app.gone(None, "13 pictures")))
j.step("the way back finds all as it was", lambda: (app.action("show-page", GLib.Variant("s", "dataset")), title("13 pictures")))
j.done()
