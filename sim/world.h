/* World: some devices, the network between them, what goes wrong, and one time for all of it.
 *
 *     begin ---> the scenario's first steps ---> faults and steps ---> calm ---> judged ---> all off
 *                                                                     SIM_CALM_S
 *
 * One seed decides everything that is left open: each purpose draws from a stream of its own
 * (core/base/rng.h), so that one more draw in one place does not move the others. Between two instants
 * at which something is due, nothing happens, and no time is spent: a day takes as long as its events. */
#ifndef NX_SIM_WORLD_H
#define NX_SIM_WORLD_H

#include "sim/calls.h"
#include "sim/device.h"
#include "sim/faults.h"
#include "sim/flows.h"
#include "sim/hostile.h"
#include "sim/oracle.h"
#include "sim/stage.h"
#include "sim/trace.h"

enum {
    SIM_CALM_S = 300, /* everything pending ends within it, once nothing goes wrong any more */
    SIM_PLANS_MAX = 256,
    SIM_TYPINGS_MAX = 32,
    SIM_FAILURE_MAX = 160,
};

/* What a world plans for itself. */
enum sim_world_entry {
    SIM_WORLD_STEP,  /* the scenario's; index: which of its steps */
    SIM_WORLD_FAULT, /* index: enum sim_fault */
    SIM_WORLD_ON,    /* index: a device */
    SIM_WORLD_CRASH, /* likewise */
    SIM_WORLD_PART,  /* a device changes sides */
    SIM_WORLD_ROOM,  /* the same: its disk has room again */
    SIM_WORLD_TYPE,  /* a person types a code; index: of `typing` */
    SIM_WORLD_CALM,
};

struct sim_scenario {
    const char *name;
    const char *what; /* one line */
    uint32_t device_count;
    uint32_t minutes;
    uint32_t faults; /* the plan unless one is asked for */

    void (*begin)(struct sim_world *w);                /* all are on; faults begin after it */
    void (*step)(struct sim_world *w, uint32_t index); /* a step that it planned; not in the calm */
    void (*check)(struct sim_world *w);                /* beside the oracles; NULL: nothing */

    /* News of a device, as the oracles have judged it; NULL: nothing to add. True: it is about somebody
     * who is none of the devices and whom the scenario knows. */
    bool (*news)(struct sim_world *w, struct sim_device *d, const struct dsb_node_event *event);

    /* A code was typed, and taken as an act; NULL: no matter. */
    void (*typed)(struct sim_world *w, const struct sim_device *owner,
                  const struct sim_device *typist, const char *code);

    /* Somebody on the network who is no device; NULL: nobody is. Its turn, false: nothing moved; when it
     * next has a reason for one; and when all is calm it goes. */
    bool (*turn)(struct sim_world *w);
    struct nx_instant (*deadline)(const struct sim_world *w);
    void (*calm)(struct sim_world *w);
};

struct sim_config {
    const struct sim_scenario *scenario;
    uint64_t seed;
    uint32_t device_count; /* 2..SIM_DEVICES_MAX */
    uint32_t minutes;
    uint32_t faults;

    void (*sink)(void *owner, struct nx_bytes line); /* of the trace; NULL: nobody */
    void *owner;
};

/* What one device needs, lent for as long as the world; all zero at the beginning. */
struct sim_memory {
    void *node;                    /* dsb_node_memory_size(&sim_profile), aligned to 16 */
    struct dsb_connection *places; /* SIM_PLACES */
    void *values;                  /* SIM_DISK_KEYS_MAX times NX_STORE_VALUE_MAX */
};

/* What a person is about to type. */
struct sim_typing {
    bool is_due;
    uint32_t typist;
    const char *owner_id; /* whose code he believes it to be */
    char code[DSB_PAIRING_CODE_LEN + 1];
};

struct sim_world {
    struct sim_config config;
    struct nx_instant now, begun_at, calm_at;
    struct nx_prng script; /* the scenario's chance */
    uint64_t node_memory_size;
    bool is_calm;
    bool are_parted;
    bool has_failed;
    char failure[SIM_FAILURE_MAX];
    uint64_t turn_count;

    uint32_t device_count;
    struct sim_typing typing[SIM_TYPINGS_MAX];
    union sim_stage stage;
    struct sim_trace trace;
    struct sim_faults faults;
    struct sim_flows flows;
    struct sim_calls calls;
    struct sim_oracle oracle;
    struct sim_hostile hostile;
    struct sim_timeline timeline;
    struct sim_entry entries[SIM_PLANS_MAX];
    struct sim_device devices[SIM_DEVICES_MAX];
    uint8_t value[NX_STORE_VALUE_MAX];
    struct fakenet net;
};

/* The whole of it. False: something did not hold; `failure` says what. */
bool sim_world_run(struct sim_world *w, const struct sim_config *config,
                   const struct sim_memory *memory);

/* The device of that id; NULL: there is none. */
struct sim_device *sim_world_device(struct sim_world *w, const char *id_text);

/* For the parts of a world. The first failure counts, and ends the run. */
void sim_world_fail(struct sim_world *w, const char *sentence);
void sim_world_plan(struct sim_world *w, struct nx_instant at, enum sim_world_entry entry,
                    uint32_t index);

/* ---- for scenarios --------------------------------------------------------------------------- */

/* Time passes. */
void sim_world_pass(struct sim_world *w, struct nx_duration time);

/* The next step `index`, between `least_ms` and `most_ms` from now. */
void sim_world_step_in(struct sim_world *w, uint32_t least_ms, uint32_t most_ms, uint32_t index);

uint32_t sim_world_draw(struct sim_world *w, uint32_t least, uint32_t most);
struct sim_device *sim_world_any(struct sim_world *w);
struct sim_device *sim_world_any_but(struct sim_world *w, const struct sim_device *not_this);

/* Persons: one shows a code for another, who types it after a while, rightly or not. */
void sim_person_pair(struct sim_world *w, struct sim_device *owner, struct sim_device *typist,
                     bool is_right);

/* The same one by one. A code is shown for this id; it goes to `code`. False: no offer was to be had. */
bool sim_person_offer(struct sim_world *w, struct sim_device *owner, const char *id_text,
                      char code[DSB_PAIRING_CODE_LEN + 1]);

/* In so many milliseconds the person at `typist` types `code`, believing it to be that of `owner_id`,
 * which is kept. */
void sim_person_type_in(struct sim_world *w, uint32_t wait_ms, const struct sim_device *typist,
                        const char *owner_id, const char *code);
void sim_person_cancel(struct sim_device *owner);
void sim_person_cancel_typing(struct sim_device *typist);
void sim_person_unpair(struct sim_world *w, struct sim_device *d, struct sim_device *other);

/* Everybody with everybody, before anything goes wrong. */
void sim_world_pair_all(struct sim_world *w);

#endif
