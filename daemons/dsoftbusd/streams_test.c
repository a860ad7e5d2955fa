/* Streams between programs of two devices, from their beginning to their one last word. */
#include "core/base/memory.h"
#include "tests/dsoftbusd/desk.h"
#include "tests/unit/unit.h"

static struct desk *desk;
static struct desk_device *a, *b;
static struct desk_program *p, *q;

static const struct nx_bytes nothing = {NULL, 0};
static uint8_t bytes[NX_IPC_BODY_MAX];

static struct nx_bytes text(const char *s)
{
    return nx_bytes_of_text(s);
}

static void begin(void)
{
    desk = desk_begin_paired();
    a = &desk->devices[0];
    b = &desk->devices[1];
    p = desk_join(a);
    q = desk_join(b);
}

/* `q` listens and `p` opens, both under call 1. */
static void begin_stream(enum dsoftbusd_stream_kind kind)
{
    begin();
    desk_listen(q, 1, "", kind, "x");
    desk_expect_news(q, 1);
    desk_open(p, 1, b->id, kind, "x");
    desk_expect_reply(p, 1, NX_OK);
    EXPECT_BYTES(dsoftbusd_opened_get_id(dsoftbusd_opened_root(&desk->body)), text(b->id));
    desk_expect_reply(q, 1, NX_OK);
    EXPECT_BYTES(dsoftbusd_opened_get_id(dsoftbusd_opened_root(&desk->body)), text(a->id));
}

static void begin_messages(void)
{
    begin_stream(DSOFTBUSD_STREAM_KIND_MSG);
}

static uint32_t used_blocks(const struct desk_device *at)
{
    return at->d->node.pools.blocks.used_count;
}

/* ---- the happy end --------------------------------------------------------------------------- */

static void expect_good_end(struct desk_program *program)
{
    struct dsoftbusd_ended_reader ended;

    desk_expect_finish(program);
    ended = desk_expect_ended(program, NX_END);
    EXPECT_EQ(dsoftbusd_ended_get_unconfirmed_messages(ended), 0);
    EXPECT_EQ(dsoftbusd_ended_get_unconfirmed_bytes(ended), 0);
    desk_expect_nothing(program);
}

static void happy_rows(void)
{
    unit_row("messages go both ways, empty ones too, and the end is told once to each");
    begin_messages();
    desk_data(p, 1, text("hello"), true);
    desk_expect_data(q, text("hello"), true);
    desk_data(q, 1, text(""), true);
    desk_expect_data(p, nothing, true);
    desk_data(p, 1, text("in two "), false);
    desk_data(p, 1, text("pieces"), true);
    desk_expect_data(q, text("in two "), false);
    desk_expect_data(q, text("pieces"), true);
    desk_data(p, 1, nothing, false);
    desk_expect_nothing(q);
    desk_finish(p, 1);
    desk_finish(q, 1);
    expect_good_end(p);
    expect_good_end(q);

    unit_row("a finish is told when it came, before the other side has finished");
    begin_messages();
    desk_data(p, 1, text("last"), true);
    desk_finish(p, 1);
    desk_expect_data(q, text("last"), true);
    desk_expect_finish(q);
    desk_expect_nothing(q);
    desk_data(q, 1, text("still"), true);
    desk_expect_data(p, text("still"), true);
    desk_finish(q, 1);
    expect_good_end(p);
    desk_expect_ended(q, NX_END);
    desk_expect_nothing(q);

    unit_row("a byte stream has bytes and no flags");
    begin_stream(DSOFTBUSD_STREAM_KIND_BYTE);
    desk_data(p, 1, text("some"), false);
    desk_expect_data(q, text("some"), false);
    desk_finish(p, 1);
    desk_finish(q, 1);
    expect_good_end(p);
    expect_good_end(q);

    unit_row("after the last word nothing that crosses it does harm");
    desk_data(p, 1, text("late"), false);
    EXPECT(p->is_closed); /* it had finished before */
    begin_messages();
    desk_abort(q, 1, 256, "no");
    desk_data(p, 1, text("crossing"), true);
    desk_data(p, 1, text("crossing"), true);
    desk_finish(p, 1);
    EXPECT(desk_is_heard(p));
    (void)desk_expect_ended(p, NX_E_ABORTED);
    desk_expect_nothing(p);

    unit_row("a stream costs nothing when both have left");
    desk_leave(p);
    desk_leave(q);
    EXPECT_EQ(a->d->node.pools.streams.used_count, 0);
    EXPECT_EQ(b->d->node.pools.streams.used_count, 0);
}

