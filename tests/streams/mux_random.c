#include "tests/streams/mux_random.h"

#include "core/base/memory.h"
#include "core/base/rng.h"
#include "tests/unit/unit.h"

enum {
    PAIRS = 64,
    NAMES = 6, /* few, so that names are used again and again */
    MESSAGES = 64,
    WIRE = 262144,
    MEMORY = 3 * 1048576,
    PUSH_MAX = 9000,
    ROUNDS_OF_READING = 64,
};

/* Tight everywhere: streams, credit and queues run out. */
static const struct dsb_profile profile = {
    .name = "tight",
    .stream_count_max = 10,
    .stream_queue_max = 8192,
    .grants_max = 12 * DSB_CREDIT_INITIAL,
    .queues_max = 3 * 8192,
    .block_size = 128,
    .keepalive_interval = {30 * UINT64_C(1000000000)},
    .keepalive_timeout = {90 * UINT64_C(1000000000)},
};

/* What one side wrote on a stream and the other one read. */
struct way {
    uint32_t pushed, pulled;
    uint32_t message_len[MESSAGES]; /* of the messages on their way */
    uint32_t message_count;
    uint32_t writing; /* of the message that goes on */
    uint32_t reading;
    bool is_finished;
};

struct pair {
    uint32_t id; /* 0: none */
    bool is_messages;
    bool is_given_up;   /* somebody aborted it, let go of it, or refused it */
    struct way ways[2]; /* by who writes */
    struct dsb_stream_handle handle[2];
    bool is_held[2], is_accepted[2], is_over[2];
    bool waits_to_read[2], waits_to_write[2];
};

static struct {
    struct nx_prng prng;
    struct nx_instant now;
    struct dsb_pools pools[2];
    struct dsb_mux mux[2];
    struct pair pairs[PAIRS];
    uint32_t pair_count;
    uint32_t patience;          /* one in so many that could give up does; 0: nobody ever */
    uint32_t haste;             /* one in so many pushes and pulls is large */
    bool is_short;              /* somebody shuts down halfway */
    bool is_ending, is_gone[2]; /* a side shut down; a side was told that the session ended */
    uint8_t wire[2][WIRE];      /* from a side, not yet taken by the other one */
    size_t wire_len[2];
    size_t offered[2]; /* of that, what has arrived */
} world;

static uint64_t memory[2][MEMORY / 8];

static uint32_t below(uint32_t bound)
{
    return (uint32_t)(nx_prng_next(&world.prng) % bound);
}

static uint8_t pattern(const struct pair *p, size_t writer, uint32_t index)
{
    return (uint8_t)(p->id * 29 + writer * 101 + index * 7 + index / 253);
}

/* ---- what must hold -------------------------------------------------------------------------- */

static void expect_sums(size_t side)
{
    const struct dsb_mux *m = &world.mux[side];
    uint64_t grants = 0;
    uint64_t growth = 0;

    for (uint32_t slot = m->streams.all.first; slot != DSB_SLOT_NONE;) {
        const struct dsb_stream *s = dsb_streams_at(&m->streams, slot);

        grants += s->inbox.grant.used;
        growth += s->inbox.grant.used == 0 ? 0 : s->inbox.grant.used - DSB_CREDIT_INITIAL;
        slot = s->links[DSB_LIST_ALL].next;
    }
    EXPECT_EQ(m->grants.used, grants);
    EXPECT_EQ(m->growth.used, growth);
    EXPECT_EQ(world.pools[side].grants.used, grants);
}

static void expect_confirmed_is_read(const struct pair *p, size_t side)
{
    const struct dsb_stream *s = dsb_mux_stream(&world.mux[side], p->handle[side]);

    if (s == NULL)
        return;
    EXPECT(s->outbox.ledger.confirmed.bytes <= p->ways[side].pulled);
    EXPECT_EQ(s->outbox.ledger.accepted.bytes, p->ways[side].pushed);
}

/* ---- news ------------------------------------------------------------------------------------ */

