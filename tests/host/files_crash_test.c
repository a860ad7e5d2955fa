/* What a folder of files holds after a crash, a loss of power, a failing call, a full disk: the old
 * value or the new one, and never NX_OK for what is not there. */
#define _GNU_SOURCE

#include "tests/host/files_bench.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- a machine that breaks ------------------------------------------------------------------ */

enum mishap {
    NO_MISHAP,
    CRASH,        /* the process ends before the call */
    FAIL_ONCE,    /* the call fails */
    FAIL_FOREVER, /* it and all after it fail */
    INTERRUPT,    /* EINTR, once */
};

#define CRASH_EXIT 77

static struct {
    enum mishap mishap;
    unsigned at; /* 1 is the first call */
    int error;
    unsigned count;
    size_t write_max; /* bytes that one write takes */

    /* What a loss of power would find: `content` and `names` say whether all is flushed. */
    bool content_is_flushed;
    bool names_are_flushed;
    bool named_unflushed; /* a rename before the content was flushed: a torn value */
    bool link_is_waiting; /* a second name that is not flushed */
    bool lost_both_names; /* the first name went while it waited */
} machine;

static bool breaks(void)
{
    bool is_due = ++machine.count == machine.at;

    if (machine.mishap == CRASH && is_due)
        _exit(CRASH_EXIT);
    if ((is_due && (machine.mishap == FAIL_ONCE || machine.mishap == INTERRUPT)) ||
        (machine.mishap == FAIL_FOREVER && machine.count >= machine.at)) {
        errno = machine.mishap == INTERRUPT ? EINTR : machine.error;
        return true;
    }
    return false;
}

static int break_openat(int folder, const char *name, int flags, mode_t mode)
{
    if (breaks())
        return -1;
    if ((flags & O_CREAT) != 0)
        machine.content_is_flushed = false;
    return openat(folder, name, flags, mode);
}

static int break_fchmod(int file, mode_t mode)
{
    return breaks() ? -1 : fchmod(file, mode);
}

static ssize_t break_read(int file, void *bytes, size_t cap)
{
    return breaks() ? -1 : read(file, bytes, cap < machine.write_max ? cap : machine.write_max);
}

static ssize_t break_write(int file, const void *bytes, size_t len)
{
    if (breaks())
        return -1;
    machine.content_is_flushed = false;
    return write(file, bytes, len < machine.write_max ? len : machine.write_max);
}

static int break_fsync(int file)
{
    struct stat st;

    if (breaks())
        return -1;
    EXPECT(fstat(file, &st) == 0);
    if (S_ISDIR(st.st_mode)) {
        machine.names_are_flushed = true;
        machine.link_is_waiting = false;
    } else {
        machine.content_is_flushed = true;
    }
    return fsync(file);
}

/* A file that the system closed with an error is closed. */
static int break_close(int file)
{
    bool is_broken = breaks();
    int first_errno = errno;

    close(file);
    errno = first_errno;
    return is_broken ? -1 : 0;
}

static int break_renameat(int folder, const char *from, int to_folder, const char *to)
{
    if (breaks())
        return -1;
    machine.names_are_flushed = false;
    machine.named_unflushed |= !machine.content_is_flushed;
    return renameat(folder, from, to_folder, to);
}

static int break_linkat(int folder, const char *from, int to_folder, const char *to, int flags)
{
    if (breaks())
        return -1;
    machine.names_are_flushed = false;
    machine.link_is_waiting = true;
    return linkat(folder, from, to_folder, to, flags);
}

static int break_unlinkat(int folder, const char *name, int flags)
{
    if (breaks())
        return -1;
    machine.names_are_flushed = false;
    machine.lost_both_names |= machine.link_is_waiting;
    return unlinkat(folder, name, flags);
}

static const struct nx_files_calls breaking_calls = {
    .openat = break_openat,
    .fchmod = break_fchmod,
    .read = break_read,
    .write = break_write,
    .fsync = break_fsync,
    .close = break_close,
    .renameat = break_renameat,
    .linkat = break_linkat,
    .unlinkat = break_unlinkat,
};

static void begin_mishap(struct files_bench *b, enum mishap mishap, unsigned at, int error)
{
    memset(&machine, 0, sizeof(machine));
    machine.mishap = mishap;
    machine.at = at;
    machine.error = error;
    machine.write_max = 2; /* "new" goes in two parts, so that there is a middle */
    machine.content_is_flushed = true;
    machine.names_are_flushed = true;
    b->files.calls = &breaking_calls;
}

/* ---- the changes that must be whole ---------------------------------------------------------- */

enum change {
    PUT_FIRST,
    PUT_OVER,
    REMOVE,
    ASIDE
};

