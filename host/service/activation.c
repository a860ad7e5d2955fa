/* unsetenv and SO_ACCEPTCONN, which c11 alone hides. */
#define _GNU_SOURCE

#include "host/service/activation.h"

#include "core/base/text.h"
#include "host/service/words.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FIRST 3
#define MANY  64 /* more than can be served; the rest need not be looked at */

/* "descriptor 4 of LISTEN_FDS <what>" */
static enum nx_status refuse(struct nx_why *why, enum nx_status status, int fd, const char *what)
{
    struct nx_text t = nx_text_over(why->text, sizeof(why->text));

    nx_text_add(&t, "descriptor ");
    nx_text_add_u64(&t, (uint64_t)fd);
    nx_text_add(&t, " of LISTEN_FDS ");
    nx_text_add(&t, what);
    return status;
}

/* What is told of a socket; -1: it is none. */
static int told(int fd, int option)
{
    int value = -1;
    socklen_t len = sizeof(value);

    return getsockopt(fd, SOL_SOCKET, option, &value, &len) == 0 ? value : -1;
}

static bool make_ours(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
           fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

static void keep_path(struct nx_activation *a, int fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t len = sizeof(address);
    struct nx_text t = nx_text_over(a->clients_path, sizeof(a->clients_path));

    if (getsockname(fd, (struct sockaddr *)&address, &len) == 0 &&
        strnlen(address.sun_path, sizeof(address.sun_path)) <= NX_IPC_PATH_MAX)
        nx_text_add(&t, address.sun_path);
}

static enum nx_status take_one(struct nx_activation *a, int fd, struct nx_why *why)
{
    int family = told(fd, SO_DOMAIN), type = told(fd, SO_TYPE);

    if (family < 0)
        return refuse(why, NX_E_IO, fd, "is no socket");
    if (told(fd, SO_ACCEPTCONN) != 1)
        return refuse(why, NX_E_INVALID, fd, "does not listen; Accept=no in the socket unit");
    if (!make_ours(fd))
        return refuse(why, NX_E_IO, fd, "cannot be set not to block");
    if (family == AF_UNIX && type == SOCK_SEQPACKET) {
        if (a->clients >= 0)
            return refuse(why, NX_E_LIMIT, fd, "is a second socket for clients; name one");
        a->clients = fd;
        keep_path(a, fd);
        return NX_OK;
    }
    if ((family != AF_INET && family != AF_INET6) || type != SOCK_STREAM)
        return refuse(why, NX_E_INVALID, fd,
                      "is neither ListenSequentialPacket= at a path nor ListenStream= at a port");
    if (a->listener_count == DSB_LISTENERS_MAX)
        return refuse(why, NX_E_LIMIT, fd, "is one more TCP socket than the 4 that may be");
    a->listeners[a->listener_count++] = fd;
    return NX_OK;
}

enum nx_status nx_activation_take(struct nx_activation *a, struct nx_why *why)
{
    uint64_t pid, count;
    bool is_ours = nx_service_number(getenv("LISTEN_PID"), UINT64_MAX, &pid) &&
                   pid == (uint64_t)getpid() &&
                   nx_service_number(getenv("LISTEN_FDS"), MANY, &count);
    enum nx_status status = NX_OK;

    *a = (struct nx_activation){.clients = -1};
    (void)unsetenv("LISTEN_PID");
    (void)unsetenv("LISTEN_FDS");
    (void)unsetenv("LISTEN_FDNAMES");
    for (uint64_t i = 0; is_ours && i < count && status == NX_OK; i++)
        status = take_one(a, FIRST + (int)i, why);
    return status;
}
