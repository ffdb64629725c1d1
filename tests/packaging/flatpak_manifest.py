"""The Flatpak's manifests: what they may ask for is exactly this; every source is pinned to its content; what they configure
exists. Usage: flatpak_manifest.py TOP"""

import json
import re
import sys
from pathlib import Path

top = Path(sys.argv[1])
APP = "io.github.lorikeet_lora.Lorikeet"
# Files come by portals, so there is no --filesystem; nothing is fetched, so no --share=network. dri is graphics and, with
# NVIDIA's driver, computing.
ALLOWED = {"--share=ipc", "--socket=wayland", "--socket=fallback-x11", "--device=dri"}
# An unknown key is only warned of by flatpak-builder.
KEYS = {"id", "branch", "runtime", "runtime-version", "sdk", "command", "finish-args", "add-extensions", "cleanup", "modules",
        "build-extension", "separate-locales", "appstream-compose", "build-options"}
MODULE_KEYS = {"name", "buildsystem", "builddir", "config-opts", "cleanup", "sources", "build-commands", "post-install",
               "build-options", "no-debuginfo", "subdir"}
count = failed = 0


def check(good, text, *notes):
    global count, failed
    count += 1
    failed += not good
    print(f"{'ok' if good else 'not ok'} {count} - {text}")
    for note in notes if not good else ():
        print("# " + str(note))


def pinned(source):
    """Whether its content cannot change; our own sources are the folder itself."""
    kind = source["type"]
    if kind == "git":
        return source["url"].startswith("https://") and re.fullmatch(r"[0-9a-f]{40}", source.get("commit", "")) and "branch" not in source
    if kind in ("archive", "file", "extra-data"):
        return (source.get("url", "https://").startswith("https://") and re.fullmatch(r"[0-9a-f]{64}", source.get("sha256", ""))
                and (kind != "extra-data" or source["size"] > 0)) or (kind == "file" and (top / "flatpak" / source.get("path", "?")).is_file())
    return kind in ("dir", "script", "shell", "inline") and source.get("path", "..") == ".."


options = set(re.findall(r"option\('([^']+)'", (top / "meson.options").read_text(encoding="utf-8")))
for path in sorted((top / "flatpak").glob("*.json")):
    manifest = json.loads(path.read_text(encoding="utf-8"))
    name = path.name
    check(manifest["id"] == path.stem, f"{name} is called as its id", manifest["id"])
    check(set(manifest) <= KEYS, f"{name} has only known keys", set(manifest) - KEYS)
    modules = manifest["modules"]
    strange = [set(m) - MODULE_KEYS for m in modules if set(m) - MODULE_KEYS]
    check(not strange, "its modules likewise", strange)
    loose = [s for m in modules for s in m["sources"] if not pinned(s)]
    check(not loose, "every source is pinned", *loose)
    named = {o[2:].split("=")[0] for m in modules if m["name"].startswith("lorikeet") for o in m.get("config-opts", ()) if o.startswith("-D")}
    check(named <= options, "it sets only options that meson knows", named - options)
    online = [m["name"] for m in modules if "--share=network" in json.dumps(m)]
    check(not online, "nothing is fetched while it is built", online)

app = json.loads((top / "flatpak" / f"{APP}.json").read_text(encoding="utf-8"))
check(set(app["finish-args"]) == ALLOWED and len(app["finish-args"]) == len(ALLOWED), "it may do what it needs and nothing else",
      set(app["finish-args"]) ^ ALLOWED)
check(app["runtime"] == "org.gnome.Platform" and app["sdk"] == "org.gnome.Sdk" and app["runtime-version"].isdigit(), "it is for GNOME's runtime")
extension = app["add-extensions"][f"{APP}.CUDA"]
module = (top / "src/backend/cuda_module.c").read_text(encoding="utf-8")
check(f'"../{extension["directory"]}"' in module, "the program looks for the CUDA part where the extension lies", extension)
check(extension["no-autodownload"] and extension["version"] == app["branch"], "which is fetched only when asked for, of the same branch")
print(f"1..{count}")
sys.exit(1 if failed else 0)
