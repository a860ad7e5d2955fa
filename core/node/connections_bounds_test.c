/* Connections at their bounds: full tables, no socket left, too much news, and what belongs to nobody. */
#include "core/base/memory.h"
#include "core/node/connections_internal.h"
#include "tests/node/fabric.h"
#include "tests/unit/unit.h"

static struct fabric *f;
static struct fabric_device *a, *b, *c;

static void begin_paired(void)
{
    f = fabric_begin();
    a = &f->devices[0];
    b = &f->devices[1];
    c = &f->devices[2];
    fabric_pair(a, b);
    fabric_pass(f, nx_seconds(20));
    fabric_forget_news(f);
}

/* `b` has lost `a`, and knows where it listens. */
static void begin_away(struct nx_address at)
{
    begin_paired();
    fabric_switch_off(b, false);
    fabric_pass(f, nx_seconds(2));
    fabric_switch_on(b);
    EXPECT_STATUS(dsb_discovery_authenticated(&b->node.discovery, f->now,
                                              nx_bytes_of_text(a->identity.id_text), at),
                  NX_OK);
}

static void connect_b(void)
{
    EXPECT_STATUS(dsb_node_connect(&b->node, a->identity.id_text), NX_OK);
    fabric_touch(b);
}

static const struct dsb_connections_event *failure_of(const struct fabric_device *d)
{
    return &d->news.last[DSB_CONNECTIONS_DIAL_FAILED];
}

/* ---- places ---------------------------------------------------------------------------------- */

static void count_row(void)
{
    struct dsb_profile profile = dsb_profile_board;

    unit_row("a table has places for every link that may be, half-open handshakes, and dials");
    uint32_t others = DSB_V1_ALLOWED_MAX + DSB_GATE_PLACES_MAX + DSB_DIALS_MAX * DSB_CANDIDATES_MAX;
    profile.peer_count_max = 2;
    profile.link_count_max = 1000;
    EXPECT_EQ(dsb_connections_count_max(&profile),
              2 * DSB_LINKS_PER_PEER_MAX + DSB_PAIRING_SESSIONS_MAX + others);
    profile.link_count_max = 5;
    EXPECT_EQ(dsb_connections_count_max(&profile), 5 + others);
}

static void place_rows(void)
{
    struct nx_handle handle;

    unit_row("who finds the table full is turned away, and holds no place at the gate");
    begin_paired();
    struct fake_host *stranger = fakenet_add(&f->net, fabric_address(7, 1, 0));
    struct nx_net net = fake_host_as_net(stranger);
    a->connections.config.cap = a->connections.used_end;
    EXPECT_STATUS(nx_net_connect(&net, &a->address, NX_NEVER, &handle, NULL), NX_OK);
    fabric_settle(f);
    EXPECT_EQ(a->host->resets_sent, 1);
    EXPECT_EQ(dsb_gate_half_open_count(&a->connections.gate), 0);
    EXPECT(fabric_has_one_session(a, b));
    nx_net_close(&net, handle);

    unit_row("a connection that only waits for its end gives its place to one that comes");
    b->is_frozen = true;
    dsb_mux_terminate(fabric_session(a, b), DSB_GOAWAY_BYE, "so long");
    fabric_touch(a);
    EXPECT_EQ(a->connections.config.places[0].state, DSB_CONNECTION_LEAVING);
    EXPECT_STATUS(nx_net_connect(&net, &a->address, NX_NEVER, &handle, NULL), NX_OK);
    fabric_settle(f);
    EXPECT_EQ(a->connections.config.places[0].state, DSB_CONNECTION_OPEN);
    EXPECT_EQ(dsb_gate_half_open_count(&a->connections.gate), 1);
    nx_net_close(&net, handle);
    fabric_settle(f);

    unit_row("of several the one that has waited longest");
    begin_paired();
    for (int i = 0; i < 3; i++) {
        struct dsb_connection *conn = dsb_connections_place(&a->connections, f->now);

        conn->state = DSB_CONNECTION_LEAVING;
        conn->leaves_at = nx_instant_after(f->now, nx_milliseconds(i == 1 ? 100 : 200));
    }
    a->connections.config.cap = a->connections.used_end;
    EXPECT_EQ(dsb_connection_index(&a->connections, dsb_connections_place(&a->connections, f->now)),
              2);

    unit_row("a dial that finds the table full fails, and says so");
    begin_away(a->address);
    b->connections.config.cap = 0;
    connect_b();
    EXPECT_EQ(b->news.told[DSB_CONNECTIONS_DIAL_FAILED], 1);
    EXPECT_STATUS(failure_of(b)->status, NX_E_LIMIT);
    EXPECT_TEXT(failure_of(b)->why.text, "over a limit");
    EXPECT_EQ(b->news.asked_count, 1);
}

