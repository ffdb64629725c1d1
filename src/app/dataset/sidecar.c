#include "app/dataset/sidecar.h"

#include "base/file.h"
#include "dataset/caption_file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A caption is a few lines; something larger is another kind of file. */
#define MOST_BYTES ((size_t)1 << 20)

/* Up to so many are brought to the disk one by one; more wait for it together, for a disk takes about as long for one
 * file as for thousands. */
#define ONE_BY_ONE 8
#define TOGETHER   32768
#define THREADS    32 /* see in_threads */

/* Of our temporary files, with process and number; unlike that of base/file.h, for these are not held open. */
#define TEMPORARY_NAME ".lorikeet-%ld-c%d.tmp"
#define LEFT_OVER      60 /* seconds after which one whose process is gone is removed */

static const char *const usual_extensions[] = {".txt", ".caption", NULL};

void lk_sidecar_clear(LkSidecar *sidecar)
{
    g_free(sidecar->text);
    *sidecar = (LkSidecar){0};
}

gint64 lk_file_time(const char *path, gint64 *size)
{
    struct stat info;
    if (stat(path, &info) != 0 || S_ISDIR(info.st_mode))
        return 0;
    if (size)
        *size = info.st_size;
    const gint64 time = (gint64)info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec;
    return time ? time : 1;
}

/* ---- names ------------------------------------------------------------------------------------------- */

/* How much of a path is before the extension. */
static gsize length_without_extension(const char *path)
{
    const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
    return dot && dot > (slash ? slash + 1 : path) ? (gsize)(dot - path) : strlen(path);
}

static char *with_extension(const char *path, gsize length, const char *extension)
{
    return g_strdup_printf("%.*s%s%s", (int)length, path, extension[0] == '.' ? "" : ".", extension);
}

/* The first that exists; NULL: none. */
static char *existing(const char *path, gsize length, const char *extension)
{
    const char *const one[] = {extension, NULL};
    for (const char *const *e = extension ? one : usual_extensions; *e; e++) {
        g_autofree char *name = with_extension(path, length, *e);
        if (lk_file_time(name, NULL))
            return g_steal_pointer(&name);
    }
    return NULL;
}

/* The length without "_12_34_56_78" at its end; 0 where that is not there. */
static gsize length_without_numbers(const char *path, gsize length)
{
    const char *slash = strrchr(path, '/');
    const gsize first = slash ? (gsize)(slash - path) + 1 : 0;
    for (int part = 0; part < 4; part++) {
        const gsize end = length;
        while (length > first && g_ascii_isdigit(path[length - 1]))
            length--;
        if (length == end || length <= first + 1 || path[length - 1] != '_')
            return 0;
        length--;
    }
    return length;
}

char *lk_sidecar_path(const char *picture, const char *extension)
{
    const gsize length = length_without_extension(picture);
    char *found = existing(picture, length, extension);
    return found ? found : with_extension(picture, length, extension ? extension : usual_extensions[0]);
}

char *lk_sidecar_find(const char *picture, const char *extension)
{
    const gsize length = length_without_extension(picture), shorter = length_without_numbers(picture, length);
    char *found = existing(picture, length, extension);
    return found || !shorter ? found : existing(picture, shorter, extension);
}

/* ---- reading ----------------------------------------------------------------------------------------- */

/* Lines ended by \n, and no line end at the end. Takes the text over. */
static char *tidy_lines(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++)
        if (*from != '\r')
            *to++ = *from;
        else if (from[1] != '\n')
            *to++ = '\n';
    while (to > text && to[-1] == '\n')
        to--;
    *to = '\0';
    return text;
}

static bool is_utf8(const char *data, size_t size)
{
    return size <= G_MAXSSIZE && g_utf8_validate(data, (gssize)size, NULL);
}

void lk_sidecar_read(const char *picture, const char *extension, LkSidecar *sidecar)
{
    *sidecar = (LkSidecar){.state = LK_PICTURE_CAPTION_NONE};
    g_autofree char *path = lk_sidecar_find(picture, extension);
    if (!path)
        return;
    /* The time comes first: if the file is changed while it is read, the next look finds it newer. */
    sidecar->modified = lk_file_time(path, NULL);
    LkError error = {0};
    char *data = NULL;
    size_t size = 0;
    if (!lk_file_read(path, MOST_BYTES, &data, &size, &error)) {
        sidecar->state = LK_PICTURE_CAPTION_UNREADABLE;
        return;
    }
    if (is_utf8(data, size)) {
        const bool marked = size >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0;
        sidecar->text = tidy_lines(g_strdup(data + (marked ? 3 : 0)));
        sidecar->state = LK_PICTURE_CAPTION_READ;
    } else {
        char *text = lk_caption_decode(data, size, NULL);
        sidecar->text = text ? tidy_lines(text) : NULL;
        sidecar->state = LK_PICTURE_CAPTION_NOT_UTF8;
    }
    free(data);
}

