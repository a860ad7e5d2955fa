#include "sim/world.h"

#include "core/base/memory.h"

enum {
    TURNS_MAX = 100000, /* of all devices, while the time stands */
    OFF_S = 30,         /* after which everything is gone, when all were stopped */
};

void sim_world_fail(struct sim_world *w, const char *sentence)
{
    struct nx_text t;

    if (w->has_failed)
        return;
    w->has_failed = true;
    t = nx_text_over(w->failure, sizeof(w->failure));
    nx_text_add(&t, sentence);
    sim_trace_say(&w->trace, w->now, "-", "FAILED", sentence);
}

struct sim_device *sim_world_device(struct sim_world *w, const char *id_text)
{
    for (uint32_t i = 0; i < w->device_count; i++) {
        if (sim_device_is(&w->devices[i], id_text))
            return &w->devices[i];
    }
    return NULL;
}

/* ---- time ------------------------------------------------------------------------------------ */

void sim_world_plan(struct sim_world *w, struct nx_instant at, enum sim_world_entry entry,
                    uint32_t index)
{
    sim_timeline_add(&w->timeline, at, entry, index, 0);
}

static void type(struct sim_world *w, struct sim_typing *typing)
{
    struct sim_device *typist = &w->devices[typing->typist];
    struct sim_device *owner = sim_world_device(w, typing->owner_id);
    enum nx_status status;

    if (!typing->is_due)
        return;
    typing->is_due = false;
    if (typist->state != SIM_DEVICE_ON)
        return;
    status = dsb_node_pair_accept(&typist->node, sim_device_now(typist), typing->owner_id,
                                  nx_bytes_of_text(typing->code));
    if (status == NX_OK && owner != NULL)
        sim_oracle_typed(w, owner, typist, typing->code);
    if (status == NX_OK && owner != NULL && w->config.scenario->typed != NULL)
        w->config.scenario->typed(w, owner, typist, typing->code);
    sim_device_say(typist, "types the code of", owner != NULL ? owner->name : "a stranger");
    sim_device_say(typist, "accept:", nx_status_text(status));
    typist->is_touched = true;
    if (status == NX_OK && owner != NULL)
        sim_faults_meet_pairing(w, owner, typist);
}

static void do_planned(struct sim_world *w, const struct sim_entry *entry)
{
    switch ((enum sim_world_entry)entry->kind) {
    case SIM_WORLD_STEP:
        if (!w->is_calm)
            w->config.scenario->step(w, entry->index);
        break;
    case SIM_WORLD_FAULT:
        sim_faults_strike(w, (enum sim_fault)entry->index);
        break;
    case SIM_WORLD_ON:
        sim_device_on(&w->devices[entry->index]);
        break;
    case SIM_WORLD_CRASH:
        if (!w->is_calm)
            sim_faults_crash(w, &w->devices[entry->index]);
        break;
    case SIM_WORLD_PART:
        if (!w->is_calm)
            w->devices[entry->index].host->side ^= 1;
        break;
    case SIM_WORLD_ROOM:
        w->devices[entry->index].disk.is_full = false;
        break;
    case SIM_WORLD_TYPE:
        type(w, &w->typing[entry->index]);
        break;
    case SIM_WORLD_CALM:
        sim_faults_calm(w);
        if (w->config.scenario->calm != NULL)
            w->config.scenario->calm(w);
        break;
    }
}

static bool turn(struct sim_world *w)
{
    struct sim_entry entry;
    bool moved = fakenet_tick(&w->net);

    while (sim_timeline_next(&w->timeline, w->now, &entry)) {
        do_planned(w, &entry);
        moved = true;
    }
    moved |= sim_hostile_turn(w); /* it hears what comes for others before they do */
    for (uint32_t i = 0; i < w->device_count; i++) {
        bool had_turn = sim_device_turn(&w->devices[i]);

        w->turn_count += had_turn;
        moved |= had_turn;
    }
    if (w->config.scenario->turn != NULL)
        moved |= w->config.scenario->turn(w);
    return moved;
}

