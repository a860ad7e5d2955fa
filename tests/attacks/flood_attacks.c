/* Floods, and their slow sisters: what strangers can use up, who have nothing but addresses.
 *
 * Fifty machines with an address each, as many connections and datagrams as they like, forged sources on
 * datagrams, and our static key, which is no secret: they can make us work. What must not suffer: those
 * who are in session, those who have been, and the memory. */
#include "core/base/memory.h"
#include "core/base/text.h"
#include "core/bus/byte_stream.h"
#include "tests/attacks/attacker.h"
#include "tests/unit/unit.h"

enum {
    HOSTS = 50,
    PER_HOST = DSB_GATE_PER_SOURCE_MAX,
    LINES = HOSTS * PER_HOST,
    SECONDS = 20, /* of a flood */
    STEP_MS = 250,
    STEPS = SECONDS * 1000 / STEP_MS,
    BACK_IN_S = 3, /* that somebody known needs for a session, whatever strangers do */
    TURNS_MAX = 8, /* as in stream_attacks.c */
    RESETS = 2000,
    STRANGERS = 20000,
    FORGED = 5000,
    NAMED = 14, /* paired devices that forged beacons name */
    HEAD_LEN = 4,
};

static struct fabric *f;
static struct fabric_device *a, *b, *c;

/* `a` in session with `b` and with `c`. */
static void begin(void)
{
    f = fabric_begin();
    a = &f->devices[0];
    b = &f->devices[1];
    c = &f->devices[2];
    fabric_pair(a, b);
    fabric_pair(a, c);
    fabric_pass(f, nx_seconds(20));
    fabric_forget_news(f);
}

/* ---- strangers with addresses -------------------------------------------------------------------- */

struct stranger {
    struct nx_handle socket;
    bool is_open;
    size_t said; /* bytes of a first message */
};

static struct attacker crowd[HOSTS];
static struct stranger strangers[LINES];
static uint8_t firsts[HOSTS][DSB_HANDSHAKE_FIRST_LEN]; /* a good one each */
static uint32_t answered[HOSTS];                       /* second messages that came back */

static void crowd_begin(void)
{
    memset(answered, 0, sizeof(answered));
    memset(strangers, 0, sizeof(strangers));
    for (size_t i = 0; i < HOSTS; i++) {
        struct attacker *m = &crowd[i];
        const struct nx_rng rng = nx_prng_as_rng(&m->prng);
        struct nx_writer out = nx_writer_over(firsts[i], sizeof(firsts[i]));
        uint8_t bytes[DSB_HANDSHAKE_FRAME_MAX];
        struct nx_writer message = nx_writer_over(bytes, sizeof(bytes));
        struct dsb_handshake handshake;

        attacker_init(m, f, (uint8_t)(i + 1));
        EXPECT_STATUS(dsb_handshake_dial(&handshake, &m->credentials, a->identity.id,
                                         a->identity.noise_static),
                      NX_OK);
        EXPECT_STATUS(dsb_handshake_output(&handshake, &rng, &message), NX_OK);
        nx_write_bytes(&out, nx_writer_bytes(&message));
        EXPECT_EQ(out.len, sizeof(firsts[i]));
        dsb_handshake_wipe(&handshake);
    }
}

static size_t host_of(const struct stranger *s)
{
    return (size_t)(s - strangers) % HOSTS;
}

static void stranger_connect(struct stranger *s)
{
    const struct nx_net *net = &crowd[host_of(s)].net;

    s->said = 0;
    s->is_open = nx_net_connect(net, &a->address, NX_NEVER, &s->socket, NULL) == NX_OK;
}

/* Up to so many bytes more of its first message. What comes back is counted and dropped. A connection
 * that is over is made anew, as soon as that. */
