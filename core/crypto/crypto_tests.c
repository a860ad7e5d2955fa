/* The suites of this room, in reading order. */
#include "core/crypto/crypto.h"
#include "tests/unit/unit.h"

void aead_test(void);
void blake2s_test(void);
void cpace_test(void);
void ed25519_test(void);
void hkdf_test(void);
void hmac_test(void);
void ristretto_test(void);
void secrets_test(void);
void sha2_test(void);
void x25519_test(void);

int main(void)
{
    static const struct unit_suite suites[] = {
        {"crypto/secrets", secrets_test},     {"crypto/x25519", x25519_test},
        {"crypto/ed25519", ed25519_test},     {"crypto/aead", aead_test},
        {"crypto/sha2", sha2_test},           {"crypto/blake2s", blake2s_test},
        {"crypto/hmac", hmac_test},           {"crypto/hkdf", hkdf_test},
        {"crypto/ristretto", ristretto_test}, {"crypto/cpace", cpace_test},
    };

    if (nx_crypto_init() != NX_OK)
        return 1;
    return unit_run(suites, NX_COUNT_OF(suites));
}
