/* Faults: what goes wrong in a world, and when; drawn from a stream of chance of its own.
 *
 *     begin ---- one thing after another, each on its own ----> calm: all is made good, nothing more
 */
#ifndef NX_SIM_FAULTS_H
#define NX_SIM_FAULTS_H

#include "core/base/rng.h"
#include "core/base/time.h"

enum sim_fault {
    SIM_FAULT_LOSS,  /* the way changes: delay, loss, duplicates, damage, rate */
    SIM_FAULT_PART,  /* devices are parted, and healed */
    SIM_FAULT_CRASH, /* one goes without a word, and comes back */
    SIM_FAULT_STOP,  /* one goes in good order, and comes back */
    SIM_FAULT_DISK,  /* the power goes at a write, or the disk is full for a while */
    SIM_FAULT_TORN,  /* the power goes in the midst of a write: a part of it is left beside */
    SIM_FAULT_CLOCK, /* one leaps, or runs wrong */
    SIM_FAULT_COUNT,
};

#define SIM_FAULTS_ALL  ((1u << SIM_FAULT_COUNT) - 1)
#define SIM_FAULTS_SEED UINT32_MAX /* the seed chooses: none, one of them, several, or all */

struct sim_faults {
    uint32_t plan; /* bits */
    struct nx_prng chance;
};

struct sim_world;
struct sim_device;

/* "loss". NULL beyond the last. */
const char *sim_fault_name(uint32_t fault);

/* Plans the first of each kind that is wanted; SIM_FAULTS_SEED: of those that the seed names. */
void sim_faults_begin(struct sim_world *w, uint32_t wanted);

/* It is time for this one. */
void sim_faults_strike(struct sim_world *w, enum sim_fault fault);

/* A pairing begins between them: the moment at which a crash hurts most. */
void sim_faults_meet_pairing(struct sim_world *w, struct sim_device *owner,
                             struct sim_device *typist);

/* All is made good. Devices that are off come back when they were to. */
void sim_faults_calm(struct sim_world *w);

/* `d` goes without a word, and comes back after a while. */
void sim_faults_crash(struct sim_world *w, struct sim_device *d);

/* The power went at `d`; it comes back after a while. */
void sim_faults_turn_on_later(struct sim_world *w, struct sim_device *d);

#endif
