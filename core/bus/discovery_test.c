/* Who is around: strangers that are heard, refused and forgotten, and what is announced to them. */
#include "core/bus/discovery.h"

#include "core/base/memory.h"
#include "core/crypto/crypto.h"
#include "tests/bus/listener.h"
#include "tests/unit/unit.h"

/* ---- hearing strangers ---------------------------------------------------------------------- */

static void test_strangers(void)
{
    unit_row("at the start only self is there, and no marker says so");
    listener_start();
    EXPECT_EQ(dsb_discovery_count(&listener), 1);
    EXPECT(listener_find(LISTENER_SELF) == &listener.self && listener.self.is_self);
    listener_expect_markers("");
    listener_expect_events("");

    unit_row("a beacon makes a device present, with what it says and where it came from");
    EXPECT_STATUS(listener_hear(1, 3), NX_OK);
    NEED(listener_find(1) != NULL);
    EXPECT_EQ(listener_find(1)->last_seen.ns, at_s(3).ns);
    EXPECT_EQ(listener_find(1)->noise_static[0], 1);
    EXPECT_EQ(listener_find(1)->port, 34567);
    EXPECT_EQ(listener_find(1)->candidate_count, 1);
    EXPECT_EQ(listener_find(1)->candidates[0].address.port, 34567);
    EXPECT(!listener_find(1)->candidates[0].is_authenticated && !listener_find(1)->is_paired);
    listener_expect_events("S01 ");
    listener_expect_markers("dsoftbus: discovered n=2\n");

    unit_row("the same beacon again only moves last seen");
    EXPECT_STATUS(listener_hear(1, 5), NX_OK);
    EXPECT_EQ(listener_find(1)->last_seen.ns, at_s(5).ns);
    listener_expect_events("");
    listener_expect_markers("dsoftbus: discovered n=2\n");

    unit_row("another port or address is a change");
    struct dsb_beacon b = device_beacon(1);
    b.port = 34568;
    EXPECT_STATUS(listener_input(&b, 6, device_host(1)), NX_OK);
    EXPECT_STATUS(listener_input(&b, 6, device_host(2)), NX_OK);
    EXPECT_EQ(listener_find(1)->candidate_count, 3);
    listener_expect_events("C01 C01 ");

    unit_row("port 0 offers no session: no address to try");
    b = device_beacon(2);
    b.port = 0;
    EXPECT_STATUS(listener_input(&b, 7, device_host(2)), NX_OK);
    EXPECT_EQ(listener_find(2)->candidate_count, 0);
    listener_expect_events("S02 ");

    unit_row("a stranger's static is not replaced: the first stays, the other is counted");
    b = device_beacon(1);
    b.noise_static[0] = 99;
    EXPECT_STATUS(listener_input(&b, 8, device_host(1)), NX_E_EXISTS);
    EXPECT_STATUS(listener_input(&b, 8, device_host(1)), NX_E_EXISTS);
    EXPECT_EQ(listener_find(1)->noise_static[0], 1);
    EXPECT_EQ(listener_find(1)->last_seen.ns, at_s(6).ns);
    EXPECT(listener_find(1)->has_key_conflict);
    EXPECT_EQ(listener.counts.key_conflicts, 2);
    listener_expect_events("C01 ");

    unit_row("a stranger's TTL counts, and no beacon makes it shorter");
    listener_start();
    b = device_beacon(3);
    device_sign(&b, 3, 1);
    b.ttl_s = 10;
    EXPECT_STATUS(listener_input(&b, 0, device_host(3)), NX_OK);
    EXPECT_EQ(listener_find(3)->expires_s, 10);
    b.ttl_s = 30;
    EXPECT_STATUS(listener_input(&b, 0, device_host(3)), NX_OK);
    b.ttl_s = 1;
    EXPECT_STATUS(listener_input(&b, 0, device_host(3)), NX_OK);
    EXPECT_EQ(listener_find(3)->expires_s, 30);
}

static void test_own(void)
{
    unit_row("our own beacon is heard, counted, and makes nobody present");
    listener_start();
    EXPECT_STATUS(listener_hear(LISTENER_SELF, 0), NX_OK);
    EXPECT_EQ(listener.counts.own, 1);
    EXPECT_EQ(dsb_discovery_count(&listener), 1);
    listener_expect_events("");
    listener_expect_markers("");

    unit_row("our own id with another static is a conflict that we can see");
    struct dsb_beacon b = device_beacon(LISTENER_SELF);
    b.noise_static[31] ^= 1;
    EXPECT_STATUS(listener_input(&b, 0, device_host(9)), NX_E_EXISTS);
    EXPECT(listener.self.has_key_conflict);
    EXPECT_EQ(listener.counts.key_conflicts, 1);
}

