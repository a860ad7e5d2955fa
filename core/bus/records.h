/* Records: what a session's bytes are made of once the handshake is through (docs/contracts/wire.md
 * §3).
 *
 *     0            4                              4 + length
 *     +------------+----------------- - - - --+---------+
 *     | length, BE | ciphertext               | tag, 16 |        length 17..65,535
 *     +------------+----------------- - - - --+---------+
 *
 * Records are numbered from 0 in each direction, and neither number nor key travels: one that is
 * lost, doubled, moved or changed does not open, and nothing does after it. In a native session a
 * direction changes its key just before its records 65,536, 131,072, …; a v1 session never does and
 * ends at 2^32 records. Until the owner says what was agreed, one record each way is all there is:
 * the admission.
 *
 * Both ways work in place, in the caller's memory; nothing is copied and nothing is kept. */
#ifndef NX_CORE_BUS_RECORDS_H
#define NX_CORE_BUS_RECORDS_H

#include "core/base/limits.h"
#include "core/base/time.h"
#include "core/bus/noise.h"

enum dsb_records_protocol {
    DSB_RECORDS_ADMISSION,
    DSB_RECORDS_V1,
    DSB_RECORDS_NATIVE,
};

struct dsb_records {
    struct dsb_noise_cipher sending;
    struct dsb_noise_cipher receiving;
    enum dsb_records_protocol protocol;
    enum nx_status ended;         /* why nothing more opens; NX_OK: it does */
    struct nx_instant rest_until; /* when what has begun must be whole; NX_NEVER: nothing has */
};

/* Splits `handshake`, which keeps no secret.
 * NX_OK; NX_E_STATE: it is not DONE, and `r` is wiped. */
NX_MUST_CHECK enum nx_status dsb_records_init(struct dsb_records *r, struct dsb_noise *handshake);

/* Forgets the keys. From then on nothing opens or seals: NX_E_CLOSED. May be done twice. */
void dsb_records_wipe(struct dsb_records *r);

/* What admission agreed on, V1 or NATIVE; once. */
void dsb_records_admit(struct dsb_records *r, enum dsb_records_protocol protocol);

/* ---- sending --------------------------------------------------------------------------------- */

/* The place for the next record's plaintext inside the free room of `out`: at most `plain_max` bytes
 * of it, and never more than DSB_RECORD_PLAIN_MAX. No room at all when not one byte would fit.
 * `out` is unchanged; fill the place from its beginning, then seal. */
struct nx_writer dsb_records_room(const struct nx_writer *out, size_t plain_max);

/* Append to `out` the record of the `plain_len` bytes that were put into that place.
 * NX_OK; NX_E_INVALID: none, or more than there was place for; NX_E_STATE: the admission has been
 * said and not answered; NX_E_LIMIT: there is no number left, the session has to end; NX_E_CLOSED:
 * wiped. But for NX_OK nothing changed. */
NX_MUST_CHECK enum nx_status dsb_records_seal(struct dsb_records *r, size_t plain_len,
                                              struct nx_writer *out);

/* ---- receiving ------------------------------------------------------------------------------- */

/* The first record of the `in_len` bytes at `in`, opened where it lies: `plain` is lent from there
 * until that memory changes, `*used` is its length on the wire. What is not used is brought again,
 * longer.
 * NX_OK; NX_WOULD_BLOCK: it is not whole yet, and has to be DSB_RECORD_REST_S after it began.
 * Anything else is the end of receiving, answered from then on; what was to be sent still can be:
 * NX_E_MALFORMED: a length that holds no byte of plaintext, and NX_E_LIMIT: one over
 * DSB_RECORD_BODY_MAX, both told before the body is waited for; NX_E_CRYPTO: the tag does not hold;
 * NX_E_TIMEOUT; NX_E_STATE: a second record before admission; NX_E_LIMIT: no number is left;
 * NX_E_CLOSED: wiped. */
NX_MUST_CHECK enum nx_status dsb_records_open(struct dsb_records *r, struct nx_instant now,
                                              uint8_t *in, size_t in_len, struct nx_bytes *plain,
                                              size_t *used);

/* A later instant: what has begun may have taken too long, and receiving is over (r->ended). */
void dsb_records_tick(struct dsb_records *r, struct nx_instant now);

/* When `tick` next has something to do. */
struct nx_instant dsb_records_deadline(const struct dsb_records *r);

#endif
