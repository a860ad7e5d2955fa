/* Inbox: what one stream received and its application has not yet pulled, and the credit that lets
 * the peer send it.
 *
 *     window = credit (the peer may still send) + waiting (received) + consumed (not yet returned)
 *
 * The whole window is reserved from the budgets when it is granted, so what the peer may send
 * always has a place. It starts at DSB_CREDIT_INITIAL and doubles when the reader has consumed a
 * window's worth and caught up: a reader that keeps up is not held back by round trips, a slow one
 * holds no more than it started with. The *receiver* enforces credit. */
#ifndef NX_CORE_BUS_INBOX_H
#define NX_CORE_BUS_INBOX_H

#include "core/base/chain.h"
#include "core/base/limits.h"
#include "core/bus/pools.h"

struct dsb_inbox {
    struct nx_chain chain;    /* parts: a head of 4 bytes, and the payload of one DATA frame */
    struct nx_budget grant;   /* the window, reserved: stream, session, node */
    struct nx_budget *growth; /* the session's, for what lies beyond the initial window */
    uint32_t credit;          /* what the peer may still send */
    uint32_t return_due;      /* consumed and not yet returned */
    uint32_t growth_due;      /* added to the window and not yet granted */
    uint32_t consumed;        /* since the window last grew */
    uint32_t part_left;       /* of the part at the front */
    uint32_t part_len;
    bool in_part;
    bool part_ends_message;
};

/* Reserve and grant the initial window, below the session's budgets, which it keeps.
 * NX_OK; NX_E_LIMIT: some level has too little left. */
NX_MUST_CHECK enum nx_status dsb_inbox_init(struct dsb_inbox *in, struct nx_budget *session_grants,
                                            struct nx_budget *session_growth);

/* Give back blocks and reservations. What comes for this stream from now on has no place. */
void dsb_inbox_wipe(struct dsb_inbox *in, struct nx_pool *blocks);

/* A DATA frame arrived. Copies `payload`.
 * NX_OK; NX_E_LIMIT: it costs more than the peer has credit; NX_E_NO_MEMORY: no block is free. */
NX_MUST_CHECK enum nx_status dsb_inbox_put(struct dsb_inbox *in, struct nx_pool *blocks,
                                           struct nx_bytes payload, bool ends_message);

/* The next bytes that lie together, lent until `drop`, `put` or `wipe`. `*ends_message`: the last of
 * them is the last of a message, which may be empty.
 * NX_OK; NX_WOULD_BLOCK: nothing is here. */
NX_MUST_CHECK enum nx_status dsb_inbox_peek(struct dsb_inbox *in, struct nx_pool *blocks,
                                            struct nx_bytes *bytes, bool *ends_message);

/* The application took the first `count` of the bytes that `peek` lent just before. */
void dsb_inbox_drop(struct dsb_inbox *in, struct nx_pool *blocks, uint32_t count);

/* Everything received was taken. */
bool dsb_inbox_is_empty(const struct dsb_inbox *in);

/* Should a WINDOW_UPDATE be sent? At the latest when nothing waits any more. */
bool dsb_inbox_has_update(const struct dsb_inbox *in);

/* The increments to send now, which become credit: what was consumed, and what the window grew. */
uint32_t dsb_inbox_take_return(struct dsb_inbox *in);
uint32_t dsb_inbox_take_growth(struct dsb_inbox *in);

#endif
