/* Sockets, which c11 alone hides. */
#define _DEFAULT_SOURCE

#include "host/ipc/client.h"

#include "core/base/text.h"
#include "host/clock.h"
#include "host/ipc/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define CONNECT_WAIT_S 2
#define LOOK_WAIT_MS   500

/* ---- sentences ----------------------------------------------------------------------------- */

/* "<daemon> of DIR: <what>" */
static enum nx_status fail(struct nx_ipc_client *c, enum nx_status status, const char *what)
{
    struct nx_text t = nx_text_over(c->why, sizeof(c->why));

    nx_text_add(&t, c->daemon);
    nx_text_add(&t, " of ");
    nx_text_add(&t, c->state_folder);
    nx_text_add(&t, ": ");
    nx_text_add(&t, what);
    return status;
}

static enum nx_status nobody_serves(struct nx_ipc_client *c)
{
    struct nx_text t = nx_text_over(c->why, sizeof(c->why));

    nx_text_add(&t, "no ");
    nx_text_add(&t, c->daemon);
    nx_text_add(&t, " serves ");
    nx_text_add(&t, c->state_folder);
    nx_text_add(&t, ": start it with ");
    nx_text_add(&t, c->daemon);
    nx_text_add(&t, " --state ");
    nx_text_add(&t, c->state_folder);
    return NX_E_NOT_FOUND;
}

static enum nx_status is_of_another_user(struct nx_ipc_client *c, uint32_t uid)
{
    struct nx_text t = nx_text_over(c->why, sizeof(c->why));

    nx_text_add(&t, c->daemon);
    nx_text_add(&t, " of ");
    nx_text_add(&t, c->state_folder);
    nx_text_add(&t, " runs as user ");
    nx_text_add_u64(&t, uid);
    nx_text_add(&t, " and serves nobody else: run this as that user");
    return NX_E_DENIED;
}

static enum nx_status was_ended(struct nx_ipc_client *c)
{
    return fail(c, NX_E_CLOSED, "it ended the connection");
}

/* ---- opening ------------------------------------------------------------------------------- */

const char *nx_ipc_state_folder(const char *option)
{
    const char *folder = option != NULL ? option : getenv("NEXUS_STATE");

    return folder != NULL && folder[0] != '\0' ? folder : NULL;
}

static enum nx_status connect_to(struct nx_ipc_client *c, const char *path)
{
    const struct timeval wait = {.tv_sec = CONNECT_WAIT_S};
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    /* A daemon with a full queue is waited for by connect itself. */
    (void)setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (connect(c->fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
        return NX_OK;
    if (errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR)
        return nobody_serves(c);
    if (errno == EACCES || errno == EPERM)
        return fail(c, NX_E_DENIED,
                    "this user may not speak to it: run this as the one it runs as");
    if (errno == EAGAIN || errno == EINTR)
        return fail(c, NX_E_TIMEOUT, "it serves as many programs as it can: try again later");
    if (errno == EPROTOTYPE)
        return fail(c, NX_E_DENIED, "the socket there is not one of ours");
    return fail(c, NX_E_IO, strerror(errno));
}

/* The digits of a code are for our own daemon alone. */
static enum nx_status look_at_daemon(struct nx_ipc_client *c)
{
    uint32_t uid, pid;

    if (nx_ipc_peer(c->fd, &uid, &pid) != NX_OK)
        return fail(c, NX_E_IO, "the system does not say whose it is");
    if (uid != geteuid() || uid == NX_IPC_UID_UNMAPPED)
        return is_of_another_user(c, uid);
    c->daemon_pid = pid;
    if (fcntl(c->fd, F_SETFL, O_NONBLOCK) != 0)
        return fail(c, NX_E_IO, strerror(errno));
    return NX_OK;
}

enum nx_status nx_ipc_client_open(struct nx_ipc_client *c, const char *state_folder,
                                  const char *daemon)
{
    char path[NX_IPC_PATH_MAX + 1];
    struct nx_why why;

    c->fd = -1;
    c->last_call_id = 0;
    c->daemon_pid = 0;
    c->state_folder = state_folder;
    c->daemon = daemon;
    c->why[0] = '\0';

    enum nx_status status = nx_ipc_path(state_folder, daemon, path, &why);
    if (status != NX_OK)
        return fail(c, status, why.text);
    c->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        return fail(c, NX_E_IO, strerror(errno));
    status = connect_to(c, path);
    if (status == NX_OK)
        status = look_at_daemon(c);
    if (status != NX_OK)
        nx_ipc_client_close(c);
    return status;
}

void nx_ipc_client_close(struct nx_ipc_client *c)
{
    if (c->fd < 0)
        return;
    close(c->fd);
    c->fd = -1;
    explicit_bzero(c->room, sizeof(c->room));
}

/* The pid of whoever serves there; 0: nobody, or one that is just going. */
static uint32_t serves_now(const struct nx_ipc_client *c)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char path[NX_IPC_PATH_MAX + 1];
    uint32_t uid, pid = 0;
    struct nx_why why;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return 0;
    if (nx_ipc_path(c->state_folder, c->daemon, path, &why) != NX_OK)
        path[0] = '\0';
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
        nx_ipc_peer(fd, &uid, &pid) == NX_OK) {
        /* One that is ending closes its clients first, and then its door. */
        struct pollfd end = {.fd = fd};

        if (poll(&end, 1, LOOK_WAIT_MS) > 0)
            pid = 0;
    }
    close(fd);
    return pid;
}

