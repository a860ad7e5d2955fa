#include "core/base/time.h"
#include "tests/unit/unit.h"

static const struct {
    const char *name;
    uint64_t deadline_ns, now_ns;
    bool reached;
} deadlines[] = {
    {"a nanosecond before the deadline it is not reached", 100, 99, false},
    {"at the very instant it is", 100, 100, true},
    {"after it too", 100, 101, true},
    {"the beginning of time is reached at once", 0, 0, true},
    {"never is not reached at the end of time", UINT64_MAX, UINT64_MAX, false},
    {"the last instant before never is", UINT64_MAX - 1, UINT64_MAX - 1, true},
};

static const struct {
    const char *name;
    uint64_t from_ns, duration_ns, sum_ns;
} sums[] = {
    {"an instant and a duration", 100, 23, 123},
    {"no duration moves nothing", 100, 0, 100},
    {"a sum that reaches the end of time is never", UINT64_MAX - 5, 5, UINT64_MAX},
    {"a sum beyond the end of time is never, not long ago", UINT64_MAX - 5, 6, UINT64_MAX},
    {"two ends of time are never", UINT64_MAX, UINT64_MAX, UINT64_MAX},
    {"never stays never", UINT64_MAX, 0, UINT64_MAX},
    {"a duration for ever is never, from the beginning of time", 0, UINT64_MAX, UINT64_MAX},
};

UNIT_SUITE(time_test)
{
    for (size_t i = 0; i < NX_COUNT_OF(deadlines); i++) {
        unit_row(deadlines[i].name);
        EXPECT(nx_instant_reached((struct nx_instant){deadlines[i].deadline_ns},
                                  (struct nx_instant){deadlines[i].now_ns}) ==
               deadlines[i].reached);
    }
    for (size_t i = 0; i < NX_COUNT_OF(sums); i++) {
        unit_row(sums[i].name);
        EXPECT_EQ(nx_instant_after((struct nx_instant){sums[i].from_ns},
                                   nx_nanoseconds(sums[i].duration_ns))
                      .ns,
                  sums[i].sum_ns);
    }

    struct nx_instant early = {5}, late = {9};

    unit_row("the earlier of two, in any order; never is later than all");
    EXPECT_EQ(nx_instant_earlier(early, late).ns, 5);
    EXPECT_EQ(nx_instant_earlier(late, early).ns, 5);
    EXPECT_EQ(nx_instant_earlier(NX_NEVER, late).ns, 9);
    EXPECT(nx_instant_is_never(nx_instant_earlier(NX_NEVER, NX_NEVER)));

    unit_row("between two instants, and nothing when they stand the other way");
    EXPECT_EQ(nx_duration_between(early, late).ns, 4);
    EXPECT_EQ(nx_duration_between(late, early).ns, 0);
    EXPECT_EQ(nx_duration_between(early, early).ns, 0);

    unit_row("the largest figures of each unit are exact");
    EXPECT_EQ(nx_milliseconds(1).ns, 1000000);
    EXPECT_EQ(nx_milliseconds(UINT32_MAX).ns, 4294967295000000);
    EXPECT_EQ(nx_seconds(1).ns, 1000000000);
    EXPECT_EQ(nx_seconds(UINT32_MAX).ns, 4294967295000000000);
}
