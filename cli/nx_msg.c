/* nx bus msg: messages over a stream, from arguments or standard input, and to standard output. */
#include "cli/nx_commands.h"
#include "cli/nx_send.h"
#include "cli/nx_wait.h"
#include "core/base/hex.h"
#include "core/base/text.h"
#include "host/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- sending ------------------------------------------------------------------------------- */

static bool is_standard(const char *word)
{
    return strcmp(word, "-") == 0;
}

static enum cli_exit check_send(struct cli *cli)
{
    const struct cli_arguments *a = &cli->arguments;
    bool has_text = a->word_count > 2 && !(a->word_count == 3 && is_standard(a->words[2]));
    enum cli_exit code = cli_check_peer(cli, a->words[0]);

    if (code == CLI_DONE)
        code = cli_check_channel(cli, a->words[1]);
    if (code == CLI_DONE && has_text && cli_is_given(a, CLI_LINES))
        return cli_fail(cli, CLI_USAGE, "--lines reads standard input: leave the TEXT away");
    return code;
}

/* The words as one text, separated by blanks; NULL: no memory. */
static char *join(char **words, int count)
{
    size_t cap = 1;

    for (int i = 0; i < count; i++)
        cap += strlen(words[i]) + 1;
    char *text = malloc(cap);
    if (text == NULL)
        return NULL;
    struct nx_text t = nx_text_over(text, cap);
    for (int i = 0; i < count; i++) {
        nx_text_add(&t, i == 0 ? "" : " ");
        nx_text_add_bytes(&t, nx_bytes_of_text(words[i]));
    }
    return text;
}

static void print_sent(const struct cli_stream *s, const struct cli_source *source)
{
    if (cli_is_given(&s->cli->arguments, CLI_JSON)) {
        json_t *event = cli_json_event("sent");

        json_object_set_new(event, "id", json_string(s->peer_id.text));
        json_object_set_new(event, "name", json_string(s->peer_name.text));
        json_object_set_new(event, "messages", cli_json_number(source->message_count));
        json_object_set_new(event, "bytes", cli_json_number(source->byte_count));
        cli_json_print(stdout, event);
        return;
    }
    printf("sent: %s, %s to %s\n", cli_show_count(source->message_count, "message").text,
           cli_show_count(source->byte_count, "byte").text, s->peer_name.text);
}

static enum cli_exit send_source(struct cli *cli, struct cli_source *source)
{
    struct cli_stream s;
    enum cli_exit code = cli_open(cli);

    if (code == CLI_DONE)
        code = cli_stream_open(&s, cli, DSOFTBUSD_STREAM_KIND_MSG, cli->arguments.words[0],
                               cli->arguments.words[1]);
    if (code == CLI_DONE)
        code = cli_send(&s, source);
    if (code == CLI_DONE)
        print_sent(&s, source);
    return code;
}

static enum cli_exit send_input(struct cli *cli)
{
    static struct cli_source source;
    bool by_lines = cli_is_given(&cli->arguments, CLI_LINES);

    cli_source_over(&source, by_lines ? CLI_FRAMING_LINES : CLI_FRAMING_WHOLE, STDIN_FILENO,
                    "standard input");
    if (isatty(STDIN_FILENO) != 0)
        cli_note(cli, "%s from the terminal; Ctrl-D ends it",
                 by_lines ? "each line is a message" : "the message comes");
    return send_source(cli, &source);
}

enum cli_exit cli_msg_send(struct cli *cli)
{
    static struct cli_source source;
    const struct cli_arguments *a = &cli->arguments;
    enum cli_exit code = check_send(cli);

    if (code != CLI_DONE)
        return code;
    if (a->word_count == 2 || (a->word_count == 3 && is_standard(a->words[2])))
        return send_input(cli);

    char *text = join(a->words + 2, a->word_count - 2);
    if (text == NULL)
        return cli_fail(cli, CLI_FAILED, "no memory for the message");
    cli_source_over(&source, CLI_FRAMING_WHOLE, -1, "TEXT");
    source.rest = nx_bytes_of_text(text);
    code = send_source(cli, &source);
    free(text);
    return code;
}

/* ---- receiving ----------------------------------------------------------------------------- */

/* A message that is shown as a line or as JSON is put together first. */
#define MESSAGE_MAX (1u << 20)

enum form {
    FORM_LINE,
    FORM_JSON,
    FORM_RAW
};

struct inbox {
    struct cli_stream *stream;
    enum form form;
    uint64_t wanted; /* messages; 0: all there are */
    uint64_t count;
    uint8_t *message; /* MESSAGE_MAX, and twice as much and a byte for how it is shown */
    size_t len;
};

static void print_json_message(struct nx_bytes message, char *shown)
{
    json_t *event = cli_json_event("message");

    json_object_set_new(event, "bytes", cli_json_number(message.len));
    if (nx_utf8_is_valid(message)) {
        json_object_set_new(
            event, "text",
            json_stringn(message.len == 0 ? "" : (const char *)message.ptr, message.len));
    } else {
        nx_hex_encode(message, shown);
        json_object_set_new(event, "hex", json_string(shown));
    }
    cli_json_print(stdout, event);
}

