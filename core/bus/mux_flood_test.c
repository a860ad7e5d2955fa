/* A peer that means harm: whatever it does, for however long, what it can hold of a node is bounded,
 * the session goes on or ends with a reason, and everything comes back. */
#include "core/base/memory.h"
#include "core/base/text.h"
#include "core/bus/mux.h"
#include "tests/unit/unit.h"

enum {
    MEMORY = 10 * 1048576,
    MANY = 10000,
};

static const struct dsb_profile profile = {
    .name = "flooded",
    .stream_count_max = DSB_STREAMS_PER_SESSION_MAX,
    .stream_queue_max = 65536,
    .grants_max = DSB_CREDIT_SESSION_MAX,
    .queues_max = 4 * 65536,
    .block_size = 1024,
    .keepalive_interval = {30 * UINT64_C(1000000000)},
    .keepalive_timeout = {90 * UINT64_C(1000000000)},
};

static uint64_t memory[MEMORY / 8];
static uint8_t payload[DSB_FRAME_PAYLOAD_MAX];
static uint8_t wire[DSB_FRAME_MAX];

static struct {
    struct dsb_pools pools;
    struct dsb_mux mux;
    struct nx_instant now;
    size_t out_len; /* bytes that went out */
} flood;

static enum nx_status input(struct dsb_frame frame, struct nx_bytes body)
{
    struct nx_writer w = nx_writer_over(wire, sizeof(wire));
    size_t used;

    frame.body = body;
    EXPECT_STATUS(dsb_frame_encode(&frame, &w), NX_OK);
    return dsb_mux_input(&flood.mux, flood.now, nx_writer_bytes(&w), &used);
}

static enum nx_status open_in(uint32_t id, const char *name)
{
    return input(
        (struct dsb_frame){.kind = DSB_FRAME_OPEN, .stream_id = id, .window = DSB_CREDIT_INITIAL},
        nx_bytes_of_text(name));
}

static enum nx_status data_in(uint32_t id, uint32_t len)
{
    return input((struct dsb_frame){.kind = DSB_FRAME_DATA, .stream_id = id},
                 nx_bytes_of(payload, len));
}

static enum nx_status on_stream(enum dsb_frame_kind kind, uint32_t id, uint32_t window)
{
    return input((struct dsb_frame){.kind = kind, .stream_id = id, .window = window},
                 nx_bytes_of(NULL, 0));
}

/* Take all that goes out; the last frame of it. */
static struct dsb_frame drain(void)
{
    struct dsb_frame frame = {0};

    for (;;) {
        struct nx_writer w = nx_writer_over(wire, sizeof(wire));

        if (!dsb_mux_output(&flood.mux, &w))
            return frame;
        flood.out_len += w.len;
        for (struct nx_bytes rest = nx_writer_bytes(&w); rest.len > 0;) {
            size_t used = 0;

            if (!EXPECT_STATUS(dsb_frame_decode(rest, &frame, &used), NX_OK))
                return frame;
            rest = nx_bytes_skip(rest, used);
        }
    }
}

static struct dsb_stream_handle take_opened(void)
{
    struct dsb_mux_event event = {0};

    while (dsb_mux_event(&flood.mux, &event) && event.kind != DSB_MUX_OPENED) {
    }
    return event.stream;
}

static struct dsb_stream_handle accepted(uint32_t id, const char *name)
{
    EXPECT_STATUS(open_in(id, name), NX_OK);
    struct dsb_stream_handle stream = take_opened();
    EXPECT_STATUS(dsb_mux_accept(&flood.mux, stream, true, 0), NX_OK);
    drain();
    return stream;
}

static void begin(const char *row)
{
    unit_row(row);
    memset(&flood, 0, sizeof(flood));
    EXPECT_STATUS(dsb_pools_init(&flood.pools, &profile, memory, sizeof(memory)), NX_OK);
    dsb_mux_init(&flood.mux, flood.now, &flood.pools, true);
}

