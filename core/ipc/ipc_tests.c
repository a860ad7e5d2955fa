/* The suites of this room, in reading order. */
#include "tests/unit/unit.h"

void message_test(void);
void ipc_test(void);

int main(void)
{
    static const struct unit_suite suites[] = {
        {"ipc/message", message_test},
        {"ipc/ipc", ipc_test},
    };

    return unit_run(suites, NX_COUNT_OF(suites));
}
