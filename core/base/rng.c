#include "core/base/rng.h"

#include "core/base/memory.h"

/* A sound source throws away so many draws in a row once in 2^128 times: this one is stuck. */
#define DRAW_COUNT_MAX 128

enum nx_status nx_rng_fill(const struct nx_rng *rng, uint8_t *out, size_t len)
{
    enum nx_status status = rng->fill == NULL ? NX_E_UNSUPPORTED : rng->fill(rng->source, out, len);

    if (status != NX_OK && len > 0)
        memset(out, 0, len);
    return status;
}

enum nx_status nx_rng_below(const struct nx_rng *rng, uint32_t bound, uint32_t *out)
{
    NX_CHECK(bound != 0);

    /* The largest multiple of bound that a draw can reach; what lies above it would favour the low
     * numbers. At worst every second draw is thrown away. */
    uint64_t range = (uint64_t)UINT32_MAX + 1;
    uint64_t fair = range - range % bound;

    for (int i = 0; i < DRAW_COUNT_MAX; i++) {
        uint8_t raw[4];
        enum nx_status status = nx_rng_fill(rng, raw, sizeof(raw));

        if (status != NX_OK)
            return status;

        uint32_t draw = (uint32_t)raw[0] | (uint32_t)raw[1] << 8 | (uint32_t)raw[2] << 16 |
                        (uint32_t)raw[3] << 24;
        if (draw < fair) {
            *out = draw % bound;
            return NX_OK;
        }
    }
    return NX_E_IO;
}

static uint64_t splitmix64(uint64_t *x)
{
    uint64_t z = *x += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static uint64_t rotate_left(uint64_t x, int count)
{
    return x << count | x >> (64 - count);
}

void nx_prng_init(struct nx_prng *prng, uint64_t seed, const char *purpose)
{
    /* FNV-1a of the purpose, stirred into the seed: two purposes are two seeds far apart. */
    uint64_t mix = 0xcbf29ce484222325u;

    for (; *purpose != '\0'; purpose++)
        mix = (mix ^ (uint8_t)*purpose) * 0x100000001b3u;

    uint64_t x = splitmix64(&seed) ^ mix;
    for (size_t i = 0; i < NX_COUNT_OF(prng->state); i++)
        prng->state[i] = splitmix64(&x);
}

uint64_t nx_prng_next(struct nx_prng *prng)
{
    uint64_t *s = prng->state;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

static enum nx_status prng_fill(void *source, uint8_t *out, size_t len)
{
    struct nx_prng *prng = source;
    uint64_t word = 0;

    for (size_t i = 0; i < len; i++) {
        if (i % 8 == 0)
            word = nx_prng_next(prng);
        out[i] = (uint8_t)(word >> (8 * (i % 8)));
    }
    return NX_OK;
}

struct nx_rng nx_prng_as_rng(struct nx_prng *prng)
{
    return (struct nx_rng){prng_fill, prng};
}
