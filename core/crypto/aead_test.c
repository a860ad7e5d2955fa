#include "core/base/memory.h"
#include "core/crypto/crypto.h"
#include "tests/unit/hex_row.h"
#include "tests/unit/unit.h"

#define TEXT_MAX 5000

/* Large enough to be on the far side of any provider's idea of "small". */
static struct {
    uint8_t plain[TEXT_MAX];
    uint8_t sealed[TEXT_MAX + NX_AEAD_TAG_LEN];
    uint8_t other[TEXT_MAX + NX_AEAD_TAG_LEN];
} memory;

static const struct {
    const char *name;
    const char *key, *nonce, *associated, *plain, *sealed;
} vectors[] = {
    {"RFC 8439 §2.8.2, ladies and gentlemen of the class of '99",
     "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f", "070000004041424344454647",
     "50515253c0c1c2c3c4c5c6c7",
     "4c616469657320616e642047656e746c656d656e206f662074686520636c6173"
     "73206f66202739393a204966204920636f756c64206f6666657220796f75206f"
     "6e6c79206f6e652074697020666f7220746865206675747572652c2073756e73"
     "637265656e20776f756c642062652069742e",
     "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"
     "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
     "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
     "3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd060"
     "0691"},
    {"RFC 8439 §A.5, Internet-Drafts are draft documents",
     "1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0", "000000000102030405060708",
     "f33388860000000000004e91",
     "496e7465726e65742d4472616674732061726520647261667420646f63756d65"
     "6e74732076616c696420666f722061206d6178696d756d206f6620736978206d"
     "6f6e74687320616e64206d617920626520757064617465642c207265706c6163"
     "65642c206f72206f62736f6c65746564206279206f7468657220646f63756d65"
     "6e747320617420616e792074696d652e20497420697320696e617070726f7072"
     "6961746520746f2075736520496e7465726e65742d4472616674732061732072"
     "65666572656e6365206d6174657269616c206f7220746f206369746520746865"
     "6d206f74686572207468616e206173202fe2809c776f726b20696e2070726f67"
     "726573732e2fe2809d",
     "64a0861575861af460f062c79be643bd5e805cfd345cf389f108670ac76c8cb2"
     "4c6cfc18755d43eea09ee94e382d26b0bdb7b73c321b0100d4f03b7f355894cf"
     "332f830e710b97ce98c8a84abd0b948114ad176e008d33bd60f982b1ff37c855"
     "9797a06ef4f0ef61c186324e2b3506383606907b6a7c02b0f9f6157b53c867e4"
     "b9166c767b804d46a59b5216cde7a4e99040c5a40433225ee282a1b0a06c523e"
     "af4534d7f83fa1155b0047718cbc546a0d072b04b3564eea1b422273f548271a"
     "0bb2316053fa76991955ebd63159434ecebb4e466dae5a1073a6727627097a10"
     "49e617d91d361094fa68f0ff77987130305beaba2eda04df997b714d6c6f2c29"
     "a6ad5cb4022b02709beead9d67890cbb22392336fea1851f38"},
};

static void check_vectors(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(vectors); i++) {
        uint8_t key[NX_AEAD_KEY_LEN], nonce[NX_AEAD_NONCE_LEN], associated_memory[32];
        struct nx_aead aead;

        unit_row(vectors[i].name);
        fixed_of_hex(vectors[i].key, key, sizeof(key));
        fixed_of_hex(vectors[i].nonce, nonce, sizeof(nonce));
        struct nx_bytes associated =
            bytes_of_hex(vectors[i].associated, associated_memory, sizeof(associated_memory));
        struct nx_bytes plain = bytes_of_hex(vectors[i].plain, memory.plain, sizeof(memory.plain));
        struct nx_bytes sealed =
            bytes_of_hex(vectors[i].sealed, memory.sealed, sizeof(memory.sealed));

        nx_crypto_aead_init(&aead, key);
        nx_crypto_aead_seal(&aead, nonce, associated, plain, memory.other);
        EXPECT_BYTES(nx_bytes_of(memory.other, plain.len + NX_AEAD_TAG_LEN), sealed);
        EXPECT_STATUS(nx_crypto_aead_open(&aead, nonce, associated, sealed, memory.other), NX_OK);
        EXPECT_BYTES(nx_bytes_of(memory.other, plain.len), plain);
        nx_crypto_aead_wipe(&aead);
    }
}

/* What the rest of the rows seal: bytes that count, under one key and nonce. */
static const uint8_t key[NX_AEAD_KEY_LEN] = {1, 2, 3};
static const uint8_t nonce[NX_AEAD_NONCE_LEN] = {0, 0, 0, 0, 7};
static const uint8_t associated_bytes[5] = {9, 8, 7, 6, 5};

static struct nx_bytes counted_plain(size_t len)
{
    for (size_t i = 0; i < len; i++)
        memory.plain[i] = (uint8_t)(i + i / 256);
    return nx_bytes_of(memory.plain, len);
}

static bool is_all(const uint8_t *bytes, size_t len, uint8_t value)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != value)
            return false;
    }
    return true;
}

/* 1,024 is where the host's provider passes from one library to the other. */
static const size_t lens[] = {0, 1, 15, 16, 64, 1023, 1024, 1025, 2048, TEXT_MAX};

