/* For tests: somebody who means no good, with a machine of his own on the fabric's network.
 *
 *     attacker ---- line ----> device      he dials, as whoever he likes to be
 *     attacker <--- line ----- device      he is dialled, by whom he has led astray
 *     device <-- wire --> device           he sits between two that take his address for the other's
 *
 * He has our program: what he says is made with the product's own handshake, records and messages. But
 * each step is a call of its own here, and what he says at each may be anything: another's proof, a
 * request that does not fit it, frames that nobody would send. Devices are driven as tests/node/fabric.h
 * drives them. */
#ifndef NX_TESTS_ATTACKS_ATTACKER_H
#define NX_TESTS_ATTACKS_ATTACKER_H

#include "core/bus/admission.h"
#include "core/bus/handshake.h"
#include "core/bus/records.h"
#include "core/wire/frame.h"
#include "tests/node/fabric.h"

enum {
    ATTACKER_NET = 6, /* 10.0.6.n: the n-th attacker's machine */
    ATTACKER_FRAMES_MAX = 262144,
    TAPE_MAX = 16384,
};

struct attacker {
    struct fabric *fabric;
    struct dsb_identity identity;
    struct dsb_credentials credentials;
    struct nx_prng prng;
    struct fake_host *host;
    struct nx_net net;
    struct nx_address address; /* where he listens, once he does */
    struct nx_handle listener;
};

enum line_state {
    LINE_CLOSED,
    LINE_CONNECTED, /* bytes go both ways, and nothing was said */
    LINE_SHAKEN,    /* three messages are through: there are records */
    LINE_UP,        /* admitted */
};

/* One connection of his. */
struct line {
    struct attacker *attacker;
    enum line_state state;
    struct nx_handle socket;
    bool is_initiator;
    struct dsb_handshake handshake;
    struct dsb_records records;
    uint8_t h[NX_BLAKE2S_LEN];
    struct dsb_identity_claim peer;
    struct dsb_connect_request request;   /* as it came, or as it was sent */
    struct dsb_connect_response response; /* likewise */
    enum nx_status end;                   /* what the network said last: NX_END, a failure */
    size_t heard_count;                   /* bytes that ever came */

    size_t in_len;
    uint8_t in[2 * DSB_RECORD_MAX]; /* came, and was not used */
    size_t frames_at, frames_len;
    uint8_t frames[ATTACKER_FRAMES_MAX]; /* what records held since it is up */
};

/* He and his machine, the `number`th; the fabric forgets both when it begins anew. */
void attacker_init(struct attacker *m, struct fabric *f, uint8_t number);

/* Another machine of his, with an address of its own and the same keys. */
void attacker_move(struct attacker *m, uint8_t net, uint8_t host);

/* As pairing and sessions know him. */
struct dsb_pairing_device attacker_device(const struct attacker *m);

/* `d` hears an unsigned beacon of whatever device, from wherever. */
void attacker_announce(struct fabric_device *d, const char *id_text,
                       const uint8_t noise_static[NX_X25519_LEN], struct nx_address at);

void attacker_listen(struct attacker *m);

/* A number that a row measured, as a line of comment in its output. */
void attacks_note(const char *what, uint64_t count);

/* ---- bytes ------------------------------------------------------------------------------------ */

/* Dial `to`; the devices settle. */
void line_connect(struct line *line, struct attacker *m, struct nx_address to);

/* Take a connection that waits. False: none does. */
bool line_accept(struct line *line, struct attacker *m);

/* Send these bytes as they are, as far as there is room; the devices settle. */
void line_say(struct line *line, struct nx_bytes bytes);

/* Take what has come into `in`. */
void line_hear(struct line *line);

/* Is the other side gone? */
bool line_is_cut(struct line *line);

void line_close(struct line *line);

/* ---- handshake and admission ------------------------------------------------------------------ */

/* The first message of a handshake with `to`, as `as` (NULL: himself). */
void line_begin(struct line *line, const struct fabric_device *to,
                const struct dsb_credentials *as);

/* All three, as the one who dialled. False: the other side did not go on. */
bool line_shake(struct line *line, const struct fabric_device *to,
                const struct dsb_credentials *as);

/* All three, as the one who was dialled. */
bool line_shake_back(struct line *line, const struct dsb_credentials *as);

/* What an honest request of his would be, into `request`; `as` signs. */
void line_make_request(struct line *line, const struct dsb_identity *as, enum dsb_purpose purpose,
                       bool is_paired);

/* Send `request`, and take the answer into `response`. Answers whether he is let in; LINE_UP then. */
bool line_ask(struct line *line);

/* Take a request into `request`. */
bool line_take_request(struct line *line);

/* What an honest answer would be that lets its sender in, into `response`; `as` signs. */
void line_make_response(struct line *line, const struct dsb_identity *as);

/* Send `response`; LINE_UP when it says yes. */
void line_respond(struct line *line);

/* Connect, shake, ask: as himself, honestly. */
bool line_dial(struct line *line, struct attacker *m, const struct fabric_device *to,
               enum dsb_purpose purpose, bool is_paired);

/* Somebody dials him: shake, take the request, admit. */
bool line_answer(struct line *line, struct attacker *m);

/* ---- records ----------------------------------------------------------------------------------- */

/* One record that holds `plain`. */
void line_say_record(struct line *line, struct nx_bytes plain);

/* The same, only sealed: appended to `out`. */
void line_seal(struct line *line, struct nx_bytes plain, struct nx_writer *out);

/* One frame in a record of its own. */
void line_say_frame(struct line *line, const struct dsb_frame *frame);

/* The next frame that came. False: none. */
bool line_next_frame(struct line *line, struct dsb_frame *frame);

/* ---- pairing ------------------------------------------------------------------------------------ */

/* A message, as it is or as it should be. */
void line_say_pair_bytes(struct line *line, struct nx_bytes payload);
void line_say_pair(struct line *line, enum dsb_pairing_message_kind kind, const uint8_t *value);

/* The next one that came; its value stays until more is heard. DSB_PAIRING_NO without a reason: none. */
struct dsb_pairing_message line_hear_pair(struct line *line);

/* A run with `owner` at the other end, by all rules, with these digits. What it said last. */
struct dsb_pairing_message line_pair_as_typist(struct line *line, const struct fabric_device *owner,
                                               const char *digits);

/* ---- a wire through his machine ----------------------------------------------------------------- */

struct tape {
    uint8_t bytes[TAPE_MAX];
    size_t len; /* what is over is not kept */
};

/* Both ends of a connection that leads through him. */
struct wire {
    struct line near; /* who dialled him */
    struct line far;  /* whom he dialled for that */
    struct tape to_far, to_near;
};

/* Take whoever dials him, and dial `to` for it. False: nobody does. */
bool wire_open(struct wire *w, struct attacker *m, const struct fabric_device *to);

/* Pass on what has come, one way. False: nothing had. */
bool wire_step(struct wire *w);

/* The same until there is no more. */
void wire_run(struct wire *w);

void wire_close(struct wire *w);

#endif
