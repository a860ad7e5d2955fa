/* Disk: where one device stores, and what becomes of it when the power goes.
 *
 *     node's store --- a write waits ---> `latency` ---> ".key.new" ---> "key": it lasts, and is answered
 *                                           |       |               |
 *                                           |       |               `--- after it lasts, before it is told
 *                                           |       `--- torn: a part of it lies beside the old value
 *                                           `--- before anything was written
 *
 * What lasts is all that a restart finds. Writes last one by one, so that a crash comes between any two
 * of them. A driver over a disk never leaves half a value (core/store/store.h): it writes a new one
 * beside the old one and then puts it in its place (host/files/files.h). So what a crash tears is what
 * lies beside, under a name that is no key; nobody reads it, and the next write of that key removes it.
 * `sim_disk_is_whole` is that promise, checked: whoever spoils `held` past it is found out. */
#ifndef NX_SIM_DISK_H
#define NX_SIM_DISK_H

#include "core/base/rng.h"
#include "core/base/time.h"
#include "core/store/memory.h"

enum {
    SIM_DISK_KEYS_MAX = 8, /* the boot counter, the registry, the v1 list, and what lies beside */
};

enum sim_disk_answer {
    SIM_DISK_IDLE,   /* nothing was due */
    SIM_DISK_STORED, /* a write was answered: the node has to look */
    SIM_DISK_CUT,    /* the power went at a write */
};

/* When the power goes at a write. */
enum sim_disk_cut {
    SIM_DISK_CUT_NONE,
    SIM_DISK_CUT_BEFORE,
    SIM_DISK_CUT_TORN,
    SIM_DISK_CUT_AFTER,
};

struct sim_disk {
    struct nx_store_memory held;
    struct nx_instant due_at; /* NX_NEVER: nothing waits */
    uint64_t write_count;     /* that were tried */
    uint32_t torn_count;      /* of those: left a part of them beside */

    /* The write that was cut: its key, and what the key may have from then on. Empty: none was. */
    char cut_key[NX_STORE_KEY_MAX + 1];
    uint64_t old_value, new_value; /* as hashes; of none: 0 */

    /* ---- the world's to set ---- */
    struct nx_duration latency;
    bool is_full;
    enum sim_disk_cut cut_next; /* the next write meets it */
    uint32_t torn_part; /* of the next that is torn, in millionths: what was written of it */
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

/* Has the key of the write that was cut its old value or its new one, whole? */
bool sim_disk_is_whole(const struct sim_disk *d);

#endif