static void stranger_go_on(struct stranger *s, size_t count)
{
    const struct nx_net *net = &crowd[host_of(s)].net;
    uint8_t bytes[DSB_HANDSHAKE_FRAME_MAX];
    struct nx_net_room room = {bytes, sizeof(bytes)};
    struct nx_bytes rest;
    size_t moved = 0;

    if (!s->is_open) {
        stranger_connect(s);
        return;
    }
    rest = nx_bytes_of(firsts[host_of(s)] + s->said, sizeof(firsts[0]) - s->said);
    rest.len = rest.len < count ? rest.len : count;
    if (rest.len > 0 && nx_net_send(net, s->socket, &rest, 1, &moved) == NX_OK)
        s->said += moved;
    enum nx_status status = nx_net_receive(net, s->socket, &room, 1, &moved);
    if (status == NX_OK) { /* he has made us work, and goes for more */
        answered[host_of(s)]++;
        nx_net_close(net, s->socket);
        s->is_open = false;
    } else if (status != NX_WOULD_BLOCK) {
        nx_net_close(net, s->socket);
        s->is_open = false;
    }
}

static void crowd_drop_events(void)
{
    struct nx_net_event event;

    for (size_t i = 0; i < HOSTS; i++) {
        while (nx_net_event(&crowd[i].net, &event))
            ;
    }
}

/* Each address dials once a second, and stays no longer than it may have to wait for its turn. */
static void crowd_keep_pace(uint32_t step)
{
    const uint32_t new_count = HOSTS * STEP_MS / 1000;

    for (uint32_t i = 0; i < LINES; i++) {
        struct stranger *s = &strangers[i];

        if (s->is_open)
            stranger_go_on(s, DSB_HANDSHAKE_FIRST_LEN);
    }
    for (uint32_t i = 0; i < new_count; i++) {
        struct stranger *s = &strangers[(step * new_count + i) % LINES];

        if (s->is_open)
            nx_net_close(&crowd[host_of(s)].net, s->socket);
        stranger_connect(s);
        fabric_settle(f);
        stranger_go_on(s, DSB_HANDSHAKE_FIRST_LEN);
    }
    fabric_pass(f, nx_milliseconds(STEP_MS));
    crowd_drop_events();
}

static void crowd_go_on(size_t count)
{
    for (size_t i = 0; i < LINES; i++)
        stranger_go_on(&strangers[i], count);
    fabric_pass(f, nx_milliseconds(STEP_MS));
    crowd_drop_events();
}

static void crowd_leave(void)
{
    for (size_t i = 0; i < LINES; i++) {
        if (strangers[i].is_open)
            nx_net_close(&crowd[host_of(&strangers[i])].net, strangers[i].socket);
    }
    crowd_drop_events();
}

static uint32_t answered_in_all(void)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < HOSTS; i++)
        sum += answered[i];
    return sum;
}

/* `b` has lost its session, and wants it back. */
static void lose_session(void)
{
    fabric_switch_off(b, true);
    fabric_switch_on(b);
    fabric_hear(b, a, a->address);
    EXPECT_STATUS(dsb_node_connect(&b->node, a->identity.id_text), NX_OK);
}

/* `b` loses its session at the `lost_at`th step, and wants it back. Answers after how many steps it has
 * it; UINT32_MAX: never. */
static uint32_t flood(size_t count_per_step, uint32_t lost_at)
{
    uint32_t back_after = UINT32_MAX;

    for (uint32_t step = 0; step < STEPS; step++) {
        if (step == lost_at)
            lose_session();
        crowd_go_on(count_per_step);
        EXPECT(dsb_gate_half_open_count(&a->connections.gate) <= DSB_GATE_PLACES_MAX);
        EXPECT(dsb_connections_open_count(&a->connections) <= DSB_GATE_PLACES_MAX + 8);
        if (step >= lost_at && back_after == UINT32_MAX && fabric_session(b, a) != NULL)
            back_after = step - lost_at + 1;
    }
    return back_after;
}

static void expect_all_well(uint32_t back_after)
{
    EXPECT(back_after <= BACK_IN_S * 1000 / STEP_MS);
    attacks_note("milliseconds until the known one was back", back_after * STEP_MS);
    EXPECT_EQ(c->news.ended_count, 0);
    EXPECT(fabric_has_one_session(a, b) && fabric_has_one_session(a, c));
    crowd_leave();
    fabric_pass(f, nx_seconds(10));
    EXPECT_EQ(a->host->socket_count, 3);
    EXPECT_EQ(dsb_gate_half_open_count(&a->connections.gate), 0);
}

