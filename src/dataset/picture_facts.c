#include "dataset/picture_facts.h"

#include "base/hash.h"
#include "dataset/sharpness.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The file's time in nanoseconds and size; false where it cannot be found out. */
static bool stamp_of(const char *path, gint64 *modified, gint64 *bytes)
{
    struct stat info;
    *modified = *bytes = -1;
    if (stat(path, &info) != 0)
        return false;
    *modified = (gint64)info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec;
    *bytes = info.st_size;
    return true;
}

/* Why a file cannot be read, without its name. */
static char *reason_of(const char *path, const GError *error)
{
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), problem = errno;
    if (file < 0)
        return g_strdup_printf(_("The file cannot be read: %s."), g_strerror(problem));
    close(file);
    return g_utf8_make_valid(lk_picture_reason(path, error), -1);
}

static void measure(LkPictureFacts *facts, const LkPixels *pixels)
{
    facts->size = (LkSize){pixels->width, pixels->height};
    facts->has_look = lk_look_of(pixels, &facts->look);
    facts->sharpness = lk_sharpness(pixels);
}

LkPictureFacts *lk_picture_facts_read(const char *path, LkPixels **pixels)
{
    LkPictureFacts *facts = g_new0(LkPictureFacts, 1);
    g_autoptr(GError) error = NULL;
    g_autoptr(LkPixels) decoded = NULL;
    uint8_t *data = NULL;
    size_t size = 0;
    facts->info.orientation = 1;
    facts->sharpness = -1;
    stamp_of(path, &facts->modified, &facts->bytes);
    if (lk_picture_read(path, &data, &size, &error)) {
        LkSha256 state;
        lk_sha256_init(&state);
        lk_sha256_update(&state, data, size);
        lk_sha256_final(&state, facts->hash);
        decoded = lk_picture_decode(data, size, &facts->info, &error);
        free(data);
    }
    facts->usable = decoded != NULL;
    if (decoded) {
        measure(facts, decoded);
    } else {
        facts->failure = lk_finding_of_picture_error(&facts->info, error);
        facts->reason = reason_of(path, error);
    }
    if (pixels)
        *pixels = g_steal_pointer(&decoded);
    return facts;
}

LkPictureFacts *lk_picture_facts_copy(const LkPictureFacts *facts)
{
    LkPictureFacts *copy = g_memdup2(facts, sizeof *facts);
    copy->reason = g_strdup(facts->reason);
    return copy;
}

void lk_picture_facts_free(LkPictureFacts *facts)
{
    if (!facts)
        return;
    g_free(facts->reason);
    g_free(facts);
}

bool lk_picture_facts_current(const LkPictureFacts *facts, const char *path)
{
    gint64 modified, bytes;
    return stamp_of(path, &modified, &bytes) && modified == facts->modified && bytes == facts->bytes;
}

/* ------------------------------------------------------------------ as text */

#define VERSION "1"

/* The fields of a line between version and reason, as their names in a struct: all are written as integers. */
enum { FLAGS = 6 };

static bool *flag(LkPictureFacts *facts, int i)
{
    bool *const flags[FLAGS] = {&facts->info.grey,     &facts->info.cmyk,      &facts->info.alpha,
                                &facts->info.animated, &facts->info.in_passes, &facts->info.truncated};
    return flags[i];
}

static void append_bytes(GString *out, const uint8_t *bytes, size_t size)
{
    g_string_append_c(out, ' ');
    for (size_t i = 0; i < size; i++)
        g_string_append_printf(out, "%02x", bytes[i]);
}

char *lk_picture_facts_to_text(const LkPictureFacts *facts)
{
    guint flags = 0;
    for (int i = 0; i < FLAGS; i++)
        flags |= (guint)*flag((LkPictureFacts *)facts, i) << i;
    GString *out = g_string_new(VERSION);
    char sharpness[G_ASCII_DTOSTR_BUF_SIZE];
    g_string_append_printf(out, " %" PRId64 " %" PRId64 " %d %s %d %zu %d %d %d %d %u %d %d %d %" PRIx64 " %s",
                           facts->modified, facts->bytes, facts->usable,
                           facts->usable ? "-" : lk_finding_name(facts->failure), facts->info.type, facts->info.bytes,
                           facts->info.width, facts->info.height, facts->info.bits, facts->info.orientation, flags,
                           facts->size.width, facts->size.height, facts->has_look, facts->look.hash,
                           g_ascii_dtostr(sharpness, sizeof sharpness, facts->sharpness));
    append_bytes(out, facts->look.colours, sizeof facts->look.colours);
    append_bytes(out, facts->hash, sizeof facts->hash);
    g_autofree char *reason = g_strescape(facts->reason ? facts->reason : "", NULL);
    g_string_append_printf(out, " %s", reason);
    return g_string_free(out, FALSE);
}

