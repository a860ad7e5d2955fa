/* Connections: two and three devices that pair, talk, lose each other and come back. */
#include "core/node/connections.h"

#include "core/base/memory.h"
#include "core/bus/byte_stream.h"
#include "core/node/connections_internal.h"
#include "tests/node/fabric.h"
#include "tests/unit/unit.h"

static struct fabric *f;
static struct fabric_device *a, *b, *c;

static void begin(void)
{
    f = fabric_begin();
    a = &f->devices[0];
    b = &f->devices[1];
    c = &f->devices[2];
}

static void begin_paired(void)
{
    begin();
    fabric_pair(a, b);
    fabric_pass(f, nx_seconds(20));
    fabric_forget_news(f);
}

static uint32_t told(const struct fabric_device *d, enum dsb_connections_event_kind kind)
{
    return d->news.told[kind];
}

/* `d` knows its paired `other` at this address, from an earlier session. */
static void knows_at(struct fabric_device *d, const struct fabric_device *other,
                     struct nx_address at)
{
    EXPECT_STATUS(dsb_discovery_authenticated(&d->node.discovery, f->now,
                                              nx_bytes_of_text(other->identity.id_text), at),
                  NX_OK);
}

static void connect_to(struct fabric_device *d, const struct fabric_device *other)
{
    EXPECT_STATUS(dsb_node_connect(&d->node, other->identity.id_text), NX_OK);
    d->is_touched = true;
}

/* A stream from `d` to `other`, accepted there. */
static struct dsb_byte_stream open_stream(struct fabric_device *d, struct fabric_device *other)
{
    struct dsb_byte_stream stream;

    EXPECT_STATUS(dsb_byte_stream_open(&stream, fabric_session(d, other), nx_bytes_of_text("test")),
                  NX_OK);
    other->news.opened_count = 0;
    fabric_touch(d);
    EXPECT_EQ(other->news.opened_count, 1);
    return stream;
}

static size_t push(struct dsb_byte_stream *stream, size_t len)
{
    static const uint8_t bytes[300000];
    size_t taken = 0;

    (void)!dsb_byte_stream_push(stream, f->now, nx_bytes_of(bytes, len), &taken);
    return taken;
}

/* Read `count` bytes and the end, and finish as well. */
static void drain(struct dsb_mux *mux, struct dsb_stream_handle handle, size_t count)
{
    static uint8_t bytes[65536];
    struct dsb_byte_stream stream = {mux, handle};
    size_t len = 0;
    size_t sum = 0;

    while (dsb_byte_stream_pull(&stream, bytes, sizeof(bytes), &len) == NX_OK)
        sum += len;
    EXPECT_EQ(sum, count);
    EXPECT_STATUS(dsb_byte_stream_pull(&stream, bytes, 1, &len), NX_END);
    EXPECT_STATUS(dsb_mux_finish(mux, handle), NX_OK);
}

/* ---- pairing --------------------------------------------------------------------------------- */

static void offer_and_type(const char *digits)
{
    char code[DSB_PAIRING_CODE_LEN + 1];

    EXPECT_STATUS(dsb_node_pair_offer(&a->node, f->now, b->identity.id_text, code), NX_OK);
    EXPECT_STATUS(dsb_node_pair_accept(&b->node, f->now, a->identity.id_text,
                                       nx_bytes_of_text(digits == NULL ? code : digits)),
                  NX_OK);
    a->is_touched = b->is_touched = true;
    fabric_settle(f);
}

