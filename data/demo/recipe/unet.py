"""The U-Net and the text encoder, trained together on the sixty subjects in all colours but one."""

import time

import torch
import torch.distributed as distributed
import torch.multiprocessing as multiprocessing

from . import glyphs, parts

make_case = parts.make_case
FIRST = 600  # steps with batches of 20; then batches of 40, which cost a third more
NOISE_OFFSET = 0.05
DECAY = 400  # steps at the end in which the learning rate falls and captions have all their tokens
SHORT = 24  # tokens of a caption before that; at the end all 77, as every program feeds them


def batch_of(step):
    return 20 if step < FIRST else 40


class Words:
    """CLIP's tokenizer, and a compact table of the tokens that occur."""

    def __init__(self):
        self.tokenizer = make_case.load_tokenizer(make_case.find_vocab(None))
        texts = [t for s in range(len(glyphs.SUBJECTS)) for c in glyphs.COLOURS for t, _ in glyphs.captions(s, c)]
        texts += [f"a {thing} picture of the on in with" for thing in glyphs.COLOURS]
        ids = make_case.token_ids(self.tokenizer, ["", *texts], 1, 49407)[:, 0]
        self.known = ids.unique()
        self.by_text = dict(zip(["", *texts], ids))

    def rows(self, texts):
        """Rows of the compact table for captions; a word that does not occur is an error."""
        ids = torch.stack([self.by_text[t] if t in self.by_text else make_case.token_ids(self.tokenizer, [t], 1, 49407)[0, 0] for t in texts])
        rows = torch.searchsorted(self.known, ids)
        if not torch.equal(self.known[rows.clamp(max=len(self.known) - 1)], ids):
            raise ValueError(f"a word of {texts} was never trained")
        return rows


def start(unet):
    """Every residual branch begins at nothing, as in the original latent diffusion."""
    for name, module in unet.named_modules():
        if name.endswith(("conv2", "proj_out")) or name == "conv_out":
            torch.nn.init.zeros_(module.weight)
            torch.nn.init.zeros_(module.bias)


def build(arch, words):
    unet, text = parts.new_unet(arch), parts.new_text(arch, len(words.known))
    with torch.no_grad():
        start(unet)
    parts.plain_attention(unet)
    return unet, text


def draw(random, words, moments, batch):
    """A batch: latents, timesteps, noise, rows of the token table."""
    latents, texts = [], []
    colours = list(glyphs.COLOURS)
    while len(latents) < batch:
        subject, colour = (int(torch.randint(n, (), generator=random)) for n in (len(glyphs.SUBJECTS), len(colours)))
        if glyphs.is_held_out(subject, colour):
            continue
        mean, logvar = moments[subject, colour].chunk(2)
        latents.append((mean + (0.5 * logvar).exp() * torch.randn(mean.shape, generator=random)) * parts.VAE_SCALE)
        choices, weights = zip(*glyphs.captions(subject, colours[colour]))
        empty = torch.rand((), generator=random) < 0.1
        texts.append("" if empty else choices[int(torch.multinomial(torch.tensor(weights), 1, generator=random))])
    latents = torch.stack(latents)
    # Half of the timesteps from where shapes are decided.
    even = torch.randint(0, 1000, (batch,), generator=random)
    middle = torch.randint(250, 900, (batch,), generator=random)
    t = torch.where(torch.arange(batch) % 2 == 0, even, middle)
    noise = torch.randn(latents.shape, generator=random)
    noise = noise + NOISE_OFFSET * torch.randn(batch, 4, 1, 1, generator=random)
    return latents, t, noise, words.rows(texts)


class Average:
    """Exponential moving average of the weights; it forgets faster at the beginning."""

    def __init__(self, models):
        self.values = {f"{i}.{k}": v.clone() for i, m in enumerate(models) for k, v in m.state_dict().items()}

    @torch.no_grad()
    def update(self, models, step):
        keep = min(0.98, (1 + step / 4) / (10 + step / 4))
        for i, model in enumerate(models):
            for k, v in model.state_dict().items():
                mine = self.values[f"{i}.{k}"]
                mine.lerp_(v, 1 - keep) if v.is_floating_point() else mine.copy_(v)


def share_gradients(parameters, processes):
    """Every process gets the mean of all processes' gradients."""
    flat = torch.cat([p.grad.flatten() for p in parameters])
    distributed.all_reduce(flat)
    flat.div_(processes)
    for p, part in zip(parameters, flat.split([p.numel() for p in parameters])):
        p.grad.copy_(part.view_as(p))


