#include "core/bus/profile.h"

#include "core/base/limits.h"

/* One tick of the keepalive of docs/contracts/streams.md is 10 s: ask after 3, give up after 9. */
#define KEEPALIVE_INTERVAL         \
    {                              \
        30u * UINT64_C(1000000000) \
    }
#define KEEPALIVE_TIMEOUT          \
    {                              \
        90u * UINT64_C(1000000000) \
    }

const struct dsb_profile dsb_profile_host = {
    .name = "host",
    .stream_count_max = 16384,
    .stream_queue_max = 262144,
    .grants_max = 1024u * 1048576u,
    .queues_max = 256u * 1048576u,
    .block_size = 4096,
    .link_count_max = 1024,
    .peer_count_max = 128,
    .neighbour_count_max = 1024,
    .keepalive_interval = KEEPALIVE_INTERVAL,
    .keepalive_timeout = KEEPALIVE_TIMEOUT,
};

const struct dsb_profile dsb_profile_board = {
    .name = "board",
    .stream_count_max = 64,
    .stream_queue_max = 65536,
    .grants_max = 64 * DSB_CREDIT_INITIAL + 2097152u, /* every stream's start, and 2 MiB to grow */
    .queues_max = 1048576,
    .block_size = 1024,
    .link_count_max = 8,
    .peer_count_max = 16,
    .neighbour_count_max = 64,
    .keepalive_interval = KEEPALIVE_INTERVAL,
    .keepalive_timeout = KEEPALIVE_TIMEOUT,
};
