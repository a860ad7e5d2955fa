#include "core/base/limits.h"
#include "core/base/marker.h"
#include "tests/unit/unit.h"

struct seen {
    uint64_t count;
    struct nx_bytes last;
};

static void see(void *owner, struct nx_bytes line)
{
    struct seen *seen = owner;

    seen->count++;
    seen->last = line;
}

static void emit(struct nx_markers *m, struct nx_instant now, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        nx_marker_emit(m, now, nx_bytes_of_text("dsoftbus: line"));
}

/* Lines at an instant, and how many of them the sink has seen in all by then. */
static const struct {
    const char *name;
    struct {
        uint64_t at_ms;
        uint32_t line_count;
        uint64_t seen_count;
    } bursts[4];
} cases[] = {
    {"one line fewer than the burst passes", {{0, NX_MARKER_BURST - 1, NX_MARKER_BURST - 1}}},
    {"the burst passes", {{0, NX_MARKER_BURST, NX_MARKER_BURST}}},
    {"the line after the burst does not", {{0, NX_MARKER_BURST + 1, NX_MARKER_BURST}}},
    {"a clock that goes nowhere lets nothing more pass",
     {{7, NX_MARKER_BURST, NX_MARKER_BURST}, {7, 1000, NX_MARKER_BURST}}},
    {"a second brings so many lines and no more",
     {{0, NX_MARKER_BURST, NX_MARKER_BURST},
      {1000, NX_MARKER_PER_SECOND + 1, NX_MARKER_BURST + NX_MARKER_PER_SECOND}}},
    {"a line a time at the rate exactly always passes",
     {{0, NX_MARKER_BURST, NX_MARKER_BURST},
      {125, NX_MARKER_PER_SECOND / 8, NX_MARKER_BURST + NX_MARKER_PER_SECOND / 8},
      {250, NX_MARKER_PER_SECOND / 8, NX_MARKER_BURST + NX_MARKER_PER_SECOND / 4}}},
    {"a long silence brings one burst",
     {{0, NX_MARKER_BURST, NX_MARKER_BURST},
      {3600000, NX_MARKER_BURST + 5, 2 * (uint64_t)NX_MARKER_BURST}}},
};

UNIT_SUITE(marker_test)
{
    for (size_t i = 0; i < NX_COUNT_OF(cases); i++) {
        struct seen seen = {.count = 0};
        struct nx_markers markers;
        uint64_t line_count = 0;

        unit_row(cases[i].name);
        nx_markers_init(&markers, see, &seen);
        for (size_t k = 0; cases[i].bursts[k].line_count > 0; k++) {
            emit(&markers, (struct nx_instant){cases[i].bursts[k].at_ms * 1000000},
                 cases[i].bursts[k].line_count);
            line_count += cases[i].bursts[k].line_count;
            EXPECT_EQ(seen.count, cases[i].bursts[k].seen_count);
            EXPECT_EQ(markers.emitted_count, seen.count);
            EXPECT_EQ(markers.suppressed_count, line_count - seen.count);
        }
        EXPECT_BYTES(seen.last, nx_bytes_of_text("dsoftbus: line"));
    }

    unit_row("where nobody listens nothing is said and nothing is counted");
    struct nx_markers deaf;
    nx_markers_init(&deaf, NULL, NULL);
    emit(&deaf, (struct nx_instant){0}, 1000);
    emit(NULL, (struct nx_instant){0}, 1);
    EXPECT_EQ(deaf.emitted_count, 0);
    EXPECT_EQ(deaf.suppressed_count, 0);
}
