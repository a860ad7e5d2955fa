/* nx bus frame: frames on a channel of a v1 session, one sent, or those received that come.
 *
 * A v1 node opens no streams and confirms nothing. To have a channel open is to be given its frames;
 * to leave it is to close the connection to the daemon, which the session does not notice. */
#include "cli/nx_commands.h"
#include "cli/nx_send.h"
#include "cli/nx_target.h"
#include "cli/nx_wait.h"
#include "core/base/hex.h"
#include "core/base/limits.h"
#include "core/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

static enum cli_exit check_number(struct cli *cli, const char *channel)
{
    uint64_t number = 0;
    size_t len = strspn(channel, "0123456789");

    for (size_t i = 0; i < len && len <= 10; i++)
        number = number * 10 + (uint64_t)(channel[i] - '0');
    if (len > 0 && len <= 10 && channel[len] == '\0' && number <= UINT32_MAX)
        return CLI_DONE;
    return cli_fail(cli, CLI_USAGE,
                    "a channel of frames is a number from 0 to %" PRIu32 ", not '%s'", UINT32_MAX,
                    channel);
}

static enum cli_exit check(struct cli *cli)
{
    enum cli_exit code = cli_check_peer(cli, cli->arguments.words[0]);

    return code == CLI_DONE ? check_number(cli, cli->arguments.words[1]) : code;
}

static void tell(const struct cli_stream *s, const char *name, uint64_t bytes)
{
    const char *channel = s->cli->arguments.words[1];

    if (cli_is_given(&s->cli->arguments, CLI_JSON)) {
        json_t *event = cli_json_event(name);

        json_object_set_new(event, "id", json_string(s->peer_id.text));
        json_object_set_new(event, "name", json_string(s->peer_name.text));
        json_object_set_new(event, "channel", json_string(channel));
        if (strcmp(name, "sent") == 0)
            json_object_set_new(event, "bytes", cli_json_number(bytes));
        cli_json_print(stdout, event);
    } else if (strcmp(name, "sent") == 0) {
        printf("sent: a frame of %s to %s\n", cli_show_count(bytes, "byte").text,
               s->peer_name.text);
    } else {
        cli_note(s->cli, "%s on %s, of %s %s", name, channel, s->peer_name.text, s->peer_id.text);
    }
}

/* ---- sending ------------------------------------------------------------------------------- */

/* All of it: a frame is whole, so that it is read before anything is asked. */
static enum cli_exit read_frame(struct cli *cli, int fd, const char *name,
                                struct cli_source *source)
{
    _Static_assert(sizeof(source->buffer) > DSB_V1_FRAME_BYTES_MAX, "one byte more is seen");
    size_t used = 0;

    while (used <= DSB_V1_FRAME_BYTES_MAX) {
        ssize_t len = read(fd, source->buffer + used, sizeof(source->buffer) - used);

        if (len == 0)
            break;
        if (len < 0 && (errno != EINTR || cli_wait_has_signal()))
            return cli_fail(cli, CLI_FAILED, "%s: %s", name, strerror(errno));
        used += len > 0 ? (size_t)len : 0;
    }
    if (used > DSB_V1_FRAME_BYTES_MAX)
        return cli_fail(cli, CLI_FAILED, "%s is longer than a frame can be, %d bytes", name,
                        DSB_V1_FRAME_BYTES_MAX);
    cli_source_over(source, CLI_FRAMING_WHOLE, -1, name);
    source->rest = nx_bytes_of(source->buffer, used);
    return CLI_DONE;
}

enum cli_exit cli_frame_send(struct cli *cli)
{
    static struct cli_source source;
    const struct cli_arguments *a = &cli->arguments;
    const char *path = a->word_count == 3 ? a->words[2] : "-";
    const char *name = cli_is_standard(path) ? "standard input" : path;
    struct cli_stream s;
    enum cli_exit code = check(cli);

    if (code != CLI_DONE)
        return code;
    int fd = cli_is_standard(path) ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return cli_fail(cli, CLI_FAILED, "%s: %s", name, strerror(errno));
    code = read_frame(cli, fd, name, &source);
    if (fd > STDERR_FILENO)
        close(fd);
    if (code == CLI_DONE)
        code = cli_open(cli);
    if (code == CLI_DONE)
        code = cli_stream_open(&s, cli, DSOFTBUSD_STREAM_KIND_FRAME, a->words[0], a->words[1]);
    if (code == CLI_DONE)
        code = cli_send(&s, &source);
    if (code == CLI_DONE)
        tell(&s, "sent", source.byte_count);
    return code;
}

/* ---- receiving ----------------------------------------------------------------------------- */

