/* The suites of this room, in reading order. */
#include "tests/unit/unit.h"

void envelope_test(void);
void client_test(void);
void server_test(void);
void calls_test(void);

int main(void)
{
    static const struct unit_suite suites[] = {
        {"rpc/envelope", envelope_test},
        {"rpc/client", client_test},
        {"rpc/server", server_test},
        {"rpc/calls", calls_test},
    };

    return unit_run(suites, NX_COUNT_OF(suites));
}
