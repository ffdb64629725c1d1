"""Cancel while thousands of pictures come in: it is asked what shall become of them; the folder gives no more than it gave,
neither now nor at the next start, until the rest is asked for; and what came in by mistake goes again."""

import os
import re
import sqlite3
import struct
import sys
import zlib
from pathlib import Path

from birds import Birds
from driver import SLOW, Journey, drop, wait_for, walk

program, model, pictures = sys.argv[1:4]
j = Journey()
b = Birds(j, program, model, pictures, {})
home = Path(os.environ["HOME"])
store = Path(os.environ["XDG_DATA_HOME"]) / "lorikeet" / "lorikeet.db"
numbers = iter(range(1 << 24))


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def picture(path):
    """A picture of one colour, quickly: no two give the same bytes."""
    line = b"\0" + (next(numbers) * 7919 % (1 << 24)).to_bytes(3, "big") * 16
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 16, 16, 8, 2, 0, 0, 0)) +
                     chunk(b"IDAT", zlib.compress(line * 16, 1)) + chunk(b"IEND", b""))


def many(name, count):
    folder = home / name
    folder.mkdir()
    for number in range(count):
        picture(folder / f"{number:06}.png")
    return folder


def rows():
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as db:
        return db.execute("SELECT count(*) FROM picture WHERE NOT removed").fetchone()[0]


def counted():
    """How many pictures the window says there are."""
    for label in b.app.all("label", re.compile(r"^[\d,]+ pictures?$")):
        return int(re.match(r"[\d,]+", label.get_name()).group().replace(",", ""))
    return 0


def cancelled(folder):
    """Drops a folder and presses Cancel; False where all of it was in before that was done."""
    # Without a look at the cells, and by the announcement of the end: else all is in before the button is found.
    def press():
        for node in walk(b.app.node, without=("table",)):
            if node.get_role_name() == "button" and node.get_name() == "Cancel":
                return node.do_action(0)
        return whole()
    words = re.compile(f"^{len(list(folder.iterdir()))} pictures added")

    def whole():
        return j.announcements.find(words)
    drop([folder], 640, 500)
    wait_for("Cancel", press, SLOW)
    wait_for("an answer", lambda: whole() or b.app.all("alert", "Adding Was Stopped"), SLOW)
    return whole() is None


def stopped(name):
    """A folder of which some pictures came in before Cancel, and how many it has; with more pictures on a faster machine."""
    for power in range(6):
        count = 10000 << power
        folder = many(f"{name}-{power}", count)
        if cancelled(folder):
            return count
    raise AssertionError("no folder is large enough")


def brought(count):
    """How many of so many the question says that there are."""
    words = b.app.sees(re.compile(r"^[\d,]+ of [\d,]+ pictures were added\.")).get_name()
    came, of_all = (int(number.replace(",", "")) for number in re.findall(r"[\d,]+", words)[:2])
    return came if 0 < came < count and of_all == count else None


seen = {"there": 0}
j.step("a new project begins without pictures", b.new_project)


def by_mistake():
    """In a project of its own is easier to count; where a smaller folder came in whole, it stays."""
    count = stopped("wrong")
    if not brought(count):
        return False
    j.shot("stopped")
    j.audit(b.app, "the question")
    b.app.press("button", "Remove Them", b.app.find("alert", "Adding Was Stopped"))
    b.app.gone("alert")
    seen["there"] = sum(10000 << power for power in range(6) if (home / f"wrong-{power}").exists()) - count
    wait_for("as many as before", lambda: counted() == seen["there"], SLOW)
    return len(list(home.glob("wrong-*/*.png"))) == seen["there"] + count


j.step("Cancel asks what shall become of what came in; Remove Them leaves nothing of it but the files", by_mistake)


def keep():
    seen["count"] = stopped("right")
    seen["came"] = brought(seen["count"])
    b.app.press("button", "Keep These", b.app.find("alert", "Adding Was Stopped"))
    b.app.gone("alert")
    seen["there"] += sum(10000 << power for power in range(6) if (home / f"right-{power}").exists()) - seen["count"]
    wait_for("those that came", lambda: counted() == seen["there"] + seen["came"], SLOW)
    wait_for("their rows", lambda: rows() == counted(), SLOW)


def next_start():
    b.again()
    return wait_for("the pictures", lambda: counted() == seen["there"] + seen["came"], SLOW)


def folders():
    b.app.choose("Add Pictures…", 5)
    b.app.find("list", "Folders")
    b.app.sees(re.compile("Adding it was stopped: not all of its pictures are here$"))
    j.shot("folders")
    name = next(name for name in sorted((p.name for p in home.glob("right-*")), reverse=True))
    b.app.click(b.app.find("label", name))
    b.app.press("list item", "Add the Rest")
    b.app.gone("list", "Folders")
    b.app.sees(re.compile(f"^{seen['count'] - seen['came']} pictures added, {seen['came']} were there already"), SLOW)
    wait_for("all of them", lambda: counted() == seen["there"] + seen["count"], SLOW)
    return True


j.step("Keep These keeps what came in", keep)
j.step("the next start brings no others", next_start)
j.step("the folder says so, and Add the Rest brings them", folders)
j.done()
