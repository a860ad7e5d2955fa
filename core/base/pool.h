/* Pool: blocks of one size out of memory that the owner lends once.
 *
 * Blocks are named by index, which stays valid when a structure is copied or moved. The pool never
 * grows; an empty pool is an answer, not a failure. Taking and giving back cost the same at any
 * fill. */
#ifndef NX_CORE_BASE_POOL_H
#define NX_CORE_BASE_POOL_H

#include "core/base/status.h"

/* No block. */
#define NX_POOL_NONE UINT32_MAX

struct nx_pool {
    uint8_t *memory;
    uint32_t block_size;
    uint32_t block_count;
    uint32_t free_head;   /* the list of blocks given back, threaded through them */
    uint32_t fresh_index; /* blocks from here on were never taken: a large pool starts untouched */
    uint32_t used_count;
    uint32_t high_water; /* most blocks in use at once so far */
};

/* Over `block_count` blocks of `block_size` bytes at `memory`, aligned for whatever the owner keeps
 * in them; `block_size` is a multiple of 8. Keeps `memory`. */
void nx_pool_init(struct nx_pool *pool, void *memory, uint32_t block_size, uint32_t block_count);

/* The index of a block that nobody else has, content unspecified; NX_POOL_NONE when all are out. */
uint32_t nx_pool_take(struct nx_pool *pool);

/* Gives back a block that was taken. */
void nx_pool_give(struct nx_pool *pool, uint32_t index);

/* The memory of a block that is out. */
void *nx_pool_at(const struct nx_pool *pool, uint32_t index);

static inline uint32_t nx_pool_free_count(const struct nx_pool *pool)
{
    return pool->block_count - pool->used_count;
}

#endif
