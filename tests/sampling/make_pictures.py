#!/usr/bin/env python3
"""Writes pictures-CASE.safetensors: what diffusers makes of the tiny models of tests/parity/cases, in float64.

    make_pictures.py [CASE...]    (needs what tests/oracle/requirements.txt lists, and CLIP's vocabulary, see there)

The schedulers are diffusers' own, taken through step(); the trajectory has every step's guess of the clean latent.
All latents are channels last, as the engine has them.
"""
import sys
from pathlib import Path

import torch
from diffusers import DDIMScheduler, EulerDiscreteScheduler
from safetensors.torch import load_file, save_file

HERE = Path(__file__).resolve().parent
CASES = HERE.parent / "parity" / "cases"
sys.path.insert(0, str(HERE.parent / "oracle"))
import make_case as oracle  # noqa: E402

PROMPT = "a photo of sks dog, masterpiece"
NEGATIVE = "blurry, 水彩画"
LONG = ", ".join(f"thing number {i} on the table" for i in range(1, 17))  # two parts of 75 tokens
# Prompts with weights, and what they mean by sd-scripts' reading (whose own is compared in tests/text/weighted_rows.tsv).
WEIGHTED = "a (photo of:1.3) sks dog, [small], ((masterpiece))"
WEIGHTED_PIECES = [("a ", 1), ("photo of", 1.3), (" sks dog, ", 1), ("small", 1 / 1.1), (", ", 1), ("masterpiece", 1.1 * 1.1)]
WEIGHTED_NEGATIVE = "(blurry:1.4), 水彩画"
NEGATIVE_PIECES = [("blurry", 1.4), (", 水彩画", 1)]
WEIGHTED_LONG = "(" + LONG + ":0.8), (end:1.5)"
LONG_PIECES = [(LONG, 0.8), (", ", 1), ("end", 1.5)]
HEIGHT, WIDTH, CFG = 8, 16, 3.0
SD = dict(num_train_timesteps=1000, beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")


def options(case):
    """The arguments that the case was made with."""
    for line in (CASES.parent / "cases.txt").read_text().splitlines():
        if line.startswith(case + " "):
            return oracle.parse_args(["--out", str(CASES / case), *line.split()[1:]])
    raise SystemExit(f"cases.txt has no case '{case}'")


def last(x):
    return x.permute(0, 2, 3, 1)


class Maker:
    def __init__(self, case):
        self.args = options(case)
        self.arch = oracle.make_arch(self.args)
        base, extra = oracle.build_models(self.arch, self.args.seed, torch.float16)
        made = oracle.checkpoint(self.arch, base, extra, torch.float16)
        stored = load_file(CASES / case / "model.safetensors")
        assert made.keys() == stored.keys() and all(torch.equal(made[k], stored[k]) for k in stored)
        self.tokenizer = oracle.load_tokenizer(oracle.find_vocab(None))
        self.adapters = oracle.make_adapters(self.arch, base, self.args)
        self.plain = self.with_lora(base, [])
        self.adapted = self.with_lora(base, self.adapters)

    def with_lora(self, base, adapters):
        models = base.to(torch.float64)
        models.unet.time_proj = oracle.ExactSinusoid(self.arch.channels[0])
        if self.arch.is_sdxl:
            models.unet.add_time_proj = oracle.ExactSinusoid(self.arch.time_ids_dim)
        if adapters:
            oracle.attach(models, adapters, torch.float64)
        return models

    def weights(self, pieces, length):
        """A factor for each of the states of a text in pieces: BOS, its tokens, 1 for what follows."""
        factors = [1.0]
        whole = "".join(text for text, _ in pieces)
        for text, weight in pieces:
            factors += [weight] * len(self.tokenizer(text, add_special_tokens=False).input_ids)
        assert len(factors) - 1 == len(self.tokenizer(whole, add_special_tokens=False).input_ids)
        return torch.tensor(factors + [1.0] * (length - len(factors)), dtype=torch.float64).unsqueeze(1)

    def states(self, models, texts, chunks):
        """(context, what SDXL's U-Net is told beside it, or None). A text may be pieces with weights: then every state
        is multiplied by its token's, and all of an encoder's by what keeps their mean, as sd-scripts' samples do
        (library/lpw_stable_diffusion.py, get_weighted_text_embeddings). The pooled text has no weights."""
        plain = [t if isinstance(t, str) else "".join(text for text, _ in t) for t in texts]
        ids = [oracle.token_ids(self.tokenizer, plain, chunks, t.pad_id) for t in self.arch.texts]
        states, pooled = oracle.encode_text(self.arch, models, ids, self.args)
        for of_encoder in states:
            for i, pieces in enumerate(texts):
                if not isinstance(pieces, str):
                    weighted = of_encoder[i] * self.weights(pieces, len(of_encoder[i]))
                    print(f"    mean of states {of_encoder[i].mean():.4f}, with weights {weighted.mean():.4f}")
                    of_encoder[i] = weighted * (of_encoder[i].mean() / weighted.mean())
        size = [8 * HEIGHT, 8 * WIDTH, 0, 0, 8 * HEIGHT, 8 * WIDTH]
        sizes = torch.tensor([size] * len(texts), dtype=torch.float64)
        return torch.cat(states, -1), {"text_embeds": pooled, "time_ids": sizes} if self.arch.is_sdxl else None

    def run(self, models, scheduler, steps, noise, prompt, cfg):
        """(guesses [steps,h,w,4], final latent [h,w,4])"""
        chunks = 2 if prompt in (LONG, LONG_PIECES) else 1
        negative = NEGATIVE if isinstance(prompt, str) else NEGATIVE_PIECES
        states, added = self.states(models, [negative, prompt] if cfg != 1 else [prompt], chunks)
        scheduler.set_timesteps(steps)
        if hasattr(scheduler, "sigmas"):
            scheduler.sigmas = scheduler.sigmas.double()
        x = noise * getattr(scheduler, "init_noise_sigma", 1.0)
        if isinstance(scheduler, EulerDiscreteScheduler):
            x = noise * scheduler.sigmas[0]
        guesses = []
        for t in scheduler.timesteps:
            seen = scheduler.scale_model_input(x, t)
            seen = torch.cat([seen] * len(states))
            out = models.unet(seen, torch.full((len(states),), float(t), dtype=torch.float64), states,
                              added_cond_kwargs=added).sample
            if cfg != 1:
                out = out[:1] + cfg * (out[1:] - out[:1])
            step = scheduler.step(out, t, x)
            guesses.append(step.pred_original_sample)
            x = step.prev_sample.double()
        return last(torch.cat(guesses)), last(x)[0], x

    def decode(self, x):
        return last(self.plain.vae.decode(x / self.arch.vae_scale).sample)[0]


def ddim(v=False):
    """With v, of a schedule that ends in (as good as) pure noise."""
    s = DDIMScheduler(**SD, clip_sample=False, set_alpha_to_one=False, steps_offset=1,
                      timestep_spacing="trailing" if v else "leading", prediction_type="v_prediction" if v else "epsilon")
    s.alphas_cumprod = oracle.alphas_cumprod(v)
    if v:
        s.alphas_cumprod[-1] = 4.8973451890853435e-08
    s.final_alpha_cumprod = s.alphas_cumprod[0]
    return s


def euler():
    s = EulerDiscreteScheduler(**SD, timestep_spacing="linspace")
    s.alphas_cumprod = oracle.alphas_cumprod(False)
    return s


def runs_of(case, m):
    """{name: (models, scheduler, steps, prompt, guidance)}"""
    v = m.args.zero_terminal_snr
    if case != "plain":
        return {"ddim": (m.plain, ddim(v), 4, PROMPT, CFG), "lora": (m.adapted, ddim(v), 2, LONG, CFG),
                "weighted": (m.plain, ddim(v), 2, WEIGHTED_PIECES if v else LONG_PIECES, CFG)}
    return {"ddim": (m.plain, ddim(), 4, PROMPT, CFG), "euler": (m.plain, euler(), 4, PROMPT, CFG),
            "no_guidance": (m.plain, ddim(), 2, PROMPT, 1), "long": (m.plain, ddim(), 2, LONG, CFG),
            "lora": (m.adapted, ddim(), 2, PROMPT, CFG), "weighted": (m.plain, ddim(), 2, WEIGHTED_PIECES, CFG),
            "weighted_long": (m.plain, ddim(), 2, LONG_PIECES, CFG)}


@torch.no_grad()
def make(case):
    torch.manual_seed(5)
    m = Maker(case)
    noise = torch.randn(1, 4, HEIGHT, WIDTH, dtype=torch.float64).float().double()
    out = {"noise": last(noise)[0]}
    for name, (models, scheduler, steps, prompt, cfg) in runs_of(case, m).items():
        guesses, latent, x = m.run(models, scheduler, steps, noise, prompt, cfg)
        out[f"{name}.guesses"], out[f"{name}.latent"] = guesses, latent
        if name == "ddim":
            out["ddim.picture"] = m.decode(x)
    meta = {"prompt": PROMPT, "negative": NEGATIVE, "long": LONG, "cfg": str(CFG), "weighted": WEIGHTED,
            "weighted_negative": WEIGHTED_NEGATIVE, "weighted_long": WEIGHTED_LONG}
    save_file({k: v.float().contiguous() for k, v in out.items()}, HERE / f"pictures-{case}.safetensors", metadata=meta)
    for k, v in out.items():
        print(case, k, tuple(v.shape), f"spread {v.std():.3f}")


if __name__ == "__main__":
    for name in sys.argv[1:] or ["plain", "sd2-v-zero", "sdxl"]:
        make(name)
