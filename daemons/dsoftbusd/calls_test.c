/* Calls: what programs may say, when, and what they hear (docs/contracts/ipc.md). */
#include "core/base/memory.h"
#include "tests/dsoftbusd/desk.h"
#include "tests/unit/unit.h"

static struct desk *desk;
static struct desk_device *a, *b;
static struct desk_program *p, *q;

static const struct nx_bytes nothing = {NULL, 0};

static void begin_with(struct desk *fresh)
{
    desk = fresh;
    a = &desk->devices[0];
    b = &desk->devices[1];
    p = desk_join(a);
    q = desk_join(a);
}

static void begin(void)
{
    begin_with(desk_begin());
}

static void begin_paired(void)
{
    begin_with(desk_begin_paired());
}

/* The other programs of the daemon are served as before. */
static void expect_served(struct desk_program *other)
{
    desk_call(other, 777, DSOFTBUSD_OPERATION_STATUS, nothing);
    desk_expect_reply(other, 777, NX_OK);
    desk_expect_nothing(other);
}

/* ---- happy ends ------------------------------------------------------------------------------ */

static void status_rows(void)
{
    struct dsoftbusd_status_reader s;

    unit_row("status tells who we are and what is there");
    begin_paired();
    desk_call(p, 1, DSOFTBUSD_OPERATION_STATUS, nothing);
    desk_expect_reply(p, 1, NX_OK);
    s = dsoftbusd_status_root(&desk->body);
    EXPECT_BYTES(dsoftbusd_status_get_device_id(s), nx_bytes_of_text(a->id));
    EXPECT_BYTES(dsoftbusd_status_get_version(s), nx_bytes_of_text("1.2.3"));
    EXPECT_BYTES(dsoftbusd_status_get_name(s), nx_bytes_of_text("desk"));
    EXPECT_EQ(dsoftbusd_status_get_listen(s).count, 1);
    EXPECT_EQ(dsoftbusd_status_get_peer_count(s), 1);
    EXPECT_EQ(dsoftbusd_status_get_session_count(s), 1);
    EXPECT_EQ(dsoftbusd_status_get_stream_count(s), 0);
    EXPECT_EQ(dsoftbusd_status_get_client_count(s), 2);
    EXPECT_EQ(dsoftbusd_status_get_device_count(s), 1);
    EXPECT_EQ(dsoftbusd_status_get_registry(s), DSOFTBUSD_REGISTRY_STATE_READY);
    EXPECT_EQ(dsoftbusd_status_get_registry_why(s).len, 0);

    unit_row("a node that could not read its registry says so, and refuses what needs one with it");
    begin();
    a->d->node.registry.state = DSB_REGISTRY_REFUSED;
    a->d->node.registry_status = NX_E_IO;
    nx_why_set(&a->d->node.registry.why, "registry.json cannot be read");
    desk_call(p, 1, DSOFTBUSD_OPERATION_STATUS, nothing);
    desk_expect_reply(p, 1, NX_OK);
    s = dsoftbusd_status_root(&desk->body);
    EXPECT_EQ(dsoftbusd_status_get_registry(s), DSOFTBUSD_REGISTRY_STATE_REFUSED);
    EXPECT_BYTES(dsoftbusd_status_get_registry_why(s),
                 nx_bytes_of_text("registry.json cannot be read"));
    desk_call_named(p, 2, DSOFTBUSD_OPERATION_OFFER, b->id);
    desk_expect_failure(p, 2, NX_E_STATE, "registry.json cannot be read");
}

