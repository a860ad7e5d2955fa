/* Beacons: a node's discovery, carried over UDP (docs/contracts/discovery.md §1).
 *
 *     sockets' events --- input ---->  +---------+ -- dsb_node_datagram_input -->  node
 *     time ---------------- work --->  | beacons |
 *     which interfaces ------------->  +---------+ <- dsb_node_datagram_output --
 *
 * One socket for each family, with a second one to send by where sessions are taken at one address alone.
 * Each family has a life of its own, so that a machine without IPv6 is a machine with IPv4:
 *
 *              work, when it is due                 bind refused, or receiving failed
 *     CLOSED -----------------------> OPEN -------------------------------------------> CLOSED, due
 *                                      | ^  a group could not be joined: again when due    1..60 s
 *                                      `-'                                                 later
 *
 * None of it is fatal. What is wrong at the moment is a sentence (`why`) and a count; it is tried
 * again, in longer and longer pauses. A beacon is a hint: one that finds no room is dropped and
 * counted, and the next announcement is the next try.
 *
 * The mode is the node's own (dsb_node_discovery_mode), looked at in each `work`:
 *
 *     OFF                  binds nothing
 *     LOOPBACK             joins and sends by the loopback interface alone, hears nothing from others
 *     QUIET, MULTICAST     joins and sends by each interface that was chosen; unicast by the routes
 *
 * The driver: `input` for each event of the network, then dsb_node_tick, then `work`; it waits until
 * the earlier of both deadlines. */
#ifndef NX_CORE_NODE_BEACONS_H
#define NX_CORE_NODE_BEACONS_H

#include "core/base/backoff.h"
#include "core/bus/identity.h"
#include "core/net/net.h"
#include "core/node/node.h"

#define DSB_BEACONS_SOCKETS 2 /* IPv4, IPv6 */

/* Where sessions are taken over one family. Whoever hears a beacon dials the address that it came
 * from, so it leaves from there. */
struct dsb_beacons_from {
    bool is_mute;              /* nowhere: it is heard over this family, and nothing is sent */
    struct nx_address address; /* there alone; the zero value: at any address, the system picks */
};

struct dsb_beacons_config {
    struct dsb_node *node; /* kept; started or not */
    struct nx_net net;     /* copied; what it points to is kept */

    /* Kept; signs. NULL, for a node whose beacons have no trailer: one that asks for a signature all
     * the same never leaves. */
    const struct dsb_identity *identity;

    struct dsb_beacons_from from[DSB_BEACONS_SOCKETS];
    uint16_t port;           /* bound, and of the groups; 0: DSB_DISCOVERY_PORT */
    uint32_t loopback_index; /* the loopback interface; 0: there is none */
    uint64_t seed;           /* of the draws of the pauses, which are no secret */
};

/* What one sees of it, for `nx status` and `nx doctor`. They only grow. */
struct dsb_beacons_counts {
    uint64_t received;        /* handed to the node, whatever it made of them */
    uint64_t too_long;        /* longer than a beacon can be */
    uint64_t elsewhere;       /* LOOPBACK: came in by another interface */
    uint64_t sent;            /* one for each interface and each address */
    uint64_t no_room;         /* dropped: sending would have blocked */
    uint64_t unsent;          /* dropped: no socket of that family, or the send failed */
    uint64_t socket_failures; /* could not be bound, or failed when receiving */
    uint64_t join_failures;
};

/* What became of the last beacon to the group, for `nx doctor`. */
struct dsb_beacons_echo {
    enum nx_status sent; /* NX_OK: it is on its way, or there was none yet */
    struct nx_instant sent_at;
    struct nx_instant heard_at; /* one of our own came back; 0: never, here and above */
};

struct dsb_beacons_socket {
    struct nx_handle handle; /* NX_HANDLE_NONE: closed */
    struct nx_handle mouth;  /* bound to `from`, and sends; NX_HANDLE_NONE: `handle` does */
    struct nx_backoff backoff;
    uint32_t joined;  /* bit n: the group, on the interface at place n */
    bool is_readable; /* there may be more */
    struct dsb_beacons_echo echo;
    struct nx_why why;
};

struct dsb_beacons {
    struct dsb_beacons_config config;
    struct dsb_beacons_socket sockets[DSB_BEACONS_SOCKETS];
    struct dsb_beacons_counts counts;
    struct nx_prng pauses;
    enum dsb_discovery_mode mode; /* that the sockets were opened for */
    uint32_t chosen[DSB_BEACONS_INTERFACES_MAX];
    uint32_t chosen_count;
};

/* Nothing is open, no interface is chosen. Copies `config`. */
void dsb_beacons_init(struct dsb_beacons *b, const struct dsb_beacons_config *config);

/* Closes both sockets. For the end, or before the network below goes; `work` would open them again. */
void dsb_beacons_close(struct dsb_beacons *b);

/* The interfaces to announce and to hear groups on: those of the owner's choice that are up now.
 * Copies. One that is new is joined at the next `work`, and the node announces at once; when one is
 * gone the sockets are opened anew, which leaves its groups. The same ones again: nothing happens.
 * NX_OK; NX_E_INVALID: one is 0, or named twice; NX_E_LIMIT: more than DSB_BEACONS_INTERFACES_MAX. */
NX_MUST_CHECK enum nx_status dsb_beacons_set_interfaces(struct dsb_beacons *b,
                                                        struct nx_instant now,
                                                        const uint32_t *numbers, size_t count);

/* Close and open anew at the next `work`, without the pause: the owner knows that it is worth while. */
void dsb_beacons_reopen(struct dsb_beacons *b);

/* News of the network. True: it was about one of these sockets, and nobody else's. */
bool dsb_beacons_input(struct dsb_beacons *b, const struct nx_net_event *event);

/* One turn: open and join what is due, take at most DSB_BEACONS_BATCH datagrams of each family into the
 * node, have the announcement signed, send what the node has. */
void dsb_beacons_work(struct dsb_beacons *b, struct nx_instant now);

/* When `work` next has something to do by itself: the instant 0 while a batch left datagrams behind,
 * the end of a pause, or NX_NEVER. What the node has to send comes with the node's own deadline. */
struct nx_instant dsb_beacons_deadline(const struct dsb_beacons *b);

/* Does the socket of this family (IPv4 or IPv6) listen? */
bool dsb_beacons_is_open(const struct dsb_beacons *b, enum nx_address_family family);

/* What is wrong with it just now; empty when all that is wanted is open and joined. */
const struct nx_why *dsb_beacons_why(const struct dsb_beacons *b, enum nx_address_family family);

#endif
