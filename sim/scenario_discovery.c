/* Discovery: devices that come, go and move away hear of each other, strangers all of them. */
#include "sim/scenarios.h"

const struct sim_scenario sim_scenario_discovery = {
    .name = "discovery",
    .what = "five strangers come and go, and in the end see each other",
    .device_count = 5,
    .minutes = 10,
    .faults = SIM_FAULTS_SEED,
};
