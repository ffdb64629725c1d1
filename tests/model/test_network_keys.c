/* Files of every kind of network have the tensors that sd-scripts and LyCORIS write, for models of the true size. */
#include "fake_model.h"
#include "network_keys.h"
#include "tap.h"

#include "base/hash.h"
#include "training/lora_setup.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static gint compare_lines(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/** The tensors of the job's network, "name 4x320x3x3", sorted. */
static GPtrArray *lines_of(const LkLora *lora)
{
    GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
    for (int i = 0; i < lk_lora_count(lora); i++) {
        const LkLoraModule *m = lk_lora_at(lora, i);
        g_ptr_array_add(lines, g_strdup_printf("%s.alpha \n", m->name));
        for (int p = 0; p < m->n_parts; p++) {
            int64_t dims[4];
            int rank = lk_part_file_shape(&m->shape, &m->parts[p], dims);
            GString *line = g_string_new(NULL);
            g_string_printf(line, "%s%s ", m->name, lk_part_suffix(m->parts[p].role));
            for (int k = 0; k < rank; k++)
                g_string_append_printf(line, "%s%" G_GINT64_FORMAT, k ? "x" : "", (gint64)dims[k]);
            g_ptr_array_add(lines, g_string_free_and_steal(g_string_append_c(line, '\n')));
        }
    }
    g_ptr_array_sort(lines, compare_lines);
    return lines;
}

static LkJob *make_job(gsize row)
{
    g_autofree char *module = g_strconcat("network_module=", network_keys[row].module, NULL);
    g_autofree char *dim = g_strconcat("network_dim=", network_keys[row].dim, NULL);
    g_autofree char *alpha = g_strconcat("network_alpha=", network_keys[row].alpha, NULL);
    g_autofree char *args = g_strconcat("network_args=", network_keys[row].args, NULL);
    const char *const settings[] = {module, dim, alpha, *network_keys[row].args ? args : NULL, NULL};
    g_autoptr(GPtrArray) problems = lk_problems_new();
    LkJob *job = lk_job_parse("pretrained_model_name_or_path = \"m\"\ntrain_data_dir = \"p\"\noutput_dir = \"o\"\n",
                              "job", NULL, settings, problems);
    g_autofree char *said = lk_problems_describe(problems, "job");
    if (!job)
        tap_note("%s", said);
    return job;
}

static void check_row(gsize row, const LkCheckpoint *checkpoint, bool show)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(LkJob) job = make_job(row);
    LkLoraFile *weights = NULL;
    LkLora *lora = job ? lk_lora_for_job(job, checkpoint, &weights, &error) : NULL;
    if (!tap_ok(lora, "%s: %s %s %s", network_keys[row].family, network_keys[row].module, network_keys[row].args,
                error ? error->message : ""))
        return;
    g_autoptr(GPtrArray) lines = lines_of(lora);
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < lines->len; i++)
        g_string_append(text, lines->pdata[i]);
    char hex[65];
    lk_sha256_hex(text->str, text->len, hex);
    tap_ok((int)lines->len == network_keys[row].tensors && strcmp(hex, network_keys[row].sha256) == 0,
           "the reference's %d tensors (%u)", network_keys[row].tensors, lines->len);
    if (show)
        fputs(text->str, stderr);
    lk_lora_free(lora);
}

static void check_family(const char *tests, const char *family, const char *table, gsize shown)
{
    g_autofree char *lines = g_build_filename(tests, "model", table, NULL);
    g_autofree char *path = g_strdup_printf("%s/lk-keys-%d.safetensors", g_get_tmp_dir(), (int)getpid());
    g_autoptr(FakeModel) model = fake_model_from_table(lines);
    g_autoptr(GError) error = NULL;
    fake_model_write(model, path, 0);
    g_autoptr(LkCheckpoint) checkpoint = lk_checkpoint_open(path, &error);
    if (tap_ok(checkpoint, "%s is opened %s", table, error ? error->message : ""))
        for (gsize i = 0; i < G_N_ELEMENTS(network_keys); i++)
            if (strcmp(network_keys[i].family, family) == 0)
                check_row(i, checkpoint, shown == i);
    remove(path);
}

/* test-model-network-keys TESTS_FOLDER [ROW: its tensors are printed] */
int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    gsize shown = argc > 2 ? (gsize)g_ascii_strtoull(argv[2], NULL, 10) : G_MAXSIZE;
    check_family(argv[1], "sd1", "sd15_tensors.tsv", shown);
    check_family(argv[1], "sd2", "sd21_tensors.tsv", shown);
    check_family(argv[1], "sdxl", "sdxl_tensors.tsv", shown);
    return tap_done();
}