static void slow_rows(void)
{
    struct attacker stranger;
    static struct line line;

    unit_row("two hundred connections of fifty addresses, a byte at a time each: a known one is "
             "back in three seconds");
    begin();
    crowd_begin();
    expect_all_well(flood(1, 20));

    unit_row("likewise when they say nothing at all");
    begin();
    crowd_begin();
    expect_all_well(flood(0, 20));

    unit_row("and somebody who was never here finds a place among them at once");
    begin();
    crowd_begin();
    for (uint32_t step = 0; step < STEPS; step++) {
        crowd_go_on(1);
        if (step % 10 == 9) {
            attacker_init(&stranger, f, (uint8_t)(HOSTS + 1 + step / 10));
            EXPECT(!line_dial(&line, &stranger, a, DSB_PURPOSE_SESSION, false));
            EXPECT_EQ(line.response.refusal, DSB_REFUSAL_UNKNOWN); /* he was heard, and answered */
            line_close(&line);
        }
    }
    crowd_leave();
}

static void half_open_row(void)
{
    static struct line line;
    struct attacker stranger;

    unit_row("who shakes hands and then never asks for anything is gone after five seconds");
    begin();
    attacker_init(&stranger, f, 1);
    line_connect(&line, &stranger, a->address);
    EXPECT(line_shake(&line, a, NULL));
    fabric_pass(f, nx_milliseconds(DSB_HANDSHAKE_S * 1000 - 1));
    EXPECT(!line_is_cut(&line));
    EXPECT_EQ(dsb_gate_half_open_count(&a->connections.gate), 1);
    fabric_pass(f, nx_milliseconds(1));
    EXPECT(line_is_cut(&line));
    EXPECT_EQ(dsb_gate_half_open_count(&a->connections.gate), 0);
    line_close(&line);
}

static void handshake_rows(void)
{
    static struct line line;
    struct attacker many;

    unit_row(
        "good first messages, as many as they like: eight at once and eight a second are answered");
    begin();
    crowd_begin();
    uint32_t back_after = flood(DSB_HANDSHAKE_FIRST_LEN, 20);
    uint32_t most = 0;
    for (size_t i = 0; i < HOSTS; i++)
        most = answered[i] > most ? answered[i] : most;
    attacks_note("first messages that were looked at", answered_in_all());
    EXPECT(answered_in_all() <= DSB_GATE_NODE_BURST + DSB_GATE_NODE_PER_SECOND * SECONDS);
    EXPECT(answered_in_all() >
           2 * DSB_GATE_NODE_BURST); /* it is a flood: the node had no turn left */
    EXPECT(dsb_gate_counts(&a->connections.gate)->refused_node > 0);
    EXPECT(most <= DSB_GATE_SOURCE_BURST + DSB_GATE_SOURCE_PER_SECOND * SECONDS);
    expect_all_well(back_after);

    unit_row("and somebody who was never here is answered in between");
    begin();
    crowd_begin();
    uint32_t heard = 0;
    for (uint32_t step = 0; step < STEPS; step++) {
        if (step % 10 == 5) {
            attacker_init(&many, f, (uint8_t)(HOSTS + 1 + step / 10));
            line_connect(&line, &many, a->address);
            line_begin(&line, a, NULL);
        }
        crowd_go_on(DSB_HANDSHAKE_FIRST_LEN);
        if (step % 10 == 4 && step > 5) {
            line_hear(&line);
            heard += line.in_len > 0;
            line_close(&line);
        }
    }
    line_close(&line);
    attacks_note("of 7 who tried for 2.5 seconds", heard);
    EXPECT(heard >= 6);
    crowd_leave();

    unit_row("those that keep to the pace of their address take the turns of strangers, and of "
             "nobody known");
    begin();
    crowd_begin();
    back_after = UINT32_MAX;
    for (uint32_t step = 0; step < STEPS; step++) {
        if (step == 20)
            lose_session();
        crowd_keep_pace(step);
        if (step >= 20 && back_after == UINT32_MAX && fabric_session(b, a) != NULL)
            back_after = step - 20 + 1;
    }
    attacks_note("first messages that were looked at", answered_in_all());
    EXPECT(answered_in_all() <= DSB_GATE_NODE_BURST + DSB_GATE_NODE_PER_SECOND * SECONDS);
    EXPECT(answered_in_all() >= DSB_GATE_NODE_PER_SECOND * SECONDS / 2);
    expect_all_well(back_after);

    unit_row("one address, with an identity of its own each time, is looked at twice a second at "
             "most, after eight");
    begin();
    attacker_init(&many, f, 1);
    uint32_t looked_at = 0;
    for (uint32_t i = 0; i < 4 * SECONDS; i++) {
        struct attacker other;

        attacker_init(&other, f, (uint8_t)(i % 250));
        other.host = many.host; /* all from one machine */
        other.net = many.net;
        looked_at += !line_dial(&line, &other, a, DSB_PURPOSE_SESSION, false) &&
                     line.response.refusal == DSB_REFUSAL_UNKNOWN;
        line_close(&line);
        fabric_pass(f, nx_milliseconds(STEP_MS));
        f->net.host_count--; /* the machine that `other` would have had */
    }
    attacks_note("of 80 tries", looked_at);
    EXPECT(looked_at >= DSB_GATE_SOURCE_BURST);
    EXPECT(looked_at <= DSB_GATE_SOURCE_BURST + DSB_GATE_SOURCE_PER_SECOND * SECONDS);

    unit_row("and being answered makes none of them known");
    EXPECT(!dsb_gate_knows(&a->connections.gate, &many.address));
    EXPECT(dsb_gate_knows(&a->connections.gate, &b->address) ||
           dsb_gate_knows(&a->connections.gate, &c->address));
}

