/* Fifo: a queue of items of one size, over memory that the owner lends once.
 *
 *     struct dsb_event memory[16];
 *     nx_fifo_init(&fifo, memory, sizeof(memory[0]), NX_COUNT_OF(memory));
 *
 * Items are copied in and out. A full queue is an answer, and the most that ever waited is
 * remembered, for whoever sets the limit. */
#ifndef NX_CORE_BASE_FIFO_H
#define NX_CORE_BASE_FIFO_H

#include "core/base/status.h"

struct nx_fifo {
    uint8_t *memory;
    uint32_t item_size;
    uint32_t cap;
    uint32_t first;
    uint32_t count;
    uint32_t high_water; /* most items that waited at once so far */
};

/* Over `cap` items, at least 1, of `item_size` bytes at `memory`, which it keeps. Empty. */
void nx_fifo_init(struct nx_fifo *fifo, void *memory, uint32_t item_size, uint32_t cap);

/* Copy `*item` to the back. NX_OK; NX_WOULD_BLOCK: full, nothing changed. */
NX_MUST_CHECK enum nx_status nx_fifo_push(struct nx_fifo *fifo, const void *item);

/* Move the front to `*item`. False when there is none; `*item` is then untouched. */
bool nx_fifo_pull(struct nx_fifo *fifo, void *item);

/* The item at `position` from the front, lent until it is pulled; NULL when there are not so many. */
void *nx_fifo_at(const struct nx_fifo *fifo, uint32_t position);

#endif
