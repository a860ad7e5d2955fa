/* Clock: one device's own, which runs a little too fast or too slow, and sometimes leaps.
 *
 * The world has one time. A device is handed its own, `sim_clock_local`; a deadline that it names is
 * one of its own time, and the world comes back at `sim_clock_world` of it. A clock never runs back. */
#ifndef NX_SIM_CLOCK_H
#define NX_SIM_CLOCK_H

#include "core/base/time.h"

struct sim_clock {
    struct nx_instant world; /* at this instant of the world … */
    struct nx_instant local; /* … the device says that it is this */
    int32_t drift_ppm;       /* and so many millionths it runs too fast since */
};

/* It says `local` at the instant `world`, and is right from then on. */
void sim_clock_init(struct sim_clock *c, struct nx_instant world, struct nx_instant local);

/* What the device says at `world`, which is no earlier than that of the last change. */
struct nx_instant sim_clock_local(const struct sim_clock *c, struct nx_instant world);

/* An instant of the world at which the device says `local` or a few nanoseconds more. */
struct nx_instant sim_clock_world(const struct sim_clock *c, struct nx_instant local);

/* At `world` it leaps forward by `leap`, and runs `drift_ppm` (at most a tenth) too fast from then on. */
void sim_clock_change(struct sim_clock *c, struct nx_instant world, struct nx_duration leap,
                      int32_t drift_ppm);

#endif
