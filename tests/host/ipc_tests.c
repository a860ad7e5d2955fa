/* The suites of host/ipc, in reading order. */
#include "tests/unit/unit.h"

void ipc_place_test(void);
void ipc_seqpacket_test(void);
void ipc_client_test(void);
void ipc_blob_test(void);

int main(void)
{
    static const struct unit_suite suites[] = {
        {"host/ipc, place", ipc_place_test},
        {"host/ipc, seqpacket", ipc_seqpacket_test},
        {"host/ipc, client", ipc_client_test},
        {"host/ipc, blob", ipc_blob_test},
    };

    return unit_run(suites, NX_COUNT_OF(suites));
}
