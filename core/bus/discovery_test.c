#include "core/bus/discovery.h"

#include "core/base/hex.h"
#include "core/base/memory.h"
#include "core/base/text.h"
#include "core/crypto/crypto.h"
#include "tests/unit/unit.h"

#define SLOTS   4
#define ENTRIES 8

/* One machine, its memory, and what it said. */
static struct dsb_neighbour slots[SLOTS];
static uint32_t index_of[ENTRIES];
static struct dsb_discovery d;
static struct nx_markers markers;
static char marker_lines[512];
static struct nx_text marker_text;

static void take_marker(void *owner, struct nx_bytes line)
{
    nx_text_add_bytes(owner, line);
    nx_text_add(owner, "\n");
}

/* Device number k: an id of 64 hex digits in the order of k, a key, a static, an address. */
static struct nx_bytes id_of(uint8_t k)
{
    static char text[2][65];
    static size_t turn;
    uint8_t raw[32];

    turn = !turn;
    memset(raw, k, sizeof(raw));
    nx_hex_encode(nx_bytes_of(raw, sizeof(raw)), text[turn]);
    return nx_bytes_of(text[turn], 64);
}

static struct nx_address host(uint8_t k)
{
    return nx_address_ipv4((const uint8_t[]){10, 0, 0, k}, 37020);
}

static struct nx_instant at_s(uint64_t s)
{
    return (struct nx_instant){s * 1000000000u};
}

static struct dsb_beacon beacon_of(uint8_t k)
{
    struct dsb_beacon b = {.device_id = id_of(k), .port = 34567};

    memset(b.noise_static, k, sizeof(b.noise_static));
    return b;
}

#define SELF 0x50

static struct dsb_discovery_config config(enum dsb_discovery_mode mode)
{
    static struct nx_prng prng;
    struct dsb_discovery_config c = dsb_discovery_config_default();

    nx_prng_init(&prng, 1, "discovery test");
    c.mode = mode;
    c.beacon = beacon_of(SELF);
    c.jitter_ms = 0;
    c.rng = nx_prng_as_rng(&prng);
    c.markers = &markers;
    return c;
}

static void start_with(const struct dsb_discovery_config *c)
{
    marker_text = nx_text_over(marker_lines, sizeof(marker_lines));
    nx_markers_init(&markers, take_marker, &marker_text);
    NX_CHECK(dsb_neighbours_index_count(SLOTS) == ENTRIES);
    NX_CHECK(dsb_discovery_init(&d, at_s(0), c, slots, SLOTS, index_of, NULL) == NX_OK);
}

static void start(void)
{
    struct dsb_discovery_config c = config(DSB_DISCOVERY_MULTICAST);

    start_with(&c);
}

static enum nx_status send(const struct dsb_beacon *b, uint64_t now_s, struct nx_address from)
{
    uint8_t datagram[DSB_BEACON_MAX];
    struct nx_writer w = nx_writer_over(datagram, sizeof(datagram));

    NX_CHECK(dsb_beacon_encode(b, &w, NULL) == NX_OK);
    return dsb_discovery_input(&d, at_s(now_s), from, nx_writer_bytes(&w));
}

/* An unsigned beacon of device k from its own address. */
static enum nx_status hear(uint8_t k, uint64_t now_s)
{
    struct dsb_beacon b = beacon_of(k);

    return send(&b, now_s, host(k));
}

static void key_of(uint8_t k, uint8_t seed[32])
{
    memset(seed, k, 32);
}

/* Makes it a beacon signed by device k. */
static void sign(struct dsb_beacon *b, uint8_t k, uint64_t sequence)
{
    uint8_t part[DSB_BEACON_MAX], message[DSB_BEACON_MESSAGE_MAX], seed[32];
    struct nx_writer w = nx_writer_over(part, sizeof(part));

    key_of(k, seed);
    b->has_trailer = true;
    b->sequence = sequence;
    if (b->ttl_s == 0)
        b->ttl_s = 60;
    NX_CHECK(dsb_beacon_encode_signed_part(b, &w, NULL) == NX_OK);
    nx_crypto_ed25519_sign(b->signature, dsb_beacon_message(nx_writer_bytes(&w), message), seed);
}

static enum nx_status hear_signed(uint8_t k, uint64_t now_s, uint64_t sequence,
                                  struct nx_address from)
{
    struct dsb_beacon b = beacon_of(k);

    sign(&b, k, sequence);
    return send(&b, now_s, from);
}

static enum nx_status pin(uint8_t k, uint64_t now_s)
{
    struct dsb_discovery_pin p = {.id = id_of(k)};
    uint8_t seed[32];

    key_of(k, seed);
    memset(p.noise_static, k, sizeof(p.noise_static));
    nx_crypto_ed25519_public(p.ed25519_public, seed);
    return dsb_discovery_pin(&d, at_s(now_s), &p);
}

static const struct dsb_neighbour *find(uint8_t k)
{
    return dsb_discovery_find(&d, id_of(k));
}

static bool is_present(uint8_t k)
{
    return find(k) != NULL && find(k)->is_present;
}

