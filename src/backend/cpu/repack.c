/* Weights that a run brings into the arena, in the layout that oneDNN chose: that of a weight which is kept packed, so
 * that the same primitive computes the same bytes. */
#include "backend/cpu/cpu.h"

bool lk_cpu_repack_init(LkRepack *repack, LkDevice *device, const_dnnl_memory_desc_t from, const_dnnl_memory_desc_t to,
                        LkError *error)
{
    dnnl_primitive_desc_t desc = NULL;
    dnnl_status_t status = dnnl_reorder_primitive_desc_create(&desc, from, device->engine, to, device->engine, NULL);
    if (status == dnnl_success)
        status = dnnl_primitive_create(&repack->primitive, desc);
    if (status == dnnl_success)
        status = dnnl_memory_create(&repack->from, from, device->engine, DNNL_MEMORY_NONE);
    if (status == dnnl_success)
        status = dnnl_memory_create(&repack->to, to, device->engine, DNNL_MEMORY_NONE);
    repack->bytes = dnnl_memory_desc_get_size(to);
    dnnl_primitive_desc_destroy(desc);
    return lk_cpu_status(status, "preparing to pack a weight", error);
}

void lk_cpu_repack_clear(LkRepack *repack)
{
    dnnl_primitive_destroy(repack->primitive);
    dnnl_memory_destroy(repack->from);
    dnnl_memory_destroy(repack->to);
    *repack = (LkRepack){0};
}

bool lk_cpu_repack_bind(LkRepack *repack, void *from, void *to, LkError *error)
{
    dnnl_status_t status = dnnl_memory_set_data_handle(repack->from, from);
    if (status == dnnl_success)
        status = dnnl_memory_set_data_handle(repack->to, to);
    return lk_cpu_status(status, "placing a weight", error);
}

bool lk_cpu_repack_run(const LkRepack *repack, LkDevice *device, LkError *error)
{
    dnnl_exec_arg_t args[2] = {{DNNL_ARG_FROM, repack->from}, {DNNL_ARG_TO, repack->to}};
    return repack->bytes == 0 ||
           lk_cpu_status(dnnl_primitive_execute(repack->primitive, device->stream, 2, args), "packing a weight", error);
}
