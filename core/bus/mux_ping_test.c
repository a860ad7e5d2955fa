/* Signs of life that are asked for, and what carries the frames breaking (core/bus/mux.h). */
#include "core/base/memory.h"
#include "core/bus/mux.h"
#include "tests/unit/unit.h"

enum {
    MEMORY = 10 * 1048576,
};

static const struct dsb_profile profile = {
    .name = "asked",
    .stream_count_max = 8,
    .stream_queue_max = 65536,
    .grants_max = DSB_CREDIT_SESSION_MAX,
    .queues_max = 4 * 65536,
    .block_size = 1024,
    .keepalive_interval = {30 * UINT64_C(1000000000)},
    .keepalive_timeout = {90 * UINT64_C(1000000000)},
};

static uint64_t memory[MEMORY / 8];
static uint8_t wire[DSB_FRAME_MAX];
static struct dsb_pools pools;
static struct dsb_mux mux;

static struct nx_instant at(uint32_t ms)
{
    return (struct nx_instant){nx_milliseconds(ms).ns};
}

static void begin(const char *row)
{
    unit_row(row);
    EXPECT_STATUS(dsb_pools_init(&pools, &profile, memory, sizeof(memory)), NX_OK);
    dsb_mux_init(&mux, at(0), &pools, true);
}

/* The next frame that goes out, lent until the next call; kind 0: none. */
static struct dsb_frame out(void)
{
    static struct nx_bytes rest;
    struct dsb_frame frame = {0};
    size_t used = 0;

    if (rest.len == 0) {
        struct nx_writer w = nx_writer_over(wire, sizeof(wire));

        if (!dsb_mux_output(&mux, &w))
            return frame;
        rest = nx_writer_bytes(&w);
    }
    EXPECT_STATUS(dsb_frame_decode(rest, &frame, &used), NX_OK);
    rest = nx_bytes_skip(rest, used);
    return frame;
}

static void in(struct nx_instant now, struct dsb_frame frame)
{
    uint8_t bytes[128];
    struct nx_writer w = nx_writer_over(bytes, sizeof(bytes));
    size_t used;

    EXPECT_STATUS(dsb_frame_encode(&frame, &w), NX_OK);
    EXPECT_STATUS(dsb_mux_input(&mux, now, nx_writer_bytes(&w), &used), NX_OK);
}

/* The PING that goes out now. */
static void take_ping(uint8_t eight[DSB_PING_LEN])
{
    struct dsb_frame ping = out();

    EXPECT_EQ(ping.kind, DSB_FRAME_PING);
    if (EXPECT_EQ(ping.body.len, DSB_PING_LEN) && EXPECT(ping.body.ptr != NULL))
        memcpy(eight, ping.body.ptr, DSB_PING_LEN);
    EXPECT_EQ(out().kind, 0);
}

static void pong(struct nx_instant now, const uint8_t eight[DSB_PING_LEN])
{
    in(now, (struct dsb_frame){.kind = DSB_FRAME_PONG, .body = nx_bytes_of(eight, DSB_PING_LEN)});
}

static void expect_no_event(void)
{
    struct dsb_mux_event event;

    EXPECT(!dsb_mux_event(&mux, &event));
}

static void expect_pong_of(uint32_t ms)
{
    struct dsb_mux_event event = {0};

    EXPECT(dsb_mux_event(&mux, &event));
    EXPECT_EQ(event.kind, DSB_MUX_PONG);
    EXPECT_EQ(event.round_trip.ns, nx_milliseconds(ms).ns);
}

