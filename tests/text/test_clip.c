/* The CLIP tokenizer against the reference's answers (make_rows.py), its chunks, its decoding, its speed. */
#include "tests/tap.h"
#include "tests/text/rows.h"

#include "text/bpe.h"
#include "text/clip_tokenizer.h"
#include "text/unicode.h"

static void test_rows(const LkClipTokenizer *tokenizer)
{
    g_auto(GStrv) lines = rows_read("clip_rows.tsv");
    int rows = 0, wrong = 0, undecoded = 0;
    for (char **line = lines; line && *line && **line; line++, rows++) {
        g_auto(GStrv) fields = g_strsplit(*line, "\t", -1);
        g_autoptr(GString) text = rows_unescape(fields[0]);
        g_autoptr(GArray) want = rows_ids(fields[1]);
        int32_t ids[8192];
        int count = lk_clip_tokenize_bytes(tokenizer, text->str, text->len, ids, (int)G_N_ELEMENTS(ids));
        if (count != (int)want->len || (count && memcmp(ids, want->data, want->len * sizeof *ids))) {
            wrong++;
            tap_note("differs: %s", fields[0]);
        }
        g_autoptr(GString) decoded = rows_unescape(fields[2]);
        g_autofree char *got = lk_clip_decode(tokenizer, (int32_t *)want->data, (int)want->len);
        if (!memchr(decoded->str, 0, decoded->len) && strcmp(got, decoded->str)) {
            undecoded++;
            tap_note("decodes otherwise: %s to %s", fields[2], got);
        }
    }
    tap_ok(rows > 300, "%d texts with the reference's ids", rows);
    tap_ok(wrong == 0, "all have the reference's ids (%d differ)", wrong);
    tap_ok(undecoded == 0, "all ids decode to the reference's text (%d differ)", undecoded);
}

static void test_chunks(const LkClipTokenizer *tokenizer)
{
    g_auto(GStrv) lines = rows_read("clip_chunks.tsv");
    int rows = 0, wrong = 0;
    for (char **line = lines; line && *line && **line; line++, rows++) {
        g_auto(GStrv) fields = g_strsplit(*line, "\t", -1);
        g_autoptr(GString) text = rows_unescape(fields[0]);
        g_autoptr(GArray) want = rows_ids(fields[3]);
        int32_t ids[4 * LK_CLIP_SEQUENCE];
        int chunks = rows_number(fields[1]);
        int count = lk_clip_token_ids(tokenizer, text->str, chunks, rows_number(fields[2]), ids);
        bool right = want->len == (guint)chunks * LK_CLIP_SEQUENCE && !memcmp(ids, want->data, want->len * sizeof *ids);
        if (!right || count != lk_clip_token_count(tokenizer, text->str)) {
            wrong++;
            tap_note("differs: %s chunks, padding %s, %s", fields[1], fields[2], fields[0]);
        }
    }
    tap_ok(rows > 100, "%d chunked captions of the reference", rows);
    tap_ok(wrong == 0, "all chunks equal (%d differ)", wrong);
}

static void test_limits(const LkClipTokenizer *tokenizer)
{
    int32_t ids[3] = {-1, -1, -1};
    int count = lk_clip_tokenize(tokenizer, "a photo of a cat", ids, 2);
    tap_ok(count == 5 && ids[0] == 320 && ids[1] == 1125 && ids[2] == -1,
           "only `max` ids are written, all are counted");
    tap_ok(lk_clip_tokenize_bytes(tokenizer, "a\0b", 3, ids, 3) == 3 && ids[1] == 444, "NUL is a character");
    tap_ok(lk_clip_tokenize_bytes(tokenizer, NULL, 0, NULL, 0) == 0, "no bytes have no tokens");
    const int32_t odd[] = {-1, 49408, INT32_MAX, INT32_MIN, 320};
    g_autofree char *text = lk_clip_decode(tokenizer, odd, (int)G_N_ELEMENTS(odd));
    tap_ok(!strcmp(text, "a"), "ids of no token decode to nothing");
}

/* A text cut into segments must have the ids of its words, whatever their lengths. */
static void test_long(const LkClipTokenizer *tokenizer)
{
    static const char *const words[] = {
        "cat", "e\xCC\x81t\xC3\xA9", "\xCC\x81mark", "<|endoftext|>", "\xE7\x8C\xAB\xE7\x8C\xAB", "!?'s", "\xFF\xC3",
        "x"};
    g_autoptr(GString) text = g_string_new(NULL);
    int sum = 0;
    for (uint32_t i = 0; i < 20000; i++) {
        g_autoptr(GString) word = g_string_new(words[i * 2654435761u >> 29]);
        if (i % 997 == 0)
            for (int j = 0; j < 700; j++)
                g_string_append(word, "abcde");
        g_string_prepend_c(word, ' ');
        sum += lk_clip_token_count(tokenizer, word->str);
        g_string_append(text, word->str);
    }
    int whole = lk_clip_token_count(tokenizer, text->str);
    tap_ok(whole == sum, "a text of %zu bytes has the tokens of its words (%d, %d)", text->len, whole, sum);
}

