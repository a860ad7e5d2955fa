/* A file being received: written under a name of its own, and given its real one when it is whole.
 *
 * begin, write …, then keep or drop. A file that was begun and not kept leaves nothing behind. */
#ifndef NX_CLI_RECEIVED_FILE_H
#define NX_CLI_RECEIVED_FILE_H

#include "core/base/bytes.h"

struct received_file {
    bool is_begun;
    bool folder_is_ours; /* a new one in $TMPDIR */
    int folder;
    int fd;
    char part[300];  /* the name until it is whole */
    char name[256];  /* its own */
    char path[4096]; /* for people: where it is, or will be */
};

/* In the folder `into`, which is made if it is not there (NULL: a new one in $TMPDIR), under the last
 * component of `source`. Each of these answers false with errno set, and `path` says of what. */
bool received_file_begin(struct received_file *file, const char *into, const char *source);
bool received_file_write(struct received_file *file, struct nx_bytes bytes);

/* It is whole: flushed, and renamed to its own name, in place of an older one. */
bool received_file_keep(struct received_file *file);

/* It will not be: what there is of it is removed. Nothing, when it was kept or never begun. */
void received_file_drop(struct received_file *file);

#endif
