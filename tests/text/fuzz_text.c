/* libFuzzer over the laws of laws.h: the first byte chooses which. The library learns its coverage only if it is built
 * for it: CC=clang meson setup BUILD -Dfuzz=true -Dc_args=-fsanitize=fuzzer-no-link -Db_sanitize=address,undefined
 * -Db_lundef=false */
#include "tests/text/laws.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static LkClipTokenizer *tokenizer;
    if (!tokenizer) {
        tokenizer = lk_clip_tokenizer_new(NULL);
        g_log_set_always_fatal(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
    }
    if (size == 0 || size > 20000)
        return 0;
    const char *bytes = (const char *)data + 1;
    const char *law = data[0] & 1 ? tokenizer_laws(tokenizer, bytes, size - 1) : caption_laws(bytes, size - 1);
    if (law) {
        fprintf(stderr, "Broken: %s\n", law);
        __builtin_trap();
    }
    return 0;
}
