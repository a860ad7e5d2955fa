#include "core/bus/networks.h"

#include "tests/unit/unit.h"

static struct nx_address address_of(const char *text)
{
    struct nx_address address = {.family = NX_ADDRESS_NONE};

    EXPECT_STATUS(nx_address_parse(nx_bytes_of_text(text), 1, &address, NULL), NX_OK);
    return address;
}

static const struct {
    const char *name, *ours;
    uint8_t prefix_len;
    const char *asked;
    bool is_on;
} cases[] = {
    {"the first address of a network is on it", "192.0.2.7", 24, "192.0.2.0", true},
    {"so is the last", "192.0.2.7", 24, "192.0.2.255", true},
    {"the one after it is not", "192.0.2.7", 24, "192.0.3.0", false},
    {"a network may end inside a byte", "10.0.0.130", 25, "10.0.0.128", true},
    {"and what lies before that bit is another one", "10.0.0.130", 25, "10.0.0.127", false},
    {"of a network of one address only that is on it", "10.0.0.1", 32, "10.0.0.1", true},
    {"and its neighbour is not", "10.0.0.1", 32, "10.0.0.0", false},
    {"of no bits at all everything of the family is", "10.0.0.1", 0, "198.51.100.1", true},
    {"and nothing of the other one", "10.0.0.1", 0, "[2001:db8::1]", false},
    {"a prefix beyond the address is all of it", "10.0.0.1", 200, "10.0.0.1", true},
    {"IPv6 is the same, longer", "[2001:db8:0:1::7]", 64, "[2001:db8:0:1:ffff::1]", true},
    {"and one bit further another network", "[2001:db8:0:1::7]", 64, "[2001:db8:0:2::1]", false},
    {"loopback is a network", "127.0.0.1", 8, "127.255.0.9", true},
    {"link-local addresses are on the link that they name", "[fe80::1%3]", 64, "[fe80::9%3]", true},
    {"and on no other", "[fe80::1%3]", 64, "[fe80::9%4]", false},
};

UNIT_SUITE(networks_test)
{
    static struct dsb_network many[DSB_NETWORKS_MAX + 1];
    struct dsb_networks networks = {.are_set = false};
    struct nx_address asked = address_of("192.0.2.7");

    unit_row("as long as nobody said which networks there are, every address is as good as any");
    EXPECT(dsb_networks_have(&networks, &asked));

    unit_row("with none of them, no address is on one");
    dsb_networks_set(&networks, NULL, 0);
    EXPECT(!dsb_networks_have(&networks, &asked));

    for (size_t i = 0; i < NX_COUNT_OF(cases); i++) {
        const struct dsb_network one = {address_of(cases[i].ours), cases[i].prefix_len};

        unit_row(cases[i].name);
        dsb_networks_set(&networks, &one, 1);
        asked = address_of(cases[i].asked);
        EXPECT(dsb_networks_have(&networks, &asked) == cases[i].is_on);
    }

    unit_row("one more than there is room for is left out");
    for (size_t i = 0; i <= DSB_NETWORKS_MAX; i++) {
        many[i] = (struct dsb_network){address_of("10.0.0.1"), 32};
        many[i].address.bytes[3] = (uint8_t)i;
    }
    dsb_networks_set(&networks, many, NX_COUNT_OF(many));
    EXPECT(dsb_networks_have(&networks, &many[DSB_NETWORKS_MAX - 1].address));
    EXPECT(!dsb_networks_have(&networks, &many[DSB_NETWORKS_MAX].address));
}
