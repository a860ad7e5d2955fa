/* Devices that are paired: known by their signature, whatever a crowd of others sends. */
#include "core/bus/discovery.h"

#include "core/base/memory.h"
#include "core/crypto/crypto.h"
#include "tests/bus/listener.h"
#include "tests/unit/unit.h"

/* ---- budgets -------------------------------------------------------------------------------- */

static void test_budgets(void)
{
    struct dsb_discovery_config c = listener_config(DSB_DISCOVERY_MULTICAST);
    c.stranger_burst = 3;
    c.strangers_per_second = 2;

    unit_row("strangers share one budget: so many at once, so many a second");
    listener_start_with(&c);
    for (uint8_t k = 1; k <= 3; k++)
        EXPECT_STATUS(listener_hear(k, 0), NX_OK);
    EXPECT_STATUS(listener_hear(4, 0), NX_WOULD_BLOCK);
    EXPECT_STATUS(listener_hear(1, 0), NX_WOULD_BLOCK);
    EXPECT_EQ(listener.counts.limited, 2);
    EXPECT(listener_find(4) == NULL);
    EXPECT_STATUS(listener_hear(4, 1), NX_OK);
    EXPECT_STATUS(listener_hear(4, 1), NX_OK);
    EXPECT_STATUS(listener_hear(4, 1), NX_WOULD_BLOCK);

    unit_row("a flood of strangers, with whatever source, leaves a paired device its own");
    listener_start_with(&c);
    EXPECT_STATUS(listener_pin(1, 0), NX_OK);
    for (uint64_t now_s = 0; now_s < 100; now_s++) {
        for (uint8_t k = 0x60; k < 0x80; k++) {
            struct dsb_beacon b = device_beacon(k);

            (void)listener_input(&b, now_s, device_host(1));
        }
        EXPECT_STATUS(listener_hear_signed(1, now_s, now_s + 1, device_host(1)), NX_OK);
    }
    EXPECT_EQ(listener.counts.verified, 100);
    EXPECT_EQ(listener_find(1)->last_seen.ns, at_s(99).ns);

    unit_row(
        "forged beacons of a paired device from elsewhere do not touch what is for its own host");
    listener_start();
    EXPECT_STATUS(listener_pin(1, 0), NX_OK);
    struct nx_address session = device_host(1);
    session.port = 34567;
    EXPECT_STATUS(dsb_discovery_authenticated(&listener, at_s(0), device_id(1), session), NX_OK);
    for (uint64_t now_s = 0; now_s < 100; now_s++) {
        for (uint8_t k = 0; k < 20; k++) {
            struct dsb_beacon forged = device_beacon(1);

            device_sign(&forged, 2, 1000000 + now_s);
            (void)listener_input(&forged, now_s, device_host((uint8_t)(100 + k)));
        }
        EXPECT_STATUS(listener_hear_signed(1, now_s, now_s + 1, device_host(1)), NX_OK);
    }
    EXPECT_EQ(listener.counts.verified, 100);
    EXPECT(listener.counts.forged <= DSB_DISCOVERY_ELSEWHERE_BURST + 100);
    EXPECT_EQ(listener_find(1)->sequence, 100);
    EXPECT_EQ(listener_find(1)->candidate_count, 1);

    unit_row("signatures have a budget of their own, whoever is named");
    listener_start();
    for (uint8_t k = 1; k <= 4; k++)
        EXPECT_STATUS(listener_pin(k, 0), NX_OK);
    for (uint8_t k = 1; k <= 4; k++) {
        for (uint8_t i = 1; i <= DSB_DISCOVERY_ELSEWHERE_BURST; i++)
            (void)listener_hear_signed(k, 0, i, device_host((uint8_t)(50 + 10 * k + i)));
    }
    EXPECT_EQ(listener.counts.verified, DSB_DISCOVERY_VERIFY_PER_SECOND);
    EXPECT_EQ(listener.counts.unverified,
              4 * DSB_DISCOVERY_ELSEWHERE_BURST - DSB_DISCOVERY_VERIFY_PER_SECOND);

    unit_row("used up by what came from elsewhere, signatures from a proved host still count");
    EXPECT_STATUS(dsb_discovery_authenticated(&listener, at_s(0), device_id(1), device_host(1)),
                  NX_OK);
    EXPECT_STATUS(listener_hear_signed(1, 0, 60, device_host(1)), NX_OK);
    EXPECT_EQ(listener.counts.verified, DSB_DISCOVERY_VERIFY_PER_SECOND + 1);

    unit_row("while the clock stands still no budget refills");
    for (uint64_t i = 10; i < 50; i++)
        EXPECT_STATUS(listener_hear_signed(4, 0, i, device_host(200)), NX_WOULD_BLOCK);
}

