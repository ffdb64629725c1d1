#include "adapter/lora_names.h"

#include <string.h>

/* ------------------------------------------------------------------ tables */

/* What a layer is a part of. */
typedef enum Unit {
    UNIT_ATTENTION, /* the frame of an attention layer */
    UNIT_BLOCK,     /* a transformer block in it */
    UNIT_RESNET,
    UNIT_DOWN,
    UNIT_UP,
    UNIT_TEXT,
    UNIT_FRAME, /* the U-Net's first and last layer and its time embedding: adapted by LyCORIS alone */
    UNITS,
} Unit;

/* The layers, in sd-scripts' order within their unit; a transformer block lies between proj_in and proj_out. */
static const struct {
    const char *diffusers;
    const char *original; /* NULL: the same */
    uint8_t unit;
    uint8_t kind;
    int8_t part; /* OpenCLIP: of the fused in_proj, or -1 */
} leaves[] = {
    {"proj_in", NULL, UNIT_ATTENTION, LK_LORA_POINTWISE, -1},
    {"attn1.to_q", NULL, UNIT_BLOCK, LK_LORA_LINEAR, -1},
    {"attn1.to_k", NULL, UNIT_BLOCK, LK_LORA_LINEAR, -1},
    {"attn1.to_v", NULL, UNIT_BLOCK, LK_LORA_LINEAR, -1},
    {"attn1.to_out.0", NULL, UNIT_BLOCK, LK_LORA_LINEAR, -1},
    {"ff.net.0.proj", NULL, UNIT_BLOCK, LK_LORA_LINEAR, -1},
    {"ff.net.2", NULL, UNIT_BLOCK, LK_LORA_LINEAR, -1},
    {"attn2.to_q", NULL, UNIT_BLOCK, LK_LORA_LINEAR, -1},
    {"attn2.to_k", NULL, UNIT_BLOCK, LK_LORA_LINEAR, -1},
    {"attn2.to_v", NULL, UNIT_BLOCK, LK_LORA_LINEAR, -1},
    {"attn2.to_out.0", NULL, UNIT_BLOCK, LK_LORA_LINEAR, -1},
    {"proj_out", NULL, UNIT_ATTENTION, LK_LORA_POINTWISE, -1},
    {"conv1", "in_layers.2", UNIT_RESNET, LK_LORA_CONV, -1},
    {"time_emb_proj", "emb_layers.1", UNIT_RESNET, LK_LORA_LINEAR, -1},
    {"conv2", "out_layers.3", UNIT_RESNET, LK_LORA_CONV, -1},
    {"conv_shortcut", "skip_connection", UNIT_RESNET, LK_LORA_POINTWISE, -1},
    {"conv", "op", UNIT_DOWN, LK_LORA_CONV, -1},
    {"conv", "conv", UNIT_UP, LK_LORA_CONV, -1},
    {"self_attn.k_proj", "attn.in_proj_weight", UNIT_TEXT, LK_LORA_LINEAR, 1},
    {"self_attn.v_proj", "attn.in_proj_weight", UNIT_TEXT, LK_LORA_LINEAR, 2},
    {"self_attn.q_proj", "attn.in_proj_weight", UNIT_TEXT, LK_LORA_LINEAR, 0},
    {"self_attn.out_proj", "attn.out_proj", UNIT_TEXT, LK_LORA_LINEAR, -1},
    {"mlp.fc1", "mlp.c_fc", UNIT_TEXT, LK_LORA_LINEAR, -1},
    {"mlp.fc2", "mlp.c_proj", UNIT_TEXT, LK_LORA_LINEAR, -1},
    {"conv_in", "input_blocks.0.0", UNIT_FRAME, LK_LORA_CONV, -1},
    {"time_embedding.linear_1", "time_embed.0", UNIT_FRAME, LK_LORA_LINEAR, -1},
    {"time_embedding.linear_2", "time_embed.2", UNIT_FRAME, LK_LORA_LINEAR, -1},
    {"conv_out", "out.2", UNIT_FRAME, LK_LORA_CONV, -1},
};

static const char *const unit_names[UNITS] = {
    [UNIT_ATTENTION] = "attentions", [UNIT_BLOCK] = "attentions", [UNIT_RESNET] = "resnets",
    [UNIT_DOWN] = "downsamplers",    [UNIT_UP] = "upsamplers",
};

