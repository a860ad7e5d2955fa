/* The table of stream semantics, over localSim: the rows that every backend is judged by. */
#include "tests/localsim/world.h"
#include "tests/streams/stream_table.h"
#include "tests/unit/unit.h"

static void reset(void *self, struct dsb_mux *ends[2])
{
    struct world *w = world_begin(1);

    (void)self;
    world_pass(w, 2);
    world_pair(w);
    ends[0] = world_session(w, DSB_LOCALSIM_SELF);
    ends[1] = world_session(w, DSB_LOCALSIM_PEER);
    EXPECT(ends[0] != NULL && ends[1] != NULL);
    w->leaves_events = true; /* the table takes the streams' news itself */
}

static void pump(void *self)
{
    world_settle(self);
}

static void cut(void *self)
{
    struct world *w = self;

    dsb_localsim_cut(&w->sim, w->now);
}

static struct nx_instant now(void *self)
{
    return ((struct world *)self)->now;
}

UNIT_SUITE(streams_over_localsim_test)
{
    const struct stream_world world = {world_begin(1), reset, pump, cut, now};

    stream_table_run(&world);
}
