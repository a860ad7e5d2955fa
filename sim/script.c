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

bool sim_person_offer(struct sim_world *w, struct sim_device *owner, const char *id_text,
                      char code[DSB_PAIRING_CODE_LEN + 1])
{
    const struct sim_device *typist = sim_world_device(w, id_text);
    struct sim_offer *offer = &w->oracle.offers[owner->index];
    enum nx_status status;

    if (owner->state != SIM_DEVICE_ON)
        return false;
    status = dsb_node_pair_offer(&owner->node, sim_device_now(owner), id_text, code);
    sim_device_say(owner, "shows a code for", typist != NULL ? typist->name : "a stranger");
    sim_device_say(owner, "offer:", nx_status_text(status));
    owner->is_touched = true;
    if (status != NX_OK)
        return false;
    offer->is_open = true;
    offer->typist = typist != NULL ? typist->index : SIM_DEVICES_MAX;
    memcpy(offer->code, code, sizeof(offer->code));
    return true;
}

void sim_person_type_in(struct sim_world *w, uint32_t wait_ms, const struct sim_device *typist,
                        const char *owner_id, const char *code)
{
    uint32_t i = 0;

    while (i < SIM_TYPINGS_MAX && w->typing[i].is_due)
        i++;
    if (i == SIM_TYPINGS_MAX)
        return;
    w->typing[i] =
        (struct sim_typing){.is_due = true, .typist = typist->index, .owner_id = owner_id};
    memcpy(w->typing[i].code, code, sizeof(w->typing[i].code));
    sim_world_plan(w, nx_instant_after(w->now, nx_milliseconds(wait_ms)), SIM_WORLD_TYPE, i);
}

void sim_person_pair(struct sim_world *w, struct sim_device *owner, struct sim_device *typist,
                     bool is_right)
{
    char code[DSB_PAIRING_CODE_LEN + 1];

    if (!sim_person_offer(w, owner, typist->identity.id_text, code))
        return;
    if (!is_right)
        code[sim_world_draw(w, 0, DSB_PAIRING_CODE_LEN - 1)] ^= 1;
    sim_person_type_in(w, sim_world_draw(w, 500, 8000), typist, owner->identity.id_text, code);
}

void sim_person_cancel(struct sim_device *owner)
{
    struct sim_offer *offer = &owner->world->oracle.offers[owner->index];

    if (owner->state != SIM_DEVICE_ON)
        return;
    sim_device_say(owner, "takes the code back", "");
    if (dsb_pairing_state(&owner->node.pairing, DSB_PAIRING_OWNER) != DSB_PAIRING_CLOSED) {
        offer->is_open = false;
        offer->taken_back_count++;
    }
    dsb_node_pair_cancel(&owner->node, sim_device_now(owner), DSB_PAIRING_OWNER);
    owner->is_touched = true;
}

void sim_person_cancel_typing(struct sim_device *typist)
{
    if (typist->state != SIM_DEVICE_ON)
        return;
    sim_device_say(typist, "thinks better of the code", "");
    dsb_node_pair_cancel(&typist->node, sim_device_now(typist), DSB_PAIRING_TYPIST);
    typist->is_touched = true;
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
