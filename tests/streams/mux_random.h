/* For tests: two honest muxes that do whatever a seed says, and what must hold all the same.
 *
 * Streams are opened, accepted, filled, read, finished, aborted and let go of at random on both
 * ends; bytes go over in records of random sizes and arrive in pieces. At every step what was read
 * is what was written, confirmed is not ahead of read, and grants add up; at the end everything that
 * nobody gave up has arrived, nobody waits who could go on, and all memory is back. */
#ifndef NX_TESTS_STREAMS_MUX_RANDOM_H
#define NX_TESTS_STREAMS_MUX_RANDOM_H

#include "core/bus/mux.h"

/* Run one seed. Breaches of what must hold are failed EXPECTs of the row it runs in. */
void mux_random_run(uint64_t seed, uint32_t step_count);

#endif
