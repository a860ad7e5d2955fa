/* What the reference implementation's security advisories since 2015 are about, as far as they are
 * about messages, and what happens here. Each row names its advisory; the words are made after its
 * description. Those about HTTP, sockets and schemas at run time have no counterpart here. */
#include "core/base/limits.h"
#include "core/base/memory.h"
#include "core/capn/copy.h"
#include "core/capn/packed.h"
#include "core/capn/words.h"
#include "schemas/bundlemgr.capnp.h"
#include "tests/unit/unit.h"

static struct nx_bytes none(void)
{
    return nx_bytes_of(NULL, 0);
}

/* 2015-03-02-0 (CVE-2015-2310): the length of a list, in bits or words, wrapped in a check. */
static void integer_overflow(void)
{
    static const struct {
        const char *name;
        uint64_t words[4];
        enum nx_capn_element element;
    } rows[] = {
        {"2015-03-02-0: a list of 2^29 - 1 words does not wrap to a short one",
         {LIST(0, NX_CAPN_EIGHT_BYTES, 0x1fffffff)},
         NX_CAPN_EIGHT_BYTES},
        {"2015-03-02-0: a list of 2^29 - 1 pointers does not wrap to a short one",
         {LIST(0, NX_CAPN_POINTER, 0x1fffffff)},
         NX_CAPN_POINTER},
        {"2015-03-02-0: structs whose number times size is 2^32 words do not fit none",
         {LIST(0, NX_CAPN_COMPOSITE, 1), TAG(0x10000, 0xffff, 1)},
         NX_CAPN_COMPOSITE},
        {"2015-03-02-0: structs whose number times size is a little above 2^32 do not fit two",
         {LIST(0, NX_CAPN_COMPOSITE, 2), TAG(6700417, 641, 0)}, /* 2^32 + 1 */
         NX_CAPN_COMPOSITE},
    };

    for (size_t i = 0; i < NX_COUNT_OF(rows); i++) {
        struct words w;

        unit_row(rows[i].name);
        EXPECT_STATUS(words_open(&w, &nx_capn_limits_default, rows[i].words, 4, NULL, 0), NX_OK);
        EXPECT_EQ(nx_capn_read_list(nx_capn_root(&w.m), rows[i].element).count, 0);
        EXPECT_STATUS(w.m.status, NX_E_MALFORMED);
    }
}

/* 2015-03-02-1 (CVE-2015-2311): a text of no bytes was taken for one of 2^32 - 1, in a copy. */
static void integer_underflow(void)
{
    static const uint64_t words[] = {STRUCT(0, 0, 1), LIST(0, NX_CAPN_BYTE, 0)};
    uint8_t memory[64];
    struct nx_capn_room room = {.ptr = memory, .word_cap = 8};
    struct nx_capn_segment segment;
    struct nx_capn_builder b;
    struct nx_capn_message copy;
    struct words w;

    unit_row("2015-03-02-1: a text of no bytes has no length below none");
    EXPECT_STATUS(words_open(&w, &nx_capn_limits_default, words, 2, NULL, 0), NX_OK);
    struct nx_capn_struct s = nx_capn_read_struct(nx_capn_root(&w.m));
    EXPECT_EQ(nx_capn_read_text(nx_capn_struct_ref(s, 0), none()).len, 0);
    EXPECT_STATUS(w.m.status, NX_E_MALFORMED);

    unit_row("2015-03-02-1: nor has it one in a copy, which is read as carefully");
    EXPECT_STATUS(words_open(&w, &nx_capn_limits_default, words, 2, NULL, 0), NX_OK);
    nx_capn_builder_init(&b, &room, 1);
    nx_capn_copy(nx_capn_builder_root(&b), nx_capn_root(&w.m));
    EXPECT_STATUS(b.status, NX_OK);
    EXPECT_EQ(nx_capn_builder_segments(&b, &segment), 1);
    EXPECT_STATUS(nx_capn_message_over(&copy, &nx_capn_limits_default, &segment, 1), NX_OK);
    s = nx_capn_read_struct(nx_capn_root(&copy));
    EXPECT_EQ(nx_capn_read_text(nx_capn_struct_ref(s, 0), none()).len, 0);
    EXPECT_STATUS(copy.status, NX_E_MALFORMED);
}

