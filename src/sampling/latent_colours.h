/* Small pictures of latents without the VAE: each latent pixel becomes one RGB pixel by a linear map, which is fitted
 * to pictures that the VAE has decoded. Good enough to see what a picture is going to be. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { LK_COLOUR_CHANNELS = 4, LK_COLOUR_TERMS = LK_COLOUR_CHANNELS + 1 };

/** Zero is a map that has learnt nothing. */
typedef struct LkLatentColours {
    bool known;                                        /* there is a map */
    float map[LK_COLOUR_TERMS][3];                     /* of the four channels and of 1, to 0..255 */
    double products[LK_COLOUR_TERMS][LK_COLOUR_TERMS]; /* sums over what was learnt: terms by terms … */
    double targets[LK_COLOUR_TERMS][3];                /* … and terms by colours */
} LkLatentColours;

/** Learns from a latent [h,w,4] and its picture [h·factor, w·factor, 3], 8 bit: the map is the least squares fit to the
 * mean colours of the picture's squares, where pictures learnt before count half as much each time. */
void lk_latent_colours_learn(LkLatentColours *colours, const float *latent, int h, int w, const uint8_t *rgb,
                             int factor);

/** Paints a latent [h,w,4]: 8-bit RGB [h,w,3]. Grey by brightness of the channels' mean where nothing is known. */
void lk_latent_colours_paint(const LkLatentColours *colours, const float *latent, int h, int w, uint8_t *rgb);
