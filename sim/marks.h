/* Marks: does each marker that a device prints say what has just become true of it, and once?
 *
 * A marker is looked at in the moment it is printed: the transition that it speaks of has to have
 * happened before it (docs/contracts/markers.md). */
#ifndef NX_SIM_MARKS_H
#define NX_SIM_MARKS_H

#include "core/node/node.h"

enum {
    SIM_MARKS_STREAMS = 128, /* streams whose opening was marked last */
};

/* What was printed of one device since it is on. */
struct sim_marks {
    bool is_ready;
    uint64_t discovered;                 /* the last count; 0: none */
    char paired[DSB_ID_TEXT_MAX + 1];    /* printed, and not told yet; empty: none */
    uint64_t streams[SIM_MARKS_STREAMS]; /* their serials */
    uint32_t stream_count;
};

/* It was just turned on. */
void sim_marks_begin(struct sim_marks *m);

/* `line` is being printed by `n`, of whose registry `stored` is what lasts. The sentence that does not
 * hold; NULL: it says what is true, for the first time. */
const char *sim_marks_check(struct sim_marks *m, const struct dsb_node *n, struct nx_bytes stored,
                            struct nx_bytes line);

/* The node tells that it is paired with `id_text`. False: its marker was not printed before. */
bool sim_marks_paired(struct sim_marks *m, const char *id_text);

#endif
