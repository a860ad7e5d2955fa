/* Dials: what lies between two devices forgets their session, both are told in the same instant, and
 * both dial each other at once; over ways that are of one length, or of two.
 *
 *     cut ---- both ask for a session, at once or almost ----> streams at once, a second cut sometimes
 *      ^                                                                        |
 *      `------ judged: one session a pair, the same on both sides <---- 8 s ----'
 */
#include "sim/scenarios.h"

#include "core/base/memory.h"

enum {
    ROUND_MS = 8000,
    UPS_PER_CUT = 2,   /* of the two sessions that were dialled each may be told of */
    FLOWS_A_ROUND = 6, /* that are begun while it is not clear which session stays */

    /* Steps of a round; the round's number stands above. */
    STEP_CUT = 0,
    STEP_AGAIN, /* cut once more, in the midst of it */
    STEP_ASK,
    STEP_FLOW,
    STEP_JUDGE,
    STEP_COUNT,
};

static struct sim_dials *dials(struct sim_world *w)
{
    return &w->stage.dials;
}

static void plan(struct sim_world *w, uint32_t least_ms, uint32_t most_ms, uint32_t step)
{
    sim_world_step_in(w, least_ms, most_ms, dials(w)->round * STEP_COUNT + step);
}

/* ---- what has to hold ------------------------------------------------------------------------ */

/* Nothing else goes wrong that could excuse it. */
static bool is_peaceful(const struct sim_world *w)
{
    return w->faults.plan == 0;
}

/* The sessions with `other` that are up, and of them the last; NULL: none. */
static const struct dsb_link *session_of(const struct sim_device *d, const struct sim_device *other,
                                         uint32_t *count)
{
    const struct dsb_link *found = NULL;

    *count = 0;
    for (uint32_t i = 0; i < d->node.link_count; i++) {
        const struct dsb_link *link = &d->node.links[i];

        if (link->state == DSB_LINK_FREE || !sim_device_is(other, link->info.id_text))
            continue;
        ++*count;
        found = link;
    }
    return found;
}

static void judge_pair(struct sim_world *w, struct sim_device *a, struct sim_device *b)
{
    uint32_t at_a, at_b;
    const struct dsb_link *of_a = session_of(a, b, &at_a);
    const struct dsb_link *of_b = session_of(b, a, &at_b);

    if (at_a != 1 || at_b != 1) {
        sim_world_fail(w, "two devices dialled each other, and not one session is left");
        return;
    }
    if (memcmp(of_a->info.channel, of_b->info.channel, sizeof(of_a->info.channel)) != 0 ||
        of_a->info.is_initiator == of_b->info.is_initiator)
        sim_world_fail(w, "both have a session, and it is not the same one");
}

static void judge(struct sim_world *w)
{
    for (uint32_t i = 0; i < w->device_count; i++) {
        struct sim_device *d = &w->devices[i];

        for (uint32_t k = i + 1; k < w->device_count; k++)
            judge_pair(w, d, &w->devices[k]);
        if (dsb_connections_open_count(&d->connections) != w->device_count - 1)
            sim_world_fail(w, "a connection is left that is no session's");
    }
    if (w->flows.used_count > 0)
        sim_world_fail(w, "a stream goes on, and its session was to end");
}

static bool news(struct sim_world *w, struct sim_device *d, const struct dsb_node_event *event)
{
    const struct sim_device *other = sim_world_device(w, event->id_text);
    uint32_t *ups;

    if (event->kind != DSB_NODE_SESSION_UP || other == NULL || dials(w)->cut_count == 0)
        return false;
    ups = &dials(w)->ups[d->index][other->index];
    ++*ups;
    dials(w)->both_count += *ups == 2;
    if (is_peaceful(w) && !w->is_calm && *ups > UPS_PER_CUT * dials(w)->cut_count)
        sim_world_fail(w, "sessions take each other's place, and there is no end of it");
    return false;
}

