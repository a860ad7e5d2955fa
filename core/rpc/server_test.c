#include "core/rpc/server.h"

#include "tests/unit/unit.h"

enum {
    CALLS = 2,
};

static struct dsb_rpc_served places[DSB_RPC_PLACES(CALLS)];
static struct dsb_rpc_server server;
static struct nx_instant now;

static void begin(void)
{
    now = (struct nx_instant){1000};
    dsb_rpc_server_init(&server, places, NX_COUNT_OF(places));
}

static enum nx_status say(enum dsb_rpc_kind kind, uint64_t id)
{
    const struct dsb_rpc_message message = {
        .kind = kind,
        .call_id = id,
        .method = 5,
        .deadline_ms = kind == DSB_RPC_REQUEST ? 1000 : 0,
        .reply_max = 4,
        .body = nx_bytes_of_text("ask"),
    };

    return dsb_rpc_server_input(&server, now, &message);
}

static void expect_event(enum dsb_rpc_server_event_kind kind, uint64_t id, enum nx_status status)
{
    struct dsb_rpc_server_event event = {0};

    EXPECT(dsb_rpc_server_event(&server, &event));
    EXPECT_EQ(event.kind, kind);
    EXPECT_EQ(event.call_id, id);
    EXPECT_EQ(event.method, 5);
    EXPECT_STATUS(event.status, status);
}

/* A call came, and was told. */
static void open_call(uint64_t id)
{
    EXPECT_STATUS(say(DSB_RPC_REQUEST, id), NX_OK);
    expect_event(DSB_RPC_SERVER_CALLED, id, NX_OK);
}

static void expect_nothing(void)
{
    struct dsb_rpc_server_event event;
    struct dsb_rpc_message message;

    EXPECT(!dsb_rpc_server_event(&server, &event));
    EXPECT(!dsb_rpc_server_output(&server, &message));
}

static void expect_answer(uint64_t id, enum nx_status status)
{
    struct dsb_rpc_message message = {0};

    EXPECT(dsb_rpc_server_output(&server, &message));
    EXPECT_EQ(message.kind, DSB_RPC_REPLY);
    EXPECT_EQ(message.call_id, id);
    EXPECT_STATUS(message.status, status);
    EXPECT(message.why.text[0] != '\0');
    dsb_rpc_server_output_sent(&server, &message);
}

static enum nx_status reply(uint64_t id, enum nx_status status, const char *body)
{
    struct dsb_rpc_message message;
    enum nx_status answer =
        dsb_rpc_server_reply(&server, id, status, "why not", nx_bytes_of_text(body), &message);

    if (answer == NX_OK)
        dsb_rpc_server_sent(&server, id);
    return answer;
}

/* ---- answering ------------------------------------------------------------------------------- */

