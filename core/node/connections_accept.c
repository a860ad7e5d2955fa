/* Who dials us: listening, and the gate. */
#include "core/node/connections_internal.h"

enum nx_status dsb_connections_listen(struct dsb_connections *c, const struct nx_address *address,
                                      struct nx_address *local, struct nx_net_fault *fault)
{
    struct nx_handle listener;

    if (c->listener_count == DSB_LISTENERS_MAX)
        return NX_E_LIMIT;
    enum nx_status status =
        nx_net_listen(&c->config.net, address, NX_NET_BACKLOG_MAX, &listener, fault);
    return status == NX_OK ? dsb_connections_listen_on(c, listener, local) : status;
}

enum nx_status dsb_connections_listen_on(struct dsb_connections *c, struct nx_handle listener,
                                         struct nx_address *local)
{
    enum nx_status status = c->listener_count == DSB_LISTENERS_MAX
                                ? NX_E_LIMIT
                                : nx_net_local(&c->config.net, listener, local);

    if (status != NX_OK) {
        nx_net_close(&c->config.net, listener);
        return status;
    }
    c->may_accept[c->listener_count] = true;
    c->listeners[c->listener_count++] = listener;
    return NX_OK;
}

static void drop_from_gate(struct dsb_connections *c, struct nx_instant now, uint32_t place)
{
    struct dsb_connection *conn = &c->config.places[c->at_gate[place]];

    conn->has_pass = false; /* it is worth nothing any more */
    dsb_connection_close(c, now, conn);
}

static void let_in(struct dsb_connections *c, struct nx_instant now, struct nx_handle socket,
                   const struct nx_address *from)
{
    struct dsb_gate_pass pass;
    uint32_t dropped;

    if (dsb_gate_enter(&c->gate, now, from, &pass, &dropped) != NX_OK) {
        nx_net_abort(&c->config.net, socket);
        return;
    }
    if (dropped != DSB_GATE_NONE)
        drop_from_gate(c, now, dropped);

    struct dsb_connection *conn = dsb_connections_place(c, now);
    if (conn == NULL) {
        dsb_gate_leave(&c->gate, now, &pass, DSB_GATE_LEFT);
        nx_net_abort(&c->config.net, socket);
        return;
    }
    conn->state = DSB_CONNECTION_OPEN;
    conn->socket = socket;
    conn->address = *from;
    conn->pass = pass;
    conn->has_pass = true;
    c->at_gate[pass.place] = dsb_connection_index(c, conn);
    dsb_session_accept(&conn->session, now, c->config.own, c->config.rng);
}

void dsb_connection_leave_gate(struct dsb_connections *c, struct nx_instant now,
                               struct dsb_connection *conn, enum dsb_gate_outcome outcome)
{
    if (!conn->has_pass)
        return;
    dsb_gate_leave(&c->gate, now, &conn->pass, outcome);
    c->at_gate[conn->pass.place] = DSB_CONNECTION_NONE;
    conn->has_pass = false;
}

/* As many as there are places at the gate, and the next ones in the next turn. */
static void accept_waiting(struct dsb_connections *c, struct nx_instant now, uint32_t listener)
{
    for (uint32_t i = 0; i < DSB_GATE_PLACES_MAX && c->may_accept[listener]; i++) {
        struct nx_handle socket;
        struct nx_address from;
        enum nx_status status =
            nx_net_accept(&c->config.net, c->listeners[listener], &socket, &from);

        if (status == NX_OK)
            let_in(c, now, socket, &from);
        else
            c->may_accept[listener] = false; /* ACCEPTABLE will come */
        if (status != NX_OK && status != NX_WOULD_BLOCK && status != NX_E_NO_MEMORY)
            c->accept_again_at = nx_instant_after(now, nx_seconds(1)); /* or it will not */
    }
    c->has_more |= c->may_accept[listener];
}

static void retry_accepting(struct dsb_connections *c, struct nx_instant now)
{
    if (!nx_instant_reached(c->accept_again_at, now))
        return;
    c->accept_again_at = NX_NEVER;
    for (uint32_t i = 0; i < c->listener_count; i++)
        c->may_accept[i] = true;
}

void dsb_connections_accept_due(struct dsb_connections *c, struct nx_instant now)
{
    retry_accepting(c, now);
    for (uint32_t i = 0; i < c->listener_count; i++)
        accept_waiting(c, now, i);
}

bool dsb_connections_listener_input(struct dsb_connections *c, const struct nx_net_event *event)
{
    for (uint32_t i = 0; i < c->listener_count; i++) {
        if (c->listeners[i].value == event->socket.value) {
            c->may_accept[i] = true;
            return true;
        }
    }
    return false;
}
