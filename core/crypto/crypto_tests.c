/* The suites of this room, in reading order. */
#include "core/crypto/crypto.h"
#include "tests/unit/unit.h"

void aead_test(void);
void x25519_test(void);

int main(void)
{
    static const struct unit_suite suites[] = {
        {"crypto/x25519", x25519_test},
        {"crypto/aead", aead_test},
    };

    if (nx_crypto_init() != NX_OK)
        return 1;
    return unit_run(suites, NX_COUNT_OF(suites));
}
