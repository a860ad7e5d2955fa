#include "core/node/boot.h"

#include "core/base/memory.h"
#include "core/store/memory.h"
#include "tests/unit/unit.h"

enum {
    HELD = 4,
};

static uint8_t held_bytes[HELD * DSB_BOOT_FILE_MAX];
static struct nx_store_memory disk;

static void clear_disk(void)
{
    nx_store_memory_init(&disk, held_bytes, DSB_BOOT_FILE_MAX, HELD);
}

/* One start of the device: read, count, write. */
static struct dsb_boot start(void)
{
    uint8_t bytes[DSB_BOOT_FILE_MAX], slots[DSB_BOOT_LEN_MAX];
    struct nx_writer value = nx_writer_over(bytes, sizeof(bytes));
    enum nx_status loaded = nx_store_memory_load(&disk, DSB_BOOT_KEY, &value);
    struct nx_store_event stored;
    struct nx_store store;
    struct dsb_boot boot;

    nx_store_init(&store, slots, DSB_BOOT_LEN_MAX, 1);
    dsb_boot_init(&boot, loaded, nx_writer_bytes(&value));
    if (dsb_boot_output(&boot, &store)) {
        EXPECT_EQ(boot.state, DSB_BOOT_STORING);
        EXPECT(!dsb_boot_output(&boot, &store)); /* once */
        if (nx_store_memory_step(&disk, &store) && nx_store_event(&store, &stored))
            EXPECT(dsb_boot_stored(&boot, &stored));
    }
    return boot;
}

static void expect_stored(const char *text)
{
    struct nx_bytes value;

    EXPECT_STATUS(nx_store_memory_find(&disk, DSB_BOOT_KEY, &value), NX_OK);
    EXPECT_BYTES(value, nx_bytes_of_text(text));
}

/* ---- counting ------------------------------------------------------------------------------ */

static void counting(void)
{
    struct dsb_beacon beacon = {.ttl_s = 60};

    clear_disk();
    unit_row("the first start is number one, and is stored before it is known");
    struct dsb_boot boot = start();
    EXPECT_EQ(boot.state, DSB_BOOT_KNOWN);
    EXPECT_EQ(boot.count, 1);
    expect_stored("{\"version\":1,\"boots\":1}");

    unit_row("each start counts one more");
    for (uint32_t i = 2; i < 12; i++) {
        boot = start();
        EXPECT_EQ(boot.count, i);
    }
    expect_stored("{\"version\":1,\"boots\":11}");

    unit_row("the count is the upper half of the sequence, and beacons get their trailer");
    dsb_boot_sign(&boot, &beacon);
    EXPECT(beacon.has_trailer);
    EXPECT_EQ(beacon.sequence, (uint64_t)11 << 32);

    unit_row("until the store has answered there is no trailer");
    dsb_boot_init(&boot, NX_E_NOT_FOUND, nx_bytes_of(NULL, 0));
    dsb_boot_sign(&boot, &beacon);
    EXPECT(!beacon.has_trailer);
}

/* ---- what is refused ----------------------------------------------------------------------- */

#define DAMAGED "beacons go unsigned: boot counter: it is damaged"

/* clang-format off */
static const struct {
    const char *name;
    const char *text;
    uint32_t count; /* of this start; 0: unknown */
    const char *why;
} texts[] = {
    {"what we write is read", "{\"version\":1,\"boots\":41}", 42, ""},
    {"white space and order are a person's own", " {\"boots\" : 41,\n\"version\":1 } ", 42, ""},
    {"the last count but one can still go on", "{\"version\":1,\"boots\":4294967294}", UINT32_MAX, ""},
    {"a count that is used up stays used up", "{\"version\":1,\"boots\":4294967295}", 0,
     "beacons go unsigned: boot counter: it is used up"},
    {"a count that is too large is damage", "{\"version\":1,\"boots\":4294967296}", 0, DAMAGED},
    {"no start has the number zero", "{\"version\":1,\"boots\":0}", 0, DAMAGED},
    {"a number below zero is damage", "{\"version\":1,\"boots\":-1}", 0, DAMAGED},
    {"a fraction is damage", "{\"version\":1,\"boots\":1.0}", 0, DAMAGED},
    {"a text is no count", "{\"version\":1,\"boots\":\"7\"}", 0, DAMAGED},
    {"no count is damage", "{\"version\":1}", 0, DAMAGED},
    {"no version is damage", "{\"boots\":7}", 0, DAMAGED},
    {"a version of zero is damage", "{\"version\":0,\"boots\":7}", 0, DAMAGED},
    {"a member that is not known is damage", "{\"version\":1,\"boots\":7,\"x\":1}", 0, DAMAGED},
    {"a member that comes twice is damage", "{\"version\":1,\"boots\":7,\"boots\":8}", 0, DAMAGED},
    {"half a value is damage", "{\"version\":1,\"boots", 0, DAMAGED},
    {"an empty value is damage", "", 0, DAMAGED},
    {"an array is damage", "[1,7]", 0, DAMAGED},
    {"something behind it is damage", "{\"version\":1,\"boots\":7}x", 0, DAMAGED},
    {"a newer version is not read, whatever it holds", "{\"version\":2,\"starts\":7,\"x\":\"y\"}", 0,
     "beacons go unsigned: boot counter: a newer version of this program wrote it"},
};
/* clang-format on */

