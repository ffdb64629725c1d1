#include "dataset/finding.h"

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
    [LK_FINDING_CAPTION_MISSING] = {"caption-missing", LK_SEVERITY_WARNING},
    [LK_FINDING_CAPTION_EMPTY] = {"caption-empty", LK_SEVERITY_WARNING},
    [LK_FINDING_CAPTION_NOT_UTF8] = {"caption-not-utf8", LK_SEVERITY_WARNING},
    [LK_FINDING_CAPTION_UNREADABLE] = {"caption-unreadable", LK_SEVERITY_WARNING},
    [LK_FINDING_CAPTION_MORE_LINES] = {"caption-more-lines", LK_SEVERITY_INFO},
    [LK_FINDING_CAPTION_LONG] = {"caption-long", LK_SEVERITY_WARNING},
    [LK_FINDING_CAPTION_SHARED] = {"caption-shared", LK_SEVERITY_INFO},
    [LK_FINDING_TRIGGER_MISSING] = {"trigger-missing", LK_SEVERITY_WARNING},
    [LK_FINDING_REG_UNUSED] = {"reg-unused", LK_SEVERITY_INFO},
};

static const char *const severities[] = {"info", "warning", "error"};

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

static void finding_free(void *data)
{
    LkFinding *finding = data;
    g_free(finding->path);
    g_free(finding->text);
    g_free(finding);
}

GPtrArray *lk_findings_new(void)
{
    return g_ptr_array_new_with_free_func(finding_free);
}

void lk_findings_add(GPtrArray *findings, LkFindingKind kind, const char *path, const char *format, ...)
{
    if (!findings)
        return;
    LkFinding *finding = g_new0(LkFinding, 1);
    finding->kind = kind;
    finding->path = g_strdup(path);
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    finding->text = g_utf8_make_valid(text, -1);
    g_ptr_array_add(findings, finding);
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
