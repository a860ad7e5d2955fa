/* Report: what became of a run, as lines of text, the same wherever it ran. */
#ifndef NX_SIM_REPORT_H
#define NX_SIM_REPORT_H

#include "sim/world.h"

enum {
    SIM_REPORT_LINE_MAX = 320
};

/* Who hears it; each line comes without its end, with `before` in front. */
struct sim_report {
    void (*say)(void *owner, struct nx_bytes line);
    void *owner;
    const char *before;
};

/* What did not hold, the one line that repeats it, and what happened last. */
void sim_report_failure(const struct sim_report *r, const struct sim_world *w);

/* What happened, in numbers; the last line is "trace HASH events N simulated S". */
void sim_report_run(const struct sim_report *r, const struct sim_world *w);

#endif
