/* Base models opened: architecture as the case says and as published, the same tensors from a file and a folder.
 * Usage: test_detect TESTS_FOLDER */
#include "../dataset/scratch.h"
#include "backend/weight_reader.h"
#include "fake_model.h"
#include "model/checkpoint.h"
#include "tap.h"

#include <string.h>
#include <yyjson.h>

/** What a test works with. */
typedef struct Context {
    const char *tests;
    char *scratch;
    char *plain, *names; /* the small model; the table of names */
} Context;

static char *in_tests(const Context *c, const char *path)
{
    return g_build_filename(c->tests, path, NULL);
}

/* The small models of the cases ------------------------------------------------------------------------------------ */

static int64_t number(yyjson_val *object, const char *key, size_t index)
{
    yyjson_val *value = yyjson_obj_get(object, key);
    value = yyjson_is_arr(value) ? yyjson_arr_get(value, index) : value;
    return yyjson_is_bool(value) ? yyjson_get_bool(value) : yyjson_get_sint(value);
}

static double real(yyjson_val *object, const char *key)
{
    return yyjson_get_num(yyjson_obj_get(object, key));
}

static void check_levels(const char *name, const LkUnetArch *unet, yyjson_val *arch)
{
    tap_ok(unet->levels == (int)yyjson_arr_size(yyjson_obj_get(arch, "channels")), "%s: levels", name);
    for (int i = 0; i < unet->levels; i++)
        tap_ok(unet->channels[i] == number(arch, "channels", (size_t)i) &&
                   unet->attention[i] == number(arch, "attention_levels", (size_t)i) &&
                   unet->depth[i] == number(arch, "depths", (size_t)i) &&
                   unet->heads[i] == number(arch, "heads", (size_t)i),
               "%s: level %d", name, i);
}

static void check_texts(const char *name, const LkModelArch *got, yyjson_val *texts)
{
    tap_ok(got->n_texts == (int)yyjson_arr_size(texts), "%s: %d text encoders", name, got->n_texts);
    for (int i = 0; i < got->n_texts; i++) {
        yyjson_val *text = yyjson_arr_get(texts, (size_t)i);
        const LkTextArch *t = &got->texts[i];
        bool quick = strcmp(yyjson_get_str(yyjson_obj_get(text, "act")), "quick_gelu") == 0;
        bool sdxl = got->n_texts == 2;
        tap_ok(t->width == number(text, "width", 0) && t->heads == number(text, "heads", 0) &&
                   t->layers == number(text, "layers", 0) && t->vocabulary == 49408 && t->positions == 77 &&
                   t->quick_gelu == quick && t->pad_id == number(text, "pad_id", 0) && t->last_but_one == sdxl &&
                   t->projection == (sdxl ? number(text, "projection", 0) : 0),
               "%s: text encoder %d", name, i + 1);
    }
}

static void check_arch(const char *name, const LkModelArch *got, yyjson_val *arch)
{
    const LkUnetArch *unet = &got->unet;
    const LkVaeArch *vae = &got->vae;
    check_levels(name, unet, arch);
    int64_t middle = number(arch, "depths", (size_t)unet->levels - 1);
    tap_ok(unet->in_channels == 4 && unet->out_channels == 4 && unet->layers_per_block == 2 &&
               unet->mid_depth == (middle ? middle : 1) && unet->size_features == number(arch, "time_ids_dim", 0),
           "%s: the rest of the U-Net", name);
    tap_ok(unet->groups == number(arch, "groups", 0) && unet->context == number(arch, "context_dim", 0) &&
               unet->linear_projection == number(arch, "linear_projection", 0),
           "%s: groups, context and projections", name);
    tap_ok(unet->norm_eps == (float)real(arch, "unet_norm_eps") &&
               unet->transformer_norm_eps == (float)real(arch, "transformer_norm_eps") &&
               unet->layer_norm_eps == (float)real(arch, "layer_norm_eps") &&
               vae->norm_eps == (float)real(arch, "vae_norm_eps"),
           "%s: eps", name);
    check_texts(name, got, yyjson_obj_get(arch, "texts"));
    bool same = vae->levels == (int)yyjson_arr_size(yyjson_obj_get(arch, "vae_channels"));
    for (int i = 0; i < vae->levels; i++)
        same &= vae->channels[i] == number(arch, "vae_channels", (size_t)i);
    tap_ok(same && vae->layers_per_block == 2 && vae->latent_channels == 4 &&
               vae->groups == number(arch, "vae_groups", 0) && vae->scale == (float)real(arch, "vae_scale"),
           "%s: VAE", name);
}