static void socket_rows(void)
{
    unit_row("a dial that has no socket fails with the system's reason");
    begin_away(a->address);
    b->host->socket_max = b->host->socket_count;
    connect_b();
    EXPECT_EQ(b->news.told[DSB_CONNECTIONS_DIAL_FAILED], 1);
    EXPECT_STATUS(failure_of(b)->status, NX_E_NO_MEMORY);

    unit_row("of two addresses the one that has a socket is tried, and is enough");
    begin_away(a->address);
    EXPECT_STATUS(dsb_discovery_authenticated(&b->node.discovery, f->now,
                                              nx_bytes_of_text(a->identity.id_text), c->address),
                  NX_OK);
    EXPECT_STATUS(dsb_discovery_authenticated(&b->node.discovery, f->now,
                                              nx_bytes_of_text(a->identity.id_text), a->address),
                  NX_OK);
    b->host->socket_max = b->host->socket_count + 1;
    connect_b();
    EXPECT_EQ(b->news.told[DSB_CONNECTIONS_DIAL_FAILED], 0);
    EXPECT(fabric_has_one_session(a, b));

    unit_row("who has no socket for one that waits accepts it as soon as there is one");
    begin_away(a->address);
    a->host->socket_max = a->host->socket_count;
    connect_b();
    EXPECT_EQ(a->host->backlog_count, 1);
    struct nx_instant at = dsb_connections_deadline(&a->connections);
    EXPECT(at.ns > f->now.ns); /* nobody spins meanwhile */
    a->host->socket_max = FAKENET_SOCKETS;
    fabric_touch(a);
    a->connections.may_accept[0] = true; /* as a place that becomes free says */
    fabric_touch(a);
    EXPECT(fabric_has_one_session(a, b));
}

/* ---- dials ----------------------------------------------------------------------------------- */

/* Every dial of `d` is under way, to somebody who does not answer. */
static void use_all_dials(struct fabric_device *d)
{
    struct fake_host *silent = fakenet_add(&f->net, fabric_address(9, 9, 0));
    struct nx_address at = fabric_address(9, 9, FABRIC_PORT);
    uint8_t id[DSB_ID_LEN] = {0, 1};

    silent->is_silent = true;
    while (dsb_connections_can_dial(&d->connections)) {
        id[0]++;
        EXPECT_STATUS(dsb_connections_dial_v1(&d->connections, f->now, &at, id,
                                              c->identity.noise_static, NULL),
                      NX_OK);
    }
    id[0]++;
    EXPECT_STATUS(
        dsb_connections_dial_v1(&d->connections, f->now, &at, id, c->identity.noise_static, NULL),
        NX_E_BUSY);
}

static struct nx_duration until_again(void)
{
    const struct dsb_connection *conn = fabric_connection(a, b);

    return nx_duration_between(f->now,
                               nx_instant_after(conn->up_at, nx_seconds(DSB_SESSION_LIFE_S)));
}

/* The one of the two whose session this is. */
static struct fabric_device *dialler(void)
{
    return fabric_connection(a, b)->session.is_initiator ? a : b;
}

