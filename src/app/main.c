#include "app/application.h"
#include "app/core/settings.h"
#include "text/language.h"

int main(int argc, char **argv)
{
    g_autoptr(GSettings) settings = lk_settings_new();
    g_autofree char *language = settings ? g_settings_get_string(settings, "language") : NULL;
    lk_language_prefer(language);
    lk_language_start(LK_LOCALEDIR);
    gtk_disable_setlocale(); /* or it would take the numbers' points away again */
    g_autoptr(LkApplication) application = lk_application_new();
    return g_application_run(G_APPLICATION(application), argc, argv);
}
