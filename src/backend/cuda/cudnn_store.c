#include "backend/cuda/cudnn_store.h"

#include "base/buffer.h"
#include "base/file.h"
#include "base/hash.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MAX_FILE ((size_t)16 << 20)
#define MAX_AGE  ((time_t)60 * 24 * 3600)
#define MAGIC    "lorikeet-cudnn-plan 1"
#define SUFFIX   ".plan"

/** What cuDNN writes a descriptor as: malloc'ed, with a NUL behind it; NULL where it cannot. */
static char *represent(cudnnBackendDescriptor_t descriptor, cudnnBackendAttributeName_t attribute, size_t *size)
{
    int64_t n = 0;
    if (cudnnBackendGetAttribute(descriptor, attribute, CUDNN_TYPE_CHAR, 0, &n, NULL) || n <= 0 || (size_t)n > MAX_FILE)
        return NULL;
    char *text = malloc((size_t)n + 1);
    if (text && cudnnBackendGetAttribute(descriptor, attribute, CUDNN_TYPE_CHAR, n, &n, text)) {
        free(text);
        return NULL;
    }
    if (text)
        text[n] = '\0';
    *size = (size_t)n;
    return text;
}

/** A number for the card, its driver and the library; false where cuDNN does not say. */
static bool identify(const LkCudnn *cudnn, uint64_t *out)
{
    cudnnBackendDescriptor_t own = NULL;
    if (!cudnn->device &&
        (cudnnBackendCreateDescriptor(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR, &own) ||
         cudnnBackendSetAttribute(own, CUDNN_ATTR_DEVICEPROP_HANDLE, CUDNN_TYPE_HANDLE, 1, &cudnn->handle) ||
         cudnnBackendFinalize(own))) {
        if (own)
            cudnnBackendDestroyDescriptor(own);
        return false;
    }
    size_t size = 0;
    char *text = represent(own ? own : cudnn->device, CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, &size);
    if (text)
        *out = lk_hash64(text, size, cudnnGetVersion());
    free(text);
    if (own)
        cudnnBackendDestroyDescriptor(own);
    return text != NULL;
}

static bool is_plan(const char *name)
{
    size_t length = strlen(name), suffix = strlen(SUFFIX);
    return length > suffix && strcmp(name + length - suffix, SUFFIX) == 0;
}

/** Removes plans that nothing has asked for in a long time: of another card, another library, other pictures. */
static void clear_old(const char *folder)
{
    DIR *dir = opendir(folder);
    if (!dir)
        return;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        struct stat status;
        if (is_plan(entry->d_name) && fstatat(dirfd(dir), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(status.st_mode) && time(NULL) - status.st_mtime > MAX_AGE)
            (void)unlinkat(dirfd(dir), entry->d_name, 0);
    }
    closedir(dir);
}

bool lk_cudnn_store_open(LkCudnnStore *store, const LkCudnn *cudnn, const char *folder)
{
    LkError ignored = {0};
    if (strlen(folder) >= sizeof store->folder - 64 || !identify(cudnn, &store->card) ||
        !lk_make_folders(folder, &ignored))
        return false;
    snprintf(store->folder, sizeof store->folder, "%s", folder);
    clear_old(folder);
    return true;
}

static void path_of(const LkCudnnStore *store, const char *name, char *out, size_t size)
{
    snprintf(out, size, "%s/%016" PRIx64 "-%016" PRIx64 SUFFIX, store->folder, store->card,
             lk_hash64(name, strlen(name), 0));
}

/** The plan's text and its engine, where the file is whole and of that name; else NULL. */
static const char *parse(char *data, size_t size, const char *name, char **engine, size_t *text_size)
{
    unsigned long long sum = 0;
    int header = 0;
    if (sscanf(data, MAGIC " %16llx%n", &sum, &header) != 1 || data[header] != '\n')
        return NULL;
    char *body = data + header + 1, *line = strchr(body, '\n'), *text = line ? strchr(line + 1, '\n') : NULL;
    if (!text || lk_hash64(body, size - (size_t)(body - data), 0) != sum)
        return NULL;
    *line = *text = '\0';
    *engine = line + 1;
    *text_size = size - (size_t)(text + 1 - data);
    return strcmp(body, name) == 0 ? text + 1 : NULL;
}

/** Makes a plan of what cuDNN wrote. */
static cudnnBackendDescriptor_t restore(const LkCudnn *cudnn, const char *text, size_t size, int64_t *workspace)
{
    cudnnBackendDescriptor_t plan;
    int64_t got;
    if (cudnnBackendCreateDescriptor(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR, &plan))
        return NULL;
    cudnnStatus_t status = cudnn->device ? cudnnBackendSetAttribute(plan, CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP,
                                                                    CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &cudnn->device)
                                         : cudnnBackendSetAttribute(plan, CUDNN_ATTR_EXECUTION_PLAN_HANDLE,
                                                                    CUDNN_TYPE_HANDLE, 1, &cudnn->handle);
    if (!status)
        status = cudnnBackendSetAttribute(plan, CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION, CUDNN_TYPE_CHAR,
                                          (int64_t)size, text);
    if (!status)
        status = cudnnBackendFinalize(plan);
    if (!status)
        status = cudnnBackendGetAttribute(plan, CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, 1, &got,
                                          workspace);
    if (!status)
        return plan;
    cudnnBackendDestroyDescriptor(plan);
    return NULL;
}

bool lk_cudnn_store_load(const LkCudnnStore *store, const LkCudnn *cudnn, const char *name, LkCudnnChosen *out)
{
    char path[sizeof store->folder + 64], *data = NULL, *engine = NULL;
    size_t size = 0, text_size = 0;
    LkError ignored = {0};
    path_of(store, name, path, sizeof path);
    if (access(path, R_OK) != 0 || !lk_file_read(path, MAX_FILE, &data, &size, &ignored))
        return false;
    const char *text = parse(data, size, name, &engine, &text_size);
    LkCudnnChosen found = {0};
    if (text)
        found.plan = restore(cudnn, text, text_size, &found.workspace);
    if (found.plan) {
        snprintf(found.engine, sizeof found.engine, "%s", engine);
        (void)utimensat(AT_FDCWD, path, NULL, 0); /* used today */
        *out = found;
    }
    free(data);
    return found.plan != NULL;
}

void lk_cudnn_store_save(const LkCudnnStore *store, const char *name, const LkCudnnChosen *chosen)
{
    size_t size = 0;
    LkError ignored = {0};
    char path[sizeof store->folder + 64],
        *text = represent(chosen->plan, CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION, &size);
    if (!text)
        return;
    LkBuffer body = lk_buffer_init(MAX_FILE), file = lk_buffer_init(MAX_FILE);
    path_of(store, name, path, sizeof path);
    if (lk_buffer_printf(&body, &ignored, "%s\n%s\n", name, chosen->engine) &&
        lk_buffer_append(&body, text, size, &ignored) &&
        lk_buffer_printf(&file, &ignored, MAGIC " %016" PRIx64 "\n", lk_hash64(body.data, body.size, 0)) &&
        lk_buffer_append(&file, body.data, body.size, &ignored))
        (void)lk_file_replace(path, file.data, file.size, &ignored);
    lk_buffer_clear(&body);
    lk_buffer_clear(&file);
    free(text);
}
