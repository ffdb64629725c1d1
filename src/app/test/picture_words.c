#include "app/test/picture_words.h"

#include "app/test/lora_tags.h"

#include <glib/gi18n.h>

char *lk_picture_title(const LkInfotext *infotext, LkLoraList *loras, const char *folders)
{
    g_autoptr(GArray) spans = lk_tag_spans_find(infotext ? infotext->prompt : "");
    if (!infotext)
        return g_strdup(_("Picture without settings"));
    if (spans->len == 0)
        return g_strdup(_("Without LoRA"));
    const LkTagSpan *span = &g_array_index(spans, LkTagSpan, 0);
    LkLoraItem *item = lk_lora_list_find(loras, span->name, folders);
    const char *name = item ? lk_lora_item_get_long_title(item) : span->name;
    g_autofree char *strength = lk_strength_label(span->strength);
    if (spans->len == 1)
        return g_strdup_printf(_("%s, strength %s"), name, strength);
    return g_strdup_printf(
        ngettext("%s, strength %s, and %u more LoRA", "%s, strength %s, and %u more LoRAs", spans->len - 1), name,
        strength, spans->len - 1);
}

static void add_part(GString *text, char *part)
{
    if (part)
        g_string_append_printf(text, "%s%s", text->len ? " · " : "", part);
    g_free(part);
}

/* "DPM++ 2M Karras" of sampler and schedule, which WebUI writes apart. */
static char *sampler_title(const LkInfotext *infotext)
{
    g_autoptr(GError) error = NULL;
    LkPictureRequest request = {0};
    lk_infotext_apply(infotext, &request, &error);
    return g_strdup(request.sampler ? request.sampler->title : lk_metadata_get(infotext->settings, "Sampler"));
}

char *lk_picture_caption(const LkInfotext *infotext, double seconds)
{
    GString *text = g_string_new(NULL);
    if (infotext) {
        const char *seed = lk_metadata_get(infotext->settings, "Seed");
        const char *steps = lk_metadata_get(infotext->settings, "Steps");
        const char *cfg = lk_metadata_get(infotext->settings, "CFG scale");
        const char *size = lk_metadata_get(infotext->settings, "Size");
        gulong count = steps ? strtoul(steps, NULL, 10) : 0;
        g_auto(GStrv) sides = g_strsplit(size ? size : "", "x", 2);
        add_part(text, seed ? g_strdup_printf(_("Seed %s"), seed) : NULL);
        add_part(text, count ? g_strdup_printf(ngettext("%lu step", "%lu steps", count), count) : NULL);
        add_part(text, sampler_title(infotext));
        add_part(text, cfg ? g_strdup_printf(_("CFG %s"), cfg) : NULL);
        add_part(text, g_strv_length(sides) == 2 ? g_strdup_printf("%s × %s", sides[0], sides[1]) : NULL);
    }
    /* translators: how long a picture took, in seconds */
    add_part(text, seconds > 0 ? g_strdup_printf(_("%.1f s"), seconds) : NULL);
    return g_string_free_and_steal(text);
}

char *lk_picture_strength(const char *prompt)
{
    g_autoptr(GArray) spans = lk_tag_spans_find(prompt);
    if (spans->len == 0)
        return g_strdup(_("Without LoRA"));
    if (spans->len > 1)
        return g_strdup_printf(ngettext("With %u LoRA", "With %u LoRAs", spans->len), spans->len);
    g_autofree char *strength = lk_strength_label(g_array_index(spans, LkTagSpan, 0).strength);
    return g_strdup_printf(_("Strength %s"), strength);
}
