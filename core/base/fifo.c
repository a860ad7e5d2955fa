#include "core/base/fifo.h"

#include "core/base/memory.h"

void nx_fifo_init(struct nx_fifo *fifo, void *memory, uint32_t item_size, uint32_t cap)
{
    NX_CHECK(item_size > 0 && cap > 0);
    *fifo = (struct nx_fifo){.memory = memory, .item_size = item_size, .cap = cap};
}

static uint8_t *slot(const struct nx_fifo *fifo, uint32_t position)
{
    uint64_t index = ((uint64_t)fifo->first + position) % fifo->cap;

    return fifo->memory + (size_t)index * fifo->item_size;
}

enum nx_status nx_fifo_push(struct nx_fifo *fifo, const void *item)
{
    if (fifo->count == fifo->cap)
        return NX_WOULD_BLOCK;

    memcpy(slot(fifo, fifo->count), item, fifo->item_size);
    fifo->count++;
    if (fifo->count > fifo->high_water)
        fifo->high_water = fifo->count;
    return NX_OK;
}

bool nx_fifo_pull(struct nx_fifo *fifo, void *item)
{
    if (fifo->count == 0)
        return false;

    memcpy(item, slot(fifo, 0), fifo->item_size);
    fifo->first = fifo->first + 1 == fifo->cap ? 0 : fifo->first + 1;
    fifo->count--;
    return true;
}

void *nx_fifo_at(const struct nx_fifo *fifo, uint32_t position)
{
    return position < fifo->count ? slot(fifo, position) : NULL;
}
