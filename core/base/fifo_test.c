#include "core/base/fifo.h"
#include "tests/unit/unit.h"

struct item {
    uint32_t number;
    char letter;
};

UNIT_SUITE(fifo_test)
{
    struct item memory[3];
    struct item item = {0};
    struct nx_fifo fifo;

    nx_fifo_init(&fifo, memory, sizeof(memory[0]), NX_COUNT_OF(memory));

    unit_row("an empty queue gives nothing and leaves the output alone");
    item.number = 99;
    EXPECT(!nx_fifo_pull(&fifo, &item));
    EXPECT_EQ(item.number, 99);
    EXPECT(nx_fifo_at(&fifo, 0) == NULL);

    unit_row("as many items as the limit go in, one more does not");
    for (uint32_t i = 1; i <= 3; i++)
        EXPECT_STATUS(nx_fifo_push(&fifo, &(struct item){i, 'a'}), NX_OK);
    EXPECT_STATUS(nx_fifo_push(&fifo, &(struct item){4, 'a'}), NX_WOULD_BLOCK);
    EXPECT_EQ(fifo.count, 3);

    unit_row("what waits is seen in its order, and not beyond its end");
    for (uint32_t i = 0; i < 3; i++) {
        const struct item *seen = nx_fifo_at(&fifo, i);

        NEED(seen != NULL);
        EXPECT_EQ(seen->number, i + 1);
    }
    EXPECT(nx_fifo_at(&fifo, 3) == NULL);

    unit_row("items come out in the order they went in, around the end of the memory too");
    for (uint32_t i = 1; i <= 10; i++) {
        NEED(nx_fifo_pull(&fifo, &item));
        EXPECT_EQ(item.number, i);
        EXPECT_EQ(item.letter, 'a');
        EXPECT_STATUS(nx_fifo_push(&fifo, &(struct item){i + 3, 'a'}), NX_OK);
        EXPECT(fifo.first < 3); /* or it would run out of numbers one day */
    }
    EXPECT_EQ(((const struct item *)nx_fifo_at(&fifo, 2))->number, 13);

    unit_row("the most that waited is remembered");
    while (nx_fifo_pull(&fifo, &item))
        ;
    EXPECT_STATUS(nx_fifo_push(&fifo, &item), NX_OK);
    EXPECT_EQ(fifo.count, 1);
    EXPECT_EQ(fifo.high_water, 3);

    unit_row("a queue of one holds one");
    nx_fifo_init(&fifo, memory, sizeof(memory[0]), 1);
    EXPECT_STATUS(nx_fifo_push(&fifo, &(struct item){7, 'b'}), NX_OK);
    EXPECT_STATUS(nx_fifo_push(&fifo, &(struct item){8, 'b'}), NX_WOULD_BLOCK);
    EXPECT(nx_fifo_pull(&fifo, &item));
    EXPECT_EQ(item.number, 7);
    EXPECT_STATUS(nx_fifo_push(&fifo, &(struct item){8, 'b'}), NX_OK);
}
