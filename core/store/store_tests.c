/* The suites of this room, in reading order. */
#include "tests/unit/unit.h"

void memory_test(void);
void store_test(void);

int main(void)
{
    static const struct unit_suite suites[] = {
        {"store/store", store_test},
        {"store/memory", memory_test},
    };

    return unit_run(suites, NX_COUNT_OF(suites));
}
