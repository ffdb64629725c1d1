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

#define STATE_VERSION "1"

enum { ARRAYS = 3 };
static const char *const array_names[ARRAYS] = {"adapter", "m", "v"};

/** Gives a state its arrays. */
static bool add_arrays(LkState *state)
{
    state->adapter = g_try_new0(float, (gsize)state->elements);
    state->m = g_try_new0(float, (gsize)state->elements);
    state->v = g_try_new0(float, (gsize)state->elements);
    return state->adapter && state->m && state->v;
}

LkState *lk_state_new(int64_t elements)
{
    LkState *state = g_new0(LkState, 1);
    state->elements = elements;
    if (!add_arrays(state))
        g_clear_pointer(&state, lk_state_free);
    return state;
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
    g_free(state->adapter);
    g_free(state->m);
    g_free(state->v);
    g_free(state);
}

static void arrays(const LkState *state, float *out[ARRAYS])
{
    out[0] = state->adapter;
    out[1] = state->m;
    out[2] = state->v;
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

static char *checksum(const void *data, size_t size)
{
    return g_strdup_printf("%016" G_GINT64_MODIFIER "x", lk_hash64(data, size, 0));
}

/** Of what the metadata says, so that a step that was damaged into another number is noticed too. Facts that came later
 * count where they are there. */
static char *facts_checksum(const LkState *state)
{
    g_autofree char *text = g_strdup_printf(
        "%" G_GINT64_FORMAT "\n%s\n%s\n%s%s%s%s%s%s%s", state->step, state->job ? state->job : "",
        state->layout ? state->layout : "", state->device ? state->device : "", state->changes ? "\n" : "",
        state->changes ? state->changes : "", state->dataset ? "\n" : "", state->dataset ? state->dataset : "",
        state->guard ? "\nguard " : "", state->guard ? state->guard : "");
    return checksum(text, strlen(text));
}

/* Reading ---------------------------------------------------------------------------------------------------------- */

static bool check_array(const LkSafetensors *file, const char *name, int64_t elements, GError **error)
{
    const LkTensorView *view = lk_safetensors_find(file, name);
    if (!view || view->dtype != LK_FILE_F32 || lk_tensor_view_elements(view) != elements)
        return lk_set_error(error, LK_ERROR_FORMAT, _("The training state '%s' is damaged: '%s' is not whole."),
                            lk_safetensors_path(file), name);
    g_autofree char *sum = checksum(view->data, view->size), *key = g_strconcat("checksum.", name, NULL);
    if (g_strcmp0(sum, lk_safetensors_metadata(file, key)) != 0)
        return lk_set_error(error, LK_ERROR_FORMAT,
                            _("The training state '%s' is damaged: the checksum of '%s' is wrong."),
                            lk_safetensors_path(file), name);
    return true;
}

/** Checks a whole file. Returns what it says, without the arrays. */
static LkState *check_file(const LkSafetensors *file, GError **error)
{
    const char *path = lk_safetensors_path(file), *version = lk_safetensors_metadata(file, "lorikeet.state");
    const char *step = lk_safetensors_metadata(file, "step");
    const LkTensorView *adapter = lk_safetensors_find(file, "adapter");
    if (g_strcmp0(version, STATE_VERSION) != 0 || !step || !adapter) {
        lk_set_error(error, LK_ERROR_FORMAT, _("'%s' is not a training state that this version of Lorikeet can read."),
                     path);
        return NULL;
    }
    g_autoptr(LkState) state = g_new0(LkState, 1);
    state->elements = lk_tensor_view_elements(adapter);
    if (!g_ascii_string_to_signed(step, 10, 0, G_MAXINT64, &state->step, NULL)) {
        lk_set_error(error, LK_ERROR_FORMAT, _("The training state '%s' is damaged: its step is '%s'."), path, step);
        return NULL;
    }
    state->job = g_strdup(lk_safetensors_metadata(file, "job"));
    state->changes = g_strdup(lk_safetensors_metadata(file, "changes"));
    state->guard = g_strdup(lk_safetensors_metadata(file, "guard"));
    state->layout = g_strdup(lk_safetensors_metadata(file, "layout"));
    state->dataset = g_strdup(lk_safetensors_metadata(file, "dataset"));
    state->device = g_strdup(lk_safetensors_metadata(file, "device"));
    for (int i = 0; i < ARRAYS; i++)
        if (!check_array(file, array_names[i], state->elements, error))
            return NULL;
    g_autofree char *facts = facts_checksum(state);
    if (g_strcmp0(facts, lk_safetensors_metadata(file, "checksum.facts")) != 0) {
        lk_set_error(error, LK_ERROR_FORMAT,
                     _("The training state '%s' is damaged: the checksum of its step and settings is wrong."), path);
        return NULL;
    }
    return g_steal_pointer(&state);
}

LkState *lk_state_load(const char *path, GError **error)
{
    g_autoptr(LkSafetensors) file = lk_safetensors_open(path, error);
    g_autoptr(LkState) state = file ? check_file(file, error) : NULL;
    if (!state)
        return NULL;
    if (!add_arrays(state)) {
        lk_set_error(error, LK_ERROR_MEMORY, _("There is not enough memory to read the training state '%s'."), path);
        return NULL;
    }
    float *data[ARRAYS];
    arrays(state, data);
    for (int i = 0; i < ARRAYS; i++) {
        const LkTensorView *view = lk_safetensors_find(file, array_names[i]);
        memcpy(data[i], view->data, view->size);
    }
    return g_steal_pointer(&state);
}

/* Writing ---------------------------------------------------------------------------------------------------------- */

/** Moves the state at `path` out of the way of a newer one, unless it is damaged: the one before it is good then. */
static bool keep_previous(const char *path)
{
    if (!g_file_test(path, G_FILE_TEST_EXISTS))
        return true;
    g_autoptr(LkSafetensors) file = lk_safetensors_open(path, NULL);
    g_autoptr(LkState) whole = file ? check_file(file, NULL) : NULL;
    g_autofree char *previous = lk_state_previous(path);
    return !whole || rename(path, previous) == 0;
}

bool lk_state_save(const LkState *state, const char *path, GError **error)
{
    float *data[ARRAYS];
    LkTensorSpec specs[ARRAYS];
    g_autoptr(LkMetadata) metadata = lk_metadata_new();
    lk_metadata_set(metadata, "lorikeet.state", STATE_VERSION);
    lk_metadata_setf(metadata, "step", "%" G_GINT64_FORMAT, state->step);
    lk_metadata_set(metadata, "job", state->job);
    lk_metadata_set(metadata, "layout", state->layout);
    lk_metadata_set(metadata, "device", state->device);
    if (state->changes)
        lk_metadata_set(metadata, "changes", state->changes);
    if (state->guard)
        lk_metadata_set(metadata, "guard", state->guard);
    if (state->dataset)
        lk_metadata_set(metadata, "dataset", state->dataset);
    g_autofree char *facts = facts_checksum(state);
    lk_metadata_set(metadata, "checksum.facts", facts);
    arrays(state, data);
    for (int i = 0; i < ARRAYS; i++) {
        if (!is_finite(data[i], state->elements))
            return lk_set_error(
                error, LK_ERROR_NUMERIC,
                _("The training state after step %" PRId64 " holds numbers that are not finite, so it was not saved."),
                state->step);
        g_autofree char *sum = checksum(data[i], (size_t)state->elements * sizeof(float));
        g_autofree char *key = g_strconcat("checksum.", array_names[i], NULL);
        lk_metadata_set(metadata, key, sum);
        specs[i] = (LkTensorSpec){
            .name = array_names[i], .dtype = LK_FILE_F32, .rank = 1, .shape = {state->elements}, .data = data[i]};
    }
    g_autofree char *next = lk_state_next(path);
    if (!lk_safetensors_write(next, specs, ARRAYS, metadata, error))
        return false;
    /* Who is interrupted between the two renames finds the newest state under the name `next`. */
    if (!keep_previous(path) || rename(next, path) != 0)
        return lk_set_error(error, LK_ERROR_IO, _("The training state '%s' could not be replaced: %s."), path,
                            g_strerror(errno));
    lk_file_sync_folder(path);
    return true;
}
