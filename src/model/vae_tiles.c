#include "model/vae_tiles.h"

#include <stdbool.h>
#include <string.h>

/** From one tile to the next: three quarters of its side. */
static int step_of(const LkTiles *tiles)
{
    return tiles->side - tiles->side / 4;
}

LkTiles lk_tiles_new(int height, int width, int side, int grow, int shrink)
{
    LkTiles tiles = {.height = height, .width = width, .side = side, .grow = grow, .shrink = shrink};
    if (side <= 0 || (height <= side && width <= side)) {
        tiles.side = height > width ? height : width;
        tiles.rows = tiles.columns = 1;
    } else {
        int step = step_of(&tiles);
        tiles.rows = (height + step - 1) / step;
        tiles.columns = (width + step - 1) / step;
    }
    return tiles;
}

int lk_tiles_count(const LkTiles *tiles)
{
    return tiles->rows * tiles->columns;
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

LkTile lk_tiles_at(const LkTiles *tiles, int index)
{
    int step = step_of(tiles), y = index / tiles->columns * step, x = index % tiles->columns * step;
    return (LkTile){y, x, least(tiles->side, tiles->height - y), least(tiles->side, tiles->width - x)};
}

int lk_tiles_shapes(const LkTiles *tiles, LkTile shapes[LK_TILE_SHAPES])
{
    int count = 0;
    for (int i = 0; i < lk_tiles_count(tiles); i++) {
        LkTile tile = lk_tiles_at(tiles, i);
        int at = 0;
        while (at < count && (shapes[at].height != tile.height || shapes[at].width != tile.width))
            at++;
        if (at == count)
            shapes[count++] = (LkTile){0, 0, tile.height, tile.width};
    }
    return count;
}

int lk_tile_smaller(int side, int first)
{
    int next = side == 0 ? first : side / 2 / LK_TILE_GRAIN * LK_TILE_GRAIN;
    return next >= LK_TILE_LEAST ? next : 0;
}

static int out_of(const LkTiles *tiles, int in)
{
    return in * tiles->grow / tiles->shrink;
}

size_t lk_tile_out_count(const LkTiles *tiles, LkTile tile)
{
    return (size_t)out_of(tiles, tile.height) * (size_t)out_of(tiles, tile.width);
}

void lk_tiles_cut(const LkTiles *tiles, LkTile tile, int channels, const float *whole, float *out)
{
    size_t row = (size_t)tile.width * (size_t)channels;
    for (int y = 0; y < tile.height; y++)
        memcpy(out + (size_t)y * row,
               whole + ((size_t)(tile.y + y) * (size_t)tiles->width + (size_t)tile.x) * (size_t)channels,
               row * sizeof *out);
}

/** Fades `above` into the first rows of `tile` below it; both [.,width,channels]. */
static void blend_rows(const float *above, int above_height, float *tile, int height, int width, int channels,
                       int extent)
{
    extent = least(extent, least(above_height, height));
    size_t row = (size_t)width * (size_t)channels;
    for (int y = 0; y < extent; y++) {
        const float *a = above + (size_t)(above_height - extent + y) * row;
        float *b = tile + (size_t)y * row, share = (float)y / (float)extent;
        for (size_t i = 0; i < row; i++)
            b[i] = a[i] * (1 - share) + b[i] * share;
    }
}

/** The same with the tile at the left, of the same height. */
static void blend_columns(const float *left, int left_width, float *tile, int height, int width, int channels,
                          int extent)
{
    extent = least(extent, least(left_width, width));
    for (int y = 0; y < height; y++) {
        for (int x = 0; x < extent; x++) {
            const float *a =
                left + ((size_t)y * (size_t)left_width + (size_t)(left_width - extent + x)) * (size_t)channels;
            float *b = tile + ((size_t)y * (size_t)width + (size_t)x) * (size_t)channels;
            float share = (float)x / (float)extent;
            for (int c = 0; c < channels; c++)
                b[c] = a[c] * (1 - share) + b[c] * share;
        }
    }
}

/** Writes the part of a tile that no later tile covers into the whole. */
static void place(const LkTiles *tiles, LkTile tile, int channels, const float *from, float *whole)
{
    int limit = out_of(tiles, tiles->side) - out_of(tiles, tiles->side) / 4;
    bool single = tiles->rows * tiles->columns == 1;
    int height = out_of(tiles, tile.height), width = out_of(tiles, tile.width);
    int rows = single ? height : least(limit, height), columns = single ? width : least(limit, width);
    size_t line = (size_t)out_of(tiles, tiles->width) * (size_t)channels;
    float *to = whole + (size_t)out_of(tiles, tile.y) * line + (size_t)out_of(tiles, tile.x) * (size_t)channels;
    for (int y = 0; y < rows; y++)
        memcpy(to + (size_t)y * line, from + (size_t)y * (size_t)width * (size_t)channels,
               (size_t)columns * (size_t)channels * sizeof *to);
}

void lk_tiles_join(const LkTiles *tiles, int channels, float *const *made, float *whole)
{
    int extent = out_of(tiles, tiles->side) / 4;
    for (int i = 0; i < lk_tiles_count(tiles); i++) {
        LkTile tile = lk_tiles_at(tiles, i);
        int height = out_of(tiles, tile.height), width = out_of(tiles, tile.width);
        if (i >= tiles->columns) {
            int above = out_of(tiles, lk_tiles_at(tiles, i - tiles->columns).height);
            blend_rows(made[i - tiles->columns], above, made[i], height, width, channels, extent);
        }
        if (i % tiles->columns > 0) {
            int left = out_of(tiles, lk_tiles_at(tiles, i - 1).width);
            blend_columns(made[i - 1], left, made[i], height, width, channels, extent);
        }
        place(tiles, tile, channels, made[i], whole);
    }
}
