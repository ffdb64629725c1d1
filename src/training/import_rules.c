/* How one setting of another program is taken: rules, conversions that several programs need, and the report. */
#include "training/import_private.h"
#include "training/job_value.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

/* ------------------------------------------------------------------ looking */

LkImportItem *lk_import_find(LkImporter *self, const char *path)
{
    g_autofree char *whole = g_strconcat(self->prefix, path, NULL);
    LkImportItem *found = g_hash_table_lookup(self->by_path, whole);
    /* The sections of sd-scripts' files have any names. */
    for (guint i = 0; found == NULL && self->import->format == LK_IMPORT_SD_SCRIPTS && i < self->items->len; i++) {
        LkImportItem *item = self->items->pdata[i];
        const char *dot = strrchr(item->path, '.');
        found = dot != NULL && strcmp(dot + 1, path) == 0 ? item : NULL;
    }
    return found;
}

static const char *item_text(const LkImportItem *item)
{
    return item != NULL && item->values[0] != NULL && item->values[1] == NULL ? item->values[0] : NULL;
}

const char *lk_import_text(LkImporter *self, const char *path)
{
    return item_text(lk_import_find(self, path));
}

const char *lk_import_text_or(LkImporter *self, const char *path, const char *fallback)
{
    const char *text = lk_import_text(self, path);
    return text != NULL ? text : fallback;
}

double lk_import_number(LkImporter *self, const char *path, double fallback)
{
    const char *text = lk_import_text(self, path);
    char *end;
    double number = text != NULL ? g_ascii_strtod(text, &end) : fallback;
    return text == NULL || end == text || *end != '\0' || !isfinite(number) ? fallback : number;
}

/* "", 0, 0.0 and false. */
static bool is_off(const char *text)
{
    char *end;
    bool zero = text[0] != '\0' && g_ascii_strtod(text, &end) == 0 && end != text && *end == '\0';
    return text[0] == '\0' || zero || g_ascii_strcasecmp(text, "false") == 0;
}

bool lk_import_is_true(LkImporter *self, const char *path)
{
    const char *text = lk_import_text(self, path);
    return text != NULL && !is_off(text);
}

bool lk_import_item_is_off(const LkImportItem *item)
{
    bool off = true;
    for (char **value = item->values; *value != NULL; value++) {
        off &= is_off(*value);
    }
    return off;
}

/* ------------------------------------------------------------------ the report */

static char *shown_value(const LkImportItem *item)
{
    LkRawValue raw = {item->values, item->list};
    return item->values[0] == NULL ? g_strdup(_("unset")) : lk_raw_value_describe(&raw);
}

static void add_line(LkImporter *self, const LkImportItem *item, const char *name, LkImportLine line)
{
    line.name = g_strdup(name);
    line.value = item != NULL ? shown_value(item) : NULL;
    g_ptr_array_add(self->import->lines, g_memdup2(&line, sizeof line));
}

/* Sets the value in the job; false where that asks for nothing, or else what came of it is in the line. */
static bool put(LkImporter *self, const char *key, const char *value, LkImportLine *line)
{
    const LkParameter *row = lk_parameter_find(key);
    g_autoptr(GPtrArray) problems = lk_problems_new();
    bool done = lk_job_set(self->job, key, value, problems);
    if (problems->len > 0) { /* refused, or a note that it has no effect here */
        line->kind = done ? LK_IMPORT_IDLE : LK_IMPORT_UNSUPPORTED;
        g_set_str(&line->why, ((LkProblem *)problems->pdata[0])->text);
        return true;
    }
    line->result = lk_job_get(self->job, row);
    line->key = line->result != NULL ? g_strdup(row->key) : NULL;
    return line->result != NULL;
}

void lk_import_take(LkImporter *self, LkImportItem *item, const char *name, const char *key, LkImportAnswer answer)
{
    if (item != NULL) {
        item->used = true;
    }
    LkImportLine line = {.why = answer.why};
    bool says = answer.why != NULL;
    if (answer.value != NULL) {
        line.kind = says ? LK_IMPORT_CHANGED : LK_IMPORT_TAKEN;
        says = put(self, key, answer.value, &line);
        g_free(answer.value);
    } else {
        line.kind = answer.idle ? LK_IMPORT_IDLE : LK_IMPORT_UNSUPPORTED;
    }
    if (says) {
        add_line(self, item, name, line);
        return;
    }
    g_free(line.why);
    if (item != NULL) {
        lk_import_leave(self, item,
                        lk_import_item_is_off(item) ? N_("It is off or unset.")
                                                    : N_("It is so here anyway, or follows from other settings."));
    }
}

