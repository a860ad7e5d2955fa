#include "core/bus/keepalive.h"
#include "tests/unit/unit.h"

enum what {
    NOTHING,
    TICK,
    HEARD,
    LATE,  /* heard, and refused */
    DOUBT, /* heard within 2 s, or lost */
};

struct step {
    enum what what;
    uint32_t at_s;
    enum dsb_keepalive_state state;
    uint32_t probe_count; /* in all so far */
};

/* A probe after 3 s of silence, lost after 9. */
static const struct {
    const char *name;
    struct step steps[5]; /* what happens, at which second; state and number of probes wanted */
} cases[] = {
    {"before the interval there is nothing to ask", {{TICK, 2, DSB_KEEPALIVE_ALIVE, 0}}},
    {"silence asks once per interval",
     {{TICK, 3, DSB_KEEPALIVE_PROBING, 1},
      {TICK, 4, DSB_KEEPALIVE_PROBING, 1},
      {TICK, 6, DSB_KEEPALIVE_PROBING, 2}}},
    {"an answer makes it young again",
     {{TICK, 3, DSB_KEEPALIVE_PROBING, 1},
      {HEARD, 8, DSB_KEEPALIVE_ALIVE, 1},
      {TICK, 10, DSB_KEEPALIVE_ALIVE, 1},
      {TICK, 11, DSB_KEEPALIVE_PROBING, 2},
      {TICK, 17, DSB_KEEPALIVE_LOST, 2}}},
    {"an answer one second before the time-out is in time",
     {{TICK, 6, DSB_KEEPALIVE_PROBING, 1}, {HEARD, 8, DSB_KEEPALIVE_ALIVE, 1}}},
    {"an answer at the time-out exactly is too late",
     {{TICK, 9, DSB_KEEPALIVE_LOST, 0}, {LATE, 9, DSB_KEEPALIVE_LOST, 0}}},
    {"an answer after the time-out is too late even when no tick came before it",
     {{LATE, 10, DSB_KEEPALIVE_LOST, 0}}},
    {"a late tick skips probes, it does not send a burst", {{TICK, 8, DSB_KEEPALIVE_PROBING, 1}}},
    {"an answer takes back a probe that was not sent yet",
     {{TICK, 3, DSB_KEEPALIVE_PROBING, 1}, {HEARD, 3, DSB_KEEPALIVE_ALIVE, 1}}},
    {"a doubt asks at once, and an answer ends it",
     {{DOUBT, 1, DSB_KEEPALIVE_PROBING, 1},
      {TICK, 2, DSB_KEEPALIVE_PROBING, 1},
      {HEARD, 2, DSB_KEEPALIVE_ALIVE, 1},
      {TICK, 4, DSB_KEEPALIVE_ALIVE, 1},
      {TICK, 5, DSB_KEEPALIVE_PROBING, 2}}},
    {"a doubt that is not answered loses it before the time-out, at that instant exactly",
     {{DOUBT, 1, DSB_KEEPALIVE_PROBING, 1}, {LATE, 3, DSB_KEEPALIVE_LOST, 1}}},
    {"a doubt after a doubt asks again and gives no more time",
     {{DOUBT, 1, DSB_KEEPALIVE_PROBING, 1},
      {DOUBT, 2, DSB_KEEPALIVE_PROBING, 2},
      {TICK, 3, DSB_KEEPALIVE_LOST, 2}}},
    {"a doubt near the time-out does not put it off",
     {{TICK, 8, DSB_KEEPALIVE_PROBING, 1},
      {DOUBT, 8, DSB_KEEPALIVE_PROBING, 2},
      {TICK, 9, DSB_KEEPALIVE_LOST, 2}}},
    {"who is lost is not doubted",
     {{TICK, 9, DSB_KEEPALIVE_LOST, 0}, {DOUBT, 9, DSB_KEEPALIVE_LOST, 0}}},
    {"a clock that goes back loses nobody",
     {{TICK, 3, DSB_KEEPALIVE_PROBING, 1}, {TICK, 0, DSB_KEEPALIVE_PROBING, 1}}},
};

UNIT_SUITE(keepalive_test)
{
    for (size_t i = 0; i < NX_COUNT_OF(cases); i++) {
        struct dsb_keepalive k;
        uint32_t probe_count = 0;

        unit_row(cases[i].name);
        dsb_keepalive_init(&k, (struct nx_instant){0}, nx_seconds(3), nx_seconds(9));
        for (size_t n = 0; n < 5 && cases[i].steps[n].what != NOTHING; n++) {
            const struct step *step = &cases[i].steps[n];
            struct nx_instant now = {nx_seconds(step->at_s).ns};

            if (step->what == TICK)
                dsb_keepalive_tick(&k, now);
            else if (step->what == DOUBT)
                dsb_keepalive_doubt(&k, now, nx_seconds(2));
            else
                EXPECT_STATUS(dsb_keepalive_heard(&k, now),
                              step->what == HEARD ? NX_OK : NX_E_STATE);
            probe_count += dsb_keepalive_output(&k);
            EXPECT_EQ(k.state, step->state);
            EXPECT_EQ(probe_count, step->probe_count);
        }
    }

    unit_row("the deadline is the next probe, then the end, then never");
    struct dsb_keepalive k;
    dsb_keepalive_init(&k, (struct nx_instant){0}, nx_seconds(3), nx_seconds(9));
    EXPECT_EQ(dsb_keepalive_deadline(&k).ns, nx_seconds(3).ns);
    dsb_keepalive_tick(&k, (struct nx_instant){nx_seconds(8).ns});
    EXPECT_EQ(dsb_keepalive_deadline(&k).ns, nx_seconds(9).ns);
    dsb_keepalive_tick(&k, (struct nx_instant){nx_seconds(9).ns});
    EXPECT(nx_instant_is_never(dsb_keepalive_deadline(&k)));
}
