/* Typed calls in every direction, with deadlines, cancels and answers that come late, while things go
 * wrong. What has to hold is judged in calls.c as each call ends; here, that all of them did. */
#include "sim/scenarios.h"

static void make_some(struct sim_world *w)
{
    struct sim_device *from = sim_world_any(w);
    struct sim_device *to = sim_world_any_but(w, from);
    uint32_t count = sim_world_draw(w, 1, 6);

    for (uint32_t i = 0; i < count; i++) {
        uint32_t deadline_ms = sim_world_draw(w, 1, sim_world_draw(w, 0, 1) == 0 ? 300 : 10000);
        uint32_t most = sim_world_draw(w, 0, 9) == 0 ? DSB_RPC_BODY_MAX : 1500;
        uint32_t body_len = sim_world_draw(w, 0, most);
        uint32_t reply_max = sim_world_draw(w, 0, 4) == 0 ? 500 : DSB_RPC_BODY_MAX;

        sim_call_make(w, from, to, deadline_ms, body_len, reply_max);
    }
}

static void step(struct sim_world *w, uint32_t index)
{
    if (sim_world_draw(w, 0, 3) == 0)
        sim_call_cancel(w, sim_world_any(w));
    else
        make_some(w);
    sim_world_step_in(w, 10, 4000, index + 1);
}

static void check(struct sim_world *w)
{
    if (!sim_calls_are_over(w))
        sim_world_fail(w, "a call has neither been answered nor ended when all is calm");
}

const struct sim_scenario sim_scenario_calls = {
    .name = "calls",
    .what = "three paired devices call each other's services while things go wrong",
    .device_count = 3,
    .minutes = 8,
    .faults = SIM_FAULTS_SEED,
    .begin = sim_world_pair_all,
    .step = step,
    .check = check,
};
