"""An evening of captioning: pictures dropped, captions typed and taken apart, many changed at once, filtered, checked;
what another program writes meanwhile, and the files on the disk after every step."""

import os
import re
import sys
import time
from pathlib import Path

from driver import Atspi, Journey, drop, key, text_of, type_text, wait_for, xdotool

program, model, pictures = sys.argv[1:4]
j = Journey()
settings = Path(os.environ["XDG_CONFIG_HOME"]) / "glib-2.0" / "settings"
settings.mkdir(parents=True, exist_ok=True)
(settings / "keyfile").write_text(f"[io/github/lorikeet_lora/Lorikeet]\nmodels=['{model}']\n")

# Six pictures, two of them without a caption.
folder = Path(os.environ["HOME"]) / "birds"
folder.mkdir()
captions = {
    "01": "rlk_bird, front, white background",
    "02": "rlk_bird, front, green background, soft light",
    "03": "rlk_bird, side view, yellow background",
    "04": "rlk_bird, side view, branch",
}
for picture in sorted(Path(pictures).glob("*.png"))[:6]:
    number = picture.name[:2]
    (folder / f"{number}.png").write_bytes(picture.read_bytes())
    if number in captions:
        (folder / f"{number}.txt").write_text(captions[number] + "\n")


def on_disk(number):
    path = folder / f"{number}.txt"
    return path.read_text(encoding="utf-8").rstrip("\n") if path.exists() else None


def written(number, text):
    wait_for(f"{number}.txt to be {text!r}; it is {on_disk(number)!r}", lambda: on_disk(number) == text)


app = j.start(program)


def new_project():
    app.press("button", "New Project…")
    app.set_text(app.find("text", "Name"), "Birds")
    app.set_text(app.find("text", "Trigger word"), "rlk_bird")
    for page in ("Step 2 of 3", "Step 3 of 3"):
        app.press("button", "Next")
        app.sees(page)
    app.press("button", "Create")
    app.sees("Add Your Pictures")


j.step("a new project begins without pictures", new_project)


def cells():
    return sorted(app.all("table cell"), key=lambda cell: cell.get_name())


def dropped():
    drop([folder], 640, 500)
    wait_for("six pictures", lambda: len(cells()) == 6)
    app.sees("6 pictures")


j.step("a folder that is dropped on the page brings its pictures", dropped)
j.step("the check says that two have no caption", lambda: app.sees(re.compile("2 without caption")))

# ---- one caption -------------------------------------------------------------------------------------


def focus(node):
    """Gives the keyboard to something that a click does not change."""
    app.click(node)
    time.sleep(0.2)  # what has the keyboard is not told reliably


def caption():
    return app.find("text", "Caption")


def select(number):
    app.click(cells()[number - 1])
    app.find("label", f"{number:02}.png")


def shown(text):
    wait_for(f"the caption to be shown as {text!r}", lambda: text_of(caption()) == text)


def chips():
    box = app.find("list", "Tags")
    return [chip.get_name() for chip in app.all("list item", within=box)]


def has_chips(*names):
    wait_for(f"the chips {names}; they are {chips()}", lambda: chips() == list(names))


def chip(name):
    return app.find("list item", name, within=app.find("list", "Tags"))


j.step("a picture's caption is shown", lambda: (select(1), shown(captions["01"])))
j.step("its parts are chips, the trigger word first",
       lambda: has_chips("rlk_bird, trigger word", "front", "white background"))
j.shot("picture")
j.audit(app, "the pane for one picture")


def type_latin():
    select(5)
    key("F2")
    type_text("rlk_bird, flying")
    written("05", "rlk_bird, flying")
    app.sees("Saved")
    has_chips("rlk_bird, trigger word", "flying")


j.step("F2 and typing write the caption's file", type_latin)


def type_chinese():
    app.set_text(caption(), "rlk_bird, 一只小鸟, 白色背景")
    written("05", "rlk_bird, 一只小鸟, 白色背景")
    has_chips("rlk_bird, trigger word", "一只小鸟", "白色背景")


j.step("Chinese is a caption as well", type_chinese)
j.step("tokens are counted", lambda: app.sees(re.compile(r"^\d+ of 75 tokens$")))


def too_long():
    app.set_text(caption(), "rlk_bird, " + "very " * 80 + "long")
    app.sees(re.compile(r"^(8|9)\d of 75 tokens$"))
    app.find(None, "Too long")


j.step("a caption that is too long is marked", too_long)


def undo_typing():
    time.sleep(1.6)  # the pause that ends a step
    focus(caption())
    for _ in range(10):
        if text_of(caption()) == "":
            break
        before = text_of(caption())
        key("ctrl+z")
        wait_for("a step to be taken back", lambda before=before: text_of(caption()) != before)
    shown("")
    wait_for("the file to be as it was", lambda: not on_disk("05"))
    for _ in range(10):
        if text_of(caption()).endswith("long"):
            break
        before = text_of(caption())
        key("ctrl+shift+z")
        wait_for("a step to be made again", lambda before=before: text_of(caption()) != before)
    wait_for("the long text to be back", lambda: (on_disk("05") or "").endswith("very long"))


