#include "core/bus/pools.h"

#include "core/base/chain.h"
#include "core/base/limits.h"
#include "core/bus/stream.h"

static uint64_t blocks_for(const struct dsb_profile *profile, uint64_t bytes)
{
    uint64_t block_cap = profile->block_size - NX_CHAIN_BLOCK_HEAD;

    /* 17/16 for the heads of frames, rounded up: limits.h has the arithmetic. */
    return (bytes * 17 / 16 + block_cap - 1) / block_cap;
}

static uint64_t block_count(const struct dsb_profile *profile)
{
    /* Two chains a stream, each with a block begun at either end. */
    uint64_t begun = 2 * NX_CHAIN_WASTE * (uint64_t)profile->stream_count_max;

    return blocks_for(profile, profile->grants_max) + blocks_for(profile, profile->queues_max) +
           begun;
}

static uint64_t streams_size(const struct dsb_profile *profile)
{
    return (uint64_t)profile->stream_count_max * sizeof(struct dsb_stream);
}

static bool is_within_limits(const struct dsb_profile *p)
{
    return p->stream_count_max >= 1 && p->stream_count_max <= DSB_STREAMS_PER_NODE_MAX &&
           p->grants_max >= DSB_CREDIT_INITIAL && p->grants_max <= DSB_CREDIT_NODE_MAX &&
           p->queues_max <= DSB_QUEUES_NODE_MAX && p->stream_queue_max <= p->queues_max &&
           p->stream_queue_max >= DSB_CREDIT_FRAME_MIN && p->block_size >= 64 &&
           p->block_size % 8 == 0 && p->keepalive_interval.ns >= 1 &&
           p->keepalive_interval.ns < p->keepalive_timeout.ns;
}

/* What windows may grow by: all that streams do not need to start with; half, where they could need
 * everything. */
static uint64_t growth_max(const struct dsb_profile *profile)
{
    uint64_t starts = (uint64_t)profile->stream_count_max * DSB_CREDIT_INITIAL;

    return starts < profile->grants_max ? profile->grants_max - starts : profile->grants_max / 2;
}

uint64_t dsb_pools_size(const struct dsb_profile *profile)
{
    if (!is_within_limits(profile))
        return 0;
    return streams_size(profile) + block_count(profile) * profile->block_size;
}

enum nx_status dsb_pools_init(struct dsb_pools *pools, const struct dsb_profile *profile,
                              void *memory, uint64_t size)
{
    if (!is_within_limits(profile) || size < dsb_pools_size(profile))
        return NX_E_INVALID;

    *pools = (struct dsb_pools){.profile = profile, .next_serial = 1};
    nx_pool_init(&pools->streams, memory, sizeof(struct dsb_stream), profile->stream_count_max);
    nx_pool_init(&pools->blocks, (uint8_t *)memory + streams_size(profile), profile->block_size,
                 (uint32_t)block_count(profile));
    nx_budget_init(&pools->grants, profile->grants_max, NULL);
    nx_budget_init(&pools->growth, growth_max(profile), NULL);
    nx_budget_init(&pools->queues, profile->queues_max, NULL);
    return NX_OK;
}
