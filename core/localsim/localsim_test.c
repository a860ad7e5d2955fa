#include "core/base/text.h"
#include "core/bus/byte_stream.h"
#include "core/bus/msg_stream.h"
#include "tests/localsim/world.h"
#include "tests/unit/unit.h"

/* ---- discovery ----------------------------------------------------------------------------- */

static void discovery_rows(void)
{
    struct world *w = world_begin(1);
    struct dsb_discovery *discovery = &w->sim.nodes[DSB_LOCALSIM_SELF].discovery;
    const struct dsb_neighbour *list[4];

    unit_row("self alone is discovered before anybody was heard");
    EXPECT_EQ(dsb_discovery_list(discovery, w->now, nx_bytes_of(NULL, 0), list, 4), 1);
    EXPECT_TEXT(list[0]->id, DSB_LOCALSIM_SELF_ID);

    unit_row("self and one peer are discovered, sorted by id");
    world_pass(w, 2);
    EXPECT_EQ(dsb_discovery_list(discovery, w->now, nx_bytes_of(NULL, 0), list, 4), 2);
    EXPECT_TEXT(list[0]->id, DSB_LOCALSIM_PEER_ID);
    EXPECT_TEXT(list[1]->id, DSB_LOCALSIM_SELF_ID);

    unit_row("when a device was last seen is told in nanoseconds of the injected clock");
    struct nx_instant seen = list[0]->last_seen;
    EXPECT(seen.ns > 0 && seen.ns <= w->now.ns);
    world_pass(w, 10);
    EXPECT_EQ(dsb_discovery_list(discovery, w->now, nx_bytes_of(NULL, 0), list, 4), 2);
    EXPECT(list[0]->last_seen.ns > seen.ns);

    unit_row("the same seed sees the same peer at the same instant");
    struct nx_instant again = list[0]->last_seen;
    w = world_begin(1);
    world_pass(w, 12);
    EXPECT_EQ(dsb_discovery_list(discovery, w->now, nx_bytes_of(NULL, 0), list, 4), 2);
    EXPECT_EQ(list[0]->last_seen.ns, again.ns);
}

/* ---- what it begins with ------------------------------------------------------------------- */

static void init_rows(void)
{
    struct world *w = world_begin(1);
    void *memory = w->sim.nodes[DSB_LOCALSIM_SELF].config.memory;
    struct dsb_profile profile = dsb_profile_board;
    struct nx_instant now = w->now;

    unit_row("a byte of memory too little is refused");
    EXPECT_STATUS(dsb_localsim_init(&w->sim, now, 1, &profile, NULL, memory,
                                    dsb_localsim_memory_size(&profile) - 1),
                  NX_E_INVALID);

    unit_row("a profile over a limit is refused");
    profile.block_size = 0;
    EXPECT_STATUS(dsb_localsim_init(&w->sim, now, 1, &profile, NULL, memory,
                                    dsb_localsim_memory_size(&profile)),
                  NX_E_INVALID);

    unit_row("a step is wanted at the earlier of both nodes' deadlines, and then something moves");
    w = world_begin(1);
    world_settle(w);
    EXPECT(!dsb_localsim_step(&w->sim, w->now));
    EXPECT(dsb_localsim_deadline(&w->sim).ns > w->now.ns);
    w->now = dsb_localsim_deadline(&w->sim);
    EXPECT(dsb_localsim_step(&w->sim, w->now));
}

/* ---- pairing ------------------------------------------------------------------------------- */

static void copy_code(char to[DSB_PAIRING_CODE_LEN + 1], const char *from)
{
    struct nx_text t = nx_text_over(to, DSB_PAIRING_CODE_LEN + 1);

    nx_text_add(&t, from);
}

