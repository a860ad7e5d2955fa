/* Changes of a registry: made when they are stored, refused, waiting in line. */
#include "core/bus/registry.h"

#include "core/base/memory.h"
#include "core/base/text.h"
#include "tests/bus/registry_bench.h"
#include "tests/unit/unit.h"

/* ---- a change is made when it is stored ------------------------------------------------------ */

static void rows_of_order(void)
{
    struct nx_store_event stored;
    struct dsb_peer peer = bench_peer("a", 1);

    bench_begin();
    unit_row("a peer counts as paired only after its entry is stored");
    EXPECT_STATUS(bench_add("a", 1), NX_OK);
    EXPECT(!bench_is_paired("a"));
    EXPECT(dsb_registry_output(&bench.registry, &bench.store));
    EXPECT(!bench_is_paired("a"));
    EXPECT(nx_store_memory_step(&bench.disk, &bench.store));
    EXPECT(!bench_is_paired("a"));
    bench_expect_no_event();
    NEED(nx_store_event(&bench.store, &stored));
    EXPECT(dsb_registry_stored(&bench.registry, &stored));
    EXPECT(bench_is_paired("a"));
    EXPECT(dsb_registry_find(&bench.registry, peer.id) == dsb_registry_at(&bench.registry, 0));
    bench_expect_event(DSB_REGISTRY_ADD, "a", NX_OK);
    bench_expect_no_event();

    unit_row("what is told as stored is there after a restart");
    EXPECT_STATUS(bench_restart(), NX_OK);
    EXPECT(bench_is_paired("a"));
    EXPECT_EQ(dsb_registry_count(&bench.registry), 1);

    unit_row("a peer counts as unpaired only after that is stored");
    EXPECT_STATUS(dsb_registry_remove(&bench.registry, "a"), NX_OK);
    EXPECT(dsb_registry_output(&bench.registry, &bench.store));
    EXPECT(nx_store_memory_step(&bench.disk, &bench.store));
    EXPECT(bench_is_paired("a"));
    bench_expect_no_event();
    NEED(nx_store_event(&bench.store, &stored));
    EXPECT(dsb_registry_stored(&bench.registry, &stored));
    EXPECT(!bench_is_paired("a"));
    bench_expect_event(DSB_REGISTRY_REMOVE, "a", NX_OK);
    EXPECT_STATUS(bench_restart(), NX_OK);
    EXPECT(!bench_is_paired("a"));
}

static void rows_of_failures(void)
{
    struct dsb_registry_event event;

    bench_begin();
    bench_have("a", 1);
    unit_row("a peer whose entry could not be stored is not paired, now or after a restart");
    nx_store_memory_plan(&bench.disk, 1, NX_STORE_FAULT_REFUSED, NX_E_NO_SPACE);
    EXPECT_STATUS(bench_add("b", 2), NX_OK);
    bench_pump();
    EXPECT(!bench_is_paired("b") && bench_is_paired("a"));
    bench_expect_event(DSB_REGISTRY_ADD, "b", NX_E_NO_SPACE);
    EXPECT_STATUS(bench_restart(), NX_OK);
    EXPECT(!bench_is_paired("b") && bench_is_paired("a"));

    unit_row("a peer whose removal could not be stored stays paired");
    nx_store_memory_plan(&bench.disk, 1, NX_STORE_FAULT_REFUSED, NX_E_IO);
    EXPECT_STATUS(dsb_registry_remove(&bench.registry, "a"), NX_OK);
    bench_pump();
    EXPECT(bench_is_paired("a"));
    bench_expect_event(DSB_REGISTRY_REMOVE, "a", NX_E_IO);

    unit_row("after a failure the next change is made, without the one that failed");
    bench_have("c", 3);
    EXPECT_STATUS(bench_restart(), NX_OK);
    EXPECT(bench_is_paired("a") && !bench_is_paired("b") && bench_is_paired("c"));

    unit_row("a value that the store has no room for is a failure that says so");
    nx_store_init(&bench.store, bench.waiting, 64, 2);
    EXPECT_STATUS(dsb_registry_remove(&bench.registry, "c"), NX_OK);
    EXPECT(!dsb_registry_output(&bench.registry, &bench.store));
    EXPECT(bench_is_paired("c"));
    NEED(dsb_registry_event(&bench.registry, &event));
    EXPECT_STATUS(event.status, NX_E_LIMIT);
    EXPECT_TEXT(event.why.text, "registry: bytes in this store: limit 64, asked 61475");
}

