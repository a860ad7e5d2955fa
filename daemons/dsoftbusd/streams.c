/* Streams between a program and a peer. */
#include "core/base/hex.h"
#include "core/base/memory.h"
#include "core/base/text.h"
#include "core/bus/byte_stream.h"
#include "core/bus/msg_stream.h"
#include "core/bus/stream_name.h"
#include "daemons/dsoftbusd/internal.h"

enum {
    SEGMENTS_MAX = 4,
    PIECES_PER_TURN = 16, /* of one stream, each way, so that the others have theirs */
    USUAL_PRIORITY = 255, /* Open.priority */
};

static const struct nx_bytes no_bytes = {NULL, 0};

/* Whose a frame of this channel is: of several programs the one that has had it open longest, so that one
 * which only sends takes nothing away. NULL: nobody's. */
static const struct dsoftbusd_stream *owner_of(const struct dsoftbusd *d, const char *id_text,
                                               uint32_t chan)
{
    const struct dsoftbusd_stream *first = NULL;

    for (uint32_t i = 0; i < NX_IPC_CLIENTS_MAX; i++) {
        const struct dsoftbusd_stream *s = &d->clients[i].stream;

        if (d->clients[i].is_used && s->is_open && s->is_v1 && !s->has_ended && s->chan == chan &&
            nx_bytes_equal(nx_bytes_of_text(s->id_text), nx_bytes_of_text(id_text)) &&
            (first == NULL || s->number < first->number))
            first = s;
    }
    return first;
}

/* ---- opening --------------------------------------------------------------------------------- */

static struct nx_bytes name_of(const struct dsoftbusd_call *call,
                               char name[DSB_STREAM_NAME_MAX + 1])
{
    struct nx_text t = nx_text_over(name, DSB_STREAM_NAME_MAX + 1);

    nx_text_add(&t, call->kind == DSOFTBUSD_STREAM_KIND_MSG ? DSB_MSG_PREFIX : DSB_BYTE_PREFIX);
    nx_text_add(&t, call->channel);
    return nx_bytes_of_text(name);
}

static bool read_number(const char *text, uint32_t *number)
{
    uint64_t value = 0;

    for (; *text >= '0' && *text <= '9' && value <= UINT32_MAX; text++)
        value = value * 10 + (uint64_t)(*text - '0');
    *number = (uint32_t)value;
    return *text == '\0' && value <= UINT32_MAX;
}

static void open_frames(struct dsoftbusd *d, struct dsoftbusd_call *call)
{
    const struct dsb_connection *conn = dsb_connections_find(d->config.connections, call->id_text);
    uint32_t chan;

    if (conn == NULL || !conn->is_v1_up)
        dsoftbusd_done(call, NX_E_UNSUPPORTED, "only v1 nodes have channels of frames");
    else if (!read_number(call->channel, &chan))
        dsoftbusd_done(call, NX_E_INVALID, "a channel of frames is a number");
    else
        dsoftbusd_stream_hand_over(d, call);
}

static uint8_t priority_of(const struct dsoftbusd_call *call)
{
    if (call->priority != USUAL_PRIORITY)
        return call->priority;
    return call->kind == DSOFTBUSD_STREAM_KIND_MSG ? DSB_MSG_PRIORITY : DSB_BYTE_PRIORITY;
}

static void fail_open(struct dsoftbusd_call *call, const struct dsb_mux *mux, enum nx_status status)
{
    struct nx_why why = {{0}};

    nx_why_set(&why, nx_status_text(status));
    if (status == NX_E_EXISTS)
        nx_why_set(&why, "a stream to that channel is open already");
    if (status == NX_E_INVALID)
        nx_why_set(&why, "a priority is 0, the highest, to 7");
    if (status == NX_E_LIMIT)
        dsb_mux_why(mux, &why);
    dsoftbusd_done(call, status, why.text);
}

void dsoftbusd_stream_open(struct dsoftbusd *d, struct nx_instant now, struct dsoftbusd_call *call)
{
    char name[DSB_STREAM_NAME_MAX + 1];
    struct dsb_mux *mux = dsb_node_session(d->config.node, call->id_text);

    (void)now;
    if (call->kind == DSOFTBUSD_STREAM_KIND_FRAME) {
        open_frames(d, call);
        return;
    }
    if (mux == NULL) {
        dsoftbusd_done(call, NX_E_UNSUPPORTED, "a v1 node has no streams, but channels of frames");
        return;
    }
    enum nx_status status = dsb_mux_open(mux, name_of(call, name), priority_of(call),
                                         call->kind == DSOFTBUSD_STREAM_KIND_MSG, &call->stream);
    if (status == NX_OK)
        call->mux = mux;
    else
        fail_open(call, mux, status);
}

