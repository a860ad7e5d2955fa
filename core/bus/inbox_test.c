#include "core/bus/inbox.h"

#include "core/wire/frame.h"
#include "tests/unit/unit.h"

enum {
    WINDOW = DSB_CREDIT_INITIAL,
    MEMORY = 2 * 1048576,
    BLOCK = 1024,
};

static uint64_t memory[MEMORY / 8];
static uint8_t bytes[DSB_FRAME_PAYLOAD_MAX];

enum op {
    DONE,
    PUT,      /* a frame of `count` bytes that goes on */
    PUT_LAST, /* likewise, ending a message */
    PUT_MANY, /* frames of one byte, `count` of them */
    READ,     /* `count` bytes */
    READ_ALL, /* what there is: `count` bytes, and then there is nothing */
    MESSAGE,  /* the front ends a message of which `count` bytes are left */
    RETURN,   /* a WINDOW_UPDATE is due and returns `count` */
    GROW,     /* likewise, and grows by `count` */
    NOTHING,  /* no WINDOW_UPDATE is due */
    CREDIT,   /* the peer may still send `count` */
};

struct step {
    enum op op;
    uint32_t count;
    enum nx_status status;
};

/* One window's worth of data, read as it comes and returned. */
#define KEEP_UP(half)                                           \
    {PUT, half}, {READ_ALL, half}, {RETURN, half}, {PUT, half}, \
    {                                                           \
        READ_ALL, half                                          \
    }

/* clang-format off */
static const struct {
    const char *name;
    struct step steps[16];
} cases[] = {
    {"the peer starts with the initial credit", {{CREDIT, WINDOW}, {NOTHING}}},
    {"a frame costs its length", {{PUT, 1000}, {CREDIT, WINDOW - 1000}}},
    {"a frame of one byte costs 64", {{PUT, 1}, {CREDIT, WINDOW - 64}}},
    {"an empty frame costs 64", {{PUT, 0}, {CREDIT, WINDOW - 64}}},
    {"a frame of 64 bytes costs 64, one of 65 costs 65", {{PUT, 64}, {PUT, 65},
      {CREDIT, WINDOW - 129}}},
    {"the credit can be used to the last byte",
     {{PUT, 32768}, {PUT, 32768}, {CREDIT, 0}}},
    {"one byte more than the credit is refused, and nothing was kept of it",
     {{PUT, 32768}, {PUT, 32704}, {PUT, 65, NX_E_LIMIT}, {CREDIT, 64}, {READ_ALL, 65472}}},
    {"an empty frame without 64 of credit is refused",
     {{PUT, 32768}, {PUT, 32705}, {PUT, 0, NX_E_LIMIT}, {PUT, 1, NX_E_LIMIT}, {CREDIT, 63}}},
    {"1,024 frames of one byte use up the window", {{PUT_MANY, 1024}, {CREDIT, 0},
      {PUT, 1, NX_E_LIMIT}}},
    {"what was not read gives no credit back", {{PUT, 30000}, {NOTHING}, {CREDIT, WINDOW - 30000}}},
    {"what was read gives its cost back once nothing waits any more",
     {{PUT, 1}, {READ_ALL, 1}, {RETURN, 64}, {CREDIT, WINDOW}, {NOTHING}}},
    {"what was read in part is returned in part, at a quarter of the window",
     {{PUT, 32768}, {READ, 16383}, {NOTHING}, {READ, 1}, {RETURN, 16384}, {NOTHING}}},
    {"an empty frame that ends nothing is skipped and its cost returned",
     {{PUT, 0}, {READ_ALL, 0}, {RETURN, 64}, {CREDIT, WINDOW}}},
    {"an empty frame that ends a message is a message", {{PUT_LAST, 0}, {MESSAGE, 0}}},
    {"an empty frame may end a message that came before it",
     {{PUT, 5}, {PUT_LAST, 0}, {READ, 5}, {MESSAGE, 0}, {READ, 0}, {RETURN, 128}}},
    {"the end of a message is seen with its last bytes",
     {{PUT_LAST, 5}, {MESSAGE, 5}, {READ, 3}, {MESSAGE, 2}}},
    {"a reader that keeps up through a window gets twice as much",
     {KEEP_UP(32768), {GROW, WINDOW}, {CREDIT, 2 * WINDOW}}},
    {"a reader that leaves something waiting gets no more",
     {{PUT, 32768}, {READ, 32000}, {PUT, 30000}, {READ, 30000}, {RETURN, 62000}, {PUT, 32768},
      {READ, 30000},
      {RETURN, 30000}, {CREDIT, WINDOW - 3536}}},
    {"a window's worth less a byte does not grow it",
     {{PUT, 32768}, {READ_ALL, 32768}, {RETURN, 32768}, {PUT, 32767}, {READ_ALL, 32767},
      {RETURN, 32767},
      {CREDIT, WINDOW}, {NOTHING}}},
};
/* clang-format on */

