/* Scheduler: which priority may send next (docs/contracts/streams.md, "Priorities").
 *
 * Priority 0 goes first. After DSB_HIGH_PRIORITY_BURST frames of it in a row, with something lower
 * waiting, one lower frame goes in between. The lower ones, 1 to 7, take turns. */
#ifndef NX_CORE_BUS_SCHEDULER_H
#define NX_CORE_BUS_SCHEDULER_H

#include "core/base/limits.h"

#include <stdbool.h>
#include <stdint.h>

struct dsb_scheduler {
    uint8_t burst;  /* frames of priority 0 since a lower one had its turn */
    uint8_t cursor; /* the lower priority that went last; 0: none yet */
};

void dsb_scheduler_init(struct dsb_scheduler *s);

/* The priority that sends next, of those with a bit in `ready`, which is not 0. */
uint8_t dsb_scheduler_pick(const struct dsb_scheduler *s, uint8_t ready);

/* A frame of `priority` went, while those in `ready` were waiting. */
void dsb_scheduler_sent(struct dsb_scheduler *s, uint8_t priority, uint8_t ready);

#endif
