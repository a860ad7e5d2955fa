#include "core/rpc/client.h"

#include "core/base/memory.h"
#include "tests/unit/unit.h"

enum {
    CALLS = 3,
};

static struct dsb_rpc_call places[DSB_RPC_CALLS_MAX];
static struct dsb_rpc_client client;
static struct nx_instant now;

static void begin(uint32_t cap)
{
    now = (struct nx_instant){1000};
    dsb_rpc_client_init(&client, places, cap);
}

static void pass(uint32_t ms)
{
    now = nx_instant_after(now, nx_milliseconds(ms));
    dsb_rpc_client_tick(&client, now);
}

static const struct dsb_rpc_request usual = {.deadline_ms = 1000, .reply_max = 8, .tag = 77};

/* A call that goes: its id, or 0. */
static uint64_t call(void)
{
    struct dsb_rpc_message message;
    struct nx_why why;

    if (dsb_rpc_client_call(&client, &usual, &message, &why) != NX_OK)
        return 0;
    uint64_t id = dsb_rpc_client_sent(&client, now, &usual);
    EXPECT_EQ(message.call_id, id);
    return id;
}

static enum nx_status hear(enum dsb_rpc_kind kind, uint64_t id, enum nx_status status,
                           const char *body)
{
    const struct dsb_rpc_message message = {
        .kind = kind, .call_id = id, .status = status, .body = nx_bytes_of_text(body)};

    return dsb_rpc_client_input(&client, &message);
}

/* The next call that ended is this one. */
static void expect_end(uint64_t id, enum nx_status status, bool by_peer)
{
    struct dsb_rpc_client_event event = {0};

    EXPECT(dsb_rpc_client_event(&client, &event));
    EXPECT_EQ(event.call_id, id);
    EXPECT_EQ(event.tag, 77);
    EXPECT_STATUS(event.status, status);
    EXPECT_EQ(event.by_peer, by_peer);
}

static void expect_nothing(void)
{
    struct dsb_rpc_client_event event;

    EXPECT(!dsb_rpc_client_event(&client, &event));
}

static void expect_cancel(uint64_t id)
{
    struct dsb_rpc_message message = {0};

    EXPECT(dsb_rpc_client_output(&client, &message));
    EXPECT_EQ(message.kind, DSB_RPC_CANCEL);
    EXPECT_EQ(message.call_id, id);
    dsb_rpc_client_output_sent(&client, &message);
}

static void expect_no_cancel(void)
{
    struct dsb_rpc_message message;

    EXPECT(!dsb_rpc_client_output(&client, &message));
}

/* ---- asking ---------------------------------------------------------------------------------- */

/* clang-format off */
static const struct {
    const char *name;
    uint32_t deadline_ms, reply_max;
    size_t body_len;
    enum nx_status status;
    const char *why;
} asked[] = {
    {"a call with the longest of everything", DSB_RPC_DEADLINE_MAX_MS, DSB_RPC_BODY_MAX, DSB_RPC_BODY_MAX, NX_OK, ""},
    {"a call that waits a millisecond for nothing", 1, 0, 0, NX_OK, ""},
    {"a call without a deadline", 0, 0, 0, NX_E_INVALID, "milliseconds of a call's deadline: limit 3600000, asked 0"},
    {"a call that waits longer than an hour", DSB_RPC_DEADLINE_MAX_MS + 1, 0, 0, NX_E_INVALID,
     "milliseconds of a call's deadline: limit 3600000, asked 3600001"},
    {"a call for a reply of a byte too many", 1, DSB_RPC_BODY_MAX + 1, 0, NX_E_INVALID,
     "bytes of a reply: limit 61440, asked 61441"},
    {"a call with a byte too many", 1, 0, DSB_RPC_BODY_MAX + 1, NX_E_LIMIT, "bytes of a request: limit 61440, asked 61441"},
};
/* clang-format on */

