#include "core/node/beacons.h"

#include "core/base/memory.h"
#include "tests/node/bench.h"
#include "tests/unit/unit.h"

/* ---- a network that plays a part ----------------------------------------------------------- */

enum {
    OPENED_MAX = 64,
    SENT_MAX = 64,
    LOOPBACK = 1,
};

struct opened {
    struct nx_address local;
    bool is_shared;
    bool is_closed;
    uint32_t joined[DSB_BEACONS_INTERFACES_MAX];
    uint32_t joined_count;
    uint32_t waiting; /* datagrams that can be received */
    uint32_t sent_count;
};

struct stage {
    struct opened opened[OPENED_MAX]; /* the handle is the place plus one */
    uint32_t opened_count;
    uint32_t bind_count, join_count, receive_count;

    enum nx_net_failure bind_failure; /* of one family */
    enum nx_address_family bind_failure_of;
    struct nx_address bad_local; /* is no address of this machine */
    uint32_t bad_interface;
    enum nx_status receive_failure;
    enum nx_status send_status;
    uint32_t from_interface;
    struct nx_address from;
    struct nx_bytes datagram; /* what waits, as often as it waits */

    struct nx_address sent[SENT_MAX];
    uint32_t sent_count;
    uint8_t sent_bytes[DSB_BEACON_MAX]; /* of the last */
    size_t sent_len;
};

static struct stage stage;
static struct bench *b;
static struct dsb_beacons beacons;

static struct opened *opened_at(struct nx_handle handle)
{
    NX_CHECK(handle.value >= 1 && handle.value <= stage.opened_count);
    return &stage.opened[handle.value - 1];
}

static enum nx_net_failure stage_bind(void *self, const struct nx_address *local, bool is_shared,
                                      struct nx_handle *handle)
{
    struct stage *s = self;

    s->bind_count++;
    if (nx_address_same_host(local, &s->bad_local))
        return NX_NET_NOT_OURS;
    if (s->bind_failure != NX_NET_FAILURE_NONE && s->bind_failure_of == local->family)
        return s->bind_failure;
    NX_CHECK(s->opened_count < OPENED_MAX);
    s->opened[s->opened_count] = (struct opened){.local = *local, .is_shared = is_shared};
    *handle = (struct nx_handle){++s->opened_count};
    return NX_NET_FAILURE_NONE;
}

static enum nx_net_failure stage_join(void *self, struct nx_handle handle,
                                      const struct nx_address *group, uint32_t interface_index)
{
    struct stage *s = self;
    struct opened *o = opened_at(handle);

    s->join_count++;
    EXPECT(nx_net_is_group(group));
    if (interface_index == s->bad_interface)
        return NX_NET_NOT_POSSIBLE;
    NX_CHECK(o->joined_count < DSB_BEACONS_INTERFACES_MAX);
    o->joined[o->joined_count++] = interface_index;
    return NX_NET_FAILURE_NONE;
}

static enum nx_status stage_send_to(void *self, struct nx_handle handle,
                                    const struct nx_address *to, struct nx_bytes datagram)
{
    struct stage *s = self;

    EXPECT_EQ(opened_at(handle)->local.family, to->family);
    if (s->send_status != NX_OK)
        return s->send_status;
    NX_CHECK(s->sent_count < SENT_MAX && datagram.len <= sizeof(s->sent_bytes));
    s->sent[s->sent_count++] = *to;
    opened_at(handle)->sent_count++;
    memcpy(s->sent_bytes, datagram.ptr, datagram.len);
    s->sent_len = datagram.len;
    return NX_OK;
}

static enum nx_status stage_receive_from(void *self, struct nx_handle handle,
                                         struct nx_net_room room, struct nx_net_datagram *datagram)
{
    struct stage *s = self;
    struct opened *o = opened_at(handle);

    s->receive_count++;
    if (s->receive_failure != NX_OK)
        return s->receive_failure;
    if (o->waiting == 0)
        return NX_WOULD_BLOCK;
    o->waiting--;
    *datagram = (struct nx_net_datagram){
        .from = s->from, .interface_index = s->from_interface, .len = s->datagram.len};
    if (s->datagram.len > room.cap)
        return NX_E_LIMIT;
    if (s->datagram.len > 0)
        memcpy(room.ptr, s->datagram.ptr, s->datagram.len);
    return NX_OK;
}

static enum nx_status stage_local(void *self, struct nx_handle handle, struct nx_address *address)
{
    (void)self;
    *address = opened_at(handle)->local;
    return NX_OK;
}

static void stage_close(void *self, struct nx_handle handle, bool is_abort)
{
    (void)self, (void)is_abort;
    EXPECT(!opened_at(handle)->is_closed);
    opened_at(handle)->is_closed = true;
}

