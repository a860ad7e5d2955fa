/* Clock: the two clocks of a POSIX machine, for those who hand them to core. */
#ifndef NX_HOST_CLOCK_H
#define NX_HOST_CLOCK_H

#include "core/base/time.h"

/* Now, on the clock that never goes back and that nobody sets (CLOCK_MONOTONIC). It stands still while
 * the machine sleeps. */
struct nx_instant nx_clock_now(void);

/* Seconds since 1970 in UTC, for people to read; it jumps when somebody sets it. */
uint64_t nx_clock_wall_s(void);

#endif