static void pairing_rows(void)
{
    unit_row("two devices pair with six digits, and the session comes by itself");
    begin();
    fabric_pair(a, b);
    EXPECT_EQ(a->news.paired_count, 1);
    EXPECT_EQ(b->news.paired_count, 1);
    EXPECT_EQ(a->news.up_count, 1);
    EXPECT_EQ(b->news.up_count, 1);
    fabric_pass(f, nx_seconds(30));
    EXPECT(fabric_has_one_session(a, b));
    EXPECT_EQ(a->news.ended_count + b->news.ended_count, 0);

    unit_row("wrong digits pair nobody, and nothing stays open");
    begin();
    fabric_hear(b, a, a->address);
    offer_and_type("000000");
    EXPECT_STATUS(b->news.pairing_failure, NX_E_DENIED);
    fabric_pass(f, nx_seconds(5));
    EXPECT_EQ(a->news.paired_count + b->news.paired_count, 0);
    EXPECT_EQ(dsb_connections_open_count(&a->connections), 0);
    EXPECT_EQ(dsb_connections_open_count(&b->connections), 0);

    unit_row("who types a code for a device that offers nothing is told so");
    begin();
    fabric_hear(b, a, a->address);
    EXPECT_STATUS(
        dsb_node_pair_accept(&b->node, f->now, a->identity.id_text, nx_bytes_of_text("123456")),
        NX_OK);
    fabric_touch(b);
    EXPECT_STATUS(b->news.pairing_failure, NX_E_DENIED);
    EXPECT_EQ(told(b, DSB_CONNECTIONS_DIAL_FAILED), 1);
    EXPECT_EQ(b->news.last[DSB_CONNECTIONS_DIAL_FAILED].refusal, DSB_REFUSAL_DENIED);
    EXPECT_EQ(told(a, DSB_CONNECTIONS_TURNED_AWAY), 1);

    unit_row("pairing with a device of which no address is known fails at once");
    begin();
    offer_and_type(NULL);
    EXPECT_STATUS(b->news.pairing_failure, NX_E_NOT_FOUND);
    EXPECT_EQ(told(b, DSB_CONNECTIONS_DIAL_FAILED), 1);
    EXPECT_EQ(f->net.dial_count, 0);

    unit_row("the session goes where the pairing went, whatever strangers say");
    begin();
    fabric_hear(b, a, a->address);
    fabric_hear(b, a, fabric_address(9, 2, FABRIC_PORT));
    offer_and_type(NULL);
    EXPECT_EQ(b->news.paired_count, 1);
    fabric_pass(f, nx_seconds(5));
    EXPECT(fabric_has_one_session(a, b));

    unit_row("another device at the announced address pairs with nobody");
    begin();
    fabric_hear(b, a, c->address);
    offer_and_type(NULL);
    EXPECT_STATUS(b->news.pairing_failure, NX_E_CLOSED);
    fabric_pass(f, nx_seconds(5));
    EXPECT_EQ(a->news.paired_count + b->news.paired_count + c->news.paired_count, 0);
    EXPECT_EQ(c->host->socket_count, 1); /* its listener */
}

static void broken_pairing_rows(void)
{
    unit_row("of a pairing whose connection is cut the typist is told, and the offer stands");
    begin();
    char code[DSB_PAIRING_CODE_LEN + 1];
    fabric_hear(b, a, a->address);
    EXPECT_STATUS(dsb_node_pair_offer(&a->node, f->now, b->identity.id_text, code), NX_OK);
    EXPECT_STATUS(
        dsb_node_pair_accept(&b->node, f->now, a->identity.id_text, nx_bytes_of_text(code)), NX_OK);
    a->is_touched = b->is_touched = true;
    for (int i = 0; i < 100 && dsb_pairing_to_dial(&b->node.pairing) != NULL &&
                    a->node.links[0].state != DSB_LINK_PAIRING;
         i++)
        fabric_turn(f);
    EXPECT_EQ(a->node.links[0].state, DSB_LINK_PAIRING);
    nx_net_abort(&a->net, a->connections.config.places[0].socket);
    dsb_connection_close(&a->connections, f->now, &a->connections.config.places[0]);
    a->is_touched = true;
    fabric_pass(f, nx_seconds(3));
    EXPECT_STATUS(b->news.pairing_failure, NX_E_CLOSED);
    EXPECT_STATUS(a->news.pairing_failure, NX_OK);
    EXPECT_EQ(a->host->socket_count + b->host->socket_count, 2);
    EXPECT_STATUS(
        dsb_node_pair_accept(&b->node, f->now, a->identity.id_text, nx_bytes_of_text(code)), NX_OK);
    fabric_touch(b);
    EXPECT_EQ(a->news.paired_count, 1);
    EXPECT_EQ(b->news.paired_count, 1);
    EXPECT(fabric_has_one_session(a, b));
}

/* ---- who is let in --------------------------------------------------------------------------- */

