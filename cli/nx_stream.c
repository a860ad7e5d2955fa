#include "cli/nx_stream.h"

#include "cli/nx_wait.h"
#include "core/base/text.h"
#include "host/clock.h"

#include <inttypes.h>
#include <string.h>

static const struct nx_instant at_once = {0};

/* ---- its beginning ------------------------------------------------------------------------- */

static enum cli_exit keep_peer(struct cli_stream *s)
{
    struct dsoftbusd_opened_reader opened = dsoftbusd_opened_root(&s->cli->body);

    s->peer_id = cli_show(dsoftbusd_opened_get_id(opened));
    s->peer_name = cli_show(dsoftbusd_opened_get_name(opened));
    return cli_check_body(s->cli);
}

enum cli_exit cli_stream_open(struct cli_stream *s, struct cli *cli,
                              enum dsoftbusd_stream_kind kind, const char *peer,
                              const char *channel)
{
    struct dsoftbusd_open_builder b = dsoftbusd_open_new_root(cli_request(cli));

    *s = (struct cli_stream){
        .cli = cli,
        .until = NX_NEVER,
        .is_frames = kind == DSOFTBUSD_STREAM_KIND_FRAME,
    };
    dsoftbusd_open_set_peer(b, nx_bytes_of_text(peer));
    dsoftbusd_open_set_kind(b, kind);
    dsoftbusd_open_set_channel(b, nx_bytes_of_text(channel));
    enum cli_exit code = cli_call(cli, DSOFTBUSD_OPERATION_OPEN, CLI_REMOTE_MS);
    return code == CLI_DONE ? keep_peer(s) : code;
}

static void tell_listening(const struct cli *cli, const char *channel)
{
    if (cli_is_given(&cli->arguments, CLI_JSON)) {
        json_t *event = cli_json_event("listening");

        json_object_set_new(event, "channel", cli_json_text(nx_bytes_of_text(channel)));
        cli_json_print(stdout, event);
    } else {
        fprintf(stderr, "nx: listening on %s\n", cli_show(nx_bytes_of_text(channel)).text);
    }
}

enum cli_exit cli_stream_listen(struct cli_stream *s, struct cli *cli,
                                enum dsoftbusd_stream_kind kind, const char *peer,
                                const char *channel)
{
    enum nx_ipc_kind heard;
    struct dsoftbusd_listen_builder b = dsoftbusd_listen_new_root(cli_request(cli));

    *s = (struct cli_stream){.cli = cli, .until = NX_NEVER};
    dsoftbusd_listen_set_kind(b, kind);
    dsoftbusd_listen_set_channel(b, nx_bytes_of_text(channel));
    if (peer != NULL)
        dsoftbusd_listen_set_peer(b, nx_bytes_of_text(peer));
    enum cli_exit code = cli_begin(cli, DSOFTBUSD_OPERATION_LISTEN, 0);
    while (code == CLI_DONE && (code = cli_next(cli, &heard)) == CLI_DONE && heard == NX_IPC_NEWS)
        tell_listening(cli, channel);
    return code == CLI_DONE ? keep_peer(s) : code;
}

/* ---- saying -------------------------------------------------------------------------------- */

static enum nx_status say(struct cli_stream *s, uint16_t operation, struct nx_bytes body,
                          bool ends_message)
{
    const struct nx_ipc_head head = {
        .kind = NX_IPC_STREAM,
        .operation = operation,
        .call_id = s->cli->call_id,
        .ends_message = ends_message,
    };
    enum nx_status status = nx_ipc_client_send(&s->cli->client, at_once, &head, body);

    /* Whatever else went wrong is seen again, and told, when something is pulled. */
    return status == NX_OK || status == NX_WOULD_BLOCK ? status : NX_E_CLOSED;
}

enum nx_status cli_stream_push(struct cli_stream *s, struct nx_bytes piece, bool ends_message)
{
    if (s->is_over || s->is_aborted)
        return NX_E_CLOSED;
    return say(s, DSOFTBUSD_OPERATION_DATA, piece, ends_message);
}

