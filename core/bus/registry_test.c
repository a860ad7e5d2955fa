#include "core/bus/registry.h"

#include "core/base/memory.h"
#include "core/base/text.h"
#include "core/store/memory.h"
#include "tests/unit/unit.h"

#define PEER_CAP  3
#define VALUE_CAP 4096
#define HELD_CAP  4

/* A registry over a store over memory. The value in it stays when the rest starts anew. */
static struct {
    struct dsb_registry registry;
    struct dsb_peer peers[PEER_CAP];
    struct nx_store store;
    struct nx_store_memory disk;
    uint8_t waiting[2 * VALUE_CAP];
    uint8_t held[HELD_CAP * VALUE_CAP];
    uint8_t loaded[VALUE_CAP];
    struct nx_json_node nodes[DSB_REGISTRY_NODES_MAX];
} b;

static void start(void)
{
    dsb_registry_init(&b.registry, DSB_WORLD_SIM, b.peers, PEER_CAP);
    nx_store_init(&b.store, b.waiting, VALUE_CAP, 2);
    nx_store_memory_restart(&b.disk);
}

static enum nx_status load(void)
{
    struct nx_writer value = nx_writer_over(b.loaded, sizeof(b.loaded));
    enum nx_status loaded = nx_store_memory_load(&b.disk, DSB_REGISTRY_KEY, &value);

    return dsb_registry_load(&b.registry, loaded, nx_writer_bytes(&value), b.nodes,
                             NX_COUNT_OF(b.nodes));
}

static enum nx_status restart(void)
{
    start();
    return load();
}

/* A disk with nothing on it. */
static void begin(void)
{
    nx_store_memory_init(&b.disk, b.held, VALUE_CAP, HELD_CAP);
    EXPECT_STATUS(restart(), NX_OK);
}

/* What a node's loop does until nothing is left to do. */
static void pump(void)
{
    struct nx_store_event stored;

    while (dsb_registry_output(&b.registry, &b.store) || nx_store_memory_step(&b.disk, &b.store)) {
        while (nx_store_event(&b.store, &stored))
            EXPECT(dsb_registry_stored(&b.registry, &stored));
    }
}

static void expect_event(enum dsb_registry_act act, const char *id_text, enum nx_status status)
{
    struct dsb_registry_event event;

    NEED(dsb_registry_event(&b.registry, &event));
    EXPECT_EQ(event.act, act);
    EXPECT_TEXT(event.id_text, id_text);
    EXPECT_STATUS(event.status, status);
}

static void expect_no_event(void)
{
    struct dsb_registry_event event;

    EXPECT(!dsb_registry_event(&b.registry, &event));
}

static struct dsb_peer peer_of(const char *id_text, uint8_t key)
{
    struct dsb_peer peer = {.paired_at_s = key};
    struct nx_text t = nx_text_over(peer.id_text, sizeof(peer.id_text));

    nx_text_add(&t, id_text);
    memset(peer.ed25519, key, sizeof(peer.ed25519));
    memset(peer.noise_static, key, sizeof(peer.noise_static));
    EXPECT_STATUS(dsb_id_of_text(DSB_WORLD_SIM, id_text, peer.id), NX_OK);
    return peer;
}

static enum nx_status add(const char *id_text, uint8_t key)
{
    struct dsb_peer peer = peer_of(id_text, key);

    return dsb_registry_add(&b.registry, &peer);
}

/* Stored and told. */
static void have(const char *id_text, uint8_t key)
{
    EXPECT_STATUS(add(id_text, key), NX_OK);
    pump();
    expect_event(DSB_REGISTRY_ADD, id_text, NX_OK);
}

static bool is_paired(const char *id_text)
{
    return dsb_registry_find_text(&b.registry, id_text) != NULL;
}

/* What lies under a name: the empty span when nothing does. */
static struct nx_bytes on_disk(const char *name)
{
    struct nx_bytes value = {NULL, 0};

    if (nx_store_memory_find(&b.disk, name, &value) != NX_OK)
        value = nx_bytes_of(NULL, 0);
    return value;
}

static void put_on_disk(const char *text)
{
    EXPECT_STATUS(nx_store_memory_set(&b.disk, DSB_REGISTRY_KEY, nx_bytes_of_text(text)), NX_OK);
}

/* ---- a change is made when it is stored ------------------------------------------------------ */

