/* Pairing messages: what the payload of one PAIR frame says (docs/contracts/pairing.md).
 *
 *     1 start     u8 mode, Ya[32]    typist -> owner
 *     2 share     Yb[32]             owner -> typist
 *     3 confirm   confA[32]          typist -> owner
 *     4 confirm   confB[32]          owner -> typist
 *     5 no        u8 code            either way; the last thing said */
#ifndef NX_CORE_BUS_PAIRING_MESSAGE_H
#define NX_CORE_BUS_PAIRING_MESSAGE_H

#include "core/base/bytes.h"
#include "core/base/limits.h"
#include "core/base/status.h"

enum dsb_pairing_message_kind {
    DSB_PAIRING_START = 1,
    DSB_PAIRING_SHARE = 2,
    DSB_PAIRING_CONFIRM_TYPIST = 3,
    DSB_PAIRING_CONFIRM_OWNER = 4,
    DSB_PAIRING_NO = 5,
};

/* Why not. */
enum dsb_pairing_no {
    DSB_PAIRING_NO_BUSY = 1,
    DSB_PAIRING_NO_WRONG_CODE = 2,
    DSB_PAIRING_NO_EXPIRED = 3, /* or spent */
    DSB_PAIRING_NO_UNSUPPORTED = 4,
    DSB_PAIRING_NO_CANCELLED = 5,
    DSB_PAIRING_NO_NOT_STORED = 6,
    DSB_PAIRING_NO_MALFORMED = 7,
};

/* The one mode of `start` there is: the digits are entered on the typist's side. */
#define DSB_PAIRING_MODE_ENTER 1

#define DSB_PAIRING_VALUE_LEN   32 /* a share or a confirmation */
#define DSB_PAIRING_MESSAGE_MAX (1 + 1 + DSB_PAIRING_VALUE_LEN)

_Static_assert(DSB_PAIRING_MESSAGE_MAX <= DSB_PAIR_PAYLOAD_MAX, "a message fits its frame");

struct dsb_pairing_message {
    enum dsb_pairing_message_kind kind;
    enum dsb_pairing_no no; /* NO alone */
    const uint8_t *value;   /* the others: DSB_PAIRING_VALUE_LEN bytes, borrowed */
};

/* NX_OK: `message` borrows from `payload`; NX_E_UNSUPPORTED: a start of another mode, whatever it
 * carries; NX_E_MALFORMED: anything else, one byte too many as well. Only NX_OK writes `message`.
 * */
NX_MUST_CHECK enum nx_status dsb_pairing_message_decode(struct nx_bytes payload,
                                                        struct dsb_pairing_message *message);

/* Append; a start gets the one mode there is. What does not fit shows as the writer's overflow. */
void dsb_pairing_message_encode(const struct dsb_pairing_message *message, struct nx_writer *out);

/* What a `no` from the other side is to the one who hears it: NX_E_DENIED for a wrong code. */
enum nx_status dsb_pairing_no_status(enum dsb_pairing_no no);

#endif
