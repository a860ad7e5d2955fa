/* Of several sessions with one device one stays, and both sides see alike which
 * (docs/contracts/wire.md §2.1). */
#include "core/base/memory.h"
#include "core/base/text.h"
#include "core/crypto/crypto.h"
#include "core/node/node.h"
#include "core/wire/frame.h"
#include "tests/node/bench.h"
#include "tests/unit/unit.h"

/* ---- two nodes, and connections between them that come up in any order ------------------------ */

enum {
    SIDES = 2,
    CONNS_MAX = 3,
    NODE_MEMORY = 3 * 1048576,
    FRIENDS = 16,
};

/* Side 0 has the smaller id; a row checks it. */
static const char *const names[SIDES] = {"ann", "bob"};

static const struct dsb_profile profile = {
    .name = "pair",
    .stream_count_max = 8,
    .stream_queue_max = 65536,
    .grants_max = 16 * DSB_CREDIT_INITIAL,
    .queues_max = 4 * 65536,
    .block_size = 1024,
    .link_count_max = 4,
    .peer_count_max = 2,
    .neighbour_count_max = 4,
    .keepalive_interval = {30 * UINT64_C(1000000000)},
    .keepalive_timeout = {90 * UINT64_C(1000000000)},
};

struct conn {
    int dialler;
    uint32_t link[SIDES];
    bool is_up[SIDES];
    bool is_closed;
};

static struct {
    struct dsb_node nodes[SIDES];
    struct nx_prng prng[SIDES];
    struct conn conns[CONNS_MAX];
    uint32_t conn_count;
    int up_count[SIDES];    /* SESSION_UP that were told */
    int ended_count[SIDES]; /* SESSION_ENDED */
} pair;

static uint64_t memory[SIDES][NODE_MEMORY / 8] __attribute__((aligned(16)));
static const struct nx_instant now = {0};

static void begin_node(int side)
{
    static uint8_t text[4096];
    struct dsb_link_info peer_info = bench_info(names[1 - side], 7, DSB_LINK_TO_TALK, false);
    struct dsb_link_info own = bench_info(names[side], 7, DSB_LINK_TO_TALK, false);
    struct dsb_peer at = {0};
    const struct dsb_peers peers = {.at = &at, .count = 1, .cap = 1};
    const struct dsb_pairing_saved nothing_used = {0};
    struct nx_writer out = nx_writer_over(text, sizeof(text));
    const struct dsb_node_config config = {
        .profile = &profile,
        .world = DSB_WORLD_SIM,
        .id_text = names[side],
        .device = own.device,
        .discovery = dsb_discovery_config_default(),
        .rng = nx_prng_as_rng(&pair.prng[side]),
        .memory = memory[side],
        .memory_size = sizeof(memory[side]),
    };

    memcpy(at.id_text, peer_info.id_text, sizeof(at.id_text));
    memcpy(at.id, peer_info.device.id, sizeof(at.id));
    memcpy(at.ed25519, peer_info.device.ed25519, sizeof(at.ed25519));
    memcpy(at.noise_static, peer_info.device.noise_static, sizeof(at.noise_static));
    EXPECT_STATUS(dsb_registry_encode(DSB_WORLD_SIM, &peers, &(struct dsb_peers_edit){0},
                                      &nothing_used, &out),
                  NX_OK);
    nx_prng_init(&pair.prng[side], 1, names[side]);
    EXPECT_STATUS(dsb_node_init(&pair.nodes[side], now, &config, NULL), NX_OK);
    EXPECT_STATUS(dsb_node_start(&pair.nodes[side], now, NX_OK, nx_writer_bytes(&out)), NX_OK);
}

static void begin(uint32_t conn_count, const int *diallers)
{
    memset(&pair, 0, sizeof(pair));
    for (int side = 0; side < SIDES; side++)
        begin_node(side);
    pair.conn_count = conn_count;
    for (uint32_t i = 0; i < conn_count; i++)
        pair.conns[i].dialler = diallers[i];
}

static void take_news(void)
{
    struct dsb_node_event event;

    for (int side = 0; side < SIDES; side++) {
        while (dsb_node_event(&pair.nodes[side], now, &event)) {
            pair.up_count[side] += event.kind == DSB_NODE_SESSION_UP;
            pair.ended_count[side] += event.kind == DSB_NODE_SESSION_ENDED;
        }
    }
}

