#include "core/net/net.h"

#include "core/base/text.h"

/* ---- failures ------------------------------------------------------------------------------ */

static const struct {
    enum nx_net_failure failure;
    enum nx_status status;
    const char *text;
} failures[] = {
    {NX_NET_FAILURE_NONE, NX_OK, "done"},
    {NX_NET_REFUSED, NX_E_NOT_FOUND, "refused, nobody listens there"},
    {NX_NET_UNREACHABLE, NX_E_NOT_FOUND, "no way leads there"},
    {NX_NET_TIMED_OUT, NX_E_TIMEOUT, "no answer in time"},
    {NX_NET_RESET, NX_E_ABORTED, "the connection was cut"},
    {NX_NET_IN_USE, NX_E_EXISTS, "the port is in use"},
    {NX_NET_NOT_OURS, NX_E_NOT_FOUND, "no interface of this machine has that address"},
    {NX_NET_NOT_PERMITTED, NX_E_DENIED, "not permitted"},
    {NX_NET_FULL, NX_E_NO_MEMORY, "no place for another socket"},
    {NX_NET_NOT_POSSIBLE, NX_E_UNSUPPORTED, "this machine cannot do that"},
    {NX_NET_BROKEN, NX_E_IO, "the network below failed"},
};

enum nx_status nx_net_failure_status(enum nx_net_failure failure)
{
    for (size_t i = 0; i < NX_COUNT_OF(failures); i++) {
        if (failures[i].failure == failure)
            return failures[i].status;
    }
    return NX_E_IO;
}

const char *nx_net_failure_text(enum nx_net_failure failure)
{
    for (size_t i = 0; i < NX_COUNT_OF(failures); i++) {
        if (failures[i].failure == failure)
            return failures[i].text;
    }
    return "failed in a way that this version does not know";
}

/* "<verb> <address>: <text>", and the status for the caller to return. */
static enum nx_status tell(struct nx_net_fault *fault, enum nx_net_failure failure,
                           const char *verb, const struct nx_address *address)
{
    char where[NX_ADDRESS_TEXT_CAP];

    if (fault == NULL)
        return nx_net_failure_status(failure);
    fault->failure = failure;
    nx_why_set(&fault->why, "");
    if (failure == NX_NET_FAILURE_NONE)
        return NX_OK;

    struct nx_text t = nx_text_over(fault->why.text, sizeof(fault->why.text));
    nx_address_print(address, where);
    nx_text_add(&t, verb);
    nx_text_add(&t, " ");
    nx_text_add(&t, where);
    nx_text_add(&t, ": ");
    nx_text_add(&t, nx_net_failure_text(failure));
    return nx_net_failure_status(failure);
}

/* An argument that no caller should give. */
static enum nx_status refuse(struct nx_net_fault *fault, const char *text)
{
    if (fault != NULL) {
        fault->failure = NX_NET_FAILURE_NONE; /* nothing below was asked */
        nx_why_set(&fault->why, text);
    }
    return NX_E_INVALID;
}

/* ---- streams ------------------------------------------------------------------------------- */

enum nx_status nx_net_listen(const struct nx_net *net, const struct nx_address *local,
                             uint32_t backlog, struct nx_handle *listener,
                             struct nx_net_fault *fault)
{
    if (local->family == NX_ADDRESS_NONE || nx_net_is_group(local))
        return refuse(fault, "listen: needs an address");
    if (backlog == 0 || backlog > NX_NET_BACKLOG_MAX)
        return refuse(fault, "listen: the backlog is out of its bounds");

    enum nx_net_failure failure = net->driver->listen(net->self, local, backlog, listener);
    return tell(fault, failure, "listen", local);
}

enum nx_status nx_net_accept(const struct nx_net *net, struct nx_handle listener,
                             struct nx_handle *stream, struct nx_address *peer)
{
    return net->driver->accept(net->self, listener, stream, peer);
}

enum nx_status nx_net_connect(const struct nx_net *net, const struct nx_address *peer,
                              struct nx_instant deadline, struct nx_handle *stream,
                              struct nx_net_fault *fault)
{
    if (peer->family == NX_ADDRESS_NONE || peer->port == 0 || nx_net_is_group(peer))
        return refuse(fault, "connect: needs an address with a port");

