#include "core/bus/gate.h"

#include "core/base/memory.h"
#include "core/base/rng.h"
#include "tests/unit/unit.h"

static struct dsb_gate gate;

static struct nx_instant at_ms(uint64_t ms)
{
    return (struct nx_instant){ms * 1000000};
}

static struct nx_address address(const char *text)
{
    struct nx_address parsed = {.family = NX_ADDRESS_NONE};

    EXPECT_STATUS(nx_address_parse(nx_bytes_of_text(text), 1, &parsed, NULL), NX_OK);
    return parsed;
}

/* 10.0.0.0 and on: each another source. */
static struct nx_address host(uint32_t number)
{
    uint8_t bytes[4] = {10, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number};

    return nx_address_ipv4(bytes, (uint16_t)number);
}

static struct dsb_gate_pass enter(struct nx_address from, uint64_t now_ms, uint32_t want_dropped)
{
    struct dsb_gate_pass pass = {DSB_GATE_NONE, 0};
    uint32_t dropped = DSB_GATE_NONE;

    EXPECT_STATUS(dsb_gate_enter(&gate, at_ms(now_ms), &from, &pass, &dropped), NX_OK);
    EXPECT_EQ(dropped, want_dropped);
    return pass;
}

static enum nx_status enter_status(struct nx_address from, uint64_t now_ms)
{
    struct dsb_gate_pass pass;
    uint32_t dropped;

    return dsb_gate_enter(&gate, at_ms(now_ms), &from, &pass, &dropped);
}

static enum nx_status open(struct dsb_gate_pass pass, uint64_t now_ms)
{
    return dsb_gate_open(&gate, at_ms(now_ms), &pass);
}

static uint64_t opens_ms(struct dsb_gate_pass pass)
{
    return dsb_gate_opens_at(&gate, &pass).ns / 1000000;
}

static void leave(struct dsb_gate_pass pass, uint64_t now_ms, enum dsb_gate_outcome outcome)
{
    dsb_gate_leave(&gate, at_ms(now_ms), &pass, outcome);
}

static void make_known(struct nx_address from, uint64_t now_ms)
{
    leave(enter(from, now_ms, DSB_GATE_NONE), now_ms, DSB_GATE_COMPLETED);
}

/* ---- what one source is ----------------------------------------------------------------------- */

static const struct {
    const char *name;
    const char *four, *fifth;
    enum nx_status status;
} sources[] = {
    {"a fifth handshake of one address is refused", "192.0.2.1:1", "192.0.2.1:1", NX_E_LIMIT},
    {"a port is of no account", "192.0.2.1:1", "192.0.2.1:2", NX_E_LIMIT},
    {"the address next to it is another source", "192.0.2.1:1", "192.0.2.2:1", NX_OK},
    {"an IPv4 address in IPv6 clothes is the same", "192.0.2.1:1", "[::ffff:192.0.2.1]:1",
     NX_E_LIMIT},
    {"an IPv6 network of 64 bits is one source", "[2001:db8::1]:1", "[2001:db8::ffff:0:0:2]:1",
     NX_E_LIMIT},
    {"the network next to it is another", "[2001:db8::1]:1", "[2001:db8:0:1::1]:1", NX_OK},
    {"link-local addresses of one link are one source", "[fe80::1%3]:1", "[fe80::2%3]:1",
     NX_E_LIMIT},
    {"link-local addresses of two links are two", "[fe80::1%3]:1", "[fe80::1%4]:1", NX_OK},
    {"loopback is a source like any other", "127.0.0.1:1", "127.0.0.1:9", NX_E_LIMIT},
    {"and each of its addresses is one", "127.0.0.1:1", "127.0.0.2:1", NX_OK},
    {"the same first bytes in the other family are another source", "32.1.13.184:1",
     "[2001:db8::]:1", NX_OK},
};

