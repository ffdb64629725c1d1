#include "model/openclip_names.h"

#include <stdio.h>
#include <string.h>

static const LkOpenclipPlace places[] = {
    {"cond_stage_model.model.", "cond_stage_model.transformer."},
    {"conditioner.embedders.1.model.", "conditioner.embedders.1.transformer."},
};

typedef struct Pair {
    const char *openclip, *clip;
} Pair;

static const Pair roots[] = {
    {"token_embedding.weight", "text_model.embeddings.token_embedding.weight"},
    {"positional_embedding", "text_model.embeddings.position_embedding.weight"},
    {"ln_final.weight", "text_model.final_layer_norm.weight"},
    {"ln_final.bias", "text_model.final_layer_norm.bias"},
    {"text_projection", "text_projection"},
};

/* Of a block; "%s" is the attention's part. */
static const Pair leaves[] = {
    {"ln_1.weight", "layer_norm1.weight"},
    {"ln_1.bias", "layer_norm1.bias"},
    {"ln_2.weight", "layer_norm2.weight"},
    {"ln_2.bias", "layer_norm2.bias"},
    {"attn.out_proj.weight", "self_attn.out_proj.weight"},
    {"attn.out_proj.bias", "self_attn.out_proj.bias"},
    {"mlp.c_fc.weight", "mlp.fc1.weight"},
    {"mlp.c_fc.bias", "mlp.fc1.bias"},
    {"mlp.c_proj.weight", "mlp.fc2.weight"},
    {"mlp.c_proj.bias", "mlp.fc2.bias"},
};

static const Pair fused[] = {
    {"attn.in_proj_weight", "weight"},
    {"attn.in_proj_bias", "bias"},
};

static const char *find(const Pair *table, size_t rows, const char *name)
{
    for (size_t i = 0; i < rows; i++)
        if (strcmp(table[i].openclip, name) == 0)
            return table[i].clip;
    return NULL;
}

#define FIND(table, name) find(table, sizeof(table) / sizeof *(table), name)

const LkOpenclipPlace *lk_openclip_place(const char *name)
{
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (strncmp(name, places[i].file, strlen(places[i].file)) == 0)
            return &places[i];
    return NULL;
}

LkName lk_openclip_name(const LkOpenclipPlace *place, const char *name, int part, int *parts)
{
    const char *rest = name + strlen(place->file), *clip = FIND(roots, rest);
    int block = 0, used = 0;
    *parts = 1;
    if (clip)
        return lk_name("%s%s", place->here, clip);
    if (sscanf(rest, "transformer.resblocks.%d.%n", &block, &used) != 1 || !used || block < 0)
        return (LkName){0};
    LkName layer = lk_name("%stext_model.encoder.layers.%d.", place->here, block);
    if ((clip = FIND(leaves, rest + used)))
        return lk_name("%s%s", layer.text, clip);
    if ((clip = FIND(fused, rest + used))) {
        *parts = 3;
        return lk_name("%sself_attn.%c_proj.%s", layer.text, "qkv"[part], clip);
    }
    return (LkName){0};
}
