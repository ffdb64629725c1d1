/* What looking at a dataset brings to light: one remark about one file or folder, with what to do about it. */
#pragma once

#include <glib.h>
#include <stdbool.h>

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
    LK_FINDING_PICTURE_LOOKALIKE,
    LK_FINDING_PICTURE_BLURRED,
    LK_FINDING_PICTURE_MISSING,
    LK_FINDING_PICTURE_TWICE,
    LK_FINDING_CAPTION_MISSING,
    LK_FINDING_CAPTION_EMPTY,
    LK_FINDING_CAPTION_NOT_UTF8,
    LK_FINDING_CAPTION_UNREADABLE,
    LK_FINDING_CAPTION_MORE_LINES,
    LK_FINDING_CAPTION_LONG,
    LK_FINDING_CAPTION_SHARED,
    LK_FINDING_TRIGGER_MISSING,
    LK_FINDING_TAGS_ONCE,
    LK_FINDING_PICTURES_FEW,
    LK_FINDING_PICTURES_MANY,
    LK_FINDING_REG_UNUSED,
    LK_FINDING_COUNT,
} LkFindingKind;

/** What a program can do about a finding when the person agrees. */
typedef enum LkFixKind {
    LK_FIX_NONE,
    LK_FIX_EXCLUDE,       /* leave the picture out of the training */
    LK_FIX_ADD_TRIGGER,   /* put the trigger words of `fix_argument` ("a, b") in front of the caption */
    LK_FIX_CONVERT_UTF8,  /* write the caption anew as UTF-8: lk_caption_convert; `fix_argument`: the encoding it has */
    LK_FIX_JOIN_LINES,    /* put the caption's lines on one, with ", " between */
    LK_FIX_RENAME,        /* give the file the extension of `fix_argument` (".png"), its caption stays beside it */
    LK_FIX_WRITE_TRIGGER, /* write the trigger words as the caption of a picture that has none */
    LK_FIX_ALPHA_MASK,    /* make the pictures' own transparency their masks: alpha_mask */
    LK_FIX_REMOVE_TAGS,   /* take the finding's `tags` out of the captions */
    LK_FIX_READ_MORE,     /* let the text encoder read as much as it can: max_token_length */
    LK_FIX_ADD_PICTURES,  /* ask the person for more pictures */
    LK_FIX_COUNT,
} LkFixKind;

typedef struct LkFinding {
    LkFindingKind kind;
    char *path;    /* as the file system has it, so maybe not UTF-8; never NULL */
    char *text;    /* UTF-8: a whole sentence without the path */
    char *picture; /* the picture that it is about, where `path` is its caption; NULL where it is `path` or none */
    char **others; /* further pictures that it is about; NULL for none */
    char **tags;   /* tags that it is about; NULL for none */
    LkFixKind fix;
    char *fix_argument; /* UTF-8; NULL where the fix needs none */
} LkFinding;

/** A stable name such as "picture-truncated", for JSON and for filters. */
const char *lk_finding_name(LkFindingKind kind);
LkSeverity lk_finding_severity(LkFindingKind kind);
const char *lk_severity_name(LkSeverity severity); /* "info", "warning", "error" */
/** The kind of a name; false for another text. */
bool lk_finding_from_name(const char *name, LkFindingKind *kind);
/** "none", "exclude", "add-trigger", "convert-utf8", "join-lines", "rename". */
const char *lk_fix_name(LkFixKind fix);

/** The bit of a kind in a set of kinds. */
#define lk_finding_bit(kind) (G_GUINT64_CONSTANT(1) << (kind))
G_STATIC_ASSERT(LK_FINDING_COUNT <= 64);
/** True for the kinds about a picture or its caption, false for those about folders and the whole dataset. */
bool lk_finding_is_of_picture(LkFindingKind kind);
/** The picture a finding is about: its path, or NULL. */
const char *lk_finding_picture(const LkFinding *finding);

/** An empty list that owns its findings (free with g_ptr_array_unref). */
GPtrArray *lk_findings_new(void);
/** Appends one and returns it, so that more can be set (the list owns it); `findings` may be NULL, then nothing happens
 * and the answer is NULL. */
LkFinding *lk_findings_add(GPtrArray *findings, LkFindingKind kind, const char *path, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
/** Sets the picture, or the fix, of a finding. `finding` and texts may be NULL. */
void lk_finding_set_picture(LkFinding *finding, const char *picture);
void lk_finding_set_fix(LkFinding *finding, LkFixKind fix, const char *argument);
/** How many of the list are of this severity. */
guint lk_findings_count(const GPtrArray *findings, LkSeverity severity);
/** The kinds in a list as bits. */
guint64 lk_findings_bits(const GPtrArray *findings);
/** Sorts a list: errors first, then warnings, then the rest; by path within each. */
void lk_findings_sort(GPtrArray *findings);
