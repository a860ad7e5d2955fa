/* Connections with v1 nodes: who may, frames of every size, and their ends. Both ends are ours; that a
 * v1 node writes the same bytes is core/bus/v1_session.c's to show. */
#include "core/base/memory.h"
#include "tests/node/fabric.h"
#include "tests/unit/unit.h"

static struct fabric *f;
static struct fabric_device *a, *b;

/* `b` is allowed at `a`. */
static void begin(void)
{
    f = fabric_begin();
    a = &f->devices[0];
    b = &f->devices[1];
    EXPECT_STATUS(dsb_node_allow_v1(&a->node, b->identity.id_text), NX_OK);
}

static enum nx_status dial(struct fabric_device *from, const struct fabric_device *to)
{
    enum nx_status status = dsb_connections_dial_v1(
        &from->connections, f->now, &to->address, to->identity.id, to->identity.noise_static, NULL);

    fabric_touch(from);
    return status;
}

static void begin_up(void)
{
    begin();
    EXPECT_STATUS(dial(b, a), NX_OK);
    EXPECT_EQ(a->news.told[DSB_CONNECTIONS_V1_UP], 1);
    EXPECT_EQ(b->news.told[DSB_CONNECTIONS_V1_UP], 1);
}

/* ---- frames ---------------------------------------------------------------------------------- */

static uint8_t bytes[DSB_V1_FRAME_BYTES_MAX + 1];

static struct dsb_v1_frame frame_of(uint32_t chan, size_t len)
{
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)(i * 7 + len + chan);
    return (struct dsb_v1_frame){chan, nx_bytes_of(bytes, len)};
}

static enum nx_status send(struct fabric_device *from, const struct fabric_device *to,
                           uint32_t chan, size_t len)
{
    struct dsb_v1_frame frame = frame_of(chan, len);
    enum nx_status status =
        dsb_connections_v1_send(&from->connections, to->identity.id_text, &frame);

    return status; /* that it goes out is in the deadline, as what lies behind a frame is below */
}

static void expect_frame(struct fabric_device *at, const struct fabric_device *from, uint32_t chan,
                         size_t len)
{
    struct dsb_v1_frame frame = {0};
    struct dsb_v1_frame wanted = frame_of(chan, len);

    EXPECT_STATUS(dsb_connections_v1_peek(&at->connections, from->identity.id_text, &frame), NX_OK);
    EXPECT_EQ(frame.chan, chan);
    EXPECT_BYTES(frame.bytes, wanted.bytes);
    dsb_connections_v1_drop(&at->connections, from->identity.id_text);
    fabric_settle(f);
}

static void expect_no_frame(struct fabric_device *at, const struct fabric_device *from,
                            enum nx_status status)
{
    struct dsb_v1_frame frame;

    EXPECT_STATUS(dsb_connections_v1_peek(&at->connections, from->identity.id_text, &frame),
                  status);
}

