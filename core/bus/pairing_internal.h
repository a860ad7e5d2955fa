/* What pairing.c, pairing_act.c and pairing_link.c share. */
#ifndef NX_CORE_BUS_PAIRING_INTERNAL_H
#define NX_CORE_BUS_PAIRING_INTERNAL_H

#include "core/base/memory.h"
#include "core/bus/pairing.h"

static inline struct dsb_pairing_side *dsb_pairing_side_of(struct dsb_pairing *p,
                                                           enum dsb_pairing_role role)
{
    return &p->sides[role];
}

static inline enum dsb_pairing_role dsb_pairing_other(enum dsb_pairing_role role)
{
    return role == DSB_PAIRING_OWNER ? DSB_PAIRING_TYPIST : DSB_PAIRING_OWNER;
}

static inline bool dsb_pairing_is_linked(const struct dsb_pairing_side *side)
{
    return side->state != DSB_PAIRING_CLOSED && side->state != DSB_PAIRING_OPEN;
}

/* Is an act with this device open? */
static inline bool dsb_pairing_names(const struct dsb_pairing_side *side,
                                     const uint8_t id[DSB_ID_LEN])
{
    return side->state != DSB_PAIRING_CLOSED && memcmp(side->peer.id, id, DSB_ID_LEN) == 0;
}

/* Go on to `next`, along an edge of the drawing. */
void dsb_pairing_enter(struct dsb_pairing_side *side, enum dsb_pairing_state next);

/* May another act or link begin, and all there is still tell its end? */
bool dsb_pairing_has_event_room(const struct dsb_pairing *p);

/* News about the act of this role; lent to be completed. */
struct dsb_pairing_event *dsb_pairing_push_event(struct dsb_pairing *p,
                                                 enum dsb_pairing_event_kind kind,
                                                 enum dsb_pairing_role role, enum nx_status status);

/* The message that leaves next, in place of one that did not leave yet. */
void dsb_pairing_say_value(struct dsb_pairing *p, enum dsb_pairing_role role,
                           enum dsb_pairing_message_kind kind, const uint8_t *value);
void dsb_pairing_say_no(struct dsb_pairing *p, enum dsb_pairing_role role, enum dsb_pairing_no no);
void dsb_pairing_say_nothing(struct dsb_pairing *p, enum dsb_pairing_role role);

/* The link is over, the act is open as it was. */
void dsb_pairing_break_off(struct dsb_pairing *p, enum dsb_pairing_role role,
                           enum nx_status status);

/* The link failed. An offer whose code is unspent waits for the next start, if it has one left; an
 * accept is over, and a person decides whether to type again. */
void dsb_pairing_fail_link(struct dsb_pairing *p, enum dsb_pairing_role role,
                           enum nx_status status);

/* From any state: tell the other side, if it is there, and be closed. */
void dsb_pairing_give_up(struct dsb_pairing *p, enum dsb_pairing_role role, enum dsb_pairing_no no,
                         enum dsb_pairing_event_kind kind, enum nx_status status);

/* The entry of this role's peer is stored: the two are paired. */
void dsb_pairing_succeed(struct dsb_pairing *p, struct nx_instant now, enum dsb_pairing_role role);

/* When the act of this side is over if nothing happens. */
struct nx_instant dsb_pairing_side_deadline(const struct dsb_pairing_side *side);

#endif
