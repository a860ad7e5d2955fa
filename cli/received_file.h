/* A file being received: written under a name of its own, and given its real one when it is whole.
 *
 * begin, write …, keep, and in any case drop. A file that was not kept leaves nothing behind. */
#ifndef NX_CLI_RECEIVED_FILE_H
#define NX_CLI_RECEIVED_FILE_H

#include "core/base/bytes.h"

struct received_file {
    bool is_kept;
    bool folder_is_ours; /* a new one in $TMPDIR */
    int folder;
    int fd;
    char part[32];     /* the name until it is whole */
    char name[256];    /* its own */
    char path[4096];   /* for people: where it is, or will be */
    size_t folder_len; /* of that, the folder */
};

/* In the folder `into`, which is made if it is not there (NULL: a new one in $TMPDIR), under the last
 * component of `source`. Each of these answers false with errno set, and `path` says of what. */
bool received_file_begin(struct received_file *file, const char *into, const char *source);

/* Would keeping it replace the file that is open as `source`? */
bool received_file_replaces(const struct received_file *file, int source);

bool received_file_write(struct received_file *file, struct nx_bytes bytes);

/* It is whole: flushed, and renamed to its own name, in place of an older one. */
bool received_file_keep(struct received_file *file);

/* The same where nothing may be replaced: EEXIST when something of that name is there by now. */
bool received_file_keep_new(struct received_file *file);

/* Close it. What was not kept is removed; nothing happens to one that was never begun, with `folder`
 * and `fd` -1. */
void received_file_drop(struct received_file *file);

/* Makes a folder "<name>-…" in $TMPDIR, or in /tmp. On a failure errno is set, and `path` says where it
 * could not be made. */
bool received_file_temporary(char *path, size_t cap, const char *name);

#endif
