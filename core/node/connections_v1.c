/* Sessions with v1 nodes: frames, whole, without links. */
#include "core/base/hex.h"
#include "core/base/memory.h"
#include "core/node/connections_internal.h"
#include "core/node/judge.h"

bool dsb_connection_is_v1_with(const struct dsb_connection *conn, const uint8_t id[DSB_ID_LEN])
{
    return conn->is_v1_up && memcmp(conn->session.peer.id, id, DSB_ID_LEN) == 0;
}

/* Of two v1 sessions with one device the newer stays: the older may be dead, and nobody would know. */
static void replace_v1(struct dsb_connections *c, struct nx_instant now,
                       const uint8_t id[DSB_ID_LEN])
{
    for (uint32_t i = 0; i < c->used_end; i++) {
        struct dsb_connection *conn = &c->config.places[i];

        if (dsb_connection_is_v1_with(conn, id))
            dsb_connection_leave(c, now, conn);
    }
}

void dsb_connection_come_up_v1(struct dsb_connections *c, struct nx_instant now,
                               struct dsb_connection *conn)
{
    dsb_connection_try_won(c, now, conn);
    replace_v1(c, now, conn->session.peer.id);
    conn->is_v1_up = true;
    dsb_node_v1_is_up(c->config.node, now, conn->session.peer.id, conn->session.peer_static);
    dsb_connection_tell(c, conn, DSB_CONNECTIONS_V1_UP);
}

void dsb_connection_end_v1(struct dsb_connections *c, struct dsb_connection *conn)
{
    struct dsb_connections_event event = {.kind = DSB_CONNECTIONS_V1_ENDED,
                                          .address = conn->address};

    if (!conn->is_v1_up)
        return;
    conn->is_v1_up = conn->has_v1_frame = false;
    event.status = conn->session.end.status == NX_OK ? NX_E_CLOSED : conn->session.end.status;
    event.why = conn->session.end.why;
    nx_hex_encode(nx_bytes_of(conn->session.peer.id, DSB_ID_LEN), event.id_text);
    dsb_connections_tell(c, &event);
}

void dsb_connection_take_v1(struct dsb_connections *c, struct nx_instant now,
                            struct dsb_connection *conn, struct nx_bytes plain)
{
    enum nx_status status = dsb_v1_frame_decode(plain, &conn->v1_frame);

    if (status != NX_OK) {
        dsb_connection_break(c, now, conn, status, "a record that holds no frame");
        return;
    }
    conn->has_v1_frame = true;
    dsb_connection_tell(c, conn, DSB_CONNECTIONS_V1_READABLE);
}

/* ---- verbs ----------------------------------------------------------------------------------- */

static struct dsb_connection *v1_of(struct dsb_connections *c, const char *id_text)
{
    uint8_t id[DSB_ID_LEN];

    if (dsb_id_of_text(DSB_WORLD_NET, id_text, id) != NX_OK)
        return NULL;
    for (uint32_t i = 0; i < c->used_end; i++) {
        if (dsb_connection_is_v1_with(&c->config.places[i], id))
            return &c->config.places[i];
    }
    return NULL;
}

enum nx_status dsb_connections_v1_peek(struct dsb_connections *c, const char *id_text,
                                       struct dsb_v1_frame *frame)
{
    struct dsb_connection *conn = v1_of(c, id_text);

    if (conn == NULL)
        return NX_E_CLOSED;
    if (!conn->has_v1_frame)
        return NX_WOULD_BLOCK;
    *frame = conn->v1_frame;
    return NX_OK;
}

void dsb_connections_v1_drop(struct dsb_connections *c, const char *id_text)
{
    struct dsb_connection *conn = v1_of(c, id_text);

    if (conn != NULL)
        conn->has_v1_frame = false;
    c->has_more = true; /* what lies behind it */
}

enum nx_status dsb_connections_v1_send(struct dsb_connections *c, const char *id_text,
                                       const struct dsb_v1_frame *frame)
{
    struct dsb_connection *conn = v1_of(c, id_text);

    if (conn == NULL)
        return NX_E_CLOSED;
    if (frame->bytes.len > DSB_V1_FRAME_BYTES_MAX)
        return NX_E_LIMIT;

    struct nx_writer out = nx_writer_over(conn->out, sizeof(conn->out));
    out.len = conn->out_len;
    struct nx_writer plain = dsb_records_room(&out, DSB_RECORD_PLAIN_MAX);
    enum nx_status status = dsb_v1_frame_encode(frame, &plain);
    conn->v1_wants_room = status == NX_WOULD_BLOCK;
    if (status != NX_OK)
        return status;
    c->has_more = true;
    if (dsb_records_seal(&conn->session.records, plain.len, &out) != NX_OK) {
        nx_crypto_wipe(plain.ptr, plain.len);
        conn->leaves_at = (struct nx_instant){0}; /* it has had all the records it may have */
        return NX_E_CLOSED;
    }
    conn->out_len = out.len;
    return NX_OK;
}

void dsb_connections_v1_end(struct dsb_connections *c, struct nx_instant now, const char *id_text)
{
    struct dsb_connection *conn = v1_of(c, id_text);

    if (conn != NULL)
        dsb_connection_leave(c, now, conn);
}
