#include "sampling/infotext.h"

#include "format/gerror.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

#define NEGATIVE      "Negative prompt:"
#define FIRST_SETTING "Steps: "

/* ------------------------------------------------------------------ writing */

/** WebUI writes values with commas, colons or line ends as JSON strings. */
static void append_value(GString *out, const char *value)
{
    if (!strpbrk(value, ",:\n")) {
        g_string_append(out, value);
        return;
    }
    g_string_append_c(out, '"');
    for (const char *p = value; *p; p++) {
        if (*p == '"' || *p == '\\')
            g_string_append_c(out, '\\');
        if (*p == '\n')
            g_string_append(out, "\\n");
        else if ((unsigned char)*p < 0x20)
            g_string_append_printf(out, "\\u%04x", (unsigned)*p);
        else
            g_string_append_c(out, *p);
    }
    g_string_append_c(out, '"');
}

static void append_pair(GString *out, const char *key, const char *value)
{
    if (!value)
        return;
    if (out->len > 0)
        g_string_append(out, ", ");
    g_string_append_printf(out, "%s: ", key);
    append_value(out, value);
}

/** The line of settings, in WebUI's order. */
static char *settings_line(const LkInfotextPicture *info)
{
    const LkPictureRequest *request = info->request;
    char cfg[G_ASCII_DTOSTR_BUF_SIZE];
    g_ascii_formatd(cfg, sizeof cfg, "%.7g", request->cfg);
    g_autofree char *steps = g_strdup_printf("%d", request->steps);
    g_autofree char *seed = g_strdup_printf("%" G_GUINT64_FORMAT, request->seed);
    g_autofree char *size = g_strdup_printf("%dx%d", request->width, request->height);
    g_autofree char *skip = info->clip_skip > 1 ? g_strdup_printf("%d", info->clip_skip) : NULL;
    GString *line = g_string_new(NULL);
    append_pair(line, "Steps", steps);
    append_pair(line, "Sampler", request->sampler->webui_sampler);
    append_pair(line, "Schedule type", request->sampler->webui_schedule);
    append_pair(line, "CFG scale", cfg);
    append_pair(line, "Seed", seed);
    append_pair(line, "Size", size);
    append_pair(line, "Model hash", info->model_hash);
    append_pair(line, "Model", info->model);
    append_pair(line, "Clip skip", skip);
    append_pair(line, "Lora hashes", info->lora_hashes);
    append_pair(line, "Version", "Lorikeet");
    return g_string_free(line, FALSE);
}

char *lk_infotext_write(const LkInfotextPicture *info)
{
    const char *negative = info->request->negative;
    g_autofree char *settings = settings_line(info);
    return g_strconcat(info->prompt ? info->prompt : info->request->prompt,
                       negative && *negative ? "\n" NEGATIVE " " : "", negative ? negative : "", "\n", settings, NULL);
}

LkMetadata *lk_infotext_png_texts(const LkInfotextPicture *info)
{
    LkMetadata *texts = lk_metadata_new();
    g_autofree char *text = lk_infotext_write(info);
    lk_metadata_set(texts, "parameters", text);
    return texts;
}

/* ------------------------------------------------------------------ reading */

