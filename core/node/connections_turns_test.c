/* Connections, turn by turn: what one leaves behind is continued at once, whoever takes the news late;
 * and what was said does not outlive its connection. */
#include "core/base/memory.h"
#include "core/bus/byte_stream.h"
#include "core/node/connections_internal.h"
#include "tests/node/fabric.h"
#include "tests/unit/unit.h"

enum {
    CROWD = DSB_GATE_PLACES_MAX + 6,
    SAID = 0xa5,
};

static struct fabric *f;
static struct fabric_device *a, *b;

static void begin_paired(void)
{
    f = fabric_begin();
    a = &f->devices[0];
    b = &f->devices[1];
    fabric_pair(a, b);
    fabric_pass(f, nx_seconds(20));
    memset(&a->news, 0, sizeof(a->news));
    memset(&b->news, 0, sizeof(b->news));
}

static void leave_events(bool is_left)
{
    a->leaves_events = b->leaves_events = is_left;
}

/* Each has a name of its own. */
static struct dsb_byte_stream open_stream(struct fabric_device *d, struct fabric_device *other)
{
    static const uint8_t names[] = "abcdefgh";
    static size_t next;
    struct dsb_byte_stream stream;
    struct nx_bytes name = nx_bytes_of(&names[next++ % (sizeof(names) - 1)], 1);

    EXPECT_STATUS(dsb_byte_stream_open(&stream, fabric_session(d, other), name), NX_OK);
    fabric_touch(d);
    return stream;
}

static size_t push(struct dsb_byte_stream *stream, size_t len)
{
    static uint8_t bytes[65536];
    size_t taken = 0;

    memset(bytes, SAID, sizeof(bytes));
    (void)!dsb_byte_stream_push(stream, f->now, nx_bytes_of(bytes, len), &taken);
    return taken;
}

static bool is_due(const struct fabric_device *d)
{
    return nx_instant_reached(dsb_connections_deadline(&d->connections), f->now);
}

/* ---- what a turn leaves behind --------------------------------------------------------------- */

/* A system below that takes whatever it is given. */
static size_t swallowed;

static enum nx_status swallow(void *self, struct nx_handle stream, const struct nx_bytes *parts,
                              size_t part_count, size_t *sent)
{
    (void)self;
    (void)stream;
    for (size_t i = 0; i < part_count; i++)
        *sent += parts[i].len;
    swallowed += *sent;
    return NX_OK;
}

static enum nx_status fail_to_send(void *self, struct nx_handle stream,
                                   const struct nx_bytes *parts, size_t part_count, size_t *sent)
{
    (void)self;
    (void)stream;
    (void)parts;
    (void)part_count;
    (void)sent;
    return NX_E_CLOSED;
}

static enum nx_status fail_to_finish(void *self, struct nx_handle stream)
{
    (void)self;
    (void)stream;
    return NX_E_CLOSED;
}

/* A copy of the driver below `d`, to be changed by the row, until it is switched off. */
static struct nx_net_driver *own_driver(struct fabric_device *d)
{
    static struct nx_net_driver driver;

    driver = *d->net.driver;
    d->connections.config.net.driver = &driver;
    return &driver;
}

static void accepting_row(void)
{
    struct nx_handle strangers[CROWD];
    struct fake_host *hosts[CROWD / 2];

    unit_row("whoever waits behind as many as one turn accepts is accepted in the next");
    begin_paired();
    for (size_t i = 0; i < NX_COUNT_OF(hosts); i++)
        hosts[i] = fakenet_add(&f->net, fabric_address(7, (uint8_t)(i + 1), 0));
    for (size_t i = 0; i < CROWD; i++) {
        struct nx_net net = fake_host_as_net(hosts[i / 2]);

        EXPECT_STATUS(nx_net_connect(&net, &a->address, NX_NEVER, &strangers[i], NULL), NX_OK);
    }
    (void)fakenet_tick(&f->net);
    EXPECT_EQ(a->host->backlog_count, CROWD);
    fabric_settle(f);
    EXPECT_EQ(a->host->backlog_count, 0);
    for (size_t i = 0; i < CROWD; i++) {
        struct nx_net net = fake_host_as_net(hosts[i / 2]);

        nx_net_close(&net, strangers[i]);
    }
    fabric_settle(f);
}