struct bench {
    struct nx_pool blocks;
    struct nx_budget node, session, growth;
    struct dsb_inbox in;
    uint8_t put_next; /* the bytes count upwards, so order shows */
    uint8_t read_next;
};

static void begin(struct bench *b)
{
    *b = (struct bench){0};
    nx_pool_init(&b->blocks, memory, BLOCK, MEMORY / BLOCK);
    nx_budget_init(&b->node, 16 * 1048576, NULL);
    nx_budget_init(&b->session, DSB_CREDIT_SESSION_MAX, &b->node);
    nx_budget_init(&b->growth, DSB_CREDIT_GROWTH_MAX, NULL);
    EXPECT_STATUS(dsb_inbox_init(&b->in, &b->session, &b->growth), NX_OK);
}

static enum nx_status put(struct bench *b, uint32_t len, bool ends)
{
    for (uint32_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)(b->put_next + i);

    enum nx_status status = dsb_inbox_put(&b->in, &b->blocks, nx_bytes_of(bytes, len), ends);
    if (status == NX_OK)
        b->put_next = (uint8_t)(b->put_next + len);
    return status;
}

/* Read `count` bytes, at least one piece. */
static void read_bytes(struct bench *b, uint32_t count)
{
    do {
        struct nx_bytes front;
        bool ends;

        if (!EXPECT_STATUS(dsb_inbox_peek(&b->in, &b->blocks, &front, &ends), NX_OK))
            return;
        uint32_t part = front.len < count ? (uint32_t)front.len : count;
        bool in_order = true;
        for (uint32_t i = 0; i < part; i++)
            in_order = in_order && front.ptr[i] == b->read_next++;
        EXPECT(in_order);
        dsb_inbox_drop(&b->in, &b->blocks, part);
        count -= part;
    } while (count > 0);
}

static void run_step(struct bench *b, const struct step *step)
{
    struct nx_bytes front;
    bool ends;

    switch (step->op) {
    case DONE:
        break;
    case PUT:
    case PUT_LAST:
        EXPECT_STATUS(put(b, step->count, step->op == PUT_LAST), step->status);
        break;
    case PUT_MANY:
        for (uint32_t i = 0; i < step->count; i++)
            EXPECT_STATUS(put(b, 1, false), NX_OK);
        break;
    case READ:
        read_bytes(b, step->count);
        break;
    case READ_ALL:
        if (step->count > 0)
            read_bytes(b, step->count);
        EXPECT_STATUS(dsb_inbox_peek(&b->in, &b->blocks, &front, &ends), NX_WOULD_BLOCK);
        EXPECT(dsb_inbox_is_empty(&b->in));
        EXPECT_EQ(b->blocks.used_count, 0);
        break;
    case MESSAGE:
        EXPECT_STATUS(dsb_inbox_peek(&b->in, &b->blocks, &front, &ends), NX_OK);
        EXPECT_EQ(front.len, step->count);
        EXPECT(ends);
        break;
    case RETURN:
        EXPECT(dsb_inbox_has_update(&b->in));
        EXPECT_EQ(dsb_inbox_take_return(&b->in), step->count);
        EXPECT_EQ(dsb_inbox_take_growth(&b->in), 0);
        break;
    case GROW:
        EXPECT(dsb_inbox_has_update(&b->in));
        EXPECT_EQ(dsb_inbox_take_growth(&b->in), step->count);
        dsb_inbox_take_return(&b->in);
        break;
    case NOTHING:
        EXPECT(!dsb_inbox_has_update(&b->in));
        break;
    case CREDIT:
        EXPECT_EQ(b->in.credit, step->count);
        break;
    }
}

