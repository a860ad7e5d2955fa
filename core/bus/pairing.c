#include "core/bus/pairing.h"

#include "core/base/memory.h"
#include "core/base/text.h"
#include "core/bus/pairing_internal.h"

/* ---- states, news and messages ------------------------------------------------------------- */

#define TO(state) (1u << (state))

void dsb_pairing_enter(struct dsb_pairing_side *side, enum dsb_pairing_state next)
{
    static const uint32_t edges[] = {
        [DSB_PAIRING_CLOSED] = TO(DSB_PAIRING_OPEN),
        [DSB_PAIRING_OPEN] =
            TO(DSB_PAIRING_STARTING) | TO(DSB_PAIRING_SHARING) | TO(DSB_PAIRING_CLOSED),
        [DSB_PAIRING_STARTING] =
            TO(DSB_PAIRING_CONFIRMING) | TO(DSB_PAIRING_OPEN) | TO(DSB_PAIRING_CLOSED),
        [DSB_PAIRING_SHARING] =
            TO(DSB_PAIRING_CONFIRMING) | TO(DSB_PAIRING_OPEN) | TO(DSB_PAIRING_CLOSED),
        [DSB_PAIRING_CONFIRMING] =
            TO(DSB_PAIRING_STORING) | TO(DSB_PAIRING_OPEN) | TO(DSB_PAIRING_CLOSED),
        [DSB_PAIRING_STORING] = TO(DSB_PAIRING_CLOSED),
    };

    NX_CHECK((edges[side->state] & TO(next)) != 0);
    side->state = next;
}

/* Each open act owes one event, its end, and each link one more. An act or a link begins only where
 * all of them have room, so news is never lost and nothing that a peer does can overrun the queue.
 * */
bool dsb_pairing_has_event_room(const struct dsb_pairing *p)
{
    uint32_t owed = 0;

    for (size_t i = 0; i < NX_COUNT_OF(p->sides); i++) {
        owed += p->sides[i].state != DSB_PAIRING_CLOSED;
        owed += dsb_pairing_is_linked(&p->sides[i]);
    }
    return p->event_count + owed < DSB_PAIRING_EVENTS_MAX;
}

struct dsb_pairing_event *dsb_pairing_push_event(struct dsb_pairing *p,
                                                 enum dsb_pairing_event_kind kind,
                                                 enum dsb_pairing_role role, enum nx_status status)
{
    NX_CHECK(p->event_count < DSB_PAIRING_EVENTS_MAX);

    uint32_t at = (p->event_first + p->event_count++) % DSB_PAIRING_EVENTS_MAX;
    p->events[at] = (struct dsb_pairing_event){
        .kind = kind,
        .role = role,
        .status = status,
        .spent = p->sides[role].spent,
        .peer = p->sides[role].peer,
    };
    return &p->events[at];
}

static void say(struct dsb_pairing *p, enum dsb_pairing_role role,
                const struct dsb_pairing_message *message)
{
    struct dsb_pairing_mail *mail = &p->mail[role];
    struct nx_writer w = nx_writer_over(mail->bytes, sizeof(mail->bytes));

    dsb_pairing_say_nothing(p, role);
    dsb_pairing_message_encode(message, &w);
    NX_CHECK(!w.overflow);
    mail->len = (uint32_t)w.len;
}

void dsb_pairing_say_value(struct dsb_pairing *p, enum dsb_pairing_role role,
                           enum dsb_pairing_message_kind kind, const uint8_t *value)
{
    say(p, role, &(struct dsb_pairing_message){.kind = kind, .value = value});
}

void dsb_pairing_say_no(struct dsb_pairing *p, enum dsb_pairing_role role, enum dsb_pairing_no no)
{
    say(p, role, &(struct dsb_pairing_message){.kind = DSB_PAIRING_NO, .no = no});
}

void dsb_pairing_say_nothing(struct dsb_pairing *p, enum dsb_pairing_role role)
{
    nx_crypto_wipe(&p->mail[role], sizeof(p->mail[role]));
}

/* ---- markers ------------------------------------------------------------------------------- */

