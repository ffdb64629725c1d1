/* Files that are no usable base model: each is refused with the right words, whatever is missing or damaged, and none
 * ends the program. Usage: test_refused TESTS_FOLDER */
#include "../dataset/scratch.h"
#include "backend/weight_reader.h"
#include "fake_model.h"
#include "model/openclip_names.h"
#include "model/text_encoders.h"
#include "model/unet.h"
#include "model/vae.h"
#include "tap.h"

#include <string.h>

#define UNET  "model.diffusion_model."
#define TEXT  "cond_stage_model.transformer.text_model."
#define VAE   "first_stage_model."
#define TOKEN TEXT "embeddings.token_embedding.weight"

typedef struct Context {
    const char *tests;
    char *scratch;
    char *plain, *names;
} Context;

/* Building everything that a run builds ---------------------------------------------------------------------------- */

static void build_unet(LkBuilder *b, const LkModelArch *arch)
{
    int64_t latent[4] = {1, 8, 8, 4}, n[1] = {1}, context[3] = {1, 77, lk_arch_context(arch)};
    LkRef x = lk_graph_input(b->graph, "x", LK_F32, 4, latent), t = lk_graph_input(b->graph, "t", LK_F32, 1, n);
    LkRef states = lk_graph_input(b->graph, "context", LK_F32, 3, context);
    int64_t pooled[2] = {1, lk_arch_pooled(arch)}, sizes[1] = {LK_SIZE_COUNT};
    LkUnetInputs inputs = {.x = x, .t = t, .context = states, .pooled = LK_NONE, .sizes = LK_NONE};
    if (arch->unet.added) {
        inputs.pooled = lk_graph_input(b->graph, "pooled", LK_F32, 2, pooled);
        inputs.sizes = lk_graph_input(b->graph, "sizes", LK_F32, 1, sizes);
    }
    lk_graph_output(b->graph, lk_unet_build(b, &arch->unet, &inputs));
}

static void build_text(LkBuilder *b, const LkModelArch *arch)
{
    LkTextEncoders text = lk_text_encoders_build(b, arch, 1, 1, 1);
    lk_graph_output(b->graph, text.states);
    lk_graph_output(b->graph, text.pooled);
}

static void build_encoder(LkBuilder *b, const LkModelArch *arch)
{
    int64_t picture[4] = {1, 64, 64, 3};
    lk_graph_output(b->graph,
                    lk_vae_encoder_build(b, &arch->vae, lk_graph_input(b->graph, "picture", LK_F32, 4, picture)));
}

static void build_decoder(LkBuilder *b, const LkModelArch *arch)
{
    int64_t latent[4] = {1, 8, 8, 4};
    lk_graph_output(b->graph,
                    lk_vae_decoder_build(b, &arch->vae, lk_graph_input(b->graph, "latent", LK_F32, 4, latent)));
}

/** Reads the ends of every weight of a graph as a backend would. */
static bool read_weights(LkCheckpoint *checkpoint, const LkGraph *graph, LkError *error)
{
    LkWeightSource source = lk_checkpoint_source(checkpoint);
    bool ok = true;
    for (int32_t i = 0; ok && i < graph->n_tensors; i++) {
        const LkTensor *tensor = &graph->tensors[i];
        LkWeightReader reader;
        if (tensor->kind != LK_TENSOR_WEIGHT)
            continue;
        const int64_t count = lk_tensor_count(tensor);
        uint8_t first[8], last[8];
        ok = lk_weight_reader_open(&reader, &source, tensor->name, count, error);
        if (ok) {
            ok = lk_weight_reader_get(&reader, 0, 1, first, error) &&
                 lk_weight_reader_get_large(&reader, count - 1, 1, last, error);
            lk_weight_reader_close(&reader);
        }
    }
    return ok;
}

/** Opens a model and builds all its networks. NULL, or what is wrong (g_free). */
static char *try_model(const char *path)
{
    static void (*const builders[])(LkBuilder *, const LkModelArch *) = {build_unet, build_text, build_encoder,
                                                                         build_decoder};
    g_autoptr(GError) problem = NULL;
    g_autoptr(LkCheckpoint) checkpoint = lk_checkpoint_open(path, &problem);
    if (!checkpoint)
        return problem ? g_strdup(problem->message) : g_strdup("(no message)");
    LkError error = {0};
    bool ok = true;
    for (gsize i = 0; ok && i < G_N_ELEMENTS(builders); i++) {
        LkGraph *graph = lk_graph_new(LK_F32);
        LkBuilder builder = {.graph = graph, .checkpoint = checkpoint};
        builders[i](&builder, lk_checkpoint_arch(checkpoint));
        ok = lk_graph_check(graph, &error) && read_weights(checkpoint, graph, &error);
        lk_graph_free(graph);
    }
    return ok ? NULL : g_strdup(error.text);
}

