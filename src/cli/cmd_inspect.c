/* lorikeet-cli inspect */
#include "cli/inspect.h"
#include "cli/options.h"
#include "cli/report.h"

#include <glib/gi18n.h>

LkExit lk_cli_inspect(int argc, char **argv)
{
    const char *path;
    bool json = false, tensors = false;
    const LkOption options[] = {
        {.name = "json", .kind = LK_OPTION_FLAG, .value = &json, .help = N_("print one JSON object")},
        {.name = "tensors", .kind = LK_OPTION_FLAG, .value = &tensors, .help = N_("list all tensors, too")},
    };
    const LkSyntax syntax = {
        .command = "inspect",
        .arguments = "FILE",
        .options = options,
        .n_options = G_N_ELEMENTS(options),
        .summary = N_("Says what a .safetensors file is: a base model with its family and sizes, a LoRA with its "
                      "modules, rank, trigger words and training settings, or what else is in it.")};
    LkExit end;
    if (!lk_options_read(&syntax, argc, argv, &path, &end))
        return end;
    g_autoptr(GError) error = NULL;
    g_autoptr(LkFacts) facts = lk_facts_new();
    g_autofree char *shown = g_filename_display_name(path);
    lk_facts_text(facts, "path", _("File"), shown);
    if (!lk_inspect_path(facts, path, tensors, &error))
        return lk_cli_fail_json(error, json);
    if (json)
        lk_facts_print_json(facts);
    else
        lk_facts_print(facts);
    return LK_EXIT_DONE;
}
