#include "core/rpc/envelope.h"

#include "core/base/memory.h"
#include "schemas/rpc.capnp.h"
#include "tests/unit/hex_row.h"
#include "tests/unit/unit.h"

static uint8_t memory[DSB_RPC_MESSAGE_MAX + 8];
static uint8_t filler[DSB_RPC_BODY_MAX + 8];

/* ---- golden bytes: what `capnp encode` makes of the same fields --------------------------------- */

#define REQUEST                                                            \
    "00000000080000000000000001000100000000000000000000000000030001000700" \
    "000000000000030000008813000000040000000000000100000"                  \
    "01a0000006162630000000000"
#define CANCEL                                                             \
    "00000000040000000000000001000100020000000000000000000000010000000700" \
    "000000000000"

/* clang-format off */
static const struct {
    const char *name;
    struct dsb_rpc_message message;
    const char *body;
    const char *bytes; /* hex */
} golden[] = {
    {"a request says what is asked, how long for, and how much may come back",
     {.kind = DSB_RPC_REQUEST, .call_id = 7, .method = 3, .deadline_ms = 5000, .reply_max = 1024}, "abc",
     REQUEST},
    {"a request at every upper bound, with no body",
     {.kind = DSB_RPC_REQUEST, .call_id = UINT64_MAX, .method = 65535, .deadline_ms = DSB_RPC_DEADLINE_MAX_MS,
      .reply_max = DSB_RPC_BODY_MAX}, "",
     "0000000007000000" "0000000001000100" "0000000000000000" "0000000003000100" "ffffffffffffffff"
     "ffff000080ee3600" "00f0000000000000" "0000000000000000"},
    {"a reply has a body",
     {.kind = DSB_RPC_REPLY, .call_id = 7}, "xyz",
     "0000000008000000" "0000000001000100" "0100000000000000" "0000000002000200" "0700000000000000"
     "0000000000000000" "0000000000000000" "010000001a000000" "78797a0000000000"},
    {"a failure has a sentence",
     {.kind = DSB_RPC_REPLY, .call_id = 7, .status = NX_E_NOT_FOUND, .why = {"no such method"}}, "",
     "0000000009000000" "0000000001000100" "0100000000000000" "0000000002000200" "0700000000000000"
     "f9ffffff00000000" "050000007a000000" "0000000000000000" "6e6f207375636820" "6d6574686f640000"},
    {"a cancel has nothing but what it is about",
     {.kind = DSB_RPC_CANCEL, .call_id = 7}, "",
     CANCEL},
};
/* clang-format on */

static void expect_same(const struct dsb_rpc_message *got, const struct dsb_rpc_message *want,
                        struct nx_bytes body)
{
    EXPECT_EQ(got->kind, want->kind);
    EXPECT_EQ(got->call_id, want->call_id);
    EXPECT_EQ(got->method, want->method);
    EXPECT_EQ(got->deadline_ms, want->deadline_ms);
    EXPECT_EQ(got->reply_max, want->reply_max);
    EXPECT_STATUS(got->status, want->status);
    EXPECT_TEXT(got->why.text, want->why.text);
    EXPECT_BYTES(got->body, body);
}

static void golden_bytes(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(golden); i++) {
        uint8_t room[128];
        struct nx_bytes want = bytes_of_hex(golden[i].bytes, room, sizeof(room));
        struct nx_bytes body = nx_bytes_of_text(golden[i].body);
        struct dsb_rpc_message message = golden[i].message, decoded;
        struct nx_bytes bytes = {NULL, 0};

        unit_row(golden[i].name);
        message.body = body;
        EXPECT_STATUS(dsb_rpc_encode(&message, memory, sizeof(memory), &bytes), NX_OK);
        EXPECT_BYTES(bytes, want);
        EXPECT_STATUS(dsb_rpc_decode(want, &decoded), NX_OK);
        expect_same(&decoded, &golden[i].message, body);
    }
}

/* ---- bounds ---------------------------------------------------------------------------------- */

