/* Randomness as something handed in.
 *
 * `nx_rng` is the entropy interface of a backend: the kernel's on a host, virtio-rng on the board,
 * `nx_prng` where a run has to be repeatable (localSim, the simulator, tests). Core never asks for
 * randomness anywhere else. */
#ifndef NX_CORE_BASE_RNG_H
#define NX_CORE_BASE_RNG_H

#include "core/base/status.h"

struct nx_rng {
    enum nx_status (*fill)(void *source, uint8_t *out, size_t len);
    void *source; /* kept by its owner as long as the rng is used */
};

/* Fill `out` with `len` random bytes.
 * NX_OK; NX_E_UNSUPPORTED: this backend has no entropy; NX_E_IO: the source failed. On a failure
 * `out` is zeroed and may not be used. */
NX_MUST_CHECK enum nx_status nx_rng_fill(const struct nx_rng *rng, uint8_t *out, size_t len);

/* A number below `bound` (which is not 0) without bias, by rejection sampling.
 * NX_OK; NX_E_IO: the source is stuck on numbers that cannot be used; or what nx_rng_fill answers.
 * On a failure `out` is untouched. */
NX_MUST_CHECK enum nx_status nx_rng_below(const struct nx_rng *rng, uint32_t bound, uint32_t *out);

/* The deterministic generator: xoshiro256** (Blackman, Vigna 2018) seeded by splitmix64. Repeatable
 * and fast, and no source of secrets. */
struct nx_prng {
    uint64_t state[4];
};

/* One stream per purpose: the same seed with another `purpose` gives unrelated numbers, so that
 * adding a draw in one place does not move the others. */
void nx_prng_init(struct nx_prng *prng, uint64_t seed, const char *purpose);

uint64_t nx_prng_next(struct nx_prng *prng);

/* The generator as an rng; borrows `prng` for as long as the rng is used. */
struct nx_rng nx_prng_as_rng(struct nx_prng *prng);

#endif
