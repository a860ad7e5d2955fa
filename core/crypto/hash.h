/* Hash: the three hashes of the system behind one face, so that HMAC and HKDF are written once.
 *
 * Whoever wants one certain hash calls it by its own name (core/crypto/crypto.h, blake2s.h). */
#ifndef NX_CORE_CRYPTO_HASH_H
#define NX_CORE_CRYPTO_HASH_H

#include "core/crypto/blake2s.h"
#include "core/crypto/crypto.h"

enum nx_hash_kind {
    NX_HASH_BLAKE2S, /* 32 bytes; Noise */
    NX_HASH_SHA256,  /* 32 bytes */
    NX_HASH_SHA512,  /* 64 bytes; CPace and what is derived from it */
};

#define NX_HASH_LEN_MAX       64
#define NX_HASH_BLOCK_LEN_MAX 128

struct nx_hash {
    enum nx_hash_kind kind;
    union {
        struct nx_blake2s blake2s;
        struct nx_sha256 sha256;
        struct nx_sha512 sha512;
    } state;
};

/* Bytes of a digest. */
size_t nx_hash_len(enum nx_hash_kind kind);

/* Bytes that the hash works on at a time, which HMAC pads its key to. */
size_t nx_hash_block_len(enum nx_hash_kind kind);

void nx_hash_init(struct nx_hash *h, enum nx_hash_kind kind);
void nx_hash_add(struct nx_hash *h, struct nx_bytes part);

/* Writes nx_hash_len bytes, and wipes `h`. */
void nx_hash_end(struct nx_hash *h, uint8_t *digest);

#endif
