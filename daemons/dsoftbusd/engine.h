/* Engine of dsoftbusd: what programs of this machine ask, done by the node (docs/contracts/ipc.md).
 *
 *     clients (nx_ipc) ---- calls ----> +--------+ ---- verbs -----> node, connections
 *                      <--- replies --- | engine | <--- news -------
 *                      <--> streams <-> +--------+ <--> streams of the sessions' muxes
 *
 * Freestanding, as core is: it names no socket and no file. Its driver hands in time and the events of
 * network and clients, stores what the node wants stored, and waits until `deadline`:
 *
 *     dsoftbusd_input      each event of the network that nobody else takes
 *     dsoftbusd_work       one turn of everything
 *
 * A client costs what is in its place and nothing else: a few calls, and either a stream or none. What
 * it cannot take waits where it came from: a reply in its call, news in what they tell of, bytes in the
 * stream, whose credit is then not returned. */
#ifndef NX_DAEMONS_DSOFTBUSD_ENGINE_H
#define NX_DAEMONS_DSOFTBUSD_ENGINE_H

#include "core/ipc/ipc.h"
#include "core/node/beacons.h"
#include "core/node/connections.h"
#include "core/node/diagnosis.h"
#include "core/rpc/answerer.h"
#include "core/rpc/caller.h"

#define DSOFTBUSD_CALLS_MAX 8 /* of one client, under way at once */

/* One more, for the refusal of a call that is too many: a cancel has to be heard all the same. */
#define DSOFTBUSD_CALL_SLOTS (DSOFTBUSD_CALLS_MAX + 1)
#define DSOFTBUSD_NEWS_MAX \
    16 /* changes that a watcher may leave untaken before it is told "missed" */
#define DSOFTBUSD_CHANNEL_MAX 59 /* bytes: with "byte/" in front it is a stream's name */

#define DSOFTBUSD_REMOTES_MAX      32 /* services of peers that have a stream here at once */
#define DSOFTBUSD_SERVED_MAX       64 /* streams of peers on which services of ours are called at once */
#define DSOFTBUSD_CALL_DEADLINE_MS 30000 /* of a call whose program does not say */

/* Happenings that are kept for those who watch; who leaves more than these untaken has missed some. */
#define DSOFTBUSD_HAPPENED_MAX 64

/* Two beacons and a half: one that is not heard for so long may be gone, and gives way to another of its
 * name. */
#define DSOFTBUSD_QUIET_S 15

/* Everything is kept. */
struct dsoftbusd_config {
    struct dsb_node *node;
    struct dsb_connections *connections;
    struct dsb_beacons *beacons; /* NULL: discovery is off for good */
    struct nx_ipc ipc;
    const char *version;
    const char *name; /* ours, as it is announced; may be empty */
    struct nx_address listen[DSB_LISTENERS_MAX];
    uint32_t listen_count;
};

enum dsoftbusd_call_state {
    DSOFTBUSD_CALL_FREE,
    DSOFTBUSD_CALL_LISTS,   /* news go out one by one */
    DSOFTBUSD_CALL_WATCHES, /* discover: told of changes */
    DSOFTBUSD_CALL_WAITS,   /* for news of the node, or a connection's */
    DSOFTBUSD_CALL_DONE,    /* the reply waits to leave */
};

/* One call. What its reply says is in here until it has left. */
struct dsoftbusd_call {
    enum dsoftbusd_call_state state;
    struct nx_ipc_head head;
    struct nx_instant deadline;
    struct nx_instant began_at;
    char id_text[DSB_ID_TEXT_MAX + 1];   /* the device it is about; empty: any, or none */
    char name[DSB_DISPLAY_NAME_MAX + 1]; /* its name when it was asked about: unpair forgets it */

    bool watches;                    /* discover */
    bool news_due;                   /* offer, accept, listen: the first news has still to leave */
    char after[DSB_ID_TEXT_MAX + 1]; /* lists: who was told last */
    char secret_code[DSB_PAIRING_CODE_LEN + 1]; /* offer: until it has left; wiped then */

    uint8_t kind; /* open, listen: enum dsoftbusd_stream_kind of the schema */
    uint8_t priority;
    char channel[DSB_RPC_SERVICE_MAX + 1]; /* call: the service */
    struct dsb_mux *mux;                   /* open, ping: the session it went to */
    struct dsb_stream_handle stream;

