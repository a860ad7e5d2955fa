/* Discovery, within: what its two files share. The face is core/bus/discovery.h. */
#ifndef NX_CORE_BUS_DISCOVERY_INTERNAL_H
#define NX_CORE_BUS_DISCOVERY_INTERNAL_H

#include "core/bus/discovery.h"

/* Queues an event, or remembers that one was missed. */
void dsb_discovery_tell(struct dsb_discovery *d, enum dsb_discovery_event_kind kind,
                        const struct dsb_neighbour *n);

/* Every call begins with it: the clock moves on, and whoever's time is over leaves. */
void dsb_discovery_advance(struct dsb_discovery *d, struct nx_instant now);

/* Every call ends with it: the marker, if the count is another than the last marker said; so a crowd
 * that ages out is one line. */
void dsb_discovery_say_count(struct dsb_discovery *d);

/* 64 lower-case hex digits; with text ids 1..64 shown ASCII characters. */
bool dsb_discovery_id_is_good(const struct dsb_discovery *d, struct nx_bytes id);

/* A new neighbour, for which the stranger heard longest ago makes room if need be; NULL when all are
 * paired. */
struct dsb_neighbour *dsb_discovery_add(struct dsb_discovery *d, struct nx_bytes id);

/* May unsigned beacons lead a dial of a paired device there? */
bool dsb_discovery_may_lead_to(const struct dsb_discovery *d, const struct nx_address *address);

/* It was heard: present until the end of `ttl_s`, or longer if it was to stay longer and the end is
 * not `is_exact`. */
void dsb_discovery_refresh(struct dsb_discovery *d, struct dsb_neighbour *n, uint32_t ttl_s,
                           bool is_exact);

#endif
