#include "system/graphics.h"

#include "system/nvml.h"
#include "system/sandbox.h"

#include <dlfcn.h>
#include <glib/gi18n.h>
#include <stdbool.h>
#include <string.h>

/* OLDEST_CUDNN is what attention needs (backend/cuda/cudnn_attention.c). */
enum { OLDEST_CUDA = 12000, OLDEST_CUDNN = 91800, LEAST_FREE_GIB = 4 };

/* ---- what is built in -------------------------------------------------------------------------------- */

static char *read_text(const char *folder, const char *name)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    char *text = NULL;
    return g_file_get_contents(path, &text, NULL, NULL) ? g_strchomp(text) : NULL;
}

/* Display controllers (class 0x03…) of NVIDIA (vendor 0x10de) on the PCI bus. */
static int count_cards(const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    int count = 0;
    for (const char *name; dir && (name = g_dir_read_name(dir));) {
        g_autofree char *device = g_build_filename(folder, name, NULL);
        g_autofree char *vendor = read_text(device, "vendor"), *kind = read_text(device, "class");
        count += vendor && kind && strcmp(vendor, "0x10de") == 0 && g_str_has_prefix(kind, "0x03");
    }
    return count;
}

static bool has_module(const char *modules, const char *name)
{
    g_autofree char *text = NULL, *start = g_strdup_printf("%s ", name), *line = g_strdup_printf("\n%s ", name);
    return g_file_get_contents(modules, &text, NULL, NULL) && (g_str_has_prefix(text, start) || strstr(text, line));
}

static char *say_card(const LkNvml *nvml, int number)
{
    LkNvmlCard card;
    if (!lk_nvml_card(nvml, number, &card))
        return NULL;
    g_autofree char *memory = g_format_size_full((guint64)card.memory_bytes, G_FORMAT_SIZE_IEC_UNITS);
    if (!card.major)
        return g_strdup_printf("%s, %s", card.name, memory);
    /* translators: name of a graphics card, its memory, and NVIDIA's number for what it can do */
    return g_strdup_printf(_("%s, %s, compute capability %d.%d"), card.name, memory, card.major, card.minor);
}

/* Their names by the driver; without it, that there is one. */
static void check_card(GPtrArray *findings, const LkNvml *nvml, int built_in)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    for (int i = 0; nvml && i < lk_nvml_count(nvml); i++) {
        char *name = say_card(nvml, i);
        if (name)
            g_ptr_array_add(names, name);
    }
    g_ptr_array_add(names, NULL);
    if (names->len > 1) {
        lk_system_add(findings, "card", _("Graphics Card"), LK_SYSTEM_FINE, g_strjoinv("; ", (char **)names->pdata));
    } else if (built_in) {
        lk_system_add(findings, "card", _("Graphics Card"), LK_SYSTEM_ATTENTION,
                      g_strdup(_("An NVIDIA card is built in; its driver does not answer.")));
    } else {
        LkSystemFinding *finding = lk_system_add(findings, "card", _("Graphics Card"), LK_SYSTEM_MISSING,
                                                 g_strdup(_("No NVIDIA graphics card was found.")));
        finding->fix = g_strdup(_("Training runs on the processor. If a card is built in, see that it sits firmly, has "
                                  "its power cable, and is not switched off in the firmware's settings."));
    }
}

/* ---- driver ------------------------------------------------------------------------------------------ */

/* Device files that are closed to this program, by the driver's own word or by CUDA's. */
static void explain_closed(LkSystemFinding *finding)
{
    finding->fix =
        g_strdup(_("The device files /dev/nvidia* are closed to this program. Add yourself to their group with "
                   "this command and log in anew; inside a container or sandbox, allow it to use the card."));
    finding->command = g_strdup("sudo usermod -aG video $USER");
}

/* In a Flatpak the driver's libraries are not the system's but an extension's, of the same version. */
static bool explain_extension(LkSystemFinding *finding, const LkSystemPlaces *places, LkNvmlProblem problem)
{
    bool loaded = has_module(places->modules ? places->modules : "/proc/modules", "nvidia");
    if (!lk_in_flatpak(places->flatpak) || !loaded ||
        (problem != LK_NVML_NO_LIBRARY && problem != LK_NVML_OTHER_VERSION))
        return false;
    finding->text = g_strdup(_("The driver is installed, but its copy for Flatpaks is missing or of another version."));
    finding->fix = g_strdup(_("This command fetches the right one. After an update of the driver restart the computer "
                              "first."));
    finding->command = g_strdup("flatpak update");
    return true;
}