static void answering(void)
{
    struct dsb_rpc_server_event event = {0};
    struct dsb_rpc_message message = {0};

    unit_row("a call is told with all that was asked");
    begin();
    EXPECT(dsb_rpc_server_is_idle(&server));
    EXPECT_STATUS(say(DSB_RPC_REQUEST, 9), NX_OK);
    EXPECT(dsb_rpc_server_event(&server, &event));
    EXPECT_EQ(event.reply_max, 4);
    EXPECT_EQ(event.deadline.ns, now.ns + 1000000000u);
    EXPECT_BYTES(event.body, nx_bytes_of_text("ask"));
    expect_nothing();
    EXPECT(!dsb_rpc_server_is_idle(&server));

    unit_row("an answer that was not sent leaves the call open");
    EXPECT_STATUS(dsb_rpc_server_reply(&server, 9, NX_OK, NULL, nx_bytes_of_text("four"), &message),
                  NX_OK);
    EXPECT_STATUS(message.status, NX_OK);
    EXPECT_BYTES(message.body, nx_bytes_of_text("four"));
    EXPECT_STATUS(reply(9, NX_OK, "four"), NX_OK);
    EXPECT(dsb_rpc_server_is_idle(&server));

    unit_row("a call is answered once");
    EXPECT_STATUS(reply(9, NX_OK, ""), NX_E_NOT_FOUND);

    unit_row("answers overtake each other");
    begin();
    open_call(1);
    open_call(2);
    EXPECT_STATUS(reply(2, NX_OK, ""), NX_OK);
    EXPECT_STATUS(reply(1, NX_OK, ""), NX_OK);
    EXPECT(dsb_rpc_server_is_idle(&server));

    unit_row("an answer of one byte more than was asked for is a failure that names both");
    begin();
    open_call(1);
    EXPECT_STATUS(
        dsb_rpc_server_reply(&server, 1, NX_OK, NULL, nx_bytes_of_text("fives"), &message), NX_OK);
    EXPECT_STATUS(message.status, NX_E_LIMIT);
    EXPECT_TEXT(message.why.text, "bytes of a reply: limit 4, asked 5");
    EXPECT_EQ(message.body.len, 0);

    unit_row("a failure has its reason and no body");
    EXPECT_STATUS(dsb_rpc_server_reply(&server, 1, NX_E_DENIED, "not you", nx_bytes_of_text("body"),
                                       &message),
                  NX_OK);
    EXPECT_STATUS(message.status, NX_E_DENIED);
    EXPECT_TEXT(message.why.text, "not you");
    EXPECT_EQ(message.body.len, 0);

    unit_row("what belongs to a conversation is no answer");
    EXPECT_STATUS(reply(1, NX_WOULD_BLOCK, ""), NX_E_INVALID);
    EXPECT_STATUS(reply(1, NX_OK, ""), NX_OK);

    unit_row("a call that was not told cannot be answered");
    begin();
    EXPECT_STATUS(say(DSB_RPC_REQUEST, 1), NX_OK);
    EXPECT_STATUS(reply(1, NX_OK, ""), NX_E_NOT_FOUND);

    unit_row("a call is told before another one is taken");
    EXPECT_STATUS(say(DSB_RPC_REQUEST, 2), NX_WOULD_BLOCK);
    expect_event(DSB_RPC_SERVER_CALLED, 1, NX_OK);
    EXPECT_STATUS(say(DSB_RPC_REQUEST, 2), NX_OK);
}

/* ---- bounds ---------------------------------------------------------------------------------- */

static void bounds(void)
{
    unit_row("as many calls as there may be; one more is refused, and says so");
    begin();
    open_call(1);
    open_call(2);
    EXPECT_STATUS(say(DSB_RPC_REQUEST, 3), NX_OK);
    struct dsb_rpc_message message = {0};
    EXPECT(dsb_rpc_server_output(&server, &message));
    EXPECT_TEXT(message.why.text, "calls in flight: limit 2, asked 3");

    unit_row("while a refusal waits no further call is taken");
    EXPECT_STATUS(say(DSB_RPC_REQUEST, 4), NX_WOULD_BLOCK);

    unit_row("but a cancel is");
    EXPECT_STATUS(say(DSB_RPC_CANCEL, 1), NX_OK);
    expect_event(DSB_RPC_SERVER_GONE, 1, NX_E_ABORTED);
    expect_answer(1, NX_E_ABORTED);
    expect_answer(3, NX_E_LIMIT);
    EXPECT_STATUS(say(DSB_RPC_REQUEST, 4), NX_OK);
    expect_event(DSB_RPC_SERVER_CALLED, 4, NX_OK);
}

/* ---- breaches -------------------------------------------------------------------------------- */

static const char correlation[] = "core.reject.nonce_mismatch_or_stale_reply";
static const char direction[] = "core.reject.invalid_state_transition";

/* Calls 5 and 6 came; 5 was answered. */
static const struct {
    const char *name;
    enum dsb_rpc_kind kind;
    uint64_t id;
    const char *label; /* NULL: no breach */
} said[] = {
    {"the id of a call in flight, again", DSB_RPC_REQUEST, 6, correlation},
    {"the id of a call that was answered, again", DSB_RPC_REQUEST, 5, correlation},
    {"an id below those that were used", DSB_RPC_REQUEST, 1, correlation},
    {"an id may leave others out", DSB_RPC_REQUEST, UINT64_MAX, NULL},
    {"a cancel of a call that was answered crossed the answer", DSB_RPC_CANCEL, 5, NULL},
    {"a cancel of an id that was left out does nothing", DSB_RPC_CANCEL, 1, NULL},
    {"a cancel of a call that never came", DSB_RPC_CANCEL, 7, correlation},
    {"a reply from the side that calls", DSB_RPC_REPLY, 6, direction},
    {"what a newer version says is passed over", DSB_RPC_FOREIGN, 0, NULL},
};

