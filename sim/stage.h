/* Stage: what a scenario keeps of its own, beside what every world has. One of them at a time. */
#ifndef NX_SIM_STAGE_H
#define NX_SIM_STAGE_H

#include "sim/middle.h"

/* Two sides dial at once (scenario_dials.c). */
struct sim_dials {
    uint32_t round;
    uint32_t cut_count;                             /* in this round */
    uint32_t ups[SIM_DEVICES_MAX][SIM_DEVICES_MAX]; /* sessions told of in this round */
    uint64_t both_count;                            /* rounds of a pair in which both dials stood */
};

/* Who is shown which code, and types what (scenario_offers.c). */
struct sim_offers {
    /* The last code that was typed at this device for that one while it was open there. */
    char typed[SIM_DEVICES_MAX][SIM_DEVICES_MAX][DSB_PAIRING_CODE_LEN + 1];
};

/* What is urgent, and how long it may take (scenario_priorities.c). */
struct sim_priorities {
    uint32_t rate; /* bytes a second */
    uint32_t bulk; /* bits: these priorities have bulk data */
    uint32_t urgent_count, pong_count;
};

/* Who is around (scenario_discovery.c). */
struct sim_churn {
    struct nx_instant off_at[SIM_DEVICES_MAX];            /* it went last */
    struct nx_instant on_at[SIM_DEVICES_MAX];             /* it came back, or is to */
    char former_id[SIM_DEVICES_MAX][DSB_ID_TEXT_MAX + 1]; /* it had before it was made anew */
    struct nx_instant former_at[SIM_DEVICES_MAX];         /* until then */
    uint32_t judged_count;
};

union sim_stage {
    struct sim_dials dials;
    struct sim_offers offers;
    struct sim_priorities priorities;
    struct sim_churn churn;
    struct sim_middle middle;
};

#endif
