#include "tensor/optimizer_ops.h"

static int64_t count_of(const LkGraph *graph, LkRef ref)
{
    return lk_tensor_count(lk_graph_tensor(graph, ref));
}

static bool is(const LkGraph *graph, LkRef ref, LkDType dtype, int64_t count)
{
    return ref != LK_NONE && lk_graph_tensor(graph, ref)->dtype == dtype && count_of(graph, ref) == count;
}

/** Whether p, g, clip and scalars fit; else the graph has a problem. */
static bool check(LkGraph *graph, const LkOptimizerRefs *o)
{
    bool good = o->p != LK_NONE && is(graph, o->p, LK_F32, count_of(graph, o->p)) &&
                is(graph, o->g, LK_F32, count_of(graph, o->p)) && is(graph, o->clip, LK_F32, 2) &&
                is(graph, o->scalars, LK_F32, LK_SCALAR_COUNT) && o->group >= 0 && o->group < LK_SCALAR_MAX_GROUPS;
    if (!good)
        lk_graph_problem(graph, "an optimizer whose weights, gradient or scalars do not fit");
    return good;
}

/** Whether all states (up to LK_NONE) are f32 like p. */
static bool check_states(LkGraph *graph, const LkOptimizerRefs *o, const LkRef *states, int n)
{
    bool good = check(graph, o);
    for (int i = 0; good && i < n; i++)
        good = is(graph, states[i], LK_F32, count_of(graph, o->p)) ||
               (lk_graph_problem(graph, "an optimizer whose state does not fit its weights"), false);
    return good;
}

void lk_sgd(LkGraph *graph, const LkOptimizerRefs *o, LkRef m)
{
    LkRef in[5] = {o->p, o->g, m, o->clip, o->scalars}, out[2] = {o->p, m};
    LkAttributes attr = {.group = o->group};
    if (check_states(graph, o, &m, 1))
        lk_graph_append(graph, LK_OP_SGD, &attr, 5, in, 2, out);
}

void lk_lion(LkGraph *graph, const LkOptimizerRefs *o, LkRef m)
{
    LkRef in[5] = {o->p, o->g, m, o->clip, o->scalars}, out[2] = {o->p, m};
    LkAttributes attr = {.group = o->group};
    if (check_states(graph, o, &m, 1))
        lk_graph_append(graph, LK_OP_LION, &attr, 5, in, 2, out);
}

void lk_schedule_free(LkGraph *graph, const LkOptimizerRefs *o, LkRef z, LkRef v)
{
    LkRef states[2] = {z, v}, in[6] = {o->p, o->g, z, v, o->clip, o->scalars}, out[3] = {o->p, z, v};
    LkAttributes attr = {.group = o->group};
    if (check_states(graph, o, states, 2))
        lk_graph_append(graph, LK_OP_SCHEDULE_FREE, &attr, 6, in, 3, out);
}

/** Whether codes and scales of 8 bits fit. */
static bool check_8bit(LkGraph *graph, const LkOptimizerRefs *o, LkRef codes, LkRef scale)
{
    if (!check(graph, o))
        return false;
    int64_t count = count_of(graph, o->p);
    return (is(graph, codes, LK_I32, (count + 3) / 4) &&
            is(graph, scale, LK_F32, (count + LK_QUANTUM - 1) / LK_QUANTUM)) ||
           (lk_graph_problem(graph, "an optimizer of 8 bits whose codes or scales do not fit"), false);
}

void lk_adamw_8bit(LkGraph *graph, const LkOptimizerRefs *o, LkRef m, LkRef v, LkRef m_scale, LkRef v_scale)
{
    LkRef in[8] = {o->p, o->g, m, v, m_scale, v_scale, o->clip, o->scalars}, out[5] = {o->p, m, v, m_scale, v_scale};
    LkAttributes attr = {.group = o->group};
    if (check_8bit(graph, o, m, m_scale) && check_8bit(graph, o, v, v_scale))
        lk_graph_append(graph, LK_OP_ADAMW_8BIT, &attr, 8, in, 5, out);
}

