/* Backoff: when to try again, and when to stop.
 *
 *     failure         1        2        3        4     …        with first 1 s, max 60 s
 *     wait in s     1..2     2..4     4..8    8..16    … 30..60, 30..60
 *
 * Each wait is drawn between half its ceiling and the ceiling, so that two nodes that failed
 * together do not try together; the ceiling doubles from twice `first` to `max`. No wait is below
 * `first` or above `max`. With a seeded rng the waits repeat. */
#ifndef NX_CORE_BASE_BACKOFF_H
#define NX_CORE_BASE_BACKOFF_H

#include "core/base/rng.h"
#include "core/base/status.h"
#include "core/base/time.h"

struct nx_backoff_config {
    struct nx_duration first;  /* the shortest wait, not zero */
    struct nx_duration max;    /* the longest wait, `first` to 49 days */
    uint32_t attempt_max;      /* failures before it gives up, at least 1 */
    struct nx_duration within; /* no attempt later than this after the first failure */
};

struct nx_backoff {
    struct nx_backoff_config config;
    uint32_t failure_count;
    struct nx_instant give_up_at;
    struct nx_instant retry_at;
};

/* Copies `config`. The first attempt may be made at once. */
void nx_backoff_init(struct nx_backoff *backoff, const struct nx_backoff_config *config);

/* The attempt failed: draw the wait before the next.
 * NX_OK; NX_E_TIMEOUT: that was the last, and it stays so until `reset`; NX_E_STATE: there was
 * nothing to fail, for the wait is not over; or what nx_rng_fill answers. Nothing is changed unless
 * the answer is one of the first two. */
NX_MUST_CHECK enum nx_status nx_backoff_failed(struct nx_backoff *backoff, struct nx_instant now,
                                               const struct nx_rng *rng);

/* As after init: an attempt succeeded, or there is news that makes one worth while. */
void nx_backoff_reset(struct nx_backoff *backoff);

/* When the next attempt may be made; NX_NEVER once it has given up. */
struct nx_instant nx_backoff_deadline(const struct nx_backoff *backoff);

#endif
