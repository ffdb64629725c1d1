/* Any bytes as a file of PyTorch: refused with its source named, or tensors that lie within the bytes. Half of the
 * inputs are a pickle by itself. */
#include "format/gerror.h"
#include "format/pickle.h"
#include "format/torch_file.h"
#include "tests/fuzz/target.h"

#include <string.h>

static void try_pickle(const uint8_t *data, size_t size)
{
    char *problem = NULL;
    LkPickle *pickle = lk_pickle_read(data, size, &problem);
    FUZZ_CHECK(!pickle == !!problem);
    FUZZ_CHECK(!pickle || pickle->values->len <= size + 1);
    g_free(problem);
    lk_pickle_free(pickle);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree uint8_t *copy = g_memdup2(data, size); /* of exactly this size */
    g_autoptr(GError) error = NULL;
    g_autoptr(LkSafetensors) file = lk_torch_file_open_input(lk_input_of_bytes(copy, size, "fuzz", NULL), &error);
    FUZZ_CHECK(!file == !!error);
    if (error)
        FUZZ_CHECK(error->domain == LK_ERROR && g_str_has_prefix(error->message, "fuzz ") &&
                   g_utf8_validate(error->message, -1, NULL));
    for (size_t i = 0; file && i < lk_safetensors_count(file); i++) {
        const LkTensorView *view = lk_safetensors_at(file, i);
        FUZZ_CHECK(view->offset <= size && view->size <= size - view->offset);
        FUZZ_CHECK(lk_safetensors_find(file, view->name) == view);
    }
    if (size > 0)
        try_pickle(copy, size);
    return 0;
}
