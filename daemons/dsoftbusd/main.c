/* dsoftbusd: the engine's driver on a POSIX machine.
 *
 *     sockets -----.                                      .----- state folder
 *     clients ------+--> run: one turn after the other --+------ markers, a few lines
 *     signals -----'          of the engine               '----- deadline of the next turn
 *
 * Everything that can fail for good fails before the first turn. After it only a signal ends this
 * process; what a peer, a client or the network does is the engine's. */

/* What libuv's header needs, which c11 alone hides. */
#define _GNU_SOURCE

#include "daemons/dsoftbusd/engine.h"
#include "daemons/dsoftbusd/options.h"
#include "daemons/dsoftbusd/process.h"
#include "daemons/dsoftbusd/state.h"
#include "host/clock.h"
#include "host/entropy.h"
#include "host/ipc/seqpacket.h"
#include "host/net/sockets.h"
#include "host/sandbox/sandbox.h"
#include "host/service/activation.h"
#include "host/service/notify.h"

#include <signal.h>
#include <string.h>

enum {
    SHUT_DOWN_S = 5,
    ROUNDS_MAX = 4, /* of working and storing, in one turn */

    /* Descriptors that are no sockets of peers or clients: 15 that stay open, two of a file that is
     * being stored, one to ask for interfaces; and what came along from whoever started us. */
    OTHER_FILES = 24,
    SOCKETS_MIN = 8, /* two listeners, four for beacons, and two peers */
};

struct driver {
    struct dsoftbusd_options options;
    struct dsoftbusd_state state;
    struct nx_markers markers;
    struct nx_loop loop;
    struct nx_sockets sockets;
    struct nx_net net;
    struct nx_seqpacket clients;
    struct nx_activation activation; /* sockets that were there before us */
    struct nx_notify notify;

    struct dsb_credentials credentials;
    struct dsb_node node;
    struct dsb_connections connections;
    struct dsb_beacons beacons;
    struct dsoftbusd engine;

    struct nx_address listen[DSB_LISTENERS_MAX];
    uint32_t listen_count;
    struct nx_instant networks_at;                  /* when those of this machine are old */
    char said[DSB_BEACONS_SOCKETS][NX_WHY_MAX + 1]; /* of discovery, over each family */

    bool is_ending;
    bool is_over;
    struct nx_instant end_at;
};

static struct driver driver;

/* ---- beginning: the network ----------------------------------------------------------------- */

static uint32_t socket_count(uint32_t connections)
{
    /* A socket that was closed keeps its place for one turn of the loop; each family of beacons has
     * two at most. */
    return connections + DSB_GATE_PLACES_MAX + DSB_LISTENERS_MAX + 4 * DSB_BEACONS_SOCKETS;
}

/* Of `descriptors` how many are for sockets of peers, `wanted` at most. Files and clients have theirs
 * before any stranger: with few, clients have half of what files leave. */
static uint32_t socket_share(uint32_t wanted, uint32_t descriptors)
{
    uint32_t left = descriptors < OTHER_FILES ? 0 : descriptors - OTHER_FILES;
    uint32_t clients = left / 2 < NX_IPC_CLIENTS_MAX ? left / 2 : NX_IPC_CLIENTS_MAX;

    return left - clients < wanted ? left - clients : wanted;
}

/* 0, with a line said: too few. */
static uint32_t begin_descriptors(uint32_t sockets)
{
    uint32_t descriptors =
        dsoftbusd_process_want_descriptors(sockets + NX_IPC_CLIENTS_MAX + OTHER_FILES);
    uint32_t share = socket_share(sockets, descriptors);

    if (share >= SOCKETS_MIN)
        return share;
    dsoftbusd_process_log("may open %u files and sockets, which are too few; ulimit -n %u is the "
                          "least it works with",
                          descriptors, OTHER_FILES + 2 * SOCKETS_MIN);
    return 0;
}