static void prefix_row(void)
{
    static struct dsb_gate gate;
    struct nx_address from = {.family = NX_ADDRESS_IPV6, .bytes = {0x20, 0x01, 0x0d, 0xb8}};
    uint32_t in = 0;

    unit_row("a thousand addresses of one IPv6 network are one source, with four places");
    dsb_gate_init(&gate);
    for (uint32_t i = 0; i < 1000; i++) {
        struct dsb_gate_pass pass;
        uint32_t dropped;

        from.bytes[14] = (uint8_t)(i >> 8);
        from.bytes[15] = (uint8_t)i;
        in += dsb_gate_enter(&gate, f->now, &from, &pass, &dropped) == NX_OK;
    }
    EXPECT_EQ(in, DSB_GATE_PER_SOURCE_MAX);
}

static void reset_row(void)
{
    unit_row("connections that are cut as soon as they are there leave nothing behind");
    begin();
    crowd_begin();
    for (size_t i = 0; i < RESETS; i++) {
        struct stranger *s = &strangers[i % LINES];

        stranger_connect(s);
        (void)fabric_turn(f);
        if (s->is_open)
            nx_net_abort(&crowd[host_of(s)].net, s->socket);
        s->is_open = false;
    }
    fabric_pass(f, nx_seconds(10));
    EXPECT_EQ(a->host->socket_count, 3);
    EXPECT_EQ(dsb_gate_half_open_count(&a->connections.gate), 0);
    EXPECT(fabric_has_one_session(a, b) && fabric_has_one_session(a, c));
}

/* ---- those who are in session ------------------------------------------------------------------------ */

static void turn_row(void)
{
    struct dsb_byte_stream from, to;
    uint32_t most = 0, since = 0;
    uint8_t byte = 7;
    size_t len;

    unit_row(
        "a byte of a session arrives in eight turns, whoever connects and says hello meanwhile");
    begin();
    crowd_begin();
    EXPECT_STATUS(dsb_byte_stream_open(&from, fabric_session(c, a), nx_bytes_of_text("t")), NX_OK);
    fabric_touch(c);
    to = (struct dsb_byte_stream){fabric_session(a, c), a->news.opened};
    for (size_t i = 0; i < 2000; i++) {
        if (since == 0) {
            EXPECT_STATUS(dsb_byte_stream_push(&from, f->now, nx_bytes_of(&byte, 1), &len), NX_OK);
            c->is_touched = true;
        }
        for (size_t k = 0; k < 8; k++)
            stranger_go_on(&strangers[(8 * i + k) % LINES], DSB_HANDSHAKE_FIRST_LEN);
        (void)fabric_turn(f);
        crowd_drop_events();
        since++;
        if (dsb_byte_stream_pull(&to, &byte, 1, &len) == NX_OK) {
            most = since > most ? since : most;
            since = 0;
        }
    }
    EXPECT(most > 0 && most <= TURNS_MAX);
    attacks_note("turns, at most", most);
    crowd_leave();
}

