#include "core/bus/pairing_budget.h"

#include "core/base/memory.h"
#include "tests/unit/unit.h"

static struct nx_instant at(uint32_t s)
{
    return nx_instant_after((struct nx_instant){0}, nx_seconds(s));
}

struct id {
    uint8_t bytes[DSB_ID_LEN];
};

static struct id id_of(uint32_t number)
{
    struct id id = {{(uint8_t)number, (uint8_t)(number >> 8)}};

    return id;
}

static bool permits(const struct dsb_pairing_budget *b, uint32_t now_s, uint32_t device)
{
    return dsb_pairing_budget_permits(b, at(now_s), id_of(device).bytes, NULL) == NX_OK;
}

static void fail(struct dsb_pairing_budget *b, uint32_t now_s, uint32_t device)
{
    dsb_pairing_budget_fail(b, at(now_s), id_of(device).bytes);
}

/* The failure that comes, and how long its device waits after it. Two hours lie between failures,
 * so that the node's own budget is never the one that refuses. */
static const struct {
    const char *name;
    uint32_t wait_s;
} waits[] = {
    {"the first failed code costs no wait", 0},
    {"the second neither", 0},
    {"the third costs a minute", 60},
    {"the fourth two", 120},
    {"the fifth four", 240},
    {"the sixth eight", 480},
    {"the seventh sixteen", 960},
    {"the eighth thirty-two", 1920},
    {"the ninth an hour, which is the most", 3600},
    {"the tenth an hour again", 3600},
};

static void wait_rows(void)
{
    struct dsb_pairing_budget b;

    dsb_pairing_budget_init(&b);
    for (uint32_t i = 0; i < NX_COUNT_OF(waits); i++) {
        uint32_t now_s = 7200 * (i + 1);

        unit_row(waits[i].name);
        fail(&b, now_s, 1);
        EXPECT(permits(&b, now_s + waits[i].wait_s, 1));
        if (waits[i].wait_s > 0)
            EXPECT(!permits(&b, now_s + waits[i].wait_s - 1, 1));
        EXPECT(permits(&b, now_s, 2));
    }

    unit_row("the sum over all devices is kept");
    EXPECT_EQ(b.failed_total, NX_COUNT_OF(waits));

    unit_row("a device that paired begins anew");
    dsb_pairing_budget_forget(&b, id_of(1).bytes);
    fail(&b, 90000, 1);
    EXPECT(permits(&b, 90000, 1));

    unit_row("the reason names the limit, what was asked, and the wait");
    struct nx_why why;
    fail(&b, 90000, 1);
    fail(&b, 90000, 1);
    EXPECT_STATUS(dsb_pairing_budget_permits(&b, at(90015), id_of(1).bytes, &why), NX_E_LIMIT);
    EXPECT_TEXT(why.text, "failed codes with this device: limit 3, asked 4; 45 s to wait");

    unit_row("counting stops at the largest count and does not begin again");
    b.failed_total = UINT32_MAX;
    b.suspects[b.suspect_count - 1].failed_count = UINT32_MAX;
    fail(&b, 95000, 1);
    EXPECT_EQ(b.failed_total, UINT32_MAX);
    EXPECT(!permits(&b, 98599, 1));
    EXPECT(permits(&b, 98600, 1));
}

static void hour_rows(void)
{
    struct dsb_pairing_budget b;
    struct nx_why why;

    dsb_pairing_budget_init(&b);
    unit_row("ten offers in an hour, the eleventh is refused and says so");
    for (uint32_t i = 0; i < 10; i++)
        EXPECT_STATUS(dsb_pairing_budget_take(&b, at(i * 60), DSB_PAIRING_ACT_OFFER, &why), NX_OK);
    EXPECT_STATUS(dsb_pairing_budget_take(&b, at(3599), DSB_PAIRING_ACT_OFFER, &why), NX_E_LIMIT);
    EXPECT_TEXT(why.text, "offers in an hour, called off or not: limit 10, asked 11; 1 s to wait");

    unit_row("the hour slides: one comes back an hour after the first, and not two");
    EXPECT_STATUS(dsb_pairing_budget_take(&b, at(3600), DSB_PAIRING_ACT_OFFER, &why), NX_OK);
    EXPECT_STATUS(dsb_pairing_budget_take(&b, at(3600), DSB_PAIRING_ACT_OFFER, &why), NX_E_LIMIT);

    unit_row("accepts have an hour of their own");
    for (uint32_t i = 0; i < 10; i++)
        EXPECT_STATUS(dsb_pairing_budget_take(&b, at(3600), DSB_PAIRING_ACT_ACCEPT, &why), NX_OK);
    EXPECT_STATUS(dsb_pairing_budget_take(&b, at(3600), DSB_PAIRING_ACT_ACCEPT, &why), NX_E_LIMIT);
    EXPECT_TEXT(why.text,
                "accepts in an hour, called off or not: limit 10, asked 11; 3600 s to wait");

    unit_row("ten failed codes in an hour and nobody may try, strangers least of all");
    dsb_pairing_budget_init(&b);
    for (uint32_t i = 0; i < 9; i++)
        fail(&b, 100 + i, i);
    EXPECT(permits(&b, 120, 77));
    fail(&b, 120, 9);
    EXPECT(!permits(&b, 120, 77));
    EXPECT_STATUS(dsb_pairing_budget_permits(&b, at(121), id_of(77).bytes, &why), NX_E_LIMIT);
    EXPECT_TEXT(why.text, "failed codes in an hour: limit 10, asked 11; 3579 s to wait");

    unit_row("an hour after the first of them one may");
    EXPECT(!permits(&b, 3699, 77));
    EXPECT(permits(&b, 3700, 77));
    fail(&b, 3700, 77);
    EXPECT(!permits(&b, 3700, 78));
}

