#include "core/node/connections.h"

#include "core/base/hex.h"
#include "core/base/memory.h"
#include "core/node/connections_internal.h"

/* ---- the table ------------------------------------------------------------------------------- */

uint32_t dsb_connections_count_max(const struct dsb_profile *profile)
{
    uint32_t links = DSB_LINKS_PER_PEER_MAX * profile->peer_count_max + DSB_PAIRING_SESSIONS_MAX;

    if (links > profile->link_count_max)
        links = profile->link_count_max;
    return links + DSB_V1_ALLOWED_MAX + DSB_GATE_PLACES_MAX + DSB_DIALS_MAX * DSB_CANDIDATES_MAX;
}

void dsb_connections_init(struct dsb_connections *c, const struct dsb_connections_config *config)
{
    *c = (struct dsb_connections){.config = *config, .accept_again_at = NX_NEVER};
    dsb_gate_init(&c->gate);
    dsb_reach_init(&c->reach, &config->rng);
}

uint32_t dsb_connection_index(const struct dsb_connections *c, const struct dsb_connection *conn)
{
    return (uint32_t)(conn - c->config.places);
}

/* The lowest that is free, so that those in use stand together. */
static struct dsb_connection *free_one(struct dsb_connections *c)
{
    for (uint32_t i = 0; i < c->config.cap; i++) {
        if (c->config.places[i].state == DSB_CONNECTION_FREE)
            return &c->config.places[i];
    }
    return NULL;
}

/* Their last word is said, or late: whoever refuses many keeps nobody out by it. */
static struct dsb_connection *leaving_longest(const struct dsb_connections *c)
{
    struct dsb_connection *first = NULL;

    for (uint32_t i = 0; i < c->used_end; i++) {
        struct dsb_connection *conn = &c->config.places[i];

        if (conn->state == DSB_CONNECTION_LEAVING &&
            (first == NULL || conn->leaves_at.ns < first->leaves_at.ns))
            first = conn;
    }
    return first;
}

struct dsb_connection *dsb_connections_place(struct dsb_connections *c, struct nx_instant now)
{
    struct dsb_connection *conn = free_one(c);

    if (conn == NULL) {
        conn = leaving_longest(c);
        if (conn == NULL)
            return NULL;
        dsb_connection_close(c, now, conn);
    }
    memset(conn, 0, offsetof(struct dsb_connection, in));
    conn->dial = conn->link = DSB_CONNECTION_NONE;
    conn->may_receive = conn->may_send = true;
    conn->leaves_at = NX_NEVER;
    if (dsb_connection_index(c, conn) >= c->used_end)
        c->used_end = dsb_connection_index(c, conn) + 1;
    return conn;
}

static void free_place(struct dsb_connections *c, struct dsb_connection *conn)
{
    conn->state = DSB_CONNECTION_FREE;
    conn->socket = NX_HANDLE_NONE;
    while (c->used_end > 0 && c->config.places[c->used_end - 1].state == DSB_CONNECTION_FREE)
        c->used_end--;
}

uint32_t dsb_connections_open_count(const struct dsb_connections *c)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < c->used_end; i++)
        count += c->config.places[i].state != DSB_CONNECTION_FREE;
    return count;
}

static bool is_v1_with(const struct dsb_connection *conn, const uint8_t id[DSB_ID_LEN])
{
    return conn->is_v1_up && memcmp(conn->session.peer.id, id, DSB_ID_LEN) == 0;
}

static bool carries(const struct dsb_connections *c, const struct dsb_connection *conn,
                    const struct dsb_mux *mux)
{
    return conn->link != DSB_CONNECTION_NONE && &c->config.node->links[conn->link].mux == mux;
}

const struct dsb_connection *dsb_connections_find(const struct dsb_connections *c,
                                                  const char *id_text)
{
    const struct dsb_mux *mux = dsb_node_session(c->config.node, id_text);
    uint8_t id[DSB_ID_LEN];

    if (dsb_id_of_text(DSB_WORLD_NET, id_text, id) != NX_OK)
        return NULL;
    for (uint32_t i = 0; i < c->used_end; i++) {
        const struct dsb_connection *conn = &c->config.places[i];

        if (mux != NULL ? carries(c, conn, mux) : is_v1_with(conn, id))
            return conn;
    }
    return NULL;
}

