/* The suites of this room, in reading order. */
#include "tests/unit/unit.h"

void net_test(void);
void pipe_net_test(void);

int main(void)
{
    static const struct unit_suite suites[] = {
        {"net/net", net_test},
        {"net/pipe_net", pipe_net_test},
    };

    return unit_run(suites, NX_COUNT_OF(suites));
}
