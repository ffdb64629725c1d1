"""A picture with one prompt for every subject, to judge the model by eye."""

import numpy as np
from PIL import Image

from . import glyphs, unet, vae

ACROSS = 12


def prompts():
    """Every subject once, on colours in turn; each fifth prompt is a pair that was never trained."""
    colours = list(glyphs.COLOURS)
    for subject, (character, short) in enumerate(glyphs.SUBJECTS):
        colour = (7 * subject) % len(colours)
        if subject % 5 == 4:
            colour = next(c for c in range(len(colours)) if glyphs.is_held_out(subject, c))
        name = short or glyphs.names()[character]
        yield f"{glyphs.article(name)} {name} on a {colours[colour]} background"


def write(path, trained_vae, trained_unet, text, words, seed=5):
    texts = list(prompts())
    pictures = unet.generate(trained_unet, text, words, lambda x: vae.decode(trained_vae, x), texts, seed)
    rows = [np.concatenate(pictures[i:i + ACROSS], 1) for i in range(0, len(pictures), ACROSS)]
    Image.fromarray(np.concatenate(rows)).save(path)
