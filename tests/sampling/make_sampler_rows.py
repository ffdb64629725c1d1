#!/usr/bin/env python3
"""Writes sampler_rows.h: whole runs of samplers over a synthetic U-Net of one number, in float64.

    make_sampler_rows.py > sampler_rows.h        (needs torch, diffusers, scipy)

The U-Net is linear in what it sees and wavy in the timestep. Runs marked "diffusers" come from its schedulers, taken
through their public step(); runs marked "formulas" are k-diffusion's published algorithms written out below, for what
diffusers rounds or lacks. Where both exist, both are made and compared. Each run is given as x after every step, in the
variables in which the sampler's own program keeps it.
"""
import math

import diffusers
import numpy as np
import torch
from diffusers import (DDIMScheduler, DPMSolverMultistepScheduler, DPMSolverSinglestepScheduler, EulerDiscreteScheduler,
                       HeunDiscreteScheduler, KDPM2AncestralDiscreteScheduler, KDPM2DiscreteScheduler,
                       LMSDiscreteScheduler, PNDMScheduler)

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


def k_ancestral(now, after):
    """k-diffusion's get_ancestral_step with eta 1: (down, up)"""
    up = min(after, (after**2 * (now**2 - after**2) / now**2) ** 0.5)
    return (after**2 - up**2) ** 0.5, up


def k_slope(x, sigma, v):
    return (x - guess(x, sigma, v)) / sigma


def k_heun(sigmas, v):
    x, rows = KEEP * sigmas[0], []
    for now, after in zip(sigmas, sigmas[1:]):
        d = k_slope(x, now, v)
        there = x + d * (after - now)
        if after > 0:
            there = x + (d + k_slope(there, after, v)) / 2 * (after - now)
        x = there
        rows.append(x)
    return rows


def k_dpm_2(sigmas, v, ancestral):
    """Fresh noise bears the number of the pass before it, here and below."""
    x, rows, passes = KEEP * sigmas[0], [], 0
    for now, after in zip(sigmas, sigmas[1:]):
        down, up = k_ancestral(now, after) if ancestral else (after, 0.0)
        d, passes = k_slope(x, now, v), passes + 1
        if down > 0:
            middle = math.exp((math.log(now) + math.log(down)) / 2)
            d, passes = k_slope(x + d * (middle - now), middle, v), passes + 1
        x = x + d * (down - now)
        if up > 0:
            x = x + fake_noise(passes - 1) * up
        rows.append(x)
    return rows


def k_lms(sigmas, v):
    x, rows, slopes = KEEP * sigmas[0], [], []
    for i in range(len(sigmas) - 1):
        slopes.append(k_slope(x, sigmas[i], v))
        order = min(i + 1, 4)
        for k in range(order):
            line = np.poly1d([1.0])
            for other in range(order):
                if other != k:
                    line *= np.poly1d([1.0, -sigmas[i - other]]) / (sigmas[i - k] - sigmas[i - other])
            whole = line.integ()
            x = x + (whole(sigmas[i + 1]) - whole(sigmas[i])) * slopes[-1 - k]
        rows.append(x)
    return rows


def k_plms(n, v):
    """In DDIM's variables. It multiplies the noise, for v too (as CompVis' program does; diffusers multiplies v)."""
    stride = 1000 // n
    levels = [SIGMAS[min((n - 1 - i) * stride + 1, 999)] for i in range(n)] + [SIGMAS[0]]
    x, rows, noises = KEEP * math.sqrt(levels[0] ** 2 + 1), [], []
    for i in range(n):
        now, after = levels[i], levels[i + 1]
        noises.append(k_slope(x, now, v))
        if i == 0 and n > 1:
            whole = (noises[0] + k_slope(x + noises[0] * (after - now), after, v)) / 2
        else:
            weights = ([1], [3 / 2, -1 / 2], [23 / 12, -16 / 12, 5 / 12], [55 / 24, -59 / 24, 37 / 24, -9 / 24])[min(i, 3)]
            whole = sum(w * e for w, e in zip(weights, reversed(noises)))
        x = x + whole * (after - now)
        rows.append(x / math.sqrt(after**2 + 1))
    return rows


