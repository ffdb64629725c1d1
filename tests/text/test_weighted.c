/* Captions with weights: ids and weights of sd-scripts (make_weighted_rows.py), and the pieces they come from. */
#include "tests/tap.h"
#include "tests/text/rows.h"

#include "text/caption.h"
#include "text/weighted.h"

#include <math.h>

/** Numbers of a field, n equal ones in a row as X*n. */
static GArray *rows_weights(const char *field)
{
    GArray *out = g_array_new(FALSE, FALSE, sizeof(float));
    g_auto(GStrv) parts = g_strsplit(field, " ", -1);
    for (char **part = parts; *part && **part; part++) {
        const char *star = strchr(*part, '*');
        float weight = (float)g_ascii_strtod(*part, NULL);
        for (int i = star ? rows_number(star + 1) : 1; i > 0; i--)
            g_array_append_val(out, weight);
    }
    return out;
}

static void test_rows(const LkClipTokenizer *tokenizer)
{
    g_auto(GStrv) lines = rows_read("weighted_rows.tsv");
    int rows = 0, wrong_ids = 0, wrong_weights = 0, weighted = 0;
    for (char **line = lines; line && *line && **line; line++, rows++) {
        g_auto(GStrv) fields = g_strsplit(*line, "\t", -1);
        g_autoptr(GString) text = rows_unescape(fields[0]);
        g_autoptr(GArray) want = rows_ids(fields[3]), weights = rows_weights(fields[4]);
        int32_t ids[3 * LK_CLIP_SEQUENCE];
        float got[3 * LK_CLIP_CHUNK + 2];
        int chunks = rows_number(fields[1]);
        lk_weighted_token_ids(tokenizer, text->str, chunks, rows_number(fields[2]), ids, got);
        bool same = want->len == (guint)chunks * LK_CLIP_SEQUENCE && !memcmp(ids, want->data, want->len * sizeof *ids);
        bool sound = got[0] == 1 && got[1 + 75 * chunks] == 1 && weights->len == 75u * (guint)chunks;
        for (guint i = 0; i < weights->len && sound; i++) {
            float w = g_array_index(weights, float, i);
            sound = fabsf(got[1 + i] - w) <= 1e-6f * fabsf(w);
            weighted += w != 1;
        }
        if (!same || !sound)
            tap_note("%s differ: %s", same ? "weights" : "ids", fields[0]);
        wrong_ids += !same;
        wrong_weights += !sound;
    }
    tap_ok(rows > 400 && weighted > 1000, "%d captions of the reference, %d tokens with a weight", rows, weighted);
    tap_ok(wrong_ids == 0, "all have its ids (%d differ)", wrong_ids);
    tap_ok(wrong_weights == 0, "all have its weights (%d differ)", wrong_weights);
}

/* The examples that the reference's documentation gives. */
static void test_pieces(void)
{
    static const struct {
        const char *text, *pieces[10];
        double weights[10];
    } rows[] = {
        {"normal text", {"normal text"}, {1}},
        {"an (important) word", {"an ", "important", " word"}, {1, 1.1, 1}},
        {"(unbalanced", {"unbalanced"}, {1.1}},
        {"\\(literal\\]", {"(literal]"}, {1}},
        {"(unnecessary)(parens)", {"unnecessaryparens"}, {1.1}},
        {"a (((house:1.3)) [on] a (hill:0.5), sun, (((sky))).",
         {"a ", "house", " ", "on", " a ", "hill", ", sun, ", "sky", "."},
         {1, 1.573, 1.1, 1, 1.1, 0.55, 1.1, 1.4641, 1.1}},
        {"", {""}, {1}},
        {"(a:1.2.3)", {"a"}, {1}}, /* no number: the reference ends there */
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GArray) pieces = lk_weighted_pieces(rows[i].text);
        bool same = true;
        guint count = 0;
        for (; count < 10 && rows[i].pieces[count]; count++)
            same = same && count < pieces->len &&
                   !strcmp(g_array_index(pieces, LkWeightedPiece, count).text, rows[i].pieces[count]) &&
                   fabs(g_array_index(pieces, LkWeightedPiece, count).weight - rows[i].weights[count]) < 1e-12;
        tap_ok(same && count == pieces->len, "the pieces of %s", rows[i].text);
    }
}

static void test_count(const LkClipTokenizer *tokenizer)
{
    LkCaptionOptions plain = {0}, weighted = {.weighted = true};
    const char *caption = "(red hair:1.2), [smile]";
    tap_ok(lk_caption_token_count(caption, &weighted, tokenizer) == 4 &&
               lk_caption_token_count(caption, &plain, tokenizer) > 8,
           "brackets and numbers are no tokens where words have weights");
    tap_ok(lk_weighted_token_count(tokenizer, "\xff(\xc3:1.2)\\") > 0, "bytes that are no text do no harm");
}

int main(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(LkClipTokenizer) tokenizer = lk_clip_tokenizer_new(&error);
    if (!tap_ok(tokenizer != NULL, "the tokenizer is there"))
        return tap_done();
    test_rows(tokenizer);
    test_pieces();
    test_count(tokenizer);
    return tap_done();
}
