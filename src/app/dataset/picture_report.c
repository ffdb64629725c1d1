#include "app/dataset/picture_list_private.h"
#include "app/dataset/picture_save.h"

#include <glib/gi18n.h>

enum { NAMES_SHOWN = 3 };

/* Names of files for a sentence: "a.png; b.png; c.png; …". */
typedef struct Names {
    GString *text;
    guint count;
} Names;

static void add_name(Names *names, const LkSaveItem *item)
{
    if (++names->count <= NAMES_SHOWN) {
        g_autofree char *name = g_filename_display_basename(item->path);
        g_string_append_printf(names->text, "%s%s%s%s", names->text->len ? "; " : "", name, item->error ? ": " : "",
                               item->error ? item->error : "");
    } else if (names->count == NAMES_SHOWN + 1) {
        g_string_append(names->text, "; …");
    }
}

/* Emits a sentence with a number and names, and frees these. */
static void tell(LkPictureList *list, const char *signal, Names *names, const char *sentence)
{
    if (names->count) {
        GString *text = g_string_new(sentence);
        g_autofree char *number = g_strdup_printf("%u", names->count);
        g_string_replace(text, "%u", number, 1);
        g_string_replace(text, "%s", names->text->str, 1);
        lk_picture_list_emit_text(list, signal, text->str);
        g_string_free(text, TRUE);
    }
    g_string_free(names->text, TRUE);
}

static const char *kept_sentence(guint count, bool step)
{
    if (step)
        return ngettext("%u caption was changed by another program since and stays as it is: %s",
                        "%u captions were changed by another program since and stay as they are: %s", count);
    return ngettext("%u caption was changed by another program after it was changed here. The other program’s text is "
                    "kept: %s",
                    "%u captions were changed by another program after they were changed here. The other program’s "
                    "texts are kept: %s",
                    count);
}

void lk_save_report(const LkSave *save, bool step, LkPictureList *list)
{
    Names failed = {g_string_new(NULL), 0}, kept = {g_string_new(NULL), 0}, overwrote = {g_string_new(NULL), 0};
    for (guint i = 0; i < save->items->len; i++) {
        const LkSaveItem *item = &g_array_index(save->items, LkSaveItem, i);
        if (item->outcome == LK_SAVE_FAILED)
            add_name(&failed, item);
        else if (item->outcome == LK_SAVE_OTHER)
            add_name(&kept, item);
        else if (item->overwrote)
            add_name(&overwrote, item);
    }
    tell(list, "save-failed", &failed,
         step ? ngettext("%u caption could not be written and stays as it is: %s",
                         "%u captions could not be written and stay as they are: %s", failed.count)
              : ngettext("%u caption could not be written. It is kept here; try again when this is solved. %s",
                         "%u captions could not be written. They are kept here; try again when this is solved. %s",
                         failed.count));
    tell(list, "conflict", &kept, kept_sentence(kept.count, step));
    tell(list, "conflict", &overwrote,
         ngettext("%u caption was changed by another program before it was changed here. What was written here is "
                  "kept; Undo brings the other text back: %s",
                  "%u captions were changed by another program before they were changed here. What was written here "
                  "is kept; Undo brings the other texts back: %s",
                  overwrote.count));
}
