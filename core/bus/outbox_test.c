#include "core/bus/outbox.h"

#include "core/base/memory.h"
#include "core/wire/frame.h"
#include "tests/unit/unit.h"

enum {
    QUEUE = 4096,
    NODE = 3 * QUEUE,
    BLOCK = 64,
};

static const struct dsb_profile profile = {
    .name = "small",
    .stream_count_max = 4,
    .stream_queue_max = QUEUE,
    .grants_max = DSB_CREDIT_INITIAL,
    .queues_max = NODE,
    .block_size = BLOCK,
    .keepalive_interval = {3},
    .keepalive_timeout = {9},
};

static uint64_t memory[32768];
static uint8_t bytes[2 * QUEUE];
static uint8_t record[DSB_FRAME_MAX];

enum op {
    DONE,
    WHOLE,     /* push a message of `count` bytes: status, `taken` */
    PART,      /* as much as there is room for */
    LAST,      /* likewise, ending the message */
    FRAME,     /* one frame goes, of `count` bytes, that goes on */
    FRAME_END, /* likewise, ending a message */
    NO_FRAME,  /* none can go */
    NARROW,    /* one frame goes where only `count` bytes of room are, of `taken` bytes */
    NO_ROOM,   /* with `count` bytes of room none goes, and nothing is lost */
    CREDIT,    /* the peer's credit is set to `count` */
    ROOM,      /* a push would be taken for `count` bytes */
    OTHERS,    /* other streams of the node take `count` of its queues */
    DRY,       /* and every block of it */
};

struct step {
    enum op op;
    uint32_t count;
    uint32_t taken;
    enum nx_status status;
};

/* clang-format off */
static const struct {
    const char *name;
    bool is_messages;
    struct step steps[12];
} cases[] = {
    {"a message leaves as one frame that ends it", true, {{WHOLE, 10, 10}, {FRAME_END, 10},
      {NO_FRAME}}},
    {"an empty message is one empty frame", true, {{WHOLE, 0, 0}, {FRAME_END, 0}, {NO_FRAME}}},
    {"two messages are two frames", true, {{WHOLE, 10, 10}, {WHOLE, 20, 20}, {FRAME_END, 10},
      {FRAME_END, 20}}},
    {"two pushes of bytes run together", false, {{PART, 10, 10}, {PART, 20, 20}, {FRAME, 30},
      {NO_FRAME}}},
    {"no bytes are nothing to push", false, {{PART, 0, 0}, {LAST, 0, 0}, {WHOLE, 0, 0},
      {NO_FRAME}}},
    {"the empty part of a message is nothing", true, {{PART, 0, 0}, {NO_FRAME}}},
    {"the empty last part ends the message", true, {{PART, 5, 5}, {LAST, 0, 0}, {FRAME, 5},
      {FRAME_END, 0}}},
    {"a message that fills the queue is taken", true, {{WHOLE, QUEUE, QUEUE}, {ROOM, 0},
      {FRAME_END, QUEUE}, {ROOM, QUEUE}}},
    {"one byte more than the queue is over the limit", true, {{WHOLE, QUEUE + 1, 0, NX_E_LIMIT},
      {ROOM, QUEUE}, {NO_FRAME}}},
    {"a message that does not fit now is not cut", true,
     {{WHOLE, 4000, 4000}, {WHOLE, 97, 0, NX_WOULD_BLOCK}, {WHOLE, 96, 96}, {ROOM, 0}}},
    {"a small message is charged 64, as it will be of credit", true, {{WHOLE, 1, 1},
      {ROOM, QUEUE - 64}, {FRAME_END, 1}, {ROOM, QUEUE}}},
    {"room for less than 64 is no room for a message", true, {{WHOLE, QUEUE - 63, QUEUE - 63},
      {ROOM, 0}, {WHOLE, 1, 0, NX_WOULD_BLOCK}}},
    {"bytes take the queue to the last one", false, {{PART, QUEUE - 1, QUEUE - 1}, {ROOM, 1},
      {PART, 5, 1}, {PART, 1, 0, NX_WOULD_BLOCK}}},
    {"a last part that was taken in part does not end the message yet", true,
     {{WHOLE, 4000, 4000}, {LAST, 200, 96}, {FRAME_END, 4000}, {FRAME, 96}, {LAST, 104, 104},
      {FRAME_END, 104}}},
    {"without credit nothing goes, and the queue keeps it", true, {{CREDIT, 0}, {WHOLE, 10, 10},
      {NO_FRAME}, {CREDIT, 64}, {FRAME_END, 10}}},
    {"63 of credit are not enough for any frame", true, {{CREDIT, 63}, {WHOLE, 1, 1}, {NO_FRAME},
      {CREDIT, 64}, {FRAME_END, 1}}},
    {"credit cuts a message, and its end comes with the rest", true,
     {{CREDIT, 100}, {WHOLE, 150, 150}, {FRAME, 100}, {NO_FRAME}, {CREDIT, 64}, {FRAME_END, 50}}},
    {"credit cuts bytes", false, {{CREDIT, 100}, {PART, 150, 150}, {FRAME, 100}, {NO_FRAME}}},
    {"room in the record cuts what is large", true,
     {{WHOLE, 3000, 3000}, {NARROW, 1500, 1488}, {FRAME_END, 1512}}},
    {"a frame too small to be worth cutting waits for the next record", true,
     {{WHOLE, 1024, 1024}, {NO_ROOM, 1035}, {NARROW, 1036, 1024}}},
    {"a large one does not leave crumbs", true, {{WHOLE, 3000, 3000}, {NO_ROOM, 1035},
      {FRAME_END, 3000}}},
    {"a full node is no room, and nothing was taken", true,
     {{OTHERS, NODE - 63}, {ROOM, 0}, {WHOLE, 1, 0, NX_WOULD_BLOCK}, {PART, 1, 0, NX_WOULD_BLOCK},
      {NO_FRAME}}},
    {"what the node has left is taken, and no more", false, {{OTHERS, NODE - 10}, {ROOM, 10},
      {PART, 20, 10}, {ROOM, 0}}},
    {"a node without a block is no room, and nothing was taken", true,
     {{DRY}, {WHOLE, 10, 0, NX_WOULD_BLOCK}, {ROOM, QUEUE}, {NO_FRAME}}},
    {"bytes that came during a frame go in the next one", false,
     {{PART, 2000, 2000}, {NARROW, 1112, 1100}, {PART, 5, 5}, {FRAME, 900}, {FRAME, 5}}},
};
/* clang-format on */