/* What a restart finds when the power goes at the write of a second peer. */
static const struct {
    const char *name;
    enum nx_store_fault fault;
    enum nx_status status;
    bool has_first, has_second;
} cuts[] = {
    {"power lost before the write: the first peer is paired, the second is not",
     NX_STORE_FAULT_CUT_BEFORE, NX_OK, true, false},
    {"power lost after the write: both are, though nobody was told", NX_STORE_FAULT_CUT_AFTER,
     NX_OK, true, true},
    {"power lost in the write, on a disk that tears: damaged, and not fewer peers",
     NX_STORE_FAULT_CUT_TORN, NX_E_MALFORMED, false, false},
};

static void rows_of_cuts(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(cuts); i++) {
        unit_row(cuts[i].name);
        bench_begin();
        bench_have("a", 1);
        nx_store_memory_plan(&bench.disk, 1, cuts[i].fault, NX_OK);
        EXPECT_STATUS(bench_add("b", 2), NX_OK);
        bench_pump();
        EXPECT(!bench_is_paired("b"));
        bench_expect_no_event();
        EXPECT_STATUS(bench_restart(), cuts[i].status);
        EXPECT_EQ(bench_is_paired("a"), cuts[i].has_first);
        EXPECT_EQ(bench_is_paired("b"), cuts[i].has_second);
    }
}

static void rows_of_bytes(void)
{
    uint8_t before[BENCH_VALUE_CAP];
    struct nx_bytes value;

    unit_row("after a restart the same peers are the same bytes");
    bench_begin();
    bench_have("peer-sim-01", 1);
    bench_have("b", 2);
    struct dsb_pairing_saved budgets = {.budget.act_ms[DSB_PAIRING_ACT_ACCEPT] = {3599999},
                                        .budget.failed_total = 7,
                                        .budget.suspect_count = 1};
    budgets.budget.suspects[0].failed_count = 3;
    EXPECT_STATUS(dsb_registry_set_budgets(&bench.registry, &budgets), NX_OK);
    bench_pump();
    value = bench_on_disk(DSB_REGISTRY_KEY);
    memcpy(before, value.ptr, value.len);
    size_t len = value.len;

    EXPECT_STATUS(bench_restart(), NX_OK);
    EXPECT_EQ(dsb_registry_budgets(&bench.registry)->budget.failed_total, 7);
    EXPECT_EQ(dsb_registry_budgets(&bench.registry)->budget.suspects[0].failed_count, 3);
    bench_put_on_disk("");
    EXPECT_STATUS(dsb_registry_set_budgets(&bench.registry, dsb_registry_budgets(&bench.registry)),
                  NX_OK);
    bench_pump();
    EXPECT_BYTES(bench_on_disk(DSB_REGISTRY_KEY), nx_bytes_of(before, len));

    unit_row("a device that has to wait for its next code waits after a restart too");
    struct dsb_pairing_budget used;
    struct dsb_pairing_budget resumed;
    struct nx_instant now = {1000000000u};
    dsb_pairing_budget_init(&used);
    for (int i = 0; i < DSB_PAIRING_FAILED_FREE; i++)
        dsb_pairing_budget_fail(&used, now, dsb_registry_at(&bench.registry, 0)->id);
    budgets = (struct dsb_pairing_saved){.spent_ms = DSB_PAIRING_CODE_LIFE_S * 1000u};
    dsb_pairing_budget_export(&used, now, &budgets.budget);
    EXPECT_STATUS(dsb_registry_set_budgets(&bench.registry, &budgets), NX_OK);
    bench_pump();
    EXPECT_STATUS(bench_restart(), NX_OK);
    now = (struct nx_instant){0};
    EXPECT_STATUS(
        dsb_pairing_budget_import(&resumed, now, &dsb_registry_budgets(&bench.registry)->budget),
        NX_OK);
    EXPECT_STATUS(
        dsb_pairing_budget_permits(&resumed, now, dsb_registry_at(&bench.registry, 0)->id, NULL),
        NX_E_LIMIT);
    EXPECT_EQ(dsb_registry_budgets(&bench.registry)->spent_ms, DSB_PAIRING_CODE_LIFE_S * 1000u);

    unit_row("peers are listed by id, in whatever order they came");
    EXPECT_TEXT(dsb_registry_at(&bench.registry, 0)->id_text, "b");
    EXPECT_TEXT(dsb_registry_at(&bench.registry, 1)->id_text, "peer-sim-01");
}

