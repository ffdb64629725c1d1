"""Tasks: the queue is put into another order by keys, menu and mouse and survives a restart; a task's page shows what it
was; it gets another name; it goes on, and a new one begins with its settings."""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from driver import Atspi, GLib, Journey, is_in_state, query, text_of
from hands import key, pull
from waiting import PATIENCE, SLOW, until, wait_for

program, model, pictures, seed_store, lora = map(os.path.realpath, sys.argv[1:6])
home = tempfile.TemporaryDirectory(prefix="lorikeet-tasks-")
store = Path(os.environ["XDG_DATA_HOME"]) / "lorikeet" / "lorikeet.db"
subprocess.run([seed_store, store, Path(home.name) / "project", model, lora, pictures, "4"], check=True)
ROW, TASK = re.compile(r"^Rainbow Lorikeet · Task \d$"), re.compile(r"^Task \d$")

j = Journey()
app = j.start(program)


def rows(app):
    return app.all("list item", ROW)


def order(app):
    return [int(name[-1]) for name in app.names("list item", ROW)]


def wait_order(app, *wanted):
    return wait_for(f"the order {wanted}, not {order(app)}", lambda: order(app) == list(wanted))


def stored(*wanted):
    """The order in the store, read by another program."""
    return wait_for(f"the stored order {wanted}", lambda: [number for number, in query(
        store, "SELECT number FROM task WHERE state = 'queued' AND deleted = 0 ORDER BY place")] == list(wanted))


def focused(number):
    return wait_for(f"the focus on task {number}", lambda: any(
        row.get_name().endswith(f"Task {number}") and is_in_state(row, Atspi.StateType.FOCUSED)
        for row in rows(app)))


def focus_row(number):
    """Tab into the list, then down to the row."""
    app.tab_to("list item", ROW)
    key("Home", *["Down"] * order(app).index(number))
    focused(number)


def row_of(app, number):
    return app.find("list item", f"Rainbow Lorikeet · Task {number}")


j.step("the project opens", lambda: app.open_project("Rainbow Lorikeet"))
j.step("the sidebar says that tasks wait", lambda: app.press("button", "4 tasks wait"))
j.step("the queue shows them in their order", lambda: wait_order(app, 3, 4, 5, 6))
j.audit(app, "the queue")
j.shot("queue")


def by_keys():
    focus_row(5)
    key("alt+Up")
    wait_order(app, 3, 5, 4, 6)
    focused(5)
    key("alt+Up")
    wait_order(app, 5, 3, 4, 6)
    key("alt+Up")
    key("alt+Down")
    wait_order(app, 3, 5, 4, 6)
    stored(3, 5, 4, 6)


j.step("Alt with up and down moves a task, and the focus goes with it", by_keys)


def by_menu():
    app.press("toggle button", "Place in the Queue")
    items = wait_for("the menu", lambda: (found := app.all("menu item")) and len(found) == 3 and found)
    wait_for("the first not to go up", lambda: not is_in_state(items[0], Atspi.StateType.SENSITIVE))
    items[1].do_action(0)
    wait_order(app, 5, 3, 4, 6)


j.step("its menu does the same", by_menu)


def middle(node):
    box = node.get_extents(Atspi.CoordType.WINDOW)
    return box.x + 17 + box.width // 3, box.y + 17 + box.height // 2


def by_mouse():
    until("the order", lambda: order(app) == [6, 5, 3, 4], lambda: pull(*middle(row_of(app, 6)), *middle(row_of(app, 5))))
    stored(6, 5, 3, 4)


j.step("dragging moves a task", by_mouse)


def remove():
    focus_row(5)
    key("Delete")
    wait_order(app, 6, 3, 4)
    stored(6, 3, 4)
    key("Escape")
    app.find("button", "3 tasks wait")


j.step("Delete takes a task out of the queue", remove)


def listed(*numbers):
    wait_for(f"the tasks {numbers}", lambda: [row.get_name() for row in app.all("list item", TASK)] == [
        f"Task {n}" for n in numbers])


def page():
    key("alt+6")
    app.find("list item", "Task 6")
    listed(6, 5, 4, 3, 2, 1)


j.step("Alt+6 lists the project's tasks, the newest first", page)
j.audit(app, "the tasks")
j.shot("tasks")


