#include "core/base/memory.h"
#include "core/crypto/crypto.h"
#include "tests/unit/hex_row.h"
#include "tests/unit/unit.h"

static const struct {
    const char *name;
    const char *message;
    const char *sha256;
    const char *sha512;
} cases[] = {
    {"nothing", "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
     "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
     "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"},
    {"FIPS 180-4, abc", "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
     "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
    {"FIPS 180-4, 448 bits", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
     "204a8fc6dda82f0a0ced7beb8e08a41657c16ef468b228a8279be331a703c335"
     "96fd15c13b1b07f9aa1d3bea57789ca031ad85c7a71dd70354ec631238ca3445"},
    {"FIPS 180-4, 896 bits",
     "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopq"
     "klmnopqrlmnopqrsmnopqrstnopqrstu",
     "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1",
     "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018"
     "501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909"},
};

/* `message`, `count` times over, in pieces; both hashes. */
static void hash_in_pieces(struct nx_bytes message, size_t count, uint8_t short_digest[32],
                           uint8_t long_digest[64])
{
    struct nx_sha256 h256;
    struct nx_sha512 h512;

    nx_crypto_sha256_init(&h256);
    nx_crypto_sha512_init(&h512);
    for (size_t i = 0; i < count; i++) {
        nx_crypto_sha256_add(&h256, message);
        nx_crypto_sha512_add(&h512, message);
    }
    nx_crypto_sha256_end(&h256, short_digest);
    nx_crypto_sha512_end(&h512, long_digest);

    struct nx_sha256 zero256 = {0};
    struct nx_sha512 zero512 = {0};
    EXPECT(memcmp(&h256, &zero256, sizeof(h256)) == 0);
    EXPECT(memcmp(&h512, &zero512, sizeof(h512)) == 0);
}

static void expect_digests(const uint8_t short_digest[32], const uint8_t long_digest[64],
                           const char *sha256, const char *sha512)
{
    uint8_t want[64];

    fixed_of_hex(sha256, want, 32);
    EXPECT_BYTES(nx_bytes_of(short_digest, 32), nx_bytes_of(want, 32));
    fixed_of_hex(sha512, want, 64);
    EXPECT_BYTES(nx_bytes_of(long_digest, 64), nx_bytes_of(want, 64));
}

UNIT_SUITE(sha2_test)
{
    uint8_t short_digest[32], long_digest[64];

    for (size_t i = 0; i < NX_COUNT_OF(cases); i++) {
        struct nx_bytes message = nx_bytes_of_text(cases[i].message);

        unit_row(cases[i].name);
        nx_crypto_sha256(short_digest, message);
        nx_crypto_sha512(long_digest, message);
        expect_digests(short_digest, long_digest, cases[i].sha256, cases[i].sha512);
        hash_in_pieces(message, 1, short_digest, long_digest);
        expect_digests(short_digest, long_digest, cases[i].sha256, cases[i].sha512);
    }

    unit_row("FIPS 180-4, a million times the letter a, in pieces that fit no block");
    static uint8_t piece[1000];
    memset(piece, 'a', sizeof(piece));
    hash_in_pieces(nx_bytes_of(piece, sizeof(piece)), 1000, short_digest, long_digest);
    expect_digests(short_digest, long_digest,
                   "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
                   "e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973eb"
                   "de0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b");

    unit_row("a piece of nothing, with nowhere to point, changes nothing");
    hash_in_pieces(nx_bytes_of(NULL, 0), 3, short_digest, long_digest);
    expect_digests(short_digest, long_digest, cases[0].sha256, cases[0].sha512);
    nx_crypto_sha256(short_digest, nx_bytes_of(NULL, 0));
    nx_crypto_sha512(long_digest, nx_bytes_of(NULL, 0));
    expect_digests(short_digest, long_digest, cases[0].sha256, cases[0].sha512);
}