static void dial_rows(void)
{
    unit_row("when all dials are under way a pairing is told that it is busy");
    begin_paired();
    fabric_hear(b, c, c->address);
    use_all_dials(b);
    EXPECT_STATUS(
        dsb_node_pair_accept(&b->node, f->now, c->identity.id_text, nx_bytes_of_text("123456")),
        NX_OK);
    fabric_touch(b);
    EXPECT_STATUS(b->news.pairing_failure, NX_E_BUSY);

    unit_row("and a session that is old enough is dialled anew a minute later");
    begin_paired();
    fabric_pass(f, (struct nx_duration){until_again().ns - 1});
    use_all_dials(dialler());
    struct nx_instant up_at = fabric_connection(a, b)->up_at;
    fabric_pass(f, nx_seconds(DSB_SESSION_AGAIN_S - 1));
    EXPECT_EQ(a->news.up_count, 0);

    unit_row("and until then it has been up since it came up");
    EXPECT_EQ(fabric_connection(a, b)->up_at.ns, up_at.ns);
    fabric_pass(f, nx_seconds(2));
    EXPECT_EQ(a->news.up_count, 1);
    EXPECT(fabric_has_one_session(a, b));

    unit_row("likewise when there is no socket for it, and nothing is told");
    begin_paired();
    fabric_pass(f, (struct nx_duration){until_again().ns - 1});
    struct fabric_device *d = dialler();
    d->host->socket_max = d->host->socket_count;
    fabric_pass(f, nx_seconds(1));
    d->host->socket_max = FAKENET_SOCKETS;
    fabric_pass(f, nx_seconds(DSB_SESSION_AGAIN_S));
    EXPECT_EQ(d->news.told[DSB_CONNECTIONS_DIAL_FAILED], 0);
    EXPECT(fabric_has_one_session(a, b));
    EXPECT_EQ(a->news.up_count, 1);

    unit_row("nor is one dialled anew that is dialled already, to pair once more");
    begin_paired();
    fabric_pass(f, (struct nx_duration){until_again().ns - 1});
    d = dialler();
    struct fabric_device *other = d == a ? b : a;
    other->host->is_silent = true;
    fabric_hear(d, other, other->address);
    EXPECT_STATUS(
        dsb_node_pair_accept(&d->node, f->now, other->identity.id_text, nx_bytes_of_text("123456")),
        NX_OK);
    fabric_touch(d);
    fabric_pass(f, nx_seconds(1));
    EXPECT_EQ(d->host->socket_count, 3);

    unit_row("and that dial comes to its own end, whoever is unpaired");
    EXPECT_STATUS(dsb_node_unpair(&d->node, f->now, other->identity.id_text), NX_OK);
    fabric_touch(d);
    EXPECT_EQ(d->news.told[DSB_CONNECTIONS_DIAL_FAILED], 0);
    fabric_pass(f, nx_seconds(DSB_DIAL_TRY_S));
    EXPECT_EQ(d->news.told[DSB_CONNECTIONS_DIAL_FAILED], 1);
    EXPECT_EQ(d->host->socket_count, 1);

    unit_row("a dial that makes an old session anew ends with the pairing");
    begin_paired();
    fabric_pass(f, (struct nx_duration){until_again().ns - 1});
    d = dialler();
    other = d == a ? b : a;
    other->host->is_silent = true;
    fabric_pass(f, nx_milliseconds(10));
    EXPECT_EQ(d->host->socket_count, 3);
    EXPECT_STATUS(dsb_node_unpair(&d->node, f->now, other->identity.id_text), NX_OK);
    fabric_touch(d);
    fabric_pass(f, nx_milliseconds(DSB_CONNECTION_LINGER_MS));
    EXPECT_EQ(d->host->socket_count, 1);
    EXPECT_EQ(d->news.told[DSB_CONNECTIONS_DIAL_FAILED], 0);
}

/* The answer of somebody who is no node: `bytes`, to the first message. */
static void answer_row(const char *name, struct nx_bytes bytes, enum nx_status status)
{
    struct fake_host *host;
    struct nx_handle listener, stream;
    struct nx_address at = fabric_address(9, 1, FABRIC_PORT);
    struct nx_address from;
    size_t sent;

    unit_row(name);
    begin_paired();
    host = fakenet_add(&f->net, fabric_address(9, 1, 0));
    struct nx_net net = fake_host_as_net(host);
    EXPECT_STATUS(nx_net_listen(&net, &at, 1, &listener, NULL), NX_OK);
    begin_away(at);
    host = fakenet_add(&f->net, fabric_address(9, 1, 0));
    net = fake_host_as_net(host);
    EXPECT_STATUS(nx_net_listen(&net, &at, 1, &listener, NULL), NX_OK);
    (void)fakenet_add(&f->net, fabric_address(9, 2, 0)); /* where nobody listens */
    EXPECT_STATUS(dsb_discovery_authenticated(&b->node.discovery, f->now,
                                              nx_bytes_of_text(a->identity.id_text),
                                              fabric_address(9, 2, FABRIC_PORT)),
                  NX_OK);
    connect_b();
    EXPECT_STATUS(nx_net_accept(&net, listener, &stream, &from), NX_OK);
    EXPECT_STATUS(nx_net_send(&net, stream, &bytes, 1, &sent), NX_OK);
    fabric_settle(f);
    EXPECT_EQ(b->news.told[DSB_CONNECTIONS_DIAL_FAILED], 1);
    EXPECT_STATUS(failure_of(b)->status, status);
    EXPECT(nx_address_equal(&failure_of(b)->address, &at));
    nx_net_close(&net, stream);
    nx_net_close(&net, listener);
}

static void answer_rows(void)
{
    static const uint8_t no_length[] = {0, 0, 0, 0};
    static const uint8_t garbage[4 + 400] = {0, 0, 1, 0x90, 9};

    answer_row("an answer that has no length says more than that nobody was elsewhere",
               nx_bytes_of(no_length, sizeof(no_length)), NX_E_MALFORMED);
    answer_row("so does one that does not open", nx_bytes_of(garbage, sizeof(garbage)),
               NX_E_CRYPTO);
}