/* clang-format off */
static const struct {
    const char *name;
    struct dsb_rpc_message message;
    size_t body_len;
    enum nx_status status;
} encoded[] = {
    {"the longest body", {.kind = DSB_RPC_REPLY, .call_id = 1}, DSB_RPC_BODY_MAX, NX_OK},
    {"a body of one byte more", {.kind = DSB_RPC_REPLY, .call_id = 1}, DSB_RPC_BODY_MAX + 1, NX_E_LIMIT},
    {"the shortest deadline", {.kind = DSB_RPC_REQUEST, .call_id = 1, .deadline_ms = 1}, 0, NX_OK},
    {"no deadline", {.kind = DSB_RPC_REQUEST, .call_id = 1}, 0, NX_E_INVALID},
    {"a deadline of a millisecond more than an hour",
     {.kind = DSB_RPC_REQUEST, .call_id = 1, .deadline_ms = DSB_RPC_DEADLINE_MAX_MS + 1}, 0, NX_E_INVALID},
    {"a reply of more than there can be is not asked for",
     {.kind = DSB_RPC_REQUEST, .call_id = 1, .deadline_ms = 1, .reply_max = DSB_RPC_BODY_MAX + 1}, 0, NX_E_INVALID},
    {"call 0 is no request", {.kind = DSB_RPC_REQUEST, .deadline_ms = 1}, 0, NX_E_INVALID},
    {"call 0 is no reply", {.kind = DSB_RPC_REPLY}, 0, NX_E_INVALID},
    {"call 0 is no cancel", {.kind = DSB_RPC_CANCEL}, 0, NX_E_INVALID},
    {"would-block is no answer", {.kind = DSB_RPC_REPLY, .call_id = 1, .status = NX_WOULD_BLOCK}, 0, NX_E_INVALID},
    {"a number that is no status is no answer", {.kind = DSB_RPC_REPLY, .call_id = 1, .status = (enum nx_status)-99}, 0,
     NX_E_INVALID},
    {"what is foreign is not said", {.kind = DSB_RPC_FOREIGN, .call_id = 1}, 0, NX_E_INVALID},
};
/* clang-format on */

static void bounds_of_encoding(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(encoded); i++) {
        struct dsb_rpc_message message = encoded[i].message, decoded;
        struct nx_bytes bytes;

        unit_row(encoded[i].name);
        message.body = nx_bytes_of(filler, encoded[i].body_len);
        EXPECT_STATUS(dsb_rpc_encode(&message, memory, DSB_RPC_MESSAGE_MAX, &bytes),
                      encoded[i].status);
        if (encoded[i].status == NX_OK)
            EXPECT_STATUS(dsb_rpc_decode(bytes, &decoded), NX_OK);
    }

    unit_row("the longest failure fits a message, and a byte less of memory is too little");
    struct dsb_rpc_message longest = {.kind = DSB_RPC_REPLY, .call_id = 1, .status = NX_E_IO};
    struct nx_bytes bytes = {NULL, 0};
    memset(longest.why.text, 'w', NX_WHY_MAX);
    EXPECT_STATUS(dsb_rpc_encode(&longest, memory, DSB_RPC_HEAD_MAX, &bytes), NX_OK);
    EXPECT_STATUS(dsb_rpc_encode(&longest, memory, bytes.len - 1, &bytes), NX_E_NO_SPACE);
}

/* ---- what only a peer says --------------------------------------------------------------------- */

enum said {
    SAID_REQUEST,
    SAID_REPLY,
    SAID_CANCEL,
};