/* Wipe, and see what the worst moment took. */
static void end(uint32_t blocks_at_most, uint32_t streams_at_most)
{
    dsb_mux_wipe(&flood.mux);
    EXPECT_EQ(flood.pools.blocks.used_count, 0);
    EXPECT_EQ(flood.pools.streams.used_count, 0);
    EXPECT_EQ(flood.pools.grants.used + flood.pools.growth.used + flood.pools.queues.used, 0);
    EXPECT(flood.pools.blocks.high_water <= blocks_at_most);
    EXPECT(flood.pools.streams.high_water <= streams_at_most);
}

/* Frames of `len` bytes until the credit is gone; how many were taken. */
static uint32_t fill(uint32_t id, uint32_t len)
{
    uint32_t count = 0;

    while (data_in(id, len) == NX_OK)
        count++;
    return count;
}

/* The session ended, and this is what its owner hears of it. */
static void expect_ended(const char *why)
{
    struct dsb_mux_event event = {0};

    while (dsb_mux_event(&flood.mux, &event) && event.kind != DSB_MUX_SESSION_ENDED) {
    }
    EXPECT_EQ(event.kind, DSB_MUX_SESSION_ENDED);
    EXPECT_TEXT(event.why.text, why);
}

/* A stream of ours is not opened, for this limit. */
static void expect_no_room(const char *limit)
{
    struct dsb_stream_handle stream;
    struct nx_why why;

    EXPECT_STATUS(dsb_mux_open(&flood.mux, nx_bytes_of_text("ours"), 0, true, &stream), NX_E_LIMIT);
    dsb_mux_why(&flood.mux, &why);
    EXPECT_TEXT(why.text, limit);
}

static void data_rows(void)
{
    /* A window of frames of 64 bytes: 1,024 of 68 bytes each, in blocks of 1,016, and one begun. */
    enum {
        WINDOW_BLOCKS = 70,
    };

    begin("a flood of empty frames is bounded by credit: 1,024, and the session ends");
    accepted(2, "byte/a");
    EXPECT_EQ(fill(2, 0), 1024);
    EXPECT_EQ(flood.mux.state, DSB_MUX_OVER);
    end(5, 1);

    begin("a flood of frames of one byte likewise, in 5 KiB");
    accepted(2, "byte/a");
    EXPECT_EQ(fill(2, 1), 1024);
    end(6, 1);

    begin("a flood of frames of 64 bytes takes the most of memory, 17/16 of the window");
    accepted(2, "byte/a");
    EXPECT_EQ(fill(2, 64), 1024);
    end(WINDOW_BLOCKS, 1);

    begin("128 streams filled and never read are what was granted, and the next stream is refused");
    for (uint32_t i = 0; i < DSB_STREAMS_PER_SESSION_MAX; i++) {
        char name[8];
        struct nx_text t = nx_text_over(name, sizeof(name));

        nx_text_add(&t, "s");
        nx_text_add_u64(&t, i);
        EXPECT_STATUS(open_in(2 + 2 * i, name), NX_OK);
        for (uint32_t k = 0; k < 1024; k++)
            EXPECT_STATUS(data_in(2 + 2 * i, 64), NX_OK);
    }
    EXPECT_STATUS(open_in(1000, "late"), NX_OK);
    EXPECT_EQ(drain().code, DSB_RST_LIMIT);
    EXPECT_EQ(flood.pools.grants.used, DSB_CREDIT_SESSION_MAX);
    end(DSB_STREAMS_PER_SESSION_MAX * WINDOW_BLOCKS, DSB_STREAMS_PER_SESSION_MAX);
}