static void settle(struct sim_world *w)
{
    uint64_t first = w->turn_count;

    while (!w->has_failed && turn(w)) {
        if (w->turn_count - first > TURNS_MAX)
            sim_world_fail(w, "something moves for ever, and the time stands");
    }
}

static struct nx_instant next_deadline(const struct sim_world *w)
{
    struct nx_instant next =
        nx_instant_earlier(fakenet_deadline(&w->net), sim_timeline_deadline(&w->timeline));

    for (uint32_t i = 0; i < w->device_count; i++)
        next = nx_instant_earlier(next, sim_device_deadline(&w->devices[i]));
    if (w->config.scenario->deadline != NULL)
        next = nx_instant_earlier(next, w->config.scenario->deadline(w));
    return nx_instant_earlier(next, sim_hostile_deadline(w));
}

void sim_world_pass(struct sim_world *w, struct nx_duration time)
{
    struct nx_instant end = nx_instant_after(w->now, time);

    settle(w);
    while (w->now.ns < end.ns && !w->has_failed) {
        struct nx_instant next = nx_instant_earlier(next_deadline(w), end);

        if (next.ns > w->now.ns)
            w->now = next;
        else
            w->now.ns++; /* it was late by less than a clock can tell */
        w->net.now = w->now;
        settle(w);
    }
}

/* ---- the whole of it ------------------------------------------------------------------------- */

static void begin(struct sim_world *w, const struct sim_config *config,
                  const struct sim_memory *memory)
{
    memset(w, 0, offsetof(struct sim_world, net));
    w->config = *config;
    w->node_memory_size = dsb_node_memory_size(&sim_profile);
    w->device_count = config->device_count;
    sim_trace_init(&w->trace, config->seed, config->sink, config->owner);
    sim_timeline_init(&w->timeline, w->entries, SIM_PLANS_MAX);
    nx_prng_init(&w->script, config->seed, "script");
    fakenet_init(&w->net, config->seed);
    w->net.way.delay = nx_milliseconds(2);
    w->calm_at = NX_NEVER;
    for (uint32_t i = 0; i < w->device_count; i++) {
        w->devices[i].memory = memory[i].node;
        w->devices[i].places = memory[i].places;
        w->devices[i].values = memory[i].values;
        sim_device_init(&w->devices[i], w, i);
        sim_device_on(&w->devices[i]);
    }
}

static void end(struct sim_world *w)
{
    for (uint32_t i = 0; i < w->device_count; i++)
        sim_device_stop(&w->devices[i]);
    sim_world_pass(w, nx_seconds(OFF_S));
    for (uint32_t i = 0; i < w->device_count && !w->has_failed; i++) {
        if (w->devices[i].state != SIM_DEVICE_OFF)
            sim_world_fail(w, "a device was stopped and did not go off");
    }
    if (!w->has_failed && !fakenet_is_empty(&w->net))
        sim_world_fail(w, "something is left on the network, and all are off");
}

/* The world after a failure is not to be trusted; its devices only give back what they hold. */
static void wipe(struct sim_world *w)
{
    for (uint32_t i = 0; i < w->device_count; i++)
        sim_device_crash(&w->devices[i]);
}

bool sim_world_run(struct sim_world *w, const struct sim_config *config,
                   const struct sim_memory *memory)
{
    const struct sim_scenario *scenario = config->scenario;
    struct nx_duration length = nx_seconds(60 * config->minutes);

    NX_CHECK(config->device_count >= 2 && config->device_count <= SIM_DEVICES_MAX);
    begin(w, config, memory);
    if (scenario->begin != NULL)
        scenario->begin(w);
    w->begun_at = w->now;
    w->calm_at = nx_instant_after(w->now, length);
    sim_world_plan(w, w->calm_at, SIM_WORLD_CALM, 0);
    sim_faults_begin(w, config->faults);
    if (scenario->step != NULL)
        scenario->step(w, 0);
    sim_world_pass(w, length);
    sim_world_pass(w, nx_seconds(SIM_CALM_S));
    if (!w->has_failed)
        sim_oracle_calm(w);
    if (!w->has_failed && scenario->check != NULL)
        scenario->check(w);
    if (!w->has_failed)
        end(w);
    wipe(w);
    return !w->has_failed;
}