def k_dpmpp_2s_a(sigmas, v):
    x, rows, passes = KEEP * sigmas[0], [], 0
    for now, after in zip(sigmas, sigmas[1:]):
        first, passes = guess(x, now, v), passes + 1
        down, up = k_ancestral(now, after)
        if down == 0:
            x = x + (x - first) / now * (down - now)
        else:
            t, to = -math.log(now), -math.log(down)
            h = to - t
            s = t + h / 2
            middle = math.exp(-s) / now * x - math.expm1(-h / 2) * first
            second, passes = guess(middle, math.exp(-s), v), passes + 1
            x = down / now * x - math.expm1(-h) * second + fake_noise(passes - 1) * up
        rows.append(x)
    return rows


def k_dpmpp_sde(sigmas, v):
    """Its noise is a Brownian path in sigma: that of the whole step is made of the two parts'."""
    x, rows, passes = KEEP * sigmas[0], [], 0
    for now, after in zip(sigmas, sigmas[1:]):
        first, passes = guess(x, now, v), passes + 1
        if after == 0:
            x = first
        else:
            t, to = -math.log(now), -math.log(after)
            middle = math.exp(-(t + (to - t) / 2))
            one, two = fake_noise(passes - 1), fake_noise(passes)
            both = (one * math.sqrt(now - middle) + two * math.sqrt(middle - after)) / math.sqrt(now - after)
            down, up = k_ancestral(now, middle)
            there = down / now * x - math.expm1(t + math.log(down)) * first + one * up
            second, passes = guess(there, middle, v), passes + 1
            down, up = k_ancestral(now, after)
            x = down / now * x - math.expm1(t + math.log(down)) * second + both * up
        rows.append(x)
    return rows


def k_dpmpp_2m_sde(sigmas, v):
    x, rows, old, h_last = KEEP * sigmas[0], [], None, None
    for i, (now, after) in enumerate(zip(sigmas, sigmas[1:])):
        here = guess(x, now, v)
        if after == 0:
            x = here
        else:
            h = math.log(now / after)
            x = after / now * math.exp(-h) * x - math.expm1(-2 * h) * here
            if old is not None:
                x = x - 0.5 * math.expm1(-2 * h) * (h / h_last) * (here - old)
            x = x + fake_noise(i) * after * math.sqrt(-math.expm1(-2 * h))
            h_last = h
        old = here
        rows.append(x)
    return rows


def tensor(x):
    return torch.tensor(np.asarray(x), dtype=torch.float64)


def d_ddim(n, v):
    s = DDIMScheduler(**SD, clip_sample=False, set_alpha_to_one=False, steps_offset=1, timestep_spacing="leading",
                      prediction_type=prediction_type(v))
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
                      prediction_type=prediction_type(v))
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
    s = EulerDiscreteScheduler(**SD, timestep_spacing="linspace", prediction_type=prediction_type(v))
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
                                    prediction_type=prediction_type(v))
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


def prediction_type(v):
    return "v_prediction" if v else "epsilon"


def twice(levels):
    """Levels as the schedulers of two passes list them."""
    levels = torch.tensor(levels, dtype=torch.float64)
    return torch.cat([levels[:1], levels[1:-1].repeat_interleave(2), levels[-1:]])


def d_two_passes(s, n, v, levels, told):
    """A scheduler whose steps are two passes but for the last, at given levels; `told` is the U-Net's in each pass."""
    x, rows = tensor(KEEP * levels[0]), []
    for i, t in enumerate(s.timesteps):
        seen = s.scale_model_input(x, t)
        x = s.step(tensor(fake_unet(seen.numpy(), timestep_of(told[i]))), t, x).prev_sample.to(torch.float64)
        if i % 2 == 1 or i == len(s.timesteps) - 1:
            rows.append(x.numpy())
    return rows


