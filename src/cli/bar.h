/* A progress bar on one line of a terminal. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef struct LkBar {
    FILE *out;
    bool colour, blocks; /* the terminal may be coloured; it shows Unicode */
    int shown;           /* columns of the line that is there now; 0: none */
    int64_t drawn;       /* when, in µs */
} LkBar;

/** Colour unless the environment says NO_COLOR (https://no-color.org) or `out` is no terminal. */
void lk_bar_init(LkBar *bar, FILE *out);
/** Draws "before [bar] after" over what is there, as wide as the terminal; at most ten times a second unless `now`. */
void lk_bar_draw(LkBar *bar, double fraction, const char *before, const char *after, bool now);
/** Takes the line away, so that something else can be printed. */
void lk_bar_clear(LkBar *bar);

/** Width of the terminal behind `out`; $COLUMNS or 80 where there is none. */
int lk_terminal_columns(FILE *out);
