#include "text/language.h"

#include <glib.h>
#include <libintl.h>
#include <locale.h>

/* build/src/app/lorikeet and build/src/cli/lorikeet-cli have their translations in build/po. */
static char *folder_of_build(void)
{
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *folder = program ? g_path_get_dirname(program) : NULL;
    g_autofree char *po = folder ? g_build_filename(folder, "..", "..", "po", NULL) : NULL;
    return po && g_file_test(po, G_FILE_TEST_IS_DIR) ? g_canonicalize_filename(po, NULL) : NULL;
}

void lk_language_start(const char *installed)
{
    setlocale(LC_ALL, "");
    setlocale(LC_NUMERIC, "C");
    g_autofree char *build = folder_of_build();
    bindtextdomain("lorikeet", build ? build : installed);
    bind_textdomain_codeset("lorikeet", "UTF-8");
    textdomain("lorikeet");
}