static void mark_paired(struct dsb_pairing *p, struct nx_instant now, enum dsb_pairing_role role)
{
    char line[NX_MARKER_LINE_MAX];
    struct nx_text t = nx_text_over(line, sizeof(line));

    nx_text_add(&t, "dsoftbus: paired peer=");
    nx_text_add(&t, p->sides[role].peer.id_text);
    nx_marker_emit(p->config.markers, now, nx_bytes_of(line, t.len));
}

/* ---- ends ---------------------------------------------------------------------------------- */

/* The act is over, and with it the link and every secret of both. */
static void close_act(struct dsb_pairing *p, enum dsb_pairing_role role,
                      enum dsb_pairing_event_kind kind, enum nx_status status)
{
    struct dsb_pairing_side *side = dsb_pairing_side_of(p, role);

    (void)dsb_pairing_push_event(p, kind, role, status);
    dsb_pairing_enter(side, DSB_PAIRING_CLOSED);
    nx_crypto_wipe(side, sizeof(*side));
}

void dsb_pairing_break_off(struct dsb_pairing *p, enum dsb_pairing_role role, enum nx_status status)
{
    struct dsb_pairing_side *side = dsb_pairing_side_of(p, role);

    (void)dsb_pairing_push_event(p, DSB_PAIRING_EVENT_INTERRUPTED, role, status);
    dsb_pairing_enter(side, DSB_PAIRING_OPEN);
    nx_crypto_wipe(&side->link, sizeof(side->link));
}

void dsb_pairing_fail_link(struct dsb_pairing *p, enum dsb_pairing_role role, enum nx_status status)
{
    struct dsb_pairing_side *side = dsb_pairing_side_of(p, role);

    side->spent |= side->start_count >= DSB_PAIRING_STARTS_MAX;
    if (role == DSB_PAIRING_OWNER && !side->spent)
        dsb_pairing_break_off(p, role, status);
    else
        close_act(p, role, DSB_PAIRING_EVENT_FAILED, status);
}

void dsb_pairing_give_up(struct dsb_pairing *p, enum dsb_pairing_role role, enum dsb_pairing_no no,
                         enum dsb_pairing_event_kind kind, enum nx_status status)
{
    if (p->sides[role].state == DSB_PAIRING_CLOSED)
        return;
    if (dsb_pairing_is_linked(&p->sides[role]))
        dsb_pairing_say_no(p, role, no);
    close_act(p, role, kind, status);
}

void dsb_pairing_succeed(struct dsb_pairing *p, struct nx_instant now, enum dsb_pairing_role role)
{
    struct dsb_pairing_side *side = dsb_pairing_side_of(p, role);
    struct dsb_pairing_peer peer = side->peer;

    if (role == DSB_PAIRING_OWNER)
        dsb_pairing_say_value(p, role, DSB_PAIRING_CONFIRM_OWNER, side->link.confirms.secret_owner);
    dsb_pairing_budget_forget(&p->budget, peer.id);
    p->budget_changed = true;
    mark_paired(p, now, role);
    close_act(p, role, DSB_PAIRING_EVENT_PAIRED, NX_OK);

    if (dsb_pairing_names(dsb_pairing_side_of(p, dsb_pairing_other(role)), peer.id))
        dsb_pairing_give_up(p, dsb_pairing_other(role), DSB_PAIRING_NO_CANCELLED,
                            DSB_PAIRING_EVENT_SUPERSEDED, NX_OK);
}

/* ---- time ---------------------------------------------------------------------------------- */

struct nx_instant dsb_pairing_side_deadline(const struct dsb_pairing_side *side)
{
    struct nx_instant code_ends = side->spent ? NX_NEVER : side->expires_at;

    if (side->state == DSB_PAIRING_CLOSED)
        return NX_NEVER;
    return dsb_pairing_is_linked(side) ? nx_instant_earlier(code_ends, side->link.ends_at)
                                       : code_ends;
}

static void expire(struct dsb_pairing *p, enum dsb_pairing_role role)
{
    enum dsb_pairing_no no = DSB_PAIRING_NO_EXPIRED;

    if (p->sides[role].spent)
        no = p->sides[role].state == DSB_PAIRING_STORING ? DSB_PAIRING_NO_NOT_STORED
                                                         : DSB_PAIRING_NO_CANCELLED;
    dsb_pairing_give_up(p, role, no, DSB_PAIRING_EVENT_FAILED, NX_E_TIMEOUT);
}

