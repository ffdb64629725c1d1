/* For compare_clip.py and make_rows.py: reads strings (u32 size, bytes), writes their ids (u32 count, i32 each). */
#include "text/clip_tokenizer.h"

#include <stdio.h>

#define MOST (1 << 26)

int main(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(LkClipTokenizer) tokenizer = lk_clip_tokenizer_new(&error);
    if (!tokenizer) {
        fprintf(stderr, "%s\n", error->message);
        return 1;
    }
    uint32_t size;
    while (fread(&size, sizeof size, 1, stdin) == 1 && size < MOST) {
        g_autofree char *text = g_malloc(size + 1);
        if (fread(text, 1, size, stdin) != size)
            return 1;
        g_autofree int32_t *ids = g_new(int32_t, 4 * (gsize)size + 16);
        int32_t count = lk_clip_tokenize_bytes(tokenizer, text, size, ids, (int)(4 * size + 16));
        fwrite(&count, sizeof count, 1, stdout);
        fwrite(ids, sizeof *ids, (size_t)count, stdout);
    }
    return 0;
}