static void try_finish(struct cli_stream *s)
{
    if (s->wants_finish && !s->is_finished &&
        say(s, DSOFTBUSD_OPERATION_FINISH, nx_bytes_of(NULL, 0), false) != NX_WOULD_BLOCK)
        s->is_finished = true;
}

void cli_stream_finish(struct cli_stream *s)
{
    if (s->is_aborted)
        return;
    s->wants_finish = true;
    try_finish(s);
}

void cli_stream_abort(struct cli_stream *s, uint16_t code, const char *why)
{
    struct dsoftbusd_abort_builder b;
    struct nx_bytes body;

    if (s->is_over || s->is_aborted)
        return;
    s->is_aborted = true;
    s->wants_finish = false;
    if (s->is_frames) {
        s->until = at_once;
        return;
    }
    s->until = nx_instant_after(nx_clock_now(), nx_milliseconds(CLI_STOP_MS));
    b = dsoftbusd_abort_new_root(cli_request(s->cli));
    dsoftbusd_abort_set_code(b, code);
    dsoftbusd_abort_set_why(b, nx_bytes_of_text(why));
    /* One that finds no room is made up for by the end of the connection. */
    if (nx_capn_builder_finish(&s->cli->request, &body) != NX_OK ||
        say(s, DSOFTBUSD_OPERATION_ABORT, body, false) != NX_OK)
        s->until = at_once;
    s->cli->request = (struct nx_capn_builder){.rooms = NULL};
}

/* ---- hearing ------------------------------------------------------------------------------- */

static void end_with(struct cli_stream *s, enum nx_status status, const char *why)
{
    s->is_over = true;
    s->status = status;
    s->why = cli_show(nx_bytes_of_text(why));
}

static void take_last_word(struct cli_stream *s)
{
    struct dsoftbusd_ended_reader ended;
    int32_t status;

    s->is_over = true;
    s->status = NX_E_MALFORMED;
    if (cli_read_body(s->cli, s->cli->heard.body) != CLI_DONE)
        return;
    ended = dsoftbusd_ended_root(&s->cli->body);
    status = dsoftbusd_ended_get_status(ended);
    s->by_peer = dsoftbusd_ended_get_by_peer(ended);
    s->code = dsoftbusd_ended_get_code(ended);
    s->why = cli_show(dsoftbusd_ended_get_why(ended));
    s->unconfirmed_messages = dsoftbusd_ended_get_unconfirmed_messages(ended);
    s->unconfirmed_bytes = dsoftbusd_ended_get_unconfirmed_bytes(ended);
    if (cli_check_body(s->cli) == CLI_DONE)
        s->status = nx_status_is_known(status) ? (enum nx_status)status : NX_E_ABORTED;
}

static enum nx_status take(struct cli_stream *s, struct nx_bytes *piece, bool *ends_message)
{
    const struct nx_ipc_message *heard = &s->cli->heard;

    if (heard->head.kind != NX_IPC_STREAM || heard->head.call_id != s->cli->call_id)
        return NX_WOULD_BLOCK;
    switch ((enum dsoftbusd_operation)heard->head.operation) {
    case DSOFTBUSD_OPERATION_DATA:
        *piece = heard->body;
        *ends_message = heard->head.ends_message;
        return NX_OK;
    case DSOFTBUSD_OPERATION_FINISH:
        s->has_peer_finished = true;
        return NX_END;
    case DSOFTBUSD_OPERATION_ENDED:
        take_last_word(s);
        return NX_E_CLOSED;
    case DSOFTBUSD_OPERATION_NONE:
    case DSOFTBUSD_OPERATION_CALL:
    case DSOFTBUSD_OPERATION_STATUS:
    case DSOFTBUSD_OPERATION_DISCOVER:
    case DSOFTBUSD_OPERATION_PEERS:
    case DSOFTBUSD_OPERATION_OFFER:
    case DSOFTBUSD_OPERATION_ACCEPT:
    case DSOFTBUSD_OPERATION_UNPAIR:
    case DSOFTBUSD_OPERATION_CONNECT:
    case DSOFTBUSD_OPERATION_CONNECT_V1:
    case DSOFTBUSD_OPERATION_PING:
    case DSOFTBUSD_OPERATION_OPEN:
    case DSOFTBUSD_OPERATION_LISTEN:
    case DSOFTBUSD_OPERATION_DOCTOR:
    case DSOFTBUSD_OPERATION_ABORT:
        break;
    }
    return NX_WOULD_BLOCK; /* a newer daemon's; what matters is told by its last word */
}

