/* Identity file: the device's seed in its state folder, and in memory that keeps it.
 *
 *   DIR/identity.json    0600    {"signing_key":"<64 hex digits>"}
 *
 * It is written once, whole, and never again: whoever loses it is another device to everybody who
 * knew this one. So one that is there and cannot be used is never replaced; a person decides. */
#ifndef NX_HOST_IDENTITY_IDENTITY_FILE_H
#define NX_HOST_IDENTITY_IDENTITY_FILE_H

#include "core/bus/identity.h"
#include "host/files/files.h"
#include "host/identity/secret_memory.h"

#define NX_IDENTITY_FILE_KEY "identity.json"

struct nx_identity_file {
    struct nx_secret_memory memory;
    const struct dsb_identity *identity; /* in there, until close; NULL: closed */
    bool is_new;                         /* there was none before */
};

/* The identity in the open folder `files`; the first time a new one, made from `rng`, which lasts
 * before this returns. Borrows both. Neither the text nor the seed is in any memory of this process
 * but the locked one. On a failure `why` has a sentence and `f` is closed.
 * NX_OK; NX_E_DENIED: the file is somebody else's, others can read or write it, or it is no plain
 * file; NX_E_MALFORMED, NX_E_LIMIT: it holds no identity; NX_E_NO_MEMORY: no memory can be locked;
 * NX_E_NO_SPACE, NX_E_IO: it cannot be read or written; what `rng` answers. */
NX_MUST_CHECK enum nx_status nx_identity_file_open(struct nx_identity_file *f,
                                                   const struct nx_files *files,
                                                   const struct nx_rng *rng, struct nx_why *why);

/* Wipes it. A closed one may be closed again. */
void nx_identity_file_close(struct nx_identity_file *f);

#endif