/* ---- writing ----------------------------------------------------------------------------------------- */

/* A caption on its way: its text is in a temporary file beside the target. */
typedef struct Staged {
    LkSidecarWrite *write;
    char *target, *temporary;
} Staged;

G_GNUC_PRINTF(2, 3) static void fail(LkSidecarWrite *write, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (!write->error)
        write->error = g_strdup_vprintf(format, args);
    va_end(args);
}

static void fail_errno(LkSidecarWrite *write, int number)
{
    if (number == ENOSPC || number == EDQUOT)
        fail(write, "%s", _("the disk is full. Free some space and save again."));
    else if (number == EACCES || number == EPERM || number == EROFS)
        fail(write, "%s", _("the folder or file may not be written to. Change its permissions and save again."));
    else
        fail(write, "%s.", g_strerror(number));
}

static bool write_all(int fd, const char *text)
{
    for (size_t left = strlen(text); left;) {
        const ssize_t done = write(fd, text, left);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        text += done;
        left -= (size_t)done;
    }
    return true;
}

/* The file to be replaced, and what is known of it (st_mode 0: there is none). A link is followed, so that it stays
 * one.
 */
static char *target_of(const LkSidecarWrite *write, const char *extension, struct stat *info)
{
    char *path = lk_sidecar_path(write->picture, extension);
    if (lstat(path, info) != 0)
        *info = (struct stat){0};
    char *real = S_ISLNK(info->st_mode) ? realpath(path, NULL) : NULL;
    if (!real)
        return path;
    g_free(path);
    path = g_strdup(real);
    free(real);
    if (stat(path, info) != 0)
        *info = (struct stat){0};
    return path;
}

/* Writes the text; *fd stays open, *made is what it is. */
static bool write_temporary(Staged *staged, const struct stat *target, int *fd, struct stat *made)
{
    static int counter;
    g_autofree char *folder = g_path_get_dirname(staged->target);
    if (target->st_mode && access(staged->target, W_OK) != 0)
        return false;
    g_autofree char *path =
        g_strdup_printf("%s/" TEMPORARY_NAME, folder, (long)getpid(), g_atomic_int_add(&counter, 1));
    *fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (*fd < 0 || fstat(*fd, made) != 0)
        return false;
    staged->temporary = g_steal_pointer(&path);
    const mode_t mode = target->st_mode & 0777;
    if (target->st_mode && mode != (made->st_mode & 0777) && fchmod(*fd, mode) != 0)
        g_debug("%s gets the usual permissions", staged->target); /* another owner's file system may refuse */
    return write_all(*fd, staged->write->text);
}

/* Disks whose files were written and not waited for: a few at most. */
typedef struct Disks {
    dev_t known[16];
    int folders[16]; /* open files on them */
    int count;
    GMutex lock;
} Disks;

static void note_disk(Disks *disks, int fd, dev_t disk)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&disks->lock);
    for (int i = 0; i < disks->count; i++)
        if (disks->known[i] == disk)
            return;
    const int copy = disks->count < (int)G_N_ELEMENTS(disks->known) ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
    if (copy < 0) {
        syncfs(fd);
        return;
    }
    disks->known[disks->count] = disk;
    disks->folders[disks->count++] = copy;
}

static bool wait_for_disks(const Disks *disks)
{
    bool ok = true;
    for (int i = 0; i < disks->count; i++)
        ok = syncfs(disks->folders[i]) == 0 && ok;
    return ok;
}

/* `disks` NULL: waits for this file alone. */
static void stage(Staged *staged, const char *extension, Disks *disks)
{
    int fd = -1;
    struct stat target, made = {0};
    staged->target = target_of(staged->write, extension, &target);
    bool ok = write_temporary(staged, &target, &fd, &made);
    if (ok && !disks)
        ok = fsync(fd) == 0 || errno == EINVAL;
    if (!ok)
        fail_errno(staged->write, errno);
    else if (disks)
        note_disk(disks, fd, made.st_dev);
    if (fd >= 0 && close(fd) != 0 && errno != EINTR)
        fail_errno(staged->write, errno);
}

static void finish(Staged *staged)
{
    LkSidecarWrite *write = staged->write;
    if (!write->error && rename(staged->temporary, staged->target) != 0)
        fail_errno(write, errno);
    if (!write->error)
        write->modified = lk_file_time(staged->target, NULL);
    else if (staged->temporary)
        unlink(staged->temporary);
}