/* Admission is over on this side. */
static void come_up(uint32_t index, int side)
{
    struct conn *c = &pair.conns[index];
    struct dsb_link_info info =
        bench_info(names[1 - side], 7, DSB_LINK_TO_TALK, side == c->dialler);

    memset(info.channel, (int)index, sizeof(info.channel));
    EXPECT_STATUS(dsb_node_link_up(&pair.nodes[side], now, &info, &c->link[side]), NX_OK);
    c->is_up[side] = true;
}

static bool carry_from(struct conn *c, int from)
{
    static uint8_t record[DSB_FRAME_MAX];
    struct nx_writer out = nx_writer_over(record, sizeof(record));
    size_t used;

    if (!dsb_node_link_output(&pair.nodes[from], c->link[from], &out))
        return false;
    (void)!dsb_node_link_input(&pair.nodes[1 - from], now, c->link[1 - from], nx_writer_bytes(&out),
                               &used);
    return true;
}

static bool is_over(const struct conn *c)
{
    return dsb_node_link_is_over(&pair.nodes[0], c->link[0]) ||
           dsb_node_link_is_over(&pair.nodes[1], c->link[1]);
}

static bool carry(struct conn *c)
{
    if (!c->is_up[0] || !c->is_up[1] || c->is_closed)
        return false;
    if (carry_from(c, 0) || carry_from(c, 1))
        return true;
    if (!is_over(c))
        return false;
    for (int side = 0; side < SIDES; side++)
        dsb_node_link_down(&pair.nodes[side], now, c->link[side]);
    c->is_closed = true;
    return true;
}

/* All that goes over connections that both sides have admitted, and the news of it. */
static void carry_all(void)
{
    bool moved = true;

    while (moved) {
        moved = false;
        for (uint32_t i = 0; i < pair.conn_count; i++)
            moved = carry(&pair.conns[i]) || moved;
        take_news();
    }
}

/* Which connection carries the session, as this side sees it; -1: none does, or several. */
static int session_of(int side)
{
    const struct dsb_mux *session = dsb_node_session(&pair.nodes[side], names[1 - side]);
    int found = -1;
    int used_count = 0;

    for (uint32_t i = 0; i < profile.link_count_max; i++)
        used_count += pair.nodes[side].links[i].state != DSB_LINK_FREE;
    for (uint32_t i = 0; i < pair.conn_count; i++) {
        if (&pair.nodes[side].links[pair.conns[i].link[side]].mux == session &&
            !pair.conns[i].is_closed)
            found = (int)i;
    }
    return session != NULL && used_count == 1 ? found : -1;
}

/* ---- every order of arrival ------------------------------------------------------------------- */

/* An event is a connection's admission on one side: 2 * connection, and 1 more for the dialler. */
struct order {
    uint32_t events[2 * CONNS_MAX];
    uint32_t count;
};

/* Run one order; bit n of `carried`: after the n-th event everything goes over. Whoever dialled the
 * connection that is left has to be `winner`. */
static bool run_order(const struct order *order, const int *diallers, uint32_t carried, int winner)
{
    begin(order->count / 2, diallers);
    for (uint32_t i = 0; i < order->count; i++) {
        uint32_t index = order->events[i] / 2;
        int dialler = diallers[index];

        come_up(index, order->events[i] % 2 == 1 ? dialler : 1 - dialler);
        if (carried >> i & 1)
            carry_all();
    }
    carry_all();

    int left = session_of(0);
    return left >= 0 && left == session_of(1) && diallers[left] == winner &&
           pair.up_count[0] - pair.ended_count[0] == 1 &&
           pair.up_count[1] - pair.ended_count[1] == 1;
}

/* Who is dialled admits first, the dialler when it has heard so: each order of the other events. */
/* NOLINTNEXTLINE(misc-no-recursion): as deep as there are events, six at most */
static uint32_t count_failures(struct order *order, uint32_t conn_count, const int *diallers,
                               bool in_turn, int winner)
{
    uint32_t step = conn_count == 2 ? 1 : 9; /* of six events the same three bits twice */
    uint32_t failures = 0;

    if (order->count == 2 * conn_count) {
        for (uint32_t carried = 0; carried < 1u << order->count; carried += step)
            failures += !run_order(order, diallers, carried, winner);
        return failures;
    }
    for (uint32_t event = 0; event < 2 * conn_count; event++) {
        bool is_there = false;
        bool has_first = event % 2 == 0;
        bool has_last_dial = event % 2 == 1 || event == 0 || !in_turn ||
                             diallers[event / 2] != diallers[event / 2 - 1];

        for (uint32_t i = 0; i < order->count; i++) {
            is_there = is_there || order->events[i] == event;
            has_first = has_first || order->events[i] == event - 1;
            has_last_dial = has_last_dial || order->events[i] + 1 == event;
        }
        if (is_there || !has_first || !has_last_dial)
            continue;
        order->events[order->count++] = event;
        failures += count_failures(order, conn_count, diallers, in_turn, winner);
        order->count--;
    }
    return failures;
}

