"""Drives the window as a person does: by what the accessibility bus shows, by mouse and by keys.

A journey is a script that makes a `Journey`, does steps and ends with `done()`; it prints TAP.
Nothing waits for a fixed time: every step is looked for until it is there or a deadline has passed. Deadlines are there for
what never comes, not to measure: a slow machine is no failure. Nor may a fast one be: what a journey meets while it is
under way is endless, or is paused first. What a step has seen says nothing of what follows from it: a file, a row, another
widget may come later, so that everything is waited for and nothing looked at once. LORIKEET_SLOW (slow.c) shows who forgot.
"""

import atexit
import contextlib
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

import gi
from hands import key, settle, xdotool
from waiting import PATIENCE, SLOW, Missing, at_rest, wait_for

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, Gio, GLib  # noqa: E402

Atspi.set_timeout(20000, 20000)  # milliseconds; a busy machine answers late

APP_ID = "io.github.lorikeet_lora.Lorikeet"
APP_PATH = "/" + APP_ID.replace(".", "/")
NOISE = re.compile(r"^$|Failed to set fd limit|X connection to .* broken")
WARNING = re.compile(r"WARNING|CRITICAL|ERROR|runtime error|Sanitizer", re.IGNORECASE)


def children(node):
    for i in range(node.get_child_count()):
        child = node.get_child_at_index(i)
        if child is not None:
            yield child


def walk(node, showing=True, without=()):
    """The node and all below it that are on the screen, from top to bottom; not what is in nodes of the roles `without`."""
    try:
        states = node.get_state_set()
        if showing and node.get_role() != Atspi.Role.APPLICATION and not states.contains(Atspi.StateType.SHOWING):
            return
        yield node
        for child in children(node) if node.get_role_name() not in without else ():
            yield from walk(child, showing, without)
    except GLib.Error:
        return


def is_in_state(node, state):
    try:
        return node.get_state_set().contains(state)
    except GLib.Error:
        return False  # it went away


def text_of(node):
    """What a text widget holds."""
    text = node.get_text_iface()
    return Atspi.Text.get_text(text, 0, Atspi.Text.get_character_count(text)) if text else ""


def query(store, sql, *values):
    """Rows of the program's database, which it may be writing just now."""
    def read():
        try:
            with contextlib.closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as base:
                return [base.execute(sql, values).fetchall()]
        except sqlite3.OperationalError:
            return None  # locked, or not there yet
    return wait_for(f"an answer to {sql}", read)[0]


