/* Connections, and bytes that mean no good: before anybody is anybody, and from a paired device. */
#include "core/base/memory.h"
#include "core/bus/byte_stream.h"
#include "tests/node/fabric.h"
#include "tests/unit/unit.h"

enum {
    STRANGER_HOSTS = 50,
    STRANGERS = 200,
};

static struct fabric *f;
static struct fabric_device *a, *b, *c;

/* All three: `a` in session with `b` and with `c`. */
static void begin(void)
{
    f = fabric_begin();
    a = &f->devices[0];
    b = &f->devices[1];
    c = &f->devices[2];
    fabric_pair(a, b);
    fabric_pair(a, c);
    fabric_pass(f, nx_seconds(20));
    fabric_forget_news(f);
}

/* ---- strangers ------------------------------------------------------------------------------- */

static struct fake_host *stranger_hosts[STRANGER_HOSTS];
static struct nx_handle strangers[STRANGERS];

static struct nx_net net_of(size_t stranger)
{
    return fake_host_as_net(stranger_hosts[stranger % STRANGER_HOSTS]);
}

/* Each dials `a`, and says `bytes` as soon as it can. */
static void strangers_dial(struct nx_bytes bytes)
{
    for (size_t i = 0; i < STRANGER_HOSTS; i++)
        stranger_hosts[i] = fakenet_add(&f->net, fabric_address(7, (uint8_t)(i + 1), 0));
    for (size_t i = 0; i < STRANGERS; i++) {
        struct nx_net net = net_of(i);
        size_t sent;

        EXPECT_STATUS(nx_net_connect(&net, &a->address, NX_NEVER, &strangers[i], NULL), NX_OK);
        fabric_settle(f);
        if (bytes.len > 0) {
            (void)!nx_net_send(&net, strangers[i], &bytes, 1, &sent);
            fabric_settle(f);
        }
    }
}

static void strangers_leave(void)
{
    for (size_t i = 0; i < STRANGERS; i++) {
        struct nx_net net = net_of(i);

        nx_net_close(&net, strangers[i]);
    }
}

/* `b` lost its session and wants it back, now. */
static void expect_back_in(uint32_t seconds)
{
    fabric_switch_off(b, true);
    fabric_switch_on(b);
    fabric_hear(b, a, a->address);
    EXPECT_STATUS(dsb_node_connect(&b->node, a->identity.id_text), NX_OK);
    fabric_pass(f, nx_seconds(seconds));
    EXPECT_EQ(b->news.up_count, 1);
    EXPECT(fabric_session(b, a) != NULL);
}

static void stranger_rows(void)
{
    static const uint8_t length_of_none[] = {0xff, 0xff, 0xff, 0xff};
    static const uint8_t half[] = {0, 0, 0, 48, 1, 2, 3};
    static const uint8_t first[DSB_HANDSHAKE_FIRST_LEN] = {0, 0, 0, 48, 9};
    static const struct {
        const char *name;
        struct nx_bytes bytes;
        uint32_t seconds; /* until the paired device is in */
    } rows[] = {
        {"two hundred connections that say nothing keep no paired device out", {NULL, 0}, 3},
        {"nor two hundred with half a message", {half, sizeof(half)}, 3},
        {"nor two hundred with a length that no message has",
         {length_of_none, sizeof(length_of_none)},
         3},
        {"nor two hundred with a first message that does not open", {first, sizeof(first)}, 3},
    };

    for (size_t i = 0; i < NX_COUNT_OF(rows); i++) {
        unit_row(rows[i].name);
        begin();
        strangers_dial(rows[i].bytes);
        EXPECT(dsb_connections_open_count(&a->connections) <= DSB_GATE_PLACES_MAX + 8);
        expect_back_in(rows[i].seconds);
        fabric_pass(f, nx_seconds(60));
        EXPECT(fabric_has_one_session(a, b) && fabric_has_one_session(a, c));
        EXPECT_EQ(a->host->socket_count, 3);
        EXPECT_EQ(c->news.ended_count, 0);
        strangers_leave();
    }
}

/* One byte a second, of a first message that is as it should be. */
static void slow_row(void)
{
    unit_row("a handshake of a byte a second is over after five");
    begin();
    struct fake_host *slow = fakenet_add(&f->net, fabric_address(8, 1, 0));
    struct nx_net net = fake_host_as_net(slow);
    const uint8_t first[] = {0, 0, 0, 48, 1, 2, 3, 4, 5, 6};
    struct nx_handle handle;
    size_t sent;

    EXPECT_STATUS(nx_net_connect(&net, &a->address, NX_NEVER, &handle, NULL), NX_OK);
    fabric_settle(f);
    for (size_t i = 0; i < DSB_HANDSHAKE_S; i++) {
        struct nx_bytes byte = nx_bytes_of(first + i, 1);

        EXPECT_STATUS(nx_net_send(&net, handle, &byte, 1, &sent), NX_OK);
        EXPECT_EQ(a->host->socket_count, 4);
        fabric_pass(f, nx_seconds(1));
    }
    EXPECT_EQ(a->host->socket_count, 3);
    nx_net_close(&net, handle);
}

