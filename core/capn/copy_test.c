#include "core/capn/copy.h"

#include "core/base/memory.h"
#include "core/capn/words.h"
#include "tests/unit/unit.h"

static const struct nx_capn_limits wide = {
    .words_max = 1000, .traversal_words_max = 1000, .depth_max = 8, .utf8 = true};

/* clang-format off */
static const struct {
    const char *name;
    uint64_t words[WORDS_MAX];
    uint32_t count;
    uint64_t canonical[WORDS_MAX];
    uint32_t canonical_count;
} canonicals[] = {
    {"the empty struct is a word", {STRUCT(-1, 0, 0)}, 1, {STRUCT(-1, 0, 0)}, 1},
    {"a null root is the empty struct", {0}, 1, {STRUCT(-1, 0, 0)}, 1},
    {"zero words at the end of the data go", {STRUCT(0, 3, 0), 7, 0, 0}, 4, {STRUCT(0, 1, 0), 7}, 2},
    {"zero words before the end of the data stay", {STRUCT(0, 3, 0), 0, 7, 0}, 4, {STRUCT(0, 2, 0), 0, 7}, 3},
    {"null pointers at the end go", {STRUCT(0, 0, 3), 0, STRUCT(-1, 0, 0), 0}, 4, {STRUCT(0, 0, 2), 0, STRUCT(-1, 0, 0)}, 3},
    {"a struct without anything set becomes the empty one", {STRUCT(0, 2, 2), 0, 0, 0, 0}, 5, {STRUCT(-1, 0, 0)}, 1},
    {"gaps between objects go", {STRUCT(2, 1, 0), 5, 5, 7}, 4, {STRUCT(0, 1, 0), 7}, 2},
    {"objects come in preorder",
     {STRUCT(0, 0, 2), LIST(2, NX_CAPN_BYTE, 1), LIST(0, NX_CAPN_BYTE, 1), 2, 1}, 5,
     {STRUCT(0, 0, 2), LIST(1, NX_CAPN_BYTE, 1), LIST(1, NX_CAPN_BYTE, 1), 1, 2}, 5},
    {"structs in a list keep the longest one's size",
     {STRUCT(0, 0, 1), LIST(0, NX_CAPN_COMPOSITE, 8), TAG(2, 2, 2), 1, 0, 0, 0, 2, 3, 0, 0}, 11,
     {STRUCT(0, 0, 1), LIST(0, NX_CAPN_COMPOSITE, 4), TAG(2, 2, 0), 1, 0, 2, 3}, 7},
    {"words behind the last struct of a list go",
     {STRUCT(0, 0, 1), LIST(0, NX_CAPN_COMPOSITE, 3), TAG(1, 1, 0), 1, 9, 9}, 6,
     {STRUCT(0, 0, 1), LIST(0, NX_CAPN_COMPOSITE, 1), TAG(1, 1, 0), 1}, 4},
    {"structs with nothing set take no room",
     {STRUCT(0, 0, 1), LIST(0, NX_CAPN_COMPOSITE, 2), TAG(2, 1, 0), 0, 0}, 5,
     {STRUCT(0, 0, 1), LIST(0, NX_CAPN_COMPOSITE, 0), TAG(2, 0, 0)}, 3},
    {"bits behind the last one go",
     {STRUCT(0, 0, 1), LIST(0, NX_CAPN_BIT, 3), 0xff}, 3,
     {STRUCT(0, 0, 1), LIST(0, NX_CAPN_BIT, 3), 0x07}, 3},
    {"bytes behind the last one go",
     {STRUCT(0, 0, 1), LIST(0, NX_CAPN_BYTE, 3), UINT64_MAX}, 3,
     {STRUCT(0, 0, 1), LIST(0, NX_CAPN_BYTE, 3), 0xffffff}, 3},
    {"far pointers go",
     {FAR(0, 1), STRUCT(0, 1, 0), 7}, 3, {STRUCT(0, 1, 0), 7}, 2},
    {"an object that two pointers share is there twice",
     {STRUCT(0, 0, 2), LIST(1, NX_CAPN_BYTE, 1), LIST(0, NX_CAPN_BYTE, 1), 5}, 4,
     {STRUCT(0, 0, 2), LIST(1, NX_CAPN_BYTE, 1), LIST(1, NX_CAPN_BYTE, 1), 5, 5}, 5},
    {"pointers in lists are followed",
     {STRUCT(0, 0, 1), LIST(0, NX_CAPN_POINTER, 2), 0, STRUCT(1, 1, 0), 0, 7}, 6,
     {STRUCT(0, 0, 1), LIST(0, NX_CAPN_POINTER, 2), 0, STRUCT(0, 1, 0), 7}, 5},
};
/* clang-format on */

