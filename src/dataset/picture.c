#include "dataset/picture.h"

#include "base/file.h"
#include "dataset/webp.h"
#include "format/gerror.h"

#include <errno.h>
#include <fcntl.h>
#include <gdk-pixbuf/gdk-pixbuf.h>
#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

#define CHUNK     ((size_t)65536) /* bytes fed to the decoder at a time, so that a refused size stops it early */
#define HEAD_SIZE ((size_t)32768) /* enough for the size and the EXIF turn of most files */

/* What a decoder tells while it works. */
typedef struct Progress {
    int width, height;
    bool too_large;
    int first_row, end_row; /* rows that were written */
} Progress;

static bool is_too_large(int width, int height)
{
    return (int64_t)width * height > LK_PICTURE_MOST_PIXELS;
}

static bool fail_too_large(int width, int height, GError **error)
{
    return lk_set_error(error, LK_ERROR_MEMORY,
                        _("The picture has %d x %d pixels, more than the 179 million that are read; make it smaller."),
                        width, height);
}

static void on_size_prepared(GdkPixbufLoader *loader, int width, int height, void *data)
{
    Progress *progress = data;
    progress->width = width;
    progress->height = height;
    if (is_too_large(width, height)) {
        progress->too_large = true;
        gdk_pixbuf_loader_set_size(loader, 1, 1);
    }
}

static void on_area_updated(GdkPixbufLoader *loader, int x, int y, int width, int height, void *data)
{
    (void)loader, (void)x, (void)width;
    Progress *progress = data;
    progress->first_row = MIN(progress->first_row, y);
    progress->end_row = MAX(progress->end_row, y + height);
}

/* Feeds the loader; false with its error. The loader is closed in any case. */
static bool feed(GdkPixbufLoader *loader, const uint8_t *data, size_t size, const Progress *progress, GError **error)
{
    for (size_t at = 0; at < size && !progress->too_large; at += CHUNK) {
        if (!gdk_pixbuf_loader_write(loader, data + at, MIN(CHUNK, size - at), error)) {
            gdk_pixbuf_loader_close(loader, NULL);
            return false;
        }
    }
    return gdk_pixbuf_loader_close(loader, progress->too_large ? NULL : error) || progress->too_large;
}

/* The colours, or the opacity as grey. */
static LkPixels *copy_pixels(const GdkPixbuf *pixbuf, bool opacity, GError **error)
{
    LkPixels *pixels = lk_pixels_new(gdk_pixbuf_get_width(pixbuf), gdk_pixbuf_get_height(pixbuf), error);
    const int channels = gdk_pixbuf_get_n_channels(pixbuf);
    const int stride = gdk_pixbuf_get_rowstride(pixbuf);
    const uint8_t *source = gdk_pixbuf_read_pixels(pixbuf);
    for (int y = 0; pixels && y < pixels->height; y++) {
        const uint8_t *in = source + (size_t)y * (size_t)stride;
        uint8_t *out = pixels->data + (size_t)y * (size_t)pixels->width * 3;
        for (int x = 0; x < pixels->width; x++, in += channels, out += 3) {
            const uint8_t alpha = channels == 4 ? in[3] : 255;
            out[0] = opacity ? alpha : in[0];
            out[1] = opacity ? alpha : in[1];
            out[2] = opacity ? alpha : in[2];
        }
    }
    return pixels;
}

/* The decoder's own words about the turn win over ours: one that turned the picture itself reports none. */
static int orientation_of(GdkPixbuf *pixbuf, const LkPictureInfo *info)
{
    const char *option = gdk_pixbuf_get_option(pixbuf, "orientation");
    if (option)
        return (int)g_ascii_strtoll(option, NULL, 10);
    const bool turned = info->orientation >= 5 && info->width != info->height &&
                        info->width == gdk_pixbuf_get_height(pixbuf) && info->height == gdk_pixbuf_get_width(pixbuf);
    return turned ? 1 : info->orientation;
}

static void explain(const LkPictureInfo *info, const GError *cause, GError **error)
{
    if (g_error_matches(cause, GDK_PIXBUF_ERROR, GDK_PIXBUF_ERROR_UNKNOWN_TYPE))
        lk_set_error(error, LK_ERROR_UNSUPPORTED,
                     _("This system has no decoder for %s pictures; install gdk-pixbuf's loader for it, or save the "
                       "picture as PNG or JPEG."),
                     lk_picture_type_name(info->type));
    else if (g_error_matches(cause, GDK_PIXBUF_ERROR, GDK_PIXBUF_ERROR_INSUFFICIENT_MEMORY))
        lk_set_error(error, LK_ERROR_MEMORY, _("Not enough memory for a picture of %d x %d pixels."), info->width,
                     info->height);
    else if (info->truncated)
        lk_set_error(error, LK_ERROR_FORMAT,
                     _("The file ends too early, so a part of the picture is missing; copy or download it again."));
    else
        lk_set_error(error, LK_ERROR_FORMAT,
                     _("The %s data is damaged (%s); replace it, or open and save it in an image editor."),
                     lk_picture_type_name(info->type), cause ? cause->message : _("parts are missing"));
}

