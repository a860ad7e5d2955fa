/* What the files of the engine share. */
#ifndef NX_DAEMONS_DSOFTBUSD_INTERNAL_H
#define NX_DAEMONS_DSOFTBUSD_INTERNAL_H

#include "daemons/dsoftbusd/engine.h"
#include "schemas/dsoftbusd.capnp.h"

/* ---- clients.c: connections of programs, their calls and replies ------------------------------ */

void dsoftbusd_accept_clients(struct dsoftbusd *d, struct nx_instant now);
void dsoftbusd_client_event(struct dsoftbusd *d, struct nx_instant now,
                            const struct nx_ipc_event *event);

/* Receive from it, serve it, and send what it can take. */
void dsoftbusd_client_work(struct dsoftbusd *d, struct nx_instant now,
                           struct dsoftbusd_client *client);
void dsoftbusd_client_close(struct dsoftbusd *d, struct nx_instant now,
                            struct dsoftbusd_client *client);

/* Send one message. False: not now, or the client is gone; try again in a later turn. */
bool dsoftbusd_send(struct dsoftbusd *d, struct dsoftbusd_client *client,
                    const struct nx_ipc_head *head, struct nx_bytes body);

/* The call is answered: its reply leaves when the client takes it. `why` may be NULL. */
void dsoftbusd_done(struct dsoftbusd_call *call, enum nx_status status, const char *why);

/* Each call under way for which `state` is its state, one after the other; NULL starts. */
struct dsoftbusd_call *dsoftbusd_next_call(struct dsoftbusd *d, const struct dsoftbusd_call *call,
                                           enum dsoftbusd_call_state state);
struct dsoftbusd_client *dsoftbusd_client_of(struct dsoftbusd *d,
                                             const struct dsoftbusd_call *call);

/* The client's call of this id whose reply has not left; NULL: there is none. */
struct dsoftbusd_call *dsoftbusd_find_call(struct dsoftbusd_client *client, uint32_t call_id);

/* ---- devices.c: which device is meant ---------------------------------------------------------- */

#define DSOFTBUSD_CANDIDATES_MAX 16 /* named in a failure */

enum dsoftbusd_among {
    DSOFTBUSD_AMONG_PAIRED,  /* and v1 nodes that have a session */
    DSOFTBUSD_AMONG_PRESENT, /* those that announce themselves, ourselves apart, as well */
};

struct dsoftbusd_device {
    char id_text[DSB_ID_TEXT_MAX + 1];
    char name[DSB_DISPLAY_NAME_MAX + 1];
    bool is_heard;         /* its beacon came less than DSOFTBUSD_QUIET_S ago */
    uint64_t last_seen_ms; /* UINT64_MAX: no beacon of it is known */
};

/* The devices that `asked` fits, as a name or as the beginning of an id, each once: at most `cap` into
 * `out`. Answers how many. */
size_t dsoftbusd_find_devices(struct dsoftbusd *d, struct nx_instant now, struct nx_bytes asked,
                              enum dsoftbusd_among among, struct dsoftbusd_device *out, size_t cap);

/* The one device that `asked` fits, into the call. False: the call is done, and says why. */
bool dsoftbusd_resolve(struct dsoftbusd *d, struct nx_instant now, struct dsoftbusd_call *call,
                       struct nx_bytes asked, enum dsoftbusd_among among);

/* The name of a device as it is shown, or empty. Lent until the next call. */
const char *dsoftbusd_name_of(const struct dsoftbusd *d, const char *id_text);

/* ---- calls.c: what can be asked ----------------------------------------------------------------- */

/* A call came. */
void dsoftbusd_serve(struct dsoftbusd *d, struct nx_instant now, struct dsoftbusd_call *call,
                     struct nx_bytes body);

/* It is no longer wanted: undo what only it wanted. Not of one that is done. */
void dsoftbusd_give_up(struct dsoftbusd *d, struct nx_instant now, struct dsoftbusd_call *call);

/* Is it of that operation, and about that device? */
bool dsoftbusd_is_about(const struct dsoftbusd_call *call, uint16_t operation, const char *id_text);

/* There is a session now: asks through it. One that is under way already tells for all who wait. */
void dsoftbusd_start_ping(struct dsoftbusd *d, struct nx_instant now, struct dsoftbusd_call *call);

/* ---- news.c: what calls wait for ---------------------------------------------------------------- */

/* News, before and after the calls that wait for it. */
void dsoftbusd_on_node(struct dsoftbusd *d, struct nx_instant now,
                       const struct dsb_node_event *event);
void dsoftbusd_on_connections(struct dsoftbusd *d, struct nx_instant now,
                              const struct dsb_connections_event *event);

/* ---- doctor.c: why a device is not found, or not connected -------------------------------------- */

/* `call` asks for an examination. */
void dsoftbusd_serve_doctor(struct dsoftbusd *d, struct nx_instant now, struct dsoftbusd_call *call,
                            struct nx_bytes asked);

/* What is due of the one that is under way; and when that is. */
void dsoftbusd_doctor_work(struct dsoftbusd *d, struct nx_instant now);
struct nx_instant dsoftbusd_doctor_deadline(const struct dsoftbusd *d);

/* News that it may be waiting for. */
void dsoftbusd_doctor_on_node(struct dsoftbusd *d, struct nx_instant now,
                              const struct dsb_node_event *event);
void dsoftbusd_doctor_on_connections(struct dsoftbusd *d, struct nx_instant now,
                                     const struct dsb_connections_event *event);

