/* One connection: bytes between its socket, its session and its link. */
#include "core/base/hex.h"
#include "core/base/memory.h"
#include "core/node/connections_internal.h"
#include "core/node/judge.h"

static bool is_up(const struct dsb_connection *conn)
{
    return conn->link != DSB_CONNECTION_NONE || conn->is_v1_up;
}

static void id_text_of(const struct dsb_connection *conn, char id_text[DSB_ID_TEXT_MAX + 1])
{
    nx_hex_encode(nx_bytes_of(conn->session.peer.id, DSB_ID_LEN), id_text);
}

static void tell(struct dsb_connections *c, const struct dsb_connection *conn,
                 enum dsb_connections_event_kind kind)
{
    struct dsb_connections_event event = {
        .kind = kind,
        .status = conn->session.end.status,
        .refusal = conn->session.end.refusal,
        .why = conn->session.end.why,
        .address = conn->address,
    };

    id_text_of(conn, event.id_text);
    dsb_connections_tell(c, &event);
}

/* ---- coming up ------------------------------------------------------------------------------- */

static struct dsb_pairing_device device_of(const struct dsb_session *s)
{
    struct dsb_pairing_device device = {0};

    memcpy(device.id, s->peer.id, sizeof(device.id));
    memcpy(device.ed25519, s->peer.ed25519, sizeof(device.ed25519));
    memcpy(device.noise_static, s->peer_static, sizeof(device.noise_static));
    return device;
}

/* The responder's owner is asked. */
static void judge(struct dsb_connections *c, struct nx_instant now, struct dsb_connection *conn)
{
    struct dsb_session *s = &conn->session;
    const struct dsb_question question = {
        .device = device_of(s),
        .protocol = s->terms.protocol,
        .purpose = (uint16_t)s->terms.purpose,
        .is_paired = s->terms.peer_says_paired,
    };
    enum dsb_refusal refusal = dsb_node_judge(c->config.node, now, &question);
    bool we_say_paired = dsb_node_says_paired(c->config.node, &question.device);

    if (refusal == DSB_REFUSAL_NONE) {
        dsb_session_admit(s, we_say_paired);
        return;
    }
    dsb_session_refuse(s, refusal, we_say_paired);
    tell(c, conn, DSB_CONNECTIONS_TURNED_AWAY);
}

static enum nx_status link_up(struct dsb_connections *c, struct nx_instant now,
                              struct dsb_connection *conn)
{
    const struct dsb_session *s = &conn->session;
    bool is_for_pairing = s->terms.purpose == DSB_PURPOSE_PAIR;
    struct dsb_link_info info = {
        .purpose = is_for_pairing ? DSB_LINK_TO_PAIR : DSB_LINK_TO_TALK,
        .is_initiator = s->is_initiator,
        .device = device_of(s),
    };

    id_text_of(conn, info.id_text);
    _Static_assert(sizeof(info.channel) == sizeof(s->h), "a pairing is bound to h");
    memcpy(info.channel, s->h, sizeof(info.channel));
    return dsb_node_link_up(c->config.node, now, &info, &conn->link);
}

/* A device that is paired, and where it listens. */
static void note_reached(struct dsb_connections *c, struct nx_instant now,
                         const struct dsb_connection *conn)
{
    char id_text[DSB_ID_TEXT_MAX + 1];

    id_text_of(conn, id_text);
    (void)!dsb_reach_up(&c->reach, now, id_text);
    if (conn->session.is_initiator)
        (void)!dsb_discovery_authenticated(&c->config.node->discovery, now,
                                           nx_bytes_of_text(id_text), conn->address);
}

/* Of two v1 sessions with one device the newer stays: the older may be dead, and nobody would know. */
static void replace_v1(struct dsb_connections *c, struct nx_instant now,
                       const struct dsb_connection *fresh)
{
    for (uint32_t i = 0; i < c->used_end; i++) {
        struct dsb_connection *conn = &c->config.places[i];

        if (conn != fresh && conn->state == DSB_CONNECTION_OPEN && conn->is_v1_up &&
            memcmp(conn->session.peer.id, fresh->session.peer.id, DSB_ID_LEN) == 0)
            dsb_connection_leave(c, now, conn);
    }
}

