#include "core/bus/pools.h"

#include "core/bus/inbox.h"
#include "core/bus/outbox.h"
#include "core/bus/stream.h"
#include "core/wire/frame.h"
#include "tests/unit/unit.h"

enum {
    STREAMS = 2,
    QUEUE = 4096,
    BLOCK = 64,
};

/* A node of two streams: credit for both, queues for both, and small blocks. */
static const struct dsb_profile small = {
    .name = "small",
    .stream_count_max = STREAMS,
    .stream_queue_max = QUEUE,
    .grants_max = STREAMS * DSB_CREDIT_INITIAL,
    .queues_max = STREAMS * QUEUE,
    .block_size = BLOCK,
    .keepalive_interval = {3},
    .keepalive_timeout = {9},
};

static uint64_t memory[32768];
static uint8_t payload[DSB_FRAME_PAYLOAD_MAX];

enum field {
    STREAM_COUNT,
    STREAM_QUEUE,
    BLOCK_SIZE,
    GRANTS,
    QUEUES,
    INTERVAL,
};

/* The small profile with one field set to something else. */
static const struct {
    const char *name;
    enum field field;
    uint64_t value;
    bool is_good;
} profiles[] = {
    {"a profile of one stream", STREAM_COUNT, 1, true},
    {"a profile of no stream is none", STREAM_COUNT, 0, false},
    {"as many streams as slots have names", STREAM_COUNT, DSB_STREAMS_PER_NODE_MAX, true},
    {"one more stream than slots have names", STREAM_COUNT, DSB_STREAMS_PER_NODE_MAX + 1, false},
    {"a queue of one frame of the least cost", STREAM_QUEUE, DSB_CREDIT_FRAME_MIN, true},
    {"a queue that holds no frame at all", STREAM_QUEUE, DSB_CREDIT_FRAME_MIN - 1, false},
    {"blocks of 64 bytes", BLOCK_SIZE, 64, true},
    {"blocks that are nearly all head", BLOCK_SIZE, 56, false},
    {"blocks that do not keep what lies in them aligned", BLOCK_SIZE, 68, false},
    {"blocks without any room behind their head", BLOCK_SIZE, 8, false},
    {"credit for one stream to start with", GRANTS, DSB_CREDIT_INITIAL, true},
    {"credit with which no stream could start", GRANTS, DSB_CREDIT_INITIAL - 1, false},
    {"credit of 1 GiB", GRANTS, DSB_CREDIT_NODE_MAX, true},
    {"credit of a byte more than 1 GiB", GRANTS, DSB_CREDIT_NODE_MAX + 1, false},
    {"queues of the node that hold the queue of one stream", QUEUES, QUEUE, true},
    {"queues of the node that one stream's whole message never fits", QUEUES, QUEUE - 1, false},
    {"queues of 1 GiB", QUEUES, DSB_QUEUES_NODE_MAX, true},
    {"queues of a byte more than 1 GiB", QUEUES, DSB_QUEUES_NODE_MAX + 1, false},
    {"asking just before giving up", INTERVAL, 8, true},
    {"giving up before asking", INTERVAL, 9, false},
    {"asking without end", INTERVAL, 0, false},
};

static struct dsb_profile with(enum field field, uint64_t value)
{
    struct dsb_profile profile = small;

    switch (field) {
    case STREAM_COUNT:
        profile.stream_count_max = (uint32_t)value;
        break;
    case STREAM_QUEUE:
        profile.stream_queue_max = (uint32_t)value;
        break;
    case GRANTS:
        profile.grants_max = value;
        break;
    case QUEUES:
        profile.queues_max = value;
        break;
    case INTERVAL:
        profile.keepalive_interval = nx_nanoseconds(value);
        break;
    case BLOCK_SIZE:
        profile.block_size = (uint32_t)value;
        break;
    }
    return profile;
}

/* Only the check of the profile is asked here: no pool touches memory before it is used. */
static void accepts_or_refuses(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(profiles); i++) {
        struct dsb_profile profile = with(profiles[i].field, profiles[i].value);
        struct dsb_pools pools;

        unit_row(profiles[i].name);
        EXPECT_STATUS(dsb_pools_init(&pools, &profile, memory, UINT64_MAX),
                      profiles[i].is_good ? NX_OK : NX_E_INVALID);
        EXPECT_EQ(dsb_pools_size(&profile) != 0, profiles[i].is_good);
    }
}

/* How large the frames are that fill everything, and how much of the first one was read before:
 * the chain then begins somewhere in its first block. */
static const struct {
    const char *name;
    uint32_t frame_len;
    uint32_t read_before;
} fills[] = {
    {"empty frames", 0, 0},
    {"frames of one byte", 1, 0},
    {"frames of 63 bytes", 63, 0},
    {"frames of 64 bytes, which ask the most of memory", 64, 0},
    {"frames of 64 bytes, and the first one nearly read", 64, 63},
    {"frames of 64 bytes, and the first one nearly not", 64, 1},
    {"frames of 65 bytes", 65, 0},
    {"frames a little over a block", 61, 50},
    {"frames as large as they come", DSB_FRAME_PAYLOAD_MAX, DSB_FRAME_PAYLOAD_MAX - 1},
};

