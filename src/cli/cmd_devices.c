/* lorikeet-cli devices */
#include "cli/options.h"
#include "cli/report.h"
#include "format/json.h"
#include "system/check.h"
#include "training/device.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>

enum { MAX_DEVICES = 16 };

/** One device, or a backend without any: then `info` is NULL and `reason` is set. */
typedef struct Entry {
    const char *backend;
    int index;
    const LkDeviceInfo *info;
    const char *reason;
} Entry;

static void append_json(GString *out, const Entry *entry)
{
    g_string_append(out, out->str[out->len - 1] == '[' ? "" : ",");
    lk_json_begin(out);
    if (entry->info) {
        g_autofree char *id = strcmp(entry->backend, "cpu") == 0
                                  ? g_strdup("cpu")
                                  : g_strdup_printf("%s:%d", entry->backend, entry->index);
        lk_json_add_string(out, "id", id);
    }
    lk_json_add_string(out, "backend", entry->backend);
    if (entry->info) {
        lk_json_add_string(out, "name", entry->info->name);
        lk_json_add_string(out, "detail", entry->info->detail);
        lk_json_add_integer(out, "memory_bytes", entry->info->memory_bytes);
        lk_json_add_integer(out, "free_bytes", entry->info->free_bytes);
        lk_json_add_boolean(out, "bf16", entry->info->bf16);
        lk_json_add_boolean(out, "fp16", entry->info->fp16);
        lk_json_add_integer(out, "threads", entry->info->threads);
    } else {
        lk_json_add_string(out, "reason", entry->reason);
    }
    lk_json_end(out);
}

static void print_text(const Entry *entry)
{
    if (!entry->info) {
        printf(_("%-8s not usable: %s\n"), entry->backend, entry->reason);
        return;
    }
    g_autofree char *memory = lk_cli_bytes(entry->info->memory_bytes), *free = lk_cli_bytes(entry->info->free_bytes);
    g_autofree char *id =
        strcmp(entry->backend, "cpu") == 0 ? g_strdup("cpu") : g_strdup_printf("%s:%d", entry->backend, entry->index);
    printf("%-8s %s\n", id, entry->info->name);
    printf(_("         %s of memory, %s free\n"), memory, free);
    printf("         %s\n", entry->info->detail);
    printf(_("         fast mixed_precision: %s\n"), entry->info->bf16 && entry->info->fp16 ? "bf16, fp16"
                                                     : entry->info->bf16                    ? "bf16"
                                                     : entry->info->fp16                    ? "fp16"
                                                                                            : _("none"));
}

static char *system_json(const GPtrArray *findings)
{
    g_autoptr(GString) out = g_string_new("[");
    for (guint i = 0; i < findings->len; i++) {
        const LkSystemFinding *finding = findings->pdata[i];
        g_string_append(out, i ? "," : "");
        lk_json_begin(out);
        lk_json_add_string(out, "part", finding->id);
        lk_json_add_string(out, "state", lk_system_state_name(finding->state));
        lk_json_add_string(out, "text", finding->text);
        if (finding->fix)
            lk_json_add_string(out, "fix", finding->fix);
        if (finding->command)
            lk_json_add_string(out, "command", finding->command);
        lk_json_end(out);
    }
    return g_strdup(out->str);
}

LkExit lk_cli_devices(int argc, char **argv)
{
    bool json = false;
    const LkOption options[] = {
        {.name = "json", .kind = LK_OPTION_FLAG, .value = &json, .help = N_("print one JSON object")}};
    const LkSyntax syntax = {
        .command = "devices",
        .options = options,
        .n_options = G_N_ELEMENTS(options),
        .summary = N_("Lists what can train here, under the names that --device takes, and what is missing on "
                      "this computer.")};
    LkExit end;
    if (!lk_options_read(&syntax, argc, argv, NULL, &end))
        return end;
    g_autoptr(GString) usable = g_string_new("["), missing = g_string_new("[");
    const char *name;
    const LkBackend *api;
    LkError reason = {0};
    for (int number = 0; lk_device_backend(number, &name, &api, &reason); number++, reason = (LkError){0}) {
        LkDeviceInfo infos[MAX_DEVICES];
        int count = api ? api->devices(infos, MAX_DEVICES, &reason) : -1;
        if (count <= 0) {
            Entry entry = {.backend = name, .reason = reason.code ? reason.text : _("no device was found.")};
            json ? append_json(missing, &entry) : print_text(&entry);
        }
        for (int i = 0; i < count; i++) {
            Entry entry = {.backend = name, .index = i, .info = &infos[i]};
            json ? append_json(usable, &entry) : print_text(&entry);
        }
    }
    g_autoptr(GPtrArray) findings = lk_system_check(NULL);
    g_autofree char *system = json ? system_json(findings) : lk_system_describe(findings);
    if (json)
        printf("{\"devices\":%s],\"unusable\":%s],\"system\":%s]}\n", usable->str, missing->str, system);
    else
        printf("\n%s", system);
    return LK_EXIT_DONE;
}
