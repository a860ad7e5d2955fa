#include "core/bus/neighbours.h"

#include "core/base/memory.h"

#define NONE          UINT32_MAX
#define NS_PER_SECOND 1000000000u

uint32_t dsb_neighbours_index_count(uint32_t slot_count)
{
    uint32_t count = 2;

    NX_CHECK(slot_count >= 1 && slot_count <= (uint32_t)1 << 30);
    while (count < 2 * slot_count)
        count *= 2;
    return count;
}

void dsb_neighbours_init(struct dsb_neighbours *t, struct dsb_neighbour *slots, uint32_t slot_count,
                         uint32_t *index, const uint8_t hash_key[NX_SIPHASH_KEY_LEN])
{
    uint32_t index_count = dsb_neighbours_index_count(slot_count);

    *t = (struct dsb_neighbours){
        .slots = slots,
        .slot_count = slot_count,
        .free_head = NONE,
        .index = index,
        .index_mask = index_count - 1,
        .oldest = NONE,
        .newest = NONE,
    };
    memcpy(t->hash_key, hash_key, NX_SIPHASH_KEY_LEN);
    memset(index, 0, (size_t)index_count * sizeof(*index));
    for (size_t i = 0; i < DSB_NEIGHBOURS_WHEEL; i++)
        t->wheel[i] = NONE;
}

static uint32_t slot_of(const struct dsb_neighbours *t, const struct dsb_neighbour *n)
{
    return (uint32_t)(n - t->slots);
}

/* ---- the index ------------------------------------------------------------------------------ */

/* Where that id stands in the index, or the free entry where it would. Half of it is always free. */
static uint32_t probe(const struct dsb_neighbours *t, uint64_t hash, struct nx_bytes id)
{
    uint32_t at = (uint32_t)hash & t->index_mask;

    for (; t->index[at] != 0; at = (at + 1) & t->index_mask) {
        const struct dsb_neighbour *n = &t->slots[t->index[at] - 1];

        if (n->hash == hash && nx_bytes_equal(dsb_neighbour_id(n), id))
            break;
    }
    return at;
}

/* Frees an entry and moves back those behind it that it had pushed on, so that no chain breaks. */
static void unindex(struct dsb_neighbours *t, uint32_t hole)
{
    t->index[hole] = 0;
    for (uint32_t at = (hole + 1) & t->index_mask; t->index[at] != 0;
         at = (at + 1) & t->index_mask) {
        uint32_t home = (uint32_t)t->slots[t->index[at] - 1].hash & t->index_mask;

        /* The hole lies on its way from home to here. */
        if (((at - home) & t->index_mask) >= ((at - hole) & t->index_mask)) {
            t->index[hole] = t->index[at];
            t->index[at] = 0;
            hole = at;
        }
    }
}

/* ---- the order heard, strangers only --------------------------------------------------------- */

static void heard_unlink(struct dsb_neighbours *t, struct dsb_neighbour *n)
{
    if (n->heard_before == NONE)
        t->oldest = n->heard_after;
    else
        t->slots[n->heard_before].heard_after = n->heard_after;
    if (n->heard_after == NONE)
        t->newest = n->heard_before;
    else
        t->slots[n->heard_after].heard_before = n->heard_before;
}

static void heard_append(struct dsb_neighbours *t, struct dsb_neighbour *n)
{
    n->heard_before = t->newest;
    n->heard_after = NONE;
    if (t->newest == NONE)
        t->oldest = slot_of(t, n);
    else
        t->slots[t->newest].heard_after = slot_of(t, n);
    t->newest = slot_of(t, n);
}

/* ---- the wheel ------------------------------------------------------------------------------- */

static void wheel_unlink(struct dsb_neighbours *t, struct dsb_neighbour *n)
{
    uint32_t spoke = (uint32_t)(n->expires_s % DSB_NEIGHBOURS_WHEEL);

    if (n->wheel_before == NONE)
        t->wheel[spoke] = n->wheel_after;
    else
        t->slots[n->wheel_before].wheel_after = n->wheel_after;
    if (n->wheel_after != NONE)
        t->slots[n->wheel_after].wheel_before = n->wheel_before;
    if (t->wheel[spoke] == NONE)
        t->wheel_used[spoke / 64] &= ~((uint64_t)1 << spoke % 64);
}