    struct dsb_discovery_event changes[DSOFTBUSD_NEWS_MAX];
    uint32_t change_first, change_count;
    uint64_t happened_next; /* watch: the number of the next one to tell */
    bool has_missed;

    uint16_t method; /* call */
    uint32_t reply_max;
    size_t body_len; /* of the request until it has left, then of the answer; in `bodies` */
    struct dsoftbusd_remote *remote; /* where it went, or waits for room */
    uint64_t rpc_call_id;            /* 0: it waits */

    enum nx_status status;
    struct nx_why why;
    bool by_peer; /* call: that is the peer's own answer */
    bool is_spent;
    bool is_ambiguous; /* the failure lists candidates for `asked` */
    uint8_t among;     /* of these: enum dsoftbusd_among */
    char asked[DSB_ID_TEXT_MAX + 1];
    struct nx_duration round_trip;
};

/* The one stream that a connection carries once a call handed it over. */
struct dsoftbusd_stream {
    bool is_open;
    uint32_t call_id;
    uint64_t number; /* in the order in which they were handed over */
    bool is_v1;
    uint32_t chan; /* v1 */
    char id_text[DSB_ID_TEXT_MAX + 1];
    struct dsb_mux *mux; /* NULL: its session is gone */
    struct dsb_stream_handle stream;
    bool is_messages;

    bool peer_finished; /* told to the client */
    bool has_ended;     /* `end` is to be told, or was */
    bool end_told;
    struct dsb_mux_event end;

    bool in_message;   /* the client has begun one and not ended it */
    bool has_finished; /* the client */

    bool has_piece; /* of the client's, which did not fit yet */
    bool piece_ends_message;
    size_t piece_at, piece_len;
    bool finish_due; /* behind the piece */
    uint8_t piece[NX_IPC_BODY_MAX];
};

struct dsoftbusd_client {
    bool is_used;
    struct nx_handle handle;
    struct nx_ipc_sender sender;
    bool may_receive, may_send;
    bool has_failed; /* sending told so: it is closed next */
    struct dsoftbusd_call calls[DSOFTBUSD_CALL_SLOTS];
    struct dsoftbusd_stream stream;
};

/* A service of a peer that is called, on the one stream that it has in a session. */
struct dsoftbusd_remote {
    bool is_used;
    uint64_t number; /* of the last call: the one that was called longest ago makes room */
    const struct dsb_mux *mux;
    char service[DSB_RPC_SERVICE_MAX + 1];
    struct dsb_rpc_caller caller;
    struct dsb_rpc_call calls[DSB_RPC_CALLS_MAX];
};

/* A stream on which a peer calls `node`. Every call is answered at once; one whose answer finds no room
 * waits, and those behind it in the stream. */
struct dsoftbusd_served {
    bool is_used;
    bool has_waiting;
    struct dsb_rpc_server_event waiting;
    struct dsb_rpc_answerer answerer;
    struct dsb_rpc_served places[DSB_RPC_PLACES(1)];
};

/* How the last session with a device ended, for `peers`. */
struct dsoftbusd_last_end {
    char id_text[DSB_ID_TEXT_MAX + 1];
    struct dsb_mux_event end;
    struct nx_instant at;
    bool is_one_sided;
};

/* This machine, as its driver sees it just now. */
struct dsoftbusd_machine {
    uint32_t chosen_count; /* interfaces for discovery; the first of them that is ... */
    char missing[16];      /* ... not there; empty: none, here and below */
    char down[16];
    char bare[16]; /* up, without an address */
    bool has_loopback;
    struct dsb_evidence_subnet subnets[DSB_EVIDENCE_SUBNETS_MAX];
    uint32_t subnet_count;
};

enum dsoftbusd_doctor_state {
    DSOFTBUSD_DOCTOR_LISTENS,
    DSOFTBUSD_DOCTOR_PINGS,
    DSOFTBUSD_DOCTOR_DIALS,
    DSOFTBUSD_DOCTOR_HAS_TRIED,
    DSOFTBUSD_DOCTOR_WANTS_MACHINE,
};

