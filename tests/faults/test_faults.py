#!/usr/bin/env python3
"""Training on a disk that is full, read-only, failing or gone: it stops and says why, nothing that is left is half a file,
and once the disk is mended the run goes on to the bytes of one that had no such trouble. Usage: test_faults.py PROGRAM
FAULTS"""

import os
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))
from lab import Lab, Tap, events, pictures, safetensors, write_job  # noqa: E402

tap = Tap()
WORDS = {"ENOSPC": "No space left", "EROFS": "Read-only", "EIO": "Input/output error", "ENOENT": "No such file", "EACCES": "Permission denied"}


def job(lab, name):
    return write_job(lab / f"{name}.toml", output_dir=name, max_train_steps=8, gradient_accumulation_steps=2, train_batch_size=1,
                     save_every_n_steps=3, save_state_every_n_steps=2, save_state_on_train_end=True, sample_every_n_steps=4,
                     sample_prompts="prompts.txt", resolution="128,64", max_bucket_reso=128)  # fmt: skip


def results(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in Path(folder).rglob("*")
            if p.is_file() and not p.name.endswith(".previous") and not p.name.startswith(".")}  # fmt: skip


def train(lab, name, *words, **env):
    return lab.run("train", f"{name}.toml", "--progress", "json", *words, env=env)


def half_written(folder, whole):
    """Files under a final name that are not what the undisturbed run wrote there; a state may be an earlier one."""
    bad = []
    for name, data in results(folder).items():
        if ".state" in name:
            try:
                safetensors(folder / name)
            except Exception as problem:  # whatever is wrong with it
                bad.append(f"{name}: {problem}")
        elif data != whole.get(name):
            bad.append(name)
    return bad


def calls_of(log, under):
    """How many calls of each kind there were, the folder's making left out."""
    counts = {}
    for line in log.read_text().splitlines():
        call = line.split("\t")[0]
        counts[call] = counts.get(call, 0) + 1
        counts["any"] = counts.get("any", 0) + 1
    return counts