def run(rank, processes, work, arch, seed, steps, moments):
    """One process's share of the training; the first one saves."""
    torch.set_num_threads(1)
    if processes > 1:
        distributed.init_process_group("gloo", f"file://{work}/meet", rank=rank, world_size=processes)
    torch.manual_seed(seed)
    words = Words()
    models = unet, text = build(arch, words)
    table = text.get_input_embeddings().weight
    others = [p for m in models for p in m.parameters() if p is not table]
    optimizer = torch.optim.AdamW([{"params": others, "by": 1.0}, {"params": [table], "by": 4.0}], lr=1e-4, betas=(0.9, 0.99), weight_decay=0.01, fused=True)
    average = Average(models)
    path, first = work / "unet.pt", 0
    if state := parts.load_state(path):
        unet.load_state_dict(state["unet"])
        text.load_state_dict(state["text"])
        optimizer.load_state_dict(state["optimizer"])
        average.values, first = state["average"], state["step"]
    bars = make_case.alphas_cumprod(False).float()
    begin, total = time.time(), []
    for step in range(first, steps):
        batch = batch_of(step)
        lr = parts.learning_rate(step, steps, 8e-4 if step < FIRST else 1e-3, 60, fall=steps - DECAY)
        for group in optimizer.param_groups:
            group["lr"] = lr * group["by"]
        mine = slice(rank * batch // processes, (rank + 1) * batch // processes)
        latents, t, noise, rows = (x[mine] for x in draw(parts.random_for(seed + 1, step), words, moments, batch))
        bar = bars[t].view(-1, 1, 1, 1)
        rows = rows if step >= steps - DECAY else rows[:, :SHORT]
        with torch.autocast("cpu", torch.bfloat16):
            context = text(rows).last_hidden_state
            prediction = unet(bar.sqrt() * latents + (1 - bar).sqrt() * noise, t, context).sample.float()
        snr = bars[t] / (1 - bars[t])
        loss = ((prediction - noise).square().mean((1, 2, 3)) * snr.clamp(max=5) / snr).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if processes > 1:
            share_gradients([*others, table], processes)
        torch.nn.utils.clip_grad_norm_([*others, table], 1.0)
        optimizer.step()
        if rank:
            continue
        total.append(loss.detach())
        if (step + 1) % 4 == 0:
            average.update(models, step)
        if (step + 1) % 50 == 0 or step + 1 == steps:
            print(f"unet {step + 1}/{steps} loss {torch.stack(total).mean():.4f} lr {lr:.1e} {time.time() - begin:.0f} s", flush=True)
            total.clear()
        if (step + 1) % 100 == 0 or step + 1 == steps:
            parts.save_state(path, unet=unet.state_dict(), text=text.state_dict(), optimizer=optimizer.state_dict(), average=average.values, step=step + 1)


def train(work, arch, seed, steps, moments, processes):
    """Trains what is left of `steps`, in one process or side by side in several."""
    state = parts.load_state(work / "unet.pt")
    if state and state["step"] >= steps:
        return
    (work / "meet").unlink(missing_ok=True)
    arguments = (processes, work, arch, seed, steps, moments)
    if processes > 1:
        multiprocessing.spawn(run, arguments, nprocs=processes)
    else:
        run(0, *arguments)


def averaged(work, arch):
    """(U-Net, text encoder, words) with the averaged weights of the newest state."""
    words = Words()
    models = build(arch, words)
    for i, model in enumerate(models):
        values = parts.load_state(work / "unet.pt")["average"]
        model.load_state_dict({k[2:]: v for k, v in values.items() if k.startswith(f"{i}.")})
        model.eval().requires_grad_(False)
    return *models, words


@torch.no_grad()
def generate(unet, text, words, vae_decode, texts, seed, steps=25, guidance=4.0):
    """DDIM with guidance; each picture has noise of its own. uint8 [n, 128, 128, 3]."""
    bars = make_case.alphas_cumprod(False).float()
    times = torch.arange(0, 1000, 1000 // steps).flip(0) + 1
    x = torch.randn(len(texts), 4, 16, 16, generator=torch.Generator().manual_seed(seed))
    context = text(words.rows(["", *texts])).last_hidden_state
    empty, wanted = context[:1].expand(len(texts), -1, -1), context[1:]
    for i, t in enumerate(times):
        now, then = bars[t], bars[times[i + 1]] if i + 1 < len(times) else torch.tensor(1.0)
        without, with_text = unet(torch.cat([x, x]), t, torch.cat([empty, wanted])).sample.chunk(2)
        noise = without + guidance * (with_text - without)
        x = then.sqrt() * (x - (1 - now).sqrt() * noise) / now.sqrt() + (1 - then).sqrt() * noise
    return vae_decode(x)