/* gdk-pixbuf's names of the types. By its own guess it may take an animated PNG for something else. */
static const char *const loader_names[] = {
    [LK_PICTURE_PNG] = "png", [LK_PICTURE_JPEG] = "jpeg", [LK_PICTURE_WEBP] = "webp",
    [LK_PICTURE_BMP] = "bmp", [LK_PICTURE_GIF] = "gif",   [LK_PICTURE_AVIF] = "avif",
    [LK_PICTURE_JXL] = "jxl", [LK_PICTURE_TIFF] = "tiff", [LK_PICTURE_HEIF] = "heif",
};

static GdkPixbufLoader *new_loader(LkPictureType type)
{
    const char *name = (size_t)type < G_N_ELEMENTS(loader_names) ? loader_names[type] : NULL;
    GdkPixbufLoader *loader = name ? gdk_pixbuf_loader_new_with_type(name, NULL) : NULL;
    return loader ? loader : gdk_pixbuf_loader_new();
}

/* Whether pixels are missing. A decoder of rows simply stops where the data does, so the rows it wrote tell; one of
 * passes has drawn all of them, blurred; that of JPEG fills up with grey. Elsewhere a lost end marker alone is no loss.
 */
static bool is_incomplete(const LkPictureInfo *info, const GdkPixbuf *pixbuf, const Progress *progress)
{
    const bool by_rows = info->type == LK_PICTURE_PNG || info->type == LK_PICTURE_JPEG ||
                         info->type == LK_PICTURE_BMP || info->type == LK_PICTURE_GIF;
    const bool all_rows = !by_rows || (progress->first_row <= 0 && progress->end_row >= gdk_pixbuf_get_height(pixbuf));
    return !all_rows || (info->truncated && (info->in_passes || info->type == LK_PICTURE_JPEG));
}

/* The pixbuf of the first frame, or NULL and an error. */
static GdkPixbuf *run_loader(const uint8_t *data, size_t size, LkPictureInfo *info, GError **error)
{
    if (info->type == LK_PICTURE_BMP &&
        info->truncated) { /* its decoder takes memory for all that the header promises */
        explain(info, NULL, error);
        return NULL;
    }
    g_autoptr(GdkPixbufLoader) loader = new_loader(info->type);
    Progress progress = {.first_row = G_MAXINT};
    g_signal_connect(loader, "size-prepared", G_CALLBACK(on_size_prepared), &progress);
    g_signal_connect(loader, "area-updated", G_CALLBACK(on_area_updated), &progress);
    g_autoptr(GError) cause = NULL;
    const bool fed = feed(loader, data, size, &progress, &cause);
    if (progress.too_large) {
        fail_too_large(progress.width, progress.height, error);
        return NULL;
    }
    GdkPixbuf *pixbuf = fed ? gdk_pixbuf_loader_get_pixbuf(loader) : NULL;
    if (!pixbuf || is_incomplete(info, pixbuf, &progress)) {
        explain(info, cause, error);
        return NULL;
    }
    info->truncated = false;
    return g_object_ref(pixbuf);
}

static LkPixels *decode_by_pixbuf(const uint8_t *data, size_t size, bool opacity, LkPictureInfo *info, int *orientation,
                                  GError **error)
{
    g_autoptr(GdkPixbuf) pixbuf = run_loader(data, size, info, error);
    if (!pixbuf)
        return NULL;
    if (info->width == 0) /* only the decoder knows; others may have an alpha channel for every picture */
        info->alpha = gdk_pixbuf_get_has_alpha(pixbuf);
    *orientation = orientation_of(pixbuf, info);
    return copy_pixels(pixbuf, opacity, error);
}

/* Types whose size lk_picture_sniff reads. */
static bool knows_size(LkPictureType type)
{
    return type >= LK_PICTURE_PNG && type <= LK_PICTURE_GIF;
}

/* What can be refused before decoding. */
static bool check_file(size_t size, const LkPictureInfo *info, GError **error)
{
    if (size == 0)
        return lk_set_error(error, LK_ERROR_FORMAT, _("The file is empty; replace it or remove it."));
    if (info->type == LK_PICTURE_UNKNOWN)
        return lk_set_error(error, LK_ERROR_FORMAT,
                            _("The file is not a picture of a known type; replace it or remove it."));
    if (is_too_large(info->width, info->height))
        return fail_too_large(info->width, info->height, error);
    const bool sizeless = knows_size(info->type) && (info->width == 0 || info->height == 0);
    const bool cut = info->type == LK_PICTURE_WEBP && info->truncated;
    if (sizeless || cut)
        explain(info, NULL, error);
    return !sizeless && !cut;
}

