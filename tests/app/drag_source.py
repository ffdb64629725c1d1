"""A small window from which files can be dragged: drag_source.py FILE... prints a line when it is on the screen and
another when a drag has ended: "cancelled" where nobody took it."""

import sys

import gi

gi.require_version("Gdk", "4.0")
gi.require_version("Gtk", "4.0")
from gi.repository import Gdk, Gio, GLib, Gtk  # noqa: E402

Gtk.init()
files = Gdk.FileList.new_from_array([Gio.File.new_for_path(path) for path in sys.argv[1:]])
window = Gtk.Window(decorated=False, default_width=60, default_height=40, child=Gtk.Label(label="drag"))
source = Gtk.DragSource(actions=Gdk.DragAction.COPY)
source.connect("prepare", lambda *_: Gdk.ContentProvider.new_for_value(files))
cancelled = []
source.connect("drag-cancel", lambda *_: cancelled.append(True))  # and it may go back to where it came from
source.connect("drag-end", lambda *_: print("cancelled" if cancelled else "ended", flush=True))
window.add_controller(source)
window.connect("map", lambda *_: GLib.timeout_add(150, lambda: print("shown", flush=True)))
window.present()
GLib.MainLoop().run()