/* 2015-03-02-2 (CVE-2015-2312) and 2015-03-05-0 (CVE-2015-2313): elements without a size make a
 * small message large for whoever visits them, and for whoever measures it. */
static void amplification(void)
{
    static const struct {
        const char *name;
        uint64_t words[4];
    } rows[] = {
        {"2015-03-02-2: 2^29 voids are not free", {LIST(0, NX_CAPN_VOID, 0x1fffffff)}},
        {"2015-03-02-2: 2^29 structs of no size are not free",
         {LIST(0, NX_CAPN_COMPOSITE, 0), TAG(0x1fffffff, 0, 0)}},
        {"2015-03-02-2: one void more than the traversal limit",
         {LIST(0, NX_CAPN_VOID, NX_CAPN_TRAVERSAL_WORDS_MAX)}},
    };
    static const uint64_t allowed[] = {LIST(0, NX_CAPN_VOID, NX_CAPN_TRAVERSAL_WORDS_MAX - 1)};
    static const uint64_t measured[] = {STRUCT(0, 0, 1), LIST(0, NX_CAPN_COMPOSITE, 0),
                                        TAG(0x1fffffff, 0, 0)};
    struct words w;

    for (size_t i = 0; i < NX_COUNT_OF(rows); i++) {
        unit_row(rows[i].name);
        EXPECT_STATUS(words_open(&w, &nx_capn_limits_default, rows[i].words, 4, NULL, 0), NX_OK);
        EXPECT_EQ(nx_capn_read_list(nx_capn_root(&w.m), NX_CAPN_COMPOSITE).count, 0);
        EXPECT_STATUS(w.m.status, NX_E_LIMIT);
    }

    unit_row("2015-03-02-2: as many voids as the traversal limit allows are read");
    EXPECT_STATUS(words_open(&w, &nx_capn_limits_default, allowed, 1, NULL, 0), NX_OK);
    EXPECT_EQ(nx_capn_read_list(nx_capn_root(&w.m), NX_CAPN_VOID).count,
              NX_CAPN_TRAVERSAL_WORDS_MAX - 1);
    EXPECT_STATUS(w.m.status, NX_OK);

    unit_row("2015-03-05-0: measuring 2^29 structs of no size ends at the traversal limit");
    EXPECT_STATUS(words_open(&w, &nx_capn_limits_default, measured, 3, NULL, 0), NX_OK);
    nx_capn_copy_words(nx_capn_read_struct(nx_capn_root(&w.m)));
    EXPECT_STATUS(w.m.status, NX_E_LIMIT);
}

/* A message where each of a list's pointers leads to the list again, n^depth visits from n words,
 * and its like with empty structs. */
static void shared_objects(void)
{
    static const uint64_t web[] = {STRUCT(0, 0, 4), STRUCT(-2, 0, 4), STRUCT(-3, 0, 4),
                                   STRUCT(-4, 0, 4), STRUCT(-5, 0, 4)};
    uint8_t memory[1024];
    struct nx_capn_builder b;
    struct words w;

    unit_row("amplification: a struct whose pointers all lead to it costs what is read of it");
    EXPECT_STATUS(words_open(&w, &nx_capn_limits_default, web, 5, NULL, 0), NX_OK);
    nx_capn_copy_words(nx_capn_read_struct(nx_capn_root(&w.m)));
    EXPECT_STATUS(w.m.status, NX_E_LIMIT);

    unit_row("amplification: its copy ends where the memory does");
    EXPECT_STATUS(words_open(&w, &nx_capn_limits_default, web, 5, NULL, 0), NX_OK);
    nx_capn_builder_init_frame(&b, memory, sizeof(memory));
    nx_capn_copy(nx_capn_builder_root(&b), nx_capn_root(&w.m));
    EXPECT(b.status == NX_E_NO_MEMORY || b.status == NX_E_LIMIT);
}

