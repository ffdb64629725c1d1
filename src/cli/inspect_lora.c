#include "cli/inspect.h"

#include "format/json.h"
#include "text/trigger.h"

#include <glib/gi18n.h>
#include <stdlib.h>
#include <string.h>

/* Modules ---------------------------------------------------------------------------------------------------------- */

static const char *family_name(LkLoraFamily family)
{
    static const char *const names[] = {[LK_LORA_SD1] = "sd1", [LK_LORA_SD2] = "sd2", [LK_LORA_SDXL] = "sdxl"};
    return names[family];
}

/** A number that all modules share, as JSON; else null, and the range as words. */
static void add_shared(LkFacts *facts, const char *key, const char *title, double least, double most)
{
    g_autoptr(GString) json = g_string_new(NULL);
    if (least == most)
        lk_json_append_number(json, least);
    else
        g_string_append(json, "null");
    g_autofree char *words = least == most ? g_strdup_printf("%g", least) : g_strdup_printf("%g – %g", least, most);
    lk_facts_json(facts, key, title, json->str, words);
}

/* Least and most of a value over the modules. */
typedef struct Range {
    double least, most;
} Range;

static void widen(Range *range, double value, bool first)
{
    range->least = first ? value : MIN(range->least, value);
    range->most = first ? value : MAX(range->most, value);
}

/* What kind of network it is: "LoRA", "LoHa, DoRA"; a LoRA with 3×3 convolutions is a LoCon. */
static void inspect_network(LkFacts *facts, const LkLoraFile *file)
{
    bool algos[3] = {false}, dora = false, conv = false;
    for (size_t i = 0; i < lk_lora_file_count(file); i++) {
        const LkAdapterShape *shape = &lk_lora_file_at(file, i)->shape;
        algos[shape->algo] = true;
        dora |= shape->dora;
        conv |= shape->kernel > 1;
    }
    g_autoptr(GString) text = g_string_new(NULL);
    for (LkAlgo algo = LK_ALGO_LORA; algo <= LK_ALGO_LOKR; algo++) {
        if (algos[algo])
            g_string_append_printf(text, "%s%s", text->len ? ", " : "",
                                   algo == LK_ALGO_LORA && conv ? "LoCon" : lk_algo_title(algo));
    }
    lk_facts_text(facts, "network", _("Network"), g_string_append(text, dora ? ", DoRA" : "")->str);
}

static void inspect_modules(LkFacts *facts, const LkLoraFile *file)
{
    size_t count = lk_lora_file_count(file), text = 0;
    Range dim[2], alpha[2];
    int seen[2] = {0}; /* of 3×3 convolutions, and of all else */
    for (size_t i = 0; i < count; i++) {
        const LkLoraWeights *module = lk_lora_file_at(file, i);
        int conv = module->shape.kernel > 1;
        text += module->site.side == LK_SIDE_TEXT;
        widen(&dim[conv], module->shape.dim, seen[conv] == 0);
        widen(&alpha[conv], (double)module->shape.alpha, seen[conv]++ == 0);
    }
    lk_facts_text(facts, "family", _("Family"), family_name(lk_lora_file_family(file)));
    lk_facts_text(facts, "layout", _("Layout"), lk_lora_layout_name(lk_lora_file_layout(file)));
    inspect_network(facts, file);
    lk_facts_integer(facts, "modules", _("Modules"), (int64_t)count);
    lk_facts_integer(facts, "text_encoder_modules", _("… of the text encoder"), (int64_t)text);
    lk_facts_integer(facts, "unet_modules", _("… of the U-Net"), (int64_t)(count - text));
    if (seen[0] > 0) {
        add_shared(facts, "dim", _("network_dim"), dim[0].least, dim[0].most);
        add_shared(facts, "alpha", _("network_alpha"), alpha[0].least, alpha[0].most);
    }
    if (seen[1] > 0) {
        add_shared(facts, "conv_dim", _("conv_dim"), dim[1].least, dim[1].most);
        add_shared(facts, "conv_alpha", _("conv_alpha"), alpha[1].least, alpha[1].most);
    }
}

/* Words ------------------------------------------------------------------------------------------------------------ */

static void inspect_triggers(LkFacts *facts, const LkMetadata *metadata)
{
    const char *phrase = lk_metadata_get(metadata, "modelspec.trigger_phrase");
    g_auto(GStrv) words = lk_trigger_words(phrase ? phrase : "");
    g_autoptr(GString) json = g_string_new("[");
    for (char **word = words; *word; word++) {
        g_string_append(json, word > words ? "," : "");
        lk_json_append_string(json, *word);
    }
    g_string_append_c(json, ']');
    lk_facts_json(facts, "trigger_words", *words ? _("Trigger words") : NULL, json->str, phrase);
}

typedef struct Tag {
    const char *text; /* belongs to the JSON document */
    int64_t count;
} Tag;

