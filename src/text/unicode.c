#include "text/unicode.h"

#include "text/unicode_tables.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

#define REPLACEMENT 0xFFFDu

/* Hangul syllables follow from their jamo by arithmetic (Unicode 3.12). */
enum { S_BASE = 0xAC00, L_BASE = 0x1100, V_BASE = 0x1161, T_BASE = 0x11A7 };
enum { L_COUNT = 19, V_COUNT = 21, T_COUNT = 28, N_COUNT = V_COUNT * T_COUNT, S_COUNT = L_COUNT * N_COUNT };

/* Bytes that follow a lead byte and the range of the first of them: Unicode 3.9, table 3-7. */
static int follow_bytes(uint8_t lead, uint8_t *low, uint8_t *high)
{
    *low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    *high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (lead >= 0xC2 && lead <= 0xDF)
        return 1;
    if (lead >= 0xE0 && lead <= 0xEF)
        return 2;
    return lead >= 0xF0 && lead <= 0xF4 ? 3 : 0;
}

size_t lk_utf8_decode(const char *bytes, size_t size, uint32_t *out)
{
    size_t count = 0;
    for (size_t i = 0; i < size;) {
        uint8_t lead = (uint8_t)bytes[i++], low, high;
        if (lead < 0x80) {
            out[count++] = lead;
            continue;
        }
        int follow = follow_bytes(lead, &low, &high);
        uint32_t c = follow ? lead & (0x3Fu >> follow) : REPLACEMENT;
        for (; follow; follow--, low = 0x80, high = 0xBF) {
            if (i == size || (uint8_t)bytes[i] < low || (uint8_t)bytes[i] > high) {
                c = REPLACEMENT; /* the byte that does not fit begins the next character */
                break;
            }
            c = c << 6 | ((uint8_t)bytes[i++] & 0x3F);
        }
        out[count++] = c;
    }
    return count;
}

size_t lk_utf8_encode(uint32_t c, char out[4])
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t size = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = size - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3F));
    out[0] = (char)((0xF00u >> size & 0xF0) | c);
    return size;
}

char *lk_utf8_repair(const char *bytes, size_t size)
{
    if (g_utf8_validate_len(bytes, size, NULL))
        return g_strndup(bytes, size);
    g_autofree uint32_t *wide = g_new(uint32_t, size + 1);
    size_t count = lk_utf8_decode(bytes, size, wide);
    GString *out = g_string_sized_new(size);
    for (size_t i = 0; i < count; i++) {
        char utf8[4];
        g_string_append_len(out, utf8, (gssize)lk_utf8_encode(wide[i], utf8));
    }
    return g_string_free(out, FALSE);
}

/* The row of a table of {first, last, ...} that covers c, or NULL. All tables begin with these two members. */
#define FIND_RANGE(table, c)                                                                                           \
    ({                                                                                                                 \
        size_t low_ = 0, high_ = table##_count;                                                                        \
        while (low_ < high_) {                                                                                         \
            size_t middle_ = (low_ + high_) / 2;                                                                       \
            if (table[middle_].last < (c))                                                                             \
                low_ = middle_ + 1;                                                                                    \
            else                                                                                                       \
                high_ = middle_;                                                                                       \
        }                                                                                                              \
        low_ < table##_count &&table[low_].first <= (c) ? &table[low_] : NULL;                                         \
    })

LkCharClass lk_char_class(uint32_t c)
{
    if (c < 0x80) {
        if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')
            return LK_CHAR_LETTER;
        if (c >= '0' && c <= '9')
            return LK_CHAR_NUMBER;
        return c == ' ' || (c >= '\t' && c <= '\r') ? LK_CHAR_SPACE : LK_CHAR_OTHER;
    }
    const LkClassRange *range = FIND_RANGE(lk_class_ranges, c);
    return range ? (LkCharClass)range->class : LK_CHAR_OTHER;
}

