/* setenv's like, and SOCK_CLOEXEC, which c11 alone hides. */
#define _GNU_SOURCE

#include "host/service/notify.h"

#include "host/service/words.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A path, or "@name" in the abstract namespace; -1: none, or it cannot be. */
static int connected_to(const char *where)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = where == NULL ? 0 : strlen(where);

    if (len < 2 || len >= sizeof(address.sun_path) || (where[0] != '/' && where[0] != '@'))
        return -1;
    memcpy(address.sun_path, where, len);
    if (where[0] == '@')
        address.sun_path[0] = '\0';

    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    socklen_t address_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, address_len) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* Half of what the manager waits for; a number that is not for this process is none. */
static struct nx_duration interval(void)
{
    uint64_t usec, pid;
    const char *whose = getenv("WATCHDOG_PID");

    if (!nx_service_number(getenv("WATCHDOG_USEC"), UINT64_MAX / 1000, &usec) ||
        (whose != NULL &&
         (!nx_service_number(whose, UINT64_MAX, &pid) || pid != (uint64_t)getpid())))
        return nx_nanoseconds(0);
    return nx_nanoseconds(usec * 1000 / 2);
}

void nx_notify_init(struct nx_notify *n, struct nx_instant now)
{
    n->socket = connected_to(getenv("NOTIFY_SOCKET"));
    n->pat_interval = n->socket < 0 ? nx_nanoseconds(0) : interval();
    n->pat_at = now;
    (void)unsetenv("NOTIFY_SOCKET");
    (void)unsetenv("WATCHDOG_USEC");
    (void)unsetenv("WATCHDOG_PID");
}

void nx_notify_say(const struct nx_notify *n, const char *words)
{
    if (n->socket >= 0 && send(n->socket, words, strlen(words), MSG_NOSIGNAL) < 0)
        return; /* there is nobody to tell that to */
}

void nx_notify_turn(struct nx_notify *n, struct nx_instant now)
{
    if (!nx_instant_reached(nx_notify_deadline(n), now))
        return;
    nx_notify_say(n, "WATCHDOG=1");
    n->pat_at = nx_instant_after(now, n->pat_interval);
}

struct nx_instant nx_notify_deadline(const struct nx_notify *n)
{
    return n->pat_interval.ns == 0 ? NX_NEVER : n->pat_at;
}

void nx_notify_close(struct nx_notify *n)
{
    if (n->socket >= 0)
        close(n->socket);
    n->socket = -1;
    n->pat_interval = nx_nanoseconds(0);
}
