#include "sim/fakenet_internal.h"

/* ---- places ---------------------------------------------------------------------------------- */

void fakenet_init(struct fakenet *net, uint64_t seed)
{
    memset(net, 0, offsetof(struct fakenet, pipes));
    memset(net->pipe_is_used, 0,
           offsetof(struct fakenet, entries) - offsetof(struct fakenet, pipe_is_used));
    nx_handles_init(&net->handles, net->slots, FAKENET_SOCKETS);
    sim_timeline_init(&net->timeline, net->entries, FAKENET_ENTRIES);
    nx_prng_init(&net->chance, seed, "net");
    for (size_t i = 0; i < FAKENET_DATAGRAMS; i++)
        net->datagrams[i].socket = FAKENET_NONE;
    net->pipe_size = FAKENET_PIPE_MAX;
    net->next_port = 49152;
    net->interface_index = 1;
}

struct fake_host *fakenet_add(struct fakenet *net, struct nx_address address)
{
    NX_CHECK(net->host_count < FAKENET_HOSTS);

    struct fake_host *host = &net->hosts[net->host_count++];
    *host = (struct fake_host){.net = net, .address = address, .socket_max = FAKENET_SOCKETS};
    return host;
}

struct fake_host *fakenet_host_at(struct fakenet *net, const struct nx_address *address)
{
    for (uint32_t i = 0; i < net->host_count; i++) {
        if (nx_address_same_host(&net->hosts[i].address, address))
            return &net->hosts[i];
    }
    return NULL;
}

bool fakenet_is_any(const struct nx_address *address)
{
    static const uint8_t zero[16];

    return memcmp(address->bytes, zero, sizeof(zero)) == 0;
}

struct fake_socket *fakenet_find(struct fake_host *host, struct nx_handle handle)
{
    uint32_t index;

    if (nx_handle_find(&host->net->handles, handle, &index) != NX_OK ||
        host->net->sockets[index].host != host)
        return NULL;
    return &host->net->sockets[index];
}

/* The socket if it is of this sort; else why not. */
enum nx_status fakenet_find_kind(struct fake_host *host, struct nx_handle handle,
                                 enum fake_socket_kind kind, struct fake_socket **socket)
{
    *socket = fakenet_find(host, handle);
    if (*socket == NULL)
        return NX_E_CLOSED;
    return (*socket)->kind == kind ? NX_OK : NX_E_INVALID;
}

struct fake_socket *fakenet_open_socket(struct fake_host *host, enum fake_socket_kind kind)
{
    struct nx_handle handle;
    uint32_t index;

    if (host->socket_count >= host->socket_max)
        return NULL;
    NX_CHECK(nx_handle_open(&host->net->handles, &handle, &index) == NX_OK);
    host->socket_count++;

    struct fake_socket *socket = &host->net->sockets[index];
    if (index >= host->net->sockets_end)
        host->net->sockets_end = index + 1;
    *socket =
        (struct fake_socket){.handle = handle, .host = host, .kind = kind, .end = FAKENET_NONE};
    return socket;
}

uint32_t fakenet_index(const struct fake_socket *socket)
{
    return (uint32_t)(socket - socket->host->net->sockets);
}

uint16_t fakenet_fresh_port(struct fakenet *net)
{
    return net->next_port++;
}

/* ---- the way --------------------------------------------------------------------------------- */

bool fakenet_happens(struct fakenet *net, uint32_t per_million)
{
    return per_million > 0 && nx_prng_next(&net->chance) % 1000000u < per_million;
}

struct nx_instant fakenet_arrival(struct fakenet *net, struct fake_host *host, size_t len)
{
    const struct fake_way *way = &net->way;
    struct nx_instant leaves_at = net->now;

    if (way->rate > 0) {
        if (host->line_free_at.ns > leaves_at.ns)
            leaves_at = host->line_free_at;
        leaves_at.ns += (uint64_t)len * 1000000000u / way->rate;
        host->line_free_at = leaves_at;
    }
    if (way->jitter.ns > 0)
        leaves_at.ns += nx_prng_next(&net->chance) % way->jitter.ns;
    return nx_instant_after(nx_instant_after(leaves_at, way->delay), host->lag);
}

bool fakenet_tick(struct fakenet *net)
{
    struct sim_entry entry;
    bool moved = false;

    while (sim_timeline_next(&net->timeline, net->now, &entry)) {
        if (entry.kind == FAKE_ENTRY_WIRE)
            moved |= fakenet_arrive(net, &entry);
        else if (entry.kind == FAKE_ENTRY_DATAGRAM)
            moved |= fakenet_datagram_arrives(net, &entry);
    }
    return fakenet_dial(net) || moved;
}

struct nx_instant fakenet_deadline(const struct fakenet *net)
{
    return nx_instant_earlier(sim_timeline_deadline(&net->timeline), fakenet_dial_deadline(net));
}

/* ---- events ---------------------------------------------------------------------------------- */

