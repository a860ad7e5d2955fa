#include "core/bus/pairing.h"

#include "core/base/memory.h"
#include "core/bus/pairing_internal.h"

/* ---- a link begins ------------------------------------------------------------------------- */

const struct dsb_pairing_peer *dsb_pairing_to_dial(const struct dsb_pairing *p)
{
    const struct dsb_pairing_side *typist = &p->sides[DSB_PAIRING_TYPIST];
    const struct dsb_pairing_side *owner = &p->sides[DSB_PAIRING_OWNER];

    if (typist->state != DSB_PAIRING_OPEN)
        return NULL;
    return dsb_pairing_is_linked(owner) && dsb_pairing_names(owner, typist->peer.id)
               ? NULL
               : &typist->peer;
}

enum nx_status dsb_pairing_admits(const struct dsb_pairing *p, struct nx_instant now,
                                  enum dsb_pairing_role role, const uint8_t id[DSB_ID_LEN])
{
    const struct dsb_pairing_side *side = &p->sides[role];

    if (!dsb_pairing_names(side, id) || nx_instant_reached(dsb_pairing_side_deadline(side), now))
        return NX_E_DENIED;
    return dsb_pairing_is_linked(side) ? NX_E_BUSY : NX_OK;
}

/* Both dialled at once, and the other link is up: is the one of this role not to be begun beside
 * it? */
static bool loses_to_other(const struct dsb_pairing *p, enum dsb_pairing_role role)
{
    const struct dsb_pairing_side *side = &p->sides[role];
    const struct dsb_pairing_side *other = &p->sides[dsb_pairing_other(role)];

    if (!dsb_pairing_is_linked(other) || !dsb_pairing_names(other, side->peer.id))
        return false;

    bool we_are_smaller = memcmp(p->config.self.id, side->peer.id, DSB_ID_LEN) < 0;
    return we_are_smaller != (role == DSB_PAIRING_TYPIST);
}

static void begin_link(struct dsb_pairing *p, enum dsb_pairing_role role,
                       const struct dsb_pairing_link *link)
{
    struct dsb_pairing_side *side = dsb_pairing_side_of(p, role);
    struct dsb_pairing_side *other = dsb_pairing_side_of(p, dsb_pairing_other(role));

    /* The other link gives way, unless its code is spent: that one cannot end unspent any more, so
     * both go on, and the first success closes the other. */
    if (dsb_pairing_is_linked(other) && dsb_pairing_names(other, side->peer.id) && !other->spent) {
        dsb_pairing_say_no(p, dsb_pairing_other(role), DSB_PAIRING_NO_BUSY);
        if (role == DSB_PAIRING_OWNER)
            dsb_pairing_break_off(p, DSB_PAIRING_TYPIST, NX_E_BUSY);
        else
            dsb_pairing_fail_link(p, DSB_PAIRING_OWNER, NX_E_BUSY);
    }
    dsb_pairing_say_nothing(p, role); /* what an earlier link left unsaid is not for this one */
    side->link = *link;
    if (role == DSB_PAIRING_OWNER) {
        dsb_pairing_enter(side, DSB_PAIRING_STARTING);
        return;
    }
    dsb_pairing_enter(side, DSB_PAIRING_SHARING);
    dsb_pairing_say_value(p, role, DSB_PAIRING_START, side->link.half.share);
}

