/* Outbox: what one stream's application has pushed and the peer has no credit for yet, or the link
 * no room.
 *
 * A stream of messages keeps each push as a part of its own, a stream of bytes runs them together.
 * The queue is bounded per stream and per node; a full one is NX_WOULD_BLOCK, and nothing that was
 * accepted is dropped but by abort. */
#ifndef NX_CORE_BUS_OUTBOX_H
#define NX_CORE_BUS_OUTBOX_H

#include "core/base/chain.h"
#include "core/bus/ledger.h"
#include "core/bus/pools.h"

struct dsb_outbox {
    struct nx_chain chain;
    struct nx_budget queue; /* accepted and unsent: stream, node */
    struct dsb_ledger ledger;
    uint32_t credit; /* what the peer lets us send */
    uint32_t part_left;
    uint32_t part_len;
    bool is_messages;
    bool in_part;
    bool part_ends_message;
};

/* `is_messages`: pushes keep their borders. Starts with DSB_CREDIT_INITIAL of credit. */
void dsb_outbox_init(struct dsb_outbox *out, struct dsb_pools *pools, bool is_messages);

/* Give back blocks and reservations. The ledger stays, to say what was not confirmed. */
void dsb_outbox_wipe(struct dsb_outbox *out, struct nx_pool *blocks);

/* Bytes that a push would be accepted for now. */
uint32_t dsb_outbox_room(const struct dsb_outbox *out);

/* How much of a push has to be accepted at once. */
enum dsb_push {
    DSB_PUSH_PART,  /* as much as there is room for; the message, if there are any, goes on */
    DSB_PUSH_LAST,  /* as much as there is room for; it ends a message if that was all */
    DSB_PUSH_WHOLE, /* a whole message or nothing */
};

/* Accept `bytes`, or as many as there is room for: `*taken`. Copies.
 * NX_OK: something was taken, or there was nothing to take; NX_WOULD_BLOCK: no room, nothing was;
 * NX_E_LIMIT: a whole message that no queue here can hold. */
NX_MUST_CHECK enum nx_status dsb_outbox_push(struct dsb_outbox *out, struct nx_pool *blocks,
                                             struct nx_bytes bytes, enum dsb_push push,
                                             size_t *taken);

/* Nothing waits to be sent. */
bool dsb_outbox_is_empty(const struct dsb_outbox *out);

/* Something waits and the peer lets it come. */
bool dsb_outbox_can_send(const struct dsb_outbox *out);

/* Append one DATA frame, as large as queue, credit and room allow. False: `writer` has too little
 * room left for a frame worth sending. Asks for dsb_outbox_can_send. */
bool dsb_outbox_write(struct dsb_outbox *out, struct nx_pool *blocks, uint32_t stream_id,
                      struct nx_writer *writer);

#endif