def task():
    app.press("list item", "Task 2")
    app.sees("Finished after 360 steps")
    for epoch in (1, 2, 3):
        app.sees(f"Epoch {epoch}")
    app.sees("network_dim")
    app.sees("0.0002")
    app.gone("button", "Continue Training")


j.step("a task's page shows how it ended, its checkpoints and settings", task)
j.audit(app, "a task")
j.shot("task")


NAME = "Golden <hour> & rain/2"  # a name may have any character


def stored_name(number, name):
    wait_for(f"the name {name!r} in the store", lambda: query(
        store, "SELECT name FROM task WHERE number = ?", number) == [(name,)])


def rename_dialog():
    """The dialog and its entry, which has the focus."""
    dialog = app.find("alert", "Rename Task")
    entry = app.find("text", "Name", within=dialog)
    wait_for("the focus on the name", lambda: is_in_state(entry, Atspi.StateType.FOCUSED))
    return dialog, entry


def can_rename(dialog, wanted):
    wait_for(f"Rename to be sensitive: {wanted}", lambda: is_in_state(
        app.find("button", "Rename", within=dialog), Atspi.StateType.SENSITIVE) == wanted)


def ask_name():
    """From its page, by F2."""
    app.find("button", "Show Log")
    app.tab_to("button", "Show Results")
    key("F2")
    dialog, entry = rename_dialog()
    app.sees(re.compile("^The name is for you .* “Rainbow-Lorikeet”"))
    j.shot("rename")
    return dialog, entry


def rename(dialog, entry):
    for wrong, why in (("Task 3", "Another task of this project is called that."), ("x" * 81, re.compile("80 .* 81"))):
        app.set_text(entry, wrong)
        app.sees(why)
        can_rename(dialog, False)
    app.set_text(entry, "   ")
    can_rename(dialog, False)
    app.set_text(entry, f"  {NAME} ")
    can_rename(dialog, True)
    key("Return")
    app.gone("alert", "Rename Task")
    app.find("grouping", NAME)
    app.sees(re.compile("^Task 2. Its files are named “Rainbow-Lorikeet”"))
    j.shot("renamed")
    stored_name(2, NAME)


def follows():
    """The title of the pages of loss and results, the test page's LoRAs, the comparison, the list."""
    app.press("button", "Show Loss")
    app.sees(f"Finished, {NAME}")
    key("alt+5")
    app.press("toggle button", "Tasks of This Project")
    app.press("list item", NAME)
    app.sees(re.compile("^" + re.escape(NAME) + " · Finished"))
    key("alt+4")
    app.press("toggle button", "Insert a LoRA")
    app.sees(f"Task 2: {NAME}")
    key("Escape")
    key("alt+6")
    app.press("button", "Compare…")
    wait_for("the task on the left", lambda: app.all(None, NAME))
    key("Escape")
    app.gone(None, "Compare Parameters")
    app.press("button", "Back")
    app.find("list item", NAME)
    app.sees(re.compile("^Task 2 · Finished"))


def rename_waiting():
    """From the list by its menu and by F2, a task that waits: the queue shows it by its new name; its number is its name again
    where that is typed."""
    app.choose("Task Menu", 1)  # of the first, task 6
    dialog, entry = rename_dialog()
    app.set_text(entry, "Last of all")
    app.press("button", "Rename", dialog)
    app.find("list item", "Last of all")
    app.action("show-queue")
    app.find("list item", "Rainbow Lorikeet · Last of all")
    key("Escape")
    app.gone("list item", "Rainbow Lorikeet · Last of all")
    stored_name(6, "Last of all")
    app.tab_to("list item", "Last of all")
    key("F2")
    dialog, entry = rename_dialog()
    app.set_text(entry, "Task 6")
    app.press("button", "Rename", dialog)
    stored_name(6, "")
    app.press("list item", NAME)
    app.sees("Finished after 360 steps")
    app.tab_to("button", "Show Results")
    key("F2")
    dialog, entry = rename_dialog()
    app.set_text(entry, "Task 2")
    key("Return")
    app.find("grouping", "Task 2")
    stored_name(2, "")
    app.sees("Its files are named “Rainbow-Lorikeet”.")


