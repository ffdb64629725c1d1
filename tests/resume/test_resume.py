#!/usr/bin/env python3
"""Runs that are stopped and resumed end in the bytes of a run that never was. Usage: test_resume.py PROGRAM"""

import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))
from lab import Lab, Tap, events, pictures, write_job  # noqa: E402

tap = Tap()
STEPS = 60


def job(lab, name, **changes):
    """Everything that a resumed run could get wrong: buckets, accumulation over an epoch's end, random captions and
    mirroring, both networks, a schedule, checkpoints."""
    settings = {"output_dir": name, "cache_dir": f"cache-{name}", "max_train_steps": STEPS, "gradient_accumulation_steps": 3,
                "flip_aug": True, "shuffle_caption": True, "keep_tokens": 1, "caption_tag_dropout_rate": 0.2,
                "caption_dropout_rate": 0.1, "noise_offset": 0.05, "lr_scheduler": "cosine", "lr_warmup_steps": 5,
                "save_every_n_steps": 24, "save_state_every_n_steps": 2}  # fmt: skip
    return write_job(lab / f"{name}.toml", **{**settings, **changes})


def results(folder):
    """Name and content of everything that a run leaves but its states and what was left half-written by a kill."""
    return {p.name: p.read_bytes() for p in Path(folder).iterdir()
            if p.is_file() and ".state" not in p.name and not p.name.startswith(".lorikeet-")}  # fmt: skip


def train(lab, name, *more):
    return lab.run("train", f"{name}.toml", "--progress", "json", *more)


def until(run, lines):
    """Reads so many lines of a running program; returns what it told."""
    told = []
    while len(told) < lines:
        line = run.stdout.readline()
        if not line:
            break
        told.append(line)
    return told


def finish(run, number=None):
    """Sends a signal and waits; (status, what it told since, errors)."""
    if number is not None:
        run.send_signal(number)
    out, errors = run.communicate(timeout=300)
    return run.returncode, out, errors


def first_step(told):
    return next((e["step"] for e in told if e["event"] == "start"), None)


def test_stopped(lab, whole):
    job(lab, "stopped")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        run = lab.start("train", "stopped.toml", "--progress", "json", "--resume")
        told = []
        while not told or '"step":' not in told[-1] or '"event":"step"' not in told[-1]:
            line = run.stdout.readline()
            if not line:
                break
            told.append(line)
        status, out, errors = finish(run, number)
        told = events("".join(told) + out)
        name = number.name
        tap.ok(status == 3 and told[-1]["event"] == "error" and told[-1]["code"] == "stopped" and told[-1]["exit"] == 3,
               f"{name} ends with status 3", status, told[-3:], errors)  # fmt: skip
        tap.ok("--resume" in errors and told[-2]["event"] == "state", "the state is saved, and it is said how to go on", errors)
        last = max(e["step"] for e in told if e["event"] == "step")
        tap.ok(told[-2]["step"] == last, "of the last step that was told", told[-2], last)
    done = train(lab, "stopped", "--resume")
    tap.ok(done.returncode == 0 and results(lab / "stopped") == whole, "resumed, the same bytes", done.stderr)


def test_at_once(lab):
    job(lab, "hasty", max_train_steps=None, max_train_epochs=100000)
    run = lab.start("train", "hasty.toml", "--progress", "json")
    until(run, 1)
    for _ in range(2):
        run.send_signal(signal.SIGINT)
        time.sleep(0.05)
    status, _, errors = finish(run)
    tap.ok(status in (-signal.SIGINT, 3), "a second signal ends at once", status, errors)


def stop_after(lab, name, steps):
    """A run of that many steps that was killed: two states are there."""
    run = lab.start("train", f"{name}.toml", "--progress", "json")
    states = 0
    while states < steps // 2:
        line = run.stdout.readline()
        if not line:
            break
        states += '"event":"state"' in line
    finish(run, signal.SIGKILL)


def damage(path, how):
    data = bytearray(path.read_bytes())
    if how == "cut":
        data = data[: len(data) * 2 // 3]
    elif how == "changed":
        data[len(data) * 3 // 4] ^= 1
    elif how == "empty":
        data = bytearray()
    path.write_bytes(data)


def test_damaged(lab, whole):
    for how in ("cut", "changed", "empty"):
        name = f"damaged-{how}"
        job(lab, name)
        stop_after(lab, name, 6)
        newest, previous = lab / name / "tiny.state", lab / name / "tiny.state.previous"
        if not tap.ok(newest.exists() and previous.exists(), f"two states are kept ({how})"):
            continue
        damage(newest, how)
        done = train(lab, name, "--resume")
        told = events(done.stdout)
        logged = [e["text"] for e in told if e["event"] == "log"]
        tap.ok(done.returncode == 0 and any("tiny.state" in t for t in logged), f"a newest state that is {how} is noticed",
               logged, done.stderr)  # fmt: skip
        tap.ok((first_step(told) or 0) >= 2, "the one before is used", first_step(told))
        tap.ok(results(lab / name) == whole, "the same bytes in the end")
    job(lab, "ruined")
    stop_after(lab, "ruined", 4)
    for state in (lab / "ruined").glob("*.state*"):
        damage(state, "cut")
    done = train(lab, "ruined", "--resume")
    tap.ok(done.returncode == 1 and "tiny.state" in done.stderr, "two damaged states are refused by name", done.returncode, done.stderr)


def test_other_job(lab):
    job(lab, "other")
    stop_after(lab, "other", 4)
    done = train(lab, "other", "--resume", "--set", "learning_rate=0.5")
    tap.ok(done.returncode == 2 and "learning_rate: 0.001, now 0.5" in done.stderr, "another job's state is refused, with the difference",
           done.returncode, done.stderr)  # fmt: skip
    job(lab, "fresh")
    done = train(lab, "fresh", "--resume", "--set", "max_train_steps=6")
    tap.ok(done.returncode == 0 and first_step(events(done.stdout)) == 0, "--resume without a state begins anew", done.stderr)


def main():
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # programs inherit that it is ignored, as under nohup, and leave it so
    lab = Lab(sys.argv[1])
    try:
        pictures(lab / "pictures")
        job(lab, "whole")
        done = train(lab, "whole")
        whole = results(lab / "whole")
        tap.ok(done.returncode == 0 and sorted(whole) == ["tiny-step00000024.safetensors", "tiny-step00000048.safetensors", "tiny.safetensors"],
               "a run that is never stopped", done.stderr, sorted(whole))  # fmt: skip
        test_stopped(lab, whole)
        test_at_once(lab)
        test_damaged(lab, whole)
        test_other_job(lab)
    finally:
        lab.close()
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