def rules(counts):
    """(rule, error): from the n-th call on, and the n-th alone."""
    for call, error in (("any", "ENOSPC"), ("write", "ENOSPC"), ("open", "EROFS"), ("fsync", "EIO"), ("rename", "EACCES"), ("open", "ENOENT")):
        total = counts[call]
        for place in (1, total) if call == "any" else (2 * total // 3, total):
            yield f"{call}:{max(place, 1)}:0:{error}", error
    for call, error in (("write", "EIO"), ("rename", "EIO"), ("open", "EACCES")):
        yield f"{call}:{counts[call] // 2}:{counts[call] // 2}:{error}", error
    for place in (1, counts["write"] // 2):
        yield f"write:{place}:0:short", None


def one_fault(lab, faults, number, rule, error, whole):
    name = f"f{number}"
    job(lab, name)
    (lab / name).mkdir()
    done = train(lab, name, LD_PRELOAD=faults, FAULTS_UNDER=str(lab / name), FAULTS=rule)
    told = events(done.stdout)
    bad = half_written(lab / name, whole)
    if error is None:
        return tap.ok(done.returncode == 0 and not bad, f"{rule}: writes that stop halfway are finished", done.stderr, bad)
    last = told[-1] if told else {}
    said = done.returncode == 1 and last.get("event") == "error" and WORDS[error] in last["message"] and str(lab / name) in last["message"]
    ended = done.returncode == 0 and set(whole) == set(results(lab / name))  # a folder's sync, a removal: no harm
    temporary = [p.name for p in (lab / name).rglob(".lorikeet-*")]
    good = tap.ok((said or ended) and not bad and (not temporary or "any:" in rule),
                  f"{rule}: {last.get('message', '')[:110] if not ended else 'nothing is lost'}", done.returncode, done.stderr,
                  bad, temporary)  # fmt: skip
    states = list((lab / name).glob("*.state*"))
    again = train(lab, name, "--resume")
    got = results(lab / name)
    wrong = sorted(n for n in whole.keys() | got.keys() if whole.get(n) != got.get(n))
    begun = next((e["step"] for e in events(again.stdout) if e["event"] == "start"), None)
    return good & tap.ok(again.returncode == 0 and not wrong and (not states or begun), f"  mended it goes on after step {begun} to the same bytes",
                         again.stderr, wrong)  # fmt: skip


def test_faults(lab, faults, whole, counts):
    good = tried = 0
    for number, (rule, error) in enumerate(rules(counts)):
        good += bool(one_fault(lab, faults, number, rule, error, whole))
        tried += 1
    tap.ok(good == tried, f"{good} of {tried} faults of the disk end well")


def remove(folder):
    """Also where the run puts something there at the same moment."""
    while folder.exists():
        shutil.rmtree(folder, ignore_errors=True)


def test_gone(lab, whole):
    """The folder is removed, or a file stands in its place, while the run goes on."""
    for how in ("removed", "a file"):
        name = "gone-" + how.replace(" ", "-")
        job(lab, name)
        run = lab.start("train", f"{name}.toml", "--progress", "json")
        for line in run.stdout:
            if '"event":"step","step":3' in line:
                break
        remove(lab / name)
        if how == "a file" and not (lab / name).exists():
            (lab / name).write_text("a file\n")
        out, errors = run.communicate(timeout=300)
        if how == "a file":
            tap.ok(run.returncode == 1 and str(lab / name) in errors, f"a file stands in the folder's place: {errors.strip()[:160]}",
                   run.returncode, errors)  # fmt: skip
            tap.ok((lab / name).read_text() == "a file\n", "the file is not touched")
            continue
        logged = [e["text"] for e in events(out) if e["event"] == "log"]
        tap.ok(run.returncode == 0 and (lab / name / "tiny.safetensors").read_bytes() == whole["tiny.safetensors"]
               and any("made anew" in t for t in logged), f"a folder that is removed is made anew: {logged}", errors)  # fmt: skip


def test_replaced(lab, whole):
    """Pictures, captions and the job file change while the run goes on: it has what it needs, and goes on."""
    folder = lab / "pictures-replaced"
    shutil.copytree(lab / "pictures", folder)
    write_job(lab / "replaced.toml", output_dir="replaced", train_data_dir=str(folder), max_train_steps=8,
              gradient_accumulation_steps=2, train_batch_size=1, resolution="128,64", max_bucket_reso=128)  # fmt: skip
    plain = train(lab, "replaced")
    first = (lab / "replaced/tiny.safetensors").read_bytes() if plain.returncode == 0 else None
    run = lab.start("train", "replaced.toml", "--progress", "json")
    for line in run.stdout:
        if '"event":"step","step":2' in line:
            break
    for picture in sorted(folder.glob("*.png")):
        picture.write_bytes(b"not a picture")
        os.unlink(picture.with_suffix(".txt"))
    (lab / "replaced.toml").write_text("nonsense")
    out, errors = run.communicate(timeout=300)
    tap.ok(run.returncode == 0 and first and (lab / "replaced/tiny.safetensors").read_bytes() == first,
           "pictures, captions and the job are replaced while it runs: it ends in the same bytes", errors)  # fmt: skip


def main():
    lab = Lab(sys.argv[1])
    faults = str(Path(sys.argv[2]).resolve())
    lab.env["OMP_NUM_THREADS"] = "1"
    try:
        pictures(lab / "pictures")
        (lab / "prompts.txt").write_text("a dog --w 64 --h 64 --s 1 --d 5\n")
        job(lab, "whole")
        log = lab / "calls"
        done = train(lab, "whole", LD_PRELOAD=faults, FAULTS_UNDER=str(lab / "whole"), FAULTS_LOG=str(log))
        whole = results(lab / "whole")
        tap.ok(done.returncode == 0 and len(whole) == 6, f"a run without faults: {sorted(whole)}", done.stderr)
        test_faults(lab, faults, whole, calls_of(log, lab / "whole"))
        test_gone(lab, whole)
        test_replaced(lab, whole)
    finally:
        lab.close()
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
