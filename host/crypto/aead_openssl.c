/* The start of a host's provider, and its ChaCha20-Poly1305: libsodium for what is small, OpenSSL
 * for what is large.
 *
 * libsodium has no set-up cost, OpenSSL has twice its speed; with a context that is kept they meet
 * at about 1 KiB. The context is made at the first large message, so that an idle session costs
 * nothing, and it is only ever a matter of speed: without one, libsodium seals and opens the very
 * same bytes. */
#include "core/crypto/crypto.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <string.h>

#define SMALL_MESSAGE_MAX 1024

_Static_assert(NX_AEAD_KEY_LEN == crypto_aead_chacha20poly1305_ietf_KEYBYTES, "one key");
_Static_assert(NX_AEAD_NONCE_LEN == crypto_aead_chacha20poly1305_ietf_NPUBBYTES, "one nonce");
_Static_assert(NX_AEAD_TAG_LEN == crypto_aead_chacha20poly1305_ietf_ABYTES, "one tag");

/* Looking a cipher up by name takes a lock and a search, and OpenSSL 3.0 does not survive running
 * out of memory while it starts: so this is done once, at the beginning. NULL: not to be had. */
static EVP_CIPHER *chacha;

enum nx_status nx_crypto_init(void)
{
    if (sodium_init() < 0)
        return NX_E_IO;
    if (chacha == NULL)
        chacha = EVP_CIPHER_fetch(NULL, "ChaCha20-Poly1305", NULL);
    return NX_OK; /* without it libsodium does all the work */
}

/* NULL: no cipher, or no memory. */
static EVP_CIPHER_CTX *new_context(const uint8_t key[NX_AEAD_KEY_LEN])
{
    EVP_CIPHER_CTX *context = chacha == NULL ? NULL : EVP_CIPHER_CTX_new();

    if (context == NULL || EVP_CipherInit_ex2(context, chacha, key, NULL, 1, NULL) == 1)
        return context;
    EVP_CIPHER_CTX_free(context);
    return NULL;
}

/* The context with the key in it, made when there is none yet; NULL: not to be had. */
static EVP_CIPHER_CTX *context_of(struct nx_aead *aead)
{
    if (aead->context == NULL) {
        /* A failure here is nobody's news: the queue of errors is the whole thread's. */
        (void)ERR_set_mark();
        aead->context = new_context(aead->secret_key);
        (void)ERR_pop_to_mark();
    }
    return aead->context;
}

/* OpenSSL ready for `text_len` bytes under this nonce, the associated data already taken in; NULL:
 * let libsodium do it. Nothing after this step allocates. */
static EVP_CIPHER_CTX *begin(struct nx_aead *aead, const uint8_t nonce[NX_AEAD_NONCE_LEN],
                             struct nx_bytes associated, size_t text_len, int is_seal)
{
    if (text_len <= SMALL_MESSAGE_MAX || text_len > INT_MAX || associated.len > INT_MAX)
        return NULL;

    EVP_CIPHER_CTX *context = context_of(aead);
    if (context == NULL)
        return NULL;
    if (EVP_CipherInit_ex2(context, NULL, NULL, nonce, is_seal, NULL) != 1)
        return NULL;

    int taken_len;
    if (associated.len > 0 &&
        EVP_CipherUpdate(context, NULL, &taken_len, associated.ptr, (int)associated.len) != 1)
        return NULL;
    return context;
}

void nx_crypto_aead_init(struct nx_aead *aead, const uint8_t key[NX_AEAD_KEY_LEN])
{
    memcpy(aead->secret_key, key, sizeof(aead->secret_key));
    aead->context = NULL;
}

void nx_crypto_aead_wipe(struct nx_aead *aead)
{
    EVP_CIPHER_CTX_free(aead->context); /* cleanses its copy of the key; NULL is fine */
    nx_crypto_wipe(aead, sizeof(*aead));
}

void nx_crypto_aead_seal(struct nx_aead *aead, const uint8_t nonce[NX_AEAD_NONCE_LEN],
                         struct nx_bytes associated, struct nx_bytes plain, uint8_t *out)
{
    EVP_CIPHER_CTX *context = begin(aead, nonce, associated, plain.len, 1);
    uint8_t *tag = out + plain.len;
    int len;

    if (context == NULL) {
        (void)crypto_aead_chacha20poly1305_ietf_encrypt_detached(
            out, tag, NULL, plain.ptr, plain.len, associated.ptr, associated.len, NULL, nonce,
            aead->secret_key);
        return;
    }

    /* From here on the plaintext may be overwritten: there is no way back to libsodium, and a
     * stream cipher that was begun has no way to fail. */
    NX_CHECK(EVP_EncryptUpdate(context, out, &len, plain.ptr, (int)plain.len) == 1);
    NX_CHECK(EVP_EncryptFinal_ex(context, tag, &len) == 1);
    NX_CHECK(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, NX_AEAD_TAG_LEN, tag) == 1);
}

/* OpenSSL decrypts before it knows the tag: what it wrote is taken back when the tag is wrong. */
static enum nx_status open_large(EVP_CIPHER_CTX *context, struct nx_bytes text,
                                 const uint8_t tag[NX_AEAD_TAG_LEN], uint8_t *out)
{
    uint8_t wanted[NX_AEAD_TAG_LEN];
    int len;

    memcpy(wanted, tag, sizeof(wanted)); /* the call below takes no const */
    if (EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, sizeof(wanted), wanted) == 1 &&
        EVP_DecryptUpdate(context, out, &len, text.ptr, (int)text.len) == 1 &&
        EVP_DecryptFinal_ex(context, out + text.len, &len) == 1)
        return NX_OK;

    nx_crypto_wipe(out, text.len);
    return NX_E_CRYPTO;
}

enum nx_status nx_crypto_aead_open(struct nx_aead *aead, const uint8_t nonce[NX_AEAD_NONCE_LEN],
                                   struct nx_bytes associated, struct nx_bytes sealed, uint8_t *out)
{
    if (sealed.len < NX_AEAD_TAG_LEN)
        return NX_E_CRYPTO;

    struct nx_bytes text = nx_bytes_of(sealed.ptr, sealed.len - NX_AEAD_TAG_LEN);
    const uint8_t *tag = sealed.ptr + text.len;
    EVP_CIPHER_CTX *context = begin(aead, nonce, associated, text.len, 0);

    if (context != NULL)
        return open_large(context, text, tag, out);
    if (crypto_aead_chacha20poly1305_ietf_decrypt_detached(out, NULL, text.ptr, text.len, tag,
                                                           associated.ptr, associated.len, nonce,
                                                           aead->secret_key) == 0)
        return NX_OK;
    if (text.len > 0)
        nx_crypto_wipe(out, text.len);
    return NX_E_CRYPTO;
}
