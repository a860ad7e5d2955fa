#include "core/base/bytes.h"
#include "core/base/memory.h"
#include "tests/unit/unit.h"

static const struct {
    const char *name;
    const char *a, *b;
    int order;
} orders[] = {
    {"alike", "ab", "ab", 0},
    {"nothing and nothing are alike", "", "", 0},
    {"nothing sorts first", "", "a", -1},
    {"the shorter of two that begin alike sorts first", "ab", "abc", -1},
    {"the first byte that differs decides, not the length", "b", "abc", 1},
    {"bytes are compared without a sign", "\x7f", "\x80", -1},
};

static int sign(int order)
{
    return (order > 0) - (order < 0);
}

static void bytes_are_ordered(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(orders); i++) {
        struct nx_bytes a = nx_bytes_of_text(orders[i].a);
        struct nx_bytes b = nx_bytes_of_text(orders[i].b);

        unit_row(orders[i].name);
        EXPECT(sign(nx_bytes_compare(a, b)) == orders[i].order);
        EXPECT(sign(nx_bytes_compare(b, a)) == -orders[i].order);
        EXPECT(nx_bytes_equal(a, b) == (orders[i].order == 0));
    }

    unit_row("no bytes at no place are as empty as no bytes at some place");
    EXPECT(nx_bytes_equal(nx_bytes_of(NULL, 0), nx_bytes_of_text("")));
}

static const uint8_t eight[] = {1, 2, 3, 4, 5, 6, 7, 0x88};

static void numbers_are_read(void)
{
    struct nx_reader r = nx_reader_over(nx_bytes_of(eight, 8));

    unit_row("little-endian numbers are read from their low byte, big-endian from their high one");
    EXPECT_EQ(nx_read_u8(&r), 1);
    EXPECT_EQ(nx_read_u16le(&r), 0x0302);
    EXPECT_EQ(nx_read_u32be(&r), 0x04050607);
    EXPECT_EQ(nx_read_u8(&r), 0x88);
    EXPECT(!r.short_read && r.rest.len == 0);

    unit_row("each width in each order");
    r = nx_reader_over(nx_bytes_of(eight, 8));
    EXPECT_EQ(nx_read_u16be(&r), 0x0102);
    EXPECT_EQ(nx_read_u32le(&r), 0x06050403);
    r = nx_reader_over(nx_bytes_of(eight, 8));
    EXPECT_EQ(nx_read_u64le(&r), 0x8807060504030201);
    r = nx_reader_over(nx_bytes_of(eight, 8));
    EXPECT_EQ(nx_read_u64be(&r), 0x0102030405060788);
}

static void reading_ends(void)
{
    struct nx_reader r = nx_reader_over(nx_bytes_of(eight, 3));

    unit_row("what is not all there is not read in part");
    EXPECT_EQ(nx_read_u32le(&r), 0);
    EXPECT(r.short_read);
    EXPECT_EQ(r.rest.len, 3);

    unit_row("after a short read nothing more is read, though it be there");
    EXPECT_EQ(nx_read_u8(&r), 0);
    EXPECT_EQ(nx_read_bytes(&r, 1).len, 0);
    EXPECT(r.short_read);

    unit_row("all that is left can be read, and one more cannot");
    r = nx_reader_over(nx_bytes_of(eight, 3));
    EXPECT_BYTES(nx_read_bytes(&r, 3), nx_bytes_of(eight, 3));
    EXPECT(!r.short_read);
    EXPECT_EQ(nx_read_bytes(&r, 0).len, 0);
    EXPECT(!r.short_read);
    EXPECT_EQ(nx_read_u8(&r), 0);
    EXPECT(r.short_read);

    unit_row("a length that no memory has is a short read");
    r = nx_reader_over(nx_bytes_of(eight, 3));
    EXPECT_EQ(nx_read_bytes(&r, SIZE_MAX).len, 0);
    EXPECT(r.short_read);

    unit_row("nothing can be read from nothing");
    r = nx_reader_over(nx_bytes_of(NULL, 0));
    EXPECT_EQ(nx_read_bytes(&r, 0).len, 0);
    EXPECT(!r.short_read);
    EXPECT_EQ(nx_read_u64be(&r), 0);
    EXPECT(r.short_read);
}

