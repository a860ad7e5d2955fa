/* The scenarios, each in a file of its own. */
#ifndef NX_SIM_SCENARIOS_H
#define NX_SIM_SCENARIOS_H

#include "sim/world.h"

extern const struct sim_scenario sim_scenario_discovery;
extern const struct sim_scenario sim_scenario_pairing;
extern const struct sim_scenario sim_scenario_offers;
extern const struct sim_scenario sim_scenario_middle;
extern const struct sim_scenario sim_scenario_registry;
extern const struct sim_scenario sim_scenario_session;
extern const struct sim_scenario sim_scenario_reconnect;
extern const struct sim_scenario sim_scenario_dials;
extern const struct sim_scenario sim_scenario_backpressure;
extern const struct sim_scenario sim_scenario_priorities;
extern const struct sim_scenario sim_scenario_calls;
extern const struct sim_scenario sim_scenario_day;
extern const struct sim_scenario sim_scenario_hostile;

#define SIM_SCENARIO_COUNT 13
extern const struct sim_scenario *const sim_scenarios[SIM_SCENARIO_COUNT];

/* The one of that name; NULL: there is none. */
const struct sim_scenario *sim_scenario_find(const char *name);

#endif
