/* Gate: who may have a half-open handshake here, and when it is looked at (docs/contracts/wire.md §1).
 *
 *     accept                 first message is there             admitted, broken off, timed out
 *       | enter                      | open                          | leave
 *       v                            v                               v
 *     WAITING ------------------> GRANTED -------------------------> FREE
 *        |    its source has paid    |   at `opens_at` it is looked at
 *        |    for what it did, and   |
 *        |    the node has a turn    |
 *        +---------------------------+--> dropped: the places ran out
 *
 * This is the responder's side before anybody is anybody: an address costs nothing, a curve operation
 * does. So each of the three things that a stranger can use up has a bound of its own:
 *
 *   places    64 half-open handshakes. Of one source (an IPv4 address, an IPv6 prefix of 64 bits) at
 *             most 4; a fifth is refused, unless the oldest of them is slow: then that one goes. A
 *             quarter of the places is kept for known sources, which completed a session before, and
 *             a quarter for strangers; known sources have the first claim on the rest. When there is
 *             none left, the oldest that waits for its turn goes first, then the oldest that has one.
 *   patience  A source has an account: 8 handshakes at once, 2 a second, and a failed one counts for
 *             5. Whoever owes more waits, 2 s at most, before its first message is looked at. Nobody
 *             is banned, and after 6 s without a handshake every account is even.
 *   turns     A first message is looked at when the node has a turn for it: 8 at once, 8 a second for
 *             all strangers, and the same for all known sources. Who would have to wait more than 2 s
 *             in all is refused, so that a flood costs a bounded share of a core, and who got a turn
 *             keeps its place for at least a second after it (strangers: as long as the known sources
 *             leave them half of the places).
 *
 * Known sources are remembered in the order in which they last completed; only a source that completes
 * makes another one forgotten, so strangers push nobody out. The other entries of the table belong to
 * whoever owes something, and a new source takes the one that owes least. Whoever is forgotten so saves
 * a wait of 2 s at most, and the turns bound all of them together: there is no need of an account that
 * late comers share.
 *
 * A source is an address and not a device: who shares one with a device that completed shares its lot,
 * the good and the bad. Loopback and link-local addresses are sources like any other; link-local ones of
 * two links are two. The gate holds addresses and times, no sockets and no bytes; the owner keeps the
 * deadline of a handshake. */
#ifndef NX_CORE_BUS_GATE_H
#define NX_CORE_BUS_GATE_H

#include "core/base/limits.h"
#include "core/base/status.h"
#include "core/base/time.h"
#include "core/wire/address.h"

#define DSB_GATE_NONE UINT32_MAX

/* How a half-open handshake ended. */
enum dsb_gate_outcome {
    DSB_GATE_COMPLETED, /* a session was admitted whose other end is paired, or an allowed v1 */
    DSB_GATE_FAILED,    /* wrong bytes, a proof that does not hold, cut, or timed out */
    DSB_GATE_LEFT,      /* closed by us, refused politely, or for pairing, which is anybody's */
};

/* The right to one place. Copied about freely; worth nothing once it left or was dropped. */
struct dsb_gate_pass {
    uint32_t place; /* 0..DSB_GATE_PLACES_MAX - 1 */
    uint64_t sequence;
};

/* For `nx status`; since init. */
struct dsb_gate_counts {
    uint64_t entered;
    uint64_t completed;
    uint64_t failed;
    uint64_t left;
    uint64_t dropped;        /* the places ran out, the source's or the node's */
    uint64_t refused_source; /* the source had its 4 */
    uint64_t refused_node;   /* the node had no turn within 2 s */
    uint64_t delayed;        /* waited at least once */
};

enum dsb_gate_place_state {
    DSB_GATE_FREE,
    DSB_GATE_WAITING,
    DSB_GATE_GRANTED,
};

struct dsb_gate_place {
    enum dsb_gate_place_state state;
    bool is_known;     /* its source was, when it entered */
    bool is_delayed;   /* counted as such */
    uint32_t source;   /* index */
    uint64_t sequence; /* of its pass: the older, the smaller */
    struct nx_instant entered_at;
    struct nx_instant opens_at; /* WAITING: not before; GRANTED: its turn */
};

struct dsb_gate_source {
    uint8_t family; /* enum nx_address_family */
    uint8_t prefix[8];
    uint32_t scope;
    uint32_t half_open_count;
    struct nx_instant even_at; /* when it owes nothing */
    uint64_t known_since;      /* sequence of its last completion; 0: a stranger */
};

struct dsb_gate {
    struct dsb_gate_place places[DSB_GATE_PLACES_MAX];
    struct dsb_gate_source sources[DSB_GATE_SOURCES_MAX]; /* 0..source_count were used */
    uint32_t source_count;
    uint32_t known_count;
    uint32_t half_open_count[2];        /* of strangers; of known sources */
    struct nx_instant turns_even_at[2]; /* likewise: when no turn is lent any more */
    uint64_t sequence;                  /* the last one given */
    struct dsb_gate_counts counts;
};

/* Nobody is here, nobody is known. */
void dsb_gate_init(struct dsb_gate *g);

/* A connection came in from `from` (borrowed; its port is of no account).
 * NX_OK: `pass` names its place, to be given back by `leave`. `*dropped` is DSB_GATE_NONE, or that same
 * place: the handshake that held it until now has to be closed by the owner, and its pass is worth
 * nothing any more. NX_E_LIMIT: this source has its 4 already: close the new one. Both outputs are
 * then untouched. */
NX_MUST_CHECK enum nx_status dsb_gate_enter(struct dsb_gate *g, struct nx_instant now,
                                            const struct nx_address *from,
                                            struct dsb_gate_pass *pass, uint32_t *dropped);

/* Its first message is there: may it be looked at?
 * NX_OK: yes, now and ever after; NX_WOULD_BLOCK: not before dsb_gate_opens_at, ask again then (and
 * not only then: asking early costs nothing); NX_E_LIMIT: the node has no turn for it in time, close
 * it and leave; NX_E_CLOSED: it was dropped, or has left. */
NX_MUST_CHECK enum nx_status dsb_gate_open(struct dsb_gate *g, struct nx_instant now,
                                           const struct dsb_gate_pass *pass);

/* When to ask `open` again; at most 2 s after `enter` and 2 s after the first `open`. NX_NEVER for a
 * pass that is worth nothing. */
struct nx_instant dsb_gate_opens_at(const struct dsb_gate *g, const struct dsb_gate_pass *pass);

/* The handshake is over. Gives the place back and charges the source. A pass that is worth nothing
 * changes nothing: whoever was dropped, or has left, is not charged for it. */
void dsb_gate_leave(struct dsb_gate *g, struct nx_instant now, const struct dsb_gate_pass *pass,
                    enum dsb_gate_outcome outcome);

/* Handshakes that are half-open now. */
uint32_t dsb_gate_half_open_count(const struct dsb_gate *g);

/* Has this source completed a session, as far as is remembered? */
bool dsb_gate_knows(const struct dsb_gate *g, const struct nx_address *from);

/* Lent as long as the gate lives. */
const struct dsb_gate_counts *dsb_gate_counts(const struct dsb_gate *g);

#endif