/* ---- refusing ------------------------------------------------------------------------------- */

static void test_refusals(void)
{
    struct dsb_beacon b = device_beacon(1);
    uint8_t longer[DSB_BEACON_MAX + 1] = {0};
    struct nx_writer w = nx_writer_over(longer, sizeof(longer));
    NX_CHECK(dsb_beacon_encode(&b, &w, NULL) == NX_OK);

    unit_row("a datagram of 256 bytes is looked at, one of 257 is not");
    listener_start();
    EXPECT_STATUS(dsb_discovery_input(&listener, at_s(0), device_host(1), nx_bytes_of(longer, 257)),
                  NX_E_LIMIT);
    EXPECT_STATUS(dsb_discovery_input(&listener, at_s(0), device_host(1), nx_bytes_of(longer, 256)),
                  NX_OK);

    unit_row("what is no beacon changes nothing but a count");
    listener_start();
    EXPECT_STATUS(dsb_discovery_input(&listener, at_s(0), device_host(1), nx_bytes_of(longer, 20)),
                  NX_E_MALFORMED);
    EXPECT_STATUS(dsb_discovery_input(&listener, at_s(0), device_host(1), nx_bytes_of(NULL, 0)),
                  NX_E_MALFORMED);
    longer[4] = 2;
    EXPECT_STATUS(dsb_discovery_input(&listener, at_s(0), device_host(1), nx_bytes_of(longer, 200)),
                  NX_E_VERSION);
    EXPECT_EQ(listener.counts.refused, 3);
    EXPECT_EQ(listener.neighbours.used_count, 0);

    unit_row("an id that is not 64 lower-case hex digits is refused on a network");
    b.device_id = nx_bytes_of_text("node9");
    EXPECT_STATUS(listener_input(&b, 0, device_host(1)), NX_E_MALFORMED);
    char upper[64];
    memset(upper, 'A', sizeof(upper));
    b.device_id = nx_bytes_of(upper, sizeof(upper));
    EXPECT_STATUS(listener_input(&b, 0, device_host(1)), NX_E_MALFORMED);

    unit_row("with text ids any name without spaces and controls will do");
    struct dsb_discovery_config c = listener_config(DSB_DISCOVERY_LOOPBACK);
    c.has_text_ids = true;
    c.beacon.device_id = nx_bytes_of_text("self");
    listener_start_with(&c);
    b.device_id = nx_bytes_of_text("peer-sim-01");
    EXPECT_STATUS(listener_input(&b, 0, (struct nx_address){0}), NX_OK);
    b.device_id = nx_bytes_of_text("peer sim");
    EXPECT_STATUS(listener_input(&b, 0, (struct nx_address){0}), NX_E_MALFORMED);
    b.device_id = nx_bytes_of_text("peer\x1b");
    EXPECT_STATUS(listener_input(&b, 0, (struct nx_address){0}), NX_E_MALFORMED);
    b.device_id = nx_bytes_of_text("peer\x7f");
    EXPECT_STATUS(listener_input(&b, 0, (struct nx_address){0}), NX_E_MALFORMED);
    listener_expect_markers("dsoftbus: discovered n=2\n");

    unit_row("localSim lists self and its one peer, in the order of their ids");
    const struct dsb_neighbour *out[3];
    EXPECT_EQ(dsb_discovery_list(&listener, at_s(7), nx_bytes_of(NULL, 0), out, 3), 2);
    EXPECT_TEXT(out[0]->id, "peer-sim-01");
    EXPECT_TEXT(out[1]->id, "self");
    EXPECT_EQ(out[0]->last_seen.ns, 0);
    EXPECT_EQ(out[1]->last_seen.ns, at_s(7).ns);
    EXPECT_EQ(out[0]->candidate_count, 0);

    unit_row("a list goes on behind a name, self or not");
    EXPECT_EQ(dsb_discovery_list(&listener, at_s(7), nx_bytes_of_text("peer-sim-01"), out, 3), 1);
    EXPECT_TEXT(out[0]->id, "self");
    EXPECT_EQ(dsb_discovery_list(&listener, at_s(7), nx_bytes_of_text("self"), out, 3), 0);

    unit_row("a paired peer without signature or address stays seen, and has no address to try");
    struct dsb_discovery_pin p = {.id = nx_bytes_of_text("peer-sim-01")};
    memset(p.noise_static, 1, sizeof(p.noise_static));
    EXPECT_STATUS(dsb_discovery_pin(&listener, at_s(7), &p), NX_OK);
    b.device_id = nx_bytes_of_text("peer-sim-01");
    for (uint64_t now_s = 8; now_s < 100; now_s++)
        EXPECT_STATUS(listener_input(&b, now_s, (struct nx_address){0}), NX_OK);
    EXPECT_STATUS(dsb_discovery_authenticated(&listener, at_s(100), p.id, (struct nx_address){0}),
                  NX_OK);
    EXPECT_EQ(dsb_discovery_list(&listener, at_s(159), nx_bytes_of(NULL, 0), out, 3), 2);
    EXPECT_EQ(out[0]->last_seen.ns, at_s(100).ns);
    EXPECT_EQ(out[0]->candidate_count, 0);

    unit_row("off it hears nothing");
    c = listener_config(DSB_DISCOVERY_OFF);
    listener_start_with(&c);
    EXPECT_STATUS(listener_hear(1, 0), NX_E_STATE);
    EXPECT_EQ(dsb_discovery_count(&listener), 1);

    unit_row("on loopback it hears loopback alone");
    c = listener_config(DSB_DISCOVERY_LOOPBACK);
    listener_start_with(&c);
    b = device_beacon(1);
    EXPECT_STATUS(listener_input(&b, 0, device_host(1)), NX_E_DENIED);
    EXPECT_STATUS(listener_input(&b, 0, nx_address_ipv4((const uint8_t[]){127, 0, 0, 1}, 37020)),
                  NX_OK);
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
    const struct dsb_neighbour *out[LISTENER_SLOTS + 1];

    for (size_t i = 0; i < NX_COUNT_OF(ages); i++) {
        struct nx_instant looked = {ages[i].looked_ns};

        unit_row(ages[i].name);
        listener_start();
        EXPECT_STATUS(listener_hear(1, 0), NX_OK);
        EXPECT_EQ(
            dsb_discovery_list(&listener, looked, nx_bytes_of(NULL, 0), out, LISTENER_SLOTS + 1),
            ages[i].is_there ? 2 : 1);
        listener_expect_events(ages[i].is_there ? "S01 " : "S01 G01 ");
    }

    unit_row("a crowd that ages out is one marker, and an event for each");
    listener_start();
    for (uint8_t k = 1; k <= 3; k++)
        EXPECT_STATUS(listener_hear(k, 0), NX_OK);
    dsb_discovery_tick(&listener, at_s(60));
    listener_expect_events("S01 S02 S03 G03 G02 G01 ");
    listener_expect_markers("dsoftbus: discovered n=2\ndsoftbus: discovered n=3\n"
                            "dsoftbus: discovered n=4\ndsoftbus: discovered n=1\n");

    unit_row("its deadline is the next thing to do: an announcement, or an age");
    listener_start();
    dsb_discovery_tick(&listener, at_s(0));
    EXPECT_EQ(dsb_discovery_deadline(&listener).ns, at_s(5).ns);
    dsb_discovery_set_mode(&listener, at_s(0), DSB_DISCOVERY_QUIET);
    EXPECT(nx_instant_is_never(dsb_discovery_deadline(&listener)));
    EXPECT_STATUS(listener_hear(1, 2), NX_OK);
    EXPECT_EQ(dsb_discovery_deadline(&listener).ns, at_s(62).ns);

    unit_row("a clock that is handed in backwards stands still");
    EXPECT_STATUS(listener_hear(2, 1), NX_OK);
    EXPECT_EQ(listener_find(2)->last_seen.ns, at_s(2).ns);
    dsb_discovery_tick(&listener, at_s(0));
    EXPECT(listener_has(1) && listener_has(2));
}

