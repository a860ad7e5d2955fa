/* Discovery: beacons in, a list of who is around out. docs/contracts/discovery.md is its contract.
 *
 *                          announces          hears           beacons go to
 *     OFF                  never              nothing         nowhere
 *     QUIET                while an offer     every link      groups, configured addresses
 *                          is open
 *     LOOPBACK             on schedule        loopback        groups and addresses of loopback
 *     MULTICAST            on schedule        every link      groups, configured addresses
 *
 * A beacon is a hint. Nobody is trusted, stored or dialled because of one: the session proves who is
 * there. What a beacon may change depends on what is known of its device id:
 *
 *     own id                      counted; we hear ourselves
 *     stranger                    added, refreshed; its static is never replaced, a beacon with
 *                                 another one is counted and ignored until the first has aged out
 *     paired, signature holds,    name, port, services, address; present for exactly its TTL
 *       sequence is higher
 *     paired, anything else       present a while longer, and one candidate address, the last of the
 *                                 list, if it is on a network of ours or configured; never key, name
 *                                 or state
 *     paired, another static      counted and ignored; if its signature holds, KEY_CONFLICT
 *
 * Strangers share one bucket of packets and the places that paired devices leave; a paired device has
 * two buckets of its own, for where it was proved to be and for anywhere else, and so have the
 * signatures. Nothing answers a beacon, so that nobody is hit by ours with a forged source.
 *
 * The driver: feeds `input`, `tick` at `deadline`, and after each of them has the announcement signed
 * if `to_sign` asks, sends what `output` gives, and takes the `event`s. */
#ifndef NX_CORE_BUS_DISCOVERY_H
#define NX_CORE_BUS_DISCOVERY_H

#include "core/base/marker.h"
#include "core/bus/announcer.h"
#include "core/bus/neighbours.h"
#include "core/bus/networks.h"

enum dsb_discovery_mode {
    DSB_DISCOVERY_OFF,
    DSB_DISCOVERY_QUIET,
    DSB_DISCOVERY_LOOPBACK,
    DSB_DISCOVERY_MULTICAST,
};

/* Everything is copied by init, except what `rng` and `markers` point to. */
struct dsb_discovery_config {
    enum dsb_discovery_mode mode;

    /* Ours. Without has_trailer in it (localSim, a v1 node) beacons go unsigned and name no TTL.
     * `sequence` is the boot counter in its upper half; the lower one is counted here. */
    struct dsb_beacon beacon;
    bool has_text_ids; /* localSim: ids are 1..64 shown ASCII characters; else 64 lower-case hex */

    uint32_t interval_ms; /* between announcements, at least DSB_DISCOVERY_INTERVAL_MIN_MS … */
    uint32_t jitter_ms;   /* … and up to this much longer, so that devices do not keep step */
    const struct nx_address *unicast;
    size_t unicast_count; /* at most DSB_DISCOVERY_UNICAST_MAX */

    uint32_t stranger_burst; /* packets of strangers looked at, at once … */
    uint32_t strangers_per_second;

    struct nx_rng rng;          /* used by init alone */
    struct nx_markers *markers; /* kept; NULL: nobody listens */
};

/* MULTICAST every 5 s with up to 1 s of jitter, 50 packets of strangers at once and 10 a second. The
 * caller sets the beacon, the rng and whatever it wants otherwise. */
struct dsb_discovery_config dsb_discovery_config_default(void);

enum dsb_discovery_event_kind {
    DSB_DISCOVERY_SEEN,    /* a device is there that was not */
    DSB_DISCOVERY_CHANGED, /* it says something else, may be reached elsewhere, or has restarted */
    DSB_DISCOVERY_GONE,    /* its TTL is over, or it made room for a new one */
    DSB_DISCOVERY_KEY_CONFLICT, /* a paired device's own signature stands over another static */
    DSB_DISCOVERY_MISSED,       /* more happened than was taken: list again; no id */
};