/* `a` has forgotten `b`, which was away and has not heard of it. */
static void begin_one_sided(void)
{
    begin_paired();
    fabric_switch_off(b, false);
    fabric_pass(f, nx_seconds(2));
    EXPECT_STATUS(dsb_node_unpair(&a->node, f->now, b->identity.id_text), NX_OK);
    fabric_touch(a);
    fabric_switch_on(b);
    fabric_forget_news(f);
}

static void admission_rows(void)
{
    unit_row("who was unpaired is told so, forgets the other in turn, and dials no more");
    begin_paired();
    EXPECT_STATUS(dsb_node_unpair(&a->node, f->now, b->identity.id_text), NX_OK);
    fabric_touch(a);
    EXPECT_EQ(a->news.unpaired_count, 1);
    EXPECT_EQ(b->news.unpaired_count, 1);
    EXPECT_EQ(b->news.end.code, DSB_GOAWAY_UNPAIRED);
    EXPECT(fabric_session(a, b) == NULL && fabric_session(b, a) == NULL);
    EXPECT_STATUS(dsb_node_connect(&b->node, a->identity.id_text), NX_E_NOT_FOUND);
    uint64_t dial_count = f->net.dial_count;
    fabric_pass(f, nx_seconds(100));
    EXPECT_EQ(f->net.dial_count, dial_count);

    unit_row("of two devices that were paired and are so on one side only, both sides are told");
    begin_one_sided();
    knows_at(b, a, a->address);
    connect_to(b, a);
    fabric_settle(f);
    EXPECT_EQ(told(b, DSB_CONNECTIONS_DIAL_FAILED), 1);
    EXPECT_EQ(b->news.last[DSB_CONNECTIONS_DIAL_FAILED].refusal, DSB_REFUSAL_ONE_SIDED);
    EXPECT_STATUS(b->news.last[DSB_CONNECTIONS_DIAL_FAILED].status, NX_E_DENIED);
    EXPECT_EQ(b->news.asked_count, 1);
    EXPECT_EQ(told(a, DSB_CONNECTIONS_TURNED_AWAY), 1);
    EXPECT_EQ(a->news.last[DSB_CONNECTIONS_TURNED_AWAY].refusal, DSB_REFUSAL_ONE_SIDED);
    EXPECT_TEXT(a->news.last[DSB_CONNECTIONS_TURNED_AWAY].id_text, b->identity.id_text);
    EXPECT_EQ(a->news.up_count + b->news.up_count, 0);
    EXPECT_EQ(a->host->resets_sent + b->host->resets_sent, 0);

    unit_row("its pin stays, and it is tried seldom until a person mends it");
    dial_count = f->net.dial_count;
    fabric_pass(f, nx_seconds(600));
    EXPECT(f->net.dial_count - dial_count >= 9 && f->net.dial_count - dial_count <= 20);
    EXPECT(dsb_registry_find(&b->node.registry, a->identity.id) != NULL);
    EXPECT_EQ(dsb_connections_open_count(&a->connections), 0);

    unit_row(
        "once they have paired anew their session stands, and tries from before do not matter");
    fabric_pair(a, b);
    fabric_pass(f, nx_seconds(20));
    EXPECT(fabric_has_one_session(a, b));
}

/* ---- where it is ----------------------------------------------------------------------------- */

