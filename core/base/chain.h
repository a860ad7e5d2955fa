/* Chain: a queue of bytes in blocks of a pool.
 *
 *     front                                    back
 *     [ .. a a a a ] -> [ b b b b b ] -> [ c c . . . ]
 *
 * An empty chain holds no block, so a thousand idle queues cost nothing but their heads. Besides
 * what it holds, a chain wastes less than one block at its front and one at its back; NX_CHAIN_WASTE
 * is that bound for whoever sizes the pool. */
#ifndef NX_CORE_BASE_CHAIN_H
#define NX_CORE_BASE_CHAIN_H

#include "core/base/bytes.h"
#include "core/base/pool.h"

/* What each block spends on the way to the next one, in bytes. */
#define NX_CHAIN_BLOCK_HEAD 8

/* Blocks that a chain may hold beyond the bytes in it. */
#define NX_CHAIN_WASTE 2

struct nx_chain {
    uint32_t first; /* blocks of the pool; NX_POOL_NONE when empty */
    uint32_t last;
    uint32_t first_skip; /* bytes of the first block already dropped */
    uint32_t last_len;   /* bytes of the last block in use */
    uint32_t len;        /* bytes in all */
};

void nx_chain_init(struct nx_chain *chain);

/* Would `len` more bytes fit? */
bool nx_chain_has_room(const struct nx_chain *chain, const struct nx_pool *pool, size_t len);

/* Append a copy of `bytes`, all of them or none.
 * NX_OK; NX_WOULD_BLOCK: the pool has too few blocks left. */
NX_MUST_CHECK enum nx_status nx_chain_push(struct nx_chain *chain, struct nx_pool *pool,
                                           struct nx_bytes bytes);

/* The first bytes that lie together, lent until the chain is changed; empty when the chain is. */
struct nx_bytes nx_chain_peek(const struct nx_chain *chain, const struct nx_pool *pool);

/* Drop `count` bytes, at most `len`, from the front. */
void nx_chain_drop(struct nx_chain *chain, struct nx_pool *pool, uint32_t count);

/* Copy `count` bytes, at most `len`, from the front to `out` and drop them. */
void nx_chain_pull(struct nx_chain *chain, struct nx_pool *pool, uint8_t *out, uint32_t count);

/* Give every block back. */
void nx_chain_clear(struct nx_chain *chain, struct nx_pool *pool);

#endif