/* Prefixes of a text encoder's blocks ("…layers.N." follows), by family and encoder. */
static const struct {
    const char *layouts[3]; /* by LkLoraLayout */
    const char *checkpoint;
    bool openclip;
} texts[][LK_LORA_MAX_TEXTS] = {
    [LK_LORA_SD1] = {{{"lora_te_text_model_encoder_layers_", "text_encoder.text_model.encoder.layers.",
                       "text_encoders.clip_l.transformer.text_model.encoder.layers."},
                      "cond_stage_model.transformer.text_model.encoder.layers.",
                      false}},
    [LK_LORA_SD2] = {{{"lora_te_text_model_encoder_layers_", "text_encoder.text_model.encoder.layers.",
                       "text_encoders.clip_h.transformer.text_model.encoder.layers."},
                      "cond_stage_model.model.transformer.resblocks.",
                      true}},
    [LK_LORA_SDXL] = {{{"lora_te1_text_model_encoder_layers_", "text_encoder.text_model.encoder.layers.",
                        "text_encoders.clip_l.transformer.text_model.encoder.layers."},
                       "conditioner.embedders.0.transformer.text_model.encoder.layers.",
                       false},
                      {{"lora_te2_text_model_encoder_layers_", "text_encoder_2.text_model.encoder.layers.",
                        "text_encoders.clip_g.transformer.text_model.encoder.layers."},
                       "conditioner.embedders.1.model.transformer.resblocks.",
                       true}},
};

/* What may stand before a module's name, dots written as underscores. */
static const struct {
    const char *text;
    int8_t encoder; /* -1: the U-Net */
} prefixes[] = {
    {"lora_unet_", -1},
    {"unet_", -1},
    {"model_diffusion_model_", -1},
    {"diffusion_model_", -1},
    {"lora_te_text_model_encoder_layers_", 0},
    {"lora_te1_text_model_encoder_layers_", 0},
    {"lora_te2_text_model_encoder_layers_", 1},
    {"text_encoder_text_model_encoder_layers_", 0},
    {"text_encoder_encoder_layers_", 0}, /* transformers 5 dropped "text_model" */
    {"text_encoder_2_text_model_encoder_layers_", 1},
    {"text_encoder_2_encoder_layers_", 1},
    {"text_encoders_clip_l_transformer_text_model_encoder_layers_", 0},
    {"text_encoders_clip_h_transformer_text_model_encoder_layers_", 0},
    {"text_encoders_clip_g_transformer_text_model_encoder_layers_", 1},
};

static const char *const layout_names[] = {"kohya", "diffusers", "comfy"};

static Unit unit_of(const LkLoraSite *site)
{
    return leaves[site->leaf].unit;
}

static const char *original_leaf(uint8_t leaf)
{
    return leaves[leaf].original != NULL ? leaves[leaf].original : leaves[leaf].diffusers;
}

/* ------------------------------------------------------------------ enumeration */

static void add_unit(GArray *sites, LkLoraSite site, Unit unit)
{
    for (uint8_t leaf = 0; leaf < G_N_ELEMENTS(leaves); leaf++) {
        if (leaves[leaf].unit == unit) {
            site.leaf = leaf;
            g_array_append_val(sites, site);
        }
    }
}

static void add_attention(GArray *sites, LkLoraSite site, int depth)
{
    for (uint8_t leaf = 0; leaf < G_N_ELEMENTS(leaves); leaf++) {
        site.leaf = leaf;
        site.depth = 0;
        if (leaves[leaf].unit == UNIT_ATTENTION) {
            g_array_append_val(sites, site);
        } else if (leaves[leaf].unit == UNIT_BLOCK && leaves[leaf - 1].unit == UNIT_ATTENTION) {
            for (int i = 0; i < depth; i++) { /* the rows of a block, once for each block */
                site.depth = (uint8_t)i;
                add_unit(sites, site, UNIT_BLOCK);
            }
        }
    }
}

static void add_resnet(GArray *sites, LkLoraSite site, bool shortcut)
{
    add_unit(sites, site, UNIT_RESNET);
    if (!shortcut) {
        g_array_set_size(sites, sites->len - 1); /* its last row */
    }
}

