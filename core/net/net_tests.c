/* The suites of this room, in reading order. */
#include "tests/unit/unit.h"

void net_test(void);
void fakenet_slow_test(void);
void fakenet_test(void);

int main(void)
{
    static const struct unit_suite suites[] = {
        {"net/net", net_test},
        {"net/fakenet", fakenet_test},
        {"net/fakenet-slow", fakenet_slow_test},
    };

    return unit_run(suites, NX_COUNT_OF(suites));
}
