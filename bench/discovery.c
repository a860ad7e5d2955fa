/* What a beacon costs, from ten neighbours to ten thousand: it should be the same. */
#include "core/bus/discovery.h"
#include "bench/measure.h"
#include "core/base/hex.h"
#include "core/base/memory.h"

#include <stdlib.h>

#define MOST 10000

/* A beacon whose id is rewritten in place: the table is measured, not a pile of datagrams. */
struct crowd {
    struct dsb_discovery discovery;
    struct nx_prng prng;
    struct nx_instant now;
    uint32_t count;
    uint32_t ids; /* how many different ones come: as many as are known, or more */
    uint8_t datagram[DSB_BEACON_MAX];
    size_t len;
};

static void hear_number(struct crowd *c, uint32_t number)
{
    char digits[9];
    uint8_t raw[4] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8),
                      (uint8_t)number};
    struct dsb_discovery_event event;

    nx_hex_encode(nx_bytes_of(raw, sizeof(raw)), digits);
    memcpy(c->datagram + 6, digits, 8);
    c->now.ns += 1000; /* a million beacons a second: nobody ages out */
    measure_need(dsb_discovery_input(&c->discovery, c->now,
                                     nx_address_ipv4((const uint8_t[]){10, 0, 0, 1}, 37020),
                                     nx_bytes_of(c->datagram, c->len)) == NX_OK,
                 "a beacon was refused");
    while (dsb_discovery_event(&c->discovery, &event))
        measure_keep(&event);
}

static void hear(void *context)
{
    struct crowd *c = context;

    hear_number(c, (uint32_t)(nx_prng_next(&c->prng) % c->ids));
}

static void find(void *context)
{
    struct crowd *c = context;
    uint32_t number = (uint32_t)(nx_prng_next(&c->prng) % c->count);
    char id[65] = "0000000000000000000000000000000000000000000000000000000000000000";
    uint8_t raw[4] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8),
                      (uint8_t)number};

    nx_hex_encode(nx_bytes_of(raw, sizeof(raw)), id);
    id[8] = '0';
    measure_need(dsb_discovery_find(&c->discovery, nx_bytes_of(id, 64)) != NULL,
                 "a neighbour is not found");
}

static void start(struct crowd *c, uint32_t count, struct dsb_neighbour *slots, uint32_t *index)
{
    static const char zero[] = "0000000000000000000000000000000000000000000000000000000000000000";
    static const char self[] = "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";
    struct dsb_discovery_config config = dsb_discovery_config_default();
    struct dsb_beacon beacon = {.device_id = nx_bytes_of_text(zero), .port = 34567};
    struct nx_writer w = nx_writer_over(c->datagram, sizeof(c->datagram));

    nx_prng_init(&c->prng, 1, "bench");
    config.beacon.device_id = nx_bytes_of_text(self);
    config.stranger_burst = UINT32_MAX;
    config.strangers_per_second = 1000000000u;
    config.rng = nx_prng_as_rng(&c->prng);
    measure_need(dsb_beacon_encode(&beacon, &w, NULL) == NX_OK, "a beacon does not encode");
    c->len = w.len;
    c->count = c->ids = count;
    c->now = (struct nx_instant){1};
    measure_need(dsb_discovery_init(&c->discovery, c->now, &config, slots, count, index, NULL) ==
                     NX_OK,
                 "discovery does not start");
    for (uint32_t i = 0; i < count; i++)
        hear_number(c, i);
}

int main(void)
{
    static const struct {
        uint32_t count;
        const char *known, *unknown, *found;
    } crowds[] = {
        {10, "hear a known one of 10", "hear a new one, full at 10", "find one of 10"},
        {100, "hear a known one of 100", "hear a new one, full at 100", "find one of 100"},
        {1000, "hear a known one of 1,000", "hear a new one, full at 1,000", "find one of 1,000"},
        {MOST, "hear a known one of 10,000", "hear a new one, full at 10,000",
         "find one of 10,000"},
    };
    static struct crowd c;
    struct dsb_neighbour *slots = calloc(MOST, sizeof(*slots));
    uint32_t *index = calloc(dsb_neighbours_index_count(MOST), sizeof(*index));
    double first[3] = {0}, last[3] = {0};

    measure_begin("the discovery table");
    measure_need(slots != NULL && index != NULL, "out of memory");
    for (size_t i = 0; i < NX_COUNT_OF(crowds); i++) {
        start(&c, crowds[i].count, slots, index);
        last[0] = measure_ns(find, &c);
        measure_result(crowds[i].found, "ns_per_op", last[0]);
        last[1] = measure_ns(hear, &c);
        measure_result(crowds[i].known, "ns_per_op", last[1]);
        c.ids = UINT32_MAX;
        last[2] = measure_ns(hear, &c);
        measure_result(crowds[i].unknown, "ns_per_op", last[2]);
        if (i == 0)
            memcpy(first, last, sizeof(first));
    }
    measure_result("find, 10,000 over 10", "ratio", last[0] / first[0]);
    measure_result("hear a known one, 10,000 over 10", "ratio", last[1] / first[1]);
    measure_result("hear a new one, 10,000 over 10", "ratio", last[2] / first[2]);
    free(slots);
    free(index);
    return 0;
}