/* 2017-04-17-0 (CVE-2017-7892): the address of a far pointer wrapped, and the compiler left out the
 * half of a check that would have seen it. Positions are compared here before they are addresses. */
static void far_pointers(void)
{
    static const struct {
        const char *name;
        uint64_t words[3];
    } rows[] = {
        {"2017-04-17-0: a far pointer to the last position there is", {FAR(0, 0x1fffffff)}},
        {"2017-04-17-0: a double far pointer to it", {FAR_FAR(0, 0x1fffffff)}},
        {"2017-04-17-0: a double far pointer whose object is there",
         {FAR_FAR(0, 1), FAR(0, 0x1fffffff), STRUCT(0, 1, 0)}},
        {"2017-04-17-0: a pointer with the largest offset", {STRUCT(0x1fffffff, 1, 0)}},
        {"2017-04-17-0: a pointer with the smallest offset", {STRUCT(-0x20000000, 1, 0)}},
        {"far pointer loops: one that leads to itself", {FAR(0, 0)}},
        {"far pointer loops: two that lead to each other", {FAR(0, 1), FAR(0, 0)}},
        {"far pointer loops: a double one that leads to itself", {FAR_FAR(0, 0), FAR(0, 0)}},
    };

    for (size_t i = 0; i < NX_COUNT_OF(rows); i++) {
        struct words w;

        unit_row(rows[i].name);
        EXPECT_STATUS(words_open(&w, &nx_capn_limits_default, rows[i].words, 3, NULL, 0), NX_OK);
        EXPECT_EQ(nx_capn_read_struct(nx_capn_root(&w.m)).data_len, 0);
        EXPECT_STATUS(w.m.status, NX_E_MALFORMED);
    }
}

/* 2022-11-30-0 (CVE-2022-46149): a list of structs taken for one of pointers, whose elements were
 * then looked for at the wrong distance; through a copy, memory behind the message came along. */
static void pointer_list(void)
{
    static const uint64_t words[] = {STRUCT(0, 0, 1),
                                     LIST(0, NX_CAPN_COMPOSITE, 4),
                                     TAG(2, 1, 1),
                                     0x1111,
                                     LIST(2, NX_CAPN_BYTE, 2),
                                     0x2222,
                                     0,
                                     0x61};
    static const uint64_t cut[] = {STRUCT(0, 0, 1), LIST(0, NX_CAPN_COMPOSITE, 1), TAG(1, 0, 2), 0};
    uint8_t memory[128];
    struct nx_capn_room room = {.ptr = memory, .word_cap = 16};
    struct nx_capn_builder b;
    struct words w;

    unit_row("2022-11-30-0: a pointer of a list of structs is where its struct has it");
    EXPECT_STATUS(words_open(&w, &nx_capn_limits_default, words, 8, NULL, 0), NX_OK);
    struct nx_capn_struct s = nx_capn_read_struct(nx_capn_root(&w.m));
    struct nx_capn_list list = nx_capn_read_list(nx_capn_struct_ref(s, 0), NX_CAPN_POINTER);
    EXPECT_EQ(list.count, 2);
    EXPECT_BYTES(nx_capn_list_text(list, 0), nx_bytes_of_text("a"));
    EXPECT_EQ(nx_capn_list_text(list, 1).len, 0);

    unit_row("2022-11-30-0: copied as a list of pointers it stays what it is, and in its bounds");
    nx_capn_builder_init(&b, &room, 1);
    nx_capn_copy_list(nx_capn_builder_root(&b), list);
    EXPECT_STATUS(b.status, NX_OK);
    EXPECT_EQ(nx_capn_load64(memory), LIST(0, NX_CAPN_COMPOSITE, 4));
    EXPECT_EQ(nx_capn_load64(memory + 8), TAG(2, 1, 1));
    EXPECT_EQ(room.word_count, 7);

    unit_row("2022-11-30-0: structs whose pointers would lie behind the message are none");
    EXPECT_STATUS(words_open(&w, &nx_capn_limits_default, cut, 4, NULL, 0), NX_OK);
    s = nx_capn_read_struct(nx_capn_root(&w.m));
    list = nx_capn_read_list(nx_capn_struct_ref(s, 0), NX_CAPN_POINTER);
    EXPECT_EQ(list.count, 0);
    EXPECT_STATUS(w.m.status, NX_E_MALFORMED);
}

