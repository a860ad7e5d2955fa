/* Hostile: a device of the world that breaks the protocol, by grammar.
 *
 *     honest: paired like all others ---- begin ----> at it ---- the calm ----> honest again
 *
 * It is the last device of its world, and three addresses beside it that are nobody's. Once it is at it,
 * its node is off and its address and keys are used by what stands here, to
 *
 *   - connect without any identity: noise, wrong lengths, first messages that are changed, cut or said
 *     twice, silence, and what it overheard of others, said again;
 *   - prove an identity that nobody is paired with, ask what it may not, and break pairing;
 *   - prove its own, ask as it is not or be admitted, and break streams: kinds, ids, credit, storms,
 *     records twice, left out or under another key;
 *   - answer those who dial it in all these ways;
 *   - announce: beacons said again, changed, forged in the name of others, of devices that are not there.
 *
 * Nearly everything it says is nearly right: it is built by the codecs of the bus, and then broken, so
 * that what is broken is found deep. What comes of it the oracles judge; besides, nobody may admit what
 * breaks the rules of admission. In the calm it is honest again, and has to be welcome.
 *
 *     hostile.c          its life: attempts that begin, go on and end
 *     hostile_serve.c    what the others' programs do
 *     hostile_talk.c     one attempt: handshake, admission, and a session in either role
 *     hostile_frames.c   frames, and messages of pairing
 *     hostile_beacons.c  datagrams */
#ifndef NX_SIM_HOSTILE_H
#define NX_SIM_HOSTILE_H

#include "core/bus/admission.h"
#include "core/bus/handshake.h"
#include "core/bus/records.h"
#include "core/node/node.h"
#include "core/wire/beacon.h"
#include "sim/fakenet.h"

enum {
    SIM_HOSTILE_ATTEMPTS = 12, /* at once */
    SIM_HOSTILE_HOSTS = 4,     /* 0: the device's own; the others: nobody's */
    SIM_HOSTILE_STREAMS = 16,  /* of an attempt's own that it remembers */
    SIM_HOSTILE_SERVED = 24,   /* streams with it, of all others' programs */
    SIM_HOSTILE_HEARD = 4,     /* beacons, and handshakes of others, that it overheard last */
    SIM_HOSTILE_HEARD_MAX = 4096,
    SIM_HOSTILE_OUT_MAX = 2 * DSB_RECORD_MAX,
};

/* What an attempt is at. */
enum sim_attempt_state {
    SIM_ATTEMPT_FREE,
    SIM_ATTEMPT_DIALLING,
    SIM_ATTEMPT_RAW, /* bytes, and no handshake */
    SIM_ATTEMPT_HANDSHAKE,
    SIM_ATTEMPT_ADMISSION, /* the handshake is through; one message each way */
    SIM_ATTEMPT_UP,
    SIM_ATTEMPT_WAITING, /* nothing more is said; it is closed when its time has come */
};

/* One connection of it. */
struct sim_attempt {
    enum sim_attempt_state state;
    uint32_t host;
    uint32_t victim;
    struct nx_handle socket;
    bool may_receive, may_send;
    bool is_initiator;
    bool is_stranger; /* by the identity that nobody is paired with */
    bool is_raw;
    bool has_asked;        /* and the same for an answer */
    bool breaks_admission; /* what it asked for may not be admitted */
    bool is_garbled;       /* a record was spoilt: what comes behind it may be taken for its rest */
    bool is_broken;        /* what it said may not be suffered: the session has to end */
    struct nx_instant broken_at; /* since; NX_NEVER: it has not left yet */
    uint16_t purpose;
    struct nx_instant act_at;   /* when it says more */
    struct nx_instant close_at; /* when it ends, come what may */
    uint32_t piece_max;         /* bytes that one send may take */
    uint32_t rest_ms;           /* at most, between two of them; 0: none, it says all at once */
    struct nx_instant send_at;
    uint32_t says_left;

    struct dsb_handshake handshake;
    struct dsb_records records;
    bool has_records;

    uint32_t next_id;
    uint32_t ours[SIM_HOSTILE_STREAMS];   /* ids; 0: none */
    uint32_t credit[SIM_HOSTILE_STREAMS]; /* of those: what it may send, as it sees it */
    uint32_t theirs;                      /* the last that was opened to it; 0: none */
    uint32_t theirs_due;                  /* bytes of it that came and were not confirmed */

    size_t in_len, out_at, out_len;
    uint8_t in[DSB_RECORD_MAX];
    uint8_t out[SIM_HOSTILE_OUT_MAX];
};

/* A stream with it, of somebody's program. */
struct sim_served {
    bool is_used;
    uint32_t device;
    struct dsb_mux *mux;
    struct dsb_stream_handle stream;
    bool may_pull;
    uint32_t push_left;
};