static struct pair *pair_of(size_t side, struct dsb_stream_handle handle)
{
    for (uint32_t i = 0; i < world.pair_count; i++) {
        if (world.pairs[i].is_held[side] && world.pairs[i].handle[side].serial == handle.serial)
            return &world.pairs[i];
    }
    return NULL;
}

static void on_opened(size_t side, const struct dsb_mux_event *event)
{
    const struct dsb_stream *s = dsb_mux_stream(&world.mux[side], event->stream);

    for (uint32_t i = 0; i < world.pair_count; i++) {
        struct pair *p = &world.pairs[i];

        if (p->id == s->id && !p->is_held[side]) {
            p->handle[side] = event->stream;
            p->is_held[side] = true;
            EXPECT_EQ(event->name.ptr[0] == 'm', p->is_messages);
            return;
        }
    }
    unit_expect(false, "a stream that somebody opened", __FILE__, __LINE__);
}

static void on_ended(struct pair *p, size_t side, const struct dsb_mux_event *event)
{
    struct way *way = &p->ways[side];

    EXPECT(!p->is_over[side]);
    p->is_over[side] = true;
    p->waits_to_read[side] = p->waits_to_write[side] = false;
    EXPECT_EQ(event->unconfirmed.bytes <= way->pushed, true);
    EXPECT(way->pushed - event->unconfirmed.bytes <= way->pulled);
    if (event->status == NX_END) {
        EXPECT(way->is_finished && p->ways[1 - side].is_finished);
        EXPECT_EQ(way->pulled, way->pushed);
        EXPECT_EQ(p->ways[1 - side].pulled, p->ways[1 - side].pushed);
        EXPECT_EQ(event->unconfirmed.bytes + event->unconfirmed.messages, 0);
        return;
    }
    EXPECT_STATUS(event->status, NX_E_ABORTED);
    EXPECT(p->is_given_up || (event->by_peer && event->code == DSB_RST_LIMIT) ||
           (event->by_peer && event->code == DSB_RST_REFUSED && world.is_ending));
    p->is_given_up = true;
}

/* Whoever was told to wait for something to read, and has heard nothing since, still has to. */
static void expect_no_news_was_forgotten(size_t side)
{
    for (uint32_t i = 0; i < world.pair_count; i++) {
        const struct pair *p = &world.pairs[i];
        const struct dsb_stream *s = dsb_mux_stream(&world.mux[side], p->handle[side]);

        if (s != NULL && p->waits_to_read[side])
            EXPECT(dsb_inbox_is_empty(&s->inbox) && s->state != DSB_STREAM_HALF_CLOSED_REMOTE &&
                   s->state != DSB_STREAM_CLOSED);
    }
}

static void take_events(size_t side)
{
    struct dsb_mux_event event;

    while (dsb_mux_event(&world.mux[side], &event)) {
        if (event.kind == DSB_MUX_SESSION_ENDED) {
            EXPECT(world.is_ending && !world.is_gone[side]);
            EXPECT_STATUS(event.status, NX_END);
            world.is_gone[side] = true;
            continue;
        }
        if (event.kind == DSB_MUX_OPENED) {
            on_opened(side, &event);
            continue;
        }
        struct pair *p = pair_of(side, event.stream);
        if (p == NULL) {
            unit_expect(false, "news are of a stream that is held", __FILE__, __LINE__);
            return;
        }
        if (event.kind == DSB_MUX_READABLE)
            p->waits_to_read[side] = false;
        if (event.kind == DSB_MUX_WRITABLE)
            p->waits_to_write[side] = false;
        if (event.kind == DSB_MUX_ENDED)
            on_ended(p, side, &event);
    }
    expect_no_news_was_forgotten(side);
}

/* ---- what an application does ---------------------------------------------------------------- */

