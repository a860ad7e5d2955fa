/* The suites of this room, in reading order. */
#include "tests/unit/unit.h"

void mem_test(void);

int main(void)
{
    static const struct unit_suite suites[] = {
        {"lib/mem", mem_test},
    };

    return unit_run(suites, NX_COUNT_OF(suites));
}