/** Four hex digits, or -1. */
static int read_hex4(const char *text)
{
    int value = 0;
    for (int i = 0; i < 4; i++) {
        int digit = g_ascii_xdigit_value(text[i]);
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/** What a JSON string without its quotes stands for. */
static char *unescape(const char *text)
{
    static const char escapes[] = "n\nt\tr\rb\bf\f";
    GString *out = g_string_new(NULL);
    for (const char *p = text; *p; p++) {
        if (*p != '\\' || !p[1]) {
            g_string_append_c(out, *p);
            continue;
        }
        const char *known = NULL;
        int code = *++p == 'u' ? read_hex4(p + 1) : -1;
        for (size_t i = 0; i + 1 < sizeof escapes && !known; i += 2)
            known = escapes[i] == *p ? &escapes[i + 1] : NULL;
        if (code >= 0)
            g_string_append_unichar(out, code > 0 && (code < 0xd800 || code > 0xdfff) ? (gunichar)code : 0xfffd);
        else
            g_string_append_c(out, known ? *known : *p);
        p += code >= 0 ? 4 : 0;
    }
    return g_string_free(out, FALSE);
}

static void set_value(LkMetadata *settings, const char *key, const char *value)
{
    size_t length = strlen(value);
    if (length < 2 || value[0] != '"' || value[length - 1] != '"') {
        lk_metadata_set(settings, key, value);
        return;
    }
    g_autofree char *inside = g_strndup(value + 1, length - 2);
    g_autofree char *plain = unescape(inside);
    lk_metadata_set(settings, key, plain);
}

/** The settings of a line; none where it is not a line of settings. */
static LkMetadata *read_settings(const char *line)
{
    enum { LEAST = 3 }; /* WebUI's rule: with fewer it is a part of the prompt */
    LkMetadata *settings = lk_metadata_new();
    g_autoptr(GRegex) pattern =
        g_regex_new("\\s*(\\w[\\w \\-/]+):\\s*(\"(?:\\\\.|[^\\\\\"])+\"|[^,]*)(?:,|$)", G_REGEX_OPTIMIZE, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;
    int count = 0;
    for (g_regex_match(pattern, line, 0, &match); g_match_info_matches(match); g_match_info_next(match, NULL)) {
        g_autofree char *key = g_match_info_fetch(match, 1), *value = g_match_info_fetch(match, 2);
        set_value(settings, key, value);
        count++;
    }
    if (count >= LEAST)
        return settings;
    lk_metadata_free(settings);
    return lk_metadata_new();
}

static void append_line(GString *out, const char *line)
{
    if (out->len > 0)
        g_string_append_c(out, '\n');
    g_string_append(out, line);
}

/** The settings, empty where there are none; *count becomes the number of lines before them. They are the last line,
 * but extensions write more below (the template of a prompt): then theirs is the one that begins as WebUI's does. */
static LkMetadata *find_settings(char **lines, guint *count)
{
    for (guint i = *count; i-- > 0;) {
        if (i + 1 < *count && !g_str_has_prefix(lines[i], FIRST_SETTING))
            continue;
        LkMetadata *settings = read_settings(lines[i]);
        if (lk_metadata_count(settings) > 0) {
            *count = i;
            return settings;
        }
        lk_metadata_free(settings);
    }
    return lk_metadata_new();
}

LkInfotext *lk_infotext_parse(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    g_auto(GStrv) lines = g_strsplit(g_strstrip(valid), "\n", -1);
    guint count = g_strv_length(lines);
    LkInfotext *infotext = g_new0(LkInfotext, 1);
    infotext->settings = find_settings(lines, &count);
    GString *prompt = g_string_new(NULL), *negative = g_string_new(NULL), *now = prompt;
    for (guint i = 0; i < count; i++) {
        const char *line = g_strstrip(lines[i]);
        if (g_str_has_prefix(line, NEGATIVE)) {
            now = negative;
            line += strlen(NEGATIVE);
            while (g_ascii_isspace(*line))
                line++;
        }
        append_line(now, line);
    }
    infotext->prompt = g_string_free(prompt, FALSE);
    infotext->negative = g_string_free(negative, FALSE);
    return infotext;
}

void lk_infotext_free(LkInfotext *infotext)
{
    if (!infotext)
        return;
    g_free(infotext->prompt);
    g_free(infotext->negative);
    lk_metadata_free(infotext->settings);
    g_free(infotext);
}

/* ------------------------------------------------------------------ into a request */

static bool read_int(const char *text, int *value)
{
    gint64 number;
    if (!g_ascii_string_to_signed(text, 10, 1, G_MAXINT, &number, NULL))
        return false;
    *value = (int)number;
    return true;
}

static bool apply_steps(LkPictureRequest *request, const LkInfotext *infotext, const char *value)
{
    return read_int(value, &request->steps);
}

static bool apply_seed(LkPictureRequest *request, const LkInfotext *infotext, const char *value)
{
    return g_ascii_string_to_unsigned(value, 10, 0, G_MAXUINT64, &request->seed, NULL);
}

static bool apply_cfg(LkPictureRequest *request, const LkInfotext *infotext, const char *value)
{
    char *end;
    double cfg = g_ascii_strtod(value, &end);
    if (end == value || *end || !isfinite(cfg))
        return false;
    request->cfg = cfg;
    return true;
}

static bool apply_size(LkPictureRequest *request, const LkInfotext *infotext, const char *value)
{
    g_auto(GStrv) sides = g_strsplit(value, "x", -1);
    int width, height;
    if (g_strv_length(sides) != 2 || !read_int(sides[0], &width) || !read_int(sides[1], &height))
        return false;
    request->width = width;
    request->height = height;
    return true;
}

/** WebUI before 1.9 wrote "DPM++ 2M Karras"; later ones sampler and schedule apart, where "Automatic" is the schedule
 * that the sampler is best with: the first of ours. */
static bool apply_sampler(LkPictureRequest *request, const LkInfotext *infotext, const char *value)
{
    const char *schedule = lk_metadata_get(infotext->settings, "Schedule type");
    const LkSampler *found = schedule ? NULL : lk_sampler_find(value);
    for (int i = 0; i < lk_sampler_count() && !found; i++) {
        const LkSampler *sampler = lk_sampler_at(i);
        bool fits = !schedule || !sampler->webui_schedule || g_ascii_strcasecmp(schedule, "Automatic") == 0 ||
                    g_ascii_strcasecmp(schedule, sampler->webui_schedule) == 0;
        if (fits && g_ascii_strcasecmp(value, sampler->webui_sampler) == 0)
            found = sampler;
    }
    if (found)
        request->sampler = found;
    return found != NULL;
}

bool lk_infotext_apply(const LkInfotext *infotext, LkPictureRequest *request, GError **error)
{
    static const struct {
        const char *key;
        bool (*apply)(LkPictureRequest *request, const LkInfotext *infotext, const char *value);
    } rows[] = {{"Steps", apply_steps},
                {"Sampler", apply_sampler},
                {"CFG scale", apply_cfg},
                {"Seed", apply_seed},
                {"Size", apply_size}};
    const char *bad = NULL, *bad_value = NULL;
    request->prompt = infotext->prompt;
    request->negative = infotext->negative;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const char *value = lk_metadata_get(infotext->settings, rows[i].key);
        if (value && !rows[i].apply(request, infotext, value) && !bad) {
            bad = rows[i].key;
            bad_value = value;
        }
    }
    return !bad || lk_set_error(error, LK_ERROR_UNSUPPORTED,
                                _("The picture's settings say “%s: %s”, which cannot be done here. Choose another."),
                                bad, bad_value);
}