static void refund_rows(void)
{
    struct dsb_pairing_budget b;

    unit_row("a failure taken back leaves no trace");
    dsb_pairing_budget_init(&b);
    fail(&b, 10, 1);
    dsb_pairing_budget_refund(&b, at(12), id_of(1).bytes);
    EXPECT_EQ(b.failed_total, 0);
    EXPECT_EQ(b.suspect_count, 0);
    for (uint32_t i = 0; i < 9; i++)
        fail(&b, 12, i);
    EXPECT(permits(&b, 12, 99));

    unit_row("the third one taken back ends the wait and leaves two");
    dsb_pairing_budget_init(&b);
    for (uint32_t i = 0; i < 3; i++)
        fail(&b, 10, 1);
    EXPECT(!permits(&b, 12, 1));
    dsb_pairing_budget_refund(&b, at(12), id_of(1).bytes);
    EXPECT(permits(&b, 12, 1));
    fail(&b, 12, 1);
    EXPECT(!permits(&b, 12, 1));

    unit_row("the newest failure is taken back: the older one keeps its hour");
    dsb_pairing_budget_init(&b);
    fail(&b, 10, 1);
    fail(&b, 1800, 2);
    dsb_pairing_budget_refund(&b, at(1801), id_of(2).bytes);
    for (uint32_t i = 0; i < 9; i++)
        fail(&b, 1802, 10 + i);
    EXPECT(!permits(&b, 3609, 99));
    EXPECT(permits(&b, 3610, 99));

    unit_row("nothing is taken back for a device that never failed");
    dsb_pairing_budget_refund(&b, at(13), id_of(2).bytes);
    EXPECT_EQ(b.failed_total, 10);

    unit_row("a total that a damaged store lost stays at nothing");
    b.failed_total = 0;
    dsb_pairing_budget_refund(&b, at(1803), id_of(10).bytes);
    EXPECT_EQ(b.failed_total, 0);
}

static void table_rows(void)
{
    struct dsb_pairing_budget b;

    unit_row("a thousand strangers, a failed code each, do not free a device that waits");
    dsb_pairing_budget_init(&b);
    for (uint32_t i = 0; i < 9; i++)
        fail(&b, 100, 1); /* an hour to wait */
    for (uint32_t i = 0; i < 1000; i++)
        fail(&b, 101, 100 + i);
    EXPECT_EQ(b.suspect_count, DSB_PAIRING_SUSPECTS_MAX);
    EXPECT_STATUS(dsb_pairing_budget_permits(&b, at(3699), id_of(1).bytes, NULL), NX_E_LIMIT);
    EXPECT(!permits(&b, 3699, 1));

    unit_row(
        "nor do they make it a stranger once its wait is over: the next wait is an hour again");
    for (uint32_t i = 0; i < 1000; i++)
        fail(&b, 4000, 2000 + i);
    fail(&b, 8000, 1);
    EXPECT(!permits(&b, 11599, 1));

    unit_row("among strangers the oldest is forgotten first");
    dsb_pairing_budget_init(&b);
    for (uint32_t i = 0; i <= DSB_PAIRING_SUSPECTS_MAX; i++)
        fail(&b, 4000 * i, i);
    EXPECT(memcmp(b.suspects[0].id, id_of(1).bytes, DSB_ID_LEN) == 0);

    unit_row("when all wait, which only a damaged table can say, there is still an answer");
    dsb_pairing_budget_init(&b);
    for (uint32_t i = 0; i < DSB_PAIRING_SUSPECTS_MAX; i++) {
        fail(&b, 10, i);
        fail(&b, 10, i);
        fail(&b, 10, i);
    }
    fail(&b, 11, 99);
    EXPECT_EQ(b.suspect_count, DSB_PAIRING_SUSPECTS_MAX);
    EXPECT(memcmp(b.suspects[b.suspect_count - 1].id, id_of(99).bytes, DSB_ID_LEN) == 0);
}

