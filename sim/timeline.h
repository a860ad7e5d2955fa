/* Timeline: what is to happen, and when: ordered by (instant, sequence).
 *
 * Two things due at one instant happen in the order in which they were planned, so that a run is the
 * same run however its queue is built. An entry is a few numbers that its owner understands; one that
 * is no longer wanted is not taken out, its owner sees that when it comes and does nothing. */
#ifndef NX_SIM_TIMELINE_H
#define NX_SIM_TIMELINE_H

#include "core/base/time.h"

#include <stddef.h>

struct sim_entry {
    struct nx_instant at;
    uint64_t sequence; /* of the planning, from 1 */
    uint32_t kind;     /* these three are the owner's */
    uint32_t index;
    uint64_t number;
};

struct sim_timeline {
    struct sim_entry *at; /* a heap, the earliest in front */
    uint32_t cap;
    uint32_t count;
    uint64_t sequence;
};

/* Over `cap` places at `at`, which it keeps. Nothing is planned. */
void sim_timeline_init(struct sim_timeline *t, struct sim_entry *at, uint32_t cap);

/* One more. A timeline that is full is a mistake of the world that planned it, and traps. */
void sim_timeline_add(struct sim_timeline *t, struct nx_instant at, uint32_t kind, uint32_t index,
                      uint64_t number);

/* The next that is due at `now`. False: none is. */
bool sim_timeline_next(struct sim_timeline *t, struct nx_instant now, struct sim_entry *entry);

/* When the next is due; NX_NEVER: none is planned. */
struct nx_instant sim_timeline_deadline(const struct sim_timeline *t);

#endif
