/* Unit: the small harness that tests of core run in, on a host and on bare metal alike.
 *
 * A test file defines one suite; a suite names its rows; a row's name is a sentence that could
 * stand in the contract. The output is TAP, one line a row, so `meson test` counts rows and
 * `./test` compares the ids of two machines.
 *
 *     UNIT_SUITE(hex_test)
 *     {
 *         for (size_t i = 0; i < NX_COUNT_OF(cases); i++) {
 *             unit_row(cases[i].name);
 *             EXPECT_EQ(…);
 *         }
 *     }
 *
 * A failed EXPECT prints where and what, fails its row, and goes on; NEED ends the suite. */
#ifndef NX_TESTS_UNIT_UNIT_H
#define NX_TESTS_UNIT_UNIT_H

#include "core/base/bytes.h"
#include "core/base/status.h"

struct unit_suite {
    const char *name; /* room/concept */
    void (*run)(void);
};

/* Declares and begins the definition of a suite's function. */
#define UNIT_SUITE(function) \
    void function(void);     \
    void function(void)

/* Begins the next row; the one before it ends with what it had. Names are unique in their suite. */
void unit_row(const char *name);

/* The same, with a number behind the name: for rows that a loop makes. */
void unit_row_number(const char *name, uint64_t number);

/* True when the current row has failed so far. */
bool unit_row_has_failed(void);

#define EXPECT(cond) unit_expect((cond), #cond, __FILE__, __LINE__)
#define EXPECT_EQ(got, want) \
    unit_expect_eq((uint64_t)(got), (uint64_t)(want), #got, __FILE__, __LINE__)
#define EXPECT_STATUS(got, want) unit_expect_status((got), (want), #got, __FILE__, __LINE__)
#define EXPECT_BYTES(got, want)  unit_expect_bytes((got), (want), #got, __FILE__, __LINE__)
#define EXPECT_TEXT(got, want) \
    unit_expect_bytes(nx_bytes_of_text(got), nx_bytes_of_text(want), #got, __FILE__, __LINE__)

/* For what the rest of the suite cannot do without. */
#define NEED(cond)                                           \
    do {                                                     \
        if (!unit_expect((cond), #cond, __FILE__, __LINE__)) \
            return;                                          \
    } while (0)

void unit_does_not_hold(const char *text, const char *file, int line);

/* Inline, so that whoever analyses a test sees that what was needed holds behind it. */
static inline bool unit_expect(bool holds, const char *text, const char *file, int line)
{
    if (!holds)
        unit_does_not_hold(text, file, line);
    return holds;
}

bool unit_expect_eq(uint64_t got, uint64_t want, const char *text, const char *file, int line);
bool unit_expect_status(enum nx_status got, enum nx_status want, const char *text, const char *file,
                        int line);
bool unit_expect_bytes(struct nx_bytes got, struct nx_bytes want, const char *text,
                       const char *file, int line);

/* The current row cannot be shown on this machine, for this reason: it counts as skipped, not as
 * passed. Says nothing when it has failed already. Borrows `reason` until the next row. */
void unit_skip(const char *reason);

/* A line of comment in the output. */
void unit_note(const char *text);

/* Runs the suites in order; answers the exit code: 0 when every row passed and there was one. */
int unit_run(const struct unit_suite *suites, size_t count);

/* Brought by the machine below: tests/unit/host.c, or the board's start-up code. */
void unit_write(const char *text, size_t len);

#endif