struct dsb_discovery_event {
    enum dsb_discovery_event_kind kind;
    char id[DSB_ID_TEXT_MAX + 1];
};

/* What one sees of it, for `nx status` and `nx doctor`. They only grow. */
struct dsb_discovery_counts {
    uint64_t received;
    uint64_t refused;       /* not for this mode, too long, malformed, another version */
    uint64_t limited;       /* over a budget */
    uint64_t own;           /* our own, heard again */
    uint64_t key_conflicts; /* a known id with another static, or our own id with one */
    uint64_t verified;      /* signatures that held */
    uint64_t forged;        /* signatures that did not */
    uint64_t unverified;    /* a paired device's, over the budget of signatures */
    uint64_t off_link;      /* candidates of paired devices, unsigned, that were not taken */
    uint64_t evicted;       /* strangers that made room */
    uint64_t no_room;       /* strangers that found none */
};

struct dsb_discovery {
    struct dsb_discovery_config config;
    struct dsb_neighbour self;
    struct dsb_neighbours neighbours;
    struct dsb_announcer announcer;
    struct dsb_networks networks;
    struct dsb_discovery_counts counts;
    struct nx_instant now; /* the latest handed in; time never runs back */

    struct nx_bucket strangers;
    struct nx_bucket verify_known;
    struct nx_bucket verify_elsewhere;
    uint32_t said_count; /* by the last marker */

    bool is_offer_open;

    bool has_missed;
    uint32_t event_first, event_count;
    struct dsb_discovery_event events[DSB_DISCOVERY_EVENTS_MAX];
};

/* Starts; the first announcement leaves after a jitter. Keeps `slots` and `index`, which has
 * dsb_neighbours_index_count(slot_count) entries; an owner reserves one slot per device it may pair
 * with, and some for strangers.
 * NX_OK; NX_E_INVALID: a field breaks its rule (`why`, which may be NULL, says which); or what the
 * rng answers. `d` is then not to be used. */
NX_MUST_CHECK enum nx_status dsb_discovery_init(struct dsb_discovery *d, struct nx_instant now,
                                                const struct dsb_discovery_config *config,
                                                struct dsb_neighbour *slots, uint32_t slot_count,
                                                uint32_t *index, struct nx_why *why);

/* ---- beacons --------------------------------------------------------------------------------- */

/* A datagram came in on the discovery port. Borrows it. `from` is the source as the system tells it;
 * the zero value on an in-memory link.
 * NX_OK: taken in, or our own. The others changed nothing but counts and flags:
 * NX_WOULD_BLOCK: over a budget of packets. NX_E_STATE: OFF. NX_E_DENIED: not from loopback.
 * NX_E_LIMIT, NX_E_MALFORMED, NX_E_VERSION: as dsb_beacon_decode, over DSB_BEACON_MAX, or the id has
 * not the form that the config asks for. NX_E_EXISTS: unsigned, and another static than the known one.
 * NX_E_CRYPTO: a signature that does not hold. NX_E_IDENTITY: one that holds over another static than
 * the pinned. NX_E_NO_MEMORY: a stranger, and every slot is a paired device's. */
enum nx_status dsb_discovery_input(struct dsb_discovery *d, struct nx_instant now,
                                   struct nx_address from, struct nx_bytes datagram);

/* Lets neighbours age, and makes the announcement that is due: at most one, however late. One that
 * was not sent yet is replaced by it. */
void dsb_discovery_tick(struct dsb_discovery *d, struct nx_instant now);

struct nx_instant dsb_discovery_deadline(const struct dsb_discovery *d);

/* The message whose Ed25519 signature by our device key the announcement waits for; false when it
 * waits for none. Built in `message`, answered in `span`. */
bool dsb_discovery_to_sign(const struct dsb_discovery *d, uint8_t message[DSB_BEACON_MESSAGE_MAX],
                           struct nx_bytes *span);

