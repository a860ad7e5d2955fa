/* A store over a folder, for the tests of host/files. */
#ifndef NX_TESTS_HOST_FILES_BENCH_H
#define NX_TESTS_HOST_FILES_BENCH_H

#include "host/files/files.h"
#include "tests/host/scratch.h"

#define BENCH_VALUE_CAP  4096
#define BENCH_SLOT_COUNT 4

struct files_bench {
    struct scratch scratch;
    char folder[SCRATCH_PATH_MAX]; /* the state folder, inside the scratch folder */
    struct nx_files files;
    struct nx_store store;
    struct nx_store_event event; /* the last one */
    struct nx_why why;           /* the last refusal to load or to open */
    uint8_t waiting[BENCH_SLOT_COUNT * BENCH_VALUE_CAP];
    uint8_t loaded[BENCH_VALUE_CAP];
    struct nx_writer value; /* over `loaded` */
};

/* A fresh folder, open. */
void files_bench_begin(struct files_bench *b);
void files_bench_end(struct files_bench *b);

/* A new process over the same folder. */
enum nx_status files_bench_reopen(struct files_bench *b);

/* One write, from the machine's call to its event: the event's status. */
enum nx_status files_bench_put(struct files_bench *b, const char *key, const char *value);
enum nx_status files_bench_remove(struct files_bench *b, const char *key);
enum nx_status files_bench_aside(struct files_bench *b, const char *key);

/* Into `value`, afresh. */
enum nx_status files_bench_load(struct files_bench *b, const char *key);

/* "<folder>/<name>". */
void files_bench_path(const struct files_bench *b, const char *name, char path[SCRATCH_PATH_MAX]);

#endif
