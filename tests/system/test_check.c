/* The system check on computers made of files and libraries for the test: what it finds, and what it advises. */
#include "system/check.h"
#include "tests/tap.h"

#include <glib/gstdio.h>
#include <string.h>

typedef struct Computer {
    char *folder, *pci, *modules, *meminfo;
    LkSystemPlaces places;
} Computer;

static void write_file(const char *folder, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autofree char *parent = g_path_get_dirname(path);
    g_mkdir_with_parents(parent, 0777);
    g_file_set_contents(path, text, -1, NULL);
}

static Computer computer_new(const char *nvml, const char *cuda, bool card)
{
    Computer computer = {.folder = g_dir_make_tmp("computer-XXXXXX", NULL)};
    computer.pci = g_build_filename(computer.folder, "pci", NULL);
    computer.modules = g_build_filename(computer.folder, "modules", NULL);
    computer.meminfo = g_build_filename(computer.folder, "meminfo", NULL);
    write_file(computer.folder, "pci/0000:00:1f.2/vendor", "0x8086\n");
    write_file(computer.folder, "pci/0000:00:1f.2/class", "0x030000\n");
    write_file(computer.folder, "pci/0000:01:00.1/vendor", "0x10de\n"); /* the sound of a card that is taken out */
    write_file(computer.folder, "pci/0000:01:00.1/class", "0x040300\n");
    if (card) {
        write_file(computer.folder, "pci/0000:01:00.0/vendor", "0x10de\n");
        write_file(computer.folder, "pci/0000:01:00.0/class", "0x030000\n");
    }
    write_file(computer.folder, "modules", "i915 4 0 - Live 0x0\nsnd 1 0 - Live 0x0\n");
    write_file(computer.folder, "meminfo", "MemTotal:       33554432 kB\nMemFree: 1 kB\nMemAvailable:   25165824 kB\n");
    computer.places = (LkSystemPlaces){.pci = computer.pci,
                                       .modules = computer.modules,
                                       .meminfo = computer.meminfo,
                                       .nvml = nvml,
                                       .cuda = cuda,
                                       .cudnn = cuda,
                                       .cublas = cuda,
                                       .folder = computer.folder};
    return computer;
}

static void remove_all(const char *path)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    for (const char *name; dir && (name = g_dir_read_name(dir));) {
        g_autofree char *inside = g_build_filename(path, name, NULL);
        remove_all(inside);
    }
    g_remove(path);
}

static void computer_clear(Computer *computer)
{
    remove_all(computer->folder);
    g_free(computer->folder);
    g_free(computer->pci);
    g_free(computer->modules);
    g_free(computer->meminfo);
}

static const LkSystemFinding *find(const GPtrArray *findings, const char *id)
{
    for (guint i = 0; i < findings->len; i++)
        if (strcmp(((const LkSystemFinding *)findings->pdata[i])->id, id) == 0)
            return findings->pdata[i];
    return NULL;
}

static void expect(const GPtrArray *findings, const char *id, LkSystemState state, const char *text, const char *fix)
{
    const LkSystemFinding *finding = find(findings, id);
    bool good = finding && finding->state == state && strstr(finding->text, text) &&
                (fix ? finding->fix && strstr(finding->fix, fix) : !finding->fix);
    tap_ok(good, "%s: %s", id, text);
    if (!good && finding)
        tap_note("%s, %s, %s", lk_system_state_name(finding->state), finding->text, finding->fix ? finding->fix : "-");
}

static void test_good(const char *nvml, const char *cuda)
{
    Computer computer = computer_new(nvml, cuda, true);
    g_autoptr(GPtrArray) findings = lk_system_check(&computer.places);
    expect(findings, "card", LK_SYSTEM_FINE, "NVIDIA GeForce RTX 3060, 12.0\u00a0GiB, compute capability 8.6", NULL);
    expect(findings, "card", LK_SYSTEM_FINE, "NVIDIA A100", NULL);
    expect(findings, "driver", LK_SYSTEM_FINE, "580.95.05, runs programs for CUDA up to 13.0", NULL);
    expect(findings, "cuda", LK_SYSTEM_FINE, "13.0, it starts", NULL);
    expect(findings, "libraries", LK_SYSTEM_FINE, "cuBLASLt 13, cuDNN 9.18.1", NULL);
    expect(findings, "card-memory", LK_SYSTEM_FINE, "12.0\u00a0GiB, of these 11.0\u00a0GiB are free", NULL);
    expect(findings, "memory", LK_SYSTEM_FINE, "32.0\u00a0GiB, of these 24.0\u00a0GiB are free", NULL);
    const LkSystemFinding *second = findings->pdata[5];
    tap_ok(strcmp(second->id, "card-memory") == 0 && second->state == LK_SYSTEM_ATTENTION && second->fix,
           "a card whose memory is taken is told of");
    g_autofree char *report = lk_system_describe(findings);
    tap_ok(strstr(report, "NVIDIA Driver (fine): 580.95.05") && strstr(report, "    Close programs that use the card"),
           "the report has all of it, with the remedies");
    computer_clear(&computer);
}

