#include "sim/clock.h"

#include "tests/unit/unit.h"

static const struct nx_instant zero = {0};

static struct nx_instant at_s(uint32_t s)
{
    return (struct nx_instant){nx_seconds(s).ns};
}

UNIT_SUITE(clock_test)
{
    static const int32_t drifts[] = {0, 50000, -50000, 100000, -100000, 1, -1};
    struct sim_clock clock;

    unit_row("a clock that is right says what it began with, and what has passed");
    sim_clock_init(&clock, at_s(10), at_s(1000));
    EXPECT_EQ(sim_clock_local(&clock, at_s(10)).ns, at_s(1000).ns);
    EXPECT_EQ(sim_clock_local(&clock, at_s(17)).ns, at_s(1007).ns);
    EXPECT_EQ(sim_clock_world(&clock, at_s(1007)).ns, at_s(17).ns);

    unit_row("what never comes to it never comes to the world");
    EXPECT(nx_instant_is_never(sim_clock_world(&clock, NX_NEVER)));

    unit_row("what is past is the instant of its last change");
    EXPECT_EQ(sim_clock_world(&clock, zero).ns, at_s(10).ns);

    unit_row("a leap is seen at once, and time goes on from there");
    sim_clock_change(&clock, at_s(20), nx_seconds(100), 0);
    EXPECT_EQ(sim_clock_local(&clock, at_s(20)).ns, at_s(1110).ns);
    EXPECT_EQ(sim_clock_local(&clock, at_s(21)).ns, at_s(1111).ns);

    unit_row("one that is too fast by a hundredth gains a second in a hundred");
    sim_clock_init(&clock, zero, zero);
    sim_clock_change(&clock, zero, nx_seconds(0), 10000);
    EXPECT_EQ(sim_clock_local(&clock, at_s(100)).ns, at_s(101).ns);

    unit_row("a deadline is reached when the world says so, and hardly later");
    for (size_t i = 0; i < NX_COUNT_OF(drifts); i++) {
        sim_clock_init(&clock, at_s(3), at_s(50));
        sim_clock_change(&clock, at_s(4), nx_seconds(1), drifts[i]);
        for (uint32_t s = 60; s < 100000; s = s * 3 + 1) {
            struct nx_instant world = sim_clock_world(&clock, at_s(s));

            EXPECT(sim_clock_local(&clock, world).ns >= at_s(s).ns);
            EXPECT(sim_clock_local(&clock, world).ns <= at_s(s).ns + 200000);
        }
    }
}
