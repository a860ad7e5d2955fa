/* accept4 and struct iovec, which c11 alone hides. */
#define _GNU_SOURCE

#include "host/net/sockets_internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/uio.h>
#include <unistd.h>

/* Connections in a row that died while they waited, before the loop gets its turn again. */
#define DEAD_IN_A_ROW_MAX 16

static enum nx_net_failure give_up(int fd, enum nx_net_failure failure)
{
    close(fd);
    return failure;
}

/* ---- listening ----------------------------------------------------------------------------- */

enum nx_net_failure nx_tcp_listen(void *self, const struct nx_address *local, uint32_t backlog,
                                  struct nx_handle *listener)
{
    enum nx_net_failure failure;
    struct nx_socket *socket;
    int fd = nx_socket_make(local, SOCK_STREAM, &failure);

    if (fd < 0)
        return failure;
    /* Of connections that only wait for their end; two listeners at once it does not allow. */
    if (!nx_socket_set(fd, SOL_SOCKET, SO_REUSEADDR, 1))
        return give_up(fd, NX_NET_BROKEN);
    failure = nx_socket_bind(fd, local);
    if (failure != NX_NET_FAILURE_NONE)
        return give_up(fd, failure);
    if (listen(fd, (int)backlog) != 0)
        return give_up(fd, nx_failure_of_errno(errno));

    failure = nx_sockets_add(self, NX_SOCKET_LISTENER, NX_SOCKET_OPEN, fd, &socket);
    if (failure == NX_NET_FAILURE_NONE)
        *listener = socket->handle;
    return failure;
}

enum nx_status nx_sockets_adopt(struct nx_sockets *s, int fd, struct nx_handle *listener)
{
    struct nx_socket *socket;
    enum nx_net_failure failure =
        nx_sockets_add(s, NX_SOCKET_LISTENER, NX_SOCKET_OPEN, fd, &socket);

    if (failure == NX_NET_FAILURE_NONE)
        *listener = socket->handle;
    return nx_net_failure_status(failure);
}

/* accept(2) hands on what the network says of a connection that died while it waited. */
static bool is_of_one_connection(int error)
{
    return error == EINTR || error == ECONNABORTED || error == EPROTO || error == EPERM ||
           error == ENETDOWN || error == ENOPROTOOPT || error == EHOSTDOWN || error == ENONET ||
           error == EHOSTUNREACH || error == EOPNOTSUPP || error == ENETUNREACH ||
           error == ETIMEDOUT || error == ECONNRESET;
}

static int accept_one(int listener, struct nx_endpoint *peer)
{
    int fd = -1;

    for (int i = 0; i < DEAD_IN_A_ROW_MAX; i++) {
        peer->len = sizeof(peer->storage);
        fd = accept4(listener, (struct sockaddr *)&peer->storage, &peer->len,
                     SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0 || !is_of_one_connection(errno))
            break;
    }
    return fd;
}

enum nx_status nx_tcp_accept(void *self, struct nx_handle listener, struct nx_handle *stream,
                             struct nx_address *peer)
{
    struct nx_endpoint endpoint;
    struct nx_socket *from, *socket;
    enum nx_status status = nx_sockets_find(self, listener, NX_SOCKET_LISTENER, &from);

    if (status != NX_OK)
        return status;
    if (!nx_sockets_has_room(self))
        return nx_socket_pause(from, false);

    int fd = accept_one(from->fd, &endpoint);
    if (fd < 0) {
        if (errno == EAGAIN || is_of_one_connection(errno))
            return nx_socket_await(from, NX_NET_ACCEPTABLE);
        enum nx_net_failure failure = nx_failure_of_errno(errno);
        return failure == NX_NET_FULL ? nx_socket_pause(from, true)
                                      : nx_net_failure_status(failure);
    }
    /* Small pieces are not held back; one that is gone already will say so when it is used. */
    (void)nx_socket_set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    if (nx_sockets_add(self, NX_SOCKET_STREAM, NX_SOCKET_OPEN, fd, &socket) != NX_NET_FAILURE_NONE)
        return nx_socket_pause(from, true);

    *stream = socket->handle;
    *peer = nx_endpoint_address(&endpoint);
    return NX_OK;
}

/* ---- dialling ------------------------------------------------------------------------------ */

enum nx_net_failure nx_tcp_connect(void *self, const struct nx_address *peer,
                                   struct nx_instant deadline, struct nx_handle *stream)
{
    struct nx_sockets *s = self;
    struct nx_endpoint endpoint;
    enum nx_net_failure failure;
    struct nx_socket *socket;

    if (s->dial_count == NX_SOCKETS_DIALS_MAX)
        return NX_NET_FULL;

    int fd = nx_socket_make(peer, SOCK_STREAM, &failure);
    if (fd < 0)
        return failure;
    if (!nx_socket_set(fd, IPPROTO_TCP, TCP_NODELAY, 1))
        return give_up(fd, NX_NET_BROKEN);
    failure = nx_sockets_add(s, NX_SOCKET_STREAM, NX_SOCKET_CONNECTING, fd, &socket);
    if (failure != NX_NET_FAILURE_NONE)
        return failure;

    socket->deadline = deadline;
    s->dials[s->dial_count++] = (uint32_t)(socket - s->places);
    *stream = socket->handle;