static void add_down(GArray *sites, const LkLoraShape *shape, int level, bool convolutions)
{
    LkLoraSite site = {.side = LK_SIDE_DOWN, .level = (uint8_t)level};
    for (int i = 0; shape->attention[level] && i < shape->layers_per_block; i++) {
        site.index = (uint8_t)i;
        add_attention(sites, site, shape->depth[level]);
    }
    for (int i = 0; convolutions && i < shape->layers_per_block; i++) {
        site.index = (uint8_t)i;
        add_resnet(sites, site, i == 0 && level > 0 && shape->channels[level - 1] != shape->channels[level]);
    }
    site.index = 0;
    if (convolutions && level < shape->levels - 1) {
        add_unit(sites, site, UNIT_DOWN);
    }
}

/* Whether ResNet i of up block `block` changes its channels: it reads the layer below and one skip connection. */
static bool up_shortcut(const LkLoraShape *shape, int block, int i)
{
    int level = shape->levels - 1 - block;
    int64_t out = shape->channels[level];
    int64_t below = i == 0 && block > 0 ? shape->channels[level + 1] : out;
    bool skip_of_next_level = i == shape->layers_per_block;
    int64_t skip = skip_of_next_level ? shape->channels[MAX(0, level - 1)] : out;
    return below + skip != out;
}

static void add_up(GArray *sites, const LkLoraShape *shape, int block, bool convolutions)
{
    int level = shape->levels - 1 - block;
    LkLoraSite site = {.side = LK_SIDE_UP, .level = (uint8_t)block};
    for (int i = 0; shape->attention[level] && i <= shape->layers_per_block; i++) {
        site.index = (uint8_t)i;
        add_attention(sites, site, shape->depth[level]);
    }
    for (int i = 0; convolutions && i <= shape->layers_per_block; i++) {
        site.index = (uint8_t)i;
        add_resnet(sites, site, up_shortcut(shape, block, i));
    }
    site.index = 0;
    if (convolutions && level > 0) {
        site.last = shape->attention[level];
        add_unit(sites, site, UNIT_UP);
    }
}

static bool is_possible(const LkLoraShape *shape)
{
    bool good = shape->levels >= 1 && shape->levels <= LK_LORA_MAX_LEVELS && shape->layers_per_block >= 1 &&
                shape->layers_per_block <= 16 && shape->middle_depth >= 0 && shape->middle_depth <= 100 &&
                shape->texts >= 0 && shape->texts <= LK_LORA_MAX_TEXTS;
    for (int i = 0; good && i < shape->levels; i++) {
        good = shape->depth[i] >= 0 && shape->depth[i] <= 100;
    }
    for (int i = 0; good && i < shape->texts; i++) {
        good = shape->text_layers[i] >= 0 && shape->text_layers[i] <= 100;
    }
    return good;
}

GArray *lk_lora_sites(const LkLoraShape *shape, bool convolutions)
{
    if (!is_possible(shape)) {
        return NULL;
    }
    GArray *sites = g_array_new(FALSE, FALSE, sizeof(LkLoraSite));
    for (int text = 0; text < shape->texts; text++) {
        for (int i = 0; i < shape->text_layers[text]; i++) {
            LkLoraSite site = {.side = LK_SIDE_TEXT, .text = (uint8_t)text, .index = (uint8_t)i};
            add_unit(sites, site, UNIT_TEXT);
        }
    }
    for (int level = 0; level < shape->levels; level++) {
        add_down(sites, shape, level, convolutions);
    }
    for (int block = 0; block < shape->levels; block++) {
        add_up(sites, shape, block, convolutions);
    }
    LkLoraSite middle = {.side = LK_SIDE_MIDDLE};
    add_attention(sites, middle, shape->middle_depth);
    for (int i = 0; convolutions && i < 2; i++) {
        middle.index = (uint8_t)i;
        add_resnet(sites, middle, false);
    }
    return sites;
}

void lk_lora_add_frame_sites(GArray *sites)
{
    add_unit(sites, (LkLoraSite){.side = LK_SIDE_FRAME}, UNIT_FRAME);
}

/* ------------------------------------------------------------------ writing names */

static void append_block(GString *out, const LkLoraSite *site)
{
    if (unit_of(site) == UNIT_BLOCK) {
        g_string_append_printf(out, "transformer_blocks.%d.", site->depth);
    }
}

