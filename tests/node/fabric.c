#include "tests/node/fabric.h"

#include "core/base/memory.h"
#include "tests/unit/unit.h"

enum {
    NODE_MEMORY = 10 * 1048576, /* the board's profile; dsb_node_init checks it */
    PLACES_FIRST = 88,          /* connections of the first device: a full gate, and its sessions */
    PLACES_OTHERS = 24,
    TURNS_MAX = 20000, /* of all devices, while the clock stands */
};

static uint64_t memory[FABRIC_DEVICES][NODE_MEMORY / 8] __attribute__((aligned(16)));
static struct dsb_connection places_first[PLACES_FIRST];
static struct dsb_connection places_others[FABRIC_DEVICES - 1][PLACES_OTHERS];
static uint8_t values[FABRIC_DEVICES][FABRIC_KEYS_MAX * NX_STORE_VALUE_MAX];
static struct fabric fabric;

struct nx_address fabric_address(uint8_t net, uint8_t host, uint16_t port)
{
    return nx_address_ipv4((const uint8_t[4]){10, 0, net, host}, port);
}

/* ---- on and off ------------------------------------------------------------------------------ */

static void begin_node(struct fabric_device *d)
{
    struct dsb_node_config config = {
        .profile = &dsb_profile_board,
        .world = DSB_WORLD_NET,
        .id_text = d->identity.id_text,
        .discovery = dsb_discovery_config_default(),
        .rng = nx_prng_as_rng(&d->prng),
        .memory = memory[d->index],
        .memory_size = sizeof(memory[d->index]),
    };

    memcpy(config.device.id, d->identity.id, sizeof(config.device.id));
    memcpy(config.device.ed25519, d->identity.ed25519, sizeof(config.device.ed25519));
    memcpy(config.device.noise_static, d->identity.noise_static,
           sizeof(config.device.noise_static));
    EXPECT_STATUS(dsb_node_init(&d->node, d->fabric->now, &config, NULL), NX_OK);
}

static void begin_connections(struct fabric_device *d)
{
    const struct dsb_connections_config config = {
        .node = &d->node,
        .net = d->net,
        .own = &d->credentials,
        .rng = nx_prng_as_rng(&d->prng),
        .places = d->index == 0 ? places_first : places_others[d->index - 1],
        .cap = d->index == 0 ? PLACES_FIRST : PLACES_OTHERS,
    };
    struct nx_address local;

    dsb_connections_init(&d->connections, &config);
    EXPECT_STATUS(dsb_connections_listen(&d->connections, &d->address, &local, NULL), NX_OK);
    EXPECT(nx_address_equal(&local, &d->address));
}

static void load(struct fabric_device *d)
{
    static uint8_t bytes[NX_STORE_VALUE_MAX];
    struct nx_writer value = nx_writer_over(bytes, sizeof(bytes));
    enum nx_status loaded = nx_store_memory_load(&d->store, DSB_V1_LIST_KEY, &value);

    EXPECT_STATUS(dsb_node_load_v1(&d->node, loaded, nx_writer_bytes(&value)), NX_OK);
    value = nx_writer_over(bytes, sizeof(bytes));
    loaded = nx_store_memory_load(&d->store, DSB_REGISTRY_KEY, &value);
    EXPECT_STATUS(dsb_node_start(&d->node, d->fabric->now, loaded, nx_writer_bytes(&value)), NX_OK);
}

void fabric_switch_on(struct fabric_device *d)
{
    begin_node(d);
    begin_connections(d);
    dsb_connections_work(&d->connections, d->fabric->now); /* while the store is read */
    load(d);
    memset(&d->news, 0, sizeof(d->news));
    d->is_on = d->is_touched = true;
}

