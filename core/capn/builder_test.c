#include "core/capn/builder.h"

#include "core/base/memory.h"
#include "core/capn/words.h"
#include "tests/unit/unit.h"

static const struct nx_capn_limits wide = {
    .words_max = 1000, .traversal_words_max = 1000, .depth_max = 8, .utf8 = true};

/* The words of a room, for looking at them. */
static uint64_t word_of(const struct nx_capn_room *room, uint32_t index)
{
    return nx_capn_load64(room->ptr + 8 * index);
}

/* ---- layout ---------------------------------------------------------------------------------- */

static void check_layout(void)
{
    uint8_t memory[1 + 8 * 32];
    struct nx_capn_room room = {.ptr = memory + 1, .word_cap = 32};
    struct nx_capn_builder b;

    memset(memory, 0xee, sizeof(memory));
    nx_capn_builder_init(&b, &room, 1);
    struct nx_capn_struct_builder s = nx_capn_new_struct(nx_capn_builder_root(&b), 1, 3);
    nx_capn_set_u32(s, 4, 0xdeadbeef);
    nx_capn_write_text(nx_capn_struct_slot(s, 1), nx_bytes_of_text("hi"));
    struct nx_capn_list_builder list = nx_capn_new_struct_list(nx_capn_struct_slot(s, 2), 2, 1, 0);
    nx_capn_set_u8(nx_capn_list_struct_at(list, 1), 0, 9);

    unit_row("objects follow each other in the order in which they are made");
    EXPECT_EQ(word_of(&room, 0), STRUCT(0, 1, 3));
    EXPECT_EQ(word_of(&room, 1), 0xdeadbeef00000000);
    EXPECT_EQ(word_of(&room, 3), LIST(1, NX_CAPN_BYTE, 3));
    EXPECT_EQ(word_of(&room, 4), LIST(1, NX_CAPN_COMPOSITE, 2));
    EXPECT_EQ(word_of(&room, 5), 0x6968);
    EXPECT_EQ(word_of(&room, 6), TAG(2, 1, 0));
    EXPECT_EQ(word_of(&room, 8), 9);
    EXPECT_EQ(room.word_count, 9);

    unit_row("what was in the memory before is not in the message");
    EXPECT_EQ(word_of(&room, 2), 0);
    EXPECT_EQ(word_of(&room, 7), 0);

    unit_row("an empty struct points before itself and takes no room");
    nx_capn_new_struct(nx_capn_struct_slot(s, 0), 0, 0);
    EXPECT_EQ(word_of(&room, 2), STRUCT(-1, 0, 0));
    EXPECT_EQ(room.word_count, 9);

    unit_row("a pointer can be set to null again");
    nx_capn_clear(nx_capn_struct_slot(s, 0));
    EXPECT_EQ(word_of(&room, 2), 0);
    EXPECT_STATUS(b.status, NX_OK);

    unit_row("room for data is zeroed to the end of its last word, and lent to be filled");
    uint8_t *data = nx_capn_new_data(nx_capn_struct_slot(s, 0), 9);
    EXPECT(data == memory + 1 + 8 * 9);
    EXPECT_EQ(word_of(&room, 2), LIST(6, NX_CAPN_BYTE, 9));
    EXPECT_EQ(word_of(&room, 9), 0);
    EXPECT_EQ(word_of(&room, 10), 0);
    EXPECT_EQ(room.word_count, 11);
}

