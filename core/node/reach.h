/* Reach: when to dial which device, so that sessions come back without a hand.
 *
 *                    due, and a dial is free                 up
 *     want ---> WAITING ------------ next ----------> TRYING ----> UP
 *                ^  ^  \                                |         ^ |
 *                |  |   `--------- up: they dialled ----+---------' |
 *                |  |                                   |           |
 *                |  +--- failed: 1..2 s, 2..4, …, 60 ---+           |
 *                +--------- down: soon, or as a failure ------------+
 *
 * Every paired device is wanted for good; a person, or a beacon that proved to be its own, may hurry
 * it. Reach knows ids and times; where a device is, and what a dial is, is the owner's: it takes what
 * is due from `next`, dials, and says how it went.
 *
 *   - A device that is up is not dialled. Of those that are due, one that a person asked for goes
 *     first, then the one due longest. Eight dials are under way at most, and one of the eight is kept
 *     for persons, so that who asks does not stand behind a hundred devices that are switched off.
 *   - The first try comes within a second, at a moment that is drawn: two devices that want each other
 *     from the same moment on do not dial in lockstep.
 *   - Waits grow as core/base/backoff.h says, 1 s to 60 s. A session that lasted 10 s makes them short
 *     again; one that ends sooner counts as a failure, so that a session which ends at once is no busy
 *     loop.
 *   - A failure that only a person can mend (NX_E_IDENTITY, NX_E_DENIED: other keys, one-sided) makes
 *     the device *held*: it is tried at the longest back-off, 30 to 60 s, whatever beacons say, until a
 *     person asks or a session lasts. */
#ifndef NX_CORE_NODE_REACH_H
#define NX_CORE_NODE_REACH_H

#include "core/base/backoff.h"
#include "core/base/limits.h"

enum dsb_reach_state {
    DSB_REACH_WAITING,
    DSB_REACH_TRYING,
    DSB_REACH_UP,
};

/* Who is in a hurry. */
enum dsb_reach_hurry {
    DSB_REACH_PERSON,
    DSB_REACH_BEACON, /* verified: it is there, and may be somewhere else than before */
};

/* How the last session with a device ended. */
enum dsb_reach_end {
    DSB_REACH_CUT,     /* without a word: dialled again within a second */
    DSB_REACH_GOODBYE, /* GOAWAY from either side: dialled again after the first wait, 1..2 s */
};

struct dsb_reach_device {
    char id_text[DSB_ID_TEXT_MAX + 1];
    enum dsb_reach_state state;
    bool is_asked; /* by a person, and not yet answered by a dial's end */
    bool is_held;
    struct nx_backoff backoff;
    struct nx_instant due_at;     /* WAITING */
    struct nx_instant up_at;      /* UP: since */
    struct nx_instant hurry_from; /* a hurry moves no dial to before this */
};

struct dsb_reach {
    struct nx_rng rng;
    struct dsb_reach_device devices[DSB_PEERS_MAX]; /* in the order in which they were wanted */
    uint32_t count;
    uint32_t trying_count;
    uint32_t up_count;
};

/* Nobody is wanted. Copies `rng`, whose source its owner keeps; jitter is all that is drawn from it,
 * and when it fails a wait is its longest. */
void dsb_reach_init(struct dsb_reach *r, const struct nx_rng *rng);

/* From now on this device is wanted; it is due within DSB_REACH_SOON_MS. Wanted already: nothing
 * changes. Copies `id_text`.
 * NX_OK; NX_E_INVALID: not 1..DSB_ID_TEXT_MAX characters; NX_E_LIMIT: DSB_PEERS_MAX are wanted. */
NX_MUST_CHECK enum nx_status dsb_reach_want(struct dsb_reach *r, struct nx_instant now,
                                            const char *id_text);

/* No longer; a dial that is under way is the owner's to drop.
 * NX_OK; NX_E_NOT_FOUND: it was not wanted. So answer all calls below that name a device. */
NX_MUST_CHECK enum nx_status dsb_reach_forget(struct dsb_reach *r, const char *id_text);

/* Forget the back-off and dial now, or DSB_REACH_HURRY_MS after the last hurry, if that is later. A
 * dial under way is not begun anew; a device that is up stays so; a held one heeds persons only. */
NX_MUST_CHECK enum nx_status dsb_reach_hurry(struct dsb_reach *r, struct nx_instant now,
                                             const char *id_text, enum dsb_reach_hurry by);

/* The next device to dial; it is TRYING until `failed`, `up` or `forget`. False: none is due, or all
 * dials are under way. */
bool dsb_reach_next(struct dsb_reach *r, struct nx_instant now, char id_text[DSB_ID_TEXT_MAX + 1]);

/* The dial came to nothing: every address failed, the handshake broke, or it was refused with `why`
 * (not NX_OK). NX_E_STATE: it is not TRYING. */
NX_MUST_CHECK enum nx_status dsb_reach_failed(struct dsb_reach *r, struct nx_instant now,
                                              const char *id_text, enum nx_status why);

/* A session stands, whoever dialled. If a dial of ours is under way as well, it counts as over here:
 * let it end, or drop it, and do not tell of it. Up already: nothing changes. */
NX_MUST_CHECK enum nx_status dsb_reach_up(struct dsb_reach *r, struct nx_instant now,
                                          const char *id_text);

/* The last session with it ended; not to be said while another one stands (of two, one goes as
 * duplicate or replaced). NX_E_STATE: it is not UP. */
NX_MUST_CHECK enum nx_status dsb_reach_down(struct dsb_reach *r, struct nx_instant now,
                                            const char *id_text, enum dsb_reach_end end);

/* When `next` has something to give, which may be in the past; NX_NEVER: not before another call. */
struct nx_instant dsb_reach_deadline(const struct dsb_reach *r);

/* The device as it stands, for `nx status`; NULL: not wanted. Lent until the next call. */
const struct dsb_reach_device *dsb_reach_find(const struct dsb_reach *r, const char *id_text);

#endif
