/* The CPU as a device. */
#include "backend/cpu/device.h"
#include "backend/cpu/cpu.h"
#include "backend/cpu/program.h"

#include "base/parallel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool lk_cpu_status(dnnl_status_t status, const char *what, LkError *error)
{
    if (status == dnnl_success)
        return true;
    static const char *const words[] = {"success",       "out of memory", "invalid arguments", "unimplemented",
                                        "last iterator", "runtime error", "not required",      "invalid graph"};
    const char *word = (size_t)status < sizeof words / sizeof *words ? words[status] : "unknown";
    return lk_fail(error, status == dnnl_out_of_memory ? LK_ERROR_MEMORY : LK_ERROR_DEVICE,
                   "oneDNN could not do its part (%s): %s.", what, word);
}

dnnl_data_type_t lk_cpu_data_type(LkDType dtype)
{
    static const dnnl_data_type_t types[LK_DTYPE_COUNT] = {dnnl_f32, dnnl_bf16, dnnl_f16, dnnl_f64,
                                                           dnnl_s32, dnnl_u8,   dnnl_u8};
    return types[dtype];
}

static const char *isa_name(dnnl_cpu_isa_t isa)
{
    if (isa >= dnnl_cpu_isa_avx512_core_bf16)
        return isa >= dnnl_cpu_isa_avx512_core_amx ? "AMX" : "AVX-512 with bfloat16";
    if (isa >= dnnl_cpu_isa_avx512_core)
        return "AVX-512";
    return isa >= dnnl_cpu_isa_avx2 ? "AVX2" : "SSE4.1";
}

/** Reads the value after the first line of a /proc file that starts with `key`. */
static bool read_line(const char *path, const char *key, char *value, size_t size)
{
    FILE *file = fopen(path, "re");
    char line[512];
    bool found = false;
    while (file && !found && fgets(line, sizeof line, file)) {
        char *colon = strchr(line, ':');
        if (strncmp(line, key, strlen(key)) != 0 || !colon)
            continue;
        const char *start = colon + 1 + strspn(colon + 1, " \t");
        snprintf(value, size, "%.*s", (int)strcspn(start, "\n"), start);
        found = true;
    }
    if (file)
        fclose(file);
    return found;
}

static int64_t read_kilobytes(const char *key)
{
    char value[64];
    return read_line("/proc/meminfo", key, value, sizeof value) ? strtoll(value, NULL, 10) * 1024 : 0;
}

static int devices(LkDeviceInfo *out, int max, LkError *error)
{
    (void)error;
    if (max < 1)
        return 1;
    const dnnl_version_t *version = dnnl_version();
    dnnl_cpu_isa_t isa = dnnl_get_effective_cpu_isa();
    *out = (LkDeviceInfo){.memory_bytes = read_kilobytes("MemTotal"),
                          .free_bytes = read_kilobytes("MemAvailable"),
                          .bf16 = isa >= dnnl_cpu_isa_avx512_core_bf16,
                          .threads = lk_parallel_threads()};
    if (!read_line("/proc/cpuinfo", "model name", out->name, sizeof out->name))
        snprintf(out->name, sizeof out->name, "CPU");
    snprintf(out->detail, sizeof out->detail, "%s, oneDNN %d.%d.%d, kernels for %s", isa_name(isa), version->major,
             version->minor, version->patch, lk_kernel_isa());
    return 1;
}

static void close_device(LkDevice *device)
{
    if (!device)
        return;
    lk_cpu_weights_trim(device, true);
    lk_held_states_free(&device->held.states, device, &lk_cpu_state_memory);
    lk_cpu_memory_free(device->held.arena, (size_t)device->held.arena_bytes);
    dnnl_primitive_attr_destroy(device->attr);
    dnnl_stream_destroy(device->stream);
    dnnl_engine_destroy(device->engine);
    free(device);
}

static LkDevice *open_device(int index, int threads, LkError *error)
{
    if (index != 0) {
        lk_fail(error, LK_ERROR_USAGE, "There is only one CPU device.");
        return NULL;
    }
    LkDevice *device = calloc(1, sizeof *device);
    if (!device) {
        lk_fail(error, LK_ERROR_MEMORY, "There is not enough memory to open the device.");
        return NULL;
    }
    if (threads > 0)
        lk_parallel_set_threads(threads);
    device->threads = lk_parallel_threads();
    dnnl_status_t status = dnnl_engine_create(&device->engine, dnnl_cpu, 0);
    if (status == dnnl_success)
        status = dnnl_stream_create(&device->stream, device->engine, dnnl_stream_default_flags);
    if (status == dnnl_success)
        status = dnnl_primitive_attr_create(&device->attr);
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_scratchpad_mode(device->attr, dnnl_scratchpad_mode_user);
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_deterministic(device->attr, 1);
    if (!lk_cpu_status(status, "opening the device", error)) {
        close_device(device);
        return NULL;
    }
    return device;
}

static bool reserve(LkDevice *device, int64_t bytes, LkError *error)
{
    if (bytes > 0 && bytes <= device->held.arena_bytes)
        return true;
    lk_cpu_memory_free(device->held.arena, (size_t)device->held.arena_bytes);
    device->held.arena = bytes > 0 ? lk_cpu_memory_new_large((size_t)bytes) : NULL;
    device->held.arena_bytes = device->held.arena ? bytes : 0;
    if (!device->held.arena && bytes > 0)
        return lk_fail(error, LK_ERROR_MEMORY, "There is not enough memory for the activations (%lld bytes).",
                       (long long)bytes);
    return true;
}

static int64_t planned_host(const LkDevice *device)
{
    (void)device;
    return 0;
}

static void trim(LkDevice *device)
{
    lk_cpu_weights_trim(device, false);
}

static int64_t allocated(const LkDevice *device)
{
    return device->held.arena_bytes + device->weight_bytes + device->state_bytes;
}

const LkBackend *lk_cpu_backend(void)
{
    static const LkBackend backend = {.version = LK_BACKEND_VERSION,
                                      .name = "cpu",
                                      .devices = devices,
                                      .open = open_device,
                                      .close = close_device,
                                      .compile = lk_cpu_compile,
                                      .needs = lk_program_needs,
                                      .weight_bytes = lk_program_weight_bytes,
                                      .state_bytes = lk_program_state_bytes,
                                      .planned_weights = lk_cpu_planned_weights,
                                      .planned_host = planned_host,
                                      .reserve = reserve,
                                      .bind = lk_cpu_bind,
                                      .write = lk_cpu_write,
                                      .read = lk_cpu_read,
                                      .run = lk_cpu_run,
                                      .measure = lk_cpu_measure,
                                      .program_free = lk_cpu_program_free,
                                      .trim = trim,
                                      .allocated = allocated};
    return &backend;
}
