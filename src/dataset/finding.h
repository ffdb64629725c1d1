/* What looking at a dataset brings to light: one remark about one file or folder, with what to do about it. */
#pragma once

#include <glib.h>

typedef enum LkSeverity {
    LK_SEVERITY_INFO,    /* handled; said because it may surprise */
    LK_SEVERITY_WARNING, /* training works, the result may not be what was meant */
    LK_SEVERITY_ERROR,   /* this file cannot be used as it is */
} LkSeverity;

/** The kinds; finding.c has their names and severities in a table. */
typedef enum LkFindingKind {
    LK_FINDING_FOLDER_SKIPPED,
    LK_FINDING_FOLDER_UNREADABLE,
    LK_FINDING_FOLDER_EMPTY,
    LK_FINDING_FOLDER_LOOSE_PICTURES,
    LK_FINDING_PICTURE_UNREADABLE,
    LK_FINDING_PICTURE_EMPTY,
    LK_FINDING_PICTURE_TRUNCATED,
    LK_FINDING_PICTURE_TOO_LARGE,
    LK_FINDING_PICTURE_NO_BUCKET,
    LK_FINDING_PICTURE_WRONG_TYPE,
    LK_FINDING_PICTURE_CMYK,
    LK_FINDING_PICTURE_GREY,
    LK_FINDING_PICTURE_16_BIT,
    LK_FINDING_PICTURE_ALPHA,
    LK_FINDING_PICTURE_ANIMATED,
    LK_FINDING_PICTURE_TURNED,
    LK_FINDING_PICTURE_SMALL,
    LK_FINDING_PICTURE_DUPLICATE,
    LK_FINDING_CAPTION_MISSING,
    LK_FINDING_CAPTION_EMPTY,
    LK_FINDING_CAPTION_NOT_UTF8,
    LK_FINDING_CAPTION_UNREADABLE,
    LK_FINDING_CAPTION_MORE_LINES,
    LK_FINDING_CAPTION_LONG,
    LK_FINDING_CAPTION_SHARED,
    LK_FINDING_TRIGGER_MISSING,
    LK_FINDING_REG_UNUSED,
    LK_FINDING_COUNT,
} LkFindingKind;

typedef struct LkFinding {
    LkFindingKind kind;
    char *path; /* as the file system has it, so maybe not UTF-8; never NULL */
    char *text; /* UTF-8: a whole sentence without the path */
} LkFinding;

/** A stable name such as "picture-truncated", for JSON and for filters. */
const char *lk_finding_name(LkFindingKind kind);
LkSeverity lk_finding_severity(LkFindingKind kind);
const char *lk_severity_name(LkSeverity severity); /* "info", "warning", "error" */

/** An empty list that owns its findings (free with g_ptr_array_unref). */
GPtrArray *lk_findings_new(void);
/** Appends one; `findings` may be NULL, then nothing happens. */
void lk_findings_add(GPtrArray *findings, LkFindingKind kind, const char *path, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
/** How many of the list are of this severity. */
guint lk_findings_count(const GPtrArray *findings, LkSeverity severity);
