/* Typed calls: of programs to services of a peer, and what the daemon answers to its peers. */
#include "core/base/memory.h"
#include "core/base/text.h"
#include "core/crypto/crypto.h"
#include "schemas/node.capnp.h"
#include "tests/dsoftbusd/desk.h"
#include "tests/unit/unit.h"

static struct desk *desk;
static struct desk_device *a, *b;
static struct desk_program *p;

static uint8_t filler[DSB_RPC_BODY_MAX + 8], made[2 * NX_IPC_BODY_MAX],
    inner[DSB_RPC_BODY_MAX + 64];

static void begin(void)
{
    desk = desk_begin_paired();
    a = &desk->devices[0];
    b = &desk->devices[1];
    p = desk_join(a);
}

/* ---- asking ---------------------------------------------------------------------------------- */

struct asked {
    const char *peer; /* NULL: the other one */
    const char *service;
    uint16_t method;
    uint32_t reply_max;
    uint32_t deadline_ms;
};

static void ask(struct desk_program *program, uint32_t id, const struct asked *asked,
                struct nx_bytes body)
{
    struct nx_capn_builder builder;
    struct nx_bytes bytes = {NULL, 0};
    const struct nx_ipc_head head = {.kind = NX_IPC_CALL,
                                     .operation = DSOFTBUSD_OPERATION_CALL,
                                     .call_id = id,
                                     .deadline_ms = asked->deadline_ms};

    nx_capn_builder_init_frame(&builder, made, sizeof(made));
    struct dsoftbusd_call_builder call = dsoftbusd_call_new_root(&builder);
    dsoftbusd_call_set_peer(call, nx_bytes_of_text(asked->peer == NULL ? b->id : asked->peer));
    dsoftbusd_call_set_service(call, nx_bytes_of_text(asked->service));
    dsoftbusd_call_set_method(call, asked->method);
    dsoftbusd_call_set_reply_max(call, asked->reply_max);
    dsoftbusd_call_set_body(call, body);
    EXPECT_STATUS(nx_capn_builder_finish(&builder, &bytes), NX_OK);
    desk_say(program, &head, bytes);
}

static struct nx_bytes echo_body(size_t len)
{
    struct nx_capn_builder builder;
    struct nx_bytes bytes = {NULL, 0};

    nx_capn_builder_init_frame(&builder, inner, sizeof(inner));
    node_echo_set_data(node_service_echo_call(&builder), nx_bytes_of(filler, len));
    EXPECT_STATUS(nx_capn_builder_finish(&builder, &bytes), NX_OK);
    return bytes;
}

static const struct asked echo = {NULL, "node", NODE_SERVICE_METHOD_ECHO, DSB_RPC_BODY_MAX, 0};
static const struct asked info = {NULL, "node", NODE_SERVICE_METHOD_INFO, DSB_RPC_BODY_MAX, 0};
static const struct nx_bytes nothing = {NULL, 0};

/* The answer that was read last, open as a body. */
static struct nx_capn_message *answered(void)
{
    static struct nx_capn_segment table[4];
    static struct nx_capn_message m;
    struct dsoftbusd_answer_reader answer = dsoftbusd_answer_root(&desk->body);

    EXPECT_BYTES(dsoftbusd_answer_get_id(answer), nx_bytes_of_text(b->id));
    EXPECT_STATUS(nx_capn_message_open(&m, &nx_capn_limits_default,
                                       dsoftbusd_answer_get_body(answer), table, 4),
                  NX_OK);
    return &m;
}

static void expect_echo(uint32_t id, size_t len)
{
    desk_expect_reply(p, id, NX_OK);
    EXPECT_BYTES(node_echo_get_data(node_service_echo_answer(answered())),
                 nx_bytes_of(filler, len));
}

