/* For tests: localSim with both stores in memory, a clock that is stepped by hand, and self's markers
 * kept as lines. Freestanding, as what it tests. */
#ifndef NX_TESTS_LOCALSIM_WORLD_H
#define NX_TESTS_LOCALSIM_WORLD_H

#include "core/localsim/localsim.h"
#include "core/store/memory.h"

enum {
    WORLD_MARKERS_MAX = 32,
    WORLD_KEYS_MAX = 4,
    WORLD_OPENED_MAX = 8,
};

/* What one side's owner was told. */
struct world_side {
    uint32_t paired_count;
    uint32_t unpaired_count;
    uint32_t store_failed_count;
    enum nx_status pairing_failure; /* of the last PAIRING_FAILED; NX_OK: none */
    uint32_t sessions_up;
    enum nx_status session_end;
    struct dsb_stream_handle opened[WORLD_OPENED_MAX]; /* accepted at once */
    uint32_t opened_count;
};

struct world {
    struct dsb_localsim sim;
    struct nx_instant now;
    struct nx_markers markers;
    char lines[WORLD_MARKERS_MAX][NX_MARKER_LINE_MAX];
    uint32_t line_count;
    struct nx_store_memory stores[DSB_LOCALSIM_SIDES];
    struct world_side sides[DSB_LOCALSIM_SIDES];
    enum nx_status started[DSB_LOCALSIM_SIDES];
    bool holds_stores;   /* writes wait */
    bool refuses_stores; /* self's disk is full */
    bool leaves_events;  /* somebody else takes the nodes' news */
};

/* The one world of a test program: new nodes and empty stores. */
struct world *world_begin(uint64_t seed);

/* The same stores, new nodes: a restart of both. */
void world_restart(struct world *w);

/* Step until nothing moves any more; the clock stands. */
void world_settle(struct world *w);

/* Let time pass, settling each second of it. */
void world_pass(struct world *w, uint32_t seconds);

/* Offer on self, type on the peer, settle. Answers the digits that were offered. */
const char *world_pair(struct world *w);

/* Self's session with the peer, or the peer's with self; NULL: none. */
struct dsb_mux *world_session(struct world *w, enum dsb_localsim_side side);

#endif
