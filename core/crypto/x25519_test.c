#include "core/base/memory.h"
#include "core/crypto/crypto.h"
#include "tests/unit/hex_row.h"
#include "tests/unit/unit.h"

static const struct {
    const char *name;
    const char *secret;
    const char *public_key;
    const char *shared;
} products[] = {
    {"RFC 7748 §5.2, the first vector",
     "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
     "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
     "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"},
    {"RFC 7748 §5.2, the second vector: the highest bit of a public key is not looked at",
     "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
     "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
     "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"},
    {"RFC 7748 §6.1, Alice's secret and Bob's public key",
     "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
     "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
     "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"},
    {"RFC 7748 §6.1, Bob's secret and Alice's public key",
     "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
     "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
     "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"},
};

static const struct {
    const char *name;
    const char *secret;
    const char *public_key;
} pairs[] = {
    {"RFC 7748 §6.1, Alice's public key",
     "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
     "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"},
    {"RFC 7748 §6.1, Bob's public key",
     "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
     "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"},
};

/* RFC 7748 §6.1: what a peer can send to make the shared value known to everybody. */
static const struct {
    const char *name;
    const char *public_key;
} refused[] = {
    {"zero is refused", "0000000000000000000000000000000000000000000000000000000000000000"},
    {"one is refused", "0100000000000000000000000000000000000000000000000000000000000000"},
    {"a point of order eight is refused",
     "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"},
    {"the other point of order eight is refused",
     "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"},
    {"p - 1 is refused", "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
    {"p, another spelling of zero, is refused",
     "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
    {"p + 1, another spelling of one, is refused",
     "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
    {"zero with the highest bit set is refused",
     "0000000000000000000000000000000000000000000000000000000000000080"},
    {"p with the highest bit set is refused",
     "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
};

/* RFC 7748 §5.2: k, u = X25519(k, u), k, again and again. */
static void iterate(uint8_t k[32], int count)
{
    uint8_t u[32] = {9};

    memset(k, 0, 32);
    k[0] = 9;
    for (int i = 0; i < count; i++) {
        uint8_t next[32];

        EXPECT_STATUS(nx_crypto_x25519(next, k, u), NX_OK);
        memcpy(u, k, 32);
        memcpy(k, next, 32);
    }
}

UNIT_SUITE(x25519_test)
{
    uint8_t secret[32], public_key[32], want[32], got[32];

    for (size_t i = 0; i < NX_COUNT_OF(products); i++) {
        unit_row(products[i].name);
        fixed_of_hex(products[i].secret, secret, 32);
        fixed_of_hex(products[i].public_key, public_key, 32);
        fixed_of_hex(products[i].shared, want, 32);
        EXPECT_STATUS(nx_crypto_x25519(got, secret, public_key), NX_OK);
        EXPECT_BYTES(nx_bytes_of(got, 32), nx_bytes_of(want, 32));
    }

    for (size_t i = 0; i < NX_COUNT_OF(pairs); i++) {
        unit_row(pairs[i].name);
        fixed_of_hex(pairs[i].secret, secret, 32);
        fixed_of_hex(pairs[i].public_key, want, 32);
        nx_crypto_x25519_public(got, secret);
        EXPECT_BYTES(nx_bytes_of(got, 32), nx_bytes_of(want, 32));
    }

    memset(want, 0, 32);
    for (size_t i = 0; i < NX_COUNT_OF(refused); i++) {
        unit_row(refused[i].name);
        fixed_of_hex(refused[i].public_key, public_key, 32);
        memset(got, 0xaa, 32);
        EXPECT_STATUS(nx_crypto_x25519(got, secret, public_key), NX_E_CRYPTO);
        EXPECT_BYTES(nx_bytes_of(got, 32), nx_bytes_of(want, 32));
    }

    unit_row("RFC 7748 §5.2, after one iteration");
    iterate(got, 1);
    fixed_of_hex("422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079", want, 32);
    EXPECT_BYTES(nx_bytes_of(got, 32), nx_bytes_of(want, 32));

    unit_row("RFC 7748 §5.2, after a thousand iterations");
    iterate(got, 1000);
    fixed_of_hex("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51", want, 32);
    EXPECT_BYTES(nx_bytes_of(got, 32), nx_bytes_of(want, 32));
}
