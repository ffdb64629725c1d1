#include "backend/prepared.h"

bool lk_prepare(LkPrepared *prepared, const LkBackend *api, LkDevice *device, const LkGraph *graph, LkError *error)
{
    *prepared = (LkPrepared){.api = api, .device = device};
    prepared->program = api->compile(device, graph, error);
    if (prepared->program)
        prepared->plan = lk_plan_new(graph, api->needs(prepared->program), error);
    if (!prepared->plan)
        lk_prepared_clear(prepared);
    return prepared->plan != NULL;
}

bool lk_prepared_bind(LkPrepared *const *prepared, int count, const LkWeightSource *source, LkError *error)
{
    int64_t arena = 0;
    for (int i = 0; i < count; i++)
        arena = prepared[i]->plan->arena_bytes > arena ? prepared[i]->plan->arena_bytes : arena;
    if (count > 0 && !prepared[0]->api->reserve(prepared[0]->device, arena, error))
        return false;
    for (int i = 0; i < count; i++)
        if (!prepared[i]->api->bind(prepared[i]->program, prepared[i]->plan, source, error))
            return false;
    return true;
}

void lk_prepared_clear(LkPrepared *prepared)
{
    if (prepared->program)
        prepared->api->program_free(prepared->program);
    lk_plan_free(prepared->plan);
    *prepared = (LkPrepared){0};
}
