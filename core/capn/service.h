/* Service: what stands between the bytes of a call and the function that answers it. The generator writes
 * `T_serve` for an interface T of a schema, which is these two around a `switch`
 * (docs/adr/0005-services-are-interfaces.md).
 *
 *     static enum nx_status echo(void *self, struct node_echo_request_reader params,
 *                                struct node_echo_reply_builder results, struct nx_why *why)
 *     …
 *     static const struct node_service_handlers handlers = {.on_echo = echo};
 *
 *     status = node_service_serve(&handlers, self, method, body, memory, cap, &reply, &why);
 *
 * A handler fills `results` and answers NX_OK; or a failure, with a sentence in `why` where it has one; or
 * NX_WOULD_BLOCK: it will be answered later, by other means. One that changes something asks
 * `params.s.message->status` first, when it has read all that it wants: what was read is whole only then.
 * A handler runs in its caller's own turn, and is called by nobody else. */
#ifndef NX_CORE_CAPN_SERVICE_H
#define NX_CORE_CAPN_SERVICE_H

#include "core/capn/builder.h"

#define NX_CAPN_SERVICE_SEGMENTS 4

struct nx_capn_service_call {
    struct nx_capn_segment table[NX_CAPN_SERVICE_SEGMENTS];
    struct nx_capn_message params;
    struct nx_capn_builder results;
};

/* Open the body of a call, an empty one as a struct with every field as it is by default, and begin the
 * body of its reply in `memory` of `cap` bytes. The call may not be moved; it borrows both.
 * NX_OK; NX_E_MALFORMED: it is no message, or one over a limit, and `why` says so. */
NX_MUST_CHECK enum nx_status nx_capn_service_begin(struct nx_capn_service_call *call,
                                                   struct nx_bytes body, void *memory, size_t cap,
                                                   struct nx_why *why);

/* What the call comes to, `status` being the handler's answer.
 * NX_OK: `*reply`, which borrows the memory; NX_WOULD_BLOCK: later; NX_E_MALFORMED: the handler read what
 * is not there; NX_E_LIMIT: the reply is longer than the memory; NX_E_UNSUPPORTED: no such method; or the
 * handler's failure. `why` says so, where the handler has not. */
NX_MUST_CHECK enum nx_status nx_capn_service_end(struct nx_capn_service_call *call,
                                                 enum nx_status status, struct nx_bytes *reply,
                                                 struct nx_why *why);

#endif
