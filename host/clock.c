/* clock_gettime, which c11 alone hides. */
#define _DEFAULT_SOURCE

#include "host/clock.h"

#include "core/base/check.h"

#include <time.h>

/* Both clocks are there on every system that this runs on: a failure would be our own mistake. */
static struct timespec read_clock(clockid_t clock)
{
    struct timespec time;

    NX_CHECK(clock_gettime(clock, &time) == 0);
    return time;
}

struct nx_instant nx_clock_now(void)
{
    struct timespec time = read_clock(CLOCK_MONOTONIC);

    return (struct nx_instant){(uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec};
}

uint64_t nx_clock_wall_s(void)
{
    struct timespec time = read_clock(CLOCK_REALTIME);

    return time.tv_sec < 0 ? 0 : (uint64_t)time.tv_sec;
}