void dsoftbusd_stream_hand_over(struct dsoftbusd *d, struct dsoftbusd_call *call)
{
    struct dsoftbusd_client *client = dsoftbusd_client_of(d, call);
    struct dsoftbusd_stream *s = &client->stream;

    NX_CHECK(!s->is_open); /* who asked for a stream has asked for nothing else */
    memset(s, 0, offsetof(struct dsoftbusd_stream, piece));
    s->is_open = true;
    s->number = ++d->streams_begun;
    dsoftbusd_rise(&d->waters.streams, dsoftbusd_stream_count(d));
    s->call_id = call->head.call_id;
    s->is_v1 = call->kind == DSOFTBUSD_STREAM_KIND_FRAME;
    s->is_messages = call->kind != DSOFTBUSD_STREAM_KIND_BYTE;
    if (s->is_v1)
        (void)read_number(call->channel, &s->chan);
    memcpy(s->id_text, call->id_text, sizeof(s->id_text));
    s->mux = call->mux;
    s->stream = call->stream;
    call->mux = NULL;
    dsoftbusd_done(call, NX_OK, NULL);
}

/* ---- from the peer --------------------------------------------------------------------------- */

/* The program that waits for such a stream: one that named this device before one that named none. */
static struct dsoftbusd_call *listener_of(struct dsoftbusd *d, struct nx_bytes name,
                                          const char *id_text)
{
    struct dsoftbusd_call *call = NULL, *found = NULL;
    char own[DSB_STREAM_NAME_MAX + 1];

    while ((call = dsoftbusd_next_call(d, call, DSOFTBUSD_CALL_WAITS)) != NULL) {
        bool names_it = nx_bytes_equal(nx_bytes_of_text(call->id_text), nx_bytes_of_text(id_text));

        if (call->head.operation != DSOFTBUSD_OPERATION_LISTEN ||
            !nx_bytes_equal(name, name_of(call, own)) || call->news_due ||
            dsoftbusd_client_of(d, call)->stream.is_open)
            continue;
        if (names_it || (call->id_text[0] == '\0' && found == NULL))
            found = call;
        if (names_it)
            break;
    }
    return found;
}

static void on_opened(struct dsoftbusd *d, struct nx_instant now,
                      const struct dsb_node_event *event)
{
    struct dsb_mux *mux = event->session;
    struct dsoftbusd_call *call;
    struct nx_bytes service;

    if (dsb_stream_name_split(event->mux.name, DSB_RPC_PREFIX, &service)) {
        dsoftbusd_served_open(d, now, event, service);
        return;
    }
    call = listener_of(d, event->mux.name, event->id_text);

    if (call == NULL) {
        (void)!dsb_mux_abort(mux, event->mux.stream, DSB_RST_REFUSED,
                             "nobody listens on that channel");
        dsb_mux_release(mux, event->mux.stream);
        return;
    }
    if (dsb_node_accept(d->config.node, now, mux, event->mux.stream) != NX_OK)
        return; /* it ended meanwhile: the next one */
    call->mux = mux;
    call->stream = event->mux.stream;
    memcpy(call->id_text, event->id_text, sizeof(call->id_text));
    dsoftbusd_stream_hand_over(d, call);
}

static bool is_stream(const struct dsb_node_event *event, const struct dsb_mux *mux,
                      struct dsb_stream_handle stream)
{
    return mux == event->session && stream.slot == event->mux.stream.slot &&
           stream.serial == event->mux.stream.serial;
}

/* A call that waits to be accepted. */
static bool on_waiting(struct dsoftbusd *d, const struct dsb_node_event *event)
{
    struct dsoftbusd_call *call = NULL;

    while ((call = dsoftbusd_next_call(d, call, DSOFTBUSD_CALL_WAITS)) != NULL) {
        if (call->head.operation != DSOFTBUSD_OPERATION_OPEN ||
            !is_stream(event, call->mux, call->stream))
            continue;
        if (event->mux.kind == DSB_MUX_ACCEPTED) {
            dsoftbusd_stream_hand_over(d, call);
        } else if (event->mux.kind == DSB_MUX_ENDED) {
            dsb_mux_release(call->mux, call->stream);
            call->mux = NULL;
            dsoftbusd_done(call, event->mux.status, event->mux.why.text);
        }
        return true;
    }
    return false;
}