static void frame_rows(void)
{
    static const size_t lens[] = {0, 1, 8168, 8169, 10000, DSB_V1_FRAME_BYTES_MAX};

    for (size_t i = 0; i < NX_COUNT_OF(lens); i++) {
        unit_row_number("a frame goes both ways at once, of bytes:", lens[i]);
        begin_up();
        EXPECT_STATUS(send(b, a, 1, lens[i]), NX_OK);
        EXPECT_STATUS(send(a, b, 3, lens[i]), NX_OK);
        fabric_settle(f);
        EXPECT_EQ(a->news.told[DSB_CONNECTIONS_V1_READABLE], 1);
        expect_frame(a, b, 1, lens[i]);
        expect_frame(b, a, 3, lens[i]);
        expect_no_frame(a, b, NX_WOULD_BLOCK);
    }

    unit_row("a frame with one byte more is refused, and the session goes on");
    begin_up();
    EXPECT_STATUS(send(b, a, 1, DSB_V1_FRAME_BYTES_MAX + 1), NX_E_LIMIT);
    EXPECT_STATUS(send(b, a, 1, 5), NX_OK);
    fabric_settle(f);
    expect_frame(a, b, 1, 5);

    unit_row("frames come one byte at a time, too");
    begin_up();
    a->host->receive_max = b->host->receive_max = 1;
    EXPECT_STATUS(send(b, a, 2, 10000), NX_OK);
    EXPECT_STATUS(send(b, a, 3, 1), NX_OK);
    fabric_settle(f);
    expect_frame(a, b, 2, 10000);
    expect_frame(a, b, 3, 1);

    unit_row("who finds no room is told when there is some, and nothing is lost");
    begin_up();
    f->net.pipe_size = 1000;
    b->is_frozen = true;
    EXPECT_STATUS(send(a, b, 1, 60000), NX_OK);
    fabric_settle(f);
    EXPECT_STATUS(send(a, b, 2, 60000), NX_WOULD_BLOCK);
    EXPECT_EQ(a->news.told[DSB_CONNECTIONS_V1_WRITABLE], 0);
    b->is_frozen = false;
    fabric_touch(b);
    EXPECT_EQ(a->news.told[DSB_CONNECTIONS_V1_WRITABLE], 1);
    EXPECT_STATUS(send(a, b, 2, 60000), NX_OK);
    expect_frame(b, a, 1, 60000);
    expect_frame(b, a, 2, 60000);

    unit_row("a frame that nobody takes holds back its session, and nothing else");
    begin_up();
    for (uint32_t i = 0; i < 20; i++) {
        (void)!send(b, a, i, 30000);
        fabric_settle(f);
    }
    EXPECT_EQ(a->news.told[DSB_CONNECTIONS_V1_READABLE], 1);
    fabric_pass(f, nx_seconds(100));
    expect_frame(a, b, 0, 30000);
    expect_frame(a, b, 1, 30000);
    EXPECT_EQ(a->news.told[DSB_CONNECTIONS_V1_ENDED], 0);

    unit_row("of two devices each has its own frames");
    begin_up();
    struct fabric_device *c = &f->devices[2];
    EXPECT_STATUS(dsb_node_allow_v1(&a->node, c->identity.id_text), NX_OK);
    EXPECT_STATUS(dial(c, a), NX_OK);
    EXPECT_EQ(a->news.told[DSB_CONNECTIONS_V1_UP], 2);
    EXPECT_STATUS(send(a, c, 1, 7), NX_OK);
    EXPECT_STATUS(send(c, a, 2, 8), NX_OK);
    fabric_settle(f);
    expect_no_frame(a, b, NX_WOULD_BLOCK);
    expect_no_frame(b, a, NX_WOULD_BLOCK);
    expect_frame(c, a, 1, 7);
    expect_frame(a, c, 2, 8);

    unit_row("where there is no session there is nothing to take, to drop or to end");
    begin();
    expect_no_frame(a, b, NX_E_CLOSED);
    EXPECT_STATUS(
        dsb_connections_v1_peek(&a->connections, "no id", &(struct dsb_v1_frame){.chan = 0}),
        NX_E_CLOSED);
    dsb_connections_v1_drop(&a->connections, b->identity.id_text);
    dsb_connections_v1_end(&a->connections, f->now, b->identity.id_text);
    fabric_settle(f);
    EXPECT_EQ(a->news.told[DSB_CONNECTIONS_V1_ENDED], 0);
}

/* ---- who may --------------------------------------------------------------------------------- */

