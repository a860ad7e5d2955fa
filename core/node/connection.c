/* One connection: what it does in a turn, and what its session has become. */
#include "core/base/hex.h"
#include "core/base/memory.h"
#include "core/node/connections_internal.h"
#include "core/node/judge.h"

bool dsb_connection_is_up(const struct dsb_connection *conn)
{
    return conn->link != DSB_CONNECTION_NONE || conn->is_v1_up;
}

static void id_text_of(const struct dsb_connection *conn, char id_text[DSB_ID_TEXT_MAX + 1])
{
    nx_hex_encode(nx_bytes_of(conn->session.peer.id, DSB_ID_LEN), id_text);
}

void dsb_connection_tell(struct dsb_connections *c, const struct dsb_connection *conn,
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
    dsb_connection_tell(c, conn, DSB_CONNECTIONS_TURNED_AWAY);
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

static void come_up(struct dsb_connections *c, struct nx_instant now, struct dsb_connection *conn)
{
    bool is_for_pairing = conn->session.terms.purpose == DSB_PURPOSE_PAIR;

    conn->up_at = now;
    conn->again_at = nx_instant_after(now, nx_seconds(DSB_SESSION_LIFE_S));
    c->has_more = true; /* of two sessions with one device the other one has its goodbye to say */
    dsb_connection_leave_gate(c, now, conn, is_for_pairing ? DSB_GATE_LEFT : DSB_GATE_COMPLETED);
    if (conn->session.terms.protocol == DSB_PROTOCOL_V1) {
        dsb_connection_come_up_v1(c, now, conn);
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

bool dsb_connection_follow(struct dsb_connections *c, struct nx_instant now,
                           struct dsb_connection *conn)
{
    if (conn->session.state == DSB_SESSION_ASKED)
        judge(c, now, conn);
    put_session(conn);
    if (conn->session.state == DSB_SESSION_UP)
        come_up(c, now, conn);
    else if (conn->session.state == DSB_SESSION_OVER)
        end_handshake(c, now, conn);
    return conn->state == DSB_CONNECTION_OPEN;
}

/* ---- a turn ---------------------------------------------------------------------------------- */

/* When its session has lived long enough; NX_NEVER: it is not ours to make anew, or is ending. */
static struct nx_instant again_at(const struct dsb_connections *c,
                                  const struct dsb_connection *conn)
{
    const struct dsb_link *link;

    if (conn->link == DSB_CONNECTION_NONE || !conn->session.is_initiator)
        return NX_NEVER;
    link = &c->config.node->links[conn->link];
    if (link->state != DSB_LINK_SESSION || link->mux.state != DSB_MUX_ACTIVE)
        return NX_NEVER; /* for pairing; or it only goes on for the sake of its streams */
    return conn->again_at;
}

static void tick(struct dsb_connections *c, struct nx_instant now, struct dsb_connection *conn)
{
    bool was_receiving = conn->session.records.ended == NX_OK;

    dsb_session_tick(&conn->session, now);
    if (dsb_connection_is_up(conn) && was_receiving && conn->session.records.ended != NX_OK)
        dsb_connection_break(c, now, conn, conn->session.records.ended,
                             "a record that never became whole");
    else if (!dsb_connection_is_up(conn))
        (void)dsb_connection_follow(c, now, conn);
    if (conn->state == DSB_CONNECTION_OPEN && nx_instant_reached(conn->leaves_at, now))
        dsb_connection_close(c, now, conn);
    else if (conn->state == DSB_CONNECTION_OPEN && nx_instant_reached(again_at(c, conn), now))
        dsb_connections_dial_again(c, now, conn);
}

void dsb_connection_work(struct dsb_connections *c, struct nx_instant now,
                         struct dsb_connection *conn)
{
    if (conn->state == DSB_CONNECTION_OPEN)
        tick(c, now, conn);
    if (conn->state == DSB_CONNECTION_OPEN)
        dsb_connection_receive(c, now, conn);
    if (conn->state == DSB_CONNECTION_OPEN)
        dsb_connection_send(c, now, conn);
    if (conn->state == DSB_CONNECTION_LEAVING)
        dsb_connection_work_leaving(c, now, conn);
}

static bool is_at_gate(const struct dsb_connection *conn)
{
    return conn->has_pass && !conn->is_let_in &&
           conn->in_len - conn->in_at >= DSB_HANDSHAKE_FIRST_LEN;
}

struct nx_instant dsb_connection_deadline(const struct dsb_connections *c,
                                          const struct dsb_connection *conn)
{
    struct nx_instant deadline = nx_instant_earlier(conn->leaves_at, NX_NEVER);

    if (conn->state != DSB_CONNECTION_OPEN)
        return deadline; /* a dial's end is the network's to tell */
    deadline = nx_instant_earlier(deadline, dsb_session_deadline(&conn->session));
    if (is_at_gate(conn))
        deadline = nx_instant_earlier(deadline, dsb_gate_opens_at(&c->gate, &conn->pass));
    return nx_instant_earlier(deadline, again_at(c, conn));
}
