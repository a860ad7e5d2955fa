/* The suites of this room, in reading order. */
#include "core/crypto/crypto.h"
#include "tests/unit/unit.h"

void localsim_test(void);
void streams_over_localsim_test(void);

int main(void)
{
    static const struct unit_suite suites[] = {
        {"localsim/localsim", localsim_test},
        {"localsim/streams over localSim", streams_over_localsim_test},
    };

    if (nx_crypto_init() != NX_OK)
        return 1;
    return unit_run(suites, NX_COUNT_OF(suites));
}
