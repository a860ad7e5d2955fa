/* Seeds without end: mux_random_soak [FIRST [COUNT [STEPS]]]. A seed that fails is a row for
 * core/bus/mux_random_test.c. */
#include "tests/streams/mux_random.h"
#include "tests/unit/unit.h"

#include <stdlib.h>

static uint64_t first = 1;
static uint64_t count = 1000;
static uint32_t steps = 4000;

static void soak(void)
{
    for (uint64_t seed = first; seed - first < count; seed++) {
        unit_row_number("seed", seed);
        mux_random_run(seed, steps);
    }
}

int main(int argc, char **argv)
{
    static const struct unit_suite suites[] = {{"mux_random", soak}};

    if (argc > 1)
        first = strtoull(argv[1], NULL, 10);
    if (argc > 2)
        count = strtoull(argv[2], NULL, 10);
    if (argc > 3)
        steps = (uint32_t)strtoul(argv[3], NULL, 10);
    return unit_run(suites, 1);
}
