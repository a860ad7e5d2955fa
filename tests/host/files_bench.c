#include "tests/host/files_bench.h"

#include "tests/unit/unit.h"

#include <stdio.h>

void files_bench_begin(struct files_bench *b)
{
    scratch_make(&b->scratch);
    scratch_path(&b->scratch, "state", b->folder);
    EXPECT_STATUS(nx_files_open(&b->files, b->folder, &b->why), NX_OK);
    nx_store_init(&b->store, b->waiting, BENCH_VALUE_CAP, BENCH_SLOT_COUNT);
}

void files_bench_end(struct files_bench *b)
{
    nx_files_close(&b->files);
    scratch_remove(&b->scratch);
}

enum nx_status files_bench_reopen(struct files_bench *b)
{
    nx_files_close(&b->files);
    nx_store_init(&b->store, b->waiting, BENCH_VALUE_CAP, BENCH_SLOT_COUNT);
    return nx_files_open(&b->files, b->folder, &b->why);
}

static enum nx_status finish(struct files_bench *b, enum nx_status asked)
{
    EXPECT_STATUS(asked, NX_OK);
    EXPECT(nx_files_step(&b->files, &b->store));
    EXPECT(nx_store_event(&b->store, &b->event));
    EXPECT(!nx_files_step(&b->files, &b->store));
    return b->event.status;
}

enum nx_status files_bench_put(struct files_bench *b, const char *key, const char *value)
{
    return finish(b, nx_store_put(&b->store, key, nx_bytes_of_text(value), NULL));
}

enum nx_status files_bench_remove(struct files_bench *b, const char *key)
{
    return finish(b, nx_store_remove(&b->store, key, NULL));
}

enum nx_status files_bench_aside(struct files_bench *b, const char *key)
{
    return finish(b, nx_store_aside(&b->store, key, NULL));
}

enum nx_status files_bench_load(struct files_bench *b, const char *key)
{
    b->value = nx_writer_over(b->loaded, sizeof(b->loaded));
    return nx_files_load(&b->files, key, &b->value, &b->why);
}

void files_bench_path(const struct files_bench *b, const char *name, char path[SCRATCH_PATH_MAX])
{
    int len = snprintf(path, SCRATCH_PATH_MAX, "%s/%s", b->folder, name);

    EXPECT(len > 0 && len < SCRATCH_PATH_MAX);
}
