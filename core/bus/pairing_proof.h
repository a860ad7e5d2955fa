/* Pairing proof: CPace with the inputs that pairing gives it, and the two confirmations.
 *
 * Everything that both sides have to agree on goes into it: the digits, the channel they are typed
 * over (`h`), who is typist and who is owner, their ids and their keys. Whatever differs, the
 * confirmations differ, and nobody learns which it was (docs/contracts/pairing.md). */
#ifndef NX_CORE_BUS_PAIRING_PROOF_H
#define NX_CORE_BUS_PAIRING_PROOF_H

#include "core/base/limits.h"
#include "core/base/rng.h"
#include "core/crypto/cpace.h"

#define DSB_PAIRING_CHANNEL_LEN 32
#define DSB_PAIRING_CONFIRM_LEN 32

/* A device as pairing pins it. */
struct dsb_pairing_device {
    uint8_t id[DSB_ID_LEN];
    uint8_t ed25519[NX_ED25519_PUBLIC_LEN];
    uint8_t noise_static[NX_X25519_LEN];
};

/* What a run is bound to, all of it from the authenticated session and never from a message. */
struct dsb_pairing_binding {
    uint8_t channel[DSB_PAIRING_CHANNEL_LEN]; /* h */
    struct dsb_pairing_device typist;
    struct dsb_pairing_device owner;
};

/* One side's own half of a run. */
struct dsb_pairing_half {
    uint8_t secret_scalar[NX_CPACE_SCALAR_LEN];
    uint8_t share[NX_CPACE_SHARE_LEN];
};

/* What each side has to show. */
struct dsb_pairing_confirms {
    uint8_t secret_typist[DSB_PAIRING_CONFIRM_LEN]; /* confA */
    uint8_t secret_owner[DSB_PAIRING_CONFIRM_LEN];  /* confB */
};

/* Draw our half for these digits.
 * NX_OK, or what nx_rng_fill answers; NX_E_CRYPTO: the draw was no scalar. `half` is then wiped. */
NX_MUST_CHECK enum nx_status dsb_pairing_prove(const struct dsb_pairing_binding *binding,
                                               const uint8_t secret_code[DSB_PAIRING_CODE_LEN],
                                               const struct nx_rng *rng,
                                               struct dsb_pairing_half *half);

/* Both confirmations, out of our half and the other side's share. `is_typist` says which half is
 * ours.
 * NX_OK; NX_E_CRYPTO: a share that is no canonical encoding, neutral, or our own: `confirms` is
 * wiped. */
NX_MUST_CHECK enum nx_status dsb_pairing_confirm(const struct dsb_pairing_binding *binding,
                                                 bool is_typist,
                                                 const struct dsb_pairing_half *half,
                                                 const uint8_t their_share[NX_CPACE_SHARE_LEN],
                                                 struct dsb_pairing_confirms *confirms);

#endif
