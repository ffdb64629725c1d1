/* Presets and configurations as people have them: every setting is answered once, what is taken makes a job, and the
 * kind of network, the optimizer and the rest arrive. `--report FILE...` prints what becomes of files. */
#include "imports_found.h"
#include "tap.h"

#include "format/json.h"
#include "training/import.h"
#include "training/job.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ the report */

static const char *kind_name(LkImportKind kind)
{
    static const char *const names[] = {"taken", "changed", "UNSUPPORTED", "idle"};
    return names[kind];
}

static void print(const LkImport *import)
{
    for (guint i = 0; i < import->lines->len; i++) {
        const LkImportLine *line = import->lines->pdata[i];
        tap_note("%-12s %s = %s -> %s = %s%s%s", kind_name(line->kind), line->name,
                 line->value != NULL ? line->value : "-", line->key != NULL ? line->key : "-",
                 line->result != NULL ? line->result : "-", line->why != NULL ? "  | " : "",
                 line->why != NULL ? line->why : "");
    }
}

static int report(char **paths)
{
    for (char **path = paths; *path != NULL; path++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(LkImport) import = lk_import_read(*path, &error);
        tap_note("%s: %s", *path, import != NULL ? lk_import_format_name(import->format) : error->message);
        if (import != NULL) {
            print(import);
        }
    }
    return 0;
}

/* ------------------------------------------------------------------ what holds for every file */

/* The kinds of the lines of a setting: a set of bits. A line may say more behind a colon ("network_args: algo=loha").
 */
static unsigned kinds_of(const LkImport *import, const char *name, bool parts)
{
    unsigned kinds = 0;
    for (guint i = 0; i < import->lines->len; i++) {
        const LkImportLine *line = import->lines->pdata[i];
        bool part = parts && g_str_has_prefix(line->name, name) && line->name[strlen(name)] == ':';
        kinds |= strcmp(line->name, name) == 0 || part ? 1u << line->kind : 0;
    }
    return kinds;
}

/* Paths of a file's settings in the importer's words; "a[0].b", and one for a list of plain values. */
static void list_settings(yyjson_val *value, const char *path, GPtrArray *list)
{
    size_t i, count;
    yyjson_val *key, *member;
    bool deeper = false;
    if (yyjson_is_obj(value)) {
        yyjson_obj_foreach(value, i, count, key, member)
        {
            g_autofree char *below = g_strconcat(path, path[0] != '\0' ? "." : "", yyjson_get_str(key), NULL);
            list_settings(member, below, list);
        }
        return;
    }
    yyjson_arr_foreach(value, i, count, member)
    {
        g_autofree char *below = g_strdup_printf("%s[%zu]", path, i);
        deeper |= yyjson_is_obj(member);
        if (yyjson_is_obj(member)) {
            list_settings(member, below, list);
        }
    }
    if (!deeper) {
        g_ptr_array_add(list, g_strdup(path));
    }
}

/* Each setting of a JSON file is in one list of the report, and only there. */
static void check_settings(const char *name, const LkImport *import, const char *json)
{
    g_autoptr(GPtrArray) settings = g_ptr_array_new_with_free_func(g_free);
    yyjson_doc *doc = yyjson_read(json, strlen(json), 0);
    list_settings(yyjson_doc_get_root(doc), "", settings);
    yyjson_doc_free(doc);
    guint wrong = 0;
    for (guint i = 0; i < settings->len; i++) {
        unsigned kinds = kinds_of(import, settings->pdata[i], false);
        bool listed = kinds != 0 && (kinds & (kinds - 1)) == 0;
        bool in_parts = kinds == 0 &&
                        (strcmp(settings->pdata[i], "samples") == 0 || kinds_of(import, settings->pdata[i], true) != 0);
        if (!listed && !in_parts) {
            tap_note("%s is in the lists %u", (char *)settings->pdata[i], kinds);
            wrong++;
        }
    }
    tap_ok(wrong == 0 && settings->len > 0, "%s: each of %u settings is answered in one list", name, settings->len);
}