void lk_import_leave(LkImporter *self, LkImportItem *item, const char *why)
{
    item->used = true;
    add_line(self, item, item->path, (LkImportLine){.kind = LK_IMPORT_IDLE, .why = g_strdup(_(why))});
}

void lk_import_along(LkImporter *self, LkImportItem *item)
{
    const LkImportLine *last = self->import->lines->pdata[self->import->lines->len - 1];
    item->used = true;
    add_line(self, item, item->path,
             (LkImportLine){.kind = last->kind,
                            .key = g_strdup(last->key),
                            .result = g_strdup(last->result),
                            .why = g_strdup(last->why)});
}

void lk_import_pass_over(LkImporter *self, const char *prefix, const char *why)
{
    g_autofree char *whole = g_strconcat(self->prefix, prefix, NULL);
    for (guint i = 0; i < self->items->len; i++) {
        LkImportItem *item = self->items->pdata[i];
        if (!item->used && g_str_has_prefix(item->path, whole)) {
            lk_import_leave(self, item, lk_import_item_is_off(item) ? N_("It is off or unset.") : why);
        }
    }
}

void lk_import_report_rest(LkImporter *self)
{
    for (guint i = 0; i < self->items->len; i++) {
        LkImportItem *item = self->items->pdata[i];
        if (!item->used && lk_import_item_is_off(item)) {
            lk_import_leave(self, item, N_("It is off or unset."));
        } else if (!item->used) {
            lk_import_take(self, item, item->path, NULL,
                           lk_import_refused(_("There is no such setting here, so it is left out.")));
        }
    }
}

/* ------------------------------------------------------------------ answers */

LkImportAnswer lk_import_as(const char *value)
{
    return (LkImportAnswer){.value = g_strdup(value)};
}

LkImportAnswer lk_import_changed(char *value, const char *why)
{
    return (LkImportAnswer){.value = value, .why = g_strdup(why)};
}

LkImportAnswer lk_import_refused(const char *why)
{
    return (LkImportAnswer){.why = g_strdup(why)};
}

LkImportAnswer lk_import_idle(const char *why)
{
    return (LkImportAnswer){.why = g_strdup(why), .idle = true};
}

/* The value as it is written: lists as lk_job_set takes them. */
static LkImportAnswer plain(const LkImportItem *item)
{
    if (item->values[0] == NULL) {
        return (LkImportAnswer){0};
    }
    if (!item->list) {
        return lk_import_as(item->values[0]);
    }
    LkParameter list = {.type = LK_PARAMETER_LIST};
    return (LkImportAnswer){.value = lk_job_value_write(&list, &item->values)};
}

/* ------------------------------------------------------------------ rules */

static LkImportAnswer answer_of(LkImporter *self, const LkImportRule *rule, const LkImportItem *item)
{
    const char *text = item_text(item);
    if (rule->convert != NULL) {
        return rule->convert(self, item);
    }
    if (rule->key != NULL) {
        return item->values[0] != NULL && text != NULL && text[0] == '\0' ? (LkImportAnswer){0} : plain(item);
    }
    bool idle = lk_import_item_is_off(item) || (rule->idle != NULL && g_strcmp0(text, rule->idle) == 0);
    if (idle) {
        return (LkImportAnswer){0};
    }
    return lk_import_refused(rule->why != NULL ? _(rule->why) : _("There is no such setting here, so it is left out."));
}

/* The other program's default, where the file is silent and it is not ours. */
static void imply(LkImporter *self, const LkImportRule *rule)
{
    g_autofree char *before = lk_job_get(self->job, lk_parameter_find(rule->key));
    if (lk_job_is_given(self->job, rule->key) || g_strcmp0(before, rule->implied) == 0) {
        return;
    }
    g_autofree char *why = g_strdup_printf(_("Not in the file; this is the default of %s."), self->program);
    lk_import_take(self, NULL, rule->path, rule->key, lk_import_changed(g_strdup(rule->implied), why));
}

void lk_import_apply(LkImporter *self, const LkImportRule *rules, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        LkImportItem *item = lk_import_find(self, rules[i].path);
        if (item != NULL && !item->used) {
            lk_import_take(self, item, item->path, rules[i].key, answer_of(self, &rules[i], item));
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (rules[i].implied != NULL && lk_import_find(self, rules[i].path) == NULL) {
            imply(self, &rules[i]);
        }
    }
}

