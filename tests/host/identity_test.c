/* The identity in a state folder: made once, kept from others, and lost by no accident of ours. */
#define _DEFAULT_SOURCE

#include "core/crypto/crypto.h"
#include "host/identity/identity_file.h"
#include "tests/host/files_bench.h"
#include "tests/host/users.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEED "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define FORM "{\"signing_key\":\"" SEED "\"}"
#define ID   "56475aa75463474c0285df5dbf2bcab73da651358839e9b77481b2eab107708c"

static enum nx_status fill_seed(void *source, uint8_t *out, size_t len)
{
    (void)source;
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)i;
    return NX_OK;
}

static enum nx_status fill_nothing(void *source, uint8_t *out, size_t len)
{
    (void)source;
    memset(out, 0, len);
    return NX_E_IO;
}

static const struct nx_rng known = {fill_seed, NULL};
static const struct nx_rng broken = {fill_nothing, NULL};

/* ---- the file ------------------------------------------------------------------------------ */

static void file_path(const struct files_bench *b, char path[SCRATCH_PATH_MAX])
{
    files_bench_path(b, NX_IDENTITY_FILE_KEY, path);
}

static void life_rows(void)
{
    struct files_bench b;
    struct nx_identity_file f;
    struct stat st;
    char path[SCRATCH_PATH_MAX];

    unit_row("the first time there is a new identity, stored for its user alone");
    files_bench_begin(&b);
    file_path(&b, path);
    EXPECT_STATUS(nx_identity_file_open(&f, &b.files, &known, &b.why), NX_OK);
    EXPECT(f.is_new);
    EXPECT_TEXT(f.identity->id_text, ID);
    EXPECT(stat(path, &st) == 0);
    EXPECT_EQ(st.st_mode & 07777u, 0600);
    EXPECT_EQ(scratch_name_count(b.folder), 1);
    EXPECT_STATUS(files_bench_load(&b, NX_IDENTITY_FILE_KEY), NX_OK);
    EXPECT_BYTES(nx_writer_bytes(&b.value), nx_bytes_of_text(FORM));
    nx_identity_file_close(&f);
    nx_identity_file_close(&f);
    EXPECT(f.identity == NULL);

    unit_row("from then on it is the same one, and no entropy is asked for");
    EXPECT_STATUS(files_bench_reopen(&b), NX_OK);
    EXPECT_STATUS(nx_identity_file_open(&f, &b.files, &broken, &b.why), NX_OK);
    EXPECT(!f.is_new);
    EXPECT_TEXT(f.identity->id_text, ID);
    nx_identity_file_close(&f);
    files_bench_end(&b);

    unit_row("without entropy there is no identity, and no file");
    files_bench_begin(&b);
    EXPECT_STATUS(nx_identity_file_open(&f, &b.files, &broken, &b.why), NX_E_IO);
    EXPECT(f.identity == NULL && f.memory.ptr == NULL && b.why.text[0] != '\0');
    EXPECT_EQ(scratch_name_count(b.folder), 0);
    files_bench_end(&b);
}

static ssize_t write_to_full_disk(int file, const void *bytes, size_t len)
{
    (void)file;
    (void)bytes;
    (void)len;
    errno = ENOSPC;
    return -1;
}

static int fail_fsync(int file)
{
    (void)file;
    errno = EIO;
    return -1;
}

static void disk_row(const struct nx_files_calls *calls, enum nx_status want)
{
    struct files_bench b;
    struct nx_identity_file f;

    files_bench_begin(&b);
    b.files.calls = calls;
    EXPECT_STATUS(nx_identity_file_open(&f, &b.files, &known, &b.why), want);
    EXPECT(f.identity == NULL && f.memory.ptr == NULL);
    EXPECT_EQ(scratch_name_count(b.folder), 0);
    files_bench_end(&b);
}

static const struct {
    const char *name;
    const char *text;
    unsigned mode;
    enum nx_status status;
} files[] = {
    {"a file that is right is read", FORM, 0600, NX_OK},
    {"a file that nobody can write is read", FORM, 0400, NX_OK},
    {"a file that the group can read is refused", FORM, 0640, NX_E_DENIED},
    {"a file that everybody can read is refused", FORM, 0604, NX_E_DENIED},
    {"a file that everybody can write is refused", FORM, 0602, NX_E_DENIED},
    {"an empty file is refused", "", 0600, NX_E_MALFORMED},
    {"half a file is refused", "{\"signing_key\":\"0001", 0600, NX_E_MALFORMED},
    {"a file of another form is refused", "{\"format\":1}", 0600, NX_E_MALFORMED},
};

