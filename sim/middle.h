/* Middle: an attacker between two persons who want to pair (docs/contracts/pairing.md).
 *
 *     owner a <------ session of purpose pair ------> middle <------ the same ------> typist b
 *        shows a code for m,                                         types it for m,
 *        whom he takes for b                                         whom he takes for a
 *
 * It announces itself under a name that is not its own, and both persons choose it: that is all that an
 * attacker can bring about, since an id is a key. It terminates both sessions with an identity of its
 * own and speaks pairing with the very codecs and proofs of core/bus; what it cannot have is the code.
 * Sometimes it guesses it: the world hands it over as luck, and says so to the oracle. */
#ifndef NX_SIM_MIDDLE_H
#define NX_SIM_MIDDLE_H

#include "sim/device.h"

/* What it does with a pair of persons. */
enum sim_trick {
    SIM_TRICK_RELAY,   /* hands what one says to the other */
    SIM_TRICK_GUESS,   /* plays both roles by the book, with digits that it guesses */
    SIM_TRICK_KEYS,    /* the right digits, and the keys of those whom it stands between */
    SIM_TRICK_CHANNEL, /* the right digits, and the h of its other session */
    SIM_TRICK_REFLECT, /* to each what he said himself */
    SIM_TRICK_ROLES,   /* the other side's messages */
    SIM_TRICK_REPLAY,  /* what was said in an earlier attempt */
    SIM_TRICK_CUT,     /* the right digits, and the line is cut before the last message */
    SIM_TRICK_COUNT,
};

/* To whom; also what we are to him. */
enum sim_line_side {
    SIM_LINE_TO_OWNER,    /* dialled: we are the typist */
    SIM_LINE_FROM_TYPIST, /* accepted: we are the owner */
    SIM_LINE_COUNT,
};

enum {
    SIM_MIDDLE_IN_MAX = 3 * DSB_SESSION_OUTPUT_MAX,
    SIM_MIDDLE_OUT_MAX = 2 * DSB_SESSION_OUTPUT_MAX,
    SIM_MIDDLE_RETRIES = 2, /* after a no, against the same code */
    SIM_MIDDLE_ACT_S = 20,  /* then it gives up */
    SIM_MIDDLE_BEACON_S = 5,
};

struct sim_line {
    bool is_open, has_failed;
    bool is_up;
    bool closes; /* when what is to be said has been sent */
    struct nx_handle socket;
    struct dsb_session session;
    struct dsb_pairing_binding binding;
    struct dsb_pairing_half half;
    struct dsb_pairing_confirms confirms;
    uint8_t heard[DSB_PAIRING_CONFIRM_OWNER + 1][DSB_PAIRING_VALUE_LEN]; /* by kind */
    uint32_t heard_kinds;                                                /* bits */
    uint8_t in[SIM_MIDDLE_IN_MAX];
    size_t in_len;
    uint8_t out[SIM_MIDDLE_OUT_MAX];
    size_t out_len;
};

struct sim_middle {
    struct dsb_identity identity;
    struct dsb_credentials credentials;
    struct nx_prng entropy, chance;
    struct fake_host *host;
    struct nx_net net;
    struct nx_address address;
    struct nx_handle listener, mouth;
    bool is_listening;
    bool is_touched;
    struct nx_instant beacon_at;
    struct sim_line lines[SIM_LINE_COUNT];
    uint8_t earlier[DSB_PAIRING_CONFIRM_OWNER + 1][DSB_PAIRING_VALUE_LEN]; /* heard once, by kind */

    /* The act under way. */
    enum sim_trick trick;
    bool is_acting;
    struct nx_instant ends_at;
    uint32_t devices[SIM_LINE_COUNT];    /* the owner, the typist */
    char code[DSB_PAIRING_CODE_LEN + 1]; /* that the owner showed */
    char guesses[SIM_LINE_COUNT][DSB_PAIRING_CODE_LEN + 1];
    bool waits_for_typist; /* before it dials */
    uint32_t dial_count;
    uint32_t proof_count[SIM_LINE_COUNT]; /* what a guess is tested with, said in this act */
    uint32_t wrong_count;                 /* guesses that the owner looked at and called wrong */

    /* For the oracle: it said what only who knows the code can say, with its one guess. */
    bool may_pair[SIM_DEVICES_MAX];
    uint32_t act_count, paired_count, lucky_count;
};

struct sim_world;

/* On the network; it announces itself under the name of one of those whom it deceives. */
void sim_middle_begin(struct sim_world *w, struct sim_middle *m);

/* Its turn. False: nothing moved. */
bool sim_middle_turn(struct sim_world *w, struct sim_middle *m);
struct nx_instant sim_middle_deadline(const struct sim_middle *m);

/* The owner shows `code` for it, the typist is about to type it for it. It begins. */
void sim_middle_act(struct sim_world *w, struct sim_middle *m, const struct sim_device *owner,
                    const struct sim_device *typist, const char *code);

/* Off the network; who it was is known still. */
void sim_middle_end(struct sim_middle *m);

#endif
