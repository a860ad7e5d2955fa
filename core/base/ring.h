/* Ring: a queue of bytes over memory that the owner lends once.
 *
 *     memory   [ c c . . . a a a b b ]      first = 5, len = 7
 *                        |
 *                        front: "aaabb" is lent as one span, "cc" as the other
 *
 * What lies in it is seen as at most two spans, and so is the room that is left: a driver reads a
 * socket straight into a ring and writes one straight out of it. */
#ifndef NX_CORE_BASE_RING_H
#define NX_CORE_BASE_RING_H

#include "core/base/bytes.h"
#include "core/base/status.h"

struct nx_ring {
    uint8_t *memory;
    size_t cap;
    size_t first; /* where the front lies */
    size_t len;
};

/* Room to fill: `len` bytes at `ptr`, which the ring lends. */
struct nx_ring_room {
    uint8_t *ptr;
    size_t len;
};

/* Over `cap` bytes, at least 1, at `memory`, which it keeps. Empty. */
void nx_ring_init(struct nx_ring *ring, void *memory, size_t cap);

static inline size_t nx_ring_room_len(const struct nx_ring *ring)
{
    return ring->cap - ring->len;
}

/* Append a copy of `bytes`, all of them or none.
 * NX_OK; NX_WOULD_BLOCK: not enough room. */
NX_MUST_CHECK enum nx_status nx_ring_push(struct nx_ring *ring, struct nx_bytes bytes);

/* Copy up to `cap` bytes from the front to `out` and drop them; answers how many. */
size_t nx_ring_pull(struct nx_ring *ring, uint8_t *out, size_t cap);

/* What lies in it, from the front: spans[0], then spans[1] (empty unless it wraps around). Lent
 * until bytes are dropped or pulled. */
void nx_ring_peek(const struct nx_ring *ring, struct nx_bytes spans[2]);

/* Drop `count` bytes, at most `len`, from the front. */
void nx_ring_drop(struct nx_ring *ring, size_t count);

/* The room that is left, from the back, likewise in two. Lent until the next push or commit. */
void nx_ring_reserve(struct nx_ring *ring, struct nx_ring_room rooms[2]);

/* The first `count` bytes of the room, at most all of it, have been filled and now lie in it. */
void nx_ring_commit(struct nx_ring *ring, size_t count);

#endif