static void test_sources(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(sources); i++) {
        unit_row(sources[i].name);
        dsb_gate_init(&gate);
        for (int n = 0; n < 4; n++)
            (void)enter(address(sources[i].four), 0, DSB_GATE_NONE);
        EXPECT_STATUS(enter_status(address(sources[i].fifth), 0), sources[i].status);
        EXPECT_EQ(dsb_gate_half_open_count(&gate), sources[i].status == NX_OK ? 5 : 4);
        EXPECT_EQ(dsb_gate_counts(&gate)->refused_source, sources[i].status != NX_OK);
    }

    unit_row("who was refused has drawn nothing");
    dsb_gate_init(&gate);
    struct dsb_gate_pass passes[4];
    for (size_t i = 0; i < 4; i++)
        passes[i] = enter(host(1), 0, DSB_GATE_NONE);
    for (int n = 0; n < 100; n++)
        EXPECT_STATUS(enter_status(host(1), 0), NX_E_LIMIT);
    for (size_t i = 0; i < 4; i++)
        leave(passes[i], 0, DSB_GATE_LEFT);
    for (size_t i = 0; i < 4; i++)
        EXPECT_EQ(opens_ms(enter(host(1), 0, DSB_GATE_NONE)), 0);

    unit_row("no address at all, as over a link in memory, is one source");
    dsb_gate_init(&gate);
    struct nx_address none = {.family = NX_ADDRESS_NONE};
    for (int n = 0; n < 4; n++)
        (void)enter(none, 0, DSB_GATE_NONE);
    EXPECT_STATUS(enter_status(none, 0), NX_E_LIMIT);
}

static void test_slow(void)
{
    struct dsb_gate_pass first, second;

    dsb_gate_init(&gate);
    first = enter(host(1), 0, DSB_GATE_NONE);
    second = enter(host(1), 1, DSB_GATE_NONE);
    (void)enter(host(1), 1, DSB_GATE_NONE);
    (void)enter(host(1), 1, DSB_GATE_NONE);

    unit_row("a millisecond before its second is over the oldest stays, and a fifth is refused");
    EXPECT_STATUS(enter_status(host(1), 999), NX_E_LIMIT);

    unit_row("after a second exactly the oldest of the source goes for the fifth");
    struct dsb_gate_pass fifth = enter(host(1), 1000, first.place);
    EXPECT_EQ(fifth.place, first.place);
    EXPECT_STATUS(open(first, 1000), NX_E_CLOSED);
    EXPECT_STATUS(open(fifth, 1000), NX_OK);
    EXPECT_EQ(dsb_gate_counts(&gate)->dropped, 1);

    unit_row("the second counts from the turn, not from the connection");
    EXPECT_STATUS(open(second, 1000), NX_OK);
    (void)enter(host(1), 1001, 2);
    (void)enter(host(1), 1001, 3);
    EXPECT_STATUS(enter_status(host(1), 1999), NX_E_LIMIT);
    (void)enter(host(1), 2000, second.place);
}

/* ---- patience --------------------------------------------------------------------------------- */

#define STEPS 14