/* ---- news ------------------------------------------------------------------------------------ */

/* Strangers cause TURNED_AWAY, as many in one turn as the gate lets in: half of the places are kept for
 * what an owner waits for. */
static uint32_t places_for(enum dsb_connections_event_kind kind)
{
    return kind == DSB_CONNECTIONS_TURNED_AWAY ? DSB_CONNECTIONS_EVENTS_MAX / 2
                                               : DSB_CONNECTIONS_EVENTS_MAX;
}

void dsb_connections_tell(struct dsb_connections *c, const struct dsb_connections_event *event)
{
    if (c->event_count >= places_for(event->kind)) {
        c->events_missed++;
        return;
    }
    c->events[(c->event_first + c->event_count++) % DSB_CONNECTIONS_EVENTS_MAX] = *event;
}

bool dsb_connections_event(struct dsb_connections *c, struct dsb_connections_event *event)
{
    if (c->event_count == 0)
        return false;
    *event = c->events[c->event_first];
    c->event_first = (c->event_first + 1) % DSB_CONNECTIONS_EVENTS_MAX;
    c->event_count--;
    return true;
}

/* ---- the end of one -------------------------------------------------------------------------- */

void dsb_connection_leave_gate(struct dsb_connections *c, struct nx_instant now,
                               struct dsb_connection *conn, enum dsb_gate_outcome outcome)
{
    if (!conn->has_pass)
        return;
    dsb_gate_leave(&c->gate, now, &conn->pass, outcome);
    c->at_gate[conn->pass.place] = DSB_CONNECTION_NONE;
    conn->has_pass = false;
}

static void take_from_link(struct dsb_connections *c, struct nx_instant now,
                           struct dsb_connection *conn)
{
    if (conn->link == DSB_CONNECTION_NONE)
        return;
    dsb_node_link_down(c->config.node, now, conn->link);
    conn->link = DSB_CONNECTION_NONE;
    c->has_more = true; /* an accept of a pairing may want another one */
}

static void end_v1(struct dsb_connections *c, struct dsb_connection *conn)
{
    struct dsb_connections_event event = {.kind = DSB_CONNECTIONS_V1_ENDED,
                                          .address = conn->address};

    if (!conn->is_v1_up)
        return;
    conn->is_v1_up = conn->has_v1_frame = false;
    event.status = conn->session.end.status == NX_OK ? NX_E_CLOSED : conn->session.end.status;
    event.why = conn->session.end.why;
    nx_hex_encode(nx_bytes_of(conn->session.peer.id, DSB_ID_LEN), event.id_text);
    dsb_connections_tell(c, &event);
}

/* Everything but the socket. */
static void give_back(struct dsb_connections *c, struct nx_instant now, struct dsb_connection *conn)
{
    take_from_link(c, now, conn);
    end_v1(c, conn);
    dsb_connection_try_lost(c, now, conn, NX_E_CLOSED, DSB_REFUSAL_NONE,
                            "the connection was closed");
    dsb_connection_leave_gate(c, now, conn, DSB_GATE_LEFT);
    dsb_session_wipe(&conn->session);
}

void dsb_connection_close(struct dsb_connections *c, struct nx_instant now,
                          struct dsb_connection *conn)
{
    give_back(c, now, conn);
    nx_net_close(&c->config.net, conn->socket);
    free_place(c, conn);
}

void dsb_connection_leave(struct dsb_connections *c, struct nx_instant now,
                          struct dsb_connection *conn)
{
    give_back(c, now, conn);
    conn->state = DSB_CONNECTION_LEAVING;
    conn->leaves_at = nx_instant_after(now, nx_milliseconds(DSB_CONNECTION_LINGER_MS));
}