static void accept_row(void)
{
    unit_row("a failure below accept is a pause, and no end of listening");
    begin();
    a->host->cannot_accept = true;
    fabric_switch_off(b, false);
    fabric_switch_on(b);
    b->host->refuses = true; /* so that it is b that has to get in */
    fabric_hear(b, a, a->address);
    fabric_pass(f, nx_seconds(20));
    EXPECT_EQ(b->news.up_count, 0);
    a->host->cannot_accept = false;
    fabric_pass(f, nx_seconds(60));
    EXPECT(fabric_has_one_session(a, b));
}

/* ---- pace ------------------------------------------------------------------------------------ */

static void pace_rows(void)
{
    unit_row("everything works one byte at a time");
    f = fabric_begin();
    for (uint32_t i = 0; i < FABRIC_DEVICES; i++)
        f->devices[i].host->receive_max = 1;
    a = &f->devices[0];
    b = &f->devices[1];
    fabric_pair(a, b);
    EXPECT(fabric_has_one_session(a, b) || a->news.up_count == 1);

    unit_row("and through pipes of a hundred bytes");
    f = fabric_begin();
    f->net.pipe_size = 100;
    fabric_pair(a, b);
    fabric_pass(f, nx_seconds(5));
    EXPECT(fabric_has_one_session(a, b));

    unit_row("a record that never becomes whole ends its session with a reason, on both sides");
    begin();
    f->net.pipe_size = FAKENET_PIPE_MAX;
    const uint8_t head[] = {0, 0, 1, 0, 7};
    struct dsb_connection *conn = fabric_connection(b, a);
    memcpy(conn->out + conn->out_len, head, sizeof(head));
    conn->out_len += sizeof(head);
    fabric_touch(b);
    fabric_pass(f, nx_seconds(DSB_RECORD_REST_S - 1));
    EXPECT_EQ(a->news.ended_count, 0);
    fabric_pass(f, nx_seconds(2));
    EXPECT_EQ(a->news.ended_count, 1);
    EXPECT_STATUS(a->news.end.status, NX_E_TIMEOUT);
    EXPECT_TEXT(a->news.end.why.text, "a record that never became whole");
    EXPECT_STATUS(b->news.end.status, NX_END);
    EXPECT_EQ(b->news.end.code, DSB_GOAWAY_PROTOCOL);
    EXPECT_TEXT(b->news.end.why.text, "a record that never became whole");
}

/* ---- from a paired device -------------------------------------------------------------------- */

/* A record that `from` would not make: it goes to `to` as if it had. */
static void say_record(struct fabric_device *from, struct fabric_device *to, struct nx_bytes plain)
{
    struct dsb_connection *conn = fabric_connection(from, to);
    struct nx_writer out = nx_writer_over(conn->out, sizeof(conn->out));

    out.len = conn->out_len;
    struct nx_writer place = dsb_records_room(&out, DSB_RECORD_PLAIN_MAX);
    nx_write_bytes(&place, plain);
    EXPECT_STATUS(dsb_records_seal(&conn->session.records, plain.len, &out), NX_OK);
    conn->out_len = out.len;
}

static const uint8_t ping[] = {6, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8};

static void expect_breach(enum nx_status status, const char *why)
{
    EXPECT_EQ(a->news.ended_count, 1);
    EXPECT_STATUS(a->news.end.status, status);
    EXPECT_TEXT(a->news.end.why.text, why);
    EXPECT_EQ(b->news.ended_count, 1);
    EXPECT_STATUS(b->news.end.status, NX_END);
    EXPECT_EQ(b->news.end.code, DSB_GOAWAY_PROTOCOL);
    EXPECT_TEXT(b->news.end.why.text, why);
    EXPECT_EQ(c->news.ended_count, 0);
    EXPECT(fabric_has_one_session(a, c));
    EXPECT_EQ(a->host->resets_sent, 0);

    fabric_pass(f, nx_seconds(10)); /* it is no reason to be enemies for ever */
    EXPECT(fabric_has_one_session(a, b));
}

