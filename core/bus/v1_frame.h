/* Frame of a v1 session: all that a v1 node says after admission, one in each record
 * (docs/contracts/wire.md §2.2).
 *
 *     Frame{chan @0 :UInt32, bytes @1 :Data}     schemas/dsoftbus.capnp
 *
 * A Cap'n Proto message, framed, unpacked, byte for byte as the Rust host stack writes it: one segment
 * while that is at most 8 KiB, and above that two, the bytes alone in the second one behind a far
 * pointer. Reading takes any form that Cap'n Proto allows.
 *
 * The codec has no state. A v1 session has no streams, no credit and no end but its record's: what
 * a channel carries and how much of it may wait is the business of whoever owns the session. */
#ifndef NX_CORE_BUS_V1_FRAME_H
#define NX_CORE_BUS_V1_FRAME_H

#include "core/base/bytes.h"
#include "core/base/limits.h"
#include "core/base/status.h"

struct dsb_v1_frame {
    uint32_t chan;
    struct nx_bytes
        bytes; /* decoded: lent from the input. May be empty, and then `ptr` may be NULL */
};

/* Bytes that a frame with so much payload takes, at most DSB_V1_FRAME_LEN_MAX for a payload of at most
 * DSB_V1_FRAME_BYTES_MAX. */
size_t dsb_v1_frame_len(size_t bytes_len);

/* Append the frame. Copies its bytes, which may not lie in `out`.
 * NX_OK; NX_E_LIMIT: more than DSB_V1_FRAME_BYTES_MAX bytes; NX_WOULD_BLOCK: `out` has too little room
 * (dsb_v1_frame_len says how much). `out` is unchanged but for NX_OK. */
NX_MUST_CHECK enum nx_status dsb_v1_frame_encode(const struct dsb_v1_frame *frame,
                                                 struct nx_writer *out);

/* Exactly one frame: the plaintext of one record. `in` needs no alignment.
 * NX_OK; NX_E_MALFORMED: no message, or bytes behind its end; NX_E_LIMIT: more segments, words or
 * bytes than a record of a v1 node has. A failure leaves the struct as it was. */
NX_MUST_CHECK enum nx_status dsb_v1_frame_decode(struct nx_bytes in, struct dsb_v1_frame *frame);

#endif