/* Many captions, and what one thread does of them. */
typedef struct Share {
    Staged *staged;
    gsize count;
    const char *extension;
    Disks *disks;
    guint number;
} Share;

static gpointer stage_share(gpointer data)
{
    const Share *share = data;
    for (gsize i = share->number; i < share->count; i += THREADS)
        if (share->staged[i].write->text)
            stage(&share->staged[i], share->extension, share->disks);
    return NULL;
}

/* Those of one target, in their order: two pictures may have one caption file. */
static gpointer finish_share(gpointer data)
{
    const Share *share = data;
    for (gsize i = 0; i < share->count; i++)
        if (share->staged[i].target && g_str_hash(share->staged[i].target) % THREADS == share->number)
            finish(&share->staged[i]);
    return NULL;
}

/* To make a file, and to rename one over another, waits for the file system's journal and until it has let go of what
 * was there: on ext4 some milliseconds, in which others can go on. Ten thousand take a second instead of ten. */
static void in_threads(GThreadFunc func, const Share *all)
{
    Share shares[THREADS];
    GThread *threads[THREADS];
    for (guint i = 0; i < THREADS; i++) {
        shares[i] = *all;
        shares[i].number = i;
        threads[i] = g_thread_try_new("captions", func, &shares[i], NULL);
        if (!threads[i])
            func(&shares[i]);
    }
    for (guint i = 0; i < THREADS; i++)
        if (threads[i])
            g_thread_join(threads[i]);
}

static void remove_file(LkSidecarWrite *write, const char *extension)
{
    g_autofree char *path = lk_sidecar_path(write->picture, extension);
    g_auto(LkSidecar) sidecar = {0};
    lk_sidecar_read(write->picture, extension, &sidecar);
    write->modified = 0;
    if (!lk_file_time(path, NULL))
        return;
    if (g_strcmp0(sidecar.text, write->expected) != 0)
        fail(write, "%s", _("the caption was changed by another program, so its file stays."));
    else if (unlink(path) != 0)
        fail_errno(write, errno);
    else
        lk_file_sync_folder(path);
}

static void free_staged(Staged *staged, gsize count)
{
    for (gsize i = 0; i < count; i++) {
        g_free(staged[i].target);
        g_free(staged[i].temporary);
    }
    g_free(staged);
}

static void write_one(LkSidecarWrite *write, const char *extension)
{
    Staged *staged = g_new0(Staged, 1);
    staged->write = write;
    if (write->text) {
        stage(staged, extension, NULL);
        finish(staged);
        lk_file_sync_folder(staged->target);
    } else {
        remove_file(write, extension);
    }
    free_staged(staged, 1);
}

/* First all texts, then one wait for the disk, then all names: whenever it ends, a caption is the old or the new one.
 */
static void write_part(LkSidecarWrite *writes, gsize count, const char *extension, Disks *disks)
{
    const Share all = {.staged = g_new0(Staged, count), .count = count, .extension = extension, .disks = disks};
    for (gsize i = 0; i < count; i++) {
        all.staged[i].write = &writes[i];
        if (!writes[i].text)
            remove_file(&writes[i], extension);
    }
    in_threads(stage_share, &all);
    if (!wait_for_disks(disks))
        for (gsize i = 0; i < count; i++)
            fail_errno(&writes[i], EIO);
    in_threads(finish_share, &all);
    free_staged(all.staged, count);
}

void lk_sidecars_write(LkSidecarWrite *writes, gsize count, const char *extension)
{
    for (gsize i = 0; i < count; i++)
        g_clear_pointer(&writes[i].error, g_free);
    for (gsize i = 0; i < count && count <= ONE_BY_ONE; i++)
        write_one(&writes[i], extension);
    if (count <= ONE_BY_ONE)
        return;
    Disks disks = {.count = 0};
    g_mutex_init(&disks.lock);
    for (gsize at = 0; at < count; at += TOGETHER)
        write_part(writes + at, MIN(count - at, (gsize)TOGETHER), extension, &disks);
    wait_for_disks(&disks); /* the names */
    for (int i = 0; i < disks.count; i++)
        close(disks.folders[i]);
    g_mutex_clear(&disks.lock);
}

void lk_sidecar_remove_leftover(int folder, const char *name)
{
    long process;
    int number, length = 0;
    struct stat info;
    if (sscanf(name, TEMPORARY_NAME "%n", &process, &number, &length) == 2 && length > 0 && !name[length] &&
        fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(info.st_mode) &&
        time(NULL) - info.st_mtim.tv_sec > LEFT_OVER && kill((pid_t)process, 0) != 0 && errno == ESRCH)
        unlinkat(folder, name, 0);
}
