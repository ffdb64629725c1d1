#!/usr/bin/env python3
"""Writes sampler_rows.h: whole runs of samplers over a synthetic U-Net of one number, in float64.

    make_sampler_rows.py > sampler_rows.h        (needs torch, diffusers)

The U-Net is linear in what it sees and wavy in the timestep. Runs marked "diffusers" come from its schedulers, taken
through their public step(); runs marked "formulas" are k-diffusion's published algorithms written out below, for what
diffusers rounds or lacks. Where both exist, both are made and compared. Each run is given as x after every step, in the
variables in which the sampler's own program keeps it.
"""
import math

import diffusers
import numpy as np
import torch
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler, EulerDiscreteScheduler

SD = dict(num_train_timesteps=1000, beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
START = [0.37, -1.9, 2.6]  # unit noise to begin with
KEEP = np.array(START)


def fake_unet(x, t):
    """x: what the U-Net sees. Smooth in t, so that a rounded timestep shows."""
    return 0.8 * x + 0.3 * np.sin(x) + 0.2 * math.cos(0.01 * t) - 0.0001 * t


def fake_noise(step):
    """Stands for the fresh noise of ancestral samplers."""
    return np.array([math.sin(1.0 + 3 * step), math.cos(2.0 + 5 * step), math.sin(7.0 * step + 0.5)])


BETAS = np.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2
BARS = np.cumprod(1 - BETAS)
SIGMAS = np.sqrt((1 - BARS) / BARS)
LOGS = np.log(SIGMAS)


def sigma_at(t):
    return math.exp(np.interp(t, np.arange(1000), LOGS))


def timestep_of(sigma):
    return float(np.interp(math.log(sigma), LOGS, np.arange(1000)))


def uniform(n):
    return [sigma_at(t) for t in np.linspace(999, 0, n)] + [0.0]


def karras(n):
    ramp = np.linspace(0, 1, n)
    low, high = SIGMAS[0] ** (1 / 7), SIGMAS[-1] ** (1 / 7)
    return list((high + ramp * (low - high)) ** 7) + [0.0]


def guess(x, sigma, v):
    out = fake_unet(x / math.sqrt(sigma**2 + 1), timestep_of(sigma))
    if v:
        return x / (sigma**2 + 1) - out * sigma / math.sqrt(sigma**2 + 1)
    return x - sigma * out


def k_euler(sigmas, v, ancestral):
    x, rows = KEEP * sigmas[0], []
    for i in range(len(sigmas) - 1):
        d = (x - guess(x, sigmas[i], v)) / sigmas[i]
        down, up = sigmas[i + 1], 0.0
        if ancestral:
            a, b = sigmas[i], sigmas[i + 1]
            up = min(b, (b**2 * (a**2 - b**2) / a**2) ** 0.5)
            down = (b**2 - up**2) ** 0.5
        x = x + d * (down - sigmas[i])
        if sigmas[i + 1] > 0:
            x = x + fake_noise(i) * up
        rows.append(x)
    return rows


def k_dpmpp_2m(sigmas, v):
    x, rows, old = KEEP * sigmas[0], [], None
    for i in range(len(sigmas) - 1):
        now = guess(x, sigmas[i], v)
        if sigmas[i + 1] == 0:
            x = now
        else:
            t, after = -math.log(sigmas[i]), -math.log(sigmas[i + 1])
            h = after - t
            mixed = now
            if old is not None:
                r = (t + math.log(sigmas[i - 1])) / h
                mixed = (1 + 1 / (2 * r)) * now - 1 / (2 * r) * old
            x = sigmas[i + 1] / sigmas[i] * x - math.expm1(-h) * mixed
        old = now
        rows.append(x)
    return rows


def tensor(x):
    return torch.tensor(np.asarray(x), dtype=torch.float64)


def d_ddim(n, v):
    s = DDIMScheduler(**SD, clip_sample=False, set_alpha_to_one=False, steps_offset=1, timestep_spacing="leading",
                      prediction_type="v_prediction" if v else "epsilon")
    s.alphas_cumprod, s.final_alpha_cumprod = tensor(BARS), tensor(BARS[0])
    s.set_timesteps(n)
    x, rows = tensor(KEEP), []
    for t in s.timesteps:
        x = s.step(tensor(fake_unet(x.numpy(), int(t))), t, x, eta=0.0).prev_sample
        rows.append(x.numpy())
    return rows


def d_ddim_trailing(n, v):
    """Of a schedule that ends in pure noise, from timestep 999 on (Lin et al., arXiv:2305.08891). Only for n that divide
    1000: elsewhere diffusers steps to other timesteps than it then goes on from."""
    assert 1000 % n == 0
    roots = np.sqrt(BARS)
    bars = ((roots - roots[-1]) * roots[0] / (roots[0] - roots[-1])) ** 2
    bars[-1] = 4.8973451890853435e-08
    s = DDIMScheduler(**SD, clip_sample=False, set_alpha_to_one=False, timestep_spacing="trailing",
                      prediction_type="v_prediction" if v else "epsilon")
    s.alphas_cumprod, s.final_alpha_cumprod = tensor(bars), tensor(bars[0])
    s.set_timesteps(n)
    x, rows = tensor(KEEP), []
    for t in s.timesteps:
        x = s.step(tensor(fake_unet(x.numpy(), int(t))), t, x, eta=0.0).prev_sample
        rows.append(x.numpy())
    return rows


def d_euler(n, v):
    """Only for n where the uniform timesteps are whole: elsewhere diffusers interpolates sigma, not its logarithm."""
    assert 999 % (n - 1) == 0
    s = EulerDiscreteScheduler(**SD, timestep_spacing="linspace", prediction_type="v_prediction" if v else "epsilon")
    s.set_timesteps(n)
    s.sigmas = torch.tensor(uniform(n), dtype=torch.float64)
    x, rows = tensor(KEEP * s.sigmas[0].item()), []
    for i, t in enumerate(s.timesteps):
        seen = s.scale_model_input(x, t)
        x = s.step(tensor(fake_unet(seen.numpy(), float(t))), t, x).prev_sample.to(torch.float64)
        rows.append(x.numpy())
    return rows


def d_dpm(n, v, use_karras):
    """In its own variables, x / sqrt(sigma² + 1); its sigmas are made float32 on the way."""
    s = DPMSolverMultistepScheduler(**SD, algorithm_type="dpmsolver++", solver_order=2, use_karras_sigmas=use_karras,
                                    timestep_spacing="linspace", final_sigmas_type="zero",
                                    prediction_type="v_prediction" if v else "epsilon")
    s.set_timesteps(n)
    mine = karras(n) if use_karras else uniform(n)
    if use_karras:
        assert np.allclose(s.sigmas.numpy(), mine, rtol=2e-5), (s.sigmas.numpy(), mine)
    s.sigmas = torch.tensor(mine, dtype=torch.float64)
    x, rows = tensor(KEEP * mine[0] / math.sqrt(mine[0] ** 2 + 1)), []
    for i, t in enumerate(s.timesteps):
        # Its timesteps are rounded to whole ones; the synthetic U-Net is told the true one.
        x = s.step(tensor(fake_unet(x.numpy(), timestep_of(mine[i]))), t, x).prev_sample
        rows.append(x.numpy() * math.sqrt(mine[i + 1] ** 2 + 1))
    return rows


def same(a, b, tolerance):
    error = max(np.max(np.abs(p - q)) for p, q in zip(a, b)) / max(np.max(np.abs(q)) for q in b)
    assert len(a) == len(b) and error < tolerance, error


runs = []  # sampler, steps, v, where from, rows
for v in (False, True):
    for n in (1, 4, 7, 20, 30):
        runs.append(("ddim", n, v, "diffusers", d_ddim(n, v)))
    for n in (4, 10):
        runs.append(("euler", n, v, "diffusers", d_euler(n, v)))
        same(k_euler(uniform(n), v, False), runs[-1][-1], 1e-6)
    for n in (1, 2, 20):
        runs.append(("euler", n, v, "formulas", k_euler(uniform(n), v, False)))
    for n in (1, 5, 20):
        runs.append(("euler_a", n, v, "formulas", k_euler(uniform(n), v, True)))
    for n in (2, 5, 20):
        runs.append(("dpmpp_2m_karras", n, v, "diffusers", d_dpm(n, v, True)))
        same(k_dpmpp_2m(karras(n), v), runs[-1][-1], 1e-6)
    for n in (4, 10):
        runs.append(("dpmsolver++", n, v, "diffusers", d_dpm(n, v, False)))
        same(k_dpmpp_2m(uniform(n), v), runs[-1][-1], 1e-6)
    runs.append(("dpmsolver++", 1, v, "formulas", k_dpmpp_2m(uniform(1), v)))

zero = len(runs)  # from here on with zero terminal SNR
for n in (1, 4, 20):
    runs.append(("ddim", n, True, "diffusers", d_ddim_trailing(n, True)))

print("/* Made by make_sampler_rows.py with diffusers %s. */\n/* clang-format off */" % diffusers.__version__)
print("static const double run_start[3] = {%s};\n" % ", ".join(map(repr, START)))
print("/* x after each step of the runs below, one after the other. */")
print("static const double run_rows[][3] = {")
for name, n, v, source, rows in runs:
    assert len(rows) == n
    for row in rows:
        print("    {%s}," % ", ".join(repr(float(f"{value:.12g}")) for value in row))
print("};\n")
print("static const struct {\n    const char *sampler;\n    int steps;\n    bool v;\n    const char *source;\n} runs[] = {")
for name, n, v, source, rows in runs:
    print('    {"%s", %d, %s, "%s"},' % (name, n, str(v).lower(), source))
print("};\nenum { FIRST_ZERO_RUN = %d }; /* from this one on with zero terminal SNR */\n" % zero)
print("static const struct {\n    double t, sigma;\n} sigma_rows[] = {")
for t in (0, 0.5, 1, 41.25, 500, 700.75, 998.5, 999):
    print("    {%r, %r}," % (t, sigma_at(t)))
print("};")