/* Whatever is wrong with it, it stays as it is. */
static void file_row(const char *text, unsigned mode, enum nx_status want)
{
    struct files_bench b;
    struct nx_identity_file f;
    struct stat st;
    char path[SCRATCH_PATH_MAX], kept[256] = "";

    files_bench_begin(&b);
    file_path(&b, path);
    scratch_write(path, text, strlen(text), mode);
    EXPECT_STATUS(nx_identity_file_open(&f, &b.files, &known, &b.why), want);
    EXPECT_EQ(f.identity != NULL, want == NX_OK);
    EXPECT_EQ(scratch_name_count(b.folder), 1);
    EXPECT(stat(path, &st) == 0);
    EXPECT_EQ(st.st_mode & 07777u, mode);

    FILE *file = fopen(path, "r");
    if (file != NULL) {
        size_t len = fread(kept, 1, sizeof(kept) - 1, file);

        kept[len] = '\0';
        fclose(file);
        EXPECT_TEXT(kept, text);
    }
    nx_identity_file_close(&f);
    files_bench_end(&b);
}

static void odd_rows(void)
{
    struct files_bench b;
    struct nx_identity_file f;
    char path[SCRATCH_PATH_MAX], elsewhere[SCRATCH_PATH_MAX], spaces[300];

    files_bench_begin(&b);
    file_path(&b, path);
    scratch_path(&b.scratch, "elsewhere", elsewhere);
    scratch_write(elsewhere, FORM, strlen(FORM), 0600);

    unit_row("a symbolic link is refused, whatever it leads to");
    EXPECT(symlink(elsewhere, path) == 0);
    EXPECT_STATUS(nx_identity_file_open(&f, &b.files, &known, &b.why), NX_E_DENIED);
    EXPECT(unlink(path) == 0);

    unit_row("a file longer than any identity is refused, and not read");
    memset(spaces, ' ', sizeof(spaces));
    scratch_write(path, spaces, DSB_IDENTITY_FILE_MAX + 1, 0600);
    EXPECT_STATUS(nx_identity_file_open(&f, &b.files, &known, &b.why), NX_E_LIMIT);

    unit_row("where one was set aside as damaged no new one takes its place");
    EXPECT_STATUS(files_bench_aside(&b, NX_IDENTITY_FILE_KEY), NX_OK);
    EXPECT_STATUS(nx_identity_file_open(&f, &b.files, &known, &b.why), NX_E_MALFORMED);
    EXPECT_EQ(scratch_name_count(b.folder), 1);
    files_bench_end(&b);
}

/* ---- two users ------------------------------------------------------------------------------- */

static enum nx_status open_it(const char *path)
{
    struct nx_files state;
    struct nx_identity_file f;
    struct nx_why why;
    enum nx_status status = nx_files_open(&state, path, &why);

    if (status == NX_OK) {
        status = nx_identity_file_open(&f, &state, &known, &why);
        nx_identity_file_close(&f);
    }
    nx_files_close(&state);
    return status;
}

/* A user who may lock no memory at all. */
static enum nx_status open_unlocked(const char *path)
{
    struct rlimit none = {0, 0};

    return setrlimit(RLIMIT_MEMLOCK, &none) == 0 ? open_it(path) : NX_E_STATE;
}

static const struct {
    const char *name;
    uid_t file_owner;
    unsigned file_mode;
    uid_t user;
    enum nx_status (*what)(const char *path);
    enum nx_status status;
} users[] = {
    {"a user reads the identity that is his", ALICE, 0600, ALICE, open_it, NX_OK},
    {"a user does not read another's identity", ALICE, 0600, BOB, open_it, NX_E_DENIED},
    {"a user does not use an identity that others can read", ALICE, 0644, ALICE, open_it,
     NX_E_DENIED},
    {"a user does not use an identity that another has put there", BOB, 0644, ALICE, open_it,
     NX_E_DENIED},
    {"root does not use a user's identity", ALICE, 0600, ROOT, open_it, NX_E_DENIED},
    {"a user who may lock no memory is told so, and has no identity", ALICE, 0600, ALICE,
     open_unlocked, NX_E_NO_MEMORY},
};