/* ---- the rounds ------------------------------------------------------------------------------ */

static void cut(struct sim_world *w)
{
    sim_trace_say(&w->trace, w->now, "-", "cut", "all");
    for (uint32_t i = 0; i < w->device_count; i++) {
        for (uint32_t k = i + 1; k < w->device_count; k++)
            fakenet_cut_between(w->devices[i].host, w->devices[k].host);
    }
    dials(w)->cut_count++;
}

static void ask_for_all(struct sim_world *w)
{
    for (uint32_t i = 0; i < w->device_count; i++) {
        struct sim_device *d = &w->devices[i];

        for (uint32_t k = 0; k < w->device_count && d->state == SIM_DEVICE_ON; k++) {
            if (k != i)
                (void)!dsb_node_connect(&d->node, w->devices[k].identity.id_text);
        }
        d->is_touched = true;
    }
}

/* Half of the rounds run over ways of one length, the others over any. */
static void change_lags(struct sim_world *w)
{
    bool are_equal = sim_world_draw(w, 0, 1) == 0;
    uint32_t lag_ms = sim_world_draw(w, 0, 150);

    for (uint32_t i = 0; i < w->device_count; i++) {
        if (!are_equal)
            lag_ms = sim_world_draw(w, 0, 1) == 0 ? 0 : sim_world_draw(w, 0, 300);
        w->devices[i].host->lag = nx_milliseconds(lag_ms);
    }
}

static void begin_round(struct sim_world *w)
{
    struct sim_dials *r = dials(w);

    r->round++;
    r->cut_count = 0;
    memset(r->ups, 0, sizeof(r->ups));
    change_lags(w);
    cut(w);
    for (uint32_t i = 0; i < FLOWS_A_ROUND; i++)
        plan(w, 5, 1500, STEP_FLOW);
    if (sim_world_draw(w, 0, 3) == 0)
        plan(w, 5, 1000, STEP_AGAIN);
    plan(w, ROUND_MS, ROUND_MS, STEP_JUDGE);
}

/* Those who have just been told of a cut have had no turn yet: their sessions are still there to them.
 * A moment later they are not, and a person at each asks. */
static void plan_asking(struct sim_world *w)
{
    plan(w, 1, 1, STEP_ASK);
}

static void open_flow(struct sim_world *w)
{
    struct sim_device *from = sim_world_any(w);
    struct sim_device *to = sim_world_any_but(w, from);
    const struct sim_flow_wish wish = {.is_messages = sim_world_draw(w, 0, 1) == 0,
                                       .bytes = sim_world_draw(w, 0, 20000)};

    if (from->state == SIM_DEVICE_ON)
        (void)sim_flow_open(w, from, to, &wish);
}

static void step(struct sim_world *w, uint32_t index)
{
    switch (index % STEP_COUNT) {
    case STEP_CUT:
        begin_round(w);
        plan_asking(w);
        break;
    case STEP_AGAIN:
        cut(w);
        plan_asking(w);
        break;
    case STEP_ASK:
        ask_for_all(w);
        break;
    case STEP_FLOW:
        open_flow(w);
        break;
    case STEP_JUDGE:
        if (is_peaceful(w))
            judge(w);
        sim_world_step_in(w, 0, 3000, STEP_CUT);
        break;
    default:
        break;
    }
}

static void check(struct sim_world *w)
{
    if (is_peaceful(w) && dials(w)->both_count == 0)
        sim_world_fail(w, "it never came to two dials at once");
}

static void begin(struct sim_world *w)
{
    w->stage.dials = (struct sim_dials){0};
    sim_world_pair_all(w);
}

const struct sim_scenario sim_scenario_dials = {
    .name = "dials",
    .what = "three paired devices lose each other and all dial at once, over and over",
    .device_count = 3,
    .minutes = 6,
    .faults = 0,
    .begin = begin,
    .step = step,
    .check = check,
    .news = news,
};
