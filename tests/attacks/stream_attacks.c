/* Streams and windows, attacked by a device that is paired, and has gone bad.
 *
 * He has an admitted session and everything that comes with it. What he must not have: memory beyond the
 * credit that he was given, the session of anybody else, or their turn. */
#include "core/base/memory.h"
#include "core/base/text.h"
#include "core/bus/byte_stream.h"
#include "tests/attacks/attacker.h"
#include "tests/unit/unit.h"

#define WINDOW  "mux.reject.window_credit_overflow_or_underflow"
#define STATE   "mux.reject.invalid_stream_state_transition"
#define UNKNOWN "mux.reject.unknown_stream_frame"
#define FORMAT  "a frame breaks its format"

enum {
    STORM = 10000,
    TURNS_MAX =
        8, /* of all devices, from a byte pushed to a byte pulled; without any flood it is 4 */
    TURNS_WATCHED = 400,
};

static struct fabric *f;
static struct fabric_device *a, *c;
static struct attacker m;
static struct line line;

/* What `a` uses of its pools. */
struct use {
    uint64_t blocks, streams, grants, growth, queues;
};

static struct use use_of(const struct fabric_device *d)
{
    return (struct use){
        .blocks = d->node.pools.blocks.used_count,
        .streams = d->node.pools.streams.used_count,
        .grants = d->node.pools.grants.used,
        .growth = d->node.pools.growth.used,
        .queues = d->node.pools.queues.used,
    };
}

static struct use before; /* he came */

/* `a` has a session with `c`, is paired with the attacker, and let him in. */
static void begin(void)
{
    char code[DSB_PAIRING_CODE_LEN + 1];

    f = fabric_begin();
    a = &f->devices[0];
    c = &f->devices[2];
    attacker_init(&m, f, 1);
    fabric_pair(a, c);
    EXPECT_STATUS(dsb_node_pair_offer(&a->node, f->now, m.identity.id_text, code), NX_OK);
    fabric_touch(a);
    EXPECT(line_dial(&line, &m, a, DSB_PURPOSE_PAIR, false));
    EXPECT_EQ(line_pair_as_typist(&line, a, code).kind, DSB_PAIRING_CONFIRM_OWNER);
    line_close(&line);
    fabric_pass(f, nx_seconds(5));
    before = use_of(a);
    EXPECT(line_dial(&line, &m, a, DSB_PURPOSE_SESSION, true));
    memset(&a->news, 0, sizeof(a->news));
    memset(&c->news, 0, sizeof(c->news));
}

static void say(struct dsb_frame frame)
{
    line_say_frame(&line, &frame);
}

static void open_stream(uint32_t id)
{
    char name[DSB_STREAM_NAME_MAX + 1];
    struct nx_text t = nx_text_over(name, sizeof(name));

    nx_text_add(&t, "byte/");
    nx_text_add_u64(&t, id);
    say((struct dsb_frame){.kind = DSB_FRAME_OPEN,
                           .stream_id = id,
                           .window = DSB_CREDIT_INITIAL,
                           .body = nx_bytes_of_text(name)});
}

static void data(uint32_t id, uint32_t len)
{
    static const uint8_t bytes[DSB_FRAME_PAYLOAD_MAX];

    say((struct dsb_frame){
        .kind = DSB_FRAME_DATA, .stream_id = id, .body = nx_bytes_of(bytes, len)});
}

static void grow(uint32_t id, uint32_t count, bool is_growth)
{
    say((struct dsb_frame){.kind = DSB_FRAME_WINDOW_UPDATE,
                           .stream_id = id,
                           .window = count,
                           .grows_window = is_growth});
}

/* A frame of two words, which says nothing but what its head does. */
static void plain(enum dsb_frame_kind kind, uint32_t id)
{
    static const uint8_t eight[DSB_PING_LEN];

    say((struct dsb_frame){
        .kind = kind,
        .stream_id = id,
        .code = kind == DSB_FRAME_RST ? DSB_RST_CANCELLED : 0,
        .body = kind == DSB_FRAME_PING ? nx_bytes_of(eight, sizeof(eight)) : (struct nx_bytes){0},
    });
}

/* The last word to him, if it is one: GOAWAY. */
static uint32_t goaway_code(void)
{
    struct dsb_frame frame;
    uint32_t code = UINT32_MAX;

    while (line_next_frame(&line, &frame))
        code = frame.kind == DSB_FRAME_GOAWAY ? frame.code : code;
    return code;
}

static void expect_all_back(void)
{
    struct use after;

    line_close(&line);
    fabric_pass(f, nx_seconds(5));
    after = use_of(a);
    EXPECT_EQ(after.blocks, before.blocks);
    EXPECT_EQ(after.streams, before.streams);
    EXPECT_EQ(after.grants, before.grants);
    EXPECT_EQ(after.growth, before.growth);
    EXPECT_EQ(after.queues, before.queues);
}

