#include "core/base/bucket.h"

void nx_bucket_init(struct nx_bucket *bucket, uint32_t size, uint32_t per_second)
{
    NX_CHECK(per_second >= 1 && per_second <= 1000000000u);
    *bucket = (struct nx_bucket){
        .interval = nx_nanoseconds(1000000000u / per_second),
        .size = size,
        .tokens = size,
    };
}

static void refill(struct nx_bucket *bucket, struct nx_instant now)
{
    uint64_t due = nx_duration_between(bucket->refilled_at, now).ns / bucket->interval.ns;

    if (due >= bucket->size - bucket->tokens) {
        bucket->tokens = bucket->size;
        bucket->refilled_at = now;
        return;
    }
    bucket->tokens += (uint32_t)due;
    bucket->refilled_at.ns += due * bucket->interval.ns; /* the rest of an interval is not lost */
}

bool nx_bucket_take(struct nx_bucket *bucket, struct nx_instant now)
{
    refill(bucket, now);
    if (bucket->tokens == 0)
        return false;
    bucket->tokens--;
    return true;
}
