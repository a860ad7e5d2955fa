#include "tests/localsim/world.h"

#include "core/base/memory.h"
#include "core/base/text.h"
#include "tests/unit/unit.h"

enum {
    MEMORY_SIZE = 20 * 1048576, /* both nodes with the board's profile; checked below */
};

static uint64_t memory[MEMORY_SIZE / 8] __attribute__((aligned(16)));
static uint8_t values[DSB_LOCALSIM_SIDES][WORLD_KEYS_MAX * NX_STORE_VALUE_MAX];
static struct world world;

static void keep_marker(void *owner, struct nx_bytes line)
{
    struct world *w = owner;

    if (w->line_count == WORLD_MARKERS_MAX)
        return;
    struct nx_text t = nx_text_over(w->lines[w->line_count++], NX_MARKER_LINE_MAX);
    nx_text_add_bytes(&t, line);
}

static void start(struct world *w, uint64_t seed)
{
    static uint8_t bytes[NX_STORE_VALUE_MAX];

    memset(w->sides, 0, sizeof(w->sides));
    EXPECT_STATUS(dsb_localsim_init(&w->sim, w->now, seed, &dsb_profile_board, &w->markers, memory,
                                    sizeof(memory)),
                  NX_OK);
    for (int side = 0; side < DSB_LOCALSIM_SIDES; side++) {
        struct nx_writer value = nx_writer_over(bytes, sizeof(bytes));
        enum nx_status loaded = nx_store_memory_load(&w->stores[side], DSB_REGISTRY_KEY, &value);

        w->started[side] =
            dsb_node_start(&w->sim.nodes[side], w->now, loaded, nx_writer_bytes(&value));
    }
}

struct world *world_begin(uint64_t seed)
{
    memset(&world, 0, sizeof(world));
    nx_markers_init(&world.markers, keep_marker, &world);
    for (int side = 0; side < DSB_LOCALSIM_SIDES; side++)
        nx_store_memory_init(&world.stores[side], values[side], NX_STORE_VALUE_MAX, WORLD_KEYS_MAX);
    start(&world, seed);
    return &world;
}

void world_restart(struct world *w)
{
    uint64_t seed = w->sim.seed;

    dsb_localsim_wipe(&w->sim);
    for (int side = 0; side < DSB_LOCALSIM_SIDES; side++)
        nx_store_memory_restart(&w->stores[side]);
    start(w, seed);
}

struct dsb_mux *world_session(struct world *w, enum dsb_localsim_side side)
{
    return dsb_node_session(&w->sim.nodes[side], side == DSB_LOCALSIM_SELF ? DSB_LOCALSIM_PEER_ID
                                                                           : DSB_LOCALSIM_SELF_ID);
}

static void on_opened(struct world *w, int side, const struct dsb_mux_event *event)
{
    struct world_side *s = &w->sides[side];

    EXPECT_STATUS(dsb_node_accept(&w->sim.nodes[side], w->now,
                                  world_session(w, (enum dsb_localsim_side)side), event->stream),
                  NX_OK);
    if (s->opened_count < WORLD_OPENED_MAX)
        s->opened[s->opened_count++] = event->stream;
}

static void on_event(struct world *w, int side, const struct dsb_node_event *event)
{
    struct world_side *s = &w->sides[side];

    switch (event->kind) {
    case DSB_NODE_PAIRED:
        s->paired_count++;
        break;
    case DSB_NODE_PAIRING_FAILED:
        s->pairing_failure = event->status;
        break;
    case DSB_NODE_UNPAIRED:
        s->unpaired_count++;
        break;
    case DSB_NODE_STORE_FAILED:
        s->store_failed_count++;
        break;
    case DSB_NODE_SESSION_UP:
        s->sessions_up++;
        break;
    case DSB_NODE_SESSION_ENDED:
        s->session_end = event->status;
        break;
    case DSB_NODE_STREAM:
        if (event->mux.kind == DSB_MUX_OPENED)
            on_opened(w, side, &event->mux);
        break;
    case DSB_NODE_DISCOVERY:
    case DSB_NODE_PAIRING_BROKEN:
        break;
    }
}

static bool step(struct world *w)
{
    bool moved = dsb_localsim_step(&w->sim, w->now);

    for (int side = 0; side < DSB_LOCALSIM_SIDES; side++) {
        struct dsb_node *node = &w->sim.nodes[side];
        struct dsb_node_event event;

        if (w->refuses_stores && side == DSB_LOCALSIM_SELF)
            nx_store_memory_plan(&w->stores[side], 1, NX_STORE_FAULT_REFUSED, NX_E_NO_SPACE);
        while (!w->holds_stores && nx_store_memory_step(&w->stores[side], dsb_node_store(node))) {
            dsb_node_stored(node, w->now);
            moved = true;
        }
        while (!w->leaves_events && dsb_node_event(node, w->now, &event)) {
            on_event(w, side, &event);
            moved = true;
        }
    }
    return moved;
}

void world_settle(struct world *w)
{
    while (step(w)) {
    }
}

void world_pass(struct world *w, uint32_t seconds)
{
    world_settle(w);
    for (uint32_t i = 0; i < seconds; i++) {
        w->now = nx_instant_after(w->now, nx_seconds(1));
        world_settle(w);
    }
}

const char *world_pair(struct world *w)
{
    static char code[DSB_PAIRING_CODE_LEN + 1];

    EXPECT_STATUS(
        dsb_node_pair_offer(&w->sim.nodes[DSB_LOCALSIM_SELF], w->now, DSB_LOCALSIM_PEER_ID, code),
        NX_OK);
    EXPECT_STATUS(dsb_node_pair_accept(&w->sim.nodes[DSB_LOCALSIM_PEER], w->now,
                                       DSB_LOCALSIM_SELF_ID, nx_bytes_of_text(code)),
                  NX_OK);
    world_settle(w);
    return code;
}
