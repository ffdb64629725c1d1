#include "adapter/lora.h"

#include "base/hash.h"
#include "base/philox.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGN = 32 }; /* elements: parts begin on a cache line in every type */

struct LkLora {
    LkLoraModule *modules;
    int count, capacity;
    LkLoraGroup groups[LK_LORA_MAX_GROUPS];
    int n_groups;
    int64_t elements;
};

LkLora *lk_lora_new(void)
{
    return calloc(1, sizeof(LkLora));
}

void lk_lora_free(LkLora *lora)
{
    if (!lora)
        return;
    for (int i = 0; i < lora->count; i++) {
        free((char *)(uintptr_t)lora->modules[i].name);
        free((char *)(uintptr_t)lora->modules[i].layer);
    }
    free(lora->modules);
    free(lora);
}

/** The group of this side and rate, made if missing; -1 where there is no room. */
static int group_of(LkLora *lora, int side, double rate)
{
    for (int i = 0; i < lora->n_groups; i++)
        if (lora->groups[i].side == side && lora->groups[i].rate == rate)
            return i;
    if (lora->n_groups == LK_LORA_MAX_GROUPS)
        return -1;
    lora->groups[lora->n_groups] = (LkLoraGroup){.side = side, .rate = rate};
    return lora->n_groups++;
}

int64_t lk_lora_part_span(const LkLoraModule *module, int part)
{
    return (lk_part_elements(&module->parts[part]) + ALIGN - 1) / ALIGN * ALIGN;
}

/** The end of those after each other that belong to one layer of layers: to_q, to_k and to_v of "…attn1". */
static int siblings_end(const LkLora *lora, int first)
{
    const char *name = lora->modules[first].layer, *dot = strrchr(name, '.');
    size_t length = dot ? (size_t)(dot - name) + 1 : 0;
    int end = first + 1;
    while (end < lora->count && strncmp(lora->modules[end].layer, name, length) == 0 &&
           !strchr(lora->modules[end].layer + length, '.'))
        end++;
    return end;
}

/** Gives every part its place: group by group, in each by module. The down matrices of siblings come before their other
 * parts: where they read the same they lie one under the other and are one factor (lk_lora_begin). */
static void arrange(LkLora *lora)
{
    int64_t place[LK_LORA_MAX_GROUPS + 1] = {0};
    for (int i = 0; i < lora->count; i++)
        for (int p = 0; p < lora->modules[i].n_parts; p++)
            place[lora->modules[i].groups[p] + 1] += lk_lora_part_span(&lora->modules[i], p);
    for (int group = 0; group < lora->n_groups; group++)
        place[group + 1] += place[group];
    lora->elements = place[lora->n_groups];
    for (int first = 0, end; first < lora->count; first = end) {
        end = siblings_end(lora, first);
        for (int others = 0; others < 2; others++)
            for (int i = first; i < end; i++)
                for (int p = 0; p < lora->modules[i].n_parts; p++) {
                    LkLoraModule *m = &lora->modules[i];
                    if ((m->parts[p].role != LK_PART_DOWN) != others)
                        continue;
                    m->at[p] = place[m->groups[p]];
                    place[m->groups[p]] += lk_lora_part_span(m, p);
                }
    }
}

/** What a module is made of and which groups that is in. */
static bool describe(LkLora *lora, LkLoraModule *m)
{
    bool grouped = true;
    m->n_parts = lk_adapter_parts(&m->shape, m->parts);
    m->rate = m->rate == 0 ? 1 : m->rate;
    m->plus_rate = m->plus_rate == 0 ? 1 : m->plus_rate;
    for (int p = 0; p < m->n_parts; p++) {
        bool plus = m->parts[p].role == LK_PART_UP;
        m->groups[p] = group_of(lora, m->side, plus ? m->rate * m->plus_rate : m->rate);
        grouped = grouped && m->groups[p] >= 0;
    }
    return grouped;
}

