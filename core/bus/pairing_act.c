#include "core/bus/pairing.h"

#include "core/base/memory.h"
#include "core/base/text.h"
#include "core/bus/pairing_code.h"
#include "core/bus/pairing_internal.h"

static bool is_peer(const struct dsb_pairing *p, const struct dsb_pairing_peer *peer)
{
    size_t len = 0;

    while (len < sizeof(peer->id_text) && peer->id_text[len] != '\0')
        len++;
    return len > 0 && len < sizeof(peer->id_text) &&
           memcmp(peer->id, p->config.self.id, DSB_ID_LEN) != 0;
}

/* Whatever may refuse an act before it costs anything. */
static enum nx_status may_open(struct dsb_pairing *p, struct nx_instant now,
                               enum dsb_pairing_role role, const struct dsb_pairing_peer *peer)
{
    if (!is_peer(p, peer)) {
        nx_why_set(&p->why, "a pairing needs another device, and its name");
        return NX_E_INVALID;
    }
    if (p->sides[role].state != DSB_PAIRING_CLOSED) {
        nx_why_set(&p->why, "one pairing at a time, and one is under way");
        return NX_E_BUSY;
    }
    if (!dsb_pairing_has_event_room(p))
        return NX_WOULD_BLOCK;
    return dsb_pairing_budget_permits(&p->budget, now, peer->id, &p->why);
}

/* The last thing that can refuse, and then the act is open. */
static enum nx_status open_act(struct dsb_pairing *p, struct nx_instant now,
                               enum dsb_pairing_role role, const struct dsb_pairing_peer *peer,
                               const uint8_t secret_code[DSB_PAIRING_CODE_LEN])
{
    struct dsb_pairing_side *side = dsb_pairing_side_of(p, role);
    enum nx_status status = dsb_pairing_budget_take(
        &p->budget, now, role == DSB_PAIRING_OWNER ? DSB_PAIRING_ACT_OFFER : DSB_PAIRING_ACT_ACCEPT,
        &p->why);

    if (status != NX_OK)
        return status;
    p->budget_changed = true;
    dsb_pairing_enter(side, DSB_PAIRING_OPEN);
    side->peer = *peer;
    memcpy(side->secret_code, secret_code, DSB_PAIRING_CODE_LEN);
    side->expires_at = nx_instant_after(now, nx_seconds(DSB_PAIRING_CODE_LIFE_S));
    return NX_OK;
}

/* Hidden unless the config says that the digits are worth nothing. */
static void mark_offer(struct dsb_pairing *p, struct nx_instant now)
{
    const struct dsb_pairing_side *side = &p->sides[DSB_PAIRING_OWNER];
    char line[NX_MARKER_LINE_MAX];
    struct nx_text t = nx_text_over(line, sizeof(line));

    nx_text_add(&t, "dsoftbus: pair offer peer=");
    nx_text_add(&t, side->peer.id_text);
    nx_text_add(&t, " code=");
    if (p->config.markers_show_code)
        nx_text_add_bytes(&t, nx_bytes_of(side->secret_code, DSB_PAIRING_CODE_LEN));
    else
        nx_text_add(&t, "hidden");
    nx_marker_emit(p->config.markers, now, nx_bytes_of(line, t.len));
    nx_crypto_wipe(line, sizeof(line));
}

enum nx_status dsb_pairing_offer(struct dsb_pairing *p, struct nx_instant now,
                                 const struct dsb_pairing_peer *peer,
                                 char code[DSB_PAIRING_CODE_LEN + 1])
{
    uint8_t secret_code[DSB_PAIRING_CODE_LEN];

    dsb_pairing_tick(p, now);
    enum nx_status status = may_open(p, now, DSB_PAIRING_OWNER, peer);
    if (status != NX_OK)
        return status;
    status = dsb_pairing_code_draw(&p->config.rng, secret_code);
    if (status == NX_OK)
        status = open_act(p, now, DSB_PAIRING_OWNER, peer, secret_code);
    if (status == NX_OK) {
        memcpy(code, secret_code, DSB_PAIRING_CODE_LEN);
        code[DSB_PAIRING_CODE_LEN] = '\0';
        mark_offer(p, now);
    }
    nx_crypto_wipe(secret_code, sizeof(secret_code));
    return status;
}

static void say_wait(struct dsb_pairing *p, struct nx_instant now)
{
    struct nx_text t = nx_text_over(p->why.text, sizeof(p->why.text));
    uint64_t left_ns = nx_duration_between(now, p->spent.all_until).ns;

    nx_text_add(&t, "digits typed before the restart may be good still: ");
    nx_text_add_u64(&t, left_ns / 1000000000u + (left_ns % 1000000000u != 0));
    nx_text_add(&t, " s to wait");
}

/* Digits that were given away are no good, nor, for a while after a restart, any digits. */
static enum nx_status may_type(struct dsb_pairing *p, struct nx_instant now,
                               const uint8_t secret_code[DSB_PAIRING_CODE_LEN])
{
    enum nx_status status = dsb_pairing_spent_prepare(&p->spent, &p->config.rng);

    if (status != NX_OK)
        return status;
    if (dsb_pairing_spent_has(&p->spent, now, secret_code)) {
        nx_why_set(&p->why, "these digits were used: ask for a new code");
        return NX_E_DENIED;
    }
    if (!nx_instant_reached(p->spent.all_until, now)) {
        say_wait(p, now);
        return NX_E_LIMIT;
    }
    return NX_OK;
}

enum nx_status dsb_pairing_accept(struct dsb_pairing *p, struct nx_instant now,
                                  const struct dsb_pairing_peer *peer, struct nx_bytes typed)
{
    uint8_t secret_code[DSB_PAIRING_CODE_LEN];

    dsb_pairing_tick(p, now);
    enum nx_status status = dsb_pairing_code_read(typed, secret_code);
    if (status != NX_OK) {
        nx_why_set(&p->why, "a code is six digits");
        return status;
    }
    status = may_open(p, now, DSB_PAIRING_TYPIST, peer);
    if (status == NX_OK)
        status = may_type(p, now, secret_code);
    if (status == NX_OK)
        status = open_act(p, now, DSB_PAIRING_TYPIST, peer, secret_code);
    nx_crypto_wipe(secret_code, sizeof(secret_code));
    return status;
}

void dsb_pairing_cancel(struct dsb_pairing *p, struct nx_instant now, enum dsb_pairing_role role,
                        enum nx_status status)
{
    NX_CHECK(status < 0);
    dsb_pairing_tick(p, now);
    dsb_pairing_give_up(p, role, DSB_PAIRING_NO_CANCELLED, DSB_PAIRING_EVENT_FAILED, status);
}

void dsb_pairing_unpair(struct dsb_pairing *p, struct nx_instant now, const uint8_t id[DSB_ID_LEN])
{
    dsb_pairing_tick(p, now);
    for (uint32_t role = 0; role < DSB_PAIRING_ROLE_COUNT; role++) {
        if (dsb_pairing_names(&p->sides[role], id))
            dsb_pairing_give_up(p, role, DSB_PAIRING_NO_CANCELLED, DSB_PAIRING_EVENT_FAILED,
                                NX_E_ABORTED);
    }
}
