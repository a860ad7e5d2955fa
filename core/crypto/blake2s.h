/* BLAKE2s (RFC 7693): the hash of our Noise suite. libsodium has only its 64-bit sister.
 *
 * At once, or in pieces: init, any number of adds, end. */
#ifndef NX_CORE_CRYPTO_BLAKE2S_H
#define NX_CORE_CRYPTO_BLAKE2S_H

#include "core/base/bytes.h"

#define NX_BLAKE2S_LEN       32 /* the longest digest, and the one that Noise takes */
#define NX_BLAKE2S_KEY_MAX   32
#define NX_BLAKE2S_BLOCK_LEN 64

struct nx_blake2s {
    uint32_t secret_chain[8];
    uint64_t compressed_count; /* bytes that are in the chain already */
    uint8_t
        secret_block[NX_BLAKE2S_BLOCK_LEN]; /* the block being filled; the last one waits here */
    uint8_t block_len;
    uint8_t digest_len;
};

/* For a digest of 1..32 bytes, under a key of 0..32 bytes; another length is the caller's mistake.
 * No key: {NULL, 0}, the plain hash. Copies `key` into the state. */
void nx_blake2s_init(struct nx_blake2s *h, size_t digest_len, struct nx_bytes key);

void nx_blake2s_add(struct nx_blake2s *h, struct nx_bytes part);

/* Writes the digest_len of init, and wipes `h`. */
void nx_blake2s_end(struct nx_blake2s *h, uint8_t *digest);

/* The plain 32-byte hash of `message`. */
void nx_blake2s(uint8_t digest[NX_BLAKE2S_LEN], struct nx_bytes message);

#endif
