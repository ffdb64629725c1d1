#include "update.h"

#include "training/lora_setup.h"

#include <string.h>

/* As make_case.py calls them. */
static const struct {
    const char *name;
    LkOptimizerType type;
} optimizers[] = {{"adamw", LK_OPTIMIZER_ADAMW},     {"adam", LK_OPTIMIZER_ADAM},
                  {"sgd", LK_OPTIMIZER_SGD},         {"lion", LK_OPTIMIZER_LION},
                  {"prodigy", LK_OPTIMIZER_PRODIGY}, {"adafactor", LK_OPTIMIZER_ADAFACTOR}};

LkOptimizerType update_optimizer(const Case *c)
{
    const char *name = yyjson_get_str(yyjson_obj_get(yyjson_obj_get(c->root, "optimizer"), "name"));
    for (size_t i = 0; name && i < G_N_ELEMENTS(optimizers); i++)
        if (strcmp(name, optimizers[i].name) == 0)
            return optimizers[i].type;
    return LK_OPTIMIZER_ADAMW;
}

static bool flag(const Case *c, const char *name)
{
    return yyjson_is_true(yyjson_obj_get(yyjson_obj_get(c->root, "optimizer"), name));
}

/** Options that the case sets, over the optimizer's defaults. Adafactor follows the learning rate. */
static LkOptimizerOptions options_of(const Case *c)
{
    LkOptimizerType type = update_optimizer(c);
    LkOptimizerOptions o = lk_optimizer(type)->defaults;
    o.weight_decay = case_number(c, "optimizer.weight_decay", 0.01);
    if (type == LK_OPTIMIZER_ADAFACTOR) {
        o.scale_parameter = o.relative_step = false;
        return o;
    }
    o.beta1 = case_number(c, "optimizer.beta1", o.beta1);
    o.beta2 = case_number(c, "optimizer.beta2", o.beta2);
    o.eps = case_number(c, "optimizer.eps", o.eps);
    o.momentum = case_number(c, "optimizer.momentum", o.momentum);
    o.nesterov = flag(c, "nesterov");
    o.d_coef = case_number(c, "optimizer.d_coef", o.d_coef);
    o.use_bias_correction = flag(c, "bias_correction");
    o.safeguard_warmup = flag(c, "safeguard_warmup");
    return o;
}

static bool write_array(const Case *c, const LkBackend *api, LkProgram *program, const LkUpdateArray *a,
                        const float *initial, LkError *error)
{
    size_t bytes = (size_t)a->count * lk_dtype_size(a->dtype);
    g_autofree float *data = g_malloc0(bytes);
    if (a->is_weights)
        memcpy(data, initial, bytes);
    if (a->kind == LK_ARRAY_CARRY)
        data[LK_CARRY_D] = data[LK_CARRY_D_MAX] = (float)options_of(c).d0;
    return api->write(program, a->ref, data, bytes, error);
}

bool update_begin(const Case *c, const LkBackend *api, LkProgram *program, const LkUpdateGraph *u, const float *initial,
                  LkError *error)
{
    bool ok = true;
    for (int i = 0; ok && i < u->n_arrays; i++)
        ok = write_array(c, api, program, &u->arrays[i], initial, error);
    if (ok && u->table != LK_NONE)
        ok = api->write(program, u->table, u->matrices, (size_t)u->n_matrices * LK_MATRIX_COUNT * sizeof *u->matrices,
                        error);
    return ok;
}

/** Learning rate of a group at a step, from the case's log. */
static double learning_rate(const Case *c, int step, int group)
{
    yyjson_val *rates = yyjson_obj_get(yyjson_obj_get(c->root, "steps"), "lr");
    yyjson_val *rate = yyjson_obj_get(yyjson_arr_get(rates, (size_t)step), group == LK_GROUP_UNET ? "unet" : "te");
    return yyjson_is_num(rate) ? yyjson_get_num(rate) : 0;
}

bool update_run(const Case *c, const LkBackend *api, LkProgram *program, const LkUpdateGraph *u, const LkLora *lora,
                int step, float clip[2], LkError *error)
{
    float scalars[LK_SCALAR_COUNT] = {[LK_SCALAR_LOSS_SCALE] = 1, [LK_SCALAR_GRADIENT_SCALE] = 1 / c->loss_scale};
    LkOptimizerOptions options = options_of(c);
    bool idle = true; /* the first step, of every group */
    for (int group = 0; group < lk_lora_group_count(lora); group++)
        idle = idle && learning_rate(c, 0, lk_lora_group(lora, group)->side) == 0;
    const int64_t number = lk_optimizer_steps(update_optimizer(c), step + 1, idle);
    for (int group = 0; group < lk_lora_group_count(lora); group++)
        lk_optimizer_scalars(update_optimizer(c), &options, number,
                             learning_rate(c, step, lk_lora_group(lora, group)->side), 1,
                             scalars + LK_SCALAR_GROUPS + group * LK_SCALAR_GROUP_SIZE);
    return api->write(program, u->scalars, scalars, sizeof scalars, error) && api->run(program, error) &&
           api->read(program, u->clip, clip, 8, error);
}
