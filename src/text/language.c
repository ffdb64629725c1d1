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

void lk_language_prefer(const char *language)
{
    if (!language || !*language)
        return;
    /* Catalogues are found by LANGUAGE, unless the locale is "C". Dates follow the locale; where the language's is not
     * there, the desktop's stays, and where that is "C", any other that is there takes its place. */
    g_autofree char *own = g_strdup_printf("%s.UTF-8", g_str_equal(language, "en") ? "en_US" : language);
    const char *const locales[] = {own, "", "en_US.UTF-8", "zh_CN.UTF-8"};
    for (gsize i = 0; i < G_N_ELEMENTS(locales); i++) {
        const char *found = setlocale(LC_ALL, locales[i]);
        if (!found || g_str_equal(found, "C") || g_str_has_prefix(found, "C."))
            continue;
        if (*locales[i])
            g_setenv("LC_ALL", locales[i], TRUE);
        break;
    }
    g_setenv("LANGUAGE", language, TRUE);
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