static void test_room(void)
{
    unit_row("in a full table the stranger heard longest ago makes room");
    listener_start();
    for (uint8_t k = 1; k <= LISTENER_SLOTS; k++)
        EXPECT_STATUS(listener_hear(k, k), NX_OK);
    EXPECT_STATUS(listener_hear(1, 6), NX_OK);
    listener_expect_events("S01 S02 S03 S04 ");
    EXPECT_STATUS(listener_hear(5, 7), NX_OK);
    EXPECT(listener_has(1) && !listener_has(2) && listener_has(5));
    EXPECT_EQ(listener.counts.evicted, 1);
    listener_expect_events("G02 S05 ");

    unit_row("strangers take no place of a paired device, present or not");
    listener_start();
    EXPECT_STATUS(listener_pin(1, 0), NX_OK);
    EXPECT_STATUS(listener_pin(2, 0), NX_OK);
    EXPECT_STATUS(listener_hear_signed(1, 0, 1, device_host(1)), NX_OK);
    for (uint8_t k = 0x60; k < 0x80; k++)
        EXPECT_STATUS(listener_hear(k, 1), NX_OK);
    EXPECT(listener_has(1) && listener_find(1)->candidate_count == 1 && listener_find(2) != NULL);
    EXPECT_EQ(dsb_discovery_count(&listener), 4);
    EXPECT_EQ(listener.counts.evicted, 30);

    unit_row("where all are paired a stranger finds no room");
    EXPECT_STATUS(listener_pin(3, 1), NX_OK);
    EXPECT_STATUS(listener_pin(4, 1), NX_OK);
    EXPECT_STATUS(listener_hear(9, 10), NX_E_NO_MEMORY);
    EXPECT_EQ(listener.counts.no_room, 1);
    EXPECT_STATUS(listener_pin(5, 10), NX_E_NO_MEMORY);

    unit_row("events that nobody takes become one that says so");
    listener_start();
    for (uint8_t k = 0x60; k < 0x60 + DSB_DISCOVERY_EVENTS_MAX; k++)
        EXPECT_STATUS(listener_hear(k, 1), NX_OK);
    struct dsb_discovery_event event;
    for (size_t i = 0; i < DSB_DISCOVERY_EVENTS_MAX; i++)
        EXPECT(dsb_discovery_event(&listener, &event) && event.kind != DSB_DISCOVERY_MISSED);
    EXPECT(dsb_discovery_event(&listener, &event) && event.kind == DSB_DISCOVERY_MISSED);
    EXPECT(!dsb_discovery_event(&listener, &event));
}