static void wheel_link(struct dsb_neighbours *t, struct dsb_neighbour *n)
{
    uint32_t spoke = (uint32_t)(n->expires_s % DSB_NEIGHBOURS_WHEEL);

    n->wheel_before = NONE;
    n->wheel_after = t->wheel[spoke];
    if (n->wheel_after != NONE)
        t->slots[n->wheel_after].wheel_before = slot_of(t, n);
    t->wheel[spoke] = slot_of(t, n);
    t->wheel_used[spoke / 64] |= (uint64_t)1 << spoke % 64;
}

/* The first second from wheel_s on at which somebody ages out; UINT64_MAX when nobody does. */
static uint64_t next_second(const struct dsb_neighbours *t)
{
    uint32_t step = 0;

    while (step < DSB_NEIGHBOURS_WHEEL) {
        uint32_t spoke = (uint32_t)((t->wheel_s + step) % DSB_NEIGHBOURS_WHEEL);
        uint64_t rest = t->wheel_used[spoke / 64] >> spoke % 64;

        if ((rest & 1) != 0)
            return t->wheel_s + step;
        step += rest == 0 ? 64 - spoke % 64 : 1;
    }
    return UINT64_MAX;
}

struct dsb_neighbour *dsb_neighbours_expired(struct dsb_neighbours *t, struct nx_instant now)
{
    uint64_t now_s = now.ns / NS_PER_SECOND;
    uint64_t next_s = next_second(t);

    if (next_s > now_s) {
        if (t->wheel_s < now_s)
            t->wheel_s = now_s;
        return NULL;
    }
    t->wheel_s = next_s;
    return &t->slots[t->wheel[next_s % DSB_NEIGHBOURS_WHEEL]];
}

struct nx_instant dsb_neighbours_deadline(const struct dsb_neighbours *t)
{
    uint64_t next_s = next_second(t);

    if (next_s > UINT64_MAX / NS_PER_SECOND)
        return NX_NEVER;
    return (struct nx_instant){next_s * NS_PER_SECOND};
}

/* ---- verbs ----------------------------------------------------------------------------------- */

struct dsb_neighbour *dsb_neighbours_find(const struct dsb_neighbours *t, struct nx_bytes id)
{
    uint32_t entry = t->index[probe(t, nx_siphash(t->hash_key, id), id)];

    return entry == 0 ? NULL : &t->slots[entry - 1];
}

static uint32_t take_slot(struct dsb_neighbours *t)
{
    uint32_t slot = t->free_head;

    if (slot != NONE)
        t->free_head = t->slots[slot].heard_after;
    else if (t->fresh_index < t->slot_count)
        slot = t->fresh_index++;
    return slot;
}

struct dsb_neighbour *dsb_neighbours_add(struct dsb_neighbours *t, struct nx_bytes id)
{
    uint64_t hash = nx_siphash(t->hash_key, id);
    uint32_t at = probe(t, hash, id);
    uint32_t slot = take_slot(t);

    NX_CHECK(id.len >= 1 && id.len <= DSB_ID_TEXT_MAX && t->index[at] == 0);
    if (slot == NONE)
        return NULL;

    struct dsb_neighbour *n = &t->slots[slot];
    memset(n, 0, sizeof(*n));
    memcpy(n->id, id.ptr, id.len);
    n->id_len = (uint8_t)id.len;
    n->hash = hash;
    t->index[at] = slot + 1;
    t->used_count++;
    heard_append(t, n);
    return n;
}

void dsb_neighbours_remove(struct dsb_neighbours *t, struct dsb_neighbour *n)
{
    dsb_neighbours_lost(t, n);
    if (n->is_paired)
        t->paired_count--;
    else
        heard_unlink(t, n);
    unindex(t, probe(t, n->hash, dsb_neighbour_id(n)));
    t->used_count--;
    n->heard_after = t->free_head;
    t->free_head = slot_of(t, n);
}

