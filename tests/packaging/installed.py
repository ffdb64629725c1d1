"""meson install into a folder of its own: exactly the files of installed.txt, where packages have them; desktop file,
MIME types and the rest belong together. Usage: installed.py INSTALLED_TXT BUILD LIBDIR"""

import configparser
import os
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

golden, build, libdir = sys.argv[1:4]
APP = "io.github.lorikeet_lora.Lorikeet"
count = failed = 0


def check(good, text, *notes):
    global count, failed
    count += 1
    failed += not good
    print(f"{'ok' if good else 'not ok'} {count} - {text}")
    for note in notes if not good else ():
        print("# " + str(note))


dest = Path(tempfile.mkdtemp(prefix="lorikeet-install."))
run = subprocess.run(["meson", "install", "-C", build, "--no-rebuild", "--quiet", "--destdir", str(dest)],
                     capture_output=True, text=True, env={**os.environ, "DESTDIR": ""})
check(run.returncode == 0, "meson install works", *(run.stdout + run.stderr).splitlines()[-20:])
[prefix] = [p.parent for p in dest.glob("**/bin")] or [dest]

# Caches are a package's own business: with --destdir none may appear.
found = {path.relative_to(prefix).as_posix() for path in prefix.rglob("*") if not path.is_dir()}
found = {re.sub(r"^" + re.escape(libdir) + "/", "LIBDIR/", name) for name in found}
wanted = set(Path(golden).read_text(encoding="utf-8").split())
optional = {"LIBDIR/lorikeet/lorikeet-cuda.so"}
check(not found - wanted - optional, "nothing is installed that installed.txt does not name", *sorted(found - wanted))
check(not wanted - found, "all that it names is installed", *sorted(wanted - found))
outside = [p for p in dest.rglob("*") if not p.is_dir() and prefix not in p.parents]
check(not outside, "nothing goes elsewhere", *outside)

desktop = configparser.ConfigParser(interpolation=None, strict=True)
desktop.optionxform = str
desktop.read(prefix / f"share/applications/{APP}.desktop", encoding="utf-8")
entry = desktop["Desktop Entry"]
types = set(filter(None, entry["MimeType"].split(";")))
mime = ElementTree.parse(prefix / f"share/mime/packages/{APP}.xml")
own = {node.get("type") for node in mime.iter("{http://www.freedesktop.org/standards/shared-mime-info}mime-type")}
check(types == own | {"inode/directory"}, "the desktop file opens our file types and folders", types ^ own)
metainfo = ElementTree.parse(prefix / f"share/metainfo/{APP}.metainfo.xml").getroot()
check({n.text for n in metainfo.iter("mediatype")} == own, "the metainfo names the same types")
check({n.text for n in metainfo.iter("binary")} == {p.name for p in (prefix / "bin").iterdir()}, "and the programs")
actions = set(filter(None, entry["Actions"].split(";")))
check(actions == {s.split(" ", 2)[2] for s in desktop.sections() if s.startswith("Desktop Action ")}, "each action has its section")
# Actions and files come by the message bus, so the service must be there, and the same program.
service = (prefix / f"share/dbus-1/services/{APP}.service").read_text(encoding="utf-8")
command = re.search(r"^Exec=(\S+) --gapplication-service$", service, re.M)
check(entry.getboolean("DBusActivatable") and f"Name={APP}\n" in service and command, "the D-Bus service goes with DBusActivatable")
check(command and (dest / command[1].lstrip("/")).is_file(), "and starts the installed program")
search = configparser.ConfigParser()
search.read(prefix / f"share/gnome-shell/search-providers/{APP}.search-provider.ini", encoding="utf-8")
check(search["Shell Search Provider"]["BusName"] == APP and search["Shell Search Provider"]["DesktopId"] == f"{APP}.desktop",
      "the search provider is the same program")

# A file of each type is recognised by the installed database.
if shutil.which("update-mime-database") and shutil.which("gio"):
    subprocess.run(["update-mime-database", str(prefix / "share/mime")], check=False, capture_output=True)
    (dest / "a.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0{\"a\":{}}        ")
    (dest / "a.lorikeet.toml").write_text("network_dim = 4\n")
    for name, kind in (("a.safetensors", "application/x-safetensors"), ("a.lorikeet.toml", "application/x-lorikeet-job+toml")):
        answer = subprocess.run(["gio", "info", "-a", "standard::content-type", str(dest / name)], capture_output=True, text=True,
                                env={**os.environ, "XDG_DATA_DIRS": f"{prefix}/share:/usr/share", "GIO_USE_VFS": "local"})
        check(kind in answer.stdout, f"{name} is {kind}", answer.stdout, answer.stderr)
shutil.rmtree(dest)
print(f"1..{count}")
sys.exit(1 if failed else 0)
