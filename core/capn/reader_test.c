#include "core/capn/reader.h"

#include "core/base/limits.h"
#include "core/capn/words.h"
#include "tests/unit/unit.h"

static const struct nx_capn_limits wide = {
    .words_max = 1000, .traversal_words_max = 1000, .depth_max = 8, .utf8 = true};

/* ---- a pointer, followed as something ------------------------------------------------------------ */

enum as {
    AS_STRUCT,
    AS_TEXT,
    AS_DATA,
    AS_ANY_LIST,
    AS_LIST, /* and an element size: AS_LIST + NX_CAPN_BYTE */
};

/* clang-format off */
static const struct {
    const char *name;
    enum as as;
    enum nx_status status;
    uint32_t count; /* of bytes, elements, or data bytes of a struct */
    uint64_t words[6];
    uint64_t more[6]; /* a second segment */
    uint32_t more_count;
} follows[] = {
    {"a null pointer is an empty struct", AS_STRUCT, NX_OK, 0, {0}},
    {"a null pointer is an empty text", AS_TEXT, NX_OK, 0, {0}},
    {"a null pointer is an empty list", AS_LIST + NX_CAPN_TWO_BYTES, NX_OK, 0, {0}},

    {"a struct right behind its pointer", AS_STRUCT, NX_OK, 8, {STRUCT(0, 1, 1)}},
    {"a struct that ends with its segment", AS_STRUCT, NX_OK, 40, {STRUCT(0, 5, 0)}},
    {"a struct that ends a word behind its segment", AS_STRUCT, NX_E_MALFORMED, 0, {STRUCT(0, 5, 1)}},
    {"a struct that begins behind its segment", AS_STRUCT, NX_E_MALFORMED, 0, {STRUCT(6, 0, 1)}},
    {"a struct of the largest size", AS_STRUCT, NX_E_MALFORMED, 0, {STRUCT(0, 65535, 65535)}},
    {"an empty struct points before itself", AS_STRUCT, NX_OK, 0, {STRUCT(-1, 0, 0)}},
    {"an empty struct at the end of its segment", AS_STRUCT, NX_OK, 0, {STRUCT(5, 0, 0)}},
    {"an empty struct behind the end of its segment is as good as at its end", AS_STRUCT, NX_OK, 0, {STRUCT(6, 0, 0)}},
    {"an empty struct before its segment is as good as at its end", AS_STRUCT, NX_OK, 0, {STRUCT(-2, 0, 0)}},
    {"a pointer to itself is a struct of one pointer", AS_STRUCT, NX_OK, 0, {STRUCT(-1, 0, 1)}},
    {"the largest offset", AS_STRUCT, NX_E_MALFORMED, 0, {STRUCT(0x1fffffff, 1, 0)}},
    {"the smallest offset", AS_STRUCT, NX_E_MALFORMED, 0, {STRUCT(-0x20000000, 1, 0)}},

    {"a list where a struct is expected", AS_STRUCT, NX_E_MALFORMED, 0, {LIST(0, NX_CAPN_BYTE, 8)}},
    {"a struct where a list is expected", AS_LIST + NX_CAPN_BYTE, NX_E_MALFORMED, 0, {STRUCT(0, 1, 0)}},
    {"a struct where a text is expected", AS_TEXT, NX_E_MALFORMED, 0, {STRUCT(0, 1, 0)}},
    {"a capability where a struct is expected", AS_STRUCT, NX_E_MALFORMED, 0, {CAPABILITY(0)}},
    {"a capability where a list is expected", AS_LIST + NX_CAPN_BYTE, NX_E_MALFORMED, 0, {CAPABILITY(7)}},

    {"a text without its NUL", AS_TEXT, NX_OK, 2, {LIST(0, NX_CAPN_BYTE, 3), 0x006261}},
    {"an empty text is its NUL alone", AS_TEXT, NX_OK, 0, {LIST(0, NX_CAPN_BYTE, 1), 0}},
    {"a text of no bytes at all", AS_TEXT, NX_E_MALFORMED, 0, {LIST(0, NX_CAPN_BYTE, 0)}},
    {"a text that does not end in NUL", AS_TEXT, NX_E_MALFORMED, 0, {LIST(0, NX_CAPN_BYTE, 2), 0x006261}},
    {"a text with a NUL inside is as long as it says", AS_TEXT, NX_OK, 3, {LIST(0, NX_CAPN_BYTE, 4), 0x00620061}},
    {"a text that is not UTF-8", AS_TEXT, NX_E_MALFORMED, 0, {LIST(0, NX_CAPN_BYTE, 2), 0xff}},
    {"a text of overlong UTF-8", AS_TEXT, NX_E_MALFORMED, 0, {LIST(0, NX_CAPN_BYTE, 3), 0x80c0}},
    {"a text that ends with its segment", AS_TEXT, NX_OK, 39, {LIST(0, NX_CAPN_BYTE, 40)}},
    {"a text that ends a byte behind its segment", AS_TEXT, NX_E_MALFORMED, 0, {LIST(0, NX_CAPN_BYTE, 41)}},
    {"a text of 16-bit elements", AS_TEXT, NX_E_MALFORMED, 0, {LIST(0, NX_CAPN_TWO_BYTES, 1)}},
    {"a text of structs", AS_TEXT, NX_E_MALFORMED, 0, {LIST(0, NX_CAPN_COMPOSITE, 1), TAG(1, 1, 0)}},
    {"data may be anything", AS_DATA, NX_OK, 3, {LIST(0, NX_CAPN_BYTE, 3), 0x00ff80}},
    {"data of no bytes", AS_DATA, NX_OK, 0, {LIST(0, NX_CAPN_BYTE, 0)}},
    {"data of bits", AS_DATA, NX_E_MALFORMED, 0, {LIST(0, NX_CAPN_BIT, 8)}},

    {"voids", AS_LIST + NX_CAPN_VOID, NX_OK, 9, {LIST(0, NX_CAPN_VOID, 9)}},
    {"bits", AS_LIST + NX_CAPN_BIT, NX_OK, 320, {LIST(0, NX_CAPN_BIT, 320)}},
    {"a bit behind the end", AS_LIST + NX_CAPN_BIT, NX_E_MALFORMED, 0, {LIST(0, NX_CAPN_BIT, 321)}},
    {"16-bit numbers", AS_LIST + NX_CAPN_TWO_BYTES, NX_OK, 20, {LIST(0, NX_CAPN_TWO_BYTES, 20)}},
    {"a 16-bit number behind the end", AS_LIST + NX_CAPN_TWO_BYTES, NX_E_MALFORMED, 0, {LIST(0, NX_CAPN_TWO_BYTES, 21)}},
    {"32-bit numbers", AS_LIST + NX_CAPN_FOUR_BYTES, NX_OK, 10, {LIST(0, NX_CAPN_FOUR_BYTES, 10)}},
    {"64-bit numbers", AS_LIST + NX_CAPN_EIGHT_BYTES, NX_OK, 5, {LIST(0, NX_CAPN_EIGHT_BYTES, 5)}},
    {"pointers", AS_LIST + NX_CAPN_POINTER, NX_OK, 5, {LIST(0, NX_CAPN_POINTER, 5)}},
    {"a pointer behind the end", AS_LIST + NX_CAPN_POINTER, NX_E_MALFORMED, 0, {LIST(0, NX_CAPN_POINTER, 6)}},
    {"as many elements as a pointer can say", AS_LIST + NX_CAPN_EIGHT_BYTES, NX_E_MALFORMED, 0, {LIST(0, NX_CAPN_EIGHT_BYTES, 0x1fffffff)}},

    {"larger numbers hold smaller ones", AS_LIST + NX_CAPN_BYTE, NX_OK, 5, {LIST(0, NX_CAPN_EIGHT_BYTES, 5)}},
    {"smaller numbers do not hold larger ones", AS_LIST + NX_CAPN_EIGHT_BYTES, NX_E_MALFORMED, 0, {LIST(0, NX_CAPN_BYTE, 5)}},
    {"numbers are no pointers", AS_LIST + NX_CAPN_POINTER, NX_E_MALFORMED, 0, {LIST(0, NX_CAPN_EIGHT_BYTES, 5)}},
    {"pointers are no numbers", AS_LIST + NX_CAPN_EIGHT_BYTES, NX_E_MALFORMED, 0, {LIST(0, NX_CAPN_POINTER, 5)}},
    {"bits are no bytes", AS_LIST + NX_CAPN_BYTE, NX_E_MALFORMED, 0, {LIST(0, NX_CAPN_BIT, 5)}},
    {"pointers are no bits", AS_LIST + NX_CAPN_BIT, NX_E_MALFORMED, 0, {LIST(0, NX_CAPN_POINTER, 5)}},
    {"numbers are as many voids", AS_LIST + NX_CAPN_VOID, NX_OK, 5, {LIST(0, NX_CAPN_BYTE, 5)}},
    {"bits are no voids", AS_LIST + NX_CAPN_VOID, NX_E_MALFORMED, 0, {LIST(0, NX_CAPN_BIT, 5)}},
    {"voids are no bits", AS_LIST + NX_CAPN_BIT, NX_E_MALFORMED, 0, {LIST(0, NX_CAPN_VOID, 5)}},

    {"structs", AS_LIST + NX_CAPN_COMPOSITE, NX_OK, 2, {LIST(0, NX_CAPN_COMPOSITE, 4), TAG(2, 1, 1)}},
    {"structs that take fewer words than the list has", AS_LIST + NX_CAPN_COMPOSITE, NX_OK, 1, {LIST(0, NX_CAPN_COMPOSITE, 4), TAG(1, 1, 1)}},
    {"structs that take a word more than the list has", AS_LIST + NX_CAPN_COMPOSITE, NX_E_MALFORMED, 0, {LIST(0, NX_CAPN_COMPOSITE, 3), TAG(2, 1, 1)}},
    {"structs that end a word behind their segment", AS_LIST + NX_CAPN_COMPOSITE, NX_E_MALFORMED, 0, {LIST(0, NX_CAPN_COMPOSITE, 5), TAG(5, 1, 0)}},
    {"structs whose tag lies behind the segment", AS_LIST + NX_CAPN_COMPOSITE, NX_E_MALFORMED, 0, {LIST(5, NX_CAPN_COMPOSITE, 0)}},
    {"structs whose tag is a list pointer", AS_LIST + NX_CAPN_COMPOSITE, NX_E_MALFORMED, 0, {LIST(0, NX_CAPN_COMPOSITE, 1), LIST(1, NX_CAPN_BYTE, 1)}},
    {"structs whose words would wrap in 32 bits", AS_LIST + NX_CAPN_COMPOSITE, NX_E_MALFORMED, 0, {LIST(0, NX_CAPN_COMPOSITE, 4), TAG(0x10000000, 8, 8)}},
    {"a tag counts in 30 bits: the highest one is not passed over", AS_LIST + NX_CAPN_COMPOSITE, NX_E_MALFORMED, 0, {LIST(0, NX_CAPN_COMPOSITE, 4), TAG(0x20000001, 4, 0)}},
    {"nor is it where structs have no size", AS_LIST + NX_CAPN_COMPOSITE, NX_E_MALFORMED, 0, {LIST(0, NX_CAPN_COMPOSITE, 0), TAG(0x20000001, 0, 0)}},
    {"as many structs of no size as a tag may count are the limit's to refuse", AS_LIST + NX_CAPN_COMPOSITE, NX_E_LIMIT, 0, {LIST(0, NX_CAPN_COMPOSITE, 0), TAG(0x1fffffff, 0, 0)}},
    {"structs where numbers are expected give their first field", AS_LIST + NX_CAPN_FOUR_BYTES, NX_OK, 2, {LIST(0, NX_CAPN_COMPOSITE, 4), TAG(2, 1, 1)}},
    {"structs without data where numbers are expected", AS_LIST + NX_CAPN_FOUR_BYTES, NX_E_MALFORMED, 0, {LIST(0, NX_CAPN_COMPOSITE, 4), TAG(2, 0, 2)}},
    {"structs where pointers are expected give their first one", AS_LIST + NX_CAPN_POINTER, NX_OK, 2, {LIST(0, NX_CAPN_COMPOSITE, 4), TAG(2, 1, 1)}},
    {"structs without pointers where pointers are expected", AS_LIST + NX_CAPN_POINTER, NX_E_MALFORMED, 0, {LIST(0, NX_CAPN_COMPOSITE, 4), TAG(2, 2, 0)}},
    {"structs where bits are expected", AS_LIST + NX_CAPN_BIT, NX_E_MALFORMED, 0, {LIST(0, NX_CAPN_COMPOSITE, 4), TAG(2, 1, 1)}},
    {"numbers where structs are expected", AS_LIST + NX_CAPN_COMPOSITE, NX_OK, 3, {LIST(0, NX_CAPN_TWO_BYTES, 3)}},
    {"pointers where structs are expected", AS_LIST + NX_CAPN_COMPOSITE, NX_OK, 3, {LIST(0, NX_CAPN_POINTER, 3)}},
    {"bits where structs are expected", AS_LIST + NX_CAPN_COMPOSITE, NX_E_MALFORMED, 0, {LIST(0, NX_CAPN_BIT, 3)}},
    {"a list of any kind", AS_ANY_LIST, NX_OK, 3, {LIST(0, NX_CAPN_BIT, 3)}},

    {"a far pointer", AS_STRUCT, NX_OK, 8, {FAR(1, 1)}, {0, STRUCT(0, 1, 0), 5}, 3},
    {"a far pointer to its own segment", AS_STRUCT, NX_OK, 8, {FAR(0, 1), STRUCT(0, 1, 0)}},
    {"a far pointer from a pad back over its own start", AS_STRUCT, NX_OK, 8, {FAR(1, 1)}, {5, STRUCT(-2, 1, 0)}, 2},
    {"a far pointer to a segment that is not there", AS_STRUCT, NX_E_MALFORMED, 0, {FAR(2, 0)}, {0}, 1},
    {"a far pointer to a list in a segment that is not there", AS_LIST + NX_CAPN_BYTE, NX_E_MALFORMED, 0, {FAR(2, 0)}, {0}, 1},
    {"a far pointer to the last segment number", AS_STRUCT, NX_E_MALFORMED, 0, {FAR(UINT32_MAX, 0)}, {0}, 1},
    {"a far pointer whose pad is behind its segment", AS_STRUCT, NX_E_MALFORMED, 0, {FAR(1, 1)}, {STRUCT(0, 0, 0)}, 1},
    {"a far pointer whose pad is far behind its segment", AS_STRUCT, NX_E_MALFORMED, 0, {FAR(1, 0x1fffffff)}, {0}, 1},
    {"a far pointer to a far pointer", AS_STRUCT, NX_E_MALFORMED, 0, {FAR(1, 0)}, {FAR(0, 1), 0}, 2},
    {"a far pointer to itself", AS_STRUCT, NX_E_MALFORMED, 0, {FAR(0, 0)}},
    {"a far pointer to a capability", AS_STRUCT, NX_E_MALFORMED, 0, {FAR(1, 0)}, {CAPABILITY(1)}, 1},
    {"a far pointer whose object leaves the segment", AS_STRUCT, NX_E_MALFORMED, 0, {FAR(1, 0)}, {STRUCT(0, 2, 0), 0}, 2},
    {"a far pointer to a text", AS_TEXT, NX_OK, 1, {FAR(1, 0)}, {LIST(0, NX_CAPN_BYTE, 2), 0x0061}, 2},

    {"a double far pointer", AS_STRUCT, NX_OK, 8, {FAR_FAR(1, 0)}, {FAR(0, 1), STRUCT(0, 1, 0)}, 2},
    {"a double far pointer to a list of structs", AS_LIST + NX_CAPN_COMPOSITE, NX_OK, 1, {FAR_FAR(1, 0), TAG(1, 1, 0)}, {FAR(0, 1), LIST(0, NX_CAPN_COMPOSITE, 1)}, 2},
    {"a double far pointer whose pad is cut in two", AS_STRUCT, NX_E_MALFORMED, 0, {FAR_FAR(1, 0)}, {FAR(0, 1)}, 1},
    {"a double far pointer whose pad has no far pointer", AS_STRUCT, NX_E_MALFORMED, 0, {FAR_FAR(1, 0)}, {STRUCT(0, 1, 0), STRUCT(0, 1, 0)}, 2},
    {"a double far pointer to a double far pointer", AS_STRUCT, NX_E_MALFORMED, 0, {FAR_FAR(1, 0)}, {FAR_FAR(1, 0), STRUCT(0, 1, 0)}, 2},
    {"a double far pointer whose tag is a far pointer", AS_STRUCT, NX_E_MALFORMED, 0, {FAR_FAR(1, 0)}, {FAR(0, 1), FAR(0, 1)}, 2},
    {"a double far pointer to a segment that is not there", AS_STRUCT, NX_E_MALFORMED, 0, {FAR_FAR(1, 0)}, {FAR(2, 0), STRUCT(0, 1, 0)}, 2},
    {"a double far pointer behind its segment", AS_STRUCT, NX_E_MALFORMED, 0, {FAR_FAR(1, 0)}, {FAR(0, 7), STRUCT(0, 1, 0)}, 2},
    {"a double far pointer whose object leaves its segment", AS_STRUCT, NX_E_MALFORMED, 0, {FAR_FAR(1, 0)}, {FAR(0, 5), STRUCT(0, 2, 0)}, 2},
};
/* clang-format on */

