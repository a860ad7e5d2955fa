/* Channels of frames: programs and v1 nodes. */
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

/* A v1 session, dialled by `a`; nobody has a channel yet. */
static void begin_up(void)
{
    desk = desk_begin();
    a = &desk->devices[0];
    b = &desk->devices[1];
    EXPECT_STATUS(dsb_node_allow_v1(&a->d->node, b->id), NX_OK);
    EXPECT_STATUS(dsb_node_allow_v1(&b->d->node, a->id), NX_OK);
    p = desk_join(a);
    q = desk_join(b);
    desk_connect_v1(p, 1, b);
    desk_expect_reply(p, 1, NX_OK);
    EXPECT_EQ(dsoftbusd_connected_get_protocol(dsoftbusd_connected_root(&desk->body)), 0);
}

static void begin_channel(void)
{
    begin_up();
    desk_open(p, 2, b->id, DSOFTBUSD_STREAM_KIND_FRAME, "7");
    desk_expect_reply(p, 2, NX_OK);
    desk_open(q, 2, a->id, DSOFTBUSD_STREAM_KIND_FRAME, "7");
    desk_expect_reply(q, 2, NX_OK);
}

static void session_rows(void)
{
    unit_row("a node that does not allow us refuses, with its address");
    desk = desk_begin();
    a = &desk->devices[0];
    b = &desk->devices[1];
    p = desk_join(a);
    desk_connect_v1(p, 1, b);
    desk_expect_failure(p, 1, NX_E_UNSUPPORTED,
                        "10.0.0.2:34567: it does not serve this device as a v1 node");

    unit_row("a paired device is not dialled as a v1 node");
    desk = desk_begin_paired();
    p = desk_join(a);
    desk_connect_v1(p, 1, b);
    desk_expect_failure(p, 1, NX_E_IDENTITY,
                        "it is known by another key, or as more than a v1 node");

    unit_row("connect again answers with the session there is");
    begin_up();
    desk_connect_v1(p, 2, b);
    desk_expect_reply(p, 2, NX_OK);

    unit_row("a v1 node is among the peers while its session is up, and answers no ping");
    desk_call(p, 3, DSOFTBUSD_OPERATION_PEERS, nothing);
    desk_expect_news(p, 3);
    EXPECT(!dsoftbusd_peer_get_is_paired(dsoftbusd_peer_root(&desk->body)));
    desk_expect_reply(p, 3, NX_OK);
    desk_call_named(p, 4, DSOFTBUSD_OPERATION_PING, b->id);
    desk_expect_failure(p, 4, NX_E_UNSUPPORTED, "a v1 node answers no ping");
    desk_open(p, 5, b->id, DSOFTBUSD_STREAM_KIND_MSG, "x");
    desk_expect_failure(p, 5, NX_E_UNSUPPORTED, "a v1 node has no streams, but channels of frames");
    desk_call_named(p, 6, DSOFTBUSD_OPERATION_UNPAIR, b->id);
    desk_expect_failure(p, 6, NX_E_NOT_FOUND,
                        "a v1 node is not paired: it is allowed by --allow-v1");
}