static void rows_of_order(void)
{
    struct nx_store_event stored;
    struct dsb_peer peer = peer_of("a", 1);

    begin();
    unit_row("a peer counts as paired only after its entry is stored");
    EXPECT_STATUS(add("a", 1), NX_OK);
    EXPECT(!is_paired("a"));
    EXPECT(dsb_registry_output(&b.registry, &b.store));
    EXPECT(!is_paired("a"));
    EXPECT(nx_store_memory_step(&b.disk, &b.store));
    EXPECT(!is_paired("a"));
    expect_no_event();
    NEED(nx_store_event(&b.store, &stored));
    EXPECT(dsb_registry_stored(&b.registry, &stored));
    EXPECT(is_paired("a"));
    EXPECT(dsb_registry_find(&b.registry, peer.id) == dsb_registry_at(&b.registry, 0));
    expect_event(DSB_REGISTRY_ADD, "a", NX_OK);
    expect_no_event();

    unit_row("what is told as stored is there after a restart");
    EXPECT_STATUS(restart(), NX_OK);
    EXPECT(is_paired("a"));
    EXPECT_EQ(dsb_registry_count(&b.registry), 1);

    unit_row("a peer counts as unpaired only after that is stored");
    EXPECT_STATUS(dsb_registry_remove(&b.registry, "a"), NX_OK);
    EXPECT(dsb_registry_output(&b.registry, &b.store));
    EXPECT(nx_store_memory_step(&b.disk, &b.store));
    EXPECT(is_paired("a"));
    expect_no_event();
    NEED(nx_store_event(&b.store, &stored));
    EXPECT(dsb_registry_stored(&b.registry, &stored));
    EXPECT(!is_paired("a"));
    expect_event(DSB_REGISTRY_REMOVE, "a", NX_OK);
    EXPECT_STATUS(restart(), NX_OK);
    EXPECT(!is_paired("a"));
}

static void rows_of_failures(void)
{
    struct dsb_registry_event event;

    begin();
    have("a", 1);
    unit_row("a peer whose entry could not be stored is not paired, now or after a restart");
    nx_store_memory_plan(&b.disk, 1, NX_STORE_FAULT_REFUSED, NX_E_NO_SPACE);
    EXPECT_STATUS(add("b", 2), NX_OK);
    pump();
    EXPECT(!is_paired("b") && is_paired("a"));
    expect_event(DSB_REGISTRY_ADD, "b", NX_E_NO_SPACE);
    EXPECT_STATUS(restart(), NX_OK);
    EXPECT(!is_paired("b") && is_paired("a"));

    unit_row("a peer whose removal could not be stored stays paired");
    nx_store_memory_plan(&b.disk, 1, NX_STORE_FAULT_REFUSED, NX_E_IO);
    EXPECT_STATUS(dsb_registry_remove(&b.registry, "a"), NX_OK);
    pump();
    EXPECT(is_paired("a"));
    expect_event(DSB_REGISTRY_REMOVE, "a", NX_E_IO);

    unit_row("after a failure the next change is made, without the one that failed");
    have("c", 3);
    EXPECT_STATUS(restart(), NX_OK);
    EXPECT(is_paired("a") && !is_paired("b") && is_paired("c"));

    unit_row("a value that the store has no room for is a failure that says so");
    nx_store_init(&b.store, b.waiting, 64, 2);
    EXPECT_STATUS(dsb_registry_remove(&b.registry, "c"), NX_OK);
    EXPECT(!dsb_registry_output(&b.registry, &b.store));
    EXPECT(is_paired("c"));
    NEED(dsb_registry_event(&b.registry, &event));
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
        begin();
        have("a", 1);
        nx_store_memory_plan(&b.disk, 1, cuts[i].fault, NX_OK);
        EXPECT_STATUS(add("b", 2), NX_OK);
        pump();
        EXPECT(!is_paired("b"));
        expect_no_event();
        EXPECT_STATUS(restart(), cuts[i].status);
        EXPECT_EQ(is_paired("a"), cuts[i].has_first);
        EXPECT_EQ(is_paired("b"), cuts[i].has_second);
    }
}

