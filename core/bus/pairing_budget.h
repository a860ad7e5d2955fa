/* Pairing budgets: how often a code may be guessed (docs/contracts/pairing.md, Budgets).
 *
 *     offers      10 an hour          each takes one when it is opened
 *     accepts     10 an hour          likewise
 *     failed      10 an hour, node    a code that was spent and paired nobody takes one
 *     failed      3, device           then it waits 60 s, doubled by each further one, up to 1 h
 *
 * The budgets are plain data on the injected clock. An hour is a sliding one: each act occupies a
 * slot until an hour later, so that no border between two hours lets twenty through.
 *
 * Devices are remembered in a table of fixed size. Only a failed code writes to it, and those are
 * bounded per hour, so there is always an entry that belongs to nobody who waits (the arithmetic is
 * in limits.h). Among those the one with the fewest failures goes first, then the oldest: strangers
 * with one failure each push out each other and not the one that keeps trying. */
#ifndef NX_CORE_BUS_PAIRING_BUDGET_H
#define NX_CORE_BUS_PAIRING_BUDGET_H

#include "core/base/limits.h"
#include "core/base/status.h"
#include "core/base/time.h"

enum dsb_pairing_act {
    DSB_PAIRING_ACT_ACCEPT,
    DSB_PAIRING_ACT_OFFER,
};
#define DSB_PAIRING_ACT_COUNT 2

#define DSB_PAIRING_SLOTS 10
_Static_assert(DSB_PAIRING_SLOTS == DSB_PAIRING_OFFERS_PER_HOUR &&
                   DSB_PAIRING_SLOTS == DSB_PAIRING_ACCEPTS_PER_HOUR &&
                   DSB_PAIRING_SLOTS == DSB_PAIRING_FAILED_PER_HOUR,
               "one size of window serves all three");

/* When each slot is free again. */
struct dsb_pairing_window {
    struct nx_instant free_at[DSB_PAIRING_SLOTS];
};

struct dsb_pairing_suspect {
    uint8_t id[DSB_ID_LEN];
    uint32_t failed_count;
    struct nx_instant waits_until;
};

struct dsb_pairing_budget {
    struct dsb_pairing_window acts[DSB_PAIRING_ACT_COUNT];
    struct dsb_pairing_window failed;
    struct dsb_pairing_suspect suspects[DSB_PAIRING_SUSPECTS_MAX]; /* the oldest failure first */
    uint32_t suspect_count;
    uint32_t failed_total; /* since ever, for `nx status` */
};

/* The budgets as they are stored: what is left to wait, in milliseconds, rounded up. Zero is a free
 * slot. */
struct dsb_pairing_budget_saved {
    uint32_t act_ms[DSB_PAIRING_ACT_COUNT][DSB_PAIRING_SLOTS];
    uint32_t failed_ms[DSB_PAIRING_SLOTS];
    uint32_t suspect_count;
    uint32_t failed_total;
    struct {
        uint8_t id[DSB_ID_LEN];
        uint32_t failed_count;
        uint32_t wait_ms;
    } suspects[DSB_PAIRING_SUSPECTS_MAX];
};

/* What a restart has to know of pairing, as plain data: the registry stores it. */
struct dsb_pairing_saved {
    struct dsb_pairing_budget_saved budget;
    uint32_t spent_ms; /* until no digits given away by the typist are good any more */
};

/* Nothing used. */
void dsb_pairing_budget_init(struct dsb_pairing_budget *b);

/* May a code be tried with this device now?
 * NX_OK; NX_E_LIMIT: the device waits, or the node's failures of the hour are used up; `why` (which
 * may be NULL) says which. */
NX_MUST_CHECK enum nx_status dsb_pairing_budget_permits(const struct dsb_pairing_budget *b,
                                                        struct nx_instant now,
                                                        const uint8_t id[DSB_ID_LEN],
                                                        struct nx_why *why);

/* Take one act of its hour.
 * NX_OK; NX_E_LIMIT: all ten are taken, nothing changed. */
NX_MUST_CHECK enum nx_status dsb_pairing_budget_take(struct dsb_pairing_budget *b,
                                                     struct nx_instant now,
                                                     enum dsb_pairing_act act, struct nx_why *why);

/* A code was spent on this device, and nobody is paired by it. */
void dsb_pairing_budget_fail(struct dsb_pairing_budget *b, struct nx_instant now,
                             const uint8_t id[DSB_ID_LEN]);

/* Take the latest failure of this device back: it proved to have known the code after all. */
void dsb_pairing_budget_refund(struct dsb_pairing_budget *b, struct nx_instant now,
                               const uint8_t id[DSB_ID_LEN]);

/* Paired: the device's own failures are forgotten, the node's stay. */
void dsb_pairing_budget_forget(struct dsb_pairing_budget *b, const uint8_t id[DSB_ID_LEN]);

/* What is used and what is left to wait at `now`. */
void dsb_pairing_budget_export(const struct dsb_pairing_budget *b, struct nx_instant now,
                               struct dsb_pairing_budget_saved *saved);

/* Resume: every wait begins again with what was left of it, however long the machine was off.
 * NX_OK; NX_E_MALFORMED: more than a limit allows, or a device twice: `b` is unchanged. */
NX_MUST_CHECK enum nx_status dsb_pairing_budget_import(
    struct dsb_pairing_budget *b, struct nx_instant now,
    const struct dsb_pairing_budget_saved *saved);

#endif
