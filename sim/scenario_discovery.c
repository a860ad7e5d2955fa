/* Discovery: devices come and go, and come back with another name, at another place, or as somebody
 * else. Two of them are paired, the others are strangers.
 *
 *     on ---- stop or crash ----> off: renamed, moved, made anew ----> on, with one more boot counted
 *
 * Where nothing else goes wrong, it is known at each moment who is seen: whoever has been on for two
 * announcements, as it is now; and nobody who has been off for longer than a beacon lasts. */
#include "sim/scenarios.h"

#include "core/base/memory.h"

enum {
    SEEN_S = 14,                          /* two announcements, and their jitter */
    GONE_S = DSB_DISCOVERY_TTL_S + 2,     /* whole seconds, and the way */
    OFF_MIN_MS = 1000 * (SIM_STOP_S + 1), /* a stop in good order is over by then */
    OFF_MAX_MS = 150000,

    STEP_LEAVE = 0,
    STEP_CHANGE, /* of a device that is off; its index stands above */
    STEP_COUNT,
};

static struct sim_churn *churn(struct sim_world *w)
{
    return &w->stage.churn;
}

/* ---- who comes and goes ---------------------------------------------------------------------- */

static void leave(struct sim_world *w, struct sim_device *d)
{
    uint32_t off_ms = sim_world_draw(w, OFF_MIN_MS, OFF_MAX_MS);

    if (d->state != SIM_DEVICE_ON)
        return;
    if (sim_world_draw(w, 0, 1) == 0)
        sim_device_stop(d);
    else
        sim_device_crash(d);
    churn(w)->off_at[d->index] = nx_instant_after(w->now, nx_seconds(SIM_STOP_S));
    churn(w)->on_at[d->index] = nx_instant_after(w->now, nx_milliseconds(off_ms));
    sim_world_step_in(w, OFF_MIN_MS - 500, OFF_MIN_MS - 500, d->index * STEP_COUNT + STEP_CHANGE);
    sim_world_plan(w, churn(w)->on_at[d->index], SIM_WORLD_ON, d->index);
}

/* Its first boot comes a second time, under another id. The two that are paired stay who they are. */
static void make_anew(struct sim_world *w, struct sim_device *d)
{
    struct sim_churn *c = churn(w);

    if (d->index < 2)
        return;
    memcpy(c->former_id[d->index], d->identity.id_text, sizeof(c->former_id[d->index]));
    c->former_at[d->index] = c->off_at[d->index];
    sim_device_make_anew(d);
}

static void change(struct sim_world *w, struct sim_device *d)
{
    if (d->state != SIM_DEVICE_OFF)
        return;
    switch (sim_world_draw(w, 0, 3)) {
    case 0:
        d->shown[1] = (char)('0' + sim_world_draw(w, 0, 9));
        break;
    case 1:
        sim_device_move(d, (uint8_t)sim_world_draw(w, 0, 9));
        break;
    case 2:
        make_anew(w, d);
        break;
    default: /* one boot more is all */
        break;
    }
}

/* ---- who is seen ----------------------------------------------------------------------------- */

static bool is_since(struct nx_instant at, struct nx_instant now, uint32_t seconds)
{
    return nx_instant_reached(nx_instant_after(at, nx_seconds(seconds)), now);
}

static const struct dsb_neighbour *find(struct sim_device *d, const char *id_text)
{
    const struct dsb_neighbour *n =
        dsb_discovery_find(&d->node.discovery, nx_bytes_of_text(id_text));

    return n != NULL && n->is_present ? n : NULL;
}

static void judge_seen(struct sim_world *w, const struct dsb_neighbour *n,
                       const struct sim_device *other)
{
    if (n == NULL) {
        sim_world_fail(w, "a device has announced twice, and is not seen");
        return;
    }
    if (!nx_bytes_equal(nx_bytes_of_text(n->name), nx_bytes_of_text(other->shown)))
        sim_world_fail(w, "a device is seen under a name that it had");
    if (memcmp(n->noise_static, other->identity.noise_static, sizeof(n->noise_static)) != 0)
        sim_world_fail(w, "a device is seen with another key than it announces");
    if (n->candidate_count == 0 || !nx_address_equal(&n->candidates[0].address, &other->address))
        sim_world_fail(w, "a device is not looked for where it announced last");
}

static void judge_pair(struct sim_world *w, struct sim_device *d, const struct sim_device *other)
{
    const struct sim_churn *c = churn(w);
    const struct dsb_neighbour *n = find(d, other->identity.id_text);

    if (other->state == SIM_DEVICE_ON && is_since(c->on_at[other->index], w->now, SEEN_S))
        judge_seen(w, n, other);
    if (other->state == SIM_DEVICE_OFF && is_since(c->off_at[other->index], w->now, GONE_S) &&
        n != NULL)
        sim_world_fail(w, "a device that is off is seen for longer than its beacons last");
    if (c->former_id[other->index][0] != '\0' &&
        is_since(c->former_at[other->index], w->now, GONE_S) &&
        find(d, c->former_id[other->index]) != NULL)
        sim_world_fail(w, "a device that was made anew is seen as who it was");
}

static void judge(struct sim_world *w)
{
    for (uint32_t i = 0; i < w->device_count; i++) {
        struct sim_device *d = &w->devices[i];

        if (d->state != SIM_DEVICE_ON || !is_since(churn(w)->on_at[i], w->now, SEEN_S))
            continue;
        for (uint32_t k = 0; k < w->device_count; k++) {
            if (k != i)
                judge_pair(w, d, &w->devices[k]);
        }
        churn(w)->judged_count++;
    }
}

/* ---- the scenario ---------------------------------------------------------------------------- */

static void step(struct sim_world *w, uint32_t index)
{
    if (index % STEP_COUNT == STEP_CHANGE) {
        change(w, &w->devices[index / STEP_COUNT]);
        return;
    }
    if (w->faults.plan == 0)
        judge(w);
    leave(w, sim_world_any(w));
    sim_world_step_in(w, 2000, 40000, STEP_LEAVE);
}

static void check(struct sim_world *w)
{
    if (w->faults.plan != 0)
        return;
    judge(w);
    if (churn(w)->judged_count < w->device_count)
        sim_world_fail(w, "nobody was there for long enough to see anybody");
}

static void begin(struct sim_world *w)
{
    w->stage.churn = (struct sim_churn){0};
    sim_world_pass(w, nx_seconds(7)); /* everybody has announced */
    sim_person_pair(w, &w->devices[0], &w->devices[1], true);
    sim_world_pass(w, nx_seconds(10));
    if (!sim_device_is_paired(&w->devices[0], &w->devices[1]))
        sim_world_fail(w, "two that are left in peace do not pair");
}

const struct sim_scenario sim_scenario_discovery = {
    .name = "discovery",
    .what = "five devices come, go, move, change names and keys, and see each other as they are",
    .device_count = 5,
    .minutes = 10,
    .faults = SIM_FAULTS_SEED,
    .begin = begin,
    .step = step,
    .check = check,
};