/* All that is taken can be set, and with a model and pictures it is a job. */
static void check_job(const char *name, const LkImport *import)
{
    g_autoptr(LkJob) job = lk_job_new(NULL);
    g_autoptr(GPtrArray) problems = lk_problems_new();
    GHashTableIter iter;
    gpointer key, value;
    bool set = true;
    g_hash_table_iter_init(&iter, import->values);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        set &= lk_job_set(job, key, value, problems);
    }
    lk_job_set(job, "pretrained_model_name_or_path", "/m.safetensors", problems);
    lk_job_set(job, "train_data_dir", "/x", problems);
    bool good = lk_job_check(job, problems);
    if (!tap_ok(set && good, "%s: what is taken makes a job", name)) {
        for (guint i = 0; i < problems->len; i++) {
            tap_note("%s", ((LkProblem *)problems->pdata[i])->text);
        }
    }
}

/* What a line says was taken is in the values, or is the default. */
static void check_lines(const char *name, const LkImport *import)
{
    bool arrived = true;
    for (guint i = 0; i < import->lines->len; i++) {
        const LkImportLine *line = import->lines->pdata[i];
        if (line->key == NULL) {
            arrived &= line->why != NULL;
            continue;
        }
        g_autoptr(LkJob) fresh = lk_job_new(NULL);
        g_autofree char *fallback = lk_job_get(fresh, lk_parameter_find(line->key));
        const char *value = g_hash_table_lookup(import->values, line->key);
        bool same = g_strcmp0(value != NULL ? value : fallback, line->result) == 0;
        if (!same) {
            tap_note("%s: the report has %s, the values %s", line->key, line->result, value);
        }
        arrived &= same;
    }
    tap_ok(arrived, "%s: what the report calls taken has arrived", name);
}

/* ------------------------------------------------------------------ kohya_ss */

/* What the form of kohya_ss starts for a preset (kohya_gui/lora_gui.py), by the kind of network. */
static const struct {
    const char *type, *module, *algo;
    bool convolutions;
} types[] = {
    {"Standard", "networks.lora", "lora", false},    {"LyCORIS/LoCon", "lycoris.kohya", "lora", true},
    {"LyCORIS/LoHa", "lycoris.kohya", "loha", true}, {"LyCORIS/LoKr", "lycoris.kohya", "lokr", true},
    {"LyCORIS/iA3", "networks.lora", "lora", false}, {"Flux1", "networks.lora", "lora", false},
};

/* Numbers that are taken as they are: theirs and ours. */
static const char *const same_numbers[][2] = {
    {"network_alpha", "network_alpha"},
    {"train_batch_size", "train_batch_size"},
    {"min_snr_gamma", "min_snr_gamma"},
    {"clip_skip", "clip_skip"},
    {"keep_tokens", "keep_tokens"},
    {"caption_dropout_rate", "caption_dropout_rate"},
    {"max_token_length", "max_token_length"},
    {"save_every_n_epochs", "save_every_n_epochs"},
    {"gradient_accumulation_steps", "gradient_accumulation_steps"},
    {"min_timestep", "min_timestep"},
    {"max_timestep", "max_timestep"},
    {"max_bucket_reso", "max_bucket_reso"},
    {"min_bucket_reso", "min_bucket_reso"},
    {"network_dropout", "network_dropout"},
    {"rank_dropout", "rank_dropout"},
    {"module_dropout", "module_dropout"},
    {"unet_lr", "unet_lr"},
    {"learning_rate", "learning_rate"},
    {"max_grad_norm", "max_grad_norm"},
};

static const char *const same_flags[] = {"enable_bucket",           "bucket_no_upscale", "flip_aug",
                                         "gradient_checkpointing",  "shuffle_caption",   "decompose_both",
                                         "debiased_estimation_loss"};

/* A number that may be written as a text; NAN where it is unset. */
static double number_of(yyjson_val *settings, const char *key)
{
    yyjson_val *value = yyjson_obj_get(settings, key);
    const char *text = yyjson_get_str(value);
    return yyjson_is_num(value) ? yyjson_get_num(value) : text != NULL && text[0] != '\0' ? strtod(text, NULL) : NAN;
}

static double got_number(const LkJob *job, const char *key)
{
    g_autofree char *text = lk_job_get(job, lk_parameter_find(key));
    return text != NULL ? strtod(text, NULL) : NAN;
}

