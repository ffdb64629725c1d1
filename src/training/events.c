#include "training/events.h"

#include "base/file.h"
#include "format/gerror.h"

#include <glib/gi18n.h>

void lk_trainer_tell(const LkTrainerEvents *events, const LkTrainerEvent *event)
{
    if (events && events->event)
        events->event(events->context, event);
}

/** Somebody may have removed the folder while the run went on; a disk that was taken out is refused here. */
static bool make_anew(const LkTrainerEvents *events, const char *folder)
{
    if (g_file_test(folder, G_FILE_TEST_IS_DIR) || !lk_make_folders(folder, NULL))
        return false;
    g_autofree char *shown = g_filename_display_name(folder);
    g_autofree char *text = g_strdup_printf(_("The folder '%s' was gone and has been made anew."), shown);
    lk_trainer_tell(events, &(LkTrainerEvent){.kind = LK_EVENT_LOG, .text = text, .warning = true});
    return true;
}

bool lk_trainer_try_again(const LkTrainerEvents *events, const char *folder, GError **error)
{
    if (!g_error_matches(*error, LK_ERROR, LK_ERROR_IO))
        return false;
    if (!make_anew(events, folder) &&
        !(events && events->refused && events->refused(events->context, (*error)->message)))
        return false;
    g_clear_error(error);
    return true;
}
