/* Rpc stream: whole envelopes on one stream `rpc/<service>`; what caller.h and answerer.h stand on.
 *
 * A message that comes in parts is gathered in memory of the stream's own, lent by its owner, and lies
 * there until it was taken. One that goes is made in a second piece of memory, which any number of streams
 * share, since it is used for the time of a call alone. */
#ifndef NX_CORE_RPC_RPC_STREAM_H
#define NX_CORE_RPC_RPC_STREAM_H

#include "core/bus/mux.h"
#include "core/rpc/envelope.h"

#define DSB_RPC_PREFIX   "rpc/"
#define DSB_RPC_PRIORITY 1 /* of the services' classes: control 0, calls 1, messages 2, bytes 4 */

/* RST code: the other side broke the protocol of calls; why has the label. */
#define DSB_RPC_RST_PROTOCOL DSB_RST_APPLICATION

struct dsb_rpc_memory {
    uint8_t *message; /* DSB_RPC_MESSAGE_MAX bytes, of this stream alone */
    uint8_t *scratch; /* DSB_RPC_MESSAGE_MAX bytes, of all streams that are driven by one owner */
};

struct dsb_rpc_stream {
    struct dsb_rpc_memory memory;
    struct dsb_mux *mux; /* NULL: there is no stream, or none any more */
    struct dsb_stream_handle stream;
    uint64_t taken_count; /* messages so far: whether something moved */
    size_t len;           /* gathered so far */
    bool is_whole;        /* all of a message */
};

/* Open `rpc/<service>`; the service is 1 to DSB_RPC_SERVICE_MAX bytes. Keeps the memory.
 * NX_OK, and else what dsb_mux_open answers. */
NX_MUST_CHECK enum nx_status dsb_rpc_stream_open(struct dsb_rpc_stream *s,
                                                 const struct dsb_rpc_memory *memory,
                                                 struct dsb_mux *mux, struct nx_bytes service);

/* The other end: one that was accepted (dsb_node_accept, or dsb_mux_accept with DSB_RPC_PRIORITY). */
void dsb_rpc_stream_of(struct dsb_rpc_stream *s, const struct dsb_rpc_memory *memory,
                       struct dsb_mux *mux, struct dsb_stream_handle stream);

/* Send a message, all of it or nothing.
 * NX_OK; NX_WOULD_BLOCK: the queue is full, DSB_MUX_WRITABLE will come; else what dsb_rpc_encode and
 * dsb_mux_push answer; NX_E_CLOSED: no stream. */
NX_MUST_CHECK enum nx_status dsb_rpc_stream_push(struct dsb_rpc_stream *s, struct nx_instant now,
                                                 const struct dsb_rpc_message *message);

/* The message at the front; its body is lent until `take`. Asked again before that, it is the same one.
 * NX_OK; NX_WOULD_BLOCK: not all of one is here, DSB_MUX_READABLE will come; NX_END: the other side says
 * no more; NX_E_MALFORMED, NX_E_LIMIT: what came is no message; NX_E_CLOSED, NX_E_ABORTED: the stream is
 * over. */
NX_MUST_CHECK enum nx_status dsb_rpc_stream_peek(struct dsb_rpc_stream *s,
                                                 struct dsb_rpc_message *message);
void dsb_rpc_stream_take(struct dsb_rpc_stream *s);

/* Reset it, and let go of it: the other side reads code and why. */
void dsb_rpc_stream_abort(struct dsb_rpc_stream *s, uint16_t code, const char *why);

/* Let go of it: what is not over is given up. */
void dsb_rpc_stream_release(struct dsb_rpc_stream *s);

/* What is told of a peek that was NX_E_LIMIT or NX_E_MALFORMED. Never NULL. */
const char *dsb_rpc_breach_label(enum nx_status status);

/* Is this news of that stream? */
bool dsb_rpc_stream_is(const struct dsb_rpc_stream *s, const struct dsb_mux *mux,
                       struct dsb_stream_handle stream);

#endif