/* The call is no longer wanted. */
void dsoftbusd_doctor_give_up(struct dsoftbusd *d, const struct dsoftbusd_call *call);

/* ---- answers.c: what is answered, as bytes ------------------------------------------------------ */

/* The body of the reply, or of the next piece of news, in d->body. */
struct nx_bytes dsoftbusd_reply_body(struct dsoftbusd *d, struct nx_instant now,
                                     const struct dsoftbusd_call *call);

/* Send the news that a call has; false: not all of it could be sent. */
bool dsoftbusd_send_news(struct dsoftbusd *d, struct nx_instant now,
                         struct dsoftbusd_client *client, struct dsoftbusd_call *call);

/* ---- remote.c: calls of programs here to services of peers --------------------------------------- */

/* Keep what is asked until it has left. False: the call is done, and says why. */
bool dsoftbusd_remote_take(struct dsoftbusd *d, struct dsoftbusd_call *call, uint32_t reply_max,
                           struct nx_bytes body);

/* There is a session with the peer: ask. */
void dsoftbusd_remote_start(struct dsoftbusd *d, struct nx_instant now,
                            struct dsoftbusd_call *call);
void dsoftbusd_remote_give_up(struct dsoftbusd *d, struct nx_instant now,
                              struct dsoftbusd_call *call);

/* The memory of a call's body. */
uint8_t *dsoftbusd_body_of(struct dsoftbusd *d, const struct dsoftbusd_call *call);

/* Send what waits, take what was answered. */
void dsoftbusd_remote_work(struct dsoftbusd *d, struct nx_instant now);
struct nx_instant dsoftbusd_remote_deadline(const struct dsoftbusd *d);

/* News of a stream. False: it is none of these. */
bool dsoftbusd_on_remote(struct dsoftbusd *d, struct nx_instant now,
                         const struct dsb_node_event *event);

/* ---- served.c: calls of peers to services here ---------------------------------------------------- */

/* A peer opened `rpc/<service>`. */
void dsoftbusd_served_open(struct dsoftbusd *d, struct nx_instant now,
                           const struct dsb_node_event *event, struct nx_bytes service);

/* Answer what came. */
void dsoftbusd_served_work(struct dsoftbusd *d, struct nx_instant now);
struct nx_instant dsoftbusd_served_deadline(const struct dsoftbusd *d);
bool dsoftbusd_on_served(struct dsoftbusd *d, const struct dsb_node_event *event);

/* ---- happened.c: what is told to those who watch ----------------------------------------------- */

/* For whoever watches; `id_text` and `why` may be empty or NULL. */
void dsoftbusd_happened(struct dsoftbusd *d, enum dsoftbusd_happening_what what,
                        const char *id_text, enum nx_status status, const char *why);
void dsoftbusd_happened_in_node(struct dsoftbusd *d, const struct dsb_node_event *event);
void dsoftbusd_happened_in_connections(struct dsoftbusd *d,
                                       const struct dsb_connections_event *event, const char *why);

/* Tell a call what it has not heard yet; false: not all of it could be sent. */
bool dsoftbusd_tell_happened(struct dsoftbusd *d, struct dsoftbusd_client *client,
                             struct dsoftbusd_call *call);

/* ---- limits.c ----------------------------------------------------------------------------------- */

/* A count that may be the highest so far. */
static inline void dsoftbusd_rise(uint32_t *water, uint32_t count)
{
    *water = count > *water ? count : *water;
}

/* How many there are just now. */
uint32_t dsoftbusd_client_count(const struct dsoftbusd *d);
uint32_t dsoftbusd_stream_count(const struct dsoftbusd *d);
uint32_t dsoftbusd_session_count(const struct dsoftbusd *d);

/* The body of the reply to `limits`, in d->body. */
struct nx_bytes dsoftbusd_limits_body(struct dsoftbusd *d, struct nx_instant now);

/* ---- streams.c ---------------------------------------------------------------------------------- */

/* `call` asks for a stream of that session, or of that v1 node. */
void dsoftbusd_stream_open(struct dsoftbusd *d, struct nx_instant now, struct dsoftbusd_call *call);

/* The connection carries this stream from now on, and the call is done. */
void dsoftbusd_stream_hand_over(struct dsoftbusd *d, struct dsoftbusd_call *call);

/* A message of the client's about its stream. False: it broke the protocol. */
bool dsoftbusd_stream_input(struct dsoftbusd *d, struct nx_instant now,
                            struct dsoftbusd_client *client, const struct nx_ipc_message *message);

/* Push what waits, and deliver what there is. */
void dsoftbusd_stream_work(struct dsoftbusd *d, struct nx_instant now,
                           struct dsoftbusd_client *client);

/* May more be received from the client? */
bool dsoftbusd_stream_has_room(const struct dsoftbusd_stream *stream);

/* News of a stream of a session. */
void dsoftbusd_on_stream(struct dsoftbusd *d, struct nx_instant now,
                         const struct dsb_node_event *event);

/* The client is gone, or gives up. */
void dsoftbusd_stream_drop(struct dsoftbusd *d, struct nx_instant now,
                           struct dsoftbusd_stream *stream);

/* Frames on channels that no program here has open are dropped and counted, as a v1 node does. */
void dsoftbusd_drop_unserved(struct dsoftbusd *d);

void dsoftbusd_on_v1_ended(struct dsoftbusd *d, const struct dsb_connections_event *event);

#endif
