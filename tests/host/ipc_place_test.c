/* Modes, owners and signals, which c11 alone hides. */
#define _DEFAULT_SOURCE

#include "host/ipc/place.h"

#include "core/base/text.h"
#include "tests/host/scratch.h"
#include "tests/host/users.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct scratch scratch;
static char run_path[SCRATCH_PATH_MAX];

static void begin(const char *row)
{
    unit_row(row);
    if (scratch.path[0] != '\0')
        scratch_remove(&scratch);
    scratch_make(&scratch);
    scratch_path(&scratch, "run", run_path);
}

static unsigned mode_of(const char *path)
{
    struct stat st = {.st_mode = 0};

    EXPECT(lstat(path, &st) == 0);
    return st.st_mode & 07777;
}

static bool is_there(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

/* Takes the place, which has to go well. */
static void take(struct nx_ipc_place *place, const char *folder, int *listener)
{
    struct nx_why why = {""};

    *listener = -1;
    EXPECT_STATUS(nx_ipc_place_take(place, folder, "testd", listener, &why), NX_OK);
    EXPECT_TEXT(why.text, "");
}

static void leave(struct nx_ipc_place *place, int listener)
{
    nx_ipc_place_leave(place);
    close(listener);
}

static void expect_refused(enum nx_status status, const char *sentence)
{
    struct nx_ipc_place place;
    struct nx_why why = {""};
    int listener = -1;
    size_t descriptor_count = scratch_name_count("/proc/self/fd");

    EXPECT_STATUS(nx_ipc_place_take(&place, scratch.path, "testd", &listener, &why), status);
    EXPECT_TEXT(why.text, sentence);
    EXPECT_EQ(listener, -1);
    EXPECT_EQ(scratch_name_count("/proc/self/fd"), descriptor_count);
    nx_ipc_place_leave(&place); /* of nothing */
}

/* ---- what is made and what stays -------------------------------------------------------------- */

static void modes(void)
{
    struct nx_ipc_place place;
    int listener;

    begin("the folder and the socket are the owner's alone, whatever the umask");
    mode_t before = umask(0);
    take(&place, scratch.path, &listener);
    umask(before);
    EXPECT_EQ(mode_of(run_path), 0700);
    EXPECT_EQ(mode_of(place.path), 0600);
    EXPECT((fcntl(listener, F_GETFD) & FD_CLOEXEC) != 0);
    EXPECT((fcntl(listener, F_GETFL) & O_NONBLOCK) != 0);
    EXPECT((fcntl(place.lock, F_GETFD) & FD_CLOEXEC) != 0);

    unit_row("at a clean end the socket is gone, and the lock file stays");
    leave(&place, listener);
    EXPECT(!is_there(place.path));
    EXPECT_EQ(scratch_name_count(run_path), 1);

    unit_row("the place can be taken again, and left twice");
    take(&place, scratch.path, &listener);
    leave(&place, listener);
    nx_ipc_place_leave(&place);
}

static void two_daemons(void)
{
    struct nx_ipc_place place, beside;
    struct nx_why why;
    int listener, other_listener;

    begin("a second daemon is refused, and the socket of the first stays");
    take(&place, scratch.path, &listener);
    expect_refused(NX_E_BUSY, "another daemon serves this folder");
    EXPECT(is_there(place.path));

    unit_row("a daemon of another name serves beside it");
    EXPECT_STATUS(nx_ipc_place_take(&beside, scratch.path, "otherd", &other_listener, &why), NX_OK);
    leave(&beside, other_listener);
    EXPECT(is_there(place.path));
    leave(&place, listener);
}

static void killed_daemon(void)
{
    struct nx_ipc_place place;
    int listener, ended = 0;

    begin("the socket that a killed daemon left is replaced");
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        struct nx_why why;

        (void)!nx_ipc_place_take(&place, scratch.path, "testd", &listener, &why);
        _exit(0);
    }
    EXPECT(waitpid(child, &ended, 0) == child && WIFEXITED(ended));
    EXPECT_EQ(scratch_name_count(run_path), 2);
    take(&place, scratch.path, &listener);
    EXPECT_EQ(mode_of(place.path), 0600);
    leave(&place, listener);
}

/* ---- paths ------------------------------------------------------------------------------------ */