static void check_canonical(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(canonicals); i++) {
        struct words from;
        struct words again;
        uint8_t memory[8 * WORDS_MAX];
        uint8_t want[8 * WORDS_MAX];
        struct nx_capn_room room = {.ptr = memory, .word_cap = canonicals[i].canonical_count};
        struct nx_capn_builder b;

        unit_row(canonicals[i].name);
        for (uint32_t j = 0; j < canonicals[i].canonical_count; j++)
            nx_capn_store64(want + 8 * j, canonicals[i].canonical[j]);

        EXPECT_STATUS(words_open(&from, &wide, canonicals[i].words, canonicals[i].count, NULL, 0),
                      NX_OK);
        struct nx_capn_struct root = nx_capn_read_struct(nx_capn_root(&from.m));
        EXPECT_EQ(nx_capn_canonical_words(root), canonicals[i].canonical_count);
        nx_capn_builder_init(&b, &room, 1);
        EXPECT_STATUS(nx_capn_canonicalize(&b, root), NX_OK);
        EXPECT_BYTES(nx_bytes_of(memory, 8 * (size_t)room.word_count),
                     nx_bytes_of(want, 8 * (size_t)canonicals[i].canonical_count));

        /* The canonical form of the canonical form is itself. */
        EXPECT_STATUS(words_open(&again, &wide, canonicals[i].canonical,
                                 canonicals[i].canonical_count, NULL, 0),
                      NX_OK);
        nx_capn_builder_init(&b, &room, 1);
        EXPECT_STATUS(nx_capn_canonicalize(&b, nx_capn_read_struct(nx_capn_root(&again.m))), NX_OK);
        EXPECT_BYTES(nx_bytes_of(memory, 8 * (size_t)room.word_count),
                     nx_bytes_of(want, 8 * (size_t)canonicals[i].canonical_count));
    }
}

/* ---- copies ---------------------------------------------------------------------------------- */

static void check_copy(void)
{
    static const uint64_t words[] = {
        STRUCT(0, 2, 1),          7,   0, LIST(0, NX_CAPN_COMPOSITE, 2), TAG(1, 1, 1), 8,
        LIST(0, NX_CAPN_BYTE, 2), 0x61};
    uint8_t memory[8 * 16];
    struct nx_capn_room room = {.ptr = memory, .word_cap = 16};
    struct words from;
    struct nx_capn_builder b;

    unit_row("a copy keeps sizes that the schema here may not know");
    EXPECT_STATUS(words_open(&from, &wide, words, 8, NULL, 0), NX_OK);
    EXPECT_EQ(nx_capn_copy_words(nx_capn_read_struct(nx_capn_root(&from.m))), 7);
    nx_capn_builder_init(&b, &room, 1);
    nx_capn_copy(nx_capn_builder_root(&b), nx_capn_root(&from.m));
    EXPECT_STATUS(b.status, NX_OK);
    EXPECT_BYTES(nx_bytes_of(memory, 64), nx_bytes_of(from.bytes[0] + 1, 64));

    unit_row("a null pointer is copied as one");
    nx_capn_copy(nx_capn_builder_root(&b), (struct nx_capn_ref){.message = &from.m});
    EXPECT_EQ(nx_capn_load64(memory), 0);
    EXPECT_STATUS(b.status, NX_OK);
}

