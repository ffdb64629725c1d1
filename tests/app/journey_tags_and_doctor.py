"""Finding pictures and what is wrong with them: the filter and its help, the list of tags, the check with its fixes,
folders for regularisation, masks, and the viewer that shows them."""

import re
import sys

import gi

gi.require_version("GdkPixbuf", "2.0")
from birds import CAPTIONS, Birds
from driver import Atspi, Journey
from hands import key, type_text, xdotool
from waiting import at_rest, wait_for
from gi.repository import GdkPixbuf

program, model, pictures = sys.argv[1:4]
j = Journey()
b = Birds(j, program, model, pictures, CAPTIONS | {
    "02": "rlk_bird, green background, branch, two birds",
    "05": "flying, sky",  # without the trigger word
})
app = b.app
written, has_chips = b.written, b.has_chips

j.step("a new project begins without pictures", b.new_project)
j.step("a folder that is dropped on the page brings its pictures", b.dropped)

# ---- filter ------------------------------------------------------------------------------------------


def type_filter():
    key("ctrl+l")
    type_text("tag:branch")
    b.shows("02", "04")
    app.sees("2 of 6 pictures")


NO_NUMBER = re.compile("^.big. is not a number")


def wrong_filter():
    type_text(" width:big")
    app.sees(NO_NUMBER)
    b.shows("02", "04")
    key("Escape")
    wait_for("all pictures", lambda: len(b.cells()) == 6)
    app.gone(None, NO_NUMBER)


def language():
    for text, found in (("no:caption", ["06"]),
                        ("caption:background", ["01", "02", "03"]),
                        ("tag:front OR tag:branch", ["01", "02", "04"]),
                        ("NOT tag:*background", ["04", "05", "06"]),
                        ("tags:<3", ["05", "06"]),
                        ("tokens:>0 AND -\"side view\"", ["01", "02", "05", "06"]),
                        ("tokens:>75", []),
                        ("width:<512 name:0[5]*", []),
                        ("width:<512 name:05*", ["05"])):
        key("ctrl+l", "ctrl+a")
        type_text(text)
        b.filtered(text)
        b.shows(*found)
    key("Escape")
    wait_for("all pictures", lambda: len(b.cells()) == 6)


def filter_help():
    app.press("toggle button", "What Can Be Filtered")
    app.click(app.find("list item", re.compile("^no:caption:")))
    b.filtered("no:caption")
    b.shows("06")
    app.click(app.find("entry", "Filter Pictures"))
    key("Escape")
    wait_for("all pictures", lambda: len(b.cells()) == 6)


j.step("the filter shows what fits while one types", type_filter)
j.step("what cannot be read is explained, and the filter before stays", wrong_filter)
j.step("the filter knows captions, tags, tokens, sizes, names, AND, OR and NOT", language)
j.step("an example of the help becomes the filter", filter_help)

# ---- tags --------------------------------------------------------------------------------------------


def tag_row(name):
    return app.find("list item", re.compile(f"^{name}, in "))


def counts():
    app.press("radio button", "Tags")
    for name, words in (("rlk_bird", "4 captions"), ("branch", "2 captions"), ("side view", "2 captions"),
                        ("two birds", "1 caption")):
        app.find("list item", f"{name}, in {words}")


def click_a_tag():
    app.click(tag_row("branch"))
    b.filtered("tag:branch")
    b.shows("02", "04")
    app.find("list item", "branch, in 2 captions; only pictures with it are shown")


def exclude():
    xdotool("keydown", "alt")
    app.click(tag_row("two birds"))
    xdotool("keyup", "alt")
    b.filtered("tag:branch -tag:\"two birds\"")
    b.shows("04")
    app.find("list item", "two birds, in 1 caption; pictures with it are hidden")
    j.shot("tags")


def let_go():
    app.click(tag_row("two birds"))
    b.filtered("tag:branch tag:\"two birds\"")
    app.click(tag_row("branch"))
    b.filtered("tag:\"two birds\"")
    app.click(tag_row("two birds"))
    b.filtered("")
    wait_for("all pictures", lambda: len(b.cells()) == 6)


def search():
    entry = app.find("entry", "Search Tags")
    app.set_text(entry, "side")
    app.gone("list item", re.compile("^branch, in"))
    tag_row("side view")
    app.set_text(entry, "")
    tag_row("branch")


def rename():
    app.click(tag_row("branch"), button=3)
    items = wait_for("the menu of a tag", lambda: (found := app.all("menu item")) and len(found) == 4 and found)
    items[2].do_action(0)
    name = app.find("text", "New Name")
    app.set_text(name, "twig")
    app.press("button", "Rename")
    written("02", "rlk_bird, green background, twig, two birds")
    written("04", "rlk_bird, side view, twig")
    app.sees("“branch” replaced by “twig” in 2 captions")
    tag_row("twig")
    app.gone("list item", re.compile("^branch, in"))


