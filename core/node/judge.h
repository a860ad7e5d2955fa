/* Judge: who is let in (docs/contracts/wire.md §2.1). A session over sockets asks here between what the
 * handshake and the attestation proved and what it answers; nothing else decides about admission.
 *
 * The responder's answer to a ConnectRequest, the first that holds:
 *
 *     the node is shutting down                                         busy
 *     its registry could not be read                                    denied
 *     protocol 0: not allowed as v1, or known as native                 v1
 *                 pinned to another Noise static                        identity
 *                 the table of v1 is full                               limit
 *                 else                                                  yes
 *     the id is pinned with other keys                                  identity
 *     session: neither side knows the other                             unknown
 *              only one of them does                                    one-sided
 *     pair:    nothing is open for this id                              denied
 *              its offer has a link already                             busy
 *              DSB_PAIRING_SESSIONS_MAX links are for pairing           limit
 *     no link is free, or DSB_LINKS_PER_PEER_MAX are this device's      limit
 *     news of the node waits untaken                                    busy
 *     else                                                              yes
 *
 * Whoever is let in as native gets a link at once: between judge and dsb_node_link_up no other call. */
#ifndef NX_CORE_NODE_JUDGE_H
#define NX_CORE_NODE_JUDGE_H

#include "core/bus/admission.h"
#include "core/node/node.h"

/* Who asks, and for what. */
struct dsb_question {
    struct dsb_pairing_device device; /* as handshake and proof, and for protocol 1 the attestation,
                                         proved it */
    uint16_t protocol;                /* of the request */
    uint16_t purpose;                 /* likewise: enum dsb_purpose */
    bool is_paired;                   /* likewise: we are in its registry, it says */
};

/* The responder's answer. DSB_REFUSAL_NONE: yes. For protocol 1 the attestation was verified before:
 * who attests while on the list of v1 is native from now on. A v1 device that is let in for the first
 * time has its static pinned. */
enum dsb_refusal dsb_node_judge(struct dsb_node *n, struct nx_instant now,
                                const struct dsb_question *question);

/* What our answer carries as `paired`: this device, by the very keys it came with, is in our registry. */
bool dsb_node_says_paired(const struct dsb_node *n, const struct dsb_pairing_device *device);

/* The initiator's side: may we talk v1 with this device? To be asked before it is dialled so, and by
 * whoever takes an answer of protocol 0. `is_v1_dial`: a person dials this id as v1.
 * NX_OK; NX_E_DENIED: it is not allowed; NX_E_IDENTITY: it is native, or pinned to another static;
 * NX_E_LIMIT: the table of v1 is full; NX_E_BUSY: the node is shutting down; or why v1 is refused
 * altogether (dsb_node_v1_why). */
NX_MUST_CHECK enum nx_status dsb_node_judge_v1(const struct dsb_node *n,
                                               const uint8_t id[DSB_ID_LEN],
                                               const uint8_t noise_static[NX_X25519_LEN],
                                               bool is_v1_dial);

/* And that session is up: the static that it proved is pinned, if it is the first. */
void dsb_node_v1_is_up(struct dsb_node *n, struct nx_instant now, const uint8_t id[DSB_ID_LEN],
                       const uint8_t noise_static[NX_X25519_LEN]);

/* A device attested, and did not become a link: it refused us, and attested that. dsb_node_judge and
 * dsb_node_link_up see to it themselves. */
void dsb_node_attested(struct dsb_node *n, struct nx_instant now, const uint8_t id[DSB_ID_LEN]);

#endif
