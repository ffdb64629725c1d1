/* lorikeet-cli export */
#include "adapter/lora_export.h"
#include "cli/options.h"
#include "cli/report.h"
#include "format/gerror.h"

#include <glib/gi18n.h>
#include <stdio.h>

/* The names of the options' values, in the order of what they stand for. */
static const char *const formats[] = {"safetensors", "pt", NULL};
static const char *const layouts[] = {"kohya", "diffusers", "comfy", NULL};
static const char *const precisions[] = {"fp16", "bf16", "fp32", NULL};
static const LkFileDType dtypes[] = {LK_FILE_F16, LK_FILE_BF16, LK_FILE_F32};

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
    if (!lk_lora_export(from, to, &how, NULL, &error))
        return lk_cli_fail(error);
    puts(to);
    return LK_EXIT_DONE;
}