static void test_cases(const Context *c)
{
    static const struct {
        const char *name, *family, *version;
    } cases[] = {
        {"plain", "sd1", "sd_v1"},
        {"v-minsnr-skip", "sd1", "sd_v1"},
        {"offset-odd-batch", "sd1", "sd_v1"},
        {"chunks-unet", "sd1", "sd_v1"},
        {"sd2-v-zero", "sd2", "sd_v2"},
        {"sdxl", "sdxl", "sdxl_base_v1-0"},
        {"sdxl-v-chunks", "sdxl", "sdxl_base_v1-0"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *name = cases[i].name;
        g_autofree char *folder = g_build_filename(c->tests, "parity/cases", name, NULL);
        g_autofree char *json = g_build_filename(folder, "case.json", NULL);
        g_autofree char *path = g_build_filename(folder, "model.safetensors", NULL);
        yyjson_doc *doc = yyjson_read_file(json, 0, NULL, NULL);
        g_autoptr(GError) error = NULL;
        g_autoptr(LkCheckpoint) checkpoint = lk_checkpoint_open(path, &error);
        if (tap_ok(doc && checkpoint, "%s opens%s%s", name, error ? ": " : "", error ? error->message : "")) {
            const LkModelArch *arch = lk_checkpoint_arch(checkpoint);
            tap_ok(strcmp(arch->family, cases[i].family) == 0 && strcmp(arch->base_name, cases[i].version) == 0,
                   "%s is %s", name, arch->family);
            check_arch(name, arch, yyjson_obj_get(yyjson_doc_get_root(doc), "arch"));
        }
        yyjson_doc_free(doc);
    }
}

/* Stable Diffusion 1.5 as published: unet/config.json, vae/config.json and text_encoder/config.json of its folder. */
static const int64_t sd15_unet[] = {320, 640, 1280, 1280}, sd15_vae[] = {128, 256, 512, 512};

static void test_sd15(const Context *c)
{
    g_autofree char *table = in_tests(c, "model/sd15_tensors.tsv");
    g_autofree char *path = scratch_path(c->scratch, "sd15.safetensors");
    g_autoptr(FakeModel) model = fake_model_from_table(table);
    g_autoptr(GError) error = NULL;
    fake_model_write(model, path, 0);
    g_autoptr(LkCheckpoint) checkpoint = lk_checkpoint_open(path, &error);
    if (!tap_ok(checkpoint, "SD 1.5 opens%s%s", error ? ": " : "", error ? error->message : ""))
        return;
    const LkModelArch *arch = lk_checkpoint_arch(checkpoint);
    const LkUnetArch *u = &arch->unet;
    tap_ok(u->levels == 4 && memcmp(u->channels, sd15_unet, sizeof sd15_unet) == 0 && u->groups == 32 &&
               u->layers_per_block == 2 && u->mid_depth == 1 && u->context == 768 && !u->linear_projection,
           "SD 1.5: U-Net");
    for (int i = 0; i < 4; i++)
        tap_ok(u->heads[i] == 8 && u->attention[i] == (i < 3) && u->depth[i] == (i < 3), "SD 1.5: level %d", i);
    tap_ok(u->norm_eps == 1e-5f && u->transformer_norm_eps == 1e-6f && u->layer_norm_eps == 1e-5f, "SD 1.5: eps");
    tap_ok(arch->texts[0].width == 768 && arch->texts[0].heads == 12 && arch->texts[0].layers == 12 &&
               arch->texts[0].vocabulary == 49408 && arch->texts[0].positions == 77 && arch->texts[0].quick_gelu,
           "SD 1.5: text encoder");
    tap_ok(arch->vae.levels == 4 && memcmp(arch->vae.channels, sd15_vae, sizeof sd15_vae) == 0 &&
               arch->vae.groups == 32 && arch->vae.layers_per_block == 2 && arch->vae.latent_channels == 4 &&
               arch->vae.scale == 0.18215f,
           "SD 1.5: VAE");
}

/* SD 2.1 and SDXL as published, by the same files of their folders. */
static void test_true_sizes(const Context *c)
{
    static const struct {
        const char *table, *family;
        LkUnetArch unet;
        LkTextArch texts[LK_MAX_TEXTS];
        float scale;
    } rows[] = {
        {"model/sd21_tensors.tsv",
         "sd2",
         {.levels = 4,
          .channels = {320, 640, 1280, 1280},
          .attention = {true, true, true, false},
          .depth = {1, 1, 1, 0},
          .mid_depth = 1,
          .heads = {5, 10, 20, 20},
          .context = 1024},
         {{.width = 1024, .heads = 16, .layers = 23}},
         0.18215f},
        {"model/sdxl_tensors.tsv",
         "sdxl",
         {.levels = 3,
          .channels = {320, 640, 1280},
          .attention = {false, true, true},
          .depth = {0, 2, 10},
          .mid_depth = 10,
          .heads = {5, 10, 20},
          .context = 2048,
          .added = 2816,
          .size_features = 256},
         {{.width = 768, .heads = 12, .layers = 12, .quick_gelu = true, .last_but_one = true, .pad_id = 49407},
          {.width = 1280, .heads = 20, .layers = 32, .projection = 1280, .last_but_one = true}},
         0.13025f},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *table = in_tests(c, rows[i].table), *path = scratch_path(c->scratch, rows[i].family);
        g_autoptr(FakeModel) model = fake_model_from_table(table);
        g_autoptr(GError) error = NULL;
        fake_model_write(model, path, 0);
        g_autoptr(LkCheckpoint) checkpoint = lk_checkpoint_open(path, &error);
        if (!tap_ok(checkpoint, "%s in its true size opens%s%s", rows[i].family, error ? ": " : "",
                    error ? error->message : ""))
            continue;
        const LkModelArch *arch = lk_checkpoint_arch(checkpoint);
        const LkUnetArch *u = &arch->unet, *want = &rows[i].unet;
        tap_ok(strcmp(arch->family, rows[i].family) == 0 && u->levels == want->levels && u->groups == 32 &&
                   u->linear_projection && u->mid_depth == want->mid_depth && u->context == want->context &&
                   u->added == want->added && (!u->added || u->size_features == want->size_features) &&
                   memcmp(u->channels, want->channels, sizeof u->channels) == 0 &&
                   memcmp(u->heads, want->heads, sizeof u->heads) == 0 &&
                   memcmp(u->depth, want->depth, sizeof u->depth) == 0 &&
                   memcmp(u->attention, want->attention, sizeof u->attention) == 0,
               "%s in its true size: U-Net", rows[i].family);
        for (int k = 0; k < arch->n_texts; k++) {
            const LkTextArch *t = &arch->texts[k], *w = &rows[i].texts[k];
            tap_ok(t->width == w->width && t->heads == w->heads && t->layers == w->layers &&
                       t->projection == w->projection && t->quick_gelu == w->quick_gelu &&
                       t->last_but_one == w->last_but_one && t->pad_id == w->pad_id,
                   "%s in its true size: text encoder %d", rows[i].family, k + 1);
        }
        tap_ok(arch->vae.scale == rows[i].scale && arch->vae.levels == 4 &&
                   memcmp(arch->vae.channels, sd15_vae, sizeof sd15_vae) == 0,
               "%s in its true size: VAE", rows[i].family);
    }
}

/* Folders ---------------------------------------------------------------------------------------------------------- */

static bool has_bytes(const LkTensorView *view, const uint8_t *bytes)
{
    g_autofree uint8_t *read = g_malloc(view->size + 1);
    return lk_tensor_view_read(view, read, NULL) && memcmp(read, bytes, view->size) == 0;
}

/** Compares every tensor that diffusers keeps. */
static void same_tensors(const char *label, const FakeModel *model, const char *names, const LkCheckpoint *folder)
{
    g_autofree char *text = NULL;
    int compared = 0, different = 0;
    g_file_get_contents(names, &text, NULL, NULL);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line && **line; line++, compared++) {
        g_auto(GStrv) columns = g_strsplit(*line, "\t", 4);
        const FakeTensor *want = fake_model_find(model, columns[1]);
        const LkTensorView *got = lk_checkpoint_find(folder, columns[1]);
        if (g_str_has_suffix(columns[1], ".text_projection"))
            continue; /* a folder has it as a Linear's weight, under a name of its own */
        bool same = want && got && strcmp(want->dtype, lk_file_dtype_name(got->dtype)) == 0 &&
                    got->rank == (int)g_ascii_strtoll(columns[3], NULL, 10) &&
                    memcmp(got->shape, want->shape, (gsize)got->rank * sizeof *got->shape) == 0 &&
                    has_bytes(got, want->data);
        if (!same && different++ < 5)
            tap_note("%s is not what it was", columns[1]);
    }
    tap_ok(compared > 900 && different == 0, "%s: %d of %d tensors have the same bytes under their LDM names", label,
           compared - different, compared);
}

