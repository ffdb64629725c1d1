#include "training/state.h"

#include "base/file.h"
#include "base/hash.h"
#include "format/gerror.h"
#include "format/safetensors_writer.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define STATE_VERSION "2"

LkState *lk_state_new(int64_t elements)
{
    LkState *state = g_new0(LkState, 1);
    state->elements = elements;
    state->adapter = g_try_new0(float, (gsize)elements);
    if (!state->adapter)
        g_clear_pointer(&state, lk_state_free);
    return state;
}

bool lk_state_add(LkState *state, const char *name, LkDType dtype, int64_t count)
{
    void *data = state->n_arrays < LK_STATE_ARRAYS ? g_try_malloc0_n((gsize)count + 1, lk_dtype_size(dtype)) : NULL;
    if (data)
        state->arrays[state->n_arrays++] =
            (LkStateArray){.name = g_strdup(name), .dtype = dtype, .count = count, .data = data};
    return data;
}

LkStateArray *lk_state_array(const LkState *state, const char *name)
{
    for (int i = 0; i < state->n_arrays; i++)
        if (strcmp(state->arrays[i].name, name) == 0)
            return (LkStateArray *)(uintptr_t)&state->arrays[i];
    return NULL;
}

float *lk_state_floats(const LkState *state, const char *name)
{
    const LkStateArray *array = lk_state_array(state, name);
    return array && array->dtype == LK_F32 ? array->data : NULL;
}

bool lk_state_same_shape(const LkState *a, const LkState *b)
{
    bool same = a->elements == b->elements && a->n_arrays == b->n_arrays;
    for (int i = 0; same && i < a->n_arrays; i++) {
        const LkStateArray *x = &a->arrays[i], *y = lk_state_array(b, x->name);
        same = y && x->dtype == y->dtype && x->count == y->count;
    }
    return same;
}

void lk_state_free(LkState *state)
{
    if (!state)
        return;
    g_free(state->job);
    g_free(state->changes);
    g_free(state->guard);
    g_free(state->layout);
    g_free(state->device);
    g_free(state->dataset);
    g_free(state->averaging);
    g_free(state->tiles);
    g_free(state->adapter);
    for (int i = 0; i < state->n_arrays; i++) {
        g_free(state->arrays[i].name);
        g_free(state->arrays[i].data);
    }
    g_free(state);
}

static bool is_finite(const float *values, int64_t count)
{
    bool finite = true;
    for (int64_t i = 0; i < count; i++)
        finite &= isfinite(values[i]) != 0;
    return finite;
}

char *lk_state_previous(const char *path)
{
    return g_strconcat(path, ".previous", NULL);
}

char *lk_state_next(const char *path)
{
    return g_strconcat(path, ".new", NULL);
}

static char *hash_text(uint64_t hash)
{
    return g_strdup_printf("%016" G_GINT64_MODIFIER "x", hash);
}

static char *checksum(const void *data, size_t size)
{
    return hash_text(lk_hash64(data, size, 0));
}

/** Of what the metadata says, so that a step that was damaged into another number is noticed too. Facts that came later
 * count where they are there. */
static char *facts_checksum(const LkState *state)
{
    g_autofree char *text = g_strdup_printf(
        "%" G_GINT64_FORMAT "\n%s\n%s\n%s%s%s%s%s%s%s%s%s%s%s", state->step, state->job ? state->job : "",
        state->layout ? state->layout : "", state->device ? state->device : "", state->changes ? "\n" : "",
        state->changes ? state->changes : "", state->dataset ? "\n" : "", state->dataset ? state->dataset : "",
        state->guard ? "\nguard " : "", state->guard ? state->guard : "", state->averaging ? "\naveraging " : "",
        state->averaging ? state->averaging : "", state->tiles ? "\ntiles " : "", state->tiles ? state->tiles : "");
    return checksum(text, strlen(text));
}

/* Reading ---------------------------------------------------------------------------------------------------------- */

#define INTEGERS ":i32" /* behind the name of an array that has no floats */

/** The arrays that the file must have. Files of older versions do not say it: moments beside the weights. */
static char **array_names(const LkSafetensors *file)
{
    const char *told = lk_safetensors_metadata(file, "arrays");
    return g_strsplit(told ? told : "adapter m v", " ", LK_STATE_ARRAYS + 2);
}

/** The tensor of an array; NULL where there is none of the right type. */
static const LkTensorView *find_array(const LkSafetensors *file, const char *told)
{
    bool integers = g_str_has_suffix(told, INTEGERS);
    g_autofree char *name = g_strndup(told, strlen(told) - (integers ? strlen(INTEGERS) : 0));
    const LkTensorView *view = lk_safetensors_find(file, name);
    return view && view->dtype == (integers ? LK_FILE_I32 : LK_FILE_F32) ? view : NULL;
}