/* How much of the limit of that name is used at a device. */
static void expect_used(struct desk_program *client, uint32_t id, const char *name, uint64_t used)
{
    desk_call(client, id, DSOFTBUSD_OPERATION_LIMITS, nothing);
    desk_expect_reply(client, id, NX_OK);
    struct nx_capn_list limits = dsoftbusd_limits_get_limits(dsoftbusd_limits_root(&desk->body));
    for (uint32_t i = 0; i < limits.count; i++) {
        struct dsoftbusd_limit_reader l = dsoftbusd_limit_at(limits, i);

        if (!nx_bytes_equal(dsoftbusd_limit_get_name(l), nx_bytes_of_text(name)))
            continue;
        EXPECT_EQ(dsoftbusd_limit_get_used(l), used);
        return;
    }
    EXPECT_TEXT("no limit", name);
}

/* ---- answers --------------------------------------------------------------------------------- */

static const size_t lengths[] = {0, 1, 64, 4096, 40000, DSB_RPC_BODY_MAX - 24};

static void answers(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(lengths); i++) {
        unit_row_number("an echo, bytes", lengths[i]);
        begin();
        ask(p, 1, &echo, echo_body(lengths[i]));
        desk_settle();
        expect_echo(1, lengths[i]);
    }

    unit_row("info says what the peer is, and nothing of others");
    ask(p, 1, &info, nothing);
    desk_settle();
    desk_expect_reply(p, 1, NX_OK);
    struct node_info_reader it = node_service_info_answer(answered());
    EXPECT_BYTES(node_info_get_device_id(it), nx_bytes_of_text(b->id));
    EXPECT_BYTES(node_info_get_version(it), nx_bytes_of_text(b->engine.config.version));
    EXPECT_EQ(node_info_get_session_count(it), 1);
    EXPECT_EQ(node_info_get_call_count(it), 1);
    EXPECT(node_info_get_limits(it).count > 5);

    unit_row("all calls of a service share one stream, however many there are");
    begin();
    for (uint32_t id = 1; id <= DSOFTBUSD_CALLS_MAX; id++)
        ask(p, id, &echo, echo_body(id));
    desk_settle();
    for (uint32_t id = 1; id <= DSOFTBUSD_CALLS_MAX; id++)
        expect_echo(id, id);
    EXPECT_EQ(a->d->node.pools.streams.used_count, 1);

    unit_row("limits tells of that stream, at either end");
    expect_used(p, 1, "services of peers called", 1);
    expect_used(p, 1, "streams where peers call", 0);
    expect_used(desk_join(b), 1, "streams where peers call", 1);

    unit_row("a thousand calls one after the other take no more than one does");
    uint32_t blocks = b->d->node.pools.blocks.used_count;
    for (uint32_t id = 1; id <= 1000; id++) {
        ask(p, id, &echo, echo_body(300));
        desk_settle();
        expect_echo(id, 300);
    }
    EXPECT_EQ(b->d->node.pools.blocks.used_count, blocks);
    EXPECT_EQ(b->engine.served_call_count, 1000 + DSOFTBUSD_CALLS_MAX);

    unit_row("the longest calls at once wait for room, and all are answered");
    begin();
    for (uint32_t id = 1; id <= DSOFTBUSD_CALLS_MAX; id++)
        ask(p, id, &echo, echo_body(DSB_RPC_BODY_MAX - 24));
    desk_settle();
    for (uint32_t id = 1; id <= DSOFTBUSD_CALLS_MAX; id++) {
        EXPECT(desk_read(p));
        EXPECT_STATUS(desk->heard.head.status, NX_OK);
        desk_settle();
    }
    desk_expect_nothing(p);

    unit_row("a call makes the session that it needs");
    begin();
    dsb_mux_terminate(dsb_node_session(&a->d->node, b->id), DSB_GOAWAY_BYE, "");
    fabric_touch(a->d);
    desk_settle();
    EXPECT(fabric_session(a->d, b->d) == NULL);
    ask(p, 1, &echo, echo_body(5));
    desk_pass(nx_seconds(5));
    expect_echo(1, 5);

    unit_row("calls of both devices to each other");
    begin();
    struct desk_program *q = desk_join(b);
    const struct asked back = {a->id, "node", NODE_SERVICE_METHOD_INFO, DSB_RPC_BODY_MAX, 0};
    ask(p, 1, &echo, echo_body(5));
    ask(q, 1, &back, nothing);
    desk_settle();
    expect_echo(1, 5);
    desk_expect_reply(q, 1, NX_OK);
}