enum form {
    FORM_LINE,
    FORM_JSON,
    FORM_BYTES
};

struct inbox {
    struct cli_stream stream;
    enum form form;
    struct cli_target target; /* of bytes */
    uint64_t wanted;          /* frames; 0: all there are */
    uint64_t count;
    char shown[2 * DSB_V1_FRAME_BYTES_MAX + 1];
};

static bool has_all(const struct inbox *inbox)
{
    return inbox->wanted > 0 && inbox->count >= inbox->wanted;
}

static void give_up(struct inbox *inbox)
{
    inbox->stream.has_failed = true;
    cli_fail(inbox->stream.cli, CLI_FAILED, "%s: %s", cli_target_name(&inbox->target),
             strerror(errno));
    cli_stream_abort(&inbox->stream, NX_CLIENT_ABORT_UNKEPT, "");
}

static void print_json(struct inbox *inbox, struct nx_bytes frame)
{
    json_t *event = cli_json_event("frame");

    json_object_set_new(event, "bytes", cli_json_number(frame.len));
    if (nx_utf8_is_valid(frame)) {
        json_object_set_new(event, "text",
                            json_stringn(frame.len == 0 ? "" : (const char *)frame.ptr, frame.len));
    } else {
        nx_hex_encode(frame, inbox->shown);
        json_object_set_new(event, "hex", json_string(inbox->shown));
    }
    cli_json_print(stdout, event);
}

static void take(struct inbox *inbox, struct nx_bytes frame)
{
    bool is_kept = true;

    if (inbox->form == FORM_BYTES) {
        is_kept = cli_target_write(&inbox->target, frame);
    } else if (inbox->form == FORM_JSON) {
        print_json(inbox, frame);
    } else {
        nx_text_for_show(frame, inbox->shown, sizeof(inbox->shown));
        puts(inbox->shown);
        fflush(stdout);
    }
    if (!is_kept || ferror(stdout) != 0) {
        if (errno != EINTR || !cli_wait_has_signal()) /* else the next pull hears it */
            give_up(inbox);
        return;
    }
    inbox->count++;
    if (!has_all(inbox))
        return;
    inbox->stream.stream.is_over = true;
    if (!cli_target_keep(&inbox->target))
        give_up(inbox);
}

static enum cli_exit receive(struct inbox *inbox)
{
    struct cli_stream *s = &inbox->stream;

    while (!s->stream.is_over) {
        struct nx_bytes piece;
        bool ends_message;
        enum nx_status status = cli_stream_pull(s, &piece, &ends_message);

        if (status == NX_OK && !s->stream.is_aborted)
            take(inbox, piece);
        else if (status == NX_WOULD_BLOCK)
            (void)cli_stream_wait(s, false, -1);
    }
    if (s->has_failed)
        return CLI_FAILED;
    return has_all(inbox) ? CLI_DONE : cli_stream_result(s);
}

static enum cli_exit check_recv(struct cli *cli)
{
    const struct cli_arguments *a = &cli->arguments;
    int forms = cli_is_given(a, CLI_RAW) + cli_is_given(a, CLI_JSON) + cli_is_given(a, CLI_OUTPUT);
    enum cli_exit code = check(cli);

    if (code == CLI_DONE && forms > 1)
        return cli_fail(cli, CLI_USAGE, "--raw, --json and --output: one of them");
    return code;
}

enum cli_exit cli_frame_recv(struct cli *cli)
{
    static struct inbox inbox;
    const struct cli_arguments *a = &cli->arguments;
    bool into_file = cli_is_given(a, CLI_OUTPUT);
    enum cli_exit code = check_recv(cli);

    inbox.form = cli_is_given(a, CLI_JSON)               ? FORM_JSON
                 : into_file || cli_is_given(a, CLI_RAW) ? FORM_BYTES
                                                         : FORM_LINE;
    inbox.target = cli_target_of(a->options[CLI_OUTPUT], cli_is_given(a, CLI_FORCE));
    inbox.wanted = cli_number(a, CLI_COUNT, into_file ? 1 : 0);
    if (code == CLI_DONE)
        code = cli_target_check(cli, &inbox.target);
    if (code == CLI_DONE)
        code = cli_open(cli);
    if (code == CLI_DONE)
        code = cli_target_begin(cli, &inbox.target);
    if (code == CLI_DONE)
        code = cli_stream_open(&inbox.stream, cli, DSOFTBUSD_STREAM_KIND_FRAME, a->words[0],
                               a->words[1]);
    if (code == CLI_DONE) {
        tell(&inbox.stream, "listening", 0);
        code = receive(&inbox);
    }
    cli_target_drop(&inbox.target);
    return code;
}
