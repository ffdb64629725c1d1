"""The VAE: trained on pieces of pictures, then on whole ones; its latents scaled to Stable Diffusion's spread."""

import time

import torch

from . import glyphs, parts

LAST = 0.14  # share of the steps that see whole pictures


def shape_start(vae):
    """Weights to start from: residuals weak, changes of size near the identity. Without it training stays at the mean."""
    for name, module in vae.named_modules():
        if name.endswith(("conv2", "to_out.0")):
            module.weight.mul_(0.1)
        elif name.endswith(("downsamplers.0.conv", "upsamplers.0.conv")):
            module.weight.mul_(0.1)
            module.weight.add_(torch.nn.init.dirac_(torch.empty_like(module.weight)))
        elif name.endswith("conv_shortcut"):
            torch.nn.init.orthogonal_(module.weight)
    vae.quant_conv.weight[4:] *= 0.1
    vae.quant_conv.bias[4:] = -6


def draw(random, everything, count, crop):
    """Half of them the U-Net's pictures, half any glyph, moved, scaled and flipped on any colour; -1..1."""

    def number(low, high):
        return low + (high - low) * torch.rand((), generator=random).item()

    def choose(values):
        return values[int(torch.randint(len(values), (), generator=random))]

    pictures = []
    for _ in range(count):
        if number(0, 1) < 0.5:
            colour = [c + number(-8, 8) for c in choose(list(glyphs.COLOURS.values()))]
            page = glyphs.picture(choose(glyphs.SUBJECTS)[0], [min(255, max(0, c)) for c in colour])
        else:
            colour = [number(0, 255) for _ in range(3)]
            page = glyphs.picture(choose(everything), colour, number(0.6, 1.1), (int(number(-8, 9)), int(number(-8, 9))), number(0, 1) < 0.5)
        y, x = (int(number(0, glyphs.SIZE - crop + 1)) for _ in range(2))
        pictures.append(torch.from_numpy(page[y:y + crop, x:x + crop].copy()))
    return torch.stack(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1


def slopes(x):
    return x[..., 1:] - x[..., :-1], x[..., 1:, :] - x[..., :-1, :]


def loss_of(vae, x, kl_weight, random):
    moments = vae.quant_conv(vae.encoder(x)).float()
    mean, logvar = moments.chunk(2, 1)
    logvar = logvar.clamp(-30, 20)
    noise = torch.randn(mean.shape, generator=random)
    y = vae.decoder(vae.post_quant_conv(mean + (0.5 * logvar).exp() * noise)).float()
    error = y - x
    edges = sum((a - b).abs().mean() for a, b in zip(slopes(y), slopes(x)))
    kl = 0.5 * (mean.square() + logvar.exp() - 1 - logvar).mean()
    square = error.square().mean()
    return error.abs().mean() + 0.5 * edges + 2 * square + kl_weight * kl, square.detach()


def train(work, arch, seed, steps):
    """The trained VAE, from work/vae.pt if it is there."""
    torch.manual_seed(seed)
    vae = parts.new_vae(arch)
    with torch.no_grad():
        shape_start(vae)
    vae.to(memory_format=torch.channels_last)
    parts.plain_attention(vae)
    optimizer = torch.optim.AdamW(vae.parameters(), lr=1e-4, betas=(0.9, 0.999), weight_decay=0.0, fused=True)
    path, first = work / "vae.pt", 0
    if state := parts.load_state(path):
        vae.load_state_dict(state["vae"])
        optimizer.load_state_dict(state["optimizer"])
        first = state["step"]
    everything = glyphs.every_glyph()
    crops, begin, squares = int(steps * (1 - LAST)), time.time(), []
    for step in range(first, steps):
        random = parts.random_for(seed, step)
        whole = step >= crops
        if whole:
            lr = parts.learning_rate(step - crops, steps - crops, 1.2e-4, 0, end=0.05)
        else:
            lr = parts.learning_rate(step, crops, 4e-4, 250, end=0.3) if step >= 250 else 1e-4 + 3e-4 * step / 250
        for group in optimizer.param_groups:
            group["lr"] = lr
        x = draw(random, everything, 3 if whole else 8, 128 if whole else 64).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            loss, square = loss_of(vae, x, 3e-4 * min(1, step / 1000), random)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(vae.parameters(), 1.0)
        optimizer.step()
        squares.append(square)
        if (step + 1) % 50 == 0 or step + 1 == steps:
            psnr = 10 * torch.log10(4 / torch.stack(squares).mean()).item()
            squares.clear()
            print(f"vae {step + 1}/{steps} psnr {psnr:.2f} loss {loss.item():.4f} lr {lr:.1e} {time.time() - begin:.0f} s", flush=True)
        if (step + 1) % 200 == 0 or step + 1 == steps:
            parts.save_state(path, vae=vae.state_dict(), optimizer=optimizer.state_dict(), step=step + 1)
    return vae.eval().requires_grad_(False)


@torch.no_grad()
def encode(vae, pictures):
    """Moments of uint8 pictures [n, h, w, 3]."""
    x = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1
    return torch.cat([vae.quant_conv(vae.encoder(part)) for part in x.split(16)])


@torch.no_grad()
def decode(vae, latents):
    """uint8 pictures of scaled latents."""
    y = torch.cat([vae.decoder(vae.post_quant_conv(part / parts.VAE_SCALE)) for part in latents.split(16)])
    return ((y.permute(0, 2, 3, 1) + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).numpy()


@torch.no_grad()
def normalise(vae, mean):
    """Folds the latents' own mean and spread by channel into the two 1x1 convolutions, so that scaled they are 0 and 1."""
    shift = mean.mean((0, 2, 3))
    factor = 1 / (mean.std((0, 2, 3)) * parts.VAE_SCALE)
    quant, post = vae.quant_conv, vae.post_quant_conv
    # new = (old - shift) * factor, and back before the decoder sees it.
    post.bias.add_(post.weight[:, :, 0, 0] @ shift)
    post.weight.div_(factor.view(1, 4, 1, 1))
    quant.weight[:4].mul_(factor.view(4, 1, 1, 1))
    quant.bias[:4].sub_(shift).mul_(factor)
    quant.bias[4:].add_(2 * factor.log())


def prepare(work, arch, seed, steps):
    """(VAE, latents' moments [subject, colour, 8, 16, 16]) for the U-Net; kept in work/latents.pt."""
    vae = train(work, arch, seed, steps)
    path = work / "latents.pt"
    if state := parts.load_state(path):
        vae.load_state_dict(state["vae"])
        return vae, state["moments"]
    import numpy as np

    random = parts.random_for(seed, 1_000_000)
    pictures = []
    for character, _ in glyphs.SUBJECTS:
        for colour in glyphs.COLOURS.values():
            shade = [min(255, max(0, c + 6 * (2 * torch.rand((), generator=random).item() - 1))) for c in colour]
            pictures.append(glyphs.picture(character, shade))
    pictures = np.stack(pictures)
    moments = encode(vae, pictures)
    normalise(vae, moments[:, :4])
    moments = encode(vae, pictures)
    again = decode(vae, moments[::37, :4] * parts.VAE_SCALE).astype(float)
    error = ((again - pictures[::37]) ** 2).mean()
    mean = moments[:, :4] * parts.VAE_SCALE
    print(f"latents: mean {mean.mean():.3f} std {mean.std():.3f} noise {(0.5 * moments[:, 4:]).exp().mean() * parts.VAE_SCALE:.3f}, "
          f"psnr {10 * np.log10(255**2 / error):.2f} dB", flush=True)
    moments = moments.view(len(glyphs.SUBJECTS), len(glyphs.COLOURS), *moments.shape[1:])
    parts.save_state(path, vae=vae.state_dict(), moments=moments)
    return vae, moments