static LkJob *job_of(const LkImport *import)
{
    LkJob *job = lk_job_new(NULL);
    g_autoptr(GPtrArray) problems = lk_problems_new();
    GHashTableIter iter;
    gpointer key, value;
    g_hash_table_iter_init(&iter, import->values);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        lk_job_set(job, key, value, problems);
    }
    return job;
}

static bool is_unsupported(const LkImport *import, const char *name)
{
    return kinds_of(import, name, false) == 1u << LK_IMPORT_UNSUPPORTED;
}

static void check_numbers(const char *name, const LkImport *import, const LkJob *job, yyjson_val *settings)
{
    bool good = true;
    for (size_t i = 0; i < G_N_ELEMENTS(same_numbers); i++) {
        double want = number_of(settings, same_numbers[i][0]), got = got_number(job, same_numbers[i][1]);
        if (!isnan(want) && want != got && !is_unsupported(import, same_numbers[i][0])) {
            tap_note("%s is %g, not %g", same_numbers[i][1], got, want);
            good = false;
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(same_flags); i++) {
        g_autofree char *got = lk_job_get(job, lk_parameter_find(same_flags[i]));
        good &= yyjson_get_bool(yyjson_obj_get(settings, same_flags[i])) == (strcmp(got, "true") == 0);
    }
    tap_ok(good, "%s: numbers and choices arrive", name);
}

static void check_network(const char *name, const LkImport *import, const LkJob *job, yyjson_val *settings)
{
    const char *type = yyjson_get_str(yyjson_obj_get(settings, "LoRA_type"));
    double dim = number_of(settings, "network_dim"), conv = number_of(settings, "conv_dim");
    bool good = false;
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        if (strcmp(types[i].type, type) != 0) {
            continue;
        }
        g_autofree char *module = lk_job_get(job, lk_parameter_find("network_module"));
        g_autofree char *algo = lk_job_get(job, lk_parameter_find("algo"));
        bool whole = strcmp(types[i].algo, "lokr") == 0 && dim > 1024;
        good = strcmp(module, types[i].module) == 0 && strcmp(algo, types[i].algo) == 0 && job->full_matrix == whole &&
               (whole || isnan(dim) || job->network_dim == (int)dim) &&
               (whole || isnan(conv) || job->conv_dim == (types[i].convolutions ? (int)conv : 0));
    }
    tap_ok(good && job->preset == LK_PRESET_FULL, "%s: %s, rank %d, convolutions %d", name, type, job->network_dim,
           job->conv_dim);
}

static void check_optimizer(const char *name, const LkImport *import, const LkJob *job, yyjson_val *settings)
{
    const char *want = yyjson_get_str(yyjson_obj_get(settings, "optimizer"));
    const char *args = yyjson_get_str(yyjson_obj_get(settings, "optimizer_args"));
    const char *scheduler = yyjson_get_str(yyjson_obj_get(settings, "lr_scheduler"));
    g_autofree char *got = lk_job_get(job, lk_parameter_find("optimizer_type"));
    g_autofree char *schedule = lk_job_get(job, lk_parameter_find("lr_scheduler"));
    g_autofree char *joined = job->optimizer_args != NULL ? g_strjoinv(" ", job->optimizer_args) : g_strdup("");
    g_autoptr(GString) plain = g_string_new(args != NULL ? args : "");
    g_string_replace(plain, "\"", "", 0);
    tap_ok(strcmp(got, want) == 0 && strcmp(schedule, scheduler) == 0 && strcmp(joined, plain->str) == 0,
           "%s: %s [%s], %s", name, got, joined, schedule);
}

/* Of two kinds of noise one counts. */
static void check_noise(const char *name, const LkJob *job, yyjson_val *settings)
{
    const char *kind = yyjson_get_str(yyjson_obj_get(settings, "noise_offset_type"));
    bool multires = g_strcmp0(kind, "Multires") == 0;
    double offset = number_of(settings, "noise_offset"), layers = number_of(settings, "multires_noise_iterations");
    offset = isnan(offset) || multires ? 0 : offset;
    layers = isnan(layers) || !multires ? 0 : layers;
    tap_ok(job->noise_offset == offset && job->multires_noise_iterations == (int)layers,
           "%s: noise offset %g, %d coarser layers", name, job->noise_offset, job->multires_noise_iterations);
}