static void candidate_rows(void)
{
    unit_row(
        "of four addresses, silent, refused, another's and right, the right one is found at once");
    begin_paired();
    fabric_switch_off(b, false);
    fabric_switch_off(a, false);
    struct fake_host *silent = fakenet_add(&f->net, fabric_address(9, 1, 0));
    silent->is_silent = true;
    (void)fakenet_add(&f->net, fabric_address(9, 2, 0));
    fabric_switch_on(a);
    fabric_switch_on(b);
    knows_at(b, a, a->address);
    knows_at(b, a, c->address);
    knows_at(b, a, fabric_address(9, 2, FABRIC_PORT));
    knows_at(b, a, fabric_address(9, 1, FABRIC_PORT));
    connect_to(b, a);
    fabric_settle(f);
    EXPECT_EQ(a->news.up_count, 1);
    EXPECT_EQ(b->news.up_count, 1);
    EXPECT_EQ(told(b, DSB_CONNECTIONS_DIAL_FAILED), 0);
    EXPECT_EQ(b->host->socket_count, 2); /* its listener, and the session */

    unit_row("the tries that lost are closed, and nothing is told of them");
    fabric_pass(f, nx_seconds(10));
    EXPECT(fabric_has_one_session(a, b));
    EXPECT_EQ(told(b, DSB_CONNECTIONS_DIAL_FAILED), 0);
    EXPECT_EQ(c->host->socket_count, 1);
    const struct dsb_neighbour *n =
        dsb_discovery_find(&b->node.discovery, nx_bytes_of_text(a->identity.id_text));
    EXPECT(nx_address_equal(&n->candidates[0].address, &a->address));

    unit_row("when all fail it is told once, with the failure that says most");
    begin_one_sided();
    silent = fakenet_add(&f->net, fabric_address(9, 1, 0));
    silent->is_silent = true;
    (void)fakenet_add(&f->net, fabric_address(9, 2, 0));
    knows_at(b, a, fabric_address(9, 2, FABRIC_PORT));
    knows_at(b, a, a->address);
    knows_at(b, a, fabric_address(9, 1, FABRIC_PORT));
    connect_to(b, a);
    fabric_settle(f);
    EXPECT_EQ(told(b, DSB_CONNECTIONS_DIAL_FAILED), 0); /* one is silent still */
    fabric_pass(f, nx_seconds(DSB_DIAL_TRY_S));
    EXPECT_EQ(told(b, DSB_CONNECTIONS_DIAL_FAILED), 1);
    EXPECT_EQ(b->news.last[DSB_CONNECTIONS_DIAL_FAILED].refusal, DSB_REFUSAL_ONE_SIDED);
    EXPECT(nx_address_equal(&b->news.last[DSB_CONNECTIONS_DIAL_FAILED].address, &a->address));
    EXPECT_EQ(b->host->socket_count, 1);

    unit_row("a device that is away is told to be after the patience of one dial, with why");
    begin_paired();
    a->host->is_silent = true;
    fabric_switch_off(b, false);
    fabric_switch_on(b);
    knows_at(b, a, a->address);
    connect_to(b, a);
    fabric_pass(f, nx_seconds(DSB_DIAL_TRY_S));
    EXPECT_EQ(told(b, DSB_CONNECTIONS_DIAL_FAILED), 1);
    EXPECT_STATUS(b->news.last[DSB_CONNECTIONS_DIAL_FAILED].status, NX_E_TIMEOUT);
    EXPECT_TEXT(b->news.last[DSB_CONNECTIONS_DIAL_FAILED].why.text, "no answer in time");

    unit_row("when every dial is under way the next one waits its turn, and nobody spins");
    begin_paired();
    knows_at(a, b, b->address);
    fabric_switch_off(b, true);
    b->host->is_silent = true;
    fabric_pass(f, nx_seconds(95));
    for (uint8_t i = 0; i < DSB_DIALS_MAX; i++) {
        const uint8_t id[DSB_ID_LEN] = {i, 1};

        (void)!dsb_connections_dial_v1(&a->connections, f->now, &b->address, id,
                                       b->identity.noise_static, NULL);
    }
    EXPECT(!dsb_connections_can_dial(&a->connections));
    uint64_t turn_count = f->turn_count;
    EXPECT_STATUS(dsb_node_connect(&a->node, b->identity.id_text), NX_OK);
    fabric_touch(a);
    fabric_pass(f, nx_seconds(20));
    EXPECT(f->turn_count - turn_count < 200);
    EXPECT_EQ(a->news.asked_count, 1);

    unit_row("who is unpaired is not dialled any longer");
    begin_paired();
    knows_at(a, b, b->address);
    fabric_switch_off(b, true);
    b->host->is_silent = true;
    for (int i = 0; i < 4000 && a->connections.reach.trying_count == 0; i++)
        fabric_pass(f, nx_milliseconds(50));
    EXPECT_EQ(a->connections.reach.trying_count, 1);
    EXPECT_STATUS(dsb_node_unpair(&a->node, f->now, b->identity.id_text), NX_OK);
    fabric_touch(a);
    EXPECT_EQ(dsb_connections_open_count(&a->connections), 1); /* the old one, leaving */
    fabric_pass(f, nx_milliseconds(DSB_CONNECTION_LINGER_MS));
    EXPECT_EQ(a->host->socket_count, 1);
    EXPECT(nx_instant_is_never(dsb_connections_deadline(&a->connections)));

    unit_row("one that accepts and says nothing costs no more than the time of a handshake");
    begin_paired();
    fabric_switch_off(b, false);
    fabric_switch_on(b);
    a->is_frozen = true;
    knows_at(b, a, a->address);
    connect_to(b, a);
    fabric_pass(f, nx_seconds(DSB_HANDSHAKE_S));
    EXPECT_EQ(told(b, DSB_CONNECTIONS_DIAL_FAILED), 1);
    EXPECT_STATUS(b->news.last[DSB_CONNECTIONS_DIAL_FAILED].status, NX_E_TIMEOUT);
}

