#!/usr/bin/env python3
"""What a power cut would leave, at every moment of a run. Usage: test_power_cut.py PROGRAM FAULTS

The run's calls are written down, and a disk that keeps no more than it must is played through: of a file, what was
synced; of a folder's names, those at its last sync and any choice of the changes since. Whatever it keeps, a whole state
or the finished LoRA must be found, and no file may be half there under its final name."""

import itertools
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))
from lab import Lab, Tap, pictures, write_job  # noqa: E402

tap = Tap()
STATES = ("tiny.state", "tiny.state.new", "tiny.state.previous")


class Disk:
    """Folders and files by path. A file is a number; `whole` tells which have no write that is not synced."""

    def __init__(self):
        self.now, self.kept, self.pending = {}, {}, []  # names: as programs see them; as last synced; changes since
        self.whole, self.count = {}, 0

    def play(self, call, path, second):
        if call == "open" and path not in self.now:
            self.count += 1
            self.now[path] = self.count
            self.whole[self.count] = True  # empty
            self.pending.append(("add", path, self.count))
        elif call == "write":
            self.whole[self.now[path]] = False
        elif call == "fsync" and path in self.now:
            self.whole[self.now[path]] = True
        elif call == "fsync":  # a folder
            mine = [p for p in self.pending if str(Path(p[1]).parent) == path]
            apply(self.kept, mine)
            self.pending = [p for p in self.pending if p not in mine]
        elif call == "rename":
            number = self.now.pop(path)
            self.now[second] = number
            self.pending.append(("move", path, second, number))
        elif call == "unlink" and path in self.now:
            self.pending.append(("remove", path, self.now.pop(path)))

    def outcomes(self):
        """What names may be there after a cut: the changes of which a subset happened, in their order."""
        for size in range(len(self.pending) + 1):
            for chosen in itertools.combinations(self.pending, size):
                names = dict(self.kept)
                apply(names, chosen)
                yield names


def apply(names, changes):
    for change in changes:
        if change[0] == "add":
            names[change[1]] = change[2]
        elif change[0] == "remove":
            names.pop(change[1], None)
        else:
            names.pop(change[1], None)
            names[change[2]] = change[3]


def wrong(disk, names, folder, began):
    """What is not as it must be where the power is cut and these names are left; None where all is well."""
    lora = any(f"{folder}/tiny{ending}" in names for ending in (".safetensors", ".pt"))
    for path, number in names.items():
        if not Path(path).name.startswith(".lorikeet-") and not disk.whole[number]:
            return f"half a file: {path}"
    states = [names[f"{folder}/{s}"] for s in STATES if f"{folder}/{s}" in names]
    if began and not states and not lora:
        return "neither a state nor the LoRA"
    return None


def play(log, folder):
    """(moments, outcomes, what went wrong)"""
    disk, moments, outcomes, problems, began = Disk(), 0, 0, [], False
    for number, line in enumerate(log, 1):
        call, path, second = line.split("\t")
        disk.play(call, path, second)
        began = began or f"{folder}/tiny.state" in disk.kept
        moments += 1
        for names in disk.outcomes():
            outcomes += 1
            problem = wrong(disk, names, folder, began)
            if problem:
                problems.append(f"call {number} ({line}): {problem}")
    return moments, outcomes, problems


def follows(log, folder):
    """Renames whose source was not synced before, or that no sync of their folder follows before the next removal or the
    end."""
    synced, open_renames, late = set(), [], []
    for line in log:
        call, path, second = line.split("\t")
        if call == "write":
            synced.discard(path)
        elif call == "fsync":
            synced.add(path)
            if path == folder or Path(path).is_dir():
                open_renames = [r for r in open_renames if str(Path(r).parent) != path]
        elif call == "rename":
            if path.rpartition("/")[2].startswith(".lorikeet-") and path not in synced:
                late.append(f"not synced before it is renamed: {path} to {second}")
            open_renames.append(second)
        elif call == "unlink" and open_renames:
            late.append(f"{path} is removed before {open_renames} is sure to be there")
    return late + [f"never sure to be there: {r}" for r in open_renames]


def main():
    lab = Lab(sys.argv[1])
    faults = str(Path(sys.argv[2]).resolve())
    lab.env["OMP_NUM_THREADS"] = "1"
    try:
        pictures(lab / "pictures")
        (lab / "prompts.txt").write_text("a dog --w 64 --h 64 --s 1 --d 5\n")
        write_job(lab / "job.toml", max_train_steps=8, save_every_n_steps=3, save_state_every_n_steps=1, save_last_n_steps=3,
                  sample_every_n_steps=4, sample_prompts="prompts.txt", resolution="128,64", max_bucket_reso=128)  # fmt: skip
        log = lab / "calls"
        for number, words in enumerate(((), ("--set", "save_state_on_train_end=true"), ("--set", 'save_model_as="pt"'))):
            folder, label = str(lab / f"out{number}"), " ".join(words) or "a run"
            log.unlink(missing_ok=True)
            done = lab.run("train", "job.toml", "--set", f"output_dir={folder}", *words,
                           env={"LD_PRELOAD": faults, "FAULTS_UNDER": folder, "FAULTS_LOG": str(log)})  # fmt: skip
            calls = log.read_text().splitlines() if log.exists() else []
            if not tap.ok(done.returncode == 0 and len(calls) > 60, f"{label}: {len(calls)} calls are written down", done.stderr):
                continue
            moments, outcomes, problems = play(calls, folder)
            tap.ok(not problems, f"{label}: a power cut at {moments} moments leaves one of {outcomes} folders, all of them whole",
                   *problems[:10])  # fmt: skip
            late = follows(calls, folder)
            tap.ok(not late, f"{label}: every file is synced before it is renamed, and its folder after", *late[:10])
            careless = [c for c in calls if not (c.startswith("fsync") and ".lorikeet-" in c)]
            tap.ok(play(careless, folder)[2] and follows(careless, folder), f"{label}: without its syncs it would be noticed")
    finally:
        lab.close()
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
