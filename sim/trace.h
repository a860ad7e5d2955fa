/* Trace: what happened, line by line, as a hash, and the last of it as text.
 *
 * Two runs are the same when their hashes are: each line and each number goes into it, in order. */
#ifndef NX_SIM_TRACE_H
#define NX_SIM_TRACE_H

#include "core/base/text.h"
#include "core/base/time.h"

enum {
    SIM_TRACE_LINE_MAX = 200,
    SIM_TRACE_LAST = 20, /* lines that are kept */
};

struct sim_trace {
    uint64_t hash;
    uint64_t count; /* lines */
    char lines[SIM_TRACE_LAST][SIM_TRACE_LINE_MAX];
    struct nx_text line; /* the one that is being written */

    /* Takes each line, without its end. NULL: nobody does. */
    void (*sink)(void *owner, struct nx_bytes line);
    void *owner;
};

/* Nothing happened yet. */
void sim_trace_init(struct sim_trace *t, uint64_t seed,
                    void (*sink)(void *owner, struct nx_bytes line), void *owner);

/* Begin a line: the time, who, what. Add to it, then `end`. What does not fit is cut. */
struct nx_text *sim_trace_begin(struct sim_trace *t, struct nx_instant now, const char *who,
                                const char *what);
void sim_trace_end(struct sim_trace *t);

/* All at once. */
void sim_trace_say(struct sim_trace *t, struct nx_instant now, const char *who, const char *what,
                   const char *more);

/* What is not worth a line, and has to be the same in each run. */
void sim_trace_mix(struct sim_trace *t, uint64_t a, uint64_t b);

/* The `back`th line before the last one (0: the last); NULL: there is none. */
const char *sim_trace_line(const struct sim_trace *t, uint64_t back);

#endif
