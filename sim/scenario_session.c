/* Sessions: devices that are paired send each other messages and bytes. */
#include "sim/scenarios.h"

static void send(struct sim_world *w, uint64_t bytes_max, bool is_slow)
{
    struct sim_device *from = sim_world_any(w);
    struct sim_device *to = sim_world_any_but(w, from);
    uint64_t bytes = sim_world_draw(w, 0, (uint32_t)bytes_max);

    if (from->state == SIM_DEVICE_ON)
        (void)sim_flow_open(w, from, to,
                            &(struct sim_flow_wish){.is_messages = sim_world_draw(w, 0, 1) == 0,
                                                    .bytes = bytes,
                                                    .is_slow = is_slow});
}

static void step(struct sim_world *w, uint32_t index)
{
    send(w, sim_world_draw(w, 0, 9) == 0 ? 400000 : 20000, false);
    sim_world_step_in(w, 100, 6000, index + 1);
}

const struct sim_scenario sim_scenario_session = {
    .name = "session",
    .what = "three paired devices send messages and bytes while things go wrong",
    .device_count = 3,
    .minutes = 8,
    .faults = SIM_FAULTS_SEED,
    .begin = sim_world_pair_all,
    .step = step,
};

/* Little is said, and all of it goes away and comes back. */
static void step_rarely(struct sim_world *w, uint32_t index)
{
    send(w, 2000, false);
    sim_world_step_in(w, 2000, 30000, index + 1);
}

const struct sim_scenario sim_scenario_reconnect = {
    .name = "reconnect",
    .what = "four paired devices are parted, crash and stop, and find each other again",
    .device_count = 4,
    .minutes = 15,
    .faults = 1u << SIM_FAULT_PART | 1u << SIM_FAULT_CRASH | 1u << SIM_FAULT_STOP,
    .begin = sim_world_pair_all,
    .step = step_rarely,
};

static void step_slowly(struct sim_world *w, uint32_t index)
{
    send(w, 300000, sim_world_draw(w, 0, 1) == 0);
    sim_world_step_in(w, 50, 3000, index + 1);
}

const struct sim_scenario sim_scenario_backpressure = {
    .name = "backpressure",
    .what = "three paired devices send more than slow readers take",
    .device_count = 3,
    .minutes = 3,
    .faults = SIM_FAULTS_SEED,
    .begin = sim_world_pair_all,
    .step = step_slowly,
};

const struct sim_scenario sim_scenario_day = {
    .name = "day",
    .what = "eight paired devices with little to say; --minutes 1440 is a day",
    .device_count = 8,
    .minutes = 10,
    .faults = 0,
    .begin = sim_world_pair_all,
    .step = step_rarely,
};
