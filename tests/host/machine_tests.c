/* The suites of what a host hands to core, in reading order. */
#include "tests/unit/unit.h"

void clock_test(void);
void entropy_test(void);
void loop_test(void);

int main(void)
{
    static const struct unit_suite suites[] = {
        {"host/clock", clock_test},
        {"host/entropy", entropy_test},
        {"host/loop", loop_test},
    };

    return unit_run(suites, NX_COUNT_OF(suites));
}