/* A folder in `scratch` whose socket has a path of that length. */
static void make_folder(size_t path_len, char folder[SCRATCH_PATH_MAX])
{
    size_t len = path_len - strlen("/run/testd.sock");
    size_t from = strlen(scratch.path);

    memcpy(folder, scratch.path, from);
    memset(folder + from, 'x', len - from);
    folder[from] = '/';
    folder[len] = '\0';
    EXPECT(mkdir(folder, 0700) == 0);
}

static void paths(void)
{
    char folder[SCRATCH_PATH_MAX];
    struct nx_ipc_place place;
    struct nx_why why = {""};
    int listener;

    begin("a path of the longest length is taken");
    make_folder(NX_IPC_PATH_MAX, folder);
    take(&place, folder, &listener);
    EXPECT_EQ(strlen(place.path), NX_IPC_PATH_MAX);
    leave(&place, listener);

    begin("a path that is one byte longer is refused, and says by how much");
    make_folder(NX_IPC_PATH_MAX + 1, folder);
    EXPECT_STATUS(nx_ipc_place_take(&place, folder, "testd", &listener, &why), NX_E_LIMIT);
    EXPECT_TEXT(why.text,
                "path of the socket in the state folder: limit 100, asked 101; take a folder "
                "with a shorter path");
    EXPECT_EQ(scratch_name_count(folder), 0);

    begin("without its folder a daemon does not begin");
    scratch_path(&scratch, "none", folder);
    EXPECT_STATUS(nx_ipc_place_take(&place, folder, "testd", &listener, &why), NX_E_NOT_FOUND);
    EXPECT_TEXT(why.text, "the state folder does not exist");
}

/* ---- what lies there --------------------------------------------------------------------------- */

static const struct {
    const char *name;
    unsigned mode;
    bool is_taken;
} folders[] = {
    {"a folder that is ours alone is taken", 0700, true},
    {"a folder that others can read is refused", 0704, false},
    {"a folder that others can go through is refused", 0701, false},
    {"a folder that our group can write in is refused", 0720, false},
};

static void folder_modes(void)
{
    for (size_t i = 0; i < NX_COUNT_OF(folders); i++) {
        struct nx_ipc_place place;
        int listener;

        begin(folders[i].name);
        EXPECT(mkdir(run_path, 0700) == 0 && chmod(run_path, folders[i].mode) == 0);
        if (folders[i].is_taken) {
            take(&place, scratch.path, &listener);
            leave(&place, listener);
        } else {
            expect_refused(NX_E_DENIED, "run: other users can get into this folder (chmod 700 it)");
            EXPECT_EQ(scratch_name_count(run_path), 0);
        }
    }
}

static void odd_things(void)
{
    char path[SCRATCH_PATH_MAX];

    begin("a symbolic link in the folder's place is refused");
    EXPECT(symlink("/tmp", run_path) == 0);
    expect_refused(NX_E_DENIED, "run: is no folder, or a symbolic link to one");

    begin("a file in the folder's place is refused");
    scratch_write(run_path, "x", 1, 0600);
    expect_refused(NX_E_DENIED, "run: is no folder, or a symbolic link to one");

    begin("a file in the socket's place is refused, and stays");
    EXPECT(mkdir(run_path, 0700) == 0);
    scratch_path(&scratch, "run/testd.sock", path);
    scratch_write(path, "x", 1, 0600);
    expect_refused(NX_E_EXISTS, "run: something that is no socket lies in its place");
    EXPECT(is_there(path));

    begin("a symbolic link in the socket's place is refused");
    EXPECT(mkdir(run_path, 0700) == 0);
    scratch_path(&scratch, "run/testd.sock", path);
    EXPECT(symlink("elsewhere", path) == 0);
    expect_refused(NX_E_EXISTS, "run: something that is no socket lies in its place");

    begin("a symbolic link in the lock's place is refused");
    EXPECT(mkdir(run_path, 0700) == 0);
    scratch_path(&scratch, "run/testd.lock", path);
    EXPECT(symlink("elsewhere", path) == 0);
    expect_refused(NX_E_IO, "the lock in run: Too many levels of symbolic links");

    begin("a folder of another user is refused");
    if (geteuid() != ROOT) {
        unit_skip("needs to be run as root");
        return;
    }
    EXPECT(mkdir(run_path, 0700) == 0 && chown(run_path, ALICE, ALICE) == 0);
    expect_refused(NX_E_DENIED, "run: belongs to another user");
}

UNIT_SUITE(ipc_place_test)
{
    modes();
    two_daemons();
    killed_daemon();
    paths();
    folder_modes();
    odd_things();
    scratch_remove(&scratch);
}
