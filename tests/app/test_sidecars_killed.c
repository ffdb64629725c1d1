/* Many captions are written by a process that is killed at any moment: each file is the old or the new text, whole. */
#include "app/dataset/sidecar.h"
#include "tests/tap.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CAPTIONS = 300, ROUNDS = 12 };

/* Long enough that a half-written one would be seen. */
static char *text_of(int round, int number)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (int i = 0; i < 200; i++)
        g_string_append_printf(text, "tag %d of picture %d in round %d, ", i, number, round);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static void write_all_captions(const char *folder, int round)
{
    LkSidecarWrite writes[CAPTIONS] = {0};
    for (int i = 0; i < CAPTIONS; i++) {
        writes[i].picture = g_strdup_printf("%s/%03d.png", folder, i);
        writes[i].text = text_of(round, i);
    }
    lk_sidecars_write(writes, CAPTIONS, NULL);
    for (int i = 0; i < CAPTIONS; i++) {
        g_free((char *)writes[i].picture);
        g_free((char *)writes[i].text);
        g_free(writes[i].error);
    }
}

/* Writes round after round until it is killed, and says through the pipe which one is done. */
static void write_for_ever(const char *folder, int round, int done)
{
    for (;; round++) {
        write_all_captions(folder, round);
        if (write(done, &round, sizeof round) != sizeof round)
            _exit(1);
    }
}

/* How many captions are of rounds `last` or `last` + 1, as they should be; the rest is damaged or older. */
static int count_whole(const char *folder, int last, int *newer)
{
    int whole = 0;
    *newer = 0;
    for (int i = 0; i < CAPTIONS; i++) {
        g_autofree char *path = g_strdup_printf("%s/%03d.txt", folder, i), *found = NULL;
        g_autofree char *old = text_of(last, i), *next = text_of(last + 1, i);
        g_file_get_contents(path, &found, NULL, NULL);
        const bool is_next = g_strcmp0(found, next) == 0;
        whole += is_next || g_strcmp0(found, old) == 0;
        *newer += is_next;
    }
    return whole;
}

/* Temporary files of a process that is gone; returns how many there were. */
static int remove_leftovers(const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    int count = 0;
    for (const char *name; (name = g_dir_read_name(dir));)
        if (g_str_has_prefix(name, ".lorikeet-")) {
            g_autofree char *path = g_build_filename(folder, name, NULL);
            count += g_unlink(path) == 0;
        }
    return count;
}

static ino_t file_of(const char *folder, int number)
{
    struct stat info = {0};
    g_autofree char *path = g_strdup_printf("%s/%03d.txt", folder, number);
    return stat(path, &info) == 0 ? info.st_ino : 0;
}

/* Until some caption has been replaced: then others are about to be. */
static void wait_for_names(const char *folder, int number)
{
    const ino_t before = file_of(folder, number);
    const gint64 deadline = g_get_monotonic_time() + 10 * G_TIME_SPAN_SECOND;
    while (file_of(folder, number) == before && g_get_monotonic_time() < deadline)
        g_usleep(20);
}

/* Kills it some time after its start, or as soon as the caption `number` (not negative) has its new name. Returns the
 * last round that it has finished. */
static int kill_in_the_middle(const char *folder, int round, guint milliseconds, int number)
{
    int done[2];
    if (pipe(done) != 0)
        return -1;
    const pid_t child = fork();
    if (child == 0)
        write_for_ever(folder, round + 1, done[1]);
    close(done[1]);
    g_usleep((gulong)milliseconds * 1000);
    if (number >= 0)
        wait_for_names(folder, number);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    for (int finished; read(done[0], &finished, sizeof finished) == sizeof finished;)
        round = finished;
    close(done[0]);
    return round;
}

int main(void)
{
    g_autofree char *folder = g_dir_make_tmp("lorikeet-killed.XXXXXX", NULL);
    int last = 0, between = 0, leftovers = 0;
    write_all_captions(folder, last);
    for (int i = 0; i < ROUNDS; i++) {
        int newer;
        last = i % 2 ? kill_in_the_middle(folder, last, 20 + (guint)i * 23, -1)
                     : kill_in_the_middle(folder, last, 0, i * CAPTIONS / ROUNDS);
        const int whole = count_whole(folder, last, &newer);
        leftovers += remove_leftovers(folder);
        between += newer > 0 && newer < CAPTIONS;
        tap_ok(whole == CAPTIONS, "killed: %d of %d captions are whole, %d of them new", whole, CAPTIONS, newer);
        write_all_captions(folder, last);
    }
    tap_note("%d times between two names, %d temporary files left", between, leftovers);
    for (int i = 0; i < CAPTIONS; i++) {
        g_autofree char *path = g_strdup_printf("%s/%03d.txt", folder, i);
        g_unlink(path);
    }
    tap_ok(g_rmdir(folder) == 0, "nothing else is left in the folder");
    return tap_done();
}
