#include "core/bus/scheduler.h"

#include "core/base/check.h"

#define HIGHEST 0x01u /* the bit of priority 0 */

void dsb_scheduler_init(struct dsb_scheduler *s)
{
    *s = (struct dsb_scheduler){0};
}

/* The lower priority after the one that went last, in a circle of 1 to 7. */
static uint8_t next_lower(const struct dsb_scheduler *s, uint8_t ready)
{
    uint8_t priority = s->cursor;

    do {
        priority = (uint8_t)(priority % (DSB_PRIORITY_COUNT - 1) + 1);
    } while ((ready >> priority & 1) == 0);
    return priority;
}

uint8_t dsb_scheduler_pick(const struct dsb_scheduler *s, uint8_t ready)
{
    bool has_lower = (ready & ~HIGHEST) != 0;

    NX_CHECK(ready != 0);
    if ((ready & HIGHEST) != 0 && (!has_lower || s->burst < DSB_HIGH_PRIORITY_BURST))
        return 0;
    return next_lower(s, ready);
}

void dsb_scheduler_sent(struct dsb_scheduler *s, uint8_t priority, uint8_t ready)
{
    if (priority != 0) {
        s->cursor = priority;
        s->burst = 0;
    } else if ((ready & ~HIGHEST) == 0) {
        s->burst = 0; /* nobody had to wait */
    } else {
        s->burst++;
    }
}