/* ---- paired devices ------------------------------------------------------------------------- */

static void test_restarted(void)
{
    const uint64_t boot = (uint64_t)1 << 32;

    unit_row("a device that has restarted is told as changed, once each time");
    listener_start();
    EXPECT_STATUS(listener_pin(1, 0), NX_OK);
    EXPECT_STATUS(listener_hear_signed(1, 0, 7 * boot + 9, device_host(1)), NX_OK);
    listener_expect_events("S01 ");
    EXPECT_STATUS(listener_hear_signed(1, 1, 7 * boot + 10, device_host(1)), NX_OK);
    listener_expect_events("");
    EXPECT_STATUS(listener_hear_signed(1, 2, 8 * boot + 1, device_host(1)), NX_OK);
    listener_expect_events("C01 ");
    EXPECT_STATUS(listener_hear_signed(1, 3, 8 * boot + 2, device_host(1)), NX_OK);
    EXPECT_STATUS(listener_hear_signed(1, 4, 7 * boot + 11, device_host(1)), NX_OK);
    listener_expect_events("");

    unit_row(
        "that a boot counter was below the highest is kept, with when; a count of one boot is not");
    EXPECT_EQ(listener_find(1)->fresh_at.ns, at_s(3).ns);
    EXPECT_EQ(listener_find(1)->behind_at.ns, at_s(4).ns);
    EXPECT_EQ(listener_find(1)->beacon_at.ns, at_s(4).ns);
    EXPECT_EQ(listener_find(1)->beacon_count, 5);
    EXPECT_STATUS(listener_hear_signed(1, 5, 8 * boot + 1, device_host(1)), NX_OK);
    EXPECT_EQ(listener_find(1)->behind_at.ns, at_s(4).ns);
    EXPECT_STATUS(listener_hear_signed(1, 6, 8 * boot + 3, device_host(1)), NX_OK);
    EXPECT_EQ(listener_find(1)->fresh_at.ns, at_s(6).ns);
}

static void test_signed(void)
{
    struct dsb_beacon b;

    unit_row("a paired device that was not heard is not listed, and not forgotten");
    listener_start();
    EXPECT_STATUS(listener_pin(1, 0), NX_OK);
    EXPECT_EQ(dsb_discovery_count(&listener), 1);
    EXPECT(listener_find(1) != NULL && !listener_find(1)->is_present);
    listener_expect_markers("");

    unit_row("its signed beacon says who it is and where");
    b = device_beacon(1);
    b.name = nx_bytes_of_text("Living Room");
    b.has_trailer = true;
    device_sign(&b, 1, 10);
    EXPECT_STATUS(listener_input(&b, 0, device_host(1)), NX_OK);
    EXPECT_TEXT(listener_find(1)->name, "Living Room");
    EXPECT(listener_find(1)->candidates[0].is_authenticated);
    EXPECT_EQ(listener_find(1)->sequence, 10);
    listener_expect_events("S01 ");

    unit_row("the same sequence again is only a hint");
    EXPECT_STATUS(listener_hear_signed(1, 0, 10, device_host(2)), NX_OK);
    EXPECT_EQ(listener.counts.verified, 1);
    EXPECT_EQ(listener_find(1)->candidate_count, 2);
    EXPECT(!listener_find(1)->candidates[1].is_authenticated);
    EXPECT_TEXT(listener_find(1)->name, "Living Room");

    unit_row("a higher one replaces the address");
    EXPECT_STATUS(listener_hear_signed(1, 1, 11, device_host(3)), NX_OK);
    EXPECT_EQ(listener_find(1)->candidates[0].address.bytes[3], 3);
    EXPECT(listener_find(1)->candidates[0].is_authenticated);
    EXPECT_TEXT(listener_find(1)->name, "");

    unit_row("a lower one does not");
    EXPECT_STATUS(listener_hear_signed(1, 2, 9, device_host(4)), NX_OK);
    EXPECT_EQ(listener_find(1)->candidates[0].address.bytes[3], 3);
    EXPECT_EQ(listener_find(1)->sequence, 11);

    unit_row("an unsigned beacon never touches port, name or the length of its life");
    b = device_beacon(1);
    b.port = 1;
    EXPECT_STATUS(listener_input(&b, 3, device_host(3)), NX_OK);
    EXPECT_EQ(listener_find(1)->port, 34567);
    EXPECT_EQ(listener_find(1)->last_seen.ns, at_s(3).ns);
    EXPECT_EQ(listener_find(1)->expires_s, 63);
    b.has_trailer = true;
    b.ttl_s = 1;
    EXPECT_STATUS(listener_input(&b, 10, device_host(3)), NX_OK);
    EXPECT_EQ(listener_find(1)->expires_s, 63);

    unit_row("a signature that does not hold counts for nothing, whatever its sequence");
    b = device_beacon(1);
    device_sign(&b, 2, 1000);
    EXPECT_STATUS(listener_input(&b, 20, device_host(9)), NX_E_CRYPTO);
    EXPECT_EQ(listener_find(1)->last_seen.ns, at_s(10).ns);
    EXPECT_EQ(listener_find(1)->sequence, 11);
    EXPECT_EQ(listener.counts.forged, 1);

    unit_row("one byte changed under the signature, and it does not hold");
    b = device_beacon(1);
    device_sign(&b, 1, 12);
    b.port ^= 1;
    EXPECT_STATUS(listener_input(&b, 30, device_host(3)), NX_E_CRYPTO);

    unit_row("its own word may shorten its life");
    b = device_beacon(1);
    b.ttl_s = 2;
    device_sign(&b, 1, 12);
    EXPECT_STATUS(listener_input(&b, 31, device_host(3)), NX_OK);
    EXPECT_EQ(listener_find(1)->expires_s, 33);

    unit_row("gone it keeps the addresses that were proved, and the sequence");
    dsb_discovery_tick(&listener, at_s(33));
    EXPECT(!listener_has(1));
    EXPECT_EQ(listener_find(1)->candidate_count, 2);
    EXPECT_EQ(listener_find(1)->sequence, 12);
}

