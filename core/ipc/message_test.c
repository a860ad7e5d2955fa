#include "core/ipc/message.h"

#include "core/base/hex.h"
#include "core/base/memory.h"
#include "tests/unit/unit.h"

/* A head that nothing is wrong with, byte by byte as the contract has it. */
#define CALL   "01010a000700000088130000000000000000000000000000"
#define CANCEL "01040a000700000000000000000000000000000000000000"

/* ---- golden bytes -------------------------------------------------------------------------- */

/* clang-format off */
static const struct {
    const char *name;
    struct nx_ipc_head head;
    const char *body;
    const char *bytes; /* hex */
} golden[] = {
    {"a call says what is asked and how long it may take",
     {.kind = NX_IPC_CALL, .operation = 10, .call_id = 7, .deadline_ms = 5000}, "",
     CALL},
    {"a call need not say how long",
     {.kind = NX_IPC_CALL, .operation = 10, .call_id = 7}, "abc",
     "01010a000700000000000000000000000300000000000000" "616263"},
    {"a reply has a status, and may have a body",
     {.kind = NX_IPC_REPLY, .operation = 0x1234, .call_id = 0x89abcdef, .status = NX_E_NOT_FOUND}, "x",
     "01023412efcdab8900000000f9ffffff0100000000000000" "78"},
    {"a reply that all is well has none",
     {.kind = NX_IPC_REPLY, .operation = 65535, .call_id = 0xffffffff}, "",
     "0102ffffffffffff00000000000000000000000000000000"},
    {"news have a body",
     {.kind = NX_IPC_NEWS, .operation = 2, .call_id = 1}, "n",
     "010302000100000000000000000000000100000000000000" "6e"},
    {"a cancel has nothing but what it is about",
     {.kind = NX_IPC_CANCEL, .operation = 10, .call_id = 7}, "",
     CANCEL},
    {"a piece of a stream",
     {.kind = NX_IPC_STREAM, .operation = 12, .call_id = 7}, "piece",
     "01050c000700000000000000000000000500000000000000" "7069656365"},
    {"the last piece of a message is marked, and may be empty",
     {.kind = NX_IPC_STREAM, .operation = 12, .call_id = 7, .ends_message = true}, "",
     "01050c000700000000000000000000000000000001000000"},
    {"the longest deadline is 49 days",
     {.kind = NX_IPC_CALL, .operation = 1, .call_id = 1, .deadline_ms = 0xffffffff}, "",
     "0101010001000000ffffffff000000000000000000000000"},
};
/* clang-format on */

static size_t bytes_of(const char *hex, uint8_t *out, size_t cap)
{
    struct nx_bytes text = nx_bytes_of_text(hex);
    size_t len = text.len / 2;

    EXPECT(len <= cap);
    EXPECT_STATUS(nx_hex_decode(text, out, len), NX_OK);
    return len;
}

static void golden_bytes(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(golden); i++) {
        uint8_t want[64], head[NX_IPC_HEAD_LEN];
        size_t want_len = bytes_of(golden[i].bytes, want, sizeof(want));
        struct nx_bytes body = nx_bytes_of_text(golden[i].body);
        struct nx_ipc_message message;

        unit_row(golden[i].name);
        EXPECT_STATUS(nx_ipc_head_encode(&golden[i].head, body.len, head), NX_OK);
        EXPECT_BYTES(nx_bytes_of(head, sizeof(head)), nx_bytes_of(want, NX_IPC_HEAD_LEN));
        EXPECT_STATUS(nx_ipc_message_decode(nx_bytes_of(want, want_len), &message), NX_OK);
        EXPECT_EQ(message.head.kind, golden[i].head.kind);
        EXPECT_EQ(message.head.operation, golden[i].head.operation);
        EXPECT_EQ(message.head.call_id, golden[i].head.call_id);
        EXPECT_EQ(message.head.deadline_ms, golden[i].head.deadline_ms);
        EXPECT_STATUS(message.head.status, golden[i].head.status);
        EXPECT_EQ(message.head.ends_message, golden[i].head.ends_message);
        EXPECT_EQ(message.head.blob_count, golden[i].head.blob_count);
        EXPECT_BYTES(message.body, body);
    }
}

/* ---- what is no message ---------------------------------------------------------------------- */