/* Other files ------------------------------------------------------------------------------------------------------ */

enum { MAX_EDITS = 6 };

/** A change of the small model: "-PREFIX" drops tensors, "NAME=SHAPE" adds or reshapes an F16 tensor, "NAME:TYPE"
 * gives it another type, "@JSON" replaces `lorikeet.arch` ("@" alone removes it). */
static void edit(FakeModel *model, const char *change)
{
    const char *equals = strchr(change, '='), *colon = strrchr(change, ':');
    if (change[0] == '-') {
        fake_model_drop(model, change + 1);
    } else if (change[0] == '@') {
        g_free(model->arch);
        model->arch = change[1] ? g_strdup(change + 1) : NULL;
    } else if (equals) {
        g_autofree char *name = g_strndup(change, (gsize)(equals - change));
        fake_model_put(model, name, "F16", equals + 1);
    } else if (colon) {
        g_autofree char *name = g_strndup(change, (gsize)(colon - change));
        FakeTensor *tensor = fake_model_find(model, name);
        g_strlcpy(tensor->dtype, colon + 1, sizeof tensor->dtype);
        tensor->data = NULL;
    }
}

#define TOKEN2   "cond_stage_model.model.token_embedding.weight=49408,16"
#define FAMILIES "of no family that Lorikeet knows"
#define WIDTHS   "cannot be divided into the family's heads and groups"