/* Whatever it did, all memory and every socket is back. */
static void expect_all_is_back(struct fabric_device *d)
{
    EXPECT_EQ(d->host->socket_count, 0);
    EXPECT_EQ(dsb_connections_open_count(&d->connections), 0);
    EXPECT_EQ(dsb_gate_half_open_count(&d->connections.gate), 0);
    EXPECT_EQ(d->node.pools.blocks.used_count, 0);
    EXPECT_EQ(d->node.pools.streams.used_count, 0);
    EXPECT_EQ(d->node.pools.grants.used, 0);
    EXPECT_EQ(d->node.pools.growth.used, 0);
    EXPECT_EQ(d->node.pools.queues.used, 0);
}

void fabric_switch_off(struct fabric_device *d, bool is_sudden)
{
    if (!d->is_on)
        return;
    if (is_sudden)
        fake_host_cut(d->host);
    dsb_connections_close(&d->connections, d->fabric->now);
    dsb_node_wipe(&d->node);
    expect_all_is_back(d);
    nx_store_memory_restart(&d->store);
    d->is_on = false;
}

static void begin_device(struct fabric *f, uint32_t index)
{
    struct fabric_device *d = &f->devices[index];
    uint8_t seed[NX_ED25519_SEED_LEN];

    for (size_t i = 0; i < sizeof(seed); i++)
        seed[i] = (uint8_t)(0x40 * index + i);
    d->fabric = f;
    d->index = index;
    dsb_identity_init(&d->identity, seed);
    dsb_credentials_init(&d->credentials, &d->identity);
    nx_prng_init(&d->prng, index, "fabric");
    d->host = fakenet_add(&f->net, fabric_address(0, (uint8_t)(index + 1), 0));
    d->net = fake_host_as_net(d->host);
    d->address = fabric_address(0, (uint8_t)(index + 1), FABRIC_PORT);
    nx_store_memory_init(&d->store, values[index], NX_STORE_VALUE_MAX, FABRIC_KEYS_MAX);
    fabric_switch_on(d);
}

struct fabric *fabric_begin(void)
{
    struct fabric *f = &fabric;

    for (uint32_t i = 0; i < FABRIC_DEVICES; i++)
        fabric_switch_off(&f->devices[i], false);
    fakenet_init(&f->net, 1);
    memset(f->devices, 0, sizeof(f->devices));
    f->now = (struct nx_instant){nx_seconds(1000).ns};
    f->net.now = f->now;
    f->is_stuck = false;
    f->turn_count = 0;
    for (uint32_t i = 0; i < FABRIC_DEVICES; i++)
        begin_device(f, i);
    fabric_settle(f);
    return f;
}

/* ---- news ------------------------------------------------------------------------------------ */

static void on_stream(struct fabric_device *d, const struct dsb_node_event *event)
{
    if (event->mux.kind == DSB_MUX_OPENED) {
        EXPECT_STATUS(dsb_node_accept(&d->node, d->fabric->now, event->session, event->mux.stream),
                      NX_OK);
        d->news.opened = event->mux.stream;
        d->news.opened_count++;
    }
    if (event->mux.kind == DSB_MUX_ENDED)
        d->news.stream_end = event->mux;
}

static void on_ended(struct fabric_device *d, const struct dsb_node_event *event)
{
    if (event->session == NULL) {
        d->news.asked_count++;
        return;
    }
    d->news.ended_count++;
    d->news.end = event->mux;
}

static void on_node_event(struct fabric_device *d, const struct dsb_node_event *event)
{
    switch (event->kind) {
    case DSB_NODE_PAIRED:
        d->news.paired_count++;
        break;
    case DSB_NODE_UNPAIRED:
        d->news.unpaired_count++;
        break;
    case DSB_NODE_PAIRING_FAILED:
        d->news.pairing_failure = event->status;
        break;
    case DSB_NODE_SESSION_UP:
        d->news.up_count++;
        break;
    case DSB_NODE_SESSION_ENDED:
        on_ended(d, event);
        break;
    case DSB_NODE_STREAM:
        on_stream(d, event);
        break;
    case DSB_NODE_DISCOVERY:
    case DSB_NODE_PAIRING_BROKEN:
    case DSB_NODE_STORE_FAILED:
        break;
    }
}

