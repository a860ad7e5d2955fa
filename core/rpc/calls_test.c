/* Caller and answerer, with two muxes and nothing else between them. */
#include "core/base/memory.h"
#include "core/rpc/answerer.h"
#include "core/rpc/caller.h"
#include "tests/streams/mux_pair.h"
#include "tests/unit/unit.h"

enum {
    CALLS = 4,
};

static struct mux_pair *pair;
static uint8_t gathered[2][DSB_RPC_MESSAGE_MAX], scratch[DSB_RPC_MESSAGE_MAX];
static const struct dsb_rpc_memory memory[2] = {{gathered[0], scratch}, {gathered[1], scratch}};
static struct dsb_rpc_call calls[DSB_RPC_CALLS_MAX];
static struct dsb_rpc_served places[DSB_RPC_PLACES(CALLS)];
static struct dsb_rpc_caller caller;
static struct dsb_rpc_answerer answerer;
static uint8_t filler[DSB_RPC_BODY_MAX];

/* Everything that one end's mux tells; the other end's OPENED accepts. */
static void take_news(size_t end)
{
    struct dsb_mux_event event;

    while (dsb_mux_event(&pair->ends[end], &event)) {
        if (event.kind == DSB_MUX_OPENED) {
            EXPECT_BYTES(event.name, nx_bytes_of_text("rpc/test"));
            EXPECT_EQ(event.priority, DSB_RPC_PRIORITY);
            EXPECT_STATUS(dsb_mux_accept(&pair->ends[end], event.stream, true, DSB_RPC_PRIORITY),
                          NX_OK);
            dsb_rpc_answerer_accept(&answerer, &memory[1], places, NX_COUNT_OF(places),
                                    &pair->ends[end], event.stream);
        }
        if (event.kind != DSB_MUX_ENDED)
            continue;
        if (dsb_rpc_stream_is(&caller.stream, &pair->ends[end], event.stream))
            dsb_rpc_caller_ended(&caller, &event);
        else if (dsb_rpc_stream_is(&answerer.stream, &pair->ends[end], event.stream))
            dsb_rpc_answerer_ended(&answerer);
    }
}

static void settle(void)
{
    for (int i = 0; i < 4; i++) {
        mux_pair_pump(pair);
        take_news(0);
        take_news(1);
    }
}

static void begin(uint32_t call_cap)
{
    pair = mux_pair_begin();
    EXPECT_STATUS(dsb_rpc_caller_open(&caller, &memory[0], calls, call_cap, &pair->ends[0],
                                      nx_bytes_of_text("test")),
                  NX_OK);
    settle();
}

static enum nx_status call(struct nx_bytes body, uint64_t tag)
{
    const struct dsb_rpc_request request = {
        .deadline_ms = 1000, .reply_max = DSB_RPC_BODY_MAX, .body = body, .tag = tag};
    uint64_t id;
    struct nx_why why;

    return dsb_rpc_caller_call(&caller, pair->now, &request, &id, &why);
}

static bool next_call(struct dsb_rpc_server_event *event)
{
    settle();
    return dsb_rpc_answerer_event(&answerer, pair->now, event);
}

static bool next_end(struct dsb_rpc_client_event *event)
{
    settle();
    return dsb_rpc_caller_event(&caller, pair->now, event);
}

static void expect_end(uint64_t tag, enum nx_status status)
{
    struct dsb_rpc_client_event event = {0};

    EXPECT(next_end(&event));
    EXPECT_EQ(event.tag, tag);
    EXPECT_STATUS(event.status, status);
}

/* Answers what waits with what was asked. False: nothing waits. */
static bool echo(void)
{
    struct dsb_rpc_server_event event;

    if (!next_call(&event))
        return false;
    EXPECT_EQ(event.kind, DSB_RPC_SERVER_CALLED);
    EXPECT_STATUS(
        dsb_rpc_answerer_reply(&answerer, pair->now, event.call_id, NX_OK, NULL, event.body),
        NX_OK);
    return true;
}

/* ---- calls ----------------------------------------------------------------------------------- */

static const size_t lengths[] = {0, 1, 64, 1000, 32768, DSB_RPC_BODY_MAX};

