/* The VAE tile by tile: what is larger than a tile is cut into tiles that overlap by a quarter, and where they overlap
 * one is faded into the next. So the memory of encoding and decoding is that of a tile, whatever the picture's size.
 *
 * The tiles and the blending are those of diffusers' AutoencoderKL with enable_tiling() (_tiled_encode, tiled_decode).
 * A tile does not see beyond its edges, and group norms and attention see one tile alone: the result is near the whole
 * picture's, not equal to it. What is not larger than a tile is not cut, and gives what the VAE gives without tiles. */
#pragma once

#include <stddef.h>

/** Sides are in what goes in: pixels for the encoder, latent pixels for the decoder. What comes out is `grow` times as
 * large and `shrink` times as small. */
typedef struct LkTiles {
    int height, width, side;
    int grow, shrink;
    int rows, columns;
} LkTiles;

enum { LK_TILE_SHAPES = 9, LK_TILE_GRAIN = 64, LK_TILE_LEAST = 128 }; /* the last two in pixels */

typedef struct LkTile {
    int y, x, height, width; /* of what goes in */
} LkTile;

/** `side` 0: one tile, whatever the size. Else a side of which a quarter is a whole number in and out. */
LkTiles lk_tiles_new(int height, int width, int side, int grow, int shrink);
int lk_tiles_count(const LkTiles *tiles);
/** Tile number 0 …, row by row. */
LkTile lk_tiles_at(const LkTiles *tiles, int index);
/** The different heights and widths of tiles, largest first (their y and x are 0). Returns how many. */
int lk_tiles_shapes(const LkTiles *tiles, LkTile shapes[LK_TILE_SHAPES]);

/** The side in pixels to try where `side` needs too much memory: `first` after 0 (whole pictures), then halves; 0 where
 * that would be too small. */
int lk_tile_smaller(int side, int first);

/** Numbers of a tile that comes out, per channel. */
size_t lk_tile_out_count(const LkTiles *tiles, LkTile tile);
/** Copies a tile out of `whole` [height,width,channels]. */
void lk_tiles_cut(const LkTiles *tiles, LkTile tile, int channels, const float *whole, float *out);
/** Joins what came out of all tiles, which are changed by it, into `whole` [height·grow/shrink,width·grow/shrink,
 * channels]. */
void lk_tiles_join(const LkTiles *tiles, int channels, float *const *made, float *whole);
