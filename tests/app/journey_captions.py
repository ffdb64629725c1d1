"""An evening of captioning: captions typed and taken apart, many changed at once, what another program writes meanwhile,
undo after a second start, and the files on the disk after every step."""

import re
import sys

from birds import CAPTIONS, Birds, at_work
from driver import Atspi, Journey, text_of
from hands import key, pull, type_text, xdotool
from waiting import until, wait_for

program, model, pictures = sys.argv[1:4]
j = Journey()
b = Birds(j, program, model, pictures, CAPTIONS)
app = b.app
written, has_chips = b.written, b.has_chips

j.step("a new project begins without pictures", b.new_project)
j.step("a folder that is dropped on the page brings its pictures", b.dropped)
j.step("the check says that two have no caption", lambda: app.sees(re.compile("2 without caption")))

# ---- one caption -------------------------------------------------------------------------------------

j.step("a picture's caption is shown", lambda: (b.select("01"), b.shown(CAPTIONS["01"])))
j.step("its parts are chips, the trigger word first",
       lambda: has_chips("rlk_bird, trigger word", "front", "white background"))
j.shot("picture")
j.audit(app, "the pane for one picture")


def type_latin():
    b.select("05")
    key("F2")
    type_text("rlk_bird, flying")
    written("05", "rlk_bird, flying")
    app.sees("Saved")
    has_chips("rlk_bird, trigger word", "flying")


def type_chinese():
    app.set_text(b.caption(), "rlk_bird, 一只小鸟, 白色背景")
    written("05", "rlk_bird, 一只小鸟, 白色背景")
    has_chips("rlk_bird, trigger word", "一只小鸟", "白色背景")


def too_long():
    app.set_text(b.caption(), "rlk_bird, " + "very " * 80 + "long")
    app.sees(re.compile(r"^(8|9)\d of 75 tokens$"))
    app.find(None, "Too long")


def undo_typing():
    app.click(b.caption())

    def until(there, keys):
        for _ in range(10):
            if there(text_of(b.caption())):
                return
            before = text_of(b.caption())
            key(keys)
            wait_for("a step", lambda before=before: text_of(b.caption()) != before)

    until(lambda text: text == "", "ctrl+z")
    b.shown("")
    wait_for("the file to be as it was", lambda: not b.on_disk("05"))
    until(lambda text: text.endswith("long"), "ctrl+shift+z")
    wait_for("the long text to be back", lambda: (b.on_disk("05") or "").endswith("very long"))


j.step("F2 and typing write the caption's file", type_latin)
j.step("Chinese is a caption as well", type_chinese)
j.step("tokens are counted", lambda: app.sees(re.compile(r"^\d+ of 75 tokens$")))
j.step("a caption that is too long is marked", too_long)
j.step("Ctrl+Z takes the typing back in steps, Shift+Ctrl+Z makes it again, with the file", undo_typing)

# ---- chips -------------------------------------------------------------------------------------------


def remove_chip():
    b.select("02")
    app.click(b.chip("front"))
    key("Delete")
    written("02", "rlk_bird, green background, soft light")
    has_chips("rlk_bird, trigger word", "green background", "soft light")


def move_chip():
    app.click(b.chip("soft light"))
    key("ctrl+Left")
    written("02", "rlk_bird, soft light, green background")
    key("ctrl+Left", "ctrl+Right")  # nothing goes before the trigger word: only the second does something
    written("02", "rlk_bird, green background, soft light")


