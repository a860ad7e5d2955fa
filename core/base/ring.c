#include "core/base/ring.h"

#include "core/base/memory.h"

void nx_ring_init(struct nx_ring *ring, void *memory, size_t cap)
{
    NX_CHECK(cap > 0);
    *ring = (struct nx_ring){.memory = memory, .cap = cap};
}

/* `count` places behind `place`, both within the memory, without a sum that could overflow. */
static size_t place_after(const struct nx_ring *ring, size_t place, size_t count)
{
    return count < ring->cap - place ? place + count : count - (ring->cap - place);
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

void nx_ring_peek(const struct nx_ring *ring, struct nx_bytes spans[2])
{
    size_t straight = smaller(ring->len, ring->cap - ring->first);

    spans[0] = nx_bytes_of(ring->memory + ring->first, straight);
    spans[1] = nx_bytes_of(ring->memory, ring->len - straight);
}

void nx_ring_drop(struct nx_ring *ring, size_t count)
{
    NX_CHECK(count <= ring->len);

    ring->len -= count;
    /* An empty ring begins anew, so that what comes next lies in one piece. */
    ring->first = ring->len == 0 ? 0 : place_after(ring, ring->first, count);
}

void nx_ring_reserve(struct nx_ring *ring, struct nx_ring_room rooms[2])
{
    size_t back = place_after(ring, ring->first, ring->len);
    size_t left = nx_ring_room_len(ring);
    size_t straight = smaller(left, ring->cap - back);

    rooms[0] = (struct nx_ring_room){ring->memory + back, straight};
    rooms[1] = (struct nx_ring_room){ring->memory, left - straight};
}

void nx_ring_commit(struct nx_ring *ring, size_t count)
{
    NX_CHECK(count <= nx_ring_room_len(ring));
    ring->len += count;
}

enum nx_status nx_ring_push(struct nx_ring *ring, struct nx_bytes bytes)
{
    struct nx_ring_room rooms[2];

    if (bytes.len > nx_ring_room_len(ring))
        return NX_WOULD_BLOCK;

    nx_ring_reserve(ring, rooms);
    for (size_t i = 0, at = 0; i < 2; i++) {
        size_t len = smaller(bytes.len - at, rooms[i].len);

        if (len > 0)
            memcpy(rooms[i].ptr, bytes.ptr + at, len);
        at += len;
    }
    nx_ring_commit(ring, bytes.len);
    return NX_OK;
}

size_t nx_ring_pull(struct nx_ring *ring, uint8_t *out, size_t cap)
{
    struct nx_bytes spans[2];
    size_t done = 0;

    nx_ring_peek(ring, spans);
    for (size_t i = 0; i < 2; i++) {
        size_t len = smaller(cap - done, spans[i].len);

        if (len > 0)
            memcpy(out + done, spans[i].ptr, len);
        done += len;
    }
    nx_ring_drop(ring, done);
    return done;
}