enum nx_status dsb_pairing_begin(struct dsb_pairing *p, struct nx_instant now,
                                 enum dsb_pairing_role role,
                                 const struct dsb_pairing_device *device,
                                 const uint8_t channel[DSB_PAIRING_CHANNEL_LEN])
{
    bool is_owner = role == DSB_PAIRING_OWNER;
    struct dsb_pairing_link link = {
        .binding = {.typist = is_owner ? *device : p->config.self,
                    .owner = is_owner ? p->config.self : *device},
        .ends_at = nx_instant_after(now, nx_seconds(DSB_PAIRING_SESSION_S)),
    };

    dsb_pairing_tick(p, now);
    enum nx_status status = dsb_pairing_admits(p, now, role, device->id);
    if (status != NX_OK)
        return status;
    if (loses_to_other(p, role))
        return NX_E_BUSY;
    if (!dsb_pairing_has_event_room(p))
        return NX_WOULD_BLOCK;
    status = dsb_pairing_budget_permits(&p->budget, now, device->id, NULL);
    if (status != NX_OK)
        return status;

    memcpy(link.binding.channel, channel, DSB_PAIRING_CHANNEL_LEN);
    if (!is_owner)
        status = dsb_pairing_prove(&link.binding, p->sides[role].secret_code, &p->config.rng,
                                   &link.half);
    if (status == NX_OK)
        begin_link(p, role, &link);
    nx_crypto_wipe(&link, sizeof(link));
    return status;
}

void dsb_pairing_refuse(enum nx_status status, struct nx_writer *out)
{
    struct dsb_pairing_message message = {.kind = DSB_PAIRING_NO, .no = DSB_PAIRING_NO_CANCELLED};

    if (status == NX_E_BUSY || status == NX_E_LIMIT || status == NX_WOULD_BLOCK)
        message.no = DSB_PAIRING_NO_BUSY;
    else if (status == NX_E_DENIED)
        message.no = DSB_PAIRING_NO_EXPIRED;
    dsb_pairing_message_encode(&message, out);
}

/* ---- messages ------------------------------------------------------------------------------ */

/* The link is over by what came in: say why, and answer it. */
static enum nx_status refuse_input(struct dsb_pairing *p, enum dsb_pairing_role role,
                                   enum dsb_pairing_no no, enum nx_status status)
{
    dsb_pairing_say_no(p, role, no);
    dsb_pairing_fail_link(p, role, status);
    return status;
}

static void want_store(struct dsb_pairing *p, enum dsb_pairing_role role)
{
    struct dsb_pairing_side *side = dsb_pairing_side_of(p, role);
    const struct dsb_pairing_binding *binding = &side->link.binding;

    dsb_pairing_enter(side, DSB_PAIRING_STORING);
    dsb_pairing_push_event(p, DSB_PAIRING_EVENT_STORE, role, NX_OK)->device =
        role == DSB_PAIRING_OWNER ? binding->typist : binding->owner;
}

static enum nx_status on_start(struct dsb_pairing *p, const uint8_t *their_share)
{
    struct dsb_pairing_side *side = dsb_pairing_side_of(p, DSB_PAIRING_OWNER);
    struct dsb_pairing_link *link = &side->link;
    enum nx_status status =
        dsb_pairing_prove(&link->binding, side->secret_code, &p->config.rng, &link->half);

    if (status != NX_OK)
        return refuse_input(p, DSB_PAIRING_OWNER, DSB_PAIRING_NO_CANCELLED, status);
    status = dsb_pairing_confirm(&link->binding, false, &link->half, their_share, &link->confirms);
    if (status != NX_OK)
        return refuse_input(p, DSB_PAIRING_OWNER, DSB_PAIRING_NO_MALFORMED, status);

    dsb_pairing_enter(side, DSB_PAIRING_CONFIRMING);
    dsb_pairing_say_value(p, DSB_PAIRING_OWNER, DSB_PAIRING_SHARE, link->half.share);
    nx_crypto_wipe(&link->half, sizeof(link->half));
    return NX_OK;
}

/* Our confirmation leaves: whoever is at the other end has had his guess now. That is counted at
 * once and taken back when he proves that he needed none. */