static void asking(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(asked); i++) {
        const struct dsb_rpc_request request = {
            .deadline_ms = asked[i].deadline_ms,
            .reply_max = asked[i].reply_max,
            .body = nx_bytes_of(places, asked[i].body_len),
        };
        struct dsb_rpc_message message = {0};
        struct nx_why why = {""};

        unit_row(asked[i].name);
        begin(CALLS);
        EXPECT_STATUS(dsb_rpc_client_call(&client, &request, &message, &why), asked[i].status);
        EXPECT_TEXT(why.text, asked[i].why);
    }

    unit_row("a call that was not sent is none");
    begin(CALLS);
    struct dsb_rpc_message first, second;
    struct nx_why why;
    EXPECT_STATUS(dsb_rpc_client_call(&client, &usual, &first, &why), NX_OK);
    EXPECT_STATUS(dsb_rpc_client_call(&client, &usual, &second, &why), NX_OK);
    EXPECT_EQ(first.call_id, second.call_id);
    EXPECT_STATUS(hear(DSB_RPC_REPLY, 1, NX_OK, ""), NX_E_STATE);

    unit_row("ids grow and are not used again");
    begin(CALLS);
    EXPECT_EQ(call(), 1);
    EXPECT_EQ(call(), 2);
    EXPECT_STATUS(hear(DSB_RPC_REPLY, 1, NX_OK, ""), NX_OK);
    expect_end(1, NX_OK, true);
    EXPECT_EQ(call(), 3);

    unit_row("as many calls as there are places, and not one more until one is over");
    begin(CALLS);
    for (uint64_t id = 1; id <= CALLS; id++)
        EXPECT_EQ(call(), id);
    EXPECT_STATUS(dsb_rpc_client_call(&client, &usual, &first, &why), NX_E_LIMIT);
    EXPECT_TEXT(why.text, "calls in flight: limit 3, asked 4");
    EXPECT_STATUS(hear(DSB_RPC_REPLY, 2, NX_OK, ""), NX_OK);
    EXPECT_EQ(call(), 0); /* it was not told yet */
    expect_end(2, NX_OK, true);
    EXPECT_EQ(call(), CALLS + 1);
}

/* ---- answers --------------------------------------------------------------------------------- */

static void answers(void)
{
    struct dsb_rpc_client_event event = {0};

    unit_row("replies overtake each other");
    begin(CALLS);
    for (uint64_t id = 1; id <= CALLS; id++)
        EXPECT_EQ(call(), id);
    for (uint64_t id = CALLS; id >= 1; id--) {
        EXPECT_STATUS(hear(DSB_RPC_REPLY, id, NX_OK, "body"), NX_OK);
        expect_end(id, NX_OK, true);
    }
    expect_nothing();

    unit_row("a reply is told with its body before another one is taken");
    begin(CALLS);
    (void)call();
    (void)call();
    EXPECT_STATUS(hear(DSB_RPC_REPLY, 2, NX_OK, "two"), NX_OK);
    EXPECT_STATUS(hear(DSB_RPC_REPLY, 1, NX_OK, "one"), NX_WOULD_BLOCK);
    EXPECT(dsb_rpc_client_event(&client, &event));
    EXPECT_BYTES(event.body, nx_bytes_of_text("two"));
    EXPECT_STATUS(hear(DSB_RPC_REPLY, 1, NX_OK, "one"), NX_OK);
    EXPECT(dsb_rpc_client_event(&client, &event));
    EXPECT_BYTES(event.body, nx_bytes_of_text("one"));

    unit_row("a failure is told as the peer has it");
    begin(CALLS);
    (void)call();
    EXPECT_STATUS(hear(DSB_RPC_REPLY, 1, NX_E_NOT_FOUND, ""), NX_OK);
    expect_end(1, NX_E_NOT_FOUND, true);

    unit_row("a reply of as many bytes as were asked for");
    begin(CALLS);
    (void)call();
    EXPECT_STATUS(hear(DSB_RPC_REPLY, 1, NX_OK, "12345678"), NX_OK);
    EXPECT(dsb_rpc_client_event(&client, &event));
    EXPECT_STATUS(event.status, NX_OK);
    EXPECT_BYTES(event.body, nx_bytes_of_text("12345678"));

    unit_row("a reply of one byte more is a failure, and no body");
    begin(CALLS);
    (void)call();
    EXPECT_STATUS(hear(DSB_RPC_REPLY, 1, NX_OK, "123456789"), NX_OK);
    EXPECT(dsb_rpc_client_event(&client, &event));
    EXPECT_STATUS(event.status, NX_E_LIMIT);
    EXPECT_TEXT(event.why.text, "bytes of a reply: limit 8, asked 9");
    EXPECT_EQ(event.body.len, 0);

    unit_row("what a newer version says is passed over");
    begin(CALLS);
    (void)call();
    EXPECT_STATUS(hear(DSB_RPC_FOREIGN, 0, NX_OK, ""), NX_OK);
    expect_nothing();
    EXPECT_STATUS(hear(DSB_RPC_REPLY, 1, NX_OK, ""), NX_OK);
}