static void pairing_rows(void)
{
    char first[DSB_PAIRING_CODE_LEN + 1];
    struct world *w = world_begin(7);

    unit_row("the code typed on the other side pairs both");
    world_pass(w, 2);
    copy_code(first, world_pair(w));
    EXPECT_EQ(w->sides[DSB_LOCALSIM_SELF].paired_count, 1);
    EXPECT_EQ(w->sides[DSB_LOCALSIM_PEER].paired_count, 1);

    unit_row("the same seed gives the same code");
    w = world_begin(7);
    EXPECT_TEXT(world_pair(w), first);

    unit_row("another seed gives another code");
    w = world_begin(8);
    EXPECT(!nx_bytes_equal(nx_bytes_of_text(world_pair(w)), nx_bytes_of_text(first)));

    unit_row("pairing leads to a session on both sides");
    EXPECT(world_session(w, DSB_LOCALSIM_SELF) != NULL);
    EXPECT(world_session(w, DSB_LOCALSIM_PEER) != NULL);

    unit_row("pairing once more keeps the session that there is, and asks for no second one");
    const struct dsb_mux *mux = world_session(w, DSB_LOCALSIM_SELF);
    world_pair(w);
    EXPECT_EQ(w->sides[DSB_LOCALSIM_SELF].paired_count, 2);
    EXPECT_EQ(w->sides[DSB_LOCALSIM_SELF].sessions_up, 1);
    EXPECT(world_session(w, DSB_LOCALSIM_SELF) == mux);
}

static void wrong_code_rows(void)
{
    struct world *w = world_begin(1);
    struct dsb_node *self = &w->sim.nodes[DSB_LOCALSIM_SELF];
    struct dsb_node *peer = &w->sim.nodes[DSB_LOCALSIM_PEER];
    char code[DSB_PAIRING_CODE_LEN + 1];

    unit_row("a wrong code pairs nobody and is told on both sides");
    EXPECT_STATUS(dsb_node_pair_offer(self, w->now, DSB_LOCALSIM_PEER_ID, code), NX_OK);
    code[5] = code[5] == '9' ? '0' : (char)(code[5] + 1);
    EXPECT_STATUS(dsb_node_pair_accept(peer, w->now, DSB_LOCALSIM_SELF_ID, nx_bytes_of_text(code)),
                  NX_OK);
    world_settle(w);
    EXPECT_STATUS(w->sides[DSB_LOCALSIM_SELF].pairing_failure, NX_E_DENIED);
    EXPECT_STATUS(w->sides[DSB_LOCALSIM_PEER].pairing_failure, NX_E_DENIED);
    EXPECT_EQ(dsb_registry_count(&self->registry), 0);
    EXPECT_EQ(dsb_registry_count(&peer->registry), 0);

    unit_row("after a wrong code there is no session");
    EXPECT(world_session(w, DSB_LOCALSIM_SELF) == NULL);
    EXPECT_STATUS(dsb_node_connect(self, DSB_LOCALSIM_PEER_ID), NX_E_NOT_FOUND);

    unit_row("a code that is no code is refused at once");
    EXPECT_STATUS(
        dsb_node_pair_accept(peer, w->now, DSB_LOCALSIM_SELF_ID, nx_bytes_of_text("12345")),
        NX_E_MALFORMED);

    unit_row("an accept without an offer ends as nobody there to pair with");
    w = world_begin(1);
    EXPECT_STATUS(dsb_node_pair_accept(&w->sim.nodes[DSB_LOCALSIM_PEER], w->now,
                                       DSB_LOCALSIM_SELF_ID, nx_bytes_of_text("123456")),
                  NX_OK);
    world_settle(w);
    EXPECT_STATUS(w->sides[DSB_LOCALSIM_PEER].pairing_failure, NX_E_DENIED);

    unit_row("pairing with oneself is refused");
    EXPECT_STATUS(
        dsb_node_pair_offer(&w->sim.nodes[DSB_LOCALSIM_SELF], w->now, DSB_LOCALSIM_SELF_ID, code),
        NX_E_INVALID);
}

/* ---- dials --------------------------------------------------------------------------------- */

/* So much news that a node can begin nothing more until somebody takes it. */
static void fill_news(struct dsb_node *node, struct nx_instant now)
{
    const struct dsb_node_dial dial = {.id_text = "nobody", .purpose = DSB_LINK_TO_TALK};

    while (node->news_count < DSB_NODE_NEWS_MAX - DSB_NODE_DIALS_MAX)
        dsb_node_dial_failed(node, now, &dial, NX_E_NOT_FOUND);
}

/* One that is ending, and whose wire stays up for the stream that is open still. */
static void hold_ending_session(struct world *w)
{
    struct dsb_mux *mux = world_session(w, DSB_LOCALSIM_SELF);
    struct dsb_msg_stream msg;

    if (!EXPECT(mux != NULL))
        return;
    EXPECT_STATUS(dsb_msg_stream_open(&msg, mux, nx_bytes_of_text("held")), NX_OK);
    world_settle(w);
    EXPECT_STATUS(dsb_mux_shutdown(mux, DSB_GOAWAY_SHUTDOWN, "held"), NX_OK);
    world_settle(w);
}