/* What is left of a line that is being read. */
typedef struct Fields {
    const char *at;
    bool good;
} Fields;

/* The next field; "" where there is none. Free with g_free. */
static char *next_field(Fields *fields)
{
    const size_t size = strcspn(fields->at, " ");
    char *field = g_strndup(fields->at, size);
    fields->good = fields->good && size > 0 && fields->at[size] == ' ';
    fields->at += size + (fields->at[size] == ' ');
    return field;
}

static gint64 next_integer(Fields *fields, gint64 least, gint64 most)
{
    g_autofree char *field = next_field(fields);
    gint64 value = 0;
    fields->good = fields->good && g_ascii_string_to_signed(field, 10, least, most, &value, NULL);
    return value;
}

static void next_bytes(Fields *fields, uint8_t *out, size_t size)
{
    g_autofree char *field = next_field(fields);
    fields->good = fields->good && strlen(field) == 2 * size;
    for (size_t i = 0; i < size && fields->good; i++) {
        const int high = g_ascii_xdigit_value(field[2 * i]), low = g_ascii_xdigit_value(field[2 * i + 1]);
        fields->good = high >= 0 && low >= 0;
        out[i] = (uint8_t)(high << 4 | low);
    }
}

static void read_fields(Fields *fields, LkPictureFacts *facts)
{
    facts->modified = next_integer(fields, -1, G_MAXINT64);
    facts->bytes = next_integer(fields, -1, G_MAXINT64);
    facts->usable = next_integer(fields, 0, 1);
    g_autofree char *failure = next_field(fields);
    fields->good =
        fields->good && (facts->usable ? strcmp(failure, "-") == 0 : lk_finding_from_name(failure, &facts->failure));
    facts->info.type = (LkPictureType)next_integer(fields, LK_PICTURE_UNKNOWN, LK_PICTURE_HEIF);
    facts->info.bytes = (size_t)next_integer(fields, 0, G_MAXINT64);
    facts->info.width = (int)next_integer(fields, 0, G_MAXINT);
    facts->info.height = (int)next_integer(fields, 0, G_MAXINT);
    facts->info.bits = (int)next_integer(fields, 0, 1024);
    facts->info.orientation = (int)next_integer(fields, 0, 255);
    const gint64 flags = next_integer(fields, 0, (1 << FLAGS) - 1);
    for (int i = 0; i < FLAGS; i++)
        *flag(facts, i) = flags >> i & 1;
    facts->size.width = (int)next_integer(fields, 0, G_MAXINT);
    facts->size.height = (int)next_integer(fields, 0, G_MAXINT);
    facts->has_look = next_integer(fields, 0, 1);
    g_autofree char *look = next_field(fields);
    guint64 hash = 0;
    fields->good = fields->good && g_ascii_string_to_unsigned(look, 16, 0, G_MAXUINT64, &hash, NULL);
    facts->look.hash = hash;
    g_autofree char *sharpness = next_field(fields);
    facts->sharpness = g_ascii_strtod(sharpness, NULL);
    next_bytes(fields, facts->look.colours, sizeof facts->look.colours);
    next_bytes(fields, facts->hash, sizeof facts->hash);
}

LkPictureFacts *lk_picture_facts_from_text(const char *text)
{
    if (!g_str_has_prefix(text, VERSION " ") || !g_utf8_validate(text, -1, NULL))
        return NULL;
    g_autoptr(LkPictureFacts) facts = g_new0(LkPictureFacts, 1);
    Fields fields = {text + strlen(VERSION " "), true};
    read_fields(&fields, facts);
    if (!fields.good)
        return NULL;
    facts->reason = facts->usable ? NULL : g_strcompress(fields.at);
    return g_steal_pointer(&facts);
}
