/* Pairing as a node does it: what is stored before what is told. */
#include "core/base/memory.h"
#include "core/base/text.h"
#include "core/crypto/crypto.h"
#include "core/wire/frame.h"
#include "tests/node/bench.h"
#include "tests/unit/unit.h"

static struct bench *b;

/* Another device, that pairs with self over a link of its own: the machine alone, no node. */
struct guest {
    struct dsb_pairing machine;
    struct nx_prng prng;
    struct dsb_link_info info; /* as self sees it */
    enum dsb_pairing_role role;
    uint32_t link;
};

static struct guest guests[2];

static struct dsb_pairing_peer named(const char *id_text)
{
    struct dsb_pairing_peer peer = {0};
    struct nx_text t = nx_text_over(peer.id_text, sizeof(peer.id_text));

    nx_text_add(&t, id_text);
    EXPECT_STATUS(dsb_id_of_text(DSB_WORLD_SIM, id_text, peer.id), NX_OK);
    return peer;
}

static void guest_init(struct guest *g, const char *id_text, uint8_t key)
{
    memset(g, 0, sizeof(*g));
    nx_prng_init(&g->prng, key, id_text);
    g->info = bench_info(id_text, key, DSB_LINK_TO_PAIR, false);

    const struct dsb_pairing_config config = {.self = g->info.device,
                                              .rng = nx_prng_as_rng(&g->prng)};
    dsb_pairing_init(&g->machine, &config);
}

static void join(struct guest *g, enum dsb_pairing_role role)
{
    g->role = role;
    g->info.is_initiator = role == DSB_PAIRING_OWNER;
    EXPECT_STATUS(dsb_node_link_up(&b->node, b->now, &g->info, &g->link), NX_OK);
    EXPECT_STATUS(
        dsb_pairing_begin(&g->machine, b->now, role, &b->node.config.device, g->info.channel),
        NX_OK);
}

/* Self shows a code, and the guest types it. */
static void guest_types(struct guest *g)
{
    const struct dsb_pairing_peer self = named("self");
    char code[DSB_PAIRING_CODE_LEN + 1];

    EXPECT_STATUS(dsb_node_pair_offer(&b->node, b->now, g->info.id_text, code), NX_OK);
    EXPECT_STATUS(dsb_pairing_accept(&g->machine, b->now, &self, nx_bytes_of_text(code)), NX_OK);
    join(g, DSB_PAIRING_TYPIST);
}

/* The guest shows a code, and it is typed here. */
static void guest_shows(struct guest *g)
{
    const struct dsb_pairing_peer self = named("self");
    char code[DSB_PAIRING_CODE_LEN + 1];

    EXPECT_STATUS(dsb_pairing_offer(&g->machine, b->now, &self, code), NX_OK);
    EXPECT_STATUS(dsb_node_pair_accept(&b->node, b->now, g->info.id_text, nx_bytes_of_text(code)),
                  NX_OK);
    join(g, DSB_PAIRING_OWNER);
}

static bool carry_to_guest(struct guest *g)
{
    static uint8_t record[DSB_FRAME_MAX];
    struct nx_writer out = nx_writer_over(record, sizeof(record));
    struct dsb_frame frame;
    size_t used;

    if (!dsb_node_link_output(&b->node, g->link, &out))
        return false;
    for (struct nx_bytes rest = nx_writer_bytes(&out);
         dsb_frame_decode(rest, &frame, &used) == NX_OK; rest = nx_bytes_skip(rest, used)) {
        if (frame.kind == DSB_FRAME_PAIR)
            (void)!dsb_pairing_input(&g->machine, b->now, g->role, frame.body);
    }
    return true;
}

static bool carry_to_self(struct guest *g)
{
    uint8_t message[DSB_PAIR_PAYLOAD_MAX];
    uint8_t record[DSB_FRAME_HEAD_LEN + sizeof(message)];
    struct nx_writer body = nx_writer_over(message, sizeof(message));
    struct nx_writer out = nx_writer_over(record, sizeof(record));
    size_t used;

    if (!dsb_pairing_output(&g->machine, g->role, &body))
        return false;

    const struct dsb_frame frame = {.kind = DSB_FRAME_PAIR, .body = nx_writer_bytes(&body)};
    EXPECT_STATUS(dsb_frame_encode(&frame, &out), NX_OK);
    (void)!dsb_node_link_input(&b->node, b->now, g->link, nx_writer_bytes(&out), &used);
    return true;
}

/* Carry messages both ways until there are none; the guest stores at once. */
static void run(struct guest *g)
{
    struct dsb_pairing_event event;
    bool moved = true;

    while (moved) {
        moved = carry_to_self(g);
        moved = carry_to_guest(g) || moved;
        while (dsb_pairing_event(&g->machine, &event)) {
            if (event.kind == DSB_PAIRING_EVENT_STORE)
                EXPECT_STATUS(dsb_pairing_stored(&g->machine, b->now, event.role, NX_OK), NX_OK);
        }
    }
}

