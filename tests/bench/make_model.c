/* make_model [--family sd1|sd2|sdxl] [FILE]: writes a Stable Diffusion 1.5, 2.1 or XL checkpoint of the true size (LDM
 * layout, text encoders under CLIP's names, fp16: 2.1, 2.6 or 6.9 GB) with random weights that keep the variance of
 * what passes through them, unless it is there. Prints its path. */
#include "layout.h"
#include "sizes.h"

#include "base/parallel.h"
#include "base/philox.h"
#include "format/safetensors_writer.h"

#include <stdio.h>
#include <string.h>

enum { CHUNK = 1 << 22, PER_TASK = 1 << 14 };

typedef struct Fill {
    LkRandom stream;
    uint64_t first;
    int64_t count;
    float *out, deviation, mean;
} Fill;

/** The sum of a random word's four bytes: nearly normal, and fast. Its variance is 4 (256² - 1) / 12. */
static void fill_tasks(void *context, int64_t begin, int64_t end)
{
    const Fill *fill = context;
    const float scale = fill->deviation / 147.8f, centre = 510;
    int64_t last = MIN(end * PER_TASK, fill->count);
    for (int64_t i = begin * PER_TASK; i < last; i += 4) {
        uint32_t word[4];
        lk_random_block(fill->stream, (fill->first + (uint64_t)i) / 4, word);
        for (int64_t k = 0; k < 4 && i + k < last; k++) {
            uint32_t w = word[k], sum = (w & 255) + (w >> 8 & 255) + (w >> 16 & 255) + (w >> 24);
            fill->out[i + k] = fill->mean + ((float)sum - centre) * scale;
        }
    }
}

static bool write_tensor(LkSafetensorsWriter *writer, const Recipe *recipe, uint32_t index, int64_t count,
                         float *numbers, uint16_t *halves, GError **error)
{
    for (int64_t at = 0; at < count; at += CHUNK) {
        Fill fill = {.stream = {.seed = 15, .purpose = LK_RANDOM_TEST, .step = index},
                     .first = (uint64_t)at,
                     .count = MIN(count - at, CHUNK),
                     .out = numbers,
                     .deviation = recipe->deviation,
                     .mean = recipe->mean};
        lk_parallel_for((fill.count + PER_TASK - 1) / PER_TASK, fill_tasks, &fill);
        lk_f32_to_dtype(LK_FILE_F16, numbers, halves, (size_t)fill.count);
        if (!lk_safetensors_writer_append(writer, halves, (size_t)fill.count * sizeof *halves, error))
            return false;
    }
    return true;
}

static bool write_model(const LkModelArch *arch, const char *path, GError **error)
{
    g_autoptr(GArray) recipes = layout_of(arch);
    g_autofree LkTensorSpec *specs = g_new0(LkTensorSpec, recipes->len);
    for (guint i = 0; i < recipes->len; i++) {
        const Recipe *recipe = &g_array_index(recipes, Recipe, i);
        specs[i] = (LkTensorSpec){.name = recipe->name, .dtype = LK_FILE_F16, .rank = recipe->rank};
        memcpy(specs[i].shape, recipe->shape, sizeof recipe->shape);
    }
    LkSafetensorsWriter *writer = lk_safetensors_writer_new(path, specs, recipes->len, NULL, error);
    if (!writer)
        return false;
    g_autofree float *numbers = g_new(float, CHUNK);
    g_autofree uint16_t *halves = g_new(uint16_t, CHUNK);
    const LkTensorSpec *spec;
    while ((spec = lk_safetensors_writer_next(writer))) {
        uint32_t index = (uint32_t)(spec - specs);
        size_t bytes = 0;
        lk_tensor_spec_size(spec, &bytes);
        if (!write_tensor(writer, &g_array_index(recipes, Recipe, index), index, (int64_t)bytes / 2, numbers, halves,
                          error)) {
            lk_safetensors_writer_abandon(writer);
            return false;
        }
    }
    return lk_safetensors_writer_commit(writer, error);
}

static char *default_path(const char *family)
{
    const char *folder = g_getenv("LORIKEET_BENCH_DIR");
    g_autofree char *name = g_strdup_printf("%s-random-fp16.safetensors", strcmp(family, "sd1") == 0 ? "sd15" : family);
    return folder && *folder ? g_build_filename(folder, name, NULL)
                             : g_build_filename(g_get_user_cache_dir(), "lorikeet", "bench", name, NULL);
}

int main(int argc, char **argv)
{
    const char *family = "sd1";
    if (argc > 2 && strcmp(argv[1], "--family") == 0) {
        family = argv[2];
        argc -= 2;
        argv += 2;
    }
    const LkModelArch *arch = bench_arch(family);
    if (argc > 2 || !arch) {
        fprintf(stderr, "usage: make_model [--family sd1|sd2|sdxl] [FILE]\n");
        return 2;
    }
    g_autofree char *path = argc > 1 ? g_strdup(argv[1]) : default_path(family);
    g_autofree char *folder = g_path_get_dirname(path);
    g_autoptr(GError) error = NULL;
    if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
        g_mkdir_with_parents(folder, 0755);
        fprintf(stderr, "make_model: writing '%s' (several GB, once)\n", path);
        if (!write_model(arch, path, &error)) {
            fprintf(stderr, "make_model: %s\n", error->message);
            return 1;
        }
    }
    printf("%s\n", path);
    return 0;
}
