/* Optimizers of other programs: their names in ours, and their options as optimizer_args. */
#include "training/import_private.h"
#include "training/job_value.h"

#include <glib/gi18n.h>
#include <string.h>

/* Names without underscores and case. Those that find their own rate stand for each other, so that a learning rate of
 * about 1 keeps its sense. */
static const struct {
    const char *theirs, *ours;
    bool other; /* ours only takes its place */
} names[] = {
    {"adamw", "AdamW"},
    {"pagedadamw", "AdamW"},
    {"pagedadamw32bit", "AdamW"},
    {"adamw8bit", "AdamW8bit"},
    {"adamw8", "AdamW8bit"},
    {"pagedadamw8bit", "AdamW8bit"},
    {"adam", "Adam"},
    {"adam8bit", "Adam", true},
    {"adam8", "Adam", true},
    {"adafactor", "Adafactor"},
    {"prodigy", "Prodigy"},
    {"prodigy8bit", "Prodigy", true},
    {"prodigyadv", "Prodigy", true},
    {"prodigyplusschedulefree", "Prodigy", true},
    {"dadaptadam", "DAdaptAdam"},
    {"dadaptation", "DAdaptAdam", true},
    {"dadaptationadam", "DAdaptAdam", true},
    {"dadaptadampreprint", "DAdaptAdam", true},
    {"dadaptadan", "DAdaptAdam", true},
    {"dadaptadanip", "DAdaptAdam", true},
    {"dadaptadagrad", "DAdaptAdam", true},
    {"dadaptlion", "DAdaptAdam", true},
    {"dadaptsgd", "DAdaptAdam", true},
    {"adamwschedulefree", "AdamWScheduleFree"},
    {"schedulefreeadamw", "AdamWScheduleFree"},
    {"radamschedulefree", "AdamWScheduleFree", true},
    {"lion", "Lion"},
    {"lionadv", "Lion", true},
    {"lion8bit", "Lion8bit"},
    {"pagedlion8bit", "Lion8bit"},
    {"sgdnesterov", "SGDNesterov"},
    {"sgdnesterov8bit", "SGDNesterov", true},
    {"sgd", "SGDNesterov", true},
    {"sgd8bit", "SGDNesterov", true},
};