    nx_endpoint_of(peer, &endpoint);
    if (connect(fd, (const struct sockaddr *)&endpoint.storage, endpoint.len) == 0)
        nx_socket_dialled(socket, NX_NET_FAILURE_NONE);
    else if (errno == EINPROGRESS || errno == EINTR)
        (void)nx_socket_await(socket, NX_NET_DIALLED);
    else
        nx_socket_dialled(socket, nx_failure_of_errno(errno));
    return NX_NET_FAILURE_NONE;
}

void nx_tcp_look_at_dial(struct nx_socket *stream)
{
    struct nx_endpoint peer = {.len = sizeof(peer.storage)};
    int error = 0;
    socklen_t len = sizeof(error);

    if (getsockopt(stream->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
        error = errno;
    if (error == 0 && getpeername(stream->fd, (struct sockaddr *)&peer.storage, &peer.len) != 0) {
        (void)nx_socket_await(stream, NX_NET_DIALLED); /* woken for nothing */
        return;
    }
    nx_socket_dialled(stream, nx_failure_of_errno(error));
}

/* ---- bytes --------------------------------------------------------------------------------- */

/* A stream that can be used; NX_WOULD_BLOCK while it connects, which promises `kind`. */
static enum nx_status find_stream(struct nx_sockets *s, struct nx_handle handle,
                                  enum nx_net_event_kind kind, struct nx_socket **stream)
{
    enum nx_status status = nx_sockets_find(s, handle, NX_SOCKET_STREAM, stream);

    if (status == NX_OK && (*stream)->state == NX_SOCKET_CONNECTING)
        return nx_socket_await(*stream, kind);
    return status;
}

/* The first failure is the one that stays. */
static enum nx_status fail(struct nx_socket *stream, int error)
{
    if (stream->failure == NX_NET_FAILURE_NONE)
        stream->failure = nx_failure_of_errno(error);
    return nx_net_failure_status(stream->failure);
}

enum nx_status nx_tcp_send(void *self, struct nx_handle handle, const struct nx_bytes *parts,
                           size_t part_count, size_t *sent)
{
    struct iovec spans[NX_NET_PARTS_MAX];
    struct nx_socket *stream;
    enum nx_status status = find_stream(self, handle, NX_NET_WRITABLE, &stream);
    ssize_t count;

    if (status != NX_OK)
        return status;
    if (stream->is_finished)
        return NX_E_CLOSED;
    if (stream->failure != NX_NET_FAILURE_NONE)
        return nx_net_failure_status(stream->failure);

    for (size_t i = 0; i < part_count; i++)
        spans[i] = (struct iovec){(void *)(uintptr_t)parts[i].ptr, parts[i].len};
    /* writev without the signal that a closed peer would send us. */
    const struct msghdr message = {.msg_iov = spans, .msg_iovlen = part_count};
    do {
        count = sendmsg(stream->fd, &message, MSG_NOSIGNAL);
    } while (count < 0 && errno == EINTR);
    if (count < 0)
        return errno == EAGAIN ? nx_socket_await(stream, NX_NET_WRITABLE) : fail(stream, errno);
    *sent = (size_t)count;
    return NX_OK;
}

enum nx_status nx_tcp_receive(void *self, struct nx_handle handle, const struct nx_net_room *rooms,
                              size_t room_count, size_t *received)
{
    struct iovec spans[NX_NET_PARTS_MAX];
    struct nx_socket *stream;
    enum nx_status status = find_stream(self, handle, NX_NET_READABLE, &stream);
    ssize_t count;

    if (status != NX_OK)
        return status;
    for (size_t i = 0; i < room_count; i++)
        spans[i] = (struct iovec){rooms[i].ptr, rooms[i].cap};
    do {
        count = stream->is_over ? 0 : readv(stream->fd, spans, (int)room_count);
    } while (count < 0 && errno == EINTR);
    if (count > 0) {
        *received = (size_t)count;
        return NX_OK;
    }
    if (count < 0 && errno == EAGAIN && stream->failure == NX_NET_FAILURE_NONE)
        return nx_socket_await(stream, NX_NET_READABLE);
    if (count < 0)
        (void)fail(stream, errno);
    /* A send may have learned of the failure first. The system tells it only once, and where it then sees
     * an end, there was a cut. */
    if (!stream->is_over)
        stream->is_ended = stream->failure == NX_NET_FAILURE_NONE;
    stream->is_over = true;
    return stream->is_ended ? NX_END : nx_net_failure_status(stream->failure);
}

enum nx_status nx_tcp_finish(void *self, struct nx_handle handle)
{
    struct nx_socket *stream;
    enum nx_status status = nx_sockets_find(self, handle, NX_SOCKET_STREAM, &stream);

    if (status != NX_OK)
        return status;
    if (stream->state == NX_SOCKET_CONNECTING)
        return NX_E_STATE;
    if (stream->is_finished)
        return NX_E_CLOSED;
    if (stream->failure != NX_NET_FAILURE_NONE)
        return nx_net_failure_status(stream->failure);
    if (shutdown(stream->fd, SHUT_WR) != 0)
        return fail(stream, errno);
    stream->is_finished = true;
    return NX_OK;
}
