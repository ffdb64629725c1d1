#!/usr/bin/env python3
"""Writes optimizer_rows.h: weights after some steps of the optimizers' own implementations, in float64 where they can.

    make_optimizer_rows.py > optimizer_rows.h
    (needs torch, transformers, diffusers, lion-pytorch, prodigyopt, dadaptation, schedulefree, bitsandbytes)

Four matrices in two groups; their sizes are multiples of 256, so that blocks of 8-bit moments are the same whether a
tensor or a whole group is cut into blocks.
"""
import contextlib
import math
import sys
import warnings

warnings.filterwarnings("ignore")
import bitsandbytes
import dadaptation
import lion_pytorch
import prodigyopt
import schedulefree
import torch
import transformers.optimization
from bitsandbytes.functional import create_dynamic_map
from diffusers.training_utils import EMAModel

SHAPES = [(16, 32), (48, 16), (16, 16), (32, 16)]  # down and up of a text module, then of a U-Net module
CONVOLUTIONS = [(16, 4, 3, 3), (32, 16, 1, 1), (16, 16, 1, 1), (32, 16, 1, 1)]  # the same, of convolutions of 3×3 and 1×1
STEPS = (1, 2, 5, 20)
AT = (0, 1, 17, 255, 256, 300, 511)  # elements of each matrix, where it has them; the last one too


def weights(k, n):
    return [0.1 * math.cos(0.37 * i + k) for i in range(n)]


def gradient(k, n, step):
    return [0.05 * math.sin(1.3 * i + 0.2 * step + k) + 0.02 * math.cos(0.01 * i * step) for i in range(n)]


def places(n):
    return sorted({i for i in AT if i < n} | {n - 1})


def run(make, dtype, ema=0, shapes=SHAPES):
    params = []
    for k, shape in enumerate(shapes):
        n = math.prod(shape)
        params.append(torch.nn.Parameter(torch.tensor(weights(k, n), dtype=torch.float32).to(dtype).reshape(shape)))
    with contextlib.redirect_stdout(sys.stderr):
        optimizer = make([{"params": params[:2]}, {"params": params[2:]}], params)
    average = EMAModel(params, decay=ema) if ema else None
    out = []
    for step in range(1, max(STEPS) + 1):
        for k, p in enumerate(params):
            p.grad = torch.tensor(gradient(k, p.numel(), step), dtype=torch.float32).to(dtype).reshape(p.shape)
        if hasattr(optimizer, "train"):
            optimizer.train()
        optimizer.step()
        if average:
            average.step(params)
        if step in STEPS:
            d = optimizer.param_groups[0].get("d", 0.0)
            if hasattr(optimizer, "eval"):
                optimizer.eval()
            shown = average.shadow_params if average else params
            values = [p.detach().reshape(-1)[i].item() for p in shown for i in places(p.numel())]
            out.append((step, float(d), values))
    return out


def both(cls, **options):
    return lambda groups, params: cls(groups, **options)


def two_rates(cls, first, second, **options):
    def make(groups, params):
        groups[0]["lr"], groups[1]["lr"] = first, second
        return cls(groups, lr=second, **options)
    return make