def d_heun(n, v):
    s = HeunDiscreteScheduler(**SD, timestep_spacing="linspace", prediction_type=prediction_type(v))
    s.set_timesteps(n)
    levels = uniform(n)
    s.sigmas = twice(levels)
    return d_two_passes(s, n, v, levels, s.sigmas.tolist())


def d_dpm_2(n, v, ancestral):
    make = KDPM2AncestralDiscreteScheduler if ancestral else KDPM2DiscreteScheduler
    s = make(**SD, timestep_spacing="linspace", prediction_type=prediction_type(v))
    s.set_timesteps(n)
    levels = uniform(n)
    downs = [k_ancestral(a, b)[0] if ancestral else b for a, b in zip(levels, levels[1:])]
    ups = [k_ancestral(a, b)[1] for a, b in zip(levels, levels[1:])]
    double = lambda x: torch.tensor(x[:1] + [y for z in x[1:] for y in (z, z)] + x[-1:], dtype=torch.float64)
    s.sigmas = double(levels)
    middles = [math.sqrt(a * b) for a, b in zip(levels, downs)]
    if ancestral:
        s.sigmas_interpol, s.sigmas_up, s.sigmas_down = double(middles + [0.0]), double(ups + [0.0]), double(downs + [0.0])
    else:  # there a level's middle is with the level after it
        s.sigmas_interpol = double([levels[0]] + middles)
    told = [x for pair in zip(levels, middles) for x in pair][:-1]
    passes = [-1]

    def noise(*_, **__):  # asked for in the second pass of each step
        passes[0] += 2
        return tensor(fake_noise(passes[0]))

    diffusers.schedulers.scheduling_k_dpm_2_ancestral_discrete.randn_tensor = noise
    return d_two_passes(s, n, v, levels, told)


def d_lms(n, v):
    s = LMSDiscreteScheduler(**SD, timestep_spacing="linspace", prediction_type=prediction_type(v))
    s.set_timesteps(n)
    levels = uniform(n)
    s.sigmas = torch.tensor(levels, dtype=torch.float64)
    x, rows = tensor(KEEP * levels[0]), []
    for i, t in enumerate(s.timesteps):
        seen = s.scale_model_input(x, t)
        x = s.step(tensor(fake_unet(seen.numpy(), timestep_of(levels[i]))), t, x).prev_sample.to(torch.float64)
        rows.append(x.numpy())
    return rows


def d_plms(n, v):
    """PNDM without its Runge-Kutta start, as the configuration of Stable Diffusion 1 has it; of n + 1 passes the second
    belongs to the first step. Not for v, which it adds up in place of the noise."""
    assert not v
    s = PNDMScheduler(**SD, skip_prk_steps=True, set_alpha_to_one=False, steps_offset=1, timestep_spacing="leading",
                      prediction_type=prediction_type(v))
    s.alphas_cumprod, s.final_alpha_cumprod = tensor(BARS), tensor(BARS[0])
    s.set_timesteps(n)
    x, rows = tensor(KEEP), []
    for i, t in enumerate(s.timesteps):
        x = s.step(tensor(fake_unet(x.numpy(), int(t))), t, x).prev_sample
        if i > 0:
            rows.append(x.numpy())
    return rows


def d_single(n, v):
    s = DPMSolverSinglestepScheduler(**SD, algorithm_type="dpmsolver++", solver_order=2, lower_order_final=True,
                                     final_sigmas_type="zero", prediction_type=prediction_type(v))
    s.set_timesteps(n)
    levels = uniform(n)
    s.sigmas = torch.tensor(levels, dtype=torch.float64)
    x, rows = tensor(KEEP * levels[0] / math.sqrt(levels[0] ** 2 + 1)), []
    for i, t in enumerate(s.timesteps):
        x = s.step(tensor(fake_unet(x.numpy(), timestep_of(levels[i]))), t, x).prev_sample
        rows.append(x.numpy() * math.sqrt(levels[i + 1] ** 2 + 1))
    return rows