static void session_rows(void)
{
    unit_row("connect answers at once where there is a session");
    begin_paired();
    desk_call_named(p, 1, DSOFTBUSD_OPERATION_CONNECT, b->id);
    desk_expect_reply(p, 1, NX_OK);
    EXPECT_BYTES(dsoftbusd_connected_get_id(dsoftbusd_connected_root(&desk->body)),
                 nx_bytes_of_text(b->id));
    EXPECT_EQ(dsoftbusd_connected_get_protocol(dsoftbusd_connected_root(&desk->body)), 1);

    unit_row("ping takes its time, and tells how long");
    desk_call_named(p, 2, DSOFTBUSD_OPERATION_PING, b->id);
    desk_expect_reply(p, 2, NX_OK);

    unit_row("two pings of one session at once are both answered");
    b->is_on = false; /* it has no turns */
    desk_call_named(p, 3, DSOFTBUSD_OPERATION_PING, b->id);
    desk_call_named(q, 4, DSOFTBUSD_OPERATION_PING, b->id);
    desk_expect_nothing(p);
    desk_expect_nothing(q);
    b->is_on = true;
    desk_settle();
    desk_expect_reply(p, 3, NX_OK);
    desk_expect_reply(q, 4, NX_OK);

    unit_row("a ping that was cancelled is in nobody's way");
    b->is_on = false;
    desk_call_named(p, 5, DSOFTBUSD_OPERATION_PING, b->id);
    desk_cancel(p, 5);
    desk_expect_reply(p, 5, NX_E_ABORTED);
    desk_call_named(p, 6, DSOFTBUSD_OPERATION_PING, b->id);
    b->is_on = true;
    desk_settle();
    desk_expect_reply(p, 6, NX_OK);
    desk_expect_nothing(p);

    unit_row("a session that ends while a ping waits ends the ping");
    b->is_on = false;
    desk_call_named(p, 7, DSOFTBUSD_OPERATION_PING, b->id);
    b->is_on = true;
    desk_switch_off(b, true);
    desk_pass(nx_seconds(100));
    desk_expect_failure(p, 7, NX_E_CLOSED, "the session ended");

    unit_row("peers tells how the last session ended");
    desk_call(p, 8, DSOFTBUSD_OPERATION_PEERS, nothing);
    desk_expect_news(p, 8);
    EXPECT_EQ(dsoftbusd_peer_get_session(dsoftbusd_peer_root(&desk->body)),
              DSOFTBUSD_SESSION_STATE_NONE);
    EXPECT(dsoftbusd_peer_has_last_end(dsoftbusd_peer_root(&desk->body)));
    EXPECT(!dsoftbusd_peer_get_one_sided(dsoftbusd_peer_root(&desk->body)));
    desk_expect_reply(p, 8, NX_OK);

    unit_row("connect to a device that is not there fails with a sentence that has its address");
    fabric_hear(a->d, b->d, b->d->address);
    desk_settle();
    b->d->host->refuses = true;
    desk_call_named(p, 9, DSOFTBUSD_OPERATION_CONNECT, b->id);
    desk_pass(nx_seconds(30));
    desk_expect_failure(p, 9, NX_E_NOT_FOUND, "10.0.0.2:34567: refused, nobody listens there");
    desk_expect_nothing(p);

    unit_row("connect, ping and open wait for the session that a dial brings");
    desk_switch_on(b);
    desk_pass(nx_seconds(100));
    begin_paired();
    desk_switch_off(b, false);
    desk_settle();
    desk_switch_on(b);
    a->d->host->is_silent = b->d->host->is_silent = false;
    desk_call_named(p, 1, DSOFTBUSD_OPERATION_CONNECT, b->id);
    desk_call_named(q, 2, DSOFTBUSD_OPERATION_PING, b->id);
    desk_pass(nx_seconds(70));
    desk_expect_reply(p, 1, NX_OK);
    desk_expect_reply(q, 2, NX_OK);

    unit_row("unpair answers when it is stored, and both sides forget");
    desk_call_named(p, 3, DSOFTBUSD_OPERATION_UNPAIR, b->id);
    desk_expect_reply(p, 3, NX_OK);
    EXPECT_BYTES(dsoftbusd_paired_get_id(dsoftbusd_paired_root(&desk->body)),
                 nx_bytes_of_text(b->id));
    desk_call(p, 4, DSOFTBUSD_OPERATION_PEERS, nothing);
    desk_expect_reply(p, 4, NX_OK);
    EXPECT_EQ(dsb_registry_count(&b->d->node.registry), 0);

    unit_row("what is not paired is not connected to");
    desk_call_named(p, 5, DSOFTBUSD_OPERATION_CONNECT, b->id);
    desk_expect_failure(p, 5, NX_E_NOT_FOUND,
                        "no paired device has that name or id: see nx bus peers");
}

/* ---- bad input ------------------------------------------------------------------------------- */

static void expect_breach(const struct nx_ipc_head *head, const char *row)
{
    unit_row(row);
    begin();
    desk_say(p, head, nothing);
    desk_settle();
    desk_expect_closed(p);
    expect_served(q);
}

