/* What libFuzzer calls: once for every input. A property that does not hold is an NX_CHECK, which
 * traps. */
#ifndef NX_FUZZ_FUZZ_H
#define NX_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
