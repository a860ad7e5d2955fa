#include "core/crypto/hash.h"

size_t nx_hash_len(enum nx_hash_kind kind)
{
    switch (kind) {
    case NX_HASH_BLAKE2S:
        return NX_BLAKE2S_LEN;
    case NX_HASH_SHA256:
        return NX_SHA256_LEN;
    case NX_HASH_SHA512:
        return NX_SHA512_LEN;
    }
    __builtin_trap();
}

size_t nx_hash_block_len(enum nx_hash_kind kind)
{
    switch (kind) {
    case NX_HASH_BLAKE2S:
        return NX_BLAKE2S_BLOCK_LEN;
    case NX_HASH_SHA256:
        return 64;
    case NX_HASH_SHA512:
        return 128;
    }
    __builtin_trap();
}

void nx_hash_init(struct nx_hash *h, enum nx_hash_kind kind)
{
    h->kind = kind;
    switch (kind) {
    case NX_HASH_BLAKE2S:
        nx_blake2s_init(&h->state.blake2s, NX_BLAKE2S_LEN, nx_bytes_of(NULL, 0));
        break;
    case NX_HASH_SHA256:
        nx_crypto_sha256_init(&h->state.sha256);
        break;
    case NX_HASH_SHA512:
        nx_crypto_sha512_init(&h->state.sha512);
        break;
    }
}

void nx_hash_add(struct nx_hash *h, struct nx_bytes part)
{
    switch (h->kind) {
    case NX_HASH_BLAKE2S:
        nx_blake2s_add(&h->state.blake2s, part);
        break;
    case NX_HASH_SHA256:
        nx_crypto_sha256_add(&h->state.sha256, part);
        break;
    case NX_HASH_SHA512:
        nx_crypto_sha512_add(&h->state.sha512, part);
        break;
    }
}

void nx_hash_end(struct nx_hash *h, uint8_t *digest)
{
    switch (h->kind) {
    case NX_HASH_BLAKE2S:
        nx_blake2s_end(&h->state.blake2s, digest);
        break;
    case NX_HASH_SHA256:
        nx_crypto_sha256_end(&h->state.sha256, digest);
        break;
    case NX_HASH_SHA512:
        nx_crypto_sha512_end(&h->state.sha512, digest);
        break;
    }
    nx_crypto_wipe(h, sizeof(*h));
}
