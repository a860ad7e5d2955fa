/* Node: one device put together: discovery, registry, pairing, and links with streams on them.
 *
 *                    +-------------------- node --------------------+
 *     datagrams ---- | discovery        pairing ------ registry ----|---- store
 *     links -------- | link: session (mux: streams) or pairing      |
 *                    +----------------------------------------------+
 *                          verbs, events: whoever owns the node
 *
 * The same object runs in a host daemon, in the simulator, on a board and, twice, in localSim; what
 * differs is who drives it. A driver brings datagrams, link bytes, the store's answers and the time,
 * dials where `dial` says, and takes outputs and events after each call. The node decides nothing
 * about identity: it takes what admission proved (core/node/link.h).
 *
 * A node that could not read its registry runs without pairing and without sessions and says so; it
 * is never taken for a node without peers. */
#ifndef NX_CORE_NODE_NODE_H
#define NX_CORE_NODE_NODE_H

#include "core/bus/discovery.h"
#include "core/bus/registry.h"
#include "core/node/link.h"
#include "core/node/v1_list.h"
#include "core/store/store.h"

/* Everything is copied except what is pointed to. */
struct dsb_node_config {
    const struct dsb_profile *profile;
    enum dsb_world world;
    const char *id_text;              /* ours */
    struct dsb_pairing_device device; /* ours: raw id and public keys */
    struct dsb_discovery_config discovery;
    struct nx_rng rng;
    struct nx_markers *markers; /* kept; NULL: nobody listens */
    void *memory;               /* dsb_node_memory_size(profile) bytes, aligned to 16; kept */
    uint64_t memory_size;
};

enum dsb_node_event_kind {
    DSB_NODE_DISCOVERY,      /* `discovery`: a device was seen, changed or is gone */
    DSB_NODE_PAIRED,         /* this device is paired, stored and announced */
    DSB_NODE_PAIRING_FAILED, /* `status`: an offer or accept is over without success */
    DSB_NODE_PAIRING_BROKEN, /* a link was broken off; the offer or accept is open still */
    DSB_NODE_UNPAIRED,
    DSB_NODE_STORE_FAILED,  /* `status`, `why`: a change of the registry was not stored and did not
                            * happen; where it was a pairing, PAIRING_FAILED follows */
    DSB_NODE_SESSION_UP,    /* `session`, with this device */
    DSB_NODE_SESSION_ENDED, /* `mux` says how; there may be another one with this device, a newer */
    DSB_NODE_STREAM,        /* `mux`: news of a stream of the session with this device */
};

struct dsb_node_event {
    enum dsb_node_event_kind kind;
    char id_text[DSB_ID_TEXT_MAX + 1]; /* the device it is about */
    enum nx_status status;
    struct nx_why why;          /* STORE_FAILED: the store's own sentence, or that of a limit */
    bool is_spent;              /* PAIRING_FAILED: the digits are used up */
    enum dsb_pairing_role role; /* PAIRED, PAIRING_FAILED, PAIRING_BROKEN */
    enum dsb_discovery_event_kind discovery;
    struct dsb_mux_event mux;

    /* SESSION_UP, STREAM: which session; it stays where it is until its SESSION_ENDED was told, and that
     * names it by this a last time. NULL: a dial failed. */
    struct dsb_mux *session;
};

/* A device that the driver is to reach, and for what. */
struct dsb_node_dial {
    char id_text[DSB_ID_TEXT_MAX + 1];
    enum dsb_link_purpose purpose;
};

/* Sessions that were asked for and not yet begun. */
#define DSB_NODE_DIALS_MAX 8

/* News that a node keeps until it is taken; while they are many, its parts keep theirs. */
#define DSB_NODE_NEWS_MAX 32

struct dsb_node {
    struct dsb_node_config config;
    struct dsb_pools pools;
    struct nx_store store;
    struct dsb_registry registry;
    struct dsb_discovery discovery;
    struct dsb_pairing pairing;