static void check_elements(void)
{
    uint8_t memory[8 * 32];
    struct nx_capn_room room = {.ptr = memory, .word_cap = 32};
    struct nx_capn_builder b;

    unit_row("elements are set by index; one behind the end is not set");
    nx_capn_builder_init(&b, &room, 1);
    struct nx_capn_slot root = nx_capn_builder_root(&b);
    struct nx_capn_list_builder list = nx_capn_new_list(root, NX_CAPN_TWO_BYTES, 3);
    nx_capn_list_set_u16(list, 0, 0x1111);
    nx_capn_list_set_u16(list, 2, 0x3333);
    nx_capn_list_set_u16(list, 3, 0x4444);
    nx_capn_list_set_u16(list, UINT32_MAX, 0x5555);
    nx_capn_list_set_u8(list, 3, 0x44);
    EXPECT_EQ(word_of(&room, 1), 0x333300001111);

    unit_row("an element is not set as more than it is");
    nx_capn_list_set_u32(list, 0, UINT32_MAX);
    nx_capn_list_set_u64(list, 0, UINT64_MAX);
    nx_capn_list_set_bool(list, 1, true);
    nx_capn_list_set_text(list, 0, nx_bytes_of_text("no"));
    EXPECT_EQ(word_of(&room, 1), 0x333300001111);
    EXPECT_EQ(room.word_count, 2);

    unit_row("bits are set and cleared one by one");
    list = nx_capn_new_list(root, NX_CAPN_BIT, 10);
    nx_capn_list_set_bool(list, 0, true);
    nx_capn_list_set_bool(list, 9, true);
    nx_capn_list_set_bool(list, 10, true);
    EXPECT_EQ(word_of(&room, 2), 0x201);
    nx_capn_list_set_bool(list, 9, false);
    EXPECT_EQ(word_of(&room, 2), 0x001);

    unit_row("a pointer behind the end of its list is set nowhere");
    list = nx_capn_new_list(root, NX_CAPN_POINTER, 1);
    nx_capn_list_set_text(list, 1, nx_bytes_of_text("no"));
    nx_capn_new_struct(nx_capn_list_slot(list, 1), 0, 0);
    nx_capn_clear(nx_capn_list_slot(list, 1));
    EXPECT_EQ(word_of(&room, 3), 0);
    EXPECT_EQ(room.word_count, 4);

    unit_row("a field behind its struct's sections is not set");
    struct nx_capn_struct_builder s = nx_capn_new_struct(root, 1, 0);
    nx_capn_set_u8(s, 8, 1);
    nx_capn_set_u16(s, 7, 1);
    nx_capn_set_u32(s, 5, 1);
    nx_capn_set_u64(s, 8, 1);
    nx_capn_set_bool(s, 64, true);
    nx_capn_write_text(nx_capn_struct_slot(s, 0), nx_bytes_of_text("no"));
    EXPECT_EQ(word_of(&room, 4), 0);
    EXPECT_EQ(room.word_count, 5);
    EXPECT_STATUS(b.status, NX_OK);
}

/* ---- room ------------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    size_t cap; /* bytes lent */
    size_t text_len;
    enum nx_status status;
    size_t len; /* of the finished message */
} fits[] = {
    {"a message takes its words and one for the table", 32, 7, NX_OK, 32},
    {"a byte less is not enough", 31, 7, NX_E_NO_MEMORY, 0},
    {"a text of 8 bytes takes a second word for its NUL", 32, 8, NX_E_NO_MEMORY, 0},
    {"room that is not a whole word is left alone", 39, 7, NX_OK, 32},
    {"no room for the object", 24, 0, NX_E_NO_MEMORY, 0},
    {"no room for the root", 15, 0, NX_E_NO_MEMORY, 0},
    {"no room at all", 0, 0, NX_E_NO_MEMORY, 0},
};

static void check_room(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(fits); i++) {
        uint8_t memory[64];
        struct nx_capn_builder b;
        struct nx_bytes message = nx_bytes_of(NULL, 0);

        unit_row(fits[i].name);
        memset(memory, 0xee, sizeof(memory));
        nx_capn_builder_init_frame(&b, memory, fits[i].cap);
        struct nx_capn_struct_builder s = nx_capn_new_struct(nx_capn_builder_root(&b), 0, 1);
        nx_capn_write_text(nx_capn_struct_slot(s, 0), nx_bytes_of("xxxxxxxx", fits[i].text_len));
        EXPECT_STATUS(nx_capn_builder_finish(&b, &message), fits[i].status);
        EXPECT_EQ(message.len, fits[i].len);
        for (size_t j = fits[i].cap; j < sizeof(memory); j++)
            EXPECT_EQ(memory[j], 0xee);
    }
}

/* Of memory that is larger than it: only the words of the root are looked at. */
static void check_room_max(void)
{
    uint8_t memory[16];
    struct nx_capn_room room = {.ptr = memory, .word_cap = NX_CAPN_LIST_COUNT_MAX + 1};
    struct nx_capn_builder b;

    unit_row("a segment has no more words than a far pointer can reach");
    nx_capn_builder_init(&b, &room, 1);
    EXPECT_EQ(room.word_cap, NX_CAPN_LIST_COUNT_MAX);
    nx_capn_builder_init_frame(&b, memory, ((size_t)NX_CAPN_LIST_COUNT_MAX + 1) * 8);
    EXPECT_EQ(b.own.word_cap, NX_CAPN_LIST_COUNT_MAX);
    nx_capn_builder_init_frame(&b, memory, ((size_t)NX_CAPN_LIST_COUNT_MAX + 2) * 8);
    EXPECT_EQ(b.own.word_cap, NX_CAPN_LIST_COUNT_MAX);
    EXPECT_STATUS(b.status, NX_OK);
}

