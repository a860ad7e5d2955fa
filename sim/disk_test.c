#include "sim/disk.h"

#include "tests/unit/unit.h"

static uint8_t values[SIM_DISK_KEYS_MAX * NX_STORE_VALUE_MAX];
static uint8_t waiting[3 * 16];
static struct nx_store store;
static struct sim_disk disk;

static struct nx_instant at_ms(uint32_t ms)
{
    return (struct nx_instant){nx_milliseconds(ms).ns};
}

static void begin(void)
{
    sim_disk_init(&disk, values);
    nx_store_init(&store, waiting, 16, 3);
}

static void put(const char *key, const char *value)
{
    EXPECT_STATUS(nx_store_put(&store, key, nx_bytes_of_text(value), NULL), NX_OK);
    sim_disk_look(&disk, at_ms(0), &store);
}

static struct nx_bytes held(const char *key)
{
    struct nx_bytes value = nx_bytes_of_text("nothing");

    (void)!nx_store_memory_find(&disk.held, key, &value);
    return value;
}

UNIT_SUITE(disk_test)
{
    struct nx_store_event event;

    unit_row("a write lasts after its time, and is told then");
    begin();
    put("key", "new");
    EXPECT_EQ(sim_disk_deadline(&disk).ns, at_ms(5).ns);
    EXPECT_EQ(sim_disk_work(&disk, at_ms(4), &store), SIM_DISK_IDLE);
    EXPECT(!nx_store_event(&store, &event));
    EXPECT_EQ(sim_disk_work(&disk, at_ms(5), &store), SIM_DISK_STORED);
    EXPECT_BYTES(held("key"), nx_bytes_of_text("new"));
    EXPECT(nx_store_event(&store, &event) && event.status == NX_OK);

    unit_row("writes last one by one");
    begin();
    put("one", "1");
    put("two", "2");
    EXPECT_EQ(sim_disk_work(&disk, at_ms(5), &store), SIM_DISK_STORED);
    EXPECT_BYTES(held("one"), nx_bytes_of_text("1"));
    EXPECT_BYTES(held("two"), nx_bytes_of_text("nothing"));
    EXPECT_EQ(sim_disk_work(&disk, at_ms(10), &store), SIM_DISK_STORED);
    EXPECT_BYTES(held("two"), nx_bytes_of_text("2"));

    unit_row("what waits when the power goes is gone");
    begin();
    put("key", "new");
    sim_disk_restart(&disk);
    EXPECT(nx_instant_is_never(sim_disk_deadline(&disk)));
    EXPECT_BYTES(held("key"), nx_bytes_of_text("nothing"));

    unit_row("the power goes before a write: nothing lasts, and nobody is told");
    begin();
    put("key", "new");
    disk.cut_next = SIM_DISK_CUT_BEFORE;
    EXPECT_EQ(sim_disk_work(&disk, at_ms(5), &store), SIM_DISK_CUT);
    EXPECT_BYTES(held("key"), nx_bytes_of_text("nothing"));
    EXPECT(!nx_store_event(&store, &event));

    unit_row("the power goes after a write: it lasts, and nobody is told");
    begin();
    put("key", "new");
    disk.cut_next = SIM_DISK_CUT_AFTER;
    EXPECT_EQ(sim_disk_work(&disk, at_ms(5), &store), SIM_DISK_CUT);
    EXPECT_BYTES(held("key"), nx_bytes_of_text("new"));
    EXPECT(!nx_store_event(&store, &event));

    unit_row(
        "the power goes in a write: the old value is whole, and a part of the new one beside it");
    begin();
    put("key", "old");
    EXPECT_EQ(sim_disk_work(&disk, at_ms(5), &store), SIM_DISK_STORED);
    EXPECT(nx_store_event(&store, &event));
    put("key", "newer");
    disk.cut_next = SIM_DISK_CUT_TORN;
    disk.torn_part = 400000;
    EXPECT_EQ(sim_disk_work(&disk, at_ms(10), &store), SIM_DISK_CUT);
    EXPECT_BYTES(held("key"), nx_bytes_of_text("old"));
    EXPECT_BYTES(held(".key.new"), nx_bytes_of_text("ne"));
    EXPECT(!nx_store_event(&store, &event));
    EXPECT(sim_disk_is_whole(&disk));

    unit_row("what a torn write left beside is gone with the next write of that key");
    nx_store_init(&store, waiting, 16, 3);
    sim_disk_restart(&disk);
    put("key", "next");
    EXPECT_EQ(sim_disk_work(&disk, at_ms(5), &store), SIM_DISK_STORED);
    EXPECT_BYTES(held("key"), nx_bytes_of_text("next"));
    EXPECT_BYTES(held(".key.new"), nx_bytes_of_text("nothing"));
    EXPECT(nx_store_event(&store, &event));

    unit_row("half a value in the place of one is found out");
    put("key", "newest");
    disk.cut_next = SIM_DISK_CUT_BEFORE;
    EXPECT_EQ(sim_disk_work(&disk, at_ms(10), &store), SIM_DISK_CUT);
    EXPECT(sim_disk_is_whole(&disk));
    EXPECT_STATUS(nx_store_memory_set(&disk.held, "key", nx_bytes_of_text("newest")), NX_OK);
    EXPECT(sim_disk_is_whole(&disk));
    EXPECT_STATUS(nx_store_memory_set(&disk.held, "key", nx_bytes_of_text("new")), NX_OK);
    EXPECT(!sim_disk_is_whole(&disk));

    unit_row("a full disk refuses, and takes the write when there is room again");
    begin();
    put("key", "new");
    disk.is_full = true;
    EXPECT_EQ(sim_disk_work(&disk, at_ms(5), &store), SIM_DISK_STORED);
    EXPECT(nx_store_event(&store, &event) && event.status == NX_E_NO_SPACE);
    EXPECT_BYTES(held("key"), nx_bytes_of_text("nothing"));
    disk.is_full = false;
    put("key", "new");
    EXPECT_EQ(sim_disk_work(&disk, at_ms(10), &store), SIM_DISK_STORED);
    EXPECT(nx_store_event(&store, &event) && event.status == NX_OK);
}
