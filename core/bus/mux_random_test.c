/* Two honest muxes under seeds. One that ever failed stays here as a row of its own. */
#include "tests/streams/mux_random.h"
#include "tests/unit/unit.h"

enum {
    SEEDS = 24,
    STEPS = 4000,
};

/* Each showed something that is mended now. */
static const uint64_t found[] = {
    65,  /* has_output promised an update that output kept */
    98,  /* a writer waited for a node that had long had room again */
    147, /* likewise, after its own queue ran dry */
};

UNIT_SUITE(mux_random_test)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        unit_row_number("two honest muxes come to an honest end under seed", seed);
        mux_random_run(seed, STEPS);
    }
    for (size_t i = 0; i < NX_COUNT_OF(found); i++) {
        unit_row_number("two honest muxes come to an honest end under seed", found[i]);
        mux_random_run(found[i], 6000);
    }
}
