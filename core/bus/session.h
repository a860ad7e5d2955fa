/* Session: one connection from its first byte to its last (docs/contracts/wire.md §1 to §3).
 *
 *     dial, accept
 *          |
 *     HANDSHAKE ---- three messages, both proved ----> ADMISSION
 *                                                       |     \
 *        initiator: ConnectRequest out, the answer in   |      \  responder: the request came
 *                                                       |       v
 *                                                       |      ASKED
 *                                                       v       |  admit, and the answer left
 *                                                       UP <----+
 *          |                       |                    |       |  refuse
 *          `-----------------------+--------------------+-------`---> OVER
 *
 * A native session and one with a v1 node take the same way; what differs is what admission agreed
 * on (`protocol`). Until it is UP nothing but the handshake and one record each way is taken, all of it
 * within DSB_HANDSHAKE_S of the beginning. Once it is UP, `input` opens records and lends what was in
 * them, and what is to be sent is put into the `records` (core/bus/records.h): frames of the mux or of
 * a pairing between native nodes, one Frame a record (core/bus/v1_frame.h) with a v1 node.
 *
 * The machine proves who is there and agrees on the version. Whether that device may come in is the
 * owner's decision: in ASKED it looks at `ask`, and says admit or refuse. Its own side of a dial the
 * owner decides before it dials. That exactly one side says "paired" ends a session whatever the owner
 * thinks of it.
 *
 * The owner looks at `state` after each call, and takes `output` until there is none. OVER: nothing
 * comes any more, `end` says why; what output still gives is a refusal that the other side should see
 * before the connection is closed. */
#ifndef NX_CORE_BUS_SESSION_H
#define NX_CORE_BUS_SESSION_H

#include "core/bus/admission.h"
#include "core/bus/handshake.h"
#include "core/bus/records.h"

enum dsb_session_state {
    DSB_SESSION_HANDSHAKE,
    DSB_SESSION_ADMISSION,
    DSB_SESSION_ASKED,
    DSB_SESSION_UP,
    DSB_SESSION_OVER,
};

/* Whom to reach, and what for. */
struct dsb_session_dial {
    const uint8_t *id;           /* 32 bytes each; copied */
    const uint8_t *noise_static; /* pinned, announced, or given by a person */
    enum dsb_purpose purpose;
    bool is_paired;    /* it is in our registry */
    uint16_t protocol; /* DSB_PROTOCOL_V1: a v1 node, and none but a v1 node is taken */
};

/* What was agreed, or is asked for in ASKED. */
struct dsb_session_terms {
    uint16_t protocol;
    uint64_t features;
    enum dsb_purpose purpose;
    bool peer_says_paired;
};

/* Why it is OVER. */
struct dsb_session_end {
    enum nx_status status; /* never NX_OK */
    enum dsb_refusal
        refusal;  /* who refused gave this reason; NONE: it was no refusal, or a v1 node's */
    bool by_peer; /* it refused us */
    enum dsb_session_state was; /* before it was OVER: how far it came */
    bool is_v1_answer;          /* it answered as a v1 node, and is none that may */
    struct nx_why why;
};

struct dsb_session {
    enum dsb_session_state state;
    bool is_initiator;
    struct nx_rng rng;
    const struct dsb_credentials *own;
    struct dsb_handshake handshake;
    struct dsb_records records; /* from ADMISSION on */
    struct nx_instant deadline; /* of admission */

    struct dsb_identity_claim peer; /* proved, from ADMISSION on */
    uint8_t peer_static[NX_X25519_LEN];
    uint8_t
        h[NX_BLAKE2S_LEN]; /* of the handshake: it names this session, and binds a pairing to it */
    struct dsb_session_terms terms;
    bool we_say_paired;
    bool has_attested; /* the peer, to this session */
    bool request_due;  /* initiator */
    bool response_due; /* responder */
    struct dsb_connect_response response;
    struct dsb_session_end end;
};

/* What a refusal is to the one who was refused; NX_E_DENIED for one without a reason. */
enum nx_status dsb_refusal_status(enum dsb_refusal refusal);

/* Begin on a connection that we dialled, or that was accepted. Keeps `own` and what `rng` points to;
 * copies the rest.
 * NX_OK; NX_E_CRYPTO: no such static key can be, and `s` is OVER. */
NX_MUST_CHECK enum nx_status dsb_session_dial(struct dsb_session *s, struct nx_instant now,
                                              const struct dsb_credentials *own, struct nx_rng rng,
                                              const struct dsb_session_dial *dial);
void dsb_session_accept(struct dsb_session *s, struct nx_instant now,
                        const struct dsb_credentials *own, struct nx_rng rng);

/* Forgets every key. May be done twice. */
void dsb_session_wipe(struct dsb_session *s);

/* One step with the `in_len` bytes at `in` that arrived and were not used, which may be opened where
 * they lie; `*used` of them were. `plain` is what a record held, lent until that memory changes: empty
 * unless `s` was UP before the call.
 * NX_OK: one message or record was taken; NX_WOULD_BLOCK: it is not whole yet, or the owner has not
 * answered. Anything else is in `end` as well. Before it was UP, `s` is OVER now. When it is UP nothing
 * more is received, and what is to be sent still goes: NX_E_MALFORMED, NX_E_LIMIT, NX_E_CRYPTO,
 * NX_E_TIMEOUT as dsb_records_open; NX_E_CLOSED: OVER. */
NX_MUST_CHECK enum nx_status dsb_session_input(struct dsb_session *s, struct nx_instant now,
                                               uint8_t *in, size_t in_len, size_t *used,
                                               struct nx_bytes *plain);

/* Append what handshake and admission have to say; nothing as long as `out` has less room than
 * DSB_SESSION_OUTPUT_MAX. False: nothing was. What is said when UP goes by `records`. */
bool dsb_session_output(struct dsb_session *s, struct nx_writer *out);

/* The owner's answer in ASKED. `we_say_paired`: that device is in our registry, by the very keys it
 * came with. Between native nodes, purpose session and not both say paired: it is refused as one-sided,
 * or as unknown when neither says so. */
void dsb_session_admit(struct dsb_session *s, bool we_say_paired);
void dsb_session_refuse(struct dsb_session *s, enum dsb_refusal refusal, bool we_say_paired);

/* A later instant: OVER when admission took too long; when UP, as dsb_records_tick. */
void dsb_session_tick(struct dsb_session *s, struct nx_instant now);
struct nx_instant dsb_session_deadline(const struct dsb_session *s);

#endif
