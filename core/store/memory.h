/* Store in memory: the driver that localSim and tests run on, and a board without a disk.
 *
 * Values lie in memory that the owner lends; they last as long as that does, which is what a
 * restart in a test is: new machines over the same nx_store_memory.
 *
 * It can be told to misbehave once, at the nth write from now: to refuse it, or to lose power
 * before, in the midst of or after it. A driver over a disk never leaves half a value (store.h);
 * this one does when asked, so that a format can be shown to notice. */
#ifndef NX_CORE_STORE_MEMORY_H
#define NX_CORE_STORE_MEMORY_H

#include "core/store/store.h"

enum nx_store_fault {
    NX_STORE_FAULT_NONE,
    NX_STORE_FAULT_REFUSED,    /* answered with a failure, the value is the old one */
    NX_STORE_FAULT_CUT_BEFORE, /* no answer, the old value */
    NX_STORE_FAULT_CUT_TORN,   /* no answer, the first half of the new value over the old one */
    NX_STORE_FAULT_CUT_AFTER,  /* no answer, the new value */
};

struct nx_store_memory {
    struct {
        char name[NX_STORE_NAME_MAX + 1]; /* empty: not in use */
        uint32_t len;
    } held[NX_STORE_HELD_MAX];
    uint32_t held_cap;
    uint32_t value_cap;
    uint8_t *values; /* held_cap times value_cap bytes */

    uint32_t fault_after; /* writes until then; 0: none is planned */
    enum nx_store_fault fault;
    enum nx_status fault_status;
    bool is_off; /* lost power */
};

/* Nothing is held. Keeps `memory`: `held_cap` (at most NX_STORE_HELD_MAX) times `value_cap` bytes. */
void nx_store_memory_init(struct nx_store_memory *m, void *memory, uint32_t value_cap,
                          uint32_t held_cap);

/* Reads a value into `value` (store.h: load). NX_OK, NX_E_NOT_FOUND, NX_E_MALFORMED, NX_E_LIMIT;
 * NX_E_INVALID: no key. */
NX_MUST_CHECK enum nx_status nx_store_memory_load(const struct nx_store_memory *m, const char *key,
                                                  struct nx_writer *value);

/* Does the next write that waits in `store`, and answers it. False: there is none, or the power is
 * off. A value over `value_cap`, or one more than can be held, is answered NX_E_NO_SPACE. */
bool nx_store_memory_step(struct nx_store_memory *m, struct nx_store *store);

/* The `nth` write from now (1 is the next) meets `fault`, once. `status` is what NX_STORE_FAULT_REFUSED
 * answers. A fault planned before is forgotten; nth 0 plans none. */
void nx_store_memory_plan(struct nx_store_memory *m, uint32_t nth, enum nx_store_fault fault,
                          enum nx_status status);

/* The power is back; what is held is what was held. Whoever waited for an answer is gone with the
 * power: start with a fresh nx_store. */
void nx_store_memory_restart(struct nx_store_memory *m);

/* For tests: what lies under a name, set aside or not (lent until the next write); and a value put
 * there past every check. NX_OK; NX_E_NOT_FOUND, NX_E_NO_SPACE. */
NX_MUST_CHECK enum nx_status nx_store_memory_find(const struct nx_store_memory *m, const char *name,
                                                  struct nx_bytes *value);
NX_MUST_CHECK enum nx_status nx_store_memory_set(struct nx_store_memory *m, const char *name,
                                                 struct nx_bytes value);

#endif
