#include "case.h"

#include "format/gerror.h"

#include <string.h>

static yyjson_val *lookup(const Case *c, const char *path)
{
    yyjson_val *value = c->root;
    g_auto(GStrv) parts = g_strsplit(path, ".", -1);
    for (char **p = parts; *p && value; p++)
        value = yyjson_obj_get(value, *p);
    return value;
}

double case_number(const Case *c, const char *path, double fallback)
{
    yyjson_val *value = lookup(c, path);
    return yyjson_is_num(value) ? yyjson_get_num(value) : yyjson_is_bool(value) ? yyjson_get_bool(value) : fallback;
}

const char *case_text(const Case *c, const char *path)
{
    const char *text = yyjson_get_str(lookup(c, path));
    return text ? text : "";
}

double case_tolerance(const Case *c, const char *precision, const char *kind)
{
    g_autofree char *path = g_strdup_printf("tolerances.%s.%s", precision, kind);
    return case_number(c, path, -1);
}

double case_deviation(const Case *c, const char *precision, const char *name)
{
    g_autofree char *path = g_strdup_printf("measured_deviation.%s", precision);
    yyjson_val *value = yyjson_obj_get(lookup(c, path), name);
    return yyjson_is_num(value) ? yyjson_get_num(value) : 0;
}

float *case_floats(const LkSafetensors *file, const char *name, int64_t *count)
{
    const LkTensorView *view = lk_safetensors_find(file, name);
    if (!view)
        return NULL;
    *count = lk_tensor_view_elements(view);
    float *values = g_new(float, (gsize)*count);
    if (!lk_tensor_view_to_f32(view, values, NULL))
        g_clear_pointer(&values, g_free);
    return values;
}

void case_channels_last(const float *in, float *out, int64_t n, int64_t channels, int64_t positions)
{
    for (int64_t i = 0; i < n; i++)
        for (int64_t p = 0; p < positions; p++)
            for (int64_t c = 0; c < channels; c++)
                out[(i * positions + p) * channels + c] = in[(i * channels + c) * positions + p];
}

static LkLoss loss_of(const char *name)
{
    static const char *const names[] = {
        [LK_LOSS_L2] = "l2", [LK_LOSS_L1] = "l1", [LK_LOSS_HUBER] = "huber", [LK_LOSS_SMOOTH_L1] = "smooth_l1"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        if (strcmp(name, names[i]) == 0)
            return (LkLoss)i;
    return LK_LOSS_L2;
}

static void read_settings(Case *c)
{
    c->batch = (int)case_number(c, "batch", 1);
    yyjson_val *size = lookup(c, "latent_size_hw");
    c->height = yyjson_get_int(yyjson_arr_get(size, 0));
    c->width = yyjson_get_int(yyjson_arr_get(size, 1));
    c->chunks = (int)case_number(c, "chunks", 1);
    c->clip_skip = (int)case_number(c, "clip_skip", 1);
    c->steps = (int)case_number(c, "optimizer.steps", 1);
    const char *base = case_text(c, "base_weights");
    c->codes = g_strcmp0(base, "int8") == 0 ? LK_I8 : g_strcmp0(base, "fp8") == 0 ? LK_E4M3 : LK_F32;
    c->v_prediction = strcmp(case_text(c, "prediction"), "v") == 0;
    c->loss = loss_of(case_text(c, "loss.type"));
    c->masked = case_number(c, "loss.masked", 0) != 0;
    c->ip_noise = case_number(c, "noise.ip_noise_gamma", 0);
    c->seed = (int64_t)case_number(c, "seed", 0);
    size_t i, n;
    yyjson_val *part;
    yyjson_arr_foreach(lookup(c, "network.train"), i, n, part)
    {
        c->unet |= strcmp(yyjson_get_str(part), "unet") == 0;
        c->text |= g_str_has_prefix(yyjson_get_str(part), "te");
    }
}

bool case_open(Case *c, const char *folder, GError **error)
{
    *c = (Case){0};
    g_autofree char *json = g_build_filename(folder, "case.json", NULL);
    g_autofree char *inputs = g_build_filename(folder, "inputs.safetensors", NULL);
    g_autofree char *expect = g_build_filename(folder, "expect.safetensors", NULL);
    c->doc = yyjson_read_file(json, 0, NULL, NULL);
    c->root = yyjson_doc_get_root(c->doc);
    if (!yyjson_is_obj(c->root))
        return lk_set_error(error, LK_ERROR_FORMAT, "There is no case in '%s'.", folder);
    read_settings(c);
    c->model_path = g_build_filename(folder, "model.safetensors", NULL);
    c->inputs = lk_safetensors_open(inputs, error);
    c->expect = c->inputs ? lk_safetensors_open(expect, error) : NULL;
    return c->expect != NULL;
}

void case_close(Case *c)
{
    lk_safetensors_free(c->inputs);
    lk_safetensors_free(c->expect);
    yyjson_doc_free(c->doc);
    g_free(c->model_path);
    *c = (Case){0};
}