static void test_folders(const Context *c)
{
    static const struct {
        const char *label;
        FakeFolder how;
    } rows[] = {
        {"a folder", {.ending = ".safetensors"}},
        {"a folder of the fp16 variant", {.ending = ".fp16.safetensors"}},
        {"a folder without EMA", {.ending = ".non_ema.safetensors"}},
        {"a folder with the VAE's older names", {.ending = ".safetensors", .old_attention = true}},
        {"a folder with transformers 5's names", {.ending = ".safetensors", .bare_text = true}},
    };
    g_autoptr(FakeModel) model = fake_model_read(c->plain);
    g_autoptr(LkCheckpoint) single = lk_checkpoint_open(c->plain, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *name = g_strdup_printf("folder%zu", i);
        g_autofree char *folder = g_build_filename(c->scratch, name, NULL);
        g_autoptr(GError) error = NULL;
        tap_ok(fake_model_write_folder(model, c->names, folder, &rows[i].how), "%s is written", rows[i].label);
        g_autoptr(LkCheckpoint) checkpoint = lk_checkpoint_open(folder, &error);
        if (!tap_ok(checkpoint && single, "%s opens%s%s", rows[i].label, error ? ": " : "",
                    error ? error->message : ""))
            continue;
        same_tensors(rows[i].label, model, c->names, checkpoint);
        tap_ok(memcmp(lk_checkpoint_arch(checkpoint), lk_checkpoint_arch(single), sizeof(LkModelArch)) == 0,
               "%s: the same architecture", rows[i].label);
        g_autofree char *text = lk_checkpoint_identity(checkpoint, "cond_stage_model.", NULL);
        g_autofree char *wanted = lk_checkpoint_identity(single, "cond_stage_model.", NULL);
        tap_ok(strcmp(text, wanted) == 0, "%s: the same text encoder for the cache", rows[i].label);
    }
}