static const struct {
    const char *crash_name;
    const char *failure_name;
    enum change change;
    const char *before, *after; /* NULL: no value */
} changes[] = {
    {"a first value is there whole or not at all, for a crash before call",
     "a first value is there whole or not at all, and answered as it is, for a failure of call",
     PUT_FIRST, NULL, "new"},
    {"a value is the old one or the new one, for a crash before call",
     "a value is the old one or the new one, and answered as it is, for a failure of call",
     PUT_OVER, "older", "new"},
    {"a removed value is there or not, for a crash before call",
     "a removed value is there or not, and answered as it is, for a failure of call", REMOVE,
     "older", NULL},
    {"a value set aside is under at least one of its names, for a crash before call",
     "a value set aside is under at least one of its names, for a failure of call", ASIDE, "older",
     NULL},
};

static enum nx_status make_change(struct files_bench *b, enum change change)
{
    switch (change) {
    case PUT_FIRST:
    case PUT_OVER:
        return files_bench_put(b, "k", "new");
    case REMOVE:
        return files_bench_remove(b, "k");
    case ASIDE:
        return files_bench_aside(b, "k");
    }
    return NX_E_INVALID;
}

/* A fresh folder with the old value in it. */
static void begin_change(struct files_bench *b, const char *before)
{
    files_bench_begin(b);
    if (before != NULL)
        EXPECT_STATUS(files_bench_put(b, "k", before), NX_OK);
}

static bool has_name(const struct files_bench *b, const char *name)
{
    char path[SCRATCH_PATH_MAX];

    files_bench_path(b, name, path);
    return access(path, F_OK) == 0;
}

static bool holds(struct files_bench *b, const char *text)
{
    enum nx_status status = files_bench_load(b, "k");

    if (text == NULL)
        return status == NX_E_NOT_FOUND || status == NX_E_MALFORMED;
    return status == NX_OK && nx_bytes_equal(nx_writer_bytes(&b->value), nx_bytes_of_text(text));
}

static void expect_whole(struct files_bench *b, size_t row)
{
    b->files.calls = &nx_files_system_calls;
    EXPECT(holds(b, changes[row].before) || holds(b, changes[row].after));
    if (changes[row].change == ASIDE)
        EXPECT(has_name(b, "k") || has_name(b, "k.bad"));
}

/* True: the change was finished before it could crash there. */
static bool crash_at(size_t row, unsigned at)
{
    struct files_bench b;
    int ended = 0;

    begin_change(&b, changes[row].before);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        begin_mishap(&b, CRASH, at, 0);
        _exit(make_change(&b, changes[row].change) == NX_OK ? 0 : 1);
    }
    EXPECT(waitpid(child, &ended, 0) == child && WIFEXITED(ended));

    bool is_finished = WEXITSTATUS(ended) == 0;
    EXPECT(is_finished || WEXITSTATUS(ended) == CRASH_EXIT);
    EXPECT_STATUS(files_bench_reopen(&b), NX_OK);
    expect_whole(&b, row);
    if (is_finished)
        EXPECT(holds(&b, changes[row].after));

    /* Whatever the crash left behind is in nobody's way. */
    EXPECT_STATUS(files_bench_put(&b, "k", "next"), NX_OK);
    EXPECT(holds(&b, "next"));
    EXPECT(!has_name(&b, ".k.new"));
    files_bench_end(&b);
    return is_finished;
}

static bool fail_at(size_t row, enum mishap mishap, unsigned at, int error)
{
    struct files_bench b;

    begin_change(&b, changes[row].before);
    begin_mishap(&b, mishap, at, error);
    enum nx_status status = make_change(&b, changes[row].change);
    bool is_untouched = machine.count < at;

    expect_whole(&b, row);
    if (status == NX_OK)
        EXPECT(holds(&b, changes[row].after));
    else
        EXPECT_STATUS(status, error == EIO ? NX_E_IO : NX_E_NO_SPACE);
    if (is_untouched)
        EXPECT_STATUS(status, NX_OK);
    if (mishap == FAIL_ONCE)
        EXPECT(!has_name(&b, ".k.new"));

    EXPECT_STATUS(files_bench_put(&b, "k", "next"), NX_OK);
    EXPECT(holds(&b, "next"));
    files_bench_end(&b);
    return is_untouched;
}

static void rows_of_crashes(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(changes); i++) {
        bool is_finished = false;

        for (unsigned at = 1; !is_finished && at < 40; at++) {
            unit_row_number(changes[i].crash_name, at);
            is_finished = crash_at(i, at);
        }
        EXPECT(is_finished);
    }
}

static void rows_of_failures(void)
{
    static const int errors[] = {EIO, ENOSPC, EDQUOT};

    for (size_t i = 0; i < NX_COUNT_OF(changes); i++) {
        bool is_untouched = false;

        for (unsigned at = 1; !is_untouched && at < 40; at++) {
            unit_row_number(changes[i].failure_name, at);
            for (size_t e = 0; e < NX_COUNT_OF(errors); e++) {
                fail_at(i, FAIL_FOREVER, at, errors[e]);
                is_untouched = fail_at(i, FAIL_ONCE, at, errors[e]);
            }
        }
        EXPECT(is_untouched);
    }
}