static const struct {
    const char *name;
    uint32_t conn_count;
    int diallers[CONNS_MAX];
    bool in_turn; /* a side dials again when its last dial is over */
    int winner;
} arrivals[] = {
    {"both dial at once: in every order of arrival that of the smaller id is left",
     2,
     {0, 1},
     false,
     0},
    {"one side dials twice in turn: one session is left", 2, {1, 1}, true, 1},
    {"one side dials twice at once: one session is left, the same on both sides",
     2,
     {0, 0},
     false,
     0},
    {"the smaller id dials twice, the other once: one of the two is left", 3, {0, 0, 1}, false, 0},
    {"the smaller id dials once, the other twice: its own is left", 3, {1, 1, 0}, false, 0},
    {"one side dials three times in turn: one session is left", 3, {1, 1, 1}, true, 1},
};

static void arrival_rows(void)
{
    unit_row("the rows below take side 0 for the smaller id");
    struct dsb_link_info infos[] = {bench_info(names[0], 7, DSB_LINK_TO_TALK, false),
                                    bench_info(names[1], 7, DSB_LINK_TO_TALK, false)};
    EXPECT(memcmp(infos[0].device.id, infos[1].device.id, DSB_ID_LEN) < 0);

    unit_row("a node of this profile has room");
    EXPECT(dsb_node_memory_size(&profile) <= NODE_MEMORY);

    for (size_t i = 0; i < NX_COUNT_OF(arrivals); i++) {
        struct order order = {.count = 0};

        unit_row(arrivals[i].name);
        EXPECT_EQ(count_failures(&order, arrivals[i].conn_count, arrivals[i].diallers,
                                 arrivals[i].in_turn, arrivals[i].winner),
                  0);
    }
}

/* ---- one side, its peer played ------------------------------------------------------------------ */

static struct bench *b;

/* A friend whose id is larger than ours; the rows above have it both ways. */
static const char *larger_friend(void)
{
    static char id_text[DSB_ID_TEXT_MAX + 1];
    struct dsb_link_info info = {0};

    for (uint32_t i = 0; i < FRIENDS; i++) {
        info = bench_info(bench_friend(i), 7, DSB_LINK_TO_TALK, false);
        if (memcmp(info.device.id, b->node.config.device.id, DSB_ID_LEN) > 0)
            break;
    }
    EXPECT(memcmp(info.device.id, b->node.config.device.id, DSB_ID_LEN) > 0);
    memcpy(id_text, info.id_text, sizeof(id_text));
    return id_text;
}

static uint32_t up(const char *id_text, bool we_dialled)
{
    struct dsb_link_info info = bench_info(id_text, 7, DSB_LINK_TO_TALK, we_dialled);
    uint32_t link = UINT32_MAX;

    EXPECT_STATUS(dsb_node_link_up(&b->node, b->now, &info, &link), NX_OK);
    return link;
}

static struct dsb_mux *mux_of(uint32_t link)
{
    return &b->node.links[link].mux;
}

/* The next frame of a link, lent until the next call; kind 0: none. One at a time is enough here. */
static struct dsb_frame next_frame(uint32_t link)
{
    static uint8_t record[DSB_FRAME_MAX];
    struct nx_writer out = nx_writer_over(record, sizeof(record));
    struct dsb_frame frame = {0};
    size_t used;

    if (dsb_node_link_output(&b->node, link, &out))
        EXPECT_STATUS(dsb_frame_decode(nx_writer_bytes(&out), &frame, &used), NX_OK);
    return frame;
}

static void expect_goaway(uint32_t link, enum dsb_goaway_code code)
{
    struct dsb_frame frame = next_frame(link);

    EXPECT_EQ(frame.kind, DSB_FRAME_GOAWAY);
    EXPECT_EQ(frame.code, code);
}