static uint32_t count_as(struct nx_capn_ref ref, enum as as)
{
    struct nx_bytes none = nx_bytes_of(NULL, 0);

    if (as == AS_STRUCT)
        return nx_capn_read_struct(ref).data_len;
    if (as == AS_TEXT)
        return (uint32_t)nx_capn_read_text(ref, none).len;
    if (as == AS_DATA)
        return (uint32_t)nx_capn_read_data(ref, none).len;
    if (as == AS_ANY_LIST)
        return nx_capn_read_any_list(ref).count;
    return nx_capn_read_list(ref, (enum nx_capn_element)(as - AS_LIST)).count;
}

static void check_follows(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(follows); i++) {
        struct words w;

        unit_row(follows[i].name);
        EXPECT_STATUS(
            words_open(&w, &wide, follows[i].words, 6, follows[i].more, follows[i].more_count),
            NX_OK);
        EXPECT_EQ(count_as(nx_capn_root(&w.m), follows[i].as), follows[i].count);
        EXPECT_STATUS(w.m.status, follows[i].status);
        EXPECT_EQ(w.m.why != NULL, follows[i].status != NX_OK);
    }
}

/* ---- values ---------------------------------------------------------------------------------- */

static void check_fields(void)
{
    static const uint64_t words[] = {STRUCT(0, 1, 1), 0x8877665544332211, 0};
    struct words w;

    EXPECT_STATUS(words_open(&w, &wide, words, 3, NULL, 0), NX_OK);
    struct nx_capn_struct s = nx_capn_read_struct(nx_capn_root(&w.m));

    unit_row("fields lie little endian in the data section");
    EXPECT_EQ(nx_capn_get_u8(s, 7), 0x88);
    EXPECT_EQ(nx_capn_get_u16(s, 2), 0x4433);
    EXPECT_EQ(nx_capn_get_u32(s, 4), 0x88776655);
    EXPECT_EQ(nx_capn_get_u64(s, 0), 0x8877665544332211);
    EXPECT(nx_capn_get_bool(s, 0));
    EXPECT(!nx_capn_get_bool(s, 1));
    EXPECT(nx_capn_get_bool(s, 63));

    unit_row("a field behind the data section is zero: an older sender did not have it");
    EXPECT_EQ(nx_capn_get_u8(s, 8), 0);
    EXPECT_EQ(nx_capn_get_u16(s, 8), 0);
    EXPECT_EQ(nx_capn_get_u32(s, 8), 0);
    EXPECT_EQ(nx_capn_get_u64(s, 8), 0);
    EXPECT(!nx_capn_get_bool(s, 64));

    unit_row("a union whose tag is behind the data section is set to its first member");
    EXPECT_EQ(nx_capn_union_member(s, 6, 0x8877).data_len, 8);
    EXPECT_EQ(nx_capn_union_member(s, 6, 0).data_len, 0);
    EXPECT_EQ(nx_capn_union_member(s, 8, 0).data_len, 8);
    EXPECT_EQ(nx_capn_union_member(s, 8, 1).data_len, 0);

    unit_row("a null pointer without a default stays null");
    EXPECT(nx_capn_ref_is_null(nx_capn_ref_or(nx_capn_struct_ref(s, 0), NULL)));

    unit_row("a pointer behind the pointer section is null");
    EXPECT(nx_capn_ref_is_null(nx_capn_struct_ref(s, 1)));
    EXPECT_EQ(nx_capn_ref_kind(nx_capn_struct_ref(s, 1)), NX_CAPN_REF_NULL);
    EXPECT_STATUS(w.m.status, NX_OK);
}