static void restart_clock(struct dsb_pairing *p, struct nx_instant now)
{
    struct dsb_pairing_saved saved;

    for (uint32_t role = 0; role < DSB_PAIRING_ROLE_COUNT; role++)
        expire(p, role);
    dsb_pairing_export(p, p->latest, &saved);
    enum nx_status status = dsb_pairing_import(p, now, &saved);
    NX_CHECK(status == NX_OK); /* it is our own */
}

void dsb_pairing_tick(struct dsb_pairing *p, struct nx_instant now)
{
    if (now.ns < p->latest.ns)
        restart_clock(p, now);
    p->latest = now;

    for (uint32_t role = 0; role < DSB_PAIRING_ROLE_COUNT; role++) {
        if (nx_instant_reached(dsb_pairing_side_deadline(&p->sides[role]), now))
            expire(p, role);
    }
    dsb_pairing_spent_tick(&p->spent, now);
}

struct nx_instant dsb_pairing_deadline(const struct dsb_pairing *p)
{
    struct nx_instant first = dsb_pairing_spent_deadline(&p->spent);

    for (size_t i = 0; i < NX_COUNT_OF(p->sides); i++)
        first = nx_instant_earlier(first, dsb_pairing_side_deadline(&p->sides[i]));
    return first;
}

/* ---- init, wipe, the store of the budgets --------------------------------------------------- */

void dsb_pairing_init(struct dsb_pairing *p, const struct dsb_pairing_config *config)
{
    *p = (struct dsb_pairing){.config = *config};
    dsb_pairing_budget_init(&p->budget);
    dsb_pairing_spent_init(&p->spent);
}

void dsb_pairing_wipe(struct dsb_pairing *p)
{
    nx_crypto_wipe(p, sizeof(*p));
}

void dsb_pairing_export(const struct dsb_pairing *p, struct nx_instant now,
                        struct dsb_pairing_saved *saved)
{
    dsb_pairing_budget_export(&p->budget, now, &saved->budget);
    saved->spent_ms = (uint32_t)((dsb_pairing_spent_left(&p->spent, now).ns + 999999u) / 1000000u);
}

enum nx_status dsb_pairing_import(struct dsb_pairing *p, struct nx_instant now,
                                  const struct dsb_pairing_saved *saved)
{
    if (saved->spent_ms > DSB_PAIRING_CODE_LIFE_S * 1000u)
        return NX_E_MALFORMED;

    enum nx_status status = dsb_pairing_budget_import(&p->budget, now, &saved->budget);
    if (status != NX_OK)
        return status;
    dsb_pairing_spent_resume(&p->spent, nx_instant_after(now, nx_milliseconds(saved->spent_ms)));
    p->latest = now;
    return NX_OK;
}

/* ---- news ---------------------------------------------------------------------------------- */

bool dsb_pairing_event(struct dsb_pairing *p, struct dsb_pairing_event *event)
{
    if (p->budget_changed) {
        *event = (struct dsb_pairing_event){.kind = DSB_PAIRING_EVENT_BUDGET};
        p->budget_changed = false;
        return true;
    }
    if (p->event_count == 0)
        return false;
    *event = p->events[p->event_first];
    p->event_first = (p->event_first + 1) % DSB_PAIRING_EVENTS_MAX;
    p->event_count--;
    return true;
}

enum dsb_pairing_state dsb_pairing_state(const struct dsb_pairing *p, enum dsb_pairing_role role)
{
    return p->sides[role].state;
}

const struct dsb_pairing_peer *dsb_pairing_peer_of(const struct dsb_pairing *p,
                                                   enum dsb_pairing_role role)
{
    return p->sides[role].state == DSB_PAIRING_CLOSED ? NULL : &p->sides[role].peer;
}

uint32_t dsb_pairing_failed_count(const struct dsb_pairing *p)
{
    return p->budget.failed_total;
}

const struct nx_why *dsb_pairing_why(const struct dsb_pairing *p)
{
    return &p->why;
}
