/* A node that only discovers, for tests/host/beacons_test.py: core/node's beacons over host/net.
 *
 *     beacon_probe SEED off|quiet|loopback|multicast [--iface NAME] [--peer ADDR[:PORT]] [--want N]
 *
 * It says "ready" when it listens, and announces five times a second. In the end it prints the devices
 * around ("found ID ADDRESS..."), what it sent and heard, and what is wrong, with either family. --want
 * N: it ends well once N devices are there, having let them hear it for a while, and badly when they
 * are not within twenty seconds. Without it, it runs for two. */

/* What libuv's header needs, which c11 alone hides. */
#define _GNU_SOURCE

#include "core/node/beacons.h"
#include "host/clock.h"
#include "host/entropy.h"
#include "host/net/interfaces.h"
#include "host/net/sockets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SOCKETS = 4,
    PATIENCE_S = 20,
    LINGER_MS = 1000,
    RUN_MS = 2000,
};

static struct {
    struct nx_loop loop;
    struct nx_sockets sockets;
    struct nx_socket places[SOCKETS];
    struct nx_handle_slot slots[SOCKETS];
    struct nx_interface_watch watch;
    struct dsb_identity identity;
    struct dsb_node node;
    struct dsb_beacons beacons;
    struct nx_address unicast[DSB_DISCOVERY_UNICAST_MAX];
    size_t unicast_count;
    enum dsb_discovery_mode mode;
    uint32_t want;
    void *memory;
} probe;

static void need(bool holds, const char *what)
{
    if (holds)
        return;
    (void)fprintf(stderr, "beacon_probe: %s\n", what);
    exit(2);
}

/* ---- beginning ----------------------------------------------------------------------------- */

static uint8_t number_of(const char *text)
{
    char *end;
    long number = strtol(text, &end, 10);

    need(*text != '\0' && *end == '\0' && number >= 0 && number <= UINT8_MAX, "no such number");
    return (uint8_t)number;
}

static enum dsb_discovery_mode mode_of(const char *text)
{
    static const char *const modes[] = {"off", "quiet", "loopback", "multicast"};

    for (size_t i = 0; i < NX_COUNT_OF(modes); i++) {
        if (strcmp(text, modes[i]) == 0)
            return (enum dsb_discovery_mode)i;
    }
    need(false, "no such mode");
    return DSB_DISCOVERY_OFF;
}

static void read_arguments(int argc, char **argv)
{
    uint8_t seed[NX_ED25519_SEED_LEN];

    need(argc >= 3 && argc % 2 == 1, "SEED MODE, and options in pairs");
    memset(seed, number_of(argv[1]), sizeof(seed));
    dsb_identity_init(&probe.identity, seed);
    probe.mode = mode_of(argv[2]);
    nx_interface_watch_init(&probe.watch);
    for (int i = 3; i < argc; i += 2) {
        const char *value = argv[i + 1];

        if (strcmp(argv[i], "--iface") == 0) {
            need(nx_interface_watch_add(&probe.watch, value) == NX_OK, "no interface's name");
        } else if (strcmp(argv[i], "--peer") == 0) {
            need(probe.unicast_count < DSB_DISCOVERY_UNICAST_MAX &&
                     nx_address_parse(nx_bytes_of_text(value), DSB_DISCOVERY_PORT,
                                      &probe.unicast[probe.unicast_count++], NULL) == NX_OK,
                 "no address");
        } else {
            need(strcmp(argv[i], "--want") == 0, "no such option");
            probe.want = number_of(value);
        }
    }
}

static void begin(struct nx_instant now)
{
    struct dsb_node_config config = {
        .profile = &dsb_profile_board,
        .world = DSB_WORLD_NET,
        .id_text = probe.identity.id_text,
        .discovery = dsb_discovery_config_default(),
        .rng = nx_entropy(),
        .memory_size = dsb_node_memory_size(&dsb_profile_board),
    };
    struct dsb_beacons_config beacons = {
        .node = &probe.node, .identity = &probe.identity, .seed = now.ns};
    struct nx_why why;

    memcpy(config.device.id, probe.identity.id, sizeof(config.device.id));
    memcpy(config.device.ed25519, probe.identity.ed25519, sizeof(config.device.ed25519));
    memcpy(config.device.noise_static, probe.identity.noise_static,
           sizeof(config.device.noise_static));
    config.discovery.mode = probe.mode;
    config.discovery.interval_ms = 200;
    config.discovery.jitter_ms = 50;
    config.discovery.unicast = probe.unicast;
    config.discovery.unicast_count = probe.unicast_count;
    config.discovery.beacon.port = 34567;
    config.discovery.beacon.has_trailer = true;
    config.discovery.beacon.sequence = (uint64_t)1 << 32;
    config.discovery.beacon.ttl_s = 60;

    probe.memory = aligned_alloc(16, (config.memory_size + 15) / 16 * 16);
    need(probe.memory != NULL, "no memory");
    config.memory = probe.memory;
    need(dsb_node_init(&probe.node, now, &config, &why) == NX_OK, "no node");
    need(dsb_node_start(&probe.node, now, NX_E_NOT_FOUND, nx_bytes_of(NULL, 0)) == NX_OK,
         "no registry");
    need(nx_loop_init(&probe.loop) == NX_OK, "no loop");
    nx_sockets_init(&probe.sockets, &probe.loop, probe.places, probe.slots, SOCKETS);
    beacons.net = nx_sockets_as_net(&probe.sockets);
    (void)!nx_interface_loopback(&beacons.loopback_index);
    dsb_beacons_init(&probe.beacons, &beacons);
}

