/* A whole v1 session as bytes, in hex: what docs/contracts/wire.md §1 shows in parts. Computed from
 * the contract by another implementation, which reproduces a published vector of Noise XK. */
#ifndef NX_CORE_BUS_V1_SESSION_H
#define NX_CORE_BUS_V1_SESSION_H

struct v1_proof {
    const char *signature;
    const char *text; /* not hex */
};

struct v1_device {
    const char *seed;
    const char *ed25519;
    const char *id;
    const char *noise_secret;
    const char *noise_static;
    struct v1_proof proofs[2]; /* by enum dsb_proof_role */
};

struct v1_session {
    struct v1_device initiator;
    struct v1_device responder;
    const char *initiator_ephemeral;
    const char *responder_ephemeral;
    const char *messages[3];
    const char *h;
    const char *initiator_key; /* of what it sends */
    const char *responder_key;
    const char *connect_request; /* the initiator's first plaintext, and the record's body */
    const char *connect_request_sealed;
    const char *connect_response;
    const char *connect_response_sealed;
};

extern const struct v1_session v1_session;

#endif
