/* Neighbour: one device of which a beacon told, and where a session with it may be tried.
 *
 *     candidates    authenticated, newest first  |  hints, newest first
 *     stranger      none                         |  up to four
 *     paired        up to four                   |  at most one, and only if a place is left
 *
 * so that forged beacons of a paired device replace each other and nothing else. */
#ifndef NX_CORE_BUS_NEIGHBOUR_H
#define NX_CORE_BUS_NEIGHBOUR_H

#include "core/base/bucket.h"
#include "core/base/limits.h"
#include "core/wire/address.h"
#include "core/wire/beacon.h"

struct dsb_candidate {
    struct nx_address address;
    bool is_authenticated; /* a signed beacon or a session came from there */
};

/* Readers use what it says, what is known and the candidates; discovery and its table write them. */
struct dsb_neighbour {
    /* The table's own; first, so that finding one touches the fewest lines of a cache. */
    uint64_t hash;
    uint64_t expires_s; /* first whole second of the clock at which it is gone */
    uint32_t heard_before, heard_after;
    uint32_t wheel_before, wheel_after;

    /* What it says about itself: a hint, except for the static of a paired device, which is the pin. */
    char id[DSB_ID_TEXT_MAX + 1];
    uint8_t id_len;
    uint8_t noise_static[DSB_BEACON_STATIC_LEN];
    char name[DSB_BEACON_NAME_MAX + 1]; /* fit to show; may be empty */
    uint16_t port;
    uint8_t service_count;
    uint8_t services_len;
    uint8_t services[DSB_NEIGHBOUR_SERVICES_CAP]; /* as on the wire: n, name, n, name, … */

    /* What we know of it. */
    bool is_self;
    bool is_paired;
    bool is_present;             /* its TTL runs */
    bool has_key_conflict;       /* a beacon of this id came with another static */
    bool is_proved;              /* a paired device's key signed the last beacon that agreed */
    struct nx_instant last_seen; /* of the last beacon that agreed; 0 when there was none */

    /* For who looks for a reason (nx doctor); nothing is decided by them. */
    struct nx_instant beacon_at;   /* the last beacon that agreed; 0: none */
    uint32_t beacon_count;         /* so far */
    struct nx_address beacon_from; /* and where it came from */
    struct nx_instant
        fresh_at; /* paired: its signature last held over a higher sequence; 0: never */
    struct nx_instant behind_at; /* paired: its boot counter last was below the highest; 0: never */

    struct dsb_candidate candidates[DSB_CANDIDATES_MAX];
    uint8_t candidate_count;

    /* Of a paired device. */
    uint8_t ed25519_public[32];
    uint64_t sequence;          /* the highest that was accepted */
    struct nx_bucket known;     /* its beacons from an authenticated address */
    struct nx_bucket elsewhere; /* those from anywhere else */
};

static inline struct nx_bytes dsb_neighbour_id(const struct dsb_neighbour *n)
{
    return nx_bytes_of(n->id, n->id_len);
}

/* Takes over port, name and as many whole service names as there is room for. True when it says
 * something else than before. */
bool dsb_neighbour_describe(struct dsb_neighbour *n, const struct dsb_beacon *beacon);

bool dsb_neighbour_has_static(const struct dsb_neighbour *n, const struct dsb_beacon *beacon);

/* `address` is the first candidate from now on; the last one makes room for it. True when it is one
 * more place to try. */
bool dsb_neighbour_add_authenticated(struct dsb_neighbour *n, struct nx_address address);

/* `address` is a hint, as the drawing above has it. True when it is one more place to try. */
bool dsb_neighbour_add_hint(struct dsb_neighbour *n, struct nx_address address);

/* Only what was authenticated stays. */
void dsb_neighbour_drop_hints(struct dsb_neighbour *n);

/* `from` is a host where it was authenticated; its port may be another. */
bool dsb_neighbour_is_known_at(const struct dsb_neighbour *n, const struct nx_address *from);

#endif