def records(path):
    """What a process has written so far to a file: a line of JSON each."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return list(map(json.loads, text[:text.rfind("\n") + 1].splitlines()))


class Announcements:
    """What the programs announced: a message may have come and gone before all that is on the screen was looked at."""

    def __init__(self):
        self.log = Path(os.environ["XDG_RUNTIME_DIR"]) / "announcements.log"
        self.process = subprocess.Popen([sys.executable, str(Path(__file__).with_name("announcements.py")), str(self.log)],
                                        stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()
        self.read = self.mark = 0

    def all(self):
        return records(self.log)

    def forget(self):
        """A step begins: what was announced before the last one is of no interest any more."""
        self.read, self.mark = self.mark, len(self.all())

    def find(self, name):
        return next((Said(text) for text in self.all()[self.read:] if matches(text, name)), None)

    def end(self):
        self.process.terminate()
        self.process.wait()


class Said:
    """An announcement, in the place of the node that showed it."""

    def __init__(self, text):
        self.text = text

    def get_name(self):
        return self.text


def matches(text, name):
    return bool(name.search(text)) if hasattr(name, "search") else text == name


def put_before(environment, library):
    """Has a program load a library first. (A sanitizer would be the first itself.)"""
    environment["LD_PRELOAD"] = " ".join(filter(None, [environment.get("LD_PRELOAD"), str(library)]))
    environment["ASAN_OPTIONS"] = environment.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"


class App:
    """The program, running."""

    announcements = None

    def __init__(self, program, *args, env=None, warnings=True):
        self.errors = tempfile.NamedTemporaryFile("w+", suffix=".log")
        environment = {"LORIKEET_TOAST_SECONDS": "40", **os.environ, **(env or {})}
        if warnings:
            environment.setdefault("G_DEBUG", "fatal-warnings")
            environment.setdefault("G_ENABLE_DIAGNOSTIC", "1")
        if "LORIKEET_SLOW" in os.environ:
            put_before(environment, Path(program).parents[2] / "tests/app/lk-slow.so")
        self.process = subprocess.Popen([program, *args], stderr=self.errors, env=environment)
        self.node = wait_for("the program on the accessibility bus", self._find_application)
        wait_for("the window", lambda: any(True for _ in children(self.node)))

    def _find_application(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"the program ended at once with {self.process.returncode}:\n{self.stderr()}")
        for node in children(Atspi.get_desktop(0)):  # one that has just ended may still be among them
            number = node.get_process_id()
            if number == self.process.pid or (number <= 0 and node.get_name() == "lorikeet"):  # where no numbers are told
                return node
        return None

    def stderr(self):
        with open(self.errors.name, encoding="utf-8", errors="replace") as log:
            return "".join(line for line in log if not NOISE.search(line.strip()))

    # ---- finding ---------------------------------------------------------------------------------

    def all(self, role=None, name=None, within=None):
        """Nodes on the screen of this role ("button") whose name is `name` (text or compiled pattern)."""
        return list(self.each(role, name, within))

    def each(self, role=None, name=None, within=None):
        return (node for node, _ in self.named(role, name, within))

    def named(self, role=None, name=None, within=None):
        for node in walk(within or self.node):
            try:
                text = node.get_name() or ""
                fits = (not role or node.get_role_name() == role) and (name is None or matches(text, name))
            except GLib.Error:
                continue  # it went away while we looked
            if fits:
                yield node, text

    def names(self, role=None, name=None, within=None):
        """The names of such nodes as they were when they were looked at: asked once more, a node may say something else."""
        return [text for _, text in self.named(role, name, within)]

    def number(self, name):
        """The first number in a label of this name (a pattern); None without one."""
        found = (re.search(r"\d[\d,]*", text) for text in self.names("label", name))
        return next((int(number[0].replace(",", "")) for number in found if number), None)

    def find(self, role=None, name=None, within=None, seconds=PATIENCE):
        return wait_for(f"{role or 'something'} named {name!r}",
                        lambda: next(self.each(role, name, within), None), seconds)

    def sees(self, name, seconds=PATIENCE):
        """A text on the screen, as label or name of anything; or that was there for a while, as a message, in this step or the
        last one."""
        return wait_for(f"something named {name!r}", lambda: next(self.each(None, name), None) or (
            self.announcements and self.announcements.find(name)), seconds)

    def gone(self, role=None, name=None, seconds=PATIENCE):
        return wait_for(f"{role or 'something'} named {name!r} to go", lambda: not self.all(role, name), seconds)

    def sensitive(self, role, name, wanted=True):
        """Waits until a control can be used, or cannot."""
        return wait_for(f"{name!r} to be sensitive: {wanted}", lambda: any(
            is_in_state(node, Atspi.StateType.SENSITIVE) == wanted for node in self.each(role, name)))

    def is_above(self, node, other):
        """Whether a node ends where the other begins or higher, so that it does not cover it."""
        upper, lower = (one.get_extents(Atspi.CoordType.WINDOW) for one in (node, other))
        return upper.height > 0 and upper.y + upper.height <= lower.y

    def focused(self):
        """What has the keyboard's focus."""
        return next((node for node in walk(self.node) if is_in_state(node, Atspi.StateType.FOCUSED)), None)

    # ---- doing -----------------------------------------------------------------------------------

    def press(self, role, name, within=None):
        """Activates a button, menu item or row through its accessible action."""
        self.find(role, name, within)

        def ready():
            """Looked for anew each time: a page may put another one in its place meanwhile."""
            node = next(self.each(role, name, within), None)
            return node if node and node.get_state_set().contains(Atspi.StateType.SENSITIVE) else None

        node = wait_for(f"{name!r} to be sensitive", ready)
        if node.get_n_actions():
            node.do_action(0)
        else:
            self.click(node)
        return node

    def choose(self, menu, number):
        """Opens the menu of a menu button and takes its item `number`, from 1. (GTK gives menu items no names here.)"""
        self.press("toggle button", menu)

        def ready():
            items = self.all("menu item")
            return len(items) >= number and is_in_state(items[number - 1], Atspi.StateType.SENSITIVE) and items[number - 1]
        wait_for(f"item {number} of the menu {menu!r}", ready).do_action(0)

    def pick(self, name, choice):
        """Chooses from the drop-down list called `name`. An entry below the pointer would take part in what keys do."""
        xdotool("mousemove", 400, 30)
        self.press("toggle button", name)
        entries = [node.get_name() for node in children(self.find("list item", choice).get_parent())]
        key("Home", *["Down"] * entries.index(choice))
        key("Return")
        self.gone("list item", choice)

    def answered(self):
        """The program has come to see the keys that were pressed."""
        for _ in range(2):
            self.node.clear_cache_single()
            self.node.get_child_count()

    def tab_to(self, role, name, most=30):
        """Tab until the focus is on such a node."""
        for _ in range(most):
            node = self.focused()
            if node and (role is None or node.get_role_name() == role) and matches(node.get_name() or "", name):
                return node
            key("Tab")
            self.answered()
        raise Missing(f"{role} {name!r} by Tab")

    def close_dialog(self, title):
        """By its button, wherever the focus is."""
        dialog = self.find("dialog", title)
        self.click(wait_for(f"the button that closes {title!r}", lambda: self.all("button", "Close", within=dialog)[-1:])[0])
        self.gone("dialog", title)

    def page_shown(self, name):
        """Waits until the sidebar says that a page of the project is shown."""
        wait_for(f"the page {name}", lambda: any(
            is_in_state(row, Atspi.StateType.SELECTED) for row in self.all("list item", name)), SLOW)

    def click(self, node, button=1, count=1):
        """A real click in the middle of a node, once it is at rest: a banner may come and move it."""
        def place():
            box = node.get_extents(Atspi.CoordType.WINDOW)
            return box.x, box.y, box.width, box.height
        x, y, width, height = at_rest(repr(node.get_name()), place)
        # Places are told without the shadows of window (5) and dialog (12).
        off, up = 5, node
        while up is not None and off == 5:
            off += 12 * (up.get_role_name() in ("alert", "dialog"))
            up = up.get_parent()
        self.click_at(x + off + width // 2, y + off + height // 2, button, count)

    def open_project(self, title):
        """Clicks a project and waits for its dataset; again where something moved it away under the pointer."""
        def opened():
            for node in self.all("label", title)[:1]:
                self.click(node)
            try:
                return self.find("list item", "Dataset", seconds=5)
            except Missing:
                return None
        return wait_for(f"{title} to open", opened)

    def click_at(self, x, y, button=1, count=1):
        xdotool("mousemove", x, y)
        xdotool("click", "--repeat", count, "--delay", 60, button)

    def set_text(self, node, text):
        Atspi.EditableText.set_text_contents(node.get_editable_text_iface(), text)
        wait_for(f"{text!r} to be taken", lambda: text_of(node) == text)

    def scroll_to(self, role, name, x, y, bottom=790):
        """Turns the wheel at (x, y) of the screen until a node is above `bottom`; returns it."""
        before = [None]

        def in_sight():
            node = self.find(role, name)
            box = node.get_extents(Atspi.CoordType.WINDOW)
            at_rest, before[0] = box.y == before[0], box.y
            if box.y + box.height < bottom:
                return node if at_rest else None
            if at_rest:
                xdotool("mousemove", x, y, "click", "--repeat", 5, "--delay", 5, 5)
            return None
        return wait_for(f"{name!r} in sight", in_sight)

    def choose_file(self, title, path):
        """Answers the dialog for files that is called `title`. Without a window manager the keyboard is not heard any more
        afterwards: for the end of a journey."""
        dialog = self.find(None, title)
        xdotool("mousemove", 400, 250)  # without a window manager the keyboard is where the pointer is
        key("ctrl+l")
        self.type_path(self.find("text", within=dialog), path)
        self.gone(None, title)

    def type_path(self, entry, path):
        """Into the place for names of a dialog for files, and Return."""
        self.set_text(entry, str(path))
        for _ in range(4):
            settle()  # its completion of names does not survive the end of the dialog
        key("Return")

    def focus(self, node):
        node.get_component_iface().grab_focus()

    def action(self, name, target=None, window=True):
        """Activates an exported action by the message bus: a GAction's name and its target."""
        bus = Gio.bus_get_sync(Gio.BusType.SESSION)
        path = APP_PATH + ("/window/1" if window else "")
        targets = GLib.Variant("av", [target] if target is not None else [])
        bus.call_sync(APP_ID, path, "org.gtk.Actions", "Activate",
                      GLib.Variant.new_tuple(GLib.Variant("s", name), targets, GLib.Variant("a{sv}", {})),
                      None, Gio.DBusCallFlags.NONE, int(1000 * PATIENCE))

    def screenshot(self, path):
        subprocess.run(["import", "-window", "root", str(path)], check=True)

    # ---- the end ---------------------------------------------------------------------------------

    def quit(self, seconds=PATIENCE):
        """Quits as the menu does; returns the exit status."""
        if self.process.poll() is None:
            self.action("quit", window=False)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Missing("the program to quit") from None

    def kill(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()


class Events:
    """What the program tells assistive technology by itself: events of one kind, such as "object:announcement"."""

    def __init__(self, kind):
        self.found = []
        self.listener = Atspi.EventListener.new(lambda event: self.found.append((event.source, event.detail1, event.any_data)))
        if not self.listener.register(kind):
            raise RuntimeError(f"no events {kind} on the accessibility bus")

    def pump(self):
        """Takes in what has come since."""
        context = GLib.MainContext.default()
        while context.iteration(False):
            pass

    def heard(self, pattern, seconds=PATIENCE):
        """The first announcement that fits."""
        def spoken():
            self.pump()
            return next((text for _, _, text in self.found if isinstance(text, str) and re.search(pattern, text)), None)
        return wait_for(f"an announcement like {pattern!r} among {[text for _, _, text in self.found]}", spoken, seconds)


class Desktop:
    """The desktop around the program, as far as tests look at it: see fake_desktop.py."""

    def __init__(self):
        self.log = Path(os.environ["XDG_RUNTIME_DIR"]) / "desktop.log"
        self.process = subprocess.Popen([sys.executable, str(Path(__file__).with_name("fake_desktop.py")), str(self.log)],
                                        stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()

    def calls(self, method=None):
        """What the program asked for so far: lists of the method's name and its arguments."""
        return [call for call in records(self.log) if method in (None, call[0])]

    def end(self):
        self.process.terminate()
        self.process.wait()


class Journey:
    """Steps of a person, each a TAP point. The first that fails ends the journey: the rest depends on it."""

    def __init__(self):
        self.count = 0
        self.failed = False
        self.unnamed = 0
        self.apps = []
        self.desktop = Desktop()
        self.announcements = Announcements()
        self.shots = os.environ.get("LORIKEET_SCREENSHOTS")
        atexit.register(self.end_helpers)  # also where the script breaks off

    def start(self, program, *args, **options):
        app = App(program, *args, **options)
        app.announcements = self.announcements
        self.apps.append(app)
        return app

    def step(self, text, function):
        """Runs function(); it fails by an exception or by returning False."""
        if self.failed:
            return None
        self.count += 1
        self.announcements.forget()
        try:
            value = function()
            good = value is not False
            note = "" if good else "it was otherwise"
        except Exception:
            good, value, note = False, None, traceback.format_exc()
        print(f"{'ok' if good else 'not ok'} {self.count} - {text}", flush=True)
        if not good:
            self.failed = True
            for line in note.splitlines() + self.describe():
                print("# " + line, flush=True)
            self.shot("failed")
        return value

    def audit(self, app, page):
        """No control on the page is without a name; a point of its own, after which the journey goes on."""
        if self.failed:
            return
        self.count += 1
        unnamed = unnamed_at_last(app)
        print(f"{'not ok' if unnamed else 'ok'} {self.count} - every control of {page} has a name", flush=True)
        for trail in unnamed[:10]:
            print("# " + trail)
        self.unnamed += len(unnamed)

    def describe(self):
        """What is on the screen, for whoever reads a failure."""
        lines = []
        for app in self.apps:
            lines += told(app.stderr().splitlines())
            try:
                lines += [f"  {n.get_role_name()}: {n.get_name()!r}" for n in walk(app.node) if n.get_name()][:120]
            except GLib.Error:
                lines.append("  (the program is gone)")
        return lines

    def shot(self, name):
        if self.shots:
            Path(self.shots).mkdir(parents=True, exist_ok=True)
            path = Path(self.shots) / f"{Path(sys.argv[0]).stem}-{name}.png"
            subprocess.run(["import", "-window", "root", str(path)], check=False)

    def end_helpers(self):
        self.desktop.end()
        self.announcements.end()

    def done(self):
        for app in self.apps:
            running = app.process.poll() is None
            if running and not self.failed:
                self.step("the program quits", lambda app=app: app.quit() == 0)
            app.kill()
            warnings = [line for line in app.stderr().splitlines() if WARNING.search(line)]
            self.count += 1
            print(f"{'not ok' if warnings else 'ok'} {self.count} - no warnings", flush=True)
            for line in warnings[:40]:
                print("# " + line)
            self.failed = self.failed or bool(warnings)
        self.end_helpers()
        print(f"1..{self.count}")
        sys.exit(1 if self.failed or self.unnamed else 0)


def told(lines):
    """The end of what a program said, or what a sanitizer found."""
    found = next((number for number, line in enumerate(lines) if "Sanitizer:" in line or "runtime error:" in line), None)
    return lines[-20:] if found is None else lines[found:found + 150]


CONTROLS = {"button", "toggle button", "check box", "radio button", "text", "entry", "slider", "spin button",
            "combo box", "list item", "switch", "link", "table cell", "image"}


def unnamed_at_last(app):
    """Those that stay so: a name may come after what it names."""
    found = []

    def all_named():
        found[:] = unnamed_controls(app)
        return not found
    with contextlib.suppress(Missing):
        wait_for("names of all controls", all_named, PATIENCE / 4)
    return found


def unnamed_controls(app):
    """Controls on the screen that a screen reader could not name: the audit of a page."""
    found = []
    for node in walk(app.node):
        try:
            if not is_in_state(node, Atspi.StateType.FOCUSABLE) or node.get_role_name() not in CONTROLS:
                continue
            name = node.get_name() or ""
        except GLib.Error:
            continue  # it has gone meanwhile
        if not name.strip():
            trail, up = [], node
            while up is not None and len(trail) < 5:
                trail.append(f"{up.get_role_name()} {up.get_name()!r}")
                up = up.get_parent()
            found.append(" < ".join(trail))
    return found