void nx_ipc_client_look_why(struct nx_ipc_client *c)
{
    uint32_t pid = serves_now(c);

    if (pid == 0)
        (void)fail(c, NX_E_CLOSED,
                   "it ended the connection: it was stopped, and has to be started "
                   "again");
    else if (pid != c->daemon_pid)
        (void)fail(c, NX_E_CLOSED,
                   "it ended the connection: it was restarted meanwhile; try again");
    else
        (void)fail(c, NX_E_CLOSED,
                   "it ended the connection and goes on: it is of another version "
                   "than this program; restart it");
}

/* ---- messages ------------------------------------------------------------------------------ */

/* Waits until the descriptor is ready or it is `until`. False: it is. */
static bool await(struct nx_ipc_client *c, short what, struct nx_instant until)
{
    struct nx_instant now = nx_clock_now();

    if (nx_instant_reached(until, now))
        return false;

    struct pollfd descriptor = {.fd = c->fd, .events = what};
    uint64_t wait_ms = nx_duration_between(now, until).ns / 1000000;
    (void)poll(&descriptor, 1, wait_ms < INT_MAX ? (int)wait_ms + 1 : INT_MAX);
    return true; /* or woken for nothing: whoever asked tries again and asks again */
}

enum nx_status nx_ipc_client_send(struct nx_ipc_client *c, struct nx_instant until,
                                  const struct nx_ipc_head *head, struct nx_bytes body)
{
    return nx_ipc_client_send_with(c, until, head, body, NULL, 0);
}

/* What goes along with a message; nothing where there are no descriptors. */
static void put_descriptors(struct msghdr *message, union nx_ipc_descriptors *room, const int *fds,
                            uint32_t fd_count)
{
    if (fd_count == 0)
        return;
    memset(room, 0, sizeof(*room));
    room->head.cmsg_len = CMSG_LEN(fd_count * sizeof(int));
    room->head.cmsg_level = SOL_SOCKET;
    room->head.cmsg_type = SCM_RIGHTS;
    memcpy(CMSG_DATA(&room->head), fds, fd_count * sizeof(int));
    message->msg_control = room->bytes;
    message->msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
}

enum nx_status nx_ipc_client_send_with(struct nx_ipc_client *c, struct nx_instant until,
                                       const struct nx_ipc_head *head, struct nx_bytes body,
                                       const int *fds, uint32_t fd_count)
{
    union nx_ipc_descriptors descriptors;
    uint8_t head_bytes[NX_IPC_HEAD_LEN];
    enum nx_status status = nx_ipc_head_encode(head, body.len, head_bytes);

    if (status == NX_OK && fd_count != head->blob_count)
        status = NX_E_INVALID;
    if (status != NX_OK)
        return fail(c, status, nx_status_text(status));
    if (c->fd < 0)
        return was_ended(c);

    struct iovec spans[] = {{head_bytes, sizeof(head_bytes)},
                            {(void *)(uintptr_t)body.ptr, body.len}};
    struct msghdr message = {.msg_iov = spans, .msg_iovlen = NX_COUNT_OF(spans)};
    put_descriptors(&message, &descriptors, fds, fd_count);
    do {
        if (sendmsg(c->fd, &message, MSG_NOSIGNAL) >= 0)
            return NX_OK;
        if (errno == EPIPE || errno == ECONNRESET)
            return was_ended(c);
        if (errno != EAGAIN && errno != EINTR && errno != ENOBUFS)
            return fail(c, NX_E_IO, strerror(errno));
    } while (await(c, POLLOUT, until));
    return fail(c, NX_WOULD_BLOCK, "it takes nothing just now");
}

