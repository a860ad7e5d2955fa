/* The suites of dsoftbusd's engine, in reading order. */
#include "core/crypto/crypto.h"
#include "tests/unit/unit.h"

void calls_test(void);
void devices_test(void);
void pairing_calls_test(void);
void streams_test(void);
void frames_test(void);
void rpc_calls_test(void);
void doctor_test(void);
void happened_test(void);
void random_test(void);

int main(void)
{
    static const struct unit_suite suites[] = {
        {"dsoftbusd/calls", calls_test},           {"dsoftbusd/devices", devices_test},
        {"dsoftbusd/pairing", pairing_calls_test}, {"dsoftbusd/streams", streams_test},
        {"dsoftbusd/frames", frames_test},         {"dsoftbusd/rpc", rpc_calls_test},
        {"dsoftbusd/doctor", doctor_test},         {"dsoftbusd/happened", happened_test},
        {"dsoftbusd/random", random_test},
    };

    if (nx_crypto_init() != NX_OK)
        return 1;
    return unit_run(suites, NX_COUNT_OF(suites));
}
