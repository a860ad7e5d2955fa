#include "core/base/memory.h"
#include "core/base/rng.h"
#include "tests/unit/unit.h"

/* Gives out the draws it was told, little-endian, and then fails; counts how often it was asked. */
struct script {
    uint32_t draws[4];
    size_t draw_count;
    size_t asked_count;
};

static enum nx_status fill_by_script(void *source, uint8_t *out, size_t len)
{
    struct script *script = source;

    memset(out, 0xee, len);
    if (script->asked_count == script->draw_count)
        return NX_E_IO;

    uint32_t draw = script->draws[script->asked_count++];
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(draw >> (8 * (i % 4)));
    return NX_OK;
}

/* xoshiro256** as Blackman and Vigna published it: outputs computed apart from this code. */
static void the_generator_is_xoshiro(void)
{
    static const uint64_t from_1234[] = {
        11520, 0, 1509978240, 1215971899390074240, 1216172134540287360, 607988272756665600,
    };
    struct nx_prng prng = {{1, 2, 3, 4}};

    unit_row("from the state 1, 2, 3, 4 come the numbers of the reference");
    for (size_t i = 0; i < NX_COUNT_OF(from_1234); i++)
        EXPECT_EQ(nx_prng_next(&prng), from_1234[i]);
}

static const struct {
    const char *name;
    uint64_t seed;
    const char *purpose;
    uint64_t state[4];
    uint64_t numbers[3];
} seeds[] = {
    {"seed 0 without a purpose",
     0,
     "",
     {0x5b21f68ffa77f14c, 0xacf0460c6cc09c67, 0x1e3a31b219d0d222, 0xe6d5efe738142816},
     {0x1e28178eedbf0f30, 0x32dadb1a9e4a4d08, 0x4ef49088479a6d5c}},
    {"seed 1 for codes",
     1,
     "code",
     {0xf7a6c5acb9901372, 0xe0f027b4b89cfb54, 0x3dc23a5de8e0a2ad, 0x7ce21c4800257929},
     {0x1b7d6239cc16e3c2, 0x1502250f448d3b3a, 0x0357737415d9033a}},
    {"the largest seed for codes",
     UINT64_MAX,
     "code",
     {0x590590ab59bcad85, 0x4211844c0e6c371d, 0x3db906e24a82f1dd, 0xde85b5c9157caae7},
     {0x8a20af4482d80dcd, 0x36157313be6d93e0, 0xa112dc12f9a6208d}},
};

static void seeds_are_repeatable(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(seeds); i++) {
        struct nx_prng prng;

        unit_row(seeds[i].name);
        nx_prng_init(&prng, seeds[i].seed, seeds[i].purpose);
        for (size_t k = 0; k < 4; k++)
            EXPECT_EQ(prng.state[k], seeds[i].state[k]);
        for (size_t k = 0; k < 3; k++)
            EXPECT_EQ(nx_prng_next(&prng), seeds[i].numbers[k]);
    }

    unit_row("bytes are the numbers, low byte first, and each call begins a number");
    static const uint8_t want[] = {0x30, 0x0f, 0xbf, 0xed, 0x8e, 0x17, 0x28, 0x1e, 0x08};
    uint8_t out[9];
    struct nx_prng prng;
    nx_prng_init(&prng, 0, "");
    struct nx_rng rng = nx_prng_as_rng(&prng);
    EXPECT_STATUS(nx_rng_fill(&rng, out, sizeof(out)), NX_OK);
    EXPECT_BYTES(nx_bytes_of(out, 9), nx_bytes_of(want, 9));
    EXPECT_STATUS(nx_rng_fill(&rng, out, 1), NX_OK);
    EXPECT_EQ(out[0], 0x5c);
}