static void rows_of_bytes(void)
{
    uint8_t before[VALUE_CAP];
    struct nx_bytes value;

    unit_row("after a restart the same peers are the same bytes");
    begin();
    have("peer-sim-01", 1);
    have("b", 2);
    struct dsb_pairing_saved budgets = {.budget.act_ms[DSB_PAIRING_ACT_ACCEPT] = {3599999},
                                        .budget.failed_total = 7,
                                        .budget.suspect_count = 1};
    budgets.budget.suspects[0].failed_count = 3;
    EXPECT_STATUS(dsb_registry_set_budgets(&b.registry, &budgets), NX_OK);
    pump();
    value = on_disk(DSB_REGISTRY_KEY);
    memcpy(before, value.ptr, value.len);
    size_t len = value.len;

    EXPECT_STATUS(restart(), NX_OK);
    EXPECT_EQ(dsb_registry_budgets(&b.registry)->budget.failed_total, 7);
    EXPECT_EQ(dsb_registry_budgets(&b.registry)->budget.suspects[0].failed_count, 3);
    put_on_disk("");
    EXPECT_STATUS(dsb_registry_set_budgets(&b.registry, dsb_registry_budgets(&b.registry)), NX_OK);
    pump();
    EXPECT_BYTES(on_disk(DSB_REGISTRY_KEY), nx_bytes_of(before, len));

    unit_row("a device that has to wait for its next code waits after a restart too");
    struct dsb_pairing_budget used;
    struct dsb_pairing_budget resumed;
    struct nx_instant now = {1000000000u};
    dsb_pairing_budget_init(&used);
    for (int i = 0; i < DSB_PAIRING_FAILED_FREE; i++)
        dsb_pairing_budget_fail(&used, now, dsb_registry_at(&b.registry, 0)->id);
    budgets = (struct dsb_pairing_saved){.spent_ms = DSB_PAIRING_CODE_LIFE_S * 1000u};
    dsb_pairing_budget_export(&used, now, &budgets.budget);
    EXPECT_STATUS(dsb_registry_set_budgets(&b.registry, &budgets), NX_OK);
    pump();
    EXPECT_STATUS(restart(), NX_OK);
    now = (struct nx_instant){0};
    EXPECT_STATUS(
        dsb_pairing_budget_import(&resumed, now, &dsb_registry_budgets(&b.registry)->budget),
        NX_OK);
    EXPECT_STATUS(
        dsb_pairing_budget_permits(&resumed, now, dsb_registry_at(&b.registry, 0)->id, NULL),
        NX_E_LIMIT);
    EXPECT_EQ(dsb_registry_budgets(&b.registry)->spent_ms, DSB_PAIRING_CODE_LIFE_S * 1000u);

    unit_row("peers are listed by id, in whatever order they came");
    EXPECT_TEXT(dsb_registry_at(&b.registry, 0)->id_text, "b");
    EXPECT_TEXT(dsb_registry_at(&b.registry, 1)->id_text, "peer-sim-01");
}

/* ---- what is refused ------------------------------------------------------------------------- */

static void rows_of_refusals(void)
{
    struct dsb_peer peer = peer_of("a", 1);

    begin();
    unit_row("a peer whose raw id is another's is no peer");
    peer.id[0] ^= 1;
    EXPECT_STATUS(dsb_registry_add(&b.registry, &peer), NX_E_INVALID);

    unit_row("who is not paired cannot be unpaired");
    EXPECT_STATUS(dsb_registry_remove(&b.registry, "a"), NX_E_NOT_FOUND);
    EXPECT_STATUS(dsb_registry_remove(&b.registry, ""), NX_E_NOT_FOUND);

    unit_row("an id that is pinned to other keys is somebody else");
    have("a", 1);
    EXPECT_STATUS(add("a", 2), NX_E_IDENTITY);

    unit_row("one other key is enough, and the pin stays");
    peer = peer_of("a", 1);
    peer.noise_static[0] ^= 1;
    EXPECT_STATUS(dsb_registry_add(&b.registry, &peer), NX_E_IDENTITY);
    pump();
    expect_no_event();

    unit_row("pairing again with the same keys takes the new name and time");
    peer = peer_of("a", 1);
    peer.name[0] = 'A';
    peer.paired_at_s = 99;
    EXPECT_STATUS(dsb_registry_add(&b.registry, &peer), NX_OK);
    pump();
    expect_event(DSB_REGISTRY_ADD, "a", NX_OK);
    EXPECT_EQ(dsb_registry_count(&b.registry), 1);
    EXPECT_TEXT(dsb_registry_at(&b.registry, 0)->name, "A");
    EXPECT_EQ(dsb_registry_at(&b.registry, 0)->paired_at_s, 99);

    unit_row("an id has one change under way");
    EXPECT_STATUS(add("b", 2), NX_OK);
    EXPECT_STATUS(add("b", 2), NX_E_BUSY);
    EXPECT_STATUS(dsb_registry_remove(&b.registry, "b"), NX_E_BUSY);
    EXPECT_STATUS(dsb_registry_remove(&b.registry, "a"), NX_OK);
    EXPECT_STATUS(add("a", 1), NX_E_BUSY);
    pump();
    EXPECT_STATUS(add("a", 1), NX_OK);
    pump();
    expect_event(DSB_REGISTRY_ADD, "b", NX_OK);
    expect_event(DSB_REGISTRY_REMOVE, "a", NX_OK);
    expect_event(DSB_REGISTRY_ADD, "a", NX_OK);
}