static void come_up_v1(struct dsb_connections *c, struct nx_instant now,
                       struct dsb_connection *conn)
{
    dsb_connection_try_won(c, now, conn);
    replace_v1(c, now, conn);
    conn->is_v1_up = true;
    dsb_node_v1_is_up(c->config.node, now, conn->session.peer.id, conn->session.peer_static);
    tell(c, conn, DSB_CONNECTIONS_V1_UP);
}

static void come_up(struct dsb_connections *c, struct nx_instant now, struct dsb_connection *conn)
{
    bool is_for_pairing = conn->session.terms.purpose == DSB_PURPOSE_PAIR;

    conn->up_at = now;
    c->has_more = true; /* of two sessions with one device the other one has its goodbye to say */
    dsb_connection_leave_gate(c, now, conn, is_for_pairing ? DSB_GATE_LEFT : DSB_GATE_COMPLETED);
    if (conn->session.terms.protocol == DSB_PROTOCOL_V1) {
        come_up_v1(c, now, conn);
        return;
    }

    enum nx_status status = link_up(c, now, conn);
    if (status != NX_OK) { /* what was so a moment ago is not so any more: unpaired, full */
        dsb_connection_try_lost(c, now, conn, status, DSB_REFUSAL_NONE, nx_status_text(status));
        dsb_connection_leave(c, now, conn);
        return;
    }
    dsb_connection_try_won(c, now, conn);
    if (!is_for_pairing) {
        note_reached(c, now, conn);
    } else if (conn->session.is_initiator) {
        memcpy(c->pair_id, conn->session.peer.id, sizeof(c->pair_id));
        c->pair_address = conn->address;
    }
}

/* ---- what the session has become ------------------------------------------------------------- */

static void end_handshake(struct dsb_connections *c, struct nx_instant now,
                          struct dsb_connection *conn)
{
    const struct dsb_session_end *end = &conn->session.end;
    bool was_polite = end->by_peer || end->refusal != DSB_REFUSAL_NONE;

    if (conn->session.has_attested && end->by_peer)
        dsb_node_attested(c->config.node, now, conn->session.peer.id);
    dsb_connection_leave_gate(c, now, conn, was_polite ? DSB_GATE_LEFT : DSB_GATE_FAILED);
    dsb_connection_try_lost(c, now, conn, end->status, end->refusal, end->why.text);
    if (conn->out_at == conn->out_len)
        dsb_connection_close(c, now, conn); /* nobody waits for a word, and the place is free */
    else
        dsb_connection_leave(c, now, conn);
}

/* What handshake and admission have to say, into `out`. */
static void put_session(struct dsb_connection *conn)
{
    struct nx_writer out = nx_writer_over(conn->out, sizeof(conn->out));

    out.len = conn->out_len;
    while (dsb_session_output(&conn->session, &out))
        ;
    conn->out_len = out.len;
}

/* To be called whenever the session may have moved. False: this connection is leaving, or gone. */
static bool follow(struct dsb_connections *c, struct nx_instant now, struct dsb_connection *conn)
{
    if (conn->session.state == DSB_SESSION_ASKED)
        judge(c, now, conn);
    if (!is_up(conn))
        put_session(conn);
    if (conn->session.state == DSB_SESSION_UP && !is_up(conn))
        come_up(c, now, conn);
    else if (conn->session.state == DSB_SESSION_OVER && conn->state == DSB_CONNECTION_OPEN)
        end_handshake(c, now, conn);
    return conn->state == DSB_CONNECTION_OPEN;
}

/* ---- receiving ------------------------------------------------------------------------------- */

/* The other side broke the rules of what carries its frames: a last word, and the end. */
static void on_breach(struct dsb_connections *c, struct nx_instant now, struct dsb_connection *conn,
                      enum nx_status status, const char *why)
{
    struct dsb_session_end *end = &conn->session.end;

    conn->is_deaf = true;
    if (end->status == NX_OK) { /* else the session itself has said why */
        end->status = status;
        nx_why_set(&end->why, why);
    }
    if (conn->is_v1_up)
        dsb_connection_leave(c, now, conn); /* a v1 node knows no last word */
    else
        dsb_node_link_broken(c->config.node, now, conn->link, status, end->why.text);
}

