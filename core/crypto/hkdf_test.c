#include "core/base/memory.h"
#include "core/crypto/hkdf.h"
#include "tests/unit/hex_row.h"
#include "tests/unit/unit.h"

/* The RFC has vectors for SHA-256; those for SHA-512 are what an independent implementation makes
 * of the same inputs. */
static const struct {
    const char *name;
    enum nx_hash_kind kind;
    const char *secret, *salt, *info;
    const char *key;
    const char *out;
} cases[] = {
    {"SHA-256, RFC 5869 §A.1", NX_HASH_SHA256, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
     "000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9",
     "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
     "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
     "34007208d5b887185865"},
    {"SHA-256, RFC 5869 §A.2, long inputs", NX_HASH_SHA256,
     "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
     "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
     "404142434445464748494a4b4c4d4e4f",
     "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f"
     "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"
     "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
     "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecf"
     "d0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeef"
     "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
     "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
     "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
     "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
     "cc30c58179ec3e87c14c01d5c1f3434f1d87"},
    {"SHA-256, RFC 5869 §A.3, without salt and info", NX_HASH_SHA256,
     "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
     "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
     "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
     "9d201395faa4b61a96c8"},
    {"SHA-512, the inputs of RFC 5869 §A.1", NX_HASH_SHA512,
     "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c",
     "f0f1f2f3f4f5f6f7f8f9",
     "665799823737ded04a88e47e54a5890bb2c3d247c7a4254a8e61350723590a26"
     "c36238127d8661b88cf80ef802d57e2f7cebcf1e00e083848be19929c61b4237",
     "832390086cda71fb47625bb5ceb168e4c8e26a1a16ed34d9fc7fe92c14815793"
     "38da362cb8d9f925d7cb"},
    {"SHA-512, the inputs of RFC 5869 §A.2, long inputs", NX_HASH_SHA512,
     "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
     "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
     "404142434445464748494a4b4c4d4e4f",
     "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f"
     "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"
     "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
     "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecf"
     "d0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeef"
     "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
     "35672542907d4e142c00e84499e74e1de08be86535f924e022804ad775dde27e"
     "c86cd1e5b7d178c74489bdbeb30712beb82d4f97416c5a94ea81ebdf3e629e4a",
     "ce6c97192805b346e6161e821ed165673b84f400a2b514b2fe23d84cd189ddf1"
     "b695b48cbd1c8388441137b3ce28f16aa64ba33ba466b24df6cfcb021ecff235"
     "f6a2056ce3af1de44d572097a8505d9e7a93"},
    {"SHA-512, the inputs of RFC 5869 §A.3, without salt and info", NX_HASH_SHA512,
     "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
     "fd200c4987ac491313bd4a2a13287121247239e11c9ef82802044b66ef357e5b"
     "194498d0682611382348572a7b1611de54764094286320578a863f36562b0df6",
     "f5fa02b18298a72a8c23898a8703472c6eb179dc204c03425c970e3b164bf90f"
     "ff22d04836d0e2343bac"},
};

static void check_cases(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(cases); i++) {
        uint8_t secret_memory[80], salt_memory[80], info_memory[80];
        uint8_t key_memory[NX_HASH_LEN_MAX], out_memory[82];
        uint8_t got_key[NX_HASH_LEN_MAX], got[82];

        unit_row(cases[i].name);
        struct nx_bytes secret = bytes_of_hex(cases[i].secret, secret_memory, 80);
        struct nx_bytes salt = bytes_of_hex(cases[i].salt, salt_memory, 80);
        struct nx_bytes info = bytes_of_hex(cases[i].info, info_memory, 80);
        struct nx_bytes key = bytes_of_hex(cases[i].key, key_memory, sizeof(key_memory));
        struct nx_bytes out = bytes_of_hex(cases[i].out, out_memory, sizeof(out_memory));

        nx_hkdf_extract(got_key, cases[i].kind, salt, secret);
        EXPECT_BYTES(nx_bytes_of(got_key, key.len), key);
        EXPECT_STATUS(nx_hkdf_expand(got, out.len, cases[i].kind, key, info), NX_OK);
        EXPECT_BYTES(nx_bytes_of(got, out.len), out);
    }
}