struct dsb_neighbour *dsb_neighbours_oldest(const struct dsb_neighbours *t)
{
    return t->oldest == NONE ? NULL : &t->slots[t->oldest];
}

uint64_t dsb_neighbours_end_of(struct nx_instant now, uint32_t ttl_s)
{
    struct nx_instant end = nx_instant_after(now, nx_seconds(ttl_s));

    return end.ns / NS_PER_SECOND + (end.ns % NS_PER_SECOND != 0);
}

void dsb_neighbours_heard(struct dsb_neighbours *t, struct dsb_neighbour *n, struct nx_instant now,
                          uint64_t expires_s)
{
    NX_CHECK(expires_s >= t->wheel_s && expires_s - t->wheel_s < DSB_NEIGHBOURS_WHEEL);

    dsb_neighbours_lost(t, n);
    n->expires_s = expires_s;
    n->is_present = true;
    n->last_seen = now;
    t->present_count++;
    wheel_link(t, n);
    if (!n->is_paired) {
        heard_unlink(t, n);
        heard_append(t, n);
    }
}

void dsb_neighbours_lost(struct dsb_neighbours *t, struct dsb_neighbour *n)
{
    if (!n->is_present)
        return;
    n->is_present = false;
    t->present_count--;
    wheel_unlink(t, n);
}

void dsb_neighbours_set_paired(struct dsb_neighbours *t, struct dsb_neighbour *n, bool is_paired)
{
    if (n->is_paired == is_paired)
        return;
    n->is_paired = is_paired;
    if (is_paired) {
        heard_unlink(t, n);
        t->paired_count++;
    } else {
        heard_append(t, n);
        t->paired_count--;
    }
}

/* ---- listing: the smallest `cap` ids in a heap with the largest on top, then sorted ----------- */

static bool sorts_before(const struct dsb_neighbour *a, const struct dsb_neighbour *b)
{
    return nx_bytes_compare(dsb_neighbour_id(a), dsb_neighbour_id(b)) < 0;
}

static void sink(const struct dsb_neighbour **heap, size_t count, size_t at)
{
    const struct dsb_neighbour *n = heap[at];

    for (size_t child = 2 * at + 1; child < count; child = 2 * at + 1) {
        if (child + 1 < count && sorts_before(heap[child], heap[child + 1]))
            child++;
        if (!sorts_before(n, heap[child]))
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = n;
}

static void rise(const struct dsb_neighbour **heap, size_t at)
{
    const struct dsb_neighbour *n = heap[at];

    for (; at > 0 && sorts_before(heap[(at - 1) / 2], n); at = (at - 1) / 2)
        heap[at] = heap[(at - 1) / 2];
    heap[at] = n;
}

static size_t offer(const struct dsb_neighbour **heap, size_t count, size_t cap,
                    const struct dsb_neighbour *n)
{
    if (count < cap) {
        heap[count] = n;
        rise(heap, count);
        return count + 1;
    }
    if (count > 0 && sorts_before(n, heap[0])) {
        heap[0] = n;
        sink(heap, count, 0);
    }
    return count;
}

size_t dsb_neighbours_list(const struct dsb_neighbours *t, const struct dsb_neighbour *self,
                           struct nx_bytes after, const struct dsb_neighbour **out, size_t cap)
{
    size_t count = 0;

    if (self != NULL && nx_bytes_compare(dsb_neighbour_id(self), after) > 0)
        count = offer(out, count, cap, self);
    for (uint32_t i = 0; i < t->fresh_index; i++) {
        const struct dsb_neighbour *n = &t->slots[i];

        if (n->is_present && nx_bytes_compare(dsb_neighbour_id(n), after) > 0)
            count = offer(out, count, cap, n);
    }

    for (size_t left = count; left > 1; left--) {
        const struct dsb_neighbour *largest = out[0];

        out[0] = out[left - 1];
        out[left - 1] = largest;
        sink(out, left - 1, 0);
    }
    return count;
}
