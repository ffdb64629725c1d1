#!/usr/bin/env python3
"""The manifest for ./dev flatpak: the same one, with sources that are on this machine.

usage: local_manifest.py MANIFEST SOURCES MODULES FAST

Our own module is built from the folder SOURCES. Of the other modules those are built that have a git repository in
the folder MODULES, at the commits that the manifest pins, without optimisation where FAST is not empty; the others are
left out, as all are where MODULES is empty: the local runtime has what they build.
"""
import json
import os
import sys


def local(manifest, sources, modules, fast):
    kept = []
    for module in manifest["modules"]:
        source = module["sources"][0]
        if source["type"] == "dir":
            module["sources"] = [{"type": "dir", "path": sources}]
        elif modules and os.path.isdir(repository := os.path.join(modules, os.path.basename(source["url"]).removesuffix(".git"))):
            module["sources"][0] = {"type": "git", "url": "file://" + repository, "commit": source["commit"]}
            for beside in module["sources"][1:]:
                if "path" in beside:
                    beside["path"] = os.path.join(sources, "flatpak", beside["path"])
            if module["buildsystem"] == "cmake-ninja":
                module["make-args"] = ["-l0"]  # on a busy machine ninja would compile one file at a time
            if fast and module["buildsystem"].startswith("cmake"):
                module["config-opts"] += ["-DCMAKE_C_FLAGS_RELEASE=-O0", "-DCMAKE_CXX_FLAGS_RELEASE=-O0"]
        else:
            continue
        kept.append(module)
    manifest["modules"] = kept
    manifest["appstream-compose"] = False  # the Debian runtime has no tool for it
    return manifest


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        json.dump(local(json.load(file), *sys.argv[2:5]), sys.stdout, indent=2)
