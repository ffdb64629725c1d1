/* A list of plans by name: short enough that looking through it is nothing beside making one. */
#include "backend/cuda/cudnn_cache.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef struct Entry {
    struct Entry *next;
    LkCudnnPlan *plan;
    char key[];
} Entry;

struct LkCudnnCache {
    pthread_mutex_t lock;
    Entry *entries;
    LkCudnnStore store;
    bool stored;
};

LkCudnnCache *lk_cudnn_cache_new(const LkCudnn *cudnn, const char *folder)
{
    LkCudnnCache *cache = calloc(1, sizeof *cache);
    if (cache && pthread_mutex_init(&cache->lock, NULL) != 0) {
        free(cache);
        cache = NULL;
    }
    if (cache && folder)
        cache->stored = lk_cudnn_store_open(&cache->store, cudnn, folder);
    return cache;
}

const LkCudnnStore *lk_cudnn_cache_store(const LkCudnn *cudnn)
{
    return cudnn->cache && cudnn->cache->stored ? &cudnn->cache->store : NULL;
}

void lk_cudnn_cache_free(LkCudnnCache *cache)
{
    if (!cache)
        return;
    for (Entry *entry = cache->entries, *next; entry; entry = next) {
        next = entry->next;
        lk_cudnn_plan_free(entry->plan);
        free(entry);
    }
    pthread_mutex_destroy(&cache->lock);
    free(cache);
}

LkCudnnPlan *lk_cudnn_cache_find(const LkCudnn *cudnn, const char *key)
{
    if (!cudnn->cache)
        return NULL;
    LkCudnnPlan *found = NULL;
    pthread_mutex_lock(&cudnn->cache->lock);
    for (const Entry *entry = cudnn->cache->entries; entry && !found; entry = entry->next)
        if (strcmp(entry->key, key) == 0)
            found = entry->plan;
    if (found)
        lk_cudnn_plan_use(found);
    pthread_mutex_unlock(&cudnn->cache->lock);
    return found;
}

LkCudnnPlan *lk_cudnn_cache_keep(const LkCudnn *cudnn, const char *key, LkCudnnPlan *plan)
{
    size_t size = strlen(key) + 1;
    Entry *entry = cudnn->cache && plan ? malloc(sizeof *entry + size) : NULL;
    if (!entry)
        return plan;
    memcpy(entry->key, key, size);
    entry->plan = plan;
    pthread_mutex_lock(&cudnn->cache->lock);
    lk_cudnn_plan_use(plan);
    entry->next = cudnn->cache->entries;
    cudnn->cache->entries = entry;
    pthread_mutex_unlock(&cudnn->cache->lock);
    return plan;
}