/* ---- much ------------------------------------------------------------------------------------ */

/* Everything for `program` just now; how many bytes, and how many messages ended. */
static size_t drain(struct desk_program *program, size_t *ended_count)
{
    size_t len = 0;

    while (desk_read(program)) {
        EXPECT_EQ(desk->heard.head.operation, DSOFTBUSD_OPERATION_DATA);
        for (size_t i = 0; i < desk->heard.body.len; i++) {
            if (desk->heard.body.ptr[i] != (uint8_t)((len + i) * 31)) {
                EXPECT(desk->heard.body.ptr[i] == (uint8_t)((len + i) * 31));
                break;
            }
        }
        len += desk->heard.body.len;
        *ended_count += desk->heard.head.ends_message;
        desk_settle();
    }
    return len;
}

static void say_much(struct desk_program *program, size_t piece_count, bool ends_last)
{
    for (size_t piece = 0; piece < piece_count; piece++) {
        for (size_t i = 0; i < sizeof(bytes); i++)
            bytes[i] = (uint8_t)((piece * sizeof(bytes) + i) * 31);
        desk_data(program, 1, nx_bytes_of(bytes, sizeof(bytes)),
                  ends_last && piece + 1 == piece_count);
    }
}

static void much_rows(void)
{
    size_t ended_count = 0;

    unit_row("a message of a megabyte goes in pieces, and ends once");
    begin_messages();
    p->unread_max = q->unread_max = 40;
    say_much(p, 16, true);
    EXPECT_EQ(drain(q, &ended_count), 16 * sizeof(bytes));
    EXPECT_EQ(ended_count, 1);
    EXPECT_EQ(used_blocks(a) + used_blocks(b), 0);

    unit_row("a client that does not read leaves the bytes in the stream, and the sender waits");
    begin_messages();
    say_much(p, 16, true);
    EXPECT(!desk_is_heard(p));
    EXPECT_EQ(q->unread_count, DESK_UNREAD);

    unit_row("nobody else notices: another stream of that session flows, and calls are answered");
    {
        struct desk_program *r = desk_join(a), *s = desk_join(b);

        desk_listen(s, 1, a->id, DSOFTBUSD_STREAM_KIND_BYTE, "y");
        desk_expect_news(s, 1);
        desk_open(r, 1, b->id, DSOFTBUSD_STREAM_KIND_BYTE, "y");
        desk_expect_reply(r, 1, NX_OK);
        desk_expect_reply(s, 1, NX_OK);
        desk_data(r, 1, text("quick"), false);
        desk_expect_data(s, text("quick"), false);
    }
    EXPECT(!desk_is_heard(p));

    unit_row("a finish behind a piece that waits goes behind it, and nothing is lost");
    ended_count = 0;
    {
        const struct nx_ipc_head finish = {
            .kind = NX_IPC_STREAM, .operation = DSOFTBUSD_OPERATION_FINISH, .call_id = 1};
        size_t len = 0;

        desk_say(p, &finish, nothing);
        desk_settle();
        desk_finish(q, 1);
        desk_expect_finish(p);
        desk_expect_nothing(p);
        while (desk_read(q) && desk->heard.head.operation == DSOFTBUSD_OPERATION_DATA) {
            len += desk->heard.body.len;
            ended_count += desk->heard.head.ends_message;
            desk_settle();
        }
        EXPECT_EQ(len, 16 * sizeof(bytes));
        EXPECT_EQ(ended_count, 1);
        EXPECT_EQ(desk->heard.head.operation, DSOFTBUSD_OPERATION_FINISH);
        desk_settle();
    }
    desk_expect_ended(q, NX_END);
    desk_expect_nothing(q);
    desk_expect_ended(p, NX_END);
    desk_expect_nothing(p);
}

