/* A mux between a peer that sends anything and an application that calls anything: nothing traps,
 * what goes out are frames, what is granted adds up, memory stays what the pools have, and wiping
 * gives all of it back. The input is a list of turns, each a byte and what it takes of the rest. */
#include "core/base/memory.h"
#include "core/bus/byte_stream.h"
#include "core/bus/msg_stream.h"
#include "core/bus/mux.h"
#include "fuzz/fuzz.h"

enum {
    HANDLES = 16,
    MEMORY = 2 * 1048576,
};

static const struct dsb_profile profile = {
    .name = "fuzzed",
    .stream_count_max = 8,
    .stream_queue_max = 4096,
    .grants_max = 10 * DSB_CREDIT_INITIAL,
    .queues_max = 2 * 4096,
    .block_size = 128,
    .keepalive_interval = {30 * UINT64_C(1000000000)},
    .keepalive_timeout = {90 * UINT64_C(1000000000)},
};

static uint64_t memory[MEMORY / 8];
static uint8_t payload[DSB_FRAME_PAYLOAD_MAX];

struct world {
    struct dsb_pools pools;
    struct dsb_mux mux;
    struct nx_instant now;
    struct dsb_stream_handle handles[HANDLES];
    bool was_told; /* SESSION_ENDED came */
};

/* ---- the peer -------------------------------------------------------------------------------- */

static void feed(struct world *w, struct nx_bytes in)
{
    bool was_over = w->mux.state == DSB_MUX_OVER;
    size_t used;
    enum nx_status status = dsb_mux_input(&w->mux, w->now, in, &used);

    NX_CHECK(used <= in.len);
    NX_CHECK(status == NX_OK || w->mux.state == DSB_MUX_OVER);
    NX_CHECK(!was_over || used == 0);
}

/* A frame that is one, with small ids, so that it meets streams. */
static void feed_frame(struct world *w, struct nx_reader *r)
{
    static uint8_t wire[DSB_FRAME_MAX];
    struct nx_writer out = nx_writer_over(wire, sizeof(wire));
    uint8_t kind = nx_read_u8(r);
    uint8_t flags = nx_read_u8(r);
    uint16_t number = nx_read_u16le(r);
    struct dsb_frame frame = {.kind = (enum dsb_frame_kind)(kind % 11 == 10 ? 16 : kind % 11)};

    switch (frame.kind) {
    case DSB_FRAME_OPEN:
        frame.window = DSB_CREDIT_INITIAL + number % 100 - (number == 0);
        frame.priority = flags >> 5;
        frame.body = nx_read_bytes(r, 1 + number % 3);
        break;
    case DSB_FRAME_OPEN_ACK:
        frame.window = DSB_CREDIT_INITIAL + number;
        break;
    case DSB_FRAME_DATA:
        frame.body = nx_bytes_of(payload, number % (DSB_FRAME_PAYLOAD_MAX + 1));
        frame.ends_message = flags & 1;
        break;
    case DSB_FRAME_WINDOW_UPDATE:
        frame.window = (flags & 2) != 0 ? number : number * UINT32_C(65536) + 1;
        frame.grows_window = flags & 1;
        break;
    case DSB_FRAME_RST:
        frame.code = number;
        frame.body = nx_read_bytes(r, number % 8);
        break;
    case DSB_FRAME_PING:
    case DSB_FRAME_PONG:
        frame.body = nx_bytes_of(payload, DSB_PING_LEN);
        break;
    case DSB_FRAME_GOAWAY:
        frame.last_stream_id = number;
        frame.code = flags % 8;
        break;
    case DSB_FRAME_CLOSE:
    case DSB_FRAME_PAIR:
        break;
    }
    if (frame.kind < DSB_FRAME_PING || frame.kind == DSB_FRAME_CLOSE)
        frame.stream_id = kind / 11;
    if (dsb_frame_encode(&frame, &out) == NX_OK)
        feed(w, nx_writer_bytes(&out));
}

static void take_output(struct world *w, size_t room)
{
    static uint8_t record[2 * DSB_FRAME_MAX];
    struct nx_writer out = nx_writer_over(record, room < sizeof(record) ? room : sizeof(record));
    bool has_output = dsb_mux_has_output(&w->mux);
    bool said = dsb_mux_output(&w->mux, &out);
    struct nx_bytes rest = nx_writer_bytes(&out);

    NX_CHECK(said == (out.len > 0) && (has_output || !said));
    NX_CHECK(said == has_output || out.cap < DSB_FRAME_MAX);
    while (rest.len > 0) {
        struct dsb_frame frame;
        size_t used = 0;

        NX_CHECK(dsb_frame_decode(rest, &frame, &used) == NX_OK);
        rest = nx_bytes_skip(rest, used);
    }
}

/* ---- the application ------------------------------------------------------------------------- */

