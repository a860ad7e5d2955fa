/* Admission: the two messages that follow the handshake, each alone in its record, and the
 * attestation in them (docs/contracts/wire.md §2).
 *
 *     initiator --- ConnectRequest{deviceId, protocol, features, purpose, paired, attestation} --->
 *     responder <-- ConnectResponse{ok, protocol, features, paired, reason, attestation} ----------
 *
 * The attestation is an Ed25519 signature over this very handshake (its hash h), both ids and what the
 * message says. It binds the device key to this session, which the proof in the handshake does not.
 * Cap'n Proto with the schema of the Rust host stack and fields added to it; a v1 node (protocol 0)
 * knows nothing of those and attests nothing.
 *
 * Text and bytes only; what follows from them is decided in core/bus/session.h. */
#ifndef NX_CORE_BUS_ADMISSION_H
#define NX_CORE_BUS_ADMISSION_H

#include "core/bus/identity.h"

#define DSB_PROTOCOL_V1     0
#define DSB_PROTOCOL_NATIVE 1

/* Features of this version: no bit is defined yet. */
#define DSB_FEATURES 0

enum dsb_purpose {
    DSB_PURPOSE_SESSION = 0,
    DSB_PURPOSE_PAIR = 1,
};

/* Why not, as it stands on the wire. */
enum dsb_refusal {
    DSB_REFUSAL_NONE,
    DSB_REFUSAL_UNKNOWN,   /* "unknown": not paired with you */
    DSB_REFUSAL_ONE_SIDED, /* "one-sided": only one of us is paired with the other */
    DSB_REFUSAL_IDENTITY,  /* "identity": your keys are not the pinned ones */
    DSB_REFUSAL_DENIED,    /* "denied": by policy, or nothing is open for you */
    DSB_REFUSAL_BUSY,      /* "busy": another one is under way */
    DSB_REFUSAL_LIMIT,     /* "limit": full */
    DSB_REFUSAL_V1,        /* "v1": your version is not served here */
};

/* The word on the wire; "" for none. Never NULL. */
const char *dsb_refusal_word(enum dsb_refusal refusal);

struct dsb_connect_request {
    uint8_t id[DSB_ID_LEN]; /* as it claims; the session compares it with the proved one */
    uint16_t protocol;
    uint64_t features;
    uint16_t purpose;
    bool is_paired; /* "you are in my registry" */
    bool has_attestation;
    uint8_t attestation[NX_ED25519_SIGNATURE_LEN];
};

struct dsb_connect_response {
    bool ok;
    uint16_t protocol; /* the lower of both */
    uint64_t features; /* the common set */
    bool is_paired;
    enum dsb_refusal refusal; /* NONE when ok, and when a v1 node says no */
    bool has_attestation;
    uint8_t attestation[NX_ED25519_SIGNATURE_LEN];
};

/* Append the message, framed.
 * NX_OK; NX_E_LIMIT: `out` has less room than DSB_ADMISSION_LEN_MAX; it is unchanged. */
NX_MUST_CHECK enum nx_status dsb_connect_request_encode(const struct dsb_connect_request *request,
                                                        struct nx_writer *out);
NX_MUST_CHECK enum nx_status dsb_connect_response_encode(
    const struct dsb_connect_response *response, struct nx_writer *out);

/* Exactly one message.
 * NX_OK; NX_E_MALFORMED, NX_E_LIMIT: bytes that are none; NX_E_MALFORMED too: an id that is not 64
 * lower-case hex digits, an attestation of another length, protocol 0 with one or a later protocol
 * without (a refusal may lack it), a purpose or reason that is none, ok with a reason. A failure leaves
 * the struct as it was. */
NX_MUST_CHECK enum nx_status dsb_connect_request_decode(struct nx_bytes in,
                                                        struct dsb_connect_request *request);
NX_MUST_CHECK enum nx_status dsb_connect_response_decode(struct nx_bytes in,
                                                         struct dsb_connect_response *response);

/* What an attestation says beside the message that carries it. */
struct dsb_attested {
    bool by_initiator;
    const uint8_t *h;      /* 32 bytes: the handshake's hash after its third message */
    const uint8_t *own_id; /* 32 bytes each: who signs, and for whom */
    const uint8_t *peer_id;
    uint16_t protocol;
    uint64_t features;
    uint16_t purpose; /* the responder repeats the initiator's */
    bool is_paired;
};

void dsb_attest(const struct dsb_attested *attested, const struct dsb_identity *identity,
                uint8_t attestation[NX_ED25519_SIGNATURE_LEN]);

/* NX_OK; NX_E_CRYPTO. */
NX_MUST_CHECK enum nx_status dsb_attestation_verify(
    const struct dsb_attested *attested, const uint8_t ed25519[NX_ED25519_PUBLIC_LEN],
    const uint8_t attestation[NX_ED25519_SIGNATURE_LEN]);

#endif