/* More than one round of a turn gives. */
static void many_rows(void)
{
    unit_row(
        "what a turn's second round delivers is confirmed at once, not when something happens");
    begin_messages();
    q->unread_max = 1;
    for (int i = 0; i < 22; i++)
        desk_data(p, 1, text("m"), true);
    desk_finish(p, 1);
    desk_finish(q, 1);
    desk_expect_finish(p);
    q->unread_max = 100;
    desk_expect_data(q, text("m"), true);
    desk_expect_ended(p, NX_END);
}

/* ---- other ends ------------------------------------------------------------------------------ */

static void end_rows(void)
{
    struct dsoftbusd_ended_reader ended;

    unit_row("an abort tells its code and its reason, and who began");
    begin_messages();
    desk_abort(p, 1, 300, "enough");
    ended = desk_expect_ended(q, NX_E_ABORTED);
    EXPECT(dsoftbusd_ended_get_by_peer(ended));
    EXPECT_EQ(dsoftbusd_ended_get_code(ended), 300);
    EXPECT_BYTES(dsoftbusd_ended_get_why(ended), text("enough"));
    ended = desk_expect_ended(p, NX_E_ABORTED);
    EXPECT(!dsoftbusd_ended_get_by_peer(ended));
    EXPECT_EQ(dsoftbusd_ended_get_code(ended), 300);
    desk_expect_nothing(p);
    desk_expect_nothing(q);

    unit_row("an abort with a code of the daemon's own breaks the protocol");
    begin_messages();
    desk_abort(p, 1, 2, "");
    desk_expect_closed(p);
    (void)desk_expect_ended(q, NX_E_ABORTED);
    begin_messages();
    desk_abort(p, 1, 255, "");
    desk_expect_closed(p);

    unit_row("code 1, cancelled, is anybody's");
    begin_messages();
    desk_abort(p, 1, 1, "");
    EXPECT_EQ(dsoftbusd_ended_get_code(desk_expect_ended(q, NX_E_ABORTED)), 1);
    (void)desk_expect_ended(p, NX_E_ABORTED);

    unit_row("what was accepted and not confirmed is counted when it is aborted");
    begin_messages();
    q->unread_max = 0;
    desk_data(p, 1, text("one"), true);
    desk_data(p, 1, text("two"), true);
    desk_abort(p, 1, 256, "");
    ended = desk_expect_ended(p, NX_E_ABORTED);
    EXPECT_EQ(dsoftbusd_ended_get_unconfirmed_messages(ended), 2);
    EXPECT_EQ(dsoftbusd_ended_get_unconfirmed_bytes(ended), 6);

    unit_row("a client that goes with a stream half-way and a piece that waits aborts it");
    begin_messages();
    q->unread_max = 1;
    for (int i = 0; i < 8; i++)
        desk_data(p, 1, nx_bytes_of(bytes, sizeof(bytes)), false);
    EXPECT(!desk_is_heard(p));
    desk_leave(p);
    q->unread_max = 100;
    while (desk_read(q) && desk->heard.head.operation == DSOFTBUSD_OPERATION_DATA)
        desk_settle();
    EXPECT_EQ(desk->heard.head.operation, DSOFTBUSD_OPERATION_ENDED);
    EXPECT_EQ(a->d->node.pools.streams.used_count, 0);
    EXPECT_EQ(used_blocks(a), 0);

    unit_row("a session that ends ends its streams: closed, once");
    begin_messages();
    desk_switch_off(b, true);
    desk_pass(nx_seconds(100));
    (void)desk_expect_ended(p, NX_E_CLOSED);
    desk_expect_nothing(p);

    unit_row("unpairing ends them too, on both sides");
    begin_messages();
    {
        struct desk_program *r = desk_join(a);

        desk_call_named(r, 1, DSOFTBUSD_OPERATION_UNPAIR, b->id);
        desk_expect_reply(r, 1, NX_OK);
    }
    (void)desk_expect_ended(p, NX_E_CLOSED);
    (void)desk_expect_ended(q, NX_E_CLOSED);
}

/* ---- breaches -------------------------------------------------------------------------------- */