/* ---- a peer that does not read ------------------------------------------------------------------ */

enum {
    HOARDED = 12, /* more than queue, credit and queue hold */
};

static struct dsb_rpc_caller hoarder;
static struct dsb_rpc_call hoarded[HOARDED];
static uint8_t hoarder_message[DSB_RPC_MESSAGE_MAX], hoarder_scratch[DSB_RPC_MESSAGE_MAX];

/* As many of the longest echoes as there is room for, from a program that reads nothing. */
static uint32_t hoard(uint32_t count)
{
    const struct dsb_rpc_request request = {
        .method = NODE_SERVICE_METHOD_ECHO,
        .deadline_ms = 60000,
        .reply_max = DSB_RPC_BODY_MAX,
        .body = echo_body(DSB_RPC_BODY_MAX - 24),
    };
    struct nx_why why;
    uint64_t id;

    while (count < HOARDED &&
           dsb_rpc_caller_call(&hoarder, desk->f->now, &request, &id, &why) == NX_OK) {
        count++;
        fabric_touch(a->d);
        desk_settle();
    }
    return count;
}

static void hoarding(void)
{
    const struct dsb_rpc_memory memory = {hoarder_message, hoarder_scratch};
    struct dsb_rpc_client_event end;
    uint32_t sent, told = 0;

    unit_row(
        "a peer that reads no answer is asked nothing more by its own hand, and costs one place");
    begin();
    EXPECT_STATUS(dsb_rpc_caller_open(&hoarder, &memory, hoarded, HOARDED,
                                      dsb_node_session(&a->d->node, b->id),
                                      nx_bytes_of_text("node")),
                  NX_OK);
    sent = hoard(0);
    EXPECT(sent > 1 && sent < HOARDED);
    EXPECT(b->engine.served[0].has_waiting);

    unit_row("when it reads, all that it asked is answered");
    for (int i = 0; i < 4 * HOARDED && told < HOARDED; i++) {
        while (dsb_rpc_caller_event(&hoarder, desk->f->now, &end)) {
            EXPECT_STATUS(end.status, NX_OK);
            told++;
        }
        fabric_touch(a->d);
        desk_settle();
        sent = hoard(sent);
    }
    EXPECT_EQ(told, HOARDED);
    EXPECT(!b->engine.served[0].has_waiting);

    unit_row("an answer that waits past its call's deadline is given up, and the next one served");
    begin();
    EXPECT_STATUS(dsb_rpc_caller_open(&hoarder, &memory, hoarded, HOARDED,
                                      dsb_node_session(&a->d->node, b->id),
                                      nx_bytes_of_text("node")),
                  NX_OK);
    EXPECT(hoard(0) > 1);
    EXPECT(b->engine.served[0].has_waiting);
    uint64_t waiting = b->engine.served[0].waiting.call_id;
    desk_pass(nx_seconds(60));
    EXPECT(b->engine.served[0].waiting.call_id > waiting);
    dsb_rpc_caller_close(&hoarder);
    fabric_touch(a->d);
    desk_settle();
    EXPECT(!b->engine.served[0].is_used);
    ask(p, 1, &echo, echo_body(3));
    desk_settle();
    expect_echo(1, 3);
}

/* ---- failures -------------------------------------------------------------------------------- */