/* Looked for at each piece: a stream that always has one more never waits. */
static void look_for_signal(struct cli_stream *s)
{
    int signal = cli_wait_signal();

    if (signal == 0 || s->signal != 0)
        return;
    s->signal = signal;
    cli_stream_abort(s, CLI_ABORT_CANCELLED, "stopped by the person at the other end");
}

/* After an abort, what is still under way may go on for ever. */
static bool was_waited_for(struct cli_stream *s)
{
    if (nx_instant_is_never(s->until) || !nx_instant_reached(s->until, nx_clock_now()))
        return false;
    end_with(s, NX_E_ABORTED, "");
    return true;
}

enum nx_status cli_stream_pull(struct cli_stream *s, struct nx_bytes *piece, bool *ends_message)
{
    if (s->is_over)
        return NX_E_CLOSED;
    look_for_signal(s);
    if (was_waited_for(s))
        return NX_E_CLOSED;
    try_finish(s);
    enum nx_status status = nx_ipc_client_receive(&s->cli->client, at_once, &s->cli->heard);
    if (status == NX_OK)
        return take(s, piece, ends_message);
    if (status == NX_WOULD_BLOCK)
        return status;
    end_with(s, NX_E_CLOSED, s->cli->client.why);
    return NX_E_CLOSED;
}

/* ---- waiting ------------------------------------------------------------------------------- */

bool cli_stream_wait(struct cli_stream *s, bool wants_room, int input)
{
    struct pollfd descriptors[2] = {
        {.fd = nx_ipc_client_descriptor(&s->cli->client), .events = POLLIN},
        {.fd = input, .events = POLLIN},
    };

    look_for_signal(s);
    if (was_waited_for(s))
        return false;
    if (wants_room || (s->wants_finish && !s->is_finished))
        descriptors[0].events |= POLLOUT;
    cli_wait(descriptors, 2, s->until);
    return descriptors[1].revents != 0;
}

/* ---- its end ------------------------------------------------------------------------------- */

static void add_unconfirmed(const struct cli_stream *s, struct nx_text *t)
{
    char counts[160];

    if (s->unconfirmed_messages == 0 && s->unconfirmed_bytes == 0)
        return;
    snprintf(counts, sizeof(counts),
             "; %" PRIu64 " messages and %" PRIu64
             " bytes remained unconfirmed: the other side may have them, or not",
             s->unconfirmed_messages, s->unconfirmed_bytes);
    nx_text_add(t, counts);
}

enum cli_exit cli_stream_result(struct cli_stream *s)
{
    char sentence[900];
    char code[32] = "";
    struct nx_text t = nx_text_over(sentence, sizeof(sentence));

    if (s->status == NX_END && !s->has_failed && s->unconfirmed_bytes == 0 &&
        s->unconfirmed_messages == 0)
        return CLI_DONE;

    if (s->has_failed) {
        nx_text_add(&t, "so the stream was given up");
    } else if (s->signal != 0) {
        nx_text_add(&t, "stopped by a signal (");
        nx_text_add(&t, strsignal(s->signal));
        nx_text_add(&t, ")");
    } else {
        nx_text_add(&t, s->by_peer ? "the other side ended the stream: " : "the stream ended: ");
        nx_text_add(&t, s->why.text[0] != '\0' ? s->why.text : nx_status_text(s->status));
        if (s->code != 0)
            snprintf(code, sizeof(code), " (code %u)", (unsigned)s->code);
        nx_text_add(&t, code);
    }
    add_unconfirmed(s, &t);
    return cli_fail(s->cli, CLI_FAILED, "%s", sentence);
}
