/* Keepalive: is the other side still there?
 *
 *          silent for `interval`            silent for `timeout`
 *   ALIVE ------------------------> PROBING ---------------------> LOST
 *     ^                                |
 *     |     anything received          |
 *     +--------------------------------+
 *
 * A probe passes every queue of data, so that a busy link is never taken for a dead one. LOST is
 * final: the session that owns this ends with that reason. */
#ifndef NX_CORE_BUS_KEEPALIVE_H
#define NX_CORE_BUS_KEEPALIVE_H

#include "core/base/status.h"
#include "core/base/time.h"

enum dsb_keepalive_state {
    DSB_KEEPALIVE_ALIVE,
    DSB_KEEPALIVE_PROBING,
    DSB_KEEPALIVE_LOST,
};

struct dsb_keepalive {
    struct nx_duration interval;
    struct nx_duration timeout;
    enum dsb_keepalive_state state;
    bool probe_due;
    struct nx_instant probe_at;
    struct nx_instant lost_at;
};

/* The other side was heard just now. `interval` is shorter than `timeout`. */
void dsb_keepalive_init(struct dsb_keepalive *k, struct nx_instant now, struct nx_duration interval,
                        struct nx_duration timeout);

/* Something arrived from the other side.
 * NX_OK: ALIVE again. NX_E_STATE: it came too late, LOST stays LOST. */
NX_MUST_CHECK enum nx_status dsb_keepalive_heard(struct dsb_keepalive *k, struct nx_instant now);

/* A later instant: a probe may fall due, or the other side be given up. */
void dsb_keepalive_tick(struct dsb_keepalive *k, struct nx_instant now);

/* There is a reason to doubt it: ask at once, and it is LOST unless it is heard `within` (or at
 * `timeout`, when that comes first). Nothing when LOST. */
void dsb_keepalive_doubt(struct dsb_keepalive *k, struct nx_instant now, struct nx_duration within);

/* Take the probe that is due, if one is: at most one per interval of silence. */
bool dsb_keepalive_output(struct dsb_keepalive *k);

/* When `tick` next has something to do; NX_NEVER when LOST. */
struct nx_instant dsb_keepalive_deadline(const struct dsb_keepalive *k);

#endif
