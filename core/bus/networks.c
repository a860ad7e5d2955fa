#include "core/bus/networks.h"

#include "core/base/memory.h"

void dsb_networks_set(struct dsb_networks *n, const struct dsb_network *list, size_t count)
{
    n->are_set = true;
    n->count = (uint32_t)(count < DSB_NETWORKS_MAX ? count : DSB_NETWORKS_MAX);
    for (uint32_t i = 0; i < n->count; i++)
        n->list[i] = list[i];
}

static bool shares(const uint8_t a[16], const uint8_t b[16], unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;

    return memcmp(a, b, whole) == 0 && (rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0);
}

static bool holds(const struct dsb_network *network, const struct nx_address *address)
{
    unsigned len = network->address.family == NX_ADDRESS_IPV4 ? 32 : 128;
    unsigned bits = network->prefix_len < len ? network->prefix_len : len;

    return network->address.family == address->family &&
           (network->address.scope == 0 || network->address.scope == address->scope) &&
           shares(network->address.bytes, address->bytes, bits);
}

bool dsb_networks_have(const struct dsb_networks *n, const struct nx_address *address)
{
    for (uint32_t i = 0; i < n->count; i++) {
        if (holds(&n->list[i], address))
            return true;
    }
    return !n->are_set;
}
