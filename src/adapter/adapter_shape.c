#include "adapter/adapter_shape.h"

#include <string.h>

static const struct {
    const char *suffix;
    LkAlgo algo;
} roles[LK_PART_ROLES] = {
    [LK_PART_DOWN] = {".lora_down.weight", LK_ALGO_LORA}, [LK_PART_UP] = {".lora_up.weight", LK_ALGO_LORA},
    [LK_PART_HADA_W1_A] = {".hada_w1_a", LK_ALGO_LOHA},   [LK_PART_HADA_W1_B] = {".hada_w1_b", LK_ALGO_LOHA},
    [LK_PART_HADA_W2_A] = {".hada_w2_a", LK_ALGO_LOHA},   [LK_PART_HADA_W2_B] = {".hada_w2_b", LK_ALGO_LOHA},
    [LK_PART_LOKR_W1] = {".lokr_w1", LK_ALGO_LOKR},       [LK_PART_LOKR_W1_A] = {".lokr_w1_a", LK_ALGO_LOKR},
    [LK_PART_LOKR_W1_B] = {".lokr_w1_b", LK_ALGO_LOKR},   [LK_PART_LOKR_W2] = {".lokr_w2", LK_ALGO_LOKR},
    [LK_PART_LOKR_W2_A] = {".lokr_w2_a", LK_ALGO_LOKR},   [LK_PART_LOKR_W2_B] = {".lokr_w2_b", LK_ALGO_LOKR},
    [LK_PART_MAGNITUDE] = {".dora_scale", LK_ALGO_LORA},
};

const char *lk_part_suffix(LkPartRole role)
{
    return roles[role].suffix;
}

LkAlgo lk_part_algo(LkPartRole role)
{
    return roles[role].algo;
}

const char *lk_algo_title(LkAlgo algo)
{
    return algo == LK_ALGO_LOHA ? "LoHa" : algo == LK_ALGO_LOKR ? "LoKr" : "LoRA";
}

int64_t lk_part_elements(const LkPart *part)
{
    return part->rows * part->channels * part->taps;
}

int lk_adapter_parts(const LkAdapterShape *s, LkPart parts[LK_MAX_PARTS])
{
    int n = 0, taps = s->kernel * s->kernel;
    int64_t dim = s->dim;
    switch (s->algo) {
    case LK_ALGO_LORA:
        parts[n++] = (LkPart){LK_PART_DOWN, dim, s->in, taps};
        parts[n++] = (LkPart){LK_PART_UP, s->out, dim, 1};
        break;
    case LK_ALGO_LOHA:
        parts[n++] = (LkPart){LK_PART_HADA_W1_A, s->out, dim, 1};
        parts[n++] = (LkPart){LK_PART_HADA_W1_B, dim, s->in, taps};
        parts[n++] = (LkPart){LK_PART_HADA_W2_A, s->out, dim, 1};
        parts[n++] = (LkPart){LK_PART_HADA_W2_B, dim, s->in, taps};
        break;
    case LK_ALGO_LOKR:
        if (s->left_whole) {
            parts[n++] = (LkPart){LK_PART_LOKR_W1, s->left_out, s->left_in, 1};
        } else {
            parts[n++] = (LkPart){LK_PART_LOKR_W1_A, s->left_out, dim, 1};
            parts[n++] = (LkPart){LK_PART_LOKR_W1_B, dim, s->left_in, 1};
        }
        if (s->right_whole) {
            parts[n++] = (LkPart){LK_PART_LOKR_W2, s->out / s->left_out, s->in / s->left_in, taps};
        } else {
            parts[n++] = (LkPart){LK_PART_LOKR_W2_A, s->out / s->left_out, dim, 1};
            parts[n++] = (LkPart){LK_PART_LOKR_W2_B, dim, s->in / s->left_in, taps};
        }
        break;
    }
    if (s->dora)
        parts[n++] = (LkPart){LK_PART_MAGNITUDE, s->out, 1, 1};
    return n;
}

int lk_adapter_part(const LkAdapterShape *shape, LkPartRole role)
{
    LkPart parts[LK_MAX_PARTS];
    int n = lk_adapter_parts(shape, parts);
    for (int i = 0; i < n; i++)
        if (parts[i].role == role)
            return i;
    return -1;
}

float lk_adapter_scale(const LkAdapterShape *s)
{
    bool whole = s->algo == LK_ALGO_LOKR && s->left_whole && s->right_whole;
    return whole ? 1 : s->alpha / (float)s->dim;
}

void lk_lokr_split(int64_t dimension, int64_t factor, int64_t *small, int64_t *large)
{
    int64_t m = 1, n = dimension;
    if (factor > 0 && dimension % factor == 0) {
        m = factor;
        n = dimension / factor;
    } else {
        int64_t limit = factor < 0 ? dimension : factor;
        for (int64_t next = 2; m < n && next <= limit; next++) {
            if (dimension % next != 0)
                continue;
            if (next + dimension / next > m + n)
                break;
            m = next;
            n = dimension / next;
        }
    }
    *small = m < n ? m : n;
    *large = m < n ? n : m;
}

void lk_adapter_shape_lokr(LkAdapterShape *s, int64_t factor, bool both, bool full)
{
    int64_t right_out, right_in;
    lk_lokr_split(s->out, factor, &s->left_out, &right_out);
    lk_lokr_split(s->in, factor, &s->left_in, &right_in);
    int64_t left = s->left_out > s->left_in ? s->left_out : s->left_in;
    int64_t right = right_out > right_in ? right_out : right_in;
    s->left_whole = full || !both || 2 * (int64_t)s->dim >= left;
    s->right_whole = full || 2 * (int64_t)s->dim >= right;
}

int lk_part_file_shape(const LkAdapterShape *shape, const LkPart *part, int64_t dims[4])
{
    bool spatial = part->role == LK_PART_DOWN || part->role == LK_PART_LOKR_W2;
    bool four = shape->convolution && (spatial || part->role == LK_PART_UP || part->role == LK_PART_MAGNITUDE);
    int64_t kernel = part->taps > 1 ? shape->kernel : 1;
    dims[0] = part->rows;
    dims[1] = four ? part->channels : part->channels * part->taps;
    dims[2] = dims[3] = kernel;
    return four ? 4 : 2;
}

void lk_part_to_state(const LkPart *part, const float *file, float *state)
{
    if (part->taps == 1) {
        memcpy(state, file, (size_t)lk_part_elements(part) * sizeof *state);
        return;
    }
    for (int64_t r = 0; r < part->rows; r++)
        for (int64_t t = 0; t < part->taps; t++)
            for (int64_t c = 0; c < part->channels; c++)
                state[(r * part->taps + t) * part->channels + c] = file[(r * part->channels + c) * part->taps + t];
}

void lk_part_to_file(const LkPart *part, const float *state, float *file)
{
    if (part->taps == 1) {
        memcpy(file, state, (size_t)lk_part_elements(part) * sizeof *file);
        return;
    }
    for (int64_t r = 0; r < part->rows; r++)
        for (int64_t t = 0; t < part->taps; t++)
            for (int64_t c = 0; c < part->channels; c++)
                file[(r * part->channels + c) * part->taps + t] = state[(r * part->taps + t) * part->channels + c];
}