static const struct nx_net_driver stage_driver = {
    .bind = stage_bind,
    .join = stage_join,
    .send_to = stage_send_to,
    .receive_from = stage_receive_from,
    .local = stage_local,
    .close = stage_close,
};

/* ---- the scene ----------------------------------------------------------------------------- */

static struct nx_address address_of(const char *text)
{
    struct nx_address address = {.family = NX_ADDRESS_NONE};

    EXPECT_STATUS(nx_address_parse(nx_bytes_of_text(text), 0, &address, NULL), NX_OK);
    return address;
}

static const struct dsb_identity *identity(void)
{
    static const uint8_t seed[32] = {1, 2, 3};
    static struct dsb_identity i;

    dsb_identity_init(&i, seed);
    return &i;
}

/* A node in this mode, its beacons with a trailer or without; interfaces 2 and 3 are chosen. */
static void begin_with(enum dsb_discovery_mode mode, bool has_trailer,
                       const struct dsb_beacons_config *given, const struct nx_address *unicast,
                       size_t unicast_count)
{
    static const uint32_t chosen[] = {2, 3};

    b = bench_clear();
    stage = (struct stage){.from = address_of("127.0.0.1:37020"), .from_interface = LOOPBACK};

    struct dsb_node_config config = bench_config(b);
    config.discovery.mode = mode;
    config.discovery.jitter_ms = 0;
    config.discovery.unicast = unicast;
    config.discovery.unicast_count = unicast_count;
    config.discovery.beacon.port = 34567;
    config.discovery.beacon.has_trailer = has_trailer;
    config.discovery.beacon.sequence = (uint64_t)7 << 32;
    config.discovery.beacon.ttl_s = 60;
    EXPECT_STATUS(dsb_node_init(&b->node, b->now, &config, NULL), NX_OK);
    EXPECT_STATUS(dsb_node_start(&b->node, b->now, NX_E_NOT_FOUND, nx_bytes_of(NULL, 0)), NX_OK);

    struct dsb_beacons_config scene = *given;
    scene.node = &b->node;
    scene.net = (struct nx_net){&stage_driver, &stage};
    scene.loopback_index = LOOPBACK;
    dsb_beacons_init(&beacons, &scene);
    EXPECT_STATUS(dsb_beacons_set_interfaces(&beacons, b->now, chosen, NX_COUNT_OF(chosen)), NX_OK);
}

static void begin(enum dsb_discovery_mode mode)
{
    begin_with(mode, false, &(struct dsb_beacons_config){.seed = 1}, NULL, 0);
}

/* One turn of a driver, so many milliseconds later. */
static void turn(uint32_t ms)
{
    b->now = nx_instant_after(b->now, nx_milliseconds(ms));
    dsb_node_tick(&b->node, b->now);
    dsb_beacons_work(&beacons, b->now);
}

/* The socket of this family that is open; NULL: none is, and none is said to be. */
static struct opened *open_now(enum nx_address_family family)
{
    struct opened *found = NULL;

    for (uint32_t i = 0; i < stage.opened_count; i++) {
        if (stage.opened[i].local.family == family && !stage.opened[i].is_closed) {
            EXPECT(found == NULL);
            found = &stage.opened[i];
        }
    }
    EXPECT_EQ(dsb_beacons_is_open(&beacons, family), found != NULL);
    return found;
}

/* The same, where there has to be one: what is looked at then fails its row if there is none. */
static const struct opened *the_open(enum nx_address_family family)
{
    static const struct opened none;
    const struct opened *found = open_now(family);

    EXPECT(found != NULL);
    return found == NULL ? &none : found;
}

/* Where `to` was sent since the start, by which interface; UINT32_MAX: by any. */
static uint32_t sent_to(const char *text, uint32_t scope)
{
    struct nx_address to = address_of(text);
    uint32_t count = 0;

    for (uint32_t i = 0; i < stage.sent_count; i++) {
        struct nx_address at = stage.sent[i];

        if (scope != UINT32_MAX && at.scope != scope)
            continue;
        at.scope = to.scope;
        count += nx_address_equal(&at, &to);
    }
    return count;
}

static void arrive(enum nx_address_family family, uint32_t count)
{
    struct opened *o = open_now(family);

    NEED(o != NULL);
    o->waiting = count;
    const struct nx_net_event event = {
        .socket = {(uint64_t)(o - stage.opened) + 1},
        .kind = NX_NET_READABLE,
    };
    EXPECT(dsb_beacons_input(&beacons, &event));
}

#define GROUP4 "239.42.0.1:37020"
#define GROUP6 "[ff12::4e58:5342]:37020"

/* ---- rows ---------------------------------------------------------------------------------- */

