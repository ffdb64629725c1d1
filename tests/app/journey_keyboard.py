"""By keyboard alone: on every page Tab goes through all controls and comes back to where it began, never caught anywhere;
dialogs keep it and give it back."""

import os
import re
import sys
import tempfile

import tour
from driver import Atspi, Events, GLib, Journey, children
from hands import key, xdotool
from waiting import PATIENCE, Missing, wait_for

program, model, pictures, seed_story, lora = map(os.path.realpath, sys.argv[1:6])
CONTROLS = {"button", "toggle button", "text", "entry", "slider", "spin button", "switch", "combo box", "check box"}
# Moved in by arrow keys: Tab goes to one of theirs and on.
COMPOSITES = {"list", "table", "radio button", "grouping", "tab list", "tree table", "list box"}
MOST = 200

home = tempfile.TemporaryDirectory(prefix="lorikeet-keyboard-")
j = Journey()
app = tour.start(home.name, program, models=[tour.DEMO / "base.safetensors"], story=(seed_story, lora))
j.apps.append(app)
focus = Events("object:state-changed:focused")


def told(node):
    return node.get_role_name(), node.get_name()


def press(*keys):
    """Presses a key; what has the focus then, or None where it did not move."""
    focus.pump()
    before = len(focus.found)
    key(*keys)

    def moved():
        focus.pump()
        return next((node for node, on, _ in reversed(focus.found[before:]) if on), None)
    try:
        return wait_for("the focus to move", moved, PATIENCE / 4)
    except Missing:
        return None


def ring():
    """What Tab reaches, once around: from where it comes by again. (It may begin at something that goes away.)"""
    nodes, way = [], []
    while len(way) < MOST:
        here = press("Tab")
        assert here is not None, f"Tab is caught after {way[-5:]}"
        if here in nodes:
            return way[nodes.index(here):]
        nodes.append(here)
        way.append(told(here))
    raise AssertionError(f"Tab does not come around: {way}")


def controls(node, within=()):
    """The controls on the screen that Tab should reach: not those in lists and grids, which arrow keys go through."""
    states, role = node.get_state_set(), node.get_role_name()
    if within and not states.contains(Atspi.StateType.SHOWING):
        return
    if role in CONTROLS and states.contains(Atspi.StateType.FOCUSABLE) and states.contains(Atspi.StateType.SENSITIVE):
        if not COMPOSITES.intersection(within):
            yield told(node)
    for child in children(node):
        try:
            yield from controls(child, (*within, role))
        except GLib.Error:
            continue  # it has gone meanwhile


def round_trip(least):
    for attempt in range(3):  # again where something came after Tab had been there
        way = ring()
        missed = set(controls(app.node)) - set(way)
        if not missed:
            break
    print(f"# {len(way)} stops")
    assert not missed, f"Tab does not reach {missed}; it goes {way}"
    assert len(way) >= least, way
    back = press("shift+Tab")
    assert back is not None and told(back) in way, f"back from {way[0]} is {back and told(back)}"


def later():
    app.sees("A Training Was Interrupted")
    way = ring()
    assert {"Later", "Resume"} <= {name for _, name in way} <= {"Later", "Resume", ""}, way
    key("Escape")
    app.gone(None, "A Training Was Interrupted")


j.step("the dialog of the start keeps the focus, and Escape closes it", later)
j.step("the projects", lambda: round_trip(4))


def into_project():
    for _ in range(12):
        node = press("Tab")
        if node is not None and "Lorikeet Mascot" in node.get_name():
            key("Return")
            wait_for("the project", lambda: app.all("list item", "Dataset"))
            return
    raise Missing("the project by Tab")


j.step("Tab and Return open a project", into_project)
j.step("the dataset", lambda: (wait_for("the pictures", lambda: app.all("table cell", re.compile("^01-"))), round_trip(8)))
for number, page, sign, least in ((2, "the parameters", "Preset", 30), (3, "the training", "Loss", 6), (4, "the test", "Prompt", 10), (5, "the results", "Export…", 5),
                                  (6, "the tasks", "Queue", 4)):
    j.step(f"Alt+{number} shows {page}, and Tab goes through it",
           lambda number=number, sign=sign, least=least: (key(f"alt+{number}"), app.sees(sign), round_trip(least)))


def dialog():
    key("ctrl+comma")
    app.sees("Computing")
    way = ring()
    assert any(name == "Language" or "Follow System" in name for _, name in way), way
    key("Escape")
    app.gone(None, "Computing")
    return press("Tab") is not None


j.step("the preferences keep Tab among their rows, and Escape leads back", dialog)


def new_project():
    key("ctrl+n")
    app.sees("Step 1 of 3")
    way = {name for _, name in ring()}
    assert {"Name", "Trigger word", "Cancel"} <= way, way
    key("Escape")
    app.gone(None, "Step 1 of 3")
    return press("Tab") is not None


j.step("a new project is begun and left by keys", new_project)


def menu():
    key("F10")
    wait_for("the menu", lambda: app.all("menu item"))
    key("Down", "Return")
    app.find("list item", re.compile("Disk Space"))
    round_trip(3)


j.step("F10 opens the menu, arrows and Return choose from it", menu)


def help_window():
    key("F1")
    app.find("list", "Topics")
    xdotool("mousemove", 500, 300)  # without a window manager the keyboard is where the pointer is
    way = {name for _, name in ring()}
    assert any("Search" in name for name in way) and len(way) >= 3, way
    key("Escape")
    app.gone("list", "Topics")


j.step("F1 opens the help, Tab goes through it, Escape closes it", help_window)
j.done()