/* Merging one pair at a time, the plain way, for comparison with the heap. */
static size_t merge_plain(const LkBpe *bpe, int32_t *symbols, size_t count)
{
    for (;;) {
        int32_t best = INT32_MAX, pair[2];
        size_t at = 0;
        for (size_t i = 0; i + 1 < count; i++) {
            memcpy(pair, symbols + i, sizeof pair);
            if (lk_bpe_merge(bpe, pair, 2) == 1 && pair[0] < best) {
                best = pair[0];
                at = i;
            }
        }
        if (best == INT32_MAX)
            return count;
        symbols[at] = best;
        memmove(symbols + at + 1, symbols + at + 2, (count - at - 2) * sizeof *symbols);
        count--;
    }
}

static void test_bpe(void)
{
    /* A table in which a later merge can make what an earlier one uses: order decides. */
    static const uint16_t pairs[] = {0, 1, 1, 2, 10, 2, 0, 11, 2, 2, 14, 14, 12, 0, 1, 0};
    LkBpe *bpe = lk_bpe_new(pairs, 8, 10, NULL);
    tap_ok(bpe != NULL, "a table of merges is taken");
    uint32_t state = 12345;
    int wrong = 0;
    for (int round = 0; round < 3000; round++) {
        int32_t a[200], b[200];
        size_t count = 1 + (size_t)round % 200;
        for (size_t i = 0; i < count; i++) {
            state = state * 1664525u + 1013904223u;
            a[i] = b[i] = (int32_t)((state >> 16) % 3);
        }
        size_t left = lk_bpe_merge(bpe, a, count), plain = merge_plain(bpe, b, count);
        wrong += left != plain || memcmp(a, b, left * sizeof *a) != 0;
    }
    tap_ok(wrong == 0, "short and long words merge as one pair at a time does (%d differ)", wrong);
    lk_bpe_free(bpe);

    static const uint16_t forward[] = {0, 10}, twice[] = {0, 1, 0, 1};
    tap_ok(!lk_bpe_new(forward, 1, 10, NULL), "a merge of a token that does not exist yet is refused");
    tap_ok(!lk_bpe_new(twice, 2, 10, NULL), "a pair that comes twice is refused");
    tap_ok(!lk_bpe_new(forward, 70000, 10, NULL) && !lk_bpe_new(forward, -1, 10, NULL),
           "counts out of range are refused");
}

static void test_speed(const LkClipTokenizer *tokenizer)
{
    static const char *const captions[] = {
        "1girl, solo, long hair, looking at viewer, smile, blue eyes, masterpiece, best quality, absurdres",
        "a photograph of a sks dog sitting on a wooden chair in front of a window, soft light, 35mm film",
        "\xE6\xB0\xB4\xE5\xBD\xA9\xE7\x94\xBB\xEF\xBC\x8C\xE4\xB8\x80\xE5\x8F\xAA\xE7\x8C\xAB\xE5\x9D\x90\xE5\x9C\xA8"
        "\xE7\xAA\x97\xE5\x8F\xB0\xE4\xB8\x8A"};
    gint64 start = g_get_monotonic_time();
    LkClipTokenizer *again = lk_clip_tokenizer_new(NULL);
    double load = (double)(g_get_monotonic_time() - start) / 1000;
    lk_clip_tokenizer_free(again);
    int32_t ids[LK_CLIP_SEQUENCE];
    start = g_get_monotonic_time();
    for (int i = 0; i < 20000; i++)
        lk_clip_token_ids(tokenizer, captions[i % 3], 1, LK_CLIP_EOS, ids);
    double seconds = (double)(g_get_monotonic_time() - start) / 1e6;
    tap_note("loading %.2f ms; %.0f captions a minute", load, 20000 / seconds * 60);
    tap_ok(load < 500, "loading takes no noticeable time"); /* generous: sanitizers and busy machines */
    tap_ok(20000 / seconds * 60 > 200000, "more than 200,000 captions a minute");
    g_autofree char *word = g_strnfill(4000000, 'a');
    start = g_get_monotonic_time();
    int count = lk_clip_token_count(tokenizer, word);
    seconds = (double)(g_get_monotonic_time() - start) / 1e6;
    tap_ok(count > 0 && seconds < 60, "a word of four million letters is no trap (%.2f s)", seconds);
}

int main(void)
{
    g_log_set_always_fatal(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
    g_autoptr(GError) error = NULL;
    g_autoptr(LkClipTokenizer) tokenizer = lk_clip_tokenizer_new(&error);
    if (!tap_ok(tokenizer != NULL, "the tokenizer loads (%s)", error ? error->message : "no error"))
        return tap_done();
    test_rows(tokenizer);
    test_chunks(tokenizer);
    test_limits(tokenizer);
    test_long(tokenizer);
    test_bpe();
    test_speed(tokenizer);
    return tap_done();
}
