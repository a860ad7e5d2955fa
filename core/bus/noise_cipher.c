#include "core/bus/noise_cipher.h"

/* Never used by a message. */
#define NUMBER_OF_REKEY UINT64_MAX

void dsb_noise_cipher_init(struct dsb_noise_cipher *c, const uint8_t key[NX_AEAD_KEY_LEN])
{
    nx_crypto_aead_init(&c->aead, key);
    c->next_number = 0;
}

void dsb_noise_cipher_wipe(struct dsb_noise_cipher *c)
{
    nx_crypto_aead_wipe(&c->aead);
    c->next_number = 0;
}

/* Four zeros, then the number, little endian (§12.3). */
static void write_nonce(uint8_t nonce[NX_AEAD_NONCE_LEN], uint64_t number)
{
    struct nx_writer w = nx_writer_over(nonce, NX_AEAD_NONCE_LEN);

    nx_write_u32le(&w, 0);
    nx_write_u64le(&w, number);
}

enum nx_status dsb_noise_cipher_seal(struct dsb_noise_cipher *c, struct nx_bytes associated,
                                     struct nx_bytes plain, uint8_t *out)
{
    uint8_t nonce[NX_AEAD_NONCE_LEN];

    if (c->next_number == NUMBER_OF_REKEY)
        return NX_E_LIMIT;

    write_nonce(nonce, c->next_number);
    nx_crypto_aead_seal(&c->aead, nonce, associated, plain, out);
    c->next_number++;
    return NX_OK;
}

enum nx_status dsb_noise_cipher_open(struct dsb_noise_cipher *c, struct nx_bytes associated,
                                     struct nx_bytes sealed, uint8_t *out)
{
    uint8_t nonce[NX_AEAD_NONCE_LEN];

    if (c->next_number == NUMBER_OF_REKEY)
        return NX_E_LIMIT;

    write_nonce(nonce, c->next_number);
    enum nx_status status = nx_crypto_aead_open(&c->aead, nonce, associated, sealed, out);
    if (status == NX_OK)
        c->next_number++;
    return status;
}

void dsb_noise_cipher_rekey(struct dsb_noise_cipher *c)
{
    static const uint8_t zeros[NX_AEAD_KEY_LEN];
    uint8_t nonce[NX_AEAD_NONCE_LEN];
    uint8_t secret_key[NX_AEAD_KEY_LEN + NX_AEAD_TAG_LEN]; /* the tag is left off */

    write_nonce(nonce, NUMBER_OF_REKEY);
    nx_crypto_aead_seal(&c->aead, nonce, nx_bytes_of(NULL, 0), nx_bytes_of(zeros, sizeof(zeros)),
                        secret_key);
    nx_crypto_aead_wipe(&c->aead);
    nx_crypto_aead_init(&c->aead, secret_key);
    nx_crypto_wipe(secret_key, sizeof(secret_key));
}
