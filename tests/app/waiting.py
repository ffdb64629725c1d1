"""Waiting for what is to come: nothing waits for a fixed time, and a deadline is there for what never comes."""

import contextlib
import os
import time

from gi.repository import GLib

HASTE = float(os.environ.get("LORIKEET_HASTE", "1"))  # 10: a tenth of the time, for whoever writes a journey
PATIENCE = 60.0 / HASTE  # seconds, for what a window does at once
SLOW = 400.0 / HASTE  # for what the engine has to do first


class Missing(Exception):
    """Something that a person should see is not there."""


def wait_for(what, condition, seconds=PATIENCE):
    """The first true value of condition(); Missing after the deadline."""
    deadline, pause = time.monotonic() + seconds, 0.02
    while True:
        try:
            value = condition()
            if value:
                return value
        except GLib.Error:
            pass  # the widget went away while we looked
        if time.monotonic() > deadline:
            raise Missing(what)
        time.sleep(pause)
        pause = min(0.2, pause * 1.3)


def until(what, done, do):
    """Does again what may come to nothing, such as a drag where the program is too busy to agree while the button is down."""
    for _ in range(5):
        do()
        with contextlib.suppress(Missing):
            return wait_for(what, done, PATIENCE / 4)
    raise Missing(what)


def at_rest(what, look):
    """What look() gives once it gives the same three times."""
    seen = []

    def same():
        seen.append(look())
        return seen[-3:] == 3 * [seen[-1]]
    wait_for(f"{what} to be at rest", same)
    return seen[-1]
