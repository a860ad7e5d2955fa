#include "core/bus/v1_frame.h"

#include "core/base/hex.h"
#include "core/base/memory.h"
#include "tests/unit/unit.h"

enum {
    SLACK = 16,
};

static uint8_t payload[DSB_V1_FRAME_BYTES_MAX + 8];
static uint8_t coded[DSB_V1_FRAME_LEN_MAX + SLACK];

/* The bytes of a text of hex digits, lent until the next call. */
static struct nx_bytes hex(const char *text)
{
    static uint8_t bytes[64];
    struct nx_bytes digits = nx_bytes_of_text(text);

    EXPECT_STATUS(nx_hex_decode(digits, bytes, digits.len / 2), NX_OK);
    return nx_bytes_of(bytes, digits.len / 2);
}

/* Encoded at an odd place, so that nothing of it is aligned. */
static struct nx_bytes encode(uint32_t chan, size_t len)
{
    const struct dsb_v1_frame frame = {.chan = chan, .bytes = nx_bytes_of(payload, len)};
    struct nx_writer out = nx_writer_over(coded + 1, sizeof(coded) - 1);

    memset(coded, 0xee, sizeof(coded));
    EXPECT_STATUS(dsb_v1_frame_encode(&frame, &out), NX_OK);
    EXPECT_EQ(out.len, dsb_v1_frame_len(len));
    EXPECT_EQ(coded[1 + out.len], 0xee);
    return nx_writer_bytes(&out);
}

static const struct {
    const char *name;
    uint32_t chan;
    const char *bytes;
    const char *message;
} golden[] = {
    {"a frame of four bytes on channel 1, as the Rust host stack writes it", 1, "706f6e67",
     "0000000004000000000000000100010001000000000000000100000022000000706f6e6700000000"},
    {"an empty frame on channel 3", 3, "",
     "0000000003000000000000000100010003000000000000000100000002000000"},
};

static void golden_rows(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(golden); i++) {
        struct dsb_v1_frame frame;
        struct nx_bytes bytes = hex(golden[i].bytes);

        unit_row(golden[i].name);
        if (bytes.len > 0)
            memcpy(payload, bytes.ptr, bytes.len);
        size_t len = bytes.len;
        EXPECT_BYTES(encode(golden[i].chan, len), hex(golden[i].message));
        EXPECT_STATUS(dsb_v1_frame_decode(hex(golden[i].message), &frame), NX_OK);
        EXPECT_EQ(frame.chan, golden[i].chan);
        EXPECT_BYTES(frame.bytes, nx_bytes_of(payload, len));
    }

    unit_row("10,000 bytes are two segments, the bytes alone in the second behind a far pointer");
    memset(payload, 0x41, sizeof(payload));
    struct nx_bytes message = encode(2, 10000);
    EXPECT_EQ(message.len, 16 + 24 + 8 + 10000);
    EXPECT_BYTES(nx_bytes_of(message.ptr, 48), hex("0100000003000000e304000000000000"
                                                   "0000000001000100020000000000000002000000"
                                                   "010000000100000082380100"));
    EXPECT_BYTES(nx_bytes_of(message.ptr + 48, 10000), nx_bytes_of(payload, 10000));
}

static const struct {
    const char *name;
    size_t bytes_len;
    size_t message_len;
} sizes[] = {
    {"one byte is padded to a word", 1, 8 + 24 + 8},
    {"8 bytes are a word", 8, 8 + 24 + 8},
    {"8,161 bytes are the same last word of one segment", 8161, 8 + 8192},
    {"8,168 bytes fill one segment of 8 KiB", 8168, 8 + 8192},
    {"8,169 bytes are two segments", 8169, 16 + 24 + 8 + 8176},
    {"65,464 bytes are the longest frame", 65464, 65512},
};

