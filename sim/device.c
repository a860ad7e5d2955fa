#include "sim/device.h"

#include "core/base/memory.h"
#include "sim/world.h"

const struct dsb_profile sim_profile = {
    .name = "simulated",
    .stream_count_max = 64,
    .stream_queue_max = 65536,
    .grants_max = 64 * DSB_CREDIT_INITIAL + 2097152u,
    .queues_max = 1048576,
    .block_size = 1024,
    .link_count_max = 28,
    .peer_count_max = 16,
    .neighbour_count_max = 64,
    .keepalive_interval = {30u * UINT64_C(1000000000)},
    .keepalive_timeout = {90u * UINT64_C(1000000000)},
};

void sim_device_say(struct sim_device *d, const char *what, const char *more)
{
    sim_trace_say(&d->world->trace, d->world->now, d->name, what, more);
}

bool sim_device_is(const struct sim_device *d, const char *id_text)
{
    return nx_bytes_equal(nx_bytes_of_text(d->identity.id_text), nx_bytes_of_text(id_text));
}

struct nx_instant sim_device_now(const struct sim_device *d)
{
    return sim_clock_local(&d->clock, d->world->now);
}

static void keep_marker(void *owner, struct nx_bytes line)
{
    struct sim_device *d = owner;
    struct nx_text *text = sim_trace_begin(&d->world->trace, d->world->now, d->name, "| ");

    nx_text_add_bytes(text, line);
    sim_trace_end(&d->world->trace);
    sim_oracle_marker(d->world, d, line);
}

static void take_identity(struct sim_device *d)
{
    uint64_t number = d->world->config.seed + d->index + ((uint64_t)d->life_count << 32);
    uint8_t seed[NX_ED25519_SEED_LEN];
    struct nx_prng keys;

    nx_prng_init(&keys, number, "identity");
    for (size_t i = 0; i < sizeof(seed); i++)
        seed[i] = (uint8_t)nx_prng_next(&keys);
    dsb_identity_init(&d->identity, seed);
    dsb_credentials_init(&d->credentials, &d->identity);
    nx_prng_init(&d->entropy, number, "entropy");
    sim_disk_init(&d->disk, d->values);
}

void sim_device_init(struct sim_device *d, struct sim_world *w, uint32_t index)
{
    const uint8_t address[4] = {10, 0, 0, (uint8_t)(index + 1)};

    d->world = w;
    d->index = index;
    d->name[0] = d->shown[0] = (char)('a' + (char)index);
    d->host = fakenet_add(&w->net, nx_address_ipv4(address, 0));
    d->host->clock = &d->clock;
    d->net = fake_host_as_net(d->host);
    d->address = nx_address_ipv4(address, SIM_PORT);
    sim_clock_init(&d->clock, w->now, nx_instant_after(w->now, nx_seconds(1000 * (index + 1))));
    take_identity(d);
}

void sim_device_make_anew(struct sim_device *d)
{
    NX_CHECK(d->state == SIM_DEVICE_OFF);
    d->life_count++;
    take_identity(d);
    sim_oracle_anew(d->world, d);
    sim_device_say(d, "is made anew", "");
}

void sim_device_move(struct sim_device *d, uint8_t place)
{
    const uint8_t address[4] = {10, 0, place, (uint8_t)(d->index + 1)};

    NX_CHECK(d->state == SIM_DEVICE_OFF);
    d->host->address = nx_address_ipv4(address, 0);
    d->address = nx_address_ipv4(address, SIM_PORT);
    sim_device_say(d, "moves", "");
}

/* ---- on -------------------------------------------------------------------------------------- */

/* It has to last before anything else begins. False: the power went again. */
static bool count_boot(struct sim_device *d)
{
    uint8_t text[DSB_BOOT_FILE_MAX], waiting[DSB_BOOT_LEN_MAX];
    struct nx_writer value = nx_writer_over(text, sizeof(text));
    struct nx_store store;
    struct nx_store_event event;
    enum nx_status loaded = nx_store_memory_load(&d->disk.held, DSB_BOOT_KEY, &value);

    nx_store_init(&store, waiting, sizeof(waiting), 1);
    dsb_boot_init(&d->boot, loaded, nx_writer_bytes(&value));
    if (!dsb_boot_output(&d->boot, &store))
        return true;
    d->disk.due_at = sim_device_now(d);
    if (sim_disk_work(&d->disk, sim_device_now(d), &store) == SIM_DISK_CUT)
        return false;
    d->disk.due_at = NX_NEVER;
    if (nx_store_event(&store, &event))
        (void)dsb_boot_stored(&d->boot, &event);
    return true;
}

