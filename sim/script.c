/* What scenarios are written in: chance, steps, persons. */
#include "core/base/memory.h"
#include "sim/world.h"

uint32_t sim_world_draw(struct sim_world *w, uint32_t least, uint32_t most)
{
    return least + (uint32_t)(nx_prng_next(&w->script) % (most - least + 1));
}

struct sim_device *sim_world_any(struct sim_world *w)
{
    return &w->devices[sim_world_draw(w, 0, w->device_count - 1)];
}

struct sim_device *sim_world_any_but(struct sim_world *w, const struct sim_device *not_this)
{
    uint32_t index = sim_world_draw(w, 0, w->device_count - 2);

    return &w->devices[index >= not_this->index ? index + 1 : index];
}

void sim_world_step_in(struct sim_world *w, uint32_t least_ms, uint32_t most_ms, uint32_t index)
{
    struct nx_duration wait = nx_milliseconds(sim_world_draw(w, least_ms, most_ms));

    sim_world_plan(w, nx_instant_after(w->now, wait), SIM_WORLD_STEP, index);
}

void sim_person_pair(struct sim_world *w, struct sim_device *owner, struct sim_device *typist,
                     bool is_right)
{
    struct sim_offer *offer = &w->oracle.offers[owner->index];
    struct sim_typing *typing = &w->typing[typist->index];
    char code[DSB_PAIRING_CODE_LEN + 1];
    enum nx_status status;

    if (owner->state != SIM_DEVICE_ON)
        return;
    status =
        dsb_node_pair_offer(&owner->node, sim_device_now(owner), typist->identity.id_text, code);
    sim_device_say(owner, "shows a code for", typist->name);
    sim_device_say(owner, "offer:", nx_status_text(status));
    owner->is_touched = true;
    if (status != NX_OK)
        return;
    *offer = (struct sim_offer){.is_open = true, .typist = typist->index};
    memcpy(offer->code, code, sizeof(offer->code));
    *typing = (struct sim_typing){.is_due = true, .owner = owner->index};
    memcpy(typing->code, code, sizeof(typing->code));
    if (!is_right)
        typing->code[sim_world_draw(w, 0, DSB_PAIRING_CODE_LEN - 1)] ^= 1;
    sim_world_plan(w, nx_instant_after(w->now, nx_milliseconds(sim_world_draw(w, 500, 8000))),
                   SIM_WORLD_TYPE, typist->index);
}

void sim_person_cancel(struct sim_device *owner)
{
    if (owner->state != SIM_DEVICE_ON)
        return;
    sim_device_say(owner, "takes the code back", "");
    dsb_node_pair_cancel(&owner->node, sim_device_now(owner), DSB_PAIRING_OWNER);
    owner->is_touched = true;
}

void sim_person_unpair(struct sim_world *w, struct sim_device *d, struct sim_device *other)
{
    enum nx_status status;

    if (d->state != SIM_DEVICE_ON)
        return;
    status = dsb_node_unpair(&d->node, sim_device_now(d), other->identity.id_text);
    if (status == NX_OK) {
        sim_device_say(d, "unpairs", other->name);
        sim_oracle_unpairs(w, d, other);
    }
    d->is_touched = true;
}

void sim_world_pair_all(struct sim_world *w)
{
    sim_world_pass(w, nx_seconds(7)); /* everybody has announced */
    for (uint32_t i = 0; i < w->device_count; i++) {
        for (uint32_t k = i + 1; k < w->device_count; k++) {
            sim_person_pair(w, &w->devices[i], &w->devices[k], true);
            sim_world_pass(w, nx_seconds(10));
            if (!sim_device_is_paired(&w->devices[i], &w->devices[k]) ||
                !sim_device_is_paired(&w->devices[k], &w->devices[i]))
                sim_world_fail(w, "two that are left in peace do not pair");
        }
    }
}
