#!/usr/bin/env python3
"""What `lorikeet-cli devices` says on systems with driver libraries made for the test, for people and for machines.
Usage: test_programs.py PROGRAM FAKE_NVML FAKE_CUDA"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))
from lab import Lab, Tap  # noqa: E402

tap = Tap()
GOOD = ("libnvidia-ml.so.1", "libcuda.so.1", "libcudnn.so.9", "libcublasLt.so.13")

# (what it is, environment, libraries that are not there, part, state, words of text or remedy)
SYSTEMS = [
    ("all of it in order", {}, (), "libraries", "fine", "cuDNN 9.18.1"),
    ("a driver that is too old", {"FAKE_NVML_CUDA": "11040"}, (), "driver", "attention", "too old: Lorikeet needs CUDA 12"),
    ("a card that is closed to the user", {"FAKE_CUDA_ERROR": "304"}, (), "cuda", "missing", "/dev/nvidia*"),
    ("no device that CUDA finds", {"FAKE_CUDA_ERROR": "100", "CUDA_VISIBLE_DEVICES": "7"}, (), "cuda", "missing", "hides the card"),
    ("no memory at the start", {"FAKE_CUDA_ERROR": "2"}, (), "cuda", "missing", "Close browsers"),
    ("a card whose memory is taken", {"FAKE_NVML_FREE": "1"}, (), "card-memory", "attention", "Close programs"),
    ("a driver without its CUDA part", {}, ("libcuda.so.1",), "cuda", "missing", "libcuda1"),
    ("a cuDNN that is too old", {"FAKE_CUDNN": "90100"}, (), "libraries", "attention", "need cuDNN 9.18"),
    ("an updated driver", {"FAKE_NVML_ERROR": "18"}, (), None, None, None),
]  # fmt: skip


def folder_of(lab, name, missing, nvml, cuda):
    """A folder with the libraries that this system has; one that is missing is no library."""
    folder = lab / name
    folder.mkdir()
    for library in GOOD:
        if library in missing:
            (folder / library).write_text("not a library\n")
        else:
            (folder / library).symlink_to(nvml if library == GOOD[0] else cuda)
    return folder


def main():
    lab = Lab(sys.argv[1])
    nvml, cuda = (Path(p).resolve() for p in sys.argv[2:4])
    lab.env["LORIKEET_CUDA_MODULE"] = "/nowhere/lorikeet-cuda.so"
    try:
        for number, (what, env, missing, part, state, words) in enumerate(SYSTEMS):
            env = {**env, "LD_LIBRARY_PATH": str(folder_of(lab, f"libraries{number}", missing, nvml, cuda))}
            told = lab.run("devices", env=env)
            data = json.loads(lab.run("devices", "--json", env=env).stdout)
            module = next((d["reason"] for d in data["unusable"] if d["backend"] == "cuda"), "")
            good = told.returncode == 0 and "no CUDA backend" in module and any(d["id"] == "cpu" for d in data["devices"])
            if part:
                found = next((s for s in data["system"] if s["part"] == part), {})
                text = found.get("text", "") + " " + found.get("fix", "")
                good = good and found.get("state") == state and words in text and words in told.stdout
            else:  # nobody can tell whether a card is there: nothing is said of its parts unless the bus has one
                text = next(s["text"] for s in data["system"] if s["part"] == "card")
            tap.ok(good, f"{what}: {text.strip()}", told.stdout, told.stderr)
    finally:
        lab.close()
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