void lk_lion_8bit(LkGraph *graph, const LkOptimizerRefs *o, LkRef m, LkRef m_scale)
{
    LkRef in[6] = {o->p, o->g, m, m_scale, o->clip, o->scalars}, out[3] = {o->p, m, m_scale};
    LkAttributes attr = {.group = o->group};
    if (check_8bit(graph, o, m, m_scale))
        lk_graph_append(graph, LK_OP_LION_8BIT, &attr, 6, in, 3, out);
}

static bool check_carry(LkGraph *graph, LkRef carry)
{
    return is(graph, carry, LK_F32, LK_CARRY_COUNT) ||
           (lk_graph_problem(graph, "an optimizer whose carried numbers do not fit"), false);
}

void lk_adapt_gather(LkGraph *graph, const LkOptimizerRefs *o, LkRef m, LkRef v, LkRef s, LkRef first, LkRef carry,
                     int slot)
{
    bool dadapt = first == LK_NONE;
    LkRef states[4] = {m, v, s, first}, out[4] = {m, v, s, carry};
    LkRef in[9] = {o->p, o->g, m, v, s, carry, o->clip, o->scalars, first};
    LkAttributes attr = {.group = o->group, .dadapt = dadapt, .begin = slot};
    if (slot < 0 || slot >= LK_CARRY_SLOTS)
        lk_graph_problem(graph, "more stretches than an optimizer has slots");
    else if (check_states(graph, o, states, dadapt ? 3 : 4) && check_carry(graph, carry))
        lk_graph_append(graph, LK_OP_ADAPT_GATHER, &attr, dadapt ? 8 : 9, in, 4, out);
}

void lk_adapt_settle(LkGraph *graph, const LkOptimizerRefs *o, LkRef carry, bool dadapt)
{
    LkRef in[3] = {carry, o->clip, o->scalars};
    LkAttributes attr = {.group = o->group, .dadapt = dadapt};
    if (check_carry(graph, carry))
        lk_graph_append(graph, LK_OP_ADAPT_SETTLE, &attr, 3, in, 1, &carry);
}

void lk_adapt_apply(LkGraph *graph, const LkOptimizerRefs *o, LkRef m, LkRef v, LkRef carry, bool dadapt)
{
    LkRef states[2] = {m, v}, in[6] = {o->p, m, v, carry, o->clip, o->scalars}, p = o->p;
    LkAttributes attr = {.group = o->group, .dadapt = dadapt};
    LkOptimizerRefs without_gradient = *o;
    without_gradient.g = o->p;
    if (check_states(graph, &without_gradient, states, 2) && check_carry(graph, carry))
        lk_graph_append(graph, LK_OP_ADAPT_APPLY, &attr, 6, in, 1, &p);
}

void lk_adafactor(LkGraph *graph, const LkOptimizerRefs *o, LkRef rows, LkRef columns, LkRef table)
{
    LkRef in[7] = {o->p, o->g, rows, columns, table, o->clip, o->scalars}, out[3] = {o->p, rows, columns};
    LkAttributes attr = {.group = 0};
    bool good = check(graph, o) && rows != LK_NONE && columns != LK_NONE && table != LK_NONE &&
                lk_graph_tensor(graph, table)->dtype == LK_I32 && count_of(graph, table) % LK_MATRIX_COUNT == 0;
    if (good)
        lk_graph_append(graph, LK_OP_ADAFACTOR, &attr, 7, in, 3, out);
    else
        lk_graph_problem(graph, "an optimizer of matrices whose table does not fit");
}

void lk_ema(LkGraph *graph, LkRef e, LkRef p, LkRef scalars, LkRef clip)
{
    LkRef in[4] = {e, p, scalars, clip};
    LkAttributes attr = {0};
    if (e == LK_NONE || p == LK_NONE || !is(graph, e, LK_F32, count_of(graph, p)))
        lk_graph_problem(graph, "an average that does not fit its weights");
    else
        lk_graph_append(graph, LK_OP_EMA, &attr, clip == LK_NONE ? 3 : 4, in, 1, &e);
}
