#!/usr/bin/env python3
"""lorikeet-cli on the stand-in for a graphics card: what it says of systems where the card cannot be used, and whole
trainings and pictures through the CUDA backend. Usage: test_programs.py PROGRAM MODULE"""

import ctypes
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))
from lab import MODEL, Lab, Tap, events, pictures, write_job  # noqa: E402

tap = Tap()
STEPS = 6


def run(lab, card, *words, **env):
    """Runs with a card that is like `card` (fake.h)."""
    lab.env.update({"LORIKEET_FAKE_CUDA": card, **env})
    done = lab.run(*words)
    for name in env:
        del lab.env[name]
    return done


# ---------------------------------------------------------------- devices


SYSTEMS = {
    "none": ["no NVIDIA driver", "Install"],
    "too-old": ["older", "Install the newest"],
    "no-device": ["no graphics card", "restart"],
    "no-permission": ["does not answer", "container"],
    "mismatch": ["does not answer", "restart"],
    "unknown": ["does not answer", "slept"],
}


def test_systems(lab):
    for driver, words in SYSTEMS.items():
        done = run(lab, f"driver={driver}", "devices")
        line = next((row for row in done.stdout.splitlines() if row.startswith("cuda")), "")
        good = done.returncode == 0 and all(w in line for w in words) and re.search(r"^cpu ", done.stdout, re.M)
        tap.ok(good, f"a driver that is {driver}: {line.split(': ', 1)[-1]}", done.stdout, done.stderr)
    write_job(lab / "none.toml")
    done = run(lab, "driver=none", "train", "none.toml", "--device", "cuda:0")
    tap.ok(done.returncode == 1 and "no NVIDIA driver" in done.stderr, "a job that wants the card says why not", done.stderr)
    done = run(lab, "driver=none", "plan", "none.toml", "--json")
    tap.ok(done.returncode == 0 and json.loads(done.stdout)["device"] == "cpu", "one that does not takes the CPU", done.stderr)


def test_cards(lab):
    done = run(lab, "sm=75,devices=2,memory=6442450944", "devices", "--json")
    found = [d for d in json.loads(done.stdout)["devices"] if d["backend"] == "cuda"]
    good = [d["id"] for d in found] == ["cuda:0", "cuda:1"] and all(d["memory_bytes"] == 6442450944 for d in found)
    tap.ok(good and found[0]["fp16"] and not found[0]["bf16"] and found[0]["free_bytes"] < found[0]["memory_bytes"],
           "two cards of the Turing generation", done.stdout)  # fmt: skip
    write_job(lab / "turing.toml", mixed_precision="bf16")
    done = run(lab, "sm=75", "train", "turing.toml", "--device", "cuda")
    tap.ok(done.returncode == 1 and "has no bf16" in done.stderr and "Choose fp16" in done.stderr, "which have no bf16", done.stderr)
    done = run(lab, "sm=70", "train", "turing.toml", "--device", "cuda", "--set", "mixed_precision=fp16")
    tap.ok(done.returncode == 1 and "7.0" in done.stderr, "a card that is too old is named", done.stderr)


def test_module(lab, module):
    garbage = lab / "garbage.so"
    garbage.write_bytes(b"\x7fELF garbage")
    for path, words in ((lab / "missing.so", "no CUDA backend"), (garbage, "cannot be opened")):
        done = run(lab, "", "devices", LORIKEET_CUDA_MODULE=str(path))
        tap.ok(done.returncode == 0 and words in done.stdout, f"a module that is {path.stem}", done.stdout, done.stderr)
    lab.env["LORIKEET_CUDA_MODULE"] = module


def test_no_driver(lab, module):
    """The real module is not even opened, for it brings libraries of hundreds of megabytes along."""
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        del lab.env["LORIKEET_CUDA_MODULE"]
        place = lab / "lib" / "lorikeet" / "lorikeet-cuda.so"
        place.parent.mkdir(parents=True)
        place.write_bytes(b"not to be opened")
        program = lab / "bin" / "lorikeet-cli"
        program.parent.mkdir()
        shutil.copy2(sys.argv[1], program)
        done = subprocess.run([program, "devices"], env=lab.env, text=True, capture_output=True)
        tap.ok(done.returncode == 0 and "libcuda.so.1 cannot be opened" in done.stdout, "no driver, no module", done.stdout, done.stderr)
        lab.env["LORIKEET_CUDA_MODULE"] = module


# ---------------------------------------------------------------- training


def train(lab, card, name, precision, *more, device="cuda", **changes):
    settings = {"output_dir": name, "cache_dir": f"cache-{precision}", "mixed_precision": precision, "max_train_steps": STEPS}
    write_job(lab / f"{name}.toml", **{**settings, **changes})
    return run(lab, card, "train", f"{name}.toml", "--device", device, "--progress", "json", *more)


def losses(done):
    return [e["loss"] for e in events(done.stdout) if e["event"] == "step"] if done.returncode == 0 else []