static void take_event(struct world *w, uint8_t place)
{
    struct dsb_mux_event event;

    if (!dsb_mux_event(&w->mux, &event))
        return;
    NX_CHECK(!w->was_told); /* SESSION_ENDED is the last of all news */
    if (event.kind == DSB_MUX_SESSION_ENDED)
        w->was_told = true;
    if (event.kind == DSB_MUX_OPENED)
        w->handles[place] = event.stream;
    if (event.kind == DSB_MUX_ENDED)
        NX_CHECK(event.status != NX_END || event.unconfirmed.bytes == 0);
}

static void pull(struct world *w, struct dsb_stream_handle stream, uint16_t count, bool as_bytes)
{
    static uint8_t out[65536];
    struct dsb_byte_stream bytes = {&w->mux, stream};
    struct dsb_msg_stream messages = {&w->mux, stream};
    size_t len;
    bool is_whole;
    enum nx_status status = as_bytes ? dsb_byte_stream_pull(&bytes, out, count, &len)
                                     : dsb_msg_stream_pull(&messages, out, count, &len, &is_whole);

    NX_CHECK(len <= count && (status == NX_OK || len == 0));
}

static void application_turn(struct world *w, uint8_t what, struct nx_reader *r)
{
    uint8_t place = nx_read_u8(r) % HANDLES;
    uint16_t number = nx_read_u16le(r);
    struct dsb_stream_handle *stream = &w->handles[place];
    size_t taken;

    switch (what) {
    case 0:
        (void)!dsb_mux_open(&w->mux, nx_read_bytes(r, 1 + number % 3), (uint8_t)(number >> 13),
                            (number & 4) != 0, stream);
        break;
    case 1:
        (void)!dsb_mux_accept(&w->mux, *stream, (number & 1) != 0, (uint8_t)(number >> 13));
        break;
    case 2:
    case 3:
        (void)!dsb_mux_push(&w->mux, w->now, *stream, nx_bytes_of(payload, number % 5000),
                            (enum dsb_push)(number % 3), &taken);
        NX_CHECK(taken <= number % 5000u);
        break;
    case 4:
    case 5:
        pull(w, *stream, number, what == 4);
        break;
    case 6:
        (void)!dsb_mux_finish(&w->mux, *stream);
        break;
    case 7:
        (void)!dsb_mux_abort(&w->mux, *stream, number, (number & 1) != 0 ? "x" : "\xff");
        break;
    case 8:
        dsb_mux_release(&w->mux, *stream);
        break;
    case 9:
        w->now.ns += number * UINT64_C(100000000);
        dsb_mux_tick(&w->mux, w->now);
        break;
    case 10:
        if ((number & 7) == 0)
            (void)!dsb_mux_shutdown(&w->mux, DSB_GOAWAY_SHUTDOWN, "x");
        if ((number & 63) == 1)
            dsb_mux_terminate(&w->mux, DSB_GOAWAY_REPLACED, "x");
        if ((number & 63) == 2)
            dsb_mux_cut(&w->mux);
        break;
    default:
        take_event(w, place);
        break;
    }
}

/* ---- what holds after every turn ------------------------------------------------------------- */

static void check_sums(const struct world *w)
{
    const struct dsb_streams *t = &w->mux.streams;
    uint64_t grants = 0;
    uint64_t queues = 0;
    uint32_t count = 0;

    for (uint32_t slot = t->all.first; slot != DSB_SLOT_NONE; count++) {
        const struct dsb_stream *s = dsb_streams_at(t, slot);

        grants += s->inbox.grant.used;
        queues += s->outbox.queue.used;
        slot = s->links[DSB_LIST_ALL].next;
    }
    NX_CHECK(count == t->count && count == w->pools.streams.used_count);
    NX_CHECK(grants == w->mux.grants.used && grants == w->pools.grants.used);
    NX_CHECK(w->mux.growth.used == w->pools.growth.used && w->mux.growth.used <= grants);
    NX_CHECK(queues == w->pools.queues.used);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world w;
    struct nx_reader r = nx_reader_over(nx_bytes_of(data, size));

    memset(&w, 0, sizeof(w));
    NX_CHECK(dsb_pools_init(&w.pools, &profile, memory, sizeof(memory)) == NX_OK);
    dsb_mux_init(&w.mux, w.now, &w.pools, true);
    while (r.rest.len > 0 && !r.short_read) {
        uint8_t what = nx_read_u8(&r) % 16;

        if (what < 12)
            application_turn(&w, what, &r);
        else if (what == 12)
            feed(&w, nx_read_bytes(&r, nx_read_u8(&r) % 64));
        else if (what == 13)
            take_output(&w, nx_read_u16le(&r));
        else
            feed_frame(&w, &r);
        check_sums(&w);
    }
    dsb_mux_wipe(&w.mux);
    NX_CHECK(w.pools.blocks.used_count == 0 && w.pools.streams.used_count == 0);
    NX_CHECK(w.pools.grants.used == 0 && w.pools.growth.used == 0 && w.pools.queues.used == 0);
    return 0;
}