/* 2026-03-12-0: a segment count of 2^32 - 1, plus one. 2026-07-09: segment sizes that sum to a
 * small number where a size has 32 bits. */
static void segment_table(void)
{
    uint8_t bytes[64];
    struct nx_capn_segment table[4];
    uint32_t count = 0;
    size_t used = 0;

    unit_row("2026-03-12-0: a segment count of 2^32 - 1 is not none");
    memset(bytes, 0xff, sizeof(bytes));
    EXPECT_STATUS(nx_capn_frame_decode(nx_bytes_of(bytes, sizeof(bytes)), UINT64_MAX, table, 4,
                                       &count, &used),
                  NX_E_LIMIT);
    EXPECT_STATUS(nx_capn_frame_decode(nx_bytes_of(bytes, 4), UINT64_MAX, table, 4, &count, &used),
                  NX_E_LIMIT);

    unit_row("2026-07-09: segments of 2^32 words and two more are not two");
    memset(bytes, 0, sizeof(bytes));
    nx_capn_store32(bytes, 2);
    nx_capn_store32(bytes + 4, 0x80000000);
    nx_capn_store32(bytes + 8, 0x80000000);
    nx_capn_store32(bytes + 12, 2);
    EXPECT_STATUS(nx_capn_frame_decode(nx_bytes_of(bytes, sizeof(bytes)), NX_CAPN_WORDS_MAX, table,
                                       4, &count, &used),
                  NX_E_LIMIT);

    unit_row("2026-07-09: segments of 2^29 words, 2^32 bytes, are not none");
    nx_capn_store32(bytes, 0);
    nx_capn_store32(bytes + 4, 0x20000000);
    EXPECT_STATUS(nx_capn_frame_decode(nx_bytes_of(bytes, sizeof(bytes)), NX_CAPN_WORDS_MAX, table,
                                       4, &count, &used),
                  NX_E_LIMIT);
}

/* 2026-07-09: an enum from the wire was used as an index. */
static void foreign_enum(void)
{
    static const uint64_t words[] = {STRUCT(0, 1, 0), UINT64_MAX};
    struct words w;

    unit_row("2026-07-09: an enum that no schema has is a number with the name \"unknown\"");
    EXPECT_STATUS(words_open(&w, &nx_capn_limits_default, words, 2, NULL, 0), NX_OK);
    struct bundlemgr_install_response_reader response = bundlemgr_install_response_root(&w.m);
    EXPECT_EQ(bundlemgr_install_response_get_err(response), 0xffff);
    EXPECT_TEXT(bundlemgr_install_error_name(bundlemgr_install_response_get_err(response)),
                "unknown");
    EXPECT_TEXT(bundlemgr_install_error_name(BUNDLEMGR_INSTALL_ERROR_UNSIGNED), "unsigned");
}

UNIT_SUITE(advisory_test)
{
    integer_overflow();
    integer_underflow();
    amplification();
    shared_objects();
    far_pointers();
    pointer_list();
    segment_table();
    foreign_enum();
}
