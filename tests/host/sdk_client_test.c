/* The client library, against a daemon that is a bench's: what it answers, and that it waits for nothing. */

/* Sockets, which c11 alone hides. */
#define _GNU_SOURCE

#include "core/base/text.h"
#include "host/clock.h"
#include "host/ipc/seqpacket.h"
#include "sdk/client/stream.h"
#include "tests/host/scratch.h"
#include "tests/unit/unit.h"

static struct scratch scratch;
static struct nx_loop loop;
static struct nx_seqpacket server;
static struct nx_ipc ipc;
static struct nx_handle at;
static _Alignas(8) uint8_t room[NX_IPC_MESSAGE_MAX];
static struct nx_ipc_message asked;
static struct nx_client client;

static const struct nx_bytes nothing = {NULL, 0};

static void begin(const char *row)
{
    struct nx_ipc_sender sender;
    struct nx_why why = {""};

    unit_row(row);
    scratch_make(&scratch);
    EXPECT_STATUS(nx_loop_init(&loop), NX_OK);
    EXPECT_STATUS(nx_seqpacket_open(&server, &loop, scratch.path, "dsoftbusd", &why), NX_OK);
    ipc = nx_seqpacket_as_ipc(&server);
    nx_client_init(&client);
    EXPECT_STATUS(nx_client_open(&client, scratch.path), NX_OK);
    EXPECT_STATUS(nx_ipc_accept(&ipc, &at, &sender), NX_OK);
}

static void end(void)
{
    nx_client_close(&client);
    nx_client_close(&client);
    nx_seqpacket_close(&server);
    nx_loop_wipe(&loop);
    scratch_remove(&scratch);
}

static void hear(enum nx_ipc_kind kind)
{
    EXPECT_STATUS(nx_ipc_receive(&ipc, at, room, &asked), NX_OK);
    EXPECT_EQ(asked.head.kind, kind);
}

static void say(enum nx_ipc_kind kind, uint16_t operation, enum nx_status status,
                struct nx_bytes body)
{
    const struct nx_ipc_head head = {
        .kind = kind, .operation = operation, .call_id = asked.head.call_id, .status = status};

    EXPECT_STATUS(nx_ipc_send(&ipc, at, &head, &body, body.len > 0 ? 1 : 0), NX_OK);
}

/* ---- calls ------------------------------------------------------------------------------------ */

