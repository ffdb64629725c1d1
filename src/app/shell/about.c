#include "app/shell/about.h"

#include "app/application.h"

#include <glib/gi18n.h>

void lk_about_present(GtkWidget *parent)
{
    AdwAboutDialog *dialog = ADW_ABOUT_DIALOG(adw_about_dialog_new());
    adw_about_dialog_set_application_name(dialog, "Lorikeet");
    adw_about_dialog_set_application_icon(dialog, LK_APPLICATION_ID);
    adw_about_dialog_set_version(dialog, LK_VERSION);
    adw_about_dialog_set_developer_name(dialog, _("The Lorikeet developers"));
    adw_about_dialog_set_license_type(dialog, GTK_LICENSE_APACHE_2_0);
    adw_about_dialog_set_comments(dialog, _("Trains LoRAs for Stable Diffusion on your own computer."));
    /* translators: your names, one a line */
    adw_about_dialog_set_translator_credits(dialog, _("translator-credits"));
    adw_dialog_present(ADW_DIALOG(dialog), parent);
}
