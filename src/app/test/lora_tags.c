#include "app/test/lora_tags.h"

#include <math.h>
#include <string.h>

#define BEGIN "<lora:"

/* ---- finding ----------------------------------------------------------------------------------------- */

static void clear_span(gpointer data)
{
    g_free(((LkTagSpan *)data)->name);
}

/* The number behind the last colon, as "0.7" or "unet=0.7". */
static double read_strength(const char *text, gsize start, gsize end)
{
    g_autofree char *inside = g_strndup(text + start, end - start);
    const char *last = strrchr(inside, ':');
    const char *number = last ? last + 1 : "";
    number += strspn(number, " ");
    number += g_str_has_prefix(number, "unet=") ? strlen("unet=") : 0;
    char *stop;
    double strength = g_ascii_strtod(number, &stop);
    return stop != number && isfinite(strength) ? strength : 1;
}

/* The parts of a tag from `start` to `end`. */
static LkTagSpan make_span(const char *text, gsize start, gsize end)
{
    gsize begin = start + strlen(BEGIN), stop = begin;
    while (stop < end - 1 && text[stop] != ':')
        stop++;
    LkTagSpan span = {.start = start, .end = end, .strength_start = stop, .strength_end = end - 1};
    while (begin < stop && text[begin] == ' ')
        begin++;
    while (stop > begin && text[stop - 1] == ' ')
        stop--;
    span.name_start = begin;
    span.name_end = stop;
    span.name = g_strndup(text + begin, stop - begin);
    span.strength = read_strength(text, span.strength_start, span.strength_end);
    return span;
}

GArray *lk_tag_spans_find(const char *text)
{
    GArray *spans = g_array_new(FALSE, FALSE, sizeof(LkTagSpan));
    g_array_set_clear_func(spans, clear_span);
    for (const char *at = text; (at = strstr(at, BEGIN));) {
        const char *close = strchr(at, '>');
        if (!close)
            break;
        LkTagSpan span = make_span(text, (gsize)(at - text), (gsize)(close - text) + 1);
        g_array_append_val(spans, span);
        at = close + 1;
    }
    return spans;
}

int lk_tag_spans_at(const GArray *spans, gsize place)
{
    for (guint i = 0; i < spans->len; i++) {
        const LkTagSpan *span = &g_array_index(spans, LkTagSpan, i);
        if (place >= span->start && place <= span->end)
            return (int)i;
    }
    return -1;
}

/* ---- numbers ----------------------------------------------------------------------------------------- */

char *lk_strength_text(double strength)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    g_ascii_formatd(text, sizeof text, "%.3f", strength);
    char *end = text + strlen(text);
    while (end > text && end[-1] == '0')
        *--end = '\0';
    if (end > text && end[-1] == '.')
        *--end = '\0';
    return g_strdup(strcmp(text, "-0") == 0 ? "0" : text);
}

char *lk_strength_label(double strength)
{
    g_autofree char *plain = lk_strength_text(strength);
    const char *point = strchr(plain, '.');
    int places = point ? (int)strlen(point + 1) : 1;
    return g_strdup_printf("%.*f", places, strength == 0 ? 0 : strength);
}

char *lk_tag_text(const char *name, double strength)
{
    g_autofree char *number = lk_strength_text(strength);
    return g_strdup_printf(BEGIN "%s:%s>", name, number);
}

/* ---- changing ---------------------------------------------------------------------------------------- */

static char *replace(const char *text, gsize start, gsize end, const char *with)
{
    GString *changed = g_string_new_len(text, (gssize)start);
    g_string_append(changed, with);
    g_string_append(changed, text + end);
    return g_string_free_and_steal(changed);
}

char *lk_tags_set_strength(const char *text, guint index, double strength)
{
    g_autoptr(GArray) spans = lk_tag_spans_find(text);
    if (index >= spans->len)
        return g_strdup(text);
    const LkTagSpan *span = &g_array_index(spans, LkTagSpan, index);
    g_autofree char *number = lk_strength_text(strength), *part = g_strconcat(":", number, NULL);
    return replace(text, span->strength_start, span->strength_end, part);
}

char *lk_tags_set_name(const char *text, guint index, const char *name)
{
    g_autoptr(GArray) spans = lk_tag_spans_find(text);
    if (index >= spans->len)
        return g_strdup(text);
    const LkTagSpan *span = &g_array_index(spans, LkTagSpan, index);
    return replace(text, span->name_start, span->name_end, name);
}

char *lk_tags_strip(const char *text)
{
    g_autoptr(GArray) spans = lk_tag_spans_find(text);
    GString *rest = g_string_new(NULL);
    gsize from = 0;
    for (guint i = 0; i < spans->len; i++) {
        const LkTagSpan *span = &g_array_index(spans, LkTagSpan, i);
        g_string_append_len(rest, text + from, (gssize)(span->start - from));
        from = span->end;
    }
    g_string_append(rest, text + from);
    char *stripped = g_string_free_and_steal(rest);
    return g_strstrip(stripped);
}

char *lk_tags_only(const char *text)
{
    g_autoptr(GArray) spans = lk_tag_spans_find(text);
    GString *tags = g_string_new(NULL);
    for (guint i = 0; i < spans->len; i++) {
        const LkTagSpan *span = &g_array_index(spans, LkTagSpan, i);
        g_string_append(tags, i ? " " : "");
        g_string_append_len(tags, text + span->start, (gssize)(span->end - span->start));
    }
    return g_string_free_and_steal(tags);
}
