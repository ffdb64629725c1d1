#include "system/sandbox.h"

#include <glib.h>

bool lk_in_flatpak(const char *info)
{
    return g_file_test(info ? info : "/.flatpak-info", G_FILE_TEST_EXISTS);
}
