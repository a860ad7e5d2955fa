#include "core/bus/announcer.h"

#include "core/base/memory.h"
#include "tests/unit/unit.h"

static struct dsb_announcer_config config(void)
{
    return (struct dsb_announcer_config){.boot_count = 7, .ttl_s = 60, .interval_ms = 5000};
}

static struct dsb_neighbour node9(void)
{
    struct dsb_neighbour self = {.id = "node9", .id_len = 5, .port = 37020, .name = "Nine"};
    struct dsb_beacon b = {.port = 37020, .service_count = 1, .services = {{0}}};

    b.services[0] = nx_bytes_of_text("samgrd");
    b.name = nx_bytes_of_text("Nine");
    (void)dsb_neighbour_describe(&self, &b);
    return self;
}

static struct nx_instant at_ms(uint64_t ms)
{
    return (struct nx_instant){ms * 1000000};
}

static size_t sent_count(struct dsb_announcer *a)
{
    struct nx_address to;
    struct nx_bytes datagram;
    size_t count = 0;

    while (dsb_announcer_output(a, &to, &datagram))
        count++;
    return count;
}

/* ---- when ----------------------------------------------------------------------------------- */

static void test_schedule(void)
{
    struct dsb_announcer_config c = config();
    struct dsb_neighbour self = node9();
    struct dsb_announcer a;

    unit_row("off it has no deadline and announces nothing");
    dsb_announcer_init(&a, &c, 1);
    EXPECT(nx_instant_is_never(dsb_announcer_deadline(&a)));
    dsb_announcer_hurry(&a, at_ms(5));
    dsb_announcer_tick(&a, at_ms(1000000), &self);
    EXPECT_EQ(sent_count(&a), 0);

    unit_row("turned on it announces at once where there is no jitter, then once per interval");
    dsb_announcer_set(&a, at_ms(100), true, false);
    dsb_announcer_tick(&a, at_ms(100), &self);
    EXPECT_EQ(sent_count(&a), 2);
    EXPECT_EQ(dsb_announcer_deadline(&a).ns, at_ms(5100).ns);
    dsb_announcer_tick(&a, at_ms(5099), &self);
    EXPECT_EQ(sent_count(&a), 0);
    dsb_announcer_tick(&a, at_ms(5100), &self);
    EXPECT_EQ(sent_count(&a), 2);

    unit_row("while the clock stands still nothing more leaves");
    for (size_t i = 0; i < 100; i++)
        dsb_announcer_tick(&a, at_ms(5100), &self);
    EXPECT_EQ(sent_count(&a), 0);
    EXPECT_EQ(a.announced_count, 2);

    unit_row("a late tick announces once, and counts from then");
    dsb_announcer_tick(&a, at_ms(60000), &self);
    EXPECT_EQ(sent_count(&a), 2);
    EXPECT_EQ(dsb_announcer_deadline(&a).ns, at_ms(65000).ns);

    unit_row("in a hurry it is due now, and not later than it was");
    dsb_announcer_hurry(&a, at_ms(61000));
    EXPECT_EQ(dsb_announcer_deadline(&a).ns, at_ms(61000).ns);
    dsb_announcer_hurry(&a, at_ms(62000));
    EXPECT_EQ(dsb_announcer_deadline(&a).ns, at_ms(61000).ns);

    unit_row("turned on twice is turned on once");
    dsb_announcer_set(&a, at_ms(0), true, false);
    EXPECT_EQ(dsb_announcer_deadline(&a).ns, at_ms(61000).ns);

    unit_row("turned off it drops what was not sent");
    dsb_announcer_tick(&a, at_ms(61000), &self);
    dsb_announcer_set(&a, at_ms(61000), false, false);
    EXPECT_EQ(sent_count(&a), 0);
    EXPECT(nx_instant_is_never(dsb_announcer_deadline(&a)));
}

