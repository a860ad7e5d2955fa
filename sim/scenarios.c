#include "sim/scenarios.h"

#include "core/base/bytes.h"

const struct sim_scenario *const sim_scenarios[SIM_SCENARIO_COUNT] = {
    &sim_scenario_discovery,  &sim_scenario_pairing,  &sim_scenario_offers,
    &sim_scenario_middle,     &sim_scenario_registry, &sim_scenario_session,
    &sim_scenario_reconnect,  &sim_scenario_dials,    &sim_scenario_backpressure,
    &sim_scenario_priorities, &sim_scenario_calls,    &sim_scenario_day,
    &sim_scenario_hostile,
};

const struct sim_scenario *sim_scenario_find(const char *name)
{
    for (uint32_t i = 0; i < SIM_SCENARIO_COUNT; i++) {
        if (nx_bytes_equal(nx_bytes_of_text(sim_scenarios[i]->name), nx_bytes_of_text(name)))
            return sim_scenarios[i];
    }
    return NULL;
}
