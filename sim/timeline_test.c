#include "sim/timeline.h"

#include "tests/unit/unit.h"

static struct sim_entry places[64];
static struct sim_timeline timeline;

static void begin(void)
{
    sim_timeline_init(&timeline, places, NX_COUNT_OF(places));
}

static void add(uint64_t at, uint32_t kind)
{
    sim_timeline_add(&timeline, (struct nx_instant){at}, kind, 0, 0);
}

/* The kind of what comes next; UINT32_MAX: nothing is due. */
static uint32_t next(uint64_t now)
{
    struct sim_entry entry;

    return sim_timeline_next(&timeline, (struct nx_instant){now}, &entry) ? entry.kind : UINT32_MAX;
}

UNIT_SUITE(timeline_test)
{
    uint64_t last = 0;

    unit_row("nothing planned is never due");
    begin();
    EXPECT(nx_instant_is_never(sim_timeline_deadline(&timeline)));
    EXPECT_EQ(next(UINT64_MAX - 1), UINT32_MAX);

    unit_row("what is due comes at its instant, and not before");
    begin();
    add(5, 1);
    EXPECT_EQ(sim_timeline_deadline(&timeline).ns, 5);
    EXPECT_EQ(next(4), UINT32_MAX);
    EXPECT_EQ(next(5), 1);
    EXPECT_EQ(next(5), UINT32_MAX);

    unit_row("the earlier comes first, whenever it was planned");
    begin();
    add(7, 1);
    add(3, 2);
    add(5, 3);
    EXPECT_EQ(next(9), 2);
    EXPECT_EQ(next(9), 3);
    EXPECT_EQ(next(9), 1);

    unit_row("at one instant they come in the order in which they were planned");
    begin();
    for (uint32_t i = 0; i < 20; i++)
        add(i % 2 == 0 ? 4 : 8, i);
    for (uint32_t i = 0; i < 20; i++)
        EXPECT_EQ(next(8), i < 10 ? 2 * i : 2 * (i - 10) + 1);

    unit_row("a full one gives everything back in order");
    begin();
    for (uint32_t i = 0; i < NX_COUNT_OF(places); i++)
        add(1 + (uint64_t)i * 37 % 64, (uint32_t)((uint64_t)i * 37 % 64));
    for (uint32_t i = 0; i < NX_COUNT_OF(places); i++) {
        uint64_t kind = next(UINT64_MAX - 1);

        EXPECT(i == 0 || kind > last);
        last = kind;
    }
}