static void breach_rows(void)
{
    const struct nx_ipc_head status = {
        .kind = NX_IPC_CALL, .operation = DSOFTBUSD_OPERATION_STATUS, .call_id = 2};

    unit_row("a call on a stream's connection breaks the protocol, and aborts the stream");
    begin_messages();
    desk_say(p, &status, nothing);
    desk_settle();
    desk_expect_closed(p);
    (void)desk_expect_ended(q, NX_E_ABORTED);

    unit_row("so do bytes under another call's id");
    begin_messages();
    desk_data(p, 2, text("hello"), true);
    desk_expect_closed(p);

    unit_row("so does the end of a message in a byte stream");
    begin_stream(DSOFTBUSD_STREAM_KIND_BYTE);
    desk_data(p, 1, text("hello"), true);
    desk_expect_closed(p);

    unit_row("so do bytes behind a finish");
    begin_messages();
    desk_finish(p, 1);
    desk_data(p, 1, text("more"), true);
    desk_expect_closed(p);

    unit_row("so does a second finish");
    begin_messages();
    desk_finish(p, 1);
    desk_finish(p, 1);
    desk_expect_closed(p);

    unit_row("so does a finish inside a message");
    begin_messages();
    desk_data(p, 1, text("half"), false);
    desk_finish(p, 1);
    desk_expect_closed(p);

    unit_row("so do bytes before the reply could leave");
    begin();
    desk_listen(q, 1, "", DSOFTBUSD_STREAM_KIND_MSG, "x");
    desk_expect_news(q, 1);
    p->unread_max = 0;
    desk_open(p, 1, b->id, DSOFTBUSD_STREAM_KIND_MSG, "x");
    desk_data(p, 1, text("early"), true);
    EXPECT(p->is_closed);

    unit_row("so does a second open on a connection where one waits");
    begin();
    desk_switch_off(b, true);
    desk_open(p, 1, b->id, DSOFTBUSD_STREAM_KIND_MSG, "x");
    desk_open(p, 2, b->id, DSOFTBUSD_STREAM_KIND_MSG, "y");
    desk_expect_closed(p);
}

/* ---- who listens ----------------------------------------------------------------------------- */