/* The one examination that is under way, of the call that asked for it. */
struct dsoftbusd_doctor {
    struct dsoftbusd_call *call; /* NULL: none */
    enum dsoftbusd_doctor_state state;
    struct nx_instant state_until;
    struct nx_instant look_at; /* again */
    bool has_dialled;
    struct nx_instant dialled_at;
    struct dsb_mux *pinged;
    struct dsb_evidence evidence; /* what came of ping and dial, until all else is gathered */
    struct dsb_diagnosis diagnosis;
};

/* One thing that happened, for whoever watches. All of them look at one ring. */
struct dsoftbusd_happening {
    uint8_t what; /* enum dsoftbusd_happening_what of the schema */
    char id_text[DSB_ID_TEXT_MAX + 1];
    char name[DSB_DISPLAY_NAME_MAX + 1]; /* at that moment */
    enum nx_status status;
    struct nx_why why;
};

/* The most of each at once so far, for `limits`. */
struct dsoftbusd_waters {
    uint32_t clients, calls, streams, sessions, peers, devices;
};

struct dsoftbusd {
    struct dsoftbusd_config config;
    struct nx_instant started_at;
    bool may_accept;
    struct nx_instant accept_again_at; /* accepting failed, and nothing will be told of it */
    bool has_more;                     /* the last turn left something: another one at once */
    uint32_t taken_back[DSB_PAIRING_ROLE_COUNT]; /* offers, accepts; their failure is nobody's */
    struct dsoftbusd_client clients[NX_IPC_CLIENTS_MAX];
    struct dsoftbusd_last_end ends[DSB_PEERS_MAX]; /* the oldest makes room */
    uint32_t end_count;
    struct dsoftbusd_doctor doctor;
    struct dsoftbusd_happening happened[DSOFTBUSD_HAPPENED_MAX];
    uint64_t happened_count; /* so far; the latest are in the ring */
    struct dsoftbusd_waters waters;
    uint64_t streams_begun;     /* so far */
    uint64_t v1_frames_dropped; /* on channels that no program here serves */
    struct dsoftbusd_remote remotes[DSOFTBUSD_REMOTES_MAX];
    struct dsoftbusd_served served[DSOFTBUSD_SERVED_MAX];
    uint64_t remote_call_count; /* so far: of programs here */
    uint64_t served_call_count; /* of peers, that were answered */

    /* Untouched until they are used, so that what nobody uses costs no memory. */
    uint8_t room[NX_IPC_MESSAGE_MAX + 8];
    uint8_t body[NX_IPC_BODY_MAX];
    uint8_t scratch[DSB_RPC_MESSAGE_MAX];
    uint8_t remote_messages[DSOFTBUSD_REMOTES_MAX][DSB_RPC_MESSAGE_MAX];
    uint8_t served_messages[DSOFTBUSD_SERVED_MAX][DSB_RPC_MESSAGE_MAX];
    uint8_t bodies[NX_IPC_CLIENTS_MAX][DSOFTBUSD_CALL_SLOTS][DSB_RPC_BODY_MAX];
};

/* Nobody is connected. Copies `config`. */
void dsoftbusd_init(struct dsoftbusd *d, struct nx_instant now,
                    const struct dsoftbusd_config *config);

/* News of the network that is neither the connections' nor the beacons' is nobody's. */
void dsoftbusd_input(struct dsoftbusd *d, const struct nx_net_event *event);

/* One turn: time, clients, network, news, replies. What the node wants stored is the driver's to store,
 * before and after. */
void dsoftbusd_work(struct dsoftbusd *d, struct nx_instant now);

/* Is somebody waiting for `set_machine`? */
bool dsoftbusd_wants_machine(const struct dsoftbusd *d);
void dsoftbusd_set_machine(struct dsoftbusd *d, struct nx_instant now,
                           const struct dsoftbusd_machine *machine);

/* When to work again, if nothing comes before. */
struct nx_instant dsoftbusd_deadline(const struct dsoftbusd *d);

/* Begin to end in good order: nothing new is taken, sessions say goodbye. */
void dsoftbusd_shut_down(struct dsoftbusd *d, struct nx_instant now);

/* Everything has ended: the driver may close. */
bool dsoftbusd_is_idle(const struct dsoftbusd *d);

/* Close every client and wipe. */
void dsoftbusd_wipe(struct dsoftbusd *d);

#endif