/* clang-format off */
static const struct {
    const char *name;
    const char *bytes;
    enum nx_status status;
} refused[] = {
    {"nothing is no message", "", NX_E_MALFORMED},
    {"a head that lacks a byte is no message", "01010a0007000000881300000000000000000000000000", NX_E_MALFORMED},
    {"a version before the first is refused as such", "00010a000700000088130000000000000000000000000000", NX_E_VERSION},
    {"a later version is refused as such, whatever else it says", "02ff00000000000000000000ffffffffffffffffffffffff", NX_E_VERSION},
    {"a later version with a shorter head is no message", "02", NX_E_MALFORMED},
    {"kind 0 is none", "01000a000700000000000000000000000000000000000000", NX_E_MALFORMED},
    {"the kind above the last is none", "01060a000700000000000000000000000000000000000000", NX_E_MALFORMED},
    {"operation 0 is none", "010100000700000000000000000000000000000000000000", NX_E_MALFORMED},
    {"call 0 is none", "01010a000000000000000000000000000000000000000000", NX_E_MALFORMED},
    {"a reply waits for nothing", "01020a000700000001000000000000000000000000000000", NX_E_MALFORMED},
    {"a call has no status", "01010a000700000000000000ffffffff0000000000000000", NX_E_MALFORMED},
    {"news have no status", "01030a000700000000000000ffffffff0000000000000000", NX_E_MALFORMED},
    {"would-block is no answer to a call", "01020a000700000000000000010000000000000000000000", NX_E_MALFORMED},
    {"the last failure is a status", "01020a000700000000000000eeffffff0000000000000000", NX_OK},
    {"a number below the last failure is no status", "01020a000700000000000000edffffff0000000000000000", NX_E_MALFORMED},
    {"the least number is no status", "01020a000700000000000000000000800000000000000000", NX_E_MALFORMED},
    {"a cancel has no body", "01040a00070000000000000000000000010000000000000000", NX_E_MALFORMED},
    {"a body that lacks a byte is no message", "01010a000700000000000000000000000200000000000000" "61", NX_E_MALFORMED},
    {"a byte behind the body is no message", "01010a000700000000000000000000000200000000000000" "616263", NX_E_MALFORMED},
    {"a body of the longest length that is not there is no message", "01010a000700000000000000000000000000010000000000", NX_E_MALFORMED},
    {"a body over the limit is refused from the head alone", "01010a000700000000000000000000000100010000000000", NX_E_LIMIT},
    {"the longest length of all is over the limit", "01010a00070000000000000000000000ffffffff00000000", NX_E_LIMIT},
    {"a call ends no message", "01010a000700000000000000000000000000000001000000", NX_E_MALFORMED},
    {"an unknown flag is refused", "01050a000700000000000000000000000000000003000000", NX_E_MALFORMED},
    {"four blobs may come along", "01050a000700000000000000000000000000000000040000", NX_OK},
    {"five may not", "01050a000700000000000000000000000000000000050000", NX_E_MALFORMED},
    {"a cancel brings none", "01040a000700000000000000000000000000000000010000", NX_E_MALFORMED},
    {"the first zero is zero", "01050a000700000000000000000000000000000000000100", NX_E_MALFORMED},
    {"the last zero is zero", "01050a000700000000000000000000000000000000000080", NX_E_MALFORMED},
};
/* clang-format on */

static void refusals(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(refused); i++) {
        uint8_t bytes[64];
        struct nx_ipc_message message = {.head = {.call_id = 99}};
        size_t len = bytes_of(refused[i].bytes, bytes, sizeof(bytes));

        unit_row(refused[i].name);
        EXPECT_STATUS(nx_ipc_message_decode(nx_bytes_of(bytes, len), &message), refused[i].status);
        if (refused[i].status != NX_OK)
            EXPECT_EQ(message.head.call_id, 99);
    }
}

/* ---- what cannot be said --------------------------------------------------------------------- */