/* ---- beacons ------------------------------------------------------------------------------------------- */

static const struct dsb_neighbour *neighbour_of(const struct fabric_device *d,
                                                const struct fabric_device *other)
{
    return dsb_discovery_find(&d->node.discovery, nx_bytes_of_text(other->identity.id_text));
}

/* Both were heard at their addresses, and proved it. */
static void begin_heard(void)
{
    begin();
    fabric_hear_signed(a, b, b->address, UINT64_C(7) << 32);
    fabric_hear_signed(a, c, c->address, UINT64_C(7) << 32);
    fabric_pass(f, nx_seconds(10));
}

/* A beacon that names this id, unsigned or signed by nobody, from an address that may be a lie. */
static void beacon(const char *id_text, const uint8_t *noise_static, uint64_t sequence,
                   struct nx_address from)
{
    struct dsb_beacon sent = {.device_id = nx_bytes_of_text(id_text),
                              .port = from.port,
                              .has_trailer = sequence != 0,
                              .sequence = sequence,
                              .ttl_s = sequence != 0 ? DSB_BEACON_TTL_MAX_S : 0};
    uint8_t bytes[DSB_BEACON_MAX];
    struct nx_writer out = nx_writer_over(bytes, sizeof(bytes));

    memcpy(sent.noise_static, noise_static, sizeof(sent.noise_static));
    EXPECT_STATUS(dsb_beacon_encode(&sent, &out, NULL), NX_OK);
    from.port = DSB_DISCOVERY_PORT;
    (void)dsb_node_datagram_input(&a->node, f->now, from, nx_writer_bytes(&out));
}

static const struct dsb_discovery_counts *counts(void)
{
    return &a->node.discovery.counts;
}

static void stranger_beacons_row(void)
{
    unit_row("twenty thousand devices that are none push out no paired one, nor keep its own word "
             "from counting");
    begin();
    const struct dsb_neighbour *paired = neighbour_of(a, b);
    for (uint32_t i = 0; i < STRANGERS; i++) {
        char id_text[DSB_ID_TEXT_MAX + 1];
        struct nx_text t = nx_text_over(id_text, sizeof(id_text));
        uint8_t id[DSB_ID_LEN] = {(uint8_t)i, (uint8_t)(i >> 8), (uint8_t)(i >> 16), 1};

        nx_text_add_hex(&t, nx_bytes_of(id, sizeof(id)));
        beacon(id_text, crowd[0].identity.noise_static, 0,
               fabric_address((uint8_t)i, (uint8_t)(i >> 8), FABRIC_PORT));
        if (i % 2000 == 1999)
            fabric_pass(f, nx_seconds(1));
    }
    EXPECT(dsb_discovery_count(&a->node.discovery) <=
           a->node.config.profile->neighbour_count_max + 1);
    EXPECT(counts()->limited >= STRANGERS - 50 - 10 * 10);
    EXPECT(neighbour_of(a, b) == paired && paired->is_paired);
    uint64_t verified = counts()->verified;
    fabric_hear_signed(a, b, b->address, UINT64_C(7) << 32);
    EXPECT_EQ(counts()->verified, verified + 1);
    fabric_pass(f, nx_seconds(60));
    EXPECT(fabric_has_one_session(a, b) && fabric_has_one_session(a, c));
}

/* Paired devices that are away: so many that what each may ask for is more than what all may. */
static void name_of(uint8_t number, char id_text[DSB_ID_TEXT_MAX + 1])
{
    struct nx_text t = nx_text_over(id_text, DSB_ID_TEXT_MAX + 1);
    uint8_t id[DSB_ID_LEN] = {number, 2};

    nx_text_add_hex(&t, nx_bytes_of(id, sizeof(id)));
}

static struct nx_address address_of(uint8_t number)
{
    return fabric_address(8, number, FABRIC_PORT);
}

