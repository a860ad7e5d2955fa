/* For tests: one machine that discovers, its memory, what it said; and numbered devices around it. */
#ifndef NX_TESTS_BUS_LISTENER_H
#define NX_TESTS_BUS_LISTENER_H

#include "core/bus/discovery.h"

#define LISTENER_SLOTS 4    /* neighbours that it has room for */
#define LISTENER_SELF  0x50 /* the number of its own device */

/* The one of a test program. */
extern struct dsb_discovery listener;

static inline struct nx_instant at_s(uint64_t s)
{
    return (struct nx_instant){s * 1000000000u};
}

/* ---- devices, by number ----------------------------------------------------------------------- */

/* An id of 64 hex digits, in the order of the numbers; lent until the call after the next. */
struct nx_bytes device_id(uint8_t k);

struct nx_address device_host(uint8_t k);

/* Its beacon, unsigned, with its own static. */
struct dsb_beacon device_beacon(uint8_t k);

/* The seed of its signing key. */
void device_key(uint8_t k, uint8_t seed[32]);

/* Makes it a beacon signed by device k. */
void device_sign(struct dsb_beacon *b, uint8_t k, uint64_t sequence);

/* ---- the machine ------------------------------------------------------------------------------ */

/* Without jitter, of device LISTENER_SELF. */
struct dsb_discovery_config listener_config(enum dsb_discovery_mode mode);

/* At 0 s. `init`: what dsb_discovery_init answers. `start`: for multicast. */
enum nx_status listener_init(const struct dsb_discovery_config *c, struct nx_why *why);
void listener_start_with(const struct dsb_discovery_config *c);
void listener_start(void);

/* Bring it a beacon; an unsigned one of device k from its own address; one signed by k. */
enum nx_status listener_input(const struct dsb_beacon *b, uint64_t now_s, struct nx_address from);
enum nx_status listener_hear(uint8_t k, uint64_t now_s);
enum nx_status listener_hear_signed(uint8_t k, uint64_t now_s, uint64_t sequence,
                                    struct nx_address from);

/* Pair it with device k. */
enum nx_status listener_pin(uint8_t k, uint64_t now_s);

const struct dsb_neighbour *listener_find(uint8_t k);
bool listener_has(uint8_t k); /* present */

/* The events since last asked: a letter each (seen, changed, gone, key conflict, missed), and the
 * device's number. */
void listener_expect_events(const char *want);

/* The markers since the start. */
void listener_expect_markers(const char *want);

#endif
