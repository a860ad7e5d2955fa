#include "core/base/pool.h"

#include "core/base/memory.h"

void nx_pool_init(struct nx_pool *pool, void *memory, uint32_t block_size, uint32_t block_count)
{
    NX_CHECK(block_size >= sizeof(uint32_t) && block_size % 8 == 0);
    NX_CHECK(block_count < NX_POOL_NONE);

    *pool = (struct nx_pool){
        .memory = memory,
        .block_size = block_size,
        .block_count = block_count,
        .free_head = NX_POOL_NONE,
    };
}

uint32_t nx_pool_take(struct nx_pool *pool)
{
    uint32_t index = pool->free_head;

    if (index != NX_POOL_NONE)
        memcpy(&pool->free_head, nx_pool_at(pool, index), sizeof(pool->free_head));
    else if (pool->fresh_index < pool->block_count)
        index = pool->fresh_index++;
    else
        return NX_POOL_NONE;

    pool->used_count++;
    if (pool->used_count > pool->high_water)
        pool->high_water = pool->used_count;
    return index;
}

void nx_pool_give(struct nx_pool *pool, uint32_t index)
{
    NX_CHECK(pool->used_count > 0);

    memcpy(nx_pool_at(pool, index), &pool->free_head, sizeof(pool->free_head));
    pool->free_head = index;
    pool->used_count--;
}

void *nx_pool_at(const struct nx_pool *pool, uint32_t index)
{
    NX_CHECK(index < pool->fresh_index);
    return pool->memory + (size_t)index * pool->block_size;
}
