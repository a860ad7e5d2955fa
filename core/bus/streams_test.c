#include "core/bus/streams.h"

#include "core/base/memory.h"
#include "tests/unit/unit.h"

enum {
    NODE = DSB_STREAMS_PER_SESSION_MAX + 8,
};

static const struct dsb_profile profile = {
    .name = "many",
    .stream_count_max = NODE,
    .stream_queue_max = 64,
    .grants_max = DSB_CREDIT_INITIAL,
    .queues_max = 64,
    .block_size = 1024,
    .keepalive_interval = {3},
    .keepalive_timeout = {9},
};

static uint64_t memory[131072];
static struct dsb_pools pools;
static struct dsb_streams ours;
static struct dsb_streams others; /* of another session of the same node */

static void begin(void)
{
    EXPECT_STATUS(dsb_pools_init(&pools, &profile, memory, sizeof(memory)), NX_OK);
    dsb_streams_init(&ours, &pools, &ours);
    dsb_streams_init(&others, &pools, &others);
}

/* Add a stream called by two letters of `number`. */
static enum nx_status add(struct dsb_streams *t, uint32_t id, uint32_t number, uint32_t *slot)
{
    const uint8_t name[2] = {(uint8_t)('a' + number / 26 % 26), (uint8_t)('a' + number % 26)};

    return dsb_streams_add(t, id, id % 2 == 1, nx_bytes_of(name, 2), slot);
}

static uint32_t added(uint32_t id, uint32_t number)
{
    uint32_t slot = DSB_SLOT_NONE;

    EXPECT_STATUS(add(&ours, id, number, &slot), NX_OK);
    return slot;
}

static void remove_stream(struct dsb_streams *t, uint32_t slot)
{
    dsb_streams_unindex(t, slot);
    dsb_streams_remove(t, slot);
}

static void index_rows(void)
{
    uint32_t slot;

    unit_row("a stream is found by its id, and by no other");
    begin();
    slot = added(3, 0);
    EXPECT_EQ(dsb_streams_find(&ours, 3), slot);
    EXPECT_EQ(dsb_streams_find(&ours, 2), DSB_SLOT_NONE);
    EXPECT_EQ(dsb_streams_find(&ours, 3 + 2 * DSB_STREAM_BUCKETS), DSB_SLOT_NONE);

    unit_row("ids that share a bucket are found each, in whatever order they leave");
    begin();
    uint32_t first = added(1, 0);
    uint32_t second = added(1 + 2 * DSB_STREAM_BUCKETS, 1);
    uint32_t third = added(1 + 4 * DSB_STREAM_BUCKETS, 2);
    remove_stream(&ours, second);
    EXPECT_EQ(dsb_streams_find(&ours, 1), first);
    EXPECT_EQ(dsb_streams_find(&ours, 1 + 2 * DSB_STREAM_BUCKETS), DSB_SLOT_NONE);
    EXPECT_EQ(dsb_streams_find(&ours, 1 + 4 * DSB_STREAM_BUCKETS), third);
    remove_stream(&ours, third);
    remove_stream(&ours, first);
    EXPECT_EQ(ours.indexed_count, 0);

    unit_row("a name is taken once per opener");
    begin();
    slot = added(1, 7);
    EXPECT_STATUS(add(&ours, 3, 7, &first), NX_E_EXISTS);
    EXPECT_STATUS(add(&ours, 2, 7, &second), NX_OK);
    EXPECT_EQ(ours.count, 2);

    unit_row("a name is free again when the wire no longer names its stream, the slot still held");
    dsb_streams_unindex(&ours, slot);
    EXPECT_STATUS(add(&ours, 5, 7, &third), NX_OK);
    EXPECT_EQ(ours.count, 3);
    EXPECT_EQ(ours.indexed_count, 2);

    unit_row("leaving the index twice is leaving it once");
    dsb_streams_unindex(&ours, slot);
    EXPECT_EQ(ours.indexed_count, 2);

    unit_row("a name of 64 bytes differs from one that differs in the last of them");
    begin();
    uint8_t name[DSB_STREAM_NAME_MAX];
    memset(name, 'n', sizeof(name));
    EXPECT_STATUS(dsb_streams_add(&ours, 1, true, nx_bytes_of(name, sizeof(name)), &slot), NX_OK);
    name[sizeof(name) - 1] = 'm';
    EXPECT_STATUS(dsb_streams_add(&ours, 3, true, nx_bytes_of(name, sizeof(name)), &slot), NX_OK);
    EXPECT_STATUS(dsb_streams_add(&ours, 5, true, nx_bytes_of(name, sizeof(name)), &slot),
                  NX_E_EXISTS);
}

static void limit_rows(void)
{
    uint32_t slot = 0;

    unit_row("128 streams a session, and not one more");
    begin();
    for (uint32_t i = 0; i < DSB_STREAMS_PER_SESSION_MAX; i++)
        EXPECT_STATUS(add(&ours, 2 * i + 1, i, &slot), NX_OK);
    EXPECT_STATUS(add(&ours, 999, 500, &slot), NX_E_LIMIT);

    unit_row("every one of 128 is found");
    for (uint32_t i = 0; i < DSB_STREAMS_PER_SESSION_MAX; i++) {
        uint32_t found = dsb_streams_find(&ours, 2 * i + 1);

        EXPECT(found != DSB_SLOT_NONE && dsb_streams_at(&ours, found)->id == 2 * i + 1);
    }

    unit_row("a full session takes nothing from another one but slots of the node");
    for (uint32_t i = 0; i < NODE - DSB_STREAMS_PER_SESSION_MAX; i++)
        EXPECT_STATUS(add(&others, 2 * i + 1, i, &slot), NX_OK);
    EXPECT_STATUS(add(&others, 999, 500, &slot), NX_E_LIMIT);

    unit_row("a slot given back is there for the next stream, of whichever session");
    remove_stream(&ours, dsb_streams_find(&ours, 1));
    EXPECT_STATUS(add(&others, 999, 500, &slot), NX_OK);
    EXPECT_EQ(pools.streams.used_count, NODE);

    unit_row("a stream that ended and is not released still counts");
    begin();
    for (uint32_t i = 0; i < DSB_STREAMS_PER_SESSION_MAX; i++) {
        EXPECT_STATUS(add(&ours, 2 * i + 1, i, &slot), NX_OK);
        dsb_streams_unindex(&ours, slot);
    }
    EXPECT_EQ(ours.indexed_count, 0);
    EXPECT_STATUS(add(&ours, 999, 500, &slot), NX_E_LIMIT);
    EXPECT_EQ(ours.count_high_water, DSB_STREAMS_PER_SESSION_MAX);
}

