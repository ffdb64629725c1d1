#include "training/parameters.h"

#include "text/wrap.h"

#include <glib/gi18n.h>
#include <string.h>

/* Other spellings that sd-scripts and its front ends take for the same thing. */
static const struct {
    const char *spelling;
    const char *key;
} aliases[] = {
    {"caption_extention", "caption_extension"}, /* sd-scripts keeps this old misspelling alive */
    {"dataset_repeats", "num_repeats"},
    {"network_rank", "network_dim"},
    {"trigger_word", "trigger_words"},
};

/* Keys that people write who come from elsewhere: too far from ours for the edit distance. */
static const struct {
    const char *written;
    const char *meant;
} hints[] = {
    {"batch_size", "train_batch_size"},
    {"epochs", "max_train_epochs"},
    {"num_epochs", "max_train_epochs"},
    {"steps", "max_train_steps"},
    {"max_steps", "max_train_steps"},
    {"lr", "learning_rate"},
    {"rank", "network_dim"},
    {"dim", "network_dim"},
    {"alpha", "network_alpha"},
    {"optimizer", "optimizer_type"},
    {"scheduler", "lr_scheduler"},
    {"model", "pretrained_model_name_or_path"},
    {"base_model", "pretrained_model_name_or_path"},
    {"image_dir", "train_data_dir"},
    {"max_resolution", "resolution"},
    {"name", "output_name"},
    {"warmup_steps", "lr_warmup_steps"},
    {"precision", "mixed_precision"},
    {"grad_clip", "max_grad_norm"},
    {"pretrained_model", "pretrained_model_name_or_path"},
};

static const struct {
    const char *name;
    const char *title;
} groups[LK_PARAMETER_GROUP_COUNT] = {
    [LK_PARAMETER_GROUP_MODEL] = {"model", N_("Base Model")},
    [LK_PARAMETER_GROUP_DATASET] = {"dataset", N_("Dataset")},
    [LK_PARAMETER_GROUP_CAPTION] = {"caption", N_("Captions")},
    [LK_PARAMETER_GROUP_NETWORK] = {"network", N_("Network")},
    [LK_PARAMETER_GROUP_OPTIMIZER] = {"optimizer", N_("Optimizer")},
    [LK_PARAMETER_GROUP_SCHEDULE] = {"schedule", N_("Schedule")},
    [LK_PARAMETER_GROUP_LENGTH] = {"length", N_("Length and Seed")},
    [LK_PARAMETER_GROUP_MEMORY] = {"memory", N_("Precision and Memory")},
    [LK_PARAMETER_GROUP_LOSS] = {"loss", N_("Noise and Loss")},
    [LK_PARAMETER_GROUP_SAVING] = {"saving", N_("Saving")},
    [LK_PARAMETER_GROUP_SAMPLING] = {"sampling", N_("Samples")},
    [LK_PARAMETER_GROUP_METADATA] = {"metadata", N_("Metadata")},
    [LK_PARAMETER_GROUP_OTHER] = {"other", N_("Known from sd-scripts")},
};

const LkParameter *lk_parameter_find(const char *key)
{
    for (size_t i = 0; i < G_N_ELEMENTS(aliases); i++) {
        if (strcmp(key, aliases[i].spelling) == 0) {
            key = aliases[i].key;
            break;
        }
    }
    for (size_t i = 0; i < lk_parameter_count; i++) {
        if (strcmp(key, lk_parameters[i].key) == 0) {
            return &lk_parameters[i];
        }
    }
    return NULL;
}

size_t lk_parameter_index(const LkParameter *parameter)
{
    return (size_t)(parameter - lk_parameters);
}