/* The events since last asked: a letter each, and the device's number. */
static void expect_events(const char *want)
{
    static const char letters[] = {'S', 'C', 'G', 'K', 'M'};
    struct dsb_discovery_event event;
    char line[160];
    struct nx_text t = nx_text_over(line, sizeof(line));

    while (dsb_discovery_event(&d, &event)) {
        nx_text_add_bytes(&t, nx_bytes_of(&letters[event.kind], 1));
        nx_text_add_bytes(&t, nx_bytes_of(event.id, event.id[0] == '\0' ? 0 : 2));
        nx_text_add(&t, " ");
    }
    EXPECT_TEXT(line, want);
}

static void expect_markers(const char *want)
{
    EXPECT_TEXT(marker_lines, want);
}

/* ---- hearing strangers ---------------------------------------------------------------------- */

static void test_strangers(void)
{
    unit_row("at the start only self is there, and no marker says so");
    start();
    EXPECT_EQ(dsb_discovery_count(&d), 1);
    EXPECT(find(SELF) == &d.self && d.self.is_self);
    expect_markers("");
    expect_events("");

    unit_row("a beacon makes a device present, with what it says and where it came from");
    EXPECT_STATUS(hear(1, 3), NX_OK);
    NEED(find(1) != NULL);
    EXPECT_EQ(find(1)->last_seen.ns, at_s(3).ns);
    EXPECT_EQ(find(1)->noise_static[0], 1);
    EXPECT_EQ(find(1)->port, 34567);
    EXPECT_EQ(find(1)->candidate_count, 1);
    EXPECT_EQ(find(1)->candidates[0].address.port, 34567);
    EXPECT(!find(1)->candidates[0].is_authenticated && !find(1)->is_paired);
    expect_events("S01 ");
    expect_markers("dsoftbus: discovered n=2\n");

    unit_row("the same beacon again only moves last seen");
    EXPECT_STATUS(hear(1, 5), NX_OK);
    EXPECT_EQ(find(1)->last_seen.ns, at_s(5).ns);
    expect_events("");
    expect_markers("dsoftbus: discovered n=2\n");

    unit_row("another port or address is a change");
    struct dsb_beacon b = beacon_of(1);
    b.port = 34568;
    EXPECT_STATUS(send(&b, 6, host(1)), NX_OK);
    EXPECT_STATUS(send(&b, 6, host(2)), NX_OK);
    EXPECT_EQ(find(1)->candidate_count, 3);
    expect_events("C01 C01 ");

    unit_row("port 0 offers no session: no address to try");
    b = beacon_of(2);
    b.port = 0;
    EXPECT_STATUS(send(&b, 7, host(2)), NX_OK);
    EXPECT_EQ(find(2)->candidate_count, 0);
    expect_events("S02 ");

    unit_row("a stranger's static is not replaced: the first stays, the other is counted");
    b = beacon_of(1);
    b.noise_static[0] = 99;
    EXPECT_STATUS(send(&b, 8, host(1)), NX_E_EXISTS);
    EXPECT_STATUS(send(&b, 8, host(1)), NX_E_EXISTS);
    EXPECT_EQ(find(1)->noise_static[0], 1);
    EXPECT_EQ(find(1)->last_seen.ns, at_s(6).ns);
    EXPECT(find(1)->has_key_conflict);
    EXPECT_EQ(d.counts.key_conflicts, 2);
    expect_events("C01 ");

    unit_row("a stranger's TTL counts, and no beacon makes it shorter");
    start();
    b = beacon_of(3);
    sign(&b, 3, 1);
    b.ttl_s = 10;
    EXPECT_STATUS(send(&b, 0, host(3)), NX_OK);
    EXPECT_EQ(find(3)->expires_s, 10);
    b.ttl_s = 30;
    EXPECT_STATUS(send(&b, 0, host(3)), NX_OK);
    b.ttl_s = 1;
    EXPECT_STATUS(send(&b, 0, host(3)), NX_OK);
    EXPECT_EQ(find(3)->expires_s, 30);
}

static void test_own(void)
{
    unit_row("our own beacon is heard, counted, and makes nobody present");
    start();
    EXPECT_STATUS(hear(SELF, 0), NX_OK);
    EXPECT_EQ(d.counts.own, 1);
    EXPECT_EQ(dsb_discovery_count(&d), 1);
    expect_events("");
    expect_markers("");

    unit_row("our own id with another static is a conflict that we can see");
    struct dsb_beacon b = beacon_of(SELF);
    b.noise_static[31] ^= 1;
    EXPECT_STATUS(send(&b, 0, host(9)), NX_E_EXISTS);
    EXPECT(d.self.has_key_conflict);
    EXPECT_EQ(d.counts.key_conflicts, 1);
}

/* ---- refusing ------------------------------------------------------------------------------- */

