#include "text/weighted.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#define ROUND  1.1
#define SQUARE (1 / 1.1)

static void piece_clear(gpointer data)
{
    g_free(((LkWeightedPiece *)data)->text);
}

static void add(GArray *pieces, const char *text, gsize bytes)
{
    LkWeightedPiece piece = {.text = g_strndup(text, bytes), .weight = 1};
    g_array_append_val(pieces, piece);
}

static void multiply(GArray *pieces, guint from, double factor)
{
    for (guint i = from; i < pieces->len; i++)
        g_array_index(pieces, LkWeightedPiece, i).weight *= factor;
}

/** The last bracket that is open; false where none is. */
static bool take_open(GArray *open, guint *from)
{
    if (open->len == 0)
        return false;
    *from = g_array_index(open, guint, open->len - 1);
    g_array_set_size(open, open->len - 1);
    return true;
}

/** Bytes of ":NUMBER)", 0 where that is not what stands there. Digits are those of any script, as for sd-scripts. */
static gsize number_length(const char *at, double *number)
{
    g_autoptr(GString) digits = g_string_new(NULL);
    const char *from = at + 1;
    if (*at != ':')
        return 0;
    if (*from == '+' || *from == '-')
        g_string_append_c(digits, *from++);
    const char *begin = from;
    for (gunichar c = g_utf8_get_char(from); c == '.' || g_unichar_isdigit(c); c = g_utf8_get_char(from)) {
        g_string_append_c(digits, c == '.' ? '.' : (char)('0' + g_unichar_digit_value(c)));
        from = g_utf8_next_char(from);
    }
    if (from == begin || *from != ')')
        return 0;
    char *end;
    *number = g_ascii_strtod(digits->str, &end);
    if (*end != '\0' || end == digits->str || !isfinite(*number))
        *number = 1;
    return (gsize)(from + 1 - at);
}

/** One step of the reference's expression: how many bytes of the text it takes. */
static gsize take(GArray *pieces, GArray *rounds, GArray *squares, const char *at)
{
    double number;
    guint from;
    gsize length = number_length(at, &number);
    if (*at == '\\') {
        gsize escaped = at[1] != '\0' && strchr("()[]\\", at[1]) ? 1 : 0;
        add(pieces, at + 1, escaped);
        return 1 + escaped;
    }
    if (*at == '(' || *at == '[') {
        g_array_append_val(*at == '(' ? rounds : squares, pieces->len);
        return 1;
    }
    if (length > 0 && take_open(rounds, &from)) {
        multiply(pieces, from, number);
        return length;
    }
    if ((*at == ')' && take_open(rounds, &from)) || (*at == ']' && take_open(squares, &from))) {
        multiply(pieces, from, *at == ')' ? ROUND : SQUARE);
        return 1;
    }
    if (length == 0)
        length = strchr(")]:", *at) ? 1 : strcspn(at, "\\()[]:");
    add(pieces, at, length);
    return length;
}

/** Pieces of one weight in a row become one. */
static void join(GArray *pieces)
{
    for (guint i = 0; i + 1 < pieces->len;) {
        LkWeightedPiece *piece = &g_array_index(pieces, LkWeightedPiece, i), *next = piece + 1;
        if (piece->weight != next->weight) {
            i++;
            continue;
        }
        char *both = g_strconcat(piece->text, next->text, NULL);
        g_free(piece->text);
        piece->text = both;
        g_array_remove_index(pieces, i + 1);
    }
}

GArray *lk_weighted_pieces(const char *utf8)
{
    g_autofree char *text = g_utf8_make_valid(utf8, -1);
    GArray *pieces = g_array_new(FALSE, FALSE, sizeof(LkWeightedPiece));
    g_array_set_clear_func(pieces, piece_clear);
    g_autoptr(GArray) rounds = g_array_new(FALSE, FALSE, sizeof(guint));
    g_autoptr(GArray) squares = g_array_new(FALSE, FALSE, sizeof(guint));
    for (const char *at = text; *at != '\0';)
        at += take(pieces, rounds, squares, at);
    for (guint i = 0; i < rounds->len; i++)
        multiply(pieces, g_array_index(rounds, guint, i), ROUND);
    for (guint i = 0; i < squares->len; i++)
        multiply(pieces, g_array_index(squares, guint, i), SQUARE);
    if (pieces->len == 0)
        add(pieces, "", 0);
    join(pieces);
    return pieces;
}

/** The first `most` tokens and their weights; returns how many the whole text has. */
static int tokenize(const LkClipTokenizer *tokenizer, const char *utf8, int32_t *ids, float *weights, int most)
{
    g_autoptr(GArray) pieces = lk_weighted_pieces(utf8);
    int count = 0;
    for (guint i = 0; i < pieces->len; i++) {
        const LkWeightedPiece *piece = &g_array_index(pieces, LkWeightedPiece, i);
        int room = MAX(most - count, 0);
        int of_piece = lk_clip_tokenize(tokenizer, piece->text, room > 0 ? ids + count : NULL, room);
        for (int k = 0; k < MIN(of_piece, room); k++)
            weights[count + k] = (float)piece->weight;
        count += of_piece;
    }
    return count;
}

int lk_weighted_token_count(const LkClipTokenizer *tokenizer, const char *utf8)
{
    return tokenize(tokenizer, utf8, NULL, NULL, 0);
}

int lk_weighted_token_ids(const LkClipTokenizer *tokenizer, const char *utf8, int chunks, int32_t pad_id, int32_t *ids,
                          float *weights)
{
    int most = chunks * LK_CLIP_CHUNK;
    g_autofree int32_t *tokens = g_new(int32_t, most);
    for (int i = 0; i < most + 2; i++)
        weights[i] = 1;
    int count = tokenize(tokenizer, utf8, tokens, weights + 1, most);
    lk_clip_token_layout(tokens, MIN(count, most), chunks, pad_id, ids);
    return count;
}
