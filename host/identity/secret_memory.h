/* Secret memory: pages for what must not leave this process by accident.
 *
 *     | guard | the caller's, from its beginning ...      | guard |
 *
 * They are locked, so that they are never written to swap; left out of core dumps; and neither side
 * of them can be read or written, so that whatever runs over an edge stops there. */
#ifndef NX_HOST_IDENTITY_SECRET_MEMORY_H
#define NX_HOST_IDENTITY_SECRET_MEMORY_H

#include "core/base/status.h"

struct nx_secret_memory {
    void *ptr; /* zeros at first, aligned for anything; NULL: there is none */
    size_t len;
};

/* `len` bytes, at least 1. On a failure `m` has none and `why` has a sentence.
 * NX_OK; NX_E_NO_MEMORY: the system has none, or lets this user lock none. */
NX_MUST_CHECK enum nx_status nx_secret_memory_map(struct nx_secret_memory *m, size_t len,
                                                  struct nx_why *why);

/* Wipes it and gives it back. What has none may be given back again. */
void nx_secret_memory_unmap(struct nx_secret_memory *m);

#endif
