/* Files that are read piece by piece, and what can happen to them meanwhile. */
#include "base/file.h"
#include "base/input.h"
#include "base/parallel.h"
#include "tests/tap.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SIZE = 3 << 20 };

static char folder[] = "/tmp/lorikeet-test-XXXXXX";
static uint8_t content[SIZE];

/* A path in the test's folder; four can be in use at once. */
static const char *in(const char *name)
{
    static char paths[4][512];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static int open_descriptors(void)
{
    int count = 0;
    DIR *dir = opendir("/proc/self/fd");
    while (dir && readdir(dir))
        count++;
    if (dir)
        closedir(dir);
    return count;
}

/* A file with the content, written an hour ago, and open. */
static LkInput *fresh(const char *name)
{
    LkError error = {0};
    const struct timespec times[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
    lk_file_replace(in(name), content, SIZE, &error);
    utimensat(AT_FDCWD, in(name), times, 0);
    return lk_input_open(in(name), &error);
}

static bool reads(const LkInput *input, uint64_t offset, size_t size)
{
    static uint8_t got[SIZE];
    memset(got, 0xee, size);
    return lk_input_read(input, offset, got, size, NULL) && memcmp(got, content + offset, size) == 0;
}

typedef struct Readers {
    const LkInput *input;
    atomic_int wrong;
} Readers;

static void read_blocks(void *context, int64_t first, int64_t last)
{
    Readers *r = context;
    uint8_t got[5000];
    for (int64_t i = first; i < last; i++) {
        size_t at = (size_t)i * 37 % (SIZE - sizeof got);
        if (!lk_input_read(r->input, at, got, sizeof got, NULL) || memcmp(got, content + at, sizeof got) != 0)
            r->wrong++;
    }
}

static void test_reading(void)
{
    int before = open_descriptors();
    LkInput *input = fresh("a");
    tap_ok(input && lk_input_size(input) == SIZE && strcmp(lk_input_path(input), in("a")) == 0, "size and path");
    lk_input_expect(input, 100, SIZE);
    tap_ok(reads(input, 0, SIZE) && reads(input, 12345, 1) && reads(input, SIZE - 1, 1) && reads(input, 77, 99999) &&
               reads(input, SIZE, 0),
           "any bytes at any place");
    Readers readers = {.input = input};
    lk_parallel_for(2000, read_blocks, &readers);
    tap_ok(readers.wrong == 0, "threads read at once");
    LkError error = {0};
    char byte;
    tap_ok(!lk_input_read(input, SIZE, &byte, 1, &error) && error.code == LK_ERROR_FORMAT, "beyond the end: %s",
           error.text);
    tap_ok(!lk_input_read(input, UINT64_MAX, &byte, 1, NULL) && !lk_input_read(input, 1, content, SIZE_MAX, NULL),
           "and far beyond");
    lk_input_free(input);
    lk_input_free(NULL);
    tap_ok(open_descriptors() == before, "no descriptor stays open");

    LkInput *bytes = lk_input_of_bytes(content, 1000, "words", &error);
    tap_ok(lk_input_size(bytes) == 1000 && reads(bytes, 3, 997) && !lk_input_read(bytes, 3, &byte, 998, NULL) &&
               strcmp(lk_input_path(bytes), "words") == 0,
           "bytes in memory");
    lk_input_expect(bytes, 0, 1000);
    lk_input_free(bytes);
}

static void refuses(const char *path, const char *title)
{
    LkError error = {0};
    LkInput *input = lk_input_open(path, &error);
    tap_ok(!input && error.code == LK_ERROR_IO && strstr(error.text, path), "%s: %s", title, error.text);
}

static void test_refusals(void)
{
    int before = open_descriptors();
    refuses(folder, "a folder");
    refuses(in("none"), "missing");
    mkfifo(in("pipe"), 0600);
    refuses(in("pipe"), "a pipe, without waiting");
    refuses("/dev/zero", "a device");
    tap_ok(open_descriptors() == before, "none of them stays open");
    lk_file_replace(in("empty"), "", 0, NULL);
    LkInput *empty = lk_input_open(in("empty"), NULL);
    tap_ok(empty && lk_input_size(empty) == 0 && reads(empty, 0, 0), "an empty file has nothing");
    lk_input_free(empty);
}

/* Whether reading bytes that are still there fails with words, and goes on failing. */
static void fails(LkInput *input, uint64_t offset, size_t size, const char *title)
{
    static uint8_t got[SIZE];
    LkError error = {0};
    bool first = lk_input_read(input, offset, got, size, &error), again = lk_input_read(input, offset, got, size, NULL);
    tap_ok(!first && !again && error.code == LK_ERROR_IO && strstr(error.text, lk_input_path(input)) &&
               strstr(error.text, "start again"),
           "%s: %s", title, error.text);
    lk_input_free(input);
}

static void write_at(const char *path, off_t offset, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (pwrite(fd, text, strlen(text), offset) < 0)
        tap_note("%s cannot be written", path);
    close(fd);
}

/* What other programs, people and drives do to a file that is open. */
static void test_changes(void)
{
    LkInput *input = fresh("cut");
    bool cut = truncate(in("cut"), SIZE / 2) == 0;
    fails(input, SIZE / 2 - 10, 20, cut ? "cut short: bytes around the new end" : "not cut");
    input = fresh("cut");
    cut = truncate(in("cut"), SIZE / 2) == 0;
    fails(input, 0, 10, "cut short: bytes that are still there");
    input = fresh("cut");
    cut = truncate(in("cut"), 0) == 0;
    fails(input, 0, SIZE, "made empty");
    input = fresh("longer");
    cut = truncate(in("longer"), SIZE + 1) == 0;
    fails(input, 0, 10, "grown");
    input = fresh("other");
    write_at(in("other"), 100, "other bytes");
    fails(input, 0, 10, "written to, of the same size");

    input = fresh("replaced");
    lk_file_replace(in("replaced"), "new", 3, NULL);
    tap_ok(reads(input, 0, SIZE), "a file that another one replaces by name stays what it was");
    lk_input_free(input);
    input = fresh("gone");
    unlink(in("gone"));
    tap_ok(reads(input, 0, SIZE), "and so does one that is removed");
    lk_input_free(input);
    input = fresh("moved");
    tap_ok(rename(in("moved"), in("elsewhere")) == 0 && chmod(in("elsewhere"), 0400) == 0 && reads(input, 0, SIZE),
           "or renamed, with other permissions");
    lk_input_free(input);
}

int main(void)
{
    if (!mkdtemp(folder))
        return 1;
    for (size_t i = 0; i < SIZE; i++)
        content[i] = (uint8_t)(i * i + i / 7);
    test_reading();
    test_refusals();
    test_changes();
    char command[600];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (system(command) != 0)
        return 1;
    return tap_done();
}