static bool is_paired(const char *id_text)
{
    return dsb_registry_find_text(&b->node.registry, id_text) != NULL;
}

static void begin(uint32_t friend_count)
{
    b = bench_begin(friend_count);
    guest_init(&guests[0], "guest-a", 1);
    guest_init(&guests[1], "guest-b", 2);
}

/* Everything that the node has for its store is stored. */
static void store_all(void)
{
    while (bench_store(b, NX_OK)) {
    }
}

/* ---- what is stored ------------------------------------------------------------------------ */

static void stored_rows(void)
{
    struct guest *a = &guests[0];
    struct dsb_node_event event;

    unit_row("an owner is paired when the entry is stored, and not before");
    begin(0);
    guest_types(a);
    run(a);
    EXPECT(!bench_event(b, DSB_NODE_PAIRED, &event));
    store_all();
    EXPECT(bench_event(b, DSB_NODE_PAIRED, &event));
    EXPECT_TEXT(event.id_text, "guest-a");
    EXPECT(is_paired("guest-a"));

    EXPECT_EQ(dsb_registry_find_text(&b->node.registry, "guest-a")->paired_at_s, 0);

    unit_row("what is stored of it has the time of people's clocks, where the driver has one");
    begin(0);
    dsb_node_set_wall_s(&b->node, 1767225600);
    guest_types(a);
    run(a);
    dsb_node_set_wall_s(&b->node, 1767225999);
    store_all();
    EXPECT_EQ(dsb_registry_find_text(&b->node.registry, "guest-a")->paired_at_s, 1767225600);

    unit_row("an entry that was stored after its pairing was given up is taken out again");
    begin(0);
    guest_types(a);
    run(a);
    dsb_node_pair_cancel(&b->node, b->now, DSB_PAIRING_OWNER);
    store_all();
    EXPECT(!is_paired("guest-a"));
    EXPECT(bench_event(b, DSB_NODE_PAIRING_FAILED, &event));
    EXPECT(!bench_event(b, DSB_NODE_PAIRED, &event));

    unit_row(
        "an entry that could not be stored is told with the store's sentence, then as not paired");
    begin(0);
    guest_types(a);
    run(a);
    while (bench_store(b, NX_E_NO_SPACE)) {
    }
    EXPECT(dsb_node_event(&b->node, b->now, &event)); /* of the budgets */
    EXPECT(bench_event(b, DSB_NODE_STORE_FAILED, &event));
    EXPECT_TEXT(event.id_text, "guest-a");
    EXPECT_TEXT(event.why.text, BENCH_STORE_WHY);
    EXPECT(dsb_node_event(&b->node, b->now, &event));
    EXPECT_EQ(event.kind, DSB_NODE_PAIRING_FAILED);
    EXPECT_STATUS(event.status, NX_E_NO_SPACE);

    unit_row("one that could not be stored has nothing to be taken out");
    begin(0);
    guest_types(a);
    run(a);
    dsb_node_pair_cancel(&b->node, b->now, DSB_PAIRING_OWNER);
    while (bench_store(b, NX_E_NO_SPACE)) {
    }
    EXPECT(!is_paired("guest-a"));
    EXPECT(!bench_event(b, DSB_NODE_UNPAIRED, &event));

    unit_row(
        "one that is stored when the time of its pairing is up comes too late, and is taken out");
    begin(0);
    guest_types(a);
    run(a);
    b->now = nx_instant_after(b->now, nx_seconds(DSB_PAIRING_SESSION_S));
    store_all();
    EXPECT(!is_paired("guest-a"));
    EXPECT(bench_event(b, DSB_NODE_PAIRING_FAILED, &event));
    EXPECT_STATUS(event.status, NX_E_TIMEOUT);

    unit_row("two that are stored at once are each paired with their own");
    begin(0);
    guest_types(&guests[0]);
    guest_shows(&guests[1]);
    run(&guests[0]);
    run(&guests[1]);
    EXPECT_EQ(dsb_pairing_state(&b->node.pairing, DSB_PAIRING_OWNER), DSB_PAIRING_STORING);
    EXPECT_EQ(dsb_pairing_state(&b->node.pairing, DSB_PAIRING_TYPIST), DSB_PAIRING_STORING);
    while (dsb_pairing_state(&b->node.pairing, DSB_PAIRING_OWNER) == DSB_PAIRING_STORING)
        NEED(bench_store(b, NX_OK));
    EXPECT_EQ(dsb_pairing_state(&b->node.pairing, DSB_PAIRING_TYPIST), DSB_PAIRING_STORING);
    EXPECT(is_paired("guest-a") && !is_paired("guest-b"));
    store_all();
    EXPECT(is_paired("guest-b"));
}