/* A stream that the peer opened, so that the session has one. */
static void open_theirs(uint32_t link, uint32_t id)
{
    const struct dsb_frame open = {.kind = DSB_FRAME_OPEN,
                                   .stream_id = id,
                                   .window = DSB_CREDIT_INITIAL,
                                   .body = nx_bytes_of_text("msg/x")};
    uint8_t bytes[64];
    struct nx_writer w = nx_writer_over(bytes, sizeof(bytes));
    size_t used;

    EXPECT_STATUS(dsb_frame_encode(&open, &w), NX_OK);
    EXPECT_STATUS(dsb_node_link_input(&b->node, b->now, link, nx_writer_bytes(&w), &used), NX_OK);
}

static uint32_t count_news(enum dsb_node_event_kind kind)
{
    struct dsb_node_event event;
    uint32_t count = 0;

    while (bench_event(b, kind, &event))
        count++;
    return count;
}

static void duplicate_rows(void)
{
    struct dsb_node_event event;

    unit_row("a new session that loses says GOAWAY duplicate, is over, and nobody hears of it");
    b = bench_begin(FRIENDS);
    const char *peer = larger_friend();
    uint32_t old = up(peer, true);
    EXPECT_EQ(count_news(DSB_NODE_SESSION_UP), 1);
    uint32_t fresh = up(peer, false);
    EXPECT(dsb_node_session(&b->node, peer) == mux_of(old));
    EXPECT(!dsb_node_link_is_over(&b->node, fresh));
    expect_goaway(fresh, DSB_GOAWAY_DUPLICATE);
    EXPECT_EQ(next_frame(fresh).kind, 0);
    EXPECT(dsb_node_link_is_over(&b->node, fresh));
    EXPECT_EQ(count_news(DSB_NODE_SESSION_UP), 0);

    unit_row("what is said on it does not matter, and its link is free when it is down");
    size_t used;
    EXPECT_STATUS(dsb_node_link_input(&b->node, b->now, fresh, nx_bytes_of_text("anything"), &used),
                  NX_E_CLOSED);
    dsb_node_link_down(&b->node, b->now, fresh);
    EXPECT_EQ(count_news(DSB_NODE_SESSION_ENDED), 0);
    EXPECT_EQ(b->node.links[fresh].state, DSB_LINK_FREE);

    unit_row("the one that stays is asked for a sign of life at once, and given up without one");
    EXPECT_EQ(next_frame(old).kind, DSB_FRAME_PING);
    b->now = nx_instant_after(b->now, nx_seconds(DSB_SESSION_DOUBT_S));
    dsb_node_tick(&b->node, b->now);
    EXPECT(bench_event(b, DSB_NODE_SESSION_ENDED, &event));
    EXPECT_STATUS(event.status, NX_E_TIMEOUT);
    EXPECT(event.session == mux_of(old));
    EXPECT(dsb_node_session(&b->node, peer) == NULL);

    unit_row("an older one that loses says GOAWAY duplicate, and goes on until its streams end");
    b = bench_begin(FRIENDS);
    peer = larger_friend();
    old = up(peer, false);
    open_theirs(old, 1);
    EXPECT(bench_event(b, DSB_NODE_STREAM, &event));
    EXPECT(event.session == mux_of(old));
    struct dsb_stream_handle stream = event.mux.stream;
    fresh = up(peer, true);
    EXPECT(dsb_node_session(&b->node, peer) == mux_of(fresh));
    expect_goaway(old, DSB_GOAWAY_DUPLICATE);
    EXPECT(!dsb_node_link_is_over(&b->node, old));
    EXPECT(bench_event(b, DSB_NODE_SESSION_UP, &event));
    EXPECT(event.session == mux_of(fresh));
    EXPECT_STATUS(dsb_mux_abort(mux_of(old), stream, DSB_RST_CANCELLED, "done"), NX_OK);
    EXPECT_EQ(next_frame(old).kind, DSB_FRAME_RST);
    EXPECT(bench_event(b, DSB_NODE_SESSION_ENDED, &event));
    EXPECT(event.session == mux_of(old));
    EXPECT_EQ(event.mux.code, DSB_GOAWAY_DUPLICATE);
    EXPECT(dsb_node_session(&b->node, peer) == mux_of(fresh));

    unit_row("one without streams is over at once");
    b = bench_begin(FRIENDS);
    old = up(peer, false);
    (void)up(peer, true);
    expect_goaway(old, DSB_GOAWAY_DUPLICATE);
    EXPECT(dsb_node_link_is_over(&b->node, old));

    unit_row("one that is ending is in nobody's way");
    b = bench_begin(FRIENDS);
    peer = larger_friend();
    old = up(peer, true);
    EXPECT_STATUS(dsb_mux_shutdown(mux_of(old), DSB_GOAWAY_BYE, "bye"), NX_OK);
    fresh = up(peer, false);
    EXPECT(dsb_node_session(&b->node, peer) == mux_of(fresh));
    EXPECT_EQ(next_frame(fresh).kind, 0);
}

