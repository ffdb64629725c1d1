#include "training/latent_masks.h"

#include "base/hash.h"
#include "base/parallel.h"
#include "dataset/augment.h"
#include "format/gerror.h"
#include "training/latents.h"

#include <glib/gi18n.h>

/** The sums of the 8-bit values below each latent pixel; they fit for factors up to 16. */
typedef struct Mask {
    uint16_t *sums; /* [height, width]; NULL: there is no mask */
    int height, width;
} Mask;

struct LkLatentMasks {
    const LkDataset *dataset;
    bool files;
    int factor;
    Mask *masks;  /* by variation of a picture */
    guint *first; /* of each picture's, and behind the last */
};

/** Where a picture's mask comes from; NULL: it has none. */
static const char *source_of(const LkDatasetPicture *picture, bool files)
{
    return picture->subset->alpha_mask ? picture->path : files ? picture->mask : NULL;
}

bool lk_latent_masks_wanted(const LkDataset *dataset, bool files)
{
    bool any = false;
    for (guint i = 0; i < dataset->pictures->len; i++)
        any |= source_of(g_ptr_array_index(dataset->pictures, i), files) != NULL;
    return any;
}

/** The mask of one variation. */
static bool cut_mask(const LkLatentMasks *masks, const LkPixels *whole, const LkBucketFit *fit, Mask *mask,
                     GError **error)
{
    g_autoptr(LkPixels) cut = lk_pixels_fit(whole, fit, error);
    if (!cut)
        return false;
    mask->height = cut->height / masks->factor;
    mask->width = cut->width / masks->factor;
    mask->sums = LK_TRY_NEW(uint16_t, (gsize)mask->height *(gsize)mask->width, error);
    if (!mask->sums)
        return false;
    for (int y = 0; y < mask->height * masks->factor; y++)
        for (int x = 0; x < mask->width * masks->factor; x++) {
            uint8_t red = cut->data[((gsize)y * (gsize)cut->width + (gsize)x) * 3];
            mask->sums[y / masks->factor * mask->width + x / masks->factor] += red;
        }
    return true;
}

/** Reads the mask of a picture. */
static bool read_mask(const LkLatentMasks *masks, guint number, GError **error)
{
    const LkDatasetPicture *picture = g_ptr_array_index(masks->dataset->pictures, number);
    const char *path = source_of(picture, masks->files);
    g_autoptr(LkPixels) whole =
        picture->subset->alpha_mask ? lk_picture_load_opacity(path, error) : lk_picture_load(path, NULL, error);
    bool ok = whole != NULL;
    for (guint v = 0; ok && v < masks->first[number + 1] - masks->first[number]; v++) {
        LkAugment augment = lk_augment_of(picture, v);
        ok = cut_mask(masks, whole, &augment.fit, &masks->masks[masks->first[number] + v], error);
    }
    return ok;
}

typedef struct Reading {
    const LkLatentMasks *masks;
    guint first;
    GError **errors; /* per picture from `first` on */
} Reading;

static void read_some(void *context, int64_t first, int64_t last)
{
    Reading *reading = context;
    for (int64_t i = first; i < last; i++) {
        guint number = reading->first + (guint)i;
        const char *path =
            source_of(g_ptr_array_index(reading->masks->dataset->pictures, number), reading->masks->files);
        if (path)
            read_mask(reading->masks, number, &reading->errors[i]);
    }
}

static bool read_all(const LkLatentMasks *masks, const LkTrainerEvents *events, GError **error)
{
    enum { PIECE = 64 };
    guint total = masks->dataset->pictures->len;
    g_autoptr(GPtrArray) refused = g_ptr_array_new_with_free_func(g_free);
    for (guint first = 0; first < total; first += PIECE) {
        if (events && events->should_stop && events->should_stop(events->context))
            return lk_set_error(error, LK_ERROR_STOPPED, _("The run was stopped while masks were being read."));
        GError *errors[PIECE] = {0};
        bool enough = true;
        guint count = MIN(total - first, PIECE);
        lk_parallel_for(count, read_some, &(Reading){masks, first, errors});
        for (guint i = 0; i < count; i++)
            if (errors[i])
                enough &= lk_note_picture(
                    refused, source_of(g_ptr_array_index(masks->dataset->pictures, first + i), masks->files), errors[i],
                    error);
        if (!enough)
            return false;
        lk_trainer_tell(
            events, &(LkTrainerEvent){
                        .kind = LK_EVENT_PHASE, .text = N_("Reading masks"), .done = first + count, .total = total});
    }
    return refused->len == 0 || lk_refuse_pictures(refused, error);
}

LkLatentMasks *lk_latent_masks_new(const LkDataset *dataset, bool files, int factor, const LkTrainerEvents *events,
                                   GError **error)
{
    LkLatentMasks *masks = g_new0(LkLatentMasks, 1);
    guint count = dataset->pictures->len;
    *masks = (LkLatentMasks){.dataset = dataset, .files = files, .factor = factor, .first = g_new0(guint, count + 1)};
    for (guint i = 0; i < count; i++)
        masks->first[i + 1] = masks->first[i] + lk_augment_count(g_ptr_array_index(dataset->pictures, i));
    masks->masks = g_new0(Mask, masks->first[count]);
    if (!read_all(masks, events, error))
        g_clear_pointer(&masks, lk_latent_masks_free);
    return masks;
}

void lk_latent_masks_free(LkLatentMasks *masks)
{
    if (!masks)
        return;
    for (guint i = 0; i < masks->first[masks->dataset->pictures->len]; i++)
        g_free(masks->masks[i].sums);
    g_free(masks->masks);
    g_free(masks->first);
    g_free(masks);
}

void lk_latent_masks_get(const LkLatentMasks *masks, guint picture, guint variation, bool flipped, int channels,
                         float *out)
{
    const LkDatasetPicture *p = g_ptr_array_index(masks->dataset->pictures, picture);
    const Mask *mask = &masks->masks[masks->first[picture] + variation];
    int height = p->fit.bucket.height / masks->factor, width = p->fit.bucket.width / masks->factor;
    float all = 255.0f * (float)masks->factor * (float)masks->factor;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            for (int c = 0; c < channels; c++) {
                int from = flipped ? width - 1 - x : x;
                *out++ = mask->sums ? (float)mask->sums[y * width + from] / all : 1;
            }
}

uint64_t lk_latent_masks_hash(const LkLatentMasks *masks, guint picture)
{
    const Mask *mask = masks ? &masks->masks[masks->first[picture]] : NULL;
    return mask && mask->sums ? lk_hash64(mask->sums, (gsize)mask->height * (gsize)mask->width * sizeof *mask->sums, 0)
                              : 0;
}