static void check_elements(void)
{
    static const uint64_t numbers[] = {LIST(0, NX_CAPN_TWO_BYTES, 3), 0x333322221111};
    static const uint64_t structs[] = {LIST(0, NX_CAPN_COMPOSITE, 4),
                                       TAG(2, 1, 1),
                                       0x1111,
                                       LIST(2, NX_CAPN_BYTE, 2),
                                       0x2222,
                                       0,
                                       0x0061};
    static const uint64_t voids[] = {LIST(0, NX_CAPN_VOID, 3), UINT64_MAX};
    struct words w;

    unit_row("elements are read by index, and zero behind the end");
    EXPECT_STATUS(words_open(&w, &wide, numbers, 2, NULL, 0), NX_OK);
    struct nx_capn_list list = nx_capn_read_list(nx_capn_root(&w.m), NX_CAPN_TWO_BYTES);
    EXPECT_EQ(nx_capn_list_u16(list, 0), 0x1111);
    EXPECT_EQ(nx_capn_list_u16(list, 2), 0x3333);
    EXPECT_EQ(nx_capn_list_u16(list, 3), 0);
    EXPECT_EQ(nx_capn_list_u16(list, UINT32_MAX), 0);
    EXPECT_EQ(nx_capn_list_u8(list, 1), 0x22);
    EXPECT_EQ(nx_capn_list_u8(list, 3), 0);

    unit_row("an element is not read as more than it is");
    EXPECT_EQ(nx_capn_list_u32(list, 0), 0);
    EXPECT_EQ(nx_capn_list_u64(list, 0), 0);
    EXPECT(nx_capn_ref_is_null(nx_capn_list_ref(list, 0)));

    unit_row("bits are read side by side, even of a list of numbers");
    list = nx_capn_read_list(nx_capn_root(&w.m), NX_CAPN_BIT);
    EXPECT(nx_capn_list_bool(list, 0));
    EXPECT(!nx_capn_list_bool(list, 1));
    EXPECT(!nx_capn_list_bool(list, 3));

    unit_row("a number read as a struct is its first field");
    list = nx_capn_read_list(nx_capn_root(&w.m), NX_CAPN_COMPOSITE);
    EXPECT_EQ(nx_capn_get_u16(nx_capn_list_struct(list, 1), 0), 0x2222);
    EXPECT_EQ(nx_capn_get_u32(nx_capn_list_struct(list, 1), 0), 0);
    EXPECT_EQ(nx_capn_list_struct(list, 3).data_len, 0);

    unit_row("a struct read as a number is its first field");
    EXPECT_STATUS(words_open(&w, &wide, structs, 7, NULL, 0), NX_OK);
    list = nx_capn_read_list(nx_capn_root(&w.m), NX_CAPN_FOUR_BYTES);
    EXPECT_EQ(nx_capn_list_u32(list, 0), 0x1111);
    EXPECT_EQ(nx_capn_list_u32(list, 1), 0x2222);

    unit_row("a struct read as a text is its first pointer, which lies behind its data");
    list = nx_capn_read_list(nx_capn_root(&w.m), NX_CAPN_POINTER);
    EXPECT_BYTES(nx_capn_list_text(list, 0), nx_bytes_of_text("a"));
    EXPECT_EQ(nx_capn_list_text(list, 1).len, 0);
    EXPECT(nx_capn_ref_is_null(nx_capn_list_ref(list, 2)));
    EXPECT_STATUS(w.m.status, NX_OK);

    unit_row("a void is no bit that is set");
    EXPECT_STATUS(words_open(&w, &wide, voids, 2, NULL, 0), NX_OK);
    EXPECT(!nx_capn_list_bool(nx_capn_read_any_list(nx_capn_root(&w.m)), 0));
    EXPECT_STATUS(w.m.status, NX_OK);
}