/* ---- coming back ----------------------------------------------------------------------------- */

static void cut_rows(void)
{
    unit_row("a session that is cut without a word is found out, and comes back by itself");
    begin_paired();
    fake_host_cut(b->host);
    fabric_pass(f, nx_seconds(100));
    EXPECT_EQ(a->news.ended_count, 1);
    EXPECT_EQ(b->news.ended_count, 1);
    EXPECT_STATUS(a->news.end.status, NX_E_TIMEOUT);
    EXPECT(fabric_has_one_session(a, b));

    unit_row("sooner when the device says that it is somewhere else");
    begin_paired();
    fake_host_cut(b->host);
    fabric_hear_signed(b, a, fabric_address(9, 2, FABRIC_PORT), 1);
    fabric_pass(f, nx_seconds(3 * DSB_SESSION_DOUBT_S));
    EXPECT_EQ(b->news.ended_count, 1);
    EXPECT(fabric_has_one_session(a, b));

    unit_row("a session that lives outlasts that question");
    begin_paired();
    fabric_hear_signed(b, a, fabric_address(9, 2, FABRIC_PORT), 1);
    fabric_pass(f, nx_seconds(100));
    EXPECT_EQ(a->news.ended_count + b->news.ended_count, 0);
    EXPECT(fabric_has_one_session(a, b));

    unit_row("whoever else says so is not asked for it");
    begin_paired();
    fake_host_cut(b->host);
    fabric_hear(b, a, fabric_address(9, 2, FABRIC_PORT));
    fabric_pass(f, nx_seconds(3 * DSB_SESSION_DOUBT_S));
    EXPECT_EQ(b->news.ended_count, 0);

    unit_row("a device that is gone is dialled with growing pauses, and no more");
    begin_paired();
    fabric_switch_off(a, true);
    a->host->is_silent = true;
    fabric_pass(f, nx_seconds(100));
    uint64_t dial_count = f->net.dial_count;
    fabric_pass(f, nx_seconds(1200));
    EXPECT(f->net.dial_count - dial_count >= 19 && f->net.dial_count - dial_count <= 42);
    EXPECT_EQ(b->host->socket_count, 1 + (b->connections.reach.trying_count > 0));

    unit_row("once it is there again the session comes within the longest pause");
    a->host->is_silent = false;
    fabric_switch_on(a);
    fabric_pass(f, nx_milliseconds(DSB_REACH_MAX_MS + 5000));
    EXPECT(fabric_has_one_session(a, b));

    unit_row("a device that restarts is in session again within seconds");
    begin_paired();
    fabric_switch_off(b, false);
    fabric_pass(f, nx_seconds(3));
    fabric_switch_on(b);
    fabric_hear(b, a, a->address);
    fabric_pass(f, nx_seconds(10));
    EXPECT_STATUS(a->news.end.status, NX_E_CLOSED);
    EXPECT(fabric_has_one_session(a, b));

    unit_row("so is one that lost power, though the other side has not noticed");
    for (int i = 0; i < 2; i++) {
        begin_paired();
        struct fabric_device *dead = i == 0 ? a : b;
        struct fabric_device *other = i == 0 ? b : a;
        fabric_switch_off(dead, true);
        fabric_pass(f, nx_seconds(1));
        fabric_switch_on(dead);
        fabric_hear(dead, other, other->address);
        fabric_pass(f, nx_seconds(20));
        EXPECT(fabric_has_one_session(a, b));
    }
}

