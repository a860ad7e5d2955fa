#include "core/store/memory.h"

#include "tests/unit/unit.h"

#define VALUE_CAP 8
#define HELD_CAP  3

static const struct {
    const char *name;
    enum nx_store_fault fault;
    const char *before, *put; /* before: NULL for none */
    const char *after;        /* NULL: nothing there */
    bool is_answered;
    enum nx_status status;
} faults[] = {
    {"without a fault the new value is there and answered", NX_STORE_FAULT_NONE, "old", "newer",
     "newer", true, NX_OK},
    {"a shorter value leaves nothing of a longer one", NX_STORE_FAULT_NONE, "longer", "new", "new",
     true, NX_OK},
    {"a refused write is answered, and the old value stays", NX_STORE_FAULT_REFUSED, "old", "new",
     "old", true, NX_E_NO_SPACE},
    {"a refused first write leaves nothing", NX_STORE_FAULT_REFUSED, NULL, "new", NULL, true,
     NX_E_NO_SPACE},
    {"power lost before a write leaves the old value and no answer", NX_STORE_FAULT_CUT_BEFORE,
     "old", "new", "old", false, NX_OK},
    {"power lost after a write leaves the new value and no answer", NX_STORE_FAULT_CUT_AFTER, "old",
     "new", "new", false, NX_OK},
    {"power lost in a write leaves half of each", NX_STORE_FAULT_CUT_TORN, "OLDER", "newest",
     "newER", false, NX_OK},
    {"power lost in a first write leaves half of it", NX_STORE_FAULT_CUT_TORN, NULL, "newest",
     "new", false, NX_OK},
};

struct bench {
    struct nx_store store;
    struct nx_store_memory memory;
    uint8_t waiting[4 * VALUE_CAP];
    uint8_t held[HELD_CAP * VALUE_CAP];
};

static void begin(struct bench *b)
{
    nx_store_init(&b->store, b->waiting, VALUE_CAP, 4);
    nx_store_memory_init(&b->memory, b->held, VALUE_CAP, HELD_CAP);
}

static void expect_loaded(const struct bench *b, const char *key, const char *text)
{
    uint8_t bytes[VALUE_CAP];
    struct nx_writer value = nx_writer_over(bytes, sizeof(bytes));

    EXPECT_STATUS(nx_store_memory_load(&b->memory, key, &value), text ? NX_OK : NX_E_NOT_FOUND);
    EXPECT_BYTES(nx_writer_bytes(&value), nx_bytes_of_text(text ? text : ""));
}

/* One write through store and driver: its status as the machine hears it. */
static enum nx_status finish(struct bench *b)
{
    struct nx_store_event event = {.status = NX_E_TIMEOUT};

    EXPECT(nx_store_memory_step(&b->memory, &b->store));
    EXPECT(nx_store_event(&b->store, &event));
    return event.status;
}

static enum nx_status put(struct bench *b, const char *key, const char *value)
{
    EXPECT_STATUS(nx_store_put(&b->store, key, nx_bytes_of_text(value), NULL), NX_OK);
    return finish(b);
}

static enum nx_status set_aside(struct bench *b, const char *key)
{
    EXPECT_STATUS(nx_store_aside(&b->store, key, NULL), NX_OK);
    return finish(b);
}

static enum nx_status remove_value(struct bench *b, const char *key)
{
    EXPECT_STATUS(nx_store_remove(&b->store, key, NULL), NX_OK);
    return finish(b);
}

static void rows_of_faults(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(faults); i++) {
        struct nx_store_event event;
        struct bench b;

        unit_row(faults[i].name);
        begin(&b);
        if (faults[i].before != NULL)
            EXPECT_STATUS(put(&b, "a", faults[i].before), NX_OK);
        nx_store_memory_plan(&b.memory, 1, faults[i].fault, faults[i].status);
        EXPECT_STATUS(nx_store_put(&b.store, "a", nx_bytes_of_text(faults[i].put), NULL), NX_OK);
        EXPECT(nx_store_memory_step(&b.memory, &b.store));
        EXPECT_EQ(nx_store_event(&b.store, &event), faults[i].is_answered);
        if (faults[i].is_answered)
            EXPECT_STATUS(event.status, faults[i].status);
        nx_store_memory_restart(&b.memory);
        expect_loaded(&b, "a", faults[i].after);
    }
}

