"""Every way for pictures to come in: folders with repeats in their names, pasted files, a pasted picture, copies that
are noticed, what other programs put there; and a selection by the rubber band."""

import os
import re
import subprocess
import sys
from pathlib import Path

import gi

gi.require_version("GdkPixbuf", "2.0")
from birds import Birds  # noqa: E402
from driver import Atspi, Journey  # noqa: E402
from hands import drop, key, pull, xdotool  # noqa: E402
from waiting import PATIENCE, Missing, until, wait_for  # noqa: E402
from gi.repository import GdkPixbuf  # noqa: E402

program, model, pictures = sys.argv[1:4]
j = Journey()
b = Birds(j, program, model, pictures, {})
app = b.app
home = Path(os.environ["HOME"])


def picture(path, red, green, blue, size=64):
    """A picture of two colours, so that no two are alike."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = GdkPixbuf.Pixbuf.new(GdkPixbuf.Colorspace.RGB, False, 8, size, size)
    made.fill(red << 24 | green << 16 | blue << 8)
    made.new_subpixbuf(0, 0, size // 2, size // 3).fill((255 - red) << 24 | blue << 16 | green << 8)
    made.savev(str(path), "png", [], [])


def names():
    return sorted(cell.get_name().split(",")[0] for cell in b.cells())


# ---- folders -----------------------------------------------------------------------------------------

tree = home / "set"
for i in range(3):
    picture(tree / "5_lori bird" / f"a{i}.png", 40 * i, 200, 30)
    picture(tree / "deep" / "er" / f"b{i}.png", 10, 40 * i, 220)
(tree / "5_lori bird" / "a0.txt").write_text("lori bird, sitting\n")
(tree / "notes.pdf").write_bytes(b"%PDF-1.4 no picture")


def folders():
    drop([tree], 640, 500)
    app.sees("6 pictures")
    wait_for("all of them, also from folders within", lambda: names() == ["a0.png", "a1.png", "a2.png", "b0.png", "b1.png", "b2.png"])


def repeats_of(number):
    return app.find("spin button", re.compile("^Repeats")).get_value_iface().get_current_value() == number


def repeats():
    app.click(app.find("table cell", re.compile("^a0.png")))
    app.find("label", "a0.png")
    b.shown("lori bird, sitting")
    wait_for("repeats by the folder's name", lambda: repeats_of(5))
    app.click(app.find("table cell", re.compile("^b0.png")))
    app.find("label", "b0.png")
    wait_for("one repeat", lambda: repeats_of(1))


j.step("a new project begins without pictures", b.new_project)
j.step("a folder comes in with the folders in it", folders)
j.step("5_name means five repeats; a caption beside a picture is picked up", repeats)

# ---- copies ------------------------------------------------------------------------------------------


def copies():
    other = home / "copies"
    other.mkdir()
    (other / "again.png").write_bytes((tree / "deep" / "er" / "b1.png").read_bytes())
    picture(other / "new.png", 200, 90, 90)
    drop([other], 640, 500)
    app.sees("8 pictures")
    app.sees(re.compile("2 pictures added, 1 is a duplicate and left out|1 is a duplicate"))
    app.find("table cell", re.compile("^again.png.*(Duplicate|Left out)"))
    j.shot("copies")


def same_folder():
    drop([tree], 640, 500)
    app.sees("6 were there already")
    app.sees("8 pictures")


j.step("a copy is noticed by what is in it", copies)
j.step("a folder that is there is not added twice", same_folder)

# ---- paste -------------------------------------------------------------------------------------------

OWNER = """
import sys, gi
gi.require_version("Gdk", "4.0"); gi.require_version("Gtk", "4.0")
from gi.repository import Gdk, Gio, GLib, GObject, Gtk
Gtk.init()
what = sys.argv[1]
clipboard = Gdk.Display.get_default().get_clipboard()
if what == "files":
    clipboard.set(Gdk.FileList.new_from_array([Gio.File.new_for_path(p) for p in sys.argv[2:]]))
else:
    value = GObject.Value(Gdk.Texture, Gdk.Texture.new_from_filename(sys.argv[2]))
    clipboard.set_content(Gdk.ContentProvider.new_for_value(value))
GLib.timeout_add(200, lambda: print("set", flush=True))
GLib.MainLoop().run()
"""


def pasted(count, what, *paths):
    """Ctrl+V until there are so many pictures: the program hears by and by of what another one has copied."""
    owner = subprocess.Popen([sys.executable, "-c", OWNER, what, *map(str, paths)], stdout=subprocess.PIPE, text=True)
    try:
        owner.stdout.readline()
        xdotool("mousemove", 640, 700)
        for attempt in range(5):
            xdotool("sleep", 1 + attempt)
            key("ctrl+v")
            try:
                return app.sees(f"{count} pictures", PATIENCE / 4)
            except Missing:
                if attempt == 4:
                    raise
    finally:
        owner.kill()
    return None


def paste_files():
    picture(home / "one" / "c1.png", 90, 10, 150)
    pasted(9, "files", home / "one" / "c1.png")
    app.find("table cell", re.compile("^c1.png"))


def paste_picture():
    picture(home / "elsewhere.png", 250, 250, 0, 300)
    pasted(10, "texture", home / "elsewhere.png")


j.step("Ctrl+V adds files that were copied", paste_files)
j.step("Ctrl+V adds a picture that was copied", paste_picture)

# ---- selection ---------------------------------------------------------------------------------------


def selected():
    return sorted(c.get_name().split(",")[0] for c in b.cells() if c.get_state_set().contains(Atspi.StateType.SELECTED))


def box_of(cell):
    box = cell.get_extents(Atspi.CoordType.WINDOW)
    return box.y + 5, box.x + 5, box.width, box.height


def rubber_band():
    """From the empty place below the last two pictures up into the first of them."""
    last = []

    def band():
        key("Escape")
        last[:] = sorted(b.cells(), key=box_of)[-2:]
        to_y, to_x, width, height = box_of(last[0])
        pull(to_x + 3 * width, to_y + height + 20, to_x + width // 2, to_y + height // 2)
    until("the last two to be selected", lambda: selected() == sorted(cell.get_name().split(",")[0] for cell in last), band)
    app.sees("2 selected")
    key("Escape")


j.step("a rubber band selects", rubber_band)

# ---- other programs ----------------------------------------------------------------------------------


def comes_and_goes():
    picture(tree / "deep" / "late.png", 1, 2, 3)
    app.find("table cell", re.compile("^late.png"))
    (tree / "deep" / "late.png").unlink()
    app.find("table cell", "late.png, The file is gone.")
    picture(tree / "deep" / "late.png", 3, 2, 1)
    app.gone("table cell", "late.png, The file is gone.")


j.step("a picture that another program puts into a folder appears; where its file goes, that is said", comes_and_goes)
j.done()
