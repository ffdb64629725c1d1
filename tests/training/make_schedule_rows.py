#!/usr/bin/env python3
"""Writes schedule_rows.h: learning rate factors as diffusers computes them (checked to be transformers' too), the noise
schedule in float64, and loss weights written out from the formulas of kohya sd-scripts.

    make_schedule_rows.py > schedule_rows.h        (needs torch, diffusers, transformers)
"""
import math

import diffusers.optimization
import torch
import transformers.optimization

LR = 1e-4
CASES = []  # name, warmup, total, cycles, power
for name in ("constant", "constant_with_warmup", "linear", "cosine", "cosine_with_restarts", "polynomial"):
    for warmup, total in ((0, 20), (5, 20), (7, 100), (20, 20), (1, 1)):
        if name == "constant" and warmup or name == "polynomial" and warmup == total:
            continue
        for cycles, power in {"cosine_with_restarts": ((1, 1.0), (3, 1.0)), "polynomial": ((1, 1.0), (1, 2.5))}.get(name, ((1, 1.0),)):
            CASES.append((name, warmup, total, cycles, power))


def factors(module, name, warmup, total, cycles, power):
    p = torch.nn.Parameter(torch.zeros(1))
    opt = torch.optim.SGD([p], lr=LR)
    if module is diffusers.optimization:
        s = module.get_scheduler(name, opt, num_warmup_steps=warmup, num_training_steps=total, num_cycles=cycles, power=power)
    else:
        extra = {"cosine_with_restarts": {"num_cycles": cycles}, "polynomial": {"power": power}}.get(name, {})
        s = module.get_scheduler(name, opt, num_warmup_steps=warmup, num_training_steps=total, scheduler_specific_kwargs=extra)
    return [s.lr_lambdas[0](i) for i in range(total + 3)]