static void take_v1(struct dsb_connections *c, struct nx_instant now, struct dsb_connection *conn,
                    struct nx_bytes plain)
{
    enum nx_status status = dsb_v1_frame_decode(plain, &conn->v1_frame);

    if (status != NX_OK) {
        on_breach(c, now, conn, status, "a record that holds no frame");
        return;
    }
    conn->has_v1_frame = true;
    tell(c, conn, DSB_CONNECTIONS_V1_READABLE);
}

static void take_plain(struct dsb_connections *c, struct nx_instant now,
                       struct dsb_connection *conn, struct nx_bytes plain)
{
    size_t used;

    if (conn->is_v1_up) {
        take_v1(c, now, conn, plain);
        return;
    }
    enum nx_status status = dsb_node_link_input(c->config.node, now, conn->link, plain, &used);
    c->has_more |= conn->session.terms.purpose == DSB_PURPOSE_PAIR; /* other links are of it, too */
    if (status == NX_OK && used < plain.len)
        on_breach(c, now, conn, NX_E_MALFORMED, "a record that ends inside a frame");
    else if (status != NX_OK)
        conn->is_deaf = true; /* the link is ending, and has said why */
}

/* Is there a turn for this handshake's first message? */
static bool may_be_looked_at(struct dsb_connections *c, struct nx_instant now,
                             struct dsb_connection *conn)
{
    if (!conn->has_pass || conn->is_let_in || conn->in_len - conn->in_at < DSB_HANDSHAKE_FIRST_LEN)
        return true; /* a length alone costs nothing */

    enum nx_status status = dsb_gate_open(&c->gate, now, &conn->pass);
    if (status == NX_WOULD_BLOCK)
        return false;
    conn->is_let_in = status == NX_OK;
    if (status != NX_OK)
        dsb_connection_close(c, now, conn);
    return conn->is_let_in;
}

/* Everything that has arrived, as far as it is whole. */
static void take_in(struct dsb_connections *c, struct nx_instant now, struct dsb_connection *conn)
{
    while (conn->state == DSB_CONNECTION_OPEN && !conn->is_deaf && !conn->has_v1_frame &&
           may_be_looked_at(c, now, conn)) {
        struct nx_bytes plain;
        size_t used;
        bool was_up = is_up(conn);
        enum nx_status status = dsb_session_input(&conn->session, now, conn->in + conn->in_at,
                                                  conn->in_len - conn->in_at, &used, &plain);

        conn->in_at += used;
        if (was_up && status < 0)
            on_breach(c, now, conn, status, conn->session.end.why.text);
        if (status == NX_OK && plain.len > 0)
            take_plain(c, now, conn, plain);
        if (conn->state != DSB_CONNECTION_OPEN || (!was_up && !follow(c, now, conn)) ||
            status != NX_OK)
            return;
    }
}

/* Room behind what waits; before a session is up a handshake's is enough. */
static struct nx_net_room room_of(struct dsb_connection *conn)
{
    size_t cap = is_up(conn) ? sizeof(conn->in) : 2 * (size_t)DSB_HANDSHAKE_FRAME_MAX;

    if (conn->has_v1_frame) /* it lies there */
        return (struct nx_net_room){NULL, 0};
    memmove(conn->in, conn->in + conn->in_at, conn->in_len - conn->in_at);
    conn->in_len -= conn->in_at;
    conn->in_at = 0;
    return (struct nx_net_room){conn->in + conn->in_len,
                                cap > conn->in_len ? cap - conn->in_len : 0};
}

/* Nothing more comes: the other side has finished, or the connection failed. */
static void on_end(struct dsb_connections *c, struct nx_instant now, struct dsb_connection *conn,
                   enum nx_status status)
{
    enum nx_net_failure failure = nx_net_failure_of(&c->config.net, conn->socket);
    const char *why =
        status == NX_END ? "the other side closed the connection" : nx_net_failure_text(failure);

    if (!is_up(conn))
        dsb_connection_leave_gate(c, now, conn, DSB_GATE_FAILED);
    dsb_connection_try_lost(c, now, conn, status == NX_END ? NX_E_CLOSED : status, DSB_REFUSAL_NONE,
                            why);
    dsb_connection_close(c, now, conn);
}