static void ping_rows(void)
{
    uint8_t first[DSB_PING_LEN];
    uint8_t second[DSB_PING_LEN];

    begin("a ping goes out, and its answer tells how long it took");
    EXPECT_STATUS(dsb_mux_ping(&mux, at(100)), NX_OK);
    EXPECT(dsb_mux_has_output(&mux));
    take_ping(first);
    EXPECT(!dsb_mux_has_output(&mux));
    expect_no_event();
    pong(at(142), first);
    expect_pong_of(42);
    expect_no_event();

    begin("one at a time: a second one has to wait until the first was told");
    EXPECT_STATUS(dsb_mux_ping(&mux, at(0)), NX_OK);
    EXPECT_STATUS(dsb_mux_ping(&mux, at(0)), NX_E_BUSY);
    take_ping(first);
    EXPECT_STATUS(dsb_mux_ping(&mux, at(1)), NX_E_BUSY);
    pong(at(2), first);
    EXPECT_STATUS(dsb_mux_ping(&mux, at(2)), NX_E_BUSY);
    expect_pong_of(2);
    EXPECT_STATUS(dsb_mux_ping(&mux, at(3)), NX_OK);
    take_ping(second);
    EXPECT(memcmp(first, second, DSB_PING_LEN) != 0);

    unit_row("the answer to an earlier ping is none to this one");
    pong(at(4), first);
    expect_no_event();
    pong(at(5), second);
    expect_pong_of(2);

    begin("an answer that comes twice is told once");
    EXPECT_STATUS(dsb_mux_ping(&mux, at(0)), NX_OK);
    take_ping(first);
    pong(at(1), first);
    pong(at(2), first);
    expect_pong_of(1);
    pong(at(3), first);
    expect_no_event();

    begin("an answer to what never was asked is none");
    EXPECT_STATUS(dsb_mux_ping(&mux, at(0)), NX_OK);
    pong(at(1), (const uint8_t *)"\x01\0\0\0\0\0\0\0"); /* the one that will be asked */
    expect_no_event();
    take_ping(first);
    pong(at(2), (const uint8_t *)"\x02\0\0\0\0\0\0\0");
    pong(at(2), (const uint8_t *)"\xff\xff\xff\xff\xff\xff\xff\xff");
    pong(at(2), (const uint8_t *)"\0\0\0\0\0\0\0\0");
    expect_no_event();
    pong(at(3), first);
    expect_pong_of(3);

    begin("the keepalive's probe behind it may be the one that is answered");
    EXPECT_STATUS(dsb_mux_ping(&mux, at(0)), NX_OK);
    take_ping(first);
    dsb_mux_tick(&mux, at(30000));
    take_ping(second);
    pong(at(30010), second);
    expect_pong_of(30010);

    begin("one frame asks for the keepalive and for a ping");
    dsb_mux_tick(&mux, at(30000));
    EXPECT_STATUS(dsb_mux_ping(&mux, at(30000)), NX_OK);
    take_ping(first);
    pong(at(30001), first);
    expect_pong_of(1);
}

static void ping_end_rows(void)
{
    struct dsb_mux_event event = {0};
    uint8_t eight[DSB_PING_LEN];

    begin("a session that is ending may be asked");
    struct dsb_stream_handle stream;
    EXPECT_STATUS(dsb_mux_open(&mux, nx_bytes_of_text("a"), 0, true, &stream), NX_OK);
    EXPECT_EQ(out().kind, DSB_FRAME_OPEN);
    EXPECT_STATUS(dsb_mux_shutdown(&mux, DSB_GOAWAY_BYE, "bye"), NX_OK);
    EXPECT_EQ(out().kind, DSB_FRAME_GOAWAY);
    EXPECT_STATUS(dsb_mux_ping(&mux, at(0)), NX_OK);
    take_ping(eight);

    unit_row("an answer is told before the end, and a session that is over is not asked");
    pong(at(7), eight);
    dsb_mux_cut(&mux);
    EXPECT(dsb_mux_event(&mux, &event));
    EXPECT_EQ(event.kind, DSB_MUX_ENDED);
    expect_pong_of(7);
    EXPECT(dsb_mux_event(&mux, &event));
    EXPECT_EQ(event.kind, DSB_MUX_SESSION_ENDED);
    EXPECT_STATUS(dsb_mux_ping(&mux, at(8)), NX_E_CLOSED);

    begin("an answer that did not come before the end never does");
    EXPECT_STATUS(dsb_mux_ping(&mux, at(0)), NX_OK);
    dsb_mux_cut(&mux);
    EXPECT_EQ(out().kind, 0);
    EXPECT(dsb_mux_event(&mux, &event));
    EXPECT_EQ(event.kind, DSB_MUX_SESSION_ENDED);
    expect_no_event();
}

static void doubt_rows(void)
{
    struct dsb_mux_event event = {0};
    uint8_t eight[DSB_PING_LEN];

    begin("a session that is doubted is asked at once, and goes on when the peer is heard");
    dsb_mux_doubt(&mux, at(5000));
    EXPECT_EQ(dsb_mux_deadline(&mux).ns, at(15000).ns);
    take_ping(eight);
    pong(at(14999), eight);
    dsb_mux_tick(&mux, at(15000));
    expect_no_event();
    EXPECT_EQ(mux.state, DSB_MUX_ACTIVE);

    begin("a peer that is not heard in ten seconds after a doubt is given up");
    dsb_mux_doubt(&mux, at(5000));
    take_ping(eight);
    dsb_mux_tick(&mux, at(14999));
    expect_no_event();
    dsb_mux_tick(&mux, at(15000));
    EXPECT(dsb_mux_event(&mux, &event));
    EXPECT_STATUS(event.status, NX_E_TIMEOUT);
    EXPECT_EQ(out().code, DSB_GOAWAY_TIMEOUT);

    unit_row("what is over is not doubted");
    dsb_mux_doubt(&mux, at(15000));
    EXPECT_EQ(out().kind, 0);
}