static void opening(void)
{
    unit_row("off binds nothing, and waits for nothing");
    begin(DSB_DISCOVERY_OFF);
    turn(60000);
    EXPECT_EQ(stage.bind_count, 0);
    EXPECT(nx_instant_is_never(dsb_beacons_deadline(&beacons)));

    unit_row("both families are bound at the port of beacons, and shared");
    begin(DSB_DISCOVERY_MULTICAST);
    EXPECT_EQ(dsb_beacons_deadline(&beacons).ns, 0);
    turn(0);
    EXPECT_EQ(stage.bind_count, 2);
    for (uint32_t i = 0; i < stage.opened_count; i++) {
        static const uint8_t any[16];
        EXPECT(stage.opened[i].is_shared);
        EXPECT_EQ(stage.opened[i].local.port, 37020);
        EXPECT_BYTES(nx_bytes_of(stage.opened[i].local.bytes, 16), nx_bytes_of(any, 16));
    }

    unit_row("the group of each family is joined on each chosen interface, once");
    turn(1);
    EXPECT_EQ(stage.join_count, 4);
    EXPECT_EQ(the_open(NX_ADDRESS_IPV4)->joined[0], 2);
    EXPECT_EQ(the_open(NX_ADDRESS_IPV4)->joined[1], 3);
    EXPECT_EQ(the_open(NX_ADDRESS_IPV6)->joined[1], 3);
    EXPECT(nx_instant_is_never(dsb_beacons_deadline(&beacons)));

    unit_row("with no interface chosen nothing is joined, and addresses are still heard");
    begin(DSB_DISCOVERY_MULTICAST);
    EXPECT_STATUS(dsb_beacons_set_interfaces(&beacons, b->now, NULL, 0), NX_OK);
    turn(0);
    EXPECT_EQ(stage.join_count, 0);
    EXPECT(open_now(NX_ADDRESS_IPV4) != NULL && open_now(NX_ADDRESS_IPV6) != NULL);
    EXPECT_TEXT(dsb_beacons_why(&beacons, NX_ADDRESS_IPV4)->text, "");

    unit_row("closing closes both");
    dsb_beacons_close(&beacons);
    EXPECT(open_now(NX_ADDRESS_IPV4) == NULL && open_now(NX_ADDRESS_IPV6) == NULL);
    dsb_beacons_close(&beacons);
}

static void sending(void)
{
    struct nx_address unicast[2] = {address_of("192.0.2.7:5"), address_of("127.0.0.1:6")};
    struct dsb_beacons_config config = {.seed = 1};

    unit_row("an announcement goes out by each chosen interface, and to each address once");
    begin_with(DSB_DISCOVERY_MULTICAST, false, &config, unicast, 2);
    turn(0);
    EXPECT_EQ(stage.sent_count, 6);
    EXPECT_EQ(sent_to(GROUP4, 2), 1);
    EXPECT_EQ(sent_to(GROUP4, 3), 1);
    EXPECT_EQ(sent_to(GROUP6, 2), 1);
    EXPECT_EQ(sent_to(GROUP6, 3), 1);
    EXPECT_EQ(sent_to("192.0.2.7:5", 0), 1);
    EXPECT_EQ(sent_to("127.0.0.1:6", 0), 1);
    EXPECT_EQ(beacons.counts.sent, 6);

    unit_row("the next one when it is due, and none before");
    turn(4999);
    EXPECT_EQ(stage.sent_count, 6);
    turn(1);
    EXPECT_EQ(stage.sent_count, 12);

    unit_row("another port is bound, and the groups' too; an address keeps its own");
    config.port = 40000;
    begin_with(DSB_DISCOVERY_MULTICAST, false, &config, unicast, 2);
    turn(0);
    EXPECT_EQ(the_open(NX_ADDRESS_IPV4)->local.port, 40000);
    EXPECT_EQ(sent_to("239.42.0.1:40000", 2), 1);
    EXPECT_EQ(sent_to("[ff12::4e58:5342]:40000", 3), 1);
    EXPECT_EQ(sent_to("192.0.2.7:5", 0), 1);
    config.port = 0;

    unit_row("quiet hears, and sends nothing before an offer is open");
    begin(DSB_DISCOVERY_QUIET);
    turn(60000);
    EXPECT_EQ(stage.join_count, 4);
    EXPECT_EQ(stage.sent_count, 0);
    char code[DSB_PAIRING_CODE_LEN + 1];
    EXPECT_STATUS(dsb_node_pair_offer(&b->node, b->now, "friend-0", code), NX_OK);
    turn(0);
    EXPECT_EQ(stage.sent_count, 4);

    unit_row("what finds no room is dropped and counted, not kept");
    begin_with(DSB_DISCOVERY_MULTICAST, false, &config, unicast, 1);
    stage.send_status = NX_WOULD_BLOCK;
    turn(0);
    EXPECT_EQ(beacons.counts.no_room, 5);
    stage.send_status = NX_OK;
    turn(1);
    EXPECT_EQ(stage.sent_count, 0);

    unit_row("what no way leads to is dropped and counted, and no fault of the socket");
    stage.send_status = NX_E_NOT_FOUND;
    turn(5000);
    EXPECT_EQ(beacons.counts.unsent, 5);
    EXPECT(open_now(NX_ADDRESS_IPV4) != NULL && open_now(NX_ADDRESS_IPV6) != NULL);

    unit_row("what became of the last one to each group is kept, with when");
    EXPECT_EQ(beacons.sockets[0].echo.sent, NX_E_NOT_FOUND);
    EXPECT_EQ(beacons.sockets[0].echo.sent_at.ns, nx_milliseconds(5001).ns);
    stage.send_status = NX_OK;
    turn(12000);
    EXPECT_EQ(beacons.sockets[0].echo.sent, NX_OK);
    EXPECT_EQ(beacons.sockets[1].echo.sent, NX_OK);
    EXPECT_EQ(beacons.sockets[0].echo.heard_at.ns, 0);
}