def files(folder):
    return {p.name: p.read_bytes() for p in Path(folder).iterdir() if p.is_file() and ".state" not in p.name}


def test_training(lab):
    allowed = {"no": 1e-5, "bf16": 1e-2, "fp16": 2e-3}
    truth = losses(train(lab, "", "cpu", "no", device="cpu"))
    for precision, card in (("no", "sm=89"), ("bf16", "sm=86"), ("fp16", "sm=75"), ("bf16", "sm=100")):
        done = train(lab, card, f"card-{precision}-{card}", precision)
        got = losses(done)
        worst = max((abs(a - b) / a for a, b in zip(truth, got)), default=1)
        tap.ok(len(got) == STEPS and worst < allowed[precision], f"{precision} on {card}: losses differ from the CPU's by {worst:.1e}",
               done.stderr)  # fmt: skip
    plain = losses(train(lab, "sm=86", "plain-f32", "no"))
    for card, least, most in (("sm=86", 1e-7, 2e-3), ("sm=75", 0, 0)):
        done = train(lab, card, f"card-tf32-{card}", "no", allow_tf32=True)
        worst = max((abs(a - b) / a for a, b in zip(plain, losses(done))), default=1)
        tap.ok(least <= worst <= most, f"TF32 on {card}: losses differ from f32's by {worst:.1e}", done.stderr)
    again = train(lab, "sm=86,schedule=random,seed=5", "again", "bf16")
    same = files(lab / "again") == files(lab / "card-bf16-sm=86")
    tap.ok(again.returncode == 0 and same, "the same bytes in every order in which a card may work", again.stderr)


def test_resume(lab):
    settings = {"save_state_every_n_steps": 2, "gradient_accumulation_steps": 2}
    whole = train(lab, "sm=86", "whole", "bf16", **settings)
    write_job(lab / "broken.toml", output_dir="broken", cache_dir="cache-bf16", mixed_precision="bf16", max_train_steps=STEPS, **settings)
    lab.env["LORIKEET_FAKE_CUDA"] = "sm=86"
    program = lab.start("train", "broken.toml", "--device", "cuda", "--progress", "json")
    told = []
    for line in program.stdout:
        told.append(line)
        if json.loads(line).get("step") == 3:
            program.send_signal(signal.SIGKILL)
            break
    program.communicate()
    done = run(lab, "sm=86", "train", "broken.toml", "--device", "cuda", "--progress", "json", "--resume")
    tap.ok(whole.returncode == done.returncode == 0 and files(lab / "broken") == files(lab / "whole"),
           "a run that was killed and resumed ends in the same bytes", done.stderr, "".join(told))  # fmt: skip


def test_lost(lab):
    """A call fails somewhere in a run: the run says so, and resumed it ends in the bytes of one that never failed."""
    settings = {"save_state_every_n_steps": 1, "gradient_accumulation_steps": 2}
    write_job(lab / "calls.toml", output_dir="calls", cache_dir="cache-bf16", mixed_precision="bf16", max_train_steps=STEPS, **settings)
    whole = run(lab, "sm=86", "train", "calls.toml", "--device", "cuda", LORIKEET_FAKE_CUDA_TELL="1")
    count = int(re.search(r"(\d+) calls", whole.stderr)[1])
    odd, told, resumed = [], 0, 0
    for i, part in enumerate((0.002, 0.6, 0.8, 0.9, 0.97)):
        how = ("fail", "lost")[i % 2]
        name = f"{how}{i}"
        write_job(lab / f"{name}.toml", output_dir=name, cache_dir="cache-bf16", mixed_precision="bf16", max_train_steps=STEPS, **settings)
        broken = run(lab, f"sm=86,{how}={int(count * part)}", "train", f"{name}.toml", "--device", "cuda")
        told += broken.returncode == 1 and "lorikeet-cli: " in broken.stderr
        if broken.returncode not in (0, 1):
            odd.append((how, part, broken.returncode, broken.stderr[-500:]))
        done = run(lab, "sm=86", "train", f"{name}.toml", "--device", "cuda", "--resume")
        resumed += done.returncode == 0 and files(lab / name) == files(lab / "calls")
    tap.ok(not odd and told >= 2, f"calls that fail, of {count}, end a run with words: {told} of 5", odd)
    tap.ok(resumed == 5, f"and resumed it ends in the same bytes: {resumed} of 5")


def test_waits(lab):
    """A step waits for the card's last work once, where it reads loss and norm together, however many batches it has."""
    for name, more in (("plain", {}), ("accumulated", {"gradient_accumulation_steps": 3}), ("found", {"optimizer_type": "Prodigy"})):
        waits = []
        for steps in (1, 4, 9):  # the first fills the cache of latents
            card = f"{name}{steps}"
            write_job(lab / f"{card}.toml", **{"output_dir": card, "cache_dir": "cache-bf16", "mixed_precision": "bf16", "max_train_steps": steps, **more})
            done = run(lab, "sm=86", "train", f"{card}.toml", "--device", "cuda", LORIKEET_FAKE_CUDA_TELL="1")
            found = re.search(r"(\d+) waits", done.stderr)
            waits.append(int(found[1]) if found else -100 * steps)
        tap.ok(waits[2] - waits[1] == 5, f"5 steps more, {name}: waits {waits[1]} and {waits[2]}", done.stderr)


