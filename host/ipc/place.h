/* Place: where a daemon's socket lies, and who may put one there (docs/contracts/ipc.md).
 *
 *     DIR/run/              0700, ours
 *       dsoftbusd.lock      0600, held as long as the daemon lives, by whoever serves; it stays
 *       dsoftbusd.sock      0600, made after the lock was got, gone at a clean end
 *
 * Whoever holds the lock knows that a socket found there is of a daemon that died. */
#ifndef NX_HOST_IPC_PLACE_H
#define NX_HOST_IPC_PLACE_H

#include "core/base/limits.h"
#include "core/base/status.h"

#include <stdint.h>

/* The uid by which Linux shows users that have no number in a namespace. It may be anybody. */
#define NX_IPC_UID_UNMAPPED 65534u

struct nx_ipc_place {
    int folder; /* DIR/run; -1: not taken */
    int lock;
    char path[NX_IPC_PATH_MAX + 1]; /* DIR/run/<daemon>.sock */
};

/* Who is at the other end of a connected socket, as the system saw it when it connected or began to
 * listen. NX_OK; NX_E_IO. */
NX_MUST_CHECK enum nx_status nx_ipc_peer(int fd, uint32_t *uid, uint32_t *pid);

/* The socket's path. NX_OK; NX_E_LIMIT: over NX_IPC_PATH_MAX bytes, `why` says so. */
NX_MUST_CHECK enum nx_status nx_ipc_path(const char *state_folder, const char *daemon,
                                         char path[NX_IPC_PATH_MAX + 1], struct nx_why *why);

/* Take the place in `state_folder`, which has to be there, and listen: `*listener` does not block, and
 * its descriptor is the caller's. On a failure `why` has a sentence, which does not name the folder,
 * and nothing is held.
 * NX_OK; NX_E_LIMIT: the path is too long; NX_E_NOT_FOUND: no such folder; NX_E_DENIED: DIR/run is a
 * symbolic link, no folder, somebody else's, or others can get into it; NX_E_BUSY: a daemon serves
 * there; NX_E_EXISTS: what lies there is no socket; NX_E_NO_SPACE, NX_E_IO. */
NX_MUST_CHECK enum nx_status nx_ipc_place_take(struct nx_ipc_place *place, const char *state_folder,
                                               const char *daemon, int *listener,
                                               struct nx_why *why);

/* Removes the socket and lets others have the place. One that was left may be left again. */
void nx_ipc_place_leave(struct nx_ipc_place *place);

#endif
