"""Cancel while pictures come in: it is asked what shall become of those that came. A folder that was stopped gives no others,
neither now nor at the next start, until the rest is asked for; and no file is touched."""

import hashlib
import os
import re
import struct
import sys
import zlib
from pathlib import Path

from birds import Birds
from driver import Journey, query
from hands import drop
from waiting import wait_for

program, model, pictures, gate_lib = sys.argv[1:5]
COUNT, AT = 260, 200  # pictures of a folder, and at which of them the disk stops
home = Path(os.environ["HOME"])
store = Path(os.environ["XDG_DATA_HOME"]) / "lorikeet" / "lorikeet.db"
gate = Path(os.environ["XDG_RUNTIME_DIR"]) / "gate"  # see tests/faults/gate.c
j = Journey()
b = Birds(j, program, model, pictures, {}, env={
    "LD_PRELOAD": gate_lib, "GATE": str(gate),
    "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"})  # a sanitizer would be the first itself
numbers = iter(range(1 << 24))


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def picture(path):
    """A picture of one colour: no two give the same bytes."""
    line = b"\0" + (next(numbers) * 7919 % (1 << 24)).to_bytes(3, "big") * 16
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 16, 16, 8, 2, 0, 0, 0)) +
                     chunk(b"IDAT", zlib.compress(line * 16, 1)) + chunk(b"IEND", b""))


def many(name):
    folder = home / name
    folder.mkdir()
    for number in range(COUNT):
        picture(folder / f"{number:03}.png")
    (folder / "000.txt").write_text("the first of many\n")
    return folder


def as_they_are():
    """All there is to say of the files in the folders."""
    return {path: (path.stat().st_ino, path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest())
            for folder in folders for path in [folder, *sorted(folder.iterdir())] if path.is_file()}


def rows():
    return query(store, "SELECT count(*) FROM picture WHERE NOT removed")[0][0]


def counted():
    """How many pictures the window says there are."""
    return b.app.number(re.compile(r"^[\d,]+ pictures?\b")) or 0


def has(number):
    """So many pictures are there, and in the store."""
    try:
        wait_for("the pictures", lambda: counted() == number)
        wait_for("their rows", lambda: rows() == number)
    except Exception as error:
        raise AssertionError(f"there should be {number} pictures and are {counted()}, {rows()} in the store") from error


def comes(folder, at):
    """Drops a folder, of which the disk gives nothing from `at` on."""
    gate.write_text(str(at))
    drop([folder], 480, 28)  # where no picture shows a tooltip
    wait_for("the disk to be asked for it", gate.with_name("gate.reached").exists)


def cancelled():
    """Presses Cancel; then the disk goes on."""
    b.app.press("button", "Cancel")
    b.app.sees("Stopping…")
    j.shot("stopping")
    gate.unlink()


def question():
    alert = b.app.find("alert", "Adding Was Stopped")
    b.app.sees(re.compile(f"^{AT + 1} of {COUNT} pictures were added"))
    return alert


right, left = folders = [many("right"), many("left")]
before = as_they_are()

j.step("a new project begins without pictures", b.new_project)
j.step("a folder that is dropped on the page brings its pictures", b.dropped)

# ---- these are kept ----------------------------------------------------------------------------------


def on_the_way():
    comes(right, right / f"{AT:03}.png")
    b.app.sees(re.compile(rf"^\d+ of {COUNT}$"))
    b.app.find("button", "Cancel")
    j.shot("coming")


def asked():
    cancelled()
    question()
    j.shot("stopped")


def keep():
    b.app.press("button", "Keep These", question())
    b.app.gone("alert")
    has(6 + AT + 1)


def next_start():
    if b.app.quit() != 0:
        raise RuntimeError("the program ended otherwise")
    picture(b.folder / "07.png")
    b.start()
    b.app.click(b.app.find("table cell", "Birds"), count=2)
    # Once it is there, all folders were looked at.
    has(7 + AT + 1)


def rest():
    b.app.choose("Add Pictures…", 5)
    b.app.find("list", "Folders")
    b.app.sees(re.compile("\nAdding it was stopped: not all of its pictures are here$"))
    b.app.click(b.app.find("label", "right"))
    b.app.find("button", "Add the Rest")
    j.shot("folders")
    b.app.press("button", "Add the Rest")
    b.app.gone("list", "Folders")
    b.app.sees(re.compile(f"^{COUNT - AT - 1} pictures added, {AT + 1} were there already"))
    has(7 + COUNT)
    b.app.choose("Add Pictures…", 5)
    b.app.find("list", "Folders")
    b.app.gone(None, re.compile("Adding it was stopped"))
    b.app.close_dialog("Folders")


j.step("while a folder comes in it says how far it is", on_the_way)
j.audit(b.app, "the page while pictures come in")
j.step("Cancel asks what shall become of those that are there", asked)
j.audit(b.app, "the question")
j.step("Keep These keeps them", keep)
j.step("the next start brings no others", next_start)
j.step("the folder says so, and Add the Rest brings them", rest)

# ---- these are not -----------------------------------------------------------------------------------


def remove():
    comes(left, left / f"{AT:03}.png")
    cancelled()
    b.app.press("button", "Remove Them", question())
    b.app.gone("alert")
    has(7 + COUNT)
    b.app.choose("Add Pictures…", 5)
    b.app.find("label", "right", b.app.find("list", "Folders"))
    if b.app.all("label", "left", b.app.find("list", "Folders")):
        return False
    b.app.close_dialog("Folders")
    return True


def nothing():
    comes(left, left)
    cancelled()
    b.app.sees("No picture added, stopped")
    has(7 + COUNT)


def rest_at_once():
    comes(left, left / f"{AT:03}.png")
    cancelled()
    b.app.press("button", "Add the Rest", question())
    b.app.gone("alert")
    has(7 + 2 * COUNT)


def untouched():
    return as_they_are() == before


j.step("Remove Them takes back what came, with the folder", remove)
j.step("Cancel before the first picture leaves nothing behind", nothing)
j.step("the question's Add the Rest goes on", rest_at_once)
j.step("the files are as they were", untouched)
j.done()
