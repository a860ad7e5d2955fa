/* How a registry starts: what it was, what it is refused for, and how a person begins anew. */
#include "core/bus/registry.h"

#include "tests/bus/registry_bench.h"
#include "tests/unit/unit.h"

static const struct {
    const char *name;
    enum nx_status loaded;
    enum dsb_registry_state state;
    enum nx_status status;
    const char *why;
} loads[] = {
    {"a registry that was never there is an empty one", NX_E_NOT_FOUND, DSB_REGISTRY_READY, NX_OK,
     ""},
    {"a registry that was set aside as damaged stays damaged", NX_E_MALFORMED, DSB_REGISTRY_DAMAGED,
     NX_E_MALFORMED, "registry: it was damaged and is kept as registry.json.bad"},
    {"a registry that others could have written is refused", NX_E_DENIED, DSB_REGISTRY_REFUSED,
     NX_E_DENIED, "registry: it could not be read: not allowed"},
    {"a registry that is too long to be read is refused", NX_E_LIMIT, DSB_REGISTRY_REFUSED,
     NX_E_LIMIT, "registry: it could not be read: over a limit"},
    {"a registry that could not be read is refused", NX_E_IO, DSB_REGISTRY_REFUSED, NX_E_IO,
     "registry: it could not be read: reading or writing failed"},
    {"without a store there is no registry", NX_E_UNSUPPORTED, DSB_REGISTRY_REFUSED,
     NX_E_UNSUPPORTED, "registry: it could not be read: not available here"},
};

/* Values that are read, and refused. */
static const struct {
    const char *name;
    const char *text;
    enum nx_status status;
    bool is_set_aside;
} values[] = {
    {"a damaged registry is set aside", "{\"format\":", NX_E_MALFORMED, true},
    {"an empty file is damaged, and not no peers", "", NX_E_MALFORMED, true},
    {"one of a newer version is left as it is",
     "{\"format\":\"nexusnet registry\",\"version\":2,\"peers\":{}}", NX_E_VERSION, false},
    {"one of the other world is left as it is",
     "{\"format\":\"nexusnet registry\",\"version\":1,\"world\":\"net\",\"peers\":[],"
     "\"budgets\":{}}",
     NX_E_DENIED, false},
    {"one with more peers than this node has room for is left as it is",
     "{\"format\":\"nexusnet registry\",\"version\":1,\"world\":\"sim\",\"peers\":[1,2,3,4],"
     "\"budgets\":{}}",
     NX_E_LIMIT, false},
};

static void expect_refused(enum nx_status status)
{
    struct dsb_pairing_saved budgets = {.budget.failed_total = 1};

    EXPECT_STATUS(dsb_registry_status(&bench.registry), status);
    EXPECT_STATUS(bench_add("a", 1), status);
    EXPECT_STATUS(dsb_registry_remove(&bench.registry, "a"), status);
    EXPECT_STATUS(dsb_registry_set_budgets(&bench.registry, &budgets), status);
    EXPECT_EQ(dsb_registry_count(&bench.registry), 0);
}

static void rows_of_loading(void)
{
    struct nx_bytes nothing = {NULL, 0};

    unit_row("before it is read nothing can be changed");
    bench_start();
    expect_refused(NX_E_STATE);
    EXPECT_TEXT(dsb_registry_why(&bench.registry)->text, "registry: not read yet");

    for (size_t i = 0; i < NX_COUNT_OF(loads); i++) {
        unit_row(loads[i].name);
        bench_start();
        EXPECT_STATUS(dsb_registry_load(&bench.registry, loads[i].loaded, nothing, bench.nodes,
                                        NX_COUNT_OF(bench.nodes)),
                      loads[i].status);
        EXPECT_EQ(bench.registry.state, loads[i].state);
        EXPECT_TEXT(dsb_registry_why(&bench.registry)->text, loads[i].why);
        EXPECT(!dsb_registry_output(&bench.registry, &bench.store));
        if (loads[i].status != NX_OK)
            expect_refused(loads[i].status);
    }

    unit_row("it is read once");
    EXPECT_STATUS(bench_load(), NX_E_STATE);
    EXPECT_STATUS(dsb_registry_status(&bench.registry), NX_E_UNSUPPORTED);
}

static void rows_of_values(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(values); i++) {
        struct nx_bytes text = nx_bytes_of_text(values[i].text);

        unit_row(values[i].name);
        bench_begin();
        bench_put_on_disk(values[i].text);
        EXPECT_STATUS(bench_restart(), values[i].status);
        expect_refused(values[i].status);
        bench_pump();
        EXPECT_BYTES(
            bench_on_disk(values[i].is_set_aside ? DSB_REGISTRY_KEY ".bad" : DSB_REGISTRY_KEY),
            text);
        if (values[i].is_set_aside)
            bench_expect_event(DSB_REGISTRY_ASIDE, "", NX_OK);
        else
            EXPECT_STATUS(dsb_registry_reset(&bench.registry), NX_E_STATE);
        bench_expect_no_event();
        EXPECT_STATUS(bench_restart(), values[i].status);
        expect_refused(values[i].status);
    }
}

