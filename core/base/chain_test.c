#include "core/base/chain.h"
#include "tests/unit/unit.h"

enum {
    BLOCK_SIZE = 16, /* 8 bytes of content */
    BLOCK_COUNT = 4,
};

static uint64_t memory[BLOCK_SIZE * BLOCK_COUNT / 8];

enum op {
    END,
    PUSH,
    DROP,
};

static const struct {
    const char *name;
    struct {
        enum op op;
        uint32_t count;
        enum nx_status status;
        uint32_t len;       /* bytes in the chain afterwards */
        uint32_t used;      /* blocks of the pool afterwards */
        uint32_t front_len; /* bytes that lie together at the front */
    } steps[8];
} cases[] = {
    {"an empty chain holds no block", {{DROP, 0, NX_OK, 0, 0, 0}}},
    {"one byte takes one block, dropping it gives the block back",
     {{PUSH, 1, NX_OK, 1, 1, 1}, {DROP, 1, NX_OK, 0, 0, 0}}},
    {"a block filled to the brim takes no second one",
     {{PUSH, 8, NX_OK, 8, 1, 8}, {PUSH, 1, NX_OK, 9, 2, 8}}},
    {"bytes run over several blocks and come out in order",
     {{PUSH, 20, NX_OK, 20, 3, 8}, {DROP, 8, NX_OK, 12, 2, 8}, {DROP, 5, NX_OK, 7, 2, 3}}},
    {"the whole pool can be filled", {{PUSH, 32, NX_OK, 32, 4, 8}, {DROP, 32, NX_OK, 0, 0, 0}}},
    {"one byte too many changes nothing",
     {{PUSH, 33, NX_WOULD_BLOCK, 0, 0, 0},
      {PUSH, 30, NX_OK, 30, 4, 8},
      {PUSH, 3, NX_WOULD_BLOCK, 30, 4, 8},
      {PUSH, 2, NX_OK, 32, 4, 8}}},
    {"a block dropped from the front is there for the back",
     {{PUSH, 32, NX_OK, 32, 4, 8}, {DROP, 9, NX_OK, 23, 3, 7}, {PUSH, 8, NX_OK, 31, 4, 7}}},
};

UNIT_SUITE(chain_test)
{
    for (size_t i = 0; i < NX_COUNT_OF(cases); i++) {
        struct nx_pool pool;
        struct nx_chain chain;
        uint8_t pushed = 0; /* the bytes count upwards, so order shows */
        uint8_t dropped = 0;

        unit_row(cases[i].name);
        nx_pool_init(&pool, memory, BLOCK_SIZE, BLOCK_COUNT);
        nx_chain_init(&chain);
        for (size_t k = 0; k < 8 && cases[i].steps[k].op != END; k++) {
            uint32_t count = cases[i].steps[k].count;
            uint8_t bytes[64];

            if (cases[i].steps[k].op == PUSH) {
                for (uint32_t n = 0; n < count; n++)
                    bytes[n] = (uint8_t)(pushed + n);
                EXPECT_STATUS(nx_chain_push(&chain, &pool, nx_bytes_of(bytes, count)),
                              cases[i].steps[k].status);
                if (cases[i].steps[k].status == NX_OK)
                    pushed = (uint8_t)(pushed + count);
            } else {
                nx_chain_pull(&chain, &pool, bytes, count);
                for (uint32_t n = 0; n < count; n++)
                    EXPECT_EQ(bytes[n], (uint8_t)(dropped + n));
                dropped = (uint8_t)(dropped + count);
            }
            EXPECT_EQ(chain.len, cases[i].steps[k].len);
            EXPECT_EQ(pool.used_count, cases[i].steps[k].used);
            EXPECT_EQ(nx_chain_peek(&chain, &pool).len, cases[i].steps[k].front_len);
        }
    }

    unit_row("a chain counts to 4,294,967,295 and takes no byte that it could not count");
    struct nx_pool pool;
    struct nx_chain chain;
    nx_pool_init(&pool, memory, BLOCK_SIZE, BLOCK_COUNT);
    nx_chain_init(&chain);
    chain.len = UINT32_MAX - 1;
    EXPECT(nx_chain_has_room(&chain, &pool, 1));
    EXPECT(!nx_chain_has_room(&chain, &pool, 2));

    unit_row("clearing gives every block back");
    nx_chain_init(&chain);
    EXPECT_STATUS(nx_chain_push(&chain, &pool, nx_bytes_of("0123456789", 10)), NX_OK);
    nx_chain_clear(&chain, &pool);
    EXPECT_EQ(pool.used_count, 0);
    EXPECT_EQ(chain.len, 0);
}