static const struct {
    const char *name;
    struct {
        uint32_t at_ms;
        uint32_t wait_ms;
        enum dsb_gate_outcome outcome;
        bool is_last;
    } steps[STEPS]; /* enter; wait for so long; leave, all at one moment */
} accounts[] = {
    {"eight come at once, and then the waits grow to two seconds and no further",
     {{0, 0, DSB_GATE_LEFT, false},
      {0, 0, DSB_GATE_LEFT, false},
      {0, 0, DSB_GATE_LEFT, false},
      {0, 0, DSB_GATE_LEFT, false},
      {0, 0, DSB_GATE_LEFT, false},
      {0, 0, DSB_GATE_LEFT, false},
      {0, 0, DSB_GATE_LEFT, false},
      {0, 0, DSB_GATE_LEFT, false},
      {0, 500, DSB_GATE_LEFT, false},
      {0, 1000, DSB_GATE_LEFT, false},
      {0, 1500, DSB_GATE_LEFT, false},
      {0, 2000, DSB_GATE_LEFT, false},
      {0, 2000, DSB_GATE_LEFT, false},
      {5500, 0, DSB_GATE_LEFT, true}}},
    {"one that failed is forgiven, the third in a row waits",
     {{0, 0, DSB_GATE_FAILED, false},
      {0, 0, DSB_GATE_FAILED, false},
      {0, 1500, DSB_GATE_FAILED, false},
      {0, 2000, DSB_GATE_FAILED, false},
      {0, 2000, DSB_GATE_FAILED, true}}},
    {"six seconds after a hundred failures nothing is left of them",
     {{0, 0, DSB_GATE_FAILED, false},
      {0, 0, DSB_GATE_FAILED, false},
      {0, 1500, DSB_GATE_FAILED, false},
      {0, 2000, DSB_GATE_FAILED, false},
      {6000, 0, DSB_GATE_FAILED, false},
      {6000, 0, DSB_GATE_FAILED, false},
      {6000, 1500, DSB_GATE_FAILED, true}}},
    {"half a second before that there is something left",
     {{0, 0, DSB_GATE_FAILED, false},
      {0, 0, DSB_GATE_FAILED, false},
      {0, 1500, DSB_GATE_FAILED, false},
      {0, 2000, DSB_GATE_FAILED, false},
      {5500, 0, DSB_GATE_FAILED, false},
      {5500, 0, DSB_GATE_FAILED, false},
      {5500, 2000, DSB_GATE_FAILED, true}}},
    {"to complete costs no more than to come",
     {{0, 0, DSB_GATE_COMPLETED, false},
      {0, 0, DSB_GATE_COMPLETED, false},
      {0, 0, DSB_GATE_COMPLETED, false},
      {0, 0, DSB_GATE_COMPLETED, false},
      {0, 0, DSB_GATE_COMPLETED, false},
      {0, 0, DSB_GATE_COMPLETED, false},
      {0, 0, DSB_GATE_COMPLETED, false},
      {0, 0, DSB_GATE_COMPLETED, false},
      {0, 500, DSB_GATE_COMPLETED, true}}},
    {"to complete is no way to pay for failures",
     {{0, 0, DSB_GATE_FAILED, false},
      {0, 0, DSB_GATE_FAILED, false},
      {0, 1500, DSB_GATE_COMPLETED, false},
      {0, 2000, DSB_GATE_LEFT, true}}},
    {"two a second wait for nothing, however long it goes on",
     {{0, 0, DSB_GATE_LEFT, false},
      {500, 0, DSB_GATE_LEFT, false},
      {1000, 0, DSB_GATE_LEFT, false},
      {1500, 0, DSB_GATE_LEFT, false},
      {2000, 0, DSB_GATE_LEFT, false},
      {2500, 0, DSB_GATE_LEFT, false},
      {3000, 0, DSB_GATE_LEFT, false},
      {3500, 0, DSB_GATE_LEFT, false},
      {4000, 0, DSB_GATE_LEFT, false},
      {4500, 0, DSB_GATE_LEFT, true}}},
    {"a clock that goes back makes nobody wait for longer than two seconds",
     {{1000000, 0, DSB_GATE_FAILED, false},
      {1000000, 0, DSB_GATE_FAILED, false},
      {1000000, 1500, DSB_GATE_FAILED, false},
      {0, 2000, DSB_GATE_LEFT, false},
      {6000, 0, DSB_GATE_LEFT, true}}},
};

