#include "sim/fakenet_internal.h"

static struct fake_socket *listener_at(struct fakenet *net, const struct nx_address *address)
{
    for (uint32_t i = 0; i < net->sockets_end; i++) {
        struct fake_socket *socket = &net->sockets[i];

        if (socket->host != NULL && socket->kind == FAKE_LISTENER &&
            nx_address_same_host(&socket->host->address, address) &&
            socket->local.port == address->port)
            return socket;
    }
    return NULL;
}

enum nx_net_failure fakenet_listen(void *self, const struct nx_address *local, uint32_t backlog,
                                   struct nx_handle *listener)
{
    struct fake_host *host = self;
    struct nx_address at = host->address;

    if (local->family != at.family || (!fakenet_is_any(local) && !nx_address_same_host(local, &at)))
        return NX_NET_NOT_OURS;
    at.port = local->port != 0 ? local->port : fakenet_fresh_port(host->net);
    if (listener_at(host->net, &at) != NULL)
        return NX_NET_IN_USE;

    struct fake_socket *socket = fakenet_open_socket(host, FAKE_LISTENER);
    if (socket == NULL)
        return NX_NET_FULL;
    socket->local = at;
    socket->backlog_max = backlog + 1; /* as systems do */
    if (socket->backlog_max > NX_NET_BACKLOG_MAX)
        socket->backlog_max = NX_NET_BACKLOG_MAX;
    *listener = socket->handle;
    return NX_NET_FAILURE_NONE;
}

enum nx_status fakenet_accept(void *self, struct nx_handle handle, struct nx_handle *stream,
                              struct nx_address *peer)
{
    struct fake_host *host = self;
    struct fake_socket *listener;
    enum nx_status status = fakenet_find_kind(host, handle, FAKE_LISTENER, &listener);

    if (status != NX_OK)
        return status;
    if (host->cannot_accept)
        return NX_E_IO;
    if (host->socket_count >= host->socket_max) {
        listener->waits_for_place = true;
        return NX_E_NO_MEMORY;
    }
    if (listener->backlog_count == 0)
        return fakenet_wait_for(listener, NX_NET_ACCEPTABLE);

    struct fake_socket *socket = fakenet_open_socket(host, FAKE_STREAM);
    struct fake_end *end = &host->net->ends[listener->backlog[0]];
    socket->end = listener->backlog[0];
    socket->local = end->local;
    end->socket = fakenet_index(socket);
    listener->backlog_count--;
    host->backlog_count--;
    memmove(&listener->backlog[0], &listener->backlog[1],
            listener->backlog_count * sizeof(listener->backlog[0]));
    *stream = socket->handle;
    *peer = end->remote;
    return NX_OK;
}

/* ---- dialling -------------------------------------------------------------------------------- */

/* When it is tried. What is lost on the way there or back is said again after a second. */
static void plan_dial(struct fakenet *net, struct fake_end *end)
{
    struct fake_host *host = &net->hosts[end->host];

    end->try_at = nx_instant_after(fakenet_arrival(net, host, 0), net->way.delay);
    while (fakenet_happens(net, net->way.loss))
        end->try_at = nx_instant_after(end->try_at, nx_seconds(FAKENET_AGAIN_FIRST_S));
    if (end->try_at.ns > net->now.ns)
        sim_timeline_add(&net->timeline, end->try_at, FAKE_ENTRY_DIAL, 0, 0);
}

enum nx_net_failure fakenet_connect(void *self, const struct nx_address *peer,
                                    struct nx_instant deadline, struct nx_handle *stream)
{
    struct fake_host *host = self;
    struct fake_socket *socket = fakenet_open_socket(host, FAKE_STREAM);

    if (socket == NULL)
        return NX_NET_FULL;
    struct fake_end *end = fakenet_open_end(host->net, (uint32_t)(host - host->net->hosts));
    end->is_connecting = true;
    host->net->connecting_count++;
    end->socket = fakenet_index(socket);
    end->deadline = host->clock == NULL ? deadline : sim_clock_world(host->clock, deadline);
    end->remote = *peer;
    end->number = ++host->net->dial_count;
    socket->end = fakenet_end_index(host->net, end);
    socket->local = host->address;
    socket->local.port = fakenet_fresh_port(host->net);
    end->local = socket->local;
    *stream = socket->handle;
    plan_dial(host->net, end);
    return NX_NET_FAILURE_NONE;
}

