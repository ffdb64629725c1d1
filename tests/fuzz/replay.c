/* Runs a fuzz target without libFuzzer: over a folder of inputs, then over a fixed number of mutations of them, the
 * same ones each time.
 *
 *     replay CORPUS MUTATIONS */
#include "base/philox.h"
#include "tests/fuzz/target.h"
#include "tests/tap.h"

#include <glib.h>
#include <string.h>

#define SIZE_MAX_INPUT 4096

typedef struct Random {
    LkRandom stream;
    uint64_t drawn;
} Random;

static uint32_t below(Random *random, uint32_t n)
{
    return lk_random_below(random->stream, random->drawn++, n);
}

/* At most `limit`, and less than `n`. A function, because the MIN of GLib would draw twice. */
static uint32_t up_to(Random *random, uint32_t n, uint32_t limit)
{
    uint32_t value = below(random, n);
    return value < limit ? value : limit;
}

/* What parsers take for something. */
/* clang-format off */
static const char *const snippets[] = {
    "\0", "\xff", "\x80", "\"", "\\", "[", "]", "{", "}", ",", ":", "=", "\n", "\r\n", "#", "0", "9", "-", ".", "e",
    "\xe7", "'''", "\"\"\"", "\\u0", "[[", "]]", "0x", "inf", "true", "null", "F16", "2147483648", "9223372036854775807",
    "18446744073709551616", "\x7f\xff\xff\xff", "tEXt", "zTXt", "iTXt", "IEND",
};
/* clang-format on */

static void replace(GByteArray *input, guint at, guint remove, const void *insert, guint size)
{
    g_byte_array_remove_range(input, at, remove);
    guint tail = input->len - at;
    g_byte_array_set_size(input, input->len + size);
    if (tail)
        memmove(input->data + at + size, input->data + at, tail);
    if (size)
        memcpy(input->data + at, insert, size);
}

static void mutate(GByteArray *input, const GPtrArray *corpus, Random *random)
{
    guint at = below(random, input->len + 1), left = input->len - at;
    switch (below(random, 6)) {
    case 0:
        if (left)
            input->data[at] ^= (guint8)(1 << below(random, 8));
        break;
    case 1:
        if (left)
            input->data[at] = (guint8)below(random, 256);
        break;
    case 2:
        replace(input, at, up_to(random, 8, left), NULL, 0);
        break;
    case 3: {
        const char *text = snippets[below(random, G_N_ELEMENTS(snippets))];
        replace(input, at, up_to(random, 3, left), text, (guint)MAX(strlen(text), 1));
        break;
    }
    case 4: { /* a piece of another input */
        const GByteArray *other = corpus->pdata[below(random, corpus->len)];
        guint from = below(random, other->len + 1), size = below(random, MIN(other->len - from, 64) + 1);
        replace(input, at, up_to(random, 16, left), other->data + from, size);
        break;
    }
    default: { /* a piece of itself again */
        guint size = up_to(random, 32, left);
        g_autofree guint8 *piece = g_memdup2(input->data + at, size);
        replace(input, below(random, input->len + 1), 0, piece, size);
        break;
    }
    }
}

static void free_bytes(void *bytes)
{
    g_byte_array_unref(bytes);
}

static gint compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* All files of the folder, by name, so that mutations do not depend on the file system's order. */
static GPtrArray *read_corpus(const char *folder)
{
    GPtrArray *corpus = g_ptr_array_new_with_free_func(free_bytes);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;
    while (dir && (name = g_dir_read_name(dir)))
        g_ptr_array_add(names, g_build_filename(folder, name, NULL));
    g_ptr_array_sort(names, compare_names);
    for (guint i = 0; i < names->len; i++) {
        char *data;
        gsize size;
        if (g_file_get_contents(names->pdata[i], &data, &size, NULL))
            g_ptr_array_add(corpus, g_byte_array_new_take((guint8 *)data, size));
    }
    return corpus;
}

static void run(const GByteArray *input)
{
    g_autofree guint8 *copy = g_memdup2(input->data, input->len);
    FUZZ_CHECK(LLVMFuzzerTestOneInput(copy, input->len) == 0);
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    g_autoptr(GPtrArray) corpus = read_corpus(argv[1]);
    int mutations = (int)g_ascii_strtoll(argv[2], NULL, 10);
    for (guint i = 0; i < corpus->len; i++)
        run(corpus->pdata[i]);
    tap_ok(corpus->len > 0, "%u inputs of the corpus", corpus->len);
    Random random = {.stream = {.seed = 1, .purpose = LK_RANDOM_TEST}};
    for (int i = 0; i < mutations && corpus->len; i++) {
        const GByteArray *seed = corpus->pdata[below(&random, corpus->len)];
        g_autoptr(GByteArray) input = g_byte_array_new();
        g_byte_array_append(input, seed->data, seed->len);
        for (uint32_t k = 1 + below(&random, 6); k; k--)
            mutate(input, corpus, &random);
        if (input->len <= SIZE_MAX_INPUT)
            run(input);
    }
    tap_ok(true, "%d mutations of them", mutations);
    return tap_done();
}
