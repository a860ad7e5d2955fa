#include "sim/trace.h"

#include "core/base/memory.h"
#include "tests/unit/unit.h"

static struct sim_trace trace;

static uint64_t hash_of(const char *first, const char *second, uint64_t number)
{
    sim_trace_init(&trace, 1, NULL, NULL);
    sim_trace_say(&trace, (struct nx_instant){1500000000}, "a", first, "x");
    sim_trace_mix(&trace, number, 0);
    sim_trace_say(&trace, (struct nx_instant){1500000000}, "a", second, "x");
    return trace.hash;
}

UNIT_SUITE(trace_test)
{
    const char *line;

    unit_row("a line says when, who and what");
    (void)hash_of("one", "two", 0);
    line = sim_trace_line(&trace, 0);
    NEED(line != NULL);
    EXPECT_TEXT(line, "1.500000 a two x");
    EXPECT_TEXT(sim_trace_line(&trace, 1), "1.500000 a one x");
    EXPECT(sim_trace_line(&trace, 2) == NULL);

    unit_row("the same lines have the same hash, on every machine");
    EXPECT_EQ(hash_of("one", "two", 7), hash_of("one", "two", 7));
    EXPECT_EQ(hash_of("one", "two", 7), UINT64_C(2403970948791880802));

    unit_row("another order, line or number is another hash");
    EXPECT(hash_of("two", "one", 7) != hash_of("one", "two", 7));
    EXPECT(hash_of("one", "twe", 7) != hash_of("one", "two", 7));
    EXPECT(hash_of("one", "two", 8) != hash_of("one", "two", 7));

    unit_row("the last lines are kept, and no more");
    sim_trace_init(&trace, 1, NULL, NULL);
    for (uint32_t i = 0; i < 30; i++)
        sim_trace_say(&trace, (struct nx_instant){i * UINT64_C(1000000000)}, "a", "b", "c");
    EXPECT_TEXT(sim_trace_line(&trace, 0), "29.000000 a b c");
    EXPECT_TEXT(sim_trace_line(&trace, SIM_TRACE_LAST - 1), "10.000000 a b c");
    EXPECT(sim_trace_line(&trace, SIM_TRACE_LAST) == NULL);
}