size_t lk_char_lower(uint32_t c, uint32_t out[2])
{
    if (c < 0x80) {
        out[0] = c >= 'A' && c <= 'Z' ? c + 0x20 : c;
        return 1;
    }
    if (c == 0x130) { /* I with a dot: i and the dot above, the only lower case of two characters */
        out[0] = 'i';
        out[1] = 0x307;
        return 2;
    }
    const LkLowerRange *range = FIND_RANGE(lk_lower_ranges, c);
    bool inside = range && (c - range->first) % range->step == 0;
    out[0] = inside ? (uint32_t)((int32_t)c + range->delta) : c;
    return 1;
}

static int combining_class(uint32_t c)
{
    if (c < 0x300)
        return 0;
    const LkCombiningRange *range = FIND_RANGE(lk_combining_ranges, c);
    return range ? range->class : 0;
}

static const LkDecomposition *find_decomposition(uint32_t c)
{
    size_t low = 0, high = lk_decompositions_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (lk_decompositions[middle].character < c)
            low = middle + 1;
        else
            high = middle;
    }
    return low < lk_decompositions_count && lk_decompositions[low].character == c ? &lk_decompositions[low] : NULL;
}

/* Full canonical decomposition of one character: 1 to 4 code points. */
static size_t decompose(uint32_t c, uint32_t *out)
{
    if (c < 0xC0) {
        out[0] = c;
        return 1;
    }
    if (c - S_BASE < S_COUNT) {
        uint32_t s = c - S_BASE, t = s % T_COUNT;
        out[0] = L_BASE + s / N_COUNT;
        out[1] = V_BASE + s % N_COUNT / T_COUNT;
        out[2] = T_BASE + t;
        return t ? 3 : 2;
    }
    const LkDecomposition *row = find_decomposition(c);
    if (!row) {
        out[0] = c;
        return 1;
    }
    size_t count = decompose(row->first, out);
    if (row->second)
        out[count++] = row->second; /* never has a decomposition itself: make_unicode_tables.py checks */
    return count;
}

/* The character that two join to, or 0. */
static uint32_t compose(uint32_t a, uint32_t b)
{
    if (a - L_BASE < L_COUNT && b - V_BASE < V_COUNT)
        return S_BASE + ((a - L_BASE) * V_COUNT + (b - V_BASE)) * T_COUNT;
    if (a - S_BASE < S_COUNT && (a - S_BASE) % T_COUNT == 0 && b - T_BASE - 1 < T_COUNT - 1)
        return a + (b - T_BASE);
    size_t low = 0, high = lk_compositions_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const LkDecomposition *row = &lk_decompositions[lk_compositions[middle]];
        if (row->first == a && row->second == b)
            return row->character;
        if (row->first < a || (row->first == a && row->second < b))
            low = middle + 1;
        else
            high = middle;
    }
    return 0;
}

/* Canonical order: runs of marks sorted by class, equals staying in their order. Long runs of marks are what an
 * attacker would send, so this is a counting sort per run, not an insertion sort. */
static void sort_marks(uint32_t *text, const uint8_t *classes, size_t count, uint32_t *scratch)
{
    size_t place[256] = {0};
    for (size_t i = 0; i < count; i++)
        place[classes[i]]++;
    for (size_t class = 0, sum = 0; class < 256; class ++) {
        size_t here = place[class];
        place[class] = sum;
        sum += here;
    }
    for (size_t i = 0; i < count; i++)
        scratch[place[classes[i]]++] = text[i];
    memcpy(text, scratch, count * sizeof *text);
}

static void order_marks(uint32_t *text, size_t count)
{
    g_autofree uint8_t *classes = g_malloc(count + 1);
    g_autofree uint32_t *scratch = NULL;
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        classes[i] = (uint8_t)combining_class(text[i]);
        any |= i > 0 && classes[i] && classes[i - 1] > classes[i];
    }
    if (!any)
        return;
    scratch = g_new(uint32_t, count);
    for (size_t i = 0; i < count;) {
        size_t first = i;
        while (i < count && classes[i])
            i++;
        if (i - first > 1)
            sort_marks(text + first, classes + first, i - first, scratch);
        i += i == first;
    }
}