static void unpaired_rows(void)
{
    struct guest *a = &guests[0];
    struct dsb_node_event event;

    unit_row("a pairing that is being stored is newer than the session that ends as unpaired");
    begin(1);
    guest_init(a, "friend-0", 7);
    uint32_t link = bench_session(b, 0);
    guest_types(a);
    run(a);
    bench_bye(b, link, DSB_GOAWAY_UNPAIRED, 0);
    EXPECT(bench_event(b, DSB_NODE_SESSION_ENDED, &event));
    store_all();
    EXPECT(bench_event(b, DSB_NODE_PAIRED, &event));
    EXPECT(!bench_event(b, DSB_NODE_UNPAIRED, &event));
    EXPECT(is_paired("friend-0"));
}

/* ---- what the registry has no room for ----------------------------------------------------- */

static void full_rows(void)
{
    struct guest *a = &guests[0];
    struct dsb_node_event event;

    unit_row("with as many devices as the profile holds, one more is not paired and told why");
    begin(dsb_profile_board.peer_count_max);
    guest_types(a);
    run(a);
    EXPECT(bench_event(b, DSB_NODE_STORE_FAILED, &event));
    EXPECT_TEXT(event.why.text, "paired devices: limit 16, asked 17");
    EXPECT(bench_event(b, DSB_NODE_PAIRING_FAILED, &event));
    EXPECT_STATUS(event.status, NX_E_LIMIT);
    store_all();
    EXPECT(!is_paired("guest-a"));

    unit_row("with as many changes under way as are kept, one more is not paired and told why");
    begin(DSB_REGISTRY_CHANGES_MAX);
    for (uint32_t i = 0; i < DSB_REGISTRY_CHANGES_MAX; i++)
        EXPECT_STATUS(dsb_node_unpair(&b->node, b->now, bench_friend(i)), NX_OK);
    guest_types(a);
    run(a);
    EXPECT(bench_event(b, DSB_NODE_STORE_FAILED, &event));
    EXPECT_TEXT(event.why.text, "changes of the registry under way: limit 8, asked 9");
    EXPECT(bench_event(b, DSB_NODE_PAIRING_FAILED, &event));
    EXPECT_STATUS(event.status, NX_E_LIMIT);
}

/* ---- news that nobody takes ---------------------------------------------------------------- */

static void untaken_rows(void)
{
    const struct dsb_node_dial dial = {.id_text = "friend-0", .purpose = DSB_LINK_TO_TALK};
    struct guest *a = &guests[0];
    struct dsb_node_event event;

    unit_row("a device that was unpaired before its pairing could be told is not pinned");
    begin(1);
    guest_types(a);
    run(a);
    EXPECT_STATUS(dsb_node_unpair(&b->node, b->now, "friend-0"), NX_OK);
    while (b->node.news_count < DSB_NODE_NEWS_MAX - DSB_NODE_DIALS_MAX)
        dsb_node_dial_failed(&b->node, b->now, &dial, NX_E_TIMEOUT);
    store_all(); /* both changes are made, and neither can be told */
    EXPECT(is_paired("guest-a") && !is_paired("friend-0"));
    EXPECT(dsb_node_event(&b->node, b->now, &event)); /* room for one: friend-0 is unpaired */
    EXPECT_STATUS(dsb_node_unpair(&b->node, b->now, "guest-a"), NX_OK);
    store_all();
    EXPECT(bench_event(b, DSB_NODE_UNPAIRED, &event));
    EXPECT_TEXT(event.id_text, "friend-0");
    EXPECT(bench_event(b, DSB_NODE_PAIRED, &event));
    EXPECT(bench_event(b, DSB_NODE_UNPAIRED, &event));
    EXPECT_TEXT(event.id_text, "guest-a");
    EXPECT(dsb_discovery_find(&b->node.discovery, nx_bytes_of_text("guest-a")) == NULL);
}

/* ---- both at once -------------------------------------------------------------------------- */

static void cross_rows(void)
{
    struct guest *a = &guests[0];
    const struct dsb_pairing_peer self = named("self");
    struct dsb_node_event event;
    char code[DSB_PAIRING_CODE_LEN + 1];
    uint32_t count = 0;

    unit_row("where each shows a code to the other, one pairing closes the other act in silence");
    begin(0);
    EXPECT_STATUS(dsb_pairing_offer(&a->machine, b->now, &self, code), NX_OK);
    EXPECT_STATUS(dsb_node_pair_accept(&b->node, b->now, "guest-a", nx_bytes_of_text(code)), NX_OK);
    guest_types(a);
    run(a);
    store_all();
    while (dsb_node_event(&b->node, b->now, &event)) {
        EXPECT(event.kind != DSB_NODE_PAIRING_FAILED);
        count += event.kind == DSB_NODE_PAIRED;
    }
    EXPECT_EQ(count, 1);
    EXPECT_EQ(dsb_pairing_state(&b->node.pairing, DSB_PAIRING_TYPIST), DSB_PAIRING_CLOSED);
}

UNIT_SUITE(node_pairing_test)
{
    stored_rows();
    unpaired_rows();
    full_rows();
    untaken_rows();
    cross_rows();
}
