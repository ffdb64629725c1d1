#!/usr/bin/env python3
"""The manifest for ./dev flatpak: the same one, with sources that are on this machine.

usage: local_manifest.py MANIFEST SOURCES MODULES

Our own module is built from the folder SOURCES. The other modules are left out where MODULES is empty (the
local runtime has what they build); else they come from the git repositories in that folder, at the commits
that the manifest pins.
"""
import json
import os
import sys


def local(manifest, sources, modules):
    kept = []
    for module in manifest["modules"]:
        source = module["sources"][0]
        if source["type"] == "dir":
            module["sources"] = [{"type": "dir", "path": sources}]
        elif modules:
            name = os.path.basename(source["url"]).removesuffix(".git")
            module["sources"] = [{"type": "git", "url": "file://" + os.path.join(modules, name), "commit": source["commit"]}]
        else:
            continue
        kept.append(module)
    manifest["modules"] = kept
    manifest["appstream-compose"] = False  # the Debian runtime has no tool for it
    return manifest


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        json.dump(local(json.load(file), *sys.argv[2:4]), sys.stdout, indent=2)
