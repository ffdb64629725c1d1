#include "cli/inspect.h"

#include "format/json.h"

#include <glib/gi18n.h>

static void add_array(GString *json, const char *key, const int64_t *numbers, int count)
{
    lk_json_add_key(json, key);
    g_string_append_c(json, '[');
    for (int i = 0; i < count; i++)
        g_string_append_printf(json, "%s%ld", i ? "," : "", (long)numbers[i]);
    g_string_append_c(json, ']');
}

static char *joined(const int64_t *numbers, int count)
{
    GString *out = g_string_new(NULL);
    for (int i = 0; i < count; i++)
        g_string_append_printf(out, "%s%ld", i ? "·" : "", (long)numbers[i]);
    return g_string_free(out, FALSE);
}

static void inspect_text(LkFacts *facts, const LkTextArch *text, bool second)
{
    g_autoptr(GString) json = g_string_new(NULL);
    lk_json_begin(json);
    lk_json_add_integer(json, "width", text->width);
    lk_json_add_integer(json, "layers", text->layers);
    lk_json_add_integer(json, "heads", text->heads);
    lk_json_add_integer(json, "vocabulary", text->vocabulary);
    lk_json_add_integer(json, "positions", text->positions);
    lk_json_end(json);
    g_autofree char *words = g_strdup_printf(_("%ld wide, %ld blocks, %ld heads, %ld tokens"), (long)text->width,
                                             (long)text->layers, (long)text->heads, (long)text->vocabulary);
    lk_facts_json(facts, second ? "text_encoder_2" : "text_encoder",
                  second ? _("Second text encoder") : _("Text encoder"), json->str, words);
}

static void inspect_unet(LkFacts *facts, const LkUnetArch *unet)
{
    g_autoptr(GString) json = g_string_new(NULL);
    int64_t depths[LK_MAX_LEVELS];
    for (int i = 0; i < unet->levels; i++)
        depths[i] = unet->attention[i] ? unet->depth[i] : 0;
    lk_json_begin(json);
    add_array(json, "channels", unet->channels, unet->levels);
    add_array(json, "transformer_blocks", depths, unet->levels);
    add_array(json, "heads", unet->heads, unet->levels);
    lk_json_add_integer(json, "layers_per_block", unet->layers_per_block);
    lk_json_add_integer(json, "context", unet->context);
    lk_json_add_integer(json, "in_channels", unet->in_channels);
    lk_json_add_integer(json, "out_channels", unet->out_channels);
    lk_json_end(json);
    g_autofree char *channels = joined(unet->channels, unet->levels);
    g_autofree char *words = g_strdup_printf(_("%s channels, %d layers a block, context %ld"), channels,
                                             unet->layers_per_block, (long)unet->context);
    lk_facts_json(facts, "unet", _("U-Net"), json->str, words);
}

static void inspect_vae(LkFacts *facts, const LkVaeArch *vae)
{
    g_autoptr(GString) json = g_string_new(NULL);
    lk_json_begin(json);
    add_array(json, "channels", vae->channels, vae->levels);
    lk_json_add_integer(json, "latent_channels", vae->latent_channels);
    lk_json_add_number(json, "scale", vae->scale);
    lk_json_end(json);
    g_autofree char *channels = joined(vae->channels, vae->levels);
    g_autofree char *words = g_strdup_printf(_("%s channels, %ld of the latent"), channels, (long)vae->latent_channels);
    lk_facts_json(facts, "vae", _("VAE"), json->str, words);
}

void lk_inspect_arch(LkFacts *facts, const LkModelArch *arch)
{
    lk_facts_text(facts, "family", _("Family"), arch->family);
    lk_facts_text(facts, "base_model_version", _("Base model version"), arch->base_name);
    lk_facts_boolean(facts, "supported", true);
    if (arch->prediction != LK_PREDICTION_UNTOLD)
        lk_facts_text(facts, "prediction", _("Predicts"), arch->prediction == LK_PREDICTION_V ? "v" : "epsilon");
    for (int i = 0; i < arch->n_texts; i++)
        inspect_text(facts, &arch->texts[i], i > 0);
    inspect_unet(facts, &arch->unet);
    inspect_vae(facts, &arch->vae);
}

/* Tensors ---------------------------------------------------------------------------------------------------------- */

static void list_tensors(LkFacts *facts, const LkSafetensors *file)
{
    g_autoptr(GString) json = g_string_new("[");
    g_autoptr(LkMetadata) lines = lk_metadata_new();
    for (size_t i = 0; i < lk_safetensors_count(file); i++) {
        const LkTensorView *view = lk_safetensors_at(file, i);
        g_autofree char *shape = joined(view->shape, view->rank);
        g_string_append(json, i ? "," : "");
        lk_json_begin(json);
        lk_json_add_string(json, "name", view->name);
        lk_json_add_string(json, "dtype", lk_file_dtype_name(view->dtype));
        add_array(json, "shape", view->shape, view->rank);
        lk_json_add_integer(json, "bytes", (int64_t)view->size);
        lk_json_end(json);
        lk_metadata_setf(lines, view->name, "%s %s", lk_file_dtype_name(view->dtype), shape);
    }
    g_string_append_c(json, ']');
    lk_facts_json(facts, "tensor_list", NULL, json->str, NULL);
    lk_facts_lines(facts, _("Tensors"), lines);
}

void lk_inspect_tensors(LkFacts *facts, const LkSafetensors *file, bool list)
{
    size_t counts[LK_FILE_DTYPES] = {0};
    int64_t bytes = 0, elements = 0;
    for (size_t i = 0; i < lk_safetensors_count(file); i++) {
        const LkTensorView *view = lk_safetensors_at(file, i);
        counts[view->dtype]++;
        bytes += (int64_t)view->size;
        elements += lk_tensor_view_elements(view);
    }
    g_autoptr(GString) json = g_string_new(NULL), words = g_string_new(NULL);
    lk_json_begin(json);
    for (int dtype = 0; dtype < LK_FILE_DTYPES; dtype++) {
        if (counts[dtype] == 0)
            continue;
        const char *name = lk_file_dtype_name((LkFileDType)dtype);
        lk_json_add_integer(json, name, (int64_t)counts[dtype]);
        g_string_append_printf(words, "%s%zu %s", words->len ? ", " : "", counts[dtype], name);
    }
    lk_json_end(json);
    lk_facts_integer(facts, "tensors", _("Tensors"), (int64_t)lk_safetensors_count(file));
    lk_facts_json(facts, "dtypes", _("Number types"), json->str, words->str);
    lk_facts_integer(facts, "parameters", _("Numbers in all"), elements);
    lk_facts_bytes(facts, "bytes", _("Bytes in all"), bytes);
    if (list)
        list_tensors(facts, file);
}