static void pin(uint8_t number)
{
    char id_text[DSB_ID_TEXT_MAX + 1];
    struct dsb_discovery_pin pinned = {.sequence = UINT64_C(7) << 32};

    name_of(number, id_text);
    pinned.id = nx_bytes_of_text(id_text);
    memcpy(pinned.noise_static, b->identity.noise_static, sizeof(pinned.noise_static));
    memcpy(pinned.ed25519_public, b->identity.ed25519, sizeof(pinned.ed25519_public));
    EXPECT_STATUS(dsb_discovery_pin(&a->node.discovery, f->now, &pinned), NX_OK);
    EXPECT_STATUS(
        dsb_discovery_authenticated(&a->node.discovery, f->now, pinned.id, address_of(number)),
        NX_OK);
}

static void forged_rows(void)
{
    char id_text[DSB_ID_TEXT_MAX + 1];
    uint64_t forged, verified;

    unit_row(
        "signatures that do not hold, in the name of paired devices, are twenty a second at most");
    begin_heard();
    for (uint32_t i = 0; i < NAMED; i++)
        pin((uint8_t)i);
    forged = counts()->forged;
    for (uint32_t i = 0; i < FORGED; i++) {
        const uint8_t named = (uint8_t)(i % NAMED);
        const bool is_from_there = i / NAMED % 2 == 0;

        name_of(named, id_text);
        beacon(id_text, b->identity.noise_static, (UINT64_C(9) << 32) + i,
               is_from_there ? address_of(named) : fabric_address(9, (uint8_t)i, FABRIC_PORT));
        if (i % 500 == 499)
            fabric_pass(f, nx_seconds(1));
    }
    attacks_note("of 5,000 in ten seconds were verified", counts()->forged - forged);
    EXPECT(counts()->forged - forged <= 2 * DSB_DISCOVERY_VERIFY_PER_SECOND * (FORGED / 500 + 1));

    unit_row("from elsewhere they use nothing up that a paired device's own host needs");
    begin_heard();
    for (uint32_t i = 0; i < FORGED; i++)
        beacon(b->identity.id_text, b->identity.noise_static, (UINT64_C(9) << 32) + i,
               fabric_address(9, (uint8_t)i, FABRIC_PORT));
    verified = counts()->verified;
    fabric_hear_signed(a, b, b->address, UINT64_C(10) << 32);
    EXPECT_EQ(counts()->verified, verified + 1);

    unit_row("from its own address, which is a lie, they make its word wait, and a second later it "
             "counts");
    begin_heard();
    for (uint32_t i = 0; i < FORGED; i++)
        beacon(b->identity.id_text, b->identity.noise_static, (UINT64_C(9) << 32) + i, b->address);
    fabric_pass(f, nx_seconds(1));
    verified = counts()->verified;
    fabric_hear_signed(a, b, b->address, UINT64_C(10) << 32);
    EXPECT_EQ(counts()->verified, verified + 1);
    EXPECT(fabric_has_one_session(a, b));
}

static void replayed_rows(void)
{
    const struct nx_address his = fabric_address(9, 9, FABRIC_PORT);
    const struct dsb_neighbour *n;

    unit_row("a beacon that counted once moves nobody when it is said again from elsewhere");
    begin_heard();
    fabric_hear_signed(a, b, his, UINT64_C(7) << 32);
    n = neighbour_of(a, b);
    EXPECT(nx_address_equal(&n->candidates[0].address, &b->address));

    unit_row("one that he kept from arriving and says himself leads a dial astray, and the other "
             "dial gets there");
    fabric_hear_signed(a, b, his, UINT64_C(8) << 32);
    fabric_settle(f);
    fabric_switch_off(b, false);
    fabric_pass(f, nx_seconds(2));
    EXPECT(fabric_session(a, b) == NULL);
    fabric_switch_on(b);
    fabric_pass(f, nx_seconds(60));
    EXPECT(fabric_has_one_session(a, b));
}

UNIT_SUITE(flood_attacks)
{
    slow_rows();
    half_open_row();
    handshake_rows();
    prefix_row();
    reset_row();
    turn_row();
    stranger_beacons_row();
    forged_rows();
    replayed_rows();
    unit_row("whatever the rows did, every socket and all memory is back");
    fabric_begin();
}
