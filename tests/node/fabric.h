/* For tests: three devices with nodes, connections and stores of their own, on a network in memory.
 *
 * Each is driven as a daemon drives its own: a turn happens when the network has told something, when a
 * deadline has come, or when the row has just done something there; never otherwise. A deadline that is
 * late, or that never comes, therefore shows. So does one that comes again and again with nothing to
 * do. Freestanding, as what it tests. */
#ifndef NX_TESTS_NODE_FABRIC_H
#define NX_TESTS_NODE_FABRIC_H

#include "core/node/connections.h"
#include "core/store/memory.h"
#include "sim/fakenet.h"

enum {
    FABRIC_DEVICES = 3,
    FABRIC_PORT = 34567,
    FABRIC_KEYS_MAX = 4,
    FABRIC_EVENT_KINDS = DSB_CONNECTIONS_V1_WRITABLE + 1,
};

/* What a device's owner was told since the row looked last; a row clears what it has seen. */
struct fabric_news {
    uint32_t paired_count, unpaired_count;
    enum nx_status pairing_failure; /* of the last PAIRING_FAILED */
    uint32_t up_count;              /* SESSION_UP */
    uint32_t ended_count;           /* SESSION_ENDED of a session that was up */
    struct dsb_mux_event end;       /* the last of those */
    uint32_t asked_count;           /* and of dials that a person asked for and that failed */
    uint32_t opened_count;          /* streams that the other side opened, accepted at once */
    struct dsb_stream_handle opened;
    struct dsb_mux_event stream_end;
    uint32_t told[FABRIC_EVENT_KINDS]; /* by enum dsb_connections_event_kind */
    struct dsb_connections_event last[FABRIC_EVENT_KINDS];
};

struct fabric_device {
    struct fabric *fabric;
    uint32_t index;
    struct dsb_identity identity;
    struct dsb_credentials credentials;
    struct nx_prng prng;
    struct fake_host *host;
    struct nx_net net;
    struct nx_address address; /* where it listens */
    struct nx_store_memory store;
    struct dsb_node node;
    struct dsb_connections connections;
    bool is_on;
    bool is_touched;    /* the row did something here */
    bool is_frozen;     /* it has no turns, and its connections stay as they are */
    bool leaves_events; /* somebody else takes the node's news */
    bool holds_stores;  /* writes wait */
    struct fabric_news news;
};

struct fabric {
    struct nx_instant now;
    struct fakenet net;
    struct fabric_device devices[FABRIC_DEVICES];
    uint64_t turn_count; /* of all devices */
    bool is_stuck;       /* something moved for ever, and the clock stood */
};

/* The one fabric of a test program, begun afresh: empty stores, nobody knows anybody, everybody
 * listens. Whatever the row before did: all its memory and sockets have to be back. */
struct fabric *fabric_begin(void);

/* Off and on again, with the same store and address. `is_sudden`: it goes without a word, and what it
 * had open is cut. */
void fabric_switch_off(struct fabric_device *d, bool is_sudden);
void fabric_switch_on(struct fabric_device *d);

/* One turn of each device that has a reason for one. False: nothing moved. */
bool fabric_turn(struct fabric *f);

/* Turns until nothing moves; the clock stands. */
void fabric_settle(struct fabric *f);

/* The same while so much time passes, from one deadline to the next. */
void fabric_pass(struct fabric *f, struct nx_duration time);

/* What devices have told so far is as if it had not been. */
void fabric_forget_news(struct fabric *f);

/* A row did something with this device: it has a turn. Then all settle. */
void fabric_touch(struct fabric_device *d);

/* `d` hears an unsigned beacon of `other`, as if that listened at `at`. */
void fabric_hear(struct fabric_device *d, const struct fabric_device *other, struct nx_address at);

/* The same, signed; it counts when `sequence` is above the last one. */
void fabric_hear_signed(struct fabric_device *d, const struct fabric_device *other,
                        struct nx_address at, uint64_t sequence);

/* Beacons both ways, six digits from `owner` to `typist`, and a session. */
void fabric_pair(struct fabric_device *owner, struct fabric_device *typist);

/* The session of `d` with `other`; NULL: none. */
struct dsb_mux *fabric_session(struct fabric_device *d, const struct fabric_device *other);

/* Is there one session between the two, the same on both sides, and no connection beside it? */
bool fabric_has_one_session(struct fabric_device *d, struct fabric_device *other);

/* The connection under the session of `d` with `other`, for a row that reaches below; NULL: none. */
struct dsb_connection *fabric_connection(struct fabric_device *d,
                                         const struct fabric_device *other);

/* An address on a network where nobody is unless a row puts somebody there. */
struct nx_address fabric_address(uint8_t net, uint8_t host, uint16_t port);

#endif
