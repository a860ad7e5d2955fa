#include "core/base/chain.h"

#include "core/base/memory.h"

/* A block begins with the index of the next one; its bytes follow. */

static uint32_t block_cap(const struct nx_pool *pool)
{
    return pool->block_size - NX_CHAIN_BLOCK_HEAD;
}

static uint8_t *block_data(const struct nx_pool *pool, uint32_t index)
{
    return (uint8_t *)nx_pool_at(pool, index) + NX_CHAIN_BLOCK_HEAD;
}

static uint32_t next_of(const struct nx_pool *pool, uint32_t index)
{
    uint32_t next;

    memcpy(&next, nx_pool_at(pool, index), sizeof(next));
    return next;
}

static void set_next(const struct nx_pool *pool, uint32_t index, uint32_t next)
{
    memcpy(nx_pool_at(pool, index), &next, sizeof(next));
}

void nx_chain_init(struct nx_chain *chain)
{
    *chain = (struct nx_chain){.first = NX_POOL_NONE, .last = NX_POOL_NONE};
}

static void append_block(struct nx_chain *chain, struct nx_pool *pool)
{
    uint32_t index = nx_pool_take(pool);

    NX_CHECK(index != NX_POOL_NONE);
    set_next(pool, index, NX_POOL_NONE);
    if (chain->first == NX_POOL_NONE)
        chain->first = index;
    else
        set_next(pool, chain->last, index);
    chain->last = index;
    chain->last_len = 0;
}

bool nx_chain_has_room(const struct nx_chain *chain, const struct nx_pool *pool, size_t len)
{
    uint32_t cap = block_cap(pool);
    uint32_t room = chain->last == NX_POOL_NONE ? 0 : cap - chain->last_len;
    size_t beyond = len > room ? len - room : 0;

    return beyond <= (uint64_t)nx_pool_free_count(pool) * cap && len <= UINT32_MAX - chain->len;
}

enum nx_status nx_chain_push(struct nx_chain *chain, struct nx_pool *pool, struct nx_bytes bytes)
{
    if (!nx_chain_has_room(chain, pool, bytes.len))
        return NX_WOULD_BLOCK;

    uint32_t cap = block_cap(pool);
    while (bytes.len > 0) {
        if (chain->last == NX_POOL_NONE || chain->last_len == cap)
            append_block(chain, pool);

        uint32_t space = cap - chain->last_len;
        uint32_t part = bytes.len < space ? (uint32_t)bytes.len : space;
        memcpy(block_data(pool, chain->last) + chain->last_len, bytes.ptr, part);
        chain->last_len += part;
        chain->len += part;
        bytes = nx_bytes_skip(bytes, part);
    }
    return NX_OK;
}

struct nx_bytes nx_chain_peek(const struct nx_chain *chain, const struct nx_pool *pool)
{
    if (chain->len == 0)
        return nx_bytes_of(NULL, 0);

    uint32_t end = chain->first == chain->last ? chain->last_len : block_cap(pool);
    return nx_bytes_of(block_data(pool, chain->first) + chain->first_skip, end - chain->first_skip);
}

void nx_chain_drop(struct nx_chain *chain, struct nx_pool *pool, uint32_t count)
{
    NX_CHECK(count <= chain->len);

    chain->len -= count;
    chain->first_skip += count;
    while (chain->first != NX_POOL_NONE) {
        bool is_last = chain->first == chain->last;
        uint32_t end = is_last ? chain->last_len : block_cap(pool);

        if (chain->first_skip < end)
            return;

        uint32_t next = next_of(pool, chain->first);
        nx_pool_give(pool, chain->first);
        chain->first_skip -= end;
        chain->first = next;
        if (is_last)
            nx_chain_init(chain);
    }
}

void nx_chain_pull(struct nx_chain *chain, struct nx_pool *pool, uint8_t *out, uint32_t count)
{
    NX_CHECK(count <= chain->len);

    while (count > 0) {
        struct nx_bytes front = nx_chain_peek(chain, pool);
        uint32_t part = count < front.len ? count : (uint32_t)front.len;

        memcpy(out, front.ptr, part);
        nx_chain_drop(chain, pool, part);
        out += part;
        count -= part;
    }
}

void nx_chain_clear(struct nx_chain *chain, struct nx_pool *pool)
{
    nx_chain_drop(chain, pool, chain->len);
}
