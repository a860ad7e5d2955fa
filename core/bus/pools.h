/* Pools: the memory that all streams of one node share.
 *
 * Lent once at init and sized by the profile, so that a node's memory is known before its first
 * peer is. Streams are slots of one pool; what waits in them, in either direction, is blocks of the
 * other. Budgets see to it that the blocks suffice for everything that was granted and accepted:
 * running out is an answer to an application or a refusal of a stream, never a loss. */
#ifndef NX_CORE_BUS_POOLS_H
#define NX_CORE_BUS_POOLS_H

#include "core/base/budget.h"
#include "core/base/pool.h"
#include "core/bus/profile.h"

struct dsb_pools {
    const struct dsb_profile *profile;
    struct nx_pool blocks;
    struct nx_pool streams;  /* of struct dsb_stream */
    struct nx_budget grants; /* credit granted to peers */
    struct nx_budget growth; /* of that, beyond what streams start with */
    struct nx_budget queues; /* accepted from applications, unsent */
    uint64_t next_serial;    /* of the next stream: no two of a node share one */
};

/* Bytes that a node of that profile needs; 0 when the profile is over a limit, and none can run. */
uint64_t dsb_pools_size(const struct dsb_profile *profile);

/* Over `memory` of dsb_pools_size bytes, aligned to 8, zeroed or not. Keeps both.
 * NX_OK; NX_E_INVALID: `size` is too small, or the profile is over a limit of limits.h or such that
 * something could never happen: no stream be opened, a whole message never be taken, nobody be asked
 * before being given up. */
NX_MUST_CHECK enum nx_status dsb_pools_init(struct dsb_pools *pools,
                                            const struct dsb_profile *profile, void *memory,
                                            uint64_t size);

#endif