static void test_refusals(void)
{
    struct dsb_beacon b = beacon_of(1);
    uint8_t longer[DSB_BEACON_MAX + 1] = {0};
    struct nx_writer w = nx_writer_over(longer, sizeof(longer));
    NX_CHECK(dsb_beacon_encode(&b, &w, NULL) == NX_OK);

    unit_row("a datagram of 256 bytes is looked at, one of 257 is not");
    start();
    EXPECT_STATUS(dsb_discovery_input(&d, at_s(0), host(1), nx_bytes_of(longer, 257)), NX_E_LIMIT);
    EXPECT_STATUS(dsb_discovery_input(&d, at_s(0), host(1), nx_bytes_of(longer, 256)), NX_OK);

    unit_row("what is no beacon changes nothing but a count");
    start();
    EXPECT_STATUS(dsb_discovery_input(&d, at_s(0), host(1), nx_bytes_of(longer, 20)),
                  NX_E_MALFORMED);
    EXPECT_STATUS(dsb_discovery_input(&d, at_s(0), host(1), nx_bytes_of(NULL, 0)), NX_E_MALFORMED);
    longer[4] = 2;
    EXPECT_STATUS(dsb_discovery_input(&d, at_s(0), host(1), nx_bytes_of(longer, 200)),
                  NX_E_VERSION);
    EXPECT_EQ(d.counts.refused, 3);
    EXPECT_EQ(d.neighbours.used_count, 0);

    unit_row("an id that is not 64 lower-case hex digits is refused on a network");
    b.device_id = nx_bytes_of_text("node9");
    EXPECT_STATUS(send(&b, 0, host(1)), NX_E_MALFORMED);
    char upper[64];
    memset(upper, 'A', sizeof(upper));
    b.device_id = nx_bytes_of(upper, sizeof(upper));
    EXPECT_STATUS(send(&b, 0, host(1)), NX_E_MALFORMED);

    unit_row("with text ids any name without spaces and controls will do");
    struct dsb_discovery_config c = config(DSB_DISCOVERY_LOOPBACK);
    c.has_text_ids = true;
    c.beacon.device_id = nx_bytes_of_text("self");
    start_with(&c);
    b.device_id = nx_bytes_of_text("peer-sim-01");
    EXPECT_STATUS(send(&b, 0, (struct nx_address){0}), NX_OK);
    b.device_id = nx_bytes_of_text("peer sim");
    EXPECT_STATUS(send(&b, 0, (struct nx_address){0}), NX_E_MALFORMED);
    b.device_id = nx_bytes_of_text("peer\x1b");
    EXPECT_STATUS(send(&b, 0, (struct nx_address){0}), NX_E_MALFORMED);
    b.device_id = nx_bytes_of_text("peer\x7f");
    EXPECT_STATUS(send(&b, 0, (struct nx_address){0}), NX_E_MALFORMED);
    expect_markers("dsoftbus: discovered n=2\n");

    unit_row("localSim lists self and its one peer, in the order of their ids");
    const struct dsb_neighbour *out[3];
    EXPECT_EQ(dsb_discovery_list(&d, at_s(7), nx_bytes_of(NULL, 0), out, 3), 2);
    EXPECT_TEXT(out[0]->id, "peer-sim-01");
    EXPECT_TEXT(out[1]->id, "self");
    EXPECT_EQ(out[0]->last_seen.ns, 0);
    EXPECT_EQ(out[1]->last_seen.ns, at_s(7).ns);
    EXPECT_EQ(out[0]->candidate_count, 0);

    unit_row("a list goes on behind a name, self or not");
    EXPECT_EQ(dsb_discovery_list(&d, at_s(7), nx_bytes_of_text("peer-sim-01"), out, 3), 1);
    EXPECT_TEXT(out[0]->id, "self");
    EXPECT_EQ(dsb_discovery_list(&d, at_s(7), nx_bytes_of_text("self"), out, 3), 0);

    unit_row("a paired peer without signature or address stays seen, and has no address to try");
    struct dsb_discovery_pin p = {.id = nx_bytes_of_text("peer-sim-01")};
    memset(p.noise_static, 1, sizeof(p.noise_static));
    EXPECT_STATUS(dsb_discovery_pin(&d, at_s(7), &p), NX_OK);
    b.device_id = nx_bytes_of_text("peer-sim-01");
    for (uint64_t now_s = 8; now_s < 100; now_s++)
        EXPECT_STATUS(send(&b, now_s, (struct nx_address){0}), NX_OK);
    EXPECT_STATUS(dsb_discovery_authenticated(&d, at_s(100), p.id, (struct nx_address){0}), NX_OK);
    EXPECT_EQ(dsb_discovery_list(&d, at_s(159), nx_bytes_of(NULL, 0), out, 3), 2);
    EXPECT_EQ(out[0]->last_seen.ns, at_s(100).ns);
    EXPECT_EQ(out[0]->candidate_count, 0);

    unit_row("off it hears nothing");
    c = config(DSB_DISCOVERY_OFF);
    start_with(&c);
    EXPECT_STATUS(hear(1, 0), NX_E_STATE);
    EXPECT_EQ(dsb_discovery_count(&d), 1);

    unit_row("on loopback it hears loopback alone");
    c = config(DSB_DISCOVERY_LOOPBACK);
    start_with(&c);
    b = beacon_of(1);
    EXPECT_STATUS(send(&b, 0, host(1)), NX_E_DENIED);
    EXPECT_STATUS(send(&b, 0, nx_address_ipv4((const uint8_t[]){127, 0, 0, 1}, 37020)), NX_OK);
}

/* ---- ageing and room ------------------------------------------------------------------------ */