static bool begin_network(struct driver *p)
{
    uint32_t connections = dsb_connections_count_max(&dsb_profile_host);
    uint32_t sockets = begin_descriptors(socket_count(connections));

    if (sockets == 0)
        return false;
    struct nx_socket *places = dsoftbusd_process_map(sockets * sizeof(*places));
    struct nx_handle_slot *slots = dsoftbusd_process_map(sockets * sizeof(*slots));
    struct dsb_connections_config config = {
        .node = &p->node,
        .own = &p->credentials,
        .rng = nx_entropy(),
        .places = dsoftbusd_process_map(connections * sizeof(*config.places)),
        .cap = connections,
    };

    if (places == NULL || slots == NULL || config.places == NULL) {
        dsoftbusd_process_log("not enough memory for %u connections", connections);
        return false;
    }
    nx_sockets_init(&p->sockets, &p->loop, places, slots, sockets);
    p->net = nx_sockets_as_net(&p->sockets);
    config.net = p->net;
    dsb_credentials_init(&p->credentials, p->state.identity.identity);
    dsb_connections_init(&p->connections, &config);
    return true;
}

static const char *listen_advice(enum nx_net_failure failure)
{
    if (failure == NX_NET_IN_USE)
        return "; is another dsoftbusd there? Choose another port with --listen; 0 is a free one";
    if (failure == NX_NET_NOT_OURS)
        return "; name one of this machine's addresses";
    if (failure == NX_NET_NOT_PERMITTED)
        return "; choose a port from 1024 on";
    return "";
}

/* Where nobody chose, a machine without one of the families is as good as any. */
static bool may_be_missing(const struct driver *p, enum nx_net_failure failure)
{
    return p->options.is_listen_default &&
           (failure == NX_NET_NOT_POSSIBLE || failure == NX_NET_NOT_OURS);
}

/* The last one that was listened at is one more. */
static void say_listening(struct driver *p)
{
    char text[NX_ADDRESS_TEXT_CAP];

    nx_address_print(&p->listen[p->listen_count++], text);
    dsoftbusd_process_log("listens at %s", text);
}

static bool listen_at(struct driver *p, const struct nx_address *address)
{
    struct nx_net_fault fault = {.failure = NX_NET_FAILURE_NONE};
    struct nx_address *local = &p->listen[p->listen_count];

    if (dsb_connections_listen(&p->connections, address, local, &fault) != NX_OK) {
        if (may_be_missing(p, fault.failure))
            return true;
        dsoftbusd_process_log("--listen: %s%s", fault.why.text, listen_advice(fault.failure));
        return false;
    }
    say_listening(p);
    return true;
}

/* At the sockets that were opened for us. */
static bool listen_where_told(struct driver *p)
{
    for (uint32_t i = 0; i < p->activation.listener_count; i++) {
        struct nx_handle listener;
        enum nx_status status =
            nx_sockets_adopt(&p->sockets, p->activation.listeners[i], &listener);

        if (status == NX_OK)
            status =
                dsb_connections_listen_on(&p->connections, listener, &p->listen[p->listen_count]);
        if (status != NX_OK) {
            dsoftbusd_process_log("LISTEN_FDS: %s", nx_status_text(status));
            return false;
        }
        say_listening(p);
    }
    return true;
}

static bool begin_listening(struct driver *p)
{
    bool is_told = p->activation.listener_count > 0;

    if (p->activation.listener_count +
            (p->options.is_listen_default ? 0 : p->options.listen_count) >
        DSB_LISTENERS_MAX) {
        dsoftbusd_process_log("LISTEN_FDS and --listen together are more than %u; leave one out",
                              DSB_LISTENERS_MAX);
        return false;
    }
    if (!listen_where_told(p))
        return false;
    /* Where sockets were opened for us and nobody named others, they are all. */
    for (uint32_t i = 0; i < p->options.listen_count && !(is_told && p->options.is_listen_default);
         i++) {
        if (!listen_at(p, &p->options.listen[i]))
            return false;
    }
    if (p->listen_count == 0)
        dsoftbusd_process_log(
            "this machine has neither IPv4 nor IPv6; name an address with --listen");
    return p->listen_count > 0;
}

/* ---- beginning: the node -------------------------------------------------------------------- */