static void admission_rows(void)
{
    struct fabric_device *c;

    unit_row("a device that is not on the list is refused, and both sides are told why");
    begin();
    c = &f->devices[2];
    EXPECT_STATUS(dial(c, a), NX_OK);
    EXPECT_EQ(c->news.told[DSB_CONNECTIONS_DIAL_FAILED], 1);
    EXPECT_EQ(c->news.last[DSB_CONNECTIONS_DIAL_FAILED].refusal, DSB_REFUSAL_V1);
    EXPECT_EQ(a->news.told[DSB_CONNECTIONS_TURNED_AWAY], 1);
    EXPECT_EQ(a->news.last[DSB_CONNECTIONS_TURNED_AWAY].refusal, DSB_REFUSAL_V1);
    EXPECT_EQ(a->news.told[DSB_CONNECTIONS_V1_UP] + c->news.told[DSB_CONNECTIONS_V1_UP], 0);
    fabric_pass(f, nx_seconds(5));
    EXPECT_EQ(a->host->socket_count, 1);
    EXPECT_EQ(c->host->socket_count, 1);

    unit_row("being on one's list does not let the other in that dials by itself");
    EXPECT_STATUS(dsb_connections_dial_v1(&a->connections, f->now, &c->address, c->identity.id,
                                          c->identity.noise_static, NULL),
                  NX_OK);
    fabric_touch(a);
    EXPECT_EQ(a->news.last[DSB_CONNECTIONS_DIAL_FAILED].refusal, DSB_REFUSAL_V1);

    unit_row("a paired device is neither listed nor dialled as v1");
    begin();
    fabric_pair(a, b);
    EXPECT_STATUS(dsb_node_allow_v1(&a->node, b->identity.id_text), NX_E_IDENTITY);
    EXPECT_STATUS(dial(a, b), NX_E_IDENTITY);

    unit_row("one that was paired once is never served as v1 again, though it is on the list");
    EXPECT_STATUS(dsb_node_unpair(&a->node, f->now, b->identity.id_text), NX_OK);
    fabric_touch(a);
    fabric_switch_off(b, false);
    nx_store_memory_init(&b->store, b->store.values, b->store.value_cap, b->store.held_cap);
    fabric_switch_on(b); /* it has forgotten everything, or somebody has its keys */
    EXPECT_STATUS(dial(b, a), NX_OK);
    EXPECT_EQ(b->news.last[DSB_CONNECTIONS_DIAL_FAILED].refusal, DSB_REFUSAL_V1);
    EXPECT_EQ(a->news.told[DSB_CONNECTIONS_V1_UP], 0);

    unit_row("nor after a restart");
    fabric_switch_off(a, false);
    fabric_switch_on(a);
    EXPECT_STATUS(dsb_node_allow_v1(&a->node, b->identity.id_text), NX_E_IDENTITY);
    EXPECT_STATUS(dial(b, a), NX_OK);
    EXPECT_EQ(a->news.last[DSB_CONNECTIONS_TURNED_AWAY].refusal, DSB_REFUSAL_V1);

    unit_row("one that proves another id than was dialled is told to be another, above all else");
    begin();
    const uint8_t id[DSB_ID_LEN] = {1};
    EXPECT_STATUS(dsb_connections_dial_v1(&b->connections, f->now, &a->address, id,
                                          a->identity.noise_static, NULL),
                  NX_OK);
    fabric_touch(b);
    EXPECT_STATUS(b->news.last[DSB_CONNECTIONS_DIAL_FAILED].status, NX_E_IDENTITY);

    unit_row("a static key that is none is not dialled");
    uint8_t none[NX_X25519_LEN];
    memset(none, 0xff, sizeof(none));
    EXPECT_STATUS(dsb_connections_dial_v1(&b->connections, f->now, &a->address, id, none, NULL),
                  NX_E_CRYPTO);

    unit_row("an id is dialled once at a time");
    begin();
    EXPECT_STATUS(dsb_connections_dial_v1(&b->connections, f->now, &a->address, a->identity.id,
                                          a->identity.noise_static, NULL),
                  NX_OK);
    EXPECT_STATUS(dial(b, a), NX_E_BUSY);
    EXPECT_EQ(b->news.told[DSB_CONNECTIONS_V1_UP], 1);
}

/* ---- ends ------------------------------------------------------------------------------------ */