static void rows_of_company(void)
{
    struct dsb_pairing_saved budgets = {.budget.failed_total = 1};

    begin();
    have("a", 1);
    unit_row("changes of different ids, and of the budgets, do not get into each other's way");
    EXPECT_STATUS(dsb_registry_remove(&b.registry, "a"), NX_OK);
    EXPECT_STATUS(dsb_registry_set_budgets(&b.registry, &budgets), NX_OK);
    EXPECT_STATUS(add("b", 2), NX_OK);
    EXPECT_STATUS(dsb_registry_set_budgets(&b.registry, &budgets), NX_OK);
    EXPECT_STATUS(add("c", 3), NX_OK);
    pump();
    expect_event(DSB_REGISTRY_REMOVE, "a", NX_OK);
    expect_event(DSB_REGISTRY_BUDGETS, "", NX_OK);
    expect_event(DSB_REGISTRY_ADD, "b", NX_OK);
    expect_event(DSB_REGISTRY_ADD, "c", NX_OK);
    expect_no_event();
    EXPECT_STATUS(restart(), NX_OK);
    EXPECT(!is_paired("a") && is_paired("b") && is_paired("c"));

    unit_row("pairing again while others are added takes one place, the one it has");
    EXPECT_STATUS(add("b", 2), NX_OK);
    EXPECT_STATUS(add("d", 4), NX_OK);
    EXPECT_STATUS(add("e", 5), NX_E_LIMIT);
    pump();
    expect_event(DSB_REGISTRY_ADD, "b", NX_OK);
    expect_event(DSB_REGISTRY_ADD, "d", NX_OK);
}

static void rows_of_limits(void)
{
    begin();
    unit_row("the last place in the table can be taken");
    have("a", 1);
    have("b", 2);
    EXPECT_STATUS(add("c", 3), NX_OK);

    unit_row("a place that is being taken is taken");
    EXPECT_STATUS(add("d", 4), NX_E_LIMIT);
    pump();
    expect_event(DSB_REGISTRY_ADD, "c", NX_OK);
    EXPECT_STATUS(add("d", 4), NX_E_LIMIT);

    unit_row("pairing again needs no place");
    EXPECT_STATUS(add("c", 3), NX_OK);
    pump();
    expect_event(DSB_REGISTRY_ADD, "c", NX_OK);

    unit_row("a removal frees its place when it is stored, not before");
    EXPECT_STATUS(dsb_registry_remove(&b.registry, "a"), NX_OK);
    EXPECT_STATUS(add("d", 4), NX_E_LIMIT);
    pump();
    EXPECT_STATUS(add("d", 4), NX_OK);
    pump();
    expect_event(DSB_REGISTRY_REMOVE, "a", NX_OK);
    expect_event(DSB_REGISTRY_ADD, "d", NX_OK);

    unit_row("as many changes as the line holds are taken, done or not");
    for (int i = 0; i < DSB_REGISTRY_CHANGES_MAX / 2; i++) {
        EXPECT_STATUS(dsb_registry_remove(&b.registry, "d"), NX_OK);
        pump();
        EXPECT_STATUS(add("d", 4), NX_OK);
        pump();
    }

    unit_row("one more has to wait until the events are taken");
    struct dsb_pairing_saved budgets = {.budget.failed_total = 5};
    EXPECT_STATUS(dsb_registry_remove(&b.registry, "d"), NX_WOULD_BLOCK);
    EXPECT_STATUS(add("d", 4), NX_WOULD_BLOCK);
    EXPECT_STATUS(dsb_registry_set_budgets(&b.registry, &budgets), NX_WOULD_BLOCK);
    EXPECT_EQ(dsb_registry_budgets(&b.registry)->budget.failed_total, 0);
    expect_event(DSB_REGISTRY_REMOVE, "d", NX_OK);
    EXPECT_STATUS(dsb_registry_remove(&b.registry, "d"), NX_OK);
}

