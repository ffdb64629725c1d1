/* The table of changes that save memory. */
#include "app/parameters/advice.h"

#include <glib/gi18n.h>

void lk_fix_free(LkFix *fix)
{
    if (!fix)
        return;
    g_free(fix->title);
    g_free(fix->note);
    g_hash_table_unref(fix->changes);
    g_free(fix);
}

static LkFix *add(GPtrArray *fixes, const char *kind, char *title, const char *note)
{
    LkFix *fix = g_new0(LkFix, 1);
    fix->kind = kind;
    fix->title = title;
    fix->note = g_strdup(note);
    fix->changes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_ptr_array_add(fixes, fix);
    return fix;
}

static void change(LkFix *fix, const char *key, const char *value)
{
    g_hash_table_insert(fix->changes, g_strdup(key), g_strdup(value));
}

static void change_number(LkFix *fix, const char *key, int value)
{
    g_hash_table_insert(fix->changes, g_strdup(key), g_strdup_printf("%d", value));
}

/* Half the batch, and half again; accumulation keeps the sum. */
static void add_batches(GPtrArray *fixes, const LkJob *job)
{
    for (int batch = job->train_batch_size / 2; batch >= 1; batch /= 2) {
        LkFix *fix =
            add(fixes, "batch", g_strdup_printf(_("Batch size %d instead of %d"), batch, job->train_batch_size), NULL);
        change_number(fix, "train_batch_size", batch);
    }
}

/* With the lower limit of buckets, which must not be above it. */
static void set_size(LkFix *fix, const LkJob *job, LkSize size)
{
    g_autofree char *text = size.width == size.height ? g_strdup_printf("%d", size.width)
                                                      : g_strdup_printf("%d,%d", size.width, size.height);
    change(fix, "resolution", text);
    if (job->enable_bucket && job->min_bucket_reso > MIN(size.width, size.height))
        change_number(fix, "min_bucket_reso", MIN(size.width, size.height));
}

/* The next smaller sizes with about the same aspect ratio, in steps that every parameter allows. */
static void add_sizes(GPtrArray *fixes, const LkJob *job)
{
    LkSize size = job->resolution;
    int most = MIN(size.width, size.height) / 64 - 4;
    for (int i = 1; i <= most && i <= 6; i++) {
        LkSize smaller = {(size.width / 64 - i) * 64, (size.height / 64 - i) * 64};
        g_autofree char *now = size.width == size.height ? g_strdup_printf("%d", size.width)
                                                         : g_strdup_printf("%d × %d", size.width, size.height);
        g_autofree char *then = size.width == size.height ? g_strdup_printf("%d", smaller.width)
                                                          : g_strdup_printf("%d × %d", smaller.width, smaller.height);
        LkFix *fix = add(fixes, "size", g_strdup_printf(_("Resolution %s instead of %s"), then, now), _("less detail"));
        set_size(fix, job, smaller);
    }
}

static void add_ranks(GPtrArray *fixes, const LkJob *job)
{
    for (int dim = job->network_dim / 2; dim >= 8; dim /= 2) {
        LkFix *fix = add(fixes, "rank", g_strdup_printf(_("Rank %d instead of %d"), dim, job->network_dim),
                         _("smaller file, less room for detail"));
        change_number(fix, "network_dim", dim);
        g_autofree char *alpha = g_strdup_printf("%g", job->network_alpha * dim / job->network_dim);
        change(fix, "network_alpha", alpha);
    }
}

/* All that leaves the result nearly as it is, and then a small resolution too. */
static void add_joined(GPtrArray *fixes, const LkJob *job, gboolean bf16)
{
    for (int small = 0; small <= 1; small++) {
        LkFix *fix = add(fixes, "joined",
                         g_strdup(small ? _("All savings, and resolution 256")
                                        : _("All savings: checkpointing, batch size 1, half precision")),
                         small ? _("less detail") : NULL);
        change(fix, "gradient_checkpointing", "true");
        change(fix, "train_batch_size", "1");
        if (job->train_batch_size > 1)
            change_number(fix, "gradient_accumulation_steps", job->train_batch_size * job->gradient_accumulation_steps);
        if (bf16)
            change(fix, "mixed_precision", "bf16");
        if (small)
            set_size(fix, job, (LkSize){256, 256});
    }
}

GPtrArray *lk_fixes_for_memory(const LkJob *job, gboolean bf16)
{
    GPtrArray *fixes = g_ptr_array_new_with_free_func((GDestroyNotify)lk_fix_free);
    if (job->vae_tiling == LK_VAE_TILING_OFF)
        change(
            add(fixes, "tiles", g_strdup(_("Encode and decode large pictures in tiles")), _("nearly the same result")),
            "vae_tiling", "auto");
    if (!job->gradient_checkpointing)
        change(add(fixes, "checkpointing", g_strdup(_("Use gradient checkpointing")),
                   _("same result, about a third slower")),
               "gradient_checkpointing", "true");
    if (job->mixed_precision == LK_MIXED_NO && bf16)
        change(add(fixes, "precision", g_strdup(_("Precision bf16 instead of float32")),
                   _("nearly the same result, faster")),
               "mixed_precision", "bf16");
    if (job->offload_base_weights == LK_OFFLOAD_NONE)
        change(add(fixes, "offload", g_strdup(_("Keep parts of the base model in the computer's memory")),
                   _("same result, slower on a graphics card")),
               "offload_base_weights", "auto");
    if (job->base_weights_precision == LK_BASE_AUTO && !job->fp8_base && !job->fp8_base_unet)
        change(add(fixes, "codes", g_strdup(_("Base model with 8 bits a weight (int8)")), _("nearly the same result")),
               "base_weights_precision", "int8");
    add_batches(fixes, job);
    add_sizes(fixes, job);
    add_ranks(fixes, job);
    add_joined(fixes, job, bf16);
    return fixes;
}