static const struct {
    const char *label;
    const char *edits[MAX_EDITS];
    const char *fragment; /* of the message; NULL: it is a good model */
} files[] = {
    {"the small model itself", {NULL}, NULL},
    {"tensors that nobody knows", {"something.else=3"}, NULL},
    /* families */
    {"SD 1.x with one of SD 2.x's projections", {UNET "input_blocks.1.1.proj_in.weight=8,8"}, NULL},
    {"half of SD 2.x's text encoder", {"-" TEXT, TOKEN2}, "its text encoder is not a CLIP encoder"},
    {"SD 1.x with a part of SDXL",
     {UNET "label_emb.0.0.weight=16,16"},
     "nearest to Stable Diffusion 1.x, but its tensor '" UNET "label_emb.0.0.weight' is not what"},
    {"SDXL without its text encoders",
     {"-" UNET "input_blocks.1.1.", "-" TEXT, UNET "label_emb.0.0.weight=16,16",
      "conditioner.embedders.0.transformer.text_model.final_layer_norm.weight=8",
      "conditioner.embedders.1.model.ln_final.weight=8"},
     "nearest to Stable Diffusion XL, but the tensor 'conditioner.embedders.0."},
    {"the refiner of SDXL",
     {"-" UNET "input_blocks.1.1.", "-" TEXT, UNET "label_emb.0.0.weight=16,16",
      "conditioner.embedders.0.model.token_embedding.weight=49408,8"},
     "is the refiner of Stable Diffusion XL"},
    {"two families in one file",
     {UNET "joint_blocks.0.x_block.attn.qkv.weight=24,8"},
     "has the tensors of two families: Stable Diffusion 1.x and Stable Diffusion 3"},
    {"inpainting of SD 2.x",
     {UNET "input_blocks.0.0.weight=8,9,3,3", UNET "input_blocks.1.1.proj_in.weight=8,8"},
     "is an inpainting model of Stable Diffusion 2.x"},
    {"SD 3",
     {"-" UNET, "-" TEXT, UNET "joint_blocks.0.x_block.attn.qkv.weight=24,8"},
     "is Stable Diffusion 3, which Lorikeet cannot train yet"},
    {"FLUX.1",
     {"-" UNET, "-" TEXT, UNET "double_blocks.0.img_attn.qkv.weight=24,8"},
     "is FLUX.1, which Lorikeet cannot train yet"},
    {"FLUX.1's transformer",
     {"-" UNET, "-" TEXT, "-" VAE, "double_blocks.0.img_attn.qkv.weight=24,8"},
     "is a FLUX.1 transformer alone, which Lorikeet cannot train yet"},
    {"inpainting", {UNET "input_blocks.0.0.weight=8,9,3,3"}, "is an inpainting model of Stable Diffusion 1.x"},
    {"eight input channels", {UNET "input_blocks.0.0.weight=8,8,3,3"}, "does not work on four latent channels"},
    {"eight output channels", {UNET "out.2.weight=8,8,3,3"}, "does not work on four latent channels"},
    /* parts */
    {"no text encoder", {"-" TEXT}, "but the tensor '" TOKEN "' is missing"},
    {"no U-Net", {"-" UNET}, "It has a VAE, but no U-Net"},
    {"a text encoder alone", {"-" UNET, "-" VAE}, "It has a text encoder, but no U-Net"},
    {"no VAE", {"-" VAE}, "its VAE is missing or not complete"},
    {"a VAE alone, under its own names",
     {"-" UNET, "-" TEXT, "-" VAE, "encoder.conv_in.weight=8,3,3,3"},
     "It seems to be a VAE alone"},
    {"a LoRA under kohya's names",
     {"-", "lora_te_text_model_encoder_layers_0_mlp_fc1.lora_down.weight=4,8"},
     "It is a LoRA, not a base model"},
    {"a LoRA of SDXL",
     {"-", "lora_unet_input_blocks_4_1_proj_in.lora_up.weight=8,4"},
     "It is a LoRA, not a base model"},
    {"a LoRA under diffusers' names",
     {"-", "unet.down_blocks.0.attentions.0.proj_in.lora_A.weight=4,8"},
     "It is a LoRA, not a base model"},
    {"a LoHa", {"-", "lora_unet_mid_block_attentions_0_proj_in.hada_w1_a=4,8"}, "It is a LoRA, not a base model"},
    {"no tensors", {"-"}, "None of the tensors that Stable Diffusion models have was found in it"},
    {"anything else", {"-", "fc.weight=2,2"}, "None of the tensors that Stable Diffusion models have"},
    /* what does not fit */
    {"widths without heads", {"@{\"texts\":[{\"heads\":2}]}"}, WIDTHS},
    {"text encoder without heads", {"@"}, "not a CLIP encoder for 77 tokens with known heads"},
    {"heads that do not divide",
     {"@{\"groups\":4,\"vae_groups\":4,\"heads\":[3,8,8,8],\"texts\":[{\"heads\":2}]}"},
     WIDTHS},
    {"groups that do not divide", {"@{\"groups\":7,\"vae_groups\":4,\"texts\":[{\"heads\":2}]}"}, WIDTHS},
    {"VAE groups that do not divide",
     {"@{\"groups\":4,\"vae_groups\":3,\"texts\":[{\"heads\":2}]}"},
     "its VAE's widths"},
    {"text heads that do not divide",
     {"@{\"groups\":4,\"vae_groups\":4,\"texts\":[{\"heads\":3}]}"},
     "its text encoder is not a CLIP encoder"},
    {"arch that is no JSON", {"@{groups"}, "'lorikeet.arch' of"},
    {"arch that is a list", {"@[4]"}, "is not a JSON object"},
    {"arch with nonsense",
     {"@{\"groups\":-4,\"vae_groups\":\"x\",\"heads\":[0,-1,1e30,null],\"texts\":{\"heads\":2},\"vae_scale\":0}"},
     "its "},
    {"arch with huge numbers",
     {"@{\"groups\":99999999999,\"vae_groups\":4,\"heads\":[9223372036854775807],\"texts\":[{\"heads\":1048576}]}"},
     "its "},
    {"another U-Net's context",
     {UNET "input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight=8,12",
      UNET "input_blocks.8.1.transformer_blocks.0.attn2.to_k.weight=24,12"},
     "do not belong together"},
    {"248 positions", {TEXT "embeddings.position_embedding.weight=248,8"}, "not a CLIP encoder for 77 tokens"},
    {"a small vocabulary", {TOKEN "=100,8"}, "is smaller than CLIP's vocabulary of 49408 tokens"},
    {"a token table of one dimension", {TOKEN "=8"}, "its text encoder"},
    /* types */
    {"f64", {UNET "out.2.weight:F64"}, "'" UNET "out.2.weight' is stored as F64; Lorikeet reads F32, F16 and BF16"},
    {"i64", {TEXT "final_layer_norm.bias:I64"}, "'" TEXT "final_layer_norm.bias' is stored as I64"},
    {"f8", {VAE "quant_conv.weight:F8_E4M3"}, "'" VAE "quant_conv.weight' is stored as F8_E4M3"},
    {"f32 and bf16", {UNET "out.2.weight:F32", UNET "out.0.weight:BF16"}, NULL},
};