static void echoes(void)
{
    struct dsb_rpc_client_event event = {0};

    for (size_t i = 0; i < NX_COUNT_OF(lengths); i++) {
        unit_row_number("there and back, bytes", lengths[i]);
        begin(CALLS);
        EXPECT_STATUS(call(nx_bytes_of(filler, lengths[i]), 1), NX_OK);
        EXPECT(echo());
        EXPECT(next_end(&event));
        EXPECT_STATUS(event.status, NX_OK);
        EXPECT_BYTES(event.body, nx_bytes_of(filler, lengths[i]));
    }

    unit_row("one call after the other finds room, however often");
    begin(CALLS);
    for (uint64_t i = 1; i <= 300; i++) {
        EXPECT_STATUS(call(nx_bytes_of(filler, 997), i), NX_OK);
        EXPECT(echo());
        expect_end(i, NX_OK);
    }

    unit_row("the longest ones, too");
    for (uint64_t i = 1; i <= 20; i++) {
        EXPECT_STATUS(call(nx_bytes_of(filler, DSB_RPC_BODY_MAX), i), NX_OK);
        EXPECT(echo());
        expect_end(i, NX_OK);
    }

    unit_row("a later answer overtakes");
    struct dsb_rpc_server_event first = {0}, second = {0};
    EXPECT_STATUS(call(nx_bytes_of_text("a"), 101), NX_OK);
    EXPECT_STATUS(call(nx_bytes_of_text("b"), 102), NX_OK);
    EXPECT(next_call(&first));
    EXPECT(next_call(&second));
    const struct nx_bytes none = {NULL, 0};
    EXPECT_STATUS(dsb_rpc_answerer_reply(&answerer, pair->now, second.call_id, NX_OK, NULL, none),
                  NX_OK);
    expect_end(102, NX_OK);
    EXPECT_STATUS(
        dsb_rpc_answerer_reply(&answerer, pair->now, first.call_id, NX_E_BUSY, "later", none),
        NX_OK);
    expect_end(101, NX_E_BUSY);
}

/* ---- too much -------------------------------------------------------------------------------- */

static void too_much(void)
{
    struct dsb_rpc_server_event served;
    struct dsb_rpc_client_event event;

    unit_row("more calls than are served at once: those are refused, and no others");
    begin(CALLS + 2);
    for (uint64_t i = 1; i <= CALLS + 2; i++)
        EXPECT_STATUS(call(nx_bytes_of_text("x"), i), NX_OK);
    for (uint64_t i = 1; i <= CALLS; i++)
        EXPECT(next_call(&served));
    EXPECT(!next_call(&served));
    expect_end(CALLS + 1, NX_E_LIMIT);
    expect_end(CALLS + 2, NX_E_LIMIT);
    EXPECT(!next_end(&event));

    unit_row("an answer that finds no room leaves its call open, and goes when there is room");
    begin(CALLS);
    for (uint64_t i = 1; i <= 3; i++)
        EXPECT_STATUS(call(nx_bytes_of(filler, 100), i), NX_OK);
    for (uint64_t id = 1; id <= 3; id++) /* the caller takes nothing: queue and credit fill */
        EXPECT(next_call(&served));
    const struct nx_bytes most = nx_bytes_of(filler, DSB_RPC_BODY_MAX);
    EXPECT_STATUS(dsb_rpc_answerer_reply(&answerer, pair->now, 1, NX_OK, NULL, most), NX_OK);
    settle();
    EXPECT_STATUS(dsb_rpc_answerer_reply(&answerer, pair->now, 2, NX_OK, NULL, most), NX_OK);
    settle();
    EXPECT_STATUS(dsb_rpc_answerer_reply(&answerer, pair->now, 3, NX_OK, NULL, most),
                  NX_WOULD_BLOCK);
    expect_end(1, NX_OK);
    EXPECT(!next_end(&event) || event.tag == 2);
    settle();
    EXPECT_STATUS(dsb_rpc_answerer_reply(&answerer, pair->now, 3, NX_OK, NULL, most), NX_OK);

    unit_row("a queue that is full takes no further call, and loses none");
    begin(CALLS);
    EXPECT_STATUS(call(most, 1), NX_OK);
    EXPECT_STATUS(call(most, 2), NX_WOULD_BLOCK);
    EXPECT(echo());
    expect_end(1, NX_OK);
    EXPECT_STATUS(call(most, 2), NX_OK);
}