static void check_after_failure(void)
{
    uint8_t memory[24];
    struct nx_capn_builder b;

    unit_row("after a failure handles are empty and setting them does nothing");
    nx_capn_builder_init_frame(&b, memory, sizeof(memory));
    struct nx_capn_struct_builder s = nx_capn_new_struct(nx_capn_builder_root(&b), 2, 2);
    EXPECT_STATUS(b.status, NX_E_NO_MEMORY);
    EXPECT_EQ(s.data_len, 0);
    nx_capn_set_u64(s, 0, 1);
    nx_capn_write_text(nx_capn_struct_slot(s, 1), nx_bytes_of_text("x"));
    struct nx_capn_list_builder list = nx_capn_new_list(nx_capn_struct_slot(s, 0), NX_CAPN_BYTE, 3);
    nx_capn_list_set_u8(list, 0, 1);
    EXPECT_EQ(list.count, 0);
    EXPECT_EQ(nx_capn_list_struct_at(list, 0).data_len, 0);

    unit_row("a failure stays, even when something smaller would fit");
    EXPECT(nx_capn_new_data(nx_capn_builder_root(&b), 1) == NULL);
    EXPECT_STATUS(b.status, NX_E_NO_MEMORY);
    nx_capn_builder_fail(&b, NX_E_DENIED);
    EXPECT_STATUS(b.status, NX_E_NO_MEMORY);

    unit_row("after a failure not even an empty struct is made, which takes no room");
    nx_capn_builder_init_frame(&b, memory, sizeof(memory));
    struct nx_capn_slot root = nx_capn_builder_root(&b);
    nx_capn_builder_fail(&b, NX_E_DENIED);
    nx_capn_new_struct(root, 0, 0);
    EXPECT_EQ(nx_capn_load64(root.at), 0);

    unit_row("structs that do not fit are none");
    nx_capn_builder_init_frame(&b, memory, sizeof(memory));
    EXPECT_EQ(nx_capn_new_struct_list(nx_capn_builder_root(&b), 1, 1, 0).count, 0);
    EXPECT_STATUS(b.status, NX_E_NO_MEMORY);

    unit_row("more elements than a pointer can count are a limit");
    nx_capn_builder_init_frame(&b, memory, sizeof(memory));
    nx_capn_new_list(nx_capn_builder_root(&b), NX_CAPN_VOID, NX_CAPN_LIST_COUNT_MAX);
    EXPECT_STATUS(b.status, NX_OK);
    nx_capn_new_list(nx_capn_builder_root(&b), NX_CAPN_VOID, NX_CAPN_LIST_COUNT_MAX + 1);
    EXPECT_STATUS(b.status, NX_E_LIMIT);

    unit_row("so are more structs, though they have no size");
    nx_capn_builder_init_frame(&b, memory, sizeof(memory));
    nx_capn_new_struct_list(nx_capn_builder_root(&b), NX_CAPN_LIST_COUNT_MAX, 0, 0);
    EXPECT_STATUS(b.status, NX_OK);
    nx_capn_new_struct_list(nx_capn_builder_root(&b), NX_CAPN_LIST_COUNT_MAX + 1, 0, 0);
    EXPECT_STATUS(b.status, NX_E_LIMIT);

    unit_row("structs of more words than a pointer can count are a limit");
    nx_capn_builder_init_frame(&b, memory, sizeof(memory));
    nx_capn_new_struct_list(nx_capn_builder_root(&b), 0x10000, 0x2000, 1);
    EXPECT_STATUS(b.status, NX_E_LIMIT);

    unit_row("a text of more bytes than a pointer can count is a limit");
    nx_capn_builder_init_frame(&b, memory, sizeof(memory));
    EXPECT(nx_capn_new_data(nx_capn_builder_root(&b), (size_t)NX_CAPN_LIST_COUNT_MAX + 1) == NULL);
    EXPECT_STATUS(b.status, NX_E_LIMIT);
}

/* ---- segments -------------------------------------------------------------------------------- */