static void rows_of_the_line(void)
{
    struct nx_store_event foreign = {.key = DSB_REGISTRY_KEY, .sequence = 77};
    struct dsb_pairing_saved budgets = {.budget.failed_total = 1};
    struct nx_store_event stored;

    begin();
    unit_row("changes are written one at a time, in the order they came");
    EXPECT_STATUS(add("a", 1), NX_OK);
    EXPECT_STATUS(add("b", 2), NX_OK);
    EXPECT(dsb_registry_output(&b.registry, &b.store));
    EXPECT(!dsb_registry_output(&b.registry, &b.store));
    EXPECT(nx_store_memory_step(&b.disk, &b.store));
    EXPECT(!nx_store_memory_step(&b.disk, &b.store));
    NEED(nx_store_event(&b.store, &stored));
    EXPECT(dsb_registry_stored(&b.registry, &stored));
    EXPECT(is_paired("a") && !is_paired("b"));
    pump();
    EXPECT(is_paired("b"));
    expect_event(DSB_REGISTRY_ADD, "a", NX_OK);
    expect_event(DSB_REGISTRY_ADD, "b", NX_OK);

    unit_row("an event of the store that is not about this write is left to others");
    EXPECT(!dsb_registry_stored(&b.registry, &foreign));
    EXPECT_STATUS(add("c", 3), NX_OK);
    EXPECT(!dsb_registry_stored(&b.registry, &foreign));
    EXPECT(dsb_registry_output(&b.registry, &b.store));
    EXPECT(!dsb_registry_stored(&b.registry, &foreign));
    EXPECT(!is_paired("c"));
    pump();
    EXPECT(is_paired("c"));
    expect_event(DSB_REGISTRY_ADD, "c", NX_OK);

    unit_row("a store without room is asked again later");
    EXPECT_STATUS(nx_store_put(&b.store, "x", nx_bytes_of("1", 1), NULL), NX_OK);
    EXPECT_STATUS(nx_store_put(&b.store, "y", nx_bytes_of("1", 1), NULL), NX_OK);
    EXPECT_STATUS(dsb_registry_remove(&b.registry, "c"), NX_OK);
    EXPECT(!dsb_registry_output(&b.registry, &b.store));
    expect_no_event();
    EXPECT(nx_store_memory_step(&b.disk, &b.store));
    EXPECT(nx_store_event(&b.store, &stored));
    EXPECT(dsb_registry_output(&b.registry, &b.store));
    EXPECT(nx_store_memory_step(&b.disk, &b.store));
    EXPECT(nx_store_event(&b.store, &stored));
    EXPECT(!dsb_registry_stored(&b.registry, &stored));
    pump();
    expect_event(DSB_REGISTRY_REMOVE, "c", NX_OK);

    unit_row("budgets that wait are replaced by newer ones, and told once");
    EXPECT_STATUS(dsb_registry_set_budgets(&b.registry, &budgets), NX_OK);
    budgets.budget.failed_total = 2;
    EXPECT_STATUS(dsb_registry_set_budgets(&b.registry, &budgets), NX_OK);
    pump();
    expect_event(DSB_REGISTRY_BUDGETS, "", NX_OK);
    expect_no_event();

    unit_row("budgets on their way are followed by newer ones");
    EXPECT_STATUS(dsb_registry_set_budgets(&b.registry, &budgets), NX_OK);
    EXPECT(dsb_registry_output(&b.registry, &b.store));
    budgets.budget.failed_total = 3;
    EXPECT_STATUS(dsb_registry_set_budgets(&b.registry, &budgets), NX_OK);
    pump();
    expect_event(DSB_REGISTRY_BUDGETS, "", NX_OK);
    expect_event(DSB_REGISTRY_BUDGETS, "", NX_OK);
    EXPECT_STATUS(restart(), NX_OK);
    EXPECT_EQ(dsb_registry_budgets(&b.registry)->budget.failed_total, 3);

    unit_row("budgets that could not be stored go along with the next change");
    budgets.budget.failed_total = 4;
    nx_store_memory_plan(&b.disk, 1, NX_STORE_FAULT_REFUSED, NX_E_IO);
    EXPECT_STATUS(dsb_registry_set_budgets(&b.registry, &budgets), NX_OK);
    pump();
    expect_event(DSB_REGISTRY_BUDGETS, "", NX_E_IO);
    have("c", 3);
    EXPECT_STATUS(restart(), NX_OK);
    EXPECT_EQ(dsb_registry_budgets(&b.registry)->budget.failed_total, 4);
}