static void numbers_are_written(void)
{
    static const uint8_t want[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x04, 0x05, 0x06, 0x07, 0x0b, 0x0a,
                                   0x09, 0x08, 8,    7,    6,    5,    4,    3,    2,    1,    1,
                                   2,    3,    4,    5,    6,    7,    8,    'x',  'y'};
    uint8_t memory[sizeof(want)];
    struct nx_writer w = nx_writer_over(memory, sizeof(memory));

    unit_row("each width in each order is written");
    nx_write_u8(&w, 0x01);
    nx_write_u16le(&w, 0x0302);
    nx_write_u16be(&w, 0x0405);
    nx_write_u32be(&w, 0x04050607);
    nx_write_u32le(&w, 0x08090a0b);
    nx_write_u64le(&w, 0x0102030405060708);
    nx_write_u64be(&w, 0x0102030405060708);
    nx_write_bytes(&w, nx_bytes_of("xy", 2));
    EXPECT(!w.overflow && nx_writer_room(&w) == 0);
    EXPECT_BYTES(nx_writer_bytes(&w), nx_bytes_of(want, sizeof(want)));
}

static void writing_ends(void)
{
    uint8_t memory[4] = {9, 9, 9, 9};
    struct nx_writer w = nx_writer_over(memory, 3);

    unit_row("what does not fit is not written in part");
    nx_write_u32le(&w, 0);
    EXPECT(w.overflow && w.len == 0);
    w = nx_writer_over(memory, 3);
    nx_write_u32be(&w, 0);
    EXPECT(w.overflow && w.len == 0);
    EXPECT_BYTES(nx_bytes_of(memory, 4), nx_bytes_of("\x9\x9\x9\x9", 4));

    unit_row("after an overflow nothing more is written, though it would fit");
    nx_write_u8(&w, 1);
    nx_write_bytes(&w, nx_bytes_of("a", 1));
    EXPECT(nx_write_space(&w, 1) == NULL);
    EXPECT(w.len == 0 && nx_writer_room(&w) == 0);

    unit_row("the last byte can be written, and one more cannot");
    w = nx_writer_over(memory, 3);
    nx_write_bytes(&w, nx_bytes_of("abc", 3));
    EXPECT(!w.overflow);
    nx_write_bytes(&w, nx_bytes_of(NULL, 0));
    EXPECT(!w.overflow);
    nx_write_u8(&w, 'd');
    EXPECT(w.overflow);
    EXPECT_BYTES(nx_bytes_of(memory, 4), nx_bytes_of("abc\x9", 4));

    unit_row("a length that no memory has is an overflow");
    w = nx_writer_over(memory, 3);
    nx_write_u8(&w, 1);
    EXPECT(nx_write_space(&w, SIZE_MAX) == NULL);
    EXPECT(w.overflow && w.len == 1);

    unit_row("space is lent where the next byte goes");
    w = nx_writer_over(memory, 3);
    nx_write_u8(&w, 1);
    EXPECT(nx_write_space(&w, 2) == memory + 1);
    EXPECT_EQ(w.len, 3);

    unit_row("a writer over nothing takes nothing and overflows by a byte");
    w = nx_writer_over(NULL, 0);
    nx_write_bytes(&w, nx_bytes_of(NULL, 0));
    EXPECT(!w.overflow);
    nx_write_u8(&w, 1);
    EXPECT(w.overflow && w.len == 0);
}

UNIT_SUITE(bytes_test)
{
    bytes_are_ordered();
    numbers_are_read();
    reading_ends();
    numbers_are_written();
    writing_ends();

    unit_row("nothing, some or all of a span can be skipped");
    struct nx_bytes abc = nx_bytes_of_text("abc");
    EXPECT_BYTES(nx_bytes_skip(abc, 0), abc);
    EXPECT_BYTES(nx_bytes_skip(abc, 2), nx_bytes_of_text("c"));
    EXPECT_EQ(nx_bytes_skip(abc, 3).len, 0);
    EXPECT_EQ(nx_bytes_skip(nx_bytes_of(NULL, 0), 0).len, 0);
}