static void explain_driver(LkSystemFinding *finding, LkNvmlProblem problem, const LkSystemPlaces *places)
{
    const char *modules = places->modules ? places->modules : "/proc/modules";
    if (explain_extension(finding, places, problem))
        return;
    if (problem == LK_NVML_NO_PERMISSION) {
        finding->text = g_strdup(_("The driver is installed, but this program may not use the card."));
        explain_closed(finding);
    } else if (problem == LK_NVML_OTHER_VERSION) {
        finding->text = g_strdup(_("The driver was updated, but the old one is still at work."));
        finding->fix = g_strdup(_("Restart the computer."));
    } else if (has_module(modules, "nouveau")) {
        finding->text = g_strdup(_("The card runs with nouveau, which cannot compute."));
        finding->fix = g_strdup(_("Install NVIDIA's driver from your distribution (on Debian the package "
                                  "nvidia-driver, on Ubuntu by “Additional Drivers”) and restart the computer."));
    } else if (problem == LK_NVML_NO_LIBRARY) {
        finding->text = g_strdup(_("NVIDIA's driver is not installed."));
        finding->fix = g_strdup(_("Install it from your distribution (on Debian the package nvidia-driver, on Ubuntu "
                                  "by “Additional Drivers”) and restart the computer."));
    } else if (problem == LK_NVML_NOT_LOADED) {
        finding->text = g_strdup(_("The driver is installed, but its kernel module is not loaded."));
        finding->fix = g_strdup(_("Load it with this command, or restart the computer. If it fails, the firmware's "
                                  "Secure Boot may refuse the module: sign it, or switch Secure Boot off."));
        finding->command = g_strdup("sudo modprobe nvidia");
    } else {
        finding->text = g_strdup(_("The driver does not answer."));
        finding->fix = g_strdup(_("Restart the computer; if that does not help, install the driver again."));
    }
}

static void check_driver(GPtrArray *findings, const LkNvml *nvml, LkNvmlProblem problem, const LkSystemPlaces *places)
{
    LkSystemFinding *finding = lk_system_add(findings, "driver", _("NVIDIA Driver"), LK_SYSTEM_FINE, NULL);
    if (!nvml) {
        finding->state = LK_SYSTEM_MISSING;
        explain_driver(finding, problem, places);
        return;
    }
    const char *version = lk_nvml_driver(nvml) ? lk_nvml_driver(nvml) : _("unknown version");
    int cuda = lk_nvml_cuda_version(nvml);
    finding->text =
        cuda ? g_strdup_printf(_("%s, runs programs for CUDA up to %d.%d"), version, cuda / 1000, cuda % 1000 / 10)
             : g_strdup(version);
    if (!cuda || cuda >= OLDEST_CUDA)
        return;
    finding->state = LK_SYSTEM_ATTENTION;
    finding->fix = g_strdup_printf(
        _("It is too old: Lorikeet needs CUDA %d. Update the driver and restart the computer."), OLDEST_CUDA / 1000);
}

/* ---- CUDA -------------------------------------------------------------------------------------------- */

/* Numbers of the driver interface, from cuda.h. */
enum {
    CUDA_SUCCESS = 0,
    CUDA_OUT_OF_MEMORY = 2,
    CUDA_NO_DEVICE = 100,
    CUDA_OPERATING_SYSTEM = 304,
    CUDA_DRIVER_MISMATCH = 803,
    CUDA_UNKNOWN = 999
};

static void explain_cuda(LkSystemFinding *finding, int result)
{
    const char *hidden = g_getenv("CUDA_VISIBLE_DEVICES");
    finding->state = LK_SYSTEM_MISSING;
    finding->text = g_strdup_printf(_("CUDA does not start (error %d)."), result);
    if (result == CUDA_NO_DEVICE && hidden) {
        finding->fix = g_strdup_printf(
            _("The variable CUDA_VISIBLE_DEVICES is set to “%s” and hides the card. Start Lorikeet without it."),
            hidden);
    } else if (result == CUDA_OPERATING_SYSTEM) {
        explain_closed(finding);
    } else if (result == CUDA_OUT_OF_MEMORY) {
        finding->fix =
            g_strdup(_("Other programs have taken the memory of the card or of the computer. Close browsers, "
                       "games and other trainers, then check again."));
    } else if (result == CUDA_UNKNOWN) {
        finding->fix =
            g_strdup(_("Most often the kernel module nvidia_uvm is not loaded, after a sleep for example. Run "
                       "this command, then check again; a restart of the computer does the same."));
        finding->command = g_strdup("sudo modprobe nvidia_uvm");
    } else if (result == CUDA_DRIVER_MISMATCH) {
        finding->fix = g_strdup(_("The driver was updated. Restart the computer."));
    } else {
        finding->fix = g_strdup(_("Restart the computer; if that does not help, install the driver again."));
    }
}

static void check_cuda(GPtrArray *findings, const char *library)
{
    LkSystemFinding *finding = lk_system_add(findings, "cuda", _("CUDA"), LK_SYSTEM_FINE, NULL);
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    int (*init)(unsigned flags) = NULL, (*version)(int *number) = NULL;
    if (handle) {
        *(void **)&init = dlsym(handle, "cuInit");
        *(void **)&version = dlsym(handle, "cuDriverGetVersion");
    }
    if (!init || !version) {
        finding->state = LK_SYSTEM_MISSING;
        finding->text = g_strdup(_("The driver's library for CUDA (libcuda.so.1) is not there."));
        finding->fix =
            g_strdup(_("Install the driver's CUDA part (on Debian the package libcuda1) and restart Lorikeet."));
        return;
    }
    int number = 0, result = init(0);
    if (result == CUDA_SUCCESS && version(&number) == CUDA_SUCCESS)
        finding->text = g_strdup_printf(_("%d.%d, it starts"), number / 1000, number % 1000 / 10);
    else
        explain_cuda(finding, result);
    /* The library stays open: once started it cannot be taken out. */
}