static void signing(void)
{
    struct dsb_beacons_config config = {.seed = 1, .identity = identity()};
    uint8_t message[DSB_BEACON_MESSAGE_MAX];
    struct dsb_beacon beacon;
    struct nx_bytes signed_part;

    unit_row("an announcement with a trailer leaves signed, all copies alike");
    begin_with(DSB_DISCOVERY_MULTICAST, true, &config, NULL, 0);
    turn(0);
    EXPECT_EQ(stage.sent_count, 4);
    EXPECT_STATUS(dsb_beacon_decode(nx_bytes_of(stage.sent_bytes, stage.sent_len), &beacon,
                                    &signed_part, NULL),
                  NX_OK);
    EXPECT(beacon.has_trailer);
    EXPECT_EQ(beacon.sequence, ((uint64_t)7 << 32) + 1);
    EXPECT_STATUS(nx_crypto_ed25519_verify(beacon.signature,
                                           dsb_beacon_message(signed_part, message),
                                           config.identity->ed25519),
                  NX_OK);

    unit_row("without an identity it never leaves unsigned");
    config.identity = NULL;
    begin_with(DSB_DISCOVERY_MULTICAST, true, &config, NULL, 0);
    turn(0);
    turn(5000);
    EXPECT_EQ(stage.sent_count, 0);
    EXPECT_EQ(beacons.counts.unsent, 0);
}

static void loopback(void)
{
    struct nx_address unicast[2] = {address_of("192.0.2.7:5"), address_of("127.0.0.1:6")};
    struct dsb_beacons_config config = {.seed = 1};

    unit_row("loopback joins and sends by the loopback interface alone");
    begin_with(DSB_DISCOVERY_LOOPBACK, false, &config, unicast, 2);
    turn(0);
    EXPECT_EQ(stage.join_count, 2);
    EXPECT_EQ(the_open(NX_ADDRESS_IPV4)->joined[0], LOOPBACK);
    EXPECT_EQ(the_open(NX_ADDRESS_IPV6)->joined[0], LOOPBACK);
    EXPECT_EQ(stage.sent_count, 3);
    EXPECT_EQ(sent_to(GROUP4, LOOPBACK), 1);
    EXPECT_EQ(sent_to(GROUP6, LOOPBACK), 1);
    EXPECT_EQ(sent_to("127.0.0.1:6", 0), 1);

    unit_row("loopback looks at nothing that came in by another interface");
    stage.from_interface = 2;
    arrive(NX_ADDRESS_IPV4, 1);
    turn(1);
    EXPECT_EQ(beacons.counts.elsewhere, 1);
    EXPECT_EQ(beacons.counts.received, 0);
    stage.from_interface = LOOPBACK;
    arrive(NX_ADDRESS_IPV4, 1);
    turn(1);
    EXPECT_EQ(beacons.counts.received, 1);
    stage.from_interface = 0; /* the system does not say */
    arrive(NX_ADDRESS_IPV4, 1);
    turn(1);
    EXPECT_EQ(beacons.counts.received, 2);

    unit_row("without a loopback interface there is nothing to join");
    begin(DSB_DISCOVERY_LOOPBACK);
    beacons.config.loopback_index = 0;
    turn(0);
    EXPECT_EQ(stage.join_count, 0);
    EXPECT_EQ(stage.sent_count, 0);
}

/* As device `id`, without a trailer. */
static struct nx_bytes beacon_of(const char *id)
{
    static uint8_t bytes[DSB_BEACON_MAX];
    struct nx_writer w = nx_writer_over(bytes, sizeof(bytes));
    const struct dsb_beacon beacon = {.device_id = nx_bytes_of_text(id), .port = 9};

