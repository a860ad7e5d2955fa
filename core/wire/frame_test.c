#include "core/wire/frame.h"

#include "core/base/hex.h"
#include "tests/unit/unit.h"

/* Frames as bytes, and what they say. Each encodes to the very bytes it was decoded from. */
static const struct {
    const char *name;
    const char *hex;
    struct dsb_frame frame; /* body apart */
    const char *body;
} good[] = {
    {"OPEN carries window, name and, in its flags, the priority",
     "01e00000030000000a000000000001006d73672f6131",
     {.kind = DSB_FRAME_OPEN, .stream_id = 3, .window = 65536, .priority = 7},
     "msg/a1"},
    {"OPEN_ACK carries the window of the acceptor",
     "0200000003000000040000000000 1000",
     {.kind = DSB_FRAME_OPEN_ACK, .stream_id = 3, .window = 1048576},
     ""},
    {"DATA without a flag goes on",
     "030000000100000002000000 6869",
     {.kind = DSB_FRAME_DATA, .stream_id = 1},
     "hi"},
    {"DATA with the flag ends a message, an empty one too",
     "030100000100000000000000",
     {.kind = DSB_FRAME_DATA, .stream_id = 1, .ends_message = true},
     ""},
    {"WINDOW_UPDATE returns credit",
     "040000000200000004000000 40000000",
     {.kind = DSB_FRAME_WINDOW_UPDATE, .stream_id = 2, .window = 64},
     ""},
    {"WINDOW_UPDATE with the flag grows the window",
     "040100000200000004000000 00000100",
     {.kind = DSB_FRAME_WINDOW_UPDATE, .stream_id = 2, .window = 65536, .grows_window = true},
     ""},
    {"RST carries code and reason",
     "050000000500000005000000 02006e6f70",
     {.kind = DSB_FRAME_RST, .stream_id = 5, .code = 2},
     "nop"},
    {"RST may come without a reason",
     "050000000500000002000000 0001",
     {.kind = DSB_FRAME_RST, .stream_id = 5, .code = 256},
     ""},
    {"PING carries eight bytes",
     "060000000000000008000000 3132333435363738",
     {.kind = DSB_FRAME_PING},
     "12345678"},
    {"PONG brings them back",
     "070000000000000008000000 3132333435363738",
     {.kind = DSB_FRAME_PONG},
     "12345678"},
    {"CLOSE is empty", "080000000900000000000000", {.kind = DSB_FRAME_CLOSE, .stream_id = 9}, ""},
    {"GOAWAY carries the last stream served, code and reason",
     "090000000000000009000000 070000000700627965",
     {.kind = DSB_FRAME_GOAWAY, .last_stream_id = 7, .code = 7},
     "bye"},
    {"PAIR carries its message",
     "100000000000000002000000 0501",
     {.kind = DSB_FRAME_PAIR},
     "\x05\x01"},
};

