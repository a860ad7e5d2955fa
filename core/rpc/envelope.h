/* Envelope: the three messages of a stream of typed calls, as bytes (schemas/rpc.capnp,
 * docs/contracts/rpc.md).
 *
 *     caller                                          answerer
 *       | -- request: id, method, deadline, body ----> |
 *       | -- cancel: id ------------------------------> |     perhaps
 *       | <---------- reply: id, status, why, body --- |     exactly one for each request
 *
 * The codec has no state: what may be said at a given moment is the business of client.h and server.h.
 * Decoding is total; what it takes keeps the table below, whoever sent it. */
#ifndef NX_CORE_RPC_ENVELOPE_H
#define NX_CORE_RPC_ENVELOPE_H

#include "core/base/bytes.h"
#include "core/base/limits.h"
#include "core/base/status.h"

enum dsb_rpc_kind {
    DSB_RPC_REQUEST,
    DSB_RPC_REPLY,
    DSB_RPC_CANCEL,
    DSB_RPC_FOREIGN, /* decoded only: a newer version's, to be passed over */
};

/* A message as fields. Those that its kind does not have are zero. */
struct dsb_rpc_message {
    enum dsb_rpc_kind kind;
    uint64_t call_id;     /* never 0, but of a FOREIGN one */
    uint16_t method;      /* REQUEST: of the service's interface */
    uint32_t deadline_ms; /* REQUEST: 1 to DSB_RPC_DEADLINE_MAX_MS */
    uint32_t reply_max; /* REQUEST: bytes of body that a reply may have, at most DSB_RPC_BODY_MAX */
    enum nx_status status; /* REPLY: NX_OK or a failure; one we do not know reads as NX_E_VERSION */
    struct nx_why why;     /* REPLY, of a failure; fit to show */
    struct nx_bytes body;  /* REQUEST; REPLY that is NX_OK; at most DSB_RPC_BODY_MAX */
};

/* The one message that `bytes` are; its body borrows from there.
 * NX_OK; NX_E_MALFORMED: anything that is no message, a field out of its bounds among it; NX_E_LIMIT:
 * more bytes than DSB_RPC_MESSAGE_MAX, or a body of more than DSB_RPC_BODY_MAX. Only NX_OK writes to
 * `message`. */
NX_MUST_CHECK enum nx_status dsb_rpc_decode(struct nx_bytes bytes, struct dsb_rpc_message *message);

/* The message as bytes, `*bytes`, in `memory` of `cap` bytes; DSB_RPC_MESSAGE_MAX always suffice. Copies
 * the body.
 * NX_OK; NX_E_LIMIT: a body over DSB_RPC_BODY_MAX; NX_E_INVALID: no such message can be; NX_E_NO_SPACE:
 * `cap` is too small. */
NX_MUST_CHECK enum nx_status dsb_rpc_encode(const struct dsb_rpc_message *message, void *memory,
                                            size_t cap, struct nx_bytes *bytes);

#endif
