/* The CUDA backend is a module, opened at run time: the program starts on machines without any CUDA, and can say what
 * is missing. */
#include "backend/backend.h"
#include "backend/cuda/module.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_SIZE = 4096 };
#define CHOSEN_MODULE "LORIKEET_CUDA_MODULE" /* a stand-in needs no driver */

/** The folder of the running program, or "" where the system does not tell. */
static void program_folder(char folder[PATH_SIZE])
{
    ssize_t length = readlink("/proc/self/exe", folder, PATH_SIZE - 1);
    folder[length > 0 ? length : 0] = 0;
    char *slash = strrchr(folder, '/');
    if (slash)
        *slash = 0;
}

/** Writes the number'th place where the module may be; false behind the last. */
static bool place(int number, char path[PATH_SIZE])
{
    /* Beside an installed program, in the Flatpak's extension, in the build folder, where it was configured to go. */
    static const char *const relative[] = {"../lib/lorikeet", "../lib/lorikeet/cuda", "../lib64/lorikeet",
                                           "../backend/cuda", "../../src/backend/cuda"};
    static const int relatives = sizeof relative / sizeof *relative;
    const char *chosen = getenv(CHOSEN_MODULE);
    if (chosen) {
        snprintf(path, PATH_SIZE, "%s", chosen);
        return number == 0;
    }
    char folder[PATH_SIZE];
    program_folder(folder);
    if (number < relatives)
        snprintf(path, PATH_SIZE, "%.3000s/%s/lorikeet-cuda.so", folder, relative[number]);
    else
        snprintf(path, PATH_SIZE, "%s/lorikeet-cuda.so", LK_MODULE_FOLDER);
    return number <= relatives;
}

/** Why the loader refused the module, in words. */
static void explain(LkError *error)
{
    const char *reason = dlerror();
    reason = reason ? reason : "";
    if (strstr(reason, "libcublasLt") || strstr(reason, "libcudnn") || strstr(reason, "libnvrtc"))
        lk_fail(error, LK_ERROR_UNSUPPORTED,
                "NVIDIA's libraries cuBLASLt and cuDNN are not installed, or not where the system looks for libraries "
                "(%s). Install CUDA and cuDNN, or use the CPU (--device cpu).",
                reason);
    else
        lk_fail(error, LK_ERROR_UNSUPPORTED, "The part of this program for NVIDIA cards cannot be opened: %s.", reason);
}

/** The module brings NVIDIA's libraries along, 60 MB of memory and a tenth of a second: not where no driver could use
 * them. The driver's library stays open, as the module's own handle on it does. */
static bool has_driver(LkError *error)
{
    if (dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL))
        return true;
    lk_fail(error, LK_ERROR_UNSUPPORTED,
            "There is no NVIDIA driver on this computer (libcuda.so.1 cannot be opened). Install the newest driver and "
            "restart the computer, or use the CPU (--device cpu).");
    return false;
}

/** The module stays open for as long as the program runs: a library that has used the card cannot be taken out. */
static const LkBackend *open_module(const char *path, LkError *error)
{
    void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!module) {
        explain(error);
        return NULL;
    }
    const LkBackend *(*get)(int version);
    *(void **)&get = dlsym(module, LK_CUDA_MODULE_SYMBOL);
    const LkBackend *backend = get ? get(LK_BACKEND_VERSION) : NULL;
    if (!backend)
        lk_fail(error, LK_ERROR_UNSUPPORTED,
                "The part of this program for NVIDIA cards (%s) is of another version. Install the program again.",
                path);
    return backend;
}

const LkBackend *lk_backend_cuda(LkError *error)
{
    char path[PATH_SIZE];
    for (int i = 0; place(i, path); i++)
        if (access(path, R_OK) == 0)
            return getenv(CHOSEN_MODULE) || has_driver(error) ? open_module(path, error) : NULL;
    if (access("/.flatpak-info", F_OK) == 0)
        lk_fail(error, LK_ERROR_UNSUPPORTED,
                "The Flatpak's part for NVIDIA cards is not installed. Install it with: flatpak install "
                "io.github.lorikeet_lora.Lorikeet.CUDA, or use the CPU (--device cpu).");
    else
        lk_fail(error, LK_ERROR_UNSUPPORTED, "This build has no CUDA backend; use the CPU (--device cpu).");
    return NULL;
}