static void test_keys(void)
{
    struct dsb_beacon b = device_beacon(1);
    b.noise_static[5] ^= 1;

    unit_row("an unsigned beacon over another static is counted, flagged and ignored");
    listener_start();
    EXPECT_STATUS(listener_pin(1, 0), NX_OK);
    EXPECT_STATUS(listener_input(&b, 0, device_host(1)), NX_E_EXISTS);
    EXPECT(!listener_find(1)->is_present && listener_find(1)->has_key_conflict);
    EXPECT_EQ(listener_find(1)->candidate_count, 0);
    EXPECT_EQ(listener_find(1)->noise_static[5], 1);
    listener_expect_events("C01 ");

    unit_row("a session that proves it clears the flag");
    EXPECT_STATUS(dsb_discovery_authenticated(&listener, at_s(1), device_id(1), device_host(1)),
                  NX_OK);
    EXPECT(!listener_find(1)->has_key_conflict && listener_find(1)->is_present);
    listener_expect_events("S01 ");

    unit_row("its own signature over another static is a conflict of identity, told once");
    device_sign(&b, 1, 5);
    EXPECT_STATUS(listener_input(&b, 2, device_host(1)), NX_E_IDENTITY);
    EXPECT_STATUS(listener_input(&b, 3, device_host(1)), NX_E_EXISTS);
    listener_expect_events("K01 ");
    EXPECT_EQ(listener_find(1)->noise_static[5], 1);
    EXPECT_EQ(listener_find(1)->last_seen.ns, at_s(1).ns);
}