static void handle_rows(void)
{
    uint32_t slot;

    unit_row("a handle names its stream");
    begin();
    slot = added(1, 0);
    struct dsb_stream *s = dsb_streams_at(&ours, slot);
    struct dsb_stream_handle handle = dsb_stream_handle_of(slot, s);
    EXPECT(dsb_streams_resolve(&ours, handle) == s);

    unit_row("the zero handle names none");
    EXPECT(dsb_streams_resolve(&ours, (struct dsb_stream_handle){0}) == NULL);

    unit_row("a handle of another session of the node names none here");
    EXPECT(dsb_streams_resolve(&others, handle) == NULL);

    unit_row("a slot that no stream ever had is none, however large its number");
    EXPECT(dsb_streams_resolve(&ours, (struct dsb_stream_handle){slot + 1, handle.serial}) == NULL);
    EXPECT(dsb_streams_resolve(&ours, (struct dsb_stream_handle){UINT32_MAX, handle.serial}) ==
           NULL);

    unit_row("another serial than the slot's is none");
    EXPECT(dsb_streams_resolve(&ours, (struct dsb_stream_handle){slot, handle.serial + 1}) == NULL);

    unit_row("a handle is stale once its slot was given back");
    remove_stream(&ours, slot);
    EXPECT(dsb_streams_resolve(&ours, handle) == NULL);

    unit_row("a handle stays stale when the slot is used again");
    EXPECT_EQ(added(3, 0), slot);
    EXPECT(dsb_streams_resolve(&ours, handle) == NULL);
}

/* Who is in the list of control, by id, from the front. */
static void expect_list(const char *ids)
{
    uint32_t slot = ours.control.first;

    for (; *ids != '\0'; ids++) {
        if (!EXPECT(slot != DSB_SLOT_NONE))
            return;
        EXPECT_EQ(dsb_streams_at(&ours, slot)->id, *ids - '0');
        slot = dsb_streams_at(&ours, slot)->links[DSB_LIST_CONTROL].next;
    }
    EXPECT_EQ(slot, DSB_SLOT_NONE);
    if (ours.control.first == DSB_SLOT_NONE)
        EXPECT_EQ(ours.control.last, DSB_SLOT_NONE);
}

/* "+1" enters stream 1, "-1" takes it out; what the list is then. */
static const struct {
    const char *name;
    const char *moves;
    const char *list;
} lists[] = {
    {"an empty list", "", ""},
    {"who comes first stands first", "+1+3+5", "135"},
    {"entering twice keeps the place", "+1+3+1", "13"},
    {"leaving what one is not in changes nothing", "+1-3", "1"},
    {"the first leaves", "+1+3+5-1", "35"},
    {"the middle one leaves", "+1+3+5-3", "15"},
    {"the last leaves and another takes its place", "+1+3+5-5+7", "137"},
    {"the only one leaves", "+1-1", ""},
    {"who left comes back at the end", "+1+3-1+1", "31"},
};

static void list_rows(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(lists); i++) {
        unit_row(lists[i].name);
        begin();
        for (uint32_t id = 1; id <= 7; id += 2)
            added(id, id);
        for (const char *move = lists[i].moves; *move != '\0'; move += 2) {
            uint32_t slot = dsb_streams_find(&ours, (uint32_t)(move[1] - '0'));

            if (*move == '+')
                dsb_streams_enlist(&ours, slot, DSB_LIST_CONTROL);
            else
                dsb_streams_delist(&ours, slot, DSB_LIST_CONTROL);
        }
        expect_list(lists[i].list);
    }

    unit_row("a stream that is removed leaves every list it was in");
    begin();
    uint32_t slot = added(1, 0);
    for (int list = 0; list < DSB_LIST_COUNT; list++)
        dsb_streams_enlist(&ours, slot, (enum dsb_stream_list)list);
    remove_stream(&ours, slot);
    EXPECT_EQ(ours.all.first, DSB_SLOT_NONE);
    EXPECT_EQ(ours.ready[0].first, DSB_SLOT_NONE);
    EXPECT_EQ(ours.control.first, DSB_SLOT_NONE);
    EXPECT_EQ(ours.event.first, DSB_SLOT_NONE);
    EXPECT_EQ(pools.streams.used_count, 0);

    unit_row("each priority has a list of its own");
    begin();
    slot = added(1, 0);
    uint32_t low = added(3, 1);
    dsb_streams_at(&ours, low)->priority = 7;
    dsb_streams_enlist(&ours, slot, DSB_LIST_READY);
    dsb_streams_enlist(&ours, low, DSB_LIST_READY);
    EXPECT_EQ(ours.ready[0].first, slot);
    EXPECT_EQ(ours.ready[7].first, low);
}

UNIT_SUITE(streams_test)
{
    index_rows();
    limit_rows();
    handle_rows();
    list_rows();
}
