/* Books that add up are said to; each number that is off is found. */
#include "sim/books.h"

#include "core/base/memory.h"
#include "tests/unit/unit.h"

static const struct dsb_profile profile = {
    .name = "books",
    .stream_count_max = 4,
    .stream_queue_max = 8192,
    .grants_max = 6 * DSB_CREDIT_INITIAL,
    .queues_max = 16384,
    .block_size = 1024,
    .link_count_max = 2,
    .peer_count_max = 1,
    .neighbour_count_max = 2,
    .keepalive_interval = {30 * UINT64_C(1000000000)},
    .keepalive_timeout = {90 * UINT64_C(1000000000)},
};

enum {
    POOLS_SIZE = 600 * 1024
};

static const struct nx_instant now = {UINT64_C(1000000000000)};
static uint64_t memory[POOLS_SIZE / 8];
static struct dsb_node node;
static struct dsb_link links[2];
static struct dsb_connection place;
static struct dsb_connections connections;
static struct dsb_stream *ours, *theirs;

/* The peer opens a stream and sends 3,000 bytes of it. */
static void hear(struct dsb_mux *m)
{
    static const uint8_t payload[3000];
    static uint8_t bytes[4096];
    struct nx_writer out = nx_writer_over(bytes, sizeof(bytes));
    const struct dsb_frame open = {.kind = DSB_FRAME_OPEN,
                                   .stream_id = 2,
                                   .window = DSB_CREDIT_INITIAL,
                                   .body = nx_bytes_of_text("byte/b")};
    const struct dsb_frame data = {
        .kind = DSB_FRAME_DATA, .stream_id = 2, .body = nx_bytes_of(payload, sizeof(payload))};
    size_t used;

    EXPECT_STATUS(dsb_frame_encode(&open, &out), NX_OK);
    EXPECT_STATUS(dsb_frame_encode(&data, &out), NX_OK);
    EXPECT_STATUS(dsb_mux_input(m, now, nx_writer_bytes(&out), &used), NX_OK);
}

static void begin_session(struct dsb_mux *m)
{
    static const uint8_t bytes[2000];
    struct dsb_stream_handle stream;
    size_t taken;

    dsb_mux_init(m, now, &node.pools, true);
    EXPECT_STATUS(dsb_mux_open(m, nx_bytes_of_text("byte/a"), 3, false, &stream), NX_OK);
    ours = dsb_streams_at(&m->streams, stream.slot);
    EXPECT_STATUS(
        dsb_mux_push(m, now, stream, nx_bytes_of(bytes, sizeof(bytes)), DSB_PUSH_PART, &taken),
        NX_OK);
    hear(m);
    theirs = dsb_streams_at(&m->streams, dsb_streams_find(&m->streams, 2));
}

/* One session, with one stream each way and bytes in both; and the connection that carries it. */
static void begin(void)
{
    memset(&node, 0, sizeof(node));
    memset(links, 0, sizeof(links));
    memset(&place, 0, sizeof(place));
    node.config.profile = &profile;
    node.links = links;
    node.link_count = 2;
    EXPECT_STATUS(dsb_pools_init(&node.pools, &profile, memory, sizeof(memory)), NX_OK);
    links[0].state = DSB_LINK_SESSION;
    links[0].info.device.id[0] = links[0].info.device.ed25519[0] = 1;
    begin_session(&links[0].mux);

    connections = (struct dsb_connections){.config = {.node = &node, .places = &place, .cap = 1},
                                           .used_end = 1};
    place.state = DSB_CONNECTION_OPEN;
    place.session.state = DSB_SESSION_UP;
    place.session.has_attested = true;
    place.session.terms.protocol = DSB_PROTOCOL_NATIVE;
    place.session.we_say_paired = place.session.terms.peer_says_paired = true;
    place.session.peer.id[0] = place.session.peer.ed25519[0] = 1;
}

static void expect(const char *sentence)
{
    const char *said = sim_books(&connections, now);

    EXPECT_TEXT(said == NULL ? "nothing" : said, sentence);
}

