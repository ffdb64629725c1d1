/* The two forms in which a check is told: JSON for programs, text for people. */
#include "dataset/check.h"

#include "format/json.h"

#include <glib/gi18n.h>
#include <inttypes.h>

static guint64 batches_of(const LkDatasetBucket *bucket)
{
    return (bucket->repeats + (guint64)bucket->batch_size - 1) / (guint64)bucket->batch_size;
}

static guint bucket_count(const LkCheck *check)
{
    return check->dataset ? check->dataset->buckets->len : 0;
}

static const LkDatasetBucket *bucket_at(const LkCheck *check, guint i)
{
    return &g_array_index(check->dataset->buckets, LkDatasetBucket, i);
}

static void append_bucket_json(const LkDatasetBucket *bucket, GString *out)
{
    lk_json_begin(out);
    lk_json_add_integer(out, "block", bucket->block);
    lk_json_add_integer(out, "width", bucket->size.width);
    lk_json_add_integer(out, "height", bucket->size.height);
    lk_json_add_integer(out, "pictures", bucket->pictures);
    lk_json_add_integer(out, "repeats", (int64_t)bucket->repeats);
    lk_json_add_integer(out, "batch_size", bucket->batch_size);
    lk_json_add_integer(out, "batches", (int64_t)batches_of(bucket));
    lk_json_end(out);
}

/* A list of texts that may not be UTF-8, where there is one. */
static void add_list(GString *out, const char *key, char *const *texts)
{
    if (!texts)
        return;
    lk_json_add_key(out, key);
    g_string_append_c(out, '[');
    for (guint i = 0; texts[i]; i++) {
        g_autofree char *shown = g_filename_display_name(texts[i]);
        g_string_append(out, i ? "," : "");
        lk_json_append_string(out, shown);
    }
    g_string_append_c(out, ']');
}

static void add_fix(GString *out, const LkFinding *finding)
{
    if (finding->fix == LK_FIX_NONE)
        return;
    lk_json_add_key(out, "fix");
    lk_json_begin(out);
    lk_json_add_string(out, "kind", lk_fix_name(finding->fix));
    if (finding->fix_argument)
        lk_json_add_string(out, "argument", finding->fix_argument);
    lk_json_end(out);
}

static void append_finding_json(const LkFinding *finding, GString *out)
{
    g_autofree char *path = g_filename_display_name(finding->path);
    lk_json_begin(out);
    lk_json_add_string(out, "kind", lk_finding_name(finding->kind));
    lk_json_add_string(out, "severity", lk_severity_name(lk_finding_severity(finding->kind)));
    lk_json_add_string(out, "path", path);
    lk_json_add_string(out, "text", finding->text);
    if (lk_finding_picture(finding)) {
        g_autofree char *picture = g_filename_display_name(lk_finding_picture(finding));
        lk_json_add_string(out, "picture", picture);
    }
    add_list(out, "others", finding->others);
    add_list(out, "tags", finding->tags);
    add_fix(out, finding);
    lk_json_end(out);
}

void lk_check_append_json(const LkCheck *check, GString *out)
{
    const LkDataset *dataset = check->dataset;
    lk_json_begin(out);
    lk_json_add_boolean(out, "ok", dataset && lk_findings_count(check->findings, LK_SEVERITY_ERROR) == 0);
    lk_json_add_string(out, "failure", check->failure);
    lk_json_add_integer(out, "pictures", check->pictures);
    lk_json_add_integer(out, "unusable", check->unusable);
    lk_json_add_integer(out, "captioned", check->captioned);
    lk_json_add_integer(out, "most_tokens", check->most_tokens);
    lk_json_add_integer(out, "train_images", dataset ? (int64_t)dataset->train_images : 0);
    lk_json_add_integer(out, "reg_images", dataset ? (int64_t)dataset->reg_images : 0);
    lk_json_add_integer(out, "batches_per_epoch", dataset ? (int64_t)lk_dataset_batches(dataset) : 0);
    lk_json_add_integer(out, "errors", lk_findings_count(check->findings, LK_SEVERITY_ERROR));
    lk_json_add_integer(out, "warnings", lk_findings_count(check->findings, LK_SEVERITY_WARNING));
    lk_json_add_integer(out, "infos", lk_findings_count(check->findings, LK_SEVERITY_INFO));
    lk_json_add_key(out, "buckets");
    g_string_append_c(out, '[');
    for (guint i = 0; i < bucket_count(check); i++) {
        g_string_append(out, i ? "," : "");
        append_bucket_json(bucket_at(check, i), out);
    }
    g_string_append_c(out, ']');
    lk_json_add_key(out, "findings");
    g_string_append_c(out, '[');
    for (guint i = 0; i < check->findings->len; i++) {
        g_string_append(out, i ? "," : "");
        append_finding_json(g_ptr_array_index(check->findings, i), out);
    }
    g_string_append_c(out, ']');
    lk_json_end(out);
}

