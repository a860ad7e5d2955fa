#include "sim/disk.h"

#include "core/base/memory.h"
#include "core/base/siphash.h"
#include "core/base/text.h"

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

/* ---- values ------------------------------------------------------------------------------------ */

static uint64_t hash_of(struct nx_bytes value)
{
    static const uint8_t key[NX_SIPHASH_KEY_LEN] = {1};
    uint64_t hash = nx_siphash(key, value);

    return hash == 0 ? 1 : hash;
}

static uint64_t hash_at(const struct sim_disk *d, const char *key)
{
    struct nx_bytes value;

    return nx_store_memory_find(&d->held, key, &value) == NX_OK ? hash_of(value) : 0;
}

/* ".key.new": no key begins with a dot. */
static void name_beside(const char *key, char name[NX_STORE_NAME_MAX + 1])
{
    struct nx_text t = nx_text_over(name, NX_STORE_NAME_MAX + 1);

    nx_text_add(&t, ".");
    nx_text_add(&t, key);
    nx_text_add(&t, ".new");
}

static void remove_beside(struct sim_disk *d, const char *key)
{
    char name[NX_STORE_NAME_MAX + 1];

    name_beside(key, name);
    for (uint32_t i = 0; i < d->held.held_cap; i++) {
        if (nx_bytes_equal(nx_bytes_of_text(d->held.held[i].name), nx_bytes_of_text(name)))
            d->held.held[i].name[0] = '\0';
    }
}

static void lay_beside(struct sim_disk *d, const char *key, struct nx_bytes value)
{
    char name[NX_STORE_NAME_MAX + 1];

    name_beside(key, name);
    value.len = (size_t)((uint64_t)value.len * d->torn_part / 1000000);
    if (nx_store_memory_set(&d->held, name, value) == NX_OK)
        d->torn_count++;
}

/* ---- writes ------------------------------------------------------------------------------------ */

/* The write that the store gives out next. NULL: none waits. */
static const struct nx_store_slot *next_write(const struct nx_store *store, struct nx_bytes *value)
{
    const struct nx_store_slot *next = NULL;

    for (uint32_t i = 0; i < store->slot_count; i++) {
        const struct nx_store_slot *slot = &store->slots[i];

        if (slot->state != NX_STORE_SLOT_WAITING || (next != NULL && next->place < slot->place))
            continue;
        next = slot;
        *value = nx_bytes_of(store->values + (size_t)i * store->value_cap, slot->value_len);
    }
    return next;
}

static void plan(struct sim_disk *d, enum sim_disk_cut cut)
{
    static const enum nx_store_fault faults[] = {
        [SIM_DISK_CUT_BEFORE] = NX_STORE_FAULT_CUT_BEFORE,
        [SIM_DISK_CUT_TORN] = NX_STORE_FAULT_CUT_BEFORE, /* the value has not been put in place */
        [SIM_DISK_CUT_AFTER] = NX_STORE_FAULT_CUT_AFTER,
    };

    if (cut != SIM_DISK_CUT_NONE)
        nx_store_memory_plan(&d->held, 1, faults[cut], NX_OK);
    else if (d->is_full)
        nx_store_memory_plan(&d->held, 1, NX_STORE_FAULT_REFUSED, NX_E_NO_SPACE);
    else
        nx_store_memory_plan(&d->held, 0, NX_STORE_FAULT_NONE, NX_OK);
}

/* The power goes at this write: what its key may have from now on. */
static void remember(struct sim_disk *d, const struct nx_store_slot *write, struct nx_bytes value)
{
    struct nx_text key = nx_text_over(d->cut_key, sizeof(d->cut_key));

    nx_text_add(&key, write->event.key);
    d->old_value = hash_at(d, d->cut_key);
    d->new_value = write->event.kind == NX_STORE_PUT ? hash_of(value) : 0;
}

enum sim_disk_answer sim_disk_work(struct sim_disk *d, struct nx_instant now,
                                   struct nx_store *store)
{
    const enum sim_disk_cut cut = d->cut_next;
    struct nx_bytes value = {0};
    const struct nx_store_slot *write;

    if (!nx_instant_reached(d->due_at, now))
        return SIM_DISK_IDLE;
    d->due_at = NX_NEVER;
    write = next_write(store, &value);
    if (write == NULL)
        return SIM_DISK_IDLE;
    if (cut != SIM_DISK_CUT_NONE)
        remember(d, write, value);
    if (write->event.kind == NX_STORE_PUT && cut != SIM_DISK_CUT_BEFORE)
        remove_beside(d, write->event.key);
    if (write->event.kind == NX_STORE_PUT && cut == SIM_DISK_CUT_TORN)
        lay_beside(d, write->event.key, value);

    plan(d, cut);
    bool was_done = nx_store_memory_step(&d->held, store);
    NX_CHECK(was_done);
    d->write_count++;
    d->cut_next = SIM_DISK_CUT_NONE;
    if (d->held.is_off)
        return SIM_DISK_CUT;
    d->cut_key[0] = '\0'; /* what was cut before has been looked at when it restarted */
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

bool sim_disk_is_whole(const struct sim_disk *d)
{
    const uint64_t value = d->cut_key[0] == '\0' ? 0 : hash_at(d, d->cut_key);

    return d->cut_key[0] == '\0' || value == d->old_value || value == d->new_value;
}