static void replaced_rows(void)
{
    unit_row("of two that the peer dialled the newer stays, the older ends with GOAWAY replaced");
    b = bench_begin(2);
    uint32_t old = up("friend-0", false);
    open_theirs(old, 1);
    uint32_t fresh = up("friend-0", false);
    EXPECT(dsb_node_session(&b->node, "friend-0") == mux_of(fresh));
    expect_goaway(old, DSB_GOAWAY_REPLACED);
    EXPECT_EQ(mux_of(old)->state, DSB_MUX_ENDING);

    unit_row("a third one ends the oldest at once: two go on, and no more");
    open_theirs(fresh, 1);
    uint32_t third = up("friend-0", false);
    EXPECT(dsb_node_session(&b->node, "friend-0") == mux_of(third));
    expect_goaway(old, DSB_GOAWAY_REPLACED);
    EXPECT_EQ(mux_of(old)->state, DSB_MUX_OVER);
    expect_goaway(fresh, DSB_GOAWAY_REPLACED);
    EXPECT_EQ(mux_of(fresh)->state, DSB_MUX_ENDING);

    unit_row("while the oldest is not down a fourth is refused: no device has four links");
    struct dsb_link_info info = bench_info("friend-0", 7, DSB_LINK_TO_TALK, false);
    uint32_t link = UINT32_MAX;
    EXPECT_STATUS(dsb_node_link_up(&b->node, b->now, &info, &link), NX_E_LIMIT);
    EXPECT_TEXT(dsb_node_why(&b->node)->text, "links of one device: limit 3, asked 4");
    EXPECT(dsb_node_session(&b->node, "friend-0") == mux_of(third));
    dsb_node_link_down(&b->node, b->now, old);
    EXPECT_STATUS(dsb_node_link_up(&b->node, b->now, &info, &link), NX_E_LIMIT);
    EXPECT_EQ(count_news(DSB_NODE_SESSION_ENDED), 1);
    EXPECT_STATUS(dsb_node_link_up(&b->node, b->now, &info, &link), NX_OK);

    unit_row("however often one device comes, another finds a link");
    for (uint32_t i = 0; i < dsb_profile_board.link_count_max; i++)
        (void)!dsb_node_link_up(&b->node, b->now, &info, &link);
    (void)up("friend-1", false);

    unit_row("of two that we dialled the peer says which stays: both go on until it does");
    b = bench_begin(1);
    old = up("friend-0", true);
    fresh = up("friend-0", true);
    EXPECT(dsb_node_session(&b->node, "friend-0") == mux_of(fresh));
    EXPECT_EQ(next_frame(old).kind, DSB_FRAME_PING);
    EXPECT_EQ(next_frame(fresh).kind, 0);
    bench_bye(b, fresh, DSB_GOAWAY_REPLACED, 0);
    EXPECT(dsb_node_session(&b->node, "friend-0") == mux_of(old));

    unit_row("but never more than two");
    b = bench_begin(1);
    old = up("friend-0", true);
    (void)up("friend-0", true);
    (void)up("friend-0", true);
    expect_goaway(old, DSB_GOAWAY_REPLACED);
    EXPECT(dsb_node_link_is_over(&b->node, old));

    unit_row("sessions with two devices do not know of each other");
    b = bench_begin(2);
    old = up("friend-0", false);
    (void)up("friend-1", false);
    (void)up("friend-1", true);
    EXPECT(dsb_node_session(&b->node, "friend-0") == mux_of(old));
    EXPECT_EQ(next_frame(old).kind, 0);
}

UNIT_SUITE(sessions_test)
{
    arrival_rows();
    duplicate_rows();
    replaced_rows();
}
