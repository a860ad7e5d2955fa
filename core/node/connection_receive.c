/* One connection: bytes from its socket, by its session, to its link. */
#include "core/base/memory.h"
#include "core/node/connections_internal.h"

void dsb_connection_break(struct dsb_connections *c, struct nx_instant now,
                          struct dsb_connection *conn, enum nx_status status, const char *why)
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

static void take_plain(struct dsb_connections *c, struct nx_instant now,
                       struct dsb_connection *conn, struct nx_bytes plain)
{
    size_t used;

    if (conn->is_v1_up) {
        dsb_connection_take_v1(c, now, conn, plain);
        return;
    }
    enum nx_status status = dsb_node_link_input(c->config.node, now, conn->link, plain, &used);
    c->has_more |= conn->session.terms.purpose == DSB_PURPOSE_PAIR; /* other links are of it, too */
    if (status == NX_OK && used < plain.len)
        dsb_connection_break(c, now, conn, NX_E_MALFORMED, "a record that ends inside a frame");
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

/* Everything that has arrived, as far as it is whole and one turn goes. */
static void take_in(struct dsb_connections *c, struct nx_instant now, struct dsb_connection *conn)
{
    while (conn->records_left > 0 && !conn->is_deaf && !conn->has_v1_frame &&
           may_be_looked_at(c, now, conn)) {
        struct nx_bytes plain;
        size_t used;
        bool was_up = dsb_connection_is_up(conn);
        enum nx_status status = dsb_session_input(&conn->session, now, conn->in + conn->in_at,
                                                  conn->in_len - conn->in_at, &used, &plain);

        conn->in_at += used;
        conn->records_left -= status == NX_OK;
        if (was_up && status < 0)
            dsb_connection_break(c, now, conn, status, conn->session.end.why.text);
        if (status == NX_OK && plain.len > 0)
            take_plain(c, now, conn, plain);
        if (conn->state != DSB_CONNECTION_OPEN ||
            (!was_up && !dsb_connection_follow(c, now, conn)) || status != NX_OK)
            return;
    }
}

/* Room behind what waits; before a session is up a handshake's is enough. */
static struct nx_net_room room_of(struct dsb_connection *conn)
{
    size_t cap =
        dsb_connection_is_up(conn) ? sizeof(conn->in) : 2 * (size_t)DSB_HANDSHAKE_FRAME_MAX;

    if (conn->has_v1_frame) /* it lies there */
        return (struct nx_net_room){NULL, 0};
    memmove(conn->in, conn->in + conn->in_at, conn->in_len - conn->in_at);
    conn->in_len -= conn->in_at;
    conn->in_at = 0;
    return (struct nx_net_room){conn->in + conn->in_len,
                                cap > conn->in_len ? cap - conn->in_len : 0};
}

void dsb_connection_lost(struct dsb_connections *c, struct nx_instant now,
                         struct dsb_connection *conn, enum nx_status status)
{
    enum nx_net_failure failure = nx_net_failure_of(&c->config.net, conn->socket);
    const char *why =
        status == NX_END ? "the other side closed the connection" : nx_net_failure_text(failure);

    conn->failure = failure;
    if (!dsb_connection_is_up(conn))
        dsb_connection_leave_gate(c, now, conn, DSB_GATE_FAILED);
    dsb_connection_try_lost(c, now, conn, status == NX_END ? NX_E_CLOSED : status, DSB_REFUSAL_NONE,
                            why);
    dsb_connection_close(c, now, conn);
}

void dsb_connection_receive(struct dsb_connections *c, struct nx_instant now,
                            struct dsb_connection *conn)
{
    conn->records_left = DSB_CONNECTION_RECORDS_MAX;
    for (int turn = 0; turn < DSB_CONNECTION_TURN_MAX; turn++) {
        size_t received;

        take_in(c, now, conn);
        if (conn->state != DSB_CONNECTION_OPEN || conn->is_deaf)
            return;
        c->has_more |= conn->records_left == 0;
        if (conn->records_left == 0 || !conn->may_receive)
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
            dsb_connection_lost(c, now, conn, status);
            return;
        }
        conn->in_len += received;
        if (conn->in_end < conn->in_len)
            conn->in_end = conn->in_len;
    }
    take_in(c, now, conn);
    c->has_more = true;
}
