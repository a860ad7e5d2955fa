#include "core/base/bucket.h"
#include "tests/unit/unit.h"

/* A bucket of 2 that gets one back every 100 ms. */
static const struct {
    const char *name;
    struct {
        uint32_t at_ms;
        bool taken;
    } draws[6];
    size_t draw_count;
} cases[] = {
    {"it starts full and gives its size at once", {{0, true}, {0, true}, {0, false}}, 3},
    {"a token is back after its interval, not before",
     {{0, true}, {0, true}, {99, false}, {100, true}, {100, false}},
     5},
    {"the rest of an interval counts for the next token",
     {{0, true}, {0, true}, {150, true}, {199, false}, {200, true}},
     5},
    {"it never holds more than its size",
     {{0, true}, {60000, true}, {60000, true}, {60000, false}},
     4},
    {"a clock that goes back gives nothing",
     {{500, true}, {500, true}, {100, false}, {600, true}},
     4},
};

UNIT_SUITE(bucket_test)
{
    for (size_t i = 0; i < NX_COUNT_OF(cases); i++) {
        struct nx_bucket bucket;

        unit_row(cases[i].name);
        nx_bucket_init(&bucket, 2, 10);
        for (size_t k = 0; k < cases[i].draw_count; k++) {
            struct nx_instant now = {nx_milliseconds(cases[i].draws[k].at_ms).ns};

            EXPECT_EQ(nx_bucket_take(&bucket, now), cases[i].draws[k].taken);
        }
    }
}
