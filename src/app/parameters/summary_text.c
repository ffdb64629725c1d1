#include "app/parameters/summary_text.h"

#include "app/core/task.h"

#include <glib/gi18n.h>
#include <math.h>

char *lk_summary_number(gint64 number)
{
    return g_strdup_printf("%'" G_GINT64_FORMAT, number);
}

/* ---- length ------------------------------------------------------------------------------------------ */

/* One and many, for ngettext. */
#define NP_(one, many) one, many

static char *say_count(const char *one, const char *many, gint64 number)
{
    g_autofree char *text = lk_summary_number(number);
    g_autofree char *format = g_strdup(ngettext(one, many, (gulong)number));
    g_auto(GStrv) parts = g_strsplit(format, "%s", 2);
    return g_strconcat(parts[0], text, parts[1] ? parts[1] : "", NULL);
}

/* "24 pictures", "24 pictures × 10 repeats" or, where they have different ones, "24 pictures, 245 with repeats". */
static char *say_pictures(const LkLengthFacts *facts)
{
    g_autofree char *pictures = say_count(NP_("%s picture", "%s pictures"), facts->pictures);
    if (facts->shown == facts->pictures || facts->pictures == 0)
        return g_steal_pointer(&pictures);
    if (facts->shown % facts->pictures == 0) {
        g_autofree char *repeats = say_count(NP_("%s repeat", "%s repeats"), facts->shown / facts->pictures);
        return g_strdup_printf("%s × %s", pictures, repeats);
    }
    g_autofree char *shown = lk_summary_number(facts->shown);
    /* translators: "24 pictures", and how many that is when each is counted with its repeats */
    return g_strdup_printf(_("%s, %s with repeats"), pictures, shown);
}

/* "÷ batch 2", with accumulation "÷ batch 2 ÷ 4 batches a step". */
static char *say_batch(const LkLengthFacts *facts)
{
    g_autofree char *number = lk_summary_number(facts->batch);
    g_autofree char *batch = g_strdup_printf(_("batch %s"), number);
    if (facts->accumulation == 1)
        return g_steal_pointer(&batch);
    g_autofree char *many = say_count(NP_("%s batch a step", "%s batches a step"), facts->accumulation);
    return g_strdup_printf("%s ÷ %s", batch, many);
}

double lk_summary_times_seen(const LkLengthFacts *facts)
{
    double steps = (double)(facts->steps * facts->batch * facts->accumulation);
    return facts->shown ? steps / (double)facts->shown : 0;
}

char *lk_summary_length(const LkLengthFacts *facts)
{
    g_autofree char *pictures = say_pictures(facts), *batch = say_batch(facts);
    g_autofree char *steps = say_count(NP_("%s step", "%s steps"), facts->steps);
    if (facts->epochs == 0) {
        g_autofree char *times = g_strdup_printf("%'.1f", lk_summary_times_seen(facts));
        /* translators: "24 pictures × 10 repeats ÷ batch 2, 1,600 steps: 13.3 epochs" */
        return g_strdup_printf(_("%s ÷ %s, %s: %s epochs"), pictures, batch, steps, times);
    }
    g_autofree char *epochs = say_count(NP_("%s epoch", "%s epochs"), facts->epochs);
    gint64 per_step = facts->batch * facts->accumulation;
    gboolean exact = facts->shown * facts->epochs == facts->steps * per_step;
    return g_strdup_printf(exact ? "%s × %s ÷ %s = %s"
                                 : /* translators: "24 pictures × 10 epochs ÷ batch 5 = 50 steps, rounded up" */
                               _("%s × %s ÷ %s = %s, rounded up"),
                           pictures, epochs, batch, steps);
}

/* ---- memory ------------------------------------------------------------------------------------------ */

static double gigabytes(gint64 bytes)
{
    return (double)bytes / (1 << 30);
}

/* "9.1" and "12": one decimal where it says something. */
static char *say_gigabytes(gint64 bytes)
{
    double number = gigabytes(bytes);
    gboolean whole = fabs(number - round(number)) < 0.05;
    return g_strdup_printf(whole ? "%.0f" : "%.1f", number);
}

char *lk_summary_memory(gint64 bytes)
{
    if (bytes < ((gint64)1 << 30) * 95 / 100)
        return g_strdup_printf(_("%.0f MiB"), (double)bytes / (1 << 20));
    g_autofree char *number = say_gigabytes(bytes);
    return g_strdup_printf(_("%s GiB"), number);
}

char *lk_summary_memory_of(gint64 bytes, gint64 all)
{
    g_autofree char *used = gigabytes(bytes) < 0.95 ? g_strdup_printf("%.2f", gigabytes(bytes)) : say_gigabytes(bytes);
    g_autofree char *size = say_gigabytes(all);
    /* translators: "9.1 of 12 GiB" */
    return g_strdup_printf(_("%s of %s GiB"), used, size);
}

char *lk_summary_memory_change(gint64 before, gint64 now)
{
    gint64 change = now - before;
    if (ABS(change) * 100 < before)
        return g_strdup(_("no change"));
    g_autofree char *size = lk_summary_memory(ABS(change));
    return g_strconcat(change > 0 ? "+" : "−", size, NULL);
}

/* ---- time -------------------------------------------------------------------------------------------- */

char *lk_summary_time_change(double before, double now)
{
    if (before <= 0 || now <= 0)
        return g_strdup(_("not known yet"));
    if (before == now)
        return g_strdup(_("no change"));
    double ratio = now / before;
    if (ratio > 0.95 && ratio < 1.05)
        return g_strdup(_("about the same"));
    if (ratio >= 1.95) {
        g_autofree char *times = g_strdup_printf("%.1f", ratio);
        /* translators: of a duration: "about 2.3 times as long" */
        return g_strdup_printf(_("about %s times as long"), times);
    }
    int percent = (int)lround(fabs(ratio - 1) * 20) * 5;
    return g_strdup_printf(ratio > 1 ? _("about %d %% longer") : _("about %d %% shorter"), percent);
}

char *lk_summary_duration(double seconds)
{
    return lk_say_duration(seconds);
}