static void end_dial(struct fakenet *net, struct fake_end *end, enum nx_net_failure failure)
{
    struct fake_socket *socket = &net->sockets[end->socket];

    end->is_connecting = false;
    net->connecting_count--;
    socket->dialled = nx_net_failure_status(failure);
    fakenet_tell(socket, NX_NET_DIALLED);
    if (failure != NX_NET_FAILURE_NONE)
        fakenet_fail(net, end, failure);
    fakenet_tell_end(net, end, NX_NET_READABLE);
    fakenet_tell_end(net, end, NX_NET_WRITABLE);
}

void fakenet_tell_acceptable(struct fake_socket *listener)
{
    struct fake_host *host = listener->host;

    if (listener->backlog_count == 0)
        return;
    fakenet_tell_if_waiting(listener, NX_NET_ACCEPTABLE);
    if (listener->waits_for_place && host->socket_count < host->socket_max) {
        listener->waits_for_place = false;
        fakenet_tell(listener, NX_NET_ACCEPTABLE);
    }
}

static void join_ends(struct fakenet *net, struct fake_end *dialled, struct fake_socket *listener)
{
    struct fake_end *accepted = fakenet_open_end(net, (uint32_t)(listener->host - net->hosts));

    accepted->local = listener->local;
    accepted->remote = dialled->local;
    accepted->other = fakenet_end_index(net, dialled);
    dialled->other = fakenet_end_index(net, accepted);
    listener->backlog[listener->backlog_count++] = fakenet_end_index(net, accepted);
    listener->host->backlog_count++;
    fakenet_tell_acceptable(listener);
    end_dial(net, dialled, NX_NET_FAILURE_NONE);
}

static void try_again(struct fakenet *net, struct fake_end *end)
{
    end->try_at = nx_instant_after(net->now, nx_seconds(FAKENET_AGAIN_FIRST_S));
    sim_timeline_add(&net->timeline, end->try_at, FAKE_ENTRY_DIAL, 0, 0);
}

/* True: the dial is over. */
static bool try_dial(struct fakenet *net, struct fake_end *end)
{
    struct fake_host *host = fakenet_host_at(net, &end->remote);
    bool is_silent = host != NULL && host->is_silent;
    struct fake_socket *listener = listener_at(net, &end->remote);

    if (net->sockets[end->socket].host->is_silent)
        is_silent = true;
    if (host != NULL && host->side != net->hosts[end->host].side) {
        if (nx_instant_reached(end->try_at, net->now))
            try_again(net, end);
        is_silent = true;
    }
    if (nx_instant_reached(end->deadline, net->now))
        end_dial(net, end, NX_NET_TIMED_OUT);
    else if (is_silent || !nx_instant_reached(end->try_at, net->now))
        return false;
    else if (host == NULL)
        end_dial(net, end, NX_NET_UNREACHABLE);
    else if (listener == NULL || host->refuses)
        end_dial(net, end, NX_NET_REFUSED);
    else if (listener->backlog_count < listener->backlog_max)
        join_ends(net, end, listener);
    else
        return false;
    return true;
}

/* The dial behind number `after`. */
static struct fake_end *next_dial(struct fakenet *net, uint64_t after)
{
    struct fake_end *next = NULL;

    for (uint32_t i = 0; i < net->ends_end; i++) {
        struct fake_end *end = &net->ends[i];

        if (end->is_used && end->is_connecting && end->number > after &&
            (next == NULL || end->number < next->number))
            next = end;
    }
    return next;
}

void fakenet_drop_backlog(struct fake_socket *listener)
{
    struct fake_host *host = listener->host;

    for (uint32_t i = 0; i < listener->backlog_count; i++)
        fakenet_close_end(host, &host->net->ends[listener->backlog[i]], true);
    host->backlog_count -= listener->backlog_count;
}

bool fakenet_dial(struct fakenet *net)
{
    bool moved = false;
    uint64_t number = 0;

    if (net->connecting_count == 0)
        return false;
    for (struct fake_end *end = next_dial(net, 0); end != NULL; end = next_dial(net, number)) {
        number = end->number;
        moved |= try_dial(net, end);
    }
    return moved;
}

struct nx_instant fakenet_dial_deadline(const struct fakenet *net)
{
    struct nx_instant first = NX_NEVER;

    for (uint32_t i = 0; net->connecting_count > 0 && i < net->ends_end; i++) {
        if (net->ends[i].is_used && net->ends[i].is_connecting)
            first = nx_instant_earlier(first, net->ends[i].deadline);
    }
    return first;
}
