/* The suites that need several devices and a network, in reading order. */
#include "core/crypto/crypto.h"
#include "tests/unit/unit.h"

void connections_test(void);
void connections_input_test(void);
void connections_turns_test(void);
void connections_bounds_test(void);
void connections_v1_test(void);
void streams_over_sessions_test(void);

int main(void)
{
    static const struct unit_suite suites[] = {
        {"node/connections", connections_test},
        {"node/connections_input", connections_input_test},
        {"node/connections_turns", connections_turns_test},
        {"node/connections_bounds", connections_bounds_test},
        {"node/connections_v1", connections_v1_test},
        {"node/streams_over_sessions", streams_over_sessions_test},
    };

    if (nx_crypto_init() != NX_OK)
        return 1;
    return unit_run(suites, NX_COUNT_OF(suites));
}
