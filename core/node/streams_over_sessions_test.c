/* The table of stream semantics, over sessions: real handshakes, records and connections between two
 * devices. */
#include "tests/node/fabric.h"
#include "tests/streams/stream_table.h"
#include "tests/unit/unit.h"

static void reset(void *self, struct dsb_mux *ends[2])
{
    struct fabric *f = fabric_begin();
    struct fabric_device *a = &f->devices[0];
    struct fabric_device *b = &f->devices[1];

    (void)self;
    fabric_pair(a, b);
    fabric_pass(f, nx_seconds(2));
    ends[0] = fabric_session(a, b);
    ends[1] = fabric_session(b, a);
    EXPECT(ends[0] != NULL && ends[1] != NULL);
    a->leaves_events = b->leaves_events = true; /* the table takes the streams' news itself */
}

static void pump(void *self)
{
    struct fabric *f = self;

    f->devices[0].is_touched = f->devices[1].is_touched = true; /* the rows used both muxes */
    fabric_settle(f);
}

/* Both sides lose what carries their session. */
static void cut(void *self)
{
    struct fabric *f = self;

    for (uint32_t i = 0; i < 2; i++)
        fake_host_cut(f->devices[i].host);
    for (uint32_t i = 0; i < 2; i++)
        dsb_connections_close(&f->devices[i].connections, f->now);
}

static struct nx_instant now(void *self)
{
    return ((struct fabric *)self)->now;
}

UNIT_SUITE(streams_over_sessions_test)
{
    const struct stream_world world = {fabric_begin(), reset, pump, cut, now};

    stream_table_run(&world);
    unit_row("whatever the rows did, every socket and all memory is back");
    fabric_begin();
}
