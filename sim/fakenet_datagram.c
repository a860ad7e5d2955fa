#include "sim/fakenet_internal.h"

static bool may_bind(struct fakenet *net, const struct nx_address *at, bool is_shared)
{
    for (uint32_t i = 0; i < net->sockets_end; i++) {
        const struct fake_socket *socket = &net->sockets[i];

        if (socket->host != NULL && socket->kind == FAKE_DATAGRAM &&
            nx_address_same_host(&socket->host->address, at) && socket->local.port == at->port &&
            !(is_shared && socket->is_shared))
            return false;
    }
    return true;
}

enum nx_net_failure fakenet_bind(void *self, const struct nx_address *local, bool is_shared,
                                 struct nx_handle *handle)
{
    struct fake_host *host = self;
    struct nx_address at = host->address;

    if (local->family != at.family || (!fakenet_is_any(local) && !nx_address_same_host(local, &at)))
        return NX_NET_NOT_OURS;
    at.port = local->port != 0 ? local->port : fakenet_fresh_port(host->net);
    if (!may_bind(host->net, &at, is_shared))
        return NX_NET_IN_USE;

    struct fake_socket *socket = fakenet_open_socket(host, FAKE_DATAGRAM);
    if (socket == NULL)
        return NX_NET_FULL;
    socket->local = at;
    socket->is_shared = is_shared;
    *handle = socket->handle;
    return NX_NET_FAILURE_NONE;
}

static bool has_joined(const struct fake_socket *socket, const struct nx_address *group)
{
    for (uint32_t i = 0; i < socket->group_count; i++) {
        if (memcmp(socket->groups[i].bytes, group->bytes, sizeof(group->bytes)) == 0)
            return true;
    }
    return false;
}

enum nx_net_failure fakenet_join(void *self, struct nx_handle handle,
                                 const struct nx_address *group, uint32_t interface_index)
{
    struct fake_host *host = self;
    struct fake_socket *socket = fakenet_find(host, handle);

    if (socket == NULL || socket->kind != FAKE_DATAGRAM ||
        interface_index != host->net->interface_index)
        return NX_NET_NOT_POSSIBLE;
    if (has_joined(socket, group))
        return NX_NET_FAILURE_NONE;
    if (socket->group_count == FAKENET_GROUPS)
        return NX_NET_FULL;
    socket->groups[socket->group_count++] = *group;
    return NX_NET_FAILURE_NONE;
}

/* It is there, if there is room for it. */
static bool arrive(struct fakenet *net, uint32_t index)
{
    struct fake_datagram *datagram = &net->datagrams[index];
    struct fake_socket *socket = &net->sockets[datagram->socket];

    if (socket->datagram_count == FAKENET_SOCKET_DATAGRAMS) {
        datagram->socket = FAKENET_NONE;
        net->lost_count++;
        return false;
    }
    datagram->number = ++net->datagram_count;
    socket->datagram_count++;
    fakenet_tell_if_waiting(socket, NX_NET_READABLE);
    return true;
}

bool fakenet_datagram_arrives(struct fakenet *net, const struct sim_entry *entry)
{
    const struct fake_datagram *datagram = &net->datagrams[entry->index];

    if (datagram->socket == FAKENET_NONE || datagram->number != 0 ||
        datagram->serial != entry->number)
        return false;
    return arrive(net, entry->index);
}

static void damage(struct fakenet *net, uint32_t index, size_t len)
{
    uint64_t draw;

    if (len == 0 || !fakenet_happens(net, net->way.damage))
        return;
    draw = nx_prng_next(&net->chance);
    net->datagram_bytes[index][(draw >> 8) % len] ^= (uint8_t)(1u + draw % 255u);
}

static void deliver(struct fake_host *from_host, struct fake_socket *to,
                    const struct nx_address *from, struct nx_bytes bytes)
{
    struct fakenet *net = to->host->net;
    struct nx_instant at = fakenet_arrival(net, from_host, bytes.len);
    uint32_t i = 0;

    while (i < net->datagrams_end && net->datagrams[i].socket != FAKENET_NONE)
        i++;
    if (i == FAKENET_DATAGRAMS || from_host->side != to->host->side ||
        fakenet_happens(net, net->way.loss)) {
        net->lost_count++;
        return;
    }
    if (i == net->datagrams_end)
        net->datagrams_end++;
    net->datagrams[i] = (struct fake_datagram){.socket = fakenet_index(to),
                                               .serial = ++net->datagram_serial,
                                               .head = {*from, net->interface_index, bytes.len}};
    if (bytes.len > 0)
        memcpy(net->datagram_bytes[i], bytes.ptr, bytes.len);
    damage(net, i, bytes.len);
    if (at.ns <= net->now.ns)
        (void)arrive(net, i);
    else
        sim_timeline_add(&net->timeline, at, FAKE_ENTRY_DATAGRAM, i, net->datagram_serial);
}

enum nx_status fakenet_send_to(void *self, struct nx_handle handle, const struct nx_address *to,
                               struct nx_bytes bytes)
{
    struct fake_host *host = self;
    struct fakenet *net = host->net;
    struct fake_socket *socket;
    enum nx_status status = fakenet_find_kind(host, handle, FAKE_DATAGRAM, &socket);

    if (status != NX_OK)
        return status;
    if (to->family != socket->local.family)
        return NX_E_INVALID;
    for (uint32_t i = 0; i < net->sockets_end; i++) {
        struct fake_socket *other = &net->sockets[i];
        bool hears;

        if (other->host == NULL || other->kind != FAKE_DATAGRAM || other->local.port != to->port ||
            other->host->loses_datagrams)
            continue;
        hears = nx_net_is_group(to) ? has_joined(other, to)
                                    : nx_address_same_host(&other->host->address, to);
        if (hears)
            deliver(host, other, &socket->local, bytes);
        if (hears && fakenet_happens(net, net->way.twice))
            deliver(host, other, &socket->local, bytes);
        if (hears && !nx_net_is_group(to))
            break;
    }
    return NX_OK;
}

static struct fake_datagram *first_datagram(struct fakenet *net, uint32_t socket)
{
    struct fake_datagram *first = NULL;

    for (uint32_t i = 0; i < net->datagrams_end; i++) {
        struct fake_datagram *datagram = &net->datagrams[i];

        if (datagram->socket == socket && datagram->number != 0 &&
            (first == NULL || datagram->number < first->number))
            first = datagram;
    }
    return first;
}

enum nx_status fakenet_receive_from(void *self, struct nx_handle handle, struct nx_net_room room,
                                    struct nx_net_datagram *head)
{
    struct fake_host *host = self;
    struct fake_socket *socket;
    enum nx_status status = fakenet_find_kind(host, handle, FAKE_DATAGRAM, &socket);

    if (status != NX_OK)
        return status;
    struct fake_datagram *datagram = first_datagram(host->net, fakenet_index(socket));
    if (datagram == NULL)
        return fakenet_wait_for(socket, NX_NET_READABLE);

    datagram->socket = FAKENET_NONE;
    socket->datagram_count--;
    *head = datagram->head;
    if (head->len > room.cap)
        return NX_E_LIMIT;
    if (head->len > 0)
        memcpy(room.ptr, host->net->datagram_bytes[datagram - host->net->datagrams], head->len);
    return NX_OK;
}

void fakenet_drop_datagrams(struct fakenet *net, uint32_t socket)
{
    for (uint32_t i = 0; i < net->datagrams_end; i++) {
        if (net->datagrams[i].socket == socket)
            net->datagrams[i].socket = FAKENET_NONE;
    }
}