/** The model without its numbers: quick to write. */
static FakeModel *model_of_holes(const char *path)
{
    FakeModel *model = fake_model_read(path);
    for (guint i = 0; i < model->tensors->len; i++)
        ((FakeTensor *)g_ptr_array_index(model->tensors, i))->data = NULL;
    return model;
}

static void judge(const char *label, const char *path, const char *said, const char *fragment)
{
    bool right = fragment ? said && strstr(said, fragment) : !said;
    right &= !fragment || !strstr(fragment, "family") || strstr(said, path);
    if (!tap_ok(right, "%s", label))
        tap_note("said: %s", said ? said : "(nothing)");
}

static void test_files(const Context *c)
{
    g_autofree char *path = scratch_path(c->scratch, "edited.safetensors");
    for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autoptr(FakeModel) model = model_of_holes(c->plain);
        for (int k = 0; k < MAX_EDITS && files[i].edits[k]; k++)
            edit(model, files[i].edits[k]);
        fake_model_write(model, path, 0);
        g_autofree char *said = try_model(path);
        judge(files[i].label, path, said, files[i].fragment);
    }
}

/* Bytes that are no safetensors ------------------------------------------------------------------------------------ */

#define BYTES(text) text, sizeof(text) - 1

static const struct {
    const char *label, *bytes;
    gsize size;
    const char *fragment;
} raw[] = {
    {"an empty file", BYTES(""), "bad.bin"},
    {"one byte", BYTES("\x80"), "bad.bin"},
    {"a pickle (.ckpt)", BYTES("\x80\x02}q\x01(X\x05\x00\x00\x00epochq\x02K\x01u."),
     "convert it to .safetensors first"},
    {"torch's older format", BYTES("\x80\x02\x8a\x0al\xfc\x9c\x46\xf9 j\xa8P\x19.\x80\x02M\xe9\x03."), "is a pickle"},
    {"a zip (.pt) that is cut off", BYTES("PK\x03\x04\x00\x00\x08\x08\x00\x00\x00\x00\x00\x00"), "its end is missing"},
    {"GGUF", BYTES("GGUF\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"), "bad.bin"},
    {"a web page", BYTES("<!DOCTYPE html><html>not found</html>"), "bad.bin"},
    {"a Git LFS pointer", BYTES("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"), "bad.bin"},
};

static void test_raw(const Context *c)
{
    g_autofree char *path = scratch_path(c->scratch, "bad.bin"), *absent = scratch_path(c->scratch, "absent");
    for (gsize i = 0; i < G_N_ELEMENTS(raw); i++) {
        scratch_write(c->scratch, "bad.bin", raw[i].bytes, raw[i].size);
        g_autofree char *said = try_model(path);
        judge(raw[i].label, path, said, raw[i].fragment);
    }
    g_autofree char *said = try_model(absent);
    judge("a file that is not there", absent, said, "absent");
}

/** Any length of the header is a safetensors file, also those whose first byte is a pickle's. */
static void test_header_lengths(const Context *c)
{
    g_autofree char *path = scratch_path(c->scratch, "padded.safetensors");
    g_autoptr(FakeModel) model = model_of_holes(c->plain);
    int opened = 0;
    for (int padding = 0; padding < 256; padding++) {
        fake_model_write(model, path, padding);
        g_autoptr(LkCheckpoint) checkpoint = lk_checkpoint_open(path, NULL);
        opened += checkpoint != NULL;
    }
    tap_ok(opened == 256, "a header of any length opens (%d of 256)", opened);
}

/* Folders ---------------------------------------------------------------------------------------------------------- */

static void test_folders(const Context *c)
{
    static const struct {
        const char *label, *edit, *without, *fragment;
    } rows[] = {
        {"a folder without U-Net", NULL, "unet", "'unet/diffusion_pytorch_model.safetensors' is missing"},
        {"a folder without VAE", NULL, "vae", "'vae/diffusion_pytorch_model.safetensors' is missing"},
        {"a folder without text encoder", NULL, "text_encoder", "'text_encoder/model.safetensors' is missing"},
        {"a folder without heads", "@{\"texts\":[{\"heads\":2}]}", NULL, WIDTHS},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *name = g_strdup_printf("folder%zu", i);
        g_autofree char *folder = g_build_filename(c->scratch, name, NULL);
        g_autoptr(FakeModel) model = fake_model_read(c->plain);
        if (rows[i].edit)
            edit(model, rows[i].edit);
        fake_model_write_folder(model, c->names, folder,
                                &(FakeFolder){.ending = ".safetensors", .without = rows[i].without});
        g_autofree char *said = try_model(folder);
        judge(rows[i].label, folder, said, rows[i].fragment);
    }
    g_autofree char *empty = g_build_filename(c->scratch, "empty", NULL);
    g_mkdir(empty, 0700);
    g_autofree char *said = try_model(empty);
    judge("an empty folder", empty, said, "is not a whole diffusers model");
}

