/* What only a stream of bytes has; the rest of it is the table of stream semantics. */
#include "core/bus/byte_stream.h"

#include "tests/streams/mux_pair.h"
#include "tests/unit/unit.h"

/* A peer that sends messages where bytes were agreed on. */
static struct dsb_byte_stream misused(struct mux_pair *pair, const char *const *messages)
{
    struct dsb_stream_handle writer;
    struct dsb_byte_stream reader = {0};
    struct dsb_mux_event event;
    size_t taken;

    EXPECT_STATUS(dsb_mux_open(&pair->ends[0], nx_bytes_of_text("byte/a"), 4, true, &writer),
                  NX_OK);
    for (; *messages != NULL; messages++)
        EXPECT_STATUS(dsb_mux_push(&pair->ends[0], pair->now, writer, nx_bytes_of_text(*messages),
                                   DSB_PUSH_PART, &taken),
                      NX_OK);
    EXPECT_STATUS(dsb_mux_push(&pair->ends[0], pair->now, writer, nx_bytes_of_text("end"),
                               DSB_PUSH_LAST, &taken),
                  NX_OK);
    mux_pair_pump(pair);
    EXPECT(dsb_mux_event(&pair->ends[1], &event));
    EXPECT_STATUS(dsb_byte_stream_accept(&reader, &pair->ends[1], event.stream), NX_OK);
    return reader;
}

static void expect_refused(struct mux_pair *pair, struct dsb_byte_stream *reader)
{
    struct dsb_mux_event event = {0};
    uint8_t bytes[16];
    size_t len;

    EXPECT_STATUS(dsb_byte_stream_pull(reader, bytes, sizeof(bytes), &len), NX_E_MALFORMED);
    EXPECT_EQ(len, 0);
    EXPECT_STATUS(dsb_byte_stream_pull(reader, bytes, sizeof(bytes), &len), NX_E_CLOSED);
    mux_pair_pump(pair);
    while (dsb_mux_event(&pair->ends[0], &event) && event.kind != DSB_MUX_ENDED) {
    }
    EXPECT_STATUS(event.status, NX_E_ABORTED);
    EXPECT_EQ(event.code, DSB_RST_UNSUPPORTED);
    EXPECT_TEXT(event.why.text, "a message in a stream of bytes");
}

UNIT_SUITE(byte_stream_test)
{
    struct mux_pair *pair = mux_pair_begin();
    struct dsb_byte_stream reader;
    struct dsb_mux_event event;
    uint8_t bytes[16];
    size_t len;

    unit_row("a message in a stream of bytes is malformed, and the peer is told");
    reader = misused(pair, (const char *const[]){NULL});
    expect_refused(pair, &reader);

    unit_row("bytes that came before it are read, and then it is malformed");
    pair = mux_pair_begin();
    reader = misused(pair, (const char *const[]){"abc", "de", NULL});
    EXPECT_STATUS(dsb_byte_stream_pull(&reader, bytes, sizeof(bytes), &len), NX_OK);
    EXPECT_BYTES(nx_bytes_of(bytes, len), nx_bytes_of_text("abcde"));
    expect_refused(pair, &reader);

    unit_row("dropping what a reset took away meanwhile changes nothing");
    struct nx_bytes front;
    pair = mux_pair_begin();
    reader = misused(pair, (const char *const[]){"abc", NULL});
    EXPECT_STATUS(dsb_byte_stream_peek(&reader, &front), NX_OK);
    EXPECT_STATUS(dsb_mux_abort(&pair->ends[1], reader.stream, 300, "x"), NX_OK);
    dsb_byte_stream_drop(&reader, front.len);
    EXPECT_STATUS(dsb_byte_stream_peek(&reader, &front), NX_E_CLOSED);
    dsb_mux_release(&pair->ends[1], reader.stream);
    dsb_byte_stream_drop(&reader, 1);
    mux_pair_pump(pair);
    while (dsb_mux_event(&pair->ends[1], &event)) {
    }
    EXPECT(dsb_mux_stream(&pair->ends[1], reader.stream) == NULL);
    dsb_byte_stream_drop(&reader, 1);

    unit_row("a channel without a name, or of 60 bytes, is not opened; one of 59 is");
    static const uint8_t name[60] = "012345678901234567890123456789012345678901234567890123456789";
    struct dsb_byte_stream opened;
    pair = mux_pair_begin();
    EXPECT_STATUS(dsb_byte_stream_open(&opened, &pair->ends[0], nx_bytes_of(NULL, 0)),
                  NX_E_INVALID);
    EXPECT_STATUS(dsb_byte_stream_open(&opened, &pair->ends[0], nx_bytes_of(name, 60)),
                  NX_E_INVALID);
    EXPECT_STATUS(dsb_byte_stream_open(&opened, &pair->ends[0], nx_bytes_of(name, 59)), NX_OK);
    mux_pair_begin();
}