static void check_len(struct nx_aead *aead, size_t len)
{
    struct nx_bytes associated = nx_bytes_of(associated_bytes, sizeof(associated_bytes));
    struct nx_bytes plain = counted_plain(len);
    struct nx_bytes sealed = nx_bytes_of(memory.sealed, len + NX_AEAD_TAG_LEN);

    unit_row_number("sealed and opened, apart and in place, of length", len);
    nx_crypto_aead_seal(aead, nonce, associated, plain, memory.sealed);
    EXPECT_STATUS(nx_crypto_aead_open(aead, nonce, associated, sealed, memory.other), NX_OK);
    EXPECT(memcmp(memory.other, plain.ptr, len) == 0);
    nx_crypto_aead_seal(aead, nonce, associated, nx_bytes_of(memory.other, len), memory.other);
    EXPECT(memcmp(memory.other, sealed.ptr, sealed.len) == 0);
    EXPECT_STATUS(nx_crypto_aead_open(aead, nonce, associated,
                                      nx_bytes_of(memory.other, sealed.len), memory.other),
                  NX_OK);
    EXPECT(memcmp(memory.other, plain.ptr, len) == 0);

    unit_row_number("without associated data it is another seal, of length", len);
    nx_crypto_aead_seal(aead, nonce, nx_bytes_of(NULL, 0), plain, memory.other);
    EXPECT(memcmp(memory.other + len, sealed.ptr + len, NX_AEAD_TAG_LEN) != 0);
    EXPECT_STATUS(nx_crypto_aead_open(aead, nonce, nx_bytes_of(NULL, 0),
                                      nx_bytes_of(memory.other, sealed.len), memory.other),
                  NX_OK);
    EXPECT(memcmp(memory.other, plain.ptr, len) == 0);

    unit_row_number("a bit turned anywhere gives no plaintext, of length", len);
    const size_t turned[] = {0, len / 2, len, len + NX_AEAD_TAG_LEN - 1};
    for (size_t i = 0; i < NX_COUNT_OF(turned); i++) {
        memory.sealed[turned[i]] ^= 0x10;
        memset(memory.other, 0xaa, sizeof(memory.other));
        EXPECT_STATUS(nx_crypto_aead_open(aead, nonce, associated, sealed, memory.other),
                      NX_E_CRYPTO);
        EXPECT(is_all(memory.other, len, 0));
        EXPECT(is_all(memory.other + len, NX_AEAD_TAG_LEN, 0xaa)); /* and nothing behind it */
        memory.sealed[turned[i]] ^= 0x10;
    }

    unit_row_number("and none in place either, of length", len);
    memory.sealed[len] ^= 1;
    EXPECT_STATUS(nx_crypto_aead_open(aead, nonce, associated, sealed, memory.sealed), NX_E_CRYPTO);
    EXPECT(is_all(memory.sealed, len, 0));

    unit_row_number("other associated data, another nonce, another key do not open, of length",
                    len);
    uint8_t wrong_nonce[NX_AEAD_NONCE_LEN] = {1};
    uint8_t wrong_key[NX_AEAD_KEY_LEN] = {1};
    struct nx_aead wrong;
    nx_crypto_aead_seal(aead, nonce, associated, plain, memory.sealed);
    EXPECT_STATUS(
        nx_crypto_aead_open(aead, nonce, nx_bytes_of(associated_bytes, 4), sealed, memory.other),
        NX_E_CRYPTO);
    EXPECT_STATUS(nx_crypto_aead_open(aead, wrong_nonce, associated, sealed, memory.other),
                  NX_E_CRYPTO);
    nx_crypto_aead_init(&wrong, wrong_key);
    EXPECT_STATUS(nx_crypto_aead_open(&wrong, nonce, associated, sealed, memory.other),
                  NX_E_CRYPTO);
    nx_crypto_aead_wipe(&wrong);
    EXPECT_STATUS(nx_crypto_aead_open(aead, nonce, associated, sealed, memory.other), NX_OK);
}

UNIT_SUITE(aead_test)
{
    struct nx_aead aead;

    check_vectors();

    nx_crypto_aead_init(&aead, key);
    for (size_t i = 0; i < NX_COUNT_OF(lens); i++)
        check_len(&aead, lens[i]);

    unit_row("what is shorter than a tag is refused, and nothing is written");
    memory.other[0] = 0xaa;
    for (size_t len = 0; len < NX_AEAD_TAG_LEN; len++)
        EXPECT_STATUS(nx_crypto_aead_open(&aead, nonce, nx_bytes_of(NULL, 0),
                                          nx_bytes_of(memory.sealed, len), memory.other),
                      NX_E_CRYPTO);
    EXPECT_EQ(memory.other[0], 0xaa);

    unit_row("every provider seals five thousand bytes to the same ones");
    uint8_t digest[NX_SHA256_LEN], want[NX_SHA256_LEN];
    nx_crypto_aead_seal(&aead, nonce, nx_bytes_of(associated_bytes, sizeof(associated_bytes)),
                        counted_plain(TEXT_MAX), memory.sealed);
    nx_crypto_sha256(digest, nx_bytes_of(memory.sealed, sizeof(memory.sealed)));
    fixed_of_hex("a43746ddd9a8f2b23e9b636d3b76360b529f222109c25c1a045f8ca6e631bf30", want, 32);
    EXPECT_BYTES(nx_bytes_of(digest, 32), nx_bytes_of(want, 32));

    unit_row("wiping leaves nothing, and may be done twice");
    nx_crypto_aead_wipe(&aead);
    EXPECT(is_all((const uint8_t *)&aead, sizeof(aead), 0));
    nx_crypto_aead_wipe(&aead);
    EXPECT(is_all((const uint8_t *)&aead, sizeof(aead), 0));
}
