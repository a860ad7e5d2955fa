/* Handles: names for things that outlive no pointer.
 *
 *     value   | generation : 32 | index : 32 |        0 is no handle
 *
 * A handle crosses a border (SDK, IPC) in place of a pointer. It names a place in the owner's table
 * and the how-manieth tenant of that place, so one that was closed finds nothing ever after, not
 * even the thing that has moved in since. A place whose generations are used up (after 4 billion
 * tenants) is not let again.
 *
 * Whose a handle is, is not in it: a table per client answers that. */
#ifndef NX_CORE_BASE_HANDLE_H
#define NX_CORE_BASE_HANDLE_H

#include "core/base/status.h"

struct nx_handle {
    uint64_t value;
};

#define NX_HANDLE_NONE ((struct nx_handle){0})

struct nx_handle_slot {
    uint32_t generation; /* of the tenant, or of the next one; 0: not let again */
    uint32_t next;       /* of the list of free places; the place itself while it is let */
};

struct nx_handles {
    struct nx_handle_slot *slots;
    uint32_t cap;
    uint32_t free_head;
    uint32_t count; /* handles that are open */
};

/* Over `cap` places at `slots`, which it keeps. All free. */
void nx_handles_init(struct nx_handles *handles, struct nx_handle_slot *slots, uint32_t cap);

/* A new handle and the place in the owner's table that it stands for.
 * NX_OK; NX_E_NO_MEMORY: every place is let. */
NX_MUST_CHECK enum nx_status nx_handle_open(struct nx_handles *handles, struct nx_handle *handle,
                                            uint32_t *index);

/* The place that an open handle stands for.
 * NX_OK; NX_E_NOT_FOUND: closed, or never given out; `index` is untouched. */
NX_MUST_CHECK enum nx_status nx_handle_find(const struct nx_handles *handles,
                                            struct nx_handle handle, uint32_t *index);

/* From now on the handle finds nothing.
 * NX_OK; NX_E_NOT_FOUND: it did not find anything before either. */
NX_MUST_CHECK enum nx_status nx_handle_close(struct nx_handles *handles, struct nx_handle handle);

#endif
