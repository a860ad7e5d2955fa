/* getifaddrs, ioctl and what it fills, which c11 alone hides. */
#define _GNU_SOURCE

#include "host/net/interfaces.h"

#include "core/base/text.h"
#include "host/net/endpoint.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

_Static_assert(NX_INTERFACE_NAME_CAP == IF_NAMESIZE, "the system's names fit");

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

/* ---- networks ------------------------------------------------------------------------------ */

/* No address for a family that core does not know. */
static struct nx_address address_of(const struct sockaddr *from)
{
    struct nx_endpoint endpoint = {.len = sizeof(struct sockaddr_in)};

    if (from == NULL || (from->sa_family != AF_INET && from->sa_family != AF_INET6))
        return (struct nx_address){.family = NX_ADDRESS_NONE};
    if (from->sa_family == AF_INET6)
        endpoint.len = sizeof(struct sockaddr_in6);
    memcpy(&endpoint.storage, from, endpoint.len);
    return nx_endpoint_address(&endpoint);
}

static uint8_t prefix_of(const struct nx_address *mask)
{
    uint8_t bits = 0;

    while (bits < 128 && (mask->bytes[bits / 8] >> (7 - bits % 8) & 1) != 0)
        bits++;
    return bits;
}

enum nx_status nx_interface_networks(struct dsb_network *list, size_t cap, size_t *count)
{
    size_t found = 0;
    struct ifaddrs *first;

    if (getifaddrs(&first) != 0)
        return NX_E_NO_MEMORY;
    for (struct ifaddrs *i = first; i != NULL && found < cap; i = i->ifa_next) {
        if ((i->ifa_flags & IFF_UP) == 0 || i->ifa_addr == NULL || i->ifa_netmask == NULL)
            continue;
        struct nx_address address = address_of(i->ifa_addr), mask = address_of(i->ifa_netmask);
        if (address.family != NX_ADDRESS_NONE)
            list[found++] = (struct dsb_network){address, prefix_of(&mask)};
    }
    freeifaddrs(first);
    *count = found;
    return NX_OK;
}

size_t nx_interface_list(char *names, size_t cap)
{
    struct nx_text t = nx_text_over(names, cap);
    struct if_nameindex *all = if_nameindex();

    for (const struct if_nameindex *i = all; i != NULL && i->if_index != 0; i++) {
        if (t.len + strlen(i->if_name) + 3 > cap)
            break;
        nx_text_add(&t, t.len == 0 ? "" : ", ");
        nx_text_add(&t, i->if_name);
    }
    if (all != NULL)
        if_freenameindex(all);
    return t.len;
}

/* ---- watching ------------------------------------------------------------------------------ */

void nx_interface_watch_init(struct nx_interface_watch *w)
{
    *w = (struct nx_interface_watch){.name_count = 0};
}

enum nx_status nx_interface_watch_add(struct nx_interface_watch *w, const char *name)
{
    size_t len = strlen(name);

    if (len == 0 || len >= NX_INTERFACE_NAME_CAP)
        return NX_E_INVALID;
    for (uint32_t i = 0; i < w->name_count; i++) {
        if (strcmp(w->names[i], name) == 0)
            return NX_OK;
    }
    if (w->name_count == DSB_BEACONS_INTERFACES_MAX)
        return NX_E_LIMIT;

    memcpy(w->names[w->name_count++], name, len + 1);
    w->look_at = (struct nx_instant){0};
    return NX_OK;
}

/* Is it there, up, and does anything come through: a cable without the other end is not up. */
static bool is_up(int any_socket, const char *name)
{
    struct ifreq request;

    memset(&request, 0, sizeof(request));
    memcpy(request.ifr_name, name, strlen(name));
    if (ioctl(any_socket, SIOCGIFFLAGS, &request) != 0)
        return false;
    return (request.ifr_flags & IFF_UP) != 0 && (request.ifr_flags & IFF_RUNNING) != 0;
}

enum nx_interface_state nx_interface_look(const char *name)
{
    uint32_t index;

    if (nx_interface_find(name, &index) != NX_OK)
        return NX_INTERFACE_MISSING;
    int any_socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool is_found_up = any_socket >= 0 && is_up(any_socket, name);
    if (any_socket >= 0)
        close(any_socket);
    return is_found_up ? NX_INTERFACE_UP : NX_INTERFACE_DOWN;
}

uint32_t nx_interface_addresses(struct nx_interface_address *out, uint32_t cap)
{
    struct ifaddrs *first;
    uint32_t count = 0;

    if (getifaddrs(&first) != 0)
        return 0;
    for (struct ifaddrs *i = first; i != NULL && count < cap; i = i->ifa_next) {
        struct nx_address address = address_of(i->ifa_addr), mask = address_of(i->ifa_netmask);

        if (address.family == NX_ADDRESS_NONE || (i->ifa_flags & IFF_UP) == 0 ||
            nx_interface_find(i->ifa_name, &out[count].interface_index) != NX_OK)
            continue;
        address.port = 0;
        out[count].address = address;
        out[count++].prefix_len = prefix_of(&mask);
    }
    freeifaddrs(first);
    return count;
}

/* An interface may have more than one name. */
static uint32_t add_once(uint32_t *numbers, uint32_t count, uint32_t number)
{
    for (uint32_t i = 0; i < count; i++) {
        if (numbers[i] == number)
            return count;
    }
    numbers[count] = number;
    return count + 1;
}

bool nx_interface_watch_tick(struct nx_interface_watch *w, struct nx_instant now)
{
    uint32_t up[DSB_BEACONS_INTERFACES_MAX];
    uint32_t count = 0;

    if (w->name_count == 0 || !nx_instant_reached(w->look_at, now))
        return false;
    w->look_at = nx_instant_after(now, nx_seconds(NX_INTERFACE_LOOK_S));

    int any_socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (any_socket < 0)
        return false;
    for (uint32_t i = 0; i < w->name_count; i++) {
        uint32_t number;

        if (is_up(any_socket, w->names[i]) && nx_interface_find(w->names[i], &number) == NX_OK)
            count = add_once(up, count, number);
    }
    close(any_socket);

    if (count == w->up_count && memcmp(up, w->up, count * sizeof(up[0])) == 0)
        return false;
    memcpy(w->up, up, count * sizeof(up[0]));
    w->up_count = count;
    return true;
}

struct nx_instant nx_interface_watch_deadline(const struct nx_interface_watch *w)
{
    return w->name_count == 0 ? NX_NEVER : w->look_at;
}
