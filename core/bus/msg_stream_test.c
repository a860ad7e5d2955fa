/* What only a stream of messages has; the rest of it is the table of stream semantics. */
#include "core/bus/msg_stream.h"

#include "tests/streams/mux_pair.h"
#include "tests/unit/unit.h"

static struct dsb_msg_stream writer, reader;

static void begin(struct mux_pair *pair)
{
    struct dsb_mux_event event;

    EXPECT_STATUS(dsb_msg_stream_open(&writer, &pair->ends[0], nx_bytes_of_text("a")), NX_OK);
    mux_pair_pump(pair);
    EXPECT(dsb_mux_event(&pair->ends[1], &event));
    EXPECT_STATUS(dsb_msg_stream_accept(&reader, &pair->ends[1], event.stream), NX_OK);
}

static void expect_pull(size_t cap, const char *text, bool is_whole)
{
    uint8_t bytes[16];
    size_t len = 99;
    bool whole = !is_whole;

    EXPECT_STATUS(dsb_msg_stream_pull(&reader, bytes, cap, &len, &whole), NX_OK);
    EXPECT_BYTES(nx_bytes_of(bytes, len), nx_bytes_of_text(text));
    EXPECT_EQ(whole, is_whole);
}

UNIT_SUITE(msg_stream_test)
{
    static const uint8_t name[61] = "0123456789012345678901234567890123456789012345678901234567890";
    struct mux_pair *pair = mux_pair_begin();
    size_t taken;

    unit_row("a channel without a name, or of 61 bytes, is not opened; one of 60 is");
    EXPECT_STATUS(dsb_msg_stream_open(&writer, &pair->ends[0], nx_bytes_of(NULL, 0)), NX_E_INVALID);
    EXPECT_STATUS(dsb_msg_stream_open(&writer, &pair->ends[0], nx_bytes_of(name, 61)),
                  NX_E_INVALID);
    EXPECT_STATUS(dsb_msg_stream_open(&writer, &pair->ends[0], nx_bytes_of(name, 60)), NX_OK);

    unit_row("a message is pulled in as many parts as there is room for, the last one says so");
    pair = mux_pair_begin();
    begin(pair);
    EXPECT_STATUS(dsb_msg_stream_push(&writer, pair->now, nx_bytes_of_text("abcde")), NX_OK);
    mux_pair_pump(pair);
    expect_pull(2, "ab", false);
    expect_pull(2, "cd", false);
    expect_pull(2, "e", true);

    unit_row("what came of a message is pulled before the rest of it came");
    EXPECT_STATUS(
        dsb_msg_stream_push_part(&writer, pair->now, nx_bytes_of_text("ab"), false, &taken), NX_OK);
    mux_pair_pump(pair);
    expect_pull(16, "ab", false);
    EXPECT_STATUS(dsb_msg_stream_push_part(&writer, pair->now, nx_bytes_of_text("c"), true, &taken),
                  NX_OK);
    mux_pair_pump(pair);
    expect_pull(16, "c", true);

    unit_row("no room at all pulls nothing and loses nothing");
    EXPECT_STATUS(dsb_msg_stream_push(&writer, pair->now, nx_bytes_of_text("abc")), NX_OK);
    mux_pair_pump(pair);
    expect_pull(0, "", false);
    expect_pull(16, "abc", true);
    mux_pair_begin();
}
