#include "core/base/siphash.h"

#include "tests/unit/unit.h"

/* The reference vectors: key 00 01 … 0f, message 00 01 … of that length. */
static const struct {
    const char *name;
    size_t len;
    uint64_t hash;
} cases[] = {
    {"nothing at all has a hash", 0, 0x726fdb47dd0e0e31u},
    {"one byte", 1, 0x74f839c593dc67fdu},
    {"seven bytes fill the last word to its length", 7, 0xab0200f58b01d137u},
    {"eight bytes are a word, and an empty last one", 8, 0x93f5f5799a932462u},
    {"the example of the paper, fifteen bytes", 15, 0xa129ca6149be45e5u},
};

UNIT_SUITE(siphash_test)
{
    uint8_t key[NX_SIPHASH_KEY_LEN];
    uint8_t message[16];

    for (size_t i = 0; i < 16; i++)
        key[i] = message[i] = (uint8_t)i;
    for (size_t i = 0; i < NX_COUNT_OF(cases); i++) {
        unit_row(cases[i].name);
        EXPECT_EQ(nx_siphash(key, nx_bytes_of(message, cases[i].len)), cases[i].hash);
    }

    unit_row("another key gives another hash");
    uint64_t before = nx_siphash(key, nx_bytes_of(message, 15));
    key[15] ^= 1;
    EXPECT(nx_siphash(key, nx_bytes_of(message, 15)) != before);
}
