#include "training/latents.h"

#include "base/parallel.h"
#include "dataset/picture.h"
#include "format/gerror.h"
#include "model/vae.h"

#include <glib/gi18n.h>
#include <math.h>

enum { CHANNELS = 8 }; /* moments of a latent pixel */

typedef struct Entry {
    LkCacheKey key;
    guint picture;
    bool flipped, missing;
} Entry;

struct LkLatents {
    const LkDataset *dataset;
    LkLatentCache *cache;
    LkCheckpoint *checkpoint;
    int factor;            /* pixels of the picture per latent pixel */
    Entry *entries;        /* two a picture: as it is, and mirrored */
    uint8_t (*hashes)[32]; /* of the pictures' files */
    guint n_missing;
};

static const LkDatasetPicture *picture_at(const LkLatents *latents, guint index)
{
    return g_ptr_array_index(latents->dataset->pictures, index);
}

void lk_latents_size(const LkLatents *latents, guint picture, int *height, int *width)
{
    LkSize size = picture_at(latents, picture)->fit.bucket;
    *height = size.height / latents->factor;
    *width = size.width / latents->factor;
}

static bool all_finite(const float *values, gsize count)
{
    bool finite = true;
    for (gsize i = 0; i < count; i++)
        finite &= isfinite(values[i]) != 0;
    return finite;
}

/** Reads an entry of the cache. False where it is not there, or holds what no picture gives. */
static bool read_moments(const LkLatents *latents, const Entry *entry, float *moments)
{
    int height, width;
    lk_latents_size(latents, entry->picture, &height, &width);
    return lk_latent_cache_get_moments(latents->cache, &entry->key, height, width, CHANNELS, moments) &&
           all_finite(moments, (gsize)height * (gsize)width * CHANNELS);
}

static bool is_cached(const LkLatents *latents, const Entry *entry)
{
    int height, width;
    lk_latents_size(latents, entry->picture, &height, &width);
    g_autofree float *moments = g_new(float, (gsize)height *(gsize)width *CHANNELS);
    return read_moments(latents, entry, moments);
}

LkLatents *lk_latents_new(const LkDataset *dataset, LkLatentCache *cache, LkCheckpoint *checkpoint, const char *device,
                          GError **error)
{
    g_autoptr(LkLatents) latents = g_new0(LkLatents, 1);
    g_autofree char *weights = lk_checkpoint_identity(checkpoint, "first_stage_model.");
    g_autofree char *identity = g_strconcat(weights, " f32 ", device, NULL);
    latents->dataset = dataset;
    latents->cache = cache;
    latents->checkpoint = checkpoint;
    latents->factor = 1 << (lk_checkpoint_arch(checkpoint)->vae.levels - 1);
    latents->entries = g_new0(Entry, 2 * (gsize)dataset->pictures->len);
    latents->hashes = g_malloc0_n(dataset->pictures->len, sizeof *latents->hashes);
    for (guint i = 0; i < dataset->pictures->len; i++) {
        const LkDatasetPicture *picture = picture_at(latents, i);
        uint8_t *hash = latents->hashes[i];
        if (!lk_latent_cache_file_hash(cache, picture->path, hash, error))
            return NULL;
        for (guint flipped = 0; flipped < 2; flipped++) {
            Entry *entry = &latents->entries[2 * i + flipped];
            entry->picture = i;
            entry->flipped = flipped;
            entry->key = lk_latent_key(hash, &picture->fit, flipped, identity);
            entry->missing = (!flipped || picture->subset->flip_aug) && !is_cached(latents, entry);
            latents->n_missing += entry->missing;
        }
    }
    return g_steal_pointer(&latents);
}

void lk_latents_free(LkLatents *latents)
{
    if (!latents)
        return;
    g_free(latents->entries);
    g_free(latents->hashes);
    g_free(latents);
}

const uint8_t *lk_latents_file_hash(const LkLatents *latents, guint picture)
{
    return latents->hashes[picture];
}

guint lk_latents_missing(const LkLatents *latents)
{
    return latents->n_missing;
}

/* One size of pictures --------------------------------------------------------------------------------------------- */

typedef struct Encoder {
    LkGraph *graph;
    LkRef pictures, moments;
    LkPrepared prepared;
    LkSize size;
} Encoder;

static void encoder_clear(Encoder *encoder)
{
    lk_prepared_clear(&encoder->prepared);
    lk_graph_free(encoder->graph);
    *encoder = (Encoder){0};
}