static void check_preset(const char *name, const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(LkImport) import = lk_import_parse(text, strlen(text), name, "/", &error);
    if (!tap_ok(import != NULL && import->format == LK_IMPORT_KOHYA_SS, "%s is one of kohya_ss", name)) {
        return;
    }
    yyjson_doc *doc = yyjson_read(text, strlen(text), 0);
    yyjson_val *settings = yyjson_doc_get_root(doc);
    g_autoptr(LkJob) job = job_of(import);
    check_settings(name, import, text);
    check_lines(name, import);
    check_job(name, import);
    check_network(name, import, job, settings);
    check_optimizer(name, import, job, settings);
    check_noise(name, job, settings);
    check_numbers(name, import, job, settings);
    yyjson_doc_free(doc);
}

/* One preset of the file, where each value is written once for all presets that have it. */
static char *expand(yyjson_val *settings, int64_t preset)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_doc_set_root(doc, root);
    size_t i, j, k, count, rows, members;
    yyjson_val *key, *value, *row, *member;
    yyjson_obj_foreach(settings, i, count, key, value)
    {
        yyjson_arr_foreach(value, j, rows, row)
        {
            yyjson_arr_foreach(yyjson_arr_get(row, 1), k, members, member)
            {
                if (yyjson_get_sint(member) == preset) {
                    yyjson_mut_obj_add(root, yyjson_mut_strcpy(doc, yyjson_get_str(key)),
                                       yyjson_val_mut_copy(doc, yyjson_arr_get_first(row)));
                }
            }
        }
    }
    char *written = yyjson_mut_write(doc, 0, NULL), *text = g_strdup(written);
    free(written);
    yyjson_mut_doc_free(doc);
    return text;
}

static void test_presets(const char *folder)
{
    g_autofree char *path = g_build_filename(folder, "kohya_presets.json", NULL), *text = NULL;
    gsize size = 0;
    g_file_get_contents(path, &text, &size, NULL);
    yyjson_doc *doc = yyjson_read(text != NULL ? text : "", size, 0);
    yyjson_val *presets = yyjson_obj_get(yyjson_doc_get_root(doc), "presets");
    tap_ok(yyjson_arr_size(presets) == 31, "31 presets of kohya_ss");
    size_t i, count;
    yyjson_val *name;
    yyjson_arr_foreach(presets, i, count, name)
    {
        g_autofree char *preset = expand(yyjson_obj_get(yyjson_doc_get_root(doc), "settings"), (int64_t)i);
        check_preset(yyjson_get_str(name), preset);
    }
    yyjson_doc_free(doc);
}

/* ------------------------------------------------------------------ configurations that people publish */

static void check_found(const Found *one)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(LkImport) import = lk_import_parse(one->text, strlen(one->text), one->name, "/", &error);
    if (!tap_ok(import != NULL, "%s: %s", one->name, import != NULL ? "read" : error->message)) {
        return;
    }
    bool good = true;
    for (size_t i = 0; one->values[i][0] != NULL; i++) {
        const char *got = g_hash_table_lookup(import->values, one->values[i][0]);
        if (g_strcmp0(got, one->values[i][1]) != 0) {
            tap_note("%s is %s, not %s", one->values[i][0], got, one->values[i][1]);
            good = false;
        }
    }
    guint unsupported = 0;
    for (guint i = 0; i < import->lines->len; i++) {
        const LkImportLine *line = import->lines->pdata[i];
        bool expected = g_strv_contains(one->unsupported, line->name);
        unsupported += expected;
        if (line->kind == LK_IMPORT_UNSUPPORTED && !expected) {
            tap_note("not supported: %s: %s", line->name, line->why);
            good = false;
        }
    }
    tap_ok(good, "%s: arrives as it is meant, the rest is told", one->name);
    check_lines(one->name, import);
    check_job(one->name, import);
    if (one->text[0] == '{') {
        check_settings(one->name, import, one->text);
    }
}

int main(int argc, char **argv)
{
    if (argc > 2 && strcmp(argv[1], "--report") == 0) {
        return report(argv + 2);
    }
    test_presets(argc > 1 ? argv[1] : "imports");
    for (size_t i = 0; i < G_N_ELEMENTS(found); i++) {
        check_found(&found[i]);
    }
    return tap_done();
}
