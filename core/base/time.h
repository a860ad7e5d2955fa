/* Time: instants and durations, as types that cannot be mixed up.
 *
 * An instant counts nanoseconds of a monotonic clock since that clock's own beginning; core never
 * reads a clock, `now` is handed in. Arithmetic saturates: the end of time is NX_NEVER, and nothing
 * wraps around it. */
#ifndef NX_CORE_BASE_TIME_H
#define NX_CORE_BASE_TIME_H

#include <stdbool.h>
#include <stdint.h>

struct nx_instant {
    uint64_t ns;
};

struct nx_duration {
    uint64_t ns;
};

/* A deadline that does not come. */
#define NX_NEVER ((struct nx_instant){UINT64_MAX})

static inline struct nx_duration nx_nanoseconds(uint64_t ns)
{
    return (struct nx_duration){ns};
}

static inline struct nx_duration nx_milliseconds(uint32_t ms)
{
    return (struct nx_duration){(uint64_t)ms * 1000000u};
}

static inline struct nx_duration nx_seconds(uint32_t s)
{
    return (struct nx_duration){(uint64_t)s * 1000000000u};
}

static inline bool nx_instant_is_never(struct nx_instant t)
{
    return t.ns == UINT64_MAX;
}

/* Is it `deadline` yet? At the very instant, yes; NX_NEVER is never reached. */
static inline bool nx_instant_reached(struct nx_instant deadline, struct nx_instant now)
{
    return !nx_instant_is_never(deadline) && now.ns >= deadline.ns;
}

static inline struct nx_instant nx_instant_after(struct nx_instant t, struct nx_duration d)
{
    return (struct nx_instant){d.ns > UINT64_MAX - t.ns ? UINT64_MAX : t.ns + d.ns};
}

static inline struct nx_instant nx_instant_earlier(struct nx_instant a, struct nx_instant b)
{
    return a.ns < b.ns ? a : b;
}

/* How long from `from` to `to`; zero when `to` lies before it. */
static inline struct nx_duration nx_duration_between(struct nx_instant from, struct nx_instant to)
{
    return (struct nx_duration){to.ns > from.ns ? to.ns - from.ns : 0};
}

#endif