static void dial_rows(void)
{
    struct world *w = world_begin(1);

    unit_row("who is neither of the two cannot be dialled");
    EXPECT_STATUS(dsb_node_pair_accept(&w->sim.nodes[DSB_LOCALSIM_SELF], w->now, "somebody",
                                       nx_bytes_of_text("123456")),
                  NX_OK);
    world_settle(w);
    EXPECT_STATUS(w->sides[DSB_LOCALSIM_SELF].pairing_failure, NX_E_NOT_FOUND);

    for (int full = 0; full < DSB_LOCALSIM_SIDES; full++) {
        unit_row(full == DSB_LOCALSIM_SELF
                     ? "a session that who dialled has no room to tell of is begun on neither side"
                     : "a session that who is dialled has no room to tell of is begun on neither");
        w = world_begin(1);
        world_pair(w);
        dsb_localsim_cut(&w->sim, w->now);
        world_settle(w);
        w->leaves_events = true;
        fill_news(&w->sim.nodes[full], w->now);
        EXPECT_STATUS(dsb_node_connect(&w->sim.nodes[DSB_LOCALSIM_SELF], DSB_LOCALSIM_PEER_ID),
                      NX_OK);
        world_settle(w);
        EXPECT(world_session(w, DSB_LOCALSIM_SELF) == NULL);
        EXPECT(world_session(w, DSB_LOCALSIM_PEER) == NULL);
        w->leaves_events = false;
        world_settle(w);
        EXPECT_STATUS(w->sides[DSB_LOCALSIM_SELF].session_end, NX_E_LIMIT);
    }

    unit_row(
        "sessions that are held open at their end go on beside a new one, and never more than one");
    w = world_begin(1);
    world_pair(w);
    for (size_t i = 0; i <= DSB_LOCALSIM_WIRES; i++) {
        uint32_t up_count = 0;

        hold_ending_session(w);
        EXPECT_STATUS(dsb_node_connect(&w->sim.nodes[DSB_LOCALSIM_SELF], DSB_LOCALSIM_PEER_ID),
                      NX_OK);
        world_settle(w);
        EXPECT(world_session(w, DSB_LOCALSIM_SELF) != NULL);
        for (size_t n = 0; n < DSB_LOCALSIM_WIRES; n++)
            up_count += w->sim.wires[n].is_up;
        EXPECT_EQ(up_count, 2);
        EXPECT_STATUS(w->sides[DSB_LOCALSIM_SELF].session_end, i == 0 ? NX_OK : NX_END);
    }

    unit_row("when every wire is up, for whatever it is, one more cannot be dialled");
    w = world_begin(1);
    world_pair(w);
    dsb_localsim_cut(&w->sim, w->now);
    world_settle(w);
    for (size_t i = 0; i < DSB_LOCALSIM_WIRES; i++)
        w->sim.wires[i].is_up = true;
    EXPECT_STATUS(dsb_node_connect(&w->sim.nodes[DSB_LOCALSIM_SELF], DSB_LOCALSIM_PEER_ID), NX_OK);
    world_settle(w);
    EXPECT_STATUS(w->sides[DSB_LOCALSIM_SELF].session_end, NX_E_LIMIT);
    for (size_t i = 0; i < DSB_LOCALSIM_WIRES; i++)
        w->sim.wires[i].is_up = false;
}

/* ---- markers ------------------------------------------------------------------------------- */

static bool has_marker(const struct world *w, const char *text)
{
    for (uint32_t i = 0; i < w->line_count; i++) {
        if (nx_bytes_equal(nx_bytes_of_text(w->lines[i]), nx_bytes_of_text(text)))
            return true;
    }
    return false;
}