/* ------------------------------------------------------------------ conversions */

/* A file that is there, with what is said where it is not. */
static LkImportAnswer existing_file(LkImporter *self, const LkImportItem *item, const char *missing)
{
    const char *text = item_text(item);
    if (text == NULL || text[0] == '\0') {
        return (LkImportAnswer){0};
    }
    g_autofree char *path = g_path_is_absolute(text) || self->job->folder == NULL
                                ? g_strdup(text)
                                : g_build_filename(self->job->folder, text, NULL);
    return g_file_test(path, G_FILE_TEST_EXISTS) ? lk_import_as(path) : lk_import_refused(missing);
}

LkImportAnswer lk_import_model(LkImporter *self, const LkImportItem *item)
{
    return existing_file(self, item,
                         _("The model is not on this computer under that name, and models are never downloaded. "
                           "Choose a file in its place."));
}

LkImportAnswer lk_import_lora(LkImporter *self, const LkImportItem *item)
{
    return existing_file(self, item,
                         _("That LoRA is not on this computer under that name. Choose a file in its place."));
}

/* "512,768" and 512x768 are width and height for kohya's programs and for ours. */
LkImportAnswer lk_import_resolution(LkImporter *self, const LkImportItem *item)
{
    if (item->values[0] == NULL) {
        return (LkImportAnswer){0};
    }
    if (item->values[1] != NULL) {
        return lk_import_changed(g_strdup(item->values[0]),
                                 _("Several resolutions at once are not supported yet; the first one is taken."));
    }
    return lk_import_as(item->values[0]);
}

/* Newer sd-scripts refuse other steps than those of the U-Net too. */
LkImportAnswer lk_import_bucket_steps(LkImporter *self, const LkImportItem *item)
{
    double steps = lk_import_number(self, item->path, 64);
    if (lk_import_item_is_off(item)) {
        return (LkImportAnswer){0};
    }
    return fmod(steps, 8) == 0
               ? lk_import_as(item->values[0])
               : lk_import_changed(g_strdup("64"), _("The U-Net needs sides that are multiples of 64, or 32 for XL."));
}

/* Where AdamW takes the place of an optimizer that finds its own rate, the number beside it (often 1) says nothing. */
LkImportAnswer lk_import_rate(LkImporter *self, const LkImportItem *item)
{
    static const char *const places[] = {"optimizer_type", "optimizer", "optimizer.optimizer", "train.optimizer"};
    const char *text = item_text(item);
    if (item->values[0] == NULL || (text != NULL && text[0] == '\0')) {
        return (LkImportAnswer){0};
    }
    for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
        if (lk_import_rates_differ(lk_import_text(self, places[i]))) {
            return lk_import_refused(_("It suits the optimizer of the file, not AdamW. Begin with 0.0001."));
        }
    }
    return plain(item);
}

LkImportAnswer lk_import_precision(LkImporter *self, const LkImportItem *item)
{
    static const struct {
        const char *theirs, *ours;
    } names[] = {
        {"float16", "fp16"},   {"float_16", "fp16"}, {"fp16", "fp16"},       {"bfloat16", "bf16"},
        {"bfloat_16", "bf16"}, {"bf16", "bf16"},     {"float32", "float"},   {"float_32", "float"},
        {"fp32", "float"},     {"float", "float"},   {"tfloat_32", "float"}, {"no", "float"},
    };
    const char *text = item_text(item);
    bool file = g_str_has_prefix(item->path, "output_") || strstr(item->path, "save") != NULL;
    for (size_t i = 0; text != NULL && i < G_N_ELEMENTS(names); i++) {
        if (g_ascii_strcasecmp(text, names[i].theirs) == 0) {
            return lk_import_as(!file && strcmp(names[i].ours, "float") == 0 ? "no" : names[i].ours);
        }
    }
    return text == NULL ? (LkImportAnswer){0} : lk_import_refused(_("This precision is not supported."));
}

LkImportAnswer lk_import_pictures(LkImporter *self, const LkImportItem *item)
{
    return lk_import_item_is_off(item)
               ? (LkImportAnswer){0}
               : lk_import_idle(_("Pictures belong to the project: add the folder on the page Dataset."));
}

LkImportAnswer lk_import_output(LkImporter *self, const LkImportItem *item)
{
    return lk_import_item_is_off(item) ? (LkImportAnswer){0}
                                       : lk_import_idle(_("Results go into the project's own folder."));
}