static void receive(struct dsb_connections *c, struct nx_instant now, struct dsb_connection *conn)
{
    for (int turn = 0; turn < DSB_CONNECTION_TURN_MAX; turn++) {
        size_t received;

        take_in(c, now, conn);
        if (conn->state != DSB_CONNECTION_OPEN || conn->is_deaf || !conn->may_receive)
            return;
        struct nx_net_room room = room_of(conn);
        if (room.cap == 0)
            return;
        enum nx_status status = nx_net_receive(&c->config.net, conn->socket, &room, 1, &received);
        if (status == NX_WOULD_BLOCK) {
            conn->may_receive = false;
            return;
        }
        if (status != NX_OK) {
            on_end(c, now, conn, status);
            return;
        }
        conn->in_len += received;
    }
    take_in(c, now, conn);
    c->has_more = true;
}

/* ---- sending --------------------------------------------------------------------------------- */

/* Records of whatever the link has to say, as many as fit. */
static void put_records(struct dsb_connections *c, struct dsb_connection *conn)
{
    struct nx_writer out = nx_writer_over(conn->out, sizeof(conn->out));

    out.len = conn->out_len;
    for (;;) {
        struct nx_writer plain = dsb_records_room(&out, DSB_FRAME_MAX);

        if (plain.cap < DSB_FRAME_MAX || !dsb_node_link_output(c->config.node, conn->link, &plain))
            break;
        if (dsb_records_seal(&conn->session.records, plain.len, &out) != NX_OK)
            break; /* 2^64 records: its link is cut when the socket closes */
    }
    conn->out_len = out.len;
}

static void fill(struct dsb_connections *c, struct nx_instant now, struct dsb_connection *conn)
{
    if (conn->out_at == conn->out_len)
        conn->out_at = conn->out_len = 0;
    if (conn->link != DSB_CONNECTION_NONE)
        put_records(c, conn);
    else if (!is_up(conn))
        (void)follow(c, now, conn);
}

static void on_room(struct dsb_connections *c, struct dsb_connection *conn)
{
    if (!conn->v1_wants_room || conn->out_len > 0)
        return;
    conn->v1_wants_room = false;
    tell(c, conn, DSB_CONNECTIONS_V1_WRITABLE);
}

/* What the other side said before it closed may lie here still: receiving comes to the failure behind
 * it, unless nothing is received any more. */
static void on_send_failed(struct dsb_connections *c, struct nx_instant now,
                           struct dsb_connection *conn, enum nx_status status)
{
    if (conn->is_deaf)
        on_end(c, now, conn, status);
    else
        c->has_more |= conn->may_receive;
}

/* Whatever waits in `out`. False: it waits still, or the connection is gone. */
static bool send_out(struct dsb_connections *c, struct nx_instant now, struct dsb_connection *conn)
{
    while (conn->out_at < conn->out_len) {
        const struct nx_bytes part =
            nx_bytes_of(conn->out + conn->out_at, conn->out_len - conn->out_at);
        size_t sent;

        if (!conn->may_send)
            return false;
        enum nx_status status = nx_net_send(&c->config.net, conn->socket, &part, 1, &sent);
        if (status != NX_OK) {
            conn->may_send = false;
            if (status != NX_WOULD_BLOCK)
                on_send_failed(c, now, conn, status);
            return false;
        }
        conn->out_at += sent;
    }
    conn->out_at = conn->out_len = 0;
    return true;
}

/* Its link has ended, and only what it said last has not left yet. */
static bool is_ending(const struct dsb_connections *c, const struct dsb_connection *conn)
{
    const struct dsb_link *link;

    if (conn->link == DSB_CONNECTION_NONE)
        return false;
    link = &c->config.node->links[conn->link];
    if (link->state == DSB_LINK_SESSION)
        return link->mux.state == DSB_MUX_OVER;
    return link->state != DSB_LINK_PAIRING || link->bye_due;
}

