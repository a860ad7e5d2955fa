#include "core/bus/keepalive.h"

static void hear(struct dsb_keepalive *k, struct nx_instant now)
{
    k->state = DSB_KEEPALIVE_ALIVE;
    k->probe_due = false;
    k->probe_at = nx_instant_after(now, k->interval);
    k->lost_at = nx_instant_after(now, k->timeout);
}

void dsb_keepalive_init(struct dsb_keepalive *k, struct nx_instant now, struct nx_duration interval,
                        struct nx_duration timeout)
{
    NX_CHECK(interval.ns > 0 && interval.ns < timeout.ns);
    *k = (struct dsb_keepalive){.interval = interval, .timeout = timeout};
    hear(k, now);
}

enum nx_status dsb_keepalive_heard(struct dsb_keepalive *k, struct nx_instant now)
{
    /* The driver may bring what arrived before it brings the tick: the deadline counts all the
     * same. */
    dsb_keepalive_tick(k, now);
    if (k->state == DSB_KEEPALIVE_LOST)
        return NX_E_STATE;

    hear(k, now);
    return NX_OK;
}

void dsb_keepalive_tick(struct dsb_keepalive *k, struct nx_instant now)
{
    if (k->state == DSB_KEEPALIVE_LOST)
        return;
    if (nx_instant_reached(k->lost_at, now)) {
        k->probe_due = false;
        k->state = DSB_KEEPALIVE_LOST;
        return;
    }
    if (!nx_instant_reached(k->probe_at, now))
        return;

    k->probe_due = true;
    k->probe_at = nx_instant_after(now, k->interval);
    k->state = DSB_KEEPALIVE_PROBING;
}

void dsb_keepalive_doubt(struct dsb_keepalive *k, struct nx_instant now, struct nx_duration within)
{
    if (k->state == DSB_KEEPALIVE_LOST)
        return;
    k->state = DSB_KEEPALIVE_PROBING;
    k->probe_due = true;
    k->probe_at = nx_instant_after(now, k->interval);
    k->lost_at = nx_instant_earlier(k->lost_at, nx_instant_after(now, within));
}

bool dsb_keepalive_output(struct dsb_keepalive *k)
{
    bool due = k->probe_due;

    k->probe_due = false;
    return due;
}

struct nx_instant dsb_keepalive_deadline(const struct dsb_keepalive *k)
{
    if (k->state == DSB_KEEPALIVE_LOST)
        return NX_NEVER;
    return nx_instant_earlier(k->probe_at, k->lost_at);
}