static void two_sessions_rows(void)
{
    unit_row("who dial each other in the same moment have one session, on both sides the same");
    for (int turn = 0; turn < 2; turn++) {
        begin_paired();
        fabric_switch_off(a, false);
        fabric_switch_off(b, false);
        fabric_switch_on(a);
        fabric_switch_on(b);
        knows_at(a, b, b->address);
        knows_at(b, a, a->address);
        connect_to(turn == 0 ? a : b, turn == 0 ? b : a);
        connect_to(turn == 0 ? b : a, turn == 0 ? a : b);
        fabric_settle(f);
        fabric_pass(f, nx_seconds(5));
        EXPECT(fabric_has_one_session(a, b));
        fabric_pass(f, nx_seconds(100));
        EXPECT(fabric_has_one_session(a, b));
        EXPECT_EQ(told(a, DSB_CONNECTIONS_DIAL_FAILED), 0);
        EXPECT_EQ(told(b, DSB_CONNECTIONS_DIAL_FAILED), 0);
        EXPECT_EQ(a->news.asked_count + b->news.asked_count, 0);
    }

    unit_row("after a day the dialler makes a new session, and the old one ends as replaced");
    begin_paired();
    uint8_t h[NX_BLAKE2S_LEN];
    memcpy(h, fabric_connection(a, b)->session.h, sizeof(h));
    fabric_pass(f, nx_seconds(DSB_SESSION_LIFE_S - 60));
    EXPECT_EQ(a->news.up_count, 0);
    fabric_pass(f, nx_seconds(70));
    EXPECT_EQ(a->news.up_count, 1);
    EXPECT_EQ(b->news.up_count, 1);
    EXPECT_EQ(a->news.end.code, DSB_GOAWAY_REPLACED);
    EXPECT_EQ(b->news.end.code, DSB_GOAWAY_REPLACED);
    EXPECT_STATUS(a->news.end.status, NX_END);
    EXPECT(fabric_has_one_session(a, b));
    EXPECT(memcmp(h, fabric_connection(a, b)->session.h, sizeof(h)) != 0);

    unit_row("a stream goes on in the old one, and nobody dials anew because of it");
    begin_paired();
    struct dsb_byte_stream stream = open_stream(a, b);
    fabric_pass(f, nx_seconds(DSB_SESSION_LIFE_S + 600));
    EXPECT_EQ(a->news.up_count, 1);
    EXPECT_EQ(a->news.ended_count + b->news.ended_count, 0);
    EXPECT_EQ(push(&stream, 1000), 1000);
    EXPECT_STATUS(dsb_mux_abort(stream.mux, stream.stream, DSB_RST_CANCELLED, "enough"), NX_OK);
    fabric_touch(a);
    EXPECT_EQ(a->news.ended_count, 1);
    fabric_pass(f, nx_seconds(5));
    EXPECT(fabric_has_one_session(a, b));

    unit_row("when the new one cannot be made the old one stays, and it is tried a minute later");
    begin_paired();
    fabric_pass(f, nx_seconds(DSB_SESSION_LIFE_S - 60));
    a->host->refuses = b->host->refuses = true;
    fabric_pass(f, nx_seconds(80));
    EXPECT_EQ(a->news.up_count + a->news.ended_count, 0);
    EXPECT_EQ(told(a, DSB_CONNECTIONS_DIAL_FAILED) + told(b, DSB_CONNECTIONS_DIAL_FAILED), 1);
    a->host->refuses = b->host->refuses = false;
    fabric_pass(f, nx_seconds(60));
    EXPECT_EQ(a->news.up_count, 1);
    EXPECT(fabric_has_one_session(a, b));
}

/* ---- ends ------------------------------------------------------------------------------------ */