bool lk_lora_add(LkLora *lora, const LkLoraModule *like)
{
    if (lora->count == lora->capacity) {
        int wanted = lora->capacity ? lora->capacity * 2 : 64;
        LkLoraModule *larger = realloc(lora->modules, (size_t)wanted * sizeof *larger);
        if (!larger)
            return false;
        lora->modules = larger;
        lora->capacity = wanted;
    }
    LkLoraModule module = *like;
    module.name = strdup(like->name);
    module.layer = strdup(like->layer);
    if (!module.name || !module.layer || !describe(lora, &module)) {
        free((char *)(uintptr_t)module.name);
        free((char *)(uintptr_t)module.layer);
        return false;
    }
    lora->modules[lora->count++] = module;
    arrange(lora);
    return true;
}

int lk_lora_count(const LkLora *lora)
{
    return lora->count;
}

const LkLoraModule *lk_lora_at(const LkLora *lora, int index)
{
    return &lora->modules[index];
}

int lk_lora_index(const LkLora *lora, const LkLoraModule *module)
{
    return (int)(module - lora->modules);
}

const LkLoraModule *lk_lora_find_layer(const LkLora *lora, const char *layer)
{
    for (int i = 0; i < lora->count; i++)
        if (strcmp(lora->modules[i].layer, layer) == 0)
            return &lora->modules[i];
    return NULL;
}

const LkLoraModule *lk_lora_find_name(const LkLora *lora, const char *name)
{
    for (int i = 0; i < lora->count; i++)
        if (strcmp(lora->modules[i].name, name) == 0)
            return &lora->modules[i];
    return NULL;
}

int lk_lora_group_count(const LkLora *lora)
{
    return lora->n_groups;
}

const LkLoraGroup *lk_lora_group(const LkLora *lora, int index)
{
    return &lora->groups[index];
}

int64_t lk_lora_elements(const LkLora *lora)
{
    return lora->elements;
}

/** How a part begins: uniform in ±1/sqrt(columns) (kaiming_uniform with a = sqrt 5, as PyTorch's Linear), normal, one
 * or zero. */
typedef struct Start {
    bool uniform;
    double deviation, constant;
} Start;

static Start start_of(LkPartRole role)
{
    switch (role) {
    case LK_PART_DOWN:
    case LK_PART_LOKR_W1:
    case LK_PART_LOKR_W1_A:
    case LK_PART_LOKR_W1_B:
    case LK_PART_LOKR_W2_A:
        return (Start){.uniform = true};
    case LK_PART_HADA_W1_A:
        return (Start){.deviation = 0.1};
    case LK_PART_HADA_W1_B:
    case LK_PART_HADA_W2_B:
        return (Start){.deviation = 1};
    case LK_PART_MAGNITUDE:
        return (Start){.constant = 1};
    default:
        return (Start){0};
    }
}

static void initialise_part(const LkLoraModule *m, int p, LkRandom stream, uint64_t first, float *state)
{
    Start start = start_of(m->parts[p].role);
    int64_t count = lk_part_elements(&m->parts[p]);
    float *to = state + m->at[p];
    double bound = 1 / sqrt((double)(m->parts[p].channels * m->parts[p].taps));
    if (start.deviation > 0)
        lk_random_normal(stream, first, to, (size_t)count);
    for (int64_t k = 0; k < count; k++) {
        double u = start.uniform ? 2 * lk_random_uniform(stream, first + (uint64_t)k) - 1 : 0;
        to[k] = (float)(start.constant + bound * u + start.deviation * (double)to[k]);
    }
}

void lk_lora_initialise(const LkLora *lora, uint64_t seed, float *state)
{
    memset(state, 0, (size_t)lora->elements * sizeof *state);
    for (int i = 0; i < lora->count; i++) {
        const LkLoraModule *m = &lora->modules[i];
        /* Named streams: a module starts alike whichever other modules are trained. */
        uint64_t key = lk_hash64(m->name, strlen(m->name), seed), first = 0;
        LkRandom stream = {.seed = key, .purpose = LK_RANDOM_INIT};
        for (int p = 0; p < m->n_parts; p++) {
            initialise_part(m, p, stream, first, state);
            first += (uint64_t)((lk_part_elements(&m->parts[p]) + 3) / 4 * 4);
        }
    }
}