/** Folders of SD 2.x and SDXL: the tensors of their single files. */
static void test_other_folders(const Context *c)
{
    static const struct {
        const char *family, *model, *names;
    } rows[] = {{"SD 2.x", "parity/cases/sd2-v-zero/model.safetensors", "model/names_sd2.tsv"},
                {"SDXL", "parity/cases/sdxl/model.safetensors", "model/names_sdxl.tsv"}};
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = in_tests(c, rows[i].model), *names = in_tests(c, rows[i].names);
        g_autofree char *folder = g_build_filename(c->scratch, rows[i].family, NULL);
        g_autofree char *scheduler = g_build_filename(folder, "scheduler", "scheduler_config.json", NULL);
        g_autoptr(GError) error = NULL;
        g_autoptr(LkCheckpoint) single = lk_checkpoint_open(path, &error);
        g_autoptr(FakeModel) source = fake_model_read(path), model = fake_model_of_checkpoint(single, names);
        model->arch = g_strdup(source->arch);
        tap_ok(fake_model_write_folder(model, names, folder, &(FakeFolder){.ending = ".safetensors", .bare_text = i}),
               "a folder of %s is written", rows[i].family);
        g_autofree char *parent = g_path_get_dirname(scheduler);
        g_mkdir_with_parents(parent, 0700);
        g_file_set_contents(scheduler, "{\"prediction_type\": \"v_prediction\", \"rescale_betas_zero_snr\": true}", -1,
                            NULL);
        g_autoptr(LkCheckpoint) opened = lk_checkpoint_open(folder, &error);
        if (!tap_ok(opened, "a folder of %s opens%s%s", rows[i].family, error ? ": " : "", error ? error->message : ""))
            continue;
        same_tensors(rows[i].family, model, names, opened);
        LkModelArch arch = *lk_checkpoint_arch(opened);
        tap_ok(arch.prediction == LK_PREDICTION_V && arch.zero_terminal_snr, "%s: what its scheduler says is read",
               rows[i].family);
        arch.prediction = LK_PREDICTION_UNTOLD;
        arch.zero_terminal_snr = false;
        tap_ok(memcmp(&arch, lk_checkpoint_arch(single), sizeof arch) == 0, "%s: the same architecture",
               rows[i].family);
    }
}

