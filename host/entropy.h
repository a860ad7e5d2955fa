/* Entropy: the kernel's randomness as something handed to core (core/base/rng.h). */
#ifndef NX_HOST_ENTROPY_H
#define NX_HOST_ENTROPY_H

#include "core/base/rng.h"

/* The kernel's generator, by getrandom: fit for keys. The first use waits until the kernel has gathered
 * enough, which on a machine that is up it has. NX_E_IO: the kernel refuses, or has no such call. */
struct nx_rng nx_entropy(void);

#endif
