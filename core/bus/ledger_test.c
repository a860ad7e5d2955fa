#include "core/bus/ledger.h"
#include "tests/unit/unit.h"

enum what {
    NOTHING,
    SENT,    /* that many frames of 10 bytes, each a message, cost 64 */
    RETURNED /* that much credit */
};

static const struct {
    const char *name;
    struct {
        enum what what;
        uint32_t count;
        enum nx_status status;
        uint32_t unconfirmed_messages;
    } steps[6];
} cases[] = {
    {"what was sent is not yet confirmed", {{SENT, 3, NX_OK, 3}}},
    {"a message is confirmed when all of its cost is back",
     {{SENT, 2, NX_OK, 2}, {RETURNED, 63, NX_OK, 2}, {RETURNED, 1, NX_OK, 1}}},
    {"credit that comes back in one piece confirms everything it covers",
     {{SENT, 3, NX_OK, 3}, {RETURNED, 192, NX_OK, 0}}},
    {"more frames than runs are never confirmed early",
     {{SENT, 20, NX_OK, 20}, {RETURNED, 19 * 64, NX_OK, 13}, {RETURNED, 64, NX_OK, 0}}},
    {"more credit than is out is refused and confirms nothing",
     {{SENT, 1, NX_OK, 1}, {RETURNED, 65, NX_E_LIMIT, 1}, {RETURNED, 64, NX_OK, 0}}},
    {"credit returned for nothing is refused", {{RETURNED, 1, NX_E_LIMIT, 0}}},
    {"runs are used again and again",
     {{SENT, 8, NX_OK, 8},
      {RETURNED, 512, NX_OK, 0},
      {SENT, 9, NX_OK, 9},
      {RETURNED, 7 * 64, NX_OK, 2},
      {RETURNED, 128, NX_OK, 0}}},
};

UNIT_SUITE(ledger_test)
{
    for (size_t i = 0; i < NX_COUNT_OF(cases); i++) {
        struct dsb_ledger l;

        unit_row(cases[i].name);
        dsb_ledger_init(&l);
        for (size_t k = 0; k < 6 && cases[i].steps[k].what != NOTHING; k++) {
            uint32_t count = cases[i].steps[k].count;

            if (cases[i].steps[k].what == SENT) {
                for (uint32_t n = 0; n < count; n++) {
                    dsb_ledger_accept(&l, 10, 1);
                    dsb_ledger_sent(&l, 64, 10, true);
                }
            } else {
                EXPECT_STATUS(dsb_ledger_return(&l, count), cases[i].steps[k].status);
            }

            struct dsb_amount unconfirmed = dsb_ledger_unconfirmed(&l);
            EXPECT_EQ(unconfirmed.messages, cases[i].steps[k].unconfirmed_messages);
            EXPECT_EQ(unconfirmed.bytes, 10 * unconfirmed.messages);
        }
    }

    unit_row("what was accepted and never sent counts as unconfirmed");
    struct dsb_ledger l;
    dsb_ledger_init(&l);
    dsb_ledger_accept(&l, 7, 0);
    EXPECT_EQ(dsb_ledger_unconfirmed(&l).bytes, 7);
}