/** Marks of v-prediction in a single file. */
static void test_marks(const Context *c)
{
    static const struct {
        const char *label, *edits[2];
        LkPrediction prediction;
        bool zero;
    } rows[] = {{"no marks, as Pony and Illustrious", {NULL}, LK_PREDICTION_UNTOLD, false},
                {"v_pred", {"v_pred"}, LK_PREDICTION_V, false},
                {"v_pred and ztsnr, as NoobAI's", {"v_pred", "ztsnr"}, LK_PREDICTION_V, true}};
    g_autofree char *source = in_tests(c, "parity/cases/sdxl/model.safetensors");
    g_autofree char *path = scratch_path(c->scratch, "marked.safetensors");
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(FakeModel) model = fake_model_read(source);
        for (int k = 0; k < 2 && rows[i].edits[k]; k++)
            fake_model_put(model, rows[i].edits[k], "F32", "0");
        fake_model_write(model, path, 0);
        g_autoptr(GError) error = NULL;
        g_autoptr(LkCheckpoint) checkpoint = lk_checkpoint_open(path, &error);
        const LkModelArch *arch = checkpoint ? lk_checkpoint_arch(checkpoint) : NULL;
        tap_ok(arch && arch->prediction == rows[i].prediction && arch->zero_terminal_snr == rows[i].zero, "%s: %s",
               rows[i].label, error ? error->message : "as marked");
    }
}

/** Relatives of SDXL that look the same and are not: told by a mark or a shape, and refused by name. */
static void test_relatives(const Context *c)
{
    static const struct {
        const char *tensor, *shape, *fragment;
    } rows[] = {
        {"edm_mean", "4", "is Playground 2.5"},
        {"edm_vpred.sigma_max", "", "is CosXL"},
        {"model.diffusion_model.input_blocks.0.0.weight", "8,9,3,3", "is an inpainting model of Stable Diffusion XL"},
        {"model.diffusion_model.input_blocks.0.0.weight", "8,8,3,3", "does not work on four latent channels"}};
    g_autofree char *source = in_tests(c, "parity/cases/sdxl/model.safetensors");
    g_autofree char *path = scratch_path(c->scratch, "relative.safetensors");
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(FakeModel) model = fake_model_read(source);
        fake_model_put(model, rows[i].tensor, "F16", rows[i].shape);
        fake_model_write(model, path, 0);
        g_autoptr(GError) error = NULL;
        g_autoptr(LkCheckpoint) checkpoint = lk_checkpoint_open(path, &error);
        tap_ok(!checkpoint && strstr(error->message, rows[i].fragment), "%s [%s]: %s", rows[i].tensor, rows[i].shape,
               error ? error->message : "opened");
    }
}