def drag_chip():
    def middle(name):
        box = b.chip(name).get_extents(Atspi.CoordType.WINDOW)
        return box.x + 5 + box.width // 2, box.y + 5 + box.height // 2, box.width

    def drag():
        x, y, _ = middle("soft light")
        to_x, to_y, to_width = middle("green background")
        pull(x, y, to_x - to_width // 3, to_y)
    until("the file", lambda: b.on_disk("02") == "rlk_bird, soft light, green background", drag)


def add_tag():
    app.click(b.chip("rlk_bird, trigger word"))
    key("Delete")  # the trigger word stays: it is in what is written below
    key("ctrl+t")
    at_work(app.find("text", "New Tag"))
    type_text("bra")
    app.find("list item", "branch, in 1 caption")
    key("Down", "Return")
    written("02", "rlk_bird, soft light, green background, branch")
    type_text("two birds")
    wait_for("what was typed", lambda: text_of(app.find("text", "New Tag")) == "two birds")
    key("Return")
    written("02", "rlk_bird, soft light, green background, branch, two birds")
    key("Escape")
    app.gone("text", "New Tag")


j.step("Delete on a chip takes the tag out of the file", remove_chip)
j.step("Ctrl and arrow keys move a chip", move_chip)
j.step("a chip is dragged to another place", drag_chip)
j.step("the trigger word stays; Ctrl+T adds tags, and offers those that are there", add_tag)

# ---- many at once ------------------------------------------------------------------------------------


def select_many():
    b.select("01")
    xdotool("keydown", "ctrl")
    for number in ("02", "03", "04"):
        app.click(b.cell(number))
    xdotool("keyup", "ctrl")
    app.sees("4 selected")
    app.sees("of 6 shown")


def shared():
    app.sees("4 pictures selected")
    wait_for(f"shared tags; they are {b.chips()}", lambda: b.chips()[:3] == [
        "rlk_bird, trigger word", "branch, in 2 of the captions", "side view, in 2 of the captions"])


def bulk_add():
    app.press("button", "Add Tag…")
    at_work(app.find("text", "Tag to Add"))
    type_text("branch")
    app.sees(re.compile("^Changes 2 of 4; 2 have it"))


def bulk_added():
    app.press("button", "Add")
    written("01", "rlk_bird, front, white background, branch")
    written("03", "rlk_bird, side view, yellow background, branch")
    wait_for("the message above the bar of the selection", lambda: app.is_above(
        app.find("label", "“branch” added to 2 captions"), app.find("button", "Add Tag…")))


def bulk_undo():
    app.press("button", "Undo")
    for number in ("01", "03", "04"):
        written(number, CAPTIONS[number])


def bulk_replace():
    app.press("button", "Replace…")
    at_work(app.find("text", "Tag to Replace"))
    type_text("side view")
    key("Return")
    at_work(app.find("text", "By"))
    type_text("from the side")
    app.sees(re.compile("^Changes 2 of 4"))
    key("Return")
    written("03", "rlk_bird, from the side, yellow background")
    written("04", "rlk_bird, from the side, branch")


def shared_edit():
    app.press("button", "Add “from the side” to All")
    written("01", "rlk_bird, front, white background, from the side")
    written("02", "rlk_bird, soft light, green background, branch, two birds, from the side")
    app.click(b.chip("from the side"))
    key("Delete")
    written("03", "rlk_bird, yellow background")
    written("01", CAPTIONS["01"])


def more(number):
    app.choose("More Changes", number)


def bulk_regex():
    more(1)
    at_work(app.find("text", re.compile("^Pattern")))
    type_text(r"(\w+) background")
    key("Return")
    at_work(app.find("text", re.compile("^By, such as")))
    type_text(r"\1 wall")
    app.sees(re.compile("^Changes 3 of 4"))
    app.sees(re.compile("white background\n→ .*white wall"))
    key("Return")
    written("01", "rlk_bird, front, white wall")
    written("03", "rlk_bird, yellow wall")
    key("ctrl+z")
    written("01", CAPTIONS["01"])
    written("03", "rlk_bird, yellow background")


def bulk_place():
    app.press("button", "Add Tag…")
    at_work(app.find("text", "Tag to Add"))
    type_text("feathers")
    app.press("radio button", "Place")
    app.find("spin button", "As tag number")
    app.sees(re.compile("^Changes 4 of 4"))
    app.press("button", "Add")
    written("01", "rlk_bird, feathers, front, white background")
    written("04", "rlk_bird, feathers, branch")


def bulk_sort():
    more(2)
    written("01", "rlk_bird, feathers, front, white background")
    written("02", "rlk_bird, branch, feathers, green background, soft light, two birds")
    written("04", "rlk_bird, branch, feathers")
    key("ctrl+z")
    written("04", "rlk_bird, feathers, branch")


def bulk_dedupe():
    b.select("01")
    app.set_text(b.caption(), "rlk_bird, front, feathers, front")
    written("01", "rlk_bird, front, feathers, front")
    select_many()
    more(3)
    app.sees("Repeated tags removed from 1 caption")
    written("01", "rlk_bird, front, feathers")


def copy_and_paste():
    b.select("01")
    key("ctrl+shift+c")
    app.sees("Caption of “01.png” copied")
    app.click(b.cell("03"))
    xdotool("keydown", "ctrl")
    app.click(b.cell("04"))
    xdotool("keyup", "ctrl")
    app.sees("2 selected")
    key("ctrl+shift+v")
    written("03", "rlk_bird, front, feathers")
    written("04", "rlk_bird, front, feathers")
    app.sees("2 captions replaced")
    key("ctrl+z")
    written("03", "rlk_bird, feathers, yellow background")
    written("04", "rlk_bird, feathers, branch")


def bulk_repeats():
    more(8)
    spin = at_work(app.find("spin button", "Repeats"))
    spin.get_value_iface().set_current_value(4)
    app.press("button", "Set")
    app.sees("Repeats of 2 pictures set")
    app.find("table cell", re.compile(r"^03\.png.*× 4"))
    app.find("table cell", re.compile(r"^04\.png.*× 4"))


def bulk_exclude():
    more(9)
    app.sees("2 pictures left out of the training")
    app.find("table cell", re.compile(r"^03\.png.*Left out"))
    app.find("table cell", re.compile(r"^04\.png.*Left out"))
    more(10)
    app.gone("table cell", re.compile("Left out"))


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
j.step("a regular expression shows an example and its count, and is one step", bulk_regex)
j.step("a tag is put at a place", bulk_place)
j.step("tags are sorted behind the trigger word", bulk_sort)
j.step("tags that are there twice go", bulk_dedupe)
j.step("a caption is copied, and pasted into several", copy_and_paste)
j.step("repeats of several are set, and shown on them", bulk_repeats)
j.step("several are left out, and used again", bulk_exclude)

# ---- others, and later -------------------------------------------------------------------------------


def other_program():
    b.select("03")
    (b.folder / "03.txt").write_text("rlk_bird, written elsewhere\n", encoding="utf-8")
    b.shown("rlk_bird, written elsewhere")
    has_chips("rlk_bird, trigger word", "written elsewhere")


def undo_later():
    global app
    b.again()
    app = b.app
    app.find("button", "Undo “Use 2 Pictures Again”")  # the history is read
    key("ctrl+z", "ctrl+z")  # used again, left out
    app.gone("table cell", re.compile("Left out"))
    app.press("button", re.compile("^Undo “Set the Repeats of 2 Pictures”$"))
    app.gone("table cell", re.compile("× 4"))
    app.press("button", re.compile("^Undo “Remove Repeated Tags from 1 Caption”$"))
    written("01", "rlk_bird, front, feathers, front")
    app.press("button", "Redo “Remove Repeated Tags from 1 Caption”")
    written("01", "rlk_bird, front, feathers")


j.step("what another program writes appears", other_program)
j.step("after a second start the changes can still be undone", undo_later)
j.done()
