/* Two users of one machine, and what one of them can do to the other's state. Root passes every
 * check of the system, so that these rows become somebody else first. */
#define _DEFAULT_SOURCE

#include "tests/host/files_bench.h"
#include "tests/host/users.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static uint8_t waiting[BENCH_VALUE_CAP];

/* What one user does in the folder at `path`: each answers the status that he gets. */

static enum nx_status open_it(const char *path)
{
    struct nx_files files;
    struct nx_why why;
    enum nx_status status = nx_files_open(&files, path, &why);

    nx_files_close(&files);
    return status;
}

static enum nx_status put_it(const char *path)
{
    struct nx_files files;
    struct nx_store store;
    struct nx_store_event event = {.status = NX_E_STATE};
    struct nx_why why;
    enum nx_status status = nx_files_open(&files, path, &why);

    nx_store_init(&store, waiting, sizeof(waiting), 1);
    if (status == NX_OK)
        status = nx_store_put(&store, "k", nx_bytes_of_text("value"), NULL);
    if (status == NX_OK && nx_files_step(&files, &store) && nx_store_event(&store, &event))
        status = event.status;
    nx_files_close(&files);
    return status;
}

static enum nx_status load_it(const char *path)
{
    struct nx_files files;
    struct nx_why why;
    struct nx_writer value = nx_writer_over(waiting, sizeof(waiting));
    enum nx_status status = nx_files_open(&files, path, &why);

    if (status == NX_OK)
        status = nx_files_load(&files, "k", &value, &why);
    nx_files_close(&files);
    return status;
}

static const struct {
    const char *name;
    uid_t folder_owner;
    mode_t folder_mode;
    uid_t file_owner;
    mode_t file_mode;
    uid_t user;
    enum nx_status (*what)(const char *path);
    enum nx_status status;
} cases[] = {
    {"a user opens the folder that is his", ALICE, 0700, ALICE, 0600, ALICE, open_it, NX_OK},
    {"a user reads the file that is his", ALICE, 0700, ALICE, 0600, ALICE, load_it, NX_OK},
    {"a user writes over the file that is his", ALICE, 0700, ALICE, 0600, ALICE, put_it, NX_OK},
    {"a user cannot open another's folder", ALICE, 0700, ALICE, 0600, BOB, open_it, NX_E_DENIED},
    {"a user does not use a folder that another lets him into", ALICE, 0777, ALICE, 0666, BOB,
     open_it, NX_E_DENIED},
    {"the owner does not use a folder that he lets others into", ALICE, 0777, ALICE, 0600, ALICE,
     open_it, NX_E_DENIED},
    {"a file that another owns is not read, though it could be", ALICE, 0700, BOB, 0644, ALICE,
     load_it, NX_E_DENIED},
    {"a file that another owns and keeps for himself is not read", ALICE, 0700, BOB, 0600, ALICE,
     load_it, NX_E_DENIED},
    {"a file that another owns is replaced by one that is ours", ALICE, 0700, BOB, 0644, ALICE,
     put_it, NX_OK},
    {"a file that its owner has closed to himself is not read", ALICE, 0700, ALICE, 0000, ALICE,
     load_it, NX_E_DENIED},
    {"a folder that its owner cannot write in is an error of the machine, not a success", ALICE,
     0500, ALICE, 0600, ALICE, put_it, NX_E_IO},
    {"root does not use a folder that is a user's", ALICE, 0700, ALICE, 0600, ROOT, open_it,
     NX_E_DENIED},
    {"root does not read a file that is a user's", ROOT, 0700, ALICE, 0600, ROOT, load_it,
     NX_E_DENIED},
    {"a folder that its owner cannot list is refused", ALICE, 0300, ALICE, 0600, ALICE, open_it,
     NX_E_DENIED},
};

static void set_up(size_t row, const struct scratch *s, char path[SCRATCH_PATH_MAX])
{
    char file[SCRATCH_PATH_MAX];

    scratch_path(s, "state", path);
    scratch_path(s, "state/k", file);
    EXPECT(mkdir(path, 0700) == 0);
    scratch_write(file, "older", 5, cases[row].file_mode);
    EXPECT(chown(file, cases[row].file_owner, (gid_t)cases[row].file_owner) == 0);
    EXPECT(chown(path, cases[row].folder_owner, (gid_t)cases[row].folder_owner) == 0);
    EXPECT(chmod(path, cases[row].folder_mode) == 0);
}

/* After a successful write, the file is the writer's and his alone. */
static void expect_written(const char *path, uid_t user)
{
    char file[SCRATCH_PATH_MAX + 8];
    struct stat st;

    snprintf(file, sizeof(file), "%s/k", path);
    EXPECT(stat(file, &st) == 0);
    EXPECT_EQ(st.st_uid, user);
    EXPECT_EQ(st.st_mode & 07777u, 0600);
}

UNIT_SUITE(files_users_test)
{
    for (size_t i = 0; i < NX_COUNT_OF(cases); i++) {
        struct scratch s;
        char path[SCRATCH_PATH_MAX];

        unit_row(cases[i].name);
        if (geteuid() != 0) {
            unit_skip("only root can become two other users");
            continue;
        }
        scratch_make(&s);
        set_up(i, &s, path);
        EXPECT_STATUS(as_user(cases[i].user, cases[i].what, path), cases[i].status);
        if (cases[i].what == put_it && cases[i].status == NX_OK)
            expect_written(path, cases[i].user);
        scratch_remove(&s);
    }
}