static void configure_discovery(const struct driver *p, struct dsb_discovery_config *discovery)
{
    *discovery = dsb_discovery_config_default();
    discovery->mode = p->options.discovery;
    discovery->unicast = p->options.peers;
    discovery->unicast_count = p->options.peer_count;
    discovery->beacon.port = p->listen[0].port;
    dsb_boot_sign(&p->state.boot, &discovery->beacon);
    if (!discovery->beacon.has_trailer)
        return;
    discovery->beacon.name = nx_bytes_of_text(p->options.name);
    discovery->beacon.ttl_s = DSB_DISCOVERY_TTL_S;
}

static bool begin_node(struct driver *p, struct nx_instant now)
{
    const struct dsb_identity *identity = p->state.identity.identity;
    struct nx_why why = {.text = ""};
    struct dsb_node_config config = {
        .profile = &dsb_profile_host,
        .world = DSB_WORLD_NET,
        .id_text = identity->id_text,
        .rng = nx_entropy(),
        .markers = &p->markers,
        .memory_size = dsb_node_memory_size(&dsb_profile_host),
    };

    config.memory = dsoftbusd_process_map(config.memory_size);
    if (config.memory == NULL) {
        dsoftbusd_process_log("cannot reserve %llu MiB of address space, of which it uses little; "
                              "ulimit -v raises that",
                              (unsigned long long)(config.memory_size >> 20));
        return false;
    }
    memcpy(config.device.id, identity->id, sizeof(config.device.id));
    memcpy(config.device.ed25519, identity->ed25519, sizeof(config.device.ed25519));
    memcpy(config.device.noise_static, identity->noise_static, sizeof(config.device.noise_static));
    configure_discovery(p, &config.discovery);
    nx_markers_init(&p->markers, p->options.prints_markers ? dsoftbusd_process_marker : NULL, NULL);
    if (dsb_node_init(&p->node, now, &config, &why) == NX_OK)
        return true;
    dsoftbusd_process_log("the node does not start: %s", why.text);
    return false;
}

static void allow_v1(struct driver *p)
{
    for (uint32_t i = 0; i < p->options.v1_count; i++) {
        enum nx_status status = dsb_node_allow_v1(&p->node, p->options.v1[i]);

        if (status == NX_E_IDENTITY)
            dsoftbusd_process_log("--allow-v1 %s: not served as version 1, since it is or was "
                                  "paired, or proved more than that version does; leave it out",
                                  p->options.v1[i]);
        else if (status != NX_OK)
            dsoftbusd_process_log("--allow-v1 %s: %s; leave it out", p->options.v1[i],
                                  nx_status_text(status));
    }
}

/* Where the port that beacons name is listened to over this family. Of several addresses the system
 * picks one, as if it were any. */
static struct dsb_beacons_from beacons_from(const struct driver *p, enum nx_address_family family)
{
    static const uint8_t any[16] = {0};
    struct dsb_beacons_from from = {.is_mute = true};

    for (uint32_t i = 0; i < p->listen_count; i++) {
        const struct nx_address *at = &p->listen[i];

        if (at->family != family || at->port != p->listen[0].port)
            continue;
        bool is_one = from.is_mute && memcmp(at->bytes, any, sizeof(any)) != 0;
        from = (struct dsb_beacons_from){.is_mute = false};
        if (is_one)
            from.address = *at;
    }
    return from;
}

static void begin_discovery(struct driver *p)
{
    struct dsb_beacons_config config = {
        .node = &p->node,
        .net = p->net,
        .identity = p->state.identity.identity,
        .from = {beacons_from(p, NX_ADDRESS_IPV4), beacons_from(p, NX_ADDRESS_IPV6)},
    };
    struct nx_rng rng = nx_entropy();
    bool is_of_chosen = p->options.discovery == DSB_DISCOVERY_QUIET ||
                        p->options.discovery == DSB_DISCOVERY_MULTICAST;

    (void)!nx_rng_fill(&rng, (uint8_t *)&config.seed, sizeof(config.seed)); /* no secret */
    if (nx_interface_loopback(&config.loopback_index) != NX_OK)
        config.loopback_index = 0;
    dsb_beacons_init(&p->beacons, &config);
    if (is_of_chosen && p->options.interfaces.name_count == 0)
        dsoftbusd_process_log("discovery has no interface: choose one with --iface, or devices are "
                              "found by --peer alone");
}

