#include "text/tags.h"

#include "text/caption.h"
#include "text/trigger.h"
#include "text/unicode.h"

#include <string.h>

/* A caption taken apart: lines, each a GPtrArray of its parts. */
typedef struct Parts {
    GPtrArray *lines;
} Parts;

static void free_line(void *line)
{
    g_ptr_array_unref(line);
}

static void parts_clear(Parts *parts)
{
    g_ptr_array_unref(parts->lines);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Parts, parts_clear)

static GPtrArray *line_new(void)
{
    return g_ptr_array_new_with_free_func(g_free);
}

/* The parts between commas of `size` bytes. */
static GPtrArray *split_line(const char *text, gsize size)
{
    GPtrArray *line = line_new();
    for (const char *end = text + size, *comma; text <= end; text = comma + 1) {
        comma = memchr(text, ',', (gsize)(end - text));
        comma = comma ? comma : end;
        char *part = lk_text_trim(g_strndup(text, (gsize)(comma - text)));
        if (*part)
            g_ptr_array_add(line, part);
        else
            g_free(part);
    }
    return line;
}

static Parts parts_of(const char *caption)
{
    g_autofree char *text = lk_utf8_repair(caption, strlen(caption));
    Parts parts = {g_ptr_array_new_with_free_func(free_line)};
    for (const char *at = text;; at++) {
        const gsize size = strcspn(at, "\r\n");
        g_ptr_array_add(parts.lines, split_line(at, size));
        at += size;
        if (!*at)
            return parts;
        at += strncmp(at, "\r\n", 2) == 0;
    }
}

static GPtrArray *line_at(const Parts *parts, guint i)
{
    return g_ptr_array_index(parts->lines, i);
}

static const char *part_at(const GPtrArray *line, guint i)
{
    return g_ptr_array_index(line, i);
}

static void append_line(GString *out, const GPtrArray *line)
{
    for (guint i = 0; i < line->len; i++) {
        g_string_append(out, i ? LK_TAGS_SEPARATOR : "");
        g_string_append(out, part_at(line, i));
    }
}

static char *join_lines(const Parts *parts)
{
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < parts->lines->len; i++) {
        g_string_append(out, i ? "\n" : "");
        append_line(out, line_at(parts, i));
    }
    return g_string_free(out, FALSE);
}

/* The text of edited parts; the caption itself where they are what it had. */
static char *finish(const Parts *parts, const char *caption)
{
    g_auto(Parts) before = parts_of(caption);
    g_autofree char *old = join_lines(&before);
    g_autofree char *new = join_lines(parts);
    return strcmp(old, new) == 0 ? g_strdup(caption) : g_steal_pointer(&new);
}

char **lk_tags_parse(const char *caption)
{
    g_auto(Parts) parts = parts_of(caption);
    GPtrArray *tags = g_ptr_array_new();
    for (guint i = 0; i < parts.lines->len; i++)
        g_ptr_array_extend_and_steal(tags, g_ptr_array_ref(line_at(&parts, i)));
    g_ptr_array_add(tags, NULL);
    return (char **)g_ptr_array_free(tags, FALSE);
}

char *lk_tags_join(const char *const *tags)
{
    return g_strjoinv(LK_TAGS_SEPARATOR, (char **)tags);
}

/* What equal trimmed parts have in common. */
static char *key_of(const char *part, LkTagsCase how)
{
    return how == LK_TAGS_EXACT ? g_strdup(part) : lk_text_fold(part);
}

/* Whether two texts fold to the same, where ASCII letters alone tell: 1 or 0; else -1. */
static int fold_alike(const char *a, const char *b)
{
    for (;; a++, b++) {
        if ((guchar)*a >= 0x80 || (guchar)*b >= 0x80)
            return -1;
        if (g_ascii_tolower(*a) != g_ascii_tolower(*b))
            return (!*a || g_ascii_isgraph(*a)) && (!*b || g_ascii_isgraph(*b)) ? 0 : -1;
        if (!*a)
            return 1;
    }
}

/* Of parts that are trimmed. */
static bool equal_parts(const char *a, const char *b, LkTagsCase how)
{
    if (how == LK_TAGS_EXACT)
        return strcmp(a, b) == 0;
    const int alike = fold_alike(a, b);
    if (alike >= 0)
        return alike;
    g_autofree char *x = lk_text_fold(a), *y = lk_text_fold(b);
    return strcmp(x, y) == 0;
}

bool lk_tags_equal(const char *a, const char *b, LkTagsCase how)
{
    g_autofree char *x = lk_text_trim(lk_utf8_repair(a, strlen(a)));
    g_autofree char *y = lk_text_trim(lk_utf8_repair(b, strlen(b)));
    return equal_parts(x, y, how);
}

static int find_in(const GPtrArray *line, const char *tag, LkTagsCase how)
{
    for (guint i = 0; i < line->len; i++)
        if (equal_parts(part_at(line, i), tag, how))
            return (int)i;
    return -1;
}