static void open_stream(size_t side)
{
    struct pair *p = &world.pairs[world.pair_count];
    bool is_messages = below(2) == 0;
    const uint8_t name[2] = {is_messages ? 'm' : 'b', (uint8_t)('0' + below(NAMES))};
    struct dsb_stream_handle handle;

    if (world.pair_count == PAIRS)
        return;
    enum nx_status status = dsb_mux_open(&world.mux[side], nx_bytes_of(name, 2), (uint8_t)below(8),
                                         is_messages, &handle);
    if (status != NX_OK) {
        EXPECT(status == NX_E_EXISTS || status == NX_E_LIMIT ||
               (status == NX_E_CLOSED && world.is_ending));
        return;
    }
    *p = (struct pair){.is_messages = is_messages};
    p->id = dsb_mux_stream(&world.mux[side], handle)->id;
    p->handle[side] = handle;
    p->is_held[side] = p->is_accepted[side] = true;
    world.pair_count++;
}

static void accept_stream(struct pair *p, size_t side)
{
    if (p->is_accepted[side])
        return;
    if (dsb_mux_accept(&world.mux[side], p->handle[side], p->is_messages, 0) == NX_OK)
        p->is_accepted[side] = true;
}

static void push(struct pair *p, size_t side)
{
    static uint8_t bytes[PUSH_MAX];
    struct way *way = &p->ways[side];
    uint32_t len = below(world.haste) == 0 ? below(PUSH_MAX) : below(200);
    enum dsb_push how = p->is_messages ? (enum dsb_push)below(3) : DSB_PUSH_PART;
    size_t taken;

    if (way->message_count == MESSAGES)
        return;
    if (way->writing > 0 && how == DSB_PUSH_WHOLE)
        how = DSB_PUSH_LAST; /* a message that goes on cannot be followed by a whole one */
    for (uint32_t i = 0; i < len; i++)
        bytes[i] = pattern(p, side, way->pushed + i);

    enum nx_status status = dsb_mux_push(&world.mux[side], world.now, p->handle[side],
                                         nx_bytes_of(bytes, len), how, &taken);
    EXPECT(taken <= len && (status == NX_OK || taken == 0));
    if (status == NX_WOULD_BLOCK)
        p->waits_to_write[side] = true;
    if (status == NX_OK && how == DSB_PUSH_WHOLE)
        EXPECT_EQ(taken, len);
    way->pushed += (uint32_t)taken;
    way->writing += (uint32_t)taken;
    if (status == NX_OK && how != DSB_PUSH_PART && taken == len && p->is_messages) {
        way->message_len[way->message_count++] = way->writing;
        way->writing = 0;
    }
}

/* A message has come to its end where it did for its writer. */
static void end_message(struct way *way)
{
    if (!EXPECT(way->message_count > 0))
        return;
    EXPECT_EQ(way->reading, way->message_len[0]);
    way->reading = 0;
    way->message_count--;
    memmove(way->message_len, way->message_len + 1, way->message_count * sizeof(uint32_t));
}

/* Pull up to `count` bytes; false when nothing more is to be had now. */
static bool pull(struct pair *p, size_t side, uint32_t count)
{
    struct way *way = &p->ways[1 - side];
    struct nx_bytes front;
    bool ends;
    enum nx_status status = dsb_mux_peek(&world.mux[side], p->handle[side], &front, &ends);

    if (status == NX_WOULD_BLOCK)
        p->waits_to_read[side] = true;
    if (status == NX_END) {
        EXPECT(way->is_finished);
        EXPECT_EQ(way->pulled, way->pushed);
    }
    if (status != NX_OK)
        return false;

    uint32_t part = front.len < count ? (uint32_t)front.len : count;
    bool is_prefix = way->pulled + part <= way->pushed;
    for (uint32_t i = 0; i < part && is_prefix; i++)
        is_prefix = front.ptr[i] == pattern(p, 1 - side, way->pulled + i);
    EXPECT(is_prefix);
    dsb_mux_drop(&world.mux[side], p->handle[side], part);
    way->pulled += part;
    way->reading += part;
    EXPECT(p->is_messages || !ends);
    if (ends && part == front.len)
        end_message(way);
    return true;
}

static void finish(struct pair *p, size_t side)
{
    if (dsb_mux_finish(&world.mux[side], p->handle[side]) == NX_OK) {
        p->ways[side].is_finished = true;
        p->waits_to_write[side] = false;
    }
}