/* Insertions, deletions, changes and swaps of neighbours between two short keys (optimal string alignment). */
static int edit_distance(const char *a, const char *b)
{
    enum { LONGEST = 64 };
    int n = (int)strlen(a), m = (int)strlen(b);
    if (n >= LONGEST || m >= LONGEST) {
        return LONGEST;
    }
    int rows[3][LONGEST + 1];
    int *before = rows[0], *previous = rows[1], *row = rows[2];
    for (int j = 0; j <= m; j++) {
        previous[j] = before[j] = j;
    }
    for (int i = 1; i <= n; i++) {
        row[0] = i;
        for (int j = 1; j <= m; j++) {
            int best = previous[j - 1] + (a[i - 1] != b[j - 1]);
            best = MIN(best, MIN(previous[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                best = MIN(best, before[j - 2] + 1);
            }
            row[j] = best;
        }
        int *free_row = before;
        before = previous;
        previous = row;
        row = free_row;
    }
    return previous[m];
}

const char *lk_parameter_nearest(const char *key)
{
    g_autofree char *plain = g_ascii_strdown(key, -1);
    g_strdelimit(plain, "- .", '_');
    for (size_t i = 0; i < G_N_ELEMENTS(hints); i++) {
        if (strcmp(plain, hints[i].written) == 0) {
            return hints[i].meant;
        }
    }
    const char *nearest = NULL;
    int best = MAX(2, (int)strlen(plain) / 3) + 1;
    for (size_t i = 0; i < lk_parameter_count; i++) {
        int distance = edit_distance(plain, lk_parameters[i].key);
        if (distance < best) {
            best = distance;
            nearest = lk_parameters[i].key;
        }
    }
    for (size_t i = 0; nearest == NULL && strlen(plain) > 3 && i < lk_parameter_count; i++) {
        if (strstr(lk_parameters[i].key, plain) != NULL && lk_parameters[i].state == LK_PARAMETER_SUPPORTED) {
            nearest = lk_parameters[i].key;
        }
    }
    return nearest;
}

const char *lk_parameter_group_name(LkParameterGroup group)
{
    return groups[group].name;
}

const char *lk_parameter_group_title(LkParameterGroup group)
{
    return groups[group].title;
}

const LkChoice *lk_parameter_choice(const LkParameter *parameter, int number)
{
    for (const LkChoice *choice = parameter->choices; choice != NULL && choice->value != NULL; choice++) {
        if (choice->number == number && !choice->not_yet) {
            return choice;
        }
    }
    return NULL;
}

/* "a, b, c" of the choices that work; an empty text is another spelling and left out. */
static char *join_choices(const LkChoice *choices)
{
    GString *out = g_string_new(NULL);
    for (const LkChoice *choice = choices; choice->value != NULL; choice++) {
        if (!choice->not_yet && choice->value[0] != '\0') {
            g_string_append_printf(out, "%s%s", out->len > 0 ? ", " : "", choice->value);
        }
    }
    return g_string_free_and_steal(out);
}

static char *number_text(double value)
{
    char buffer[G_ASCII_DTOSTR_BUF_SIZE];
    return g_strdup(g_ascii_formatd(buffer, sizeof buffer, "%.15g", value));
}

static char *allowed_number(const LkParameter *parameter)
{
    bool whole = parameter->type == LK_PARAMETER_INT || parameter->type == LK_PARAMETER_INT64;
    if (parameter->min == 0 && parameter->max == 0) {
        return g_strdup(whole ? _("a whole number") : _("a number"));
    }
    g_autofree char *min = number_text(parameter->min);
    g_autofree char *max = number_text(parameter->max);
    if (parameter->type == LK_PARAMETER_COUNT) {
        return g_strdup_printf(_("a whole number from 0 to %s, or a share below 1"), max);
    }
    if (whole) {
        return g_strdup_printf(_("a whole number from %s to %s"), min, max);
    }
    return g_strdup_printf(_("a number from %s to %s"), min, max);
}

char *lk_parameter_allowed(const LkParameter *parameter)
{
    if (parameter->choices != NULL) {
        g_autofree char *choices = join_choices(parameter->choices);
        return g_strdup_printf(_("one of %s"), choices);
    }
    switch (parameter->type) {
    case LK_PARAMETER_BOOL:
        return g_strdup(_("true or false"));
    case LK_PARAMETER_INT:
    case LK_PARAMETER_INT64:
    case LK_PARAMETER_FLOAT:
    case LK_PARAMETER_COUNT:
        return allowed_number(parameter);
    case LK_PARAMETER_RESOLUTION:
        return g_strdup_printf(_("one size or “width,height”, each from %d to %d"), (int)parameter->min,
                               (int)parameter->max);
    case LK_PARAMETER_LIST:
        return g_strdup(_("a list of texts"));
    case LK_PARAMETER_PROMPTS:
        return g_strdup(_("the name of a .txt file, or a list of prompts"));
    case LK_PARAMETER_FILE:
        return g_strdup(_("the name of a file"));
    case LK_PARAMETER_FOLDER:
        return g_strdup(_("the name of a folder"));
    case LK_PARAMETER_STRING:
    case LK_PARAMETER_ENUM:
        break;
    }
    return g_strdup(_("a text"));
}

/* Appends text, broken before column 96, each line after `indent` spaces. */
static void append_wrapped(GString *out, const char *text, int indent)
{
    g_string_append_printf(out, "%*s", indent, "");
    lk_text_wrap(out, text, indent, 96);
    g_string_append_c(out, '\n');
}

/* One more sentence, where the row has it; `lead` ("Usual: ") may be NULL. */
static void append_advice(GString *out, const char *lead, const char *advice)
{
    if (advice != NULL) {
        g_string_append_printf(out, " %s%s", lead != NULL ? lead : "", _(advice));
    }
}

static void describe_row(GString *out, const LkParameter *row)
{
    g_autofree char *allowed = lk_parameter_allowed(row);
    if (row->state == LK_PARAMETER_NOT_YET) {
        g_string_append_printf(out, "  %s: %s\n", row->key, _("not supported yet"));
        return;
    }
    if (row->state == LK_PARAMETER_NO_EFFECT) {
        g_string_append_printf(out, "  %s: %s %s\n", row->key, _("no effect here."), _(row->subtitle));
        return;
    }
    g_string_append_printf(out, "  %s = %s\n", row->key, row->fallback != NULL ? row->fallback : _("(unset)"));
    /* translators: title of a parameter, its allowed values, and their unit */
    g_autofree char *line = row->unit != NULL ? g_strdup_printf(_("%s: %s, %s"), _(row->title), allowed, _(row->unit))
                                              : g_strdup_printf(_("%s: %s"), _(row->title), allowed);
    append_wrapped(out, line, 6);
    g_autoptr(GString) help = g_string_new(NULL);
    /* translators: what a parameter is in a few words, and its explanation */
    g_string_append_printf(help, _("%s. %s"), _(row->subtitle), _(row->help));
    append_advice(help, _("Usual: "), row->usual);
    append_advice(help, _("Try lower when "), row->lower);
    append_advice(help, _("Try higher when "), row->higher);
    append_advice(help, NULL, row->watch);
    append_wrapped(out, help->str, 6);
}

char *lk_parameters_describe(bool all)
{
    GString *out = g_string_new(NULL);
    for (int group = 0; group < LK_PARAMETER_GROUP_COUNT; group++) {
        if (group == LK_PARAMETER_GROUP_OTHER && !all) {
            continue;
        }
        g_string_append_printf(out, "%s%s\n", out->len > 0 ? "\n" : "", _(groups[group].title));
        for (size_t i = 0; i < lk_parameter_count; i++) {
            if (lk_parameters[i].group == (LkParameterGroup)group) {
                describe_row(out, &lk_parameters[i]);
            }
        }
    }
    return g_string_free_and_steal(out);
}