static void end_rows(void)
{
    unit_row("a goodbye arrives before the connection closes, also against a flood of data");
    begin_paired();
    struct dsb_byte_stream stream = open_stream(b, a);
    a->is_frozen = true;
    EXPECT(push(&stream, 60000) > 0);
    fabric_touch(b);
    dsb_mux_terminate(fabric_session(a, b), DSB_GOAWAY_BYE, "so long");
    a->is_frozen = false;
    a->host->receive_max = 100; /* most of it is there still when all has been said */
    fabric_touch(a);
    EXPECT_STATUS(b->news.end.status, NX_END);
    EXPECT_TEXT(b->news.end.why.text, "so long");
    fabric_pass(f, nx_seconds(1));
    EXPECT_EQ(a->host->resets_sent + b->host->resets_sent, 0);

    unit_row("who has heard a goodbye and does not close is closed a second later");
    begin_paired();
    b->is_frozen = true;
    dsb_mux_terminate(fabric_session(a, b), DSB_GOAWAY_BYE, "so long");
    fabric_touch(a);
    EXPECT_EQ(a->host->socket_count, 2);
    fabric_pass(f, nx_milliseconds(DSB_CONNECTION_LINGER_MS));
    EXPECT_EQ(dsb_connections_open_count(&a->connections), a->connections.reach.trying_count);

    unit_row(
        "a connection that closes while data waits is a cut, and what was not confirmed is told");
    begin_paired();
    stream = open_stream(b, a);
    a->is_frozen = true;
    size_t taken = push(&stream, 60000);
    fabric_touch(b);
    fabric_switch_off(a, false);
    fabric_settle(f);
    EXPECT_STATUS(b->news.end.status, NX_E_CLOSED);
    EXPECT_STATUS(b->news.stream_end.status, NX_E_CLOSED);
    EXPECT_EQ(b->news.end.unconfirmed.bytes, taken);

    unit_row("shutting down lets streams come to their end, and takes nobody in");
    begin_paired();
    stream = open_stream(a, b);
    struct dsb_mux *there = fabric_session(b, a);
    taken = push(&stream, 60000);
    dsb_node_shutdown(&a->node, f->now);
    dsb_connections_shut_down(&a->connections, f->now);
    EXPECT_STATUS(dsb_mux_finish(stream.mux, stream.stream), NX_OK);
    fabric_touch(a);
    EXPECT_STATUS(dsb_node_connect(&b->node, a->identity.id_text), NX_OK);
    b->is_touched = true;
    fabric_pass(f, nx_seconds(10));
    EXPECT_EQ(a->news.up_count + a->news.ended_count, 0);
    EXPECT_EQ(b->news.asked_count, 1);
    drain(there, b->news.opened, taken);
    fabric_touch(b);
    EXPECT_STATUS(a->news.stream_end.status, NX_END);
    EXPECT_STATUS(b->news.end.status, NX_END);
    EXPECT_EQ(b->news.end.code, DSB_GOAWAY_SHUTDOWN);
    fabric_pass(f, nx_seconds(1));
    EXPECT(dsb_node_is_idle(&a->node));
    EXPECT_EQ(a->host->socket_count, 0);
    EXPECT(nx_instant_is_never(dsb_connections_deadline(&a->connections)));
}

static void news_rows(void)
{
    const struct dsb_connections_event turned_away = {.kind = DSB_CONNECTIONS_TURNED_AWAY};
    const struct dsb_connections_event ended = {.kind = DSB_CONNECTIONS_V1_ENDED};
    struct dsb_connections_event event;
    uint32_t turned_away_count = 0, ended_count = 0;

    unit_row("however many are turned away at once, there is room for the other news");
    begin();
    for (uint32_t i = 0; i < DSB_GATE_PLACES_MAX; i++)
        dsb_connections_tell(&a->connections, &turned_away);
    for (uint32_t i = 0; i < DSB_CONNECTIONS_EVENTS_MAX; i++)
        dsb_connections_tell(&a->connections, &ended);
    while (dsb_connections_event(&a->connections, &event)) {
        turned_away_count += event.kind == DSB_CONNECTIONS_TURNED_AWAY;
        ended_count += event.kind == DSB_CONNECTIONS_V1_ENDED;
    }
    EXPECT_EQ(turned_away_count, DSB_CONNECTIONS_EVENTS_MAX / 2);
    EXPECT_EQ(ended_count, DSB_CONNECTIONS_EVENTS_MAX / 2);
    EXPECT_EQ(a->connections.events_missed, DSB_GATE_PLACES_MAX);
}

UNIT_SUITE(connections_test)
{
    pairing_rows();
    broken_pairing_rows();
    admission_rows();
    candidate_rows();
    cut_rows();
    two_sessions_rows();
    end_rows();
    news_rows();
    unit_row("whatever the rows did, every socket and all memory is back");
    begin();
}
