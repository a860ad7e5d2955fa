#include "core/capn/frame.h"

#include "core/base/memory.h"
#include "core/capn/wire.h"
#include "tests/unit/unit.h"

static const struct {
    const char *name;
    size_t len; /* bytes that have come */
    uint32_t head[4];
    uint64_t words_max;
    enum nx_status status;
    uint32_t segment_count;
    size_t used;
} decodes[] = {
    {"nothing has come: the count is needed", 0, {0}, 10, NX_WOULD_BLOCK, 0, 4},
    {"half of the count is not the count", 3, {0}, 10, NX_WOULD_BLOCK, 0, 4},
    {"one segment has a table of one word", 4, {0, 2}, 10, NX_WOULD_BLOCK, 0, 8},
    {"two segments have a table of two words", 8, {1, 1, 1}, 10, NX_WOULD_BLOCK, 0, 16},
    {"the table says how long the message is", 8, {0, 2}, 10, NX_WOULD_BLOCK, 0, 24},
    {"a byte too few is waited for", 23, {0, 2}, 10, NX_WOULD_BLOCK, 0, 24},
    {"a whole message", 24, {0, 2}, 10, NX_OK, 1, 24},
    {"what follows a message is left", 40, {0, 2}, 10, NX_OK, 1, 24},
    {"two segments", 40, {1, 1, 2, 0}, 10, NX_OK, 2, 40},
    {"three segments, the last one empty", 40, {2, 1, 2, 0}, 3, NX_OK, 3, 40},
    {"as many segments as there is room for", 32, {2, 1, 1, 0}, 10, NX_OK, 3, 32},
    {"a segment more than there is room for", 40, {3, 1, 1, 0}, 10, NX_E_LIMIT, 0, 0},
    {"a segment count that would wrap to none", 40, {UINT32_MAX, 0}, 10, NX_E_LIMIT, 0, 0},
    {"a segment count that would wrap to one", 40, {UINT32_MAX - 1, 0}, 10, NX_E_LIMIT, 0, 0},
    {"as many words as allowed", 24, {0, 2}, 2, NX_OK, 1, 24},
    {"a word more than allowed is refused before it comes", 8, {0, 3}, 2, NX_E_LIMIT, 0, 0},
    {"words that sum to 2^32 and a few are no small sum",
     40,
     {1, UINT32_MAX, 3, 0},
     10,
     NX_E_LIMIT,
     0,
     0},
    {"no segment has a word", 8, {0, 0}, 10, NX_OK, 1, 8},
};

static void check_encode(void)
{
    uint8_t bytes[64];
    uint8_t content[24];
    struct nx_capn_segment segments[] = {{content, 1}, {content + 8, 2}};
    struct nx_capn_segment back[2];
    struct nx_writer w = nx_writer_over(bytes, sizeof(bytes));
    uint32_t count = 0;
    size_t used = 0;

    memset(content, 0xab, sizeof(content));
    unit_row("an encoded frame decodes to the same segments");
    EXPECT_EQ(nx_capn_frame_len(segments, 2), 40);
    EXPECT_STATUS(nx_capn_frame_encode(segments, 2, &w), NX_OK);
    EXPECT_EQ(w.len, 40);
    EXPECT_STATUS(nx_capn_frame_decode(nx_writer_bytes(&w), 3, back, 2, &count, &used), NX_OK);
    EXPECT_EQ(count, 2);
    EXPECT_BYTES(nx_bytes_of(back[1].ptr, 16), nx_bytes_of(content + 8, 16));

    unit_row("a table of two words has room for two segments, one of one word for one");
    w = nx_writer_over(bytes, sizeof(bytes));
    EXPECT_STATUS(nx_capn_frame_encode(segments, 1, &w), NX_OK);
    EXPECT_EQ(w.len, 16);
    EXPECT_STATUS(nx_capn_frame_decode(nx_writer_bytes(&w), 3, back, 2, &count, &used), NX_OK);
    EXPECT_EQ(count, 1);
    EXPECT_BYTES(nx_bytes_of(back[0].ptr, 8), nx_bytes_of(content, 8));

    unit_row("a frame that fits exactly is written");
    w = nx_writer_over(bytes, 40);
    EXPECT_STATUS(nx_capn_frame_encode(segments, 2, &w), NX_OK);

    unit_row("a frame without room for its last byte is not begun");
    w = nx_writer_over(bytes, 39);
    EXPECT_STATUS(nx_capn_frame_encode(segments, 2, &w), NX_E_NO_SPACE);
    EXPECT_EQ(w.len, 0);
    EXPECT(!w.overflow);
}

UNIT_SUITE(frame_test)
{
    for (size_t i = 0; i < NX_COUNT_OF(decodes); i++) {
        uint8_t bytes[40] = {0};
        struct nx_capn_segment segments[3];
        uint32_t count = 0;
        size_t used = 0;

        unit_row(decodes[i].name);
        for (size_t j = 0; j < 4; j++)
            nx_capn_store32(bytes + 4 * j, decodes[i].head[j]);
        EXPECT_STATUS(nx_capn_frame_decode(nx_bytes_of(bytes, decodes[i].len), decodes[i].words_max,
                                           segments, 3, &count, &used),
                      decodes[i].status);
        if (decodes[i].status == NX_OK)
            EXPECT_EQ(count, decodes[i].segment_count);
        if (decodes[i].status != NX_E_LIMIT)
            EXPECT_EQ(used, decodes[i].used);
    }
    check_encode();
}