/* What the node has for its owner and its store. True: something. */
static bool serve_node(struct fabric_device *d)
{
    struct dsb_node_event event;
    bool moved = false;

    while (!d->holds_stores && nx_store_memory_step(&d->store, dsb_node_store(&d->node))) {
        dsb_node_stored(&d->node, d->fabric->now);
        moved = true;
    }
    while (!d->leaves_events && dsb_node_event(&d->node, d->fabric->now, &event)) {
        dsb_connections_news(&d->connections, d->fabric->now, &event);
        on_node_event(d, &event);
        moved = true;
    }
    return moved;
}

static void take_events(struct fabric_device *d)
{
    struct dsb_connections_event event;

    while (dsb_connections_event(&d->connections, &event)) {
        d->news.told[event.kind]++;
        d->news.last[event.kind] = event;
    }
}

/* ---- turns ----------------------------------------------------------------------------------- */

static bool take_input(struct fabric_device *d)
{
    struct nx_net_event event;
    bool moved = false;

    while (nx_net_event(&d->net, &event)) {
        EXPECT(dsb_connections_input(&d->connections, &event)); /* it has no other sockets */
        moved = true;
    }
    return moved;
}

static bool turn(struct fabric_device *d)
{
    struct nx_instant now = d->fabric->now;

    if (!d->is_on || d->is_frozen)
        return false;
    bool is_woken = take_input(d) || d->is_touched;
    if (nx_instant_reached(dsb_node_deadline(&d->node), now)) {
        dsb_node_tick(&d->node, now);
        is_woken = true;
    }
    if (!is_woken && !nx_instant_reached(dsb_connections_deadline(&d->connections), now))
        return false;

    d->fabric->turn_count++;
    (void)serve_node(d);
    dsb_connections_work(&d->connections, now);
    d->is_touched = serve_node(d); /* what was done about it goes out in another turn */
    take_events(d);
    return true;
}

bool fabric_turn(struct fabric *f)
{
    bool moved = fakenet_tick(&f->net);

    for (uint32_t i = 0; i < FABRIC_DEVICES; i++)
        moved |= turn(&f->devices[i]);
    return moved;
}

void fabric_settle(struct fabric *f)
{
    uint64_t first = f->turn_count;

    while (!f->is_stuck && fabric_turn(f))
        f->is_stuck = f->turn_count - first > TURNS_MAX;
    EXPECT(!f->is_stuck);
}

static struct nx_instant next_deadline(const struct fabric *f)
{
    struct nx_instant next = fakenet_deadline(&f->net);

    for (uint32_t i = 0; i < FABRIC_DEVICES; i++) {
        const struct fabric_device *d = &f->devices[i];

        if (!d->is_on || d->is_frozen)
            continue;
        next = nx_instant_earlier(next, dsb_node_deadline(&d->node));
        next = nx_instant_earlier(next, dsb_connections_deadline(&d->connections));
    }
    return next;
}

void fabric_pass(struct fabric *f, struct nx_duration time)
{
    struct nx_instant end = nx_instant_after(f->now, time);

    fabric_settle(f);
    while (f->now.ns < end.ns && !f->is_stuck) {
        f->now = nx_instant_earlier(next_deadline(f), end);
        f->net.now = f->now;
        fabric_settle(f);
    }
}

void fabric_forget_news(struct fabric *f)
{
    for (uint32_t i = 0; i < FABRIC_DEVICES; i++)
        memset(&f->devices[i].news, 0, sizeof(f->devices[i].news));
}

void fabric_touch(struct fabric_device *d)
{
    d->is_touched = true;
    fabric_settle(d->fabric);
}

/* ---- what rows begin with -------------------------------------------------------------------- */

static struct dsb_beacon beacon_of(const struct fabric_device *other, struct nx_address at)
{
    struct dsb_beacon beacon = {.device_id = nx_bytes_of_text(other->identity.id_text),
                                .port = at.port};

    memcpy(beacon.noise_static, other->identity.noise_static, sizeof(beacon.noise_static));
    return beacon;
}