static void check_kinds(void)
{
    static const struct {
        const char *name;
        uint64_t word;
        enum nx_capn_ref_kind kind;
    } kinds[] = {
        {"null is told from the rest", 0, NX_CAPN_REF_NULL},
        {"a struct is told from the rest", STRUCT(0, 1, 0), NX_CAPN_REF_STRUCT},
        {"a list is told from the rest", LIST(0, NX_CAPN_BYTE, 1), NX_CAPN_REF_LIST},
        {"a capability is told from the rest", CAPABILITY(3), NX_CAPN_REF_CAPABILITY},
        {"a pointer like a capability with more in it is broken", CAPABILITY(3) | 4,
         NX_CAPN_REF_BROKEN},
        {"a struct behind a far pointer is a struct", FAR(0, 1), NX_CAPN_REF_STRUCT},
        {"a far pointer to no segment is broken", FAR(1, 0), NX_CAPN_REF_BROKEN},
    };

    for (size_t i = 0; i < NX_COUNT_OF(kinds); i++) {
        uint64_t words[] = {kinds[i].word, STRUCT(-1, 0, 0)};
        struct words w;

        unit_row(kinds[i].name);
        EXPECT_STATUS(words_open(&w, &wide, words, 2, NULL, 0), NX_OK);
        EXPECT_EQ(nx_capn_ref_kind(nx_capn_root(&w.m)), kinds[i].kind);
    }
}