j.step("Ctrl+Z takes the typing back in steps, Shift+Ctrl+Z makes it again, with the file", undo_typing)

# ---- chips -------------------------------------------------------------------------------------------


def remove_chip():
    select(2)
    focus(chip("front"))
    key("Delete")
    written("02", "rlk_bird, green background, soft light")
    has_chips("rlk_bird, trigger word", "green background", "soft light")


def move_chip():
    focus(chip("soft light"))
    key("ctrl+Left")
    written("02", "rlk_bird, soft light, green background")
    key("ctrl+Left")  # nothing goes before the trigger word
    time.sleep(0.5)
    written("02", "rlk_bird, soft light, green background")
    key("ctrl+Right")
    written("02", "rlk_bird, green background, soft light")


def drag_chip():
    def middle(name):
        box = chip(name).get_extents(Atspi.CoordType.WINDOW)
        return box.x + box.width // 2, box.y + box.height // 2, box.width
    x, y, width = middle("soft light")
    to_x, to_y, to_width = middle("green background")
    xdotool("mousemove", x, y, "mousedown", 1)
    for step in range(1, 11):
        xdotool("mousemove", x + (to_x - to_width // 3 - x) * step // 10, y + (to_y - y) * step // 10)
        time.sleep(0.03)
    time.sleep(0.2)
    xdotool("mouseup", 1)
    written("02", "rlk_bird, soft light, green background")


def pinned_stays():
    focus(chip("rlk_bird, trigger word"))
    key("Delete")
    time.sleep(0.5)
    written("02", "rlk_bird, soft light, green background")


def add_tag():
    key("ctrl+t")
    app.find("text", "New Tag")
    time.sleep(0.3)
    type_text("bra")
    app.find("list item", "branch, in 1 caption")
    key("Down", "Return")
    written("02", "rlk_bird, soft light, green background, branch")
    time.sleep(0.3)
    type_text("two birds")
    key("Return")
    written("02", "rlk_bird, soft light, green background, branch, two birds")
    key("Escape")
    app.gone("text", "New Tag")


j.step("Delete on a chip takes the tag out of the file", remove_chip)
j.step("Ctrl and arrow keys move a chip", move_chip)
j.step("a chip is dragged to another place", drag_chip)
j.step("the trigger word stays", pinned_stays)
j.step("Ctrl+T adds tags, and offers those that are there", add_tag)

# ---- many at once ------------------------------------------------------------------------------------


def select_many():
    select(1)
    xdotool("keydown", "ctrl")
    for number in (2, 3, 4):
        app.click(cells()[number - 1])
    xdotool("keyup", "ctrl")
    app.sees("4 selected")
    app.sees("of 6 shown")


def shared():
    app.sees("4 pictures selected")
    wait_for(f"shared tags; they are {chips()}", lambda: chips()[:3] == [
        "rlk_bird, trigger word", "branch, in 2 of the captions", "side view, in 2 of the captions"])


def bulk_add():
    app.press("button", "Add Tag…")
    app.find("text", "Tag to Add")
    time.sleep(0.3)
    type_text("branch")
    app.sees(re.compile("^Changes 2 of 4; 2 have it"))


def bulk_added():
    app.press("button", "Add")
    written("01", "rlk_bird, front, white background, branch")
    written("03", "rlk_bird, side view, yellow background, branch")
    app.sees("“branch” added to 2 captions")


def bulk_undo():
    app.press("button", "Undo")
    written("01", captions["01"])
    written("03", captions["03"])
    written("04", captions["04"])


def bulk_replace():
    app.press("button", "Replace…")
    app.find("text", "Tag to Replace")
    time.sleep(0.3)
    type_text("side view")
    key("Return")
    type_text("from the side")
    app.sees(re.compile("^Changes 2 of 4"))
    key("Return")
    written("03", "rlk_bird, from the side, yellow background")
    written("04", "rlk_bird, from the side, branch")


def shared_edit():
    app.press("button", "Add “from the side” to All")
    written("01", "rlk_bird, front, white background, from the side")
    written("02", "rlk_bird, soft light, green background, branch, two birds, from the side")
    focus(wait_for("the chip that all have", lambda: next(iter(app.all("list item", "from the side")), None)))
    key("Delete")
    written("03", "rlk_bird, yellow background")
    written("01", captions["01"])


j.step("several pictures are selected", select_many)
j.step("the pane shows what they share", shared)
j.shot("many")
j.audit(app, "the pane for several pictures")
j.step("adding a tag says first what it would change", bulk_add)
j.shot("bulk")
j.audit(app, "the popover for many captions")
j.step("then it is in the files", bulk_added)
j.step("one Undo takes all of it back", bulk_undo)
j.step("a tag is replaced by another in all of them", bulk_replace)
j.step("chips of several pictures are for all of them", shared_edit)

# ---- filter and tags ---------------------------------------------------------------------------------


def filter_text():
    return text_of(app.find("text", "Filter Pictures"))


def type_filter():
    key("ctrl+l")
    type_text("tag:branch")
    wait_for("two pictures", lambda: [c.get_name()[:6] for c in cells()] == ["02.png", "04.png"])
    app.sees("2 of 6 pictures")


def wrong_filter():
    type_text(" width:big")
    app.sees(re.compile("“big” is not a number"))
    wait_for("the pictures of the filter before", lambda: len(cells()) == 2)
    key("Escape")
    wait_for("all pictures", lambda: len(cells()) == 6)
    app.gone(None, re.compile("“big” is not a number"))


def tag_row(name):
    return app.find("list item", re.compile(f"^{name}, in "), within=app.find("list", "Tags"))


def tags_pane():
    app.press("radio button", "Tags")
    app.click(tag_row("branch"))
    wait_for("the filter as text", lambda: filter_text() == "tag:branch")
    wait_for("two pictures", lambda: len(cells()) == 2)
    app.sees(re.compile("^branch, in 2 captions; only pictures with it are shown$"))


def exclude():
    xdotool("keydown", "alt")
    app.click(tag_row("two birds"))
    xdotool("keyup", "alt")
    wait_for("the filter as text", lambda: filter_text() == "tag:branch -tag:\"two birds\"")
    wait_for("one picture", lambda: [c.get_name()[:6] for c in cells()] == ["04.png"])
    j.shot("tags")
    app.click(tag_row("two birds"))
    app.click(tag_row("two birds"))
    wait_for("the tag to be free", lambda: filter_text() == "tag:branch")
    app.click(tag_row("branch"))
    wait_for("no filter", lambda: filter_text() == "" and len(cells()) == 6)


def rename_everywhere():
    app.click(tag_row("branch"), button=3)
    items = wait_for("the menu of a tag", lambda: (found := app.all("menu item")) and len(found) == 4 and found)
    items[2].do_action(0)
    name = app.find("text", "New Name")
    app.set_text(name, "twig")
    app.press("button", "Rename")
    written("02", "rlk_bird, soft light, green background, twig, two birds")
    written("04", "rlk_bird, from the side, twig")
    app.sees("“branch” replaced by “twig” in 2 captions")


j.step("the filter shows what fits while one types", type_filter)
j.step("what cannot be read is explained, and the filter before stays", wrong_filter)
j.step("a click on a tag is the same filter", tags_pane)
j.audit(app, "the list of tags")
j.step("Alt and a click exclude a tag", exclude)
j.step("a tag is renamed everywhere", rename_everywhere)


def filter_help():
    app.press("toggle button", "What Can Be Filtered")
    app.click(app.find("list item", re.compile("^no:caption:")))
    wait_for("the example as filter", lambda: filter_text() == "no:caption")
    wait_for("one picture", lambda: [c.get_name()[:6] for c in cells()] == ["06.png"])
    focus(app.find("text", "Filter Pictures"))
    key("Escape")
    wait_for("all pictures", lambda: len(cells()) == 6)


j.step("an example of the help becomes the filter", filter_help)

# ---- check, folders, viewer --------------------------------------------------------------------------


def doctor():
    app.press("button", "Review")
    app.sees("1 picture has no caption.")
    app.sees(re.compile("^There are 6 pictures; 20 to 30|^There are 6 pictures; at least|^There are 6 pictures"))
    app.find("list", "Buckets")


def doctor_shows():
    row = app.sees("1 picture has no caption.").get_parent()
    app.press("button", "Show 1 Picture", within=row)
    wait_for("the filter", lambda: filter_text() == "-is:excluded problem:caption-missing")
    wait_for("one picture", lambda: len(cells()) == 1)
    key("ctrl+l")
    key("Escape")
    wait_for("all pictures", lambda: len(cells()) == 6)


def folders():
    app.choose("Add Pictures…", 5)
    app.find("list", "Folders")
    app.click(app.find("label", "birds"))
    app.find(None, "Regularisation Pictures")


def close_folders():
    key("Escape")
    app.gone("list", "Folders")


def viewer():
    app.press("radio button", "Picture")
    app.click(cells()[5], count=2)
    app.find("button", "Next Picture")
    key("F2")
    type_text("rlk_bird, sleeping")
    written("06", "rlk_bird, sleeping")


def viewer_goes():
    key("ctrl+Left")
    wait_for("the caption of the picture before", lambda: text_of(caption()).endswith("long"))
    key("Escape")
    app.find("radio button", "Tags")


def other_program():
    select(3)
    (folder / "03.txt").write_text("rlk_bird, written elsewhere\n", encoding="utf-8")
    shown("rlk_bird, written elsewhere")
    has_chips("rlk_bird, trigger word", "written elsewhere")


j.step("the check lists what it found", doctor)
j.shot("doctor")
j.audit(app, "the check")
j.step("it leads to the pictures it is about", doctor_shows)
j.step("folders have repeats and can be for regularisation", folders)
j.shot("folders")
j.audit(app, "the folders")
j.step("Escape closes them", close_folders)
j.step("the viewer edits the caption as well", viewer)
j.shot("viewer")
j.audit(app, "the viewer")
j.step("Ctrl and arrow keys go to the next picture from within the caption", viewer_goes)
j.step("what another program writes appears", other_program)
j.done()