/* ---- libraries --------------------------------------------------------------------------------------- */

/* The version of a library by its own function; 0 where it cannot be opened. */
static size_t ask_version(const char *library, const char *function)
{
    void *handle = dlopen(library, RTLD_LAZY | RTLD_LOCAL);
    size_t (*get)(void) = NULL;
    if (handle)
        *(void **)&get = dlsym(handle, function);
    size_t version = get ? get() : 0;
    if (handle)
        dlclose(handle);
    return version;
}

static size_t find_cublas(const char *given)
{
    static const char *const usual[] = {"libcublasLt.so.13", "libcublasLt.so.12"};
    size_t version = given ? ask_version(given, "cublasLtGetVersion") : 0;
    for (size_t i = 0; !given && !version && i < G_N_ELEMENTS(usual); i++)
        version = ask_version(usual[i], "cublasLtGetVersion");
    return version;
}

static void check_libraries(GPtrArray *findings, const LkSystemPlaces *places)
{
    size_t cudnn = ask_version(places->cudnn ? places->cudnn : "libcudnn.so.9", "cudnnGetVersion");
    size_t cublas = find_cublas(places->cublas);
    LkSystemFinding *finding =
        lk_system_add(findings, "libraries", _("CUDA Libraries and cuDNN"), LK_SYSTEM_FINE, NULL);
    if (cudnn && cublas) {
        finding->text = g_strdup_printf(_("cuBLASLt %zu, cuDNN %zu.%zu.%zu"), cublas / 10000, cudnn / 10000,
                                        cudnn / 100 % 100, cudnn % 100);
        if (cudnn >= OLDEST_CUDNN)
            return;
        finding->state = LK_SYSTEM_ATTENTION;
        finding->fix = g_strdup_printf(_("This cuDNN is too old: bf16 and fp16 need cuDNN %d.%d. Update it (NVIDIA's "
                                         "package cudnn) and start Lorikeet anew."),
                                       OLDEST_CUDNN / 10000, OLDEST_CUDNN / 100 % 100);
        return;
    }
    finding->state = LK_SYSTEM_MISSING;
    finding->text = g_strdup(!cudnn && !cublas ? _("cuBLASLt and cuDNN 9 are not installed, or not found.")
                             : !cudnn          ? _("cuDNN 9 is not installed, or not found.")
                                               : _("cuBLASLt is not installed, or not found."));
    if (lk_in_flatpak(places->flatpak)) {
        finding->fix =
            g_strdup(_("They come with the Flatpak's part for NVIDIA cards. Install it with this command, then "
                       "start Lorikeet anew."));
        finding->command = g_strdup(LK_FLATPAK_CUDA);
        return;
    }
    finding->fix = g_strdup(_("Install the CUDA toolkit and cuDNN 9 (NVIDIA's packages cuda-toolkit and cudnn), then "
                              "start Lorikeet anew. Where they are in a folder of their own, name it in "
                              "LD_LIBRARY_PATH."));
}

static void check_memory(GPtrArray *findings, const LkNvml *nvml)
{
    for (int i = 0; i < lk_nvml_count(nvml); i++) {
        LkNvmlCard card;
        if (!lk_nvml_card(nvml, i, &card))
            continue;
        g_autofree char *all = g_format_size_full((guint64)card.memory_bytes, G_FORMAT_SIZE_IEC_UNITS);
        g_autofree char *free = g_format_size_full((guint64)card.free_bytes, G_FORMAT_SIZE_IEC_UNITS);
        bool enough = card.free_bytes >= (gint64)LEAST_FREE_GIB << 30;
        LkSystemFinding *finding =
            lk_system_add(findings, "card-memory", _("Card Memory"), enough ? LK_SYSTEM_FINE : LK_SYSTEM_ATTENTION,
                          g_strdup_printf(_("%s, of these %s are free"), all, free));
        if (!enough)
            finding->fix = g_strdup(_("Close programs that use the card: browsers, games, other trainers."));
    }
}

void lk_graphics_check(GPtrArray *findings, const LkSystemPlaces *places)
{
    int built_in = count_cards(places->pci ? places->pci : "/sys/bus/pci/devices");
    LkNvmlProblem problem;
    g_autoptr(LkNvml) nvml = lk_nvml_open(places->nvml ? places->nvml : LK_NVML_LIBRARY, &problem);
    check_card(findings, nvml, built_in);
    if (!built_in && (!nvml || lk_nvml_count(nvml) == 0))
        return;
    check_driver(findings, nvml, problem, places);
    if (nvml)
        check_cuda(findings, places->cuda ? places->cuda : "libcuda.so.1");
    check_libraries(findings, places);
    if (nvml)
        check_memory(findings, nvml);
}