/* His session is over for that reason, which both sides were told; nobody else's is. */
static void expect_ended(enum dsb_goaway_code code, const char *why)
{
    struct nx_bytes said = nx_bytes_of_text(a->news.end.why.text);
    struct nx_bytes wanted = nx_bytes_of_text(why);

    EXPECT_EQ(a->news.ended_count, 1);
    EXPECT(said.len >= wanted.len && memcmp(said.ptr, wanted.ptr, wanted.len) == 0);
    EXPECT_EQ(goaway_code(), code);
    EXPECT(fabric_has_one_session(a, c));
    EXPECT_EQ(c->news.ended_count, 0);
    expect_all_back();
}

static void expect_goes_on(void)
{
    EXPECT_EQ(a->news.ended_count, 0);
    EXPECT(fabric_has_one_session(a, c));
    expect_all_back();
}

/* ---- one frame too many ----------------------------------------------------------------------- */

static void window_rows(void)
{
    unit_row("all the credit of a stream is his, and one byte more ends the session");
    begin();
    open_stream(1);
    data(1, DSB_CREDIT_INITIAL / 2);
    data(1, DSB_CREDIT_INITIAL / 2 - DSB_CREDIT_FRAME_MIN);
    EXPECT_EQ(a->news.ended_count, 0);
    data(1, DSB_CREDIT_FRAME_MIN + 1);
    expect_ended(DSB_GOAWAY_PROTOCOL, WINDOW);

    unit_row(
        "frames of one byte cost 64 each, so that a window of them is 1,024 and no more memory");
    begin();
    open_stream(1);
    for (uint32_t i = 0; i < DSB_CREDIT_INITIAL / DSB_CREDIT_FRAME_MIN; i++)
        data(1, 1);
    EXPECT_EQ(a->news.ended_count, 0);
    EXPECT((use_of(a).blocks - before.blocks) * a->node.pools.blocks.block_size <=
           DSB_CREDIT_INITIAL / 16 * 17);
    data(1, 0);
    expect_ended(DSB_GOAWAY_PROTOCOL, WINDOW);

    unit_row("credit returned that is not out ends the session");
    begin();
    open_stream(1);
    grow(1, 64, false);
    expect_ended(DSB_GOAWAY_PROTOCOL, WINDOW);

    unit_row("a window that grows beyond all counting ends the session");
    begin();
    open_stream(1);
    grow(1, UINT32_MAX - DSB_CREDIT_INITIAL, true);
    EXPECT_EQ(a->news.ended_count, 0);
    grow(1, 1, true);
    expect_ended(DSB_GOAWAY_PROTOCOL, WINDOW);

    unit_row("an increment of nothing is no frame");
    begin();
    open_stream(1);
    static const uint8_t nothing[] = {
        DSB_FRAME_WINDOW_UPDATE, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0};
    line_say_record(&line, nx_bytes_of(nothing, sizeof(nothing)));
    expect_ended(DSB_GOAWAY_PROTOCOL, FORMAT);
}

static void state_rows(void)
{
    static const struct {
        const char *name;
        enum dsb_frame_kind kind;
        uint32_t id;
        uint32_t closes_before;
        const char *why;
    } rows[] = {
        {"data for a stream that never was ends the session", DSB_FRAME_DATA, 1, 0, UNKNOWN},
        {"so does a close of a stream of ours that never was", DSB_FRAME_CLOSE, 2, 0, UNKNOWN},
        {"and data behind a close", DSB_FRAME_DATA, 1, 1, STATE},
        {"and a second close", DSB_FRAME_CLOSE, 1, 1, STATE},
        {"and a message of a pairing", DSB_FRAME_PAIR, 0, 0, STATE},
    };

    for (size_t i = 0; i < NX_COUNT_OF(rows); i++) {
        unit_row(rows[i].name);
        begin();
        for (uint32_t k = 0; k < rows[i].closes_before; k++) {
            open_stream(1);
            plain(DSB_FRAME_CLOSE, 1);
        }
        plain(rows[i].kind, rows[i].id);
        expect_ended(DSB_GOAWAY_PROTOCOL, rows[i].why);
    }
}

/* ---- many frames ---------------------------------------------------------------------------------- */

/* Frames in large records, so that a storm is soon over. */
static uint8_t storm[DSB_RECORD_PLAIN_MAX];
static struct nx_writer storm_out;

static void storm_flush(void)
{
    if (storm_out.len > 0 && !line_is_cut(&line))
        line_say_record(&line, nx_writer_bytes(&storm_out));
    storm_out = nx_writer_over(storm, sizeof(storm));
}

static void storm_add(const struct dsb_frame *frame)
{
    if (nx_writer_room(&storm_out) < 100)
        storm_flush();
    EXPECT_STATUS(dsb_frame_encode(frame, &storm_out), NX_OK);
}

static void storm_begin(void)
{
    begin();
    storm_out = nx_writer_over(storm, sizeof(storm));
}

/* Open, and at once reset or close. */
static void storm_of_streams(enum dsb_frame_kind kind, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct dsb_frame open = {.kind = DSB_FRAME_OPEN,
                                       .stream_id = 2 * i + 1,
                                       .window = DSB_CREDIT_INITIAL,
                                       .body = nx_bytes_of_text("byte/x")};
        const struct dsb_frame end = {.kind = kind, .stream_id = 2 * i + 1};

        storm_add(&open);
        storm_add(&end);
    }
    storm_flush();
}

