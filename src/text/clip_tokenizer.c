#include "text/clip_tokenizer.h"

#include "base/memory.h"
#include "format/gerror.h"
#include "text/bpe.h"
#include "text/clip_merges.h"
#include "text/unicode.h"

#include <glib/gi18n.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

#define MERGES       48894
#define FIRST_MERGE  512  /* ids: 256 bytes, the same at the end of a word, the merges, BOS, EOS */
#define WORD_END     256  /* added to a byte's id */
#define SEGMENT_SIZE 2048 /* long texts are taken in segments of about this many bytes, cut at spaces */

struct LkClipTokenizer {
    LkBpe *bpe;
    uint16_t byte_id[256];
    uint8_t id_byte[256];
};

static const char *const special_tokens[2] = {"<|startoftext|>", "<|endoftext|>"}; /* 49406 and 49407 */

/* What one call works in and on. */
typedef struct Work {
    const LkClipTokenizer *tokenizer;
    uint32_t *wide;   /* code points of a segment */
    uint32_t *text;   /* in lower case */
    uint8_t *classes; /* LkCharClass of each */
    int32_t *symbols; /* of one word */
    size_t room, count;
    int32_t *ids; /* the caller's */
    int max, found;
} Work;

/* The ids of bytes go by the characters that GPT-2 writes for them: first the visible Latin-1 characters, then the
 * rest. */
static void number_bytes(LkClipTokenizer *tokenizer)
{
    int id = 0;
    for (int visible = 1; visible >= 0; visible--) {
        for (int byte = 0; byte < 256; byte++) {
            bool shown = (byte >= 33 && byte <= 126) || (byte >= 161 && byte != 173);
            if (shown != visible)
                continue;
            tokenizer->byte_id[byte] = (uint16_t)id;
            tokenizer->id_byte[id++] = (uint8_t)byte;
        }
    }
}

LkClipTokenizer *lk_clip_tokenizer_new(GError **error)
{
    LkError problem = {0};
    g_autofree uint16_t *pairs = lk_memory_new(MERGES, 2 * sizeof *pairs, &problem);
    LkBpe *bpe = NULL;
    if (pairs && lk_clip_merges_size == 4 * MERGES) {
        for (size_t i = 0; i < 2 * MERGES; i++)
            pairs[i] = (uint16_t)(lk_clip_merges[2 * i] | lk_clip_merges[2 * i + 1] << 8);
        bpe = lk_bpe_new(pairs, MERGES, FIRST_MERGE, &problem);
    }
    if (problem.code) {
        lk_gerror_take(error, &problem);
        return NULL;
    }
    if (!bpe) {
        lk_set_error(
            error, LK_ERROR_FORMAT,
            _("The table of CLIP's merges in this build is damaged: data/tokenizers/clip_merges.bin must be the "
              "file that comes with the source. Install the program again."));
        return NULL;
    }
    LkClipTokenizer *tokenizer = g_new0(LkClipTokenizer, 1);
    tokenizer->bpe = bpe;
    number_bytes(tokenizer);
    return tokenizer;
}

void lk_clip_tokenizer_free(LkClipTokenizer *tokenizer)
{
    if (!tokenizer)
        return;
    lk_bpe_free(tokenizer->bpe);
    g_free(tokenizer);
}

static void put(Work *work, int32_t id)
{
    if (work->found < work->max)
        work->ids[work->found] = id;
    work->found += work->found < INT_MAX;
}

/* Encodes code points first .. first + count - 1 (one or more) as one word. */
static void put_word(Work *work, size_t first, size_t count)
{
    size_t symbols = 0;
    for (size_t i = first; i < first + count; i++) {
        char bytes[4];
        size_t size = lk_utf8_encode(work->text[i], bytes);
        for (size_t j = 0; j < size; j++)
            work->symbols[symbols++] = work->tokenizer->byte_id[(uint8_t)bytes[j]];
    }
    work->symbols[symbols - 1] += WORD_END;
    symbols = lk_bpe_merge(work->tokenizer->bpe, work->symbols, symbols);
    for (size_t i = 0; i < symbols; i++)
        put(work, work->symbols[i]);
}

