/* Identity proof: "this device's Ed25519 key vouches for this Noise static key, in this role"
 * (docs/contracts/wire.md §1). The payload of the second and the third handshake message:
 *
 *     {"device_id":"<64 hex>","verifying_key":[32 numbers],"signature":[64 numbers]}
 *
 * Signed is SHA-256(role ‖ Noise static key). Nothing of a session is in it, so a proof is made once
 * and used for as long as the keys live; that the session is fresh comes from Noise, and that it is
 * this device's own from the attestation of admission. */
#ifndef NX_CORE_BUS_IDENTITY_PROOF_H
#define NX_CORE_BUS_IDENTITY_PROOF_H

#include "core/bus/identity.h"

/* Where the one stands who proves. */
enum dsb_proof_role {
    DSB_PROOF_SERVER, /* responder: the second message */
    DSB_PROOF_CLIENT, /* initiator: the third */
};

struct dsb_identity_proof {
    uint8_t text[DSB_PROOF_TEXT_MAX];
    size_t len;
};

/* Who a proof proved. */
struct dsb_identity_claim {
    uint8_t id[DSB_ID_LEN];
    uint8_t ed25519[NX_ED25519_PUBLIC_LEN];
};

/* The proof of `identity` for its own Noise static key: at start, once for each role. */
void dsb_identity_prove(const struct dsb_identity *identity, enum dsb_proof_role role,
                        struct dsb_identity_proof *proof);

/* Does `text` prove who holds `noise_static`, the key that the handshake used? Checks in this order:
 * the text, the key's length, the id, the signature's length, the signature. Members may come in any
 * order with unknown ones between them; none may come twice. Costs at most one signature.
 * NX_OK; NX_E_MALFORMED: no such text, or a key or signature of another length; NX_E_LIMIT: longer
 * or of more values than any proof; NX_E_IDENTITY: the id is not the key's; NX_E_CRYPTO: the
 * signature does not hold, or the key is none (of small order, no canonical point). On a failure
 * `claim` is untouched and `why` (which may be NULL) has a sentence. */
NX_MUST_CHECK enum nx_status dsb_identity_verify(struct nx_bytes text, enum dsb_proof_role role,
                                                 const uint8_t noise_static[NX_X25519_LEN],
                                                 struct dsb_identity_claim *claim,
                                                 struct nx_why *why);

#endif