static void test_no_card(void)
{
    Computer computer = computer_new("libnothing-ml.so", "libnothing-cuda.so", false);
    g_autoptr(GPtrArray) findings = lk_system_check(&computer.places);
    expect(findings, "card", LK_SYSTEM_MISSING, "No NVIDIA graphics card", "runs on the processor");
    tap_ok(!find(findings, "driver") && !find(findings, "cuda") && !find(findings, "libraries"),
           "without a card nothing is said of its driver");
    tap_ok(find(findings, "memory") && find(findings, "disk"), "but of memory and disk");
    write_file(computer.folder, "meminfo", "MemTotal:        8388608 kB\nMemAvailable:    1048576 kB\n");
    g_autoptr(GPtrArray) small = lk_system_check(&computer.places);
    expect(small, "memory", LK_SYSTEM_ATTENTION, "8.0\u00a0GiB, of these 1.0\u00a0GiB", "Close other programs");
    computer_clear(&computer);
}

static void test_drivers(const char *nvml, const char *cuda)
{
    Computer computer = computer_new("libnothing-ml.so", cuda, true);
    g_autoptr(GPtrArray) none = lk_system_check(&computer.places);
    expect(none, "card", LK_SYSTEM_ATTENTION, "is built in", NULL);
    expect(none, "driver", LK_SYSTEM_MISSING, "not installed", "nvidia-driver");
    tap_ok(!find(none, "cuda"), "CUDA is not asked without a driver");
    write_file(computer.folder, "modules", "nouveau 2 0 - Live 0x0\n");
    g_autoptr(GPtrArray) nouveau = lk_system_check(&computer.places);
    expect(nouveau, "driver", LK_SYSTEM_MISSING, "nouveau", "restart");
    write_file(computer.folder, "modules", "i915 4 0 - Live 0x0\n");
    computer.places.nvml = nvml;
    g_setenv("FAKE_NVML_ERROR", "18", TRUE);
    g_autoptr(GPtrArray) updated = lk_system_check(&computer.places);
    expect(updated, "driver", LK_SYSTEM_MISSING, "was updated", "Restart the computer");
    g_setenv("FAKE_NVML_ERROR", "9", TRUE);
    g_autoptr(GPtrArray) unloaded = lk_system_check(&computer.places);
    expect(unloaded, "driver", LK_SYSTEM_MISSING, "not loaded", "Secure Boot");
    tap_ok(g_strcmp0(find(unloaded, "driver")->command, "sudo modprobe nvidia") == 0, "with the command that loads it");
    g_setenv("FAKE_NVML_ERROR", "4", TRUE);
    g_autoptr(GPtrArray) closed = lk_system_check(&computer.places);
    expect(closed, "driver", LK_SYSTEM_MISSING, "may not use the card", "/dev/nvidia*");
    tap_ok(strstr(find(closed, "driver")->command, "usermod -aG video"), "with the command that opens it");
    g_unsetenv("FAKE_NVML_ERROR");
    g_setenv("FAKE_NVML_CUDA", "11040", TRUE);
    g_autoptr(GPtrArray) old = lk_system_check(&computer.places);
    expect(old, "driver", LK_SYSTEM_ATTENTION, "CUDA up to 11.4", "too old: Lorikeet needs CUDA 12");
    g_unsetenv("FAKE_NVML_CUDA");
    computer_clear(&computer);
}

