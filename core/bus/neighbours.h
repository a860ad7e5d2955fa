/* Neighbours: who is around, as a bounded table over memory that the owner lends.
 *
 *     index (keyed hash) --> neighbour ---- in the order heard:  oldest <-> … <-> newest
 *                                 \-------- in the second it ages out: a wheel of 512 seconds
 *
 * A stranger is in the table while it is present, and the one heard longest ago makes room for a new
 * one. A paired device stays until it is unpaired, present or not, and nothing makes it leave.
 *
 * Finding, adding, hearing, ageing and removing cost the same from ten to ten thousand neighbours;
 * the hash is keyed, so that nobody can pick ids that collide. Listing costs what the table holds.
 *
 * This is the table alone: what a beacon may do to it is decided in core/bus/discovery.h. */
#ifndef NX_CORE_BUS_NEIGHBOURS_H
#define NX_CORE_BUS_NEIGHBOURS_H

#include "core/base/siphash.h"
#include "core/bus/neighbour.h"

/* Seconds of the wheel: more than the longest TTL, a power of two. */
#define DSB_NEIGHBOURS_WHEEL 512

_Static_assert(DSB_BEACON_TTL_MAX_S + 1 < DSB_NEIGHBOURS_WHEEL, "every TTL fits on the wheel");

struct dsb_neighbours {
    struct dsb_neighbour *slots;
    uint32_t slot_count;
    uint32_t fresh_index; /* slots from here on were never used */
    uint32_t free_head;

    uint32_t *index; /* slot + 1, or 0; open addressing, linear probing */
    uint32_t index_mask;
    uint8_t hash_key[NX_SIPHASH_KEY_LEN];

    uint32_t used_count;
    uint32_t present_count;
    uint32_t paired_count;
    uint32_t oldest, newest; /* strangers, in the order heard */

    uint64_t wheel_s; /* nothing on the wheel lies before this second */
    uint64_t wheel_used[DSB_NEIGHBOURS_WHEEL / 64];
    uint32_t wheel[DSB_NEIGHBOURS_WHEEL];
};

/* Entries of index that `slot_count` neighbours need: the power of two that leaves half of it free. */
uint32_t dsb_neighbours_index_count(uint32_t slot_count);

/* An empty table. Keeps `slots` and `index`, which has dsb_neighbours_index_count(slot_count) entries;
 * `slot_count` is 1..2^30. Copies `hash_key`, 16 bytes that nobody outside knows. */
void dsb_neighbours_init(struct dsb_neighbours *t, struct dsb_neighbour *slots, uint32_t slot_count,
                         uint32_t *index, const uint8_t hash_key[NX_SIPHASH_KEY_LEN]);

/* The neighbour with that id, or NULL. Lent until it is removed. */
struct dsb_neighbour *dsb_neighbours_find(const struct dsb_neighbours *t, struct nx_bytes id);

/* A new stranger with that id (1..DSB_ID_TEXT_MAX bytes, not in the table), all else zero; NULL when
 * every slot is used. It is not present until it is heard. */
struct dsb_neighbour *dsb_neighbours_add(struct dsb_neighbours *t, struct nx_bytes id);

/* Takes it out; its memory is the table's again. */
void dsb_neighbours_remove(struct dsb_neighbours *t, struct dsb_neighbour *n);

/* The stranger heard longest ago; NULL when there are only paired ones. */
struct dsb_neighbour *dsb_neighbours_oldest(const struct dsb_neighbours *t);

/* The first whole second of the clock that is not before `now` + ttl_s: a TTL ends there. */
uint64_t dsb_neighbours_end_of(struct nx_instant now, uint32_t ttl_s);

/* It was heard: last seen `now`, the newest, and present until the second `expires_s`, which lies at
 * most DSB_BEACON_TTL_MAX_S + 1 away. Whatever had aged out at `now` was taken from
 * dsb_neighbours_expired before. */
void dsb_neighbours_heard(struct dsb_neighbours *t, struct dsb_neighbour *n, struct nx_instant now,
                          uint64_t expires_s);

/* It is no longer present; it stays in the table. */
void dsb_neighbours_lost(struct dsb_neighbours *t, struct dsb_neighbour *n);

/* Out of reach of `oldest`, or back in it as the newest. */
void dsb_neighbours_set_paired(struct dsb_neighbours *t, struct dsb_neighbour *n, bool is_paired);

/* One that is present and whose time is over, until it is lost or removed; NULL when there is none
 * (left). */
struct dsb_neighbour *dsb_neighbours_expired(struct dsb_neighbours *t, struct nx_instant now);

/* When the next one ages out; NX_NEVER when nobody is present. */
struct nx_instant dsb_neighbours_deadline(const struct dsb_neighbours *t);

/* The present ones, and `self` unless it is NULL, sorted by id, from the first above `after` (empty:
 * the first of all): at most `cap` of them, lent in `out` until the table changes. Answers how many. */
size_t dsb_neighbours_list(const struct dsb_neighbours *t, const struct dsb_neighbour *self,
                           struct nx_bytes after, const struct dsb_neighbour **out, size_t cap);

#endif