asked = j.step("F2 asks for another name of a task", ask_name)
j.audit(app, "the dialog for a name")
j.step("it has to be one, and of no other task", lambda: rename(*asked))
j.step("every page calls it so", follows)
j.step("so does the queue; its number is its name again where that is typed", rename_waiting)


def compare():
    app.press("button", "Compare…")
    app.sees("Compare Parameters")
    wait_for("the task on the left", lambda: app.all(None, "Task 2"))
    app.sees("learning_rate")
    j.shot("compare")
    key("Escape")
    app.gone(None, "Compare Parameters")


j.step("its settings are compared with the project's", compare)


def choose(side, task):
    """By the mouse alone: the list is opened, and the task in it clicked."""
    dialog = app.find("dialog", "Compare Parameters")
    app.click(wait_for(side, lambda: next(
        (node for node in app.all("combo box", None, dialog) if node.get_description() == side), None)))
    app.click(app.find("list item", task))
    app.gone("list item", task)


def compared():
    """The keys of what differs, and the values on both sides, from left to right and top to bottom."""
    dialog = app.find("dialog", "Compare Parameters")
    return app.names("label", re.compile(r"^(learning_rate|network_dim|[\d.]+)$"), dialog)


def compare_tasks():
    """Two tasks side by side: what differs between them is shown and nothing else."""
    app.click(app.find("button", "Compare…"))
    app.sees("Compare Parameters")
    choose("Right side", "Task 3")
    wait_for("their rates alone", lambda: compared() == ["learning_rate", "0.0002", "0.0001"])
    choose("Left side", "Task 4")
    app.sees("Both are the same.")
    choose("Right side", "Task 2")
    wait_for("the rates the other way round", lambda: compared() == ["learning_rate", "0.0001", "0.0002"])
    j.shot("compare-tasks")
    app.click(app.find("button", "Close", app.find("dialog", "Compare Parameters")))
    app.gone(None, "Compare Parameters")


j.step("two tasks are compared with each other by the mouse", compare_tasks)


def new_task():
    app.press("button", "New Task from This One")
    wait_for("its rank", lambda: text_of(app.find("spin button", "Rank (network_dim)")) == "4")
    wait_for("its rate", lambda: text_of(app.find("text", re.compile("^Learning Rate"))) in ("0.0002", "2e-4", "2e-04"))
    j.shot("new")
    key("ctrl+z")
    wait_for("the rank as it was", lambda: text_of(app.find("spin button", "Rank (network_dim)")) != "4")


j.step("a new task begins with its settings, and Ctrl+Z brings the old ones back", new_task)


def results():
    key("alt+6")
    app.press("button", "Show Results")
    app.sees(re.compile("^Task 2 · Finished"))


j.step("its results are shown", results)


def folders(pattern="task-*"):
    return sorted(p.name for p in (Path(home.name) / "project").glob(pattern))


def delete_dialog(number):
    dialog = app.find("alert", f"Delete Task {number}?")
    app.sees(re.compile(r"take [\d.]+.[kM]B in “.*/task-%d”" % number))
    return dialog


def focus_task(number):
    """Tab into the list, then down to the row."""
    app.tab_to("list item", TASK)
    names = app.names("list item", TASK)
    key("Home", *["Down"] * names.index(f"Task {number}"))
    wait_for(f"the focus on task {number}", lambda: any(
        is_in_state(row, Atspi.StateType.FOCUSED) for row in app.all("list item", f"Task {number}")))


def delete():
    """From the list by key, with the files: they go to the trash when Undo is over, and not before."""
    key("alt+6")
    app.press("button", "Back")
    focus_task(2)
    key("Delete")
    j.shot("delete")
    app.press("button", "Cancel", delete_dialog(2))
    app.gone("alert")
    focus_task(2)
    key("Delete")
    app.press("button", "Delete with Its Files", delete_dialog(2))
    app.sees("Task 2 deleted")
    listed(6, 5, 4, 3, 1)
    app.press("button", "Undo")
    listed(6, 5, 4, 3, 2, 1)
    return "task-2" in folders()