    EXPECT_STATUS(dsb_beacon_encode(&beacon, &w, NULL), NX_OK);
    return nx_writer_bytes(&w);
}

static void receiving(void)
{
    static const uint8_t junk[DSB_BEACON_MAX + 1];

    unit_row("a beacon comes to the node, with where it came from");
    begin(DSB_DISCOVERY_MULTICAST);
    turn(0);
    stage.from = address_of("[fe80::7%2]:37020");
    stage.datagram = beacon_of("friend-1");
    arrive(NX_ADDRESS_IPV6, 1);
    turn(1);
    const struct dsb_neighbour *n =
        dsb_discovery_find(&b->node.discovery, nx_bytes_of_text("friend-1"));
    NEED(n != NULL);
    struct nx_address candidate = address_of("[fe80::7%2]:9");
    EXPECT_EQ(n->candidate_count, 1);
    EXPECT(nx_address_equal(&n->candidates[0].address, &candidate));
    EXPECT_EQ(n->beacon_count, 1);
    EXPECT(nx_address_same_host(&n->beacon_from, &candidate));

    unit_row("it is no beacon of our own that came back");
    EXPECT_EQ(beacons.sockets[1].echo.heard_at.ns, 0);

    unit_row("a turn takes a batch of each family, and comes back at once for the rest");
    arrive(NX_ADDRESS_IPV4, 2 * DSB_BEACONS_BATCH + 1);
    arrive(NX_ADDRESS_IPV6, 1);
    uint64_t before = beacons.counts.received;
    turn(1);
    EXPECT_EQ(beacons.counts.received - before, DSB_BEACONS_BATCH + 1);
    EXPECT_EQ(dsb_beacons_deadline(&beacons).ns, 0);
    turn(0);
    EXPECT_EQ(beacons.counts.received - before, 2 * DSB_BEACONS_BATCH + 1);
    turn(0);
    EXPECT_EQ(beacons.counts.received - before, 2 * DSB_BEACONS_BATCH + 2);
    EXPECT(nx_instant_is_never(dsb_beacons_deadline(&beacons)));

    unit_row("nothing is asked of a socket that has not said that there is something");
    uint32_t asked = stage.receive_count;
    turn(1);
    EXPECT_EQ(stage.receive_count, asked);

    unit_row("a datagram longer than a beacon is dropped and counted, and costs its place");
    stage.datagram = nx_bytes_of(junk, sizeof(junk));
    before = beacons.counts.received;
    arrive(NX_ADDRESS_IPV4, DSB_BEACONS_BATCH + 1);
    turn(1);
    EXPECT_EQ(beacons.counts.too_long, DSB_BEACONS_BATCH);
    EXPECT_EQ(beacons.counts.received, before);
    turn(1);
    EXPECT_EQ(beacons.counts.too_long, DSB_BEACONS_BATCH + 1);

    unit_row("news of other sockets is somebody else's");
    struct nx_net_event event = {.socket = {77}, .kind = NX_NET_READABLE};
    EXPECT(!dsb_beacons_input(&beacons, &event));
    EXPECT(!dsb_beacons_input(&beacons, &(struct nx_net_event){.kind = NX_NET_READABLE}));

    begin(DSB_DISCOVERY_OFF);
    EXPECT(!dsb_beacons_input(&beacons, &event));

    unit_row("what there is to read is told twice as well as once");
    begin(DSB_DISCOVERY_QUIET);
    turn(0);
    event = (struct nx_net_event){.socket = {1}, .kind = NX_NET_READABLE};
    EXPECT(dsb_beacons_input(&beacons, &event));
    EXPECT(dsb_beacons_input(&beacons, &event));
    turn(1);

    unit_row("room to send is ours to hear of, and changes nothing");
    event = (struct nx_net_event){.socket = {1}, .kind = NX_NET_WRITABLE};
    EXPECT(dsb_beacons_input(&beacons, &event));
    EXPECT(nx_instant_is_never(dsb_beacons_deadline(&beacons)));
}

/* The pause that is under way, in milliseconds; it is over when this returns. */
static uint64_t sit_out_pause(void)
{
    struct nx_instant until = dsb_beacons_deadline(&beacons);
    struct nx_duration pause = nx_duration_between(b->now, until);
    uint32_t binds = stage.bind_count, joins = stage.join_count;

    EXPECT(pause.ns > 0 && !nx_instant_is_never(until));
    b->now = (struct nx_instant){until.ns - 1};
    dsb_beacons_work(&beacons, b->now);
    EXPECT_EQ(stage.bind_count, binds);
    EXPECT_EQ(stage.join_count, joins);
    b->now = until;
    dsb_beacons_work(&beacons, b->now);
    EXPECT(stage.bind_count > binds || stage.join_count > joins);
    return pause.ns / 1000000;
}