static void marker_rows(void)
{
    struct world *w = world_begin(1);
    struct dsb_msg_stream msg;
    struct dsb_byte_stream byte;

    unit_row("each of the six markers is printed on its transition, in order, once");
    world_pass(w, 2);
    const char *code = world_pair(w);
    struct dsb_mux *mux = world_session(w, DSB_LOCALSIM_SELF);
    NEED(mux != NULL);
    EXPECT_STATUS(dsb_msg_stream_open(&msg, mux, nx_bytes_of_text("chat")), NX_OK);
    world_settle(w);
    EXPECT_STATUS(dsb_byte_stream_open(&byte, mux, nx_bytes_of_text("blob")), NX_OK);
    world_settle(w);

    char offer[NX_MARKER_LINE_MAX];
    struct nx_text t = nx_text_over(offer, sizeof(offer));
    nx_text_add(&t, "dsoftbus: pair offer peer=peer-sim-01 code=");
    nx_text_add(&t, code);
    const char *const wanted[] = {
        "dsoftbusd: ready",
        "dsoftbus: discovered n=1",
        "dsoftbus: discovered n=2",
        offer,
        "dsoftbus: paired peer=peer-sim-01",
        "dsoftbus: msg open peer=peer-sim-01 ch=chat",
        "dsoftbus: byte open peer=peer-sim-01 ch=blob",
    };
    size_t at = 0;
    for (uint32_t i = 0; i < w->line_count; i++) {
        while (at < NX_COUNT_OF(wanted) && at == 1 &&
               !nx_bytes_equal(nx_bytes_of_text(w->lines[i]), nx_bytes_of_text(wanted[at])))
            at++; /* whether self alone is said depends on the first jitter */
        NEED(at < NX_COUNT_OF(wanted));
        EXPECT_TEXT(w->lines[i], wanted[at]);
        at++;
    }
    EXPECT_EQ(at, NX_COUNT_OF(wanted));

    unit_row("opening is said when the peer accepted, not when it was asked");
    w = world_begin(1);
    world_pair(w);
    mux = world_session(w, DSB_LOCALSIM_SELF);
    NEED(mux != NULL);
    EXPECT_STATUS(dsb_msg_stream_open(&msg, mux, nx_bytes_of_text("chat")), NX_OK);
    EXPECT(!has_marker(w, "dsoftbus: msg open peer=peer-sim-01 ch=chat"));
    world_settle(w);
    EXPECT(has_marker(w, "dsoftbus: msg open peer=peer-sim-01 ch=chat"));

    unit_row("a channel's name cannot break a marker's line");
    w = world_begin(1);
    world_pair(w);
    mux = world_session(w, DSB_LOCALSIM_PEER);
    NEED(mux != NULL);
    EXPECT_STATUS(dsb_msg_stream_open(&msg, mux, nx_bytes_of_text("a\nb\xe2\x80\xae")), NX_OK);
    world_settle(w);
    EXPECT(has_marker(w, "dsoftbus: msg open peer=peer-sim-01 ch=ab"));
}

static void stored_rows(void)
{
    struct world *w;

    unit_row("paired is said after the entry was stored, not before");
    w = world_begin(1);
    w->holds_stores = true;
    world_pair(w);
    EXPECT(!has_marker(w, "dsoftbus: paired peer=peer-sim-01"));
    EXPECT_EQ(w->sides[DSB_LOCALSIM_SELF].paired_count, 0);
    w->holds_stores = false;
    world_settle(w);
    EXPECT(has_marker(w, "dsoftbus: paired peer=peer-sim-01"));

    unit_row("what could not be stored is not paired, on either side");
    w = world_begin(1);
    w->refuses_stores = true;
    world_pair(w);
    EXPECT(!has_marker(w, "dsoftbus: paired peer=peer-sim-01"));
    EXPECT_EQ(w->sides[DSB_LOCALSIM_SELF].paired_count, 0);
    EXPECT_EQ(w->sides[DSB_LOCALSIM_PEER].paired_count, 0);
    EXPECT_EQ(dsb_registry_count(&w->sim.nodes[DSB_LOCALSIM_SELF].registry), 0);
    EXPECT(w->sides[DSB_LOCALSIM_SELF].pairing_failure != NX_OK);
    EXPECT(w->sides[DSB_LOCALSIM_PEER].pairing_failure != NX_OK);
}

static void cut_while_storing(struct world *w)
{
    w->holds_stores = true;
    world_pair(w);
    dsb_localsim_cut(&w->sim, w->now);
    w->holds_stores = false;
    world_settle(w);
}

