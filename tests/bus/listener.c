#include "tests/bus/listener.h"

#include "core/base/hex.h"
#include "core/base/memory.h"
#include "core/base/text.h"
#include "core/crypto/crypto.h"
#include "tests/unit/unit.h"

#define LISTENER_INDEX 8

struct dsb_discovery listener;

static struct dsb_neighbour slots[LISTENER_SLOTS];
static uint32_t index_of[LISTENER_INDEX];
static struct nx_markers markers;
static char marker_lines[512];
static struct nx_text marker_text;

static void take_marker(void *owner, struct nx_bytes line)
{
    nx_text_add_bytes(owner, line);
    nx_text_add(owner, "\n");
}

struct nx_bytes device_id(uint8_t k)
{
    static char text[2][65];
    static size_t turn;
    uint8_t raw[32];

    turn = !turn;
    memset(raw, k, sizeof(raw));
    nx_hex_encode(nx_bytes_of(raw, sizeof(raw)), text[turn]);
    return nx_bytes_of(text[turn], 64);
}

struct nx_address device_host(uint8_t k)
{
    return nx_address_ipv4((const uint8_t[]){10, 0, 0, k}, 37020);
}

struct dsb_beacon device_beacon(uint8_t k)
{
    struct dsb_beacon b = {.device_id = device_id(k), .port = 34567};

    memset(b.noise_static, k, sizeof(b.noise_static));
    return b;
}

struct dsb_discovery_config listener_config(enum dsb_discovery_mode mode)
{
    static struct nx_prng prng;
    struct dsb_discovery_config c = dsb_discovery_config_default();

    nx_prng_init(&prng, 1, "discovery test");
    c.mode = mode;
    c.beacon = device_beacon(LISTENER_SELF);
    c.jitter_ms = 0;
    c.rng = nx_prng_as_rng(&prng);
    c.markers = &markers;
    return c;
}

enum nx_status listener_init(const struct dsb_discovery_config *c, struct nx_why *why)
{
    NX_CHECK(dsb_neighbours_index_count(LISTENER_SLOTS) == LISTENER_INDEX);
    return dsb_discovery_init(&listener, at_s(0), c, slots, LISTENER_SLOTS, index_of, why);
}

void listener_start_with(const struct dsb_discovery_config *c)
{
    marker_text = nx_text_over(marker_lines, sizeof(marker_lines));
    nx_markers_init(&markers, take_marker, &marker_text);
    NX_CHECK(listener_init(c, NULL) == NX_OK);
}

void listener_start(void)
{
    struct dsb_discovery_config c = listener_config(DSB_DISCOVERY_MULTICAST);

    listener_start_with(&c);
}

enum nx_status listener_input(const struct dsb_beacon *b, uint64_t now_s, struct nx_address from)
{
    uint8_t datagram[DSB_BEACON_MAX];
    struct nx_writer w = nx_writer_over(datagram, sizeof(datagram));

    NX_CHECK(dsb_beacon_encode(b, &w, NULL) == NX_OK);
    return dsb_discovery_input(&listener, at_s(now_s), from, nx_writer_bytes(&w));
}

enum nx_status listener_hear(uint8_t k, uint64_t now_s)
{
    struct dsb_beacon b = device_beacon(k);

    return listener_input(&b, now_s, device_host(k));
}

void device_key(uint8_t k, uint8_t seed[32])
{
    memset(seed, k, 32);
}

void device_sign(struct dsb_beacon *b, uint8_t k, uint64_t sequence)
{
    uint8_t part[DSB_BEACON_MAX], message[DSB_BEACON_MESSAGE_MAX], seed[32];
    struct nx_writer w = nx_writer_over(part, sizeof(part));

    device_key(k, seed);
    b->has_trailer = true;
    b->sequence = sequence;
    if (b->ttl_s == 0)
        b->ttl_s = 60;
    NX_CHECK(dsb_beacon_encode_signed_part(b, &w, NULL) == NX_OK);
    nx_crypto_ed25519_sign(b->signature, dsb_beacon_message(nx_writer_bytes(&w), message), seed);
}

enum nx_status listener_hear_signed(uint8_t k, uint64_t now_s, uint64_t sequence,
                                    struct nx_address from)
{
    struct dsb_beacon b = device_beacon(k);

    device_sign(&b, k, sequence);
    return listener_input(&b, now_s, from);
}

enum nx_status listener_pin(uint8_t k, uint64_t now_s)
{
    struct dsb_discovery_pin p = {.id = device_id(k)};
    uint8_t seed[32];

    device_key(k, seed);
    memset(p.noise_static, k, sizeof(p.noise_static));
    nx_crypto_ed25519_public(p.ed25519_public, seed);
    return dsb_discovery_pin(&listener, at_s(now_s), &p);
}

const struct dsb_neighbour *listener_find(uint8_t k)
{
    return dsb_discovery_find(&listener, device_id(k));
}

bool listener_has(uint8_t k)
{
    return listener_find(k) != NULL && listener_find(k)->is_present;
}

void listener_expect_events(const char *want)
{
    static const char letters[] = {'S', 'C', 'G', 'K', 'M'};
    struct dsb_discovery_event event;
    char line[160];
    struct nx_text t = nx_text_over(line, sizeof(line));

    while (dsb_discovery_event(&listener, &event)) {
        nx_text_add_bytes(&t, nx_bytes_of(&letters[event.kind], 1));
        nx_text_add_bytes(&t, nx_bytes_of(event.id, event.id[0] == '\0' ? 0 : 2));
        nx_text_add(&t, " ");
    }
    EXPECT_TEXT(line, want);
}

void listener_expect_markers(const char *want)
{
    EXPECT_TEXT(marker_lines, want);
}
