/* The suites of attacks, in reading order (docs/attacks.md). */
#include "core/crypto/crypto.h"
#include "tests/unit/unit.h"

void grind_attacks(void);
void pairing_attacks(void);
void session_attacks(void);
void stream_attacks(void);
void flood_attacks(void);

int main(void)
{
    static const struct unit_suite suites[] = {
        {"attacks/grind", grind_attacks},     {"attacks/pairing", pairing_attacks},
        {"attacks/session", session_attacks}, {"attacks/stream", stream_attacks},
        {"attacks/flood", flood_attacks},
    };

    if (nx_crypto_init() != NX_OK)
        return 1;
    return unit_run(suites, NX_COUNT_OF(suites));
}