/* ---- listening ------------------------------------------------------------------------------- */

enum nx_status dsb_connections_listen(struct dsb_connections *c, const struct nx_address *address,
                                      struct nx_address *local, struct nx_net_fault *fault)
{
    struct nx_handle listener;

    if (c->listener_count == DSB_LISTENERS_MAX)
        return NX_E_LIMIT;
    enum nx_status status =
        nx_net_listen(&c->config.net, address, NX_NET_BACKLOG_MAX, &listener, fault);
    if (status == NX_OK)
        status = nx_net_local(&c->config.net, listener, local);
    if (status != NX_OK)
        return status;
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

void dsb_connections_shut_down(struct dsb_connections *c, struct nx_instant now)
{
    c->is_shut_down = true;
    for (uint32_t i = 0; i < c->listener_count; i++)
        nx_net_close(&c->config.net, c->listeners[i]);
    c->listener_count = 0;
    c->accept_again_at = NX_NEVER;
    dsb_connections_drop_dials(c, now);
    for (uint32_t i = 0; i < c->config.cap; i++) {
        struct dsb_connection *conn = &c->config.places[i];

        if (conn->state == DSB_CONNECTION_OPEN && conn->session.state != DSB_SESSION_UP)
            dsb_connection_close(c, now, conn);
        else if (conn->is_v1_up)
            dsb_connection_leave(c, now, conn);
    }
}

void dsb_connections_close(struct dsb_connections *c, struct nx_instant now)
{
    dsb_connections_shut_down(c, now);
    for (uint32_t i = 0; i < c->config.cap; i++) {
        if (c->config.places[i].state != DSB_CONNECTION_FREE)
            dsb_connection_close(c, now, &c->config.places[i]);
    }
}

/* ---- what happens ---------------------------------------------------------------------------- */

static bool listener_input(struct dsb_connections *c, const struct nx_net_event *event)
{
    for (uint32_t i = 0; i < c->listener_count; i++) {
        if (c->listeners[i].value == event->socket.value) {
            c->may_accept[i] = true;
            return true;
        }
    }
    return false;
}

bool dsb_connections_input(struct dsb_connections *c, const struct nx_net_event *event)
{
    for (uint32_t i = 0; i < c->used_end; i++) {
        struct dsb_connection *conn = &c->config.places[i];

        if (conn->state == DSB_CONNECTION_FREE || conn->socket.value != event->socket.value)
            continue;
        if (event->kind == NX_NET_DIALLED && conn->state == DSB_CONNECTION_CONNECTING)
            conn->state = DSB_CONNECTION_OPEN; /* one that failed is told so by its first try */
        conn->may_receive = conn->may_receive || event->kind != NX_NET_WRITABLE;
        conn->may_send = conn->may_send || event->kind != NX_NET_READABLE;
        return true;
    }
    return listener_input(c, event);
}

static void want(struct dsb_connections *c, struct nx_instant now, const char *id_text)
{
    (void)!dsb_reach_want(&c->reach, now, id_text); /* the registry is no larger than reach */
    if (dsb_node_session(c->config.node, id_text) != NULL)
        (void)!dsb_reach_up(&c->reach, now, id_text); /* it came before this news was taken */
}

/* Beacons said where it is, before there was a key to check them with; where we paired it is proved. */
static void on_paired(struct dsb_connections *c, struct nx_instant now, const char *id_text)
{
    uint8_t id[DSB_ID_LEN];

    want(c, now, id_text);
    if (dsb_id_of_text(DSB_WORLD_NET, id_text, id) == NX_OK &&
        memcmp(id, c->pair_id, sizeof(id)) == 0)
        (void)!dsb_discovery_authenticated(&c->config.node->discovery, now,
                                           nx_bytes_of_text(id_text), c->pair_address);
}

static void on_session_ended(struct dsb_connections *c, struct nx_instant now,
                             const struct dsb_node_event *event)
{
    bool was_said = event->mux.status == NX_END;

    if (event->session == NULL || dsb_node_session(c->config.node, event->id_text) != NULL)
        return; /* a dial that failed; or another one stands */
    (void)!dsb_reach_down(&c->reach, now, event->id_text,
                          was_said ? DSB_REACH_GOODBYE : DSB_REACH_CUT);
}

static void on_discovery(struct dsb_connections *c, struct nx_instant now,
                         const struct dsb_node_event *event)
{
    const struct dsb_neighbour *n =
        dsb_discovery_find(&c->config.node->discovery, nx_bytes_of_text(event->id_text));
    bool is_news =
        event->discovery == DSB_DISCOVERY_SEEN || event->discovery == DSB_DISCOVERY_CHANGED;

    if (!is_news || n == NULL || !n->is_paired || !n->is_proved)
        return;
    (void)!dsb_reach_hurry(&c->reach, now, event->id_text, DSB_REACH_BEACON);
    /* It has restarted, or may be somewhere else than where its session leads, and nobody would know
     * for long. */
    struct dsb_mux *session = dsb_node_session(c->config.node, event->id_text);
    if (session != NULL)
        dsb_mux_doubt(session, now);
}

void dsb_connections_news(struct dsb_connections *c, struct nx_instant now,
                          const struct dsb_node_event *event)
{
    switch (event->kind) {
    case DSB_NODE_PAIRED:
        on_paired(c, now, event->id_text);
        break;
    case DSB_NODE_UNPAIRED:
        (void)!dsb_reach_forget(&c->reach, event->id_text);
        dsb_connections_drop_dials_of(c, now, event->id_text);
        break;
    case DSB_NODE_SESSION_ENDED:
        on_session_ended(c, now, event);
        break;
    case DSB_NODE_DISCOVERY:
        on_discovery(c, now, event);
        break;
    case DSB_NODE_PAIRING_FAILED:
    case DSB_NODE_PAIRING_BROKEN:
    case DSB_NODE_STORE_FAILED:
    case DSB_NODE_SESSION_UP:
    case DSB_NODE_STREAM:
        break;
    }
}

/* ---- turns ----------------------------------------------------------------------------------- */

static void want_all(struct dsb_connections *c, struct nx_instant now)
{
    const struct dsb_registry *registry = &c->config.node->registry;

    if (c->is_synced || !c->config.node->is_started)
        return;
    for (uint32_t i = 0; i < dsb_registry_count(registry); i++)
        want(c, now, dsb_registry_at(registry, i)->id_text);
    c->is_synced = true;
}

static void retry_accepting(struct dsb_connections *c, struct nx_instant now)
{
    if (!nx_instant_reached(c->accept_again_at, now))
        return;
    c->accept_again_at = NX_NEVER;
    for (uint32_t i = 0; i < c->listener_count; i++)
        c->may_accept[i] = true;
}

void dsb_connections_work(struct dsb_connections *c, struct nx_instant now)
{
    c->has_more = false;
    want_all(c, now);
    retry_accepting(c, now);
    for (uint32_t i = 0; i < c->listener_count; i++)
        accept_waiting(c, now, i);
    if (!c->is_shut_down)
        dsb_connections_dial_due(c, now);
    for (uint32_t i = 0; i < c->used_end; i++) {
        if (c->config.places[i].state != DSB_CONNECTION_FREE)
            dsb_connection_work(c, now, &c->config.places[i]);
    }
}

struct nx_instant dsb_connection_again_at(const struct dsb_connections *c,
                                          const struct dsb_connection *conn)
{
    const struct dsb_link *link;

    if (conn->link == DSB_CONNECTION_NONE || !conn->session.is_initiator)
        return NX_NEVER;
    link = &c->config.node->links[conn->link];
    if (link->state != DSB_LINK_SESSION || link->mux.state != DSB_MUX_ACTIVE)
        return NX_NEVER; /* for pairing; or it only goes on for the sake of its streams */
    return nx_instant_after(conn->up_at, nx_seconds(DSB_SESSION_LIFE_S));
}

static bool is_at_gate(const struct dsb_connection *conn)
{
    return conn->has_pass && !conn->is_let_in &&
           conn->in_len - conn->in_at >= DSB_HANDSHAKE_FIRST_LEN;
}

static struct nx_instant deadline_of(const struct dsb_connections *c,
                                     const struct dsb_connection *conn)
{
    struct nx_instant deadline = nx_instant_earlier(conn->leaves_at, NX_NEVER);

    if (conn->state == DSB_CONNECTION_LEAVING)
        return deadline;
    deadline = nx_instant_earlier(deadline, dsb_session_deadline(&conn->session));
    if (is_at_gate(conn))
        deadline = nx_instant_earlier(deadline, dsb_gate_opens_at(&c->gate, &conn->pass));
    return nx_instant_earlier(deadline, dsb_connection_again_at(c, conn));
}

struct nx_instant dsb_connections_deadline(const struct dsb_connections *c)
{
    struct nx_instant deadline = c->accept_again_at;