/* ---- what is refused ------------------------------------------------------------------------- */

static void rows_of_refusals(void)
{
    struct dsb_peer peer = bench_peer("a", 1);

    bench_begin();
    unit_row("a peer whose raw id is another's is no peer");
    peer.id[0] ^= 1;
    EXPECT_STATUS(dsb_registry_add(&bench.registry, &peer), NX_E_INVALID);

    unit_row("who is not paired cannot be unpaired");
    EXPECT_STATUS(dsb_registry_remove(&bench.registry, "a"), NX_E_NOT_FOUND);
    EXPECT_STATUS(dsb_registry_remove(&bench.registry, ""), NX_E_NOT_FOUND);

    unit_row("an id that is pinned to other keys is somebody else");
    bench_have("a", 1);
    EXPECT_STATUS(bench_add("a", 2), NX_E_IDENTITY);

    unit_row("one other key is enough, and the pin stays");
    peer = bench_peer("a", 1);
    peer.noise_static[0] ^= 1;
    EXPECT_STATUS(dsb_registry_add(&bench.registry, &peer), NX_E_IDENTITY);
    bench_pump();
    bench_expect_no_event();

    unit_row("pairing again with the same keys takes the new name and time");
    peer = bench_peer("a", 1);
    peer.name[0] = 'A';
    peer.paired_at_s = 99;
    EXPECT_STATUS(dsb_registry_add(&bench.registry, &peer), NX_OK);
    bench_pump();
    bench_expect_event(DSB_REGISTRY_ADD, "a", NX_OK);
    EXPECT_EQ(dsb_registry_count(&bench.registry), 1);
    EXPECT_TEXT(dsb_registry_at(&bench.registry, 0)->name, "A");
    EXPECT_EQ(dsb_registry_at(&bench.registry, 0)->paired_at_s, 99);

    unit_row("an id has one change under way");
    EXPECT_STATUS(bench_add("b", 2), NX_OK);
    EXPECT_STATUS(bench_add("b", 2), NX_E_BUSY);
    EXPECT_STATUS(dsb_registry_remove(&bench.registry, "b"), NX_E_BUSY);
    EXPECT_STATUS(dsb_registry_remove(&bench.registry, "a"), NX_OK);
    EXPECT_STATUS(bench_add("a", 1), NX_E_BUSY);
    bench_pump();
    EXPECT_STATUS(bench_add("a", 1), NX_OK);
    bench_pump();
    bench_expect_event(DSB_REGISTRY_ADD, "b", NX_OK);
    bench_expect_event(DSB_REGISTRY_REMOVE, "a", NX_OK);
    bench_expect_event(DSB_REGISTRY_ADD, "a", NX_OK);
}

static void rows_of_company(void)
{
    struct dsb_pairing_saved budgets = {.budget.failed_total = 1};

    bench_begin();
    bench_have("a", 1);
    unit_row("changes of different ids, and of the budgets, do not get into each other's way");
    EXPECT_STATUS(dsb_registry_remove(&bench.registry, "a"), NX_OK);
    EXPECT_STATUS(dsb_registry_set_budgets(&bench.registry, &budgets), NX_OK);
    EXPECT_STATUS(bench_add("b", 2), NX_OK);
    EXPECT_STATUS(dsb_registry_set_budgets(&bench.registry, &budgets), NX_OK);
    EXPECT_STATUS(bench_add("c", 3), NX_OK);
    bench_pump();
    bench_expect_event(DSB_REGISTRY_REMOVE, "a", NX_OK);
    bench_expect_event(DSB_REGISTRY_BUDGETS, "", NX_OK);
    bench_expect_event(DSB_REGISTRY_ADD, "b", NX_OK);
    bench_expect_event(DSB_REGISTRY_ADD, "c", NX_OK);
    bench_expect_no_event();
    EXPECT_STATUS(bench_restart(), NX_OK);
    EXPECT(!bench_is_paired("a") && bench_is_paired("b") && bench_is_paired("c"));

    unit_row("pairing again while others are added takes one place, the one it has");
    EXPECT_STATUS(bench_add("b", 2), NX_OK);
    EXPECT_STATUS(bench_add("d", 4), NX_OK);
    EXPECT_STATUS(bench_add("e", 5), NX_E_LIMIT);
    bench_pump();
    bench_expect_event(DSB_REGISTRY_ADD, "b", NX_OK);
    bench_expect_event(DSB_REGISTRY_ADD, "d", NX_OK);
}