static void frame_rows(void)
{
    unit_row("frames go both ways, empty ones too, each as one message");
    begin_channel();
    desk_data(p, 2, text("hello"), true);
    desk_expect_data(q, text("hello"), true);
    desk_data(q, 2, nothing, true);
    desk_expect_data(p, nothing, true);

    unit_row("the longest frame goes, and one byte more ends the channel with a sentence");
    desk_data(p, 2, nx_bytes_of(bytes, DSB_V1_FRAME_BYTES_MAX), true);
    desk_expect_data(q, nx_bytes_of(bytes, DSB_V1_FRAME_BYTES_MAX), true);
    desk_data(p, 2, nx_bytes_of(bytes, DSB_V1_FRAME_BYTES_MAX + 1), true);
    EXPECT_BYTES(dsoftbusd_ended_get_why(desk_expect_ended(p, NX_E_LIMIT)),
                 text("bytes of a frame: limit 65464, asked 65465"));

    unit_row("frames for a channel that has ended are dropped, and keep nobody waiting");
    desk_data(q, 2, text("for nobody"), true);
    desk_data(q, 2, text("for nobody"), true);
    {
        struct desk_program *r = desk_join(a), *s = desk_join(b);

        desk_open(r, 1, b->id, DSOFTBUSD_STREAM_KIND_FRAME, "8");
        desk_expect_reply(r, 1, NX_OK);
        desk_open(s, 1, a->id, DSOFTBUSD_STREAM_KIND_FRAME, "8");
        desk_expect_reply(s, 1, NX_OK);
        desk_data(s, 1, text("still here"), true);
        desk_expect_data(r, text("still here"), true);
    }
    EXPECT_EQ(a->engine.v1_frames_dropped, 2);

    unit_row("of two programs with one channel the first is given the frames, while it has it");
    begin_channel();
    {
        struct desk_program *r = desk_join(a);

        desk_open(r, 1, b->id, DSOFTBUSD_STREAM_KIND_FRAME, "7");
        desk_expect_reply(r, 1, NX_OK);
        desk_data(r, 1, text("from r"), true);
        desk_expect_data(q, text("from r"), true);
        desk_data(q, 2, text("for p"), true);
        desk_expect_data(p, text("for p"), true);
        desk_expect_nothing(r);
        desk_leave(p);
        desk_data(q, 2, text("for r"), true);
        desk_expect_data(r, text("for r"), true);
    }

    unit_row("a frame in two pieces breaks the protocol");
    begin_channel();
    desk_data(p, 2, text("half"), false);
    desk_expect_closed(p);

    unit_row("a channel that is no number is refused");
    begin_up();
    desk_open(p, 2, b->id, DSOFTBUSD_STREAM_KIND_FRAME, "7a");
    desk_expect_failure(p, 2, NX_E_INVALID, "a channel of frames is a number");
    desk_open(p, 3, b->id, DSOFTBUSD_STREAM_KIND_FRAME, "4294967296");
    desk_expect_reply(p, 3, NX_E_INVALID);
    desk_open(p, 4, b->id, DSOFTBUSD_STREAM_KIND_FRAME, "4294967295");
    desk_expect_reply(p, 4, NX_OK);
}

static void end_rows(void)
{
    struct dsoftbusd_ended_reader ended;

    unit_row("a finish ends the channel here, when the session has taken what came before");
    begin_channel();
    desk_data(p, 2, text("hello"), true);
    desk_data(p, 2, text("again"), true);
    desk_finish(p, 2);
    desk_expect_finish(p);
    ended = desk_expect_ended(p, NX_END);
    EXPECT_EQ(dsoftbusd_ended_get_unconfirmed_messages(ended), 0);
    desk_expect_nothing(p);
    desk_expect_data(q, text("hello"), true);
    desk_expect_data(q, text("again"), true);

    unit_row("an abort ends the channel, and not the session that others use");
    begin_channel();
    {
        struct desk_program *r = desk_join(a), *s = desk_join(b);

        desk_open(r, 1, b->id, DSOFTBUSD_STREAM_KIND_FRAME, "8");
        desk_expect_reply(r, 1, NX_OK);
        desk_open(s, 1, a->id, DSOFTBUSD_STREAM_KIND_FRAME, "8");
        desk_expect_reply(s, 1, NX_OK);
        desk_data(p, 2, text("hello"), true);
        desk_expect_data(q, text("hello"), true);
        desk_abort(p, 2, 256, "enough");
        ended = desk_expect_ended(p, NX_E_ABORTED);
        EXPECT_EQ(dsoftbusd_ended_get_code(ended), 256);
        EXPECT_EQ(dsoftbusd_ended_get_unconfirmed_messages(ended), 1);
        EXPECT_EQ(dsoftbusd_ended_get_unconfirmed_bytes(ended), 5);
        desk_data(r, 1, text("on and on"), true);
        desk_expect_data(s, text("on and on"), true);
    }

    unit_row("the end of the session ends its channels, each told once");
    begin_channel();
    desk_switch_off(b, false);
    desk_settle();
    (void)desk_expect_ended(p, NX_E_CLOSED);
    desk_expect_nothing(p);

    unit_row("who does not read keeps its frame waiting, and loses none");
    begin_channel();
    q->unread_max = 1;
    for (int i = 0; i < 6; i++)
        desk_data(p, 2, nx_bytes_of(bytes, 30000), true);
    for (int i = 0; i < 6; i++)
        desk_expect_data(q, nx_bytes_of(bytes, 30000), true);
    EXPECT(desk_is_heard(p));
}

UNIT_SUITE(frames_test)
{
    session_rows();
    frame_rows();
    end_rows();
}
