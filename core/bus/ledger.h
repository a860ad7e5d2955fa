/* Ledger: what an application has pushed into a stream, and how much of it is known to have arrived.
 *
 *     accepted >= sent >= confirmed
 *
 * *Accepted* means that push answered NX_OK. *Confirmed* means that the peer's application pulled
 * it: returned credit covers it. Credit counts frames (a small one costs 64), people count bytes and
 * messages; the ledger remembers sent frames in a few runs and confirms a run when its whole cost
 * has come back. A run may hold many frames, so `confirmed` may lag behind what the peer pulled; it
 * is never ahead of it, and equal once all credit is back.
 * (docs/contracts/streams.md, "accepted, confirmed") */
#ifndef NX_CORE_BUS_LEDGER_H
#define NX_CORE_BUS_LEDGER_H

#include "core/base/status.h"

#define DSB_LEDGER_RUNS 8

struct dsb_amount {
    uint64_t bytes;
    uint64_t messages;
};

struct dsb_ledger {
    struct dsb_amount accepted;
    struct dsb_amount confirmed;
    uint32_t outstanding_cost; /* of frames sent and not yet returned */
    uint32_t returned_cost;    /* towards the first run */
    uint8_t first_run;
    uint8_t run_count;
    struct {
        uint32_t cost;
        uint32_t bytes;
        uint32_t messages;
    } runs[DSB_LEDGER_RUNS];
};

void dsb_ledger_init(struct dsb_ledger *l);

/* Push answered NX_OK for `bytes` more, ending `messages` messages. */
void dsb_ledger_accept(struct dsb_ledger *l, uint64_t bytes, uint64_t messages);

/* A frame of `bytes` left, at `cost` of credit, ending a message or not. */
void dsb_ledger_sent(struct dsb_ledger *l, uint32_t cost, uint32_t bytes, bool ends_message);

/* The peer returned `cost` of credit.
 * NX_OK; NX_E_LIMIT: more than is outstanding, nothing was changed. */
NX_MUST_CHECK enum nx_status dsb_ledger_return(struct dsb_ledger *l, uint32_t cost);

/* Accepted and not confirmed. */
struct dsb_amount dsb_ledger_unconfirmed(const struct dsb_ledger *l);

#endif
