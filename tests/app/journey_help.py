"""The help: F1 for what is shown, a search, links, the way back, and what leads to a page from where a question
arises."""

import re
import subprocess
import sys

from driver import GLib, Journey, children
from hands import key, type_text, xdotool
from waiting import PATIENCE, wait_for

program = sys.argv[1]
j = Journey()
app = j.start(program)


def help_window():
    return next((w for w in children(app.node) if w.get_name() == "Help"), None)


def in_help():
    xdotool("mousemove", 500, 300)  # without a window manager the keyboard is where the pointer is
    return wait_for("the help window", help_window)


def in_window():
    xdotool("mousemove", 1150, 780)


def page(title):
    return app.find("heading", title, in_help())


def close():
    in_help()
    key("Escape")
    wait_for("the help to go", lambda: not help_window())
    in_window()


in_window()
j.step("F1 on the first page tells of it", lambda: (key("F1"), page("The Projects Page")))
j.audit(app, "the help")
j.shot("projects")
j.step("Escape closes it", close)


def on_dataset():
    app.press("button", "Open Example")
    app.sees(re.compile("[Cc]ontinue"))
    in_window()
    key("F1")
    page("The Dataset Page")


j.step("F1 on another page tells of that", on_dataset)


def search():
    in_help()
    key("ctrl+f")
    type_text("secure boot")
    wait_for("one topic", lambda: [row.get_name() for row in app.all("list item", None, app.find("list", "Topics"))] == [
        "A Graphics Card Is Not Found"])
    key("Return")
    page("A Graphics Card Is Not Found")


j.step("a search finds a word in the text of a page", search)
j.shot("search")


def link():
    row = app.scroll_to("list item", "How long does it take?", 600, 400, bottom=640)
    app.click(row)
    page("How Long Does It Take?")


j.step("a link leads on", link)
j.step("and the button leads back", lambda: (app.press("button", "Back", help_window()), page("A Graphics Card Is Not Found")))
j.step("as does the key", lambda: (in_help(), key("alt+Left"), page("The Dataset Page")))


def emptied():
    key("ctrl+f")
    key("Escape")
    wait_for("all topics", lambda: len(app.all("list item", None, app.find("list", "Topics"))) > 8)
    type_text("zebra crossing")
    app.sees(re.compile("^Nothing in the help"))
    key("Escape")
    app.find("list item", "What Is a LoRA?")


j.step("nothing found is said, and Escape brings the topics back", emptied)
j.step("asked for while it is open it turns its page", lambda: (
    app.action("show-page", GLib.Variant("s", "results")), app.sees("No Results Yet"),
    app.action("help", GLib.Variant("s", ""), window=False), page("The Results Page")))
j.step("and it is closed", close)


def parameter():
    app.action("show-page", GLib.Variant("s", "parameters"))
    app.press("button", re.compile("^About Rank"))
    app.press("button", "Read More in the Help")
    page("Rank and Alpha")
    close()


j.step("the explanation of a parameter leads to its page", parameter)
j.step("the menu has it", lambda: (app.action("help", GLib.Variant("s", ""), window=False), page("The Parameters Page"), close()))


def launcher(option):
    """As a launcher does it while the program runs."""
    assert subprocess.run([program, option], timeout=PATIENCE, check=False).returncode == 0


def from_launcher():
    launcher("--system-check")
    app.find("list item", "Processor")
    in_window()
    key("F1")
    page("System Check and Preferences")
    close()
    launcher("--new-project")
    app.find("text", "Name")
    key("F1")
    page("Your First LoRA")
    close()


j.step("what a launcher offers is done in the window, and F1 knows page and dialog", from_launcher)
j.done()