static void breach_rows(void)
{
    unit_row("a record that ends inside a frame ends the session, for a reason that both are told");
    begin();
    say_record(b, a, nx_bytes_of(ping, sizeof(ping) - 1));
    fabric_touch(b);
    expect_breach(NX_E_MALFORMED, "a record that ends inside a frame");

    unit_row("so does one that ends inside the head of a frame, behind a whole one");
    begin();
    uint8_t more[sizeof(ping) + 5];
    memcpy(more, ping, sizeof(ping));
    memcpy(more + sizeof(ping), ping, 5);
    say_record(b, a, nx_bytes_of(more, sizeof(more)));
    fabric_touch(b);
    expect_breach(NX_E_MALFORMED, "a record that ends inside a frame");

    unit_row("so does one bit that was turned on its way");
    begin();
    say_record(b, a, nx_bytes_of(ping, sizeof(ping)));
    struct dsb_connection *conn = fabric_connection(b, a);
    conn->out[conn->out_len - 1] ^= 1;
    fabric_touch(b);
    expect_breach(NX_E_CRYPTO, "a record that does not open");

    unit_row("and a record that comes twice");
    begin();
    say_record(b, a, nx_bytes_of(ping, sizeof(ping)));
    conn = fabric_connection(b, a);
    size_t len = conn->out_len;
    memcpy(conn->out + len, conn->out, len);
    conn->out_len = 2 * len;
    fabric_touch(b);
    expect_breach(NX_E_CRYPTO, "a record that does not open");

    unit_row("and a length that no record has");
    begin();
    conn = fabric_connection(b, a);
    memset(conn->out + conn->out_len, 0xff, 4);
    conn->out_len += 4;
    fabric_touch(b);
    expect_breach(NX_E_LIMIT, "a record that does not open");

    unit_row("what follows a breach in the same bytes is not looked at");
    begin();
    say_record(b, a, nx_bytes_of(ping, sizeof(ping) - 1));
    for (int i = 0; i < 10; i++)
        say_record(b, a, nx_bytes_of(ping, sizeof(ping)));
    fabric_touch(b);
    expect_breach(NX_E_MALFORMED, "a record that ends inside a frame");
}

/* ---- who does not read ----------------------------------------------------------------------- */

static void push_until_full(struct dsb_byte_stream *stream)
{
    static const uint8_t bytes[65536];
    size_t taken;

    while (dsb_byte_stream_push(stream, f->now, nx_bytes_of(bytes, sizeof(bytes)), &taken) == NX_OK)
        fabric_touch(a);
}

static void never_reads_rows(void)
{
    struct dsb_byte_stream stream;

    unit_row("a device that never reads holds up no other, and is given up as silent");
    begin();
    f->net.pipe_size = 4096;
    EXPECT_STATUS(dsb_byte_stream_open(&stream, fabric_session(a, c), nx_bytes_of_text("t")),
                  NX_OK);
    fabric_touch(a);
    c->is_frozen = true;
    push_until_full(&stream);
    EXPECT_STATUS(dsb_byte_stream_open(&stream, fabric_session(a, b), nx_bytes_of_text("t")),
                  NX_OK);
    fabric_touch(a);
    EXPECT_EQ(b->news.opened_count, 1);
    fabric_pass(f, nx_seconds(100 + DSB_RECORD_REST_S));
    EXPECT_EQ(a->news.ended_count, 1);
    EXPECT_STATUS(a->news.end.status, NX_E_TIMEOUT);

    unit_row("its connection is given back, though our last word finds no room");
    EXPECT_EQ(a->host->socket_count, 2 + a->connections.reach.trying_count);
    EXPECT(fabric_has_one_session(a, b));

    unit_row("one that breaks the rules and never reads is rid of as soon");
    begin();
    f->net.pipe_size = 4096;
    EXPECT_STATUS(dsb_byte_stream_open(&stream, fabric_session(a, b), nx_bytes_of_text("t")),
                  NX_OK);
    fabric_touch(a);
    b->is_frozen = true;
    push_until_full(&stream);
    struct dsb_connection *conn = fabric_connection(b, a);
    say_record(b, a, nx_bytes_of(ping, sizeof(ping) - 1));
    struct nx_bytes bytes = nx_bytes_of(conn->out, conn->out_len);
    size_t sent;
    EXPECT_STATUS(nx_net_send(&b->net, conn->socket, &bytes, 1, &sent), NX_OK);
    fabric_pass(f, nx_seconds(DSB_RECORD_REST_S));
    EXPECT_EQ(a->news.ended_count, 1);
    EXPECT_STATUS(a->news.end.status, NX_E_MALFORMED);
    EXPECT_EQ(dsb_connections_open_count(&a->connections), 1 + a->connections.reach.trying_count);

    unit_row("and so is one whose record does not open");
    begin();
    f->net.pipe_size = 4096;
    EXPECT_STATUS(dsb_byte_stream_open(&stream, fabric_session(a, b), nx_bytes_of_text("t")),
                  NX_OK);
    fabric_touch(a);
    b->is_frozen = true;
    push_until_full(&stream);
    static const uint8_t none[] = {0, 0, 0, 17, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7};
    bytes = nx_bytes_of(none, sizeof(none));
    EXPECT_STATUS(nx_net_send(&b->net, fabric_connection(b, a)->socket, &bytes, 1, &sent), NX_OK);
    fabric_pass(f, nx_seconds(DSB_RECORD_REST_S));
    EXPECT_EQ(a->news.ended_count, 1);
    EXPECT_STATUS(a->news.end.status, NX_E_CRYPTO);
    EXPECT_EQ(dsb_connections_open_count(&a->connections), 1 + a->connections.reach.trying_count);
}

UNIT_SUITE(connections_input_test)
{
    stranger_rows();
    slow_row();
    accept_row();
    pace_rows();
    breach_rows();
    never_reads_rows();
    unit_row("whatever the rows did, every socket and all memory is back");
    fabric_begin();
}
