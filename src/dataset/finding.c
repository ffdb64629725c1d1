#include "dataset/finding.h"

#include <string.h>

static const struct {
    const char *name;
    LkSeverity severity;
} kinds[LK_FINDING_COUNT] = {
    [LK_FINDING_FOLDER_SKIPPED] = {"folder-skipped", LK_SEVERITY_WARNING},
    [LK_FINDING_FOLDER_UNREADABLE] = {"folder-unreadable", LK_SEVERITY_ERROR},
    [LK_FINDING_FOLDER_EMPTY] = {"folder-empty", LK_SEVERITY_WARNING},
    [LK_FINDING_FOLDER_LOOSE_PICTURES] = {"folder-loose-pictures", LK_SEVERITY_WARNING},
    [LK_FINDING_PICTURE_UNREADABLE] = {"picture-unreadable", LK_SEVERITY_ERROR},
    [LK_FINDING_PICTURE_EMPTY] = {"picture-empty", LK_SEVERITY_ERROR},
    [LK_FINDING_PICTURE_TRUNCATED] = {"picture-truncated", LK_SEVERITY_ERROR},
    [LK_FINDING_PICTURE_TOO_LARGE] = {"picture-too-large", LK_SEVERITY_ERROR},
    [LK_FINDING_PICTURE_NO_BUCKET] = {"picture-no-bucket", LK_SEVERITY_ERROR},
    [LK_FINDING_PICTURE_WRONG_TYPE] = {"picture-wrong-type", LK_SEVERITY_INFO},
    [LK_FINDING_PICTURE_CMYK] = {"picture-cmyk", LK_SEVERITY_INFO},
    [LK_FINDING_PICTURE_GREY] = {"picture-grey", LK_SEVERITY_INFO},
    [LK_FINDING_PICTURE_16_BIT] = {"picture-16-bit", LK_SEVERITY_INFO},
    [LK_FINDING_PICTURE_ALPHA] = {"picture-alpha", LK_SEVERITY_WARNING},
    [LK_FINDING_PICTURE_ANIMATED] = {"picture-animated", LK_SEVERITY_INFO},
    [LK_FINDING_PICTURE_TURNED] = {"picture-turned", LK_SEVERITY_INFO},
    [LK_FINDING_PICTURE_SMALL] = {"picture-small", LK_SEVERITY_WARNING},
    [LK_FINDING_PICTURE_DUPLICATE] = {"picture-duplicate", LK_SEVERITY_WARNING},
    [LK_FINDING_PICTURE_LOOKALIKE] = {"picture-lookalike", LK_SEVERITY_WARNING},
    [LK_FINDING_PICTURE_BLURRED] = {"picture-blurred", LK_SEVERITY_WARNING},
    [LK_FINDING_PICTURE_MISSING] = {"picture-missing", LK_SEVERITY_ERROR},
    [LK_FINDING_PICTURE_TWICE] = {"picture-twice", LK_SEVERITY_WARNING},
    [LK_FINDING_CAPTION_MISSING] = {"caption-missing", LK_SEVERITY_WARNING},
    [LK_FINDING_CAPTION_EMPTY] = {"caption-empty", LK_SEVERITY_WARNING},
    [LK_FINDING_CAPTION_NOT_UTF8] = {"caption-not-utf8", LK_SEVERITY_WARNING},
    [LK_FINDING_CAPTION_UNREADABLE] = {"caption-unreadable", LK_SEVERITY_WARNING},
    [LK_FINDING_CAPTION_MORE_LINES] = {"caption-more-lines", LK_SEVERITY_INFO},
    [LK_FINDING_CAPTION_LONG] = {"caption-long", LK_SEVERITY_WARNING},
    [LK_FINDING_CAPTION_SHARED] = {"caption-shared", LK_SEVERITY_INFO},
    [LK_FINDING_TRIGGER_MISSING] = {"trigger-missing", LK_SEVERITY_WARNING},
    [LK_FINDING_TAGS_ONCE] = {"tags-once", LK_SEVERITY_INFO},
    [LK_FINDING_PICTURES_FEW] = {"pictures-few", LK_SEVERITY_WARNING},
    [LK_FINDING_PICTURES_MANY] = {"pictures-many", LK_SEVERITY_INFO},
    [LK_FINDING_REG_UNUSED] = {"reg-unused", LK_SEVERITY_INFO},
};

static const char *const severities[] = {"info", "warning", "error"};