/* Its place in `names`, or -1. Of a class only the last part counts: "torch.optim.AdamW". */
static int find_name(const char *theirs)
{
    const char *dot = theirs != NULL ? strrchr(theirs, '.') : NULL;
    g_autoptr(GString) plain_name = g_string_new(NULL);
    for (const char *c = dot != NULL ? dot + 1 : theirs != NULL ? theirs : ""; *c != '\0'; c++) {
        if (*c != '_') {
            g_string_append_c(plain_name, g_ascii_tolower(*c));
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (strcmp(plain_name->str, names[i].theirs) == 0) {
            return (int)i;
        }
    }
    return -1;
}

const char *lk_import_our_optimizer(const char *theirs)
{
    int place = find_name(theirs);
    return place >= 0 ? names[place].ours : "AdamW";
}

bool lk_import_optimizer_is_other(const char *theirs)
{
    int place = find_name(theirs);
    return theirs != NULL && theirs[0] != '\0' && (place < 0 || names[place].other);
}

LkImportAnswer lk_import_optimizer(LkImporter *self, const LkImportItem *item)
{
    const char *text = item->values[0];
    int place = find_name(text);
    if (text == NULL || text[0] == '\0') {
        return (LkImportAnswer){0};
    }
    if (place >= 0 && !names[place].other) {
        return lk_import_as(names[place].ours);
    }
    g_autofree char *why =
        place >= 0
            ? g_strdup_printf(_("The optimizer %s is not supported yet; %s takes its place."), text, names[place].ours)
            : g_strdup_printf(_("The optimizer %s is not supported yet; AdamW takes its place. Its best "
                                "learning rate is another one."),
                              text);
    return lk_import_changed(g_strdup(lk_import_our_optimizer(text)), why);
}

bool lk_import_rates_differ(const char *optimizer)
{
    static const char *const own_rates[] = {"prodigy", "dadapt", "adafactor", "automagic", "came", "sgd"};
    g_autofree char *name = optimizer != NULL ? g_ascii_strdown(optimizer, -1) : g_strdup("");
    bool differ = false;
    for (size_t i = 0; i < G_N_ELEMENTS(own_rates); i++) {
        differ |= strstr(name, own_rates[i]) != NULL;
    }
    return differ && find_name(optimizer) < 0;
}

/* ------------------------------------------------------------------ options */

static const LkOptimizer *row_of(const char *ours)
{
    const LkOptimizer *row = NULL;
    for (int i = 0; i < LK_OPTIMIZER_COUNT; i++) {
        const LkOptimizer *one = lk_optimizer((LkOptimizerType)i);
        row = g_ascii_strcasecmp(one->name, ours) == 0 ? one : row;
    }
    return row;
}

/* Why an option is not understood (g_free), or NULL. */
static char *problem_of(const char *ours, const char *option)
{
    char *const one[] = {(char *)option, NULL};
    LkOptimizerOptions ignored;
    char *problem = NULL;
    const LkOptimizer *row = row_of(ours);
    if (row != NULL) {
        lk_optimizer_read(row, one, &ignored, &problem);
    }
    return problem;
}

static char *list_text(GPtrArray *options)
{
    g_ptr_array_add(options, NULL);
    LkParameter list = {.type = LK_PARAMETER_LIST};
    return lk_job_value_write(&list, &options->pdata);
}

typedef struct Found {
    LkImporter *self;
    const LkImportOptions *options;
    const char *optimizer; /* ours */
    bool other;            /* which only takes the place of theirs */
    GPtrArray *taken;      /* LkImportItem */
    GPtrArray *list;       /* "name=value" */
} Found;

/* Two settings that are one option. */
static const struct {
    const char *first, *second, *option;
} pairs[] = {{"beta1", "beta2", "betas"}, {"eps", "eps2", "eps"}};

/* How an optimizer computes, not what. */
static const char *const inner[] = {
    "fused",      "foreach",       "fused_back_pass", "stochastic_rounding", "capturable", "differentiable",
    "block_wise", "min_8bit_size", "is_paged",        "log_every",           "optim_bits", "percentile_clipping",
    "use_triton", "fsdp_in_use",   "adam_w_mode",     "quant_block_size",    "slice_p",    "__version",
    NULL};

/* An option as text; NULL where it lacks its second half. */
static char *option_text(Found *found, LkImportItem *item, const char *name, LkImportItem **second)
{
    for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++) {
        g_autofree char *path = g_strconcat(found->options->prefix, pairs[i].second, NULL);
        LkImportItem *other = strcmp(name, pairs[i].first) == 0 ? lk_import_find(found->self, path) : NULL;
        if (other != NULL && other->values[0] != NULL) {
            *second = other;
            return g_strdup_printf("%s=(%s, %s)", pairs[i].option, item->values[0], other->values[0]);
        }
    }
    if (item->list && item->values[1] != NULL) {
        return g_strdup_printf("%s=(%s, %s)", name, item->values[0], item->values[1]);
    }
    const char *value = item->values[0];
    value = strcmp(value, "true") == 0 ? "True" : strcmp(value, "false") == 0 ? "False" : value;
    return g_strdup_printf("%s=%s", name, value);
}

static void look_at_option(Found *found, LkImportItem *item, const char *name)
{
    LkImportItem *second = NULL;
    if (item->used || item->values[0] == NULL) {
        return;
    }
    if (g_strv_contains(inner, name)) {
        lk_import_leave(found->self, item, N_("It is how the other program computes, not what."));
        return;
    }
    g_autofree char *text = option_text(found, item, name, &second);
    g_autofree char *problem = problem_of(found->optimizer, text);
    if (problem != NULL && lk_import_item_is_off(item)) {
        return;
    }
    if (problem != NULL || found->other) {
        lk_import_take(found->self, item, item->path, NULL,
                       lk_import_refused(found->other ? _("It belongs to the optimizer of the file.") : problem));
        if (second != NULL) {
            lk_import_along(found->self, second);
        }
        return;
    }
    item->used = true;
    g_ptr_array_add(found->list, g_steal_pointer(&text));
    g_ptr_array_add(found->taken, item);
    if (second != NULL) {
        second->used = true;
        g_ptr_array_add(found->taken, second);
    }
}