static bool text_has(const Work *work, size_t at, const char *ascii)
{
    for (; *ascii; ascii++, at++)
        if (at >= work->count || work->text[at] != (uint8_t)*ascii)
            return false;
    return true;
}

/* Length of the contraction at `at`, or 0. */
static size_t contraction(const Work *work, size_t at)
{
    static const char *const list[] = {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"};
    if (work->text[at] != '\'')
        return 0;
    for (size_t i = 0; i < G_N_ELEMENTS(list); i++)
        if (text_has(work, at, list[i]))
            return strlen(list[i]);
    return 0;
}

/* Length of the piece of the split at `at`, which is no space: see the expression in the header. */
static size_t piece_length(const Work *work, size_t at)
{
    size_t length = contraction(work, at), end = at + 1;
    if (length)
        return length;
    if (work->classes[at] != LK_CHAR_NUMBER)
        while (end < work->count && work->classes[end] == work->classes[at])
            end++;
    return end - at;
}

/* Length of a special token that stands in the lower-case text, as where it was written in capitals; or 0. */
static size_t special_in_text(const Work *work, size_t at)
{
    for (int i = 0; i < 2 && work->text[at] == '<'; i++)
        if (text_has(work, at, special_tokens[i]))
            return strlen(special_tokens[i]);
    return 0;
}

static void put_words(Work *work)
{
    for (size_t at = 0, length; at < work->count; at += length) {
        length = 1;
        if (work->classes[at] == LK_CHAR_SPACE)
            continue;
        if ((length = special_in_text(work, at)) > 0) {
            /* The reference splits a second time, by GPT-2's expression, and that one knows no special tokens. */
            put_word(work, at, 2);
            put_word(work, at + 2, length - 4);
            put_word(work, at + length - 2, 2);
            continue;
        }
        length = piece_length(work, at);
        put_word(work, at, length);
    }
}

static void make_room(Work *work, size_t size)
{
    if (size <= work->room)
        return;
    work->room = size;
    size_t count = LK_NFC_ROOM(size);
    work->wide = g_renew(uint32_t, work->wide, count);
    work->text = g_renew(uint32_t, work->text, 2 * count);
    work->classes = g_renew(uint8_t, work->classes, 2 * count);
    work->symbols = g_renew(int32_t, work->symbols, 8 * count);
}

/* A piece of raw text between special tokens and spaces. */
static void put_segment(Work *work, const char *bytes, size_t size)
{
    make_room(work, size);
    size_t count = lk_text_nfc(work->wide, lk_utf8_decode(bytes, size, work->wide));
    work->count = 0;
    for (size_t i = 0; i < count; i++)
        work->count += lk_char_lower(work->wide[i], work->text + work->count);
    for (size_t i = 0; i < work->count; i++)
        work->classes[i] = (uint8_t)lk_char_class(work->text[i]);
    put_words(work);
}

/* Text without special tokens: in segments that end before a space, where nothing joins across, so that the memory for
 * a text follows its longest word. */
static void put_text(Work *work, const char *bytes, size_t size)
{
    while (size > SEGMENT_SIZE) {
        const char *space = memrchr(bytes + 1, ' ', SEGMENT_SIZE - 1);
        if (!space)
            space = memchr(bytes + SEGMENT_SIZE, ' ', size - SEGMENT_SIZE);
        if (!space)
            break;
        put_segment(work, bytes, (size_t)(space - bytes));
        size -= (size_t)(space - bytes);
        bytes = space;
    }
    put_segment(work, bytes, size);
}

/* The first special token in `bytes` exactly as it is spelt; NULL if there is none. */
static const char *find_special(const char *bytes, size_t size, int *which)
{
    const char *end = bytes + size;
    for (const char *at = bytes; (at = memchr(at, '<', (size_t)(end - at))); at++)
        for (*which = 0; *which < 2; ++*which)
            if ((size_t)(end - at) >= strlen(special_tokens[*which]) &&
                !memcmp(at, special_tokens[*which], strlen(special_tokens[*which])))
                return at;
    return NULL;
}

int lk_clip_tokenize_bytes(const LkClipTokenizer *tokenizer, const char *bytes, size_t size, int32_t *ids, int max)
{
    Work work = {.tokenizer = tokenizer, .ids = ids, .max = max};
    int which = 0;
    if (size == 0) /* `bytes` may be NULL */
        return 0;
    for (const char *at; (at = find_special(bytes, size, &which));) {
        put_text(&work, bytes, (size_t)(at - bytes));
        put(&work, LK_CLIP_BOS + which);
        at += strlen(special_tokens[which]);
        size -= (size_t)(at - bytes);
        bytes = at;
    }
    put_text(&work, bytes, size);
    g_free(work.wide);
    g_free(work.text);
    g_free(work.classes);
    g_free(work.symbols);
    return work.found;
}

int lk_clip_tokenize(const LkClipTokenizer *tokenizer, const char *utf8, int32_t *ids, int max)
{
    return lk_clip_tokenize_bytes(tokenizer, utf8, strlen(utf8), ids, max);
}

int lk_clip_token_count(const LkClipTokenizer *tokenizer, const char *utf8)
{
    return lk_clip_tokenize(tokenizer, utf8, NULL, 0);
}

/* kohya's two rules for the pieces of a long caption whose padding is not EOS. */
static void mend_piece(int32_t *piece, int32_t pad_id)
{
    int32_t last = piece[LK_CLIP_SEQUENCE - 2];
    if (last != LK_CLIP_EOS && last != pad_id)
        piece[LK_CLIP_SEQUENCE - 1] = LK_CLIP_EOS;
    if (piece[1] == pad_id)
        piece[1] = LK_CLIP_EOS;
}

void lk_clip_token_layout(const int32_t *tokens, int count, int chunks, int32_t pad_id, int32_t *ids)
{
    int most = chunks * LK_CLIP_CHUNK;
    g_autofree int32_t *all = g_new(int32_t, most + 2);
    all[0] = LK_CLIP_BOS;
    memcpy(all + 1, tokens, (size_t)count * sizeof *all);
    all[1 + count] = LK_CLIP_EOS;
    for (int i = count + 2; i < most + 2; i++)
        all[i] = pad_id;
    for (int chunk = 0; chunk < chunks; chunk++) {
        int32_t *piece = ids + chunk * LK_CLIP_SEQUENCE;
        piece[0] = LK_CLIP_BOS;
        memcpy(piece + 1, all + 1 + chunk * LK_CLIP_CHUNK, LK_CLIP_CHUNK * sizeof *piece);
        piece[LK_CLIP_SEQUENCE - 1] = all[most + 1];
        if (chunks > 1 && pad_id != LK_CLIP_EOS)
            mend_piece(piece, pad_id);
    }
}

int lk_clip_token_ids(const LkClipTokenizer *tokenizer, const char *utf8, int chunks, int32_t pad_id, int32_t *ids)
{
    g_return_val_if_fail(chunks > 0 && chunks <= INT_MAX / LK_CLIP_SEQUENCE - 1, 0);
    int most = chunks * LK_CLIP_CHUNK;
    g_autofree int32_t *tokens = g_new(int32_t, most);
    int count = lk_clip_tokenize(tokenizer, utf8, tokens, most);
    lk_clip_token_layout(tokens, MIN(count, most), chunks, pad_id, ids);
    return count;
}

/* Parts have lower ids than the token they make, so this ends; the deepest token is some fifteen merges deep. */
static void append_token(const LkClipTokenizer *tokenizer, int32_t id, GString *out)
{
    int32_t left, right;
    if (lk_bpe_parts(tokenizer->bpe, id, &left, &right)) {
        append_token(tokenizer, left, out);
        append_token(tokenizer, right, out);
    } else if (id >= LK_CLIP_BOS && id <= LK_CLIP_EOS) {
        g_string_append(out, special_tokens[id - LK_CLIP_BOS]);
    } else if (id >= 0 && id < FIRST_MERGE) {
        g_string_append_c(out, (char)tokenizer->id_byte[id % WORD_END]);
        if (id >= WORD_END)
            g_string_append_c(out, ' ');
    }
}

char *lk_clip_decode(const LkClipTokenizer *tokenizer, const int32_t *ids, int count)
{
    g_autoptr(GString) bytes = g_string_new(NULL);
    for (int i = 0; i < count; i++)
        append_token(tokenizer, ids[i], bytes);
    return lk_text_trim(lk_utf8_repair(bytes->str, bytes->len)); /* tokens may end within a character */
}
