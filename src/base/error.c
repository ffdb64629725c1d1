#include "base/error.h"

#include <libintl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *lk_text(const char *text)
{
    return gettext(text);
}

bool lk_fail(LkError *error, LkErrorCode code, const char *format, ...)
{
    if (!error || error->code != LK_ERROR_NONE)
        return false;
    va_list args;
    va_start(args, format);
    vsnprintf(error->text, sizeof error->text, lk_text(format), args);
    va_end(args);
    error->code = code;
    return false;
}

void lk_error_prefix(LkError *error, const char *format, ...)
{
    if (!error || error->code == LK_ERROR_NONE)
        return;
    char old[sizeof error->text];
    memcpy(old, error->text, sizeof old);
    va_list args;
    va_start(args, format);
    int used = vsnprintf(error->text, sizeof error->text, lk_text(format), args);
    va_end(args);
    if (used >= 0 && (size_t)used < sizeof error->text)
        snprintf(error->text + used, sizeof error->text - (size_t)used, ": %s", old);
}

bool lk_first_error_set(LkFirstError *first, const LkError *error)
{
    if (!atomic_flag_test_and_set(&first->taken))
        first->error = *error;
    return false;
}

bool lk_first_error_give(const LkFirstError *first, LkError *error)
{
    if (first->error.code == LK_ERROR_NONE)
        return true;
    if (error && error->code == LK_ERROR_NONE)
        *error = first->error;
    return false;
}
