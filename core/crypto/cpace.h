/* CPace: two sides that know the same short code agree on a key; one that does not know it gets one
 * guess a run and nothing to take home (draft-irtf-cfrg-cpace, suite CPACE-RISTR255-SHA512, setting
 * initiator-responder).
 *
 *          A, the initiator                                B, the responder
 *     g  = generator(PRS, CI, sid)                    g  = generator(PRS, CI, sid)
 *     ya = sample_scalar,  Ya = share(ya, g)  -- Ya -->
 *                                             <-- Yb --  yb = sample_scalar,  Yb = share(yb, g)
 *     K  = shared(ya, Ya, Yb)                         K  = shared(yb, Yb, Ya)
 *     ISK = isk(sid, K, Ya, ADa, Yb, ADb)             ISK = isk(sid, K, Ya, ADa, Yb, ADb)
 *
 * CPace alone does not say whether the two keys are equal: whoever uses it confirms them. */
#ifndef NX_CORE_CRYPTO_CPACE_H
#define NX_CORE_CRYPTO_CPACE_H

#include "core/base/rng.h"
#include "core/crypto/crypto.h"

#define NX_CPACE_SCALAR_LEN NX_RISTRETTO_LEN
#define NX_CPACE_SHARE_LEN  NX_RISTRETTO_LEN
#define NX_CPACE_ISK_LEN    NX_SHA512_LEN

/* What was said in a run, in the order of the setting: the initiator first. Borrows. */
struct nx_cpace_transcript {
    struct nx_bytes share_a;      /* Ya */
    struct nx_bytes associated_a; /* ADa */
    struct nx_bytes share_b;      /* Yb */
    struct nx_bytes associated_b; /* ADb */
};

/* G.calculate_generator: the element that the code `prs`, the context `ci` and the session id `sid`
 * map to. It is as secret as the code: whoever has it can search the code. */
void nx_cpace_generator(uint8_t secret_generator[NX_RISTRETTO_LEN], struct nx_bytes prs,
                        struct nx_bytes ci, struct nx_bytes sid);

/* G.sample_scalar: uniform below the group's order, from 64 bytes of `rng`.
 * NX_OK, or what nx_rng_fill answers: the scalar is then zero and may not be used. */
NX_MUST_CHECK enum nx_status nx_cpace_sample_scalar(const struct nx_rng *rng,
                                                    uint8_t secret_scalar[NX_CPACE_SCALAR_LEN]);

/* Our own public share, scalar * generator.
 * NX_OK; NX_E_CRYPTO: the scalar is zero: `share` is zeroed. */
NX_MUST_CHECK enum nx_status nx_cpace_share(uint8_t share[NX_CPACE_SHARE_LEN],
                                            const uint8_t secret_scalar[NX_CPACE_SCALAR_LEN],
                                            const uint8_t secret_generator[NX_RISTRETTO_LEN]);

/* G.scalar_mult_vfy over the other side's share, which came over the wire.
 * NX_OK; NX_E_CRYPTO: that share is no canonical encoding, the product is the neutral element,
 * or it is our own share come back: `secret_k` is zeroed and the run has to be aborted. */
NX_MUST_CHECK enum nx_status nx_cpace_shared(uint8_t secret_k[NX_RISTRETTO_LEN],
                                             const uint8_t secret_scalar[NX_CPACE_SCALAR_LEN],
                                             const uint8_t own_share[NX_CPACE_SHARE_LEN],
                                             const uint8_t their_share[NX_CPACE_SHARE_LEN]);

/* The intermediate session key of the run. */
void nx_cpace_isk(uint8_t secret_isk[NX_CPACE_ISK_LEN], struct nx_bytes sid,
                  const uint8_t secret_k[NX_RISTRETTO_LEN], const struct nx_cpace_transcript *t);

/* lv_cat of one part: its length as LEB128, then its bytes. What does not fit shows as the writer's
 * overflow. */
void nx_cpace_write_lv(struct nx_writer *w, struct nx_bytes part);

/* transcript_ir: lv_cat(Ya, ADa) and then lv_cat(Yb, ADb). */
void nx_cpace_write_transcript(struct nx_writer *w, const struct nx_cpace_transcript *t);

#endif
