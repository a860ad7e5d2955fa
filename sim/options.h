/* Options: what a run is asked for in words, the same wherever the words come from.
 *
 *     words ---> sim_options_read, one option at a time ---> sim_options_config ---> sim_world_run */
#ifndef NX_SIM_OPTIONS_H
#define NX_SIM_OPTIONS_H

#include "sim/scenarios.h"

enum {
    SIM_SEEDS_MAX = 1000000,
    SIM_MINUTES_MAX = 60 * 24 * 366,
};

/* All zero: nothing was asked for. */
struct sim_options {
    const struct sim_scenario *scenario; /* NULL: none was named */
    uint64_t seed;
    uint64_t seed_count;     /* of `--seeds`; 0: one run */
    uint32_t nodes, minutes; /* 0: the scenario's */
    uint32_t faults;         /* a plan, when `has_faults` */
    bool has_faults, is_list, is_trace;
};

/* The options, for a person: lines, each with its end. */
extern const char sim_options_usage[];

/* The option that begins with `name`; `value` is the word behind it, or NULL. Answers how many words
 * it took; 0: it is none, or its value is not good, and `o` is what it was. */
int sim_options_read(struct sim_options *o, const char *name, const char *value);

/* "none", "all", "seed", or names joined by commas. False: it is none of that. */
bool sim_plan_read(struct nx_bytes text, uint32_t *plan);

/* The same the other way round. */
void sim_plan_say(struct nx_text *t, uint32_t plan);

/* One run of `scenario` under `seed`, with everything else as it was asked for, and no sink. */
struct sim_config sim_options_config(const struct sim_options *o,
                                     const struct sim_scenario *scenario, uint64_t seed);

#endif