void dsoftbusd_on_stream(struct dsoftbusd *d, struct nx_instant now,
                         const struct dsb_node_event *event)
{
    if (event->mux.kind == DSB_MUX_OPENED) {
        on_opened(d, now, event);
        return;
    }
    if (dsoftbusd_on_remote(d, now, event) || dsoftbusd_on_served(d, event) ||
        on_waiting(d, event) || event->mux.kind != DSB_MUX_ENDED)
        return; /* READABLE, WRITABLE: the stream looks by itself */
    for (uint32_t i = 0; i < NX_IPC_CLIENTS_MAX; i++) {
        struct dsoftbusd_stream *s = &d->clients[i].stream;

        if (!d->clients[i].is_used || !s->is_open || s->mux == NULL ||
            !is_stream(event, s->mux, s->stream))
            continue;
        dsb_mux_release(s->mux, s->stream);
        s->mux = NULL;
        s->has_ended = true;
        s->end = event->mux;
        return;
    }
    dsb_mux_release(event->session, event->mux.stream);
}

void dsoftbusd_drop_unserved(struct dsoftbusd *d)
{
    const struct dsb_connections *c = d->config.connections;

    for (uint32_t i = 0; i < c->used_end; i++) {
        const struct dsb_connection *conn = &c->config.places[i];
        char id_text[DSB_ID_TEXT_MAX + 1];

        if (!conn->is_v1_up || !conn->has_v1_frame)
            continue;
        nx_hex_encode(nx_bytes_of(conn->session.peer.id, DSB_ID_LEN), id_text);
        if (owner_of(d, id_text, conn->v1_frame.chan) != NULL)
            continue;
        d->v1_frames_dropped++;
        dsb_connections_v1_drop(d->config.connections, id_text);
    }
}

/* A channel of frames ends here alone: a v1 node knows no end of one, and confirms nothing. */
static void end_frames(struct dsoftbusd_stream *s, enum nx_status status, const char *why)
{
    s->has_ended = true;
    s->end.status = status;
    nx_why_set(&s->end.why, why);
}

void dsoftbusd_on_v1_ended(struct dsoftbusd *d, const struct dsb_connections_event *event)
{
    for (uint32_t i = 0; i < NX_IPC_CLIENTS_MAX; i++) {
        struct dsoftbusd_stream *s = &d->clients[i].stream;

        if (d->clients[i].is_used && s->is_open && s->is_v1 && !s->has_ended &&
            nx_bytes_equal(nx_bytes_of_text(s->id_text), nx_bytes_of_text(event->id_text)))
            end_frames(s, event->status, event->why.text);
    }
}

/* ---- from the program ------------------------------------------------------------------------ */

bool dsoftbusd_stream_has_room(const struct dsoftbusd_stream *stream)
{
    return !stream->is_open || (!stream->has_piece && !stream->finish_due);
}

static bool take_abort(struct dsoftbusd_stream *s, struct nx_bytes body)
{
    struct nx_capn_segment table[SEGMENTS_MAX];
    struct nx_capn_message m;
    char why[NX_WHY_MAX + 1];

    if (nx_capn_message_open(&m, &nx_capn_limits_default, body, table, SEGMENTS_MAX) != NX_OK)
        return false;
    struct dsoftbusd_abort_reader abort = dsoftbusd_abort_root(&m);
    uint16_t code = dsoftbusd_abort_get_code(abort);
    struct nx_bytes text = dsoftbusd_abort_get_why(abort);
    if (m.status != NX_OK || (code != DSB_RST_CANCELLED && code < 256) || text.len > NX_WHY_MAX)
        return false;
    nx_text_for_show(text, why, sizeof(why));
    if (s->is_v1 && !s->has_ended) {
        end_frames(s, NX_E_ABORTED, why);
        s->end.code = code;
    }
    if (s->mux != NULL)
        (void)!dsb_mux_abort(s->mux, s->stream, code, why); /* it may be over: then it is */
    return true;
}