/* clang-format off */
static const struct {
    const char *name;
    struct asked asked;
    size_t body_len; /* of an echo; 0: none */
    enum nx_status status;
    const char *why;
    bool by_peer;
} failures[] = {
    {"a service that the peer does not have", {NULL, "clock", 0, 100, 0}, 1, NX_E_UNSUPPORTED,
     "that device has no such service", false},
    {"a method that the service does not have", {NULL, "node", 99, 100, 0}, 1, NX_E_UNSUPPORTED,
     "the service has no such method", true},
    {"an answer of as many bytes as were asked for", {NULL, "node", 0, 32, 0}, 5, NX_OK, "", false},
    {"an answer of more", {NULL, "node", 0, 31, 0}, 5, NX_E_LIMIT, "bytes of a reply: limit 31, asked 32", true},
    {"more asked for than there can be", {NULL, "node", 0, DSB_RPC_BODY_MAX + 1, 0}, 1, NX_E_LIMIT,
     "bytes of an answer: limit 61440, asked 61441", false},
    {"a body that is too long", {NULL, "node", 0, 100, 0}, DSB_RPC_BODY_MAX - 23, NX_E_LIMIT,
     "bytes of a call's body: limit 61440, asked 61448", false},
    {"no service", {NULL, "", 0, 100, 0}, 1, NX_E_INVALID, "a service has 1 to 60 bytes of UTF-8, and no zero", false},
    {"a service with the longest name", {NULL, "123456789012345678901234567890123456789012345678901234567890", 0, 100, 0}, 1,
     NX_E_UNSUPPORTED, "that device has no such service", false},
    {"a longer name", {NULL, "1234567890123456789012345678901234567890123456789012345678901", 0, 100, 0}, 1, NX_E_INVALID,
     "a service has 1 to 60 bytes of UTF-8, and no zero", false},
    {"nobody of that name", {"nobody", "node", 0, 100, 0}, 1, NX_E_NOT_FOUND,
     "no paired device has that name or id: see nx bus peers", false},
};
/* clang-format on */

static void refusals(void)
{
    begin();
    for (size_t i = 0; i < NX_COUNT_OF(failures); i++) {
        unit_row(failures[i].name);
        ask(p, 1, &failures[i].asked, echo_body(failures[i].body_len));
        desk_settle();
        if (failures[i].status == NX_OK) {
            expect_echo(1, failures[i].body_len);
            continue;
        }
        desk_expect_reply(p, 1, failures[i].status);
        struct dsoftbusd_failure_reader failure = dsoftbusd_failure_root(&desk->body);
        EXPECT_BYTES(dsoftbusd_failure_get_why(failure), nx_bytes_of_text(failures[i].why));
        EXPECT_EQ(dsoftbusd_failure_get_by_peer(failure), failures[i].by_peer);
    }

    unit_row("a body that the method does not take is the peer's answer");
    ask(p, 1, &echo, nx_bytes_of_text("no message"));
    desk_settle();
    desk_expect_reply(p, 1, NX_E_MALFORMED);

    unit_row("after all these a call is answered still");
    ask(p, 1, &echo, echo_body(9));
    desk_settle();
    expect_echo(1, 9);

    unit_row("an operation whose body is no Call is malformed");
    desk_call(p, 1, DSOFTBUSD_OPERATION_CALL, nx_bytes_of_text("x"));
    desk_expect_reply(p, 1, NX_E_MALFORMED);
}

/* ---- ends ------------------------------------------------------------------------------------ */