int lk_tags_find(const char *caption, const char *tag, LkTagsCase how)
{
    g_auto(GStrv) tags = lk_tags_parse(caption);
    for (int i = 0; tags[i]; i++)
        if (lk_tags_equal(tags[i], tag, how))
            return i;
    return -1;
}

/* ------------------------------------------------------------------ trigger words */

static bool is_trigger(const char *part, char **words)
{
    for (char **word = words; *word; word++)
        if (equal_parts(part, *word, LK_TAGS_ANY_CASE))
            return true;
    return false;
}

static bool holds_trigger(const char *part, char **words)
{
    for (char **word = words; *word; word++)
        if (lk_caption_has_trigger(part, *word, ","))
            return true;
    return false;
}

/* Moves the pinned parts to the front, in their order, and returns how many there are. */
static guint pin(GPtrArray *line, char **words)
{
    guint pinned = 0;
    for (guint i = 0; words[0] && i < line->len; i++) {
        const char *part = part_at(line, i);
        if (!is_trigger(part, words) && !(i == pinned && holds_trigger(part, words)))
            continue;
        void *held = g_ptr_array_steal_index(line, i);
        g_ptr_array_insert(line, (int)pinned++, held);
    }
    return pinned;
}

static char **words_of(const char *triggers)
{
    return lk_trigger_words(triggers ? triggers : "");
}

char *lk_tags_triggers_first(const char *caption, const char *triggers)
{
    g_auto(GStrv) words = words_of(triggers);
    g_auto(Parts) parts = parts_of(caption);
    for (guint i = 0; i < parts.lines->len; i++)
        pin(line_at(&parts, i), words);
    return finish(&parts, caption);
}

int lk_tags_pinned(const char *caption, const char *triggers)
{
    g_auto(GStrv) words = words_of(triggers);
    g_auto(Parts) parts = parts_of(caption);
    for (guint i = 0; i < parts.lines->len; i++) {
        const GPtrArray *line = line_at(&parts, i);
        guint pinned = 0;
        while (pinned < line->len &&
               (is_trigger(part_at(line, pinned), words) || holds_trigger(part_at(line, pinned), words)))
            pinned++;
        if (line->len)
            return (int)pinned;
    }
    return 0;
}

/* ------------------------------------------------------------------ adding and removing */

static guint place_of(LkTagsPlace place, int position, guint pinned, guint count)
{
    switch (place) {
    case LK_TAGS_FRONT:
    case LK_TAGS_AFTER_TRIGGER:
        return pinned;
    case LK_TAGS_AT:
        return (guint)CLAMP(position, (int)pinned, (int)count);
    case LK_TAGS_END:
        break;
    }
    return count;
}

/* Those of `tags` that neither the line nor the list before them has. Borrows them. */
static GPtrArray *missing_from(const GPtrArray *line, char **tags, LkTagsCase how)
{
    GPtrArray *missing = g_ptr_array_new();
    for (char **tag = tags; *tag; tag++)
        if (find_in(line, *tag, how) < 0 && find_in(missing, *tag, how) < 0)
            g_ptr_array_add(missing, *tag);
    return missing;
}

static void insert_all(GPtrArray *line, guint at, const GPtrArray *tags)
{
    for (guint i = 0; i < tags->len; i++)
        g_ptr_array_insert(line, (int)(at + i), g_strdup(part_at(tags, i)));
}

char *lk_tags_add(const char *caption, const char *tags, LkTagsPlace place, int position, LkTagsCase how,
                  const char *triggers)
{
    g_auto(GStrv) wanted = lk_tags_parse(tags), words = words_of(triggers);
    g_auto(Parts) parts = parts_of(caption);
    bool any = false;
    for (guint i = 0; i < parts.lines->len; i++)
        any = any || line_at(&parts, i)->len;
    for (guint i = 0; i < parts.lines->len; i++) {
        GPtrArray *line = line_at(&parts, i);
        if (any ? !line->len : i > 0)
            continue;
        g_autoptr(GPtrArray) missing = missing_from(line, wanted, how);
        if (!missing->len)
            continue;
        const guint pinned = pin(line, words);
        insert_all(line, place_of(place, position, pinned, line->len), missing);
        pin(line, words); /* what was added may be a trigger word */
    }
    return finish(&parts, caption);
}

char *lk_tags_remove(const char *caption, const char *tags, LkTagsCase how)
{
    g_auto(GStrv) unwanted = lk_tags_parse(tags);
    g_auto(Parts) parts = parts_of(caption);
    for (guint i = 0; i < parts.lines->len; i++)
        for (char **tag = unwanted; *tag; tag++)
            for (int at; (at = find_in(line_at(&parts, i), *tag, how)) >= 0;)
                g_ptr_array_remove_index(line_at(&parts, i), (guint)at);
    return finish(&parts, caption);
}

/* Puts those of `with` that the line lacks in the place of part `at`. */
static void replace_part(GPtrArray *line, guint at, char **with, LkTagsCase how)
{
    g_ptr_array_remove_index(line, at);
    g_autoptr(GPtrArray) missing = missing_from(line, with, how);
    insert_all(line, at, missing);
}

