#include "tests/app/loop_times.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* Both in microseconds: what a person waits, and what this thread computed. They differ where others use the
 * processors. */
typedef struct Turn {
    gint64 wall, processor;
} Turn;

static Turn busy_since;
static GArray *busy[2]; /* gint64: of each turn of the loop, in the order of Turn */

static Turn now(void)
{
    struct timespec used;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (Turn){g_get_monotonic_time(), (gint64)used.tv_sec * 1000000 + used.tv_nsec / 1000};
}

static int timed_poll(GPollFD *fds, guint n, int timeout)
{
    Turn end = now();
    gint64 took[2] = {end.wall - busy_since.wall, end.processor - busy_since.processor};
    for (int i = 0; i < 2 && busy_since.wall; i++)
        g_array_append_val(busy[i], took[i]);
    int result = g_poll(fds, n, timeout);
    busy_since = now();
    return result;
}

void loop_times_begin(void)
{
    for (int i = 0; i < 2; i++)
        busy[i] = g_array_new(FALSE, FALSE, sizeof(gint64));
    g_main_context_set_poll_func(NULL, timed_poll);
}

void loop_times_forget(void)
{
    for (int i = 0; i < 2; i++)
        g_array_set_size(busy[i], 0);
}

static int compare_times(gconstpointer a, gconstpointer b)
{
    gint64 first = *(const gint64 *)a, second = *(const gint64 *)b;
    return (first > second) - (first < second);
}

/* A figure of /proc/self/status in megabytes; 0 where it is not told. */
static double memory(const char *name)
{
    g_autofree char *text = NULL;
    const char *at = NULL;
    if (g_file_get_contents("/proc/self/status", &text, NULL, NULL))
        at = strstr(text, name);
    return at ? g_ascii_strtod(at + strlen(name), NULL) * 1024 / 1e6 : 0;
}

/* What is resident now, and the most that was since the last time this was asked. */
static void resident(double *now, double *most)
{
    *now = memory("VmRSS:");
    *most = memory("VmHWM:");
    FILE *reset = fopen("/proc/self/clear_refs", "w");
    if (reset) {
        fputs("5", reset);
        fclose(reset);
    }
}

/* Turns shorter than half a millisecond are left out: they are many and would flatter the rest. */
static guint figures(GArray *times, double at[3])
{
    g_array_sort(times, compare_times);
    guint from = 0;
    while (from < times->len && g_array_index(times, gint64, from) < 500)
        from++;
    guint count = times->len - from;
    if (count) {
        guint places[3] = {from + count / 2, from + (guint)((double)(count - 1) * 0.99), times->len - 1};
        for (int i = 0; i < 3; i++)
            at[i] = (double)g_array_index(times, gint64, places[i]) / 1000;
    }
    g_array_set_size(times, 0);
    return count;
}

double loop_times_report(const char *what)
{
    double wall[3] = {0}, processor[3] = {0}, resident_now, resident_most;
    resident(&resident_now, &resident_most);
    guint count = figures(busy[0], wall);
    figures(busy[1], processor);
    g_print("%-32s %4u turns, ms: median %5.1f  99 %% %6.1f  longest %6.1f | computing %5.1f %6.1f %6.1f | "
            "%4.0f MB, most %4.0f\n",
            what, count, wall[0], wall[1], wall[2], processor[0], processor[1], processor[2], resident_now,
            resident_most);
    return processor[1];
}
