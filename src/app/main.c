#include "app/application.h"
#include "text/language.h"

int main(int argc, char **argv)
{
    lk_language_start(LK_LOCALEDIR);
    gtk_disable_setlocale(); /* or it would take the numbers' points away again */
    g_autoptr(LkApplication) application = lk_application_new();
    return g_application_run(G_APPLICATION(application), argc, argv);
}