static void break_rows(void)
{
    struct dsb_mux_event event = {0};

    begin("what carries the frames found a breach: it is over, and the peer is told what");
    dsb_mux_break(&mux, NX_E_CRYPTO, "a record does not open");
    EXPECT(!dsb_mux_is_over(&mux));
    struct dsb_frame goaway = out();
    EXPECT_EQ(goaway.kind, DSB_FRAME_GOAWAY);
    EXPECT_EQ(goaway.code, DSB_GOAWAY_PROTOCOL);
    EXPECT_BYTES(goaway.body, nx_bytes_of_text("a record does not open"));
    EXPECT(dsb_mux_is_over(&mux));
    EXPECT(dsb_mux_event(&mux, &event));
    EXPECT_STATUS(event.status, NX_E_CRYPTO);
    EXPECT(!event.by_peer);
    EXPECT_TEXT(event.why.text, "a record does not open");

    unit_row("what is over breaks no more");
    dsb_mux_break(&mux, NX_E_MALFORMED, "again");
    EXPECT_EQ(out().kind, 0);
    expect_no_event();

    begin("a breach behind the peer's GOAWAY is told with its reason");
    struct dsb_stream_handle stream;
    EXPECT_STATUS(dsb_mux_open(&mux, nx_bytes_of_text("a"), 0, true, &stream), NX_OK);
    EXPECT_EQ(out().kind, DSB_FRAME_OPEN);
    in(at(0), (struct dsb_frame){.kind = DSB_FRAME_GOAWAY, .last_stream_id = 1});
    dsb_mux_break(&mux, NX_E_MALFORMED, "a record ends inside a frame");
    EXPECT_EQ(out().code, DSB_GOAWAY_PROTOCOL);
    EXPECT(dsb_mux_event(&mux, &event));
    EXPECT_EQ(event.kind, DSB_MUX_ENDED);
    EXPECT(dsb_mux_event(&mux, &event));
    EXPECT_STATUS(event.status, NX_E_MALFORMED);
}

/* Streams of ours, so many bytes pushed on each. */
static struct dsb_stream_handle pushed(const char *name, bool is_messages, size_t len)
{
    static uint8_t payload[1000];
    struct dsb_stream_handle stream = {0};
    size_t taken = 0;

    EXPECT_STATUS(dsb_mux_open(&mux, nx_bytes_of_text(name), 0, is_messages, &stream), NX_OK);
    EXPECT_STATUS(
        dsb_mux_push(&mux, at(0), stream, nx_bytes_of(payload, len), DSB_PUSH_WHOLE, &taken),
        NX_OK);
    EXPECT_EQ(taken, len);
    return stream;
}

static void unconfirmed_rows(void)
{
    struct dsb_mux_event event = {0};
    struct dsb_amount sum = {0};

    begin("the end of a session tells once what all its streams had accepted and not confirmed");
    struct dsb_stream_handle gone = pushed("msg/gone", true, 5);
    (void)pushed("msg/sent", true, 100);
    while (out().kind != 0) {
    }
    in(at(0), (struct dsb_frame){.kind = DSB_FRAME_WINDOW_UPDATE, .stream_id = 3, .window = 100});
    (void)pushed("msg/waits", true, 30);
    (void)pushed("msg/waits too", true, 0);
    EXPECT_STATUS(dsb_mux_abort(&mux, gone, 300, "thought better of it"), NX_OK);
    dsb_mux_release(&mux, gone);
    EXPECT(dsb_mux_event(&mux, &event));
    EXPECT_EQ(event.unconfirmed.bytes, 5);

    dsb_mux_cut(&mux);
    sum = event.unconfirmed;
    while (dsb_mux_event(&mux, &event) && event.kind == DSB_MUX_ENDED) {
        sum.bytes += event.unconfirmed.bytes;
        sum.messages += event.unconfirmed.messages;
    }
    EXPECT_EQ(event.kind, DSB_MUX_SESSION_ENDED);
    EXPECT_EQ(event.unconfirmed.bytes, 5 + 30);
    EXPECT_EQ(event.unconfirmed.messages, 3);
    EXPECT_EQ(event.unconfirmed.bytes, sum.bytes);
    EXPECT_EQ(event.unconfirmed.messages, sum.messages);

    begin("0 when all of it was confirmed");
    (void)pushed("msg/sent", true, 100);
    while (out().kind != 0) {
    }
    in(at(0), (struct dsb_frame){.kind = DSB_FRAME_WINDOW_UPDATE, .stream_id = 1, .window = 100});
    dsb_mux_terminate(&mux, DSB_GOAWAY_BYE, "bye");
    while (dsb_mux_event(&mux, &event) && event.kind == DSB_MUX_ENDED) {
    }
    EXPECT_EQ(event.kind, DSB_MUX_SESSION_ENDED);
    EXPECT_EQ(event.unconfirmed.bytes, 0);
    EXPECT_EQ(event.unconfirmed.messages, 0);
}

UNIT_SUITE(mux_ping_test)
{
    ping_rows();
    ping_end_rows();
    doubt_rows();
    break_rows();
    unconfirmed_rows();
}
