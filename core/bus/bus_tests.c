/* The suites of this room, in reading order. */
#include "tests/unit/unit.h"

void announcer_test(void);
void discovery_test(void);
void keepalive_test(void);
void ledger_test(void);
void neighbour_test(void);
void neighbours_test(void);
void streams_over_mux_test(void);

int main(void)
{
    static const struct unit_suite suites[] = {
        {"bus/announcer", announcer_test},
        {"bus/discovery", discovery_test},
        {"bus/keepalive", keepalive_test},
        {"bus/ledger", ledger_test},
        {"bus/neighbour", neighbour_test},
        {"bus/neighbours", neighbours_test},
        {"bus/streams over two muxes", streams_over_mux_test},
    };

    return unit_run(suites, NX_COUNT_OF(suites));
}
