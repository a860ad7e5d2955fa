/* The suite of what a daemon is kept from. */
#include "tests/unit/unit.h"

void sandbox_test(void);

int main(void)
{
    static const struct unit_suite suites[] = {{"host/sandbox", sandbox_test}};

    return unit_run(suites, NX_COUNT_OF(suites));
}