static void begin_node(struct sim_device *d)
{
    struct dsb_node_config config = {
        .profile = &sim_profile,
        .world = DSB_WORLD_NET,
        .id_text = d->identity.id_text,
        .discovery = dsb_discovery_config_default(),
        .rng = nx_prng_as_rng(&d->entropy),
        .markers = &d->markers,
        .memory = d->memory,
        .memory_size = d->world->node_memory_size,
    };

    memcpy(config.device.id, d->identity.id, sizeof(config.device.id));
    memcpy(config.device.ed25519, d->identity.ed25519, sizeof(config.device.ed25519));
    memcpy(config.device.noise_static, d->identity.noise_static,
           sizeof(config.device.noise_static));
    config.discovery.beacon.port = SIM_PORT;
    dsb_boot_sign(&d->boot, &config.discovery.beacon);
    if (config.discovery.beacon.has_trailer) {
        config.discovery.beacon.name = nx_bytes_of_text(d->shown);
        config.discovery.beacon.ttl_s = DSB_DISCOVERY_TTL_S;
    }
    nx_markers_init(&d->markers, keep_marker, d);
    sim_marks_begin(&d->marks);
    enum nx_status begun = dsb_node_init(&d->node, sim_device_now(d), &config, NULL);
    NX_CHECK(begun == NX_OK);
}

static void begin_network(struct sim_device *d)
{
    const struct dsb_connections_config config = {
        .node = &d->node,
        .net = d->net,
        .own = &d->credentials,
        .rng = nx_prng_as_rng(&d->entropy),
        .places = d->places,
        .cap = SIM_PLACES,
    };
    const struct dsb_beacons_config beacons = {.node = &d->node,
                                               .net = d->net,
                                               .identity = &d->identity,
                                               .seed = nx_prng_next(&d->entropy)};
    const uint32_t interface_index = d->world->net.interface_index;
    struct nx_address local;

    dsb_connections_init(&d->connections, &config);
    enum nx_status listens = dsb_connections_listen(&d->connections, &d->address, &local, NULL);
    NX_CHECK(listens == NX_OK);
    dsb_beacons_init(&d->beacons, &beacons);
    enum nx_status chosen =
        dsb_beacons_set_interfaces(&d->beacons, sim_device_now(d), &interface_index, 1);
    NX_CHECK(chosen == NX_OK);
}

/* What is damaged is said by the node's own marker, and is the oracles' to judge. */
static void load(struct sim_device *d)
{
    uint8_t *bytes = d->world->value;
    struct nx_writer value = nx_writer_over(bytes, NX_STORE_VALUE_MAX);
    enum nx_status loaded = nx_store_memory_load(&d->disk.held, DSB_V1_LIST_KEY, &value);

    (void)!dsb_node_load_v1(&d->node, loaded, nx_writer_bytes(&value));
    value = nx_writer_over(bytes, NX_STORE_VALUE_MAX);
    loaded = nx_store_memory_load(&d->disk.held, DSB_REGISTRY_KEY, &value);
    (void)!dsb_node_start(&d->node, sim_device_now(d), loaded, nx_writer_bytes(&value));
}

void sim_device_on(struct sim_device *d)
{
    if (d->state != SIM_DEVICE_OFF)
        return;
    sim_device_say(d, "on", "");
    d->boot_count++;
    sim_oracle_disk(d->world, d);
    fake_host_back(d->host);
    if (!count_boot(d)) {
        sim_device_say(d, "power", "went while it counted its boots");
        sim_disk_restart(&d->disk);
        d->host->is_back = false;
        sim_faults_turn_on_later(d->world, d);
        return;
    }
    begin_node(d);
    begin_network(d);
    load(d);
    d->state = SIM_DEVICE_ON;
    d->is_touched = true;
    sim_oracle_on(d->world, d);
}

/* ---- off ------------------------------------------------------------------------------------- */

static void go_off(struct sim_device *d)
{
    struct sim_world *w = d->world;

    dsb_beacons_close(&d->beacons);
    dsb_connections_close(&d->connections, sim_device_now(d));
    dsb_node_wipe(&d->node);
    sim_disk_restart(&d->disk);
    d->state = SIM_DEVICE_OFF;
    d->was_cut = false;
    sim_flows_off(w, d);
    sim_calls_off(w, d);
    sim_hostile_off(w, d);
    sim_oracle_is_back(w, d);
    sim_oracle_off(w, d);
}

void sim_device_crash(struct sim_device *d)
{
    if (d->state == SIM_DEVICE_OFF)
        return;
    sim_device_say(d, "crash", "");
    fake_host_cut(d->host);
    d->host->is_back = false;
    go_off(d);
}

void sim_device_stop(struct sim_device *d)
{
    if (d->state != SIM_DEVICE_ON)
        return;
    sim_device_say(d, "stop", "");
    d->state = SIM_DEVICE_ENDING;
    d->end_at = nx_instant_after(sim_device_now(d), nx_seconds(SIM_STOP_S));
    dsb_connections_shut_down(&d->connections, sim_device_now(d));
    dsb_node_shutdown(&d->node, sim_device_now(d));
    d->is_touched = true;
}

