#include "core/base/siphash.h"

struct state {
    uint64_t v0, v1, v2, v3;
};

static uint64_t rotate_left(uint64_t x, int count)
{
    return x << count | x >> (64 - count);
}

static void rounds(struct state *s, int count)
{
    for (int i = 0; i < count; i++) {
        s->v0 += s->v1;
        s->v2 += s->v3;
        s->v1 = rotate_left(s->v1, 13) ^ s->v0;
        s->v3 = rotate_left(s->v3, 16) ^ s->v2;
        s->v0 = rotate_left(s->v0, 32);
        s->v2 += s->v1;
        s->v0 += s->v3;
        s->v1 = rotate_left(s->v1, 17) ^ s->v2;
        s->v3 = rotate_left(s->v3, 21) ^ s->v0;
        s->v2 = rotate_left(s->v2, 32);
    }
}

static void compress(struct state *s, uint64_t word)
{
    s->v3 ^= word;
    rounds(s, 2);
    s->v0 ^= word;
}

uint64_t nx_siphash(const uint8_t key[NX_SIPHASH_KEY_LEN], struct nx_bytes bytes)
{
    struct nx_reader k = nx_reader_over(nx_bytes_of(key, NX_SIPHASH_KEY_LEN));
    uint64_t k0 = nx_read_u64le(&k);
    uint64_t k1 = nx_read_u64le(&k);
    struct state s = {
        /* "somepseudorandomlygeneratedbytes" */
        k0 ^ 0x736f6d6570736575u,
        k1 ^ 0x646f72616e646f6du,
        k0 ^ 0x6c7967656e657261u,
        k1 ^ 0x7465646279746573u,
    };
    struct nx_reader r = nx_reader_over(bytes);

    while (r.rest.len >= 8)
        compress(&s, nx_read_u64le(&r));

    uint64_t last = (uint64_t)bytes.len << 56; /* the length modulo 256 above what is left */
    for (size_t i = 0; i < r.rest.len; i++)
        last |= (uint64_t)r.rest.ptr[i] << (8 * i);
    compress(&s, last);

    s.v2 ^= 0xff;
    rounds(&s, 4);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
