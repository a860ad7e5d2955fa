#include "core/crypto/blake2s.h"

#include "core/base/memory.h"
#include "core/crypto/crypto.h"

#define ROUNDS 10

/* RFC 7693 §2.6: the fractions of the square roots of the first eight primes, 32 bits of each. */
static const uint32_t iv[8] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

/* RFC 7693 §2.7: which words of the message each round mixes in, and where. */
static const uint8_t sigma[ROUNDS][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
    {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
    {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
    {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
    {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
};

static uint32_t rotate_right(uint32_t x, unsigned count)
{
    return x >> count | x << (32 - count);
}

static uint32_t load32(const uint8_t in[4])
{
    return (uint32_t)in[0] | (uint32_t)in[1] << 8 | (uint32_t)in[2] << 16 | (uint32_t)in[3] << 24;
}

/* RFC 7693 §3.1, the function G. */
static inline void mix(uint32_t v[16], int a, int b, int c, int d, uint32_t x, uint32_t y)
{
    v[a] += v[b] + x;
    v[d] = rotate_right(v[d] ^ v[a], 16);
    v[c] += v[d];
    v[b] = rotate_right(v[b] ^ v[c], 12);
    v[a] += v[b] + y;
    v[d] = rotate_right(v[d] ^ v[a], 8);
    v[c] += v[d];
    v[b] = rotate_right(v[b] ^ v[c], 7);
}

static void mix_round(uint32_t v[16], const uint32_t m[16], const uint8_t s[16])
{
    mix(v, 0, 4, 8, 12, m[s[0]], m[s[1]]);
    mix(v, 1, 5, 9, 13, m[s[2]], m[s[3]]);
    mix(v, 2, 6, 10, 14, m[s[4]], m[s[5]]);
    mix(v, 3, 7, 11, 15, m[s[6]], m[s[7]]);
    mix(v, 0, 5, 10, 15, m[s[8]], m[s[9]]);
    mix(v, 1, 6, 11, 12, m[s[10]], m[s[11]]);
    mix(v, 2, 7, 8, 13, m[s[12]], m[s[13]]);
    mix(v, 3, 4, 9, 14, m[s[14]], m[s[15]]);
}

/* RFC 7693 §3.2, the function F; `len` bytes of the block count, the rest of it is zero. */
static void compress(struct nx_blake2s *h, const uint8_t block[NX_BLAKE2S_BLOCK_LEN], size_t len,
                     bool is_last)
{
    uint32_t secret_m[16];
    uint32_t secret_v[16];

    h->compressed_count += len;
    for (size_t i = 0; i < 16; i++)
        secret_m[i] = load32(block + 4 * i);
    for (size_t i = 0; i < 8; i++) {
        secret_v[i] = h->secret_chain[i];
        secret_v[i + 8] = iv[i];
    }
    secret_v[12] ^= (uint32_t)h->compressed_count;
    secret_v[13] ^= (uint32_t)(h->compressed_count >> 32);
    if (is_last)
        secret_v[14] = ~secret_v[14];

    for (size_t i = 0; i < ROUNDS; i++)
        mix_round(secret_v, secret_m, sigma[i]);
    for (size_t i = 0; i < 8; i++)
        h->secret_chain[i] ^= secret_v[i] ^ secret_v[i + 8];

    nx_crypto_wipe(secret_m, sizeof(secret_m));
    nx_crypto_wipe(secret_v, sizeof(secret_v));
}

void nx_blake2s_init(struct nx_blake2s *h, size_t digest_len, struct nx_bytes key)
{
    NX_CHECK(digest_len >= 1 && digest_len <= NX_BLAKE2S_LEN && key.len <= NX_BLAKE2S_KEY_MAX);

    *h = (struct nx_blake2s){.digest_len = (uint8_t)digest_len};
    memcpy(h->secret_chain, iv, sizeof(iv));
    /* The parameter block (RFC 7693 §2.5): fan-out 1, depth 1, length of key, length of digest. */
    h->secret_chain[0] ^= 0x01010000u | (uint32_t)key.len << 8 | (uint32_t)digest_len;
    if (key.len > 0) {
        memcpy(h->secret_block, key.ptr, key.len);
        h->block_len = NX_BLAKE2S_BLOCK_LEN;
    }
}

void nx_blake2s_add(struct nx_blake2s *h, struct nx_bytes part)
{
    while (part.len > 0) {
        /* A full block is compressed when more follows: only then is it not the last. */
        if (h->block_len == NX_BLAKE2S_BLOCK_LEN) {
            compress(h, h->secret_block, NX_BLAKE2S_BLOCK_LEN, false);
            h->block_len = 0;
        }

        size_t room = (size_t)NX_BLAKE2S_BLOCK_LEN - h->block_len;
        size_t len = part.len < room ? part.len : room;
        memcpy(h->secret_block + h->block_len, part.ptr, len);
        h->block_len = (uint8_t)(h->block_len + len);
        part = nx_bytes_skip(part, len);
    }
}

void nx_blake2s_end(struct nx_blake2s *h, uint8_t *digest)
{
    memset(h->secret_block + h->block_len, 0, (size_t)NX_BLAKE2S_BLOCK_LEN - h->block_len);
    compress(h, h->secret_block, h->block_len, true);
    for (size_t i = 0; i < h->digest_len; i++)
        digest[i] = (uint8_t)(h->secret_chain[i / 4] >> 8 * (i % 4));
    nx_crypto_wipe(h, sizeof(*h));
}

void nx_blake2s(uint8_t digest[NX_BLAKE2S_LEN], struct nx_bytes message)
{
    struct nx_blake2s h;

    nx_blake2s_init(&h, NX_BLAKE2S_LEN, nx_bytes_of(NULL, 0));
    nx_blake2s_add(&h, message);
    nx_blake2s_end(&h, digest);
}