static bool is_over(const struct sim_device *d, struct nx_instant now)
{
    return d->state == SIM_DEVICE_ENDING &&
           (nx_instant_reached(d->end_at, now) ||
            (dsb_node_is_idle(&d->node) && dsb_connections_open_count(&d->connections) == 0));
}

/* ---- turns ----------------------------------------------------------------------------------- */

static bool take_input(struct sim_device *d)
{
    struct nx_net_event event;
    bool moved = false;

    while (nx_net_event(&d->net, &event)) {
        if (!dsb_beacons_input(&d->beacons, &event) &&
            !dsb_connections_input(&d->connections, &event))
            sim_world_fail(d->world, "an event of the network that nobody waits for");
        moved = true;
    }
    return moved;
}

/* What the node has for its owner. True: something. */
static bool take_news(struct sim_device *d, struct nx_instant now)
{
    struct dsb_node_event event;
    bool moved = false;

    while (dsb_node_event(&d->node, now, &event)) {
        dsb_connections_news(&d->connections, now, &event);
        sim_oracle_news(d->world, d, &event);
        if (!sim_calls_news(d->world, d, &event) && !sim_hostile_news(d->world, d, &event))
            sim_flows_news(d->world, d, &event);
        moved = true;
    }
    return moved;
}

static void take_connection_events(struct sim_device *d)
{
    struct dsb_connections_event event;

    while (dsb_connections_event(&d->connections, &event))
        sim_oracle_connection(d->world, d, &event);
}

static bool store(struct sim_device *d, struct nx_instant now)
{
    enum sim_disk_answer answer = sim_disk_work(&d->disk, now, dsb_node_store(&d->node));

    if (answer == SIM_DISK_IDLE)
        return false;
    if (answer == SIM_DISK_CUT)
        d->was_cut = true;
    else
        dsb_node_stored(&d->node, now);
    return true;
}

static bool is_due(struct sim_device *d, struct nx_instant now)
{
    bool is_due = d->is_touched;

    is_due |= fake_host_has_event(d->host) && take_input(d);
    is_due |= store(d, now);
    if (nx_instant_reached(dsb_node_deadline(&d->node), now)) {
        dsb_node_tick(&d->node, now);
        is_due = true;
    }
    return is_due || nx_instant_reached(dsb_connections_deadline(&d->connections), now) ||
           nx_instant_reached(dsb_beacons_deadline(&d->beacons), now) ||
           nx_instant_reached(sim_calls_deadline(d->world, d), now) ||
           nx_instant_reached(sim_flows_deadline(d->world, d), d->world->now) || is_over(d, now);
}

bool sim_device_turn(struct sim_device *d)
{
    struct nx_instant now = sim_device_now(d);

    if (d->state == SIM_DEVICE_OFF || !is_due(d, now))
        return false;
    sim_trace_mix(&d->world->trace, d->world->now.ns, d->index);
    (void)take_news(d, now);
    dsb_beacons_work(&d->beacons, now);
    dsb_connections_work(&d->connections, now);
    d->is_touched = take_news(d, now); /* what was done about it goes out in another turn */
    take_connection_events(d);
    d->is_touched |= sim_flows_work(d->world, d);
    d->is_touched |= sim_calls_work(d->world, d);
    d->is_touched |= sim_hostile_serve(d->world, d);
    sim_disk_look(&d->disk, now, dsb_node_store(&d->node));
    sim_oracle_turn(d->world, d);

    if (d->was_cut) {
        sim_device_crash(d);
        sim_faults_turn_on_later(d->world, d);
    } else if (is_over(d, now)) {
        sim_device_say(d, "off", "");
        go_off(d);
    }
    return true;
}

struct nx_instant sim_device_deadline(const struct sim_device *d)
{
    struct nx_instant next;

    if (d->state == SIM_DEVICE_OFF)
        return NX_NEVER;
    next =
        nx_instant_earlier(dsb_node_deadline(&d->node), dsb_connections_deadline(&d->connections));
    next = nx_instant_earlier(next, dsb_beacons_deadline(&d->beacons));
    next = nx_instant_earlier(next, sim_calls_deadline(d->world, d));
    next = nx_instant_earlier(next, sim_disk_deadline(&d->disk));
    if (d->state == SIM_DEVICE_ENDING)
        next = nx_instant_earlier(next, d->end_at);
    return nx_instant_earlier(sim_clock_world(&d->clock, next), sim_flows_deadline(d->world, d));
}

bool sim_device_is_paired(const struct sim_device *d, const struct sim_device *other)
{
    struct dsb_pairing_device keys;

    memcpy(keys.id, other->identity.id, sizeof(keys.id));
    memcpy(keys.ed25519, other->identity.ed25519, sizeof(keys.ed25519));
    memcpy(keys.noise_static, other->identity.noise_static, sizeof(keys.noise_static));
    return d->state != SIM_DEVICE_OFF && dsb_node_knows(&d->node, &keys) == NX_OK;
}
