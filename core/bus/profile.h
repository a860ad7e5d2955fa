/* Profile: the figures that one kind of machine runs with, at most the hard maxima of limits.h. */
#ifndef NX_CORE_BUS_PROFILE_H
#define NX_CORE_BUS_PROFILE_H

#include "core/base/time.h"

#include <stddef.h>

struct dsb_profile {
    const char *name;
    uint32_t stream_count_max; /* of one node, at most DSB_STREAMS_PER_NODE_MAX */
    uint32_t stream_queue_max; /* bytes accepted from an application and not yet sent, per stream */
    uint64_t grants_max;       /* credit granted to all peers together, bytes */
    uint64_t queues_max;       /* bytes accepted and not yet sent, all streams together */
    uint32_t block_size;       /* of the pool, bytes */
    uint32_t link_count_max;   /* connections at once, of either purpose */
    uint32_t peer_count_max;   /* paired devices, at most DSB_PEERS_MAX */
    uint32_t neighbour_count_max; /* devices around: one for each paired one, and strangers */
    struct nx_duration keepalive_interval;
    struct nx_duration keepalive_timeout;
};

/* A computer: 1 GiB of credit, touched only as it is used. */
extern const struct dsb_profile dsb_profile_host;

/* A small board, and localSim: a few streams at full speed. */
extern const struct dsb_profile dsb_profile_board;

#endif
