/* Connections: a node's sessions over sockets: who is dialled, who is taken in, and the bytes between a
 * socket, its session and its link.
 *
 *        listen, accept                          dial: reach says whom, discovery says where
 *              |                                              |
 *              v  gate: places, patience, turns               v  up to four addresses at once
 *     +-------------------------------- connection --------------------------------+
 *     |  socket (nx_net) <-> bytes <-> session: handshake, admission <-> judge     |
 *     |                                session: records <-> link of the node       |
 *     +----------------------------------------------------------------------------+
 *              |
 *              v  what was said last is sent, the other side's end is awaited for a second
 *            closed
 *
 * One connection:
 *
 *     FREE --> CONNECTING --> OPEN --> LEAVING --> FREE
 *        `------ accept -------^
 *
 * The driver: `input` for each event of the network, `news` for each of the node's own before it acts on
 * it, then `work`, and `event`s; it waits until `deadline`. A turn is bounded: whoever has much to say
 * is continued in the next one, so that nobody waits behind him.
 *
 * Sessions come back without a hand: each paired device is wanted, at addresses that its beacons or an
 * earlier session gave (core/node/reach.h says when). The dialler of a session dials it anew after
 * DSB_SESSION_LIFE_S, so that no keys are used for ever. */
#ifndef NX_CORE_NODE_CONNECTIONS_H
#define NX_CORE_NODE_CONNECTIONS_H

#include "core/bus/gate.h"
#include "core/bus/session.h"
#include "core/bus/v1_frame.h"
#include "core/net/net.h"
#include "core/node/node.h"
#include "core/node/reach.h"

#define DSB_CONNECTION_NONE UINT32_MAX

enum dsb_connection_state {
    DSB_CONNECTION_FREE,
    DSB_CONNECTION_CONNECTING,
    DSB_CONNECTION_OPEN,
    DSB_CONNECTION_LEAVING, /* what was said last is on its way; nothing that comes matters */
};

/* One place of the table. */
struct dsb_connection {
    enum dsb_connection_state state;
    struct nx_handle socket;
    struct nx_address address; /* of the other end; of a dial: where it listens */
    bool may_receive;          /* not told to wait */
    bool may_send;
    uint32_t
        dial; /* of which it is one try; DSB_CONNECTION_NONE: it was accepted, or the dial is over */

    struct dsb_gate_pass pass; /* accepted, and not admitted yet */
    bool has_pass;
    bool is_let_in;              /* the gate had a turn for its first message */
    bool has_connected;          /* a dial: the other end took the connection */
    enum nx_net_failure failure; /* that it was lost by */

    struct dsb_session session;
    uint32_t link; /* of the node, when up and native; DSB_CONNECTION_NONE: none */
    bool is_v1_up;
    bool has_v1_frame; /* a record that lies in `in` and waits to be dropped */
    struct dsb_v1_frame v1_frame;
    bool v1_wants_room;
    struct nx_instant up_at;
    struct nx_instant again_at;  /* its dialler makes the session anew */
    struct nx_instant leaves_at; /* LEAVING, or about to: closed by then, come what may */
    bool has_finished;           /* our direction */

    uint32_t records_left; /* of what it may be given in this turn */
    bool is_deaf;          /* a breach, or their end: nothing is received any more */

    /* Last, so that the fields above of an idle connection are on one page. */
    size_t in_at, in_len; /* bytes from in_at to in_len wait to be taken */
    size_t in_end;        /* nothing was ever received behind it: up to here lies what was opened */
    size_t out_at, out_len;
    uint8_t in[DSB_RECORD_MAX];
    uint8_t out[DSB_CONNECTION_OUT_MAX];
};

enum dsb_dial_origin {
    DSB_DIAL_REACH, /* a paired device that is wanted */
    DSB_DIAL_PAIR,
    DSB_DIAL_AGAIN, /* a session has lived long enough */
    DSB_DIAL_V1,
    DSB_DIAL_PROBE, /* somebody asks how far it goes */
};

/* How far a dial came, before it failed. */
enum dsb_dial_stage {
    DSB_DIAL_AT_NOTHING, /* there was nothing to connect to, or no means */
    DSB_DIAL_AT_CONNECT,
    DSB_DIAL_AT_HANDSHAKE,
    DSB_DIAL_AT_ADMISSION, /* the other side has proved who it is */
};