static const struct {
    const char *name;
    uint32_t bound;
    uint32_t draws[4];
    size_t draw_count;
    enum nx_status status;
    uint32_t number;
    size_t asked_count;
} belows[] = {
    {"a draw below the last whole round is taken", 10, {4294967289}, 1, NX_OK, 9, 1},
    {"a draw in the last, broken round is drawn again", 10, {4294967290, 7}, 2, NX_OK, 7, 2},
    {"the largest draw is drawn again", 10, {UINT32_MAX, UINT32_MAX, 20}, 3, NX_OK, 0, 3},
    {"a bound that divides the range refuses no draw", 65536, {UINT32_MAX}, 1, NX_OK, 65535, 1},
    {"a bound of one has one answer", 1, {UINT32_MAX}, 1, NX_OK, 0, 1},
    {"just over half the range, half of it is refused",
     0x80000001,
     {0x80000001, 0x80000000},
     2,
     NX_OK,
     0x80000000,
     2},
    {"the largest bound refuses the largest draw only",
     UINT32_MAX,
     {UINT32_MAX, UINT32_MAX - 1},
     2,
     NX_OK,
     UINT32_MAX - 1,
     2},
    {"a source that fails is an answer", 10, {0}, 0, NX_E_IO, 99, 0},
    {"a source that fails at the second draw too", 10, {UINT32_MAX}, 1, NX_E_IO, 99, 1},
};

static void belows_have_no_bias(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(belows); i++) {
        struct script script = {.draw_count = belows[i].draw_count};
        struct nx_rng rng = {fill_by_script, &script};
        uint32_t number = 99;

        unit_row(belows[i].name);
        memcpy(script.draws, belows[i].draws, sizeof(script.draws));
        EXPECT_STATUS(nx_rng_below(&rng, belows[i].bound, &number), belows[i].status);
        EXPECT_EQ(number, belows[i].number);
        EXPECT_EQ(script.asked_count, belows[i].asked_count);
    }

    unit_row("every digit comes about as often as every other");
    uint32_t counts[10] = {0};
    struct nx_prng prng;
    nx_prng_init(&prng, 1, "digits");
    struct nx_rng rng = nx_prng_as_rng(&prng);
    for (int i = 0; i < 20000; i++) {
        uint32_t digit;

        NEED(nx_rng_below(&rng, 10, &digit) == NX_OK && digit < 10);
        counts[digit]++;
    }
    for (size_t i = 0; i < 10; i++)
        EXPECT(counts[i] > 1800 && counts[i] < 2200); /* 2000, and 4.7 standard deviations */
}

static enum nx_status fill_with_ones(void *source, uint8_t *out, size_t len)
{
    uint32_t *asked_count = source;

    memset(out, 0xff, len);
    (*asked_count)++;
    return NX_OK;
}

static void failures_are_answers(void)
{
    struct script script = {.draw_count = 0};
    struct nx_rng rng = {fill_by_script, &script};
    uint8_t out[3] = {1, 2, 3};
    uint32_t asked_count = 0, number = 99;

    unit_row("what a failed source left is zeroed");
    EXPECT_STATUS(nx_rng_fill(&rng, out, sizeof(out)), NX_E_IO);
    EXPECT_BYTES(nx_bytes_of(out, 3), nx_bytes_of("\0\0\0", 3));

    unit_row("a backend without entropy says so");
    rng = (struct nx_rng){NULL, NULL};
    memset(out, 7, sizeof(out));
    EXPECT_STATUS(nx_rng_fill(&rng, out, sizeof(out)), NX_E_UNSUPPORTED);
    EXPECT_BYTES(nx_bytes_of(out, 3), nx_bytes_of("\0\0\0", 3));
    EXPECT_STATUS(nx_rng_below(&rng, 10, &number), NX_E_UNSUPPORTED);
    EXPECT_EQ(number, 99);

    unit_row("a failed source that was asked for nothing has nothing to zero");
    EXPECT_STATUS(nx_rng_fill(&rng, NULL, 0), NX_E_UNSUPPORTED);

    unit_row("a source that is stuck is a failed one, not a wait for ever");
    rng = (struct nx_rng){fill_with_ones, &asked_count};
    EXPECT_STATUS(nx_rng_below(&rng, 10, &number), NX_E_IO);
    EXPECT_EQ(number, 99);
    EXPECT_EQ(asked_count, 128);
}

UNIT_SUITE(rng_test)
{
    the_generator_is_xoshiro();
    seeds_are_repeatable();
    belows_have_no_bias();
    failures_are_answers();
}
