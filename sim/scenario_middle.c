/* Middle: an attacker between those who pair (sim/middle.h). Two persons mean each other and choose it;
 * in between they pair with each other, as if nothing were. What holds is that it gets one guess for each
 * code and side: whoever is paired with it was paired by a first guess that was right, and nobody is ever
 * paired with a device that he did not name. */
#include "sim/scenarios.h"

#include "core/base/memory.h"

static struct sim_middle *middle(struct sim_world *w)
{
    return &w->stage.middle;
}

/* What it won by luck is taken from it again, so that it has to win it anew. */
static void forget(struct sim_world *w, struct sim_device *d)
{
    const char *id = middle(w)->identity.id_text;

    if (d->state != SIM_DEVICE_ON)
        return;
    if (dsb_node_unpair(&d->node, sim_device_now(d), id) == NX_OK)
        sim_device_say(d, "unpairs", "the middle");
    d->is_touched = true;
}

static void deceive(struct sim_world *w, struct sim_device *owner, struct sim_device *typist)
{
    const char *id = middle(w)->identity.id_text;
    char code[DSB_PAIRING_CODE_LEN + 1];

    forget(w, owner);
    forget(w, typist);
    if (!sim_person_offer(w, owner, id, code))
        return;
    sim_person_type_in(w, sim_world_draw(w, 0, 3000), typist, id, code);
    sim_middle_act(w, middle(w), owner, typist, code);
}

static void step(struct sim_world *w, uint32_t index)
{
    struct sim_device *owner = sim_world_any(w);
    struct sim_device *typist = sim_world_any_but(w, owner);

    if (sim_world_draw(w, 0, 3) == 0)
        sim_person_pair(w, owner, typist, true);
    else
        deceive(w, owner, typist);
    sim_world_step_in(w, 8000, 40000, index + 1);
}

/* ---- what has to hold ------------------------------------------------------------------------ */

static void on_paired(struct sim_world *w, struct sim_device *d)
{
    struct sim_middle *m = middle(w);

    sim_device_say(d, "paired", "with the middle");
    m->paired_count++;
    if (!m->may_pair[d->index])
        sim_world_fail(w, "paired with the man in the middle, who had not guessed the code");
    m->may_pair[d->index] = false;
}

static bool news(struct sim_world *w, struct sim_device *d, const struct dsb_node_event *event)
{
    const struct sim_device *other = sim_world_device(w, event->id_text);

    if (other != NULL && event->kind == DSB_NODE_PAIRED && event->role == DSB_PAIRING_TYPIST)
        sim_oracle_typist_paired(w, other, d);
    if (!nx_bytes_equal(nx_bytes_of_text(event->id_text),
                        nx_bytes_of_text(middle(w)->identity.id_text)))
        return false;
    if (event->kind == DSB_NODE_PAIRED)
        on_paired(w, d);
    if (event->kind == DSB_NODE_PAIRING_FAILED && event->role == DSB_PAIRING_OWNER)
        sim_oracle_offer_ended(&w->oracle.offers[d->index]);
    if (event->kind == DSB_NODE_SESSION_UP)
        sim_world_fail(w, "a session with the man in the middle, who refuses them all");
    return true;
}

/* Those who know it were deceived once, by a guess that was right. */
static void check(struct sim_world *w)
{
    const struct sim_middle *m = middle(w);
    uint32_t known_count = 0;

    for (uint32_t i = 0; i < w->device_count; i++)
        known_count += dsb_registry_find(&w->devices[i].node.registry, m->identity.id) != NULL;
    if (known_count > m->lucky_count)
        sim_world_fail(w, "the man in the middle is known to more than it guessed for");
    if (m->act_count == 0 && w->config.minutes >= w->config.scenario->minutes)
        sim_world_fail(w, "nobody stood in the middle");
}

static void begin(struct sim_world *w)
{
    sim_middle_begin(w, middle(w));
    sim_world_pass(w, nx_seconds(7)); /* everybody has announced */
}

static bool turn(struct sim_world *w)
{
    return sim_middle_turn(w, middle(w));
}

static struct nx_instant deadline(const struct sim_world *w)
{
    return sim_middle_deadline(&w->stage.middle);
}

/* Nobody is around any more when everybody has to see everybody, and nobody else. */
static void calm(struct sim_world *w)
{
    sim_middle_end(middle(w));
}

const struct sim_scenario sim_scenario_middle = {
    .name = "middle",
    .what = "two persons pair, and a third device stands between them",
    .device_count = 3,
    .minutes = 8,
    .faults = 0,
    .begin = begin,
    .step = step,
    .check = check,
    .news = news,
    .turn = turn,
    .deadline = deadline,
    .calm = calm,
};
