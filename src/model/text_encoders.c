#include "model/text_encoders.h"

#include "model/clip.h"
#include "text/clip_tokenizer.h"

#include <string.h>

int64_t lk_arch_context(const LkModelArch *arch)
{
    int64_t width = 0;
    for (int i = 0; i < arch->n_texts; i++)
        width += arch->texts[i].width;
    return width;
}

int64_t lk_arch_pooled(const LkModelArch *arch)
{
    return arch->n_texts > 0 ? arch->texts[arch->n_texts - 1].projection : 0;
}

int64_t lk_text_length(const LkModelArch *arch, int chunks)
{
    return (arch->texts[0].positions - 2) * chunks + 2;
}

int64_t lk_text_rows_count(const LkModelArch *arch, int64_t batch, int chunks)
{
    return batch * batch * chunks * arch->texts[0].positions;
}

void lk_text_rows(const LkModelArch *arch, const int32_t *ids, int64_t batch, int chunks, float *rows)
{
    int64_t positions = arch->texts[0].positions, caption = positions * chunks;
    memset(rows, 0, (size_t)lk_text_rows_count(arch, batch, chunks) * sizeof *rows);
    for (int64_t n = 0; n < batch; n++) {
        int64_t end = 0;
        while (end < positions - 1 && ids[n * caption + end] != LK_CLIP_EOS)
            end++;
        rows[n * batch * caption + n * caption + end] = 1;
    }
}

LkTextEncoders lk_text_encoders_build(LkBuilder *builder, const LkModelArch *arch, int64_t batch, int chunks,
                                      int clip_skip)
{
    LkGraph *graph = builder->graph;
    LkTextEncoders out = {.ids = {LK_NONE, LK_NONE}, .rows = LK_NONE, .states = LK_NONE, .pooled = LK_NONE};
    LkRef rows = LK_NONE;
    if (lk_arch_pooled(arch)) {
        int64_t shape[2] = {batch, batch * chunks * arch->texts[0].positions};
        rows = out.rows = lk_graph_input(graph, "rows to pool", LK_F32, 2, shape);
        if (graph->compute != LK_F32)
            rows = lk_cast(graph, rows, graph->compute);
    }
    for (int i = 0; i < arch->n_texts; i++) {
        const LkTextArch *text = &arch->texts[i];
        int64_t shape[2] = {batch * chunks, text->positions};
        out.ids[i] = lk_graph_input(graph, i == 0 ? "tokens" : "tokens of the second encoder", LK_I32, 2, shape);
        LkClipStates states = lk_clip_build(builder, text, out.ids[i], rows, chunks, clip_skip);
        out.states = i == 0 ? states.states : lk_concat(graph, out.states, states.states);
        out.pooled = states.pooled;
    }
    return out;
}
