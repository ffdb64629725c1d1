#include "cli/bar.h"

#include "text/wrap.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { SMALLEST_BAR = 8, LARGEST_BAR = 40, REDRAW_MICROSECONDS = 100000 };

int lk_terminal_columns(FILE *out)
{
    struct winsize size = {0};
    if (ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    const char *columns = g_getenv("COLUMNS");
    guint64 number = 0;
    return columns && g_ascii_string_to_unsigned(columns, 10, 20, 1000, &number, NULL) ? (int)number : 80;
}

void lk_bar_init(LkBar *bar, FILE *out)
{
    const char *plain = g_getenv("NO_COLOR");
    *bar = (LkBar){.out = out,
                   .colour = isatty(fileno(out)) && !(plain && *plain) && g_strcmp0(g_getenv("TERM"), "dumb") != 0,
                   .blocks = g_get_charset(NULL)};
}

/** Cuts text so that it takes at most so many columns. */
static char *fit(const char *text, int columns)
{
    const char *end = text;
    for (int used = 0; *end; end = g_utf8_next_char(end)) {
        used += g_unichar_iswide(g_utf8_get_char(end)) ? 2 : 1;
        if (used > columns)
            break;
    }
    return g_strndup(text, (gsize)(end - text));
}

static void append_bar(const LkBar *bar, GString *line, double fraction, int width)
{
    int full = (int)(CLAMP(fraction, 0, 1) * width + 0.5);
    g_string_append(line, bar->colour ? " \033[36m" : " ");
    for (int i = 0; i < width; i++) {
        if (i == full && bar->colour)
            g_string_append(line, "\033[2m");
        g_string_append(line, bar->blocks ? (i < full ? "━" : "─") : (i < full ? "#" : "."));
    }
    g_string_append(line, bar->colour ? "\033[0m " : " ");
}

void lk_bar_draw(LkBar *bar, double fraction, const char *before, const char *after, bool now)
{
    int64_t time = g_get_monotonic_time();
    if (!now && time - bar->drawn < REDRAW_MICROSECONDS)
        return;
    /* The last column stays free: some terminals wrap when it is written. */
    int room = lk_terminal_columns(bar->out) - 1, texts = lk_text_columns(before) + lk_text_columns(after);
    int width = MIN(room - texts - 2, LARGEST_BAR);
    g_autoptr(GString) line = g_string_new("\r");
    int columns = texts + 1;
    if (width >= SMALLEST_BAR) {
        g_string_append(line, before);
        append_bar(bar, line, fraction, width);
        g_string_append(line, after);
        columns = texts + width + 2;
    } else {
        g_autofree char *all = g_strconcat(before, " ", after, NULL), *cut = fit(all, room);
        g_string_append(line, cut);
        columns = lk_text_columns(cut);
    }
    for (int i = columns; i < bar->shown; i++)
        g_string_append_c(line, ' ');
    fflush(stdout);
    fputs(line->str, bar->out);
    fflush(bar->out);
    bar->shown = columns;
    bar->drawn = time;
}

void lk_bar_clear(LkBar *bar)
{
    if (!bar->shown)
        return;
    fprintf(bar->out, "\r%*s\r", bar->shown, "");
    fflush(bar->out);
    bar->shown = 0;
    bar->drawn = 0;
}
