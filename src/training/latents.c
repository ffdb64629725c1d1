#include "training/latents.h"

#include "base/memory.h"
#include "base/parallel.h"
#include "dataset/augment.h"
#include "dataset/picture.h"
#include "format/gerror.h"
#include "model/vae.h"
#include "model/vae_tiles.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

enum { CHANNELS = 8 }; /* moments of a latent pixel */

typedef struct Entry {
    LkCacheKey key;
    guint picture, variation;
    bool flipped, missing;
} Entry;

struct LkLatents {
    const LkDataset *dataset;
    LkLatentCache *cache;
    LkCheckpoint *checkpoint;
    int factor;            /* pixels of the picture per latent pixel */
    int tile;              /* side of the VAE's tiles in pixels; 0: whole pictures */
    char *identity;        /* of the VAE and what it runs on */
    Entry *entries;        /* two a variation of a picture: as it is, and mirrored */
    guint *first;          /* of each picture, and behind the last: how many variations are before it */
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

/** Without memory to look at it, it counts as missing. */
static bool is_cached(const LkLatents *latents, const Entry *entry)
{
    int height, width;
    lk_latents_size(latents, entry->picture, &height, &width);
    g_autofree float *moments = LK_TRY_NEW(float, (gsize)height *(gsize)width *CHANNELS, NULL);
    return moments && read_moments(latents, entry, moments);
}

/** The tiles of pictures of a size. */
static LkTiles tiles_of(const LkLatents *latents, LkSize size)
{
    return lk_tiles_new(size.height, size.width, latents->tile, 1, latents->factor);
}

/** A picture that is not cut into tiles is the same with and without them. */
static char *identity_of(const LkLatents *latents, guint picture)
{
    LkTiles tiles = tiles_of(latents, picture_at(latents, picture)->fit.bucket);
    return lk_tiles_count(&tiles) == 1 ? g_strdup(latents->identity)
                                       : g_strdup_printf("%s tiles %d", latents->identity, latents->tile);
}

static guint entry_count(const LkLatents *latents)
{
    return 2 * latents->first[latents->dataset->pictures->len];
}

/** Whether an earlier variation of the picture is the same. */
static bool is_repeated(const LkLatents *latents, guint index)
{
    const Entry *entry = &latents->entries[index];
    for (guint i = 2 * latents->first[entry->picture]; i < index; i++)
        if (memcmp(&latents->entries[i].key, &entry->key, sizeof entry->key) == 0)
            return true;
    return false;
}

void lk_latents_set_tile(LkLatents *latents, int side)
{
    latents->tile = side;
    latents->n_missing = 0;
    for (guint i = 0; i < entry_count(latents); i++) {
        Entry *entry = &latents->entries[i];
        const LkDatasetPicture *picture = picture_at(latents, entry->picture);
        const LkAugment augment = lk_augment_of(picture, entry->variation);
        g_autofree char *vae = identity_of(latents, entry->picture), *colours = lk_augment_words(&augment);
        g_autofree char *identity = g_strconcat(vae, colours, NULL);
        entry->key = lk_latent_key(latents->hashes[entry->picture], &augment.fit, entry->flipped, identity);
        entry->missing =
            (!entry->flipped || picture->subset->flip_aug) && !is_repeated(latents, i) && !is_cached(latents, entry);
        latents->n_missing += entry->missing;
    }
}

/** Numbers the variations of all pictures. */
static bool add_entries(LkLatents *latents, GError **error)
{
    guint count = latents->dataset->pictures->len, at = 0;
    latents->first = LK_TRY_NEW(guint, (gsize)count + 1, error);
    if (!latents->first)
        return false;
    for (guint i = 0; i < count; i++)
        latents->first[i + 1] = latents->first[i] + lk_augment_count(picture_at(latents, i));
    latents->entries = LK_TRY_NEW(Entry, (gsize)entry_count(latents), error);
    for (guint i = 0; latents->entries && i < count; i++)
        for (guint k = 0; k < 2 * (latents->first[i + 1] - latents->first[i]); k++)
            latents->entries[at++] = (Entry){.picture = i, .variation = k / 2, .flipped = k % 2};
    return latents->entries != NULL;
}

LkLatents *lk_latents_new(const LkDataset *dataset, LkLatentCache *cache, LkCheckpoint *checkpoint, const char *device,
                          GError **error)
{
    g_autoptr(LkLatents) latents = g_new0(LkLatents, 1);
    g_autofree char *weights = lk_checkpoint_identity(checkpoint, "first_stage_model.", error);
    if (!weights)
        return NULL;
    latents->identity = g_strconcat(weights, " f32 ", device, NULL);
    latents->dataset = dataset;
    latents->cache = cache;
    latents->checkpoint = checkpoint;
    latents->factor = 1 << (lk_checkpoint_arch(checkpoint)->vae.levels - 1);
    latents->hashes =
        add_entries(latents, error) ? lk_try_memory(dataset->pictures->len, sizeof *latents->hashes, error) : NULL;
    if (!latents->hashes)
        return NULL;
    for (guint i = 0; i < dataset->pictures->len; i++) {
        if (!lk_latent_cache_file_hash(cache, picture_at(latents, i)->path, latents->hashes[i], error))
            return NULL;
    }
    lk_latents_set_tile(latents, 0);
    return g_steal_pointer(&latents);
}

void lk_latents_free(LkLatents *latents)
{
    if (!latents)
        return;
    g_free(latents->entries);
    g_free(latents->first);
    g_free(latents->hashes);
    g_free(latents->identity);
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

/** The VAE's encoder for one size of tiles; a picture that is not cut is one tile. */
typedef struct Tile {
    LkTile size;
    LkGraph *graph;
    LkRef pictures, moments;
    LkPrepared prepared;
} Tile;

typedef struct Encoder {
    LkSize size;
    LkTiles tiles;
    Tile kinds[LK_TILE_SHAPES];
    int n_kinds;
} Encoder;

static void encoder_clear(Encoder *encoder)
{
    for (int i = 0; i < encoder->n_kinds; i++) {
        lk_prepared_clear(&encoder->kinds[i].prepared);
        lk_graph_free(encoder->kinds[i].graph);
    }
    *encoder = (Encoder){0};
}

/** The VAE runs in f32 in every mixed_precision: an encoding is made once and its error stays in every step. */
static bool tile_init(Tile *tile, const LkLatents *latents, const LkBackend *api, LkDevice *device, LkError *error)
{
    tile->graph = lk_graph_new(LK_F32);
    if (!tile->graph)
        return lk_fail(error, LK_ERROR_MEMORY, _("There is not enough memory to describe the VAE."));
    LkBuilder builder = {.graph = tile->graph, .checkpoint = latents->checkpoint};
    int64_t shape[4] = {1, tile->size.height, tile->size.width, 3};
    tile->pictures = lk_graph_input(tile->graph, "pictures", LK_F32, 4, shape);
    tile->moments = lk_vae_encoder_build(&builder, &lk_checkpoint_arch(latents->checkpoint)->vae, tile->pictures);
    lk_graph_output(tile->graph, tile->moments);
    return lk_graph_check(tile->graph, error) && lk_prepare(&tile->prepared, api, device, tile->graph, error);
}

static bool encoder_init(Encoder *encoder, const LkLatents *latents, LkSize size, const LkBackend *api,
                         LkDevice *device, LkError *error)
{
    LkTile shapes[LK_TILE_SHAPES];
    *encoder = (Encoder){.size = size, .tiles = tiles_of(latents, size)};
    int count = lk_tiles_shapes(&encoder->tiles, shapes);
    bool ok = true;
    for (int i = 0; i < count && ok; i++) {
        Tile *tile = &encoder->kinds[encoder->n_kinds++];
        tile->size = shapes[i];
        ok = tile_init(tile, latents, api, device, error);
    }
    return ok;
}

static bool encoder_bind(Encoder *encoder, const LkLatents *latents, LkError *error)
{
    LkPrepared *list[LK_TILE_SHAPES];
    LkWeightSource source = lk_checkpoint_source(latents->checkpoint);
    for (int i = 0; i < encoder->n_kinds; i++)
        list[i] = &encoder->kinds[i].prepared;
    return lk_prepared_bind(list, encoder->n_kinds, &source, error);
}

/** The sizes of what is missing, largest first (LkSize). */
static GArray *missing_sizes(const LkLatents *latents)
{
    GArray *sizes = g_array_new(FALSE, FALSE, sizeof(LkSize));
    for (guint i = 0; i < entry_count(latents); i++) {
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
        int64_t before = api->planned_weights(device);
        ok = encoder_init(&encoder, latents, g_array_index(sizes, LkSize, i), api, device, &problem);
        for (int k = 0; k < encoder.n_kinds && ok; k++)
            *arena = MAX(*arena, encoder.kinds[k].prepared.plan->arena_bytes);
        *weights = MAX(*weights, api->planned_weights(device) - before);
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

bool lk_note_picture(GPtrArray *lines, const char *path, GError *problem, GError **error)
{
    bool memory = g_error_matches(problem, LK_ERROR, LK_ERROR_MEMORY);
    if (memory && error && !*error) {
        g_propagate_error(error, problem);
        return false;
    }
    g_ptr_array_add(lines, g_strdup_printf("%s: %s", path, lk_picture_reason(path, problem)));
    g_error_free(problem);
    return !memory;
}

/** Whether something of a picture must be encoded. */
static bool is_missing(const LkLatents *latents, guint picture)
{
    bool missing = false;
    for (guint i = 2 * latents->first[picture]; i < 2 * latents->first[picture + 1]; i++)
        missing |= latents->entries[i].missing;
    return missing;
}

typedef struct Decoding {
    const LkLatents *latents;
    guint first;
    GError **errors; /* per picture from `first` on: why it cannot be decoded */
} Decoding;

static void decode(void *context, int64_t first, int64_t last)
{
    Decoding *decoding = context;
    for (int64_t i = first; i < last; i++) {
        guint picture = decoding->first + (guint)i;
        if (!is_missing(decoding->latents, picture))
            continue;
        const char *path = picture_at(decoding->latents, picture)->path;
        g_autoptr(LkPixels) pixels = lk_picture_load(path, NULL, &decoding->errors[i]);
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
        GError *errors[PIECE] = {0};
        bool enough = true;
        guint count = MIN(total - first, PIECE);
        lk_parallel_for(count, decode, &(Decoding){latents, first, errors});
        for (guint i = 0; i < count; i++)
            if (errors[i])
                enough &= lk_note_picture(refused, picture_at(latents, first + i)->path, errors[i], error);
        if (!enough)
            return false;
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
    const LkAugment augment = lk_augment_of(picture, entry->variation);
    g_autoptr(LkPixels) cut = whole ? lk_pixels_fit(whole, &augment.fit, error) : NULL;
    if (!cut)
        return NULL;
    lk_augment_colours(&augment, cut);
    if (entry->flipped)
        lk_pixels_flip(cut);
    gsize count = (gsize)cut->width * (gsize)cut->height * 3;
    float *values = LK_TRY_NEW(float, count, error);
    for (gsize i = 0; values && i < count; i++)
        values[i] = (float)cut->data[i] / 127.5f - 1;
    return values;
}

/** Runs the encoder on every tile of a picture and joins what comes out. */
static bool encode_tiles(const Encoder *encoder, const float *pixels, float *moments, LkError *error)
{
    const LkTiles *tiles = &encoder->tiles;
    g_autofree float **made = g_new0(float *, (gsize)lk_tiles_count(tiles));
    bool ok = true;
    for (int i = 0; i < lk_tiles_count(tiles) && ok; i++) {
        LkTile at = lk_tiles_at(tiles, i);
        const Tile *tile = encoder->kinds;
        while (tile->size.height != at.height || tile->size.width != at.width)
            tile++;
        gsize count = (gsize)at.height * (gsize)at.width * 3, out = lk_tile_out_count(tiles, at) * CHANNELS;
        const LkBackend *api = tile->prepared.api;
        LkProgram *program = tile->prepared.program;
        g_autofree float *cut = lk_memory_new(count, sizeof *cut, error);
        made[i] = lk_memory_new(out, sizeof **made, error);
        ok = cut && made[i];
        if (ok) {
            lk_tiles_cut(tiles, at, 3, pixels, cut);
            ok = api->write(program, tile->pictures, cut, count * sizeof *cut, error) && api->run(program, error) &&
                 api->read(program, tile->moments, made[i], out * sizeof **made, error);
        }
    }
    if (ok)
        lk_tiles_join(tiles, CHANNELS, made, moments);
    for (int i = 0; i < lk_tiles_count(tiles); i++)
        g_free(made[i]);
    return ok;
}

static bool encode_entry(LkLatents *latents, Entry *entry, const Encoder *encoder, GError **error)
{
    int height, width;
    lk_latents_size(latents, entry->picture, &height, &width);
    gsize count = (gsize)height * (gsize)width * CHANNELS;
    g_autofree float *pixels = load_picture(latents, entry, error);
    g_autofree float *moments = pixels ? LK_TRY_NEW(float, count, error) : NULL;
    if (!moments)
        return false;
    LkError problem = {0};
    if (!encode_tiles(encoder, pixels, moments, &problem))
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
    LkError problem = {0};
    bool ok = encoder_init(&encoder, latents, size, api, device, &problem) && encoder_bind(&encoder, latents, &problem);
    if (!ok)
        lk_gerror_take(error, &problem);
    for (guint i = 0; ok && i < entry_count(latents); i++) {
        Entry *entry = &latents->entries[i];
        LkSize own = picture_at(latents, entry->picture)->fit.bucket;
        if (!entry->missing || own.width != size.width || own.height != size.height)
            continue;
        if (events->should_stop && events->should_stop(events->context))
            ok = lk_set_error(error, LK_ERROR_STOPPED, _("The run was stopped while pictures were being encoded."));
        else
            ok = encode_entry(latents, entry, &encoder, error);
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

bool lk_latents_moments(const LkLatents *latents, guint picture, guint variation, bool flipped, float *out,
                        GError **error)
{
    if (read_moments(latents, &latents->entries[2 * (latents->first[picture] + variation) + (flipped ? 1 : 0)], out))
        return true;
    return lk_set_error(error, LK_ERROR_IO,
                        _("The cached latent of the picture '%s' is gone or damaged. Start the run again: it is made "
                          "anew then."),
                        picture_at(latents, picture)->path);
}