/** SDXL's folder: no attention at the top, and a second embedding. */
static void test_sdxl_folder(const Context *c)
{
    g_autofree char *folder = g_build_filename(c->scratch, "sdxl", NULL);
    g_autofree char *unet = scratch_path(folder, "unet/diffusion_pytorch_model.safetensors");
    g_autoptr(FakeModel) model = fake_model_read(c->plain);
    fake_model_write_folder(model, c->names, folder, &(FakeFolder){.ending = ".safetensors"});
    g_autoptr(FakeModel) part = fake_model_read(unet);
    fake_model_drop(part, "down_blocks.0.attentions.");
    fake_model_put(part, "add_embedding.linear_1.weight", "F16", "16,16");
    g_autofree char *changed = g_strconcat(unet, ".new", NULL);
    fake_model_write(part, changed, 0);
    g_rename(changed, unet);
    g_autofree char *said = try_model(folder);
    judge("a folder of SDXL without its second text encoder", folder, said, "nearest to Stable Diffusion XL");
}

/** Names with numbers that no model has. */
static void test_strange_names(const Context *c)
{
    static const char *const names[] = {
        "down_blocks.-1.resnets.0.conv1.weight",
        "down_blocks.2147483647.resnets.2147483647.conv1.weight",
        "down_blocks.99999999999999999999.resnets.0.conv1.weight",
        "down_blocks.0.resnets.2147483647.conv1.weight",
        "up_blocks.31.attentions.0.norm.weight",
        "up_blocks.32.attentions.-5.norm.weight",
        "up_blocks.2147483647.upsamplers.0.conv.weight",
        "up_blocks.-2147483648.resnets.-2147483648.conv1.weight",
        "down_blocks.2147483647.downsamplers.0.conv.weight",
        "down_blocks..resnets..conv1.weight",
        "mid_block.resnets.2147483647.conv1.weight",
        "",
        ".",
    };
    g_autofree char *folder = g_build_filename(c->scratch, "strange", NULL);
    g_autoptr(FakeModel) model = fake_model_read(c->plain);
    fake_model_write_folder(model, c->names, folder, &(FakeFolder){.ending = ".safetensors"});
    g_autoptr(FakeModel) strange = fake_model_read(c->plain);
    fake_model_drop(strange, "");
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        fake_model_put(strange, names[i], "F16", "2");
    g_autofree char *vae = scratch_path(folder, "vae/diffusion_pytorch_model.safetensors");
    g_autofree char *unet = scratch_path(folder, "unet/diffusion_pytorch_model.safetensors");
    fake_model_write(strange, unet, 0);
    g_autofree char *said = try_model(folder);
    judge("a U-Net of strange names", folder, said, FAMILIES);
    fake_model_write_folder(model, c->names, folder, &(FakeFolder){.ending = ".safetensors"});
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *name = g_strconcat("encoder.", names[i], NULL);
        fake_model_put(strange, name, "F16", "2");
    }
    fake_model_write(strange, vae, 0);
    g_autofree char *said_vae = try_model(folder);
    judge("a VAE of strange names", folder, said_vae, "its VAE is missing or not complete");
}

/* One tensor missing or of another shape --------------------------------------------------------------------------- */

/** The small models, and what of them nothing reads. */
static const struct {
    const char *model, *spare[3];
} whole_models[] = {
    {"plain", {NULL}},
    {"sd2-v-zero", {"resblocks.3.", "text_projection"}}, /* the last stored block never runs */
    {"sdxl",
     {"embedders.0.transformer.text_model.encoder.layers.1.",
      "embedders.0.transformer.text_model.final_layer_norm."}}, /* the states are those before it */
};

/** Tensors that nothing reads. */
static bool is_idle(const char *name, const char *const *spare)
{
    static const char *const idle[] = {"position_ids", "logit_scale", "betas", "alphas_cumprod"};
    for (gsize i = 0; i < G_N_ELEMENTS(idle); i++)
        if (strstr(name, idle[i]))
            return true;
    for (gsize i = 0; spare[i]; i++)
        if (strstr(name, spare[i]))
            return true;
    return false;
}

