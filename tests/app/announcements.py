"""What programs announce to a screen reader, such as messages that are on the screen for some seconds only: a line of JSON
each, to the file that it is given."""

import json
import sys

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402

log = open(sys.argv[1], "a", encoding="utf-8")


def note(event):
    print(json.dumps(event.any_data.removeprefix("A toast appeared: "), ensure_ascii=False), file=log, flush=True)


listener = Atspi.EventListener.new(note)
listener.register("object:announcement")
print("ready", flush=True)
GLib.MainLoop().run()