/** The VAE runs in f32 in every mixed_precision: an encoding is made once and its error stays in every step. */
static bool encoder_init(Encoder *encoder, const LkLatents *latents, LkSize size, const LkBackend *api,
                         LkDevice *device, LkError *error)
{
    *encoder = (Encoder){.graph = lk_graph_new(LK_F32), .size = size};
    if (!encoder->graph)
        return lk_fail(error, LK_ERROR_MEMORY, _("There is not enough memory to describe the VAE."));
    LkBuilder builder = {.graph = encoder->graph, .checkpoint = latents->checkpoint};
    int64_t shape[4] = {1, size.height, size.width, 3};
    encoder->pictures = lk_graph_input(encoder->graph, "pictures", LK_F32, 4, shape);
    encoder->moments = lk_vae_encoder_build(&builder, &lk_checkpoint_arch(latents->checkpoint)->vae, encoder->pictures);
    lk_graph_output(encoder->graph, encoder->moments);
    return lk_graph_check(encoder->graph, error) && lk_prepare(&encoder->prepared, api, device, encoder->graph, error);
}

/** The sizes of what is missing, largest first (LkSize). */
static GArray *missing_sizes(const LkLatents *latents)
{
    GArray *sizes = g_array_new(FALSE, FALSE, sizeof(LkSize));
    for (guint i = 0; i < 2 * latents->dataset->pictures->len; i++) {
        LkSize size = picture_at(latents, latents->entries[i].picture)->fit.bucket;
        guint at = 0;
        bool known = !latents->entries[i].missing;
        for (; at < sizes->len && !known; at++) {
            LkSize other = g_array_index(sizes, LkSize, at);
            known = other.width == size.width && other.height == size.height;
            if (other.width * other.height < size.width * size.height)
                break;
        }
        if (!known)
            g_array_insert_val(sizes, at, size);
    }
    return sizes;
}

bool lk_latents_plan(LkLatents *latents, const LkBackend *api, LkDevice *device, int64_t *arena, int64_t *weights,
                     GError **error)
{
    *arena = *weights = 0;
    g_autoptr(GArray) sizes = missing_sizes(latents);
    LkError problem = {0};
    bool ok = true;
    for (guint i = 0; i < sizes->len && ok; i++) { /* the largest picture need not have the largest arena */
        Encoder encoder;
        ok = encoder_init(&encoder, latents, g_array_index(sizes, LkSize, i), api, device, &problem);
        if (ok) {
            *arena = MAX(*arena, encoder.prepared.plan->arena_bytes);
            *weights = MAX(*weights, api->weight_bytes(encoder.prepared.program));
        }
        encoder_clear(&encoder);
        api->trim(device);
    }
    return ok || lk_gerror_take(error, &problem);
}

/* Decoding --------------------------------------------------------------------------------------------------------- */

bool lk_refuse_pictures(const GPtrArray *lines, GError **error)
{
    enum { NAMED = 100 };
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < lines->len && i < NAMED; i++)
        g_string_append_printf(text, "\n  %s", (const char *)g_ptr_array_index(lines, i));
    if (lines->len > NAMED)
        g_string_append_printf(text, _("\n  … and %u more"), lines->len - NAMED);
    return lk_set_error(error, LK_ERROR_USAGE,
                        _("%u of the pictures cannot be used; repair them or take them out of the folder:%s"),
                        lines->len, text->str);
}

typedef struct Decoding {
    const LkLatents *latents;
    guint first;
    char **reasons; /* per picture from `first` on: why it cannot be decoded */
} Decoding;

static void decode(void *context, int64_t first, int64_t last)
{
    Decoding *decoding = context;
    for (int64_t i = first; i < last; i++) {
        guint picture = decoding->first + (guint)i;
        const Entry *entry = &decoding->latents->entries[2 * picture];
        if (!entry[0].missing && !entry[1].missing)
            continue;
        const char *path = picture_at(decoding->latents, picture)->path;
        g_autoptr(GError) error = NULL;
        g_autoptr(LkPixels) pixels = lk_picture_load(path, NULL, &error);
        if (!pixels)
            decoding->reasons[i] = g_strdup_printf("%s: %s", path, lk_picture_reason(path, error));
    }
}

/** Decodes all pictures that will be encoded, so that those that cannot be are named before hours of work. */
static bool check_pictures(const LkLatents *latents, const LkTrainerEvents *events, GError **error)
{
    enum { PIECE = 64 };
    guint total = latents->dataset->pictures->len;
    g_autoptr(GPtrArray) refused = g_ptr_array_new_with_free_func(g_free);
    for (guint first = 0; first < total; first += PIECE) {
        if (events->should_stop && events->should_stop(events->context))
            return lk_set_error(error, LK_ERROR_STOPPED, _("The run was stopped while pictures were being checked."));
        char *reasons[PIECE] = {0};
        guint count = MIN(total - first, PIECE);
        lk_parallel_for(count, decode, &(Decoding){latents, first, reasons});
        for (guint i = 0; i < count; i++)
            if (reasons[i])
                g_ptr_array_add(refused, reasons[i]);
        lk_trainer_tell(events, &(LkTrainerEvent){.kind = LK_EVENT_PHASE,
                                                  .text = N_("Checking pictures"),
                                                  .done = first + count,
                                                  .total = total});
    }
    return refused->len == 0 || lk_refuse_pictures(refused, error);
}