/** The checksum of a tensor's bytes in the file, read into `values` or, where that is NULL, piece by piece: a state is
 * also looked at before another one takes its place, when there may be no memory. */
static char *checksum_of(const LkTensorView *view, void *values, GError **error)
{
    uint8_t piece[1 << 16];
    LkError problem = {0};
    LkHash64 hash = lk_hash64_begin(view->size, 0);
    for (size_t at = 0, size; at < view->size; at += size) {
        uint8_t *to = values ? (uint8_t *)values + at : piece;
        size = MIN(view->size - at, sizeof piece);
        if (!lk_input_read(view->input, view->offset + at, to, size, &problem)) {
            lk_gerror_take(error, &problem);
            return NULL;
        }
        lk_hash64_update(&hash, to, size);
    }
    return hash_text(lk_hash64_end(hash));
}

static bool fail_array(const LkSafetensors *file, const char *name, GError **error)
{
    return lk_set_error(error, LK_ERROR_FORMAT, _("The training state '%s' is damaged: '%s' is not whole."),
                        lk_safetensors_path(file), name);
}

/** Checks an array, and reads it where `values` is not NULL. */
static bool check_array(const LkSafetensors *file, const LkTensorView *view, void *values, GError **error)
{
    g_autofree char *sum = checksum_of(view, values, error), *key = g_strconcat("checksum.", view->name, NULL);
    if (!sum)
        return false;
    return g_strcmp0(sum, lk_safetensors_metadata(file, key)) == 0 ||
           lk_set_error(error, LK_ERROR_FORMAT, _("The training state '%s' is damaged: the checksum of '%s' is wrong."),
                        lk_safetensors_path(file), view->name);
}