static enum nx_status on_share(struct dsb_pairing *p, struct nx_instant now,
                               const uint8_t *their_share)
{
    struct dsb_pairing_side *side = dsb_pairing_side_of(p, DSB_PAIRING_TYPIST);
    struct dsb_pairing_link *link = &side->link;
    enum nx_status status =
        dsb_pairing_confirm(&link->binding, true, &link->half, their_share, &link->confirms);

    if (status != NX_OK)
        return refuse_input(p, DSB_PAIRING_TYPIST, DSB_PAIRING_NO_MALFORMED, status);
    status = dsb_pairing_budget_permits(&p->budget, now, side->peer.id, NULL);
    if (status != NX_OK)
        return refuse_input(p, DSB_PAIRING_TYPIST, DSB_PAIRING_NO_CANCELLED, status);

    side->spent = true;
    dsb_pairing_spent_add(&p->spent, now, side->secret_code, side->expires_at);
    nx_crypto_wipe(side->secret_code, sizeof(side->secret_code));
    nx_crypto_wipe(&link->half, sizeof(link->half));
    dsb_pairing_budget_fail(&p->budget, now, side->peer.id);
    p->budget_changed = true;
    dsb_pairing_enter(side, DSB_PAIRING_CONFIRMING);
    dsb_pairing_say_value(p, DSB_PAIRING_TYPIST, DSB_PAIRING_CONFIRM_TYPIST,
                          link->confirms.secret_typist);
    return NX_OK;
}

static enum nx_status on_confirm_typist(struct dsb_pairing *p, struct nx_instant now,
                                        const uint8_t *confirm)
{
    struct dsb_pairing_side *side = dsb_pairing_side_of(p, DSB_PAIRING_OWNER);
    enum nx_status status = dsb_pairing_budget_permits(&p->budget, now, side->peer.id, NULL);

    side->spent = true; /* right or wrong, and looked at or not */
    nx_crypto_wipe(side->secret_code, sizeof(side->secret_code));
    if (status != NX_OK)
        return refuse_input(p, DSB_PAIRING_OWNER, DSB_PAIRING_NO_EXPIRED, status);
    if (!nx_crypto_equal(confirm, side->link.confirms.secret_typist, DSB_PAIRING_CONFIRM_LEN)) {
        dsb_pairing_budget_fail(&p->budget, now, side->peer.id);
        p->budget_changed = true;
        return refuse_input(p, DSB_PAIRING_OWNER, DSB_PAIRING_NO_WRONG_CODE, NX_E_DENIED);
    }
    want_store(p, DSB_PAIRING_OWNER);
    return NX_OK;
}

static enum nx_status on_confirm_owner(struct dsb_pairing *p, struct nx_instant now,
                                       const uint8_t *confirm)
{
    struct dsb_pairing_side *side = dsb_pairing_side_of(p, DSB_PAIRING_TYPIST);

    if (!nx_crypto_equal(confirm, side->link.confirms.secret_owner, DSB_PAIRING_CONFIRM_LEN))
        return refuse_input(p, DSB_PAIRING_TYPIST, DSB_PAIRING_NO_WRONG_CODE, NX_E_DENIED);
    dsb_pairing_budget_refund(&p->budget, now, side->peer.id);
    p->budget_changed = true;
    want_store(p, DSB_PAIRING_TYPIST);
    return NX_OK;
}

/* What an owner says after confB changes nothing: he is paired already. */
static enum nx_status on_no(struct dsb_pairing *p, enum dsb_pairing_role role,
                            enum dsb_pairing_no no)
{
    if (role == DSB_PAIRING_TYPIST && p->sides[role].state == DSB_PAIRING_STORING)
        return NX_OK;
    dsb_pairing_say_nothing(p, role);
    dsb_pairing_fail_link(p, role, dsb_pairing_no_status(no));
    return NX_OK;
}