    struct dsb_v1_list v1;

    struct dsb_link *links;
    uint32_t link_count;
    uint64_t links_begun;     /* so far */
    uint32_t next_event_link; /* whose turn it is to tell */

    uint64_t wall_s; /* seconds since 1970 by the driver's clock; 0: it has none */
    bool is_started;
    bool is_shut_down;              /* nothing new begins */
    struct nx_why why;              /* of the last NX_E_LIMIT of a verb */
    enum nx_status registry_status; /* NX_OK: pairing and sessions work */
    struct nx_why registry_why;

    struct dsb_node_dial dials[DSB_NODE_DIALS_MAX];
    uint32_t dial_count;
    bool pair_dial_given; /* of the accept that is open */
    bool budgets_due;     /* the registry had no place for them */

    struct dsb_node_event news[DSB_NODE_NEWS_MAX];
    uint32_t news_first;
    uint32_t news_count;
};

/* Bytes that a node of this profile needs. */
uint64_t dsb_node_memory_size(const struct dsb_profile *profile);

/* Everything but the registry, which `start` brings.
 * NX_OK; NX_E_INVALID: a field of the config, a profile over a limit of limits.h or with fewer
 * neighbours than peers, or too little memory; `why` (which may be NULL) says which; or what the
 * randomness answers. */
NX_MUST_CHECK enum nx_status dsb_node_init(struct dsb_node *n, struct nx_instant now,
                                           const struct dsb_node_config *config,
                                           struct nx_why *why);

/* What the store had under DSB_V1_LIST_KEY, before `start`: the driver's load and the bytes. Without
 * it, or when it fails, nobody is served as v1 (dsb_node_v1_why says why); all else works. A world of
 * localSim has no v1.
 * As dsb_v1_list_load; NX_E_STATE: too late, or before; NX_E_UNSUPPORTED: localSim. */
NX_MUST_CHECK enum nx_status dsb_node_load_v1(struct dsb_node *n, enum nx_status loaded,
                                              struct nx_bytes text);

/* Serve this device as v1 while this node runs (`--allow-v1`): 64 hex digits.
 * NX_OK; NX_E_INVALID: no id, or ours; NX_E_IDENTITY: it is paired, or is known as native; NX_E_LIMIT:
 * DSB_V1_ALLOWED_MAX are allowed; NX_E_UNSUPPORTED: localSim. */
NX_MUST_CHECK enum nx_status dsb_node_allow_v1(struct dsb_node *n, const char *id_text);

/* Why nobody is served as v1; empty when those who are allowed are. */
const struct nx_why *dsb_node_v1_why(const struct dsb_node *n);

/* The registry as the store had it: what the driver's load answered, and the bytes. The node is up.
 * NX_OK, and the marker `dsoftbusd: ready` says so; or why pairing and sessions are refused from now
 * on (dsb_node_registry_why has the sentence), and a damaged registry is being set aside; NX_E_STATE:
 * it was started before. */
NX_MUST_CHECK enum nx_status dsb_node_start(struct dsb_node *n, struct nx_instant now,
                                            enum nx_status loaded, struct nx_bytes text);

/* The end, in good order: GOAWAY shutdown on every session, pairing cancelled, dials forgotten. Streams
 * go on until they end, nothing new begins: every verb that would answers NX_E_CLOSED, link_up and the
 * judge say busy. More than once is no harm. */
void dsb_node_shutdown(struct dsb_node *n, struct nx_instant now);

/* Every link is down and its news was taken, and nothing waits to be stored: the moment to wipe. A peer
 * may keep its streams open for as long as it likes, so a driver waits for this a bounded time. */
bool dsb_node_is_idle(const struct dsb_node *n);

/* Give everything back, wipe every secret. Only init may follow. */
void dsb_node_wipe(struct dsb_node *n);

/* ---- time, store, datagrams ------------------------------------------------------------------ */