/* Who does not read our last word has as long for it as for a record of his own. */
static void limit_the_end(const struct dsb_connections *c, struct nx_instant now,
                          struct dsb_connection *conn)
{
    if (nx_instant_is_never(conn->leaves_at) && is_ending(c, conn))
        conn->leaves_at = nx_instant_after(now, nx_seconds(DSB_RECORD_REST_S));
}

static void send(struct dsb_connections *c, struct nx_instant now, struct dsb_connection *conn)
{
    for (int turn = 0; turn < DSB_CONNECTION_TURN_MAX; turn++) {
        fill(c, now, conn);
        if (conn->state != DSB_CONNECTION_OPEN)
            return; /* what waits is sent as the last of it */
        if (conn->out_len == 0) {
            if (conn->link != DSB_CONNECTION_NONE &&
                dsb_node_link_is_over(c->config.node, conn->link))
                dsb_connection_leave(c, now, conn);
            return;
        }
        if (!send_out(c, now, conn)) {
            limit_the_end(c, now, conn);
            return;
        }
        on_room(c, conn);
    }
    c->has_more = true;
}

/* ---- leaving --------------------------------------------------------------------------------- */

/* Read what comes and throw it away: bytes that nobody received would make our last word a reset. */
static bool has_heard_the_end(struct dsb_connections *c, struct dsb_connection *conn)
{
    size_t received;
    const struct nx_net_room room = {conn->in, sizeof(conn->in)};

    for (int turn = 0; turn < DSB_CONNECTION_TURN_MAX && conn->may_receive; turn++) {
        enum nx_status status = nx_net_receive(&c->config.net, conn->socket, &room, 1, &received);

        if (status == NX_WOULD_BLOCK)
            conn->may_receive = false;
        else if (status != NX_OK)
            return true;
    }
    c->has_more |= conn->may_receive;
    return false;
}

static void say_last(struct dsb_connections *c, struct nx_instant now, struct dsb_connection *conn)
{
    if (!send_out(c, now, conn) || conn->has_finished)
        return;
    conn->has_finished = true;
    if (nx_net_finish(&c->config.net, conn->socket) != NX_OK)
        dsb_connection_close(c, now, conn);
}

static void work_leaving(struct dsb_connections *c, struct nx_instant now,
                         struct dsb_connection *conn)
{
    say_last(c, now, conn);
    if (conn->state == DSB_CONNECTION_LEAVING &&
        (has_heard_the_end(c, conn) || nx_instant_reached(conn->leaves_at, now)))
        dsb_connection_close(c, now, conn);
}

/* ---- a turn ---------------------------------------------------------------------------------- */

static void tick(struct dsb_connections *c, struct nx_instant now, struct dsb_connection *conn)
{
    bool was_receiving = conn->session.records.ended == NX_OK;

    dsb_session_tick(&conn->session, now);
    if (is_up(conn) && was_receiving && conn->session.records.ended != NX_OK && !conn->is_deaf)
        on_breach(c, now, conn, conn->session.records.ended, "a record that never became whole");
    else if (!is_up(conn))
        (void)follow(c, now, conn);
    if (conn->state == DSB_CONNECTION_OPEN && nx_instant_reached(conn->leaves_at, now))
        dsb_connection_close(c, now, conn);
    else if (conn->state == DSB_CONNECTION_OPEN &&
             nx_instant_reached(dsb_connection_again_at(c, conn), now))
        dsb_connections_dial_again(c, now, conn);
}

void dsb_connection_work(struct dsb_connections *c, struct nx_instant now,
                         struct dsb_connection *conn)
{
    if (conn->state == DSB_CONNECTION_CONNECTING) {
        dsb_session_tick(&conn->session, now);
        if (conn->session.state == DSB_SESSION_OVER) {
            dsb_connection_try_lost(c, now, conn, conn->session.end.status, DSB_REFUSAL_NONE,
                                    "nobody answered");
            dsb_connection_close(c, now, conn);
        }
        return;
    }
    if (conn->state == DSB_CONNECTION_OPEN)
        tick(c, now, conn);
    if (conn->state == DSB_CONNECTION_OPEN)
        receive(c, now, conn);
    if (conn->state == DSB_CONNECTION_OPEN)
        send(c, now, conn);
    if (conn->state == DSB_CONNECTION_LEAVING)
        work_leaving(c, now, conn);
}