/* ---- turns --------------------------------------------------------------------------------- */

static void turn(struct nx_instant now)
{
    struct nx_net net = nx_sockets_as_net(&probe.sockets);
    struct nx_net_event news;
    struct dsb_node_event event;

    nx_sockets_tick(&probe.sockets, now);
    if (nx_interface_watch_tick(&probe.watch, now))
        need(dsb_beacons_set_interfaces(&probe.beacons, now, probe.watch.up,
                                        probe.watch.up_count) == NX_OK,
             "the interfaces are no good");
    while (nx_net_event(&net, &news))
        (void)dsb_beacons_input(&probe.beacons, &news);
    dsb_node_tick(&probe.node, now);
    dsb_beacons_work(&probe.beacons, now);
    while (dsb_node_event(&probe.node, now, &event)) {
    } /* the table says it all */
}

static void wait_until(struct nx_instant until)
{
    until = nx_instant_earlier(until, dsb_node_deadline(&probe.node));
    until = nx_instant_earlier(until, dsb_beacons_deadline(&probe.beacons));
    until = nx_instant_earlier(until, nx_interface_watch_deadline(&probe.watch));
    nx_loop_wait(&probe.loop, nx_instant_earlier(until, nx_sockets_deadline(&probe.sockets)));
}

static bool run(void)
{
    struct nx_instant now = nx_clock_now();
    struct nx_instant end =
        nx_instant_after(now, probe.want > 0 ? nx_seconds(PATIENCE_S) : nx_milliseconds(RUN_MS));
    bool is_content = probe.want == 0;

    begin(now);
    turn(now);
    (void)puts("ready");
    (void)fflush(stdout);
    for (; !nx_instant_reached(end, now); now = nx_clock_now()) {
        turn(now);
        if (!is_content && dsb_discovery_count(&probe.node.discovery) > probe.want) {
            is_content = true;
            end = nx_instant_after(now, nx_milliseconds(LINGER_MS));
        }
        wait_until(end);
    }
    return is_content;
}

/* ---- ending -------------------------------------------------------------------------------- */

static void print_found(void)
{
    const struct dsb_neighbour *around[8];
    char text[NX_ADDRESS_TEXT_CAP];
    size_t count = dsb_discovery_list(&probe.node.discovery, nx_clock_now(), nx_bytes_of(NULL, 0),
                                      around, NX_COUNT_OF(around));

    for (size_t i = 0; i < count; i++) {
        if (around[i]->is_self)
            continue;
        printf("found %s", around[i]->id);
        for (uint32_t k = 0; k < around[i]->candidate_count; k++) {
            nx_address_print(&around[i]->candidates[k].address, text);
            printf(" %s", text);
        }
        printf("\n");
    }
}

static void print_state(void)
{
    const struct dsb_beacons *b = &probe.beacons;

    printf("sent %llu unsent %llu received %llu\n", (unsigned long long)b->counts.sent,
           (unsigned long long)b->counts.unsent, (unsigned long long)b->counts.received);
    printf("IPv4: %s\n", dsb_beacons_why(b, NX_ADDRESS_IPV4)->text);
    printf("IPv6: %s\n", dsb_beacons_why(b, NX_ADDRESS_IPV6)->text);
}

static void end(void)
{
    dsb_beacons_close(&probe.beacons);
    nx_sockets_wipe(&probe.sockets);
    nx_loop_wipe(&probe.loop);
    dsb_node_wipe(&probe.node);
    dsb_identity_wipe(&probe.identity);
    free(probe.memory);
}

int main(int argc, char **argv)
{
    need(nx_crypto_init() == NX_OK, "no crypto");
    read_arguments(argc, argv);

    bool is_content = run();
    print_found();
    print_state();
    end();
    return is_content ? 0 : 1;
}
