"""What a desktop offers on the bus: notifications and keeping awake. Writes a line of JSON for every call to the file
that it is given: ["Notify", application, title, body], ["Inhibit", application, reason, flags], ["Uninhibit", cookie]."""

import json
import sys

from gi.repository import Gio, GLib

INTERFACES = """<node>
<interface name="org.freedesktop.Notifications">
  <method name="Notify"><arg type="s" direction="in"/><arg type="u" direction="in"/><arg type="s" direction="in"/>
    <arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="as" direction="in"/>
    <arg type="a{sv}" direction="in"/><arg type="i" direction="in"/><arg type="u" direction="out"/></method>
  <method name="CloseNotification"><arg type="u" direction="in"/></method>
  <method name="GetCapabilities"><arg type="as" direction="out"/></method>
  <method name="GetServerInformation"><arg type="s" direction="out"/><arg type="s" direction="out"/>
    <arg type="s" direction="out"/><arg type="s" direction="out"/></method>
  <signal name="ActionInvoked"><arg type="u"/><arg type="s"/></signal>
</interface>
<interface name="org.gnome.SessionManager">
  <method name="RegisterClient"><arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="o" direction="out"/></method>
  <method name="UnregisterClient"><arg type="o" direction="in"/></method>
  <method name="Inhibit"><arg type="s" direction="in"/><arg type="u" direction="in"/><arg type="s" direction="in"/>
    <arg type="u" direction="in"/><arg type="u" direction="out"/></method>
  <method name="Uninhibit"><arg type="u" direction="in"/></method>
</interface>
</node>"""

log = open(sys.argv[1], "a", encoding="utf-8")
numbers = iter(range(1, 1 << 30))


def note(*what):
    print(json.dumps(what, ensure_ascii=False), file=log, flush=True)


def call(connection, sender, path, interface, method, parameters, invocation):
    values, answer = parameters.unpack(), None
    if method == "Notify":
        note("Notify", values[0], values[3], values[4])
        answer = GLib.Variant("(u)", (next(numbers),))
    elif method == "GetCapabilities":
        answer = GLib.Variant("(as)", (["body", "actions"],))
    elif method == "GetServerInformation":
        answer = GLib.Variant("(ssss)", ("fake", "tests", "1", "1.2"))
    elif method == "RegisterClient":
        answer = GLib.Variant("(o)", ("/org/gnome/SessionManager/Client1",))
    elif method == "Inhibit":
        note("Inhibit", values[0], values[2], values[3])
        answer = GLib.Variant("(u)", (next(numbers),))
    elif method == "Uninhibit":
        note("Uninhibit", values[0])
    invocation.return_value(answer)


bus = Gio.bus_get_sync(Gio.BusType.SESSION)
node = Gio.DBusNodeInfo.new_for_xml(INTERFACES)
for path, name in (("/org/freedesktop/Notifications", "org.freedesktop.Notifications"),
                   ("/org/gnome/SessionManager", "org.gnome.SessionManager")):
    bus.register_object(path, node.lookup_interface(name), call, None, None)
    Gio.bus_own_name_on_connection(bus, name, Gio.BusNameOwnerFlags.NONE, None, None)
print("ready", flush=True)
GLib.MainLoop().run()