static void let_go(struct pair *p, size_t side)
{
    dsb_mux_release(&world.mux[side], p->handle[side]);
    p->waits_to_read[side] = p->waits_to_write[side] = false;
}

static void give_up(struct pair *p, size_t side)
{
    const struct dsb_stream *s = dsb_mux_stream(&world.mux[side], p->handle[side]);

    if (below(2) == 0) {
        p->is_given_up = true;
        (void)!dsb_mux_abort(&world.mux[side], p->handle[side], (uint16_t)(256 + below(9)),
                             "tired");
        return;
    }
    /* Letting go of a stream that has run its course but for confirmation gives nothing up. */
    if (s != NULL && !(p->ways[side].is_finished && p->ways[1 - side].is_finished))
        p->is_given_up = true;
    if (s != NULL && p->ways[1 - side].pulled != p->ways[1 - side].pushed)
        p->is_given_up = true;
    if (s != NULL && s->state != DSB_STREAM_HALF_CLOSED_REMOTE && s->state != DSB_STREAM_CLOSED)
        p->is_given_up = true;
    if (s != NULL && !dsb_inbox_is_empty(&s->inbox))
        p->is_given_up = true;
    let_go(p, side);
}

static void shut_down(size_t side)
{
    if (dsb_mux_shutdown(&world.mux[side], DSB_GOAWAY_SHUTDOWN, "enough") == NX_OK)
        world.is_ending = true;
}

/* ---- what lies between ----------------------------------------------------------------------- */

static void send(size_t side, size_t room)
{
    size_t free_len = WIRE - world.wire_len[side];
    struct nx_writer out =
        nx_writer_over(world.wire[side] + world.wire_len[side], room < free_len ? room : free_len);
    bool has_output = dsb_mux_has_output(&world.mux[side]);
    bool said = dsb_mux_output(&world.mux[side], &out);

    EXPECT_EQ(said, out.len > 0);
    EXPECT(has_output || !said);
    if (out.cap >= DSB_FRAME_MAX)
        EXPECT_EQ(said, has_output);
    world.wire_len[side] += out.len;
}

/* `count` more bytes arrive at the other side, which takes whole frames of them. */
static void arrive(size_t from, size_t count)
{
    size_t left = world.wire_len[from] - world.offered[from];
    size_t used;

    world.offered[from] += count < left ? count : left;
    enum nx_status status = dsb_mux_input(
        &world.mux[1 - from], world.now, nx_bytes_of(world.wire[from], world.offered[from]), &used);
    if (status == NX_E_CLOSED && world.mux[1 - from].end_status == NX_END)
        used = world.offered[from]; /* the link behind a session that ended well is shut */
    else
        EXPECT_STATUS(status, NX_OK);
    memmove(world.wire[from], world.wire[from] + used, world.wire_len[from] - used);
    world.wire_len[from] -= used;
    world.offered[from] -= used;
}

static void settle_wire(void)
{
    for (bool moved = true; moved && !unit_row_has_failed();) {
        moved = false;
        for (size_t side = 0; side < 2; side++) {
            send(side, WIRE);
            moved = moved || world.wire_len[side] > 0;
            arrive(side, WIRE);
        }
    }
    take_events(0);
    take_events(1);
}

/* ---- a run ----------------------------------------------------------------------------------- */

/* A stream that this side still has to do with; NULL for want of luck. */
static struct pair *some_pair(size_t side)
{
    for (uint32_t tries = 0; tries < 8 && world.pair_count > 0; tries++) {
        struct pair *p = &world.pairs[below(world.pair_count)];

        if (p->is_held[side] && !p->is_over[side])
            return p;
    }
    return NULL;
}

