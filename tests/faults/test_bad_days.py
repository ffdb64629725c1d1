#!/usr/bin/env python3
"""Days on which things go wrong beside the training: the disk fills while pictures are encoded, the folder with the pictures
goes away, the clock is set back, the computer sleeps. It ends in the bytes of a run on a good day.
Usage: test_bad_days.py PROGRAM FAULTS CLOCK"""

import json
import shutil
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))
from lab import Lab, Tap, events, pictures, write_job  # noqa: E402

tap = Tap()
STEPS = 8


def job(lab, name, **changes):
    settings = {"output_dir": name, "max_train_steps": STEPS, "train_batch_size": 1, "resolution": "128,64", "max_bucket_reso": 128,
                "save_state_every_n_steps": 3, "cache_dir": f"cache-{name}"}  # fmt: skip
    return write_job(lab / f"{name}.toml", **{**settings, **changes})


def train(lab, name, *words, **env):
    return lab.run("train", f"{name}.toml", "--progress", "json", *words, env=env)


def lora(lab, name):
    path = lab / name / "tiny.safetensors"
    return path.read_bytes() if path.exists() else None


def at_step(run, step):
    """Reads what a run tells up to a step."""
    for line in run.stdout:
        event = json.loads(line)
        if event["event"] == "step" and event["step"] >= step:
            return


def test_full_cache(lab, faults, good):
    """The disk is full after some pictures: they need not be encoded again."""
    job(lab, "full")
    cache = lab / "cache-full"
    done = train(lab, "full", LD_PRELOAD=faults, FAULTS_UNDER=str(cache), FAULTS="write:3:0:ENOSPC")
    last = events(done.stdout)[-1]
    kept = sorted(p.relative_to(cache) for p in cache.rglob("*.lkc"))
    left = [p.name for p in cache.rglob(".lorikeet-*")]
    tap.ok(done.returncode == 1 and last["event"] == "error" and "No space left" in last["message"] and "cache" in last["message"] and kept
           and not left, f"the disk fills while pictures are encoded: {last.get('message', '')[:120]}", done.stderr, kept, left)  # fmt: skip
    before = {p: (cache / p).stat().st_ino for p in kept}
    again = train(lab, "full")
    tap.ok(again.returncode == 0 and lora(lab, "full") == good and all((cache / p).stat().st_ino == n for p, n in before.items()),
           f"with room again it goes on; the {len(kept)} that were encoded stay as they are", again.stderr)  # fmt: skip


def test_unmounted(lab, good):
    """Pictures that were encoded are not needed any more; for the next run they are, and it says so."""
    away, here = lab / "away", lab / "disk"
    shutil.copytree(lab / "pictures", here)
    job(lab, "disk-good", train_data_dir="disk", cache_dir="cache-disk")
    plain = train(lab, "disk-good")
    job(lab, "disk-run", train_data_dir="disk", cache_dir="cache-disk")
    run = lab.start("train", "disk-run.toml", "--progress", "json")
    at_step(run, 2)
    here.rename(away)
    _, errors = run.communicate(timeout=300)
    tap.ok(plain.returncode == run.returncode == 0 and lora(lab, "disk-run") == lora(lab, "disk-good") is not None,
           "the folder with the pictures goes away in the middle: the run ends in the same bytes", plain.stderr, errors)  # fmt: skip
    missing = train(lab, "disk-run")
    tap.ok(missing.returncode == 2 and str(here) in missing.stderr, f"the next run names it: {missing.stderr.strip()[:160]}", missing.returncode)
    away.rename(here)


def test_clock(lab, clock, good):
    """Nothing that counts asks what time it is."""
    job(lab, "clock")
    first = train(lab, "clock", LD_PRELOAD=clock, CLOCK_BACK="100000")
    seconds = [e["seconds"] for e in events(first.stdout) if e["event"] == "step"]
    tap.ok(first.returncode == 0 and lora(lab, "clock") == good and min(seconds, default=-1) >= 0,
           "the clock goes back by a day at every look: the same bytes, and no step takes less than no time", first.stderr, seconds)  # fmt: skip
    job(lab, "clock-again", cache_dir="cache-clock")
    again = train(lab, "clock-again")
    tap.ok(again.returncode == 0 and lora(lab, "clock-again") == good, "a run with the clock mended takes what that one encoded", again.stderr)


def test_sleep(lab, good):
    """The computer sleeps for a while: the process does not run, and time goes on without it."""
    job(lab, "sleep")
    run = lab.start("train", "sleep.toml", "--progress", "json")
    at_step(run, 2)
    run.send_signal(signal.SIGSTOP)
    time.sleep(3)
    run.send_signal(signal.SIGCONT)
    _, errors = run.communicate(timeout=300)
    tap.ok(run.returncode == 0 and lora(lab, "sleep") == good, "a computer that sleeps in the middle: the same bytes", errors)
    job(lab, "killed-asleep")
    run = lab.start("train", "killed-asleep.toml", "--progress", "json")
    at_step(run, 4)
    run.send_signal(signal.SIGSTOP)
    run.kill()  # the battery is empty
    run.communicate()
    again = train(lab, "killed-asleep", "--resume")
    start = next((e["step"] for e in events(again.stdout) if e["event"] == "start"), None)
    tap.ok(again.returncode == 0 and start and lora(lab, "killed-asleep") == good, f"one that never wakes up: resumed after step {start}, the same bytes",
           again.stderr)  # fmt: skip


def main():
    lab = Lab(sys.argv[1])
    faults, clock = (str(Path(p).resolve()) for p in sys.argv[2:4])
    lab.env["OMP_NUM_THREADS"] = "1"
    try:
        pictures(lab / "pictures")
        job(lab, "good")
        done = train(lab, "good")
        good = lora(lab, "good")
        tap.ok(done.returncode == 0 and good, "a good day", done.stderr)
        test_full_cache(lab, faults, good)
        test_unmounted(lab, good)
        test_clock(lab, clock, good)
        test_sleep(lab, good)
    finally:
        lab.close()
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