/* ---- ends ------------------------------------------------------------------------------------ */

static void ends(void)
{
    struct dsb_rpc_server_event served = {0};
    struct dsb_rpc_client_event event = {0};
    struct nx_bytes none = {NULL, 0};

    unit_row("a call past its deadline is over on both sides, and the next one works");
    begin(CALLS);
    EXPECT_STATUS(call(none, 1), NX_OK);
    EXPECT(next_call(&served));
    pair->now = nx_instant_after(pair->now, nx_milliseconds(1000));
    expect_end(1, NX_E_TIMEOUT);
    EXPECT(!next_end(&event)); /* the cancel goes */
    EXPECT(next_call(&served));
    EXPECT_EQ(served.kind, DSB_RPC_SERVER_GONE);
    EXPECT(!next_call(&served)); /* the answer goes */
    EXPECT(!next_end(&event));   /* and is passed over */
    EXPECT_EQ(caller.client.call_count, 0);
    EXPECT_STATUS(call(none, 2), NX_OK);
    EXPECT(echo());
    expect_end(2, NX_OK);

    unit_row("a cancel reaches whoever works on the call");
    begin(CALLS);
    EXPECT_STATUS(call(none, 1), NX_OK);
    EXPECT(next_call(&served));
    EXPECT_STATUS(dsb_rpc_caller_cancel(&caller, pair->now, 1), NX_OK);
    expect_end(1, NX_E_ABORTED);
    EXPECT(!next_end(&event));
    EXPECT(next_call(&served));
    EXPECT_EQ(served.kind, DSB_RPC_SERVER_GONE);
    EXPECT_STATUS(served.status, NX_E_ABORTED);
    EXPECT_STATUS(dsb_rpc_answerer_reply(&answerer, pair->now, 1, NX_OK, NULL, none),
                  NX_E_NOT_FOUND);

    unit_row("a session that is cut ends the calls of both sides");
    begin(CALLS);
    EXPECT_STATUS(call(none, 1), NX_OK);
    EXPECT(next_call(&served));
    dsb_mux_cut(&pair->ends[0]);
    dsb_mux_cut(&pair->ends[1]);
    expect_end(1, NX_E_CLOSED);
    EXPECT(dsb_rpc_caller_is_over(&caller));
    EXPECT(next_call(&served));
    EXPECT_EQ(served.kind, DSB_RPC_SERVER_GONE);
    EXPECT(!next_call(&served));
    EXPECT(dsb_rpc_answerer_is_over(&answerer));

    unit_row("a caller that is done leaves nothing behind");
    begin(CALLS);
    EXPECT_STATUS(call(none, 1), NX_OK);
    EXPECT(next_call(&served));
    dsb_rpc_caller_close(&caller);
    expect_end(1, NX_E_CLOSED);
    EXPECT(next_call(&served));
    EXPECT(!next_call(&served));
    EXPECT(dsb_rpc_answerer_is_over(&answerer));
    EXPECT_EQ(pair->pools[0].streams.used_count, 0);
    EXPECT_EQ(pair->pools[1].streams.used_count, 0);

    unit_row("a caller that finishes is answered, and then the stream is over");
    begin(CALLS);
    EXPECT_STATUS(call(none, 1), NX_OK);
    EXPECT_STATUS(dsb_mux_finish(caller.stream.mux, caller.stream.stream), NX_OK);
    EXPECT(echo());
    expect_end(1, NX_OK);
    EXPECT(!next_call(&served));
    EXPECT(!next_end(&event));
    settle();
    EXPECT(dsb_rpc_caller_is_over(&caller));
    EXPECT(dsb_rpc_answerer_is_over(&answerer));
    EXPECT_EQ(pair->pools[1].streams.used_count, 0);

    unit_row("a stream that is refused ends the calls on it, and says why");
    begin(CALLS);
    EXPECT_STATUS(call(none, 1), NX_OK);
    dsb_rpc_answerer_close(&answerer, DSB_RST_UNSUPPORTED, "no such service");
    EXPECT(next_end(&event));
    EXPECT_STATUS(event.status, NX_E_UNSUPPORTED);
    EXPECT_TEXT(event.why.text, "no such service");
}