/* The one kind of message that this role waits for in this state; 0 for none. */
static uint32_t awaited(enum dsb_pairing_role role, enum dsb_pairing_state state)
{
    static const uint8_t kinds[DSB_PAIRING_ROLE_COUNT][DSB_PAIRING_STORING + 1] = {
        [DSB_PAIRING_TYPIST] = {[DSB_PAIRING_SHARING] = DSB_PAIRING_SHARE,
                                [DSB_PAIRING_CONFIRMING] = DSB_PAIRING_CONFIRM_OWNER},
        [DSB_PAIRING_OWNER] = {[DSB_PAIRING_STARTING] = DSB_PAIRING_START,
                               [DSB_PAIRING_CONFIRMING] = DSB_PAIRING_CONFIRM_TYPIST},
    };

    return kinds[role][state];
}

enum nx_status dsb_pairing_input(struct dsb_pairing *p, struct nx_instant now,
                                 enum dsb_pairing_role role, struct nx_bytes payload)
{
    struct dsb_pairing_side *side = dsb_pairing_side_of(p, role);
    struct dsb_pairing_message m = {.kind = DSB_PAIRING_NO};

    dsb_pairing_tick(p, now);
    if (!dsb_pairing_is_linked(side))
        return NX_E_CLOSED;

    enum nx_status status = dsb_pairing_message_decode(payload, &m);
    if (status == NX_OK && m.kind == DSB_PAIRING_NO)
        return on_no(p, role, m.no);

    bool is_first = side->state == DSB_PAIRING_STARTING;
    side->start_count += is_first;
    if (status == NX_E_UNSUPPORTED && is_first)
        return refuse_input(p, role, DSB_PAIRING_NO_UNSUPPORTED, status);
    if (status != NX_OK || m.kind != awaited(role, side->state))
        return refuse_input(p, role, DSB_PAIRING_NO_MALFORMED, NX_E_MALFORMED);

    switch (m.kind) {
    case DSB_PAIRING_START:
        return on_start(p, m.value);
    case DSB_PAIRING_SHARE:
        return on_share(p, now, m.value);
    case DSB_PAIRING_CONFIRM_TYPIST:
        return on_confirm_typist(p, now, m.value);
    case DSB_PAIRING_CONFIRM_OWNER:
    case DSB_PAIRING_NO: /* was answered above */
        break;
    }
    return on_confirm_owner(p, now, m.value);
}

bool dsb_pairing_output(struct dsb_pairing *p, enum dsb_pairing_role role, struct nx_writer *out)
{
    struct dsb_pairing_mail *mail = &p->mail[role];

    if (mail->len == 0 || nx_writer_room(out) < mail->len)
        return false;
    nx_write_bytes(out, nx_bytes_of(mail->bytes, mail->len));
    dsb_pairing_say_nothing(p, role);
    return true;
}

void dsb_pairing_link_lost(struct dsb_pairing *p, struct nx_instant now, enum dsb_pairing_role role)
{
    dsb_pairing_tick(p, now);
    dsb_pairing_say_nothing(p, role);
    if (!dsb_pairing_is_linked(&p->sides[role]))
        return;
    /* The typist has all he needs once confB was right; the owner is told nothing any more. */
    if (role == DSB_PAIRING_TYPIST && p->sides[role].state == DSB_PAIRING_STORING)
        return;
    dsb_pairing_fail_link(p, role, NX_E_CLOSED);
}

bool dsb_pairing_has_link(const struct dsb_pairing *p, enum dsb_pairing_role role)
{
    return dsb_pairing_is_linked(&p->sides[role]);
}

enum nx_status dsb_pairing_stored(struct dsb_pairing *p, struct nx_instant now,
                                  enum dsb_pairing_role role, enum nx_status status)
{
    if (status > 0)
        return NX_E_INVALID;
    dsb_pairing_tick(p, now);
    if (p->sides[role].state != DSB_PAIRING_STORING)
        return NX_E_STATE;
    if (status == NX_OK)
        dsb_pairing_succeed(p, now, role);
    else
        dsb_pairing_give_up(p, role, DSB_PAIRING_NO_NOT_STORED, DSB_PAIRING_EVENT_FAILED, status);
    return NX_OK;
}
