#include "core/bus/streams.h"

#include "core/base/memory.h"

static const struct dsb_stream_queue empty_queue = {DSB_SLOT_NONE, DSB_SLOT_NONE};

void dsb_streams_init(struct dsb_streams *t, struct dsb_pools *pools, const void *session)
{
    *t = (struct dsb_streams){.pools = pools,
                              .session = session,
                              .all = empty_queue,
                              .control = empty_queue,
                              .event = empty_queue};
    for (size_t i = 0; i < DSB_STREAM_BUCKETS; i++) {
        t->by_id[i] = DSB_SLOT_NONE;
        t->by_name[i] = DSB_SLOT_NONE;
    }
    for (size_t i = 0; i < DSB_PRIORITY_COUNT; i++)
        t->ready[i] = empty_queue;
}

struct dsb_stream *dsb_streams_at(const struct dsb_streams *t, uint32_t slot)
{
    return nx_pool_at(&t->pools->streams, slot);
}

static uint16_t *id_bucket(struct dsb_streams *t, uint32_t id)
{
    return &t->by_id[(id >> 1) % DSB_STREAM_BUCKETS]; /* one opener's ids are all odd or all even */
}

static uint16_t *name_bucket(struct dsb_streams *t, struct nx_bytes name)
{
    uint32_t hash = 0x811c9dc5u; /* FNV-1a; a peer that makes them collide slows only itself */

    for (size_t i = 0; i < name.len; i++)
        hash = (hash ^ name.ptr[i]) * 0x01000193u;
    return &t->by_name[hash % DSB_STREAM_BUCKETS];
}

static struct nx_bytes name_of(const struct dsb_stream *s)
{
    return nx_bytes_of(s->name, s->name_len);
}

static bool name_is_taken(struct dsb_streams *t, bool is_ours, struct nx_bytes name)
{
    uint32_t slot = *name_bucket(t, name);

    while (slot != DSB_SLOT_NONE) {
        const struct dsb_stream *s = dsb_streams_at(t, slot);

        if (s->is_ours == is_ours && nx_bytes_equal(name_of(s), name))
            return true;
        slot = s->next_of_name;
    }
    return false;
}

enum nx_status dsb_streams_add(struct dsb_streams *t, uint32_t id, bool is_ours,
                               struct nx_bytes name, uint32_t *slot)
{
    NX_CHECK(name.len >= 1 && name.len <= DSB_STREAM_NAME_MAX);

    if (name_is_taken(t, is_ours, name))
        return NX_E_EXISTS;
    if (t->count >= DSB_STREAMS_PER_SESSION_MAX)
        return NX_E_LIMIT;
    uint32_t fresh = nx_pool_take(&t->pools->streams);
    if (fresh == NX_POOL_NONE)
        return NX_E_LIMIT;

    struct dsb_stream *s = dsb_streams_at(t, fresh);
    uint16_t *of_id = id_bucket(t, id);
    uint16_t *of_name = name_bucket(t, name);

    memset(s, 0, sizeof(*s));
    s->serial = t->pools->next_serial++;
    s->session = t->session;
    s->id = id;
    s->is_ours = is_ours;
    s->is_indexed = true;
    s->name_len = (uint8_t)name.len;
    memcpy(s->name, name.ptr, name.len);
    s->next_of_id = *of_id;
    *of_id = (uint16_t)fresh;
    s->next_of_name = *of_name;
    *of_name = (uint16_t)fresh;

    dsb_streams_enlist(t, fresh, DSB_LIST_ALL);
    t->indexed_count++;
    t->count++;
    if (t->count > t->count_high_water)
        t->count_high_water = t->count;
    *slot = fresh;
    return NX_OK;
}

uint32_t dsb_streams_find(const struct dsb_streams *t, uint32_t id)
{
    uint32_t slot = t->by_id[(id >> 1) % DSB_STREAM_BUCKETS];

    while (slot != DSB_SLOT_NONE && dsb_streams_at(t, slot)->id != id)
        slot = dsb_streams_at(t, slot)->next_of_id;
    return slot;
}

struct dsb_stream *dsb_streams_resolve(const struct dsb_streams *t, struct dsb_stream_handle handle)
{
    /* The pool's fresh blocks were never a stream; a free one has serial 0, a used one its own. */
    if (handle.serial == 0 || handle.slot >= t->pools->streams.fresh_index)
        return NULL;

    struct dsb_stream *s = dsb_streams_at(t, handle.slot);
    return s->serial == handle.serial && s->session == t->session ? s : NULL;
}

void dsb_streams_unindex(struct dsb_streams *t, uint32_t slot)
{
    struct dsb_stream *s = dsb_streams_at(t, slot);

    if (!s->is_indexed)
        return;

    uint16_t *link = id_bucket(t, s->id);
    while (*link != slot)
        link = &dsb_streams_at(t, *link)->next_of_id;
    *link = s->next_of_id;

    link = name_bucket(t, name_of(s));
    while (*link != slot)
        link = &dsb_streams_at(t, *link)->next_of_name;
    *link = s->next_of_name;
    s->is_indexed = false;
    t->indexed_count--;
}

void dsb_streams_remove(struct dsb_streams *t, uint32_t slot)
{
    struct dsb_stream *s = dsb_streams_at(t, slot);

    NX_CHECK(!s->is_indexed && t->count > 0);
    dsb_streams_delist(t, slot, DSB_LIST_READY);
    dsb_streams_delist(t, slot, DSB_LIST_CONTROL);
    dsb_streams_delist(t, slot, DSB_LIST_EVENT);
    dsb_streams_delist(t, slot, DSB_LIST_ALL);
    s->serial = 0;
    s->session = NULL;
    nx_pool_give(&t->pools->streams, slot);
    t->count--;
}

static struct dsb_stream_queue *queue_of(struct dsb_streams *t, const struct dsb_stream *s,
                                         enum dsb_stream_list list)
{
    switch (list) {
    case DSB_LIST_ALL:
        return &t->all;
    case DSB_LIST_READY:
        return &t->ready[s->priority];
    case DSB_LIST_CONTROL:
        return &t->control;
    case DSB_LIST_EVENT:
    case DSB_LIST_COUNT:
        break;
    }
    return &t->event;
}

void dsb_streams_enlist(struct dsb_streams *t, uint32_t slot, enum dsb_stream_list list)
{
    struct dsb_stream *s = dsb_streams_at(t, slot);
    struct dsb_stream_queue *queue = queue_of(t, s, list);

    if (s->links[list].is_in)
        return;

    s->links[list].is_in = true;
    s->links[list].previous = queue->last;
    s->links[list].next = DSB_SLOT_NONE;
    if (queue->last == DSB_SLOT_NONE)
        queue->first = (uint16_t)slot;
    else
        dsb_streams_at(t, queue->last)->links[list].next = (uint16_t)slot;
    queue->last = (uint16_t)slot;
}

void dsb_streams_delist(struct dsb_streams *t, uint32_t slot, enum dsb_stream_list list)
{
    struct dsb_stream *s = dsb_streams_at(t, slot);
    struct dsb_stream_queue *queue = queue_of(t, s, list);

    if (!s->links[list].is_in)
        return;

    uint16_t previous = s->links[list].previous;
    uint16_t next = s->links[list].next;

    s->links[list].is_in = false;
    if (previous == DSB_SLOT_NONE)
        queue->first = next;
    else
        dsb_streams_at(t, previous)->links[list].next = next;
    if (next == DSB_SLOT_NONE)
        queue->last = previous;
    else
        dsb_streams_at(t, next)->links[list].previous = previous;
}