static void rows_of_sums(void)
{
    unit_row("what a session holds adds up");
    begin();
    EXPECT(node.pools.blocks.used_count >= 2 && node.pools.queues.used == 2000);
    expect("nothing");

    unit_row("a block that nobody holds is found");
    begin();
    EXPECT(nx_pool_take(&node.pools.blocks) != NX_POOL_NONE);
    expect("the blocks that are out are not those that streams hold");

    unit_row("a slot that nobody holds is found");
    begin();
    EXPECT(nx_pool_take(&node.pools.streams) != NX_POOL_NONE);
    expect("the slots that are out are not those that sessions hold");

    unit_row("credit of the node that no stream has is found");
    begin();
    EXPECT_STATUS(nx_budget_reserve(&node.pools.grants, 64), NX_OK);
    expect("the credit that is out is not the sum of the streams'");

    unit_row("growth of the node that no stream has is found");
    begin();
    EXPECT_STATUS(nx_budget_reserve(&node.pools.growth, 64), NX_OK);
    expect("the credit that is out is not the sum of the streams'");

    unit_row("bytes of the node that wait in no stream are found");
    begin();
    EXPECT_STATUS(nx_budget_reserve(&node.pools.queues, 1), NX_OK);
    expect("the bytes that wait are not the sum of the streams'");

    unit_row("credit of a session that no stream has is found");
    begin();
    links[0].mux.growth.used = 1;
    expect("the credit of a session is not the sum of its streams'");

    unit_row("one byte that a peer may send and that has no place is found");
    begin();
    theirs->inbox.credit = (uint32_t)theirs->inbox.grant.used + 1;
    expect("a peer may send more than was reserved for it");

    unit_row("one byte of credit that is never given back is found once the stream is read");
    begin();
    ours->is_accepted = true;
    expect("nothing");
    ours->inbox.credit--;
    expect("credit of a stream that was read empty is lost");

    unit_row(
        "a sender that may send all that its receiver reserved is fine; one byte more is found");
    begin();
    ours->outbox.credit = (uint32_t)theirs->inbox.grant.used;
    EXPECT(sim_books_of_flow(ours, theirs) == NULL);
    ours->outbox.credit++;
    EXPECT(sim_books_of_flow(ours, theirs) != NULL);
}

static void rows_of_limits(void)
{
    unit_row(
        "a high-water mark at its limit is fine, one over it is found, also when it is long gone");
    begin();
    links[0].mux.streams.count_high_water = DSB_STREAMS_PER_SESSION_MAX;
    expect("nothing");
    links[0].mux.streams.count_high_water++;
    expect("a session had more streams than it may");

    unit_row("a session's credit over its limit is found");
    begin();
    links[0].mux.grants.high_water = DSB_CREDIT_SESSION_MAX + 1;
    expect("a session gave more credit than it may");

    unit_row("a stream's credit over its limit is found");
    begin();
    theirs->inbox.grant.high_water = DSB_CREDIT_STREAM_MAX + 1;
    expect("a stream had more than it may");

    unit_row("a node's credit over its profile is found");
    begin();
    node.pools.grants.high_water = profile.grants_max + 1;
    expect("a node gave or took more than its profile has");

    unit_row("17 refusals that wait are found");
    begin();
    links[0].mux.refusal_count = DSB_RST_WAITING_MAX + 1;
    expect("more refusals wait than may");

    unit_row("one neighbour too many is found");
    begin();
    node.discovery.neighbours.used_count = 3;
    expect("discovery holds more than it may");

    unit_row("a fifth half-open handshake of one source is found");
    begin();
    connections.gate.source_count = 1;
    connections.gate.sources[0].half_open_count = DSB_GATE_PER_SOURCE_MAX + 1;
    expect("one source has more places of the gate than it may");
}

static void rows_of_reach(void)
{
    struct dsb_reach_device *d = &connections.reach.devices[0];

    unit_row("a device that is due within the longest wait is fine, one due later is given up");
    begin();
    connections.reach.count = 1;
    d->due_at = nx_instant_after(now, nx_milliseconds(DSB_REACH_MAX_MS));
    expect("nothing");
    d->due_at.ns++;
    expect("a device that is wanted is not dialled again");
    d->due_at = NX_NEVER;
    expect("a device that is wanted is not dialled again");

    unit_row("a device that waits for a dial which nobody makes is found");
    begin();
    connections.reach.count = connections.reach.trying_count = 1;
    d->state = DSB_REACH_TRYING;
    expect("a device waits for a dial that is not under way");
    connections.dials[3].is_used = true;
    expect("nothing");
}

static void rows_of_identity(void)
{
    unit_row("a session before its identity is attested is found");
    begin();
    place.session.has_attested = false;
    expect("a link before its identity was bound");

    unit_row("a session whose handshake has not left the gate is found");
    begin();
    place.has_pass = true;
    expect("a link before its identity was bound");

    unit_row("a session with another key than the one that was proved is found");
    begin();
    place.session.peer.ed25519[0] = 2;
    expect("a link with another device than the one that was proved");

    unit_row("a session on a connection that was for pairing is found");
    begin();
    place.session.terms.purpose = DSB_PURPOSE_PAIR;
    expect("a link for another purpose than the one that was asked for");

    unit_row("a session that only we call paired is found, and one that only the peer does");
    begin();
    place.session.terms.peer_says_paired = false;
    expect("a session that one side alone calls paired");
    begin();
    place.session.we_say_paired = false;
    expect("a session that one side alone calls paired");

    unit_row("a session without a connection is found, unless it is down");
    begin();
    place.link = DSB_CONNECTION_NONE;
    expect("a session that no connection carries");
    links[0].is_down = true;
    expect("nothing");
}

UNIT_SUITE(books_test)
{
    NEED(dsb_pools_size(&profile) <= sizeof(memory));
    rows_of_sums();
    rows_of_limits();
    rows_of_reach();
    rows_of_identity();

    unit_row("at rest nothing may be held: a stream that is left is found");
    begin();
    EXPECT_TEXT(sim_books_of_rest(&connections),
                "all is over, and blocks, slots or credit did not come back");
}
