#!/usr/bin/env python3
"""The roofline's arithmetic against PyTorch's own count, and its floors against what follows from them; prints TAP.

    test_roofline.py BENCH_ROOFLINE TESTS_FOLDER
"""

import re
import subprocess
import sys

# torch.utils.flop_counter.FlopCounterMode over one forward pass of diffusers' UNet2DConditionModel, 77 keys, TFLOP.
PYTORCH = {"sd15": 0.803, "sdxl": 6.761}
count = failed = 0


def check(good, what):
    global count, failed
    count, failed = count + 1, failed + (not good)
    print("ok" if good else "not ok", count, "-", what)


def table(*options):
    text = subprocess.run([sys.argv[1], "--tests", sys.argv[2], *options], capture_output=True, text=True, check=True).stdout
    rows = re.findall(r"^(\S.*?) +(\d+) +(\d+) +([\d.]+) +([\d.]+) +([\d.]+) +([\d.]+) +([\d.]+)%$", text, re.MULTILINE)
    lines = re.findall(r"^(\S.*?)  +([\d.]+) ms", text, re.MULTILINE)
    return {row[0]: list(map(float, row[1:])) for row in rows}, {name: float(value) for name, value in lines}


for family, tflop in PYTORCH.items():
    rows, lines = table("--roofline", family, "--device", "rtx4090", "--apart")
    apart = rows["all"][2]
    forward = sum(rows[name][2] for name in ("linear forward", "convolution forward", "attention forward"))
    check(abs(forward - tflop) < 0.002, f"{family}: {forward:.3f} TFLOP forward, PyTorch counts {tflop}")
    backward = sum(rows[name][2] for name in ("linear backward", "convolution backward"))
    check(0.85 < backward / (forward - rows["attention forward"][2]) <= 1, f"{family}: gradients for inputs only: {backward:.3f} TFLOP")
    rows, lines = table("--roofline", family, "--device", "rtx4090")
    joined = rows["all"][2]
    check(0 <= apart - joined < 0.01 * apart, f"{family}: as much arithmetic, but for GEGLU's own, where products are one: {joined:.3f} TFLOP for {apart:.3f}")
    check(abs(rows["attention backward"][2] / rows["attention forward"][2] - 2.5) < 0.01, f"{family}: five products of attention for two")
    total = rows.pop("all")
    check(abs(sum(row[4] for row in rows.values()) - total[4]) < 0.2, f"{family}: the classes' floors add up")
    check(lines["all arithmetic at its peak"] <= lines["products, convolutions, attention"] <= total[4] <= total[5]
          and abs(lines["the step at best"] - total[5]) < 0.02, f"{family}: no floor is below the arithmetic")
slow, fast = (table("--roofline", "sdxl", "--device", card)[1]["the step at best"] for card in ("rtx3060", "h100"))
check(slow > 5 * fast, f"an RTX 3060 takes {slow:.0f} ms where an H100 takes {fast:.0f}")
named, by_key = (table("--roofline", "sd15", "--device", card)[1] for card in ("NVIDIA GeForce RTX 4090", "rtx4090"))
check(named == by_key, "a card is known by the name that its driver gives it")
best = {p: table("--roofline", "sd15", "--device", "a100", "-p", p)[1]["the step at best"] for p in ("bf16", "tf32", "fp32")}
check(best["bf16"] < best["tf32"] < best["fp32"] / 3, "TF32 lies between: " + ", ".join(f"{p} {ms:.1f} ms" for p, ms in best.items()))
turing = [table("--roofline", "sd15", "--device", "rtx2080", "-p", p)[1] for p in ("tf32", "fp32")]
check(turing[0] == turing[1], "and is not there on Turing")
wrong = subprocess.run([sys.argv[1], "--roofline", "sdxl", "--device", "rtx1", "--tests", sys.argv[2]], capture_output=True, text=True)
check(wrong.returncode == 2 and "rtx4090" in wrong.stderr, "an unknown card is refused, the known ones are named")
print(f"1..{count}")
sys.exit(failed > 0)