/* ---- breaches -------------------------------------------------------------------------------- */

static const char correlation[] = "core.reject.nonce_mismatch_or_stale_reply";
static const char direction[] = "core.reject.invalid_state_transition";

/* Call 1 was answered, call 2 is in flight; the client is over with what is said now. */
static const struct {
    const char *name;
    enum dsb_rpc_kind kind;
    uint64_t id;
    const char *label;
} breaches[] = {
    {"a second reply to a call", DSB_RPC_REPLY, 1, correlation},
    {"a reply to a call that was never made", DSB_RPC_REPLY, 3, correlation},
    {"a reply to the last call there can be", DSB_RPC_REPLY, UINT64_MAX, correlation},
    {"a request from the side that answers", DSB_RPC_REQUEST, 3, direction},
    {"a cancel from the side that answers", DSB_RPC_CANCEL, 2, direction},
};

static void breaking(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(breaches); i++) {
        unit_row(breaches[i].name);
        begin(CALLS);
        (void)call();
        (void)call();
        EXPECT_STATUS(hear(DSB_RPC_REPLY, 1, NX_OK, ""), NX_OK);
        expect_end(1, NX_OK, true);
        EXPECT_STATUS(hear(breaches[i].kind, breaches[i].id, NX_OK, ""), NX_E_STATE);
        EXPECT_TEXT(client.end_why.text, breaches[i].label);
        expect_end(2, NX_E_STATE, false);
        expect_nothing();
        EXPECT_STATUS(hear(DSB_RPC_REPLY, 2, NX_OK, ""), NX_E_CLOSED);
        EXPECT_EQ(call(), 0);
        EXPECT_EQ(client.call_count, 0);
    }
}

/* ---- deadlines and cancels --------------------------------------------------------------------- */

static void deadlines(void)
{
    unit_row("a nanosecond before its deadline a call is in flight");
    begin(CALLS);
    (void)call();
    EXPECT_EQ(dsb_rpc_client_deadline(&client).ns, now.ns + 1000000000u);
    now.ns += 999999999u;
    dsb_rpc_client_tick(&client, now);
    expect_nothing();

    unit_row("at its deadline exactly it is over, and the peer is told");
    now.ns += 1;
    dsb_rpc_client_tick(&client, now);
    expect_cancel(1);
    expect_no_cancel();
    expect_end(1, NX_E_TIMEOUT, false);
    expect_nothing();

    unit_row("the reply that comes after that is passed over, once");
    EXPECT_EQ(client.call_count, 1);
    EXPECT_STATUS(hear(DSB_RPC_REPLY, 1, NX_OK, "late"), NX_OK);
    expect_nothing();
    EXPECT_EQ(client.call_count, 0);
    EXPECT(nx_instant_is_never(dsb_rpc_client_deadline(&client)));
    EXPECT_STATUS(hear(DSB_RPC_REPLY, 1, NX_OK, "later"), NX_E_STATE);

    unit_row("a call that was given up keeps its place until the peer has answered");
    begin(1);
    (void)call();
    pass(1000);
    expect_end(1, NX_E_TIMEOUT, false);
    EXPECT_EQ(call(), 0);
    EXPECT_STATUS(hear(DSB_RPC_REPLY, 1, NX_E_ABORTED, ""), NX_OK);
    EXPECT_EQ(call(), 2);

    unit_row("a peer that owes the answer for a moment less than 30 s");
    begin(CALLS);
    (void)call();
    pass(1000);
    expect_end(1, NX_E_TIMEOUT, false);
    pass(DSB_RPC_ANSWER_S * 1000 - 1);
    EXPECT_STATUS(client.end_status, NX_OK);

    unit_row("and for 30 s: it has failed, and every call with it");
    EXPECT_EQ(call(), 2);
    pass(1);
    EXPECT_STATUS(client.end_status, NX_E_TIMEOUT);
    expect_end(2, NX_E_TIMEOUT, false);
    EXPECT_EQ(client.call_count, 0);
}