static enum nx_status try_receive(struct nx_ipc_client *c, struct nx_ipc_message *message)
{
    struct iovec span = {c->room, sizeof(c->room)};
    struct msghdr datagram;
    ssize_t len;

    do {
        datagram = (struct msghdr){.msg_iov = &span, .msg_iovlen = 1};
        len = recvmsg(c->fd, &datagram, MSG_CMSG_CLOEXEC);
        /* A reset is told once, before what was said last. */
    } while (len < 0 && (errno == EINTR || errno == ECONNRESET));
    if (len < 0 && errno == EAGAIN)
        return NX_WOULD_BLOCK;
    if (len == 0)
        return was_ended(c);
    if (len < 0)
        return fail(c, NX_E_IO, strerror(errno));
    if ((datagram.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
        return fail(c, NX_E_MALFORMED, "it said what is no message");

    enum nx_status status = nx_ipc_message_decode(nx_bytes_of(c->room, (size_t)len), message);
    if (status == NX_E_VERSION)
        return fail(c, status, "it is of another version than this program: restart it");
    if (status == NX_OK && message->head.blob_count > 0)
        status = NX_E_MALFORMED; /* nothing was asked that brings one */
    return status == NX_OK ? NX_OK : fail(c, status, "it said what is no message");
}

enum nx_status nx_ipc_client_receive(struct nx_ipc_client *c, struct nx_instant until,
                                     struct nx_ipc_message *message)
{
    enum nx_status status;

    if (c->fd < 0)
        return was_ended(c);
    do {
        status = try_receive(c, message);
    } while (status == NX_WOULD_BLOCK && await(c, POLLIN, until));
    return status == NX_WOULD_BLOCK ? fail(c, status, "it has not answered yet") : status;
}

/* ---- calls --------------------------------------------------------------------------------- */

enum nx_status nx_ipc_client_begin(struct nx_ipc_client *c, struct nx_instant until,
                                   uint16_t operation, struct nx_bytes body, uint32_t deadline_ms,
                                   uint32_t *call_id)
{
    /* 0 is no id; after 4 billion calls the first one is over. */
    uint32_t id = c->last_call_id == UINT32_MAX ? 1 : c->last_call_id + 1;
    const struct nx_ipc_head head = {
        .kind = NX_IPC_CALL,
        .operation = operation,
        .call_id = id,
        .deadline_ms = deadline_ms,
    };
    enum nx_status status = nx_ipc_client_send(c, until, &head, body);

    if (status != NX_OK)
        return status;
    c->last_call_id = id;
    *call_id = id;
    return NX_OK;
}

static enum nx_status give_up(struct nx_ipc_client *c, uint16_t operation, uint32_t call_id)
{
    const struct nx_ipc_head cancel = {
        .kind = NX_IPC_CANCEL,
        .operation = operation,
        .call_id = call_id,
    };

    if (call_id != 0)
        (void)!nx_ipc_client_send(c, (struct nx_instant){0}, &cancel, nx_bytes_of(NULL, 0));
    return fail(c, NX_E_TIMEOUT, "it did not answer in time");
}

enum nx_status nx_ipc_client_call(struct nx_ipc_client *c, uint16_t operation, struct nx_bytes body,
                                  uint32_t wait_ms, struct nx_ipc_message *reply)
{
    struct nx_instant until = nx_instant_after(nx_clock_now(), nx_milliseconds(wait_ms));
    struct nx_ipc_message message;
    uint32_t call_id = 0;
    enum nx_status status = nx_ipc_client_begin(c, until, operation, body, wait_ms, &call_id);

    /* The answer to a call that was given up may still be on its way. */
    while (status == NX_OK) {
        status = nx_ipc_client_receive(c, until, &message);
        if (status != NX_OK || message.head.call_id == call_id)
            break;
    }
    if (status == NX_WOULD_BLOCK)
        return give_up(c, operation, call_id);
    if (status != NX_OK)
        return status;
    if (message.head.kind != NX_IPC_REPLY || message.head.operation != operation)
        return fail(c, NX_E_MALFORMED, "it answered something else");
    *reply = message;
    return NX_OK;
}
