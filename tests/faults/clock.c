/* Stands between a program and the clock on the wall (LD_PRELOAD): each look at it finds it CLOCK_BACK seconds earlier
 * than the look before, as where somebody sets it back again and again. The monotonic clock is as it is. */
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

static _Atomic long looks;

static struct timespec moved(void)
{
    struct timespec now;
    const char *back = getenv("CLOCK_BACK");
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
    now.tv_sec -= ++looks * (back ? strtol(back, NULL, 10) : 0);
    if (now.tv_sec < 0)
        now.tv_sec = 0;
    return now;
}

EXPORT int clock_gettime(clockid_t clock, struct timespec *out)
{
    if (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)
        return (int)syscall(SYS_clock_gettime, clock, out);
    *out = moved();
    return 0;
}

EXPORT int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
    (void)zone;
    struct timespec now = moved();
    *out = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    return 0;
}

EXPORT time_t time(time_t *out)
{
    time_t now = moved().tv_sec;
    if (out)
        *out = now;
    return now;
}
