/* The laws of laws.h on twenty thousand strings of bytes, half of them near to text. The same ones every time. */
#include "tests/tap.h"
#include "tests/text/laws.h"

#define ROUNDS  20000
#define LONGEST 300

/* Pieces that make trouble likelier than random bytes do. */
static const char *const pieces[] = {"<|endoftext|>",
                                     "<|ENDOFTEXT|>",
                                     "<|startoftext|>",
                                     "'s",
                                     "'LL",
                                     "'",
                                     ",",
                                     ", ",
                                     "\n",
                                     "{",
                                     "}",
                                     "|",
                                     "{{",
                                     "}}",
                                     "{a|b}",
                                     "|||",
                                     ";;;",
                                     " ",
                                     "\t",
                                     "\u3000",
                                     "\u0301",
                                     "\u0323",
                                     "\u0344",
                                     "\u0130",
                                     "\u1100",
                                     "\u1161",
                                     "\u11A8",
                                     "\uAC00",
                                     "\u0915",
                                     "\u093C",
                                     "\u200D",
                                     "\uFE0F",
                                     "\U0001F99C",
                                     "\u732B",
                                     "sks",
                                     "1girl",
                                     "Sks Dog",
                                     "\xC3",
                                     "\xE4\xBD",
                                     "\xF0\x9F",
                                     "\xED\xA0\x80",
                                     "\xFF",
                                     "\x1C",
                                     "\xC2\x85",
                                     "a",
                                     "B",
                                     "9",
                                     "\u00BD",
                                     "_",
                                     "-"};

static size_t fill(char *out, uint64_t round)
{
    LkRandom stream = {.seed = 20240607, .purpose = LK_RANDOM_TEST, .step = (uint32_t)round};
    uint32_t at = 0;
    size_t size = 0, wanted = lk_random_below(stream, at++, LONGEST);
    uint32_t bytes = lk_random_below(stream, at++, 4); /* of 4 parts, how many are random bytes */
    while (size < wanted) {
        if (lk_random_below(stream, at++, 4) < bytes) {
            out[size++] = (char)lk_random_below(stream, at++, 256);
            continue;
        }
        const char *piece = pieces[lk_random_below(stream, at++, G_N_ELEMENTS(pieces))];
        memcpy(out + size, piece, strlen(piece));
        size += strlen(piece);
    }
    return size;
}

int main(void)
{
    g_log_set_always_fatal(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
    g_autoptr(GError) error = NULL;
    g_autoptr(LkClipTokenizer) tokenizer = lk_clip_tokenizer_new(&error);
    if (!tap_ok(tokenizer != NULL, "the tokenizer loads (%s)", error ? error->message : "no error"))
        return tap_done();
    int broken = 0;
    for (uint64_t round = 0; round < ROUNDS && broken < 10; round++) {
        char bytes[LONGEST + 32];
        size_t size = fill(bytes, round);
        const char *law = tokenizer_laws(tokenizer, bytes, size);
        const char *other = caption_laws(bytes, size);
        if (law || other)
            tap_note("round %d breaks: %s", (int)round, law ? law : other);
        broken += law || other;
    }
    tap_ok(broken == 0, "the laws hold on %d random strings", ROUNDS);
    return tap_done();
}