static void sending_rows(void)
{
    struct dsb_byte_stream streams[8];
    size_t count = 0;

    unit_row("who has more to say than one turn sends goes on in the next");
    begin_paired();
    for (size_t i = 0; i < NX_COUNT_OF(streams); i++)
        streams[i] = open_stream(a, b);
    leave_events(true);
    for (size_t i = 0; i < NX_COUNT_OF(streams); i++)
        count += push(&streams[i], 60000);
    EXPECT(count > (size_t)DSB_CONNECTION_TURN_MAX * DSB_CONNECTION_OUT_MAX);
    own_driver(a)->send = swallow;
    swallowed = 0;
    fabric_touch(a);
    EXPECT(swallowed > count);
    leave_events(false);

    unit_row("a goodbye is heard also by one that is slow, behind all that it said before");
    begin_paired();
    struct dsb_byte_stream stream = open_stream(b, a);
    a->is_frozen = true;
    EXPECT_EQ(push(&stream, 60000), 60000);
    fabric_touch(b);
    b->is_frozen = true;
    dsb_mux_terminate(fabric_session(a, b), DSB_GOAWAY_BYE, "so long");
    a->is_frozen = false;
    a->host->receive_max = 100;
    fabric_touch(a);
    fabric_pass(f, nx_milliseconds(DSB_CONNECTION_LINGER_MS + 500));
    EXPECT_EQ(a->host->resets_sent, 0);
    b->is_frozen = false;
    fabric_touch(b);
    EXPECT_TEXT(b->news.end.why.text, "so long");

    unit_row("a send that fails ends nothing before what was said is heard");
    begin_paired();
    own_driver(a)->send = fail_to_send;
    stream = open_stream(b, a);
    EXPECT_EQ(a->news.opened_count, 1);
    EXPECT_EQ(a->news.ended_count, 0);

    unit_row("but where nothing is heard any more it is the end");
    begin_paired();
    own_driver(a)->send = fail_to_send;
    struct dsb_connection *conn = fabric_connection(b, a);
    struct nx_writer out = nx_writer_over(conn->out, sizeof(conn->out));
    struct nx_writer plain = dsb_records_room(&out, 8);
    nx_write_u64le(&plain, 0);
    EXPECT_STATUS(dsb_records_seal(&conn->session.records, 5, &out), NX_OK);
    conn->out_len = out.len;
    fabric_touch(b);
    EXPECT_STATUS(a->news.end.status, NX_E_MALFORMED);
    EXPECT_EQ(dsb_connections_open_count(&a->connections), a->connections.reach.trying_count);

    unit_row("a connection whose end cannot be said is closed at once");
    begin_paired();
    own_driver(a)->finish = fail_to_finish;
    b->is_frozen = true;
    dsb_mux_terminate(fabric_session(a, b), DSB_GOAWAY_BYE, "so long");
    fabric_touch(a);
    EXPECT_EQ(a->host->socket_count, 1 + a->connections.reach.trying_count);
}

/* As many records as there is room for, of a PING each, behind one another in what `conn` sends. */
static uint32_t put_pings(struct dsb_connection *conn, uint32_t most)
{
    struct nx_writer out = nx_writer_over(conn->out, sizeof(conn->out));
    uint32_t count = 0;

    for (; count < most; count++) {
        const struct dsb_frame ping = {.kind = DSB_FRAME_PING,
                                       .body = nx_bytes_of_text("eight...")};
        struct nx_writer plain = dsb_records_room(&out, 64);

        if (dsb_frame_encode(&ping, &plain) != NX_OK)
            break;
        EXPECT_STATUS(dsb_records_seal(&conn->session.records, plain.len, &out), NX_OK);
    }
    conn->out_len = out.len;
    return count;
}

/* Records that it has opened so far. */
static uint64_t opened_by(struct fabric_device *d, struct fabric_device *other)
{
    return fabric_connection(d, other)->session.records.receiving.next_number;
}

static void tiny_rows(void)
{
    enum {
        TINY = 2 * DSB_CONNECTION_RECORDS_MAX + 1
    };

    unit_row("of records that arrive together one turn takes its share, however tiny they are");
    begin_paired();
    EXPECT_EQ(put_pings(fabric_connection(b, a), TINY), TINY);
    uint64_t before = opened_by(a, b);
    b->is_touched = true;
    for (int i = 0; i < 100 && opened_by(a, b) == before; i++)
        (void)fabric_turn(f);
    EXPECT_EQ(opened_by(a, b) - before, DSB_CONNECTION_RECORDS_MAX);

    unit_row("and the rest in the next ones, at once and with no other event");
    EXPECT(is_due(a));
    fabric_settle(f);
    EXPECT_EQ(opened_by(a, b) - before, TINY);
    EXPECT(fabric_has_one_session(a, b));
}

