/* What a folder of files promises as a store. */
#define _XOPEN_SOURCE 700

#include "tests/host/failing_malloc.h"
#include "tests/host/files_bench.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static unsigned mode_of(const char *path)
{
    struct stat st;

    EXPECT(lstat(path, &st) == 0);
    return (unsigned)st.st_mode & 07777u;
}

static void expect_loaded(struct files_bench *b, const char *key, const char *text)
{
    EXPECT_STATUS(files_bench_load(b, key), NX_OK);
    EXPECT_BYTES(nx_writer_bytes(&b->value), nx_bytes_of_text(text));
}

static void rows_of_values(struct files_bench *b)
{
    static const uint8_t odd[] = {'a', 0, '\n', 0xff, 0};

    unit_row("what was never put is not found");
    EXPECT_STATUS(files_bench_load(b, "a"), NX_E_NOT_FOUND);
    EXPECT_TEXT(b->why.text, "a: does not exist");

    unit_row("a value is there again after a restart, byte for byte");
    EXPECT_STATUS(nx_store_put(&b->store, "odd", nx_bytes_of(odd, sizeof(odd)), NULL), NX_OK);
    EXPECT(nx_files_step(&b->files, &b->store));
    EXPECT_STATUS(files_bench_reopen(b), NX_OK);
    EXPECT_STATUS(files_bench_load(b, "odd"), NX_OK);
    EXPECT_BYTES(nx_writer_bytes(&b->value), nx_bytes_of(odd, sizeof(odd)));

    unit_row("a shorter value leaves nothing of the longer one");
    EXPECT_STATUS(files_bench_put(b, "a", "a longer value"), NX_OK);
    EXPECT_STATUS(files_bench_put(b, "a", "short"), NX_OK);
    expect_loaded(b, "a", "short");

    unit_row("an empty value is a value");
    EXPECT_STATUS(files_bench_put(b, "a", ""), NX_OK);
    expect_loaded(b, "a", "");

    unit_row("a removed value is not found, and removing it again is fine");
    EXPECT_STATUS(files_bench_remove(b, "a"), NX_OK);
    EXPECT_STATUS(files_bench_load(b, "a"), NX_E_NOT_FOUND);
    EXPECT_STATUS(files_bench_remove(b, "a"), NX_OK);

    unit_row("a reader with exactly the room gets the value, behind what it has");
    EXPECT_STATUS(files_bench_put(b, "a", "12345"), NX_OK);
    b->value = nx_writer_over(b->loaded, 6);
    nx_write_u8(&b->value, '0');
    EXPECT_STATUS(nx_files_load(&b->files, "a", &b->value, &b->why), NX_OK);
    EXPECT_BYTES(nx_writer_bytes(&b->value), nx_bytes_of_text("012345"));

    unit_row("a reader with a byte less is told the limit and what was asked, and gets nothing");
    b->value = nx_writer_over(b->loaded, 4);
    EXPECT_STATUS(nx_files_load(&b->files, "a", &b->value, &b->why), NX_E_LIMIT);
    EXPECT_TEXT(b->why.text, "a: limit 4, asked 5");
    EXPECT_EQ(b->value.len, 0);

    unit_row("a path is no key");
    EXPECT_STATUS(files_bench_load(b, "../state/a"), NX_E_INVALID);
    EXPECT_STATUS(files_bench_load(b, "/etc/passwd"), NX_E_INVALID);
}

static void rows_of_aside(struct files_bench *b)
{
    char path[SCRATCH_PATH_MAX];
    char text[8] = {0};
    FILE *kept;

    unit_row("a value set aside is kept, and its key is damaged, not unknown, after a restart too");
    EXPECT_STATUS(files_bench_put(b, "r", "bad 1"), NX_OK);
    EXPECT_STATUS(files_bench_aside(b, "r"), NX_OK);
    EXPECT_STATUS(files_bench_load(b, "r"), NX_E_MALFORMED);
    EXPECT_TEXT(b->why.text, "r.bad: kept as damaged, and nothing was put in its place");
    EXPECT_STATUS(files_bench_reopen(b), NX_OK);
    EXPECT_STATUS(files_bench_load(b, "r"), NX_E_MALFORMED);

    unit_row("a new value ends that");
    EXPECT_STATUS(files_bench_put(b, "r", "bad 2"), NX_OK);
    expect_loaded(b, "r", "bad 2");

    unit_row("the next one set aside does not overwrite the first");
    EXPECT_STATUS(files_bench_aside(b, "r"), NX_OK);
    files_bench_path(b, "r.bad", path);
    kept = fopen(path, "r");
    NEED(kept != NULL);
    EXPECT(fgets(text, sizeof(text), kept) != NULL);
    fclose(kept);
    EXPECT_TEXT(text, "bad 1");
    files_bench_path(b, "r.bad-2", path);
    EXPECT_EQ(mode_of(path), 0600);

    unit_row("nothing cannot be set aside");
    EXPECT_STATUS(files_bench_aside(b, "r"), NX_E_NOT_FOUND);

    unit_row("as many are kept as the limit says");
    for (unsigned number = 3; number <= NX_STORE_ASIDE_MAX; number++) {
        EXPECT_STATUS(files_bench_put(b, "r", "again"), NX_OK);
        EXPECT_STATUS(files_bench_aside(b, "r"), NX_OK);
    }

    unit_row("one more stays where it is, and the answer says why");
    EXPECT_STATUS(files_bench_put(b, "r", "last"), NX_OK);
    EXPECT_STATUS(files_bench_aside(b, "r"), NX_E_EXISTS);
    EXPECT_TEXT(b->event.why.text, "r: too many damaged ones are kept");
    expect_loaded(b, "r", "last");
}

