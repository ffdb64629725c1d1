#include "project/store_private.h"

#include <glib/gi18n.h>

/** What SQLite's result codes are to a user: %s is the file. */
static const struct {
    int code; /* primary, or extended where it says more */
    LkErrorCode kind;
    const char *sentence;
} sentences[] = {
    {SQLITE_BUSY, LK_ERROR_IO, N_("“%s” is in use by another program. Close the other one and try again.")},
    {SQLITE_LOCKED, LK_ERROR_IO, N_("“%s” is in use by another part of the program. Please try again.")},
    {SQLITE_FULL, LK_ERROR_IO,
     N_("The disk is full: “%s” could not be changed. Free some space and try again. What was stored before is "
        "intact.")},
    {SQLITE_READONLY, LK_ERROR_IO,
     N_("“%s” may not be written. Check the permissions of the file and its folder, and whether the disk is "
        "read-only.")},
    {SQLITE_PERM, LK_ERROR_IO, N_("“%s” may not be written. Check the permissions of the file and its folder.")},
    {SQLITE_AUTH, LK_ERROR_IO, N_("“%s” may not be opened. Check the permissions of the file and its folder.")},
    {SQLITE_CANTOPEN, LK_ERROR_IO,
     N_("“%s” cannot be opened. Check that its folder is there, and that you may write in it.")},
    {SQLITE_NOTADB, LK_ERROR_FORMAT,
     N_("“%s” is not a store of Lorikeet, or its beginning is damaged. It was left as it is. Put back a copy of it, or "
        "set it aside to begin anew.")},
    {SQLITE_CORRUPT, LK_ERROR_FORMAT,
     N_("“%s” is damaged. Pictures, captions and saved LoRAs are files of their own and are not concerned. Put back a "
        "copy of it, or set it aside to begin anew.")},
    {SQLITE_ABORT, LK_ERROR_IO,
     N_("A change of “%s” was undone as a whole, since a part of it had failed. Try again.")},
    {SQLITE_NOMEM, LK_ERROR_MEMORY, N_("There is not enough memory to work with “%s”. Close other programs.")},
    {SQLITE_TOOBIG, LK_ERROR_USAGE, N_("A text is too long to be stored in “%s”.")},
    {SQLITE_CONSTRAINT_FOREIGNKEY, LK_ERROR_USAGE,
     N_("What this belongs to is not in “%s” any more. It was probably deleted in the meantime.")},
    {SQLITE_CONSTRAINT_UNIQUE, LK_ERROR_USAGE, N_("“%s” has this already.")},
};

/** For everything else. */
static bool unknown(GError **error, const char *path, int code, const char *detail)
{
    switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
        return lk_set_error(error, LK_ERROR_USAGE, _("This cannot be stored in “%s”: %s."), path, detail);
    case SQLITE_IOERR:
        return lk_set_error(error, LK_ERROR_IO,
                            _("“%s” cannot be read or written: %s. Check that the disk is there and in order."), path,
                            detail);
    case SQLITE_ERROR: /* a table or column that is not there */
        return lk_set_error(
            error, LK_ERROR_FORMAT,
            _("“%s” is not as this program left it: %s. Put back a copy of it, or set it aside to begin "
              "anew."),
            path, detail);
    default:
        return lk_set_error(error, LK_ERROR_IO, _("“%s” cannot be used: %s (SQLite code %d)."), path, detail, code);
    }
}

bool lk_store_error(GError **error, const char *path, int code, const char *detail)
{
    g_autofree char *shown = g_filename_display_name(path);
    for (gsize i = 0; i < G_N_ELEMENTS(sentences); i++) {
        if (sentences[i].code != code && sentences[i].code != (code & 0xff))
            continue;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        return lk_set_error(error, sentences[i].kind, _(sentences[i].sentence), shown);
#pragma GCC diagnostic pop
    }
    return unknown(error, shown, code, detail);
}

bool lk_store_fail(LkStore *store, GError **error)
{
    store->failed = sqlite3_extended_errcode(store->db);
    return lk_store_error(error, store->path, store->failed, sqlite3_errmsg(store->db));
}

bool lk_store_failed_unique(const LkStore *store)
{
    return store->failed == SQLITE_CONSTRAINT_UNIQUE || store->failed == SQLITE_CONSTRAINT_PRIMARYKEY;
}