/* "down_blocks.0.attentions.1.…" */
static void append_diffusers(GString *out, const LkLoraSite *site)
{
    if (site->side == LK_SIDE_FRAME) {
        g_string_append(out, leaves[site->leaf].diffusers);
        return;
    }
    if (site->side == LK_SIDE_MIDDLE) {
        g_string_append(out, "mid_block.");
    } else {
        g_string_append_printf(out, "%s_blocks.%d.", site->side == LK_SIDE_DOWN ? "down" : "up", site->level);
    }
    g_string_append_printf(out, "%s.%d.", unit_names[unit_of(site)], site->index);
    append_block(out, site);
    g_string_append(out, leaves[site->leaf].diffusers);
}

/* "input_blocks.1.1.…": the original U-Net counts ResNets and downsamplers on the way down (after the first
 * convolution), and ResNets on the way up. */
static void append_original(GString *out, const LkLoraSite *site, int layers_per_block)
{
    Unit unit = unit_of(site);
    bool attention = unit == UNIT_ATTENTION || unit == UNIT_BLOCK;
    int stride = layers_per_block + 1;
    if (site->side == LK_SIDE_FRAME) {
        g_string_append(out, original_leaf(site->leaf));
        return;
    }
    if (site->side == LK_SIDE_MIDDLE) {
        g_string_append_printf(out, "middle_block.%d.", attention ? 1 : 2 * site->index);
    } else if (site->side == LK_SIDE_DOWN) {
        int index = unit == UNIT_DOWN ? layers_per_block : site->index;
        g_string_append_printf(out, "input_blocks.%d.%d.", 1 + site->level * stride + index, attention);
    } else {
        int index = unit == UNIT_UP ? layers_per_block : site->index;
        int place = unit == UNIT_UP ? 1 + site->last : attention;
        g_string_append_printf(out, "output_blocks.%d.%d.", site->level * stride + index, place);
    }
    append_block(out, site);
    g_string_append(out, original_leaf(site->leaf));
}

char *lk_lora_site_name(const LkLoraSite *site, LkLoraFamily family, LkLoraLayout layout, int layers_per_block)
{
    static const char *const unet_prefixes[] = {"lora_unet_", "unet.", "diffusion_model."};
    GString *out = g_string_new(NULL);
    if (site->side == LK_SIDE_TEXT) {
        g_string_append_printf(out, "%s%d.%s", texts[family][site->text].layouts[layout], site->index,
                               leaves[site->leaf].diffusers);
    } else {
        g_string_append(out, unet_prefixes[layout]);
        if (layout == LK_LAYOUT_COMFY || (layout == LK_LAYOUT_KOHYA && family == LK_LORA_SDXL)) {
            append_original(out, site, layers_per_block);
        } else {
            append_diffusers(out, site);
        }
    }
    char *name = g_string_free_and_steal(out);
    return layout == LK_LAYOUT_KOHYA ? g_strdelimit(name, ".", '_') : name;
}

char *lk_lora_site_layer(const LkLoraSite *site, LkLoraFamily family, int layers_per_block, int *part)
{
    GString *out = g_string_new(NULL);
    *part = -1;
    if (site->side != LK_SIDE_TEXT) {
        g_string_append(out, "model.diffusion_model.");
        append_original(out, site, layers_per_block);
        return g_string_free_and_steal(out);
    }
    bool openclip = texts[family][site->text].openclip;
    *part = openclip ? leaves[site->leaf].part : -1;
    g_string_append_printf(out, "%s%d.%s", texts[family][site->text].checkpoint, site->index,
                           openclip ? original_leaf(site->leaf) : leaves[site->leaf].diffusers);
    return g_string_free_and_steal(out);
}

/* ------------------------------------------------------------------ reading names */

/* Takes "text" off the front of *rest. */
static bool take(const char **rest, const char *text)
{
    size_t length = strlen(text);
    if (strncmp(*rest, text, length) != 0) {
        return false;
    }
    *rest += length;
    return true;
}

