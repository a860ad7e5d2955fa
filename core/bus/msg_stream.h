/* MsgStream: messages in order, whole, over one stream `msg/<channel>` (docs/contracts/streams.md).
 *
 * The queue is bounded: a push answers NX_WOULD_BLOCK when it is full, and DSB_MUX_WRITABLE follows.
 * A message larger than any queue streams through in parts. A message may be empty. */
#ifndef NX_CORE_BUS_MSG_STREAM_H
#define NX_CORE_BUS_MSG_STREAM_H

#include "core/bus/mux.h"

#define DSB_MSG_PREFIX   "msg/"
#define DSB_MSG_PRIORITY 2 /* of the services' classes: control 0, calls 1, messages 2, bytes 4 */

/* A stream and the mux that it is of; copies name the same stream. */
struct dsb_msg_stream {
    struct dsb_mux *mux;
    struct dsb_stream_handle stream;
};

/* Open `msg/<channel>`; the channel is 1 to 60 bytes.
 * NX_OK, and else what dsb_mux_open answers. */
NX_MUST_CHECK enum nx_status dsb_msg_stream_open(struct dsb_msg_stream *s, struct dsb_mux *mux,
                                                 struct nx_bytes channel);

/* Take a stream that DSB_MUX_OPENED told of. What dsb_mux_accept answers. */
NX_MUST_CHECK enum nx_status dsb_msg_stream_accept(struct dsb_msg_stream *s, struct dsb_mux *mux,
                                                   struct dsb_stream_handle stream);

/* Push one message, all of it or nothing. Copies.
 * NX_OK: accepted; NX_WOULD_BLOCK: the queue is full; NX_E_LIMIT: larger than any queue here, push
 * it in parts; NX_E_CLOSED, NX_E_ABORTED, NX_E_STATE as dsb_mux_push. */
NX_MUST_CHECK enum nx_status dsb_msg_stream_push(struct dsb_msg_stream *s, struct nx_instant now,
                                                 struct nx_bytes message);

/* Push a part of a message, as much as there is room for, `*taken`; `is_last`: the message ends with
 * it, once all of it was taken. Answers as above. */
NX_MUST_CHECK enum nx_status dsb_msg_stream_push_part(struct dsb_msg_stream *s,
                                                      struct nx_instant now, struct nx_bytes part,
                                                      bool is_last, size_t *taken);

/* Pull up to `cap` bytes of the message at the front; `*is_whole` when its end is among them.
 * NX_OK, `*len` (0 for an empty message); NX_WOULD_BLOCK: nothing has come yet; NX_END: the peer
 * finished and every message was read; NX_E_CLOSED, NX_E_ABORTED, NX_E_STATE as dsb_mux_peek. */
NX_MUST_CHECK enum nx_status dsb_msg_stream_pull(struct dsb_msg_stream *s, uint8_t *out, size_t cap,
                                                 size_t *len, bool *is_whole);

#endif
