/* Pairing: persons show codes and type them, rightly and wrongly, and forget devices again, while
 * things go wrong. In `registry` it is the power at the disks that does. */
#include "sim/scenarios.h"

static void step(struct sim_world *w, uint32_t index)
{
    struct sim_device *owner = sim_world_any(w);
    struct sim_device *typist = sim_world_any_but(w, owner);

    if (sim_world_draw(w, 0, 5) == 0)
        sim_person_cancel(owner);
    else if (index > 0 && sim_world_draw(w, 0, 3) == 0)
        sim_person_unpair(w, owner, typist);
    else
        sim_person_pair(w, owner, typist, sim_world_draw(w, 0, 3) > 0);
    sim_world_step_in(w, 500, 40000, index + 1);
}

const struct sim_scenario sim_scenario_pairing = {
    .name = "pairing",
    .what = "three devices pair with right codes and wrong ones, and unpair",
    .device_count = 3,
    .minutes = 10,
    .faults = SIM_FAULTS_SEED,
    .step = step,
};

const struct sim_scenario sim_scenario_registry = {
    .name = "registry",
    .what = "the same while the power goes at writes, and disks are full",
    .device_count = 3,
    .minutes = 10,
    .faults = 1u << SIM_FAULT_DISK | 1u << SIM_FAULT_TORN | 1u << SIM_FAULT_CRASH,
    .step = step,
};