static void test_patience(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(accounts); i++) {
        unit_row(accounts[i].name);
        dsb_gate_init(&gate);
        for (size_t n = 0; n < STEPS && (n == 0 || !accounts[i].steps[n - 1].is_last); n++) {
            uint64_t now = accounts[i].steps[n].at_ms;
            struct dsb_gate_pass pass = enter(host(1), now, DSB_GATE_NONE);

            EXPECT_EQ(opens_ms(pass), now + accounts[i].steps[n].wait_ms);
            leave(pass, now, accounts[i].steps[n].outcome);
        }
    }

    unit_row("whoever was dropped is not charged for it");
    dsb_gate_init(&gate);
    for (uint32_t n = 0; n < 6; n++) {
        struct dsb_gate_pass pass = enter(host(1), 0, DSB_GATE_NONE);

        leave(pass, 0, DSB_GATE_LEFT);
        leave(pass, 0, DSB_GATE_FAILED);
    }
    EXPECT_EQ(dsb_gate_counts(&gate)->failed, 0);
    EXPECT_EQ(opens_ms(enter(host(1), 0, DSB_GATE_NONE)), 0);
}

/* ---- turns ------------------------------------------------------------------------------------ */

/* Uses up what there is at once, and everything up to two seconds ahead. */
static void take_all_turns(uint32_t first_host, uint64_t now_ms, enum nx_status want_past)
{
    for (uint32_t n = 0; n < 24; n++) {
        struct dsb_gate_pass pass = enter(host(first_host + n), now_ms, DSB_GATE_NONE);

        EXPECT_STATUS(open(pass, now_ms), n < 8 ? NX_OK : NX_WOULD_BLOCK);
        EXPECT_EQ(opens_ms(pass), now_ms + (n < 8 ? 0 : (n - 7) * 125));
    }
    EXPECT_STATUS(open(enter(host(first_host + 24), now_ms, DSB_GATE_NONE), now_ms), want_past);
}

static void test_turns(void)
{
    unit_row(
        "eight strangers are looked at at once, then one in 125 ms, and none after two seconds");
    dsb_gate_init(&gate);
    take_all_turns(0, 0, NX_E_LIMIT);
    EXPECT_EQ(dsb_gate_counts(&gate)->refused_node, 1);
    EXPECT_EQ(dsb_gate_counts(&gate)->delayed, 16);

    unit_row("a source that completed has turns of its own");
    dsb_gate_init(&gate);
    for (uint32_t n = 0; n < 25; n++)
        make_known(host(100 + n), 0);
    take_all_turns(0, 0, NX_E_LIMIT);
    take_all_turns(100, 0, NX_E_LIMIT);

    unit_row("a turn that was granted comes when it was said, and stays");
    dsb_gate_init(&gate);
    for (uint32_t n = 0; n < 8; n++)
        EXPECT_STATUS(open(enter(host(n), 0, DSB_GATE_NONE), 0), NX_OK);
    struct dsb_gate_pass ninth = enter(host(8), 0, DSB_GATE_NONE);
    EXPECT_STATUS(open(ninth, 0), NX_WOULD_BLOCK);
    EXPECT_STATUS(dsb_gate_open(&gate, (struct nx_instant){124999999}, &ninth), NX_WOULD_BLOCK);
    EXPECT_STATUS(open(ninth, 125), NX_OK);
    EXPECT_STATUS(open(ninth, 125), NX_OK);
    EXPECT_STATUS(open(ninth, 3000), NX_OK);

    unit_row("whoever was told to wait may ask as often as it likes, it is one turn");
    for (int n = 0; n < 100; n++)
        EXPECT_STATUS(open(ninth, 3000), NX_OK);
    for (uint32_t n = 0; n < 8; n++)
        EXPECT_STATUS(open(enter(host(20 + n), 3000, DSB_GATE_NONE), 3000), NX_OK);

    unit_row("who connects and says nothing takes no turn");
    dsb_gate_init(&gate);
    for (uint32_t n = 0; n < 40; n++)
        (void)enter(host(100 + n), 0, DSB_GATE_NONE);
    EXPECT_STATUS(open(enter(host(0), 0, DSB_GATE_NONE), 0), NX_OK);

    unit_row(
        "a source's wait and the node's are two seconds together: who failed is refused first");
    dsb_gate_init(&gate);
    for (int n = 0; n < 2; n++)
        leave(enter(host(1), 0, DSB_GATE_NONE), 0, DSB_GATE_FAILED);
    struct dsb_gate_pass late = enter(host(1), 0, DSB_GATE_NONE);
    EXPECT_STATUS(open(late, 1499), NX_WOULD_BLOCK);
    for (uint32_t n = 0; n < 13; n++)
        (void)open(enter(host(10 + n), 1500, DSB_GATE_NONE), 1500);
    EXPECT_STATUS(open(enter(host(30), 1500, DSB_GATE_NONE), 1500), NX_WOULD_BLOCK);
    EXPECT_STATUS(open(late, 1500), NX_E_LIMIT);
    EXPECT_EQ(opens_ms(late), 1500);

    unit_row("and is granted when the wait is short enough: exactly two seconds in all");
    EXPECT_STATUS(open(late, 1874), NX_E_LIMIT);
    EXPECT_STATUS(open(late, 1875), NX_WOULD_BLOCK);
    EXPECT_EQ(opens_ms(late), 2375);

    unit_row("whoever waited twice is counted once");
    EXPECT_EQ(dsb_gate_counts(&gate)->delayed, 1 + 5 + 1);

    unit_row("a clock that goes back leaves turns for those who come then");
    dsb_gate_init(&gate);
    take_all_turns(0, 1000000, NX_E_LIMIT);
    EXPECT_STATUS(open(enter(host(50), 0, DSB_GATE_NONE), 0), NX_E_LIMIT);
    EXPECT_STATUS(open(enter(host(51), 125, DSB_GATE_NONE), 125), NX_WOULD_BLOCK);

    unit_row("at the end of time nothing opens and nothing breaks");
    dsb_gate_init(&gate);
    struct nx_address from = host(0);
    uint32_t dropped;
    struct dsb_gate_pass last;
    NEED(dsb_gate_enter(&gate, NX_NEVER, &from, &last, &dropped) == NX_OK);
    EXPECT_STATUS(dsb_gate_open(&gate, NX_NEVER, &last), NX_WOULD_BLOCK);
    dsb_gate_leave(&gate, NX_NEVER, &last, DSB_GATE_FAILED);
    EXPECT_EQ(dsb_gate_half_open_count(&gate), 0);
}