static const struct {
    const char *name;
    uint64_t looked_ns;
    bool is_there;
} ages[] = {
    {"before its TTL it is listed", 60000000000u - 1, true},
    {"at its TTL exactly it is not listed", 60000000000u, false},
    {"after its TTL it is not listed", 60000000000u + 1, false},
};

static void test_ageing(void)
{
    const struct dsb_neighbour *out[SLOTS + 1];

    for (size_t i = 0; i < NX_COUNT_OF(ages); i++) {
        struct nx_instant looked = {ages[i].looked_ns};

        unit_row(ages[i].name);
        start();
        EXPECT_STATUS(hear(1, 0), NX_OK);
        EXPECT_EQ(dsb_discovery_list(&d, looked, nx_bytes_of(NULL, 0), out, SLOTS + 1),
                  ages[i].is_there ? 2 : 1);
        expect_events(ages[i].is_there ? "S01 " : "S01 G01 ");
    }

    unit_row("a crowd that ages out is one marker, and an event for each");
    start();
    for (uint8_t k = 1; k <= 3; k++)
        EXPECT_STATUS(hear(k, 0), NX_OK);
    dsb_discovery_tick(&d, at_s(60));
    expect_events("S01 S02 S03 G03 G02 G01 ");
    expect_markers("dsoftbus: discovered n=2\ndsoftbus: discovered n=3\n"
                   "dsoftbus: discovered n=4\ndsoftbus: discovered n=1\n");

    unit_row("its deadline is the next thing to do: an announcement, or an age");
    start();
    dsb_discovery_tick(&d, at_s(0));
    EXPECT_EQ(dsb_discovery_deadline(&d).ns, at_s(5).ns);
    dsb_discovery_set_mode(&d, at_s(0), DSB_DISCOVERY_QUIET);
    EXPECT(nx_instant_is_never(dsb_discovery_deadline(&d)));
    EXPECT_STATUS(hear(1, 2), NX_OK);
    EXPECT_EQ(dsb_discovery_deadline(&d).ns, at_s(62).ns);

    unit_row("a clock that is handed in backwards stands still");
    EXPECT_STATUS(hear(2, 1), NX_OK);
    EXPECT_EQ(find(2)->last_seen.ns, at_s(2).ns);
    dsb_discovery_tick(&d, at_s(0));
    EXPECT(is_present(1) && is_present(2));
}

static void test_room(void)
{
    unit_row("in a full table the stranger heard longest ago makes room");
    start();
    for (uint8_t k = 1; k <= SLOTS; k++)
        EXPECT_STATUS(hear(k, k), NX_OK);
    EXPECT_STATUS(hear(1, 6), NX_OK);
    expect_events("S01 S02 S03 S04 ");
    EXPECT_STATUS(hear(5, 7), NX_OK);
    EXPECT(is_present(1) && !is_present(2) && is_present(5));
    EXPECT_EQ(d.counts.evicted, 1);
    expect_events("G02 S05 ");

    unit_row("strangers take no place of a paired device, present or not");
    start();
    EXPECT_STATUS(pin(1, 0), NX_OK);
    EXPECT_STATUS(pin(2, 0), NX_OK);
    EXPECT_STATUS(hear_signed(1, 0, 1, host(1)), NX_OK);
    for (uint8_t k = 0x60; k < 0x80; k++)
        EXPECT_STATUS(hear(k, 1), NX_OK);
    EXPECT(is_present(1) && find(1)->candidate_count == 1 && find(2) != NULL);
    EXPECT_EQ(dsb_discovery_count(&d), 4);
    EXPECT_EQ(d.counts.evicted, 30);

    unit_row("where all are paired a stranger finds no room");
    EXPECT_STATUS(pin(3, 1), NX_OK);
    EXPECT_STATUS(pin(4, 1), NX_OK);
    EXPECT_STATUS(hear(9, 10), NX_E_NO_MEMORY);
    EXPECT_EQ(d.counts.no_room, 1);
    EXPECT_STATUS(pin(5, 10), NX_E_NO_MEMORY);

    unit_row("events that nobody takes become one that says so");
    start();
    for (uint8_t k = 0x60; k < 0x60 + DSB_DISCOVERY_EVENTS_MAX; k++)
        EXPECT_STATUS(hear(k, 1), NX_OK);
    struct dsb_discovery_event event;
    for (size_t i = 0; i < DSB_DISCOVERY_EVENTS_MAX; i++)
        EXPECT(dsb_discovery_event(&d, &event) && event.kind != DSB_DISCOVERY_MISSED);
    EXPECT(dsb_discovery_event(&d, &event) && event.kind == DSB_DISCOVERY_MISSED);
    EXPECT(!dsb_discovery_event(&d, &event));
}

/* ---- budgets -------------------------------------------------------------------------------- */

