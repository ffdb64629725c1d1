#include "training/device.h"

#include "format/gerror.h"

#include <glib/gi18n.h>
#include <string.h>

enum { MAX_DEVICES = 16 };

static const LkBackend *cpu_backend(LkError *reason)
{
    const LkBackend *api = lk_backend_cpu();
    if (!api)
        lk_fail(reason, LK_ERROR_UNSUPPORTED, _("This build has no CPU backend."));
    return api;
}

/* In the order in which "auto" tries them. */
static const struct {
    const char *name;
    const LkBackend *(*get)(LkError *reason);
} backends[] = {{"cuda", lk_backend_cuda}, {"cpu", cpu_backend}};

bool lk_device_backend(int number, const char **name, const LkBackend **api, LkError *reason)
{
    if (number < 0 || (size_t)number >= G_N_ELEMENTS(backends))
        return false;
    *name = backends[number].name;
    *api = backends[number].get(reason);
    return true;
}

/** Device `index` of a backend. */
static bool take(const char *name, const LkBackend *api, int index, LkDeviceChoice *choice, LkError *reason)
{
    LkDeviceInfo infos[MAX_DEVICES];
    int count = api->devices(infos, MAX_DEVICES, reason);
    if (count < 0)
        return false;
    if (index >= count)
        return lk_fail(reason, LK_ERROR_USAGE,
                       count ? _("There is no %s device number %d; the last is number %d. See lorikeet-cli devices.")
                             : _("There is no %s device."),
                       name, index, count - 1);
    *choice = (LkDeviceChoice){.api = api, .index = index, .info = infos[index], .share = 100};
    if (strcmp(name, "cpu") == 0)
        g_strlcpy(choice->id, "cpu", sizeof choice->id);
    else
        g_snprintf(choice->id, sizeof choice->id, "%s:%d", name, index);
    return true;
}

int lk_device_list(LkDeviceChoice *choices, int max)
{
    int count = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(backends); i++) {
        LkError reason = {0};
        const LkBackend *api = backends[i].get(&reason);
        for (int index = 0; api && count < max && take(backends[i].name, api, index, &choices[count], &reason); index++)
            count++;
    }
    return count;
}

static bool choose_first(LkDeviceChoice *choice, GError **error)
{
    LkError reason = {0};
    for (size_t i = 0; i < G_N_ELEMENTS(backends); i++) {
        reason = (LkError){0};
        const LkBackend *api = backends[i].get(&reason);
        if (api && take(backends[i].name, api, 0, choice, &reason))
            return true;
    }
    return lk_gerror_take(error, &reason);
}

/** Splits "cuda:1"; "cuda" is "cuda:0". */
static bool parse(const char *text, size_t *backend, int *index)
{
    const char *colon = strchr(text, ':');
    size_t length = colon ? (size_t)(colon - text) : strlen(text);
    guint64 number = 0;
    if (colon && !g_ascii_string_to_unsigned(colon + 1, 10, 0, 1000, &number, NULL))
        return false;
    *index = (int)number;
    for (*backend = 0; *backend < G_N_ELEMENTS(backends); (*backend)++)
        if (strlen(backends[*backend].name) == length && strncmp(backends[*backend].name, text, length) == 0)
            return true;
    return false;
}

/** Takes "@75%" off the end of a text; false where it is something else. */
static bool parse_share(char *text, int *share)
{
    char *at = strchr(text, '@');
    guint64 percent = 100;
    *share = 100;
    if (!at)
        return true;
    *at++ = '\0';
    size_t length = strlen(at);
    if (length < 2 || at[length - 1] != '%')
        return false;
    at[length - 1] = '\0';
    bool good = g_ascii_string_to_unsigned(at, 10, 1, 100, &percent, NULL);
    *share = (int)percent;
    return good;
}

static bool choose(const char *text, LkDeviceChoice *choice, GError **error)
{
    size_t backend;
    int index;
    if (strcmp(text, "auto") == 0)
        return choose_first(choice, error);
    if (!parse(text, &backend, &index))
        return lk_set_error(error, LK_ERROR_USAGE,
                            _("--device is \"%s\", but must be auto, cpu or cuda:N. See lorikeet-cli devices."), text);
    LkError reason = {0};
    const LkBackend *api = backends[backend].get(&reason);
    return (api && take(backends[backend].name, api, index, choice, &reason)) || lk_gerror_take(error, &reason);
}

bool lk_device_choose(const char *text, LkDeviceChoice *choice, GError **error)
{
    g_autofree char *device = g_strdup(text);
    int share;
    if (!parse_share(device, &share))
        return lk_set_error(error, LK_ERROR_USAGE,
                            _("--device is \"%s\"; behind the @ stands a share of the memory from 1%% to 100%%."),
                            text);
    if (!choose(device, choice, error))
        return false;
    choice->share = share;
    return true;
}

int64_t lk_device_free_bytes(const LkBackend *api, int index, const LkDeviceInfo *known, int share, int64_t held)
{
    LkDeviceInfo infos[MAX_DEVICES];
    int count = api->devices(infos, MAX_DEVICES, NULL);
    const LkDeviceInfo *info = index < count ? &infos[index] : known;
    int64_t allowed = (int64_t)((double)info->memory_bytes * share / 100) - held;
    return share >= 100 ? info->free_bytes : MAX(MIN(info->free_bytes, allowed), 0);
}
