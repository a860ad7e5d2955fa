/* getifaddrs, which c11 alone hides. */
#define _DEFAULT_SOURCE

#include "host/net/interfaces.h"

#include <ifaddrs.h>
#include <net/if.h>

enum nx_status nx_interface_find(const char *name, uint32_t *index)
{
    unsigned found = if_nametoindex(name);

    if (found == 0)
        return NX_E_NOT_FOUND;
    *index = found;
    return NX_OK;
}

enum nx_status nx_interface_loopback(uint32_t *index)
{
    enum nx_status status = NX_E_NOT_FOUND;
    struct ifaddrs *first;

    if (getifaddrs(&first) != 0)
        return NX_E_NO_MEMORY;
    for (struct ifaddrs *i = first; i != NULL && status != NX_OK; i = i->ifa_next) {
        if ((i->ifa_flags & IFF_LOOPBACK) != 0 && (i->ifa_flags & IFF_UP) != 0)
            status = nx_interface_find(i->ifa_name, index);
    }
    freeifaddrs(first);
    return status;
}
