/* The start of the board's provider, and its ChaCha20-Poly1305: libsodium for every length. */
#include "core/base/memory.h"
#include "core/crypto/crypto.h"

#include <sodium.h>

_Static_assert(NX_AEAD_KEY_LEN == crypto_aead_chacha20poly1305_ietf_KEYBYTES, "one key");
_Static_assert(NX_AEAD_NONCE_LEN == crypto_aead_chacha20poly1305_ietf_NPUBBYTES, "one nonce");
_Static_assert(NX_AEAD_TAG_LEN == crypto_aead_chacha20poly1305_ietf_ABYTES, "one tag");

enum nx_status nx_crypto_init(void)
{
    return NX_OK; /* the portable code is the only one here: there is nothing to choose */
}

void nx_crypto_aead_init(struct nx_aead *aead, const uint8_t key[NX_AEAD_KEY_LEN])
{
    memcpy(aead->secret_key, key, sizeof(aead->secret_key));
    aead->context = NULL;
}

void nx_crypto_aead_wipe(struct nx_aead *aead)
{
    nx_crypto_wipe(aead, sizeof(*aead));
}

void nx_crypto_aead_seal(struct nx_aead *aead, const uint8_t nonce[NX_AEAD_NONCE_LEN],
                         struct nx_bytes associated, struct nx_bytes plain, uint8_t *out)
{
    (void)crypto_aead_chacha20poly1305_ietf_encrypt_detached(
        out, out + plain.len, NULL, plain.ptr, plain.len, associated.ptr, associated.len, NULL,
        nonce, aead->secret_key);
}

enum nx_status nx_crypto_aead_open(struct nx_aead *aead, const uint8_t nonce[NX_AEAD_NONCE_LEN],
                                   struct nx_bytes associated, struct nx_bytes sealed, uint8_t *out)
{
    if (sealed.len < NX_AEAD_TAG_LEN)
        return NX_E_CRYPTO;

    struct nx_bytes text = nx_bytes_of(sealed.ptr, sealed.len - NX_AEAD_TAG_LEN);
    if (crypto_aead_chacha20poly1305_ietf_decrypt_detached(
            out, NULL, text.ptr, text.len, sealed.ptr + text.len, associated.ptr, associated.len,
            nonce, aead->secret_key) == 0)
        return NX_OK;
    nx_crypto_wipe(out, text.len);
    return NX_E_CRYPTO;
}