static void check_segments(void)
{
    uint8_t first[8 * 3];
    uint8_t second[8 * 3];
    uint8_t third[8 * 8];
    uint8_t framed[128];
    struct nx_capn_room rooms[] = {{.ptr = first, .word_cap = 3},
                                   {.ptr = second, .word_cap = 3},
                                   {.ptr = third, .word_cap = 8}};
    struct nx_capn_segment table[3];
    struct nx_capn_builder b;
    struct nx_capn_message m;
    struct nx_writer w = nx_writer_over(framed, sizeof(framed));

    nx_capn_builder_init(&b, rooms, 3);
    struct nx_capn_struct_builder s = nx_capn_new_struct(nx_capn_builder_root(&b), 0, 2);

    unit_row("rooms that nothing needed are no segments");
    EXPECT_EQ(nx_capn_builder_segments(&b, table), 1);
    EXPECT_EQ(nx_capn_builder_frame_len(&b), 32);

    unit_row("an object that does not fit goes behind a far pointer, its pad in front of it");
    nx_capn_write_text(nx_capn_struct_slot(s, 0), nx_bytes_of_text("a far text"));
    EXPECT_EQ(word_of(&rooms[0], 1), FAR(1, 0));
    EXPECT_EQ(word_of(&rooms[1], 0), LIST(0, NX_CAPN_BYTE, 11));

    unit_row("an object goes to the first segment that has room for it");
    struct nx_capn_list_builder list =
        nx_capn_new_list(nx_capn_struct_slot(s, 1), NX_CAPN_POINTER, 2);
    EXPECT_EQ(word_of(&rooms[0], 2), FAR(2, 0));
    EXPECT_EQ(rooms[2].word_count, 3);

    unit_row("what is made in a later segment stays near its pointer");
    nx_capn_list_set_text(list, 1, nx_bytes_of_text("near"));
    EXPECT_EQ(word_of(&rooms[2], 2), LIST(0, NX_CAPN_BYTE, 5));

    unit_row("a message of three segments is written and read again");
    EXPECT_STATUS(nx_capn_builder_encode(&b, &w), NX_OK);
    EXPECT_EQ(w.len, nx_capn_builder_frame_len(&b));
    EXPECT_STATUS(nx_capn_message_open(&m, &wide, nx_writer_bytes(&w), table, 3), NX_OK);
    struct nx_capn_struct root = nx_capn_read_struct(nx_capn_root(&m));
    EXPECT_BYTES(nx_capn_read_text(nx_capn_struct_ref(root, 0), nx_bytes_of(NULL, 0)),
                 nx_bytes_of_text("a far text"));
    struct nx_capn_list texts = nx_capn_read_list(nx_capn_struct_ref(root, 1), NX_CAPN_POINTER);
    EXPECT_BYTES(nx_capn_list_text(texts, 1), nx_bytes_of_text("near"));
    EXPECT_STATUS(m.status, NX_OK);

    unit_row("without room for the frame nothing is written");
    w = nx_writer_over(framed, nx_capn_builder_frame_len(&b) - 1);
    EXPECT_STATUS(nx_capn_builder_encode(&b, &w), NX_E_NO_SPACE);
    EXPECT_EQ(w.len, 0);

    unit_row("when no segment has room the message fails");
    nx_capn_write_text(nx_capn_struct_slot(s, 0), nx_bytes_of_text("this one is too long for all"));
    EXPECT_STATUS(b.status, NX_E_NO_MEMORY);
    EXPECT_STATUS(nx_capn_builder_encode(&b, &w), NX_E_NO_MEMORY);
}

static void check_sizes(void)
{
    unit_row("the room that a message takes is known before");
    EXPECT_EQ(nx_capn_text_words(0), 1);
    EXPECT_EQ(nx_capn_text_words(7), 1);
    EXPECT_EQ(nx_capn_text_words(8), 2);
    EXPECT_EQ(nx_capn_data_words(0), 0);
    EXPECT_EQ(nx_capn_data_words(8), 1);
    EXPECT_EQ(nx_capn_data_words(9), 2);
    EXPECT_EQ(nx_capn_list_words(NX_CAPN_BIT, 65), 2);
    EXPECT_EQ(nx_capn_list_words(NX_CAPN_POINTER, 3), 3);
    EXPECT_EQ(nx_capn_struct_list_words(3, 1, 2), 10);
}

UNIT_SUITE(builder_test)
{
    check_layout();
    check_elements();
    check_room();
    check_room_max();
    check_after_failure();
    check_segments();
    check_sizes();
}