static void cancels(void)
{
    unit_row("a call that is cancelled ends as aborted, and the peer is told");
    begin(CALLS);
    (void)call();
    EXPECT_STATUS(dsb_rpc_client_cancel(&client, now, 1), NX_OK);
    expect_end(1, NX_E_ABORTED, false);
    expect_nothing();
    expect_cancel(1);
    expect_no_cancel();

    unit_row("the answer to a cancel is passed over");
    EXPECT_STATUS(hear(DSB_RPC_REPLY, 1, NX_E_ABORTED, ""), NX_OK);
    expect_nothing();
    EXPECT_EQ(client.call_count, 0);

    unit_row("a call is cancelled once");
    begin(CALLS);
    (void)call();
    EXPECT_STATUS(dsb_rpc_client_cancel(&client, now, 1), NX_OK);
    EXPECT_STATUS(dsb_rpc_client_cancel(&client, now, 1), NX_E_NOT_FOUND);
    expect_end(1, NX_E_ABORTED, false);
    EXPECT_STATUS(dsb_rpc_client_cancel(&client, now, 1), NX_E_NOT_FOUND);
    EXPECT_STATUS(dsb_rpc_client_cancel(&client, now, 2), NX_E_NOT_FOUND);

    unit_row("a reply that crosses the cancel before it left makes it needless");
    begin(CALLS);
    (void)call();
    EXPECT_STATUS(dsb_rpc_client_cancel(&client, now, 1), NX_OK);
    EXPECT_STATUS(hear(DSB_RPC_REPLY, 1, NX_OK, "crossed"), NX_OK);
    expect_no_cancel();
    expect_end(1, NX_E_ABORTED, false);
    EXPECT_EQ(client.call_count, 0);

    unit_row("a call that was answered and not told cannot be cancelled any more");
    begin(CALLS);
    (void)call();
    EXPECT_STATUS(hear(DSB_RPC_REPLY, 1, NX_OK, "done"), NX_OK);
    EXPECT_STATUS(dsb_rpc_client_cancel(&client, now, 1), NX_E_NOT_FOUND);
    pass(5000);
    expect_end(1, NX_OK, true);
}

/* ---- the end ----------------------------------------------------------------------------------- */

static void ends(void)
{
    unit_row("a stream that ends ends every call once, and those that were told not again");
    begin(CALLS);
    (void)call();
    (void)call();
    (void)call();
    EXPECT_STATUS(dsb_rpc_client_cancel(&client, now, 1), NX_OK);
    expect_end(1, NX_E_ABORTED, false); /* abandoned */
    EXPECT_STATUS(dsb_rpc_client_cancel(&client, now, 2), NX_OK);
    dsb_rpc_client_end(&client, NX_E_CLOSED, "the session ended");
    dsb_rpc_client_end(&client, NX_E_IO, "and again");
    expect_no_cancel();
    expect_end(2, NX_E_ABORTED, false);
    expect_end(3, NX_E_CLOSED, false);
    expect_nothing();
    EXPECT_EQ(client.call_count, 0);
    EXPECT(nx_instant_is_never(dsb_rpc_client_deadline(&client)));

    unit_row("a reply that came before the end is told");
    begin(CALLS);
    (void)call();
    EXPECT_STATUS(hear(DSB_RPC_REPLY, 1, NX_OK, "yes"), NX_OK);
    dsb_rpc_client_end(&client, NX_E_CLOSED, "");
    expect_end(1, NX_OK, true);

    unit_row("after the end nothing is called, and why is said");
    struct dsb_rpc_message message;
    struct nx_why why = {""};
    begin(CALLS);
    dsb_rpc_client_end(&client, NX_E_CLOSED, "the session ended");
    EXPECT_STATUS(dsb_rpc_client_call(&client, &usual, &message, &why), NX_E_CLOSED);
    EXPECT_TEXT(why.text, "the session ended");
}

UNIT_SUITE(client_test)
{
    asking();
    answers();
    breaking();
    deadlines();
    cancels();
    ends();
}
