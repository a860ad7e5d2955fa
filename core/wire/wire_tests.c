/* The suites of this room, in reading order. */
#include "tests/unit/unit.h"

void address_test(void);
void beacon_test(void);
void frame_test(void);

int main(void)
{
    static const struct unit_suite suites[] = {
        {"wire/address", address_test},
        {"wire/beacon", beacon_test},
        {"wire/frame", frame_test},
    };

    return unit_run(suites, NX_COUNT_OF(suites));
}