static const char *const fixes[LK_FIX_COUNT] = {
    [LK_FIX_NONE] = "none",
    [LK_FIX_EXCLUDE] = "exclude",
    [LK_FIX_ADD_TRIGGER] = "add-trigger",
    [LK_FIX_CONVERT_UTF8] = "convert-utf8",
    [LK_FIX_JOIN_LINES] = "join-lines",
    [LK_FIX_RENAME] = "rename",
    [LK_FIX_WRITE_TRIGGER] = "write-trigger",
    [LK_FIX_ALPHA_MASK] = "alpha-mask",
    [LK_FIX_REMOVE_TAGS] = "remove-tags",
    [LK_FIX_READ_MORE] = "read-more",
    [LK_FIX_ADD_PICTURES] = "add-pictures",
};

const char *lk_finding_name(LkFindingKind kind)
{
    return (unsigned)kind < LK_FINDING_COUNT ? kinds[kind].name : "unknown";
}

LkSeverity lk_finding_severity(LkFindingKind kind)
{
    return (unsigned)kind < LK_FINDING_COUNT ? kinds[kind].severity : LK_SEVERITY_INFO;
}

const char *lk_severity_name(LkSeverity severity)
{
    return (unsigned)severity < G_N_ELEMENTS(severities) ? severities[severity] : "unknown";
}

bool lk_finding_from_name(const char *name, LkFindingKind *kind)
{
    for (guint i = 0; i < LK_FINDING_COUNT; i++)
        if (strcmp(kinds[i].name, name) == 0) {
            *kind = (LkFindingKind)i;
            return true;
        }
    return false;
}

const char *lk_fix_name(LkFixKind fix)
{
    return (unsigned)fix < LK_FIX_COUNT ? fixes[fix] : "unknown";
}

bool lk_finding_is_of_picture(LkFindingKind kind)
{
    const char *name = lk_finding_name(kind);
    return g_str_has_prefix(name, "picture-") || g_str_has_prefix(name, "caption-") ||
           kind == LK_FINDING_TRIGGER_MISSING;
}

const char *lk_finding_picture(const LkFinding *finding)
{
    if (!lk_finding_is_of_picture(finding->kind))
        return NULL;
    return finding->picture ? finding->picture : finding->path;
}

static void finding_free(void *data)
{
    LkFinding *finding = data;
    g_free(finding->path);
    g_free(finding->text);
    g_free(finding->picture);
    g_strfreev(finding->others);
    g_strfreev(finding->tags);
    g_free(finding->fix_argument);
    g_free(finding);
}

GPtrArray *lk_findings_new(void)
{
    return g_ptr_array_new_with_free_func(finding_free);
}

LkFinding *lk_findings_add(GPtrArray *findings, LkFindingKind kind, const char *path, const char *format, ...)
{
    if (!findings)
        return NULL;
    LkFinding *finding = g_new0(LkFinding, 1);
    finding->kind = kind;
    finding->path = g_strdup(path);
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    finding->text = g_utf8_make_valid(text, -1);
    g_ptr_array_add(findings, finding);
    return finding;
}

void lk_finding_set_picture(LkFinding *finding, const char *picture)
{
    if (!finding)
        return;
    g_free(finding->picture);
    finding->picture = g_strdup(picture);
}

void lk_finding_set_fix(LkFinding *finding, LkFixKind fix, const char *argument)
{
    if (!finding)
        return;
    g_free(finding->fix_argument);
    finding->fix = fix;
    finding->fix_argument = g_strdup(argument);
}

guint lk_findings_count(const GPtrArray *findings, LkSeverity severity)
{
    guint count = 0;
    for (guint i = 0; i < findings->len; i++) {
        const LkFinding *finding = g_ptr_array_index(findings, i);
        count += lk_finding_severity(finding->kind) == severity;
    }
    return count;
}

guint64 lk_findings_bits(const GPtrArray *findings)
{
    guint64 bits = 0;
    for (guint i = 0; i < findings->len; i++)
        bits |= lk_finding_bit(((const LkFinding *)g_ptr_array_index(findings, i))->kind);
    return bits;
}

static int compare_findings(const void *a, const void *b)
{
    const LkFinding *x = *(const LkFinding *const *)a, *y = *(const LkFinding *const *)b;
    const LkSeverity sx = lk_finding_severity(x->kind), sy = lk_finding_severity(y->kind);
    if (sx != sy)
        return sx > sy ? -1 : 1;
    const int by_path = strcmp(x->path, y->path);
    if (by_path)
        return by_path;
    return x->kind != y->kind ? (x->kind > y->kind) - (x->kind < y->kind) : strcmp(x->text, y->text);
}

void lk_findings_sort(GPtrArray *findings)
{
    g_ptr_array_sort(findings, compare_findings);
}