static const struct {
    const char *name;
    const char *hex;
    enum nx_status status;
} rejects[] = {
    {"nothing is the beginning of a frame", "", NX_WOULD_BLOCK},
    {"eleven bytes are the beginning of a head", "0800000009000000000000", NX_WOULD_BLOCK},
    {"a payload not all there is the beginning of a frame", "030000000100000002000000 68",
     NX_WOULD_BLOCK},
    {"kind 0 is none", "000000000100000000000000", NX_E_MALFORMED},
    {"kind 10 is none", "0a0000000100000000000000", NX_E_MALFORMED},
    {"kind 15, before PAIR, is none", "0f0000000000000000000000", NX_E_MALFORMED},
    {"the first zero byte is zero", "080001000900000000000000", NX_E_MALFORMED},
    {"the second zero byte is zero", "080000010900000000000000", NX_E_MALFORMED},
    {"DATA with a flag that is not its own", "030200000100000000000000", NX_E_MALFORMED},
    {"DATA carries no priority", "032000000100000000000000", NX_E_MALFORMED},
    {"OPEN does not end a message", "010100000300000005000000 0000010061", NX_E_MALFORMED},
    {"CLOSE has no flags", "080100000900000000000000", NX_E_MALFORMED},
    {"a payload over 32,768 is over the limit", "030000000100000001800000", NX_E_LIMIT},
    {"an OPEN without a name", "010000000300000004000000 00000100", NX_E_MALFORMED},
    {"an OPEN with a name of 65 bytes, before they are there", "010000000300000045000000",
     NX_E_MALFORMED},
    {"an OPEN_ACK of three bytes", "020000000300000003000000 000001", NX_E_MALFORMED},
    {"an OPEN_ACK of five bytes", "020000000300000005000000 0000010000", NX_E_MALFORMED},
    {"a WINDOW_UPDATE by nothing", "040000000200000004000000 00000000", NX_E_MALFORMED},
    {"an RST of one byte", "050000000500000001000000 02", NX_E_MALFORMED},
    {"an RST with a reason of 121 bytes, before they are there", "05000000050000007b000000",
     NX_E_MALFORMED},
    {"an RST whose reason is not UTF-8", "050000000500000003000000 0200ff", NX_E_MALFORMED},
    {"a PING of seven bytes", "060000000000000007000000 31323334353637", NX_E_MALFORMED},
    {"a PING on a stream", "060000000100000008000000 3132333435363738", NX_E_MALFORMED},
    {"a CLOSE with a payload", "080000000900000001000000 00", NX_E_MALFORMED},
    {"a CLOSE of the session", "080000000000000000000000", NX_E_MALFORMED},
    {"DATA on stream 0", "030000000000000000000000", NX_E_MALFORMED},
    {"a GOAWAY on a stream", "090000000100000006000000 000000000000", NX_E_MALFORMED},
    {"a GOAWAY of five bytes", "090000000000000005000000 0000000000", NX_E_MALFORMED},
    {"a PAIR of 257 bytes, before they are there", "100000000000000001010000", NX_E_MALFORMED},
    {"a PAIR on a stream", "100000000100000001000000 05", NX_E_MALFORMED},
};

/* Bytes from digits, with blanks between bytes where they help to read. */
static struct nx_bytes from_hex(const char *hex, uint8_t *out, size_t cap)
{
    size_t len = 0;

    while (*hex != '\0' && len < cap) {
        if (*hex == ' ') {
            hex++;
            continue;
        }
        EXPECT_STATUS(nx_hex_decode(nx_bytes_of(hex, 2), out + len, 1), NX_OK);
        hex += 2;
        len++;
    }
    return nx_bytes_of(out, len);
}

static void expect_same(const struct dsb_frame *got, const struct dsb_frame *want)
{
    EXPECT_EQ(got->kind, want->kind);
    EXPECT_EQ(got->stream_id, want->stream_id);
    EXPECT_EQ(got->window, want->window);
    EXPECT_EQ(got->last_stream_id, want->last_stream_id);
    EXPECT_EQ(got->code, want->code);
    EXPECT_EQ(got->priority, want->priority);
    EXPECT_EQ(got->ends_message, want->ends_message);
    EXPECT_EQ(got->grows_window, want->grows_window);
}

static const struct {
    const char *name;
    const char *(*word_of)(uint16_t code);
    uint16_t code;
    const char *word;
} words[] = {
    {"the first code of a reset", dsb_rst_code_name, DSB_RST_CANCELLED, "cancelled"},
    {"the last code of a reset", dsb_rst_code_name, DSB_RST_INTERNAL, "internal"},
    {"code 0 of a reset is none", dsb_rst_code_name, 0, "unknown"},
    {"one past the last code of a reset is none", dsb_rst_code_name, DSB_RST_INTERNAL + 1,
     "unknown"},
    {"one before the application's codes is none", dsb_rst_code_name, DSB_RST_APPLICATION - 1,
     "unknown"},
    {"the application's codes begin at 256", dsb_rst_code_name, DSB_RST_APPLICATION, "application"},
    {"the first code of a goodbye", dsb_goaway_code_name, DSB_GOAWAY_BYE, "bye"},
    {"the last code of a goodbye", dsb_goaway_code_name, DSB_GOAWAY_SHUTDOWN, "shutdown"},
    {"one past the last code of a goodbye is none", dsb_goaway_code_name, DSB_GOAWAY_SHUTDOWN + 1,
     "unknown"},
};

static void refuses_to_encode(const char *name, const struct dsb_frame *frame)
{
    uint8_t bytes[256];
    struct nx_writer out = nx_writer_over(bytes, sizeof(bytes));

    unit_row(name);
    EXPECT_STATUS(dsb_frame_encode(frame, &out), NX_E_INVALID);
    EXPECT_EQ(out.len, 0);
}

