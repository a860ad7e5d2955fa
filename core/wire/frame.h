/* Frame: the unit of the mux, as bytes (docs/contracts/wire.md §3).
 *
 *     0      1       2      4           8             12
 *     +------+-------+------+-----------+-------------+---------- - - -
 *     | kind | flags | zero | stream id | payload len | payload
 *     +------+-------+------+-----------+-------------+---------- - - -
 *
 * Little endian. The codec has no state: what a frame may do at a given moment is the business of
 * core/bus/mux.h. Both directions are total, and what is decoded encodes to the same bytes. */
#ifndef NX_CORE_WIRE_FRAME_H
#define NX_CORE_WIRE_FRAME_H

#include "core/base/bytes.h"
#include "core/base/limits.h"
#include "core/base/status.h"

enum dsb_frame_kind {
    DSB_FRAME_OPEN = 1,
    DSB_FRAME_OPEN_ACK = 2,
    DSB_FRAME_DATA = 3,
    DSB_FRAME_WINDOW_UPDATE = 4,
    DSB_FRAME_RST = 5,
    DSB_FRAME_PING = 6,
    DSB_FRAME_PONG = 7,
    DSB_FRAME_CLOSE = 8,
    DSB_FRAME_GOAWAY = 9,
    DSB_FRAME_PAIR = 16,
};

/* Why a stream was reset. From DSB_RST_APPLICATION on the meaning is the application's. */
enum dsb_rst_code {
    DSB_RST_CANCELLED = 1,
    DSB_RST_REFUSED = 2,
    DSB_RST_LIMIT = 3,
    DSB_RST_DUPLICATE_NAME = 4,
    DSB_RST_BAD_NAME = 5,
    DSB_RST_UNSUPPORTED = 6,
    DSB_RST_DENIED = 7,
    DSB_RST_INTERNAL = 8,
    DSB_RST_APPLICATION = 256,
};

/* Why a session ends. */
enum dsb_goaway_code {
    DSB_GOAWAY_BYE = 0,
    DSB_GOAWAY_DUPLICATE = 1,
    DSB_GOAWAY_REPLACED = 2,
    DSB_GOAWAY_UNPAIRED = 3,
    DSB_GOAWAY_PROTOCOL = 4,
    DSB_GOAWAY_LIMIT = 5,
    DSB_GOAWAY_TIMEOUT = 6,
    DSB_GOAWAY_SHUTDOWN = 7,
};

#define DSB_PING_LEN 8

/* A frame as fields. Those that its kind does not have are zero. */
struct dsb_frame {
    enum dsb_frame_kind kind;
    uint32_t stream_id; /* 0 exactly for PING, PONG, GOAWAY and PAIR */
    uint32_t window;    /* OPEN, OPEN_ACK: the whole initial credit. WINDOW_UPDATE: the increment */
    uint32_t last_stream_id; /* GOAWAY: the last stream opened by the reader that is still served */
    uint16_t code;           /* RST, GOAWAY */
    uint8_t priority;        /* OPEN: 0, the highest, to 7 */
    bool ends_message;       /* DATA: the last frame of a message */
    bool grows_window;       /* WINDOW_UPDATE: credit beyond what was consumed (docs/adr/0003) */
    struct nx_bytes body;    /* OPEN: the name. DATA, PAIR: the payload. PING, PONG: 8 bytes.
                              * RST, GOAWAY: the reason, UTF-8 */
};

/* The first frame of `in`; `frame->body` borrows from it, `*used` is its length on the wire.
 * NX_OK; NX_WOULD_BLOCK: `in` is the beginning of a frame; NX_E_LIMIT: a payload over its kind's
 * maximum; NX_E_MALFORMED: anything else that is not a frame. Only NX_OK writes to `frame`, `used`.
 * An OPEN whose name is not UTF-8 is a frame: refusing it is the mux's business. */
NX_MUST_CHECK enum nx_status dsb_frame_decode(struct nx_bytes in, struct dsb_frame *frame,
                                              size_t *used);

/* The length of the payload that a head announces: of a frame over its limit, which is not decoded.
 * `in` has a whole head. */
uint32_t dsb_frame_payload_len(struct nx_bytes in);

/* What a DATA frame with that payload costs of credit, on both sides. */
static inline uint32_t dsb_frame_cost(uint32_t payload_len)
{
    return payload_len < DSB_CREDIT_FRAME_MIN ? DSB_CREDIT_FRAME_MIN : payload_len;
}

/* Append a frame.
 * NX_OK; NX_E_INVALID: no such frame can be (a length or field out of its bounds); NX_WOULD_BLOCK:
 * `out` has too little room. `out` is unchanged but for NX_OK. */
NX_MUST_CHECK enum nx_status dsb_frame_encode(const struct dsb_frame *frame, struct nx_writer *out);

/* Append the head of a DATA frame and lend the room for its payload, which the caller fills: the
 * way for bytes that wait in pieces. NULL, and `out` unchanged, when there is too little room. */
uint8_t *dsb_frame_encode_data(uint32_t stream_id, uint32_t payload_len, bool ends_message,
                               struct nx_writer *out);

/* The word for an RST code, for reasons and lists: "duplicate name". Never NULL. */
const char *dsb_rst_code_name(uint16_t code);

/* Likewise for GOAWAY codes. */
const char *dsb_goaway_code_name(uint16_t code);

#endif