static const struct {
    const char *name;
    struct nx_ipc_head head;
    size_t body_len;
    enum nx_status status;
} unsayable[] = {
    {"a message of no kind is not made", {.operation = 1, .call_id = 1}, 0, NX_E_INVALID},
    {"a call of no operation is not made", {.kind = NX_IPC_CALL, .call_id = 1}, 0, NX_E_INVALID},
    {"a call without an id is not made", {.kind = NX_IPC_CALL, .operation = 1}, 0, NX_E_INVALID},
    {"a reply that it would block is not made",
     {.kind = NX_IPC_REPLY, .operation = 1, .call_id = 1, .status = NX_WOULD_BLOCK},
     0,
     NX_E_INVALID},
    {"a reply of a status that is none is not made",
     {.kind = NX_IPC_REPLY, .operation = 1, .call_id = 1, .status = (enum nx_status) - 19},
     0,
     NX_E_INVALID},
    {"news with a deadline are not made",
     {.kind = NX_IPC_NEWS, .operation = 1, .call_id = 1, .deadline_ms = 1},
     0,
     NX_E_INVALID},
    {"a cancel with a body is not made",
     {.kind = NX_IPC_CANCEL, .operation = 1, .call_id = 1},
     1,
     NX_E_INVALID},
    {"a call that ends a message is not made",
     {.kind = NX_IPC_CALL, .operation = 1, .call_id = 1, .ends_message = true},
     0,
     NX_E_INVALID},
    {"the longest body is taken",
     {.kind = NX_IPC_CALL, .operation = 1, .call_id = 1},
     NX_IPC_BODY_MAX,
     NX_OK},
    {"one byte more is over the limit",
     {.kind = NX_IPC_CALL, .operation = 1, .call_id = 1},
     NX_IPC_BODY_MAX + 1,
     NX_E_LIMIT},
};

static void what_cannot_be_said(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(unsayable); i++) {
        uint8_t head[NX_IPC_HEAD_LEN] = {0xee};

        unit_row(unsayable[i].name);
        EXPECT_STATUS(nx_ipc_head_encode(&unsayable[i].head, unsayable[i].body_len, head),
                      unsayable[i].status);
        EXPECT_EQ(head[0], unsayable[i].status == NX_OK ? NX_IPC_VERSION : 0xee);
    }
}

/* ---- any bytes ------------------------------------------------------------------------------- */

/* Every byte of a good head replaced by every other one: what is taken encodes to the same bytes. */
static void each_byte_replaced(void)
{
    uint8_t bytes[NX_IPC_HEAD_LEN], again[NX_IPC_HEAD_LEN];
    struct nx_ipc_message message;
    uint32_t taken_count = 0;

    unit_row("whatever is taken for a message is made again byte for byte");
    for (size_t at = 0; at < NX_IPC_HEAD_LEN; at++) {
        for (unsigned value = 0; value < 256; value++) {
            (void)bytes_of(CALL, bytes, sizeof(bytes));
            bytes[at] = (uint8_t)value;
            if (nx_ipc_message_decode(nx_bytes_of(bytes, sizeof(bytes)), &message) != NX_OK)
                continue;
            taken_count++;
            EXPECT_STATUS(nx_ipc_head_encode(&message.head, message.body.len, again), NX_OK);
            EXPECT_BYTES(nx_bytes_of(again, sizeof(again)), nx_bytes_of(bytes, sizeof(bytes)));
        }
    }
    /* Of operation, call and deadline any byte, but for two that would make a 0 of one; of each of the
     * other 13 bytes only the one that it has, and of the blobs as many as there may be. */
    EXPECT_EQ(taken_count, 10 * 256 - 2 + 13 + (NX_IPC_BLOBS_MAX + 1));
}

static void replies_to_calls(void)
{
    const struct nx_ipc_head call = {
        .kind = NX_IPC_CALL, .operation = 3, .call_id = 9, .deadline_ms = 1000};
    struct nx_ipc_head reply = nx_ipc_reply_head(&call, NX_E_BUSY);
    struct nx_ipc_head news = nx_ipc_news_head(&call);

    unit_row("a reply and news are of their call");
    EXPECT_EQ(reply.kind, NX_IPC_REPLY);
    EXPECT_EQ(reply.operation, 3);
    EXPECT_EQ(reply.call_id, 9);
    EXPECT_EQ(reply.deadline_ms, 0);
    EXPECT_STATUS(reply.status, NX_E_BUSY);
    EXPECT_EQ(news.kind, NX_IPC_NEWS);
    EXPECT_EQ(news.operation, 3);
    EXPECT_EQ(news.call_id, 9);
    EXPECT_EQ(news.deadline_ms, 0);
    EXPECT_STATUS(news.status, NX_OK);
}

UNIT_SUITE(message_test)
{
    golden_bytes();
    refusals();
    what_cannot_be_said();
    each_byte_replaced();
    replies_to_calls();
}