static void listen_rows(void)
{
    struct desk_program *r, *s;

    unit_row("when nobody listens the opener is told so, at once");
    begin();
    desk_open(p, 1, b->id, DSOFTBUSD_STREAM_KIND_MSG, "x");
    desk_expect_failure(p, 1, NX_E_ABORTED, "nobody listens on that channel");

    unit_row("a channel of bytes is another one than that of messages");
    desk_listen(q, 1, "", DSOFTBUSD_STREAM_KIND_BYTE, "x");
    desk_expect_news(q, 1);
    desk_open(p, 2, b->id, DSOFTBUSD_STREAM_KIND_MSG, "x");
    desk_expect_failure(p, 2, NX_E_ABORTED, "nobody listens on that channel");

    unit_row("a second listener of the same is refused");
    r = desk_join(b);
    desk_listen(r, 1, "", DSOFTBUSD_STREAM_KIND_BYTE, "x");
    desk_expect_failure(r, 1, NX_E_EXISTS, "another program listens on that channel");

    unit_row("one that names the peer is another listener, and goes first");
    desk_listen(r, 2, a->id, DSOFTBUSD_STREAM_KIND_BYTE, "x");
    desk_expect_news(r, 2);
    s = desk_join(b);
    desk_listen(s, 1, a->id, DSOFTBUSD_STREAM_KIND_BYTE, "x");
    desk_expect_reply(s, 1, NX_E_EXISTS);
    desk_open(p, 3, b->id, DSOFTBUSD_STREAM_KIND_BYTE, "x");
    desk_expect_reply(p, 3, NX_OK);
    desk_expect_reply(r, 2, NX_OK);
    desk_expect_nothing(q);

    unit_row("a channel is free to listen on again when a stream was handed over");
    desk_listen(s, 2, a->id, DSOFTBUSD_STREAM_KIND_BYTE, "x");
    desk_expect_news(s, 2);

    unit_row("the same channel cannot be opened twice by this side");
    p = desk_join(a);
    desk_open(p, 1, b->id, DSOFTBUSD_STREAM_KIND_BYTE, "x");
    desk_expect_failure(p, 1, NX_E_EXISTS, "a stream to that channel is open already");

    unit_row("a listener that went listens no more");
    begin();
    desk_listen(q, 1, "", DSOFTBUSD_STREAM_KIND_MSG, "x");
    desk_leave(q);
    desk_open(p, 1, b->id, DSOFTBUSD_STREAM_KIND_MSG, "x");
    desk_expect_reply(p, 1, NX_E_ABORTED);

    unit_row("who has not heard yet that it listens is given nothing");
    begin();
    q->unread_max = 0;
    desk_listen(q, 1, "", DSOFTBUSD_STREAM_KIND_MSG, "x");
    desk_open(p, 1, b->id, DSOFTBUSD_STREAM_KIND_MSG, "x");
    desk_expect_reply(p, 1, NX_E_ABORTED);

    unit_row("open without a session waits for one that a dial brings");
    begin();
    desk_switch_off(b, false);
    desk_settle();
    EXPECT(fabric_session(a->d, b->d) == NULL);
    desk_switch_on(b);
    q = desk_join(b);
    desk_listen(q, 1, "", DSOFTBUSD_STREAM_KIND_MSG, "x");
    desk_expect_news(q, 1);
    desk_open(p, 1, b->id, DSOFTBUSD_STREAM_KIND_MSG, "x");
    desk_pass(nx_seconds(5));
    desk_expect_reply(p, 1, NX_OK);
    desk_expect_reply(q, 1, NX_OK);

    unit_row("an open that waits for its answer ends with the session");
    begin();
    desk_listen(q, 1, "", DSOFTBUSD_STREAM_KIND_MSG, "x");
    b->is_on = false;
    desk_open(p, 1, b->id, DSOFTBUSD_STREAM_KIND_MSG, "x");
    b->is_on = true;
    desk_switch_off(b, true);
    desk_pass(nx_seconds(100));
    desk_expect_reply(p, 1, NX_E_CLOSED);

    unit_row("an open that is cancelled while it waits leaves no stream behind");
    begin();
    b->is_on = false;
    desk_open(p, 1, b->id, DSOFTBUSD_STREAM_KIND_MSG, "x");
    desk_cancel(p, 1);
    b->is_on = true;
    desk_settle();
    desk_expect_reply(p, 1, NX_E_ABORTED);
    EXPECT_EQ(a->d->node.pools.streams.used_count, 0);
    EXPECT_EQ(b->d->node.pools.streams.used_count, 0);
}

static const struct {
    const char *name;
    uint32_t kind;
    const char *channel;
    enum nx_status status;
} channels[] = {
    {"a channel of 59 bytes can be listened on", DSOFTBUSD_STREAM_KIND_BYTE,
     "12345678901234567890123456789012345678901234567890123456789", NX_OK},
    {"one of 60 is refused", DSOFTBUSD_STREAM_KIND_BYTE,
     "123456789012345678901234567890123456789012345678901234567890", NX_E_INVALID},
    {"one of none is", DSOFTBUSD_STREAM_KIND_MSG, "", NX_E_INVALID},
    {"one that is no UTF-8 is", DSOFTBUSD_STREAM_KIND_MSG, "\xff", NX_E_MALFORMED},
    {"a kind that is none is", 3, "x", NX_E_INVALID},
    {"a kind is not cut to a byte", 256, "x", NX_E_INVALID},
    {"frames are opened, not listened to", DSOFTBUSD_STREAM_KIND_FRAME, "1", NX_E_UNSUPPORTED},
};

static void channel_rows(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(channels); i++) {
        unit_row(channels[i].name);
        begin();
        desk_listen(p, 1, "", (enum dsoftbusd_stream_kind)channels[i].kind, channels[i].channel);
        if (channels[i].status == NX_OK)
            desk_expect_news(p, 1);
        else
            desk_expect_reply(p, 1, channels[i].status);
    }

    unit_row("frames are for v1 nodes");
    begin();
    desk_open(p, 1, b->id, DSOFTBUSD_STREAM_KIND_FRAME, "1");
    desk_expect_failure(p, 1, NX_E_UNSUPPORTED, "only v1 nodes have channels of frames");
}

UNIT_SUITE(streams_test)
{
    happy_rows();
    much_rows();
    many_rows();
    end_rows();
    breach_rows();
    listen_rows();
    channel_rows();
}