/* ---- places ----------------------------------------------------------------------------------- */

static void test_places(void)
{
    struct dsb_gate_pass first, second;

    unit_row("strangers have three quarters of the places; then the oldest goes");
    dsb_gate_init(&gate);
    for (uint32_t n = 0; n < 26; n++)
        make_known(host(1000 + n), 0);
    first = enter(host(0), 10000, DSB_GATE_NONE);
    second = enter(host(1), 10000, DSB_GATE_NONE);
    for (uint32_t n = 2; n < 48; n++)
        (void)enter(host(n), 10000, DSB_GATE_NONE);
    EXPECT_EQ(enter(host(48), 10000, first.place).place, first.place);
    EXPECT_EQ(dsb_gate_half_open_count(&gate), 48);

    unit_row("who has its turn goes after all who wait for theirs");
    EXPECT_STATUS(open(second, 10000), NX_OK);
    for (uint32_t n = 0; n < 46; n++)
        (void)enter(host(50 + n), 10000, n + 2);
    (void)enter(host(100), 10000, first.place);
    EXPECT_STATUS(open(second, 10000), NX_OK);

    unit_row("a known source has the quarter that is kept, and no stranger goes for it");
    for (uint32_t n = 0; n < 16; n++)
        (void)enter(host(1000 + n), 10000, DSB_GATE_NONE);
    EXPECT_EQ(dsb_gate_half_open_count(&gate), 64);

    unit_row("no stranger takes it away");
    for (uint32_t n = 0; n < 47; n++)
        EXPECT(enter_status(host(110 + n), 10000) == NX_OK);
    EXPECT_EQ(gate.half_open_count[true], 16);

    unit_row("beyond its quarter a known source takes the places of strangers");
    for (uint32_t n = 0; n < 10; n++)
        EXPECT(enter_status(host(1016 + n), 10000) == NX_OK);
    EXPECT_EQ(gate.half_open_count[true], 26);
    EXPECT_EQ(gate.half_open_count[false], 38);
    EXPECT_STATUS(open(second, 10000), NX_OK);

    unit_row("but leaves them a quarter: then the oldest known one goes");
    for (uint32_t n = 0; n < 22; n++)
        EXPECT(enter_status(host(1000 + n), 10000) == NX_OK);
    EXPECT_EQ(gate.half_open_count[false], 16);
    EXPECT(enter_status(host(1022), 10000) == NX_OK);
    EXPECT_EQ(gate.half_open_count[false], 16);
    EXPECT_EQ(gate.half_open_count[true], 48);

    unit_row("and a stranger the place of a stranger");
    EXPECT(enter_status(host(300), 10000) == NX_OK);
    EXPECT_EQ(gate.half_open_count[false], 16);

    unit_row("with fewer than their quarter, strangers get it back from the known");
    dsb_gate_init(&gate);
    for (uint32_t n = 0; n < 64; n++)
        make_known(host(1000 + n), 0);
    for (uint32_t n = 0; n < 64; n++)
        (void)enter(host(1000 + n), 10000, DSB_GATE_NONE);
    for (uint32_t n = 0; n < 16; n++)
        (void)enter(host(n), 10000, n);
    EXPECT_EQ(gate.half_open_count[true], 48);
    (void)enter(host(16), 10000, 0);
    EXPECT_EQ(gate.half_open_count[true], 48);

    unit_row("the pass of one that was dropped does nothing to whoever has its place");
    dsb_gate_init(&gate);
    first = enter(host(0), 0, DSB_GATE_NONE);
    for (uint32_t n = 1; n < 48; n++)
        (void)enter(host(n), 0, DSB_GATE_NONE);
    second = enter(host(48), 0, first.place);
    leave(first, 0, DSB_GATE_FAILED);
    EXPECT_STATUS(open(first, 0), NX_E_CLOSED);
    EXPECT(nx_instant_is_never(dsb_gate_opens_at(&gate, &first)));
    EXPECT_EQ(dsb_gate_half_open_count(&gate), 48);
    EXPECT_EQ(dsb_gate_counts(&gate)->failed, 0);
    EXPECT_STATUS(open(second, 0), NX_OK);

    unit_row("a pass that left twice, or names no place, does nothing");
    leave(second, 0, DSB_GATE_LEFT);
    leave(second, 0, DSB_GATE_COMPLETED);
    leave((struct dsb_gate_pass){DSB_GATE_NONE, 1}, 0, DSB_GATE_FAILED);
    EXPECT_EQ(dsb_gate_half_open_count(&gate), 47);
    EXPECT_EQ(dsb_gate_counts(&gate)->completed, 0);
}

