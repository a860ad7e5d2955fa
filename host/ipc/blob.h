/* Blob: bytes that are too many for a message, in a file of memory that nobody can change any more.
 *
 *     nx_ipc_blob_make(bytes, &fd)       sealed; goes along with a message that announces its length
 *     nx_ipc_blob_map(fd, announced_len, len_max, &map)                         whoever gets it looks
 *
 * Making one copies the bytes, so that a body of up to 64 KiB is better sent as it is; one that is there
 * already is handed to several receivers for nothing. A receiver maps nothing that is not sealed against
 * every change, of its length above all: a file that shrinks under a mapping ends the process that reads
 * it, and a seal against future writers alone leaves an older mapping of the sender's writable. */
#ifndef NX_HOST_IPC_BLOB_H
#define NX_HOST_IPC_BLOB_H

#include "core/base/bytes.h"
#include "core/base/status.h"

/* A sealed copy of these bytes, of which there is at least one; `*fd` is the caller's and ends at an exec.
 * NX_OK; NX_E_INVALID: no bytes; NX_E_NO_MEMORY; NX_E_IO. */
NX_MUST_CHECK enum nx_status nx_ipc_blob_make(struct nx_bytes bytes, int *fd);

/* Maps `fd`, which stays the caller's and may be closed then, for reading, until nx_ipc_blob_unmap.
 * NX_OK; NX_E_LIMIT: announced as nothing, or as more than `len_max`; NX_E_MALFORMED: no file of memory,
 * not sealed against shrinking, growing, writing and further seals, or of another length than was
 * announced; NX_E_NO_MEMORY. Nothing is mapped but for NX_OK. */
NX_MUST_CHECK enum nx_status nx_ipc_blob_map(int fd, uint64_t announced_len, uint64_t len_max,
                                             struct nx_bytes *map);

void nx_ipc_blob_unmap(struct nx_bytes map);

#endif
