#include "core/crypto/cpace.h"

#include "core/base/memory.h"

/* G.DSI and G.DSI || "_ISK" (draft-irtf-cfrg-cpace, section on ristretto255). */
#define DSI     "CPaceRistretto255"
#define DSI_ISK "CPaceRistretto255_ISK"

/* H.s_in_bytes of SHA-512: the block that the code and its padding fill, so that how long hashing
 * takes says nothing about the rest of the string. */
#define HASH_BLOCK_LEN 128

/* LEB128 of a size_t takes at most ten bytes: 64 bits, seven a byte. */
#define LENGTH_MAX 10

static size_t encode_length(uint8_t out[LENGTH_MAX], size_t len)
{
    size_t count = 0;

    while (len >= 0x80) {
        out[count++] = (uint8_t)(len | 0x80);
        len >>= 7;
    }
    out[count++] = (uint8_t)len;
    return count;
}

void nx_cpace_write_lv(struct nx_writer *w, struct nx_bytes part)
{
    uint8_t length[LENGTH_MAX];

    nx_write_bytes(w, nx_bytes_of(length, encode_length(length, part.len)));
    nx_write_bytes(w, part);
}

void nx_cpace_write_transcript(struct nx_writer *w, const struct nx_cpace_transcript *t)
{
    nx_cpace_write_lv(w, t->share_a);
    nx_cpace_write_lv(w, t->associated_a);
    nx_cpace_write_lv(w, t->share_b);
    nx_cpace_write_lv(w, t->associated_b);
}

/* The same lv_cat, into a hash; answers how many bytes went in. */
static size_t hash_lv(struct nx_sha512 *h, struct nx_bytes part)
{
    uint8_t length[LENGTH_MAX];
    size_t count = encode_length(length, part.len);

    nx_crypto_sha512_add(h, nx_bytes_of(length, count));
    nx_crypto_sha512_add(h, part);
    return count + part.len;
}

void nx_cpace_generator(uint8_t secret_generator[NX_RISTRETTO_LEN], struct nx_bytes prs,
                        struct nx_bytes ci, struct nx_bytes sid)
{
    static const uint8_t zeros[HASH_BLOCK_LEN];
    uint8_t secret_hash[NX_RISTRETTO_HASH_LEN];
    struct nx_sha512 h;

    /* generator_string: lv_cat(DSI, PRS, zero_bytes(len_zpad), CI, sid), where the one byte beside
     * the two parts is the length before the zeros. */
    nx_crypto_sha512_init(&h);
    size_t filled = 1;
    filled += hash_lv(&h, nx_bytes_of_text(DSI));
    filled += hash_lv(&h, prs);
    (void)hash_lv(&h, nx_bytes_of(zeros, filled < HASH_BLOCK_LEN ? HASH_BLOCK_LEN - filled : 0));
    (void)hash_lv(&h, ci);
    (void)hash_lv(&h, sid);
    nx_crypto_sha512_end(&h, secret_hash);

    nx_crypto_ristretto_from_hash(secret_generator, secret_hash);
    nx_crypto_wipe(secret_hash, sizeof(secret_hash));
}

enum nx_status nx_cpace_sample_scalar(const struct nx_rng *rng,
                                      uint8_t secret_scalar[NX_CPACE_SCALAR_LEN])
{
    uint8_t secret_uniform[NX_RISTRETTO_HASH_LEN];
    enum nx_status status = nx_rng_fill(rng, secret_uniform, sizeof(secret_uniform));

    if (status == NX_OK)
        nx_crypto_ristretto_scalar(secret_scalar, secret_uniform);
    else
        memset(secret_scalar, 0, NX_CPACE_SCALAR_LEN);
    nx_crypto_wipe(secret_uniform, sizeof(secret_uniform));
    return status;
}

enum nx_status nx_cpace_share(uint8_t share[NX_CPACE_SHARE_LEN],
                              const uint8_t secret_scalar[NX_CPACE_SCALAR_LEN],
                              const uint8_t secret_generator[NX_RISTRETTO_LEN])
{
    return nx_crypto_ristretto_multiply(share, secret_scalar, secret_generator);
}

enum nx_status nx_cpace_shared(uint8_t secret_k[NX_RISTRETTO_LEN],
                               const uint8_t secret_scalar[NX_CPACE_SCALAR_LEN],
                               const uint8_t own_share[NX_CPACE_SHARE_LEN],
                               const uint8_t their_share[NX_CPACE_SHARE_LEN])
{
    if (nx_crypto_equal(own_share, their_share, NX_CPACE_SHARE_LEN)) {
        memset(secret_k, 0, NX_RISTRETTO_LEN);
        return NX_E_CRYPTO;
    }
    return nx_crypto_ristretto_multiply(secret_k, secret_scalar, their_share);
}

void nx_cpace_isk(uint8_t secret_isk[NX_CPACE_ISK_LEN], struct nx_bytes sid,
                  const uint8_t secret_k[NX_RISTRETTO_LEN], const struct nx_cpace_transcript *t)
{
    struct nx_sha512 h;

    nx_crypto_sha512_init(&h);
    (void)hash_lv(&h, nx_bytes_of_text(DSI_ISK));
    (void)hash_lv(&h, sid);
    (void)hash_lv(&h, nx_bytes_of(secret_k, NX_RISTRETTO_LEN));
    (void)hash_lv(&h, t->share_a);
    (void)hash_lv(&h, t->associated_a);
    (void)hash_lv(&h, t->share_b);
    (void)hash_lv(&h, t->associated_b);
    nx_crypto_sha512_end(&h, secret_isk);
}