/* Takes a number of at most two digits and the "_" behind it. */
static bool take_number(const char **rest, uint8_t *number)
{
    int value = 0, digits = 0;
    while (digits < 2 && g_ascii_isdigit((*rest)[digits])) {
        value = value * 10 + ((*rest)[digits] - '0');
        digits++;
    }
    if (digits == 0 || (*rest)[digits] != '_') {
        return false;
    }
    *rest += digits + 1;
    *number = (uint8_t)value;
    return true;
}

/* The row of a unit (or of both units of an attention layer) whose name is `rest`, dots written as underscores. */
static bool take_leaf(const char *rest, Unit unit, bool original, LkLoraSite *site)
{
    for (uint8_t leaf = 0; leaf < G_N_ELEMENTS(leaves); leaf++) {
        if (leaves[leaf].unit != unit) {
            continue;
        }
        const char *name = original ? original_leaf(leaf) : leaves[leaf].diffusers;
        size_t i = 0;
        while (name[i] != '\0' && rest[i] == (name[i] == '.' ? '_' : name[i])) {
            i++;
        }
        if (name[i] == '\0' && rest[i] == '\0') {
            site->leaf = leaf;
            return true;
        }
    }
    return false;
}

static bool take_attention(const char *rest, bool original, LkLoraSite *site)
{
    if (take(&rest, "transformer_blocks_")) {
        return take_number(&rest, &site->depth) && take_leaf(rest, UNIT_BLOCK, original, site);
    }
    return take_leaf(rest, UNIT_ATTENTION, original, site);
}

static bool parse_diffusers(const char *rest, LkLoraSite *site)
{
    if (take(&rest, "mid_block_")) {
        site->side = LK_SIDE_MIDDLE;
    } else {
        site->side = take(&rest, "down_blocks_") ? LK_SIDE_DOWN : LK_SIDE_UP;
        if (site->side == LK_SIDE_UP && !take(&rest, "up_blocks_")) {
            return false;
        }
        if (!take_number(&rest, &site->level) || site->level >= LK_LORA_MAX_LEVELS) {
            return false;
        }
    }
    if (take(&rest, "attentions_")) {
        return take_number(&rest, &site->index) && take_attention(rest, false, site);
    }
    if (take(&rest, "resnets_")) {
        return take_number(&rest, &site->index) && take_leaf(rest, UNIT_RESNET, false, site);
    }
    site->last = site->level > 0; /* right for SD 1.x and 2.x, whose lowest level has no attention */
    return (site->side == LK_SIDE_DOWN && take(&rest, "downsamplers_0_") && take_leaf(rest, UNIT_DOWN, false, site)) ||
           (site->side == LK_SIDE_UP && take(&rest, "upsamplers_0_") && take_leaf(rest, UNIT_UP, false, site));
}

/* What stands at place 0, 1 or 2 of an input or output block. */
static bool parse_original_part(const char *rest, int place, bool end, LkLoraSite *site)
{
    if (place == 0 && site->side == LK_SIDE_DOWN && end) {
        site->index = 0;
        return take_leaf(rest, UNIT_DOWN, true, site);
    }
    if (place == 0) {
        return take_leaf(rest, UNIT_RESNET, true, site);
    }
    if (place == 1 && !(site->side == LK_SIDE_DOWN && end) && take_attention(rest, true, site)) {
        return true;
    }
    site->index = 0;
    site->last = place == 2;
    return site->side == LK_SIDE_UP && end && place <= 2 && take_leaf(rest, UNIT_UP, true, site);
}

static bool parse_original(const char *rest, int layers_per_block, LkLoraSite *site)
{
    uint8_t block, place;
    if (take(&rest, "middle_block_")) {
        site->side = LK_SIDE_MIDDLE;
        if (!take_number(&rest, &place) || place > 2) {
            return false;
        }
        site->index = place / 2;
        return place == 1 ? take_attention(rest, true, site) : take_leaf(rest, UNIT_RESNET, true, site);
    }
    site->side = take(&rest, "input_blocks_") ? LK_SIDE_DOWN : LK_SIDE_UP;
    if (site->side == LK_SIDE_UP && !take(&rest, "output_blocks_")) {
        return false;
    }
    if (!take_number(&rest, &block) || !take_number(&rest, &place) || (site->side == LK_SIDE_DOWN && block == 0)) {
        return false;
    }
    int number = site->side == LK_SIDE_DOWN ? block - 1 : block;
    site->level = (uint8_t)(number / (layers_per_block + 1));
    site->index = (uint8_t)(number % (layers_per_block + 1));
    return site->level < LK_LORA_MAX_LEVELS && parse_original_part(rest, place, site->index == layers_per_block, site);
}