static void take_facts(LkState *state, const LkSafetensors *file)
{
    const struct {
        char **to;
        const char *key;
    } rows[] = {{&state->job, "job"},       {&state->changes, "changes"},     {&state->guard, "guard"},
                {&state->layout, "layout"}, {&state->averaging, "averaging"}, {&state->tiles, "tiles"},
                {&state->device, "device"}, {&state->dataset, "dataset"}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        *rows[i].to = g_strdup(lk_safetensors_metadata(file, rows[i].key));
}

/** What the file says beside its arrays, checked. */
static LkState *read_facts(const LkSafetensors *file, GError **error)
{
    const char *path = lk_safetensors_path(file), *version = lk_safetensors_metadata(file, "lorikeet.state");
    const char *step = lk_safetensors_metadata(file, "step");
    const LkTensorView *adapter = find_array(file, "adapter");
    if (g_strcmp0(version, STATE_VERSION) != 0 || !step || !lk_safetensors_find(file, "adapter")) {
        lk_set_error(error, LK_ERROR_FORMAT, _("'%s' is not a training state that this version of Lorikeet can read."),
                     path);
        return NULL;
    }
    if (!adapter) {
        fail_array(file, "adapter", error);
        return NULL;
    }
    g_autoptr(LkState) state = g_new0(LkState, 1);
    state->elements = lk_tensor_view_elements(adapter);
    if (!g_ascii_string_to_signed(step, 10, 0, G_MAXINT64, &state->step, NULL)) {
        lk_set_error(error, LK_ERROR_FORMAT, _("The training state '%s' is damaged: its step is '%s'."), path, step);
        return NULL;
    }
    take_facts(state, file);
    g_autofree char *facts = facts_checksum(state);
    if (g_strcmp0(facts, lk_safetensors_metadata(file, "checksum.facts")) == 0)
        return g_steal_pointer(&state);
    lk_set_error(error, LK_ERROR_FORMAT,
                 _("The training state '%s' is damaged: the checksum of its step and settings is wrong."), path);
    return NULL;
}

/** Memory for one of the file's arrays in `state`; NULL with an error. */
static void *new_array(LkState *state, const LkSafetensors *file, const LkTensorView *view, GError **error)
{
    const bool is_adapter = strcmp(view->name, "adapter") == 0;
    void *values = NULL;
    if (is_adapter && !state->adapter)
        values = state->adapter = g_try_new0(float, (gsize)state->elements + 1);
    else if (!is_adapter && lk_state_add(state, view->name, view->dtype == LK_FILE_I32 ? LK_I32 : LK_F32,
                                         lk_tensor_view_elements(view)))
        values = state->arrays[state->n_arrays - 1].data;
    if (!values)
        lk_set_error(error, LK_ERROR_MEMORY, _("There is not enough memory to read the training state '%s'."),
                     lk_safetensors_path(file));
    return values;
}

/** Checks the arrays, and reads them where that is asked for. */
static bool read_arrays(LkState *state, const LkSafetensors *file, bool keep, GError **error)
{
    g_auto(GStrv) names = array_names(file);
    bool has_adapter = false;
    for (char **name = names; *name; name++) {
        const LkTensorView *view = find_array(file, *name);
        if (!view || lk_state_array(state, view->name) || (has_adapter && strcmp(view->name, "adapter") == 0))
            return fail_array(file, *name, error);
        has_adapter |= strcmp(view->name, "adapter") == 0;
        void *values = keep ? new_array(state, file, view, error) : NULL;
        if ((keep && !values) || !check_array(file, view, values, error))
            return false;
    }
    return has_adapter || fail_array(file, "adapter", error);
}

/** A whole file, checked; without its arrays where they are not to be kept. */
static LkState *read_file(const char *path, bool keep, GError **error)
{
    g_autoptr(LkSafetensors) file = lk_safetensors_open(path, error);
    g_autoptr(LkState) state = file ? read_facts(file, error) : NULL;
    return state && read_arrays(state, file, keep, error) ? g_steal_pointer(&state) : NULL;
}

LkState *lk_state_load(const char *path, GError **error)
{
    return read_file(path, true, error);
}

/* Writing ---------------------------------------------------------------------------------------------------------- */

/** Moves the state at `path` out of the way of a newer one, unless it is damaged: the one before it is good then. */
static bool keep_previous(const char *path)
{
    if (!g_file_test(path, G_FILE_TEST_EXISTS))
        return true;
    g_autoptr(LkState) whole = read_file(path, false, NULL);
    g_autofree char *previous = lk_state_previous(path);
    return !whole || rename(path, previous) == 0;
}

/** What the metadata says beside the arrays. */
static LkMetadata *describe(const LkState *state)
{
    LkMetadata *metadata = lk_metadata_new();
    const struct {
        const char *key, *value;
    } rows[] = {{"changes", state->changes},
                {"guard", state->guard},
                {"averaging", state->averaging},
                {"tiles", state->tiles},
                {"dataset", state->dataset}};
    lk_metadata_set(metadata, "lorikeet.state", STATE_VERSION);
    lk_metadata_setf(metadata, "step", "%" G_GINT64_FORMAT, state->step);
    lk_metadata_set(metadata, "job", state->job);
    lk_metadata_set(metadata, "layout", state->layout);
    lk_metadata_set(metadata, "device", state->device);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (rows[i].value)
            lk_metadata_set(metadata, rows[i].key, rows[i].value);
    g_autofree char *facts = facts_checksum(state);
    lk_metadata_set(metadata, "checksum.facts", facts);
    g_autoptr(GString) names = g_string_new("adapter");
    for (int i = 0; i < state->n_arrays; i++)
        g_string_append_printf(names, " %s%s", state->arrays[i].name, state->arrays[i].dtype == LK_I32 ? INTEGERS : "");
    lk_metadata_set(metadata, "arrays", names->str);
    return metadata;
}

/** An array as a tensor of the file, with its checksum; false where a number is not finite. */
static bool add_tensor(const LkStateArray *array, LkMetadata *metadata, LkTensorSpec *spec)
{
    if (array->dtype == LK_F32 && !is_finite(array->data, array->count))
        return false;
    g_autofree char *sum = checksum(array->data, (size_t)array->count * lk_dtype_size(array->dtype));
    g_autofree char *key = g_strconcat("checksum.", array->name, NULL);
    lk_metadata_set(metadata, key, sum);
    *spec = (LkTensorSpec){.name = array->name,
                           .dtype = array->dtype == LK_F32 ? LK_FILE_F32 : LK_FILE_I32,
                           .rank = 1,
                           .shape = {array->count},
                           .data = array->data};
    return true;
}

bool lk_state_save(const LkState *state, const char *path, GError **error)
{
    LkTensorSpec specs[LK_STATE_ARRAYS + 1];
    g_autoptr(LkMetadata) metadata = describe(state);
    LkStateArray adapter = {(char *)(uintptr_t)"adapter", LK_F32, state->elements, state->adapter};
    bool finite = add_tensor(&adapter, metadata, &specs[0]);
    for (int i = 0; finite && i < state->n_arrays; i++)
        finite = add_tensor(&state->arrays[i], metadata, &specs[i + 1]);
    if (!finite)
        return lk_set_error(
            error, LK_ERROR_NUMERIC,
            _("The training state after step %" PRId64 " holds numbers that are not finite, so it was not saved."),
            state->step);
    g_autofree char *next = lk_state_next(path);
    if (!lk_safetensors_write(next, specs, (size_t)state->n_arrays + 1, metadata, error))
        return false;
    /* Who is interrupted between the two renames finds the newest state under the name `next`. */
    if (!keep_previous(path) || rename(next, path) != 0)
        return lk_set_error(error, LK_ERROR_IO, _("The training state '%s' could not be replaced: %s."), path,
                            g_strerror(errno));
    lk_file_sync_folder(path);
    return true;
}