static void user_row(size_t row)
{
    struct scratch s;
    char folder[SCRATCH_PATH_MAX], file[SCRATCH_PATH_MAX];

    if (geteuid() != 0) {
        unit_skip("only root can become two other users");
        return;
    }
    scratch_make(&s);
    scratch_path(&s, "state", folder);
    scratch_path(&s, "state/" NX_IDENTITY_FILE_KEY, file);
    EXPECT(mkdir(folder, 0700) == 0);
    scratch_write(file, FORM, strlen(FORM), users[row].file_mode);
    EXPECT(chown(file, users[row].file_owner, (gid_t)users[row].file_owner) == 0);
    EXPECT(chown(folder, ALICE, ALICE) == 0);
    EXPECT_STATUS(as_user(users[row].user, users[row].what, folder), users[row].status);
    scratch_remove(&s);
}

/* ---- the memory ------------------------------------------------------------------------------ */

/* Can the system read a byte there? */
static bool is_readable(const void *at)
{
    int ends[2];

    EXPECT(pipe(ends) == 0);
    bool readable = write(ends[1], at, 1) == 1;
    EXPECT(readable || errno == EFAULT);
    close(ends[0]);
    close(ends[1]);
    return readable;
}

/* The flag of the mapping that begins at `at`, as the kernel tells it (proc(5): smaps). */
static bool has_flag(const void *at, const char *flag)
{
    char line[512], begin[32];
    bool is_inside = false, has = false;
    FILE *maps = fopen("/proc/self/smaps", "r");

    NX_CHECK(maps != NULL);
    snprintf(begin, sizeof(begin), "%lx-", (unsigned long)(uintptr_t)at);
    while (fgets(line, sizeof(line), maps) != NULL) {
        if (strchr(line, '-') != NULL && strncmp(line, begin, strlen(begin)) == 0)
            is_inside = true;
        if (is_inside && strncmp(line, "VmFlags:", 8) == 0) {
            has = strstr(line, flag) != NULL;
            break;
        }
    }
    fclose(maps);
    return has;
}

static void memory_rows(void)
{
    size_t page_len = (size_t)sysconf(_SC_PAGESIZE);
    struct nx_secret_memory m;
    struct nx_why why;

    EXPECT_STATUS(nx_secret_memory_map(&m, page_len + 1, &why), NX_OK);
    uint8_t *bytes = m.ptr;

    unit_row("secret memory is locked and left out of core dumps");
    EXPECT(has_flag(bytes, " lo"));
    EXPECT(has_flag(bytes, " dd"));

    unit_row("there is nothing on either side of secret memory");
    EXPECT(is_readable(bytes));
    EXPECT(is_readable(bytes + 2 * page_len - 1));
    EXPECT(!is_readable(bytes - 1));
    EXPECT(!is_readable(bytes + 2 * page_len));

    unit_row("given back, it is gone, and may be given back again");
    nx_secret_memory_unmap(&m);
    nx_secret_memory_unmap(&m);
    EXPECT(m.ptr == NULL);
    EXPECT(!is_readable(bytes));

    unit_row("more than there is is refused with a sentence");
    EXPECT_STATUS(nx_secret_memory_map(&m, SIZE_MAX / 2, &why), NX_E_NO_MEMORY);
    EXPECT(m.ptr == NULL && why.text[0] != '\0');

    unit_row("an identity lies in secret memory");
    struct files_bench b;
    struct nx_identity_file f;
    files_bench_begin(&b);
    EXPECT_STATUS(nx_identity_file_open(&f, &b.files, &known, &b.why), NX_OK);
    EXPECT((const void *)f.identity == f.memory.ptr);
    EXPECT(has_flag(f.identity, " lo"));
    nx_identity_file_close(&f);
    files_bench_end(&b);
}

UNIT_SUITE(host_identity_test)
{
    struct nx_files_calls full = nx_files_system_calls, failing = nx_files_system_calls;

    life_rows();
    unit_row("on a full disk there is no identity, and nothing is left behind");
    full.write = write_to_full_disk;
    disk_row(&full, NX_E_NO_SPACE);
    unit_row("an identity that is not known to last is none");
    failing.fsync = fail_fsync;
    disk_row(&failing, NX_E_IO);
    for (size_t i = 0; i < NX_COUNT_OF(files); i++) {
        unit_row(files[i].name);
        file_row(files[i].text, files[i].mode, files[i].status);
    }
    odd_rows();
    for (size_t i = 0; i < NX_COUNT_OF(users); i++) {
        unit_row(users[i].name);
        user_row(i);
    }
    memory_rows();
}

int main(void)
{
    static const struct unit_suite suites[] = {{"host/identity", host_identity_test}};

    if (nx_crypto_init() != NX_OK)
        return 1;
    return unit_run(suites, NX_COUNT_OF(suites));
}
