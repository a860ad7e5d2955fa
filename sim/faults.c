#include "sim/faults.h"

#include "sim/world.h"

/* How often, in seconds: a strike comes so long after the last one, drawn between both. */
static const struct {
    const char *name;
    uint32_t least_s, most_s;
} faults[SIM_FAULT_COUNT] = {
    [SIM_FAULT_LOSS] = {"loss", 5, 60},     [SIM_FAULT_PART] = {"part", 5, 120},
    [SIM_FAULT_CRASH] = {"crash", 5, 90},   [SIM_FAULT_STOP] = {"stop", 10, 120},
    [SIM_FAULT_DISK] = {"disk", 5, 60},     [SIM_FAULT_TORN] = {"torn", 5, 60},
    [SIM_FAULT_CLOCK] = {"clock", 10, 120},
};

const char *sim_fault_name(uint32_t fault)
{
    return fault < SIM_FAULT_COUNT ? faults[fault].name : NULL;
}

static uint32_t draw(struct sim_world *w, uint32_t least, uint32_t most)
{
    return least + (uint32_t)(nx_prng_next(&w->faults.chance) % (most - least + 1));
}

static struct sim_device *any_device(struct sim_world *w)
{
    return &w->devices[draw(w, 0, w->device_count - 1)];
}

static void plan(struct sim_world *w, enum sim_fault fault)
{
    struct nx_duration wait = nx_milliseconds(
        1000 * draw(w, faults[fault].least_s, faults[fault].most_s) + draw(w, 0, 999));

    sim_world_plan(w, nx_instant_after(w->now, wait), SIM_WORLD_FAULT, fault);
}

static uint32_t plan_of_seed(struct sim_world *w)
{
    uint32_t choice = draw(w, 0, 2 * SIM_FAULT_COUNT + 3);

    if (choice < SIM_FAULT_COUNT)
        return 1u << choice;
    if (choice == SIM_FAULT_COUNT)
        return 0;
    if (choice < 2 * SIM_FAULT_COUNT)
        return draw(w, 0, SIM_FAULTS_ALL);
    return SIM_FAULTS_ALL;
}

void sim_faults_begin(struct sim_world *w, uint32_t wanted)
{
    nx_prng_init(&w->faults.chance, w->config.seed, "faults");
    w->faults.plan = wanted == SIM_FAULTS_SEED ? plan_of_seed(w) : wanted;
    for (uint32_t i = 0; i < SIM_FAULT_COUNT; i++) {
        if (w->faults.plan & (1u << i))
            plan(w, (enum sim_fault)i);
    }
}

/* ---- strikes --------------------------------------------------------------------------------- */

static void change_way(struct sim_world *w)
{
    static const uint32_t rates[] = {0, 0, 10000000, 1000000, 100000, 20000};
    struct fake_way *way = &w->net.way;

    *way = (struct fake_way){
        .delay = nx_milliseconds(draw(w, 0, 3) == 0 ? draw(w, 0, 1000) : draw(w, 0, 50)),
        .jitter = nx_milliseconds(draw(w, 0, 200)),
        .rate = rates[draw(w, 0, NX_COUNT_OF(rates) - 1)],
        .loss = draw(w, 0, 2) == 0 ? draw(w, 0, 300000) : draw(w, 0, 20000),
        .twice = draw(w, 0, 100000),
        .damage = draw(w, 0, 50000),
        .forgery = draw(w, 0, 3) == 0 ? draw(w, 0, 20000) : 0,
    };
    struct nx_text *t = sim_trace_begin(&w->trace, w->now, "-", "way");
    nx_text_add(t, " delay ms ");
    nx_text_add_u64(t, way->delay.ns / 1000000);
    nx_text_add(t, " rate ");
    nx_text_add_u64(t, way->rate);
    nx_text_add(t, " loss ppm ");
    nx_text_add_u64(t, way->loss);
    sim_trace_end(&w->trace);
}

static void part(struct sim_world *w)
{
    bool heals = w->are_parted;

    w->are_parted = !heals;
    struct nx_text *t = sim_trace_begin(&w->trace, w->now, "-", heals ? "healed" : "parted");
    for (uint32_t i = 0; i < w->device_count; i++) {
        w->devices[i].host->side = heals ? 0 : draw(w, 0, 1);
        nx_text_add(t, w->devices[i].host->side ? " 1" : " 0");
    }
    sim_trace_end(&w->trace);
}

void sim_faults_turn_on_later(struct sim_world *w, struct sim_device *d)
{
    struct nx_duration wait =
        nx_milliseconds(draw(w, 0, 1) ? draw(w, 10, 3000) : draw(w, 3000, 60000));

    sim_world_plan(w, nx_instant_after(w->now, wait), SIM_WORLD_ON, d->index);
}