static void rows_of_limits(void)
{
    bench_begin();
    unit_row("the last place in the table can be taken");
    bench_have("a", 1);
    bench_have("b", 2);
    EXPECT_STATUS(bench_add("c", 3), NX_OK);

    unit_row("a place that is being taken is taken");
    EXPECT_STATUS(bench_add("d", 4), NX_E_LIMIT);
    bench_pump();
    bench_expect_event(DSB_REGISTRY_ADD, "c", NX_OK);
    EXPECT_STATUS(bench_add("d", 4), NX_E_LIMIT);

    unit_row("pairing again needs no place");
    EXPECT_STATUS(bench_add("c", 3), NX_OK);
    bench_pump();
    bench_expect_event(DSB_REGISTRY_ADD, "c", NX_OK);

    unit_row("a removal frees its place when it is stored, not before");
    EXPECT_STATUS(dsb_registry_remove(&bench.registry, "a"), NX_OK);
    EXPECT_STATUS(bench_add("d", 4), NX_E_LIMIT);
    bench_pump();
    EXPECT_STATUS(bench_add("d", 4), NX_OK);
    bench_pump();
    bench_expect_event(DSB_REGISTRY_REMOVE, "a", NX_OK);
    bench_expect_event(DSB_REGISTRY_ADD, "d", NX_OK);

    unit_row("as many changes as the line holds are taken, done or not");
    for (int i = 0; i < DSB_REGISTRY_CHANGES_MAX / 2; i++) {
        EXPECT_STATUS(dsb_registry_remove(&bench.registry, "d"), NX_OK);
        bench_pump();
        EXPECT_STATUS(bench_add("d", 4), NX_OK);
        bench_pump();
    }

    unit_row("one more has to wait until the events are taken");
    struct dsb_pairing_saved budgets = {.budget.failed_total = 5};
    EXPECT_STATUS(dsb_registry_remove(&bench.registry, "d"), NX_WOULD_BLOCK);
    EXPECT_STATUS(bench_add("d", 4), NX_WOULD_BLOCK);
    EXPECT_STATUS(dsb_registry_set_budgets(&bench.registry, &budgets), NX_WOULD_BLOCK);
    EXPECT_EQ(dsb_registry_budgets(&bench.registry)->budget.failed_total, 0);
    bench_expect_event(DSB_REGISTRY_REMOVE, "d", NX_OK);
    EXPECT_STATUS(dsb_registry_remove(&bench.registry, "d"), NX_OK);
}

