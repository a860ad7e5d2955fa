/* Streams: those of one session; slots of the node's pool, found by id and by name, and the lists
 * that they wait in.
 *
 * Ids only grow and are never used again; slots and names are. Adding, finding and removing cost
 * the same for one stream and for DSB_STREAMS_PER_SESSION_MAX. */
#ifndef NX_CORE_BUS_STREAMS_H
#define NX_CORE_BUS_STREAMS_H

#include "core/bus/stream.h"

#define DSB_STREAM_BUCKETS 64 /* of each index; two streams a bucket when a session is full */

struct dsb_stream_queue {
    uint16_t first;
    uint16_t last;
};

struct dsb_streams {
    struct dsb_pools *pools;
    const void *session; /* the owner, to tell its slots from another session's */
    uint16_t count;      /* slots held */
    uint16_t count_high_water;
    uint16_t indexed_count; /* of those, that the wire may name */
    uint16_t by_id[DSB_STREAM_BUCKETS];
    uint16_t by_name[DSB_STREAM_BUCKETS];
    struct dsb_stream_queue ready[DSB_PRIORITY_COUNT];
    struct dsb_stream_queue all;
    struct dsb_stream_queue control;
    struct dsb_stream_queue event;
};

/* Keeps `pools` and, as a name only, `session`. */
void dsb_streams_init(struct dsb_streams *t, struct dsb_pools *pools, const void *session);

/* Take a slot for stream `id`, called `name` (1 to DSB_STREAM_NAME_MAX bytes), and enter it into the
 * indexes. Everything else of it is zero.
 * NX_OK, `*slot`; NX_E_LIMIT: the session or the node holds as many streams as it may;
 * NX_E_EXISTS: the same opener has a stream of that name. */
NX_MUST_CHECK enum nx_status dsb_streams_add(struct dsb_streams *t, uint32_t id, bool is_ours,
                                             struct nx_bytes name, uint32_t *slot);

struct dsb_stream *dsb_streams_at(const struct dsb_streams *t, uint32_t slot);

/* The slot of a stream that the wire may name, or DSB_SLOT_NONE. */
uint32_t dsb_streams_find(const struct dsb_streams *t, uint32_t id);

/* The stream that a handle names, or NULL when there is none any more. */
struct dsb_stream *dsb_streams_resolve(const struct dsb_streams *t,
                                       struct dsb_stream_handle handle);

/* The wire names it no longer: id and name leave the indexes, the slot stays. */
void dsb_streams_unindex(struct dsb_streams *t, uint32_t slot);

/* Give the slot back. It is in no index; it leaves its lists here. */
void dsb_streams_remove(struct dsb_streams *t, uint32_t slot);

/* Enter at the end of a list, unless it is there; leave it, unless it is not. */
void dsb_streams_enlist(struct dsb_streams *t, uint32_t slot, enum dsb_stream_list list);
void dsb_streams_delist(struct dsb_streams *t, uint32_t slot, enum dsb_stream_list list);

#endif