static void test_pins(void)
{
    unit_row("pinned twice is refused, as are our own id and one that is none");
    listener_start();
    EXPECT_STATUS(listener_pin(1, 0), NX_OK);
    EXPECT_STATUS(listener_pin(1, 0), NX_E_EXISTS);
    EXPECT_STATUS(listener_pin(LISTENER_SELF, 0), NX_E_INVALID);
    struct dsb_discovery_pin p = {.id = nx_bytes_of_text("node9")};
    EXPECT_STATUS(dsb_discovery_pin(&listener, at_s(0), &p), NX_E_INVALID);

    unit_row("a sequence of an earlier life is not accepted again");
    p.id = device_id(2);
    p.sequence = 100;
    uint8_t seed[32];
    device_key(2, seed);
    nx_crypto_ed25519_public(p.ed25519_public, seed);
    memset(p.noise_static, 2, sizeof(p.noise_static));
    EXPECT_STATUS(dsb_discovery_pin(&listener, at_s(0), &p), NX_OK);
    EXPECT_STATUS(listener_hear_signed(2, 0, 100, device_host(2)), NX_OK);
    EXPECT_EQ(listener.counts.verified, 0);
    EXPECT_STATUS(listener_hear_signed(2, 0, 101, device_host(2)), NX_OK);
    EXPECT_EQ(listener.counts.verified, 1);

    unit_row("a stranger that is paired keeps one address as a hint, and takes the pinned static");
    listener_start();
    struct dsb_beacon b = device_beacon(3);
    b.noise_static[0] = 77;
    EXPECT_STATUS(listener_input(&b, 0, device_host(3)), NX_OK);
    EXPECT_STATUS(listener_input(&b, 0, device_host(4)), NX_OK);
    EXPECT_STATUS(listener_pin(3, 1), NX_OK);
    EXPECT_EQ(listener_find(3)->candidate_count, 1);
    EXPECT_EQ(listener_find(3)->noise_static[0], 3);
    EXPECT(listener_has(3));

    unit_row("unpaired and present it is a stranger again");
    EXPECT_STATUS(dsb_discovery_authenticated(&listener, at_s(1), device_id(3), device_host(3)),
                  NX_OK);
    EXPECT_STATUS(dsb_discovery_unpin(&listener, at_s(2), device_id(3)), NX_OK);
    EXPECT(listener_has(3) && !listener_find(3)->is_paired);
    EXPECT(!listener_find(3)->candidates[0].is_authenticated);
    EXPECT_STATUS(dsb_discovery_unpin(&listener, at_s(2), device_id(3)), NX_E_NOT_FOUND);
    EXPECT_STATUS(dsb_discovery_authenticated(&listener, at_s(2), device_id(3), device_host(3)),
                  NX_E_NOT_FOUND);

    unit_row("unpaired and absent it is gone");
    EXPECT_STATUS(listener_pin(4, 2), NX_OK);
    EXPECT_STATUS(dsb_discovery_unpin(&listener, at_s(2), device_id(4)), NX_OK);
    EXPECT(listener_find(4) == NULL);

    unit_row("what was never heard of cannot be unpaired");
    EXPECT_STATUS(dsb_discovery_unpin(&listener, at_s(2), device_id(4)), NX_E_NOT_FOUND);
}

static void test_networks(void)
{
    const struct nx_address configured = {NX_ADDRESS_IPV4, {198, 51, 100, 7}, 37020, 0};
    const struct nx_address elsewhere = {NX_ADDRESS_IPV4, {198, 51, 100, 8}, 37020, 0};
    const struct dsb_network ours = {device_host(9), 24};
    struct dsb_discovery_config c = listener_config(DSB_DISCOVERY_MULTICAST);
    struct dsb_beacon b = device_beacon(1);

    c.unicast = &configured;
    c.unicast_count = 1;

    unit_row("an unsigned beacon leads to a place on a network of ours");
    listener_start_with(&c);
    dsb_discovery_set_networks(&listener, &ours, 1);
    EXPECT_STATUS(listener_pin(1, 0), NX_OK);
    EXPECT_STATUS(listener_input(&b, 0, device_host(200)), NX_OK);
    EXPECT_EQ(listener_find(1)->candidate_count, 1);

    unit_row("or to one that was configured, whatever its port");
    EXPECT_STATUS(listener_input(&b, 1, configured), NX_OK);
    EXPECT(nx_address_same_host(&listener_find(1)->candidates[0].address, &configured));

    unit_row("and to no other, which is counted; the device is there all the same");
    EXPECT_STATUS(listener_input(&b, 2, elsewhere), NX_OK);
    EXPECT(nx_address_same_host(&listener_find(1)->candidates[0].address, &configured));
    EXPECT_EQ(listener.counts.off_link, 1);
    EXPECT_EQ(listener_find(1)->last_seen.ns, at_s(2).ns);

    unit_row("the device's own word leads anywhere");
    EXPECT_STATUS(listener_hear_signed(1, 20, 1, elsewhere), NX_OK);
    EXPECT(nx_address_same_host(&listener_find(1)->candidates[0].address, &elsewhere));

    unit_row("a stranger may be anywhere: it is dialled when a person says so");
    b = device_beacon(2);
    EXPECT_STATUS(listener_input(&b, 20, device_host(2)), NX_OK);
    EXPECT_STATUS(listener_input(&b, 20, elsewhere), NX_OK);
    EXPECT_EQ(listener_find(2)->candidate_count, 2);

    unit_row("once it is paired only the address on our network is kept of what it said");
    EXPECT_STATUS(listener_pin(2, 20), NX_OK);
    EXPECT_EQ(listener_find(2)->candidate_count, 1);
    const struct nx_address near = device_host(2);
    EXPECT(nx_address_same_host(&listener_find(2)->candidates[0].address, &near));

    unit_row("without one none is");
    b = device_beacon(3);
    EXPECT_STATUS(listener_input(&b, 21, elsewhere), NX_OK);
    EXPECT_STATUS(listener_pin(3, 21), NX_OK);
    EXPECT_EQ(listener_find(3)->candidate_count, 0);
}

UNIT_SUITE(discovery_paired_test)
{
    test_networks();
    test_budgets();
    test_signed();
    test_restarted();
    test_keys();
    test_pins();
}