static void open_rows(void)
{
    begin("open and reset for ever: no slot, no credit and no memory stay behind");
    for (uint32_t i = 0; i < MANY; i++) {
        flood.now.ns += 10000000; /* 100 a second */
        EXPECT_STATUS(open_in(2 + 2 * i, "same"), NX_OK);
        EXPECT_STATUS(data_in(2 + 2 * i, 100), NX_OK);
        EXPECT_STATUS(on_stream(DSB_FRAME_RST, 2 + 2 * i, 0), NX_OK);
    }
    EXPECT_EQ(flood.pools.streams.used_count + flood.pools.blocks.used_count, 0);
    EXPECT_EQ(flood.mux.gone_credit, 0);
    EXPECT(!dsb_mux_has_output(&flood.mux));
    end(1, 1);

    begin("a burst of 256 streams opened and reset passes, the 257th ends the session");
    enum nx_status status = NX_OK;
    uint32_t count = 0;
    while (status == NX_OK && count < 300) {
        status = open_in(2 + 2 * count, "same");
        if (status == NX_OK) {
            EXPECT_STATUS(on_stream(DSB_FRAME_RST, 2 + 2 * count, 0), NX_OK);
            count++;
        }
    }
    EXPECT_STATUS(status, NX_E_LIMIT);
    EXPECT_EQ(count, 256);
    struct dsb_frame last = drain();
    EXPECT_EQ(last.kind, DSB_FRAME_GOAWAY);
    EXPECT_EQ(last.code, DSB_GOAWAY_LIMIT);
    EXPECT_BYTES(last.body, nx_bytes_of_text("streams opened at once, beyond 128 a second: limit "
                                             "256, asked 257"));
    expect_ended("streams opened at once, beyond 128 a second: limit 256, asked 257");
    end(0, 1);

    begin("after a burst of 256, one second is 128 streams more and not 129");
    count = 0;
    for (; count < 256; count++) {
        EXPECT_STATUS(open_in(2 + 2 * count, "same"), NX_OK);
        EXPECT_STATUS(on_stream(DSB_FRAME_RST, 2 + 2 * count, 0), NX_OK);
    }
    flood.now = nx_instant_after(flood.now, nx_seconds(1));
    for (; count < 256 + 128; count++) {
        EXPECT_STATUS(open_in(2 + 2 * count, "same"), NX_OK);
        EXPECT_STATUS(on_stream(DSB_FRAME_RST, 2 + 2 * count, 0), NX_OK);
    }
    EXPECT_STATUS(open_in(2 + 2 * count, "same"), NX_E_LIMIT);
    end(0, 1);

    begin("refusals to a peer that never reads are 16, and then the session ends");
    EXPECT_STATUS(open_in(2, "same"), NX_OK);
    count = 0;
    while (open_in(4 + 2 * count, "same") == NX_OK)
        count++;
    EXPECT_EQ(count, DSB_RST_WAITING_MAX);
    EXPECT_EQ(flood.mux.state, DSB_MUX_OVER);
    end(0, 1);
}

static void slot_rows(void)
{
    begin("10,000 streams of one name come to their end in one session: slots and names are used "
          "again");
    for (uint32_t i = 0; i < MANY; i++) {
        uint32_t id = 2 + 2 * i;

        flood.now.ns += 10000000;
        struct dsb_stream_handle stream = accepted(id, "msg/same");
        EXPECT_STATUS(on_stream(DSB_FRAME_CLOSE, id, 0), NX_OK);
        EXPECT_STATUS(dsb_mux_finish(&flood.mux, stream), NX_OK);
        drain();
        dsb_mux_release(&flood.mux, stream);
        struct dsb_mux_event event;
        EXPECT(dsb_mux_event(&flood.mux, &event) && event.kind == DSB_MUX_ENDED);
        EXPECT_STATUS(event.status, NX_END);
    }
    EXPECT_EQ(flood.mux.state, DSB_MUX_ACTIVE);
    end(0, 1);

    begin("10,000 streams of ours, likewise");
    for (uint32_t i = 0; i < MANY; i++) {
        struct dsb_stream_handle stream;
        struct dsb_mux_event event;

        EXPECT_STATUS(dsb_mux_open(&flood.mux, nx_bytes_of_text("msg/same"), 0, true, &stream),
                      NX_OK);
        EXPECT_EQ(drain().stream_id, 1 + 2 * i);
        EXPECT_STATUS(on_stream(DSB_FRAME_RST, 1 + 2 * i, 0), NX_OK);
        dsb_mux_release(&flood.mux, stream);
        EXPECT(dsb_mux_event(&flood.mux, &event) && event.kind == DSB_MUX_ENDED);
    }
    end(0, 1);

    begin("an id that would come round again is not opened");
    struct dsb_stream_handle stream;
    flood.mux.next_id = UINT32_MAX;
    expect_no_room("stream ids of the session: limit 4294967293, asked 4294967295");
    flood.mux.next_id = UINT32_MAX - 2;
    EXPECT_STATUS(dsb_mux_open(&flood.mux, nx_bytes_of_text("a"), 0, true, &stream), NX_OK);
    EXPECT_STATUS(dsb_mux_open(&flood.mux, nx_bytes_of_text("b"), 0, true, &stream), NX_E_LIMIT);
    end(0, 1);
}