/* ---- announcing ----------------------------------------------------------------------------- */

static size_t announced(uint64_t now_s)
{
    struct nx_address to;
    struct nx_bytes datagram;
    size_t count = 0;

    dsb_discovery_tick(&listener, at_s(now_s));
    while (dsb_discovery_output(&listener, &to, &datagram))
        count++;
    return count;
}

static void test_announcing(void)
{
    struct dsb_discovery_config c = listener_config(DSB_DISCOVERY_QUIET);

    unit_row("quiet announces only while an offer is open");
    listener_start_with(&c);
    EXPECT_EQ(announced(0), 0);
    dsb_discovery_set_offer_open(&listener, at_s(1), true);
    EXPECT_EQ(announced(1), 2);
    EXPECT_EQ(announced(6), 2);
    dsb_discovery_set_offer_open(&listener, at_s(7), false);
    EXPECT_EQ(announced(100), 0);

    unit_row("quiet hears as others do");
    EXPECT_STATUS(listener_hear(1, 100), NX_OK);

    unit_row("an offer that opens is announced at once, one that is open already is not news");
    listener_start();
    EXPECT_EQ(announced(0), 2);
    dsb_discovery_set_offer_open(&listener, at_s(1), true);
    EXPECT_EQ(announced(1), 2);
    dsb_discovery_set_offer_open(&listener, at_s(2), true);
    EXPECT_EQ(announced(2), 0);

    unit_row("off announces nothing, turned on it does");
    c = listener_config(DSB_DISCOVERY_OFF);
    listener_start_with(&c);
    EXPECT_EQ(announced(10), 0);
    dsb_discovery_set_mode(&listener, at_s(11), DSB_DISCOVERY_LOOPBACK);
    EXPECT_EQ(announced(11), 2);
    dsb_discovery_announce(&listener, at_s(12));
    EXPECT_EQ(announced(12), 2);

    unit_row("what one announces signed, another that paired with it accepts");
    uint8_t message[DSB_BEACON_MESSAGE_MAX], signature[64], seed[32], copy[DSB_BEACON_MAX];
    struct nx_bytes span, datagram;
    struct nx_address to;
    c = listener_config(DSB_DISCOVERY_MULTICAST);
    c.beacon.has_trailer = true;
    c.beacon.sequence = (uint64_t)3 << 32;
    c.beacon.ttl_s = 30;
    c.beacon.name = nx_bytes_of_text("Kitchen");
    listener_start_with(&c);
    EXPECT_EQ(announced(0), 0);
    NEED(dsb_discovery_to_sign(&listener, message, &span));
    device_key(LISTENER_SELF, seed);
    nx_crypto_ed25519_sign(signature, span, seed);
    EXPECT_STATUS(dsb_discovery_signed(&listener, signature), NX_OK);
    NEED(dsb_discovery_output(&listener, &to, &datagram));
    size_t len = datagram.len;
    memcpy(copy, datagram.ptr, len);

    c = listener_config(DSB_DISCOVERY_MULTICAST);
    c.beacon = device_beacon(1);
    listener_start_with(&c);
    EXPECT_STATUS(listener_pin(LISTENER_SELF, 0), NX_OK);
    EXPECT_STATUS(dsb_discovery_input(&listener, at_s(0), device_host(7), nx_bytes_of(copy, len)),
                  NX_OK);
    EXPECT_EQ(listener.counts.verified, 1);
    EXPECT_TEXT(listener_find(LISTENER_SELF)->name, "Kitchen");
    EXPECT_EQ(listener_find(LISTENER_SELF)->expires_s, 30);
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
        struct dsb_discovery_config c = listener_config(DSB_DISCOVERY_MULTICAST);
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
        EXPECT_STATUS(listener_init(&c, &why), rows[i].status);
        EXPECT_EQ(why.text[0] != '\0', rows[i].status != NX_OK);
    }

    unit_row("an id of our own that has not the form of the others is refused");
    struct dsb_discovery_config other = listener_config(DSB_DISCOVERY_MULTICAST);
    struct nx_why why;
    other.beacon.device_id = nx_bytes_of_text("self");
    EXPECT_STATUS(listener_init(&other, &why), NX_E_INVALID);
    EXPECT_TEXT(why.text, "discovery: our id is 64 lower-case hex digits");
    EXPECT_STATUS(listener_init(&other, NULL), NX_E_INVALID);
    other.has_text_ids = true;
    other.beacon.device_id = nx_bytes_of_text("my self");
    EXPECT_STATUS(listener_init(&other, &why), NX_E_INVALID);
    other.beacon.device_id = nx_bytes_of(NULL, 0);
    EXPECT_STATUS(listener_init(&other, &why), NX_E_INVALID);

    unit_row("an id of 65 bytes is refused, one of 64 is taken");
    char long_id[DSB_ID_TEXT_MAX + 1];
    memset(long_id, 'a', sizeof(long_id));
    other.beacon.device_id = nx_bytes_of(long_id, sizeof(long_id));
    EXPECT_STATUS(listener_init(&other, &why), NX_E_INVALID);
    other.beacon.device_id = nx_bytes_of(long_id, DSB_ID_TEXT_MAX);
    EXPECT_STATUS(listener_init(&other, &why), NX_OK);

    unit_row("a budget of 0 or of more than one a nanosecond is refused");
    other = listener_config(DSB_DISCOVERY_MULTICAST);
    other.strangers_per_second = 0;
    EXPECT_STATUS(listener_init(&other, NULL), NX_E_INVALID);
    other.strangers_per_second = 1000000001u;
    EXPECT_STATUS(listener_init(&other, NULL), NX_E_INVALID);
    other.strangers_per_second = 1000000000u;
    EXPECT_STATUS(listener_init(&other, NULL), NX_OK);

    unit_row("services of ours that fit into no beacon do not keep us from starting");
    other = listener_config(DSB_DISCOVERY_MULTICAST);
    other.beacon.service_count = 16;
    for (size_t i = 0; i < 16; i++)
        other.beacon.services[i] = nx_bytes_of(letters, 40);
    EXPECT_STATUS(listener_init(&other, NULL), NX_OK);
    EXPECT_EQ(announced(0), 2);
    EXPECT_EQ(listener.self.service_count, 2);

    unit_row("without entropy it does not start");
    struct dsb_discovery_config c = listener_config(DSB_DISCOVERY_MULTICAST);
    c.rng = (struct nx_rng){NULL, NULL};
    EXPECT_STATUS(listener_init(&c, NULL), NX_E_UNSUPPORTED);
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
    test_announcing();
    test_init();
}