static void shut_down_row(void)
{
    unit_row("a session that comes up while its node is shutting down is let go, with a reason");
    begin_away(a->address);
    EXPECT_STATUS(dsb_node_connect(&b->node, a->identity.id_text), NX_OK);
    b->is_touched = true;
    fabric_turn(f);
    fabric_turn(f);
    EXPECT_EQ(b->connections.reach.trying_count, 1);
    dsb_node_shutdown(&b->node, f->now);
    fabric_settle(f);
    EXPECT_EQ(b->news.up_count, 0);
    EXPECT_EQ(b->news.told[DSB_CONNECTIONS_DIAL_FAILED], 1);
    EXPECT_STATUS(failure_of(b)->status, NX_E_BUSY);
    fabric_pass(f, nx_milliseconds(DSB_CONNECTION_LINGER_MS));
    EXPECT_EQ(b->host->socket_count, 1 + b->connections.reach.trying_count);
}

/* ---- listeners, news, strangers' handles ------------------------------------------------------- */

static void listener_row(void)
{
    struct nx_address at;
    struct nx_address local, adopted;
    struct nx_handle listener;

    unit_row("one listener more than there is room for is refused");
    begin_paired();
    at = a->address;
    at.port = 0;
    for (uint32_t i = a->connections.listener_count; i + 1 < DSB_LISTENERS_MAX; i++)
        EXPECT_STATUS(dsb_connections_listen(&a->connections, &at, &local, NULL), NX_OK);
    EXPECT_STATUS(nx_net_listen(&a->net, &at, NX_NET_BACKLOG_MAX, &listener, NULL), NX_OK);
    EXPECT_STATUS(dsb_connections_listen_on(&a->connections, listener, &local), NX_OK);
    EXPECT_STATUS(dsb_connections_listen(&a->connections, &at, &local, NULL), NX_E_LIMIT);
    EXPECT_EQ(a->host->socket_count, DSB_LISTENERS_MAX + 1);

    unit_row("so is one that was there already, which is closed");
    EXPECT_STATUS(nx_net_listen(&a->net, &at, NX_NET_BACKLOG_MAX, &listener, NULL), NX_OK);
    EXPECT_STATUS(dsb_connections_listen_on(&a->connections, listener, &adopted), NX_E_LIMIT);
    EXPECT_EQ(a->host->socket_count, DSB_LISTENERS_MAX + 1);

    unit_row("all of them take sessions, and all are asked again after a failure");
    a->host->cannot_accept = true;
    fabric_switch_off(b, false);
    fabric_switch_on(b);
    b->host->refuses = true; /* so that it is b that has to get in */
    fabric_hear(b, a, local);
    EXPECT_STATUS(dsb_node_connect(&b->node, a->identity.id_text), NX_OK);
    fabric_touch(b);
    a->host->cannot_accept = false;
    fabric_pass(f, nx_seconds(2));
    EXPECT(fabric_session(a, b) != NULL);
}

static void news_row(void)
{
    struct dsb_connections_event event = {.kind = DSB_CONNECTIONS_DIAL_FAILED};

    unit_row(
        "news that nobody takes is kept up to its bound, the oldest of it, and counted beyond");
    begin_paired();
    for (uint8_t i = 0; i < DSB_CONNECTIONS_EVENTS_MAX + 2; i++) {
        event.address.port = i;
        dsb_connections_tell(&a->connections, &event);
    }
    EXPECT_EQ(a->connections.events_missed, 2);
    for (uint8_t i = 0; i < DSB_CONNECTIONS_EVENTS_MAX; i++) {
        EXPECT(dsb_connections_event(&a->connections, &event));
        EXPECT_EQ(event.address.port, i);
    }
    EXPECT(!dsb_connections_event(&a->connections, &event));
}

static void nobody_rows(void)
{
    unit_row("news about a socket that is not ours is not ours");
    begin_paired();
    struct nx_net_event event = {.socket = {0x7fff0000}, .kind = NX_NET_READABLE};
    EXPECT(!dsb_connections_input(&a->connections, &event));

    unit_row("news of a device that was forgotten meanwhile is no news");
    struct dsb_node_event seen = {.kind = DSB_NODE_DISCOVERY, .discovery = DSB_DISCOVERY_SEEN};
    dsb_connections_news(&a->connections, f->now, &seen);
    EXPECT_EQ(a->connections.reach.count, 1);

    unit_row("there is no connection with what is no id, or with a stranger");
    EXPECT(dsb_connections_find(&a->connections, "no id") == NULL);
    EXPECT(dsb_connections_find(&a->connections, c->identity.id_text) == NULL);
}

UNIT_SUITE(connections_bounds_test)
{
    count_row();
    place_rows();
    socket_rows();
    dial_rows();
    answer_rows();
    shut_down_row();
    listener_row();
    news_row();
    nobody_rows();
    unit_row("whatever the rows did, every socket and all memory is back");
    fabric_begin();
}
