/* Identity: the keys of a device, all from one seed (docs/contracts/wire.md §1).
 *
 *     seed, 32 random bytes ----> Ed25519 key --- SHA-256 ---> device id: 32 bytes, 64 hex digits
 *         |
 *         `--- SHA-256, clamp --> Noise static secret -------> Noise static key
 *
 * The id names the device everywhere; the Ed25519 key vouches for the Noise static key, and that one
 * is what a session is made with. The seed is what is stored. */
#ifndef NX_CORE_BUS_IDENTITY_H
#define NX_CORE_BUS_IDENTITY_H

#include "core/base/limits.h"
#include "core/base/rng.h"
#include "core/crypto/crypto.h"

struct dsb_identity {
    uint8_t secret_seed[NX_ED25519_SEED_LEN];
    uint8_t secret_noise[NX_X25519_LEN]; /* clamped */
    uint8_t ed25519[NX_ED25519_PUBLIC_LEN];
    uint8_t noise_static[NX_X25519_LEN];
    uint8_t id[DSB_ID_LEN];
    char id_text[DSB_ID_TEXT_MAX + 1];
};

/* The device id of an Ed25519 key. */
void dsb_identity_id_of(const uint8_t ed25519[NX_ED25519_PUBLIC_LEN], uint8_t id[DSB_ID_LEN]);

/* Everything that follows from `seed`, which it copies. */
void dsb_identity_init(struct dsb_identity *identity, const uint8_t seed[NX_ED25519_SEED_LEN]);

/* A new device. NX_OK; or what nx_rng_fill answers: `identity` is wiped. */
NX_MUST_CHECK enum nx_status dsb_identity_create(struct dsb_identity *identity,
                                                 const struct nx_rng *rng);

/* Forgets everything. May be done twice. */
void dsb_identity_wipe(struct dsb_identity *identity);

/* Append the stored form, {"signing_key":"<64 hex digits>"}, which holds the seed: its memory is a
 * secret. NX_OK; NX_E_LIMIT: `out` has less room than DSB_IDENTITY_FILE_LEN, and is unchanged. */
NX_MUST_CHECK enum nx_status dsb_identity_encode(const struct dsb_identity *identity,
                                                 struct nx_writer *out);

/* The identity that a stored form holds: one object, one member, hex digits in lower case; white
 * space around them may be as it likes.
 * NX_OK; NX_E_MALFORMED, NX_E_LIMIT: it is none, `identity` is untouched, and `why` (which may be
 * NULL) has a sentence that tells nothing of the seed. */
NX_MUST_CHECK enum nx_status dsb_identity_decode(struct nx_bytes text,
                                                 struct dsb_identity *identity, struct nx_why *why);

#endif