def delete_for_good():
    """From its page by the menu."""
    before = folders()
    app.press("list item", "Task 1")
    app.sees(re.compile(r"^3 checkpoints\. With samples, states and log the task takes [\d.]+.[kM]B on the disk\.$"))
    app.choose("More", 5)
    app.press("button", "Delete with Its Files", delete_dialog(1))
    listed(6, 5, 4, 3, 2)
    wait_for("its folder to go", lambda: folders() == [name for name in before if name != "task-1"], SLOW)
    trash = Path(os.environ["XDG_DATA_HOME"]) / "Trash" / "files" / "task-1"
    return not trash.parent.exists() or len(list(trash.glob("*.safetensors"))) == 3


def delete_keep():
    app.press("list item", "Task 5")
    app.choose("More", 5)
    app.press("button", "Delete, Keep the Files", app.find("alert", "Delete Task 5?"))
    listed(6, 4, 3, 2)
    app.sees("Task 5 deleted")


j.step("Delete asks, and Undo brings a task back with its files", delete)
j.step("with its files a task goes to the trash", delete_for_good)
j.step("files can be kept", delete_keep)


def notification():
    (first,), = query(store, "SELECT id FROM task WHERE number = 2")
    app.action("home")
    app.find("label", "Rainbow Lorikeet")
    app.action("show-task", GLib.Variant("x", first), window=False)
    app.sees(re.compile("^Task 2 · Finished"))


j.step("what a notification of a task leads to is that task's page", notification)
j.step("the program quits", lambda: app.quit() == 0)
if j.failed:
    j.done()

again = j.start(program)
j.step("after a restart", lambda: again.open_project("Rainbow Lorikeet"))
j.step("three tasks wait", lambda: again.press("button", "3 tasks wait"))
j.step("the order is the same", lambda: wait_order(again, 6, 3, 4))
j.step("nothing began by itself", lambda: wait_for("the switch", lambda: again.find(
    None, "Hold the Queue").get_state_set().contains(Atspi.StateType.CHECKED)))


def first():
    again.press(None, "Hold the Queue")
    again.find("button", re.compile("^Epoch .* of |^Preparing"))
    wait_for("the first to train", lambda: re.search("Epoch", "".join(again.names("label"))), SLOW)
    wait_order(again, 6, 3, 4)
    key("Escape")
    again.find("button", "2 tasks wait")


j.step("let go, the first in the new order trains", first)


def stop():
    key("alt+3")
    again.sees(re.compile("^Running, Task 6"), SLOW)
    wait_for("a step", lambda: re.search(r"Step [1-9]", "".join(again.names("label"))), SLOW)
    again.action("show-queue")
    again.press(None, "Hold the Queue")
    key("Escape")
    again.press("button", "Stop…")
    again.press("button", "Stop and Save")
    again.sees(re.compile("^Stopped, Task 6"), SLOW)


j.step("it is stopped and saved while the queue is held", stop)


def go_on():
    key("alt+6")
    again.press("list item", "Task 6")
    again.sees(re.compile("^Stopped at step"))
    j.shot("stopped")
    again.press("button", "Continue Training")
    again.sees(re.compile("^Waiting, Task 6"), SLOW)
    again.press("button", "Start")
    again.find("button", "2 tasks wait")


j.step("Continue Training puts it at the end of the queue", go_on)


def steps():
    return query(store, "SELECT count(*) FROM metric")[0][0]


def background():
    """The window goes, the training goes on, and a second start brings the window back."""
    again.find("button", re.compile("^Epoch .* of "), seconds=SLOW)
    again.action("quit", window=False)
    again.press("button", "Go On in Background")
    wait_for("the window to go", lambda: not again.all("frame"))
    before = steps()
    wait_for("further steps", lambda: steps() > before, SLOW)
    subprocess.run([program], check=True, timeout=PATIENCE)
    again.find("label", "Rainbow Lorikeet")
    return again.process.poll() is None


def leave():
    again.open_project("Rainbow Lorikeet")
    again.find("button", re.compile("^Epoch .* of "), seconds=SLOW)
    again.action("quit", window=False)
    again.sees("A Training Is Running")
    again.press("button", "Stop and Quit")
    return again.process.wait(SLOW) == 0


j.step("closing while a task trains asks, and it goes on in the background", background)
j.step("quitting while a task trains asks first", leave)
j.done()
