/* The end of one connection: what it held is given back, and its last word is heard. */
#include "core/node/connections_internal.h"

static void take_from_link(struct dsb_connections *c, struct nx_instant now,
                           struct dsb_connection *conn)
{
    if (conn->link == DSB_CONNECTION_NONE)
        return;
    dsb_node_link_down(c->config.node, now, conn->link);
    conn->link = DSB_CONNECTION_NONE;
    c->has_more = true; /* an accept of a pairing may want another one */
}

/* Everything but the socket. */
static void give_back(struct dsb_connections *c, struct nx_instant now, struct dsb_connection *conn)
{
    take_from_link(c, now, conn);
    dsb_connection_end_v1(c, conn);
    dsb_connection_try_lost(c, now, conn, NX_E_CLOSED, DSB_REFUSAL_NONE,
                            "the connection was closed");
    dsb_connection_leave_gate(c, now, conn, DSB_GATE_LEFT);
    dsb_session_wipe(&conn->session);
}

void dsb_connection_close(struct dsb_connections *c, struct nx_instant now,
                          struct dsb_connection *conn)
{
    give_back(c, now, conn);
    nx_net_close(&c->config.net, conn->socket);
    dsb_connections_free_place(c, conn);
}

void dsb_connection_leave(struct dsb_connections *c, struct nx_instant now,
                          struct dsb_connection *conn)
{
    give_back(c, now, conn);
    conn->state = DSB_CONNECTION_LEAVING;
    conn->leaves_at = nx_instant_after(now, nx_milliseconds(DSB_CONNECTION_LINGER_MS));
}

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
    if (!dsb_connection_send_out(c, now, conn) || conn->has_finished)
        return;
    conn->has_finished = true;
    if (nx_net_finish(&c->config.net, conn->socket) != NX_OK)
        dsb_connection_close(c, now, conn);
}

void dsb_connection_work_leaving(struct dsb_connections *c, struct nx_instant now,
                                 struct dsb_connection *conn)
{
    say_last(c, now, conn);
    if (conn->state == DSB_CONNECTION_LEAVING &&
        (has_heard_the_end(c, conn) || nx_instant_reached(conn->leaves_at, now)))
        dsb_connection_close(c, now, conn);
}
