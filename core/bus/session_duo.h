/* Duo: two sessions and the bytes between them, for the tests of session and of what stands on it.
 * Nothing moves unless a test moves it. */
#ifndef NX_CORE_BUS_SESSION_DUO_H
#define NX_CORE_BUS_SESSION_DUO_H

#include "core/bus/session.h"

/* What tests say is short, and a board's memory is. */
enum {
    SESSION_DUO_IN_CAP = 4 * DSB_SESSION_OUTPUT_MAX,
    SESSION_DUO_PLAIN_CAP = DSB_SESSION_OUTPUT_MAX,
};

/* One end, and the bytes that have arrived at it. */
struct session_end {
    struct dsb_identity identity;
    struct dsb_credentials credentials;
    struct nx_prng prng;
    struct dsb_session session;
    uint8_t in[SESSION_DUO_IN_CAP];
    size_t in_len;
    enum nx_status status; /* the last that `input` answered */
    uint8_t plain[SESSION_DUO_PLAIN_CAP];
    size_t plain_len; /* what the last record held */
};

struct session_duo {
    struct nx_instant now;
    struct session_end initiator;
    struct session_end responder;
};

/* Both ends at their beginning; the initiator dials the responder as `dial` says, by its id and static
 * key where `dial` names none. The duo may not move. */
void session_duo_begin(struct session_duo *duo, const struct dsb_session_dial *dial);

/* Everything that `from` has to say goes to `to`. False: it had nothing. */
bool session_duo_carry(struct session_end *from, struct session_end *to);

/* `end` takes what has arrived, until nothing more is taken. */
void session_duo_take(struct session_duo *duo, struct session_end *end);

/* Both, in turn, until nobody says anything any more. */
void session_duo_settle(struct session_duo *duo);

/* As far as the responder being ASKED; then as far as both being UP. */
void session_duo_ask(struct session_duo *duo);
void session_duo_come_up(struct session_duo *duo);

/* A record with `plain` in it, from one to the other. */
void session_duo_say(struct session_end *from, struct session_end *to, struct nx_bytes plain);

void session_duo_wipe(struct session_duo *duo);

#endif