/* ---- limits ---------------------------------------------------------------------------------- */

static void expect_sentence(const struct nx_capn_message *m, const char *sentence)
{
    struct nx_why why;

    nx_capn_message_explain(m, &why);
    EXPECT_TEXT(why.text, sentence);
}

static void check_sentences(void)
{
    struct nx_capn_segment table[2];
    struct nx_capn_limits limits = wide;
    struct nx_capn_message m;

    unit_row("a segment more than there is room for is told with both numbers");
    EXPECT_STATUS(nx_capn_message_open(&m, &limits, nx_bytes_of("\2\0\0\0", 4), table, 2),
                  NX_E_LIMIT);
    expect_sentence(&m, "segments of a message: limit 2, asked 3");

    unit_row("a frame of more words than allowed is told with both numbers");
    limits.words_max = 5;
    EXPECT_STATUS(nx_capn_message_open(&m, &limits, nx_bytes_of("\0\0\0\0\6\0\0\0", 8), table, 2),
                  NX_E_LIMIT);
    expect_sentence(&m, "words of a message: limit 5, asked 6");

    unit_row("nothing is told while nothing is wrong");
    EXPECT_STATUS(nx_capn_message_open(
                      &m, &limits, nx_bytes_of("\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0", 16), table, 2),
                  NX_OK);
    expect_sentence(&m, "");

    unit_row("what is malformed is told in a sentence without numbers");
    EXPECT_STATUS(nx_capn_message_open(&m, &limits, nx_bytes_of("\0\0\0", 3), table, 2),
                  NX_E_MALFORMED);
    expect_sentence(&m, "the message is cut short");
}