static void failing(void)
{
    unit_row("one family that cannot be bound leaves the other alone, and says why");
    begin(DSB_DISCOVERY_MULTICAST);
    stage.bind_failure = NX_NET_NOT_POSSIBLE;
    stage.bind_failure_of = NX_ADDRESS_IPV6;
    turn(0);
    EXPECT(open_now(NX_ADDRESS_IPV4) != NULL);
    EXPECT(open_now(NX_ADDRESS_IPV6) == NULL);
    EXPECT_TEXT(dsb_beacons_why(&beacons, NX_ADDRESS_IPV4)->text, "");
    EXPECT_TEXT(dsb_beacons_why(&beacons, NX_ADDRESS_IPV6)->text,
                "bind [::]:37020: this machine cannot do that");
    EXPECT_EQ(beacons.counts.socket_failures, 1);
    EXPECT_EQ(stage.sent_count, 2);
    EXPECT_EQ(beacons.counts.unsent, 2);

    unit_row("it is tried again in pauses of one second up to a minute, for ever");
    uint64_t pause_ms = 0;
    for (int i = 0; i < 100; i++) {
        pause_ms = sit_out_pause();
        EXPECT(pause_ms >= 1000 && pause_ms <= 60000);
    }
    EXPECT(pause_ms >= 30000);
    EXPECT_EQ(beacons.counts.socket_failures, 101);

    unit_row("when it works again nothing is left of the failure");
    stage.bind_failure = NX_NET_FAILURE_NONE;
    (void)sit_out_pause();
    EXPECT(open_now(NX_ADDRESS_IPV6) != NULL);
    EXPECT_EQ(the_open(NX_ADDRESS_IPV6)->joined_count, 2);
    EXPECT_TEXT(dsb_beacons_why(&beacons, NX_ADDRESS_IPV6)->text, "");
    EXPECT(nx_instant_is_never(dsb_beacons_deadline(&beacons)));

    unit_row("a socket that fails is opened anew after a pause, and joins again");
    stage.receive_failure = NX_E_IO;
    arrive(NX_ADDRESS_IPV4, 1);
    dsb_beacons_work(&beacons, b->now);
    EXPECT(open_now(NX_ADDRESS_IPV4) == NULL);
    EXPECT(dsb_beacons_why(&beacons, NX_ADDRESS_IPV4)->text[0] != '\0');
    stage.receive_failure = NX_OK;
    EXPECT(sit_out_pause() <= 2000);
    EXPECT_EQ(the_open(NX_ADDRESS_IPV4)->joined_count, 2);

    unit_row("one that fails again each time it is opened waits longer each time");
    begin(DSB_DISCOVERY_MULTICAST);
    stage.receive_failure = NX_E_IO;
    turn(0);
    struct nx_instant began_at = b->now;
    for (int i = 0; i < 40; i++)
        (void)sit_out_pause();
    EXPECT(nx_instant_reached(nx_instant_after(began_at, nx_seconds(300)), b->now));
    EXPECT_EQ(stage.bind_count, beacons.counts.socket_failures);
    EXPECT(stage.bind_count >= 42);
    stage.receive_failure = NX_OK;

    unit_row("an owner who knows better opens at once");
    uint32_t binds = stage.bind_count;
    dsb_beacons_reopen(&beacons);
    turn(0);
    EXPECT_EQ(stage.bind_count, binds + 2);
    EXPECT(nx_instant_is_never(dsb_beacons_deadline(&beacons)));

    unit_row("an interface that cannot be joined is tried again; the others are heard meanwhile");
    begin(DSB_DISCOVERY_MULTICAST);
    stage.bad_interface = 2;
    turn(0);
    EXPECT_EQ(the_open(NX_ADDRESS_IPV4)->joined_count, 1);
    EXPECT_EQ(the_open(NX_ADDRESS_IPV4)->joined[0], 3);
    EXPECT_EQ(beacons.counts.join_failures, 2);
    EXPECT_TEXT(dsb_beacons_why(&beacons, NX_ADDRESS_IPV4)->text,
                "join 239.42.0.1:37020: this machine cannot do that");
    EXPECT_EQ(stage.sent_count, 4);
    stage.bad_interface = 0;
    (void)sit_out_pause();
    (void)sit_out_pause(); /* the other family's is another one */
    EXPECT_EQ(the_open(NX_ADDRESS_IPV4)->joined_count, 2);
    EXPECT_EQ(the_open(NX_ADDRESS_IPV6)->joined_count, 2);
    EXPECT_EQ(stage.bind_count, 2);
    EXPECT_TEXT(dsb_beacons_why(&beacons, NX_ADDRESS_IPV4)->text, "");
}