static void breach_rows(void)
{
    static const struct nx_ipc_head reply = {.kind = NX_IPC_REPLY, .operation = 1, .call_id = 1};
    static const struct nx_ipc_head news = {.kind = NX_IPC_NEWS, .operation = 1, .call_id = 1};
    static const struct nx_ipc_head data = {
        .kind = NX_IPC_STREAM, .operation = DSOFTBUSD_OPERATION_DATA, .call_id = 1};
    static const uint8_t other_version[NX_IPC_HEAD_LEN] = {2};

    expect_breach(&reply, "a reply from a client ends its connection, and no other");
    expect_breach(&news, "news from a client do");
    expect_breach(&data, "bytes for a stream that was not handed over do");

    unit_row("bytes that are no message do");
    begin();
    desk_say_bytes(p, nx_bytes_of_text("hello"));
    desk_settle();
    desk_expect_closed(p);
    expect_served(q);

    unit_row("a message of another version does");
    begin();
    desk_say_bytes(p, nx_bytes_of(other_version, sizeof(other_version)));
    desk_settle();
    desk_expect_closed(p);
    expect_served(q);

    unit_row("an id that is under way, used for another call, does");
    begin();
    desk_discover(p, 5, true);
    desk_call(p, 5, DSOFTBUSD_OPERATION_STATUS, nothing);
    EXPECT(p->is_closed);
    expect_served(q);

    unit_row("an id may be used again when its reply has left");
    begin();
    for (int i = 0; i < 3; i++)
        expect_served(p);

    unit_row("a call on a connection that listens ends it");
    begin();
    desk_listen(p, 1, "", DSOFTBUSD_STREAM_KIND_MSG, "x");
    desk_expect_news(p, 1);
    desk_call(p, 2, DSOFTBUSD_OPERATION_STATUS, nothing);
    desk_expect_closed(p);
    desk_listen(q, 1, "", DSOFTBUSD_STREAM_KIND_MSG, "x");
    desk_expect_news(q, 1);
}

static const struct {
    const char *name;
    uint16_t operation;
    const char *body; /* NULL: none */
    enum nx_status status;
} bad_calls[] = {
    {"an operation beyond the last is unsupported", 99, NULL, NX_E_UNSUPPORTED},
    {"so is one of streams as a call", DSOFTBUSD_OPERATION_DATA, NULL, NX_E_UNSUPPORTED},
    {"an unknown operation is unsupported whatever its body is", 99, "hello", NX_E_UNSUPPORTED},
    {"a status that asks for something is malformed", DSOFTBUSD_OPERATION_STATUS, "hello",
     NX_E_MALFORMED},
    {"peers that ask for something are", DSOFTBUSD_OPERATION_PEERS, "hello", NX_E_MALFORMED},
    {"a discover without a body is", DSOFTBUSD_OPERATION_DISCOVER, NULL, NX_E_MALFORMED},
    {"bytes that are no discover are", DSOFTBUSD_OPERATION_DISCOVER, "hello", NX_E_MALFORMED},
    {"bytes that are no offer are", DSOFTBUSD_OPERATION_OFFER, "hello", NX_E_MALFORMED},
    {"bytes that are no accept are", DSOFTBUSD_OPERATION_ACCEPT, "hello", NX_E_MALFORMED},
    {"bytes that are no name are: unpair", DSOFTBUSD_OPERATION_UNPAIR, "hello", NX_E_MALFORMED},
    {"bytes that are no name are: connect", DSOFTBUSD_OPERATION_CONNECT, "hello", NX_E_MALFORMED},
    {"bytes that are no address are", DSOFTBUSD_OPERATION_CONNECT_V1, "hello", NX_E_MALFORMED},
    {"bytes that are no name are: ping", DSOFTBUSD_OPERATION_PING, "hello", NX_E_MALFORMED},
    {"bytes that are no open are", DSOFTBUSD_OPERATION_OPEN, "hello", NX_E_MALFORMED},
    {"bytes that are no listen are", DSOFTBUSD_OPERATION_LISTEN, "hello", NX_E_MALFORMED},
};

/* A message whose root has one pointer, a far one to nowhere. */
static const uint8_t pointer_to_nowhere[] = {0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0,
                                             0, 0, 1, 0, 2, 0, 0, 0, 9, 0, 0, 0};

static void bad_call_rows(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(bad_calls); i++) {
        unit_row(bad_calls[i].name);
        begin();
        desk_call(p, 1, bad_calls[i].operation,
                  bad_calls[i].body == NULL ? nothing : nx_bytes_of_text(bad_calls[i].body));
        desk_expect_reply(p, 1, bad_calls[i].status);
        desk_expect_nothing(p);
        expect_served(p);
    }

    for (int i = DSOFTBUSD_OPERATION_OFFER; i <= DSOFTBUSD_OPERATION_LISTEN; i++) {
        unit_row_number("a text that lies outside its message is malformed, not empty: operation",
                        (uint64_t)i);
        begin();
        desk_call(p, 1, (uint16_t)i, nx_bytes_of(pointer_to_nowhere, sizeof(pointer_to_nowhere)));
        desk_expect_reply(p, 1, NX_E_MALFORMED);
    }
}