void sim_faults_crash(struct sim_world *w, struct sim_device *d)
{
    if (d->state == SIM_DEVICE_OFF)
        return;
    sim_device_crash(d);
    sim_faults_turn_on_later(w, d);
}

static void stop(struct sim_world *w)
{
    struct sim_device *d = any_device(w);

    if (d->state != SIM_DEVICE_ON)
        return;
    sim_device_stop(d);
    sim_world_plan(w, nx_instant_after(w->now, nx_seconds(draw(w, SIM_STOP_S + 2, 60))),
                   SIM_WORLD_ON, d->index);
}

static void spoil_disk(struct sim_world *w)
{
    struct sim_device *d = any_device(w);

    d->disk.latency = nx_milliseconds(draw(w, 0, 1) ? draw(w, 0, 10) : draw(w, 0, 2000));
    switch (draw(w, 0, 3)) {
    case 0:
        d->disk.is_full = true;
        sim_world_plan(w, nx_instant_after(w->now, nx_seconds(draw(w, 1, 60))), SIM_WORLD_ROOM,
                       d->index);
        sim_device_say(d, "disk", "full");
        break;
    case 1:
        d->disk.cut_next = SIM_DISK_CUT_AFTER;
        break;
    default:
        d->disk.cut_next = SIM_DISK_CUT_BEFORE;
        break;
    }
}

/* The next write of `d` is torn: none of it was written, all of it, or any part. */
static void tear(struct sim_world *w, struct sim_device *d)
{
    static const uint32_t ends[] = {0, 1000000};

    d->disk.cut_next = SIM_DISK_CUT_TORN;
    d->disk.torn_part = draw(w, 0, 3) == 0 ? ends[draw(w, 0, 1)] : draw(w, 0, 1000000);
}

static void spoil_clock(struct sim_world *w)
{
    struct sim_device *d = any_device(w);
    struct nx_duration leap =
        nx_milliseconds(draw(w, 0, 1) ? draw(w, 0, 200000) : draw(w, 0, 2000));

    sim_clock_change(&d->clock, w->now, leap, (int32_t)draw(w, 0, 100000) - 50000);
    sim_device_say(d, "clock", "leaps");
}

void sim_faults_strike(struct sim_world *w, enum sim_fault fault)
{
    if (w->is_calm)
        return;
    switch (fault) {
    case SIM_FAULT_LOSS:
        change_way(w);
        break;
    case SIM_FAULT_PART:
        part(w);
        break;
    case SIM_FAULT_CRASH:
        sim_faults_crash(w, any_device(w));
        break;
    case SIM_FAULT_STOP:
        stop(w);
        break;
    case SIM_FAULT_DISK:
        spoil_disk(w);
        break;
    case SIM_FAULT_TORN:
        tear(w, any_device(w));
        break;
    case SIM_FAULT_CLOCK:
        spoil_clock(w);
        break;
    case SIM_FAULT_COUNT:
        break;
    }
    plan(w, fault);
}

void sim_faults_meet_pairing(struct sim_world *w, struct sim_device *owner,
                             struct sim_device *typist)
{
    struct sim_device *d = draw(w, 0, 1) ? owner : typist;

    if (w->is_calm)
        return;
    if ((w->faults.plan & 1u << SIM_FAULT_DISK) && draw(w, 0, 2) == 0)
        d->disk.cut_next = draw(w, 0, 1) ? SIM_DISK_CUT_AFTER : SIM_DISK_CUT_BEFORE;
    if ((w->faults.plan & 1u << SIM_FAULT_TORN) && draw(w, 0, 2) == 0)
        tear(w, d);
    if ((w->faults.plan & 1u << SIM_FAULT_CRASH) && draw(w, 0, 2) == 0)
        sim_world_plan(w, nx_instant_after(w->now, nx_milliseconds(draw(w, 0, 100))),
                       SIM_WORLD_CRASH, d->index);
    if ((w->faults.plan & 1u << SIM_FAULT_PART) && draw(w, 0, 2) == 0) {
        sim_world_plan(w, nx_instant_after(w->now, nx_milliseconds(draw(w, 0, 100))),
                       SIM_WORLD_PART, d->index);
    }
}

void sim_faults_calm(struct sim_world *w)
{
    w->is_calm = true;
    w->are_parted = false;
    w->net.way = (struct fake_way){.delay = nx_milliseconds(2)};
    for (uint32_t i = 0; i < w->device_count; i++) {
        struct sim_device *d = &w->devices[i];

        d->host->side = 0;
        d->disk.is_full = false;
        d->disk.cut_next = SIM_DISK_CUT_NONE;
        d->disk.latency = nx_milliseconds(5);
        sim_clock_change(&d->clock, w->now, nx_seconds(0), 0);
    }
    sim_trace_say(&w->trace, w->now, "-", "calm", "");
    sim_hostile_calm(w);
}