static void random_step(void)
{
    size_t side = below(2);
    struct pair *p = some_pair(side);
    uint32_t what = below(100);

    world.now.ns += below(2000000);
    if (what < 4)
        open_stream(side);
    else if (what < 12)
        take_events(side);
    else if (what < 32)
        send(side, below(4) == 0 ? DSB_FRAME_MAX : below(3000));
    else if (what < 52)
        arrive(side, below(4) == 0 ? WIRE : below(3000));
    else if (what < 54)
        dsb_mux_tick(&world.mux[side], world.now);
    else if (p == NULL)
        take_events(side);
    else if (what < 60)
        accept_stream(p, side);
    else if (what < 78)
        push(p, side);
    else if (what < 96)
        pull(p, side, below(world.haste) == 0 ? below(9000) : below(200));
    else if (what < 97)
        finish(p, side);
    else if (what == 98 && world.is_short && below(30) == 0)
        shut_down(side);
    else if (world.patience > 0 && below(world.patience) == 0)
        give_up(p, side);
    if (p != NULL)
        expect_confirmed_is_read(p, side);
    expect_sums(side);
}

/* Everything was sent and read: whoever was told to wait for room has been told of it. */
static void expect_nobody_waits(void)
{
    for (uint32_t i = 0; i < world.pair_count; i++) {
        for (size_t side = 0; side < 2; side++)
            EXPECT(!world.pairs[i].waits_to_write[side]);
    }
}

/* Nothing more is begun: both sides read what there is and finish. */
static void wind_up(void)
{
    for (uint32_t round = 0; round < 2 * ROUNDS_OF_READING; round++) {
        settle_wire();
        if (round == ROUNDS_OF_READING)
            expect_nobody_waits();
        world.now.ns += 20000000;
        for (size_t side = 0; side < 2; side++) {
            dsb_mux_tick(&world.mux[side], world.now);
            take_events(side);
            for (uint32_t i = 0; i < world.pair_count; i++) {
                struct pair *p = &world.pairs[i];

                if (!p->is_held[side])
                    continue;
                accept_stream(p, side);
                while (pull(p, side, WIRE)) {
                }
                if (round >= ROUNDS_OF_READING)
                    finish(p, side);
            }
        }
    }
    settle_wire();
}

static void expect_all_arrived(void)
{
    for (uint32_t i = 0; i < world.pair_count; i++) {
        const struct pair *p = &world.pairs[i];

        for (size_t side = 0; side < 2; side++) {
            EXPECT(p->is_over[side] || !p->is_held[side]);
            EXPECT(p->is_given_up || p->ways[side].pulled == p->ways[side].pushed);
        }
    }
}

static void expect_shut_down(void)
{
    bool both = below(2) == 0;

    shut_down(0);
    if (both)
        shut_down(1);
    settle_wire();
    EXPECT(world.is_gone[0] && world.is_gone[1]);
    EXPECT(dsb_mux_is_over(&world.mux[0]) && dsb_mux_is_over(&world.mux[1]));
}

static void expect_all_back(void)
{
    for (size_t side = 0; side < 2; side++) {
        for (uint32_t i = 0; i < world.pair_count; i++)
            dsb_mux_release(&world.mux[side], world.pairs[i].handle[side]);
        EXPECT_EQ(world.pools[side].blocks.used_count, 0);
        EXPECT_EQ(world.pools[side].streams.used_count, 0);
        EXPECT_EQ(world.pools[side].grants.used, 0);
        EXPECT_EQ(world.pools[side].queues.used, 0);
        EXPECT_EQ(world.pools[side].growth.used, 0);
        dsb_mux_wipe(&world.mux[side]);
    }
}

void mux_random_run(uint64_t seed, uint32_t step_count)
{
    memset(&world, 0, sizeof(world));
    nx_prng_init(&world.prng, seed, "two honest muxes");
    world.patience = below(4) * below(10);
    world.haste = 1 + below(8);
    world.is_short = below(3) == 0;
    for (size_t side = 0; side < 2; side++) {
        EXPECT_STATUS(
            dsb_pools_init(&world.pools[side], &profile, memory[side], sizeof(memory[side])),
            NX_OK);
        dsb_mux_init(&world.mux[side], world.now, &world.pools[side], side == 0);
    }
    for (uint32_t i = 0; i < step_count && !unit_row_has_failed(); i++)
        random_step();
    if (!unit_row_has_failed())
        wind_up();
    if (!unit_row_has_failed()) {
        expect_all_arrived();
        expect_shut_down();
        expect_all_back();
    }
}