    enum nx_net_failure failure = net->driver->connect(net->self, peer, deadline, stream);
    return tell(fault, failure, "connect", peer);
}

enum nx_status nx_net_send(const struct nx_net *net, struct nx_handle stream,
                           const struct nx_bytes *parts, size_t part_count, size_t *sent)
{
    *sent = 0;
    if (part_count == 0 || part_count > NX_NET_PARTS_MAX)
        return NX_E_INVALID;
    return net->driver->send(net->self, stream, parts, part_count, sent);
}

enum nx_status nx_net_receive(const struct nx_net *net, struct nx_handle stream,
                              const struct nx_net_room *rooms, size_t room_count, size_t *received)
{
    size_t cap = 0;

    *received = 0;
    if (room_count > NX_NET_PARTS_MAX)
        return NX_E_INVALID;
    for (size_t i = 0; i < room_count; i++)
        cap |= rooms[i].cap;
    if (cap == 0)
        return NX_E_INVALID; /* with no room, nothing could be told from the end */
    return net->driver->receive(net->self, stream, rooms, room_count, received);
}

enum nx_status nx_net_finish(const struct nx_net *net, struct nx_handle stream)
{
    return net->driver->finish(net->self, stream);
}

/* ---- datagrams ----------------------------------------------------------------------------- */

enum nx_status nx_net_bind(const struct nx_net *net, const struct nx_address *local, bool is_shared,
                           struct nx_handle *socket, struct nx_net_fault *fault)
{
    if (local->family == NX_ADDRESS_NONE)
        return refuse(fault, "bind: needs an address");

    enum nx_net_failure failure = net->driver->bind(net->self, local, is_shared, socket);
    return tell(fault, failure, "bind", local);
}

enum nx_status nx_net_join(const struct nx_net *net, struct nx_handle socket,
                           const struct nx_address *group, uint32_t interface_index,
                           struct nx_net_fault *fault)
{
    struct nx_address local;

    if (!nx_net_is_group(group) || interface_index == 0)
        return refuse(fault, "join: needs a group and an interface");

    enum nx_status status = nx_net_local(net, socket, &local);
    if (status != NX_OK) {
        (void)refuse(fault, "join: no such socket");
        return status;
    }
    if (local.family != group->family)
        return refuse(fault, "join: the socket is of the other family");

    enum nx_net_failure failure = net->driver->join(net->self, socket, group, interface_index);
    return tell(fault, failure, "join", group);
}

enum nx_status nx_net_send_to(const struct nx_net *net, struct nx_handle socket,
                              const struct nx_address *to, struct nx_bytes datagram)
{
    if (to->family == NX_ADDRESS_NONE || to->port == 0)
        return NX_E_INVALID;
    if (datagram.len > NX_NET_DATAGRAM_MAX)
        return NX_E_LIMIT;
    return net->driver->send_to(net->self, socket, to, datagram);
}

enum nx_status nx_net_receive_from(const struct nx_net *net, struct nx_handle socket,
                                   struct nx_net_room room, struct nx_net_datagram *datagram)
{
    return net->driver->receive_from(net->self, socket, room, datagram);
}

/* ---- both ---------------------------------------------------------------------------------- */

enum nx_status nx_net_local(const struct nx_net *net, struct nx_handle socket,
                            struct nx_address *address)
{
    return net->driver->local(net->self, socket, address);
}

enum nx_net_failure nx_net_failure_of(const struct nx_net *net, struct nx_handle socket)
{
    return net->driver->failure(net->self, socket);
}

void nx_net_close(const struct nx_net *net, struct nx_handle socket)
{
    net->driver->close(net->self, socket, false);
}

void nx_net_abort(const struct nx_net *net, struct nx_handle socket)
{
    net->driver->close(net->self, socket, true);
}

bool nx_net_event(const struct nx_net *net, struct nx_net_event *event)
{
    return net->driver->event(net->self, event);
}

bool nx_net_is_group(const struct nx_address *address)
{
    if (address->family == NX_ADDRESS_IPV4)
        return address->bytes[0] >> 4 == 14;
    return address->family == NX_ADDRESS_IPV6 && address->bytes[0] == 0xff;
}