static uint32_t bound_at(const char *text, uint16_t port)
{
    struct nx_address wanted = address_of(text);
    uint32_t count = 0;

    for (uint32_t i = 0; i < stage.opened_count; i++)
        count += nx_address_same_host(&stage.opened[i].local, &wanted) &&
                 stage.opened[i].local.port == port && !stage.opened[i].is_closed;
    return count;
}

/* Listening at one IPv6 address, and nowhere over IPv4. */
static struct dsb_beacons_config of_one_address(void)
{
    struct dsb_beacons_config config = {.seed = 1};

    config.from[0].is_mute = true;
    config.from[1].address = address_of("[2001:db8::7]:34567");
    return config;
}

static void leaving_from(void)
{
    struct nx_address unicast[2] = {address_of("192.0.2.7:5"), address_of("[2001:db8::9]:6")};
    struct dsb_beacons_config config = of_one_address();

    unit_row(
        "where sessions are taken at one address, beacons leave from it, by a port of its own");
    begin_with(DSB_DISCOVERY_MULTICAST, false, &config, unicast, 2);
    turn(0);
    EXPECT_EQ(stage.bind_count, 3);
    EXPECT_EQ(bound_at("[2001:db8::7]:1", 0), 1);
    EXPECT(!stage.opened[2].is_shared);
    EXPECT_EQ(sent_to(GROUP6, 2), 1);
    EXPECT_EQ(sent_to(GROUP6, 3), 1);
    EXPECT_EQ(sent_to("[2001:db8::9]:6", 0), 1);
    EXPECT_EQ(stage.opened[2].sent_count, 3);

    unit_row("and where none are taken, none leave; both families are heard");
    EXPECT_EQ(stage.sent_count, 3);
    EXPECT_EQ(beacons.counts.unsent, 0);
    EXPECT_EQ(bound_at("0.0.0.0:1", 37020), 1);
    EXPECT_EQ(bound_at("[::]:1", 37020), 1);
    EXPECT_EQ(stage.join_count, 4);
    EXPECT(nx_instant_is_never(dsb_beacons_deadline(&beacons)));

    unit_row("closing closes what it sends by as well");
    dsb_beacons_close(&beacons);
    EXPECT_EQ(bound_at("[2001:db8::7]:1", 0), 0);

    unit_row("while the address is not there nothing is sent, and it is tried again");
    begin_with(DSB_DISCOVERY_MULTICAST, false, &config, NULL, 0);
    stage.bad_local = config.from[1].address;
    turn(0);
    EXPECT_EQ(stage.sent_count, 0);
    EXPECT_EQ(beacons.counts.socket_failures, 1);
    EXPECT_TEXT(dsb_beacons_why(&beacons, NX_ADDRESS_IPV6)->text,
                "bind [2001:db8::7]:0: no interface of this machine has that address");
    EXPECT_EQ(stage.join_count, 4);
    stage.bad_local.family = NX_ADDRESS_NONE;
    (void)sit_out_pause();
    EXPECT_EQ(bound_at("[2001:db8::7]:1", 0), 1);
    EXPECT_TEXT(dsb_beacons_why(&beacons, NX_ADDRESS_IPV6)->text, "");
    turn(6000);
    EXPECT_EQ(stage.sent_count, 2);
}

static enum nx_status choose(uint32_t first, uint32_t second, uint32_t third)
{
    const uint32_t numbers[] = {first, second, third};
    size_t count = third != 0 ? 3 : second != 0 ? 2 : 1;

    return dsb_beacons_set_interfaces(&beacons, b->now, numbers, count);
}

