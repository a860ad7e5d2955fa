#include "tests/net/pipe_net.h"

#include "core/base/memory.h"
#include "tests/unit/unit.h"

/* ---- places ---------------------------------------------------------------------------------- */

void pipe_net_init(struct pipe_net *net)
{
    memset(net, 0, offsetof(struct pipe_net, pipes));
    memset(net->pipe_is_used, 0, sizeof(*net) - offsetof(struct pipe_net, pipe_is_used));
    nx_handles_init(&net->handles, net->slots, PIPE_NET_SOCKETS);
    for (size_t i = 0; i < PIPE_NET_DATAGRAMS; i++)
        net->datagrams[i].socket = PIPE_NET_NONE;
    net->pipe_size = PIPE_NET_PIPE_MAX;
    net->next_port = 49152;
    net->interface_index = 1;
}

struct pipe_host *pipe_net_add(struct pipe_net *net, struct nx_address address)
{
    NX_CHECK(net->host_count < PIPE_NET_HOSTS);

    struct pipe_host *host = &net->hosts[net->host_count++];
    *host = (struct pipe_host){.net = net, .address = address, .socket_max = PIPE_NET_SOCKETS};
    return host;
}

static struct pipe_host *host_at(struct pipe_net *net, const struct nx_address *address)
{
    for (uint32_t i = 0; i < net->host_count; i++) {
        if (nx_address_same_host(&net->hosts[i].address, address))
            return &net->hosts[i];
    }
    return NULL;
}

static bool is_any(const struct nx_address *address)
{
    static const uint8_t zero[16];

    return memcmp(address->bytes, zero, sizeof(zero)) == 0;
}

static struct pipe_socket *find(struct pipe_host *host, struct nx_handle handle)
{
    uint32_t index;

    if (nx_handle_find(&host->net->handles, handle, &index) != NX_OK ||
        host->net->sockets[index].host != host)
        return NULL;
    return &host->net->sockets[index];
}

/* The socket if it is of this sort; else why not. */
static enum nx_status find_kind(struct pipe_host *host, struct nx_handle handle,
                                enum pipe_socket_kind kind, struct pipe_socket **socket)
{
    *socket = find(host, handle);
    if (*socket == NULL)
        return NX_E_CLOSED;
    return (*socket)->kind == kind ? NX_OK : NX_E_INVALID;
}

static struct pipe_socket *open_socket(struct pipe_host *host, enum pipe_socket_kind kind)
{
    struct nx_handle handle;
    uint32_t index;

    if (host->socket_count >= host->socket_max)
        return NULL;
    NX_CHECK(nx_handle_open(&host->net->handles, &handle, &index) == NX_OK);
    host->socket_count++;

    struct pipe_socket *socket = &host->net->sockets[index];
    *socket =
        (struct pipe_socket){.handle = handle, .host = host, .kind = kind, .end = PIPE_NET_NONE};
    return socket;
}

static uint32_t index_of(const struct pipe_socket *socket)
{
    return (uint32_t)(socket - socket->host->net->sockets);
}

static uint16_t fresh_port(struct pipe_net *net)
{
    return net->next_port++;
}

/* ---- events ---------------------------------------------------------------------------------- */

static void tell(struct pipe_socket *socket, enum nx_net_event_kind kind)
{
    struct pipe_net *net = socket->host->net;

    if (socket->is_told[kind])
        return;
    socket->is_told[kind] = true;
    net->events[net->event_count].socket = index_of(socket);
    net->events[net->event_count].handle = socket->handle;
    net->events[net->event_count++].kind = kind;
}

static void tell_if_waiting(struct pipe_socket *socket, enum nx_net_event_kind kind)
{
    if (!socket->waits[kind])
        return;
    socket->waits[kind] = false;
    tell(socket, kind);
}

static enum nx_status wait_for(struct pipe_socket *socket, enum nx_net_event_kind kind)
{
    socket->waits[kind] = true;
    return NX_WOULD_BLOCK;
}

static void tell_end(struct pipe_net *net, const struct pipe_end *end, enum nx_net_event_kind kind)
{
    if (end->socket != PIPE_NET_NONE)
        tell_if_waiting(&net->sockets[end->socket], kind);
}