struct dsb_dial_end {
    enum dsb_dial_stage stage;
    enum nx_net_failure failure; /* NONE when it was none of the network's */
    bool was_answered;           /* a byte came */
    bool is_v1_answer;           /* as of dsb_session_end */
};

/* One device that is being dialled, at several addresses. */
struct dsb_dialling {
    bool is_used;
    enum dsb_dial_origin origin;
    char id_text[DSB_ID_TEXT_MAX + 1];
    uint8_t id[DSB_ID_LEN];
    uint8_t noise_static[NX_X25519_LEN];
    uint32_t try_count; /* connections under way */

    /* How it looks so far: the failure that says most. */
    enum nx_status status;
    enum dsb_refusal refusal;
    struct nx_why why;
    struct nx_address address;
    struct dsb_dial_end end;
};

enum dsb_connections_event_kind {
    DSB_CONNECTIONS_DIAL_FAILED, /* that device was not reached, or did not take us: status, why */
    DSB_CONNECTIONS_TURNED_AWAY, /* that device dialled us, proved itself, and was refused */
    DSB_CONNECTIONS_V1_UP,       /* a v1 session: the verbs at the end of this page */
    DSB_CONNECTIONS_V1_ENDED,
    DSB_CONNECTIONS_V1_READABLE, /* a frame waits that did not before */
    DSB_CONNECTIONS_V1_WRITABLE, /* `v1_send` was told to wait */
};

struct dsb_connections_event {
    enum dsb_connections_event_kind kind;
    char id_text[DSB_ID_TEXT_MAX + 1];
    enum nx_status status;
    enum dsb_refusal refusal; /* DIAL_FAILED, TURNED_AWAY: NONE when it was something else */
    struct nx_why why;
    struct nx_address address;
    struct dsb_dial_end end; /* DIAL_FAILED */
    bool is_probe;           /* DIAL_FAILED: of dsb_connections_probe; nobody else waits for it */
};

/* Everything is copied but what is pointed to, which is kept. */
struct dsb_connections_config {
    struct dsb_node *node;
    struct nx_net net;
    const struct dsb_credentials *own;
    struct nx_rng rng;
    struct dsb_connection *places; /* all zero */
    uint32_t cap;
};

struct dsb_connections {
    struct dsb_connections_config config;
    struct dsb_gate gate;
    struct dsb_reach reach;

    struct nx_handle listeners[DSB_LISTENERS_MAX];
    bool may_accept[DSB_LISTENERS_MAX];
    struct nx_instant accept_again_at; /* accepting failed, and nothing will be told of it */
    uint32_t listener_count;

    uint32_t at_gate[DSB_GATE_PLACES_MAX]; /* the connection that holds this place of the gate */
    struct dsb_dialling dials[DSB_DIALS_MAX];
    /* The last device that was dialled for pairing and proved itself, and where. */
    uint8_t pair_id[DSB_ID_LEN];
    struct nx_address pair_address;

    uint32_t used_end; /* every place from here on is FREE */
    bool is_synced;    /* `reach` wants whoever is in the registry */
    bool has_more;     /* the last turn left something behind */
    bool is_shut_down;

    struct dsb_connections_event events[DSB_CONNECTIONS_EVENTS_MAX];
    uint32_t event_first, event_count;
    uint64_t events_missed;
};

/* How many connections a node of this profile may need at once: every link, every half-open handshake,
 * every try of every dial. */
uint32_t dsb_connections_count_max(const struct dsb_profile *profile);

/* Nothing is open. The node is not started yet, or was: whoever is paired is wanted from the first
 * `work` on. */
void dsb_connections_init(struct dsb_connections *c, const struct dsb_connections_config *config);

/* Close every socket, at once; every session is cut. For the end. */
void dsb_connections_close(struct dsb_connections *c, struct nx_instant now);

/* Take sessions at this address too; port 0: one that is free. `local` is then where it listens.
 * As nx_net_listen, with a sentence in `fault`; NX_E_LIMIT: DSB_LISTENERS_MAX listen already. */
NX_MUST_CHECK enum nx_status dsb_connections_listen(struct dsb_connections *c,
                                                    const struct nx_address *address,
                                                    struct nx_address *local,
                                                    struct nx_net_fault *fault);