static void fill_inbox(struct dsb_inbox *in, struct dsb_pools *pools, uint32_t len,
                       uint32_t read_before)
{
    struct nx_bytes frame = nx_bytes_of(payload, len);
    struct nx_bytes front;
    bool ends;

    EXPECT_STATUS(dsb_inbox_put(in, &pools->blocks, frame, true), NX_OK);
    while (read_before > 0 && dsb_inbox_peek(in, &pools->blocks, &front, &ends) == NX_OK) {
        uint32_t part = front.len < read_before ? (uint32_t)front.len : read_before;

        dsb_inbox_drop(in, &pools->blocks, part);
        read_before -= part;
    }
    dsb_inbox_take_return(in);
    while (in->credit >= dsb_frame_cost(len)) {
        if (!EXPECT_STATUS(dsb_inbox_put(in, &pools->blocks, frame, true), NX_OK))
            return;
    }
}

static void fill_outbox(struct dsb_outbox *out, struct dsb_pools *pools, uint32_t len)
{
    struct nx_bytes message = nx_bytes_of(payload, len < QUEUE ? len : QUEUE);
    enum nx_status status = NX_OK;
    size_t taken;

    while (status == NX_OK)
        status = dsb_outbox_push(out, &pools->blocks, message, DSB_PUSH_WHOLE, &taken);
    EXPECT_STATUS(status, NX_WOULD_BLOCK);
    EXPECT(nx_budget_left(&out->queue) <
           dsb_frame_cost((uint32_t)message.len)); /* not for blocks */
}

static void the_worst_fits(uint32_t frame_len, uint32_t read_before)
{
    struct dsb_pools pools;
    struct nx_budget session;
    struct nx_budget growth;
    struct dsb_inbox inboxes[STREAMS];
    struct dsb_outbox outboxes[STREAMS];

    NEED(EXPECT_STATUS(dsb_pools_init(&pools, &small, memory, sizeof(memory)), NX_OK));
    nx_budget_init(&session, DSB_CREDIT_SESSION_MAX, &pools.grants);
    nx_budget_init(&growth, DSB_CREDIT_GROWTH_MAX, NULL);
    for (size_t i = 0; i < STREAMS; i++) {
        EXPECT_STATUS(dsb_inbox_init(&inboxes[i], &session, &growth), NX_OK);
        dsb_outbox_init(&outboxes[i], &pools, true);
    }
    for (size_t i = 0; i < STREAMS; i++) {
        fill_outbox(&outboxes[i], &pools, frame_len);
        fill_inbox(&inboxes[i], &pools, frame_len, read_before);
    }
    for (size_t i = 0; i < STREAMS; i++) {
        dsb_outbox_wipe(&outboxes[i], &pools.blocks);
        dsb_inbox_wipe(&inboxes[i], &pools.blocks);
    }
    EXPECT_EQ(pools.blocks.used_count, 0);
    EXPECT_EQ(pools.grants.used, 0);
    EXPECT_EQ(pools.queues.used, 0);
}

UNIT_SUITE(pools_test)
{
    struct dsb_pools pools;

    accepts_or_refuses();

    unit_row("memory of the very size is enough, and one byte less is not");
    EXPECT_STATUS(dsb_pools_init(&pools, &small, memory, dsb_pools_size(&small)), NX_OK);
    EXPECT_STATUS(dsb_pools_init(&pools, &small, memory, dsb_pools_size(&small) - 1), NX_E_INVALID);

    unit_row("the board's node is under 8 MiB, the host's address space under 1.7 GiB");
    EXPECT(dsb_pools_size(&dsb_profile_board) < 8u << 20);
    EXPECT(dsb_pools_size(&dsb_profile_host) < UINT64_C(1700) << 20);

    unit_row("both profiles are within the hard limits");
    EXPECT_STATUS(dsb_pools_init(&pools, &dsb_profile_board, memory, UINT64_MAX), NX_OK);
    EXPECT_STATUS(dsb_pools_init(&pools, &dsb_profile_host, memory, UINT64_MAX), NX_OK);

    unit_row("windows that grow leave every stream of the board what it starts with");
    EXPECT_STATUS(dsb_pools_init(&pools, &dsb_profile_board, memory, UINT64_MAX), NX_OK);
    EXPECT_EQ(pools.grants.limit - pools.growth.limit,
              dsb_profile_board.stream_count_max * DSB_CREDIT_INITIAL);

    unit_row("windows that grow leave the streams of a host half of its credit to start with");
    EXPECT_STATUS(dsb_pools_init(&pools, &dsb_profile_host, memory, UINT64_MAX), NX_OK);
    EXPECT_EQ(pools.growth.limit, dsb_profile_host.grants_max / 2);

    for (size_t i = 0; i < NX_COUNT_OF(fills); i++) {
        unit_row(fills[i].name);
        the_worst_fits(fills[i].frame_len, fills[i].read_before);
    }
}