UNIT_SUITE(frame_test)
{
    uint8_t bytes[128];
    uint8_t copy[128];

    for (size_t i = 0; i < NX_COUNT_OF(good); i++) {
        struct nx_bytes in = from_hex(good[i].hex, bytes, sizeof(bytes));
        struct nx_writer out = nx_writer_over(copy, sizeof(copy));
        struct dsb_frame frame = {0};
        size_t used = 0;

        unit_row(good[i].name);
        EXPECT_STATUS(dsb_frame_decode(in, &frame, &used), NX_OK);
        EXPECT_EQ(used, in.len);
        expect_same(&frame, &good[i].frame);
        EXPECT_BYTES(frame.body, nx_bytes_of_text(good[i].body));
        EXPECT_STATUS(dsb_frame_encode(&frame, &out), NX_OK);
        EXPECT_BYTES(nx_writer_bytes(&out), in);

        /* One byte less is the beginning, and too little room leaves the writer as it was. */
        EXPECT_STATUS(dsb_frame_decode(nx_bytes_of(bytes, in.len - 1), &frame, &used),
                      NX_WOULD_BLOCK);
        out = nx_writer_over(copy, in.len - 1);
        EXPECT_STATUS(dsb_frame_encode(&frame, &out), NX_WOULD_BLOCK);
        EXPECT_EQ(out.len, 0);
    }

    for (size_t i = 0; i < NX_COUNT_OF(rejects); i++) {
        struct nx_bytes in = from_hex(rejects[i].hex, bytes, sizeof(bytes));
        struct dsb_frame frame;
        size_t used = 99;

        unit_row(rejects[i].name);
        EXPECT_STATUS(dsb_frame_decode(in, &frame, &used), rejects[i].status);
        EXPECT_EQ(used, 99);
    }

    unit_row("a second frame behind the first is left alone");
    struct dsb_frame frame;
    size_t used;
    struct nx_bytes two = from_hex("080000000900000000000000 0800", bytes, sizeof(bytes));
    EXPECT_STATUS(dsb_frame_decode(two, &frame, &used), NX_OK);
    EXPECT_EQ(used, DSB_FRAME_HEAD_LEN);

    refuses_to_encode(
        "a priority of 8 is not written",
        &(struct dsb_frame){
            .kind = DSB_FRAME_OPEN, .stream_id = 1, .priority = 8, .body = nx_bytes_of_text("a")});
    refuses_to_encode("a frame on the wrong stream is not written",
                      &(struct dsb_frame){.kind = DSB_FRAME_CLOSE, .stream_id = 0});
    refuses_to_encode("an OPEN without a name is not written",
                      &(struct dsb_frame){.kind = DSB_FRAME_OPEN, .stream_id = 1});
    refuses_to_encode(
        "a PING of nine bytes is not written",
        &(struct dsb_frame){.kind = DSB_FRAME_PING, .body = nx_bytes_of_text("123456789")});
    refuses_to_encode(
        "an end of a message is written on DATA alone",
        &(struct dsb_frame){.kind = DSB_FRAME_CLOSE, .stream_id = 1, .ends_message = true});
    refuses_to_encode("a kind that is none is not written",
                      &(struct dsb_frame){.kind = (enum dsb_frame_kind)11, .stream_id = 1});

    for (size_t i = 0; i < NX_COUNT_OF(words); i++) {
        unit_row(words[i].name);
        EXPECT_TEXT(words[i].word_of(words[i].code), words[i].word);
    }

    unit_row("the largest DATA frame is 32,780 bytes and one byte less of room is too little");
    static uint8_t large[DSB_FRAME_MAX];
    struct nx_writer out = nx_writer_over(large, sizeof(large) - 1);
    EXPECT(dsb_frame_encode_data(1, DSB_FRAME_PAYLOAD_MAX, false, &out) == NULL);
    EXPECT_EQ(out.len, 0);
    out = nx_writer_over(large, sizeof(large));
    EXPECT(dsb_frame_encode_data(1, DSB_FRAME_PAYLOAD_MAX, false, &out) != NULL);
    EXPECT_STATUS(dsb_frame_decode(nx_writer_bytes(&out), &frame, &used), NX_OK);
    EXPECT_EQ(used, sizeof(large));
    EXPECT_EQ(frame.body.len, DSB_FRAME_PAYLOAD_MAX);
}