void dsb_node_tick(struct dsb_node *n, struct nx_instant now);
struct nx_instant dsb_node_deadline(const struct dsb_node *n);

/* The store's writes: take them with nx_store_output, answer with nx_store_answer, then call
 * `stored`. */
struct nx_store *dsb_node_store(struct dsb_node *n);
void dsb_node_stored(struct dsb_node *n, struct nx_instant now);

/* A beacon came in. What dsb_discovery_input answers; a hint, never an error of ours. */
enum nx_status dsb_node_datagram_input(struct dsb_node *n, struct nx_instant now,
                                       struct nx_address from, struct nx_bytes datagram);

/* The next beacon to send, lent until the next tick. False: none. */
bool dsb_node_datagram_output(struct dsb_node *n, struct nx_address *to, struct nx_bytes *datagram);

/* As dsb_discovery_to_sign and dsb_discovery_signed: beacons that name a boot counter wait for it. */
bool dsb_node_to_sign(const struct dsb_node *n, uint8_t message[DSB_BEACON_MESSAGE_MAX],
                      struct nx_bytes *span);
NX_MUST_CHECK enum nx_status dsb_node_signed(struct dsb_node *n,
                                             const uint8_t signature[DSB_BEACON_SIGNATURE_LEN]);

/* An interface came up: announce at the next tick, where the mode announces at all. */
void dsb_node_announce(struct dsb_node *n, struct nx_instant now);

/* Where beacons may go and come from: as it is, and as it is from now on. */
enum dsb_discovery_mode dsb_node_discovery_mode(const struct dsb_node *n);
void dsb_node_set_discovery_mode(struct dsb_node *n, struct nx_instant now,
                                 enum dsb_discovery_mode mode);

/* ---- links ----------------------------------------------------------------------------------- */

/* The next device to dial. Told once; answer with `link_up` or `dial_failed`. False: none. */
bool dsb_node_dial(struct dsb_node *n, struct dsb_node_dial *dial);
void dsb_node_dial_failed(struct dsb_node *n, struct nx_instant now,
                          const struct dsb_node_dial *dial, enum nx_status why);

/* Is this id paired, with exactly these keys?
 * NX_OK; NX_E_NOT_FOUND: it is not paired; NX_E_IDENTITY: it is, with other keys. */
NX_MUST_CHECK enum nx_status dsb_node_knows(const struct dsb_node *n,
                                            const struct dsb_pairing_device *device);

/* A connection was admitted. `*link` names it in the calls below.
 *
 * Of two sessions with one device one stays. Dialled by the same side: the newer; whoever was dialled
 * ends the older with GOAWAY replaced, so that both agree which it is, and the dialler, who dials a
 * device again only when the last dial is over, asks the older for a sign of life. Dialled by both
 * sides: that of the smaller id; the other ends with GOAWAY duplicate. A new one that loses is never
 * told, says its GOAWAY and is over, and the one that stays is asked for a sign of life. An older one
 * that ends goes on until its streams end, unless it is in the way of a third: then it ends at once.
 *
 * NX_OK: also when all that it will carry is a refusal; NX_E_DENIED: not a paired device; NX_E_IDENTITY:
 * paired, with other keys; NX_E_BUSY: shutting down; NX_E_LIMIT: every link is in use,
 * DSB_LINKS_PER_PEER_MAX by sessions with this device, DSB_PAIRING_SESSIONS_MAX for pairing, or the owner
 * leaves its news untaken. */
NX_MUST_CHECK enum nx_status dsb_node_link_up(struct dsb_node *n, struct nx_instant now,
                                              const struct dsb_link_info *info, uint32_t *link);

/* As dsb_link_input and dsb_link_output. */
NX_MUST_CHECK enum nx_status dsb_node_link_input(struct dsb_node *n, struct nx_instant now,
                                                 uint32_t link, struct nx_bytes in, size_t *used);
