#include "cli/nx_stream.h"

#include "cli/nx_wait.h"
#include "core/base/text.h"
#include "host/clock.h"

#include <inttypes.h>
#include <string.h>

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

    *s = (struct cli_stream){.cli = cli};
    nx_client_stream_begin(&s->stream, &cli->client, kind);
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
        cli_note(cli, "listening on %s", channel);
    }
}

enum cli_exit cli_stream_listen(struct cli_stream *s, struct cli *cli,
                                enum dsoftbusd_stream_kind kind, const char *peer,
                                const char *channel)
{
    enum nx_ipc_kind heard;
    struct dsoftbusd_listen_builder b = dsoftbusd_listen_new_root(cli_request(cli));

    *s = (struct cli_stream){.cli = cli};
    nx_client_stream_begin(&s->stream, &cli->client, kind);
    dsoftbusd_listen_set_kind(b, kind);
    dsoftbusd_listen_set_channel(b, nx_bytes_of_text(channel));
    if (peer != NULL)
        dsoftbusd_listen_set_peer(b, nx_bytes_of_text(peer));
    enum cli_exit code = cli_begin(cli, DSOFTBUSD_OPERATION_LISTEN, 0);
    while (code == CLI_DONE && (code = cli_next(cli, &heard)) == CLI_DONE && heard == NX_IPC_NEWS)
        tell_listening(cli, channel);
    return code == CLI_DONE ? keep_peer(s) : code;
}

/* ---- saying and hearing --------------------------------------------------------------------- */

enum nx_status cli_stream_push(struct cli_stream *s, struct nx_bytes piece, bool ends_message)
{
    return nx_client_stream_push(&s->stream, piece, ends_message);
}

void cli_stream_finish(struct cli_stream *s)
{
    nx_client_stream_finish(&s->stream);
}

void cli_stream_abort(struct cli_stream *s, uint16_t code, const char *why)
{
    nx_client_stream_abort(&s->stream, code, why);
}

/* Looked for at each piece: a stream that always has one more never waits. */
static void look_for_signal(struct cli_stream *s)
{
    int signal = cli_wait_signal();

    if (signal == 0 || s->signal != 0)
        return;
    s->signal = signal;
    cli_stream_abort(s, NX_CLIENT_ABORT_CANCELLED, "stopped by the person at the other end");
}

enum nx_status cli_stream_pull(struct cli_stream *s, struct nx_bytes *piece, bool *ends_message)
{
    if (!s->stream.is_over)
        look_for_signal(s);
    return nx_client_stream_pull(&s->stream, piece, ends_message);
}

bool cli_stream_wait(struct cli_stream *s, bool wants_room, int input)
{
    struct pollfd descriptors[2] = {
        {.fd = nx_client_descriptor(&s->cli->client), .events = POLLIN},
        {.fd = input, .events = POLLIN},
    };

    look_for_signal(s);
    if (nx_client_stream_tick(&s->stream, nx_clock_now()))
        return false;
    if (wants_room || nx_client_stream_wants_room(&s->stream))
        descriptors[0].events |= POLLOUT;
    cli_wait(descriptors, 2, s->stream.until);
    return descriptors[1].revents != 0;
}

/* ---- its end ------------------------------------------------------------------------------- */

static void add_unconfirmed(const struct nx_client_stream *s, struct nx_text *t)
{
    if (s->unconfirmed_messages == 0 && s->unconfirmed_bytes == 0)
        return;
    nx_text_add(t, "; ");
    nx_text_add(t, cli_show_count(s->unconfirmed_messages, "message").text);
    nx_text_add(t, " and ");
    nx_text_add(t, cli_show_count(s->unconfirmed_bytes, "byte").text);
    nx_text_add(t, " remained unconfirmed: the other side may have them, or not");
}

static bool went_well(const struct cli_stream *s)
{
    return s->stream.status == NX_END && !s->has_failed && s->stream.unconfirmed_bytes == 0 &&
           s->stream.unconfirmed_messages == 0;
}

enum cli_exit cli_stream_result(struct cli_stream *s)
{
    const struct nx_client_stream *end = &s->stream;
    enum cli_exit exit = cli_exit_of(end->status);
    char sentence[900];
    char code[32] = "";
    struct nx_text t = nx_text_over(sentence, sizeof(sentence));

    if (went_well(s))
        return CLI_DONE;

    if (s->has_failed) {
        nx_text_add(&t, "so the stream was given up");
        exit = CLI_FAILED;
    } else if (s->signal != 0) {
        nx_text_add(&t, "stopped by a signal (");
        nx_text_add(&t, strsignal(s->signal));
        nx_text_add(&t, ")");
        exit = CLI_STOPPED;
    } else if (end->is_cut) {
        return cli_connection_failed(s->cli, end->status);
    } else {
        nx_text_add(&t, end->by_peer ? "the other side ended the stream: " : "the stream ended: ");
        nx_text_add(&t, end->why[0] != '\0' ? end->why : nx_status_text(end->status));
        if (end->code != 0)
            snprintf(code, sizeof(code), " (code %u)", (unsigned)end->code);
        nx_text_add(&t, code);
    }
    add_unconfirmed(end, &t);
    return cli_fail(s->cli, exit == CLI_DONE ? CLI_ENDED : exit, "%s", sentence);
}