static void breaking(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(said); i++) {
        unit_row(said[i].name);
        begin();
        open_call(5);
        EXPECT_STATUS(reply(5, NX_OK, ""), NX_OK);
        open_call(6);
        EXPECT_STATUS(say(said[i].kind, said[i].id), said[i].label == NULL ? NX_OK : NX_E_STATE);
        if (said[i].label == NULL) {
            EXPECT_STATUS(server.end_status, NX_OK);
            continue;
        }
        EXPECT_TEXT(server.end_why.text, said[i].label);
        expect_event(DSB_RPC_SERVER_GONE, 6, NX_E_CLOSED);
        expect_nothing();
        EXPECT(dsb_rpc_server_is_idle(&server));
        EXPECT_STATUS(say(DSB_RPC_REQUEST, 8), NX_E_CLOSED);
    }
}

/* ---- cancels and deadlines --------------------------------------------------------------------- */

static void ending_early(void)
{
    unit_row("a call that is cancelled before it was told is never heard of, and answered");
    begin();
    EXPECT_STATUS(say(DSB_RPC_REQUEST, 1), NX_OK);
    EXPECT_STATUS(say(DSB_RPC_CANCEL, 1), NX_WOULD_BLOCK); /* its body is still lent */
    expect_event(DSB_RPC_SERVER_CALLED, 1, NX_OK);
    EXPECT_STATUS(say(DSB_RPC_CANCEL, 1), NX_OK);
    expect_answer(1, NX_E_ABORTED);

    unit_row("one that is cancelled ends for its owner, whose answer then finds nothing");
    EXPECT_STATUS(reply(1, NX_OK, ""), NX_E_NOT_FOUND);
    EXPECT(!dsb_rpc_server_is_idle(&server)); /* it was not told */
    expect_event(DSB_RPC_SERVER_GONE, 1, NX_E_ABORTED);
    EXPECT(dsb_rpc_server_is_idle(&server));

    unit_row("a second cancel does nothing");
    EXPECT_STATUS(say(DSB_RPC_CANCEL, 1), NX_OK);
    expect_nothing();

    unit_row("a nanosecond before its deadline a call is open");
    begin();
    open_call(1);
    EXPECT_EQ(dsb_rpc_server_deadline(&server).ns, now.ns + 1000000000u);
    dsb_rpc_server_tick(&server, (struct nx_instant){now.ns + 999999999u});
    expect_nothing();

    unit_row("at its deadline exactly it is over");
    dsb_rpc_server_tick(&server, (struct nx_instant){now.ns + 1000000000u});
    EXPECT(nx_instant_is_never(dsb_rpc_server_deadline(&server)));
    expect_event(DSB_RPC_SERVER_GONE, 1, NX_E_TIMEOUT);
    EXPECT_STATUS(reply(1, NX_OK, ""), NX_E_NOT_FOUND);
    expect_answer(1, NX_E_TIMEOUT);
    EXPECT(dsb_rpc_server_is_idle(&server));

    unit_row(
        "one that was never told is answered when its deadline passes, and its body let go of");
    begin();
    EXPECT_STATUS(say(DSB_RPC_REQUEST, 1), NX_OK);
    dsb_rpc_server_tick(&server, (struct nx_instant){now.ns + 1000000000u});
    expect_answer(1, NX_E_TIMEOUT);
    expect_nothing();
    EXPECT_STATUS(say(DSB_RPC_REQUEST, 2), NX_OK);

    unit_row("the end of the stream leaves nothing to send, and tells of what is open");
    begin();
    open_call(1);
    open_call(2);
    EXPECT_STATUS(say(DSB_RPC_REQUEST, 3), NX_OK); /* refused, and not sent */
    dsb_rpc_server_end(&server, NX_E_CLOSED, "");
    dsb_rpc_server_end(&server, NX_E_CLOSED, "again");
    expect_event(DSB_RPC_SERVER_GONE, 1, NX_E_CLOSED);
    expect_event(DSB_RPC_SERVER_GONE, 2, NX_E_CLOSED);
    expect_nothing();
    EXPECT(dsb_rpc_server_is_idle(&server));
}

UNIT_SUITE(server_test)
{
    answering();
    bounds();
    breaking();
    ending_early();
}