def rename_undone():
    app.press("button", "Undo")
    written("02", "rlk_bird, green background, branch, two birds")
    written("04", CAPTIONS["04"])
    tag_row("branch")


j.step("the list of tags has how many captions have each", counts)
j.step("a click on a tag is the same filter", click_a_tag)
j.audit(app, "the list of tags")
j.step("Alt and a click exclude a tag", exclude)
j.step("further clicks let them go", let_go)
j.step("tags are searched", search)
j.step("a tag is renamed everywhere", rename)
j.step("Undo names it as before", rename_undone)

# ---- the check ---------------------------------------------------------------------------------------


def row_of(text):
    """The row of a finding."""
    node = app.find(None, text)
    while node.get_role_name() != "list item":
        node = node.get_parent()
    return node


def leave():
    """Escape puts the message away, which has the keyboard after what it tells of, and then the check."""
    key("Escape")
    app.gone(None, re.compile(": done$"))
    key("Escape")
    app.gone("list", "Buckets")


def doctor():
    app.press("button", "Review")
    row_of("1 picture has no caption.")
    row_of("1 caption lacks the trigger word.")
    app.sees(re.compile("^There are 6 pictures|^6 pictures are few"))
    app.find("list", "Buckets")


def doctor_shows():
    app.press("button", "Show 1 Picture", within=row_of("1 picture has no caption."))
    b.filtered("-is:excluded problem:caption-missing")
    b.shows("06")
    key("ctrl+l", "Escape")
    wait_for("all pictures", lambda: len(b.cells()) == 6)


def doctor_fixes():
    def fix():
        app.press("button", "Add Trigger Word to 1 Caption", within=row_of("1 caption lacks the trigger word."))
    app.press("button", "Review")
    fix()
    written("05", "rlk_bird, flying, sky")
    app.press("button", "Undo")
    written("05", "flying, sky")
    fix()
    written("05", "rlk_bird, flying, sky")
    app.gone(None, "1 caption lacks the trigger word.")
    leave()


def doctor_captions():
    app.press("button", "Review")
    app.click(app.scroll_to("button", "Use Trigger Word for 1 Picture", 640, 600, 690))
    written("06", "rlk_bird")
    app.gone(None, "1 picture has no caption.")
    leave()
    app.press("button", "Undo “Add “rlk_bird” to 1 Caption”")
    written("06", None)
    app.press("button", "Review")
    row_of("1 picture has no caption.")


def bucket():
    row, wanted = re.compile("^512 × 512"), "-is:excluded bucket:512x512"

    def clicked():  # it moves while pictures are looked at
        if app.all("list item", row):
            app.click(app.scroll_to("list item", row, 640, 600, 690))
        return b.filter_text() == wanted
    wait_for("the filter", clicked)
    key("ctrl+l", "Escape")


j.step("the check lists what it found", doctor)
j.shot("doctor")
j.audit(app, "the check")
j.step("it leads to the pictures it is about", doctor_shows)
j.step("it mends what it can, and takes that back", doctor_fixes)
j.step("it captions what has none, and takes that back", doctor_captions)
j.step("a bucket leads to its pictures", bucket)

# ---- folders and masks -------------------------------------------------------------------------------


def folders():
    app.choose("Add Pictures…", 5)
    app.find("list", "Folders")
    app.click(app.find("label", "birds"))
    app.find(None, "Regularisation Pictures")


def regularisation():
    app.click(app.find("check box", "Regularisation Pictures"))
    app.sees(re.compile("\nRegularisation$"))
    spin = app.find("spin button", re.compile("^Repeats"))
    spin.get_value_iface().set_current_value(3)
    key("Escape")
    app.gone("list", "Folders")
    app.press("radio button", "Picture")
    app.sees("Regularisation Picture")
    wait_for("the repeats of its folder",
             lambda: app.find("spin button", re.compile("^Repeats")).get_value_iface().get_current_value() == 3)


def from_the_picture():
    app.click(app.scroll_to("list item", "Regularisation Picture", 1100, 600))
    app.find("list", "Folders")
    app.click(app.find("label", "birds"))
    app.click(app.find("check box", "Regularisation Pictures"))
    app.gone(None, re.compile("\nRegularisation$"))
    key("Escape")
    app.gone(None, "Regularisation Picture")