/* Where nx looks by itself, if that is not where the socket lies that was opened for us. */
static bool begin_given_clients(struct driver *p)
{
    struct nx_why why = {.text = ""};
    char path[NX_IPC_PATH_MAX + 1];

    if (nx_ipc_path(p->options.state, "dsoftbusd", path, &why) != NX_OK ||
        strcmp(path, p->activation.clients_path) != 0)
        dsoftbusd_process_log("LISTEN_FDS: the socket for clients is %s; nx looks for it in the "
                              "folder run of --state",
                              p->activation.clients_path);
    if (nx_seqpacket_open_on(&p->clients, &p->loop, p->activation.clients, &why) == NX_OK)
        return true;
    dsoftbusd_process_log("LISTEN_FDS: %s", why.text);
    return false;
}

/* The socket for clients is there when the node says that it is ready. */
static bool begin_clients(struct driver *p)
{
    struct nx_why why = {.text = ""};

    if (p->activation.clients >= 0)
        return begin_given_clients(p);
    if (nx_seqpacket_open(&p->clients, &p->loop, p->options.state, "dsoftbusd", &why) == NX_OK)
        return true;
    dsoftbusd_process_log("--state %s: %s", p->options.state, why.text);
    return false;
}

static void begin_engine(struct driver *p, struct nx_instant now)
{
    struct dsoftbusd_config config = {
        .node = &p->node,
        .connections = &p->connections,
        .beacons = p->options.discovery == DSB_DISCOVERY_OFF ? NULL : &p->beacons,
        .ipc = nx_seqpacket_as_ipc(&p->clients),
        .version = DSOFTBUSD_VERSION,
        .name = p->options.name,
        .listen_count = p->listen_count,
    };

    memcpy(config.listen, p->listen, sizeof(config.listen));
    dsoftbusd_init(&p->engine, now, &config);
}

/* ---- beginning and ending ------------------------------------------------------------------- */

static bool begin_loop(struct driver *p)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
    enum nx_status status = nx_loop_init(&p->loop);

    if (status != NX_OK) {
        dsoftbusd_process_log("the loop does not start: %s", nx_status_text(status));
        return false;
    }
    for (size_t i = 0; status == NX_OK && i < NX_COUNT_OF(signals); i++)
        status = nx_loop_watch(&p->loop, signals[i]);
    if (status == NX_OK)
        return true;
    dsoftbusd_process_log("signals cannot be watched: %s", nx_status_text(status));
    nx_loop_wipe(&p->loop);
    return false;
}

/* From the folder outwards; what a step began is taken back when a later one fails. */
static bool begin_on_loop(struct driver *p, struct nx_instant now)
{
    if (!begin_network(p))
        return false;
    if (begin_listening(p) && begin_node(p, now)) {
        if (begin_clients(p))
            return true;
        dsb_node_wipe(&p->node);
    }
    nx_sockets_wipe(&p->sockets);
    return false;
}

static bool begin(struct driver *p, struct nx_instant now)
{
    if (!dsoftbusd_state_open(&p->state, p->options.state))
        return false;
    if (begin_loop(p)) {
        if (begin_on_loop(p, now))
            return true;
        nx_loop_wipe(&p->loop);
    }
    dsoftbusd_state_close(&p->state);
    return false;
}

static void go_up(struct driver *p, struct nx_instant now)
{
    begin_discovery(p);
    begin_engine(p, now);
    dsoftbusd_state_start(&p->state, now, &p->node);
    allow_v1(p);
}

/* From here on it only turns. */
static void close_in(struct driver *p)
{
    struct nx_why why = {.text = ""};

    if (nx_sandbox_enter(&why) != NX_OK)
        dsoftbusd_process_log("runs without its filter of system calls: %s", why.text);
    nx_notify_say(&p->notify, "READY=1");
}