/* Whoever asks for a stream hears which limit there was none left of, its value, and what was asked. */
static void room_rows(void)
{
    struct nx_why why;

    begin("before any limit was met there is no sentence to one");
    dsb_mux_why(&flood.mux, &why);
    EXPECT_TEXT(why.text, "");
    end(0, 0);

    begin("a node whose slots other sessions hold has none for a stream more");
    uint32_t taken = 0;
    while (nx_pool_free_count(&flood.pools.streams) > 0)
        taken += nx_pool_take(&flood.pools.streams) != NX_POOL_NONE;
    expect_no_room("streams of the node: limit 128, asked 129");
    EXPECT_STATUS(open_in(2, "theirs"), NX_OK);
    struct dsb_frame rst = drain();
    EXPECT_EQ(rst.code, DSB_RST_LIMIT);
    EXPECT_BYTES(rst.body, nx_bytes_of_text("mux.reject.stream_limit_exceeded"));
    while (taken > 0)
        nx_pool_give(&flood.pools.streams, --taken);
    end(0, DSB_STREAMS_PER_SESSION_MAX);

    begin("a session whose credit other streams have grown into has none for a stream more");
    uint64_t left = nx_budget_left(&flood.mux.grants) - (DSB_CREDIT_INITIAL - 1);
    EXPECT_STATUS(nx_budget_reserve(&flood.mux.grants, left), NX_OK);
    expect_no_room("credit of the session: limit 8388608, asked 8388609");
    EXPECT_STATUS(open_in(2, "theirs"), NX_OK);
    rst = drain();
    EXPECT_EQ(rst.code, DSB_RST_LIMIT);
    EXPECT_BYTES(rst.body, nx_bytes_of_text("credit of the session: limit 8388608, asked 8388609"));
    nx_budget_release(&flood.mux.grants, left);
    end(0, 1);
}

