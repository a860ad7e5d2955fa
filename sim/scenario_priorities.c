/* Priorities: a slow line, more to send than it takes, and in between something that has no time.
 *
 * What may be before it is bounded: what has left the session already, in its connection and in the
 * system's pipe, and the frames that the priorities grant to others (docs/contracts/streams.md,
 * "Priorities"). The rate of the line makes a time of that, and later than that nothing may come. */
#include "sim/scenarios.h"

enum {
    PIPE = 8192, /* a system that keeps little: what it holds is before everything */
    DELAY_MS = 10,
    SLACK_MS = 100,
    SLACK_BYTES = 4096, /* beacons, heads, credit that goes back */
    URGENT_MAX = 1000,
    BULKS_MAX = 6,     /* at once, one way */
    BULK_SECONDS = 30, /* so long the line is busy with one */
};

static struct sim_priorities *stage(struct sim_world *w)
{
    return &w->stage.priorities;
}

/* ---- how long it may take -------------------------------------------------------------------- */

/* Frames of others that may go before one of `priority`, of which there is no bulk. */
static uint32_t frames_before(uint32_t bulk, uint8_t priority)
{
    uint32_t lower_count = 0;

    if (priority == 0)
        return 1;
    for (uint32_t i = 1; i < DSB_PRIORITY_COUNT; i++)
        lower_count += bulk >> i & 1;
    return (bulk & 1) != 0 ? (lower_count + 1) * (DSB_HIGH_PRIORITY_BURST + 1) : lower_count;
}

/* One way, behind `frames` of others, and `bytes` of its own. A record is opened when it is whole, so
 * that the rest of its own counts as well; and every session of the device has its share of the line. */
static struct nx_duration time_for(struct sim_world *w, uint32_t frames, uint32_t bytes)
{
    uint64_t all = PIPE + DSB_CONNECTION_OUT_MAX + SLACK_BYTES + bytes +
                   (uint64_t)(frames + 1) * (DSB_FRAME_MAX + DSB_RECORD_HEAD_LEN + 16);
    uint64_t ms = all * (w->device_count - 1) * 1000 / stage(w)->rate + SLACK_MS;

    ms += (all / PIPE + 1) * DELAY_MS; /* a pipe is filled again when what was in it has arrived */

    return nx_milliseconds((uint32_t)ms);
}

/* ---- what is sent ---------------------------------------------------------------------------- */

/* Flows under way between the two that are in a hurry, or that are not. */
static uint32_t count_flows(const struct sim_world *w, const struct sim_device *from,
                            const struct sim_device *to, bool are_urgent)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < SIM_FLOWS_MAX; i++) {
        const struct sim_flow *f = &w->flows.at[i];

        count += f->is_used && f->from == from->index && f->to == to->index &&
                 nx_instant_is_never(f->late_at) != are_urgent;
    }
    return count;
}

static void open_bulk(struct sim_world *w, struct sim_device *from, struct sim_device *to)
{
    struct sim_flow_wish wish = {.has_priority = true,
                                 .bytes = (uint64_t)stage(w)->rate * BULK_SECONDS};

    if (count_flows(w, from, to, false) >= BULKS_MAX)
        return;
    do {
        wish.priority = (uint8_t)sim_world_draw(w, 0, DSB_PRIORITY_COUNT - 1);
    } while ((stage(w)->bulk >> wish.priority & 1) == 0);
    (void)sim_flow_open(w, from, to, &wish);
}

/* One at a time: of two each would have to wait for the other as well. */
static void open_urgent(struct sim_world *w, struct sim_device *from, struct sim_device *to)
{
    struct sim_flow_wish wish = {.has_priority = true, .bytes = sim_world_draw(w, 1, URGENT_MAX)};

    if (count_flows(w, from, to, true) > 0)
        return;
    do {
        wish.priority = (uint8_t)sim_world_draw(w, 0, DSB_MSG_PRIORITY);
    } while ((stage(w)->bulk >> wish.priority & 1) != 0);
    if (w->faults.plan == 0) /* else nobody knows how slow the line is */
        wish.within = time_for(w, frames_before(stage(w)->bulk, wish.priority), URGENT_MAX);
    stage(w)->urgent_count += sim_flow_open(w, from, to, &wish);
}

static void ping(struct sim_device *d, const struct sim_device *other)
{
    struct dsb_mux *mux = dsb_node_session(&d->node, other->identity.id_text);

    if (mux != NULL)
        (void)!dsb_mux_ping(mux, sim_device_now(d)); /* one is under way */
    d->is_touched = true;
}

static void step(struct sim_world *w, uint32_t index)
{
    for (uint32_t i = 0; i < w->device_count; i++) {
        struct sim_device *from = &w->devices[i];
        struct sim_device *to = sim_world_any_but(w, from);

        if (from->state != SIM_DEVICE_ON)
            continue;
        open_bulk(w, from, to);
        if (index > BULKS_MAX && sim_world_draw(w, 0, 2) == 0)
            open_urgent(w, from, to);
        if (sim_world_draw(w, 0, 4) == 0)
            ping(from, to);
    }
    sim_world_step_in(w, 50, 1500, index + 1);
}

/* ---- what has to hold ------------------------------------------------------------------------ */

/* A PONG is behind what has left, there and back, and behind nothing else. */
static void judge_pong(struct sim_world *w, const struct dsb_mux_event *event)
{
    stage(w)->pong_count++;
    if (event->round_trip.ns > 2 * time_for(w, 1, 0).ns)
        sim_world_fail(w, "a PING or its PONG waited behind data");
}

static bool news(struct sim_world *w, struct sim_device *d, const struct dsb_node_event *event)
{
    (void)d;
    if (w->faults.plan != 0 || w->is_calm || w->begun_at.ns == 0)
        return false;
    if (event->kind == DSB_NODE_STREAM && event->mux.kind == DSB_MUX_PONG)
        judge_pong(w, &event->mux);
    if (event->kind == DSB_NODE_SESSION_ENDED)
        sim_world_fail(w, "a session ended, and there was only much to send");
    return false;
}

static void check(struct sim_world *w)
{
    if (w->faults.plan == 0 && (stage(w)->urgent_count == 0 || stage(w)->pong_count == 0))
        sim_world_fail(w, "nothing was urgent");
}

static void begin(struct sim_world *w)
{
    static const uint32_t rates[] = {10000, 20000, 50000, 100000};

    w->stage.priorities = (struct sim_priorities){
        .rate = rates[sim_world_draw(w, 0, NX_COUNT_OF(rates) - 1)],
        .bulk = sim_world_draw(w, 1, 31) << 3, /* 3 to 7, some of them … */
    };
    w->stage.priorities.bulk |= sim_world_draw(w, 0, 3) == 0; /* … and sometimes the highest */
    w->net.pipe_size = PIPE;
    sim_world_pair_all(w);
    w->net.way.rate = stage(w)->rate;
    w->net.way.delay = nx_milliseconds(DELAY_MS);
}

const struct sim_scenario sim_scenario_priorities = {
    .name = "priorities",
    .what = "two paired devices on a slow line: what is urgent passes what is much",
    .device_count = 2,
    .minutes = 2,
    .faults = 0,
    .begin = begin,
    .step = step,
    .check = check,
    .news = news,
};
