/* The table of stream semantics, over two muxes back to back. */
#include "tests/streams/mux_pair.h"
#include "tests/unit/unit.h"

UNIT_SUITE(streams_over_mux_test)
{
    struct stream_world world = mux_pair_as_world(mux_pair_begin());

    stream_table_run(&world);
    unit_row("whatever the rows did, all memory is back");
    mux_pair_begin();
}
