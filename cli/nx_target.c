#include "cli/nx_target.h"

#include "cli/nx_wait.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool cli_is_standard(const char *path)
{
    return path == NULL || strcmp(path, "-") == 0;
}

struct cli_target cli_target_of(const char *path, bool may_replace)
{
    return (struct cli_target){
        .path = cli_is_standard(path) ? NULL : path,
        .may_replace = may_replace,
        .file = {.folder = -1, .fd = -1},
    };
}

enum cli_exit cli_target_check(struct cli *cli, const struct cli_target *target)
{
    struct stat there;

    if (target->path == NULL)
        return CLI_DONE;
    if (stat(target->path, &there) != 0)
        return errno == ENOENT ? CLI_DONE
                               : cli_fail(cli, CLI_FAILED, "%s: %s", target->path, strerror(errno));
    if (!S_ISREG(there.st_mode))
        return cli_fail(cli, CLI_FAILED, "%s is no file; name one, or use - and redirect it",
                        target->path);
    if (!target->may_replace)
        return cli_fail(cli, CLI_THERE,
                        "%s is there already; name another file, or replace it with --force",
                        target->path);
    return CLI_DONE;
}

enum cli_exit cli_target_begin(struct cli *cli, struct cli_target *target)
{
    if (target->path == NULL)
        return CLI_DONE;
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

bool cli_target_write(struct cli_target *target, struct nx_bytes bytes)
{
    return target->path == NULL ? write_all(STDOUT_FILENO, bytes)
                                : received_file_write(&target->file, bytes);
}

bool cli_target_keep(struct cli_target *target)
{
    if (target->path == NULL)
        return true;
    return target->may_replace ? received_file_keep(&target->file)
                               : received_file_keep_new(&target->file);
}

const char *cli_target_name(const struct cli_target *target)
{
    return target->path == NULL ? "standard output" : target->path;
}

void cli_target_drop(struct cli_target *target)
{
    received_file_drop(&target->file);
}
