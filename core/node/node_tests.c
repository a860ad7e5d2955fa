/* The suites of this room, in reading order. */
#include "core/crypto/crypto.h"
#include "tests/unit/unit.h"

void node_test(void);

int main(void)
{
    static const struct unit_suite suites[] = {
        {"node/node", node_test},
    };

    if (nx_crypto_init() != NX_OK)
        return 1;
    return unit_run(suites, NX_COUNT_OF(suites));
}