static void test_budgets(void)
{
    struct dsb_discovery_config c = config(DSB_DISCOVERY_MULTICAST);
    c.stranger_burst = 3;
    c.strangers_per_second = 2;

    unit_row("strangers share one budget: so many at once, so many a second");
    start_with(&c);
    for (uint8_t k = 1; k <= 3; k++)
        EXPECT_STATUS(hear(k, 0), NX_OK);
    EXPECT_STATUS(hear(4, 0), NX_WOULD_BLOCK);
    EXPECT_STATUS(hear(1, 0), NX_WOULD_BLOCK);
    EXPECT_EQ(d.counts.limited, 2);
    EXPECT(find(4) == NULL);
    EXPECT_STATUS(hear(4, 1), NX_OK);
    EXPECT_STATUS(hear(4, 1), NX_OK);
    EXPECT_STATUS(hear(4, 1), NX_WOULD_BLOCK);

    unit_row("a flood of strangers, with whatever source, leaves a paired device its own");
    start_with(&c);
    EXPECT_STATUS(pin(1, 0), NX_OK);
    for (uint64_t now_s = 0; now_s < 100; now_s++) {
        for (uint8_t k = 0x60; k < 0x80; k++) {
            struct dsb_beacon b = beacon_of(k);

            (void)send(&b, now_s, host(1));
        }
        EXPECT_STATUS(hear_signed(1, now_s, now_s + 1, host(1)), NX_OK);
    }
    EXPECT_EQ(d.counts.verified, 100);
    EXPECT_EQ(find(1)->last_seen.ns, at_s(99).ns);

    unit_row(
        "forged beacons of a paired device from elsewhere do not touch what is for its own host");
    start();
    EXPECT_STATUS(pin(1, 0), NX_OK);
    struct nx_address session = host(1);
    session.port = 34567;
    EXPECT_STATUS(dsb_discovery_authenticated(&d, at_s(0), id_of(1), session), NX_OK);
    for (uint64_t now_s = 0; now_s < 100; now_s++) {
        for (uint8_t k = 0; k < 20; k++) {
            struct dsb_beacon forged = beacon_of(1);

            sign(&forged, 2, 1000000 + now_s);
            (void)send(&forged, now_s, host((uint8_t)(100 + k)));
        }
        EXPECT_STATUS(hear_signed(1, now_s, now_s + 1, host(1)), NX_OK);
    }
    EXPECT_EQ(d.counts.verified, 100);
    EXPECT(d.counts.forged <= DSB_DISCOVERY_ELSEWHERE_BURST + 100);
    EXPECT_EQ(find(1)->sequence, 100);
    EXPECT_EQ(find(1)->candidate_count, 1);

    unit_row("signatures have a budget of their own, whoever is named");
    start();
    for (uint8_t k = 1; k <= 4; k++)
        EXPECT_STATUS(pin(k, 0), NX_OK);
    for (uint8_t k = 1; k <= 4; k++) {
        for (uint8_t i = 1; i <= DSB_DISCOVERY_ELSEWHERE_BURST; i++)
            (void)hear_signed(k, 0, i, host((uint8_t)(50 + 10 * k + i)));
    }
    EXPECT_EQ(d.counts.verified, DSB_DISCOVERY_VERIFY_PER_SECOND);
    EXPECT_EQ(d.counts.unverified,
              4 * DSB_DISCOVERY_ELSEWHERE_BURST - DSB_DISCOVERY_VERIFY_PER_SECOND);

    unit_row("used up by what came from elsewhere, signatures from a proved host still count");
    EXPECT_STATUS(dsb_discovery_authenticated(&d, at_s(0), id_of(1), host(1)), NX_OK);
    EXPECT_STATUS(hear_signed(1, 0, 60, host(1)), NX_OK);
    EXPECT_EQ(d.counts.verified, DSB_DISCOVERY_VERIFY_PER_SECOND + 1);

    unit_row("while the clock stands still no budget refills");
    for (uint64_t i = 10; i < 50; i++)
        EXPECT_STATUS(hear_signed(4, 0, i, host(200)), NX_WOULD_BLOCK);
}

/* ---- paired devices ------------------------------------------------------------------------- */