static void broken_store_rows(void)
{
    struct world *w = world_begin(1);
    const struct dsb_registry *registry = &w->sim.nodes[DSB_LOCALSIM_SELF].registry;

    unit_row("an entry that is stored when its pairing has ended is taken out again, unannounced");
    cut_while_storing(w);
    EXPECT_STATUS(w->sides[DSB_LOCALSIM_SELF].pairing_failure, NX_E_CLOSED);
    EXPECT_EQ(dsb_registry_count(registry), 0);
    EXPECT(!has_marker(w, "dsoftbus: paired peer=peer-sim-01"));

    unit_row("a second pairing that ends while it is stored leaves the first as it was");
    w = world_begin(1);
    world_pair(w);
    EXPECT_EQ(dsb_registry_count(registry), 1);
    cut_while_storing(w);
    EXPECT_STATUS(w->sides[DSB_LOCALSIM_SELF].pairing_failure, NX_E_CLOSED);
    EXPECT_EQ(dsb_registry_count(registry), 1);
    EXPECT_EQ(w->sides[DSB_LOCALSIM_SELF].unpaired_count, 0);
}

/* ---- restarts ------------------------------------------------------------------------------ */

static void restart_rows(void)
{
    struct world *w = world_begin(1);

    unit_row("a paired device is known after a restart and needs no code");
    world_pair(w);
    world_restart(w);
    EXPECT_STATUS(w->started[DSB_LOCALSIM_SELF], NX_OK);
    EXPECT_EQ(dsb_registry_count(&w->sim.nodes[DSB_LOCALSIM_SELF].registry), 1);
    EXPECT_STATUS(dsb_node_connect(&w->sim.nodes[DSB_LOCALSIM_SELF], DSB_LOCALSIM_PEER_ID), NX_OK);
    world_settle(w);
    EXPECT(world_session(w, DSB_LOCALSIM_PEER) != NULL);

    unit_row("known on one side only is no session");
    w = world_begin(1);
    world_pair(w);
    nx_store_memory_init(&w->stores[DSB_LOCALSIM_PEER], w->stores[DSB_LOCALSIM_PEER].values,
                         NX_STORE_VALUE_MAX, WORLD_KEYS_MAX);
    world_restart(w);
    EXPECT_STATUS(dsb_node_connect(&w->sim.nodes[DSB_LOCALSIM_SELF], DSB_LOCALSIM_PEER_ID), NX_OK);
    world_settle(w);
    EXPECT(world_session(w, DSB_LOCALSIM_SELF) == NULL);
    EXPECT_STATUS(w->sides[DSB_LOCALSIM_SELF].session_end, NX_E_DENIED);

    unit_row("a device that comes back with other keys is another identity, and no session");
    w = world_begin(1);
    world_pair(w);
    w->sim.seed = 2;
    world_restart(w);
    EXPECT_STATUS(dsb_node_connect(&w->sim.nodes[DSB_LOCALSIM_SELF], DSB_LOCALSIM_PEER_ID), NX_OK);
    world_settle(w);
    EXPECT(world_session(w, DSB_LOCALSIM_SELF) == NULL);
    EXPECT_STATUS(w->sides[DSB_LOCALSIM_SELF].session_end, NX_E_IDENTITY);

    unit_row("a damaged registry is no registry without peers: pairing is refused, and it is kept");
    char code[DSB_PAIRING_CODE_LEN + 1];
    w = world_begin(1);
    EXPECT_STATUS(nx_store_memory_set(&w->stores[DSB_LOCALSIM_SELF], DSB_REGISTRY_KEY,
                                      nx_bytes_of_text("{\"version\":")),
                  NX_OK);
    w->line_count = 0;
    world_restart(w);
    world_settle(w);
    EXPECT_STATUS(w->started[DSB_LOCALSIM_SELF], NX_E_MALFORMED);
    EXPECT_STATUS(
        dsb_node_pair_offer(&w->sim.nodes[DSB_LOCALSIM_SELF], w->now, DSB_LOCALSIM_PEER_ID, code),
        NX_E_STATE);
    struct nx_bytes kept;
    EXPECT_STATUS(
        nx_store_memory_find(&w->stores[DSB_LOCALSIM_SELF], DSB_REGISTRY_KEY ".bad", &kept), NX_OK);

    unit_row("a node is ready when it has its registry: not with a damaged one, but once that is "
             "given up");
    EXPECT(!has_marker(w, "dsoftbusd: ready"));
    EXPECT_STATUS(dsb_registry_reset(&w->sim.nodes[DSB_LOCALSIM_SELF].registry), NX_OK);
    EXPECT(!has_marker(w, "dsoftbusd: ready"));
    world_settle(w);
    EXPECT(has_marker(w, "dsoftbusd: ready"));
    world_pair(w);
    EXPECT(has_marker(w, "dsoftbus: paired peer=peer-sim-01"));
}