static void restart_rows(void)
{
    struct dsb_pairing_budget b, resumed;
    struct dsb_pairing_budget_saved saved, again;

    dsb_pairing_budget_init(&b);
    for (uint32_t i = 0; i < 4; i++)
        fail(&b, 1000, 1); /* 120 s to wait */
    fail(&b, 1000, 2);
    for (uint32_t i = 0; i < 10; i++)
        NEED(dsb_pairing_budget_take(&b, at(1000), DSB_PAIRING_ACT_OFFER, NULL) == NX_OK);
    dsb_pairing_budget_export(&b, at(1050), &saved);

    unit_row("a restart resumes the wait of a device with all that was left of it");
    EXPECT_STATUS(dsb_pairing_budget_import(&resumed, at(5), &saved), NX_OK);
    EXPECT(!permits(&resumed, 5 + 69, 1));
    EXPECT(permits(&resumed, 5 + 70, 1));

    unit_row("and its count");
    fail(&resumed, 100, 1);
    EXPECT(!permits(&resumed, 100 + 239, 1));
    EXPECT(permits(&resumed, 100 + 240, 1));
    EXPECT_EQ(resumed.failed_total, 6);

    unit_row("and the hour of acts");
    EXPECT(dsb_pairing_budget_take(&resumed, at(5 + 3549), DSB_PAIRING_ACT_OFFER, NULL) ==
           NX_E_LIMIT);
    EXPECT(dsb_pairing_budget_take(&resumed, at(5 + 3550), DSB_PAIRING_ACT_OFFER, NULL) == NX_OK);

    unit_row("and the hour of failed codes");
    EXPECT_STATUS(dsb_pairing_budget_import(&resumed, at(5), &saved), NX_OK);
    for (uint32_t i = 0; i < 5; i++)
        fail(&resumed, 5, 10 + i);
    EXPECT(!permits(&resumed, 5 + 3549, 50));
    EXPECT(permits(&resumed, 5 + 3550, 50));

    unit_row("what is stored and resumed at one instant is stored the same again");
    EXPECT_STATUS(dsb_pairing_budget_import(&resumed, at(9), &saved), NX_OK);
    dsb_pairing_budget_export(&resumed, at(9), &again);
    EXPECT(memcmp(&saved, &again, sizeof(saved)) == 0);

    unit_row("a part of a millisecond is rounded up: no wait gets shorter");
    dsb_pairing_budget_export(&b, nx_instant_after(at(1050), nx_nanoseconds(1)), &again);
    EXPECT_EQ(again.suspects[0].wait_ms, 70000);
}

static const struct {
    const char *name;
    size_t at; /* of the 32-bit number that is damaged */
    uint32_t value;
    enum nx_status status;
} stored[] = {
    {"an hour to wait for a slot is the most",
     offsetof(struct dsb_pairing_budget_saved, act_ms[1][9]), 3600000, NX_OK},
    {"a longer one is refused", offsetof(struct dsb_pairing_budget_saved, act_ms[1][9]), 3600001,
     NX_E_MALFORMED},
    {"a longer one for a failed code is refused",
     offsetof(struct dsb_pairing_budget_saved, failed_ms[0]), 3600001, NX_E_MALFORMED},
    {"as many devices as the table has are taken",
     offsetof(struct dsb_pairing_budget_saved, suspect_count), 2, NX_OK},
    {"more devices than the table has are refused",
     offsetof(struct dsb_pairing_budget_saved, suspect_count), DSB_PAIRING_SUSPECTS_MAX + 1,
     NX_E_MALFORMED},
    {"a device without a failure is refused",
     offsetof(struct dsb_pairing_budget_saved, suspects[0].failed_count), 0, NX_E_MALFORMED},
    {"a device that waits an hour is taken",
     offsetof(struct dsb_pairing_budget_saved, suspects[1].wait_ms), 3600000, NX_OK},
    {"a device that waits longer is refused",
     offsetof(struct dsb_pairing_budget_saved, suspects[1].wait_ms), 3600001, NX_E_MALFORMED},
    {"a device twice is refused", offsetof(struct dsb_pairing_budget_saved, suspects[1].id), 1,
     NX_E_MALFORMED},
};

static void damage_rows(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(stored); i++) {
        struct dsb_pairing_budget b, before;
        struct dsb_pairing_budget_saved saved;

        dsb_pairing_budget_init(&b);
        fail(&b, 10, 1);
        fail(&b, 10, 2);
        dsb_pairing_budget_export(&b, at(10), &saved);
        memcpy((uint8_t *)&saved + stored[i].at, &stored[i].value, sizeof(stored[i].value));

        unit_row(stored[i].name);
        before = b;
        EXPECT_STATUS(dsb_pairing_budget_import(&b, at(20), &saved), stored[i].status);
        if (stored[i].status != NX_OK)
            EXPECT(memcmp(&before, &b, sizeof(b)) == 0);
    }
}

UNIT_SUITE(pairing_budget_test)
{
    wait_rows();
    hour_rows();
    refund_rows();
    table_rows();
    restart_rows();
    damage_rows();
}