static void test_signed(void)
{
    struct dsb_beacon b;

    unit_row("a paired device that was not heard is not listed, and not forgotten");
    start();
    EXPECT_STATUS(pin(1, 0), NX_OK);
    EXPECT_EQ(dsb_discovery_count(&d), 1);
    EXPECT(find(1) != NULL && !find(1)->is_present);
    expect_markers("");

    unit_row("its signed beacon says who it is and where");
    b = beacon_of(1);
    b.name = nx_bytes_of_text("Living Room");
    b.has_trailer = true;
    sign(&b, 1, 10);
    EXPECT_STATUS(send(&b, 0, host(1)), NX_OK);
    EXPECT_TEXT(find(1)->name, "Living Room");
    EXPECT(find(1)->candidates[0].is_authenticated);
    EXPECT_EQ(find(1)->sequence, 10);
    expect_events("S01 ");

    unit_row("the same sequence again is only a hint");
    EXPECT_STATUS(hear_signed(1, 0, 10, host(2)), NX_OK);
    EXPECT_EQ(d.counts.verified, 1);
    EXPECT_EQ(find(1)->candidate_count, 2);
    EXPECT(!find(1)->candidates[1].is_authenticated);
    EXPECT_TEXT(find(1)->name, "Living Room");

    unit_row("a higher one replaces the address");
    EXPECT_STATUS(hear_signed(1, 1, 11, host(3)), NX_OK);
    EXPECT_EQ(find(1)->candidates[0].address.bytes[3], 3);
    EXPECT(find(1)->candidates[0].is_authenticated);
    EXPECT_TEXT(find(1)->name, "");

    unit_row("a lower one does not");
    EXPECT_STATUS(hear_signed(1, 2, 9, host(4)), NX_OK);
    EXPECT_EQ(find(1)->candidates[0].address.bytes[3], 3);
    EXPECT_EQ(find(1)->sequence, 11);

    unit_row("an unsigned beacon never touches port, name or the length of its life");
    b = beacon_of(1);
    b.port = 1;
    EXPECT_STATUS(send(&b, 3, host(3)), NX_OK);
    EXPECT_EQ(find(1)->port, 34567);
    EXPECT_EQ(find(1)->last_seen.ns, at_s(3).ns);
    EXPECT_EQ(find(1)->expires_s, 63);
    b.has_trailer = true;
    b.ttl_s = 1;
    EXPECT_STATUS(send(&b, 10, host(3)), NX_OK);
    EXPECT_EQ(find(1)->expires_s, 63);

    unit_row("a signature that does not hold counts for nothing, whatever its sequence");
    b = beacon_of(1);
    sign(&b, 2, 1000);
    EXPECT_STATUS(send(&b, 20, host(9)), NX_E_CRYPTO);
    EXPECT_EQ(find(1)->last_seen.ns, at_s(10).ns);
    EXPECT_EQ(find(1)->sequence, 11);
    EXPECT_EQ(d.counts.forged, 1);

    unit_row("one byte changed under the signature, and it does not hold");
    b = beacon_of(1);
    sign(&b, 1, 12);
    b.port ^= 1;
    EXPECT_STATUS(send(&b, 30, host(3)), NX_E_CRYPTO);

    unit_row("its own word may shorten its life");
    b = beacon_of(1);
    b.ttl_s = 2;
    sign(&b, 1, 12);
    EXPECT_STATUS(send(&b, 31, host(3)), NX_OK);
    EXPECT_EQ(find(1)->expires_s, 33);

    unit_row("gone it keeps the addresses that were proved, and the sequence");
    dsb_discovery_tick(&d, at_s(33));
    EXPECT(!is_present(1));
    EXPECT_EQ(find(1)->candidate_count, 2);
    EXPECT_EQ(find(1)->sequence, 12);
}

static void test_keys(void)
{
    struct dsb_beacon b = beacon_of(1);
    b.noise_static[5] ^= 1;

    unit_row("an unsigned beacon over another static is counted, flagged and ignored");
    start();
    EXPECT_STATUS(pin(1, 0), NX_OK);
    EXPECT_STATUS(send(&b, 0, host(1)), NX_E_EXISTS);
    EXPECT(!find(1)->is_present && find(1)->has_key_conflict);
    EXPECT_EQ(find(1)->candidate_count, 0);
    EXPECT_EQ(find(1)->noise_static[5], 1);
    expect_events("C01 ");

    unit_row("a session that proves it clears the flag");
    EXPECT_STATUS(dsb_discovery_authenticated(&d, at_s(1), id_of(1), host(1)), NX_OK);
    EXPECT(!find(1)->has_key_conflict && find(1)->is_present);
    expect_events("S01 ");

    unit_row("its own signature over another static is a conflict of identity, told once");
    sign(&b, 1, 5);
    EXPECT_STATUS(send(&b, 2, host(1)), NX_E_IDENTITY);
    EXPECT_STATUS(send(&b, 3, host(1)), NX_E_EXISTS);
    expect_events("K01 ");
    EXPECT_EQ(find(1)->noise_static[5], 1);
    EXPECT_EQ(find(1)->last_seen.ns, at_s(1).ns);
}

static void test_pins(void)
{
    unit_row("pinned twice is refused, as are our own id and one that is none");
    start();
    EXPECT_STATUS(pin(1, 0), NX_OK);
    EXPECT_STATUS(pin(1, 0), NX_E_EXISTS);
    EXPECT_STATUS(pin(SELF, 0), NX_E_INVALID);
    struct dsb_discovery_pin p = {.id = nx_bytes_of_text("node9")};
    EXPECT_STATUS(dsb_discovery_pin(&d, at_s(0), &p), NX_E_INVALID);

    unit_row("a sequence of an earlier life is not accepted again");
    p.id = id_of(2);
    p.sequence = 100;
    uint8_t seed[32];
    key_of(2, seed);
    nx_crypto_ed25519_public(p.ed25519_public, seed);
    memset(p.noise_static, 2, sizeof(p.noise_static));
    EXPECT_STATUS(dsb_discovery_pin(&d, at_s(0), &p), NX_OK);
    EXPECT_STATUS(hear_signed(2, 0, 100, host(2)), NX_OK);
    EXPECT_EQ(d.counts.verified, 0);
    EXPECT_STATUS(hear_signed(2, 0, 101, host(2)), NX_OK);
    EXPECT_EQ(d.counts.verified, 1);

    unit_row("a stranger that is paired keeps one address as a hint, and takes the pinned static");
    start();
    struct dsb_beacon b = beacon_of(3);
    b.noise_static[0] = 77;
    EXPECT_STATUS(send(&b, 0, host(3)), NX_OK);
    EXPECT_STATUS(send(&b, 0, host(4)), NX_OK);
    EXPECT_STATUS(pin(3, 1), NX_OK);
    EXPECT_EQ(find(3)->candidate_count, 1);
    EXPECT_EQ(find(3)->noise_static[0], 3);
    EXPECT(is_present(3));

    unit_row("unpaired and present it is a stranger again");
    EXPECT_STATUS(dsb_discovery_authenticated(&d, at_s(1), id_of(3), host(3)), NX_OK);
    EXPECT_STATUS(dsb_discovery_unpin(&d, at_s(2), id_of(3)), NX_OK);
    EXPECT(is_present(3) && !find(3)->is_paired);
    EXPECT(!find(3)->candidates[0].is_authenticated);
    EXPECT_STATUS(dsb_discovery_unpin(&d, at_s(2), id_of(3)), NX_E_NOT_FOUND);
    EXPECT_STATUS(dsb_discovery_authenticated(&d, at_s(2), id_of(3), host(3)), NX_E_NOT_FOUND);

    unit_row("unpaired and absent it is gone");
    EXPECT_STATUS(pin(4, 2), NX_OK);
    EXPECT_STATUS(dsb_discovery_unpin(&d, at_s(2), id_of(4)), NX_OK);
    EXPECT(find(4) == NULL);

    unit_row("what was never heard of cannot be unpaired");
    EXPECT_STATUS(dsb_discovery_unpin(&d, at_s(2), id_of(4)), NX_E_NOT_FOUND);
}

