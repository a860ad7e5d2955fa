#include "core/node/connections.h"

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

void dsb_connections_free_place(struct dsb_connections *c, struct dsb_connection *conn)
{
    nx_crypto_wipe(conn->in, conn->in_end); /* records are opened where they lie */
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

        if (mux != NULL ? carries(c, conn, mux) : dsb_connection_is_v1_with(conn, id))
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

/* ---- what happens ---------------------------------------------------------------------------- */

bool dsb_connections_input(struct dsb_connections *c, const struct nx_net_event *event)
{
    for (uint32_t i = 0; i < c->used_end; i++) {
        struct dsb_connection *conn = &c->config.places[i];

        if (conn->state == DSB_CONNECTION_FREE || conn->socket.value != event->socket.value)
            continue;
        if (event->kind == NX_NET_DIALLED) {
            conn->state = DSB_CONNECTION_OPEN; /* one that failed is told so by its first try */
            conn->has_connected = event->status == NX_OK;
        }
        conn->may_receive = conn->may_receive || event->kind != NX_NET_WRITABLE;
        conn->may_send = conn->may_send || event->kind != NX_NET_READABLE;
        return true;
    }
    return dsb_connections_listener_input(c, event);
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
    NX_CHECK(dsb_id_of_text(DSB_WORLD_NET, id_text, id) == NX_OK); /* the registry has it */
    if (memcmp(id, c->pair_id, sizeof(id)) == 0)
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

void dsb_connections_work(struct dsb_connections *c, struct nx_instant now)
{
    c->has_more = false;
    want_all(c, now);
    dsb_connections_accept_due(c, now);
    if (!c->is_shut_down)
        dsb_connections_dial_due(c, now);
    for (uint32_t i = 0; i < c->used_end; i++) {
        if (c->config.places[i].state != DSB_CONNECTION_FREE)
            dsb_connection_work(c, now, &c->config.places[i]);
    }
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
            deadline =
                nx_instant_earlier(deadline, dsb_connection_deadline(c, &c->config.places[i]));
    }
    return deadline;
}

/* ---- the end --------------------------------------------------------------------------------- */

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
