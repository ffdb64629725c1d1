#include "app/files/file_kind.h"

static const struct {
    const char *suffix;
    LkFileKind kind;
    gboolean alone;
} suffixes[] = {
    {".safetensors", LK_FILE_MODEL},   {".ckpt", LK_FILE_MODEL},          {".pt", LK_FILE_MODEL},
    {".pth", LK_FILE_MODEL},           {".bin", LK_FILE_MODEL},           {".toml", LK_FILE_SETTINGS},
    {".json", LK_FILE_SETTINGS, TRUE}, {".yaml", LK_FILE_SETTINGS, TRUE}, {".yml", LK_FILE_SETTINGS, TRUE},
};

LkFileKind lk_file_kind(const char *path, gboolean alone)
{
    g_autofree char *name = g_utf8_make_valid(path, -1);
    g_autofree char *small = g_utf8_strdown(name, -1);
    for (guint i = 0; i < G_N_ELEMENTS(suffixes); i++)
        if (g_str_has_suffix(small, suffixes[i].suffix) && (alone || !suffixes[i].alone))
            return suffixes[i].kind;
    return LK_FILE_PICTURES;
}

char **lk_file_kind_pick(const char *const *paths, LkFileKind kind)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    gboolean alone = paths[0] && !paths[1];
    for (; *paths; paths++)
        if (lk_file_kind(*paths, alone) == kind)
            g_strv_builder_add(builder, *paths);
    return g_strv_builder_end(builder);
}