/* ---- announcing ----------------------------------------------------------------------------- */

static size_t announced(uint64_t now_s)
{
    struct nx_address to;
    struct nx_bytes datagram;
    size_t count = 0;

    dsb_discovery_tick(&d, at_s(now_s));
    while (dsb_discovery_output(&d, &to, &datagram))
        count++;
    return count;
}

static void test_announcing(void)
{
    struct dsb_discovery_config c = config(DSB_DISCOVERY_QUIET);

    unit_row("quiet announces only while an offer is open");
    start_with(&c);
    EXPECT_EQ(announced(0), 0);
    dsb_discovery_set_offer_open(&d, at_s(1), true);
    EXPECT_EQ(announced(1), 2);
    EXPECT_EQ(announced(6), 2);
    dsb_discovery_set_offer_open(&d, at_s(7), false);
    EXPECT_EQ(announced(100), 0);

    unit_row("quiet hears as others do");
    EXPECT_STATUS(hear(1, 100), NX_OK);

    unit_row("an offer that opens is announced at once, one that is open already is not news");
    start();
    EXPECT_EQ(announced(0), 2);
    dsb_discovery_set_offer_open(&d, at_s(1), true);
    EXPECT_EQ(announced(1), 2);
    dsb_discovery_set_offer_open(&d, at_s(2), true);
    EXPECT_EQ(announced(2), 0);

    unit_row("off announces nothing, turned on it does");
    c = config(DSB_DISCOVERY_OFF);
    start_with(&c);
    EXPECT_EQ(announced(10), 0);
    dsb_discovery_set_mode(&d, at_s(11), DSB_DISCOVERY_LOOPBACK);
    EXPECT_EQ(announced(11), 2);
    dsb_discovery_announce(&d, at_s(12));
    EXPECT_EQ(announced(12), 2);

    unit_row("what one announces signed, another that paired with it accepts");
    uint8_t message[DSB_BEACON_MESSAGE_MAX], signature[64], seed[32], copy[DSB_BEACON_MAX];
    struct nx_bytes span, datagram;
    struct nx_address to;
    c = config(DSB_DISCOVERY_MULTICAST);
    c.beacon.has_trailer = true;
    c.beacon.sequence = (uint64_t)3 << 32;
    c.beacon.ttl_s = 30;
    c.beacon.name = nx_bytes_of_text("Kitchen");
    start_with(&c);
    EXPECT_EQ(announced(0), 0);
    NEED(dsb_discovery_to_sign(&d, message, &span));
    key_of(SELF, seed);
    nx_crypto_ed25519_sign(signature, span, seed);
    EXPECT_STATUS(dsb_discovery_signed(&d, signature), NX_OK);
    NEED(dsb_discovery_output(&d, &to, &datagram));
    size_t len = datagram.len;
    memcpy(copy, datagram.ptr, len);

    c = config(DSB_DISCOVERY_MULTICAST);
    c.beacon = beacon_of(1);
    start_with(&c);
    EXPECT_STATUS(pin(SELF, 0), NX_OK);
    EXPECT_STATUS(dsb_discovery_input(&d, at_s(0), host(7), nx_bytes_of(copy, len)), NX_OK);
    EXPECT_EQ(d.counts.verified, 1);
    EXPECT_TEXT(find(SELF)->name, "Kitchen");
    EXPECT_EQ(find(SELF)->expires_s, 30);
}

/* ---- init ----------------------------------------------------------------------------------- */