static void end(struct driver *p, struct nx_instant now)
{
    dsoftbusd_wipe(&p->engine);
    nx_seqpacket_close(&p->clients);
    dsb_beacons_close(&p->beacons);
    dsb_connections_close(&p->connections, now);
    nx_sockets_wipe(&p->sockets);
    dsb_node_wipe(&p->node);
    nx_loop_wipe(&p->loop);
    dsoftbusd_state_close(&p->state);
    nx_notify_close(&p->notify);
}

/* ---- signals -------------------------------------------------------------------------------- */

static void reload(struct driver *p, struct nx_instant now)
{
    p->options.interfaces.look_at = (struct nx_instant){0};
    dsb_beacons_reopen(&p->beacons);
    dsb_node_announce(&p->node, now);
}

static void shut_down(struct driver *p, struct nx_instant now)
{
    p->is_over = p->is_ending; /* asked twice: at once */
    if (p->is_ending)
        return;
    p->is_ending = true;
    p->end_at = nx_instant_after(now, nx_seconds(SHUT_DOWN_S));
    nx_notify_say(&p->notify, "STOPPING=1");
    dsoftbusd_shut_down(&p->engine, now);
}

static void take_signals(struct driver *p, struct nx_instant now)
{
    int signal;

    while (nx_loop_signal(&p->loop, &signal)) {
        if (signal == SIGHUP)
            reload(p, now);
        else
            shut_down(p, now);
    }
}

/* ---- turns ---------------------------------------------------------------------------------- */

/* Said when it is another sentence than the last one, so that a failure that stays is said once. */
static void tell_of_discovery(struct driver *p)
{
    static const enum nx_address_family families[DSB_BEACONS_SOCKETS] = {NX_ADDRESS_IPV4,
                                                                         NX_ADDRESS_IPV6};

    for (size_t i = 0; i < DSB_BEACONS_SOCKETS; i++) {
        const char *why = dsb_beacons_why(&p->beacons, families[i])->text;

        if (why[0] == '\0' || strcmp(why, p->said[i]) == 0)
            continue;
        memcpy(p->said[i], why, strlen(why) + 1);
        dsoftbusd_process_log("discovery over IPv%d: %s; it is tried again", (int)families[i], why);
    }
}

static void look_at_interfaces(struct driver *p, struct nx_instant now)
{
    struct nx_interface_watch *watch = &p->options.interfaces;

    if (nx_interface_watch_tick(watch, now))
        (void)!dsb_beacons_set_interfaces(&p->beacons, now, watch->up,
                                          watch->up_count); /* each once, and no more than fit */
}

/* Nobody is woken for it: they matter when a beacon has come. Without an answer of the system they stay
 * what they were. */
static void look_at_networks(struct driver *p, struct nx_instant now)
{
    struct dsb_network list[DSB_NETWORKS_MAX];
    size_t count;

    if (p->options.discovery == DSB_DISCOVERY_OFF || !nx_instant_reached(p->networks_at, now))
        return;
    p->networks_at = nx_instant_after(now, nx_seconds(NX_INTERFACE_LOOK_S));
    if (nx_interface_networks(list, NX_COUNT_OF(list), &count) == NX_OK)
        dsb_discovery_set_networks(&p->node.discovery, list, count);
}

static void copy_name(char to[NX_INTERFACE_NAME_CAP], const char *name)
{
    if (to[0] == '\0') /* the first of its sort */
        memcpy(to, name, strlen(name) + 1);
}

static bool has_address(uint32_t index, const struct nx_interface_address *addresses,
                        uint32_t count)
{
    uint32_t i = 0;

    while (i < count && addresses[i].interface_index != index)
        i++;
    return i < count;
}

/* What the engine's doctor is told of the interfaces that were chosen. */
static void look_at_chosen(const struct nx_interface_watch *watch,
                           const struct nx_interface_address *addresses, uint32_t count,
                           struct dsoftbusd_machine *machine)
{
    for (uint32_t i = 0; i < watch->name_count; i++) {
        const char *name = watch->names[i];
        enum nx_interface_state state = nx_interface_look(name);
        uint32_t index = 0;

        if (state == NX_INTERFACE_MISSING || nx_interface_find(name, &index) != NX_OK)
            copy_name(machine->missing, name);
        else if (state == NX_INTERFACE_DOWN)
            copy_name(machine->down, name);
        else if (!has_address(index, addresses, count))
            copy_name(machine->bare, name);
    }
}