static void rows_of_modes(struct files_bench *b)
{
    char path[SCRATCH_PATH_MAX];
    mode_t umask_before = umask(0);

    files_bench_path(b, "m", path);
    unit_row("a file is for its owner alone, whatever the umask leaves open");
    EXPECT_STATUS(files_bench_put(b, "m", "1"), NX_OK);
    EXPECT_EQ(mode_of(path), 0600);

    unit_row("a file can be read by its owner, whatever the umask takes away");
    umask(0777);
    EXPECT_STATUS(files_bench_put(b, "m", "2"), NX_OK);
    umask(umask_before);
    EXPECT_EQ(mode_of(path), 0600);
    expect_loaded(b, "m", "2");

    unit_row("the folder is for its owner alone");
    EXPECT_EQ(mode_of(b->folder), 0700);
}

/* What a value may not be read from, and a folder not be used with. */
static const struct {
    const char *name;
    unsigned mode;
    enum nx_status status;
} file_modes[] =
    {
        {"a file that only its owner can read and write is read", 0600, NX_OK},
        {"a file that its owner cannot write is read", 0400, NX_OK},
        {"a file that its group can read is refused", 0640, NX_E_DENIED},
        {"a file that everybody can read is refused", 0604, NX_E_DENIED},
        {"a file that its group can write is refused", 0620, NX_E_DENIED},
        {"a file that everybody can write is refused", 0602, NX_E_DENIED},
},
  folder_modes[] = {
      {"a folder of its owner alone is opened", 0700, NX_OK},
      {"a folder that its group can list is refused", 0740, NX_E_DENIED},
      {"a folder that everybody can list is refused", 0704, NX_E_DENIED},
      {"a folder that its group can write in is refused", 0720, NX_E_DENIED},
      {"a folder that everybody can write in is refused", 0702, NX_E_DENIED},
      {"a folder that everybody can pass is refused", 0701, NX_E_DENIED},
};

static void rows_of_refused_modes(struct files_bench *b)
{
    char path[SCRATCH_PATH_MAX];

    EXPECT_STATUS(files_bench_put(b, "m", "1"), NX_OK);
    files_bench_path(b, "m", path);
    for (size_t i = 0; i < NX_COUNT_OF(file_modes); i++) {
        unit_row(file_modes[i].name);
        EXPECT(chmod(path, (mode_t)file_modes[i].mode) == 0);
        EXPECT_STATUS(files_bench_load(b, "m"), file_modes[i].status);
        if (file_modes[i].status != NX_OK)
            EXPECT_TEXT(b->why.text, "m: other users can read or write it (chmod 600 it)");
    }
    for (size_t i = 0; i < NX_COUNT_OF(folder_modes); i++) {
        unit_row(folder_modes[i].name);
        EXPECT(chmod(b->folder, (mode_t)folder_modes[i].mode) == 0);
        EXPECT_STATUS(files_bench_reopen(b), folder_modes[i].status);
    }
    EXPECT(chmod(b->folder, 0700) == 0);
    EXPECT_STATUS(files_bench_reopen(b), NX_OK);
}