static void test_init(void)
{
    static const struct {
        const char *name;
        uint32_t interval_ms, burst;
        size_t unicast_count, name_len;
        uint64_t sequence;
        enum nx_status status;
    } rows[] = {
        {"the shortest interval", 100, 1, 0, 0, 0, NX_OK},
        {"an interval below it is refused", 99, 1, 0, 0, 0, NX_E_INVALID},
        {"no budget for strangers is refused", 100, 0, 0, 0, 0, NX_E_INVALID},
        {"17 addresses are refused", 100, 1, 17, 0, 0, NX_E_INVALID},
        {"a name of 32 bytes", 100, 1, 0, 32, 0, NX_OK},
        {"a name of 33 bytes is refused", 100, 1, 0, 33, 0, NX_E_INVALID},
        {"a boot counter in the lower half is refused", 100, 1, 0, 0, 1, NX_E_INVALID},
    };
    static const char letters[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    static const struct nx_address none[17];

    for (size_t i = 0; i < NX_COUNT_OF(rows); i++) {
        struct dsb_discovery_config c = config(DSB_DISCOVERY_MULTICAST);
        struct nx_why why = {{0}};

        c.interval_ms = rows[i].interval_ms;
        c.stranger_burst = rows[i].burst;
        c.unicast = none;
        c.unicast_count = rows[i].unicast_count;
        c.beacon.has_trailer = true;
        c.beacon.ttl_s = 60;
        c.beacon.sequence = rows[i].sequence;
        c.beacon.name = nx_bytes_of(letters, rows[i].name_len);
        unit_row(rows[i].name);
        EXPECT_STATUS(dsb_discovery_init(&d, at_s(0), &c, slots, SLOTS, index_of, &why),
                      rows[i].status);
        EXPECT_EQ(why.text[0] != '\0', rows[i].status != NX_OK);
    }

    unit_row("an id of our own that has not the form of the others is refused");
    struct dsb_discovery_config other = config(DSB_DISCOVERY_MULTICAST);
    struct nx_why why;
    other.beacon.device_id = nx_bytes_of_text("self");
    EXPECT_STATUS(dsb_discovery_init(&d, at_s(0), &other, slots, SLOTS, index_of, &why),
                  NX_E_INVALID);
    EXPECT_TEXT(why.text, "discovery: our id is 64 lower-case hex digits");
    EXPECT_STATUS(dsb_discovery_init(&d, at_s(0), &other, slots, SLOTS, index_of, NULL),
                  NX_E_INVALID);
    other.has_text_ids = true;
    other.beacon.device_id = nx_bytes_of_text("my self");
    EXPECT_STATUS(dsb_discovery_init(&d, at_s(0), &other, slots, SLOTS, index_of, &why),
                  NX_E_INVALID);
    other.beacon.device_id = nx_bytes_of(NULL, 0);
    EXPECT_STATUS(dsb_discovery_init(&d, at_s(0), &other, slots, SLOTS, index_of, &why),
                  NX_E_INVALID);

    unit_row("an id of 65 bytes is refused, one of 64 is taken");
    char long_id[DSB_ID_TEXT_MAX + 1];
    memset(long_id, 'a', sizeof(long_id));
    other.beacon.device_id = nx_bytes_of(long_id, sizeof(long_id));
    EXPECT_STATUS(dsb_discovery_init(&d, at_s(0), &other, slots, SLOTS, index_of, &why),
                  NX_E_INVALID);
    other.beacon.device_id = nx_bytes_of(long_id, DSB_ID_TEXT_MAX);
    EXPECT_STATUS(dsb_discovery_init(&d, at_s(0), &other, slots, SLOTS, index_of, &why), NX_OK);

    unit_row("a budget of 0 or of more than one a nanosecond is refused");
    other = config(DSB_DISCOVERY_MULTICAST);
    other.strangers_per_second = 0;
    EXPECT_STATUS(dsb_discovery_init(&d, at_s(0), &other, slots, SLOTS, index_of, NULL),
                  NX_E_INVALID);
    other.strangers_per_second = 1000000001u;
    EXPECT_STATUS(dsb_discovery_init(&d, at_s(0), &other, slots, SLOTS, index_of, NULL),
                  NX_E_INVALID);
    other.strangers_per_second = 1000000000u;
    EXPECT_STATUS(dsb_discovery_init(&d, at_s(0), &other, slots, SLOTS, index_of, NULL), NX_OK);

    unit_row("services of ours that fit into no beacon do not keep us from starting");
    other = config(DSB_DISCOVERY_MULTICAST);
    other.beacon.service_count = 16;
    for (size_t i = 0; i < 16; i++)
        other.beacon.services[i] = nx_bytes_of(letters, 40);
    EXPECT_STATUS(dsb_discovery_init(&d, at_s(0), &other, slots, SLOTS, index_of, NULL), NX_OK);
    EXPECT_EQ(announced(0), 2);
    EXPECT_EQ(d.self.service_count, 2);

    unit_row("without entropy it does not start");
    struct dsb_discovery_config c = config(DSB_DISCOVERY_MULTICAST);
    c.rng = (struct nx_rng){NULL, NULL};
    EXPECT_STATUS(dsb_discovery_init(&d, at_s(0), &c, slots, SLOTS, index_of, NULL),
                  NX_E_UNSUPPORTED);
}

UNIT_SUITE(discovery_test)
{
    unit_row("the provider starts");
    NEED(nx_crypto_init() == NX_OK);

    test_strangers();
    test_own();
    test_refusals();
    test_ageing();
    test_room();
    test_budgets();
    test_signed();
    test_keys();
    test_pins();
    test_announcing();
    test_init();
}