static void check_words_limit(void)
{
    struct nx_capn_limits limits = wide;
    uint64_t words[3] = {0};
    struct words w;

    limits.words_max = 5;
    unit_row("a message of as many words as allowed is opened");
    EXPECT_STATUS(words_open(&w, &limits, words, 3, words, 2), NX_OK);

    unit_row("a message of a word more than allowed is not");
    EXPECT_STATUS(words_open(&w, &limits, words, 3, words, 3), NX_E_LIMIT);
    expect_sentence(&w.m, "words of a message: limit 5, asked 6");

    unit_row("a message without a segment has no root");
    EXPECT_STATUS(nx_capn_message_over(&w.m, &limits, w.segments, 0), NX_E_MALFORMED);

    unit_row("a message without a word has no root");
    EXPECT_STATUS(words_open(&w, &limits, words, 0, NULL, 0), NX_E_MALFORMED);

    unit_row("a message whose first segment is empty has no root");
    EXPECT_STATUS(words_open(&w, &limits, words, 0, words, 1), NX_E_MALFORMED);

    unit_row("a message that failed to open reads like an empty one");
    EXPECT_EQ(nx_capn_read_struct(nx_capn_root(&w.m)).data_len, 0);
    EXPECT_STATUS(w.m.status, NX_E_MALFORMED);
}