static void reading(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(texts); i++) {
        clear_disk();
        unit_row(texts[i].name);
        EXPECT_STATUS(nx_store_memory_set(&disk, DSB_BOOT_KEY, nx_bytes_of_text(texts[i].text)),
                      NX_OK);

        struct dsb_boot boot = start();
        struct dsb_beacon beacon = {.has_trailer = true};
        EXPECT_EQ(boot.count, texts[i].count);
        EXPECT_TEXT(boot.why.text, texts[i].why);
        dsb_boot_sign(&boot, &beacon);
        EXPECT_EQ(beacon.has_trailer, texts[i].count != 0);
        if (texts[i].count == 0)
            expect_stored(texts[i].text); /* a person may mend it */
    }

    unit_row("a store that cannot be read is not taken for an empty one");
    struct dsb_boot boot;
    struct nx_store store;
    uint8_t slot[DSB_BOOT_LEN_MAX];
    nx_store_init(&store, slot, sizeof(slot), 1);
    dsb_boot_init(&boot, NX_E_IO, nx_bytes_of(NULL, 0));
    EXPECT_EQ(boot.state, DSB_BOOT_UNKNOWN);
    EXPECT(boot.why.text[0] != '\0');
    EXPECT(!dsb_boot_output(&boot, &store));
    EXPECT(nx_store_is_idle(&store));
}

/* ---- what does not last -------------------------------------------------------------------- */

static void crashes(void)
{
    static const struct {
        const char *name;
        enum nx_store_fault fault;
        enum dsb_boot_state state;
        uint32_t next_count; /* of the start after it; 0: unknown */
    } cases[] = {
        {"a count that the store refuses is not used", NX_STORE_FAULT_REFUSED, DSB_BOOT_UNKNOWN, 2},
        {"power lost before the write: the number was not used, and comes again",
         NX_STORE_FAULT_CUT_BEFORE, DSB_BOOT_STORING, 2},
        {"power lost after the write: the next number is higher all the same",
         NX_STORE_FAULT_CUT_AFTER, DSB_BOOT_STORING, 3},
        {"a write torn in half leaves the old count, whose next was not used",
         NX_STORE_FAULT_CUT_TORN, DSB_BOOT_STORING, 2},
    };

    for (size_t i = 0; i < NX_COUNT_OF(cases); i++) {
        clear_disk();
        unit_row(cases[i].name);
        EXPECT_EQ(start().count, 1);
        nx_store_memory_plan(&disk, 1, cases[i].fault, NX_E_NO_SPACE);
        struct dsb_boot boot = start();
        struct dsb_beacon beacon = {.has_trailer = true};
        EXPECT_EQ(boot.state, cases[i].state);
        dsb_boot_sign(&boot, &beacon);
        EXPECT(!beacon.has_trailer);
        nx_store_memory_restart(&disk);
        EXPECT_EQ(start().count, cases[i].next_count);
    }

    unit_row("news of another write are not taken for ours");
    struct dsb_boot boot;
    struct nx_store_event other = {.sequence = 2, .status = NX_OK};
    struct nx_store store;
    uint8_t slot[DSB_BOOT_LEN_MAX];
    nx_store_init(&store, slot, sizeof(slot), 1);
    dsb_boot_init(&boot, NX_E_NOT_FOUND, nx_bytes_of(NULL, 0));
    EXPECT(!dsb_boot_stored(&boot, &(struct nx_store_event){.status = NX_OK}));
    EXPECT(dsb_boot_output(&boot, &store));
    EXPECT(!dsb_boot_stored(&boot, &other));
    EXPECT_EQ(boot.state, DSB_BOOT_STORING);

    unit_row("a failure without a sentence is told by its status");
    other = (struct nx_store_event){.sequence = boot.sequence, .status = NX_E_IO};
    EXPECT(dsb_boot_stored(&boot, &other));
    EXPECT_EQ(boot.state, DSB_BOOT_UNKNOWN);
    EXPECT_TEXT(boot.why.text + nx_bytes_of_text("beacons go unsigned: boot counter: ").len,
                nx_status_text(NX_E_IO));

    unit_row("one with a sentence is told by it");
    dsb_boot_init(&boot, NX_E_NOT_FOUND, nx_bytes_of(NULL, 0));
    nx_store_init(&store, slot, sizeof(slot), 1);
    EXPECT(dsb_boot_output(&boot, &store));
    other.sequence = boot.sequence;
    nx_why_set(&other.why, "boots.json: no space left");
    EXPECT(dsb_boot_stored(&boot, &other));
    EXPECT_TEXT(boot.why.text, "beacons go unsigned: boot counter: boots.json: no space left");

    unit_row("and after that nothing is waited for");
    EXPECT(!dsb_boot_stored(&boot, &other));

    unit_row("a store without room is asked again");
    dsb_boot_init(&boot, NX_E_NOT_FOUND, nx_bytes_of(NULL, 0));
    EXPECT(!dsb_boot_output(&boot, &store));
    nx_store_init(&store, slot, sizeof(slot), 1);
    EXPECT(dsb_boot_output(&boot, &store));
}

UNIT_SUITE(boot_test)
{
    counting();
    reading();
    crashes();
}