static void call_rows(void)
{
    static const uint8_t zeros[7] = {0};
    struct nx_capn_message body;
    enum nx_ipc_kind kind = NX_IPC_CALL;

    begin("a call is begun with its request, and what is not there yet is not waited for");
    dsoftbusd_peer_name_set_peer(dsoftbusd_peer_name_new_root(nx_client_request(&client)),
                                 nx_bytes_of_text("kitchen"));
    EXPECT_STATUS(nx_client_begin(&client, DSOFTBUSD_OPERATION_PING, 60000), NX_OK);
    hear(NX_IPC_CALL);
    EXPECT_EQ(asked.head.deadline_ms, 60000);
    EXPECT(asked.body.len > 0);
    EXPECT_STATUS(nx_client_next(&client, &kind), NX_WOULD_BLOCK);
    EXPECT_EQ(kind, NX_IPC_CALL);

    unit_row("news and the reply come in their order; no bytes are a body without fields");
    say(NX_IPC_NEWS, DSOFTBUSD_OPERATION_PING, NX_OK, nothing);
    say(NX_IPC_REPLY, DSOFTBUSD_OPERATION_PING, NX_E_BUSY, nothing);
    EXPECT_STATUS(nx_client_next(&client, &kind), NX_OK);
    EXPECT_EQ(kind, NX_IPC_NEWS);
    EXPECT_STATUS(nx_client_body(&client, &body), NX_OK);
    EXPECT_EQ(dsoftbusd_pong_get_round_trip_ns(dsoftbusd_pong_root(&body)), 0);
    EXPECT_STATUS(nx_client_next(&client, &kind), NX_OK);
    EXPECT_EQ(kind, NX_IPC_REPLY);
    EXPECT_STATUS(client.heard.head.status, NX_E_BUSY);

    unit_row("what still comes of an earlier call is passed over");
    EXPECT_STATUS(nx_client_begin(&client, DSOFTBUSD_OPERATION_STATUS, 0), NX_OK);
    EXPECT(nx_instant_is_never(nx_client_deadline(&client)));
    say(NX_IPC_NEWS, DSOFTBUSD_OPERATION_PING, NX_OK, nothing);
    EXPECT_STATUS(nx_client_next(&client, &kind), NX_WOULD_BLOCK);
    hear(NX_IPC_CALL);
    EXPECT_EQ(asked.body.len, 0);

    unit_row("a cancel is said, and its answer may still be waited for");
    nx_client_cancel(&client, 60000);
    hear(NX_IPC_CANCEL);
    say(NX_IPC_REPLY, DSOFTBUSD_OPERATION_STATUS, NX_E_ABORTED, nothing);
    EXPECT_STATUS(nx_client_next(&client, &kind), NX_OK);
    EXPECT_STATUS(client.heard.head.status, NX_E_ABORTED);

    unit_row("a call whose time is over is cancelled and told as late");
    EXPECT_STATUS(nx_client_begin(&client, DSOFTBUSD_OPERATION_STATUS, 1), NX_OK);
    hear(NX_IPC_CALL);
    client.until = nx_clock_now();
    EXPECT_STATUS(nx_client_next(&client, &kind), NX_E_TIMEOUT);
    hear(NX_IPC_CANCEL);

    unit_row("what is no body is told as that");
    EXPECT_STATUS(nx_client_begin(&client, DSOFTBUSD_OPERATION_STATUS, 1000), NX_OK);
    hear(NX_IPC_CALL);
    say(NX_IPC_REPLY, DSOFTBUSD_OPERATION_STATUS, NX_OK, nx_bytes_of(zeros, sizeof(zeros)));
    EXPECT_STATUS(nx_client_next(&client, &kind), NX_OK);
    EXPECT_STATUS(nx_client_body(&client, &body), NX_E_MALFORMED);

    unit_row("texts that are too long are not asked");
    {
        static uint8_t long_text[NX_CLIENT_REQUEST_LEN_MAX];

        dsoftbusd_peer_name_set_peer(dsoftbusd_peer_name_new_root(nx_client_request(&client)),
                                     nx_bytes_of(long_text, sizeof(long_text)));
        EXPECT_STATUS(nx_client_begin(&client, DSOFTBUSD_OPERATION_PING, 1000), NX_E_LIMIT);
        EXPECT_STATUS(nx_ipc_receive(&ipc, at, room, &asked), NX_WOULD_BLOCK);
    }

    unit_row("a daemon that ends the connection is told, again and again");
    nx_ipc_close(&ipc, at);
    EXPECT_STATUS(nx_client_next(&client, &kind), NX_E_CLOSED);
    EXPECT_STATUS(nx_client_next(&client, &kind), NX_E_CLOSED);
    EXPECT_STATUS(nx_client_begin(&client, DSOFTBUSD_OPERATION_STATUS, 1), NX_E_CLOSED);
    end();

    unit_row("without a connection everything answers closed, and nothing can be polled");
    nx_client_init(&client);
    EXPECT_EQ(nx_client_descriptor(&client), -1);
    EXPECT_STATUS(nx_client_begin(&client, DSOFTBUSD_OPERATION_STATUS, 1), NX_E_CLOSED);
    EXPECT_STATUS(nx_client_next(&client, &kind), NX_E_CLOSED);

    unit_row("where nobody serves, that is the answer, with what to start");
    scratch_make(&scratch);
    EXPECT_STATUS(nx_client_open(&client, scratch.path), NX_E_NOT_FOUND);
    EXPECT(nx_bytes_of_text(nx_client_why(&client)).len > 0);
    scratch_remove(&scratch);
}

/* ---- streams ---------------------------------------------------------------------------------- */

static void open_stream(struct nx_client_stream *s, enum dsoftbusd_stream_kind kind)
{
    EXPECT_STATUS(nx_client_begin(&client, DSOFTBUSD_OPERATION_OPEN, 1000), NX_OK);
    hear(NX_IPC_CALL);
    nx_client_stream_begin(s, &client, kind);
}