/* The message of one struct pointer that leads to itself: depth without end. */
static uint32_t descend(struct nx_capn_message *m)
{
    struct nx_capn_ref ref = nx_capn_root(m);
    uint32_t depth = 0;

    while (m->status == NX_OK) {
        struct nx_capn_struct s = nx_capn_read_struct(ref);

        depth += m->status == NX_OK;
        ref = nx_capn_struct_ref(s, 0);
    }
    return depth;
}

static void check_depth_limit(void)
{
    static const uint64_t loop[] = {STRUCT(-1, 0, 1)};
    static const uint64_t list_loop[] = {LIST(-1, NX_CAPN_POINTER, 1)};
    struct nx_capn_limits limits = wide;
    struct words w;

    unit_row("a pointer to itself is followed to the depth limit and no further");
    limits.depth_max = 7;
    EXPECT_STATUS(words_open(&w, &limits, loop, 1, NULL, 0), NX_OK);
    EXPECT_EQ(descend(&w.m), 7);
    EXPECT_STATUS(w.m.status, NX_E_LIMIT);
    expect_sentence(&w.m, "pointers one below another: limit 7, asked 8");

    unit_row("at depth 0 not even the root is followed");
    limits.depth_max = 0;
    EXPECT_STATUS(words_open(&w, &limits, loop, 1, NULL, 0), NX_OK);
    EXPECT_EQ(descend(&w.m), 0);
    EXPECT_STATUS(w.m.status, NX_E_LIMIT);

    unit_row("a list that contains itself ends at the depth limit");
    limits.depth_max = 2;
    EXPECT_STATUS(words_open(&w, &limits, list_loop, 1, NULL, 0), NX_OK);
    struct nx_capn_list list = nx_capn_read_list(nx_capn_root(&w.m), NX_CAPN_POINTER);
    list = nx_capn_list_list(list, 0, NX_CAPN_POINTER);
    EXPECT_STATUS(w.m.status, NX_OK);
    list = nx_capn_list_list(list, 0, NX_CAPN_POINTER);
    EXPECT_EQ(list.count, 0);
    EXPECT_STATUS(w.m.status, NX_E_LIMIT);

    unit_row("a struct in a list is a level of its own");
    limits.depth_max = 1;
    EXPECT_STATUS(words_open(&w, &limits, list_loop, 1, NULL, 0), NX_OK);
    nx_capn_list_struct(nx_capn_read_list(nx_capn_root(&w.m), NX_CAPN_COMPOSITE), 0);
    EXPECT_STATUS(w.m.status, NX_E_LIMIT);
}

