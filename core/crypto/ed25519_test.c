#include "core/base/memory.h"
#include "core/crypto/crypto.h"
#include "tests/unit/hex_row.h"
#include "tests/unit/unit.h"

static const struct {
    const char *name;
    const char *seed;
    const char *public_key;
    const char *message;
    const char *signature;
} vectors[] = {
    {"RFC 8032 §7.1, test 1: nothing",
     "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
     "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
    {"RFC 8032 §7.1, test 2: one byte",
     "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
     "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"RFC 8032 §7.1, test 3: two bytes",
     "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
     "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
    {"RFC 8032 §7.1, test SHA(abc): 64 bytes",
     "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
     "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
     "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
     "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
     "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"},
};

/* Strictness: each of these passes some verifier in use, or is a spelling that has another. */
static const struct {
    const char *name;
    const char *public_key;
    const char *message;
    const char *signature;
} refused[] = {
    {"refused: the s of a good signature plus L",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
     "4c8c7872aa064e049dbb3013fbf29380d25bf5f0595bbe24655141438e7a101b"},
    {"refused: s is L exactly", "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
     "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
     "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010"},
    {"refused: the three highest bits of s are not to be set",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
     "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a102b"},
    {"refused: an R of order one, though the equation holds",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "0100000000000000000000000000000000000000000000000000000000000000"
     "756cf9b1d6f0d7a979b9d2af3dc2bc1294ec7cb6daa20eaff534c024fc57920f"},
    {"refused: an R of order one in its second spelling",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"
     "756cf9b1d6f0d7a979b9d2af3dc2bc1294ec7cb6daa20eaff534c024fc57920f"},
    {"refused: a key of order one, though the equation holds",
     "0100000000000000000000000000000000000000000000000000000000000000", "",
     "5866666666666666666666666666666666666666666666666666666666666666"
     "0100000000000000000000000000000000000000000000000000000000000000"},
    {"refused: the key y = p + 1, a second spelling of order one",
     "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "",
     "5866666666666666666666666666666666666666666666666666666666666666"
     "0100000000000000000000000000000000000000000000000000000000000000"},
    {"refused: the key of order one with the sign bit set",
     "0100000000000000000000000000000000000000000000000000000000000080", "",
     "5866666666666666666666666666666666666666666666666666666666666666"
     "0100000000000000000000000000000000000000000000000000000000000000"},
    {"refused: a key of order two, though the equation holds",
     "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "00",
     "5866666666666666666666666666666666666666666666666666666666666666"
     "0100000000000000000000000000000000000000000000000000000000000000"},
    {"refused: a key of order eight, though the equation holds",
     "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", "1c",
     "5866666666666666666666666666666666666666666666666666666666666666"
     "0100000000000000000000000000000000000000000000000000000000000000"},
    {"refused: the key y = p, a second spelling of zero",
     "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "",
     "5866666666666666666666666666666666666666666666666666666666666666"
     "0100000000000000000000000000000000000000000000000000000000000000"},
    {"refused: a key that is no point",
     "0200000000000000000000000000000000000000000000000000000000000000", "",
     "5866666666666666666666666666666666666666666666666666666666666666"
     "0100000000000000000000000000000000000000000000000000000000000000"},
    {"refused: y = 2^255 - 1 with the sign bit",
     "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", "",
     "5866666666666666666666666666666666666666666666666666666666666666"
     "0100000000000000000000000000000000000000000000000000000000000000"},
    {"refused: a signature of zeros",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "0000000000000000000000000000000000000000000000000000000000000000"
     "0000000000000000000000000000000000000000000000000000000000000000"},
};

static void check_vector(size_t i)
{
    uint8_t seed[32], want_key[32], key[32], want_signature[64], signature[64], memory[64];
    struct nx_bytes message = bytes_of_hex(vectors[i].message, memory, sizeof(memory));

    unit_row(vectors[i].name);
    fixed_of_hex(vectors[i].seed, seed, 32);
    fixed_of_hex(vectors[i].public_key, want_key, 32);
    fixed_of_hex(vectors[i].signature, want_signature, 64);

    nx_crypto_ed25519_public(key, seed);
    EXPECT_BYTES(nx_bytes_of(key, 32), nx_bytes_of(want_key, 32));
    nx_crypto_ed25519_sign(signature, message, seed);
    EXPECT_BYTES(nx_bytes_of(signature, 64), nx_bytes_of(want_signature, 64));
    EXPECT_STATUS(nx_crypto_ed25519_verify(signature, message, key), NX_OK);
}

static void check_turned_bits(void)
{
    uint8_t seed[32] = {3}, key[32], signature[64], message[40] = {7};
    struct nx_bytes text = nx_bytes_of(message, sizeof(message));

    nx_crypto_ed25519_public(key, seed);
    nx_crypto_ed25519_sign(signature, text, seed);

    unit_row("refused: any byte of the signature changed");
    for (size_t i = 0; i < sizeof(signature); i++) {
        signature[i] ^= 1;
        EXPECT_STATUS(nx_crypto_ed25519_verify(signature, text, key), NX_E_CRYPTO);
        signature[i] ^= 1;
    }

    unit_row("refused: any byte of the message changed, one missing, one more");
    for (size_t i = 0; i < sizeof(message); i++) {
        message[i] ^= 1;
        EXPECT_STATUS(nx_crypto_ed25519_verify(signature, text, key), NX_E_CRYPTO);
        message[i] ^= 1;
    }
    EXPECT_STATUS(nx_crypto_ed25519_verify(signature, nx_bytes_of(message, 39), key), NX_E_CRYPTO);
    EXPECT_STATUS(nx_crypto_ed25519_verify(signature, nx_bytes_of(NULL, 0), key), NX_E_CRYPTO);
    uint8_t longer[41] = {7};
    EXPECT_STATUS(nx_crypto_ed25519_verify(signature, nx_bytes_of(longer, 41), key), NX_E_CRYPTO);

    unit_row("refused: another's key");
    uint8_t other_seed[32] = {4}, other_key[32];
    nx_crypto_ed25519_public(other_key, other_seed);
    EXPECT_STATUS(nx_crypto_ed25519_verify(signature, text, other_key), NX_E_CRYPTO);
    EXPECT_STATUS(nx_crypto_ed25519_verify(signature, text, key), NX_OK);
}

UNIT_SUITE(ed25519_test)
{
    for (size_t i = 0; i < NX_COUNT_OF(vectors); i++)
        check_vector(i);

    for (size_t i = 0; i < NX_COUNT_OF(refused); i++) {
        uint8_t key[32], signature[64], memory[1];

        unit_row(refused[i].name);
        fixed_of_hex(refused[i].public_key, key, 32);
        fixed_of_hex(refused[i].signature, signature, 64);
        EXPECT_STATUS(nx_crypto_ed25519_verify(
                          signature, bytes_of_hex(refused[i].message, memory, sizeof(memory)), key),
                      NX_E_CRYPTO);
    }
    check_turned_bits();
}