/** Tensors by whose absence a whole part is missing: what is said then. */
static const char *other_words(const char *name)
{
    static const char *const rows[][2] = {
        {".token_embedding.weight", "embeddings.token_embedding.weight"},
        {"position_embedding.weight", "its text encoder"},
        {"positional_embedding", "text encoder"},
        {"embedders.1.model.text_projection", "do not belong together"},
        {UNET "label_emb.0.0.weight", UNET "label_emb.0.0.weight"},
        {UNET "input_blocks.0.0.weight", "four latent channels"},
        {UNET "out.2.weight", "four latent channels"},
        {VAE "quant_conv.weight", "its VAE"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        if (g_str_has_suffix(name, rows[i][0]))
            return rows[i][1];
    return name;
}

/** A tensor's name as messages have it: OpenCLIP's tensors are called as CLIP's. */
static LkName said_name(const char *name)
{
    int parts;
    const LkOpenclipPlace *place = lk_openclip_place(name);
    LkName here = place ? lk_openclip_name(place, name, 0, &parts) : (LkName){0};
    return here.text[0] ? here : lk_name("%s", name);
}

static void test_each_missing(const Context *c, gsize which)
{
    g_autofree char *path = scratch_path(c->scratch, "missing.safetensors");
    g_autofree char *source =
        g_build_filename(c->tests, "parity/cases", whole_models[which].model, "model.safetensors", NULL);
    g_autoptr(FakeModel) model = model_of_holes(source);
    int wrong = 0;
    for (guint i = 0; i < model->tensors->len; i++) {
        FakeTensor *tensor = g_ptr_array_steal_index(model->tensors, i);
        fake_model_write(model, path, 0);
        g_autofree char *said = try_model(path);
        LkName name = said_name(tensor->name);
        const char *words = other_words(tensor->name);
        words = words == tensor->name ? name.text : words;
        bool right = is_idle(tensor->name, whole_models[which].spare) ? !said : said && strstr(said, words);
        if (!right && wrong++ < 40)
            tap_note("without %s: %s", tensor->name, said ? said : "nothing is said");
        g_ptr_array_insert(model->tensors, (int)i, tensor);
    }
    tap_ok(wrong == 0, "%s: each of %u tensors is missed by name when it is not there (%d are not)",
           whole_models[which].model, model->tensors->len, wrong);
}

/** Other shapes: whatever is said, nothing crashes; and a tensor that is used is never taken with another size. */
static void test_each_reshaped(const Context *c, gsize which)
{
    static const char *const shapes[] = {"", "0", "1", "3,5", "7,7,7", "2,2,1,1", "5,5,3,3", "1,1,1,1,1"};
    g_autofree char *path = scratch_path(c->scratch, "reshaped.safetensors");
    g_autofree char *source =
        g_build_filename(c->tests, "parity/cases", whole_models[which].model, "model.safetensors", NULL);
    g_autoptr(FakeModel) model = model_of_holes(source);
    int taken = 0, tried = 0;
    for (guint i = 0; i < model->tensors->len; i++) {
        FakeTensor *tensor = g_ptr_array_index(model->tensors, i), before = *tensor;
        if (is_idle(tensor->name, whole_models[which].spare))
            continue;
        const char *shape = shapes[i % G_N_ELEMENTS(shapes)];
        fake_tensor_reshape(tensor, shape);
        fake_model_write(model, path, 0);
        g_autofree char *said = try_model(path);
        if (!said && taken++ < 10)
            tap_note("%s is taken with shape [%s]", tensor->name, shape);
        tried++;
        *tensor = before;
    }
    tap_ok(taken == 0, "%s: none of %d tensors is taken with another shape (%d are)", whole_models[which].model, tried,
           taken);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    Context c = {.tests = argv[1], .scratch = scratch_new()};
    c.plain = g_build_filename(c.tests, "parity/cases/plain/model.safetensors", NULL);
    c.names = g_build_filename(c.tests, "model/diffusers_names.tsv", NULL);
    test_files(&c);
    test_raw(&c);
    test_header_lengths(&c);
    test_folders(&c);
    test_sdxl_folder(&c);
    test_strange_names(&c);
    for (gsize i = 0; i < G_N_ELEMENTS(whole_models); i++) {
        test_each_missing(&c, i);
        test_each_reshaped(&c, i);
    }
    scratch_remove(c.scratch);
    g_free(c.scratch);
    g_free(c.plain);
    g_free(c.names);
    return tap_done();
}
