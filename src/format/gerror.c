#include "format/gerror.h"

#include "base/memory.h"

#include <gio/gio.h>

G_DEFINE_QUARK(lk - error - quark, lk_error)

bool lk_gerror_take(GError **out, const LkError *in)
{
    if (in->code != LK_ERROR_NONE) {
        g_autofree char *text = g_utf8_make_valid(in->text, -1); /* a file's name may be no UTF-8, or be cut */
        g_set_error_literal(out, LK_ERROR, (int)in->code, text);
    }
    return false;
}

bool lk_set_error(GError **out, LkErrorCode code, const char *format, ...)
{
    if (!out)
        return false;
    va_list args;
    va_start(args, format);
    GError *error = g_error_new_valist(LK_ERROR, (int)code, format, args);
    va_end(args);
    g_propagate_error(out, error);
    return false;
}

gpointer lk_try_memory(gsize count, gsize size, GError **error)
{
    LkError problem = {0};
    gpointer memory = lk_memory_new(count, size, &problem);
    if (!memory && error && !*error)
        lk_gerror_take(error, &problem);
    return memory;
}

LkErrorCode lk_gerror_code(const GError *error)
{
    if (!error)
        return LK_ERROR_NONE;
    if (error->domain == LK_ERROR)
        return (LkErrorCode)error->code;
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return LK_ERROR_STOPPED;
    return error->domain == G_IO_ERROR || error->domain == G_FILE_ERROR ? LK_ERROR_IO : LK_ERROR_USAGE;
}