/* clang-format off */
static const struct {
    const char *name;
    enum said said;
    uint64_t call_id;
    uint32_t deadline_ms, reply_max;
    int32_t number;
    size_t why_len, body_len;
    enum nx_status status;      /* of decoding */
    enum nx_status as;          /* the status it reads as */
    uint32_t reply_max_as;
    size_t body_as;
} foreign[] = {
    {"a request for more than there can be asks for what there can be", SAID_REQUEST, 1, 1, UINT32_MAX, 0, 0, 0,
     NX_OK, NX_OK, DSB_RPC_BODY_MAX, 0},
    {"a request with the longest body", SAID_REQUEST, 1, 1, 0, 0, 0, DSB_RPC_BODY_MAX,
     NX_OK, NX_OK, 0, DSB_RPC_BODY_MAX},
    {"a request with one byte more is over the limit", SAID_REQUEST, 1, 1, 0, 0, 0, DSB_RPC_BODY_MAX + 1,
     NX_E_LIMIT, NX_OK, 0, 0},
    {"a request without a deadline is none", SAID_REQUEST, 1, 0, 0, 0, 0, 0, NX_E_MALFORMED, NX_OK, 0, 0},
    {"a request with a deadline over an hour is none", SAID_REQUEST, 1, DSB_RPC_DEADLINE_MAX_MS + 1, 0, 0, 0, 0,
     NX_E_MALFORMED, NX_OK, 0, 0},
    {"a request of call 0 is none", SAID_REQUEST, 0, 1, 0, 0, 0, 0, NX_E_MALFORMED, NX_OK, 0, 0},
    {"a reply to call 0 is none", SAID_REPLY, 0, 0, 0, 0, 0, 0, NX_E_MALFORMED, NX_OK, 0, 0},
    {"a cancel of call 0 is none", SAID_CANCEL, 0, 0, 0, 0, 0, 0, NX_E_MALFORMED, NX_OK, 0, 0},
    {"a reply with a failure of a newer version", SAID_REPLY, 1, 0, 0, -4711, 3, 0, NX_OK, NX_E_VERSION, 0, 0},
    {"a reply that would block is none", SAID_REPLY, 1, 0, 0, 1, 0, 0, NX_E_MALFORMED, NX_OK, 0, 0},
    {"a reply with a positive number that nobody knows is none", SAID_REPLY, 1, 0, 0, 4711, 0, 0, NX_E_MALFORMED, NX_OK, 0, 0},
    {"a reason of 120 bytes", SAID_REPLY, 1, 0, 0, -18, NX_WHY_MAX, 0, NX_OK, NX_E_IO, 0, 0},
    {"a reason of 121 bytes is too long", SAID_REPLY, 1, 0, 0, -18, NX_WHY_MAX + 1, 0, NX_E_MALFORMED, NX_OK, 0, 0},
    {"the body of a failure is passed over", SAID_REPLY, 1, 0, 0, -18, 0, 100, NX_OK, NX_E_IO, 0, 0},
};
/* clang-format on */

static struct nx_bytes say(size_t i)
{
    struct nx_capn_builder b;
    struct nx_bytes bytes = {NULL, 0};

    nx_capn_builder_init_frame(&b, memory, sizeof(memory));
    struct rpc_envelope_builder envelope = rpc_envelope_new_root(&b);
    if (foreign[i].said == SAID_REQUEST) {
        struct rpc_request_builder r = rpc_envelope_init_request(envelope);

        rpc_request_set_call_id(r, foreign[i].call_id);
        rpc_request_set_deadline_ms(r, foreign[i].deadline_ms);
        rpc_request_set_reply_max(r, foreign[i].reply_max);
        rpc_request_set_body(r, nx_bytes_of(filler, foreign[i].body_len));
    } else if (foreign[i].said == SAID_REPLY) {
        struct rpc_reply_builder r = rpc_envelope_init_reply(envelope);

        rpc_reply_set_call_id(r, foreign[i].call_id);
        rpc_reply_set_status(r, foreign[i].number);
        rpc_reply_set_why(r, nx_bytes_of(filler, foreign[i].why_len));
        rpc_reply_set_body(r, nx_bytes_of(filler, foreign[i].body_len));
    } else {
        rpc_cancel_set_call_id(rpc_envelope_init_cancel(envelope), foreign[i].call_id);
    }
    EXPECT_STATUS(nx_capn_builder_finish(&b, &bytes), NX_OK);
    return bytes;
}