static void storm_rows(void)
{
    unit_row("streams opened and never used are as many as a board has, the next ones are refused");
    storm_begin();
    const uint32_t slots = a->node.config.profile->stream_count_max;
    for (uint32_t i = 0; i < slots + DSB_RST_WAITING_MAX; i++)
        open_stream(2 * i + 1);
    EXPECT_EQ(use_of(a).streams - before.streams, slots);
    EXPECT_EQ(use_of(a).grants - before.grants, slots * DSB_CREDIT_INITIAL);
    expect_goes_on();

    unit_row("ten thousand streams opened and reset end the session at the 257th, for the rate");
    storm_begin();
    storm_of_streams(DSB_FRAME_RST, STORM);
    expect_ended(DSB_GOAWAY_LIMIT,
                 "streams opened at once, beyond 128 a second: limit 256, asked 257");

    unit_row("ten thousand opened and closed are slots that wait for us, and end it as soon");
    storm_begin();
    storm_of_streams(DSB_FRAME_CLOSE, STORM);
    EXPECT_EQ(a->news.ended_count, 1);
    EXPECT(fabric_has_one_session(a, c));
    expect_all_back();

    unit_row("resets and closes of streams that are gone cost nothing, however many");
    storm_begin();
    storm_of_streams(DSB_FRAME_RST, 1);
    struct use used = use_of(a);
    for (uint32_t i = 0; i < STORM; i++) {
        const struct dsb_frame frame = {.kind = i % 2 == 0 ? DSB_FRAME_RST : DSB_FRAME_CLOSE,
                                        .stream_id = 1};
        storm_add(&frame);
    }
    storm_flush();
    EXPECT_EQ(use_of(a).blocks, used.blocks);
    EXPECT_EQ(use_of(a).queues, used.queues);
    expect_goes_on();

    unit_row("nor do ten thousand PINGs whose answers nobody reads");
    storm_begin();
    used = use_of(a);
    for (uint32_t i = 0; i < STORM; i++) {
        static const uint8_t eight[DSB_PING_LEN];
        const struct dsb_frame frame = {.kind = DSB_FRAME_PING,
                                        .body = nx_bytes_of(eight, sizeof(eight))};
        storm_add(&frame);
    }
    storm_flush();
    EXPECT_EQ(use_of(a).blocks, used.blocks);
    EXPECT_EQ(use_of(a).queues, used.queues);
    expect_goes_on();
}

/* ---- somebody else's turn ------------------------------------------------------------------------- */

/* The smallest records there are, as many as his pipe takes. */
static void fill_pipe(void)
{
    static const uint8_t ping[] = {
        DSB_FRAME_PING, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8};
    static uint8_t bytes[100 * (sizeof(ping) + 20)];
    static struct nx_bytes rest;

    for (;;) {
        size_t sent = 0;

        if (rest.len == 0) {
            struct nx_writer out = nx_writer_over(bytes, sizeof(bytes));

            while (nx_writer_room(&out) >= sizeof(ping) + 20)
                line_seal(&line, nx_bytes_of(ping, sizeof(ping)), &out);
            rest = nx_writer_bytes(&out);
        }
        if (nx_net_send(&m.net, line.socket, &rest, 1, &sent) != NX_OK)
            return;
        rest = nx_bytes_skip(rest, sent);
    }
}

static void turn_row(void)
{
    struct dsb_byte_stream from, to;
    uint32_t most = 0, since = 0;
    uint8_t byte = 7;
    size_t len;

    unit_row("a flood of the smallest records takes nobody's turn: another's byte arrives in eight "
             "turns");
    begin();
    EXPECT_STATUS(dsb_byte_stream_open(&from, fabric_session(c, a), nx_bytes_of_text("t")), NX_OK);
    fabric_touch(c);
    to = (struct dsb_byte_stream){fabric_session(a, c), a->news.opened};
    for (uint32_t i = 0; i < TURNS_WATCHED; i++) {
        if (since == 0) {
            EXPECT_STATUS(dsb_byte_stream_push(&from, f->now, nx_bytes_of(&byte, 1), &len), NX_OK);
            c->is_touched = true;
        }
        fill_pipe();
        (void)fabric_turn(f);
        since++;
        if (dsb_byte_stream_pull(&to, &byte, 1, &len) == NX_OK) {
            most = since > most ? since : most;
            since = 0;
        }
    }
    EXPECT(most > 0 && most <= TURNS_MAX);
    attacks_note("turns of one device or another, at most", most);
    EXPECT_EQ(a->news.ended_count, 0);
    line_hear(&line);
    line_close(&line);
}

UNIT_SUITE(stream_attacks)
{
    window_rows();
    state_rows();
    storm_rows();
    turn_row();
    unit_row("whatever the rows did, every socket and all memory is back");
    fabric_begin();
}
