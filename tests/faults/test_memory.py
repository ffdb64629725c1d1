#!/usr/bin/env python3
"""Memory that other programs took in the meantime: whichever large allocation fails, the program says so and ends with
status 1, what is left is no half file, and resumed with memory the run ends in the bytes of one that had no such trouble.
Usage: test_memory.py PROGRAM MEMORY; LORIKEET_FAULTS=all for every allocation in place of some."""

import json
import os
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))
from lab import LORA, MODEL, Lab, Tap, events, png, safetensors, write_job  # noqa: E402

tap = Tap()
LARGE = 1 << 17  # below it GLib's own small pieces begin, which end a program where there is not even memory for them
EVERY = os.environ.get("LORIKEET_FAULTS") == "all"


def pictures(folder):
    """Large enough that what is made of them is large."""
    folder.mkdir()
    for i in range(4):
        png(folder / f"p{i}.png", 300 + 60 * i, 400, i)
        (folder / f"p{i}.txt").write_text(f"sks dog, picture {i}\n")


def job(lab, name, **changes):
    settings = {"output_dir": name, "cache_dir": f"cache-{name}", "max_train_steps": 4, "train_batch_size": 1, "save_every_n_steps": 3,
                "save_state_every_n_steps": 2, "sample_every_n_steps": 4, "sample_prompts": "prompts.txt", "resolution": "128,128"}  # fmt: skip
    return write_job(lab / f"{name}.toml", **{**settings, **changes})


def train(lab, name, *words, **env):
    return lab.run("train", f"{name}.toml", "--progress", "json", *words, env=env)


def allocations(lab, memory, *words):
    """How many large ones a command makes; None where it does not end well."""
    log = lab / "count"
    log.unlink(missing_ok=True)
    done = lab.run(*words, env={"LD_PRELOAD": memory, "MEMORY_FAULTS": f"{LARGE}:0:0", "MEMORY_LOG": str(log)})
    return int(log.read_text()) if done.returncode == 0 else None