static void print_message(struct inbox *inbox)
{
    struct nx_bytes message = nx_bytes_of(inbox->message, inbox->len);
    char *shown = (char *)inbox->message + MESSAGE_MAX;

    if (inbox->form == FORM_JSON) {
        print_json_message(message, shown);
    } else if (inbox->form == FORM_LINE) {
        nx_text_for_show(message, shown, MESSAGE_MAX + 1);
        puts(shown);
    }
    fflush(stdout);
}

static void give_up(struct inbox *inbox, const char *why)
{
    inbox->stream->has_failed = true;
    cli_fail(inbox->stream->cli, CLI_FAILED, "%s", why);
    cli_stream_abort(inbox->stream, NX_CLIENT_ABORT_UNKEPT, why);
}

static bool has_all(const struct inbox *inbox)
{
    return inbox->wanted > 0 && inbox->count >= inbox->wanted;
}

/* A sender that has nothing more gets the time to say so; one that goes on is not waited for. */
static void stop_when_all_came(struct inbox *inbox)
{
    if (!has_all(inbox))
        return;
    cli_stream_finish(inbox->stream);
    inbox->stream->stream.until = nx_instant_after(nx_clock_now(), nx_milliseconds(CLI_STOP_MS));
}

static void take(struct inbox *inbox, struct nx_bytes piece, bool ends_message)
{
    if (inbox->stream->stream.is_aborted)
        return;
    if (has_all(inbox)) {
        inbox->stream->stream.is_over = true;
        return;
    }
    if (inbox->form == FORM_RAW) {
        fwrite(piece.ptr, 1, piece.len, stdout);
    } else if (piece.len > MESSAGE_MAX - inbox->len) {
        give_up(inbox, "a message is over 1 MiB: receive it with --raw");
        return;
    } else {
        memcpy(inbox->message + inbox->len, piece.ptr, piece.len);
        inbox->len += piece.len;
    }
    if (ends_message) {
        print_message(inbox);
        inbox->count++;
        inbox->len = 0;
        stop_when_all_came(inbox);
    }
    if (ferror(stdout) != 0 && !cli_wait_has_signal()) /* which the next pull hears */
        give_up(inbox, "standard output takes nothing more");
}

static enum cli_exit result(struct inbox *inbox)
{
    if (has_all(inbox) && !inbox->stream->has_failed)
        return CLI_DONE;
    enum cli_exit code = cli_stream_result(inbox->stream);
    if (code == CLI_DONE && inbox->wanted > 0)
        return cli_fail(inbox->stream->cli, CLI_ENDED,
                        "the other side ended after %" PRIu64 " of %s", inbox->count,
                        cli_show_count(inbox->wanted, "message").text);
    return code;
}

static enum cli_exit receive(struct inbox *inbox)
{
    struct cli_stream *s = inbox->stream;

    while (!s->stream.is_over) {
        struct nx_bytes piece;
        bool ends_message;
        enum nx_status status = cli_stream_pull(s, &piece, &ends_message);

        if (status == NX_OK)
            take(inbox, piece, ends_message);
        else if (status == NX_END)
            cli_stream_finish(s);
        else if (status == NX_WOULD_BLOCK)
            (void)cli_stream_wait(s, false, -1);
    }
    return result(inbox);
}

static void tell_opened(const struct cli_stream *s)
{
    if (cli_is_given(&s->cli->arguments, CLI_JSON)) {
        json_t *event = cli_json_event("opened");

        json_object_set_new(event, "id", json_string(s->peer_id.text));
        json_object_set_new(event, "name", json_string(s->peer_name.text));
        cli_json_print(stdout, event);
    } else {
        cli_note(s->cli, "from %s %s", s->peer_name.text, s->peer_id.text);
    }
}

static enum cli_exit check_recv(struct cli *cli)
{
    const struct cli_arguments *a = &cli->arguments;
    enum cli_exit code = cli_check_channel(cli, a->words[0]);

    if (code == CLI_DONE && cli_is_given(a, CLI_PEER))
        code = cli_check_peer(cli, a->options[CLI_PEER]);
    if (code == CLI_DONE && cli_is_given(a, CLI_RAW) && cli_is_given(a, CLI_JSON))
        return cli_fail(cli, CLI_USAGE, "--raw and --json: one of them");
    return code;
}

enum cli_exit cli_msg_recv(struct cli *cli)
{
    const struct cli_arguments *a = &cli->arguments;
    struct cli_stream s;
    struct inbox inbox = {
        .stream = &s,
        .form = cli_is_given(a, CLI_RAW)    ? FORM_RAW
                : cli_is_given(a, CLI_JSON) ? FORM_JSON
                                            : FORM_LINE,
        .wanted = cli_number(a, CLI_COUNT, 0),
    };
    enum cli_exit code = check_recv(cli);

    if (code == CLI_DONE)
        code = cli_open(cli);
    if (code == CLI_DONE)
        code = cli_stream_listen(&s, cli, DSOFTBUSD_STREAM_KIND_MSG, a->options[CLI_PEER],
                                 a->words[0]);
    if (code != CLI_DONE)
        return code;
    tell_opened(&s);
    inbox.message = malloc(3 * MESSAGE_MAX + 1);
    if (inbox.message == NULL)
        return cli_fail(cli, CLI_FAILED, "no memory for messages");
    code = receive(&inbox);
    free(inbox.message);
    return code;
}