static void rows_of_reset(void)
{
    bench_begin();
    unit_row("a good registry is not reset");
    EXPECT_STATUS(dsb_registry_reset(&bench.registry), NX_E_STATE);

    unit_row("a person may begin anew, and what was damaged is kept");
    bench_put_on_disk("damaged");
    EXPECT_STATUS(bench_restart(), NX_E_MALFORMED);
    EXPECT_STATUS(dsb_registry_reset(&bench.registry), NX_OK);
    EXPECT_STATUS(dsb_registry_reset(&bench.registry), NX_E_BUSY);
    expect_refused(NX_E_MALFORMED);
    bench_pump();
    bench_expect_event(DSB_REGISTRY_ASIDE, "", NX_OK);
    bench_expect_event(DSB_REGISTRY_RESET, "", NX_OK);
    EXPECT_BYTES(bench_on_disk(DSB_REGISTRY_KEY ".bad"), nx_bytes_of_text("damaged"));
    bench_have("a", 1);
    EXPECT_STATUS(bench_restart(), NX_OK);
    EXPECT(bench_is_paired("a"));

    unit_row("a second damage does not overwrite what is kept of the first");
    bench_put_on_disk("damaged again");
    EXPECT_STATUS(bench_restart(), NX_E_MALFORMED);
    bench_pump();
    EXPECT_BYTES(bench_on_disk(DSB_REGISTRY_KEY ".bad"), nx_bytes_of_text("damaged"));
    EXPECT_BYTES(bench_on_disk(DSB_REGISTRY_KEY ".bad-2"), nx_bytes_of_text("damaged again"));

    unit_row("a restart in between does not make it good, and it can be reset then");
    EXPECT_STATUS(bench_restart(), NX_E_MALFORMED);
    bench_pump();
    bench_expect_no_event();
    EXPECT_STATUS(dsb_registry_reset(&bench.registry), NX_OK);
    bench_pump();
    bench_expect_event(DSB_REGISTRY_RESET, "", NX_OK);
    EXPECT_STATUS(bench_restart(), NX_OK);

    unit_row("what could not be set aside is not overwritten by a reset");
    bench_put_on_disk("damaged");
    EXPECT_STATUS(bench_restart(), NX_E_MALFORMED);
    nx_store_memory_plan(&bench.disk, 1, NX_STORE_FAULT_REFUSED, NX_E_IO);
    EXPECT_STATUS(dsb_registry_reset(&bench.registry), NX_OK);
    bench_pump();
    bench_expect_event(DSB_REGISTRY_ASIDE, "", NX_E_IO);
    bench_expect_event(DSB_REGISTRY_RESET, "", NX_E_DENIED);
    EXPECT_BYTES(bench_on_disk(DSB_REGISTRY_KEY), nx_bytes_of_text("damaged"));
    expect_refused(NX_E_MALFORMED);

    unit_row("a reset after that tries again to set it aside");
    EXPECT_STATUS(dsb_registry_reset(&bench.registry), NX_OK);
    bench_pump();
    bench_expect_event(DSB_REGISTRY_ASIDE, "", NX_OK);
    bench_expect_event(DSB_REGISTRY_RESET, "", NX_OK);
    EXPECT_STATUS(dsb_registry_status(&bench.registry), NX_OK);

    unit_row("a reset that could not be stored leaves it damaged");
    nx_store_memory_init(&bench.disk, bench.held, BENCH_VALUE_CAP, BENCH_HELD_CAP);
    bench_put_on_disk("damaged");
    EXPECT_STATUS(bench_restart(), NX_E_MALFORMED);
    nx_store_memory_plan(&bench.disk, 2, NX_STORE_FAULT_REFUSED, NX_E_NO_SPACE);
    EXPECT_STATUS(dsb_registry_reset(&bench.registry), NX_OK);
    bench_pump();
    bench_expect_event(DSB_REGISTRY_ASIDE, "", NX_OK);
    bench_expect_event(DSB_REGISTRY_RESET, "", NX_E_NO_SPACE);
    expect_refused(NX_E_MALFORMED);

    unit_row("a reset has to wait for room for both of its steps, and changes nothing");
    bench_begin();
    bench_put_on_disk("damaged");
    EXPECT_STATUS(bench_restart(), NX_E_MALFORMED);
    nx_store_memory_plan(&bench.disk, 1, NX_STORE_FAULT_REFUSED, NX_E_IO);
    bench_pump();
    for (uint32_t steps = 1; steps + 2 <= DSB_REGISTRY_CHANGES_MAX; steps += 2) {
        nx_store_memory_plan(&bench.disk, 1, NX_STORE_FAULT_REFUSED, NX_E_IO);
        EXPECT_STATUS(dsb_registry_reset(&bench.registry), NX_OK);
        bench_pump();
    }
    EXPECT_STATUS(dsb_registry_reset(&bench.registry), NX_WOULD_BLOCK);
    bench_expect_event(DSB_REGISTRY_ASIDE, "", NX_E_IO);
    EXPECT_STATUS(dsb_registry_reset(&bench.registry), NX_OK);
    bench_pump();
    EXPECT_STATUS(dsb_registry_status(&bench.registry), NX_OK);

    unit_row("a damaged value that somebody took away needs not be kept");
    bench_begin();
    bench_put_on_disk("damaged");
    EXPECT_STATUS(bench_restart(), NX_E_MALFORMED);
    nx_store_memory_init(&bench.disk, bench.held, BENCH_VALUE_CAP, BENCH_HELD_CAP);
    EXPECT_STATUS(dsb_registry_reset(&bench.registry), NX_OK);
    bench_pump();
    bench_expect_event(DSB_REGISTRY_ASIDE, "", NX_E_NOT_FOUND);
    bench_expect_event(DSB_REGISTRY_RESET, "", NX_OK);
    EXPECT_STATUS(bench_restart(), NX_OK);
}

UNIT_SUITE(registry_load_test)
{
    bench_begin();
    rows_of_loading();
    rows_of_values();
    rows_of_reset();
}