static void check_traversal_limit(void)
{
    static const uint64_t text[] = {LIST(0, NX_CAPN_BYTE, 16), 0, 0};
    static const uint64_t empty[] = {STRUCT(-1, 0, 0)};
    static const uint64_t none_of_none[] = {LIST(0, NX_CAPN_COMPOSITE, 0), TAG(0, 0, 0)};
    static const uint64_t far[] = {FAR(0, 1), STRUCT(0, 1, 0), 0};
    static const uint64_t far_far[] = {FAR_FAR(0, 1), FAR(0, 3), STRUCT(0, 1, 0), 0};
    struct nx_capn_limits limits = wide;
    struct nx_bytes none = nx_bytes_of(NULL, 0);
    struct words w;

    unit_row("reading costs the words of the object, down to the last one allowed");
    limits.traversal_words_max = 4;
    EXPECT_STATUS(words_open(&w, &limits, text, 3, NULL, 0), NX_OK);
    EXPECT_EQ(nx_capn_read_data(nx_capn_root(&w.m), none).len, 16);
    EXPECT_EQ(nx_capn_read_data(nx_capn_root(&w.m), none).len, 16);
    EXPECT_STATUS(w.m.status, NX_OK);

    unit_row("reading a word more than allowed fails for good");
    EXPECT_EQ(nx_capn_read_data(nx_capn_root(&w.m), none).len, 0);
    EXPECT_STATUS(w.m.status, NX_E_LIMIT);
    EXPECT_EQ(nx_capn_read_data(nx_capn_root(&w.m), none).len, 0);
    expect_sentence(&w.m, "words to read of one message: limit 4, asked 6");

    unit_row("an object without words costs one all the same");
    limits.traversal_words_max = 1;
    EXPECT_STATUS(words_open(&w, &limits, empty, 1, NULL, 0), NX_OK);
    nx_capn_read_struct(nx_capn_root(&w.m));
    EXPECT_STATUS(w.m.status, NX_OK);
    nx_capn_read_struct(nx_capn_root(&w.m));
    EXPECT_STATUS(w.m.status, NX_E_LIMIT);

    unit_row("a list without elements costs its tag alone, whatever their size");
    EXPECT_STATUS(words_open(&w, &limits, none_of_none, 2, NULL, 0), NX_OK);
    nx_capn_read_list(nx_capn_root(&w.m), NX_CAPN_COMPOSITE);
    EXPECT_STATUS(w.m.status, NX_OK);
    EXPECT_EQ(w.m.words_left, 0);

    unit_row("the pad of a far pointer costs its words");
    limits.traversal_words_max = 1;
    EXPECT_STATUS(words_open(&w, &limits, far, 3, NULL, 0), NX_OK);
    EXPECT_EQ(nx_capn_read_struct(nx_capn_root(&w.m)).data_len, 0);
    EXPECT_STATUS(w.m.status, NX_E_LIMIT);

    unit_row("a pad of two words is not entered for one");
    EXPECT_STATUS(words_open(&w, &limits, far_far, 4, NULL, 0), NX_OK);
    EXPECT_EQ(nx_capn_read_struct(nx_capn_root(&w.m)).data_len, 0);
    expect_sentence(&w.m, "words to read of one message: limit 1, asked 2");
    limits.traversal_words_max = 3;
    EXPECT_STATUS(words_open(&w, &limits, far_far, 4, NULL, 0), NX_OK);
    EXPECT_EQ(nx_capn_read_struct(nx_capn_root(&w.m)).data_len, 8);
    EXPECT_STATUS(w.m.status, NX_OK);
}

/* ---- opening --------------------------------------------------------------------------------- */

static void check_open(void)
{
    uint8_t bytes[32] = {0};
    struct nx_capn_segment table[1];
    struct nx_capn_message m;

    bytes[4] = 2; /* one segment of two words */

    unit_row("a framed message is opened");
    EXPECT_STATUS(nx_capn_message_open(&m, &wide, nx_bytes_of(bytes, 24), table, 1), NX_OK);

    unit_row("a message that is cut short is malformed");
    EXPECT_STATUS(nx_capn_message_open(&m, &wide, nx_bytes_of(bytes, 23), table, 1),
                  NX_E_MALFORMED);

    unit_row("no bytes are no message");
    EXPECT_STATUS(nx_capn_message_open(&m, &wide, nx_bytes_of(NULL, 0), table, 1), NX_E_MALFORMED);

    unit_row("a byte behind the message is malformed");
    EXPECT_STATUS(nx_capn_message_open(&m, &wide, nx_bytes_of(bytes, 25), table, 1),
                  NX_E_MALFORMED);
    EXPECT_STATUS(m.status, NX_E_MALFORMED);
    EXPECT_EQ(nx_capn_read_struct(nx_capn_root(&m)).data_len, 0);

    unit_row("text may be anything when UTF-8 is not asked for");
    static const uint64_t latin[] = {LIST(0, NX_CAPN_BYTE, 2), 0xff};
    struct nx_capn_limits raw = wide;
    struct words w;
    raw.utf8 = false;
    EXPECT_STATUS(words_open(&w, &raw, latin, 2, NULL, 0), NX_OK);
    EXPECT_EQ(nx_capn_read_text(nx_capn_root(&w.m), nx_bytes_of(NULL, 0)).len, 1);

    unit_row("the first failure is the one that is remembered");
    nx_capn_message_fail(&w.m, NX_E_DENIED, "first");
    nx_capn_message_fail(&w.m, NX_E_LIMIT, "second");
    nx_capn_message_fail_depth(&w.m);
    EXPECT_STATUS(w.m.status, NX_E_DENIED);
    expect_sentence(&w.m, "first");
}

UNIT_SUITE(reader_test)
{
    check_follows();
    check_fields();
    check_elements();
    check_kinds();
    check_sentences();
    check_words_limit();
    check_depth_limit();
    check_traversal_limit();
    check_open();
}