char *lk_tags_replace(const char *caption, const char *tag, const char *with, LkTagsCase how)
{
    g_auto(GStrv) parts_with = lk_tags_parse(with);
    g_autofree char *wanted = lk_text_trim(lk_utf8_repair(tag, strlen(tag)));
    g_auto(Parts) parts = parts_of(caption);
    for (guint i = 0; i < parts.lines->len; i++) {
        GPtrArray *line = line_at(&parts, i);
        const int first = find_in(line, wanted, how);
        if (first < 0)
            continue;
        for (guint k = line->len - 1; k > (guint)first; k--)
            if (equal_parts(part_at(line, k), wanted, how))
                g_ptr_array_remove_index(line, k);
        replace_part(line, (guint)first, parts_with, how);
    }
    return finish(&parts, caption);
}

/* ------------------------------------------------------------------ by index */

/* The line of a flat index, and the index in it; NULL where there is no such part. */
static GPtrArray *locate(const Parts *parts, int index, guint *in_line)
{
    guint left = (guint)index;
    for (guint i = 0; index >= 0 && i < parts->lines->len; i++) {
        GPtrArray *line = line_at(parts, i);
        *in_line = left;
        if (left < line->len)
            return line;
        left -= line->len;
    }
    return NULL;
}

char *lk_tags_remove_at(const char *caption, int index)
{
    return lk_tags_replace_at(caption, index, "");
}

char *lk_tags_replace_at(const char *caption, int index, const char *with)
{
    g_auto(GStrv) parts_with = lk_tags_parse(with);
    g_auto(Parts) parts = parts_of(caption);
    guint at;
    GPtrArray *line = locate(&parts, index, &at);
    if (line)
        replace_part(line, at, parts_with, LK_TAGS_EXACT);
    return finish(&parts, caption);
}

char *lk_tags_move(const char *caption, int from, int to)
{
    g_auto(Parts) parts = parts_of(caption);
    guint at;
    GPtrArray *line = locate(&parts, from, &at);
    if (!line)
        return g_strdup(caption);
    char *part = g_ptr_array_steal_index(line, at);
    GPtrArray *target = locate(&parts, MAX(to, 0), &at);
    if (!target) { /* behind all others, or it was alone */
        target = line;
        for (guint i = 0; i < parts.lines->len; i++)
            target = line_at(&parts, i)->len ? line_at(&parts, i) : target;
        at = target->len;
    }
    g_ptr_array_insert(target, (int)at, part);
    return finish(&parts, caption);
}

/* ------------------------------------------------------------------ order */

char *lk_tags_dedupe(const char *caption, LkTagsCase how)
{
    g_auto(Parts) parts = parts_of(caption);
    for (guint i = 0; i < parts.lines->len; i++) {
        GPtrArray *line = line_at(&parts, i);
        g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        for (guint k = 0; k < line->len;) {
            if (g_hash_table_add(seen, key_of(part_at(line, k), how)))
                k++;
            else
                g_ptr_array_remove_index(line, k);
        }
    }
    return finish(&parts, caption);
}

/* Digits at `text` without leading zeros. */
static const char *number_at(const char *text, gsize *digits)
{
    while (text[0] == '0' && g_ascii_isdigit(text[1]))
        text++;
    for (*digits = 0; g_ascii_isdigit(text[*digits]); (*digits)++)
        continue;
    return text;
}

/* By bytes, which in UTF-8 is by characters, and digits by the number that they are. */
static int compare_natural(const char *a, const char *b)
{
    while (*a && *b) {
        if (g_ascii_isdigit(*a) && g_ascii_isdigit(*b)) {
            gsize x, y;
            a = number_at(a, &x);
            b = number_at(b, &y);
            const int order = x != y ? (x > y) - (x < y) : strncmp(a, b, x);
            if (order)
                return order;
            a += x;
            b += y;
        } else if (*a != *b) {
            break;
        } else {
            a++;
            b++;
        }
    }
    return (int)(guchar)*a - (int)(guchar)*b;
}

typedef struct Sorted {
    char *part, *key;
} Sorted;

static int compare_sorted(const void *a, const void *b)
{
    const Sorted *x = a, *y = b;
    const int order = compare_natural(x->key, y->key);
    return order ? order : strcmp(x->part, y->part);
}

static void sort_line(GPtrArray *line, guint from)
{
    const guint count = line->len - from;
    g_autofree Sorted *sorted = g_new(Sorted, count + 1);
    for (guint i = 0; i < count; i++) {
        sorted[i].part = g_ptr_array_index(line, from + i);
        sorted[i].key = lk_text_fold(sorted[i].part);
    }
    qsort(sorted, count, sizeof *sorted, compare_sorted);
    for (guint i = 0; i < count; i++) {
        line->pdata[from + i] = sorted[i].part;
        g_free(sorted[i].key);
    }
}

char *lk_tags_sort(const char *caption, const char *triggers)
{
    g_auto(GStrv) words = words_of(triggers);
    g_auto(Parts) parts = parts_of(caption);
    for (guint i = 0; i < parts.lines->len; i++)
        sort_line(line_at(&parts, i), pin(line_at(&parts, i), words));
    return finish(&parts, caption);
}