/* ---- bounds ---------------------------------------------------------------------------------- */

/* Under the ids 1 to `count`, before anything is done about them. */
static void say_calls(struct desk_program *program, uint32_t count, uint16_t operation)
{
    for (uint32_t i = 1; i <= count; i++) {
        const struct nx_ipc_head head = {.kind = NX_IPC_CALL, .operation = operation, .call_id = i};

        desk_say(program, &head, nothing);
    }
}

static void bound_rows(void)
{
    unit_row("the ninth call under way is refused, and the eight go on");
    begin();
    p->unread_max = 100;
    for (uint32_t i = 1; i <= DSOFTBUSD_CALLS_MAX; i++) {
        desk_discover(p, i, true);
        desk_expect_news(p, i);
        desk_expect_news(p, i);
    }
    desk_discover(p, 9, true);
    desk_expect_failure(p, 9, NX_E_LIMIT, "calls under way: limit 8, asked 9");
    desk_expect_nothing(p);

    unit_row("with eight under way a cancel is heard, and makes room");
    desk_cancel(p, 3);
    desk_expect_reply(p, 3, NX_E_ABORTED);
    expect_served(p);

    unit_row("calls sent without waiting are all answered, in order");
    begin();
    p->unread_max = 100;
    say_calls(p, 40, DSOFTBUSD_OPERATION_STATUS);
    desk_settle();
    for (uint32_t i = 1; i <= 40; i++)
        desk_expect_reply(p, i, NX_OK);

    unit_row("who reads no replies is not heard after a few, and hears them all later");
    begin();
    say_calls(p, 40, DSOFTBUSD_OPERATION_PEERS);
    desk_settle();
    EXPECT(!desk_is_heard(p));
    expect_served(q);
    for (uint32_t i = 1; i <= 40; i++) {
        EXPECT(desk_read(p));
        EXPECT_EQ(desk->heard.head.kind, NX_IPC_REPLY);
        desk_settle();
    }
    desk_expect_nothing(p);

    unit_row("thirty-two programs are served, the next one when one has gone");
    begin();
    for (uint32_t i = 2; i < NX_IPC_CLIENTS_MAX; i++)
        expect_served(desk_join(a));
    {
        struct desk_program *last = desk_join(a);

        desk_call(last, 1, DSOFTBUSD_OPERATION_STATUS, nothing);
        desk_expect_nothing(last);
        EXPECT_EQ(last->handle.value, 0);
        desk_leave(p);
        desk_expect_reply(last, 1, NX_OK);
    }

    unit_row("it comes in as well when one broke the protocol, with no other event");
    {
        struct desk_program *last = desk_join(a);

        desk_call(last, 1, DSOFTBUSD_OPERATION_STATUS, nothing);
        desk_expect_nothing(last);
        q->unread_max = 100;
        say_calls(q, 16, DSOFTBUSD_OPERATION_STATUS); /* a share; the rest comes in another round */
        desk_say_bytes(q, nx_bytes_of_text("hello"));
        desk_settle();
        desk_expect_reply(last, 1, NX_OK);
    }

    unit_row(
        "a system that fails to accept is asked again a second later, though nobody tells it to");
    begin();
    a->fails_to_accept = true;
    struct desk_program *late = desk_join(a);
    desk_settle();
    EXPECT(late->handle.value == NX_HANDLE_NONE.value);
    a->fails_to_accept = false;
    desk_pass(nx_milliseconds(999));
    EXPECT(late->handle.value == NX_HANDLE_NONE.value);
    desk_pass(nx_milliseconds(1));
    expect_served(late);

    unit_row("who sends without end takes a share of a turn, and the others theirs");
    begin();
    p->unread_max = 200;
    say_calls(p, 100, DSOFTBUSD_OPERATION_PEERS);
    {
        const struct nx_ipc_head head = {
            .kind = NX_IPC_CALL, .operation = DSOFTBUSD_OPERATION_STATUS, .call_id = 1};

        desk_say(q, &head, nothing);
        dsoftbusd_work(&a->engine, desk->f->now);
    }
    EXPECT(!desk_is_heard(p));
    desk_expect_reply(q, 1, NX_OK);

    unit_row("one that fails below is closed, and everything of it given back");
    begin();
    p->is_broken = true;
    desk_call(p, 1, DSOFTBUSD_OPERATION_STATUS, nothing);
    EXPECT(p->is_closed);
    expect_served(q);
}

/* ---- cancels and deadlines ------------------------------------------------------------------- */