static void interfaces_come_and_go(void)
{
    uint32_t many[DSB_BEACONS_INTERFACES_MAX + 1];

    unit_row("an interface that comes up is joined and announced on at once");
    begin(DSB_DISCOVERY_MULTICAST);
    turn(0);
    EXPECT_STATUS(choose(2, 3, 9), NX_OK);
    turn(1);
    EXPECT_EQ(stage.bind_count, 2);
    EXPECT_EQ(the_open(NX_ADDRESS_IPV6)->joined_count, 3);
    EXPECT_EQ(the_open(NX_ADDRESS_IPV6)->joined[2], 9);
    EXPECT_EQ(sent_to(GROUP4, 9), 1);
    EXPECT_EQ(sent_to(GROUP4, 2), 2);

    unit_row("the same ones in another order change nothing");
    EXPECT_STATUS(choose(9, 2, 3), NX_OK);
    turn(1);
    EXPECT_EQ(stage.join_count, 6);
    EXPECT_EQ(stage.sent_count, 10);

    unit_row("when one is gone the sockets are opened anew, which leaves its groups");
    EXPECT_STATUS(choose(9, 3, 0), NX_OK);
    turn(1);
    EXPECT_EQ(stage.bind_count, 4);
    EXPECT_EQ(the_open(NX_ADDRESS_IPV4)->joined_count, 2);
    EXPECT_EQ(the_open(NX_ADDRESS_IPV4)->joined[0], 9);
    EXPECT_EQ(stage.sent_count, 10);

    unit_row("one that comes does not wait for the pause of another");
    stage.bad_interface = 3;
    dsb_beacons_reopen(&beacons);
    turn(1);
    EXPECT_STATUS(choose(9, 3, 4), NX_OK);
    turn(1);
    EXPECT_EQ(the_open(NX_ADDRESS_IPV4)->joined_count, 2);
    EXPECT_EQ(the_open(NX_ADDRESS_IPV4)->joined[1], 4);

    unit_row("no interface has the number 0, none is named twice, and there is a limit");
    EXPECT_STATUS(choose(9, 0, 4), NX_E_INVALID);
    EXPECT_STATUS(choose(9, 4, 4), NX_E_INVALID);
    for (uint32_t i = 0; i < NX_COUNT_OF(many); i++)
        many[i] = i + 1;
    EXPECT_STATUS(dsb_beacons_set_interfaces(&beacons, b->now, many, NX_COUNT_OF(many)),
                  NX_E_LIMIT);
    EXPECT_EQ(beacons.chosen_count, 3);
    EXPECT_STATUS(dsb_beacons_set_interfaces(&beacons, b->now, many, NX_COUNT_OF(many) - 1), NX_OK);
    stage.bad_interface = 0;
    turn(1);
    EXPECT_EQ(the_open(NX_ADDRESS_IPV4)->joined_count, DSB_BEACONS_INTERFACES_MAX);
    EXPECT(nx_instant_is_never(dsb_beacons_deadline(&beacons)));

    unit_row("loopback does not care which are chosen");
    begin(DSB_DISCOVERY_LOOPBACK);
    turn(0);
    EXPECT_STATUS(choose(3, 4, 0), NX_OK);
    turn(1);
    EXPECT_EQ(stage.bind_count, 2);
    EXPECT_EQ(stage.join_count, 2);
    EXPECT_EQ(stage.sent_count, 2);
}

static void modes(void)
{
    static const struct {
        const char *name;
        enum dsb_discovery_mode from, to;
        uint32_t binds;  /* in all */
        uint32_t joined; /* IPv4 groups afterwards */
    } cases[] = {
        {"off closes", DSB_DISCOVERY_MULTICAST, DSB_DISCOVERY_OFF, 2, 0},
        {"from off it opens", DSB_DISCOVERY_OFF, DSB_DISCOVERY_MULTICAST, 2, 2},
        {"from loopback to all it opens anew", DSB_DISCOVERY_LOOPBACK, DSB_DISCOVERY_MULTICAST, 4,
         2},
        {"from all to loopback it opens anew", DSB_DISCOVERY_MULTICAST, DSB_DISCOVERY_LOOPBACK, 4,
         1},
        {"quiet keeps what is open", DSB_DISCOVERY_MULTICAST, DSB_DISCOVERY_QUIET, 2, 2},
    };

    for (size_t i = 0; i < NX_COUNT_OF(cases); i++) {
        unit_row(cases[i].name);
        begin(cases[i].from);
        turn(0);
        dsb_node_set_discovery_mode(&b->node, b->now, cases[i].to);
        if (cases[i].binds != 2 || cases[i].joined != 2)
            EXPECT_EQ(dsb_beacons_deadline(&beacons).ns, 0);
        turn(1);
        EXPECT_EQ(stage.bind_count, cases[i].binds);
        const struct opened *o = open_now(NX_ADDRESS_IPV4);
        EXPECT_EQ(o == NULL ? 0 : o->joined_count, cases[i].joined);
        EXPECT(nx_instant_is_never(dsb_beacons_deadline(&beacons)));
    }

    unit_row("off in the midst of a pause forgets it");
    begin(DSB_DISCOVERY_MULTICAST);
    stage.bind_failure = NX_NET_NOT_POSSIBLE;
    stage.bind_failure_of = NX_ADDRESS_IPV6;
    turn(0);
    dsb_node_set_discovery_mode(&b->node, b->now, DSB_DISCOVERY_OFF);
    turn(1);
    EXPECT(nx_instant_is_never(dsb_beacons_deadline(&beacons)));
    EXPECT_TEXT(dsb_beacons_why(&beacons, NX_ADDRESS_IPV6)->text, "");
}

UNIT_SUITE(beacons_test)
{
    opening();
    sending();
    signing();
    loopback();
    receiving();
    failing();
    leaving_from();
    interfaces_come_and_go();
    modes();
}
