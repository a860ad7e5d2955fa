/* nx bus byte: bytes over a stream, from a file or standard input to a file or standard output.
 *
 * The receiver says that it is done only when it has kept all of it. So a sender that is told that all
 * went well knows that the file is there. */
#include "cli/nx_commands.h"
#include "cli/nx_send.h"
#include "cli/nx_wait.h"
#include "cli/received_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_standard(const char *path)
{
    return path == NULL || strcmp(path, "-") == 0;
}

/* ---- sending ------------------------------------------------------------------------------- */

/* `*total`: its size, 0 when nobody knows. */
static enum cli_exit open_source(struct cli *cli, const char *path, int *fd, uint64_t *total)
{
    struct stat there;

    *total = 0;
    *fd = is_standard(path) ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (*fd < 0)
        return cli_fail(cli, CLI_FAILED, "%s: %s", path, strerror(errno));
    if (fstat(*fd, &there) != 0 || S_ISDIR(there.st_mode))
        return cli_fail(cli, CLI_FAILED, "%s is a directory; name a file",
                        is_standard(path) ? "standard input" : path);
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
    cli_progress_begin(&progress, total);
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
    const char *path = a->word_count == 3 ? a->words[2] : NULL;
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
        code = send_file(cli, fd, is_standard(path) ? "standard input" : path, total);
    if (fd > STDERR_FILENO)
        close(fd);
    return code;
}

/* ---- where it goes ------------------------------------------------------------------------- */

struct target {
    const char *path; /* NULL: standard output */
    bool may_replace;
    struct received_file file;
};

/* What would be found out at the end only. */
static enum cli_exit check_path(struct cli *cli, const struct target *target)
{
    struct stat there;

    if (stat(target->path, &there) != 0)
        return errno == ENOENT ? CLI_DONE
                               : cli_fail(cli, CLI_FAILED, "%s: %s", target->path, strerror(errno));
    if (!S_ISREG(there.st_mode))
        return cli_fail(cli, CLI_FAILED, "%s is no file; name one, or use - and redirect it",
                        target->path);
    if (!target->may_replace)
        return cli_fail(cli, CLI_FAILED,
                        "%s is there already; name another file, or replace it with --force",
                        target->path);
    return CLI_DONE;
}

static enum cli_exit begin_file(struct cli *cli, struct target *target)
{
    const char *slash = strrchr(target->path, '/');
    char folder[sizeof(target->file.path)];
    struct stat there;
    size_t len = slash == NULL ? 0 : (size_t)(slash - target->path) + 1;

    if (slash != NULL && slash[1] == '\0')
        return cli_fail(cli, CLI_FAILED, "%s names a directory; name a file", target->path);
    if (len >= sizeof(folder))
        return cli_fail(cli, CLI_FAILED, "that path is too long");
    memcpy(folder, len == 0 ? "." : target->path, len == 0 ? 1 : len);
    folder[len == 0 ? 1 : len] = '\0';
    if (stat(folder, &there) != 0)
        return cli_fail(cli, CLI_FAILED, "%s: %s", folder, strerror(errno));
    if (!received_file_begin(&target->file, folder, target->path))
        return cli_fail(cli, CLI_FAILED, "%s: %s", target->path, strerror(errno));
    return CLI_DONE;
}

/* EINTR: a signal came, and not all was written. */
static bool write_all(int fd, struct nx_bytes bytes)
{
    while (bytes.len > 0) {
        ssize_t len = write(fd, bytes.ptr, bytes.len);

        if (len < 0 && errno != EAGAIN && (errno != EINTR || cli_wait_has_signal()))
            return false;
        bytes = nx_bytes_skip(bytes, len > 0 ? (size_t)len : 0);
    }
    return true;
}

static bool write_target(struct target *target, struct nx_bytes bytes)
{
    return target->path == NULL ? write_all(STDOUT_FILENO, bytes)
                                : received_file_write(&target->file, bytes);
}

static bool keep_target(struct target *target)
{
    if (target->path == NULL)
        return true;
    return target->may_replace ? received_file_keep(&target->file)
                               : received_file_keep_new(&target->file);
}

/* ---- receiving ----------------------------------------------------------------------------- */

static void give_up(struct cli_stream *s, struct cli_progress *progress,
                    const struct target *target)
{
    int error = errno;

    if (error == EINTR && cli_wait_has_signal())
        return; /* it is heard by the next pull, and is the reason */
    cli_progress_end(progress);
    s->has_failed = true;
    cli_fail(s->cli, CLI_FAILED, "%s: %s", target->path == NULL ? "standard output" : target->path,
             strerror(error));
    cli_stream_abort(s, CLI_ABORT_UNKEPT, "it could not be kept where it was received");
}

static enum cli_exit receive(struct cli_stream *s, struct target *target,
                             struct cli_progress *progress)
{
    while (!s->is_over) {
        struct nx_bytes piece;
        bool ends_message;
        enum nx_status status = cli_stream_pull(s, &piece, &ends_message);

        if (status == NX_WOULD_BLOCK)
            (void)cli_stream_wait(s, false, -1);
        else if (s->is_aborted)
            continue;
        else if (status == NX_OK && !write_target(target, piece))
            give_up(s, progress, target);
        else if (status == NX_OK)
            cli_progress_add(progress, piece);
        else if (status == NX_END && !keep_target(target))
            give_up(s, progress, target);
        else if (status == NX_END)
            cli_stream_finish(s);
    }
    cli_progress_end(progress);
    return cli_stream_result(s);
}

static enum cli_exit receive_into(struct cli *cli, struct target *target)
{
    const struct cli_arguments *a = &cli->arguments;
    struct cli_progress progress;
    struct cli_stream s;
    enum cli_exit code =
        cli_stream_listen(&s, cli, DSOFTBUSD_STREAM_KIND_BYTE, a->options[CLI_PEER], a->words[0]);

    if (code != CLI_DONE)
        return code;
    cli_progress_begin(&progress, 0);
    code = receive(&s, target, &progress);
    if (code == CLI_DONE)
        cli_progress_summary(&progress, "received", &s, target->path, target->path == NULL);
    else if (target->file.is_kept)
        fprintf(stderr, "nx: all of it had come; it is kept\n");
    return code;
}

static enum cli_exit check_recv(struct cli *cli, const struct target *target)
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
    struct target target = {
        .path = is_standard(path) ? NULL : path,
        .may_replace = cli_is_given(a, CLI_FORCE),
        .file = {.folder = -1, .fd = -1},
    };
    enum cli_exit code = check_recv(cli, &target);

    if (code == CLI_DONE && target.path != NULL)
        code = check_path(cli, &target);
    if (code == CLI_DONE)
        code = cli_open(cli);
    if (code == CLI_DONE && target.path != NULL)
        code = begin_file(cli, &target);
    if (code == CLI_DONE)
        code = receive_into(cli, &target);
    received_file_drop(&target.file);
    return code;
}
