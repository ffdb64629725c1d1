#include "cli/inspect.h"
#include "format/gerror.h"
#include "format/torch_file.h"
#include "model/checkpoint.h"

#include <glib/gi18n.h>
#include <string.h>

/* Words in tensor names by which a file that cannot be read as anything is still called by its kind. */
static const struct {
    const char *part, *kind, *title;
} hints[] = {
    {"lora_", "adapter", N_("an adapter that cannot be read")},
    {".lora", "adapter", N_("an adapter that cannot be read")},
    {".lokr_", "adapter", N_("a LoKr")},
    {".hada_", "adapter", N_("a LoHa")},
    {".oft_", "adapter", N_("an OFT adapter")},
    {"model.diffusion_model.", "base_model", N_("a base model that cannot be used")},
    {"cond_stage_model.", "base_model", N_("a base model that cannot be used")},
    {"double_blocks.", "base_model", N_("a base model that cannot be used")},
    {"first_stage_model.", "vae", N_("a VAE")},
    {"encoder.conv_in.", "vae", N_("a VAE")},
};

static void add_kind(LkFacts *facts, const char *kind, const char *title)
{
    g_autoptr(GString) json = g_string_new(NULL);
    g_string_append_printf(json, "\"%s\"", kind);
    lk_facts_json(facts, "kind", _("Kind"), json->str, title);
    lk_facts_set_kind(facts, kind);
}

static bool mentions(const LkSafetensors *file, const char *part)
{
    for (size_t i = 0; i < lk_safetensors_count(file); i++)
        if (strstr(lk_safetensors_at(file, i)->name, part))
            return true;
    return false;
}

/** What is neither a base model nor a LoRA that can be read, with the reason. */
static void inspect_other(LkFacts *facts, const LkSafetensors *file, const GError *no_model, const GError *no_lora)
{
    const char *step = lk_safetensors_metadata(file, "step");
    if (lk_safetensors_metadata(file, "lorikeet.state") && step) {
        add_kind(facts, "training_state", _("a training state of Lorikeet"));
        lk_facts_text(facts, "step", _("Step"), step);
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(hints); i++) {
        if (!mentions(file, hints[i].part))
            continue;
        bool adapter = strcmp(hints[i].kind, "adapter") == 0;
        add_kind(facts, hints[i].kind, _(hints[i].title));
        lk_facts_boolean(facts, "supported", false);
        lk_facts_text(facts, "note", _("Why"), adapter ? no_lora->message : no_model->message);
        return;
    }
    add_kind(facts, "other", _("no model that Lorikeet knows"));
}

/** All metadata for programs; for people without the many keys of sd-scripts, of which the useful ones are told. */
static void add_metadata(LkFacts *facts, const LkMetadata *metadata)
{
    g_autoptr(LkMetadata) others = lk_metadata_new();
    for (size_t i = 0; i < lk_metadata_count(metadata); i++)
        if (!g_str_has_prefix(lk_metadata_key(metadata, i), "ss_"))
            lk_metadata_set(others, lk_metadata_key(metadata, i), lk_metadata_value(metadata, i));
    lk_facts_pairs(facts, "metadata", NULL, metadata);
    lk_facts_lines(facts, _("Metadata (--json shows all of it)"), others);
}

/** Everything about a single file. */
static bool inspect_file(LkFacts *facts, const char *path, bool list, GError **error)
{
    g_autoptr(GError) no_file = NULL, no_model = NULL, no_lora = NULL;
    g_autoptr(LkSafetensors) file = lk_tensor_file_open(path, &no_file);
    g_autoptr(LkCheckpoint) model = lk_checkpoint_open(path, &no_model);
    if (!file) { /* the reader of base models has better words about pickles */
        bool pickle = no_model && lk_gerror_code(no_model) == LK_ERROR_UNSUPPORTED;
        g_propagate_error(error, pickle ? g_steal_pointer(&no_model) : g_steal_pointer(&no_file));
        return false;
    }
    g_autoptr(LkLoraFile) lora = model ? NULL : lk_lora_file_read(path, &no_lora);
    if (model) {
        add_kind(facts, "base_model", _("a base model"));
        lk_inspect_arch(facts, lk_checkpoint_arch(model));
    } else if (lora) {
        add_kind(facts, "lora", _("a LoRA"));
        lk_inspect_lora(facts, lora);
    } else {
        inspect_other(facts, file, no_model, no_lora);
    }
    lk_inspect_tensors(facts, file, list);
    add_metadata(facts, lk_safetensors_all_metadata(file));
    return true;
}

/** A base model in diffusers' layout. */
static bool inspect_folder(LkFacts *facts, const char *path, GError **error)
{
    g_autoptr(LkCheckpoint) model = lk_checkpoint_open(path, error);
    if (!model)
        return false;
    add_kind(facts, "base_model", _("a base model (folder in diffusers' layout)"));
    lk_inspect_arch(facts, lk_checkpoint_arch(model));
    return true;
}

bool lk_inspect_path(LkFacts *facts, const char *path, bool list, GError **error)
{
    return g_file_test(path, G_FILE_TEST_IS_DIR) ? inspect_folder(facts, path, error)
                                                 : inspect_file(facts, path, list, error);
}
