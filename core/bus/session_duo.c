#include "core/bus/session_duo.h"

#include "core/base/memory.h"

static void begin_end(struct session_end *end, uint8_t which)
{
    uint8_t seed[NX_ED25519_SEED_LEN];

    for (size_t i = 0; i < sizeof(seed); i++)
        seed[i] = (uint8_t)(which + i);
    dsb_identity_init(&end->identity, seed);
    dsb_credentials_init(&end->credentials, &end->identity);
    nx_prng_init(&end->prng, which, "session duo");
    end->in_len = end->plain_len = 0;
    end->status = NX_OK;
}

void session_duo_begin(struct session_duo *duo, const struct dsb_session_dial *dial)
{
    struct dsb_session_dial named = *dial;

    duo->now = (struct nx_instant){nx_seconds(1000).ns};
    begin_end(&duo->initiator, 0);
    begin_end(&duo->responder, 0x20);
    if (named.id == NULL)
        named.id = duo->responder.identity.id;
    if (named.noise_static == NULL)
        named.noise_static = duo->responder.identity.noise_static;
    dsb_session_accept(&duo->responder.session, duo->now, &duo->responder.credentials,
                       nx_prng_as_rng(&duo->responder.prng));
    duo->initiator.status =
        dsb_session_dial(&duo->initiator.session, duo->now, &duo->initiator.credentials,
                         nx_prng_as_rng(&duo->initiator.prng), &named);
}

bool session_duo_carry(struct session_end *from, struct session_end *to)
{
    struct nx_writer out = nx_writer_over(to->in, sizeof(to->in));

    out.len = to->in_len;
    while (dsb_session_output(&from->session, &out))
        ;

    bool has_moved = out.len > to->in_len;
    to->in_len = out.len;
    return has_moved;
}

void session_duo_take(struct session_duo *duo, struct session_end *end)
{
    for (;;) {
        struct nx_bytes plain;
        size_t used;

        end->status =
            dsb_session_input(&end->session, duo->now, end->in, end->in_len, &used, &plain);
        if (plain.len > 0) {
            NX_CHECK(plain.len <= sizeof(end->plain));
            memcpy(end->plain, plain.ptr, plain.len);
            end->plain_len = plain.len;
        }
        memmove(end->in, end->in + used, end->in_len - used);
        end->in_len -= used;
        if (end->status != NX_OK)
            return;
    }
}

void session_duo_settle(struct session_duo *duo)
{
    bool has_moved;

    do {
        has_moved = session_duo_carry(&duo->initiator, &duo->responder);
        session_duo_take(duo, &duo->responder);
        has_moved |= session_duo_carry(&duo->responder, &duo->initiator);
        session_duo_take(duo, &duo->initiator);
    } while (has_moved);
}

void session_duo_ask(struct session_duo *duo)
{
    session_duo_settle(duo);
    NX_CHECK(duo->responder.session.state == DSB_SESSION_ASKED);
}

void session_duo_come_up(struct session_duo *duo)
{
    session_duo_ask(duo);
    dsb_session_admit(&duo->responder.session, true);
    session_duo_settle(duo);
    NX_CHECK(duo->initiator.session.state == DSB_SESSION_UP &&
             duo->responder.session.state == DSB_SESSION_UP);
}

void session_duo_say(struct session_end *from, struct session_end *to, struct nx_bytes plain)
{
    struct nx_writer out = nx_writer_over(to->in, sizeof(to->in));

    out.len = to->in_len;
    struct nx_writer place = dsb_records_room(&out, DSB_RECORD_PLAIN_MAX);
    nx_write_bytes(&place, plain);
    NX_CHECK(!place.overflow && dsb_records_seal(&from->session.records, plain.len, &out) == NX_OK);
    to->in_len = out.len;
}

void session_duo_wipe(struct session_duo *duo)
{
    dsb_session_wipe(&duo->initiator.session);
    dsb_session_wipe(&duo->responder.session);
    dsb_identity_wipe(&duo->initiator.identity);
    dsb_identity_wipe(&duo->responder.identity);
}