/* False: nothing comes behind a finish, bytes are no messages, and a frame is one piece. */
static bool take_data(struct dsoftbusd_stream *s, const struct nx_ipc_message *message)
{
    bool ends = message->head.ends_message;
    bool says_nothing = message->body.len == 0 && !ends;

    if (s->has_finished || (ends && !s->is_messages) || (!ends && !says_nothing && s->is_v1))
        return false;
    if (says_nothing)
        return true;
    if (message->body.len > 0)
        memcpy(s->piece, message->body.ptr, message->body.len);
    s->piece_len = message->body.len;
    s->piece_at = 0;
    s->piece_ends_message = ends;
    s->in_message = s->is_messages && !ends;
    s->has_piece = true;
    return true;
}

/* False: what came before it is not whole, or it is the second one. */
static bool take_finish(struct dsoftbusd_stream *s)
{
    if (s->has_finished || s->in_message)
        return false;
    s->has_finished = s->finish_due = true;
    return true;
}

static bool take_message(struct dsoftbusd_stream *s, const struct nx_ipc_message *message)
{
    switch (message->head.operation) {
    case DSOFTBUSD_OPERATION_DATA:
        return take_data(s, message);
    case DSOFTBUSD_OPERATION_FINISH:
        return message->body.len == 0 && take_finish(s);
    case DSOFTBUSD_OPERATION_ABORT:
        return take_abort(s, message->body);
    default:
        return false;
    }
}

static void push_frame(struct dsoftbusd *d, struct dsoftbusd_stream *s)
{
    const struct dsb_v1_frame frame = {s->chan, nx_bytes_of(s->piece, s->piece_len)};
    enum nx_status status = dsb_connections_v1_send(d->config.connections, s->id_text, &frame);

    /* One that the end of the session leaves here is not taken for sent: that end is told soon. */
    s->has_piece = status == NX_WOULD_BLOCK || status == NX_E_CLOSED;
    if (status == NX_OK) {
        s->end.unconfirmed.messages++;
        s->end.unconfirmed.bytes += s->piece_len;
    }
    if (status == NX_E_LIMIT) {
        end_frames(s, status, "");
        nx_why_limit(&s->end.why, "bytes of a frame", DSB_V1_FRAME_BYTES_MAX, s->piece_len);
    }
}

/* Until the queue says that it is full: only then will it tell when it is not. */
static void push_piece(struct dsoftbusd *d, struct nx_instant now, struct dsoftbusd_stream *s)
{
    enum dsb_push how = s->piece_ends_message ? DSB_PUSH_LAST : DSB_PUSH_PART;
    enum nx_status status;

    do {
        struct nx_bytes rest = nx_bytes_of(s->piece + s->piece_at, s->piece_len - s->piece_at);
        size_t taken;

        status = dsb_mux_push(s->mux, now, s->stream, rest, how, &taken);
        s->piece_at += taken;
        d->has_more = d->has_more || taken > 0;
    } while (status == NX_OK && s->piece_at < s->piece_len);
    s->has_piece = status == NX_WOULD_BLOCK; /* else taken, or the stream is over, which is told */
}

static void finish(struct dsoftbusd *d, struct dsoftbusd_stream *s)
{
    s->finish_due = false;
    if (s->mux != NULL)
        (void)!dsb_mux_finish(s->mux, s->stream);
    else if (s->is_v1) { /* the session has taken all of it, and that is all there is to wait for */
        s->end.unconfirmed = (struct dsb_amount){0};
        end_frames(s, NX_END, "");
    }
    d->has_more = true;
}

static void push(struct dsoftbusd *d, struct nx_instant now, struct dsoftbusd_stream *s)
{
    if (s->has_ended) /* what crosses the last word */
        s->has_piece = s->finish_due = false;
    if (s->is_v1 && s->has_piece)
        push_frame(d, s);
    if (s->mux != NULL && s->has_piece)
        push_piece(d, now, s);
    if (!s->has_piece && s->finish_due)
        finish(d, s);
}

bool dsoftbusd_stream_input(struct dsoftbusd *d, struct nx_instant now,
                            struct dsoftbusd_client *client, const struct nx_ipc_message *message)
{
    struct dsoftbusd_stream *s = &client->stream;

    if (!s->is_open || message->head.call_id != s->call_id ||
        dsoftbusd_find_call(client, s->call_id) != NULL) /* the reply has not left */
        return false;
    if (!take_message(s, message))
        return false;
    push(d, now, s);
    return true;
}

/* ---- to the program -------------------------------------------------------------------------- */

