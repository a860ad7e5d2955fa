/* Device: one simulated machine: node, connections, beacons, boot counter and disk, put together as a
 * daemon does it.
 *
 *     OFF ---- on: boot counter, listen, load, start ----> ON ---- stop ----> ENDING ---> OFF
 *      ^                                                    |
 *      `---- crash: without a word, what lasts is on disk --'
 *
 * A turn happens when the network has told something, when a deadline has come, when a write lasts, or
 * when somebody has just done something here; never otherwise, so that a deadline that is forgotten
 * shows. Time is the device's own clock's. */
#ifndef NX_SIM_DEVICE_H
#define NX_SIM_DEVICE_H

#include "core/node/beacons.h"
#include "core/node/boot.h"
#include "core/node/connections.h"
#include "sim/disk.h"
#include "sim/fakenet.h"
#include "sim/marks.h"

enum {
    SIM_DEVICES_MAX = 8,
    SIM_PLACES = 40, /* connections of one device */
    SIM_PORT = 34567,
    SIM_STOP_S = 5, /* a stop in good order takes no longer */
};

struct sim_world;

enum sim_device_state {
    SIM_DEVICE_OFF,
    SIM_DEVICE_ON,
    SIM_DEVICE_ENDING,
};

struct sim_device {
    struct sim_world *world;
    uint32_t index;
    char name[2];        /* "a", … */
    char shown[4];       /* the name that it announces */
    uint32_t life_count; /* that it was made anew */
    struct dsb_identity identity;
    struct dsb_credentials credentials;
    struct nx_prng entropy;
    struct nx_markers markers;
    struct sim_marks marks;
    struct fake_host *host;
    struct nx_net net;
    struct nx_address address;
    struct sim_clock clock;
    struct sim_disk disk;
    void *values;

    struct dsb_boot boot;
    struct dsb_node node;
    void *memory;
    struct dsb_connections connections;
    struct dsb_connection *places;
    struct dsb_beacons beacons;

    enum sim_device_state state;
    uint32_t boot_count;
    bool is_touched; /* somebody did something here */
    bool was_cut;    /* the power went at a write; the world turns it off */
    struct nx_instant end_at;
};

/* Figures of a simulated device: a board's, with links for a world of its size. */
extern const struct dsb_profile sim_profile;

/* Off, with an empty disk, and an identity that follows from the world's seed and `index`. The memory is
 * the world's. */
void sim_device_init(struct sim_device *d, struct sim_world *w, uint32_t index);

/* Of one that is off: empty again, and somebody else; at another address from now on, of sixteen. */
void sim_device_make_anew(struct sim_device *d);
void sim_device_move(struct sim_device *d, uint8_t place);

void sim_device_on(struct sim_device *d);
void sim_device_stop(struct sim_device *d);
void sim_device_crash(struct sim_device *d);

/* The device's own time. */
struct nx_instant sim_device_now(const struct sim_device *d);

/* One turn, if there is a reason for one. False: there was none. */
bool sim_device_turn(struct sim_device *d);

/* When it next has a reason, in the world's time. */
struct nx_instant sim_device_deadline(const struct sim_device *d);

/* Is `other` in its registry, with the keys it has? */
bool sim_device_is_paired(const struct sim_device *d, const struct sim_device *other);

/* Is this its id? */
bool sim_device_is(const struct sim_device *d, const char *id_text);

/* A line of the trace about it. */
void sim_device_say(struct sim_device *d, const char *what, const char *more);

#endif
