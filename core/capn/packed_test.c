#include "core/capn/packed.h"

#include "core/base/memory.h"
#include "core/base/rng.h"
#include "tests/unit/unit.h"

/* clang-format off */
static const struct {
    const char *name;
    size_t words_len;
    uint8_t words[24];
    size_t packed_len;
    uint8_t packed[25];
} pairs[] = {
    {"nothing packs to nothing", 0, {0}, 0, {0}},
    {"a word of zeros is a tag and an empty count", 8, {0}, 2, {0, 0}},
    {"words of zeros are counted behind the first", 24, {0}, 2, {0, 2}},
    {"zeros are left out of a word", 8, {0, 0, 12, 0, 0, 34, 0, 0}, 3, {0x24, 12, 34}},
    {"a word without zeros is a tag, itself and an empty count", 8, {1, 3, 2, 4, 5, 7, 6, 8}, 10, {0xff, 1, 3, 2, 4, 5, 7, 6, 8, 0}},
    {"words with at most one zero follow as they are",
     24, {1, 2, 3, 4, 5, 6, 7, 8,  8, 0, 6, 5, 4, 3, 2, 1,  0, 0, 1, 1, 1, 1, 1, 1},
     25, {0xff, 1, 2, 3, 4, 5, 6, 7, 8, 1,  8, 0, 6, 5, 4, 3, 2, 1,  0xfc, 1, 1, 1, 1, 1, 1}},
};

static const struct {
    const char *name;
    size_t len;
    uint8_t packed[12];
} broken[] = {
    {"a tag without its bytes", 2, {0x03, 1}},
    {"a zero tag without its count", 1, {0x00}},
    {"a full tag without its last byte", 8, {0xff, 1, 2, 3, 4, 5, 6, 7}},
    {"a full tag without its count", 9, {0xff, 1, 2, 3, 4, 5, 6, 7, 8}},
    {"a count of plain words without the words", 11, {0xff, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1}},
};
/* clang-format on */

static void check_pairs(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(pairs); i++) {
        uint8_t packed[64];
        uint8_t words[64];
        struct nx_writer w = nx_writer_over(packed, sizeof(packed));
        struct nx_writer back = nx_writer_over(words, sizeof(words));
        struct nx_bytes plain = nx_bytes_of(pairs[i].words, pairs[i].words_len);
        size_t len = 0;

        unit_row(pairs[i].name);
        EXPECT_STATUS(nx_capn_pack(plain, &w), NX_OK);
        EXPECT_BYTES(nx_writer_bytes(&w), nx_bytes_of(pairs[i].packed, pairs[i].packed_len));
        EXPECT_STATUS(nx_capn_unpacked_len(nx_writer_bytes(&w), 64, &len), NX_OK);
        EXPECT_EQ(len, plain.len);
        EXPECT_STATUS(nx_capn_unpack(nx_writer_bytes(&w), &back), NX_OK);
        EXPECT_BYTES(nx_writer_bytes(&back), plain);
    }
}

static void check_broken(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(broken); i++) {
        uint8_t words[64];
        struct nx_writer w = nx_writer_over(words, sizeof(words));

        unit_row(broken[i].name);
        EXPECT_STATUS(nx_capn_unpack(nx_bytes_of(broken[i].packed, broken[i].len), &w),
                      NX_E_MALFORMED);
        EXPECT_EQ(w.len, 0);
    }
}

static void check_room(void)
{
    static const uint8_t zeros[] = {0, 255}; /* 2 bytes that stand for 2,048 */
    static const uint8_t word[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    uint8_t out[2048];
    struct nx_writer w = nx_writer_over(out, 2048);
    size_t len = 0;

    unit_row("what unpacks to exactly the room there is, does");
    EXPECT_STATUS(nx_capn_unpack(nx_bytes_of(zeros, 2), &w), NX_OK);

    unit_row("what unpacks to a byte more than there is room for, does not begin");
    w = nx_writer_over(out, 2047);
    EXPECT_STATUS(nx_capn_unpack(nx_bytes_of(zeros, 2), &w), NX_E_NO_SPACE);
    EXPECT_EQ(w.len, 0);

    unit_row("the unpacked length is bounded by what the caller wants to have");
    EXPECT_STATUS(nx_capn_unpacked_len(nx_bytes_of(zeros, 2), 2048, &len), NX_OK);
    EXPECT_STATUS(nx_capn_unpacked_len(nx_bytes_of(zeros, 2), 2047, &len), NX_E_LIMIT);

    unit_row("packing into exactly the room there is");
    w = nx_writer_over(out, 10);
    EXPECT_STATUS(nx_capn_pack(nx_bytes_of(word, 8), &w), NX_OK);

    unit_row("packing without room for the last byte leaves the output as it was");
    w = nx_writer_over(out, 9);
    EXPECT_STATUS(nx_capn_pack(nx_bytes_of(word, 8), &w), NX_E_NO_SPACE);
    EXPECT_EQ(w.len, 0);
    EXPECT(!w.overflow);

    unit_row("what is no whole number of words is not packed");
    EXPECT_STATUS(nx_capn_pack(nx_bytes_of(word, 7), &w), NX_E_INVALID);

    unit_row("an output in which something is missing already gets nothing behind it");
    w = nx_writer_over(out, 12);
    nx_write_bytes(&w, nx_bytes_of(zeros, 2));
    nx_write_space(&w, 11);
    EXPECT_STATUS(nx_capn_pack(nx_bytes_of(word, 8), &w), NX_E_NO_SPACE);
    EXPECT_EQ(w.len, 2);
    EXPECT(w.overflow);
}

/* Words with many, few and no zero bytes, in runs longer than a count can say. */
static void check_random(void)
{
    static uint8_t words[8 * 700];
    static uint8_t packed[10 * 700];
    static uint8_t back[8 * 700];
    struct nx_prng prng;

    unit_row("any words come back, and packed they are no longer than the bound");
    nx_prng_init(&prng, 1, "packed");
    for (uint32_t round = 0; round < 50; round++) {
        struct nx_writer w = nx_writer_over(packed, sizeof(packed));
        struct nx_writer b = nx_writer_over(back, sizeof(back));
        uint64_t mode = 0;

        for (size_t i = 0; i < sizeof(words); i++) {
            uint64_t random = nx_prng_next(&prng);

            if (random % 997 < 3)
                mode = random >> 32 & 3;
            words[i] = mode == 0   ? 0
                       : mode == 1 ? (uint8_t)(random >> 8 | 1)
                                   : (uint8_t)((random >> 20 & 3) < mode - 1 ? 0 : random >> 8);
        }
        EXPECT_STATUS(nx_capn_pack(nx_bytes_of(words, sizeof(words)), &w), NX_OK);
        EXPECT(w.len <= nx_capn_packed_len_max(sizeof(words) / 8));
        EXPECT_STATUS(nx_capn_unpack(nx_writer_bytes(&w), &b), NX_OK);
        EXPECT_BYTES(nx_writer_bytes(&b), nx_bytes_of(words, sizeof(words)));
    }
}

UNIT_SUITE(packed_test)
{
    check_pairs();
    check_broken();
    check_room();
    check_random();
}
