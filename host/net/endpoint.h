/* Endpoint: addresses and failures between core and the system. */
#ifndef NX_HOST_NET_ENDPOINT_H
#define NX_HOST_NET_ENDPOINT_H

#include "core/net/net.h"

#include <sys/socket.h>

struct nx_endpoint {
    struct sockaddr_storage storage;
    socklen_t len;
};

/* As the system takes it; the family may not be NX_ADDRESS_NONE. */
void nx_endpoint_of(const struct nx_address *address, struct nx_endpoint *endpoint);

/* As core takes it; no address for a family that core does not know. */
struct nx_address nx_endpoint_address(const struct nx_endpoint *endpoint);

/* AF_INET or AF_INET6. */
int nx_endpoint_family(const struct nx_address *address);

/* What an errno of a socket call means. */
enum nx_net_failure nx_failure_of_errno(int error);

#endif
