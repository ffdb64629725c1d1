/* Where files go that have no folder named for them, and files that a portal hands in alone. */
#include "../tap.h"
#include "app/core/places.h"

#include <glib/gstdio.h>
#include <string.h>

static void write_text(const char *path, const char *text)
{
    g_autofree char *folder = g_path_get_dirname(path);
    g_mkdir_with_parents(folder, 0755);
    g_file_set_contents(path, text, -1, NULL);
}

static gboolean has_text(const char *path, const char *text)
{
    g_autofree char *found = NULL;
    return g_file_get_contents(path, &found, NULL, NULL) && strcmp(found, text) == 0;
}

static void test_folders(const char *home)
{
    g_autofree char *plain = lk_places_projects(FALSE), *sandboxed = lk_places_projects(TRUE);
    g_autofree char *exports = lk_places_exports(FALSE), *own = lk_places_exports(TRUE);
    g_autofree char *wanted = g_build_filename(home, "Lorikeet", NULL);
    g_autofree char *data = g_build_filename(home, "data", "lorikeet", NULL);
    tap_ok(strcmp(plain, wanted) == 0, "projects are in the home folder");
    tap_ok(g_str_has_prefix(sandboxed, data), "in a Flatpak in the folder for data");
    tap_ok(strcmp(exports, home) == 0, "LoRAs go to the home folder where there is none for downloads");
    tap_ok(g_str_has_prefix(own, data) && g_file_test(own, G_FILE_TEST_IS_DIR),
           "in a Flatpak to a folder that is made");
}

static void test_lone(const char *home)
{
    g_autofree char *a = g_build_filename(home, "run", "doc", "1a", "bird.png", NULL);
    g_autofree char *b = g_build_filename(home, "run", "doc", "2b", "bird.png", NULL);
    g_autofree char *c = g_build_filename(home, "run", "doc", "3c", "birds", "bird.png", NULL);
    g_autofree char *d = g_build_filename(home, "elsewhere", "bird.png", NULL);
    g_autofree char *gone = g_build_filename(home, "run", "doc", "4d", "gone.png", NULL);
    g_autofree char *folder = g_build_filename(home, "run", "doc", "5e", "birds", NULL);
    g_mkdir_with_parents(folder, 0755);
    tap_ok(lk_places_is_lone(a) && !lk_places_is_lone(c) && !lk_places_is_lone(d), "a file of a folder is not alone");
    write_text(a, "first");
    write_text(b, "second");
    write_text(c, "third");
    write_text(d, "fourth");
    g_autofree char *project = g_build_filename(home, "project", NULL);
    g_autofree char *first = g_build_filename(project, "pictures", "bird.png", NULL);
    g_autofree char *second = g_build_filename(project, "pictures", "bird-2.png", NULL);
    char *paths[] = {g_strdup(a), g_strdup(b), g_strdup(c), g_strdup(d), g_strdup(gone), g_strdup(folder), NULL};
    lk_places_take_in(paths, project);
    tap_ok(strcmp(paths[0], first) == 0 && has_text(first, "first"), "a lone file is copied into the project");
    tap_ok(strcmp(paths[1], second) == 0 && has_text(second, "second"), "another of the same name beside it");
    tap_ok(strcmp(paths[2], c) == 0 && strcmp(paths[3], d) == 0, "other files stay where they are");
    tap_ok(strcmp(paths[4], gone) == 0, "so does one that cannot be read: it is told of later");
    tap_ok(strcmp(paths[5], folder) == 0, "and a folder");
    tap_ok(has_text(a, "first"), "the original is as it was");
    for (char **path = paths; *path; path++)
        g_free(*path);
}

int main(void)
{
    g_autofree char *home = g_dir_make_tmp("lorikeet-places-XXXXXX", NULL);
    g_autofree char *data = g_build_filename(home, "data", NULL), *run = g_build_filename(home, "run", NULL);
    g_autofree char *config = g_build_filename(home, "config", NULL);
    g_setenv("HOME", home, TRUE);
    g_setenv("XDG_DATA_HOME", data, TRUE);
    g_setenv("XDG_CONFIG_HOME", config, TRUE);
    g_setenv("XDG_RUNTIME_DIR", run, TRUE);
    test_folders(home);
    test_lone(home);
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", home);
    g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL);
    return tap_done();
}