struct bench {
    struct dsb_pools pools;
    struct dsb_outbox out;
    uint32_t pushed, sent; /* of the pattern */
    uint64_t others;
    uint32_t taken_blocks;
};

static uint8_t pattern(uint32_t index)
{
    return (uint8_t)(index * 13 + index / 251);
}

static void push(struct bench *b, const struct step *step, enum dsb_push how)
{
    size_t taken = 99;

    for (uint32_t i = 0; i < step->count; i++)
        bytes[i] = pattern(b->pushed + i);
    EXPECT_STATUS(
        dsb_outbox_push(&b->out, &b->pools.blocks, nx_bytes_of(bytes, step->count), how, &taken),
        step->status);
    EXPECT_EQ(taken, step->taken);
    b->pushed += (uint32_t)taken;
}

static void expect_frame(struct bench *b, size_t room, uint32_t len, bool ends)
{
    struct nx_writer w = nx_writer_over(record, room);
    struct dsb_frame frame;
    size_t used;
    uint32_t credit = b->out.credit;

    if (!EXPECT(dsb_outbox_can_send(&b->out)) ||
        !EXPECT(dsb_outbox_write(&b->out, &b->pools.blocks, 5, &w)))
        return;
    EXPECT_STATUS(dsb_frame_decode(nx_writer_bytes(&w), &frame, &used), NX_OK);
    EXPECT_EQ(used, w.len);
    EXPECT_EQ(frame.kind, DSB_FRAME_DATA);
    EXPECT_EQ(frame.stream_id, 5);
    EXPECT_EQ(frame.body.len, len);
    EXPECT_EQ(frame.ends_message, ends);
    EXPECT_EQ(credit - b->out.credit, dsb_frame_cost(len));

    bool in_order = true;
    for (size_t i = 0; i < frame.body.len; i++)
        in_order = in_order && frame.body.ptr[i] == pattern(b->sent++);
    EXPECT(in_order);
}

static void run_step(struct bench *b, const struct step *step)
{
    struct nx_writer w = nx_writer_over(record, step->op == NO_ROOM ? step->count : 0);

    switch (step->op) {
    case DONE:
        break;
    case WHOLE:
        push(b, step, DSB_PUSH_WHOLE);
        break;
    case PART:
        push(b, step, DSB_PUSH_PART);
        break;
    case LAST:
        push(b, step, DSB_PUSH_LAST);
        break;
    case FRAME:
    case FRAME_END:
        expect_frame(b, sizeof(record), step->count, step->op == FRAME_END);
        break;
    case NARROW:
        expect_frame(b, step->count, step->taken,
                     b->out.is_messages && b->sent + step->taken == b->pushed);
        break;
    case NO_FRAME:
        EXPECT(!dsb_outbox_can_send(&b->out));
        break;
    case NO_ROOM:
        EXPECT(!dsb_outbox_write(&b->out, &b->pools.blocks, 5, &w));
        EXPECT_EQ(w.len, 0);
        EXPECT(!w.overflow);
        break;
    case CREDIT:
        b->out.credit = step->count;
        break;
    case ROOM:
        EXPECT_EQ(dsb_outbox_room(&b->out), step->count);
        break;
    case OTHERS:
        EXPECT_STATUS(nx_budget_reserve(&b->pools.queues, step->count), NX_OK);
        b->others = step->count;
        break;
    case DRY:
        while (nx_pool_take(&b->pools.blocks) != NX_POOL_NONE)
            b->taken_blocks++;
        break;
    }
}

UNIT_SUITE(outbox_test)
{
    static struct bench b;

    for (size_t i = 0; i < NX_COUNT_OF(cases); i++) {
        unit_row(cases[i].name);
        memset(&b, 0, sizeof(b));
        NEED(EXPECT_STATUS(dsb_pools_init(&b.pools, &profile, memory, sizeof(memory)), NX_OK));
        dsb_outbox_init(&b.out, &b.pools, cases[i].is_messages);
        for (size_t k = 0; k < NX_COUNT_OF(cases[i].steps) && cases[i].steps[k].op != DONE; k++)
            run_step(&b, &cases[i].steps[k]);
        EXPECT_EQ(b.out.ledger.accepted.bytes, b.pushed);
        EXPECT_EQ(b.out.queue.used == 0, dsb_outbox_is_empty(&b.out));

        dsb_outbox_wipe(&b.out, &b.pools.blocks);
        EXPECT_EQ(b.pools.blocks.used_count, b.taken_blocks);
        EXPECT_EQ(b.pools.queues.used, b.others);
        EXPECT_EQ(dsb_ledger_unconfirmed(&b.out.ledger).bytes, b.pushed);
    }
}