/* ---- start ----------------------------------------------------------------------------------- */

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

    EXPECT_STATUS(dsb_registry_status(&b.registry), status);
    EXPECT_STATUS(add("a", 1), status);
    EXPECT_STATUS(dsb_registry_remove(&b.registry, "a"), status);
    EXPECT_STATUS(dsb_registry_set_budgets(&b.registry, &budgets), status);
    EXPECT_EQ(dsb_registry_count(&b.registry), 0);
}

static void rows_of_loading(void)
{
    struct nx_bytes nothing = {NULL, 0};

    unit_row("before it is read nothing can be changed");
    start();
    expect_refused(NX_E_STATE);
    EXPECT_TEXT(dsb_registry_why(&b.registry)->text, "registry: not read yet");

    for (size_t i = 0; i < NX_COUNT_OF(loads); i++) {
        unit_row(loads[i].name);
        start();
        EXPECT_STATUS(
            dsb_registry_load(&b.registry, loads[i].loaded, nothing, b.nodes, NX_COUNT_OF(b.nodes)),
            loads[i].status);
        EXPECT_EQ(b.registry.state, loads[i].state);
        EXPECT_TEXT(dsb_registry_why(&b.registry)->text, loads[i].why);
        EXPECT(!dsb_registry_output(&b.registry, &b.store));
        if (loads[i].status != NX_OK)
            expect_refused(loads[i].status);
    }

    unit_row("it is read once");
    EXPECT_STATUS(load(), NX_E_STATE);
    EXPECT_STATUS(dsb_registry_status(&b.registry), NX_E_UNSUPPORTED);
}

static void rows_of_values(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(values); i++) {
        struct nx_bytes text = nx_bytes_of_text(values[i].text);

        unit_row(values[i].name);
        begin();
        put_on_disk(values[i].text);
        EXPECT_STATUS(restart(), values[i].status);
        expect_refused(values[i].status);
        pump();
        EXPECT_BYTES(on_disk(values[i].is_set_aside ? DSB_REGISTRY_KEY ".bad" : DSB_REGISTRY_KEY),
                     text);
        if (values[i].is_set_aside)
            expect_event(DSB_REGISTRY_ASIDE, "", NX_OK);
        else
            EXPECT_STATUS(dsb_registry_reset(&b.registry), NX_E_STATE);
        expect_no_event();
        EXPECT_STATUS(restart(), values[i].status);
        expect_refused(values[i].status);
    }
}

