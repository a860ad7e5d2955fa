/* Networks: what lies on the links of this machine, so that a beacon nobody signed names no place beyond
 * them (docs/contracts/discovery.md).
 *
 *     owner's interfaces -- set --> networks -- has(address) --> may it be a candidate?
 *
 * Nobody has to say: as long as nothing was set, every address is as good as any (an in-memory link, a
 * board whose stack knows its link). */
#ifndef NX_CORE_BUS_NETWORKS_H
#define NX_CORE_BUS_NETWORKS_H

#include "core/base/limits.h"
#include "core/wire/address.h"

/* An address of ours and what it shares with its neighbours. Of a link-local IPv6 address `scope` is the
 * link; of others it is 0. */
struct dsb_network {
    struct nx_address address;
    uint8_t prefix_len; /* bits */
};

struct dsb_networks {
    bool are_set;
    uint32_t count;
    struct dsb_network list[DSB_NETWORKS_MAX];
};

/* These, and none but these. Copies. Those from DSB_NETWORKS_MAX on are left out, as if they were not
 * ours. */
void dsb_networks_set(struct dsb_networks *n, const struct dsb_network *list, size_t count);

/* Is `address` on one of them? True when nothing was set; the port is of no account. */
bool dsb_networks_have(const struct dsb_networks *n, const struct nx_address *address);

#endif