/* Whether a model with so many layers a block can have the site. */
static bool is_in_range(const LkLoraSite *site, int layers_per_block)
{
    Unit unit = unit_of(site);
    switch ((LkLoraSide)site->side) {
    case LK_SIDE_DOWN:
        return site->index < layers_per_block;
    case LK_SIDE_UP:
        return site->index <= layers_per_block;
    case LK_SIDE_MIDDLE:
        return site->index <= (unit == UNIT_RESNET);
    case LK_SIDE_TEXT:
    case LK_SIDE_FRAME:
        break;
    }
    return true;
}

static bool parse_unet(const char *rest, int layers_per_block, LkLoraSite *site, bool *original)
{
    *site = (LkLoraSite){.side = LK_SIDE_FRAME};
    *original = !take_leaf(rest, UNIT_FRAME, false, site);
    if (!*original || take_leaf(rest, UNIT_FRAME, true, site)) {
        return true;
    }
    *site = (LkLoraSite){0};
    *original = false;
    if (parse_diffusers(rest, site)) {
        return is_in_range(site, layers_per_block);
    }
    *site = (LkLoraSite){0};
    *original = true;
    return parse_original(rest, layers_per_block, site) && is_in_range(site, layers_per_block);
}

bool lk_lora_site_parse(const char *name, int layers_per_block, LkLoraSite *site, bool *original)
{
    g_autofree char *flat = g_strdelimit(g_strdup(name), ".", '_');
    for (size_t i = 0; i < G_N_ELEMENTS(prefixes); i++) {
        const char *rest = flat;
        if (!take(&rest, prefixes[i].text)) {
            continue;
        }
        *site = (LkLoraSite){0};
        *original = false;
        if (prefixes[i].encoder >= 0) {
            site->side = LK_SIDE_TEXT;
            site->text = (uint8_t)prefixes[i].encoder;
            return take_number(&rest, &site->index) && take_leaf(rest, UNIT_TEXT, false, site);
        }
        return parse_unet(rest, layers_per_block, site, original);
    }
    return false;
}

/* ------------------------------------------------------------------ facts */

LkLoraKind lk_lora_site_kind(const LkLoraSite *site, bool linear_projection)
{
    bool projection = unit_of(site) == UNIT_ATTENTION;
    return projection && linear_projection ? LK_LORA_LINEAR : (LkLoraKind)leaves[site->leaf].kind;
}

bool lk_lora_site_is_plain(const LkLoraSite *site)
{
    Unit unit = unit_of(site);
    return unit == UNIT_ATTENTION || unit == UNIT_BLOCK || unit == UNIT_TEXT;
}

uint64_t lk_lora_site_rank(const LkLoraSite *site)
{
    static const uint8_t sides[] = {
        [LK_SIDE_TEXT] = 0, [LK_SIDE_DOWN] = 1, [LK_SIDE_UP] = 2, [LK_SIDE_MIDDLE] = 3, [LK_SIDE_FRAME] = 4};
    Unit unit = unit_of(site);
    uint64_t part = unit <= UNIT_BLOCK ? 0 : unit;                /* attention before ResNets before samplers */
    uint64_t row = unit == UNIT_BLOCK ? 1 : (uint64_t)site->leaf; /* proj_in, all blocks, proj_out */
    uint64_t rank = sides[site->side];
    const uint64_t digits[] = {site->text, site->level, part, site->index, row, site->depth, site->leaf};
    for (size_t i = 0; i < G_N_ELEMENTS(digits); i++) {
        rank = rank << 8 | digits[i];
    }
    return rank;
}

bool lk_lora_layout_from_name(const char *name, LkLoraLayout *layout)
{
    for (size_t i = 0; i < G_N_ELEMENTS(layout_names); i++) {
        if (strcmp(name, layout_names[i]) == 0) {
            *layout = (LkLoraLayout)i;
            return true;
        }
    }
    return false;
}

const char *lk_lora_layout_name(LkLoraLayout layout)
{
    return layout_names[layout];
}