static void pairing_rows(void)
{
    char code[DSB_PAIRING_CODE_LEN + 1];

    unit_row("what one link of a pairing hears may be for another one, which has its turn at once");
    f = fabric_begin();
    a = &f->devices[0];
    b = &f->devices[1];
    fabric_hear(b, a, a->address);
    EXPECT_STATUS(dsb_node_pair_offer(&a->node, f->now, b->identity.id_text, code), NX_OK);
    EXPECT_STATUS(
        dsb_node_pair_accept(&b->node, f->now, a->identity.id_text, nx_bytes_of_text(code)), NX_OK);
    a->is_touched = b->is_touched = true;
    for (int i = 0; i < 100 && dsb_pairing_state(&a->node.pairing, DSB_PAIRING_OWNER) !=
                                   DSB_PAIRING_CONFIRMING;
         i++)
        fabric_turn(f);
    EXPECT_EQ(dsb_pairing_state(&a->node.pairing, DSB_PAIRING_OWNER), DSB_PAIRING_CONFIRMING);
    EXPECT(is_due(a));

    unit_row("and when one is gone another may be wanted");
    fabric_turn(f);
    a->connections.has_more = false;
    EXPECT(!is_due(a));
    dsb_connection_close(&a->connections, f->now, &a->connections.config.places[0]);
    EXPECT(is_due(a));
    fabric_settle(f);
}

/* ---- news that is taken late ----------------------------------------------------------------- */

static void late_news_rows(void)
{
    unit_row("a session that another one replaces says goodbye at once, whoever takes the news");
    begin_paired();
    struct dsb_connection *conn = fabric_connection(a, b);
    if (!conn->session.is_initiator)
        conn = fabric_connection(b, a);
    struct nx_instant at = nx_instant_after(conn->up_at, nx_seconds(DSB_SESSION_LIFE_S));
    fabric_pass(f, nx_duration_between(f->now, at));
    EXPECT(fabric_has_one_session(a, b));
    EXPECT_EQ(a->news.up_count, 1);
    begin_paired();
    fabric_pass(f, nx_duration_between(f->now, (struct nx_instant){at.ns - 1}));
    EXPECT_EQ(a->news.up_count, 0);
    leave_events(true);
    fabric_pass(f, nx_milliseconds(100));
    EXPECT(fabric_has_one_session(a, b));
    leave_events(false);
    a->is_touched = b->is_touched = true;
    fabric_settle(f);
    EXPECT_EQ(a->news.up_count, 1);
    EXPECT_EQ(a->news.ended_count, 1);

    unit_row("who hears of a pairing when its session is there already dials no second one");
    f = fabric_begin();
    a = &f->devices[0];
    b = &f->devices[1];
    a->leaves_events = true;
    fabric_pair(a, b);
    uint64_t dial_count = f->net.dial_count;
    a->leaves_events = false;
    fabric_touch(a);
    EXPECT_EQ(a->news.paired_count, 1);
    fabric_pass(f, nx_seconds(60));
    EXPECT_EQ(f->net.dial_count, dial_count);
    EXPECT(fabric_has_one_session(a, b));

    unit_row("who is unpaired before the dial that a person asked for is not wanted again");
    begin_paired();
    fabric_switch_off(a, false);
    fabric_settle(f);
    a->host->is_silent = true;
    EXPECT_STATUS(dsb_node_connect(&b->node, a->identity.id_text), NX_OK);
    EXPECT_STATUS(dsb_node_unpair(&b->node, f->now, a->identity.id_text), NX_OK);
    dial_count = f->net.dial_count;
    fabric_touch(b);
    EXPECT_EQ(b->news.asked_count, 1);
    fabric_pass(f, nx_seconds(100));
    EXPECT_EQ(f->net.dial_count, dial_count);
    EXPECT(dsb_reach_find(&b->connections.reach, a->identity.id_text) == NULL);
}

/* A paired device's own beacon, signed. */
static void hear_signed(struct fabric_device *d, const struct fabric_device *other,
                        struct nx_address from, uint64_t sequence)
{
    uint8_t bytes[DSB_BEACON_MAX];
    uint8_t message[DSB_BEACON_MESSAGE_MAX];
    uint8_t signature[NX_ED25519_SIGNATURE_LEN];
    struct nx_writer out = nx_writer_over(bytes, sizeof(bytes));
    struct dsb_beacon beacon = {.device_id = nx_bytes_of_text(other->identity.id_text),
                                .port = from.port,
                                .has_trailer = true,
                                .sequence = sequence,
                                .ttl_s = DSB_DISCOVERY_TTL_S};

    memcpy(beacon.noise_static, other->identity.noise_static, sizeof(beacon.noise_static));
    EXPECT_STATUS(dsb_beacon_encode_signed_part(&beacon, &out, NULL), NX_OK);
    nx_crypto_ed25519_sign(signature, dsb_beacon_message(nx_writer_bytes(&out), message),
                           other->identity.secret_seed);
    nx_write_bytes(&out, nx_bytes_of(signature, sizeof(signature)));
    from.port = DSB_DISCOVERY_PORT;
    EXPECT_STATUS(dsb_node_datagram_input(&d->node, f->now, from, nx_writer_bytes(&out)), NX_OK);
    d->is_touched = true;
}