void fakenet_tell(struct fake_socket *socket, enum nx_net_event_kind kind)
{
    struct fakenet *net = socket->host->net;

    if (socket->is_told[kind])
        return;
    socket->is_told[kind] = true;
    net->events[net->event_count].socket = fakenet_index(socket);
    net->events[net->event_count].handle = socket->handle;
    net->events[net->event_count++].kind = kind;
}

void fakenet_tell_if_waiting(struct fake_socket *socket, enum nx_net_event_kind kind)
{
    if (!socket->waits[kind])
        return;
    socket->waits[kind] = false;
    fakenet_tell(socket, kind);
}

enum nx_status fakenet_wait_for(struct fake_socket *socket, enum nx_net_event_kind kind)
{
    socket->waits[kind] = true;
    return NX_WOULD_BLOCK;
}

static void remove_event(struct fakenet *net, uint32_t index)
{
    net->event_count--;
    memmove(&net->events[index], &net->events[index + 1],
            (net->event_count - index) * sizeof(net->events[0]));
}

static bool event(void *self, struct nx_net_event *out)
{
    struct fake_host *host = self;
    struct fakenet *net = host->net;

    for (uint32_t i = 0; i < net->event_count; i++) {
        struct fake_socket *socket = &net->sockets[net->events[i].socket];

        if (socket->host != host)
            continue;
        *out = (struct nx_net_event){.socket = socket->handle, .kind = net->events[i].kind};
        if (out->kind == NX_NET_DIALLED)
            out->status = socket->dialled;
        socket->is_told[out->kind] = false;
        remove_event(net, i);
        return true;
    }
    return false;
}

bool fake_host_has_event(const struct fake_host *host)
{
    for (uint32_t i = 0; i < host->net->event_count; i++) {
        if (host->net->sockets[host->net->events[i].socket].host == host)
            return true;
    }
    return false;
}

/* ---- all of them ----------------------------------------------------------------------------- */

static enum nx_status local(void *self, struct nx_handle handle, struct nx_address *address)
{
    const struct fake_socket *socket = fakenet_find(self, handle);

    if (socket == NULL)
        return NX_E_CLOSED;
    *address = socket->local;
    return NX_OK;
}

static enum nx_net_failure failure(void *self, struct nx_handle handle)
{
    struct fake_host *host = self;
    const struct fake_socket *socket = fakenet_find(host, handle);

    if (socket == NULL || socket->kind != FAKE_STREAM)
        return NX_NET_FAILURE_NONE;
    return host->net->ends[socket->end].failure;
}

static void drop_events(struct fakenet *net, uint32_t socket)
{
    for (uint32_t i = net->event_count; i-- > 0;) {
        if (net->events[i].socket == socket)
            remove_event(net, i);
    }
}

static void close_socket(void *self, struct nx_handle handle, bool is_abort)
{
    struct fake_host *host = self;
    struct fakenet *net = host->net;
    struct fake_socket *socket = fakenet_find(host, handle);

    if (socket == NULL)
        return;
    if (socket->kind == FAKE_STREAM)
        fakenet_close_end(host, &net->ends[socket->end], is_abort);
    else if (socket->kind == FAKE_LISTENER)
        fakenet_drop_backlog(socket);
    else
        fakenet_drop_datagrams(net, fakenet_index(socket));
    drop_events(net, fakenet_index(socket));
    socket->host = NULL;
    host->socket_count--;
    NX_CHECK(nx_handle_close(&net->handles, handle) == NX_OK);

    for (uint32_t i = 0; i < net->sockets_end; i++) { /* there is a place again */
        if (net->sockets[i].host == host && net->sockets[i].kind == FAKE_LISTENER)
            fakenet_tell_acceptable(&net->sockets[i]);
    }
}

struct nx_net fake_host_as_net(struct fake_host *host)
{
    static const struct nx_net_driver driver = {
        .listen = fakenet_listen,
        .accept = fakenet_accept,
        .connect = fakenet_connect,
        .send = fakenet_send,
        .receive = fakenet_receive,
        .finish = fakenet_finish,
        .bind = fakenet_bind,
        .join = fakenet_join,
        .send_to = fakenet_send_to,
        .receive_from = fakenet_receive_from,
        .local = local,
        .failure = failure,
        .close = close_socket,
        .event = event,
    };

    return (struct nx_net){&driver, host};
}

bool fakenet_is_empty(const struct fakenet *net)
{
    bool is_empty = net->handles.count == 0 && net->event_count == 0;

    for (uint32_t i = 0; i < FAKENET_ENDS; i++)
        is_empty &= !net->ends[i].is_used;
    for (uint32_t i = 0; i < FAKENET_PIPES; i++)
        is_empty &= !net->pipe_is_used[i];
    for (uint32_t i = 0; i < FAKENET_DATAGRAMS; i++)
        is_empty &= net->datagrams[i].socket == FAKENET_NONE;
    return is_empty;
}