def d_solver(n, v):
    """It cannot go to level 0: the last step is straight on to the guess."""
    s = DPMSolverMultistepScheduler(**SD, algorithm_type="dpmsolver", solver_order=2, timestep_spacing="linspace",
                                    final_sigmas_type="sigma_min", prediction_type=prediction_type(v))
    s.set_timesteps(n)
    levels = uniform(n)
    s.sigmas = torch.tensor(levels, dtype=torch.float64)
    x, rows = tensor(KEEP * levels[0] / math.sqrt(levels[0] ** 2 + 1)), []
    for i, t in enumerate(s.timesteps[:-1]):
        x = s.step(tensor(fake_unet(x.numpy(), timestep_of(levels[i]))), t, x).prev_sample
        rows.append(x.numpy() * math.sqrt(levels[i + 1] ** 2 + 1))
    last = rows[-1] if rows else KEEP * levels[0]
    return rows + [guess(last, levels[n - 1], v)]


def d_2m_sde(n, v):
    s = DPMSolverMultistepScheduler(**SD, algorithm_type="sde-dpmsolver++", solver_order=2, use_karras_sigmas=True,
                                    timestep_spacing="linspace", final_sigmas_type="zero",
                                    prediction_type=prediction_type(v))
    s.set_timesteps(n)
    levels = karras(n)
    s.sigmas = torch.tensor(levels, dtype=torch.float64)
    x, rows = tensor(KEEP * levels[0] / math.sqrt(levels[0] ** 2 + 1)), []
    for i, t in enumerate(s.timesteps):
        out = tensor(fake_unet(x.numpy(), timestep_of(levels[i])))
        x = s.step(out, t, x, variance_noise=tensor(fake_noise(i))).prev_sample
        rows.append(x.numpy() * math.sqrt(levels[i + 1] ** 2 + 1))
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
    for n in (1, 2, 3, 8, 20):
        runs.append(("dpmsingle", n, v, "diffusers", d_single(n, v)))
    for n in (2, 5, 20):
        runs.append(("dpmsolver", n, v, "diffusers", d_solver(n, v)))
        runs.append(("heun", n, v, "diffusers", d_heun(n, v)))
        same(k_heun(uniform(n), v), runs[-1][-1], 1e-9)
        runs.append(("dpm_2", n, v, "diffusers", d_dpm_2(n, v, False)))
        same(k_dpm_2(uniform(n), v, False), runs[-1][-1], 1e-9)
        runs.append(("dpm_2_a", n, v, "diffusers", d_dpm_2(n, v, True)))
        same(k_dpm_2(uniform(n), v, True), runs[-1][-1], 1e-9)
        runs.append(("lms", n, v, "diffusers", d_lms(n, v)))
        same(k_lms(uniform(n), v), runs[-1][-1], 1e-4)  # diffusers integrates numerically
        runs[-1] = ("lms", n, v, "formulas", k_lms(uniform(n), v))
        runs.append(("dpmpp_2m_sde_karras", n, v, "diffusers", d_2m_sde(n, v)))
        same(k_dpmpp_2m_sde(karras(n), v), runs[-1][-1], 1e-6)
        runs.append(("dpmpp_2s_a_karras", n, v, "formulas", k_dpmpp_2s_a(karras(n), v)))
        runs.append(("dpmpp_sde_karras", n, v, "formulas", k_dpmpp_sde(karras(n), v)))
    for n in (2, 3, 4, 5, 7, 20):
        runs.append(("pndm", n, v, "formulas" if v else "diffusers", k_plms(n, v) if v else d_plms(n, v)))
        if not v:
            same(k_plms(n, v), runs[-1][-1], 1e-9)
    runs.append(("pndm", 1, v, "formulas", k_plms(1, v)))
    for name, rule in (("heun", k_heun), ("lms", k_lms), ("dpmpp_2m_sde", k_dpmpp_2m_sde), ("dpmpp_2s_a", k_dpmpp_2s_a),
                       ("dpmpp_sde", k_dpmpp_sde)):
        for n in (1, 4):
            runs.append((name, n, v, "formulas", rule(uniform(n), v)))

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