bool dsb_node_link_output(struct dsb_node *n, uint32_t link, struct nx_writer *out);

/* What carries the link's frames found that the other side broke its rules: the session ends with
 * `status` and `why` (at most NX_WHY_MAX bytes), and GOAWAY protocol; a pairing's link is lost. What
 * that leaves to be output is the last of it. */
void dsb_node_link_broken(struct dsb_node *n, struct nx_instant now, uint32_t link,
                          enum nx_status status, const char *why);

/* Nothing more will come out of this link: close what is below, and say `link_down`. */
bool dsb_node_link_is_over(const struct dsb_node *n, uint32_t link);

/* What is below is gone. A session's link is free when its owner has heard of its end as well,
 * whichever comes first, and the registry has a place for an unpairing that it brought. */
void dsb_node_link_down(struct dsb_node *n, struct nx_instant now, uint32_t link);

/* ---- the owner's verbs ----------------------------------------------------------------------- */

/* Show a code to the person here, for `id_text` to type. What dsb_pairing_offer answers; NX_E_STATE:
 * the registry could not be read; NX_E_INVALID: no such id can be, or it is ours. */
NX_MUST_CHECK enum nx_status dsb_node_pair_offer(struct dsb_node *n, struct nx_instant now,
                                                 const char *id_text,
                                                 char code[DSB_PAIRING_CODE_LEN + 1]);

/* The person here typed the code that `id_text` shows. NX_OK: begun; PAIRED or PAIRING_FAILED
 * follows. Else what dsb_pairing_accept answers, and as above. */
NX_MUST_CHECK enum nx_status dsb_node_pair_accept(struct dsb_node *n, struct nx_instant now,
                                                  const char *id_text, struct nx_bytes code);

/* Take the offer or the accept back. */
void dsb_node_pair_cancel(struct dsb_node *n, struct nx_instant now, enum dsb_pairing_role role);

/* Forget a paired device. It counts once it is stored: UNPAIRED follows, and every session ends.
 * NX_OK; NX_E_NOT_FOUND; NX_E_STATE: the registry could not be read; NX_E_LIMIT: too many changes
 * are under way. */
NX_MUST_CHECK enum nx_status dsb_node_unpair(struct dsb_node *n, struct nx_instant now,
                                             const char *id_text);

/* Ask for a session with a paired device: the driver is told to dial.
 * NX_OK: asked, or there is one; NX_E_NOT_FOUND: not paired; NX_E_LIMIT: too many are asked for. */
NX_MUST_CHECK enum nx_status dsb_node_connect(struct dsb_node *n, const char *id_text);

/* The session with this device, for msg_stream, byte_stream and the mux's verbs: of two the one that
 * stays. NULL: none, or one that is ending. */
struct dsb_mux *dsb_node_session(struct dsb_node *n, const char *id_text);

/* Accept a stream that DSB_NODE_STREAM told of. What dsb_mux_accept answers. */
NX_MUST_CHECK enum nx_status dsb_node_accept(struct dsb_node *n, struct nx_instant now,
                                             struct dsb_mux *mux, struct dsb_stream_handle stream);

/* The next piece of news. False: none. */
bool dsb_node_event(struct dsb_node *n, struct nx_instant now, struct dsb_node_event *event);

/* What people's clocks say, in seconds since 1970, for what a person is shown of a pairing that is stored
 * from now on. A driver without such a clock never calls it; nothing else looks at it. */
void dsb_node_set_wall_s(struct dsb_node *n, uint64_t wall_s);

/* The sentence to the last NX_E_LIMIT that link_up, unpair or connect answered: which limit, its value,
 * what was asked. Empty when there was none. Of an offer or an accept it is dsb_pairing_why's. */
const struct nx_why *dsb_node_why(const struct dsb_node *n);

/* Why the registry could not be read; empty when it could. */
const struct nx_why *dsb_node_registry_why(const struct dsb_node *n);

#endif
