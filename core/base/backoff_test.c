#include "core/base/backoff.h"
#include "core/base/memory.h"
#include "tests/unit/unit.h"

/* An rng that gives the same byte for ever, or fails. */
struct source {
    uint8_t byte;
    enum nx_status status;
};

static enum nx_status fill(void *owner, uint8_t *out, size_t len)
{
    const struct source *source = owner;

    memset(out, source->byte, len);
    return source->status;
}

/* Waits after each failure in turn, in milliseconds; 0: it gives up. Draws are 0, the least. */
static const struct {
    const char *name;
    uint32_t first_ms, max_ms, attempt_max, within_ms;
    uint32_t waits_ms[8];
} cases[] = {
    {"the least wait doubles from first to half of max",
     1000,
     60000,
     100,
     3600000,
     {1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000}},
    {"first and max alike leave nothing to draw",
     500,
     500,
     100,
     3600000,
     {500, 500, 500, 500, 500, 500, 500, 500}},
    {"a max just above first bounds the draw from both sides",
     1000,
     1500,
     100,
     3600000,
     {1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000}},
    {"one attempt is no second one", 1000, 60000, 1, 3600000, {0, 0}},
    {"as many attempts as the limit", 1000, 60000, 3, 3600000, {1000, 2000, 0, 0}},
    {"an attempt at the end of the time exactly is made", 1000, 60000, 100, 3000, {1000, 2000, 0}},
    {"an attempt a millisecond after the end of the time is not",
     1000,
     60000,
     100,
     2999,
     {1000, 0, 0}},
};

static void waits_as_listed(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(cases); i++) {
        struct nx_backoff_config config = {
            .first = nx_milliseconds(cases[i].first_ms),
            .max = nx_milliseconds(cases[i].max_ms),
            .attempt_max = cases[i].attempt_max,
            .within = nx_milliseconds(cases[i].within_ms),
        };
        struct source zero = {.byte = 0};
        struct nx_rng rng = {fill, &zero};
        struct nx_instant now = {5000};
        struct nx_backoff backoff;
        bool given_up = false;

        unit_row(cases[i].name);
        nx_backoff_init(&backoff, &config);
        EXPECT(nx_instant_reached(nx_backoff_deadline(&backoff), now));
        for (size_t n = 0; n < NX_COUNT_OF(cases[i].waits_ms) && !given_up; n++) {
            uint32_t wait_ms = cases[i].waits_ms[n];

            given_up = wait_ms == 0;
            EXPECT_STATUS(nx_backoff_failed(&backoff, now, &rng), given_up ? NX_E_TIMEOUT : NX_OK);
            now = given_up ? NX_NEVER : nx_instant_after(now, nx_milliseconds(wait_ms));
            EXPECT_EQ(nx_backoff_deadline(&backoff).ns, now.ns);
        }
    }
}

static void waits_are_spread(void)
{
    static const struct nx_backoff_config config = {
        {1000000000}, {60000000000}, 1000, {UINT64_MAX}};
    uint64_t least_ns = UINT64_MAX, most_ns = 0;
    struct nx_prng prng;

    nx_prng_init(&prng, 1, "backoff");
    struct nx_rng rng = nx_prng_as_rng(&prng);

    unit_row("first waits lie between one and two of first, and use that room");
    for (int i = 0; i < 1000; i++) {
        struct nx_backoff backoff;

        nx_backoff_init(&backoff, &config);
        EXPECT_STATUS(nx_backoff_failed(&backoff, (struct nx_instant){0}, &rng), NX_OK);
        uint64_t wait_ns = nx_backoff_deadline(&backoff).ns;
        least_ns = wait_ns < least_ns ? wait_ns : least_ns;
        most_ns = wait_ns > most_ns ? wait_ns : most_ns;
    }
    EXPECT(least_ns >= 1000000000 && least_ns < 1020000000);
    EXPECT(most_ns > 1980000000 && most_ns <= 2000000000);

    unit_row("no wait is ever longer than max");
    struct nx_backoff backoff;
    struct nx_instant now = {0};
    nx_backoff_init(&backoff, &config);
    most_ns = 0;
    for (int i = 0; i < 999; i++) {
        EXPECT_STATUS(nx_backoff_failed(&backoff, now, &rng), NX_OK);
        uint64_t wait_ns = nx_duration_between(now, nx_backoff_deadline(&backoff)).ns;
        most_ns = wait_ns > most_ns ? wait_ns : most_ns;
        now = nx_backoff_deadline(&backoff);
    }
    EXPECT(most_ns > 59000000000 && most_ns <= 60000000000);
    EXPECT_STATUS(nx_backoff_failed(&backoff, now, &rng), NX_E_TIMEOUT);
}

UNIT_SUITE(backoff_test)
{
    static const struct nx_backoff_config config = {{1000000000}, {60000000000}, 2, {UINT64_MAX}};
    struct source source = {.status = NX_E_IO};
    struct nx_rng rng = {fill, &source};
    struct nx_instant now = {7};
    struct nx_backoff backoff;

    waits_as_listed();
    waits_are_spread();

    unit_row("without randomness nothing changes, and the failure travels up");
    nx_backoff_init(&backoff, &config);
    EXPECT_STATUS(nx_backoff_failed(&backoff, now, &rng), NX_E_IO);
    EXPECT_EQ(backoff.failure_count, 0);
    EXPECT_EQ(nx_backoff_deadline(&backoff).ns, 0);

    unit_row("what did not begin cannot fail: a failure within the wait changes nothing");
    source.status = NX_OK;
    EXPECT_STATUS(nx_backoff_failed(&backoff, now, &rng), NX_OK);
    EXPECT_STATUS(nx_backoff_failed(&backoff, (struct nx_instant){1000000006}, &rng), NX_E_STATE);
    EXPECT_EQ(backoff.failure_count, 1);
    EXPECT_EQ(nx_backoff_deadline(&backoff).ns, 1000000007);

    unit_row("given up stays given up");
    EXPECT_STATUS(nx_backoff_failed(&backoff, (struct nx_instant){1000000007}, &rng), NX_E_TIMEOUT);
    EXPECT_STATUS(nx_backoff_failed(&backoff, (struct nx_instant){9000000000}, &rng), NX_E_TIMEOUT);
    EXPECT_EQ(backoff.failure_count, 2);

    unit_row("news makes it young again");
    nx_backoff_reset(&backoff);
    EXPECT_EQ(nx_backoff_deadline(&backoff).ns, 0);
    EXPECT_STATUS(nx_backoff_failed(&backoff, (struct nx_instant){9000000000}, &rng), NX_OK);
    EXPECT_EQ(nx_backoff_deadline(&backoff).ns, 10000000000);

    unit_row("a wait beyond the end of time is given up");
    nx_backoff_reset(&backoff);
    EXPECT_STATUS(nx_backoff_failed(&backoff, (struct nx_instant){UINT64_MAX - 1}, &rng),
                  NX_E_TIMEOUT);
}
