#!/usr/bin/env python3
"""A run that is killed (SIGKILL) at random moments, also in the middle of a save, and resumed each time ends in the bytes
of one that was never stopped: LoRA, checkpoints, sample pictures, and the state with the optimizer's numbers.

Usage: test_killed.py PROGRAM FAULTS [KILLS]"""

import os
import random
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))
from lab import Lab, Tap, events, pictures, write_job  # noqa: E402

tap = Tap()
STEPS, SEED = 26, 20240229


KINDS = {"AdamW": {}, "Prodigy": {"optimizer_type": "Prodigy", "learning_rate": 1.0}}


def job(lab, name, kind):
    """Everything that a resumed run could get wrong: buckets, accumulation over an epoch's end, random captions and
    mirroring, both networks, a schedule, several epochs, checkpoints, samples. The pictures are encoded once, for all."""
    settings = KINDS[kind]
    return write_job(
        lab / f"{name}.toml", **settings, output_dir=name, max_train_steps=STEPS, gradient_accumulation_steps=2, train_batch_size=1,
        flip_aug=True, shuffle_caption=True, keep_tokens=1, caption_tag_dropout_rate=0.2, caption_dropout_rate=0.1,
        noise_offset=0.05, lr_scheduler="cosine", lr_warmup_steps=5, save_every_n_epochs=3, save_every_n_steps=10,
        save_last_n_steps=10, save_state_every_n_steps=1, save_state_on_train_end=True, sample_every_n_epochs=4,
        sample_prompts="prompts.txt", resolution="128,64", max_bucket_reso=128)  # fmt: skip


def results(folder):
    """Name and content of everything that a run leaves, but the state before the last and what was left half-written by
    a kill."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in Path(folder).rglob("*")
            if p.is_file() and not p.name.endswith(".previous") and not p.name.startswith(".lorikeet-")}  # fmt: skip


def kill_by_clock(lab, name, pick):
    """After some lines that it prints, and a moment more."""
    run = lab.start("train", f"{name}.toml", "--progress", "json", "--resume")
    told, lines = [], pick.randrange(14)
    while len(told) < lines:
        line = run.stdout.readline()
        if not line:
            break
        told.append(line)
    time.sleep(pick.random() * 0.05)
    run.send_signal(signal.SIGKILL)
    out, errors = run.communicate(timeout=300)
    return run.returncode, "".join(told) + out, errors


def kill_by_call(lab, faults, name, pick):
    """In the middle of a call that writes, syncs, renames or removes one of its files."""
    rule = f"{pick.choice(('any', 'any', 'write', 'fsync', 'rename'))}:{1 + pick.randrange(40)}:0:kill"
    env = {"LD_PRELOAD": faults, "FAULTS_UNDER": str(lab / name), "FAULTS": rule}
    done = lab.run("train", f"{name}.toml", "--progress", "json", "--resume", env=env)
    return done.returncode, done.stdout, done.stderr


def one_run(lab, faults, name, kind, pick, kills):
    """Kills a run until it is done or has been killed so often; (kills, steps at which it began, what went wrong)."""
    job(lab, name, kind)
    killed, starts, odd = 0, [], []
    while killed < kills:
        by_call = faults and pick.random() < 0.6
        status, out, errors = kill_by_call(lab, faults, name, pick) if by_call else kill_by_clock(lab, name, pick)
        told = events(out[: out.rfind("\n") + 1])
        starts += [e["step"] for e in told if e["event"] == "start"]
        if status == 0:  # over before it came to that
            return killed, starts, odd
        killed += 1
        if status != -signal.SIGKILL:
            odd.append((status, errors))
    done = lab.run("train", f"{name}.toml", "--progress", "json", "--resume")
    if done.returncode != 0:
        odd.append((done.returncode, done.stderr))
    return killed, starts, odd


def test_killed(lab, faults, whole, kills):
    pick = random.Random(SEED)
    survived = tried = 0
    for number in range(kills):
        if tried >= kills:
            break
        name, kind = f"killed{number}", list(KINDS)[number % len(KINDS)]
        killed, starts, odd = one_run(lab, faults, name, kind, pick, min(kills - tried, 30))
        tried += killed
        got, want = results(lab / name), whole[kind]
        wrong = sorted(n for n in want.keys() | got.keys() if want.get(n) != got.get(n))
        good = tap.ok(not odd and not wrong and starts == sorted(starts),
                      f"{kind}: killed {killed} times and resumed after the steps {starts}: the same bytes in all {len(got)} files",
                      wrong, odd)  # fmt: skip
        survived += killed if good else 0
    tap.ok(survived == tried >= kills, f"{survived} of {tried} kills survived")


def main():
    lab = Lab(sys.argv[1])
    faults = str(Path(sys.argv[2]).resolve()) if sys.argv[2] else None
    kills = int(sys.argv[3] if len(sys.argv) > 3 else os.environ.get("LORIKEET_KILLS", "14"))
    lab.env["OMP_NUM_THREADS"] = "1"  # so small a model is no faster with more
    try:
        pictures(lab / "pictures")
        (lab / "prompts.txt").write_text("a dog --w 64 --h 64 --s 2 --d 5\n")
        whole = {}
        for kind in KINDS:
            job(lab, f"whole-{kind}", kind)
            done = lab.run("train", f"whole-{kind}.toml", "--progress", "json")
            whole[kind] = results(lab / f"whole-{kind}")
            tap.ok(done.returncode == 0 and "tiny.state" in whole[kind] and len(whole[kind]) >= 8,
                   f"{kind}: a run that is never stopped: {sorted(whole[kind])}", done.stderr)  # fmt: skip
        test_killed(lab, faults, whole, kills)
    finally:
        lab.close()
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