/* Encoding --------------------------------------------------------------------------------------------------------- */

/** Reads a picture, brings it to its bucket and to -1..1. */
static float *load_picture(const LkLatents *latents, const Entry *entry, GError **error)
{
    const LkDatasetPicture *picture = picture_at(latents, entry->picture);
    g_autoptr(LkPixels) whole = lk_picture_load(picture->path, NULL, error);
    g_autoptr(LkPixels) cut = whole ? lk_pixels_fit(whole, &picture->fit, error) : NULL;
    if (!cut)
        return NULL;
    if (entry->flipped)
        lk_pixels_flip(cut);
    gsize count = (gsize)cut->width * (gsize)cut->height * 3;
    float *values = g_try_new(float, count);
    if (!values)
        lk_set_error(error, LK_ERROR_MEMORY, _("There is not enough memory for the picture '%s'."), picture->path);
    for (gsize i = 0; values && i < count; i++)
        values[i] = (float)cut->data[i] / 127.5f - 1;
    return values;
}

static bool encode_entry(LkLatents *latents, Entry *entry, Encoder *encoder, const LkBackend *api, GError **error)
{
    int height, width;
    lk_latents_size(latents, entry->picture, &height, &width);
    gsize count = (gsize)height * (gsize)width * CHANNELS;
    g_autofree float *pixels = load_picture(latents, entry, error), *moments = g_new(float, count);
    if (!pixels)
        return false;
    LkError problem = {0};
    LkProgram *program = encoder->prepared.program;
    gsize bytes = (gsize)encoder->size.width * (gsize)encoder->size.height * 3 * sizeof *pixels;
    if (!api->write(program, encoder->pictures, pixels, bytes, &problem) || !api->run(program, &problem) ||
        !api->read(program, encoder->moments, moments, count * sizeof *moments, &problem))
        return lk_gerror_take(error, &problem);
    if (!all_finite(moments, count))
        return lk_set_error(error, LK_ERROR_NUMERIC,
                            _("The VAE gives numbers that are not finite for the picture '%s'. The base model may be "
                              "damaged."),
                            picture_at(latents, entry->picture)->path);
    if (!lk_latent_cache_put_moments(latents->cache, &entry->key, height, width, CHANNELS, moments, error))
        return false;
    entry->missing = false;
    latents->n_missing--;
    return true;
}

/** Encodes all missing pictures of one size. */
static bool encode_size(LkLatents *latents, LkSize size, guint total, const LkBackend *api, LkDevice *device,
                        const LkTrainerEvents *events, GError **error)
{
    Encoder encoder;
    LkPrepared *list[1] = {&encoder.prepared};
    LkError problem = {0};
    LkWeightSource source = lk_checkpoint_source(latents->checkpoint);
    bool ok =
        encoder_init(&encoder, latents, size, api, device, &problem) && lk_prepared_bind(list, 1, &source, &problem);
    if (!ok)
        lk_gerror_take(error, &problem);
    for (guint i = 0; ok && i < 2 * latents->dataset->pictures->len; i++) {
        Entry *entry = &latents->entries[i];
        LkSize own = picture_at(latents, entry->picture)->fit.bucket;
        if (!entry->missing || own.width != size.width || own.height != size.height)
            continue;
        if (events->should_stop && events->should_stop(events->context))
            ok = lk_set_error(error, LK_ERROR_STOPPED, _("The run was stopped while pictures were being encoded."));
        else
            ok = encode_entry(latents, entry, &encoder, api, error);
        if (ok && events->event)
            events->event(events->context, &(LkTrainerEvent){.kind = LK_EVENT_PHASE,
                                                             .text = N_("Encoding pictures"),
                                                             .done = total - latents->n_missing,
                                                             .total = total});
    }
    encoder_clear(&encoder);
    return ok;
}

bool lk_latents_encode(LkLatents *latents, const LkBackend *api, LkDevice *device, const LkTrainerEvents *events,
                       GError **error)
{
    guint total = latents->n_missing;
    g_autoptr(GArray) sizes = missing_sizes(latents);
    bool ok = total == 0 || check_pictures(latents, events, error);
    for (guint i = 0; i < sizes->len && ok; i++)
        ok = encode_size(latents, g_array_index(sizes, LkSize, i), total, api, device, events, error);
    api->trim(device);
    return ok;
}

bool lk_latents_moments(const LkLatents *latents, guint picture, bool flipped, float *out, GError **error)
{
    if (read_moments(latents, &latents->entries[2 * picture + (flipped ? 1 : 0)], out))
        return true;
    return lk_set_error(error, LK_ERROR_IO,
                        _("The cached latent of the picture '%s' is gone or damaged. Start the run again: it is made "
                          "anew then."),
                        picture_at(latents, picture)->path);
}
