/* struct in_pktinfo and in6_pktinfo, which c11 alone hides. */
#define _GNU_SOURCE

#include "host/net/interfaces.h"
#include "host/net/sockets_internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

/* Errors of former sends that a socket may tell instead of what was asked of it. */
#define OLD_NEWS_MAX 16

/* Room for the one ancillary item that either family has, as aligned as its head needs. */
union control {
    struct cmsghdr head;
    uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

_Static_assert(sizeof(struct in6_pktinfo) >= sizeof(struct in_pktinfo), "the larger of the two");

/* ---- groups -------------------------------------------------------------------------------- */

/* Groups stay on the link, are heard on this machine too, and a socket hears those that it joined and
 * not those that somebody else here did. */
static bool set_up(int fd, int family)
{
    if (family == AF_INET)
        return nx_socket_set(fd, IPPROTO_IP, IP_PKTINFO, 1) &&
               nx_socket_set(fd, IPPROTO_IP, IP_MULTICAST_TTL, 1) &&
               nx_socket_set(fd, IPPROTO_IP, IP_MULTICAST_LOOP, 1) &&
               nx_socket_set(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0);

    /* Older kernels do not have the last one; there a group that others joined is heard as well. */
    (void)nx_socket_set(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0);
    return nx_socket_set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) &&
           nx_socket_set(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 1) &&
           nx_socket_set(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 1);
}

enum nx_net_failure nx_udp_join(void *self, struct nx_handle handle, const struct nx_address *group,
                                uint32_t interface_index)
{
    struct group_req request = {.gr_interface = interface_index};
    struct nx_endpoint endpoint;
    struct nx_socket *socket;

    if (nx_sockets_find(self, handle, NX_SOCKET_DATAGRAMS, &socket) != NX_OK)
        return NX_NET_NOT_POSSIBLE;

    nx_endpoint_of(group, &endpoint);
    memcpy(&request.gr_group, &endpoint.storage, sizeof(request.gr_group));
    int level = group->family == NX_ADDRESS_IPV4 ? IPPROTO_IP : IPPROTO_IPV6;
    if (setsockopt(socket->fd, level, MCAST_JOIN_GROUP, &request, sizeof(request)) == 0 ||
        errno == EADDRINUSE) /* joined before */
        return NX_NET_FAILURE_NONE;
    /* "Address not available" is what the system says of an interface that cannot. */
    return errno == EADDRNOTAVAIL ? NX_NET_NOT_POSSIBLE : nx_failure_of_errno(errno);
}

/* ---- binding ------------------------------------------------------------------------------- */

enum nx_net_failure nx_udp_bind(void *self, const struct nx_address *local, bool is_shared,
                                struct nx_handle *handle)
{
    enum nx_net_failure failure;
    struct nx_socket *socket;
    int fd = nx_socket_make(local, SOCK_DGRAM, &failure);

    if (fd < 0)
        return failure;
    if (!set_up(fd, nx_endpoint_family(local)) ||
        (is_shared && !nx_socket_set(fd, SOL_SOCKET, SO_REUSEADDR, 1)))
        failure = NX_NET_NOT_POSSIBLE;
    else
        failure = nx_socket_bind(fd, local);
    if (failure != NX_NET_FAILURE_NONE) {
        close(fd);
        return failure;
    }

    failure = nx_sockets_add(self, NX_SOCKET_DATAGRAMS, NX_SOCKET_OPEN, fd, &socket);
    if (failure != NX_NET_FAILURE_NONE)
        return failure;
    socket->local = *local;
    if (nx_interface_loopback(&socket->owner->loopback_index) != NX_OK)
        socket->owner->loopback_index = 0; /* then nobody can send by it */
    *handle = socket->handle;
    return NX_NET_FAILURE_NONE;
}

/* ---- sending ------------------------------------------------------------------------------- */

static void add_control(struct msghdr *message, union control *control, int level, int type,
                        const void *data, size_t len)
{
    memset(control, 0, sizeof(*control));
    control->head = (struct cmsghdr){
        .cmsg_len = CMSG_LEN(len),
        .cmsg_level = level,
        .cmsg_type = type,
    };
    memcpy(CMSG_DATA(&control->head), data, len);
    message->msg_control = control;
    message->msg_controllen = CMSG_SPACE(len);
}

/* The address that a datagram to an IPv4 group leaves with: what the socket is bound to, or what the
 * system picks (all zero). Left to itself it does not pick 127.0.0.1, not even on loopback, and who hears
 * it there would answer to an address that may listen to nobody. */
