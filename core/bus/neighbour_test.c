#include "core/bus/neighbour.h"

#include "core/base/memory.h"
#include "core/base/text.h"
#include "tests/unit/unit.h"

/* ---- candidates: what came, in order; what is kept, in order --------------------------------- */

/* 'A' and a digit: authenticated at host 10.0.0.digit; 'h' and a digit: a hint there. */
static const struct {
    const char *name;
    bool is_paired;
    const char *heard;
    const char *kept;
} cases[] = {
    {"a stranger's addresses, the last heard first", false, "h1h2h3", "h3h2h1"},
    {"the same address again only comes first", false, "h1h2h1", "h1h2"},
    {"the fifth address of a stranger drops the one heard longest ago", false, "h1h2h3h4h5",
     "h5h4h3h2"},
    {"authenticated addresses, the last proved first", true, "A1A2A3", "A3A2A1"},
    {"proved again is first again", true, "A1A2A3A1", "A1A3A2"},
    {"the fifth drops the one proved longest ago", true, "A1A2A3A4A5", "A5A4A3A2"},
    {"a hint stands behind what was proved", true, "A1h2", "A1h2"},
    {"the next hint replaces the last", true, "A1h2h3h4", "A1h4"},
    {"a hint of a proved address changes nothing", true, "A1A2h1", "A2A1"},
    {"a hint finds no place beside four that were proved", true, "A1A2A3A4h5", "A4A3A2A1"},
    {"a hint that is proved leads, and leaves its place to another", true, "A1h2A2h3", "A2A1h3"},
    {"a proved address pushes a hint out when all places are taken", true, "A1A2A3h4A5",
     "A5A3A2A1"},
    {"a paired device that was never proved has one hint", true, "h1h2", "h2"},
};

static struct nx_address host(char digit)
{
    return nx_address_ipv4((const uint8_t[]){10, 0, 0, (uint8_t)(digit - '0')}, 34567);
}

static void candidates_as_text(const struct dsb_neighbour *n, char *text, size_t cap)
{
    struct nx_text t = nx_text_over(text, cap);

    for (size_t i = 0; i < n->candidate_count; i++) {
        nx_text_add(&t, n->candidates[i].is_authenticated ? "A" : "h");
        nx_text_add_u64(&t, n->candidates[i].address.bytes[3]);
    }
}

static void test_candidates(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(cases); i++) {
        struct dsb_neighbour n = {.is_paired = cases[i].is_paired};
        char text[16];

        unit_row(cases[i].name);
        for (const char *c = cases[i].heard; *c != '\0'; c += 2) {
            uint8_t before = n.candidate_count;
            bool is_more = *c == 'A' ? dsb_neighbour_add_authenticated(&n, host(c[1]))
                                     : dsb_neighbour_add_hint(&n, host(c[1]));

            EXPECT(n.candidate_count <= before || is_more);
        }
        candidates_as_text(&n, text, sizeof(text));
        EXPECT_TEXT(text, cases[i].kept);
    }

    unit_row("only a proved host is known, whatever the port");
    struct dsb_neighbour n = {.is_paired = true};
    struct nx_address a = host('1'), b = host('2');
    (void)dsb_neighbour_add_authenticated(&n, a);
    (void)dsb_neighbour_add_hint(&n, b);
    a.port = 1;
    EXPECT(dsb_neighbour_is_known_at(&n, &a));
    EXPECT(!dsb_neighbour_is_known_at(&n, &b));

    unit_row("hints are dropped, what was proved stays");
    dsb_neighbour_drop_hints(&n);
    EXPECT_EQ(n.candidate_count, 1);
    EXPECT(n.candidates[0].is_authenticated);
}

/* ---- what it says --------------------------------------------------------------------------- */

static void test_describe(void)
{
    struct dsb_neighbour n = {0};
    struct dsb_beacon b = {.port = 7, .service_count = 1};

    unit_row("what is said again is no change, anything else is");
    b.services[0] = nx_bytes_of_text("samgrd");
    b.name = nx_bytes_of_text("Living Room");
    EXPECT(dsb_neighbour_describe(&n, &b));
    EXPECT(!dsb_neighbour_describe(&n, &b));
    b.port = 8;
    EXPECT(dsb_neighbour_describe(&n, &b) && n.port == 8);
    b.services[0] = nx_bytes_of_text("bundlemgrd");
    EXPECT(dsb_neighbour_describe(&n, &b));
    b.service_count = 0;
    EXPECT(dsb_neighbour_describe(&n, &b) && n.services_len == 0);
    b.name = nx_bytes_of_text("Kitchen");
    EXPECT(dsb_neighbour_describe(&n, &b));
    EXPECT_TEXT(n.name, "Kitchen");

    unit_row("control characters and those that turn text around are left out of a name");
    b.name = nx_bytes_of_text("Kit\x1b[31m\xe2\x80\xae"
                              "chen\n");
    (void)dsb_neighbour_describe(&n, &b);
    EXPECT_TEXT(n.name, "Kit[31mchen");

    unit_row("services beyond the room for them are left out whole");
    static const char letters[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"; /* 40 */
    b.service_count = 3;
    for (size_t i = 0; i < 3; i++)
        b.services[i] = nx_bytes_of(letters, 40);
    (void)dsb_neighbour_describe(&n, &b);
    EXPECT_EQ(n.service_count, 2);
    EXPECT_EQ(n.services_len, 82);
    EXPECT_EQ(n.services[41], 40);

    unit_row("a last service that fills the room exactly stays, one byte longer it does not");
    b.services[2] = nx_bytes_of(letters, DSB_NEIGHBOUR_SERVICES_CAP - 82 - 1);
    (void)dsb_neighbour_describe(&n, &b);
    EXPECT_EQ(n.service_count, 3);
    EXPECT_EQ(n.services_len, DSB_NEIGHBOUR_SERVICES_CAP);
    b.services[2].len++;
    (void)dsb_neighbour_describe(&n, &b);
    EXPECT_EQ(n.service_count, 2);
}

UNIT_SUITE(neighbour_test)
{
    test_candidates();
    test_describe();
}