static void unpair_rows(void)
{
    struct world *w = world_begin(1);
    struct dsb_node *self = &w->sim.nodes[DSB_LOCALSIM_SELF];

    unit_row("unpairing ends the session and is forgotten on both sides");
    world_pair(w);
    EXPECT_STATUS(dsb_node_unpair(self, w->now, DSB_LOCALSIM_PEER_ID), NX_OK);
    world_settle(w);
    EXPECT(world_session(w, DSB_LOCALSIM_SELF) == NULL);
    EXPECT(world_session(w, DSB_LOCALSIM_PEER) == NULL);
    EXPECT_EQ(w->sides[DSB_LOCALSIM_SELF].unpaired_count, 1);
    EXPECT_EQ(w->sides[DSB_LOCALSIM_PEER].unpaired_count, 1);
    EXPECT_EQ(dsb_registry_count(&w->sim.nodes[DSB_LOCALSIM_PEER].registry), 0);

    unit_row("an unpaired device gets no session");
    EXPECT_STATUS(dsb_node_connect(self, DSB_LOCALSIM_PEER_ID), NX_E_NOT_FOUND);

    unit_row("who was never paired cannot be unpaired");
    EXPECT_STATUS(dsb_node_unpair(self, w->now, DSB_LOCALSIM_PEER_ID), NX_E_NOT_FOUND);

    unit_row("a session that the peer ends for another reason leaves both paired");
    w = world_begin(1);
    self = &w->sim.nodes[DSB_LOCALSIM_SELF];
    world_pair(w);
    struct dsb_mux *mux = world_session(w, DSB_LOCALSIM_PEER);
    NEED(mux != NULL);
    EXPECT_STATUS(dsb_mux_shutdown(mux, DSB_GOAWAY_SHUTDOWN, "bye"), NX_OK);
    world_settle(w);
    EXPECT(world_session(w, DSB_LOCALSIM_SELF) == NULL);
    EXPECT_EQ(dsb_registry_count(&self->registry), 1);
    EXPECT_STATUS(dsb_node_unpair(self, w->now, DSB_LOCALSIM_PEER_ID), NX_OK);
    world_settle(w);

    unit_row("unpaired devices can pair again");
    world_pair(w);
    EXPECT_EQ(dsb_registry_count(&self->registry), 1);
    EXPECT(world_session(w, DSB_LOCALSIM_SELF) != NULL);
}

static void memory_rows(void)
{
    struct world *w = world_begin(1);

    unit_row("after the session is cut all of the pools' memory is back");
    struct dsb_msg_stream msg;
    world_pair(w);
    struct dsb_mux *mux = world_session(w, DSB_LOCALSIM_SELF);
    NEED(mux != NULL);
    EXPECT_STATUS(dsb_msg_stream_open(&msg, mux, nx_bytes_of_text("chat")), NX_OK);
    EXPECT_STATUS(dsb_msg_stream_push(&msg, w->now, nx_bytes_of_text("hello")), NX_OK);
    world_settle(w);
    dsb_localsim_cut(&w->sim, w->now);
    world_settle(w);
    for (int side = 0; side < DSB_LOCALSIM_SIDES; side++) {
        EXPECT_EQ(w->sim.nodes[side].pools.blocks.used_count, 0);
        EXPECT_EQ(w->sim.nodes[side].pools.streams.used_count, 0);
        EXPECT_EQ(w->sim.nodes[side].pools.grants.used, 0);
    }
    EXPECT_STATUS(w->sides[DSB_LOCALSIM_SELF].session_end, NX_E_CLOSED);

    unit_row("silence on the link for a minute and a half is no loss while both answer");
    w = world_begin(1);
    world_pair(w);
    world_pass(w, 200);
    EXPECT(world_session(w, DSB_LOCALSIM_SELF) != NULL);
}

UNIT_SUITE(localsim_test)
{
    init_rows();
    discovery_rows();
    pairing_rows();
    wrong_code_rows();
    dial_rows();
    marker_rows();
    stored_rows();
    broken_store_rows();
    restart_rows();
    unpair_rows();
    memory_rows();
}