print("/* Made by make_schedule_rows.py with diffusers %s and transformers %s. */\n/* clang-format off */" % (diffusers.__version__, transformers.__version__))
print("static const struct {\n    const char *name;\n    int warmup, total, cycles;\n    double power;\n    int step;\n    double factor;\n} lr_rows[] = {")
for case in CASES:
    a, b = factors(diffusers.optimization, *case), factors(transformers.optimization, *case)
    assert all(math.isclose(x, y, rel_tol=1e-12, abs_tol=1e-12) for x, y in zip(a, b)), case
    name, warmup, total, cycles, power = case
    steps = sorted({0, 1, 2, warmup - 1, warmup, warmup + 1, total // 2, total // 3, total * 2 // 3, total - 1, total, total + 1, total + 2} & set(range(total + 3)))
    for s in steps:
        print('    {"%s", %d, %d, %d, %r, %d, %r},' % (name, warmup, total, cycles, power, s, float(a[s])))
print("};\n")

betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
bars = torch.cumprod(1 - betas, 0)
root = bars.sqrt()
zero = ((root - root[-1]) * root[0] / (root[0] - root[-1])) ** 2
print("static const struct {\n    int t;\n    double alphas_cumprod, zero_terminal;\n} noise_rows[] = {")
for t in (0, 1, 2, 10, 100, 250, 499, 500, 750, 900, 998, 999):
    print("    {%d, %r, %r}," % (t, bars[t].item(), zero[t].item()))
print("};\n")

print("static const struct {\n    bool v;\n    double min_snr_gamma;\n    bool scale_v;\n    double v_like;\n    bool debiased;\n    int t;\n    double weight;\n} weight_rows[] = {")
for v, gamma, scale, like, debiased in ((0, 0, 0, 0, 0), (0, 5, 0, 0, 0), (1, 5, 0, 0, 0), (0, 1, 0, 0, 0), (0, 0, 0, 0.5, 0), (1, 0, 1, 0, 0),
                                        (0, 0, 0, 0, 1), (1, 0, 0, 0, 1), (0, 5, 0, 0.5, 1), (1, 5, 1, 0, 1)):
    for t in (0, 3, 100, 500, 999):
        snr = (bars[t] / (1 - bars[t])).item()
        loss = 1.0
        if gamma:
            loss = loss * (min(snr, gamma) / (snr + 1) if v else min(snr, gamma) / snr)
        capped = min(snr, 1000.0)
        scaled = capped / (capped + 1)
        if scale:
            loss = loss * scaled
        if like:
            loss = loss + loss / scaled * like
        if debiased:
            loss = loss * (1 / (capped + 1) if v else 1 / math.sqrt(capped))
        print("    {%s, %r, %s, %r, %s, %d, %r}," % (str(bool(v)).lower(), float(gamma), str(bool(scale)).lower(), float(like), str(bool(debiased)).lower(), t, loss))
print("};")

print("\nstatic const struct {\n    const char *schedule;\n    double huber_c, huber_scale;\n    bool zero_terminal;\n    int t;\n    double threshold;\n} huber_rows[] = {")
for schedule, c, scale, terminal in (("snr", 0.1, 1, 0), ("snr", 0.03, 2, 1), ("constant", 0.1, 1, 0), ("constant", 0.25, 3, 0), ("exponential", 0.1, 1, 0), ("exponential", 0.02, 1.5, 0)):
    for t in (0, 1, 250, 500, 999):
        bar = (zero if terminal else bars)[t].item()
        if schedule == "snr":
            sigma = ((1 - bar) / bar) ** 0.5 if bar else math.inf
            threshold = (1 - c) / (1 + sigma) ** 2 + c
        else:
            threshold = (c if schedule == "constant" else math.exp(math.log(c) / 1000 * t)) * scale
        print('    {"%s", %r, %r, %s, %d, %r},' % (schedule, float(c), float(scale), str(bool(terminal)).lower(), t, threshold))
print("};")

# schedules that transformers or diffusers alone have, in the way sd-scripts calls them
def more(name, warmup, total, cycles=1, decay=0, timescale=None, ratio=None, rules=""):
    p = torch.nn.Parameter(torch.zeros(1))
    opt = torch.optim.SGD([p], lr=LR)
    t = transformers.optimization
    if name == "inverse_sqrt":
        s = t.get_inverse_sqrt_schedule(opt, warmup, timescale=timescale)
    elif name == "cosine_with_min_lr":
        s = t.get_cosine_with_min_lr_schedule_with_warmup(opt, warmup, total, num_cycles=cycles / 2, min_lr_rate=ratio)
    elif name == "warmup_stable_decay":
        s = t.get_wsd_schedule(opt, num_warmup_steps=warmup, num_stable_steps=total - warmup - decay, num_decay_steps=decay, num_cycles=cycles / 2, min_lr_ratio=ratio or 0.0)
    else:
        s = diffusers.optimization.get_piecewise_constant_schedule(opt, rules)
    return [float(s.lr_lambdas[0](i)) for i in range(total + 3)]


print("\nstatic const struct {\n    const char *name;\n    int warmup, total, cycles, decay, timescale;\n    double ratio;\n    const char *rules;\n    int step;\n    double factor;\n} more_lr_rows[] = {")
for case in (dict(name="inverse_sqrt", warmup=5, total=60), dict(name="inverse_sqrt", warmup=0, total=60), dict(name="inverse_sqrt", warmup=10, total=60, timescale=25),
             dict(name="cosine_with_min_lr", warmup=0, total=40, ratio=0.1), dict(name="cosine_with_min_lr", warmup=8, total=40, ratio=0.3, cycles=3),
             dict(name="warmup_stable_decay", warmup=6, total=50, decay=12), dict(name="warmup_stable_decay", warmup=6, total=50, decay=20, ratio=0.2, cycles=2), dict(name="warmup_stable_decay", warmup=0, total=20, ratio=0.5),
             dict(name="piecewise_constant", warmup=0, total=40, rules="1:10,0.1:20,0.01:30,0.005"), dict(name="piecewise_constant", warmup=0, total=12, rules="2:5,0.5")):
    values = more(**case)
    total = case["total"]
    for step in sorted({0, 1, 4, 5, 6, 9, 10, 11, 20, 29, 30, 31, 37, 38, 39, total - 1, total, total + 2} & set(range(total + 3))):
        print('    {"%s", %d, %d, %d, %d, %d, %r, "%s", %d, %r},' % (case["name"], case["warmup"], total, case.get("cycles", 1), case.get("decay", 0), case.get("timescale") or 0, float(case.get("ratio") or 0), case.get("rules", ""), step, values[step]))
print("};")