static void account_rows(void)
{
    struct dsb_stream_handle stream;
    struct nx_bytes front;
    size_t taken;
    bool ends;

    begin("what is read gives its credit back without anybody asking: 64 MiB through one stream");
    stream = accepted(2, "byte/a");
    for (uint32_t i = 0; i < 2048; i++) {
        EXPECT_STATUS(data_in(2, DSB_FRAME_PAYLOAD_MAX), NX_OK);
        while (dsb_mux_peek(&flood.mux, stream, &front, &ends) == NX_OK)
            dsb_mux_drop(&flood.mux, stream, (uint32_t)front.len);
        drain();
    }
    end(35, 1);

    begin("what is sent and what is received have accounts of their own: 8 MiB each way");
    stream = accepted(2, "byte/a");
    for (uint32_t i = 0; i < 256; i++) {
        EXPECT_STATUS(dsb_mux_push(&flood.mux, flood.now, stream,
                                   nx_bytes_of(payload, sizeof(payload)), DSB_PUSH_WHOLE, &taken),
                      NX_OK);
        EXPECT_STATUS(data_in(2, DSB_FRAME_PAYLOAD_MAX), NX_OK);
        while (dsb_mux_peek(&flood.mux, stream, &front, &ends) == NX_OK)
            dsb_mux_drop(&flood.mux, stream, (uint32_t)front.len);
        drain();
        EXPECT_STATUS(on_stream(DSB_FRAME_WINDOW_UPDATE, 2, sizeof(payload)), NX_OK);
    }
    end(70, 1);

    begin(
        "a peer that never gives credit back holds one window and one queue, and no more is taken");
    stream = accepted(2, "byte/a");
    enum nx_status status = NX_OK;
    uint32_t count = 0;
    while (status == NX_OK && count < 100) {
        status = dsb_mux_push(&flood.mux, flood.now, stream, nx_bytes_of(payload, sizeof(payload)),
                              DSB_PUSH_WHOLE, &taken);
        count += status == NX_OK;
        drain();
    }
    EXPECT_STATUS(status, NX_WOULD_BLOCK);
    EXPECT_EQ(count, 4); /* 64 KiB went, 64 KiB wait */
    end(67, 1);

    begin("a peer that never reads is answered in bounded space, whatever it asks");
    stream = accepted(2, "byte/a");
    for (uint32_t i = 0; i < MANY; i++) {
        EXPECT_STATUS(
            input((struct dsb_frame){.kind = DSB_FRAME_PING}, nx_bytes_of(payload, DSB_PING_LEN)),
            NX_OK);
        EXPECT_STATUS(data_in(2, 0), i < 1024 ? NX_OK : NX_E_LIMIT);
        (void)!dsb_mux_peek(&flood.mux, stream, &front, &ends);
        if (i == 1023) {
            size_t before = flood.out_len;
            drain();
            EXPECT_EQ(flood.out_len - before, 20 + 16 + 16); /* PONG, credit, growth: one each */
            break;
        }
    }
    end(1, 1);
}

static void gone_rows(void)
{
    struct dsb_stream_handle stream;

    begin("frames for streams that are gone cost nothing but themselves, for ever");
    stream = accepted(2, "byte/a");
    EXPECT_STATUS(dsb_mux_abort(&flood.mux, stream, 300, "x"), NX_OK);
    drain();
    for (uint32_t i = 0; i < MANY; i++) {
        EXPECT_STATUS(on_stream(DSB_FRAME_WINDOW_UPDATE, 2, UINT32_MAX), NX_OK);
        EXPECT_STATUS(on_stream(DSB_FRAME_CLOSE, 2, 0), NX_OK);
        EXPECT_STATUS(on_stream(DSB_FRAME_RST, 2, 0), NX_OK);
    }
    EXPECT(!dsb_mux_has_output(&flood.mux));
    end(0, 1);

    begin("resets that a peer never reads hold their slots, and its next streams are refused");
    for (uint32_t i = 0; i < DSB_STREAMS_PER_SESSION_MAX; i++) {
        EXPECT_STATUS(open_in(2 + 2 * i, "same"), NX_OK);
        stream = take_opened();
        EXPECT_STATUS(dsb_mux_abort(&flood.mux, stream, DSB_RST_DENIED, "no"), NX_OK);
        dsb_mux_release(&flood.mux, stream);
    }
    EXPECT_STATUS(open_in(1000, "same"), NX_OK);
    EXPECT_EQ(flood.mux.refusal_count, 1);
    EXPECT_EQ(flood.pools.grants.used, 0);
    drain();
    take_opened();
    EXPECT_EQ(flood.pools.streams.used_count, 0);
    end(0, DSB_STREAMS_PER_SESSION_MAX);
}

UNIT_SUITE(mux_flood_test)
{
    data_rows();
    open_rows();
    slot_rows();
    room_rows();
    account_rows();
    gone_rows();
}
