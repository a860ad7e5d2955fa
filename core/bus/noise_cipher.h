/* Noise cipher: one direction's key and its count (Noise revision 34, §5.1).
 *
 * Each message is sealed under a number that both sides count for themselves, from 0. The last
 * number belongs to REKEY, so 2^64 - 1 messages is all a cipher ever does; before the one that would
 * be too many it refuses. REKEY puts another key in the place of the key and leaves the count. */
#ifndef NX_CORE_BUS_NOISE_CIPHER_H
#define NX_CORE_BUS_NOISE_CIPHER_H

#include "core/crypto/crypto.h"

struct dsb_noise_cipher {
    struct nx_aead aead; /* holds the key */
    uint64_t next_number;
};

/* Copies `key`; the next number is 0. */
void dsb_noise_cipher_init(struct dsb_noise_cipher *c, const uint8_t key[NX_AEAD_KEY_LEN]);

/* Forgets the key. One that was wiped, or is zero, may be wiped again. */
void dsb_noise_cipher_wipe(struct dsb_noise_cipher *c);

/* `out` lends plain.len + NX_AEAD_TAG_LEN bytes; it is the very memory of `plain` or does not touch
 * it.
 * NX_OK: sealed under the next number; NX_E_LIMIT: there is none left, nothing was done. */
NX_MUST_CHECK enum nx_status dsb_noise_cipher_seal(struct dsb_noise_cipher *c,
                                                   struct nx_bytes associated,
                                                   struct nx_bytes plain, uint8_t *out);

/* `out` lends sealed.len - NX_AEAD_TAG_LEN bytes; it is the very memory of `sealed` or does not
 * touch it.
 * NX_OK; NX_E_LIMIT: as above; NX_E_CRYPTO: the tag does not hold (crypto.h says what becomes of
 * `out`). Only NX_OK counts. */
NX_MUST_CHECK enum nx_status dsb_noise_cipher_open(struct dsb_noise_cipher *c,
                                                   struct nx_bytes associated,
                                                   struct nx_bytes sealed, uint8_t *out);

/* REKEY (§4.2): the key becomes what the key makes of 32 zeros under the last number. */
void dsb_noise_cipher_rekey(struct dsb_noise_cipher *c);

#endif