static void beacon_rows(void)
{
    unit_row("a paired device that announces itself, signed, is dialled without a wait");
    begin_paired();
    fabric_switch_off(a, false);
    fabric_switch_off(b, false);
    fabric_switch_on(a);
    b->host->refuses = true; /* so that it is b that dials */
    fabric_switch_on(b);
    fabric_settle(f);
    EXPECT_EQ(b->news.up_count, 0);
    hear_signed(b, a, a->address, 1);
    fabric_settle(f);
    EXPECT_EQ(b->news.up_count, 1);

    unit_row("a device that is not paired is not, whatever it announces");
    uint64_t dial_count = f->net.dial_count;
    hear_signed(b, &f->devices[2], f->devices[2].address, 1);
    fabric_settle(f);
    EXPECT_EQ(f->net.dial_count, dial_count);

    unit_row(
        "nor is one that is in session, wherever it says it is, and when it is not heard any more");
    struct nx_address moved = a->address;
    moved.port++;
    hear_signed(b, a, moved, 2);
    fabric_settle(f);
    fabric_pass(f, nx_seconds(2 * DSB_DISCOVERY_TTL_S));
    EXPECT_EQ(f->net.dial_count, dial_count);
    EXPECT(fabric_has_one_session(a, b));
}

/* A dial and a session that comes from the other side. */
static void overtaken_row(void)
{
    unit_row("of a dial that the other side's session has overtaken nothing is told");
    begin_paired();
    fabric_switch_off(a, false);
    fabric_switch_off(b, false);
    fabric_switch_on(a);
    fabric_switch_on(b);
    struct fake_host *silent = fakenet_add(&f->net, fabric_address(9, 1, 0));
    silent->is_silent = true;
    EXPECT_STATUS(dsb_discovery_authenticated(&b->node.discovery, f->now,
                                              nx_bytes_of_text(a->identity.id_text),
                                              fabric_address(9, 1, FABRIC_PORT)),
                  NX_OK);
    EXPECT_STATUS(dsb_node_connect(&b->node, a->identity.id_text), NX_OK);
    fabric_touch(b);
    EXPECT_EQ(b->connections.reach.trying_count, 1);
    fabric_hear(a, b, b->address);
    EXPECT_STATUS(dsb_node_connect(&a->node, b->identity.id_text), NX_OK);
    fabric_touch(a);
    EXPECT_EQ(b->news.up_count, 1);
    fabric_pass(f, nx_seconds(DSB_DIAL_TRY_S + 1));
    EXPECT_EQ(b->news.told[DSB_CONNECTIONS_DIAL_FAILED], 0);
    EXPECT_EQ(b->news.asked_count, 0);
    EXPECT(fabric_has_one_session(a, b));
    EXPECT_EQ(b->host->socket_count, 2);
}

/* ---- what was said --------------------------------------------------------------------------- */

/* Sixteen bytes of it in a row. */
static bool holds_said(const uint8_t *bytes, size_t len)
{
    size_t run = 0;

    for (size_t i = 0; i < len && run < 16; i++)
        run = bytes[i] == SAID ? run + 1 : 0;
    return run == 16;
}

static void said_rows(void)
{
    unit_row("a place that is free keeps nothing of what was heard there");
    begin_paired();
    a->host->receive_max = 100;
    struct dsb_byte_stream stream = open_stream(b, a);
    EXPECT_EQ(push(&stream, 1000), 1000);
    fabric_touch(b);
    const struct dsb_connection *conn = fabric_connection(a, b);
    EXPECT(holds_said(conn->in, sizeof(conn->in)));
    fabric_switch_off(a, false);
    EXPECT(!holds_said(conn->in, sizeof(conn->in)));

    unit_row("nor does what found no number for its record stay where it was written");
    begin_paired();
    stream = open_stream(b, a);
    conn = fabric_connection(b, a);
    fabric_connection(b, a)->session.records.sending.next_number = UINT64_MAX;
    EXPECT_EQ(push(&stream, 1000), 1000);
    fabric_touch(b);
    EXPECT(!holds_said(conn->out, sizeof(conn->out)));
}

UNIT_SUITE(connections_turns_test)
{
    accepting_row();
    sending_rows();
    tiny_rows();
    pairing_rows();
    late_news_rows();
    beacon_rows();
    overtaken_row();
    said_rows();
    unit_row("whatever the rows did, every socket and all memory is back");
    fabric_begin();
}
