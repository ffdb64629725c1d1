/* Every kernel has a case, in each of its types and with lanes as threads: a new one without a test fails here.
 *
 * Usage: covered PROGRAM…, the kernels' tests, which are asked for what they would run. */
#include "kernels/kernels.h"
#include "tests/tap.h"

#include <stdlib.h>
#include <string.h>

static const LkDType types[] = {LK_F32, LK_BF16, LK_F16};
enum { TYPES = sizeof types / sizeof *types };

static bool covered[LK_KERNEL_COUNT][TYPES];

/** Marks a kernel that a test named. */
static bool mark(const char *name, const char *type)
{
    for (int id = 0; id < LK_KERNEL_COUNT; id++)
        for (int t = 0; t < TYPES; t++)
            if (strcmp(lk_kernel((LkKernelId)id, types[t])->name, name) == 0 &&
                strcmp(lk_dtype_name(types[t]), type) == 0)
                return covered[id][t] = true;
    return false;
}

/** How many kernels a program names; -1 where it does not end well. */
static int ask(const char *program)
{
    char command[4096], line[400], name[100], type[20];
    int named = 0;
    snprintf(command, sizeof command, "'%s'", program);
    FILE *output = popen(command, "r");
    while (output && fgets(line, sizeof line, output))
        if (sscanf(line, "# lanes %99s %19s", name, type) == 2)
            named += mark(name, type);
    return output && pclose(output) == 0 ? named : -1;
}

/** Of what is compiled for float alone, the types are one. */
static bool is_covered(int id, int t)
{
    const LkKernel *kernel = lk_kernel((LkKernelId)id, types[t]), *f32 = lk_kernel((LkKernelId)id, LK_F32);
    return covered[id][t] || (covered[id][0] && kernel->phase[0].run == f32->phase[0].run);
}

int main(int argc, char **argv)
{
    setenv("LORIKEET_KERNELS", "names", 1);
    for (int i = 1; i < argc; i++) {
        int named = ask(argv[i]);
        tap_ok(named > 0, "%s has %d cases with lanes", strrchr(argv[i], '/') ? strrchr(argv[i], '/') + 1 : argv[i],
               named);
    }
    for (int id = 0; id < LK_KERNEL_COUNT; id++) {
        bool all = true;
        for (int t = 0; t < TYPES; t++)
            if (!is_covered(id, t)) {
                tap_note("%s in %s has no case", lk_kernel((LkKernelId)id, types[t])->name, lk_dtype_name(types[t]));
                all = false;
            }
        tap_ok(all, "%s", lk_kernel((LkKernelId)id, LK_F32)->name);
    }
    return tap_done();
}
