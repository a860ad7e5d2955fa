#include "core/bus/scheduler.h"

#include "core/base/memory.h"
#include "tests/unit/unit.h"

/* One frame at a time: who waits, as digits, and who goes. What waits once waits on. */
static const struct {
    const char *name;
    const char *turns[4]; /* "who waits: who goes, frame by frame"; one after the other */
} cases[] = {
    {"alone, each priority has every turn", {"0:000", "7:777", "3:33"}},
    {"priority 0 goes first, eight frames in a row and then one lower", {"04:000000004000000004"}},
    {"after the burst exactly one lower frame goes, however many wait",
     {"0123:000000001000000002"}},
    {"the lower ones take turns from 1 to 7 and begin again", {"1234567:12345671"}},
    {"a turn passes over who does not wait", {"256:256256"}},
    {"the lower ones are not strict: 1 does not keep 7 waiting", {"17:1717"}},
    {"a burst that nobody waited for is none", {"0:0000000000", "04:000000004"}},
    {"a burst goes on where a lower one came to wait", {"04:00000", "05:0005"}},
    {"a lower one that goes for want of 0 ends the burst", {"04:0000000", "4:4", "04:000000004"}},
    {"the burst is forgotten when the lower one leaves", {"04:00000000", "0:0", "04:000000004"}},
    {"turns go on behind the one that went last", {"123:12", "1237:371"}},
};

static uint8_t bits_of(const char **turns)
{
    uint8_t ready = 0;

    for (; **turns != ':'; (*turns)++)
        ready |= (uint8_t)(1u << (**turns - '0'));
    (*turns)++;
    return ready;
}

UNIT_SUITE(scheduler_test)
{
    for (size_t i = 0; i < NX_COUNT_OF(cases); i++) {
        struct dsb_scheduler s;

        unit_row(cases[i].name);
        dsb_scheduler_init(&s);
        for (size_t k = 0; k < 4 && cases[i].turns[k] != NULL; k++) {
            const char *turns = cases[i].turns[k];
            uint8_t ready = bits_of(&turns);

            for (; *turns != '\0'; turns++) {
                uint8_t priority = dsb_scheduler_pick(&s, ready);

                EXPECT_EQ(priority, *turns - '0');
                dsb_scheduler_sent(&s, priority, ready);
            }
        }
    }

    unit_row("asking twice answers the same: only what was sent counts");
    struct dsb_scheduler s;
    dsb_scheduler_init(&s);
    for (size_t i = 0; i < 20; i++)
        EXPECT_EQ(dsb_scheduler_pick(&s, 0x11), 0);

    unit_row("with all waiting, 63 frames are 56 of priority 0 and one of each other");
    uint32_t counts[DSB_PRIORITY_COUNT];
    memset(counts, 0, sizeof(counts));
    for (size_t i = 0; i < 63; i++) {
        uint8_t priority = dsb_scheduler_pick(&s, 0xff);

        counts[priority]++;
        dsb_scheduler_sent(&s, priority, 0xff);
    }
    EXPECT_EQ(counts[0], 56);
    for (size_t i = 1; i < DSB_PRIORITY_COUNT; i++)
        EXPECT_EQ(counts[i], 1);
}
