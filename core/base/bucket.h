/* Bucket: so many at once, and so many a second after that.
 *
 * A token bucket on the injected clock: it starts full, `take` draws one, time puts one back every
 * interval until it is full again. */
#ifndef NX_CORE_BASE_BUCKET_H
#define NX_CORE_BASE_BUCKET_H

#include "core/base/check.h"
#include "core/base/time.h"

struct nx_bucket {
    struct nx_duration interval; /* one token comes back in this time; not zero */
    uint32_t size;
    uint32_t tokens;
    struct nx_instant refilled_at;
};

/* `per_second` is 1..1,000,000,000. */
void nx_bucket_init(struct nx_bucket *bucket, uint32_t size, uint32_t per_second);

/* Draw one. False when there is none: not now. */
NX_MUST_CHECK bool nx_bucket_take(struct nx_bucket *bucket, struct nx_instant now);

#endif
