/* Handshake: from a connection's first byte to two devices that have proved who they are
 * (docs/contracts/wire.md §1).
 *
 *     initiator                                 responder
 *     WRITES  -- u32 48, e es ----------------> READS
 *     READS   <- u32 n, e ee, its proof ------- WRITES     the proof is checked as it comes:
 *     WRITES  -- u32 n, s se, our proof ------> READS      id and key are whose they should be
 *     DONE                                      DONE
 *
 * Noise with a length before each message and a proof of identity inside the second and the third.
 * The initiator knows beforehand whom it means, by id and Noise static key, and takes nobody else.
 * The responder learns who calls and leaves the judgement to admission (core/bus/session.h).
 *
 * A length that its message cannot have is refused before a byte of the body is waited for, and the
 * first message before any curve operation. A failure is final: everything secret is gone. Time is
 * the session's matter. */
#ifndef NX_CORE_BUS_HANDSHAKE_H
#define NX_CORE_BUS_HANDSHAKE_H

#include "core/bus/identity_proof.h"
#include "core/bus/noise.h"

/* What a device shows in every handshake: made once, lent to all of them. */
struct dsb_credentials {
    const struct dsb_identity *identity;
    struct dsb_identity_proof proofs[2]; /* by enum dsb_proof_role */
};

/* Signs both proofs. Keeps `identity`. */
void dsb_credentials_init(struct dsb_credentials *own, const struct dsb_identity *identity);

struct dsb_handshake {
    const struct dsb_credentials *own;
    struct dsb_noise noise;
    struct dsb_identity_claim peer; /* the initiator: whom it means, `ed25519` once it is proved */
};

/* Begin as the one who dialled `peer_id`, whose static key is known. Keeps `own`, copies the rest.
 * NX_OK; NX_E_CRYPTO: `peer_static` is no valid key, `h` is wiped. */
NX_MUST_CHECK enum nx_status dsb_handshake_dial(struct dsb_handshake *h,
                                                const struct dsb_credentials *own,
                                                const uint8_t peer_id[DSB_ID_LEN],
                                                const uint8_t peer_static[NX_X25519_LEN]);

/* Begin as the one who was dialled. Keeps `own`. */
void dsb_handshake_accept(struct dsb_handshake *h, const struct dsb_credentials *own);

/* Forgets everything. May be done twice. */
void dsb_handshake_wipe(struct dsb_handshake *h);

/* Is it our turn to write? */
bool dsb_handshake_writes(const struct dsb_handshake *h);

/* All three messages are through: `peer` is proved, and `noise` may be split. */
bool dsb_handshake_is_done(const struct dsb_handshake *h);

/* The next message, out of the bytes that arrived and were not used; `*used` of them were.
 * NX_OK: one message was taken; NX_WOULD_BLOCK: it is not whole yet. Anything else is the end, `h` is
 * wiped and `why` (which may be NULL) has a sentence: NX_E_STATE: it is not the other side's turn;
 * NX_E_MALFORMED, NX_E_LIMIT: a length that the message cannot have, or a proof that is none;
 * NX_E_CRYPTO: a tag, a key or the proof's signature does not hold; NX_E_IDENTITY: the proof's id is
 * not its key's, or it is not the device that was dialled. */
NX_MUST_CHECK enum nx_status dsb_handshake_input(struct dsb_handshake *h, struct nx_bytes in,
                                                 size_t *used, struct nx_why *why);

/* Append the next message when it is our turn; the ephemeral key comes from `rng`.
 * NX_OK; NX_E_STATE: it is not; NX_E_LIMIT: `out` has less room than DSB_HANDSHAKE_FRAME_MAX: both
 * changed nothing. Anything else is the end, `h` is wiped: NX_E_CRYPTO: the other side's key makes a
 * shared value of zero; what nx_rng_fill answers. */
NX_MUST_CHECK enum nx_status dsb_handshake_output(struct dsb_handshake *h, const struct nx_rng *rng,
                                                  struct nx_writer *out);

#endif
