#include "core/base/memory.h"
#include "core/base/pool.h"
#include "tests/unit/unit.h"

#define BLOCK_COUNT 4
#define BLOCK_SIZE  16

UNIT_SUITE(pool_test)
{
    static uint64_t memory[BLOCK_COUNT * BLOCK_SIZE / 8 + 1];
    uint8_t *bytes = (uint8_t *)memory;
    uint32_t taken[BLOCK_COUNT];
    struct nx_pool pool;

    memset(memory, 0x5a, sizeof(memory));
    nx_pool_init(&pool, memory, BLOCK_SIZE, BLOCK_COUNT);

    unit_row("a new pool has touched none of its memory");
    EXPECT_EQ(nx_pool_free_count(&pool), BLOCK_COUNT);
    for (size_t i = 0; i < sizeof(memory); i++)
        EXPECT(bytes[i] == 0x5a);

    unit_row("every block is given out once, each a place of its own");
    for (uint32_t i = 0; i < BLOCK_COUNT; i++) {
        taken[i] = nx_pool_take(&pool);
        NEED(taken[i] < BLOCK_COUNT);
        memset(nx_pool_at(&pool, taken[i]), (int)taken[i], BLOCK_SIZE);
    }
    for (uint32_t i = 0; i < BLOCK_COUNT; i++) {
        uint8_t want[BLOCK_SIZE];

        memset(want, (int)taken[i], sizeof(want));
        EXPECT_BYTES(nx_bytes_of(nx_pool_at(&pool, taken[i]), BLOCK_SIZE),
                     nx_bytes_of(want, BLOCK_SIZE));
        EXPECT(nx_pool_at(&pool, taken[i]) == bytes + (size_t)taken[i] * BLOCK_SIZE);
    }

    unit_row("one more than there are is none, and changes nothing");
    EXPECT_EQ(nx_pool_take(&pool), NX_POOL_NONE);
    EXPECT_EQ(pool.used_count, BLOCK_COUNT);
    EXPECT_EQ(pool.high_water, BLOCK_COUNT);

    unit_row("what is given back comes out again, the last first");
    nx_pool_give(&pool, taken[1]);
    nx_pool_give(&pool, taken[3]);
    nx_pool_give(&pool, taken[0]);
    EXPECT_EQ(nx_pool_free_count(&pool), 3);
    EXPECT_EQ(nx_pool_take(&pool), taken[0]);
    EXPECT_EQ(nx_pool_take(&pool), taken[3]);
    EXPECT_EQ(nx_pool_take(&pool), taken[1]);
    EXPECT_EQ(nx_pool_take(&pool), NX_POOL_NONE);

    unit_row("giving back leaves the other blocks alone");
    memset(nx_pool_at(&pool, 2), 0x22, BLOCK_SIZE);
    nx_pool_give(&pool, 1);
    nx_pool_give(&pool, 3);
    for (size_t i = 0; i < BLOCK_SIZE; i++)
        EXPECT(bytes[2 * BLOCK_SIZE + i] == 0x22);

    unit_row("the memory behind the last block is not the pool's");
    for (size_t i = BLOCK_COUNT * BLOCK_SIZE; i < sizeof(memory); i++)
        EXPECT(bytes[i] == 0x5a);

    unit_row("the most that was out is remembered, not what is out");
    EXPECT_EQ(pool.used_count, 2);
    EXPECT_EQ(pool.high_water, BLOCK_COUNT);

    unit_row("what came back is taken before what was never used");
    nx_pool_init(&pool, memory, BLOCK_SIZE, BLOCK_COUNT);
    taken[0] = nx_pool_take(&pool);
    nx_pool_give(&pool, taken[0]);
    EXPECT_EQ(nx_pool_take(&pool), taken[0]);
    EXPECT_EQ(pool.high_water, 1);

    unit_row("a pool of none gives none");
    nx_pool_init(&pool, NULL, BLOCK_SIZE, 0);
    EXPECT_EQ(nx_pool_take(&pool), NX_POOL_NONE);
}
