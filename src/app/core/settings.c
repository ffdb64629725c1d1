#include "app/core/settings.h"

#define SCHEMA "io.github.lorikeet_lora.Lorikeet"

/* The folder in which this program lies; NULL if the system does not tell. */
static char *program_folder(void)
{
    g_autofree char *path = g_file_read_link("/proc/self/exe", NULL);
    return path ? g_path_get_dirname(path) : NULL;
}

/* build/src/app/lorikeet and build/tests/app/test_x have their schema in build/data. */
static GSettingsSchema *schema_of_build(void)
{
    g_autofree char *folder = program_folder();
    g_autofree char *data = folder ? g_build_filename(folder, "..", "..", "data", NULL) : NULL;
    g_autoptr(GSettingsSchemaSource) source =
        data ? g_settings_schema_source_new_from_directory(data, g_settings_schema_source_get_default(), FALSE, NULL)
             : NULL;
    return source ? g_settings_schema_source_lookup(source, SCHEMA, TRUE) : NULL;
}

GSettings *lk_settings_new(void)
{
    g_autoptr(GSettingsSchema) schema = schema_of_build();
    GSettingsSchemaSource *source = g_settings_schema_source_get_default();
    if (!schema && source)
        schema = g_settings_schema_source_lookup(source, SCHEMA, TRUE);
    if (!schema) {
        g_warning("The settings' schema %s is not installed.", SCHEMA);
        return NULL;
    }
    return g_settings_new_full(schema, NULL, NULL);
}

char *lk_data_folder(const char *name)
{
    g_autofree char *program = program_folder();
    char *candidates[] = {
        g_build_filename(g_getenv("LORIKEET_DATA") ? g_getenv("LORIKEET_DATA") : LK_DATADIR, name, NULL),
        program ? g_build_filename(program, "..", "..", "..", "data", name, NULL) : NULL,
    };
    char *found = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(candidates); i++) {
        if (!found && candidates[i] && g_file_test(candidates[i], G_FILE_TEST_IS_DIR))
            found = g_canonicalize_filename(candidates[i], NULL);
        g_free(candidates[i]);
    }
    return found;
}