static void end_rows(void)
{
    unit_row("what was sent before the end arrives, and then it is told");
    begin_up();
    EXPECT_STATUS(send(b, a, 1, 50000), NX_OK);
    dsb_connections_v1_end(&b->connections, f->now, a->identity.id_text);
    fabric_touch(b);
    EXPECT_EQ(b->news.told[DSB_CONNECTIONS_V1_ENDED], 1);
    EXPECT_EQ(a->news.told[DSB_CONNECTIONS_V1_ENDED], 0);
    expect_frame(a, b, 1, 50000);
    EXPECT_EQ(a->news.told[DSB_CONNECTIONS_V1_ENDED], 1);
    EXPECT_STATUS(a->news.last[DSB_CONNECTIONS_V1_ENDED].status, NX_E_CLOSED);
    expect_no_frame(a, b, NX_E_CLOSED);
    EXPECT_STATUS(send(a, b, 1, 1), NX_E_CLOSED);
    fabric_pass(f, nx_seconds(2));
    EXPECT_EQ(a->host->socket_count, 1);
    EXPECT_EQ(b->host->socket_count, 1);

    unit_row("also through a pipe that holds little of it at once");
    begin_up();
    f->net.pipe_size = 1000;
    EXPECT_STATUS(send(b, a, 1, 50000), NX_OK);
    dsb_connections_v1_end(&b->connections, f->now, a->identity.id_text);
    fabric_touch(b);
    expect_frame(a, b, 1, 50000);
    EXPECT_EQ(a->news.told[DSB_CONNECTIONS_V1_ENDED], 1);
    EXPECT_EQ(a->host->resets_sent + b->host->resets_sent, 0);

    unit_row("a record that holds no frame ends the session, with a reason");
    begin_up();
    struct dsb_connection *conn = fabric_connection(b, a);
    struct nx_writer out = nx_writer_over(conn->out, sizeof(conn->out));
    struct nx_writer plain = dsb_records_room(&out, 8);
    nx_write_u64le(&plain, 0);
    EXPECT_STATUS(dsb_records_seal(&conn->session.records, 8, &out), NX_OK);
    conn->out_len = out.len;
    fabric_touch(b);
    EXPECT_STATUS(a->news.last[DSB_CONNECTIONS_V1_ENDED].status, NX_E_MALFORMED);
    EXPECT_TEXT(a->news.last[DSB_CONNECTIONS_V1_ENDED].why.text, "a record that holds no frame");
    EXPECT_EQ(b->news.told[DSB_CONNECTIONS_V1_ENDED], 1);

    unit_row("of two sessions with one device the newer stays");
    begin_up();
    EXPECT_STATUS(dial(b, a), NX_OK);
    fabric_pass(f, nx_seconds(2));
    EXPECT_EQ(a->news.told[DSB_CONNECTIONS_V1_UP], 2);
    EXPECT_EQ(a->news.told[DSB_CONNECTIONS_V1_ENDED], 1);
    EXPECT_EQ(b->news.told[DSB_CONNECTIONS_V1_ENDED], 1);
    EXPECT_EQ(a->host->socket_count, 2);
    EXPECT_STATUS(send(a, b, 1, 9), NX_OK);
    fabric_settle(f);
    expect_frame(b, a, 1, 9);

    unit_row("one that has no number left for a record is closed, and keeps nothing of the frame");
    begin_up();
    conn = fabric_connection(b, a);
    conn->session.records.sending.next_number = DSB_RECORD_V1_COUNT_MAX;
    EXPECT_STATUS(send(b, a, 1, 50000), NX_E_CLOSED);
    for (size_t i = DSB_HANDSHAKE_FRAME_MAX; i < 50000; i++) /* before that lies the handshake */
        EXPECT_EQ(conn->out[i], 0);
    fabric_settle(f);
    EXPECT_EQ(b->news.told[DSB_CONNECTIONS_V1_ENDED], 1);
    EXPECT_EQ(a->news.told[DSB_CONNECTIONS_V1_ENDED], 1);

    unit_row("shutting down ends it");
    begin_up();
    dsb_connections_shut_down(&a->connections, f->now);
    fabric_touch(a);
    fabric_pass(f, nx_seconds(2));
    EXPECT_EQ(b->news.told[DSB_CONNECTIONS_V1_ENDED], 1);
    EXPECT_EQ(a->host->socket_count, 0);
}

UNIT_SUITE(connections_v1_test)
{
    frame_rows();
    admission_rows();
    end_rows();
    unit_row("whatever the rows did, every socket and all memory is back");
    fabric_begin();
}