/* Identities ------------------------------------------------------------------------------------------------------- */

static void test_identity(const Context *c)
{
    static const char vae[] = "first_stage_model.", text[] = "cond_stage_model.";
    g_autofree char *path = scratch_path(c->scratch, "changed.safetensors");
    g_autoptr(FakeModel) model = fake_model_read(c->plain);
    FakeTensor *tensor = fake_model_find(model, "first_stage_model.encoder.conv_in.bias");
    g_autofree uint8_t *changed = g_memdup2(tensor->data, (gsize)tensor->shape[0] * 2);
    changed[3] ^= 1;
    tensor->data = changed;
    fake_model_write(model, path, 0);
    g_autoptr(LkCheckpoint) before = lk_checkpoint_open(c->plain, NULL), after = lk_checkpoint_open(path, NULL);
    g_autofree char *vae_before = lk_checkpoint_identity(before, vae, NULL),
                    *vae_after = lk_checkpoint_identity(after, vae, NULL);
    g_autofree char *text_before = lk_checkpoint_identity(before, text, NULL),
                    *text_after = lk_checkpoint_identity(after, text, NULL);
    tap_ok(strlen(vae_before) == 64 && strcmp(vae_before, vae_after) != 0, "a changed bit of the VAE is another VAE");
    tap_ok(strcmp(text_before, text_after) == 0, "and the same text encoder");
}

/* Another VAE ------------------------------------------------------------------------------------------------------ */

static const char conv_in[] = "first_stage_model.encoder.conv_in.bias",
                  conv_out[] = "first_stage_model.decoder.conv_out.bias";

/** The plain model with a VAE of its own bytes, under the names of a file that has nothing else. */
static FakeModel *lone_vae(const Context *c, uint8_t *bytes, const char *root)
{
    static const char vae[] = "first_stage_model.";
    FakeModel *model = fake_model_read(c->plain);
    for (guint i = model->tensors->len; i-- > 0;)
        if (!g_str_has_prefix(((FakeTensor *)model->tensors->pdata[i])->name, vae))
            g_ptr_array_remove_index(model->tensors, i);
    FakeTensor *tensor = fake_model_find(model, conv_in);
    memcpy(bytes, tensor->data, (size_t)tensor->shape[0] * 2);
    bytes[3] ^= 1;
    tensor->data = bytes;
    for (guint i = 0; i < model->tensors->len; i++) {
        FakeTensor *t = model->tensors->pdata[i];
        char *name = g_strconcat(root, t->name + strlen(vae), NULL);
        g_free(t->name);
        t->name = name;
    }
    return model;
}

