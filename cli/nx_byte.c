/* nx bus byte: bytes over a stream, from a file or standard input to a file or standard output.
 *
 * The receiver says that it is done only when it has kept all of it. So a sender that is told that all
 * went well knows that the file is there. */
#include "cli/nx_commands.h"
#include "cli/nx_send.h"
#include "cli/nx_target.h"
#include "cli/nx_wait.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- sending ------------------------------------------------------------------------------- */

/* `*total`: its size, 0 when nobody knows. */
static enum cli_exit open_source(struct cli *cli, const char *path, int *fd, uint64_t *total)
{
    struct stat there;

    *total = 0;
    *fd = cli_is_standard(path) ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (*fd < 0)
        return cli_fail(cli, CLI_FAILED, "%s: %s", path, strerror(errno));
    if (fstat(*fd, &there) != 0 || S_ISDIR(there.st_mode))
        return cli_fail(cli, CLI_FAILED, "%s is a directory; name a file",
                        cli_is_standard(path) ? "standard input" : path);
    if (S_ISREG(there.st_mode))
        *total = (uint64_t)there.st_size;
    return CLI_DONE;
}

static enum cli_exit send_file(struct cli *cli, int fd, const char *name, uint64_t total)
{
    static struct cli_source source;
    struct cli_progress progress;
    struct cli_stream s;
    enum cli_exit code = cli_stream_open(&s, cli, DSOFTBUSD_STREAM_KIND_BYTE,
                                         cli->arguments.words[0], cli->arguments.words[1]);

    if (code != CLI_DONE)
        return code;
    cli_progress_begin(&progress, total, cli_is_given(&cli->arguments, CLI_JSON));
    cli_source_over(&source, CLI_FRAMING_BYTES, fd, name);
    source.progress = &progress;
    code = cli_send(&s, &source);
    if (code == CLI_DONE)
        cli_progress_summary(&progress, "sent", &s, NULL, false);
    return code;
}

enum cli_exit cli_byte_send(struct cli *cli)
{
    const struct cli_arguments *a = &cli->arguments;
    const char *path = a->word_count == 3 ? a->words[2] : "-";
    uint64_t total;
    int fd = -1;
    enum cli_exit code = cli_check_peer(cli, a->words[0]);

    if (code == CLI_DONE)
        code = cli_check_channel(cli, a->words[1]);
    if (code == CLI_DONE)
        code = open_source(cli, path, &fd, &total);
    if (code == CLI_DONE)
        code = cli_open(cli);
    if (code == CLI_DONE)
        code = send_file(cli, fd, cli_is_standard(path) ? "standard input" : path, total);
    if (fd > STDERR_FILENO)
        close(fd);
    return code;
}

/* ---- receiving ----------------------------------------------------------------------------- */

static void give_up(struct cli_stream *s, struct cli_progress *progress,
                    const struct cli_target *target)
{
    int error = errno;

    if (error == EINTR && cli_wait_has_signal())
        return; /* it is heard by the next pull, and is the reason */
    cli_progress_end(progress);
    s->has_failed = true;
    cli_fail(s->cli, CLI_FAILED, "%s: %s", cli_target_name(target), strerror(error));
    cli_stream_abort(s, NX_CLIENT_ABORT_UNKEPT, "it could not be kept where it was received");
}

static enum cli_exit receive(struct cli_stream *s, struct cli_target *target,
                             struct cli_progress *progress)
{
    while (!s->stream.is_over) {
        struct nx_bytes piece;
        bool ends_message;
        enum nx_status status = cli_stream_pull(s, &piece, &ends_message);

        if (status == NX_WOULD_BLOCK)
            (void)cli_stream_wait(s, false, -1);
        else if (s->stream.is_aborted)
            continue;
        else if (status == NX_OK && !cli_target_write(target, piece))
            give_up(s, progress, target);
        else if (status == NX_OK)
            cli_progress_add(progress, piece);
        else if (status == NX_END && !cli_target_keep(target))
            give_up(s, progress, target);
        else if (status == NX_END)
            cli_stream_finish(s);
    }
    cli_progress_end(progress);
    return cli_stream_result(s);
}

static enum cli_exit receive_into(struct cli *cli, struct cli_target *target)
{
    const struct cli_arguments *a = &cli->arguments;
    struct cli_progress progress;
    struct cli_stream s;
    enum cli_exit code =
        cli_stream_listen(&s, cli, DSOFTBUSD_STREAM_KIND_BYTE, a->options[CLI_PEER], a->words[0]);

    if (code != CLI_DONE)
        return code;
    cli_progress_begin(&progress, 0, cli_is_given(a, CLI_JSON));
    code = receive(&s, target, &progress);
    if (code == CLI_DONE)
        cli_progress_summary(&progress, "received", &s, target->path, target->path == NULL);
    else if (target->file.is_kept)
        cli_note(cli, "all of it had come; it is kept");
    return code;
}

static enum cli_exit check_recv(struct cli *cli, const struct cli_target *target)
{
    const struct cli_arguments *a = &cli->arguments;
    enum cli_exit code = cli_check_channel(cli, a->words[0]);

    if (code == CLI_DONE && cli_is_given(a, CLI_PEER))
        code = cli_check_peer(cli, a->options[CLI_PEER]);
    if (code == CLI_DONE && target->path == NULL && cli_is_given(a, CLI_JSON))
        return cli_fail(cli, CLI_USAGE, "--json needs a FILE: standard output has the bytes");
    if (code == CLI_DONE && target->path == NULL && a->word_count == 1 &&
        isatty(STDOUT_FILENO) != 0)
        return cli_fail(cli, CLI_USAGE,
                        "name a FILE, or - if a terminal is to get the bytes as they are");
    return code;
}

enum cli_exit cli_byte_recv(struct cli *cli)
{
    const struct cli_arguments *a = &cli->arguments;
    const char *path = a->word_count == 2 ? a->words[1] : NULL;
    struct cli_target target = cli_target_of(path, cli_is_given(a, CLI_FORCE));
    enum cli_exit code = check_recv(cli, &target);

    if (code == CLI_DONE)
        code = cli_target_check(cli, &target);
    if (code == CLI_DONE)
        code = cli_open(cli);
    if (code == CLI_DONE)
        code = cli_target_begin(cli, &target);
    if (code == CLI_DONE)
        code = receive_into(cli, &target);
    cli_target_drop(&target);
    return code;
}
