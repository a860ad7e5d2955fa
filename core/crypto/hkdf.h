/* HKDF (RFC 5869): keys out of a secret that is not uniform yet.
 *
 *     extract(salt, secret) -> key  ;  expand(key, info, len) -> as many bytes as are needed
 *
 * The HKDF of Noise (revision 34, §4.3) is the same thing over BLAKE2s, with the chaining key for a
 * salt and nothing for `info`. */
#ifndef NX_CORE_CRYPTO_HKDF_H
#define NX_CORE_CRYPTO_HKDF_H

#include "core/base/status.h"
#include "core/crypto/hmac.h"

/* Blocks that one key may be expanded to (RFC 5869 §2.3): 255 * 32 = 8,160 bytes over SHA-256,
 * 255 * 64 = 16,320 over SHA-512. */
#define NX_HKDF_BLOCKS_MAX 255

/* Writes nx_hash_len(kind) bytes; `key` may be the memory of `salt` or of `secret`. No salt:
 * {NULL, 0}. */
void nx_hkdf_extract(uint8_t *key, enum nx_hash_kind kind, struct nx_bytes salt,
                     struct nx_bytes secret);

/* `len` bytes into `out`, which does not touch `key` or `info`. `key` is what extract made, or as
 * good: uniform, and nx_hash_len(kind) bytes of it.
 * NX_OK; NX_E_LIMIT: `len` is over NX_HKDF_BLOCKS_MAX * nx_hash_len(kind); `out` is untouched. */
NX_MUST_CHECK enum nx_status nx_hkdf_expand(uint8_t *out, size_t len, enum nx_hash_kind kind,
                                            struct nx_bytes key, struct nx_bytes info);

/* HKDF(chaining_key, input, 2) of Noise. `first` may be the memory of `chaining_key`, as in
 * MixKey; `second` may not be that of `first`. */
void nx_hkdf_noise2(uint8_t first[NX_BLAKE2S_LEN], uint8_t second[NX_BLAKE2S_LEN],
                    const uint8_t chaining_key[NX_BLAKE2S_LEN], struct nx_bytes input);

/* HKDF(chaining_key, input, 3) of Noise, likewise. */
void nx_hkdf_noise3(uint8_t first[NX_BLAKE2S_LEN], uint8_t second[NX_BLAKE2S_LEN],
                    uint8_t third[NX_BLAKE2S_LEN], const uint8_t chaining_key[NX_BLAKE2S_LEN],
                    struct nx_bytes input);

#endif