/* Names may hold line ends and other control characters, which would forge lines. */
static char *printable(const char *path)
{
    char *shown = g_filename_display_name(path);
    for (char *at = shown; *at; at++)
        if (g_ascii_iscntrl(*at))
            *at = '?';
    return shown;
}

static void unref_list(void *list)
{
    g_ptr_array_unref(list);
}

/* Findings of a severity with the same words are said once, above the files: in the order of their first file. */
static void append_findings_text(const LkCheck *check, LkSeverity severity, const char *title, GString *out)
{
    const guint count = lk_findings_count(check->findings, severity);
    if (count == 0)
        return;
    g_autoptr(GHashTable) groups = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, unref_list);
    g_autoptr(GPtrArray) texts = g_ptr_array_new();
    for (guint i = 0; i < check->findings->len; i++) {
        const LkFinding *finding = g_ptr_array_index(check->findings, i);
        if (lk_finding_severity(finding->kind) != severity)
            continue;
        GPtrArray *paths = g_hash_table_lookup(groups, finding->text);
        if (!paths) {
            paths = g_ptr_array_new();
            g_hash_table_insert(groups, finding->text, paths);
            g_ptr_array_add(texts, finding->text);
        }
        g_ptr_array_add(paths, finding->path);
    }
    g_string_append_printf(out, "%s (%u)\n", title, count);
    for (guint i = 0; i < texts->len; i++) {
        const GPtrArray *paths = g_hash_table_lookup(groups, g_ptr_array_index(texts, i));
        for (guint k = 0; k < paths->len; k++) {
            g_autofree char *path = printable(g_ptr_array_index(paths, k));
            g_string_append_printf(out, "  %s\n", path);
        }
        g_string_append_printf(out, "    %s\n", (const char *)g_ptr_array_index(texts, i));
    }
}

static void append_buckets_text(const LkCheck *check, GString *out)
{
    g_string_append_printf(out, "%s\n", _("Buckets"));
    for (guint i = 0; i < bucket_count(check); i++) {
        const LkDatasetBucket *bucket = bucket_at(check, i);
        g_string_append_printf(out,
                               _("  %4d x %-4d  %u pictures, %" PRIu64 " with repeats, %" PRIu64 " batches of %d\n"),
                               bucket->size.width, bucket->size.height, bucket->pictures, bucket->repeats,
                               batches_of(bucket), bucket->batch_size);
    }
}

void lk_check_append_text(const LkCheck *check, GString *out)
{
    append_findings_text(check, LK_SEVERITY_ERROR, _("Cannot be used"), out);
    append_findings_text(check, LK_SEVERITY_WARNING, _("Worth a look"), out);
    append_findings_text(check, LK_SEVERITY_INFO, _("Handled"), out);
    if (!check->dataset) {
        g_string_append_printf(out, "%s\n", check->failure);
        return;
    }
    append_buckets_text(check, out);
    g_string_append_printf(
        out, _("%u pictures, %u of them unusable, %u with a caption; %" PRIu64 " training images with repeats"),
        check->pictures, check->unusable, check->captioned, check->dataset->train_images);
    if (check->dataset->reg_images)
        g_string_append_printf(out, _(" and %" PRIu64 " for regularisation"), check->dataset->reg_images);
    g_string_append_printf(out, _("; %" PRIu64 " batches an epoch"), lk_dataset_batches(check->dataset));
    if (check->most_tokens >= 0)
        g_string_append_printf(out, _("; the longest caption has %d tokens"), check->most_tokens);
    g_string_append_printf(out, "%s\n", C_("end of a sentence", "."));
}
