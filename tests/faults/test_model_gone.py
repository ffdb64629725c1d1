#!/usr/bin/env python3
"""A drive that is pulled out, a file that is cut short while it is open: whichever read of a base model, LoRA or state fails,
the program says which file it is and what to do and ends with status 1, or it had what it needed and ends in the bytes of
a run that had no such trouble. No signal ends it. Usage: test_model_gone.py PROGRAM FAULTS; LORIKEET_FAULTS=all for every
read in place of some."""

import fcntl
import os
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))
from lab import LORA, MODEL, Lab, Tap, events, pictures, safetensors, write_job  # noqa: E402
from torch_like import save_as_torch  # noqa: E402

tap = Tap()
STEPS = 120  # more than what fits into the pipe and what reads it
F_SETPIPE_SZ = 1031
EVERY = os.environ.get("LORIKEET_FAULTS") == "all"


def train(lab, name, *words, **env):
    return lab.run("train", f"{name}.toml", "--progress", "json", *words, env=env)


def numbers(path):
    """Tensors alone: what the metadata tells of a base model that is gone may be less."""
    return safetensors(path)[1]


def reads(lab, faults, *words):
    """How often a command reads in the folder base."""
    log = lab / "log"
    log.unlink(missing_ok=True)
    lab.run(*words, env={"LD_PRELOAD": faults, "FAULTS_UNDER": str(lab / "base"), "FAULTS": "read:1000000000:0:EIO", "FAULTS_LOG": str(log)})
    return sum(line.startswith("read\t") for line in log.read_text().splitlines()) if log.exists() else 0