/* ---- hostile --------------------------------------------------------------------------------- */

/* The other side as a stream of messages that says what it likes. */
static void push_raw(struct dsb_rpc_stream *s, struct nx_bytes bytes, bool is_last)
{
    size_t taken;

    EXPECT_STATUS(dsb_mux_push(s->mux, pair->now, s->stream, bytes,
                               is_last ? DSB_PUSH_LAST : DSB_PUSH_PART, &taken),
                  NX_OK);
    EXPECT_EQ(taken, bytes.len);
}

static void hostile(void)
{
    struct dsb_rpc_server_event served;
    struct dsb_rpc_client_event event = {0};
    const struct dsb_rpc_message stale = {.kind = DSB_RPC_REPLY, .call_id = 5};

    unit_row("a message that is none resets the stream, and ends its calls");
    begin(CALLS);
    EXPECT_STATUS(call(nx_bytes_of_text("x"), 1), NX_OK);
    push_raw(&answerer.stream, nx_bytes_of_text("no message"), true);
    expect_end(1, NX_E_MALFORMED);
    EXPECT(dsb_rpc_caller_is_over(&caller));
    EXPECT(!next_call(&served) || served.kind == DSB_RPC_SERVER_GONE);

    unit_row("so does one that is longer than any");
    begin(CALLS);
    EXPECT_STATUS(call(nx_bytes_of_text("x"), 1), NX_OK);
    push_raw(&answerer.stream, nx_bytes_of(filler, DSB_RPC_BODY_MAX), false);
    settle();
    EXPECT(!next_end(&event));
    push_raw(&answerer.stream, nx_bytes_of(filler, DSB_RPC_HEAD_MAX + 1), false);
    EXPECT(next_end(&event));
    EXPECT_STATUS(event.status, NX_E_LIMIT);
    EXPECT_TEXT(event.why.text, "core.reject.oversize_frame_or_record");

    unit_row("and one that its sender ended in the middle of");
    begin(CALLS);
    EXPECT_STATUS(call(nx_bytes_of_text("x"), 1), NX_OK);
    push_raw(&answerer.stream, nx_bytes_of_text("half"), false);
    EXPECT_STATUS(dsb_mux_finish(answerer.stream.mux, answerer.stream.stream), NX_OK);
    expect_end(1, NX_E_MALFORMED);

    unit_row("a reply to nothing resets the stream with its label");
    begin(CALLS);
    EXPECT_STATUS(dsb_rpc_stream_push(&answerer.stream, pair->now, &stale), NX_OK);
    EXPECT(!next_end(&event));
    EXPECT(dsb_rpc_caller_is_over(&caller));
    EXPECT_TEXT(caller.client.end_why.text, "core.reject.nonce_mismatch_or_stale_reply");

    unit_row("the side that answers does the same");
    begin(CALLS);
    EXPECT_STATUS(dsb_rpc_stream_push(&caller.stream, pair->now, &stale), NX_OK);
    EXPECT(!next_call(&served));
    settle();
    EXPECT(dsb_rpc_answerer_is_over(&answerer));
    EXPECT(dsb_rpc_caller_is_over(&caller));
    EXPECT_TEXT(caller.client.end_why.text, "core.reject.invalid_state_transition");

    unit_row("a peer that never answers ends the stream, and not this side's memory");
    begin(1);
    EXPECT_STATUS(call(nx_bytes_of_text("x"), 1), NX_OK);
    pair->now = nx_instant_after(pair->now, nx_milliseconds(1000));
    expect_end(1, NX_E_TIMEOUT);
    EXPECT_EQ(dsb_rpc_caller_deadline(&caller).ns,
              nx_instant_after(pair->now, nx_seconds(DSB_RPC_ANSWER_S)).ns);
    pair->now = dsb_rpc_caller_deadline(&caller);
    EXPECT(!next_end(&event));
    EXPECT(dsb_rpc_caller_is_over(&caller));
    EXPECT_EQ(caller.client.call_count, 0);
}

UNIT_SUITE(calls_test)
{
    for (size_t i = 0; i < sizeof(filler); i++)
        filler[i] = (uint8_t)(i * 7 + i / 251);
    echoes();
    too_much();
    ends();
    hostile();
}
