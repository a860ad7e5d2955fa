/* Curves, signatures, hashes and ristretto255 by libsodium. A host and the board link this very
 * file; what each brings of its own is the start and the AEAD. */
#include "core/crypto/crypto.h"

#include <sodium.h>

_Static_assert(NX_X25519_LEN == crypto_scalarmult_BYTES, "one X25519 on both sides");
_Static_assert(NX_ED25519_SEED_LEN == crypto_sign_SEEDBYTES, "one Ed25519 on both sides");
_Static_assert(NX_ED25519_PUBLIC_LEN == crypto_sign_PUBLICKEYBYTES, "one Ed25519 on both sides");
_Static_assert(NX_ED25519_SIGNATURE_LEN == crypto_sign_BYTES, "one Ed25519 on both sides");
_Static_assert(NX_RISTRETTO_LEN == crypto_core_ristretto255_BYTES, "one group on both sides");
_Static_assert(sizeof(struct nx_sha256) >= sizeof(crypto_hash_sha256_state), "the state fits");
_Static_assert(sizeof(struct nx_sha512) >= sizeof(crypto_hash_sha512_state), "the state fits");
_Static_assert(_Alignof(struct nx_sha256) >= _Alignof(crypto_hash_sha256_state), "and is aligned");
_Static_assert(_Alignof(struct nx_sha512) >= _Alignof(crypto_hash_sha512_state), "and is aligned");

/* ---- X25519 -------------------------------------------------------------------------------- */

void nx_crypto_x25519_public(uint8_t public_key[NX_X25519_LEN], const uint8_t secret[NX_X25519_LEN])
{
    /* A clamped secret times the base point is never zero, so there is no failure to report. */
    (void)crypto_scalarmult_base(public_key, secret);
}

enum nx_status nx_crypto_x25519(uint8_t shared[NX_X25519_LEN], const uint8_t secret[NX_X25519_LEN],
                                const uint8_t public_key[NX_X25519_LEN])
{
    if (crypto_scalarmult(shared, secret, public_key) != 0) {
        nx_crypto_wipe(shared, NX_X25519_LEN);
        return NX_E_CRYPTO;
    }
    return NX_OK;
}

/* ---- Ed25519 ------------------------------------------------------------------------------- */

void nx_crypto_ed25519_public(uint8_t public_key[NX_ED25519_PUBLIC_LEN],
                              const uint8_t seed[NX_ED25519_SEED_LEN])
{
    uint8_t secret_key[crypto_sign_SECRETKEYBYTES];

    (void)crypto_sign_seed_keypair(public_key, secret_key, seed);
    nx_crypto_wipe(secret_key, sizeof(secret_key));
}

void nx_crypto_ed25519_sign(uint8_t signature[NX_ED25519_SIGNATURE_LEN], struct nx_bytes message,
                            const uint8_t seed[NX_ED25519_SEED_LEN])
{
    uint8_t public_key[NX_ED25519_PUBLIC_LEN];
    uint8_t secret_key[crypto_sign_SECRETKEYBYTES];

    (void)crypto_sign_seed_keypair(public_key, secret_key, seed);
    (void)crypto_sign_detached(signature, NULL, message.ptr, message.len, secret_key);
    nx_crypto_wipe(secret_key, sizeof(secret_key));
}

enum nx_status nx_crypto_ed25519_verify(const uint8_t signature[NX_ED25519_SIGNATURE_LEN],
                                        struct nx_bytes message,
                                        const uint8_t public_key[NX_ED25519_PUBLIC_LEN])
{
    /* libsodium itself refuses s >= L, keys that are not canonical, and a key or an R of small
     * order; ed25519_test.c holds it to that. */
    if (crypto_sign_verify_detached(signature, message.ptr, message.len, public_key) != 0)
        return NX_E_CRYPTO;
    return NX_OK;
}

/* ---- hashes -------------------------------------------------------------------------------- */

/* Only libsodium looks at what is inside, so the memory needs the state's size and alignment and
 * not its type. */
static crypto_hash_sha256_state *sha256_state(struct nx_sha256 *h)
{
    return (void *)h->opaque;
}

static crypto_hash_sha512_state *sha512_state(struct nx_sha512 *h)
{
    return (void *)h->opaque;
}

void nx_crypto_sha256(uint8_t digest[NX_SHA256_LEN], struct nx_bytes message)
{
    (void)crypto_hash_sha256(digest, message.ptr, message.len);
}

void nx_crypto_sha512(uint8_t digest[NX_SHA512_LEN], struct nx_bytes message)
{
    (void)crypto_hash_sha512(digest, message.ptr, message.len);
}

void nx_crypto_sha256_init(struct nx_sha256 *h)
{
    (void)crypto_hash_sha256_init(sha256_state(h));
}

void nx_crypto_sha256_add(struct nx_sha256 *h, struct nx_bytes part)
{
    if (part.len > 0)
        (void)crypto_hash_sha256_update(sha256_state(h), part.ptr, part.len);
}

void nx_crypto_sha256_end(struct nx_sha256 *h, uint8_t digest[NX_SHA256_LEN])
{
    (void)crypto_hash_sha256_final(sha256_state(h), digest);
    nx_crypto_wipe(h, sizeof(*h));
}

void nx_crypto_sha512_init(struct nx_sha512 *h)
{
    (void)crypto_hash_sha512_init(sha512_state(h));
}

void nx_crypto_sha512_add(struct nx_sha512 *h, struct nx_bytes part)
{
    if (part.len > 0)
        (void)crypto_hash_sha512_update(sha512_state(h), part.ptr, part.len);
}

void nx_crypto_sha512_end(struct nx_sha512 *h, uint8_t digest[NX_SHA512_LEN])
{
    (void)crypto_hash_sha512_final(sha512_state(h), digest);
    nx_crypto_wipe(h, sizeof(*h));
}

/* ---- ristretto255 -------------------------------------------------------------------------- */

void nx_crypto_ristretto_from_hash(uint8_t element[NX_RISTRETTO_LEN],
                                   const uint8_t hash[NX_RISTRETTO_HASH_LEN])
{
    (void)crypto_core_ristretto255_from_hash(element, hash);
}

void nx_crypto_ristretto_scalar(uint8_t scalar[NX_RISTRETTO_LEN],
                                const uint8_t uniform[NX_RISTRETTO_HASH_LEN])
{
    crypto_core_ristretto255_scalar_reduce(scalar, uniform);
}

enum nx_status nx_crypto_ristretto_multiply(uint8_t product[NX_RISTRETTO_LEN],
                                            const uint8_t scalar[NX_RISTRETTO_LEN],
                                            const uint8_t element[NX_RISTRETTO_LEN])
{
    /* libsodium before 1.0.19 reads past bit 255 of an encoding; RFC 9496 §4.3.1 has it refused. */
    bool is_canonical = (element[NX_RISTRETTO_LEN - 1] & 0x80) == 0;

    if (!is_canonical || crypto_scalarmult_ristretto255(product, scalar, element) != 0) {
        nx_crypto_wipe(product, NX_RISTRETTO_LEN);
        return NX_E_CRYPTO;
    }
    return NX_OK;
}

/* ---- secrets ------------------------------------------------------------------------------- */

bool nx_crypto_equal(const void *a, const void *b, size_t len)
{
    return sodium_memcmp(a, b, len) == 0;
}

void nx_crypto_wipe(void *memory, size_t len)
{
    sodium_memzero(memory, len);
}