static void size_rows(void)
{
    for (size_t i = 0; i < sizeof(payload); i++)
        payload[i] = (uint8_t)(i * 7 + i / 251);
    for (size_t i = 0; i < NX_COUNT_OF(sizes); i++) {
        struct dsb_v1_frame frame;

        unit_row(sizes[i].name);
        struct nx_bytes message = encode(UINT32_MAX, sizes[i].bytes_len);
        EXPECT_EQ(message.len, sizes[i].message_len);
        EXPECT_EQ(message.ptr[0], sizes[i].bytes_len > DSB_V1_FRAME_SEGMENT_MAX);
        EXPECT_STATUS(dsb_v1_frame_decode(message, &frame), NX_OK);
        EXPECT_EQ(frame.chan, UINT32_MAX);
        EXPECT_BYTES(frame.bytes, nx_bytes_of(payload, sizes[i].bytes_len));

        /* Lent from where it lay, and not a copy. */
        EXPECT(frame.bytes.ptr > message.ptr && frame.bytes.ptr < message.ptr + message.len);

        EXPECT_STATUS(dsb_v1_frame_decode(nx_bytes_of(message.ptr, message.len - 1), &frame),
                      NX_E_MALFORMED);
        EXPECT_STATUS(dsb_v1_frame_decode(nx_bytes_of(message.ptr, message.len + 1), &frame),
                      NX_E_MALFORMED);
    }
}

static void encode_reject_rows(void)
{
    struct dsb_v1_frame frame = {.bytes = nx_bytes_of(payload, DSB_V1_FRAME_BYTES_MAX + 1)};
    struct nx_writer out = nx_writer_over(coded, sizeof(coded));

    unit_row("one byte more is no frame, however much room there is");
    EXPECT_STATUS(dsb_v1_frame_encode(&frame, &out), NX_E_LIMIT);
    EXPECT_EQ(out.len, 0);

    unit_row("one byte of room too little, and nothing is written");
    frame.bytes.len = 10000;
    out = nx_writer_over(coded, dsb_v1_frame_len(10000) - 1);
    coded[0] = 0xee;
    EXPECT_STATUS(dsb_v1_frame_encode(&frame, &out), NX_WOULD_BLOCK);
    EXPECT_EQ(out.len, 0);
    EXPECT(!out.overflow);
    EXPECT_EQ(coded[0], 0xee);
    out.cap++;
    EXPECT_STATUS(dsb_v1_frame_encode(&frame, &out), NX_OK);
}

static const struct {
    const char *name;
    const char *message;
    enum nx_status status;
} decodes[] = {
    {"the empty record is no frame", "", NX_E_MALFORMED},
    {"a root that is null is channel 0 and no bytes", "00000000010000000000000000000000", NX_OK},
    {"a struct without anything is channel 0 and no bytes", "0000000001000000fcffffff00000000",
     NX_OK},
    {"bytes that lie outside are malformed",
     "0000000003000000000000000100010003000000000000000100000022000000", NX_E_MALFORMED},
    {"a far pointer to a segment that is not there is malformed",
     "0000000003000000000000000100010003000000000000000200000001000000", NX_E_MALFORMED},
    {"a list of words is no data",
     "0000000004000000000000000100010003000000000000000100000005000000"
     "0000000000000000",
     NX_E_MALFORMED},
    {"five segments are more than a v1 node has reason for",
     "04000000010000000000000000000000000000000000000000000000000000000000000000000000",
     NX_E_LIMIT},
};

static void decode_rows(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(decodes); i++) {
        struct dsb_v1_frame frame = {.chan = 99};

        unit_row(decodes[i].name);
        EXPECT_STATUS(dsb_v1_frame_decode(hex(decodes[i].message), &frame), decodes[i].status);
        EXPECT_EQ(frame.chan, decodes[i].status == NX_OK ? 0 : 99);
    }

    /* 65,480 bytes in one segment: 8 + 24 + 65,480 would still go into a record. */
    unit_row("more bytes than can be written are not read, whatever form they come in");
    static uint8_t message[8 + 24 + 65480];
    struct nx_writer w = nx_writer_over(message, sizeof(message));
    struct dsb_v1_frame frame;
    nx_write_u32le(&w, 0);
    nx_write_u32le(&w, 3 + 65480 / 8);
    nx_write_bytes(&w, hex("0000000001000100"
                           "0000000000000000"));
    nx_write_u32le(&w, 1);
    nx_write_u32le(&w, 2 | (DSB_V1_FRAME_BYTES_MAX + 1) << 3);
    EXPECT_STATUS(dsb_v1_frame_decode(nx_bytes_of(message, sizeof(message)), &frame), NX_E_LIMIT);
    w.len -= 4;
    nx_write_u32le(&w, 2 | DSB_V1_FRAME_BYTES_MAX << 3);
    EXPECT_STATUS(dsb_v1_frame_decode(nx_bytes_of(message, sizeof(message)), &frame), NX_OK);
}

UNIT_SUITE(v1_frame_test)
{
    golden_rows();
    size_rows();
    encode_reject_rows();
    decode_rows();
}
