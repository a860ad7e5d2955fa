/* Crypto: the narrow interface between core and whichever library does the work.
 *
 * The primitives below are linked in, not called through a table: host/crypto/ on a host,
 * os/crypto/ on the board. What no library at hand gives to both (BLAKE2s, HMAC, HKDF) is in this room.
 *
 * Every function is total: any bytes give an answer, secrets are compared and used in constant
 * time, and nothing is kept between calls except where a struct says so. */
#ifndef NX_CORE_CRYPTO_CRYPTO_H
#define NX_CORE_CRYPTO_CRYPTO_H

#include "core/base/bytes.h"
#include "core/base/status.h"

/* Once per process, before anything else here.
 * NX_OK; NX_E_IO: the library below refused to start. */
NX_MUST_CHECK enum nx_status nx_crypto_init(void);

/* ---- X25519 (RFC 7748) --------------------------------------------------------------------- */

#define NX_X25519_LEN 32

/* The public key of `secret` (any 32 bytes; clamped inside). */
void nx_crypto_x25519_public(uint8_t public_key[NX_X25519_LEN],
                             const uint8_t secret[NX_X25519_LEN]);

/* NX_OK; NX_E_CRYPTO: the shared value would be all zero (a point of small order); `shared` is. */
NX_MUST_CHECK enum nx_status nx_crypto_x25519(uint8_t shared[NX_X25519_LEN],
                                              const uint8_t secret[NX_X25519_LEN],
                                              const uint8_t public_key[NX_X25519_LEN]);

/* ---- Ed25519 (RFC 8032) -------------------------------------------------------------------- */

#define NX_ED25519_SEED_LEN      32
#define NX_ED25519_PUBLIC_LEN    32
#define NX_ED25519_SIGNATURE_LEN 64

/* The public key of `seed` (any 32 bytes: the private key of RFC 8032). */
void nx_crypto_ed25519_public(uint8_t public_key[NX_ED25519_PUBLIC_LEN],
                              const uint8_t seed[NX_ED25519_SEED_LEN]);

/* Deterministic: the same message and seed give the same signature. */
void nx_crypto_ed25519_sign(uint8_t signature[NX_ED25519_SIGNATURE_LEN], struct nx_bytes message,
                            const uint8_t seed[NX_ED25519_SEED_LEN]);

/* Strict: small-order and non-canonical keys, and a signature with s >= L, do not hold.
 * NX_OK; NX_E_CRYPTO. */
NX_MUST_CHECK enum nx_status nx_crypto_ed25519_verify(
    const uint8_t signature[NX_ED25519_SIGNATURE_LEN], struct nx_bytes message,
    const uint8_t public_key[NX_ED25519_PUBLIC_LEN]);

/* ---- ChaCha20-Poly1305 (RFC 8439) ---------------------------------------------------------- */

#define NX_AEAD_KEY_LEN   32
#define NX_AEAD_NONCE_LEN 12
#define NX_AEAD_TAG_LEN   16

/* A key and what the provider keeps beside it to be fast: nothing until the first large message.
 * An owner embeds it, inits it, and wipes it on each way out. */
struct nx_aead {
    uint8_t secret_key[NX_AEAD_KEY_LEN];
    void *context; /* the provider's, or NULL */
};

/* Copies `key`. */
void nx_crypto_aead_init(struct nx_aead *aead, const uint8_t key[NX_AEAD_KEY_LEN]);

/* Wipes the key and gives back what the provider kept. An aead wiped twice, or zeroed, is fine. */
void nx_crypto_aead_wipe(struct nx_aead *aead);

/* `out` lends plain.len + NX_AEAD_TAG_LEN bytes: the ciphertext, then the tag. It is the very
 * memory of `plain` or does not touch it. Out of memory inside the provider only makes it slower,
 * never wrong. A nonce seals once under a key; counting is the caller's. */
void nx_crypto_aead_seal(struct nx_aead *aead, const uint8_t nonce[NX_AEAD_NONCE_LEN],
                         struct nx_bytes associated, struct nx_bytes plain, uint8_t *out);

/* `out` lends sealed.len - NX_AEAD_TAG_LEN bytes; it is the very memory of `sealed` or does not
 * touch it.
 * NX_OK; NX_E_CRYPTO: too short, and `out` is untouched; or the tag does not hold: no plaintext is
 * released, those bytes of `out` are zeroed (in place, the ciphertext is gone). */
NX_MUST_CHECK enum nx_status nx_crypto_aead_open(struct nx_aead *aead,
                                                 const uint8_t nonce[NX_AEAD_NONCE_LEN],
                                                 struct nx_bytes associated, struct nx_bytes sealed,
                                                 uint8_t *out);

/* ---- hashes -------------------------------------------------------------------------------- */

#define NX_SHA256_LEN 32
#define NX_SHA512_LEN 64

void nx_crypto_sha256(uint8_t digest[NX_SHA256_LEN], struct nx_bytes message);
void nx_crypto_sha512(uint8_t digest[NX_SHA512_LEN], struct nx_bytes message);

/* A hash under way, for what comes in pieces. The provider asserts that its own state fits. */
struct nx_sha256 {
    uint64_t opaque[16];
};
struct nx_sha512 {
    uint64_t opaque[28];
};

void nx_crypto_sha256_init(struct nx_sha256 *h);
void nx_crypto_sha256_add(struct nx_sha256 *h, struct nx_bytes part);
void nx_crypto_sha256_end(struct nx_sha256 *h, uint8_t digest[NX_SHA256_LEN]); /* wipes h */
void nx_crypto_sha512_init(struct nx_sha512 *h);
void nx_crypto_sha512_add(struct nx_sha512 *h, struct nx_bytes part);
void nx_crypto_sha512_end(struct nx_sha512 *h, uint8_t digest[NX_SHA512_LEN]); /* wipes h */

/* ---- ristretto255 (RFC 9496) --------------------------------------------------------------- */

#define NX_RISTRETTO_LEN      32
#define NX_RISTRETTO_HASH_LEN 64

/* The element that 64 uniform bytes map to (RFC 9496 §4.3.4). */
void nx_crypto_ristretto_from_hash(uint8_t element[NX_RISTRETTO_LEN],
                                   const uint8_t hash[NX_RISTRETTO_HASH_LEN]);

/* A scalar below the group order from 64 uniform bytes. */
void nx_crypto_ristretto_scalar(uint8_t scalar[NX_RISTRETTO_LEN],
                                const uint8_t uniform[NX_RISTRETTO_HASH_LEN]);

/* `scalar` is below the group order, as nx_crypto_ristretto_scalar makes it; the highest bit of its
 * last byte is not looked at. `product` may be the memory of `element`.
 * NX_OK; NX_E_CRYPTO: `element` is no canonical encoding, or the product is the neutral element:
 * `product` is zeroed. */
NX_MUST_CHECK enum nx_status nx_crypto_ristretto_multiply(uint8_t product[NX_RISTRETTO_LEN],
                                                          const uint8_t scalar[NX_RISTRETTO_LEN],
                                                          const uint8_t element[NX_RISTRETTO_LEN]);

/* ---- secrets ------------------------------------------------------------------------------- */

/* Equal, in time that depends on `len` alone. */
bool nx_crypto_equal(const void *a, const void *b, size_t len);

/* Zeroes memory in a way no compiler leaves out. */
void nx_crypto_wipe(void *memory, size_t len);

#endif
