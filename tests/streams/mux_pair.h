/* For tests: two muxes back to back, with nothing in between but bytes. */
#ifndef NX_TESTS_STREAMS_MUX_PAIR_H
#define NX_TESTS_STREAMS_MUX_PAIR_H

#include "tests/streams/stream_table.h"

enum {
    MUX_PAIR_MEMORY = 10 * 1048576, /* of each end */
};

struct mux_pair {
    struct dsb_pools pools[2];
    struct dsb_mux ends[2];
    struct nx_instant now;
    bool is_begun;
};

/* The one pair of a test program, begun afresh. */
struct mux_pair *mux_pair_begin(void);

/* Carry frames both ways until nothing moves. A breach fails the row. */
void mux_pair_pump(struct mux_pair *p);

/* The pair as a backend of the table of stream semantics. */
struct stream_world mux_pair_as_world(struct mux_pair *p);

#endif