static void rows_of_the_line(void)
{
    struct nx_store_event foreign = {.key = DSB_REGISTRY_KEY, .sequence = 77};
    struct dsb_pairing_saved budgets = {.budget.failed_total = 1};
    struct nx_store_event stored;

    bench_begin();
    unit_row("changes are written one at a time, in the order they came");
    EXPECT_STATUS(bench_add("a", 1), NX_OK);
    EXPECT_STATUS(bench_add("b", 2), NX_OK);
    EXPECT(dsb_registry_output(&bench.registry, &bench.store));
    EXPECT(!dsb_registry_output(&bench.registry, &bench.store));
    EXPECT(nx_store_memory_step(&bench.disk, &bench.store));
    EXPECT(!nx_store_memory_step(&bench.disk, &bench.store));
    NEED(nx_store_event(&bench.store, &stored));
    EXPECT(dsb_registry_stored(&bench.registry, &stored));
    EXPECT(bench_is_paired("a") && !bench_is_paired("b"));
    bench_pump();
    EXPECT(bench_is_paired("b"));
    bench_expect_event(DSB_REGISTRY_ADD, "a", NX_OK);
    bench_expect_event(DSB_REGISTRY_ADD, "b", NX_OK);

    unit_row("an event of the store that is not about this write is left to others");
    EXPECT(!dsb_registry_stored(&bench.registry, &foreign));
    EXPECT_STATUS(bench_add("c", 3), NX_OK);
    EXPECT(!dsb_registry_stored(&bench.registry, &foreign));
    EXPECT(dsb_registry_output(&bench.registry, &bench.store));
    EXPECT(!dsb_registry_stored(&bench.registry, &foreign));
    EXPECT(!bench_is_paired("c"));
    bench_pump();
    EXPECT(bench_is_paired("c"));
    bench_expect_event(DSB_REGISTRY_ADD, "c", NX_OK);

    unit_row("a store without room is asked again later");
    EXPECT_STATUS(nx_store_put(&bench.store, "x", nx_bytes_of("1", 1), NULL), NX_OK);
    EXPECT_STATUS(nx_store_put(&bench.store, "y", nx_bytes_of("1", 1), NULL), NX_OK);
    EXPECT_STATUS(dsb_registry_remove(&bench.registry, "c"), NX_OK);
    EXPECT(!dsb_registry_output(&bench.registry, &bench.store));
    bench_expect_no_event();
    EXPECT(nx_store_memory_step(&bench.disk, &bench.store));
    EXPECT(nx_store_event(&bench.store, &stored));
    EXPECT(dsb_registry_output(&bench.registry, &bench.store));
    EXPECT(nx_store_memory_step(&bench.disk, &bench.store));
    EXPECT(nx_store_event(&bench.store, &stored));
    EXPECT(!dsb_registry_stored(&bench.registry, &stored));
    bench_pump();
    bench_expect_event(DSB_REGISTRY_REMOVE, "c", NX_OK);

    unit_row("budgets that wait are replaced by newer ones, and told once");
    EXPECT_STATUS(dsb_registry_set_budgets(&bench.registry, &budgets), NX_OK);
    budgets.budget.failed_total = 2;
    EXPECT_STATUS(dsb_registry_set_budgets(&bench.registry, &budgets), NX_OK);
    bench_pump();
    bench_expect_event(DSB_REGISTRY_BUDGETS, "", NX_OK);
    bench_expect_no_event();

    unit_row("budgets on their way are followed by newer ones");
    EXPECT_STATUS(dsb_registry_set_budgets(&bench.registry, &budgets), NX_OK);
    EXPECT(dsb_registry_output(&bench.registry, &bench.store));
    budgets.budget.failed_total = 3;
    EXPECT_STATUS(dsb_registry_set_budgets(&bench.registry, &budgets), NX_OK);
    bench_pump();
    bench_expect_event(DSB_REGISTRY_BUDGETS, "", NX_OK);
    bench_expect_event(DSB_REGISTRY_BUDGETS, "", NX_OK);
    EXPECT_STATUS(bench_restart(), NX_OK);
    EXPECT_EQ(dsb_registry_budgets(&bench.registry)->budget.failed_total, 3);

    unit_row("budgets that could not be stored go along with the next change");
    budgets.budget.failed_total = 4;
    nx_store_memory_plan(&bench.disk, 1, NX_STORE_FAULT_REFUSED, NX_E_IO);
    EXPECT_STATUS(dsb_registry_set_budgets(&bench.registry, &budgets), NX_OK);
    bench_pump();
    bench_expect_event(DSB_REGISTRY_BUDGETS, "", NX_E_IO);
    bench_have("c", 3);
    EXPECT_STATUS(bench_restart(), NX_OK);
    EXPECT_EQ(dsb_registry_budgets(&bench.registry)->budget.failed_total, 4);
}

UNIT_SUITE(registry_test)
{
    rows_of_order();
    rows_of_failures();
    rows_of_cuts();
    rows_of_bytes();
    rows_of_refusals();
    rows_of_company();
    rows_of_limits();
    rows_of_the_line();
}