/* The signature. Copies.
 * NX_OK; NX_E_STATE: none is waited for, because it was given already or the announcement changed. */
NX_MUST_CHECK enum nx_status dsb_discovery_signed(
    struct dsb_discovery *d, const uint8_t signature[DSB_BEACON_SIGNATURE_LEN]);

/* The next place the announcement goes to, and its bytes, lent until the next tick. A group is sent on
 * every interface that was chosen, in LOOPBACK on loopback alone, with hop limit 1. */
bool dsb_discovery_output(struct dsb_discovery *d, struct nx_address *to,
                          struct nx_bytes *datagram);

/* What happened next. Taken once. */
bool dsb_discovery_event(struct dsb_discovery *d, struct dsb_discovery_event *event);

/* ---- the owner's verbs ------------------------------------------------------------------------ */

void dsb_discovery_set_mode(struct dsb_discovery *d, struct nx_instant now,
                            enum dsb_discovery_mode mode);

/* A pairing offer is open, or no longer: what QUIET waits for. Opening announces at once. */
void dsb_discovery_set_offer_open(struct dsb_discovery *d, struct nx_instant now, bool is_open);

/* Announce at the next tick, where the mode announces at all: an interface came up. */
void dsb_discovery_announce(struct dsb_discovery *d, struct nx_instant now);

/* Which networks this machine is on, as dsb_networks_set takes them. From now on a candidate that nobody
 * signed for has to be on one of them, or at an address of `unicast`. What is known already stays. */
void dsb_discovery_set_networks(struct dsb_discovery *d, const struct dsb_network *list,
                                size_t count);

/* What is pinned of a paired device (docs/contracts/registry.md). */
struct dsb_discovery_pin {
    struct nx_bytes id;
    uint8_t noise_static[32];
    uint8_t ed25519_public[32];
    uint64_t sequence; /* the highest accepted in an earlier life; 0: none is known */
};

/* It is paired: its place is kept, its beacons are verified. Whatever a stranger of that id had said
 * about its static is forgotten, and so is an address that would not have been taken from it now.
 * NX_OK; NX_E_INVALID: an id of the wrong form, or our own; NX_E_EXISTS: it is pinned already;
 * NX_E_NO_MEMORY: every slot is a paired device's. */
NX_MUST_CHECK enum nx_status dsb_discovery_pin(struct dsb_discovery *d, struct nx_instant now,
                                               const struct dsb_discovery_pin *pin);

/* It is no longer paired: a stranger again, if it is present.
 * NX_OK; NX_E_NOT_FOUND: it was not pinned. */
NX_MUST_CHECK enum nx_status dsb_discovery_unpin(struct dsb_discovery *d, struct nx_instant now,
                                                 struct nx_bytes id);

/* A session proved that this paired device listens at `address`: the first candidate from now on. It
 * counts as being seen.
 * NX_OK; NX_E_NOT_FOUND: it is not pinned. */
NX_MUST_CHECK enum nx_status dsb_discovery_authenticated(struct dsb_discovery *d,
                                                         struct nx_instant now, struct nx_bytes id,
                                                         struct nx_address address);

/* ---- looking ---------------------------------------------------------------------------------- */

/* Who is present, self included, sorted by id, from the first above `after` (empty: from the start):
 * at most `cap`, lent in `out` until the next call. Answers how many. Self was last seen now. */
size_t dsb_discovery_list(struct dsb_discovery *d, struct nx_instant now, struct nx_bytes after,
                          const struct dsb_neighbour **out, size_t cap);

/* How many a list without bounds would have at the last instant handed in. */
uint32_t dsb_discovery_count(const struct dsb_discovery *d);

/* That device, present or paired or self; NULL for any other. Lent until the next call. */
const struct dsb_neighbour *dsb_discovery_find(const struct dsb_discovery *d, struct nx_bytes id);

#endif