static bool say(struct dsoftbusd *d, struct dsoftbusd_client *client, uint16_t operation,
                bool ends_message, struct nx_bytes body)
{
    const struct nx_ipc_head head = {.kind = NX_IPC_STREAM,
                                     .operation = operation,
                                     .call_id = client->stream.call_id,
                                     .ends_message = ends_message};

    return dsoftbusd_send(d, client, &head, body);
}

/* One piece, or the peer's end. False: nothing more just now. */
static bool deliver(struct dsoftbusd *d, struct dsoftbusd_client *client)
{
    struct dsoftbusd_stream *s = &client->stream;
    struct nx_bytes bytes;
    bool ends_message;
    enum nx_status status = dsb_mux_peek(s->mux, s->stream, &bytes, &ends_message);

    if (status == NX_END && !s->peer_finished) {
        s->peer_finished = say(d, client, DSOFTBUSD_OPERATION_FINISH, false, no_bytes);
        return false;
    }
    if (status != NX_OK)
        return false;
    if (bytes.len > NX_IPC_BODY_MAX) {
        bytes.len = NX_IPC_BODY_MAX;
        ends_message = false;
    }
    if (!say(d, client, DSOFTBUSD_OPERATION_DATA, ends_message && s->is_messages, bytes))
        return false;
    dsb_mux_drop(s->mux, s->stream, (uint32_t)bytes.len);
    d->has_more = true; /* the credit goes back */
    return true;
}

/* The frame that waits, if it is of this channel. Those that nobody serves are dropped, as a v1 node
 * drops them. */
static bool deliver_frame(struct dsoftbusd *d, struct dsoftbusd_client *client)
{
    struct dsoftbusd_stream *s = &client->stream;
    struct dsb_v1_frame frame;

    if (dsb_connections_v1_peek(d->config.connections, s->id_text, &frame) != NX_OK ||
        owner_of(d, s->id_text, frame.chan) != s ||
        !say(d, client, DSOFTBUSD_OPERATION_DATA, true, frame.bytes))
        return false;
    dsb_connections_v1_drop(d->config.connections, s->id_text);
    return true;
}

static struct nx_bytes ended_body(struct dsoftbusd *d, const struct dsb_mux_event *end)
{
    struct nx_capn_builder b;
    struct nx_bytes body = no_bytes;

    nx_capn_builder_init_frame(&b, d->body, sizeof(d->body));
    struct dsoftbusd_ended_builder e = dsoftbusd_ended_new_root(&b);
    dsoftbusd_ended_set_status(e, end->status);
    dsoftbusd_ended_set_by_peer(e, end->by_peer);
    dsoftbusd_ended_set_code(e, end->code);
    dsoftbusd_ended_set_why(e, nx_bytes_of_text(end->why.text));
    dsoftbusd_ended_set_unconfirmed_messages(e, end->unconfirmed.messages);
    dsoftbusd_ended_set_unconfirmed_bytes(e, end->unconfirmed.bytes);
    NX_CHECK(nx_capn_builder_finish(&b, &body) == NX_OK);
    return body;
}

static void tell_end(struct dsoftbusd *d, struct dsoftbusd_client *client)
{
    struct dsoftbusd_stream *s = &client->stream;

    if (s->end.status == NX_END && !s->peer_finished) {
        s->peer_finished = say(d, client, DSOFTBUSD_OPERATION_FINISH, false, no_bytes);
        if (!s->peer_finished)
            return;
    }
    s->end_told = say(d, client, DSOFTBUSD_OPERATION_ENDED, false, ended_body(d, &s->end));
}

void dsoftbusd_stream_work(struct dsoftbusd *d, struct nx_instant now,
                           struct dsoftbusd_client *client)
{
    struct dsoftbusd_stream *s = &client->stream;
    int pieces = 0;

    push(d, now, s);
    while (pieces < PIECES_PER_TURN && s->is_v1 && !s->has_ended && deliver_frame(d, client))
        pieces++;
    while (pieces < PIECES_PER_TURN && s->mux != NULL && deliver(d, client))
        pieces++;
    if (pieces == PIECES_PER_TURN)
        d->has_more = true;
    if (s->has_ended && !s->end_told)
        tell_end(d, client);
}

void dsoftbusd_stream_drop(struct dsoftbusd *d, struct nx_instant now, struct dsoftbusd_stream *s)
{
    (void)d;
    (void)now;
    if (s->is_open && s->mux != NULL)
        dsb_mux_release(s->mux, s->stream);
    memset(s, 0, offsetof(struct dsoftbusd_stream, piece));
}
