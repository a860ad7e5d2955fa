/* Files: the store's driver over a folder of a POSIX machine (core/store/store.h).
 *
 *   DIR/               0700, owned by who runs; locked as long as it is open
 *     registry.json    0600, one file a key, with exactly the value's bytes
 *     .registry.json.new   a value on its way; a crash may leave it, the next write removes it
 *     registry.json.bad    set aside as damaged; then .bad-2, …; none is ever overwritten
 *
 * A value is written under the temporary name, flushed, renamed over the old one, and the folder is
 * flushed; only then is NX_OK answered. A crash between any two of these leaves the old value or
 * the new one, and a failure before the rename leaves the old one and no temporary file.
 *
 * Names are single components under the folder's descriptor and symbolic links are never followed.
 * It asks for no memory. */
#ifndef NX_HOST_FILES_FILES_H
#define NX_HOST_FILES_FILES_H

#include "core/store/store.h"

#include <sys/types.h>

/* What it asks of the system once it is open, as the system calls of the same names: a test puts its
 * own in between. */
struct nx_files_calls {
    int (*openat)(int folder, const char *name, int flags, mode_t mode);
    int (*fchmod)(int file, mode_t mode);
    ssize_t (*read)(int file, void *bytes, size_t cap);
    ssize_t (*write)(int file, const void *bytes, size_t len);
    int (*fsync)(int file);
    int (*close)(int file);
    int (*renameat)(int folder, const char *from, int to_folder, const char *to);
    int (*linkat)(int folder, const char *from, int to_folder, const char *to, int flags);
    int (*unlinkat)(int folder, const char *name, int flags);
};

/* The system's own. */
extern const struct nx_files_calls nx_files_system_calls;

struct nx_files {
    int folder;
    const struct nx_files_calls *calls;
};

/* Opens the folder at `path`, which is made (0700) if it is not there; its parent has to be. Borrows
 * `path`. On a failure `why` has a sentence, which does not name the path, and `f` is closed.
 * NX_OK; NX_E_NOT_FOUND: no parent; NX_E_DENIED: a symbolic link, no folder, somebody else's, or
 * others can read or write in it; NX_E_BUSY: another process has it open; NX_E_NO_SPACE, NX_E_IO. */
NX_MUST_CHECK enum nx_status nx_files_open(struct nx_files *f, const char *path,
                                           struct nx_why *why);

/* Gives the folder back. A closed one may be closed again. */
void nx_files_close(struct nx_files *f);

/* Reads a value into `value` (store.h: load). On a failure `why` has a sentence and `value` is as it
 * was. NX_OK; NX_E_NOT_FOUND; NX_E_MALFORMED: it was set aside; NX_E_LIMIT; NX_E_DENIED: a symbolic
 * link, no plain file, somebody else's, or others can read or write it; NX_E_INVALID: no key;
 * NX_E_IO. */
NX_MUST_CHECK enum nx_status nx_files_load(const struct nx_files *f, const char *key,
                                           struct nx_writer *value, struct nx_why *why);

/* Does the next write that waits in `store`, and answers it; returns when it lasts or has failed.
 * False: there is none. ENOSPC and EDQUOT are answered NX_E_NO_SPACE, what else the system refuses
 * NX_E_IO; setting aside one too many is NX_E_EXISTS. */
bool nx_files_step(const struct nx_files *f, struct nx_store *store);

#endif