static uint8_t large[NX_HKDF_BLOCKS_MAX * NX_SHA512_LEN + 1];

static void check_limit(const char *name, enum nx_hash_kind kind)
{
    size_t len_max = NX_HKDF_BLOCKS_MAX * nx_hash_len(kind);
    struct nx_bytes key = nx_bytes_of_text("a key of at least thirty-two bytes, as it has to be");

    unit_row(name);
    memset(large, 0xaa, sizeof(large));
    EXPECT_STATUS(nx_hkdf_expand(large, len_max + 1, kind, key, nx_bytes_of(NULL, 0)), NX_E_LIMIT);
    EXPECT_EQ(large[0], 0xaa);
    EXPECT_STATUS(nx_hkdf_expand(large, len_max, kind, key, nx_bytes_of(NULL, 0)), NX_OK);
    EXPECT_EQ(large[len_max], 0xaa);
}

static void check_noise(void)
{
    uint8_t chain[32], input[32], first[32], second[32], third[32], want[96];

    for (size_t i = 0; i < 32; i++)
        chain[i] = (uint8_t)i;
    memset(input, 0x77, sizeof(input));

    unit_row("Noise takes two keys from a chaining key and a shared secret");
    fixed_of_hex("013b1112662c5412d02d0db0ff7e753fc50eab7620568880c343931dc143ec90"
                 "23fe268f602794b66bc496b2a6d869f693d116fa88d450c27a21c23c57aae2be"
                 "248c4a581e64da5e80cc7b26528080100233feb71b9bcc30f74e96acf48e0cd7",
                 want, 96);
    nx_hkdf_noise2(first, second, chain, nx_bytes_of(input, 32));
    EXPECT_BYTES(nx_bytes_of(first, 32), nx_bytes_of(want, 32));
    EXPECT_BYTES(nx_bytes_of(second, 32), nx_bytes_of(want + 32, 32));

    unit_row("three keys begin with the same two");
    nx_hkdf_noise3(first, second, third, chain, nx_bytes_of(input, 32));
    EXPECT_BYTES(nx_bytes_of(first, 32), nx_bytes_of(want, 32));
    EXPECT_BYTES(nx_bytes_of(second, 32), nx_bytes_of(want + 32, 32));
    EXPECT_BYTES(nx_bytes_of(third, 32), nx_bytes_of(want + 64, 32));

    unit_row("the first key may take the place of the chaining key");
    nx_hkdf_noise2(chain, second, chain, nx_bytes_of(input, 32));
    EXPECT_BYTES(nx_bytes_of(chain, 32), nx_bytes_of(want, 32));
    EXPECT_BYTES(nx_bytes_of(second, 32), nx_bytes_of(want + 32, 32));

    unit_row("the split at the end of a handshake takes nothing in");
    for (size_t i = 0; i < 32; i++)
        chain[i] = (uint8_t)i;
    fixed_of_hex("7a38c34bf2b8738d7374ca77c44ecb309a11d2b2528304fa86052c365e722624"
                 "1a17621f346abdc520746a9fb64d8eb03231d674fc15687537b0780fd9c060fd",
                 want, 64);
    nx_hkdf_noise2(first, second, chain, nx_bytes_of(NULL, 0));
    EXPECT_BYTES(nx_bytes_of(first, 32), nx_bytes_of(want, 32));
    EXPECT_BYTES(nx_bytes_of(second, 32), nx_bytes_of(want + 32, 32));
}

UNIT_SUITE(hkdf_test)
{
    check_cases();
    check_limit("over SHA-256, 8,160 bytes and not one more", NX_HASH_SHA256);
    check_limit("over SHA-512, 16,320 bytes and not one more", NX_HASH_SHA512);

    unit_row("no bytes are asked for and none are written");
    uint8_t untouched = 0xaa;
    EXPECT_STATUS(nx_hkdf_expand(&untouched, 0, NX_HASH_SHA256, nx_bytes_of_text("key"),
                                 nx_bytes_of(NULL, 0)),
                  NX_OK);
    EXPECT_EQ(untouched, 0xaa);

    check_noise();
}