static int compare_tags(const void *a, const void *b)
{
    const Tag *left = a, *right = b;
    return left->count != right->count ? (left->count < right->count ? 1 : -1) : strcmp(left->text, right->text);
}

/** The counts of {folder: {tag: count}}, folders together. */
static GArray *collect_tags(yyjson_val *root)
{
    g_autoptr(GHashTable) counts = g_hash_table_new(g_str_hash, g_str_equal);
    size_t i, max, k, max_k;
    yyjson_val *folder, *tags, *tag, *count;
    yyjson_obj_foreach(root, i, max, folder, tags)
    {
        yyjson_obj_foreach(tags, k, max_k, tag, count)
        {
            gpointer name = (gpointer)(uintptr_t)yyjson_get_str(tag);
            gint64 sum =
                GPOINTER_TO_SIZE(g_hash_table_lookup(counts, name)) + CLAMP(yyjson_get_sint(count), 0, G_MAXINT);
            g_hash_table_insert(counts, name, GSIZE_TO_POINTER(sum));
        }
    }
    GArray *all = g_array_new(FALSE, FALSE, sizeof(Tag));
    GHashTableIter iter;
    gpointer name, sum;
    g_hash_table_iter_init(&iter, counts);
    while (g_hash_table_iter_next(&iter, &name, &sum)) {
        Tag one = {name, (int64_t)GPOINTER_TO_SIZE(sum)};
        g_array_append_val(all, one);
    }
    qsort(all->data, all->len, sizeof(Tag), compare_tags);
    return all;
}

/** The tags it was trained with, most frequent first: what to try where no trigger word is told. */
static void inspect_tags(LkFacts *facts, const LkMetadata *metadata)
{
    enum { SHOWN = 10, TOLD = 100 };
    const char *text = lk_metadata_get(metadata, "ss_tag_frequency");
    yyjson_doc *doc = text ? lk_json_parse(text, strlen(text), "ss_tag_frequency", 8, NULL) : NULL;
    if (!doc)
        return;
    g_autoptr(GArray) tags = collect_tags(yyjson_doc_get_root(doc));
    g_autoptr(GString) json = g_string_new("["), words = g_string_new(NULL);
    for (guint i = 0; i < tags->len && i < TOLD; i++) {
        const Tag *tag = &g_array_index(tags, Tag, i);
        g_string_append(json, i ? "," : "");
        lk_json_begin(json);
        lk_json_add_string(json, "tag", tag->text);
        lk_json_add_integer(json, "count", tag->count);
        lk_json_end(json);
        if (i < SHOWN)
            g_string_append_printf(words, "%s%s (%ld)", i ? ", " : "", tag->text, (long)tag->count);
    }
    g_string_append_c(json, ']');
    lk_facts_json(facts, "tags", tags->len ? _("Most frequent tags") : NULL, json->str, words->str);
    yyjson_doc_free(doc);
}

/* Training --------------------------------------------------------------------------------------------------------- */

/* What people ask about a LoRA's making, in that order; the rest is under "metadata". */
static const char *const settings[] = {
    "ss_output_name",      "ss_sd_model_name",
    "ss_network_module",   "ss_learning_rate",
    "ss_unet_lr",          "ss_text_encoder_lr",
    "ss_optimizer",        "ss_lr_scheduler",
    "ss_lr_warmup_steps",  "ss_steps",
    "ss_max_train_steps",  "ss_epoch",
    "ss_num_epochs",       "ss_num_train_images",
    "ss_num_reg_images",   "ss_resolution",
    "ss_enable_bucket",    "ss_batch_size_per_device",
    "ss_total_batch_size", "ss_gradient_accumulation_steps",
    "ss_mixed_precision",  "ss_clip_skip",
    "ss_max_token_length", "ss_noise_offset",
    "ss_min_snr_gamma",    "ss_shuffle_caption",
    "ss_flip_aug",         "ss_seed",
    "ss_training_comment",
};

static void inspect_training(LkFacts *facts, const LkMetadata *metadata)
{
    g_autoptr(LkMetadata) found = lk_metadata_new();
    for (size_t i = 0; i < G_N_ELEMENTS(settings); i++) {
        const char *value = lk_metadata_get(metadata, settings[i]);
        if (value && strcmp(value, "None") != 0)
            lk_metadata_set(found, settings[i] + strlen("ss_"), value);
    }
    lk_facts_pairs(facts, "training", _("Training"), found);
}

void lk_inspect_lora(LkFacts *facts, const LkLoraFile *file)
{
    const LkMetadata *metadata = lk_lora_file_metadata(file);
    inspect_modules(facts, file);
    lk_facts_text(facts, "base_model_version", _("Base model version"),
                  lk_metadata_get(metadata, "ss_base_model_version"));
    inspect_triggers(facts, metadata);
    inspect_tags(facts, metadata);
    inspect_training(facts, metadata);
}