static void hear(struct fabric_device *d, const struct dsb_beacon *beacon, struct nx_address at)
{
    uint8_t bytes[DSB_BEACON_MAX];
    struct nx_writer out = nx_writer_over(bytes, sizeof(bytes));

    EXPECT_STATUS(dsb_beacon_encode(beacon, &out, NULL), NX_OK);
    at.port = DSB_DISCOVERY_PORT;
    EXPECT_STATUS(dsb_node_datagram_input(&d->node, d->fabric->now, at, nx_writer_bytes(&out)),
                  NX_OK);
    d->is_touched = true;
}

void fabric_hear(struct fabric_device *d, const struct fabric_device *other, struct nx_address at)
{
    struct dsb_beacon beacon = beacon_of(other, at);

    hear(d, &beacon, at);
}

void fabric_hear_signed(struct fabric_device *d, const struct fabric_device *other,
                        struct nx_address at, uint64_t sequence)
{
    struct dsb_beacon beacon = beacon_of(other, at);
    uint8_t bytes[DSB_BEACON_MAX], message[DSB_BEACON_MESSAGE_MAX];
    struct nx_writer out = nx_writer_over(bytes, sizeof(bytes));
    struct nx_bytes signed_part = {NULL, 0};
    struct dsb_beacon unsigned_one;

    beacon.has_trailer = true;
    beacon.sequence = sequence;
    beacon.ttl_s = DSB_DISCOVERY_TTL_S;
    EXPECT_STATUS(dsb_beacon_encode(&beacon, &out, NULL), NX_OK);
    EXPECT_STATUS(dsb_beacon_decode(nx_writer_bytes(&out), &unsigned_one, &signed_part, NULL),
                  NX_OK);
    nx_crypto_ed25519_sign(beacon.signature, dsb_beacon_message(signed_part, message),
                           other->identity.secret_seed);
    hear(d, &beacon, at);
}

void fabric_pair(struct fabric_device *owner, struct fabric_device *typist)
{
    struct fabric *f = owner->fabric;
    char code[DSB_PAIRING_CODE_LEN + 1];

    fabric_hear(owner, typist, typist->address);
    fabric_hear(typist, owner, owner->address);
    EXPECT_STATUS(dsb_node_pair_offer(&owner->node, f->now, typist->identity.id_text, code), NX_OK);
    EXPECT_STATUS(dsb_node_pair_accept(&typist->node, f->now, owner->identity.id_text,
                                       nx_bytes_of_text(code)),
                  NX_OK);
    owner->is_touched = typist->is_touched = true;
    fabric_settle(f);
    EXPECT(fabric_session(owner, typist) != NULL && fabric_session(typist, owner) != NULL);
}

struct dsb_mux *fabric_session(struct fabric_device *d, const struct fabric_device *other)
{
    return dsb_node_session(&d->node, other->identity.id_text);
}

static uint32_t connection_count(const struct fabric_device *d, const struct fabric_device *other)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < d->connections.config.cap; i++) {
        const struct dsb_connection *conn = &d->connections.config.places[i];

        count += conn->state != DSB_CONNECTION_FREE &&
                 nx_address_same_host(&conn->address, &other->address);
    }
    return count;
}

bool fabric_has_one_session(struct fabric_device *d, struct fabric_device *other)
{
    const struct dsb_connection *here =
        dsb_connections_find(&d->connections, other->identity.id_text);
    const struct dsb_connection *there =
        dsb_connections_find(&other->connections, d->identity.id_text);

    return fabric_session(d, other) != NULL && fabric_session(other, d) != NULL && here != NULL &&
           there != NULL &&
           memcmp(here->session.h, there->session.h, sizeof(here->session.h)) == 0 &&
           connection_count(d, other) == 1 && connection_count(other, d) == 1;
}

struct dsb_connection *fabric_connection(struct fabric_device *d, const struct fabric_device *other)
{
    const struct dsb_connection *found =
        dsb_connections_find(&d->connections, other->identity.id_text);

    return found == NULL ? NULL
                         : &d->connections.config.places[found - d->connections.config.places];
}