def test_memory(lab):
    for precision, more in (("no", {"allow_tf32": True}), ("bf16", {})):  # the last one is what small cards have no room for
        write_job(lab / "plan.toml", output_dir=f"planned-{precision}", cache_dir=f"cache-{precision}", mixed_precision=precision,
                  max_train_steps=STEPS, **more)  # fmt: skip
        told = json.loads(run(lab, "sm=86", "plan", "plan.toml", "--device", "cuda", "--json").stdout)["bytes"]
        done = run(lab, "sm=86", "train", "plan.toml", "--device", "cuda", LORIKEET_FAKE_CUDA_TELL="1")
        peak = re.search(r"at most (\d+) bytes", done.stderr)
        wanted = told["total"] - told["host"]
        tap.ok(peak and int(peak[1]) == wanted, f"{precision}: memory as planned: {wanted}", told, done.stderr)
    small = f"sm=86,memory={256 * 2**20 + wanted // 2}"
    done = run(lab, small, "train", "plan.toml", "--device", "cuda", "--set", "output_dir=small")
    tap.ok(done.returncode == 1 and "of memory" in done.stderr, "a card that is too small is told before it starts", done.stderr)


def test_taken(lab):
    """Another program takes the card's memory at any moment: the run ends with its state, and goes on later."""
    settings = {"save_state_every_n_steps": 100, "sample_every_n_steps": 2, "sample_prompts": "prompts.txt", "cache_dir": "cache-bf16",
                "mixed_precision": "bf16", "max_train_steps": STEPS}  # fmt: skip
    (lab / "prompts.txt").write_text("a dog --w 64 --h 64 --s 1 --d 5\n")
    write_job(lab / "free.toml", output_dir="free", **settings)
    whole = run(lab, "sm=86", "train", "free.toml", "--device", "cuda", LORIKEET_FAKE_CUDA_TELL="1")
    count = int(re.search(r"(\d+) allocations", whole.stderr)[1])
    bad, begun = [], []
    tried = sorted({1, count, *(count * i // 5 for i in range(1, 5))})
    for number in tried:
        name = f"taken{number}"
        write_job(lab / f"{name}.toml", output_dir=name, **settings)
        done = run(lab, f"sm=86,taken={number}", "train", f"{name}.toml", "--device", "cuda", "--progress", "json")
        if done.returncode == 0 and files(lab / name) == files(lab / "free"):
            continue  # a recording of a step's launches that finds no room is done without
        told = events(done.stdout)
        steps = max((e["step"] for e in told if e["event"] == "step"), default=0)
        last = told[-1]
        good = done.returncode == 1 and last["code"] == "memory" and "smallest change first" in last["message"]
        good = good and ("The state is saved" in last["message"]) == (steps > 0)
        again = run(lab, "sm=86", "train", f"{name}.toml", "--device", "cuda", "--progress", "json", "--resume")
        start = next((e["step"] for e in events(again.stdout) if e["event"] == "start"), None)
        begun.append(start)
        if not good or start != steps or again.returncode or files(lab / name) != files(lab / "free"):
            bad.append((number, done.returncode, last, steps, start, done.stderr[-300:], again.stderr[-300:]))
    tap.ok(not bad and max(begun) > 0, f"the card's memory is taken before one of {count} allocations: {len(tried) - len(bad)} of {len(tried)} "
           f"end with their state and go on, after step {begun}, or can do without", *bad)  # fmt: skip


def test_pictures(lab):
    pixels = {}
    for device in ("cpu", "cuda"):
        out = lab / f"{device}.png"
        done = run(lab, "sm=86", "generate", "--model", str(MODEL), "--prompt", "sks dog", "--width", "64", "--height", "64",
                   "--steps", "3", "--seed", "1", "--device", device, "--out", str(out))  # fmt: skip
        pixels[device] = out.read_bytes() if out.exists() else b""
        tap.ok(done.returncode == 0 and pixels[device][:4] == b"\x89PNG", f"a picture by {device}", done.stderr)


def main():
    lab = Lab(sys.argv[1])
    lab.env["LORIKEET_CUDA_MODULE"] = os.path.realpath(sys.argv[2])
    try:
        pictures(lab / "pictures")
        test_systems(lab)
        test_cards(lab)
        test_module(lab, os.path.realpath(sys.argv[2]))
        test_no_driver(lab, os.path.realpath(sys.argv[2]))
        test_training(lab)
        test_resume(lab)
        test_lost(lab)
        test_waits(lab)
        test_memory(lab)
        test_taken(lab)
        test_pictures(lab)
    finally:
        lab.close()
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
