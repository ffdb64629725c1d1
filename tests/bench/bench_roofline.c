/* bench-roofline: the floor of a training step of a LoRA on a card, by arithmetic and memory of every node of the graph
 * that would run there. Needs neither card nor model: a table of the model's tensors is enough. */
#include "roofline.h"

#include "../dataset/scratch.h"
#include "../model/fake_model.h"
#include "training/lora_setup.h"
#include "training/update_graph.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct Options {
    char *device, *family, *tests, *recompute, *precision;
    int size, batch, rank, nodes;
    gboolean text, apart;
} Options;

static const struct {
    const char *name, *table;
    int size;
} families[] = {
    {"sd15", "sd15_tensors.tsv", 512}, {"sd21", "sd21_tensors.tsv", 768}, {"sdxl", "sdxl_tensors.tsv", 1024}};

static LkCheckpoint *open_family(const Options *o, int family, const char *scratch, GError **error)
{
    g_autofree char *table = g_build_filename(o->tests, "model", families[family].table, NULL);
    g_autofree char *path = scratch_path(scratch, "model.safetensors");
    g_autoptr(FakeModel) model = fake_model_from_table(table);
    return fake_model_write(model, path, 0) ? lk_checkpoint_open(path, error) : NULL;
}

static LkRecompute recompute_of(const Options *o)
{
    return g_strcmp0(o->recompute, "blocks") == 0 ? LK_RECOMPUTE_BLOCKS
           : g_strcmp0(o->recompute, "none") == 0 ? LK_RECOMPUTE_NONE
                                                  : LK_RECOMPUTE_CHEAP;
}

/** Builds the graphs of a step and adds their nodes. */
static bool measure(const Options *o, const LkCheckpoint *checkpoint, const LkLora *lora, const RoofCard *card,
                    Roof *roof, Roof *kinds)
{
    LkError error = {0};
    LkStepShape shape = {.batch = o->batch,
                         .height = o->size / 8,
                         .width = o->size / 8,
                         .chunks = 1,
                         .text_encoder = o->text,
                         .tf32 = g_strcmp0(o->precision, "tf32") == 0,
                         .recompute = recompute_of(o)};
    LkDType compute = shape.tf32 || g_strcmp0(o->precision, "fp32") == 0 ? LK_F32 : LK_BF16;
    shape.folded_terms = o->apart || compute == LK_F32 ? 0 : LK_LOW_RANK_TERMS; /* as the CUDA backend's */
    LkStepGraph *step = lk_step_graph_new(checkpoint, lora, &shape, compute, false, &error);
    LkUpdateGraph *update = step ? lk_update_graph_new(step, &(LkUpdateShape){.max_norm = 1}, &error) : NULL;
    bool ok = update != NULL;
    for (int i = 0; i < 2 && ok; i++)
        ok = (roof_add(i ? kinds : roof, card, step->graph) && roof_add(i ? kinds : roof, card, update->graph)) ||
             lk_fail(&error, LK_ERROR_MEMORY, "There is not enough memory.");
    if (!ok)
        fprintf(stderr, "bench-roofline: %s\n", error.text);
    lk_update_graph_free(update);
    lk_step_graph_free(step);
    return ok;
}

static int run(const Options *o, int family, const RoofCard *card)
{
    g_autoptr(GError) error = NULL;
    char *scratch = scratch_new();
    g_autoptr(LkCheckpoint) checkpoint = open_family(o, family, scratch, &error);
    LkLoraPlan plan = {.text = o->text, .unet = true, .dim = o->rank, .alpha = 1};
    LkLora *lora = checkpoint ? lk_lora_for_model(checkpoint, &plan, &error) : NULL;
    Roof *roof = g_new0(Roof, 2), *kinds = &roof[1];
    kinds->by_shape = true;
    bool ok = lora && measure(o, checkpoint, lora, card, roof, kinds);
    if (ok) {
        printf("%s, %d x %d, batch %d, rank %d, %s, recompute %s%s, as the graph is planned; card: ",
               families[family].name, o->size, o->size, o->batch, o->rank, o->precision ? o->precision : "bf16",
               o->recompute ? o->recompute : "cheap", o->text ? ", text encoders in the step" : "");
        roof_print(roof, card);
        if (o->nodes > 0)
            roof_print_kinds(kinds, o->nodes);
    } else if (error) {
        fprintf(stderr, "bench-roofline: %s\n", error->message);
    }
    g_free(roof);
    lk_lora_free(lora);
    scratch_remove(scratch);
    g_free(scratch);
    return ok ? 0 : 1;
}

int main(int argc, char **argv)
{
    Options o = {.batch = 1, .rank = 16};
    g_autofree char *of_device = g_strdup_printf("card: %s", roof_card_keys());
    const GOptionEntry entries[] = {
        {"roofline", 0, 0, G_OPTION_ARG_STRING, &o.family, "model family: sd15, sd21 or sdxl", "FAMILY"},
        {"device", 'd', 0, G_OPTION_ARG_STRING, &o.device, of_device, "CARD"},
        {"tests", 0, 0, G_OPTION_ARG_FILENAME, &o.tests, "folder of the tests", "FOLDER"},
        {"size", 's', 0, G_OPTION_ARG_INT, &o.size, "height and width of pictures (512, 768 or 1024, as the family)",
         "N"},
        {"batch", 'b', 0, G_OPTION_ARG_INT, &o.batch, "pictures a step (1)", "N"},
        {"rank", 0, 0, G_OPTION_ARG_INT, &o.rank, "of the LoRA (16)", "N"},
        {"precision", 'p', 0, G_OPTION_ARG_STRING, &o.precision, "of base model and activations (bf16)",
         "bf16|tf32|fp32"},
        {"recompute", 'r', 0, G_OPTION_ARG_STRING, &o.recompute, "what is computed again (cheap)", "none|cheap|blocks"},
        {"nodes", 'n', 0, G_OPTION_ARG_INT, &o.nodes, "also the N kinds of nodes with the longest floor", "N"},
        {"apart", 0, 0, G_OPTION_ARG_NONE, &o.apart, "a LoRA's second product is a call of its own everywhere", NULL},
        {"text-encoder", 0, 0, G_OPTION_ARG_NONE, &o.text, "the text encoders are trained too", NULL},
        {0}};
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) error = NULL;
    g_option_context_add_main_entries(context, entries, NULL);
    int family = -1;
    if (g_option_context_parse(context, &argc, &argv, &error))
        for (size_t i = 0; i < G_N_ELEMENTS(families); i++)
            if (g_strcmp0(o.family, families[i].name) == 0)
                family = (int)i;
    const RoofCard *card = roof_card(o.device ? o.device : "rtx4090");
    int result = 2;
    if (error || family < 0 || !card || !o.tests) {
        g_autofree char *help = g_option_context_get_help(context, TRUE, NULL);
        fprintf(stderr, "%s%s%s", error ? error->message : "", error ? "\n" : "", help);
    } else {
        o.size = o.size > 0 ? o.size : families[family].size;
        result = run(&o, family, card);
    }
    g_free(o.device), g_free(o.family), g_free(o.tests), g_free(o.recompute), g_free(o.precision);
    return result;
}
