/* Any bytes as a safetensors file: refused with words, or every promise of the reader holds. */
#include "format/gerror.h"
#include "format/safetensors.h"
#include "tests/fuzz/target.h"

#include <string.h>

static void check_view(const LkSafetensors *file, size_t i, size_t size, size_t *covered)
{
    const LkTensorView *view = lk_safetensors_at(file, i);
    FUZZ_CHECK(view && view->name && g_utf8_validate(view->name, -1, NULL));
    FUZZ_CHECK(lk_safetensors_find(file, view->name) == view);
    FUZZ_CHECK(view->rank >= 0 && view->rank <= LK_TENSOR_MAX_RANK);
    size_t need = lk_file_dtype_size(view->dtype);
    for (int k = 0; k < view->rank; k++) {
        FUZZ_CHECK(view->shape[k] >= 0);
        need *= (size_t)view->shape[k];
    }
    FUZZ_CHECK(need == view->size);
    FUZZ_CHECK(view->offset <= size && view->size <= size - view->offset);
    *covered += view->size;
    g_autofree float *out = g_new(float, (size_t)lk_tensor_view_elements(view) + 1);
    FUZZ_CHECK(lk_tensor_view_to_f32(view, out, NULL));
}

static void try_bytes(const uint8_t *data, size_t size)
{
    GError *error = NULL;
    LkSafetensors *file = lk_safetensors_open_input(lk_input_of_bytes(data, size, "fuzz", NULL), &error);
    FUZZ_CHECK(!file == !!error);
    if (error)
        FUZZ_CHECK(error->domain == LK_ERROR && *error->message && g_utf8_validate(error->message, -1, NULL));
    g_clear_error(&error);
    if (!file)
        return;
    size_t covered = 0;
    for (size_t i = 0; i < lk_safetensors_count(file); i++)
        check_view(file, i, size, &covered);
    uint64_t header;
    memcpy(&header, data, sizeof header);
    FUZZ_CHECK(covered == size - 8 - header);
    const LkMetadata *texts = lk_safetensors_all_metadata(file);
    for (size_t i = 0; i < lk_metadata_count(texts); i++)
        FUZZ_CHECK(lk_safetensors_metadata(file, lk_metadata_key(texts, i)) == lk_metadata_value(texts, i));
    lk_safetensors_free(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_bytes(data, size);
    if (size < 8)
        return 0;
    /* Again with a length that fits the first line, so that a changed header is not refused for its length alone. */
    g_autofree uint8_t *copy = g_memdup2(data, size);
    const uint8_t *line = memchr(copy + 8, '\n', size - 8);
    uint64_t length = line ? (uint64_t)(line - copy) - 8 + 1 : size - 8;
    memcpy(copy, &length, sizeof length);
    try_bytes(copy, size);
    return 0;
}