static void what_peers_say(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(foreign); i++) {
        struct dsb_rpc_message message = {.kind = DSB_RPC_FOREIGN};

        unit_row(foreign[i].name);
        EXPECT_STATUS(dsb_rpc_decode(say(i), &message), foreign[i].status);
        if (foreign[i].status != NX_OK)
            continue;
        EXPECT_STATUS(message.status, foreign[i].as);
        EXPECT_EQ(message.reply_max, foreign[i].reply_max_as);
        EXPECT_EQ(message.body.len, foreign[i].body_as);
    }
}

/* ---- no messages ------------------------------------------------------------------------------ */

/* clang-format off */
static const struct {
    const char *name;
    const char *bytes;
    enum nx_status status;
} strange[] = {
    {"nothing is no message", "", NX_E_MALFORMED},
    {"a message with a byte behind it is none", CANCEL "00", NX_E_MALFORMED},
    {"a root that is null reads as a request, of call 0", "0000000001000000" "0000000000000000", NX_E_MALFORMED},
    {"a kind that a newer version has is passed over",
     "0000000004000000" "0000000001000100" "0300000000000000" "0000000001000000" "0700000000000000", NX_OK},
    {"a body that points outside is none",
     "0000000008000000" "0000000001000100" "0000000000000000" "0000000003000100" "0700000000000000"
     "0300000088130000" "0004000000000000" "010000001a000100" "6162630000000000", NX_E_MALFORMED},
    {"a sentence that is no UTF-8 is none",
     "0000000008000000" "0000000001000100" "0100000000000000" "0000000002000200" "0700000000000000"
     "f9ffffff00000000" "0500000012000000" "0000000000000000" "ff00000000000000", NX_E_MALFORMED},
};
/* clang-format on */

static void no_messages(void)
{
    uint8_t room[160];
    struct dsb_rpc_message message;

    for (size_t i = 0; i < NX_COUNT_OF(strange); i++) {
        unit_row(strange[i].name);
        EXPECT_STATUS(dsb_rpc_decode(bytes_of_hex(strange[i].bytes, room, sizeof(room)), &message),
                      strange[i].status);
    }

    unit_row("no beginning of a message is one");
    struct nx_bytes whole = bytes_of_hex(REQUEST, room, sizeof(room));
    for (size_t len = 0; len < whole.len; len++)
        EXPECT_STATUS(dsb_rpc_decode(nx_bytes_of(whole.ptr, len), &message), NX_E_MALFORMED);

    unit_row("more bytes than a message has are not looked at");
    EXPECT_STATUS(dsb_rpc_decode(nx_bytes_of(memory, DSB_RPC_MESSAGE_MAX + 1), &message),
                  NX_E_LIMIT);

    unit_row("what is wrong leaves the message as it was");
    message = (struct dsb_rpc_message){.kind = DSB_RPC_CANCEL, .call_id = 99};
    EXPECT_STATUS(dsb_rpc_decode(nx_bytes_of(room, 7), &message), NX_E_MALFORMED);
    EXPECT_EQ(message.call_id, 99);

    unit_row("a reason is shown without what a person should not be shown");
    struct dsb_rpc_message rude = {
        .kind = DSB_RPC_REPLY, .call_id = 1, .status = NX_E_IO, .why = {"red\x1b[31m"}};
    struct nx_bytes bytes = {NULL, 0};
    EXPECT_STATUS(dsb_rpc_encode(&rude, memory, sizeof(memory), &bytes), NX_OK);
    EXPECT_STATUS(dsb_rpc_decode(bytes, &message), NX_OK);
    EXPECT_TEXT(message.why.text, "red[31m");
}

UNIT_SUITE(envelope_test)
{
    memset(filler, 'f', sizeof(filler));
    golden_bytes();
    bounds_of_encoding();
    what_peers_say();
    no_messages();
}
