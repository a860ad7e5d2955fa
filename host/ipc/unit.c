/* Sockets' options, which c11 alone hides. */
#define _GNU_SOURCE

#include "host/ipc/unit.h"

#include "core/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77 /* newer than the headers; the number is the kernel's for good */
#endif

/* ---- control groups -------------------------------------------------------------------------- */

static bool ends_with(struct nx_bytes text, const char *end)
{
    size_t len = strlen(end);

    return text.len > len && memcmp(text.ptr + text.len - len, end, len) == 0;
}

/* The next component of a path, which is then behind it; empty at its end. */
static struct nx_bytes next_component(struct nx_bytes *path)
{
    const uint8_t *slash;
    struct nx_bytes component = *path;

    slash = path->len == 0 ? NULL : memchr(path->ptr, '/', path->len);
    if (slash != NULL)
        component.len = (size_t)(slash - path->ptr);
    *path = nx_bytes_skip(*path, component.len + (slash != NULL));
    return component;
}

static enum nx_status unit_of_path(struct nx_bytes path, char unit[NX_IPC_UNIT_CAP])
{
    struct nx_bytes at = next_component(&path);

    if (!nx_bytes_equal(at, nx_bytes_of_text("system.slice")))
        return NX_E_NOT_FOUND;
    do {
        at = next_component(&path);
    } while (ends_with(at, ".slice"));
    if (!ends_with(at, ".service") || at.len >= NX_IPC_UNIT_CAP)
        return NX_E_NOT_FOUND;
    memcpy(unit, at.ptr, at.len);
    unit[at.len] = '\0';
    return NX_OK;
}

enum nx_status nx_ipc_unit_of_cgroup(struct nx_bytes text, char unit[NX_IPC_UNIT_CAP])
{
    static const char one[] = "0::/";

    unit[0] = '\0';
    while (text.len > 0) {
        const uint8_t *end = memchr(text.ptr, '\n', text.len);
        struct nx_bytes line = text;

        line.len = end == NULL ? text.len : (size_t)(end - text.ptr);
        text = nx_bytes_skip(text, line.len + (end != NULL));
        if (line.len >= sizeof(one) - 1 && memcmp(line.ptr, one, sizeof(one) - 1) == 0)
            return unit_of_path(nx_bytes_skip(line, sizeof(one) - 1), unit);
    }
    return NX_E_NOT_FOUND;
}

/* ---- the process at the other end ------------------------------------------------------------ */

static enum nx_status read_file(const char *path, char *text, size_t cap,
                                struct nx_bytes *read_text)
{
    size_t used = 0;
    ssize_t len = 1;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return errno == ENOENT ? NX_E_CLOSED : NX_E_IO;
    while (used < cap && len > 0) {
        len = read(fd, text + used, cap - used);
        used += len > 0 ? (size_t)len : 0;
    }
    close(fd);
    *read_text = nx_bytes_of(text, used);
    if (len < 0)
        return errno == ESRCH ? NX_E_CLOSED : NX_E_IO;
    return used < cap ? NX_OK : NX_E_LIMIT; /* what is cut may end like something else */
}

/* The pid behind the descriptor, as this process would call it. */
static enum nx_status pid_of(int pidfd, long *pid)
{
    char path[64], text[1024];
    struct nx_bytes about;

    (void)snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
    enum nx_status status = read_file(path, text, sizeof(text) - 1, &about);
    if (status != NX_OK)
        return status;
    text[about.len] = '\0';
    const char *line = strstr(text, "\nPid:");
    *pid = line == NULL ? 0 : strtol(line + strlen("\nPid:"), NULL, 10);
    return *pid > 0 ? NX_OK : NX_E_CLOSED; /* -1: it has ended; 0: it is of another namespace */
}

static enum nx_status unit_of(int pidfd, char unit[NX_IPC_UNIT_CAP])
{
    char path[64], text[4096];
    struct nx_bytes groups;
    struct pollfd end = {.fd = pidfd, .events = POLLIN};
    long pid;
    enum nx_status status = pid_of(pidfd, &pid);

    if (status != NX_OK)
        return status;
    (void)snprintf(path, sizeof(path), "/proc/%ld/cgroup", pid);
    status = read_file(path, text, sizeof(text), &groups);
    if (status != NX_OK)
        return status;
    if (poll(&end, 1, 0) != 0)
        return NX_E_CLOSED; /* what was read may be another process's */
    return nx_ipc_unit_of_cgroup(groups, unit);
}

enum nx_status nx_ipc_peer_unit(int fd, char unit[NX_IPC_UNIT_CAP])
{
    int pidfd = -1;
    socklen_t len = sizeof(pidfd);

    unit[0] = '\0';
    if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &len) != 0) {
        if (errno == ESRCH)
            return NX_E_CLOSED;
        return errno == ENOPROTOOPT || errno == EINVAL || errno == ENODATA ? NX_E_UNSUPPORTED
                                                                           : NX_E_IO;
    }
    (void)fcntl(pidfd, F_SETFD, FD_CLOEXEC);
    enum nx_status status = unit_of(pidfd, unit);
    close(pidfd);
    if (status != NX_OK)
        unit[0] = '\0';
    return status;
}