/* What one of the others said to another when it dialled. */
struct sim_overheard {
    uint32_t end; /* of the network */
    uint64_t serial;
    uint32_t victim;
    size_t len, last_at; /* what was there when it listened last lies from last_at on */
    uint8_t bytes[SIM_HOSTILE_HEARD_MAX];
};

struct sim_hostile {
    bool is_there; /* in this world */
    bool is_at_it;
    struct nx_prng chance;
    uint32_t device;
    struct fake_host *hosts[SIM_HOSTILE_HOSTS];
    struct nx_net nets[SIM_HOSTILE_HOSTS];
    struct dsb_identity stranger;
    struct dsb_credentials credentials; /* the stranger's */

    struct nx_instant attempt_at;
    bool may_accept;
    struct nx_handle listener;

    struct nx_handle ear; /* for beacons */
    bool may_hear;
    struct nx_instant beacon_at;
    uint32_t beacon_count; /* overheard */
    struct {
        size_t len;
        uint8_t bytes[DSB_BEACON_MAX];
    } beacons[SIM_HOSTILE_HEARD];

    uint32_t overheard_count;
    struct sim_overheard overheard[SIM_HOSTILE_HEARD];
    struct sim_served served[SIM_HOSTILE_SERVED];

    /* For the summary and the check. */
    uint32_t begun_count, accepted_count, proved_count, refused_count, up_count, said_count,
        breach_count, announced_count;

    struct sim_attempt attempts[SIM_HOSTILE_ATTEMPTS];
};

struct sim_world;
struct sim_device;

/* There is one in this world: its last device, honest so far. Before the world begins to run. */
void sim_hostile_init(struct sim_world *w);

/* From now on it is at it. */
void sim_hostile_begin(struct sim_world *w);

/* All its sockets are closed, and its device is on again. Nothing where there is none. */
void sim_hostile_calm(struct sim_world *w);

/* What it does now. False: nothing moved. */
bool sim_hostile_turn(struct sim_world *w);
struct nx_instant sim_hostile_deadline(const struct sim_world *w);

/* Is it this device, or the identity of it that nobody is paired with? */
bool sim_hostile_is(const struct sim_world *w, const struct sim_device *d);
bool sim_hostile_is_stranger(const struct sim_world *w, const char *id_text);

/* The programs of `d`, as far as they have to do with it: they accept most of what it opens, read, and
 * send it something. `news`: true when they took it. `work`: true when they are not through. */
bool sim_hostile_news(struct sim_world *w, struct sim_device *d,
                      const struct dsb_node_event *event);
bool sim_hostile_serve(struct sim_world *w, struct sim_device *d);
void sim_hostile_off(struct sim_world *w, const struct sim_device *d);

/* After the calm: nobody took up more handshakes of strangers than its gate has turns for. */
void sim_hostile_check(struct sim_world *w);

/* ---- what its parts share ---------------------------------------------------------------------- */

uint32_t sim_hostile_draw(struct sim_hostile *h, uint32_t least, uint32_t most);

/* One of `of` (1: always). */
bool sim_hostile_chance(struct sim_hostile *h, uint32_t of);
void sim_hostile_noise(struct sim_hostile *h, uint8_t *out, size_t len);

/* Of so many that were heard: those that it remembers. */
uint32_t sim_hostile_kept(uint32_t count);

/* Changes a bit, cuts, or adds to the `*len` bytes at `bytes`, which have room for `cap`. */
void sim_hostile_spoil(struct sim_hostile *h, uint8_t *bytes, size_t *len, size_t cap);

/* The session that `d` has on this attempt: the handshake's hash names it on both sides. NULL: none. */
const struct dsb_mux *sim_hostile_session(const struct sim_device *d, const struct sim_attempt *a);

void sim_hostile_say(struct sim_world *w, const struct sim_attempt *a, const char *what);

/* Begins what an attempt that is connected is for. */
void sim_talk_begin(struct sim_world *w, struct sim_attempt *a);

/* Takes what has come, and says more if it is time. False: nothing moved. */
bool sim_talk_go_on(struct sim_world *w, struct sim_attempt *a);

/* Room for what is to be sent. */
struct nx_writer sim_talk_room(struct sim_attempt *a);
void sim_talk_wrote(struct sim_attempt *a, const struct nx_writer *out);

/* Frames that came, whole ones: it remembers what it needs, and answers some. */
void sim_frames_take(struct sim_world *w, struct sim_attempt *a, struct nx_bytes plain);

/* Fills one record's plaintext. */
void sim_frames_put(struct sim_world *w, struct sim_attempt *a, struct nx_writer *plain);
void sim_frames_put_pair(struct sim_world *w, struct sim_attempt *a, struct nx_writer *plain);

/* Its beacons, and what it hears of others'. */
bool sim_hostile_beacons(struct sim_world *w);

#endif