static void rows_of_strange_files(struct files_bench *b)
{
    char path[SCRATCH_PATH_MAX];
    char elsewhere[SCRATCH_PATH_MAX];
    struct stat st;

    scratch_path(&b->scratch, "elsewhere", elsewhere);
    scratch_write(elsewhere, "theirs", 6, 0600);

    unit_row("a symbolic link is not read through");
    files_bench_path(b, "link", path);
    EXPECT(symlink(elsewhere, path) == 0);
    EXPECT_STATUS(files_bench_load(b, "link"), NX_E_DENIED);
    EXPECT_TEXT(b->why.text, "link: is a symbolic link");

    unit_row("a symbolic link is not written through, it is replaced");
    EXPECT_STATUS(files_bench_put(b, "link", "ours"), NX_OK);
    expect_loaded(b, "link", "ours");
    EXPECT(stat(elsewhere, &st) == 0);
    EXPECT_EQ(st.st_size, 6);

    unit_row("a symbolic link where the temporary file goes is removed, not followed");
    files_bench_path(b, ".link.new", path);
    EXPECT(symlink(elsewhere, path) == 0);
    EXPECT_STATUS(files_bench_put(b, "link", "ours again"), NX_OK);
    EXPECT(stat(elsewhere, &st) == 0);
    EXPECT_EQ(st.st_size, 6);

    unit_row("a pipe is refused, and nobody waits for its other end");
    files_bench_path(b, "pipe", path);
    EXPECT(mkfifo(path, 0600) == 0);
    EXPECT_STATUS(files_bench_load(b, "pipe"), NX_E_DENIED);
    EXPECT_TEXT(b->why.text, "pipe: is no plain file");

    unit_row("a folder in a value's place is refused, and not replaced");
    files_bench_path(b, "folder", path);
    EXPECT(mkdir(path, 0700) == 0);
    EXPECT_STATUS(files_bench_load(b, "folder"), NX_E_DENIED);
    EXPECT_STATUS(files_bench_put(b, "folder", "x"), NX_E_IO);
    EXPECT_TEXT(b->event.why.text, "folder: Is a directory");
    files_bench_path(b, ".folder.new", path);
    EXPECT(access(path, F_OK) != 0);
}

static void rows_of_folders(struct files_bench *b)
{
    char path[SCRATCH_PATH_MAX];
    struct nx_files second;

    unit_row("a folder that another has open is in use");
    EXPECT_STATUS(nx_files_open(&second, b->folder, &b->why), NX_E_BUSY);
    nx_files_close(&second);
    expect_loaded(b, "a", "12345");

    unit_row("a folder that was closed is free, and closing twice is fine");
    nx_files_close(&b->files);
    nx_files_close(&b->files);
    EXPECT_STATUS(nx_files_open(&second, b->folder, &b->why), NX_OK);
    nx_files_close(&second);
    EXPECT_STATUS(files_bench_reopen(b), NX_OK);

    unit_row("a symbolic link to a folder is refused");
    scratch_path(&b->scratch, "link", path);
    EXPECT(symlink(b->folder, path) == 0);
    EXPECT_STATUS(nx_files_open(&second, path, &b->why), NX_E_DENIED);
    EXPECT_TEXT(b->why.text, "is no folder, or a symbolic link to one");

    unit_row("a file in the folder's place is refused");
    scratch_path(&b->scratch, "file", path);
    scratch_write(path, "x", 1, 0600);
    EXPECT_STATUS(nx_files_open(&second, path, &b->why), NX_E_DENIED);

    unit_row("a folder below one that is not there is not found, and not made");
    scratch_path(&b->scratch, "none/state", path);
    EXPECT_STATUS(nx_files_open(&second, path, &b->why), NX_E_NOT_FOUND);
    EXPECT_TEXT(b->why.text, "the folder above it does not exist");
    scratch_path(&b->scratch, "none", path);
    EXPECT(access(path, F_OK) != 0);
}

static void row_of_memory(struct files_bench *b)
{
    size_t nth = 0;

    do {
        unit_row_number("with this request for memory refused, a value is stored and read:", ++nth);
        failing_malloc_begin(nth);
        EXPECT_STATUS(files_bench_put(b, "memory", "stored"), NX_OK);
        EXPECT_STATUS(files_bench_reopen(b), NX_OK);
        expect_loaded(b, "memory", "stored");
        EXPECT_STATUS(files_bench_aside(b, "memory"), NX_OK);
    } while (failing_malloc_end());

    unit_row("because none is asked for");
    EXPECT_EQ(failing_malloc_count(), 0);
}

UNIT_SUITE(files_test)
{
    struct files_bench b;

    files_bench_begin(&b);
    rows_of_values(&b);
    rows_of_aside(&b);
    rows_of_modes(&b);
    rows_of_refused_modes(&b);
    rows_of_strange_files(&b);
    rows_of_folders(&b);
    row_of_memory(&b);
    files_bench_end(&b);
}