def some(count, most):
    """Numbers of reads: the first and the last few, and some between."""
    if EVERY or count <= most:
        return range(1, count + 1, 1 if count < 600 else count // 300)
    return sorted({1, 2, 3, count - 1, count} | {1 + i * count // most for i in range(most)})


def said_well(lab, message, what):
    """The file by its name, and what happened or what to do."""
    named = str(lab / "base") in message
    return named and (("Input/output error" in message and "drive" in message) if what == "EIO" else "cut" in message or "changed" in message)


def refill(lab, files):
    shutil.rmtree(lab / "base", ignore_errors=True)
    (lab / "base").mkdir()
    for name, data in files.items():
        (lab / "base" / name).write_bytes(data)


def one_run(lab, faults, number, what, files, whole):
    """A training whose read of that number fails; (good, what there is to say)."""
    refill(lab, files)
    shutil.rmtree(lab / "out", ignore_errors=True)
    last = 0 if what == "EIO" else number
    done = train(lab, "run", LD_PRELOAD=faults, FAULTS_UNDER=str(lab / "base"), FAULTS=f"read:{number}:{last}:{what}")
    result = lab / "out/tiny.safetensors"
    if done.returncode == 0:
        return numbers(result) == whole[1], f"read {number} {what}: other numbers"
    told = events(done.stdout)
    message = told[-1].get("message", "") if told else done.stderr
    if done.returncode != 1 or not said_well(lab, message, what) or result.exists():
        return False, f"read {number} {what}: status {done.returncode}: {message} {done.stderr[-300:]}"
    refill(lab, files)
    again = train(lab, "run", "--resume")
    return again.returncode == 0 and result.read_bytes() == whole[0], f"read {number} {what}: afterwards {again.stderr[-300:]}"


def test_training(lab, faults, name, files, most, **settings):
    write_job(lab / "run.toml", max_train_steps=3, train_batch_size=1, resolution="128,64", max_bucket_reso=128, cache_dir="out/cache",
              sample_every_n_steps=2, sample_prompts="prompts.txt", save_state_every_n_steps=1, **settings)  # fmt: skip
    refill(lab, files)
    shutil.rmtree(lab / "out", ignore_errors=True)
    done = train(lab, "run")
    if not tap.ok(done.returncode == 0, f"{name}: a run without faults", done.stderr):
        return
    whole = (lab / "out/tiny.safetensors").read_bytes(), numbers(lab / "out/tiny.safetensors")
    shutil.rmtree(lab / "out")
    count = reads(lab, faults, "train", "run.toml", "--progress", "json")
    tried = [one_run(lab, faults, number, what, files, whole) for what in ("EIO", "cut") for number in some(count, most)]
    bad = [words for good, words in tried if not good]
    tap.ok(count > 10 and not bad, f"{name}: {len(tried) - len(bad)} of {len(tried)} of {count} reads that fail end well", *bad[:6])


def test_commands(lab, faults, files):
    """What else reads models."""
    commands = {
        "inspect": ["inspect", "base/model.safetensors"],
        "inspect a .ckpt": ["inspect", "base/model.ckpt"],
        "export": ["export", "base/lora.safetensors", "--format", "pt", "--layout", "diffusers", "--precision", "fp32", "--out", "exported.pt"],
        "generate": ["generate", "--model", "base/model.safetensors", "--prompt", "a <lora:lora:1> dog", "--lora-dir", "base", "--out", "drawn.png",
                     "--width", "64", "--height", "64", "--steps", "1"],
    }  # fmt: skip
    for name, words in commands.items():
        refill(lab, files)
        done = lab.run(*words)
        count, bad, tried = reads(lab, faults, *words), [], 0
        for what in ("EIO", "cut"):
            for number in some(count, 4):
                refill(lab, files)
                last = 0 if what == "EIO" else number
                env = {"LD_PRELOAD": faults, "FAULTS_UNDER": str(lab / "base"), "FAULTS": f"read:{number}:{last}:{what}"}
                got = lab.run(*words, env=env)
                tried += 1
                if not (got.returncode == 0 or (got.returncode in (1, 2) and said_well(lab, got.stderr.replace(" base/", f" {lab / 'base'}/"), what))):
                    bad.append(f"read {number} {what}: {got.returncode} {got.stderr[-300:]}")
        tap.ok(done.returncode == 0 and count and not bad, f"{name}: {tried - len(bad)} of {tried} end well", done.stderr, *bad[:5])


def test_while_training(lab, files):
    """The base model's file is cut short in place, written over or removed after the first step. What the program tells goes
    through a pipe of a page that nobody empties meanwhile, so that it cannot be far ahead, however fast it is."""
    write_job(lab / "long.toml", pretrained_model_name_or_path="base/model.safetensors", max_train_steps=STEPS, train_batch_size=1, resolution="64,64",
              sample_every_n_steps=STEPS, sample_prompts="prompts.txt", output_dir="long")  # fmt: skip
    refill(lab, files)
    done = train(lab, "long")
    tap.ok(done.returncode == 0, "a run with a whole model", done.stderr)
    whole = numbers(lab / "long/tiny.safetensors")
    shutil.rmtree(lab / "long")
    model = lab / "base/model.safetensors"
    ways = {
        "cut short": lambda: os.truncate(model, 1000),
        "written over": lambda: model.write_bytes(bytes(len(files["model.safetensors"]))),
        "removed": lambda: os.unlink(model),
    }
    for how, harm in ways.items():
        refill(lab, files)
        run = lab.start("train", "long.toml", "--progress", "json")
        fcntl.fcntl(run.stdout, F_SETPIPE_SZ, 4096)
        for line in run.stdout:
            if '"event":"step","step":1' in line:
                break
        harm()
        out, errors = run.communicate(timeout=300)
        warnings = [e["text"] for e in events(out) if e["event"] == "log" and "base/model" in e["text"]]
        same = run.returncode == 0 and numbers(lab / "long/tiny.safetensors") == whole
        told = how == "removed" or (warnings and not list((lab / "long/sample").glob("*.png")))
        tap.ok(same and told, f"{how} while it trains: it goes on, with words: {warnings[:1]}", errors, out[-600:])
        shutil.rmtree(lab / "long", ignore_errors=True)


def main():
    lab = Lab(sys.argv[1])
    faults = str(Path(sys.argv[2]).resolve())
    lab.env["OMP_NUM_THREADS"] = "2"
    try:
        pictures(lab / "pictures")
        (lab / "prompts.txt").write_text("a dog --w 64 --h 64 --s 1 --d 5\n")
        save_as_torch(MODEL, lab / "model.ckpt")
        files = {"model.safetensors": MODEL.read_bytes(), "model.ckpt": (lab / "model.ckpt").read_bytes(), "lora.safetensors": LORA.read_bytes()}
        test_training(lab, faults, "one file", files, 5, pretrained_model_name_or_path="base/model.safetensors")
        test_training(lab, faults, "its own VAE as .ckpt and LoRAs", files, 3, pretrained_model_name_or_path="base/model.safetensors", vae="base/model.ckpt",
                      network_weights="base/lora.safetensors", dim_from_weights=True, base_weights=["base/lora.safetensors"])  # fmt: skip
        test_while_training(lab, files)
        test_commands(lab, faults, files)
    finally:
        lab.close()
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
