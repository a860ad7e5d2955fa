/* Scratch: a folder of a test's own, gone afterwards. */
#ifndef NX_TESTS_HOST_SCRATCH_H
#define NX_TESTS_HOST_SCRATCH_H

#include <stddef.h>

#define SCRATCH_PATH_MAX 256

struct scratch {
    char path[SCRATCH_PATH_MAX];
};

/* A new empty folder below $TMPDIR (or where the system keeps such things), mode 0711: other users
 * of this machine may pass through it, for the tests that become them. Ends the program when there
 * is none to be had. */
void scratch_make(struct scratch *s);

/* Away with it and all that is in it. */
void scratch_remove(struct scratch *s);

/* "<folder>/<name>" into `path`. */
void scratch_path(const struct scratch *s, const char *name, char path[SCRATCH_PATH_MAX]);

/* How many names are in a folder, the two that every one has left out. */
size_t scratch_name_count(const char *path);

/* A file with these bytes and exactly this mode, whatever the umask. */
void scratch_write(const char *path, const void *bytes, size_t len, unsigned mode);

#endif
