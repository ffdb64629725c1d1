/* Whole reads, and writes that happen whole or not at all. */
#include "base/file.h"
#include "tests/tap.h"

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/lorikeet-test-XXXXXX";

/* A path in the test's folder; four can be in use at once. */
static const char *in(const char *name)
{
    static char paths[4][512];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static int files_in_folder(void)
{
    int count = 0;
    DIR *dir = opendir(folder);
    while (dir && readdir(dir))
        count++;
    if (dir)
        closedir(dir);
    return count - 2;
}

static bool holds(const char *path, const char *text)
{
    char *data;
    size_t size;
    bool same =
        lk_file_read(path, 1000, &data, &size, NULL) && size == strlen(text) && memcmp(data, text, size + 1) == 0;
    free(data);
    return same;
}

static void test_replace(void)
{
    LkError error = {0};
    tap_ok(lk_file_replace(in("a"), "one", 3, &error) && holds(in("a"), "one"), "a new file is written");
    chmod(in("a"), 0640);
    tap_ok(lk_file_replace(in("a"), "second", 6, &error) && holds(in("a"), "second"), "a file is replaced");
    struct stat info;
    tap_ok(stat(in("a"), &info) == 0 && (info.st_mode & 0777) == 0640, "it keeps its permissions");
    tap_ok(lk_file_replace(in("a"), NULL, 0, &error) && holds(in("a"), ""), "and may become empty");
    tap_ok(files_in_folder() == 1, "nothing else is left in the folder");

    lk_file_replace(in("target"), "old", 3, &error);
    tap_ok(symlink(in("target"), in("link")) == 0 && lk_file_replace(in("link"), "new", 3, &error) &&
               holds(in("target"), "new") && lstat(in("link"), &info) == 0 && S_ISLNK(info.st_mode),
           "through a link the file behind it is replaced and the link stays");

    char name[256];
    memset(name, 'n', 255);
    name[255] = '\0';
    tap_ok(lk_file_replace(in(name), "x", 1, &error) && holds(in(name), "x"), "a name of 255 bytes works");
    unlink(in(name));
}

static void test_refusals(void)
{
    LkError error = {0};
    tap_ok(!lk_file_replace(in("missing/x"), "a", 1, &error) && error.code == LK_ERROR_IO, "no folder: %s", error.text);
    error = (LkError){0};
    mkdir(in("sub"), 0777);
    tap_ok(!lk_file_replace(in("sub"), "a", 1, &error) && error.code == LK_ERROR_IO, "a folder: %s", error.text);
    error = (LkError){0};
    tap_ok(!lk_file_replace("", "a", 1, &error) && error.code == LK_ERROR_IO, "no name: %s", error.text);
    rmdir(in("sub"));
}

/* A refused write in the middle must leave the old file and nothing else. RLIMIT_FSIZE plays the full disk. */
static void test_refused_write(void)
{
    LkError error = {0};
    lk_file_replace(in("keep"), "precious", 8, &error);
    int before = files_in_folder();
    struct rlimit old, small = {0};
    getrlimit(RLIMIT_FSIZE, &old);
    small = (struct rlimit){.rlim_cur = 1 << 20, .rlim_max = old.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    char *big = calloc(3, 1 << 20);
    bool refused = !lk_file_replace(in("keep"), big, 3 << 20, &error);
    tap_ok(refused && error.code == LK_ERROR_IO, "a write that the system cuts short fails: %s", error.text);

    error = (LkError){0};
    LkFileWriter *writer = lk_file_writer_new(in("keep"), &error);
    lk_file_writer_write(writer, big, 3 << 20, NULL);
    tap_ok(!lk_file_writer_commit(writer, &error) && error.code == LK_ERROR_IO,
           "a caller who missed that cannot commit: %s", error.text);
    setrlimit(RLIMIT_FSIZE, &old);
    free(big);
    tap_ok(holds(in("keep"), "precious") && files_in_folder() == before, "the old file is whole, nothing else is left");
}

static void test_writer(void)
{
    LkError error = {0};
    int before = files_in_folder();
    LkFileWriter *writer = lk_file_writer_new(in("w"), &error);
    bool ok = writer != NULL;
    static char piece[1000];
    /* Pieces that pass the writer's own buffer at odd places, then one larger than it. */
    for (int i = 0; i < 1000 && ok; i++) {
        memset(piece, 'a' + i % 26, sizeof piece);
        ok = lk_file_writer_write(writer, piece, (size_t)(i % 1000), &error);
    }
    char *large = malloc(1 << 20);
    memset(large, 'L', 1 << 20);
    ok = ok && lk_file_writer_write(writer, large, 1 << 20, &error);
    ok = ok && lk_file_writer_patch(writer, 499500 - 2, "PATCH", 5, &error);
    tap_ok(ok && access(in("w"), F_OK) != 0, "until commit there is no file under the name");
    LkError past = {0};
    tap_ok(!lk_file_writer_patch(writer, 499500 + (1 << 20) - 2, "xyz", 3, &past), "a patch past the end: %s",
           past.text);
    tap_ok(lk_file_writer_commit(writer, &error), "commit");
    char *data;
    size_t size;
    ok = lk_file_read(in("w"), 10 << 20, &data, &size, &error) && size == 499500 + (1 << 20);
    size_t at = 0;
    for (int i = 0; i < 1000 && ok; i++)
        for (int k = 0; k < i && ok; k++, at++)
            ok = data[at] == 'a' + i % 26 || at >= 499498;
    tap_ok(ok && memcmp(data + 499498, "PATCHLLL", 8) == 0 && data[size - 1] == 'L', "all pieces are in the file");
    free(data);
    free(large);

    unlink(in("w"));
    writer = lk_file_writer_new(in("w"), &error);
    lk_file_writer_write(writer, "x", 1, &error);
    lk_file_writer_abandon(writer);
    lk_file_writer_abandon(NULL);
    tap_ok(access(in("w"), F_OK) != 0 && files_in_folder() == before, "an abandoned file leaves nothing");
}

static void test_read(void)
{
    LkError error = {0};
    char *data;
    size_t size;
    lk_file_replace(in("r"), "0123456789", 10, &error);
    tap_ok(lk_file_read(in("r"), 10, &data, &size, &error) && size == 10 && strcmp(data, "0123456789") == 0,
           "a file as large as the cap is read, with a NUL behind");
    free(data);
    tap_ok(!lk_file_read(in("r"), 9, &data, &size, &error) && !data && error.code == LK_ERROR_FORMAT, "above it: %s",
           error.text);
    error = (LkError){0};
    tap_ok(!lk_file_read(in("none"), 9, &data, &size, &error) && error.code == LK_ERROR_IO, "missing: %s", error.text);
    error = (LkError){0};
    tap_ok(!lk_file_read(folder, 9, &data, &size, &error) && error.code == LK_ERROR_IO, "a folder: %s", error.text);
    error = (LkError){0};
    tap_ok(!lk_file_read("/dev/zero", 100000, &data, &size, &error) && error.code == LK_ERROR_IO, "endless: %s",
           error.text);
}

/* Leftovers of killed writers go; what is being written, and what only looks similar, stays. */
static void test_leftovers(void)
{
    static const char *const kept[] = {"l/.lorikeet-12-x.tmp", "l/.lorikeet-12-3.tmp2", "l/lorikeet-12-3.tmp",
                                       "l/.lorikeet-12.tmp"};
    LkError error = {0};
    struct stat info;
    lk_make_folders(in("l"), &error);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        lk_file_replace(in(kept[i]), "x", 1, &error);
    pid_t child = fork();
    if (child == 0) { /* dies while it writes */
        LkFileWriter *lost = lk_file_writer_new(in("l/lost"), NULL);
        lk_file_writer_write(lost, "abc", 3, NULL);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    char left[64];
    snprintf(left, sizeof left, "l/.lorikeet-%ld-", (long)child);
    int found = 0;
    for (unsigned i = 0; i < 64; i++) {
        char name[80];
        snprintf(name, sizeof name, "%s%u.tmp", left, i);
        found += stat(in(name), &info) == 0;
    }
    LkFileWriter *writer = lk_file_writer_new(in("l/file"), &error);
    bool written = lk_file_writer_write(writer, "abc", 3, &error);
    lk_file_remove_leftovers(in("l"));
    lk_file_remove_leftovers(in("no such folder"));
    int after = 0;
    for (unsigned i = 0; i < 64; i++) {
        char name[80];
        snprintf(name, sizeof name, "%s%u.tmp", left, i);
        after += stat(in(name), &info) == 0;
    }
    tap_ok(found == 1 && after == 0, "the leftover of a killed writer goes (%d, %d)", found, after);
    tap_ok(written && lk_file_writer_commit(writer, &error) && stat(in("l/file"), &info) == 0 && info.st_size == 3,
           "what is being written stays: %s", error.text);
    bool all = true;
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        all &= stat(in(kept[i]), &info) == 0;
    tap_ok(all, "other files stay");
}

static void test_folders(void)
{
    LkError error = {0};
    struct stat info;
    tap_ok(lk_make_folders(in("d/e//f/"), &error) && stat(in("d/e/f"), &info) == 0 && S_ISDIR(info.st_mode),
           "folders and their parents");
    tap_ok(lk_make_folders(in("d/e/f"), &error), "again is no error");
    tap_ok(lk_make_folders("/", &error), "nor is the root");
    lk_file_replace(in("d/file"), "x", 1, &error);
    tap_ok(!lk_make_folders(in("d/file/g"), &error) && error.code == LK_ERROR_IO, "a file in the way: %s", error.text);
    error = (LkError){0};
    tap_ok(!lk_make_folders("", &error) && error.code == LK_ERROR_USAGE, "no name: %s", error.text);
}

int main(void)
{
    if (!mkdtemp(folder))
        return 1;
    test_replace();
    test_refusals();
    test_refused_write();
    test_writer();
    test_read();
    test_folders();
    test_leftovers();
    char command[100];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) == 0 ? tap_done() : 1;
}