static void stream_rows(void)
{
    struct nx_client_stream s;
    struct nx_bytes piece;
    bool ends_message;

    begin("pieces go both ways, and each side's end is told once");
    open_stream(&s, DSOFTBUSD_STREAM_KIND_MSG);
    EXPECT_STATUS(nx_client_stream_push(&s, nx_bytes_of_text("hello"), true), NX_OK);
    hear(NX_IPC_STREAM);
    EXPECT(asked.head.ends_message);
    EXPECT_BYTES(asked.body, nx_bytes_of_text("hello"));
    EXPECT_STATUS(nx_client_stream_pull(&s, &piece, &ends_message), NX_WOULD_BLOCK);
    say(NX_IPC_STREAM, DSOFTBUSD_OPERATION_DATA, NX_OK, nx_bytes_of_text("yes"));
    say(NX_IPC_STREAM, DSOFTBUSD_OPERATION_FINISH, NX_OK, nothing);
    EXPECT_STATUS(nx_client_stream_pull(&s, &piece, &ends_message), NX_OK);
    EXPECT_BYTES(piece, nx_bytes_of_text("yes"));
    EXPECT_STATUS(nx_client_stream_pull(&s, &piece, &ends_message), NX_END);
    nx_client_stream_finish(&s);
    hear(NX_IPC_STREAM);
    EXPECT_EQ(asked.head.operation, DSOFTBUSD_OPERATION_FINISH);
    EXPECT(!nx_client_stream_wants_room(&s));

    unit_row("the last word ends it, and it stays over");
    say(NX_IPC_STREAM, DSOFTBUSD_OPERATION_ENDED, NX_OK, nothing);
    EXPECT_STATUS(nx_client_stream_pull(&s, &piece, &ends_message), NX_E_CLOSED);
    EXPECT(s.is_over && !s.is_cut);
    EXPECT_STATUS(nx_client_stream_push(&s, nothing, true), NX_E_CLOSED);
    EXPECT_STATUS(nx_client_stream_pull(&s, &piece, &ends_message), NX_E_CLOSED);
    end();

    begin("an abort is said with its reason, once, and its last word is waited for a while");
    open_stream(&s, DSOFTBUSD_STREAM_KIND_BYTE);
    nx_client_stream_abort(&s, NX_CLIENT_ABORT_UNKEPT, "no room");
    nx_client_stream_abort(&s, NX_CLIENT_ABORT_CANCELLED, "later");
    hear(NX_IPC_STREAM);
    EXPECT_EQ(asked.head.operation, DSOFTBUSD_OPERATION_ABORT);
    EXPECT_STATUS(nx_ipc_receive(&ipc, at, room, &asked), NX_WOULD_BLOCK);
    EXPECT_STATUS(nx_client_stream_push(&s, nx_bytes_of_text("x"), false), NX_E_CLOSED);
    EXPECT(!nx_client_stream_tick(&s, nx_clock_now()));
    EXPECT(nx_client_stream_tick(&s, s.until));
    EXPECT_STATUS(s.status, NX_E_ABORTED);
    end();

    begin("a channel of frames is left without a word, which would end its session");
    open_stream(&s, DSOFTBUSD_STREAM_KIND_FRAME);
    nx_client_stream_abort(&s, NX_CLIENT_ABORT_CANCELLED, "");
    EXPECT_STATUS(nx_ipc_receive(&ipc, at, room, &asked), NX_WOULD_BLOCK);
    EXPECT_STATUS(nx_client_stream_pull(&s, &piece, &ends_message), NX_E_CLOSED);
    end();

    begin("a connection that is cut in the middle is told as cut");
    open_stream(&s, DSOFTBUSD_STREAM_KIND_BYTE);
    nx_ipc_close(&ipc, at);
    EXPECT_STATUS(nx_client_stream_pull(&s, &piece, &ends_message), NX_E_CLOSED);
    EXPECT(s.is_over && s.is_cut);
    EXPECT_STATUS(s.status, NX_E_CLOSED);
    end();
}

UNIT_SUITE(sdk_client_test)
{
    call_rows();
    stream_rows();
}

int main(void)
{
    static const struct unit_suite suites[] = {{"sdk/client", sdk_client_test}};

    return unit_run(suites, NX_COUNT_OF(suites));
}