static void look_at_machine(struct driver *p, struct nx_instant now)
{
    struct dsoftbusd_machine machine = {.chosen_count = p->options.interfaces.name_count};
    struct nx_interface_address addresses[DSB_EVIDENCE_SUBNETS_MAX];
    uint32_t loopback;

    if (!dsoftbusd_wants_machine(&p->engine))
        return;
    machine.has_loopback = nx_interface_loopback(&loopback) == NX_OK;
    machine.subnet_count = nx_interface_addresses(addresses, DSB_EVIDENCE_SUBNETS_MAX);
    for (uint32_t i = 0; i < machine.subnet_count; i++)
        machine.subnets[i] =
            (struct dsb_evidence_subnet){addresses[i].address, addresses[i].prefix_len};
    look_at_chosen(&p->options.interfaces, addresses, machine.subnet_count, &machine);
    dsoftbusd_set_machine(&p->engine, now, &machine);
}

/* What is stored lets work go on, which may want something stored. True: it still does. */
static bool work(struct driver *p, struct nx_instant now)
{
    for (int round = 0; round < ROUNDS_MAX; round++) {
        dsoftbusd_work(&p->engine, now);
        if (!dsoftbusd_state_store(&p->state, now, &p->node))
            return false;
    }
    return true;
}

static struct nx_instant turn(struct driver *p, struct nx_instant now)
{
    struct nx_net_event event;

    nx_notify_turn(&p->notify, now);
    take_signals(p, now);
    nx_sockets_tick(&p->sockets, now);
    nx_seqpacket_tick(&p->clients, now);
    look_at_interfaces(p, now);
    look_at_networks(p, now);
    while (nx_net_event(&p->net, &event))
        dsoftbusd_input(&p->engine, &event);
    bool has_more = work(p, now);
    look_at_machine(p, now);
    tell_of_discovery(p);
    if (p->is_ending)
        p->is_over =
            p->is_over || dsoftbusd_is_idle(&p->engine) || nx_instant_reached(p->end_at, now);

    if (has_more || p->is_over)
        return (struct nx_instant){0};
    struct nx_instant until = dsoftbusd_deadline(&p->engine);
    until = nx_instant_earlier(until, nx_sockets_deadline(&p->sockets));
    until = nx_instant_earlier(until, nx_seqpacket_deadline(&p->clients));
    until = nx_instant_earlier(until, nx_interface_watch_deadline(&p->options.interfaces));
    until = nx_instant_earlier(until, nx_notify_deadline(&p->notify));
    return p->is_ending ? nx_instant_earlier(until, p->end_at) : until;
}

static void run(struct driver *p)
{
    while (!p->is_over)
        nx_loop_wait(&p->loop, turn(p, nx_clock_now()));
}

/* Before anything else is opened. */
static bool take_given(struct driver *p)
{
    struct nx_why why = {.text = ""};

    if (nx_activation_take(&p->activation, &why) == NX_OK)
        return true;
    dsoftbusd_process_log("%s", why.text);
    return false;
}

int main(int argc, char **argv)
{
    struct driver *p = &driver;
    enum dsoftbusd_exit code;

    if (!dsoftbusd_options_read(&p->options, argc, argv, &code))
        return (int)code;
    if (!take_given(p) || !dsoftbusd_process_harden())
        return DSOFTBUSD_EXIT_FAILED;
    if (nx_crypto_init() != NX_OK) {
        dsoftbusd_process_log("the crypto libraries did not start");
        return DSOFTBUSD_EXIT_FAILED;
    }
    nx_notify_init(&p->notify, nx_clock_now());
    if (!begin(p, nx_clock_now()))
        return DSOFTBUSD_EXIT_FAILED;
    go_up(p, nx_clock_now());
    close_in(p);
    run(p);
    end(p, nx_clock_now());
    return DSOFTBUSD_EXIT_DONE;
}
