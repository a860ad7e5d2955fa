/* Announcer: when our beacon leaves, what is in it, and where it goes.
 *
 *             due, at tick            signed                  every target taken
 *     IDLE ----------------> UNSIGNED -------> SENDING --------------------------> IDLE
 *       \                                        ^
 *        `---- a beacon without a trailer -------'
 *
 * The next announcement takes the place of one that still waits. The key that signs is not here: the
 * owner is asked for a signature and may have it made elsewhere. */
#ifndef NX_CORE_BUS_ANNOUNCER_H
#define NX_CORE_BUS_ANNOUNCER_H

#include "core/base/rng.h"
#include "core/bus/neighbour.h"

#define DSB_DISCOVERY_PORT   37020 /* UDP */
#define DSB_ANNOUNCER_GROUPS 2

/* The groups of beacons, with their port: 239.42.0.1 for 0, ff12::4e58:5342 for 1. */
struct nx_address dsb_announcer_group(size_t i);

struct dsb_announcer_config {
    bool has_trailer; /* sign, and name a TTL; else a bare v1 beacon */
    uint32_t boot_count;
    uint16_t ttl_s;

    uint32_t interval_ms; /* at least DSB_DISCOVERY_INTERVAL_MIN_MS … */
    uint32_t jitter_ms;   /* … and up to this much longer */
    const struct nx_address *unicast;
    size_t unicast_count; /* at most DSB_DISCOVERY_UNICAST_MAX */
};

struct dsb_announcer {
    struct dsb_announcer_config config; /* its `unicast` points to the copy below */
    struct nx_address unicast[DSB_DISCOVERY_UNICAST_MAX];
    struct nx_prng jitter;

    bool is_on;
    bool is_loopback;
    struct nx_instant due_at;
    uint32_t sequence_count;
    uint64_t announced_count;

    bool is_unsigned;    /* waits for its signature */
    size_t target_index; /* the next one: two groups, then the unicast addresses */
    size_t datagram_len;
    uint8_t datagram[DSB_BEACON_MAX];
};

/* Off. Copies `config`. The jitter follows from `seed` alone. */
void dsb_announcer_init(struct dsb_announcer *a, const struct dsb_announcer_config *config,
                        uint64_t seed);

/* On: the first announcement is due after one jitter. Off: what waits is dropped. `is_loopback`: only
 * the groups and loopback addresses are targets. No change when it is so already. */
void dsb_announcer_set(struct dsb_announcer *a, struct nx_instant now, bool is_on,
                       bool is_loopback);

/* The next announcement is due now, if it is on. */
void dsb_announcer_hurry(struct dsb_announcer *a, struct nx_instant now);

/* Makes the announcement that is due out of what `self` says: at most one, however late. */
void dsb_announcer_tick(struct dsb_announcer *a, struct nx_instant now,
                        const struct dsb_neighbour *self);

struct nx_instant dsb_announcer_deadline(const struct dsb_announcer *a);

/* As dsb_discovery_to_sign, dsb_discovery_signed and dsb_discovery_output (core/bus/discovery.h). */
bool dsb_announcer_to_sign(const struct dsb_announcer *a, uint8_t message[DSB_BEACON_MESSAGE_MAX],
                           struct nx_bytes *span);
NX_MUST_CHECK enum nx_status dsb_announcer_signed(
    struct dsb_announcer *a, const uint8_t signature[DSB_BEACON_SIGNATURE_LEN]);
bool dsb_announcer_output(struct dsb_announcer *a, struct nx_address *to,
                          struct nx_bytes *datagram);

#endif