static bool keeps_its_sum(const struct bench *b)
{
    /* window = credit + waiting + consumed; what waits is what the peer spent and did not get back */
    return b->in.credit + b->in.return_due + b->in.growth_due <= b->in.grant.used &&
           b->in.grant.used == b->session.used && b->session.used == b->node.used;
}

/* A reader that keeps up, until its window has grown `times` times or budgets end it. */
static void keep_up(struct bench *b, uint32_t times)
{
    for (uint32_t i = 0; i < times; i++) {
        uint32_t window = (uint32_t)b->in.grant.used;

        for (uint32_t sent = 0; sent < window; sent += DSB_FRAME_PAYLOAD_MAX) {
            EXPECT_STATUS(put(b, DSB_FRAME_PAYLOAD_MAX, false), NX_OK);
            read_bytes(b, DSB_FRAME_PAYLOAD_MAX);
            dsb_inbox_take_return(&b->in);
        }
        dsb_inbox_take_growth(&b->in);
    }
}

UNIT_SUITE(inbox_test)
{
    static struct bench b;

    for (size_t i = 0; i < NX_COUNT_OF(cases); i++) {
        unit_row(cases[i].name);
        begin(&b);
        for (size_t k = 0; k < NX_COUNT_OF(cases[i].steps) && cases[i].steps[k].op != DONE; k++) {
            run_step(&b, &cases[i].steps[k]);
            EXPECT(keeps_its_sum(&b));
        }
        dsb_inbox_wipe(&b.in, &b.blocks);
        EXPECT_EQ(b.blocks.used_count, 0);
        EXPECT_EQ(b.node.used + b.growth.used, 0);
    }

    unit_row("the window doubles up to 1 MiB and stays there");
    begin(&b);
    keep_up(&b, 6);
    EXPECT_EQ(b.in.grant.used, DSB_CREDIT_STREAM_MAX);
    EXPECT_EQ(b.growth.used, DSB_CREDIT_STREAM_MAX - WINDOW);

    unit_row("growth stops where the session's part for it ends, and reading goes on");
    begin(&b);
    EXPECT_STATUS(nx_budget_reserve(&b.growth, DSB_CREDIT_GROWTH_MAX - WINDOW + 1), NX_OK);
    keep_up(&b, 2);
    EXPECT_EQ(b.in.grant.used, WINDOW);
    EXPECT_EQ(b.in.credit, WINDOW);

    unit_row("growth that the node cannot grant takes nothing from the session");
    begin(&b);
    EXPECT_STATUS(nx_budget_reserve(&b.node, nx_budget_left(&b.node) - WINDOW + 1), NX_OK);
    keep_up(&b, 2);
    EXPECT_EQ(b.in.grant.used, WINDOW);
    EXPECT_EQ(b.growth.used, 0);

    unit_row("a stream that cannot be granted what it starts with does not begin");
    begin(&b);
    struct dsb_inbox second;
    EXPECT_STATUS(nx_budget_reserve(&b.session, nx_budget_left(&b.session) - WINDOW + 1), NX_OK);
    uint64_t used = b.node.used;
    EXPECT_STATUS(dsb_inbox_init(&second, &b.session, &b.growth), NX_E_LIMIT);
    EXPECT_EQ(b.node.used, used);

    unit_row("no block left is an answer, and the credit is not drawn");
    begin(&b);
    nx_pool_init(&b.blocks, memory, BLOCK, 1);
    EXPECT_STATUS(put(&b, 2000, false), NX_E_NO_MEMORY);
    EXPECT_EQ(b.in.credit, WINDOW);
    EXPECT_EQ(b.blocks.used_count, 0);
}
