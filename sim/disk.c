#include "sim/disk.h"

void sim_disk_init(struct sim_disk *d, void *values)
{
    *d = (struct sim_disk){.due_at = NX_NEVER, .latency = nx_milliseconds(5)};
    nx_store_memory_init(&d->held, values, NX_STORE_VALUE_MAX, SIM_DISK_KEYS_MAX);
}

void sim_disk_look(struct sim_disk *d, struct nx_instant now, const struct nx_store *store)
{
    if (nx_instant_is_never(d->due_at) && !nx_store_is_idle(store))
        d->due_at = nx_instant_after(now, d->latency);
}

static void plan(struct sim_disk *d)
{
    if (d->cut_next != NX_STORE_FAULT_NONE)
        nx_store_memory_plan(&d->held, 1, d->cut_next, NX_OK);
    else if (d->is_full)
        nx_store_memory_plan(&d->held, 1, NX_STORE_FAULT_REFUSED, NX_E_NO_SPACE);
    else
        nx_store_memory_plan(&d->held, 0, NX_STORE_FAULT_NONE, NX_OK);
}

enum sim_disk_answer sim_disk_work(struct sim_disk *d, struct nx_instant now,
                                   struct nx_store *store)
{
    if (!nx_instant_reached(d->due_at, now))
        return SIM_DISK_IDLE;
    d->due_at = NX_NEVER;
    plan(d);
    if (!nx_store_memory_step(&d->held, store))
        return SIM_DISK_IDLE;
    d->write_count++;
    d->cut_next = NX_STORE_FAULT_NONE;
    if (d->held.is_off)
        return SIM_DISK_CUT;
    sim_disk_look(d, now, store);
    return SIM_DISK_STORED;
}

struct nx_instant sim_disk_deadline(const struct sim_disk *d)
{
    return d->due_at;
}

void sim_disk_restart(struct sim_disk *d)
{
    d->due_at = NX_NEVER;
    nx_store_memory_restart(&d->held);
}
