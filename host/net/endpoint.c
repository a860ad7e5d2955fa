/* sockaddr_in6 and the errno names, which c11 alone hides. */
#define _DEFAULT_SOURCE

#include "host/net/endpoint.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

void nx_endpoint_of(const struct nx_address *address, struct nx_endpoint *endpoint)
{
    memset(endpoint, 0, sizeof(*endpoint));
    if (address->family == NX_ADDRESS_IPV4) {
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(address->port)};

        memcpy(&in.sin_addr, address->bytes, 4);
        memcpy(&endpoint->storage, &in, sizeof(in));
        endpoint->len = sizeof(in);
        return;
    }
    struct sockaddr_in6 in6 = {
        .sin6_family = AF_INET6,
        .sin6_port = htons(address->port),
        .sin6_scope_id = address->scope,
    };

    memcpy(&in6.sin6_addr, address->bytes, 16);
    memcpy(&endpoint->storage, &in6, sizeof(in6));
    endpoint->len = sizeof(in6);
}

struct nx_address nx_endpoint_address(const struct nx_endpoint *endpoint)
{
    if (endpoint->storage.ss_family == AF_INET) {
        struct sockaddr_in in;

        memcpy(&in, &endpoint->storage, sizeof(in));
        return nx_address_ipv4((const uint8_t *)&in.sin_addr, ntohs(in.sin_port));
    }
    if (endpoint->storage.ss_family == AF_INET6) {
        struct sockaddr_in6 in6;

        memcpy(&in6, &endpoint->storage, sizeof(in6));
        return nx_address_ipv6((const uint8_t *)&in6.sin6_addr, ntohs(in6.sin6_port),
                               in6.sin6_scope_id);
    }
    return (struct nx_address){.family = NX_ADDRESS_NONE};
}

int nx_endpoint_family(const struct nx_address *address)
{
    return address->family == NX_ADDRESS_IPV4 ? AF_INET : AF_INET6;
}

static const struct {
    int error;
    enum nx_net_failure failure;
} errors[] = {
    {0, NX_NET_FAILURE_NONE},
    {ECONNREFUSED, NX_NET_REFUSED},
    {ENETUNREACH, NX_NET_UNREACHABLE},
    {EHOSTUNREACH, NX_NET_UNREACHABLE},
    {ENETDOWN, NX_NET_UNREACHABLE},
    {EHOSTDOWN, NX_NET_UNREACHABLE},
    {ETIMEDOUT, NX_NET_TIMED_OUT},
    {ECONNRESET, NX_NET_RESET},
    {ECONNABORTED, NX_NET_RESET},
    {EPIPE, NX_NET_RESET},
    {ENOTCONN, NX_NET_RESET}, /* of a stream that was open: it is not any more */
    {EADDRINUSE, NX_NET_IN_USE},
    {EADDRNOTAVAIL, NX_NET_NOT_OURS},
    {EACCES, NX_NET_NOT_PERMITTED},
    {EPERM, NX_NET_NOT_PERMITTED},
    {EMFILE, NX_NET_FULL},
    {ENFILE, NX_NET_FULL},
    {ENOBUFS, NX_NET_FULL},
    {ENOMEM, NX_NET_FULL},
    {EAFNOSUPPORT, NX_NET_NOT_POSSIBLE},
    {EPROTONOSUPPORT, NX_NET_NOT_POSSIBLE},
    {EOPNOTSUPP, NX_NET_NOT_POSSIBLE},
    {ENOPROTOOPT, NX_NET_NOT_POSSIBLE},
    {ENODEV, NX_NET_NOT_POSSIBLE},
};

enum nx_net_failure nx_failure_of_errno(int error)
{
    for (size_t i = 0; i < NX_COUNT_OF(errors); i++) {
        if (errors[i].error == error)
            return errors[i].failure;
    }
    return NX_NET_BROKEN;
}
