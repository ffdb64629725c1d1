"""A person's hands: keys, pointer, and files that are dropped. Without a window manager the keyboard is where the pointer is."""

import select
import subprocess
import sys
import time
from pathlib import Path

import gi
from waiting import PATIENCE, Missing

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi  # noqa: E402



def xdotool(*args):
    subprocess.run(["xdotool", *map(str, args)], check=True)


def key(*keys):
    """Keys as xdotool names them: key("ctrl+z", "Return")."""
    for one in keys:
        xdotool("key", "--clearmodifiers", one)


def type_text(text):
    xdotool("type", "--delay", 20, text)


def drop(paths, x, y):
    """Drags files from a small window of another program and lets them fall at (x, y) of the screen. Where both programs are
    too busy to agree while the button is down, the drag comes to nothing, and is done again."""
    for _ in range(5):
        if drag_once(paths, x, y):
            return
    raise Missing("somebody who takes what is dropped")


def programs():
    desktop = Atspi.get_desktop(0)
    return filter(None, (desktop.get_child_at_index(i) for i in range(desktop.get_child_count())))


def settle():
    """Every program has come to answer, and so to what happened before."""
    for _ in range(3):
        for program in programs():
            program.clear_cache_single()
            program.get_child_count()
        time.sleep(0.1)


def pull(x, y, to_x, to_y):
    """Moves with the button down, and lets it go once every program has seen that."""
    xdotool("mousemove", x, y)
    xdotool("mousedown", 1)
    for step in range(1, 11):
        xdotool("mousemove", x + (to_x - x) * step // 10, y + (to_y - y) * step // 10)
        time.sleep(0.03)
    settle()
    xdotool("mouseup", 1)


def drag_once(paths, x, y):
    source = subprocess.Popen([sys.executable, str(Path(__file__).with_name("drag_source.py")), *map(str, paths)],
                              stdout=subprocess.PIPE, text=True)
    try:
        source.stdout.readline()  # it is on the screen
        settle()
        pull(20, 20, x, y)  # with no window manager the newest window lies on top, at the top left
        ended, _, _ = select.select([source.stdout], [], [], PATIENCE)
        return bool(ended) and source.stdout.readline() == "ended\n"
    finally:
        source.terminate()
        source.wait()