static void test_jitter(void)
{
    struct dsb_announcer_config c = config();
    struct dsb_neighbour self = node9();
    uint64_t times[2][50];

    c.jitter_ms = 1000;
    unit_row("each interval is lengthened by 0 to jitter, both included");
    for (uint64_t seed = 0; seed < 2; seed++) {
        struct dsb_announcer a;
        struct nx_instant last = at_ms(0);

        dsb_announcer_init(&a, &c, seed);
        dsb_announcer_set(&a, last, true, false);
        EXPECT(dsb_announcer_deadline(&a).ns <= at_ms(1000).ns);
        for (size_t i = 0; i < 50; i++) {
            struct nx_instant due = dsb_announcer_deadline(&a);

            EXPECT(i == 0 ||
                   (due.ns >= last.ns + at_ms(5000).ns && due.ns <= last.ns + at_ms(6000).ns));
            dsb_announcer_tick(&a, due, &self);
            times[seed][i] = due.ns - last.ns;
            last = due;
        }
    }

    unit_row("another seed has another jitter, the same seed the same");
    struct dsb_announcer a, b;
    dsb_announcer_init(&a, &c, 9);
    dsb_announcer_init(&b, &c, 9);
    dsb_announcer_set(&a, at_ms(0), true, false);
    dsb_announcer_set(&b, at_ms(0), true, false);
    EXPECT_EQ(dsb_announcer_deadline(&a).ns, dsb_announcer_deadline(&b).ns);
    EXPECT(memcmp(times[0], times[1], sizeof(times[0])) != 0);

    unit_row("one millisecond of jitter gives either bound");
    uint32_t longer_count = 0;
    c.jitter_ms = 1;
    dsb_announcer_init(&a, &c, 1);
    dsb_announcer_set(&a, at_ms(0), true, false);
    for (size_t i = 0; i < 64; i++) {
        struct nx_instant due = dsb_announcer_deadline(&a);

        dsb_announcer_tick(&a, due, &self);
        longer_count += dsb_announcer_deadline(&a).ns == due.ns + at_ms(5001).ns;
    }
    EXPECT(longer_count > 16 && longer_count < 48);
}

/* ---- what ----------------------------------------------------------------------------------- */

static void test_content(void)
{
    struct dsb_announcer_config c = config();
    struct dsb_neighbour self = node9();
    struct dsb_announcer a;
    struct dsb_beacon b;
    struct nx_address to;
    struct nx_bytes datagram, span;
    uint8_t message[DSB_BEACON_MESSAGE_MAX];
    uint8_t signature[DSB_BEACON_SIGNATURE_LEN] = {0xab};

    unit_row("without a trailer it is a bare v1 beacon that nobody signs");
    dsb_announcer_init(&a, &c, 1);
    dsb_announcer_set(&a, at_ms(0), true, false);
    dsb_announcer_tick(&a, at_ms(0), &self);
    EXPECT(!dsb_announcer_to_sign(&a, message, &span));
    EXPECT_STATUS(dsb_announcer_signed(&a, signature), NX_E_STATE);
    NEED(dsb_announcer_output(&a, &to, &datagram));
    NEED(dsb_beacon_decode(datagram, &b, NULL, NULL) == NX_OK);
    EXPECT(!b.has_trailer);
    EXPECT_BYTES(b.device_id, nx_bytes_of_text("node9"));
    EXPECT_BYTES(b.services[0], nx_bytes_of_text("samgrd"));

    unit_row("with one it waits for its signature");
    c.has_trailer = true;
    dsb_announcer_init(&a, &c, 1);
    dsb_announcer_set(&a, at_ms(0), true, false);
    EXPECT_STATUS(dsb_announcer_signed(&a, signature), NX_E_STATE);
    dsb_announcer_tick(&a, at_ms(0), &self);
    EXPECT(!dsb_announcer_output(&a, &to, &datagram));
    EXPECT(dsb_announcer_to_sign(&a, message, &span));
    EXPECT_STATUS(dsb_announcer_signed(&a, signature), NX_OK);
    EXPECT(!dsb_announcer_to_sign(&a, message, &span));
    EXPECT_STATUS(dsb_announcer_signed(&a, signature), NX_E_STATE);
    NEED(dsb_announcer_output(&a, &to, &datagram));
    struct nx_bytes part;
    NEED(dsb_beacon_decode(datagram, &b, &part, NULL) == NX_OK);
    EXPECT_EQ(b.ttl_s, 60);
    EXPECT_EQ(b.signature[0], 0xab);
    EXPECT_BYTES(b.name, nx_bytes_of_text("Nine"));
    EXPECT_BYTES(nx_bytes_skip(span, 25), part);

    unit_row("the boot counter leads the sequence, each announcement counts once");
    EXPECT_EQ(b.sequence, (uint64_t)7 << 32 | 1);
    dsb_announcer_tick(&a, at_ms(5000), &self);
    EXPECT_STATUS(dsb_announcer_signed(&a, signature), NX_OK);
    NEED(dsb_announcer_output(&a, &to, &datagram));
    NEED(dsb_beacon_decode(datagram, &b, NULL, NULL) == NX_OK);
    EXPECT_EQ(b.sequence, (uint64_t)7 << 32 | 2);

    unit_row("the next announcement replaces one that nobody signed");
    dsb_announcer_tick(&a, at_ms(10000), &self);
    dsb_announcer_tick(&a, at_ms(15000), &self);
    EXPECT_STATUS(dsb_announcer_signed(&a, signature), NX_OK);
    NEED(dsb_announcer_output(&a, &to, &datagram));
    NEED(dsb_beacon_decode(datagram, &b, NULL, NULL) == NX_OK);
    EXPECT_EQ(b.sequence, (uint64_t)7 << 32 | 4);
    EXPECT_EQ(sent_count(&a), 1);

    unit_row("the last sequence of a boot is not passed: it would be the next boot's");
    struct dsb_announcer worn = a;
    worn.sequence_count = UINT32_MAX - 1;
    for (uint64_t ms = 20000; ms <= 25000; ms += 5000) {
        dsb_announcer_tick(&worn, at_ms(ms), &self);
        EXPECT_STATUS(dsb_announcer_signed(&worn, signature), NX_OK);
        NEED(dsb_announcer_output(&worn, &to, &datagram));
        NEED(dsb_beacon_decode(datagram, &b, NULL, NULL) == NX_OK);
        EXPECT_EQ(b.sequence, (uint64_t)7 << 32 | UINT32_MAX);
    }

    unit_row("services that do not fit beside a signature stay at home");
    struct dsb_neighbour large = node9();
    memset(large.id, 'a', 64);
    large.id_len = 64;
    memset(large.services, 'a', sizeof(large.services));
    large.service_count = 2;
    large.services_len = 82;
    large.services[0] = large.services[41] = 40;
    memset(large.name, 'n', 32);
    dsb_announcer_tick(&a, at_ms(20000), &large);
    EXPECT_STATUS(dsb_announcer_signed(&a, signature), NX_OK);
    NEED(dsb_announcer_output(&a, &to, &datagram));
    EXPECT(datagram.len <= DSB_BEACON_MAX);
    NEED(dsb_beacon_decode(datagram, &b, NULL, NULL) == NX_OK);
    EXPECT_EQ(b.service_count, 0);
    EXPECT_EQ(b.name.len, 32);
}