static void ends(void)
{
    unit_row("a call to a device that is away ends at its deadline");
    begin();
    desk_switch_off(b, true);
    desk_settle();
    const struct asked hasty = {NULL, "node", 0, 100, 200};
    ask(p, 1, &hasty, echo_body(1));
    desk_pass(nx_milliseconds(199));
    desk_expect_nothing(p);
    desk_pass(nx_milliseconds(2));
    desk_expect_reply(p, 1, NX_E_TIMEOUT);

    unit_row("without one of its own it ends after thirty seconds");
    ask(p, 2, &echo, echo_body(1));
    desk_pass(nx_milliseconds(29999));
    desk_pass(nx_milliseconds(2));
    EXPECT(desk_read(p));
    EXPECT(desk->heard.head.status < 0);
    desk_expect_nothing(p);

    unit_row("a call in flight whose session ends is told so");
    begin();
    desk_switch_off(b, true);
    ask(p, 1, &echo, echo_body(1));
    desk_settle();
    desk_expect_nothing(p);
    EXPECT_EQ(a->engine.remotes[0].is_used, true);
    dsb_mux_terminate(a->engine.remotes[0].caller.stream.mux, DSB_GOAWAY_BYE, "");
    fabric_touch(a->d);
    desk_settle();
    desk_expect_reply(p, 1, NX_E_CLOSED);
    EXPECT(!a->engine.remotes[0].is_used);

    unit_row("a session that is shut down after a call does not wait for the next one");
    begin();
    ask(p, 1, &echo, echo_body(3));
    desk_settle();
    expect_echo(1, 3);
    EXPECT(a->engine.remotes[0].is_used);
    dsoftbusd_shut_down(&a->engine, desk->f->now);
    desk_settle();
    EXPECT(!a->engine.remotes[0].is_used);
    EXPECT(dsb_node_session(&b->d->node, a->id) == NULL);

    unit_row("a call that is cancelled is answered, and its place is free");
    begin();
    desk_switch_off(b, true);
    ask(p, 1, &echo, echo_body(1));
    desk_settle();
    desk_cancel(p, 1);
    desk_expect_reply(p, 1, NX_E_ABORTED);
    desk_expect_nothing(p);

    unit_row(
        "a program that goes takes its calls along, and whoever comes gets none of their answers");
    begin();
    ask(p, 1, &echo, echo_body(7));
    desk_leave(p);
    desk_settle();
    desk_forget(p);
    p = desk_join(a);
    ask(p, 1, &echo, echo_body(3));
    desk_settle();
    expect_echo(1, 3);
    desk_expect_nothing(p);

    unit_row("more services than have a place: the one called longest ago makes room");
    begin();
    for (uint32_t i = 0; i <= DSOFTBUSD_REMOTES_MAX; i++) {
        char name[16];
        struct nx_text t = nx_text_over(name, sizeof(name));
        const struct asked other = {NULL, name, 0, 100, 0};

        nx_text_add(&t, "service");
        nx_text_add_u64(&t, i);
        ask(p, 1, &other, echo_body(1));
        desk_settle();
        desk_expect_reply(p, 1, NX_E_UNSUPPORTED);
    }
    ask(p, 1, &echo, echo_body(3));
    desk_settle();
    expect_echo(1, 3);

    unit_row("a peer that says nonsense on its service loses the stream, and nothing else");
    begin();
    struct dsb_mux *mux = dsb_node_session(&a->d->node, b->id);
    struct dsb_stream_handle stream;
    size_t taken;
    NEED(dsb_mux_open(mux, nx_bytes_of_text("rpc/node"), 0, true, &stream) == NX_OK);
    EXPECT_STATUS(dsb_mux_push(mux, desk->f->now, stream, nx_bytes_of_text("nonsense"),
                               DSB_PUSH_WHOLE, &taken),
                  NX_OK);
    fabric_touch(a->d);
    desk_settle();
    EXPECT(dsb_mux_stream(mux, stream) == NULL);
    EXPECT(!b->engine.served[0].is_used);
    EXPECT(dsb_node_session(&a->d->node, b->id) == mux);
    ask(p, 1, &echo, echo_body(3));
    desk_settle();
    expect_echo(1, 3);
}

UNIT_SUITE(rpc_calls_test)
{
    for (size_t i = 0; i < sizeof(filler); i++)
        filler[i] = (uint8_t)(i * 31 + i / 253);
    answers();
    hoarding();
    refusals();
    ends();
}
