"""The window open for long with a training in it, and somebody who looks at its pages: no more memory, open files or threads
at the end than at the beginning. LORIKEET_SECONDS=3600 for an hour; otherwise a few rounds through the pages."""

import os
import re
import sys
import time
from pathlib import Path

from driver import Atspi, Journey, text_of
from hands import key
from waiting import SLOW, wait_for

program = sys.argv[1]
seconds = float(os.environ.get("LORIKEET_SECONDS", "0"))
ROUNDS = 6  # of the short form, the first third of which only fills what is kept
PAGES = ["Dataset", "Parameters", "Training", "Test", "Results", "Tasks"]
GROWTH = 16 << 10  # KiB: what a heap's pieces move by; a page that is kept each time, or a step's record, is far more

j = Journey()
home = Path(os.environ["HOME"])
settings = Path(os.environ["XDG_CONFIG_HOME"]) / "glib-2.0" / "settings"
settings.mkdir(parents=True, exist_ok=True)
(settings / "keyfile").write_text(f"[io/github/lorikeet_lora/Lorikeet]\nprojects-folder='{home}/projects'\n")
# Samples now and then, and one thread, so that nothing else on the machine suffers from an hour of this.
app = j.start(program, env={"OMP_NUM_THREADS": "1"})


def set_number(name, value):
    node = app.find("spin button", name)
    Atspi.Value.set_current_value(node.get_value_iface(), value)
    wait_for(f"{name} to be {value}", lambda: text_of(node) == str(value))


def train():
    app.press("button", "Open Example")
    app.sees("20 pictures", SLOW)
    key("alt+2")
    app.sees(re.compile("Ready to train"), SLOW)
    set_number("Epochs", 1000000)
    set_number("Save Every n Epochs", 100)
    app.sees(re.compile("Ready to train"), SLOW)
    key("ctrl+Return")
    app.sees(re.compile("Running, Task 1"), SLOW)


def steps():
    """Steps that the training page tells of; None where it does not show one."""
    return app.number(re.compile(r"^Step [\d,]+ of"))


def look():
    """(seconds, resident KiB, of it own KiB, open files, threads)"""
    status = dict(re.findall(r"^(\w+):\s+(\d+)", Path(f"/proc/{app.process.pid}/status").read_text(), re.M))
    files = len(os.listdir(f"/proc/{app.process.pid}/fd"))
    return time.monotonic() - begun, int(status["VmRSS"]), int(status["RssAnon"]), files, int(status["Threads"])


def round_of_pages():
    """Every page once, back to the training; what the process holds then."""
    for number in [*range(1, len(PAGES) + 1), 3]:
        key(f"alt+{number}")
        app.page_shown(PAGES[number - 1])
        if seconds:
            time.sleep(30)
    wait_for("steps", steps, SLOW)
    seen.append(look())
    if seconds:
        print("# %5.0f s: %d KiB resident, %d of them own, %d open files, %d threads" % seen[-1], flush=True)


def open_for_long():
    while len(seen) < ROUNDS or time.monotonic() - begun < seconds:
        round_of_pages()
    return seen[-1]


def at_most(which, more):
    """Whether the last third of the rounds holds no more than the second one did, and figures."""
    third = len(seen) // 3
    before = max(s[which] for s in seen[third : 2 * third])
    after = max(s[which] for s in seen[2 * third :])
    print(f"# {before} in the second third, {after} in the last", flush=True)
    return after <= before + more


seen = []
j.step("the example is trained", train)
begun = time.monotonic()
first = j.step("steps are counted", lambda: wait_for("steps", steps, SLOW))
j.step("its pages are looked at, round after round", open_for_long)
j.step("more steps were trained meanwhile", lambda: wait_for("more steps", lambda: (steps() or 0) > first, SLOW))
print(f"# {steps()} steps, {len(seen)} rounds, {time.monotonic() - begun:.0f} seconds", flush=True)
j.step("its memory has not grown", lambda: at_most(2, GROWTH))  # pages of files come and go as the system likes
j.step("nor have open files", lambda: at_most(3, 2))
j.step("nor threads", lambda: at_most(4, 2))


def stop():
    app.press("button", "Stop…")
    app.press("button", "Stop and Save")
    app.sees(re.compile("Stopped, Task 1"), SLOW)


j.step("it is stopped and saved", stop)
j.done()