/* clang-format off */
static const struct {
    const char *name;
    uint64_t words[6];
    enum nx_status status;
} spoiled[] = {
    {"a source that breaks while it is copied spoils the copy",
     {STRUCT(0, 0, 1), LIST(9, NX_CAPN_BYTE, 1)}, NX_E_MALFORMED},
    {"a pointer list that breaks spoils the copy",
     {STRUCT(0, 0, 1), LIST(9, NX_CAPN_POINTER, 1)}, NX_E_MALFORMED},
    {"a list of structs that breaks spoils the copy",
     {STRUCT(0, 0, 1), LIST(0, NX_CAPN_COMPOSITE, 1), LIST(0, NX_CAPN_BYTE, 1)}, NX_E_MALFORMED},
    {"a pointer of no kind spoils the copy",
     {STRUCT(0, 0, 1), CAPABILITY(0) | 4}, NX_E_MALFORMED},
    {"a capability cannot be copied",
     {STRUCT(0, 0, 1), CAPABILITY(0)}, NX_E_UNSUPPORTED},
    {"a struct that contains itself is copied to the depth limit and fails",
     {STRUCT(0, 0, 1), STRUCT(-2, 0, 1)}, NX_E_LIMIT},
};
/* clang-format on */

static void check_spoiled(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(spoiled); i++) {
        uint8_t memory[8 * 64];
        struct nx_capn_room room = {.ptr = memory, .word_cap = 64};
        struct words from;
        struct nx_capn_builder b;

        unit_row(spoiled[i].name);
        EXPECT_STATUS(words_open(&from, &wide, spoiled[i].words, 6, NULL, 0), NX_OK);
        nx_capn_builder_init(&b, &room, 1);
        nx_capn_copy(nx_capn_builder_root(&b), nx_capn_root(&from.m));
        EXPECT_STATUS(b.status, spoiled[i].status);
        EXPECT_STATUS(from.m.status, spoiled[i].status);

        EXPECT_STATUS(words_open(&from, &wide, spoiled[i].words, 6, NULL, 0), NX_OK);
        nx_capn_builder_init(&b, &room, 1);
        EXPECT_STATUS(nx_capn_canonicalize(&b, nx_capn_read_struct(nx_capn_root(&from.m))),
                      spoiled[i].status);

        EXPECT_STATUS(words_open(&from, &wide, spoiled[i].words, 6, NULL, 0), NX_OK);
        nx_capn_copy_words(nx_capn_read_struct(nx_capn_root(&from.m)));
        EXPECT_STATUS(from.m.status, spoiled[i].status);
    }
}

static void check_room(void)
{
    static const uint64_t words[] = {STRUCT(0, 1, 1), 7, LIST(0, NX_CAPN_BYTE, 8), 8};
    uint8_t memory[2][8 * 4];
    struct nx_capn_room rooms[] = {{.ptr = memory[0], .word_cap = 3},
                                   {.ptr = memory[1], .word_cap = 4}};
    struct words from;
    struct nx_capn_builder b;

    unit_row("a canonical message does not spill into a second segment");
    EXPECT_STATUS(words_open(&from, &wide, words, 4, NULL, 0), NX_OK);
    nx_capn_builder_init(&b, rooms, 2);
    EXPECT_STATUS(nx_capn_canonicalize(&b, nx_capn_read_struct(nx_capn_root(&from.m))),
                  NX_E_NO_MEMORY);

    unit_row("a copy does");
    EXPECT_STATUS(words_open(&from, &wide, words, 4, NULL, 0), NX_OK);
    nx_capn_builder_init(&b, rooms, 2);
    nx_capn_copy(nx_capn_builder_root(&b), nx_capn_root(&from.m));
    EXPECT_STATUS(b.status, NX_OK);
    EXPECT(nx_capn_builder_spilled(&b));
}

UNIT_SUITE(copy_test)
{
    check_canonical();
    check_copy();
    check_spoiled();
    check_room();
}
