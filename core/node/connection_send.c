/* One connection: what its link and its session have to say, to its socket. */
#include "core/node/connections_internal.h"

/* Records of whatever the link has to say, as many as fit. */
static void put_records(struct dsb_connections *c, struct dsb_connection *conn)
{
    struct nx_writer out = nx_writer_over(conn->out, sizeof(conn->out));

    out.len = conn->out_len;
    for (;;) {
        struct nx_writer plain = dsb_records_room(&out, DSB_FRAME_MAX);

        if (plain.cap < DSB_FRAME_MAX || !dsb_node_link_output(c->config.node, conn->link, &plain))
            break;
        if (dsb_records_seal(&conn->session.records, plain.len, &out) != NX_OK) {
            nx_crypto_wipe(plain.ptr, plain.len);
            break; /* 2^64 records: its link is cut when the socket closes */
        }
    }
    conn->out_len = out.len;
}

static void on_room(struct dsb_connections *c, struct dsb_connection *conn)
{
    if (!conn->v1_wants_room)
        return;
    conn->v1_wants_room = false;
    dsb_connection_tell(c, conn, DSB_CONNECTIONS_V1_WRITABLE);
}

/* What the other side said before it closed may lie here still: receiving comes to the failure behind
 * it, unless nothing is received any more. */
static void on_send_failed(struct dsb_connections *c, struct nx_instant now,
                           struct dsb_connection *conn, enum nx_status status)
{
    if (conn->is_deaf)
        dsb_connection_lost(c, now, conn, status);
}

bool dsb_connection_send_out(struct dsb_connections *c, struct nx_instant now,
                             struct dsb_connection *conn)
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
    return link->state != DSB_LINK_PAIRING;
}

/* Who does not read our last word has as long for it as for a record of his own. */
static void limit_the_end(const struct dsb_connections *c, struct nx_instant now,
                          struct dsb_connection *conn)
{
    if (nx_instant_is_never(conn->leaves_at) && is_ending(c, conn))
        conn->leaves_at = nx_instant_after(now, nx_seconds(DSB_RECORD_REST_S));
}

void dsb_connection_send(struct dsb_connections *c, struct nx_instant now,
                         struct dsb_connection *conn)
{
    for (int turn = 0; turn < DSB_CONNECTION_TURN_MAX; turn++) {
        if (conn->link != DSB_CONNECTION_NONE)
            put_records(c, conn);
        if (conn->out_len == 0) {
            if (conn->link != DSB_CONNECTION_NONE &&
                dsb_node_link_is_over(c->config.node, conn->link))
                dsb_connection_leave(c, now, conn);
            return;
        }
        if (!dsb_connection_send_out(c, now, conn)) {
            limit_the_end(c, now, conn);
            return;
        }
        on_room(c, conn);
    }
    c->has_more = true;
}