static LkPixels *decode(const uint8_t *data, size_t size, bool opacity, LkPictureInfo *info, GError **error)
{
    LkPictureInfo unused;
    info = info ? info : &unused;
    *info = lk_picture_sniff(data, size, false);
    if (!check_file(size, info, error))
        return NULL;
    int orientation = info->orientation;
    LkPixels *pixels = info->type == LK_PICTURE_WEBP && lk_webp_available()
                           ? lk_webp_decode(data, size, info->animated, opacity, error)
                           : decode_by_pixbuf(data, size, opacity, info, &orientation, error);
    if (!pixels)
        return NULL;
    if (info->width == 0 || info->height == 0) {
        info->width = pixels->width;
        info->height = pixels->height;
    }
    return lk_pixels_turn(pixels, orientation, error);
}

LkPixels *lk_picture_decode(const uint8_t *data, size_t size, LkPictureInfo *info, GError **error)
{
    return decode(data, size, false, info, error);
}

static void name_file(const char *path, GError **error)
{
    g_autofree char *shown = g_filename_display_name(path);
    g_prefix_error(error, "%s: ", shown);
}

const char *lk_picture_reason(const char *path, const GError *error)
{
    g_autofree char *shown = g_filename_display_name(path);
    const size_t length = strlen(shown);
    const bool named = strncmp(error->message, shown, length) == 0 && strncmp(error->message + length, ": ", 2) == 0;
    return error->message + (named ? length + 2 : 0);
}

bool lk_picture_read(const char *path, uint8_t **data, size_t *size, GError **error)
{
    LkError failure = {0};
    char *bytes = NULL;
    if (!lk_file_read(path, LK_PICTURE_MOST_BYTES, &bytes, size, &failure)) {
        return lk_gerror_take(error, &failure); /* names the file by itself */
    }
    *data = (uint8_t *)bytes;
    return true;
}

static LkPixels *load(const char *path, bool opacity, LkPictureInfo *info, GError **error)
{
    uint8_t *data;
    size_t size;
    if (info)
        *info = (LkPictureInfo){.orientation = 1};
    if (!lk_picture_read(path, &data, &size, error))
        return NULL;
    LkPixels *pixels = decode(data, size, opacity, info, error);
    free(data);
    if (!pixels)
        name_file(path, error);
    return pixels;
}

LkPixels *lk_picture_load(const char *path, LkPictureInfo *info, GError **error)
{
    return load(path, false, info, error);
}

LkPixels *lk_picture_load_opacity(const char *path, GError **error)
{
    return load(path, true, NULL, error);
}

/* Up to `size` first bytes of a file; -1 with errno. */
static ssize_t read_head(const char *path, uint8_t *out, size_t size)
{
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0)
        return -1;
    size_t filled = 0;
    ssize_t got = 0;
    while (filled < size && ((got = read(file, out + filled, size - filled)) > 0 || (got < 0 && errno == EINTR)))
        filled += got > 0 ? (size_t)got : 0;
    const int problem = errno;
    close(file);
    errno = problem;
    return got < 0 ? -1 : (ssize_t)filled;
}

/* Sniffs the first `size` bytes; true if they tell the picture's size. */
static bool sniff_head(const char *path, size_t size, LkPictureInfo *info, GError **error)
{
    g_autofree uint8_t *head = g_malloc(size);
    const ssize_t got = read_head(path, head, size);
    if (got < 0) {
        const int problem = errno;
        lk_set_error(error, LK_ERROR_IO, _("The file cannot be read: %s."), g_strerror(problem));
        name_file(path, error);
        return false;
    }
    *info = lk_picture_sniff(head, (size_t)got, (size_t)got == size);
    return info->width > 0 && info->height > 0 && !is_too_large(info->width, info->height);
}

bool lk_picture_size(const char *path, LkSize *size, LkPictureInfo *info, GError **error)
{
    LkPictureInfo unused;
    info = info ? info : &unused;
    *info = (LkPictureInfo){.orientation = 1};
    *size = (LkSize){0};
    static const size_t heads[] = {HEAD_SIZE, 16 * HEAD_SIZE};
    for (size_t i = 0; i < G_N_ELEMENTS(heads); i++) {
        g_autoptr(GError) cause = NULL;
        if (sniff_head(path, heads[i], info, &cause)) {
            *size = info->orientation >= 5 ? (LkSize){info->height, info->width} : (LkSize){info->width, info->height};
            return true;
        }
        if (cause) {
            g_propagate_error(error, g_steal_pointer(&cause));
            return false;
        }
    }
    g_autoptr(LkPixels) pixels = lk_picture_load(path, info, error);
    if (pixels)
        *size = (LkSize){pixels->width, pixels->height};
    return pixels != NULL;
}

LkFindingKind lk_finding_of_picture_error(const LkPictureInfo *info, const GError *error)
{
    if (lk_gerror_code(error) == LK_ERROR_FORMAT && info->bytes == 0)
        return LK_FINDING_PICTURE_EMPTY;
    if (info->truncated)
        return LK_FINDING_PICTURE_TRUNCATED;
    return lk_gerror_code(error) == LK_ERROR_MEMORY ? LK_FINDING_PICTURE_TOO_LARGE : LK_FINDING_PICTURE_UNREADABLE;
}