static void rows_of_reset(void)
{
    begin();
    unit_row("a good registry is not reset");
    EXPECT_STATUS(dsb_registry_reset(&b.registry), NX_E_STATE);

    unit_row("a person may begin anew, and what was damaged is kept");
    put_on_disk("damaged");
    EXPECT_STATUS(restart(), NX_E_MALFORMED);
    EXPECT_STATUS(dsb_registry_reset(&b.registry), NX_OK);
    EXPECT_STATUS(dsb_registry_reset(&b.registry), NX_E_BUSY);
    expect_refused(NX_E_MALFORMED);
    pump();
    expect_event(DSB_REGISTRY_ASIDE, "", NX_OK);
    expect_event(DSB_REGISTRY_RESET, "", NX_OK);
    EXPECT_BYTES(on_disk(DSB_REGISTRY_KEY ".bad"), nx_bytes_of_text("damaged"));
    have("a", 1);
    EXPECT_STATUS(restart(), NX_OK);
    EXPECT(is_paired("a"));

    unit_row("a second damage does not overwrite what is kept of the first");
    put_on_disk("damaged again");
    EXPECT_STATUS(restart(), NX_E_MALFORMED);
    pump();
    EXPECT_BYTES(on_disk(DSB_REGISTRY_KEY ".bad"), nx_bytes_of_text("damaged"));
    EXPECT_BYTES(on_disk(DSB_REGISTRY_KEY ".bad-2"), nx_bytes_of_text("damaged again"));

    unit_row("a restart in between does not make it good, and it can be reset then");
    EXPECT_STATUS(restart(), NX_E_MALFORMED);
    pump();
    expect_no_event();
    EXPECT_STATUS(dsb_registry_reset(&b.registry), NX_OK);
    pump();
    expect_event(DSB_REGISTRY_RESET, "", NX_OK);
    EXPECT_STATUS(restart(), NX_OK);

    unit_row("what could not be set aside is not overwritten by a reset");
    put_on_disk("damaged");
    EXPECT_STATUS(restart(), NX_E_MALFORMED);
    nx_store_memory_plan(&b.disk, 1, NX_STORE_FAULT_REFUSED, NX_E_IO);
    EXPECT_STATUS(dsb_registry_reset(&b.registry), NX_OK);
    pump();
    expect_event(DSB_REGISTRY_ASIDE, "", NX_E_IO);
    expect_event(DSB_REGISTRY_RESET, "", NX_E_DENIED);
    EXPECT_BYTES(on_disk(DSB_REGISTRY_KEY), nx_bytes_of_text("damaged"));
    expect_refused(NX_E_MALFORMED);

    unit_row("a reset after that tries again to set it aside");
    EXPECT_STATUS(dsb_registry_reset(&b.registry), NX_OK);
    pump();
    expect_event(DSB_REGISTRY_ASIDE, "", NX_OK);
    expect_event(DSB_REGISTRY_RESET, "", NX_OK);
    EXPECT_STATUS(dsb_registry_status(&b.registry), NX_OK);

    unit_row("a reset that could not be stored leaves it damaged");
    nx_store_memory_init(&b.disk, b.held, VALUE_CAP, HELD_CAP);
    put_on_disk("damaged");
    EXPECT_STATUS(restart(), NX_E_MALFORMED);
    nx_store_memory_plan(&b.disk, 2, NX_STORE_FAULT_REFUSED, NX_E_NO_SPACE);
    EXPECT_STATUS(dsb_registry_reset(&b.registry), NX_OK);
    pump();
    expect_event(DSB_REGISTRY_ASIDE, "", NX_OK);
    expect_event(DSB_REGISTRY_RESET, "", NX_E_NO_SPACE);
    expect_refused(NX_E_MALFORMED);

    unit_row("a reset has to wait for room for both of its steps, and changes nothing");
    begin();
    put_on_disk("damaged");
    EXPECT_STATUS(restart(), NX_E_MALFORMED);
    nx_store_memory_plan(&b.disk, 1, NX_STORE_FAULT_REFUSED, NX_E_IO);
    pump();
    for (uint32_t steps = 1; steps + 2 <= DSB_REGISTRY_CHANGES_MAX; steps += 2) {
        nx_store_memory_plan(&b.disk, 1, NX_STORE_FAULT_REFUSED, NX_E_IO);
        EXPECT_STATUS(dsb_registry_reset(&b.registry), NX_OK);
        pump();
    }
    EXPECT_STATUS(dsb_registry_reset(&b.registry), NX_WOULD_BLOCK);
    expect_event(DSB_REGISTRY_ASIDE, "", NX_E_IO);
    EXPECT_STATUS(dsb_registry_reset(&b.registry), NX_OK);
    pump();
    EXPECT_STATUS(dsb_registry_status(&b.registry), NX_OK);

    unit_row("a damaged value that somebody took away needs not be kept");
    begin();
    put_on_disk("damaged");
    EXPECT_STATUS(restart(), NX_E_MALFORMED);
    nx_store_memory_init(&b.disk, b.held, VALUE_CAP, HELD_CAP);
    EXPECT_STATUS(dsb_registry_reset(&b.registry), NX_OK);
    pump();
    expect_event(DSB_REGISTRY_ASIDE, "", NX_E_NOT_FOUND);
    expect_event(DSB_REGISTRY_RESET, "", NX_OK);
    EXPECT_STATUS(restart(), NX_OK);
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
    rows_of_loading();
    rows_of_values();
    rows_of_reset();
}