static void rows_of_plans(void)
{
    struct bench b;

    unit_row("the third write from now is the one that meets the fault, and the only one");
    begin(&b);
    nx_store_memory_plan(&b.memory, 3, NX_STORE_FAULT_REFUSED, NX_E_IO);
    EXPECT_STATUS(put(&b, "a", "1"), NX_OK);
    EXPECT_STATUS(put(&b, "a", "2"), NX_OK);
    EXPECT_STATUS(put(&b, "a", "3"), NX_E_IO);
    EXPECT_STATUS(put(&b, "a", "4"), NX_OK);
    expect_loaded(&b, "a", "4");

    unit_row("without power nothing is taken, and a restart serves a fresh store");
    nx_store_memory_plan(&b.memory, 1, NX_STORE_FAULT_CUT_BEFORE, NX_OK);
    EXPECT_STATUS(nx_store_put(&b.store, "a", nx_bytes_of_text("5"), NULL), NX_OK);
    EXPECT(nx_store_memory_step(&b.memory, &b.store));
    EXPECT_STATUS(nx_store_put(&b.store, "b", nx_bytes_of_text("6"), NULL), NX_OK);
    EXPECT(!nx_store_memory_step(&b.memory, &b.store));
    nx_store_memory_restart(&b.memory);
    nx_store_init(&b.store, b.waiting, VALUE_CAP, 4);
    EXPECT_STATUS(put(&b, "b", "7"), NX_OK);
    expect_loaded(&b, "a", "4");
    expect_loaded(&b, "b", "7");
}

static void rows_of_aside(void)
{
    uint8_t bytes[VALUE_CAP];
    struct nx_writer value = nx_writer_over(bytes, sizeof(bytes));
    struct nx_bytes kept = {NULL, 0};
    struct bench b;

    begin(&b);
    unit_row("what is set aside is kept, and its key is damaged, not unknown");
    EXPECT_STATUS(put(&b, "a", "bad 1"), NX_OK);
    EXPECT_STATUS(set_aside(&b, "a"), NX_OK);
    EXPECT_STATUS(nx_store_memory_load(&b.memory, "a", &value), NX_E_MALFORMED);
    EXPECT_STATUS(nx_store_memory_find(&b.memory, "a.bad", &kept), NX_OK);
    EXPECT_BYTES(kept, nx_bytes_of_text("bad 1"));

    unit_row("the second thing set aside does not overwrite the first");
    EXPECT_STATUS(put(&b, "a", "bad 2"), NX_OK);
    expect_loaded(&b, "a", "bad 2");
    EXPECT_STATUS(set_aside(&b, "a"), NX_OK);
    EXPECT_STATUS(nx_store_memory_find(&b.memory, "a.bad", &kept), NX_OK);
    EXPECT_BYTES(kept, nx_bytes_of_text("bad 1"));
    EXPECT_STATUS(nx_store_memory_find(&b.memory, "a.bad-2", &kept), NX_OK);
    EXPECT_BYTES(kept, nx_bytes_of_text("bad 2"));

    unit_row("nothing cannot be set aside");
    EXPECT_STATUS(set_aside(&b, "a"), NX_E_NOT_FOUND);

    unit_row("a removed value is gone, and removing it again is fine");
    EXPECT_STATUS(put(&b, "c", "1"), NX_OK);
    EXPECT_STATUS(remove_value(&b, "c"), NX_OK);
    expect_loaded(&b, "c", NULL);
    EXPECT_STATUS(remove_value(&b, "c"), NX_OK);
}

static void rows_of_bounds(void)
{
    uint8_t bytes[VALUE_CAP - 1];
    struct nx_writer value = nx_writer_over(bytes, sizeof(bytes));
    uint8_t small[HELD_CAP * (VALUE_CAP - 1)];
    struct bench b;

    begin(&b);
    unit_row("as many values are held as there is room for");
    EXPECT_STATUS(put(&b, "a", "1"), NX_OK);
    EXPECT_STATUS(put(&b, "b", "1"), NX_OK);
    EXPECT_STATUS(put(&b, "c", "1"), NX_OK);

    unit_row("one more is no space, and a held one can still change");
    EXPECT_STATUS(put(&b, "d", "1"), NX_E_NO_SPACE);
    EXPECT_STATUS(put(&b, "c", "12345678"), NX_OK);
    expect_loaded(&b, "c", "12345678");

    unit_row("a reader with less room than the value is told so and gets nothing");
    EXPECT_STATUS(nx_store_memory_load(&b.memory, "c", &value), NX_E_LIMIT);
    EXPECT_EQ(value.len, 0);

    unit_row("what is no key cannot be read");
    EXPECT_STATUS(nx_store_memory_load(&b.memory, "c.bad", &value), NX_E_INVALID);

    unit_row("a value over what this memory takes is no space");
    nx_store_memory_init(&b.memory, small, VALUE_CAP - 1, HELD_CAP);
    EXPECT_STATUS(put(&b, "a", "12345678"), NX_E_NO_SPACE);
    EXPECT_STATUS(put(&b, "a", "1234567"), NX_OK);
}

UNIT_SUITE(memory_test)
{
    rows_of_faults();
    rows_of_plans();
    rows_of_aside();
    rows_of_bounds();
}