/* ---- where ---------------------------------------------------------------------------------- */

static void expect_target(struct dsb_announcer *a, const char *text)
{
    struct nx_address to = {0};
    struct nx_bytes datagram;
    char printed[NX_ADDRESS_TEXT_CAP];

    (void)dsb_announcer_output(a, &to, &datagram);
    nx_address_print(&to, printed);
    EXPECT_TEXT(printed, text);
}

UNIT_SUITE(announcer_test)
{
    test_schedule();
    test_jitter();
    test_content();

    struct dsb_announcer_config c = config();
    struct dsb_neighbour self = node9();
    struct dsb_announcer a;
    struct nx_address unicast[] = {
        nx_address_ipv4((const uint8_t[]){192, 0, 2, 7}, 37020),
        nx_address_ipv4((const uint8_t[]){127, 0, 0, 2}, 40000),
    };
    c.unicast = unicast;
    c.unicast_count = 2;

    unit_row("both groups, then the configured addresses, each once");
    dsb_announcer_init(&a, &c, 1);
    memset(unicast, 0, sizeof(unicast[0])); /* they were copied */
    dsb_announcer_set(&a, at_ms(0), true, false);
    dsb_announcer_tick(&a, at_ms(0), &self);
    expect_target(&a, "239.42.0.1:37020");
    expect_target(&a, "[ff12::4e58:5342]:37020");
    expect_target(&a, "192.0.2.7:37020");
    expect_target(&a, "127.0.0.2:40000");
    expect_target(&a, "none");

    unit_row("on loopback only loopback is among them");
    dsb_announcer_set(&a, at_ms(0), true, true);
    dsb_announcer_tick(&a, at_ms(5000), &self);
    expect_target(&a, "239.42.0.1:37020");
    expect_target(&a, "[ff12::4e58:5342]:37020");
    expect_target(&a, "127.0.0.2:40000");
    expect_target(&a, "none");
}
