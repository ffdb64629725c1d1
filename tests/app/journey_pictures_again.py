"""What other programs did while the window was away, in more folders than are watched; and pictures by the dialog for
files."""

import os
import re
import struct
import subprocess
import sys
import zlib
from pathlib import Path

from birds import Birds
from driver import Atspi, Journey
from hands import drop, xdotool
from waiting import wait_for

program, model, pictures = sys.argv[1:4]
j = Journey()
b = Birds(j, program, model, pictures, {})
app = b.app
home = Path(os.environ["HOME"])

WATCHED = 256  # folders, of which the system tells
FOLDERS = 300


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def picture(path, number, size=16):
    """A picture of one colour, quickly: no two numbers give the same bytes."""
    line = b"\0" + (number * 7919 % (1 << 24)).to_bytes(3, "big") * size
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)) +
                     chunk(b"IDAT", zlib.compress(line * size, 1)) + chunk(b"IEND", b""))


def counted():
    """How many pictures the window says there are."""
    return app.number(re.compile(r"^[\d,]+ pictures?\b"))


j.step("a new project begins without pictures", b.new_project)

# ---- the window comes back -----------------------------------------------------------------------------

wide = home / "wide"


def in_many_folders():
    for i in range(FOLDERS):
        picture(wide / f"{i:03}" / "early.png", i)
    drop([wide], 640, 500)
    app.sees(re.compile(f"^{FOLDERS} pictures added"))
    wait_for("all of them", lambda: counted() == FOLDERS)


def keyboard_to(*how):
    """Gives the keyboard to the first window that xdotool finds so: there is no window manager that would."""
    def found():
        search = subprocess.run(["xdotool", "search", "--onlyvisible", *how], stdout=subprocess.PIPE, text=True, check=False)
        return sorted(map(int, search.stdout.split()))
    xdotool("windowfocus", wait_for(f"a window {how}", found)[0])


def active():
    frame = app.find("frame")
    frame.clear_cache_single()
    return frame.get_state_set().contains(Atspi.StateType.ACTIVE)


def away_and_back():
    """Another program has the keyboard and writes a picture into every folder, more than are watched."""
    other = subprocess.Popen([sys.executable, str(Path(__file__).with_name("drag_source.py")), str(wide)],
                             stdout=subprocess.PIPE, text=True)
    try:
        other.stdout.readline()
        keyboard_to("--pid", str(other.pid))
        wait_for("the window without the keyboard", lambda: not active())
        for i in range(FOLDERS):
            picture(wide / f"{i:03}" / "late.png", FOLDERS + i)
        # The folder around them is watched or not.
        wait_for("those of which events tell", lambda: (counted() or 0) - FOLDERS in (WATCHED - 1, WATCHED))
        keyboard_to("--pid", str(app.process.pid))
        wait_for("the window with the keyboard", active)
        wait_for("all of them", lambda: counted() == 2 * FOLDERS)
    finally:
        other.terminate()
        other.wait()


j.step("a folder with hundreds of folders comes in", in_many_folders)
j.step("what came where no event tells of it is there when the window has the keyboard again", away_and_back)

# ---- the dialog for files: at the end, see choose_file -----------------------------------------------------


def choose(item, title, path):
    before = wait_for("the number of pictures", counted)
    app.choose("Add Pictures…", item)
    app.find(None, title)
    keyboard_to("--name", f"^{title}$")
    app.choose_file(title, path)
    keyboard_to("--pid", str(app.process.pid))
    return before


def in_grid(name):
    """Among the hundreds: by the filter."""
    app.set_text(app.find("entry", "Filter Pictures"), f"name:{name}")
    wait_for(name, lambda: [cell.get_name().split(",")[0] for cell in b.cells()] == [name])
    j.shot(name)
    app.set_text(app.find("entry", "Filter Pictures"), "")
    wait_for("all of them", counted)


def dialog_of_files():
    picture(home / "a" / "chosen.png", 3 * FOLDERS)
    picture(home / "a" / "neighbour.png", 3 * FOLDERS + 1)
    before = choose(1, "Add Pictures", home / "a" / "chosen.png")
    app.sees(re.compile("^1 picture added"))
    wait_for("one more", lambda: counted() == before + 1)
    in_grid("chosen.png")


def dialog_of_folders():
    before = choose(2, "Add Folders of Pictures", home / "a")
    app.sees(re.compile("^1 picture added, 1 was there already"))
    wait_for("one more", lambda: counted() == before + 1)
    in_grid("neighbour.png")


j.step("Add Pictures… brings the picture that is chosen, not its neighbour", dialog_of_files)
j.step("Add Folder… brings the folder that is chosen", dialog_of_folders)
j.done()
