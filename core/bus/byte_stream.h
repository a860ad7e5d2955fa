/* ByteStream: a sequence of bytes, in order, over one stream `byte/<channel>`
 * (docs/contracts/streams.md).
 *
 * dsb_mux_finish is its end, read as NX_END after the last byte; dsb_mux_abort ends it early, with a
 * reason that the other side reads. */
#ifndef NX_CORE_BUS_BYTE_STREAM_H
#define NX_CORE_BUS_BYTE_STREAM_H

#include "core/bus/mux.h"

#define DSB_BYTE_PREFIX   "byte/"
#define DSB_BYTE_PRIORITY 4 /* of the services' classes: control 0, calls 1, messages 2, bytes 4 */

/* A stream and the mux that it is of; copies name the same stream. */
struct dsb_byte_stream {
    struct dsb_mux *mux;
    struct dsb_stream_handle stream;
};

/* Open `byte/<channel>`; the channel is 1 to 59 bytes.
 * NX_OK, and else what dsb_mux_open answers. */
NX_MUST_CHECK enum nx_status dsb_byte_stream_open(struct dsb_byte_stream *s, struct dsb_mux *mux,
                                                  struct nx_bytes channel);

/* Take a stream that DSB_MUX_OPENED told of. What dsb_mux_accept answers. */
NX_MUST_CHECK enum nx_status dsb_byte_stream_accept(struct dsb_byte_stream *s, struct dsb_mux *mux,
                                                    struct dsb_stream_handle stream);

/* Push bytes, as many as there is room for: `*taken`. Copies.
 * NX_OK; NX_WOULD_BLOCK: full, nothing was taken; NX_E_CLOSED, NX_E_ABORTED, NX_E_STATE as
 * dsb_mux_push. */
NX_MUST_CHECK enum nx_status dsb_byte_stream_push(struct dsb_byte_stream *s, struct nx_instant now,
                                                  struct nx_bytes bytes, size_t *taken);

/* The next bytes that lie together, lent until `drop`: no copy.
 * NX_OK, at least one byte; NX_WOULD_BLOCK, NX_END, NX_E_CLOSED, NX_E_ABORTED, NX_E_STATE as
 * dsb_mux_peek; NX_E_MALFORMED: the peer ended a message in here, where there are none, and the
 * stream was aborted for it. */
NX_MUST_CHECK enum nx_status dsb_byte_stream_peek(struct dsb_byte_stream *s,
                                                  struct nx_bytes *bytes);
void dsb_byte_stream_drop(struct dsb_byte_stream *s, size_t count);

/* Pull up to `cap` bytes into `out`: `*len`, at least one. Answers as above. */
NX_MUST_CHECK enum nx_status dsb_byte_stream_pull(struct dsb_byte_stream *s, uint8_t *out,
                                                  size_t cap, size_t *len);

#endif
