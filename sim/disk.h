/* Disk: where one device stores, and what becomes of it when the power goes.
 *
 *     node's store --- a write waits ---> `latency` ---> it lasts, and is answered
 *                                           |
 *                                           `--- the power goes: before it lasts, or after it does and
 *                                                before anybody is told; full: refused
 *
 * What lasts is all that a restart finds. Writes last one by one, so that a crash comes between any two
 * of them. A driver over a disk never leaves half a value (core/store/store.h); this one does so only
 * when told to tear, for a world that wants to see a format notice. */
#ifndef NX_SIM_DISK_H
#define NX_SIM_DISK_H

#include "core/base/rng.h"
#include "core/base/time.h"
#include "core/store/memory.h"

enum {
    SIM_DISK_KEYS_MAX = 6
};

enum sim_disk_answer {
    SIM_DISK_IDLE,   /* nothing was due */
    SIM_DISK_STORED, /* a write was answered: the node has to look */
    SIM_DISK_CUT,    /* the power went at a write */
};

struct sim_disk {
    struct nx_store_memory held;
    struct nx_instant due_at; /* NX_NEVER: nothing waits */
    uint64_t write_count;     /* that were tried */

    /* ---- the world's to set ---- */
    struct nx_duration latency;
    bool is_full;
    enum nx_store_fault cut_next; /* the next write meets it; NX_STORE_FAULT_NONE: none does */
};

/* Empty. Keeps `values`: SIM_DISK_KEYS_MAX times NX_STORE_VALUE_MAX bytes. */
void sim_disk_init(struct sim_disk *d, void *values);

/* Something may wait in `store` now. */
void sim_disk_look(struct sim_disk *d, struct nx_instant now, const struct nx_store *store);

/* One write, if one is due. */
enum sim_disk_answer sim_disk_work(struct sim_disk *d, struct nx_instant now,
                                   struct nx_store *store);

struct nx_instant sim_disk_deadline(const struct sim_disk *d);

/* The power is back: what waited is gone. */
void sim_disk_restart(struct sim_disk *d);

#endif
