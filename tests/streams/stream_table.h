/* The table of stream semantics: what docs/contracts/streams.md promises, as rows.
 *
 * It is written against two muxes and whatever joins them, so that the same rows, unchanged, judge
 * every backend: two muxes back to back, localSim, sessions over sockets. */
#ifndef NX_TESTS_STREAMS_STREAM_TABLE_H
#define NX_TESTS_STREAMS_STREAM_TABLE_H

#include "core/bus/mux.h"

/* One backend. */
struct stream_world {
    void *self;

    /* Begin afresh: two ends of one new session, both with the board's profile. */
    void (*reset)(void *self, struct dsb_mux *ends[2]);

    /* Carry what there is to carry, in both directions, until nothing moves any more. */
    void (*pump)(void *self);

    /* The link goes, without a word. */
    void (*cut)(void *self);

    struct nx_instant (*now)(void *self);
};

/* Run every row; `prefix` names the backend in each row's name. */
void stream_table_run(const struct stream_world *world);

#endif