static void remove_event(struct pipe_net *net, uint32_t index)
{
    net->event_count--;
    memmove(&net->events[index], &net->events[index + 1],
            (net->event_count - index) * sizeof(net->events[0]));
}

static bool event(void *self, struct nx_net_event *out)
{
    struct pipe_host *host = self;
    struct pipe_net *net = host->net;

    for (uint32_t i = 0; i < net->event_count; i++) {
        struct pipe_socket *socket = &net->sockets[net->events[i].socket];

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

bool pipe_host_has_event(const struct pipe_host *host)
{
    for (uint32_t i = 0; i < host->net->event_count; i++) {
        if (host->net->sockets[host->net->events[i].socket].host == host)
            return true;
    }
    return false;
}

/* ---- ends of streams ------------------------------------------------------------------------- */

static struct pipe_end *open_end(struct pipe_net *net)
{
    for (uint32_t i = 0; i < PIPE_NET_ENDS; i++) {
        struct pipe_end *end = &net->ends[i];

        if (end->is_used)
            continue;
        *end = (struct pipe_end){.is_used = true,
                                 .socket = PIPE_NET_NONE,
                                 .other = PIPE_NET_NONE,
                                 .pipe = PIPE_NET_NONE,
                                 .deadline = NX_NEVER};
        return end;
    }
    NX_CHECK(false); /* a test with more streams than the network has */
    return NULL;
}

static uint32_t end_index(const struct pipe_net *net, const struct pipe_end *end)
{
    return (uint32_t)(end - net->ends);
}

static void empty_pipe(struct pipe_net *net, struct pipe_end *end)
{
    if (end->pipe != PIPE_NET_NONE)
        net->pipe_is_used[end->pipe] = false;
    end->pipe = PIPE_NET_NONE;
    end->first = end->len = 0;
}

static void need_pipe(struct pipe_net *net, struct pipe_end *end)
{
    uint32_t i = 0;

    if (end->pipe != PIPE_NET_NONE)
        return;
    while (net->pipe_is_used[i]) {
        i++;
        NX_CHECK(i < PIPE_NET_PIPES);
    }
    net->pipe_is_used[i] = true;
    end->pipe = i;
}

static void fail(struct pipe_net *net, struct pipe_end *end, enum nx_net_failure failure)
{
    if (end->failure != NX_NET_FAILURE_NONE)
        return;
    end->failure = failure;
    empty_pipe(net, end);
    tell_end(net, end, NX_NET_READABLE);
    tell_end(net, end, NX_NET_WRITABLE);
}

/* The other side hears of it, if it is there and there is a way. */
static void close_end(struct pipe_host *host, struct pipe_end *end, bool is_reset)
{
    struct pipe_net *net = host->net;

    is_reset |= end->len > 0;
    empty_pipe(net, end);
    end->is_used = false;
    if (end->other == PIPE_NET_NONE)
        return;

    struct pipe_end *other = &net->ends[end->other];
    other->other = PIPE_NET_NONE;
    if (end->is_lost) {
        other->is_lost = true;
    } else if (is_reset) {
        host->resets_sent++;
        fail(net, other, NX_NET_RESET);
    } else if (!end->has_finished) {
        other->end_came = true;
        tell_end(net, other, NX_NET_READABLE);
    }
}

/* ---- listening and accepting ----------------------------------------------------------------- */

static struct pipe_socket *listener_at(struct pipe_net *net, const struct nx_address *address)
{
    for (uint32_t i = 0; i < PIPE_NET_SOCKETS; i++) {
        struct pipe_socket *socket = &net->sockets[i];

        if (socket->host != NULL && socket->kind == PIPE_LISTENER &&
            nx_address_same_host(&socket->host->address, address) &&
            socket->local.port == address->port)
            return socket;
    }
    return NULL;
}

static enum nx_net_failure listen(void *self, const struct nx_address *local, uint32_t backlog,
                                  struct nx_handle *listener)
{
    struct pipe_host *host = self;
    struct nx_address at = host->address;

    if (local->family != at.family || (!is_any(local) && !nx_address_same_host(local, &at)))
        return NX_NET_NOT_OURS;
    at.port = local->port != 0 ? local->port : fresh_port(host->net);
    if (listener_at(host->net, &at) != NULL)
        return NX_NET_IN_USE;

    struct pipe_socket *socket = open_socket(host, PIPE_LISTENER);
    if (socket == NULL)
        return NX_NET_FULL;
    socket->local = at;
    socket->backlog_max = backlog + 1; /* as systems do */
    if (socket->backlog_max > NX_NET_BACKLOG_MAX)
        socket->backlog_max = NX_NET_BACKLOG_MAX;
    *listener = socket->handle;
    return NX_NET_FAILURE_NONE;
}

static enum nx_status accept(void *self, struct nx_handle handle, struct nx_handle *stream,
                             struct nx_address *peer)
{
    struct pipe_host *host = self;
    struct pipe_socket *listener;
    enum nx_status status = find_kind(host, handle, PIPE_LISTENER, &listener);

    if (status != NX_OK)
        return status;
    if (host->cannot_accept)
        return NX_E_IO;
    if (host->socket_count >= host->socket_max) {
        listener->waits_for_place = true;
        return NX_E_NO_MEMORY;
    }
    if (listener->backlog_count == 0)
        return wait_for(listener, NX_NET_ACCEPTABLE);

    struct pipe_socket *socket = open_socket(host, PIPE_STREAM);
    struct pipe_end *end = &host->net->ends[listener->backlog[0]];
    socket->end = listener->backlog[0];
    socket->local = end->local;
    end->socket = index_of(socket);
    listener->backlog_count--;
    host->backlog_count--;
    memmove(&listener->backlog[0], &listener->backlog[1],
            listener->backlog_count * sizeof(listener->backlog[0]));
    *stream = socket->handle;
    *peer = end->remote;
    return NX_OK;
}

/* ---- dialling -------------------------------------------------------------------------------- */

static enum nx_net_failure connect(void *self, const struct nx_address *peer,
                                   struct nx_instant deadline, struct nx_handle *stream)
{
    struct pipe_host *host = self;
    struct pipe_socket *socket = open_socket(host, PIPE_STREAM);

    if (socket == NULL)
        return NX_NET_FULL;
    struct pipe_end *end = open_end(host->net);
    end->is_connecting = true;
    end->socket = index_of(socket);
    end->deadline = deadline;
    end->remote = *peer;
    end->number = ++host->net->dial_count;
    socket->end = end_index(host->net, end);
    socket->local = host->address;
    socket->local.port = fresh_port(host->net);
    end->local = socket->local;
    *stream = socket->handle;
    return NX_NET_FAILURE_NONE;
}

static void end_dial(struct pipe_net *net, struct pipe_end *end, enum nx_net_failure failure)
{
    struct pipe_socket *socket = &net->sockets[end->socket];

    end->is_connecting = false;
    socket->dialled = nx_net_failure_status(failure);
    tell(socket, NX_NET_DIALLED);
    if (failure != NX_NET_FAILURE_NONE)
        fail(net, end, failure);
    tell_end(net, end, NX_NET_READABLE);
    tell_end(net, end, NX_NET_WRITABLE);
}

static void tell_acceptable(struct pipe_socket *listener)
{
    struct pipe_host *host = listener->host;

    if (listener->backlog_count == 0)
        return;
    tell_if_waiting(listener, NX_NET_ACCEPTABLE);
    if (listener->waits_for_place && host->socket_count < host->socket_max) {
        listener->waits_for_place = false;
        tell(listener, NX_NET_ACCEPTABLE);
    }
}

static void join_ends(struct pipe_net *net, struct pipe_end *dialled, struct pipe_socket *listener)
{
    struct pipe_end *accepted = open_end(net);

    accepted->local = listener->local;
    accepted->remote = dialled->local;
    accepted->other = end_index(net, dialled);
    dialled->other = end_index(net, accepted);
    listener->backlog[listener->backlog_count++] = end_index(net, accepted);
    listener->host->backlog_count++;
    tell_acceptable(listener);
    end_dial(net, dialled, NX_NET_FAILURE_NONE);
}

/* True: the dial is over. */
static bool try_dial(struct pipe_net *net, struct pipe_end *end)
{
    struct pipe_host *host = host_at(net, &end->remote);
    bool is_silent = host != NULL && host->is_silent;
    struct pipe_socket *listener = listener_at(net, &end->remote);

    if (net->sockets[end->socket].host->is_silent)
        is_silent = true;
    if (nx_instant_reached(end->deadline, net->now))
        end_dial(net, end, NX_NET_TIMED_OUT);
    else if (is_silent)
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
static struct pipe_end *next_dial(struct pipe_net *net, uint64_t after)
{
    struct pipe_end *next = NULL;

    for (uint32_t i = 0; i < PIPE_NET_ENDS; i++) {
        struct pipe_end *end = &net->ends[i];

        if (end->is_used && end->is_connecting && end->number > after &&
            (next == NULL || end->number < next->number))
            next = end;
    }
    return next;
}

bool pipe_net_tick(struct pipe_net *net)
{
    bool moved = false;
    uint64_t number = 0;

    for (struct pipe_end *end = next_dial(net, 0); end != NULL; end = next_dial(net, number)) {
        number = end->number;
        moved |= try_dial(net, end);
    }
    return moved;
}

struct nx_instant pipe_net_deadline(const struct pipe_net *net)
{
    struct nx_instant first = NX_NEVER;

    for (uint32_t i = 0; i < PIPE_NET_ENDS; i++) {
        if (net->ends[i].is_used && net->ends[i].is_connecting)
            first = nx_instant_earlier(first, net->ends[i].deadline);
    }
    return first;
}

/* ---- bytes ----------------------------------------------------------------------------------- */

static enum nx_status find_end(struct pipe_host *host, struct nx_handle handle,
                               struct pipe_socket **socket, struct pipe_end **end)
{
    enum nx_status status = find_kind(host, handle, PIPE_STREAM, socket);

    if (status == NX_OK)
        *end = &host->net->ends[(*socket)->end];
    return status;
}

/* Into what `other` has not received yet. */
static size_t put(struct pipe_net *net, struct pipe_end *other, struct nx_bytes bytes)
{
    size_t count = 0;

    while (count < bytes.len && other->len < net->pipe_size) {
        need_pipe(net, other);
        net->pipes[other->pipe][(other->first + other->len) % net->pipe_size] = bytes.ptr[count++];
        other->len++;
    }
    return count;
}

/* What goes nowhere fills a pipe all the same. */
static size_t lose(const struct pipe_net *net, struct pipe_end *end, size_t len)
{
    size_t room = net->pipe_size - end->lost_len;

    if (len > room)
        len = room;
    end->lost_len += len;
    return len;
}

static enum nx_status send(void *self, struct nx_handle handle, const struct nx_bytes *parts,
                           size_t part_count, size_t *sent)
{
    struct pipe_host *host = self;
    struct pipe_net *net = host->net;
    struct pipe_socket *socket;
    struct pipe_end *end;
    enum nx_status status = find_end(host, handle, &socket, &end);
    size_t wanted = 0;

    if (status != NX_OK)
        return status;
    if (end->failure != NX_NET_FAILURE_NONE)
        return nx_net_failure_status(end->failure);
    if (end->has_finished)
        return NX_E_CLOSED;
    if (end->is_connecting)
        return wait_for(socket, NX_NET_WRITABLE);

    for (size_t i = 0; i < part_count; i++) {
        wanted += parts[i].len;
        if (end->is_lost)
            *sent += lose(net, end, parts[i].len);
        else if (end->other == PIPE_NET_NONE)
            *sent += parts[i].len;
        else
            *sent += put(net, &net->ends[end->other], parts[i]);
    }
    if (*sent == 0 && wanted > 0)
        return wait_for(socket, NX_NET_WRITABLE);
    if (*sent > 0 && !end->is_lost && end->other == PIPE_NET_NONE)
        fail(net, end, NX_NET_RESET); /* they closed: that is their answer to it */
    else if (*sent > 0 && !end->is_lost)
        tell_end(net, &net->ends[end->other], NX_NET_READABLE);
    return NX_OK;
}

static size_t take(struct pipe_net *net, struct pipe_end *end, size_t len_max,
                   const struct nx_net_room *room)
{
    size_t count = 0;

    while (count < room->cap && count < len_max && end->len > 0) {
        room->ptr[count++] = net->pipes[end->pipe][end->first];
        end->first = (end->first + 1) % net->pipe_size;
        end->len--;
    }
    if (end->len == 0)
        empty_pipe(net, end);
    return count;
}

static enum nx_status receive(void *self, struct nx_handle handle, const struct nx_net_room *rooms,
                              size_t room_count, size_t *received)
{
    struct pipe_host *host = self;
    struct pipe_net *net = host->net;
    struct pipe_socket *socket;
    struct pipe_end *end;
    enum nx_status status = find_end(host, handle, &socket, &end);
    size_t max = host->receive_max == 0 ? SIZE_MAX : host->receive_max;

    if (status != NX_OK)
        return status;
    if (end->end_was_read)
        return NX_END;
    if (end->len == 0 && end->failure != NX_NET_FAILURE_NONE)
        return nx_net_failure_status(end->failure);
    if (end->len == 0 && end->end_came) {
        end->end_was_read = true;
        return NX_END;
    }
    if (end->len == 0)
        return wait_for(socket, NX_NET_READABLE);

    for (size_t i = 0; i < room_count; i++)
        *received += take(net, end, max - *received, &rooms[i]);
    if (end->other != PIPE_NET_NONE)
        tell_end(net, &net->ends[end->other], NX_NET_WRITABLE);
    return NX_OK;
}

static enum nx_status finish(void *self, struct nx_handle handle)
{
    struct pipe_host *host = self;
    struct pipe_socket *socket;
    struct pipe_end *end;
    enum nx_status status = find_end(host, handle, &socket, &end);

    if (status != NX_OK)
        return status;
    if (end->is_connecting)
        return NX_E_STATE;
    if (end->failure != NX_NET_FAILURE_NONE)
        return nx_net_failure_status(end->failure);
    if (end->has_finished)
        return NX_E_CLOSED;
    end->has_finished = true;
    if (!end->is_lost && end->other != PIPE_NET_NONE) {
        host->net->ends[end->other].end_came = true;
        tell_end(host->net, &host->net->ends[end->other], NX_NET_READABLE);
    }
    return NX_OK;
}

/* ---- datagrams ------------------------------------------------------------------------------- */

static bool may_bind(struct pipe_net *net, const struct nx_address *at, bool is_shared)
{
    for (uint32_t i = 0; i < PIPE_NET_SOCKETS; i++) {
        const struct pipe_socket *socket = &net->sockets[i];

        if (socket->host != NULL && socket->kind == PIPE_DATAGRAM &&
            nx_address_same_host(&socket->host->address, at) && socket->local.port == at->port &&
            !(is_shared && socket->is_shared))
            return false;
    }
    return true;
}

static enum nx_net_failure bind(void *self, const struct nx_address *local, bool is_shared,
                                struct nx_handle *handle)
{
    struct pipe_host *host = self;
    struct nx_address at = host->address;

    if (local->family != at.family || (!is_any(local) && !nx_address_same_host(local, &at)))
        return NX_NET_NOT_OURS;
    at.port = local->port != 0 ? local->port : fresh_port(host->net);
    if (!may_bind(host->net, &at, is_shared))
        return NX_NET_IN_USE;

    struct pipe_socket *socket = open_socket(host, PIPE_DATAGRAM);
    if (socket == NULL)
        return NX_NET_FULL;
    socket->local = at;
    socket->is_shared = is_shared;
    *handle = socket->handle;
    return NX_NET_FAILURE_NONE;
}

static bool has_joined(const struct pipe_socket *socket, const struct nx_address *group)
{
    for (uint32_t i = 0; i < socket->group_count; i++) {
        if (memcmp(socket->groups[i].bytes, group->bytes, sizeof(group->bytes)) == 0)
            return true;
    }
    return false;
}

static enum nx_net_failure join(void *self, struct nx_handle handle, const struct nx_address *group,
                                uint32_t interface_index)
{
    struct pipe_host *host = self;
    struct pipe_socket *socket = find(host, handle);

    if (socket == NULL || socket->kind != PIPE_DATAGRAM ||
        interface_index != host->net->interface_index)
        return NX_NET_NOT_POSSIBLE;
    if (has_joined(socket, group))
        return NX_NET_FAILURE_NONE;
    if (socket->group_count == PIPE_NET_GROUPS)
        return NX_NET_FULL;
    socket->groups[socket->group_count++] = *group;
    return NX_NET_FAILURE_NONE;
}

static void deliver(struct pipe_socket *to, const struct nx_address *from, struct nx_bytes bytes)
{
    struct pipe_net *net = to->host->net;

    for (uint32_t i = 0; i < PIPE_NET_DATAGRAMS; i++) {
        struct pipe_datagram *datagram = &net->datagrams[i];

        if (datagram->socket != PIPE_NET_NONE)
            continue;
        datagram->socket = index_of(to);
        datagram->number = ++net->datagram_count;
        datagram->head = (struct nx_net_datagram){*from, net->interface_index, bytes.len};
        if (bytes.len > 0)
            memcpy(datagram->bytes, bytes.ptr, bytes.len);
        tell_if_waiting(to, NX_NET_READABLE);
        return;
    }
}

static enum nx_status send_to(void *self, struct nx_handle handle, const struct nx_address *to,
                              struct nx_bytes bytes)
{
    struct pipe_host *host = self;
    struct pipe_net *net = host->net;
    struct pipe_socket *socket;
    enum nx_status status = find_kind(host, handle, PIPE_DATAGRAM, &socket);

    if (status != NX_OK)
        return status;
    if (to->family != socket->local.family)
        return NX_E_INVALID;
    for (uint32_t i = 0; i < PIPE_NET_SOCKETS; i++) {
        struct pipe_socket *other = &net->sockets[i];
        bool hears;

        if (other->host == NULL || other->kind != PIPE_DATAGRAM || other->local.port != to->port ||
            other->host->loses_datagrams)
            continue;
        hears = nx_net_is_group(to) ? has_joined(other, to)
                                    : nx_address_same_host(&other->host->address, to);
        if (hears)
            deliver(other, &socket->local, bytes);
        if (hears && !nx_net_is_group(to))
            break;
    }
    return NX_OK;
}

static struct pipe_datagram *first_datagram(struct pipe_net *net, uint32_t socket)
{
    struct pipe_datagram *first = NULL;

    for (uint32_t i = 0; i < PIPE_NET_DATAGRAMS; i++) {
        struct pipe_datagram *datagram = &net->datagrams[i];

        if (datagram->socket == socket && (first == NULL || datagram->number < first->number))
            first = datagram;
    }
    return first;
}

static enum nx_status receive_from(void *self, struct nx_handle handle, struct nx_net_room room,
                                   struct nx_net_datagram *head)
{
    struct pipe_host *host = self;
    struct pipe_socket *socket;
    enum nx_status status = find_kind(host, handle, PIPE_DATAGRAM, &socket);

    if (status != NX_OK)
        return status;
    struct pipe_datagram *datagram = first_datagram(host->net, index_of(socket));
    if (datagram == NULL)
        return wait_for(socket, NX_NET_READABLE);

    datagram->socket = PIPE_NET_NONE;
    *head = datagram->head;
    if (head->len > room.cap)
        return NX_E_LIMIT;
    if (head->len > 0)
        memcpy(room.ptr, datagram->bytes, head->len);
    return NX_OK;
}

/* ---- all of them ----------------------------------------------------------------------------- */

static enum nx_status local(void *self, struct nx_handle handle, struct nx_address *address)
{
    const struct pipe_socket *socket = find(self, handle);

    if (socket == NULL)
        return NX_E_CLOSED;
    *address = socket->local;
    return NX_OK;
}

static enum nx_net_failure failure(void *self, struct nx_handle handle)
{
    struct pipe_host *host = self;
    const struct pipe_socket *socket = find(host, handle);

    if (socket == NULL || socket->kind != PIPE_STREAM)
        return NX_NET_FAILURE_NONE;
    return host->net->ends[socket->end].failure;
}

static void drop_backlog(struct pipe_socket *listener)
{
    struct pipe_host *host = listener->host;

    for (uint32_t i = 0; i < listener->backlog_count; i++)
        close_end(host, &host->net->ends[listener->backlog[i]], true);
    host->backlog_count -= listener->backlog_count;
}

static void drop_datagrams(struct pipe_net *net, uint32_t socket)
{
    for (uint32_t i = 0; i < PIPE_NET_DATAGRAMS; i++) {
        if (net->datagrams[i].socket == socket)
            net->datagrams[i].socket = PIPE_NET_NONE;
    }
}

static void drop_events(struct pipe_net *net, uint32_t socket)
{
    for (uint32_t i = net->event_count; i-- > 0;) {
        if (net->events[i].socket == socket)
            remove_event(net, i);
    }
}

static void close_socket(void *self, struct nx_handle handle, bool is_abort)
{
    struct pipe_host *host = self;
    struct pipe_net *net = host->net;
    struct pipe_socket *socket = find(host, handle);

    if (socket == NULL)
        return;
    if (socket->kind == PIPE_STREAM)
        close_end(host, &net->ends[socket->end], is_abort);
    else if (socket->kind == PIPE_LISTENER)
        drop_backlog(socket);
    else
        drop_datagrams(net, index_of(socket));
    drop_events(net, index_of(socket));
    socket->host = NULL;
    host->socket_count--;
    NX_CHECK(nx_handle_close(&net->handles, handle) == NX_OK);

    for (uint32_t i = 0; i < PIPE_NET_SOCKETS; i++) { /* there is a place again */
        if (net->sockets[i].host == host && net->sockets[i].kind == PIPE_LISTENER)
            tell_acceptable(&net->sockets[i]);
    }
}

struct nx_net pipe_host_as_net(struct pipe_host *host)
{
    static const struct nx_net_driver driver = {
        .listen = listen,
        .accept = accept,
        .connect = connect,
        .send = send,
        .receive = receive,
        .finish = finish,
        .bind = bind,
        .join = join,
        .send_to = send_to,
        .receive_from = receive_from,
        .local = local,
        .failure = failure,
        .close = close_socket,
        .event = event,
    };

    return (struct nx_net){&driver, host};
}

/* ---- for tests ------------------------------------------------------------------------------- */

void pipe_host_cut(struct pipe_host *host)
{
    struct pipe_net *net = host->net;

    for (uint32_t i = 0; i < PIPE_NET_ENDS; i++) {
        struct pipe_end *end = &net->ends[i];

        if (!end->is_used || end->is_connecting || end->other == PIPE_NET_NONE ||
            !nx_address_same_host(&end->local, &host->address))
            continue;
        end->is_lost = net->ends[end->other].is_lost = true;
    }
}

uint8_t *pipe_net_at(struct pipe_net *net, struct nx_handle stream, size_t index)
{
    uint32_t socket;

    if (nx_handle_find(&net->handles, stream, &socket) != NX_OK)
        return NULL;
    const struct pipe_end *end = &net->ends[net->sockets[socket].end];
    if (index >= end->len)
        return NULL;
    return &net->pipes[end->pipe][(end->first + index) % net->pipe_size];
}

bool pipe_net_is_empty(const struct pipe_net *net)
{
    bool is_empty = net->handles.count == 0 && net->event_count == 0;

    for (uint32_t i = 0; i < PIPE_NET_ENDS; i++)
        is_empty &= !net->ends[i].is_used;
    for (uint32_t i = 0; i < PIPE_NET_PIPES; i++)
        is_empty &= !net->pipe_is_used[i];
    for (uint32_t i = 0; i < PIPE_NET_DATAGRAMS; i++)
        is_empty &= net->datagrams[i].socket == PIPE_NET_NONE;
    return is_empty;
}
