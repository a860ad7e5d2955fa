#include "core/bus/pairing_spent.h"

#include "core/base/memory.h"
#include "tests/unit/unit.h"

static struct nx_instant at(uint32_t s)
{
    return nx_instant_after((struct nx_instant){0}, nx_seconds(s));
}

static bool has(const struct dsb_pairing_spent *s, uint32_t now_s, const char *digits)
{
    uint8_t code[DSB_PAIRING_CODE_LEN];

    memcpy(code, digits, sizeof(code));
    return dsb_pairing_spent_has(s, at(now_s), code);
}

static void add(struct dsb_pairing_spent *s, uint32_t now_s, const char *digits, uint32_t until_s)
{
    uint8_t code[DSB_PAIRING_CODE_LEN];

    memcpy(code, digits, sizeof(code));
    dsb_pairing_spent_add(s, at(now_s), code, at(until_s));
}

static bool holds_digits(const struct dsb_pairing_spent *s, const char *digits)
{
    for (size_t i = 0; i + DSB_PAIRING_CODE_LEN <= sizeof(*s); i++) {
        if (memcmp((const uint8_t *)s + i, digits, DSB_PAIRING_CODE_LEN) == 0)
            return true;
    }
    return false;
}

static enum nx_status no_fill(void *source, uint8_t *out, size_t len)
{
    (void)source;
    (void)out;
    (void)len;
    return NX_E_IO;
}

UNIT_SUITE(pairing_spent_test)
{
    static const uint8_t zero[sizeof(((struct dsb_pairing_spent *)0)->codes)];
    struct dsb_pairing_spent s;
    struct nx_prng prng;
    struct nx_rng rng = nx_prng_as_rng(&prng);
    struct nx_rng broken = {no_fill, NULL};

    nx_prng_init(&prng, 1, "spent");
    dsb_pairing_spent_init(&s);

    unit_row("without randomness there is no key to keep digits under");
    EXPECT_STATUS(dsb_pairing_spent_prepare(&s, &broken), NX_E_IO);
    EXPECT(!s.has_key);

    unit_row("nothing is spent in the beginning, not even zeros");
    NEED(dsb_pairing_spent_prepare(&s, &rng) == NX_OK);
    EXPECT(!has(&s, 0, "000000"));
    EXPECT(nx_instant_is_never(dsb_pairing_spent_deadline(&s)));
    EXPECT_EQ(dsb_pairing_spent_left(&s, at(0)).ns, 0);

    unit_row("digits are spent until the moment the code would have expired, and not at it");
    add(&s, 5, "042137", 120);
    EXPECT(has(&s, 5, "042137"));
    EXPECT(has(&s, 119, "042137"));
    EXPECT(!has(&s, 120, "042137"));

    unit_row("other digits are not");
    EXPECT(!has(&s, 5, "042138"));

    unit_row("the digits themselves are nowhere in memory");
    EXPECT(!holds_digits(&s, "042137"));

    unit_row("ten can be spent at once, as many as an hour has accepts");
    for (int i = '1'; i <= '9'; i++) {
        char digits[] = {'9', '9', '9', '9', '9', (char)i, '\0'};
        add(&s, 10, digits, 130);
    }
    EXPECT(has(&s, 11, "042137") && has(&s, 11, "999991") && has(&s, 11, "999999"));

    unit_row("the first to be over is the deadline, the last is what a restart has to wait");
    EXPECT_EQ(dsb_pairing_spent_deadline(&s).ns, at(120).ns);
    EXPECT_EQ(dsb_pairing_spent_left(&s, at(20)).ns, nx_seconds(110).ns);

    unit_row("what is over makes room, and is wiped");
    dsb_pairing_spent_tick(&s, at(120));
    EXPECT_EQ(dsb_pairing_spent_deadline(&s).ns, at(130).ns);
    add(&s, 121, "111111", 200);
    EXPECT(has(&s, 121, "111111"));
    dsb_pairing_spent_tick(&s, at(200));
    EXPECT_BYTES(nx_bytes_of(s.codes, sizeof(s.codes)), nx_bytes_of(zero, sizeof(zero)));

    unit_row("after a restart all is taken for spent until the last would have been over");
    dsb_pairing_spent_resume(&s, at(300));
    EXPECT_EQ(dsb_pairing_spent_left(&s, at(290)).ns, nx_seconds(10).ns);
    EXPECT(!s.has_key);
}