D = torch.float64
F = torch.float32
CASES = [  # name, arguments as jobs give them, rates of the groups, maker, dtype, ema
    ("AdamW", [], 1e-3, 2e-3, two_rates(torch.optim.AdamW, 1e-3, 2e-3), D, 0),
    ("AdamW", ["weight_decay=0.1", "betas=(0.8,0.99)", "eps=1e-4"], 1e-3, 1e-3, both(torch.optim.AdamW, lr=1e-3, weight_decay=0.1, betas=(0.8, 0.99), eps=1e-4), D, 0),
    ("Adam", ["weight_decay=0.1"], 1e-3, 1e-3, both(torch.optim.Adam, lr=1e-3, weight_decay=0.1), D, 0),
    ("SGDNesterov", ["weight_decay=0.01"], 0.01, 0.02, two_rates(torch.optim.SGD, 0.01, 0.02, momentum=0.9, nesterov=True, weight_decay=0.01), D, 0),
    ("SGDNesterov", ["momentum=0.5", "nesterov=False"], 0.01, 0.01, both(torch.optim.SGD, lr=0.01, momentum=0.5), D, 0),
    ("Lion", ["weight_decay=0.1", "betas=(0.95,0.98)"], 1e-3, 2e-3, two_rates(lion_pytorch.Lion, 1e-3, 2e-3, weight_decay=0.1, betas=(0.95, 0.98)), D, 0),
    ("Prodigy", [], 1, 1, both(prodigyopt.Prodigy, lr=1.0), D, 0),
    ("Prodigy", ["decouple=True", "weight_decay=0.01", "d_coef=2", "use_bias_correction=True", "safeguard_warmup=True", "d0=1e-4"], 0.5, 0.5, both(prodigyopt.Prodigy, lr=0.5, weight_decay=0.01, d_coef=2.0, use_bias_correction=True, safeguard_warmup=True, d0=1e-4), D, 0),
    ("Prodigy", ["decouple=False", "weight_decay=0.1", "growth_rate=1.5", "beta3=0.9", "d0=1e-3"], 1, 1, both(prodigyopt.Prodigy, lr=1.0, decouple=False, weight_decay=0.1, growth_rate=1.5, beta3=0.9, d0=1e-3), D, 0),
    ("DAdaptAdam", [], 1, 1, both(dadaptation.DAdaptAdam, lr=1.0), D, 0),
    ("DAdaptAdam", ["decouple=True", "weight_decay=0.01", "use_bias_correction=True", "growth_rate=1.2", "d0=1e-4"], 1, 1, both(dadaptation.DAdaptAdam, lr=1.0, decouple=True, weight_decay=0.01, use_bias_correction=True, growth_rate=1.2, d0=1e-4), D, 0),
    ("AdamWScheduleFree", [], 1e-3, 1e-3, both(schedulefree.AdamWScheduleFree, lr=1e-3, foreach=False), D, 0),
    ("AdamWScheduleFree", ["warmup_steps=4", "weight_decay=0.1", "r=1", "betas=(0.95,0.99)"], 1e-3, 1e-3, both(schedulefree.AdamWScheduleFree, lr=1e-3, warmup_steps=4, weight_decay=0.1, r=1.0, betas=(0.95, 0.99), foreach=False), D, 0),
    ("Adafactor", [], 1e-3, 1e-3, both(transformers.optimization.Adafactor), F, 0),
    ("Adafactor", ["relative_step=False", "scale_parameter=False", "weight_decay=0.1", "clip_threshold=0.5"], 1e-3, 2e-3, two_rates(transformers.optimization.Adafactor, 1e-3, 2e-3, relative_step=False, scale_parameter=False, weight_decay=0.1, clip_threshold=0.5), F, 0),
    ("Adafactor", ["warmup_init=True", "decay_rate=-0.5", "eps=(1e-20,1e-2)"], 1e-3, 1e-3, both(transformers.optimization.Adafactor, warmup_init=True, decay_rate=-0.5, eps=(1e-20, 1e-2)), F, 0),
    ("AdamW8bit", [], 1e-3, 2e-3, two_rates(bitsandbytes.optim.AdamW8bit, 1e-3, 2e-3, min_8bit_size=1), F, 0),
    ("Lion8bit", ["weight_decay=0.1"], 1e-3, 1e-3, both(bitsandbytes.optim.Lion8bit, lr=1e-3, weight_decay=0.1, min_8bit_size=1), F, 0),
    ("AdamW", [], 1e-3, 1e-3, both(torch.optim.AdamW, lr=1e-3), D, 0.8),
]

OF_CONVOLUTIONS = [case for case in CASES if case[0] == "Adafactor"]  # it alone looks at the dimensions


def write(case, shapes, convolutions):
    name, args, first, second, make, dtype, ema = case
    print('    {"%s", "%s", %r, %r, %r, {' % (name, ";".join(args), first, second, ema))
    for step, d, values in run(make, dtype, ema, shapes):
        print("        {%d, %r, {%s}}," % (step, d, ", ".join("%.9g" % v for v in values)))
    print("    }, %s}," % convolutions)


shown = sum(len(places(a * b)) for a, b in SHAPES)
assert shown == sum(len(places(math.prod(shape))) for shape in CONVOLUTIONS)
print("/* Made by make_optimizer_rows.py with torch %s, transformers %s, bitsandbytes %s. */" % (torch.__version__, transformers.__version__, bitsandbytes.__version__))
print("/* clang-format off */")
print("enum { ROW_STEPS = %d, ROW_VALUES = %d };" % (len(STEPS), shown))
print("static const struct {\n    const char *optimizer, *args;\n    double text_rate, unet_rate, ema;\n    struct {\n        int step;\n        double d, values[ROW_VALUES];\n    } after[ROW_STEPS];\n    bool convolutions;\n} optimizer_rows[] = {")
for case in CASES:
    write(case, SHAPES, "false")
for case in OF_CONVOLUTIONS:
    write(case, CONVOLUTIONS, "true")
print("};\n")
for signed, name in ((True, "dynamic_signed"), (False, "dynamic_unsigned")):
    values = create_dynamic_map(signed).tolist()
    print("static const double %s[256] = {\n    %s};" % (name, ",\n    ".join(", ".join("%.9g" % v for v in values[i:i + 8]) for i in range(0, 256, 8))))
