#include "core/wire/address.h"

#include "core/base/memory.h"
#include "tests/unit/unit.h"

static const struct {
    const char *name;
    const char *text;
    const char *printed; /* NULL: refused */
} cases[] = {
    {"an IPv4 address takes the port of the caller", "192.0.2.7", "192.0.2.7:37020"},
    {"a port that is named wins", "192.0.2.7:34567", "192.0.2.7:34567"},
    {"port 0 is a port: the system chooses", "127.0.0.1:0", "127.0.0.1:0"},
    {"the largest port", "0.0.0.0:65535", "0.0.0.0:65535"},
    {"IPv6 stands in brackets", "[2001:db8::7]", "[2001:db8::7]:37020"},
    {"IPv6 with a port", "[2001:db8::7]:9", "[2001:db8::7]:9"},
    {"eight groups need no gap", "[1:2:3:4:5:6:7:8]:9", "[1:2:3:4:5:6:7:8]:9"},
    {"all zeros", "[::]:9", "[::]:9"},
    {"loopback", "[::1]:9", "[::1]:9"},
    {"a gap at the end", "[fe80::]:9", "[fe80::]:9"},
    {"upper case is read and printed in lower case", "[FE80::ABCD]:9", "[fe80::abcd]:9"},
    {"leading zeros of a group are not printed", "[0001:0db8::0]:9", "[1:db8::]:9"},
    {"the longest run of zeros becomes the gap", "[1:0:0:2:0:0:0:3]:9", "[1:0:0:2::3]:9"},
    {"the first of two equal runs becomes the gap", "[1:0:0:2:3:0:0:4]:9", "[1::2:3:0:0:4]:9"},
    {"a single zero group is no gap", "[1:0:2:3:4:5:6:7]:9", "[1:0:2:3:4:5:6:7]:9"},
    {"an interface number", "[fe80::1%3]:9", "[fe80::1%3]:9"},
    {"the longest text there is", "[1111:2222:3333:4444:5555:6666:7777:8888%4294967295]:65535",
     "[1111:2222:3333:4444:5555:6666:7777:8888%4294967295]:65535"},
    {"IPv4 mapped into IPv6 is the IPv4 address", "[::ffff:192.0.2.7]:9", "192.0.2.7:9"},
    {"IPv4 in the last groups", "[64:ff9b::192.0.2.33]:9", "[64:ff9b::c000:221]:9"},

    {"nothing is refused", "", NULL},
    {"a name is refused: core resolves nothing", "localhost", NULL},
    {"three numbers are refused", "192.0.2", NULL},
    {"five numbers are refused", "192.0.2.7.1", NULL},
    {"256 is refused", "192.0.2.256", NULL},
    {"a leading zero is refused", "192.0.2.07", NULL},
    {"a space is refused", "192.0.2.7 ", NULL},
    {"port 65536 is refused", "192.0.2.7:65536", NULL},
    {"a port with nothing in it is refused", "192.0.2.7:", NULL},
    {"IPv6 without brackets is refused", "2001:db8::7", NULL},
    {"IPv4 in brackets is refused", "[192.0.2.7]", NULL},
    {"a bracket that does not close is refused", "[::1", NULL},
    {"empty brackets are refused", "[]", NULL},
    {"seven groups are refused", "[1:2:3:4:5:6:7]", NULL},
    {"nine groups are refused", "[1:2:3:4:5:6:7:8:9]", NULL},
    {"a gap that stands for nothing is refused", "[1:2:3:4::5:6:7:8]", NULL},
    {"two gaps are refused", "[1::2::3]", NULL},
    {"three colons are refused", "[1:::2]", NULL},
    {"a colon at the end is refused", "[1:2:3:4:5:6:7:]", NULL},
    {"a colon after a gap's group is refused", "[::1:]", NULL},
    {"one colon at the start is refused", "[:1::2]", NULL},
    {"five digits are refused", "[12345::]", NULL},
    {"IPv4 in the middle is refused", "[::192.0.2.7:1]", NULL},
    {"IPv4 behind seven groups is refused", "[1:2:3:4:5:6:7:192.0.2.7]", NULL},
    {"interface 0 is refused", "[fe80::1%0]", NULL},
    {"an interface's name is refused: the driver knows its number", "[fe80::1%eth0]", NULL},
    {"an interface number over 32 bits is refused", "[fe80::1%4294967296]", NULL},
};

UNIT_SUITE(address_test)
{
    for (size_t i = 0; i < NX_COUNT_OF(cases); i++) {
        struct nx_address address = {0};
        struct nx_why why = {{0}};
        char text[NX_ADDRESS_TEXT_CAP];
        struct nx_bytes in = nx_bytes_of_text(cases[i].text);
        bool refused = cases[i].printed == NULL;

        unit_row(cases[i].name);
        EXPECT_STATUS(nx_address_parse(in, 37020, &address, &why),
                      refused ? NX_E_MALFORMED : NX_OK);
        EXPECT_EQ(why.text[0] != '\0', refused);
        nx_address_print(&address, text);
        EXPECT_TEXT(text, refused ? "none" : cases[i].printed);

        struct nx_address again = {0};
        if (!refused &&
            EXPECT_STATUS(nx_address_parse(nx_bytes_of_text(text), 1, &again, NULL), NX_OK))
            EXPECT(nx_address_equal(&address, &again));
    }

    unit_row("every prefix of an address is refused or read, never more");
    static const char whole[] = "[fe80:1::2%3]:40";
    for (size_t len = 0; len < sizeof(whole) - 1; len++) {
        struct nx_address address = {0};
        enum nx_status status = nx_address_parse(nx_bytes_of(whole, len), 7, &address, NULL);

        EXPECT_STATUS(status, len == 13 || len == 15 ? NX_OK : NX_E_MALFORMED);
        EXPECT_EQ(address.family, status == NX_OK ? NX_ADDRESS_IPV6 : NX_ADDRESS_NONE);
    }

    unit_row("loopback is all of 127/8 and ::1, not what looks like it");
    struct nx_address a = nx_address_ipv4((const uint8_t[]){127, 9, 9, 9}, 1);
    EXPECT(nx_address_is_loopback(&a));
    a = nx_address_ipv4((const uint8_t[]){128, 0, 0, 1}, 1);
    EXPECT(!nx_address_is_loopback(&a));
    uint8_t v6[16] = {[15] = 1};
    a = nx_address_ipv6(v6, 1, 0);
    EXPECT(nx_address_is_loopback(&a));
    v6[0] = 127;
    a = nx_address_ipv6(v6, 1, 0);
    EXPECT(!nx_address_is_loopback(&a));
    EXPECT(!nx_address_is_loopback(&(struct nx_address){0}));

    unit_row("two ports are one host and two addresses");
    struct nx_address b = a;
    EXPECT(nx_address_equal(&a, &b));
    b.port = 2;
    EXPECT(nx_address_same_host(&a, &b) && !nx_address_equal(&a, &b));

    unit_row("two families are two hosts, though their bytes are the same");
    b = a;
    b.family = NX_ADDRESS_IPV4;
    EXPECT(!nx_address_same_host(&a, &b));

    unit_row("two links are two hosts");
    b = a;
    b.scope = 2;
    EXPECT(!nx_address_same_host(&a, &b));
}