    if (c->has_more)
        return (struct nx_instant){0};
    if (!c->is_shut_down && dsb_connections_can_dial(c))
        deadline = nx_instant_earlier(deadline, dsb_reach_deadline(&c->reach));
    for (uint32_t i = 0; i < c->used_end; i++) {
        if (c->config.places[i].state != DSB_CONNECTION_FREE)
            deadline = nx_instant_earlier(deadline, deadline_of(c, &c->config.places[i]));
    }
    return deadline;
}

/* ---- v1 -------------------------------------------------------------------------------------- */

static struct dsb_connection *v1_of(struct dsb_connections *c, const char *id_text)
{
    uint8_t id[DSB_ID_LEN];

    if (dsb_id_of_text(DSB_WORLD_NET, id_text, id) != NX_OK)
        return NULL;
    for (uint32_t i = 0; i < c->used_end; i++) {
        if (is_v1_with(&c->config.places[i], id))
            return &c->config.places[i];
    }
    return NULL;
}

enum nx_status dsb_connections_v1_peek(struct dsb_connections *c, const char *id_text,
                                       struct dsb_v1_frame *frame)
{
    struct dsb_connection *conn = v1_of(c, id_text);

    if (conn == NULL)
        return NX_E_CLOSED;
    if (!conn->has_v1_frame)
        return NX_WOULD_BLOCK;
    *frame = conn->v1_frame;
    return NX_OK;
}

void dsb_connections_v1_drop(struct dsb_connections *c, const char *id_text)
{
    struct dsb_connection *conn = v1_of(c, id_text);

    if (conn != NULL)
        conn->has_v1_frame = false;
    c->has_more = true; /* what lies behind it */
}

enum nx_status dsb_connections_v1_send(struct dsb_connections *c, const char *id_text,
                                       const struct dsb_v1_frame *frame)
{
    struct dsb_connection *conn = v1_of(c, id_text);

    if (conn == NULL)
        return NX_E_CLOSED;
    if (frame->bytes.len > DSB_V1_FRAME_BYTES_MAX)
        return NX_E_LIMIT;

    struct nx_writer out = nx_writer_over(conn->out, sizeof(conn->out));
    out.len = conn->out_len;
    struct nx_writer plain = dsb_records_room(&out, DSB_RECORD_PLAIN_MAX);
    enum nx_status status = dsb_v1_frame_encode(frame, &plain);
    conn->v1_wants_room = status == NX_WOULD_BLOCK;
    if (status != NX_OK)
        return status;
    c->has_more = true;
    if (dsb_records_seal(&conn->session.records, plain.len, &out) != NX_OK) {
        conn->leaves_at = (struct nx_instant){0}; /* it has had all the records it may have */
        return NX_E_CLOSED;
    }
    conn->out_len = out.len;
    return NX_OK;
}

void dsb_connections_v1_end(struct dsb_connections *c, struct nx_instant now, const char *id_text)
{
    struct dsb_connection *conn = v1_of(c, id_text);

    if (conn != NULL)
        dsb_connection_leave(c, now, conn);
}