/* Joins each starter with the marks behind it that nothing blocks (Unicode 3.11, D115 and D117). */
static size_t compose_all(uint32_t *text, size_t count)
{
    size_t out = 0, starter = SIZE_MAX;
    int last = 0; /* class of the code point written last since the starter; 0 right behind it */
    for (size_t i = 0; i < count; i++) {
        int class = combining_class(text[i]);
        bool blocked = starter != SIZE_MAX && out - 1 > starter && last >= class;
        uint32_t joined = starter == SIZE_MAX || blocked ? 0 : compose(text[starter], text[i]);
        if (joined) {
            text[starter] = joined;
            continue;
        }
        if (class == 0)
            starter = out;
        last = class;
        text[out++] = text[i];
    }
    return out;
}

size_t lk_text_nfc(uint32_t *text, size_t count)
{
    uint32_t most = 0;
    for (size_t i = 0; i < count; i++)
        most = MAX(most, text[i]);
    if (most < 0x300) /* nothing below the first combining mark joins or moves */
        return count;
    g_autofree uint32_t *source = g_memdup2(text, count * sizeof *text);
    size_t out = 0;
    for (size_t i = 0; i < count; i++)
        out += decompose(source[i], text + out);
    order_marks(text, out);
    return compose_all(text, out);
}

/* lk_text_fold for ASCII, most of all texts; NULL for others. */
static char *fold_ascii(const char *text, size_t size)
{
    g_autofree char *out = g_malloc(size + 1);
    size_t length = 0;
    bool was_space = false;
    for (size_t i = 0; i < size; i++) {
        const uint8_t c = (uint8_t)text[i];
        if (c >= 0x80)
            return NULL;
        const bool is_space = c <= ' ' && lk_char_class(c) == LK_CHAR_SPACE;
        if (!is_space || !was_space)
            out[length++] = is_space ? ' ' : g_ascii_tolower((char)c);
        was_space = is_space;
    }
    out[length] = '\0';
    return g_steal_pointer(&out);
}

char *lk_text_fold(const char *text)
{
    size_t size = strlen(text);
    char *ascii = fold_ascii(text, size);
    if (ascii)
        return ascii;
    g_autofree uint32_t *wide = g_new(uint32_t, LK_NFC_ROOM(size + 1));
    size_t count = lk_text_nfc(wide, lk_utf8_decode(text, size, wide));
    GString *out = g_string_sized_new(size);
    for (size_t i = 0; i < count; i++) {
        if (lk_char_class(wide[i]) == LK_CHAR_SPACE) {
            if (i == 0 || lk_char_class(wide[i - 1]) != LK_CHAR_SPACE)
                g_string_append_c(out, ' ');
            continue;
        }
        uint32_t lower[2];
        size_t letters = lk_char_lower(wide[i], lower);
        for (size_t j = 0; j < letters; j++) {
            char bytes[4];
            g_string_append_len(out, bytes, (gssize)lk_utf8_encode(lower[j], bytes));
        }
    }
    return g_string_free(out, FALSE);
}

/* str.isspace of Python: White_Space of Unicode and the four separators of ASCII. */
static bool is_space(gunichar c)
{
    return (c >= 0x1C && c <= 0x1F) || lk_char_class(c) == LK_CHAR_SPACE;
}

char *lk_text_trim(char *text)
{
    char *start = text, *end;
    while (*start && is_space(g_utf8_get_char(start)))
        start = g_utf8_next_char(start);
    for (end = start + strlen(start); end > start;) {
        char *previous = g_utf8_prev_char(end);
        if (!is_space(g_utf8_get_char(previous)))
            break;
        end = previous;
    }
    memmove(text, start, (size_t)(end - start));
    text[end - start] = '\0';
    return text;
}
