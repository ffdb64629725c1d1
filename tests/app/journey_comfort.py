"""For people who need large text, strong contrast or no motion: with large text (in a new home twice as large as usual), in
high contrast and without animations, every page and dialog fits a narrow window, nothing on it is cut off at the side, and
GTK has nothing to say.
(Without animations go all journeys.)

Everybody's run goes through a new home; LORIKEET_STYLES=all through a project in the middle of its life as well, in both
languages (six minutes)."""

import contextlib
import os
import re
import sys
import tempfile
from pathlib import Path

import screenshots
import tour
from driver import CONTROLS, Atspi, GLib, Journey, children
from waiting import PATIENCE, Missing, until, wait_for

program, model, pictures, seed_story, lora = map(os.path.realpath, sys.argv[1:6])
build = Path(program).parents[2]
LARGE = 1.25  # what the desktop calls large text
screenshots.STYLES["en-double"] = ("en", False, False, 2)
NARROW = screenshots.WIDTHS["narrow"][0]
# What may be wider than the window because it scrolls sideways: strips of pictures, tables, texts with long lines.
SIDEWAYS = {"table", "tree table", "text", "list box"}
STRIP = re.compile(r"^\d{5}-.*\.png$")
# Popovers are windows of their own, which choose their place and would be made narrow with the others.
POPOVERS = {"dataset-add-tag", "dataset-replace", "dataset-filter-help", "parameters-help", "parameters-presets", "test-loras"}


def cut_off(node, trail=()):
    """Controls that are on the screen and reach outside the window."""
    states, role = node.get_state_set(), node.get_role_name()
    if trail and not states.contains(Atspi.StateType.SHOWING):
        return
    name = (node.get_name() or "").strip()
    if role in CONTROLS and role not in SIDEWAYS and not STRIP.match(name) and states.contains(Atspi.StateType.FOCUSABLE):
        box = node.get_extents(Atspi.CoordType.WINDOW)
        if box.width > 0 and (box.x < -13 or box.x + box.width > NARROW):
            yield f"{role} {name!r} from {box.x} to {box.x + box.width}"
    if role in SIDEWAYS:
        return
    for child in children(node):
        try:
            yield from cut_off(child, (*trail, role))
        except GLib.Error:
            continue  # it has gone meanwhile


def clean(line):
    """What a line of the program's errors says, without when and where."""
    return re.sub(r"^.*?: [\d:.]+: |0x\w+ ", "", line)


j = Journey()
with open(os.path.join(os.environ["XDG_CONFIG_HOME"], "gtk-4.0/settings.ini"), "a", encoding="utf-8") as settings:
    settings.write("gtk-decoration-layout=:close\n")  # as GNOME has it


def go(style, story):
    language, dark, _, _ = screenshots.STYLES[style]
    camera, problems = screenshots.Camera(os.devnull, style), []
    camera.screen.set_text_size(LARGE if story else screenshots.STYLES[style][3])
    locale = {"en": "C.UTF-8", "zh_CN": "zh_CN.UTF-8"}[language]
    env = {"LANG": locale, "LC_ALL": locale, "G_DEBUG": "", "ADW_DEBUG_HIGH_CONTRAST": "1"}

    # An alert has its heading in two sizes and measures the large one, which cannot wrap, wherever it is narrow: libadwaita's
    # own, and no flaw of ours.
    of_alerts = set()

    def visit(stop):
        before = len(app.stderr().splitlines())
        print(f"# {stop}", len(re.findall("WARNING|CRITICAL", app.stderr())), flush=True)
        if stop in POPOVERS:
            return
        width, height = camera.resize("narrow")
        camera.screen.at_rest(app, width, height)
        found = []

        def all_fit():
            found[:] = cut_off(app.node)
            return not found
        with contextlib.suppress(Missing):  # a slow program may not be that narrow yet
            wait_for("all to fit", all_fit, PATIENCE / 4)
        problems.extend(f"{stop}: {what}" for what in found)
        camera.screen.at_rest(app, *camera.resize("wide"))
        if app.all("alert"):
            of_alerts.update(clean(line) for line in app.stderr().splitlines()[before:] if "Trying to measure GtkLabel" in line)

    with tempfile.TemporaryDirectory(prefix="lorikeet-comfort-") as home:
        camera.app = app = tour.start(home, program, dark=dark, models=[tour.DEMO / "base.safetensors"], env=env,
                                      story=(seed_story, lora) if story else None)
        j.apps.append(app)
        camera.resize("wide")
        way = tour.Tour(app, tour.translation(build, language), visit)
        way.story(training=False) if story else way.fresh()
        told = {clean(line) for line in app.stderr().splitlines()} - of_alerts
        problems += way.problems + sorted(line for line in told if re.search("WARNING|CRITICAL|needs at least|exceeds", line))
        app.kill()
        j.apps.remove(app)  # what it told was judged here
    for problem in problems:
        print("# " + problem)
    return not problems


def message_is_no_hindrance(app, way):
    """A message lies above the bar at the bottom. It is there for five seconds, and is asked for again by whoever was late."""
    way.page("test")
    app.find("list item", re.compile("^0000"))

    def above():
        for message in app.each("label", "Picture copied"):
            return app.is_above(message, app.find("toggle button", "Picture Menu"))
        return False
    until("the message above the bar", above, lambda: app.choose("Picture Menu", 3))


def turn_pages():
    """One page lies on the other in a narrow window: they come by keys and links in any order, and go back."""
    camera = screenshots.Camera(os.devnull, "en-light")
    camera.screen.set_text_size(1)
    with tempfile.TemporaryDirectory(prefix="lorikeet-comfort-") as home:
        camera.app = app = tour.start(home, program, models=[tour.DEMO / "base.safetensors"], story=(seed_story, lora))
        j.apps.append(app)
        way = tour.Tour(app, tour.translation(build, "en"), None)
        way.press("button", "_Later")
        way.dialogs_gone()
        way.open_project()
        camera.resize("narrow")
        for pages in (("training", "results", "training"), ("results", "tasks", "results")):
            for page in pages:
                way.page(page)
                app.find("grouping", page.title())
            app.press("button", re.compile("^(Back|Lorikeet Mascot)$"))
            app.find("list", "Steps of the Project")
        app.press("list item", "Training")
        app.find("grouping", "Training")
        message_is_no_hindrance(app, way)
        return app.quit() == 0


every = os.environ.get("LORIKEET_STYLES") == "all"
j.step("every page and dialog of a new home fits a narrow window", lambda: go("en-double", False))
j.step("in a narrow window pages come and go in any order", turn_pages)
for style in ("en-large", "zh-large") if every else ():
    j.step(f"{style}: so does every page and dialog of a project", lambda style=style: go(style, True))
j.done()