/* Likewise at a listener that is there already, of this node's net. Takes it: it is closed on a failure.
 * NX_OK; NX_E_LIMIT: DSB_LISTENERS_MAX listen already; or what nx_net_local answers. */
NX_MUST_CHECK enum nx_status dsb_connections_listen_on(struct dsb_connections *c,
                                                       struct nx_handle listener,
                                                       struct nx_address *local);

/* No new session from now on, neither way: what is half-open is closed. What is up goes on. */
void dsb_connections_shut_down(struct dsb_connections *c, struct nx_instant now);

/* News of the network. True: it was about one of these sockets. */
bool dsb_connections_input(struct dsb_connections *c, const struct nx_net_event *event);

/* News of the node, each before the owner acts on it: whom to want, to forget, to dial again. */
void dsb_connections_news(struct dsb_connections *c, struct nx_instant now,
                          const struct dsb_node_event *event);

/* One turn: accept, dial, receive, send, close. */
void dsb_connections_work(struct dsb_connections *c, struct nx_instant now);

/* When `work` next has something to do by itself; the instant 0: at once, a turn left something. */
struct nx_instant dsb_connections_deadline(const struct dsb_connections *c);

/* The next piece of news. What is not taken is dropped from the DSB_CONNECTIONS_EVENTS_MAX + 1st on,
 * TURNED_AWAY from half of that on. */
bool dsb_connections_event(struct dsb_connections *c, struct dsb_connections_event *event);

/* The connection under the session with this device, of two the one that stays; or under the v1 session.
 * NULL: none. Lent until the next `work`. */
const struct dsb_connection *dsb_connections_find(const struct dsb_connections *c,
                                                  const char *id_text);

/* Connections that are not FREE. */
uint32_t dsb_connections_open_count(const struct dsb_connections *c);

/* Dial this device where it may be, at once and whoever it is, to see how far that goes: a device that
 * is paired has a session then (the node's SESSION_UP tells), which takes the place of one that there
 * was; any other one refuses, which is what is asked for. Each address has DSB_DIAL_PROBE_S, so that
 * "nobody is there" comes before "no answer". Where a dial of it is under way already, that one tells.
 * NX_OK: SESSION_UP or DIAL_FAILED follows; NX_E_BUSY: all dials are under way; NX_E_CLOSED: shutting
 * down. */
NX_MUST_CHECK enum nx_status dsb_connections_probe(struct dsb_connections *c, struct nx_instant now,
                                                   const char *id_text);

/* ---- v1 ------------------------------------------------------------------------------------ */

/* Dial a v1 node. NX_OK: V1_UP or DIAL_FAILED follows; NX_E_BUSY: that id is being dialled, or all
 * dials are under way; NX_E_CRYPTO: no such static key; else what dsb_node_judge_v1 or nx_net_connect
 * answers. */
NX_MUST_CHECK enum nx_status dsb_connections_dial_v1(struct dsb_connections *c,
                                                     struct nx_instant now,
                                                     const struct nx_address *address,
                                                     const uint8_t id[DSB_ID_LEN],
                                                     const uint8_t noise_static[NX_X25519_LEN],
                                                     struct nx_net_fault *fault);

/* The frame that waits, lent until `v1_drop`; nothing more is received before that.
 * NX_OK; NX_WOULD_BLOCK: none yet; NX_E_CLOSED: no v1 session with this device. */
NX_MUST_CHECK enum nx_status dsb_connections_v1_peek(struct dsb_connections *c, const char *id_text,
                                                     struct dsb_v1_frame *frame);
void dsb_connections_v1_drop(struct dsb_connections *c, const char *id_text);

/* Send one frame, whole.
 * NX_OK; NX_WOULD_BLOCK: V1_WRITABLE will come; NX_E_LIMIT: too long; NX_E_CLOSED: no v1 session. */
NX_MUST_CHECK enum nx_status dsb_connections_v1_send(struct dsb_connections *c, const char *id_text,
                                                     const struct dsb_v1_frame *frame);

/* End it. Nothing when there is none. */
void dsb_connections_v1_end(struct dsb_connections *c, struct nx_instant now, const char *id_text);

#endif
