/* lorikeet-cli export */
#include "adapter/lora_file.h"
#include "cli/options.h"
#include "cli/report.h"
#include "format/gerror.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>

/* The names of the options' values, in the order of what they stand for. */
static const char *const formats[] = {"safetensors", "pt", NULL};
static const char *const layouts[] = {"kohya", "diffusers", "comfy", NULL};
static const char *const precisions[] = {"fp16", "bf16", "fp32", NULL};
static const LkFileDType dtypes[] = {LK_FILE_F16, LK_FILE_BF16, LK_FILE_F32};

/** The metadata without what speaks of the old tensors: PEFT's alphas, which are in the matrices now, and hashes. */
static LkMetadata *metadata_to_keep(const LkLoraFile *file)
{
    static const char *const drop[] = {"lora_adapter_metadata", "format", "sshs_model_hash", "sshs_legacy_hash",
                                       "modelspec.hash_sha256"};
    const LkMetadata *all = lk_lora_file_metadata(file);
    LkMetadata *kept = lk_metadata_new();
    for (size_t i = 0; i < lk_metadata_count(all); i++) {
        bool stale = false;
        for (size_t k = 0; k < G_N_ELEMENTS(drop); k++)
            stale |= strcmp(lk_metadata_key(all, i), drop[k]) == 0;
        if (!stale)
            lk_metadata_set(kept, lk_metadata_key(all, i), lk_metadata_value(all, i));
    }
    return kept;
}

static bool export(const char *from, const char *to, LkLoraFormat *format, GError **error)
{
    g_autoptr(LkLoraFile) file = lk_lora_file_read(from, error);
    if (!file)
        return false;
    size_t count = lk_lora_file_count(file);
    g_autofree LkLoraWeights *weights = g_new(LkLoraWeights, count);
    for (size_t i = 0; i < count; i++)
        weights[i] = *lk_lora_file_at(file, i);
    g_autoptr(LkMetadata) metadata = metadata_to_keep(file);
    format->family = lk_lora_file_family(file);
    return lk_lora_weights_write(to, weights, count, format, metadata, error);
}

LkExit lk_cli_export(int argc, char **argv)
{
    const char *from, *to = NULL;
    int format = 0, layout = 0, precision = 0;
    const LkOption options[] = {
        {.name = "format",
         .kind = LK_OPTION_CHOICE,
         .value = &format,
         .choices = formats,
         .help =
             N_("kind of file: safetensors, or pt for programs that only load PyTorch's files (it has no metadata)")},
        {.name = "layout",
         .kind = LK_OPTION_CHOICE,
         .value = &layout,
         .choices = layouts,
         .help = N_("names of the tensors: kohya (all programs load it), diffusers (the Python library), comfy "
                    "(ComfyUI's own)")},
        {.name = "precision",
         .kind = LK_OPTION_CHOICE,
         .value = &precision,
         .choices = precisions,
         .help = N_("how numbers are stored; fp16 is usual")},
        {.name = "out",
         .kind = LK_OPTION_TEXT,
         .value = &to,
         .placeholder = "FILE",
         .required = true,
         .help = N_("where to write; a file that is there is replaced")},
    };
    const LkSyntax syntax = {.command = "export",
                             .arguments = "LORA.safetensors",
                             .options = options,
                             .n_options = G_N_ELEMENTS(options),
                             .summary =
                                 N_("Writes a LoRA in another layout, precision or kind of file. Metadata is kept."),
                             .notes = N_("In the diffusers and comfy layouts alpha is multiplied into the matrices.")};
    LkExit end;
    if (!lk_options_read(&syntax, argc, argv, &from, &end))
        return end;
    g_autoptr(GError) error = NULL;
    LkLoraFormat how = {.layout = (LkLoraLayout)layout, .dtype = dtypes[precision], .pt = format == 1};
    if (!export(from, to, &how, &error))
        return lk_cli_fail(error);
    puts(to);
    return LK_EXIT_DONE;
}