/* ---- who is remembered ------------------------------------------------------------------------ */

static bool knows(uint32_t number)
{
    struct nx_address from = host(number);

    return dsb_gate_knows(&gate, &from);
}

static void test_memory(void)
{
    unit_row("128 sources that completed are known, all of them");
    dsb_gate_init(&gate);
    for (uint32_t n = 0; n < 128; n++)
        make_known(host(n), n);
    EXPECT_EQ(gate.known_count, 128);
    EXPECT(knows(0) && knows(127) && !knows(128));

    unit_row("ten thousand strangers make none of them forgotten");
    for (uint32_t n = 0; n < 10000; n++)
        leave(enter(host(1000 + n), 1000, DSB_GATE_NONE), 1000,
              n % 2 == 0 ? DSB_GATE_FAILED : DSB_GATE_LEFT);
    for (uint32_t n = 0; n < 128; n++)
        EXPECT(knows(n));

    unit_row("one more that completes makes the one forgotten that completed longest ago");
    make_known(host(0), 2000);
    make_known(host(128), 2000);
    EXPECT(knows(0) && !knows(1) && knows(2) && knows(128));
    EXPECT_EQ(gate.known_count, 128);

    unit_row("but not one that has a handshake under way");
    struct dsb_gate_pass pass = enter(host(2), 3000, DSB_GATE_NONE);
    make_known(host(129), 3000);
    EXPECT(knows(2) && !knows(3));
    leave(pass, 3000, DSB_GATE_LEFT);
    make_known(host(130), 3000);
    EXPECT(!knows(2) && knows(4));

    unit_row("a source that comes, fails or leaves is not known for it");
    leave(enter(host(500), 4000, DSB_GATE_NONE), 4000, DSB_GATE_FAILED);
    leave(enter(host(501), 4000, DSB_GATE_NONE), 4000, DSB_GATE_LEFT);
    EXPECT(!knows(500) && !knows(501));

    unit_row("in a full table the stranger that owes most is remembered longest");
    dsb_gate_init(&gate);
    for (int n = 0; n < 3; n++)
        leave(enter(host(0), 0, DSB_GATE_NONE), 0, DSB_GATE_FAILED);
    for (uint32_t n = 1; n < 1000; n++)
        leave(enter(host(n), 0, DSB_GATE_NONE), 0, DSB_GATE_LEFT);
    EXPECT_EQ(opens_ms(enter(host(0), 0, DSB_GATE_NONE)), 2000);

    unit_row("and one that has a handshake under way is never forgotten");
    dsb_gate_init(&gate);
    for (int n = 0; n < 4; n++)
        (void)enter(host(0), 0, DSB_GATE_NONE);
    for (uint32_t n = 1; n < 1000; n++)
        leave(enter(host(n), 6000, DSB_GATE_NONE), 6000, DSB_GATE_FAILED);
    EXPECT_EQ(gate.sources[0].half_open_count, 4);
    (void)enter(host(0), 6000, 0);
    EXPECT_EQ(gate.sources[0].half_open_count, 4);
}