static bool is_listed(GPtrArray *list, const char *name)
{
    bool listed = false;
    for (guint i = 0; i < list->len; i++) {
        const char *text = list->pdata[i];
        listed |= g_str_has_prefix(text, name) && text[strlen(name)] == '=';
    }
    return listed;
}

/* Defaults that are not those of our optimizer, with one line for all of them. */
static void imply_options(Found *found)
{
    const LkImportOptions *options = found->options;
    for (size_t i = 0; options->implied != NULL && options->implied[i][0] != NULL; i++) {
        g_autofree char *text = g_strconcat(options->implied[i][0], "=", options->implied[i][1], NULL);
        g_autofree char *problem = problem_of(found->optimizer, text);
        if (problem == NULL && !is_listed(found->list, options->implied[i][0])) {
            g_ptr_array_add(found->list, g_steal_pointer(&text));
        }
    }
}

void lk_import_optimizer_options(LkImporter *self, const LkImportOptions *options)
{
    g_autofree char *prefix = g_strconcat(self->prefix, options->prefix, NULL);
    g_autoptr(GPtrArray) taken = g_ptr_array_new(), list = g_ptr_array_new_with_free_func(g_free);
    Found found = {
        self,  options, lk_import_our_optimizer(options->optimizer), lk_import_optimizer_is_other(options->optimizer),
        taken, list};
    for (guint i = 0; i < self->items->len; i++) {
        LkImportItem *item = self->items->pdata[i];
        if (g_str_has_prefix(item->path, prefix)) {
            look_at_option(&found, item, item->path + strlen(prefix));
        }
    }
    guint given = list->len;
    if (!found.other) {
        imply_options(&found);
    }
    if (list->len == 0) {
        return;
    }
    LkImportItem *first = taken->len > 0 ? taken->pdata[0] : NULL;
    g_autofree char *why =
        list->len > given ? g_strdup_printf(_("Some of it is not in the file, but the default of %s."), self->program)
                          : NULL;
    LkImportAnswer answer = {.value = list_text(list), .why = g_steal_pointer(&why)};
    lk_import_take(self, first, first != NULL ? first->path : options->prefix, "optimizer_args", answer);
    for (guint i = 1; i < taken->len; i++) {
        lk_import_along(self, taken->pdata[i]);
    }
}

/* ------------------------------------------------------------------ lists of name=value */

/* The words of one text, quotes removed, as kohya_ss takes it apart; or the list as it is. */
static char **words_of(const LkImportItem *item)
{
    if (item->list) {
        return g_strdupv(item->values);
    }
    g_autofree char *plain = g_strdelimit(g_strdup(item->values[0] != NULL ? item->values[0] : ""), "\"\t\n", ' ');
    return g_strsplit(plain, " ", -1);
}

LkImportAnswer lk_import_words(const LkImportItem *item)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
    g_auto(GStrv) words = words_of(item);
    for (char **word = words; *word != NULL; word++) {
        if (g_strstrip(*word)[0] != '\0') {
            g_ptr_array_add(list, g_strdup(*word));
        }
    }
    return list->len > 0 ? (LkImportAnswer){.value = list_text(list)} : (LkImportAnswer){0};
}

LkImportAnswer lk_import_optimizer_args(LkImporter *self, const LkImportItem *item)
{
    const char *name = lk_import_text(self, "optimizer_type");
    name = name != NULL ? name : lk_import_text(self, "optimizer");
    const char *ours = lk_import_our_optimizer(name);
    bool other = lk_import_optimizer_is_other(name);
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
    g_auto(GStrv) words = words_of(item);
    guint refused = 0;
    for (char **word = words; *word != NULL; word++) {
        if (g_strstrip(*word)[0] == '\0') {
            continue;
        }
        g_autofree char *problem = problem_of(ours, *word);
        if (problem == NULL) {
            g_ptr_array_add(list, g_strdup(*word));
            continue;
        }
        g_autofree char *shown = g_strdup_printf("%s: %s", item->path, *word);
        lk_import_take(self, NULL, shown, NULL,
                       lk_import_refused(other ? _("It belongs to the optimizer of the file.") : problem));
        refused++;
    }
    if (list->len > 0) {
        return (LkImportAnswer){.value = list_text(list)};
    }
    return refused > 0 ? lk_import_refused(_("None of these options is known to the optimizer here."))
                       : (LkImportAnswer){0};
}