static void test_cuda(const char *nvml, const char *cuda)
{
    Computer computer = computer_new(nvml, cuda, true);
    g_setenv("FAKE_CUDA_ERROR", "999", TRUE);
    g_autoptr(GPtrArray) uvm = lk_system_check(&computer.places);
    expect(uvm, "cuda", LK_SYSTEM_MISSING, "error 999", "nvidia_uvm");
    g_setenv("FAKE_CUDA_ERROR", "100", TRUE);
    g_setenv("CUDA_VISIBLE_DEVICES", "-1", TRUE);
    g_autoptr(GPtrArray) hidden = lk_system_check(&computer.places);
    expect(hidden, "cuda", LK_SYSTEM_MISSING, "error 100", "CUDA_VISIBLE_DEVICES is set to “-1”");
    g_unsetenv("CUDA_VISIBLE_DEVICES");
    g_setenv("FAKE_CUDA_ERROR", "304", TRUE);
    g_autoptr(GPtrArray) closed = lk_system_check(&computer.places);
    expect(closed, "cuda", LK_SYSTEM_MISSING, "error 304", "/dev/nvidia*");
    g_setenv("FAKE_CUDA_ERROR", "2", TRUE);
    g_autoptr(GPtrArray) full = lk_system_check(&computer.places);
    expect(full, "cuda", LK_SYSTEM_MISSING, "error 2", "taken the memory");
    g_unsetenv("FAKE_CUDA_ERROR");
    g_setenv("FAKE_CUDNN", "91002", TRUE);
    g_autoptr(GPtrArray) old = lk_system_check(&computer.places);
    expect(old, "libraries", LK_SYSTEM_ATTENTION, "cuDNN 9.10.2", "too old: bf16 and fp16 need cuDNN 9.18");
    g_unsetenv("FAKE_CUDNN");
    computer.places.cublas = "libnothing-cublas.so";
    g_autoptr(GPtrArray) without = lk_system_check(&computer.places);
    expect(without, "libraries", LK_SYSTEM_MISSING, "cuBLASLt is not installed", "cuda-toolkit");
    computer.places.cublas = cuda;
    computer.places.cudnn = "libnothing-cudnn.so";
    g_autoptr(GPtrArray) part = lk_system_check(&computer.places);
    expect(part, "libraries", LK_SYSTEM_MISSING, "cuDNN 9 is not installed", "LD_LIBRARY_PATH");
    computer.places.cuda = "libnothing-cuda.so";
    g_autoptr(GPtrArray) none = lk_system_check(&computer.places);
    expect(none, "cuda", LK_SYSTEM_MISSING, "libcuda.so.1", "libcuda1");
    computer_clear(&computer);
}

/* There the driver's libraries and ours come as extensions, and commands fetch them. */
static void test_flatpak(const char *nvml, const char *cuda)
{
    Computer computer = computer_new("libnothing-ml.so", cuda, true);
    write_file(computer.folder, "flatpak-info", "[Application]\n");
    g_autofree char *info = g_build_filename(computer.folder, "flatpak-info", NULL);
    computer.places.flatpak = info;
    g_autoptr(GPtrArray) none = lk_system_check(&computer.places);
    expect(none, "driver", LK_SYSTEM_MISSING, "not installed", "nvidia-driver");
    write_file(computer.folder, "modules", "nvidia 6 0 - Live 0x0\n");
    g_autoptr(GPtrArray) old = lk_system_check(&computer.places);
    expect(old, "driver", LK_SYSTEM_MISSING, "copy for Flatpaks", "fetches the right one");
    tap_ok(g_strcmp0(find(old, "driver")->command, "flatpak update") == 0, "with the command that fetches it");
    computer.places.nvml = nvml;
    computer.places.cudnn = "libnothing-cudnn.so";
    g_autoptr(GPtrArray) part = lk_system_check(&computer.places);
    expect(part, "libraries", LK_SYSTEM_MISSING, "cuDNN 9 is not installed", "part for NVIDIA cards");
    tap_ok(g_strcmp0(find(part, "libraries")->command, "flatpak install io.github.lorikeet_lora.Lorikeet.CUDA") == 0,
           "with the command that installs it");
    computer.places.flatpak = computer.places.cudnn; /* no such file: an ordinary program */
    g_autoptr(GPtrArray) outside = lk_system_check(&computer.places);
    expect(outside, "libraries", LK_SYSTEM_MISSING, "cuDNN 9 is not installed", "LD_LIBRARY_PATH");
    computer_clear(&computer);
}

int main(int argc, char **argv)
{
    test_no_card();
    if (argc > 2) {
        test_good(argv[1], argv[2]);
        test_drivers(argv[1], argv[2]);
        test_cuda(argv[1], argv[2]);
        test_flatpak(argv[1], argv[2]);
    }
    return tap_done();
}