def some(first, last, count):
    """Numbers from first to last, the last one among them. A plan makes hundreds of programs that are all alike."""
    if EVERY:
        return list(range(first, last + 1, 12 if last - first > 300 else 1))
    return sorted({last - i * (last - first) // max(1, count - 1) for i in range(count)})


def one_fault(lab, memory, number, whole):
    """(whether a training without this allocation ended well, what there is to say)"""
    name = f"m{number}"
    job(lab, name)
    done = train(lab, name, LD_PRELOAD=memory, MEMORY_FAULTS=f"{LARGE}:{number}:{number}")
    if done.returncode == 0:  # it could do without
        return (lab / name / "tiny.safetensors").read_bytes() == whole, f"{number}: other bytes"
    told = events(done.stdout)
    last = told[-1] if told else {}
    if done.returncode != 1 or last.get("event") != "error" or last.get("code") != "memory" or "smallest change first" not in last["message"]:
        return False, f"{number}: {done.returncode} {last} {done.stderr[-800:]}"
    left = [p.name for p in (lab / name).rglob("*") if p.name.startswith(".lorikeet-")] if (lab / name).exists() else []
    steps = max((e["step"] for e in told if e["event"] == "step"), default=0)
    again = train(lab, name, "--resume")
    begun = next((e["step"] for e in events(again.stdout) if e["event"] == "start"), None)
    same = again.returncode == 0 and (lab / name / "tiny.safetensors").read_bytes() == whole
    shutil.rmtree(lab / name)
    return same and not left and begun in (steps, None), f"{number}: {left} resumed after {begun} of {steps}: {again.stderr[-300:]}"


def test_training(lab, memory):
    """None of the allocations of a training."""
    job(lab, "whole")
    planned = allocations(lab, memory, "plan", "whole.toml")
    total = allocations(lab, memory, "train", "whole.toml", "--progress", "none")
    tap.ok(planned and total and total > planned, f"a training has {total} large allocations, its plan {planned}")
    whole = (lab / "whole/tiny.safetensors").read_bytes()
    tried = some(1, planned, 2) + some(planned + 1, total, 8)
    bad = [said for good, said in (one_fault(lab, memory, n, whole) for n in tried) if not good]
    tap.ok(not bad, f"{len(tried) - len(bad)} of {len(tried)} of them fail in words, and resumed it ends in the same bytes", *bad)


def test_commands(lab, memory):
    """And of the other commands."""
    commands = {
        "check": ["check", "whole.toml"],
        "inspect": ["inspect", str(MODEL)],
        "export": ["export", str(LORA), "--format", "safetensors", "--layout", "kohya", "--precision", "fp16", "--out", "exported.safetensors"],
        "generate": ["generate", "--model", str(MODEL), "--prompt", "sks dog <lora:lora:1>", "--lora-dir", str(LORA.parent), "--width", "256",
                     "--height", "256", "--steps", "1", "--seed", "1", "--out", "drawn.png"],
    }  # fmt: skip
    for name, words in commands.items():
        total = allocations(lab, memory, *words)
        tried = some(1, total, 3) if total else []
        bad = []
        for number in tried:
            done = lab.run(*words, env={"LD_PRELOAD": memory, "MEMORY_FAULTS": f"{LARGE}:{number}:{number}"})
            if done.returncode not in (0, 1, 2) or (done.returncode and "emory" not in done.stdout + done.stderr):
                bad.append(f"{number}: {done.returncode} {done.stderr[-500:]}")
        tap.ok(tried and not bad, f"{name}: {len(tried) - len(bad)} of {len(tried)} failing allocations are told", *bad)


def state_step(path):
    return int(safetensors(path)[0]["step"])


def test_taken(lab, memory):
    """From the third step on there is no memory for anything of 12 KiB or more: the state of the last step is saved."""
    taken = lab / "taken"
    for name in ("plenty", "short"):
        job(lab, name, max_train_steps=40, save_every_n_steps=0, save_state_every_n_steps=0, sample_every_n_steps=0, sample_prompts=None,
            resolution="256,256", cache_dir="cache-taken")  # fmt: skip
    plenty = train(lab, "plenty")
    lab.env.update(LD_PRELOAD=memory, MEMORY_FAULTS="12288:1:0", MEMORY_WHILE=str(taken))
    run = lab.start("train", "short.toml", "--progress", "json")
    told = []
    for line in run.stdout:
        told.append(json.loads(line))
        if told[-1].get("step") == 3 and told[-1]["event"] == "step":
            taken.touch()
    errors = run.stderr.read()
    run.wait()
    for name in ("LD_PRELOAD", "MEMORY_FAULTS", "MEMORY_WHILE"):
        del lab.env[name]
    last, steps = told[-1], max(e["step"] for e in told if e["event"] == "step")
    tap.ok(run.returncode == 1 and last["event"] == "error" and last["code"] == "memory" and "The state is saved" in last["message"]
           and "gradient_checkpointing = true" in last["message"], f"memory is gone after step {steps}: {last.get('message', '')[:150]}",
           run.returncode, errors)  # fmt: skip
    saved = state_step(lab / "short/tiny.state") if (lab / "short/tiny.state").exists() else None
    tap.ok(saved == steps, f"the state of step {steps} is saved all the same: {saved}")
    again = train(lab, "short", "--resume")
    tap.ok(plenty.returncode == again.returncode == 0 and (lab / "short/tiny.safetensors").read_bytes() == (lab / "plenty/tiny.safetensors").read_bytes(),
           "and with memory again it goes on to the same bytes", plenty.stderr, again.stderr)  # fmt: skip


def main():
    lab = Lab(sys.argv[1])
    memory = str(Path(sys.argv[2]).resolve())
    lab.env["OMP_NUM_THREADS"] = "1"
    try:
        pictures(lab / "pictures")
        (lab / "prompts.txt").write_text("a dog --w 64 --h 64 --s 1 --d 5\n")
        test_training(lab, memory)
        test_commands(lab, memory)
        test_taken(lab, memory)
    finally:
        lab.close()
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
