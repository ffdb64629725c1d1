/* Errors from `format` upwards: GError in one domain whose codes are LkErrorCode. */
#pragma once

#include "base/error.h"

#include <glib.h>

#define LK_ERROR (lk_error_quark())
GQuark lk_error_quark(void);

/** Turns an LkError that is set into a GError (`out` may be NULL). Returns false, so that it can end a function. */
bool lk_gerror_take(GError **out, const LkError *in);

/** Like g_set_error in our domain; returns false, so that `return lk_set_error(...)` reads well. */
bool lk_set_error(GError **out, LkErrorCode code, const char *format, ...) G_GNUC_PRINTF(3, 4);

/** lk_memory_new (base/memory.h) that reports by GError; an error that is set already stays. */
gpointer lk_try_memory(gsize count, gsize size, GError **error);
#define LK_TRY_NEW(type, count, error) ((type *)lk_try_memory((count), sizeof(type), (error)))

/** The code of an error: its own in our domain, LK_ERROR_IO for the system's (GFileError, GIOError), else USAGE. */
LkErrorCode lk_gerror_code(const GError *error);