/* ---- floods ----------------------------------------------------------------------------------- */

static void expect_in_order(void)
{
    uint32_t sorts[2] = {0, 0};
    uint32_t held[DSB_GATE_SOURCES_MAX] = {0};
    uint32_t known_count = 0;

    for (size_t i = 0; i < DSB_GATE_PLACES_MAX; i++) {
        const struct dsb_gate_place *place = &gate.places[i];

        if (place->state == DSB_GATE_FREE)
            continue;
        sorts[place->is_known]++;
        held[place->source]++;
    }
    for (size_t i = 0; i < DSB_GATE_SOURCES_MAX; i++) {
        EXPECT(held[i] <= DSB_GATE_PER_SOURCE_MAX);
        EXPECT_EQ(held[i], gate.sources[i].half_open_count);
        known_count += gate.sources[i].known_since != 0;
    }
    EXPECT_EQ(gate.half_open_count[false], sorts[false]);
    EXPECT_EQ(gate.half_open_count[true], sorts[true]);
    EXPECT(sorts[false] <= 48 && sorts[false] + sorts[true] <= 64);
    EXPECT_EQ(gate.known_count, known_count);

    const struct dsb_gate_counts *c = dsb_gate_counts(&gate);
    EXPECT_EQ(c->entered - c->completed - c->failed - c->left - c->dropped,
              sorts[false] + sorts[true]);
}