/** Whether the checkpoint, with that VAE, reads the VAE's changed tensor from it and everything else as before. */
static void judge_vae(const Context *c, const char *path, const uint8_t *bytes, const char *label)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(LkCheckpoint) checkpoint = lk_checkpoint_open(c->plain, NULL),
                            before = lk_checkpoint_open(c->plain, NULL);
    const bool set = lk_checkpoint_set_vae(checkpoint, path, &error);
    const LkTensorView *view = lk_checkpoint_find(checkpoint, conv_in);
    tap_ok(set && has_bytes(view, bytes), "%s: %s", label, error ? error->message : "is read from");
    LkWeightReader reader;
    LkWeightSource source = lk_checkpoint_source(checkpoint);
    const int64_t count = lk_tensor_view_elements(view);
    bool got = lk_weight_reader_open(&reader, &source, conv_in, count, NULL);
    g_autofree uint8_t *data = g_malloc0(view->size);
    got = got && lk_weight_reader_get(&reader, 0, count, data, NULL);
    tap_ok(got && memcmp(data, bytes, view->size) == 0, "%s: the backend gets it", label);
    lk_weight_reader_close(&reader);
    const char *unet = "model.diffusion_model.", *vae = "first_stage_model.";
    g_autofree char *unet_now = lk_checkpoint_identity(checkpoint, unet, NULL),
                    *unet_then = lk_checkpoint_identity(before, unet, NULL);
    g_autofree char *vae_now = lk_checkpoint_identity(checkpoint, vae, NULL),
                    *vae_then = lk_checkpoint_identity(before, vae, NULL);
    tap_ok(!strcmp(unet_now, unet_then) && strcmp(vae_now, vae_then) != 0, "%s: only the VAE is another", label);
}

static void refuse_vae(LkCheckpoint *checkpoint, const char *path, const char *why)
{
    g_autoptr(GError) error = NULL;
    const bool set = lk_checkpoint_set_vae(checkpoint, path, &error);
    tap_ok(!set && strstr(error->message, why), "refused: %s", set ? "no" : error->message);
}

static void test_other_vae(const Context *c)
{
    uint8_t bytes[4096];
    g_autofree char *file = scratch_path(c->scratch, "vae.safetensors"), *folder = scratch_path(c->scratch, "pipeline");
    g_autoptr(FakeModel) bare = lone_vae(c, bytes, ""), rooted = lone_vae(c, bytes, "first_stage_model.");
    fake_model_write(bare, file, 0);
    judge_vae(c, file, bytes, "a VAE with bare names");
    fake_model_write(rooted, file, 0);
    judge_vae(c, file, bytes, "a VAE as in a checkpoint");
    g_autoptr(FakeModel) whole = fake_model_read(c->plain);
    fake_model_find(whole, conv_in)->data = bytes;
    fake_model_write_folder(whole, c->names, folder, &(FakeFolder){.ending = ".safetensors"});
    judge_vae(c, folder, bytes, "the VAE of a diffusers folder");
    g_autofree char *part = scratch_path(folder, "vae"),
                    *alone = scratch_path(part, "diffusion_pytorch_model.safetensors");
    judge_vae(c, part, bytes, "a diffusers folder with a VAE alone");
    judge_vae(c, alone, bytes, "a VAE's file with diffusers' names");

    g_autoptr(LkCheckpoint) checkpoint = lk_checkpoint_open(c->plain, NULL);
    g_autofree char *before = lk_checkpoint_identity(checkpoint, "", NULL);
    fake_tensor_reshape(fake_model_find(rooted, conv_out), "4");
    fake_model_write(rooted, file, 0);
    refuse_vae(checkpoint, file, "'decoder.conv_out.bias' has another size");
    fake_model_drop(bare, "decoder.conv_out.bias");
    fake_model_write(bare, file, 0);
    refuse_vae(checkpoint, file, "no tensor 'decoder.conv_out.bias'");
    refuse_vae(checkpoint, c->scratch, "has no VAE");
    g_autofree char *after = lk_checkpoint_identity(checkpoint, "", NULL);
    tap_ok(strcmp(after, before) == 0, "what is refused changes nothing");
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    Context c = {.tests = argv[1], .scratch = scratch_new()};
    c.plain = in_tests(&c, "parity/cases/plain/model.safetensors");
    c.names = in_tests(&c, "model/diffusers_names.tsv");
    test_cases(&c);
    test_sd15(&c);
    test_true_sizes(&c);
    test_folders(&c);
    test_other_folders(&c);
    test_marks(&c);
    test_relatives(&c);
    test_identity(&c);
    test_other_vae(&c);
    scratch_remove(c.scratch);
    g_free(c.scratch);
    g_free(c.plain);
    g_free(c.names);
    return tap_done();
}