static struct in_addr ipv4_source(const struct nx_socket *socket, uint32_t interface_index)
{
    static const uint8_t any[4];
    struct in_addr source;

    memcpy(&source, socket->local.bytes, 4);
    if (memcmp(socket->local.bytes, any, 4) == 0 &&
        interface_index == socket->owner->loopback_index)
        source.s_addr = htonl(INADDR_LOOPBACK);
    return source;
}

/* To a group: by this interface, whatever the routes say. */
static void by_interface(struct msghdr *message, union control *control,
                         const struct nx_socket *socket, const struct nx_address *group)
{
    if (group->family == NX_ADDRESS_IPV4) {
        const struct in_pktinfo info = {
            .ipi_ifindex = (int)group->scope,
            .ipi_spec_dst = ipv4_source(socket, group->scope),
        };

        add_control(message, control, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
        return;
    }
    const struct in6_pktinfo info = {.ipi6_ifindex = group->scope};

    add_control(message, control, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
}

static enum nx_status status_of_send(struct nx_socket *socket, int error)
{
    if (error == EAGAIN)
        return nx_socket_await(socket, NX_NET_WRITABLE);
    if (error == EMSGSIZE)
        return NX_E_LIMIT;
    return nx_net_failure_status(nx_failure_of_errno(error));
}

enum nx_status nx_udp_send_to(void *self, struct nx_handle handle, const struct nx_address *to,
                              struct nx_bytes datagram)
{
    struct nx_socket *socket;
    enum nx_status status = nx_sockets_find(self, handle, NX_SOCKET_DATAGRAMS, &socket);
    struct nx_endpoint endpoint;
    union control control;

    if (status != NX_OK)
        return status;
    if (to->family != socket->local.family)
        return NX_E_INVALID;

    nx_endpoint_of(to, &endpoint);
    struct iovec span = {(void *)(uintptr_t)datagram.ptr, datagram.len};
    struct msghdr message = {
        .msg_name = &endpoint.storage,
        .msg_namelen = endpoint.len,
        .msg_iov = &span,
        .msg_iovlen = 1,
    };
    if (to->scope != 0 && nx_net_is_group(to))
        by_interface(&message, &control, socket, to);
    for (int i = 0; i < OLD_NEWS_MAX; i++) {
        if (sendmsg(socket->fd, &message, MSG_NOSIGNAL) >= 0)
            return NX_OK;
        if (errno != EINTR && errno != ECONNREFUSED)
            break;
    }
    return status_of_send(socket, errno);
}

/* ---- receiving ----------------------------------------------------------------------------- */

static uint32_t interface_of(struct msghdr *message)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;

            memcpy(&info, CMSG_DATA(c), sizeof(info));
            return (uint32_t)info.ipi_ifindex;
        }
        if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo info;

            memcpy(&info, CMSG_DATA(c), sizeof(info));
            return info.ipi6_ifindex;
        }
    }
    return 0;
}

enum nx_status nx_udp_receive_from(void *self, struct nx_handle handle, struct nx_net_room room,
                                   struct nx_net_datagram *datagram)
{
    struct nx_socket *socket;
    enum nx_status status = nx_sockets_find(self, handle, NX_SOCKET_DATAGRAMS, &socket);
    struct nx_endpoint from = {.len = 0};
    struct iovec span = {room.ptr, room.cap};
    union control control;
    struct msghdr message;
    ssize_t len = -1;

    if (status != NX_OK)
        return status;
    for (int i = 0; i < OLD_NEWS_MAX && len < 0; i++) {
        message = (struct msghdr){
            .msg_name = &from.storage,
            .msg_namelen = sizeof(from.storage),
            .msg_iov = &span,
            .msg_iovlen = 1,
            .msg_control = &control,
            .msg_controllen = sizeof(control),
        };
        len = recvmsg(socket->fd, &message, MSG_TRUNC); /* answers the whole length */
        if (len < 0 && errno == EAGAIN)
            return nx_socket_await(socket, NX_NET_READABLE);
    }
    if (len < 0)
        return NX_E_IO;

    from.len = message.msg_namelen;
    *datagram = (struct nx_net_datagram){
        .from = nx_endpoint_address(&from),
        .interface_index = interface_of(&message),
        .len = (size_t)len,
    };
    return datagram->len > room.cap ? NX_E_LIMIT : NX_OK;
}