j.step("folders have repeats and can be for regularisation", folders)
j.shot("folders")
j.audit(app, "the folders")
j.step("what is chosen there is shown on the pictures", regularisation)
j.step("a picture leads to its folder", from_the_picture)


# ---- the viewer --------------------------------------------------------------------------------------


def viewer():
    app.click(b.cell("06"), count=2)
    app.find("button", "Next Picture")
    key("F2")
    type_text("rlk_bird, sleeping")
    written("06", "rlk_bird, sleeping")


def viewer_goes():
    key("ctrl+Left")
    b.shown("rlk_bird, flying, sky")
    key("Escape")
    app.find("radio button", "Tags")


j.step("the viewer edits the caption as well", viewer)
j.shot("viewer")
j.audit(app, "the viewer")
j.step("Ctrl and arrow keys go to the next picture from within the caption", viewer_goes)
# ---- later, and masks --------------------------------------------------------------------------------


def as_it_was():
    key("ctrl+l", "ctrl+a")
    type_text("tag:rlk_bird")
    b.filtered("tag:rlk_bird")
    app.choose("Order", 5)
    app.choose("Order", 8)
    wait_for("another order", lambda: len(in_order()) == 6 and in_order()[0] == "02" and in_order()[-1] == "06")
    before = at_rest("the order", in_order)
    b.select("03")
    b.again()
    b.filtered("tag:rlk_bird")
    wait_for("the order", lambda: in_order() == before)
    b.app.find("label", "03.png")
    b.shown(CAPTIONS["03"])


def in_order():
    """The pictures from the top to the end."""
    def place(cell):
        box = cell.get_extents(Atspi.CoordType.WINDOW)
        return box.y, box.x
    return [cell.get_name()[:2] for cell in sorted(b.app.all("table cell"), key=place)]


j.step("order, filter and picture are as they were when the program is started again", as_it_was)
app = b.app


def switched(name):
    node = app.find("check box", name)
    node.clear_cache_single()
    return node.get_state_set().contains(Atspi.StateType.CHECKED)


def transparency():
    """Another program cuts out 06: what is left is round."""
    cut = GdkPixbuf.Pixbuf.new(GdkPixbuf.Colorspace.RGB, True, 8, 512, 512)
    cut.fill(0x30A04000)
    for y in range(0, 512, 8):
        half = int((1 - (y / 256 - 1) ** 2) ** 0.5 * 250)
        if half:
            cut.new_subpixbuf(256 - half, y, 2 * half, 8).fill(0xD03050FF)
    cut.savev(str(b.folder / "06.png"), "png", [], [])
    app.choose("Add Pictures…", 4)
    app.press("button", "Use Transparency as Mask", within=row_of("1 picture has transparent parts."))
    app.gone(None, "1 picture has transparent parts.")
    key("Escape")
    app.gone("list", "Buckets")
    app.click(b.cell("06"), count=2)
    app.find("button", "Next Picture")
    app.find("toggle button", "Mask")
    j.shot("transparency")
    key("Escape")
    app.gone("button", "Next Picture")


def transparency_chosen():
    app.choose("Add Pictures…", 5)
    app.find("list", "Folders")
    wait_for("both to be chosen", lambda: switched("Transparency as Mask") and switched("Masked Loss"))
    app.click(app.scroll_to("check box", "Transparency as Mask", 640, 600, 690))
    wait_for("it to be off", lambda: not switched("Transparency as Mask"))
    key("Escape")
    app.gone("list", "Folders")
    app.choose("Add Pictures…", 4)
    row_of("1 picture has transparent parts.")
    key("Escape")
    app.gone("list", "Buckets")


def masks():
    """White at the left of 01, black at the right: that half does not count."""
    folder = b.folder.parent / "masks"
    folder.mkdir()
    mask = GdkPixbuf.Pixbuf.new(GdkPixbuf.Colorspace.RGB, False, 8, 256, 256)
    mask.fill(0)
    mask.new_subpixbuf(0, 0, 128, 256).fill(0xFFFFFFFF)
    mask.savev(str(folder / "01.png"), "png", [], [])
    app.choose("Add Pictures…", 5)
    app.press("button", "Choose a Folder of Masks…")
    app.choose_file("Folder of Masks", folder)
    app.sees("Mask found for 1 picture")
    app.close_dialog("Folders")


def overlay():
    app.click(b.cell("01"), count=2)
    app.find("button", "Next Picture")
    app.press("toggle button", "Mask")
    j.shot("mask")


j.step("the check makes transparency the mask, which the viewer shows", transparency)
j.step("that is chosen for training then, and can be chosen otherwise", transparency_chosen)
j.step("a folder of masks gives pictures their masks", masks)
j.step("the viewer shows them over the picture", overlay)
j.done()
