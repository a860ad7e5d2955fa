#include "core/crypto/hkdf.h"

#include "core/base/memory.h"

void nx_hkdf_extract(uint8_t *key, enum nx_hash_kind kind, struct nx_bytes salt,
                     struct nx_bytes secret)
{
    /* "No salt" is a salt of zeros (RFC 5869 §2.2), which is what HMAC pads an empty key to. */
    nx_hmac(key, kind, salt, secret);
}

enum nx_status nx_hkdf_expand(uint8_t *out, size_t len, enum nx_hash_kind kind, struct nx_bytes key,
                              struct nx_bytes info)
{
    uint8_t secret_block[NX_HASH_LEN_MAX]; /* T(i) of RFC 5869 §2.3 */
    size_t block_len = nx_hash_len(kind);
    uint8_t index = 0;

    if (len > NX_HKDF_BLOCKS_MAX * block_len)
        return NX_E_LIMIT;

    while (len > 0) {
        size_t taken_len = len < block_len ? len : block_len;
        struct nx_hmac m;

        nx_hmac_init(&m, kind, key);
        if (index > 0)
            nx_hmac_add(&m, nx_bytes_of(secret_block, block_len));
        index++;
        nx_hmac_add(&m, info);
        nx_hmac_add(&m, nx_bytes_of(&index, 1));
        nx_hmac_end(&m, secret_block);

        memcpy(out, secret_block, taken_len);
        out += taken_len;
        len -= taken_len;
    }
    nx_crypto_wipe(secret_block, sizeof(secret_block));
    return NX_OK;
}

/* `count` blocks, one behind the other. */
static void noise(uint8_t *secret_blocks, size_t count, const uint8_t chaining_key[NX_BLAKE2S_LEN],
                  struct nx_bytes input)
{
    uint8_t secret_key[NX_BLAKE2S_LEN];
    enum nx_status status;

    nx_hkdf_extract(secret_key, NX_HASH_BLAKE2S, nx_bytes_of(chaining_key, NX_BLAKE2S_LEN), input);
    status = nx_hkdf_expand(secret_blocks, count * NX_BLAKE2S_LEN, NX_HASH_BLAKE2S,
                            nx_bytes_of(secret_key, sizeof(secret_key)), nx_bytes_of(NULL, 0));
    nx_crypto_wipe(secret_key, sizeof(secret_key));
    NX_CHECK(status == NX_OK); /* three blocks are far below the limit */
}

void nx_hkdf_noise2(uint8_t first[NX_BLAKE2S_LEN], uint8_t second[NX_BLAKE2S_LEN],
                    const uint8_t chaining_key[NX_BLAKE2S_LEN], struct nx_bytes input)
{
    uint8_t secret_blocks[2 * NX_BLAKE2S_LEN];

    noise(secret_blocks, 2, chaining_key, input);
    memcpy(first, secret_blocks, NX_BLAKE2S_LEN);
    memcpy(second, secret_blocks + NX_BLAKE2S_LEN, NX_BLAKE2S_LEN);
    nx_crypto_wipe(secret_blocks, sizeof(secret_blocks));
}

void nx_hkdf_noise3(uint8_t first[NX_BLAKE2S_LEN], uint8_t second[NX_BLAKE2S_LEN],
                    uint8_t third[NX_BLAKE2S_LEN], const uint8_t chaining_key[NX_BLAKE2S_LEN],
                    struct nx_bytes input)
{
    uint8_t secret_blocks[3 * NX_BLAKE2S_LEN];

    noise(secret_blocks, 3, chaining_key, input);
    memcpy(first, secret_blocks, NX_BLAKE2S_LEN);
    memcpy(second, secret_blocks + NX_BLAKE2S_LEN, NX_BLAKE2S_LEN);
    memcpy(third, secret_blocks + 2 * NX_BLAKE2S_LEN, NX_BLAKE2S_LEN);
    nx_crypto_wipe(secret_blocks, sizeof(secret_blocks));
}