static void call_late(uint32_t id, uint32_t deadline_ms)
{
    const struct nx_ipc_head head = {.kind = NX_IPC_CALL,
                                     .operation = DSOFTBUSD_OPERATION_DISCOVER,
                                     .call_id = id,
                                     .deadline_ms = deadline_ms};
    static uint8_t bytes[64];
    struct nx_capn_builder builder;
    struct nx_bytes body = nothing;

    nx_capn_builder_init_frame(&builder, bytes, sizeof(bytes));
    dsoftbusd_discover_set_watch(dsoftbusd_discover_new_root(&builder), true);
    EXPECT_STATUS(nx_capn_builder_finish(&builder, &body), NX_OK);
    desk_say(p, &head, body);
    desk_settle();
    desk_expect_news(p, id);
    desk_expect_news(p, id);
}

static void wait_rows(void)
{
    unit_row("a call whose deadline is over is answered at that moment, and not before");
    begin();
    call_late(1, 1500);
    desk_pass(nx_milliseconds(1499));
    desk_expect_nothing(p);
    desk_pass(nx_milliseconds(1));
    desk_expect_failure(p, 1, NX_E_TIMEOUT, nx_status_text(NX_E_TIMEOUT));
    desk_expect_nothing(p);

    unit_row("a call without a deadline waits");
    call_late(2, 0);
    desk_pass(nx_seconds(3600));
    desk_expect_nothing(p);

    unit_row("a cancel is answered once: aborted");
    desk_cancel(p, 2);
    desk_expect_reply(p, 2, NX_E_ABORTED);
    desk_cancel(p, 2);
    desk_cancel(p, 99);
    desk_expect_nothing(p);
    expect_served(p);

    unit_row("a connect that waits can be cancelled");
    begin_paired();
    desk_switch_off(b, true);
    desk_pass(nx_seconds(120));
    fabric_hear(a->d, b->d, b->d->address);
    b->d->host->is_silent = true;
    desk_call_named(p, 1, DSOFTBUSD_OPERATION_CONNECT, b->id);
    desk_expect_nothing(p);
    desk_cancel(p, 1);
    desk_expect_reply(p, 1, NX_E_ABORTED);

    unit_row("an open that waits for a session can be cancelled");
    desk_open(p, 2, b->id, DSOFTBUSD_STREAM_KIND_MSG, "x");
    desk_expect_nothing(p);
    desk_cancel(p, 2);
    desk_expect_reply(p, 2, NX_E_ABORTED);
    expect_served(p);

    unit_row("a listen can be cancelled, and its channel is free");
    desk_listen(p, 3, "", DSOFTBUSD_STREAM_KIND_MSG, "x");
    desk_expect_news(p, 3);
    desk_cancel(p, 3);
    desk_expect_reply(p, 3, NX_E_ABORTED);
    desk_listen(q, 4, "", DSOFTBUSD_STREAM_KIND_MSG, "x");
    desk_expect_news(q, 4);
    desk_pass(nx_seconds(30));
    desk_expect_nothing(p);
}

static void turn_rows(void)
{
    uint64_t turn_count;

    unit_row("a daemon with nothing to do sleeps");
    begin_paired();
    desk_pass(nx_seconds(10));
    turn_count = desk->turn_count;
    desk_pass(nx_seconds(20));
    EXPECT(desk->turn_count - turn_count < 20);

    unit_row("one that ends says so to who asks, ends its sessions, and then is idle");
    begin_paired();
    EXPECT(!dsoftbusd_is_idle(&a->engine));
    dsoftbusd_shut_down(&a->engine, desk->f->now);
    a->d->is_touched = true;
    desk_call_named(p, 1, DSOFTBUSD_OPERATION_OFFER, b->id);
    desk_expect_failure(p, 1, NX_E_CLOSED, "this dsoftbusd is shutting down");
    desk_call_named(p, 2, DSOFTBUSD_OPERATION_CONNECT, b->id);
    desk_expect_failure(p, 2, NX_E_CLOSED, "this dsoftbusd is shutting down");
    desk_pass(nx_seconds(2));
    EXPECT(dsoftbusd_is_idle(&a->engine));

    unit_row("an offer that is open ends with it");
    begin();
    desk_call_named(p, 1, DSOFTBUSD_OPERATION_OFFER, b->id);
    desk_expect_news(p, 1);
    dsoftbusd_shut_down(&a->engine, desk->f->now);
    desk_settle();
    desk_expect_reply(p, 1, NX_E_ABORTED);
}

UNIT_SUITE(calls_test)
{
    status_rows();
    session_rows();
    breach_rows();
    bad_call_rows();
    bound_rows();
    wait_rows();
    turn_rows();
}