/* Any acts of any of 600 sources at any pace: the passes of all who came, used right and wrong. */
static void test_random(uint64_t seed)
{
    static struct dsb_gate_pass passes[64];
    struct nx_prng prng;
    uint64_t now = 0;

    unit_row_number("whatever strangers do, in whatever order, every bound holds, seed", seed);
    nx_prng_init(&prng, seed, "gate");
    dsb_gate_init(&gate);
    memset(passes, 0, sizeof(passes));
    for (int step = 0; step < 5000 && !unit_row_has_failed(); step++) {
        uint64_t draw = nx_prng_next(&prng);
        struct dsb_gate_pass *pass = &passes[draw % 64];
        struct nx_address from = host((uint32_t)(draw >> 8) % (seed % 2 == 0 ? 20 : 600));
        uint32_t dropped;

        now += (draw >> 24) % 8 == 0 ? (draw >> 32) % 3000 : (draw >> 32) % 10;
        switch ((draw >> 20) % 8) {
        case 0:
            leave(*pass, now, (enum dsb_gate_outcome)((draw >> 50) % 3));
            break;
        case 1:
        case 2:
            if (open(*pass, now) == NX_WOULD_BLOCK)
                EXPECT(opens_ms(*pass) > now && opens_ms(*pass) <= now + 2000);
            break;
        default:
            if (dsb_gate_enter(&gate, at_ms(now), &from, pass, &dropped) == NX_OK)
                EXPECT(opens_ms(*pass) <= now + 2000);
            break;
        }
        expect_in_order();
    }
}

/* Each millisecond a stranger comes, from another address, and its first message is there at once. Eight
 * in a second are looked at, besides what was saved up and what waits; nobody who has its turn loses its
 * place within a second of it. */
static void test_flood(void)
{
    static uint64_t looked_at_ms[DSB_GATE_PLACES_MAX]; /* UINT64_MAX: it has no turn */
    uint32_t looked_count = 0;
    uint32_t honest_count = 0;

    unit_row("under a flood eight strangers a second are looked at, and each keeps its second");
    dsb_gate_init(&gate);
    make_known(host(0), 0);
    memset(looked_at_ms, 0xff, sizeof(looked_at_ms));
    for (uint64_t now = 0; now < 20000 && !unit_row_has_failed(); now++) {
        struct dsb_gate_pass pass;
        struct nx_address from = host(1 + (uint32_t)now);
        uint32_t dropped;

        NEED(dsb_gate_enter(&gate, at_ms(now), &from, &pass, &dropped) == NX_OK);
        if (dropped != DSB_GATE_NONE)
            EXPECT(looked_at_ms[dropped] + 1000 <= now || looked_at_ms[dropped] == UINT64_MAX);
        looked_at_ms[pass.place] = UINT64_MAX;
        if (open(pass, now) == NX_E_LIMIT) {
            leave(pass, now, DSB_GATE_LEFT);
        } else {
            looked_at_ms[pass.place] = opens_ms(pass);
            looked_count++;
        }

        /* Somebody who was here before goes on as if nothing were. */
        if (now % 1000 == 0) {
            struct nx_address known = host(0);

            NEED(dsb_gate_enter(&gate, at_ms(now), &known, &pass, &dropped) == NX_OK);
            EXPECT_EQ(dropped, DSB_GATE_NONE);
            honest_count += open(pass, now) == NX_OK;
            leave(pass, now, DSB_GATE_COMPLETED);
        }
    }
    EXPECT_EQ(honest_count, 20);
    EXPECT_EQ(looked_count, 8 + 2 * 8 + 20 * 8 - 1);

    unit_row("one source alone, whatever it tries, is looked at twice a second");
    dsb_gate_init(&gate);
    struct dsb_gate_pass own[4];
    bool is_in[4] = {false};
    looked_count = 0;
    for (uint64_t now = 0; now < 20000; now++) {
        for (size_t i = 0; i < 4; i++) {
            struct nx_address from = host(1);
            uint32_t dropped;

            if (!is_in[i])
                is_in[i] = dsb_gate_enter(&gate, at_ms(now), &from, &own[i], &dropped) == NX_OK;
            if (is_in[i] && open(own[i], now) == NX_OK) {
                looked_count++;
                leave(own[i], now, DSB_GATE_LEFT);
                is_in[i] = false;
            }
        }
    }
    EXPECT(looked_count >= 40 && looked_count <= 8 + 2 * 20 + 4);
}

UNIT_SUITE(gate_test)
{
    test_sources();
    test_slow();
    test_patience();
    test_turns();
    test_places();
    test_memory();
    for (uint64_t seed = 0; seed < 8; seed++)
        test_random(seed);
    test_flood();
}