static void rows_of_flushing(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(changes); i++) {
        static const char *const names[] = {
            "a first value is flushed before its name, and its name before the answer",
            "a value is flushed before it replaces the old one, and the folder before the answer",
            "a removal is flushed before the answer",
            "the second name of a value set aside is flushed before the first one goes",
        };
        struct files_bench b;

        unit_row(names[i]);
        begin_change(&b, changes[i].before);
        begin_mishap(&b, NO_MISHAP, 0, 0);
        EXPECT_STATUS(make_change(&b, changes[i].change), NX_OK);
        EXPECT(machine.count > 0);
        EXPECT(machine.content_is_flushed);
        EXPECT(machine.names_are_flushed);
        EXPECT(!machine.named_unflushed);
        EXPECT(!machine.lost_both_names);
        files_bench_end(&b);
    }
}

static void rows_of_interrupts(void)
{
    struct files_bench b;
    unsigned interrupted_count = 0;

    unit_row("a write that a signal interrupts goes on, and so does a read");
    begin_change(&b, "older");
    for (unsigned at = 1; at < 20; at++) {
        begin_mishap(&b, INTERRUPT, at, EINTR);
        if (files_bench_put(&b, "k", "new") == NX_OK)
            interrupted_count += machine.count >= at;
    }
    EXPECT_EQ(interrupted_count, 2); /* the two parts that it is written in */

    begin_mishap(&b, INTERRUPT, 2, EINTR);
    EXPECT_STATUS(files_bench_load(&b, "k"), NX_OK);
    EXPECT_BYTES(nx_writer_bytes(&b.value), nx_bytes_of_text("new"));
    EXPECT(machine.count > 2);

    unit_row("a value whose file fails to be read leaves the reader as it was");
    for (unsigned at = 1; at <= 3; at++) {
        begin_mishap(&b, FAIL_ONCE, at, EIO);
        EXPECT_STATUS(files_bench_load(&b, "k"), NX_E_IO);
        EXPECT_EQ(b.value.len, 0);
    }
    files_bench_end(&b);
}

/* ---- a disk that is really full -------------------------------------------------------------- */

/* A tiny file system over the scratch folder, seen by this process alone. */
static bool mount_small(const char *path)
{
    return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("none", path, "tmpfs", 0, "size=16k,mode=0711") == 0;
}

static void fill(const char *path)
{
    static const char block[4096];
    int file = open(path, O_WRONLY | O_CREAT, 0600);

    while (write(file, block, sizeof(block)) > 0)
        continue;
    EXPECT_EQ(errno, ENOSPC);
    close(file);
}

static void rows_of_full_disk(void)
{
    struct files_bench b;
    char filler[SCRATCH_PATH_MAX];

    unit_row("a full disk is no space, and the old value stays");
    scratch_make(&b.scratch);
    if (!mount_small(b.scratch.path)) {
        unit_skip("no file system can be mounted here (needs root)");
        scratch_remove(&b.scratch);
        return;
    }
    scratch_path(&b.scratch, "state", b.folder);
    nx_store_init(&b.store, b.waiting, BENCH_VALUE_CAP, BENCH_SLOT_COUNT);
    EXPECT_STATUS(nx_files_open(&b.files, b.folder, &b.why), NX_OK);
    EXPECT_STATUS(files_bench_put(&b, "k", "older"), NX_OK);
    scratch_path(&b.scratch, "filler", filler);
    fill(filler);
    EXPECT_STATUS(files_bench_put(&b, "k", "new"), NX_E_NO_SPACE);
    EXPECT_TEXT(b.event.why.text, "k: No space left on device");
    EXPECT(holds(&b, "older"));

    unit_row("nothing of the value that did not fit is left behind");
    EXPECT_EQ(scratch_name_count(b.folder), 1);

    unit_row("a damaged value can be set aside on a full disk");
    EXPECT_STATUS(files_bench_aside(&b, "k"), NX_OK);
    EXPECT(has_name(&b, "k.bad"));

    unit_row("with space again the value is stored");
    EXPECT(unlink(filler) == 0);
    EXPECT_STATUS(files_bench_put(&b, "k", "new"), NX_OK);
    EXPECT(holds(&b, "new"));
    nx_files_close(&b.files);
    EXPECT(umount(b.scratch.path) == 0);
    scratch_remove(&b.scratch);
}

UNIT_SUITE(files_crash_test)
{
    rows_of_crashes();
    rows_of_failures();
    rows_of_flushing();
    rows_of_interrupts();
    rows_of_full_disk();
}
