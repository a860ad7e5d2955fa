/* Hostile: devices that are paired talk to each other, while one that they are paired with, and
 * strangers, break every rule of the protocol. */
#include "sim/scenarios.h"

static void begin(struct sim_world *w)
{
    sim_hostile_init(w);
    sim_world_pair_all(w);
    sim_hostile_begin(w);
}

/* Somebody shows a code to the stranger, who has never heard of it. */
static void offer(struct sim_world *w, struct sim_device *d)
{
    char code[DSB_PAIRING_CODE_LEN + 1];

    if (d->state != SIM_DEVICE_ON)
        return;
    d->is_touched = true;
    sim_device_say(d, "offers to a stranger:",
                   nx_status_text(dsb_node_pair_offer(&d->node, sim_device_now(d),
                                                      w->hostile.stranger.id_text, code)));
}

static void step(struct sim_world *w, uint32_t index)
{
    uint32_t honest = w->hostile.device;
    struct sim_device *from = &w->devices[sim_world_draw(w, 0, honest - 1)];
    struct sim_device *to = &w->devices[sim_world_draw(w, 0, honest - 1)];
    struct sim_flow_wish wish = {
        .is_messages = sim_world_draw(w, 0, 1) == 0,
    };

    wish.is_slow = sim_world_draw(w, 0, 3) == 0;
    if (index % 16 == 5)
        offer(w, from);
    if (from != to && from->state == SIM_DEVICE_ON) {
        wish.bytes = sim_world_draw(w, 0, 60000);
        (void)sim_flow_open(w, from, to, &wish);
    }
    sim_world_step_in(w, 100, 4000, index + 1);
}

const struct sim_scenario sim_scenario_hostile = {
    .name = "hostile",
    .what = "three paired devices talk while a fourth and strangers break the protocol",
    .device_count = 4,
    .minutes = 3,
    .faults = 0,
    .begin = begin,
    .step = step,
    .check = sim_hostile_check,
};
